# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The requests that AWX answers, with its paths, its statuses and its shapes."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from . import credentials, schedules, surveys
from .objects import FIELDS, REFERENCES, TYPES, UNIFIED, Objects, Refusal, Thing, Values, invalid, mapping_of

VERSION = {"X-API-Product-Name": "AWX", "X-API-Product-Version": "24.6.1"}
USER, PASSWORD = "admin", "of-a-test"
LINKS = {
    "job_templates": {"credentials": "credentials", "labels": "labels"},
    "workflow_job_templates": {"labels": "labels"},
    "workflow_job_template_nodes": {
        **dict.fromkeys(("success_nodes", "failure_nodes", "always_nodes"), "workflow_job_template_nodes"),
        "credentials": "credentials",
    },
    "schedules": {"credentials": "credentials"},
}
_ROOT = "/api/v2"
Answer = tuple[int, Any]


class Api:
    def __init__(self, objects: Objects, token: str) -> None:
        self.objects, self._token = objects, token
        self.requests: list[tuple[str, str]] = []

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.Response:
        self.requests.append((request.method, request.path))
        body = await request.text()
        try:
            if not self._is_known(request):
                raise Refusal(401, {"detail": "Authentication credentials were not provided."})
            status, answer = self._routed(request.method, request.path, dict(request.query), _read(body))
        except Refusal as refusal:
            status, answer = refusal.status, refusal.body
        if isinstance(answer, dict) and answer.get("next"):
            answer["next"] = request.path + answer["next"]
        if status == 204:
            return web.Response(status=204, headers=VERSION)
        return web.json_response(answer, status=status, headers=VERSION)

    def _is_known(self, request: web.Request) -> bool:
        basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        return request.headers.get("Authorization") in (f"Bearer {self._token}", f"Basic {basic}")

    def _routed(self, method: str, path: str, query: Mapping[str, str], given: Values) -> Answer:
        parts = path.removeprefix(_ROOT).strip("/").split("/")
        plain: dict[tuple[str, str], Callable[[], Answer]] = {
            ("GET", "ping"): lambda: (200, {"version": "24.6.1", "ha": False}),
            ("GET", "config"): lambda: (200, {"version": "24.6.1", "license_info": {"license_type": "open"}}),
            ("GET", "me"): lambda: (200, _page([{"id": 1, "type": "user", "username": USER}], query)),
            ("GET", "unified_job_templates"): lambda: self._list(UNIFIED, query),
        }
        if len(parts) == 1 and (method, parts[0]) in plain:
            return plain[method, parts[0]]()
        resource = parts[0]
        if resource not in TYPES or not path.startswith(_ROOT):
            raise Refusal(404, {"detail": "The requested resource could not be found."})
        if len(parts) == 1:
            return self._collection(method, resource, query, given)
        if not parts[1].isdigit():
            raise Refusal(404, {"detail": "Not found."})
        thing = self.objects.get(resource, int(parts[1]))
        return (
            self._one(method, thing, given)
            if len(parts) == 2
            else self._below(method, thing, parts[2], query, given)
        )

    def _collection(self, method: str, resource: str, query: Mapping[str, str], given: Values) -> Answer:
        if method == "GET":
            return self._list((resource,), query)
        if method != "POST" or resource in ("jobs", "workflow_jobs", "workflow_approval_templates"):
            raise Refusal(405, {"detail": f'Method "{method}" not allowed.'})
        values = self.objects.checked(resource, given)
        if resource == "workflow_job_template_nodes":
            values.setdefault("identifier", str(uuid.uuid4()))
        self._check(resource, values, None)
        thing = self.objects.add(resource, values)
        if resource == "projects":
            values.update(playbooks=[], status="never updated")
        return 201, self._view(thing)

    def _one(self, method: str, thing: Thing, given: Values) -> Answer:
        if method == "GET":
            return 200, self._view(thing)
        if method in ("PATCH", "PUT"):
            values = self.objects.checked(thing.resource, given, thing)
            self._check(thing.resource, values, thing)
            thing.values = values
            return 200, self._view(thing)
        if method == "DELETE":
            if thing.managed or self._credentials_of(thing):
                raise Refusal(403, {"detail": "Deletion not allowed for credential types that are in use"})
            self._forget(thing)
            return 204, None
        raise Refusal(405, {"detail": f'Method "{method}" not allowed.'})

    def _forget(self, thing: Thing) -> None:
        del self.objects.things[thing.id]
        for other in self.objects.things.values():
            for numbers in other.links.values():
                if thing.id in numbers:
                    numbers.remove(thing.id)

    def _below(self, method: str, thing: Thing, name: str, query: Mapping[str, str], given: Values) -> Answer:
        if name in LINKS.get(thing.resource, {}):
            return self._links(method, thing, name, query, given)
        below: dict[tuple[str, str], Callable[[], Answer]] = {
            ("GET", "survey_spec"): lambda: (200, thing.survey),
            ("POST", "survey_spec"): lambda: self._set_survey(thing, given),
            ("DELETE", "survey_spec"): lambda: self._set_survey(thing, None),
            ("GET", "playbooks"): lambda: (200, thing.values.get("playbooks", [])),
            ("POST", "launch"): lambda: self._launch(thing, given),
            ("POST", "create_approval_template"): lambda: self._approval(thing, given),
        }
        if (method, name) not in below:
            raise Refusal(404, {"detail": "Not found."})
        return below[method, name]()

    def _list(self, resources: tuple[str, ...], query: Mapping[str, str]) -> Answer:
        filters = {
            name: value for name, value in query.items() if name not in ("page", "page_size", "order_by")
        }
        either = {
            name.removeprefix("or__"): value for name, value in filters.items() if name.startswith("or__")
        }
        every = {name: value for name, value in filters.items() if not name.startswith("or__")}
        found = []
        for thing in self.objects.of(*resources):
            known = self._view(thing)
            if len(resources) > 1:
                known.setdefault("organization", None)
            for name in filters:
                if name.removeprefix("or__") not in known:
                    raise Refusal(400, {"detail": f"{TYPES[thing.resource]} has no field named '{name}'"})
            if all(str(known[name]) == value for name, value in every.items()) and (
                not either or any(str(known[name]) == value for name, value in either.items())
            ):
                found.append(known)
        return 200, _page(found, query)

    def _check(self, resource: str, values: Values, before: Thing | None) -> None:
        if resource == "credential_types":
            credentials.check_type(values, before, bool(before and self._credentials_of(before)))
        elif resource == "credentials":
            credentials.check_credential(values, self.objects.things[values["credential_type"]], before)
        elif resource == "job_templates":
            self._check_job_template(values)
        elif resource == "schedules":
            schedules.check_rule(values["rrule"])
            self._check_schedule(values)
        elif resource == "workflow_job_template_nodes" and values.get("unified_job_template"):
            surveys.check_prompts(self.objects.things[values["unified_job_template"]], values, complete=False)

    def _credentials_of(self, kind: Thing) -> list[Thing]:
        if kind.resource != "credential_types":
            return []
        return [each for each in self.objects.of("credentials") if each.values["credential_type"] == kind.id]

    def _check_job_template(self, values: Values) -> None:
        project = self.objects.things.get(values.get("project") or 0)
        if project is None:
            raise invalid("project", "Job Templates must have a project assigned.")
        if not values.get("playbook"):
            raise invalid("playbook", "Playbook is required for job templates.")
        if not project.values["allow_override"] and values["playbook"] not in project.values["playbooks"]:
            raise invalid("playbook", "Playbook not found for project.")
        if not values.get("inventory") and not values["ask_inventory_on_launch"]:
            raise invalid("inventory", "You must either set a default value or ask to prompt on launch.")

    def _check_schedule(self, values: Values) -> None:
        template = self.objects.things[values["unified_job_template"]]
        surveys.check_prompts(template, values, complete=True)
        if (values.get("job_slice_count") or 0) > 1 and self._hosts_of(template) <= 1:
            raise invalid("job_slice_count", "Job inventory does not have enough hosts for slicing")

    def _hosts_of(self, template: Thing) -> int:
        inventory = template.values.get("inventory")
        return sum(each.values["inventory"] == inventory for each in self.objects.of("hosts"))

    def _links(self, method: str, thing: Thing, name: str, query: Mapping[str, str], given: Values) -> Answer:
        linked = thing.links.setdefault(name, [])
        if method == "GET":
            return 200, _page([self._view(self.objects.things[number]) for number in linked], query)
        other = self.objects.things.get(given.get("id") or 0)
        if other is None or other.resource != LINKS[thing.resource][name]:
            raise Refusal(400, {"id": ["Invalid ID."]})
        if given.get("disassociate"):
            thing.links[name] = [number for number in linked if number != other.id]
            return 204, None
        if name == "credentials":
            self._check_credential_link(thing, other)
        elif name.endswith("_nodes"):
            self._check_node_link(thing, other, name)
        if other.id not in linked:
            linked.append(other.id)
        return 204, None

    def _check_credential_link(self, thing: Thing, other: Thing) -> None:
        kind = self.objects.things[other.values["credential_type"]]
        if kind.values["kind"] in (
            "scm",
            "registry",
            "galaxy",
            "insights",
            "external",
            "token",
            "cryptography",
        ):
            raise Refusal(400, {"error": f"Cannot assign a Credential of kind `{kind.values['kind']}`."})
        same = [self.objects.things[number] for number in thing.links["credentials"] if number != other.id]
        if kind.values["kind"] != "vault" and any(each.values["credential_type"] == kind.id for each in same):
            raise Refusal(400, {"error": f"Cannot assign multiple {kind.name} credentials."})

    def _check_node_link(self, thing: Thing, other: Thing, name: str) -> None:
        elsewhere = [kind for kind, numbers in thing.links.items() if kind != name and other.id in numbers]
        if elsewhere:
            raise Refusal(400, {"Error": "Relationship not allowed."})
        if other is thing or thing.id in self._reached(other):
            raise Refusal(400, {"Error": "Cycle detected."})

    def _reached(self, node: Thing) -> set[int]:
        found: set[int] = set()
        ahead = [node.id]
        while ahead:
            links = self.objects.things[ahead.pop()].links
            new = {
                number for name, numbers in links.items() if name.endswith("_nodes") for number in numbers
            } - found
            found |= new
            ahead += new
        return found

    def _set_survey(self, thing: Thing, given: Values | None) -> Answer:
        thing.survey = surveys.check_survey(given) if given is not None else {}
        return 200, {}

    def _approval(self, node: Thing, given: Values) -> Answer:
        values = self.objects.checked("workflow_approval_templates", given)
        approval = self.objects.add("workflow_approval_templates", values)
        node.values["unified_job_template"] = approval.id
        return 201, self._view(approval)

    def _launch(self, template: Thing, given: Values) -> Answer:
        ignored = {
            name: value
            for name, value in given.items()
            if name in surveys.PROMPTS
            and name != "extra_vars"
            and not template.values.get(surveys.PROMPTS[name])
        }
        asked = given.get("extra_vars") or {}
        asked = mapping_of(asked) if isinstance(asked, str) else asked
        taken, left_out = surveys.allowed(template, asked)
        if left_out:
            ignored["extra_vars"] = left_out
        problems = surveys.answer_problems(template, taken, complete=True)
        if problems:
            raise Refusal(400, {"variables_needed_to_start": problems})
        prompted = {name: given[name] for name in surveys.PROMPTS if name in given and name not in ignored}
        values = {**template.values, **prompted, "extra_vars": json.dumps(surveys.effective(template, taken))}
        slices = min(values.get("job_slice_count") or 1, max(self._hosts_of(template), 1))
        sliced = template.resource == "workflow_job_templates" or slices > 1
        job = self.objects.add("workflow_jobs" if sliced else "jobs", {**values, "template": template.id})
        job.values.update(is_sliced_job=slices > 1, job_slice_count=slices, status="pending")
        return 201, {**self._view(job), TYPES[job.resource]: job.id, "ignored_fields": ignored}

    def _view(self, thing: Thing) -> Values:
        address = f"{_ROOT}/{thing.resource}/{thing.id}/"
        view = {**dict.fromkeys(FIELDS.get(thing.resource, {})), **thing.values}
        view.update(id=thing.id, type=TYPES[thing.resource], url=address, managed=thing.managed)
        if thing.resource == "credentials":
            kind = self.objects.things[thing.values["credential_type"]]
            view["inputs"] = credentials.masked(thing.values["inputs"], kind)
        named = {name: self.objects.things.get(view[name]) for name in REFERENCES if view.get(name)}
        referred = {name: each for name, each in named.items() if each is not None}
        view["related"] = {name: f"{_ROOT}/{each.resource}/{each.id}/" for name, each in referred.items()}
        view["related"].update({name: f"{address}{name}/" for name in LINKS.get(thing.resource, {})})
        if thing.resource in ("job_templates", "workflow_job_templates"):
            view["related"]["survey_spec"] = f"{address}survey_spec/"
        view["summary_fields"] = {name: {"id": each.id, "name": each.name} for name, each in referred.items()}
        return view


def _read(body: str) -> Values:
    try:
        given = json.loads(body or "{}")
    except ValueError:
        raise Refusal(400, {"detail": "JSON parse error"}) from None
    if not isinstance(given, dict):
        raise Refusal(400, {"detail": "JSON parse error - not an object"})
    return given


def _page(found: list[Values], query: Mapping[str, str]) -> Values:
    size, page = int(query.get("page_size", 25)), int(query.get("page", 1))
    more = page * size < len(found)
    return {
        "count": len(found),
        "next": f"?page={page + 1}&page_size={size}" if more else None,
        "previous": None,
        "results": found[(page - 1) * size : page * size],
    }
