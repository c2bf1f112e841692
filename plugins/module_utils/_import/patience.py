# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Repeat a request of an import while its failure is one that may pass."""

from __future__ import annotations

import random
import time
from typing import Callable, TypeVar

from .._common.errors import AmsError
from .._common.polling import Deadline, growing
from .target import StoreBusy

# Seconds for which a server or a provider may not answer before the import stops.
PATIENCE = 300.0
_T = TypeVar("_T")


def patiently(
    call: Callable[[], _T], seconds: float = PATIENCE, sleep: Callable[[float], object] = time.sleep
) -> _T:
    """Return what a call returns. Raise its last error when the seconds are over, and any other at once.

    sleep: may raise if the import was stopped meanwhile.
    """
    deadline = Deadline(seconds)
    for pause in growing(1.0, 2.0, 30.0):
        try:
            return call()
        except (AmsError, StoreBusy) as error:
            is_passing = isinstance(error, StoreBusy) or error.transient
            if not is_passing or deadline.left <= 0:
                raise
        sleep(min(pause * random.uniform(0.5, 1.0), max(deadline.left, 0)))
    raise AssertionError("pauses have no end")
