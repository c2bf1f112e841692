# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Download a release from Maven Central once, then take it from the user's cache."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from stand_ins.local import cache_dir

RELEASE = "2.17.1"
NEEDS_JAVA = (
    "a real Ant Media Server needs Java 17: apt-get install openjdk-17-jre-headless, or set JAVA_HOME"
)
# Maven 3.8 resets the colours even where it is told to use none.
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
NEEDS_MAVEN = "a real Ant Media Server is fetched with Maven: apt-get install maven"


class AmsError(Exception):
    """The server could not be had, started or asked."""


def java_17() -> str | None:
    """Return the path of a Java 17; a newer Java refuses some options of the releases."""
    places = [Path(home) / "bin" / "java" for home in [os.environ.get("JAVA_HOME", "")] if home]
    places += [Path(found) for found in [shutil.which("java")] if found]
    places += sorted(Path("/usr/lib/jvm").glob("*17*/bin/java"))
    return next((str(place) for place in places if _java_version(place) == "17"), None)


def _java_version(java: Path) -> str:
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r'version "(\d+)', done.stderr + done.stdout)
    return found[1] if found else ""


def unavailable(release: str = RELEASE) -> str | None:
    """Return why no server can be started here, in one line, or None."""
    if java_17() is None:
        return NEEDS_JAVA
    had = _home(release).is_dir() or _zip_below(_default_repository(), release).is_file()
    return None if had or shutil.which("mvn") else NEEDS_MAVEN


def _home(release: str) -> Path:
    return cache_dir() / f"ams-{release}"


def _default_repository() -> Path:
    return Path.home() / ".m2" / "repository"


def _zip_below(repository: Path, release: str) -> Path:
    name = f"ant-media-server-{release}-community.zip"
    return repository / "io" / "antmedia" / "ant-media-server" / release / name


def _mvn(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["mvn", "-q", "-B", "-Dstyle.color=never", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise AmsError(NEEDS_MAVEN) from error
    if done.returncode:
        raise AmsError(f"mvn {' '.join(arguments)}: {(done.stdout + done.stderr).strip()[-1000:]}")
    return done.stdout.strip()


def _archive(release: str) -> Path:
    found = _zip_below(_default_repository(), release)
    if found.is_file():
        return found
    repository = _mvn("help:evaluate", "-Dexpression=settings.localRepository", "-DforceStdout")
    found = _zip_below(Path(COLOURS.sub("", repository.splitlines()[-1])), release)
    if not found.is_file():
        artifact = f"io.antmedia:ant-media-server:{release}:zip:community"
        _mvn("dependency:get", "-Dtransitive=false", f"-Dartifact={artifact}")
    return found


def _unpack(archive: Path, target: Path) -> None:
    with zipfile.ZipFile(archive) as package:
        for entry in package.infolist():
            written = Path(package.extract(entry, target))
            mode = entry.external_attr >> 16 & 0o777
            if mode and not entry.is_dir():
                written.chmod(mode)


def installed(release: str = RELEASE) -> Path:
    """Return the folder of the unpacked release; the first caller makes it."""
    home = _home(release)
    if home.is_dir():
        return home
    archive = _archive(release)
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="unpack-", dir=home.parent) as scratch:
        _unpack(archive, Path(scratch))
        try:
            (Path(scratch) / "ant-media-server").rename(home)
        except OSError:
            # Another run was first.
            if not home.is_dir():
                raise
    return home
