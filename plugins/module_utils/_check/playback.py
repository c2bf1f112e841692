# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The viewer's side of the probe: the redirect, the object, a range of it, and the CORS preflight."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Callable, Optional, Union
from urllib.parse import urlsplit

from .._ams.recording_rules import Forwarding, recording_path
from .._common.bounded_session import size_of
from .._common.network import NoAnswer, no_answer
from .._common.polling import Deadline
from .explain_playback import (
    fetch_remedy,
    insecure_pages,
    is_mixed,
    preflight_remedy,
    redirect_remedy,
    unreachable_server,
    unreachable_target,
    wider_cors,
)
from .explain_upload import Evidence, UploadTarget, after
from .report import Check, CheckResult
from .shared_responses import SharedResponses
from .upload import UploadCheck, repeat
from .viewer_responses import ObjectResponse, Preflight, Redirect
from .viewer_session import Browser, first_plain_http

with suppress(ImportError):  # Browser reports it.
    import requests
    from urllib3.exceptions import InsecureRequestWarning

Response = Union["requests.Response", NoAnswer]
UNLISTED_ORIGIN = "https://not-among-the-origins.invalid"
_ERROR_CODE = re.compile(rb"<Code>([A-Za-z]+)</Code>")
_TEXT_MOST = 2000


@dataclass(frozen=True)
class Viewer:
    """How viewers reach a server.

    timeout: seconds for each response. wait: seconds until a new key or policy must be known everywhere.
    cors_elsewhere: where CORS is set if not by rules of the bucket.
    """

    url: str
    verify: Union[bool, str]
    timeout: float
    wait: float
    origins: Sequence[str] = ()
    cors_elsewhere: str = ""


