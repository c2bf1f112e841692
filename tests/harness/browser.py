# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real browser, and Ant Media's own player for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stand_ins.local import cache_dir
from stand_ins.waiting import wait_for

PLAYER = "2.13.2"
_NEEDS_CHROMIUM = "a browser is needed: apt-get install chromium chromium-driver"
_NEEDS_NPM = "Ant Media's web player is fetched with npm: apt-get install npm"


class BrowserError(Exception):
    """A page did not get as far as it should."""


def unavailable() -> str | None:
    """Return why there is no browser here, in one line, or None."""
    return None if shutil.which("chromium") and shutil.which("chromedriver") else _NEEDS_CHROMIUM


def player_unavailable() -> str | None:
    """Return why Ant Media's player cannot be had here, or None."""
    return None if _player().is_dir() or shutil.which("npm") else _NEEDS_NPM


def _player() -> Path:
    return cache_dir() / f"web_player-{PLAYER}"


def web_player() -> Path:
    """Return the folder with the player's modules, fetched once."""
    place = _player()
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
            pack = ["npm", "pack", "--silent", f"@antmedia/web_player@{PLAYER}"]
            name = subprocess.run(pack, cwd=scratch, check=True, capture_output=True, text=True, timeout=300)
            with tarfile.open(Path(scratch) / name.stdout.strip()) as archive:
                archive.extractall(scratch, filter="data")
            # Two runs may fetch it at the same time.
            if not place.is_dir():
                (Path(scratch) / "package" / "dist" / "es").rename(place)
    return place


class Browser:
    """One window of a headless Chromium."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def open(self, url: str) -> None:
        self._driver.get(url)

    def run(self, script: str) -> Any:
        return self._driver.execute_script(script)

    def wait_for(self, script: str) -> Any:
        """Return the first true result of a script; BrowserError when it stays false."""
        found = wait_for(lambda: self.run(script))
        if not found:
            raise BrowserError(f"{script} stayed {found!r}: {self.console()}")
        return found

    def console(self) -> list[str]:
        """Return the messages in the browser's console, such as refusals of CORS."""
        return [str(entry["message"]) for entry in self._driver.get_log("browser")]

    def screenshot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._driver.save_screenshot(str(path))


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser with a profile of its own, which ends with the block."""
    from selenium import webdriver

    driver = shutil.which("chromedriver")
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        switches = ["headless=new", "no-first-run", "disable-dev-shm-usage", "mute-audio", "no-proxy-server"]
        switches += ["autoplay-policy=no-user-gesture-required", "window-size=480,480"]
        switches += [f"user-data-dir={profile}", "disable-background-networking"]
        # Chromium does not sandbox what root runs.
        switches += ["no-sandbox"] if os.geteuid() == 0 else []
        for switch in switches:
            options.add_argument(f"--{switch}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # Else it leaves folders for crash reports and for sound behind.
        own = ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH")
        env = {**os.environ, **dict.fromkeys(own, profile)}
        service = webdriver.ChromeService(executable_path=driver, env=env)
        running = webdriver.Chrome(options=options, service=service)
        try:
            yield Browser(running)
        finally:
            running.quit()
