# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that copies recordings from a server's disk into a bucket, run on that server.

The controller sends it to the server's Python on stdin, followed by its input as JSON, so nothing of it is in
a list of processes or on the disk. It needs Python 3.7 and no package. It has no credentials: each part has a
presigned URL of its own, which neither its output nor an error contains.

Each line that it prints is an object of JSON; the last one says {"done": true}. An empty one says only that
the program still runs. When nobody reads them any more, because the run was ended, the program ends as well.

A file is given by its path below the folder, its size and its mtime: of a file that is another one by now,
nothing is sent or deleted.
"""

from __future__ import annotations

import base64
import concurrent.futures
import hashlib
import http.client
import json
import os
import random
import re
import ssl
import stat
import struct
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import IO, TYPE_CHECKING, Any

# Bytes; seconds between two lines that say that the program still runs.
CHUNK, SIGN_OF_LIFE = 64 * 1024, 5.0
# Of what a server of S3 answers, in bytes; of its code and message, in characters.
MOST_ANSWER, MOST_TEXT = 16 * 1024, 300
# Boxes of a recording, however long it is; seconds between two attempts.
MOST_BOXES, MOST_PAUSE = 100_000, 20.0
PASSING = (408, 429, 500, 502, 503, 504)
UNFINISHED_MP4 = ".mp4.tmp_extension"
if TYPE_CHECKING:
    Item = Mapping[str, Any]
    Do = Callable[[Item], dict[str, Any]]


class Problem(Exception):
    """A file or a part that cannot be copied now. kind: for the controller, which knows what follows."""

    def __init__(self, kind: str, message: str = "", **more: Any) -> None:
        super().__init__(message)
        self.reply = {"kind": kind, "message": message, **more}


class Lines:
    """The program's output."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream, self._lock = stream, threading.Lock()

    def say(self, **reply: Any) -> None:
        with self._lock:
            try:
                self._stream.write(json.dumps(reply) + "\n")
                self._stream.flush()
            except OSError:
                os._exit(1)  # Nobody listens, and what a thread is sending now is of no use either.


