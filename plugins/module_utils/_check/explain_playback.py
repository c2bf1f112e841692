# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Why a viewer does not get a recording and what to do: plain data in, a sentence out."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional
from urllib.parse import unquote, urlsplit

from .._ams.recording_rules import STREAMS_PATH, base_of, endings, is_forwarded, meant
from .._common.addresses import in_ascii
from .._common.network import NoAnswer
from .explain_access import why_closed
from .explain_upload import Asked, Known

_AWS_HOST = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3(?:-accelerate|-website|-fips)?(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?"
)
_SERVERS = "run servers.yml"


@dataclass(frozen=True)
class Forwarding:
    """Extensions and base URL of an application's settings."""

    extensions: str = ""
    base: str = ""

    @classmethod
    def of(cls, settings: Mapping[str, Any], otherwise: Mapping[str, Any]) -> Forwarding:
        def text(name: str) -> str:
            return str(settings.get(name, otherwise.get(name)) or "")

        return cls(text("httpForwardingExtension"), base_of(text("httpForwardingBaseURL")))

    @property
    def meant(self) -> list[str]:
        return meant(self.extensions)

    @property
    def on(self) -> bool:
        return bool(endings(self.extensions))

    def takes(self, extension: str) -> bool:
        """Whether AMS forwards what is named so."""
        return bool(self.base) and is_forwarded(self.extensions, f"{STREAMS_PATH}/name.{extension}")


def probe_extension(asked: Forwarding, has: Forwarding) -> str:
    """What to ask the server for: an extension that it does not forward, or the one that is watched most.

    It is one that AMS gives its files, for which a misspelt one was meant.
    """
    missing = [name for name in asked.meant if not has.takes(name)]
    watched = "mp4" if "mp4" in asked.meant or not asked.meant else asked.meant[0]
    return watched if watched in missing or not missing else missing[0]


@dataclass(frozen=True)
class Redirect:
    """What a viewer asked the server and what came. wanted: the address to which it should lead."""

    url: str
    wanted: str
    extension: str
    status: int
    location: str = ""

    @property
    def ok(self) -> bool:
        return self.status == 302 and self.location == self.wanted


def redirect_remedy(redirect: Redirect, asked: Forwarding, has: Forwarding) -> str:
    """What to do where the server does not forward as it should."""
    if not has.base.isascii():
        return (
            f"httpForwardingBaseURL has letters that a redirect cannot hold: set it to {in_ascii(has.base)}, "
            f"{_SERVERS}"
        )
    if redirect.location and redirect.location != redirect.wanted:
        return _elsewhere(redirect, asked, has)
    if not has.on and not has.base:
        return (
            f"HTTP forwarding is off: httpForwardingExtension and httpForwardingBaseURL are empty, {_SERVERS}"
        )
    if not has.on:
        return f"HTTP forwarding is off: httpForwardingExtension is empty, {_SERVERS}"
    if not has.base:
        return f"HTTP forwarding is off: httpForwardingBaseURL is empty, {_SERVERS}"
    if not has.takes(redirect.extension):
        return _not_forwarded(redirect.extension, has)
    return _no_redirect(redirect)


def _elsewhere(redirect: Redirect, asked: Forwarding, has: Forwarding) -> str:
    if asked.base and redirect.location == redirect.wanted.replace(asked.base, has.base, 1):
        return f"The server forwards to another place, {has.base} in place of {asked.base}: {_SERVERS}"
    asked_url, went_to = urlsplit(redirect.url), urlsplit(redirect.location)
    if went_to.path == asked_url.path:
        return (
            "A proxy sends viewers to another address of the same path before AMS is asked: set viewer_url "
            f"to {went_to.scheme}://{went_to.netloc}"
        )
    return (
        "The server forwards to another place than its own settings say: does viewer_url lead to this "
        "server, and does no proxy rewrite the answer?"
    )


