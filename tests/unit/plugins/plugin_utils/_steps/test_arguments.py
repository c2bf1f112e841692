# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The arguments of the modules for a step of the role, put together in the worker."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible import constants
from ansible.errors import AnsibleUndefinedVariable
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.arguments import CONNECTION_SPEC
from ansible_collections.antmedia.s3_recording.plugins.modules import (
    ams_app_settings,
    ams_server_info,
    recording_check,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.variables import (
    IntentError,
    intent_of,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps import run_file
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.arguments import (
    STEPS,
    arguments_of,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.task_variables import (
    TaskVariables,
    VariableError,
)

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
    "backlog": True,
    "backlog_max": None,
    "expire_days": 0,
    "import": {"connections": 4, "bandwidth": 0, "min_age": 3600, "delete": False},
    "cluster_hosts": [],
    "needs_domain": False,
    "backup_path": "/backup/ams-1.json",
    "live": True,
    "apps": [{"name": "live", "settings": {"s3RecordingEnabled": True}}],
    "other_settings": [],
}
VARIABLES: dict[str, Any] = {
    **EMPTY_CONNECTION,
    "inventory_hostname": "ams-1",
    "__s3_recording_fleet": {"hosts": {"ams-1": HOST}},
    "__s3_recording_run": "20260101T000000Z",
    "__s3_recording_live": True,
    "__s3_recording_restore_since": "~",
    "__s3_recording_restore_unverified": False,
    "__s3_recording_restore_forget": True,
    "__s3_recording_restore_access_key": True,
    "s3_recording_ams_start_timeout": 15,
    "s3_recording_wait_for_idle": 2,
    "s3_recording_ams_dir": "/usr/local/antmedia",
    "s3_recording_cluster_timeout": 60,
    "s3_recording_live_test_timeout": 90,
    "s3_recording_settings": {},
}
MODULES = {
    "apply": ams_app_settings,
    "check": recording_check,
    "preview": ams_app_settings,
    "read": ams_server_info,
    "restore": ams_app_settings,
}


class Templar:
    """As far as a variable without a template needs one."""

    def __init__(self, template: Callable[[Any], Any] = lambda value: value) -> None:
        self.template = template


@pytest.fixture(autouse=True)
def of_run() -> None:
    """The keys that a task of this run has read."""
    run_file.keep({"recordings": {"access_key_id": "AKIA", "secret_access_key": "secret"}})


def arguments(step: str, **variables: Any) -> dict[str, Any]:
    return arguments_of(step, TaskVariables({**VARIABLES, **variables}, Templar()))


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


@pytest.mark.parametrize("removes", [False, True])
def test_a_preview_has_the_applications_of_the_change(removes: bool) -> None:
    given = [arguments(step, __s3_recording_removes=removes) for step in ("preview", "apply")]
    assert given[0]["apps"] == given[1]["apps"]
    assert not {name for name in given[0] if name.startswith("backup")}


def test_a_key_that_does_not_exist_yet_is_predicted_and_never_written() -> None:
    run_file.keep({"recordings": run_file.KEY_TO_COME})
    key = run_file.KEY_TO_COME["access_key_id"]
    assert arguments("preview")["apps"][0]["settings"]["s3AccessKey"] == key
    assert arguments("apply", ansible_check_mode=True)["apps"][0]["settings"]["s3AccessKey"] == key
    with pytest.raises(VariableError, match="has read the access key of recordings"):
        arguments("apply")


@pytest.mark.parametrize("facts", [{}, {"__s3_recording_domains": {}}])
def test_a_distribution_that_does_not_exist_yet_is_predicted(facts: dict[str, Any]) -> None:
    settings = {"httpForwardingBaseURL": "https://(distribution)/live"}
    host = {**HOST, "needs_domain": True, "apps": [{"name": "live", "settings": settings}]}
    fleet = {"hosts": {"ams-1": host}}
    given = arguments("preview", __s3_recording_fleet=fleet, **facts)
    base = given["apps"][0]["settings"]["httpForwardingBaseURL"]
    assert base == "https://(the distribution that will be made)/live"
    known = {"__s3_recording_domains": {"recordings": "d1.cloudfront.net"}}
    given = arguments("preview", __s3_recording_fleet=fleet, **known)
    assert given["apps"] == arguments("apply", __s3_recording_fleet=fleet, **known)["apps"]


@pytest.mark.parametrize("step", ["apply", "preview"])
def test_a_key_that_no_task_has_read_is_missing(step: str) -> None:
    run_file.keep({})
    with pytest.raises(VariableError, match="has read the access key of recordings"):
        arguments(step)


def test_says_which_variable_is_missing() -> None:
    with pytest.raises(VariableError, match="The variable __s3_recording_fleet is not defined"):
        arguments_of("apply", TaskVariables({"inventory_hostname": "ams-1"}, Templar()))


def test_a_host_that_is_in_no_plan_is_named() -> None:
    with pytest.raises(VariableError, match="The plan of this run has no ams-9"):
        arguments("apply", inventory_hostname="ams-9")


def test_says_which_variable_cannot_be_read() -> None:
    def template(value: Any) -> Any:
        if value == "{{ vaulted }}":
            raise AnsibleUndefinedVariable("'vaulted' is undefined")
        return value

    variables = TaskVariables({**VARIABLES, "s3_recording_ams_password": "{{ vaulted }}"}, Templar(template))
    with pytest.raises(VariableError, match="s3_recording_ams_password cannot be read: 'vaulted' is undef"):
        arguments_of("apply", variables)


def test_the_plan_is_not_templated() -> None:
    """It is as large as the fleet, and each host would template all of it."""

    def template(value: Any) -> Any:
        assert value is not VARIABLES["__s3_recording_fleet"]
        return value

    for step in STEPS:
        arguments_of(step, TaskVariables(VARIABLES, Templar(template)))


@pytest.mark.parametrize("step", ["apply", "check"])
@pytest.mark.parametrize(
    "written",
    [
        {"webMEnabled": True},
        "{'webMEnabled': True}",
        "{'webMEnabled': true}",
        '{"webMEnabled": true}',
        ' {"webMEnabled": true}\n',
    ],
)
def test_other_settings_are_read_as_the_plan_reads_them(step: str, written: Any) -> None:
    """The texts are what -e NAME=VALUE and an inventory in INI give."""
    assert intent_of({"settings": written}, "ams-1").settings == {"webMEnabled": True}
    fleet = {"hosts": {"ams-1": {**HOST, "other_settings": ["webMEnabled"]}}}
    (app,) = arguments(step, __s3_recording_fleet=fleet, s3_recording_settings=written)["apps"]
    assert app["settings"]["webMEnabled"] is True


@pytest.mark.parametrize(
    "written", ["{hush", "{'hush': open}", "{[]: 'hush'}", "hush=1", "[" * 9999, "{" * 9999]
)
def test_a_text_that_is_no_dictionary_is_refused_in_the_plan_and_in_the_task(written: str) -> None:
    with pytest.raises(IntentError) as of_plan:
        intent_of({"settings": written}, "ams-1")
    (problem,) = of_plan.value.problems
    assert problem.startswith(
        "s3_recording_settings: must be a dictionary, and this text is not one: write it in JSON"
    )
    assert "hush" not in problem
    with pytest.raises(VariableError) as of_task:
        arguments("apply", s3_recording_settings=written)
    assert str(of_task.value) == problem


def test_other_settings_that_were_not_planned_are_refused_without_their_values() -> None:
    with pytest.raises(VariableError) as refused:
        arguments("apply", s3_recording_settings={"tokenHashSecret": "hush"})
    assert "names tokenHashSecret in this task and named nothing in the plan" in str(refused.value)
    assert "hush" not in str(refused.value)


def test_the_keys_of_a_run_reach_other_workers_and_are_in_no_file_with_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    monkeypatch.setattr(run_file, "_FILE", run_file._open_unnamed_file())
    keys = {"recordings": {"access_key_id": "AKIA", "secret_access_key": "secret of a worker"}}
    worker = os.fork()
    if not worker:
        run_file.keep(keys)
        os._exit(0)
    os.waitpid(worker, 0)
    assert run_file.kept() == keys
    assert list(tmp_path.iterdir()) == []
    os.close(run_file._FILE)


def test_keys_that_cannot_be_kept_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "wb") as full:
        monkeypatch.setattr(run_file, "_FILE", full.fileno())
        with pytest.raises(run_file.RunFileError, match=r"Keeping the access keys .* Make room there"):
            run_file.keep({"recordings": {"secret_access_key": "secret"}})


@pytest.mark.parametrize("buckets", [None, {}])
def test_a_key_that_was_not_read_is_named(buckets: Any) -> None:
    os.ftruncate(run_file._FILE, 0)
    if buckets is not None:
        run_file.keep(buckets)
    with pytest.raises(VariableError, match="No task of this run has read the access key of recordings"):
        arguments("apply")
