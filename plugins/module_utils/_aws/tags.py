# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Convert tags between the list of AWS and a dictionary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def to_aws(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as a list for AWS, in the order of their names."""
    return [{"Key": name, "Value": value} for name, value in sorted(tags.items())]


def from_aws(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return tags as a dictionary."""
    return {tag["Key"]: tag["Value"] for tag in tags}
