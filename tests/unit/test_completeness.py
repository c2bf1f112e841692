# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one forgets when a module, an option or a role variable is added."""

from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.variables import typed

REPO = Path(__file__).resolve().parents[2]
PLUGINS = REPO / "plugins"
TARGETS = REPO / "tests" / "integration" / "targets"
ROLES = sorted(path.name for path in (REPO / "roles").iterdir() if path.is_dir())
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("[!_]*.py"))
# Of the role and its playbooks: they share no options with the others.
OF_THE_ROLE = {
    *("recording_awx_credential", "recording_keys", "recording_play", "recording_servers"),
    *("recording_display", "recording_plan", "recording_read", "recording_verified", "recording_verify"),
    "recording_narrow",
}
PREFIX = "antmedia.s3_recording."
# Keywords of a task, as far as our examples and tests have them beside the action.
KEYWORDS = {
    *(
        "name",
        "when",
        "vars",
        "register",
        "loop",
        "loop_control",
        "delegate_to",
        "delegate_facts",
        "run_once",
        "check_mode",
    ),
    *("become", "become_user", "no_log", "until", "retries", "delay", "environment", "changed_when", "tags"),
    *("failed_when", "notify", "diff", "ignore_errors", "module_defaults", "args", "connection", "throttle"),
}
BLOCKS = ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers", "roles")


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def constant(path: Path, name: str) -> str:
    """A string that a plugin assigns at its top, read without importing the plugin."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == name:
            return str(ast.literal_eval(node.value))
    raise AssertionError(f"{path} has no {name}")


def actions(tasks: list[dict[str, Any]]) -> set[str]:
    """Names of the actions of these tasks, plays and what they hold."""
    found: set[str] = set()
    for task in tasks:
        inner = [key for key in BLOCKS if isinstance(task.get(key), list)]
        for key in inner:
            found |= actions([each for each in task[key] if isinstance(each, dict)])
        if not inner and "hosts" not in task:
            found |= set(task) - KEYWORDS
    return found


@pytest.mark.parametrize("module", MODULES)
def test_module_has_an_integration_target(module: str) -> None:
    tasks = TARGETS / module / "tasks" / "main.yml"
    assert tasks.exists()
    assert PREFIX + module in tasks.read_text(encoding="utf-8")


@pytest.mark.parametrize("module", MODULES)
def test_module_documents_its_attributes(module: str) -> None:
    from ansible.plugins.loader import fragment_loader
    from ansible.utils.plugin_docs import get_docstring

    path = PLUGINS / "modules" / f"{module}.py"
    documented = get_docstring(str(path), fragment_loader, collection_name="antmedia.s3_recording")[0]
    attributes = documented.get("attributes", {})
    assert {"check_mode", "diff_mode"} <= set(attributes)
    assert attributes["check_mode"]["support"] != "none"


@pytest.mark.parametrize("module", MODULES)
def test_examples_use_full_names(module: str) -> None:
    examples = yaml.safe_load(constant(PLUGINS / "modules" / f"{module}.py", "EXAMPLES"))
    named = actions(examples)
    assert PREFIX + module in named
    assert not {name for name in named if name.count(".") < 2}


def test_action_groups_hold_every_module() -> None:
    groups = load(REPO / "meta" / "runtime.yml")["action_groups"]
    listed = {group: {name for name in names if "." not in name} for group, names in groups.items()}
    for group, names in listed.items():
        assert names == {name for name in MODULES if name.startswith(_prefixes(group))} - OF_THE_ROLE
    assert set().union(*listed.values()) == set(MODULES) - OF_THE_ROLE


def _prefixes(group: str) -> tuple[str, ...]:
    return {"ams": ("ams_", "recording_", "recordings_"), "aws": ("cloudfront_", "iam_", "s3_")}[group]


def test_no_plugin_imports_by_a_deprecated_name() -> None:
    """The playbook tests overlook this warning, because older releases of amazon.aws give it."""
    assert not [
        path for path in PLUGINS.rglob("*.py") if "module_utils._text" in path.read_text(encoding="utf-8")
    ]


def test_every_action_plugin_has_its_module() -> None:
    assert {path.stem for path in (PLUGINS / "action").glob("[!_]*.py")} <= set(MODULES)


@pytest.mark.parametrize("role", ROLES)
def test_role_defaults_are_those_documented(role: str) -> None:
    options = load(REPO / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = load(REPO / "roles" / role / "defaults" / "main.yml") or {}
    assert set(defaults) <= set(options)
    assert defaults == {name: option["default"] for name, option in options.items() if "default" in option}


@pytest.mark.parametrize("role", ROLES)
def test_role_variables_have_the_role_prefix(role: str) -> None:
    specs = load(REPO / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]
    names = {name for spec in specs.values() for name in spec.get("options", {})}
    assert not {name for name in names if not name.startswith(f"{role}_")}


# Variables that the tasks of the role read themselves. A new one that the plan needs does not belong here.
BESIDE_THE_INTENT = {
    *("secret_access_key", "key_kms_key_id", "key_recreate", "key_wait_timeout", "key_max_age_days"),
    *(
        "key_switch_wait",
        "key_leaked",
        "ams_email",
        "ams_password",
        "ams_jwt_token",
        "ams_timeout",
        "ams_dir",
    ),
    *(
        "inventory_hosts",
        "ams_start_timeout",
        "wait_for_idle",
        "import",
        "cluster_timeout",
        "verify",
        "live_test_timeout",
        "backup_dir",
        "rollback_run",
        "rollback_storage",
    ),
    *("rollback_since", "delete_bucket", "ignore_live_streams", "skip_unreachable", "gone_hosts"),
}


def test_a_role_variable_is_in_the_intent_in_the_defaults_and_in_the_argument_spec() -> None:
    role = REPO / "roles" / "s3_recording"
    options = load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = load(role / "defaults" / "main.yml")
    of_intent = {field.name: field.default for field in fields(Intent) if field.name != "secret_given"}
    documented = {name.removeprefix("s3_recording_") for name in options}
    assert documented == {*of_intent} | BESIDE_THE_INTENT
    assert documented - {"bucket"} == {name.removeprefix("s3_recording_") for name in defaults}
    for name, default in of_intent.items():
        given = defaults.get(f"s3_recording_{name}")
        # An empty value is not given: what that comes to is known to the intent.
        assert given in (None, "", {}) or typed(name, given) == default, name


@pytest.mark.parametrize(
    "message",
    [
        "The entry point dismantle is now called decommission",
        "The entry point retire is now called retire_key",
        "The entry point rotate is now called rotate_key",
    ],
)
def test_an_entry_point_whose_name_changed_is_refused_with_the_new_one(message: str) -> None:
    role = REPO / "roles" / "s3_recording"
    *_words, old, _is, _now, _called, new = message.split()
    (task,) = load(role / "tasks" / f"{old}.yml")
    assert task["ansible.builtin.fail"]["msg"].startswith(f"{message}. ")
    specs = load(role / "meta" / "argument_specs.yml")["argument_specs"]
    assert new in specs
    assert old not in specs
    assert (role / "tasks" / f"{new}.yml").is_file()
