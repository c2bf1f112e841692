# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A task that only reads asks AWS for nothing twice, but for what it waits for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import calls
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.kept_answers import KeptAnswers
from botocore.exceptions import ClientError


class Client:
    """Answers with the number of the request, or with an error."""

    def __init__(self, code: str = "") -> None:
        self.sent: list[str] = []
        self.code = code
        self.answer = KeptAnswers(self._send).answer

    def _send(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self.sent.append(operation)
        if self.code:
            raise ClientError({"Error": {"Code": self.code}}, operation)
        return {"number": len(self.sent), "listed": list(arguments)}


def test_the_same_read_is_sent_once() -> None:
    client = Client()
    for _time in range(2):
        assert client.answer("GetUser", {"UserName": "a"})["number"] == 1
    assert client.answer("GetUser", {"UserName": "b"})["number"] == 2
    assert client.answer("GetLoginProfile", {"UserName": "a"})["number"] == 3


def test_nobody_changes_the_answer_of_another() -> None:
    client = Client()
    client.answer("GetUser", {"UserName": "a"})["listed"].clear()
    assert client.answer("GetUser", {"UserName": "a"})["listed"] == ["UserName"]


def test_an_error_is_an_answer() -> None:
    client = Client("NoSuchEntity")
    for _time in range(2):
        with pytest.raises(ClientError, match="NoSuchEntity"):
            client.answer("GetUser", {})
    assert client.sent == ["GetUser"]


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("CreateUser", {}),
        ("ListObjectsV2", {"ContinuationToken": "t"}),
        ("ListObjectVersions", {"KeyMarker": "k"}),
    ],
    ids=["a write", "a later page", "a later page of versions"],
)
def test_what_is_not_kept(operation: str, arguments: dict[str, Any]) -> None:
    client = Client()
    assert [client.answer(operation, arguments)["number"] for _time in range(2)] == [1, 2]


def test_what_is_waited_for_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    client = Client()

    def third() -> bool | None:
        return True if client.answer("GetUser", {})["number"] == 3 else None

    assert calls.poll(third, 60) is True
    assert client.answer("GetUser", {})["number"] == 3


def test_a_call_that_is_tried_again_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client("NoSuchBucket")
    monkeypatch.setattr("time.sleep", lambda _seconds: setattr(client, "code", ""))
    answer = calls.call_aws(
        "Reading", lambda: client.answer("GetBucketCors", {}), needs="", retry_on=calls.S3_TRANSIENT
    )
    assert answer["number"] == 2
