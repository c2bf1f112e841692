# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""A file as a key store, encrypted as ansible-vault does."""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from typing import Any, ClassVar, Optional

from ansible.module_utils.common.warnings import warn

from ..._common import private_file
from ..._common.errors import AwsError
from ..._common.private_file import FileError
from ..calls import take_secrets
from ..module import AwsModule
from . import vault
from .base import Content, KeyStore

_PRIVATE = 0o600
_NEW = ".new"


class FileStore(KeyStore):
    """A file where the task runs, readable by its owner alone, encrypted if there is a password."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "vault_password": {"type": "list", "elements": "str", "no_log": True},
        "vault_id": {"type": "str"},
    }
    ERRORS_LAST: ClassVar[bool] = True

    def __init__(self, module: AwsModule, stored_at: str, description: str) -> None:
        super().__init__(module, stored_at, description)
        self.path = os.path.realpath(os.path.expanduser(stored_at))
        self.passwords = take_secrets(module, "vault_password")
        self.vault_id = module.params.get("vault_id")
        if not os.path.isabs(os.path.expanduser(stored_at)):
            raise AwsError(f"Using {self.where}", "the path is not absolute", "Give stored_at in full")

    @property
    def where(self) -> str:
        return f"file {self.stored_at}"

    def prepare(self, check_mode: bool) -> None:
        if self.passwords:
            vault.check_usable()
        folder = os.path.dirname(self.path)
        # In check mode an earlier task may be about to create it.
        if check_mode and not os.path.exists(folder):
            return
        if not os.path.isdir(folder) or not os.access(folder, os.W_OK | os.X_OK):
            raise AwsError(f"Writing {self.where}", f"{folder} is not a folder that this task may write to")
        # What is encrypted is trusted for its signature.
        if not self.passwords:
            with self._refusals("Writing"):
                private_file.check_folder(folder)

    def read(self) -> Optional[Content]:
        with self._refusals("Reading"):
            found = private_file.read_with_facts(self.path)
            if found is None:
                return None
            raw, about = found
            if not vault.is_encrypted(raw):
                # A mode with which others can only read is fixed.
                private_file.check_private(self.path, about, private_file.OTHERS_WRITE)
        mode = stat.S_IMODE(about.st_mode)
        flaws = [f"its mode is {mode:04o}"] if mode & ~_PRIVATE else []
        if not vault.is_encrypted(raw):
            flaws += ["it is not encrypted"] if self.passwords else []
            return Content(_text(raw), _digest(raw), tuple(flaws))
        opened = vault.decrypt(raw, self.passwords)
        if opened is None:
            raise AwsError(
                f"Reading {self.where}",
                "it is encrypted with ansible-vault, and no vault password of this run opens it",
                "Run with the vault password it was encrypted with (--vault-id, --vault-password-file), "
                "or give vault_password",
            )
        return Content(_text(opened), _digest(raw), tuple(flaws))

    def create(self, text: str) -> bool:
        with self._written(text) as temporary:
            try:
                os.link(temporary, self.path)
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS):
                    raise self._error("Writing", error) from None
                return self._create_without_links(temporary)
        self._sync_folder()
        return True

    def _create_without_links(self, temporary: str) -> bool:
        """Create on a file system without links: the name first, then the content in one step."""
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _PRIVATE))
            os.replace(temporary, self.path)
        except FileExistsError:
            return False
        except OSError as error:
            raise self._error("Writing", error) from None
        return True

    def replace(self, text: str, before: Content) -> bool:
        with self._written(text) as temporary:
            try:
                with self._refusals("Reading"):
                    now = private_file.read(self.path, is_mine=False)
                unchanged = now is not None and _digest(now) == before.version
                if unchanged:
                    os.replace(temporary, self.path)
            except OSError as error:
                raise self._error("Writing", error) from None
        self._sync_folder()
        return bool(unchanged)

    def delete(self) -> None:
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._error("Deleting", error) from None

    @contextlib.contextmanager
    def _written(self, text: str) -> Iterator[str]:
        """Yield a complete file beside the final one, under the lock; mkstemp makes it its owner's alone."""
        content = (text + "\n").encode()
        if self.passwords:
            content = vault.encrypt(content, self.passwords[0], self.vault_id)
        else:
            warn(
                f"The secret in {self.stored_at} is protected by the file's mode (0600) alone, "
                "because the run has no vault password to encrypt it with"
            )
        try:
            with self._locked() as is_locked:
                folder, name = os.path.split(self.path)
                if is_locked:
                    # Left by a run that was killed while it wrote.
                    for left in glob.glob(os.path.join(glob.escape(folder), f".{glob.escape(name)}.*{_NEW}")):
                        os.unlink(left)
                handle, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=_NEW, dir=folder)
                try:
                    with os.fdopen(handle, "wb") as file:
                        file.write(content)
                        file.flush()
                        os.fsync(file.fileno())
                    yield temporary
                finally:
                    # Still under the lock: the next run that has it deletes what it finds.
                    with contextlib.suppress(OSError):
                        os.unlink(temporary)
        except OSError as error:
            raise self._error("Writing", error) from None

    @contextlib.contextmanager
    def _locked(self) -> Iterator[bool]:
        import fcntl

        handle = os.open(os.path.dirname(self.path), os.O_RDONLY)
        try:
            # Some network file systems do not lock folders; the comparison alone has to do there.
            is_locked = False
            with contextlib.suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX)
                is_locked = True
            yield is_locked
        finally:
            os.close(handle)

    def _sync_folder(self) -> None:
        handle = os.open(os.path.dirname(self.path), os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):
                os.fsync(handle)
        finally:
            os.close(handle)

    def _error(self, doing: str, error: OSError) -> AwsError:
        problem = private_file.to_file_error(error, self.path)
        return AwsError(f"{doing} {self.where}", f"{problem.came_back} (errno {error.errno})", problem.remedy)

    @contextlib.contextmanager
    def _refusals(self, doing: str) -> Iterator[None]:
        try:
            yield
        except FileError as error:
            raise AwsError(f"{doing} {self.where}", error.came_back, error.remedy) from None


def _text(content: bytes) -> str:
    return content.decode(errors="replace").rstrip("\n")


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
