# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Explain why a viewer does not get a recording and what to do: plain data in, a sentence out."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Optional
from urllib.parse import unquote, urlsplit

from .._ams.recording_rules import STREAMS_PATH, Forwarding, base_url_path
from .._common.addresses import in_ascii
from .._common.network import NoAnswer
from .explain_forbidden import explain_forbidden
from .explain_upload import Evidence, UploadTarget
from .viewer_responses import ObjectResponse, Preflight, Redirect

_AWS_HOST = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3(?:-accelerate|-website|-fips)?(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?"
)
_SERVERS = "run servers.yml"


def probe_extension(requested: Forwarding, actual: Forwarding) -> str:
    """Return the extension of the probe: one that the server does not forward, or the most watched one.

    It is an extension of AMS's own files, also if the setting has it misspelt.
    """
    missing = [name for name in requested.meant if not actual.forwards(name)]
    watched = "mp4" if "mp4" in requested.meant or not requested.meant else requested.meant[0]
    return watched if watched in missing or not missing else missing[0]


def redirect_remedy(redirect: Redirect, requested: Forwarding, actual: Forwarding) -> str:
    """Return what to do if the server does not forward as it should."""
    if not actual.base.isascii():
        return (
            "httpForwardingBaseURL has letters that a redirect cannot contain: set it to "
            f"{in_ascii(actual.base)}, {_SERVERS}"
        )
    if redirect.location and redirect.location != redirect.wanted:
        return _elsewhere(redirect, requested, actual)
    needed = {"httpForwardingExtension": actual.on, "httpForwardingBaseURL": actual.base}
    empty = [name for name, value in needed.items() if not value]
    if empty:
        return (
            f"HTTP forwarding is off: {' and '.join(empty)} {'are' if empty[1:] else 'is'} empty, {_SERVERS}"
        )
    if not actual.forwards(redirect.extension):
        return _not_forwarded(redirect.extension, actual)
    return _no_redirect(redirect)


def _elsewhere(redirect: Redirect, requested: Forwarding, actual: Forwarding) -> str:
    if requested.base and redirect.location == redirect.wanted.replace(requested.base, actual.base, 1):
        return f"The server forwards to {actual.base} instead of {requested.base}: {_SERVERS}"
    url, location = urlsplit(redirect.url), urlsplit(redirect.location)
    if location.path == url.path:
        return (
            "A proxy redirects viewers to another address with the same path, before AMS is asked: set "
            f"viewer_url to {location.scheme}://{location.netloc}"
        )
    return (
        "The server does not redirect to where its settings say. Does viewer_url lead to this server? "
        "Does a proxy rewrite the response?"
    )


def _not_forwarded(extension: str, actual: Forwarding) -> str:
    meant = actual.meant
    if extension in meant:
        return (
            "AMS compares the end of a path with each entry of httpForwardingExtension "
            f"('{actual.extensions}') exactly, with case and blanks: set it to '{','.join(meant)}', "
            f"{_SERVERS}"
        )
    return f"The extension {extension} is not forwarded, only {', '.join(meant)} is: {_SERVERS}"


def _no_redirect(redirect: Redirect) -> str:
    if redirect.status in (401, 403):
        return (
            "The server or a proxy in front of it refuses viewers: see play tokens and IP filters of the "
            "application"
        )
    if redirect.status >= 500:
        return "The server failed: see its log"
    return (
        "The settings forward this, but the response does not: does viewer_url lead to this server, and not "
        "to another one or to a proxy that responds itself?"
    )


def unreachable_server(failure: NoAnswer) -> str:
    """Return what to do if the server does not respond to a viewer."""
    if failure.kind == "tls":
        return "Is viewer_url the name in the certificate? Otherwise see ca_path and validate_certs"
    return "Is viewer_url the address at which viewers reach the server, and can this host reach it?"


def insecure_pages(pages: Sequence[str]) -> list[str]:
    """Return the pages in which a browser blocks plain http."""
    return sorted({page for page in pages if urlsplit(page).scheme == "https"})


def is_mixed(target: str) -> bool:
    """True if browsers block this address in an https page."""
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


def fetch_remedy(response: ObjectResponse, target: UploadTarget, evidence: Evidence) -> str:
    """Return what to do if a viewer does not get an object that is in the bucket."""
    key = key_at(response.url, target)
    if response.status == 200:
        return "A CDN or a proxy returns other bytes: a page of its own, or an old copy"
    if key is None:
        return _behind_another_host(response, target)
    if key != target.key:
        return _another_key(key, target)
    if response.encrypted_by_kms:
        return (
            "The bucket encrypts with a KMS key, and S3 serves such objects only to signed requests: "
            "use SSE-S3, or a CDN that signs its requests"
        )
    if response.code in ("PermanentRedirect", "TemporaryRedirect") or response.status in (301, 307):
        return f"The base URL names another region than the bucket's: correct it, {_SERVERS}"
    if response.status == 404:
        return "The object was there a moment ago: does something else delete objects in the bucket?"
    return (
        explain_forbidden(target, evidence) if response.status == 403 else "See the error of the S3 provider"
    )


