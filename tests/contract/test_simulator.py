# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What no real server can be asked for: faults on order, records, clusters, other releases."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stand_ins.ams import Fleet, FleetHost
from stand_ins.ams.settings import defaults
from stand_ins.local import REPO
from stand_ins.waiting import wait_for
from tests.contract.client import FAILED, OK, Client

LIVE = "/applications/settings/live"


@pytest.fixture(scope="module")
def started() -> Iterator[Fleet]:
    with Fleet(hosts=3) as fleet:
        yield fleet


@pytest.fixture
def fleet(started: Fleet) -> Fleet:
    started.reset()
    return started


@pytest.fixture(autouse=True)
def settings_return() -> None:
    """No settings to bring back: the fleet is reset before each test."""


@pytest.fixture
def log_in() -> Iterator[Callable[[FleetHost], Client]]:
    with contextlib.ExitStack() as opened:

        def make(host: FleetHost, context: ssl.SSLContext | None = None) -> Client:
            client = opened.enter_context(Client(host.url, context))
            assert client.login(host.email, host.password).json()["success"] is True
            return client

        yield make


LogIn = Callable[..., Client]


def until(holds: Callable[[], bool]) -> None:
    assert wait_for(holds, 10, 0.01)


# --- the start of a test


def test_what_is_saved_is_restored_each_time(fleet: Fleet, log_in: LogIn) -> None:
    host = fleet.hosts[1]
    log_in(host).change("live", {"s3BucketName": "saved"})
    fleet.add_user(host, "second@example.com", "secret")
    saved = fleet.save()
    settings = fleet.settings(host, "live")
    for emptied in (False, True, False):
        if emptied:
            fleet.reset()
            assert fleet.settings(host, "live")["s3BucketName"] != "saved"
        log_in(host).change("live", {"s3BucketName": "changed"})
        fleet.fault(host, "status", status=500)
        fleet.restore(saved)
        assert fleet.requests() == []
        assert fleet.settings(host, "live") == settings
        with Client(host.url) as client:
            assert client.login("second@example.com", "secret").json()["success"] is True


# --- records


def test_requests_logins_writes_and_connections_are_counted(fleet: Fleet, log_in: LogIn) -> None:
    host = fleet.hosts[1]
    client = log_in(host)
    client.change("live", {"s3BucketName": "b"})
    shown = [(request["method"], request["path"], request["status"]) for request in fleet.requests(host)]
    assert shown == [
        ("POST", "/rest/v2/users/authenticate", 200),
        ("GET", f"/rest/v2{LIVE}", 200),
        ("POST", f"/rest/v2{LIVE}", 200),
    ]
    assert [login["email"] for login in fleet.logins(host)] == [host.email]
    assert [write["fields"] for write in fleet.writes(host.url)] == [len(defaults("2.17.1"))]
    assert (fleet.connections(host.address), fleet.connections(0), fleet.connections()) == (1, 0, 1)
    assert host.password not in json.dumps(fleet.requests())
    fleet.clear_requests()
    assert (fleet.requests(), fleet.connections(host)) == ([], 1)


def test_settings_may_change_behind_the_clients_back(fleet: Fleet, log_in: LogIn) -> None:
    host = fleet.hosts[0]
    fleet.set_settings(host, "live", {"s3RegionName": "us-west-2"})
    assert fleet.settings(host, "live")["s3RegionName"] == "us-west-2"
    assert log_in(host).settings("live")["s3RegionName"] == "us-west-2"
    assert fleet.settings(1, "live")["s3RegionName"] == ""
    with pytest.raises(ValueError, match="has no s3Regio"):
        fleet.set_settings(host, "live", {"s3Regio": "x"})


def test_recordings(fleet: Fleet, log_in: LogIn) -> None:
    fleet.add_recordings(0, "live", [f"clip{number}.mp4" for number in range(300)])
    client = log_in(fleet.hosts[0])
    path = "/request?_path=live/rest/v2/vods"
    assert client.call("GET", f"{path}/count").json() == {"number": 300}
    assert len(client.call("GET", f"{path}/list/0/1000").json()) == 250
    (one,) = client.call("GET", f"{path}/list/299/50").json()
    assert (one["vodName"], one["filePath"], one["streamId"]) == (
        "clip299.mp4",
        "streams/clip299.mp4",
        "clip299",
    )
    assert client.call("GET", f"{path}/{one['vodId']}").json() == one


