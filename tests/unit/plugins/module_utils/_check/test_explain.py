# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a failure of the chain is told as: plain data in, a sentence out."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.recording_rules import Forwarding
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.s3_bucket_access_model import (
    ALL_OFF,
    ALL_ON,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import (
    explain_playback as viewers,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import (
    explain_upload as diagnosis,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.explain_upload import (
    Evidence,
    S3Response,
    UploadTarget,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.viewer_responses import (
    ObjectResponse,
    Preflight,
    Redirect,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.network import NoAnswer

OK = S3Response(ok=True)
DENIED = S3Response(code="AccessDenied", message="Access Denied")
HEAD_DENIED = S3Response(code="403", message="Forbidden")
ASKED = UploadTarget(
    "recordings", "live/streams/probe.mp4", "bucket-owner-full-control", "eu-west-1", "http://store:9000"
)
PUBLIC = UploadTarget("recordings", "live/streams/probe.mp4", "public-read", "eu-west-1")
NO_ALLOW = "because no identity-based policy allows the {} action"


def denied(action: str, why: str = NO_ALLOW) -> S3Response:
    on = "arn:aws:s3:::recordings/live/streams/probe.mp4"
    user = "User: arn:aws:iam::123456789012:user/recorder"
    message = f'{user} is not authorized to perform: {action} on resource: "{on}" {why.format(action)}'
    return S3Response(code="AccessDenied", message=message)


def allow(resource: Any, action: Any = "s3:PutObject", **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def opened(
    resource: str = "arn:aws:s3:::recordings/live/streams/*", *further: Any, **more: Any
) -> dict[str, Any]:
    policy = allow(resource, "s3:GetObject", Principal="*", **more)
    policy["Statement"] += further
    return policy


EVERYTHING_BUT_DELETE = {"Statement": {"Effect": "Allow", "NotAction": ["s3:Delete*"], "Resource": "*"}}


class TestAnswer:
    @pytest.mark.parametrize(
        ("answer", "came"),
        [
            (OK, "as expected"),
            (S3Response(ok=True, waited=3.2), "as expected, after 3 s"),
            (S3Response(code="AccessDenied", message="Access Denied."), "AccessDenied: Access Denied"),
            (S3Response(code="403", message="Forbidden", waited=30), "403: Forbidden, still after 30 s"),
            (S3Response(code="AccessDenied"), "AccessDenied"),
            (
                S3Response(failure=NoAnswer("dns", "the name x is not known to DNS")),
                "the name x is not known to DNS",
            ),
        ],
    )
    def test_what_came(self, answer: S3Response, came: str) -> None:
        assert answer.describe() == came

    @pytest.mark.parametrize("code", ["InvalidAccessKeyId", "NoSuchBucket", "PermanentRedirect"])
    def test_what_makes_every_further_call_fail(self, code: str) -> None:
        assert S3Response(code=code).stops

    @pytest.mark.parametrize(
        "answer", [OK, DENIED, HEAD_DENIED, S3Response(code="AccessControlListNotSupported")]
    )
    def test_what_does_not(self, answer: S3Response) -> None:
        assert not answer.stops


class TestGeneral:
    @pytest.mark.parametrize(
        ("answer", "known", "says"),
        [
            (S3Response(code="InvalidAccessKeyId"), Evidence(key="gone"), "IAM has no such key"),
            (S3Response(code="InvalidAccessKeyId"), Evidence(key="inactive"), "inactive in IAM: activate it"),
            (
                S3Response(code="InvalidAccessKeyId"),
                Evidence(key="active", key_age=12.3),
                "12 s old and not yet known to S3",
            ),
            (
                S3Response(code="InvalidAccessKeyId"),
                Evidence(key="active", key_age=7200),
                "this S3 provider does not know it",
            ),
            (
                S3Response(code="InvalidAccessKeyId"),
                Evidence(),
                "The S3 provider does not know the access key: run storage.yml",
            ),
            (S3Response(code="InvalidAccessKeyId", waited=30), Evidence(), "still after 30 s"),
            (
                S3Response(code="SignatureDoesNotMatch"),
                Evidence(),
                "The secret does not belong to the access key",
            ),
            (S3Response(code="ExpiredToken"), Evidence(), "not support temporary credentials"),
            (S3Response(code="NoSuchBucket"), Evidence(), "The bucket recordings does not exist"),
            (
                S3Response(code="PermanentRedirect", region="us-east-2"),
                Evidence(),
                "The bucket is in us-east-2, not in eu-west-1",
            ),
            (S3Response(code="AuthorizationHeaderMalformed"), Evidence(), "The bucket is not in eu-west-1"),
            (S3Response(code="RequestTimeTooSkewed"), Evidence(), "The clock"),
            (S3Response(code="InvalidStorageClass"), Evidence(), "s3StorageClass"),
            (S3Response(code="InvalidBucketName"), Evidence(), "No bucket can have the name 'recordings'"),
            (S3Response(code="SlowDown"), Evidence(), "The S3 provider failed"),
            (S3Response(code="503"), Evidence(), "The S3 provider failed"),
            (S3Response(code="Strange"), Evidence(), "See the error of the S3 provider"),
        ],
    )
    def test_codes(self, answer: S3Response, known: Evidence, says: str) -> None:
        assert says in diagnosis.general_remedy(answer, ASKED, known)
        assert says in diagnosis.list_remedy(answer, ASKED, known)

    @pytest.mark.parametrize(
        ("kind", "asked", "says"),
        [
            ("dns", ASKED, "Is s3Endpoint (http://store:9000) right?"),
            ("dns", PUBLIC, "Is s3RegionName (eu-west-1) right?"),
            ("dns", UploadTarget("b", "k"), "Is s3RegionName (empty) right?"),
            ("refused", ASKED, "Is the port in s3Endpoint"),
            ("timeout", ASKED, "firewall"),
            ("route", ASKED, "a route there"),
            ("tls", ASKED, "scheme and port"),
            ("proxy", ASKED, "HTTPS_PROXY"),
            ("other", ASKED, "well-formed"),
        ],
    )
    def test_no_answer(self, kind: str, asked: UploadTarget, says: str) -> None:
        assert says in diagnosis.general_remedy(S3Response(failure=NoAnswer(kind, "")), asked, Evidence())


class TestList:
    @pytest.mark.parametrize(
        ("answer", "known", "says"),
        [
            (
                denied("s3:ListBucket"),
                Evidence(owner="own"),
                "s3:ListBucket on the whole bucket, without a condition",
            ),
            (DENIED, Evidence(), "s3:ListBucket on the whole bucket"),
            (DENIED, Evidence(owner="hidden"), "seems to belong to another account"),
            (denied("s3:ListBucket"), Evidence(owner="hidden"), "s3:ListBucket on the whole bucket"),
            (DENIED, Evidence(owner="other"), "belongs to another account, whose bucket policy must allow"),
        ],
    )
    def test_refused(self, answer: S3Response, known: Evidence, says: str) -> None:
        assert says in diagnosis.list_remedy(answer, ASKED, known)

    @pytest.mark.parametrize(
        ("why", "says"),
        [
            (
                "with an explicit deny in a resource-based policy",
                "a statement of the bucket policy denies it",
            ),
            ("with an explicit deny in an identity-based policy", "a statement of the user's policies"),
            ("with an explicit deny in a service control policy", "service control policy"),
            ("because no permissions boundary allows the s3:ListBucket action", "permissions boundary"),
            ("because no VPC endpoint policy allows the s3:ListBucket action", "VPC endpoint"),
        ],
    )
    def test_by_whom(self, why: str, says: str) -> None:
        remedy = diagnosis.list_remedy(denied("s3:ListBucket", why), ASKED, Evidence())
        assert remedy.startswith("The key needs s3:ListBucket on recordings, but ")
        assert says in remedy


class TestHead:
    def test_after_a_refused_list_it_is_a_consequence(self) -> None:
        assert "see the check 'list'" in diagnosis.head_remedy(HEAD_DENIED, DENIED, OK, ASKED)

    def test_reading_alone_is_missing(self) -> None:
        remedy = diagnosis.head_remedy(HEAD_DENIED, OK, OK, ASKED)
        assert "can list and write but not read: it needs s3:GetObject on live/streams/*" in remedy

    def test_writing_is_missing_too(self) -> None:
        assert "see the check 'put'" in diagnosis.head_remedy(HEAD_DENIED, OK, DENIED, ASKED)

    def test_another_code(self) -> None:
        assert "provider failed" in diagnosis.head_remedy(S3Response(code="503"), OK, OK, ASKED)


def put_remedy(
    put: S3Response,
    without_acl: S3Response | None = None,
    head: S3Response = OK,
    listed: S3Response = OK,
    asked: UploadTarget = ASKED,
    known: Evidence = diagnosis.NO_EVIDENCE,
) -> str:
    return diagnosis.put_remedy(put, without_acl, head, listed, asked, known)


class TestPut:
    def test_acls_are_disabled(self) -> None:
        remedy = put_remedy(S3Response(code="AccessControlListNotSupported"), asked=PUBLIC)
        assert (
            "ACLs are disabled in bucket recordings (BucketOwnerEnforced), which refuses public-read"
            in remedy
        )
        assert "bucket-owner-full-control" in remedy

    def test_the_store_names_the_acl(self) -> None:
        remedy = put_remedy(denied("s3:PutObjectAcl"))
        assert "may write but not set ACLs: it needs s3:PutObjectAcl on live/streams/*" in remedy

    def test_the_upload_without_an_acl_shows_it(self) -> None:
        assert "(without an ACL the object was stored)" in put_remedy(DENIED, OK)

    def test_the_acl_is_denied_by_a_policy(self) -> None:
        deny = denied("s3:PutObjectAcl", "with an explicit deny in a resource-based policy")
        assert "but a statement of the bucket policy denies it" in put_remedy(deny)

    @pytest.mark.parametrize(
        ("known", "who"),
        [
            (
                Evidence(block=ALL_ON, account=ALL_ON),
                "The account's own Block Public Access (BlockPublicAcls)",
            ),
            (Evidence(block=ALL_ON, account=ALL_OFF), "Block Public Access of the bucket (BlockPublicAcls)"),
            (Evidence(), "Block Public Access (BlockPublicAcls)"),
        ],
    )
    def test_block_public_access_refuses_the_acl(self, known: Evidence, who: str) -> None:
        setting = "the BlockPublicAcls block public access setting"
        why = f"because public access control lists (ACLs) are blocked by {setting}."
        remedy = put_remedy(denied("s3:PutObjectAcl", why), asked=PUBLIC, known=known)
        assert remedy.startswith(f"{who} refuses the ACL public-read")

    def test_block_public_access_without_words(self) -> None:
        remedy = put_remedy(DENIED, OK, asked=PUBLIC, known=Evidence(block=ALL_ON))
        assert remedy.startswith("Block Public Access of the bucket")
        assert "may write but not set ACLs" in put_remedy(
            DENIED, OK, asked=PUBLIC, known=Evidence(block=ALL_OFF)
        )
        assert "may write but not set ACLs" in put_remedy(
            DENIED, OK, asked=ASKED, known=Evidence(block=ALL_ON)
        )

    @pytest.mark.parametrize("put", [DENIED, denied("s3:PutObject")])
    @pytest.mark.parametrize(
        ("policies", "says"),
        [
            (
                (allow("arn:aws:s3:::recordings/other/*"),),
                "on recordings/other/*, but not on recordings/live/streams/*",
            ),
            ((allow("arn:aws:s3:::recordings/live/*", "s3:GetObject"),), "allows s3:PutObject nowhere"),
            ((), "allows s3:PutObject nowhere"),
            ((allow("arn:aws:s3:::recordings/live/*", "S3:Put*"),), "so something else denies it"),
            ((EVERYTHING_BUT_DELETE,), "so something else denies it"),
        ],
    )
    def test_the_users_policies_are_known(
        self, put: S3Response, policies: tuple[dict[str, Any], ...], says: str
    ) -> None:
        assert says in put_remedy(put, DENIED, known=Evidence(user_policies=policies))

    def test_the_users_policies_are_unknown(self) -> None:
        assert "does not include the folder live/streams" in put_remedy(
            denied("s3:PutObject"), head=HEAD_DENIED
        )
        # A public bucket policy lets the key read as well, so HEAD proves nothing then.
        assert "or correct s3StreamsFolderPath" in put_remedy(denied("s3:PutObject"), head=OK)
        remedy = put_remedy(DENIED, DENIED, HEAD_DENIED, DENIED)
        assert "needs s3:PutObject and s3:PutObjectAcl on live/streams/*" in remedy

    def test_a_policy_denies_the_upload(self) -> None:
        deny = denied("s3:PutObject", "with an explicit deny in a resource-based policy")
        assert "needs s3:PutObject on live/streams/*, but a statement of the bucket policy" in put_remedy(
            deny
        )

    def test_a_bucket_of_another_account(self) -> None:
        remedy = put_remedy(DENIED, DENIED, HEAD_DENIED, DENIED, known=Evidence(owner="hidden"))
        assert remedy == "Bucket recordings is not this account's: see the check 'list'"

    def test_another_action(self) -> None:
        assert "KMS key, for which the key's user needs kms:GenerateDataKey" in put_remedy(
            denied("kms:GenerateDataKey")
        )
        assert "The key needs s3:PutObjectTagging: run storage.yml" in put_remedy(
            denied("s3:PutObjectTagging")
        )

    def test_another_code(self) -> None:
        assert "does not exist" in put_remedy(S3Response(code="NoSuchBucket"))


BASE = "https://recordings.s3.eu-west-1.amazonaws.com"


def redirect_remedy(status: int, location: str, asked: Forwarding, has: Forwarding, **more: str) -> str:
    url = more.get("url", "https://ams:5443/live/streams/probe.mp4")
    extension = more.get("extension", "mp4")
    redirect = Redirect(url, f"{asked.base}/streams/probe.mp4", extension, status, location)
    return viewers.redirect_remedy(redirect, asked, has)


class TestRedirect:
    asked = Forwarding("mp4", BASE)

    @pytest.mark.parametrize(
        ("has", "says"),
        [
            (Forwarding(), "off: httpForwardingExtension and httpForwardingBaseURL are empty"),
            (Forwarding("", BASE), "off: httpForwardingExtension is empty"),
            (Forwarding("mp4", ""), "off: httpForwardingBaseURL is empty"),
            (Forwarding("m3u8,webm", BASE), "The extension mp4 is not forwarded, only m3u8, webm is"),
            (Forwarding("m3u8, mp4", BASE), "exactly, with case and blanks: set it to 'm3u8,mp4'"),
            (Forwarding("mp4", BASE), "does viewer_url lead to this server"),
        ],
    )
    @pytest.mark.parametrize("status", [200, 404])
    def test_no_redirect(self, status: int, has: Forwarding, says: str) -> None:
        assert says in redirect_remedy(status, "", self.asked, has)

    def test_another_place_by_the_settings(self) -> None:
        has = Forwarding("mp4", "https://elsewhere/x")
        remedy = redirect_remedy(302, "https://elsewhere/x/streams/probe.mp4", self.asked, has)
        assert f"forwards to https://elsewhere/x instead of {BASE}" in remedy

    def test_another_place_of_the_same_path(self) -> None:
        """With a folder for each application the path is the one that was asked for."""
        asked, has = Forwarding("mp4", "https://cdn/live"), Forwarding("mp4", "https://old/live")
        remedy = redirect_remedy(302, "https://old/live/streams/probe.mp4", asked, has)
        assert "forwards to https://old/live instead of https://cdn/live" in remedy

    def test_another_place_against_the_settings(self) -> None:
        remedy = redirect_remedy(302, "https://elsewhere/streams/probe.mp4", self.asked, self.asked)
        assert "where its settings say" in remedy

    def test_a_proxy_in_front(self) -> None:
        url = "http://ams/live/streams/probe.mp4"
        remedy = redirect_remedy(301, url.replace("http:", "https:"), self.asked, self.asked, url=url)
        assert "set viewer_url to https://ams" in remedy

    @pytest.mark.parametrize(
        ("status", "says"), [(401, "play tokens"), (403, "play tokens"), (502, "The server failed")]
    )
    def test_other_statuses(self, status: int, says: str) -> None:
        assert says in redirect_remedy(status, "", self.asked, self.asked)

    @pytest.mark.parametrize(
        ("asked", "has", "extension"),
        [
            ("mp4,m3u8", "mp4,m3u8", "mp4"),
            ("m3u8,mp4", "m3u8,mp4", "mp4"),
            ("m3u8", "m3u8", "m3u8"),
            ("mp4,m3u8", "mp4", "m3u8"),
            ("mp4,m3u8", "m3u8", "mp4"),
            ("mp4,m3u8", "", "mp4"),
            ("m3u8, mp4", "m3u8, mp4", "mp4"),
            ("", "", "mp4"),
            ("webm", "mp4,,webm", "webm"),
            ("mp4", "4", "mp4"),
        ],
    )
    def test_what_is_asked_for(self, asked: str, has: str, extension: str) -> None:
        assert viewers.probe_extension(Forwarding(asked, BASE), Forwarding(has, BASE)) == extension

    def test_how_ams_reads_the_list(self) -> None:
        assert Forwarding("mp4,", BASE).forwards("mp4")
        assert not Forwarding("mp4,", BASE).forwards("m3u8")
        assert Forwarding("mp4,,webm", BASE).forwards("m3u8")  # an empty part ends every path
        assert Forwarding("4", BASE).forwards("mp4")
        assert not Forwarding("mp4", "").forwards("mp4")

    def test_what_is_expected_comes_before_what_is_there(self) -> None:
        has = {"httpForwardingExtension": "m3u8", "httpForwardingBaseURL": "https://a/"}
        assert Forwarding.of({}, has) == Forwarding("m3u8", "https://a")
        assert Forwarding.of({"httpForwardingExtension": ""}, has) == Forwarding("", "https://a")
        assert Forwarding.of({"httpForwardingBaseURL": "https://b/"}, has) == Forwarding("m3u8", "https://b")

    def test_a_server_out_of_reach(self) -> None:
        assert "ca_path and validate_certs" in viewers.unreachable_server(NoAnswer("tls", ""))
        assert "Is viewer_url the address" in viewers.unreachable_server(NoAnswer("refused", ""))


class TestMixedContent:
    @pytest.mark.parametrize(
        ("target", "mixed"),
        [
            ("http://store.example/x", True),
            ("http://192.0.2.1:9000/x", True),
            ("http://0.0.0.0/x", True),
            ("https://store.example/x", False),
            ("http://127.0.0.1:9000/x", False),
            ("http://127.77.0.1/x", False),
            ("http://[::1]/x", False),
            ("http://localhost/x", False),
            ("http://store.localhost/x", False),
            ("http://localhost.example/x", True),
        ],
    )
    def test_loopback_is_trusted(self, target: str, mixed: bool) -> None:
        assert viewers.is_mixed(target) is mixed

    def test_pages(self) -> None:
        pages = ["http://b", "https://c", "*", "https://a", "https://c"]
        assert viewers.insecure_pages(pages) == ["https://a", "https://c"]


KEY = "live/streams/probe.mp4"


class TestWhereAnAddressLeads:
    @pytest.mark.parametrize(
        ("target", "key"),
        [
            (f"http://store:9000/recordings/{KEY}", KEY),
            (f"http://recordings.store:9000/{KEY}", KEY),
            ("http://store:9000/recordings/a%20b.mp4", "a b.mp4"),
            (f"http://store:9000/other/{KEY}", None),
            (f"http://store/recordings/{KEY}", None),
            (f"{BASE}/{KEY}", KEY),
            (f"https://recordings.s3.amazonaws.com/{KEY}", KEY),
            (f"https://recordings.s3-eu-west-1.amazonaws.com/{KEY}", KEY),
            (f"https://recordings.s3.dualstack.eu-west-1.amazonaws.com/{KEY}", KEY),
            (f"https://recordings.s3-accelerate.amazonaws.com/{KEY}", KEY),
            (f"http://recordings.s3-website-eu-west-1.amazonaws.com/{KEY}", KEY),
            (f"http://recordings.s3-website.eu-central-1.amazonaws.com/{KEY}", KEY),
            (f"https://recordings.s3.cn-north-1.amazonaws.com.cn/{KEY}", KEY),
            (f"https://s3.eu-west-1.amazonaws.com/recordings/{KEY}", KEY),
            (f"https://s3.eu-west-1.amazonaws.com/other/{KEY}", None),
            (f"https://other.s3.eu-west-1.amazonaws.com/{KEY}", None),
            (f"https://abc.cloudfront.net/{KEY}", None),
        ],
    )
    def test_key_at(self, target: str, key: str | None) -> None:
        assert viewers.key_at(target, ASKED) == key

    def test_without_an_endpoint_no_other_host_is_the_buckets(self) -> None:
        assert viewers.key_at(f"https://cdn/recordings/{KEY}", PUBLIC) is None
        assert viewers.key_at(f"https://recordings./{KEY}", PUBLIC) is None


def fetch_remedy(
    status: int, known: Evidence = diagnosis.NO_EVIDENCE, asked: UploadTarget = ASKED, **more: Any
) -> str:
    target = more.pop("target", f"http://store:9000/recordings/{KEY}")
    return viewers.fetch_remedy(ObjectResponse(target, status, **more), asked, known)


class TestFetch:
    def test_other_bytes(self) -> None:
        assert "A CDN or a proxy returns other bytes" in fetch_remedy(200)

    def test_the_base_url_misses_the_folder(self) -> None:
        remedy = fetch_remedy(403, target="http://store:9000/recordings/streams/probe.mp4")
        assert "leads to streams/probe.mp4, but the recording is at live/streams/probe.mp4" in remedy
        assert "httpForwardingBaseURL must end in /live" in remedy

    def test_the_base_url_has_too_much(self) -> None:
        asked = UploadTarget("recordings", "streams/probe.mp4", endpoint="http://store:9000")
        remedy = fetch_remedy(404, asked=asked, target=f"http://store:9000/recordings/{KEY}")
        assert "httpForwardingBaseURL must end at the bucket" in remedy

    def test_a_folder_that_ams_cannot_forward_to(self) -> None:
        asked = UploadTarget("recordings", "vods/probe.mp4", endpoint="http://store:9000")
        remedy = fetch_remedy(403, asked=asked, target="http://store:9000/recordings/streams/probe.mp4")
        assert "let s3StreamsFolderPath end in streams" in remedy

    @pytest.mark.parametrize(
        ("status", "says"),
        [
            (
                403,
                "refuses it. Behind a CDN: is its origin the bucket with the path to live/streams",
            ),
            (404, "does not find it. Behind a CDN: is its origin this bucket"),
            (502, "fails: can it reach the bucket"),
        ],
    )
    def test_behind_a_cdn(self, status: int, says: str) -> None:
        remedy = fetch_remedy(status, target=f"https://cdn.example/{KEY}")
        assert remedy.startswith("The object is in bucket recordings, but cdn.example, which is not")
        assert says in remedy

    def test_encrypted_for_nobody(self) -> None:
        assert "KMS key" in fetch_remedy(400, encrypted_by_kms=True)

    @pytest.mark.parametrize(
        ("status", "code"), [(301, "PermanentRedirect"), (400, "PermanentRedirect"), (307, "")]
    )
    def test_another_region(self, status: int, code: str) -> None:
        assert "another region than the bucket's" in fetch_remedy(status, code=code)

    def test_gone_meanwhile(self) -> None:
        assert "does something else delete" in fetch_remedy(404)

    def test_anything_else(self) -> None:
        assert "See the error of the S3 provider" in fetch_remedy(503)

    def test_a_bucket_name_with_dots(self) -> None:
        asked = UploadTarget("my.recordings", KEY)
        target = f"https://my.recordings.s3.eu-west-1.amazonaws.com/{KEY}"
        remedy = viewers.unreachable_target(target, NoAnswer("tls", ""), asked)
        assert "does not cover a bucket name with dots" in remedy

    @pytest.mark.parametrize(
        ("kind", "says"),
        [("tls", "scheme, port and certificate of cdn"), ("dns", "Is cdn in httpForwardingBaseURL")],
    )
    def test_out_of_reach(self, kind: str, says: str) -> None:
        assert says in viewers.unreachable_target(f"https://cdn/{KEY}", NoAnswer(kind, ""), ASKED)


WHOLE = "arn:aws:s3:::recordings/*"
DENY = {
    "Sid": "Keep",
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "s3:*",
    "Resource": WHOLE,
}
RESTRICTED = {**ALL_OFF, "restrict_public_buckets": True}
BLOCKED = {**ALL_OFF, "block_public_policy": True}
SECURE = {"Bool": {"aws:SecureTransport": "false"}}
REFERER = {"StringLike": {"aws:Referer": "https://site/*"}}


class TestClosedBucket:
    """403 for an object that is there."""

    @pytest.mark.parametrize(
        ("known", "says"),
        [
            (
                Evidence(policy=opened(), account=RESTRICTED, block=ALL_OFF),
                "The account's own Block Public Access (RestrictPublicBuckets) prevents the bucket policy",
            ),
            (Evidence(policy=opened(), account=RESTRICTED), "turn that off in the account"),
            (
                Evidence(policy=opened(), account=ALL_OFF, block=RESTRICTED),
                "Block Public Access of the bucket (RestrictPublicBuckets) prevents the bucket policy",
            ),
            (
                Evidence(policy={}),
                "No statement of the bucket policy lets everyone read live/streams/*: run storage.yml",
            ),
            (
                Evidence(policy={}, block=BLOCKED),
                "; Block Public Access of the bucket (BlockPublicPolicy) is on as well",
            ),
            (
                Evidence(policy=opened("arn:aws:s3:::recordings/other/*")),
                "The bucket policy opens recordings/other/*, but not recordings/live/streams/*",
            ),
            (
                Evidence(
                    policy=allow(
                        "arn:aws:s3:::recordings/*", "s3:GetObject", Principal={"AWS": "123456789012"}
                    )
                ),
                "No statement of the bucket policy lets everyone read",
            ),
            (Evidence(policy=opened(WHOLE, DENY)), "The bucket policy denies it ('Keep')"),
            (
                Evidence(policy=opened(WHOLE, {**DENY, "Condition": SECURE})),
                "denies it under a condition ('Keep')",
            ),
            # Such a Deny is usual and binds only plain http, so what is certain comes first.
            (
                Evidence(policy=opened(WHOLE, {**DENY, "Condition": SECURE}), block=RESTRICTED),
                "Block Public Access of the bucket (RestrictPublicBuckets) prevents",
            ),
            (
                Evidence(policy=opened(Condition=REFERER, Sid="Site")),
                "opens live/streams/* only under a condition ('Site') that viewers do not meet",
            ),
            (Evidence(policy=opened()), "The bucket policy opens it: was that set just now"),
            (Evidence(policy=opened("arn:aws-cn:s3:::recordings/liv?/*")), "The bucket policy opens it"),
            (Evidence(block=RESTRICTED), "(RestrictPublicBuckets) is on, so nobody without a key may read"),
            (Evidence(public=False), "No statement of the bucket policy is public"),
            (
                Evidence(),
                "See Block Public Access of the bucket and of the account, and whether the bucket policy",
            ),
        ],
    )
    def test_by_bucket_policy(self, known: Evidence, says: str) -> None:
        assert says in fetch_remedy(403, known)

    @pytest.mark.parametrize(
        ("known", "says"),
        [
            (
                Evidence(policy={}, block=ALL_ON),
                "Block Public Access of the bucket (IgnorePublicAcls) ignores the ACL public-read: run",
            ),
            (
                Evidence(policy={}, block=ALL_OFF, account=ALL_ON),
                "The account's own Block Public Access (IgnorePublicAcls) ignores the ACL public-read",
            ),
            (Evidence(policy={}, block=ALL_OFF), "The ACL public-read opens it: was that set just now"),
            (
                Evidence(policy=opened(WHOLE, DENY), block=ALL_OFF),
                "The bucket policy denies it ('Keep')",
            ),
        ],
    )
    def test_by_acl(self, known: Evidence, says: str) -> None:
        assert says in fetch_remedy(403, known, PUBLIC, target=f"{BASE}/{KEY}")


class TestPreflight:
    def test_whether_an_origin_is_allowed(self) -> None:
        assert Preflight(BASE, "https://a", 200, "https://a").ok
        assert Preflight(BASE, "https://a", 204, "*").ok
        assert not Preflight(BASE, "https://a", 200, "https://b").ok
        assert not Preflight(BASE, "https://a", 403, "https://a").ok

    @pytest.mark.parametrize(
        ("target", "status", "text", "says"),
        [
            (
                f"{BASE}/{KEY}",
                403,
                "CORSResponse: CORS is not enabled for this bucket.",
                "The bucket has no CORS rules",
            ),
            (
                f"{BASE}/{KEY}",
                403,
                "This CORS request is not allowed.",
                "CORS rules lack the origin https://a",
            ),
            (
                f"https://cdn/{KEY}",
                403,
                "This CORS request is not allowed.",
                "CORS rules lack the origin https://a",
            ),
            (f"https://cdn/{KEY}", 405, "", "Have cdn pass OPTIONS and the Origin header to the bucket"),
        ],
    )
    def test_remedy(self, target: str, status: int, text: str, says: str) -> None:
        assert says in viewers.preflight_remedy(Preflight(target, "https://a", status, "", text), PUBLIC)
