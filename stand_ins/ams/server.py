# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The network side of the fleet: one listener for each address, all in one event loop."""

from __future__ import annotations

import asyncio
import copy
import gzip
import json
import socket
import ssl
import struct
import time
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from . import app_rest, console, hls_upload
from .call import Call
from .certificates import ADDRESSES_EACH, Authority
from .faults import Fault, answer_instead
from .host import Host, Plan, Store
from .pages import Answer

COMPRESSED_FROM = 2048
BACKLOG = 512
LOGIN = "/rest/v2/users/authenticate"
SETTINGS = "/rest/v2/applications/settings/"
PORT_ATTEMPTS = 20


@dataclass(frozen=True)
class Layout:
    """The hosts: a release and, for some, a cluster each."""

    releases: list[str]
    clusters: list[str | None]
    first: str = "127.77.0.1"
    port: int = 0

    def addresses(self) -> list[str]:
        first = IPv4Address(self.first)
        addresses = [str(first + number) for number in range(len(self.releases))]
        if not all(IPv4Address(address).is_loopback for address in addresses):
            raise ValueError("the addresses leave 127.0.0.0/8")
        return addresses


@dataclass
class Listener:
    """One address: its socket, its open connections and their requests."""

    host: Host
    plan: Plan
    tls: ssl.SSLContext | None = None
    server: asyncio.Server | None = None
    open: dict[RequestHandler, int] = field(default_factory=dict)
    connections: int = 0
    requests: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fault_for(self, method: str, target: str) -> Fault | None:
        return next((fault for fault in self.faults if fault.fits(method, target)), None)


class _Connections(web.Server):
    """Counts the connections of each listener."""

    def __init__(self, fleet: FleetServer) -> None:
        super().__init__(fleet.handle, access_log=None, keepalive_timeout=3600)
        self._fleet = fleet

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        listener = self._fleet.listeners[transport.get_extra_info("sockname")[0]]
        listener.connections += 1
        listener.open[handler] = listener.connections
        self._fleet.listener_of[handler] = listener

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        listener = self._fleet.listener_of.pop(handler, None)
        if listener is not None:
            listener.open.pop(handler, None)


