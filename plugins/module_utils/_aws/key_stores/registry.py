# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The key stores by name.

For another one, write a class of KeyStore, with its own options in ARGUMENTS, and add a line here. The
options are documented in iam_stored_access_key and in the lookup stored_access_key, which reads by the class.
"""

from __future__ import annotations

from .base import KeyStore
from .file import FileStore
from .in_aws import SecretsManagerStore, SsmStore

STORES: dict[str, type[KeyStore]] = {
    "ssm": SsmStore,
    "secretsmanager": SecretsManagerStore,
    "file": FileStore,
}
