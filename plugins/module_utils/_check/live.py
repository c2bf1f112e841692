# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The whole way without an encoder: the server pulls a clip, records it and uploads it, a viewer gets it.

The probe does what AMS would do; here AMS does it itself. What comes of it is removed in any case.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Callable, NamedTuple, Optional, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

from .._ams.broadcasts import Broadcasts
from .._ams.recording_rules import MP4, forwarded_to, hls_seconds, object_key, stream_prefixes, uploads
from .._common.bounded_session import VIEWER_MOST, size_of
from .._common.errors import AmsError
from .._common.network import NoAnswer
from .clip import CLIP_SECONDS, clip, mp4_fault
from .explain_live import (
    NEEDED,
    NotMade,
    is_busy,
    is_refusal,
    of_limit,
    of_refused_call,
    of_refused_start,
    of_store,
)
from .live_bucket import Store
from .live_cleanup import Removal
from .playback import Viewer, first_answer
from .report import Link
from .viewer_session import Browser, left_tls

try:
    import requests
    from botocore.exceptions import BotoCoreError, ClientError

    IMPORT_ERROR: Optional[Exception] = None
except ImportError as error:  # The store tells of it.
    IMPORT_ERROR = error

Found = TypeVar("Found")
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
# The server tries a source again every 3 s; more than one failure is no accident.
PULL_PATIENCE = 10.0
# What the server may still upload after the removal has begun, seconds.
RECORDING_LATE, HLS_LATE = 5.0, 3.0
_LOG = "look for AmazonS3Exception in the server's log (log/ant-media-server.log)"


class _Broken(Exception):
    """A link that does not hold."""

    def __init__(self, came: str, remedy: str = "") -> None:
        super().__init__(came)
        self.came, self.remedy = came, remedy


class _Step(NamedTuple):
    """A link to try: its name, what is expected, how it is tried, and the remedy if no better is known."""

    link: str
    expected: str
    act: Callable[[], str]
    remedy: str


