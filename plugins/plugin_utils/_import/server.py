# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run server_program.py on a server, by whatever connection Ansible has to it.

Its text and its input are on stdin. So neither a list of processes nor a file of the server has a presigned
URL, nor has what ansible-core displays at any verbosity: of a command that is the command and its output.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import CollectionError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.plain_text import excerpt

_PROGRAM = Path(__file__).with_name("server_program.py").read_bytes()
# What the server's Python reads first; the input follows. The server's own packages are not imported.
_START = f"import sys; exec(compile(sys.stdin.buffer.read({len(_PROGRAM)}), 'recordings', 'exec'))"
_MD5 = re.compile(r"[0-9a-f]{32}")
# Command and stdin in; rc, stdout and stderr out, as ansible-core has them.
Execute = Callable[[str, bytes], Mapping[str, Any]]


@dataclass(frozen=True)
class Sending:
    """How parts are sent.

    bytes_per_second: at most, of all connections together; 0: any number. seconds: after which no part is
    begun. timeout: for each answer of S3. wait: seconds before the second attempt, doubled for the next ones.
    authorities: certificates in PEM that are trusted beside those of the server.
    """

    connections: int = 4
    bytes_per_second: float = 0.0
    seconds: float = 240.0
    timeout: float = 60.0
    attempts: int = 9
    wait: float = 1.0
    authorities: str = ""


@dataclass(frozen=True)
class Answer:
    """What became of a part or a file.

    kind: empty if it is done; later, vanished, changed, unreadable, unreachable or refused. status, code: of
    the answer of S3. is_passing: whether it may succeed if it is tried again. md5: in hexadecimal digits.
    """

    kind: str = ""
    message: str = ""
    status: int = 0
    code: str = ""
    etag: str = ""
    md5: str = ""
    is_passing: bool = False
    deleted: bool = False

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> Answer:
        """Read a line of the program. A server may print anything."""
        defaults = {name: each.default for name, each in cls.__dataclass_fields__.items()}
        given = {name: line[name] for name in defaults if type(line.get(name)) is type(defaults[name])}
        return cls(**given)

    @property
    def has_expired(self) -> bool:
        """True if S3 refused the URL for its age."""
        return self.status == 403 and "expired" in self.message.lower()

    def __str__(self) -> str:
        if self.kind != "refused":
            return self.message or self.kind
        text = ": ".join(part for part in (self.code, self.message) if part)
        return f"S3 answered {self.status} {text}".rstrip()


# What a server has said nothing about.
_NOTHING = Answer("unreadable", "the program on the server said nothing about it")


class Server:
    """The disk of one server, below one folder.

    execute: runs a command there, with these bytes as its stdin. python: the interpreter there. environment:
    assignments that the command begins with, such as those of a proxy.
    """

    def __init__(self, execute: Execute, python: str, folder: str, environment: str = "") -> None:
        self.folder = folder
        self._execute = execute
        start = f"{python} -I -X utf8 -c {shlex.quote(_START)}"
        self._command = f"{environment} {start}".strip()

    def files(self, endings: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Yield a line about each file whose name has such an ending, and about what could not be read."""
        for line in self._run("list", endings=list(endings)):
            numbers = [line.get(name, 0) for name in ("size", "mtime_ns", "age")]
            if isinstance(line.get("path"), str) and all(type(each) in (int, float) for each in numbers):
                yield line

    def digests(self, parts: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """Return the MD5 of each part."""
        answers = self._answers("digest", len(parts), parts=list(parts))
        return [each if each.kind or _MD5.fullmatch(each.md5) else _NOTHING for each in answers]

    def send(self, parts: Sequence[Mapping[str, Any]], sending: Sending) -> list[Answer]:
        """Send each part to its URL, with its headers."""
        answers = self._answers("send", len(parts), parts=list(parts), **vars(sending))
        return [each if each.kind or each.status == 200 else _NOTHING for each in answers]

    def delete(self, files: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """Delete each file that is still as it was listed."""
        return self._answers("delete", len(files), files=list(files))

    def _answers(self, duty: str, count: int, **given: Any) -> list[Answer]:
        lines = {line.get("id"): line for line in (self._run(duty, **given) if count else ())}
        return [Answer.of(lines[number]) if number in lines else _NOTHING for number in range(count)]

    def _run(self, duty: str, **given: Any) -> list[Mapping[str, Any]]:
        text = json.dumps({"duty": duty, "folder": self.folder, **given})
        done = self._execute(self._command, _PROGRAM + text.encode())
        lines = [line for line in map(_object_in, str(done["stdout"]).splitlines()) if line]
        if not any(line.get("done") is True for line in lines):
            raise _broken(done)
        return [line for line in lines if "done" not in line]


def _object_in(line: str) -> Optional[Mapping[str, Any]]:
    """Return what a line says; None for a line of something else, such as of a login script."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, Mapping) else None


def _broken(done: Mapping[str, Any]) -> CollectionError:
    said = str(done["stderr"]).strip()
    return CollectionError(
        "Running a program with the server's Python",
        f"it ended with {done['rc']} before it was done, and its last words are "
        f"{excerpt(said[-400:]) if said else 'none'}",
        "It needs Python 3.7 or later, see ansible_python_interpreter. Run the import again: what is in the "
        "bucket stays there",
    )
