# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The planned change of settings, without a server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams import fields
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.settings import (
    SettingsError,
    as_stored,
    merged,
    not_applied,
    plan,
    redact,
    secrets_of,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.secret_forms import MASK
from hypothesis import given
from hypothesis import strategies as st


def settings_of(release: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in fields.FIELDS:
        try:
            found[name] = fields.default_of(name, release)
        except KeyError:
            continue
    return found


CURRENT = {**settings_of("2.17.1"), "s3SecretKey": "previous-secret", "updateTime": 1}


def test_only_what_differs_is_a_change() -> None:
    change = plan(CURRENT, {"mp4MuxingEnabled": True, "s3RecordingEnabled": False})
    assert change.names == ["mp4MuxingEnabled"]
    assert change.redacted() == {"mp4MuxingEnabled": {"before": False, "after": True}}


def test_nothing_asked_is_no_change() -> None:
    assert not plan(CURRENT, {})


@pytest.mark.parametrize(
    ("name", "asked", "stored"),
    [
        ("mp4MuxingEnabled", "true", True),
        ("mp4MuxingEnabled", "False", False),
        ("uploadExtensionsToS3", "3", 3),
        ("uploadExtensionsToS3", 3.0, 3),
        ("hlsTime", 4, "4"),
        ("hlsTime", 0, "1"),
        ("hlsListSize", "3", "5"),
        ("encoderSettingsString", "", "[]"),
        ("httpForwardingBaseURL", "https://b.example.com/", "https://b.example.com"),
        ("s3Endpoint", None, ""),
        ("abrUpScalePacketLostRatio", "0.5", 0.5),
    ],
)
def test_a_value_is_compared_as_the_server_stores_it(name: str, asked: Any, stored: Any) -> None:
    other = {"mp4MuxingEnabled": not stored, "uploadExtensionsToS3": 1}.get(name, CURRENT[name])
    current = {**CURRENT, name: other}
    change = plan(current, {name: asked})
    assert as_stored(name, merged(current, change)[name], stored) == stored
    assert not plan({**current, name: stored}, {name: asked})


def test_null_and_empty_text_are_the_same() -> None:
    assert not plan({**CURRENT, "s3Endpoint": None}, {"s3Endpoint": ""})
    assert not plan({**CURRENT, "s3Endpoint": ""}, {"s3Endpoint": None})


@pytest.mark.parametrize(
    ("name", "asked", "said"),
    [
        ("mp4MuxingEnabled", "mp4", "'mp4MuxingEnabled' must be true or false, not 'mp4'"),
        ("uploadExtensionsToS3", "many", "'uploadExtensionsToS3' must be a number, not 'many'"),
        ("uploadExtensionsToS3", 1.5, "'uploadExtensionsToS3' must be a whole number, not '1.5'"),
        ("uploadExtensionsToS3", True, "'uploadExtensionsToS3' must be a number, not 'True'"),
        ("hlsTime", "two", "'hlsTime' must be a whole number, not 'two'"),
        ("s3BucketName", ["b"], "'s3BucketName' must be text, not '['b']'"),
        ("customSettings", "x", "'customSettings' must be a dictionary, not 'x'"),
        ("s3SecretKey", ["hush"], "'s3SecretKey' must be text, not ********"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(name: str, asked: Any, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        plan(CURRENT, {name: asked})
    assert str(caught.value) == said


def test_what_changes_is_posted_last() -> None:
    wanted = {"encoderSettingsString": '[{"height":240}]'}
    assert list(merged(CURRENT, plan(CURRENT, wanted)))[-1] == "encoderSettingsString"


def test_a_misspelt_name_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match="does not know 's3BucketNme', did you mean 's3BucketName'"):
        plan(CURRENT, {"s3BucketNme": "b"}, release=lambda: "2.17.1")


def test_a_setting_of_a_later_release_names_the_release() -> None:
    with pytest.raises(SettingsError, match=r"needs AMS 2\.13 or later, AMS 2\.10\.0"):
        plan(settings_of("2.10.0"), {"s3PathStyleAccessEnabled": True}, release=lambda: "2.10.0")


def test_the_release_is_asked_only_when_it_matters() -> None:
    def release() -> str:
        raise AssertionError("asked")

    assert plan(CURRENT, {"mp4MuxingEnabled": True}, release=release)


def test_reset_goes_to_the_default_of_the_release() -> None:
    current = {**CURRENT, "hlsListSize": "20"}
    assert plan(current, {}, ["hlsListSize"], lambda: "2.17.1").after == {"hlsListSize": "15"}
    assert not plan(CURRENT, {}, ["hlsListSize"], lambda: "2.17.1")


def test_a_random_default_cannot_be_reset() -> None:
    with pytest.raises(SettingsError, match="has no default"):
        plan(CURRENT, {}, ["clusterCommunicationKey"], lambda: "2.17.1")


def test_secrets_are_masked_in_result_and_diff() -> None:
    change = plan(CURRENT, {"s3SecretKey": "the-new-secret", "s3AccessKey": "AKIA1"})
    shown = f"{change.redacted()} {change.diff('live')}"
    assert "secret" not in shown.replace("s3SecretKey", "")
    assert "AKIA1" in shown
    assert change.diff("live")["after"]["s3SecretKey"] == "******** (another value)"


def test_each_field_that_may_hold_a_secret_is_known_as_one() -> None:
    for name in ("s3SecretKey", "jwtSecretKey", "stalkerDBPassword", "turnServerCredential"):
        assert fields.is_secret(name)
    for name in ("s3AccessKey", "hlsEncryptionKeyInfoFile", "webRTCKeyframeTime", "s3BucketName"):
        assert not fields.is_secret(name)
    assert fields.is_secret("someFutureSecretKey")


def test_a_setting_that_a_new_release_adds_is_a_secret_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of releases is generated, the list of secrets is not."""
    monkeypatch.setitem(fields.FIELDS, "newSignaturePassword", fields.FIELDS["s3SecretKey"])
    fields.is_secret.cache_clear()
    assert fields.is_secret("newSignaturePassword")


def test_the_whole_object_is_posted() -> None:
    change = plan(CURRENT, {"mp4MuxingEnabled": True})
    assert merged(CURRENT, change) == {**CURRENT, "mp4MuxingEnabled": True}


def test_what_the_server_did_not_take_is_named() -> None:
    change = plan(CURRENT, {"s3BucketName": "b", "mp4MuxingEnabled": True})
    assert not_applied({**CURRENT, "s3BucketName": "b"}, change) == {"mp4MuxingEnabled": False}
    assert not not_applied({**CURRENT, "s3BucketName": "b", "mp4MuxingEnabled": True}, change)


def test_a_value_that_the_server_rewrites_is_reported() -> None:
    assert plan(CURRENT, {"hlsListSize": "3"}).rewritten == {"hlsListSize": "5"}
    assert plan(CURRENT, {"hlsTime": 2, "mp4MuxingEnabled": "yes", "s3Endpoint": None}).rewritten == {}


def test_secrets_of_an_object_are_found() -> None:
    assert "previous-secret" in secrets_of(CURRENT)


VALUES = st.one_of(st.booleans(), st.integers(-5, 50), st.text("aA1[]/.,: ", max_size=12), st.none())


@given(wanted=st.dictionaries(st.sampled_from(sorted(CURRENT)), VALUES, max_size=6))
def test_applying_a_plan_leaves_nothing_to_do(wanted: dict[str, Any]) -> None:
    try:
        change = plan(CURRENT, wanted)
    except SettingsError:
        return
    after = merged(CURRENT, change)
    assert {name for name in after if after[name] != CURRENT[name]} <= set(wanted)
    assert not plan(after, wanted)
    assert not not_applied(after, change)


ASKED = {"height": 480, "videoBitrate": 500000, "audioBitrate": 96000, "forceEncode": True}
FILLED = {**ASKED, "forceSameResolutionEncode": False}
OTHER = {**FILLED, "height": 240}


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        ([ASKED], [FILLED]),
        ([{**ASKED, "height": "480", "forceEncode": "true"}], [FILLED]),
        ([ASKED, {"height": 240}], [FILLED, OTHER]),
        ([], []),
    ],
)
def test_a_key_that_the_server_fills_in_is_no_difference(asked: Any, stored: Any) -> None:
    """AMS 4.0 adds forceSameResolutionEncode to each encoder: the run failed each time and never ended."""
    for name, form in (("encoderSettings", list), ("encoderSettingsString", json.dumps)):
        change = plan(CURRENT, {name: form(asked)})
        current = {**CURRENT, name: form(stored)}
        assert not not_applied(current, change)
        assert not plan(current, {name: form(asked)})


@pytest.mark.parametrize(
    "asked",
    [
        [{**ASKED, "height": 360}],
        [{**ASKED, "forceEncode": False}],
        [{**ASKED, "forceSameResolutionEncode": True}],
        [{**ASKED, "noSuchKey": 1}],
        [{**ASKED, "height": "high"}],
        [ASKED, ASKED],
        [],
        ["480"],
    ],
)
def test_every_key_that_is_named_the_number_and_the_order_count(asked: Any) -> None:
    for name, form in (("encoderSettings", list), ("encoderSettingsString", json.dumps)):
        current = {**CURRENT, name: form([FILLED])}
        change = plan(current, {name: form(asked)})
        assert change.names == [name]
        assert list(not_applied(current, change)) == [name]
    two = {**CURRENT, "encoderSettings": [FILLED, OTHER]}
    assert plan(two, {"encoderSettings": [{"height": 240}, ASKED]})


def test_encoders_in_the_text_of_old_are_those_that_the_server_makes_of_it() -> None:
    current = {**CURRENT, "encoderSettingsString": json.dumps([FILLED, OTHER])}
    text = "480,500000,96000,240,500000,96000"
    assert not plan(current, {"encoderSettingsString": text})
    assert plan(current, {"encoderSettingsString": text.replace("480", "360")})
    assert plan(CURRENT, {"encoderSettingsString": text}).rewritten == {}


def test_an_object_of_the_users_own_is_compared_in_full() -> None:
    """The server fills nothing into customSettings: a key that is not named there is to go."""
    current = {**CURRENT, "customSettings": {"a": {"b": 1}, "c": 2}}
    assert plan(current, {"customSettings": {"a": {"b": 1}}}).names == ["customSettings"]
    assert not plan(current, {"customSettings": {"a": {"b": 1}, "c": 2}})


NESTED = {
    "region": "eu",
    "plugin": {
        "apiKey": "key-of-a-plugin",
        "url": "https://a.example",
        "users": [{"password": "pass-of-a-user"}],
    },
    "asText": '{"webhookSecret": "secret-in-a-text", "name": "n"}',
    "passphrase": "a-phrase-of-a-test",
}
OF_NESTED = ["key-of-a-plugin", "pass-of-a-user", "secret-in-a-text", "a-phrase-of-a-test"]


def test_secrets_inside_a_setting_are_masked_by_their_names() -> None:
    """customSettings is the user's own object: what it holds was shown in changes and diffs."""
    shown = redact("customSettings", NESTED)
    assert not [secret for secret in OF_NESTED if secret in json.dumps(shown)]
    assert shown["plugin"] == {
        "apiKey": MASK,
        "url": "https://a.example",
        "users": [{"password": MASK}],
    }
    assert json.loads(shown["asText"]) == {"webhookSecret": MASK, "name": "n"}
    as_text = redact("customSettings", json.dumps(NESTED))
    assert json.loads(as_text) == {**shown}
    assert sorted(secrets_of({"customSettings": NESTED})) == sorted(OF_NESTED)
    assert sorted(secrets_of({"customSettings": json.dumps(NESTED)})) == sorted(OF_NESTED)


def test_a_value_without_secrets_is_shown_as_it_is() -> None:
    for value in ("", None, "[]", '{"a": 1}', "{broken", {"a": [1]}, ["mp4", "m3u8"], "[" * 5000):
        assert redact("customSettings", value) == value
    assert secrets_of({"customSettings": {"a": 1}, "mp4MuxingEnabled": True, "s3SecretKey": "of-a-test"}) == [
        "of-a-test"
    ]


def test_diff_says_that_a_secret_inside_is_another_one() -> None:
    """Masked, both sides of the diff are the same."""
    change = plan({"customSettings": {"token": "one"}}, {"customSettings": {"token": "another"}})
    diff = change.diff("live")
    assert diff["before"] == {"customSettings": {"token": MASK}}
    assert diff["after"] == {"customSettings": f"{MASK} (another value)"}
    assert "another'" not in str(change.redacted())
