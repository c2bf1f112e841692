# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A bucket cannot move: another region or another provider is another bucket, and the previous one stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn
from stand_ins.aws.stand_in import Credentials
from tests.harness.saved_site import SavedSite

from .test_fleet_plan import BUCKET, SITE, Planned, two_servers, words

PLAN = "antmedia.s3_recording.plan"
NAMES = ["ams1", "ams2"]
FOLDER = f"s3://{BUCKET}/streams"
ALLOW_S3: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SavedSite]:
    with two_servers(tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture
def fleet(site: SavedSite, tmp_path: Path) -> Planned:
    """Return two servers, of which each has a recording in its list."""
    site.restore(tmp_path)
    for host in range(len(NAMES)):
        site.fleet.add_recordings(host, "live", [f"of-{host}.mp4"])
    return Planned(site.aws, site.fleet, tmp_path)


@pytest.fixture
def provider() -> Iterator[AwsStandIn]:
    """Return S3 of another provider."""
    with AwsStandIn() as other:
        other.settings(quirks=["plain_buckets"])
        yield other


def upload(aws: AwsStandIn, fleet: Fleet, host: int) -> None:
    """Upload an object with the settings that a server has now."""
    settings = fleet.settings(host, "live")
    s3 = aws.client("s3", Credentials(settings["s3AccessKey"], settings["s3SecretKey"]))
    key, acl = f"{settings['s3StreamsFolderPath']}/of-{host}.mp4", settings["s3Permission"]
    s3.put_object(Bucket=settings["s3BucketName"], Key=key, Body=b"film", ACL=acl)


def test_another_region_for_a_bucket_is_refused_with_what_to_do(fleet: Planned) -> None:
    moved = {"s3_recording_region": "eu-central-1"}
    run = fleet.run(SITE, names=NAMES, variables=moved, expected_rc=2)
    assert fleet.writes() == []
    text = words(run)
    assert f"Looking for bucket {BUCKET}: it is in {fleet.aws.region}, not in eu-central-1." in text
    assert (
        f"A bucket cannot move: set the region {fleet.aws.region} (in the role s3_recording_region)" in text
    )
    assert "or name a new bucket for eu-central-1 (in the role s3_recording_bucket)" in text


def test_a_new_bucket_in_another_region_leaves_the_previous_one_as_it_is(fleet: Planned) -> None:
    moved = {"s3_recording_region": "eu-central-1", "s3_recording_bucket": "new-recordings"}
    stopped = words(fleet.run(PLAN, names=NAMES, variables=moved, expected_rc=2))
    assert f"links of 2 recordings of application 'live' lead to {FOLDER}, and would lead to" in stopped
    allowed = {**moved, "s3_recording_break_links": True}
    plan = words(fleet.run(PLAN, names=NAMES, variables=allowed))
    assert f"has 2 recordings. Those in {FOLDER} stay there, and later ones will be in" in plan
    assert (
        f"This run copies none. To have them in one place, copy them: aws s3 cp --recursive {FOLDER}/" in plan
    )
    fleet.run(SITE, names=NAMES, variables=allowed)
    on_old = [
        each for each in fleet.aws.writes() if BUCKET in str(each) and "new-recordings" not in str(each)
    ]
    assert on_old == []
    place = fleet.aws.client("s3").get_bucket_location(Bucket="new-recordings")
    assert place["LocationConstraint"] == "eu-central-1"


def test_another_provider_is_another_bucket_and_servers_use_the_previous_one_until_they_move(
    fleet: Planned, provider: AwsStandIn
) -> None:
    """Even under the same name, which was taken for the same place: no link was counted."""
    there = Planned(provider, fleet.fleet, fleet.folder)
    key = provider.make_user(ALLOW_S3)
    moved = {
        "s3_recording_provider": "ceph",
        "s3_recording_access_key_id": key.access_key_id,
        "s3_recording_secret_access_key": key.secret_access_key,
    }
    old, new = (each.endpoint_url.partition("://")[2] for each in (fleet.aws, provider))
    stopped = words(there.run(SITE, names=NAMES, variables=moved, expected_rc=2))
    assert there.writes() == []
    assert f"lead to {FOLDER} at {old}, and would lead to {FOLDER} at {new}" in stopped
    copy = f"aws s3 cp --recursive recordings/live/ {FOLDER}/ --endpoint-url {provider.endpoint_url}"
    assert copy in stopped

    allowed = {**moved, "s3_recording_break_links": True}
    fleet.aws.clear_requests()
    one = words(there.run(SITE, "--limit", "ams1", names=NAMES, variables=allowed))
    assert f"has 1 recording. Those in {FOLDER} at {old} stay there" in one
    assert fleet.aws.writes() == []
    upload(provider, fleet.fleet, 0)
    upload(fleet.aws, fleet.fleet, 1)

    fleet.aws.clear_requests()
    there.run(SITE, names=NAMES, variables=allowed)
    again = there.run(SITE, names=NAMES, variables=allowed)
    assert (again.changed, fleet.fleet.writes(), fleet.aws.writes()) == (0, [], [])
    upload(provider, fleet.fleet, 1)
    kept = fleet.aws.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert "streams/of-1.mp4" in [each["Key"] for each in kept]
