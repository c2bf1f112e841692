# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A password that is no text is not tried, and certificates that nobody checks are said once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from stand_ins.ams import Fleet
from stand_ins.ansible_environment import PYTHON
from tests.harness.playbook import PlaybookRun, run_playbook

REPO = Path(__file__).parents[2]
OURS = "antmedia.s3_recording."
INFO = OURS + "ams_server_info"


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(hosts=2) as running:
        yield running


def info(fleet: Fleet, warnings: tuple[str, ...] = (), rc: int = 0, **options: Any) -> PlaybookRun:
    hosts = {f"ams-{number}": {"url": host.url} for number, host in enumerate(fleet.hosts)}
    local = {"ansible_connection": "local", "ansible_python_interpreter": PYTHON}
    given = {"url": "{{ url }}", "email": fleet.hosts[0].email, "password": fleet.hosts[0].password}
    task = {"name": "Ask", INFO: {**given, **options}}
    play = {"name": "Ask", "hosts": "all", "gather_facts": False, "tasks": [task]}
    return run_playbook(
        [play],
        inventory={"all": {"hosts": hosts, "vars": local}},
        expected_rc=rc,
        expected_warnings=warnings,
    )


@pytest.mark.parametrize("option", ["password", "email", "jwt_token"])
def test_a_number_is_not_tried_as_a_password(fleet: Fleet, option: str) -> None:
    fleet.reset()
    run = info(fleet, (), 2, **{option: 123456})
    assert f"YAML reads {option} as a number" in run.output
    assert fleet.logins() == []


def test_certificates_that_nobody_checks_are_said_once(fleet: Fleet, tmp_path: Path) -> None:
    authorities = tmp_path / "ca.pem"
    authorities.write_text("")
    run = info(
        fleet,
        warnings=("ca_path has no effect",),
        ca_path=str(authorities),
        validate_certs=False,
    )
    assert run.output.count("ca_path has no effect with validate_certs=false") == 1


def test_a_number_is_no_secret_of_aws_either() -> None:
    groups = yaml.safe_load((REPO / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]
    modules = [name for name in groups["aws"] if not name.startswith("amazon")]
    login = {"access_key": "A", "secret_key": 123456}
    tasks = [{"name": name, f"{OURS}{name}": login, "ignore_errors": True} for name in modules]
    run = run_playbook([{"name": "Ask", "hosts": "localhost", "gather_facts": False, "tasks": tasks}])
    assert len(modules) > 6
    for name in modules:
        assert "YAML reads secret_key as a number" in run.task(name)["msg"], name
