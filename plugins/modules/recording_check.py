#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording_check
short_description: Verify that recordings of an Ant Media Server reach S3 and viewers
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Reads the current settings of an application of Ant Media Server (AMS). With their key and folder it
    uploads a small object to the bucket exactly as AMS does (list with an empty prefix, HEAD, PUT with the
    same ACL, storage class and cache header). It signs as AMS does, with endpoint, region and path style of
    these settings.
  - If the application forwards viewers, the module then requests the object from the server as a viewer does.
    It expects a redirect to the right place, the whole object, a range of it, and the CORS headers for each
    origin. CORS that allows sites other than O(origins) is a warning, since recording and playback work.
  - Follows redirects of the object's address like a browser, at most ten. It follows none to a link-local
    address, and none to an address nearer to this host than the one that redirects. A redirect from https to
    http is a warning.
  - Tries whether strangers can read the object if AMS serves the bucket with its own key, see O(closed).
  - Removes the object at the end, also after a failure, with the AWS credentials of the environment or with
    the server's own key. Before the upload it checks that one of them may delete the object. If neither may,
    the module uploads nothing, fails, and says what is wrong with the credentials.
  - First removes objects in the same folder that killed checks left more than an hour ago, with the same
    credentials. The check V(leftovers) and a warning say how many. With O(live) this includes objects of live
    checks, and their broadcasts and recordings are removed from the server, which V(live pull) reports.
  - AMS hides why an upload fails. This module says which check failed and what to do.
  - With O(state=absent) it verifies the opposite, for servers that no longer record to S3.
  - With O(live) the server itself pulls a clip, records it and uploads it, and the module fetches this
    recording as a viewer does. This verifies everything from recording to playback without an encoder.
extends_documentation_fragment:
  - antmedia.s3_recording.ams_connection
