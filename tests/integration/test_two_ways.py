# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The three server actions give the same results however they run.

In the worker (a local connection), in the worker of a host whose inventory says become, and as a module on
the other side of ssh, each way against a server of its own that begins in the same state. The server of the
ssh way listens on 127.0.0.1 alone. A test is one playbook run: its cases follow each other, so that what one
leaves behind is what the next one meets, three times.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from stand_ins.ams import Fleet, FleetHost
from stand_ins.ansible_environment import PYTHON
from stand_ins.aws import AwsStandIn
from stand_ins.ssh import Sshd, unavailable
from tests.harness.become import BECOME_NOBODY_ELSE
from tests.harness.playbook import PlaybookRun, run_playbook

COLLECTION = "antmedia.s3_recording"
IN_PROCESS, BECOMING, SSH = "in_process", "becoming", "ssh"
WAYS = (IN_PROCESS, BECOMING, SSH)
APPS = ("live", "LiveApp", "page", "broken", "slow", "locked")
PASSWORD = "a-password-of-a-test"
SECRET = "a-secret-of-a-test"
STARTED_A_PROGRAM = re.compile(r"^<(\S+)> (?:SSH: )?EXEC ", re.M)
PROBE = re.compile(r"recording-check-[0-9a-f]{16}")
# Ansible lists a Python set there, in another order in each process.
BOOLEANS = re.compile(r"Valid booleans include: [^\"]*")
# Added by Ansible after the module or the action has ended, in its own way for each: a mark, and at -vvv
# before 2.19 a traceback of what failed, with the paths of the place where it ran.
ANSIBLES_OWN = ("_ansible_no_log", "exception")
# What a server makes at random when it starts, and the time of the last write.
SERVERS_OWN = ("clusterCommunicationKey", "subscriberAuthenticationKey", "updateTime")
# In the data of a case: what stands between the signs is YAML.
AS_YAML = re.compile(r'"@(.*?)@"')


@dataclass(frozen=True)
class Case:
    """One task, and what it must come to in each way: `says` is in the message or the rest of the result."""

    name: str
    action: str
    arguments: dict[str, Any]
    says: str
    changed: bool = False
    failed: bool = False
    keywords: dict[str, Any] = field(default_factory=dict)

    def task(self) -> dict[str, Any]:
        action = {f"{COLLECTION}.{self.action}": self.arguments}
        return {"name": self.name, **action, "ignore_errors": True, **self.keywords}


def settings(name: str, says: str, arguments: dict[str, Any], **more: Any) -> Case:
    return Case(name, "ams_app_settings", arguments, says, **more)


def live(**values: Any) -> dict[str, Any]:
    return {"app": "live", "settings": values}


CHECK = {"check_mode": True, "diff": True}
WISH = live(mp4MuxingEnabled=True, s3SecretKey=SECRET, s3BucketName="ünï ☃ 'q' \"d\" \\ $HOME")
WORKING = [
    Case("info", "ams_server_info", {}, "AMS 2.17.1, Community Edition"),
    settings("check", "3 settings would change", WISH, changed=True, keywords=CHECK),
    settings("change", "3 settings changed", WISH, changed=True, keywords={"diff": True}),
    settings("again with diff", "live: nothing to change", WISH, keywords={"diff": True}),
    settings("again in check mode", "live: nothing to change", WISH, keywords=CHECK),
    settings("secret", "(another value)", live(s3SecretKey="another"), changed=True, keywords={"diff": True}),
    settings("change without diff", '"before": "', live(s3BucketName="b"), changed=True),
    settings("a date", '"2024-02-01"', live(s3BucketName="@2024-02-01@"), changed=True),
    settings("a number for a text", '"1.5"', live(s3BucketName=1.5), changed=True),
    settings("null", '"after": ""', live(s3BucketName=None), changed=True),
    settings("settings as JSON", '"c"', {"app": "live", "settings": '{"s3BucketName": "c"}'}, changed=True),
    settings("settings as words", '"d"', {"app": "live", "settings": "s3BucketName=d"}, changed=True),
    settings(
        "reset in check mode",
        "2 settings would change",
        {"app": "live", "reset": ["mp4MuxingEnabled", "s3BucketName"]},
        changed=True,
        keywords=CHECK,
    ),
    settings(
        "reset",
        "live: 2 settings changed (mp4MuxingEnabled, s3BucketName)",
        {"app": "live", "reset": "mp4MuxingEnabled,s3BucketName"},
        changed=True,
    ),
    settings(
        "several applications",
        "live: 1 setting changed (mp4MuxingEnabled); LiveApp: nothing to change",
        {
            "apps": [
                {"name": "live", "settings": {"mp4MuxingEnabled": "yes"}},
                {"name": "LiveApp", "settings": {"mp4MuxingEnabled": False}},
            ]
        },
        changed=True,
        keywords={"diff": True},
    ),
]


