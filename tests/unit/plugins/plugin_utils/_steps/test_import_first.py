# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The import between "record to S3" and "forward viewers": its applications, its order, its result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.import_first import (
    apps_to_import,
    import_first,
    import_of,
)

FORWARDED = {"httpForwardingExtension": "mp4", "httpForwardingBaseURL": "https://myvideos.example.com"}
ARGUMENTS = {
    "idle_timeout": 60,
    "apps": [
        {"name": "live", "settings": {"s3RecordingEnabled": True, **FORWARDED}},
        {"name": "other", "settings": {"s3RecordingEnabled": True}},
    ],
}
IMPORT: dict[str, Any] = {
    "apps": [{"name": "live", "settings": {}}, {"name": "other", "settings": {}}],
    "min_age": 3600,
}


def read(**uses: Any) -> dict[str, Any]:
    return {"apps": {"live": {"uses": uses}}}


def applied(*, changed: bool = True, **changes: Any) -> dict[str, Any]:
    of_live = {"changed": bool(changes), "changes": changes}
    return {"changed": changed, "apps": {"live": of_live, "other": {"changed": False, "changes": {}}}}


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        ({}, ["live"]),
        ({"httpForwardingExtension": ""}, ["live"]),
        # Its recordings cannot be read over HTTP, and were not playable before.
        (FORWARDED, []),
        # AMS needs both settings to forward.
        ({"httpForwardingExtension": "mp4"}, ["live"]),
        ({"httpForwardingBaseURL": "https://myvideos.example.com"}, ["live"]),
    ],
)
def test_only_where_forwarding_is_turned_on(uses: dict[str, Any], expected: list[str]) -> None:
    assert apps_to_import(ARGUMENTS, read(**uses)) == expected


def test_recordings_of_the_last_hour_too_and_no_file_is_deleted() -> None:
    given = {
        **IMPORT,
        "apps": [{"name": "live", "settings": FORWARDED}, IMPORT["apps"][1]],
        "delete_local": True,
    }
    found = import_of(given, ["live"])
    # Somebody else's base URL, which forwards nothing, may be on the server until the last step.
    assert found == {"apps": [{"name": "live", "settings": {}}], "min_age": 0, "delete_local": False}


class Steps:
    """Runs nothing, and answers each step with the next result."""

    def __init__(self, *results: Mapping[str, Any]) -> None:
        self.results, self.steps = list(results), list[tuple[str, Mapping[str, Any]]]()

    def __call__(self, step: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        self.steps.append((step, arguments))
        return self.results.pop(0)


COPIED = {"app": "live", "copied": 2, "differing_count": 0, "links": 0}
IMPORTED: dict[str, Any] = {
    "changed": True,
    "apps": [COPIED],
    "msg": "live: 2 copied",
    "warnings": ["w"],
}


def test_the_order_and_the_result() -> None:
    last = {**applied(httpForwardingExtension={"before": "", "after": "mp4"}), "unverified": True}
    run = Steps(applied(s3RecordingEnabled={"before": False, "after": True}), IMPORTED, last)
    found = import_first(run, ARGUMENTS, IMPORT, ["live"])
    assert [step for step, _given in run.steps] == ["apply", "import", "apply"]
    first, _import, forwarded = (given for _step, given in run.steps)
    assert [app["settings"] for app in first["apps"]] == [{"s3RecordingEnabled": True}] * 2
    assert first["idle_timeout"] == 60
    assert forwarded == {**ARGUMENTS, "idle_timeout": 0}
    assert set(found["apps"]["live"]["changes"]) == {"s3RecordingEnabled", "httpForwardingExtension"}
    assert (found["changed"], found["unverified"], found["imported"]) == (True, True, IMPORTED["apps"])
    assert found["warnings"] == ["w"]


def test_a_second_change_that_finds_nothing_is_still_a_change() -> None:
    run = Steps(applied(changed=True), {**IMPORTED, "changed": False}, applied(changed=False))
    assert import_first(run, ARGUMENTS, IMPORT, ["live"])["changed"] is True


def test_without_an_import_no_viewer_is_forwarded() -> None:
    run = Steps(applied(), {**IMPORTED, "failed": True, "msg": "live: a.mp4: the disk is full"})
    found = import_first(run, ARGUMENTS, IMPORT, ["live"])
    assert found["failed"]
    assert found["msg"].splitlines() == [
        "No viewer is forwarded, since recordings could not be imported.",
        "live: a.mp4: the disk is full",
        "w",
    ]
    # The rollout rolls back by what was changed.
    assert found["changed"]
    assert "apps" not in found


@pytest.mark.parametrize("odd", ["differing_count", "links"])
def test_no_viewer_is_sent_to_another_recording_or_none(odd: str) -> None:
    """An import by itself only warns of it."""
    imported = {**IMPORTED, "apps": [{**COPIED, odd: 1}]}
    found = import_first(Steps(applied(), imported), ARGUMENTS, IMPORT, ["live"])
    assert found["failed"]
    assert found["msg"].startswith("No viewer is forwarded")


@pytest.mark.parametrize("name", ["login_refused", "login_unsure", "unsent"])
def test_a_login_that_fails_after_the_first_change_keeps_nothing_from_being_restored(name: str) -> None:
    refused = {"failed": True, "changed": False, name: True, "msg": "refused"}
    found = import_first(Steps(applied(), IMPORTED, refused), ARGUMENTS, IMPORT, ["live"])
    assert (found["failed"], found["changed"]) == (True, True)
    assert name not in found
    # Before any change it says that there is nothing to restore.
    assert import_first(Steps(refused), ARGUMENTS, IMPORT, ["live"])[name]
