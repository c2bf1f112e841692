# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task displays while it runs: calm, once in ten seconds, and never in the middle of a document."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.utils.display import Display
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    wait_usable,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common import progress
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.polling import Deadline
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._display import progress_lines
from botocore.exceptions import ClientError

PLUGINS = Path(__file__).resolve().parents[5] / "plugins"
KEY = "AKIAIOSFODNN7EXAMPLE"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(Display, "display", lambda _self, text, stderr=False: lines.append(text))
    return lines


def failure_of(code: str) -> AwsError:
    """Return the error of a key that AWS refuses with this code until the time is up."""

    class Module:
        check_mode, region = False, "eu-west-1"

        def __init__(self) -> None:
            self.params: dict[str, Any] = {}

        def client(self, service: str, **options: Any) -> Any:
            raise AssertionError(f"time is over before {service} is asked")

    document = {"access_key_id": KEY, "secret_access_key": "secret"}
    check = wait_usable.KeyUsabilityCheck(Module(), document, "SSM parameter /a")

    def refused() -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetCallerIdentity")

    with pytest.raises(AwsError) as raised, progress.listener(progress_lines.ProgressLines()):
        check._until(Deadline(0), "Using it", refused, (code,))
    return raised.value


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("InvalidClientTokenId", f"activate access key {KEY}"),
        ("AccessDenied", f"apply the policy of the user to access key {KEY}"),
    ],
)
def test_waiting_for_a_key_is_no_error(said: list[str], code: str, text: str) -> None:
    result = failure_of(code).result()
    assert said == [f"Waiting for AWS to {text}: usually 5 to 20 s, at most 0 s"]
    # The remedy is part of the failure alone, which is displayed when the time is over.
    assert result["failed"] is True
    assert result["not_yet"] is True


def test_the_remedy_of_a_key_that_took_too_long(said: list[str]) -> None:
    text = "longer wait_timeout (in the role s3_recording_key_wait_timeout)"
    assert text in failure_of("AuthFailure").result()["msg"]
    assert text not in said[0]


def test_a_wait_is_displayed_at_once_and_then_every_ten_seconds(
    said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(progress_lines, "time", SimpleNamespace(monotonic=lambda: now[0]))
    lines, wait = progress_lines.ProgressLines(), progress.Wait("AWS to do it", "usually 5 s")
    for seconds in (0, 4, 9, 11, 19, 22):
        now[0] = 1000.0 + seconds
        lines.wait(wait, seconds, 60)
    lines.wait(progress.Wait("something else"), 22, 60)
    assert said == [
        "Waiting for AWS to do it: usually 5 s, at most 60 s",
        "Waiting for AWS to do it: 11 s so far, usually 5 s, at most 60 s",
        "Waiting for AWS to do it: 22 s so far, usually 5 s, at most 60 s",
        "Waiting for something else: 22 s so far, at most 60 s",
    ]


def test_a_part_of_a_longer_wait_is_displayed_every_ten_seconds_of_that(
    said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(progress_lines, "time", SimpleNamespace(monotonic=lambda: now[0]))
    lines = progress_lines.ProgressLines()
    for seconds, what in (
        (0, "first"),
        (9, "first"),
        (10, "second"),
        (11, "third"),
        (19, "third"),
        (21, "4th"),
    ):
        now[0] = 1000.0 + seconds
        lines.wait(progress.Wait(what, part_of="all"), seconds, 60)
    lines.wait(progress.Wait("another one", part_of="what began just now"), 9, 60)
    assert said == [
        "Waiting for second: 10 s so far, at most 60 s",
        "Waiting for 4th: 21 s so far, at most 60 s",
    ]


def test_nobody_listens_after_the_task(said: list[str]) -> None:
    progress.say_done("nobody")
    with progress.listener(progress_lines.ProgressLines()):
        progress.say_done("bucket made")
    progress.say_wait(progress.Wait("nobody"), 1, 2)
    assert said == ["  bucket made"]


@pytest.mark.parametrize("path", sorted(PLUGINS.rglob("*.py")), ids=lambda path: path.name)
def test_no_plugin_writes_to_stdout(path: Path) -> None:
    """A callback's document is there."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        assert getattr(node.func, "id", "") != "print"
        if getattr(node.func, "attr", "") == "display":
            assert "stderr" in {keyword.arg for keyword in node.keywords}
