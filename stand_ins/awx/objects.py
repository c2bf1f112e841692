# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The objects of AWX, and the rules for all: fields, their types, references, unique names.

fields.json is what OPTIONS of a real AWX 24.6.1 says of each resource, with the few resources beside them
whose fields are plain; managed_credential_types.json is its list of credential types that come with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
FIELDS: dict[str, dict[str, dict[str, Any]]] = json.loads((HERE / "fields.json").read_text(encoding="utf-8"))
MANAGED = json.loads((HERE / "managed_credential_types.json").read_text(encoding="utf-8"))
TYPES = {
    "organizations": "organization",
    "credential_types": "credential_type",
    "credentials": "credential",
    "execution_environments": "execution_environment",
    "inventories": "inventory",
    "hosts": "host",
    "inventory_sources": "inventory_source",
    "projects": "project",
    "labels": "label",
    "job_templates": "job_template",
    "workflow_job_templates": "workflow_job_template",
    "workflow_job_template_nodes": "workflow_job_template_node",
    "workflow_approval_templates": "workflow_approval_template",
    "schedules": "schedule",
    "jobs": "job",
    "workflow_jobs": "workflow_job",
}
# What may be launched, and so be a node or have a schedule.
UNIFIED = (
    "job_templates",
    "workflow_job_templates",
    "projects",
    "inventory_sources",
    "workflow_approval_templates",
)
REFERENCES = {
    "organization": ("organizations",),
    "credential_type": ("credential_types",),
    "inventory": ("inventories",),
    "project": ("projects",),
    "source_project": ("projects",),
    "execution_environment": ("execution_environments",),
    "default_environment": ("execution_environments",),
    "credential": ("credentials",),
    "webhook_credential": ("credentials",),
    "signature_validation_credential": ("credentials",),
    "workflow_job_template": ("workflow_job_templates",),
    "unified_job_template": UNIFIED,
    "user": ("users",),
    "team": ("teams",),
}
# Text that has to be a mapping in JSON or YAML.
OF_VARIABLES = {"extra_vars", "variables", "source_vars"}
UNIQUE = {
    "organizations": ("name",),
    "credential_types": ("name", "kind"),
    "credentials": ("organization", "name", "credential_type"),
    "execution_environments": ("name",),
    "inventories": ("organization", "name"),
    "hosts": ("inventory", "name"),
    "inventory_sources": ("inventory", "name"),
    "projects": ("organization", "name"),
    "labels": ("organization", "name"),
    "job_templates": ("organization", "name"),
    "workflow_job_templates": ("organization", "name"),
    "workflow_job_template_nodes": ("workflow_job_template", "identifier"),
    "schedules": ("unified_job_template", "name"),
}
Values = dict[str, Any]


