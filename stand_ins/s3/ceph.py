# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ceph's radosgw on loopback: a real S3 that is not AWS. One monitor, one OSD in memory, one gateway.

    with Radosgw() as store:
        store.client().create_bucket(Bucket="recordings")

`python -m stand_ins.s3.ceph` starts one, prints where it is as JSON and stops when stdin closes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from stand_ins.aws.stand_in import Credentials
from stand_ins.real_ams.guard import end_with_stdin, free_ports, running

REPO = Path(__file__).resolve().parents[2]
REGION = "eu-test"
OWNER = "recordings-owner"
PACKAGES = {"ceph-mon": "ceph-mon", "ceph-osd": "ceph-osd", "radosgw": "radosgw", "ceph": "ceph-common"}
START_SECONDS = 60
STOP_SECONDS = 20
# cephx off; without crc for the monitor's clients radosgw waits for five minutes and gives up.
CONFIG = """\
[global]
fsid = {fsid}
mon_host = v2:127.0.0.1:{monitor}
public_addr = 127.0.0.1
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc
run_dir = {root}
admin_socket =
log_file = {root}/$name.log
pid_file =
keyring = {root}/keyring
mon_data = {root}/mon
osd_data = {root}/osd
rgw_data = {root}/rgw
osd_objectstore = memstore
memstore_device_bytes = 1073741824
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
rgw_frontends = beast endpoint=127.0.0.1:{gateway}
rgw_run_sync_thread = false
"""


def unavailable() -> str | None:
    """Why it cannot run here, and how to get it."""
    missing = sorted({package for name, package in PACKAGES.items() if not shutil.which(name)})
    return f"no radosgw can run here: apt-get install {' '.join(missing)}" if missing else None


class Radosgw:
    """`with Radosgw() as store:` starts a fresh one; it ends with the block or with this process."""

    def __init__(self) -> None:
        self._guard: subprocess.Popen[str] | None = None
        self._root = Path()
        self.region = REGION
        self.endpoint_url = ""
        self.credentials = Credentials("", "")

    def __enter__(self) -> Radosgw:
        self._guard = subprocess.Popen(
            [sys.executable, "-m", "stand_ins.s3.ceph"],
            cwd=REPO,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._guard.stdout is not None
        line = self._guard.stdout.readline()
        if not line:
            raise RuntimeError(f"radosgw did not start: status {self._guard.wait()}; its stderr tells why")
        place = json.loads(line)
        self._root = Path(place["root"])
        self.endpoint_url = place["endpoint_url"]
        self.credentials = Credentials(place["access_key"], place["secret_key"], OWNER)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._guard is None:
            return
        # With the end of its stdin it ends the three daemons in order.
        self._guard.communicate(timeout=4 * STOP_SECONDS)

    def client(self) -> Any:
        import boto3

        return boto3.client(
            "s3",
            region_name=self.region,
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.credentials.access_key_id,
            aws_secret_access_key=self.credentials.secret_access_key,
        )

    def requests(self) -> list[str]:
        """Method and address of every request so far, in their order."""
        said = (self._root / "client.rgw.log").read_text(encoding="utf-8", errors="replace")
        return re.findall(r'beast: .*?"([A-Z]+ \S+) HTTP/', said)

    def env(self) -> dict[str, str]:
        """The provisioning credentials, for a child process."""
        return {
            "AWS_ACCESS_KEY_ID": self.credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_access_key,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


class _Cluster:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.config = root / "ceph.conf"
        self.fsid = str(uuid.uuid4())
        ports = free_ports("monitor", "gateway")
        self.monitor, self.gateway = ports["monitor"], ports["gateway"]
        self.config.write_text(CONFIG.format(root=root, fsid=self.fsid, **ports), encoding="utf-8")
        (root / "keyring").touch()

    def ask(self, program: str, *arguments: str) -> str:
        command = [program, "-c", str(self.config), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=START_SECONDS, env=self._env()
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
        return done.stdout

    def running(self, program: str, *arguments: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
        command = [program, "-c", str(self.config), *arguments, "-f"]
        return running(command, self.root, self.root / f"{program}.out", self._env())

    def make_realm(self) -> None:
        """The gateway's region is the name of its zone group."""
        self.ask("radosgw-admin", "realm", "create", "--rgw-realm=tests", "--default")
        place = ("--master", "--default", f"--rgw-zonegroup={REGION}")
        self.ask(
            "radosgw-admin", "zonegroup", "create", *place, f"--endpoints=http://127.0.0.1:{self.gateway}"
        )
        self.ask("radosgw-admin", "zone", "create", *place, "--rgw-zone=one")
        self.ask("radosgw-admin", "period", "update", "--commit")

    def make_owner(self) -> dict[str, str]:
        made = self.ask("radosgw-admin", "user", "create", f"--uid={OWNER}", f"--display-name={OWNER}")
        (key,) = json.loads(made)["keys"]
        return {"access_key": key["access_key"], "secret_key": key["secret_key"]}

    def wait_for_gateway(self) -> None:
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.gateway), timeout=1).close()
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
            else:
                return

    def _env(self) -> dict[str, str]:
        return {**os.environ, "CEPH_CONF": str(self.config)}


def main() -> None:
    end_with_stdin()
    with tempfile.TemporaryDirectory(prefix="radosgw-", ignore_cleanup_errors=True) as directory:
        cluster = _Cluster(Path(directory))
        address = f"[v2:127.0.0.1:{cluster.monitor}]"
        monitors = str(cluster.root / "monmap")
        subprocess.run(
            ["monmaptool", "--create", "--fsid", cluster.fsid, "--addv", "a", address, monitors],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        cluster.ask("ceph-mon", "--mkfs", "-i", "a", "--monmap", monitors)
        with cluster.running("ceph-mon", "-i", "a"):
            (cluster.root / "osd").mkdir()
            osd = str(uuid.uuid4())
            cluster.ask("ceph", "osd", "new", osd, "0")
            cluster.ask("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
            with cluster.running("ceph-osd", "-i", "0"):
                cluster.make_realm()
                with cluster.running("radosgw", "-n", "client.rgw") as gateway:
                    cluster.wait_for_gateway()
                    url = f"http://127.0.0.1:{cluster.gateway}"
                    place = {"root": directory, "endpoint_url": url, **cluster.make_owner()}
                    print(json.dumps(place), flush=True)
                    sys.exit(gateway.wait())


if __name__ == "__main__":
    main()