options:
  apps:
    description: The applications to check.
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
          - They decide where requests and the AWS credentials of the environment may be sent. If bucket,
            region, endpoint, path style or base URL of the server differ from them, the check V(settings)
            fails and nothing else is tried.
          - Without C(s3Endpoint) in them, nothing is sent to an endpoint that the server names, unless it is
            S3 on AWS over https or the endpoint in E(AWS_ENDPOINT_URL_S3) or E(AWS_ENDPOINT_URL). Without
            C(httpForwardingBaseURL), redirects from a public server to a private or loopback address are not
            followed.
          - With O(state=absent), the settings that the application had.
        type: dict
        default: {}
  state:
    description:
      - With V(present), recordings must reach the bucket, and viewers if the application forwards them.
      - With V(absent), nothing may be recorded to the bucket in O(apps[].settings), and no viewer may be
        sent to the base URL in them. Nothing is uploaded.
    type: str
    choices: [present, absent]
    default: present
  viewer_url:
    description: Address at which viewers reach the server. The default is O(url).
    type: str
  origins:
    description: Origins whose pages must be allowed to play the recordings.
    type: list
    elements: str
    default: []
  cors_elsewhere:
    description:
      - Where the CORS rules are set if not on the bucket. Used in the advice of messages.
    type: str
    default: ''
  wait_timeout:
    description:
      - Seconds to wait until the S3 provider knows a new key or a new bucket policy. After that the check
        fails.
    type: float
    default: 30
  live:
    description:
      - Whether each server must also make a recording. The module puts a clip of six seconds into the bucket,
        below the application's folder. The server pulls it as a stream source from an address signed with the
        AWS credentials of the environment. It records the clip as MP4, even if C(mp4MuxingEnabled) of the
        application is off, and uploads the recording. A viewer must get a whole MP4 with exactly the bytes of
        the bucket. If the application does not forward V(mp4), the recording is read from the bucket with
        these credentials instead.
      - If something only prevents this check, that is a warning with the reason, and the small object decides
        the result. The server may be too busy to accept a stream, its license or C(ingestingStreamLimit) may
        not allow one more, or the application's REST API may refuse the call because of its IP filter or the
        user's rights. If that API requires a JWT (C(jwtControlEnabled)), the module signs one with the
        application's own C(jwtSecretKey).
      - Broadcast, recordings and objects are removed at the end, also after a failure or a signal. If the
        server cannot upload a file because of the key's rights, the upload never ends, and AMS has no way to
        remove it. An application that fails a check of its upload (settings, key, list, head, put) is
        therefore not tried live.
      - The AWS credentials of the environment need C(s3:PutObject), C(s3:GetObject), C(s3:DeleteObject)
        and C(s3:ListBucket), and for a bucket with versions also C(s3:ListBucketVersions) and
        C(s3:DeleteObjectVersion). The user of the console must be allowed to manage broadcasts of the
        applications.
      - Others can see this check. The application's webhook (C(listenerHookURL)) is called for a broadcast
        named C(live-check-) and 16 letters. It counts as a stream of the server, and for some seconds its
        recording is in the application's list (VoD). The server writes the signed address to its log. The
        address gives access to the clip only, for O(live_timeout) and one more minute.
    type: bool
    default: false
  live_timeout:
    description:
      - Seconds for the live check of one application, from the clip to the viewer. It must be more than 0. An
        idle server needs about five. A server whose CPU is above its own limit refuses the stream. The module
        asks again within this time. If the server refuses to the end, that is a warning.
      - With a local connection, a check that takes longer than ten seconds displays every ten seconds what it
        is waiting for.
      - If the server or the S3 provider does not answer, cleaning up can take half a minute more.
    type: float
    default: 90
  closed:
    description:
      - Whether nobody may read recordings without credentials or a CDN, as with private delivery.
      - AMS serves C(/APP/hls-upload/NAME) with its own access key. Only the IP filter of the application's
        REST API protects it. The module requests the object there, with and without the header
        C(X-Forwarded-For). If recordings are closed and a stranger gets the object, the check V(hls-upload)
        fails. Otherwise that is a warning, since recordings can be overwritten there.
      - Only 403 with C(Not allowed IP) and 404 count as refused. Any other answer, for example from a proxy,
        or none is a warning that the check could not be made.
      - If not set, recordings count as closed if the application does not forward viewers.
    type: bool
  allow_open_hls_upload:
    description:
      - Whether it is only a warning if recordings are closed but C(/APP/hls-upload/NAME) is open to this
        host.
      - Use it if a firewall or a proxy opens the server's ports only to trusted hosts, and this host is one
        of them.
    type: bool
    default: false
  backlog:
    description:
      - Whether to look for recordings in the applications' lists (VoD) whose object is not in the bucket. The
        check V(backlog) and RV(backlog) say how many.
      - Reads the newest 10,000 entries of an application's list, for at most 30 seconds, since each page
        costs AMS time. Lists the folder in the bucket with the application's own key. If that has more than
        300,000 objects, as with HLS, or takes more than 60 seconds, only the newest 100 recordings are looked
        for.
      - Is made only if the key can list the bucket (the check V(list)). If the application's list cannot be
        read, this check is not tried, and the others decide.
      - Recordings that are less than an hour old do not count, since they may still be on their way. Those
        that AMS never uploads, because no stream has made them, do not count either. RV(backlog) has their
        number.
      - AMS lists no recording whose upload failed before its first byte, for example because the key may not
        list the bucket. Such a file stays on the server's disk as C(NAME.mp4.tmp_extension), see O(ams_dir).
    type: bool
    default: false
  backlog_max:
    description:
      - How many recordings of an application may be missing before the check V(backlog) fails. If not set, it
        does not fail.
    type: int
  ams_dir:
    description:
      - Folder in which AMS is installed on the host where this module runs, such as C(/usr/local/antmedia).
        With it, O(backlog) also counts the files C(NAME.mp4.tmp_extension) of the application that nobody has
        written to for an hour. Use it only if the module runs on the server itself.
    type: path
  expire_days:
    description:
      - Days after which a lifecycle rule of the bucket deletes recordings. Older ones do not count. V(0)
        means that no rule does.
    type: int
    default: 0
  backup_path:
    description:
      - Backup file written by M(antmedia.s3_recording.ams_app_settings). If all checks pass, the changes in
        it are recorded as verified.
    type: path
attributes:
  check_mode:
    description: Can run in check mode without uploading anything.
    details: It is skipped, since it cannot verify anything without an upload.
    support: partial
  diff_mode:
    description: Changes nothing that lasts, so there is no diff.
    support: none
  idempotent:
    description: Changes nothing that lasts.
    support: full
requirements:
  - boto3
  - botocore
"""

EXAMPLES = r"""
- name: Verify the recordings of one application
  antmedia.s3_recording.recording_check:
    url: "{{ ams_url }}"
    email: "{{ ams_email }}"
    password: "{{ ams_password }}"
    apps:
      - name: live
    origins:
      - "{{ ams_url }}"

