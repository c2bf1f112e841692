# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""storage.yml on MinIO: no IAM, no ownership, no CORS rules of buckets, no rule about unfinished uploads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from stand_ins.s3.minio import Minio, unavailable
from tests.harness.playbook import PlaybookRun, run_playbook

STORAGE = "antmedia.s3_recording.storage"
BUCKET = "minio-recordings"

pytestmark = pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))


@pytest.fixture(scope="module")
def store() -> Iterator[Minio]:
    with Minio() as store:
        yield store


def run_storage(store: Minio, expected_rc: int = 0, **more: Any) -> PlaybookRun:
    variables = {
        "s3_recording_bucket": BUCKET,
        "s3_recording_region": store.region,
        "s3_recording_provider": "minio",
        "s3_recording_endpoint": store.endpoint_url,
        "s3_recording_access_key_id": store.credentials.access_key_id,
        "s3_recording_secret_access_key": store.credentials.secret_access_key,
        "s3_recording_ams_url": "http://127.0.1.1:5080",
        **more,
    }
    inventory = {"all": {"hosts": {"ams-1": variables}}}
    return run_playbook(STORAGE, inventory=inventory, env=store.env(), expected_rc=expected_rc)


def test_the_bucket_is_made_and_a_second_run_changes_nothing(store: Minio) -> None:
    keeping = {
        "s3_recording_versioning": True,
        "s3_recording_expire_days": 365,
        "s3_recording_noncurrent_expire_days": 7,
    }
    assert run_storage(store, **keeping).changed > 0
    s3 = store.client()
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]
    assert statement["Action"] in ("s3:GetObject", ["s3:GetObject"])
    rules = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert {rule["Expiration"]["Days"] for rule in rules} == {365}
    again = run_storage(store, **keeping)
    assert again.changed == 0
    assert "MINIO_API_CORS_ALLOW_ORIGIN" in again.stdout


def test_a_cors_rule_that_is_asked_for_is_refused_with_what_to_set(store: Minio) -> None:
    """It answers NotImplemented to the write, and NoSuchCORSConfiguration to the read."""
    refused = run_storage(store, expected_rc=2, s3_recording_cors="bucket")
    told = " ".join(refused.stdout.split())
    assert f"{store.endpoint_url} does not know the call PutBucketCors" in told
    assert "s3_recording_cors: elsewhere" in told
