# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The server as tests and the demo use it."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, cast

from stand_ins.local import Child, StandIn

from .guard import Start, command
from .release import RELEASE, AmsError, unavailable

EMAIL = "admin@example.com"
START_SECONDS = 120
START_ATTEMPTS = 3
PUBLISH_ATTEMPTS = 20
PICTURE = ("-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25")
TONE = ("-re", "-f", "lavfi", "-i", "sine=frequency=440")
NOISE = ("-re", "-f", "lavfi", "-i", "nullsrc=size=640x360:rate=25,geq=random(1)*255:128:128")
CODECS = (
    *("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-pix_fmt", "yuv420p"),
    *("-c:a", "aac", "-f", "flv"),
)


class PortTakenError(AmsError):
    """Another process took a port between the choice and the start."""


class RealAms(StandIn):
    """`with RealAms() as ams:` starts a fresh server; it ends with the block or with this process.

    properties: more lines of conf/red5.properties, e.g. server.jwtServerControlEnabled.
    hosts: names, beside localhost, that the server may resolve: {"bucket.s3.example.com": "127.0.0.1"}.
    url is https with https=True, http_url is there in any case.
    """

    def __init__(
        self,
        release: str = RELEASE,
        *,
        https: bool = False,
        properties: Mapping[str, str] | None = None,
        hosts: Mapping[str, str] | None = None,
        heap: str = "1g",
    ) -> None:
        self.release = release
        self.email = EMAIL
        self.password = secrets.token_urlsafe(12)
        self.http_url = self.url = ""
        self.rtmp_port = 0
        self.ca_path: Path | None = None
        self._start_as = Start(release, https, heap, dict(properties or {}), dict(hosts or {}))
        self._guard: Child | None = None
        self._root = Path()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        )

    def start(self) -> RealAms:
        reason = unavailable(self.release)
        if reason:
            raise AmsError(reason)
        for _attempt in range(START_ATTEMPTS):
            with contextlib.suppress(PortTakenError):
                return self._start()
        raise AmsError("the server found its ports taken each time")

    def _start(self) -> RealAms:
        self._guard = Child(command(self._start_as), "the server")
        try:
            self._take(self._guard.ready)
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def _take(self, place: dict[str, Any]) -> None:
        ports = place["ports"]
        self._root = Path(place["root"])
        self.http_url = self.url = f"http://127.0.0.1:{ports['http.port']}"
        self.rtmp_port = ports["rtmp.port"]
        self.pid = place["pid"]
        if self._start_as.https:
            self.url = f"https://127.0.0.1:{ports['https.port']}"
            self.ca_path = self._root / "conf" / "fullchain.pem"

    def stop(self) -> None:
        if self._guard is not None:
            # The server takes as long as it takes to stop.
            self._guard.stop(None)
            self._guard = None

    # --- ready

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        self._until(deadline, lambda: self.call("GET", "/first-login-status")["success"])
        user = {"email": self.email, "password": self.password, "firstName": "Test", "lastName": "Admin"}
        self._until(deadline, lambda: self.call("POST", "/users/initial", user)["success"])
        self.login()
        self._until(deadline, self._all_loaded)

    def _all_loaded(self) -> bool:
        shipped = {path.name for path in self.app_dir("").iterdir() if path.is_dir()} - {"root"}
        if set(self.call("GET", "/applications")["applications"]) != shipped:
            return False
        return all(self.settings(app) and isinstance(self.streams(app), list) for app in shipped)

    def _until(self, deadline: float, ready: Callable[[], object]) -> None:
        while not _holds(ready):
            # The server logs it and runs on without the port.
            if "Address already in use" in self.log_text():
                raise PortTakenError("a port was taken while the server started")
            if time.monotonic() > deadline or self._guard is None or self._guard.process.poll() is not None:
                raise AmsError(f"the server did not get ready: {self.log_text()[-3000:]}")
            time.sleep(0.05)

    # --- what one asks of it

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call the console's API, path below /rest/v2, as the admin; None for an empty answer."""
        data = None if body is None else json.dumps(body).encode()
        address = f"{self.http_url}/rest/v2{path}"
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(address, data, headers, method=method)  # noqa: S310
        try:
            with self._opener.open(request, timeout=30) as response:
                text = response.read()
        except urllib.error.HTTPError as error:
            raise AmsError(f"{method} {path}: {error.code} {error.read().decode()[:500]}") from error
        return json.loads(text) if text else None

    def login(self) -> None:
        user = {"email": self.email, "password": self.password}
        if not self.call("POST", "/users/authenticate", user)["success"]:
            raise AmsError("the server does not know its own admin")

    def settings(self, app: str) -> dict[str, Any]:
        return cast("dict[str, Any]", self.call("GET", f"/applications/settings/{app}"))

    def change_settings(self, app: str, changes: Mapping[str, Any]) -> None:
        self.call("POST", f"/applications/settings/{app}", self.settings(app) | dict(changes))

    def streams(self, app: str) -> list[dict[str, Any]]:
        """Return the broadcasts of an application; one over RTMP is gone when it has ended."""
        return cast(
            "list[dict[str, Any]]", self.call("GET", f"/request?_path={app}/rest/v2/broadcasts/list/0/50")
        )

    def recordings(self, app: str) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self.call("GET", f"/request?_path={app}/rest/v2/vods/list/0/50"))

    def app_dir(self, app: str) -> Path:
        return self._root / "webapps" / app

    def files(self, app: str) -> list[str]:
        """Return the files below the application's streams folder."""
        folder = self.app_dir(app) / "streams"
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

    def log_text(self) -> str:
        """Return the output of the server, then its own log."""
        logs = [self._root / "log" / name for name in ("console.log", "ant-media-server.log")]
        return "".join(log.read_text(errors="replace") for log in logs if log.is_file())

    def publish(self, app: str, stream: str, seconds: float, *, megabits: int = 0) -> None:
        """Send a test picture and a tone over RTMP, until they are sent. A recording takes longer.

        megabits: a second, for a recording that is large; the picture is noise then.
        """
        picture = NOISE if megabits else PICTURE
        rate = ("-b:v", f"{megabits}M", "-maxrate", f"{megabits}M", "-bufsize", f"{2 * megabits}M")
        codecs = (*(rate if megabits else ()), *CODECS)
        target = f"rtmp://127.0.0.1:{self.rtmp_port}/{app}/{stream}"
        sender = ["ffmpeg", "-v", "error", "-nostdin", *picture, *TONE, "-t", str(seconds), *codecs, target]
        said = ""
        for _attempt in range(PUBLISH_ATTEMPTS):
            done = subprocess.run(sender, capture_output=True, text=True, check=False, timeout=seconds + 60)
            if done.returncode == 0:
                return
            # It refuses while the mean CPU of its last five seconds is too high.
            said = done.stderr.strip()
            time.sleep(2)
        raise AmsError(f"{target} was refused {PUBLISH_ATTEMPTS} times: {said[-500:]}")


def _holds(ready: Callable[[], object]) -> bool:
    try:
        return bool(ready())
    except (OSError, AmsError, ValueError, KeyError, TypeError):
        return False
