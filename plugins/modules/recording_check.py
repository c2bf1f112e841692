#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording_check
short_description: Prove that recordings of an Ant Media Server reach S3 and viewers
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Reads the settings that an application of Ant Media Server (AMS) really has. With the key and the
    folder in them it puts a small object into the bucket just as AMS does (list with an empty prefix,
    HEAD, PUT with the same ACL, storage class and cache header), signed as AMS signs with endpoint, region
    and path style of these settings.
  - Then asks the server for the object as a viewer does, where the application forwards. A redirect to
    the right place, the whole object, a piece of it, and the CORS answers for each origin are expected.
    CORS that allows other sites than O(origins) is a warning, since recording and playback work with it.
  - Redirects of the object's address are followed as a browser does, at most ten, and never nearer to this
    host than the address that redirects is itself, to a link-local address not at all. A redirect from https
    to http is a warning.
  - Tries whether strangers get the object where AMS serves the bucket with its own key (see O(closed)).
  - The object is removed at the end, also after a failure, with the AWS credentials of the environment or
    with the server's own key. Before it is put the module finds out whether one of them may delete it. If
    neither may, nothing is put, and the module fails and says what is wrong with the credentials.
  - Objects of earlier checks that were killed, older than an hour and in the same folder, are removed first
    by the same credentials. The link C(leftovers) and a warning say how many. With O(live) those of live
    checks are looked for as well.
  - AMS hides why an upload fails. This module says which link of the chain is broken and what to do.
  - With O(state=absent) it proves the opposite, for servers that recording was taken off.
  - With O(live) the server itself pulls a clip, records it and uploads it, and that recording is fetched as
    a viewer fetches it. This proves the whole way without an encoder.
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
          - Settings that the application is expected to have, by their names in AMS.
          - They decide where requests and the AWS credentials of the environment go. Where bucket, region,
            endpoint, path style or base URL of the server differ from them, the link C(settings) is broken
            and nothing else is tried.
          - Without C(s3Endpoint) among them nothing is sent to an endpoint that the server names, unless it
            is S3 of AWS by https, or that of C(AWS_ENDPOINT_URL_S3) or C(AWS_ENDPOINT_URL). Without
            C(httpForwardingBaseURL) viewers are not followed from a public server to a private or loopback
            address.
          - With O(state=absent) those that it had.
        type: dict
        default: {}
  state:
    description:
      - With V(present) recordings must reach the bucket, and viewers where the application forwards.
      - With V(absent) nothing may be recorded to the bucket that O(apps[].settings) names, and no viewer may
        be sent to the base URL in them. Nothing is put into the bucket.
    type: str
    choices: [present, absent]
    default: present
  viewer_url:
    description: Address at which viewers reach the server. O(url) if not set.
    type: str
  origins:
    description: Origins that must be allowed to play the recordings in a page.
    type: list
    elements: str
    default: []
  cors_elsewhere:
    description:
      - Where the CORS of the store is set if not by rules of the bucket, for what is said of it.
    type: str
    default: ''
  wait_timeout:
    description: Seconds in which a new key or a new bucket policy must have become known to the store.
    type: float
    default: 30
  live:
    description:
      - Whether to let each server record as well. A clip of six seconds, which this module brings along,
        is put into the bucket below the application's folder. The server is told to pull it as a stream
        source from an address that is signed with the AWS credentials of the environment. It records the
        clip as MP4, also where the application's own setting C(mp4MuxingEnabled) is off, and uploads the
        recording. What a viewer gets must be the bytes of the bucket and a whole MP4. Where the
        application does not forward V(mp4) the recording is read from the bucket with these credentials
        instead.
      - What only keeps this check from being made is a warning with its reason, and the small object decides.
        The server may be too busy to take a stream, its license or C(ingestingStreamLimit) may not allow
        one more, or the application's REST API may refuse the call because of its IP filter or the user's
        rights. Where that API wants a JWT (C(jwtControlEnabled)), the module signs one with the
        application's own C(jwtSecretKey).
      - Broadcast, recordings and objects are removed at the end, also after a failure or a signal. A file
        that the server could not upload because of the key's rights is never finished, and AMS offers no
        way to remove it. So an application whose upload half is broken (settings, key, list, head, put)
        is not tried live.
      - The AWS credentials of the environment need C(s3:PutObject), C(s3:GetObject), C(s3:DeleteObject)
        and C(s3:ListBucket), in a bucket with versions also C(s3:ListBucketVersions) and
        C(s3:DeleteObjectVersion). The user of the console must be allowed to manage broadcasts of the
        applications.
      - Others see it. The webhooks of the application (C(listenerHookURL)) are called for a broadcast
        named C(live-check-) and 16 letters, which also counts as a stream of the server, and its
        recording is in the application's list (VoD) for some seconds. The server writes the signed
        address to its log. The address opens nothing but the clip, and not for longer than
        O(live_timeout) and a minute.
    type: bool
    default: false
  live_timeout:
    description:
      - Seconds for the live check of one application, from the clip to the viewer. An idle server needs
        about five. A server whose CPU is above its own limit refuses to start the stream; it is asked
        again within this time. If it refuses for the whole of it, that is a warning.
      - Removing what came of it may take half a minute more where the server or the store does not
        answer.
    type: float
    default: 90
  closed:
    description:
      - Whether nobody may read recordings without credentials or a CDN, as with private delivery.
      - AMS serves C(/APP/hls-upload/NAME) with its own access key, behind the IP filter of the application's
        REST API alone. The object is asked for there, without and with the header C(X-Forwarded-For). Where
        recordings are closed and it is given out to a stranger, the link V(hls-upload) is broken. Otherwise
        that is a warning, since recordings can be overwritten there.
      - Only 403 with C(Not allowed IP) and 404 count as refused. With any other answer, as a proxy may give
        it, or with none, the link could not be tried, which is a warning.
      - If not set, they are closed where the application does not forward.
    type: bool
  allow_open_hls_upload:
    description:
      - Whether C(/APP/hls-upload/NAME) that is open to this host is only a warning, though recordings are
        closed.
      - That is right where a firewall or a proxy shields the server's ports from everybody but trusted hosts,
        of which this one is.
    type: bool
    default: false
  backup_path:
    description:
      - File of former values that M(antmedia.s3_recording.ams_app_settings) has made. When every link holds,
        the changes in it count as proved.
    type: path
