# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that all modules for servers share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  url:
    description:
      - Address of the console of Ant Media Server (AMS), with scheme and port. For example
        V(https://ams1.example.com:5443) or V(http://10.0.0.5:5080).
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
      - Password of the user. A task tries it once and never again,
        since the third wrong password in a row blocks the account for 300 seconds (measured on AMS 2.17.1).
      - If not set, the environment variable E(AMS_PASSWORD) is used.
      - One of O(password) and O(jwt_token) is required.
    type: str
  jwt_token:
    description:
      - A token signed with the server's C(server.jwtServerSecretKey),
        for servers with C(server.jwtServerControlEnabled). The module does not log in then.
      - If not set, the environment variable E(AMS_JWT) is used.
    type: str
  validate_certs:
    description:
      - Whether the certificate of an https address must be valid.
      - If not set, the environment variable E(AMS_INSECURE) is used. A true value there means V(false).
    type: bool
    default: true
  ca_path:
    description:
      - File or folder with the certificates to trust, for servers with a self-signed certificate.
      - If not set, the environment variable E(AMS_CA_PATH) is used.
    type: path
  timeout:
    description:
      - Seconds to connect, and again for the whole answer to a request.
      - The module fails, and names the server and the step, if an answer is not complete by then or longer
        than AMS sends (256 KiB for settings, 1 MiB for a page of a list, 64 KiB for everything else).
      - If not set, the environment variable E(AMS_TIMEOUT) is used.
    type: float
    default: 30
  cluster:
    description:
      - A name that all nodes of one cluster have in common. They share users and settings, so the first node
        in a run of Ansible counts for all. If it refuses the login, the others are not tried, since the
        third wrong password in a row would block the account on all nodes. The module writes
        settings to the first node only, and waits until the others show them.
      - Not needed for a server outside a cluster.
    type: str
notes:
  - An environment variable that is set but empty counts as not set.
  - Proxies are read from the environment (E(HTTPS_PROXY), E(HTTP_PROXY), E(NO_PROXY)).
  - With a local connection the module runs inside Ansible's own process, without a new Python process. With
    any other connection it runs on the target, which then needs the Python package C(requests).
requirements:
  - requests
"""
