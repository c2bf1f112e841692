# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an error of AWS says to do."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import module as aws_module
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.errors import to_aws_error
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from botocore.exceptions import ClientError


@pytest.mark.parametrize(
    ("code", "status", "is_throttled"),
    [
        ("SlowDown", 503, True),
        ("503", 503, True),
        ("Throttling", 400, True),
        ("ThrottlingException", 400, True),
        ("RequestLimitExceeded", 400, True),
        ("TooManyRequestsException", 429, True),
        ("InternalError", 500, False),
        ("NoSuchBucket", 404, False),
    ],
)
def test_throttling_has_advice(code: str, status: int, is_throttled: bool) -> None:
    """It had none: the message ended with the code."""
    answer = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = to_aws_error("Asking", ClientError(answer, "Ask"))  # type: ignore[arg-type]
    assert ("run again in some minutes" in str(error)) is is_throttled


class _Module:
    """What run_as_module does with a module, and how the module failed."""

    failed: dict[str, Any] = {}

    def __init__(self, **_options: Any) -> None:
        self.params = {"secret_key": 'run"s+secret/key', "session_token": None}

    def fail_json(self, **result: Any) -> None:
        self.failed.update(result)
        raise SystemExit(1)


def test_an_error_has_the_credentials_of_the_task_in_no_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ansible masked the secret as it was given, and not as an answer in JSON or a URL has it."""
    monkeypatch.setattr(aws_module, "AnsibleAWSModule", _Module)

    def run(_module: Any) -> dict[str, Any]:
        raise AwsError("Asking", 'AccessDenied: run\\"s+secret/key, run%22s%2Bsecret%2Fkey')

    with pytest.raises(SystemExit):
        aws_module.run_as_module(run, {})
    assert _Module.failed["msg"] == "Asking: AccessDenied: ********, ********."
