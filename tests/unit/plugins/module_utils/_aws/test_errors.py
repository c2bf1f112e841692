# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an error of AWS says to do."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import run_module
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.errors import (
    ready_policy,
    to_aws_error,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_programmatic_user_plan import (
    Step,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from botocore.exceptions import ClientError

from tests.harness.collection_index import REPO


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
    assert ("run again in a few minutes" in str(error)) is is_throttled


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
    monkeypatch.setattr(run_module, "AnsibleAWSModule", _Module)

    def run(_module: Any) -> dict[str, Any]:
        raise AwsError("Asking", 'AccessDenied: run\\"s+secret/key, run%22s%2Bsecret%2Fkey')

    with pytest.raises(SystemExit):
        run_module.run_as_module(run, {})
    assert _Module.failed["msg"] == "Asking: AccessDenied: ********, ********."


def _permissions() -> set[str]:
    """Return all that the AWS modules name in an error as missing."""
    files = (REPO / "plugins/module_utils/_aws").rglob("*.py")
    sources = "\n".join(path.read_text(encoding="utf-8") for path in files if path.name != "errors.py")
    calls = re.findall(r'Step\(\s*"(\w+_\w+)"', sources)
    named = re.findall(r'"((?!aws)[a-z]+\d?:[A-Z]\w+)[ "]', sources)
    return {*named, *(Step(call, "").needs for call in calls)}


def test_the_ready_policy_that_is_named_has_the_permission() -> None:
    policies = {}
    for path in (REPO / "docs/policies").glob("[cdr]*.json"):
        statements = json.loads(path.read_text(encoding="utf-8"))["Statement"]
        policies[f"docs/policies/{path.name}"] = {action for each in statements for action in each["Action"]}
    permissions = _permissions()
    assert len(permissions) > 50
    for permission in permissions:
        named = ready_policy(permission)
        having = {name for name, actions in policies.items() if permission in actions}
        assert named in having if having else named == "", permission


def test_a_refused_permission_names_the_ready_policy() -> None:
    answer = {"Error": {"Code": "AccessDenied", "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    refused = ClientError(answer, "CreateUser")  # type: ignore[arg-type]
    text = str(to_aws_error("Making a user", refused, "iam:CreateUser (and iam:TagUser)"))
    assert text.endswith(
        "need the permission iam:CreateUser (and iam:TagUser), and no policy may deny it. "
        "docs/policies/run.json has it."
    )
    unknown = str(to_aws_error("Reading", refused, "secretsmanager:GetSecretValue"))
    assert unknown.endswith("and no policy may deny it.")


def test_a_missing_boto3_comes_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "AnsibleAWSModule", _Module)
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(SystemExit):
        run_module.run_as_module(lambda _module: {}, {})
    assert _Module.failed["msg"].endswith(
        f"boto3 is not installed for {sys.executable}. Run: {sys.executable} -m pip install boto3."
    )