def os_problem(error: OSError) -> Problem:
    """Return the problem that an error of the operating system is."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return Problem("vanished", "the file does not exist any more")
    return Problem("unreadable", error.strerror or type(error).__name__)


def path_of(folder: str, path: str) -> str:
    """Return the whole path of a file; no link on it leads out of the folder."""
    whole = os.path.join(folder, path)
    parent, root = os.path.realpath(os.path.dirname(whole)), os.path.realpath(folder)
    if os.path.commonpath([parent, root]) != root or os.path.basename(whole) in ("", ".", ".."):
        raise Problem("unreadable", "the path leads out of the folder")
    return whole


def require_same(about: os.stat_result, given: Item) -> None:
    """Raise if a file is not the one that was listed."""
    if not stat.S_ISREG(about.st_mode):
        raise Problem("changed", "it is no ordinary file any more")
    if (about.st_size, about.st_mtime_ns) != (given["size"], given["mtime_ns"]):
        raise Problem(
            "changed", f"its size was {given['size']} bytes, and is {about.st_size}; it was written to"
        )


class Source:
    """`with Source(folder, given) as source:` reads a file that must be as it was listed, to the end."""

    def __init__(self, folder: str, given: Item) -> None:
        self._given = given
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            self._number = os.open(path_of(folder, given["path"]), flags)
        except OSError as error:
            raise os_problem(error) from error

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._number)

    def chunks(self, offset: int, size: int) -> Iterator[bytes]:
        """Yield the bytes of a part; raise if the file has changed, or changes meanwhile."""
        require_same(os.fstat(self._number), self._given)
        place, end = offset, offset + size
        while place < end:
            try:
                chunk = os.pread(self._number, min(CHUNK, end - place), place)
            except OSError as error:
                raise os_problem(error) from error
            if not chunk:
                raise Problem("changed", "it has become shorter while it was read")
            place += len(chunk)
            yield chunk
        require_same(os.fstat(self._number), self._given)


def md5(data: bytes = b"") -> Any:
    # Some operating systems forbid MD5 for secrets.
    return hashlib.new("md5", data, usedforsecurity=False)


def is_whole_mp4(handle: IO[bytes], size: int) -> bool:
    """True if the boxes of an MP4 end exactly where the file does, and its index is among them."""
    found: set[bytes] = set()
    place = 0
    for _box in range(MOST_BOXES):
        if place >= size:
            break
        handle.seek(place)
        head = handle.read(16)
        if len(head) < 8:
            return False
        length, kind = struct.unpack(">I4s", head[:8])
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack(">Q", head[8:])
        elif length == 0:
            length = size - place
        if length < 8:
            return False
        found.add(kind)
        place += length
    return place == size and {b"ftyp", b"moov", b"mdat"} <= found


def about_file(whole: str) -> dict[str, Any]:
    """Return what the controller must know of a file."""
    about = os.lstat(whole)
    if not stat.S_ISREG(about.st_mode):
        return {"kind": "link"}
    age = time.time() - about.st_mtime
    found: dict[str, Any] = {"size": about.st_size, "mtime_ns": about.st_mtime_ns, "age": age}
    if whole.endswith(UNFINISHED_MP4):
        with open(whole, "rb") as handle:
            found["is_whole"] = is_whole_mp4(handle, about.st_size)
    return found


def is_to_come(folder: str) -> bool:
    """True if there is no such folder: AMS makes it for the first recording."""
    try:
        return not os.lstat(folder)
    except OSError as error:  # Of any other the walk says what it is.
        return isinstance(error, FileNotFoundError) and os.path.isdir(os.path.dirname(folder))


def list_files(given: Item, lines: Lines) -> None:
    """Say each file below a folder whose name has one of the endings."""
    folder = given["folder"]

    def say(whole: str, **more: Any) -> None:
        lines.say(**{"path": os.path.relpath(whole, folder), **more})

    def say_error(error: OSError) -> None:
        say(error.filename or folder, kind="unreadable", message=error.strerror or type(error).__name__)

    for place, folders, names in () if is_to_come(folder) else os.walk(folder, onerror=say_error):
        for whole in (os.path.join(place, each) for each in names if each.endswith(tuple(given["endings"]))):
            try:
                say(whole, **about_file(whole))
            except FileNotFoundError:
                pass  # AMS has renamed or deleted it since.
            except OSError as error:
                say_error(error)
        for linked in filter(os.path.islink, (os.path.join(place, each) for each in folders)):
            say(linked, kind="link")


def digest_part(folder: str, part: Item) -> dict[str, Any]:
    with Source(folder, part) as source:
        digest = md5()
        for chunk in source.chunks(part["offset"], part["length"]):
            digest.update(chunk)
        return {"md5": digest.hexdigest()}


def delete_file(folder: str, given: Item) -> dict[str, Any]:
    whole = path_of(folder, given["path"])
    try:
        require_same(os.lstat(whole), given)
        os.unlink(whole)
    except OSError as error:
        raise os_problem(error) from error
    return {"deleted": True}


class Pace:
    """Lets so many bytes a second through, from all threads together. 0: any number."""

    def __init__(self, rate: float) -> None:
        self._rate, self._free, self._lock = rate, 0.0, threading.Lock()

    def wait(self, size: int) -> None:
        if not self._rate:
            return
        with self._lock:
            now = time.monotonic()
            start = max(now, self._free)
            self._free = start + size / self._rate
        time.sleep(start - now)


class Sender:
    """Sends parts. seconds: after which no request is begun any more."""

    def __init__(self, given: Item) -> None:
        self._folder, self._timeout, self._wait = given["folder"], given["timeout"], given["wait"]
        self._attempts, self._end = given["attempts"], time.monotonic() + given["seconds"]
        self._pace = Pace(given["bytes_per_second"])
        self._context = ssl.create_default_context()
        if given["authorities"]:
            self._context.load_verify_locations(cadata=given["authorities"])

    def send(self, part: Item) -> dict[str, Any]:
        """Send one part, again while the failure is a passing one."""
        problem = Problem("later")
        for attempt in range(self._attempts):
            pause = (
                min(self._wait * 2 ** (attempt - 1), MOST_PAUSE) * (0.5 + random.random()) if attempt else 0
            )
            if time.monotonic() + pause >= self._end:
                break
            time.sleep(pause)
            try:
                return self._send_once(part)
            except Problem as error:
                if not error.reply.get("is_passing"):
                    raise
                problem = error
        raise problem

    def _send_once(self, part: Item) -> dict[str, Any]:
        with Source(self._folder, part) as source:
            connection, target, headers = connection_to(part["url"], self._timeout, self._context)
            headers.update(part["headers"])
            headers.update({"Content-Length": str(part["length"]), "Connection": "close"})
            try:
                return self._exchange(connection, target, headers, source, part)
            except ssl.SSLCertVerificationError as error:
                text = f"the certificate of S3 is not trusted: {error.verify_message}"
                raise Problem("unreachable", text) from error
            except (OSError, http.client.HTTPException) as error:
                text = getattr(error, "strerror", None) or str(error) or type(error).__name__
                raise Problem("unreachable", without_secrets(text, part["url"]), is_passing=True) from error
            finally:
                connection.close()

    def _exchange(
        self, connection: Any, target: str, headers: Mapping[str, str], source: Source, part: Item
    ) -> dict[str, Any]:
        connection.putrequest("PUT", target, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        digest, is_whole = md5(), True
        for chunk in source.chunks(part["offset"], part["length"]):
            self._pace.wait(len(chunk))
            try:
                connection.send(chunk)
            except OSError:
                # S3 may refuse a request before it has read it whole. Its answer says why.
                is_whole = False
                break
            digest.update(chunk)
        with connection.getresponse() as response:
            body = response.read(MOST_ANSWER).decode("utf-8", "replace")
        if response.status == 200 and is_whole:
            return {"status": 200, "etag": response.headers.get("ETag", ""), "md5": digest.hexdigest()}
        raise refusal(response.status, body, part["url"])


def refusal(status: int, body: str, url: str) -> Problem:
    """Return the problem that an answer of S3 is. Of its text there are only the code and the message."""
    reply: dict[str, Any] = {"status": status, "code": "", "message": ""}
    for name in ("code", "message"):
        found = re.search(f"<{name.capitalize()}>([^<]*)<", body)
        if found:
            reply[name] = without_secrets(found.group(1), url)[:MOST_TEXT]
    return Problem("refused", is_passing=status in PASSING or reply["code"] == "RequestTimeout", **reply)


def without_secrets(text: str, url: str) -> str:
    """Return a text without the address and its parts: some errors quote what they were about."""
    query = urllib.parse.urlsplit(url).query
    secrets = [url, query, *(value for _name, value in urllib.parse.parse_qsl(query) if len(value) > 8)]
    for secret in filter(None, secrets):
        text = text.replace(secret, "...").replace(urllib.parse.quote(secret, safe=""), "...")
    return text


def connection_to(url: str, timeout: float, context: ssl.SSLContext) -> tuple[Any, str, dict[str, str]]:
    """Return a connection for an address, by the proxy of the environment, with its target and headers."""
    parts = urllib.parse.urlsplit(url)
    target = urllib.parse.urlunsplit(("", "", parts.path, parts.query, ""))
    is_secure, host = parts.scheme == "https", str(parts.hostname)
    make = partial(http.client.HTTPSConnection, context=context) if is_secure else http.client.HTTPConnection
    proxy = proxy_for(parts.scheme, host)
    if not proxy.hostname:
        return make(host, parts.port, timeout=timeout), target, {}
    connection, headers = make(proxy.hostname, proxy.port or 80, timeout=timeout), proxy_headers(proxy)
    if not is_secure:
        return connection, url, headers
    connection.set_tunnel(host, parts.port or 443, headers)
    return connection, target, {}


def proxy_for(scheme: str, host: str) -> urllib.parse.SplitResult:
    named = "" if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get(scheme) or ""
    return urllib.parse.urlsplit(named if "//" in named else f"//{named}")


def proxy_headers(proxy: urllib.parse.SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    login = ":".join(urllib.parse.unquote(each or "") for each in (proxy.username, proxy.password))
    return {"Proxy-Authorization": "Basic " + base64.b64encode(login.encode()).decode()}


def each_of(items: Iterable[Item], do: Do, lines: Lines, threads: int = 1) -> None:
    """Do something with each item, with so many at once, and say what became of it."""

    def attempt(number: int, item: Item) -> dict[str, Any]:
        try:
            return {"id": number, **do(item)}
        except Problem as problem:
            return {"id": number, **problem.reply}

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        running = {pool.submit(attempt, number, item) for number, item in enumerate(items)}
        while running:
            done, running = concurrent.futures.wait(running, SIGN_OF_LIFE, return_when="FIRST_COMPLETED")
            for each in done:
                lines.say(**each.result())
            if not done:
                lines.say()


DUTIES: Mapping[str, Callable[[Any, Lines], None]] = {
    "list": list_files,
    "digest": lambda given, lines: each_of(given["parts"], partial(digest_part, given["folder"]), lines),
    "send": lambda given, lines: each_of(given["parts"], Sender(given).send, lines, given["connections"]),
    "delete": lambda given, lines: each_of(given["files"], partial(delete_file, given["folder"]), lines),
}


def say_where(kind: type[BaseException], _error: BaseException, trace: Any) -> None:
    """Print where an error of this program is, without its text, which may quote the input."""
    while trace.tb_next:
        trace = trace.tb_next
    sys.stderr.write(f"{kind.__name__} in line {trace.tb_lineno}\n")


def main() -> None:
    sys.excepthook = say_where
    given = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    # A live stream matters more than a copy.
    os.nice(10)
    lines = Lines(sys.stdout)
    DUTIES[given["duty"]](given, lines)
    lines.say(done=True)


if __name__ == "__main__":
    main()
