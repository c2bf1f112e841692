# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a browser without a key gets: objects, refusals, preflights and CORS headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from stand_ins.tests.aws_support import OFF, Clients, policy, public_read, statement, web

if TYPE_CHECKING:
    from collections.abc import Callable

    from stand_ins.aws import AwsStandIn

pytestmark = pytest.mark.usefixtures("clean")


class TestViewers:
    def test_public_objects_and_ranges(self, stand_in: AwsStandIn, client: Clients, bucket: str) -> None:
        s3 = client()
        s3.put_object(Bucket=bucket, Key="streams/a.mp4", Body=b"0123456789")
        s3.put_object(Bucket=bucket, Key="private/a.mp4", Body=b"x")
        path = f"/{bucket}/streams/a.mp4"
        status, _rest, body = web(stand_in, "GET", path)
        assert status == 403
        assert b"<Code>AccessDenied</Code>" in body
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=OFF)
        only = policy(statement("s3:GetObject", f"arn:aws:s3:::{bucket}/streams/*"))
        s3.put_bucket_policy(Bucket=bucket, Policy=only)
        assert web(stand_in, "GET", path)[::2] == (200, b"0123456789")
        status, headers, body = web(stand_in, "HEAD", path)
        assert (status, headers["content-length"], body) == (200, "10", b"")
        status, headers, body = web(stand_in, "GET", path, {"Range": "bytes=2-4"})
        assert (status, headers["content-range"], body) == (206, "bytes 2-4/10", b"234")
        assert web(stand_in, "GET", f"/{bucket}/private/a.mp4")[0] == 403
        assert web(stand_in, "GET", f"/{bucket}/streams/missing.mp4")[0] == 403

    def test_missing_key_shows_with_public_listing(
        self, stand_in: AwsStandIn, client: Clients, bucket: str
    ) -> None:
        client().put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=OFF)
        both = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        text = policy(statement(["s3:GetObject", "s3:ListBucket"], both))
        client().put_bucket_policy(Bucket=bucket, Policy=text)
        status, _rest, body = web(stand_in, "GET", f"/{bucket}/missing")
        assert status == 404
        assert b"NoSuchKey" in body
        assert web(stand_in, "HEAD", f"/{bucket}/missing")[0] == 404

    def test_deny_wins(self, stand_in: AwsStandIn, client: Clients, bucket: str) -> None:
        client().put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=OFF)
        client().put_object(Bucket=bucket, Key="k", Body=b"x")
        objects = f"arn:aws:s3:::{bucket}/*"
        both = policy(statement("s3:GetObject", objects), statement("s3:*", objects) | {"Effect": "Deny"})
        client().put_bucket_policy(Bucket=bucket, Policy=both)
        assert web(stand_in, "GET", f"/{bucket}/k")[0] == 403

    @pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
    def test_unsigned_writes(self, stand_in: AwsStandIn, client: Clients, bucket: str, method: str) -> None:
        client().put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=OFF)
        client().put_bucket_policy(Bucket=bucket, Policy=public_read(bucket))
        assert web(stand_in, method, f"/{bucket}/k", body=b"x")[0] == 403
        assert web(stand_in, method, f"/{bucket}?cors", body=b"x")[0] == 403
        assert web(stand_in, method, f"/{bucket}", body=b"x")[0] == 403

    def test_unsigned_reads_of_the_bucket(self, stand_in: AwsStandIn, bucket: str) -> None:
        for query in ("", "?cors", "?policy", "?list-type=2"):
            assert web(stand_in, "GET", f"/{bucket}{query}")[0] == 403
        assert web(stand_in, "GET", "/")[0] == 403
        assert web(stand_in, "GET", "/no-such-bucket-here/k")[0] == 404


def rule(origins: list[str], methods: list[str], **more: Any) -> dict[str, Any]:
    return {"AllowedOrigins": origins, "AllowedMethods": methods, **more}