class _Response(web.Response):
    """Without the header that names the simulator, and without a reason, as the real server."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.pop("Server", None)


class FleetServer:
    """All hosts. No request waits for another, but by the delays and faults that were ordered."""

    def __init__(self, layout: Layout, plan: Plan, authority: Authority | None) -> None:
        self.layout, self.plan, self.authority = layout, plan, authority
        self.addresses = layout.addresses()
        self.port = 0
        self.listeners: dict[str, Listener] = {}
        self.listener_of: dict[RequestHandler, Listener] = {}
        self._protocol = _Connections(self)
        self._saved: list[dict[str, Store]] = []
        self._make_hosts({})

    def _make_hosts(self, stores: dict[str, Store]) -> None:
        """Make the hosts, with their stores if given, also for a reset; sockets and connections stay."""
        members: dict[str, list[str]] = {}
        for address, cluster in zip(self.addresses, self.layout.clusters, strict=True):
            members.setdefault(cluster or address, []).append(address)
        for address, release, cluster in zip(
            self.addresses, self.layout.releases, self.layout.clusters, strict=True
        ):
            name = cluster or address
            store = stores.get(name) or stores.setdefault(name, Store(self.plan, release))
            host = Host(address, release, store, self.plan, members[name] if cluster else None)
            known = self.listeners.setdefault(address, Listener(host, self.plan))
            known.host = host
            known.requests, known.faults, known.connections = [], [], len(known.open)
            self._name(host)

    def _name(self, host: Host) -> None:
        host.secure = self.authority is not None
        host.url = f"{'https' if host.secure else 'http'}://{host.address}:{self.port}"

    def save(self) -> int:
        stores = {
            cluster or address: self.listeners[address].host.store
            for address, cluster in zip(self.addresses, self.layout.clusters, strict=True)
        }
        self._saved.append(copy.deepcopy(stores))
        return len(self._saved) - 1

    async def restore(self, saved: int) -> None:
        await self.reset(copy.deepcopy(self._saved[saved]))

    async def reset(self, stores: dict[str, Store] | None = None) -> None:
        for listener in self.listeners.values():
            for app in listener.host.store.apps.values():
                app.end()
        self._make_hosts(stores or {})
        for listener in self.listeners.values():
            if listener.server is None:
                await self._listen(listener)

    # --- sockets

    async def start(self) -> None:
        if self.authority is not None:
            for begin in range(0, len(self.addresses), ADDRESSES_EACH):
                some = self.addresses[begin : begin + ADDRESSES_EACH]
                context = self.authority.context(some)
                for address in some:
                    self.listeners[address].tls = context
        sockets = _bind_all(self.addresses, self.layout.port)
        self.port = sockets[0].getsockname()[1]
        for listener, bound in zip(self.listeners.values(), sockets, strict=True):
            self._name(listener.host)
            await self._listen(listener, bound)

    async def _listen(self, listener: Listener, bound: socket.socket | None = None) -> None:
        bound = bound or _bound(listener.host.address, self.port)
        listener.server = await asyncio.get_running_loop().create_server(
            self._protocol, sock=bound, ssl=listener.tls, backlog=BACKLOG
        )

    async def restart(self, listener: Listener, seconds: float, starting: float) -> None:
        """Refuse connections for a while, and lose what is kept in memory."""
        if listener.server is None:
            return
        listener.server.close()
        listener.server = None
        for handler in list(listener.open):
            if handler.transport is not None:
                _reset(handler.transport)
        again = asyncio.get_running_loop().create_task
        task = again(self._come_back(listener, seconds, starting))
        task.add_done_callback(_raise_error)

    async def _come_back(self, listener: Listener, seconds: float, starting: float) -> None:
        await asyncio.sleep(seconds)
        if listener.server is None:
            listener.host.restarted(starting)
            await self._listen(listener)

    # --- requests

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        listener = self.listener_of[request.protocol]
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Call(listener.host, request.method, request.raw_path, headers, body)
        record = _record(call, listener.open.get(request.protocol, 0))
        listener.requests.append(record)
        await _delay(call)
        fault = listener.fault_for(call.method, call.target)
        if fault is None:
            answer = await _answered(call)
        else:
            sent = await self._with_fault(listener, fault, call, request)
            if isinstance(sent, web.StreamResponse):
                return sent
            answer = sent
        record["status"] = answer.status
        return _response(call, answer)

    async def _with_fault(
        self, listener: Listener, fault: Fault, call: Call, request: web.BaseRequest
    ) -> Answer | web.StreamResponse:
        instead = answer_instead(fault, listener.host.url, call.target)
        if instead is not None:
            return instead
        await self._before(listener, fault, call)
        if fault.action in {"reset_before", "restart"}:
            return _broken(request)
        answer = await _answered(call)
        if fault.action == "slow" and fault.options.get("late"):
            await asyncio.sleep(fault.seconds)
        if fault.action == "rewrite":
            _rewrite(call, fault)
        if fault.action == "truncate":
            answer.body = answer.body[: len(answer.body) // 2]
        if fault.action == "cut":
            return await _cut(call, answer, request)
        return _broken(request) if fault.action == "reset_after" else answer

    async def _before(self, listener: Listener, fault: Fault, call: Call) -> None:
        if fault.action == "slow" and not fault.options.get("late"):
            await asyncio.sleep(fault.seconds)
        elif fault.action == "session_lost":
            listener.host.sessions.clear()
            call.session = None
        elif fault.action in {"grows", "vanishes"}:
            app_rest.change_file(call, b"more" if fault.action == "grows" else None)
        elif fault.action == "loading":
            listener.host.unload(fault.options.get("apps") or list(listener.host.store.apps), fault.seconds)
        elif fault.action == "restart":
            await self.restart(listener, fault.seconds, float(fault.options.get("starting", 0)))


async def _answered(call: Call) -> Answer:
    if hls_upload.PATH.fullmatch(call.path):
        return await hls_upload.answered(call)
    return console.answer(call) if call.path.startswith("/rest") else app_rest.viewed(call)


async def _delay(call: Call) -> None:
    delays = call.host.delays
    if not delays or not call.path.startswith("/rest"):
        return
    kind = "login" if call.path == LOGIN else call.method.lower()
    if delays.get(kind):
        await asyncio.sleep(delays[kind])


def _record(call: Call, connection: int) -> dict[str, Any]:
    record: dict[str, Any] = {
        "host": call.host.address,
        "method": call.method,
        "path": call.target,
        "status": 0,
        "connection": connection,
        "time": time.time(),
    }
    if call.method == "POST" and call.path == LOGIN:
        record["email"] = _json_object(call.body).get("email")
    if call.method == "POST" and call.path.startswith(SETTINGS):
        record["fields"] = len(_json_object(call.body))
    if "proxyauthorization" in call.headers:
        record["jwt"] = True
    return record


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _rewrite(call: Call, fault: Fault) -> None:
    app = call.host.app(call.path.rstrip("/").rsplit("/", 1)[1])
    if app is not None:
        app.settings.change(fault.options["values"])


# --- answers on the wire


def _response(call: Call, answer: Answer) -> web.Response:
    body, headers = answer.body, answer.headers
    chunked = headers.pop("Transfer-Encoding", None) is not None
    if len(body) >= COMPRESSED_FROM and "video" not in answer.content_type:
        headers["vary"] = "accept-encoding"
        if (
            "gzip" in call.headers.get("accept-encoding", "")
            and "gzip;q=0" not in call.headers["accept-encoding"]
        ):
            headers["Content-Encoding"] = "gzip"
            body, chunked = gzip.compress(body, 1), True
    if answer.content_type:
        headers["Content-Type"] = answer.content_type
    if "origin" in call.headers:
        headers["Access-Control-Allow-Origin"] = "*"
    response = _Response(status=answer.status, reason="", body=body, headers=headers)
    for cookie in call.set_cookies:
        response.headers.add("Set-Cookie", cookie)
    if chunked:
        response.enable_chunked_encoding()
    if answer.status in {400, 500, 503}:
        response.force_close()
    return response


def _reset(transport: asyncio.BaseTransport) -> None:
    """Reset a connection: the other side sees ECONNRESET."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if isinstance(transport, asyncio.Transport):
        transport.abort()


def _broken(request: web.BaseRequest) -> web.StreamResponse:
    if request.transport is not None:
        _reset(request.transport)
    return _Response(status=500)


async def _cut(call: Call, answer: Answer, request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse(
        status=answer.status, reason="", headers={"Content-Type": answer.content_type}
    )
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


# --- ports


def _bound(address: str, port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound


def _bind_all(addresses: list[str], port: int) -> list[socket.socket]:
    """Bind one port that is free at every address."""
    for attempt in range(PORT_ATTEMPTS):
        sockets = [_bound(addresses[0], port)]
        try:
            sockets += [_bound(address, sockets[0].getsockname()[1]) for address in addresses[1:]]
        except OSError:
            for bound in sockets:
                bound.close()
            if port or attempt == PORT_ATTEMPTS - 1:
                raise
        else:
            return sockets
    raise AssertionError("unreachable")


def _raise_error(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.result()
