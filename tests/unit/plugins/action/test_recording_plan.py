# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that plans a run: what it takes from the tasks before, displays, returns and refuses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible import constants
from ansible.utils.display import Display
from ansible_collections.antmedia.s3_recording.plugins.action.recording_plan import ActionModule

SETS_ALL = {"key_policy": {}, "key_given": True, "has_access": True, "cors_elsewhere": ""}
HOSTS = ("ams1", "ams2", "ams3")
CHANGE = {"s3BucketName": {"before": "", "after": "videos"}}
NOTHING = "PLAN  AWS: nothing to change.  Servers: nothing to change, {}, 0 unreachable."
ADD = {"action": "add", "what": "bucket", "text": "create the bucket"}


def read(changes: dict[str, Any] | None = None, problem: Any = None) -> dict[str, Any]:
    return {
        "apps": {"live": {"changes": changes or {}, "live_streams": 0, "broken_links": 0}},
        "warnings": [],
        "problem": problem,
    }


def unreachable(host: str) -> dict[str, Any]:
    tried = f"Reading the server at https://{host}:5443"
    return read(problem={"kind": "unreachable", "tried": tried, "actual": "refused", "remedy": "Is it up?"})


def registered(**reads: Any) -> dict[str, Any]:
    return {"__s3_recording_servers_read": {"servers": reads}}


class Planning:
    """A task of recording_plan, and what was printed."""

    def __init__(self, printed: list[tuple[str, bool]]) -> None:
        self.printed = printed
        bucket = {
            "bucket": "videos",
            "region": "eu-west-1",
            "needs_domain": False,
            **SETS_ALL,
        }
        self.desired: dict[str, Any] = {
            "problems": [],
            "buckets": [bucket],
            "hosts": {host: {"bucket": "videos", "backup_path": f"/nowhere/{host}.json"} for host in HOSTS},
        }
        # The controller has read two of the servers in the task of the first; the third has read itself.
        self.of_hosts: dict[str, dict[str, Any]] = {
            "ams1": registered(ams1=read(), ams2=read()),
            "ams2": {},
            "ams3": registered(ams3=read()),
        }
        self.variables: dict[str, Any] = {
            "__s3_recording_fleet": self.desired,
            "__s3_recording_storage_read": {"buckets": {"videos": {"changes": [], "results": {}}}},
            "__s3_recording_keys_read": {},
            "ansible_play_hosts_all": list(HOSTS),
            "hostvars": SimpleNamespace(raw_get=self.of_hosts.__getitem__),
        }

    def run(self, *, diff: bool = False, **arguments: Any) -> dict[str, Any]:
        templar = MagicMock()
        templar.template = lambda value: value
        parts = {part: MagicMock() for part in ("connection", "play_context", "loader", "shared_loader_obj")}
        task = MagicMock(args=arguments, async_val=0, check_mode=False, diff=diff)
        return ActionModule(task=task, templar=templar, **parts).run(task_vars=self.variables)

    @property
    def lines(self) -> list[str]:
        return [line for text, _on_stderr in self.printed for line in text.splitlines()]


@pytest.fixture
def planning(monkeypatch: pytest.MonkeyPatch) -> Planning:
    printed: list[tuple[str, bool]] = []
    monkeypatch.setattr(constants, "DEFAULT_STDOUT_CALLBACK", "default")
    monkeypatch.setattr(
        Display, "display", lambda _self, text, stderr=False, **_more: printed.append((text, stderr))
    )
    return Planning(printed)


def test_what_every_reader_has_registered_is_planned_together(planning: Planning) -> None:
    result = planning.run()
    assert planning.lines == [NOTHING.format("3 as they are")]
    assert (result["changed"], result.get("failed"), result["msg"]) == (False, None, planning.lines)
    assert "ansible_facts" not in result, "a fact that an action returns would be in a fact cache"
    assert result["servers"] == {
        "changing": [],
        "unchanged": list(HOSTS),
        "present": list(HOSTS),
        "skipped": [],
        "gone": [],
        "folders_in_use": {"videos": []},
        "unused_buckets": [],
    }
    assert "ansible_stats" not in result


def test_a_server_that_no_reader_has_read_is_a_problem(planning: Planning) -> None:
    planning.of_hosts["ams3"].clear()
    result = planning.run()
    assert result["failed"] is True
    assert any(line.startswith("      ! ams3: Reading the server: ") for line in planning.lines)


def test_servers_without_a_task_have_a_statistic_in_site_alone(planning: Planning) -> None:
    planning.variables.update(s3_recording_gone_hosts="ams2", s3_recording_skip_unreachable=1)
    planning.of_hosts["ams3"] = registered(ams3=unreachable("ams3"))
    result = planning.run(view="site")
    assert result["ansible_stats"] == {
        "data": {"s3_recording_results": {"ams1": "unchanged", "ams2": "skipped", "ams3": "skipped"}},
        "aggregate": True,
        "per_host": False,
    }
    servers = result["servers"]
    assert (servers["skipped"], servers["gone"], servers["present"]) == (["ams3"], ["ams2"], ["ams1"])


