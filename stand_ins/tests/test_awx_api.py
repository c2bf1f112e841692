# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stand-in of AWX refuses what a real AWX 24.6.1 refused, and takes what that took."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from stand_ins.awx import AwxStandIn, Injected

RULE = "DTSTART:20260101T030000Z RRULE:FREQ=DAILY;INTERVAL=1"
CHOICE = {"type": "multiplechoice", "choices": ["a", "b"]}


class Client:
    """Asks as somebody with the token, and knows what the tests have made."""

    def __init__(self, awx: AwxStandIn) -> None:
        self.awx = awx
        self.organization = self.made("organizations", name="Tests")
        self.inventory = self.made("inventories", name="Servers", organization=self.organization)
        self.project = self.made(
            "projects", name="Project", organization=self.organization, scm_type="git", allow_override=True
        )

    def ask(self, method: str, path: str, **values: Any) -> requests.Response:
        return requests.request(
            method,
            f"{self.awx.url}/api/v2/{path}/",
            json=values,
            headers={"Authorization": f"Bearer {self.awx.token}"},
            timeout=10,
        )

    def made(self, resource: str, **values: Any) -> int:
        answer = self.ask("POST", resource, **values)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def refused(self, resource: str, status: int = 400, method: str = "POST", **values: Any) -> str:
        answer = self.ask(method, resource, **values)
        assert answer.status_code == status, answer.text
        return answer.text

    def template(self, name: str, **values: Any) -> int:
        needed = {
            "project": self.project,
            "inventory": self.inventory,
            "playbook": "antmedia.s3_recording.site",
        }
        return self.made("job_templates", name=name, **{**needed, **values})

    def type_of(self, name: str) -> int:
        return self.awx.find("credential_types", name).id

    def with_survey(self, name: str, *questions: dict[str, Any]) -> int:
        number = self.template(name, survey_enabled=True)
        spec = [{"question_name": each["variable"], "required": False, **each} for each in questions]
        answer = self.ask("POST", f"job_templates/{number}/survey_spec", name="", description="", spec=spec)
        assert answer.status_code == 200, answer.text
        return number


@pytest.fixture
def client() -> Iterator[Client]:
    with AwxStandIn() as awx:
        yield Client(awx)


def test_asks_who_it_is(client: Client) -> None:
    for headers in ({}, {"Authorization": "Bearer another"}):
        answer = requests.get(f"{client.awx.url}/api/v2/organizations/", headers=headers, timeout=10)
        assert answer.status_code == 401
    basic = requests.get(f"{client.awx.url}/api/v2/ping/", auth=("admin", "of-a-test"), timeout=10)
    assert basic.headers["X-API-Product-Version"] == "24.6.1"


@pytest.mark.parametrize(
    ("resource", "values", "said"),
    [
        ("organizations", {}, "This field is required."),
        ("organizations", {"name": " "}, "may not be blank"),
        ("organizations", {"name": "x" * 513}, "no more than 512 characters"),
        ("organizations", {"name": "Tests"}, "already exists"),
        ("inventories", {"name": "i", "organization": 99999}, "object does not exist"),
        ("inventories", {"name": "i", "organization": None}, "may not be null"),
        ("inventories", {"name": "i", "organization": "Tests"}, "Expected pk value"),
        ("inventories", {"name": "i", "organization": 1, "kind": "odd"}, "does not exist"),
    ],
)
def test_fields(client: Client, resource: str, values: dict[str, Any], said: str) -> None:
    assert said in client.refused(resource, **values)


@pytest.mark.parametrize("variables", ["- a", "{", {"a": 1}])
def test_variables_are_text_of_a_mapping(client: Client, variables: Any) -> None:
    given: dict[str, Any] = {
        "name": "t",
        "project": client.project,
        "inventory": client.inventory,
        "playbook": "a.b.c",
    }
    client.refused("job_templates", extra_vars=variables, **given)
    client.made("job_templates", extra_vars="a: 1", **given)


