# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The limit: the same requests to a whole fleet from one process, without Ansible.

python bare_client.py JOB.json, where the job holds hosts (url, email, password), apps (name, settings),
ca_path and concurrency. Logs in, reads each application, writes and reads back what differs, logs out.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

API = "/rest/v2"


async def bring(host: Mapping[str, str], apps: list[dict[str, Any]], tls: ssl.SSLContext | bool) -> int:
    """Return the number of applications that had to be written."""
    connector = aiohttp.TCPConnector(limit=1, ssl=tls)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(host["url"], connector=connector, cookie_jar=jar) as session:
        who = {"email": host["email"], "password": host["password"]}
        async with session.post(f"{API}/users/authenticate", json=who) as answer:
            if (await answer.json())["success"] is not True:
                raise RuntimeError(f"{host['url']} refused the login")
        read = [await _settings(session, app["name"]) for app in apps]
        written = 0
        for app, current in zip(apps, read, strict=True):
            if any(current[name] != value for name, value in app["settings"].items()):
                await _write(session, app["name"], {**current, **app["settings"]})
                back = await _settings(session, app["name"])
                if any(back[name] != value for name, value in app["settings"].items()):
                    raise RuntimeError(f"{host['url']} did not take the settings of {app['name']}")
                written += 1
        async with session.delete(f"{API}/users/logout") as answer:
            await answer.read()
    return written


async def _settings(session: aiohttp.ClientSession, app: str) -> dict[str, Any]:
    async with session.get(f"{API}/applications/settings/{app}") as answer:
        settings: dict[str, Any] = await answer.json()
    return settings


async def _write(session: aiohttp.ClientSession, app: str, settings: Mapping[str, Any]) -> None:
    async with session.post(f"{API}/applications/settings/{app}", json=settings) as answer:
        if (await answer.json())["success"] is not True:
            raise RuntimeError(f"the settings of {app} were refused")


async def bring_all(job: Mapping[str, Any]) -> int:
    tls = ssl.create_default_context(cafile=job["ca_path"]) if job["ca_path"] else True
    turn = asyncio.Semaphore(job["concurrency"])

    async def in_turn(host: Mapping[str, str]) -> int:
        async with turn:
            return await bring(host, job["apps"], tls)

    return sum(await asyncio.gather(*(in_turn(host) for host in job["hosts"])))


if __name__ == "__main__":
    print(asyncio.run(bring_all(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
