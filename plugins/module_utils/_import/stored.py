# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""An object, its parts and an open upload, as S3 lists them. Plain data in, plain data out."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .parts import UNIT, Layout

# As the SDK of AMS sets it for what it uploads, by the end of the name.
_CONTENT_TYPES = {
    "3gp": "video/3gpp",
    "avi": "video/x-msvideo",
    "flv": "video/x-flv",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "webm": "video/webm",
}
_ANY_CONTENT = "application/octet-stream"
MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class StoredObject:
    """An object in the bucket. etag: without quotes. is_kms: whether its ETag says nothing of its content."""

    key: str
    size: int
    etag: str
    is_kms: bool = False


@dataclass(frozen=True)
class StoredPart:
    """A part in the bucket. md5: of what was sent, if this run has sent it or has compared it."""

    number: int
    size: int
    etag: str
    md5: Optional[bytes] = None


@dataclass
class Upload:
    """An upload of parts that is not complete. parts: those that are in the bucket, by their numbers."""

    key: str
    upload_id: str
    layout: Layout
    parts: dict[int, StoredPart] = field(default_factory=dict)


def content_type(key: str) -> str:
    """Return the content type that AMS gives a recording of this name."""
    return _CONTENT_TYPES.get(key.rpartition(".")[2].lower(), _ANY_CONTENT)


def base64_of(digest: bytes) -> str:
    """Return a digest as the header Content-MD5 has it."""
    return base64.b64encode(digest).decode()


def object_of(key: str, answer: Mapping[str, Any]) -> StoredObject:
    is_kms = str(answer.get("ServerSideEncryption") or "").startswith("aws:kms")
    return StoredObject(key, int(answer.get("ContentLength") or 0), etag_in(answer), is_kms)


def etag_in(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ETag") or "").strip('"')


def digest_of(etag: str) -> bytes:
    return bytes.fromhex(etag) if MD5.fullmatch(etag) else b""


def size_of(upload: Upload, number: int) -> int:
    return upload.parts[number].size if number in upload.parts else -1


def fits(upload: Upload) -> bool:
    sizes = {part.number: part.size for part in upload.layout}
    return all(sizes.get(number) == part.size for number, part in upload.parts.items())


def is_of_import(upload: Upload) -> bool:
    """True if an upload is cut as an import cuts."""
    sizes = [upload.parts[number].size for number in sorted(upload.parts)]
    last = sizes.pop() if len(sizes) > 1 else sizes[0]
    whole = set(sizes)
    return len(whole) == 1 and whole.pop() % UNIT == 0 and (last <= sizes[0])
