# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a server or a proxy sends of a recording, and what is not taken for it."""

from __future__ import annotations

import http.server
import threading

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.http_source import (
    HttpSource,
    SourceError,
)


class Short(http.server.BaseHTTPRequestHandler):
    """Sends ten bytes of fifty, and says so."""

    def do_GET(self) -> None:
        self.send_response(206)
        self.send_header("Content-Range", "bytes 0-9/50")
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.write(b"0123456789")

    def log_message(self, *_arguments: object) -> None:
        """Nothing of it belongs to the output of a test."""


def test_a_part_of_a_small_recording_is_not_all_of_it() -> None:
    """It was stored as the recording, and verified against what was sent."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Short)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        source = HttpSource(f"http://127.0.0.1:{server.server_address[1]}", "live", verify=True, timeout=10)
        with pytest.raises(SourceError, match="it sent 10 of 50 bytes") as failed:
            source.begin("a.mp4")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert failed.value.transient
