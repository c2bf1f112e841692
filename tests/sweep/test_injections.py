# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a stranger says is shown as a text: never run, without controls, and like no line of Ansible."""

from __future__ import annotations

import re

import pytest

from tests.harness.playbook import PlaybookRun

from . import chosen
from .injection_cases import CASES, FAKED, MARK, SAMPLE, TEXTS, WORD, Case
from .world import World, written

# But tab and the end of a line; with the marks that turn the direction of reading.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
GIVEN_KEY = {
    "s3_recording_access_key_id": "AKIASWEEPOFSERVERS01",
    "s3_recording_secret_access_key": "secret-of-the-sweep-of-injections",
    "s3_recording_verify": False,
}


def run_case(world: World, case: Case) -> None:
    mark = world.folder / "made-by-a-stranger"
    carrier = case.carrier
    if carrier.before:
        world.run(carrier.before)
    if carrier.playbook == "servers":
        world.variables |= GIVEN_KEY
    carrier.bring(world, TEXTS[case.text].replace(MARK, str(mark)))
    arguments = [*carrier.arguments]
    if world.extra:
        arguments += ["-e", f"@{written(world.folder / 'survey.yml', world.extra)}"]
    run = world.run(carrier.playbook, *arguments, expected_rc=carrier.rc, expected_warnings=None)
    assert not mark.exists(), run.describe()
    if carrier.shows:
        assert WORD in run.output, run.describe()
    assert carrier.said in " ".join(run.output.split()), run.describe()
    is_plain(run)


def is_plain(run: PlaybookRun) -> None:
    assert not CONTROLS.findall(run.output), run.describe()
    lines = [line.strip() for line in run.output.splitlines()]
    faked = [line for line in lines if line in (FAKED, "TASK [faked] ***", "ok: [faked]", "PLAY RECAP ***")]
    assert not faked, run.describe()
    assert not re.search(r"Traceback|unexpected exception|this is probably a bug", run.output, re.I), (
        run.describe()
    )
    assert run.recap, run.describe()


@pytest.mark.parametrize("case", chosen(CASES, SAMPLE), ids=lambda case: case.name)
def test_a_text_of_a_stranger_is_a_text(world: World, case: Case) -> None:
    run_case(world, case)
