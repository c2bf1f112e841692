# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The three server actions take what Ansible offers as any module does, in process and shipped.

The host `here` is local, its tasks run in the worker; `there` is on the other side of ssh. Each has a
server of its own. What was started for a task is read from Ansible's own word at -vvv.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.antmedia.s3_recording.plugins.modules import (
    ams_app_settings,
    ams_server_info,
    recording_check,
)

from stand_ins.ams import Fleet, FleetHost, make_token
from stand_ins.ansible_environment import BIN, PYTHON
from stand_ins.ssh import ADDRESS, Sshd, unavailable
from tests.harness.playbook import CALLBACKS, PlaybookRun, environment, run_playbook

COLLECTION = "antmedia.s3_recording"
SETTINGS, INFO, CHECK = (
    f"{COLLECTION}.{name}" for name in ("ams_app_settings", "ams_server_info", "recording_check")
)
HERE, THERE = HOSTS = ("here", "there")
APPS = ("live", "LiveApp", "slow")
PASSWORD, JWT_SECRET = "password-of-the-server", "jwt-secret-of-the-servers-that-is-long-enough"
SSH = frozenset([ADDRESS])
STARTED = re.compile(r"^<(\S+)> (?:SSH: )?EXEC (.*)", re.M)
CONNECTION = {"url": "{{ ams_url }}", "email": "{{ ams_email }}", "password": "{{ ams_password }}"}
ENVIRONMENT = {f"AMS_{name.upper()}": value for name, value in CONNECTION.items()}
REFUSED = "http://127.0.0.1:1"
MP4 = {"app": "live", "settings": {"mp4MuxingEnabled": True}}
# Who imported what: the hook is inherited by the workers, and cached modules do not come to it.
RECORD_IMPORTS = '''\
import os
import sys

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record_imports
type: notification
short_description: Writes each import and the process that did it to E(RECORD_IMPORTS_PATH)
description: For this collection's own tests.
"""


def record(event, arguments):
    if event == "import":
        with open(os.environ["RECORD_IMPORTS_PATH"], "a", encoding="utf-8") as file:
            file.write(f"{os.getpid()} {os.getppid()} {arguments[0]}\\n")


sys.addaudithook(record)


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record_imports"
    CALLBACK_NEEDS_ENABLED = True
'''
IMPORTS_IN_THE_WORKER = """\
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        import requests.in_the_worker_of_a_test
"""


Task = dict[str, Any]


class Place:
    """Two servers, two hosts, and what a playbook came to there."""

    def __init__(self, sshd: Sshd, fleet: Fleet) -> None:
        self.sshd, self.fleet = sshd, fleet
        self.server: dict[str, FleetHost] = dict(zip((THERE, HERE), fleet.hosts))
        local = {"ansible_connection": "local", "ansible_python_interpreter": PYTHON}
        self.hosts = {
            HERE: {**local, "ams_url": self.server[HERE].url},
            THERE: {**sshd.variables(), "ams_url": self.server[THERE].url},
        }
        self.variables = {"ams_email": fleet.hosts[0].email, "ams_password": PASSWORD}

    @property
    def inventory(self) -> dict[str, Any]:
        return {"all": {"hosts": self.hosts, "vars": self.variables}}

    def play(
        self, *tasks: Task, play: Task | None = None, pipelining: bool = True, **options: Any
    ) -> PlaybookRun:
        """pipelining: saves half the time of what is shipped; Ansible's own default is without."""
        whole = {
            "hosts": "all",
            "gather_facts": False,
            "module_defaults": {f"group/{COLLECTION}.ams": CONNECTION},
            "vars": {"ansible_pipelining": pipelining},
            **(play or {}),
            "tasks": list(tasks),
        }
        options = {"inventory": self.inventory, "verbosity": 3, **options}
        return run_playbook([whole], **options)

    def setting(self, host: str, name: str, app: str = "live") -> Any:
        return self.fleet.settings(self.server[host], app)[name]


def started(run: PlaybookRun, task: str) -> dict[str, list[str]]:
    """What Ansible started for a task: address (or name of a local host) to commands."""
    pattern = rf"^TASK \[{re.escape(task)}\] \*+$(.*?)(?=^(?:TASK|PLAY|RUNNING HANDLER)\b|\Z)"
    sections = re.findall(pattern, run.stdout, re.M | re.S)
    assert len(sections) == 1, f"{len(sections)} times {task}"
    commands: dict[str, list[str]] = {}
    for address, command in STARTED.findall(sections[0]):
        commands.setdefault(address, []).append(command)
    return commands


