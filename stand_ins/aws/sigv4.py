# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Signature Version 4, checked over exactly the headers that the client signed.

botocore's own signer cannot serve as the check: it leaves out headers, User-Agent among them, that other
SDKs sign (AWS SDK for Java v1, which Ant Media Server uses).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from .errors import Refusal

if TYPE_CHECKING:
    from .call import Call

_EMPTY = hashlib.sha256(b"").hexdigest()
_STREAMING = "STREAMING-"
_UNRESERVED = "-_.~"


@dataclass
class Signature:
    date: str
    scope: str
    signed_headers: list[str]
    value: str
    presigned: bool


def _field(authorization: str, name: str) -> str:
    match = re.search(rf"{name}=([^,\s]+)", authorization)
    return match.group(1) if match else ""


def read_signature(call: Call) -> Signature | None:
    """Return the signature of a request, None when it has none."""
    authorization = call.headers.get("authorization", "")
    if authorization.startswith("AWS4-HMAC-SHA256"):
        scope = _field(authorization, "Credential").split("/", 1)[-1]
        date = call.headers.get("x-amz-date", "")
        signed = _field(authorization, "SignedHeaders").split(";")
        return Signature(date, scope, signed, _field(authorization, "Signature"), False)
    if authorization or "AWSAccessKeyId" in call.query:
        raise Refusal(
            400,
            "InvalidRequest",
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        )
    if "X-Amz-Signature" in call.query:
        query = call.query
        scope = query.get("X-Amz-Credential", "").split("/", 1)[-1]
        signed = query.get("X-Amz-SignedHeaders", "host").split(";")
        return Signature(query.get("X-Amz-Date", ""), scope, signed, query["X-Amz-Signature"], True)
    return None


def _canonical_query(call: Call) -> str:
    pairs = parse_qsl(call.raw_query, keep_blank_values=True)
    encoded = [
        (quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED))
        for name, value in pairs
        if name != "X-Amz-Signature"
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def _canonical_path(call: Call) -> str:
    if call.service in ("s3", "s3control"):
        return quote(call.path, safe="/" + _UNRESERVED)
    return quote(call.raw_path, safe="/" + _UNRESERVED)


def _payload_hash(call: Call, signature: Signature) -> str:
    if signature.presigned:
        return call.query.get("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
    return call.headers.get("x-amz-content-sha256") or hashlib.sha256(call.body).hexdigest()


def _string_to_sign(call: Call, signature: Signature) -> str:
    headers = "".join(
        f"{name}:{' '.join(call.headers.get(name, '').split())}\n" for name in signature.signed_headers
    )
    canonical = "\n".join(
        [
            call.method,
            _canonical_path(call),
            _canonical_query(call),
            headers,
            ";".join(signature.signed_headers),
            _payload_hash(call, signature),
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"AWS4-HMAC-SHA256\n{signature.date}\n{signature.scope}\n{digest}"


def _signing_key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _sign(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _check_age(call: Call, signature: Signature) -> None:
    signed = datetime.strptime(signature.date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    valid = timedelta(seconds=int(call.query.get("X-Amz-Expires", "0")))
    if datetime.now(timezone.utc) >= signed + valid:
        raise Refusal(403, "AccessDenied", "Request has expired")


def check(call: Call, signature: Signature, secret: str) -> None:
    if signature.presigned:
        _check_age(call, signature)
    expected = _sign(_signing_key(secret, signature.scope), _string_to_sign(call, signature))
    if not hmac.compare_digest(expected, signature.value):
        raise Refusal(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
        )
    claimed = call.headers.get("x-amz-content-sha256", "")
    if re.fullmatch(r"[0-9a-f]{64}", claimed) and hashlib.sha256(call.body).hexdigest() != claimed:
        raise Refusal(
            400,
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )


def plain_body(call: Call, signature: Signature | None, secret: str | None) -> bytes:
    """Return the object's own bytes, of an aws-chunked body once its chunk signatures are checked."""
    if not call.headers.get("x-amz-content-sha256", "").startswith(_STREAMING):
        return call.body
    signer = _ChunkSigner(signature, secret) if signature and secret else None
    return _join_chunks(call, signer)


class _ChunkSigner:
    def __init__(self, signature: Signature, secret: str) -> None:
        self._key = _signing_key(secret, signature.scope)
        self._signature = signature
        self._previous = signature.value

    def check(self, data: bytes, claimed: str) -> None:
        text = "\n".join(
            [
                "AWS4-HMAC-SHA256-PAYLOAD",
                self._signature.date,
                self._signature.scope,
                self._previous,
                _EMPTY,
                hashlib.sha256(data).hexdigest(),
            ]
        )
        self._previous = _sign(self._key, text)
        if not hmac.compare_digest(self._previous, claimed):
            raise Refusal(403, "SignatureDoesNotMatch", "The signature of a chunk does not match.")


def _join_chunks(call: Call, signer: _ChunkSigner | None) -> bytes:
    whole, position = bytearray(), 0
    while True:
        end = call.body.find(b"\r\n", position)
        if end < 0:
            raise Refusal(400, "IncompleteBody", "The request body terminated unexpectedly")
        size_text, _rest, extension = call.body[position:end].decode("ascii").partition(";")
        size = int(size_text, 16)
        data = call.body[end + 2 : end + 2 + size]
        if signer and extension:
            signer.check(data, extension.partition("=")[2])
        if size == 0:
            break
        whole += data
        position = end + 2 + size + 2
    _take_trailers(call, end + 2)
    declared = call.headers.get("x-amz-decoded-content-length")
    if declared is not None and int(declared) != len(whole):
        raise Refusal(400, "IncompleteBody", "The request body terminated unexpectedly")
    return bytes(whole)


def _take_trailers(call: Call, position: int) -> None:
    """Copy the checksums to the headers, where moto reads them."""
    for line in call.body[position:].decode("latin-1").split("\r\n"):
        name, _rest, value = line.partition(":")
        if name.lower().startswith("x-amz-checksum-"):
            call.environ["HTTP_" + name.strip().upper().replace("-", "_")] = value.strip()
