# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The documented examples of every module and lookup run, and give what is documented."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from stand_ins.ams import Fleet
from stand_ins.ansible_environment import REPO
from stand_ins.aws import AwsStandIn
from stand_ins.awx import AwxStandIn
from tests.harness.collection_index import options_of
from tests.harness.playbook import LOCALHOST, PlaybookRun, TaskResult, run_playbook

NAME = "antmedia.s3_recording."
REGION, BUCKET, USER = "eu-central-1", "my-recordings", "my-recordings-recording"
STORED = f"/antmedia/s3_recording/{BUCKET}"
MODULES = sorted(path.stem for path in (REPO / "plugins" / "modules").glob("[!_]*.py"))
LOOKUPS = sorted(path.stem for path in (REPO / "plugins" / "lookup").glob("[!_]*.py"))
# Added by Ansible to every result.
ADDED = {
    *("changed", "failed", "diff", "invocation", "warnings", "deprecations", "ansible_facts", "exception"),
    *("_ansible_no_log", "_ansible_verbose_override", "_ansible_delegated_vars", "skipped", "censored"),
    *("boto3_version", "botocore_version", "resource_actions", "msg"),
}
TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "list": (list,),
    "dict": (dict,),
    "raw": (str, list),
}
OF_ITS_OWN = (
    r"AKIA\w{16}",
    r"\d{4}-\d\d-\d\dT[\d:.]+(?:\+00:00|Z)",
    r"\w+(?=\.cloudfront\.net)",
    r"\b[A-Z0-9]{13,14}\b",
    r"(?<=recording-check-)[0-9a-f]{16}",
    r"\b\d+(?= days)",
    r"\b\d{12}\b",
)
Task = dict[str, Any]


def task(module: str, **options: Any) -> Task:
    return {"name": f"Prepare with {module}", NAME + module: options}


BUCKET_TASK = task("s3_recording_bucket", name=BUCKET, region=REGION)
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::*"}],
}
USER_TASK = task("iam_programmatic_user", user_name=USER, policy=POLICY)
ARCHIVE_USER_TASK = task("iam_programmatic_user", user_name="my-archive-recording", policy=POLICY)
KEY_TASK = task("iam_stored_access_key", user_name=USER, stored_at=STORED, region=REGION)
# A plan of the role, and the variables that its steps read.
PLAN_TASK = {
    "name": "Plan",
    "ansible.builtin.set_fact": {
        "__s3_recording_fleet": {
            "buckets": [
                {
                    "bucket": "myvideos",
                    "region": "us-east-1",
                    "needs_domain": False,
                    "has_access": True,
                    "cors_elsewhere": "",
                    "key_given": True,
                    "hosts": ["localhost"],
                    "owner": "localhost",
                    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
                }
            ],
            "hosts": {
                "localhost": {
                    "ams_url": "{{ ams_url }}",
                    "apps": [{"name": "live", "settings": {"s3BucketName": "myvideos"}}],
                    "backup_path": "{{ backups }}/localhost.json",
                    "bucket": "myvideos",
                    "cluster": "",
                    "cluster_hosts": 0,
                    "other_settings": [],
                    "needs_domain": False,
                    "viewer_url": "{{ ams_url }}",
                    "origins": [],
                    "closed": False,
                    "allow_open_hls_upload": False,
                    "backlog": True,
                    "backlog_max": None,
                    "expire_days": 0,
                    "import": {"connections": 4, "bandwidth": 0, "min_age": 3600, "delete": False},
                    "cors_elsewhere": "",
                }
            },
            "problems": [],
        },
        "__s3_recording_run": "20261124T120000Z",
        "s3_recording_access_key_id": "AKIAIOSFODNN7EXAMPLE",
        "s3_recording_secret_access_key": "the-secret-of-an-example",
        "s3_recording_ams_email": "{{ ams_email }}",
        "s3_recording_ams_password": "{{ ams_password }}",
        **{f"s3_recording_ams_{name}": "" for name in ("jwt_token", "validate_certs", "ca_path", "timeout")},
        "s3_recording_cluster_timeout": 60,
        "s3_recording_ams_start_timeout": 0,
        "s3_recording_wait_for_idle": 0,
        "s3_recording_settings": {},
        "s3_recording_live_test": "none",
        "s3_recording_live_test_timeout": 90,
        "s3_recording_verify_every": "",
        "s3_recording_ams_dir": "/usr/local/antmedia",
    },
}
# The variables of the role for AWX.
AWX_TASK = {
    "name": "Variables",
    "ansible.builtin.set_fact": {
        "__s3_recording_awx_inputs": {
            "Amazon Web Services": {
                "username": "AKIAIOSFODNN7EXAMPLE",
                "password": "the-secret-of-an-example",
                "security_token": "",
            }
        },
        "s3_recording_awx_organization": "Default",
        "s3_recording_awx_update_secrets": False,
    },
}
# What has to be there before the first example of a module or lookup.
BEFORE: dict[str, list[Task]] = {
    "ams_app_settings": [],
    "ams_server_info": [],
    "cloudfront_recording_distribution": [BUCKET_TASK],
    "iam_programmatic_user": [],
    "iam_stored_access_key": [BUCKET_TASK, USER_TASK, ARCHIVE_USER_TASK],
    "iam_stored_access_key_info": [BUCKET_TASK, USER_TASK, KEY_TASK],
    "recording_check": [],
    "recordings_import": [],
    "recording_awx_credential": [
        {"name": "Organization", "awx.awx.organization": {"name": "Default"}},
        AWX_TASK,
    ],
    "recording_keys": [PLAN_TASK],
    "recording_display": [],
    "recording_plan": [
        PLAN_TASK,
        {
            "name": "What was read",
            "ansible.builtin.set_fact": {
                "__s3_recording_storage_read": {"buckets": {}, "problems": []},
                "__s3_recording_keys_read": {"problems": []},
                "__s3_recording_readers": {"localhost": ["localhost"]},
                "__s3_recording_servers_read": {
                    "servers": {"localhost": {"apps": {}, "warnings": [], "problem": None}}
                },
            },
        },
    ],
    "recording_narrow": [],
    "recording_play": [],
    "recording_read": [PLAN_TASK, task("recording_keys")],
    "recording_servers": [PLAN_TASK, task("recording_keys")],
    "recording_verify": [PLAN_TASK],
    "recording_verified": [PLAN_TASK, task("recording_keys"), task("recording_servers", step="apply")],
    "s3_bucket_access": [BUCKET_TASK],
    "s3_cors": [BUCKET_TASK],
    "s3_recording_bucket": [],
    "s3_recording_storage": [],
    "s3_recording_storage_plan": [],
    "stored_access_key": [
        USER_TASK,
        task(
            "iam_stored_access_key",
            user_name=USER,
            stored_at="/antmedia/s3_recording/myvideos",
            region="us-east-1",
        ),
    ],
}


