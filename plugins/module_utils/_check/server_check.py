# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""All checks of one server. What they put into the bucket may be shared with those of other servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Optional

from .._ams.app_token import jwt_secret_of
from .._ams.app_warnings import of_now
from .._ams.broadcasts import Broadcasts
from .._ams.client import AmsClient, Connection
from .._ams.recordings import MOST_SECONDS
from .._ams.settings import secrets_of
from .._common.addresses import in_ascii
from .._common.errors import AmsError
from .backlog import BacklogCheck
from .live import LiveCheck
from .live_stream import LiveStream
from .playback import Viewer
from .probe import RecordingProbe
from .removed import RemovalCheck
from .report import CheckResult, module_result
from .shared_upload import SharedUploads
from .viewer_session import Browser


@dataclass
class AppCheck:
    """The recording probe of an application and, if its upload passed, the live check.

    A server that cannot upload would keep the recording, and nobody would ever remove it.
    """

    probe: RecordingProbe
    live: Optional[LiveCheck] = None
    backlog: Optional[BacklogCheck] = None
    backlog_max: Optional[int] = None
    is_live_tried: bool = False
    _probed: list[CheckResult] = field(default_factory=list)
    _lived: list[CheckResult] = field(default_factory=list)

    def run(self) -> None:
        self._probed += self.probe.check()
        if self.backlog and self.probe.can_list:
            self.backlog.run()
        if self.live and self.probe.has_uploaded:
            self.is_live_tried = True
            self._lived += self.live.run()

    def results(self) -> Iterator[CheckResult]:
        """Yield the results, once the object is removed."""
        has_uploaded = self.probe.has_stored
        backlog = self.backlog.results(self.backlog_max, has_uploaded=has_uploaded) if self.backlog else []
        return chain(self._probed, self.probe.removal(), self._lived, backlog)


def left_out(apps: Sequence[AppCheck]) -> str:
    """Return what a result says of live checks that were left out, or ""."""
    names = ", ".join(app.probe.app for app in apps if app.live and not app.is_live_tried)
    reason = "because a check of the upload failed: fix that first"
    return f"\n{names}: live was not tried, {reason}" if names else ""


class ServerCheck:
    """The checks of one server. params: those of the module."""

    def __init__(self, params: Mapping[str, Any], connection: Connection, uploads: SharedUploads) -> None:
        self._params, self._connection, self._uploads = params, connection, uploads
        if params["live"] and params["live_timeout"] <= 0:
            actual = f"{params['live_timeout']:g} is not more than 0"
            raise AmsError("Reading the option live_timeout", actual)
        self._viewer = Viewer(
            in_ascii((params["viewer_url"] or connection.url).rstrip("/")),
            (connection.ca_path or True) if connection.validate_certs else False,
            connection.timeout,
            params["wait_timeout"],
            [in_ascii(origin) for origin in params["origins"]],
            params["cors_elsewhere"],
        )
        self._apps: list[AppCheck] = []
        self._removals: list[CheckResult] = []
        self._warnings: list[str] = []
        self._streams: list[LiveStream] = []
        self._is_stopped = False

    def run(self) -> None:
        """Make all checks, but leave the shared objects in the bucket."""
        with AmsClient(self._connection) as client:
            apps = [(app["name"], app["settings"]) for app in self._params["apps"]]
            actual = {name: client.settings(name) for name, _settings in apps}
            if self._params["state"] == "absent":
                checks = [RemovalCheck(name, actual[name], self._viewer, previous) for name, previous in apps]
                self._removals += chain.from_iterable(check.run() for check in checks)
                return
            for name, settings in actual.items():
                self._warnings += of_now(client, name, settings, self._viewer.url)
            http = Browser()
            for name, requested in apps:
                probe = self._probe(name, actual[name], requested, http)
                live = self._live(client, probe) if self._params["live"] else None
                backlog = self._backlog(client, probe) if self._params["backlog"] else None
                self._apps.append(AppCheck(probe, live, backlog, self._params["backlog_max"]))
            self._run_apps(client)

    def stop(self) -> None:
        """End a live check soon, with all that it removes."""
        self._is_stopped = True
        for stream in self._streams:
            stream.stop()
        for app in self._apps:
            if app.backlog:
                app.backlog.stop()

    def result(self) -> dict[str, Any]:
        """Return the module's result, once the shared objects are removed."""
        checks = [*self._removals, *chain.from_iterable(app.results() for app in self._apps)]
        result = module_result(self._viewer.url, checks)
        result["msg"] += left_out(self._apps)
        found = [found for app in self._apps if app.backlog and (found := app.backlog.found)]
        if found:
            result["backlog"] = found
        warnings = [*self._warnings, *result.get("warnings", [])]
        return {**result, "warnings": warnings} if warnings else result

    def _run_apps(self, client: AmsClient) -> None:
        try:
            for app in self._apps:
                if self._is_stopped:
                    return
                app.run()
        except AmsError as error:
            raise error.masked(client.secrets) from None

    def _probe(
        self, app: str, actual: Mapping[str, Any], requested: Mapping[str, Any], http: Browser
    ) -> RecordingProbe:
        return RecordingProbe(
            app,
            actual,
            self._viewer,
            requested,
            self._params["closed"],
            self._params["allow_open_hls_upload"],
            self._uploads,
            http,
        )

    def _backlog(self, client: AmsClient, probe: RecordingProbe) -> BacklogCheck:
        client.secrets.extend(secrets_of(probe.settings))
        secret = jwt_secret_of(probe.settings)
        return BacklogCheck(
            Broadcasts(client, probe.app, secret, lasts=MOST_SECONDS),
            probe.settings,
            self._uploads.listings,
            self._viewer.timeout,
            self._params["expire_days"],
            self._params["ams_dir"] or "",
        )

    def _live(self, client: AmsClient, probe: RecordingProbe) -> LiveCheck:
        timeout = self._params["live_timeout"]
        client.secrets.extend(secrets_of(probe.settings))
        broadcasts = Broadcasts(client, probe.app, jwt_secret_of(probe.settings), lasts=timeout)
        stream = LiveStream(probe.settings, self._viewer, broadcasts, timeout, probe.is_base_requested)
        self._streams.append(stream)
        return LiveCheck(stream)
