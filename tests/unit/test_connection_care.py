# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Passwords that go over a network as plain text, to anybody, or as another text than was written."""

from __future__ import annotations

import datetime
from collections import UserDict
from collections.abc import Callable
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible.errors import AnsibleUndefinedVariable
from ansible_collections.antmedia.s3_recording.plugins.action import recording_servers
from ansible_collections.antmedia.s3_recording.plugins.filter import recording
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams import arguments
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent, Member
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.plan import plan_fleet
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.texts import texts_problem
from jinja2 import Environment, StrictUndefined

NAMES = (
    "bucket",
    "region",
    "cors_extra_origins",
    "ams_url",
    "ams_validate_certs",
    "ams_ca_path",
    "access_key_id",
    "secret_given",
)
NO_VARIABLES = Environment(autoescape=True).from_string("").new_context({})
Plan = Callable[..., "dict[str, Any]"]


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Plan:
    for name in ("AMS_INSECURE", "AMS_CA_PATH"):
        monkeypatch.delenv(name, raising=False)

    def planned(count: int = 1, address: str = "https://ams-{}:5443", **variables: Any) -> dict[str, Any]:
        given = {"bucket": "recordings", "region": "eu-west-1", **variables}
        hostvars = {
            f"ams-{number}": {
                f"s3_recording_{name}": value
                for name, value in {**given, "ams_url": address.format(number)}.items()
            }
            for number in range(count)
        }
        inputs = {name: hostvars["ams-0"].get(f"s3_recording_{name}", "") for name in NAMES}
        return recording.recording_fleet(NO_VARIABLES, inputs, hostvars, "ams-0", list(hostvars))

    return planned


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (123456, "a number"),
        (1.5, "a number"),
        (True, "true or false"),
        (datetime.date(2026, 1, 1), "a date"),
        (["a"], "a list"),
        ({"a": 1}, "a dictionary"),
    ],
)
@pytest.mark.parametrize(
    "name", ["ams_password", "ams_email", "ams_jwt_token", "access_key_id", "secret_access_key"]
)
def test_what_yaml_has_made_of_a_secret_is_refused_in_the_plan(
    plan: Plan, name: str, value: Any, kind: str
) -> None:
    problems = [each for each in plan(3, **{name: value})["problems"] if "YAML reads" in each]
    assert len(problems) == 1
    assert problems[0].startswith(f"ams-0, ams-1, ams-2: YAML reads s3_recording_{name} as {kind}, not as")
    assert f"put it in quotes, as in s3_recording_{name}: '...'" in problems[0]
    assert str(value) not in problems[0]


@pytest.mark.parametrize("value", ["123456", "yes", "", None, "{{ lookup('x') }}"])
def test_a_text_is_a_text(plan: Plan, value: Any) -> None:
    assert plan(ams_password=value)["problems"] == []
    assert texts_problem({"password": value}, ["password"]) == ""


def test_plain_http_is_one_warning_for_a_fleet(plan: Plan) -> None:
    (warning,) = plan(1000, "http://ams-{}:5080")["warnings"]
    assert warning.startswith(
        "ams-0, ams-1, ams-2 and 997 more: s3_recording_ams_url: the password or token is"
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://ams:5443",
        "http://localhost:5080",
        "http://127.0.0.1:5080",
        "HTTP://LOCALHOST",
        "http://[::1]:5080",
    ],
)
def test_https_and_the_server_itself_are_no_warning(url: str) -> None:
    assert plan_fleet([Member("a", Intent("recordings", "eu-west-1", ams_url=url), True)])["warnings"] == []
    assert arguments.connection_warnings({"url": url, "ca_path": None, "validate_certs": True}) == []


@pytest.mark.parametrize(
    "url", ["http://ams:5080", "HTTP://ams:5080", "http://127.0.0.1.example.com", "http://10.0.0.5:5080"]
)
def test_http_over_a_network_is_a_warning_of_a_module(url: str) -> None:
    (warning,) = arguments.connection_warnings({"url": url, "ca_path": None, "validate_certs": True})
    assert "by plain http" in warning


