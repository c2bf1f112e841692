# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The fleet's own API: POST /COMMAND with the arguments as a JSON object, answered by {"result": …}."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from .access import User
from .broadcasts import live_stream
from .faults import Fault
from .recordings import recording
from .server import FleetServer, Listener


class Control:
    """Each public method is a command; host is an address, None means all hosts."""

    def __init__(self, fleet: FleetServer) -> None:
        self._fleet = fleet

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        name = request.path.removeprefix("/")
        if request.method != "POST" or name not in COMMANDS:
            known = ", ".join(sorted(COMMANDS))
            return web.json_response({"error": f"no such command; POST one of {known}"}, status=404)
        command = getattr(self, name)
        try:
            result = await command(**json.loads(await request.read() or b"{}"))
        except (TypeError, ValueError, KeyError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        return web.json_response({"result": result})

    def _listeners(self, host: str | None) -> Iterable[Listener]:
        return self._fleet.listeners.values() if host is None else [self._fleet.listeners[host]]

    # --- reads

    async def hosts(self) -> list[dict[str, str]]:
        plan = self._fleet.plan
        return [
            {
                "address": listener.host.address,
                "url": listener.host.url,
                "release": listener.host.release,
                "email": plan.email,
                "password": plan.password,
            }
            for listener in self._listeners(None)
        ]

    async def requests(self, host: str | None = None) -> list[dict[str, Any]]:
        return [request for listener in self._listeners(host) for request in listener.requests]

    async def connections(self, host: str | None = None) -> int:
        return sum(listener.connections for listener in self._listeners(host))

    async def clear_requests(self) -> None:
        """Forget the requests. Open connections still count."""
        for listener in self._listeners(None):
            listener.requests.clear()
            listener.connections = len(listener.open)

    async def settings(self, host: str, app: str) -> dict[str, Any]:
        return self._fleet.listeners[host].host.store.apps[app].settings.values

    async def files(self, host: str, app: str) -> list[str]:
        return sorted(self._fleet.listeners[host].host.store.apps[app].files)

    async def broadcasts(self, host: str, app: str) -> list[dict[str, Any]]:
        return list(self._fleet.listeners[host].host.store.apps[app].broadcasts.values())

    async def recordings(self, host: str, app: str) -> list[dict[str, Any]]:
        return self._fleet.listeners[host].host.store.apps[app].recordings

    # --- changes from outside

    async def set_settings(self, host: str, app: str, values: dict[str, Any]) -> None:
        self._fleet.listeners[host].host.store.apps[app].settings.change(values)

    async def add_user(self, host: str | None, user: dict[str, Any]) -> None:
        for listener in self._listeners(host):
            listener.host.store.users.known[user["email"]] = User.from_json(user)

    async def set_live(self, host: str, app: str, streams: list[str]) -> None:
        self._fleet.listeners[host].host.store.apps[app].broadcasts = {
            each: live_stream(each) for each in streams
        }

    async def add_recordings(
        self, host: str, app: str, names: list[str], kind: str, age: float, size: int
    ) -> None:
        made = [recording(name, size, kind=kind, age=age) for name in names]
        self._fleet.listeners[host].host.store.apps[app].recordings += made

    async def add_file(self, host: str, app: str, path: str, content: str, times: int, age: float) -> None:
        to = self._fleet.listeners[host].host.store.apps[app]
        to.files[path], to.written[path] = content.encode("latin-1") * times, time.time() - age

    async def delays(self, host: str | None = None, **seconds: float) -> None:
        for listener in self._listeners(host):
            listener.host.delays.update(seconds)

    async def reset(self) -> None:
        await self._fleet.reset()

    async def save(self) -> int:
        return self._fleet.save()

    async def restore(self, saved: int) -> None:
        await self._fleet.restore(saved)

    # --- faults

    async def fault(self, host: str | None, fault: dict[str, Any]) -> None:
        made = Fault(**fault)
        for listener in self._listeners(host):
            # Each host counts for itself.
            listener.faults.append(dataclasses.replace(made))

    async def clear_faults(self) -> None:
        for listener in self._listeners(None):
            listener.faults.clear()

    async def restart(self, host: str | None, seconds: float, starting: float = 0) -> None:
        for listener in self._listeners(host):
            await self._fleet.restart(listener, seconds, starting)

    async def unload(self, host: str | None, seconds: float, apps: list[str] | None = None) -> None:
        for listener in self._listeners(host):
            listener.host.unload(apps or list(listener.host.store.apps), seconds)

    async def lose_sessions(self, host: str | None = None) -> None:
        for listener in self._listeners(host):
            listener.host.sessions.clear()


COMMANDS = {name for name in vars(Control) if not name.startswith("_")} - {"handle"}