def unreachable_target(url: str, failure: NoAnswer, target: UploadTarget) -> str:
    """Return what to do if the address to which viewers are sent does not respond."""
    host, kind = urlsplit(url).hostname or "", failure.kind
    if kind == "tls" and "." in target.bucket and host.startswith(f"{target.bucket}."):
        return (
            "The provider's certificate does not cover a bucket name with dots: use path style or a CDN in "
            f"the base URL, {_SERVERS}"
        )
    if kind == "tls":
        return (
            f"Viewers would get this error too: see scheme, port and certificate of {host} in "
            "httpForwardingBaseURL"
        )
    return f"Is {host} in httpForwardingBaseURL right, and can viewers reach it?"


def key_at(url: str, target: UploadTarget) -> Optional[str]:
    """Return the key that an address names in the bucket; None if it is not an address of the bucket."""
    parts, endpoint = urlsplit(url), urlsplit(target.endpoint).netloc
    path = unquote(parts.path).lstrip("/")
    on_aws = _AWS_HOST.fullmatch(parts.hostname or "")
    by_host = endpoint and parts.netloc == f"{target.bucket}.{endpoint}"
    if by_host or (on_aws and on_aws["bucket"] == target.bucket):
        return path
    by_path = (endpoint and parts.netloc == endpoint) or (on_aws and on_aws["bucket"] is None)
    if by_path and path.startswith(f"{target.bucket}/"):
        return path.removeprefix(f"{target.bucket}/")
    return None


def _another_key(key: str, target: UploadTarget) -> str:
    folder = target.key.removesuffix(f"/{key.rpartition('/')[2]}")
    below = base_url_path(folder)
    if below is None:
        return (
            f"AMS forwards to {STREAMS_PATH}/NAME below the base URL, which never leads to the folder "
            f"{folder}: let s3StreamsFolderPath end in {STREAMS_PATH}, {_SERVERS}"
        )
    end = f"end in /{below}" if below else "end at the bucket"
    return (
        f"The base URL leads to {key}, but the recording is at {target.key}: httpForwardingBaseURL must "
        f"{end}, {_SERVERS}"
    )


def _behind_another_host(response: ObjectResponse, target: UploadTarget) -> str:
    host = urlsplit(response.url).netloc
    there = f"The object is in bucket {target.bucket}, but {host}, which is not an address of the bucket,"
    if response.status >= 500:
        return f"{there} fails: can it reach the bucket, and is its origin right?"
    if response.status == 403:
        return (
            f"{there} refuses it. Behind a CDN: is its origin the bucket with the path to "
            f"{target.folder}, and does the bucket policy let it read?"
        )
    return (
        f"{there} does not find it. Behind a CDN: is its origin this bucket, and does its path lead to "
        f"{target.folder}? Otherwise correct httpForwardingBaseURL, {_SERVERS}"
    )


def preflight_remedy(preflight: Preflight, target: UploadTarget, elsewhere: str = "") -> str:
    """Return what to do if an origin may not play the recording. elsewhere: see Viewer.cors_elsewhere."""
    if key_at(preflight.url, target) is None and preflight.status != 403:
        return (
            f"Have {urlsplit(preflight.url).netloc} pass OPTIONS and the Origin header to the bucket, "
            "and keep the CORS headers of the response"
        )
    if elsewhere:
        return (
            f"This provider has its CORS set by {elsewhere}: allow the origin {preflight.origin} with GET "
            "there"
        )
    if "CORS is not enabled" in preflight.text:
        return f"The bucket has no CORS rules: run storage.yml with the origin {preflight.origin}"
    return (
        f"The bucket's CORS rules lack the origin {preflight.origin} with GET (the first rule that matches "
        "counts): run storage.yml"
    )


def wider_cors(preflight: Preflight, target: UploadTarget, elsewhere: str = "") -> str:
    """Return the warning if CORS allows an origin that was not requested.

    It names no server, so that it appears once for all servers of a bucket.
    """
    whom = "pages of every site" if preflight.allowed in ("*", preflight.origin) else preflight.allowed
    credentials = " and to send credentials" if preflight.credentials else ""
    if elsewhere:
        narrow = f"set {elsewhere} to the origins that you want"
    elif key_at(preflight.url, target) is None:
        narrow = (
            f"see the CORS settings of {urlsplit(preflight.url).netloc}, and the CORS rules of the bucket"
        )
    else:
        narrow = (
            "remove that CORS rule from the bucket, which is someone else's and stays when storage.yml runs; "
            "or request it with s3_recording_cors_origins ['*']"
        )
    return (
        f"CORS of bucket {target.bucket} is wider than requested: it allows {whom} to read the recordings"
        f"{credentials}, in addition to the origins of the servers and the requested ones. Recording and "
        f"playback work. To narrow it: {narrow}"
    )
