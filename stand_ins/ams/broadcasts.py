# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The REST API of an application for its broadcasts and the sources that it pulls."""

from __future__ import annotations

import json
import random
import re
import string
import time
from typing import Any

from .call import AppCall
from .host import App
from .jackson import Binder, parse
from .pages import Answer, as_json, error_page, result
from .pull import Source

MOST_IN_A_LIST = 250
JAVA_CLASS = "io.antmedia.datastore.db.types.Broadcast"
HLS_CLASS, HLS_PARAMETERS = f"{JAVA_CLASS}$HLSParameters", "hlsParameters"
SOURCES = ("streamSource", "ipCamera", "VoD")
STREAM_ID = re.compile(r"[A-Za-z0-9_.\-]+")
SOURCE_URL = re.compile(r"(https?|rtmps?|rtsp|srt|udp|rtp)://.+")
# As the server answers, in its order.
NEW: dict[str, Any] = json.loads(
    """
    {"streamId": null, "status": "created", "playListStatus": null, "type": "liveStream", "publishType":
    null, "name": null, "description": null, "publish": true, "date": 0, "plannedStartDate": 0,
    "plannedEndDate": 0, "duration": 0, "endPointList": null, "playListItemList": null, "publicStream":
    true, "is360": false, "listenerHookURL": null, "category": null, "ipAddr": null, "username": null,
    "password": null, "quality": null, "speed": 0.0, "streamUrl": null, "originAdress": null,
    "mp4Enabled": 0, "webMEnabled": 0, "seekTimeInMs": 0, "conferenceMode": null, "subtracksLimit": -1,
    "expireDurationMS": 0, "rtmpURL": null, "zombi": false, "pendingPacketSize": 0, "hlsViewerCount": 0,
    "dashViewerCount": 0, "webRTCViewerCount": 0, "rtmpViewerCount": 0, "startTime": 0, "receivedBytes":
    0, "bitrate": 0, "width": 0, "height": 0, "encoderQueueSize": 0, "dropPacketCountInIngestion": 0,
    "dropFrameCountInEncoding": 0, "packetLostRatio": 0.0, "packetsLost": 0, "jitterMs": 0, "rttMs": 0,
    "userAgent": "N/A", "remoteIp": null, "latitude": null, "longitude": null, "altitude": null,
    "mainTrackStreamId": null, "subTrackStreamIds": [], "absoluteStartTimeMs": 0, "webRTCViewerLimit":
    -1, "hlsViewerLimit": -1, "dashViewerLimit": -1, "subFolder": null, "currentPlayIndex": 0,
    "metaData": null, "playlistLoopEnabled": true, "updateTime": 0, "role": null, "hlsParameters": null,
    "autoStartStopEnabled": false, "encoderSettingsList": null, "virtual": false, "maxIdleTime": 0,
    "anyoneWatching": false}
    """
)
# The server sends it, but does not accept it.
KNOWN = [name for name in NEW if name != "anyoneWatching"]
KINDS = {bool: "boolean", int: "long", float: "float", str: "String", list: "list"}
LISTS = frozenset(("endPointList", "playListItemList", "encoderSettingsList", "subTrackStreamIds"))


def _kind(name: str) -> str:
    if name == HLS_PARAMETERS:
        return "map"
    return "list" if name in LISTS else KINDS.get(type(NEW[name]), "String")


def _unknown(name: str, java_class: str, known: list[str], text: str) -> None:
    binder = Binder(java_class, text)
    binder.field = name
    told = f"{len(known)} known properties: {', '.join(f'{chr(34)}{each}{chr(34)}' for each in known)}])"
    binder.fail(f'Unrecognized field "{name}" (class {java_class}), not marked as ignorable ({told}')


def _bound(body: bytes) -> dict[str, Any]:
    parsed, text = parse(body)
    if parsed is None:
        return {}
    binder = Binder(JAVA_CLASS, text)
    given = {}
    for name, value in binder.object(parsed).items():
        if name not in KNOWN:
            _unknown(name, JAVA_CLASS, KNOWN, text)
        given[name] = binder.bind(name, _kind(name), value)
    if given.get(HLS_PARAMETERS) is not None:
        given[HLS_PARAMETERS] = _hls(given[HLS_PARAMETERS], text)
    return given