def test_certificates_that_nobody_checks(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    (warning,) = plan(2, ams_ca_path="/ca.pem", ams_validate_certs=False)["warnings"]
    assert warning.startswith("ams-0, ams-1: s3_recording_ams_ca_path has no effect")
    assert plan(ams_ca_path="/ca.pem")["warnings"] == []
    assert plan(ams_validate_certs=False)["warnings"] == []
    monkeypatch.setenv("AMS_INSECURE", "True")
    monkeypatch.setenv("AMS_CA_PATH", "/ca.pem")
    assert len(plan()["warnings"]) == 1
    assert plan(ams_validate_certs=True)["warnings"] == []
    (warning,) = arguments.connection_warnings(
        {"url": "https://a", "ca_path": "/ca.pem", "validate_certs": False}
    )
    assert "no certificate is checked" in warning


class WithTemplates(UserDict[str, Any]):
    """Variables of a host, of which some are templates with variables that only a play has."""

    def __init__(self, variables: dict[str, Any], read: Callable[[str], Any]) -> None:
        super().__init__(variables)
        self._vars, self.read = variables, read

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if isinstance(value, list):
            return [self.read(each) for each in value]
        return self.read(value) if "{{" in str(value) else value


def refused(_text: str) -> Any:
    raise AnsibleUndefinedVariable("'of_play' is undefined")


def undefined(_text: str) -> Any:
    """Return what ansible-core from 2.19 on does within a filter."""
    return StrictUndefined("'of_play' is undefined")


WAYS = pytest.mark.parametrize("read", [refused, undefined, str])


GIVEN = {"bucket": "recordings", "region": "eu-west-1", "ams_ca_path": "/ca.pem"}
BY_THE_PLAY = {
    "ams_ca_path": "/ca.pem",
    "ams_validate_certs": "False",
    "region": "eu-west-1",
    "secret_access_key": "hush",
}


def with_templates(read: Callable[[str], Any], *names: str, **variables: Any) -> dict[str, Any]:
    """Plan two hosts with variables that are templates. read: what a release of ansible-core does."""
    written = {**GIVEN, **variables, **dict.fromkeys(names, "{{ of_play }}")}
    own = {f"s3_recording_{name}": value for name, value in written.items()}
    hostvars = {host: WithTemplates(own, read) for host in ("ams-0", "ams-1")}
    resolved = {**written, **{name: BY_THE_PLAY[name] for name in names}}
    inputs = {name: resolved.get(name, "") for name in NAMES}
    inputs["secret_given"] = "secret_access_key" in resolved
    return recording.recording_fleet(NO_VARIABLES, inputs, hostvars, "ams-0", list(hostvars))


@WAYS
@pytest.mark.parametrize("name", ["ams_ca_path", "ams_validate_certs"])
@pytest.mark.parametrize("insecure", ["", "true"])
def test_a_certificate_by_a_variable_of_the_play_is_no_problem_and_no_warning(
    monkeypatch: pytest.MonkeyPatch, name: str, read: Callable[[str], Any], insecure: str
) -> None:
    """The plan has them for a warning alone. The tasks of the servers have the variables of the play."""
    monkeypatch.setenv("AMS_INSECURE", insecure)
    monkeypatch.setenv("AMS_CA_PATH", "/of/environment.pem")
    planned = with_templates(read, name)
    assert (planned["problems"], planned["warnings"]) == ([], [])


@WAYS
def test_another_variable_by_one_of_the_play_is_a_problem_of_each_host(read: Callable[[str], Any]) -> None:
    (problem,) = with_templates(read, "region")["problems"]
    assert problem.startswith("ams-0, ams-1: s3_recording_region cannot be read")
    assert "not variables of the play" in problem


@WAYS
def test_a_secret_key_by_a_variable_of_the_play_counts_as_given(read: Callable[[str], Any]) -> None:
    assert with_templates(read, "secret_access_key", access_key_id="AKIA")["problems"] == []


def test_a_list_with_a_variable_of_the_play_in_it_is_a_problem_of_each_host() -> None:
    (problem,) = with_templates(undefined, cors_extra_origins=["{{ of_play }}"])["problems"]
    assert problem.startswith("ams-0, ams-1: a part of a variable cannot be read: 'of_play' is undefined")


def test_a_step_of_the_role_names_its_variable_and_the_template(monkeypatch: pytest.MonkeyPatch) -> None:
    """A template can give a number where the plan has seen a text, and the task has no option password."""
    monkeypatch.setattr(recording_servers, "arguments_of", lambda *_given: {"password": 123456})
    task = MagicMock(args={"step": "apply"}, async_val=0, check_mode=False)
    parts = ("connection", "play_context", "loader", "templar", "shared_loader_obj")
    action = recording_servers.ActionModule(task=task, **{part: MagicMock() for part in parts})
    result = action.run(task_vars={"inventory_hostname": "ams-1"})
    assert (result["failed"], result["changed"], result["login_refused"]) == (True, False, True)
    assert result["msg"] == (
        "YAML reads s3_recording_ams_password as a number, not as text: put it in quotes, "
        "as in s3_recording_ams_password: '...'. If it is a template, it must return text. "
        "It was not tried"
    )
