# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Credential types and credentials: AWX's refusals, and their injection into a job."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from .objects import Objects, Refusal, Thing, Values, invalid

ENCRYPTED = "$encrypted$"
REFUSED_NAMES = {
    *("VIRTUAL_ENV", "PATH", "PYTHONPATH", "JOB_ID", "INVENTORY_ID", "INVENTORY_SOURCE_ID"),
    *("INVENTORY_UPDATE_ID", "AD_HOC_COMMAND_ID", "REST_API_URL", "REST_API_TOKEN", "MAX_EVENT_RES"),
    *("CALLBACK_QUEUE", "CALLBACK_CONNECTION", "CACHE", "JOB_CALLBACK_DEBUG", "INVENTORY_HOSTVARS"),
    *("AWX_HOST", "PROJECT_REVISION", "SUPERVISOR_CONFIG_PATH"),
}
_KEYS = {"id", "label", "type", "format", "choices", "help_text", "multiline", "secret", "default"}
# What a real AWX injects for the types that come with it, whose injectors it keeps to itself.
_OF_AWX: dict[str, Values] = {
    "aws": {
        "env": {
            "AWS_ACCESS_KEY_ID": "{{ username }}",
            "AWS_SECRET_ACCESS_KEY": "{{ password }}",
            "AWS_SESSION_TOKEN": "{{ security_token }}",
            "AWS_SECURITY_TOKEN": "{{ security_token }}",
        }
    }
}
_ONLY_WITH = {"AWS_SESSION_TOKEN": "security_token", "AWS_SECURITY_TOKEN": "security_token"}


def check_type(values: Values, before: Thing | None, in_use: bool) -> None:
    if before and before.managed:
        raise Refusal(403, {"detail": "Modifications not allowed for managed credential types"})
    if before and in_use and values["inputs"] != before.values["inputs"]:
        raise Refusal(
            403, {"detail": "Modifications to inputs are not allowed for credential types that are in use"}
        )
    ids = _check_inputs(values["inputs"])
    _check_injectors(values["injectors"], ids)


def _check_inputs(inputs: Values) -> list[str]:
    unknown = set(inputs) - {"fields", "required"}
    if unknown:
        raise invalid("inputs", f"Additional properties are not allowed ({sorted(unknown)} were unexpected)")
    ids: list[str] = []
    for each in inputs.get("fields", []):
        _check_field(each)
        # AWX writes it in, so that whoever left it out finds a difference in each run.
        each.setdefault("type", "string")
        if each["id"] in ids:
            raise invalid("inputs", f"{each['id']} is defined twice")
        ids.append(each["id"])
    if not isinstance(inputs.get("required", []), list):
        raise invalid("inputs", "required is not of type 'array'")
    return ids


def _check_field(each: Mapping[str, Any]) -> None:
    for needed in ("id", "label"):
        if not each.get(needed):
            raise invalid("inputs", f"'{needed}' is a required property")
    if each["id"] == "tower":
        raise invalid("inputs", "tower is a reserved field name")
    if set(each) - _KEYS:
        raise invalid(
            "inputs", f"Additional properties are not allowed ({sorted(set(each) - _KEYS)} were unexpected)"
        )
    kind = each.get("type", "string")
    if kind not in ("string", "boolean"):
        raise invalid("inputs", f"'{kind}' is not one of ['string', 'boolean']")
    if kind == "boolean" and {"secret", "choices", "multiline", "format"} & set(each):
        raise invalid(
            "inputs", f"'{each['id']}' is a boolean, which has none of secret, choices, multiline, format"
        )
    if each.get("format", "url") not in ("ssh_private_key", "url"):
        raise invalid("inputs", f"'{each['format']}' is not one of ['ssh_private_key', 'url']")
    choices = each.get("choices", ["one"])
    if not choices or len(set(choices)) != len(choices):
        raise invalid("inputs", "choices has to have unique items, and one at least")


