# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading and writing the settings of an application, with the traps."""

from __future__ import annotations

import time
from typing import Any

import pytest

from stand_ins.ams.settings import RANDOM, defaults
from tests.contract.client import FAILED, OK, Client, Server

RENEWED = {"clusterCommunicationKey", "subscriberAuthenticationKey"}
# Every POST sets these.
SET_BY_THE_SERVER = {"updateTime", "encoderSettingsString"}


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


def test_all_fields_of_the_release_with_its_defaults(admin: Client, server: Server) -> None:
    settings, expected = admin.settings("WebRTCApp"), defaults(server.release)
    assert settings.keys() == expected.keys()
    fixed = {name: value for name, value in expected.items() if value != RANDOM}
    fixed["appName"] = "WebRTCApp"
    assert {name: settings[name] for name in fixed} == fixed
    assert all(len(settings[name]) == 32 for name in RENEWED)
    assert {name: type(settings[name]) for name in fixed} == {name: type(fixed[name]) for name in fixed}


def test_an_unknown_application(admin: Client) -> None:
    for name in ("nope", "Live", "liveapp"):
        read = admin.call("GET", f"/applications/settings/{name}")
        assert (read.status, read.body, read.kind) == (204, b"", None)
    written = admin.post("nope", admin.settings("live"))
    assert (written.status, written.message) == (500, "Request failed.")
    assert "NullPointerException" in written.text


def test_the_console_is_not_an_application(admin: Client) -> None:
    assert admin.call("GET", "/applications/settings/root").status == 500
    reply = admin.post("root", {})
    assert reply.status == 500
    assert "ClassCastException" in reply.text


def test_a_name_may_be_escaped_or_followed_by_a_slash(admin: Client) -> None:
    for name in ("Live%41pp", "LiveApp/"):
        assert admin.call("GET", f"/applications/settings/{name}").json()["appName"] == "LiveApp"


def test_without_a_name_an_application_is_made(admin: Client) -> None:
    """A client that has lost the name makes an application called settings."""
    assert admin.call("GET", "/applications/settings/").status == 405
    try:
        assert admin.call("POST", "/applications/settings/", admin.settings("live")).json() == OK
        assert "settings" in admin.call("GET", "/applications").json()["applications"]
        again = admin.call("POST", "/applications/settings", {})
        assert again.json() == FAILED | {"message": "Application with the same name already exists"}
    finally:
        gone = admin.call(
            "DELETE", "/applications/settings?deleteDB=true", headers={"Content-Type": "application/json"}
        )
    assert gone.json() == OK
    assert "settings" not in admin.call("GET", "/applications").json()["applications"]


def test_the_whole_object_posted_back_changes_nothing_but_what_the_server_sets(admin: Client) -> None:
    before = admin.settings("live")
    reply = admin.post("live", before)
    assert (reply.status, reply.kind, reply.json()) == (200, "application/json", OK)
    after = admin.settings("live")
    assert changed(before, after) <= SET_BY_THE_SERVER
    assert after["encoderSettingsString"] == "[]"
    for given in (5, after["updateTime"] + 3_600_000):
        assert admin.post("live", after | {"updateTime": given}).json() == OK
        assert abs(admin.settings("live")["updateTime"] - time.time() * 1000) < 60_000


def test_a_partial_post_resets_the_rest_and_renews_keys(admin: Client, server: Server) -> None:
    admin.change("live", {"mp4MuxingEnabled": True, "s3BucketName": "kept", "hlsListSize": "9"})
    before = admin.settings("live")
    assert admin.post("live", {"s3BucketName": "new"}).json() == OK
    after = admin.settings("live")
    expected = dict(defaults(server.release)) | {"s3BucketName": "new", "encoderSettingsString": "[]"}
    skipped = RENEWED | {"updateTime"}
    assert {name: after[name] for name in after.keys() - skipped} == {
        name: expected[name] for name in expected.keys() - skipped
    }
    assert after["appName"] == ""
    assert changed(before, after) >= RENEWED
    assert all(len(after[name]) == 32 for name in RENEWED)


def test_unknown_fields_are_dropped(admin: Client, server: Server) -> None:
    assert admin.post("live", admin.settings("live") | {"noSuchSetting": 1, "S3BucketName": "x"}).json() == OK
    after = admin.settings("live")
    assert after.keys() == defaults(server.release).keys()
    assert after["s3BucketName"] == ""


def test_nonsense_is_accepted(admin: Client) -> None:
    nonsense = {
        "s3RegionName": "nowhere",
        "s3Permission": "nonsense",
        "httpForwardingExtension": "mp4, m3u8",
        "uploadExtensionsToS3": 9,
        "httpForwardingBaseURL": " https://x//",
        "s3StreamsFolderPath": "/a/",
    }
    admin.change("live", nonsense)
    after = admin.settings("live")
    assert {name: after[name] for name in nonsense} == nonsense


