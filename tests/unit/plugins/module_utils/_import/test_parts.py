# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a recording is cut, within the limits of S3."""

from __future__ import annotations

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import CollectionError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.parts import (
    LARGEST_OBJECT,
    LARGEST_PART,
    MOST_PARTS,
    SMALLEST_PART,
    UNIT,
    Part,
    etag_of,
    layout_of,
    md5_of,
)


@pytest.mark.parametrize(
    ("size", "count"),
    [
        (0, 1),
        (1, 1),
        (UNIT, 1),
        (UNIT + 1, 2),
        (6 * 1024**3, 878),
        (UNIT * MOST_PARTS, MOST_PARTS),
        (UNIT * MOST_PARTS + 1, MOST_PARTS // 2 + 1),
    ],
)
def test_number_of_parts(size: int, count: int) -> None:
    layout = layout_of(size)
    assert layout.count == len(list(layout)) == count
    assert layout.is_multipart is (count > 1)


@pytest.mark.parametrize("size", [0, 1, UNIT - 1, UNIT * 3, UNIT * MOST_PARTS + 1, 10**12, LARGEST_OBJECT])
def test_parts_are_within_the_limits_and_make_the_whole(size: int) -> None:
    parts = list(layout_of(size))
    assert len(parts) <= MOST_PARTS
    assert all(SMALLEST_PART <= part.size <= LARGEST_PART for part in parts[:-1])
    assert parts[-1].size <= LARGEST_PART
    ends = [part.offset + part.size for part in parts]
    assert [part.offset for part in parts] == [0, *ends[:-1]]
    assert ends[-1] == size
    assert layout_of(size).part_size % UNIT == 0


def test_a_part_that_does_not_exist() -> None:
    layout = layout_of(UNIT + 5)
    assert layout.part(2) == Part(2, UNIT, 5)
    for number in (0, 3):
        with pytest.raises(IndexError):
            layout.part(number)


def test_a_recording_that_s3_cannot_store() -> None:
    with pytest.raises(CollectionError, match=f"{LARGEST_OBJECT + 1} bytes, and S3 stores at most"):
        layout_of(LARGEST_OBJECT + 1)


def test_etags_are_those_that_s3_documents() -> None:
    hello = "5d41402abc4b2a76b9719d911017c592"
    assert etag_of([md5_of(b"hello")], is_multipart=False) == hello
    assert etag_of([md5_of(b"hello")]) == f"{md5_of(bytes.fromhex(hello)).hex()}-1"
    assert etag_of([md5_of(b"a"), md5_of(b"b")]).endswith("-2")
