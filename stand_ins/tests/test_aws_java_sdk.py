# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Uploads as Ant Media Server sends them."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import botocore.auth
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from stand_ins.tests.aws_support import REGION, Clients, refused, web

if TYPE_CHECKING:
    from stand_ins.aws import AwsStandIn

pytestmark = pytest.mark.usefixtures("clean")


class TestJavaSdk:
    """What AWS SDK for Java v1 sends: User-Agent among the signed headers, the body in signed chunks."""

    AGENT = "aws-sdk-java/1.12.720 Linux/6.1 OpenJDK_64-Bit_Server_VM/17.0.9 java/17.0.9 vendor/Debian"

    def signed(
        self, stand_in: AwsStandIn, monkeypatch: pytest.MonkeyPatch, path: str, headers: dict[str, str]
    ) -> tuple[dict[str, str], str, str]:
        listed = [name for name in botocore.auth.SIGNED_HEADERS_BLACKLIST if name != "user-agent"]
        monkeypatch.setattr(botocore.auth, "SIGNED_HEADERS_BLACKLIST", listed)
        key = stand_in.credentials
        request = AWSRequest("PUT", stand_in.endpoint_url + path, headers=headers)
        request.headers["Host"] = urlsplit(stand_in.endpoint_url).netloc
        auth = S3SigV4Auth(BotoCredentials(key.access_key_id, key.secret_access_key), "s3", REGION)
        monkeypatch.setattr(auth, "payload", lambda _request: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
        auth.add_auth(request)
        signed = dict(request.headers.items())
        signed["X-Amz-Content-SHA256"] = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
        return signed, signed["Authorization"].rsplit("Signature=", 1)[1], request.context["timestamp"]

    def chunks(self, secret: str, previous: str, timestamp: str, parts: list[bytes]) -> bytes:
        scope = f"{timestamp[:8]}/{REGION}/s3/aws4_request"
        key = b"AWS4" + secret.encode()
        for each in scope.split("/"):
            key = hmac.new(key, each.encode(), hashlib.sha256).digest()
        body = b""
        for part in [*parts, b""]:
            digests = f"{hashlib.sha256(b'').hexdigest()}\n{hashlib.sha256(part).hexdigest()}"
            text = f"AWS4-HMAC-SHA256-PAYLOAD\n{timestamp}\n{scope}\n{previous}\n{digests}"
            previous = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
            body += f"{len(part):x};chunk-signature={previous}\r\n".encode() + part + b"\r\n"
        return body

    def upload(
        self, stand_in: AwsStandIn, monkeypatch: pytest.MonkeyPatch, bucket: str, spoil: bool = False
    ) -> int:
        parts = [b"a" * 131072, b"b" * 4096]
        headers = {
            "User-Agent": self.AGENT,
            "x-amz-acl": "bucket-owner-full-control",
            "x-amz-decoded-content-length": str(sum(map(len, parts))),
            "Content-Type": "video/mp4",
            "Cache-Control": "no-store, no-cache, must-revalidate, max-age=0",
            "Expect": "100-continue",
            "Content-Encoding": "aws-chunked",
        }
        path = f"/{bucket}/streams/a.mp4"
        signed, seed, timestamp = self.signed(stand_in, monkeypatch, path, headers)
        assert "user-agent" in signed["Authorization"]
        body = self.chunks(stand_in.credentials.secret_access_key, seed, timestamp, parts)
        return web(stand_in, "PUT", path, signed, body.replace(b"bbb", b"bbc", 1) if spoil else body)[0]

    def test_whole_object(
        self, stand_in: AwsStandIn, client: Clients, bucket: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert self.upload(stand_in, monkeypatch, bucket) == 200
        found = client().get_object(Bucket=bucket, Key="streams/a.mp4")
        assert found["Body"].read() == b"a" * 131072 + b"b" * 4096
        assert found["CacheControl"] == "no-store, no-cache, must-revalidate, max-age=0"
        assert found["ContentType"] == "video/mp4"
        assert "ContentEncoding" not in found

    def test_spoilt_chunk(
        self, stand_in: AwsStandIn, client: Clients, bucket: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert self.upload(stand_in, monkeypatch, bucket, spoil=True) == 403
        refused("NoSuchKey", client().get_object, Bucket=bucket, Key="streams/a.mp4")

    def test_multipart(self, client: Clients, bucket: str) -> None:
        s3, asked = client(), {"Bucket": bucket, "Key": "big.mp4"}
        upload = s3.create_multipart_upload(**asked, ACL="bucket-owner-full-control")["UploadId"]
        sizes = [5 * 1024 * 1024, 10]
        parts = [
            {
                "PartNumber": number,
                "ETag": s3.upload_part(**asked, UploadId=upload, PartNumber=number, Body=b"p" * size)["ETag"],
            }
            for number, size in enumerate(sizes, 1)
        ]
        s3.complete_multipart_upload(**asked, UploadId=upload, MultipartUpload={"Parts": parts})
        assert s3.head_object(**asked)["ContentLength"] == sum(sizes)
