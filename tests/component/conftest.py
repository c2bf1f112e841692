# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What several rooms of tests start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stand_ins.ams import Fleet


@pytest.fixture(scope="module")
def one_server() -> Iterator[Fleet]:
    with Fleet(hosts=1) as fleet:
        yield fleet


@pytest.fixture
def fleet(one_server: Fleet) -> Fleet:
    """Return a fleet of one server, as it was installed."""
    one_server.reset()
    return one_server
