# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What hosts cannot have together, and what two buckets must not share, without AWS."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent, Member
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.plan import plan_fleet
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.variables import intent_of

GIVEN: dict[str, Any] = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_given": True}


def member(host: str, bucket: str, chosen: bool = True, **given: Any) -> Member:
    given = {"region": "us-east-1", "ams_url": f"https://{host}:5443", **given}
    return Member(host, Intent(bucket=bucket, **given), chosen)


def of_variables(host: str, **given: Any) -> Member:
    values = {"bucket": "myvideos", "region": "us-east-1", **given}
    return Member(host, intent_of(values, host), chosen=True)


def problems(*members: Member) -> list[str]:
    found: list[str] = plan_fleet(members)["problems"]
    return found


BOTH: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"iam_user": "ams"}, {"iam_user": "ams"}, "s3_recording_iam_user is ams for the buckets 'one' (a)"),
    ({"iam_user": "ams"}, {"iam_user": "Ams"}, "the policy of one would replace that of the other"),
    ({}, {"iam_user": "one-recording"}, "s3_recording_iam_user is one-recording for the buckets"),
    ({"key_path": "/ams"}, {"key_path": "/ams"}, "s3_recording_key_path is ssm /ams for the buckets"),
    (
        {"key_path": "ams", "key_store": "secretsmanager"},
        {"key_path": "ams", "key_store": "secretsmanager"},
        "is secretsmanager ams for the buckets",
    ),
    (
        {"key_path": "/keys/ams", "key_store": "file"},
        {"key_path": "/keys/../keys/ams", "key_store": "file", "region": "eu-west-1"},
        "s3_recording_key_path is file /keys/ams for the buckets",
    ),
    (
        {"delivery": "cloudfront", "cloudfront_distribution": "E1"},
        {"delivery": "cloudfront", "cloudfront_distribution": "E1"},
        "s3_recording_cloudfront_distribution is E1 for the buckets",
    ),
]


@pytest.mark.parametrize(("first", "second", "said"), BOTH)
def test_two_buckets_with_one_name_are_refused(
    first: dict[str, Any], second: dict[str, Any], said: str
) -> None:
    """The second bucket took the user's permissions away from the first, without a word."""
    (problem,) = problems(member("a", "one", **first), member("b", "two", **second))
    assert said in problem
    assert "'two' (b)" in problem
    assert "give each bucket its own" in problem


def test_what_is_not_shared_is_no_problem() -> None:
    far: dict[str, Any] = {"region": "eu-west-1", "key_path": "/keys/ams"}
    near: dict[str, Any] = {"region": "us-east-1", "key_path": "/keys/ams"}
    assert problems(member("a", "one", **far), member("b", "two", **near)) == []
    # A key that is given is made by nobody here.
    assert (
        problems(member("a", "one", iam_user="x", **GIVEN), member("b", "two", iam_user="x", **GIVEN)) == []
    )
    assert problems(member("a", "one", iam_user="x"), member("b", "one", iam_user="x")) == []


def test_a_bucket_of_the_inventory_that_is_not_in_the_play_counts() -> None:
    chosen = member("a", "one", iam_user="ams")
    (problem,) = problems(chosen, member("b", "two", chosen=False, iam_user="ams"))
    assert "'two' (b)" in problem
    others = [
        member(host, bucket, chosen=False, iam_user="x") for host, bucket in (("b", "two"), ("c", "three"))
    ]
    assert problems(chosen, *others) == []


def test_default_users_of_long_names_do_not_collide() -> None:
    """Names that share 54 characters had one user."""
    names = [("v" * 54) + end for end in ("", "-eu", "-us")]
    users = [Intent(bucket=name).user_name for name in names]
    assert len(set(users)) == len(names)
    assert users[0] == f"{names[0]}-recording"
    assert max(len(each) for each in users) <= 64
    assert problems(*(member(f"h{at}", name) for at, name in enumerate(names))) == []


def test_hosts_of_a_bucket_must_agree() -> None:
    (problem,) = plan_fleet([of_variables("a"), of_variables("b", delivery="private")])["problems"]
    assert problem.startswith("s3_recording_delivery of bucket 'myvideos' is 'public' for a")


