# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Broadcasts and recordings of one application, through the session with the server's console."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Optional
from urllib.parse import quote, urlencode

from .._common.errors import AmsError
from .._common.secret_forms import scrub
from .app_token import app_token
from .client import AmsClient

MOST_LISTED = 50
_MOST_PAGES = 20
_LIVE = "broadcasting"
_BROADCASTS, _RECORDINGS = "broadcasts", "vods"
_NAMES = {_BROADCASTS: "broadcasts", _RECORDINGS: "recordings"}
# The answer to a start after one whose answer was lost.
_ALREADY = "already active"
# The answer for a source that was not started, or is stopped.
_NO_SOURCE = "Camera is not found"


class Broadcasts:
    """The part of the application's own REST API that a stream source needs.

    jwt_secret: signs the token that this API may require. lasts: seconds for which the API is used.
    """

    def __init__(self, client: AmsClient, app: str, jwt_secret: str = "", lasts: float = 0) -> None:
        self.app, self.signs = app, bool(jwt_secret)
        self.url = client.url
        self._client = client
        self._jwt_secret, self._lasts = jwt_secret, lasts

    @cached_property
    def _headers(self) -> Optional[dict[str, str]]:
        """Return the token, signed when it is first needed: other applications may take a while before."""
        if not self._jwt_secret:
            return None
        token = app_token(self._jwt_secret, self._lasts)
        self.keep_secret(self._jwt_secret, token)
        return {"Authorization": token}

    def keep_secret(self, *secrets: str) -> None:
        """Mask these in every text from the server from now on."""
        self._client.secrets.extend(secret for secret in secrets if secret)

    def without_secrets(self, text: str) -> str:
        return scrub(text, self._client.secrets)

    def create(self, broadcast: Mapping[str, Any]) -> dict[str, Any]:
        """Create a broadcast; return it as the server has it."""
        tried = f"Creating a broadcast in application '{self.app}'"
        return self._client.post(self._path("broadcasts/create"), tried, broadcast, self._headers)

    def start(self, stream_id: str) -> str:
        """Let the server pull the source of a broadcast; return why it does not, or "" if it does."""
        tried = f"Starting a broadcast of application '{self.app}'"
        answer = self._client.post(self._of(stream_id, "/start"), tried, headers=self._headers)
        message = self.without_secrets(str(answer.get("message") or ""))
        if answer.get("success") is True or _ALREADY in message:
            return ""
        return message.rstrip(". ") or "success=false without a message"

    def broadcast(self, stream_id: str) -> Optional[dict[str, Any]]:
        """Return a broadcast as it is now, None if it does not exist."""
        tried = f"Reading a broadcast of application '{self.app}'"
        try:
            return self._client.get(self._of(stream_id), tried, self._headers)
        except AmsError as error:
            if error.status == 404:
                return None
            raise

    def pull_error(self, stream_id: str) -> str:
        """Return why the source could not be read when it was last tried; "" if it could or was not tried."""
        tried = f"Asking how the pull of a broadcast of application '{self.app}' went"
        answer = self._client.get(self._of(stream_id, "/ip-camera-error"), tried, self._headers)
        message = self.without_secrets(str(answer.get("message") or "").strip())
        return "" if answer.get("success") is True or message.startswith(_NO_SOURCE) else message

    def delete(self, stream_id: str) -> None:
        """Stop and delete a broadcast, if there is one."""
        tried = f"Deleting a broadcast of application '{self.app}'"
        self._client.delete(self._of(stream_id), tried, self._headers)

    def live_count(self) -> int:
        """Return how many streams are live; in a cluster on all of its nodes together."""
        tried = f"Counting the live streams of application '{self.app}'"
        path = self._path("broadcasts/active-live-stream-count")
        return self._client.get_number(path, tried, self._headers)

    def live_before(self, moment: int) -> Optional[int]:
        """Return how many live streams began before a moment; None if there are too many broadcasts to read.

        moment: in milliseconds; 0 counts all of them.
        """
        count = self.live_count()
        if not count or not moment:
            return count
        earlier = 0
        for page in range(_MOST_PAGES):
            listed = self._list(_BROADCASTS, page * MOST_LISTED)
            live = [each for each in listed if each.get("status") == _LIVE]
            earlier += len([each for each in live if int(each.get("startTime") or 0) <= moment])
            if len(listed) < MOST_LISTED:
                return earlier
        return None

    def named(self, part: str) -> list[dict[str, Any]]:
        """Return the first broadcasts that have this in their name; any, if a release knows no search."""
        return self._list(_BROADCASTS, search=part)

    def recordings_named(self, part: str) -> list[dict[str, Any]]:
        """Return the first recordings that have this in their name; any, if a release knows no search."""
        return self._list(_RECORDINGS, search=part)

    def recordings_count(self) -> int:
        """Return how many recordings the application's video-on-demand list has."""
        tried = f"Counting the recordings of application '{self.app}'"
        return self._client.get_number(self._path("vods/count"), tried, self._headers)

    def recordings_page(self, offset: int, size: int) -> list[dict[str, Any]]:
        """Return a page of the application's video-on-demand list, the newest first."""
        return self._list(_RECORDINGS, offset, size, sort_by="date", order_by="desc")[:size]

    def recordings(self, stream_id: str) -> list[dict[str, Any]]:
        """Return the recordings of a broadcast, which may be deleted by now, in the application's list."""
        listed = self._list(_RECORDINGS, streamId=stream_id)
        # A release that does not know the filter lists all.
        return [each for each in listed if each.get("streamId") == stream_id]

    def delete_recording(self, vod_id: str) -> None:
        """Delete a recording: the entry, the local file, and the object if the application's key may."""
        tried = f"Deleting a recording of application '{self.app}'"
        self._client.delete(self._path(f"vods/{quote(vod_id, safe='')}"), tried, self._headers)

    def _list(
        self, what: str, offset: int = 0, size: Optional[int] = None, **query: str
    ) -> list[dict[str, Any]]:
        size = MOST_LISTED if size is None else size
        tried = f"Listing the {_NAMES[what]} of application '{self.app}'"
        return self._client.get_list(
            self._path(f"{what}/list/{offset}/{size}", **query), tried, self._headers
        )

    def _of(self, stream_id: str, what: str = "") -> str:
        return self._path(f"broadcasts/{quote(stream_id, safe='')}{what}")

    def _path(self, below: str, **query: str) -> str:
        more = f"&{urlencode(query)}" if query else ""
        return f"/request?_path={quote(self.app, safe='')}/rest/v2/{below}{more}"
