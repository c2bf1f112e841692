# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of the module recording_check, beside its checks."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import run
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.report import (
    CheckResult,
    module_result,
    results_of,
)


def test_it_says_how_long_the_checks_took(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 14.04])
    monkeypatch.setattr(run, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(run, "_check", lambda _params: {"failed": True, "msg": "broken"})
    assert run.run({}, check_mode=False) == {"failed": True, "msg": "broken", "seconds": 4.0}


def test_in_check_mode_nothing_took_any_time() -> None:
    assert "seconds" not in run.run({}, check_mode=True)


def test_a_result_has_the_checks_that_were_made() -> None:
    checks = [
        CheckResult("live", "put", True, "stored", "as expected", warning="late"),
        CheckResult("live", "get", False, "200", "403", "Run storage.yml", tried=False),
    ]
    assert results_of(module_result("https://ams1", checks)) == checks
    assert results_of({"skipped": True}) == []
