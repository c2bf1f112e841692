# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The list of an application's recordings (VoD)."""

from __future__ import annotations

import random
import string
import time
from typing import Any

from .call import AppCall
from .pages import Answer, as_json, result
from .upload import Uploader, UploadRefusedError

MOST_IN_A_LIST = 250
NO_RECORDING: dict[str, Any] = {
    **dict.fromkeys(("streamName", "vodName", "streamId")),
    **dict.fromkeys(("creationDate", "startTime", "duration", "fileSize"), 0),
    **dict.fromkeys(("filePath", "vodId", "type", "previewFilePath", "processStatus")),
    **dict.fromkeys(("processStartTime", "processEndTime"), 0),
    **dict.fromkeys(("description", "metadata", "latitude", "longitude", "altitude")),
}


def recording(name: str, size: int = 1_000_000, kind: str = "streamVod", age: float = 0) -> dict[str, Any]:
    """Return an entry of the list.

    kind: uploadedVod and userVod are recordings that no stream has made. age: in seconds.
    """
    now = int((time.time() - age) * 1000)
    names = {
        "streamName": name,
        "vodName": name,
        "streamId": name.partition(".")[0],
        "filePath": f"streams/{name}",
    }
    times = {"creationDate": now, "startTime": now - 10_000, "duration": 10_000}
    vod_id = "".join(random.choices(string.ascii_letters, k=24))
    what = {"fileSize": size, "vodId": vod_id, "type": kind}
    return NO_RECORDING | names | times | what | {"metadata": ""}


def _of(asked: AppCall, vod_id: str) -> dict[str, Any] | None:
    return next((entry for entry in asked.app.recordings if entry["vodId"] == vod_id), None)


def listed(asked: AppCall, place: str) -> Answer:
    offset, size = (int(part) for part in place.split("/"))
    stream_id = asked.query("streamId")
    search = asked.query("search").lower()
    found = [
        entry
        for entry in asked.app.recordings
        if stream_id in ("", entry["streamId"]) and search in entry["vodName"].lower()
    ]
    if asked.query("sort_by") == "date":
        found = sorted(
            found, key=lambda entry: entry["creationDate"], reverse=asked.query("order_by") != "asc"
        )
    return as_json(found[offset : offset + min(size, MOST_IN_A_LIST)])


def counted(asked: AppCall, _name: str) -> Answer:
    return as_json({"number": len(asked.app.recordings)})


def read(asked: AppCall, vod_id: str) -> Answer:
    return as_json(_of(asked, vod_id) or NO_RECORDING)


def delete(asked: AppCall, vod_id: str) -> Answer:
    """Delete the entry, the file and the object; the answer does not depend on the object."""
    app, entry = asked.app, _of(asked, vod_id)
    if entry is None:
        return result(False)
    app.recordings.remove(entry)
    app.files.pop(entry["filePath"], None)
    if app.settings.values["s3RecordingEnabled"]:
        app.spawn(_delete_object(Uploader(app.settings.values), entry["vodName"]))
    return result(True, "vod deleted")


async def _delete_object(uploader: Uploader, name: str) -> None:
    try:
        await uploader.delete(name)
    except UploadRefusedError:
        return
