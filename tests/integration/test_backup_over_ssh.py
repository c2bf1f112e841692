# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Former values stay on the controller, also when the module runs on the server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stand_ins.ams import Fleet
from stand_ins.ssh import Sshd, unavailable
from tests.harness.playbook import run_playbook

pytestmark = pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))
MODULE = "antmedia.s3_recording.ams_app_settings"
SECRET = "the-former-secret-key"
RUN = "20260101T000000Z"


def test_kept_before_the_write_and_restored(tmp_path: Path) -> None:
    path = tmp_path / "former" / "server.json"
    with Sshd() as ssh, Fleet(hosts=1, first_address="127.0.0.1") as fleet:
        host = fleet.hosts[0]
        fleet.set_settings(host, "live", {"s3SecretKey": SECRET})
        before = fleet.settings(host, "live")
        who = {"url": host.url, "email": host.email, "password": host.password}
        change = {**who, "app": "live", "settings": {"s3SecretKey": "another-one", "mp4MuxingEnabled": True}}
        keep = {**change, "backup_path": str(path), "backup_run": RUN}
        back = {**who, "restore": {"path": str(path), "since": RUN, "unverified": False}}

        def run(arguments: dict[str, Any], **options: Any) -> Any:
            tasks = [{"name": "Settings", MODULE: arguments}]
            play = {"name": "Over ssh", "hosts": "all", "gather_facts": False, "tasks": tasks}
            inventory = {"all": {"hosts": {"ams": ssh.variables()}}}
            ran = run_playbook([play], inventory=inventory, verbosity=4, **options)
            assert SECRET not in ran.output
            return ran.results[-1]

        unwritable = tmp_path / "file"
        unwritable.touch()
        refused = run({**keep, "backup_path": f"{unwritable}/server.json"}, expected_rc=2)
        assert "must be writable" in refused["msg"]
        assert fleet.writes() == []

        assert run(keep)["unverified"]
        (kept,) = path.parent.iterdir()
        assert json.loads(kept.read_text())["layers"][0]["apps"]["live"]["s3SecretKey"]["before"] == SECRET
        assert run(keep).changed is False

        restored = run(back)
        assert (restored.changed, restored["runs"]) == (True, [RUN])
        after = fleet.settings(host, "live")
        assert {name for name in before if before[name] != after[name]} <= {
            "updateTime",
            "encoderSettingsString",
        }
        assert list(path.parent.iterdir()) == []
        assert run(back)["msg"] == "there is nothing to restore"
