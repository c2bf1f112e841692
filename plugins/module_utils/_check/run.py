# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The module recording_check: what it checks, in which order, and its result."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .._ams import arguments
from .backlog import describe_backlog
from .leftovers import LIVE, PROBE
from .server_check import ServerCheck
from .shared_upload import SharedUploads
from .signals import termination_as_exception


def run(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Return the module's result."""
    if check_mode:
        return {"changed": False, "skipped": True, "msg": "Nothing is uploaded in check mode"}
    start = time.monotonic()
    return {**_check(params), "seconds": round(time.monotonic() - start, 1)}


def _check(params: Mapping[str, Any]) -> dict[str, Any]:
    uploads = SharedUploads((PROBE, LIVE) if params["live"] else (PROBE,))
    check = ServerCheck(params, arguments.connection_of(params), uploads)
    with termination_as_exception(), uploads.removed_at_the_end():
        check.run()
    result = check.result()
    warnings = [*result.get("warnings", []), *map(describe_backlog, result.get("backlog", []))]
    return {**result, "warnings": warnings} if warnings else result
