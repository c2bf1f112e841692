# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vault passwords of the run."""

from __future__ import annotations

from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.parsing.vault import AnsibleVaultError, match_encrypt_secret


def given_to(arguments: dict[str, Any], connection: Any, loader: Any) -> str:
    """Gives a module that reads or writes a file the vault passwords of the run, if it has none of its own.

    The label of the one that encrypts is returned, empty where there is none. They open much more than this
    file: they never leave the controller.
    """
    is_local = connection.transport == "local"
    if arguments.get("store") != "file" or not is_local or arguments.get("vault_password"):
        return ""
    label, passwords = of_run(loader)
    if passwords:
        arguments["vault_password"] = passwords
    return label


def of_run(loader: Any) -> tuple[str, list[str]]:
    """The label of the password that encrypts, and all passwords, that one first."""
    # Ansible has no public way to them; its own unvault lookup goes by the loader too.
    secrets = list(getattr(getattr(loader, "_vault", None), "secrets", None) or [])
    if not secrets:
        return "", []
    try:
        label, first = match_encrypt_secret(secrets, constants.DEFAULT_VAULT_ENCRYPT_IDENTITY)
    except AnsibleVaultError as error:
        raise AnsibleActionFail(f"Choosing the vault password for the access key: {error}") from error
    others = [secret for _label, secret in secrets if secret is not first]
    return label, [secret.bytes.decode() for secret in (first, *others)]
