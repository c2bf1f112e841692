# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""recording_check with live: true, on a simulated and on a real server: the whole way, and what breaks it."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest

from stand_ins.ams import Fleet
from stand_ins.ansible_environment import BIN
from stand_ins.aws import AwsStandIn
from stand_ins.real_ams import RealAms, unavailable
from stand_ins.waiting import wait_for
from tests.harness.playbook import LOCALHOST, PlaybookRun, UnexpectedRun, environment, run_playbook

MODULE = "antmedia.s3_recording.recording_check"
PATIENCE = 120
# Seconds for what does not come.
SHORT = 8
# A real server on a busy machine refuses to start a stream; then it is tried from the beginning.
ATTEMPTS = 10
REFUSED = "the start was refused"
FOLDER = "live/streams"
HALF = ["settings", "list", "head", "put"]
VIEWER = ["redirect", "get", "range", "hls-upload"]
LIVE = ["live source", "live pull", "live recording", "live upload", "live playback", "live removal"]
RIGHTS = ("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:PutObjectAcl")
# Nobody but a proxy of the controller's knows it.
ONLY_HERE = "only-here"


class Server(Protocol):
    """What the simulated and the real server have in common."""

    url: str
    email: str
    password: str

    def settings(self, app: str) -> dict[str, Any]:
        """All of an application."""

    def change_settings(self, app: str, changes: Mapping[str, Any]) -> None:
        """As somebody else would."""

    def streams(self, app: str) -> list[dict[str, Any]]:
        """Those of the application's list."""

    def recordings(self, app: str) -> list[dict[str, Any]]:
        """Those of the application's list of VoDs."""

    def files(self, app: str) -> list[str]:
        """In the application's folder."""


class Simulated:
    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        host = fleet.hosts[0]
        self.url, self.email, self.password = host.url, host.email, host.password

    def settings(self, app: str) -> dict[str, Any]:
        return self.fleet.settings(0, app)

    def change_settings(self, app: str, changes: Mapping[str, Any]) -> None:
        self.fleet.set_settings(0, app, {**changes, "updateTime": time.time_ns()})

    def streams(self, app: str) -> list[dict[str, Any]]:
        return self.fleet.broadcasts(0, app)

    def recordings(self, app: str) -> list[dict[str, Any]]:
        return self.fleet.recordings(0, app)

    def files(self, app: str) -> list[str]:
        return self.fleet.files(0, app)


