# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A server whose address was made of an inventory alias."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.network import no_answer
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.plan import plan_fleet
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.role_variables import read_members
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.alias import explain_alias
from urllib3.exceptions import ConnectTimeoutError

URL = "https://ams-1:5443"
GIVEN = {"bucket": "recordings", "region": "eu-west-1", "ams_url": ""}


def variables(**own: Any) -> dict[str, Any]:
    hostvars = {"ams-1": {f"s3_recording_{name}": value for name, value in GIVEN.items()} | own}
    values = {name: hostvars["ams-1"][f"s3_recording_{name}"] for name in GIVEN}
    members, problems = read_members(values, hostvars, "ams-1", ["ams-1"], [])
    assert problems == []
    return {"__s3_recording_fleet": plan_fleet(members), "inventory_hostname": "ams-1"}


@pytest.mark.parametrize(
    "error",
    [
        socket.gaierror(-2, "Name or service not known"),
        ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
        ConnectTimeoutError(None, "timed out"),
        OSError(errno.EHOSTUNREACH, "no route"),
        ssl.SSLCertVerificationError("does not match"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_alias_is_explained_where_no_answer_came(error: Exception) -> None:
    result = {"failed": True, "msg": f"Logging in at {URL}: {no_answer(error, URL).words}."}
    told = explain_alias(result, variables(ansible_host="10.0.0.5"))["msg"]
    assert told.startswith(result["msg"])
    assert told.endswith(
        f"{URL} comes from the inventory name, but ansible_host is 10.0.0.5: set s3_recording_ams_url to the "
        "address of the server's console."
    )


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"ansible_host": "ams-1"},
        {"ansible_host": "{{ address }}"},
        {"ansible_host": "10.0.0.5", "s3_recording_ams_url": "https://ams.example.com:5443"},
    ],
)
def test_other_hosts_have_no_such_message(own: dict[str, Any]) -> None:
    result = {"failed": True, "msg": "the name ams-1 is not known to DNS"}
    assert explain_alias(result, variables(**own)) == result


@pytest.mark.parametrize(
    "result",
    [
        {"changed": False, "msg": "no connection"},
        {"failed": True, "msg": "there is no setting mp4Muxing"},
        {"failed": True, "msg": "no answer from the server within 30 s"},
    ],
)
def test_a_server_that_answered_needs_no_explanation(result: dict[str, Any]) -> None:
    assert explain_alias(result, variables(ansible_host="10.0.0.5")) == result
