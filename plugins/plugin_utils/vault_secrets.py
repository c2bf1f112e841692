# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vault passwords of the run."""

from __future__ import annotations

from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.parsing.vault import AnsibleVaultError, match_encrypt_secret


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
