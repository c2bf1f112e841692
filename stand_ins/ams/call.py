# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A request: to the console, and to the REST API of an application."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from .host import App, Host

COOKIE = re.compile(r"JSESSIONID=([^;\s]+)")


@dataclass
class Call:
    """One request, read to its end."""

    host: Host
    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    set_cookies: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.path, _rest, self.query = self.target.partition("?")
        self.dispatched = (
            parse_qs(self.query, keep_blank_values=True).get("_path", [None])[0] if self.query else None
        )
        self.session = self.host.session_of(COOKIE.findall(self.headers.get("cookie", "")))

    def open_session(self, path: str = "/") -> str:
        if self.session is None or path != "/":
            self.session = self.host.open_session()
            secure = " Secure;" if self.host.secure else ""
            self.set_cookies.append(f"JSESSIONID={self.session}; Path={path};{secure} HttpOnly")
        return self.session

    @property
    def is_preflight(self) -> bool:
        return (
            self.method == "OPTIONS"
            and "origin" in self.headers
            and "access-control-request-method" in self.headers
        )


@dataclass(frozen=True)
class AppCall:
    """A request to an application's REST API, however it came."""

    call: Call
    app: App

    def query(self, name: str) -> str:
        return parse_qs(self.call.query).get(name, [""])[0]
