# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.antmedia.s3_recording.plugins.action import s3_recording_storage_plan
from ansible_collections.antmedia.s3_recording.plugins.modules import s3_recording_storage


class ActionModule(s3_recording_storage_plan.ActionModule):
    """Run the module of the same name with the vault passwords of the run, which a module cannot see."""

    module = s3_recording_storage
