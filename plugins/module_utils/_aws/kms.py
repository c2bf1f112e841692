# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Check that a key of AWS KMS can be used, as far as that can be read."""

from __future__ import annotations

from .._common.errors import AwsError
from .calls import call_aws, client
from .module import AwsModule

_DOES_NOT_EXIST = ("NotFoundException", "InvalidArnException")


def refuse_unusable(module: AwsModule, key_id: str) -> None:
    """Raise for a key that does not exist or is switched off.

    A key that the credentials may not look at counts as usable.
    """
    tried = f"Looking for KMS key {key_id}"
    try:
        answer = call_aws(tried, client(module, "kms").describe_key, needs="kms:DescribeKey", KeyId=key_id)
    except AwsError as error:
        if error.code in _DOES_NOT_EXIST:
            raise error.with_remedy(
                "Give the ID, the ARN or the alias (alias/NAME) of a key that exists in this region"
            ) from None
        return
    state = answer["KeyMetadata"].get("KeyState", "Enabled")
    if state != "Enabled":
        raise AwsError(tried, f"the key is {state}", "Enable it, or give another key")
