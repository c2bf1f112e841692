# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import s3_cors_plan as cors
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from hypothesis import given
from hypothesis import strategies as st

IDS = st.sampled_from(["a", "b", "c", "d"])
RULES = st.fixed_dictionaries(
    {
        "id": IDS,
        "allowed_origins": st.lists(
            st.sampled_from(["https://a", "https://b", "*"]), min_size=1, unique=True
        ),
        "allowed_methods": st.lists(st.sampled_from(cors.METHODS), min_size=1, unique=True),
        "allowed_headers": st.lists(st.sampled_from(["Range", "range", "*"]), unique=True),
        "expose_headers": st.lists(st.sampled_from(["ETag", "Content-Length"]), unique=True),
        "max_age_seconds": st.none() | st.integers(0, 3),
    }
)
DISTINCT = st.lists(RULES, max_size=4, unique_by=lambda rule: rule["id"])


def rule(name: str | None = "a", **other: Any) -> cors.Rule:
    return cors.given([{"id": name, "allowed_origins": ["https://a"], "allowed_methods": ["GET"], **other}])[
        0
    ]


@given(current=st.lists(RULES, max_size=6), wanted=DISTINCT, purge=st.booleans())
def test_merging_twice_is_merging_once(
    current: list[cors.Rule], wanted: list[cors.Rule], purge: bool
) -> None:
    once = cors.merged(current, wanted, purge)
    assert cors.merged(once, wanted, purge) == once


@given(current=DISTINCT, wanted=DISTINCT)
def test_merging_leaves_foreign_rules_where_they_are(
    current: list[cors.Rule], wanted: list[cors.Rule]
) -> None:
    ours = {each["id"] for each in wanted}
    result = cors.merged(current, wanted, purge=False)
    assert [each for each in result if each["id"] not in ours] == [
        each for each in current if each["id"] not in ours
    ]
    assert [each["id"] for each in result[: len(current)]] == [each["id"] for each in current]
    by_id = {each["id"]: cors.meaning(each) for each in result}
    assert all(by_id[each["id"]] == cors.meaning(each) for each in wanted)


@given(current=st.lists(RULES, max_size=6), wanted=DISTINCT)
def test_purging_leaves_what_is_wanted_in_its_order(
    current: list[cors.Rule], wanted: list[cors.Rule]
) -> None:
    assert cors.same(cors.merged(current, wanted, purge=True), wanted)


@given(current=st.lists(RULES, max_size=6), wanted=DISTINCT)
def test_removing_what_was_merged_leaves_the_foreign_rules(
    current: list[cors.Rule], wanted: list[cors.Rule]
) -> None:
    ids = [each["id"] for each in wanted]
    merged = cors.merged(current, wanted, purge=False)
    assert cors.without(merged, ids, purge=False) == cors.without(current, ids, purge=False)


@given(rules=st.lists(RULES, max_size=6))
def test_aws_form_and_back(rules: list[cors.Rule]) -> None:
    assert cors.from_aws(cors.to_aws(rules)) == rules


@given(before=st.lists(RULES, max_size=5), after=st.lists(RULES, max_size=5))
def test_the_difference_is_empty_only_if_nothing_changes(
    before: list[cors.Rule], after: list[cors.Rule]
) -> None:
    assert (cors.difference(before, after) == ([], [])) == cors.same(before, after)


def test_order_and_case_inside_a_rule_do_not_count() -> None:
    one = rule(allowed_headers=["Range", "ETag"], allowed_methods=["GET", "HEAD"])
    other = rule(allowed_headers=["etag", "range"], allowed_methods=["HEAD", "GET"])
    assert cors.same([one], [other])
    assert cors.merged([one], [other], purge=False) == [one]


def test_case_of_origins_counts() -> None:
    assert not cors.same([rule(allowed_origins=["https://A"])], [rule(allowed_origins=["https://a"])])


def test_order_of_rules_counts() -> None:
    assert not cors.same([rule("a"), rule("b")], [rule("b"), rule("a")])


def test_no_max_age_is_not_zero() -> None:
    assert not cors.same([rule(max_age_seconds=0)], [rule()])


def test_missing_is_the_same_as_empty() -> None:
    assert cors.given([{"id": "a", "expose_headers": None}]) == cors.given(
        [{"id": "a", "expose_headers": []}]
    )


def test_a_rule_without_id_keeps_the_one_that_the_bucket_has() -> None:
    current = [rule("from-the-store")]
    assert cors.merged(current, [rule(None)], purge=True) == current


