# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what the callback dump_events has written, and find secrets in it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

# The part of an event that holds the variables of a host, by their names.
_OF_A_HOST = "variables"
Event = dict[str, Any]


def dumping(path: Path) -> dict[str, str]:
    """Return the environment with which a run writes all that callbacks get to a file."""
    return {"ANSIBLE_CALLBACKS_ENABLED": "record_events,dump_events", "DUMP_EVENTS_PATH": str(path)}


def dumped(path: Path) -> list[Event]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def leaks(events: list[Event], secrets: Mapping[str, str], of_the_user: Collection[str]) -> list[str]:
    """Return which secret is where.

    secrets: what each is called. of_the_user: the variables that the user has written as plain text. They are
    among the variables of a host, and nowhere else.
    """
    return sorted({leak for event in events for leak in _leaks(event, secrets, of_the_user)})


def _leaks(event: Event, secrets: Mapping[str, str], of_the_user: Collection[str]) -> Iterator[str]:
    about = f"{event['event']} {(event.get('task') or {}).get('name', '')}"
    for path, text in _texts(event):
        if path[0] == _OF_A_HOST and any(name in of_the_user for name in path[1:2]):
            continue
        for name, secret in secrets.items():
            if secret in text:
                yield f"{about}: {name} in {'.'.join(path)}"


def _texts(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every text in a document, names as well, with the names that lead to it."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield (*path, name), name
            yield from _texts(each, (*path, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _texts(each, (*path, str(number)))
    elif isinstance(value, str):
        yield path, value
