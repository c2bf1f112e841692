# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""awx.yml as the guide has it, on a stand-in of AWX: what it makes, and only once, what it refuses."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.release import __version__ as ansible_version

from stand_ins.ansible_environment import COLLECTIONS
from stand_ins.awx import AwxStandIn, Injected
from tests.harness.collection_index import REPO, guide_blocks, options_of
from tests.harness.events import dumped, dumping, leaks
from tests.harness.playbook import PlaybookRun, run_playbook

pytest.importorskip(
    "ansible_collections.awx.awx", reason="awx.awx is needed, of the package ansible below 14"
)

AWX = "antmedia.s3_recording.awx"
GUIDE = REPO / "docs" / "docsite" / "rst" / "awx.rst"
VAULTED = {
    "vaulted_ams_password": "password-of-the-console",
    "vaulted_aws_access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "vaulted_aws_secret_access_key": "secret-of-the-jobs",
}
NO_CREDENTIAL = {"s3_recording_awx_aws_access_key_id": None, "s3_recording_awx_aws_secret_access_key": ""}
BUILDER = str(Path(sys.executable).with_name("ansible-builder"))
COMMANDS = [line for block in guide_blocks(GUIDE, "console") for line in block.splitlines()]
OPTIONS = options_of("s3_recording")


def of_guide() -> dict[str, Any]:
    (block,) = guide_blocks(GUIDE, "yaml")
    found: dict[str, Any] = yaml.safe_load(block)
    return found


def set_up(awx: AwxStandIn, *arguments: str, **options: Any) -> PlaybookRun:
    variables = {**of_guide(), **VAULTED, **options.pop("variables", {})}
    awx.clear_requests()
    env = {**awx.env(), "ANSIBLE_PIPELINING": "1", **options.pop("env", {})}
    run = run_playbook(AWX, extra_vars=variables, env=env, arguments=arguments, **options)
    for secret in (VAULTED["vaulted_ams_password"], VAULTED["vaulted_aws_secret_access_key"], awx.token):
        assert secret not in run.output
    return run


def changed_tasks(run: PlaybookRun) -> set[str]:
    return {each.task.rpartition(" | ")[2] for each in run.results if each.changed}


@pytest.fixture
def fresh() -> Iterator[AwxStandIn]:
    with AwxStandIn() as awx:
        yield awx


@pytest.fixture
def used(awx: AwxStandIn) -> Iterator[AwxStandIn]:
    """Start one that was set up, to be changed."""
    with AwxStandIn(awx.objects) as copied:
        yield copied


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("events") / "events.jsonl"


@pytest.fixture(scope="module")
def awx(events: Path) -> Iterator[AwxStandIn]:
    with AwxStandIn() as awx:
        # At this verbosity Ansible shows everything that it does not have to hide.
        assert set_up(awx, verbosity=3, env=dumping(events)).changed > 0
        yield awx


def test_no_event_holds_a_secret(awx: AwxStandIn, events: Path) -> None:
    secrets = {name: VAULTED[name] for name in ("vaulted_ams_password", "vaulted_aws_secret_access_key")}
    assert leaks(dumped(events), {**secrets, "the token": awx.token}, VAULTED) == []


