# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Plan how a bucket keeps its objects (versioning, encryption, lifecycle rules, tags): merge, compare.

Plain data in, plain data out. Versioning, default encryption, lifecycle rules and tags; what the task leaves
out is None and is neither read nor written, since a provider may not know it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from .._common.errors import AwsError
from .other_folders import FORGET_SOME, OtherFolders, folder_problems
from .ownership import is_managed

# Lifecycle rules whose ID begins so are ours, all others are someone else's.
RULE_PREFIX = "antmedia-s3-recording"
KMS = "aws:kms"
ENCRYPTIONS = ("AES256", KMS)
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_Transition.html
STORAGE_CLASSES = (
    "STANDARD_IA",
    "INTELLIGENT_TIERING",
    "ONEZONE_IA",
    "GLACIER_IR",
    "GLACIER",
    "DEEP_ARCHIVE",
)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
_MIN_DAYS = {"STANDARD_IA": 30, "ONEZONE_IA": 30}
_MAX_RULES = 1000
_MAX_ID = 255
_MAX_TAGS = 50
_MAX_TAG = {"key": 128, "value": 256}
_DAYS = {
    "expiration_days": ("Expiration", "Days"),
    "noncurrent_version_expiration_days": ("NoncurrentVersionExpiration", "NoncurrentDays"),
    "abort_incomplete_multipart_upload_days": ("AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
}
NAMES = ("versioning", "encryption", "lifecycle_rules", "tags")

Rule = dict[str, Any]


@dataclass(frozen=True)
class BucketConfig:
    """What a bucket has, in AWS's own form, or None for what the task leaves out.

    versioning: Enabled, Suspended, or empty for a bucket that never had it. encryption: the one rule of the
    configuration. minimum_size: part of the lifecycle rules, and lost if it were not sent again.
    """

    versioning: Optional[str] = None
    encryption: Optional[Mapping[str, Any]] = None
    lifecycle_rules: Optional[Sequence[Rule]] = None
    tags: Optional[Mapping[str, str]] = None
    minimum_size: str = ""


# What AWS gives a bucket since January 2023.
NEW_BUCKET = BucketConfig(
    versioning="",
    encryption={"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}},
    lifecycle_rules=(),
    tags={},
)


@dataclass(frozen=True)
class DesiredBucket:
    """The settings that the task requests; None: left as it is.

    others: what becomes of our lifecycle rules of folders that have no rule here.
    """

    bucket: str
    versioning: Optional[bool] = None
    encryption: Optional[str] = None
    encryption_key_id: str = ""
    bucket_key_enabled: Optional[bool] = None
    lifecycle_rules: Optional[Sequence[Mapping[str, Any]]] = None
    tags: Optional[Mapping[str, str]] = None
    purge_tags: bool = False
    expire_existing: bool = False
    others: OtherFolders = field(default_factory=OtherFolders)

    @property
    def desired_names(self) -> tuple[str, ...]:
        return tuple(name for name in NAMES if getattr(self, name) is not None)


def problems_of(desired: DesiredBucket) -> list[str]:
    """Return what S3 would refuse whatever the bucket has."""
    return [
        *_encryption_problems(desired),
        *(problem for rule in desired.lifecycle_rules or () for problem in _rule_problems(rule)),
        *_doubled_prefixes(desired.lifecycle_rules or ()),
        *_tag_problems(desired.tags or {}),
        *folder_problems(desired.others.forgotten, "forget_folders:"),
    ]


def check(desired: DesiredBucket) -> None:
    """Raise for what S3 would refuse whatever the bucket has."""
    problems = problems_of(desired)
    if problems:
        raise AwsError(f"Bucket {desired.bucket}", "; ".join(problems), "Nothing was changed")


def check_limits(desired: DesiredBucket, after: BucketConfig) -> None:
    """Raise if existing and desired settings are together more than S3 allows."""
    problems = []
    if len(after.lifecycle_rules or ()) > _MAX_RULES:
        count = len(after.lifecycle_rules or ())
        problem = f"{count} lifecycle rules would be in the bucket, S3 allows {_MAX_RULES}"
        problems.append(f"{problem}: {FORGET_SOME}" if desired.others.kept else problem)
    if len(after.tags or ()) > _MAX_TAGS:
        problems.append(f"{len(after.tags or ())} tags would be on the bucket, S3 allows {_MAX_TAGS}")
    if problems:
        raise AwsError(f"Bucket {desired.bucket}", "; ".join(problems), "Nothing was changed")


def target(current: BucketConfig, desired: DesiredBucket) -> BucketConfig:
    """Return the settings as they should be. current has what the task is about."""
    after = current
    if desired.versioning is not None:
        after = replace(after, versioning=_versioning(current.versioning or "", desired.versioning))
    if desired.encryption is not None:
        after = replace(after, encryption=_encryption(current.encryption or {}, desired))
    if desired.lifecycle_rules is not None:
        rules = _rules(current.lifecycle_rules or (), desired.lifecycle_rules, desired.others)
        after = replace(after, lifecycle_rules=rules)
    if desired.tags is not None:
        after = replace(after, tags=_tags(current.tags or {}, desired.tags, desired.purge_tags))
    return after


def _versioning(current: str, wanted: bool) -> str:
    # From outside, a bucket that never had versioning looks like one where it is off.
    off = current and "Suspended"
    return "Enabled" if wanted else off


def _encryption(current: Mapping[str, Any], desired: DesiredBucket) -> Mapping[str, Any]:
    found = current.get("ApplyServerSideEncryptionByDefault") or {}
    same = found.get("SSEAlgorithm") == desired.encryption and (
        desired.encryption != KMS or _same_key(found.get("KMSMasterKeyID") or "", desired.encryption_key_id)
    )
    bucket_key = bool(current.get("BucketKeyEnabled"))
    if desired.bucket_key_enabled is not None:
        bucket_key = desired.bucket_key_enabled
    elif not same:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html: far fewer requests to KMS
        bucket_key = desired.encryption == KMS
    if same and bucket_key == bool(current.get("BucketKeyEnabled")):
        return current
    default = {"SSEAlgorithm": desired.encryption}
    if desired.encryption_key_id:
        default["KMSMasterKeyID"] = desired.encryption_key_id
    return {**current, "ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}


def _same_key(found: str, wanted: str) -> bool:
    """True if both name one key: by its ARN, by the end of it, or by the alias of AWS's own key."""
    own = ("", "alias/aws/s3")
    ends = [
        each.rpartition(":key/")[2] if ":key/" in each else each.rpartition(":")[2]
        for each in (found, wanted)
    ]
    return ends[0] == ends[1] or all(each in own for each in ends)


def _rules(
    current: Sequence[Rule], wanted: Sequence[Mapping[str, Any]], others: OtherFolders
) -> Sequence[Rule]:
    """Return someone else's rules in place, then ours; one that says the same already keeps its form."""
    ours = {_meaning(rule): rule for rule in current if is_ours(rule)}
    wanted_rules = [_rule_to_aws(rule) for rule in wanted]
    rules = [
        *(rule for rule in current if not is_ours(rule)),
        *(rule for rule in ours.values() if _stays(rule, wanted_rules, others)),
        *(ours.get(_meaning(rule), rule) for rule in wanted_rules),
    ]
    # In another order they would look like a change.
    return current if _same_rules(current, rules) else rules


def _stays(rule: Rule, wanted: Sequence[Rule], others: OtherFolders) -> bool:
    # S3 refuses two rules with one ID, which a rule that somebody has changed by hand may have.
    is_named = any(prefix_of(rule) == prefix_of(each) or rule["ID"] == each["ID"] for each in wanted)
    return not is_named and others.keeps(prefix_of(rule).rstrip("/"))


def prefix_of(rule: Mapping[str, Any]) -> str:
    """Return the beginning of the keys that a rule applies to; empty for all."""
    narrowed = rule.get("Filter") or {}
    return str((narrowed.get("And") or narrowed).get("Prefix") or rule.get("Prefix") or "")


def is_ours(rule: Mapping[str, Any]) -> bool:
    return str(rule.get("ID") or "").startswith(RULE_PREFIX)


def aborts_uploads(rules: Sequence[Rule]) -> bool:
    """True if a rule of ours deletes the parts of uploads that were never finished."""
    return any(is_ours(rule) and "AbortIncompleteMultipartUpload" in rule for rule in rules)


def _rule_to_aws(rule: Mapping[str, Any]) -> Rule:
    made: Rule = {
        "ID": f"{RULE_PREFIX} {rule['prefix']}".rstrip(),
        "Status": "Enabled",
        "Filter": {"Prefix": rule["prefix"]},
    }
    for name, (element, unit) in _DAYS.items():
        if rule.get(name):
            made[element] = {unit: rule[name]}
    transitions = _transitions(rule)
    if transitions:
        made["Transitions"] = [
            {"Days": each["days"], "StorageClass": each["storage_class"]} for each in transitions
        ]
    return made


def _transitions(rule: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return sorted(rule.get("transitions") or [], key=lambda each: int(each["days"]))


def _meaning(rule: Mapping[str, Any]) -> str:
    """Return a text that is equal for rules of ours that say the same."""
    plain = {name: value for name, value in rule.items() if value not in (None, [], {})}
    if "Prefix" in plain:
        plain["Filter"] = {"Prefix": plain.pop("Prefix")}
    if plain.get("Filter") == {"Prefix": ""}:
        del plain["Filter"]
    plain["Transitions"] = sorted(
        (each.get("Days"), each.get("StorageClass")) for each in plain.get("Transitions", [])
    )
    return repr(sorted(plain.items()))


def to_write(rules: Sequence[Rule]) -> list[Rule]:
    """Return the rules as S3 accepts them together: it refuses the old form of a prefix beside our own."""
    written = []
    for rule in rules:
        old = rule.get("Prefix") is not None and "Filter" not in rule
        plain = {name: value for name, value in rule.items() if name != "Prefix"}
        written.append({**plain, "Filter": {"Prefix": rule["Prefix"]}} if old else rule)
    return written


def _tags(current: Mapping[str, str], wanted: Mapping[str, str], purge: bool) -> dict[str, str]:
    # Tags of AWS's own services can be neither set nor removed.
    kept = {
        key: value
        for key, value in current.items()
        if not purge or key.startswith("aws:") or is_managed({key: value})
    }
    return {**kept, **wanted}


def same(name: str, left: BucketConfig, right: BucketConfig) -> bool:
    """True if both have the same in one of NAMES."""
    before, after = getattr(left, name), getattr(right, name)
    if name == "lifecycle_rules":
        return _same_rules(before or (), after or ())
    if name == "encryption":
        return _view_of_encryption(before) == _view_of_encryption(after)
    return bool(before == after)


def _same_rules(left: Sequence[Rule], right: Sequence[Rule]) -> bool:
    return sorted(map(_meaning, left)) == sorted(map(_meaning, right))


def changes(before: BucketConfig, after: BucketConfig) -> list[str]:
    """Return those of NAMES that differ, in the order in which they are written."""
    return [name for name in NAMES if not same(name, before, after)]


def view(config: BucketConfig) -> dict[str, Any]:
    """Return the part that a result and a diff display: what was requested, and our own lifecycle rules."""
    displayed = {name: getattr(config, name) for name in NAMES}
    if config.encryption is not None:
        displayed["encryption"] = _view_of_encryption(config.encryption)
    if config.lifecycle_rules is not None:
        displayed["lifecycle_rules"] = [dict(rule) for rule in config.lifecycle_rules if is_ours(rule)]
    if config.tags is not None:
        displayed["tags"] = dict(config.tags)
    return {name: value for name, value in displayed.items() if value is not None}


def _view_of_encryption(rule: Optional[Mapping[str, Any]]) -> dict[str, Any]:
    default = (rule or {}).get("ApplyServerSideEncryptionByDefault") or {}
    displayed = {"algorithm": default.get("SSEAlgorithm"), "key_id": default.get("KMSMasterKeyID")}
    return {**displayed, "bucket_key_enabled": bool((rule or {}).get("BucketKeyEnabled"))}


def describe_change(name: str, after: BucketConfig) -> str:
    """Describe a change as a step of the result."""
    if name == "versioning":
        return f"set versioning to {after.versioning}"
    if name == "encryption":
        displayed = _view_of_encryption(after.encryption)
        key = f" with key {displayed['key_id']}" if displayed["key_id"] else ""
        return f"set the default encryption to {displayed['algorithm']}{key}"
    if name == "tags":
        return "write the tags"
    ours = [rule["ID"] for rule in after.lifecycle_rules or () if is_ours(rule)]
    return f"write the lifecycle rules {', '.join(ours)}" if ours else "remove our lifecycle rules"


def _encryption_problems(desired: DesiredBucket) -> list[str]:
    if desired.encryption == KMS:
        return []
    found = []
    if desired.encryption_key_id:
        found.append(f"encryption_key_id is allowed only with encryption={KMS}")
    if desired.bucket_key_enabled:
        found.append(f"bucket_key_enabled is allowed only with encryption={KMS}")
    return found


def _rule_problems(rule: Mapping[str, Any]) -> list[str]:
    label = f"the lifecycle rule for '{rule['prefix']}'"
    transitions = _transitions(rule)
    found = [
        f"{label} has {name} below 1, S3 counts whole days"
        for name in _DAYS
        if rule.get(name) is not None and rule[name] < 1
    ]
    if not transitions and not any(rule.get(name) for name in _DAYS):
        found.append(f"{label} does nothing")
    if len(f"{RULE_PREFIX} {rule['prefix']}") > _MAX_ID:
        found.append(f"{label} would have an ID of over {_MAX_ID} characters")
    return found + [f"{label} {problem}" for problem in _transition_problems(transitions, rule)]


def _transition_problems(transitions: Sequence[Mapping[str, Any]], rule: Mapping[str, Any]) -> list[str]:
    classes = [each["storage_class"] for each in transitions]
    days = [int(each["days"]) for each in transitions]
    found = [
        f"moves to {each['storage_class']} after {each['days']} days, S3 allows "
        f"{_MIN_DAYS.get(each['storage_class'], 0)} at least"
        for each in transitions
        if int(each["days"]) < _MIN_DAYS.get(each["storage_class"], 0)
    ]
    if len(set(classes)) < len(classes) or len(set(days)) < len(days):
        found.append("has a storage class or a number of days more than once in its transitions")
    elif classes != sorted(classes, key=STORAGE_CLASSES.index):
        found.append(f"moves from {' to '.join(classes)}, S3 moves only to a colder class: {STORAGE_CLASSES}")
    expiration = rule.get("expiration_days") or 0
    if expiration and days and expiration <= days[-1]:
        found.append(f"expires after {expiration} days, before it moves after {days[-1]}")
    return found


def _doubled_prefixes(rules: Sequence[Mapping[str, Any]]) -> list[str]:
    prefixes = [rule["prefix"] for rule in rules]
    return [
        f"there is more than one lifecycle rule for '{each}'"
        for each in sorted({prefix for prefix in prefixes if prefixes.count(prefix) > 1})
    ]


def _tag_problems(tags: Mapping[str, str]) -> list[str]:
    found = [
        f"the tag '{key}' begins with aws:, which is AWS's own" for key in tags if key.startswith("aws:")
    ]
    for key, value in tags.items():
        for part, text in (("key", key), ("value", value)):
            if len(text) > _MAX_TAG[part] or (part == "key" and not text):
                found.append(f"the {part} of the tag '{key[:40]}' must have 1 to {_MAX_TAG[part]} characters")
    return found
