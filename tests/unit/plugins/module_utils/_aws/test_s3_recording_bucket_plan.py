# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of a bucket's settings S3 would refuse is found before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_recording_bucket_plan as bucket,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.other_folders import OtherFolders
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError


def rule(**more: Any) -> dict[str, Any]:
    return {"prefix": "streams/", **more}


def moves(*steps: tuple[int, str]) -> list[dict[str, Any]]:
    return [{"days": days, "storage_class": name} for days, name in steps]


REFUSED = [
    ({"lifecycle_rules": [rule()]}, "the lifecycle rule for 'streams/' does nothing"),
    ({"lifecycle_rules": [rule(expiration_days=0)]}, "expiration_days below 1"),
    (
        {"lifecycle_rules": [rule(transitions=moves((7, "STANDARD_IA")))]},
        "moves to STANDARD_IA after 7 days, S3 allows 30 at least",
    ),
    (
        {"lifecycle_rules": [rule(expiration_days=30, transitions=moves((30, "STANDARD_IA")))]},
        "expires after 30 days, before it moves after 30",
    ),
    (
        {"lifecycle_rules": [rule(transitions=moves((30, "GLACIER"), (90, "STANDARD_IA")))]},
        "S3 moves only to a colder class",
    ),
    (
        {"lifecycle_rules": [rule(transitions=moves((30, "GLACIER"), (90, "GLACIER")))]},
        "more than once in its transitions",
    ),
    (
        {"lifecycle_rules": [rule(expiration_days=1), rule(expiration_days=2)]},
        "more than one lifecycle rule for 'streams/'",
    ),
    ({"lifecycle_rules": [rule(prefix="x" * 240, expiration_days=1)]}, "an ID of over 255 characters"),
    ({"encryption_key_id": "alias/x"}, "encryption_key_id is allowed only with encryption=aws:kms"),
    ({"encryption": "AES256", "bucket_key_enabled": True}, "bucket_key_enabled is allowed only with"),
    ({"tags": {"aws:x": "y"}}, "begins with aws:"),
    ({"tags": {"x": "y" * 257}}, "the value of the tag 'x' must have 1 to 256 characters"),
    ({"tags": {"": "y"}}, "the key of the tag"),
]


@pytest.mark.parametrize(("asked", "told"), REFUSED)
def test_what_s3_would_refuse(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(AwsError, match="Nothing was changed") as failed:
        bucket.check(bucket.DesiredBucket("b", **asked))
    assert told in str(failed.value)


def test_too_much_together_with_what_is_there() -> None:
    desired = bucket.DesiredBucket("b", tags={"new": "x"})
    there = bucket.BucketConfig(tags={str(number): "" for number in range(50)})
    with pytest.raises(AwsError, match="51 tags would be on the bucket, S3 allows 50"):
        bucket.check_limits(desired, bucket.target(there, desired))
    desired = bucket.DesiredBucket("b", lifecycle_rules=[rule(expiration_days=1)])
    there = bucket.BucketConfig(lifecycle_rules=[{"ID": str(number)} for number in range(1000)])
    with pytest.raises(AwsError, match="1001 lifecycle rules would be in the bucket"):
        bucket.check_limits(desired, bucket.target(there, desired))


def test_tags_of_aws_itself_are_not_purged() -> None:
    there = bucket.BucketConfig(tags={"aws:cloudformation:stack-name": "x", "old": "y"})
    after = bucket.target(there, bucket.DesiredBucket("b", tags={"new": "z"}, purge_tags=True))
    assert after.tags == {"aws:cloudformation:stack-name": "x", "new": "z"}


def test_the_old_form_of_a_prefix_is_sent_as_a_filter() -> None:
    """S3 refuses both forms in one configuration."""
    old = {"ID": "theirs", "Status": "Enabled", "Prefix": "logs/", "Expiration": {"Days": 3}}
    there = bucket.BucketConfig(lifecycle_rules=[old])
    after = bucket.target(there, bucket.DesiredBucket("b", lifecycle_rules=[rule(expiration_days=1)]))
    written = bucket.to_write(after.lifecycle_rules or ())
    assert [each["Filter"] for each in written] == [{"Prefix": "logs/"}, {"Prefix": "streams/"}]
    assert bucket.same("lifecycle_rules", after, bucket.BucketConfig(lifecycle_rules=written))


def test_versioning_of_a_bucket_that_never_had_it() -> None:
    off = bucket.DesiredBucket("b", versioning=False)
    assert bucket.target(bucket.BucketConfig(versioning=""), off).versioning == ""
    assert bucket.target(bucket.BucketConfig(versioning="Enabled"), off).versioning == "Suspended"


def test_what_encryption_has_besides_is_kept() -> None:
    there = bucket.BucketConfig(
        encryption={
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
            "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
        }
    )
    after = bucket.target(there, bucket.DesiredBucket("b", encryption="aws:kms"))
    assert after.encryption == {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"},
        "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
        "BucketKeyEnabled": True,
    }


@pytest.mark.parametrize("found", ["", "alias/aws/s3", "arn:aws:kms:eu-west-1:1:alias/aws/s3"])
def test_awss_own_key_is_one_by_every_name(found: str) -> None:
    rule_there: dict[str, Any] = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": found}
    there = bucket.BucketConfig(
        encryption={"ApplyServerSideEncryptionByDefault": rule_there, "BucketKeyEnabled": True}
    )
    desired = bucket.DesiredBucket("b", encryption="aws:kms")
    assert bucket.changes(there, bucket.target(there, desired)) == []


KEEP = OtherFolders(kept=True)
THEIRS = {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 5}}


