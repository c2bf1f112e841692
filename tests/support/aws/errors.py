# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refusals in the three forms in which AWS writes them."""

from __future__ import annotations

import json
import uuid
from xml.sax.saxutils import escape

S3_TYPE = "application/xml"
JSON_TYPE = "application/x-amz-json-1.1"


class Refusal(Exception):
    """A request that AWS would answer with an error."""

    def __init__(self, status: int, code: str, message: str = "", **extra: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message or code
        self.extra = extra
        self.headers: dict[str, str] = {}


def request_id() -> str:
    return uuid.uuid4().hex[:16].upper()


def s3_error(refusal: Refusal, resource: str) -> bytes:
    fields = {"Code": refusal.code, "Message": refusal.message, **refusal.extra}
    if resource and refusal.code != "AccessForbidden":
        fields.setdefault("Resource", resource)
    fields.update({"RequestId": request_id(), "HostId": uuid.uuid4().hex})
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'.encode()


def query_error(refusal: Refusal) -> bytes:
    kind = "Sender" if refusal.status < 500 else "Receiver"
    return (
        "<ErrorResponse>"
        f"<Error><Type>{kind}</Type><Code>{escape(refusal.code)}</Code>"
        f"<Message>{escape(refusal.message)}</Message></Error>"
        f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    ).encode()


def json_error(refusal: Refusal) -> bytes:
    return json.dumps({"__type": refusal.code, "message": refusal.message}).encode()


def render(refusal: Refusal, protocol: str, resource: str) -> tuple[bytes, str]:
    """The body of an error and its content type."""
    if protocol == "json":
        return json_error(refusal), JSON_TYPE
    if protocol == "query":
        return query_error(refusal), "text/xml"
    return s3_error(refusal, resource), S3_TYPE
