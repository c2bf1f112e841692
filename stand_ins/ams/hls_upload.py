# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""/APP/hls-upload/NAME, the bucket with the server's key, and the IP filter in front of it and of REST."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from . import pages
from .call import Call
from .pages import Answer, error_page, failure_page
from .upload import Uploader, UploadRefusedError

PATH = re.compile(r"/([^/]+)/+hls-upload(/.*)?")
PLAYLIST = "application/vnd.apple.mpegurl;charset=UTF-8"
HERE = "127.0.0.1"
# Of whom the server believes X-Forwarded-For: Tomcat's RemoteIpValve, as conf/jee-container.xml has it.
BELIEVED = [
    ipaddress.ip_network(network)
    for network in (
        *("10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12", "169.254.0.0/16", "127.0.0.0/8", "100.64.0.0/10"),
        *("::1/128", "fe80::/10", "fc00::/7"),
    )
]


class OddAddressError(Exception):
    """The header has no address, over which the filter fails."""


def remote_of(call: Call) -> str:
    """Return the client's address as the server sees it. Every connection here comes from loopback."""
    remote = HERE
    parts = [part for part in re.split(r"\s*,\s*", call.headers.get("x-forwarded-for", "").strip()) if part]
    for part in reversed(parts):
        remote = part
        if not any(_in(part, network) for network in BELIEVED):
            break
    return remote


def _in(address: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    try:
        return _plain(address) in network
    except ValueError:
        return False


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    plain = ipaddress.ip_address(address)
    return (plain.ipv4_mapped or plain) if isinstance(plain, ipaddress.IPv6Address) else plain


def allows(values: Mapping[str, Any], remote: str) -> bool:
    """True if the filter of an application allows an address."""
    if not values.get("ipFilterEnabled"):
        return True
    try:
        _plain(remote)
    except ValueError:
        raise OddAddressError(f"begin 0, end -1, length {len(remote)}") from None
    return any(_fits(entry, remote) for entry in re.split(r"\s*,\s*", values["remoteAllowedCIDR"] or ""))


def _fits(entry: str, remote: str) -> bool:
    address, slash, bits = entry.partition("/")
    if (slash and not bits.isdigit()) or not entry:
        return False
    # The server resolves names; here there is one.
    address = HERE if address in ("", "localhost") else address
    try:
        network = ipaddress.ip_network(f"{_plain(address)}{slash}{bits}", strict=False)
    except ValueError:
        return False
    return _in(remote, network)


def filtered(values: Mapping[str, Any], remote: str) -> Answer | None:
    """Return the answer of a filter that refuses, None where it allows."""
    try:
        return None if allows(values, remote) else error_page(403, "Not allowed IP")
    except OddAddressError as error:
        return error_page(500, str(error))


async def answered(call: Call) -> Answer:
    """Answer a path that PATH matches."""
    found = PATH.fullmatch(call.path)
    app = call.host.app(found[1]) if found else None
    if found is None or app is None:
        return pages.bare_failure()
    if call.is_preflight:
        return pages.preflight()
    values = app.settings.values
    refused = filtered(values, remote_of(call))
    if refused is not None:
        return refused
    if call.method == "OPTIONS":
        return Answer(200, b"", "")
    if not values["s3RecordingEnabled"]:
        return error_page(500, "Storage client is not available")
    uploader = Uploader(values)
    key = uploader.key("", unquote(found[2] or ""))
    try:
        await app.look(uploader)
        return await _served(call, uploader, key)
    except UploadRefusedError as error:
        if call.method == "DELETE":
            return failure_page(str(error), str(error))
        return error_page(500, f"Error processing request: {error}")


async def _served(call: Call, uploader: Uploader, key: str) -> Answer:
    if call.method in ("GET", "HEAD"):
        body = await uploader.get(key)
        return Answer(200, b"" if call.method == "HEAD" else body, PLAYLIST)
    if call.method == "PUT":
        await uploader.put(key, call.body)
    elif call.method == "DELETE":
        await uploader.delete_key(key)
    else:
        return error_page(405)
    return Answer(200, b"", "")
