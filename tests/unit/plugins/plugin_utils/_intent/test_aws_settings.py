# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the bucket keeps recordings: from the role's variables to the module's options and the key's policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.aws_settings import (
    bucket_settings,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.key_policy import key_policy
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.validation import problems_of
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.variables import (
    IntentError,
    intent_of,
)

GUIDE = Intent(bucket="myvideos", region="eu-west-1", ams_url="https://ams1.example.com:5443")
CEPH = replace(
    GUIDE, endpoint="https://s3.example.com", provider="ceph", access_key_id="A", secret_given=True
)
KEY = "11111111-2222-3333-4444-555555555555"
ARN = f"arn:aws:kms:eu-west-1:111122223333:key/{KEY}"
COLDER = ({"days": 30, "storage_class": "STANDARD_IA"},)


def test_by_default_only_what_a_killed_server_leaves_is_cleaned_up() -> None:
    assert bucket_settings(GUIDE, ["streams", "previews"]) == {
        "lifecycle_rules": [
            {"prefix": "previews/", "abort_incomplete_multipart_upload_days": 7},
            {"prefix": "streams/", "abort_incomplete_multipart_upload_days": 7},
        ]
    }
    assert bucket_settings(replace(GUIDE, abort_uploads_days=0), ["streams"]) == {"lifecycle_rules": []}


def test_everything_that_can_be_asked_for() -> None:
    intent = replace(
        GUIDE,
        bucket_owner="111122223333",
        versioning=False,
        encryption="aws:kms",
        encryption_key_id="alias/recordings",
        expire_days=365,
        noncurrent_expire_days=7,
        transitions=COLDER,
        bucket_tags={"team": "streaming"},
    )
    settings = bucket_settings(intent, ["streams"])
    assert settings.pop("lifecycle_rules") == [
        {
            "prefix": "streams/",
            "expiration_days": 365,
            "noncurrent_version_expiration_days": 7,
            "abort_incomplete_multipart_upload_days": 7,
            "transitions": list(COLDER),
        }
    ]
    assert settings == {
        "expected_bucket_owner": "111122223333",
        "versioning": False,
        "encryption": "aws:kms",
        "encryption_key_id": "alias/recordings",
        "tags": {"team": "streaming"},
    }


def test_consent_to_delete_what_is_there_reaches_the_module() -> None:
    intent = intent_of({"bucket": "b12", "expire_days": "30", "expire_existing": "true"}, "h")
    assert bucket_settings(intent, ["streams"])["expire_existing"] is True
    assert "expire_existing" not in bucket_settings(replace(intent, expire_existing=False), ["streams"])


def test_a_store_is_not_asked_for_what_it_is_not_known_to_have() -> None:
    assert set(bucket_settings(CEPH, ["streams"])) == {"expected_bucket_owner", "lifecycle_rules"}
    spaces = replace(CEPH, provider="digitalocean")
    assert set(bucket_settings(spaces, ["streams"])) == {"expected_bucket_owner"}
    assert "lifecycle_rules" in bucket_settings(replace(spaces, expire_days=30), ["streams"])
    other = replace(CEPH, provider="other")
    assert bucket_settings(other, ["streams"]) == {"expected_bucket_owner": "any"}
    assert problems_of(replace(other, versioning=True, bucket_tags={"a": "b"})) == [
        "the provider other is not known to support bucket versioning",
        "the provider other is not known to support bucket tags",
    ]


def test_a_key_of_kms_that_the_recording_user_may_use() -> None:
    def statement(key: str, **more: Any) -> dict[str, Any]:
        intent = replace(GUIDE, encryption="aws:kms", encryption_key_id=key, **more)
        found: dict[str, Any] = key_policy(intent, ["streams"])["Statement"][-1]
        return found

    assert statement(ARN) == {
        "Sid": "EncryptRecordings",
        "Effect": "Allow",
        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
        "Resource": ARN,
    }
    assert statement(KEY)["Resource"] == f"arn:aws:kms:eu-west-1:*:key/{KEY}"
    china = statement(KEY, region="cn-north-1")
    assert china["Resource"] == f"arn:aws-cn:kms:cn-north-1:*:key/{KEY}"
    alias = statement("alias/recordings")
    assert alias["Resource"] == "arn:aws:kms:eu-west-1:*:key/*"
    assert alias["Condition"] == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/recordings"}}
    named = statement("arn:aws:kms:eu-west-1:111122223333:alias/recordings")
    assert named["Resource"] == "arn:aws:kms:eu-west-1:111122223333:key/*"
    # AWS's own key lets every user of the account in who comes through S3.
    assert statement("")["Sid"] == "WriteRecordings"


PROBLEMS = [
    ({"bucket_owner": "me"}, "is not the ID of an account (12 digits)"),
    ({"encryption": "AES"}, "s3_recording_encryption: 'AES' must be one of AES256, aws:kms"),
    ({"encryption": "aws:kms"}, "viewers have no credentials"),
    ({"encryption_key_id": KEY}, "encryption_key_id is allowed only with encryption=aws:kms"),
    ({"transitions": ({"days": "x", "storage_class": "GLACIER"},)}, "must be {days: NUMBER"),
    ({"transitions": ({"days": 30, "storage_class": "COLD"},)}, "must be {days: NUMBER"),
    ({"transitions": ({"days": 3, "storage_class": "STANDARD_IA"},)}, "S3 allows 30 at least"),
    ({"transitions": COLDER, "expire_days": 20}, "expires after 20 days, before it moves after 30"),
]


@pytest.mark.parametrize(("asked", "told"), PROBLEMS)
def test_what_cannot_work(asked: dict[str, Any], told: str) -> None:
    assert any(told in problem for problem in problems_of(replace(GUIDE, **asked)))


def test_values_that_are_no_numbers() -> None:
    with pytest.raises(IntentError, match="s3_recording_expire_days: must be a whole number, not 'a year'"):
        intent_of({"bucket": "b12", "expire_days": "a year"}, "h")
    with pytest.raises(IntentError, match="s3_recording_transitions: must be a list of dictionaries"):
        intent_of({"bucket": "b12", "transitions": "30"}, "h")
    assert intent_of({"bucket": "b12", "abort_uploads_days": "0", "expire_days": "7"}, "h").abort_days == 0