# --- faults


@pytest.mark.parametrize(
    ("fault", "status", "kind", "body"),
    [
        ({"action": "status", "status": 502}, 502, "text/html", b"<html>"),
        ({"action": "status", "status": 500}, 500, "text/html;charset=utf-8", b"<!doctype html>"),
        ({"action": "status", "status": 403, "body": "{}", "content_type": "a/b"}, 403, "a/b", b"{}"),
        ({"action": "html"}, 200, "text/html;charset=utf-8", b"<html>"),
        ({"action": "empty"}, 204, None, b""),
        ({"action": "truncate"}, 200, "application/json", b'{"aacEncodingEnabled":'),
    ],
)
def test_odd_answers(
    fleet: Fleet, log_in: LogIn, fault: dict[str, Any], status: int, kind: str | None, body: bytes
) -> None:
    host = fleet.hosts[0]
    client = log_in(host)
    fleet.fault(host, method="GET", path="/settings/live$", **fault)
    reply = client.call("GET", LIVE)
    assert (reply.status, reply.kind) == (status, kind)
    assert reply.body.startswith(body)
    if kind == "application/json":
        with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
            reply.json()
    assert client.call("GET", "/applications/settings/LiveApp").status == 200
    assert log_in(fleet.hosts[1]).call("GET", LIVE).json()
    fleet.clear_faults()
    assert client.settings("live")


def test_a_fault_counts_its_requests(fleet: Fleet, log_in: LogIn) -> None:
    client = log_in(fleet.hosts[0])
    fleet.fault(0, "status", status=503, path=LIVE, nth=2, times=2)
    assert [client.call("GET", LIVE).status for _try in range(5)] == [200, 503, 503, 200, 200]


def test_a_redirect_to_https(fleet: Fleet, log_in: LogIn) -> None:
    host = fleet.hosts[0]
    fleet.fault(None, "redirect", path="/version")
    reply = log_in(host).call("GET", "/version")
    secure = host.url.replace("http://", "https://")
    assert (reply.status, reply.headers["Location"]) == (302, f"{secure}/rest/v2/version")


@pytest.mark.parametrize(("action", "stored"), [("reset_before", ""), ("reset_after", "b"), ("cut", "b")])
def test_an_answer_that_does_not_come(fleet: Fleet, log_in: LogIn, action: str, stored: str) -> None:
    client = log_in(fleet.hosts[0])
    body = client.settings("live") | {"s3BucketName": "b"}
    fleet.fault(0, action, method="POST", times=1)
    broken = http.client.IncompleteRead if action == "cut" else ConnectionResetError
    with pytest.raises(broken):
        client.post("live", body)
    assert client.settings("live")["s3BucketName"] == stored
    assert fleet.writes(0)[0]["status"] == 0


def test_a_value_that_is_not_stored_as_asked(fleet: Fleet, log_in: LogIn) -> None:
    client = log_in(fleet.hosts[0])
    fleet.fault(0, "rewrite", method="POST", values={"s3BucketName": "other"})
    client.change("live", {"s3BucketName": "mine", "s3RegionName": "eu-west-1"})
    after = client.settings("live")
    assert (after["s3BucketName"], after["s3RegionName"]) == ("other", "eu-west-1")


def test_a_lost_session(fleet: Fleet, log_in: LogIn) -> None:
    client = log_in(fleet.hosts[0])
    fleet.fault(0, "session_lost", method="POST", times=1)
    assert client.post("live", client.settings("live")).status == 403
    client = log_in(fleet.hosts[0])
    fleet.lose_sessions()
    assert client.call("GET", "/version").message == "Not authenticated user"


