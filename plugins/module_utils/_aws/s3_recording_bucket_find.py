# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Find a bucket, its region and its owner."""

from __future__ import annotations

from typing import Any

from .._common.errors import AwsError
from .calls import ANY_OWNER, call_aws, caller_identity, client, owned_by
from .credentials import CredentialsError
from .module import AwsModule

NOT_OURS = (
    "Names of buckets are unique among all users: take another name if the bucket is someone else's. If it "
    "is yours, the credentials of this task need the permission s3:ListBucket on it"
)
_WITHOUT_STS = (
    "Nothing was changed, since the bucket could be someone else's. Where sts:GetCallerIdentity cannot be "
    "called, give the ID of the account by expected_bucket_owner (in the role s3_recording_bucket_owner), or "
    "any for a provider that has no accounts of AWS"
)


class BucketFinder:
    """One bucket by its name."""

    def __init__(self, module: AwsModule) -> None:
        self.module = module
        self.s3 = client(module, "s3")
        self.name: str = module.params["name"]
        self.owner = ""

    def where(self) -> str:
        return f" in {self.module.region}" if self.module.region else ""

    def look(self) -> bool:
        """Return True if the bucket exists. AwsError if it is someone else's, or in another region."""
        owner = self.owner = self._expected_owner()
        try:
            answer = self._head(ExpectedBucketOwner=owner) if owner else self._head()
        except AwsError as error:
            if error.code == "404":
                owned_by(self.s3, owner)
                return False
            if error.code != "403":
                raise
            raise self._not_ours(owner, error) from None
        owned_by(self.s3, owner)
        region = "" if self._is_elsewhere else self._region_in(answer)
        if region and self.module.region and region != self.module.region:
            raise AwsError(
                f"Looking for bucket {self.name}",
                f"it is in {region}, not in {self.module.region}",
                f"A bucket cannot move: set the region {region} (in the role s3_recording_region), or name "
                f"a new bucket for {self.module.region} (in the role s3_recording_bucket). The recordings of "
                "this one stay in it",
            )
        return True

    def _head(self, **options: Any) -> dict[str, Any]:
        answer: dict[str, Any] = call_aws(
            f"Looking for bucket {self.name}",
            self.s3.head_bucket,
            needs="s3:ListBucket",
            Bucket=self.name,
            **options,
        )
        return answer

    @property
    def _is_elsewhere(self) -> bool:
        """True if the provider has neither AWS's accounts nor its regions."""
        return bool(self.module.params["expected_bucket_owner"] == ANY_OWNER)

    @staticmethod
    def _region_in(answer: dict[str, Any]) -> str:
        headers = (answer.get("ResponseMetadata") or {}).get("HTTPHeaders") or {}
        return str(headers.get("x-amz-bucket-region") or "")

    def _expected_owner(self) -> str:
        """Return the account that has to own the bucket; empty for a provider without accounts."""
        given = str(self.module.params["expected_bucket_owner"] or "")
        if given:
            return "" if self._is_elsewhere else given
        try:
            identity = caller_identity(self.module, f"Asking STS which account has to own bucket {self.name}")
        except CredentialsError:
            raise
        except AwsError as error:
            raise error.with_note(_WITHOUT_STS) from None
        return str(identity["Account"])

    def _not_ours(self, owner: str, error: AwsError) -> AwsError:
        tried = f"Looking for bucket {self.name}"
        if owner:
            try:
                self._head()
            except AwsError:
                pass
            else:
                return AwsError(
                    tried,
                    f"it exists and belongs to another account than {owner}",
                    "Take another name, or give the ID of its account by expected_bucket_owner (in the role "
                    "s3_recording_bucket_owner) if the recordings are to be that account's",
                    code="AccessDenied",
                )
        return AwsError(tried, "it exists, and S3 refuses these credentials (403)", NOT_OURS, code=error.code)
