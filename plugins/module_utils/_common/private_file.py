# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Files with secrets: read only where nobody else could have written them, written under a lock, in one step.

As ssh does with its keys, what is not private is refused and never fixed in silence.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Optional

from .polling import Deadline

OTHERS, OTHERS_WRITE = 0o077, 0o022
MODE, FOLDER_MODE = 0o600, 0o700
LOCK_TIMEOUT = 30.0
_PAUSE = 0.02
_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)


class FileError(Exception):
    """A file cannot be used: why, and what to do."""

    def __init__(self, came_back: str, remedy: str) -> None:
        self.came_back, self.remedy = came_back, remedy
        super().__init__(f"{came_back}. {remedy}")


def read(path: str, refused: int = OTHERS, is_mine: bool = True) -> Optional[bytes]:
    """Return the content of a file, None if it does not exist.

    refused: bits of a mode that it may not have. is_mine: whether it must be private to this user.
    """
    found = read_with_facts(path)
    if found is None:
        return None
    content, about = found
    if is_mine:
        check_private(path, about, refused)
    return content


def read_with_facts(path: str) -> Optional[tuple[bytes, os.stat_result]]:
    """Return the content of a regular file and its status, None if it does not exist."""
    try:
        # Without O_NONBLOCK a FIFO would be waited for until somebody writes to it.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise to_file_error(error, path) from None
    with os.fdopen(handle, "rb") as file:
        try:
            about = os.fstat(handle)
            if not stat.S_ISREG(about.st_mode):
                raise FileError(f"{path} is not a regular file", "Move it away")
            return file.read(), about
        except OSError as error:
            raise to_file_error(error, path) from None


def check_private(path: str, about: os.stat_result, refused: int = OTHERS) -> None:
    """Refuse a file that somebody else could have put there, or whose mode has a refused bit."""
    check_folder(os.path.dirname(path) or ".")
    _refuse_owner(path, about)
    if about.st_mode & refused:
        raise FileError(
            f"others can read or change {path} (mode {stat.S_IMODE(about.st_mode):04o})",
            f"If nobody has changed it, run: chmod 600 {path}",
        )


def check_folder(folder: str) -> None:
    """Refuse a folder in which others can put files."""
    try:
        about = os.stat(folder)
    except OSError as error:
        raise to_file_error(error, folder) from None
    if not stat.S_ISDIR(about.st_mode):
        raise FileError(f"{folder} is not a folder", "Move it away, or give another folder")
    _refuse_owner(folder, about)
    if about.st_mode & OTHERS_WRITE:
        mode = stat.S_IMODE(about.st_mode)
        raise FileError(
            f"others can write to the folder {folder} (mode {mode:04o}), and could put a false file there",
            f"If nobody has, run: chmod go-w {folder}. Or give a folder that does not exist yet",
        )


def _refuse_owner(path: str, about: os.stat_result) -> None:
    if about.st_uid not in (0, os.geteuid()):
        raise FileError(
            f"{path} belongs to another user (uid {about.st_uid}), not to you (uid {os.geteuid()}) or root",
            f"If you trust what is in it, run: chown {os.geteuid()} {path}",
        )


def write(path: str, content: bytes, temporary: str, to_folders_owner: bool = False) -> None:
    """Replace a file in one step. temporary: in the same folder, for the holder of the lock.

    to_folders_owner: where root writes, the file is for the owner of its folder.
    """
    try:
        remove(temporary)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        # Readable by its owner alone from the beginning.
        with os.fdopen(os.open(temporary, flags, MODE), "wb") as file:
            if to_folders_owner and os.geteuid() == 0:
                owner = os.stat(os.path.dirname(path) or ".")
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(temporary)
        raise to_file_error(error, path) from None


def remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise to_file_error(error, path) from None


@contextmanager
def locked(path: str, timeout: float = LOCK_TIMEOUT, is_mine: bool = True) -> Iterator[None]:
    """Hold a lock, a file that exists while somebody holds it; make its folder, and check it if is_mine.

    flock reaches other machines on NFS as well, from version 4 on or with lockd.
    """
    folder = os.path.dirname(path) or "."
    try:
        os.makedirs(folder, mode=FOLDER_MODE, exist_ok=True)
        if is_mine:
            check_folder(folder)
        handle = _held(path, Deadline(timeout))
    except OSError as error:
        raise to_file_error(error, folder) from None
    try:
        yield
    finally:
        # While it is held: whoever waits for it then locks a new file of the same name.
        with suppress(OSError):
            os.unlink(path)
        os.close(handle)


def _held(path: str, deadline: Deadline) -> int:
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        handle = os.open(path, flags, MODE)
        try:
            if _lock(handle) and _is_still(path, handle):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        if not deadline.pause(_PAUSE):
            raise FileError(
                f"another run has held the lock {path} for {deadline.seconds:g} s",
                "Run again when it has ended",
            )


def _lock(handle: int) -> bool:
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        if error.errno in _NO_LOCKS:
            raise FileError(
                f"the file system has no locks ({error.strerror}), so that one run could lose what "
                "another has written",
                "Give a folder on a file system with locks, as NFS has them from version 4 on",
            ) from None
        raise
    return True


def _is_still(path: str, handle: int) -> bool:
    try:
        there = os.lstat(path)
    except FileNotFoundError:
        return False
    held = os.fstat(handle)
    return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)


def to_file_error(error: OSError, path: str) -> FileError:
    """Translate an error of the system."""
    if error.errno in _FULL:
        return FileError(f"the disk is full ({error.strerror})", f"Make room where {path} is, and run again")
    if error.errno == errno.ELOOP:
        return FileError(f"{path} is a symbolic link", "Move it away, or give the path that it leads to")
    remedy = f"{path} must be readable and its folder must be writable by the user who runs Ansible"
    return FileError(str(error.strerror), remedy)
