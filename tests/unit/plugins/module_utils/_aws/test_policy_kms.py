# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The right to use a KMS key stays as long as an upload or an object needs it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.policy_kms import (
    PreviousKeys,
    described,
    previous_keys,
    with_previous_keys,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.key_policy import key_policy
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent

NAMES = ("1111", "2222", "alias/recordings")
ARN = "arn:aws:kms:eu-west-1:*:key/1111"


def policy(key: str = "") -> dict[str, Any]:
    encryption: dict[str, Any] = {"encryption": "aws:kms", "encryption_key_id": key} if key else {}
    return key_policy(Intent(bucket="videos", region="eu-west-1", **encryption), ["streams"])


def moved(current: dict[str, Any], to: str, how: str = "keep", *forgotten: str) -> dict[str, Any]:
    return with_previous_keys(policy(to), current, PreviousKeys(how, forgotten))


def kept(found: dict[str, Any], to: str) -> list[tuple[str, bool]]:
    return [(each["key"], each["encrypts"]) for each in described(previous_keys(found, policy(to)))]


def test_both_keys_are_allowed_first_and_the_previous_one_only_decrypts_then() -> None:
    both = moved(policy("1111"), "2222")
    assert kept(both, "2222") == [(ARN, True)]
    assert both["Statement"][:-1] == policy("2222")["Statement"]
    assert both["Statement"][-1]["Sid"] == "PreviousKey1"
    narrow = moved(both, "2222", "decrypt")
    assert kept(narrow, "2222") == [(ARN, False)]
    assert moved(narrow, "2222") == narrow, "a second run changes nothing"


def test_each_previous_key_is_there_once_and_one_that_is_used_again_is_none() -> None:
    third = moved(moved(policy("1111"), "2222"), "alias/recordings")
    assert [each["Sid"] for each in third["Statement"][-2:]] == ["PreviousKey1", "PreviousKey2"]
    assert len(kept(third, "alias/recordings")) == 2
    back = moved(third, "1111")
    assert {key for key, _encrypts in kept(back, "1111")} == {
        "arn:aws:kms:eu-west-1:*:key/2222",
        "alias/recordings",
    }
    assert len({each["Sid"] for each in back["Statement"]}) == len(back["Statement"])


@pytest.mark.parametrize("name", ["1111", ARN])
def test_a_key_that_no_object_needs(name: str) -> None:
    assert moved(policy("1111"), "2222", "keep", name) == policy("2222")
    assert moved(policy("1111"), "2222", "keep", "111") != policy("2222")


@pytest.mark.parametrize("name", ["alias/recordings", "arn:aws:kms:eu-west-1:111122223333:alias/recordings"])
def test_an_alias_that_no_object_needs(name: str) -> None:
    assert moved(policy("alias/recordings"), "2222", "keep", name) == policy("2222")


def test_an_encryption_without_a_key_of_ones_own() -> None:
    assert kept(moved(policy("1111"), ""), "") == [(ARN, True)]
    assert moved(policy(), "2222") == policy("2222")
    assert with_previous_keys(policy("2222"), None, PreviousKeys("keep")) == policy("2222")


def test_what_somebody_else_allows_is_not_kept() -> None:
    theirs = {"Sid": "Mine", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
    assert moved({"Statement": [theirs]}, "2222") == policy("2222")
    assert moved(policy("1111"), "2222", "forget") == policy("2222")
