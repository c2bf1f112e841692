# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The module recording_check: what it checks, in which order, and its result."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .._ams import arguments
from .._ams.app_token import jwt_secret_of
from .._ams.app_warnings import of_now
from .._ams.broadcasts import Broadcasts
from .._ams.client import AmsClient, Connection
from .._ams.settings import secrets_of
from .._common.addresses import in_ascii
from .._common.errors import AmsError
from .leftovers import LIVE, PROBE
from .live import LiveCheck
from .live_stream import LiveStream
from .playback import Viewer
from .probe import RecordingProbe
from .probe_then_live import ProbeThenLive, add_left_out
from .removed import RemovalCheck
from .report import module_result, run_checks


def run(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Return the module's result."""
    if check_mode:
        return {"changed": False, "skipped": True, "msg": "Nothing is uploaded in check mode"}
    start = time.monotonic()
    return {**_check(params), "seconds": round(time.monotonic() - start, 1)}


def _check(params: Mapping[str, Any]) -> dict[str, Any]:
    connection = arguments.connection_of(params)
    if params["live"] and params["live_timeout"] <= 0:
        raise AmsError("Reading the option live_timeout", f"{params['live_timeout']:g} is not more than 0")
    viewer = _viewer(params, connection)
    with AmsClient(connection) as client:
        apps = [(app["name"], app["settings"]) for app in params["apps"]]
        actual = {name: client.settings(name) for name, _settings in apps}
        if params["state"] == "absent":
            removals = [RemovalCheck(name, actual[name], viewer, previous) for name, previous in apps]
            return module_result(viewer.url, run_checks(removals))
        warnings = [text for name in actual for text in of_now(client, name, actual[name], viewer.url)]
        probes = [_probe(params, name, actual[name], requested, viewer) for name, requested in apps]
        if params["live"]:
            return _with_warnings(_run_with_live(client, viewer, probes, params["live_timeout"]), warnings)
    return _with_warnings(module_result(viewer.url, run_checks(probes)), warnings)


def _probe(
    params: Mapping[str, Any],
    app: str,
    actual: Mapping[str, Any],
    requested: Mapping[str, Any],
    viewer: Viewer,
) -> RecordingProbe:
    leftovers = (PROBE, LIVE) if params["live"] else (PROBE,)
    closed, allow_open = params["closed"], params["allow_open_hls_upload"]
    return RecordingProbe(app, actual, viewer, requested, closed, leftovers, allow_open)


def _viewer(params: Mapping[str, Any], connection: Connection) -> Viewer:
    return Viewer(
        in_ascii((params["viewer_url"] or connection.url).rstrip("/")),
        (connection.ca_path or True) if connection.validate_certs else False,
        connection.timeout,
        params["wait_timeout"],
        [in_ascii(origin) for origin in params["origins"]],
        params["cors_elsewhere"],
    )


def _with_warnings(result: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
    warnings = [*warnings, *result.get("warnings", [])]
    return {**result, "warnings": warnings} if warnings else result


def _run_with_live(
    client: AmsClient, viewer: Viewer, probes: list[RecordingProbe], timeout: float
) -> dict[str, Any]:
    checkers = []
    for probe in probes:
        client.secrets.extend(secrets_of(probe.settings))
        broadcasts = Broadcasts(client, probe.app, jwt_secret_of(probe.settings), lasts=timeout)
        stream = LiveStream(probe.settings, viewer, broadcasts, timeout, probe.is_base_requested)
        checkers.append(ProbeThenLive(probe, LiveCheck(stream)))
    try:
        return add_left_out(module_result(viewer.url, run_checks(checkers)), checkers)
    except AmsError as error:
        raise error.masked(client.secrets) from None
