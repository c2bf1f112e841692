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
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Optional

from .._ams.recording_rules import object_key, upload_acl
from .._common.errors import AmsError
from .._common.polling import Deadline
from .bucket_listing import BucketListings
from .leftovers import PROBE
from .playback import Viewer
from .report import CheckResult, require_removed
from .s3_clients import S3Clients
from .upload import UploadCheck
from .viewer_session import Browser

PROBE_SIZE = 2048
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
        failures: list[BaseException] = []
        for each in list(self._uploads.values()):
            try:
                each.remove(error)
            except (Exception, KeyboardInterrupt) as left:  # noqa: BLE001 - the others are removed all the same
                failures.append(left)
        if failures:
            raise failures[0]


def _target(settings: Mapping[str, Any], extension: str, viewer: Viewer) -> Hashable:
    secret = hashlib.sha256(str(settings.get("s3SecretKey")).encode()).hexdigest()
    named = tuple(str(settings.get(name)) for name in _SHARED_SETTINGS)
    limits = viewer.timeout, viewer.wait
    return (*named, secret, upload_acl(settings), object_key(settings, ""), extension, *limits)
