# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The IP filter of an application's REST API: whom it allows, read from its settings as AMS reads them.

Measured on 2.17.1. The filter guards /APP/rest and /APP/hls-upload. remoteAllowedCIDR is split at commas, and
blanks around a comma are dropped, but not those at the two ends of the text. An entry is an address or a name
that the server resolves, with or without a length in bits (a mask such as /255.0.0.0 is none). Host bits do
not matter, and without an address, as in "/0", it means the server itself. Any other entry is
ignored. No entry allows nobody. IPv4 and IPv6 do not fit each other, but for an IPv4 address that is mapped
into IPv6.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Optional, Union

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
LOOPBACK = "127.0.0.1"
# Set aside for documents, RFC 5737: nobody has such an address.
STRANGERS = ("203.0.113.7", "198.51.100.7", "192.0.2.7")
# Of whom AMS believes X-Forwarded-For: Tomcat's RemoteIpValve, as conf/jee-container.xml has it.
_BELIEVED = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"),
        *("::1/128", "fe80::/10", "fc00::/7"),
    )
)
_NAME = re.compile(r"(?=[^/]*[A-Za-z])[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(/[0-9]+)?")


@dataclass(frozen=True)
class RestFilter:
    """on: whether it is switched on. networks and names: whom it allows then, each as it is written."""

    on: bool
    networks: Mapping[str, Network]
    names: tuple[str, ...]

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> RestFilter:
        """Return the filter of an application's settings."""
        networks, names = {}, []
        for entry in re.split(r"\s*,\s*", str(settings.get("remoteAllowedCIDR") or "")):
            network = _network(entry)
            if network is not None:
                networks[entry] = network
            elif _NAME.fullmatch(entry) and entry != "localhost":
                names.append(entry)
        return cls(bool(settings.get("ipFilterEnabled")), networks, tuple(names))

    def allows(self, address: str) -> bool:
        """True if a request from this address is known to be allowed."""
        return not self.on or _is_in(address, self.networks.values())

    @property
    def stranger(self) -> str:
        """Return an address that it does not allow and that nobody has; "" if it allows everybody."""
        return next((each for each in STRANGERS if not self.allows(each)), "")

    @property
    def wider(self) -> list[str]:
        """Return the entries that allow others than the server itself."""
        return [
            *(entry for entry, network in self.networks.items() if not network.is_loopback),
            *self.names,
        ]

    @property
    def insider(self) -> str:
        """Return an allowed address that is not the server's own; "" if there is none."""
        for network in self.networks.values():
            if not network.is_loopback:
                # Not the first one, which is the address of the network itself.
                return str(network[min(1, network.num_addresses - 1)])
        return ""


def is_believed(address: str) -> bool:
    """True if the server believes the header X-Forwarded-For of a connection from this address."""
    return _is_in(address, _BELIEVED)


def _is_in(address: str, networks: Iterable[Network]) -> bool:
    known = address_of(address)
    return known is not None and any(
        known.version == network.version and known in network for network in networks
    )


def address_of(text: str) -> Optional[Address]:
    """Return the address in a text, as IPv4 if it is mapped into IPv6; None if it is none."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address
    return address


@lru_cache(maxsize=256)
def _network(entry: str) -> Optional[Network]:
    text, slash, bits = entry.partition("/")
    if text == "localhost" or (slash and not text):
        text = LOOPBACK
    address = address_of(text)
    if address is None or (slash and not re.fullmatch("[0-9]{1,3}", bits)):
        return None
    try:
        return ipaddress.ip_network(f"{address}{slash}{bits}", strict=False)
    except ValueError:
        return None
