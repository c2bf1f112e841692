# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A server fails in every way, before and after the plan: what is said, and that a second run mends."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from stand_ins.ams import Fleet, FleetHost
from tests.harness.blocks import RESULT, STOP, block, failed_hosts, has_block, problems
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
# Longer than from one batch to the next.
AWAY = 20
PATIENCE = 60
# So many wrong passwords block an account.
WRONG = 3


@dataclass(frozen=True)
class Case:
    """What is broken at a server, and what is to be seen of it.

    url: where it is looked for. fault: what it does at the request nth.
    logins: that it gets from a plan. in_rollout: whether it can begin after the plan.
    """

    name: str
    said: tuple[str, ...]
    fault: dict[str, Any] = field(default_factory=dict)
    url: str = ""
    logins: int = 1
    in_rollout: bool = True


@dataclass(frozen=True)
class InRollout:
    """What is broken at the third server once all servers are planned, and what is to be seen of it.

    stuck: why its previous settings cannot be restored. asked: whether it nevertheless is as asked
    afterwards. logins: that it gets in all.
    """

    name: str
    said: tuple[str, ...]
    faults: tuple[dict[str, Any], ...]
    stuck: str = ""
    asked: bool = False
    logins: int = 2


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
REFUSED = "the connection to the server was refused. Is the server running, and is this its port?"
AT_READING = [
    Case(
        "connection refused",
        (LOGGING_IN + REFUSED,),
        url="http://127.0.0.1:1",
        logins=0,
        in_rollout=False,
    ),
    Case(
        "DNS failure",
        (LOGGING_IN + "the name no-such-host.invalid is not known to DNS. Check the address.",),
        url="https://no-such-host.invalid:5443",
        logins=0,
        in_rollout=False,
    ),
    Case("timeout at login", (LOGGING_IN + SLOW,), at_login("slow", seconds=FOREVER)),
    Case("timeout at GET", (READING + SLOW,), at_get("slow", seconds=FOREVER)),
    Case("500", (READING + "status 500", "Look at the server's log."), at_get("status", status=500)),
    Case("502 HTML", (READING + "status 502 with '502'. Look at",), at_get("status", status=502)),
    Case(
        "truncated JSON",
        (READING + "status 200 with JSON that breaks off after", "look at its log and run again."),
        at_get("truncate"),
    ),
    Case(
        "redirect to https",
        (LOGGING_IN + "status 302", "The server redirects to https://", ": use that address."),
        at_login("redirect"),
    ),
]
# The first request of its kind is of the plan, the second of the rollout.
IN_ROLLOUT = [
    *(InRollout(case.name, case.said, ({**case.fault, "nth": 2},)) for case in AT_READING if case.in_rollout),
    InRollout(
        "timeout at POST",
        (
            WRITING + f"no answer from the server within {TIMEOUT} s. Read back: ",
            "is not as requested",
            "See timeout.",
        ),
        (at_post("slow", seconds=FOREVER),),
        logins=3,
    ),
    InRollout(
        "reset before POST was carried out",
        (WRITING + "the connection to the server broke", "Read back: ", "is not as requested", "Run again."),
        (at_post("reset_before"),),
        logins=3,
    ),
    InRollout(
        "reset after POST, and no reading back",
        (WRITING, "It is not known whether the write was carried out: reading back failed (status 503"),
        (at_post("reset_after"), at_get("status", status=503, nth=4)),
        stuck=READING + "status 503",
        asked=True,
        logins=3,
    ),
    InRollout(
        "500 at POST",
        (WRITING + "status 500", "Read back: ", "is not as requested", "Look at the server's log."),
        (at_post("status", status=500),),
        logins=3,
    ),
    InRollout(
        "session lost between GET and POST",
        (WRITING + "status 403", "the session was lost", "Nothing of this application was written."),
        (at_post("session_lost"),),
        logins=3,
    ),
]


