# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each change of the storage is one sentence that anybody understands."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import storage_changes

BUCKET = "myvideos"
ENFORCED = "BucketOwnerEnforced"
SWITCHES = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")
ALL_ON = dict.fromkeys(SWITCHES, True)
NO_POLICY_SWITCH = {**ALL_ON, "block_public_policy": False, "restrict_public_buckets": False}


def result(before: dict[str, Any], after: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"changed": True, "msg": "changes", "diff": {"before": before, "after": after}, **more}


DIRECT = ": links to the objects themselves will stop working"
ITS_OWN = ": links at its own address will stop working"


def texts(module: str, given: dict[str, Any], **options: Any) -> list[tuple[str, str, str]]:
    """Return the changes of one module."""
    found = storage_changes.changes(BUCKET, {module: options}, {module: given})
    return [(each["action"], each["what"], each["text"]) for each in found]


def statement(*folders: str, sid: str = "AntMediaRecordingsPublicRead", **more: Any) -> dict[str, Any]:
    resources = [f"arn:aws:s3:::{BUCKET}/{each}/*" for each in folders]
    return {"Sid": sid, "Effect": "Allow", "Principal": "*", "Resource": resources, **more}


def access(left: dict[str, Any], right: dict[str, Any], *, exists: bool = True, **now: Any) -> dict[str, Any]:
    settings = {"object_ownership": ENFORCED, "public_access_block": ALL_ON, "policy_statements": []}
    return result(left, right, bucket_exists=exists, **{**settings, **right, **now})


def opening(*folders: str, exists: bool = True) -> dict[str, Any]:
    statements = [statement(*folders)]
    off = {"block_public_policy": False, "restrict_public_buckets": False}
    return access(
        {"policy_statements": [], "public_access_block": dict.fromkeys(off, True)},
        {"policy_statements": statements, "public_access_block": off},
        exists=exists,
        public_access_block=NO_POLICY_SWITCH,
    )


def test_what_does_not_change_is_not_said() -> None:
    assert storage_changes.changes(BUCKET, {"s3_cors": {}}, {"s3_cors": {"changed": False}}) == []


def test_a_change_without_details_is_said_in_the_words_of_the_module() -> None:
    given = result(
        {}, {}, access_key_id="AKIA", deleted_access_key_ids=[], user_name="u", store="ssm", stored_at="/u"
    )
    assert texts("iam_stored_access_key", given) == [("change", "key", "changes")]


@pytest.mark.parametrize("exists", [True, False])
def test_what_becomes_public(exists: bool) -> None:
    assert texts("s3_bucket_access", opening("streams", "previews", exists=exists)) == [
        (
            "add",
            "public access",
            "everyone on the internet will be able to watch streams/ and previews/ of myvideos",
        )
    ]


def test_a_folder_that_is_added_is_named_alone() -> None:
    given = access(
        {"policy_statements": [statement("streams")]},
        {"policy_statements": [statement("streams", "previews")]},
        public_access_block=NO_POLICY_SWITCH,
    )
    (only,) = texts("s3_bucket_access", given)
    assert only[2] == "everyone on the internet will be able to watch previews/ of myvideos"


def test_what_is_public_no_longer() -> None:
    given = access(
        {"policy_statements": [statement("streams")], "public_access_block": NO_POLICY_SWITCH},
        {"policy_statements": [], "public_access_block": ALL_ON},
    )
    (only,) = texts("s3_bucket_access", given)
    assert only[0] == "remove"
    assert only[2] == f"everyone on the internet will no longer be able to watch streams/ of myvideos{DIRECT}"


def test_a_policy_that_is_held_back_opens_nothing() -> None:
    given = access({"policy_statements": []}, {"policy_statements": [statement("streams")]})
    assert texts("s3_bucket_access", given) == [("change", "public access", "changes")]


