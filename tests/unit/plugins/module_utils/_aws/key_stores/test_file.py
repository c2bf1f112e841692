# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The file store, and the file format of ansible-vault."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.key_stores import vault
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.key_stores.file import FileStore
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path


class Module:
    check_mode, region = False, None

    def client(self, service: str, **options: Any) -> Any:
        raise AssertionError(f"a file needs no {service}")

    def __init__(self, **params: Any) -> None:
        self.params = params
        self.no_log_values = set(params.get("vault_password") or [])


def store(path: Path, **params: Any) -> FileStore:
    return FileStore(Module(**params), str(path), "")


def ansibles(*secrets: tuple[str, str]) -> VaultLib:
    return VaultLib([(label, VaultSecret(password.encode())) for label, password in secrets])


@given(content=st.binary(max_size=200), password=st.text(min_size=1))
def test_what_is_encrypted_can_be_decrypted(content: bytes, password: str) -> None:
    encrypted = vault.encrypt(content, password)
    assert vault.is_encrypted(encrypted)
    assert vault.decrypt(encrypted, ["another", password]) == content
    assert vault.decrypt(encrypted, [password + "x"]) is None


@pytest.mark.parametrize("label", ["default", "prod", ""])
def test_ansible_reads_what_we_write(label: str) -> None:
    encrypted = vault.encrypt(b"hello", "password", label)
    lib = ansibles((label or "default", "password"))
    assert lib.decrypt(encrypted) == b"hello"
    assert encrypted.splitlines()[0].decode() == (
        "$ANSIBLE_VAULT;1.2;AES256;prod" if label == "prod" else "$ANSIBLE_VAULT;1.1;AES256"
    )
    assert max(map(len, encrypted.splitlines())) == 80


@pytest.mark.parametrize("label", ["default", "prod"])
def test_we_read_what_ansible_writes(label: str) -> None:
    encrypted = ansibles((label, "password")).encrypt(b"hello", vault_id=label)
    assert vault.decrypt(encrypted, ["password"]) == b"hello"


@pytest.mark.parametrize(
    "content", [b"$ANSIBLE_VAULT;1.1;AES256\n", b"$ANSIBLE_VAULT;1.1;AES256\nzz\n3132\n"]
)
def test_a_damaged_file_is_not_opened(content: bytes) -> None:
    assert vault.decrypt(content, ["password"]) is None


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    assert store(path).create("text") is True
    assert path.stat().st_mode & 0o777 == 0o600
    content = store(path).read()
    assert content
    assert (content.text.strip(), content.flaws) == ("text", ())
    assert os.listdir(tmp_path) == ["key.json"]


def test_the_vault_password_is_taken_out_of_the_arguments(tmp_path: Path) -> None:
    module = Module(vault_password=["live"])
    FileStore(module, str(tmp_path / "live.json"), "")
    assert module.params["vault_password"] is None
    assert module.no_log_values == set()


