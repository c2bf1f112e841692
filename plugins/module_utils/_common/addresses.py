# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Addresses as people write them: read in one place, and written as browsers and servers send them.

Plain data in, plain data out.
"""

from __future__ import annotations

import ipaddress
import re
import string
from dataclasses import dataclass
from typing import Optional
from urllib.parse import quote

_PORTS = {"http": 80, "https": 443}
_PARTS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>\[[^\]/?#]*\]|[^/?#:\[\]]*)(?P<port>:[^:/?#]*)?"
    r"(?P<path>/[^?#]*)?(?P<query>[?#].*)?"
)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_DOTS = re.compile(r"[.\u3002\uff0e\uff61]")
# Stands for the * of an origin where that is read.
_STAR = "xn-star-xn"
_ODD = re.compile(r"[\x00-\x20\x7f\s]")
_NOT_IN_A_PATH = re.compile(r'["<>\\^`{|}]|\.\.')


class AddressError(ValueError):
    """An address that cannot be right. The message is the rest of a sentence that begins with the address."""


@dataclass(frozen=True)
class Address:
    """An address that can be right. host: in ASCII, an IPv6 address in brackets. port: None if not given."""

    scheme: str
    host: str
    port: Optional[int]
    path: str

    @property
    def origin(self) -> str:
        """Return the origin that a browser sends for a page at this address."""
        own = self.port in (None, _PORTS[self.scheme])
        return f"{self.scheme}://{self.host}{'' if own else f':{self.port}'}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}{'' if self.port is None else f':{self.port}'}{self.path}"


def is_loopback(url: str) -> bool:
    """True if an address is that of the machine itself."""
    return bool(re.match(r"https?://(localhost|127\.[0-9.]+|\[::1\])(:|/|$)", url.strip(), re.IGNORECASE))


def is_open_http(url: str) -> bool:
    """True if what is sent there goes over a network as plain text."""
    return url.strip().lower().startswith("http:") and not is_loopback(url)


def read(text: str) -> Address:
    """Return the address; raise AddressError if it cannot be one."""
    if "@" in text:
        raise AddressError("has a user or a password in it, which does not belong there")
    if _ODD.search(text):
        raise AddressError("contains spaces")
    found = _PARTS.fullmatch(text)
    if found is None:
        raise AddressError(_why_not(text))
    scheme = found["scheme"].lower()
    if scheme not in _PORTS:
        raise AddressError(f"has the scheme {scheme}, where http or https is needed")
    if found["query"]:
        raise AddressError("has a query or a fragment, which does not belong there")
    path = found["path"] or ""
    if _NOT_IN_A_PATH.search(path):
        raise AddressError("has a path with .. or with characters that no URL has")
    return Address(scheme, _host(found["host"]), _port(found["port"]), quote(path, safe=string.printable))


def _why_not(text: str) -> str:
    if "://" in text:
        more_colons = text.partition("://")[2].partition("/")[0].count(":") > 1
        if more_colons and "[" not in text:
            return "has an IPv6 address without its brackets: write it like https://[2001:db8::1]:5443"
        return "is not an http or https address"
    if text.partition(":")[0].lower() in _PORTS:
        return "is not an http or https address"
    try:
        return f"has no scheme: write {read(f'https://{text}')} (or http)"
    except AddressError:
        return "is not an http or https address such as https://host.example.com:5443"


def _port(given: Optional[str]) -> Optional[int]:
    if given is None:
        return None
    number = given[1:]
    if not re.fullmatch(r"[0-9]{1,9}", number) or not 0 < int(number) < 65536:
        raise AddressError(f"has the port '{number}', where a number from 1 to 65535 is needed")
    return int(number)


def _host(given: str) -> str:
    if not given:
        raise AddressError("has no host")
    if given.startswith("["):
        return _ipv6(given[1:-1])
    host = ascii_name(given).lower()
    labels = host.removesuffix(".").split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or len(host) > 253:
        raise AddressError(f"contains '{given}', which is not a host name")
    if re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1]):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise AddressError(f"contains '{given}', which is not an IPv4 address") from None
    return host


def _ipv6(given: str) -> str:
    try:
        address = ipaddress.IPv6Address(given)
    except ValueError:
        raise AddressError(f"contains [{given}], which is not an IPv6 address") from None
    if "%" in given:
        raise AddressError(f"contains [{given}]: an address with a zone is valid on one machine only")
    return f"[{address.compressed}]"


def ascii_name(name: str) -> str:
    """Return the name of a host as browsers and DNS have it: letters beyond ASCII as punycode."""
    return name if name.isascii() else ".".join(_ascii_label(label) for label in _DOTS.split(name))


def _ascii_label(label: str) -> str:
    if label.isascii():
        return label
    if _STAR in label:
        raise AddressError(f"contains '{label}', where a * cannot stand beside letters beyond ASCII")
    try:
        import idna
    except ImportError:
        raise AddressError(
            f"contains '{label}', which needs the Python package idna on the controller; or write it as "
            "browsers send it, beginning with xn--"
        ) from None
    try:
        return idna.encode(label, uts46=True).decode("ascii")
    except UnicodeError as error:
        raise AddressError(f"contains '{label}', which is not a host name: {error}") from None


def in_ascii(text: str) -> str:
    """Return an address as it is sent. One that is sent as it is, or cannot be right, stays as it is."""
    if text.isascii():
        return text
    try:
        # A * may stand in an origin.
        address = read(text.replace("*", _STAR))
    except AddressError:
        return text
    return str(address).replace(_STAR, "*")


def read_origin(text: str) -> Address:
    """Return an origin that may have one * in it; raise AddressError if no browser sends it."""
    if text.count("*") > 1:
        raise AddressError("has more than one *, S3 allows one")
    try:
        address = read(text.replace("*", _STAR))
    except AddressError as error:
        raise AddressError(str(error).replace(_STAR, "*")) from None
    if address.path:
        raise AddressError("is not an origin such as https://ams.example.com:5443: it has a path")
    sent = address.origin.replace(_STAR, "*")
    if sent != text:
        raise AddressError(f"is never sent by browsers, they send '{sent}'")
    return address


def origin_of(text: str) -> str:
    """Return the origin that a browser sends for a page at this address; an address that is none as it is."""
    try:
        return read(text).origin
    except AddressError:
        return text


def host_of(text: str) -> str:
    """Return the host of an address, or "" if it cannot be right."""
    try:
        return read(text).host
    except AddressError:
        return ""


def with_brackets(host: str) -> str:
    """Return a host as it is written in an address: an IPv6 address in brackets."""
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return host
    return f"[{host}]"