class Stands:
    """Stand-ins of AWS and of a server for one plugin's examples."""

    def __init__(self, aws: AwsStandIn, fleet: Fleet, folder: Path) -> None:
        self.aws, self.fleet, self.folder = aws, fleet, folder
        self.vault = folder / "vault-password"
        self.vault.write_text("of-a-test")

    def run(self, tasks: list[Task], *arguments: str, env: Mapping[str, str] | None = None) -> PlaybookRun:
        host = self.fleet.hosts[0]
        play = {"name": "Examples", "hosts": "localhost", "gather_facts": False, "tasks": tasks}
        variables = {
            "ams_url": host.url,
            "ams_email": host.email,
            "ams_password": host.password,
            "backups": str(self.folder / "backups"),
        }
        arguments = (f"--vault-password-file={self.vault}", *arguments)
        env = {**self.aws.env(), **(env or {})}
        return run_playbook([play], env=env, extra_vars=variables, arguments=arguments)

    def record(self) -> None:
        """Set the server up as the examples of recording_check find it."""
        host = self.fleet.hosts[0]
        variables = {
            "s3_recording_bucket": "recorded-by-examples",
            "s3_recording_region": REGION,
            "s3_recording_endpoint": self.aws.endpoint_url,
            "s3_recording_aws_endpoint_url": self.aws.endpoint_url,
            "s3_recording_ams_url": host.url,
            "s3_recording_ams_email": host.email,
            "s3_recording_ams_password": host.password,
            "s3_recording_verify": False,
            "s3_recording_backup_dir": str(self.folder / "former"),
        }
        server = {"all": {"hosts": {"localhost": {**LOCALHOST["all"]["hosts"]["localhost"], **variables}}}}
        for playbook in ("storage", "servers"):
            run_playbook(NAME + playbook, inventory=server, env=self.aws.env())

    def leave_behind(self) -> None:
        """Give the server recordings that are not in its bucket, before it forwards viewers."""
        nowhere = {"httpForwardingExtension": "", "httpForwardingBaseURL": ""}
        self.fleet.set_settings(0, "live", nowhere)
        for name in ("lecture.mp4", "talk.mp4"):
            self.fleet.add_recordings(0, "live", [name], age=7200, size=600_000)
            self.fleet.add_file(0, "live", f"streams/{name}", b"of a test ", times=60_000, age=7200)


