# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the intent to what AWS and AMS have to be told, and what cannot work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup_file import unverified_path
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.addresses import origin_of
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.ams_settings import app_settings
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.aws_settings import (
    concrete_origin,
    cors_rules,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.key_policy import key_policy
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent, Member
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.plan import plan_fleet
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.validation import problems_of
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.variables import (
    IntentError,
    intent_of,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.warnings import warnings_of
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.app_settings import fill_in_domain

GUIDE = Intent(bucket="myvideos", region="us-east-1", ams_url="https://ams1.example.com:5443")


def test_the_guides_settings() -> None:
    assert app_settings(GUIDE, "live") == {
        "mp4MuxingEnabled": True,
        "s3RecordingEnabled": True,
        "s3BucketName": "myvideos",
        "s3RegionName": "us-east-1",
        "s3Endpoint": "",
        "s3Permission": "bucket-owner-full-control",
        "s3StreamsFolderPath": "streams",
        "s3PreviewsFolderPath": "previews",
        "uploadExtensionsToS3": 7,
        "httpForwardingExtension": "mp4",
        "httpForwardingBaseURL": "https://myvideos.s3.us-east-1.amazonaws.com",
    }


def test_private_delivery_forwards_nothing() -> None:
    settings = app_settings(replace(GUIDE, delivery="private"), "live")
    assert (settings["httpForwardingExtension"], settings["httpForwardingBaseURL"]) == ("", "")
    assert settings["s3Permission"] == "bucket-owner-full-control"


def test_acl_delivery_asks_for_a_public_acl() -> None:
    assert app_settings(replace(GUIDE, delivery="acl"), "live")["s3Permission"] == "public-read"


def test_a_folder_for_each_application_moves_key_and_base_url_together() -> None:
    settings = app_settings(replace(GUIDE, folder_per_application=True, prefix="eu"), "LiveApp")
    assert settings["s3StreamsFolderPath"] == "eu/LiveApp/streams"
    assert settings["s3PreviewsFolderPath"] == "eu/LiveApp/previews"
    assert settings["httpForwardingBaseURL"].endswith(".amazonaws.com/eu/LiveApp")


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "https://myvideos.s3.us-east-1.amazonaws.com"),
        ({"region": "cn-north-1"}, "https://myvideos.s3.cn-north-1.amazonaws.com.cn"),
        ({"region": "us-gov-west-1"}, "https://myvideos.s3.us-gov-west-1.amazonaws.com"),
        ({"endpoint": "http://127.0.0.1:9000"}, "http://127.0.0.1:9000/myvideos"),
        (
            {"endpoint": "https://ams3.digitaloceanspaces.com/", "path_style": False},
            "https://myvideos.ams3.digitaloceanspaces.com",
        ),
    ],
)
def test_the_address_of_the_bucket(changes: dict[str, Any], url: str) -> None:
    assert replace(GUIDE, **changes).bucket_url() == url


def test_path_style_is_only_asked_for_where_it_is_needed() -> None:
    assert "s3PathStyleAccessEnabled" not in app_settings(GUIDE, "live")
    assert app_settings(replace(GUIDE, endpoint="http://h:1"), "live")["s3PathStyleAccessEnabled"] is True


def test_the_keys_policy_is_least_and_of_the_partition() -> None:
    policy = key_policy(replace(GUIDE, region="cn-north-1"), ["streams", "previews"])
    listing, writing = policy["Statement"]
    assert listing["Resource"] == "arn:aws-cn:s3:::myvideos"
    assert "Condition" not in listing
    assert writing["Resource"] == [
        "arn:aws-cn:s3:::myvideos/previews/*",
        "arn:aws-cn:s3:::myvideos/streams/*",
    ]
    assert "s3:DeleteObject" not in writing["Action"]
    deleting = key_policy(replace(GUIDE, allow_delete=True), ["streams"])
    assert "s3:DeleteObject" in deleting["Statement"][1]["Action"]