class TestCors:
    @pytest.fixture
    def put(self, client: Clients, bucket: str) -> Callable[..., Any]:
        def put_rules(*rules: dict[str, Any]) -> Any:
            return client().put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": list(rules)})

        return put_rules

    @pytest.mark.parametrize(
        ("code", "rules"),
        [
            ("MalformedXML", []),
            ("InvalidRequest", [rule(["*"], ["GET"])] * 101),
            ("InvalidRequest", [rule(["*"], ["PATCH"])]),
            ("InvalidRequest", [rule(["*"], ["get"])]),
            ("InvalidRequest", [rule(["https://*.*"], ["GET"])]),
            ("InvalidRequest", [rule(["*"], ["GET"], AllowedHeaders=["x-*-*"])]),
            ("InvalidRequest", [rule(["*"], ["GET"], ExposeHeaders=["*"])]),
            ("InvalidRequest", [rule(["*"], ["GET"], ID="i" * 256)]),
            ("MalformedXML", [rule([], ["GET"])]),
            ("MalformedXML", [rule(["*"], [])]),
            ("MaxMessageLengthExceeded", [rule([f"https://{'o' * 800}{i}" for i in range(90)], ["GET"])]),
        ],
    )
    def test_refused_rules(self, put: Callable[..., Any], code: str, rules: list[dict[str, Any]]) -> None:
        with pytest.raises(ClientError) as caught:
            put(*rules)
        assert caught.value.response["Error"]["Code"] == code
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400

    def test_round_trip(self, client: Clients, bucket: str, put: Callable[..., Any]) -> None:
        rules = [
            rule(["https://b.example", "https://a.example"], ["HEAD", "GET"], ID="i" * 255, MaxAgeSeconds=10),
            rule(["https://*.example"], ["PUT"], AllowedHeaders=["x-*"], ExposeHeaders=["ETag"]),
        ]
        put(*rules)
        assert client().get_bucket_cors(Bucket=bucket)["CORSRules"] == rules
        put(rule(["*"], ["GET"], ExposeHeaders=[], AllowedHeaders=[]))
        assert client().get_bucket_cors(Bucket=bucket)["CORSRules"] == [rule(["*"], ["GET"])]

    def preflight(
        self,
        stand_in: AwsStandIn,
        bucket: str,
        origin: str | None = "https://a.example",
        method: str | None = "GET",
        headers: str | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": headers,
        }
        given = {name: value for name, value in asked.items() if value is not None}
        return web(stand_in, "OPTIONS", f"/{bucket}/streams/a.mp4", given)

    def test_preflight_is_strict(self, stand_in: AwsStandIn, bucket: str, put: Callable[..., Any]) -> None:
        put(
            rule(
                ["https://a.example"],
                ["GET", "HEAD"],
                AllowedHeaders=["Range", "x-amz-*"],
                ExposeHeaders=["ETag"],
                MaxAgeSeconds=60,
            )
        )
        status, headers, _rest = self.preflight(stand_in, bucket, headers="range, X-Amz-Date")
        assert status == 200
        assert headers["access-control-allow-origin"] == "https://a.example"
        assert headers["access-control-allow-methods"] == "GET, HEAD"
        assert headers["access-control-allow-headers"] == "range, x-amz-date"
        assert headers["access-control-expose-headers"] == "ETag"
        assert headers["access-control-max-age"] == "60"
        assert headers["access-control-allow-credentials"] == "true"
        assert headers["vary"] == "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"
        for wrong in ({"origin": "https://b.example"}, {"method": "PUT"}, {"headers": "range,authorization"}):
            status, headers, body = self.preflight(stand_in, bucket, **wrong)
            assert status == 403
            assert b"<Code>AccessForbidden</Code>" in body
            assert not [name for name in headers if name.startswith("access-control")]
        assert self.preflight(stand_in, bucket, origin=None)[0] == 400
        assert self.preflight(stand_in, bucket, method=None)[0] == 400

    def test_preflight_without_rules(self, stand_in: AwsStandIn, bucket: str) -> None:
        status, _rest, body = self.preflight(stand_in, bucket)
        assert (status, b"CORS is not enabled for this bucket" in body) == (403, True)
        assert self.preflight(stand_in, "no-such-bucket-here")[0] == 403

    def test_first_rule_that_matches(
        self, stand_in: AwsStandIn, bucket: str, put: Callable[..., Any]
    ) -> None:
        put(
            rule(["https://*.example"], ["GET"], MaxAgeSeconds=1),
            rule(["https://a.example"], ["GET"], MaxAgeSeconds=2),
            rule(["*"], ["GET", "PUT"], MaxAgeSeconds=3),
        )
        assert self.preflight(stand_in, bucket)[1]["access-control-max-age"] == "1"
        _status, headers, _body = self.preflight(stand_in, bucket, method="PUT")
        assert headers["access-control-max-age"] == "3"
        assert headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in headers

    def test_plain_requests(
        self, stand_in: AwsStandIn, client: Clients, open_bucket: str, put: Callable[..., Any]
    ) -> None:
        client().put_object(Bucket=open_bucket, Key="k", Body=b"x", ACL="public-read")
        path, origin = f"/{open_bucket}/k", {"Origin": "https://a.example"}
        assert "access-control-allow-origin" not in web(stand_in, "GET", path, origin)[1]
        put(rule(["https://a.example"], ["GET"], ExposeHeaders=["ETag"]))
        headers = web(stand_in, "GET", path, origin)[1]
        assert headers["access-control-allow-origin"] == "https://a.example"
        assert headers["access-control-expose-headers"] == "ETag"
        assert "Origin" in headers["vary"]
        for method, given in (
            ("GET", {"Origin": "https://b.example"}),
            ("HEAD", origin),
            ("GET", {}),
        ):
            status, headers, _rest = web(stand_in, method, path, given)
            assert status == 200
            assert not [name for name in headers if name.startswith("access-control") or name == "vary"]
        # A refusal carries them as well, so that a browser may show it.
        client().put_object(Bucket=open_bucket, Key="hidden", Body=b"x")
        status, headers, _rest = web(stand_in, "GET", f"/{open_bucket}/hidden", origin)
        assert (status, headers["access-control-allow-origin"]) == (403, "https://a.example")
