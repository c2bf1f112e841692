# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers: the server's JSON, and the pages of its servlet container."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

JSON = "application/json"
TEXT = "text/plain"
HTML = "text/html;charset=utf-8"
FORBIDDEN = "Not allowed to access this resource. Contact system admin"
NOT_AUTHENTICATED = "Not authenticated user"
NO_SUCH = "The origin server did not find a current representation for the target resource"
DESCRIPTIONS = {
    403: "The server understood the request but refuses to authorize it.",
    404: f"{NO_SUCH} or is not willing to disclose that one exists.",
    405: "The method received in the request-line is known by the origin server but not supported"
    " by the target resource.",
    406: f"{NO_SUCH[:10]} does not have a current representation that would be acceptable.",
    415: "The origin server is refusing to service the request because the payload is in a format not"
    " supported by this method on the target resource.",
    500: "The server encountered an unexpected condition that prevented it from fulfilling the request.",
}
STYLE = '<style type="text/css">body {font-family:Tahoma,Arial,sans-serif;}</style>'
FRAMES = "".join(f"\torg.example.Frame{number}.invoke(Frame{number}.java:{number})\n" for number in range(40))


@dataclass
class Answer:
    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


def as_json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def result(
    success: bool, message: str = "", error_id: int = 0, data_id: str = "", status: int = 200
) -> Answer:
    return as_json({"success": success, "message": message, "dataId": data_id, "errorId": error_id}, status)


def empty() -> Answer:
    return Answer(204, b"", "")


def _page(status: int, kind: str, message: str, more: str = "") -> Answer:
    title = f"HTTP Status {status} \u2013 {HTTPStatus(status).phrase}"
    shown = html.escape(message, quote=True).replace("&#x27;", "&#39;").replace("/", "&#47;")
    text = (
        f'<!doctype html><html lang="en"><head><title>{title}</title>{STYLE}</head><body><h1>{title}</h1>'
        f'<hr class="line" /><p><b>Type</b> {kind}</p><p><b>Message</b> {shown}</p>'
        f'<p><b>Description</b> {DESCRIPTIONS[status]}</p>{more}<hr class="line" /></body></html>'
    )
    return Answer(status, text.encode(), HTML, {"Content-Language": "en"})


def error_page(status: int, message: str = "") -> Answer:
    return _page(status, "Status Report", message or HTTPStatus(status).phrase)


def failure_page(exception: str, message: str = "Request failed.") -> Answer:
    """Return the page of an exception that nobody caught, with its trace."""
    trace = html.escape(exception).replace("&#x27;", "&#39;")
    note = "<p><b>Note</b> The full stack trace of the root cause is available in the server logs.</p>"
    more = f"<p><b>Exception</b></p><pre>jakarta.servlet.ServletException: {trace}\n{FRAMES}</pre>{note}"
    return _page(500, "Exception Report", message, more)


def bare_failure() -> Answer:
    """Return the answer of a container that failed before it could make a page."""
    return Answer(500, b"", "", {"Transfer-Encoding": "chunked"})


def preflight() -> Answer:
    """Return the answer to a preflight of a browser."""
    headers = "origin,x-requested-with,content-type,authorization,proxyauthorization,accept"
    allowed = {
        "Access-Control-Allow-Methods": "HEAD,DELETE,POST,GET,OPTIONS,PUT",
        "Access-Control-Allow-Headers": headers,
        "Access-Control-Max-Age": "1800",
        "vary": "access-control-request-method",
    }
    return Answer(200, b"", "", allowed)
