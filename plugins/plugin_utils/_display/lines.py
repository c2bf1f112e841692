# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines for a terminal: bounded, limited in number, the same text once for many hosts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ...module_utils._common.amounts import count
from ...module_utils._common.plain_text import abbreviate, one_line, printable

_LONGEST, _MOST = 1000, 2000
_ADDRESS = re.compile(r"https?://[^\s,'/]*[^\s,'/.:;)]")
# Each check has its own names of test objects.
_TEST_OBJECT = re.compile(r"\b((?:recording|live)-check-)[0-9a-z]{16}\b")


def screen_line(text: str) -> str:
    """Return a text as one line without control characters, cut if it is very long; its spaces stay."""
    line = printable(re.sub(r"[\t\r\n]+", " ", text)).rstrip()
    return f"{line[: _LONGEST - 1]}…" if len(line) > _LONGEST else line


def listed(names: Sequence[str], most: int = 5) -> str:
    """Return names as a sentence has them: "a, b and c", or "a, b, c and 4 more"."""
    if len(names) > most or len(names) < 2:
        return abbreviate(names, most)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def limited(lines: Sequence[str], most: int, noun: str, indent: str) -> list[str]:
    """Return at most so many lines; the last one says how many others there are."""
    if len(lines) <= most:
        return list(lines)
    kept = max(most - 1, 0)
    return [*lines[:kept], f"{indent}and {count(len(lines) - kept, f'more {noun}')}"]


def without_address(text: str) -> str:
    """Return the text without the address of the server; those of a bucket or a CDN stay."""
    first = _ADDRESS.search(text)
    if first is None:
        return text
    own = re.compile(re.escape(first[0]) + r"(?![\w-]|:\d|\.\w)(/?)")
    return own.sub(lambda found: "the server's /" if found[1] else "the server", text)


def group_by_text(found: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return each text once, with its hosts. found: pairs of a host, empty if it is about none, and a text.

    Texts that differ only in the address of the server are one; a text of one server keeps its address.
    """
    groups: dict[tuple[bool, str], tuple[str, dict[str, None]]] = {}
    for host, given in found:
        text = one_line(given)
        general = _TEST_OBJECT.sub(r"\1…", without_address(text)) if host else text
        key = bool(host), general
        first, hosts = groups.get(key, (text, {}))
        hosts.update({host: None} if host else {})
        groups[key] = (text if first == text else general), hosts
    result: dict[str, list[str]] = {}
    for text, hosts in groups.values():
        result.setdefault(text, []).extend(hosts)
    return result


def of_hosts(hosts: Sequence[str], text: str) -> str:
    """Return the text with the hosts that it is about; the server is named once."""
    return f"{listed(hosts)}: {text.removeprefix('the server: ')}" if hosts else text


def screen_lines(lines: Sequence[str]) -> list[str]:
    """Return lines for a terminal, the first ones if there are very many."""
    return limited([screen_line(line) for line in lines], _MOST, "line", "")


def is_for_machines(callback: str) -> bool:
    """True if a program reads what this callback writes to stdout, or nothing may be written there.

    The callback yaml writes for people, with headings.
    """
    name = callback.rpartition(".")[2].lower()
    return name == "null" or "json" in name or ("yaml" in name and name != "yaml")
