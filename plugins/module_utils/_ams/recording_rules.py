# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The behaviour of AMS by its settings of recording: object keys, upload bits, regions, forwarding.

Measured on 2.17.1, see tests/contract/test_viewers.py. Plain data in, plain data out.

A stream that is live while the settings change, measured on 2.17.1, see tests/contract/test_live_change.py.
Files that are uploaded at its end, and HLS files that hlsHttpEndpoint uploads meanwhile, have these values:

============================================  ==========================  ====================
setting                                       at the end                  meanwhile
============================================  ==========================  ====================
s3BucketName, s3AccessKey, s3SecretKey        new                         new from then on
s3RegionName, s3Endpoint                      new                         new from then on
s3Permission, s3StorageClass, s3CacheControl  new                         new from then on
s3StreamsFolderPath                           previous                    new from then on
s3RecordingEnabled                            new                         new from then on
uploadExtensionsToS3                          MP4: new, HLS: previous
============================================  ==========================  ====================

Measured too, but in no test, since it is a matter of milliseconds: the S3 client is made at the first upload
after a change. If the next change happens meanwhile, the server keeps that client, with the previous
s3Endpoint, s3RegionName and keys, until the change after it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from .._common.providers import service_of

# Bits of uploadExtensionsToS3.
MP4, HLS, PREVIEWS = 1, 2, 4
UPLOAD_BITS = {"mp4": MP4, "hls": HLS, "previews": PREVIEWS}
# The files that AMS writes below streams, and so may forward, by the bit that uploads them. Previews are
# elsewhere, where nothing is forwarded.
FORWARDABLE = {"mp4": MP4, "webm": MP4, "m3u8": HLS, "ts": HLS, "m4s": HLS, "fmp4": HLS}
# Fixed in AMS: the paths of recordings and previews after the application's name.
STREAMS_PATH, PREVIEWS_PATH = "streams", "previews"
# Suffix of a recording that the server has not finished.
UNFINISHED = ".tmp_extension"
# HLS files are uploaded (list size × segment time) after a stream's end; this makes it one second.
SHORTEST_HLS = {"hlsParameters": {"hlsTime": "1", "hlsListSize": "1"}}
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
_PUBLIC_READ = "public-read"
_CANNED_ACLS = {"private", _PUBLIC_READ, "public-read-write", "authenticated-read", "log-delivery-write"}
_CANNED_ACLS |= {"bucket-owner-read", "bucket-owner-full-control", "aws-exec-read"}


def endings(extensions: Optional[str]) -> list[str]:
    """Return what AMS compares the end of a path with, for a value of httpForwardingExtension."""
    # Java's split drops what is empty at the end; an empty entry elsewhere ends every path.
    given = (extensions or "").rstrip(",")
    return given.split(",") if given.strip() else []


def meant(extensions: Optional[str]) -> list[str]:
    """Return the extensions meant by a value of httpForwardingExtension, as AMS names its files."""
    found = (re.sub(r"[^a-z0-9]", "", entry.lower()) for entry in endings(extensions))
    return list(dict.fromkeys(name for name in found if name))


def is_forwarded(extensions: Optional[str], path: str) -> bool:
    """True if AMS forwards this path: by its end, with the case and the blanks of each entry."""
    is_stream = path.startswith(f"{STREAMS_PATH}/")
    return is_stream and any(path.endswith(ending) for ending in endings(extensions))


def forwarded_to(settings: Mapping[str, Any], path: str) -> str:
    """Return where AMS sends a viewer of this path, or "". path: after the application's name, quoted."""
    base = base_of(settings.get("httpForwardingBaseURL"))
    if not base or not is_forwarded(settings.get("httpForwardingExtension"), path):
        return ""
    target = f"{base}/{path}"
    # With two dots AMS answers 500.
    return "" if ".." in target else target


def base_of(base_url: Optional[str]) -> str:
    """Return the base URL as AMS uses it: without one slash at its end."""
    base = base_url or ""
    return base.removesuffix("/") if base.strip() else ""


def object_key(settings: Mapping[str, Any], path: str) -> str:
    """Return the S3 key of a file, given its path below the application or below its streams."""
    below = path.removeprefix(f"{STREAMS_PATH}/")
    return _one_slash(f"{settings.get('s3StreamsFolderPath') or ''}/{below}")


def path_below_streams(app: str, listed: str) -> str:
    """Return the path of a recording below its application's streams, given the path in the list (VoD).

    AMS lists the part of the file's path that begins with the first "streams", wherever that stands.
    """
    whole = f"webapps/{app}/{STREAMS_PATH}/"
    if whole in listed:
        return listed.rpartition(whole)[2]
    _before, in_name, rest = app.partition(STREAMS_PATH)
    return listed.removeprefix(f"{STREAMS_PATH}{rest}/" if in_name else "").removeprefix(f"{STREAMS_PATH}/")


def upload_folders(settings: Mapping[str, Any]) -> list[str]:
    """Return the folders of a bucket to which an application uploads, without slashes at their ends."""
    given = (
        settings.get("s3StreamsFolderPath") or STREAMS_PATH,
        settings.get("s3PreviewsFolderPath") or PREVIEWS_PATH,
    )
    return ["/".join(part for part in str(each).split("/") if part) for each in given]


