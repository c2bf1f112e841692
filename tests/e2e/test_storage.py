# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""storage.yml alone: what it leaves behind where it cannot work, and stores that are not AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from stand_ins.aws import AwsStandIn
from tests.harness.playbook import PlaybookRun, run_playbook

STORAGE = "antmedia.s3_recording.storage"
REGION = "eu-west-1"


def run_storage(aws: AwsStandIn, hosts: dict[str, dict[str, Any]], **options: Any) -> PlaybookRun:
    """Run storage.yml for hosts that no task asks."""
    shared = {"s3_recording_region": REGION, "s3_recording_endpoint": aws.endpoint_url}
    named = {
        name: {"s3_recording_ams_url": f"http://127.0.1.{number}:5080", **variables}
        for number, (name, variables) in enumerate(hosts.items(), 1)
    }
    inventory = {"all": {"hosts": named, "vars": shared}}
    env = {**aws.env(), **options.pop("env", {})}
    return run_playbook(options.pop("playbook", STORAGE), inventory=inventory, env=env, **options)


MODULES = (
    "iam_programmatic_user",
    "s3_recording_bucket",
    "s3_cors",
    "iam_stored_access_key",
    "s3_bucket_access",
)


def modules_of(run: PlaybookRun) -> list[str]:
    """Return the modules of the storage that have something to do by the plan, in their order."""
    return [
        module
        for result in run.of_action("antmedia.s3_recording.s3_recording_storage_plan")
        for bucket in result["buckets"].values()
        for module in bucket["run"]
    ]


def changed_parts(run: PlaybookRun, bucket: str) -> list[str]:
    """Return what the run has changed of a bucket's storage, or would have."""
    (done,) = run.of_action("antmedia.s3_recording.s3_recording_storage")
    return [each["what"] for each in done["changes"][bucket]]


@pytest.mark.parametrize("arguments", [["--check"], []])
def test_only_what_changes_has_a_task(aws: AwsStandIn, arguments: list[str]) -> None:
    bucket = f"storage-planned{len(arguments)}"
    host = {"s3_recording_bucket": bucket, "s3_recording_aws_endpoint_url": aws.endpoint_url}
    hosts = {"ams-1": host}
    first = run_storage(aws, hosts, arguments=arguments)
    assert modules_of(first) == list(MODULES)
    if arguments:
        first = run_storage(aws, hosts)
    key = stored(first, bucket)["access_key_id"]
    assert key.startswith("AKIA")
    again = run_storage(aws, hosts, arguments=arguments)
    assert modules_of(again) == []
    assert again.changed == 0
    assert stored(again, bucket) == {"region": REGION, "access_key_id": key, "changes": []}
    iam = aws.client("iam")
    iam.delete_user_policy(UserName=f"{bucket}-recording", PolicyName="recordings")
    aws.client("s3").delete_bucket_cors(Bucket=bucket)
    partly = run_storage(aws, hosts, arguments=arguments)
    # The key waits for its policy.
    assert modules_of(partly) == ["iam_programmatic_user", "s3_cors", "iam_stored_access_key"]
    assert changed_parts(partly, bucket) == ["policy", "CORS rule"]
    assert partly.changed == 1
    assert stored(partly, bucket)["access_key_id"] == key
    assert len(stored(partly, bucket)["changes"]) == 2


def stored(run: PlaybookRun, bucket: str) -> dict[str, Any]:
    """Return what the run records of a bucket for the next job."""
    (last,) = run.of_task("shared | publish_storage | Publish the storage for the next job")
    found: dict[str, Any] = last["ansible_stats"]["data"]["s3_recording_storage"][bucket]
    return found