def with_rules(*rules: dict[str, Any], others: OtherFolders = KEEP) -> bucket.DesiredBucket:
    return bucket.DesiredBucket("b", lifecycle_rules=rules, others=others)


def after_runs(*runs: bucket.DesiredBucket, there: tuple[dict[str, Any], ...] = (THEIRS,)) -> Any:
    config = bucket.BucketConfig(lifecycle_rules=there)
    for each in runs:
        config = bucket.target(config, each)
    return config


def prefixes(config: bucket.BucketConfig) -> dict[str, int]:
    """Return the days of each prefix."""
    return {bucket.prefix_of(each): each["Expiration"]["Days"] for each in config.lifecycle_rules or ()}


OLD = rule(prefix="old/streams/", expiration_days=9)
NEW = rule(prefix="new/streams/", expiration_days=30)


def test_rules_of_folders_that_are_no_longer_named_stay_as_they_are() -> None:
    config = after_runs(with_rules(OLD), with_rules(NEW))
    assert prefixes(config) == {"logs/": 5, "old/streams/": 9, "new/streams/": 30}
    again = bucket.target(config, with_rules(NEW))
    assert bucket.changes(config, again) == []
    assert again.lifecycle_rules is config.lifecycle_rules
    shorter = bucket.target(config, with_rules({**NEW, "expiration_days": 20}))
    assert prefixes(shorter) == {"logs/": 5, "old/streams/": 9, "new/streams/": 20}


def test_rules_of_other_folders_are_removed_as_before_without_keep() -> None:
    config = after_runs(with_rules(OLD), with_rules(NEW, others=OtherFolders()))
    assert prefixes(config) == {"logs/": 5, "new/streams/": 30}


@pytest.mark.parametrize("forgotten", ["old", "old/streams"])
def test_rules_of_a_forgotten_folder_are_removed(forgotten: str) -> None:
    older = rule(prefix="older/streams/", expiration_days=9)
    others = OtherFolders(True, (forgotten, "logs", "new"))
    config = after_runs(with_rules(OLD, older), with_rules(NEW, others=others))
    assert prefixes(config) == {"logs/": 5, "older/streams/": 9, "new/streams/": 30}


def test_rules_that_somebody_has_changed() -> None:
    """One that applies to another prefix has the ID of a rule that is given, and S3 wants each once."""
    ours = {"ID": "antmedia-s3-recording new/streams/", "Status": "Enabled", "Expiration": {"Days": 1}}
    moved = {**ours, "Filter": {"Prefix": "elsewhere/"}}
    narrowed = {**ours, "Filter": {"And": {"Prefix": "new/streams/", "ObjectSizeGreaterThan": 1}}}
    for each in (moved, narrowed, {**ours, "Prefix": "new/streams/"}):
        config = after_runs(with_rules(NEW), there=(each,))
        assert prefixes(config) == {"new/streams/": 30}
    disabled = {**ours, "ID": "antmedia-s3-recording x", "Status": "Disabled", "Filter": {"Prefix": "x/"}}
    assert disabled in after_runs(with_rules(NEW), there=(disabled,)).lifecycle_rules


def test_too_many_rules_say_that_folders_can_be_forgotten() -> None:
    there = tuple(
        {**THEIRS, "ID": f"antmedia-s3-recording {number}", "Filter": {"Prefix": f"{number}/"}}
        for number in range(1000)
    )
    with pytest.raises(AwsError, match=r"1001 lifecycle rules .* s3_recording_forget_folders"):
        bucket.check_limits(with_rules(NEW), after_runs(with_rules(NEW), there=there))


def test_a_name_that_is_no_folder_cannot_be_forgotten() -> None:
    with pytest.raises(AwsError, match="forget_folders: 'old/' must be a path"):
        bucket.check(with_rules(NEW, others=OtherFolders(True, ("old/",))))
