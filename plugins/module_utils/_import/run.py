# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The module recordings_import: what it reads, what it copies, and its result."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from .._ams import arguments
from .._ams.app_token import jwt_secret_of
from .._ams.broadcasts import Broadcasts
from .._ams.client import AmsClient, Connection
from .._ams.recording_rules import forwarded_to, object_key, recording_path
from .._ams.recordings import Recordings
from .._check.bucket_listing import address_of
from .._check.playback import ignoring_insecure_requests
from .._check.s3_clients import endpoint_of_environment
from .._check.signals import termination_as_exception
from .._check.trusted_settings import target_mismatch
from .._common.addresses import in_ascii
from .._common.errors import AmsError, CollectionError
from .._common.limits import MOST_CONNECTIONS
from .._common.progress import Wait, say_wait
from .bandwidth import SHARED, Bandwidth
from .http_source import OTHER_WAY, VANISHED, HttpSource, SourceError
from .report import AppReport, ProgressLines, module_result
from .target import Target
from .transfer import Transfer
from .wanted import Selection, Wanted, select

OVER_SSH = "import from the server's disk over ssh, by ansible_connection=ssh for this host"
# Seconds for which the console's list may be read: AMS reads all of its entries for each page.
_LISTING_SECONDS = 3600.0


def run(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Return the module's result."""
    start = time.monotonic()
    require_options(params)
    if params["delete_local"]:
        raise AmsError(
            "Reading the option delete_local (s3_recording_import_delete)",
            "over HTTP no recording can be deleted, because AMS deletes the object in the bucket with it",
            f"Remove it, or {OVER_SSH}. Nothing was copied",
        )
    connection = arguments.connection_of(params)
    apps = [_App(params, connection, app["name"], app["settings"]) for app in params["apps"]]
    with ignoring_insecure_requests(), termination_as_exception():
        with AmsClient(connection) as client:
            for app in apps:
                app.read(client)
        # A session of the console would end while recordings are copied, which may take hours.
        for app in apps:
            app.copy(check_mode)
    return module_result([app.report for app in apps], time.monotonic() - start)


def require_target(app: str, settings: Mapping[str, Any], requested: Mapping[str, Any]) -> None:
    """Raise AmsError if nothing may be sent to where the server records, or it records to no bucket."""
    mismatch = target_mismatch(settings, requested, endpoint_of_environment())
    if mismatch:
        tried = f"Comparing the settings of application '{app}' with {mismatch.expected}"
        raise AmsError(tried, f"the server has {mismatch.actual}", mismatch.remedy)
    if not (settings.get("s3RecordingEnabled") and settings.get("s3BucketName")):
        tried = f"Importing the recordings of application '{app}'"
        raise AmsError(tried, "it does not record to S3", "Run site.yml before the import")


def require_options(params: Mapping[str, Any]) -> None:
    """Raise AmsError for an option that cannot work."""
    if not 1 <= params["connections"] <= MOST_CONNECTIONS:
        actual = f"{params['connections']} is not between 1 and {MOST_CONNECTIONS}"
        raise AmsError("Reading the option connections", actual)
    if params["bandwidth"] < 0:
        raise AmsError("Reading the option bandwidth", f"{params['bandwidth']} is less than 0")


class _App:
    """The import of one application."""

    def __init__(
        self, params: Mapping[str, Any], connection: Connection, app: str, requested: Mapping[str, Any]
    ) -> None:
        self._params, self._connection, self._requested = params, connection, requested
        self._settings: dict[str, Any] = {}
        self._found = Selection()
        self._host = connection.url
        self.report = AppReport(app)

    def read(self, client: AmsClient) -> None:
        """Read the settings and the list of recordings of the application."""
        app = self.report.app
        self._settings = client.settings(app)
        self.report.location = address_of(self._settings)
        try:
            require_target(app, self._settings, self._requested)
            secret = jwt_secret_of(self._settings)
            lists = Broadcasts(client, app, secret, lasts=_LISTING_SECONDS)
            listed = Recordings(lists, most=None, seconds=_LISTING_SECONDS)
            age = self._params["min_age"]
            days = self._params["expire_days"]
            self._found = select(app, self._settings, listed, time.time(), days, age)
            if not listed.is_whole:
                raise AmsError(
                    f"Listing the recordings of application '{app}' at {client.url}",
                    f"it took longer than {_LISTING_SECONDS:.0f} s for {listed.read} of {listed.total}",
                    "Run the import when the server has less to do",
                )
        except AmsError as error:
            self.report.error = error.masked(client.secrets)
            return
        self.report.select(self._found)

    def copy(self, check_mode: bool) -> None:
        """Copy what is not in the bucket; in check mode find out what would be copied."""
        if self.report.error or not self._found.wanted:
            return
        try:
            target = Target(self._settings, self._connection.timeout, self._params["connections"])
            left = self._not_listed(target)
            readable = self._readable(left)
            if check_mode:
                self._plan(target, readable)
            else:
                self._transfer(target, readable)
        except CollectionError as error:
            self.report.error = error

    def _not_listed(self, target: Target) -> dict[str, Wanted]:
        """Return the recordings that the bucket's list does not have with the same size.

        A folder may have many more objects than the application has recordings. Then it is cheaper to look
        for each of the others by itself, as the transfer does.
        """
        left, begun = dict(self._found.wanted), time.monotonic()
        for number, page in enumerate(target.sizes(object_key(self._settings, "")), 1):
            for key, size in page.items():
                if key in left and left[key].size == size:
                    del left[key]
                    self.report.present += 1
            wait = Wait(f"the list of {self.report.location}", f"{number} pages so far", part_of="the lists")
            say_wait(wait, time.monotonic() - begun, _LISTING_SECONDS)
            if not left or number > len(left):
                break
        return left

    def _readable(self, left: Mapping[str, Wanted]) -> list[Wanted]:
        """Return the recordings whose viewers the server does not forward to the bucket."""
        readable = [each for each in left.values() if not self._forwarded(each)]
        forwarded = next(filter(None, map(self._forwarded, left.values())), "")
        if forwarded:
            self.report.not_tried = len(left) - len(readable)
            tried = f"Reading {self.report.not_tried} recordings of application '{self.report.app}' over HTTP"
            came_back = f"it forwards their viewers to where they are not yet, such as {forwarded}"
            self.report.error = AmsError(tried, came_back, OTHER_WAY)
        return readable

    def _forwarded(self, wanted: Wanted) -> str:
        return forwarded_to(self._settings, recording_path(wanted.path))

    def _source(self) -> HttpSource:
        connection = self._connection
        url = in_ascii((self._params["viewer_url"] or connection.url).rstrip("/"))
        verify = (connection.ca_path or True) if connection.validate_certs else False
        return HttpSource(url, self.report.app, verify, connection.timeout)

    def _plan(self, target: Target, wanted: list[Wanted]) -> None:
        """Look for each recording by itself, and read the beginning of one to see that they can be read."""
        missing, same, others = target.compare(wanted)
        self.report.present += len(same)
        for each, stored in others:
            reason = f"the object has {stored.size} bytes, the list of the server says {each.size}"
            self.report.differing.add(each.path, reason)
        self.report.plan(missing)
        if missing:
            try:
                self._source().begin(missing[0].path)
            except SourceError as error:
                # This one alone. The others are read when they are copied.
                if error.kind != VANISHED:
                    raise

    def _transfer(self, target: Target, wanted: list[Wanted]) -> None:
        bandwidth = Bandwidth(self._params["bandwidth"], SHARED.get())
        transfer = Transfer(self._source(), target, self._params["connections"], bandwidth)
        say = ProgressLines(f"{self._host}, application '{self.report.app}'")
        done = 0
        with closing(transfer.run(wanted, say)) as results:
            for result in results:
                self.report.add(result)
                done += 1
        if transfer.stopped_by:
            self.report.error = transfer.stopped_by
        self.report.not_tried += len(wanted) - done
