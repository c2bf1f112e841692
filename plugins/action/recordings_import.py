# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from typing import Any

from ansible import constants
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import s3_clients
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.bandwidth import SHARED
from ansible_collections.antmedia.s3_recording.plugins.modules import recordings_import
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.in_process import (
    InProcessAction,
)

s3_clients.prepare_for_fork()


class ActionModule(InProcessAction):
    """Run the import. All workers of a run share one limit of the bandwidth."""

    module = recordings_import

    def _run_here(self) -> dict[str, Any]:
        # In the folder that Ansible makes for each run and removes at its end.
        token = SHARED.set(os.path.join(constants.DEFAULT_LOCAL_TMP, "antmedia-import-bandwidth"))
        try:
            return super()._run_here()
        finally:
            SHARED.reset(token)


class OnController(ActionModule):
    """Run the import on the controller, whatever connection the host has: AWS credentials stay here."""

    def _has_to_be_shipped(self) -> bool:
        return False