def test_slow_answers_and_delays(fleet: Fleet, log_in: LogIn) -> None:
    client = log_in(fleet.hosts[0])
    fleet.fault(0, "slow", seconds=0.2, path="/version")
    fleet.set_delays(0, get=0.1)
    begin = time.monotonic()
    assert client.call("GET", "/version").status == 200
    assert time.monotonic() - begin >= 0.3


def test_a_write_whose_answer_is_late(fleet: Fleet, log_in: LogIn) -> None:
    client = log_in(fleet.hosts[0])
    current = client.settings("live")
    fleet.fault(0, "slow", seconds=600, late=True, method="POST", path=LIVE)
    client.connection.sock.settimeout(0.5)
    with pytest.raises(TimeoutError):
        client.post("live", {**current, "s3BucketName": "written-at-once"})
    until(lambda: fleet.settings(0, "live")["s3BucketName"] == "written-at-once")
    fleet.clear_faults()
    fleet.fault(0, "slow", seconds=0.1, late=True, method="POST", path=LIVE)
    assert client.post("live", {**current, "s3BucketName": "written-again"}).status == 200
    assert fleet.settings(0, "live")["s3BucketName"] == "written-again"


def test_an_application_that_is_not_loaded_yet(fleet: Fleet, log_in: LogIn) -> None:
    client = log_in(fleet.hosts[0])
    fleet.unload(0, 0.3, ["live"])
    assert client.call("GET", LIVE).status == 204
    assert client.post("live", {}).status == 500
    assert "live" not in client.call("GET", "/applications").json()["applications"]
    until(lambda: client.call("GET", LIVE).status == 200)
    fleet.fault(0, "loading", path=LIVE, seconds=60, times=1)
    assert client.call("GET", LIVE).status == 204


def test_a_restart(fleet: Fleet, log_in: LogIn) -> None:
    host = fleet.hosts[0]
    client = log_in(host)
    client.change("live", {"s3AccessKey": None})
    fleet.restart(host, 0.3, starting=0.2)
    with pytest.raises(ConnectionError):
        client.call("GET", "/version")
    with pytest.raises(ConnectionRefusedError):
        client.call("GET", "/version")

    def answers() -> bool:
        with contextlib.suppress(ConnectionRefusedError):
            return client.call("GET", "/first-login-status").status == 403
        return False

    until(answers)
    until(lambda: client.call("GET", "/first-login-status").status == 200)
    assert client.call("GET", "/version").message == "Not authenticated user"
    # What was null comes back from the file as a text without letters.
    assert log_in(host).settings("live")["s3AccessKey"] == ""


def test_a_restart_as_the_answer_to_a_request(fleet: Fleet, log_in: LogIn) -> None:
    client = log_in(fleet.hosts[0])
    fleet.fault(0, "restart", method="POST", seconds=0.1, times=1)
    with pytest.raises(ConnectionError):
        client.post("live", {})

    def back() -> bool:
        with contextlib.suppress(ConnectionRefusedError):
            return client.call("GET", "/first-login-status").status == 200
        return False

    until(back)


def test_an_unknown_fault_or_host_is_an_error(fleet: Fleet) -> None:
    with pytest.raises(ValueError, match="no such fault: sloow"):
        fleet.fault(0, "sloow")
    with pytest.raises(KeyError):
        fleet.fault("127.0.0.1", "slow")


# --- other fleets


def test_a_fresh_server_has_no_user() -> None:
    with Fleet(fresh=True) as fleet, Client(fleet.hosts[0].url) as client:
        assert client.call("GET", "/first-login-status").json() == OK
        assert client.login("a@b.c", "x").json() == FAILED
        user = {"email": "a@b.c", "password": "x", "firstName": "a", "lastName": "b"}
        assert client.call("POST", "/users/initial", user).json() == OK | {"errorId": -1}
        assert client.login("a@b.c", "x").json() == OK | {"message": "system/ADMIN"}


def test_releases_differ_in_their_fields(log_in: LogIn) -> None:
    releases = ["2.6.4", "2.10.0", "2.13.2", "2.16.2", "2.17.1", "3.0.3"]
    with Fleet(hosts=6, release=releases) as fleet:
        for host, release in zip(fleet.hosts, releases, strict=True):
            client = log_in(host)
            assert client.call("GET", "/version").json()["versionName"] == release == host.release
            assert client.settings("live").keys() == defaults(release).keys()
        assert "s3PathStyleAccessEnabled" not in fleet.settings(1, "live")
        assert "s3PathStyleAccessEnabled" in fleet.settings(2, "live")


