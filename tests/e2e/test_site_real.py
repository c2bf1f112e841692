# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""site.yml on a real Ant Media Server: a stream published by RTMP is in the bucket and plays from there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from stand_ins.aws import AwsStandIn
from stand_ins.real_ams import RealAms, unavailable
from stand_ins.waiting import wait_for
from tests.harness.expected_changes import SERVERS_OWN
from tests.harness.playbook import PlaybookRun, ran, run_playbook

BUCKET, REGION = "e2e-real-recordings", "eu-west-1"
# For what needs one recording in the bucket and nothing beside it.
MP4_ALONE = {
    "s3_recording_live_test": "none",
    "s3_recording_upload": ["mp4"],
    "s3_recording_settings": {"hlsMuxingEnabled": False},
}

pytestmark = [
    pytest.mark.real_ams,
    pytest.mark.skipif(unavailable() is not None, reason=str(unavailable())),
]


class RealSite:
    """A real server in an inventory. more: variables beside those that it needs."""

    def __init__(self, aws: AwsStandIn, ams: RealAms, folder: Path, **more: Any) -> None:
        self.aws, self.ams = aws, ams
        self.inventory = folder / "hosts.yml"
        variables = {
            "s3_recording_bucket": BUCKET,
            "s3_recording_region": REGION,
            "s3_recording_ams_url": ams.url,
            "s3_recording_ams_email": ams.email,
            "s3_recording_ams_password": ams.password,
            "s3_recording_endpoint": aws.endpoint_url,
            "s3_recording_aws_endpoint_url": aws.endpoint_url,
            "s3_recording_applications": ["live"],
            # Short, since the HLS files follow the MP4 after list size × segment time.
            "s3_recording_settings": {"hlsMuxingEnabled": True, "hlsListSize": "5", "hlsTime": "1"},
            **more,
        }
        self.inventory.write_text(json.dumps({"all": {"hosts": {"ams-real": variables}}}))

    def run(self, *arguments: str, **options: Any) -> PlaybookRun:
        self.aws.clear_requests()
        return run_playbook(
            "antmedia.s3_recording.site",
            inventory=self.inventory,
            env=self.aws.env(),
            arguments=arguments,
            **options,
        )

    def keys(self) -> set[str]:
        listed = self.aws.client("s3", region_name=REGION).list_objects_v2(Bucket=BUCKET)
        return {each["Key"] for each in listed.get("Contents", [])}

    def settings(self, app: str) -> dict[str, Any]:
        return self.ams.call("GET", f"/applications/settings/{app}")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RealSite, dict[str, Any], PlaybookRun]]:
    with AwsStandIn() as aws, RealAms() as ams:
        site = RealSite(aws, ams, tmp_path_factory.mktemp("inventory"))
        before = {app: site.settings(app) for app in ("live", "LiveApp")}
        check = site.run("--check", "--diff")
        assert (check.changed > 0, aws.writes()) == (True, [])
        assert {app: site.settings(app) for app in ("live", "LiveApp")} == before
        run = site.run("--diff")
        assert site.settings("LiveApp") == before["LiveApp"]
        yield site, before, run


@pytest.fixture(scope="module")
def recorded(real: tuple[RealSite, dict[str, Any], PlaybookRun]) -> RealSite:
    site = real[0]
    site.aws.clear_requests()
    site.ams.publish("live", "e2e", 6)
    return site


def test_only_the_asked_settings_differ(real: tuple[RealSite, dict[str, Any], PlaybookRun]) -> None:
    site, before, run = real
    (task,) = run.of_step("apply")
    after = site.settings("live")
    differing = {name for name in before["live"] if before["live"][name] != after[name]}
    assert set(before["live"]) == set(after)
    assert differing - SERVERS_OWN == set(task["apps"]["live"]["changes"])
    for random_key in ("clusterCommunicationKey", "subscriberAuthenticationKey"):
        assert before["live"][random_key] == after[random_key]


def test_verify_proved_every_link(real: tuple[RealSite, dict[str, Any], PlaybookRun]) -> None:
    # In the rollout; what that has proved is not proved twice in the same run.
    checks = real[2].of_step("check")
    (check,) = ran(checks)
    assert check.task.endswith("servers | Upload a small object and fetch it as a viewer")
    links = {link["check"]: link["ok"] for link in check["checks"]}
    assert all(links.values())
    assert {"settings", "list", "head", "put", "redirect", "get", "range", "remove"} <= set(links)
    assert "cors for someone else's origin" in links
    # The server has pulled a clip, recorded it and uploaded it, and that came back through forwarding.
    assert {"live upload", "live playback", "live removal"} <= set(links)


