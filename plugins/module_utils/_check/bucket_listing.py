# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The recordings in a folder of a bucket, listed once for all servers that record there with the same key."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Hashable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from typing import Any, Callable, Optional, Protocol, Union

from .._ams.recording_rules import object_key
from .._aws.codes import code_of
from .._common.errors import AwsError
from .._common.network import no_answer
from .._common.progress import Wait, say_wait
from .s3_clients import S3Clients, s3_client

with suppress(ImportError):  # s3_client reports it.
    from botocore.exceptions import BotoCoreError, ClientError

# A folder with more than these is not listed: HLS puts a file for each two seconds of a recording into it.
MOST_PAGES, MOST_SECONDS = 300, 60.0
# Recordings that are then looked for one by one.
MOST_ALONE = 100
# Files of HLS and previews, which may be in the same folder, are not kept.
_RECORDINGS = (".mp4", ".webm")
_OF_LISTING = ("s3Endpoint", "s3RegionName", "s3PathStyleAccessEnabled", "s3BucketName", "s3AccessKey")


class Stored(Protocol):
    """What says of a key whether its object is stored. at: since when. most: how many keys may be looked for."""

    at: float
    most: Optional[int]

    def __contains__(self, key: object) -> bool: ...


class StoredKeys:
    """Keys of objects. Of each only its hash is kept, so that a million of them take less than 100 MB."""

    most: Optional[int] = None

    def __init__(self, hashes: Set[int], at: float) -> None:
        self._hashes, self.at = hashes, at

    def __contains__(self, key: object) -> bool:
        return hash(key) in self._hashes


class KeysAlone:
    """Looks for each object by itself."""

    most: Optional[int] = MOST_ALONE

    def __init__(self, s3: Any, settings: Mapping[str, Any], at: float) -> None:
        self._s3, self._settings, self.at = s3, settings, at

    def __contains__(self, key: object) -> bool:
        with _as_error(f"Looking for {key}", self._s3.meta.endpoint_url):
            try:
                self._s3.head_object(Bucket=self._settings.get("s3BucketName"), Key=key)
            except ClientError as error:
                if code_of(error) != "404":
                    raise
                return False
        return True


class BucketListings:
    """Lists each folder when it is first needed."""

    def __init__(self, clients: S3Clients) -> None:
        self._clients = clients
        self._listings: dict[Hashable, _Listing] = {}
        self._changing = threading.Lock()
        self.is_over = False

    def stored(self, settings: Mapping[str, Any], timeout: float) -> Stored:
        """Return what is stored where an application records to. Raise AwsError if its key cannot list it.

        timeout: seconds for each response.
        """
        secret = hashlib.sha256(str(settings.get("s3SecretKey")).encode()).hexdigest()
        of = (*(str(settings.get(name)) for name in _OF_LISTING), secret, object_key(settings, ""))
        with self._changing:
            listing = self._listings.setdefault(of, _Listing())
        return listing.stored(lambda: self._list(settings, timeout))

    def stop(self) -> None:
        """Ask for no other page."""
        self.is_over = True

    def _list(self, settings: Mapping[str, Any], timeout: float) -> Stored:
        at, start, found = time.time(), time.monotonic(), set[int]()
        where = address_of(settings)
        with _as_error(f"Listing {where}", str(settings.get("s3Endpoint") or ""), timeout):
            s3 = self._clients.get(s3_client, settings, timeout, provisioning=False)
            pages = s3.get_paginator("list_objects_v2").paginate(
                Bucket=settings.get("s3BucketName"), Prefix=object_key(settings, "")
            )
            for number, page in enumerate(pages, 1):
                keys = [each["Key"] for each in page.get("Contents", ())]
                found.update(hash(key) for key in keys if key.endswith(_RECORDINGS))
                seconds = time.monotonic() - start
                wait = Wait(f"the list of {where}", f"{number} pages so far", part_of="the lists of objects")
                say_wait(wait, seconds, MOST_SECONDS)
                if self.is_over:
                    raise AwsError(f"Listing {where}", "the run was stopped")
                if page.get("IsTruncated") and (number >= MOST_PAGES or seconds > MOST_SECONDS):
                    return KeysAlone(s3, settings, at)
        return StoredKeys(found, at)


class _Listing:
    """The first one that needs it lists the folder, the others wait."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._found: Optional[Union[Stored, AwsError]] = None

    def stored(self, make: Callable[[], Stored]) -> Stored:
        with self._turn:
            if self._found is None:
                try:
                    self._found = make()
                except AwsError as error:
                    self._found = error
        if isinstance(self._found, AwsError):
            raise self._found
        return self._found


def address_of(settings: Mapping[str, Any]) -> str:
    """Return the address of the folder that an application records to, with a slash at its end."""
    return f"s3://{settings.get('s3BucketName') or ''}/{object_key(settings, '')}"


@contextmanager
def _as_error(tried: str, url: str, timeout: float = 0) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise AwsError(tried, code_of(error)) from None
    except (BotoCoreError, ValueError) as error:
        raise AwsError(tried, no_answer(error, url, timeout).words) from None
