# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The console API of Ant Media Server (AMS): one session, one login, one connection.

Reads are retried, writes and logins never.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Optional
from urllib.parse import quote, urlsplit

from .._common.errors import AmsError
from .._common.packages import require
from .._common.plain_text import excerpt, one_line
from .._common.secret_forms import scrub
from .._common.strict_json import JsonError, parse
from .transport import API, PAGE, SETTINGS, SMALL, Answer, Transport, TransportError

READ_ATTEMPTS = 3
LONGEST_PAUSE = 2.0
TRANSIENT_STATUSES = frozenset((502, 503, 504))
LONGEST_BLOCK = "300 seconds"
_NO_CONSOLE = "Is this address an AMS console?"
NODES_AT_ONCE, MOST_NODES = 50, 1000
# Entered with user and password before a login, it sees the error of one that fails. An AmsError raised on
# entering prevents the login.
LoginGate = Callable[[str, str], AbstractContextManager[None]]
LOGIN_GATE: ContextVar[Optional[LoginGate]] = ContextVar("LOGIN_GATE", default=None)


@dataclass(frozen=True)
class Connection:
    """The address of a server and the credentials for it.

    url: of the console, scheme and port included.
    timeout: seconds to connect (or connect_timeout, if given), and then for a whole answer.
    """

    url: str
    email: Optional[str] = None
    password: Optional[str] = field(default=None, repr=False)
    jwt_token: Optional[str] = field(default=None, repr=False)
    validate_certs: bool = True
    ca_path: Optional[str] = None
    timeout: float = 30.0
    connect_timeout: Optional[float] = None

    @property
    def secrets(self) -> tuple[Optional[str], ...]:
        return (self.password, self.jwt_token)

    def checked_url(self) -> str:
        """Return the address without a trailing slash; raise AmsError if it cannot be one."""
        url = self.url.strip().rstrip("/")
        if "@" in url:
            raise AmsError(
                "Reading the address of an AMS console",
                "it has a user or a password in it",
                "Give them as email and password",
            )
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable or any(blank in url for blank in " \t\n"):
            raise AmsError(
                f"Reading the address '{self.url}' of an AMS console",
                "it is not an http or https address",
                "Give it as https://HOST:5443 or http://HOST:5080",
            )
        if parts.path or parts.query:
            raise AmsError(
                f"Reading the address '{self.url}' of an AMS console",
                "it has a path",
                f"Give it as {parts.scheme}://{parts.netloc}, the API's own path is added to it",
            )
        return url