class Site:
    """A server, a bucket of its own, and a key that may do what an application needs."""

    def __init__(self, server: Server, aws: AwsStandIn) -> None:
        self.server, self.aws = server, aws
        self.bucket = f"live-{uuid.uuid4().hex[:12]}"
        self.s3 = aws.client("s3")
        place = {"LocationConstraint": aws.region}
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration=place)
        self.files_before = set(server.files("live"))
        # Another test of the same server may have left some in its list.
        self.recordings_before = self.recordings()

    def configure(self, rights: tuple[str, ...] = RIGHTS, /, **more: Any) -> None:
        resources = [f"arn:aws:s3:::{self.bucket}", f"arn:aws:s3:::{self.bucket}/*"]
        allowed = {"Effect": "Allow", "Action": rights, "Resource": resources}
        key = self.aws.make_user({"Version": "2012-10-17", "Statement": [allowed]})
        settings = {
            "mp4MuxingEnabled": True,
            "s3RecordingEnabled": True,
            "s3BucketName": self.bucket,
            "s3RegionName": self.aws.region,
            "s3Endpoint": self.aws.endpoint_url,
            "s3PathStyleAccessEnabled": True,
            "s3Permission": "bucket-owner-full-control",
            "s3StreamsFolderPath": FOLDER,
            "s3AccessKey": key.access_key_id,
            "s3SecretKey": key.secret_access_key,
            "httpForwardingExtension": "",
            "httpForwardingBaseURL": "",
            # In a failure its files would stay on the server's disk.
            "hlsMuxingEnabled": False,
        }
        self.server.change_settings("live", settings | more)

    def forward_to(self, base: str) -> dict[str, str]:
        """The settings of public delivery, and the bucket made public."""
        closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        blocked = dict.fromkeys(closed, False)
        self.s3.put_public_access_block(Bucket=self.bucket, PublicAccessBlockConfiguration=blocked)
        everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
        statement = {**everybody, "Resource": f"arn:aws:s3:::{self.bucket}/{FOLDER}/*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(policy))
        return {"httpForwardingExtension": "mp4", "httpForwardingBaseURL": f"{base}/{self.bucket}/live"}

    def task(self, **options: Any) -> dict[str, Any]:
        who = {"url": self.server.url, "email": self.server.email, "password": self.server.password}
        wish = {"apps": [{"name": "live"}], "live": True, "live_timeout": 120, "wait_timeout": 0}
        return {"name": "Check", MODULE: {**who, **wish, **options}}

    def check(
        self,
        *,
        task: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        broken: list[str] | None = None,
        half: bool = False,
        fault: Mapping[str, Any] | None = None,
        warns: Sequence[str] = (),
        **options: Any,
    ) -> PlaybookRun:
        """Runs the module; broken: the links that must not hold, half: some of the probe's upload.

        fault: what the store refuses, counted from the beginning of the run. warns: of what it must warn.
        """
        tasks = [{**self.task(**options), **(task or {})}]
        for attempt in range(ATTEMPTS):
            self.aws.clear_faults()
            if fault:
                self.aws.fault(**fault)
            try:
                run = run_playbook(
                    [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}],
                    env={**self.aws.env(), **(env or {})},
                    verbosity=4,
                    expected_rc=None,
                    expected_warnings=warns,
                )
                break
            except UnexpectedRun as error:
                if isinstance(self.server, Simulated) or warns or REFUSED not in str(error):
                    raise
                if attempt == ATTEMPTS - 1:
                    raise
        assert "X-Amz-Signature" not in run.output
        assert self.server.password not in json.dumps([each.result for each in run.results])
        found = [each["check"] for each in links(run) if not each["ok"]]
        assert set(found) <= set(HALF) if half else found == (broken or []), run.describe()
        assert run.rc == (2 if broken or half else 0), run.describe()
        return run

    def keys(self) -> list[str]:
        listed = self.s3.list_object_versions(Bucket=self.bucket)
        return [each["Key"] for kind in ("Versions", "DeleteMarkers") for each in listed.get(kind, [])]

    def recordings(self) -> set[str]:
        return {each["vodName"] for each in self.server.recordings("live")}

    def left(self) -> dict[str, Any]:
        """What a check that removes everything has not removed."""
        found = {
            "objects": self.keys(),
            "broadcasts": [each["streamId"] for each in self.server.streams("live")],
            "recordings": sorted(self.recordings() - self.recordings_before),
            "files": sorted(set(self.server.files("live")) - self.files_before),
        }
        return {what: names for what, names in found.items() if names}


def links(run: PlaybookRun) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run.task("Check")["checks"]
    return found


def link(run: PlaybookRun, name: str) -> dict[str, Any]:
    (found,) = [each for each in links(run) if each["check"] == name]
    return found


def until(holds: Callable[[], Any]) -> Any:
    return wait_for(holds, PATIENCE, 0.05)


@pytest.fixture(scope="module")
def simulated() -> Iterator[Fleet]:
    with Fleet(hosts=1) as fleet:
        yield fleet


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real_ams)])
def site(request: pytest.FixtureRequest, aws: AwsStandIn) -> Iterator[Site]:
    if request.param == "simulated":
        fleet: Fleet = request.getfixturevalue("simulated")
        fleet.reset()
        server: Server = Simulated(fleet)
    else:
        server = request.getfixturevalue("real_ams")
    before = server.settings("live")
    aws.clear_faults()
    yield Site(server, aws)
    aws.clear_faults()
    server.change_settings("live", before)


@pytest.fixture
def fleet_site(simulated: Fleet, aws: AwsStandIn) -> Iterator[tuple[Site, Fleet]]:
    """For what no real server can be made to do."""
    simulated.reset()
    aws.clear_faults()
    yield Site(Simulated(simulated), aws), simulated
    aws.clear_faults()


