# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What decommissioning writes back to the settings, from the backups of a host and of its cluster."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup_file import BackupFile
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.settings import Change
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.app_settings import (
    removal_settings,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.arguments import arguments_of
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.task_variables import TaskVariables

from .._intent.test_decommission import APPS, BUCKET, host


def test_what_a_run_has_turned_on_goes_back_to_what_the_backup_has() -> None:
    """MP4 recording stayed on, which site.yml had turned on, and the disks filled."""
    mp4: dict[str, Any] = {"before": False, "after": True}
    own: dict[str, Any] = {"before": "1", "after": "4"}
    kept = {
        "live": {"mp4MuxingEnabled": mp4, "hlsTime": own, "s3BucketName": {"before": "", "after": BUCKET}}
    }
    (asked,) = removal_settings(APPS, BUCKET, kept)
    assert asked["undo"] == {"mp4MuxingEnabled": mp4, "hlsTime": own}
    assert "mp4MuxingEnabled" not in asked["reset"]
    (asked,) = removal_settings(APPS, BUCKET, {"LiveApp": {"mp4MuxingEnabled": mp4}})
    assert asked["undo"] == {}


def arguments(hosts: dict[str, Any]) -> dict[str, Any]:
    variables = {
        **{f"s3_recording_ams_{name}": "" for name in ("email", "password", "jwt_token", "validate_certs")},
        "s3_recording_ams_ca_path": "",
        "s3_recording_ams_timeout": "",
        "s3_recording_ams_start_timeout": 1,
        "s3_recording_wait_for_idle": 0,
        "s3_recording_cluster_timeout": 1,
        "__s3_recording_run": "20260404T000000Z",
        "__s3_recording_removes": True,
        "inventory_hostname": "ams1",
        "__s3_recording_fleet": {"hosts": hosts},
    }
    as_it_is = SimpleNamespace(template=lambda value: value)
    return arguments_of("apply", TaskVariables(variables, as_it_is))


def test_the_oldest_backup_counts_and_in_a_cluster_that_of_any_node(tmp_path: Path) -> None:
    """One node of a cluster is written, and has the backup; all have to ask for the same."""
    hosts = {
        f"ams{number}": {
            **host(number, "east"),
            "cluster_hosts": 2,
            "backup_path": str(tmp_path / f"{number}.json"),
        }
        for number in (1, 2)
    }
    second = BackupFile(hosts["ams2"]["backup_path"], hosts["ams2"]["ams_url"])
    for run, before in (("20260101T000000Z", False), ("20260202T000000Z", True), ("20260303T000000Z", False)):
        second.add(run, {"live": Change({"mp4MuxingEnabled": before}, {"mp4MuxingEnabled": not before})})
    second.mark_verified()
    (app,) = arguments(hosts)["apps"]
    assert app["undo"] == {"mp4MuxingEnabled": {"before": False, "after": True}}
    Path(hosts["ams2"]["backup_path"]).write_text("{", encoding="utf-8")
    with pytest.raises(AmsError, match="damaged"):
        arguments(hosts)
