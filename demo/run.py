# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""make demo: run the whole collection on a stand-in of AWS and a small fleet, on loopback only.

Runs playbooks/site.yml twice, requires that the second run changes nothing, and prints a summary. With
--ams real the fleet is one real Ant Media Server, which records and uploads a stream; the demo fetches the
recording through the server's own URL.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from stand_ins.ams import Fleet
from stand_ins.ansible_environment import BIN, COLLECTIONS
from stand_ins.aws import AwsStandIn
from stand_ins.real_ams import RealAms, unavailable

REPO = Path(__file__).resolve().parents[1]
RECORDING_TIMEOUT = 60


class DemoFailed(Exception):
    """A run or its result is not what the demo requires."""


def say(text: str) -> None:
    print(text, flush=True)


def run_site(inventory: Path, variables: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """Run site.yml, print its output and return it."""
    command = [
        str(BIN / "ansible-playbook"),
        "antmedia.s3_recording.site",
        "-i",
        str(inventory),
        "-e",
        json.dumps(dict(variables)),
    ]
    printed = []
    with subprocess.Popen(
        command, env=dict(environment), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            printed.append(line)
    if process.returncode:
        raise DemoFailed(f"site.yml ended with {process.returncode}")
    return "".join(printed)


def environment_for(aws: AwsStandIn, email: str, password: str, ansible_home: str) -> dict[str, str]:
    own = ("ANSIBLE_", "AWS_", "AMS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return {
        **kept,
        **aws.env(),
        "AMS_EMAIL": email,
        "AMS_PASSWORD": password,
        "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS,
        "ANSIBLE_HOME": ansible_home,
        "ANSIBLE_FORCE_COLOR": "1" if sys.stdout.isatty() else "0",
    }


def changed_in(output: str) -> int:
    counts = [int(count) for count in re.findall(r"changed=(\d+)", output)]
    if not counts:
        raise DemoFailed("the output of the run has no recap of a host")
    return sum(counts)


def twice(inventory: Path, variables: Mapping[str, Any], environment: Mapping[str, str]) -> tuple[int, float]:
    """Run site.yml twice. Return the changes of the first run and the seconds of the second."""
    say("\n=== First run of site.yml ===")
    first = changed_in(run_site(inventory, variables, environment))
    say("\n=== Second run of site.yml, which must change nothing ===")
    begin = time.monotonic()
    second = changed_in(run_site(inventory, variables, environment))
    if second:
        raise DemoFailed(f"the second run changed {second} things")
    return first, time.monotonic() - begin


def stored_key(aws: AwsStandIn, bucket: str, region: str) -> str:
    name = f"/antmedia/s3_recording/{bucket}"
    stored = aws.client("ssm", region_name=region).get_parameter(Name=name, WithDecryption=True)
    key_id = json.loads(stored["Parameter"]["Value"])["access_key_id"]
    return f"key {key_id}, its secret in the SSM parameter {name} ({region})"


def simulated(scratch: str) -> list[str]:
    with AwsStandIn() as aws, Fleet(hosts=6) as fleet:
        first_host = fleet.hosts[0]
        port = int(first_host.url.rsplit(":", 1)[1])
        variables = {"demo_ams_port": port, "demo_aws_endpoint": aws.endpoint_url}
        environment = environment_for(aws, first_host.email, first_host.password, scratch)
        changed, seconds = twice(REPO / "demo" / "inventory", variables, environment)
        return [
            f"first run: {changed} changes; second run: 0 changes in {seconds:.0f} s; all checks passed",
            f"bucket demo-recordings-eu: {stored_key(aws, 'demo-recordings-eu', 'eu-west-1')}",
            "  servers ams-eu-1 ams-eu-2 ams-eu-3, application live",
            *_where_it_plays(fleet.hosts[0].url, ["live"]),
            f"bucket demo-recordings-us: {stored_key(aws, 'demo-recordings-us', 'us-east-1')}",
            "  servers ams-us-1 ams-us-2 ams-us-3, applications live LiveApp",
            *_where_it_plays(fleet.hosts[3].url, ["live", "LiveApp"]),
        ]


def _where_it_plays(url: str, apps: list[str]) -> list[str]:
    found = []
    for app in apps:
        address = f"{url}/{app}/streams/NAME.mp4"
        answer = requests.get(address, allow_redirects=False, timeout=10)
        target = answer.headers.get("Location")
        found.append(f"  a recording plays at {address} -> {answer.status_code} {target}")
    return found


def real(scratch: str) -> list[str]:
    reason = unavailable()
    if reason:
        raise DemoFailed(reason)
    with AwsStandIn() as aws, RealAms() as ams:
        inventory = Path(scratch, "hosts.yml")
        host = {
            "s3_recording_bucket": "demo-recordings",
            "s3_recording_region": "eu-west-1",
            "s3_recording_ams_url": ams.url,
            "s3_recording_endpoint": aws.endpoint_url,
            "s3_recording_aws_endpoint_url": aws.endpoint_url,
        }
        inventory.write_text(json.dumps({"all": {"hosts": {"ams-real": host}}}))
        changed, seconds = twice(inventory, {}, environment_for(aws, ams.email, ams.password, scratch))
        say("\n=== Publishing a stream of 5 seconds by RTMP ===")
        ams.publish("live", "demo", 5)
        address = f"{ams.url}/live/streams/demo.mp4"
        target, size = _fetched_through(address)
        return [
            f"first run: {changed} changes; second run: 0 changes in {seconds:.0f} s; all checks passed",
            f"bucket demo-recordings: {stored_key(aws, 'demo-recordings', 'eu-west-1')}",
            f"  server {ams.url}, application live",
            f"  the recording plays at {address} -> 302 {target}: {size} bytes fetched",
        ]


def _fetched_through(address: str) -> tuple[str, int]:
    """Fetch a recording as a viewer does, once it is in the bucket."""
    answer = requests.get(address, allow_redirects=False, timeout=10)
    target = answer.headers.get("Location", "")
    if answer.status_code != 302 or not target:
        raise DemoFailed(f"{address} answered {answer.status_code} without a redirect")
    end = time.monotonic() + RECORDING_TIMEOUT
    while True:
        answer = requests.get(target, timeout=10)
        if answer.status_code == 200:
            return target, len(answer.content)
        if time.monotonic() > end:
            raise DemoFailed(f"{target} still answers {answer.status_code} after {RECORDING_TIMEOUT} s")
        time.sleep(0.5)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ams", choices=["simulated", "real"], default="simulated")
    chosen = parser.parse_args().ams
    with tempfile.TemporaryDirectory(prefix="s3-recording-demo-") as scratch:
        try:
            summary = real(scratch) if chosen == "real" else simulated(scratch)
        except DemoFailed as error:
            say(f"\nThe demo failed: {error}")
            return 1
    say("\n=== Result ===")
    say("\n".join(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
