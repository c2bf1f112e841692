# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One HTTP request as the stand-in sees it, read from the WSGI environment."""

from __future__ import annotations

import hashlib
import io
import json
import re
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, unquote

from . import cloudfront_actions, s3_actions

_VIRTUAL_HOST = re.compile(r"^(?P<bucket>.+?)\.(?:s3[.-].*amazonaws\.com(?:\.cn)?|localhost)$")
_READING = re.compile(
    r"^(Get|List|Describe|Head|Simulate|BatchGet|Decode|Assume|Encrypt|Decrypt|Generate|Verify|Validate|Preflight)"
)
_JSON_SERVICES = {"AmazonSSM": "ssm", "TrentService": "kms"}
_LOGGED_HEADERS = (
    "x-amz-acl",
    "x-amz-expected-bucket-owner",
    "x-amz-storage-class",
    "x-amz-content-sha256",
    "cache-control",
    "content-type",
    "origin",
    "range",
    "user-agent",
)


@dataclass
class Call:
    method: str
    raw_path: str
    raw_query: str
    headers: dict[str, str]
    body: bytes
    environ: dict[str, Any]
    service: str = "s3"
    protocol: str = "s3"
    region: str = "us-east-1"
    access_key_id: str | None = None
    bucket: str | None = None
    key: str | None = None
    operation: str = ""
    action: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return unquote(self.raw_path)

    @property
    def writes(self) -> bool:
        if self.protocol in ("s3", "edge"):
            return self.method not in ("GET", "HEAD", "OPTIONS")
        return not _READING.match(self.operation)

    @property
    def partition(self) -> str:
        for prefix, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
            if self.region.startswith(prefix):
                return partition
        return "aws"

    def logged(self) -> dict[str, Any]:
        query = re.sub(r"X-Amz-Signature=[^&]*", "X-Amz-Signature=-", self.raw_query)
        return {
            "service": self.service,
            "action": self.action,
            "operation": self.operation,
            "method": self.method,
            "path": self.raw_path + (f"?{query}" if query else ""),
            "bucket": self.bucket,
            "key": self.key,
            "region": self.region,
            "body_digest": hashlib.sha256(self.body).hexdigest(),
            "access_key_id": self.access_key_id,
            "write": self.writes,
            "headers": {name: self.headers[name] for name in _LOGGED_HEADERS if name in self.headers},
        }


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return headers


def _body(environ: dict[str, Any]) -> bytes:
    stream: BinaryIO = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        return stream.read()
    return stream.read(int(environ.get("CONTENT_LENGTH") or 0))


def _credential_scope(call: Call) -> list[str]:
    authorization = call.headers.get("authorization", "")
    match = re.search(r"Credential=([^,\s]+)", authorization)
    credential = match.group(1) if match else call.query.get("X-Amz-Credential", "")
    return credential.split("/")


def _read_scope(call: Call) -> None:
    scope = _credential_scope(call)
    if len(scope) >= 5:
        call.access_key_id, call.region, call.service = "/".join(scope[:-4]), scope[-3], scope[-2]


def _read_json(call: Call, target: str) -> None:
    prefix, _rest, call.operation = target.partition(".")
    call.protocol = "json"
    if not call.access_key_id:
        call.service = _JSON_SERVICES.get(prefix, prefix)
    try:
        call.params = json.loads(call.body or b"{}")
    except ValueError:
        call.params = {}
    call.action = f"{call.service}:{call.operation}"


def _read_form(call: Call) -> None:
    call.protocol = "query"
    call.params = dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)) | call.query
    call.operation = call.params.get("Action", call.method)
    if not call.access_key_id:
        call.service = "sts" if call.params.get("Version") == "2011-06-15" else "iam"
    call.action = f"{call.service}:{call.operation}"


def _read_cloudfront(call: Call) -> None:
    call.protocol = "query"
    call.operation, name = cloudfront_actions.identify(call.method, call.path, call.query)
    call.params = {"Id": name, "Resource": call.query.get("Resource", "")}
    # Whatever region a client with an endpoint of its own has signed for.
    call.region = "us-east-1"
    call.action = cloudfront_actions.action(call.operation)


