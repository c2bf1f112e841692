# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Wait until AWS accepts a new access key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Optional

from ..._common.errors import AwsError
from ..._common.polling import Deadline
from ..._common.progress import Wait, say_wait
from ..bucket_setting import MAKE_BUCKET
from ..calls import call_aws, client, poll
from ..module import AwsModule

_NOT_EVERYWHERE_YET = (
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "AuthFailure",
    "UnrecognizedClientException",
)
# A policy that was attached a moment ago is not known everywhere either.
_NOT_ALLOWED_YET = ("AccessDenied", "403")

_TOO_SHORT = "Run again with a longer wait_timeout (in the role s3_recording_key_wait_timeout)"


@dataclass(eq=False, repr=False)
class KeyNotYetUsable(AwsError):
    """AWS does not know a key everywhere yet, or does not apply its policy yet.

    waiting_for: what AWS has still to do, as the end of "waiting for AWS to".
    """

    waiting_for: str = ""

    def result(self, secrets: Iterable[Optional[str]] = ()) -> dict[str, Any]:
        return {**super().result(secrets), "failed": True, "not_yet": True, "waiting_for": self.waiting_for}


class KeyUsabilityCheck:
    """Uses a key as its owner would."""

    def __init__(self, module: AwsModule, document: dict[str, Any], where: str) -> None:
        self.module = module
        self.key_id = document["access_key_id"]
        self.where = where
        self.credentials = {
            "aws_access_key_id": document["access_key_id"],
            "aws_secret_access_key": document["secret_access_key"],
            "aws_session_token": None,
            "profile_name": None,
            "region": module.region or "us-east-1",
        }

    def wait(self, seconds: float, bucket: Optional[str]) -> None:
        """Wait until the key works; AWS needs some seconds to know a new one everywhere."""
        deadline = Deadline(seconds)
        tried = f"Using access key {self.key_id}"
        identify = client(self.module, "sts", **self.credentials).get_caller_identity
        self._until(deadline, tried, identify, _NOT_EVERYWHERE_YET)
        if bucket:
            tried += f" to list bucket {bucket}"
            listing = client(self.module, "s3", **self.credentials).list_objects_v2
            patience = (*_NOT_EVERYWHERE_YET, *_NOT_ALLOWED_YET)
            self._until(deadline, tried, listing, patience, Bucket=bucket, MaxKeys=1)

    def _until(
        self, deadline: Deadline, tried: str, operation: Any, transient: tuple[str, ...], **arguments: Any
    ) -> None:
        last: list[AwsError] = []

        def works() -> Optional[bool]:
            try:
                call_aws(tried, operation, needs="", **arguments)
            except AwsError as error:
                if error.code not in transient:
                    raise self._with_remedy(error, error.remedy) from None
                last[:] = [error]
                wait = Wait(f"AWS to {self._waiting_for(error)}", "usually 5 to 20 s")
                say_wait(wait, deadline.waited, deadline.seconds)
                return None
            return True

        if not poll(works, deadline.left):
            error = self._with_remedy(last[0], _TOO_SHORT)
            raise KeyNotYetUsable(**vars(error), waiting_for=self._waiting_for(error))

    def _waiting_for(self, error: AwsError) -> str:
        if error.code in _NOT_ALLOWED_YET:
            return f"apply the policy of the user to access key {self.key_id}"
        return f"activate access key {self.key_id}"

    def _with_remedy(self, error: AwsError, otherwise: str) -> AwsError:
        remedy = {
            "SignatureDoesNotMatch": "The stored secret is another key's: remove it and set recreate=true",
            "AccessDenied": "The key works, but no policy of its user allows s3:ListBucket on the bucket",
            "NoSuchBucket": f"The key works. {MAKE_BUCKET}",
        }.get(error.code, otherwise)
        return error.with_remedy(remedy).with_note(f"The key is in {self.where}")
