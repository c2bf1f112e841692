# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The bucket as those see it who made it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from .s3_clients import delete_nothing, require_botocore, s3_client

# Pages of a list, of what one stream has made.
_MOST_PAGES = 20


class Store:
    """The bucket of an application's settings, with the credentials of the environment."""

    def __init__(self, settings: Mapping[str, Any], timeout: float) -> None:
        require_botocore()
        self.bucket = str(settings.get("s3BucketName") or "")
        self._settings, self._timeout = settings, timeout
        self._made: Any = None
        self._has_versions = False

    def require_removal(self, key: str) -> None:
        """Raise what the store answers where an object could not be removed; nothing is there yet."""
        delete_nothing(self._s3, self.bucket, key)

    def put(self, key: str, body: bytes) -> None:
        answer = self._s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="video/mp4")
        self._has_versions = bool(answer.get("VersionId"))

    def url(self, key: str, seconds: float) -> str:
        """Where anybody may read this object, for so long."""
        wanted = {"Bucket": self.bucket, "Key": key}
        return str(self._s3.generate_presigned_url("get_object", Params=wanted, ExpiresIn=int(seconds)))

    def read(self, key: str) -> bytes:
        return bytes(self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def sizes(self, prefix: str) -> dict[str, int]:
        """The objects whose keys begin so."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        found = islice(pages, _MOST_PAGES)
        return {each["Key"]: each["Size"] for page in found for each in page.get("Contents", ())}

    def remove(self, prefix: str) -> list[str]:
        """Remove all objects whose keys begin so, with their versions; the keys that were there."""
        removed = []
        for key, version in self._versions(prefix):
            self._s3.delete_object(Bucket=self.bucket, Key=key, **version)
            removed.append(key)
        return removed

    def _versions(self, prefix: str) -> list[tuple[str, dict[str, str]]]:
        if not self._has_versions:
            return [(key, {}) for key in self.sizes(prefix)]
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix)
        return [
            (each["Key"], {"VersionId": each["VersionId"]})
            for page in islice(pages, _MOST_PAGES)
            for kind in ("Versions", "DeleteMarkers")
            for each in page.get(kind, ())
        ]

    @property
    def _s3(self) -> Any:
        if self._made is None:
            self._made = self._client()
        return self._made

    def _client(self) -> Any:
        at_aws = not (self._settings.get("s3Endpoint") or self._settings.get("s3PathStyleAccessEnabled"))
        # By default a URL is signed in a way that newer regions refuse, and for s3.amazonaws.com, which sends
        # a reader on to the bucket's region, where the signature does not fit any more.
        style = {"s3": {"addressing_style": "virtual"}} if at_aws else {}
        return s3_client(self._settings, self._timeout, provisioning=True, signature_version="s3v4", **style)