def test_the_guides_commands(tmp_path: Path) -> None:
    build, push, export, play = COMMANDS
    assert export.startswith("export CONTROLLER_HOST=https://awx.example.com CONTROLLER_OAUTH_TOKEN=")
    given = ["-e", "@awx-variables.yml", "-e", "@vault.yml", "--ask-vault-pass"]
    assert shlex.split(play) == ["ansible-playbook", AWX, *given]
    # Building needs a container engine and an image; what it builds from is made before that.
    name, _build, *arguments = shlex.split(build)
    assert (name, arguments[0], arguments[2]) == ("ansible-builder", "-f", "-t")
    image = arguments[3]
    assert push == f"podman push {image}"
    assert f"s3_recording_awx_image: {image}\n" in GUIDE.read_text(encoding="utf-8")
    create = [BUILDER, "create", *arguments[:2], "-c", str(tmp_path / "context")]
    done = subprocess.run(create, cwd=REPO, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in (done.stdout + done.stderr).lower()
    (recipe,) = [path for path in (tmp_path / "context").iterdir() if path.is_file()]
    assert "ansible-galaxy collection install" in recipe.read_text()


def test_what_the_collection_needs_is_found_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "ansible_collections"
    (folder / "antmedia").mkdir(parents=True)
    (folder / "antmedia" / "s3_recording").symlink_to(
        Path(COLLECTIONS) / "ansible_collections/antmedia/s3_recording"
    )
    import ansible_collections.amazon.aws as amazon

    (folder / "amazon").mkdir()
    (folder / "amazon" / "aws").symlink_to(next(iter(amazon.__path__)))
    command = [BUILDER, "introspect", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "warning" not in (done.stdout + done.stderr).lower()
    found = yaml.safe_load(done.stdout.split("---", 1)[-1])
    asked = [line.replace(" ", "").split("#fromcollection") for line in found["python"]]
    of_ours = {
        package.split(">")[0] for package, collection in asked if collection == "antmedia.s3_recording"
    }
    assert of_ours == {"boto3", "botocore", "requests"}
    assert "amazon.aws" in {collection for _package, collection in asked}


def test_a_second_run_changes_nothing(awx: AwxStandIn) -> None:
    assert set_up(awx).changed == 0
    assert awx.writes() == []


def test_later_changes(used: AwxStandIn) -> None:
    other: dict[str, Any] = {"s3_recording_awx_slices": 2, "s3_recording_awx_hosts": {"ams3.example.com": {}}}
    check = set_up(used, "--check", variables=other)
    assert changed_tasks(check) == {"Create the hosts", "Create the job templates"}
    assert used.writes() == []

    other["s3_recording_awx_ec2_regions"] = ["eu-west-1"]
    other["s3_recording_awx_ec2_tag"] = {"Role": "ams", "Env": "prod"}
    # A secret that is another is seen by nobody, so it is written when asked. One that is not given is there.
    other["vaulted_ams_password"] = "the-next-password"
    set_up(used, variables={**other, **NO_CREDENTIAL})
    changed = {used.find("job_templates", f"Recording {name}").id for name in ("servers", "verify")}
    assert sorted(used.writes()) == [
        *sorted(("PATCH", f"/api/v2/job_templates/{number}/") for number in changed),
        ("POST", "/api/v2/hosts/"),
        ("POST", "/api/v2/inventory_sources/"),
    ]
    source = used.find("inventory_sources", "Recording servers on EC2").values
    filters = yaml.safe_load(source["source_vars"])["filters"]
    assert filters == {"tag:Role": "ams", "tag:Env": "prod", "instance-state-name": "running"}
    assert source["update_on_launch"]

    # awx.awx says so of every credential that it writes; before 2.19 ansible-core hides it with no_log.
    core = tuple(map(int, ansible_version.split(".")[:2]))
    warned = ["has encrypted data and may inaccurately report task is changed"] if core >= (2, 19) else []
    run = set_up(used, variables={**other, "s3_recording_awx_update_secrets": True}, expected_warnings=warned)
    assert changed_tasks(run) == {"Create the credentials"}
    assert {path.split("/")[3] for _method, path in used.writes()} == {"credentials"}
    stored = used.find("credentials", "Recording Ant Media Server").values["inputs"]
    assert stored["password"] == "the-next-password"


def test_a_credential_that_is_neither_given_nor_there(fresh: AwxStandIn) -> None:
    run = set_up(fresh, variables=NO_CREDENTIAL, expected_rc=2)
    assert "AWX has no credential 'Recording AWS', and none was given" in run.stdout
    assert list(fresh.objects.of("credentials", "job_templates")) == []


def test_a_password_that_is_no_text_is_refused(fresh: AwxStandIn) -> None:
    run = set_up(fresh, variables={"s3_recording_awx_ams_password": 123456}, expected_rc=2)
    assert "YAML reads s3_recording_awx_ams_password as a number" in run.stdout
    assert fresh.writes() == []


@pytest.mark.parametrize("name", ["s3_recording_awx_backup_dir", "s3_recording_awx_image"])
def test_what_is_needed_is_asked_for(fresh: AwxStandIn, name: str) -> None:
    run = set_up(fresh, variables={name: ""}, expected_rc=2)
    assert f"{name} is empty" in run.stdout
    assert fresh.writes() == []


def job_with(
    awx: AwxStandIn, folder: Path, inputs: Mapping[str, Any], name: str = "Ant Media Server"
) -> Injected:
    """What a job gets of a credential with these inputs."""
    kind = awx.find("credential_types", name)
    credential = awx.objects.add(
        "credentials", {"name": "tried", "credential_type": kind.id, "inputs": dict(inputs)}
    )
    found = Injected(folder)
    found.add(credential, awx.objects)
    del awx.objects.things[credential.id]
    return found


def injected(awx: AwxStandIn, folder: Path, inputs: Mapping[str, Any]) -> dict[str, str]:
    return job_with(awx, folder, inputs).env


def test_a_key_that_is_given_is_injected(awx: AwxStandIn, tmp_path: Path) -> None:
    given = {"access_key_id": "AKIA", "secret_access_key": "secret-of-the-key"}
    job = job_with(awx, tmp_path, given, "Ant Media Server access key")
    assert job.extra_vars == {f"s3_recording_{name}": value for name, value in given.items()}
    assert set(job.extra_vars) <= set(OPTIONS)
    assert job.secrets == ["secret-of-the-key"]


def test_every_kind_of_login_is_injected(awx: AwxStandIn, tmp_path: Path) -> None:
    nothing = dict.fromkeys(("AMS_URL", "AMS_EMAIL", "AMS_PASSWORD", "AMS_JWT", "AMS_CA_PATH"), "")
    nothing["AMS_INSECURE"] = "False"
    assert injected(awx, tmp_path, {}) == nothing
    login = {"email": "admin@example.com", "password": "p"}
    assert injected(awx, tmp_path, login) == {
        **nothing,
        "AMS_EMAIL": "admin@example.com",
        "AMS_PASSWORD": "p",
    }
    assert injected(awx, tmp_path, {"jwt_token": "t", "insecure": True}) == {
        **nothing,
        "AMS_JWT": "t",
        "AMS_INSECURE": "True",
    }
    path = injected(awx, tmp_path, {"ca_certificate": "-----BEGIN"})["AMS_CA_PATH"]
    assert Path(path).read_text() == "-----BEGIN"


def test_every_variable_of_the_credential_is_one_that_modules_read(awx: AwxStandIn) -> None:
    fragment = (REPO / "plugins" / "doc_fragments" / "ams_connection.py").read_text(encoding="utf-8")
    for name in awx.find("credential_types", "Ant Media Server").values["injectors"]["env"]:
        assert f"E({name})" in fragment or f"name: {name}" in fragment, name


TYPES = {"str": "text", "int": "integer", "float": "float", "list": "text", "bool": "multiplechoice"}


def test_surveys_ask_for_options_of_the_role(awx: AwxStandIn) -> None:
    templates = [*awx.objects.of("job_templates", "workflow_job_templates")]
    asked = [question for template in templates for question in template.survey.get("spec", [])]
    assert len(asked) > 20
    for question in asked:
        option = OPTIONS[question["variable"]]
        choices = [str(each) for each in option.get("choices", []) if each != ""]
        of_list = option["type"] == "list" and choices
        wanted = "multiselect" if of_list else "multiplechoice" if choices else TYPES[str(option["type"])]
        assert question["type"] == wanted
        if option["type"] == "bool":
            choices = ["true", "false"]
        assert question.get("choices", []) == choices
        # AWX would set it for every host, over the inventory.
        assert "default" not in question
        assert question["required"] is False
        default = option.get("default")
        shown = (
            ", ".join(default)
            if isinstance(default, list)
            else str("empty" if default in ("", None) else default)
        )
        shown = shown.lower() if option["type"] == "bool" else shown
        assert question["question_description"].endswith(f"the role's default is {shown}.")


def test_each_template_runs_a_playbook_of_the_collection(awx: AwxStandIn) -> None:
    templates = {each.name: each for each in awx.objects.of("job_templates")}
    playbooks = {name: each.values["playbook"].rpartition(".") for name, each in templates.items()}
    assert {prefix for prefix, _dot, _name in playbooks.values()} == {"antmedia.s3_recording"}
    assert {name for _prefix, _dot, name in playbooks.values()} == {
        *("storage", "servers", "verify", "rotate_key", "rollback", "drift")
    }
    sliced = {name for name, each in templates.items() if each.values["job_slice_count"] > 1}
    assert sliced == {"Recording servers", "Recording verify"}
    assert templates["Recording drift"].values["job_type"] == "check"
    assert not any(
        each.values["become_enabled"] or each.values["allow_simultaneous"] for each in templates.values()
    )
    credentials = {
        each.name for template in templates.values() for each in awx.linked(template, "credentials")
    }
    assert credentials == {"Recording Ant Media Server", "Recording AWS"}


def test_drift_is_looked_for_every_night(awx: AwxStandIn) -> None:
    schedule = awx.find("schedules", "Recording drift").values
    assert schedule["unified_job_template"] == awx.find("job_templates", "Recording drift").id
    assert "FREQ=DAILY" in schedule["rrule"]
    assert schedule["enabled"]
