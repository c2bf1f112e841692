# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.antmedia.s3_recording.plugins.modules import cloudfront_recording_distribution
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.on_controller import (
    ApiAction,
)


class ActionModule(ApiAction):
    module = cloudfront_recording_distribution
