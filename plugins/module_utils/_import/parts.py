# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The parts of an upload: how a recording is cut, within the limits of S3. Plain data in, plain data out.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .._common.errors import CollectionError

MIB = 1024 * 1024
SMALLEST_PART, LARGEST_PART = 5 * MIB, 5 * 1024 * MIB
MOST_PARTS = 10_000
LARGEST_OBJECT = 5 * 1024 * 1024 * MIB
# All parts of an import have a multiple of this size. AMS cuts at 5 MiB, the AWS CLI and boto3 at 8, other
# tools at 5, 10, 15 or 16: so an open upload that is cut like this is of an import.
UNIT = 7 * MIB


@dataclass(frozen=True)
class Part:
    """A piece of a recording. number: from 1."""

    number: int
    offset: int
    size: int


@dataclass(frozen=True)
class Layout:
    """How a recording is cut. All parts have the same size, but the last one may be smaller."""

    size: int
    part_size: int

    @property
    def count(self) -> int:
        """Return the number of parts, 1 for an empty recording."""
        return max(1, -(-self.size // self.part_size))

    @property
    def is_multipart(self) -> bool:
        """True if one request is not enough."""
        return self.count > 1

    def part(self, number: int) -> Part:
        """Return a part. Raise IndexError if there is no such one."""
        if not 1 <= number <= self.count:
            raise IndexError(f"part {number} of {self.count}")
        offset = (number - 1) * self.part_size
        return Part(number, offset, min(self.part_size, self.size - offset))

    def __iter__(self) -> Iterator[Part]:
        return map(self.part, range(1, self.count + 1))


def layout_of(size: int) -> Layout:
    """Return how to cut a recording of so many bytes. Raise CollectionError if S3 cannot store it."""
    if not 0 <= size <= LARGEST_OBJECT:
        limit = f"{size} bytes, and S3 stores at most {LARGEST_OBJECT}"
        raise CollectionError("Cutting a recording into parts", limit, "Cut the recording with a video tool")
    units = max(1, -(-size // (UNIT * MOST_PARTS)))
    return Layout(size, UNIT * units)


def md5_of(data: bytes) -> bytes:
    """Return the MD5 of a part, by which S3 knows whether it has received it whole."""
    return hashlib.md5(data, usedforsecurity=False).digest()


def etag_of(md5s: Iterable[bytes], *, is_multipart: bool = True) -> str:
    """Return the ETag that S3 gives an object of these parts, without quotes. md5s: of the parts, in order.

    An object that one PUT has made has the MD5 alone as its ETag, and is_multipart is False.
    """
    digests = list(md5s)
    if not is_multipart:
        return digests[0].hex()
    return f"{md5_of(b''.join(digests)).hex()}-{len(digests)}"
