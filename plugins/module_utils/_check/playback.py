# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The viewer's side of the probe: the redirect, the object, a piece of it, and what a browser asks before."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, Optional, Union
from urllib.parse import urlsplit

from .._common.bounded_session import size_of
from .._common.network import NoAnswer, no_answer
from .explain_playback import (
    Fetched,
    Forwarding,
    Preflight,
    Redirect,
    fetch_remedy,
    insecure_pages,
    is_mixed,
    preflight_remedy,
    redirect_remedy,
    unreachable_server,
    unreachable_target,
    wider_cors,
)
from .explain_upload import Asked, Known
from .report import Link
from .upload import Patience, Upload
from .viewer_session import Browser, left_tls

try:
    # _viewer_session says so where it is missing.
    import requests
    from urllib3.exceptions import InsecureRequestWarning

    IMPORT_ERROR: Optional[Exception] = None
except ImportError as error:
    IMPORT_ERROR = error

Answered = Union["requests.Response", NoAnswer]
FOREIGN_ORIGIN = "https://not-among-the-origins.invalid"
_ERROR_CODE = re.compile(rb"<Code>([A-Za-z]+)</Code>")
_SHOWN = 2000


@dataclass(frozen=True)
class Viewer:
    """How viewers reach a server.

    timeout: seconds for each answer. wait: seconds until a new key or policy must have become known.
    cors_elsewhere: where the store's CORS is set if not by rules of the bucket.
    """

    url: str
    verify: Any
    timeout: float
    wait: float
    origins: Sequence[str] = ()
    cors_elsewhere: str = ""


