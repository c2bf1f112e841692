# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The objects in a folder of a bucket, listed once for all servers that record there with the same key."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Hashable, Mapping, Set
from contextlib import suppress
from typing import Any, Optional, Union

from .._ams.recording_rules import location, object_key
from .._aws.codes import code_of
from .._common.errors import AwsError
from .._common.network import no_answer
from .._common.progress import Wait, say_wait
from .s3_clients import S3Clients, s3_client

with suppress(ImportError):  # s3_client reports it.
    from botocore.exceptions import BotoCoreError, ClientError

# Seconds, in which a provider that takes 100 ms for each thousand lists three million objects.
MOST_SECONDS = 300.0
_OF_LISTING = ("s3Endpoint", "s3RegionName", "s3PathStyleAccessEnabled", "s3BucketName", "s3AccessKey")


class StoredKeys:
    """Keys of objects. Of each only its hash is kept, so that a million of them take less than 100 MB."""

    def __init__(self, hashes: Set[int] = frozenset()) -> None:
        self._hashes = hashes

    def __contains__(self, key: object) -> bool:
        return hash(key) in self._hashes


class BucketListings:
    """Lists each folder when it is first needed."""

    def __init__(self, clients: S3Clients) -> None:
        self._clients = clients
        self._listings: dict[Hashable, _Listing] = {}
        self._changing = threading.Lock()

    def keys(self, settings: Mapping[str, Any], timeout: float) -> StoredKeys:
        """Return the keys where an application records to. Raise AwsError if its key cannot list them.

        timeout: seconds for each response.
        """
        secret = hashlib.sha256(str(settings.get("s3SecretKey")).encode()).hexdigest()
        of = (*(str(settings.get(name)) for name in _OF_LISTING), secret, object_key(settings, ""))
        with self._changing:
            listing = self._listings.setdefault(of, _Listing())
        return listing.keys(self._clients, settings, timeout)


class _Listing:
    """The first one that needs it lists the folder, the others wait."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._found: Optional[Union[StoredKeys, AwsError]] = None

    def keys(self, clients: S3Clients, settings: Mapping[str, Any], timeout: float) -> StoredKeys:
        with self._turn:
            if self._found is None:
                try:
                    self._found = StoredKeys(_hashes(clients, settings, timeout))
                except AwsError as error:
                    self._found = error
        if isinstance(self._found, AwsError):
            raise self._found
        return self._found


def _hashes(clients: S3Clients, settings: Mapping[str, Any], timeout: float) -> set[int]:
    where = f"{location(settings)}/"
    found: set[int] = set()
    start = time.monotonic()
    url = str(settings.get("s3Endpoint") or "")
    try:
        s3 = clients.get(s3_client, settings, timeout, provisioning=False)
        url = s3.meta.endpoint_url
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=settings.get("s3BucketName"), Prefix=object_key(settings, "")
        )
        for page in pages:
            found.update(hash(each["Key"]) for each in page.get("Contents", ()))
            seconds = time.monotonic() - start
            detail = f"{len(found)} objects so far"
            say_wait(Wait(f"the list of {where}", detail, part_of="the checks"), seconds, MOST_SECONDS)
            if seconds > MOST_SECONDS:
                raise AwsError(f"Listing {where}", f"{detail}, after {seconds:.0f} s")
    except ClientError as error:
        raise AwsError(f"Listing {where}", code_of(error)) from None
    except (BotoCoreError, ValueError) as error:
        raise AwsError(f"Listing {where}", no_answer(error, url, timeout).words) from None
    return found