def test_streams_that_somebody_sends_are_counted(log_in: LogIn) -> None:
    """As measured on 2.17.1 with RTMP streams."""
    with Fleet() as fleet:
        client = log_in(fleet.hosts[0])
        fleet.set_live(0, "live", ["concert", "match"])
        path = "/request?_path=live/rest/v2/broadcasts/active-live-stream-count"
        assert client.call("GET", path).json() == {"number": 2}
        fleet.set_live(0, "live", [])
        assert client.call("GET", path).json() == {"number": 0}


def test_encoders_of_the_release_to_come_have_one_more_key(log_in: LogIn) -> None:
    """As measured on 4.0.0-SNAPSHOT: the server fills it in, in the list and in the text."""
    asked = {"height": 240, "videoBitrate": 300000, "audioBitrate": 64000, "forceEncode": False}
    filled = {**asked, "forceSameResolutionEncode": False}
    with Fleet(release="4.0.0") as fleet:
        client = log_in(fleet.hosts[0])
        client.change("live", {"encoderSettings": [asked]})
        stored = client.settings("live")
        assert stored["encoderSettings"] == json.loads(stored["encoderSettingsString"]) == [filled]
        assert client.post("live", {"encoderSettingsString": json.dumps([asked])}).json() == OK
        assert client.settings("live")["encoderSettings"] == [filled]


def test_nodes_of_a_cluster_share_settings_and_users_but_no_session(log_in: LogIn) -> None:
    with Fleet(hosts=3, clusters=["east", "east", None]) as fleet:
        one, two, alone = fleet.hosts
        client = log_in(one)
        client.change("live", {"s3BucketName": "shared"})
        assert [fleet.settings(host, "live")["s3BucketName"] for host in fleet.hosts] == [
            "shared",
            "shared",
            "",
        ]
        assert client.call("GET", "/cluster-mode-status").json() == OK
        assert client.call("GET", "/version").json()["versionType"] == "Enterprise Edition"
        nodes = client.call("GET", "/cluster/nodes/0/10").json()
        assert [(node["ip"], node["status"]) for node in nodes] == [
            (one.address, "alive"),
            (two.address, "alive"),
        ]
        assert client.call("GET", "/cluster/node-count").json() == {"number": 2}
        assert log_in(alone).call("GET", "/cluster-mode-status").json() == FAILED
        with Client(two.url) as other:
            other.cookie = client.cookie
            assert other.call("GET", "/version").status == 403
            for _try in range(2):
                other.login(one.email, "wrong")
        assert client.login(one.email, "wrong").json() == FAILED
        assert client.call("GET", f"/users/{one.email}/blocked").json() == OK


def test_https_with_an_authority_of_its_own(log_in: LogIn) -> None:
    with Fleet(hosts=60, tls=True) as fleet:
        context = ssl.create_default_context(cafile=fleet.ca_path)
        for host in (fleet.hosts[0], fleet.hosts[59]):
            assert log_in(host, context).call("GET", "/version").status == 200
        stranger = Client(fleet.hosts[0].url, ssl.create_default_context())
        with stranger, pytest.raises(ssl.SSLCertVerificationError):
            stranger.call("GET", "/first-login-status")


def test_it_ends_with_its_parent_and_leaves_nothing() -> None:
    program = (
        "import os, signal, sys\n"
        "from stand_ins.ams import Fleet\n"
        "fleet = Fleet(tls=True).start()\n"
        "print(fleet.pid, fleet.ca_path, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPO, stdout=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    pid, ca_path = done.stdout.split()
    until(lambda: not os.path.exists(ca_path))
    until(lambda: not _runs(int(pid)))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_addresses_stay_on_loopback() -> None:
    with pytest.raises(RuntimeError, match="did not start"):
        Fleet(hosts=2, first_address="127.255.255.255").start()
