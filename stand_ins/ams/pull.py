# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A source that is pulled, recorded and uploaded again and again, until it is stopped."""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import aiohttp
from yarl import URL

from .host import App
from .recordings import recording
from .upload import HLS, MP4, Uploader, UploadRefusedError

RETRY_SECONDS = 3.0
# A file is read as fast as it comes, not as fast as it plays.
PULL_SECONDS = 0.05
MEDIA_TIMEOUT = aiohttp.ClientTimeout(total=30)
NOT_MEDIA = "Invalid data found when processing input"
OF_STATUS = {
    400: "Server returned 400 Bad Request",
    401: "Server returned 401 Unauthorized (authorization failed)",
    403: "Server returned 403 Forbidden (access denied)",
    404: "Server returned 404 Not Found",
}
# What is recorded of a pull that a stop has cut off at once: an MP4 of no length.
NO_MEDIA = b"\x00\x00\x00\x10ftypisom\x00\x00\x02\x00" + b"\x00\x00\x00\x08mdat" + b"\x00\x00\x00\x08moov"
UNFINISHED = ".tmp_extension"


class PullError(Exception):
    """FFmpeg's message about a source that could not be read."""


async def _fetched(url: str) -> bytes:
    try:
        async with (
            aiohttp.ClientSession(timeout=MEDIA_TIMEOUT) as session,
            # As it is: quoted anew, a signature would not fit any more.
            session.get(URL(url, encoded=True)) as response,
        ):
            if response.status >= 400:
                raise PullError(_of_status(response.status))
            body = await response.read()
    except aiohttp.ClientConnectorError as error:
        refused = error.os_error.errno == errno.ECONNREFUSED
        raise PullError("Connection refused" if refused else "Input/output error") from error
    except (aiohttp.ClientError, asyncio.TimeoutError) as error:
        raise PullError("Input/output error") from error
    if body[4:8] != b"ftyp":
        raise PullError(NOT_MEDIA)
    return body


def _of_status(status: int) -> str:
    if status >= 500:
        return "Server returned 5XX Server Error reply"
    return OF_STATUS.get(status, "Server returned 4XX Client Error, but not one of 40{0,1,3,4}")


def _size(media: bytes) -> tuple[int, int]:
    """Return width and height, from the entry of an MP4 that describes its H.264."""
    found = media.find(b"avc1", media.find(b"stsd"))
    if found < 0:
        return 0, 0
    width, height = media[found + 28 : found + 30], media[found + 30 : found + 32]
    return int.from_bytes(width, "big"), int.from_bytes(height, "big")


class Source:
    """One pulled source."""

    def __init__(self, app: App, broadcast: dict[str, Any]) -> None:
        self.app, self.broadcast = app, broadcast
        self.stream_id: str = broadcast["streamId"]
        self.is_open = False
        self.error = ""
        self._stopped = False

    def start(self) -> None:
        self.app.spawn(self._run())

    def stop(self) -> None:
        self._stopped = True

    async def _run(self) -> None:
        # A stop between two pulls lets one more through, which it cuts off; a delete does not.
        while self.app.broadcasts.get(self.stream_id) is self.broadcast:
            await self._pull()
            self.broadcast["status"] = "finished"
            if self._stopped:
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def _pull(self) -> None:
        begun = int(time.time() * 1000)
        self.broadcast.update(status="preparing", startTime=begun, updateTime=begun)
        try:
            media = await _fetched(self.broadcast["streamUrl"])
        except PullError as error:
            self.is_open, self.error = False, str(error)
            return
        self.is_open, self.error = True, ""
        self.broadcast["status"] = "broadcasting"
        recorded = NO_MEDIA if self._stopped else media
        job = Job(self.app, dict(self.broadcast), recorded)
        job.begin()
        await asyncio.sleep(PULL_SECONDS)
        width, height = _size(media)
        took = int(time.time() * 1000) - begun
        self.broadcast.update(width=width, height=height, receivedBytes=len(recorded), duration=took)
        self.app.spawn(job.finish())
        if job.has_hls:
            self.app.spawn(job.finish_hls())


@dataclass
class Job:
    """One pull: its recording, and the files of HLS."""

    app: App
    broadcast: dict[str, Any]
    media: bytes

    def __post_init__(self) -> None:
        self.values = self.app.settings.values
        self.stream_id = self.broadcast["streamId"]
        self.folder = self.app.sub_folder(self.stream_id)
        self.uploader = Uploader(self.values) if self.values["s3RecordingEnabled"] else None
        self.has_hls = bool(self.values["hlsMuxingEnabled"])
        self.unfinished = ""

    def _records(self) -> bool:
        return self.broadcast["mp4Enabled"] == 1 or (
            self.broadcast["mp4Enabled"] == 0 and bool(self.values["mp4MuxingEnabled"])
        )

    def _path(self, name: str) -> str:
        return f"streams/{self.folder}/{name}" if self.folder else f"streams/{name}"

    def _uploads(self, kind: int) -> bool:
        return self.uploader is not None and bool(self.values["uploadExtensionsToS3"] & kind)

    def begin(self) -> None:
        if self._records():
            self.unfinished = self._path(f"{next(self._free_names())}{UNFINISHED}")
            self.app.files[self.unfinished] = self.media
        if self.has_hls:
            self.app.files.update(dict.fromkeys(self._hls_paths(), b"#EXTM3U\n"))

    def _free_names(self) -> Iterator[str]:
        """Yield names that no other file on the disk has."""
        for number in count():
            name = f"{self.stream_id}{f'_{number}' if number else ''}.mp4"
            path = self._path(name)
            if not {path, f"{path}{UNFINISHED}"} & (self.app.files.keys() - {self.unfinished}):
                yield name

    async def finish(self) -> None:
        """Name the recording and upload it. If S3 refuses something, the file silently stays as it is."""
        if not self._records():
            return
        try:
            name = await self._name()
        except UploadRefusedError:
            return
        path = self._path(name)
        self.app.files[path] = self.app.files.pop(self.unfinished)
        names = {"streamName": self.stream_id, "streamId": self.stream_id, "filePath": path, "metadata": None}
        self.app.recordings.append(recording(name, len(self.media)) | names)
        if self.uploader is not None and self._uploads(MP4):
            await self._sent(self.uploader, path)

    async def _name(self) -> str:
        """Return the first name that neither the disk nor the bucket has."""
        if self.uploader is not None:
            await self.app.look(self.uploader)
        for name in self._free_names():
            if self.uploader is None or not await self.uploader.has(self.uploader.key(self.folder, name)):
                return name
        raise AssertionError("unreachable")

    async def finish_hls(self) -> None:
        own = self.broadcast["hlsParameters"] or {}
        numbers = [own.get(name) or self.values[name] for name in ("hlsTime", "hlsListSize")]
        await asyncio.sleep(float(numbers[0]) * float(numbers[1]))
        for path in self._hls_paths():
            if self.uploader is not None and self._uploads(HLS):
                await self._sent(self.uploader, path)
            elif self.values["deleteHLSFilesOnEnded"]:
                self.app.files.pop(path, None)

    def _hls_paths(self) -> list[str]:
        return [self._path(f"{self.stream_id}{ending}") for ending in (".m3u8", "000000000.ts")]

    async def _sent(self, uploader: Uploader, path: str) -> None:
        body = self.app.files.get(path)
        if body is None:
            return
        try:
            await uploader.put(uploader.key(self.folder, path.rpartition("/")[2]), body)
        except UploadRefusedError:
            return
        self.app.files.pop(path, None)
