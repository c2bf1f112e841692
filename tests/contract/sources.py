# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sources that a server pulls by itself, and the broadcasts that it makes of them."""

from __future__ import annotations

import http.server
import itertools
import threading
from collections.abc import Callable
from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.clip import clip

from stand_ins.waiting import wait_for
from tests.contract.client import Client, Reply

APP = "/request?_path=live/rest/v2"
PATIENCE = 30
# Of the clip: one segment of HLS is whole with them, and a second one has begun.
FIRST_BYTES = 5400
SHORT_HLS = {"hlsParameters": {"hlsTime": "1", "hlsListSize": "1"}}
_numbers = itertools.count(1)


class Media:
    """Serves one file, or something else, under every path."""

    def __init__(self) -> None:
        self.status, self.body, self.requests = 200, clip(), 0
        self._flows = threading.Event()
        self._flows.set()
        media = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                media.requests += 1
                self.send_response(media.status)
                self.send_header("Content-Length", str(len(media.body)))
                self.end_headers()
                self.wfile.write(media.body[:FIRST_BYTES])
                media._flows.wait(PATIENCE)
                self.wfile.write(media.body[FIRST_BYTES:])

            def log_message(self, *_arguments: object) -> None:
                """Nothing of it belongs to the output of a test."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/clip.mp4?signature=a%2Fb%2B1"

    def hold(self) -> None:
        """Send the first second alone, and the rest once it is released: until then a stream is live."""
        self._flows.clear()

    def release(self) -> None:
        self._flows.set()


def new_name() -> str:
    # None begins as another does.
    return f"contract{next(_numbers):03}"


def until(holds: Callable[[], Any]) -> Any:
    found = wait_for(holds, PATIENCE, 0.02)
    assert found
    return found


class Broadcast:
    """One broadcast, and what one asks of it; it is gone after the test."""

    def __init__(self, admin: Client, name: str) -> None:
        self.admin, self.name = admin, name
        self.path = f"{APP}/broadcasts/{name}"

    def read(self) -> dict[str, Any]:
        reply = self.admin.call("GET", self.path)
        assert reply.status == 200, reply.text
        return reply.json()

    def error(self) -> dict[str, Any]:
        return self.admin.call("GET", f"{self.path}/ip-camera-error").json()

    def recordings(self) -> list[dict[str, Any]]:
        return self.admin.call("GET", f"{APP}/vods/list/0/50&streamId={self.name}").json()

    def start(self) -> None:
        """As soon as the server is not too busy for it."""

        def started() -> bool:
            reply = self.admin.call("POST", f"{self.path}/start").json()
            assert reply["success"] or "resource" in reply["message"], reply
            return bool(reply["success"])

        until(started)

    def delete(self) -> Reply:
        return self.admin.call("DELETE", self.path)