def statuses(run: PlaybookRun, task: str) -> dict[str, str]:
    return {result.host: result.status for result in run.of_task(task)}


def assert_says(run: PlaybookRun, task: str, text: str) -> None:
    found = run.of_task(task)
    assert len(found) == len(HOSTS)
    for result in found:
        assert text in result["msg"]


def both(status: str) -> dict[str, str]:
    return {HERE: status, THERE: status}


@pytest.fixture(scope="module")
def running() -> Iterator[Place]:
    reason = unavailable()
    if reason:
        pytest.skip(reason)
    with ExitStack() as started_here:
        sshd = started_here.enter_context(Sshd())
        fleet = Fleet(2, first_address=ADDRESS, password=PASSWORD, jwt_secret=JWT_SECRET, apps=APPS)
        yield Place(sshd, started_here.enter_context(fleet))


@pytest.fixture
def place(running: Place) -> Place:
    running.fleet.reset()
    return running


def test_async(place: Place, tmp_path: Path) -> None:
    # Else Ansible would write below the home folder.
    asynchronous = {"async": 60, "vars": {"ansible_async_dir": str(tmp_path / "jobs")}}
    run = place.play(
        {"name": "wait", SETTINGS: MP4, "poll": 1, **asynchronous},
        {"name": "again", SETTINGS: MP4, "poll": 1, **asynchronous},
        {"name": "start", INFO: {}, "poll": 0, "register": "job", **asynchronous},
        {
            "name": "look",
            "ansible.builtin.async_status": {"jid": "{{ job.ansible_job_id }}"},
            "register": "looked",
            "until": "looked is finished",
            "retries": 60,
            "delay": 1,
            "vars": asynchronous["vars"],
        },
        {
            "name": "in check mode",
            SETTINGS: {"app": "live", "reset": ["mp4MuxingEnabled"]},
            "poll": 1,
            "check_mode": True,
            **asynchronous,
        },
    )
    assert statuses(run, "wait") == both("changed")
    assert statuses(run, "again") == both("ok")
    assert statuses(run, "in check mode") == both("changed")
    for host in HOSTS:
        assert run.task("wait", host)["apps"]["live"]["changed"]
        assert "version" not in run.task("start", host).result
        assert run.task("look", host)["version"] == "2.17.1"
        assert place.setting(host, "mp4MuxingEnabled")
    for task in ("wait", "start"):
        assert set(started(run, task)) == {HERE, *SSH}


def test_async_returns_what_was_asked_for_and_no_options(place: Place, tmp_path: Path) -> None:
    asynchronous = {"async": 60, "poll": 1, "vars": {"ansible_async_dir": str(tmp_path / "jobs")}}
    secret = {"app": "live", "settings": {"s3SecretKey": "secret-among-the-options"}}
    run = place.play(
        {"name": "without diff", SETTINGS: MP4, **asynchronous},
        {"name": "refused", SETTINGS: {**secret, "ap": 1}, "ignore_errors": True, **asynchronous},
    )
    for host in HOSTS:
        assert "diff" not in run.task("without diff", host).result
        assert "secret-among-the-options" not in json.dumps(run.task("refused", host).result)


def test_delegation(place: Place) -> None:
    run = place.play(
        {"name": "to the controller", SETTINGS: MP4, "delegate_to": "localhost"},
        {"name": "to the other side", INFO: {}, "delegate_to": THERE},
        {"name": "once", INFO: {}, "run_once": True, "delegate_to": "localhost"},
    )
    assert started(run, "to the controller") == {}
    assert set(started(run, "to the other side")) == SSH
    assert statuses(run, "to the controller") == both("changed")
    assert statuses(run, "to the other side") == both("ok")
    assert len(run.of_task("once")) == 1
    assert all(place.setting(host, "mp4MuxingEnabled") for host in HOSTS)


def becoming() -> tuple[str, str]:
    """A method that asks for no password here, and who one becomes with it."""
    if os.geteuid() == 0 and shutil.which("su"):
        return "su", "root"
    if shutil.which("sudo"):
        asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
        if asked.returncode == 0:
            return "sudo", "root"
    pytest.skip("nobody can be become here without a password: neither root nor sudo")


