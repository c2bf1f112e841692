# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Simulated Ant Media Servers: many addresses, one process, answers like those of the real one.

    with Fleet(hosts=3) as fleet:
        fleet.hosts[0].url

What they answer is held to the real server by tests/contract. Of broadcasts there are the sources that a
server pulls by itself: what one reads is recorded, without being muxed anew, and uploaded with the
application's key as the real server does it, in silence where the store refuses it. Not simulated: streams
that somebody publishes, the web panel, and HTTP/2.
"""

from __future__ import annotations

from .fleet import Fleet, FleetHost, make_token

__all__ = ["Fleet", "FleetHost", "make_token"]
