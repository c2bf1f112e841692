# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The arguments that the role's tasks get from one template."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.antmedia.s3_recording.plugins.filter.recording import recording_arguments
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.arguments import CONNECTION_SPEC
from ansible_collections.antmedia.s3_recording.plugins.modules import (
    ams_app_settings,
    ams_server_info,
    recording_check,
)
from jinja2 import Environment

EMPTY_CONNECTION = {
    f"s3_recording_ams_{name}": "" for name in CONNECTION_SPEC if name not in ("url", "cluster")
}
HOST = {
    "ams_url": "https://ams-1:5443",
    "viewer_url": "https://ams-1:5443",
    "origins": ["https://ams-1:5443"],
    "cors_elsewhere": "",
    "bucket": "recordings",
    "cluster": "",
    "closed": False,
    "allow_open_hls_upload": False,
    "cluster_hosts": [],
    "needs_domain": False,
    "backup_path": "/backup/ams-1.json",
    "live": True,
    "apps": [{"name": "live", "settings": {"s3RecordingEnabled": True}}],
}
VARIABLES: dict[str, Any] = {
    **EMPTY_CONNECTION,
    "inventory_hostname": "ams-1",
    "__s3_recording_fleet": {"hosts": {"ams-1": HOST}},
    "__s3_recording_keys": {"recordings": {"access_key_id": "AKIA", "secret_access_key": "secret"}},
    "__s3_recording_run": "20260101T000000Z",
    "__s3_recording_live": True,
    "__s3_recording_restore_since": "~",
    "__s3_recording_restore_unproved": False,
    "__s3_recording_restore_forget": True,
    "__s3_recording_restore_access_key": True,
    "s3_recording_ready_timeout": 15,
    "s3_recording_cluster_timeout": 60,
    "s3_recording_live_timeout": 90,
}
MODULES = {
    "apply": ams_app_settings,
    "check": recording_check,
    "read": ams_server_info,
    "restore": ams_app_settings,
}


def arguments(step: str, **variables: Any) -> dict[str, Any]:
    context = Environment(autoescape=True).from_string("").new_context({**VARIABLES, **variables})
    return recording_arguments(context, step)


@pytest.mark.parametrize("step", MODULES)
@pytest.mark.parametrize("removes", [False, True])
def test_gives_only_options_of_the_module(step: str, removes: bool) -> None:
    given = arguments(step, __s3_recording_removes=removes)
    assert set(given) <= set(MODULES[step].ARGUMENT_SPEC)


def test_what_the_role_set_is_put_back_where_it_still_records_there() -> None:
    settings = {"s3BucketName": "recordings", "mp4MuxingEnabled": True, "webRTCEnabled": True}
    host = {**HOST, "apps": [{"name": "live", "settings": settings}]}
    fleet = {"hosts": {"ams-1": host}}
    (app,) = arguments("apply", __s3_recording_fleet=fleet, __s3_recording_removes=True)["apps"]
    assert app["only_if"] == {"s3BucketName": "recordings"}
    assert app["reset"] == ["s3AccessKey", "s3BucketName", "s3SecretKey"]
    assert arguments("check", __s3_recording_fleet=fleet, __s3_recording_removes=True)["state"] == "absent"


@pytest.mark.parametrize("step", MODULES)
@pytest.mark.parametrize("option", sorted(set(CONNECTION_SPEC) - {"url", "cluster"}))
def test_a_connection_option_is_passed_where_it_is_given_and_left_out_where_it_is_empty(
    step: str, option: str
) -> None:
    variable = f"s3_recording_ams_{option}"
    assert option not in arguments(step)
    assert option not in arguments(step, **{variable: None})
    assert arguments(step, **{variable: False})[option] is False


def test_the_key_is_part_of_the_settings_that_are_applied_alone() -> None:
    (app,) = arguments("apply")["apps"]
    assert app["settings"] == {"s3RecordingEnabled": True, "s3AccessKey": "AKIA", "s3SecretKey": "secret"}
    assert "secret" not in repr([arguments("check"), arguments("restore")])


@pytest.mark.parametrize(
    ("of_host", "of_play", "live"), [(True, "true", True), (True, "no", False), (False, True, False)]
)
def test_the_live_check_needs_the_plan_and_the_play(of_host: bool, of_play: Any, live: bool) -> None:
    fleet = {"hosts": {"ams-1": {**HOST, "live": of_host}}}
    assert arguments("check", __s3_recording_fleet=fleet, __s3_recording_live=of_play)["live"] is live


def test_says_which_variable_is_missing() -> None:
    context = Environment(autoescape=True).from_string("").new_context({"inventory_hostname": "ams-1"})
    with pytest.raises(AnsibleFilterError, match="the variable __s3_recording_fleet is not defined"):
        recording_arguments(context, "apply")


def test_says_which_steps_there_are() -> None:
    with pytest.raises(AnsibleFilterError, match="no step 'aply', only apply, check, read, restore"):
        arguments("aply")
