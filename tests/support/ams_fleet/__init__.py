# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Simulated Ant Media Servers: many addresses, one process, answers like those of the real one.

    with Fleet(hosts=3) as fleet:
        fleet.hosts[0].url

What they answer is held to the real server by tests/contract. Not simulated: broadcasts of an application
(the lists are empty, the rest is 404), the web panel, and HTTP/2.
"""

from __future__ import annotations

from .fleet import Fleet, FleetHost, make_token

__all__ = ["Fleet", "FleetHost", "make_token"]
