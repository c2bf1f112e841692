# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One server of four fails in every way: what is said, how all are left, and that a second run mends."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from stand_ins.ams import Fleet, FleetHost
from tests.harness.expected_changes import ASKED, SERVERS_OWN
from tests.harness.playbook import PlaybookRun, run_playbook

SERVERS = "antmedia.s3_recording.servers"
SETTINGS = "/applications/settings/"
LOGIN = "/users/authenticate"
ACCESS_KEY, SECRET_KEY = "AKIAEXAMPLEOFAFAULT1", "secret-of-a-run-with-faults"
BROKEN = 2
TIMEOUT = 2
# A slow answer must come after the whole test, or its write would come in the middle of it.
FOREVER = 300
PATIENCE = 30


@dataclass(frozen=True)
class Case:
    """What is broken at the third server, and what is to be seen of it.

    url: where it is looked for in the first run. stuck: why its former settings cannot be taken back.
    asked: whether it nevertheless is as asked afterwards. logins: that it gets in the first run.
    """

    name: str
    said: tuple[str, ...]
    faults: tuple[dict[str, Any], ...] = ()
    url: str = ""
    stuck: str = ""
    asked: bool = False
    logins: int = 1


def at_get(action: str, **more: Any) -> dict[str, Any]:
    return {"action": action, "method": "GET", "path": SETTINGS, **more}


def at_post(action: str, **more: Any) -> dict[str, Any]:
    return {"action": action, "method": "POST", "path": SETTINGS, **more}


def at_login(action: str, **more: Any) -> dict[str, Any]:
    return {"action": action, "path": LOGIN, **more}


READING = "Reading the settings of application 'live' at {url}: "
WRITING = "Writing the settings of application 'live' at {url}: "
LOGGING_IN = "Logging in as {email} at {url}: "
SLOW = f"no answer from the server within {TIMEOUT} s. Is the server overloaded? See timeout."
CASES = [
    Case(
        "connection refused",
        (
            LOGGING_IN
            + "the connection to the server was refused. Is the server running, and is this its port?",
        ),
        url="http://127.0.0.1:1",
        logins=0,
    ),
    Case(
        "DNS failure",
        (LOGGING_IN + "the name no-such-host.invalid is not known to DNS. Check the address.",),
        url="https://no-such-host.invalid:5443",
        logins=0,
    ),
    Case("timeout at login", (LOGGING_IN + SLOW,), (at_login("slow", seconds=FOREVER),)),
    Case("timeout at GET", (READING + SLOW,), (at_get("slow", seconds=FOREVER),)),
    Case(
        "timeout at POST",
        (
            WRITING + f"no answer from the server within {TIMEOUT} s. Read back: ",
            "is not as requested",
            "See timeout.",
        ),
        (at_post("slow", seconds=FOREVER),),
        logins=2,
    ),
    Case(
        "reset before POST was carried out",
        (WRITING + "the connection to the server broke", "Read back: ", "is not as requested", "Run again."),
        (at_post("reset_before"),),
        logins=2,
    ),
    Case(
        "reset after POST, and no reading back",
        (WRITING, "It is not known whether the write was carried out: reading back failed (status 503"),
        (at_post("reset_after"), at_get("status", status=503, nth=3)),
        stuck=READING + "status 503",
        asked=True,
        logins=2,
    ),
    Case("500", (READING + "status 500", "Look at the server's log."), (at_get("status", status=500),)),
    Case(
        "500 at POST",
        (WRITING + "status 500", "Read back: ", "is not as requested", "Look at the server's log."),
        (at_post("status", status=500),),
        logins=2,
    ),
    Case("502 HTML", (READING + "status 502 with '502'. Look at",), (at_get("status", status=502),)),
    Case(
        "truncated JSON",
        (READING + "status 200 with JSON that breaks off after", "look at its log and run again."),
        (at_get("truncate"),),
    ),
    Case(
        "redirect to https",
        (LOGGING_IN + "status 302", "The server redirects to https://", ": use that address."),
        ({"action": "redirect"},),
    ),
    Case(
        "session lost between GET and POST",
        (WRITING + "status 403", "the session was lost", "Nothing of this application was written."),
        (at_post("session_lost"),),
        logins=2,
    ),
]


