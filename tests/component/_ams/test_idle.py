# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A server may be changed only when nobody streams to it, or when waiting for that took too long."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.client import Connection
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.update import apply_settings
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.update_plan import (
    ApplyOptions,
    DesiredSettings,
)

from stand_ins.ams import Fleet
from stand_ins.waiting import wait_for

CHANGE = [DesiredSettings("live", {"mp4MuxingEnabled": True}), DesiredSettings("LiveApp", {})]
COUNT = "/broadcasts/active-live-stream-count"


@pytest.fixture
def fleet(fleet: Fleet) -> Fleet:
    """Return a server with two live streams."""
    fleet.set_live(0, "live", ["concert"])
    # No other application counts: it does not change.
    fleet.set_live(0, "LiveApp", ["other"])
    return fleet


def connection(fleet: Fleet) -> Connection:
    host = fleet.hosts[0]
    return Connection(host.url, host.email, host.password)


def counted(fleet: Fleet) -> list[str]:
    return [each["path"] for each in fleet.requests() if COUNT in each["path"]]


def test_the_change_waits_until_the_last_stream_ends(fleet: Fleet) -> None:
    with ThreadPoolExecutor(1) as pool:
        change = pool.submit(apply_settings, connection(fleet), CHANGE, ApplyOptions(idle_timeout=600))
        assert wait_for(lambda: len(counted(fleet)) >= 2)
        assert (change.done(), fleet.writes()) == (False, [])
        fleet.set_live(0, "live", [])
        assert change.result(timeout=120)["changed"]
    assert len(fleet.writes()) == 1
    assert all("LiveApp" not in path for path in counted(fleet))


def test_it_does_not_wait_for_ever(fleet: Fleet) -> None:
    assert apply_settings(connection(fleet), CHANGE, ApplyOptions(idle_timeout=0.1))["changed"]
    assert counted(fleet)


@pytest.mark.parametrize(
    ("desired", "options"),
    [
        ([DesiredSettings("live", {})], ApplyOptions(idle_timeout=600)),
        (CHANGE, ApplyOptions(idle_timeout=600, check_mode=True)),
        (CHANGE, ApplyOptions()),
    ],
    ids=["nothing changes", "check mode", "no time to wait"],
)
def test_nothing_to_wait_for(fleet: Fleet, desired: list[DesiredSettings], options: ApplyOptions) -> None:
    apply_settings(connection(fleet), desired, options)
    assert counted(fleet) == []