def test_acls_that_begin_to_count() -> None:
    acl_switches = {"block_public_acls": False, "ignore_public_acls": False}
    given = access(
        {"object_ownership": ENFORCED, "public_access_block": dict.fromkeys(acl_switches, True)},
        {"object_ownership": "ObjectWriter", "public_access_block": acl_switches},
        public_access_block={**ALL_ON, **acl_switches},
    )
    assert [each[:2] for each in texts("s3_bucket_access", given)] == [
        ("add", "public access"),
        ("change", "object ownership"),
    ]


def test_switches_that_close() -> None:
    given = access({"public_access_block": {"block_public_acls": False}}, {"public_access_block": ALL_ON})
    assert texts("s3_bucket_access", given) == [
        (
            "change",
            "Block Public Access",
            "BlockPublicAcls of Block Public Access of myvideos will be turned on",
        )
    ]


def test_cloudfront_and_https() -> None:
    cloudfront = statement(
        "streams", sid="AntMediaRecordingsCloudFront", Principal={"Service": "cloudfront.amazonaws.com"}
    )
    https = statement(sid="AntMediaRecordingsSecureTransport", Effect="Deny")
    https["Resource"] = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
    both = {"policy_statements": [cloudfront, https]}
    none: dict[str, Any] = {"policy_statements": []}
    assert texts("s3_bucket_access", access(none, both)) == [
        ("add", "bucket policy", "the CloudFront distribution will be able to read streams/ of myvideos"),
        ("add", "bucket policy", "myvideos will refuse requests by http for everything"),
    ]
    assert [each[0] for each in texts("s3_bucket_access", access(both, none))] == ["remove", "remove"]


