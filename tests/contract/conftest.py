# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The same tests against the simulator and against the real server."""

from __future__ import annotations

import contextlib
import itertools
import os
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stand_ins.ams import Fleet
from stand_ins.real_ams import RealAms, unavailable
from tests.contract.client import OK, SECRET, Client, Server
from tests.contract.sources import APP, Broadcast, Media, new_name

# Another release that Maven Central has, e.g. 2.16.2, to see what differs.
RELEASE = os.environ.get("CONTRACT_RELEASE", "2.17.1")
_numbers = itertools.count(1)


@contextlib.contextmanager
def _simulated() -> Iterator[Server]:
    with (
        Fleet(release=RELEASE, jwt_secret=SECRET) as fleet,
        Fleet(tls=True, email=fleet.hosts[0].email) as secure,
    ):
        plain, tls = fleet.hosts[0], secure.hosts[0]

        def put(app: str, name: str, content: bytes) -> None:
            fleet.add_file(plain, app, f"streams/{name}", content)

        yield Server(
            RELEASE, plain.url, plain.email, plain.password, tls.url, tls.password, secure.ca_path or "", put
        )


@contextlib.contextmanager
def _real() -> Iterator[Server]:
    tokens = {"server.jwtServerControlEnabled": "true", "server.jwtServerSecretKey": SECRET}
    with RealAms(RELEASE, https=True, properties=tokens) as ams:

        def put(app: str, name: str, content: bytes) -> None:
            path = ams.app_dir(app) / "streams" / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)

        yield Server(
            RELEASE, ams.http_url, ams.email, ams.password, ams.url, ams.password, str(ams.ca_path), put
        )


@pytest.fixture(scope="session", params=["simulated", pytest.param("real", marks=pytest.mark.real_ams)])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    reason = unavailable() if request.param == "real" else None
    if reason:
        pytest.skip(reason)
    with (_real if request.param == "real" else _simulated)() as server:
        yield server


@pytest.fixture
def connect(server: Server) -> Iterator[Callable[[], Client]]:
    """Clients without a session; their connections end with the test."""
    with contextlib.ExitStack() as opened:

        def make() -> Client:
            return opened.enter_context(Client(server.url))

        yield make


@pytest.fixture
def client(connect: Callable[[], Client]) -> Client:
    """Nobody yet."""
    return connect()


@pytest.fixture
def admin(connect: Callable[[], Client], server: Server) -> Client:
    """Logged in as the first admin."""
    client = connect()
    client.login(server.email, server.password)
    return client


@pytest.fixture
def secure(server: Server) -> Iterator[Client]:
    """Over https."""
    assert Path(server.ca_path).is_file()
    with Client(server.secure_url, ssl.create_default_context(cafile=server.ca_path)) as client:
        yield client


@pytest.fixture
def new_user(admin: Client, connect: Callable[[], Client]) -> Callable[..., tuple[str, Client]]:
    """Makes a user with these rights: its e-mail address, and a client logged in as it."""

    def make(**rights: object) -> tuple[str, Client]:
        email = f"user{next(_numbers)}@example.com"
        made = admin.call("POST", "/users", {"email": email, "password": "right", "firstName": "f", **rights})
        assert made.json() == {"success": True, "message": "", "dataId": "", "errorId": 0}
        client = connect()
        client.login(email, "right")
        return email, client

    return make


@pytest.fixture
def throw_away(new_user: Callable[..., tuple[str, Client]]) -> str:
    """The address of an admin whom a test may lock out."""
    return new_user(appNameUserType={"system": "ADMIN"})[0]


@pytest.fixture
def media() -> Iterator[Media]:
    media = Media()
    thread = threading.Thread(target=media.server.serve_forever)
    thread.start()
    yield media
    media.release()
    media.server.shutdown()
    thread.join()
    media.server.server_close()


@pytest.fixture
def new(admin: Client, media: Media) -> Iterator[Callable[..., Broadcast]]:
    made: list[Broadcast] = []

    def make(**fields: Any) -> Broadcast:
        name = new_name()
        body = {
            "streamId": name,
            "name": name,
            "type": "streamSource",
            "streamUrl": media.url,
            "mp4Enabled": 1,
        }
        reply = admin.call("POST", f"{APP}/broadcasts/create", body | fields)
        assert reply.status == 200, reply.text
        made.append(Broadcast(admin, name))
        return made[-1]

    yield make
    for broadcast in made:
        broadcast.delete()
        for entry in broadcast.recordings():
            admin.call("DELETE", f"{APP}/vods/{entry['vodId']}")


@pytest.fixture(scope="session")
def keeper(server: Server) -> Iterator[tuple[Client, dict[str, dict[str, Any]]]]:
    """An admin of its own, and the settings that each test finds."""
    with Client(server.url) as client:
        client.login(server.email, server.password)
        yield client, {app: client.settings(app) for app in ("live", "LiveApp")}


@pytest.fixture(autouse=True)
def settings_return(keeper: tuple[Client, dict[str, dict[str, Any]]]) -> Iterator[None]:
    """A test leaves the settings of the applications as it found them."""
    yield
    client, kept = keeper
    for app, settings in kept.items():
        if client.settings(app) | {"updateTime": settings["updateTime"]} != settings:
            assert client.post(app, settings).json() == OK
            settings["encoderSettingsString"] = "[]"