class Site:
    """A fleet and an inventory of it, in two batches."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet, self.backups = fleet, folder / "former"
        self.names = [f"ams-{number}" for number in range(1, len(fleet.hosts) + 1)]
        self.before = {name: self.settings(name) for name in self.names}

    def run(self, urls: dict[int, str] | None = None, rc: int = 0, **variables: Any) -> PlaybookRun:
        first = self.fleet.hosts[0]
        shared = {
            "s3_recording_bucket": "recordings-with-faults",
            "s3_recording_region": "eu-west-1",
            "s3_recording_access_key_id": ACCESS_KEY,
            "s3_recording_secret_access_key": SECRET_KEY,
            "s3_recording_verify": False,
            "s3_recording_serial": [1, "100%"],
            "s3_recording_backup_dir": str(self.backups),
            "s3_recording_ams_start_timeout": 0,
            "s3_recording_ams_timeout": TIMEOUT,
            "s3_recording_ams_email": first.email,
            "s3_recording_ams_password": first.password,
        }
        hosts = {
            name: {"s3_recording_ams_url": (urls or {}).get(number) or host.url}
            for number, (name, host) in enumerate(zip(self.names, self.fleet.hosts))
        }
        self.fleet.clear_requests()
        inventory = {"all": {"hosts": hosts, "vars": {**shared, **variables}}}
        run = run_playbook(SERVERS, inventory=inventory, expected_rc=rc)
        shown = run.output + json.dumps([result.result for result in run.results])
        assert SECRET_KEY not in shown
        assert first.password not in shown
        return run

    def settings(self, name: str) -> dict[str, Any]:
        return self.fleet.settings(self.names.index(name), "live")

    def recording(self) -> list[str]:
        """The servers that are as asked; every other one is as before, and no other field differs."""
        found = []
        for name in self.names:
            now, before = self.settings(name), self.before[name]
            differing = {field for field in before | now if before.get(field) != now.get(field)}
            differing -= SERVERS_OWN
            assert differing <= ASKED
            if differing:
                asked = self.settings(self.names[0])
                assert {field: now[field] for field in ASKED} == {field: asked[field] for field in ASKED}
                assert (now["s3BucketName"], now["s3SecretKey"]) == ("recordings-with-faults", SECRET_KEY)
                found.append(name)
        return found

    def logins(self) -> list[int]:
        return [len(self.fleet.logins(number)) for number in range(len(self.names))]

    def is_mended(self) -> None:
        self.run()
        assert self.recording() == self.names
        assert self.logins() == [1] * len(self.names)


@pytest.fixture(scope="module")
def running() -> Iterator[Fleet]:
    with Fleet(hosts=4) as fleet:
        yield fleet


@pytest.fixture
def site(running: Fleet, tmp_path: Path) -> Site:
    running.reset()
    return Site(running, tmp_path)


def failed(run: PlaybookRun, name: str) -> str:
    """What the one server that failed has said."""
    tasks = run.of_task("Set recording to S3 and forwarding of viewers")
    assert [task.host for task in tasks if task.status == "failed"] == [name]
    return str(run.of_task("Set recording to S3 and forwarding of viewers", name)[-1]["msg"])


def is_stopped(run: PlaybookRun, lines: list[str]) -> None:
    """The last word, in its order: what broke, and how each server of the batch is left."""
    last = str(run.of_task("servers | Stop the rollout")[-1]["msg"]).splitlines()
    assert re.match(r"The rollout was stopped \(run \w+\)\.", last[0])
    assert len(last) == len(lines) + 1
    for said, line in zip(last[1:], lines):
        assert said.startswith(line)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_at_one_server_takes_its_batch_back_and_is_mended_by_the_next_run(
    site: Site, case: Case
) -> None:
    host = site.fleet.hosts[BROKEN]
    where = {"url": case.url or host.url, "email": host.email}
    for fault in case.faults:
        site.fleet.fault(BROKEN, **fault)
    run = site.run({BROKEN: case.url}, rc=2)

    said = failed(run, "ams-3")
    assert said.startswith(case.said[0].format(**where))
    assert all(part in said for part in case.said[1:])
    # Where it got as far as a write, the restore has read the settings.
    left = "As before the run: ams-3." if case.logins == 2 else "Nothing was written to ams-3."
    stuck = f"ams-3: the previous settings could not be restored: {case.stuck.format(**where)}"
    is_stopped(
        run,
        [
            f"- ams-3: {said}",
            "The previous settings are restored on ams-2, ams-4.",
            stuck if case.stuck else left,
        ],
    )
    assert site.recording() == (["ams-1", "ams-3"] if case.asked else ["ams-1"])
    assert site.logins() == [1, 2, case.logins, 2]

    site.fleet.clear_faults()
    site.is_mended()


@pytest.mark.parametrize("action", ["reset_after", "truncate"])
def test_a_write_whose_answer_was_lost_is_read_back_and_ends_green(site: Site, action: str) -> None:
    site.fleet.fault(BROKEN, **at_post(action))
    site.run()
    assert site.recording() == site.names
    assert site.logins() == [1] * 4
    assert len(site.fleet.writes(BROKEN)) == 1
    site.fleet.clear_faults()
    site.is_mended()
    assert site.fleet.writes() == []


def test_a_blocked_account_is_not_tried_again(site: Site) -> None:
    host = site.fleet.hosts[BROKEN]
    for _attempt in range(3):
        log_in_wrongly(host)
    run = site.run(rc=2)
    said = failed(run, "ams-3")
    assert said.startswith(f"Logging in as {host.email} at {host.url}: the account is blocked after too many")
    assert said.endswith("Wait 300 seconds; until then the right password is refused as well.")
    is_stopped(
        run,
        [
            f"- ams-3: {said}",
            "The previous settings are restored on ams-2, ams-4.",
            "Nothing was written to ams-3.",
        ],
    )
    assert site.recording() == ["ams-1"]
    assert site.logins() == [1, 2, 1, 2]

    # Quicker than to wait for the end of the block: a server that starts again has forgotten it.
    site.fleet.restart(BROKEN, 0.1)
    until_it_listens(host)
    site.is_mended()


def test_a_server_that_restarts_is_waited_for(site: Site) -> None:
    site.fleet.fault(BROKEN, **at_get("loading", seconds=1.5, times=1))
    # When the first batch is written, so that the second one finds it away however slow the run is.
    going = threading.Thread(target=goes_away_after_the_first_batch, args=(site.fleet,))
    site.fleet.clear_requests()
    going.start()
    run = site.run(s3_recording_ams_start_timeout=15)
    going.join()
    assert run.recap["ams-3"]["rescued"] == 0
    assert site.recording() == site.names
    # While it starts it answers 403 and looks at no password.
    tried = [login["status"] for login in site.fleet.logins(BROKEN)]
    assert (tried.count(200), set(tried[:-1])) == (1, {403})
    reads = [each for each in site.fleet.requests(BROKEN) if each["method"] == "GET"]
    assert 204 in {read["status"] for read in reads}
    site.fleet.clear_faults()
    site.is_mended()


def test_a_certificate_that_is_not_known(tmp_path: Path) -> None:
    with Fleet(hosts=2, tls=True, first_address="127.77.1.1") as fleet:
        site = Site(fleet, tmp_path)
        first, second = fleet.hosts
        # The first server is reached with its certificate, the second one without.
        trusted: dict[str, Any] = {
            "s3_recording_ams_ca_path": "{{ ca_of[inventory_hostname] | default('') }}"
        }
        known = {"ams-1": fleet.ca_path}
        run = site.run(rc=2, ca_of=known, **trusted)
        said = failed(run, "ams-2")
        assert said.startswith(f"Logging in as {second.email} at {second.url}: ")
        assert "the TLS handshake with the server failed" in said
        assert said.endswith("ca_path, or set validate_certs to false.")
        is_stopped(run, [f"- ams-2: {said}", "Nothing was written to ams-2."])
        assert site.recording() == ["ams-1"]
        assert site.logins() == [1, 0]

        site.run(ca_of={**known, "ams-2": fleet.ca_path}, **trusted)
        assert site.recording() == site.names
        assert site.logins() == [1, 1]
        assert first.url.startswith("https://")


def goes_away_after_the_first_batch(fleet: Fleet) -> None:
    end = time.monotonic() + PATIENCE
    while not fleet.writes(0):
        assert time.monotonic() < end, "the first batch did not come"
        time.sleep(0.02)
    fleet.restart(BROKEN, 6, starting=1)


def log_in_wrongly(host: FleetHost) -> None:
    body = json.dumps({"email": host.email, "password": "a-wrong-password"}).encode()
    request = urllib.request.Request(  # noqa: S310
        f"{host.url}/rest/v2/users/authenticate", body, {"Content-Type": "application/json"}, method="POST"
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=PATIENCE) as response:
        assert json.load(response)["success"] is False


def until_it_listens(host: FleetHost) -> None:
    port = urlsplit(host.url).port
    end = time.monotonic() + PATIENCE
    while True:
        time.sleep(0.1)
        with socket.socket() as probe:
            if probe.connect_ex((host.address, port)) == 0:
                return
        assert time.monotonic() < end, "it did not come back"
