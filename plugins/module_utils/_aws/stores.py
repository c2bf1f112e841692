# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Where the secret of an access key is kept. One class for each kind of store, with its options."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Optional

from ansible.module_utils.common.warnings import warn

from . import vault
from .calls import attempt, client, masked_texts
from .errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PRIVATE = 0o600


@dataclass(frozen=True)
class Content:
    """What a store holds. version means something to the store alone; storing again mends flaws."""

    text: str
    version: Any
    flaws: tuple[str, ...] = ()


class Store:
    """A place for one text.

    create and replace decide who wins when two runs write at the same moment: False means another one did,
    and what is stored is the other's.
    """

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {}

    def __init__(self, module: Any, stored_at: str, description: str) -> None:
        self.module = module
        self.stored_at = stored_at
        self.description = description

    @property
    def where(self) -> str:
        raise NotImplementedError

    def prepare(self, check_mode: bool) -> None:
        """Find out, as far as can be without writing, that create would work."""

    def read(self) -> Optional[Content]:
        raise NotImplementedError

    def create(self, text: str) -> bool:
        raise NotImplementedError

    def replace(self, text: str, version: Any) -> bool:
        raise NotImplementedError

    def delete(self) -> None:
        raise NotImplementedError


class SsmStore(Store):
    """A SecureString of the Parameter Store of AWS Systems Manager."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {"kms_key_id": {"type": "str"}}

    def __init__(self, module: Any, stored_at: str, description: str) -> None:
        super().__init__(module, stored_at, description)
        self.ssm = client(module, "ssm")

    @property
    def where(self) -> str:
        return f"SSM parameter {self.stored_at}"

    def read(self) -> Optional[Content]:
        return self._read(self.stored_at)

    def _read(self, name: str) -> Optional[Content]:
        answer = attempt(
            f"Reading {self.where}",
            self.ssm.get_parameter,
            needs="ssm:GetParameter (and kms:Decrypt with the parameter's key)",
            none_on=("ParameterNotFound", "ParameterVersionNotFound"),
            Name=name,
            WithDecryption=True,
        )
        if answer is None:
            return None
        parameter = answer["Parameter"]
        if parameter["Type"] != "SecureString":
            raise AwsError(
                f"Reading {self.where}",
                f"it is a {parameter['Type']}, which is not encrypted, and AWS does not change the type",
                "Choose another stored_at, or delete the parameter yourself",
            )
        return Content(parameter["Value"], parameter["Version"])

    def create(self, text: str) -> bool:
        answer = self._put(text, overwrite=False, none_on=("ParameterAlreadyExists",))
        if answer is not None:
            return True
        # The answer to a first attempt may have been lost on its way.
        found = self.read()
        return found is not None and found.text == text

    def replace(self, text: str, version: Any) -> bool:
        """The version that AWS gives to what was written shows whether something came between."""
        written = int(self._put(text, overwrite=True)["Version"])
        if written == version + 1:
            return True
        between = self._read(f"{self.stored_at}:{written - 1}")
        if between is None or between.text == text:
            return True
        self._put(between.text, overwrite=True)
        return False

    def delete(self) -> None:
        attempt(
            f"Deleting {self.where}",
            self.ssm.delete_parameter,
            needs="ssm:DeleteParameter",
            none_on=("ParameterNotFound",),
            Name=self.stored_at,
        )

    def _put(self, text: str, *, overwrite: bool, none_on: tuple[str, ...] = ()) -> Any:
        key = self.module.params.get("kms_key_id")
        return attempt(
            f"Writing {self.where}",
            self.ssm.put_parameter,
            needs="ssm:PutParameter (and kms:Encrypt with kms_key_id)",
            none_on=none_on,
            Name=self.stored_at,
            Value=text,
            Type="SecureString",
            Description=self.description,
            Overwrite=overwrite,
            **({"KeyId": key} if key else {}),
        )


class FileStore(Store):
    """A file where the task runs, readable by its owner alone, encrypted if there is a password."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "vault_password": {"type": "list", "elements": "str", "no_log": True},
        "vault_id": {"type": "str"},
    }

    def __init__(self, module: Any, stored_at: str, description: str) -> None:
        super().__init__(module, stored_at, description)
        self.path = os.path.realpath(os.path.expanduser(stored_at))
        self.passwords = _taken_out(module, "vault_password")
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
        # In check mode a task before may be about to make it.
        if check_mode and not os.path.exists(folder):
            return
        if not os.path.isdir(folder) or not os.access(folder, os.W_OK | os.X_OK):
            raise AwsError(f"Writing {self.where}", f"{folder} is not a folder that this task may write to")

    def read(self) -> Optional[Content]:
        try:
            with open(self.path, "rb") as file:
                mode = os.fstat(file.fileno()).st_mode & 0o777
                raw = file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._error("Reading", error) from None
        flaws = [f"its mode is {mode:04o}"] if mode & ~_PRIVATE else []
        if not vault.is_encrypted(raw):
            flaws += ["it is not encrypted"] if self.passwords else []
            return Content(raw.decode(errors="replace"), _digest(raw), tuple(flaws))
        opened = vault.decrypt(raw, self.passwords)
        if opened is None:
            raise AwsError(
                f"Reading {self.where}",
                "it is encrypted with ansible-vault, and no vault password of this run opens it",
                "Run with the vault password it was encrypted with (--vault-id, --vault-password-file), "
                "or give vault_password",
            )
        return Content(opened.decode(errors="replace"), _digest(raw), tuple(flaws))

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
        """Where the file system knows no links: the name first, then the content in one step."""
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _PRIVATE))
            os.replace(temporary, self.path)
        except FileExistsError:
            return False
        except OSError as error:
            raise self._error("Writing", error) from None
        return True

    def replace(self, text: str, version: Any) -> bool:
        with self._written(text) as temporary, self._locked():
            try:
                with open(self.path, "rb") as file:
                    unchanged = _digest(file.read()) == version
                if unchanged:
                    os.replace(temporary, self.path)
            except FileNotFoundError:
                return False
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
        """A complete file beside the wanted one; mkstemp makes it readable by its owner alone."""
        content = (text + "\n").encode()
        if self.passwords:
            content = vault.encrypt(content, self.passwords[0], self.vault_id)
        else:
            warn(
                f"The secret in {self.stored_at} is protected by the file's mode (0600) alone, "
                "because the run has no vault password to encrypt it with"
            )
        temporary = ""
        try:
            handle, temporary = tempfile.mkstemp(prefix=".", dir=os.path.dirname(self.path))
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            yield temporary
        except OSError as error:
            raise self._error("Writing", error) from None
        finally:
            with contextlib.suppress(OSError):
                os.unlink(temporary)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        import fcntl

        handle = os.open(os.path.dirname(self.path), os.O_RDONLY)
        try:
            # Some network file systems do not lock folders; the comparison alone has to do there.
            with contextlib.suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
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
        return AwsError(f"{doing} {self.where}", f"{error.strerror} (errno {error.errno})")


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _taken_out(module: Any, name: str) -> list[str]:
    """The values of a secret option, taken out by name: as texts to mask they could damage the result."""
    values = [each for each in module.params.get(name) or [] if each]
    module.params[name] = None
    for each in values:
        masked_texts(module).discard(each)
    return values


STORES: dict[str, type[Store]] = {"ssm": SsmStore, "file": FileStore}