@pytest.mark.parametrize(
    ("inputs", "injectors"),
    [
        ({"fields": [{"id": "a"}]}, {}),
        ({"fields": [{"id": "a", "label": "A", "required": True}]}, {}),
        ({"fields": [{"id": "tower", "label": "A"}]}, {}),
        ({"fields": [{"id": "a", "label": "A"}, {"id": "a", "label": "B"}]}, {}),
        ({"fields": [{"id": "a", "label": "A", "type": "boolean", "secret": True}]}, {}),
        ({"fields": [{"id": "a", "label": "A", "type": "number"}]}, {}),
        ({"fields": [{"id": "a", "label": "A", "choices": []}]}, {}),
        ({"fields": [{"id": "a", "label": "A", "ask_at_runtime": True}]}, {}),
        ({"metadata": []}, {}),
        ({}, {"env": {"ANSIBLE_CONFIG": "x"}}),
        ({}, {"env": {"JOB_ID": "x"}}),
        ({}, {"env": {"A-B": "x"}}),
        ({}, {"env": {"A": "{{ nothing }}"}}),
        ({}, {"env": {"A": "{{ 'a' | b64encode }}"}}),
        ({}, {"extra_vars": {"a": 1}}),
        ({}, {"file": {"template": "x", "template.ca": "y"}}),
        ({}, {"file": {"ca": "y"}}),
        ({}, {"vault": {}}),
    ],
)
def test_credential_types(client: Client, inputs: dict[str, Any], injectors: dict[str, Any]) -> None:
    client.refused("credential_types", name="t", kind="cloud", inputs=inputs, injectors=injectors)


def test_kinds_of_credential_types(client: Client) -> None:
    client.refused("credential_types", name="t", kind="ssh")
    client.made("credential_types", name="t", kind="cloud")
    client.refused("credential_types", name="t", kind="cloud")
    client.refused("credential_types", name="Amazon Web Services", kind="cloud")
    client.made("credential_types", name="t", kind="net")


def test_credential_types_in_use_and_of_awx(client: Client) -> None:
    field = {"id": "a", "label": "A"}
    number = client.made("credential_types", name="t", kind="cloud", inputs={"fields": [field]})
    client.made("credentials", name="c", organization=client.organization, credential_type=number)
    changed = {"inputs": {"fields": [{**field, "help_text": "more"}]}}
    client.refused(f"credential_types/{number}", 403, "PATCH", **changed)
    client.refused(f"credential_types/{number}", 403, "DELETE")
    kept = client.ask("GET", f"credential_types/{number}").json()["inputs"]["fields"]
    assert kept == [{**field, "type": "string"}]
    env = {"env": {"A": "{{ a }}"}}
    assert client.ask("PATCH", f"credential_types/{number}", injectors=env).status_code == 200
    managed = client.type_of("Machine")
    client.refused(f"credential_types/{managed}", 403, "PATCH", description="x")
    client.refused(f"credential_types/{managed}", 403, "DELETE")


def test_credentials(client: Client, tmp_path: Path) -> None:
    given: dict[str, Any] = {"name": "c", "credential_type": client.type_of("Amazon Web Services")}
    owned: dict[str, Any] = {**given, "organization": client.organization}
    client.refused("credentials", **given)
    client.refused("credentials", **owned, inputs={"region": "eu-west-1"})
    client.refused("credentials", **owned, inputs={"username": True})
    # What is missing is found when a job starts.
    number = client.made("credentials", **owned, inputs={"username": "AKIA"})
    with pytest.raises(ValueError, match="does not provide one or more required fields"):
        Injected(tmp_path).add(client.awx.objects.things[number], client.awx.objects)
    whole = {"username": "AKIA", "password": "secret"}
    assert client.ask("PATCH", f"credentials/{number}", inputs=whole).json()["inputs"] == {
        "username": "AKIA",
        "password": "$encrypted$",
    }
    client.ask("PATCH", f"credentials/{number}", inputs={"username": "OTHER", "password": "$encrypted$"})
    job = Injected(tmp_path)
    job.add(client.awx.objects.things[number], client.awx.objects)
    assert job.env == {"AWS_ACCESS_KEY_ID": "OTHER", "AWS_SECRET_ACCESS_KEY": "secret"}
    assert job.secrets == ["secret"]


