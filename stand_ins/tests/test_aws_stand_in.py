# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stand-in as a process, its journal, its faults, and real clients on it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from stand_ins.aws import AwsStandIn
from stand_ins.aws.stand_in import Credentials
from stand_ins.tests.aws_support import Clients, allow, refused, web

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("clean")

MANAGED = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


class TestProcess:
    def test_starts_at_once_and_ends_with_its_parent(self) -> None:
        begun = time.monotonic()
        with AwsStandIn() as running:
            assert time.monotonic() - begun < 5
            port = urlsplit(running.endpoint_url).port
            assert running.client("sts").get_caller_identity()["Account"] == running.account_id
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port or 0)) != 0

    def test_ends_when_the_starting_process_is_killed(self) -> None:
        code = "from stand_ins.aws import AwsStandIn as A; print(A().start().pid); input()"
        with subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
        ) as parent:
            assert parent.stdout is not None
            pid = parent.stdout.readline().strip()
            parent.kill()
            parent.wait()
        deadline = time.monotonic() + 10
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not Path(f"/proc/{pid}").exists()

    def test_reset_empties_the_account_and_keeps_the_admin(self) -> None:
        with AwsStandIn() as running:
            s3 = running.client("s3", region_name="us-east-1")
            s3.create_bucket(Bucket="gone-after-reset")
            running.reset()
            assert running.client("s3").list_buckets()["Buckets"] == []
            assert [entry["action"] for entry in running.requests()] == ["s3:ListAllMyBuckets"]

    def test_a_second_reset_is_as_empty_as_the_first(self) -> None:
        with AwsStandIn() as running:
            running.reset()
            _fill(running, "of-one-test")
            running.reset()
            assert _content(running) == ([], [running.credentials.name], [])
            assert _attached(running) == 0
            _fill(running, "of-one-test")

    def test_what_is_saved_is_restored_each_time(self) -> None:
        with AwsStandIn() as running:
            _fill(running, "saved")
            saved = running.save()
            content = _content(running)
            for emptied in (False, True, False):
                running.client("s3").put_object(Bucket="saved", Key="k", Body=b"changed")
                if emptied:
                    running.reset()
                _fill(running, "of-one-test")
                running.restore(saved)
                assert running.requests() == []
                assert _content(running) == content
                assert _attached(running) == 1
                assert running.client("s3").get_object(Bucket="saved", Key="k")["Body"].read() == b"saved"
                refused("NoSuchBucket", running.client("s3").list_objects_v2, Bucket="of-one-test")


def _fill(running: AwsStandIn, name: str) -> None:
    """Make something of each kind."""
    s3 = running.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": running.region})
    s3.put_object(Bucket=name, Key="k", Body=name.encode())
    s3.create_multipart_upload(Bucket=name, Key="under-way")
    running.client("iam").create_user(UserName=name, Tags=[{"Key": "made", "Value": "here"}])
    running.client("iam").create_access_key(UserName=name)
    running.client("iam").attach_user_policy(UserName=name, PolicyArn=MANAGED)
    running.client("ssm").put_parameter(Name=f"/{name}", Value=name, Type="SecureString")
    running.client("secretsmanager").create_secret(Name=name, SecretString=name)


def _attached(running: AwsStandIn) -> int:
    """Return how many have a policy of AWS's own."""
    return int(running.client("iam").get_policy(PolicyArn=MANAGED)["Policy"]["AttachmentCount"])


def _content(running: AwsStandIn) -> tuple[list[str], list[str], list[str]]:
    buckets = running.client("s3").list_buckets()["Buckets"]
    users = running.client("iam").list_users()["Users"]
    parameters = running.client("ssm").describe_parameters()["Parameters"]
    secrets = running.client("secretsmanager").list_secrets()["SecretList"]
    keys = [
        key["AccessKeyId"]
        for user in users[1:]
        for key in running.client("iam").list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]
    ]
    stored = [each["Name"] for each in [*parameters, *secrets]]
    return [each["Name"] for each in buckets], [each["UserName"] for each in users], [*stored, *keys]


