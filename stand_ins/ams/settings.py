# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An application's settings: the fields of each release, and the effect of a POST."""

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
# What an encoder has where the body does not say it, in the order in which the text of all has it.
ENCODER: dict[str, Any] = {"videoBitrate": 0, "forceEncode": True, "audioBitrate": 0, "height": 0}
SAME_RESOLUTION = "forceSameResolutionEncode"
# Not released yet, with the fields of the release before it; its encoders have one more key.
COMING = {"4.0.0": "3.0.3"}
ENCODER_CLASS = "io.antmedia.EncoderSettings"
# At most one of each may be on.
TOKEN_CONTROLS = (
    ("publishTokenControlEnabled", "publishJwtControlEnabled", "enableTimeTokenForPublish"),
    ("playTokenControlEnabled", "playJwtControlEnabled", "enableTimeTokenForPlay"),
)
LEAST = {"hlsListSize": 5, "hlsTime": 1}


class ServerError(Exception):
    """The Java exception with which the server answers 500."""


@cache
def _table() -> dict[str, Any]:
    return json.loads(TABLE.read_text())


def releases() -> list[str]:
    return [*_table()["releases"], *COMING]


@cache
def defaults(release: str) -> Mapping[str, Any]:
    order = {name: number for number, name in enumerate(releases())}
    now = order[COMING.get(release, release)]
    found: dict[str, Any] = {}
    for name, field in _table()["fields"].items():
        if order[field["first_seen"]] <= now <= order[field["last_seen"]]:
            found[name] = [value for since, value in field["default_from"] if order[since] <= now][-1]
    # Read in the order of the body: in a body that the server wrote, the list comes after its text.
    found[ENCODERS] = found.pop(ENCODERS)
    return found


@cache
def encoder(release: str) -> Mapping[str, Any]:
    """Return a new encoder of a release."""
    if release not in COMING:
        return ENCODER
    first, *rest = ENCODER.items()
    return dict([first, (SAME_RESOLUTION, False), *rest])


@cache
def kinds(release: str) -> Mapping[str, str]:
    return {
        name: "long" if name in LONGS else KINDS.get(type(value), "String")
        for name, value in defaults(release).items()
    }


def new_settings(release: str) -> dict[str, Any]:
    """Return the values of a new object of the server's class."""
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
        """Store values without a check."""
        unknown = sorted(values.keys() - self.values.keys())
        if unknown:
            raise ValueError(f"release {self.release} has no {', '.join(unknown)}")
        self.values.update(values)
        self._body = None

    def forget_nulls(self) -> None:
        """Replace null, as a restart does: it reads a file that has no null."""
        texts = [name for name, kind in kinds(self.release).items() if kind == "String"]
        # What was never written to the file comes from the class.
        if self.values.get("updateTime"):
            self.change({name: "" for name in texts if self.values[name] is None})

    def post(self, body: bytes) -> bool:
        """Store a body. False is the server's {"success": false}: not stored, with status 200."""
        new = bound(self.release, body)
        encoders = _encoders_of(new.get(ENCODERS_TEXT), self.release)
        if not _acceptable(new, encoders):
            return False
        if ENCODERS in new:
            new[ENCODERS] = [] if encoders is None else encoders
        new[ENCODERS_TEXT] = _encoders_text(encoders, self.release)
        for name, least in LEAST.items():
            new[name] = _at_least(least, new[name])
        new["updateTime"] = int(time.time() * 1000)
        self.values, self._body = new, None
        return True


def bound(release: str, body: bytes) -> dict[str, Any]:
    """Return a new object of the server's class with the values of a body."""
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
                new[ENCODERS_TEXT] = _encoders_text(_bound_encoders(new[name], text, release), release)
    return new


def _bound_encoders(given: list[Any] | None, text: str, release: str) -> list[dict[str, Any]] | None:
    if given is None:
        return None
    binder = Binder(ENCODER_CLASS, text)
    encoders = []
    for entry in given:
        bound = dict(encoder(release))
        for name, value in binder.object(entry).items():
            if name not in bound:
                binder.field = name
                binder.fail(f'Unrecognized field "{name}" (class {ENCODER_CLASS}), not marked as ignorable')
            bound[name] = binder.bind(name, KINDS[type(bound[name])], value)
        encoders.append(bound)
    return encoders


def _encoders_text(encoders: list[dict[str, Any]] | None, release: str) -> str:
    if encoders is None:
        return ""
    ordered = [{name: each[name] for name in encoder(release)} for each in encoders]
    return json.dumps(ordered, separators=(",", ":"))


def _encoders_of(text: str | None, release: str) -> list[dict[str, Any]] | None:
    if text is None:
        return None
    try:
        parsed = json.loads(text)
    except ValueError:
        # The format of old: heights and bit rates with commas.
        parts = text.split(",")
        return [] if len(parts) < 3 else _old_encoders(parts, release)
    try:
        return [{name: _part(each, name) for name in encoder(release)} for each in parsed]
    except (TypeError, KeyError):
        raise ServerError("java.lang.NullPointerException") from None


def _part(given: Mapping[str, Any], name: str) -> Any:
    return given.get(name, False) if name == SAME_RESOLUTION else given[name]


def _old_encoders(parts: list[str], release: str) -> list[dict[str, Any]]:
    try:
        numbers = [int(part) for part in parts]
        triples = [numbers[start : start + 3] for start in range(0, len(numbers), 3)]
        return [
            {**encoder(release), "height": height, "videoBitrate": video, "audioBitrate": audio}
            for height, video, audio in triples
        ]
    except ValueError:
        raise ServerError("java.lang.NumberFormatException") from None


def _acceptable(new: Mapping[str, Any], encoders: list[dict[str, Any]] | None) -> bool:
    if any(each["height"] <= 0 for each in encoders or []):
        return False
    return all(sum(bool(new.get(name)) for name in controls) <= 1 for controls in TOKEN_CONTROLS)


def _at_least(least: int, text: str | None) -> str:
    if text is None:
        return str(least)
    try:
        return text if int(text) >= least else str(least)
    except ValueError:
        raise ServerError(f'java.lang.NumberFormatException: For input string: "{text}"') from None
