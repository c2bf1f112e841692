# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.vault_secrets import (
    run_vault_passwords,
)


def loader(*secrets: tuple[str, str]) -> DataLoader:
    made = DataLoader()
    made.set_vault_secrets([(label, VaultSecret(text.encode())) for label, text in secrets])
    return made


def test_a_run_without_passwords() -> None:
    assert run_vault_passwords(loader()) == ("", [])
    assert run_vault_passwords(DataLoader()) == ("", [])


def test_the_first_encrypts_and_all_decrypt() -> None:
    assert run_vault_passwords(loader(("dev", "one"), ("prod", "two"))) == (
        "dev",
        ["one", "two"],
    )


def test_the_identity_that_is_set_encrypts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "DEFAULT_VAULT_ENCRYPT_IDENTITY", "prod", raising=False)
    assert run_vault_passwords(loader(("dev", "one"), ("prod", "two"))) == (
        "prod",
        ["two", "one"],
    )
    with pytest.raises(AnsibleActionFail, match="Choosing the vault password"):
        run_vault_passwords(loader(("dev", "one")))