def _read_viewer(call: Call, name: str, path: str) -> None:
    call.service, call.protocol, call.operation = "cloudfront", "edge", "ViewerRequest"
    call.params = {"Id": name, "Path": path}
    call.action = cloudfront_actions.action(call.operation)


def _is_form(call: Call) -> bool:
    return call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def _split_bucket(call: Call) -> None:
    host = call.headers.get("host", "").rsplit(":", 1)[0]
    virtual = _VIRTUAL_HOST.match(host)
    bucket, _rest, key = call.path.lstrip("/").partition("/")
    if virtual:
        bucket, key = virtual.group("bucket"), call.path.removeprefix("/")
    call.bucket, call.key = bucket or None, key or None


def _read_s3(call: Call) -> None:
    if call.raw_path.startswith("/v20180820/"):
        call.protocol = "query"
        call.service = "s3control"
        call.operation = s3_actions.control_operation(call.method, call.raw_path)
        call.action = s3_actions.CONTROL_ACTIONS.get(call.operation, f"s3:{call.operation}")
        return
    _split_bucket(call)
    call.operation, call.action = s3_actions.identify(
        call.method, call.bucket, call.key, call.query, call.headers
    )


def read_call(environ: dict[str, Any]) -> Call:
    raw = environ.get("RAW_URI") or environ.get("PATH_INFO", "/")
    raw = re.sub(r"^https?://[^/]*", "", raw) or "/"
    path, _rest, query = raw.partition("?")
    call = Call(environ["REQUEST_METHOD"], path, query, _headers(environ), _body(environ), environ)
    call.query = dict(parse_qsl(query, keep_blank_values=True))
    _read_scope(call)
    target = call.headers.get("x-amz-target", "")
    viewed = cloudfront_actions.viewed(call.headers.get("host", ""), path)
    if viewed:
        _read_viewer(call, *viewed)
    elif target:
        _read_json(call, target)
    elif call.service == "cloudfront":
        _read_cloudfront(call)
    elif call.service != "s3" or (not call.access_key_id and _is_form(call) and b"Action=" in call.body):
        _read_form(call)
    else:
        _read_s3(call)
    return call


def moto_environ(call: Call, body: bytes, access_key_id: str) -> dict[str, Any]:
    """Return the request for moto: path style, whole body, signed as far as moto looks."""
    environ = dict(call.environ)
    service = "s3" if call.service == "s3control" else call.service
    environ["HTTP_AUTHORIZATION"] = (
        f"AWS4-HMAC-SHA256 Credential={access_key_id}/20250101/{call.region}/{service}/aws4_request, "
        "SignedHeaders=host, Signature=0"
    )
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    for name in ("HTTP_TRANSFER_ENCODING", "wsgi.input_terminated", "HTTP_EXPECT"):
        environ.pop(name, None)
    if call.service == "s3":
        _as_path_style(call, environ)
    return environ


def _as_path_style(call: Call, environ: dict[str, Any]) -> None:
    if _VIRTUAL_HOST.match(call.headers.get("host", "").rsplit(":", 1)[0]):
        environ["HTTP_HOST"] = "127.0.0.1"
        environ["PATH_INFO"] = f"/{call.bucket}{environ['PATH_INFO']}"
        raw = f"/{call.bucket}{call.raw_path}"
        environ["RAW_URI"] = environ["REQUEST_URI"] = raw + (f"?{call.raw_query}" if call.raw_query else "")
    if "aws-chunked" in environ.get("HTTP_CONTENT_ENCODING", ""):
        rest = [part.strip() for part in environ["HTTP_CONTENT_ENCODING"].split(",")]
        environ["HTTP_CONTENT_ENCODING"] = ", ".join(part for part in rest if part != "aws-chunked")
        if not environ["HTTP_CONTENT_ENCODING"]:
            del environ["HTTP_CONTENT_ENCODING"]
    environ["HTTP_X_AMZ_CONTENT_SHA256"] = "UNSIGNED-PAYLOAD"
