# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role's variables, read by the names of the intent's fields."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.role_variables import (
    read_members,
    values_of_task,
)
from jinja2 import Environment, StrictUndefined, UndefinedError
from jinja2.utils import missing

GIVEN = {"s3_recording_bucket": "recordings", "s3_recording_region": "eu-west-1"}


class Task:
    """A context of Jinja that counts what is evaluated."""

    def __init__(self, **variables: Any) -> None:
        self.variables = {**GIVEN, **variables}
        self.read: list[str] = []

    def resolve_or_missing(self, name: str) -> Any:
        self.read.append(name)
        value = self.variables.get(name, missing)
        if isinstance(value, Exception):
            raise value
        return value


def values(task: Any) -> dict[str, Any]:
    return values_of_task(task)


def test_only_the_variables_of_the_role_are_evaluated() -> None:
    task = Task(other="{{ expensive }}", s3_recording_ams_password="hush")
    found = values(task)
    assert (found["bucket"], found["region"], found["prefix"]) == ("recordings", "eu-west-1", "")
    assert all(name.startswith("s3_recording_") for name in task.read)
    assert "s3_recording_ams_password" not in task.read
    assert len(task.read) == len(set(task.read))


def test_a_context_of_jinja_is_what_it_reads() -> None:
    context = Environment(autoescape=True).from_string("").new_context(GIVEN)
    assert values(context)["bucket"] == "recordings"


@pytest.mark.parametrize(
    "undefined", [StrictUndefined("'nope' is undefined"), AnsibleUndefinedVariable("'nope' is undefined")]
)
def test_an_undefined_variable_stops_the_plan_save_that_of_the_bucket(undefined: Any) -> None:
    with pytest.raises((UndefinedError, AnsibleUndefinedVariable), match="'nope' is undefined"):
        values(Task(s3_recording_region=undefined))
    assert values(Task(s3_recording_bucket=undefined))["bucket"] == ""


def test_a_bucket_whose_lookup_fails_is_not_called_missing() -> None:
    with pytest.raises(AnsibleError, match="the vault is sealed"):
        values(Task(s3_recording_bucket=AnsibleError("the vault is sealed")))


def test_the_secret_key_itself_is_not_among_the_values() -> None:
    found = values(Task(s3_recording_secret_access_key="hush"))
    assert found["secret_given"] is True
    assert "hush" not in map(str, found.values())


def test_names_that_exist_beside_the_intent_are_not_misspelt() -> None:
    names = ("hosts", "serial", "rollout", "storage", "results", "ams_email", "key_delete_after", "awx_name")
    hostvars = {"a": {**GIVEN, **{f"s3_recording_{name}": "" for name in names}}}
    task = values(Task())
    assert read_members(task, hostvars, "a", ["a"], [])[1] == []
    hostvars["a"]["s3_recording_buket"] = "x"
    ((host, problem),) = read_members(task, hostvars, "a", ["a"], [])[1]
    assert (host, problem) == (
        "a",
        "there is no variable s3_recording_buket, did you mean s3_recording_bucket?",
    )


# Each of these was a variable or a statistic. The message begins with the name that was given.
RENAMED = [
    "s3_recording_change_foreign_access is now called s3_recording_allow_changing_others_access",
    "s3_recording_check is now called s3_recording_verify",
    "s3_recording_key_grace is now called s3_recording_key_delete_after",
    "s3_recording_key_quiet is now called s3_recording_key_switch_wait",
    "s3_recording_live_check is now called s3_recording_live_test",
    "s3_recording_live_timeout is now called s3_recording_live_test_timeout",
    "s3_recording_managed_full_access is now called s3_recording_attach_s3_full_access",
    "s3_recording_outcomes is now called s3_recording_results",
    "s3_recording_ready_timeout is now called s3_recording_ams_start_timeout",
    "s3_recording_run is now called s3_recording_rollback_run",
    "s3_recording_since is now called s3_recording_rollback_since",
]


@pytest.mark.parametrize("message", RENAMED)
def test_a_name_that_changed_is_refused_with_the_new_one(message: str) -> None:
    old, *_words, new = message.split()
    task = values(Task())
    assert read_members(task, {"a": {**GIVEN, old: "x"}}, "a", ["a"], [])[1] == [("a", message)]
    assert read_members(task, {"a": {**GIVEN, new: ""}}, "a", ["a"], [])[1] == []
