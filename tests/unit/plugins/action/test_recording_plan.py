# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that plans a run: what it takes from the tasks before, what it refuses, and who fails then."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible_collections.antmedia.s3_recording.plugins.action.recording_plan import ActionModule

SETS_ALL = {"key_policy": {}, "key_given": True, "has_access": True, "cors_elsewhere": "", "hosts": []}
HOSTS = ("ams1", "ams2", "ams3")
CHANGE = {"s3BucketName": {"before": "", "after": "videos"}}
NOTHING = "PLAN  AWS: nothing to change.  Servers: nothing to change, {}, 0 unreachable."
ADD = {"action": "add", "what": "bucket", "text": "create the bucket"}


def read(changes: dict[str, Any] | None = None, problem: Any = None) -> dict[str, Any]:
    return {
        "apps": {"live": {"changes": changes or {}, "live_streams": 0, "broken_links": 0, "left_behind": 0}},
        "warnings": [],
        "problem": problem,
    }


def unreachable(host: str) -> dict[str, Any]:
    tried = f"Reading the server at https://{host}:5443"
    return read(problem={"kind": "unreachable", "tried": tried, "actual": "refused", "remedy": "Is it up?"})


def registered(**reads: Any) -> dict[str, Any]:
    return {"__s3_recording_servers_read": {"servers": reads}}


class Planning:
    """A task of recording_plan, and what a later task displays of its result."""

    def __init__(self) -> None:
        self.display: dict[str, Any] = {}
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
            "__s3_recording_readers": {"ams1": ["ams1", "ams2"], "ams3": ["ams3"]},
            "ansible_play_hosts": list(HOSTS),
            "hostvars": SimpleNamespace(raw_get=self.of_hosts.__getitem__),
        }

    def run(self, *, diff: bool = False, **arguments: Any) -> dict[str, Any]:
        templar = MagicMock()
        templar.template = lambda value: value
        parts = {part: MagicMock() for part in ("connection", "play_context", "loader", "shared_loader_obj")}
        task = MagicMock(args=arguments, async_val=0, check_mode=False, diff=diff)
        result = ActionModule(task=task, templar=templar, **parts).run(task_vars=self.variables)
        self.display = result.get("display", {})
        return result

    @property
    def lines(self) -> list[str]:
        lines: list[str] = self.display["lines"]
        return lines

    @property
    def problem(self) -> str:
        return str(self.display["problem"])

    @property
    def hosts(self) -> list[str]:
        """The hosts that display the plan: those that fail if it has a problem."""
        hosts: list[str] = self.display["hosts"]
        return hosts


@pytest.fixture
def planning() -> Planning:
    return Planning()


def test_what_every_reader_has_registered_is_planned_together(planning: Planning) -> None:
    result = planning.run()
    assert planning.lines == [NOTHING.format("3 as they are")]
    assert (result["changed"], planning.problem, planning.hosts) == (False, "", ["ams1"])
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
    assert planning.display["stats"] == {}


def test_a_server_that_no_reader_has_read_is_a_problem(planning: Planning) -> None:
    planning.of_hosts["ams3"].clear()
    planning.run()
    assert (planning.problem != "", planning.hosts) == (True, ["ams3"])
    assert any(line.startswith("      ! ams3: Reading the server: ") for line in planning.lines)


def test_servers_without_a_task_have_a_statistic_in_site_alone(planning: Planning) -> None:
    planning.variables.update(s3_recording_gone_hosts="ams2", s3_recording_skip_unreachable=1)
    planning.of_hosts["ams3"] = registered(ams3=unreachable("ams3"))
    result = planning.run(view="site")
    assert planning.display["stats"] == {
        "s3_recording_results": {"ams1": "unchanged", "ams2": "skipped", "ams3": "skipped"}
    }
    servers = result["servers"]
    assert (servers["skipped"], servers["gone"], servers["present"]) == (["ams3"], ["ams2"], ["ams1"])