class Visit:
    """One viewer of one object. is_asked: whether the base URL was asked for, not only read on the server."""

    def __init__(
        self,
        app: str,
        viewer: Viewer,
        name: str,
        asked: Forwarding,
        has: Forwarding,
        patience: Patience,
        is_asked: bool = True,
    ) -> None:
        self._app, self._viewer, self._name = app, viewer, name
        self._asked, self._has = asked, has
        self._patience = patience
        self._is_asked = is_asked
        self._http = self._there = Browser()

    def links(self, upload: Upload, body: bytes, is_there: bool, is_reachable: bool) -> Iterator[Link]:
        """is_there: the object is in the bucket; is_reachable: there is a bucket that could answer."""
        target, redirect = self._redirect()
        yield redirect
        if not target:
            return
        self._there = self._http if self._is_asked else self._http.beyond(self._viewer.url)
        yield from self._mixed(target)
        if not is_reachable:
            return
        if is_there:
            fetched = self._get(target, upload, body)
            yield fetched
            if fetched.ok:
                yield self._range(target, body)
        origins = [origin for origin in self._viewer.origins if origin != "*"]
        for origin in origins:
            yield self._preflight(target, origin, upload.asked)
        if origins and len(origins) == len(self._viewer.origins):
            yield self._foreign(target, upload.asked)

    def ask(self, url: str, headers: Mapping[str, str]) -> Answered:
        """What the server itself answers to this viewer."""
        return first_answer(self._viewer, url, self._http, headers)

    def _redirect(self) -> tuple[str, Link]:
        url = f"{self._viewer.url}/{self._app}/streams/{self._name}"
        wanted = f"{self._asked.base}/streams/{self._name}"
        expected = f"302 to {wanted}" if self._asked.base else "302 to the base URL"
        answer = first_answer(self._viewer, url, self._http)
        if isinstance(answer, NoAnswer):
            return "", self._link("redirect", False, expected, answer.words, unreachable_server(answer))
        extension = self._name.rpartition(".")[2]
        location = answer.headers.get("Location", "")
        redirect = Redirect(url, wanted, extension, answer.status_code, location)
        came = f"{redirect.status}{' to ' + location if location else ''}"
        remedy = redirect_remedy(redirect, self._asked, self._has)
        return location if redirect.ok else "", self._link("redirect", redirect.ok, expected, came, remedy)

    def _mixed(self, target: str) -> Iterator[Link]:
        pages = insecure_pages([*self._viewer.origins, self._viewer.url])
        if not pages:
            return
        parts = urlsplit(target)
        yield self._link(
            "mixed content",
            not is_mixed(target),
            f"an https address behind the https page {pages[0]}",
            f"{parts.scheme}://{parts.netloc}",
            "Browsers block plain http there: give httpForwardingBaseURL an https address (a CDN, or the "
            "store's own), "
            "run servers.yml",
        )

    def _get(self, target: str, upload: Upload, body: bytes) -> Link:
        expected = "200 with the whole object"

        def is_right(answer: requests.Response) -> bool:
            return answer.status_code == 200 and answer.content == body

        answer, waited = self._patiently(lambda: self._fetch(target), target, is_right)
        if isinstance(answer, NoAnswer):
            fetched = Fetched(target, nothing=answer)
            return self._link("get", False, expected, answer.words, unreachable_target(fetched, upload.asked))
        if is_right(answer):
            return Link(
                self._app, "get", True, expected, _after("200", waited), warning=_of_tls(target, answer)
            )
        code = _ERROR_CODE.search(answer.content[:_SHOWN])
        fetched = Fetched(
            target,
            answer.status_code,
            code[1].decode() if code else "",
            upload.encrypted_by_kms,
        )
        known = upload.inquiry.about_access() if answer.status_code == 403 else Known()
        named = f"{answer.status_code}{' ' + fetched.code if code else ''} with {size_of(answer.content)}"
        remedy = fetch_remedy(fetched, upload.asked, known)
        return self._link("get", False, expected, _after(named, waited, "still after"), remedy)

    def _fetch(self, target: str, **headers: str) -> requests.Response:
        return self._there.fetch(target, headers=headers, timeout=self._viewer.timeout)

    def _range(self, target: str, body: bytes) -> Link:
        expected = "206 with the piece asked for, which players need to seek"
        answer = self._ask(lambda: self._fetch(target, Range="bytes=0-99"), target)
        remedy = "Is there a proxy or a CDN that does not pass range requests on?"
        if isinstance(answer, NoAnswer):
            return self._link("range", False, expected, answer.words, remedy)
        ok = answer.status_code == 206 and answer.content == body[:100]
        came = "206" if ok else f"{answer.status_code} with {size_of(answer.content)}"
        return self._link("range", ok, expected, came, remedy)

    def _preflight(self, target: str, origin: str, asked: Asked) -> Link:
        link, expected = f"cors for {origin}", "the origin allowed"
        answer, waited = self._patiently(
            lambda: self._asked_by(target, origin), target, lambda got: _preflight_of(target, origin, got).ok
        )
        if isinstance(answer, NoAnswer):
            remedy = unreachable_target(Fetched(target, nothing=answer), asked)
            return self._link(link, False, expected, answer.words, remedy)
        preflight = _preflight_of(target, origin, answer)
        if preflight.ok:
            return self._link(link, True, expected, _after(str(preflight.status), waited))
        allows = f" that allows {preflight.allowed}" if preflight.allowed else " that allows no origin"
        came = _after(f"{preflight.status}{allows}", waited, "still after")
        return self._link(
            link, False, expected, came, preflight_remedy(preflight, asked, self._viewer.cors_elsewhere)
        )

    def _foreign(self, target: str, asked: Asked) -> Link:
        link, expected = "cors for a foreign origin", "the origin refused"
        answer = self._ask(lambda: self._asked_by(target, FOREIGN_ORIGIN), target)
        if isinstance(answer, NoAnswer):
            remedy = unreachable_target(Fetched(target, nothing=answer), asked)
            return self._link(link, False, expected, answer.words, remedy)
        preflight = _preflight_of(target, FOREIGN_ORIGIN, answer)
        came = f"{answer.status_code}{' that allows ' + preflight.allowed if preflight.allowed else ''}"
        if not preflight.allowed:
            return self._link(link, True, expected, came)
        # Recording and playback work with it, so that it is no fault of theirs.
        warning = wider_cors(preflight, asked, self._viewer.cors_elsewhere)
        return Link(self._app, link, True, expected, came, warning=warning)

    def _asked_by(self, target: str, origin: str) -> requests.Response:
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        return self._there.options(target, headers=headers, timeout=self._viewer.timeout)

    def _patiently(
        self,
        call: Callable[[], requests.Response],
        url: str,
        is_right: Callable[[requests.Response], bool],
    ) -> tuple[Answered, float]:
        """The answer, asked again while a new policy or rule may not be known yet, and the seconds waited."""
        waited = 0.0
        while True:
            answer = self._ask(call, url)
            if isinstance(answer, NoAnswer) or is_right(answer) or answer.status_code != 403:
                return answer, waited
            pause = self._patience.wait()
            if not pause:
                return answer, waited
            waited += pause

    def _ask(self, call: Callable[[], requests.Response], url: str) -> Answered:
        return _answer(call, url, self._viewer.timeout)

    def _link(self, link: str, ok: bool, expected: str, came: str, remedy: str = "") -> Link:
        return Link(self._app, link, ok, expected, came, "" if ok else remedy)


def first_answer(
    viewer: Viewer,
    url: str,
    http: Optional[Browser] = None,
    headers: Optional[Mapping[str, str]] = None,
) -> Answered:
    """What the server itself answers to a viewer; a redirect is not followed."""
    browser = http or Browser()
    options: dict[str, Any] = {"timeout": viewer.timeout, "verify": viewer.verify, "headers": headers}
    return _answer(lambda: browser.get(url, **options), url, viewer.timeout)


def _answer(call: Callable[[], requests.Response], url: str, timeout: float) -> Answered:
    with warnings.catch_warnings():
        # Where certificates are not checked, that was asked for.
        warnings.simplefilter("ignore", InsecureRequestWarning)
        try:
            return call()
        except requests.RequestException as error:
            return no_answer(error, url, timeout)


def _preflight_of(target: str, origin: str, answer: requests.Response) -> Preflight:
    allowed = answer.headers.get("Access-Control-Allow-Origin", "")
    credentials = answer.headers.get("Access-Control-Allow-Credentials", "").lower() == "true"
    return Preflight(target, origin, answer.status_code, allowed, answer.text[:_SHOWN], credentials)


def _of_tls(target: str, answer: requests.Response) -> str:
    there = left_tls(answer)
    return (
        f"{target} sends viewers on to {there} by plain http, which browsers block in an https page"
        if there
        else ""
    )


def _after(text: str, waited: float, words: str = "after") -> str:
    return f"{text}, {words} {waited:.0f} s" if waited >= 1 else text