def test_playbooks_are_those_of_the_project(client: Client) -> None:
    own = client.made("projects", name="Own", organization=client.organization, scm_type="git")
    given: dict[str, Any] = {"name": "t", "project": own, "inventory": client.inventory}
    assert "Playbook not found for project." in client.refused("job_templates", **given, playbook="site.yml")
    client.awx.sync("Own", ["site.yml"])
    client.made("job_templates", **given, playbook="site.yml")
    client.refused("job_templates", **given, playbook="antmedia.s3_recording.site")
    client.refused("job_templates", name="u", project=client.project, playbook="a.b.c")
    client.refused("job_templates", name="u", inventory=client.inventory, playbook="a.b.c")


def test_credentials_of_a_template(client: Client) -> None:
    template = client.template("t")

    def credential(name: str, kind: str) -> int:
        return client.made(
            "credentials", name=name, organization=client.organization, credential_type=client.type_of(kind)
        )

    path = f"job_templates/{template}/credentials"
    first = credential("a", "Amazon Web Services")
    assert client.ask("POST", path, id=first).status_code == 204
    client.refused(path, id=credential("b", "Amazon Web Services"))
    client.refused(path, id=credential("c", "Source Control"))
    for name in ("v1", "v2"):
        assert client.ask("POST", path, id=credential(name, "Vault")).status_code == 204
    client.ask("POST", path, id=first, disassociate=True)
    assert client.ask("GET", path).json()["count"] == 2


@pytest.mark.parametrize(
    "question",
    [
        {"type": "date", "required": False},
        {"type": "text", "required": "no"},
        {"type": "text"},
        {"type": "integer", "required": False, "default": "1"},
        {"type": "text", "required": False, "default": None},
        {"type": "float", "required": False, "min": 0.5},
        {**CHOICE, "required": False, "default": "c"},
        {"type": "multiplechoice", "required": False, "choices": []},
        {"type": "multiselect", "required": False, "choices": [1]},
    ],
)
def test_surveys(client: Client, question: dict[str, Any]) -> None:
    path = f"job_templates/{client.template('t', survey_enabled=True)}/survey_spec"
    client.refused(path, name="", description="", spec=[{"question_name": "q", "variable": "v", **question}])
    client.refused(path, name="", description="", spec=[])
    client.refused(
        path, name="", spec=[{"question_name": "q", "variable": "v", "required": True, "type": "text"}]
    )


@pytest.mark.parametrize(
    ("question", "wrong", "right"),
    [
        (CHOICE, True, "a"),
        ({"type": "integer", "min": 1, "max": 3}, "2", 2),
        ({"type": "integer", "min": 1, "max": 3}, 4, 3),
        ({"type": "multiselect", "choices": ["a", "b"]}, "a", ["a"]),
        ({"type": "text"}, 1, "1"),
    ],
)
def test_answers(client: Client, question: dict[str, Any], wrong: Any, right: Any) -> None:
    number = client.with_survey("t", {"variable": "v", **question})
    path = f"job_templates/{number}/launch"
    assert "variables_needed_to_start" in client.refused(path, extra_vars={"v": wrong})
    assert client.ask("POST", path, extra_vars={"v": right}).status_code == 201
    assert client.ask("POST", path).status_code == 201


def test_a_required_answer_is_not_its_default(client: Client) -> None:
    number = client.with_survey("t", {"variable": "v", "type": "text", "required": True, "default": "x"})
    assert "'v' value missing" in client.refused(f"job_templates/{number}/launch")


def test_extra_variables_of_a_job(client: Client) -> None:
    number = client.with_survey(
        "t",
        {"variable": "asked", "type": "text", "default": ""},
        {"variable": "left", "type": "text"},
        {"variable": "several", "type": "multiselect", "choices": ["a"], "default": "a"},
    )
    client.ask("PATCH", f"job_templates/{number}", extra_vars="asked: template\nown: template")
    answer = client.ask("POST", f"job_templates/{number}/launch", extra_vars={"other": 1}, limit="one").json()
    assert answer["ignored_fields"] == {"limit": "one", "extra_vars": {"other": 1}}
    # An empty default is one, over what the template says.
    assert json.loads(answer["extra_vars"]) == {"asked": "", "own": "template"}


