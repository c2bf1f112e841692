# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Sessions of the package requests whose answers end, which are cut and not inflated."""

from __future__ import annotations

from typing import Any

from . import tls_contexts
from .bounded import KIB, STORE_MOST, bind_manager
from .plain_text import one_line

try:
    import requests
    from requests.adapters import HTTPAdapter
except ImportError:  # Whoever makes a session says so.
    HTTPAdapter = object  # type: ignore[misc, assignment]

# A probe has 2 KiB; of anything else the beginning is enough.
VIEWER_MOST = 64 * KIB
_PIECE = 1024 * KIB


class BoundedAdapter(HTTPAdapter):
    """Reads the whole answer, in the time that was given for it, but not more than so many bytes and one."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._known: dict[tuple[str, Any], Any] = {}
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        bind_manager(self.poolmanager, STORE_MOST)

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        return bind_manager(super().proxy_manager_for(*args, **options), STORE_MOST)

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Return the connections to the place of a request; requests would look for them each time."""
        if proxies:
            return super().get_connection_with_tls_context(request, verify, proxies, cert)
        place = "/".join(request.url.split("/", 3)[:3]), verify
        known = self._known.get(place)
        # urllib3 closes those to the place that was used least recently, and they have no pool then.
        if known is None or known.pool is None:
            known = super().get_connection_with_tls_context(request, verify, proxies, cert)
            self._known[place] = known
        return known

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Return to where to connect, and how: with one TLS context for all connections to such places."""
        place, found = super().build_connection_pool_key_attributes(request, verify, cert)
        options: dict[str, Any] = {**found}
        if place.get("scheme") == "https":
            for name in ("ca_certs", "ca_cert_dir"):
                options.pop(name, None)
            options.update(tls_contexts.options_for(verify))
        return place, options

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave connections with such a context as they are: each would load the authorities again."""
        if "ssl_context" not in conn.conn_kw:
            adapter: Any = super()
            adapter.cert_verify(conn, url, verify, cert)

    def send(self, request: Any, *_stream: Any, **options: Any) -> Any:
        answer: Any = super().send(request, **{**options, "stream": True})
        coding = answer.headers.get("Content-Encoding", "")
        if coding.strip().lower() not in ("", "identity"):
            answer.close()
            text = f"{answer.status_code} in the encoding '{one_line(coding)[:40]}', which was not requested"
            raise requests.exceptions.ContentDecodingError(text, request=request)
        pieces, left = [], self.most + 1
        for piece in answer.iter_content(min(_PIECE, left)):
            pieces.append(piece[:left])
            left -= len(pieces[-1])
            if not left:
                answer.raw.close()
                break
        answer._content = b"".join(pieces)  # noqa: SLF001 - what the rest of requests reads
        answer._content_consumed = True  # noqa: SLF001
        return answer


def size_of(content: bytes, most: int = VIEWER_MOST) -> str:
    """Describe how much came: what is longer was cut."""
    return f"{len(content)} bytes" if len(content) <= most else f"more than {most} bytes"
