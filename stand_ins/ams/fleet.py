# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The fleet as tests use it: a child process, and commands to it."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stand_ins.local import Child, StandIn

from .access import make_token
from .server import LOGIN, SETTINGS

__all__ = ["Fleet", "FleetHost", "make_token"]


@dataclass(frozen=True)
class FleetHost:
    """One simulated server, and the admin it knows."""

    address: str
    url: str
    release: str
    email: str
    password: str


HostName = FleetHost | str | int | None


class Fleet(StandIn):
    """`with Fleet(hosts=3) as fleet:` starts simulated servers; they end with the block or this process.

    A host is named by its FleetHost, its address, its URL or its number; None, where it may be, is all.
    release, clusters: one for all, or a list that is dealt out in turn.
    delays: seconds for "login", "get", "post", "delete".
    """

    def __init__(
        self,
        hosts: int = 1,
        *,
        release: str | Sequence[str] = "2.17.1",
        clusters: str | Sequence[str | None] | None = None,
        tls: bool = False,
        port: int = 0,
        first_address: str = "127.77.0.1",
        apps: Sequence[str] | None = None,
        email: str = "admin@example.com",
        password: str = "",
        fresh: bool = False,
        edition: str = "Community Edition",
        jwt_secret: str = "",
        delays: Mapping[str, float] | None = None,
    ) -> None:
        self._arguments = [
            *(f"--hosts={hosts}", f"--port={port}", f"--first-address={first_address}"),
            *(f"--email={email}", f"--password={password}", f"--edition={edition}"),
            *(f"--jwt-secret={jwt_secret}", f"--delays={json.dumps(dict(delays or {}))}"),
            *(f"--release={name}" for name in ([release] if isinstance(release, str) else release)),
            *(
                f"--cluster={name or ''}"
                for name in ([clusters] if isinstance(clusters, str) else clusters or [])
            ),
            *(f"--app={name}" for name in apps or []),
            *(["--tls"] if tls else []),
            *(["--fresh"] if fresh else []),
        ]
        self._child: Child | None = None
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.hosts: list[FleetHost] = []
        self.control_url = ""
        self.ca_path: str | None = None

    def start(self) -> Fleet:
        self._child = Child([sys.executable, "-m", __package__, *self._arguments], "the simulated fleet")
        ready = self._child.ready
        self.control_url, self.ca_path = ready["control_url"], ready["ca_path"]
        self.hosts = [FleetHost(**host) for host in ready["hosts"]]
        return self

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()
            self._child = None

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.process.pid

    @property
    def urls(self) -> list[str]:
        return [host.url for host in self.hosts]

    def _address(self, host: HostName) -> str | None:
        if host is None:
            return None
        if isinstance(host, int):
            return self.hosts[host].address
        known = {name: known.address for known in self.hosts for name in (known.address, known.url)}
        return known[host.address if isinstance(host, FleetHost) else host]

    def _ask(self, command: str, **arguments: Any) -> Any:
        data = json.dumps(arguments).encode()
        request = urllib.request.Request(f"{self.control_url}/{command}", data, method="POST")  # noqa: S310
        try:
            with self._opener.open(request, timeout=60) as response:
                return json.load(response)["result"]
        except urllib.error.HTTPError as error:
            raise ValueError(f"{command}: {error.read().decode()}") from error

    # --- reads

    def settings(self, host: HostName, app: str) -> dict[str, Any]:
        return dict(self._ask("settings", host=self._address(host), app=app))

    def files(self, host: HostName, app: str) -> list[str]:
        """Return the files below the application's streams folder."""
        found = self._ask("files", host=self._address(host), app=app)
        return [name.removeprefix("streams/") for name in found if name.startswith("streams/")]

    def broadcasts(self, host: HostName, app: str) -> list[dict[str, Any]]:
        return list(self._ask("broadcasts", host=self._address(host), app=app))

    def recordings(self, host: HostName, app: str) -> list[dict[str, Any]]:
        """Return the application's list of recordings (VoD)."""
        return list(self._ask("recordings", host=self._address(host), app=app))

    def requests(self, host: HostName = None) -> list[dict[str, Any]]:
        """Return the requests in the order of each host: host, method, path with query, status (0: no answer
        was sent), connection (its number at the host), time; email of a login, fields of a POST of settings,
        jwt when a token came with it."""
        return list(self._ask("requests", host=self._address(host)))

    def writes(self, host: HostName = None) -> list[dict[str, Any]]:
        """Return the POSTs of settings."""
        return [
            request
            for request in self.requests(host)
            if request["method"] == "POST" and request["path"].startswith(SETTINGS)
        ]

    def logins(self, host: HostName = None) -> list[dict[str, Any]]:
        return [request for request in self.requests(host) if request["path"] == LOGIN]

    def connections(self, host: HostName = None) -> int:
        """Return the number of accepted connections, those without a request too."""
        return int(self._ask("connections", host=self._address(host)))

    def clear_requests(self) -> None:
        self._ask("clear_requests")

    # --- changes behind the client's back

    def set_settings(self, host: HostName, app: str, values: Mapping[str, Any]) -> None:
        """Store values as they are; a field that the release does not have is a ValueError."""
        self._ask("set_settings", host=self._address(host), app=app, values=dict(values))

    def add_user(self, host: HostName, email: str, password: str, **rights: Any) -> None:
        """Add a user. rights: userType with scope ("system" or an application), or
        appNameUserType={"live": "ADMIN"}."""
        self._ask("add_user", host=self._address(host), user={"email": email, "password": password, **rights})

    def set_live(self, host: HostName, app: str, streams: Sequence[str]) -> None:
        """Replace the broadcasts by those that somebody sends."""
        self._ask("set_live", host=self._address(host), app=app, streams=list(streams))

    def add_recordings(
        self,
        host: HostName,
        app: str,
        names: Sequence[str],
        kind: str = "streamVod",
        *,
        age: float = 0,
        size: int = 1_000_000,
    ) -> None:
        """Add to the application's list of recordings. For the files see add_file."""
        given = {"names": list(names), "kind": kind, "age": age, "size": size}
        self._ask("add_recordings", host=self._address(host), app=app, **given)

    def add_file(
        self, host: HostName, app: str, path: str, content: bytes, *, times: int = 1, age: float = 0
    ) -> None:
        """Add a file.

        path: below the application's folder, e.g. streams/clip.mp4. times: how often it has the content.
        age: in seconds.
        """
        given = {"path": path, "content": content.decode("latin-1"), "times": times, "age": age}
        self._ask("add_file", host=self._address(host), app=app, **given)

    def set_delays(self, host: HostName = None, **seconds: float) -> None:
        self._ask("delays", host=self._address(host), **seconds)

    def reset(self) -> None:
        """Set all hosts back to the start, and forget requests and faults."""
        self._ask("reset")

    def save(self) -> int:
        """Save users and applications of all hosts for restore(); nothing may be recorded or pulled then."""
        return int(self._ask("save"))

    def restore(self, saved: int) -> None:
        """Set all hosts back to what they were; what reset() forgets is forgotten."""
        self._ask("restore", saved=saved)

    # --- faults

    def fault(
        self,
        host: HostName,
        action: str,
        *,
        method: str | None = None,
        path: str = "",
        nth: int = 1,
        times: int | None = None,
        **options: Any,
    ) -> None:
        """Order a fault of faults.ACTIONS. path: a regular expression for the path with its query."""
        fault = {"action": action, "method": method, "path": path, "nth": nth, "times": times}
        self._ask("fault", host=self._address(host), fault=fault | {"options": options})

    def clear_faults(self) -> None:
        self._ask("clear_faults")

    def restart(self, host: HostName, seconds: float, starting: float = 0) -> None:
        """Refuse connections for seconds, then answer 403 for starting seconds; sessions are lost."""
        self._ask("restart", host=self._address(host), seconds=seconds, starting=starting)

    def unload(self, host: HostName, seconds: float, apps: Sequence[str] | None = None) -> None:
        """Make the applications unknown for seconds."""
        self._ask("unload", host=self._address(host), seconds=seconds, apps=list(apps) if apps else None)

    def lose_sessions(self, host: HostName = None) -> None:
        self._ask("lose_sessions", host=self._address(host))
