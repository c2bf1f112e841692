# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The answer to a request."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import request_id

Headers = list[tuple[str, str]]


@dataclass
class Answer:
    status: int
    headers: Headers
    body: bytes
    code: str | None = None


def s3_answer(status: int, body: bytes = b"", headers: Headers | None = None) -> Answer:
    own = [("x-amz-request-id", request_id()), ("Content-Length", str(len(body)))]
    kind = [("Content-Type", "application/xml")] if body else []
    return Answer(status, [*own, *kind, *(headers or [])], body)
