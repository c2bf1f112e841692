# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """The options that every server module shares."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - Address of the console of Ant Media Server (AMS), scheme and port included,
        for example V(https://ams1.example.com:5443) or V(http://10.0.0.5:5080).
      - If not set, the environment variable E(AMS_URL) is used.
    type: str
    required: true
  email:
    description:
      - E-mail address of a user of the console.
        A user whose scope is one application can be used for that application.
      - If not set, the environment variable E(AMS_EMAIL) is used.
    type: str
  password:
    description:
      - Password of the user. It is tried once in a task and never again,
        since the third wrong password in a row blocks the account for 300 seconds (measured on AMS 2.17.1).
      - If not set, the environment variable E(AMS_PASSWORD) is used.
      - One of O(password) and O(jwt_token) is required.
    type: str
  jwt_token:
    description:
      - A token signed with the server's C(server.jwtServerSecretKey),
        for servers with C(server.jwtServerControlEnabled). No login is made then.
      - If not set, the environment variable E(AMS_JWT) is used.
    type: str
  validate_certs:
    description:
      - Whether the certificate of an https address must be valid.
      - If not set, the environment variable E(AMS_INSECURE) is used, where a true value means V(false).
    type: bool
    default: true
  ca_path:
    description:
      - File or folder with the certificates to trust, for servers with a self-signed certificate.
      - If not set, the environment variable E(AMS_CA_PATH) is used.
    type: path
  timeout:
    description:
      - Seconds to connect, and then for the whole answer to a request.
      - An answer that is not complete by then, or longer than answers of AMS are (256 KiB for settings, 1 MiB
        for a page of a list, 64 KiB for all else), is an error that names the server and the step.
      - If not set, the environment variable E(AMS_TIMEOUT) is used.
    type: float
    default: 30
  cluster:
    description:
      - A name that the nodes of one cluster have in common. Nodes share users and settings, so the first of
        them in a run of Ansible decides. A login that it was refused is not tried at the others, since the
        third wrong password in a row would block the account of all; what it has written is waited for there.
      - A server outside of a cluster needs none.
    type: str
notes:
  - An environment variable that is set but empty counts as not set.
  - Proxies are taken from the environment (E(HTTPS_PROXY), E(HTTP_PROXY), E(NO_PROXY)).
  - With a local connection the module runs inside Ansible's own process, without a Python started for it;
    with any other connection it is run on the target, which then needs the Python package C(requests).
requirements:
  - requests
"""
