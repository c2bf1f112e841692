# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Questions of a survey from options of a role."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible import template
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from ansible_collections.antmedia.s3_recording.plugins.filter.survey import recording_survey

REPO = Path(__file__).resolve().parents[2]
ROLES = REPO / "roles"


def question(**option: Any) -> dict[str, Any]:
    described = {"description": ["Words."], **option}
    (found,) = recording_survey({"s3_recording_max_age": described}, ["s3_recording_max_age"])["spec"]
    assert (found["variable"], found["question_name"]) == ("s3_recording_max_age", "Max age")
    assert found["required"] is False
    assert "default" not in found
    return dict(found)


@pytest.mark.parametrize(
    ("option", "kind", "shown"),
    [
        ({"type": "str", "default": "a"}, "text", "a"),
        ({"type": "str"}, "text", "empty"),
        ({"type": "int", "default": 0}, "integer", "0"),
        ({"type": "float", "default": 1.5}, "float", "1.5"),
        ({"type": "bool", "default": True}, "multiplechoice", "true"),
        ({"type": "str", "choices": ["", "x"], "default": ""}, "multiplechoice", "empty"),
        ({"type": "list", "elements": "str", "default": ["a", "b"]}, "text", "a, b"),
        ({"type": "list", "choices": ["a"], "default": []}, "multiselect", "empty"),
    ],
)
def test_types_and_what_the_role_does_without(option: dict[str, Any], kind: str, shown: str) -> None:
    found = question(**option)
    assert found["type"] == kind
    assert found["question_description"].endswith(f"the role's default is {shown}.")


def test_choices_are_text_and_none_is_empty() -> None:
    assert question(type="str", choices=["", 1, "x"])["choices"] == ["1", "x"]
    assert question(type="bool")["choices"] == ["true", "false"]
    assert "choices" not in question(type="str")


def test_markup_becomes_text() -> None:
    text = "V(public) and O(s3_recording_endpoint=V(x)), C(live/streams), but not AWS S3 (of Amazon)."
    told = question(type="str", description=[text])["question_description"]
    assert told.startswith("public and s3_recording_endpoint=x, live/streams, but not AWS S3 (of Amazon).")


def test_a_list_says_how_it_is_written() -> None:
    assert "separated by commas" in question(type="list")["question_description"]
    assert "separated by commas" not in question(type="list", choices=["a"])["question_description"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "the role has no variable secret"),
        ({"secret": {"type": "str", "no_log": True, "description": []}}, "belongs into a credential"),
        ({"secret": {"type": "dict", "description": []}}, "no question can ask for"),
    ],
)
def test_what_cannot_be_asked(options: dict[str, Any], said: str) -> None:
    with pytest.raises(AnsibleFilterError, match=said):
        recording_survey(options, ["secret"])


def test_a_consent_that_storage_asks_for_can_be_given_in_awx() -> None:
    """A job of the template storage failed with 'allow it with ...', and its survey had no such question."""
    asks = re.compile(r"=true \(in the role (s3_recording_\w+)\)")
    sources = (REPO / "plugins" / "module_utils" / "_aws").glob("*.py")
    read = DataLoader().load_from_file
    lists = read(str(ROLES / "s3_recording_awx" / "vars" / "main.yml"))
    specs = read(str(ROLES / "s3_recording" / "meta" / "argument_specs.yml"))
    options = specs["argument_specs"]["main"]["options"]
    asked_for = {name for path in sources for name in asks.findall(path.read_text(encoding="utf-8"))}
    consents = {name for name in asked_for if options[name]["type"] == "bool"}
    assert consents >= {"s3_recording_expire_existing", "s3_recording_change_foreign_access"}
    asked = recording_survey(options, lists["__s3_recording_awx_of_storage"])["spec"]
    choices = {each["variable"]: each.get("choices") for each in asked}
    assert [choices.get(name) for name in consents] == [["true", "false"]] * len(consents)


def as_template(value: Any) -> Any:
    """Mark every text as one that newer releases of ansible-core evaluate."""
    if isinstance(value, dict):
        return {name: as_template(each) for name, each in value.items()}
    if isinstance(value, list):
        return [as_template(each) for each in value]
    mark = getattr(template, "trust_as_template", str)
    return mark(str(value)) if isinstance(value, str) else value


def surveys(**variables: Any) -> list[set[str]]:
    """Return which variables each job template and the workflow ask for."""
    loader = DataLoader()
    files = [str(ROLES / "s3_recording_awx" / each / "main.yml") for each in ("defaults", "vars")]
    known = {name: value for path in files for name, value in loader.load_from_file(path).items()}
    templar = template.Templar(loader=loader, variables=as_template({**known, **variables}))
    names = ("__s3_recording_awx_templates", "__s3_recording_awx_intent")
    templates, of_workflow = (templar.template(as_template(f"{{{{ {name} }}}}")) for name in names)
    return [*(set(each["survey"]) for each in templates), set(of_workflow)]


def test_nobody_who_may_only_execute_chooses_where_recordings_go_and_who_reads_them() -> None:
    decided = {"s3_recording_bucket", "s3_recording_region", "s3_recording_delivery"}
    assert [decided & asked for asked in surveys()] == [set()] * 8
    allowed = surveys(s3_recording_awx_survey=sorted(decided))
    assert [bool(decided <= asked) for asked in allowed] == [True] * 3 + [False] * 4 + [True]
