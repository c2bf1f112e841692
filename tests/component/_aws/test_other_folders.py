# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Recordings in a folder that is no longer named: on the stand-in, which serves and refuses as S3 does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError

from .test_s3_bucket_access_apply import Bucket
from .test_s3_recording_bucket_apply import Place
from .test_s3_recording_storage_plan_apply import apply, at_stand_in, plan

if TYPE_CHECKING:
    from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent

    from stand_ins.aws import AwsStandIn

OLD, NEW = ["live/streams", "live/previews"], ["app/streams", "app/previews"]
RULES = {"abort_incomplete_multipart_upload_days": 7}

DIRECT = ": links to the objects themselves will stop working"


@pytest.fixture
def bucket(aws: AwsStandIn) -> Bucket:
    aws.clear_faults()
    made = Bucket(aws)
    for folder in (*OLD, *NEW, "secret"):
        made.s3.put_object(Bucket=made.name, Key=f"{folder}/a.mp4", Body=b"recording")
    return made


def status(aws: AwsStandIn, bucket: str, key: str) -> int:
    """Return how S3 answers a viewer, who has no credentials."""
    return requests.get(f"{aws.endpoint_url}/{bucket}/{key}", timeout=10).status_code


def statuses(bucket: Bucket) -> dict[str, int]:
    keys = ("live/streams/a.mp4", "live/previews/a.mp4", "app/streams/a.mp4", "secret/a.mp4")
    return {key.removesuffix("/a.mp4"): status(bucket.aws, bucket.name, key) for key in keys}


def test_recordings_of_a_previous_folder_are_still_served(bucket: Bucket) -> None:
    bucket.access("public", folders=OLD)
    keep: dict[str, Any] = {"folders": NEW, "other_folders": "keep"}
    predicted = bucket.access("public", check=True, **keep)
    result = bucket.access("public", **keep)
    for part in ("changed", "steps", "diff", "policy_statements"):
        assert predicted[part] == result[part]
    assert list(result["diff"]["after"]) == ["policy_statements"]
    served = {"live/streams": 200, "live/previews": 200, "app/streams": 200, "secret": 403}
    assert statuses(bucket) == served
    bucket.aws.clear_requests()
    assert bucket.access("public", **keep)["changed"] is False
    assert bucket.aws.writes() == []
    forget = {**keep, "forget_folders": ["live/streams"]}
    predicted = bucket.access("public", check=True, **forget)
    assert bucket.access("public", **forget)["diff"] == predicted["diff"]
    assert statuses(bucket) == {**served, "live/streams": 403}
    assert bucket.access("public", **forget)["changed"] is False
    # Without the name the folder stays closed.
    assert bucket.access("public", **keep)["changed"] is False


def test_another_delivery_closes_what_only_the_previous_one_opened(bucket: Bucket) -> None:
    bucket.access("public", folders=OLD)
    keep: dict[str, Any] = {"folders": NEW, "other_folders": "keep"}
    bucket.access("private", **keep)
    assert set(statuses(bucket).values()) == {403}
    bucket.access("public", **keep)
    assert statuses(bucket)["live/streams"] == 403


def test_a_policy_that_grows_too_long_is_refused_before_the_first_call(bucket: Bucket) -> None:
    bucket.access("public", folders=[f"{number:0>200}" for number in range(80)])
    bucket.aws.clear_requests()
    new = [f"new/{number:0>200}" for number in range(80)]
    with pytest.raises(AwsError, match="s3_recording_forget_folders"):
        bucket.access("public", folders=new, other_folders="keep")
    assert bucket.aws.writes() == []


def test_rules_of_a_previous_folder_stay(aws: AwsStandIn) -> None:
    aws.clear_faults()
    place = Place(aws)
    place.run(lifecycle_rules=[{"prefix": f"{each}/", **RULES} for each in OLD])
    before = place.rules()
    keep: dict[str, Any] = {
        "lifecycle_rules": [{"prefix": f"{each}/", **RULES} for each in NEW],
        "other_folders": "keep",
    }
    predicted = place.run(check=True, **keep)
    result = place.run(**keep)
    assert predicted["diff"] == result["diff"]
    assert [each for each in place.rules() if each in before] == before
    assert len(place.rules()) == 4
    aws.clear_requests()
    again = place.run(**keep)
    assert (again["changed"], again["diff"]["before"]) == (False, {"exists": True})
    assert aws.writes() == []
    forget = {**keep, "forget_folders": ["live"]}
    assert place.run(**forget)["changed"] is True
    assert [each["Filter"]["Prefix"] for each in place.rules()] == [f"{each}/" for each in NEW]
    assert place.run(**forget)["changed"] is False


def texts(aws: AwsStandIn, intent: Intent) -> list[tuple[str, str]]:
    """Return what the plan says of the bucket itself; the key has a policy of its own."""
    found = plan(aws, intent)["buckets"][intent.bucket]["changes"]
    of_the_key = ("user", "policy", "key", "upload right")
    return [(each["action"], each["text"]) for each in found if each["what"] not in of_the_key]


def test_a_mistyped_application_closes_nothing(aws: AwsStandIn) -> None:
    """The plan names what the change opens, and what a forgotten folder loses."""
    right = at_stand_in(aws, delivery="public", folder_per_application=True)
    apply(aws, right)
    aws.client("s3").put_object(Bucket=right.bucket, Key="live/streams/a.mp4", Body=b"recording")
    wrong = replace(right, applications=("liev",))
    name, places = right.bucket, "liev/previews/ and liev/streams/"
    assert texts(aws, wrong) == [
        ("change", f"{places} of {name} will have lifecycle rules that give up uploads after 7 days"),
        ("add", f"everyone on the internet will be able to watch {places} of {name}"),
    ]
    apply(aws, wrong)
    assert status(aws, name, "live/streams/a.mp4") == 200
    assert texts(aws, wrong) == []
    corrected = replace(right, forget_folders=("liev",))
    assert texts(aws, corrected) == [
        ("remove", f"the lifecycle rules of {places} will be removed from {name}"),
        ("remove", f"everyone on the internet will no longer be able to watch {places} of {name}{DIRECT}"),
    ]
    apply(aws, corrected)
    assert texts(aws, corrected) == []
    assert status(aws, name, "live/streams/a.mp4") == 200
    (statement,) = apply(aws, corrected)["s3_bucket_access"]["policy_statements"]
    assert len(statement["Resource"]) == 2


def test_rules_are_removed_from_the_folders_in_use_alone(aws: AwsStandIn) -> None:
    old = at_stand_in(aws, folder_per_application=True)
    apply(aws, old)
    new = replace(old, applications=("app",))
    apply(aws, new)
    apply(aws, replace(new, abort_uploads_days=0))
    rules = aws.client("s3").get_bucket_lifecycle_configuration(Bucket=old.bucket)["Rules"]
    assert [each["Filter"]["Prefix"] for each in rules] == ["live/previews/", "live/streams/"]