class Between(http.server.BaseHTTPRequestHandler):
    """Passes every request on to one place: a CDN before it, or a proxy that finds it under any name."""

    place = ""

    def _pass_on(self) -> None:
        target = urlsplit(self.path)
        asked = f"{target.path}?{target.query}" if target.query else target.path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        connection = http.client.HTTPConnection(self.place, timeout=30)
        connection.request(self.command, asked, body or None, dict(self.headers.items()))
        response = connection.getresponse()
        content = response.read()
        connection.close()
        content = self.seen(asked, content)
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in {"transfer-encoding", "content-length", "date", "server", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else content)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = do_OPTIONS = _pass_on  # noqa: N815

    def seen(self, _path: str, content: bytes) -> bytes:
        """What is answered instead of this."""
        return content

    def log_message(self, *_arguments: object) -> None:
        """Nothing of it belongs to the output of a test."""


class Bystander:
    """A server of the test's own, in a thread. instead: what it answers to a viewer of the live recording."""

    def __init__(self, place: str) -> None:
        self.bodies: dict[str, bytes] = {}
        self.instead: bytes | None = None
        made, bodies = self, self.bodies

        class Handler(Between):
            def seen(self, path: str, content: bytes) -> bytes:
                if self.command != "GET" or "/live-check-" not in path:
                    return content
                bodies[path] = content
                return content if made.instead is None else made.instead

        Handler.place = place
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def bystander(aws: AwsStandIn) -> Iterator[Bystander]:
    """In front of the store."""
    made = Bystander(urlsplit(aws.endpoint_url).netloc)
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


# --- the whole way


def test_a_viewer_gets_a_playable_recording_of_the_server_and_nothing_stays(
    site: Site, bystander: Bystander, tmp_path: Path
) -> None:
    site.configure(**site.forward_to(bystander.url), hlsMuxingEnabled=True)
    run = site.check()
    assert [each["check"] for each in links(run)] == [*HALF, *VIEWER, "remove", *LIVE]
    assert run.task("Check")["msg"] == "live: all 15 checks passed"
    assert not run.task("Check").changed
    assert site.left() == {}
    assert link(run, "live playback")["expected"].startswith(f"302 to {bystander.url}/{site.bucket}/live/")
    # What the viewer got, from a CDN before the bucket.
    (played,) = bystander.bodies.values()
    recording = tmp_path / "recording.mp4"
    recording.write_bytes(played)
    shown = ["-show_entries", "stream=codec_type,codec_name:format=duration", "-of", "json"]
    probed = subprocess.run(
        ["ffprobe", "-v", "error", *shown, str(recording)], capture_output=True, text=True, check=True
    )
    assert probed.stderr == ""
    found = json.loads(probed.stdout)
    codecs = {stream["codec_type"]: stream["codec_name"] for stream in found["streams"]}
    assert codecs == {"video": "h264", "audio": "aac"}
    assert float(found["format"]["duration"]) == pytest.approx(6, abs=0.5)


def test_private_delivery_reads_from_the_bucket(site: Site) -> None:
    site.configure()
    run = site.check()
    assert [each["check"] for each in links(run)] == [*HALF, "hls-upload", "remove", *LIVE]
    assert "as the application does not forward mp4" in link(run, "live playback")["expected"]
    assert site.left() == {}


def test_versions_and_sub_folders_are_removed_too(site: Site) -> None:
    enabled = {"Status": "Enabled"}
    site.s3.put_bucket_versioning(Bucket=site.bucket, VersioningConfiguration=enabled)
    # A key that may delete leaves a mark when AMS deletes the recording.
    site.configure((*RIGHTS, "s3:DeleteObject"), subFolder="%m/%s/x", hlsMuxingEnabled=True)
    run = site.check()
    name = link(run, "live recording")["actual"].partition(".mp4")[0].rpartition("/")[2]
    assert link(run, "live upload")["expected"].startswith(f"{FOLDER}/{name}/x/{name}.mp4")
    assert site.left() == {}


def test_shipped_to_a_target_it_is_the_same(fleet_site: tuple[Site, Fleet]) -> None:
    site, _fleet = fleet_site
    site.configure()
    # A task that is to run in the background is never run in process.
    run = site.check(task={"async": 120, "poll": 1})
    assert [each["check"] for each in links(run)][-6:] == LIVE
    assert site.left() == {}


def test_two_pulls_leave_nothing_either(fleet_site: tuple[Site, Fleet]) -> None:
    """A server whose answers are slow has pulled twice before it is stopped."""
    site, fleet = fleet_site
    site.configure(hlsMuxingEnabled=True)
    fleet.fault(0, "slow", method="GET", path=r"broadcasts/live-check-\w+$", times=1, seconds=4)
    run = site.check()
    assert [each["check"] for each in links(run)][-6:] == LIVE
    assert site.left() == {}