def _not_forwarded(extension: str, has: Forwarding) -> str:
    if extension in has.meant:
        return (
            f"AMS compares the end of a path with each entry of httpForwardingExtension ('{has.extensions}') "
            f"as it is, with its case and its blanks: set it to '{','.join(has.meant)}', {_SERVERS}"
        )
    return f"The extension {extension} is not forwarded, only {', '.join(has.meant)} is: {_SERVERS}"


def _no_redirect(redirect: Redirect) -> str:
    if redirect.status in (401, 403):
        return (
            "The server or a proxy in front of it refuses viewers: see play tokens and IP filters of the "
            "application"
        )
    if redirect.status >= 500:
        return "The server fails by itself: see its log"
    return (
        "The settings forward this, but the answer does not: does viewer_url lead to this server and not to "
        "another one or a proxy that answers by itself?"
    )


def unreachable_server(nothing: NoAnswer) -> str:
    if nothing.kind == "tls":
        return "Is viewer_url the name in the certificate? Otherwise see ca_path and validate_certs"
    return "Is viewer_url the address at which viewers reach the server, and can this host reach it?"


def insecure_pages(pages: Sequence[str]) -> list[str]:
    """The pages for which a browser blocks what comes by plain http."""
    return sorted({page for page in pages if urlsplit(page).scheme == "https"})


def is_mixed(target: str) -> bool:
    """Whether browsers block this address on an https page."""
    parts = urlsplit(target)
    # 127.0.0.0/8, ::1 and localhost are potentially trustworthy without TLS, so they are not mixed content:
    # https://www.w3.org/TR/secure-contexts/#is-origin-trustworthy
    return parts.scheme == "http" and not _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Fetched:
    """What a GET of the recording's address brought. code: of an S3 error body."""

    target: str
    status: int = 0
    code: str = ""
    encrypted_by_kms: bool = False
    nothing: Optional[NoAnswer] = None


def fetch_remedy(fetched: Fetched, asked: Asked, known: Known) -> str:
    """What to do where a viewer does not get an object that is in the bucket."""
    key = key_at(fetched.target, asked)
    if fetched.nothing is not None:
        return unreachable_target(fetched, asked)
    if fetched.status == 200:
        return "Something between answers with other bytes: a page of a CDN or a proxy, or what it has cached"
    if key is None:
        return _behind_another_host(fetched, asked)
    if key != asked.key:
        return _another_key(key, asked)
    if fetched.encrypted_by_kms:
        return (
            "The bucket encrypts with a KMS key, and S3 gives such objects to nobody without a signature: "
            "use SSE-S3, or a CDN that signs its requests"
        )
    if fetched.code in ("PermanentRedirect", "TemporaryRedirect") or fetched.status in (301, 307):
        return f"The base URL names another region than the bucket's: correct it, {_SERVERS}"
    if fetched.status == 404:
        return "The object was there a moment ago: does something else delete from the bucket?"
    return why_closed(asked, known) if fetched.status == 403 else "See what the store says"


def unreachable_target(fetched: Fetched, asked: Asked) -> str:
    host = urlsplit(fetched.target).hostname or ""
    kind = fetched.nothing.kind if fetched.nothing else ""
    if kind == "tls" and "." in asked.bucket and host.startswith(f"{asked.bucket}."):
        return (
            "The store's certificate does not cover a bucket name with dots: use path style or a CDN in the "
            f"base URL, {_SERVERS}"
        )
    if kind == "tls":
        return (
            f"Viewers would get this error too: see scheme, port and certificate of {host} in "
            "httpForwardingBaseURL"
        )
    return f"Is {host} in httpForwardingBaseURL right, and can viewers reach it?"


def key_at(target: str, asked: Asked) -> Optional[str]:
    """The key that an address names in the bucket; None where the address is not the bucket's own."""
    parts, store = urlsplit(target), urlsplit(asked.endpoint)
    path = unquote(parts.path).lstrip("/")
    of_aws = _AWS_HOST.fullmatch(parts.hostname or "")
    by_host = store.netloc and parts.netloc == f"{asked.bucket}.{store.netloc}"
    if by_host or (of_aws and of_aws["bucket"] == asked.bucket):
        return path
    by_path = (store.netloc and parts.netloc == store.netloc) or (of_aws and of_aws["bucket"] is None)
    if by_path and path.startswith(f"{asked.bucket}/"):
        return path.removeprefix(f"{asked.bucket}/")
    return None


