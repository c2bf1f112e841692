# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rules of a schedule that AWX refuses."""

from __future__ import annotations

import re
from zoneinfo import available_timezones

from .objects import invalid


def check_rule(text: str) -> None:
    why = _why_not(text.replace("\n", " ").strip())
    if why:
        raise invalid("rrule", why)


def _why_not(text: str) -> str:
    start = re.match(r"DTSTART(?:;TZID=([^:]+))?:(\d{8}T\d{6})(Z?)(?= )", text)
    if start is None:
        return "Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ"
    zone, utc = start[1], start[3]
    if zone and zone not in available_timezones():
        return f"DTSTART has an unknown TZID: {zone}"
    if not zone and not utc:
        return "DTSTART cannot be a naive datetime. Require ;TZINFO= or YYYYMMDDTHHMMSSZZ."
    rules = re.findall(r"\b(?:RRULE|EXRULE):(\S+)", text)
    if not re.search(r"\bRRULE:", text):
        return "RRULE required in rrule."
    return next((why for why in map(_why_not_rule, rules) if why), "")


def _why_not_rule(rule: str) -> str:
    parts = dict(part.split("=", 1) for part in rule.split(";") if "=" in part)
    if "INTERVAL" not in parts:
        return "INTERVAL required in rrule."
    if parts.get("FREQ") == "SECONDLY":
        return "SECONDLY is not supported."
    if "COUNT" in parts and "UNTIL" in parts:
        return "RRULE may not contain both COUNT and UNTIL"
    if int(parts.get("COUNT", 0)) > 999:
        return "COUNT > 999 is unsupported."
    if re.search(r"\d", parts.get("BYDAY", "")):
        return "BYDAY with numeric prefix not supported."
    return ""