def test_a_release_without_hls_parameters_is_waited_for(fleet_site: tuple[Site, Fleet]) -> None:
    site, fleet = fleet_site
    site.configure(hlsMuxingEnabled=True, hlsTime="1", hlsListSize="5")
    said = 'Unrecognized field "hlsParameters" (class io.antmedia.datastore.db.types.Broadcast), not marked'
    refusal: dict[str, Any] = {"status": 400, "body": said, "content_type": "text/plain"}
    fleet.fault(0, "status", method="POST", path="broadcasts/create", times=1, **refusal)
    begun = time.monotonic()
    site.check()
    assert time.monotonic() - begun > 5
    assert site.left() == {}


def test_a_busy_server_is_asked_again(fleet_site: tuple[Site, Fleet]) -> None:
    site, fleet = fleet_site
    site.configure()
    busy = {"success": False, "message": "Not enough resource on server to start streaming."}
    refusal: dict[str, Any] = {"status": 200, "body": json.dumps(busy), "content_type": "application/json"}
    fleet.fault(0, "status", method="POST", path="/start$", times=2, **refusal)
    run = site.check()
    assert (
        "after 2 refusals: Not enough resource on server to start streaming"
        in link(run, "live pull")["actual"]
    )
    fleet.fault(0, "status", method="POST", path="/start$", **refusal)
    warning = not_made(site, live_timeout=3)
    assert "the start was refused: Not enough resource on server to start streaming (" in warning
    assert "times in 3 s" in warning
    assert "server.cpu_limit" in warning


# --- what keeps the check from being made: a warning, and no word of anything that is left


def not_made(site: Site, *warns: str, **options: Any) -> str:
    """Runs a check that cannot be made live; what it says of that. warns: of what it must warn beside."""
    run = site.check(warns=["the live check could not be made", *warns], **options)
    check = run.task("Check")
    assert check["msg"].endswith("checks passed; not tried: live check")
    found = link(run, "live check")
    assert (found["ok"], found["tried"]) == (True, False)
    assert [each["check"] for each in links(run) if each["check"] in HALF] == HALF
    assert "jwtServerSecretKey" not in run.output
    assert "by hand" not in json.dumps(check.result)
    assert site.left() == {}
    warning: str = found["warning"]
    return warning


@pytest.mark.real_ams
def test_a_real_server_that_is_busy(aws: AwsStandIn) -> None:
    """What nothing is wrong with is not taken back: the server takes no stream above its own limit of CPU."""
    reason = unavailable()
    if reason:
        pytest.skip(reason)
    # Lower the server does not go; the machine is kept above it.
    limits = {"server.cpu_limit": "10", "server.memory_limit_percentage": "10"}
    with RealAms(properties=limits) as ams, kept_busy():
        site = Site(ams, aws)
        site.configure()
        assert until(lambda: refuses_streams(ams))
        warning = not_made(site, live_timeout=3)
    assert "the start was refused: Not enough resource on server" in warning
    assert "server.cpu_limit" in warning