def test_a_second_import_in_the_same_run_reads_anew(aws: AwsStandIn) -> None:
    """The plan of the first is outdated by what it has made, and by what came between."""
    bucket = "storage-twice"
    host = {"s3_recording_bucket": bucket, "s3_recording_aws_endpoint_url": aws.endpoint_url}
    remove = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {
                "antmedia.s3_recording.s3_cors": {
                    "name": bucket,
                    "state": "absent",
                    "purge": True,
                    "endpoint_url": aws.endpoint_url,
                    "region": REGION,
                }
            }
        ],
    }
    both: list[Any] = [
        {"ansible.builtin.import_playbook": STORAGE},
        remove,
        {"ansible.builtin.import_playbook": STORAGE},
    ]
    run = run_storage(aws, {"ams-1": host}, playbook=both)
    assert modules_of(run) == [*MODULES, "s3_cors"]


@pytest.mark.parametrize("of_ones_own", [False, True], ids=["playbook", "role"])
def test_the_storage_is_read_once_for_all_hosts(aws: AwsStandIn, of_ones_own: bool) -> None:
    role = {"name": "antmedia.s3_recording.s3_recording", "tasks_from": "storage"}
    own = {
        "hosts": "all",
        "gather_facts": False,
        "connection": "local",
        "tasks": [{"ansible.builtin.import_role": role}],
    }
    playbook: Any = [own] if of_ones_own else STORAGE
    bucket = f"storage-read-once-{'role' if of_ones_own else 'playbook'}"
    hosts = {
        name: {"s3_recording_bucket": bucket, "s3_recording_aws_endpoint_url": aws.endpoint_url}
        for name in ("ams-1", "ams-2")
    }
    run = run_storage(aws, hosts, playbook=playbook)
    assert len(run.of_action("antmedia.s3_recording.s3_recording_storage_plan")) == 1
    assert modules_of(run) == list(MODULES)
    assert modules_of(run_storage(aws, hosts, playbook=playbook)) == []


@pytest.fixture
def strange(aws: AwsStandIn) -> Iterator[AwsStandIn]:
    """A store that is not AWS in every way at once."""
    names = ["wants_md5", "refuses_crc32_headers", "no_such_policy", "cors_501", "plain_buckets"]
    aws.settings(quirks=names)
    yield aws
    aws.settings(quirks=[])


def test_a_bucket_of_someone_else_leaves_nothing_behind_for_any_bucket(aws: AwsStandIn) -> None:
    """The user of the taken bucket, and all of the bucket before it, were made in such a run."""
    aws.foreign_bucket("storage-taken")
    aws.clear_requests()
    hosts = {
        name: {"s3_recording_bucket": f"storage-{name}", "s3_recording_aws_endpoint_url": aws.endpoint_url}
        for name in ("free", "taken")
    }
    refused = run_storage(aws, hosts, expected_rc=2)
    told = " ".join(refused.stdout.split())
    assert "STOP 1 problem. Nothing was changed." in told
    assert "storage-taken: Looking for bucket storage-taken: it exists" in told
    assert aws.writes() == []
    assert run_storage(aws, {"free": hosts["free"]}).changed > 0


def test_a_store_with_every_quirk(strange: AwsStandIn) -> None:
    """Each of its answers stopped the provisioning half-way. A second run changes nothing."""
    key = strange.credentials
    bucket = "storage-strange"
    hosts = {
        "ams-1": {
            "s3_recording_bucket": bucket,
            "s3_recording_provider": "other",
            "s3_recording_access_key_id": key.access_key_id,
            "s3_recording_secret_access_key": key.secret_access_key,
        }
    }
    refused = run_storage(strange, hosts, expected_rc=2)
    assert "s3_recording_cors: elsewhere" in " ".join(refused.stdout.split())
    hosts["ams-1"]["s3_recording_cors"] = "elsewhere"
    run = run_storage(strange, hosts)
    assert run.changed > 0
    assert f"left to you: the CORS rules of {bucket}, set by the provider's own means" in run.stdout
    assert run_storage(strange, hosts).changed == 0


