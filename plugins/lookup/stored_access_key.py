# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: stored_access_key
short_description: The access key that iam_stored_access_key keeps
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Reads an access key from where the module M(antmedia.s3_recording.iam_stored_access_key) stored it.
  - The result holds the secret access key. Use it in a task with C(no_log), or hand it on to a module that
    masks it.
extends_documentation_fragment:
  - amazon.aws.boto3
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
options:
  _terms:
    description: Names of parameters or secrets, or paths of files on the controller, according to O(store).
    type: list
    elements: str
    required: true
  store:
    description:
      - Kind of the store. V(ssm) is a SecureString of the Parameter Store of AWS Systems Manager.
      - V(secretsmanager) is a secret of AWS Secrets Manager.
      - V(file) is a file on the controller. One that is encrypted with ansible-vault is opened with the vault
        passwords of the run.
    type: str
    choices: [ssm, secretsmanager, file]
    default: ssm
  absent:
    description: What to give where nothing is stored. If not set, that is an error.
    type: dict
"""

EXAMPLES = r"""
- name: Take the key out of the store
  ansible.builtin.set_fact:
    key: "{{ lookup('antmedia.s3_recording.stored_access_key', name_in_ssm, region='us-east-1') }}"
  vars:
    name_in_ssm: /antmedia/s3_recording/myvideos
  no_log: true
"""

RETURN = r"""
_raw:
  description: For each term the access key.
  type: list
  elements: dict
  contains:
    access_key_id:
      description: The ID of the access key.
      type: str
    secret_access_key:
      description: The secret access key.
      type: str
"""

import json
from typing import Any, Optional

from ansible.errors import AnsibleLookupError
from ansible_collections.amazon.aws.plugins.plugin_utils.lookup import AWSLookupBase
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.credentials import SECRETS
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.errors import AwsError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.key_stores.registry import (
    STORES,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions import vault_secrets

PARTS = ("access_key_id", "secret_access_key")


class _AsModule:
    """What a store asks of a module."""

    check_mode = False

    def __init__(self, lookup: AWSLookupBase, passwords: list[str]) -> None:
        self.params = {
            "endpoint_url": lookup.get_option("endpoint_url"),
            "vault_password": passwords,
        }
        self.region = lookup.get_option("region")
        self.client = lookup.client
        self.no_log_values: set[str] = set()


class LookupModule(AWSLookupBase):
    """See DOCUMENTATION."""

    def run(
        self, terms: list[str], variables: Optional[dict[str, Any]] = None, **kwargs: Any
    ) -> list[dict[str, str]]:
        super().run(terms, variables, **kwargs)
        return [self._key(term) for term in terms]

    def _key(self, stored_at: str) -> dict[str, str]:
        kind = self.get_option("store")
        passwords = vault_secrets.run_vault_passwords(self._loader)[1] if kind == "file" else []
        store = STORES[kind](_AsModule(self, passwords), stored_at, "")
        try:
            content = store.read()
        except AwsError as error:
            shown = error.without(self.get_option(name) for name in SECRETS)
            raise AnsibleLookupError(str(shown)) from None
        document = None if content is None else _parsed(content.text)
        if document is None or set(document) == {"user_name", "making"}:
            return self._absent(store.where)
        if not all(isinstance(document.get(part), str) for part in PARTS):
            raise AnsibleLookupError(
                f"Reading the access key in {store.where}: something else than an access key is stored there."
            )
        return {part: document[part] for part in PARTS}

    def _absent(self, where: str) -> dict[str, str]:
        absent: Optional[dict[str, str]] = self.get_option("absent")
        if absent is None:
            raise AnsibleLookupError(
                f"Reading the access key in {where}: nothing is stored there. "
                "Run storage.yml first, it makes the key."
            )
        return absent


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
