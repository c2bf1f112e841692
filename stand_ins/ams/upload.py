# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The uploads of an application, with its own key, and as silent as the server's."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from typing import Any

CANNED_ACLS = frozenset(
    (
        *("private", "public-read", "public-read-write", "authenticated-read", "log-delivery-write"),
        *("bucket-owner-read", "bucket-owner-full-control", "aws-exec-read"),
    )
)
MP4, HLS = 1, 2


class UploadRefusedError(Exception):
    """S3 refused an upload; the server only logs it."""


@lru_cache
def _client(key_id: str, secret: str, region: str, endpoint: str | None, *, by_path: bool) -> Any:
    """Return a client, one for all servers with the same settings."""
    # Here, since most fleets never upload anything, and it takes a while.
    import boto3
    from botocore.config import Config

    session: Any = boto3.session.Session(key_id, secret)
    return session.client(
        "s3",
        # With an endpoint the server signs with an empty region too.
        region_name=region,
        endpoint_url=endpoint,
        config=Config(
            connect_timeout=5,
            read_timeout=10,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path" if by_path else "auto"},
        ),
    )


class Uploader:
    """The bucket that an application's settings name."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)
        self._bucket = values["s3BucketName"]

    @cached_property
    def _s3(self) -> Any:
        values = self._values
        region = values["s3RegionName"]
        if region is None or not (region or values["s3Endpoint"]):
            raise ValueError(f"Cannot create enum from {region} value!")
        by_path = bool(values.get("s3PathStyleAccessEnabled"))
        key = values["s3AccessKey"], values["s3SecretKey"]
        return _client(*key, region, values["s3Endpoint"] or None, by_path=by_path)

    def key(self, sub_folder: str, name: str) -> str:
        return re.sub("/{2,}", "/", f"{self._values['s3StreamsFolderPath']}/{sub_folder}/{name}")

    async def look(self) -> None:
        """List the whole bucket, as the server does before its first upload."""
        await self._ask(lambda: self._s3.list_objects_v2(Bucket=self._bucket, Prefix=""))

    async def has(self, key: str) -> bool:
        def head() -> bool:
            from botocore.exceptions import ClientError

            try:
                self._s3.head_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] == "404":
                    return False
                raise
            return True

        return bool(await self._ask(head))

    async def put(self, key: str, body: bytes) -> None:
        permission = self._values["s3Permission"]
        options = {
            "ACL": permission if permission in CANNED_ACLS else "public-read",
            "StorageClass": self._values.get("s3StorageClass"),
            "CacheControl": self._values.get("s3CacheControl"),
        }
        given = {name: value for name, value in options.items() if value}
        await self._ask(lambda: self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, **given))

    async def get(self, key: str) -> bytes:
        def read() -> bytes:
            return bytes(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())

        return bytes(await self._ask(read))

    async def delete(self, name: str) -> None:
        # Here the server forgets the sub-folder.
        await self.delete_key(f"{self._values['s3StreamsFolderPath']}/{name}")

    async def delete_key(self, key: str) -> None:
        await self._ask(lambda: self._s3.delete_object(Bucket=self._bucket, Key=key))

    async def _ask(self, call: Callable[[], Any]) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return await asyncio.to_thread(call)
        except ClientError as error:
            raise UploadRefusedError(_in_java(error.response)) from error
        except (BotoCoreError, ValueError) as error:
            raise UploadRefusedError(str(error)) from error


def _in_java(response: Mapping[str, Any]) -> str:
    """Return a refusal of S3 as the server's own SDK words it."""
    error, status = response["Error"], response["ResponseMetadata"]["HTTPStatusCode"]
    where = f"Service: Amazon S3; Status Code: {status}; Error Code: {error['Code']}"
    return f"{error.get('Message', '')} ({where}; Request ID: 0; S3 Extended Request ID: 0; Proxy: null)"