def test_a_key_limited_to_endings_says_what_it_costs() -> None:
    limited = replace(GUIDE, upload=("mp4", "previews"), key_file_extensions=("mp4", "png"))
    assert problems_of(limited) == []
    assert key_policy(limited, ["streams"])["Statement"][1]["Resource"] == [
        "arn:aws:s3:::myvideos/streams/*.mp4",
        "arn:aws:s3:::myvideos/streams/*.png",
    ]
    (warning,) = warnings_of(limited)
    assert "is never uploaded" in warning


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Ams1.Example.com:5443/live/", "https://ams1.example.com:5443"),
        ("https://ams1.example.com:443", "https://ams1.example.com"),
        ("http://ams1.example.com:80", "http://ams1.example.com"),
        ("http://[::1]:5080", "http://[::1]:5080"),
    ],
)
def test_the_origin_is_what_a_browser_sends(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_the_guides_cors_rule_with_the_servers_origins() -> None:
    (rule,) = cors_rules(GUIDE, ["https://b", "https://a"])
    assert rule["allowed_origins"] == ["https://a", "https://b"]
    assert set(rule["allowed_methods"]) == {"GET", "HEAD", "PUT", "POST", "DELETE"}
    assert rule["allowed_headers"] == ["*"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bucket": ""}, "s3_recording_bucket is not set"),
        ({"bucket": "My_Videos"}, "not a name that S3 allows"),
        ({"bucket": "my.videos"}, "has dots"),
        ({"region": ""}, "s3_recording_region is not set"),
        ({"region": "us-esat-1"}, "does not know 'us-esat-1'"),
        ({"delivery": "pubic"}, "'pubic' must be one of"),
        ({"applications": ()}, "s3_recording_applications is empty"),
        ({"applications": ("live", "live")}, "more than once"),
        ({"prefix": "a b"}, "must be a path"),
        ({"upload": ("mp5",)}, "must be one of mp4, hls, previews"),
        ({"forwarding_extensions": (".mp4",)}, "without dots, blanks and commas"),
        ({"forwarding_extensions": ("mp4", " m3u8")}, "without dots, blanks and commas"),
        ({"forwarding_extensions": ()}, "is empty"),
        (
            {"key_file_extensions": ("mp4", "png", "ts")},
            "m3u8 is missing, and files that the key may not upload",
        ),
        ({"key_file_extensions": ("m3u8", "ts"), "upload": ("hls",)}, "mp4 is missing"),
        ({"key_file_extensions": (".mp4",)}, "in small letters and without dots"),
        ({"key_file_extensions": ("*",)}, "in small letters and without dots"),
        ({"key_file_extensions": ("mp4",), "attach_s3_full_access": True}, "has no effect with"),
        (
            {"key_file_extensions": ("mp4",), "access_key_id": "A", "secret_given": True},
            "has no effect with s3_recording_access_key_id",
        ),
        ({"prefix": "a/../b"}, "no .. (AMS does not forward to it)"),
        ({"prefix": "."}, "no part that is a dot"),
        ({"prefix": "a/./b"}, "no part that is a dot"),
        ({"prefix": "a*"}, "no * (a wildcard in the key's policy)"),
        ({"prefix": "*/*"}, "no * (a wildcard in the key's policy)"),
        ({"prefix": "a?b"}, "s3_recording_prefix"),
        ({"prefix": "${aws:username}"}, "s3_recording_prefix"),
        ({"encryption_key_id": "*"}, "s3_recording_encryption_key_id: '*' must not contain * ? $"),
        ({"encryption_key_id": "alias/${aws:username}"}, "s3_recording_encryption_key_id"),
        (
            {"encryption_key_id": "arn:aws:kms:us-east-1:123456789012:key/?"},
            "make it a pattern in the key's policy",
        ),
        (
            {"region": "*", "endpoint": "https://s3.example.com"},
            "s3_recording_region: '*' must not contain * ? $",
        ),
        ({"base_url": "https://cdn.example.com/my videos"}, "contains spaces"),
        ({"base_url": "cdn.example.com"}, "has no scheme: write https://cdn.example.com (or http)"),
        ({"ams_url": "https://h:99999"}, "has the port '99999'"),
        ({"cors_origins": ("https://h/path",)}, "is not an origin"),
        ({"cors_origins": ("https://*.x.*",)}, "has more than one *"),
        ({"cors_origins": ("https://Ams.example.com:443",)}, "they send 'https://ams.example.com'"),
        ({"key_store": "vault"}, "must be one of ssm, secretsmanager, file"),
        ({"key_store": "file"}, "needs the whole path of a file"),
        ({"iam_user": "a b"}, "not a name that IAM allows"),
        ({"key_store": "file", "key_path": "keys/b.json"}, "needs the whole path of a file"),
        ({"key_store_previous": "ssm"}, "name ssm /antmedia/s3_recording/"),
        ({"key_path": "/k", "key_path_previous": "/k"}, "name ssm /k, where the access key is to be"),
        ({"key_store_previous": "vault"}, "s3_recording_key_store_previous: 'vault' must be one of"),
        (
            {"key_store_previous": "file"},
            "s3_recording_key_path_previous: the key store 'file' needs",
        ),
        ({"iam_user_previous": "old"}, "has the access key of old, which the servers need"),
        (
            {"iam_user": "Me", "iam_user_previous": "me", "key_path": "/k"},
            "s3_recording_iam_user_previous: me is the user that the bucket is to have",
        ),
        ({"access_key_id": "AKIA1"}, "go together"),
        ({"secret_given": True}, "go together"),
        ({"applications": ("*",)}, "cannot be names of applications"),
        ({"ams_url": "https://me:hush@ams:5443"}, "has a user or a password in it"),
        ({"settings": {"s3BucketName": "other"}}, "follows from other variables"),
        ({"settings": {"s3SecretKey": "other"}}, "follows from other variables"),
    ],
)
def test_what_cannot_work_is_refused(changes: dict[str, Any], said: str) -> None:
    assert any(said in problem for problem in problems_of(replace(GUIDE, **changes)))


