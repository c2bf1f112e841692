# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The region that uploads are signed with, on a store that checks it, by a real server and by the check."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.modules import recording_check
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.ams_settings import app_settings
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.variables import intent_of

from stand_ins.real_ams import RealAms
from stand_ins.s3.versitygw import VersityGW, unavailable
from stand_ins.waiting import wait_for

BUCKET = "recordings"
PATIENCE = 120

pytestmark = pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))


@pytest.fixture(params=["us-east-1", "auto"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[VersityGW]:
    with VersityGW(request.param) as store:
        for name, value in store.env().items():
            monkeypatch.setenv(name, value)
        # That of a user who has a bucket at AWS too.
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        store.client().create_bucket(Bucket=BUCKET)
        yield store


def settings(store: VersityGW, **more: str) -> dict[str, Any]:
    """Those that the role gives a server; the store of us-east-1 is the one of a user who names no region."""
    key = store.credentials
    inputs = {
        "bucket": BUCKET,
        "region": "" if store.region == "us-east-1" else store.region,
        "endpoint": store.endpoint_url,
        "delivery": "private",
        "access_key_id": key.access_key_id,
        "secret_given": True,
    }
    wanted = app_settings(intent_of(inputs, "ams-1"), "live")
    return {
        **wanted,
        "s3AccessKey": key.access_key_id,
        "s3SecretKey": key.secret_access_key,
        # In a failure its files would stay on the server's disk.
        "hlsMuxingEnabled": False,
        **more,
    }


def check(server: Any, live: bool = False, **asked_for: str) -> dict[str, Any]:
    """The links of the module, as a task would have them. asked_for: settings."""
    spec = recording_check.ARGUMENT_SPEC
    given = {"url": server.url, "email": server.email, "password": server.password}
    asked = {
        "apps": [{"name": "live", "settings": asked_for}],
        "wait_timeout": 0,
        "live": live,
        "live_timeout": PATIENCE,
    }
    params = {name: option.get("default") for name, option in spec.items()} | given | asked
    result = recording_check.run(params, False)
    return {link["check"]: link for link in result["checks"]}


def test_the_check_signs_as_the_server_does(store: VersityGW, fleet: Any) -> None:
    """With an empty s3RegionName it signed with one of its own, and called a chain whole that never held."""
    fleet.set_settings(0, "live", settings(store))
    endpoint = store.endpoint_url
    assert all(link["ok"] for link in check(fleet.hosts[0], s3Endpoint=endpoint).values())
    fleet.set_settings(0, "live", settings(store, s3RegionName=""))
    links = check(fleet.hosts[0], s3Endpoint=endpoint)
    assert [name for name, link in links.items() if not link["ok"]] == ["list"]
    assert links["list"]["actual"].startswith("AuthorizationHeaderMalformed")
    assert links["list"]["remedy"].startswith("s3RegionName is empty, so AMS signs without the region")
    fleet.set_settings(0, "live", settings(store, s3RegionName="", s3Endpoint=""))
    assert [name for name, link in check(fleet.hosts[0]).items() if not link["ok"]] == ["region"]
    assert store.client().list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


@pytest.mark.real_ams
def test_what_the_check_says_is_what_the_real_server_does(store: VersityGW, real_ams: RealAms) -> None:
    """Without a region no recording arrives, with the default one it does."""

    def change(values: dict[str, Any]) -> None:
        now = real_ams.settings("live")
        real_ams.call("POST", "/applications/settings/live", {**now, **values})

    before = real_ams.settings("live")
    try:
        change(settings(store))
        assert wait_for(
            lambda: _recorded(check(real_ams, live=True, s3Endpoint=store.endpoint_url)), patience=PATIENCE
        )
        change(settings(store, s3RegionName=""))
        assert not check(real_ams, s3Endpoint=store.endpoint_url)["list"]["ok"]
        name = f"without-region-{store.region}"
        real_ams.publish("live", name, 2)
        assert wait_for(lambda: "AuthorizationHeaderMalformed" in real_ams.log_text())
        assert f"{name}.mp4.tmp_extension" in real_ams.files("live")
        assert store.client().list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
    finally:
        change(before)


def _recorded(links: dict[str, Any]) -> bool:
    """A busy server refuses to start a stream; then it is tried again."""
    pull = links["live pull"]
    if not pull["ok"] and "resource" in pull["actual"]:
        return False
    assert all(link["ok"] for link in links.values()), links
    return True
