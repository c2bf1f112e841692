# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plays each target's tasks as a role, as ansible-test would, against the stand-ins.

A target whose tasks mention ams_ is given a simulated server. A file `expected_warnings` in a target holds
one text a line; any other warning fails the target, and so does one of these that did not come.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from stand_ins.ams import Fleet
    from stand_ins.aws import AwsStandIn
    from stand_ins.real_ams import RealAms
    from tests.harness.playbook import PlaybookRun

TARGETS = Path(__file__).parent / "targets"
REGION = "eu-west-1"
# A release that fills in keys of its own, and the one that it fills in.
COMING, FILLED_IN = "4.0.0", {"forceSameResolutionEncode": True}


def runnable() -> list[str]:
    return sorted(path.parents[1].name for path in TARGETS.glob("*/tasks/main.yml"))


def expected_warnings(target: str) -> list[str]:
    listed = TARGETS / target / "expected_warnings"
    return listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []


def needs_ams(target: str) -> bool:
    return any("ams_" in path.read_text(encoding="utf-8") for path in (TARGETS / target).rglob("*.yml"))


def places() -> list[Any]:
    """Each target once; one that needs a server on the simulated and on the real one.

    The settings on a release that is to come as well.
    """
    found = [pytest.param(target, "simulated", id=target) for target in runnable()]
    real = [target for target in runnable() if needs_ams(target)]
    marks = pytest.mark.real_ams
    found.append(pytest.param("ams_app_settings", COMING, id=f"ams_app_settings-{COMING}"))
    return [*found, *(pytest.param(target, "real", id=f"{target}-real", marks=marks) for target in real)]


@pytest.mark.parametrize(("target", "server"), places())
def test_target(
    target: str,
    server: str,
    aws: AwsStandIn,
    request: pytest.FixtureRequest,
    run_playbook: Callable[..., PlaybookRun],
    tmp_path: Path,
) -> None:
    variables: dict[str, Any] = {
        "aws_endpoint_url": aws.endpoint_url,
        "aws_region": REGION,
        "output_dir": str(tmp_path),
    }
    if server == "real":
        ams: RealAms = request.getfixturevalue("real_ams")
        variables.update(ams_url=ams.url, ams_email=ams.email, ams_password=ams.password)
    elif needs_ams(target):
        release = {"release": COMING} if server == COMING else {}
        fleet: Fleet = request.getfixturevalue("fleet_factory")(hosts=1, **release)
        variables.update(
            ams_url=fleet.hosts[0].url,
            ams_email=fleet.hosts[0].email,
            ams_password=fleet.hosts[0].password,
            ams_hosts=[host.url for host in fleet.hosts],
            ams_control_url=fleet.control_url,
            **({"ams_encoder_extra": FILLED_IN} if release else {}),
        )
    tasks = [{"name": f"Run {target}", "ansible.builtin.import_role": {"name": target}}]
    run = run_playbook(
        [{"name": target, "hosts": "localhost", "gather_facts": False, "tasks": tasks}],
        extra_vars=variables,
        env={**aws.env(), "ANSIBLE_ROLES_PATH": str(TARGETS)},
        expected_warnings=expected_warnings(target),
        timeout=900,
    )
    assert run.recap["localhost"]["ok"] > 0
