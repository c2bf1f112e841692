# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""One small object for all checks that would upload the same to the same place, with the same key.

Applications and servers share an object if what was read on them is the same: bucket, region, endpoint, path
style, key and its secret, folder, ACL, storage class and cache header. A server with an old secret is alone
with it, and so found. The object stays until every check has fetched it by its own address.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Hashable, Iterator, Mapping, Sequence
from concurrent import futures
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from typing import Any, Callable, Optional

from .._ams.recording_rules import object_key, upload_acl
from .._common.errors import AmsError
from .._common.polling import Deadline
from .bucket_listing import BucketListings
from .leftovers import PROBE
from .playback import Viewer
from .report import CheckResult, require_removed
from .s3_clients import S3Clients
from .shared_responses import SharedResponses
from .upload import UploadCheck
from .viewer_session import Browser

PROBE_SIZE = 2048
# A bucket far away answers after a tenth of a second, and each server may have a folder of its own. A client
# of botocore keeps as many connections.
_REMOVALS_AT_ONCE = 10
_SHARED_SETTINGS = (
    "s3BucketName",
    "s3RegionName",
    "s3Endpoint",
    "s3PathStyleAccessEnabled",
    "s3AccessKey",
    "s3StorageClass",
    "s3CacheControl",
)


class SharedUpload:
    """An object in the bucket, put there once and removed once. upload: how."""

    def __init__(
        self,
        app: str,
        settings: Mapping[str, Any],
        extension: str,
        viewer: Viewer,
        leftovers: Sequence[str],
        clients: S3Clients,
    ) -> None:
        self.file = f"{PROBE}{secrets.token_hex(8)}.{extension}"
        self.body = secrets.token_bytes(PROBE_SIZE)
        # Once for all checks: a new key or policy must be known everywhere by then.
        self.deadline = Deadline(viewer.wait)
        key = object_key(settings, self.file)
        limits = viewer.timeout, self.deadline
        self.upload = UploadCheck(app, settings, key, self.body, *limits, leftovers, clients)
        # Whoever shares the object waits as long for a response.
        self.responses = SharedResponses()
        self._app = app
        self._turn = threading.Lock()
        self._results: Optional[list[CheckResult]] = None
        self._is_over = False
        self._removal: Optional[CheckResult] = None

    def run(self, app: str) -> list[CheckResult]:
        """Return the results of the upload for an application. The first one that asks uploads."""
        with self._turn:
            if self._results is None:
                if self._is_over:
                    raise AmsError(f"Checking {app}", "the run was stopped")
                self._results = self.upload.run()
        return [replace(result, app=app) for result in self._results]

    def stop(self) -> None:
        """Begin no upload any more, and do not repeat one."""
        self._is_over = True
        self.deadline.seconds = 0

    def remove(self, error: Optional[BaseException] = None) -> None:
        """Remove the object, once an upload that is in progress has ended."""
        with self._turn:
            self._is_over = True
            try:
                self._removal = self.upload.remove()
            except KeyboardInterrupt as signal:
                # It came in the middle of the removal.
                require_removed(self.upload.remove(), error or signal, f"Checking {self._app}")
                raise
        if error is not None:
            require_removed(self._removal, error, f"Checking {self._app}")

    def removal(self, app: str) -> Optional[CheckResult]:
        """Return the result of the removal for an application; None if the object cannot have existed."""
        return self._removal and replace(self._removal, app=app)


class SharedUploads:
    """The objects of all checks of a run. leftovers: see UploadCheck."""

    def __init__(self, leftovers: Sequence[str] = (PROBE,)) -> None:
        self._leftovers = leftovers
        self._clients = S3Clients()
        self.listings = BucketListings(self._clients)
        self._uploads: dict[Hashable, SharedUpload] = {}
        self._changing = threading.Lock()
        self._is_over = False
        self._browser: Optional[Browser] = None

    def of(self, app: str, settings: Mapping[str, Any], extension: str, viewer: Viewer) -> SharedUpload:
        """Return the object for an application with these settings. Nothing is sent yet."""
        target = _target(settings, extension, viewer)
        with self._changing:
            if target not in self._uploads:
                made = SharedUpload(app, settings, extension, viewer, self._leftovers, self._clients)
                if self._is_over:
                    made.stop()
                self._uploads[target] = made
            return self._uploads[target]

    def viewer_of_bucket(self) -> Browser:
        """Return a browser for where servers send viewers: its connections are shared, no cookie is."""
        with self._changing:
            self._browser = self._browser or Browser()
            return self._browser.with_same_connections()

    @contextmanager
    def removed_at_the_end(self) -> Iterator[None]:
        """Remove all objects after the block, also after an error, which then says what is left."""
        try:
            yield
        except BaseException as error:
            with self._changing:
                self._is_over = True
                uploads = list(self._uploads.values())
            self.listings.stop()
            for each in uploads:
                each.stop()
            self._remove(error)
            raise
        self._remove()

    def _remove(self, error: Optional[BaseException] = None) -> None:
        uploads = list(self._uploads.values())
        failures: list[BaseException] = []
        if len(uploads) > 1:
            failures += _all_failures([partial(each.remove, error) for each in uploads])
        else:
            for each in uploads:
                each.remove(error)
        if failures:
            raise failures[0]


def _all_failures(calls: Sequence[Callable[[], None]]) -> list[BaseException]:
    """Make calls in parallel, to their end. Return the errors; first a signal, which says all that failed."""
    failures: list[BaseException] = []
    signal: Optional[KeyboardInterrupt] = None
    removals: list[futures.Future[None]] = []
    with futures.ThreadPoolExecutor(min(_REMOVALS_AT_ONCE, len(calls))) as pool:
        is_done = False
        while not is_done:
            try:
                # Each says what it waits for to the one who listens here.
                removals.extend(pool.submit(copy_context().run, call) for call in calls[len(removals) :])
                futures.wait(removals)
                is_done = True
            except KeyboardInterrupt as received:
                # Those that follow are ignored: nothing cuts off the removal.
                signal = received
    for removal in removals:
        failure = removal.exception()
        failures += [failure] if failure else []
    if signal is not None:
        failures.insert(0, KeyboardInterrupt("; ".join(map(str, [signal, *failures]))))
    return failures


def _target(settings: Mapping[str, Any], extension: str, viewer: Viewer) -> Hashable:
    secret = hashlib.sha256(str(settings.get("s3SecretKey")).encode()).hexdigest()
    named = tuple(str(settings.get(name)) for name in _SHARED_SETTINGS)
    limits = viewer.timeout, viewer.wait
    return (*named, secret, upload_acl(settings), object_key(settings, ""), extension, *limits)