def test_an_encrypted_file(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    assert store(path, vault_password=["new", "old"], vault_id="prod").create("text") is True
    assert b"text" not in path.read_bytes()
    assert ansibles(("prod", "new")).decrypt(path.read_bytes()) == b"text\n"
    content = store(path, vault_password=["newer", "new"]).read()
    assert content
    assert content.text == "text"
    for passwords in ([], ["wrong"]):
        with pytest.raises(AwsError, match="no vault password of this run opens it"):
            store(path, vault_password=passwords).read()


def test_flaws_are_found_and_mended(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text("text")
    path.chmod(0o644)
    found = store(path, vault_password=["pw"])
    content = found.read()
    assert content
    assert content.flaws == ("its mode is 0644", "it is not encrypted")
    assert found.replace(content.text, content) is True
    mended = store(path, vault_password=["pw"]).read()
    assert mended
    assert (mended.text.strip(), mended.flaws) == ("text", ())


def test_one_of_many_creates_the_file(tmp_path: Path) -> None:
    start, won = threading.Barrier(8), []

    def create(name: str) -> None:
        each = store(tmp_path / "key.json")
        start.wait()
        if each.create(name):
            won.append(name)

    threads = [threading.Thread(target=create, args=(f"run {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert (tmp_path / "key.json").read_text() == f"{won[0]}\n"
    assert os.listdir(tmp_path) == ["key.json"]


def test_a_file_that_changed_in_between_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    mine = store(path)
    mine.create("first")
    content = mine.read()
    assert content
    path.write_text("another run's")
    assert mine.replace("mine", content) is False
    assert path.read_text() == "another run's"
    path.unlink()
    assert mine.replace("mine", content) is False
    assert os.listdir(tmp_path) == []


def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_paths: str) -> None:
        raise OSError(errno.EPERM, "no links")

    monkeypatch.setattr(os, "link", link)
    path = tmp_path / "key.json"
    assert store(path).create("first") is True
    assert store(path).create("second") is False
    assert path.read_text() == "first\n"
    assert os.listdir(tmp_path) == ["key.json"]


def test_a_link_to_the_file_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "key.json")
    assert store(tmp_path / "link.json").create("text") is True
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "key.json").read_text() == "text\n"


def test_deleting_twice(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    store(path).create("text")
    store(path).delete()
    store(path).delete()
    assert store(path).read() is None


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    missing = store(tmp_path / "missing" / "key.json")
    missing.prepare(check_mode=True)
    with pytest.raises(AwsError, match="not a folder that this task may write to"):
        missing.prepare(check_mode=False)
    with pytest.raises(AwsError, match="No such file or directory"):
        missing.create("text")


def test_a_relative_path_is_refused() -> None:
    with pytest.raises(AwsError, match="not absolute"):
        FileStore(Module(), "key.json", "")


def test_a_plain_file_that_others_could_have_put_there_is_refused(tmp_path: Path) -> None:
    """It was believed, and its key went to all servers. An encrypted one is signed."""
    path = tmp_path / "key"
    plain, encrypted = store(path), store(path, vault_password=["password-of-a-test"])
    assert plain.create("text")
    path.chmod(0o660)
    with pytest.raises(AwsError, match=f"others can read or change .*chmod 600 {path}"):
        plain.read()
    path.chmod(0o600)
    tmp_path.chmod(0o777)
    for refused in (plain.read, lambda: plain.prepare(check_mode=False)):
        with pytest.raises(AwsError, match=f"others can write to the folder .*chmod go-w {tmp_path}"):
            refused()
    path.unlink()
    encrypted.prepare(check_mode=False)
    assert encrypted.create("text")
    path.chmod(0o664)
    content = encrypted.read()
    assert content is not None
    assert (content.text, content.flaws) == ("text", ("its mode is 0664",))


def test_a_fifo_is_refused_at_once(tmp_path: Path) -> None:
    """It was waited for without end."""
    os.mkfifo(tmp_path / "key", 0o600)
    with pytest.raises(AwsError, match="is not a regular file"):
        store(tmp_path / "key").read()


def test_what_a_killed_write_has_left_goes_with_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secret stayed beside the file, under a name that nothing looked for."""
    path = tmp_path / "key"
    left = tmp_path / ".key.abcdefgh.new"
    left.write_text("the-secret-of-a-test")
    other = tmp_path / ".other.abcdefgh.new"
    other.touch()
    names: list[str] = []
    link = os.link

    def seen(source: str, target: str) -> None:
        names.append(os.path.basename(source))
        link(source, target)

    monkeypatch.setattr(os, "link", seen)
    assert store(path).create("text")
    assert names[0].startswith(".key.")
    assert names[0].endswith(".new")
    assert sorted(tmp_path.iterdir()) == [other, path]


def test_a_write_clears_its_own_file_while_it_still_has_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the lock, another run takes it for one that a killed run has left, and both delete it."""
    locked: list[bool] = []
    unlink = os.unlink

    def watched(path: str, **options: Any) -> None:
        folder = os.open(tmp_path, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            locked.append(False)
        except BlockingIOError:
            locked.append(True)
        finally:
            os.close(folder)
        unlink(path, **options)

    monkeypatch.setattr(os, "unlink", watched)
    assert store(tmp_path / "key.json").create("hello") is True
    assert store(tmp_path / "key.json").create("again") is False
    assert locked == [True, True]


def test_a_full_disk_is_called_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(AwsError, match=r"the disk is full .*Make room"):
        store(tmp_path / "key").create("text")
    assert list(tmp_path.iterdir()) == []