def location(settings: Mapping[str, Any]) -> str:
    """Return where an application records to, as the address of S3 objects, without a slash at its end."""
    return f"s3://{settings.get('s3BucketName') or ''}/{upload_folders(settings)[0]}".rstrip("/")


def _place(settings: Mapping[str, Any]) -> tuple[str, str]:
    """Return where an application records to. Another provider may have a bucket of the same name."""
    return service_of(str(settings.get("s3Endpoint") or "")), location(settings)


def leaves_bucket(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """True if later recordings are in another bucket than earlier ones."""
    (service, _source), (target, _folder) = _place(before), _place(after)
    is_other = service != target or before.get("s3BucketName") != after.get("s3BucketName")
    return bool(before.get("s3RecordingEnabled") and after.get("s3RecordingEnabled") and is_other)


def leads_elsewhere(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """True if viewers of earlier recordings are sent to where later ones are.

    AMS keeps no address with a recording: it forwards all links of an application to the base URL of now.
    """
    forwards = all(Forwarding.of(each, {}).is_effective for each in (before, after))
    return bool(forwards and before.get("s3RecordingEnabled") and _place(before) != _place(after))


def stream_prefixes(settings: Mapping[str, Any], stream: str) -> list[str]:
    """Return the prefixes of the keys of all objects of a stream."""
    sub = str(settings.get("subFolder") or "")
    # There is no main track, for which %m stands.
    for part in ("%m/", "/%m", "%m"):
        sub = sub.replace(part, "")
    sub = sub.replace("%s", stream).strip().strip("/")
    prefixes = [object_key(settings, f"{sub}/{stream}")]
    if settings.get("generatePreview") and uploads(settings, PREVIEWS):
        prefixes.append(_one_slash(f"{settings.get('s3PreviewsFolderPath') or PREVIEWS_PATH}/{stream}"))
    return prefixes


def _one_slash(path: str) -> str:
    return re.sub("/{2,}", "/", path)


def uploads(settings: Mapping[str, Any], kind: int) -> bool:
    """True if the application uploads files of this kind."""
    bits = settings.get("uploadExtensionsToS3")
    return bool((MP4 | HLS | PREVIEWS if bits is None else int(bits)) & kind)


def hls_seconds(settings: Mapping[str, Any], broadcast: Mapping[str, Any]) -> Optional[float]:
    """Return how long after a stream's end its HLS files are uploaded; None where they are not."""
    if not (settings.get("hlsMuxingEnabled") and uploads(settings, HLS)):
        return None
    own = broadcast.get("hlsParameters") or {}
    seconds = 1.0
    for name, otherwise in (("hlsTime", 2), ("hlsListSize", 15)):
        seconds *= float(own.get(name) or settings.get(name) or otherwise)
    return seconds


def signing_region(settings: Mapping[str, Any]) -> Optional[str]:
    """Return the region that AMS signs its uploads with, which may be empty; None where it cannot sign.

    With an endpoint it uses s3RegionName as it is, but for null, which makes it forget the endpoint. Without
    one it looks the name up in the list of its SDK.
    """
    region = settings.get("s3RegionName")
    if region is None or not (region or settings.get("s3Endpoint")):
        return None
    return str(region)


def upload_acl(settings: Mapping[str, Any]) -> str:
    """Return the ACL that AMS uploads with. It replaces an unknown s3Permission by public-read."""
    permission = settings.get("s3Permission")
    return str(permission) if permission in _CANNED_ACLS else _PUBLIC_READ


def recording_path(name: str) -> str:
    """Return the path of a recording after the application's name."""
    return f"{STREAMS_PATH}/{name}"


def local_folder(app: str) -> str:
    """Return the folder on the server's disk in which an application records."""
    return f"webapps/{app}/{STREAMS_PATH}"


def base_url_path(folder: str) -> Optional[str]:
    """Return the path at the end of a base URL that leads to a folder of the bucket; None if none does.

    AMS puts streams/NAME behind the base URL, whatever the folder's name.
    """
    is_streams = f"/{folder}".endswith(f"/{STREAMS_PATH}")
    return folder.removesuffix(STREAMS_PATH).strip("/") if is_streams else None


@dataclass(frozen=True)
class Forwarding:
    """The forwarding of an application: extensions and base URL."""

    extensions: str = ""
    base: str = ""

    @classmethod
    def of(cls, settings: Mapping[str, Any], default: Mapping[str, Any]) -> Forwarding:
        def text(name: str) -> str:
            return str(settings.get(name, default.get(name)) or "")

        return cls(text("httpForwardingExtension"), base_of(text("httpForwardingBaseURL")))

    @property
    def meant(self) -> list[str]:
        return meant(self.extensions)

    @property
    def on(self) -> bool:
        return bool(endings(self.extensions))

    @property
    def is_effective(self) -> bool:
        """True if AMS sends viewers elsewhere, for which it needs both settings."""
        return bool(self.on and self.base)

    def forwards(self, extension: str) -> bool:
        """True if AMS forwards files with this extension."""
        return bool(self.base) and is_forwarded(self.extensions, recording_path(f"name.{extension}"))
