# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tests' own runner: a warning or a failure that it overlooked would be overlooked everywhere."""

from __future__ import annotations

import pytest

from tests.harness.playbook import UnexpectedRun, messages


def play(*tasks):
    return [{"hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}]


def test_results_and_recap_are_told(run_playbook):
    run = run_playbook(
        play(
            {"name": "One", "ansible.builtin.command": "true"},
            {"name": "Two", "ansible.builtin.debug": {"msg": "{{ item }}"}, "loop": [1, 2]},
            {"name": "Three", "ansible.builtin.debug": {"msg": "{{ said }}"}, "when": "said == 'no'"},
        ),
        extra_vars={"said": "yes"},
    )
    assert run.recap["localhost"]["ok"] == 2
    assert run.changed == 1
    assert [(result.task, result.status) for result in run.results] == [
        ("One", "changed"),
        ("Two", "ok"),
        ("Three", "skipped"),
    ]
    assert [item["msg"] for item in run.items] == [1, 2]
    assert run.task("One")["rc"] == 0


def test_failure_is_an_error_unless_expected(run_playbook):
    failing = play({"name": "No", "ansible.builtin.fail": {"msg": "because"}})
    with pytest.raises(UnexpectedRun, match="because"):
        run_playbook(failing)
    assert run_playbook(failing, expected_rc=2).task("No")["msg"] == "because"


@pytest.mark.parametrize("how", ["warn", "deprecate"])
def test_warning_is_an_error_unless_expected(run_playbook, tmp_path, how):
    call = {"warn": "module.warn(TEXT)", "deprecate": "module.deprecate(TEXT, version='9.0')"}[how]
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "noisy.py").write_text(
        "#!/usr/bin/python\n"
        "from ansible.module_utils.basic import AnsibleModule\n"
        "TEXT = 'a text long enough to be wrapped by some releases of Ansible, which happens after eighty'\n"
        f"module = AnsibleModule(argument_spec={{}})\n{call}\nmodule.exit_json()\n"
    )
    noisy = play({"name": "Noisy", "noisy": {}})
    env = {"ANSIBLE_LIBRARY": str(tmp_path / "library")}
    with pytest.raises(UnexpectedRun, match="unexpected warnings"):
        run_playbook(noisy, env=env)
    assert run_playbook(
        noisy, env=env, expected_warnings=["wrapped by some releases of Ansible, which happens"]
    )


def test_expected_warning_must_come(run_playbook):
    with pytest.raises(UnexpectedRun, match="missing warnings"):
        run_playbook(play({"ansible.builtin.debug": {}}), expected_warnings=["never said"])


def test_messages_are_unwrapped():
    text = "[WARNING]: one\ntwo\n  three\n[DEPRECATION WARNING]: four\nTASK [x]\nok\n"
    assert messages(text) == ["[WARNING]: one two three", "[DEPRECATION WARNING]: four", "TASK [x] ok"]


def test_collection_is_imported_under_its_name():
    from ansible_collections.amazon.aws.plugins.module_utils import modules
    from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams import client

    assert modules.AnsibleAWSModule
    assert client.Connection(url="https://example.com").url