def test_a_problem_of_a_server_ends_the_run_without_a_list_for_later_plays(planning: Planning) -> None:
    planning.of_hosts["ams3"] = registered(ams3=unreachable("ams3"))
    result = planning.run(view="site")
    assert (result["failed"], result["msg"]) == (
        True,
        "The plan has problems, listed above. Nothing was changed.",
    )
    assert not {"servers", "ansible_stats"} & set(result)
    assert planning.lines[0].startswith("PLAN  ")
    assert "STOP  1 problem on 1 server. Nothing was changed." in planning.lines


@pytest.mark.parametrize("view", ["plan", "site", "drift"])
def test_variables_that_cannot_work_have_no_plan_beside_them(planning: Planning, view: str) -> None:
    planning.desired.update(problems=["ams1: s3_recording_bucket is not set"], hosts={}, buckets=[])
    planning.variables["__s3_recording_keys_read"] = {"problems": ["the same, from the key"]}
    assert planning.run(view=view)["failed"] is True
    assert planning.lines == [
        "STOP  1 problem. Nothing was changed.",
        "      ! ams1: s3_recording_bucket is not set",
    ]


def test_a_key_that_cannot_be_read_is_a_problem_of_its_own(planning: Planning) -> None:
    planning.variables["__s3_recording_keys_read"] = {"problems": ["videos: no access to SSM."]}
    assert planning.run()["failed"] is True
    assert planning.lines[-1] == "      ! videos: no access to SSM."


@pytest.mark.parametrize("of", ["server", "storage"])
def test_drift_is_a_failure_wherever_it_is(planning: Planning, of: str) -> None:
    if of == "server":
        planning.of_hosts["ams3"] = registered(ams3=read(CHANGE))
    else:
        planning.variables["__s3_recording_storage_read"]["buckets"]["videos"]["changes"] = [ADD]
    assert "failed" not in planning.run()
    result = planning.run(view="drift")
    assert (result["failed"], result["msg"]) == (
        True,
        "There is drift, listed above. Run site.yml to bring it back. Nothing was changed.",
    )
    assert ("live: s3BucketName '' -> 'videos'  (ams3)" in planning.lines) is (of == "server")


def test_no_drift_is_no_failure(planning: Planning) -> None:
    assert "failed" not in planning.run(view="drift")


@pytest.mark.parametrize("diff", [True, False])
def test_values_are_displayed_with_a_diff(planning: Planning, diff: bool) -> None:
    planning.of_hosts["ams3"] = registered(ams3=read(CHANGE))
    planning.run(view="site", diff=diff)
    assert ("live: s3BucketName '' -> 'videos'  (ams3)" in planning.lines) is diff


def test_without_the_storage_a_missing_distribution_is_a_problem(planning: Planning) -> None:
    """Viewers of servers.yml would be sent to a domain that does not exist."""
    planning.desired["buckets"][0]["needs_domain"] = True
    of_bucket = planning.variables["__s3_recording_storage_read"]["buckets"]["videos"]
    of_bucket.update(results={"cloudfront_recording_distribution": {"domain_name": ""}}, changes=[ADD])
    assert "failed" not in planning.run()
    planning.variables["__s3_recording_reads_storage"] = "false"
    assert planning.run()["failed"] is True
    assert planning.lines[-1] == (
        "      ! Bucket videos has no CloudFront distribution yet to send viewers to. Run storage.yml first, "
        "or set s3_recording_cloudfront_distribution"
    )
    # What this run does not make is not in its plan.
    assert (
        "PLAN  AWS: not known, see the problems.  Servers: nothing to change, 3 as they are, 0 unreachable."
        in (planning.lines)
    )


def test_a_run_of_the_storage_alone_has_no_server_that_is_missing(planning: Planning) -> None:
    planning.variables["__s3_recording_reads_servers"] = False
    planning.of_hosts.update({host: {} for host in HOSTS})
    result = planning.run(view="site")
    assert "failed" not in result
    assert result["servers"]["present"] == list(HOSTS)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"s3_recording_skip_unreachable": "many"}, "s3_recording_skip_unreachable is 'many'. "),
        ({"s3_recording_gone_hosts": {"a": 1}}, "s3_recording_gone_hosts must be a list"),
    ],
)
def test_a_limit_that_cannot_be_one_is_refused(
    planning: Planning, variables: dict[str, Any], message: str
) -> None:
    planning.variables.update(variables)
    result = planning.run()
    assert result["failed"] is True
    assert result["msg"].startswith(message)
    assert result["msg"].endswith(". Nothing was changed.")
    assert planning.lines == []


def test_a_variable_that_is_missing_is_named(planning: Planning) -> None:
    del planning.variables["__s3_recording_keys_read"]
    result = planning.run()
    assert (result["failed"], result["msg"]) == (
        True,
        "The variable __s3_recording_keys_read is not defined. Nothing was changed.",
    )


def test_a_program_that_reads_stdout_has_the_lines_in_the_failure(
    planning: Planning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "DEFAULT_STDOUT_CALLBACK", "ansible.posix.json")
    planning.of_hosts["ams3"] = registered(ams3=read(CHANGE))
    result = planning.run(view="drift")
    assert result["msg"].splitlines() == [
        *planning.lines,
        "There is drift, listed above. Run site.yml to bring it back. Nothing was changed.",
    ]
    assert [on_stderr for _text, on_stderr in planning.printed] == [True]
