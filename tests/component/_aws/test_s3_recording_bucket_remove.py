# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A bucket is deleted only if it was made here and is empty, on the stand-in."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_recording_bucket_apply as apply_bucket,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_recording_bucket_remove as remove_bucket,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError

from stand_ins.aws import AwsStandIn

from .test_s3_recording_bucket_apply import Place

OURS = {"managed-by": "antmedia.s3_recording"}


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setattr(apply_bucket, "_READ_BACK_SECONDS", 0.2)
    monkeypatch.setattr(remove_bucket, "_GONE_SECONDS", 0.2)


@pytest.fixture
def place(aws: AwsStandIn) -> Any:
    aws.clear_faults()
    aws.clear_requests()
    yield Place(aws)
    aws.clear_faults()


def names(place: Place) -> list[str]:
    return [each["Name"] for each in place.s3.list_buckets()["Buckets"]]


def tags(place: Place) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in place.s3.get_bucket_tagging(Bucket=place.name)["TagSet"]}


def test_a_bucket_is_tagged_when_it_is_made_and_goes_while_it_is_empty(aws: AwsStandIn, place: Place) -> None:
    made = place.run()
    assert made["steps"] == [f"make the bucket in {aws.region}", "write the tags"]
    assert tags(place) == made["tags"] == OURS
    aws.clear_requests()
    predicted = place.run(check=True, state="absent")
    assert aws.writes() == []
    done = place.run(state="absent")
    assert [each["operation"] for each in aws.writes()] == ["DeleteBucket"]
    for result in (predicted, done):
        assert (result["changed"], result["stays"], result["steps"]) == (True, [], ["delete the bucket"])
    assert predicted["diff"] == done["diff"]
    assert place.name not in names(place)
    again = place.run(state="absent")
    assert (again["changed"], again["msg"]) == (False, f"There is no bucket {place.name}, no change needed")


def test_a_bucket_that_was_not_made_here_stays(aws: AwsStandIn, place: Place) -> None:
    """An empty bucket of someone else was deleted."""
    place.make()
    place.run(tags={"team": "a"}, versioning=True)
    assert tags(place) == {"team": "a"}
    aws.clear_requests()
    result = place.run(state="absent")
    assert (result["changed"], aws.writes()) == (False, [])
    assert result["stays"] == ["it was not made here, since it has no tag managed-by=antmedia.s3_recording"]
    assert f"aws s3 rb s3://{place.name} --endpoint-url {aws.endpoint_url}" in result["msg"]
    assert place.name in names(place)


@pytest.mark.parametrize("left", ["an object", "a delete marker"])
def test_a_bucket_that_is_not_empty_stays(place: Place, left: str) -> None:
    place.run(versioning=True)
    place.s3.put_object(Bucket=place.name, Key="streams/a.mp4", Body=b"x")
    if left == "a delete marker":
        place.s3.delete_object(Bucket=place.name, Key="streams/a.mp4")
    for check in (True, False):
        with pytest.raises(AwsError, match=r"not empty: it holds 'streams/a\.mp4'.*Empty it yourself"):
            place.run(check=check, state="absent")
    assert place.name in names(place)


def test_an_object_that_comes_in_between_is_not_lost(aws: AwsStandIn, place: Place) -> None:
    place.run()
    aws.fault("s3:DeleteBucket", count=1, status=409, code="BucketNotEmpty")
    with pytest.raises(AwsError, match=r"BucketNotEmpty.*Empty it yourself"):
        place.run(state="absent")


def test_the_tag_stays_whatever_tags_are_asked_for(place: Place) -> None:
    assert place.run(tags={"team": "a"})["tags"] == {**OURS, "team": "a"}
    assert place.run(tags={"cost": "b"}, purge_tags=True)["tags"] == {**OURS, "cost": "b"}
    assert place.run(tags={}, purge_tags=True)["tags"] == OURS == tags(place)
    assert place.run(tags={"managed-by": "terraform"})["tags"] == {"managed-by": "terraform"}
    assert place.run(state="absent")["changed"] is False


@pytest.mark.parametrize(("status", "code"), [(501, "NotImplemented"), (403, "AccessDenied")])
def test_a_bucket_that_cannot_be_tagged_is_made_and_stays(
    aws: AwsStandIn, place: Place, status: int, code: str
) -> None:
    """Some stores have no tags. The recordings need none."""
    aws.fault("s3:PutBucketTagging", count=1, status=status, code=code)
    result = place.run(versioning=True)
    assert result["versioning"] == "Enabled"
    assert "tags" not in result
    assert len(result["warnings"]) == 1
    assert "decommission.yml will leave it" in result["warnings"][0]
    assert place.run(state="absent")["stays"]


def test_tags_that_were_asked_for_are_no_less_than_asked_for(aws: AwsStandIn, place: Place) -> None:
    aws.fault("s3:PutBucketTagging", count=1, status=501, code="NotImplemented")
    with pytest.raises(AwsError, match="s3_recording_bucket_tags"):
        place.run(tags={"team": "a"})


def test_a_store_without_tags_keeps_its_bucket(aws: AwsStandIn, place: Place) -> None:
    place.run()
    aws.fault("s3:GetBucketTagging", status=501, code="NotImplemented")
    result = place.run(state="absent")
    assert result["stays"] == ["its provider has no bucket tags, which would say if it was made here"]


def test_a_store_that_has_no_tags_is_not_asked_for_them(aws: AwsStandIn, place: Place) -> None:
    made = place.run(managed_tag=False)
    assert made["steps"] == [f"make the bucket in {aws.region}"]
    assert place.run(managed_tag=False, state="absent")["stays"]
    assert not [each for each in aws.requests() if "Tagging" in each["operation"]]
    assert place.name in names(place)


def test_a_bucket_of_another_account_is_an_error(aws: AwsStandIn, place: Place) -> None:
    aws.foreign_bucket(place.name)
    with pytest.raises(AwsError, match=place.name):
        place.run(state="absent")
