#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recordings_import
short_description: Copy recordings that never reached the bucket from an Ant Media Server to S3
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Ant Media Server (AMS) uploads a recording once, when its stream has ended. It never uploads what was
    recorded before S3 was set up, what S3 refused, and what users have uploaded or imported themselves. Once
    the application forwards viewers to S3, nobody can play these recordings.
  - This module reads the whole list of recordings (VoD) of an application, lists the bucket, and copies what
    is missing. The object gets the key that AMS would have given it, which is the one that forwarding asks
    for, with the ACL, the storage class and the cache header in the application's settings, and the content
    type of the file's name.
  - Reads each recording as a viewer does, from the server's own HTTP port, so it works only as long as the
    application does not forward viewers of these files, and asks viewers for no token. If not, it says so.
  - Recordings that are less than an hour old are left to AMS, which may still be uploading them, see
    O(min_age).
  - A recording is copied in parts of 7 MiB, as many at a time as O(connections). A run that is killed leaves
    its parts in the bucket, and the next run goes on there.
  - Sends an MD5 with each part, so the S3 provider refuses bytes that were damaged on the way. At the end it
    compares size and ETag of the object. If the ETag is no checksum, as with some providers, it reads the
    object back. What a server sends has no checksum. Instead the module compares the size and the time of the
    file before and after.
  - Never replaces or deletes an object. An object of the same size counts as the recording. Objects that
    differ are named. Never deletes a recording on the server, unless O(delete_local) says so.
  - A recording that the server lists without having its file is a warning.
  - If the server or the S3 provider does not answer, or answers 503, it waits up to five minutes.
extends_documentation_fragment:
  - antmedia.s3_recording.ams_connection
options:
  apps:
    description: The applications whose recordings are imported.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the application.
        type: str
        required: true
      settings:
        description:
          - Settings that the application should have, by their names in AMS.
          - They decide where the AWS credentials of the environment may be sent. If bucket, region, endpoint
            or path style of the server differ from them, nothing is sent.
          - Without C(s3Endpoint) in them, nothing is sent to an endpoint that the server names, unless it is
            S3 on AWS over https or the endpoint in E(AWS_ENDPOINT_URL_S3) or E(AWS_ENDPOINT_URL).
        type: dict
        default: {}
  viewer_url:
    description:
      - Address from which the recordings are read. The default is O(url).
      - Behind a load balancer, use the address of the server itself.
    type: str
  connections:
    description: How many recordings, or parts of recordings, are copied at the same time, from 1 to 32.
    type: int
    default: 4
  bandwidth:
    description:
      - How many bytes a second are copied at most. All servers of a run on the controller share this number.
        Over ssh it is the limit of each server. V(0) means no limit.
    type: int
    default: 0
  min_age:
    description:
      - How old a recording must be to be copied, in seconds. A younger one may be on its way into the bucket.
      - V(0) also copies those of the last minutes, for example when nothing was recorded to S3 until now. A
        recording that the server still writes to is not copied in any case.
    type: float
    default: 3600
  expire_days:
    description:
      - Days after which a lifecycle rule of the bucket deletes recordings. Older ones are not copied. V(0)
        means that no rule does.
    type: int
    default: 0
  ams_dir:
    description: Where AMS is installed. Over ssh the recordings are read below it.
    type: str
    default: /usr/local/antmedia
  delete_local:
    description:
      - Whether to delete a recording on the server's disk when its object is verified. Only over ssh.
      - An object that was in the bucket before must have the same bytes, by its ETag. If the ETag is no
        checksum, as with a KMS key, the recording stays.
      - The list of the server still has a deleted recording. It can be played where AMS forwards viewers.
    type: bool
    default: false
attributes:
  check_mode:
    description: Reads the lists and the beginning of one recording, and says what would be copied.
    support: full
  diff_mode:
    description: The result names what was copied.
    support: none
  idempotent:
    description: A second run copies nothing.
    support: full
notes:
  - The AWS credentials are those of the environment. They need C(s3:ListBucket) and
    C(s3:ListBucketMultipartUploads) on the bucket, and C(s3:GetObject), C(s3:PutObject),
    C(s3:PutObjectAcl), C(s3:AbortMultipartUpload) and C(s3:ListMultipartUploadParts) on its objects. For a
    bucket that is encrypted with a KMS key, they need C(kms:GenerateDataKey) and C(kms:Decrypt) too.
  - With a connection other than local, such as ssh, the recordings are read from the server's disk. The
    controller sends a small program to the host's Python, on stdin, and signs a URL for each part. The host
    sends the parts to S3 itself. It needs Python 3.7, and neither boto3 nor AWS credentials. To read settings
    it needs requests, as all modules for AMS do.
  - Such a URL is valid for at most 15 minutes, for one part, and only for the bytes whose MD5 is signed with
    it. No argument, file, log or output has it.
