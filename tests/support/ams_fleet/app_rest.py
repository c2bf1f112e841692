# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an application answers by itself: its own REST API, and viewers."""

from __future__ import annotations

import hashlib
import ipaddress
import mimetypes
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from . import pages
from .host import App, Host
from .pages import Answer, as_json, error_page, failure_page

if TYPE_CHECKING:
    from .console import Call

MOST_IN_A_LIST = 250
REST = re.compile(r"/([^/]+)/rest/v2/(.*)")
BELOW_STREAMS = re.compile(r"/([^/]+)/+(streams/.*)")
KINDS = {".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/MP2T", ".mp4": "video/mp4"}
NO_RECORDING: dict[str, Any] = {
    **dict.fromkeys(("streamName", "vodName", "streamId")),
    **dict.fromkeys(("creationDate", "startTime", "duration", "fileSize"), 0),
    **dict.fromkeys(("filePath", "vodId", "type", "previewFilePath", "processStatus")),
    **dict.fromkeys(("processStartTime", "processEndTime"), 0),
    **dict.fromkeys(("description", "metadata", "latitude", "longitude", "altitude")),
}


def recording(name: str, size: int = 1_000_000) -> dict[str, Any]:
    """An entry of the list of recordings."""
    now = int(time.time() * 1000)
    told = {
        "streamName": name,
        "vodName": name,
        "streamId": name.partition(".")[0],
        "filePath": f"streams/{name}",
    }
    times = {"creationDate": now, "startTime": now - 10_000, "duration": 10_000}
    kind = {"fileSize": size, "vodId": hashlib.sha256(name.encode()).hexdigest()[:24], "type": "streamVod"}
    return NO_RECORDING | told | times | kind | {"metadata": ""}


def _missing(path: str) -> Answer:
    return error_page(404, f"The requested resource [{path}] is not available")


def app_rest(host: Host, method: str, path: str) -> Answer:
    found = REST.fullmatch(path)
    app = host.app(found[1]) if found else None
    if found is None or app is None:
        return _missing(path)
    if not _is_allowed(app):
        return error_page(403, "Not allowed IP")
    return _app_answer(app, found[2]) if method == "GET" else error_page(404)


def _is_allowed(app: App) -> bool:
    values = app.settings.values
    if not values.get("ipFilterEnabled"):
        return True
    networks = [part.strip() for part in (values["remoteAllowedCIDR"] or "").split(",")]
    return any(
        ipaddress.ip_address("127.0.0.1") in ipaddress.ip_network(network, strict=False)
        for network in networks
        if network
    )


def _app_answer(app: App, rest: str) -> Answer:
    listed = re.fullmatch(r"(vods|broadcasts)/list/(\d+)/(\d+)", rest)
    if listed:
        entries = app.recordings if listed[1] == "vods" else []
        offset, size = int(listed[2]), min(int(listed[3]), MOST_IN_A_LIST)
        return as_json(entries[offset : offset + size])
    counted = re.fullmatch(r"(vods|broadcasts)/count", rest)
    if counted:
        return as_json({"number": len(app.recordings) if counted[1] == "vods" else 0})
    one = re.fullmatch(r"vods/([^/]+)", rest)
    if one:
        return as_json(next((entry for entry in app.recordings if entry["vodId"] == one[1]), NO_RECORDING))
    return error_page(404)


# --- viewers


def viewed(call: Call) -> Answer:
    """Anything that is not below /rest."""
    found = BELOW_STREAMS.fullmatch(call.path)
    if REST.fullmatch(call.path):
        return app_rest(call.host, "GET" if call.method == "HEAD" else call.method, call.path)
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
    headers = {"Accept-Ranges": "bytes", "ETag": f'W/"{len(content)}"'}
    if asked is None:
        return Answer(200, content, kind, headers)
    first, last = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Answer(206, content[first : last + 1], kind, headers)