def test_a_second_run_changes_nothing(real: tuple[RealSite, dict[str, Any], PlaybookRun]) -> None:
    site = real[0]
    updated = site.settings("live")["updateTime"]
    assert site.run().changed == 0
    assert site.settings("live")["updateTime"] == updated


def test_mp4_and_hls_reach_the_bucket_with_the_roles_key(recorded: RealSite) -> None:
    def all_there() -> bool:
        keys = recorded.keys()
        return "streams/e2e.mp4" in keys and any(key.endswith(".m3u8") for key in keys)

    assert wait_for(all_there), f"{recorded.keys()}\n{recorded.ams.log_text()[-3000:]}"
    assert any(key.startswith("streams/") and key.endswith(".ts") for key in recorded.keys())
    key_id = recorded.settings("live")["s3AccessKey"]
    puts = [each for each in recorded.aws.requests() if each["action"] == "s3:PutObject"]
    assert {each["access_key_id"] for each in puts} == {key_id}


def test_viewers_are_sent_to_the_bucket_and_get_the_whole_recording(recorded: RealSite) -> None:
    assert wait_for(lambda: "streams/e2e.mp4" in recorded.keys())
    answer = requests.get(f"{recorded.ams.url}/live/streams/e2e.mp4", allow_redirects=False, timeout=10)
    target = f"{recorded.aws.endpoint_url}/{BUCKET}/streams/e2e.mp4"
    assert (answer.status_code, answer.headers["Location"]) == (302, target)
    whole = requests.get(f"{recorded.ams.url}/live/streams/e2e.mp4", timeout=10)
    stored = recorded.aws.client("s3", region_name=REGION).get_object(Bucket=BUCKET, Key="streams/e2e.mp4")
    assert whole.content == stored["Body"].read()
    assert whole.content[4:8] == b"ftyp"


def test_preflight_is_granted_to_the_servers_origin_alone(recorded: RealSite) -> None:
    target = f"{recorded.aws.endpoint_url}/{BUCKET}/streams/e2e.mp4"

    def asked_by(origin: str) -> requests.Response:
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        return requests.options(target, headers=headers, timeout=10)

    granted, refused = asked_by(recorded.ams.url), asked_by("https://elsewhere.example.com")
    assert (granted.status_code, granted.headers["Access-Control-Allow-Origin"]) == (200, recorded.ams.url)
    assert refused.status_code == 403
    assert "Access-Control-Allow-Origin" not in refused.headers


def test_without_list_bucket_the_recording_never_leaves_the_server(
    real: tuple[RealSite, dict[str, Any], PlaybookRun],
) -> None:
    """Why the policy of the role has s3:ListBucket: AMS says nothing when it is missing."""
    site = real[0]
    # An application that has recorded before does not list the bucket again.
    live = site.settings("live")
    upload = {name: live[name] for name in live if name.startswith(("s3", "mp4Muxing"))}
    site.ams.change_settings("LiveApp", upload)
    iam = site.aws.client("iam")
    user = f"{BUCKET}-recording"
    policy = iam.get_user_policy(UserName=user, PolicyName="recordings")["PolicyDocument"]
    less = {**policy, "Statement": [each for each in policy["Statement"] if each["Sid"] != "ListBucket"]}
    iam.put_user_policy(UserName=user, PolicyName="recordings", PolicyDocument=json.dumps(less))
    try:
        site.ams.publish("LiveApp", "unlisted", 4)
        assert wait_for(lambda: "AccessDenied" in site.ams.log_text())
        assert "streams/unlisted.mp4" not in site.keys()
        left_behind = Path(site.ams.app_dir("LiveApp"), "streams").iterdir()
        assert any(each.name.startswith("unlisted.mp4") for each in left_behind)
        drift = site.run("--check")
        (changed,) = [result for result in drift.results if result.changed]
        assert [each["what"] for each in changed["changes"][BUCKET]] == ["policy"]
    finally:
        iam.put_user_policy(UserName=user, PolicyName="recordings", PolicyDocument=json.dumps(policy))
