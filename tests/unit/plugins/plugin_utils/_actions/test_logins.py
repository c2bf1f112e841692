# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The first login of a user with a password, and what it decides for the others.

A lock belongs to an open file, so that two users of it in one process are like two workers.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible import constants
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.client import LOGIN_GATE
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.logins import (
    first_login,
    guarded_logins,
    is_decided,
)

WHO = ("admin@example.com", "a-password")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    return tmp_path


@contextmanager
def login(host: str, user: str = WHO[0], password: str = WHO[1]) -> Iterator[None]:
    with guarded_logins(host, f"https://{host}:5443"):
        gate = LOGIN_GATE.get()
        assert gate
        with gate(user, password):
            yield


def fail(host: str, error: AmsError) -> None:
    with pytest.raises(AmsError), login(host):
        raise error


def test_once_it_is_accepted_nobody_waits_while_the_first_one_works_on() -> None:
    with guarded_logins("ams1", "https://ams1:5443"):
        gate = LOGIN_GATE.get()
        assert gate
        with gate(*WHO):
            pass
        # The first one is not done here, and a second one that had to wait for it would wait for ever.
        with first_login(*WHO) as known:
            assert (known.verdict, known.host) == ("accepted", "ams1")
    assert LOGIN_GATE.get() is None


def test_where_it_is_refused_the_others_are_not_tried() -> None:
    fail("ams1", AmsError("Logging in", "wrong", login_refused=True))
    said = "not tried, because ams1 refused the login"
    with pytest.raises(AmsError, match=said) as raised, login("ams2"):
        raise AssertionError("it was tried")
    assert raised.value.result()["login_refused"]
    assert raised.value.tried == "Logging in as admin@example.com at https://ams2:5443"


@pytest.mark.parametrize("starting", [True, False])
def test_no_answer_decides_nothing(starting: bool) -> None:
    fail("ams1", AmsError("Logging in", "the connection was refused", starting=starting))
    assert not is_decided(*WHO)
    with login("ams2"):
        pass
    assert is_decided(*WHO)


def test_another_user_or_password_is_another_first_login() -> None:
    fail("ams1", AmsError("Logging in", "wrong", login_refused=True))
    for user, password in (
        (WHO[0], "another"),
        ("another@example.com", WHO[1]),
        ("admin@example.coma", "-password"),
    ):
        with login("ams2", user, password):
            pass


def test_what_lies_in_the_folder_of_the_run_tells_no_password(folder: Path) -> None:
    with login("ams1"):
        pass
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.name + file.read_text(encoding="utf-8")
    assert not any(part in text for part in WHO)
