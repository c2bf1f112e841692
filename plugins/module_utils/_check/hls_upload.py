# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Who is let in at /APP/hls-upload/NAME, where AMS reads and writes the bucket with its own key.

Measured on 2.17.1, on loopback, with a closed bucket:

- GET gives the object, PUT overwrites it, DELETE deletes it where the key may. There is no login, and neither
  jwtControlEnabled nor a play token guards it. The only guard is the IP filter of the application's REST API:
  403 "Not allowed IP". With ipFilterEnabled false everybody gets the object.
- A release without such a door answers 404. What a proxy answers in its place says nothing of the door.
- Behind the filter the store's own errors come through as a 500 that names "Service: Amazon S3": who sees one
  is let in, and may be able to write where the key cannot read.
- The server believes X-Forwarded-For where the connection comes from a loopback or private address. It goes
  from the right to the left over loopback and private addresses, and takes the first other one or the
  leftmost. With the default filter (127.0.0.1) loopback without a header is let in; with 203.0.113.7, and
  with "127.0.0.1, 203.0.113.7", it is refused. With remoteAllowedCIDR 10.0.0.0/8 loopback without a header is
  refused, and with 10.1.1.1 it is let in.

So what an answer says depends on who asks. An address that the filter allows is let in by right: from there
the header can only show that the filter refuses others. On the server itself a header that opens says only
what a proxy could do to it. From any other address an answer with the object is an open door, and one that
the header opens is open to all whose header the server gets to see and believes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from .._ams.rest_filter import LOOPBACK, RestFilter, address_of, is_believed

CLOSED, OPEN, DOUBTFUL, NOT_JUDGED, UNKNOWN = "closed", "open", "doubtful", "not judged", "unknown"
_NOT_KNOWN = "an address that this host does not know (a proxy or NAT is on the way)"


@dataclass(frozen=True)
class Tried:
    """One request. header: its X-Forwarded-For, empty without. came: the answer in words.

    let_in: None where the answer does not say it.
    """

    header: str
    came: str
    let_in: Optional[bool]

    def describe(self) -> str:
        return f"{self.came} {'with X-Forwarded-For: ' + self.header if self.header else 'without a header'}"


@dataclass(frozen=True)
class Verdict:
    """state: of the door. reason: why, empty where it is closed. remedy: for a door that is not closed."""

    state: str
    reason: str = ""
    remedy: str = ""


def next_header(settings: Mapping[str, Any], tried: Sequence[Tried]) -> Optional[str]:
    """Return the X-Forwarded-For to ask with next, empty for none; None where nothing is left to ask."""
    rest = RestFilter.of(settings)
    if not tried:
        return ""
    # A stranger who is not refused shows that the filter is no guard here.
    headers = [rest.stranger or LOOPBACK] if tried[0].let_in else [LOOPBACK, rest.insider]
    asked = [each.header for each in tried]
    left = [header for header in headers if header and header not in asked]
    return left[0] if left and not any(each.let_in for each in tried[1:]) else None


def judge(app: str, settings: Mapping[str, Any], source: str, tried: Sequence[Tried]) -> Verdict:
    """Return what the answers prove. source: the address that the server sees, empty if not known."""
    let_in = [each for each in tried if each.let_in]
    rest = RestFilter.of(settings)
    if not let_in:
        return _without_entry(app, rest, tried)
    in_front = f"let the proxy or firewall in front of the server refuse /{app}/hls-upload/"
    if not rest.stranger:
        remedy = "Leave in remoteAllowedCIDR only what needs it" if rest.on else "Set ipFilterEnabled to true"
        return Verdict(OPEN, _open_by_setting(rest), f"{remedy}, or {in_front}")
    overwrite = f"let the proxy set X-Forwarded-For to the address of the client alone, and {in_front}"
    if not let_in[0].header:
        return _without_header(rest, source, let_in, overwrite)
    return _by_header(source, let_in[0].header, overwrite)


def _without_entry(app: str, rest: RestFilter, tried: Sequence[Tried]) -> Verdict:
    if all(each.let_in is False for each in tried):
        return Verdict(CLOSED)
    reason = "neither the server nor what is in front of it said whether strangers are let in"
    remedy = (
        "Give a viewer_url at which this host reaches the server. What is in front of the server may answer "
        f"404 to /{app}/hls-upload/, which counts as closed"
    )
    return Verdict(UNKNOWN, reason if rest.stranger else f"{reason}; {_open_by_setting(rest)}", remedy)


def _open_by_setting(rest: RestFilter) -> str:
    setting = "remoteAllowedCIDR lets in everybody" if rest.on else "ipFilterEnabled is false"
    return f"{setting}, so whoever reaches the server is let in"


def _without_header(rest: RestFilter, source: str, let_in: Sequence[Tried], overwrite: str) -> Verdict:
    if source and not rest.allows(source):
        reason = (
            f"the filter does not allow {source}, and yet it is let in: what is in front of the server hides "
            "the addresses of its clients"
        )
        return Verdict(OPEN, reason, _begin(overwrite))
    where = f"{source}, which the filter allows" if source else _NOT_KNOWN
    if len(let_in) == 1 and not source:
        reason = (
            f"the check asks from {where}, and is let in: either the filter allows that address, which is "
            "right, or what is in front of the server hides the addresses of its clients, and then everybody "
            "is let in"
        )
        return Verdict(DOUBTFUL, reason, f"Run the check where the server sees its address; {overwrite}")
    if len(let_in) == 1:
        return Verdict(NOT_JUDGED, f"not judged from here: the check asks from {where}")
    reason = (
        f"the check asks from {where}, and is let in as {let_in[1].header} as well: either a proxy in front "
        "of the server overwrites the header, which is right, or it hides the addresses of its clients, and "
        "then everybody is let in"
    )
    return Verdict(DOUBTFUL, reason, f"Run the check from another machine; {overwrite}")


def _by_header(source: str, header: str, overwrite: str) -> Verdict:
    known = address_of(source)
    if known is not None and known.is_loopback:
        reason = (
            f"the check runs on the server itself, and the server believes the header: whoever can send "
            f"X-Forwarded-For: {header} through a proxy in front of it is let in"
        )
        return Verdict(DOUBTFUL, reason, f"Run the check from another machine; {overwrite}")
    if is_believed(source):
        reason = (
            f"the server believes the header from private addresses such as {source}, and from everybody "
            "where a proxy passes it on"
        )
        return Verdict(OPEN, reason, f"Let only a proxy reach the server's ports; {overwrite}")
    return Verdict(OPEN, "a stranger's header reaches the server and is believed", _begin(overwrite))


def _begin(text: str) -> str:
    return text[:1].upper() + text[1:]


def warning(url: str, app: str, verdict: Verdict) -> str:
    """Return what is said of a door that is no failure; empty where there is nothing to say."""
    if verdict.state == UNKNOWN:
        return f"{url}/{app}/hls-upload/NAME could not be tried: {verdict.reason}. {verdict.remedy}"
    if verdict.state not in (OPEN, DOUBTFUL):
        return ""
    return (
        f"{url}/{app}/hls-upload/NAME reads and overwrites recordings by the server's key, without a login: "
        f"{verdict.reason}. {verdict.remedy}"
    )