class PlaybackCheck:
    """Gets one object as a viewer does.

    is_base_requested: False if the base URL is not among the requested settings and only the server names it.
    http: the browser for the server. behind_redirect: makes one for a requested base URL; else it is http.
    responses: what others have got behind the redirect.
    """

    def __init__(
        self,
        app: str,
        viewer: Viewer,
        name: str,
        requested: Forwarding,
        actual: Forwarding,
        deadline: Deadline,
        is_base_requested: bool = True,
        http: Optional[Browser] = None,
        behind_redirect: Optional[Callable[[], Browser]] = None,
        responses: Optional[SharedResponses] = None,
    ) -> None:
        self._app, self._viewer, self._name = app, viewer, name
        self._requested, self._actual = requested, actual
        self._deadline = deadline
        self._is_base_requested = is_base_requested
        self._http = self._behind_redirect = http or Browser()
        self._make_behind_redirect = behind_redirect
        # Where only the server names the base URL, its own address decides what a viewer may reach.
        self._responses = (responses if is_base_requested else None) or SharedResponses()

    def run(self, upload: UploadCheck, body: bytes, is_stored: bool) -> Iterator[CheckResult]:
        """Yield the results. is_stored: True if the object is in the bucket."""
        url, redirect = self._redirect()
        yield redirect
        if not url:
            return
        self._behind_redirect = self._beyond_server()
        yield from self._mixed_content(url)
        if not upload.bucket_responds:
            return
        if is_stored:
            fetched = self._get(url, upload, body)
            yield fetched
            if fetched.ok:
                yield self._range(url, body)
        yield from self._cors(url, upload.target)

    def _beyond_server(self) -> Browser:
        if not self._is_base_requested:
            return self._http.beyond(self._viewer.url)
        return self._make_behind_redirect() if self._make_behind_redirect else self._http

    def _cors(self, url: str, target: UploadTarget) -> Iterator[CheckResult]:
        origins = [origin for origin in self._viewer.origins if origin != "*"]
        for origin in origins:
            yield self._cors_of(url, origin, target)
        if origins and len(origins) == len(self._viewer.origins):
            yield self._cors_of_others(url, target)

    def ask_server(self, url: str, headers: Mapping[str, str]) -> Response:
        """Return the server's own response to this viewer."""
        return first_response(self._viewer, url, self._http, headers)

    def _redirect(self) -> tuple[str, CheckResult]:
        path = recording_path(self._name)
        url, wanted = f"{self._viewer.url}/{self._app}/{path}", f"{self._requested.base}/{path}"
        expected = f"302 to {wanted}" if self._requested.base else "302 to the base URL"
        response = first_response(self._viewer, url, self._http)
        if isinstance(response, NoAnswer):
            remedy = unreachable_server(response)
            return "", self._result(Check.REDIRECT, False, expected, response.words, remedy)
        location = response.headers.get("Location", "")
        redirect = Redirect(url, wanted, self._name.rpartition(".")[2], response.status_code, location)
        actual = describe_redirect(redirect.status, location)
        remedy = redirect_remedy(redirect, self._requested, self._actual)
        return location if redirect.ok else "", self._result(
            Check.REDIRECT, redirect.ok, expected, actual, remedy
        )

    def _mixed_content(self, url: str) -> Iterator[CheckResult]:
        pages = insecure_pages([*self._viewer.origins, self._viewer.url])
        if not pages:
            return
        parts = urlsplit(url)
        yield self._result(
            Check.MIXED_CONTENT,
            not is_mixed(url),
            f"an https address behind the https page {pages[0]}",
            f"{parts.scheme}://{parts.netloc}",
            "Browsers block plain http there: give httpForwardingBaseURL an https address (of a CDN, or of "
            "the S3 provider), run servers.yml",
        )

    def _get(self, url: str, upload: UploadCheck, body: bytes) -> CheckResult:
        expected = "200 with the whole object"

        def is_right(response: requests.Response) -> bool:
            return response.status_code == 200 and response.content == body

        response, waited = self._repeat_shared(("GET", url), lambda: self._fetch(url), is_right)
        if isinstance(response, NoAnswer):
            return self._unreachable(Check.GET, expected, response, url, upload.target)
        if is_right(response):
            warning = _tls_warning(url, response)
            return CheckResult(self._app, Check.GET, True, expected, after("200", waited), warning=warning)
        found = _ERROR_CODE.search(response.content[:_TEXT_MOST])
        code = found[1].decode() if found else ""
        evidence = upload.about_access() if response.status_code == 403 else Evidence()
        seen = ObjectResponse(url, response.status_code, code, upload.encrypted_by_kms)
        actual = f"{response.status_code}{f' {code}' if code else ''} with {size_of(response.content)}"
        remedy = fetch_remedy(seen, upload.target, evidence)
        return self._result(Check.GET, False, expected, after(actual, waited, "still after"), remedy)

    def _fetch(self, url: str, **headers: str) -> requests.Response:
        return self._behind_redirect.fetch(url, headers=headers, timeout=self._viewer.timeout)

    def _range(self, url: str, body: bytes) -> CheckResult:
        expected = "206 with the requested range, which players need to seek"

        def is_right(response: Response) -> bool:
            if isinstance(response, NoAnswer):
                return False
            return response.status_code == 206 and response.content == body[:100]

        response = self._ask_shared(("range", url), lambda: self._fetch(url, Range="bytes=0-99"), is_right)
        remedy = "Is there a proxy or a CDN that does not pass range requests on?"
        if isinstance(response, NoAnswer):
            return self._result(Check.RANGE, False, expected, response.words, remedy)
        ok = is_right(response)
        actual = "206" if ok else f"{response.status_code} with {size_of(response.content)}"
        return self._result(Check.RANGE, ok, expected, actual, remedy)

    def _cors_of(self, url: str, origin: str, target: UploadTarget) -> CheckResult:
        check, expected = Check.CORS.format(origin=origin), "the origin allowed"
        response, waited = self._repeat_shared(
            ("preflight", url, origin),
            lambda: self._preflight(url, origin),
            lambda response: _preflight_of(url, origin, response).ok,
        )
        if isinstance(response, NoAnswer):
            return self._unreachable(check, expected, response, url, target)
        preflight = _preflight_of(url, origin, response)
        if preflight.ok:
            return self._result(check, True, expected, after(str(preflight.status), waited))
        actual = f"{preflight.status} that allows {preflight.allowed or 'no origin'}"
        remedy = preflight_remedy(preflight, target, self._viewer.cors_elsewhere)
        return self._result(check, False, expected, after(actual, waited, "still after"), remedy)

    def _cors_of_others(self, url: str, target: UploadTarget) -> CheckResult:
        expected = "the origin refused"
        response = self._ask_shared(
            ("preflight", url, UNLISTED_ORIGIN),
            lambda: self._preflight(url, UNLISTED_ORIGIN),
            lambda response: not isinstance(response, NoAnswer),
        )
        if isinstance(response, NoAnswer):
            return self._unreachable(Check.CORS_OF_OTHERS, expected, response, url, target)
        preflight = _preflight_of(url, UNLISTED_ORIGIN, response)
        actual = f"{preflight.status}{f' that allows {preflight.allowed}' if preflight.allowed else ''}"
        # Recording and playback work if it is allowed, so that it is no failure.
        warning = wider_cors(preflight, target, self._viewer.cors_elsewhere) if preflight.allowed else ""
        return CheckResult(self._app, Check.CORS_OF_OTHERS, True, expected, actual, warning=warning)

    def _preflight(self, url: str, origin: str) -> requests.Response:
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        return self._behind_redirect.options(url, headers=headers, timeout=self._viewer.timeout)

    def _repeat_shared(
        self,
        request: tuple[str, ...],
        call: Callable[[], requests.Response],
        is_right: Callable[[requests.Response], bool],
    ) -> tuple[Response, float]:
        """Repeat a request while a new policy or CORS rule may not be known yet. request: kind, URL, more."""

        def is_early(response: Response) -> bool:
            return not (isinstance(response, NoAnswer) or is_right(response) or response.status_code != 403)

        def is_right_answer(found: tuple[Response, float]) -> bool:
            return not isinstance(found[0], NoAnswer) and is_right(found[0])

        def ask() -> tuple[Response, float]:
            return repeat(lambda: self._ask(call, request[1]), is_early, self._deadline)

        return self._responses.get(request, ask, is_right_answer)

    def _ask_shared(
        self,
        request: tuple[str, ...],
        call: Callable[[], requests.Response],
        is_right: Callable[[Response], bool],
    ) -> Response:
        return self._responses.get(request, lambda: self._ask(call, request[1]), is_right)

    def _ask(self, call: Callable[[], requests.Response], url: str) -> Response:
        return _response(call, url, self._viewer.timeout)

    def _unreachable(
        self, check: str, expected: str, failure: NoAnswer, url: str, target: UploadTarget
    ) -> CheckResult:
        return self._result(check, False, expected, failure.words, unreachable_target(url, failure, target))

    def _result(self, check: str, ok: bool, expected: str, actual: str, remedy: str = "") -> CheckResult:
        return CheckResult(self._app, check, ok, expected, actual, remedy)


