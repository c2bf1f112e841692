# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An application's settings: the fields of each release, and what a POST makes of them."""

from __future__ import annotations

import json
import random
import string
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from .jackson import Binder, parse

TABLE = Path(__file__).resolve().parents[1] / "ams_settings_by_release.json"
RANDOM = "<random per server>"
# The table has JSON, which does not tell Java's int from its long.
LONGS = frozenset(
    {
        *("appInstallationTime", "iceGatheringTimeoutMs", "rtmpIngestBufferTimeMs", "updateTime"),
        *("webhookRetryDelay", "webhookStreamStatusUpdatePeriodMs"),
    }
)
KINDS = {bool: "boolean", int: "int", float: "float", str: "String", dict: "map", list: "list"}
# Stored as text, and read back from it.
ENCODERS, ENCODERS_TEXT = "encoderSettings", "encoderSettingsString"
ENCODER_KINDS = {"height": "int", "videoBitrate": "int", "audioBitrate": "int", "forceEncode": "boolean"}
ENCODER_CLASS = "io.antmedia.EncoderSettings"
# At most one of each may be on.
TOKEN_CONTROLS = (
    ("publishTokenControlEnabled", "publishJwtControlEnabled", "enableTimeTokenForPublish"),
    ("playTokenControlEnabled", "playJwtControlEnabled", "enableTimeTokenForPlay"),
)
LEAST = {"hlsListSize": 5, "hlsTime": 1}


class ServerError(Exception):
    """What the server fails over with status 500: the Java exception."""


@cache
def _table() -> dict[str, Any]:
    return json.loads(TABLE.read_text())


def releases() -> list[str]:
    return list(_table()["releases"])


@cache
def defaults(release: str) -> Mapping[str, Any]:
    order = {name: number for number, name in enumerate(releases())}
    now = order[release]
    found: dict[str, Any] = {}
    for name, field in _table()["fields"].items():
        if order[field["first_seen"]] <= now <= order[field["last_seen"]]:
            found[name] = [value for since, value in field["default_from"] if order[since] <= now][-1]
    # Read in the order of the body: in a body that the server wrote, the list comes after its text.
    found[ENCODERS] = found.pop(ENCODERS)
    return found


@cache
def kinds(release: str) -> Mapping[str, str]:
    return {
        name: "long" if name in LONGS else KINDS.get(type(value), "String")
        for name, value in defaults(release).items()
    }


def new_settings(release: str) -> dict[str, Any]:
    """What a new object of the server's class holds."""
    values = dict(defaults(release))
    for name, value in values.items():
        if value == RANDOM:
            values[name] = "".join(random.choices(string.ascii_letters + string.digits, k=32))
    return values


class AppSettings:
    """The settings of one application."""

    def __init__(self, release: str, app: str) -> None:
        self.release = release
        self.values = new_settings(release) | {"appName": app}
        self._body: bytes | None = None

    def body(self) -> bytes:
        if self._body is None:
            self._body = json.dumps(self.values, separators=(",", ":"), ensure_ascii=False).encode()
        return self._body

    def change(self, values: Mapping[str, Any]) -> None:
        """From outside: whatever it is, it is stored."""
        unknown = sorted(values.keys() - self.values.keys())
        if unknown:
            raise ValueError(f"release {self.release} has no {', '.join(unknown)}")
        self.values.update(values)
        self._body = None

    def forget_nulls(self) -> None:
        """A restart reads the settings from a file that has no null."""
        texts = [name for name, kind in kinds(self.release).items() if kind == "String"]
        # What was never written to the file comes from the class.
        if self.values.get("updateTime"):
            self.change({name: "" for name in texts if self.values[name] is None})

    def post(self, body: bytes) -> bool:
        """False is the server's {"success": false}: not stored, with status 200."""
        new = bound(self.release, body)
        encoders = _encoders_of(new.get(ENCODERS_TEXT))
        if not _acceptable(new, encoders):
            return False
        if ENCODERS in new:
            new[ENCODERS] = [] if encoders is None else encoders
        new[ENCODERS_TEXT] = _encoders_text(encoders)
        for name, least in LEAST.items():
            new[name] = _at_least(least, new[name])
        new["updateTime"] = int(time.time() * 1000)
        self.values, self._body = new, None
        return True


def bound(release: str, body: bytes) -> dict[str, Any]:
    """A new object of the server's class, with what the body says."""
    parsed, text = parse(body)
    if parsed is None:
        raise ServerError(
            "java.lang.NullPointerException: Cannot invoke"
            ' "io.antmedia.AppSettings.getEncoderSettings()" because "newSettings" is null'
        )
    binder = Binder("io.antmedia.AppSettings", text)
    new, known = new_settings(release), kinds(release)
    for name, value in binder.object(parsed).items():
        kind = known.get(name)
        if kind is not None:
            new[name] = binder.bind(name, kind, value)
            if name == ENCODERS:
                new[ENCODERS_TEXT] = _encoders_text(_bound_encoders(new[name], text))
    return new


def _bound_encoders(given: list[Any] | None, text: str) -> list[dict[str, Any]] | None:
    if given is None:
        return None
    binder = Binder(ENCODER_CLASS, text)
    encoders = []
    for entry in given:
        encoder = {"height": 0, "videoBitrate": 0, "audioBitrate": 0, "forceEncode": True}
        for name, value in binder.object(entry).items():
            if name not in ENCODER_KINDS:
                binder.field = name
                binder.fail(f'Unrecognized field "{name}" (class {ENCODER_CLASS}), not marked as ignorable')
            encoder[name] = binder.bind(name, ENCODER_KINDS[name], value)
        encoders.append(encoder)
    return encoders


def _encoders_text(encoders: list[dict[str, Any]] | None) -> str:
    if encoders is None:
        return ""
    order = ("videoBitrate", "forceEncode", "audioBitrate", "height")
    ordered = [{name: encoder[name] for name in order} for encoder in encoders]
    return json.dumps(ordered, separators=(",", ":"))


def _encoders_of(text: str | None) -> list[dict[str, Any]] | None:
    if text is None:
        return None
    try:
        parsed = json.loads(text)
    except ValueError:
        # The format of old: heights and bit rates with commas.
        parts = text.split(",")
        return [] if len(parts) < 3 else _old_encoders(parts)
    try:
        return [{name: encoder[name] for name in ENCODER_KINDS} for encoder in parsed]
    except (TypeError, KeyError):
        raise ServerError("java.lang.NullPointerException") from None


def _old_encoders(parts: list[str]) -> list[dict[str, Any]]:
    try:
        numbers = [int(part) for part in parts]
        triples = [numbers[start : start + 3] for start in range(0, len(numbers), 3)]
        return [
            {"height": height, "videoBitrate": video, "audioBitrate": audio, "forceEncode": True}
            for height, video, audio in triples
        ]
    except ValueError:
        raise ServerError("java.lang.NumberFormatException") from None


def _acceptable(new: Mapping[str, Any], encoders: list[dict[str, Any]] | None) -> bool:
    if any(encoder["height"] <= 0 for encoder in encoders or []):
        return False
    return all(sum(bool(new.get(name)) for name in controls) <= 1 for controls in TOKEN_CONTROLS)


def _at_least(least: int, text: str | None) -> str:
    if text is None:
        return str(least)
    try:
        return text if int(text) >= least else str(least)
    except ValueError:
        raise ServerError(f'java.lang.NumberFormatException: For input string: "{text}"') from None