def test_a_problem_of_a_server_ends_the_run_without_a_list_for_later_plays(planning: Planning) -> None:
    planning.of_hosts["ams3"] = registered(ams3=unreachable("ams3"))
    result = planning.run(view="site")
    assert planning.problem == "The plan has problems, listed above. Nothing was changed."
    assert (result["servers"], planning.display["stats"], planning.hosts) == ({}, {}, ["ams3"])
    assert planning.lines[0].startswith("PLAN  ")
    assert "STOP  1 problem on 1 server. Nothing was changed." in planning.lines


@pytest.mark.parametrize("view", ["plan", "site", "drift", "audit"])
def test_variables_that_cannot_work_have_no_plan_beside_them(planning: Planning, view: str) -> None:
    planning.desired.update(problems=["ams1: s3_recording_bucket is not set"], hosts={}, buckets=[])
    planning.variables["__s3_recording_keys_read"] = {"problems": ["the same, from the key"]}
    planning.run(view=view)
    assert (planning.problem != "", planning.hosts) == (True, ["localhost"])
    assert planning.lines == [
        "STOP  1 problem. Nothing was changed.",
        "      ! ams1: s3_recording_bucket is not set",
    ]


def test_a_key_that_cannot_be_read_is_a_problem_of_its_own(planning: Planning) -> None:
    planning.variables["__s3_recording_keys_read"] = {"problems": ["videos: no access to SSM."]}
    planning.run()
    assert (planning.problem != "", planning.hosts) == (True, ["localhost"])
    assert planning.lines[-1] == "      ! videos: no access to SSM."


@pytest.mark.parametrize("view", ["drift", "audit"])
@pytest.mark.parametrize("of", ["server", "storage"])
def test_drift_is_a_failure_wherever_it_is(planning: Planning, of: str, view: str) -> None:
    if of == "server":
        planning.of_hosts["ams3"] = registered(ams3=read(CHANGE))
    else:
        planning.variables["__s3_recording_storage_read"]["buckets"]["videos"]["changes"] = [ADD]
    planning.run()
    assert planning.problem == ""
    planning.run(view=view)
    assert planning.problem == (
        "There is drift, listed above. Run site.yml to bring it back. Nothing was changed."
    )
    assert planning.hosts == ["ams3" if of == "server" else "localhost"]
    assert ("live: s3BucketName '' -> 'videos'  (ams3)" in planning.lines) is (of == "server")


@pytest.mark.parametrize("view", ["drift", "audit"])
def test_no_drift_is_no_failure(planning: Planning, view: str) -> None:
    planning.run(view=view)
    assert planning.problem == ""


def test_an_audit_has_the_keys_and_the_servers_that_use_them(planning: Planning) -> None:
    planning.desired["buckets"][0].update(key_given=False, hosts=list(HOSTS))
    planning.variables["__s3_recording_storage_read"]["buckets"]["videos"]["keys"] = "videos: AKIA1 is active"
    using = read()
    using["apps"]["live"]["uses"] = {"s3BucketName": "videos", "s3AccessKey": "AKIA1"}
    planning.of_hosts["ams3"] = registered(ams3=using)
    planning.run(view="audit")
    assert planning.lines[1:] == ["KEYS  videos: AKIA1 is active", "      videos: AKIA1 is used by ams3"]
    planning.run(view="drift")
    assert len(planning.lines) == 1


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
    planning.run()
    assert planning.problem == ""
    planning.variables["__s3_recording_reads_storage"] = "false"
    planning.run()
    assert (planning.problem != "", planning.hosts) == (True, ["localhost"])
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
    assert planning.problem == ""
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
    planning.run()
    assert planning.problem.startswith(message)
    assert planning.problem.endswith(". Nothing was changed.")
    assert (planning.lines, planning.hosts) == ([], ["localhost"])


def test_a_variable_that_is_missing_is_named(planning: Planning) -> None:
    del planning.variables["__s3_recording_keys_read"]
    result = planning.run()
    assert (result["failed"], result["msg"]) == (
        True,
        "The variable __s3_recording_keys_read is not defined. Nothing was changed.",
    )
