# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The bucket of a recording, used with the provisioning credentials of the environment."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import islice
from typing import Any

from .._common.packages import require
from .s3_clients import require_delete_permission, s3_client

# Pages of a list of objects that one stream has made.
_MOST_PAGES = 20


class RecordingBucket:
    """The bucket in an application's settings."""

    def __init__(self, settings: Mapping[str, Any], timeout: float) -> None:
        require("botocore")
        self.name = str(settings.get("s3BucketName") or "")
        self._settings, self._timeout = settings, timeout
        self._has_versions = False

    def require_removal(self, key: str) -> None:
        """Raise the S3 error if an object of this key could not be removed. It does not exist yet."""
        require_delete_permission(self._s3, self.name, key)

    def put(self, key: str, body: bytes) -> None:
        response = self._s3.put_object(Bucket=self.name, Key=key, Body=body, ContentType="video/mp4")
        self._has_versions = bool(response.get("VersionId"))

    def signed_url(self, key: str, seconds: float) -> str:
        """Return a URL at which anybody may read this object for so long."""
        params = {"Bucket": self.name, "Key": key}
        return str(self._s3.generate_presigned_url("get_object", Params=params, ExpiresIn=int(seconds)))

    def read(self, key: str) -> bytes:
        return bytes(self._s3.get_object(Bucket=self.name, Key=key)["Body"].read())

    def sizes(self, prefix: str) -> dict[str, int]:
        """Return the keys that begin with a prefix, and the sizes of their objects."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        found = islice(pages, _MOST_PAGES)
        return {each["Key"]: each["Size"] for page in found for each in page.get("Contents", ())}

    def remove(self, prefix: str) -> list[str]:
        """Remove all objects whose keys begin with a prefix, with their versions, and return their keys."""
        removed = []
        for key, version in self._versions(prefix):
            self._s3.delete_object(Bucket=self.name, Key=key, **version)
            removed.append(key)
        return removed

    def _versions(self, prefix: str) -> list[tuple[str, dict[str, str]]]:
        if not self._has_versions:
            return [(key, {}) for key in self.sizes(prefix)]
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self.name, Prefix=prefix)
        return [
            (each["Key"], {"VersionId": each["VersionId"]})
            for page in islice(pages, _MOST_PAGES)
            for kind in ("Versions", "DeleteMarkers")
            for each in page.get(kind, ())
        ]

    @cached_property
    def _s3(self) -> Any:
        on_aws = not (self._settings.get("s3Endpoint") or self._settings.get("s3PathStyleAccessEnabled"))
        # By default a URL is signed in a way that newer regions refuse, and for s3.amazonaws.com, which sends
        # a reader on to the bucket's region, where the signature does not fit any more.
        style = {"s3": {"addressing_style": "virtual"}} if on_aws else {}
        return s3_client(self._settings, self._timeout, provisioning=True, signature_version="s3v4", **style)
