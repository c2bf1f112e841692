# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a run as a person reads it: what would change, what to know before, what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from ...module_utils._common.amounts import count
from ...module_utils._common.plain_text import abbreviate, one_line
from .._display.lines import group_by_text, limited, listed, of_hosts, screen_line

# What removes something must not be cut off by a limit.
_MARKS = {"remove": "-", "change": "~", "add": "+"}
_MOST_LINES, _MOST_CHANGES, _MOST_UNREACHABLE, _MOST_VALUES = 25, 9, 4, 10
_MOST_KINDS, _MOST_LEFT = 8, 4
_LONGEST_VALUE = 120
_INDENT = " " * 6

Plan = Mapping[str, Any]
Differences = Mapping[str, Mapping[str, Mapping[str, Mapping[str, Any]]]]


def format_plan(plan: Plan) -> list[str]:
    """Return at most 25 lines about a plan, for any size of fleet; its problems are in format_problems."""
    servers = plan["servers"]
    left = [text for bucket in plan["buckets"].values() for text in bucket["left_to_user"]]
    # The first of each bucket, and so what is gone for good, before the second of any.
    by_bucket = zip_longest(*(bucket["later"] for bucket in plan["buckets"].values()))
    later = [text for texts in by_bucket for text in texts if text]
    rest = [
        *_changes(plan["buckets"]),
        *limited([f"{_INDENT}later: {text}" for text in later], _MOST_LEFT, "part", _INDENT),
        *limited([f"{_INDENT}left to you: {text}" for text in left], _MOST_LEFT, "part", _INDENT),
        *_not_reached(servers),
    ]
    warnings = _warnings(plan["warnings"], _MOST_LINES - 1 - len(rest))
    on_aws = _on_aws(plan["buckets"]) if plan.get("is_storage_read", True) else "not known, see the problems"
    first = f"PLAN  AWS: {on_aws}.  Servers: {_on_servers(servers)}."
    return [screen_line(line) for line in [first, *warnings, *rest]]


def format_problems(plan: Plan) -> list[str]:
    """Return all problems, each once with its hosts and its remedy; nothing where there is none."""
    remedies: dict[str, list[Mapping[str, Any]]] = {}
    for problem in plan["problems"]:
        remedies.setdefault(one_line(problem["remedy"]), []).append(problem)
    found = [
        (hosts, text, remedy)
        for remedy, problems in remedies.items()
        for text, hosts in group_by_text(_by_host(problems)).items()
    ]
    if not found:
        return []
    hosts_with_one = {host for hosts, _text, _remedy in found for host in hosts}
    where = f" on {count(len(hosts_with_one), 'server')}" if hosts_with_one else ""
    lines = [f"STOP  {count(len(found), 'problem')}{where}. Nothing was changed."]
    for hosts, text, remedy in found:
        lines.append(f"{_INDENT}! {of_hosts(hosts, text)}")
        lines += [f"{_INDENT}  {remedy}"] if remedy else []
    return [screen_line(line) for line in lines]


def format_differences(servers: Differences) -> list[str]:
    """Return each distinct change of a setting once, with the servers that have it."""
    changes: dict[tuple[str, str], dict[str, list[str]]] = {}
    for host, apps in servers.items():
        for app, settings in apps.items():
            for name, values in settings.items():
                text = f"{_value(values.get('before'))} -> {_value(values.get('after'))}"
                changes.setdefault((app, name), {}).setdefault(text, []).append(host)
    lines: list[str] = []
    for app, name in sorted(changes):
        of_most = sorted(changes[app, name].items(), key=lambda change: -len(change[1]))
        found = [f"{app}: {name} {text}  ({abbreviate(hosts)})" for text, hosts in of_most]
        lines += limited(found, _MOST_VALUES, "change", f"{app}: {name} ")
    return [screen_line(line) for line in lines]


def _on_aws(buckets: Mapping[str, Any]) -> str:
    kinds: dict[str, list[str]] = {action: [] for action in reversed(_MARKS)}
    for bucket in buckets.values():
        for change in bucket["changes"]:
            kinds[change["action"]].append(change["what"])
    parts = [
        f"{len(names)} to {action} ({abbreviate(list(dict.fromkeys(names)), _MOST_KINDS)})"
        for action, names in kinds.items()
        if names
    ]
    changing = sum(bool(bucket["changes"]) for bucket in buckets.values())
    of_many = f" for {changing} buckets" if changing > 1 else ""
    return f"{', '.join(parts)}{of_many}" if parts else "nothing to change"


def _on_servers(servers: Mapping[str, Any]) -> str:
    sizes = [sum(map(len, apps.values())) for apps in servers["changing"].values() if apps]
    only_verified = len(servers["changing"]) - len(sizes)
    parts = [
        f"{len(sizes)} to change ({_settings(sizes)})" if sizes else "nothing to change",
        *([f"{only_verified} to verify"] if only_verified else []),
        f"{len(servers['unchanged'])} as {'it is' if len(servers['unchanged']) == 1 else 'they are'}",
        f"{len(servers['unreachable'])} unreachable",
    ]
    parts += [
        f"{len(servers[state])} {state}" for state in ("refused", "skipped", "gone") if servers.get(state)
    ]
    return ", ".join(parts)


def _settings(sizes: Sequence[int]) -> str:
    least, most = min(sizes), max(sizes)
    numbers = count(most, "setting") if least == most else f"{least} to {count(most, 'setting')}"
    return numbers if len(sizes) == 1 else f"{numbers} each"


def _warnings(warnings: Iterable[Mapping[str, Any]], most: int) -> list[str]:
    grouped = group_by_text(_by_host(warnings))
    lines = [f"{_INDENT}! {of_hosts(hosts, text)}" for text, hosts in grouped.items()]
    return limited(lines, most, "warning", f"{_INDENT}! ")


def _by_host(found: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(host, each["text"]) for each in found for host in each["hosts"] or [""]]


def _changes(buckets: Mapping[str, Any]) -> list[str]:
    found = [
        (name, bucket["region"], change) for name, bucket in buckets.items() for change in bucket["changes"]
    ]
    order = list(_MARKS)
    found.sort(key=lambda each: order.index(each[2]["action"]))
    regions = {region for _name, region, _change in found}
    lines = [
        f"{_INDENT}{_MARKS[change['action']]} {_describe(name, region if len(regions) > 1 else '', change)}"
        for name, region, change in found
    ]
    return limited(lines, _MOST_CHANGES, "AWS change", _INDENT)


def _describe(bucket: str, region: str, change: Mapping[str, Any]) -> str:
    """Return a change with the bucket and its region, if given, each once."""
    text = one_line(change["text"]).removeprefix(f"{bucket}: ")
    return f"{bucket}{f' ({region})' if region and region not in text else ''}: {text}"


def _not_reached(servers: Mapping[str, Any]) -> list[str]:
    grouped = group_by_text(servers["unreachable"].items())
    lines = [f"{_INDENT}unreachable: {of_hosts(hosts, text)}" for text, hosts in grouped.items()]
    return [
        *limited(lines, _MOST_UNREACHABLE, "reason", f"{_INDENT}unreachable: "),
        *(f"{_INDENT}{state}: {listed(servers[state])}" for state in ("skipped", "gone") if servers[state]),
    ]


def _value(value: Any) -> str:
    """Return a value of a setting as JSON has it, a text in single quotes."""
    text = repr(str(value)) if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    text = one_line(text)
    return f"{text[:_LONGEST_VALUE]}…" if len(text) > _LONGEST_VALUE else text
