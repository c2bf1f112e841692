# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the vault passwords of the run, and give them to a module that opens the file of an access key."""

from __future__ import annotations

from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.parsing.vault import AnsibleVaultError, match_encrypt_secret


def inject_vault_passwords(arguments: dict[str, Any], connection: Any, loader: Any) -> str:
    """Add the vault passwords of the run to the arguments of a module that uses a file and has none.

    Return the label of the one that encrypts, empty where there is none. They open much more than this
    file, so they never leave the controller.
    """
    is_local = connection.transport == "local"
    uses_file = "file" in (arguments.get("store"), arguments.get("previous_store"))
    if not uses_file or not is_local or arguments.get("vault_password"):
        return ""
    label, passwords = run_vault_passwords(loader)
    if passwords:
        arguments["vault_password"] = passwords
    return label


def run_vault_passwords(loader: Any) -> tuple[str, list[str]]:
    """Return the label of the password that encrypts, and all passwords, that one first."""
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