def describe_redirect(status: int, location: str) -> str:
    return f"{status} to {location}" if location else str(status)


def first_response(
    viewer: Viewer,
    url: str,
    http: Optional[Browser] = None,
    headers: Optional[Mapping[str, str]] = None,
) -> Response:
    """Return the server's own response to a viewer; a redirect is not followed."""
    browser = http or Browser()
    timeout, verify = viewer.timeout, viewer.verify
    return _response(lambda: browser.get(url, timeout=timeout, verify=verify, headers=headers), url, timeout)


@contextmanager
def ignoring_insecure_requests() -> Iterator[None]:
    """Ignore warnings that certificates are not verified: the user has turned that off."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureRequestWarning)
        yield


def _response(call: Callable[[], requests.Response], url: str, timeout: float) -> Response:
    with ignoring_insecure_requests():
        try:
            return call()
        except requests.RequestException as error:
            return no_answer(error, url, timeout)


def _preflight_of(url: str, origin: str, response: requests.Response) -> Preflight:
    allowed = response.headers.get("Access-Control-Allow-Origin", "")
    credentials = response.headers.get("Access-Control-Allow-Credentials", "").lower() == "true"
    return Preflight(url, origin, response.status_code, allowed, response.text[:_TEXT_MOST], credentials)


def _tls_warning(url: str, response: requests.Response) -> str:
    plain = first_plain_http(response)
    if not plain:
        return ""
    return f"{url} redirects viewers to {plain} over plain http, which browsers block in an https page"
