# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The policy of the access key has nothing to spare: what breaks on a real server without each permission."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from stand_ins.aws import AwsStandIn
from stand_ins.real_ams import RealAms, unavailable
from stand_ins.waiting import wait_for

from .test_site_real import BUCKET, MP4_ALONE, RealSite

USER, POLICY = f"{BUCKET}-recording", "recordings"
LARGE = 30  # Mbit/s: some seconds of it go up in parts

pytestmark = [
    pytest.mark.real_ams,
    pytest.mark.skipif(unavailable() is not None, reason=str(unavailable())),
]


class KeyPolicy:
    def __init__(self, site: RealSite) -> None:
        self.site, self.aws, self.ams = site, site.aws, site.ams
        self.iam = site.aws.client("iam")
        self.full = self.iam.get_user_policy(UserName=USER, PolicyName=POLICY)["PolicyDocument"]

    def actions(self) -> set[str]:
        return {action for each in self.full["Statement"] for action in _listed(each["Action"])}

    def take_away(self, *actions: str) -> None:
        policy = copy.deepcopy(self.full)
        for statement in policy["Statement"]:
            statement["Action"] = [each for each in _listed(statement["Action"]) if each not in actions]
        policy["Statement"] = [each for each in policy["Statement"] if each["Action"]]
        self.iam.put_user_policy(UserName=USER, PolicyName=POLICY, PolicyDocument=json.dumps(policy))

    def record(self, name: str, *, large: bool = False) -> None:
        """Record a stream and wait until the server has left its hands off it."""
        self.aws.clear_requests()
        self.ams.publish("live", name, 5 if large else 3, megabits=LARGE if large else 0)
        assert wait_for(lambda: self.is_there(name) or self.refusals())

    def is_there(self, name: str) -> bool:
        return f"streams/{name}.mp4" in self.site.keys()

    def refusals(self) -> list[str]:
        key = self.site.settings("live")["s3AccessKey"]
        refused = (each for each in self.aws.requests() if each["status"] == 403)
        return [str(each["operation"]) for each in refused if each["access_key_id"] == key]


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyPolicy]:
    with AwsStandIn() as aws, RealAms() as ams:
        site = RealSite(
            aws,
            ams,
            tmp_path_factory.mktemp("inventory"),
            **MP4_ALONE,
            # With a public folder everybody may read, the key too.
            s3_recording_delivery="private",
            s3_recording_encryption="aws:kms",
            s3_recording_encryption_key_id=aws.client("kms").create_key()["KeyMetadata"]["KeyId"],
        )
        site.run()
        yield KeyPolicy(site)


@pytest.fixture
def policy(whole: KeyPolicy) -> Iterator[KeyPolicy]:
    yield whole
    whole.aws.clear_faults()
    whole.take_away()


def test_the_policy_is_what_this_file_takes_apart(policy: KeyPolicy) -> None:
    assert policy.actions() == {
        "s3:ListBucket",
        "s3:PutObject",
        "s3:PutObjectAcl",
        "s3:GetObject",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
        "kms:GenerateDataKey",
        "kms:Decrypt",
    }
    for name, large in (("small", False), ("large", True)):
        policy.record(name, large=large)
        assert policy.is_there(name)
        assert policy.refusals() == []


def test_without_list_bucket_nothing_leaves_the_server(policy: KeyPolicy) -> None:
    policy.take_away("s3:ListBucket")
    policy.record("no-list")
    assert not policy.is_there("no-list")
    assert "no-list.mp4.tmp_extension" in policy.ams.files("live")


@pytest.mark.parametrize("action", ["s3:PutObject", "s3:PutObjectAcl", "kms:GenerateDataKey"])
def test_without_a_permission_to_put_the_finished_file_stays(policy: KeyPolicy, action: str) -> None:
    policy.take_away(action)
    name = action.partition(":")[2].lower()
    policy.record(name)
    assert not policy.is_there(name)
    assert wait_for(lambda: f"{name}.mp4" in policy.ams.files("live"))


def test_without_list_multipart_upload_parts_large_recordings_stay(policy: KeyPolicy) -> None:
    policy.take_away("s3:ListMultipartUploadParts")
    policy.record("no-parts", large=True)
    assert not policy.is_there("no-parts")
    assert "ListParts" in policy.refusals()
    policy.record("no-parts-but-small")
    assert policy.is_there("no-parts-but-small")


def test_without_decrypt_large_recordings_do_not_get_into_an_encrypted_bucket(policy: KeyPolicy) -> None:
    policy.take_away("kms:Decrypt")
    policy.record("no-decrypt", large=True)
    assert not policy.is_there("no-decrypt")
    assert "UploadPart" in policy.refusals()
    policy.record("no-decrypt-but-small")
    assert policy.is_there("no-decrypt-but-small")


@pytest.mark.parametrize("may_abort", [True, False])
def test_without_abort_multipart_upload_a_broken_upload_stays_in_the_bucket(
    policy: KeyPolicy, may_abort: bool
) -> None:
    policy.take_away(*([] if may_abort else ["s3:AbortMultipartUpload"]))
    policy.aws.fault("s3:ListMultipartUploadParts", count=20, status=403, code="AccessDenied")
    name = f"broken-{may_abort}".lower()
    policy.record(name, large=True)
    s3 = policy.aws.client("s3")

    def left() -> list[str]:
        return [each["Key"] for each in s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])]

    assert wait_for(
        lambda: any(each["operation"] == "AbortMultipartUpload" for each in policy.aws.requests())
    )
    assert (f"streams/{name}.mp4" in left()) is not may_abort


def test_without_get_object_a_second_stream_of_the_same_name_stays(policy: KeyPolicy) -> None:
    """AMS looks whether the name is taken, and takes a refusal for a reason not to go on."""
    policy.record("twice")
    policy.ams.publish("live", "twice", 3)
    assert wait_for(lambda: policy.is_there("twice_1"))
    policy.take_away("s3:GetObject")
    policy.aws.clear_requests()
    policy.ams.publish("live", "twice", 3)
    assert wait_for(policy.refusals) == ["HeadObject"]
    assert not policy.is_there("twice_2")
    assert "twice.mp4.tmp_extension" in policy.ams.files("live")
