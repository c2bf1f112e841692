# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each server is asked as little as can be: one connection, one login, one read an application for the plan.

A server that changes has one more of each. What differs is read again just before it is written, written and
read back, each once.
What it costs in time is measured by tests/bench.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from stand_ins.ams import Fleet
from tests.harness.playbook import PlaybookRun, run_playbook

SERVERS = "antmedia.s3_recording.servers"
APPS = ("live", "LiveApp", "WebRTCApp")
HOSTS = 3
LOGIN, LOGOUT = "POST /rest/v2/users/authenticate", "DELETE /rest/v2/users/logout"
SETTINGS, VERSION = "/rest/v2/applications/settings", "GET /rest/v2/version"
HIDDEN = "GET /rest/v2/request?_path={}/rest/v2/vods/count"
LIVE = "GET /rest/v2/request?_path={}/rest/v2/broadcasts/active-live-stream-count"


@pytest.fixture(scope="module", params=["http", "https"])
def running(request: pytest.FixtureRequest) -> Iterator[Fleet]:
    with Fleet(hosts=HOSTS, tls=request.param == "https", apps=APPS) as fleet:
        yield fleet


@pytest.fixture
def fleet(running: Fleet) -> Fleet:
    running.reset()
    return running


class Servers:
    """The play for a fleet, with a key that is given: without AWS, and without the check, which needs it."""

    def __init__(self, fleet: Fleet, apps: Sequence[str], backups: Path) -> None:
        self.fleet, self.apps = fleet, apps
        admin = fleet.hosts[0]
        variables = {
            "s3_recording_bucket": "recordings-of-a-test",
            "s3_recording_region": "eu-west-1",
            "s3_recording_applications": list(apps),
            "s3_recording_folder_per_application": True,
            "s3_recording_access_key_id": "AKIAIOSFODNN7EXAMPLE",
            "s3_recording_secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "s3_recording_verify": False,
            "s3_recording_backup_dir": str(backups),
            "s3_recording_ams_email": admin.email,
            "s3_recording_ams_password": admin.password,
            "s3_recording_ams_ca_path": fleet.ca_path or "",
        }
        hosts = {
            f"ams-{number}": {"s3_recording_ams_url": host.url} for number, host in enumerate(fleet.hosts)
        }
        self.inventory = {"all": {"hosts": hosts, "vars": variables}}

    def run(self, *arguments: str, **extra: Any) -> PlaybookRun:
        self.fleet.clear_requests()
        return run_playbook(SERVERS, inventory=self.inventory, extra_vars=extra or None, arguments=arguments)

    def planned(self, *changing: str) -> list[str]:
        """The plan: where forwarding would be switched on, the recordings that it would hide are counted."""
        return [LOGIN, VERSION, *self.reads(changing), *(LIVE.format(app) for app in changing), LOGOUT]

    def written(self, *changing: str) -> list[str]:
        """All reads come first, so that a wrong setting changes nothing."""
        each_once = [f"{method} {SETTINGS}/{app}" for app in changing for method in ("GET", "POST", "GET")]
        return [LOGIN, *self.reads(changing), *each_once, LOGOUT]

    def reads(self, hiding: Sequence[str] = ()) -> list[str]:
        return [*(f"GET {SETTINGS}/{app}" for app in self.apps), *(HIDDEN.format(app) for app in hiding)]

    def assert_asked(self, *sessions: Sequence[str]) -> None:
        for host in self.fleet.hosts:
            requests = self.fleet.requests(host)
            expected = [request for session in sessions for request in session]
            assert [f"{request['method']} {request['path']}" for request in requests] == expected
            assert {request["status"] for request in requests} == {200}
            assert self.fleet.connections(host) == len(sessions)


@pytest.fixture(params=[APPS[:1], APPS], ids=["one", "three"])
def servers(request: pytest.FixtureRequest, fleet: Fleet, tmp_path: Path) -> Servers:
    return Servers(fleet, request.param, tmp_path / "backups")


def test_what_differs_is_written_and_read_back_once_and_then_only_read(servers: Servers) -> None:
    assert servers.run().changed == HOSTS
    servers.assert_asked(servers.planned(*servers.apps), servers.written(*servers.apps))
    assert servers.run().changed == 0
    servers.assert_asked(servers.planned())


def test_one_of_three_that_differs_is_written_alone(fleet: Fleet, tmp_path: Path) -> None:
    servers = Servers(fleet, APPS, tmp_path / "backups")
    servers.run()
    for host in fleet.hosts:
        fleet.set_settings(host, "LiveApp", {"s3RegionName": "us-west-2"})
    assert servers.run().changed == HOSTS
    # Forwarding is on already, so nothing is counted that it would hide.
    each_once = [f"{method} {SETTINGS}/LiveApp" for method in ("GET", "POST", "GET")]
    servers.assert_asked(
        [LOGIN, VERSION, *servers.reads(), LIVE.format("LiveApp"), LOGOUT],
        [LOGIN, *servers.reads(), *each_once, LOGOUT],
    )


def test_check_mode_only_reads(servers: Servers) -> None:
    assert servers.run("--check").changed == HOSTS
    servers.assert_asked(servers.planned(*servers.apps), [LOGIN, *servers.reads(servers.apps), LOGOUT])


def test_batches_of_any_size_ask_no_more(fleet: Fleet, tmp_path: Path) -> None:
    servers = Servers(fleet, APPS[:1], tmp_path / "backups")
    servers.run(s3_recording_serial=["100%"])
    asked = servers.planned(*servers.apps), servers.written(*servers.apps)
    servers.assert_asked(*asked)
    for host in fleet.hosts:
        fleet.set_settings(host, servers.apps[0], {"httpForwardingExtension": ""})
    servers.run(s3_recording_serial=1)
    servers.assert_asked(*asked)
    servers.run(s3_recording_serial=1)
    servers.assert_asked(servers.planned())
