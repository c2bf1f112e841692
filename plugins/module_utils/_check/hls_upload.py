# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Decide who has access to /APP/hls-upload/NAME, where AMS reads and writes the bucket with its own key.

Measured on 2.17.1, on loopback, with a closed bucket:

- GET returns the object, PUT overwrites it, DELETE deletes it if the key may. There is no login, and neither
  jwtControlEnabled nor a play token protects it. The only protection is the IP filter of the application's
  REST API: 403 "Not allowed IP". With ipFilterEnabled false everybody gets the object.
- A release without this address returns 404. The response of a proxy in its place says nothing about it.
- Behind the filter, errors of the S3 provider appear as a 500 that names "Service: Amazon S3": a client that
  sees one has access, and may be able to write where the key cannot read.
- The server trusts X-Forwarded-For if the connection comes from a loopback or private address. It reads it
  from right to left, skips loopback and private addresses, and uses the first other one or the leftmost. With
  the default filter (127.0.0.1) loopback without a header has access; with 203.0.113.7, and with
  "127.0.0.1, 203.0.113.7", it is refused. With remoteAllowedCIDR 10.0.0.0/8 loopback without a header is
  refused, and with 10.1.1.1 it has access.

So the meaning of a response depends on the client. An address that the filter allows has access by right:
from there the header can only show that the filter refuses others. On the server itself, a header that gives
access shows only what a proxy could do. From any other address, a response with the object means open access.
If the header gave it, access is open to everybody whose header reaches the server and is trusted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from .._ams.rest_filter import LOOPBACK, RestFilter, address_of, is_believed

CLOSED, OPEN, DOUBTFUL, NOT_JUDGED, UNKNOWN = "closed", "open", "doubtful", "not judged", "unknown"
_NOT_KNOWN = "an address that this host does not know (because of a proxy or NAT)"


@dataclass(frozen=True)
class Attempt:
    """One request. header: its X-Forwarded-For, or "". response: its description.

    allowed: True if it gave access; None if the response does not say.
    """

    header: str
    response: str
    allowed: Optional[bool]

    def describe(self) -> str:
        return (
            f"{self.response} {'with X-Forwarded-For: ' + self.header if self.header else 'without a header'}"
        )


@dataclass(frozen=True)
class Verdict:
    """state: of the access. reason: empty if it is closed. remedy: for access that is not closed."""

    state: str
    reason: str = ""
    remedy: str = ""


def next_header(settings: Mapping[str, Any], tried: Sequence[Attempt]) -> Optional[str]:
    """Return the X-Forwarded-For of the next request, empty for none; None after the last request."""
    rest = RestFilter.of(settings)
    if not tried:
        return ""
    # If a stranger is not refused, the filter does not protect this address.
    headers = [rest.stranger or LOOPBACK] if tried[0].allowed else [LOOPBACK, rest.insider]
    sent = [each.header for each in tried]
    left = [header for header in headers if header and header not in sent]
    return left[0] if left and not any(each.allowed for each in tried[1:]) else None


def judge(app: str, settings: Mapping[str, Any], source: str, tried: Sequence[Attempt]) -> Verdict:
    """Return what the responses mean. source: the address that the server sees, empty if not known."""
    allowed = [each for each in tried if each.allowed]
    rest = RestFilter.of(settings)
    if not allowed:
        return _no_access(app, rest, tried)
    in_front = f"let the proxy or firewall in front of the server refuse /{app}/hls-upload/"
    if not rest.stranger:
        remedy = "Narrow remoteAllowedCIDR to what needs it" if rest.on else "Set ipFilterEnabled to true"
        return Verdict(OPEN, _open_by_setting(rest), f"{remedy}, or {in_front}")
    overwrite = f"let the proxy set X-Forwarded-For to the address of the client alone, and {in_front}"
    if not allowed[0].header:
        return _without_header(rest, source, allowed, overwrite)
    return _by_header(source, allowed[0].header, overwrite)


def _no_access(app: str, rest: RestFilter, tried: Sequence[Attempt]) -> Verdict:
    if all(each.allowed is False for each in tried):
        return Verdict(CLOSED)
    reason = "neither the server nor a proxy in front of it said whether strangers have access"
    remedy = (
        "Give a viewer_url at which this host reaches the server. A proxy in front of the server may return "
        f"404 for /{app}/hls-upload/, which counts as closed"
    )
    return Verdict(UNKNOWN, reason if rest.stranger else f"{reason}; {_open_by_setting(rest)}", remedy)


def _open_by_setting(rest: RestFilter) -> str:
    setting = "remoteAllowedCIDR allows everybody" if rest.on else "ipFilterEnabled is false"
    return f"{setting}, so everybody who reaches the server has access"


def _without_header(rest: RestFilter, source: str, allowed: Sequence[Attempt], overwrite: str) -> Verdict:
    if source and not rest.allows(source):
        reason = (
            f"the filter does not allow {source}, and yet it has access: a proxy in front of the server "
            "hides the addresses of its clients"
        )
        return Verdict(OPEN, reason, _begin(overwrite))
    where = f"{source}, which the filter allows" if source else _NOT_KNOWN
    if len(allowed) == 1 and not source:
        reason = (
            f"the check runs from {where}, and has access: either the filter allows that address, which is "
            "right, or a proxy in front of the server hides the addresses of its clients, and then everybody "
            "has access"
        )
        return Verdict(DOUBTFUL, reason, f"Run the check where the server sees its address; {overwrite}")
    if len(allowed) == 1:
        return Verdict(NOT_JUDGED, f"not judged from here: the check runs from {where}")
    reason = (
        f"the check runs from {where}, and has access as {allowed[1].header} as well: either a proxy in "
        "front of the server overwrites the header, which is right, or it hides the addresses of its "
        "clients, and then everybody has access"
    )
    return Verdict(DOUBTFUL, reason, f"Run the check from another machine; {overwrite}")


def _by_header(source: str, header: str, overwrite: str) -> Verdict:
    known = address_of(source)
    if known is not None and known.is_loopback:
        reason = (
            "the check runs on the server itself, and the server trusts the header: everybody who can send "
            f"X-Forwarded-For: {header} through a proxy in front of it has access"
        )
        return Verdict(DOUBTFUL, reason, f"Run the check from another machine; {overwrite}")
    if is_believed(source):
        reason = (
            f"the server trusts the header from private addresses such as {source}, and from everybody if a "
            "proxy passes it on"
        )
        return Verdict(OPEN, reason, f"Let only a proxy reach the server's ports; {overwrite}")
    return Verdict(OPEN, "a stranger's header reaches the server and is trusted", _begin(overwrite))


def _begin(text: str) -> str:
    return text[:1].upper() + text[1:]


def warning(url: str, app: str, verdict: Verdict) -> str:
    """Return the warning about a verdict that is no failure, or ""."""
    if verdict.state == UNKNOWN:
        return f"{url}/{app}/hls-upload/NAME could not be tried: {verdict.reason}. {verdict.remedy}"
    if verdict.state not in (OPEN, DOUBTFUL):
        return ""
    return (
        f"{url}/{app}/hls-upload/NAME reads and overwrites recordings by the server's key, without a login: "
        f"{verdict.reason}. {verdict.remedy}"
    )