class Refusal(Exception):
    """An answer that AWX gives instead of doing what it was asked."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {body}")
        self.status, self.body = status, dict(body)


def invalid(name: str, why: str) -> Refusal:
    return Refusal(400, {name: [why]})


@dataclass
class Thing:
    """One object of one resource. links: sub-list to the IDs in it. survey: the whole specification."""

    resource: str
    id: int
    values: Values
    links: dict[str, list[int]] = field(default_factory=dict)
    survey: Values = field(default_factory=dict)
    managed: bool = False

    @property
    def name(self) -> str:
        return str(self.values.get("name") or self.values.get("identifier"))


class Objects:
    """All of them, by their IDs, which no two share."""

    def __init__(self) -> None:
        self.things: dict[int, Thing] = {}
        for each in MANAGED:
            values = {**each, "description": "", "injectors": {}}
            self.add("credential_types", values).managed = True

    def add(self, resource: str, values: Values) -> Thing:
        number = max(self.things, default=0) + 1
        self.things[number] = Thing(resource, number, values)
        return self.things[number]

    def of(self, *resources: str) -> Iterator[Thing]:
        return (thing for thing in list(self.things.values()) if thing.resource in resources)

    def get(self, resource: str, number: int) -> Thing:
        thing = self.things.get(number)
        if thing is None or thing.resource != resource:
            raise Refusal(404, {"detail": f"No {TYPES[resource].capitalize()} matches the given query."})
        return thing

    def named(self, resource: str, name: str) -> Thing:
        (found,) = [thing for thing in self.of(resource) if thing.name == name]
        return found

    def checked(self, resource: str, given: Mapping[str, Any], before: Thing | None = None) -> Values:
        """Return the values to store, without fields that AWX does not know."""
        fields = FIELDS[resource]
        values = (
            dict(before.values)
            if before
            else {name: each["default"] for name, each in fields.items() if "default" in each}
        )
        for name, described in fields.items():
            if name in given:
                values[name] = self._checked(name, described, given[name])
            elif described.get("required") and before is None:
                raise invalid(name, "This field is required.")
        if resource == "job_templates":
            project = self.things.get(values.get("project") or 0)
            values["organization"] = project.values["organization"] if project else None
        self._refuse_twice(resource, values, before)
        return values

    def _refuse_twice(self, resource: str, values: Values, before: Thing | None) -> None:
        unique = UNIQUE.get(resource)
        if unique is None:
            return
        for other in self.of(resource):
            if other is not before and all(other.values.get(each) == values.get(each) for each in unique):
                words = " and ".join(each.replace("_", " ").capitalize() for each in unique)
                label = TYPES[resource].replace("_", " ").capitalize()
                raise Refusal(400, {"__all__": [f"{label} with this {words} already exists."]})

    def _checked(self, name: str, described: Mapping[str, Any], value: Any) -> Any:
        if name in REFERENCES:
            return self._reference(name, described, value)
        if name in OF_VARIABLES:
            return _variables(name, value)
        if value is None:
            if "default" in described and described["default"] is None:
                return None
            raise invalid(name, "This field may not be null.")
        return _OF_TYPE[described["type"]](name, described, value)

    def _reference(self, name: str, described: Mapping[str, Any], value: Any) -> int | None:
        if value in (None, ""):
            if described.get("required"):
                raise invalid(name, "This field may not be null.")
            return None
        if isinstance(value, bool) or not str(value).isdigit():
            raise invalid(name, f"Incorrect type. Expected pk value, received {type(value).__name__}.")
        thing = self.things.get(int(value))
        if thing is None or thing.resource not in REFERENCES[name]:
            raise invalid(name, f'Invalid pk "{value}" - object does not exist.')
        return int(value)


def mapping_of(text: str) -> dict[str, Any]:
    """Return the variables in a text."""
    found = yaml.safe_load(text) if text.strip() else {}
    return found or {}


def _variables(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise invalid(name, "Not a valid string.")
    try:
        found = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise invalid(name, f"Cannot parse as JSON or YAML (error: {error}).") from None
    if found is not None and not isinstance(found, dict):
        raise invalid(name, f"Variables must be a mapping, not {type(found).__name__}.")
    return value


def _text(name: str, described: Mapping[str, Any], value: Any) -> str:
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        raise invalid(name, "Not a valid string.")
    text = str(value).strip()
    if not text and described.get("required"):
        raise invalid(name, "This field may not be blank.")
    if len(text) > described.get("max_length", len(text)):
        raise invalid(name, f"Ensure this field has no more than {described['max_length']} characters.")
    return text


def _boolean(name: str, _described: Mapping[str, Any], value: Any) -> bool:
    if not isinstance(value, bool):
        raise invalid(name, "Must be a valid boolean.")
    return value


def _integer(name: str, described: Mapping[str, Any], value: Any) -> int:
    if isinstance(value, bool) or not str(value).lstrip("-").isdigit():
        raise invalid(name, "A valid integer is required.")
    # AWX accepts a negative time-out, whatever it may mean.
    if int(value) < described.get("min_value", 0) and name != "timeout":
        raise invalid(name, f"Ensure this value is greater than or equal to {described.get('min_value', 0)}.")
    return int(value)


def _choice(name: str, described: Mapping[str, Any], value: Any) -> Any:
    for choice in described["choices"]:
        if value == choice or (isinstance(choice, int) and str(value) == str(choice)):
            return choice
    raise invalid(name, f'"{value}" is not a valid choice.')


def _json(name: str, _described: Mapping[str, Any], value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = json.loads(value or "{}")
        except ValueError:
            raise invalid(name, "Value must be valid JSON.") from None
    if not isinstance(value, dict):
        raise invalid(name, f'Expected a dictionary of items but got type "{type(value).__name__}".')
    return value


_OF_TYPE = {
    "string": _text,
    "boolean": _boolean,
    "integer": _integer,
    "choice": _choice,
    "json": _json,
    "id": _integer,
}
