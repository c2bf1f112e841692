# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No secret is in anything that a callback gets, so that none is sent to where events are gathered."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from stand_ins.ams import Fleet, make_token
from stand_ins.aws import AwsStandIn
from tests.harness.events import dumped, dumping, leaks
from tests.harness.playbook import PlaybookRun, run_playbook

OURS = "antmedia.s3_recording."
BUCKET, GIVEN, REGION = "event-recordings", "event-recordings-given", "eu-west-1"
PASSWORD, JWT_SECRET = "password-of-every-server", "jwt-secret-of-the-servers-that-is-long-enough"
FURTHER_SECRET = "secret-in-further-settings"
# What the inventory below holds as plain text, and so whoever gets the variables of a host.
WRITTEN_BY_THE_USER = {
    "s3_recording_ams_password",
    "s3_recording_ams_jwt_token",
    "s3_recording_secret_access_key",
    "s3_recording_settings",
}


class Watched:
    """Three servers, one with a token and one with a key that is given, and all events of the runs."""

    def __init__(self, aws: AwsStandIn, fleet: Fleet, folder: Path) -> None:
        self.aws, self.fleet, self.folder = aws, fleet, folder
        self.events = folder / "events.jsonl"
        given = self.given_key()
        self.secrets = {
            "the password": PASSWORD,
            "the token": make_token(JWT_SECRET),
            "a secret in further settings": FURTHER_SECRET,
            "the secret of the given key": given["SecretAccessKey"],
        }
        login = {"s3_recording_ams_email": fleet.hosts[0].email, "s3_recording_ams_password": PASSWORD}
        of_host: list[dict[str, Any]] = [
            {**login},
            {"s3_recording_ams_jwt_token": self.secrets["the token"]},
            {
                **login,
                "s3_recording_bucket": GIVEN,
                "s3_recording_access_key_id": given["AccessKeyId"],
                "s3_recording_secret_access_key": given["SecretAccessKey"],
            },
        ]
        hosts = {
            f"ams-{number}": {"s3_recording_ams_url": host.url, **of_host[number - 1]}
            for number, host in enumerate(fleet.hosts, 1)
        }
        variables = {
            "s3_recording_bucket": BUCKET,
            "s3_recording_region": REGION,
            "s3_recording_endpoint": aws.endpoint_url,
            "s3_recording_aws_endpoint_url": aws.endpoint_url,
            "s3_recording_settings": {"tokenHashSecret": FURTHER_SECRET},
            "s3_recording_backup_dir": str(folder / "backups"),
            "s3_recording_live_test": "none",
            "s3_recording_ams_start_timeout": 1,
            "s3_recording_key_switch_wait": 0,
        }
        self.inventory = {"all": {"hosts": hosts, "vars": variables}}

    def given_key(self) -> dict[str, str]:
        """Make the key that the inventory has, as somebody would who makes keys elsewhere."""
        iam, name = self.aws.client("iam"), "made-elsewhere"
        may = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        iam.create_user(UserName=name)
        policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
        iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=policy)
        key: dict[str, str] = iam.create_access_key(UserName=name)["AccessKey"]
        return key

    def run(self, *playbooks: str, arguments: tuple[str, ...] = (), **options: Any) -> PlaybookRun:
        """Run playbooks one after another in one run of Ansible."""
        *first, last = [OURS + name for name in playbooks]
        run = run_playbook(
            last,
            inventory=self.inventory,
            env={**self.aws.env(), **dumping(self.events)},
            arguments=[*arguments, *first],
            **options,
        )
        self.note_key()
        return run

    def note_key(self) -> None:
        name = f"/antmedia/s3_recording/{BUCKET}"
        ssm = self.aws.client("ssm", region_name=REGION)
        for found in ssm.get_parameters(Names=[name], WithDecryption=True)["Parameters"]:
            key = json.loads(found["Value"])
            self.secrets[f"the secret of {key['access_key_id']}"] = key["secret_access_key"]


def test_no_event_of_any_playbook_holds_a_secret(tmp_path: Path) -> None:
    with AwsStandIn() as aws, Fleet(hosts=3, password=PASSWORD, jwt_secret=JWT_SECRET) as fleet:
        watched = Watched(aws, fleet, tmp_path)
        fleet.fault(
            fleet.hosts[2].address, method="POST", path="/applications/settings/", action="status", status=500
        )
        watched.run("site", expected_rc=2)
        fleet.clear_faults()
        watched.run("rotate_key", arguments=("--check", "--diff"))
        made = watched.run("site", "audit", "rotate_key", verbosity=4)
        (name,) = set(re.findall(r"s3_recording_rollback_run=(\w+)", made.stdout))
        watched.run("drift", arguments=("--check", "--diff"))
        on_servers = [fleet.settings(number, "live") for number in range(3)]
        watched.run("rollback", "decommission", extra_vars={"s3_recording_rollback_run": name})

        # That all of it was at work here.
        assert {each["tokenHashSecret"] for each in on_servers} == {FURTHER_SECRET}
        used = {each["s3SecretKey"] for each in on_servers}
        assert used <= set(watched.secrets.values())
        assert len(used) == 2
        assert len(watched.secrets) == 6
        assert any(request.get("jwt") for request in fleet.requests(1))

    events = dumped(watched.events)
    found = leaks(events, watched.secrets, WRITTEN_BY_THE_USER)
    assert not found, "\n".join(found)
    ended = {str(event["task"]["name"]).rpartition(" : ")[2] for event in events if "task" in event}
    for task in (
        "Restore the previous settings",
        "Make the previous access key inactive",
        "Read the servers",
        "Plan the changes",
        "Show the plan",
        "Show the result",
    ):
        assert any(task in name for name in ended), task

    # Something is handed on by files there, so that the search above has something to look through.
    assert any(event["files"] for event in events if event["event"] == "stats")