@pytest.fixture(scope="module")
def stands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stands]:
    with AwsStandIn(region=REGION) as aws, Fleet(hosts=1) as fleet:
        yield Stands(aws, fleet, tmp_path_factory.mktemp("examples"))


def documented(kind: str, plugin: str, name: str) -> Any:
    """One of the documents of a plugin's file."""
    for node in ast.parse((REPO / "plugins" / kind / f"{plugin}.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == name:
            return yaml.safe_load(ast.literal_eval(node.value))
    raise AssertionError(f"{plugin} has no {name}")


def examples(kind: str, plugin: str, folder: Path) -> list[Task]:
    """The examples as they are but for what a machine of its own has: folders, and an ID that AWS gives."""
    text = yaml.safe_dump(documented(kind, plugin, "EXAMPLES"), sort_keys=False, width=1000)
    own = {
        "~/ams-backup": str(folder / "ams-backup"),
        "/etc/ansible/keys": str(folder),
        "E2QWRUHAPOMQZL": "'{{ distribution.distribution_id }}'",
    }
    for theirs, ours in own.items():
        text = text.replace(theirs, ours)
    found: list[Task] = yaml.safe_load(text)
    return found


def ran(run: PlaybookRun, tasks: list[Task]) -> list[TaskResult]:
    """The results of these tasks; an example that did not run is none."""
    results = [result for each in tasks for result in run.of_task(each["name"])]
    assert {result.status for result in results} <= {"ok", "changed"}
    assert {result.task for result in results} == {each["name"] for each in tasks}
    return results


@pytest.mark.parametrize(
    ("kind", "plugin"),
    [*(("modules", name) for name in MODULES), *(("lookup", name) for name in LOOKUPS)],
)
def test_examples_run_and_give_what_is_documented(stands: Stands, kind: str, plugin: str) -> None:
    assert plugin in BEFORE, f"say in BEFORE what the examples of {plugin} need"
    stands.aws.reset()
    if plugin in ("recording_check", "recordings_import"):
        stands.record()
    if plugin == "recordings_import":
        stands.leave_behind()
    tasks = examples(kind, plugin, stands.folder)
    if plugin == "recording_awx_credential":
        pytest.importorskip("ansible_collections.awx.awx", reason="awx.awx is needed")
        with AwxStandIn() as awx:
            results = ran(stands.run([*BEFORE[plugin], *tasks], env=awx.env()), tasks)
    else:
        results = ran(stands.run([*BEFORE[plugin], *tasks]), tasks)
    if kind == "modules":
        returned = documented(kind, plugin, "RETURN")
        of_module = [result for result in results if result.action == NAME + plugin]
        assert of_module
        # What the module of a step returns is documented there.
        others = documented(kind, "ams_app_settings", "RETURN") if plugin == "recording_servers" else {}
        for result in of_module:
            check_result(result.result, {**others, **returned})
        check_samples(of_module, returned)


def check_result(result: dict[str, Any], returned: dict[str, Any]) -> None:
    undocumented = set(result) - ADDED - set(returned)
    assert not undocumented
    for name, described in returned.items():
        if described["returned"] in ("always", "success"):
            assert name in result, f"{name} is documented as always there"
        if result.get(name) is not None:
            assert isinstance(result[name], TYPES[described["type"]]), name


def neutral(value: Any) -> Any:
    """Without what each account, each run and each day has of its own."""
    if isinstance(value, dict):
        return {name: neutral(each) for name, each in value.items()}
    if isinstance(value, list):
        return [neutral(each) for each in value]
    if isinstance(value, str):
        for of_its_own in OF_ITS_OWN:
            value = re.sub(of_its_own, "*", value)
        return value
    return value if isinstance(value, bool) or value is None else 0


def check_samples(results: list[TaskResult], returned: dict[str, Any]) -> None:
    """A sample is what a run gave; of a list it may be a part."""
    for name, described in returned.items():
        if "sample" not in described or described["returned"] not in ("always", "success"):
            continue
        sample = neutral(described["sample"])
        seen = [neutral(result.result.get(name)) for result in results]
        if isinstance(sample, list) and sample:
            assert any(all(each in one for each in sample) for one in seen if one), (name, sample, seen)
        else:
            assert sample in seen, name


@pytest.mark.parametrize("module", MODULES)
def test_samples_have_the_documented_type(module: str) -> None:
    for name, described in documented("modules", module, "RETURN").items():
        assert described["returned"]
        if "sample" in described:
            assert isinstance(described["sample"], TYPES[described["type"]]), name


FILTERS = sorted(path.stem for path in (REPO / "plugins" / "filter").glob("[!_]*.yml"))
# What the examples of the filters take from the play around them, as the role has it.
OF_THE_PLAY = {
    "fleet": {
        "hosts": {
            "ams1": {
                "ams_url": "https://ams1:5443",
                "apps": [],
                "backup_path": "/nowhere/ams1.json",
                "bucket": "myvideos",
                "cluster": "",
                "plays_at": {},
            }
        },
        "buckets": [
            {
                "bucket": "myvideos",
                "delivery": "private",
                "folders": ["streams"],
                "hosts": ["ams1"],
                "key_given": False,
                "region": "us-east-1",
                "has_access": True,
                "iam_user": "myvideos-recording",
                "key_store": "ssm",
                "key_stored_at": "/antmedia/s3_recording/myvideos",
            }
        ],
    },
    "bucket": {"bucket": "myvideos", "hosts": ["ams1"]},
    "done": {
        "buckets": {"myvideos": {"iam_stored_access_key": {"access_key_id": "AKIAIOSFODNN7EXAMPLE"}}},
        "changes": {"myvideos": []},
    },
    "options": options_of("s3_recording"),
}
# For each filter what is said by its example, or by a task behind it that looks at what it made.
SAID = {
    "recording_batch": ("", "[]"),
    "recording_broken": ("", "[]"),
    "recording_results": ("reached", "reached"),
    "recording_not_text": ("", "The password is a number"),
    "recording_notes": ("{{ notes }}", "[]"),
    "recording_survey": ("", "'variable': 's3_recording_delivery'"),
    "recording_decommission": ("", "They can only be read with credentials"),
    "recording_fleet": (
        "{{ fleet.buckets | map(attribute='key_stored_at') }}",
        "/antmedia/s3_recording/myvideos",
    ),
    "recording_import_lines": ("{{ lines }}", "not tried: ams1"),
    "recording_missing": ("", "ams1"),
    "recording_not_replaced": ("", "myvideos: AKIA1 is now inactive. AKIA2 was NOT replaced"),
    "recording_restored": ("", "ams1: the backup has no run from 20261124T120000Z on"),
    "recording_patterns": ("", r"~^Ant\\x20Media\\x201$"),
    "recording_readers": ("{{ readers }}", "{'ams1': ['ams1']}"),
    "recording_result_lines": ("", "1 server was as planned and was not changed"),
    "recording_run_name": ("", "Z"),
    "recording_storage_record": ("{{ storage.myvideos.access_key_id }}", "AKIAIOSFODNN7EXAMPLE"),
    "recording_rollback": ("", "The folder /backup has no backup of these servers."),
    "recording_to_verify": ("", "['ams1']"),
}


def example_of(filter_name: str) -> Task:
    text = (REPO / "plugins" / "filter" / f"{filter_name}.yml").read_text(encoding="utf-8")
    (example,) = yaml.safe_load(yaml.safe_load(text)["EXAMPLES"])
    assert isinstance(example, dict)
    return example


@pytest.mark.parametrize("name", FILTERS)
def test_a_filters_example_runs(name: str) -> None:
    look, said = SAID[name]
    tasks = [example_of(name)]
    if look:
        tasks.append({"name": "Look", "ansible.builtin.debug": {"msg": look}})
    play = {"name": "Examples", "hosts": "ams1", "gather_facts": False, "tasks": tasks}
    run = run_playbook(
        [{**play, "vars": OF_THE_PLAY}],
        inventory={"all": {"hosts": {"ams1": LOCALHOST["all"]["hosts"]["localhost"]}}},
    )
    messages = [str(result.result["msg"]) for result in run.results if "msg" in result.result]
    assert any(said in message for message in messages) if said else not messages
