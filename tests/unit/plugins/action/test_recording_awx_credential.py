# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that gives AWX the secrets of its role."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible_collections.antmedia.s3_recording.plugins.action.recording_awx_credential import ActionModule

INPUTS = {
    "Ant Media Server": {"email": "a@example.com", "password": "hush", "jwt_token": "", "insecure": None},
    "Amazon Web Services": {},
}


def run(monkeypatch: pytest.MonkeyPatch, kind: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    sent: list[dict[str, Any]] = []

    def execute(_self: Any, _name: str, arguments: dict[str, Any], **_more: Any) -> dict[str, Any]:
        sent.append(arguments)
        return {"changed": True}

    monkeypatch.setattr(ActionModule, "_execute_module", execute)
    templar = MagicMock()
    templar.template = lambda value: value
    parts = {part: MagicMock() for part in ("connection", "play_context", "loader", "shared_loader_obj")}
    task = MagicMock(args={"name": "Recording", "type": kind}, async_val=0, check_mode=False)
    variables = {
        "__s3_recording_awx_inputs": INPUTS,
        "s3_recording_awx_organization": "Default",
        "s3_recording_awx_update_secrets": False,
    }
    return ActionModule(task=task, templar=templar, **parts).run(task_vars=variables), sent


def test_what_is_empty_or_blank_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    result, (arguments,) = run(monkeypatch, "Ant Media Server")
    assert result["changed"] is True
    assert arguments["inputs"] == {"email": "a@example.com", "password": "hush"}


def test_a_type_that_the_role_does_not_have_is_refused_with_its_types(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result, sent = run(monkeypatch, "Foo")
    assert (result["failed"], sent) == (True, [])
    assert result["msg"] == (
        "The role s3_recording_awx has no secrets for a credential of the type Foo. Its types are "
        "Amazon Web Services, Ant Media Server. Nothing was changed."
    )