class AmsClient:
    """A session with one server, made on entering the context and ended on leaving it."""

    def __init__(self, connection: Connection) -> None:
        require("requests")
        self.connection = connection
        # Masked in every text from the server; whoever reads settings adds their secrets.
        self.secrets: list[str] = [secret for secret in connection.secrets if secret]
        self.url = connection.checked_url()
        self._logged_in = False
        self._transport = self._make_transport()

    def __enter__(self) -> AmsClient:
        try:
            self._login()
        except BaseException:
            self._transport.close()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._logged_in:
            # The work is done or has failed with its own error; a session that is left open expires.
            with suppress(AmsError):
                self._request("DELETE", "/users/logout", "Logging out")
        self._transport.close()

    def get(self, path: str, tried: str, headers: Optional[Mapping[str, str]] = None) -> dict[str, Any]:
        """Read an object."""
        return self._object(self._read(path, tried, headers), tried)

    def get_list(
        self, path: str, tried: str, headers: Optional[Mapping[str, str]] = None
    ) -> list[dict[str, Any]]:
        """Read a page of a list."""
        page = self._json(self._read(path, tried, headers, PAGE), tried)
        if not isinstance(page, list):
            raise self._error(tried, f"instead of a list: {self._excerpt(repr(page))}")
        return [entry for entry in page if isinstance(entry, dict)]

    def get_number(self, path: str, tried: str, headers: Optional[Mapping[str, str]] = None) -> int:
        """Read a number."""
        number = self.get(path, tried, headers).get("number") or 0
        if not isinstance(number, int):
            raise self._error(tried, f"instead of a number: {self._excerpt(repr(number))}")
        return number

    def post(
        self, path: str, tried: str, body: Any = None, headers: Optional[Mapping[str, str]] = None
    ) -> dict[str, Any]:
        """Send a body; return the server's answer."""
        return self._object(self._request("POST", path, tried, body, headers), tried)

    def delete(self, path: str, tried: str, headers: Optional[Mapping[str, str]] = None) -> dict[str, Any]:
        """Delete; return the server's answer."""
        return self._object(self._request("DELETE", path, tried, headers=headers), tried)

    def version(self) -> dict[str, Any]:
        """Return release, edition and build: versionName, versionType, buildNumber."""
        return self.get("/version", "Reading the release")

    def in_cluster(self) -> Optional[bool]:
        """True if the server is a node of a cluster (enterprise edition); None for a user who may not ask."""
        answer = self._if_allowed("/cluster-mode-status", "Reading the cluster mode")
        return None if answer is None else bool(answer.get("success"))

    def nodes(self) -> Optional[list[dict[str, Any]]]:
        """Return the nodes of the server's cluster, none outside of one; None for a user who may not ask."""
        in_cluster = self.in_cluster()
        if not in_cluster:
            return None if in_cluster is None else []
        found: list[dict[str, Any]] = []
        tried = "Listing the nodes of the cluster"
        for offset in range(0, MOST_NODES, NODES_AT_ONCE):
            page = self.get_list(f"/cluster/nodes/{offset}/{NODES_AT_ONCE}", tried)
            found += page[:NODES_AT_ONCE]
            if len(page) < NODES_AT_ONCE:
                return found
        raise self._error(tried, f"the list does not end after {len(found)} nodes")

    def applications(self) -> Optional[list[str]]:
        """Return the applications of the server; None for a user who may not list them."""
        answer = self._if_allowed("/applications", "Listing the applications")
        if answer is None:
            return None
        names = answer.get("applications") or []
        if not isinstance(names, list):
            raise self._error("Listing the applications", "the answer has no list of names")
        return sorted(str(name) for name in names)

    def _if_allowed(self, path: str, tried: str) -> Optional[dict[str, Any]]:
        try:
            return self.get(path, tried)
        except AmsError as error:
            if error.status == 403:
                return None
            raise

    def settings(self, app: str) -> dict[str, Any]:
        """Return the whole settings object of an application, secrets included."""
        tried = f"Reading the settings of application '{app}'"
        response = self._read(f"/applications/settings/{quote(app, safe='')}", tried, most=SETTINGS)
        if response.status_code == 204:
            raise self._unknown_application(tried)
        settings = self._object(response, tried)
        if "s3RecordingEnabled" not in settings:
            raise self._error(tried, "the answer is not a settings object", _NO_CONSOLE)
        return settings

    def write_settings(self, app: str, settings: dict[str, Any]) -> None:
        """Replace the whole settings object of an application."""
        tried = f"Writing the settings of application '{app}'"
        path = f"/applications/settings/{quote(app, safe='')}"
        answer = self._object(self._request("POST", path, tried, settings), tried, uncertain=True)
        if answer.get("success") is not True:
            said = self._excerpt(str(answer.get("message") or ""))
            raise self._error(tried, f"the server refused with success=false and {said}")

    def _login(self) -> None:
        if self.connection.jwt_token:
            self._transport.headers["ProxyAuthorization"] = self.connection.jwt_token
            return
        tried = f"Logging in as {self.connection.email}"
        gate = LOGIN_GATE.get()
        if gate:
            # Others may wait at the gate: fail before it if the server cannot be reached.
            self._connect(tried)
        with gate(self.connection.email or "", self.connection.password or "") if gate else nullcontext():
            self._authenticate(tried)

    def _connect(self, tried: str) -> None:
        try:
            self._transport.connect()
        except TransportError as failure:
            error = self._no_answer(tried, failure)
            raise replace(error, login_unsure=not error.starting) from failure

    def _authenticate(self, tried: str) -> None:
        who = {"email": self.connection.email, "password": self.connection.password}
        try:
            answer = self.post("/users/authenticate", tried, who)
        except AmsError as error:
            # Its filter is up before its users are: no password was checked.
            starting = error.starting or error.status == 403
            raise replace(error, starting=starting, login_unsure=not starting) from None
        if answer.get("success") is not True:
            raise self._login_refused(tried, str(answer.get("message") or ""))
        self._logged_in = True

    def _login_refused(self, tried: str, message: str) -> AmsError:
        if self._is_blocked(message):
            return self._error(
                tried,
                f"the account is blocked after too many wrong passwords ({self._excerpt(message)})",
                f"Wait {LONGEST_BLOCK}; until then the right password is refused as well",
                login_refused=True,
            )
        if self._says_yes("/first-login-status"):
            return self._error(
                tried,
                "the server has no user yet",
                f"Open {self.url} in a browser once and make the first administrator",
            )
        return self._error(
            tried,
            "the e-mail address or the password is wrong",
            "Login not retried; the third wrong password in a row blocks the account for " + LONGEST_BLOCK,
            login_refused=True,
        )

    def _is_blocked(self, message: str) -> bool:
        if "blocked" in message.lower():
            return True
        return self._says_yes(f"/users/{quote(str(self.connection.email), safe='@')}/blocked")

    def _says_yes(self, path: str) -> bool:
        # Only adds to an error that is reported in any case.
        with suppress(AmsError):
            return self._object(self._request("GET", path, "Asking"), "Asking").get("success") is True
        return False

    def _unknown_application(self, tried: str) -> AmsError:
        known: Optional[list[str]] = None
        with suppress(AmsError):
            known = self.applications()
        remedy = (
            f"Applications there: {', '.join(known)}" if known else "This user may not list the applications"
        )
        return self._error(tried, "the server has no such application (204, no content)", remedy, status=204)

    def _read(
        self, path: str, tried: str, headers: Optional[Mapping[str, str]] = None, most: int = SMALL
    ) -> Answer:
        for attempt in range(1, READ_ATTEMPTS):
            try:
                return self._request("GET", path, tried, headers=headers, most=most)
            except AmsError as error:
                if not error.transient:
                    raise
            time.sleep(random.uniform(0.1, 0.5) * min(2**attempt, LONGEST_PAUSE))
        return self._request("GET", path, tried, headers=headers, most=most)

    def _make_transport(self) -> Transport:
        verify = (self.connection.ca_path or True) if self.connection.validate_certs else False
        try:
            return Transport(
                self.url,
                verify=verify,
                timeout=self.connection.timeout,
                connect_timeout=self.connection.connect_timeout,
            )
        except TransportError as error:
            raise self._error(
                "Reading the address of an AMS console", error.came_back, error.remedy
            ) from None

    def _request(
        self,
        method: str,
        path: str,
        tried: str,
        body: Any = None,
        headers: Optional[Mapping[str, str]] = None,
        most: int = SMALL,
    ) -> Answer:
        data = None if body is None else json.dumps(body, allow_nan=False).encode()
        try:
            answer = self._transport.send(method, API + path, data, headers, most)
        except TransportError as error:
            raise self._no_answer(tried, error, uncertain=error.sent and method == "POST") from error
        if answer.status_code not in (200, 204):
            raise self._refused(tried, method, answer)
        return answer

    def _no_answer(self, tried: str, error: TransportError, uncertain: bool = False) -> AmsError:
        return self._error(
            tried,
            error.came_back,
            error.remedy,
            uncertain=uncertain,
            transient=not error.final,
            starting=error.starting,
            unreachable=error.unreachable,
        )

    def _object(self, response: Answer, tried: str, uncertain: bool = False) -> dict[str, Any]:
        answer = self._json(response, tried, uncertain)
        if not isinstance(answer, dict):
            raise self._error(
                tried, f"JSON that is not an object: {self._excerpt(response.text)}", uncertain=uncertain
            )
        return answer

    def _json(self, response: Answer, tried: str, uncertain: bool = False) -> Any:
        try:
            return parse(response.content)
        except ValueError as reason:
            raise self._not_json(tried, response, uncertain, reason) from None

    def _not_json(self, tried: str, response: Answer, uncertain: bool, reason: ValueError) -> AmsError:
        body = response.text.lstrip()
        if not body:
            came, remedy = f"status {response.status_code} with an empty body", _NO_CONSOLE
        elif body.startswith("<"):
            came = f"status {response.status_code} with a page of HTML: {self._excerpt(body)}"
            remedy = "Is this address an AMS console, and is there a proxy in front of it?"
        elif body[0] in "{[" and isinstance(reason, JsonError):
            came, remedy = f"status {response.status_code} with {reason}", _NO_CONSOLE
        elif body[0] in "{[":
            came = f"status {response.status_code} with JSON that breaks off after {len(body)} characters"
            remedy = "The server or a proxy in front of it cut the answer; look at its log and run again"
        else:
            came, remedy = f"status {response.status_code} with {self._excerpt(body)}, which is not JSON", ""
        return self._error(tried, came, remedy, status=response.status_code, uncertain=uncertain)

    def _refused(self, tried: str, method: str, response: Answer) -> AmsError:
        status = response.status_code
        came = f"status {status} with {self._excerpt(response.text)}"
        uncertain = method == "POST" and status >= 500
        return self._error(
            tried,
            came,
            self._remedy(status, response),
            status=status,
            uncertain=uncertain,
            transient=status in TRANSIENT_STATUSES,
        )

    def _remedy(self, status: int, response: Answer) -> str:
        if status in (301, 302, 303, 307, 308):
            there = one_line(str(response.headers.get("Location")))
            return f"The server redirects to {there[:200]}: use that address"
        # An application may want a token of its own, for which the server's secret is of no use.
        if status == 401 or (status == 403 and "Server JWT" in response.text):
            return (
                "Give a token that was signed with the server's server.jwtServerSecretKey and is not expired"
            )
        if status == 403 and self._logged_in:
            return "The user lacks the permission (see its scope), or the session was lost"
        if status == 403:
            return "Does server.allowed_dashboard_CIDR allow this host? Does the server require a login?"
        if status == 404:
            return _NO_CONSOLE
        return "Look at the server's log" if status >= 500 else ""

    def _excerpt(self, body: str) -> str:
        # Before it is cut: half a secret would not be recognised any more.
        return excerpt(scrub(body, self.secrets))

    def _error(self, tried: str, came_back: str, remedy: str = "", **facts: Any) -> AmsError:
        return AmsError(f"{tried} at {self.url}", came_back, remedy, **facts)