def test_slices(client: Client) -> None:
    number = client.template("t", job_slice_count=5)
    assert client.ask("POST", f"job_templates/{number}/launch").json()["type"] == "job"
    for name in ("a", "b", "c"):
        client.made("hosts", name=name, inventory=client.inventory)
    answer = client.ask("POST", f"job_templates/{number}/launch").json()
    assert (answer["type"], answer["job_slice_count"]) == ("workflow_job", 3)


def test_nodes(client: Client) -> None:
    workflow = client.made("workflow_job_templates", name="w", organization=client.organization)
    template = client.template("t", limit="all")
    path = "workflow_job_template_nodes"

    def node(name: str, **values: Any) -> int:
        return client.made(
            path, identifier=name, workflow_job_template=workflow, unified_job_template=template, **values
        )

    first, second = node("a", limit="all"), node("b")
    client.refused(path, identifier="a", workflow_job_template=workflow)
    client.refused(
        path, identifier="c", workflow_job_template=workflow, unified_job_template=template, limit="one"
    )
    client.refused(
        path,
        identifier="c",
        workflow_job_template=workflow,
        unified_job_template=template,
        extra_data={"v": 1},
    )
    assert client.ask("POST", f"{path}/{first}/success_nodes", id=second).status_code == 204
    client.refused(f"{path}/{first}/failure_nodes", id=second)
    assert "Cycle detected." in client.refused(f"{path}/{second}/always_nodes", id=first)
    assert "Cycle detected." in client.refused(f"{path}/{second}/always_nodes", id=second)
    client.refused(f"{path}/{second}/create_approval_template", name="")
    approval = client.ask(
        "POST", f"{path}/{second}/create_approval_template", name="May it?", timeout=-1
    ).json()
    assert client.ask("GET", f"{path}/{second}").json()["unified_job_template"] == approval["id"]


@pytest.mark.parametrize(
    "rule",
    [
        "RRULE:FREQ=DAILY;INTERVAL=1",
        "DTSTART:20260101T030000 RRULE:FREQ=DAILY;INTERVAL=1",
        "DTSTART;TZID=Europe/Nowhere:20260101T030000 RRULE:FREQ=DAILY;INTERVAL=1",
        "DTSTART:20260101T030000Z RRULE:FREQ=DAILY",
        "DTSTART:20260101T030000Z RRULE:FREQ=SECONDLY;INTERVAL=1",
        "DTSTART:20260101T030000Z RRULE:FREQ=DAILY;INTERVAL=1;COUNT=2;UNTIL=20270101T000000Z",
        "DTSTART:20260101T030000Z RRULE:FREQ=DAILY;INTERVAL=1;COUNT=1000",
        "DTSTART:20260101T030000Z RRULE:FREQ=MONTHLY;INTERVAL=1;BYDAY=1MO",
        "DTSTART:20260101T030000Z",
    ],
)
def test_rules_of_schedules(client: Client, rule: str) -> None:
    template = client.template("t")
    assert "rrule" in client.refused("schedules", name="s", unified_job_template=template, rrule=rule)


def test_schedules(client: Client) -> None:
    template = client.with_survey("t", {"variable": "v", "type": "text", "required": True})
    given: dict[str, Any] = {"unified_job_template": template, "rrule": RULE}
    client.refused("schedules", name="s", **given)
    client.refused("schedules", name="s", **given, extra_data={"v": "x"}, limit="one")
    client.made("schedules", name="s", **given, extra_data={"v": "x"})
    client.refused("schedules", name="s", **given, extra_data={"v": "x"})
    zone = "DTSTART;TZID=Europe/Berlin:20260101T030000\nRRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=MO"
    client.made("schedules", name="z", unified_job_template=template, rrule=zone, extra_data={"v": "x"})


def test_lists(client: Client) -> None:
    for number in range(30):
        client.made("hosts", name=f"h{number}", inventory=client.inventory)
    first = client.ask("GET", "hosts").json()
    assert (first["count"], len(first["results"])) == (30, 25)
    assert first["next"].startswith("/api/v2/hosts/?page=2")
    client.refused("hosts/?nothing=1&x=", method="GET")
    client.refused("nothing", 404)
    client.refused("hosts/99999", 404, "GET")