def test_an_id_that_is_there_twice_is_there_once_after() -> None:
    changed = rule("a", max_age_seconds=1)
    assert cors.merged([rule("a"), rule("b"), rule("a")], [changed], purge=False) == [changed, rule("b")]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"allowed_origins": ["https://*.*"]}, "more than one * in 'https://*.*' (allowed_origins)"),
        ({"allowed_headers": ["x-*-*"]}, "more than one * in 'x-*-*' (allowed_headers)"),
        ({"expose_headers": ["*"]}, "a * in '*' (expose_headers)"),
        ({"allowed_origins": []}, "needs allowed_origins"),
        ({"allowed_methods": []}, "needs allowed_methods"),
        ({"allowed_methods": ["OPTIONS"]}, "the method 'OPTIONS'"),
        ({"allowed_headers": [""]}, "an empty value in allowed_headers"),
        ({"id": "x" * 256}, "an ID longer than 255 characters"),
        ({"id": None}, "no id"),
        ({"max_age_seconds": -1}, "max_age_seconds below 0"),
    ],
)
def test_what_s3_would_refuse_is_named(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(AwsError) as failed:
        cors.check("b", [{**rule(), **wrong}], present=True, purge=False)
    assert said in str(failed.value)
    assert "bucket b" in str(failed.value)


def test_doubled_ids_are_refused() -> None:
    with pytest.raises(AwsError, match="'a' is listed more than once"):
        cors.check("b", [rule("a"), rule("a")], present=True, purge=True)


def test_absent_needs_ids_alone() -> None:
    cors.check("b", cors.given([{"id": "a"}]), present=False, purge=False)
    cors.check("b", [], present=False, purge=True)
    with pytest.raises(AwsError, match="ids of the rules to remove"):
        cors.check("b", [], present=False, purge=False)


def test_limits_count_foreign_rules_too() -> None:
    cors.check_limits("b", [rule(str(number)) for number in range(100)])
    with pytest.raises(AwsError, match="101 rules"):
        cors.check_limits("b", [rule(str(number)) for number in range(101)])
    long = [
        rule(str(at), allowed_origins=[f"https://{at}-{number:0>600}" for number in range(3)])
        for at in range(40)
    ]
    with pytest.raises(AwsError, match="bytes of rules"):
        cors.check_limits("b", long)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([], [rule("a")], "b has 1 CORS rule: added a"),
        ([rule("a")], [], "b has no CORS rules: removed a"),
        ([rule("a")], [rule("a")], "b has 1 CORS rule, no change needed"),
        ([rule("a"), rule("c")], [rule("a", max_age_seconds=1), rule("c")], "b has 2 CORS rules: changed a"),
    ],
)
def test_summary(before: list[cors.Rule], after: list[cors.Rule], said: str) -> None:
    assert cors.summary("b", before, after) == said


def test_the_size_is_that_of_what_botocore_sends() -> None:
    import boto3

    sent: list[bytes] = []
    rules = [rule("ä&<", allowed_headers=["*"], expose_headers=["ETag"], max_age_seconds=5), rule(None)]
    s3: Any = boto3.session.Session("key", "secret", region_name="eu-west-1").client("s3")

    def stop(request: Any, **_event: Any) -> None:
        sent.append(bytes(request.body))
        raise InterruptedError

    s3.meta.events.register("before-send.s3.PutBucketCors", stop)
    with pytest.raises(InterruptedError):
        s3.put_bucket_cors(Bucket="b", CORSConfiguration={"CORSRules": cors.to_aws(rules)})
    assert cors.size_of(rules) == len(sent[0])


def test_a_rule_that_is_too_large_is_offered_as_few_patterns() -> None:
    def origins(*places: str) -> list[str]:
        return [f"https://{'h' * 40}-{number:03}.{place}" for place in places for number in range(700)]

    def offered(allowed: list[str]) -> list[str]:
        return cors.patterns_for(rule("a", allowed_origins=allowed))

    assert offered(origins("a.example.com", "b.example.com:8443")) == [
        "https://*.a.example.com",
        "https://*.b.example.com:8443",
    ]
    # A label more where each host has a domain of its own.
    own_domains = [f"https://ams.{'h' * 40}-{number:04}.example.com" for number in range(1400)]
    assert offered(own_domains) == ["https://*.example.com"]
    # Neither a whole top level domain nor the beginning of addresses in digits is ever offered.
    assert offered([f"https://{'h' * 60}{number:04}.com" for number in range(1400)]) == []
    assert offered([f"https://10.{a}.{b}.1:5443" for a in range(50) for b in range(50)]) == []
    kept = "https://*.kept.example.org"
    assert kept in offered([*origins("a.example.com", "b.example.com"), kept])


def test_the_error_of_a_rule_that_is_too_large_offers_a_pattern() -> None:
    large = rule("a", allowed_origins=[f"https://{number:0>50}.example.com" for number in range(1400)])
    with pytest.raises(AwsError, match=r"which may be more than these: https://\*\.example\.com"):
        cors.check_limits("b", [large])
