# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stand-in as tests use it: a server in a thread of its own, and its objects."""

from __future__ import annotations

import asyncio
import copy
import secrets
import threading
from collections.abc import Iterable
from types import TracebackType

from aiohttp import web

from .api import Api
from .objects import Objects, Thing


class AwxStandIn:
    """`with AwxStandIn() as awx:` answers at awx.url to whoever has awx.token, until the block ends.

    objects: to begin with, a copy of those that another one has.
    requests: method and path of each request since the last clear_requests.
    """

    def __init__(self, objects: Objects | None = None) -> None:
        self.objects = copy.deepcopy(objects) or Objects()
        self.token = secrets.token_urlsafe(24)
        self._api = Api(self.objects, self.token)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.url = ""

    @property
    def requests(self) -> list[tuple[str, str]]:
        return self._api.requests

    def clear_requests(self) -> None:
        self._api.requests.clear()

    def writes(self) -> list[tuple[str, str]]:
        return [each for each in self.requests if each[0] not in ("GET", "HEAD", "OPTIONS")]

    def find(self, resource: str, name: str) -> Thing:
        """Return the object of a resource, such as job_templates, with this name (a node's identifier)."""
        return self.objects.named(resource, name)

    def linked(self, thing: Thing, kind: str) -> list[Thing]:
        """Return the objects in a sub-list, such as credentials or success_nodes."""
        return [self.objects.things[number] for number in thing.links.get(kind, [])]

    def sync(self, project: str, playbooks: Iterable[str]) -> None:
        """Set the playbooks that an update of the project would find."""
        self.find("projects", project).values.update(playbooks=sorted(playbooks), status="successful")

    def env(self) -> dict[str, str]:
        """Return the variables for the modules of awx.awx."""
        return {
            "CONTROLLER_HOST": self.url,
            "CONTROLLER_OAUTH_TOKEN": self.token,
            "CONTROLLER_VERIFY_SSL": "false",
        }

    def __enter__(self) -> AwxStandIn:
        self._thread.start()
        self.url = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)
        return self

    async def _start(self) -> str:
        self._runner = web.AppRunner(self._api.application(), access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()