def policy_changes(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[tuple[str, str]]:
    sides = [{"policy_statements": each} for each in (before, after)]
    found = texts("s3_bucket_access", access(*sides, public_access_block=NO_POLICY_SWITCH))
    return [(action, text) for action, _what, text in found]


def test_a_folder_that_is_forgotten_is_closed() -> None:
    assert policy_changes([statement("new", "old")], [statement("new")]) == [
        ("remove", f"everyone on the internet will no longer be able to watch old/ of myvideos{DIRECT}")
    ]


@pytest.mark.parametrize(
    ("sid", "opened", "closed"),
    [
        (
            "AntMediaRecordingsCloudFront",
            "the CloudFront distribution will be able to read new/ of myvideos",
            f"the CloudFront distribution will no longer be able to read old/ of myvideos{ITS_OWN}",
        ),
        (
            "AntMediaRecordingsSecureTransport",
            "myvideos will refuse requests by http for new/",
            "myvideos will allow requests by http for old/",
        ),
    ],
)
def test_only_the_folders_that_change_are_named(sid: str, opened: str, closed: str) -> None:
    def named(*folders: str, **more: Any) -> list[dict[str, Any]]:
        return [statement(*folders, sid=sid, **{"Effect": "Deny", **more})]

    assert policy_changes(named("old", "x"), named("old", "x", "new")) == [("change", opened)]
    assert policy_changes(named("old", "x"), named("x")) == [("remove", closed)]
    assert policy_changes(named("old", "x"), named("x", "new")) == [("change", opened), ("remove", closed)]
    # The same folders for another distribution.
    assert policy_changes(named("new"), named("new", Condition={"x": 1})) == [("change", opened)]


def test_what_a_previous_distribution_reads_is_no_change() -> None:
    front = "AntMediaRecordingsCloudFront"
    reads = {"Principal": {"Service": "cloudfront.amazonaws.com"}}
    before = [statement("old", "same", sid=front, **reads)]
    after = [statement("new", "same", sid=front, **reads), statement("old", sid=f"{front}E1", **reads)]
    text = "the CloudFront distribution will {} read {} of myvideos"
    assert policy_changes(before, after) == [("change", text.format("be able to", "new/"))]
    assert policy_changes(after, after[:1]) == [
        ("remove", text.format("no longer be able to", "old/") + ITS_OWN)
    ]


def test_http_that_is_refused_for_less_than_the_whole_bucket() -> None:
    https = statement("a", sid="AntMediaRecordingsSecureTransport", Effect="Deny")
    whole = {**https, "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]}
    assert policy_changes([whole], [https]) == [("change", "myvideos will refuse requests by http for a/")]


def test_a_bucket_that_is_made_is_one_change() -> None:
    given = result({"exists": False}, {"exists": True, "versioning": "Enabled"}, existed=False)
    assert texts("s3_recording_bucket", given) == [("add", "bucket", "bucket myvideos will be created")]


def test_settings_of_a_bucket() -> None:
    rule = {"Filter": {"Prefix": "streams/"}, "Expiration": {"Days": 30}}
    moving = {
        "Prefix": "previews/",
        "Expiration": {"Days": 30},
        "Transitions": [{"Days": 40, "StorageClass": "GLACIER"}],
    }
    rules = "delete objects after 30 days and move objects to GLACIER after 40 days"
    before = {"exists": True, "versioning": "", "lifecycle_rules": [], "tags": {"a": "1", "b": "1"}}
    after = {
        "exists": True,
        "versioning": "Enabled",
        "lifecycle_rules": [rule, moving],
        "tags": {"a": "1", "b": "2"},
    }
    assert texts("s3_recording_bucket", result(before, after, existed=True)) == [
        ("add", "versioning", "versioning of myvideos will be turned on"),
        (
            "add",
            "lifecycle rules",
            f"streams/ and previews/ of myvideos will have lifecycle rules that {rules}",
        ),
        ("change", "tags", "the tags b of myvideos will be written"),
    ]
    (removed,) = texts(
        "s3_recording_bucket",
        result({"lifecycle_rules": [rule]}, {"lifecycle_rules": []}, existed=True),
    )
    assert removed[0] == "remove"


def test_only_the_lifecycle_rules_that_change_are_named() -> None:
    old, new, stays = ({"Filter": {"Prefix": f"{each}/"}, "Expiration": {"Days": 3}} for each in "abc")
    given = result({"lifecycle_rules": [stays, old]}, {"lifecycle_rules": [stays, new]}, existed=True)
    assert texts("s3_recording_bucket", given) == [
        (
            "change",
            "lifecycle rules",
            "b/ of myvideos will have lifecycle rules that delete objects after 3 days",
        ),
        ("remove", "lifecycle rules", "the lifecycle rules of a/ will be removed from myvideos"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "action"),
    [([], ["https://a"], "add"), (["https://b"], ["https://a"], "change")],
)
def test_a_cors_rule(before: list[str], after: list[str], action: str) -> None:
    sides = [
        {"cors_rules": [{"id": "ours", "allowed_origins": origins}] if origins else []}
        for origins in (before, after)
    ]
    text = "pages of https://a will be able to play recordings of myvideos (the CORS rule ours)"
    assert texts("s3_cors", result(*sides)) == [(action, "CORS rule", text)]


def test_the_origins_of_a_thousand_servers_are_one_line() -> None:
    rule = {"id": "ours", "allowed_origins": [f"https://{number}" for number in range(1000)]}
    (only,) = texts("s3_cors", result({"cors_rules": []}, {"cors_rules": [rule]}))
    assert "https://0, https://1, https://2 and 997 more" in only[2]


def test_a_new_user_and_its_policies() -> None:
    after = {
        "console_access": False,
        "policy": {"Statement": []},
        "managed_policies": ["arn:aws:iam::aws:policy/AmazonS3FullAccess"],
        "permissions_boundary": "arn:aws:iam::1:policy/limit",
        "tags": {"managed-by": "antmedia.s3_recording"},
    }
    given = result({}, after, user_name="u")
    assert texts("iam_programmatic_user", given, policy_name="recordings") == [
        (
            "add",
            "user",
            "IAM user u will be created with the permissions boundary arn:aws:iam::1:policy/limit",
        ),
        ("add", "policy", "the policy recordings of IAM user u will be added"),
        ("add", "policy", "IAM user u will have the policy AmazonS3FullAccess"),
    ]


def test_a_user_that_exists() -> None:
    before = {"console_access": True, "policy": {"Statement": [1]}, "tags": {}}
    after = {"console_access": False, "policy": {"Statement": [2]}, "tags": {"managed-by": "us"}}
    given = result(before, after, user_name="u")
    assert texts("iam_programmatic_user", given, policy_name="recordings") == [
        ("change", "policy", "the policy recordings of IAM user u will be changed"),
        ("change", "user", "IAM user u will no longer be able to log in to the console"),
        ("change", "user", "the tags managed-by of IAM user u will be written"),
    ]


def test_a_key_that_replaces_another() -> None:
    given = result(
        {"stored_access_key_id": "OLD", "inactive_access_key_ids": []},
        {"stored_access_key_id": "(a new key)", "inactive_access_key_ids": ["OLDER"]},
        access_key_id=None,
        deleted_access_key_ids=["OLD"],
        user_name="u",
        store="ssm",
        stored_at="/u",
    )
    assert texts("iam_stored_access_key", given) == [
        ("change", "key", "IAM user u will get an access key, stored in ssm /u"),
        ("remove", "key", "access key OLD of IAM user u will be deleted"),
        ("change", "key", "access key OLDER of IAM user u will be made inactive"),
    ]


def test_a_distribution() -> None:
    given = result({"exists": False}, {"exists": True}, distribution_id=None, steps=[])
    assert texts("cloudfront_recording_distribution", given)[0][:2] == ("add", "distribution")
    given = result(
        {"exists": True}, {"exists": True}, distribution_id="E1", steps=["enable the distribution"]
    )
    (only,) = texts("cloudfront_recording_distribution", given)
    assert only[2] == "distribution E1 of myvideos will be changed: enable the distribution"


SAME: dict[str, dict[str, Any]] = {
    "s3_recording_bucket": {"changed": False},
    "cloudfront_recording_distribution": {"changed": False, "status": "Deployed"},
    "s3_bucket_access": {"changed": False, "bucket_exists": True},
    "iam_programmatic_user": {"changed": False},
    "iam_stored_access_key": {"changed": False},
}


@pytest.mark.parametrize(
    ("module", "found", "run"),
    [
        ("s3_recording_bucket", {"changed": True}, ["s3_recording_bucket"]),
        # What is not everywhere yet is waited for.
        (
            "cloudfront_recording_distribution",
            {"status": "InProgress"},
            ["cloudfront_recording_distribution"],
        ),
        ("s3_bucket_access", {"bucket_exists": False}, ["s3_bucket_access"]),
        # The key is of use when AWS applies its policy.
        ("iam_programmatic_user", {"changed": True}, ["iam_programmatic_user", "iam_stored_access_key"]),
        ("s3_recording_bucket", {}, []),
    ],
)
def test_which_modules_run(module: str, found: dict[str, Any], run: list[str]) -> None:
    assert storage_changes.to_run({**SAME, module: {**SAME[module], **found}}) == run


def moved_key(**previous: Any) -> dict[str, Any]:
    place = {"store": "secretsmanager", "stored_at": "/new", "user_name": "u", "deleted_access_key_ids": []}
    left = {"where": "SSM parameter /old", "copied": False, "not_copied": "", "deleted": False, "left": False}
    return {**place, "previous_store": {**left, **previous}}


def test_a_key_that_moves_to_another_key_store() -> None:
    given = result({"stored_in": ["a"]}, {"stored_in": ["b"]}, **moved_key(copied=True, deleted=True))
    since = "since secretsmanager /new has the access key of IAM user u"
    assert [each[::2] for each in texts("iam_stored_access_key", given)] == [
        (
            "change",
            "the access key of IAM user u will be copied from SSM parameter /old to secretsmanager /new",
        ),
        ("remove", f"SSM parameter /old will be deleted at the end, {since}"),
    ]


def test_a_key_that_cannot_be_copied() -> None:
    given = result(
        {"stored_access_key_id": None},
        {"stored_access_key_id": "(a new key)"},
        **moved_key(not_copied="the key A cannot be copied"),
    )
    (only,) = texts("iam_stored_access_key", given)
    assert only[2] == (
        "IAM user u will get an access key, stored in secretsmanager /new: the key A cannot be copied"
    )
