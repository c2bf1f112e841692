# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The answers of an application: its own REST API, and viewers."""

from __future__ import annotations

import mimetypes
import re
import time
from email.utils import formatdate
from urllib.parse import unquote

from . import broadcasts, hls_upload, pages, recordings
from .access import token_is_good
from .call import AppCall, Call
from .host import App
from .pages import Answer, error_page, failure_page
from .routes import route, routed

REST = re.compile(r"/([^/]+)/rest/v2/(.*)")
BELOW_STREAMS = re.compile(r"/([^/]+)/+(streams/.*)")
BEARER = "bearer"
KINDS = {".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/MP2T", ".mp4": "video/mp4"}


def _missing(path: str) -> Answer:
    return error_page(404, f"The requested resource [{path}] is not available")


def app_rest(call: Call, path: str, remote: str = hls_upload.HERE) -> Answer:
    """Answer a path with the application in front. remote: the client; the console is the server itself."""
    found = REST.fullmatch(path)
    app = call.host.app(found[1]) if found else None
    if found is None or app is None:
        return _missing(path)
    if not _has_token(app, call.headers.get("authorization", "")):
        return error_page(403, "Invalid App JWT Token")
    refused = hls_upload.filtered(app.settings.values, remote)
    return refused or routed(ROUTES, found[2], call, AppCall(call, app))


def _has_token(app: App, given: str) -> bool:
    """True if the request has the application's own token, or needs none."""
    values = app.settings.values
    if not values.get("jwtControlEnabled"):
        return True
    token = given[len(BEARER) :].strip() if given.lower().startswith(BEARER) else given
    # No key of a key set elsewhere has signed anything here.
    secret = "" if values.get("jwksURL") else values.get("jwtSecretKey") or ""
    return bool(secret) and token_is_good(secret, token)


# What is fixed comes before what names a broadcast.
ROUTES = (
    route(r"vods/list/(\d+/\d+)", GET=recordings.listed),
    route("vods/count", GET=recordings.counted),
    route("vods/([^/]+)", GET=recordings.read, DELETE=recordings.delete),
    route("broadcasts/create", ("POST",), POST=broadcasts.create, GET=broadcasts.read),
    route(r"broadcasts/list/(\d+/\d+)", GET=broadcasts.listed),
    route("broadcasts/count", GET=broadcasts.counted),
    route("broadcasts/active-live-stream-count", GET=broadcasts.live_counted),
    route("broadcasts/([^/]+)/start", POST=broadcasts.start),
    route("broadcasts/([^/]+)/stop", POST=broadcasts.stop),
    route("broadcasts/([^/]+)/ip-camera-error", GET=broadcasts.pull_error),
    route("broadcasts/([^/]+)", GET=broadcasts.read, DELETE=broadcasts.delete),
)


# --- viewers


def viewed(call: Call) -> Answer:
    """Answer a request that is not below /rest."""
    found = BELOW_STREAMS.fullmatch(call.path)
    if REST.fullmatch(call.path):
        return app_rest(call, call.path, hls_upload.remote_of(call))
    if found is None:
        return _missing(call.path)
    app = call.host.app(found[1])
    if app is None:
        return pages.bare_failure()
    if found[2] == "streams/":
        return error_page(403, "Access to the requested resource has been denied")
    call.open_session(f"/{found[1]}")
    if call.is_preflight:
        return pages.preflight()
    if call.method not in {"GET", "HEAD", "OPTIONS"}:
        return error_page(403, "Invalid Request Type")
    return _forwarded(call, app) or _local(call, app, unquote(found[2]))


def _forwarded(call: Call, app: App) -> Answer | None:
    base = app.settings.values["httpForwardingBaseURL"]
    extensions = app.settings.values["httpForwardingExtension"]
    if not base or not extensions:
        return None
    # Java's split drops what is empty at the end; an empty one elsewhere fits every path.
    parts = extensions.rstrip(",").split(",") if extensions.strip(",") else []
    if not any(call.path.endswith(part) for part in parts):
        return None
    target = f"{base.removesuffix('/')}/{call.path[call.path.index('/', 1) + 1 :]}"
    if ".." in target:
        return failure_page(f"java.io.IOException: URI is not well formatted {target}")
    return Answer(302, b"", "", {"Location": target})


def _local(call: Call, app: App, name: str) -> Answer:
    content = app.files.get(name)
    if content is None:
        return _missing(call.path)
    suffix = f".{name.rpartition('.')[2]}"
    kind = KINDS.get(suffix) or mimetypes.guess_type(name)[0] or ""
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", call.headers.get("range", ""))
    written = app.written.setdefault(name, time.time())
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": f'W/"{len(content)}-{int(written * 1000)}"',
        "Last-Modified": formatdate(written, usegmt=True),
    }
    if asked is None:
        return Answer(200, content, kind, headers)
    if int(asked[1]) >= len(content):
        return Answer(416, b"", kind, headers | {"Content-Range": f"bytes */{len(content)}"})
    first, last = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Answer(206, content[first : last + 1], kind, headers)


def change_file(call: Call, more: bytes | None) -> None:
    """Append to the file that a path names; without anything to append, remove it."""
    found = BELOW_STREAMS.fullmatch(call.path)
    app = call.host.app(found[1]) if found else None
    if found is None or app is None:
        return
    name = unquote(found[2])
    if more is None:
        app.files.pop(name, None)
    elif name in app.files:
        app.files[name], app.written[name] = app.files[name] + more, time.time()