def _hls(given: dict[str, Any], text: str) -> dict[str, Any]:
    binder = Binder(HLS_CLASS, text)
    bound: dict[str, Any] = dict.fromkeys(("hlsTime", "hlsListSize", "hlsPlayListType"))
    for name, value in given.items():
        if name not in bound:
            _unknown(name, HLS_CLASS, list(bound), text)
        bound[name] = binder.bind(name, "String", value)
    return bound


def create(asked: AppCall, _name: str) -> Answer:
    given, app = _bound(asked.call.body), asked.app
    stream_id = given.get("streamId")
    if stream_id in app.broadcasts:
        told = "Stream id is already being used. Please change stream id or keep it empty"
        return result(False, told, status=400)
    if stream_id and not STREAM_ID.fullmatch(stream_id):
        return result(False, "Stream id is not valid.", status=400)
    kind = given.get("type") or NEW["type"]
    if kind in SOURCES and not SOURCE_URL.fullmatch(given.get("streamUrl") or ""):
        return result(False, "Stream url is not valid. ", status=400)
    stream_id = stream_id or "".join(random.choices(string.ascii_letters + string.digits, k=24))
    place = f"rtmp://{asked.call.host.address}/{app.name}/{stream_id}"
    own = {"streamId": stream_id, "status": "created", "type": kind, "date": int(time.time() * 1000)}
    own |= {"originAdress": asked.call.host.address, "rtmpURL": place, "publish": True}
    app.broadcasts[stream_id] = NEW | given | own
    return as_json(app.broadcasts[stream_id])


def read(asked: AppCall, stream_id: str) -> Answer:
    known = asked.app.broadcasts.get(stream_id)
    return error_page(404) if known is None else as_json(known)


def listed(asked: AppCall, place: str) -> Answer:
    offset, size = (int(part) for part in place.split("/"))
    search = asked.query("search").lower()
    found = [each for each in asked.app.broadcasts.values() if search in each["streamId"].lower()]
    return as_json(found[offset : offset + min(size, MOST_IN_A_LIST)])


def counted(asked: AppCall, _name: str) -> Answer:
    return as_json({"number": len(asked.app.broadcasts)})


def live_counted(asked: AppCall, _name: str) -> Answer:
    return as_json(
        {"number": sum(each["status"] == "broadcasting" for each in asked.app.broadcasts.values())}
    )


def live_stream(stream_id: str) -> dict[str, Any]:
    """Return a broadcast that somebody sends."""
    return NEW | {"streamId": stream_id, "status": "broadcasting", "startTime": int(time.time() * 1000)}


def start(asked: AppCall, stream_id: str) -> Answer:
    app = asked.app
    known = app.broadcasts.get(stream_id)
    if known is None:
        return result(False, f"No Stream Exists with id:{stream_id}")
    if not known["streamUrl"]:
        told = "Stream url is null and it's not an IP camera to get stream url for id:"
        return result(False, f"{told}{stream_id}")
    if stream_id in app.sources:
        return result(False, "Stream is already active. It's already streaming or trying to connect")
    app.sources[stream_id] = Source(app, known)
    app.sources[stream_id].start()
    return result(True, data_id=stream_id)


def _stopped(app: App, stream_id: str) -> bool:
    source = app.sources.pop(stream_id, None)
    if source is not None:
        source.stop()
    return source is not None


def stop(asked: AppCall, stream_id: str) -> Answer:
    known = asked.app.broadcasts.get(stream_id)
    if known is None or not known["streamUrl"]:
        return result(False)
    if _stopped(asked.app, stream_id):
        return result(True, "Stream stopped")
    return result(False, f"No matching stream source in this server:{stream_id}", data_id=stream_id)


def delete(asked: AppCall, stream_id: str) -> Answer:
    if stream_id not in asked.app.broadcasts:
        return result(False)
    stopped = _stopped(asked.app, stream_id)
    del asked.app.broadcasts[stream_id]
    how = "and stopped successfully" if stopped else "but could not stopped "
    return result(True, f"broadcast is deleted {how}")


def pull_error(asked: AppCall, stream_id: str) -> Answer:
    source = asked.app.sources.get(stream_id)
    if source is None:
        return result(False, f"Camera is not found with streamId: {stream_id}")
    return result(source.is_open, source.error)
