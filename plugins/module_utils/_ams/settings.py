# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Application settings: the planned change, merged, compared as the server would store it, redacted.

Plain data in, plain data out. Behaviour of the server: measured on AMS 2.17.1 and 3.0.3.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from .._common.secret_forms import MASK
from .._common.strict_json import parse
from . import fields

# A list that the server keeps as a text as well.
_TEXTS_OF_LISTS = frozenset(("encoderSettingsString",))
# Two names of the same setting.
_ENCODERS = frozenset(("encoderSettings", "encoderSettingsString"))
# Set by the server at each write.
_SERVERS_OWN = frozenset(("updateTime",))
_OLD_ENCODER = ("height", "videoBitrate", "audioBitrate")
_TRUE = frozenset(("true", "yes", "on", "1"))
_FALSE = frozenset(("false", "no", "off", "0"))


class SettingsError(ValueError):
    """A setting that this server does not know, or a value that it would refuse or misunderstand."""


@dataclass(frozen=True)
class Change:
    """The settings of one application that differ, before and after, as the server will store them."""

    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    rewritten: dict[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.after)

    @property
    def names(self) -> list[str]:
        return sorted(self.after)

    def redacted(self) -> dict[str, dict[str, Any]]:
        """Return for a result each changed setting before and after, secrets masked."""
        return {
            name: {"before": redact(name, self.before[name]), "after": redact(name, self.after[name])}
            for name in self.names
        }

    def diff(self, header: str) -> dict[str, Any]:
        """Return for --diff the changed settings alone; words say that a secret is another one."""
        before = {name: redact(name, self.before[name]) for name in self.names}
        after = {name: redact(name, self.after[name]) for name in self.names}
        for name in self.names:
            # Only in what is masked do they differ.
            if before[name] == after[name] and before[name] != self.before[name]:
                after[name] = f"{MASK} (another value)"
        return {"before_header": header, "after_header": header, "before": before, "after": after}


def plan(
    current: Mapping[str, Any],
    wanted: Mapping[str, Any],
    reset: Iterable[str] = (),
    release: Callable[[], Optional[str]] = lambda: None,
) -> Change:
    """Return the difference between what an application has and what is desired.

    reset: names of settings to reset to the default of the server's release.
    release: called only when the result depends on it, since it costs a request.
    """
    _refuse_unknown(current, (*wanted, *reset), release)
    desired = {**wanted, **{name: _default(name, release) for name in reset}}
    before, after, rewritten = {}, {}, {}
    for name, value in desired.items():
        stored = as_stored(name, value, current[name])
        if not agrees(name, stored, _stored_now(name, current)):
            before[name], after[name] = current[name], stored
        if name in wanted and _means_something_else(name, stored, value):
            rewritten[name] = stored
    return Change(before, after, rewritten)


