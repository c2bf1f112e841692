# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A source that is pulled, recorded and uploaded again and again, until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import time
from collections.abc import AsyncIterator, Iterator
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
PLAYLIST = b"#EXTM3U\n"


class PullError(Exception):
    """FFmpeg's message about a source that could not be read."""


@contextlib.asynccontextmanager
async def _opened(url: str) -> AsyncIterator[aiohttp.StreamReader]:
    try:
        async with (
            aiohttp.ClientSession(timeout=MEDIA_TIMEOUT) as session,
            # As it is: quoted anew, a signature would not fit any more.
            session.get(URL(url, encoded=True)) as response,
        ):
            if response.status >= 400:
                raise PullError(_of_status(response.status))
            yield response.content
    except aiohttp.ClientConnectorError as error:
        refused = error.os_error.errno == errno.ECONNREFUSED
        raise PullError("Connection refused" if refused else "Input/output error") from error
    except (aiohttp.ClientError, asyncio.TimeoutError) as error:
        raise PullError("Input/output error") from error


async def _first_of(source: aiohttp.StreamReader) -> bytes:
    """Return the first bytes of an MP4, with which a stream is live."""
    try:
        first = await source.readexactly(8)
    except asyncio.IncompleteReadError as error:
        raise PullError(NOT_MEDIA) from error
    if first[4:] != b"ftyp":
        raise PullError(NOT_MEDIA)
    return first


async def _rest_of(source: aiohttp.StreamReader) -> bytes:
    """Return what follows. A source that breaks off is recorded up to there."""
    rest = bytearray()
    with contextlib.suppress(aiohttp.ClientError, asyncio.TimeoutError):
        async for part in source.iter_any():
            rest += part
    return bytes(rest)


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
            async with _opened(self.broadcast["streamUrl"]) as source:
                first = await _first_of(source)
                self.is_open, self.error = True, ""
                self.broadcast["status"] = "broadcasting"
                job = Job(self.app, dict(self.broadcast))
                await job.begin()
                media = first + await _rest_of(source)
        except PullError as error:
            self.is_open, self.error = False, str(error)
            return
        recorded = NO_MEDIA if self._stopped else media
        await asyncio.sleep(PULL_SECONDS)
        await job.end(recorded)
        width, height = _size(media)
        took = int(time.time() * 1000) - begun
        self.broadcast.update(width=width, height=height, receivedBytes=len(recorded), duration=took)
        self.app.spawn(job.finish())
        self.app.spawn(job.finish_hls())


@dataclass
class Job:
    """One pull: its recording, and the files of HLS.

    Measured with settings that change meanwhile: an upload uses bucket, key, region, endpoint, ACL and the
    like of its moment, which decides too whether an MP4 is uploaded. All else is as it was at the beginning.
    """

    app: App
    broadcast: dict[str, Any]
    media: bytes = b""

    def __post_init__(self) -> None:
        self.values = dict(self.app.settings.values)
        self.stream_id = self.broadcast["streamId"]
        self.folder = self.app.sub_folder(self.stream_id)
        self.hls_endpoint = self.values.get("hlsHttpEndpoint") or ""
        self.unfinished = ""

    def _records(self) -> bool:
        return self.broadcast["mp4Enabled"] == 1 or (
            self.broadcast["mp4Enabled"] == 0 and bool(self.values["mp4MuxingEnabled"])
        )

    def _path(self, name: str) -> str:
        return f"streams/{self.folder}/{name}" if self.folder else f"streams/{name}"

    def _uploader(self) -> Uploader | None:
        """Return the bucket of now with the folder of the beginning; None where nothing is uploaded now."""
        now, name = self.app.settings.values, "s3StreamsFolderPath"
        return Uploader({**now, name: self.values[name]}) if now["s3RecordingEnabled"] else None

    async def begin(self) -> None:
        if self._records():
            self.unfinished = self._path(f"{next(self._free_names())}{UNFINISHED}")
            self.app.files[self.unfinished] = self.media
        if self.values["hlsMuxingEnabled"] and not self.hls_endpoint:
            self.app.files.update(dict.fromkeys(self._hls_paths(), PLAYLIST))
        await self._send_segment(0)

    async def end(self, media: bytes) -> None:
        self.media = media
        if self.unfinished:
            self.app.files[self.unfinished] = media
        await self._send_segment(1)

    async def _send_segment(self, number: int) -> None:
        """Send a segment and the playlist to the address that the settings name, while the stream is live."""
        if not (self.values["hlsMuxingEnabled"] and self.hls_endpoint):
            return
        place = "/".join(part for part in (self.hls_endpoint, self.folder, self.stream_id) if part)
        with contextlib.suppress(aiohttp.ClientError, asyncio.TimeoutError):
            async with aiohttp.ClientSession(timeout=MEDIA_TIMEOUT) as session:
                for ending in (f"{number:09}.ts", ".m3u8"):
                    await session.put(f"{place}{ending}", data=PLAYLIST)

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
        uploader = self._uploader()
        if uploader is not None and self.app.settings.values["uploadExtensionsToS3"] & MP4:
            await self._sent(uploader, path)

    async def _name(self) -> str:
        """Return the first name that neither the disk nor the bucket has."""
        uploader = self._uploader()
        if uploader is not None:
            await self.app.look(uploader)
        for name in self._free_names():
            if uploader is None or not await uploader.has(uploader.key(self.folder, name)):
                return name
        raise AssertionError("unreachable")

    async def finish_hls(self) -> None:
        if not self.values["hlsMuxingEnabled"] or self.hls_endpoint:
            return
        own = self.broadcast["hlsParameters"] or {}
        numbers = [own.get(name) or self.values[name] for name in ("hlsTime", "hlsListSize")]
        await asyncio.sleep(float(numbers[0]) * float(numbers[1]))
        uploader = self._uploader()
        for path in self._hls_paths():
            if uploader is not None and self.values["uploadExtensionsToS3"] & HLS:
                await self._sent(uploader, path)
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
