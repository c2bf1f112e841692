# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Where the secret of an access key can be kept: each kind of store by its name.

Another kind is a class of Store, with the options that it has of its own in ARGUMENTS, and a line here. The
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