def _another_key(key: str, asked: Asked) -> str:
    name = key.rpartition("/")[2]
    # AMS puts streams/NAME behind the base URL, whatever the folder's name.
    folder = asked.key.removesuffix(f"/{name}")
    if folder != "streams" and not folder.endswith("/streams"):
        return (
            f"AMS forwards to streams/NAME below the base URL, which never meets the folder {folder}: let "
            f"s3StreamsFolderPath end in streams, {_SERVERS}"
        )
    below = folder.removesuffix("streams").strip("/")
    end = f"end in /{below}" if below else "end at the bucket"
    return (
        f"The base URL leads to {key}, but the recording is at {asked.key}: httpForwardingBaseURL must "
        f"{end}, {_SERVERS}"
    )


def _behind_another_host(fetched: Fetched, asked: Asked) -> str:
    host = urlsplit(fetched.target).netloc
    there = f"The object is in bucket {asked.bucket}, but {host}, which is not the bucket's own address,"
    if fetched.status >= 500:
        return f"{there} fails: can it reach the bucket, and is its origin right?"
    if fetched.status == 403:
        return (
            f"{there} does not give it out. Behind a CDN: is its origin the bucket with the path to "
            f"{asked.folder}, and does the bucket policy let it read?"
        )
    return (
        f"{there} does not find it. Behind a CDN: is its origin this bucket, and does its path lead to "
        f"{asked.folder}? Otherwise correct httpForwardingBaseURL, {_SERVERS}"
    )


@dataclass(frozen=True)
class Preflight:
    """What the target answered to a browser's question for an origin."""

    target: str
    origin: str
    status: int = 0
    allowed: str = ""
    text: str = ""
    credentials: bool = False

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300 and self.allowed in (self.origin, "*")


def preflight_remedy(asked_for: Preflight, asked: Asked, elsewhere: str = "") -> str:
    """What to do where an origin is not allowed to play the recording.

    elsewhere: where the store's CORS is set if not by rules of the bucket.
    """
    if key_at(asked_for.target, asked) is None and asked_for.status != 403:
        return (
            f"Let {urlsplit(asked_for.target).netloc} pass OPTIONS, and the header Origin, on to the bucket "
            "and keep the answer's CORS headers"
        )
    if elsewhere:
        return (
            f"This store has its CORS set by {elsewhere}: allow the origin {asked_for.origin} with GET there"
        )
    if "CORS is not enabled" in asked_for.text:
        return f"The bucket has no CORS rules: run storage.yml with the origin {asked_for.origin}"
    return (
        f"The bucket's CORS rules lack the origin {asked_for.origin} with GET (the first rule that matches "
        "counts): run storage.yml"
    )


def wider_cors(foreign: Preflight, asked: Asked, elsewhere: str = "") -> str:
    """Return the warning where CORS allows an origin that nobody asked for.

    It names no server, so that it is said once for all servers of a bucket.
    """
    whom = "pages of every site" if foreign.allowed in ("*", foreign.origin) else foreign.allowed
    credentials = " and to send credentials" if foreign.credentials else ""
    if elsewhere:
        narrow = f"set {elsewhere} to the origins that are meant"
    elif key_at(foreign.target, asked) is None:
        narrow = (
            f"see the CORS settings of {urlsplit(foreign.target).netloc}, and the CORS rules of the bucket"
        )
    else:
        narrow = (
            "remove that CORS rule from the bucket, which is someone else's and stays when storage.yml runs; "
            "or ask for it with s3_recording_cors_origins ['*']"
        )
    return (
        f"CORS of bucket {asked.bucket} is wider than asked: it allows {whom} to read the recordings"
        f"{credentials}, beyond the origins of the servers and those asked for. Recording and playback work. "
        f"To narrow it: {narrow}"
    )