def test_stdout_holds_nothing_but_what_the_callback_writes() -> None:
    """The words about a new key that takes its time came first, and no JSON parser took that."""
    with AwsStandIn(key_delay=15, distribution_delay=2) as aws:
        host = {
            "s3_recording_bucket": "storage-slow",
            "s3_recording_aws_endpoint_url": aws.endpoint_url,
            "s3_recording_delivery": "cloudfront",
            "s3_recording_cache_control": "public, max-age=86400",
        }
        run = run_storage(aws, {"ams-1": host}, env={"ANSIBLE_STDOUT_CALLBACK": "one_json_document"})
    ended = json.loads(run.stdout)["ams-1"]
    assert any("Create or change each bucket" in name for name in ended)
    assert "PLAN  AWS: 7 to add" in run.stderr
    assert "Waiting for AWS to activate access key" in run.stderr
    assert "Waiting for CloudFront to deploy distribution" in run.stderr


def test_recordings_of_a_closed_bucket_stay_closed_until_somebody_says_otherwise(aws: AwsStandIn) -> None:
    """The default delivery of the role opened them without a word."""
    old, new = "storage-with-recordings", "storage-without"
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=old, CreateBucketConfiguration={"LocationConstraint": REGION})
    for number in range(3):
        s3.put_object(Bucket=old, Key=f"streams/{number}.mp4", Body=b"recording")
    hosts: dict[str, dict[str, Any]] = {
        name: {"s3_recording_bucket": name, "s3_recording_aws_endpoint_url": aws.endpoint_url}
        for name in (new, old)
    }
    aws.clear_requests()
    for arguments in (["--check"], []):
        refused = run_storage(aws, hosts, expected_rc=2, arguments=arguments)
        told = " ".join(refused.stdout.split())
        assert "3 existing objects (3 in 'streams/'" in told
        assert "'s3_recording_delivery: public' allows everybody to read them" in told
    assert aws.writes() == []
    hosts[old]["s3_recording_delivery"] = "public"
    assert run_storage(aws, hosts).changed > 0
    del hosts[old]["s3_recording_delivery"]
    assert run_storage(aws, hosts).changed == 0


def test_recordings_of_an_application_that_was_mistyped_are_still_served(aws: AwsStandIn) -> None:
    """Each recording in the folders of before answered 403, and nobody had asked for it."""
    bucket = "storage-mistyped"
    host: dict[str, Any] = {
        "s3_recording_bucket": bucket,
        "s3_recording_aws_endpoint_url": aws.endpoint_url,
        "s3_recording_folder_per_application": True,
        "s3_recording_expire_days": 30,
    }

    def after(**changes: Any) -> PlaybookRun:
        given = {f"s3_recording_{name}": value for name, value in changes.items()}
        run = run_storage(aws, {"ams-1": {**host, **given}})
        assert run_storage(aws, {"ams-1": {**host, **given}}).changed == 0
        return run

    def served() -> list[int]:
        keys = ("live/streams/a.mp4", "liev/streams/a.mp4")
        return [requests.get(f"{aws.endpoint_url}/{bucket}/{key}", timeout=10).status_code for key in keys]

    def prefixes() -> list[str]:
        rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        return sorted(each["Filter"]["Prefix"] for each in rules)

    s3 = aws.client("s3")
    run_storage(aws, {"ams-1": host})
    for folder in ("live", "liev"):
        s3.put_object(Bucket=bucket, Key=f"{folder}/streams/a.mp4", Body=b"recording")
    both = ["liev/previews/", "liev/streams/", "live/previews/", "live/streams/"]
    after(applications=["liev"], delivery="public", expire_existing=True)
    assert (served(), prefixes()) == ([200, 200], both)
    after()
    assert (served(), prefixes()) == ([200, 200], both)
    refused = run_storage(
        aws, {"ams-1": {**host, "s3_recording_forget_folders": ["live", "liev"]}}, expected_rc=2
    )
    assert f"'live' of bucket '{bucket}' is still used by ams-1" in " ".join(refused.stdout.split())
    told = " ".join(after(forget_folders=["liev"]).stdout.split())
    assert f"will no longer be able to watch liev/previews/ and liev/streams/ of {bucket}" in told
    assert f"the lifecycle rules of liev/previews/ and liev/streams/ will be removed from {bucket}" in told
    assert (served(), prefixes()) == ([200, 403], ["live/previews/", "live/streams/"])