@pytest.mark.parametrize(
    ("field", "given", "stored"),
    [
        ("hlsListSize", "3", "5"),
        ("hlsListSize", None, "5"),
        ("hlsListSize", 7, "7"),
        ("hlsListSize", "05", "05"),
        ("hlsTime", "0", "1"),
        ("hlsTime", None, "1"),
        ("hlsTime", 2, "2"),
        ("mp4MuxingEnabled", "true", True),
        ("mp4MuxingEnabled", "TRUE", True),
        ("mp4MuxingEnabled", 1, True),
        ("mp4MuxingEnabled", "", False),
        ("s3RecordingEnabled", None, False),
        ("hlsMuxingEnabled", None, False),
        ("hlsMuxingEnabled", 0, False),
        ("uploadExtensionsToS3", "3", 3),
        ("uploadExtensionsToS3", " 4 ", 4),
        ("uploadExtensionsToS3", 2.7, 2),
        ("uploadExtensionsToS3", None, 0),
        ("uploadExtensionsToS3", "", 0),
        ("s3TransferBufferSizeInBytes", "123", 123),
        ("s3BucketName", 5, "5"),
        ("s3BucketName", True, "true"),
        ("s3BucketName", 1.25, "1.25"),
        ("s3BucketName", 'bücket "ü" \n', 'bücket "ü" \n'),
        ("s3AccessKey", None, None),
        ("s3CacheControl", None, None),
        ("httpForwardingBaseURL", "https://x/y/", "https://x/y/"),
        ("clusterCommunicationKey", None, None),
        ("abrUpScalePacketLostRatio", "0.5", 0.5),
        ("customSettings", {"a": {"b": 1}}, {"a": {"b": 1}}),
        ("customSettings", None, None),
        ("encoderSettings", None, []),
        ("appName", "other", "other"),
    ],
)
def test_how_a_value_is_stored(admin: Client, field: str, given: object, stored: object) -> None:
    before = admin.settings("live")
    assert admin.post("live", before | {field: given}).json() == OK
    after = admin.settings("live")
    assert (after[field], type(after[field])) == (stored, type(stored))
    assert changed(before, after) <= SET_BY_THE_SERVER | {field}


def test_fractions_keep_their_digits_in_a_text(admin: Client) -> None:
    assert admin.post("live", '{"s3BucketName": 1.50, "s3Endpoint": 1e3}').json() == OK
    after = admin.settings("live")
    assert (after["s3BucketName"], after["s3Endpoint"]) == ("1.50", "1e3")


def test_encoders_are_kept_as_a_text(admin: Client) -> None:
    encoder = {"height": 240, "videoBitrate": 300000, "audioBitrate": 64000, "forceEncode": True}
    text = '[{"videoBitrate":300000,"forceEncode":true,"audioBitrate":64000,"height":240}]'
    admin.change("live", {"encoderSettings": [encoder]})
    after = admin.settings("live")
    assert (after["encoderSettings"], after["encoderSettingsString"]) == ([encoder], text)
    assert admin.post("live", {"encoderSettingsString": text}).json() == OK
    assert admin.settings("live")["encoderSettings"] == [encoder]
    # In a whole object the list comes last, and wins.
    admin.change("live", {"encoderSettings": []})
    admin.change("live", {"encoderSettingsString": text})
    assert admin.settings("live")["encoderSettings"] == []


@pytest.mark.parametrize(
    "values",
    [
        {"encoderSettings": [{"height": 0}]},
        {"playTokenControlEnabled": True, "playJwtControlEnabled": True},
        {"publishTokenControlEnabled": True, "enableTimeTokenForPublish": True},
    ],
)
def test_some_settings_are_refused_with_status_200(admin: Client, values: dict[str, Any]) -> None:
    before = admin.settings("live")
    reply = admin.post("live", before | values | {"s3BucketName": "not-stored"})
    assert (reply.status, reply.json()) == (200, FAILED)
    assert admin.settings("live") == before


@pytest.mark.parametrize(
    ("field", "given"), [("hlsListSize", "abc"), ("hlsListSize", ""), ("hlsTime", "1.5"), ("hlsTime", "2s")]
)
def test_some_settings_make_the_server_fail(admin: Client, field: str, given: str) -> None:
    before = admin.settings("live")
    reply = admin.post("live", before | {field: given})
    assert (reply.status, reply.message) == (500, "Request failed.")
    assert f"NumberFormatException: For input string: &quot;{given}&quot;" in reply.text
    assert admin.settings("live") == before


@pytest.mark.parametrize("body", ["", "null"])
def test_no_settings_at_all(admin: Client, body: str) -> None:
    before = admin.settings("live")
    assert admin.post("live", body).status == 500
    assert admin.settings("live") == before


def test_the_last_of_two_values_counts(admin: Client) -> None:
    assert admin.post("live", '{"s3BucketName": "a", "s3BucketName": "b"}').json() == OK
    assert admin.settings("live")["s3BucketName"] == "b"


def test_a_byte_order_mark_is_no_fault(admin: Client) -> None:
    assert admin.post("live", b"\xef\xbb\xbf{}").json() == OK
