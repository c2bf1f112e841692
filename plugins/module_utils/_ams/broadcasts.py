# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The broadcasts and recordings of one application, through the session with the server's console."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Optional
from urllib.parse import quote, urlencode

from .._common.errors import AmsError
from .._common.secret_forms import scrub
from .app_token import app_token
from .client import AmsClient
from .transport import Answer

MOST_LISTED = 50
# What start answers for a source that a start before it, whose answer was lost, has started.
_ALREADY = "already active"
# Of a source that was not started, or is stopped.
_NO_SOURCE = "Camera is not found"


class Broadcasts:
    """What the application's own REST API can do, as far as a stream source needs it.

    jwt_secret: where that API wants a token of its own. lasts: seconds in which the API is used.
    """

    def __init__(self, client: AmsClient, app: str, jwt_secret: str = "", lasts: float = 0) -> None:
        self.app, self.signs = app, bool(jwt_secret)
        self._client = client
        self._jwt_secret, self._lasts = jwt_secret, lasts
        # They are the client's own for all others; this is a part of it in a file of its own.
        self._object, self._number = client._object, client._number  # noqa: SLF001

    @cached_property
    def _headers(self) -> Optional[dict[str, str]]:
        """Signed when it is first needed: until then another application may have taken its time."""
        if not self._jwt_secret:
            return None
        token = app_token(self._jwt_secret, self._lasts)
        self.keep_secret(self._jwt_secret, token)
        return {"Authorization": token}

    def _read(self, path: str, tried: str) -> Answer:
        return self._client._read(path, tried, self._headers)  # noqa: SLF001

    def _request(self, method: str, path: str, tried: str, body: Any = None) -> Answer:
        return self._client._request(method, path, tried, body, self._headers)  # noqa: SLF001

    def keep_secret(self, *secrets: str) -> None:
        """From here on no text from the server shows these."""
        self._client.secrets.extend(secret for secret in secrets if secret)

    def without_secrets(self, text: str) -> str:
        return scrub(text, self._client.secrets)

    def create(self, broadcast: Mapping[str, Any]) -> dict[str, Any]:
        """Make a broadcast; the broadcast as the server has it."""
        tried = f"Creating a broadcast in application '{self.app}'"
        return self._object(self._request("POST", self._path("broadcasts/create"), tried, broadcast), tried)

    def start(self, stream_id: str) -> str:
        """Let the server pull the source of a broadcast; why it does not, empty where it does."""
        tried = f"Starting a broadcast of application '{self.app}'"
        answer = self._object(self._request("POST", self._of(stream_id, "/start"), tried), tried)
        message = self.without_secrets(str(answer.get("message") or ""))
        if answer.get("success") is True or _ALREADY in message:
            return ""
        return message.rstrip(". ") or "success=false without a message"

    def broadcast(self, stream_id: str) -> Optional[dict[str, Any]]:
        """A broadcast as it is now, None where there is none."""
        tried = f"Reading a broadcast of application '{self.app}'"
        try:
            return self._object(self._read(self._of(stream_id), tried), tried)
        except AmsError as error:
            if error.status == 404:
                return None
            raise

    def pull_error(self, stream_id: str) -> str:
        """Why the source could not be read when it was last tried; empty where it could, or was not tried."""
        tried = f"Asking how the pull of a broadcast of application '{self.app}' went"
        answer = self._object(self._read(self._of(stream_id, "/ip-camera-error"), tried), tried)
        message = self.without_secrets(str(answer.get("message") or "").strip())
        return "" if answer.get("success") is True or message.startswith(_NO_SOURCE) else message

    def delete(self, stream_id: str) -> None:
        """Stop and delete a broadcast, if there is one."""
        tried = f"Deleting a broadcast of application '{self.app}'"
        self._object(self._request("DELETE", self._of(stream_id), tried), tried)

    def live_count(self) -> int:
        """Return how many streams are live; in a cluster on all of its nodes together."""
        tried = f"Counting the live streams of application '{self.app}'"
        return self._number(self._read(self._path("broadcasts/active-live-stream-count"), tried), tried)

    def recordings_count(self) -> int:
        """Return how many recordings the application's video-on-demand list has."""
        tried = f"Counting the recordings of application '{self.app}'"
        return self._number(self._read(self._path("vods/count"), tried), tried)

    def recordings_page(self, offset: int, size: int) -> list[dict[str, Any]]:
        """Return a piece of the application's video-on-demand list."""
        tried = f"Listing the recordings of application '{self.app}'"
        path = self._path(f"vods/list/{offset}/{size}")
        return self._client._page(path, tried, self._headers)[:size]  # noqa: SLF001

    def recordings(self, stream_id: str) -> list[dict[str, Any]]:
        """The recordings of a broadcast in the list of the application, which it need not have any more."""
        tried = f"Listing the recordings of application '{self.app}'"
        path = self._path(f"vods/list/0/{MOST_LISTED}", streamId=stream_id)
        listed = self._client._page(path, tried, self._headers)  # noqa: SLF001
        # A release that does not know the filter lists all.
        return [each for each in listed if each.get("streamId") == stream_id]

    def delete_recording(self, vod_id: str) -> None:
        """Delete a recording: the entry, the local file, and the object if the application's key may."""
        tried = f"Deleting a recording of application '{self.app}'"
        self._object(self._request("DELETE", self._path(f"vods/{quote(vod_id, safe='')}"), tried), tried)

    def _of(self, stream_id: str, what: str = "") -> str:
        return self._path(f"broadcasts/{quote(stream_id, safe='')}{what}")

    def _path(self, below: str, **query: str) -> str:
        more = f"&{urlencode(query)}" if query else ""
        return f"/request?_path={quote(self.app, safe='')}/rest/v2/{below}{more}"
