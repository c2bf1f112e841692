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
    description: Names of SSM parameters, or paths of files on the controller, according to O(store).
    type: list
    elements: str
    required: true
  store:
    description:
      - Kind of the store. V(ssm) is a SecureString of the Parameter Store of AWS Systems Manager.
      - V(file) is a file on the controller. One that is encrypted with ansible-vault is opened with the vault
        passwords of the run.
    type: str
    choices: [ssm, file]
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
import os
from contextlib import suppress
from typing import Any, Optional

from ansible.errors import AnsibleError, AnsibleLookupError
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.amazon.aws.plugins.plugin_utils.lookup import AWSLookupBase
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.errors import explain

# Where it is missing, require_aws_sdk says so before anything is caught.
with suppress(ImportError):
    from botocore.exceptions import BotoCoreError, ClientError

PARTS = ("access_key_id", "secret_access_key")


class LookupModule(AWSLookupBase):
    """See DOCUMENTATION."""

    def run(
        self, terms: list[str], variables: Optional[dict[str, Any]] = None, **kwargs: Any
    ) -> list[dict[str, str]]:
        super().run(terms, variables, **kwargs)
        return [self._key(term) for term in terms]

    def _key(self, stored_at: str) -> dict[str, str]:
        store = self.get_option("store")
        where = f"{'SSM parameter' if store == 'ssm' else 'file'} {stored_at}"
        document = self._from_ssm(stored_at, where) if store == "ssm" else self._from_file(stored_at, where)
        if document is None:
            absent = self.get_option("absent")
            if absent is None:
                raise AnsibleLookupError(
                    f"Reading the access key in {where}: nothing is stored there. "
                    "Run storage.yml first, it makes the key."
                )
            document = absent
        if not isinstance(document, dict) or not all(isinstance(document.get(part), str) for part in PARTS):
            raise AnsibleLookupError(
                f"Reading the access key in {where}: something else than an access key is stored there."
            )
        return {part: document[part] for part in PARTS}

    def _from_ssm(self, name: str, where: str) -> Any:
        ssm = self.client("ssm", AWSRetry.jittered_backoff())
        try:
            answer = ssm.get_parameter(Name=name, WithDecryption=True, aws_retry=True)
        except ssm.exceptions.ParameterNotFound:
            return None
        except (BotoCoreError, ClientError) as error:
            raise AnsibleLookupError(str(explain(f"Reading {where}", error, "ssm:GetParameter"))) from None
        try:
            return json.loads(answer["Parameter"]["Value"])
        except ValueError:
            return ""

    def _from_file(self, path: str, where: str) -> Any:
        path = os.path.expanduser(path)
        if not os.path.exists(path):
            return None
        try:
            return self._loader.load_from_file(path, cache="none", unsafe=True)
        except AnsibleError as error:
            # The cause may quote what the file holds.
            raise AnsibleLookupError(
                f"Reading the access key in {where}: {type(error).__name__}. "
                "Is it encrypted with another vault password?"
            ) from None
