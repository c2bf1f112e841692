# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: stored_access_key
short_description: Read an access key stored by iam_stored_access_key
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Reads an access key from the key store in which M(antmedia.s3_recording.iam_stored_access_key) stored it.
  - The result holds the secret access key. Use it in a task with C(no_log), or pass it to a module that
    masks it.
extends_documentation_fragment:
  - amazon.aws.boto3
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
options:
  _terms:
    description: Names of parameters or secrets, or paths of files on the controller, depending on O(store).
    type: list
    elements: str
    required: true
  store:
    description:
      - The kind of key store. V(ssm) is a SecureString in AWS Systems Manager Parameter Store.
      - V(secretsmanager) is a secret in AWS Secrets Manager.
      - V(file) is a file on the controller. If it is encrypted with ansible-vault, it is decrypted with the
        vault passwords of the run.
    type: str
    choices: [ssm, secretsmanager, file]
    default: ssm
  absent:
    description: The value to return if nothing is stored. If not given, the lookup fails then.
    type: dict
"""

EXAMPLES = r"""
- name: Read the key from Parameter Store
  ansible.builtin.set_fact:
    key: "{{ lookup('antmedia.s3_recording.stored_access_key', name_in_ssm, region='us-east-1') }}"
  vars:
    name_in_ssm: /antmedia/s3_recording/myvideos
  no_log: true
"""

RETURN = r"""
_raw:
  description: The access key for each term.
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
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key.model import (
    KEY_PARTS,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.key_stores.registry import STORES
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import (
    AwsError,
    CollectionError,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.packages import require
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions import vault_secrets


class _AsModule:
    """The part of a module that a key store uses."""

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
        try:
            require("boto3")
        except CollectionError as error:
            raise AnsibleLookupError(str(error)) from None
        super().run(terms, variables, **kwargs)
        return [self._key(term) for term in terms]

    def _key(self, stored_at: str) -> dict[str, str]:
        kind = self.get_option("store")
        passwords = vault_secrets.run_vault_passwords(self._loader)[1] if kind == "file" else []
        store = STORES[kind](_AsModule(self, passwords), stored_at, "")
        try:
            content = store.read()
        except AwsError as error:
            masked = error.masked(self.get_option(name) for name in SECRETS)
            raise AnsibleLookupError(str(masked)) from None
        document = None if content is None else _parsed(content.text)
        if document is None or set(document) == {"user_name", "making"}:
            return self._absent(store.where)
        if not all(isinstance(document.get(part), str) for part in KEY_PARTS):
            raise AnsibleLookupError(
                f"Reading the access key in {store.where}: something else than an access key is stored there."
            )
        return {part: document[part] for part in KEY_PARTS}

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
