# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The file format of ansible-vault.

Ansible's own VaultLib cannot be used: with delegate_to, or another Python than Ansible's own, the module runs
where there is no ansible.parsing.

https://docs.ansible.com/ansible/latest/vault_guide/vault_using_encrypted_content.html,
"Format of files encrypted with Ansible Vault", versions 1.1 and 1.2.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from binascii import hexlify, unhexlify
from collections.abc import Iterable
from typing import Any, Optional

from ..._common.errors import AwsError

HEADER = b"$ANSIBLE_VAULT;"
_ITERATIONS = 10000
_BLOCK = 16
_LINE = 80


def is_encrypted(content: bytes) -> bool:
    return content.startswith(HEADER)


def encrypt(content: bytes, password: str, vault_id: Optional[str] = None) -> bytes:
    salt = os.urandom(32)
    cipher_key, mac_key, counter = _keys(password, salt)
    fill = _BLOCK - len(content) % _BLOCK
    encrypted = _aes(cipher_key, counter, content + bytes([fill]) * fill)
    mac = hmac.new(mac_key, encrypted, hashlib.sha256).hexdigest().encode()
    body = hexlify(b"\n".join((hexlify(salt), mac, hexlify(encrypted))))
    label = b"1.1;AES256" if vault_id in (None, "", "default") else f"1.2;AES256;{vault_id}".encode()
    lines = [HEADER + label, *(body[at : at + _LINE] for at in range(0, len(body), _LINE)), b""]
    return b"\n".join(lines)


def decrypt(content: bytes, passwords: Iterable[str]) -> Optional[bytes]:
    """Return the content; None if none of the passwords opens it."""
    try:
        body = b"".join(content.split(b"\n")[1:]).replace(b"\r", b"")
        salt, mac, encrypted = (unhexlify(part) for part in unhexlify(body).split(b"\n", 2))
    except ValueError:
        return None
    for password in passwords:
        cipher_key, mac_key, counter = _keys(password, salt)
        if hmac.compare_digest(hmac.new(mac_key, encrypted, hashlib.sha256).digest(), mac):
            filled = _aes(cipher_key, counter, encrypted)
            return filled[: -filled[-1]]
    return None


def check_usable() -> None:
    """Raise early if the package that encryption needs is not installed."""
    _ciphers()


def _keys(password: str, salt: bytes) -> tuple[bytes, bytes, bytes]:
    derived = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS, 64 + _BLOCK)
    return derived[:32], derived[32:64], derived[64:]


def _aes(key: bytes, counter: bytes, content: bytes) -> bytes:
    # Counter mode is its own reverse.
    ciphers = _ciphers()
    transform = ciphers.Cipher(ciphers.algorithms.AES(key), ciphers.modes.CTR(counter)).encryptor()
    return bytes(transform.update(content) + transform.finalize())


def _ciphers() -> Any:
    try:
        from cryptography.hazmat.primitives import ciphers
    except ImportError:
        raise AwsError(
            "Encrypting with ansible-vault",
            "the Python package cryptography is not installed where this task runs",
            "Install it, or run the task with the Python of Ansible itself",
        ) from None
    return ciphers
