# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ways to bring a fleet to its settings, from the limit to the recipe that the guide's readers write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .measure import Cost
from .site import APPS, FIRST, ONE, SECOND, THREE, Site, expected_requests, expected_uri_requests

SERVERS = "antmedia.s3_recording.servers"
SETTINGS_TASK = "antmedia.s3_recording.ams_app_settings"


@dataclass(frozen=True)
class Candidate:
    """One way to do it.

    state: of the hosts before it: FIRST nothing is set, SECOND everything is, "" where it asks nothing.
    expected: the requests that each host gets.
    """

    name: str
    run: Callable[[Site, int, bool], Cost]
    state: str = ""
    apps: Sequence[str] = ()
    expected: Sequence[str] = ()
    one_connection: bool = True
    few_hosts: bool = False
    in_ansible: bool = True

    @property
    def label(self) -> str:
        count = {0: "", 1: "one application", 3: "three applications"}[len(self.apps)]
        return ", ".join(part for part in (self.name, self.state, count) if part)


def _play(*tasks: dict[str, Any]) -> list[dict[str, Any]]:
    play = {"hosts": "all", "connection": "local", "gather_facts": False, "tasks": list(tasks)}
    return [{**play, "become": False}]


def _run_play(play: str | list[dict[str, Any]], apps: Sequence[str]) -> Callable[[Site, int, bool], Cost]:
    def run(site: Site, hosts: int, with_memory: bool) -> Cost:
        return site.play(play, hosts, apps, with_memory=with_memory)

    return run


def _run_task(action: str, apps: Sequence[str]) -> Callable[[Site, int, bool], Cost]:
    def run(site: Site, hosts: int, with_memory: bool) -> Cost:
        arguments = {
            "url": "{{ s3_recording_ams_url }}",
            "email": "{{ s3_recording_ams_email }}",
            "password": "{{ s3_recording_ams_password }}",
            **({"ca_path": site.fleet.ca_path} if site.fleet.ca_path else {}),
            "apps": [{"name": app, "settings": site.asked[app]} for app in apps],
        }
        return site.play(_play({action: arguments}), hosts, apps, with_memory=with_memory)

    return run


def _run_uri(apps: Sequence[str], *, compares: bool) -> Callable[[Site, int, bool], Cost]:
    """Return tasks that log in, GET and POST by ansible.builtin.uri. compares: post only what differs."""
    common = {"ca_path": "{{ s3_recording_ams_ca_path | default(omit) }}"}
    cookie = {"Cookie": "{{ session.cookies_string }}"}
    api = "{{ s3_recording_ams_url }}/rest/v2"
    login = {
        "ansible.builtin.uri": {
            **common,
            "url": f"{api}/users/authenticate",
            "method": "POST",
            "body_format": "json",
            "body": {"email": "{{ s3_recording_ams_email }}", "password": "{{ s3_recording_ams_password }}"},
        },
        "register": "session",
    }
    read = {
        "ansible.builtin.uri": {
            **common,
            "url": f"{api}/applications/settings/{{{{ item }}}}",
            "headers": cookie,
        },
        "loop": list(apps),
        "register": "current",
    }
    write = {
        "ansible.builtin.uri": {
            **common,
            "url": f"{api}/applications/settings/{{{{ item.item }}}}",
            "method": "POST",
            "headers": cookie,
            "body_format": "json",
            "body": "{{ item.json | combine(asked[item.item]) }}",
        },
        "loop": "{{ current.results }}",
        "loop_control": {"label": "{{ item.item }}"},
        **({"when": "item.json | combine(asked[item.item]) != item.json"} if compares else {}),
    }

    def run(site: Site, hosts: int, with_memory: bool) -> Cost:
        (play,) = _play(login, read, write)
        return site.play([{**play, "vars": {"asked": site.asked}}], hosts, apps, with_memory=with_memory)

    return run


def _run_bare(apps: Sequence[str]) -> Callable[[Site, int, bool], Cost]:
    def run(site: Site, hosts: int, with_memory: bool) -> Cost:
        return site.bare_client(hosts, apps, with_memory=with_memory)

    return run


def _bare_requests(apps: Sequence[str], *, written: bool) -> list[str]:
    return [each for each in expected_requests(apps, written=written) if "vods/count" not in each]


EMPTY = Candidate("a play without a task", _run_play(_play(), APPS))
NOOP = Candidate("no-op task (the unit)", _run_play(_play({"bench_noop": {}}), APPS))
BARE = {
    state: Candidate(
        "bare asyncio client",
        _run_bare(THREE),
        state,
        THREE,
        _bare_requests(THREE, written=state == FIRST),
        in_ansible=False,
    )
    for state in (FIRST, SECOND)
}


def _pair(
    name: str, make: Callable[[Sequence[str]], Callable[[Site, int, bool], Cost]], few_hosts: bool = False
) -> dict[tuple[str, int], Candidate]:
    return {
        (state, len(apps)): Candidate(
            name,
            make(apps),
            state,
            apps,
            expected_requests(apps, written=state == FIRST),
            few_hosts=few_hosts,
        )
        for apps in (ONE, THREE)
        for state in (FIRST, SECOND)
    }


TASK = _pair("settings task", lambda apps: _run_task(SETTINGS_TASK, apps))
ROLE = _pair("servers play", lambda apps: _run_play(SERVERS, apps))
SHIPPED = _pair("the same as a plain module", lambda apps: _run_task("bench_shipped", apps), few_hosts=True)
URI = {
    (state, len(apps)): Candidate(
        "uri playbook",
        _run_uri(apps, compares=False),
        state,
        apps,
        expected_uri_requests(apps, written=True),
        one_connection=False,
        few_hosts=True,
    )
    for apps in (ONE, THREE)
    for state in (FIRST, SECOND)
}
URI_COMPARING = Candidate(
    "uri playbook that posts only what differs",
    _run_uri(THREE, compares=True),
    SECOND,
    THREE,
    expected_uri_requests(THREE, written=False),
    one_connection=False,
    few_hosts=True,
)