def test_become(place: Place) -> None:
    method, user = becoming()
    run = place.play(
        {"name": "become", SETTINGS: MP4, "become": True, "become_method": method, "become_user": user},
        {"name": "stay", SETTINGS: MP4},
        # Else Ansible becomes nobody who it already is.
        env={"ANSIBLE_BECOME_ALLOW_SAME_USER": "true"},
        pipelining=False,
    )
    assert statuses(run, "become") == both("changed")
    assert statuses(run, "stay") == both("ok")
    commands = started(run, "become")
    # On the controller an API is asked by whoever runs Ansible.
    assert set(commands) == SSH
    for address, lines in commands.items():
        assert any(re.search(rf"\b{method} ", line) for line in lines), address
    assert set(started(run, "stay")) == SSH


def test_values_from_vault(place: Place, tmp_path: Path) -> None:
    vault = VaultLib([("default", VaultSecret(b"password-of-the-vault"))])

    def encrypted(text: str) -> str:
        return vault.encrypt(text).decode()

    (tmp_path / "vault-password").write_text("password-of-the-vault")
    (tmp_path / "secrets.yml").write_text(encrypted(f"vaulted_password: {PASSWORD}\nvaulted_app: live\n"))
    playbook = tmp_path / "play.yml"
    playbook.write_text(
        f"""\
- hosts: all
  gather_facts: false
  vars_files: [secrets.yml]
  tasks:
    - name: Change
      {SETTINGS}:
        url: "{{{{ ams_url }}}}"
        email: "{{{{ ams_email }}}}"
        password: "{{{{ vaulted_password }}}}"
        app: "{{{{ vaulted_app }}}}"
        settings:
          s3AccessKey: "{{{{ inline }}}}"
          s3SecretKey: !vault |
{indent(encrypted("secret-in-the-task"), " " * 12)}
          s3BucketName: bucket
      vars:
        inline: !vault |
{indent(encrypted("access-key-of-the-task"), " " * 10)}
    - name: Wrong type
      {SETTINGS}:
        url: "{{{{ ams_url }}}}"
        email: "{{{{ ams_email }}}}"
        password: !vault |
{indent(encrypted(PASSWORD), " " * 10)}
        app: live
        settings:
          mp4MuxingEnabled: !vault |
{indent(encrypted("perhaps"), " " * 12)}
      ignore_errors: true
"""
    )
    arguments = ["--vault-password-file", str(tmp_path / "vault-password")]
    run = run_playbook(playbook, inventory=place.inventory, arguments=arguments, verbosity=4)
    assert statuses(run, "Change") == both("changed")
    for host in HOSTS:
        assert place.setting(host, "s3AccessKey") == "access-key-of-the-task"
        assert place.setting(host, "s3SecretKey") == "secret-in-the-task"
        changes = run.task("Change", host)["apps"]["live"]["changes"]
        assert changes["s3SecretKey"] == {"before": "", "after": "********"}
        assert changes["s3AccessKey"]["after"] == "access-key-of-the-task"
        assert "must be true or false, not 'perhaps'" in run.task("Wrong type", host)["msg"]
    for secret in (PASSWORD, "secret-in-the-task", "password-of-the-vault"):
        assert secret not in run.output


def test_no_log(place: Place) -> None:
    bucket = {"app": "live", "settings": {"s3BucketName": "bucket-not-to-be-seen"}}
    wrong = {"app": "live", "settings": {"s3BucketNme": "bucket-not-to-be-seen"}}
    run = place.play(
        {"name": "hidden", SETTINGS: bucket, "no_log": True, "diff": True},
        {"name": "hidden failure", SETTINGS: wrong, "no_log": True, "ignore_errors": True},
        {"name": "hidden items", INFO: {}, "no_log": True, "loop": ["item-not-to-be-seen"]},
        {"name": "shown", SETTINGS: {"app": "live", "settings": {"s3BucketName": "seen"}}},
        verbosity=4,
    )
    for task in ("hidden", "hidden failure"):
        for result in run.of_task(task):
            assert "no_log" in result["censored"]
            assert not {"msg", "apps", "diff"} & set(result.result)
    assert statuses(run, "hidden") == both("changed")
    assert statuses(run, "hidden failure") == both("failed")
    assert place.setting(THERE, "s3BucketName") == "seen"
    assert "item-not-to-be-seen" not in run.output
    # The next task says what was there before it.
    before = [result["apps"]["live"]["changes"]["s3BucketName"]["before"] for result in run.of_task("shown")]
    assert before == ["bucket-not-to-be-seen"] * 2
    hidden = run.stdout[: run.stdout.index("TASK [shown]")]
    assert "bucket-not-to-be-seen" not in hidden + run.stderr


