# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The program on a server: how it is run, and what is made of anything that the server may print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import CollectionError
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._import.server import (
    Answer,
    Sending,
    Server,
)

A, B = "0" * 32, "f" * 32
URL = "https://s3.example.com/?X-Amz-Signature=0123456789abcdef"


class Shell:
    """Answers each command with this output."""

    def __init__(self, stdout: str, rc: int = 0, stderr: str = "") -> None:
        self.done = {"rc": rc, "stdout": stdout, "stderr": stderr}
        self.commands: list[str] = []
        self.given: list[bytes] = []

    def __call__(self, command: str, data: bytes) -> Mapping[str, Any]:
        self.commands.append(command)
        self.given.append(data)
        return self.done


def server(shell: Shell, environment: str = "") -> Server:
    return Server(shell, "/usr/bin/python3", "/streams", environment)


def test_urls_are_on_stdin_alone() -> None:
    shell = Shell('{"id": 0, "status": 200, "etag": "e", "md5": "m"}\n{"done": true}\n')
    (answer,) = server(shell, "https_proxy=p").send([{"path": "a", "url": URL}], Sending())
    assert (answer.kind, answer.etag, answer.md5) == ("", "e", "m")
    assert shell.commands[0].startswith("https_proxy=p /usr/bin/python3 -I -X utf8 -c ")
    assert (URL in shell.commands[0], URL.encode() in shell.given[0]) == (False, True)


def test_lines_of_something_else_are_ignored() -> None:
    said = [f'{{"id": 1, "md5": "{B}"}}', f'{{"id": 0, "md5": "{A}"}}', '{"done": true}']
    answers = server(Shell("\n".join(["Welcome!", "[1, 2]", "{}", *said, "Bye"]))).digests(
        [{"path": "a"}, {"path": "b"}]
    )
    assert [answer.md5 for answer in answers] == [A, B]


def test_lines_that_no_program_of_ours_prints() -> None:
    good = '{"path": "a.mp4", "size": 1, "mtime_ns": 2, "age": 0.5}'
    odd = ['{"size": 1}', '{"path": 3}', '{"path": "b", "size": "1"}', '{"path": "c", "age": null}']
    files = server(Shell("\n".join([*odd, good, '{"done": true}']))).files([".mp4"])
    assert [line["path"] for line in files] == ["a.mp4"]
    shell = Shell('{"id": 0, "md5": "no digits"}\n{"done": true}')
    assert [answer.kind for answer in server(shell).digests([{"path": "a"}])] == ["unreadable"]
    assert [answer.kind for answer in server(shell).send([{"path": "a"}], Sending())] == ["unreadable"]


def test_an_item_that_nothing_is_said_about_has_failed() -> None:
    (answer,) = server(Shell('{"done": true}')).delete([{"path": "a"}])
    assert (answer.kind, answer.deleted) == ("unreadable", False)


def test_without_items_nothing_is_run() -> None:
    shell = Shell("")
    assert server(shell).digests([]) == []
    assert shell.commands == []


@pytest.mark.parametrize("stdout", ["", '{"id": 0, "md5": "a"}\n', '{"done": 1}', "\x1b[31mno\n"])
def test_a_program_that_was_ended(stdout: str) -> None:
    with pytest.raises(CollectionError) as raised:
        server(Shell(stdout, 137, "sh: python3: not found\n")).digests([{"path": "a"}])
    said = str(raised.value)
    assert "it ended with 137 before it was done, and its last words are 'sh: python3: not found'" in said


def test_values_of_another_type_are_ignored() -> None:
    assert Answer.of({"kind": ["x"], "status": "200", "md5": None, "is_passing": 1}) == Answer()


@pytest.mark.parametrize(
    ("answer", "text", "has_expired"),
    [
        (
            Answer("refused", "Request has expired", 403, "AccessDenied"),
            "S3 answered 403 AccessDenied: Request has expired",
            True,
        ),
        (Answer("refused", "", 502), "S3 answered 502", False),
        (Answer("vanished", "the file does not exist any more"), "the file does not exist any more", False),
        (Answer("later"), "later", False),
    ],
)
def test_what_an_answer_says(answer: Answer, text: str, has_expired: bool) -> None:
    assert (str(answer), answer.has_expired) == (text, has_expired)