def failing(name: str, says: str, arguments: dict[str, Any], **more: Any) -> Case:
    return settings(name, says, arguments, failed=True, **more)


REFUSED = [
    failing("wrong password", "password is wrong", {**live(), "password": "not-that-of-{{ ams_url }}"}),
    failing("wrong token", '"status": 403', {**live(), "password": None, "jwt_token": "not.a.token"}),
    failing("unknown setting", "did you mean 's3BucketName'?", live(s3BucketNme="b")),
    failing("a number for a name", "does not know '1'", {"app": "live", "settings": {"@1@": "b"}}),
    failing("unusable value", "must be true or false", live(mp4MuxingEnabled="perhaps")),
    failing("unknown application", "Applications there: LiveApp, broken", {"app": "liev"}),
    failing("application twice", "listed more than once: live", {"apps": [{"name": "live"}] * 2}),
    failing("page of HTML", "a page of HTML: 'Welcome'", {"app": "page"}),
    failing("no answer in time", "no answer from the server within 0.3 s", {"app": "slow", "timeout": 0.3}),
    failing("failure of the server", "a fault on order", {"app": "broken"}),
    failing("refused write", '"status": 400', {"app": "locked", "settings": {"mp4MuxingEnabled": True}}),
    failing(
        "refused connection",
        "the connection to the server was refused",
        {**live(), "url": "http://127.0.0.1:1"},
    ),
    failing("no address", "not an http or https address", {**live(), "url": "ftp://ams"}),
    failing("no time", "0 is not more than 0 seconds", {**live(), "timeout": 0}),
    failing("no certificates", "there is no file or folder", {**live(), "ca_path": "~/no/such/folder"}),
    Case("info refused", "ams_server_info", {"url": "http://127.0.0.1:1"}, "was refused", failed=True),
]
WRONG_ARGUMENTS = [
    failing("unknown option", f"({COLLECTION}.ams_app_settings) module: ap.", {**live(), "ap": "live"}),
    failing("no application", "one of the following is required: app, apps", {}),
    failing("app and apps", "mutually exclusive: app|apps", {**live(), "apps": [{"name": "live"}]}),
    failing("no password", "one of the following is required", {**live(), "password": "{{ omit }}"}),
    failing("no e-mail", "required by 'password': email", {**live(), "email": "{{ omit }}"}),
    failing("no url", "missing required arguments: url", {**live(), "url": "{{ omit }}"}),
    failing("text for a number", "cannot be converted to a float", {**live(), "timeout": "soon"}),
    failing("text for a truth", "not a valid boolean", {**live(), "validate_certs": "perhaps"}),
    failing("list for a dictionary", "'list'> cannot be converted", {"app": "live", "settings": ["a"]}),
    failing("text for a dictionary", "dictionary requested", {"app": "live", "settings": "text"}),
    failing("text for a list of dictionaries", "dictionary requested", {"apps": "live"}),
    failing("unknown suboption", "apps.setings", {"apps": [{"name": "live", "setings": {}}]}),
    failing("no name", "missing required arguments: name found in apps", {"apps": [{"settings": {}}]}),
    Case("info with an app", "ams_server_info", {"app": "live"}, "module: app. Supported", failed=True),
    Case("check of nothing", "recording_check", {}, "missing required arguments: apps", failed=True),
]