attributes:
  check_mode:
    description: Can run in check mode without uploading anything.
    details: It is skipped then, since it could prove nothing without an upload.
    support: partial
  diff_mode:
    description: There is nothing to differ.
    support: none
  idempotent:
    description: Changes nothing that lasts.
    support: full
requirements:
  - boto3
  - botocore
"""

EXAMPLES = r"""
- name: Prove the recording chain of one application
  antmedia.s3_recording.recording_check:
    url: "{{ ams_url }}"
    email: "{{ ams_email }}"
    password: "{{ ams_password }}"
    apps:
      - name: live
    origins:
      - "{{ ams_url }}"

- name: Prove it with a recording that the server makes itself
  antmedia.s3_recording.recording_check:
    url: "{{ ams_url }}"
    email: "{{ ams_email }}"
    password: "{{ ams_password }}"
    apps:
      - name: live
    live: true
"""

RETURN = r"""
links:
  description: Each link of the chain.
  returned: when links were tried
  type: list
  elements: dict
  contains:
    app:
      description: The application.
      type: str
    link:
      description:
        - Which link. V(hls-upload) is not judged where the check asks from an address that the filter allows,
          as it does on the server itself; RV(links[].came) says so. It is not tried where nobody but a proxy
          answers, or nobody at all.
        - With O(live) the last ones are V(live source), V(live pull), V(live recording),
          V(live upload), V(live playback) and V(live removal); after a broken one only the removal follows.
          V(live check) is there where the live check could not be made.
      type: str
    ok:
      description: Whether it holds. V(true) for a live check that could not be made.
      type: bool
    tried:
      description: V(false) for what could not be tried, which says nothing of the recording chain.
      type: bool
    warning:
      description: What is to be known though nothing is broken.
      type: str
    expected:
      description: What was expected.
      type: str
    came:
      description: What came.
      type: str
    remedy:
      description: What to do where it is broken.
      type: str
  sample:
    - app: live
      link: put
      ok: true
      expected: streams/recording-check-0123456789abcdef.mp4 stored with the ACL bucket-owner-full-control
      came: as expected
      remedy: ""
      warning: ""
      tried: true
warnings:
  description: What is to be known though nothing is broken, each text once.
  returned: when there is something
  type: list
  elements: str
  sample:
    - "https://ams1.example.com:5443, application 'live': the live check could not be made, ..."
proved:
  description: V(true) when the changes in O(backup_path) were noted as proved.
  returned: with O(backup_path), when every link holds
  type: bool
  sample: true
msg:
  description: In one line how it went, or a line for each link where one is broken.
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
}
CONSTRAINTS = arguments.CONNECTION_CONSTRAINTS


def main() -> None:
    arguments.run_as_module(run, ARGUMENT_SPEC, **CONSTRAINTS)


if __name__ == "__main__":
    main()
