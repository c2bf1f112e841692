# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which servers use which access key of a bucket."""

from __future__ import annotations

from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.key_users import key_users

BUCKET = {"bucket": "videos", "hosts": ["ams1", "ams2", "ams3", "ams4"]}


def read(**keys: str) -> dict[str, Any]:
    uses = {app: {"s3BucketName": "videos", "s3AccessKey": key} for app, key in keys.items()}
    return {"apps": {app: {"uses": each} for app, each in uses.items()}, "problem": None}


def test_a_server_is_named_once_for_each_key() -> None:
    reads = {"ams1": read(live="AKIA2", other="AKIA2"), "ams2": read(live="AKIA1", other="AKIA2")}
    assert key_users(BUCKET, reads, [])["users"] == {"AKIA1": ["ams2"], "AKIA2": ["ams1", "ams2"]}


def test_what_records_elsewhere_uses_no_key_of_the_bucket() -> None:
    elsewhere = {"live": {"uses": {"s3BucketName": "others", "s3AccessKey": "AKIA1"}}}
    reads = {"ams1": {"apps": elsewhere, "problem": None}, "ams2": read(live="")}
    assert key_users(BUCKET, reads, [])["users"] == {"no key": ["ams2"]}


def test_servers_that_were_not_read_are_named_and_those_gone_for_good_apart() -> None:
    reads = {"ams1": read(), "ams2": {"apps": {}, "problem": {"kind": "login"}}}
    found = key_users(BUCKET, reads, ["ams4", "other"])
    assert (found["not_read"], found["gone"]) == (["ams2", "ams3"], ["ams4"])