class Ways:
    """A server for each way, and an inventory with a host for each."""

    def __init__(self, sshd: Sshd, fleet: Fleet, folder: Path) -> None:
        self.fleet = fleet
        self.servers: dict[str, FleetHost] = dict(zip((SSH, IN_PROCESS, BECOMING), fleet.hosts))
        assert self.servers[SSH].url.startswith("http://127.0.0.1:")
        local = {"ansible_connection": "local", "ansible_python_interpreter": PYTHON}
        hosts: dict[str, dict[str, Any]] = {
            IN_PROCESS: local,
            BECOMING: {**local, "ansible_become": True, "ansible_become_method": "nobody_else"},
            SSH: sshd.variables(),
        }
        self.address_of = {IN_PROCESS: IN_PROCESS, BECOMING: BECOMING, SSH: hosts[SSH]["ansible_host"]}
        self.inventory = {
            "all": {
                "hosts": {way: {**hosts[way], "ams_url": self.servers[way].url} for way in WAYS},
                "vars": {
                    "ams_email": fleet.hosts[0].email,
                    "ams_password": fleet.hosts[0].password,
                    # Half the time of each task; test_like_any_module.py goes the way without.
                    "ansible_pipelining": True,
                },
            }
        }
        (folder / "nobody_else.py").write_text(BECOME_NOBODY_ELSE, encoding="utf-8")
        self._folder = folder

    def play(self, cases: Sequence[Case], **options: Any) -> PlaybookRun:
        defaults = {"url": "{{ ams_url }}", "email": "{{ ams_email }}", "password": "{{ ams_password }}"}
        play = {
            "hosts": "all",
            "gather_facts": False,
            "module_defaults": {f"group/{COLLECTION}.ams": defaults},
            "tasks": [case.task() for case in cases],
        }
        written = self._folder / "play.yml"
        written.write_text(AS_YAML.sub(r"\1", json.dumps([play])), encoding="utf-8")
        env = {"ANSIBLE_BECOME_PLUGINS": str(self._folder)}
        return run_playbook(written, inventory=self.inventory, env=env, verbosity=3, **options)

    def assert_all_the_same(self, run: PlaybookRun, cases: Sequence[Case]) -> None:
        # Only what runs on the other side of ssh was started as a program.
        assert set(STARTED_A_PROGRAM.findall(run.output)) == {self.address_of[SSH]}
        wrong = [complaint for case in cases for complaint in self._complaints(run, case)]
        assert not wrong, "\n".join(wrong)
        for way in (BECOMING, SSH):
            assert self._requests(way) == self._requests(IN_PROCESS)
            assert self._settings(way) == self._settings(IN_PROCESS)

    def _complaints(self, run: PlaybookRun, case: Case) -> Iterator[str]:
        results = {way: self._comparable(run.task(case.name, way).result, way) for way in WAYS}
        here, here_is = results[IN_PROCESS], run.task(case.name, IN_PROCESS).status
        for way in (BECOMING, SSH):
            for key in sorted({*here, *results[way]}):
                one, other = here.get(key, "nothing"), results[way].get(key, "nothing")
                if one != other:
                    yield f"{case.name}: {key} is {one!r} in process, {other!r} as {way}"
            if run.task(case.name, way).status != here_is:
                yield f"{case.name}: {here_is} in process, {run.task(case.name, way).status} as {way}"
        if (here_is == "failed", here["changed"]) != (case.failed, case.changed):
            yield f"{case.name}: {here_is}, {here}"
        if case.says not in json.dumps(here, ensure_ascii=False):
            yield f"{case.name} does not say {case.says!r}: {here}"
        if ("diff" in here) != (bool(case.keywords.get("diff")) and case.changed):
            yield f"{case.name}: a diff that nobody asked for, or none: {here}"

    def _comparable(self, result: dict[str, Any], way: str) -> dict[str, Any]:
        """Without what is a server's or a probe's own: the address, the random name and how long it took."""
        kept = {key: value for key, value in result.items() if key not in (*ANSIBLES_OWN, "seconds")}
        text = json.dumps(kept, ensure_ascii=False).replace(self.servers[way].url, "URL")
        return dict(json.loads(PROBE.sub("PROBE", BOOLEANS.sub("BOOLEANS", text))))

    def _requests(self, way: str) -> list[dict[str, Any]]:
        own = ("host", "time")
        asked = self.fleet.requests(self.servers[way])
        texts = [json.dumps({key: one[key] for key in one if key not in own}) for one in asked]
        return [json.loads(PROBE.sub("PROBE", text)) for text in texts]

    def _settings(self, way: str) -> dict[tuple[str, str], Any]:
        stored = {app: self.fleet.settings(self.servers[way], app) for app in APPS}
        return {
            (app, name): value
            for app in APPS
            for name, value in stored[app].items()
            if name not in SERVERS_OWN
        }


@pytest.fixture(scope="module")
def sshd() -> Iterator[Sshd]:
    reason = unavailable()
    if reason:
        pytest.skip(reason)
    with Sshd() as running:
        yield running


@pytest.fixture
def ways(sshd: Sshd, tmp_path: Path) -> Iterator[Ways]:
    with Fleet(hosts=3, first_address="127.0.0.1", apps=APPS, password=PASSWORD) as fleet:
        yield Ways(sshd, fleet, tmp_path)


def test_settings_and_errors_are_the_same(ways: Ways) -> None:
    path = "/applications/settings/"
    ways.fleet.fault(None, "html", method="GET", path=f"{path}page")
    ways.fleet.fault(None, "status", status=500, method="GET", path=f"{path}broken")
    ways.fleet.fault(None, "slow", seconds=2, method="GET", path=f"{path}slow")
    ways.fleet.fault(None, "status", status=400, method="POST", path=f"{path}locked")
    cases = [*WORKING, *REFUSED, *WRONG_ARGUMENTS]
    run = ways.play(cases)
    ways.assert_all_the_same(run, cases)
    assert SECRET not in json.dumps([result.result for result in run.results])


