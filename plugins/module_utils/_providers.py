# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Stores that speak S3: what each of them has, and so what is sent to it at all.

A store may take a call that it does not know for another one: DELETE ?ownershipControls deletes the bucket on
Ceph's radosgw (tried). What a store is not known to have is therefore neither read nor written there.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Provider:
    """ownership: object ownership and Block Public Access. iam: users, policies and keys through IAM.

    by_path: whether an address has the bucket in its path and not in the name of the host.
    serves: whether the address of the API serves viewers too, so that a base URL follows from it.
    endpoint: with the region in braces, empty where every user has another one.
    cors_elsewhere: where CORS is set if not by rules of the bucket.
    keeps: what is known of how its buckets can keep objects. tried: whether that was tried, not only read.
    aborts: whether a lifecycle rule can delete the parts of uploads that were never finished.
    abort_days: days until the parts of an upload that was never finished go, if the user does not say.
    """

    policies: bool = True
    acls: bool = True
    cors: bool = True
    ownership: bool = False
    iam: bool = False
    by_path: bool = True
    serves: bool = True
    endpoint: str = ""
    cors_elsewhere: str = ""
    keeps: tuple[str, ...] = ()
    tried: bool = False
    aborts: bool = True
    abort_days: int = 0


PROVIDERS = {
    "aws": Provider(
        ownership=True,
        iam=True,
        keeps=("versioning", "encryption", "lifecycle", "tags"),
        tried=True,
        abort_days=7,
    ),
    # Tried on 16.2.15, which takes a call about encryption for one about the bucket itself.
    "ceph": Provider(keeps=("versioning", "lifecycle", "tags"), tried=True, abort_days=7),
    # Tried on the release of February 2026; the canned ACL of an upload is of no effect.
    # It ends uploads that were never finished by itself, and refuses a lifecycle rule about them.
    "minio": Provider(
        acls=False,
        cors=False,
        cors_elsewhere="MINIO_API_CORS_ALLOW_ORIGIN",
        keeps=("versioning", "lifecycle", "tags"),
        tried=True,
        aborts=False,
    ),
    # Not tried. https://docs.digitalocean.com/products/spaces/reference/s3-compatibility/
    "digitalocean": Provider(
        by_path=False,
        endpoint="https://{region}.digitaloceanspaces.com",
        keeps=("versioning", "lifecycle"),
    ),
    # Not tried. https://developers.cloudflare.com/r2/api/s3/api/; viewers come by a domain of the bucket.
    "r2": Provider(policies=False, acls=False, serves=False, keeps=("lifecycle",)),
    # Not tried. https://docs.wasabi.com/docs/operations-on-buckets; public access is for paid accounts.
    "wasabi": Provider(
        by_path=False, endpoint="https://s3.{region}.wasabisys.com", keeps=("versioning", "tags")
    ),
    # Not tried. Access goes by ACLs and by policies of users, there are none of buckets.
    "ovh": Provider(policies=False, by_path=False, endpoint="https://s3.{region}.io.cloud.ovh.net"),
    # Not tried. Its CORS document is another one than that of S3.
    "gcs": Provider(
        policies=False,
        cors=False,
        endpoint="https://storage.googleapis.com",
        cors_elsewhere="gcloud storage buckets update --cors-file",
    ),
    "other": Provider(),
}
_HOSTS = {
    ".amazonaws.com": "aws",
    ".amazonaws.com.cn": "aws",
    ".digitaloceanspaces.com": "digitalocean",
    ".r2.cloudflarestorage.com": "r2",
    ".wasabisys.com": "wasabi",
    ".cloud.ovh.net": "ovh",
    ".cloud.ovh.us": "ovh",
    "storage.googleapis.com": "gcs",
}


def provider_at(endpoint: str, *, has_iam: bool) -> str:
    """The provider behind an endpoint. has_iam: whether IAM is known to be there."""
    return "aws" if has_iam or not endpoint else _named_by(endpoint)


def is_of_aws(endpoint: str) -> bool:
    """Whether an endpoint is AWS itself and no stand-in of it, for example a dual-stack one."""
    return _named_by(endpoint) == "aws"


def _named_by(endpoint: str) -> str:
    host = (urlsplit(endpoint).hostname or "").lower()
    return next((name for end, name in _HOSTS.items() if host.endswith(end)), "other")
