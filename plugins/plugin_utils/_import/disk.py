# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import the recordings of an application from its server's disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.recording_rules import local_folder
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.bucket_listing import address_of
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.amounts import count
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import CollectionError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.plain_text import abbreviate
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.report import (
    AppReport,
    ProgressLines,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.run import require_target
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.stored import StoredObject
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.target import Target
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.transfer import (
    COPIED,
    FAILED,
    Progress,
    Result,
)

from .copying import Copying
from .files import ENDINGS, LocalFile, choose
from .server import Sending, Server

# What of an application's settings decides what its objects are.
SETTINGS = (
    "s3RecordingEnabled",
    "s3BucketName",
    "s3RegionName",
    "s3Endpoint",
    "s3PathStyleAccessEnabled",
    "s3StreamsFolderPath",
    "s3Permission",
    "s3StorageClass",
    "s3CacheControl",
)
# Files that are deleted at once.
_MOST_DELETED = 100
_RIGHTS = "To delete them it needs the rights of the user that AMS runs as, see become"


class DiskImport:
    """The import of one application.

    settings: those on the server. requested: those that it should have. make_server: returns the disk below
    a folder. params: of the module. host: for lines about the progress.
    """

    def __init__(
        self,
        host: str,
        app: str,
        settings: Mapping[str, Any],
        requested: Mapping[str, Any],
        params: Mapping[str, Any],
        make_server: Callable[[str], Server],
        authorities: str = "",
    ) -> None:
        self._settings, self._requested, self._params = settings, requested, params
        self._server = make_server(f"{str(params['ams_dir']).rstrip('/')}/{local_folder(app)}")
        self._authorities = authorities
        self._progress, self._lines = Progress(), ProgressLines(f"{host}, application '{app}'")
        self.report = AppReport(app, address_of(settings), way="ssh")

    def run(self, check_mode: bool) -> AppReport:
        """Copy what is not in the bucket; in check mode find out what would be copied."""
        try:
            require_target(self.report.app, self._settings, self._requested)
            self._import(check_mode)
        except CollectionError as error:
            self.report.error = self.report.error or error
        return self.report

    def _import(self, check_mode: bool) -> None:
        lines = list(self._server.files(ENDINGS))
        _require_read(self._server.folder, lines)
        limits = (self._params["expire_days"], self._params["min_age"])
        found = choose(self.report.app, lines, self._settings, *limits)
        self.report.listed, self.report.skipped = found.listed, found.skipped
        self.report.links = len(found.links)
        if found.links:
            self.report.warnings.append(
                f"{self.report.app}: {count(len(found.links), 'link')} on the server's disk not followed, so "
                f"nothing that they lead to was imported: {abbreviate(found.links)}"
            )
        for unusable in found.unusable:
            self.report.failed.add(unusable.path, unusable.reason)
        if not found.files:
            return
        target = Target(self._settings, self._params["timeout"], self._params["connections"])
        missing, same_size, others = target.compare(found.files)
        for file, stored in others:
            reason = f"the object has {stored.size} bytes, the file {file.path} has {file.size}"
            self.report.differing.add(file.wanted.path, reason)
        if check_mode:
            self.report.present += len(same_size)
            self.report.plan(file.wanted for file in missing)
            self._count_unfinished(missing)
            return
        copying = Copying(self._server, target, self._sending, self._say)
        done = self._copy(copying, missing)
        if self._params["delete_local"]:
            done += self._checked(copying, same_size)
            self._delete(done)
        else:
            self.report.present += len(same_size)

    @property
    def _sending(self) -> Sending:
        return Sending(
            connections=self._params["connections"],
            bytes_per_second=float(self._params["bandwidth"]),
            authorities=self._authorities,
        )

    def _copy(self, copying: Copying, files: list[LocalFile]) -> list[LocalFile]:
        """Copy files. Return those whose objects are verified."""
        self._progress.files, self._progress.size = len(files), sum(file.size for file in files)
        by_key, copied, tried = {file.key: file for file in files}, list[LocalFile](), 0
        for result in copying.run(files):
            tried += 1
            self.report.add(result)
            self._progress.done_files += 1
            if result.state == COPIED:
                copied.append(by_key[result.wanted.key])
        self._count_unfinished(copied)
        self.report.error = copying.stopped_by
        self.report.not_tried += len(files) - tried
        return copied

    def _count_unfinished(self, files: list[LocalFile]) -> None:
        self.report.unfinished += len([file for file in files if file.is_unfinished])

    def _say(self, size: int) -> None:
        self._progress.done_size += size
        self._lines(self._progress)

    # To delete them

    def _checked(self, copying: Copying, files: list[tuple[LocalFile, StoredObject]]) -> list[LocalFile]:
        """Return the files whose objects have the same bytes."""
        same = list[LocalFile]()
        for file, stored in files:
            try:
                found = copying.is_same(file, stored)
            except CollectionError as failure:
                self.report.add(Result(file.wanted, FAILED, error=failure))
                continue
            if found is False:
                reason = f"it has as many bytes as the file {file.path}, but others"
                self.report.differing.add(file.wanted.path, reason)
                continue
            self.report.present += 1
            if found:
                same.append(file)
            else:
                self.report.kept += 1
        return same

    def _delete(self, files: list[LocalFile]) -> None:
        for start in range(0, len(files), _MOST_DELETED):
            some = files[start : start + _MOST_DELETED]
            for file, answer in zip(some, self._server.delete([file.as_listed() for file in some])):
                if answer.deleted:
                    self.report.deleted += 1
                elif answer.kind != "vanished":
                    self.report.failed.add(
                        file.path, f"it is in the bucket, and was not deleted: {answer}. {_RIGHTS}"
                    )


def _require_read(folder: str, lines: list[Mapping[str, Any]]) -> None:
    """Raise CollectionError if the folder itself cannot be read."""
    error = next((line for line in lines if line["path"] == "."), None)
    if error:
        raise CollectionError(
            f"Reading {folder} on the server's disk",
            str(error.get("message")),
            "Check the option ams_dir, and that the user of the connection may read there, see become",
        )