def test_warnings_are_the_same(ways: Ways) -> None:
    for host in ways.fleet.hosts:
        ways.fleet.add_recordings(host, "live", ["one", "two"])
    wish = live(hlsListSize=3, httpForwardingExtension="mp4", httpForwardingBaseURL="https://v.example.com")
    cases = [
        settings("warned in check mode", "3 settings would change", wish, changed=True, keywords=CHECK),
        settings("warned", "2 recordings from before", wish, changed=True),
        settings("not warned again", "live: nothing to change", wish),
    ]
    said = [f"{host.url}, application 'live': {what}" for host in ways.fleet.hosts for what in ("2", "the")]
    ways.assert_all_the_same(ways.play(cases, expected_warnings=said), cases)


def test_a_password_that_is_a_common_word_spoils_no_result(sshd: Sshd, tmp_path: Path) -> None:
    with Fleet(hosts=3, first_address="127.0.0.1", apps=APPS, password="live") as fleet:
        ways = Ways(sshd, fleet, tmp_path)
        cases = [
            Case("info", "ams_server_info", {}, "LiveApp, broken, live, locked"),
            settings("change", '"after": "live-bucket"', live(s3BucketName="live-bucket"), changed=True),
            failing("unknown setting", "of application 'live' at URL", live(s3BucketNme="live-bucket")),
        ]
        ways.assert_all_the_same(ways.play(cases), cases)


def test_checks_of_the_recording_chain_are_the_same(ways: Ways, aws: AwsStandIn) -> None:
    bucket, player = "two-ways-recordings", "https://player.example.com"
    key = make_bucket(aws, bucket, player)
    stored = {
        "s3RecordingEnabled": True,
        "s3AccessKey": key["access_key_id"],
        "s3SecretKey": key["secret_access_key"],
        "s3BucketName": bucket,
        "s3RegionName": aws.region,
        "s3Endpoint": aws.endpoint_url,
        "s3PathStyleAccessEnabled": True,
        "s3Permission": "bucket-owner-full-control",
        "s3StreamsFolderPath": "streams",
        "httpForwardingExtension": "mp4",
        "httpForwardingBaseURL": f"{aws.endpoint_url}/{bucket}",
    }
    for host in ways.fleet.hosts:
        ways.fleet.set_settings(host, "live", stored)
        ways.fleet.set_settings(host, "LiveApp", {**stored, "s3AccessKey": "AKIAIOSFODNN7EXAMPLE"})

    def checked(name: str, says: str, app: dict[str, Any], **more: Any) -> Case:
        arguments = {"apps": [app], "origins": [player], "wait_timeout": 0}
        # What is on the controller does not come to a target: it is given there by the task.
        keywords = {"environment": aws.env(), **more.pop("keywords", {})}
        return Case(name, "recording_check", arguments, says, keywords=keywords, **more)

    cases = [
        checked("in check mode", "uploaded in check mode", {"name": "live"}, keywords={"check_mode": True}),
        checked("whole", "checks passed", {"name": "live", "settings": {"s3BucketName": bucket}}),
        checked("unknown key", '"ok": false', {"name": "LiveApp"}, failed=True),
        checked("drift", '"ok": false', {"name": "live", "settings": {"s3BucketName": "x"}}, failed=True),
        checked("unknown application", "Applications there", {"name": "liev"}, failed=True),
    ]
    aws.clear_requests()
    run = ways.play(cases)
    ways.assert_all_the_same(run, cases)
    shown = json.dumps([result.result for result in run.results])
    assert key["secret_access_key"] not in shown
    listed = aws.client("s3").list_objects_v2(Bucket=bucket)
    assert listed["KeyCount"] == 0
    # Of "whole", each way: before a put the check finds out whether it may delete. The unknown key's attempts
    # are refused, and to a bucket that was not asked for nothing is sent.
    for operation, times in {"PutObject": 1, "DeleteObject": 2}.items():
        done = [one for one in aws.requests(f"s3:{operation}") if one["status"] < 300]
        assert len(done) == times * len(WAYS), operation


def make_bucket(aws: AwsStandIn, bucket: str, origin: str) -> dict[str, str]:
    """One whose folder streams everybody may read, and a key that may write there."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    s3.delete_public_access_block(Bucket=bucket)
    folder = f"arn:aws:s3:::{bucket}/streams/*"
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": folder}
    policy = {"Version": "2012-10-17", "Statement": [everybody]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    rule = {"AllowedOrigins": [origin], "AllowedMethods": ["GET", "HEAD"], "AllowedHeaders": ["*"]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    statements = [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"},
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:PutObjectAcl", "s3:GetObject"],
            "Resource": folder,
        },
    ]
    user = aws.make_user({"Version": "2012-10-17", "Statement": statements})
    return {"access_key_id": user.access_key_id, "secret_access_key": user.secret_access_key}