def _check_injectors(injectors: Values, ids: list[str]) -> None:
    unknown = set(injectors) - {"env", "extra_vars", "file"}
    if unknown:
        raise invalid(
            "injectors", f"Additional properties are not allowed ({sorted(unknown)} were unexpected)"
        )
    files = injectors.get("file", {})
    if "template" in files and len(files) > 1:
        raise invalid("injectors", "Must use multi-file syntax when injecting multiple files")
    if any(name != "template" and not re.fullmatch(r"template\.[A-Za-z_]\w*", name) for name in files):
        raise invalid("injectors", "Must define unnamed file injector or template.NAME")
    for name in injectors.get("env", {}):
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise invalid("injectors", f"{name} is not a valid name of an environment variable")
        if name.startswith("ANSIBLE_") or name in REFUSED_NAMES:
            raise invalid(
                "injectors", f"Environment variable {name} is not allowed to be used in credentials."
            )
    names = [name.partition(".")[2] for name in files if name != "template"]
    known = {
        **dict.fromkeys(ids, "EXAMPLE"),
        "tower": {"filename": dict.fromkeys(names, "F") if names else "F"},
    }
    for kind in ("env", "extra_vars", "file"):
        for name, template in injectors.get(kind, {}).items():
            _check_template(name, template, known)


def _check_template(name: str, template: Any, known: Values) -> None:
    if isinstance(template, (list, dict)):
        for each in template.values() if isinstance(template, dict) else template:
            _check_template(name, each, known)
        return
    if not isinstance(template, str):
        raise invalid("injectors", f"{template!r} is not of type 'string'")
    try:
        SandboxedEnvironment(undefined=StrictUndefined).from_string(template).render(known)
    except TemplateError as error:
        raise invalid(
            "injectors", f"{name} uses an undefined field or a filter that is none ({error})"
        ) from None


def check_credential(values: Values, kind: Thing, before: Thing | None) -> None:
    fields = {each["id"]: each for each in kind.values["inputs"].get("fields", [])}
    for name, value in values["inputs"].items():
        if name not in fields:
            raise invalid("inputs", f"Additional properties are not allowed ('{name}' was unexpected)")
        wanted = bool if fields[name].get("type") == "boolean" else str
        if not isinstance(value, wanted):
            raise invalid("inputs", f"{value!r} is not of type '{'boolean' if wanted is bool else 'string'}'")
        if value == ENCRYPTED and before:
            values["inputs"][name] = before.values["inputs"].get(name, "")
    if not any(values.get(owner) for owner in ("organization", "user", "team")):
        raise Refusal(400, {"detail": "Missing 'user', 'team', or 'organization'."})


def masked(inputs: Values, kind: Thing) -> Values:
    secret = {each["id"] for each in kind.values["inputs"].get("fields", []) if each.get("secret")}
    return {name: ENCRYPTED if name in secret and value else value for name, value in inputs.items()}


class Injected:
    """What the credentials of a job give it. secrets: values that no output may show."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.env: dict[str, str] = {}
        self.extra_vars: Values = {}
        self.secrets: list[str] = []

    def add(self, credential: Thing, objects: Objects) -> None:
        kind = objects.things[credential.values["credential_type"]]
        fields = kind.values["inputs"].get("fields", [])
        given = credential.values["inputs"]
        missing = [name for name in kind.values["inputs"].get("required", []) if not given.get(name)]
        if missing:
            raise ValueError(
                f"cannot start because Credential {credential.name} does not provide one or more required "
                f"fields ({', '.join(missing)})"
            )
        known: Values = {
            each["id"]: given.get(each["id"], False if each.get("type") == "boolean" else "")
            for each in fields
        }
        self.secrets += [known[each["id"]] for each in fields if each.get("secret") and known[each["id"]]]
        injectors: Values = _OF_AWX.get(kind.values.get("namespace", "")) or kind.values["injectors"]
        known["tower"] = {"filename": self._files(credential, injectors.get("file", {}), known)}
        for name, template in injectors.get("env", {}).items():
            if not (name in _ONLY_WITH and not known[_ONLY_WITH[name]]):
                self.env[name] = _rendered(template, known)
        for name, template in injectors.get("extra_vars", {}).items():
            self.extra_vars[name] = _rendered(template, known)

    def _files(self, credential: Thing, templates: Mapping[str, str], known: Values) -> Any:
        paths = {}
        for name, template in templates.items():
            path = self._folder / f"credential-{credential.id}-{name}"
            path.write_text(_rendered(template, known), encoding="utf-8")
            path.chmod(0o600)
            paths[name.partition(".")[2]] = str(path)
        return paths.get("", paths)


def _rendered(template: Any, known: Values) -> Any:
    if isinstance(template, dict):
        return {name: _rendered(each, known) for name, each in template.items()}
    if isinstance(template, list):
        return [_rendered(each, known) for each in template]
    return SandboxedEnvironment(undefined=StrictUndefined).from_string(template).render(known)
