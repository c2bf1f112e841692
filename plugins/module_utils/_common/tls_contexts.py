# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""TLS contexts that many connections share: to load the certificates of all known authorities takes longer
than a request.
"""

from __future__ import annotations

import os
import ssl
from contextlib import suppress
from functools import lru_cache
from typing import Any, Union

with suppress(ImportError):  # Whoever connects reports it.
    from requests import utils
    from urllib3.util.ssl_ import ALPN_PROTOCOLS, create_urllib3_context

# Made before a fork: an SSL context that nobody has loaded certificates into.
_spare_contexts: list[Any] = []


def options_for(verify: Union[bool, str]) -> dict[str, Any]:
    """Return urllib3's options for a connection.

    verify: False for any certificate, True for those of a known authority, or a path to authorities.
    """
    if verify is False:
        return {"cert_reqs": "CERT_NONE", "ssl_context": _trusting_context()}
    if verify is True:
        named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        verify = named or utils.DEFAULT_CA_BUNDLE_PATH
    try:
        return {"cert_reqs": "CERT_REQUIRED", "ssl_context": _context_with(verify)}
    except OSError:
        # Connecting fails with the same error, and says what was tried.
        return {"cert_reqs": "CERT_REQUIRED", "ca_certs": verify}


def prepare_for_fork() -> None:
    """Make now what each process that is forked later would make for itself."""
    _context_with(utils.DEFAULT_CA_BUNDLE_PATH)
    _spare_contexts.append(create_urllib3_context())


@lru_cache(maxsize=32)
def _context_with(authorities: str) -> Any:
    """Return a context with the authorities of a file or a folder, which are loaded once for all servers."""
    try:
        context = _spare_contexts.pop()
    except IndexError:
        context = create_urllib3_context()
    is_folder = os.path.isdir(authorities)
    context.load_verify_locations(**{"capath" if is_folder else "cafile": authorities})
    return _shareable(context)


@lru_cache(maxsize=1)
def _trusting_context() -> Any:
    """Return a context for any certificate, for which urllib3 would load authorities each time."""
    return _shareable(create_urllib3_context(cert_reqs=ssl.CERT_NONE))


def _shareable(context: Any) -> Any:
    """Return a context that threads may connect with at the same time, because no connection changes it.

    urllib3 sets the protocols again for each connection, which OpenSSL may be copying for another one.
    """
    context.set_alpn_protocols(ALPN_PROTOCOLS)
    context.set_alpn_protocols = lambda _protocols: None
    return context
