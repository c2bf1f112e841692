# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""moto's KMS: the keys that S3 and policies name."""

from __future__ import annotations

from typing import Any

from moto.kms.models import Key, KmsBackend, kms_backends
from moto.utilities.utils import get_partition

from . import moto_state as state
from .account import ACCOUNT

AWS_S3 = "alias/aws/s3"


def adapt_moto() -> None:
    """Mark the keys that AWS manages; moto treats them as a customer's."""
    make = KmsBackend._generate_default_keys

    def make_managed(self: KmsBackend, alias_name: str) -> str | None:
        key_id = make(self, alias_name)
        if key_id:
            self.keys[key_id].key_manager = "AWS"
        return key_id

    state.replace(KmsBackend, "_generate_default_keys", make_managed)


def arn(reference: str, region: str) -> str:
    """Return the ARN of a key ID, an alias or an ARN, even if there is no such key."""
    if reference.startswith("arn:"):
        return reference
    kind = "" if reference.startswith("alias/") else "key/"
    return f"arn:{get_partition(region)}:kms:{region}:{ACCOUNT}:{kind}{reference}"


def find_key(reference: str, region: str) -> Key | None:
    """Return a key by key ID, key ARN, alias name or alias ARN, in this region of the account."""
    *place, name = arn(reference, region).split(":", 5)
    if place[2:] != ["kms", region, ACCOUNT]:
        return None
    backend: Any = kms_backends[ACCOUNT][region]
    key_id = backend.get_key_id_from_alias(name) if name.startswith("alias/") else name.removeprefix("key/")
    found: Key | None = backend.keys.get(key_id)
    return found
