# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What servers need of the storage when they have their settings from before a run again.

Plain data in, plain data out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...module_utils._ams.backup import Layer, squash
from ...module_utils._ams.recording_rules import upload_acl, upload_folders
from ...module_utils._aws.policy_union import uploads_to
from ...module_utils._aws.s3_bucket_access_model import CLOSE_NOTHING, NOTHING
from ...module_utils._common.deliveries import DELIVERIES, OWNER_ACL
from .storage_tasks import one_module

_USER, _ACCESS = "iam_programmatic_user", "s3_bucket_access"
_RECORDS = "s3RecordingEnabled"
Hosts = Mapping[str, Mapping[str, Any]]
Buckets = Sequence[Mapping[str, Any]]
# Host, application, its settings.
Restored = tuple[str, str, Mapping[str, Any]]


def restored_settings(hosts: Hosts, layers: Mapping[str, Sequence[Layer]]) -> Iterator[Restored]:
    """Yield what each application will have: what the plan desires, with its values from before the run."""
    for host, of_host in layers.items():
        planned = {app["name"]: app["settings"] for app in hosts[host]["apps"]}
        for app, changed in squash(of_host).items():
            before = {name: each["before"] for name, each in changed.items()}
            yield host, app, {**planned.get(app, {}), **before}


def user_tasks(buckets: Buckets, restored: Iterable[Restored]) -> list[dict[str, Any]]:
    """Return the options of s3_recording_storage that give the keys the rights for restored folders."""
    folders: dict[str, set[str]] = {}
    for _host, _app, settings in restored:
        if settings.get(_RECORDS) is not False:
            folders.setdefault(str(settings.get("s3BucketName")), set()).update(upload_folders(settings))
    found = []
    for bucket in buckets:
        needed = sorted(folders.get(bucket["bucket"], ()))
        if _USER in bucket["storage"] and uploads_to(needed, bucket["key_policy"], bucket["bucket"]):
            found.append(one_module(bucket, _USER, folders_in_use=needed))
    return found


def uploads_with_acls(buckets: Buckets, restored: Iterable[Restored]) -> dict[str, list[str]]:
    """Return by bucket which servers would upload with an ACL that its present delivery does not take."""
    deliveries = {bucket["bucket"]: bucket["delivery"] for bucket in buckets if bucket["has_ownership"]}
    found: dict[str, list[str]] = {}
    for host, app, settings in restored:
        bucket, acl = str(settings.get("s3BucketName")), upload_acl(settings)
        delivery = DELIVERIES.get(deliveries.get(bucket, ""))
        records = settings.get(_RECORDS) is not False
        if records and delivery and not delivery.uses_acls and acl != OWNER_ACL:
            text = f"{host}: application '{app}' would upload to {bucket} with the ACL {acl} again"
            found.setdefault(bucket, []).append(text)
    return found


def reads_of_access(buckets: Buckets, names: Collection[str]) -> list[dict[str, Any]]:
    """Return the options of s3_recording_storage that read in check mode who owns objects."""
    # A delivery that needs nothing else, so that nothing is refused.
    least = {"delivery": "private", "secure_transport_only": NOTHING, "closes": CLOSE_NOTHING}
    return [one_module(bucket, _ACCESS, **least) for bucket in buckets if bucket["bucket"] in names]
