# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ceph's radosgw on loopback: one monitor, one OSD in memory, one gateway."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from stand_ins.aws.stand_in import Credentials
from stand_ins.local import free_ports, running

from .server import START_SECONDS, Process, S3Server, Start

REGION = "eu-test"
OWNER = "recordings-owner"
PACKAGES = {"ceph-mon": "ceph-mon", "ceph-osd": "ceph-osd", "radosgw": "radosgw", "ceph": "ceph-common"}
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
    """Return why it cannot run here, and how to get it."""
    missing = sorted({package for name, package in PACKAGES.items() if not shutil.which(name)})
    return f"no radosgw can run here: apt-get install {' '.join(missing)}" if missing else None


class Radosgw(S3Server):
    name = "radosgw"
    default_region = REGION

    def requests(self) -> list[str]:
        """Return method and address of every request so far, in their order."""
        log = (self.root / "client.rgw.log").read_text(encoding="utf-8", errors="replace")
        return re.findall(r'beast: .*?"([A-Z]+ \S+) HTTP/', log)

    @contextlib.contextmanager
    def start_in(self, root: Path) -> Iterator[Start]:
        cluster = _Cluster(root)
        cluster.make_monitor()
        with cluster.running("ceph-mon", "-i", "a"):
            cluster.make_osd()
            with cluster.running("ceph-osd", "-i", "0"):
                cluster.make_realm()
                key = cluster.make_owner()
                with cluster.running("radosgw", "-n", "client.rgw") as gateway:
                    yield Start(gateway, cluster.gateway, key)


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

    def running(self, program: str, *arguments: str) -> AbstractContextManager[Process]:
        command = [program, "-c", str(self.config), *arguments, "-f"]
        return running(command, self.root, self.root / f"{program}.out", self._env())

    def make_monitor(self) -> None:
        address, monitors = f"[v2:127.0.0.1:{self.monitor}]", str(self.root / "monmap")
        command = ["monmaptool", "--create", "--fsid", self.fsid, "--addv", "a", address, monitors]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        self.ask("ceph-mon", "--mkfs", "-i", "a", "--monmap", monitors)

    def make_osd(self) -> None:
        (self.root / "osd").mkdir()
        osd = str(uuid.uuid4())
        self.ask("ceph", "osd", "new", osd, "0")
        self.ask("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)

    def make_realm(self) -> None:
        """Make the zone group, whose name is the region of the gateway."""
        self.ask("radosgw-admin", "realm", "create", "--rgw-realm=tests", "--default")
        place = ("--master", "--default", f"--rgw-zonegroup={REGION}")
        self.ask(
            "radosgw-admin", "zonegroup", "create", *place, f"--endpoints=http://127.0.0.1:{self.gateway}"
        )
        self.ask("radosgw-admin", "zone", "create", *place, "--rgw-zone=one")
        self.ask("radosgw-admin", "period", "update", "--commit")

    def make_owner(self) -> Credentials:
        made = self.ask("radosgw-admin", "user", "create", f"--uid={OWNER}", f"--display-name={OWNER}")
        (key,) = json.loads(made)["keys"]
        return Credentials(key["access_key"], key["secret_key"], OWNER)

    def _env(self) -> dict[str, str]:
        return {**os.environ, "CEPH_CONF": str(self.config)}
