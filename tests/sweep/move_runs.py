# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kills a run that moves servers, and looks whether uploads and links still work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from stand_ins.aws.stand_in import Credentials

from .kill_cases import Kill
from .kill_runs import kill
from .move_cases import KEYS, NEW_BUCKET, Move
from .world import BUCKET, World

FILM = "concert.mp4"
# Where objects are looked for; in the last one nobody records.
PLACES = ("streams", "new/streams", "live/streams", "elsewhere")


def run_move(world: World, move: Move, at: Kill) -> None:
    world.variables.pop("s3_recording_serial")
    make_kms_keys(world)
    world.variables |= dict(move.before)
    world.run("site", expected_warnings=None)
    old = [world.settings(number) for number in range(len(world.names))]
    for settings in old:
        upload(world, settings, settings["s3StreamsFolderPath"])
    put_objects(world)
    before = readable(world)
    world.variables |= dict(move.after)
    kill(world, "site", at)
    meanwhile = readable(world)
    every_server_can_upload(world, old)
    no_link_is_broken(world, old)
    world.run("site", expected_warnings=None)
    put_objects(world)
    opened = meanwhile - before - readable(world)
    assert not opened, f"readable only after the kill: {opened}"
    every_server_can_upload(world, old, since_before=False)
    again = world.run("site", expected_warnings=None)
    assert again.changed == 0, again.describe()


def every_server_can_upload(world: World, old: list[dict[str, Any]], *, since_before: bool = True) -> None:
    """With the settings that it has, also a stream that was live before: that one has the folder of then."""
    for number, before in enumerate(old):
        now = world.settings(number)
        folders = {now["s3StreamsFolderPath"], *([before["s3StreamsFolderPath"]] if since_before else [])}
        for folder in folders:
            upload(world, now, folder)


def upload(world: World, settings: Mapping[str, Any], folder: str) -> None:
    s3 = world.aws.client("s3", Credentials(settings["s3AccessKey"], settings["s3SecretKey"]))
    bucket, acl = settings["s3BucketName"], settings["s3Permission"]
    s3.put_object(Bucket=bucket, Key=f"{folder}/{FILM}", Body=b"film", ACL=acl)


def make_kms_keys(world: World) -> None:
    kms = world.aws.client("kms")
    for alias in KEYS:
        kms.create_alias(AliasName=alias, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])


def no_link_is_broken(world: World, old: list[dict[str, Any]]) -> None:
    """A server that sends viewers where it sent them before sends them to something."""
    for number, before in enumerate(old):
        now = world.settings(number)
        same = all(now[name] == before[name] for name in ("httpForwardingBaseURL", "httpForwardingExtension"))
        if now["httpForwardingBaseURL"].endswith(".cloudfront.net"):
            by_distribution(world, now["httpForwardingBaseURL"])
        elif same and now["httpForwardingBaseURL"]:
            url = f"{world.urls[world.names[number]]}/live/streams/{FILM}"
            response = requests.get(url, timeout=10)
            assert response.status_code == 200, f"{url}: {response.status_code} at {response.url}"


def by_distribution(world: World, base_url: str) -> None:
    """Assert that a distribution serves what servers send viewers to. Its own domain leads nowhere here."""
    items = world.aws.client("cloudfront").list_distributions()["DistributionList"]["Items"]
    (found,) = [each for each in items if base_url == f"https://{each['DomainName']}"]
    assert found["Status"] == "Deployed"
    url = f"{world.aws.endpoint_url}/_cloudfront/{found['Id']}/streams/{FILM}"
    assert requests.get(url, timeout=10).status_code == 200, url


def put_objects(world: World) -> None:
    """Put an object to each place, as the owner of the buckets does."""
    s3 = world.aws.client("s3")
    for bucket in _buckets(world):
        there = {each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", [])}
        for place in PLACES:
            if f"{place}/{FILM}" not in there:
                s3.put_object(Bucket=bucket, Key=f"{place}/{FILM}", Body=b"film")


def readable(world: World) -> set[str]:
    """Return what anybody may read."""
    found = set()
    for bucket in _buckets(world):
        for place in PLACES:
            url = f"{world.aws.endpoint_url}/{bucket}/{place}/{FILM}"
            if requests.get(url, timeout=10).status_code == 200:
                found.add(f"{bucket}/{place}")
    return found


def _buckets(world: World) -> list[str]:
    there = [each["Name"] for each in world.aws.client("s3").list_buckets()["Buckets"]]
    return [name for name in (BUCKET, NEW_BUCKET) if name in there]
