# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A server that somebody has taken over: its settings and its answers are a stranger's data."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import (
    viewer_session as _viewer_session,
)
from ansible_collections.antmedia.s3_recording.plugins.modules import recording_check

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn
from tests.harness.playbook import run_playbook

BUCKET = "asked-for"
TOKEN = "session-token-of-a-test"


class Stranger:
    """An address that notes all that it is sent, and sends visitors on."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.location = ""
        made = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def _note(self) -> None:
                made.asked.append((self.command, self.path, dict(self.headers.items())))
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(302 if made.location else 200)
                if made.location:
                    self.send_header("Location", made.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Nothing of it belongs to the output of a test."""

        for method in ("GET", "PUT", "HEAD", "DELETE", "OPTIONS", "POST"):
            setattr(Handler, f"do_{method}", Handler._note)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    made = Stranger()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="module")
def asked(aws: AwsStandIn) -> dict[str, Any]:
    """The settings that an application is asked to have, with a key that may write there."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
    key = aws.make_user(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    )
    return {
        "s3RecordingEnabled": True,
        "s3BucketName": BUCKET,
        "s3RegionName": aws.region,
        "s3Endpoint": aws.endpoint_url,
        "s3PathStyleAccessEnabled": True,
        "s3Permission": "bucket-owner-full-control",
        "s3StreamsFolderPath": "streams",
        "s3AccessKey": key.access_key_id,
        "s3SecretKey": key.secret_access_key,
        "httpForwardingExtension": "",
        "httpForwardingBaseURL": "",
    }


def check(fleet: Fleet, expected: dict[str, Any], **options: Any) -> dict[str, Any]:
    host = fleet.hosts[0]
    apps = [{"name": "live", "settings": expected}]
    given = {"url": host.url, "email": host.email, "password": host.password, "apps": apps, **options}
    spec = recording_check.ARGUMENT_SPEC
    params = {name: option.get("default") for name, option in spec.items()} | {"wait_timeout": 0} | given
    return recording_check.run(params, False)


def broken(result: dict[str, Any]) -> list[str]:
    return [link["check"] for link in result["checks"] if not link["ok"]]


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch, aws: AwsStandIn) -> None:
    """Those of the run, with a session token, and no word of where they are for."""
    for name, value in aws.env().items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("names", [True, False], ids=["asked for", "nothing asked for"])
def test_an_endpoint_of_its_own(
    fleet: Fleet, stranger: Stranger, asked: dict[str, Any], names: bool, live: bool
) -> None:
    """The controller sent it a DELETE that was signed with the credentials of the run, by plain http."""
    fleet.set_settings(0, "live", {**asked, "s3Endpoint": stranger.url})
    result = check(fleet, asked if names else {}, live=live)
    assert broken(result) == ["settings"]
    (link,) = result["checks"]
    assert link["actual"] == f"s3Endpoint='{stranger.url}'"
    assert asked["s3SecretKey"] not in str(result)
    assert stranger.asked == []


@pytest.mark.usefixtures("credentials")
def test_a_bucket_of_its_own(fleet: Fleet, aws: AwsStandIn, asked: dict[str, Any]) -> None:
    """What the credentials of the run can reach, the server could have had deleted from and written to."""
    fleet.set_settings(0, "live", {**asked, "s3BucketName": "another"})
    before = len(aws.requests())
    result = check(fleet, asked)
    assert broken(result) == ["settings"]
    assert "s3BucketName='another'" in result["msg"]
    assert len(aws.requests()) == before


@pytest.mark.usefixtures("credentials")
def test_viewers_sent_to_a_place_of_its_own(fleet: Fleet, stranger: Stranger, asked: dict[str, Any]) -> None:
    forwarding = {"httpForwardingExtension": "mp4", "httpForwardingBaseURL": "https://cdn.example.com"}
    fleet.set_settings(0, "live", {**asked, **forwarding, "httpForwardingBaseURL": stranger.url})
    assert broken(check(fleet, {**asked, **forwarding})) == ["settings"]
    assert stranger.asked == []


@pytest.mark.parametrize("place", ["http://169.254.169.254/latest/meta-data/iam", "http://[fe80::1]/"])
def test_a_cdn_that_sends_viewers_to_a_metadata_service(
    fleet: Fleet,
    stranger: Stranger,
    asked: dict[str, Any],
    place: str,
    aws: AwsStandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was asked, and what it answered stood in the result."""
    for name, value in aws.env().items():
        monkeypatch.setenv(name, value)
    stranger.location = place
    forwarding = {"httpForwardingExtension": "mp4", "httpForwardingBaseURL": stranger.url}
    fleet.set_settings(0, "live", {**asked, **forwarding})
    result = check(fleet, {**asked, **forwarding})
    assert broken(result) == ["get"]
    (got,) = [link for link in result["checks"] if link["check"] == "get"]
    assert f"a loopback address redirects viewers to {place}, which is a link-local address" in got["actual"]


def test_a_public_server_that_sends_viewers_to_loopback(
    fleet: Fleet,
    stranger: Stranger,
    asked: dict[str, Any],
    aws: AwsStandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A base URL that nobody asked for is the word of the server alone. It was followed there."""
    for name, value in aws.env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(
        _viewer_session.Browser, "beyond", lambda _self, _url: _viewer_session.Browser("a public")
    )
    forwarding = {"httpForwardingExtension": "mp4", "httpForwardingBaseURL": stranger.url}
    fleet.set_settings(0, "live", {**asked, **forwarding})
    result = check(fleet, {})
    assert broken(result) == ["get"]
    assert "which is a loopback address" in result["msg"]
    assert stranger.asked == []


def test_what_a_server_answers_is_no_template(fleet: Fleet, tmp_path: Path) -> None:
    """Neither registered, nor as a fact, nor looked up for a host: the controller would run it."""
    mark = tmp_path / "made-by-a-server"
    text = "{{ lookup('ansible.builtin.pipe', 'touch " + str(mark) + "') }}"
    fleet.set_settings(0, "live", {"s3BucketName": text})
    fleet.set_live(0, "live", [text])
    host = fleet.hosts[0]
    read: dict[str, Any] = {"url": host.url, "email": host.email, "password": host.password}
    read |= {"apps": ["live"], "live_streams": True, "settings": ["s3BucketName"]}
    tasks = [
        {"name": "Read", "antmedia.s3_recording.ams_server_info": read, "register": "answered"},
        {"name": "Keep", "ansible.builtin.set_fact": {"kept": "{{ answered }}"}},
        {
            "name": "Combine",
            "ansible.builtin.set_fact": {
                "combined": "{{ hostvars[inventory_hostname].kept | dict2items | list }}"
            },
        },
        {
            "name": "Show",
            "ansible.builtin.debug": {"msg": ["{{ answered }}", "{{ kept }}", "{{ combined }}"]},
        },
    ]
    run = run_playbook([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}])
    assert str(run.task("Show")["msg"]).count("touch") >= 3
    assert not mark.exists()
