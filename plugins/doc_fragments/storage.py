# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that the plan of the storage and its set-up share, as storage_argument_spec has them."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  buckets:
    description: The buckets.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the bucket.
        type: str
        required: true
      region:
        description: Region of the bucket. The default is the region of the task.
        type: str
      endpoint_url:
        description: Address of the AWS services. The default is the address of the task.
        type: str
      unless_uploading:
        description:
          - Whether to leave the bucket alone while a multipart upload to it is in progress. A plan does not
            look for uploads.
        type: bool
        default: false
      s3_recording_bucket:
        description: Options of M(antmedia.s3_recording.s3_recording_bucket), if it is to run.
        type: dict
      cloudfront_recording_distribution:
        description: Options of M(antmedia.s3_recording.cloudfront_recording_distribution), if it is to run.
        type: dict
      s3_bucket_access:
        description: Options of M(antmedia.s3_recording.s3_bucket_access), if it is to run.
        type: dict
      s3_cors:
        description: Options of M(antmedia.s3_recording.s3_cors), if it is to run.
        type: dict
      iam_programmatic_user:
        description: Options of M(antmedia.s3_recording.iam_programmatic_user), if it is to run.
        type: dict
      iam_stored_access_key:
        description: Options of M(antmedia.s3_recording.iam_stored_access_key), if it is to run.
        type: dict
      previous_iam_user:
        description:
          - The IAM user that the bucket had before, with the place of its access key (C(key_store),
            C(key_stored_at)). It is deleted only with C(may_delete).
        type: dict
  kms_key_id:
    description: For all keys, as for M(antmedia.s3_recording.iam_stored_access_key).
    type: str
  recreate:
    description: For all keys, as for M(antmedia.s3_recording.iam_stored_access_key).
    type: bool
    default: false
  delete_after:
    description: For all keys, as for M(antmedia.s3_recording.iam_stored_access_key).
    type: int
  max_age_days:
    description: For all keys, as for M(antmedia.s3_recording.iam_stored_access_key).
    type: int
  vault_password:
    description:
      - For keys in files, the ansible-vault passwords that may decrypt them. With a local connection the
        default is the vault passwords of the run.
    type: list
    elements: str
  vault_id:
    description: For keys in files, the label of the password that encrypts them.
    type: str
"""
