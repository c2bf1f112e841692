# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""site.yml on Ceph's radosgw, a real store that is not AWS: no IAM, no ownership, no Block Public Access."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.s3_clients import s3_client

from stand_ins.ams import Fleet
from stand_ins.real_ams import RealAms
from stand_ins.real_ams import unavailable as no_real_ams
from stand_ins.s3.ceph import Radosgw, unavailable
from stand_ins.waiting import wait_for
from tests.harness.playbook import PlaybookRun, ran, run_playbook

SITE = "antmedia.s3_recording.site"
BUCKET = "ceph-recordings"

pytestmark = [
    pytest.mark.ceph,
    pytest.mark.skipif(unavailable() is not None, reason=str(unavailable())),
]


class CephSite:
    def __init__(self, store: Radosgw, folder: Path, urls: dict[str, str], email: str, password: str) -> None:
        self.store, self.folder = store, folder
        self.urls = urls
        self.variables: dict[str, Any] = {
            "s3_recording_bucket": BUCKET,
            "s3_recording_region": store.region,
            "s3_recording_provider": "ceph",
            "s3_recording_endpoint": store.endpoint_url,
            "s3_recording_access_key_id": store.credentials.access_key_id,
            "s3_recording_secret_access_key": store.credentials.secret_access_key,
            "s3_recording_ams_email": email,
            "s3_recording_ams_password": password,
            "s3_recording_backup_dir": str(folder / "former"),
        }

    def run(self, *arguments: str, **options: Any) -> PlaybookRun:
        variables = {**self.variables, **options.pop("variables", {})}
        hosts = {name: {"s3_recording_ams_url": url} for name, url in self.urls.items()}
        inventory = {"all": {"hosts": hosts, "vars": variables}}
        run = run_playbook(SITE, inventory=inventory, env=self.store.env(), arguments=arguments, **options)
        assert self.store.credentials.secret_access_key not in run.output
        return run


@pytest.fixture(scope="module")
def store() -> Iterator[Radosgw]:
    with Radosgw() as store:
        yield store


@pytest.fixture
def simulated(store: Radosgw, tmp_path: Path) -> Iterator[CephSite]:
    with Fleet(hosts=2) as fleet:
        first = fleet.hosts[0]
        urls = {f"ams-{number}": host.url for number, host in enumerate(fleet.hosts, 1)}
        site = CephSite(store, tmp_path, urls, first.email, first.password)
        site.variables["s3_recording_live_test"] = "none"
        yield site


def written(store: Radosgw) -> list[str]:
    """The requests that changed a bucket, as the gateway's log has them."""
    return [each for each in store.requests() if each.split()[0] in ("PUT", "DELETE", "POST")]


def test_the_role_end_to_end_on_a_simulated_fleet(simulated: CephSite) -> None:
    store, before = simulated.store, len(written(simulated.store))
    check = simulated.run("--check", "--diff")
    assert f"bucket {BUCKET} will be created" in check.stdout
    assert written(store)[before:] == []

    simulated.run("--diff")
    s3 = store.client()
    (rule,) = s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"]
    assert sorted(rule["AllowedOrigins"]) == sorted(simulated.urls.values())
    (keeping,) = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"][:1]
    assert keeping["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]
    assert statement["Sid"] == "AntMediaRecordingsPublicRead"
    asked = [each.partition("?")[2].split()[0] for each in written(store)[before:] if "?" in each.split()[1]]
    assert not {"ownershipControls", "publicAccessBlock", "encryption"} & set(asked)

    again = simulated.run("--diff")
    assert again.changed == 0
    simulated.run(variables={"s3_recording_delivery": "private"})
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=BUCKET)
    assert BUCKET in [each["Name"] for each in s3.list_buckets()["Buckets"]]


def test_acl_delivery_opens_each_object_and_no_region_is_named(simulated: CephSite) -> None:
    bucket = {
        "s3_recording_bucket": "ceph-acls",
        "s3_recording_delivery": "acl",
        "s3_recording_region": "",
    }
    simulated.run(variables=bucket)
    assert simulated.run(variables=bucket).changed == 0
    # Set by hand, it is no fault either: this store takes what AMS signs without a region.
    for region in ("us-east-1", ""):
        settings = {
            "s3AccessKey": simulated.store.credentials.access_key_id,
            "s3SecretKey": simulated.store.credentials.secret_access_key,
            "s3Endpoint": simulated.store.endpoint_url,
            "s3RegionName": region,
        }
        s3 = s3_client(settings, 10, provisioning=False)
        assert s3.list_objects_v2(Bucket="ceph-acls", Prefix="")["KeyCount"] == 0