def merged(current: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """Return the whole object to post: a field that is missing from it would be reset to its default.

    Changes come last: of two fields that mean the same (encoderSettings and encoderSettingsString) the server
    uses the later one.
    """
    return {**{name: current[name] for name in current if name not in change.after}, **change.after}


def not_applied(current: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """Return by name which of the changed settings the server does not have."""
    return {
        name: redact(name, current.get(name))
        for name, value in change.after.items()
        if name not in current or not agrees(name, value, as_stored(name, current[name], value))
    }


def differing(
    current: Mapping[str, Any], posted: Mapping[str, Any], changed: Iterable[str]
) -> dict[str, Any]:
    """Return which settings beside the changed ones the server does not have as posted, by name.

    Those that it rewrites itself do not count.
    """
    left_out = {*changed, *_SERVERS_OWN}
    if left_out & _ENCODERS:
        left_out |= _ENCODERS
    return {
        name: redact(name, current.get(name))
        for name, value in posted.items()
        if name not in left_out and not (name in current and is_stored(name, value, current[name]))
    }


def is_stored(name: str, value: Any, now: Any) -> bool:
    """True if a setting has a value, as the server would store it."""
    try:
        return agrees(name, as_stored(name, value, now), as_stored(name, now, now))
    except SettingsError:
        # Stored by another way than the API, which would refuse it.
        return bool(value == now)


def as_stored(name: str, value: Any, like: Any) -> Any:
    """Return a value in the type of the field, as the server rewrites it.

    like: a value that the field has, from which its type is read.
    """
    typed = _typed(name, value, like)
    rewrite = _REWRITES.get(name)
    return rewrite(typed) if rewrite else typed


def agrees(name: str, value: Any, stored: Any) -> bool:
    """True if what is stored is what the server makes of a value.

    An item of a list has the keys of the server's own class: the server fills in those that it does not name
    (AMS 4.0 forceSameResolutionEncode of an encoder), so that only those that it names can differ. An object
    outside of a list, as of customSettings, is stored as it is.
    """
    if name in _TEXTS_OF_LISTS:
        value, stored = _encoders_in(value), _encoders_in(stored)
    if not isinstance(value, list) or not isinstance(stored, list):
        return bool(value == stored)
    return len(value) == len(stored) and all(map(_item_agrees, value, stored))


def _item_agrees(item: Any, stored: Any) -> bool:
    if not isinstance(item, Mapping) or not isinstance(stored, Mapping):
        return bool(item == stored)
    return all(key in stored and _part_agrees(key, part, stored[key]) for key, part in item.items())


def _part_agrees(key: str, part: Any, stored: Any) -> bool:
    """True if a part of an item is the stored one, be it written in another type, as templates do."""
    for kind, convert in _CONVERSIONS:
        if isinstance(stored, kind):
            try:
                return bool(convert(key, part) == stored)
            except SettingsError:
                return False
    return bool(part == stored)


def _encoders_in(text: Any) -> Any:
    """Return the encoders in a text, which is JSON or, of old, heights and bit rates with commas."""
    if not isinstance(text, str):
        return text
    try:
        return parse(text or "[]")
    except ValueError:
        parts = text.split(",")
    try:
        numbers = [int(part) for part in parts]
        return [dict(zip(_OLD_ENCODER, numbers[at : at + 3])) for at in range(0, len(numbers), 3)]
    except ValueError:
        return text


def _stored_now(name: str, current: Mapping[str, Any]) -> Any:
    try:
        return as_stored(name, current[name], current[name])
    except SettingsError:
        # Stored by another way than the API, which would refuse it.
        return current[name]


def redact(name: str, value: Any) -> Any:
    """Mask secrets for display, also inside of a value; an empty one stays as it is."""
    if value in (None, ""):
        return value
    if fields.is_secret(name):
        return MASK
    inside = _inside(value)
    if inside is None or not _secrets_inside(inside):
        return value
    masked = _masked(inside)
    return json.dumps(masked) if isinstance(value, str) else masked


def _masked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: redact(str(name), each) for name, each in value.items()}
    return [redact("", each) for each in value]


def secrets_of(settings: Mapping[str, Any]) -> list[str]:
    """Return the secret values of a settings object, those inside of other values too."""
    found: list[str] = []
    for name, value in settings.items():
        # Most of some 210 fields are numbers, flags or empty.
        if not value or value is True:
            continue
        if fields.is_secret(name):
            found += _texts(value)
        elif isinstance(value, (str, dict, list)):
            inside = _inside(value)
            if inside is not None:
                found += _secrets_inside(inside)
    return found


def _inside(value: Any) -> Any:
    """Return the parts of a value, also of a text that is JSON; None if it has none."""
    if isinstance(value, str):
        if value.lstrip()[:1] not in ("{", "["):
            return None
        try:
            value = parse(value)
        except ValueError:
            return None
    return value if isinstance(value, (Mapping, list, tuple)) else None


def _secrets_inside(parts: Any) -> list[str]:
    if isinstance(parts, Mapping):
        return secrets_of({str(name): value for name, value in parts.items()})
    return [secret for part in parts or () for secret in secrets_of({"": part})]


def _texts(value: Any) -> list[str]:
    """Return all texts of a secret value."""
    if isinstance(value, (Mapping, list, tuple)):
        pieces = value.values() if isinstance(value, Mapping) else value
        return [text for piece in pieces for text in _texts(piece)]
    if value in (None, "") or isinstance(value, bool):
        return []
    return [str(value), *_secrets_inside(_inside(value))]


def _refuse_unknown(
    current: Mapping[str, Any], names: Iterable[str], release: Callable[[], Optional[str]]
) -> None:
    unknown = [name for name in names if name not in current]
    if unknown:
        here = release()
        reasons = [fields.why_unknown(name, current, here) for name in unknown]
        raise SettingsError("; ".join(reasons))


def _default(name: str, release: Callable[[], Optional[str]]) -> Any:
    here = release()
    try:
        value = fields.default_of(name, here or "")
    except KeyError:
        raise SettingsError(f"the default of '{name}' in AMS {here} is not known, give its value") from None
    if value == fields.RANDOM:
        raise SettingsError(f"'{name}' has no default, the server makes a random one; give its value")
    return value


def _means_something_else(name: str, stored: Any, desired: Any) -> bool:
    if stored in ("[]", "") or desired in (None, "") or name in _TEXTS_OF_LISTS:
        return False
    return str(stored).lower().rstrip("/") != str(desired).lower().rstrip("/") and not isinstance(
        stored, bool
    )


def _typed(name: str, value: Any, like: Any) -> Any:
    if like is None:
        like = fields.latest_default(name)
    for kind, convert in _CONVERSIONS:
        if isinstance(like, kind):
            return convert(name, value)
    return "" if value is None else value


def _to_bool(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise SettingsError(f"'{name}' must be true or false, not {_display(name, value)}")


def _to_number(name: str, value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, bool):
        try:
            number = float(value)
            if math.isfinite(number):
                return int(number) if number.is_integer() else number
        except (TypeError, ValueError, OverflowError):
            pass
    raise SettingsError(f"'{name}' must be a number, not {_display(name, value)}")


def _to_int(name: str, value: Any) -> Any:
    number = _to_number(name, value)
    if isinstance(number, float) and isinstance(fields.latest_default(name), int):
        raise SettingsError(f"'{name}' must be a whole number, not {_display(name, value)}")
    return number


def _to_text(name: str, value: Any) -> str:
    if value is None:
        # The server stores null as null, and reads it back as "" after its next restart.
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    raise SettingsError(f"'{name}' must be text, not {_display(name, value)}")


def _to_list(name: str, value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return list(value)
    raise SettingsError(f"'{name}' must be a list, not {_display(name, value)}")


def _to_dict(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise SettingsError(f"'{name}' must be a dictionary, not {_display(name, value)}")


def _display(name: str, value: Any) -> str:
    return MASK if fields.is_secret(name) else f"'{redact(name, value)}'"


def _at_least(name: str, least: int) -> Callable[[Any], Any]:
    def rewrite(value: Any) -> Any:
        try:
            return str(max(int(value or 0), least))
        except ValueError:
            raise SettingsError(f"'{name}' must be a whole number, not '{value}'") from None

    return rewrite


def _encoder_settings(value: Any) -> Any:
    if value == "":
        return "[]"
    try:
        return json.dumps(parse(value), separators=(",", ":"), sort_keys=True)
    except ValueError:
        return value


def _without_trailing_slash(value: Any) -> Any:
    return value[:-1] if value.endswith("/") else value


_CONVERSIONS: tuple[tuple[type, Callable[[str, Any], Any]], ...] = (
    (bool, _to_bool),
    (int, _to_int),
    (float, _to_number),
    (str, _to_text),
    (list, _to_list),
    (dict, _to_dict),
)
_REWRITES: dict[str, Callable[[Any], Any]] = {
    "encoderSettingsString": _encoder_settings,
    "hlsListSize": _at_least("hlsListSize", 5),
    "hlsTime": _at_least("hlsTime", 1),
    "httpForwardingBaseURL": _without_trailing_slash,
}
