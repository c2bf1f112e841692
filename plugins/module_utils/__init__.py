# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Internal: all of this may change in any release. Modules ship it to where they run.

_common  errors, network failures, waiting, addresses, providers of S3, deliveries
_ams     the server's console: connection, settings, backup and rollback, and what AMS does with its settings
_aws     for each AWS module a NAME_plan (what to do, without a call) and a NAME_apply (the calls)
_check   recording_check: uploads, playback, live streams, and why one of them fails
_import  recordings_import: recordings that never reached the bucket, copied there
"""
