# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real Ant Media Server on loopback, for tests and the demo.

    with RealAms() as ams:
        ams.call("GET", "/applications")

`python -m stand_ins.real_ams` starts one, prints where it is as JSON and stops when stdin closes.
"""

from __future__ import annotations

from .release import RELEASE, AmsError, unavailable
from .server import RealAms

__all__ = ["RELEASE", "AmsError", "RealAms", "unavailable"]
