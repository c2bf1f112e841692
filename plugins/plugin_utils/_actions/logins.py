# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try each user and password on one server first, among threads and processes.

A server blocks an account after three wrong passwords, and servers that share their users share the block. So
the first login of a user with a password goes alone, and the others of the same run wait for its verdict. If
it is refused, the others are not tried. Once it is accepted, nobody waits any more. A server that cannot be
reached decides nothing, and the next one goes first.

Workers know nothing of each other. What they share lies in the folder that Ansible makes for each run and
removes at its end.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ansible import constants
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.arguments import (
    ACCEPTED,
    REFUSED,
    not_tried,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.client import LOGIN_GATE
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError

# Made before the fork, so that all workers have the same one, and kept in no file.
_SALT = os.urandom(32)


@dataclass
class FirstLogin:
    """The verdict on a user and a password in this run, as the holder of the lock knows it.

    verdict: empty until a server has looked at the password. host: the host that had it.
    """

    verdict: str = ""
    host: str = ""

    @classmethod
    def read_from(cls, content: str) -> FirstLogin:
        verdict, _space, host = content.partition(" ")
        return cls(verdict, host)

    def __str__(self) -> str:
        return f"{self.verdict} {self.host}" if self.verdict else ""


def is_decided(user: str, password: str) -> bool:
    """True if there is a verdict on this user and password already."""
    try:
        with open(_path(user, password), encoding="utf-8") as file:
            return bool(file.read())
    except FileNotFoundError:
        return False


@contextmanager
def first_login(user: str, password: str) -> Iterator[FirstLogin]:
    """Wait while another worker goes first. A verdict that is put into the login decides for the others."""
    handle = os.open(_path(user, password), os.O_RDWR | os.O_CREAT, 0o600)
    # The lock ends with the file, at the latest when the process is killed.
    with os.fdopen(handle, "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        known = FirstLogin.read_from(file.read())
        if known.verdict:
            fcntl.flock(file, fcntl.LOCK_UN)
            yield known
            return
        try:
            yield known
        finally:
            file.write(str(known))


@contextmanager
def guarded_logins(host: str, url: str) -> Iterator[None]:
    """Make every login in this process wait for the verdict on the first one."""

    @contextmanager
    def gate(user: str, password: str) -> Iterator[None]:
        with first_login(user, password) as login:
            if login.verdict == REFUSED:
                raise not_tried(user, url, login.host)
            if login.verdict:
                yield
                return
            try:
                yield
            except AmsError as error:
                if error.login_refused:
                    login.verdict, login.host = REFUSED, host
                raise
            login.verdict, login.host = ACCEPTED, host

    token = LOGIN_GATE.set(gate)
    try:
        yield
    finally:
        LOGIN_GATE.reset(token)


def _path(user: str, password: str) -> str:
    text = f"{len(user)} {user}{password}".encode()
    name = hmac.new(_SALT, text, hashlib.sha256).hexdigest()[:32]
    return os.path.join(constants.DEFAULT_LOCAL_TMP, f"antmedia-login-{name}")
