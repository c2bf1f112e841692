# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sweeps over many cases. The tests run a sample of each, `make sweep` all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

Each = TypeVar("Each")


def chosen(cases: Sequence[Each], sample: Sequence[Each]) -> Sequence[Each]:
    return cases if os.environ.get("SWEEP") == "all" else sample
