# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The token that an application's own REST API requires if its JWT control is on."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any, Optional

# The server's clock may be behind or ahead of this one, and it allows no difference.
_CLOCKS_DIFFER = 600


def jwt_secret_of(settings: Mapping[str, Any]) -> str:
    """Return the secret that signs the application's tokens; "" if none is needed or known."""
    if not settings.get("jwtControlEnabled") or settings.get("jwksURL"):
        # With a key set elsewhere the private half of the key is elsewhere too.
        return ""
    return str(settings.get("jwtSecretKey") or "")


def app_token(secret: str, lasts: float, now: Optional[float] = None) -> str:
    """Return a token (HS256) that is good for so many seconds, whatever the server's clock says."""
    expires = int((time.time() if now is None else now) + lasts + _CLOCKS_DIFFER)
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, {"exp": expires})]
    signed = ".".join(_encoded(part) for part in parts)
    return f"{signed}.{_encoded(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
