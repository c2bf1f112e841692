# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stores that are not AWS: what they refuse, and the names that they have for "none".

Each of these stopped the provisioning half-way before the modules sent what every store understands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_bucket_access_apply as apply_access,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_recording_bucket_apply as apply_bucket,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError

from .test_s3_bucket_access_apply import Bucket
from .test_s3_recording_bucket_apply import ABORT, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stand_ins.aws import AwsStandIn

SENT = ["wants_md5", "refuses_crc32_headers"]
KEEPING: dict[str, Any] = {
    "versioning": True,
    "encryption": "AES256",
    "lifecycle_rules": [ABORT],
    "tags": {"team": "streaming"},
}


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    for module in (apply_access, apply_bucket):
        monkeypatch.setattr(module, "_READ_BACK_SECONDS", 0.2)


@pytest.fixture
def quirks(aws: AwsStandIn) -> Iterator[Callable[..., None]]:
    def have(*names: str) -> None:
        aws.settings(quirks=list(names))

    yield have
    aws.settings(quirks=[])


@pytest.mark.parametrize("quirk", [*SENT, "no_such_policy", "cors_501", "all"])
def test_a_bucket_is_made_and_opened_whatever_the_store_is_like(
    aws: AwsStandIn, quirks: Callable[..., None], quirk: str
) -> None:
    """A bucket with all that is kept, public folders and CORS; a second run changes nothing."""
    quirks(*([*SENT, "no_such_policy", "cors_501"] if quirk == "all" else [quirk]))
    place = Place(aws)
    assert place.run(expected_bucket_owner="any", **KEEPING)["changed"]
    assert not place.run(expected_bucket_owner="any", **KEEPING)["changed"]
    bucket = Bucket.__new__(Bucket)
    bucket.aws, bucket.name, bucket.s3 = aws, place.name, place.s3
    aws.client("s3").delete_public_access_block(Bucket=place.name)
    assert bucket.access("public", policy_only=True)["changed"]
    assert not bucket.access("public", policy_only=True)["changed"]
    assert bucket.access("private", policy_only=True)["policy_statements"] == []
    if quirk in ("cors_501", "all"):
        assert not bucket.cors(state="absent")["changed"]
        return
    assert bucket.cors()["changed"]
    assert not bucket.cors()["changed"]


@pytest.mark.parametrize("check", [True, False])
def test_cors_that_is_asked_for_where_the_store_has_none(
    aws: AwsStandIn, quirks: Callable[..., None], check: bool
) -> None:
    """The error names the store, the call and what to set, and comes in check mode too."""
    bucket = Bucket(aws)
    quirks("cors_501")
    with pytest.raises(AwsError) as refused:
        bucket.cors(check=check)
    told = str(refused.value)
    assert f"{aws.endpoint_url} does not know the call GetBucketCors" in told
    assert "s3_recording_cors: elsewhere" in told


@pytest.mark.parametrize(
    ("quirk", "asked", "variable"),
    [
        ("versioning_501", {"versioning": True}, "s3_recording_versioning"),
        ("encryption_501", {"encryption": "AES256"}, "s3_recording_encryption"),
        ("lifecycle_501", {"lifecycle_rules": [ABORT]}, "s3_recording_abort_uploads_days: 0"),
        ("tagging_501", {"tags": {"team": "streaming"}}, "s3_recording_bucket_tags"),
    ],
)
def test_what_a_store_does_not_know_matters_only_where_it_is_asked_for(
    aws: AwsStandIn, quirks: Callable[..., None], quirk: str, asked: dict[str, Any], variable: str
) -> None:
    place = Place(aws)
    place.make()
    quirks(quirk)
    with pytest.raises(AwsError, match=variable):
        place.run(check=True, **asked)
    nothing = {"versioning": False, "lifecycle_rules": [], "tags": {}}
    given: dict[str, Any] = {name: value for name, value in nothing.items() if name in asked}
    assert not place.run(**given)["changed"]


def test_a_policy_that_is_asked_for_where_the_store_has_none(
    aws: AwsStandIn, quirks: Callable[..., None]
) -> None:
    bucket = Bucket(aws)
    quirks("policy_501")
    with pytest.raises(AwsError, match="s3_recording_delivery"):
        bucket.access("public", policy_only=True, check=True)
    assert not bucket.access("private", policy_only=True)["changed"]


def test_a_store_that_refuses_the_rule_about_unfinished_uploads(
    aws: AwsStandIn, quirks: Callable[..., None]
) -> None:
    """MinIO says InvalidArgument and no more."""
    place = Place(aws)
    quirks("no_aborts")
    with pytest.raises(AwsError, match="s3_recording_abort_uploads_days: 0"):
        place.run(lifecycle_rules=[ABORT])


def test_a_404_of_a_bucket_that_is_missing_is_not_none(aws: AwsStandIn, quirks: Callable[..., None]) -> None:
    quirks("no_such_policy")
    place = Place(aws)
    bucket = Bucket.__new__(Bucket)
    bucket.aws, bucket.name, bucket.s3 = aws, place.name, place.s3
    with pytest.raises(AwsError, match="NoSuchBucket"):
        bucket.access("public", policy_only=True)