def test_how_the_bucket_keeps_recordings(simulated: CephSite) -> None:
    bucket = {
        "s3_recording_bucket": "ceph-keeping",
        "s3_recording_versioning": True,
        "s3_recording_expire_days": 365,
        "s3_recording_noncurrent_expire_days": 7,
        "s3_recording_bucket_tags": {"team": "streaming"},
    }
    simulated.run(variables=bucket)
    s3 = simulated.store.client()
    assert s3.get_bucket_versioning(Bucket="ceph-keeping")["Status"] == "Enabled"
    rules = s3.get_bucket_lifecycle_configuration(Bucket="ceph-keeping")["Rules"]
    assert {rule["Expiration"]["Days"] for rule in rules} == {365}
    tags = {each["Key"]: each["Value"] for each in s3.get_bucket_tagging(Bucket="ceph-keeping")["TagSet"]}
    assert tags == {"team": "streaming", "managed-by": "antmedia.s3_recording"}
    assert simulated.run(variables=bucket).changed == 0
    simulated.run(
        variables={
            **bucket,
            "s3_recording_abort_uploads_days": 0,
            "s3_recording_expire_days": 0,
            "s3_recording_noncurrent_expire_days": 0,
        }
    )
    assert s3.list_buckets()["Buckets"]
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket="ceph-keeping")
    encrypted = {**bucket, "s3_recording_encryption": "AES256"}
    refused = simulated.run(variables=encrypted, expected_rc=2)
    assert "the provider ceph is not known to support bucket encryption" in " ".join(refused.stdout.split())


def test_what_the_store_has_not_is_said_before_anything_is_touched(simulated: CephSite) -> None:
    keyless = {"s3_recording_access_key_id": "", "s3_recording_secret_access_key": ""}
    refused = simulated.run(variables=keyless, expected_rc=2)
    assert "the provider ceph has no IAM to create a key" in " ".join(refused.stdout.split())


@pytest.mark.real_ams
@pytest.mark.skipif(no_real_ams() is not None, reason=str(no_real_ams()))
def test_a_real_recording_reaches_the_store_and_plays_from_there(store: Radosgw, tmp_path: Path) -> None:
    with RealAms() as ams:
        site = CephSite(store, tmp_path, {"ams-real": ams.url}, ams.email, ams.password)
        run = site.run(variables={"s3_recording_bucket": "ceph-real"})
        (check,) = ran(run.of_step("check"))
        assert {"live upload", "live playback"} <= {link["check"] for link in check["checks"] if link["ok"]}
        assert site.run(variables={"s3_recording_bucket": "ceph-real"}).changed == 0

        ams.publish("live", "ceph", 5)
        s3 = store.client()

        def keys() -> set[str]:
            return {each["Key"] for each in s3.list_objects_v2(Bucket="ceph-real").get("Contents", [])}

        assert wait_for(lambda: "streams/ceph.mp4" in keys()), ams.log_text()[-3000:]
        redirect = requests.get(f"{ams.url}/live/streams/ceph.mp4", allow_redirects=False, timeout=10)
        target = redirect.headers["Location"]
        assert (redirect.status_code, target) == (302, f"{store.endpoint_url}/ceph-real/streams/ceph.mp4")
        played = requests.get(target, headers={"Range": "bytes=0-99"}, timeout=10)
        assert (played.status_code, len(played.content)) == (206, 100)
        asked = {"Access-Control-Request-Method": "GET"}
        allowed = requests.options(target, headers={"Origin": ams.url, **asked}, timeout=10)
        assert allowed.headers["Access-Control-Allow-Origin"] == ams.url
        foreign = requests.options(
            target, headers={"Origin": "https://elsewhere.example", **asked}, timeout=10
        )
        assert "Access-Control-Allow-Origin" not in foreign.headers