def test_module_defaults_and_action_groups(place: Place) -> None:
    group = f"group/{COLLECTION}.ams"
    run = place.play(
        {"name": "group", INFO: {}},
        {"name": "group and module", SETTINGS: {"settings": {"mp4MuxingEnabled": True}}},
        {"name": "group of the check", CHECK: {"apps": [{"name": "live"}]}, "check_mode": True},
        {"name": "short name", "ams_server_info": {}, "collections": [COLLECTION]},
        {"name": "nearer", INFO: {}, "module_defaults": {group: {"url": REFUSED}}, "ignore_errors": True},
        {"name": "of the task", INFO: {"url": REFUSED}, "ignore_errors": True},
        play={"module_defaults": {group: CONNECTION, SETTINGS: {"app": "live"}}},
    )
    for task in ("group", "short name"):
        assert statuses(run, task) == both("ok")
    assert statuses(run, "group and module") == both("changed")
    assert statuses(run, "group of the check") == both("skipped")
    assert_says(run, "group of the check", "uploaded in check mode")
    assert_says(run, "nearer", "one of the following is required: password")
    assert_says(run, "of the task", f"{REFUSED}: the connection to the server was refused")
    for task in ("group", "group and module", "short name"):
        assert set(started(run, task)) == SSH


def test_environment_of_a_task_ends_with_it(place: Place) -> None:
    run = place.play(
        {"name": "given", INFO: {}, "environment": ENVIRONMENT},
        {"name": "gone", INFO: {}, "ignore_errors": True},
        {
            "name": "items",
            INFO: {},
            "environment": "{{ item }}",
            "loop": [ENVIRONMENT, {}, ENVIRONMENT],
            "loop_control": {"label": "one", "index_var": "number"},
            "ignore_errors": True,
        },
        {
            "name": "nearest",
            "environment": {"AMS_URL": REFUSED, "AMS_PASSWORD": PASSWORD},
            "block": [
                {
                    "name": "of the block",
                    INFO: {},
                    "ignore_errors": True,
                    "environment": {"AMS_EMAIL": "a@b.c"},
                },
                {"name": "of the task", INFO: {}, "environment": ENVIRONMENT},
            ],
        },
        play={"module_defaults": {}},
    )
    missing = "missing required arguments: url"
    assert statuses(run, "given") == both("ok")
    assert all(result["msg"] == missing for result in run.of_task("gone"))
    for host in HOSTS:
        items = [item for item in run.items if item.host == host and item.task == "items"]
        assert [(item.status, item["msg"] == missing) for item in items] == [
            ("ok", False),
            ("failed", True),
            ("ok", False),
        ]
    assert_says(run, "of the block", f"a@b.c at {REFUSED}")
    assert statuses(run, "of the task") == both("ok")
    assert set(started(run, "items")) == SSH


def test_environment_of_the_controller_is_put_back(place: Place) -> None:
    """It is what the worker has, and does not come to the other side of ssh."""
    server = place.server[HERE]
    run = place.play(
        {
            "name": "items",
            INFO: {},
            "environment": "{{ item }}",
            "loop": [{"AMS_URL": REFUSED}, {}],
            "ignore_errors": True,
        },
        play={"module_defaults": {}},
        env={"AMS_URL": server.url, "AMS_EMAIL": server.email, "AMS_PASSWORD": server.password},
    )
    said = {host: [item["msg"] for item in run.items if item.host == host] for host in HOSTS}
    assert REFUSED in said[HERE][0]
    assert said[HERE][1].startswith("AMS 2.17.1")
    assert said[THERE] == [
        "one of the following is required: password, jwt_token",
        "missing required arguments: url",
    ]


