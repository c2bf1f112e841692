# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clients of the probe, and why they get no answer: with the libraries' own errors, on loopback."""

from __future__ import annotations

import ast
import errno
import http.server
import re
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.recording_rules import Forwarding
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import (
    live_playback,
    playback,
    s3_clients,
    viewer_session,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.evidence import EvidenceCollector
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.explain_upload import Evidence
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.live_stream import LiveStream
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.network import (
    NoAnswer,
    no_answer,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.polling import Deadline
from botocore.exceptions import BotoCoreError
from botocore.loaders import JSONFileLoader
from urllib3.exceptions import InsecureRequestWarning

REPO = Path(__file__).resolve().parents[3]
WITHIN = 0.2
SETTINGS = {
    "s3AccessKey": "AKIAEXAMPLE",
    "s3SecretKey": "secret-of-a-test",
    "s3BucketName": "recordings",
    "s3RegionName": "eu-west-1",
    "s3PathStyleAccessEnabled": True,
}


class Listener:
    """A port on loopback that does with each connection what it is told, and no more."""

    def __init__(self, meet: Callable[[socket.socket], None]) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._meet = meet
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _peer = self._socket.accept()
            except OSError:
                return
            self._open.append(connection)
            self._meet(connection)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(timeout=5)
        for connection in self._open:
            connection.close()


@pytest.fixture
def listener() -> Iterator[Callable[..., Listener]]:
    made: list[Listener] = []

    def listen(meet: Callable[[socket.socket], None]) -> Listener:
        made.append(Listener(meet))
        return made[-1]

    yield listen
    for each in made:
        each.close()


def by_requests(url: str, **options: Any) -> NoAnswer:
    with pytest.raises(requests.RequestException) as caught:
        requests.get(url, timeout=WITHIN, **options)
    return no_answer(caught.value, url, WITHIN)


def by_botocore(url: str) -> NoAnswer:
    client = s3_clients.s3_client({**SETTINGS, "s3Endpoint": url}, WITHIN, provisioning=False)
    with pytest.raises(BotoCoreError) as caught:
        client.list_objects_v2(Bucket="recordings")
    return no_answer(caught.value, url, WITHIN)


@pytest.fixture(params=[by_requests, by_botocore])
def ask(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], NoAnswer]:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _seconds: None)
    asking: Callable[[str], NoAnswer] = request.param
    return asking


