# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Servers that have their settings of before again need the rights and the ACLs of then."""

from __future__ import annotations

from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.key_policy import key_policy
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.storage_needs import (
    reads_of_access,
    restored_settings,
    uploads_with_acls,
    user_tasks,
)

USER = "iam_programmatic_user"
ASKED = {"s3RecordingEnabled": True, "s3BucketName": "videos", "s3StreamsFolderPath": "new/streams"}
HOSTS = {"ams1": {"apps": [{"name": "live", "settings": ASKED}]}}
BUCKET: dict[str, Any] = {
    "bucket": "videos",
    "delivery": "public",
    "has_ownership": True,
    "key_policy": key_policy(Intent(bucket="videos"), ["new/streams", "previews"]),
    "storage": {"name": "videos", "region": "eu-west-1", "endpoint_url": None, USER: {"bucket": "videos"}},
}


def restored(app: str = "live", **before: Any) -> Any:
    changed = {name: {"before": value, "after": "now"} for name, value in before.items()}
    return list(restored_settings(HOSTS, {"ams1": [{"run": "r1", "apps": {app: changed}}]}))


def tasks(*buckets: dict[str, Any], **before: Any) -> list[list[str]]:
    found = user_tasks(buckets or [BUCKET], restored(**before))
    return [each[USER]["folders_in_use"] for each in found]


def test_the_folder_of_before_is_in_use_again() -> None:
    assert tasks(s3StreamsFolderPath="streams") == [["previews", "streams"]]


def test_what_the_key_may_do_already_needs_no_task() -> None:
    assert tasks(s3Permission="private") == []
    assert tasks(s3BucketName="other", s3StreamsFolderPath="streams") == []
    assert tasks(s3RecordingEnabled=False, s3StreamsFolderPath="streams") == []


def test_a_key_of_the_users_own_gets_no_rights() -> None:
    storage = {name: value for name, value in BUCKET["storage"].items() if name != USER}
    assert tasks({**BUCKET, "storage": storage}, s3StreamsFolderPath="streams") == []


def test_an_application_that_is_not_listed_any_more_is_restored_too() -> None:
    before = {"s3BucketName": "videos", "s3StreamsFolderPath": "radio/streams"}
    (task,) = user_tasks([BUCKET], restored("radio", **before))
    assert "radio/streams" in task[USER]["folders_in_use"]


def test_an_acl_that_the_bucket_refuses_is_a_problem() -> None:
    text = "ams1: application 'live' would upload to videos with the ACL public-read again"
    assert uploads_with_acls([BUCKET], restored(s3Permission="public-read")) == {"videos": [text]}


def test_an_acl_that_nothing_is_uploaded_with_is_none() -> None:
    owner = "bucket-owner-full-control"
    assert uploads_with_acls([BUCKET], restored(s3Permission=owner)) == {}
    assert uploads_with_acls([BUCKET], restored(s3Permission="", s3RecordingEnabled=False)) == {}
    acl = [{**BUCKET, "delivery": "acl"}]
    assert uploads_with_acls(acl, restored(s3Permission="public-read")) == {}
    no_ownership = [{**BUCKET, "has_ownership": False}]
    assert uploads_with_acls(no_ownership, restored(s3Permission="public-read")) == {}


def test_who_owns_objects_is_read_whatever_the_delivery_needs() -> None:
    """A delivery by CloudFront was refused, since the task does not know the distribution."""
    access = {"name": "videos", "delivery": "cloudfront", "secure_transport_only": "folders", "folders": []}
    bucket = {**BUCKET, "storage": {**BUCKET["storage"], "s3_bucket_access": access}}
    (task,) = reads_of_access([bucket, {**bucket, "bucket": "other"}], ["videos"])
    options = task["s3_bucket_access"]
    assert (options["delivery"], options["secure_transport_only"]) == ("private", "nothing")
    assert (options["closes"], task["name"], USER in task) == ("nothing", "videos", False)