@dataclass
class Live:
    """The live check of one application. timeout: seconds from the clip to the viewer.

    is_base_asked: whether the base URL was asked for, not only read on the server.
    """

    settings: Mapping[str, Any]
    viewer: Viewer
    broadcasts: Broadcasts
    timeout: float
    is_base_asked: bool = True
    name: str = field(default_factory=lambda: f"live-check-{secrets.token_hex(8)}")

    def __post_init__(self) -> None:
        self.app = self.broadcasts.app
        self.prefixes = stream_prefixes(self.settings, self.name)
        self.source = f"{self.prefixes[0]}-clip"
        self.store = Store(self.settings, self.viewer.timeout)
        self._removal = Removal(self.broadcasts, self.store, self.name, self.prefixes)
        self._is_touched = False
        self._deadline = 0.0
        # Below the application's folder; addDateTimeToMp4FileName and the like make another name of it.
        self._file = f"streams/{self.name}.mp4"
        self._listed = ""

    def links(self) -> Iterator[Link]:
        """The links up to the first broken one or an obstacle, then the removal; all before any is told."""
        self._deadline = time.monotonic() + self.timeout
        found: list[Link] = []
        try:
            for step in self._steps():
                found.append(self._link(step))
                if not (found[-1].ok and found[-1].tried):
                    break
        except BaseException as error:
            self._end(error)
            raise
        if self._is_touched:
            found.append(self._link(self._removal_step()))
        yield from found

    def _end(self, error: BaseException) -> None:
        """Remove everything though there is no result to tell of it; what stays is told with the error."""
        if not self._is_touched:
            return
        removed = self._link(self._removal_step())
        if removed.ok:
            return
        if isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt(f"{error}; {removed.sentence()}") from error
        raise AmsError(f"Checking {self.app} live", repr(error), removed.sentence()) from error

    def _steps(self) -> Iterator[_Step]:
        yield _Step(
            "live source",
            f"a clip of {CLIP_SECONDS} s stored as {self.source}",
            self._put_source,
            NEEDED,
        )
        yield _Step(
            "live pull",
            "the server pulls the clip as the source of a stream",
            self._pull,
            "Does the server reach the bucket's endpoint as this host does? See its DNS, proxy and firewall",
        )
        yield _Step(
            "live recording",
            "the recording in the application's list",
            self._recording,
            f"The server could not finish it: {_LOG}. What it has stays in webapps/{self.app}/streams under "
            f"the name {self.name}.mp4.tmp_extension and must be removed by hand",
        )
        yield _Step("live upload", f"{self._key} in the bucket", self._upload, self._upload_remedy())
        if self._wanted:
            expected = f"302 to {self._wanted}, and there the recording, a whole MP4"
            remedy = "See httpForwardingBaseURL, the bucket policy and Block Public Access: run storage.yml"
            yield _Step("live playback", expected, self._view, remedy)
        else:
            expected = "the recording, a whole MP4, from the bucket, as the application does not forward mp4"
            yield _Step("live playback", expected, self._read, NEEDED)

    def _removal_step(self) -> _Step:
        what = f"the objects {', '.join(f'{prefix}*' for prefix in self.prefixes)} of {self.store.bucket}"
        if self._removal.created:
            what += f" and the broadcast and the recordings {self.name} of {self.app}"
        more = "; with versions also s3:ListBucketVersions and s3:DeleteObjectVersion"
        remedy = f"Remove {what} by hand. {NEEDED}{more}"
        return _Step("live removal", "broadcast, recordings and objects removed", self._remove, remedy)

    # --- the links

    def _put_source(self) -> str:
        try:
            self.store.require_removal(self.source)
            # Until there is an answer it may be there.
            self._is_touched = True
            self.store.put(self.source, clip())
        except (BotoCoreError, ClientError, ValueError) as error:
            told = getattr(error, "response", {}).get("ResponseMetadata", {})
            self._is_touched = self._is_touched and told.get("HTTPStatusCode", 500) >= 500
            raise of_store(error) from None
        return "that"

    def _pull(self) -> str:
        self._create()
        began = time.monotonic()
        refused = self._start()
        self._until_pulled()
        # Otherwise the server would pull and record the clip again after 3 s. Of this pull nothing is lost.
        self.broadcasts.delete(self.name)
        return f"that, in {time.monotonic() - began:.1f} s{refused}"

    def _create(self) -> None:
        # The start may be refused for a while; the address must hold until then.
        url = self.store.url(self.source, self.timeout + 60)
        given = parse_qs(urlsplit(url).query)
        signed = [*given.get("X-Amz-Signature", ()), *given.get("X-Amz-Security-Token", ())]
        self.broadcasts.keep_secret(url, *signed, *(quote(each, safe="") for each in signed))
        wish = {"streamId": self.name, "name": self.name, "type": "streamSource", "streamUrl": url}
        self._removal.created = True
        try:
            self._require_room()
            made = self._made({**wish, "mp4Enabled": 1})
        except (AmsError, NotMade) as error:
            self._removal.created = isinstance(error, AmsError) and not is_refusal(error)
            raise self._obstacle(error) from None
        hls = hls_seconds(self.settings, made)
        if hls is not None:
            self._removal.expected[".m3u8"] = hls + HLS_LATE

    def _require_room(self) -> None:
        if int(self.settings.get("ingestingStreamLimit") or -1) >= 0:
            full = of_limit(self.settings, self.broadcasts.live_count())
            if full is not None:
                raise full

    def _obstacle(self, error: Exception) -> Exception:
        if isinstance(error, AmsError):
            return of_refused_call(error, self.settings, self.broadcasts.signs) or error
        return error

    def _made(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        # HLS files are uploaded (list size × segment time) after a stream's end; this makes it one second.
        shortest = {"hlsParameters": {"hlsTime": "1", "hlsListSize": "1"}}
        try:
            return self.broadcasts.create({**wish, **shortest})
        except AmsError as error:
            # A field that the release does not know.
            if error.status != 400 or "hlsParameters" not in error.came_back:
                raise
            return self.broadcasts.create(wish)

    def _start(self) -> str:
        self._removal.expected[".mp4"] = RECORDING_LATE
        refusals: list[str] = []

        def started() -> bool:
            try:
                reason = self.broadcasts.start(self.name)
            except AmsError as error:
                raise self._obstacle(error) from None
            if reason and not is_busy(reason):
                raise of_refused_start(reason) or _Broken(
                    f"the start was refused: {reason}", "Look at the server's log"
                )
            refusals.extend([reason] if reason else [])
            return not reason

        try:
            is_started = self._until(started)
        except NotMade:
            self._removal.expected.clear()
            raise
        if not is_started:
            self._removal.expected.clear()
            often = f"{refusals[-1]} ({len(refusals)} times in {self.timeout:g} s)"
            raise of_refused_start(often) or _Broken(often)
        return f", after {len(refusals)} refusals: {refusals[-1]}" if refusals else ""

    def _until_pulled(self) -> None:
        failures: list[tuple[float, str]] = []

        def is_pulled() -> bool:
            now = self.broadcasts.broadcast(self.name)
            if now is None:
                raise _Broken("somebody else has deleted the broadcast", "Run again")
            if now.get("status") in ("created", "preparing", "broadcasting"):
                return False
            if now.get("width") or now.get("receivedBytes"):
                return True
            reason = self.broadcasts.pull_error(self.name)
            if reason:
                failures.append((time.monotonic(), reason))
                self._give_up_if(failures[-1][0] - failures[0][0] > PULL_PATIENCE, reason)
            return False

        if not self._until(is_pulled):
            self._give_up_if(bool(failures), failures[-1][1] if failures else "")
            raise _Broken(f"it did not end within {self.timeout:g} s")

    def _give_up_if(self, so: bool, reason: str) -> None:
        if so:
            self._removal.expected.clear()
            raise _Broken(f"the server could not read the clip: {reason}")

    def _recording(self) -> str:
        listed = self._until(lambda: self.broadcasts.recordings(self.name))
        if not listed:
            raise _Broken(f"nothing within {self.timeout:g} s")
        # Should there have been a second pull, its recording has a number in its name.
        first = min(listed, key=_created)
        named = str(first.get("filePath") or self._file)
        if self.name not in named.rpartition("/")[2] or ".." in named:
            raise _Broken(f"the list has {named!r}, which is no recording of {self.name}")
        self._file = named
        status = first.get("processStatus")
        self._listed = f"{self._file}, {first.get('fileSize')} bytes{f', {status}' if status else ''}"
        return self._listed

    def _upload(self) -> str:
        seen: dict[str, int] = {}

        def is_there() -> bool:
            seen.update(self.store.sizes(self.prefixes[0]))
            return self._key in seen

        if not self._until(is_there):
            others = ", ".join(sorted(seen.keys() - {self.source}))
            came = f"nothing{f' but {others}' if others else ''} within {self.timeout:g} s"
            raise _Broken(f"{came}; the list of recordings has {self._listed}")
        self._removal.expected.pop(".mp4", None)
        return f"that, {seen[self._key]} bytes"

    def _upload_remedy(self) -> str:
        if not uploads(self.settings, MP4):
            return "uploadExtensionsToS3 lacks the 1, which stands for mp4: run servers.yml"
        advice = (
            f"The recording did not leave the server's disk: {_LOG}, then run storage.yml and servers.yml"
        )
        if ".m3u8" not in self._removal.expected:
            return advice
        left = f"HLS files {self.name}* may be left in webapps/{self.app}/streams, to be removed by hand"
        return f"{advice}. {left}"

    def _read(self) -> str:
        return f"that, {len(self._stored())} bytes"

    def _stored(self) -> bytes:
        body = self.store.read(self._key)
        fault = mp4_fault(body)
        if fault:
            raise _Broken(fault, "The server uploaded a broken recording: look at its log")
        return body

    def _view(self) -> str:
        stored = self._stored()
        most = max(len(stored), VIEWER_MOST)
        with Browser(most=most) as http:
            first = first_answer(
                self.viewer, f"{self.viewer.url}/{quote(self.app)}/{quote(self._file)}", http
            )
            if isinstance(first, NoAnswer):
                raise _Broken(first.words)
            location = first.headers.get("Location", "")
            if first.status_code != 302 or location != self._wanted:
                raise _Broken(f"{first.status_code}{' to ' + location if location else ''}")
            there = http if self.is_base_asked else http.beyond(self.viewer.url)
            answer = there.fetch(location, timeout=self.viewer.timeout)
        came = f"302, and there {answer.status_code} with {size_of(answer.content, most)}"
        if answer.status_code != 200:
            raise _Broken(came)
        if answer.content != stored:
            raise _Broken(f"{came} that are not those of the bucket", "Is there an old copy in a CDN?")
        plain = left_tls(answer)
        return f"that, {len(stored)} bytes{f', by plain http from {plain}' if plain else ''}"

    def _remove(self) -> str:
        trouble = self._removal.run()
        if trouble:
            raise _Broken("; ".join(trouble))
        return "that"

    # --- what they share

    @property
    def _key(self) -> str:
        return object_key(self.settings, self._file)

    @property
    def _wanted(self) -> str:
        """Where the server sends a viewer of the recording; empty where it does not."""
        return forwarded_to(self.settings, quote(self._file))

    def _until(self, look: Callable[[], Found]) -> Optional[Found]:
        """What look returns, once it is something; None after the limit. It is called once in any case."""
        pause = SHORTEST_PAUSE
        while True:
            found = look()
            if found:
                return found
            left = self._deadline - time.monotonic()
            if left <= 0:
                return None
            time.sleep(min(pause, left))
            pause = min(pause * 1.4, LONGEST_PAUSE)

    def _link(self, step: _Step) -> Link:
        try:
            came, remedy = step.act(), None
        except NotMade as obstacle:
            return self._without_secrets(obstacle.link(self.app, self.viewer.url))
        except _Broken as error:
            came, remedy = error.came, error.remedy
        except AmsError as error:
            came, remedy = f"{error.tried}: {error.came_back}", error.remedy
        except ClientError as error:
            told = error.response.get("Error", {})
            came, remedy = f"{told.get('Code', '')}: {told.get('Message', '')}", ""
        except (BotoCoreError, requests.RequestException, ValueError) as error:
            came, remedy = " ".join(str(error).split()), ""
        ok = remedy is None
        link = Link(self.app, step.link, ok, step.expected, came, "" if ok else remedy or step.remedy)
        return self._without_secrets(link)

    def _without_secrets(self, link: Link) -> Link:
        came, warning = (self.broadcasts.without_secrets(text) for text in (link.came, link.warning))
        return replace(link, came=came, warning=warning)


def _created(recording: Mapping[str, Any]) -> float:
    when = recording.get("creationDate")
    return when if isinstance(when, (int, float)) else 0