class Site:
    """A fleet and an inventory of it, in two batches."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet, self.backups = fleet, folder / "former"
        self.names = [f"ams-{number}" for number in range(1, len(fleet.hosts) + 1)]
        self.before = {name: self.settings(name) for name in self.names}

    def run(
        self,
        urls: dict[int, str] | None = None,
        rc: int = 0,
        meanwhile: Callable[[], None] | None = None,
        **variables: Any,
    ) -> PlaybookRun:
        """Run servers.yml. meanwhile: what happens once the first batch is written."""
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
        happens = threading.Thread(target=after_the_first_batch, args=(self.fleet, meanwhile))
        if meanwhile:
            happens.start()
        run = run_playbook(SERVERS, inventory=inventory, expected_rc=rc)
        if meanwhile:
            happens.join()
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

    def files(self) -> list[str]:
        return [path.name for path in self.backups.glob("*")]

    def logins(self) -> list[int]:
        return [len(self.fleet.logins(number)) for number in range(len(self.names))]

    def is_mended(self) -> None:
        """One login reads a server, and a second one changes it."""
        as_asked = self.recording()
        self.run()
        assert self.recording() == self.names
        assert self.logins() == [1 if name in as_asked else 2 for name in self.names]


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
    tasks = run.of_task("servers | Turn recording and forwarding on")
    assert [task.host for task in tasks if task.status == "failed"] == [name]
    return str(run.of_task("servers | Turn recording and forwarding on", name)[-1]["msg"])


def is_stopped(run: PlaybookRun, name: str, said: str, states: list[str]) -> None:
    """The last word, in its order: what broke, and how each server of the batch is left."""
    first, broken, *lines = block(run, RESULT)
    assert re.match(r"1 of \d servers failed\. ", first)
    assert broken == f"! {name}: {' '.join(said.split())}"
    (stopped,) = [line for line in lines if re.match(r"The rollout was stopped \(run \w+\)\.", line)]
    lines.remove(stopped)
    for line, state in zip(lines, states, strict=False):
        assert line.startswith(state)
    # What works comes after it.
    assert lines[len(states)] == "ams-1: not verified, since s3_recording_verify is false"
    assert failed_hosts(run) == [name]


def is_refused(site: Site, run: PlaybookRun) -> list[str]:
    """Nothing was written anywhere. Return why."""
    assert site.fleet.writes() == []
    assert site.recording() == []
    assert not has_block(run, RESULT)
    assert run.changed == 0
    return problems(run)


def test_faults_of_all_kinds_are_one_list_and_nothing_is_written(tmp_path: Path) -> None:
    with Fleet(hosts=len(AT_READING) + 1, first_address="127.77.2.1") as fleet:
        site = Site(fleet, tmp_path)
        faulty = dict(enumerate(AT_READING, 1))
        for number, case in faulty.items():
            if case.fault:
                fleet.fault(number, **case.fault)
        run = site.run({number: case.url for number, case in faulty.items()}, rc=2)

        count = len(faulty)
        assert block(run, STOP)[0] == f"{count} problems on {count} servers. Nothing was changed."
        said = dict(f"{line}.".split(": ", 1) for line in is_refused(site, run))
        assert sorted(said) == site.names[1:]
        for number, case in faulty.items():
            host, text = fleet.hosts[number], said[site.names[number]]
            assert text.startswith(case.said[0].format(url=case.url or host.url, email=host.email)), text
            assert all(part in text for part in case.said[1:]), text
        assert site.logins() == [1, *(case.logins for case in AT_READING)]
        assert site.files() == []

        fleet.clear_faults()
        site.is_mended()


@pytest.mark.parametrize("case", IN_ROLLOUT, ids=lambda case: case.name)
def test_a_fault_at_one_server_takes_its_batch_back_and_is_mended_by_the_next_run(
    site: Site, case: InRollout
) -> None:
    host = site.fleet.hosts[BROKEN]
    where = {"url": host.url, "email": host.email}
    for fault in case.faults:
        site.fleet.fault(BROKEN, **fault)
    run = site.run(rc=2)

    said = failed(run, "ams-3")
    assert said.startswith(case.said[0].format(**where))
    assert all(part in said for part in case.said[1:])
    # Where it got as far as a write, the restore has read the settings.
    left = "As before the run: ams-3." if case.logins == 3 else "Nothing was written to ams-3."
    stuck = f"ams-3: the previous settings could not be restored: {case.stuck.format(**where)}"
    is_stopped(
        run,
        "ams-3",
        said,
        ["The previous settings are restored on ams-2, ams-4.", stuck if case.stuck else left],
    )
    assert site.recording() == (["ams-1", "ams-3"] if case.asked else ["ams-1"])
    assert site.logins() == [2, 3, case.logins, 3]

    site.fleet.clear_faults()
    site.is_mended()


@pytest.mark.parametrize("action", ["reset_after", "truncate"])
def test_a_write_whose_answer_was_lost_is_read_back_and_ends_green(site: Site, action: str) -> None:
    site.fleet.fault(BROKEN, **at_post(action))
    site.run()
    assert site.recording() == site.names
    assert site.logins() == [2] * 4
    assert len(site.fleet.writes(BROKEN)) == 1
    site.fleet.clear_faults()
    site.is_mended()
    assert site.fleet.writes() == []


BLOCKED = "the account is blocked after too many"
WAIT = "Wait 300 seconds; until then the right password is refused as well."


def test_a_blocked_account_is_tried_once_and_nothing_is_written(site: Site) -> None:
    host = site.fleet.hosts[BROKEN]
    is_blocked(host)
    # A busy machine does not answer within the seconds that are enough to wait for a server that is silent.
    (said,) = is_refused(site, site.run(rc=2, s3_recording_ams_timeout=30))
    assert said.startswith(f"ams-3: Logging in as {host.email} at {host.url}: {BLOCKED}")
    assert WAIT.rstrip(".") in said
    assert site.logins() == [1] * 4
    is_unblocked(site)
    site.is_mended()


def test_an_account_that_is_blocked_in_the_rollout_is_not_tried_again(site: Site) -> None:
    host = site.fleet.hosts[BROKEN]
    run = site.run(rc=2, meanwhile=lambda: is_blocked(host))
    said = failed(run, "ams-3")
    assert said.startswith(f"Logging in as {host.email} at {host.url}: {BLOCKED}")
    assert said.endswith(WAIT)
    is_stopped(
        run,
        "ams-3",
        said,
        ["The previous settings are restored on ams-2, ams-4.", "Nothing was written to ams-3."],
    )
    assert site.recording() == ["ams-1"]
    assert site.logins() == [2, 3, 1 + WRONG + 1, 3]
    is_unblocked(site)
    site.is_mended()


def test_a_server_that_went_away_in_the_rollout(site: Site) -> None:
    host = site.fleet.hosts[BROKEN]
    run = site.run(rc=2, meanwhile=lambda: site.fleet.restart(BROKEN, AWAY))
    said = failed(run, "ams-3")
    assert said == LOGGING_IN.format(url=host.url, email=host.email) + REFUSED
    is_stopped(
        run,
        "ams-3",
        said,
        ["The previous settings are restored on ams-2, ams-4.", "Nothing was written to ams-3."],
    )
    assert site.recording() == ["ams-1"]
    until_it_listens(host)
    site.is_mended()


def test_a_server_that_restarts_is_waited_for(site: Site) -> None:
    # The first read is of the plan.
    site.fleet.fault(BROKEN, **at_get("loading", seconds=1.5, nth=2, times=1))
    # When the first batch is written, so that the second one finds it away however slow the run is.
    run = site.run(
        meanwhile=lambda: site.fleet.restart(BROKEN, 6, starting=1), s3_recording_ams_start_timeout=15
    )
    assert run.recap["ams-3"]["rescued"] == 0
    assert site.recording() == site.names
    # While it starts it answers 403 and looks at no password.
    planned, *tried = [login["status"] for login in site.fleet.logins(BROKEN)]
    assert planned == 200
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
        (said,) = is_refused(site, site.run(rc=2, ca_of=known, **trusted))
        assert said.startswith(f"ams-2: Logging in as {second.email} at {second.url}: ")
        assert "the TLS handshake with the server failed" in said
        assert "ca_path, or set validate_certs to false." in said
        assert site.logins() == [1, 0]

        site.run(ca_of={**known, "ams-2": fleet.ca_path}, **trusted)
        assert site.recording() == site.names
        assert site.logins() == [2, 2]
        assert first.url.startswith("https://")


def after_the_first_batch(fleet: Fleet, happens: Callable[[], None]) -> None:
    end = time.monotonic() + PATIENCE
    while not fleet.writes(0):
        assert time.monotonic() < end, "the first batch did not come"
        time.sleep(0.02)
    happens()


def is_blocked(host: FleetHost) -> None:
    for _attempt in range(WRONG):
        log_in_wrongly(host)


def is_unblocked(site: Site) -> None:
    """Quicker than to wait for the end of the block: a server that starts again has forgotten it."""
    site.fleet.restart(BROKEN, 0.1)
    until_it_listens(site.fleet.hosts[BROKEN])


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