def test_secrets_are_not_shown_at_the_highest_verbosity(place: Place) -> None:
    stored, given, other = "secret-that-was-stored", "secret-that-was-given", "password-that-is-wrong"
    token = make_token(JWT_SECRET)
    for host in place.fleet.hosts:
        for app in APPS:
            place.fleet.set_settings(host, app, {"s3SecretKey": stored})
    for app, credential in (("LiveApp", PASSWORD), ("slow", token)):
        quoted: dict[str, Any] = {
            "body": json.dumps([given, stored, credential]),
            "content_type": "text/plain",
        }
        place.fleet.fault(None, "status", status=400, method="POST", path=f"settings/{app}", **quoted)
    wish = {"app": "live", "settings": {"s3SecretKey": given, "mp4MuxingEnabled": True}}
    by_token = {"email": "{{ omit }}", "password": "{{ omit }}", "jwt_token": token}
    ignored = {"ignore_errors": True}
    run = place.play(
        {"name": "check", SETTINGS: wish, "check_mode": True, "diff": True},
        {"name": "change", SETTINGS: wish, "diff": True, "register": "outcome"},
        {"name": "debug", "ansible.builtin.debug": {"var": "outcome"}},
        {"name": "quoted", SETTINGS: {**wish, "app": "LiveApp"}, **ignored},
        {"name": "by token", SETTINGS: {**wish, **by_token}},
        {"name": "quoted with the token", SETTINGS: {**wish, **by_token, "app": "slow"}, **ignored},
        {"name": "wrong token", INFO: {**by_token, "jwt_token": f"{token}x"}, **ignored},
        {"name": "broken token", INFO: {**by_token, "jwt_token": f"{token}\nx"}, **ignored},
        {"name": "wrong password", INFO: {"password": other}, **ignored},
        {"name": "password in the url", INFO: {"url": f"http://me:{other}@127.0.0.1:1"}, **ignored},
        {"name": "wrong type", SETTINGS: {"app": "live", "settings": {"s3SecretKey": [given]}}, **ignored},
        verbosity=4,
        pipelining=False,
    )
    assert statuses(run, "change") == both("changed")
    assert statuses(run, "by token") == both("ok")
    for task in ("quoted", "quoted with the token"):
        assert_says(run, task, 'status 400 with \'["********", "********", "********"]\'')
    for task in ("wrong token", "broken token", "wrong password", "password in the url", "wrong type"):
        assert statuses(run, task) == both("failed"), task
    # The ssh connection shows all that comes back; without that the rest would prove little.
    assert re.search(r"^<127\.0\.0\.1> \(0, b'.*mp4MuxingEnabled", run.stdout, re.M)
    shown = run.output + place.sshd.log() + json.dumps([one.result for one in [*run.results, *run.items]])
    for secret in (stored, given, other, PASSWORD, token, JWT_SECRET):
        assert secret not in shown, [line[:200] for line in shown.splitlines() if secret in line]


def test_an_option_that_is_refused_shows_no_secret_at_the_highest_verbosity(place: Place) -> None:
    wish = {"app": "live", "settings": {"s3SecretKey": "secret-among-the-options"}}
    run = place.play(
        {"name": "refused", SETTINGS: {**wish, "ap": 1}, "ignore_errors": True}, verbosity=4, pipelining=False
    )
    assert_says(run, "refused", "Unsupported parameters")
    assert "secret-among-the-options" not in run.output


