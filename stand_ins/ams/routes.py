# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find the handler of a request, as the REST frameworks of the console and the applications do."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from . import pages
from .call import Call
from .jackson import BadJsonError
from .pages import Answer, error_page, failure_page
from .settings import ServerError

Handler = Callable[[Any, str], Answer]


@dataclass(frozen=True)
class Route:
    """One path: a handler for each method, and the methods that insist on JSON as the content type."""

    pattern: re.Pattern[str]
    methods: dict[str, Handler]
    json_only: tuple[str, ...] = ()


def route(pattern: str, json_only: tuple[str, ...] = (), **methods: Handler) -> Route:
    return Route(re.compile(pattern), methods, json_only)


def routed(routes: Sequence[Route], path: str, call: Call, subject: Any) -> Answer:
    """Answer a request. subject: passed to the handler, with the name in the path."""
    for each in routes:
        found = each.pattern.fullmatch(path)
        if found:
            return _guarded(each, call, subject, unquote(found[1]) if found.re.groups else "")
    return error_page(404)


def _guarded(found: Route, call: Call, subject: Any, name: str) -> Answer:
    method = "GET" if call.method == "HEAD" else call.method
    if call.method == "OPTIONS":
        return Answer(200, b"", "", {"Allow": ",".join(["OPTIONS", *found.methods])})
    if method not in found.methods:
        refused = error_page(405)
        refused.headers["Allow"] = ",".join([*found.methods, "OPTIONS"])
        return refused
    if method in found.json_only and not _says_json(call):
        return error_page(415)
    if not _accepts_json(call.headers.get("accept", "*/*")):
        return error_page(406)
    try:
        return found.methods[method](subject, name)
    except BadJsonError as error:
        return Answer(400, str(error).encode(), pages.TEXT)
    except ServerError as error:
        return failure_page(str(error))


def _says_json(call: Call) -> bool:
    given = call.headers.get("content-type")
    if given is None:
        return not call.body
    return given.partition(";")[0].strip().lower() == pages.JSON


def _accepts_json(accept: str) -> bool:
    kinds = {part.partition(";")[0].strip() for part in accept.split(",")}
    return bool(kinds & {"*/*", "application/*", pages.JSON, ""})
