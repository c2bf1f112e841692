# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is said while a run waits for AWS: calm, once, and never on stdout.

It was the error that would come if the time were over, every five seconds, in the middle of what a callback
writes to stdout.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from ansible.utils.display import Display
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    wait_usable,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions import waiting
from botocore.exceptions import ClientError

PLUGINS = Path(__file__).resolve().parents[5] / "plugins"
KEY = "AKIAIOSFODNN7EXAMPLE"


def probe_result(code: str) -> dict[str, Any]:
    """Return what a probe says when its time is over before it could ask once."""

    class Module:
        check_mode, region = False, "eu-west-1"

        def __init__(self) -> None:
            self.params: dict[str, Any] = {}

        def client(self, service: str, **options: Any) -> Any:
            raise AssertionError(f"time is over before {service} is asked")

    document = {"access_key_id": KEY, "secret_access_key": "secret"}
    probe = wait_usable.KeyUsabilityCheck(Module(), document, "SSM parameter /a")

    def refused() -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetCallerIdentity")

    with pytest.raises(AwsError) as raised:
        probe._until(0, "Using it", refused, (code,))
    return raised.value.result()


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (
            "InvalidClientTokenId",
            f"Waiting for AWS to activate access key {KEY}: usually 5 to 20 s, at most 60 s",
        ),
        ("AccessDenied", f"apply the policy of the user to access key {KEY}: usually"),
    ],
)
def test_waiting_for_a_key_is_no_error(code: str, text: str) -> None:
    result = probe_result(code)
    told = waiting.key_message(result, 60)
    assert text in told
    assert code not in told
    assert "Run again" not in told
    # The remedy is part of the failure alone, which is shown when the time is over.
    assert result["failed"] is True
    assert result["not_yet"] is True


def test_the_remedy_of_a_key_that_took_too_long() -> None:
    assert (
        "longer wait_timeout (in the role s3_recording_key_wait_timeout)"
        in probe_result("AuthFailure")["msg"]
    )


def test_waiting_for_quiet_and_for_uploads() -> None:
    result = {"user_name": "recording", "pending": "uploads in progress may have begun with it: a.mp4"}
    assert waiting.key_message(result, 360) == (
        "Waiting before an access key of IAM user recording is switched off, at most 360 s: "
        "uploads in progress may have begun with it: a.mp4"
    )


def test_waiting_for_a_distribution() -> None:
    assert waiting.distribution_message({"distribution_id": "E1"}, 1200) == (
        "Waiting for CloudFront to deploy distribution E1 everywhere: usually 3 to 10 minutes, at most 1200 s"
    )


def test_each_thing_is_said_once_and_on_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[str, bool]] = []
    monkeypatch.setattr(Display, "display", lambda _self, text, stderr=False: said.append((text, stderr)))
    told = waiting.Waiting()
    for text in (
        "Waiting at most 60 s: 9 s to go",
        "Waiting at most 60 s: 4 s to go",
        "Waiting for uploads: a",
    ):
        told.say(text)
    assert said == [("Waiting at most 60 s: 9 s to go", True), ("Waiting for uploads: a", True)]


@pytest.mark.parametrize("path", sorted(PLUGINS.rglob("*.py")), ids=lambda path: path.name)
def test_no_plugin_writes_to_stdout(path: Path) -> None:
    """A callback's document is there."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        assert getattr(node.func, "id", "") != "print"
        if getattr(node.func, "attr", "") == "display":
            assert "stderr" in {keyword.arg for keyword in node.keywords}
