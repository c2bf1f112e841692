# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The state of one simulated server, and the state that the nodes of a cluster share."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .access import User, Users
from .settings import AppSettings
from .upload import Uploader

ENTERPRISE = "Enterprise Edition"
COMMUNITY = "Community Edition"
APPS = ("LiveApp", "WebRTCApp", "live")
BUILDS = {"2.16.2": "20251208_1544", "2.17.1": "20260211_1128"}


@dataclass(frozen=True)
class Plan:
    """The state of hosts at the start and after a reset."""

    email: str
    password: str
    apps: tuple[str, ...] = APPS
    with_admin: bool = True
    edition: str = COMMUNITY
    jwt_secret: str = ""
    delays: dict[str, float] = field(default_factory=dict)


class Source(Protocol):
    """A source that an application pulls."""

    is_open: bool
    error: str

    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclass
class App:
    """An application: its settings, the files in its folder, and its work.

    written: when a file was written to, in seconds since 1970, where that is not when it is first read.
    looked_with: the settings with which it has listed the bucket, by their time.
    """

    name: str
    settings: AppSettings
    recordings: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    written: dict[str, float] = field(default_factory=dict)
    broadcasts: dict[str, dict[str, Any]] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    looked_with: int | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def sub_folder(self, stream_id: str) -> str:
        """Return the folder below that of the streams. %m is a main track, which no broadcast here has."""
        folder = str(self.settings.values.get("subFolder") or "")
        for part in ("%m/", "/%m", "%m"):
            folder = folder.replace(part, "")
        return folder.replace("%s", stream_id).strip().strip("/")

    async def look(self, uploader: Uploader) -> None:
        """List the bucket, once after each change of the settings, even if that fails."""
        if self.looked_with != self.settings.values["updateTime"]:
            self.looked_with = self.settings.values["updateTime"]
            await uploader.look()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_raise_error)

    def end(self) -> None:
        """Cut off all work."""
        self.sources.clear()
        for task in self._tasks:
            task.cancel()


def _raise_error(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.result()


class Store:
    """The state that the nodes of a cluster share; any other host has its own."""

    def __init__(self, plan: Plan, release: str) -> None:
        self.release = release
        # The source of 2.17.1 counts wrong passwords on each node; sharing the count is stricter.
        self.users = Users()
        self._plan = plan
        self.apps: dict[str, App] = {}
        for name in plan.apps:
            self.create_app(name)
        if plan.with_admin:
            self.users.add(first_admin({"email": plan.email, "password": plan.password}))

    def create_app(self, name: str) -> None:
        self.apps[name] = App(name, AppSettings(self.release, name))


def first_admin(given: Mapping[str, Any]) -> User:
    rights = {"userType": "ADMIN", "scope": "system", "appNameUserType": {"system": "ADMIN"}}
    return User.from_json({**given, **rights})


class Host:
    """One address. Nodes of a cluster share users and applications, but not sessions, time and faults."""

    def __init__(
        self, address: str, release: str, store: Store, plan: Plan, cluster: list[str] | None
    ) -> None:
        self.address = address
        self.url = ""
        self.secure = False
        self.release = release
        self.store = store
        self.cluster = cluster
        self.edition = ENTERPRISE if cluster is not None else plan.edition
        self.jwt_secret = plan.jwt_secret
        self.delays = dict(plan.delays)
        self.sessions: dict[str, str | None] = {}
        self.starting_until = 0.0
        self._loading_until: dict[str, float] = {}

    @property
    def version(self) -> dict[str, str]:
        build = BUILDS.get(self.release, "20260101_0000")
        return {"versionName": self.release, "versionType": self.edition, "buildNumber": build}

    # --- sessions

    def session_of(self, cookies: list[str]) -> str | None:
        return next((cookie for cookie in cookies if cookie in self.sessions), None)

    def open_session(self) -> str:
        session = secrets.token_hex(16).upper()
        self.sessions[session] = None
        return session

    def user_of(self, session: str | None) -> tuple[bool, User | None]:
        """Return True if somebody has logged in, and the user if there still is one."""
        email = self.sessions.get(session or "")
        return email is not None, self.store.users.known.get(email or "")

    # --- applications

    def app(self, name: str) -> App | None:
        """Return an application, None while it is not loaded."""
        if self._loading_until.get(name, 0) > time.monotonic():
            return None
        return self.store.apps.get(name)

    def app_names(self) -> list[str]:
        return [name for name in self.store.apps if self.app(name) is not None]

    def unload(self, names: list[str], seconds: float) -> None:
        self._loading_until.update(dict.fromkeys(names, time.monotonic() + seconds))

    @property
    def is_starting(self) -> bool:
        return self.starting_until > time.monotonic()

    def restarted(self, starting: float) -> None:
        """Forget what is kept in memory only."""
        self.sessions.clear()
        self.store.users.forgive_all()
        for app in self.store.apps.values():
            app.end()
            app.settings.forget_nulls()
        self.starting_until = time.monotonic() + starting