class TestNoAnswer:
    def test_refused(self, ask: Callable[[str], NoAnswer]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            place = f"127.0.0.1:{taken.getsockname()[1]}"
        assert ask(f"http://{place}") == NoAnswer(
            "refused", f"the connection to {place} was refused", "127.0.0.1"
        )

    def test_timeout(self, ask: Callable[[str], NoAnswer], listener: Callable[..., Listener]) -> None:
        place = listener(lambda _connection: None).place
        found = ask(f"http://{place}")
        assert (found.kind, found.words) == ("timeout", f"no answer from {place} within 0.2 s")

    def test_cut(self, ask: Callable[[str], NoAnswer], listener: Callable[..., Listener]) -> None:
        place = listener(lambda connection: connection.shutdown(socket.SHUT_RDWR)).place
        found = ask(f"http://{place}")
        assert found.kind == "cut"
        assert found.words.startswith(f"the connection to {place} broke: ")

    def test_tls(self, ask: Callable[[str], NoAnswer], listener: Callable[..., Listener]) -> None:
        place = listener(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")).place
        found = ask(f"https://{place}")
        assert found.kind == "tls"
        assert found.words.startswith(f"the TLS handshake with {place} failed: ")

    def test_dns(self, ask: Callable[[str], NoAnswer], monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(*_arguments: Any) -> Any:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        found = ask("http://store.invalid:9000")
        assert found == NoAnswer("dns", "the name store.invalid is not known to DNS", "store.invalid")

    def test_no_route(self, ask: Callable[[str], NoAnswer], monkeypatch: pytest.MonkeyPatch) -> None:
        def unreachable(*_arguments: Any, **_options: Any) -> Any:
            raise OSError(errno.EHOSTUNREACH, "No route to host")

        monkeypatch.setattr(socket.socket, "connect", unreachable)
        assert ask("http://127.0.0.1:9").words == "there is no route to 127.0.0.1:9"

    def test_proxy(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            proxy = f"http://127.0.0.1:{taken.getsockname()[1]}"
        found = by_requests("https://store.invalid", proxies={"https": proxy})
        assert found.kind == "proxy"
        assert found.words.startswith("the proxy on the way to store.invalid did not pass the request on")

    def test_the_host_that_botocore_made(self) -> None:
        settings = {**SETTINGS, "s3PathStyleAccessEnabled": False, "s3RegionName": "no-such-region"}
        client = s3_clients.s3_client(settings, WITHIN, provisioning=False)
        assert client.meta.endpoint_url == "https://s3.no-such-region.amazonaws.com"
        assert (
            no_answer(socket.gaierror(), client.meta.endpoint_url).host == "s3.no-such-region.amazonaws.com"
        )

    def test_anything_else_in_its_own_words(self) -> None:
        assert no_answer(ValueError("Invalid\n endpoint"), "x").words == "Invalid endpoint"
        assert no_answer(ValueError(), "").words == "ValueError"


class TestClients:
    def test_with_the_key_of_the_application(self) -> None:
        client = s3_clients.s3_client({**SETTINGS, "s3Endpoint": "http://store:9000"}, 7, provisioning=False)
        credentials = client._request_signer._credentials
        assert (credentials.access_key, credentials.secret_key) == ("AKIAEXAMPLE", "secret-of-a-test")
        assert client.meta.endpoint_url == "http://store:9000"
        config = client.meta.config
        assert (config.connect_timeout, config.read_timeout) == (7, 7)
        assert config.s3["addressing_style"] == "path"
        assert config.request_checksum_calculation == "when_required"

    def test_with_the_credentials_of_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # Read anew for each client, since each task may have an environment of its own.
        for key in ("AKIAFIRST", "AKIASECOND"):
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-a-test")
            monkeypatch.setenv("AWS_ENDPOINT_URL", "http://of-this-process:1")
            client = s3_clients.s3_client(SETTINGS, 1, provisioning=True)
            assert client._request_signer._credentials.access_key == key
            # AMS would not go there.
            assert client.meta.endpoint_url == "https://s3.eu-west-1.amazonaws.com"

    @pytest.mark.parametrize(
        ("endpoint", "environment", "made"),
        [
            ("", {}, "https://iam.amazonaws.com"),
            ("https://s3.eu-west-1.amazonaws.com", {}, "https://iam.amazonaws.com"),
            ("https://minio.example", {}, None),
            ("https://minio.example", {"AWS_ENDPOINT_URL_STS": "http://a:1"}, None),
            ("https://minio.example", {"AWS_ENDPOINT_URL_IAM": "http://a:1"}, "http://a:1"),
            ("https://minio.example", {"AWS_ENDPOINT_URL": "http://b:1"}, "http://b:1"),
        ],
    )
    def test_another_store_has_no_iam(
        self, monkeypatch: pytest.MonkeyPatch, endpoint: str, environment: dict[str, str], made: str | None
    ) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        client = s3_clients.environment_client("iam", {**SETTINGS, "s3Endpoint": endpoint}, 1)
        assert (client and client.meta.endpoint_url) == made

    def test_the_account_of_another_store_is_not_asked_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(s3_clients, "_session", lambda: pytest.fail("asked"))
        inquiry = EvidenceCollector({**SETTINGS, "s3Endpoint": "https://minio.example"}, 1)
        assert inquiry.about_key() == inquiry.about_user() == inquiry.about_owner() == Evidence()


def test_an_unchecked_certificate_warns_of_nothing(
    monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    """Ansible shows what a worker writes to stderr as a warning."""
    viewer = playback.Viewer("https://ams", False, 1, 0)
    visit = playback.PlaybackCheck("live", viewer, "x.mp4", Forwarding(), Forwarding(), Deadline(0))

    def insecure() -> Any:
        warnings.warn("unverified", InsecureRequestWarning, stacklevel=1)
        return requests.Response()

    visit._ask(insecure, "https://ams")
    assert not recwarn.list


class Asked:
    """A server that notes what it is sent, and sends its visitors on where it is told to."""

    def __init__(self, location: str = "") -> None:
        self.authorizations: list[str | None] = []
        made = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                made.authorizations.append(self.headers.get("Authorization"))
                self.send_response(302 if location else 200)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Nothing of it belongs to the output of a test."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def chain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Asked, Asked]]:
    """A server that redirects to another one; the .netrc has credentials for both."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password of-a-test\n")
    monkeypatch.setenv("NETRC", str(netrc))
    second = Asked()
    first = Asked(f"{second.url}/streams/x.mp4")
    yield first, second
    first.close()
    second.close()


def test_a_viewer_has_no_entry_in_netrc(chain: tuple[Asked, Asked]) -> None:
    """Nor where a redirect leads: the library would look there again."""
    first, second = chain
    with viewer_session.Browser() as browser:
        assert browser.fetch(first.url, timeout=5).status_code == 200
    assert (first.authorizations, second.authorizations) == ([None], [None])


def test_the_live_check_is_such_a_viewer(chain: tuple[Asked, Asked], monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = chain
    viewer = playback.Viewer(first.url, True, 5, 0)
    settings = {"httpForwardingBaseURL": second.url, "httpForwardingExtension": "mp4"}
    stream = LiveStream(settings, viewer, SimpleNamespace(app="live"), 1)  # type: ignore[arg-type]
    stream.path = "streams/x.mp4"
    monkeypatch.setattr(live_playback, "_stored", lambda _stream: b"")
    assert live_playback.play(stream) == "as expected, 0 bytes"
    assert (first.authorizations, second.authorizations) == ([None], [None])


def test_there_is_one_way_to_be_a_viewer() -> None:
    """A session of requests would send what .netrc has, as the live check once did."""
    makes = []
    for path in sorted((REPO / "plugins").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if re.fullmatch(r"requests\.[a-z]+|(requests\.)?[Ss]ession\(?|.*\burlopen|.*\bopen_url", called):
                makes.append((path.name, called))
    assert makes == []


@pytest.mark.parametrize("kind", ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
def test_the_key_of_ams_is_tried_where_ams_goes(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """The server knows nothing of the controller's environment; who provisions the bucket goes by it."""
    monkeypatch.setenv(kind, "true")
    by_name = {**SETTINGS, "s3PathStyleAccessEnabled": False}
    as_ams = s3_clients.s3_client(by_name, WITHIN, provisioning=False)
    assert as_ams.meta.endpoint_url == "https://s3.eu-west-1.amazonaws.com"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-a-test")
    provisioning = s3_clients.s3_client(by_name, WITHIN, provisioning=True)
    assert provisioning.meta.endpoint_url != as_ams.meta.endpoint_url
    own = {**by_name, "s3Endpoint": "http://127.0.0.1:1"}
    assert s3_clients.s3_client(own, WITHIN, provisioning=True).meta.endpoint_url == own["s3Endpoint"]


@pytest.mark.parametrize(
    ("region", "endpoint", "provisioning", "signed_for"),
    [
        ("eu-3", "http://127.0.0.1:9", False, "eu-3"),
        ("", "http://127.0.0.1:9", False, ""),
        ("", "http://127.0.0.1:9", True, "us-east-1"),
        ("", "https://0a1b.r2.cloudflarestorage.com", True, "auto"),
        ("", "", True, "eu-west-1"),
    ],
)
def test_the_region_that_is_signed_for(
    region: str, endpoint: str, provisioning: bool, signed_for: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's own key signs as the server does, whatever region this process has; that hid a fault."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-a-test")
    settings = {**SETTINGS, "s3RegionName": region, "s3Endpoint": endpoint}
    for by_path in (True, False):
        settings["s3PathStyleAccessEnabled"] = by_path
        client = s3_clients.s3_client(settings, WITHIN, provisioning=provisioning)
        seen: list[str] = []

        def stop(request: Any, seen: Any = seen.append, **_event: Any) -> None:
            seen(request.headers["Authorization"].decode())
            raise ConnectionError

        client.meta.events.register("before-send.s3", stop)
        with pytest.raises(ConnectionError):
            client.list_objects_v2(Bucket="recordings")
        assert f"/{signed_for}/s3/aws4_request" in seen[0]


# --- before a fork


def test_what_is_prepared_before_a_fork_is_not_read_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each worker read the descriptions of S3, which took as long as all of its requests."""
    s3_clients.prepare_for_fork()

    def read(_loader: Any, path: str) -> None:
        raise AssertionError(f"{path} is read again")

    monkeypatch.setattr(JSONFileLoader, "load_file", read)
    assert s3_clients.s3_client(SETTINGS, 1, provisioning=False).meta.region_name == "eu-west-1"


def test_a_wrong_setting_of_aws_is_left_to_the_check(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("no configuration")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    s3_clients.prepare_for_fork()
    with pytest.raises(BotoCoreError):
        s3_clients.s3_client(SETTINGS, 1, provisioning=False)