def test_the_guide_has_no_problem_and_no_warning() -> None:
    assert problems_of(GUIDE) == []
    assert warnings_of(GUIDE) == []


def test_dots_are_fine_with_a_cdn_and_an_endpoint() -> None:
    assert problems_of(replace(GUIDE, bucket="my.videos", base_url="https://cdn.example.com")) == []
    assert problems_of(replace(GUIDE, bucket="my.videos", endpoint="https://s3.example.com")) == []


def member(host: str, chosen: bool = True, **inputs: Any) -> Member:
    values = {"bucket": "myvideos", "region": "us-east-1", **inputs}
    return Member(host, intent_of(values, host), chosen)


def test_origins_and_folders_come_from_the_whole_inventory() -> None:
    result = plan_fleet(
        [
            member("a", folder_per_application=True),
            member("b", chosen=False, folder_per_application=True, applications=["LiveApp"]),
        ]
    )
    (bucket,) = result["buckets"]
    assert bucket["folders"] == ["LiveApp/previews", "LiveApp/streams", "live/previews", "live/streams"]
    assert bucket["cors_rules"][0]["allowed_origins"] == ["https://a:5443", "https://b:5443"]
    assert list(result["hosts"]) == ["a"]


def test_a_host_without_a_bucket_has_one_problem() -> None:
    """It may be no server at all."""
    (problem,) = problems_of(Intent(bucket=""))
    assert problem.startswith("s3_recording_bucket is not set")


def test_a_bucket_for_each_group() -> None:
    result = plan_fleet([member("a"), member("b", bucket="other"), member("c", chosen=False, bucket="third")])
    assert [bucket["bucket"] for bucket in result["buckets"]] == ["myvideos", "other"]
    assert result["hosts"]["b"]["apps"][0]["settings"]["s3BucketName"] == "other"


@pytest.mark.parametrize(
    ("delivery", "closed"), [("public", False), ("acl", False), ("private", True), ("cloudfront", True)]
)
def test_the_check_is_told_whether_recordings_are_closed(delivery: str, closed: bool) -> None:
    """Without forwarding a public bucket is still public."""
    for forwarding in (True, False):
        (host,) = plan_fleet([member("a", delivery=delivery, forwarding=forwarding)])["hosts"].values()
        assert host["closed"] is closed


