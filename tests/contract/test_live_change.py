# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A stream that is live while the settings change: its uploads use some of the old and some of the new."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from stand_ins.aws import AwsStandIn
from tests.contract.client import Client, Server
from tests.contract.sources import SHORT_HLS, Broadcast, Media, until

FOLDER = "s3StreamsFolderPath"
SWITCHES = {"mp4Enabled": 1, **SHORT_HLS}


@dataclass(frozen=True)
class Store:
    """A bucket with an endpoint and a region of its own, and the settings that lead to it."""

    aws: AwsStandIn
    settings: dict[str, Any]

    @classmethod
    def make(cls, aws: AwsStandIn, **more: str) -> Store:
        bucket, s3 = more["s3BucketName"], aws.client("s3")
        place = {"LocationConstraint": aws.region}
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration=place, ObjectOwnership="BucketOwnerPreferred"
        )
        key = aws.make_user(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        )
        return cls(
            aws,
            {
                "s3Endpoint": aws.endpoint_url,
                "s3RegionName": aws.region,
                "s3AccessKey": key.access_key_id,
                "s3SecretKey": key.secret_access_key,
                **more,
            },
        )

    def uploads(self, broadcast: Broadcast) -> dict[str, dict[str, Any]]:
        """Return the settings that each upload of a broadcast shows, by the end of its name."""
        found = {}
        for put in self.aws.requests("s3:PutObject"):
            folder, _slash, name = put["key"].rpartition("/")
            if name.startswith(broadcast.name):
                assert put["status"] == 200
                found[name.removeprefix(broadcast.name)] = {
                    "s3Endpoint": self.aws.endpoint_url,
                    "s3RegionName": put["region"],
                    "s3AccessKey": put["access_key_id"],
                    "s3BucketName": put["bucket"],
                    "s3Permission": put["headers"]["x-amz-acl"],
                    "s3StorageClass": put["headers"]["x-amz-storage-class"],
                    "s3CacheControl": put["headers"]["cache-control"],
                    FOLDER: folder,
                }
        return found

    def expected(self, **more: Any) -> dict[str, Any]:
        return {name: self.settings[name] for name in self.settings if name != "s3SecretKey"} | more


@pytest.fixture(scope="module")
def old() -> Iterator[Store]:
    with AwsStandIn("eu-west-1") as aws:
        yield Store.make(
            aws,
            s3BucketName="old-recordings",
            s3Permission="bucket-owner-full-control",
            s3StorageClass="STANDARD_IA",
            s3CacheControl="max-age=1",
            s3StreamsFolderPath="old/streams",
        )


@pytest.fixture(scope="module")
def new_store() -> Iterator[Store]:
    with AwsStandIn("us-west-2") as aws:
        yield Store.make(
            aws,
            s3BucketName="new-recordings",
            s3Permission="bucket-owner-read",
            s3StorageClass="ONEZONE_IA",
            s3CacheControl="max-age=2",
            s3StreamsFolderPath="new/streams",
        )


class Change:
    """A broadcast, and the change that is made while it is live."""

    def __init__(
        self, admin: Client, media: Media, new: Callable[..., Broadcast], old: Store, new_store: Store
    ) -> None:
        self.admin, self.media, self.new = admin, media, new
        self.old, self.new_store = old, new_store

    def begin(self, fields: dict[str, Any], **more: Any) -> Broadcast:
        """Return a broadcast that is live with the old settings."""
        how = {"s3RecordingEnabled": True, "s3PathStyleAccessEnabled": True, "hlsMuxingEnabled": True}
        self.admin.change("live", how | self.old.settings | more)
        self.media.hold()
        broadcast = self.new(**fields)
        broadcast.start()
        until(lambda: broadcast.read()["status"] == "broadcasting")
        return broadcast

    def end(self, broadcast: Broadcast, **more: Any) -> None:
        """Write the new settings, and let the stream end with them."""
        assert broadcast.read()["status"] == "broadcasting"
        self.admin.change("live", self.new_store.settings | more)
        self.media.release()
        until(lambda: broadcast.read()["width"] and broadcast.read()["status"] == "finished")
        broadcast.delete()


@pytest.fixture
def change(
    admin: Client, media: Media, new: Callable[..., Broadcast], old: Store, new_store: Store
) -> Change:
    return Change(admin, media, new, old, new_store)


def kinds(uploads: dict[str, Any]) -> set[str]:
    return {name.rpartition(".")[2] for name in uploads}


def test_what_is_uploaded_at_the_end_has_the_new_settings_in_the_old_folder(change: Change) -> None:
    broadcast = change.begin(SWITCHES)
    change.end(broadcast)
    until(lambda: kinds(change.new_store.uploads(broadcast)) == {"mp4", "m3u8", "ts"})
    expected = change.new_store.expected(**{FOLDER: change.old.settings[FOLDER]})
    for name, used in change.new_store.uploads(broadcast).items():
        assert used == expected, name
    assert change.old.uploads(broadcast) == {}


def test_hls_files_that_are_uploaded_while_it_is_live_follow_the_change(
    change: Change, server: Server
) -> None:
    """With hlsHttpEndpoint. The folder is that of the moment too, so what belongs together is split."""
    endpoint = {"hlsHttpEndpoint": f"{server.url}/live/hls-upload", "deleteHLSFilesOnEnded": False}
    broadcast = change.begin({"mp4Enabled": -1, **SHORT_HLS}, **endpoint)
    until(lambda: kinds(change.old.uploads(broadcast)) == {"m3u8", "ts"})
    change.end(broadcast)
    until(lambda: kinds(change.new_store.uploads(broadcast)) == {"m3u8", "ts"})
    for store in (change.old, change.new_store):
        for name, used in store.uploads(broadcast).items():
            assert used == store.expected(), name
    split = change.old.uploads(broadcast).keys() & change.new_store.uploads(broadcast).keys()
    assert split == {".m3u8"}
    assert "000000000.ts" in change.old.uploads(broadcast)


@pytest.mark.parametrize(
    ("before", "after", "uploaded"),
    [
        ({"s3RecordingEnabled": False}, {"s3RecordingEnabled": True}, {"mp4", "m3u8", "ts"}),
        ({}, {"s3RecordingEnabled": False}, set()),
        # 1 is MP4, 2 is HLS.
        ({"uploadExtensionsToS3": 2}, {"uploadExtensionsToS3": 1}, {"mp4", "m3u8", "ts"}),
        ({"uploadExtensionsToS3": 1}, {"uploadExtensionsToS3": 2}, set()),
    ],
    ids=["on", "off", "hls-then-mp4", "mp4-then-hls"],
)
def test_switches(change: Change, before: dict[str, Any], after: dict[str, Any], uploaded: set[str]) -> None:
    """S3 and the bit of MP4 count as they are at the end, the bit of HLS as it was at the beginning."""
    broadcast = change.begin(SWITCHES, **before)
    change.end(broadcast, **after)
    (entry,) = until(broadcast.recordings)
    # An HLS file leaves the disk for S3, or because its stream has ended.
    until(lambda: change.admin.call("GET", f"//live/streams/{broadcast.name}.m3u8").status == 404)
    until(lambda: kinds(change.new_store.uploads(broadcast)) == uploaded)
    on_disk = 404 if "mp4" in uploaded else 200
    until(lambda: change.admin.call("GET", f"//live/{entry['filePath']}").status == on_disk)
    assert change.old.uploads(broadcast) == {}
