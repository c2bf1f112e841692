# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Limits of options that a module and the role's plan check alike."""

from __future__ import annotations

# Of an import, at the same time from one server.
MOST_CONNECTIONS = 32
