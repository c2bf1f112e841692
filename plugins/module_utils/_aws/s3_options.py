# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Set up S3 clients for any provider: those that create storage and those that check it alike.

Newer releases of botocore add checksums (CRC32) that some providers refuse. Some need Content-MD5 where S3
requires a checksum. AMS itself sends what is sent here.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

_CHECKSUMS = ("request_checksum_calculation", "response_checksum_validation")


def plain_options() -> dict[str, Any]:
    """Return options of botocore's configuration; older releases have neither them nor the checksums."""
    from botocore.config import Config

    return {name: "when_required" for name in _CHECKSUMS if name in Config.OPTION_DEFAULTS}


def make_plain(client: Any) -> Any:
    """Let a client send Content-MD5 in place of a newer checksum where S3 requires one; return the client."""
    client.meta.events.register("before-call.s3", _with_md5)
    return client


def _with_md5(model: Any, params: dict[str, Any], **_event: Any) -> None:
    required = model.http_checksum_required or model.http_checksum.get("requestChecksumRequired")
    body = params.get("body")
    if not required or not isinstance(body, (bytes, bytearray)):
        return
    # What botocore has chosen by then; without it no checksum and no header about one is added.
    params["context"].pop("checksum", None)
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()
