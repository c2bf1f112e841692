# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""How long a live check waits, in seconds.

All steps together wait up to the option live_timeout, by the clock of LiveStream. The other waits are
these.
"""

from __future__ import annotations

# The server tries a source again every 3 s; more than one failure is no accident.
PULL_PATIENCE = 10.0
# How long the server may still upload after the clean-up has begun.
RECORDING_LATE, HLS_LATE = 5.0, 3.0
# The clean-up: at most, and until nothing new has appeared.
REMOVAL_SECONDS, QUIET_SECONDS = 30.0, 1.5