- name: Verify them with a recording that the server makes itself
  antmedia.s3_recording.recording_check:
    url: "{{ ams_url }}"
    email: "{{ ams_email }}"
    password: "{{ ams_password }}"
    apps:
      - name: live
    live: true
"""

RETURN = r"""
checks:
  description: The checks, in order.
  returned: if any check was made
  type: list
  elements: dict
  contains:
    app:
      description: The application.
      type: str
    check:
      description:
        - Name of the check. V(hls-upload) has no verdict if the IP filter allows the address of this host, as
          it does on the server itself. RV(checks[].actual) says so. It is not tried if only a proxy or nobody
          answers.
        - With O(live) the last ones are V(live source), V(live pull), V(live recording),
          V(live upload), V(live playback) and V(live removal). After a failure only the removal follows.
          V(live check) is in the list if the live check could not be made.
        - With O(backlog) the last one is V(backlog).
      type: str
    ok:
      description: Whether the check passed. V(true) for a live check that could not be made.
      type: bool
    tried:
      description: V(false) if the check could not be made. It then says nothing about recording.
      type: bool
    warning:
      description: A warning about something that is not an error.
      type: str
    expected:
      description: The expected result.
      type: str
    actual:
      description: The actual result.
      type: str
    remedy:
      description: What to do if the check failed.
      type: str
  sample:
    - app: live
      check: put
      ok: true
      expected: streams/recording-check-0123456789abcdef.mp4 stored with the ACL bucket-owner-full-control
      actual: as expected
      remedy: ""
      warning: ""
      tried: true
backlog:
  description:
    - Applications of which recordings are not in the bucket. A module's task also warns of each.
  returned: with O(backlog), if there are any
  type: list
  elements: dict
  contains:
    app:
      description: The application.
      type: str
    location:
      description: Where its recordings should be.
      type: str
    listed:
      description: How many recordings were looked for.
      type: int
    complete:
      description: V(false) if there are older ones, which were not looked for.
      type: bool
    missing:
      description: How many of them are not there.
      type: int
    bytes:
      description: How many bytes the missing ones have, as the server lists them.
      type: int
    oldest:
      description: When the oldest missing one was made. Null if none is missing.
      type: str
    newest:
      description: When the newest missing one was made. Null if none is missing.
      type: str
    never_uploaded:
      description: How many more are not there that AMS never uploads, because no stream has made them.
      type: int
    unfinished:
      description: How many unfinished recordings are on the server's disk, see O(ams_dir).
      type: int
    unfinished_bytes:
      description: How many bytes they have.
      type: int
  sample:
    - app: live
      location: s3://myvideos/streams/
      listed: 135
      complete: true
      missing: 39
      bytes: 1200000000
      oldest: "2026-11-02T10:12:00Z"
      newest: "2026-11-29T08:00:00Z"
      never_uploaded: 0
      unfinished: 0
      unfinished_bytes: 0
seconds:
  description: How long the checks took, in seconds.
  returned: if any check was made
  type: float
  sample: 0.3
warnings:
  description: Warnings about what is not an error, each text once.
  returned: if there are any
  type: list
  elements: str
  sample:
    - "https://ams1.example.com:5443, application 'live': the live check could not be made, ..."
verified:
  description: V(true) if the changes in O(backup_path) were recorded as verified.
  returned: with O(backup_path), if all checks passed
  type: bool
  sample: true
msg:
  description: The result in one line. If a check failed, a line for each check.
  returned: always
  type: str
  sample: "live: all 11 checks passed"
"""

from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams import arguments
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.run import run

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
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "viewer_url": {"type": "str"},
    "origins": {"type": "list", "elements": "str", "default": []},
    "cors_elsewhere": {"type": "str", "default": ""},
    "wait_timeout": {"type": "float", "default": 30},
    "backup_path": {"type": "path"},
    "closed": {"type": "bool"},
    "allow_open_hls_upload": {"type": "bool", "default": False},
    "live": {"type": "bool", "default": False},
    "live_timeout": {"type": "float", "default": 90},
    "backlog": {"type": "bool", "default": False},
    "backlog_max": {"type": "int"},
    "expire_days": {"type": "int", "default": 0},
    "ams_dir": {"type": "path"},
}
CONSTRAINTS = arguments.CONNECTION_CONSTRAINTS


def main() -> None:
    arguments.run_as_module(run, ARGUMENT_SPEC, **CONSTRAINTS)


if __name__ == "__main__":
    main()
