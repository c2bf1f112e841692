# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What the results of the modules have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def diff(header: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return a diff as Ansible displays it."""
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def summary(subject: str, steps: Sequence[str]) -> str:
    """Return one line about what is changed."""
    return f"{subject}: {'; '.join(steps) or 'no change needed'}"