class TestFaultsAndJournal:
    def test_errors_on_request(self, stand_in: AwsStandIn, client: Clients, bucket: str) -> None:
        put = client().put_object
        stand_in.fault("s3:PutObject", skip=1, count=2, status=503)
        put(Bucket=bucket, Key="k", Body=b"1")
        for _rest in range(2):
            refused("SlowDown", put, Bucket=bucket, Key="k", Body=b"2")
        put(Bucket=bucket, Key="k", Body=b"3")
        stand_in.fault("ssm:*", status=400, code="ThrottlingException")
        refused("ThrottlingException", client("ssm").get_parameter, Name="/x")
        stand_in.fault("iam:ListUsers", status=403, code="AccessDenied")
        refused("AccessDenied", client("iam").list_users)

    def test_error_after_the_write_was_applied(
        self, stand_in: AwsStandIn, client: Clients, bucket: str
    ) -> None:
        stand_in.fault("s3:PutObject", code="InternalError", when="after")
        refused("InternalError", client().put_object, Bucket=bucket, Key="k", Body=b"1")
        assert client().get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_connection_reset(
        self, stand_in: AwsStandIn, client: Clients, open_bucket: str, when: str
    ) -> None:
        client().put_object(Bucket=open_bucket, Key="k", Body=b"1", ACL="public-read-write")
        client().put_bucket_acl(Bucket=open_bucket, ACL="public-read-write")
        stand_in.fault("s3:DeleteObject", reset=True, when=when)
        with pytest.raises(ConnectionError):
            web(stand_in, "DELETE", f"/{open_bucket}/k")
        assert web(stand_in, "GET", f"/{open_bucket}/k")[0] == (200 if when == "before" else 403)
        assert stand_in.requests("s3:DeleteObject")[-1]["error"] == "ConnectionReset"

    def test_delay(self, stand_in: AwsStandIn, client: Clients, bucket: str) -> None:
        stand_in.fault("s3:HeadBucket", delay=0.3)
        begun = time.monotonic()
        client().head_bucket(Bucket=bucket)
        assert time.monotonic() - begun >= 0.3

    def test_faults_of_writes_alone_and_those_that_none_has_met(
        self, stand_in: AwsStandIn, client: Clients, bucket: str
    ) -> None:
        stand_in.fault("s3:*", writes=True, skip=1, code="AccessDenied", status=403)
        client().put_object(Bucket=bucket, Key="k", Body=b"1")
        client().head_bucket(Bucket=bucket)
        assert [fault["action"] for fault in stand_in.faults()] == ["s3:*"]
        refused("AccessDenied", client().put_object, Bucket=bucket, Key="k", Body=b"2")
        assert stand_in.faults() == []

    def test_a_key_with_a_secret_as_given(self, stand_in: AwsStandIn, client: Clients) -> None:
        given = Credentials("AKIAOFATESTITSELF001", 'with "quotes" and ö', "of-a-test")
        key = stand_in.make_user(allow("s3:ListAllMyBuckets"), "of-a-test", given)
        assert key == given
        client("s3", key).list_buckets()

    def test_journal(self, stand_in: AwsStandIn, client: Clients, bucket: str) -> None:
        stand_in.clear_requests()
        client().head_bucket(Bucket=bucket)
        client().put_object(Bucket=bucket, Key="k", Body=b"x", ACL="bucket-owner-full-control")
        client("iam").list_users()
        client("ssm").describe_parameters()
        client("sts").get_caller_identity()
        client().delete_bucket_cors(Bucket=bucket)
        seen = [(entry["action"], entry["operation"], entry["write"]) for entry in stand_in.requests()]
        assert seen == [
            ("s3:ListBucket", "HeadBucket", False),
            ("s3:PutObject", "PutObject", True),
            ("iam:ListUsers", "ListUsers", False),
            ("ssm:DescribeParameters", "DescribeParameters", False),
            ("sts:GetCallerIdentity", "GetCallerIdentity", False),
            ("s3:PutBucketCORS", "DeleteBucketCors", True),
        ]
        assert [entry["status"] for entry in stand_in.writes()] == [200, 204]
        entry = stand_in.requests("s3:PutObject")[0]
        assert entry["headers"]["x-amz-acl"] == "bucket-owner-full-control"
        assert entry["access_key_id"] == stand_in.credentials.access_key_id
        assert entry["user"] == "provisioning-admin"
        assert stand_in.credentials.secret_access_key not in json.dumps(stand_in.requests())


class TestAnsible:
    def test_amazon_aws_modules(self, stand_in: AwsStandIn, run_playbook: Callable[..., Any]) -> None:
        tag = uuid.uuid4().hex[:8]
        user, bucket = f"recorder-{tag}", f"recordings-{tag}"
        here = {"hosts": "localhost", "connection": "local", "gather_facts": False}
        present: list[dict[str, Any]] = [
            {"name": "User", "amazon.aws.iam_user": {"name": user, "state": "present"}},
            {
                "name": "Policy",
                "amazon.aws.iam_policy": {
                    "state": "present",
                    "iam_type": "user",
                    "iam_name": user,
                    "policy_name": "recordings",
                    "policy_json": json.dumps(allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*")),
                },
            },
            {
                "name": "Bucket",
                "amazon.aws.s3_bucket": {
                    "name": bucket,
                    "state": "present",
                    "object_ownership": "BucketOwnerEnforced",
                    "public_access": dict.fromkeys(
                        ("block_public_acls", "ignore_public_acls", "block_public_policy"), True
                    )
                    | {"restrict_public_buckets": True},
                },
            },
        ]
        absent = [
            {"name": "No user", "amazon.aws.iam_user": {"name": user, "state": "absent"}},
            {"name": "No bucket", "amazon.aws.s3_bucket": {"name": bucket, "state": "absent"}},
        ]
        # iam_user warns of its own return value at every run.
        quiet = {"ANSIBLE_DEPRECATION_WARNINGS": "0"}
        key = stand_in.make_user(allow(["iam:*", "s3:*"]))
        first = run_playbook([{**here, "tasks": present}], env=stand_in.env(key) | quiet)
        assert [result.changed for result in first.results] == [True, True, True]
        stand_in.clear_requests()
        again = run_playbook([{**here, "tasks": [*present, *absent]}], env=stand_in.env(key) | quiet)
        assert [result.changed for result in again.results] == [False, False, False, True, True]
        assert {entry["access_key_id"] for entry in stand_in.requests()} == {key.access_key_id}
        nobody = stand_in.env(stand_in.make_user())
        denied = run_playbook([{**here, "tasks": present[:1]}], env=nobody | quiet, expected_rc=2)
        assert "is not authorized to perform: iam:GetUser" in denied.output
