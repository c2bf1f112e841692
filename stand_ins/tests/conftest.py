# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One stand-in for all of its tests; each test has a bucket of its own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from stand_ins.aws import AwsStandIn, Credentials
from stand_ins.tests.aws_support import NO_RETRY, OFF, REGION, Clients

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def stand_in() -> Iterator[AwsStandIn]:
    with AwsStandIn(region=REGION) as running:
        yield running


@pytest.fixture(scope="session")
def client(stand_in: AwsStandIn) -> Clients:
    """Clients that do not retry, one of a kind; they are slow to make."""
    made: dict[Any, Any] = {}

    def get(service: str = "s3", key: Credentials | None = None) -> Any:
        if (service, key) not in made:
            made[service, key] = stand_in.client(service, key, config=NO_RETRY)
        return made[service, key]

    return get


@pytest.fixture
def clean(stand_in: AwsStandIn) -> Iterator[None]:
    yield
    stand_in.clear_faults()
    stand_in.settings(key_delay=0, policy_delay=0, https=False)


@pytest.fixture
def bucket(client: Clients) -> str:
    name = f"bucket-{uuid.uuid4().hex[:10]}"
    client().create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


@pytest.fixture
def open_bucket(client: Clients, bucket: str) -> str:
    """ACLs allowed, nothing blocked."""
    client().put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=OFF)
    client().put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    return bucket
