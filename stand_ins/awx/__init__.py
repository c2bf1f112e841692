# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A stand-in of the API of AWX 24.6.1: keeps what it is sent, and refuses what AWX refuses."""

from .credentials import Injected
from .stand_in import AwxStandIn

__all__ = ["AwxStandIn", "Injected"]