def test_loops_retries_and_failures(place: Place) -> None:
    path = "/applications/settings/"
    place.fleet.fault(None, "status", status=500, method="GET", path=f"{path}LiveApp", nth=4, times=1)
    place.fleet.fault(None, "slow", seconds=5, method="GET", path=f"{path}slow")
    apps = {"app": "{{ item }}", "settings": {"mp4MuxingEnabled": True}}
    run = place.play(
        {
            "name": "loop",
            SETTINGS: apps,
            "loop": ["live", "LiveApp", "liev"],
            "register": "each",
            "ignore_errors": True,
        },
        {
            "name": "registered",
            "ansible.builtin.assert": {
                "that": [
                    "each is failed",
                    "each.results | map(attribute='failed') | list == [false, false, true]",
                    "each.results | map(attribute='changed') | list == [true, true, false]",
                    "each.results[1].apps.LiveApp.changes.mp4MuxingEnabled.after",
                    "each.results[2].status == 204",
                ]
            },
        },
        {
            "name": "until",
            SETTINGS: {"app": "LiveApp", "settings": {"mp4MuxingEnabled": False}},
            "register": "tried",
            "until": "tried is succeeded",
            "retries": 3,
            "delay": 0,
            "notify": "told",
        },
        {
            "name": "saved",
            "block": [{"name": "fail", SETTINGS: {"app": "liev"}}],
            "rescue": [
                {"name": "rescue", INFO: {}},
                {"name": "reason", "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg }}"}},
            ],
            "always": [{"name": "always", INFO: {}}],
        },
        {
            "name": "conditions",
            INFO: {},
            "changed_when": True,
            "failed_when": False,
            "when": "ams_url is defined",
        },
        {"name": "not at all", INFO: {}, "when": "ams_url is not defined"},
        {
            "name": "too late",
            SETTINGS: {"app": "slow"},
            "timeout": 1,
            "ignore_errors": True,
            "when": "inventory_hostname == 'here'",
        },
        play={"handlers": [{"name": "told", INFO: {}}]},
    )
    assert statuses(run, "registered") == both("ok")
    assert statuses(run, "until") == both("changed")
    assert all(result["attempts"] == 2 for result in run.of_task("until"))
    assert statuses(run, "told") == both("ok")
    assert statuses(run, "fail") == both("failed")
    assert_says(run, "reason", "Applications there: LiveApp")
    for task in ("rescue", "always"):
        assert statuses(run, task) == both("ok")
    assert statuses(run, "conditions") == both("changed")
    assert statuses(run, "not at all") == both("skipped")
    late = run.task("too late", HERE)
    assert (late.status, late.ignored) == ("failed", True)
    assert "1 second" in late["msg"] or "(1)" in late["msg"]
    for task in ("loop", "until", "rescue", "conditions"):
        assert set(started(run, task)) == SSH


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_a_worker_imports_nothing_that_the_main_process_could(
    place: Place, tmp_path: Path, strategy: str
) -> None:
    actions, callbacks = tmp_path / "actions", tmp_path / "callbacks"
    for folder, name, code in (
        (actions, "imports_in_the_worker.py", IMPORTS_IN_THE_WORKER),
        (callbacks, "record_imports.py", RECORD_IMPORTS),
    ):
        folder.mkdir()
        (folder / name).write_text(code, encoding="utf-8")
    recorded = tmp_path / "imports"
    run = place.play(
        {"name": "info", INFO: {}},
        {"name": "settings", SETTINGS: MP4},
        # Up to where it would need a bucket.
        {"name": "check", CHECK: {"apps": [{"name": "liev"}]}, "ignore_errors": True},
        {"name": "seen", "imports_in_the_worker": {}, "ignore_errors": True},
        play={"hosts": HERE, "strategy": strategy},
        env={
            "ANSIBLE_ACTION_PLUGINS": str(actions),
            "ANSIBLE_CALLBACKS_ENABLED": "record_events,record_imports",
            "ANSIBLE_CALLBACK_PLUGINS": os.pathsep.join([str(CALLBACKS), str(callbacks)]),
            "RECORD_IMPORTS_PATH": str(recorded),
        },
    )
    assert [statuses(run, task)[HERE] for task in ("info", "settings", "check")] == [
        "ok",
        "changed",
        "failed",
    ]
    lines = [line.split() for line in recorded.read_text(encoding="utf-8").splitlines()]
    main = lines[0][0]
    loaded = {name for process, _parent, name in lines if process == main}
    assert {"requests", "urllib3", "botocore.session"} <= loaded
    assert {
        f"ansible_collections.{COLLECTION}.plugins.modules.{name.rsplit('.')[-1]}"
        for name in (INFO, SETTINGS, CHECK)
    } <= loaded
    in_workers = {name for process, parent, name in lines if process != main and parent == main}
    assert "requests.in_the_worker_of_a_test" in in_workers, "the record does not reach the workers"
    foreign = {name for name in in_workers if name.partition(".")[0] not in sys.stdlib_module_names}
    assert foreign == {"requests.in_the_worker_of_a_test"}


def test_the_documentation_is_that_of_the_modules(tmp_path: Path) -> None:
    modules = {SETTINGS: ams_app_settings, INFO: ams_server_info, CHECK: recording_check}
    done = subprocess.run(
        [str(BIN / "ansible-doc"), "-t", "module", "--json", *modules],
        env=environment(tmp_path / "home"),
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    for name, module in modules.items():
        assert set(told[name]["doc"]["options"]) == set(module.ARGUMENT_SPEC)
        assert told[name]["doc"]["has_action"]
        assert told[name]["examples"]
        assert told[name]["return"]
