# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Providers of S3 and what each of them has.

A provider may mistake a call that it does not know for another one: DELETE ?ownershipControls deletes the
bucket on Ceph's radosgw (tried). What it is not known to have is therefore neither read nor written there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .addresses import AddressError, host_of, read


@dataclass(frozen=True)
class Provider:
    """ownership: object ownership and Block Public Access. iam: users, policies and keys through IAM.

    by_path: whether an address has the bucket in its path and not in the name of the host.
    serves: whether the address of the API serves viewers too, so that a base URL follows from it.
    endpoint: with the region in braces, empty where every user has another one.
    hosts: what its endpoints look like, behind a bucket that does not belong there.
    region: what uploads are signed with where the user names no region and the endpoint shows none.
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
    hosts: str = ""
    region: str = "us-east-1"
    cors_elsewhere: str = ""
    keeps: tuple[str, ...] = ()
    tried: bool = False
    aborts: bool = True
    abort_days: int = 0


PROVIDERS = {
    # https://docs.aws.amazon.com/general/latest/gr/s3.html
    "aws": Provider(
        ownership=True,
        iam=True,
        hosts=r"s3(-fips|-accelerate)?([.-]dualstack)?([.-](?P<region>[a-z]{2}(-[a-z]+)+-\d+))?\.amazonaws\.com(\.cn)?",
        keeps=("versioning", "encryption", "lifecycle", "tags"),
        tried=True,
        abort_days=7,
    ),
    # Tried on 16.2.15, which mistakes a call about encryption for one about the bucket itself.
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
    # Its console shows the addresses of the bucket, on its network and on its CDN.
    "digitalocean": Provider(
        by_path=False,
        endpoint="https://{region}.digitaloceanspaces.com",
        hosts=r"(?P<region>[a-z]{3}\d+)(\.cdn)?\.digitaloceanspaces\.com",
        keeps=("versioning", "lifecycle"),
    ),
    # Not tried. https://developers.cloudflare.com/r2/api/s3/api/; viewers come by a domain of the bucket.
    "r2": Provider(
        policies=False,
        acls=False,
        serves=False,
        hosts=r"[0-9a-z]+(\.(eu|us|fedramp))?\.r2\.cloudflarestorage\.com",
        region="auto",
        keeps=("lifecycle",),
    ),
    # Not tried. https://docs.wasabi.com/docs/operations-on-buckets; public access is for paid accounts.
    "wasabi": Provider(
        by_path=False,
        endpoint="https://s3.{region}.wasabisys.com",
        hosts=r"s3(\.(?P<region>[a-z0-9-]+))?\.wasabisys\.com",
        keeps=("versioning", "tags"),
    ),
    # Not tried. Access is by ACLs and by policies of users; buckets have no policies.
    "ovh": Provider(
        policies=False,
        by_path=False,
        endpoint="https://s3.{region}.io.cloud.ovh.net",
        hosts=r"s3\.(?P<region>[a-z0-9-]+)(\.(io|perf))?\.cloud\.ovh\.(net|us)",
    ),
    # Not tried. Its CORS document is another one than that of S3.
    # https://cloud.google.com/storage/docs/aws-simple-migration: auto is taken for every region.
    "gcs": Provider(
        policies=False,
        cors=False,
        endpoint="https://storage.googleapis.com",
        hosts=r"storage\.googleapis\.com",
        region="auto",
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
    """Return the provider behind an endpoint. has_iam: whether it is known to have IAM."""
    return "aws" if has_iam or not endpoint else _named_by(endpoint)


def is_of_aws(endpoint: str) -> bool:
    """True if an endpoint is AWS itself, for example a dual-stack one."""
    return _named_by(endpoint) == "aws"


def service_of(endpoint: str) -> str:
    """Return a name for the service behind an endpoint: host and port, or provider and region.

    It is empty for AWS, where a bucket is the same at each endpoint.
    """
    text = endpoint.strip()
    try:
        address = read(text if "://" in text else f"https://{text}") if text else None
    except AddressError:
        # Without a login in front of the host, which is nobody's business.
        return text.rpartition("@")[2]
    if address is None or is_of_aws(str(address)):
        return ""
    name = _named_by(str(address))
    if "(?P<region>" in PROVIDERS[name].hosts and re.fullmatch(PROVIDERS[name].hosts, address.host):
        return f"{name} {region_at(PROVIDERS[name], str(address))}"
    return address.origin.partition("://")[2]


def is_api_of_aws(endpoint: str) -> bool:
    """True if an endpoint is S3 of AWS itself, by https. Others can have names below amazonaws.com too."""
    try:
        address = read(endpoint)
    except AddressError:
        return False
    is_tls = address.scheme == "https" and address.port in (None, 443)
    return is_tls and re.fullmatch(PROVIDERS["aws"].hosts, address.host) is not None


def region_at(provider: Provider, endpoint: str) -> str:
    """Return the region to sign with if the user names none: that of the endpoint, or the provider's own."""
    found = re.fullmatch(provider.hosts, host_of(endpoint)) if provider.hosts else None
    return (found and found.groupdict().get("region")) or provider.region


def without_bucket(endpoint: str, bucket: str) -> str:
    """Return the endpoint without the bucket in its host or path; "" if no bucket is in it.

    There a bucket would be taken for an object: the call that makes it writes into the user's own bucket.
    """
    address = read(endpoint)
    host = _host_without(address.host, bucket)
    if host == address.host and address.path.strip("/").partition("/")[0] != bucket:
        return ""
    return str(replace(address, host=host, path=""))


def _host_without(host: str, bucket: str) -> str:
    hosts = PROVIDERS[_named_by(f"https://{host}")].hosts
    known = re.fullmatch(rf"(.+?\.)??(?P<host>{hosts})", host) if hosts else None
    if known:
        return known["host"].replace(".cdn.", ".")
    is_number = re.fullmatch(r"[\d.]+", host)
    return host if is_number or not bucket else host.removeprefix(f"{bucket}.") or host


def _named_by(endpoint: str) -> str:
    host = host_of(endpoint)
    return next((name for end, name in _HOSTS.items() if host.endswith(end)), "other")
