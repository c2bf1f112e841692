# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Credentials that cannot be used, told apart by botocore's own errors, before anything is sent."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.calls import call_aws, client
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.credentials import (
    refuse_unusable,
    trouble_of,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import (
    s3_clients as _probe_store,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

CONFIG = """
[profile sso]
sso_start_url = https://example.invalid/start
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = recording
region = eu-west-1
[profile newer-sso]
sso_session = office
sso_account_id = 123456789012
sso_role_name = recording
region = eu-west-1
[sso-session office]
sso_start_url = https://example.invalid/start
sso_region = eu-west-1
[profile half]
aws_access_key_id = AKIAEXAMPLE
region = eu-west-1
[profile broken-process]
credential_process = false
region = eu-west-1
"""


def answered(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Operation")


@pytest.mark.parametrize(
    ("error", "kind", "words", "remedy"),
    [
        (NoCredentialsError(), "none", "no AWS credentials were found", "AWS_PROFILE, or AWS_ACCESS_KEY_ID"),
        (ProfileNotFound(profile="prd"), "profile", "there is no profile 'prd'", "unset AWS_PROFILE"),
        (
            SSOTokenLoadError(error_msg="x"),
            "login",
            "nobody is logged in",
            "Run aws sso login --profile prod",
        ),
        (UnauthorizedSSOTokenError(), "login", "profile 'prod'", "Run aws sso login --profile prod"),
        (TokenRetrievalError(provider="sso", error_msg="x"), "login", "nobody is logged in", "aws sso login"),
        (PartialCredentialsError(provider="env", cred_var="S"), "half", "S is missing", "Give AWS_PROFILE"),
        (
            CredentialRetrievalError(provider="p", error_msg="x"),
            "source",
            "gave none",
            "See what the profile",
        ),
        (ConfigParseError(path="/x"), "file", "Unable to parse config file: /x", "Correct that file"),
        (answered("ExpiredToken"), "expired", "have expired (ExpiredToken)", "aws sso login --profile prod"),
        (answered("ExpiredTokenException"), "expired", "have expired", "Get new ones"),
        (
            answered("InvalidAccessKeyId"),
            "unknown",
            "does not know the access key",
            "made inactive",
        ),
        (answered("InvalidClientTokenId"), "unknown", "does not know the access key", "Check AWS_PROFILE"),
        (answered("SignatureDoesNotMatch"), "secret", "does not belong to their access key", "Check AWS_PRO"),
    ],
)
def test_each_trouble_has_its_words(error: Exception, kind: str, words: str, remedy: str) -> None:
    found = trouble_of(error, environment={"AWS_PROFILE": "prod"})
    assert found is not None
    assert found.kind == kind
    assert words in found.words
    assert remedy in found.remedy


@pytest.mark.parametrize(
    "error", [answered("AccessDenied"), EndpointConnectionError(endpoint_url="x"), ValueError("x")]
)
def test_what_is_no_trouble_of_credentials(error: Exception) -> None:
    assert trouble_of(error, environment={}) is None


def test_a_profile_and_keys_together_are_named_with_the_trouble() -> None:
    both = {"AWS_PROFILE": "prod", "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE"}
    found = trouble_of(answered("InvalidAccessKeyId"), environment=both)
    assert found is not None
    assert found.remedy.endswith(
        "AWS_PROFILE=prod and AWS_ACCESS_KEY_ID are both set: unset the one that is not meant"
    )


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """With a configuration of its own, and nothing else to get credentials from."""
    (tmp_path / "config").write_text(CONFIG)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def list_buckets() -> None:
    made: Any = botocore.session.get_session().create_client("s3", region_name="eu-west-1")
    made.list_buckets()


@pytest.mark.parametrize(
    ("profile", "kind"),
    [
        ("", "none"),
        ("nobodys", "profile"),
        ("sso", "login"),
        ("newer-sso", "login"),
        ("half", "half"),
        ("broken-process", "source"),
    ],
)
def test_botocores_own_errors_are_known(environment: pytest.MonkeyPatch, profile: str, kind: str) -> None:
    if profile:
        environment.setenv("AWS_PROFILE", profile)
    with pytest.raises(BotoCoreError) as caught:
        list_buckets()
    found = trouble_of(caught.value)
    assert found is not None
    assert found.kind == kind
    # So do the modules for AWS say it.
    with pytest.raises(AwsError, match=r"Trying: .*" + found.words[:20]):
        call_aws("Trying", list_buckets, needs="")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"profile": "nobodys"}, "there is no profile 'nobodys'"),
        ({"profile": "sso", "access_key": "AKIAEXAMPLE"}, "profile 'sso' and an access key are both given"),
    ],
)
def test_a_module_is_refused_before_anything_is_sent(
    environment: pytest.MonkeyPatch, params: dict[str, Any], words: str
) -> None:
    module = SimpleNamespace(params=params, client=lambda *_given, **_more: pytest.fail("sent"))
    with pytest.raises(AwsError, match=words):
        client(module, "s3")


@pytest.mark.parametrize("params", [{}, {"access_key": "AKIAEXAMPLE"}, {"profile": "sso"}])
def test_credentials_that_may_work_are_let_through(
    environment: pytest.MonkeyPatch, params: dict[str, Any]
) -> None:
    refuse_unusable(params)


def test_the_key_of_a_server_has_nothing_to_do_with_a_profile(environment: pytest.MonkeyPatch) -> None:
    """A mistyped AWS_PROFILE made every link of a chain that holds look broken."""
    environment.setenv("AWS_PROFILE", "nobodys")
    settings = {"s3AccessKey": "AKIAEXAMPLE", "s3SecretKey": "of-a-test", "s3RegionName": "eu-west-1"}
    made = _probe_store.s3_client(settings, 1, provisioning=False)
    assert made._request_signer._credentials.access_key == "AKIAEXAMPLE"
    with pytest.raises(ProfileNotFound):
        _probe_store.s3_client(settings, 1, provisioning=True)