def test_two_applications_in_one_folder_are_refused() -> None:
    (problem,) = plan_fleet([of_variables("a", applications=["live", "LiveApp"])])["problems"]
    assert "LiveApp, live would share the folder 'streams'" in problem
    (problem,) = plan_fleet([of_variables("a"), of_variables("b", applications=["LiveApp"])])["problems"]
    assert "would share the folder" in problem


def test_a_folder_that_is_still_used_cannot_be_forgotten() -> None:
    given: dict[str, Any] = {"folder_per_application": True, "forget_folders": ["old", "LiveApp"]}
    hosts = [of_variables("a", **given), of_variables("b", applications=["LiveApp"], **given)]
    (problem,) = plan_fleet(hosts)["problems"]
    assert problem.startswith(
        "s3_recording_forget_folders: 'LiveApp' of bucket 'myvideos' is still used by b (for 'LiveApp/"
    )
    # A rule of a folder in a used one may be removed.
    for forgotten in (["old"], ["Live", "live/streams/old"]):
        assert plan_fleet([of_variables("a", **{**given, "forget_folders": forgotten})])["problems"] == []


def test_hosts_of_a_bucket_forget_the_same_folders() -> None:
    (problem,) = plan_fleet([of_variables("a", forget_folders=["old"]), of_variables("b")])["problems"]
    assert problem.startswith("s3_recording_forget_folders of bucket 'myvideos' is ('old',) for a")


@pytest.mark.parametrize("name", ["/old", "old/", "old/*", "old/${aws:username}", "../old", ""])
def test_a_name_that_is_no_folder_cannot_be_forgotten(name: str) -> None:
    (problem,) = plan_fleet([of_variables("a", forget_folders=[name])])["problems"]
    assert f"s3_recording_forget_folders: '{name}' must be a path such as" in problem


def test_an_address_for_all_hosts_is_refused() -> None:
    (problem,) = plan_fleet(
        [of_variables("a", ams_url="http://ams:5080"), of_variables("b", ams_url="http://ams:5080/")]
    )["problems"]
    assert problem.startswith("s3_recording_ams_url is http://ams:5080 for a, b")


def test_consoles_on_localhost_may_share_an_address_if_viewers_have_another() -> None:
    local = "http://127.0.0.1:5080"
    with_viewers = [
        of_variables("a", ams_url=local, viewer_url="https://a.example.com"),
        of_variables("b", ams_url=local, viewer_url="https://b.example.com"),
    ]
    assert plan_fleet(with_viewers)["problems"] == []
    assert (
        "s3_recording_viewer_url"
        in plan_fleet([of_variables("a", ams_url=local), of_variables("b", ams_url=local)])["problems"][0]
    )


def test_a_policy_that_iam_would_not_take_is_refused() -> None:
    apps = [f"application-{number}" for number in range(30)]
    (problem,) = plan_fleet([of_variables("a", applications=apps, folder_per_application=True)])["problems"]
    assert "the 60 folders of bucket 'myvideos'" in problem
    assert (
        plan_fleet([of_variables("a", applications=apps[:8], folder_per_application=True)])["problems"] == []
    )


def test_origins_of_a_large_fleet_are_one_rule_and_where_they_do_not_fit_a_pattern_is_offered() -> None:
    hosts = [f"ams-{number:04}.media.example.com" for number in range(1000)]
    many = plan_fleet([of_variables(host) for host in hosts[:800]])
    (rule,) = many["buckets"][0]["cors_rules"]
    assert len(rule["allowed_origins"]) == 800
    too_many = plan_fleet([of_variables(host) for host in hosts])
    (problem,) = too_many["problems"]
    assert "1000 origins of bucket 'myvideos' make a CORS rule of" in problem
    assert "https://*.media.example.com:5443 (s3_recording_cors_origins)" in problem
    offered = [of_variables(host, cors_origins=["https://*.media.example.com:5443"]) for host in hosts]
    assert plan_fleet(offered)["problems"] == []
