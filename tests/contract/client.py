# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A bare HTTP client: what comes back is shown as it came."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

SECRET = "a-secret-of-the-contract-tests-40-letters"
OK = {"success": True, "message": "", "dataId": "", "errorId": 0}
FAILED = {"success": False, "message": "", "dataId": "", "errorId": 0}


@dataclass(frozen=True)
class Server:
    """Where a server is, and how a file gets into an application's streams folder."""

    release: str
    url: str
    email: str
    password: str
    secure_url: str
    secure_password: str
    ca_path: str
    put_file: Callable[[str, str, bytes], None]


@dataclass(frozen=True)
class Reply:
    status: int
    reason: str
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def kind(self) -> str | None:
        return self.headers["Content-Type"]

    @property
    def message(self) -> str:
        """Of an error page."""
        assert self.kind == "text/html;charset=utf-8"
        return self.text.partition("<b>Message</b> ")[2].partition("</p>")[0]


class Client:
    def __init__(self, url: str, context: ssl.SSLContext | None = None) -> None:
        place = urlsplit(url).netloc
        self.connection = (
            http.client.HTTPSConnection(place, context=context, timeout=30)
            if context
            else http.client.HTTPConnection(place, timeout=30)
        )
        self.cookie = ""

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.connection.close()

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        kind: str | None = "application/json",
    ) -> Reply:
        """body: bytes or text as they are, anything else as JSON. A path outside of the console: below //."""
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        data = body.encode() if isinstance(body, str) else body
        sent = {"Cookie": self.cookie} if self.cookie else {}
        if data is not None and kind:
            sent["Content-Type"] = kind
        target = path[1:] if path.startswith("//") else f"/rest/v2{path}"
        try:
            self.connection.request(method, target, data, sent | dict(headers or {}))
            response = self.connection.getresponse()
            reply = Reply(response.status, response.reason, response.headers, response.read())
        except (OSError, http.client.HTTPException):
            # The next call begins with a new connection.
            self.connection.close()
            raise
        cookie = reply.headers["Set-Cookie"] or ""
        if cookie.startswith("JSESSIONID=") and "Path=/;" in cookie:
            self.cookie = cookie.partition(";")[0]
        return reply

    def login(self, email: str, password: str) -> Reply:
        return self.call("POST", "/users/authenticate", {"email": email, "password": password})

    def settings(self, app: str) -> dict[str, Any]:
        reply = self.call("GET", f"/applications/settings/{app}")
        assert reply.status == 200
        return reply.json()

    def post(self, app: str, body: Any) -> Reply:
        return self.call("POST", f"/applications/settings/{app}", body)

    def change(self, app: str, values: Mapping[str, Any]) -> None:
        """As a careful client does it: the whole object that was read, changed."""
        assert self.post(app, self.settings(app) | dict(values)).json() == OK
