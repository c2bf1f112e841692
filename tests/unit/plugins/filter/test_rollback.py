# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters for the backups of a fleet."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.antmedia.s3_recording.plugins.filter.rollback import recording_rollback


def test_a_backup_that_cannot_be_read_keeps_all_servers_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    hosts = {
        name: {"backup_path": str(tmp_path / f"{name}.json"), "ams_url": f"https://{name}:5443"}
        for name in ("a", "b")
    }
    found = recording_rollback(hosts, "20260101T000000Z", "", str(tmp_path))
    assert found["problem"].startswith(
        "A backup cannot be used. Nothing was changed.\na: Reading the backup of https://a:5443"
    )
    assert found["hosts"] == {}