def test_every_problem_is_named_at_once() -> None:
    result = plan_fleet([member("a", region="moon-1"), member("b", bucket="X")])
    assert len(result["problems"]) == 2
    assert result["problems"][0].startswith("a: ")
    assert (result["buckets"], result["hosts"]) == ([], {})


def test_a_problem_of_many_hosts_is_said_once() -> None:
    (problem,) = plan_fleet([member(f"h{number}", region="moon-1") for number in range(9)])["problems"]
    assert problem.startswith("h0, h1, h2 and 6 more: s3_recording_region")


def test_an_empty_value_counts_as_not_given() -> None:
    assert (
        intent_of({"bucket": "b12", "delivery": "", "upload": "", "path_style": ""}, "h").effective_delivery
        == "public"
    )


def options_of(**given: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    (bucket,) = plan_fleet([member("h", **given)])["buckets"]
    return bucket["tasks"]["s3_recording_bucket"], bucket["tasks"]["s3_bucket_access"]


def test_folders_of_previous_recordings_stay_until_they_are_named() -> None:
    for options in options_of():
        assert options["other_folders"] == "keep"
        assert not options.get("forget_folders")
    for options in options_of(forget_folders=("old",)):
        assert options["forget_folders"] == ["old"]


def test_rules_that_are_no_longer_given_are_removed_from_the_folders_that_are_used() -> None:
    bucket, access = options_of(abort_uploads_days=0, forget_folders=("old",))
    assert bucket["lifecycle_rules"] == []
    assert bucket["forget_folders"] == ["old", "previews", "streams"]
    assert access["forget_folders"] == ["old"]


def test_a_provider_without_lifecycle_rules_is_not_asked_to_keep_them() -> None:
    given = {"endpoint": "https://s3.example.com", "provider": "other", "access_key_id": "A"}
    bucket, access = options_of(**given, secret_given=True)
    assert "other_folders" not in bucket
    assert access["other_folders"] == "keep"


@pytest.mark.parametrize(
    ("deliveries", "opens"),
    [(("",), False), (("public",), True), (("", "public"), True), (("private",), True)],
)
def test_what_is_there_is_opened_only_where_a_delivery_is_given(
    deliveries: tuple[str, ...], opens: bool
) -> None:
    members = [member(f"h{number}", delivery=each) for number, each in enumerate(deliveries)]
    (bucket,) = plan_fleet(members)["buckets"]
    assert bucket["tasks"]["s3_bucket_access"]["open_existing"] is opens
    assert bucket["tasks"]["s3_bucket_access"]["delivery"] == (deliveries[-1] or "public")


@pytest.mark.parametrize(
    ("given", "https_for"),
    [
        ({}, "auto"),
        ({"secure_transport_only": True}, "bucket"),
        ({"secure_transport_only": False}, "nothing"),
        ({"endpoint": "https://s3.dualstack.eu-central-1.amazonaws.com"}, "auto"),
        ({"endpoint": "http://s3.eu-central-1.amazonaws.com"}, "nothing"),
        ({"aws_endpoint_url": "http://127.0.0.1:1"}, "nothing"),
        ({"base_url": "http://myvideos.s3-website.eu-central-1.amazonaws.com"}, "nothing"),
        # A CDN that viewers reach by https may ask the bucket by http.
        ({"base_url": "https://cdn.example.com"}, "nothing"),
        ({"base_url": "https://cdn.example.com", "delivery": "private", "forwarding": True}, "nothing"),
        ({"base_url": "https://cdn.example.com", "secure_transport_only": True}, "bucket"),
        ({"delivery": "cloudfront", "cloudfront_distribution": "E1"}, "nothing"),
        ({"delivery": "cloudfront"}, "auto"),
        ({"base_url": "https://myvideos.s3.us-east-1.amazonaws.com/"}, "auto"),
        ({"base_url": "http://myvideos.s3.us-east-1.amazonaws.com"}, "nothing"),
        (
            {
                "endpoint": "https://minio:9000",
                "provider": "minio",
                "access_key_id": "A",
                "secret_given": True,
            },
            "nothing",
        ),
    ],
)
def test_where_https_alone_is_the_default(given: dict[str, Any], https_for: str) -> None:
    (bucket,) = plan_fleet([member("a", **given)])["buckets"]
    assert bucket["tasks"]["s3_bucket_access"]["secure_transport_only"] == https_for


@pytest.mark.parametrize(
    ("given", "is_required"),
    [
        ({"cloudfront_distribution": "E1", "secure_transport_only": True}, True),
        ({"cloudfront_distribution": "E1", "secure_transport_only": False}, None),
        ({"cloudfront_distribution": "E1"}, None),
        ({"secure_transport_only": True}, None),
    ],
)
def test_a_given_distribution_has_to_come_by_https_where_the_bucket_refuses_http(
    given: dict[str, Any], is_required: bool | None
) -> None:
    (bucket,) = plan_fleet([member("a", delivery="cloudfront", **given)])["buckets"]
    assert bucket["tasks"]["cloudfront_recording_distribution"].get("require_https") is is_required


@pytest.mark.parametrize("base_url", ["http://cdn.example.com", "https://cdn.example.com"])
def test_a_cdn_of_one_host_keeps_http_of_the_bucket(base_url: str) -> None:
    (bucket,) = plan_fleet([member("a"), member("b", base_url=base_url)])["buckets"]
    assert bucket["tasks"]["s3_bucket_access"]["secure_transport_only"] == "nothing"


@pytest.mark.parametrize(
    ("name", "value"), [("mp4", "perhaps"), ("applications", {"a": 1}), ("settings", "x"), ("region", ["x"])]
)
def test_a_value_of_the_wrong_type_is_named(name: str, value: Any) -> None:
    with pytest.raises(IntentError, match=f"s3_recording_{name}: must be"):
        intent_of({"bucket": "b12", name: value}, "h")


def test_text_from_a_survey_is_understood() -> None:
    intent = intent_of({"bucket": "b12", "applications": "live, LiveApp", "mp4": "False"}, "h")
    assert (intent.applications, intent.mp4) == (("live", "LiveApp"), False)


@pytest.mark.parametrize("written", ['["live", "LiveApp"]', "['live', 'LiveApp']"])
def test_a_list_as_text_is_read_as_one(written: str) -> None:
    """ansible-core made a list of it until 2.18, and leaves the text since."""
    assert intent_of({"bucket": "b12", "applications": written}, "h").applications == ("live", "LiveApp")


@pytest.mark.parametrize(
    ("name", "kind", "example"),
    [("settings", "dictionary", "{...}"), ("transitions", "list of dictionaries", "[...]")],
)
def test_a_text_that_cannot_be_read_says_how_to_give_it(name: str, kind: str, example: str) -> None:
    with pytest.raises(IntentError) as caught:
        intent_of({"bucket": "b12", name: '{"webMEnabled":'}, "h")
    (problem,) = caught.value.problems
    assert problem.startswith(
        f"s3_recording_{name}: must be a {kind}, and this text is not one: write it in JSON"
    )
    assert problem.endswith(f"-e '{{\"s3_recording_{name}\": {example}}}'")


def test_a_problem_does_not_quote_what_may_be_a_secret() -> None:
    with pytest.raises(IntentError) as caught:
        intent_of({"bucket": "b12", "settings": '{"jwtSecretKey": "hush"'}, "h")
    assert "hush" not in str(caught.value)
    address = replace(GUIDE, ams_url="https://me:hush@ams:5443")
    assert not any("hush" in problem for problem in problems_of(address))


def test_verify_is_told_the_origins_that_the_bucket_allows() -> None:
    given = plan_fleet([member("a", cors_origins=["https://player.example.com"])])
    assert given["hosts"]["a"]["origins"] == ["https://player.example.com"]
    extra = plan_fleet([member("a", cors_extra_origins=["https://player.example.com"])])
    assert extra["hosts"]["a"]["origins"] == ["https://a:5443", "https://player.example.com"]


def test_the_store_is_provisioned_where_it_is() -> None:
    (bucket,) = plan_fleet([member("a", endpoint="https://s3.example.com")])["buckets"]
    assert (bucket["s3_endpoint_url"], bucket["aws_endpoint_url"]) == ("https://s3.example.com", "")


def test_a_pattern_is_proved_by_an_origin_that_a_browser_can_send() -> None:
    own = "https://ams1.example.com:5443"
    assert concrete_origin("https://*.example.com:5443", own) == own
    assert concrete_origin("https://*.example.org", own) == "https://recording-check.example.org"
    assert concrete_origin("https://player.example.org", own) == "https://player.example.org"
    given = plan_fleet([member("ams1.example.com", cors_origins=["https://*.example.com:5443"])])
    assert given["hosts"]["ams1.example.com"]["origins"] == [own]


CLOUDFRONT = replace(GUIDE, delivery="cloudfront", cache_control="public, max-age=86400")


def test_cloudfront_sends_viewers_to_a_domain_that_is_known_later() -> None:
    assert (problems_of(CLOUDFRONT), warnings_of(CLOUDFRONT)) == ([], [])
    settings = app_settings(replace(CLOUDFRONT, folder_per_application=True), "live")
    assert settings["s3Permission"] == "bucket-owner-full-control"
    entry = plan_fleet([Member("a", replace(CLOUDFRONT, prefix="eu"), chosen=True)])
    assert (entry["buckets"][0]["needs_domain"], entry["hosts"]["a"]["needs_domain"]) == (True, True)
    (app,) = fill_in_domain(entry["hosts"]["a"]["apps"], "d1.cloudfront.net")
    assert app["settings"]["httpForwardingBaseURL"] == "https://d1.cloudfront.net/eu"
    named = plan_fleet([Member("a", replace(CLOUDFRONT, base_url="https://cdn.example.com"), chosen=True)])
    assert not named["buckets"][0]["needs_domain"]
    (app,) = named["hosts"]["a"]["apps"]
    assert app["settings"]["httpForwardingBaseURL"] == "https://cdn.example.com"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"region": "", "endpoint": "https://s3.example.com"}, "needs a bucket on AWS"),
        ({"cloudfront_price_class": "cheap"}, "'cheap' must be one of PriceClass_100"),
        ({"encryption": "aws:kms"}, "CloudFront cannot use AWS's own KMS key"),
        (
            {"delivery": "public", "cloudfront_distribution": "E1"},
            "works only with s3_recording_delivery: cloudfront",
        ),
    ],
)
def test_what_cannot_work_with_cloudfront(asked: dict[str, Any], told: str) -> None:
    assert any(told in problem for problem in problems_of(replace(CLOUDFRONT, **asked)))


@pytest.mark.parametrize(
    ("playbook", "told"),
    [
        (
            "decommission",
            "(decommission) was interrupted before its change was verified: run decommission.yml again",
        ),
        (
            "rotate_key",
            "(rotate_key) was interrupted before its change was verified: run rotate_key.yml again",
        ),
        ("site", "(site) was interrupted before its change was verified: run servers.yml for it"),
        ("", "an earlier run was interrupted before its change was verified: run servers.yml for it"),
    ],
)
def test_a_run_that_was_killed_is_finished_by_its_own_playbook(playbook: str, told: str) -> None:
    """After a killed decommission.yml it was servers.yml, which turns recording on again."""
    left_out = replace(member("b"), chosen=False)
    both = plan_fleet([member("a"), left_out], backup_dir="/backup")
    assert both["warnings"] == []
    path = unverified_path(plan_fleet([member("b")], backup_dir="/backup")["hosts"]["b"]["backup_path"])
    (warning,) = plan_fleet([member("a"), left_out], (), "/backup", {path: playbook})["warnings"]
    assert warning.startswith("b: an earlier run")
    assert told in warning
    assert ("servers.yml" in warning) == ("rollback.yml" in warning) == (playbook in ("site", ""))