@contextlib.contextmanager
def kept_busy() -> Iterator[None]:
    """A quarter of the machine, whatever else it does."""
    burning = [sys.executable, "-c", "while True: pass"]
    started = [subprocess.Popen(burning) for _each in range(max(1, (os.cpu_count() or 1) // 4))]
    try:
        yield
    finally:
        for each in started:
            each.kill()
            each.wait()


def refuses_streams(ams: RealAms) -> bool:
    """Its load is a mean of some seconds."""
    api = "/request?_path=live/rest/v2/broadcasts"
    wish = {"streamId": "busy", "type": "streamSource", "streamUrl": "http://127.0.0.1:1/none.mp4"}
    ams.call("POST", f"{api}/create", wish)
    answer = ams.call("POST", f"{api}/busy/start")
    ams.call("DELETE", f"{api}/busy")
    return "resource" in str(answer.get("message"))


def test_an_application_with_jwt_control_is_given_its_own_token(site: Site) -> None:
    """The settings hold the secret; neither it nor a token of it is shown."""
    secret = "a-secret-of-the-application-alone"
    site.configure(jwtControlEnabled=True, jwtSecretKey=secret)
    run = site.check()
    site.server.change_settings("live", {"jwtControlEnabled": False})
    assert [each["check"] for each in links(run)] == [*HALF, "hls-upload", "remove", *LIVE]
    shown = json.dumps([each.result for each in run.results]) + run.output
    assert secret not in shown
    # What every token with this head begins with.
    assert "eyJhbGciOi" not in shown
    assert site.left() == {}


def test_an_application_whose_token_is_signed_elsewhere(site: Site) -> None:
    site.configure(jwtControlEnabled=True, jwtSecretKey="unused", jwksURL="http://127.0.0.1:1")
    with opened(site, jwtControlEnabled=False, jwksURL=""):
        warning = not_made(site)
    assert "Invalid App JWT Token" in warning
    assert "signed elsewhere (jwksURL)" in warning


def test_an_application_that_wants_a_token_and_has_no_secret(site: Site) -> None:
    site.configure(jwtControlEnabled=True, jwtSecretKey="")
    with opened(site, jwtControlEnabled=False):
        assert "has no jwtSecretKey" in not_made(site)


def test_an_ip_filter_that_excludes_loopback(site: Site) -> None:
    site.configure(ipFilterEnabled=True, remoteAllowedCIDR="10.0.0.0/8")
    with opened(site, ipFilterEnabled=False, remoteAllowedCIDR="127.0.0.1"):
        warning = not_made(site, "remoteAllowedCIDR allows 10.0.0.0/8", "X-Forwarded-For: 10.0.0.1")
    assert "Not allowed IP" in warning
    assert "(remoteAllowedCIDR '10.0.0.0/8') blocks 127.0.0.1" in warning


@contextlib.contextmanager
def opened(site: Site, **settings: Any) -> Iterator[None]:
    """Once the check is over the application answers the test again, before what is left is looked for."""
    looked = site.left

    def left() -> dict[str, Any]:
        site.server.change_settings("live", settings)
        return looked()

    site.left = left  # type: ignore[method-assign]
    yield
    site.left = looked  # type: ignore[method-assign]


def test_a_user_of_one_application_who_may_not_make_broadcasts(fleet_site: tuple[Site, Fleet]) -> None:
    site, fleet = fleet_site
    site.configure()
    fleet.add_user(0, "reader@example.com", "may-only-read", appNameUserType={"live": "READ_ONLY"})
    warning = not_made(site, email="reader@example.com", password="may-only-read")
    assert "Creating a broadcast in application 'live'" in warning
    assert "Not allowed to access this resource" in warning


def test_an_application_whose_streams_are_limited(fleet_site: tuple[Site, Fleet]) -> None:
    """The server would stop the one stream more."""
    site, fleet = fleet_site
    site.configure(ingestingStreamLimit=3)
    busy: dict[str, Any] = {"status": 200, "body": '{"number": 3}', "content_type": "application/json"}
    fleet.fault(0, "status", path="active-live-stream-count", **busy)
    assert "allows 3 streams at once (ingestingStreamLimit) and has 3" in not_made(site)


# --- what breaks


def not_tried(run: PlaybookRun) -> bool:
    message = run.task("Check")["msg"]
    return "live: live was not tried" in message and not any(
        each["check"].startswith("live ") for each in links(run)
    )


def test_with_acls_disabled_live_is_not_tried(site: Site) -> None:
    enforced = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    site.s3.put_bucket_ownership_controls(Bucket=site.bucket, OwnershipControls=enforced)
    site.configure(s3Permission="public-read")
    run = site.check(half=True)
    assert "ACLs are disabled" in run.task("Check")["msg"]
    assert not_tried(run)
    assert site.left() == {}


def test_without_list_bucket_live_is_not_tried(site: Site) -> None:
    site.configure(tuple(right for right in RIGHTS if right != "s3:ListBucket"))
    run = site.check(half=True)
    assert "s3:ListBucket" in run.task("Check")["msg"]
    assert not_tried(run)
    assert site.left() == {}


def test_with_an_unknown_key_live_is_not_tried(site: Site) -> None:
    site.configure(s3AccessKey="AKIAIOSFODNN7EXAMPLE")
    run = site.check(half=True)
    assert not_tried(run)
    assert site.left() == {}


def test_a_server_that_does_not_reach_the_endpoint_is_named(site: Site, bystander: Bystander) -> None:
    site.configure(s3Endpoint=f"http://{ONLY_HERE}")
    proxy = {"HTTP_PROXY": bystander.url, "NO_PROXY": urlsplit(site.server.url).hostname or ""}
    asked = [{"name": "live", "settings": {"s3Endpoint": f"http://{ONLY_HERE}"}}]
    # What is uploaded to the server itself does not reach the endpoint either.
    warns = ["said whether strangers have access"]
    run = site.check(env=proxy, broken=["live pull"], apps=asked, warns=warns)
    pull = link(run, "live pull")
    assert pull["actual"] == "the server could not read the clip: Input/output error"
    assert "reach the bucket's endpoint" in pull["remedy"]
    assert site.left() == {}


def test_an_upload_that_the_store_refuses_is_named(site: Site) -> None:
    """As with a policy that differs for what the server sends; the probe and the clip come through."""
    site.configure()
    denied = {"action": "s3:PutObject", "code": "AccessDenied", "status": 403, "skip": 2, "count": 100}
    run = site.check(fault=denied, live_timeout=SHORT, broken=["live upload"])
    upload = link(run, "live upload")
    assert upload["actual"].startswith(f"nothing within {SHORT} s; the list of recordings has streams/")
    assert "AmazonS3Exception" in upload["remedy"]
    assert site.left() == {}


def test_a_recording_that_the_server_cannot_finish_is_named(site: Site) -> None:
    """It looks for the key before an upload and makes nothing of the recording when it may not."""
    site.configure()
    denied = {"action": "s3:HeadObject", "code": "AccessDenied", "status": 403, "skip": 1, "count": 1}
    run = site.check(fault=denied, live_timeout=SHORT, broken=["live recording"])
    recording = link(run, "live recording")
    assert recording["actual"] == f"nothing within {SHORT} s"
    assert ".mp4.tmp_extension" in recording["remedy"]
    left = site.left()
    # AMS has no way to remove it, as the remedy says.
    assert left.pop("files")[0].endswith(".mp4.tmp_extension")
    assert left == {}


def test_an_application_that_uploads_no_mp4_is_named(site: Site) -> None:
    site.configure(uploadExtensionsToS3=2)
    run = site.check(live_timeout=SHORT, broken=["live upload"])
    assert "uploadExtensionsToS3 lacks the 1" in link(run, "live upload")["remedy"]
    assert site.left() == {}


def test_who_waits_longer_than_ten_seconds_sees_for_what(fleet_site: tuple[Site, Fleet]) -> None:
    site, _fleet = fleet_site
    site.configure(uploadExtensionsToS3=2)
    run = site.check(broken=["live upload"], live_timeout=12)
    what = f"Waiting for {site.server.url} to upload the recording of application 'live'"
    assert re.search(rf"{re.escape(what)}: 1\d s so far, at most 12 s", run.output), run.describe()


def test_an_old_copy_in_a_cdn_is_named(fleet_site: tuple[Site, Fleet], bystander: Bystander) -> None:
    site, _fleet = fleet_site
    site.configure(**site.forward_to(bystander.url))
    bystander.instead = b"an old copy"
    run = site.check(broken=["live playback"])
    came = link(run, "live playback")["actual"]
    assert came == "302, and there 200 with 11 bytes that differ from the object in the bucket"
    assert site.left() == {}


def test_credentials_that_may_not_delete_are_named(fleet_site: tuple[Site, Fleet]) -> None:
    site, _fleet = fleet_site
    site.configure()
    allowed = {"Effect": "Allow", "Action": list(RIGHTS), "Resource": "*"}
    less = site.aws.make_user({"Version": "2012-10-17", "Statement": [allowed]})
    run = site.check(env=site.aws.env(less), broken=["remove"])
    removal = link(run, "remove")
    assert "AccessDenied" in removal["actual"]
    assert "Nothing was uploaded" in removal["actual"]
    assert "s3:DeleteObject" in removal["remedy"]
    assert "could not be verified (remove)" in run.task("Check")["msg"]
    assert not_tried(run)
    assert site.left() == {}


def test_without_credentials_the_small_object_alone_is_checked_where_the_key_may_delete(
    fleet_site: tuple[Site, Fleet],
) -> None:
    """The clip goes with the credentials of the environment; they are missing, and nothing else is."""
    site, _fleet = fleet_site
    site.configure((*RIGHTS, "s3:DeleteObject"))
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    assert "no AWS credentials were found" in not_made(site, env=nobody)


@pytest.mark.parametrize(
    ("fault", "broken", "came"),
    [
        (
            {"action": "reset_after", "path": "broadcasts/create"},
            "live pull",
            "the connection to the server broke",
        ),
        ({"action": "reset_after", "path": "/start$"}, "live pull", "the connection to the server broke"),
        ({"action": "html", "path": r"broadcasts/live-check-\w+$"}, "live pull", "a page of HTML"),
        (
            {"action": "status", "status": 200, "body": "{}", "path": "vods/list", "nth": 2},
            "live recording",
            "instead of a list: '{}'",
        ),
    ],
)
def test_odd_answers_are_named_and_nothing_stays(
    fleet_site: tuple[Site, Fleet], fault: dict[str, Any], broken: str, came: str
) -> None:
    site, fleet = fleet_site
    site.configure(hlsMuxingEnabled=True)
    fleet.fault(0, times=1, **fault)
    run = site.check(broken=[broken])
    assert came in link(run, broken)["actual"]
    assert site.left() == {}


def test_leftovers_that_cannot_be_looked_for_break_nothing(fleet_site: tuple[Site, Fleet]) -> None:
    site, fleet = fleet_site
    site.configure()
    fleet.fault(0, "status", status=200, body="{}", path="vods/list", times=1)
    run = site.check()
    said = link(run, "live pull")["actual"]
    assert "; leftovers of killed checks may stay on the server: Listing the recordings" in said
    assert site.left() == {}


def test_a_session_that_is_lost_is_told_with_what_stays(fleet_site: tuple[Site, Fleet]) -> None:
    site, fleet = fleet_site
    site.configure()
    # The first list is for the leftovers of killed checks.
    fleet.fault(0, "session_lost", method="GET", path="vods/list", nth=2, times=1)
    run = site.check(broken=["live recording", "live removal"])
    removal = link(run, "live removal")
    assert "Not authenticated user" in removal["actual"]
    (name,) = [entry["streamId"] for entry in site.server.recordings("live")]
    assert f"the broadcast and the recordings {name} of live by hand" in removal["remedy"]
    assert set(site.left()) == {"recordings"}


def test_a_user_who_may_only_read_is_told(fleet_site: tuple[Site, Fleet]) -> None:
    site, fleet = fleet_site
    site.configure()
    fleet.add_user(0, "reader@example.com", "may-only-read", userType="READ_ONLY", scope="system")
    who: dict[str, Any] = {"email": "reader@example.com", "password": "may-only-read"}
    assert "Creating a broadcast in application 'live'" in not_made(site, **who)


# --- cut off


def children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = [line.split() for line in listed.stdout.splitlines()]
    return [int(child) for child, parent in pairs if int(parent) == pid]


def runs(pid: int) -> bool:
    """A zombie, whose parent is gone and whose new one has not looked yet, does not."""
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(shown.stdout.strip()) and not shown.stdout.startswith("Z")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_ended_in_the_middle_leaves_nothing(
    site: Site, number: signal.Signals, tmp_path: Path
) -> None:
    # The recording is there and its upload is waited for, but the HLS files alone are uploaded.
    site.configure(hlsMuxingEnabled=True, uploadExtensionsToS3=2)
    inventory, play = tmp_path / "hosts.json", tmp_path / "play.json"
    inventory.write_text(json.dumps(LOCALHOST))
    play.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [site.task()]}]))
    started = subprocess.Popen(
        [str(BIN / "ansible-playbook"), "-i", str(inventory), str(play)],
        env=environment(tmp_path / "home", site.aws.env()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert until(lambda: site.server.recordings("live")), started.communicate(timeout=60)[0]
        workers = children(started.pid)
        started.send_signal(number)
        # Before ansible-core 2.19 a worker is not told of SIGTERM, and goes on to its own end.
        said, _none = started.communicate(timeout=150)
    finally:
        started.kill()
    assert started.returncode != 0, said
    # Ansible itself does not wait for its worker after SIGTERM.
    assert workers
    assert until(lambda: not any(runs(worker) for worker in workers))
    assert site.left() == {}