requirements:
  - boto3
  - botocore
seealso:
  - module: antmedia.s3_recording.recording_check
    description: Its option O(antmedia.s3_recording.recording_check#module:backlog) says how many are missing.
"""

EXAMPLES = r"""
- name: Copy the recordings that are not in the bucket yet
  antmedia.s3_recording.recordings_import:
    url: "{{ ams_url }}"
    email: "{{ ams_email }}"
    password: "{{ ams_password }}"
    apps:
      - name: live
    bandwidth: 20000000
"""

RETURN = r"""
apps:
  description: The applications, in order.
  returned: if the server could be read
  type: list
  elements: dict
  contains:
    app:
      description: The application.
      type: str
    way:
      description: V(http) if the recordings were read over HTTP, V(ssh) if from the server's disk.
      type: str
    location:
      description: The folder in the bucket.
      type: str
    listed:
      description: How many recordings the server lists, or its disk has.
      type: int
    skipped:
      description: How many of them are younger than O(min_age), have expired, or are of a check.
      type: int
    present:
      description: How many were in the bucket already.
      type: int
    copied:
      description: How many were copied and verified.
      type: int
    copied_bytes:
      description: How many bytes they have.
      type: int
    to_copy:
      description: In check mode, how many would be copied.
      type: int
    to_copy_bytes:
      description: In check mode, how many bytes they have, as the server lists them.
      type: int
    unfinished:
      description:
        - How many of those that were copied, or would be, AMS had left as C(NAME.mp4.tmp_extension), because
          it could not begin their upload. Their objects have the name C(NAME.mp4).
      type: int
    deleted:
      description: How many were deleted on the server's disk.
      type: int
    kept:
      description: How many stay on the disk in spite of O(delete_local), as their objects have no checksum.
      type: int
    names:
      description: The first 100 that were copied, or that would be.
      type: list
      elements: str
    differing_count:
      description: How many objects differ from the recording that would have their key. They stay.
      type: int
    differing:
      description: The first 100 of them, each with its name and the reason.
      type: list
      elements: dict
    links:
      description: How many links on the server's disk were not followed. Only over ssh.
      type: int
    gone_count:
      description: How many the server lists without having their files. Nobody could play them before either.
      type: int
    gone:
      description: The first 100 of them, each with its name and the reason.
      type: list
      elements: dict
    failed_count:
      description: How many could not be copied.
      type: int
    failed:
      description: The first 100 of them, each with its name and the reason.
      type: list
      elements: dict
    not_tried:
      description: How many were not tried, or not to the end, because of RV(apps[].error).
      type: int
    error:
      description: Why the import of the application ended early. Empty if it did not.
      type: str
  sample:
    - app: live
      way: http
      location: s3://recorded-by-examples/streams/
      listed: 2
      skipped: 0
      present: 0
      copied: 2
      copied_bytes: 1200000
      to_copy: 0
      to_copy_bytes: 0
      unfinished: 0
      deleted: 0
      kept: 0
      names: [lecture.mp4, talk.mp4]
      differing_count: 0
      differing: []
      links: 0
      gone_count: 0
      gone: []
      failed_count: 0
      failed: []
      not_tried: 0
      error: ""
seconds:
  description: How long the import took, in seconds.
  returned: if the server could be read
  type: float
  sample: 0.3
warnings:
  description: Warnings about objects that differ, recordings without a file, and links on a disk.
  returned: if there are any
  type: list
  elements: str
  sample:
    - "live: 1 object in s3://myvideos/streams/ with the name of another recording, not replaced: talk.mp4"
msg:
  description: The result, a line for each application, and one for each recording that failed or differs.
  returned: always
  type: str
  sample: "live: 2 of 2 recordings copied to s3://recorded-by-examples/streams/ (1.2 MB)"
"""

from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams import arguments
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.run import run

ARGUMENT_SPEC = {
    **arguments.CONNECTION_SPEC,
    "apps": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "settings": {"type": "dict", "default": {}},
        },
    },
    "viewer_url": {"type": "str"},
    "connections": {"type": "int", "default": 4},
    "bandwidth": {"type": "int", "default": 0},
    "min_age": {"type": "float", "default": 3600},
    "expire_days": {"type": "int", "default": 0},
    "ams_dir": {"type": "str", "default": "/usr/local/antmedia"},
    "delete_local": {"type": "bool", "default": False},
}
CONSTRAINTS = arguments.CONNECTION_CONSTRAINTS


def main() -> None:
    arguments.run_as_module(run, ARGUMENT_SPEC, **CONSTRAINTS)


if __name__ == "__main__":
    main()
