# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The guide says how many cases there are, and each kind has enough of them."""

from __future__ import annotations

import re

from tests.harness.collection_index import REPO

from . import injection_cases, kill_cases, move_cases, secret_cases

RUNS = sum(case.runs for case in secret_cases.CASES)
INJECTIONS = len(injection_cases.CASES)


def test_the_guide_has_the_counts() -> None:
    text = (REPO / "docs/docsite/rst/threat_model.rst").read_text(encoding="utf-8")
    told = re.findall(r"^- \*\*(\w+):\*\* (\d+) ", text, re.M)
    counts = {
        "Secrets": RUNS,
        "Injections": INJECTIONS,
        "Kills": kill_cases.KILLS,
        "Moves": len(move_cases.CASES),
    }
    assert told == [(kind, str(count)) for kind, count in counts.items()]
    assert re.findall(r"are (\d+) unusual texts", text) == [str(len(secret_cases.TEXTS))]


def test_there_are_enough_cases_and_none_twice() -> None:
    assert (RUNS >= 100, INJECTIONS >= 30, kill_cases.KILLS >= 50) == (True, True, True)
    for module in (secret_cases, injection_cases, kill_cases):
        names = [case.name for case in module.CASES]
        assert len(names) == len(set(names))
        assert {case.name for case in module.SAMPLE} < set(names)


def test_the_sample_of_moves_is_there() -> None:
    assert 0 < len(move_cases.SAMPLE) <= 2


def test_each_text_is_somewhere() -> None:
    assert {case.text for case in secret_cases.CASES} == set(secret_cases.TEXTS)
    assert {case.text for case in injection_cases.CASES} == set(injection_cases.TEXTS)


def test_the_sample_is_small() -> None:
    runs = sum(case.runs for case in secret_cases.SAMPLE) + len(injection_cases.SAMPLE)
    # Of a case of kills: what is there before, the killed runs, and what comes after.
    runs += sum(len(case.kills) + 2 for case in kill_cases.SAMPLE)
    assert runs <= 10
