# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of a run, from what its steps have registered on each host, for four sizes of fleet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.antmedia.s3_recording.plugins.filter.report import recording_result_lines
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.report import (
    BY_REDIRECT,
    Check,
    CheckResult,
    module_result,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.host_results import (
    RunDetails,
    run_result,
)

OBJECT = (Check.SETTINGS, Check.LIST, Check.HEAD, Check.PUT, Check.REDIRECT, Check.GET, Check.RANGE)
PLAYED = "its key and folder work; redirect, download, seeking and CORS ok; it has uploaded nothing itself"
RECORDED = "recorded a 6 s test stream, uploaded it, played it back"
APPLIED = {"changed": True, "apps": {"live": {"changed": True}}, "unverified": True}
UNCHANGED = {"changed": False, "apps": {"live": {"changed": False}}, "unverified": False}
BACK, NOTHING_BACK = ({"apps": {"live": {"changed": changed}}} for changed in (True, False))
RUN = "20261129T170206Z"
UNDO = (
    "  Undo         ansible-playbook -i hosts.yml antmedia.s3_recording.rollback "
    f"-e s3_recording_rollback_run={RUN}"
)
WATCH = "  Watch        https://ams1.example.com:5443/live/streams/STREAM.mp4"
OPEN = "  Open to      everyone: previews/ and streams/"
MADE = "  Made         bucket, IAM user myvideos-recording, key AKIA1 (secret in SSM /antmedia/myvideos)"
ONE = "{} record application live to s3://myvideos (us-east-1)"
BROKEN = CheckResult("live", Check.PUT, False, "streams/x.mp4 stored", "403 AccessDenied", "Run storage.yml")


def passed(*names: str, app: str = "live", expected: str = "x") -> list[CheckResult]:
    return [CheckResult(app, name, True, expected, "as expected") for name in names]


def by_object(app: str = "live") -> list[CheckResult]:
    return passed(*OBJECT, "cors for https://ams1", Check.HLS_UPLOAD, Check.REMOVE, app=app)


def by_stream(app: str = "live", expected: str = f"{BY_REDIRECT}https://b/x") -> list[CheckResult]:
    first = passed(Check.LIVE_SOURCE, Check.LIVE_PULL, Check.LIVE_RECORDING, Check.LIVE_UPLOAD, app=app)
    return [*by_object(app), *first, *passed(Check.LIVE_PLAYBACK, app=app, expected=expected)]


def checked(checks: list[CheckResult], seconds: float = 0.3) -> dict[str, Any]:
    return {**module_result("https://ams", checks), "seconds": seconds}


def of_host(applied: Any = None, verified: Any = None, restored: Any = None) -> dict[str, Any]:
    return {
        f"__s3_recording_{name}": value
        for name, value in (("applied", applied), ("verified", verified), ("restored", restored))
        if value is not None
    }


def fleet(hosts: list[str], apps: tuple[str, ...] = ("live",), **bucket: Any) -> dict[str, Any]:
    of_apps = [{"name": app, "settings": {"httpForwardingExtension": "mp4"}} for app in apps]
    return {
        "hosts": {
            host: {
                "bucket": "myvideos",
                "ams_url": f"https://{host}.example.com:5443",
                "cluster": "",
                "apps": of_apps,
                "plays_at": {app: f"https://{host}.example.com:5443/{app}/streams/NAME.mp4" for app in apps},
            }
            for host in hosts
        },
        "buckets": [
            {
                "bucket": "myvideos",
                "region": "us-east-1",
                "delivery": "public",
                "folders": ["previews", "streams"],
                "has_access": True,
                "iam_user": "myvideos-recording",
                "key_store": "ssm",
                "key_stored_at": "/antmedia/myvideos",
                **bucket,
            }
        ],
    }


def names(number: int) -> list[str]:
    return [f"ams{each}" for each in range(1, number + 1)]


def details(**parts: Any) -> dict[str, Any]:
    made = {"bucket": True, "iam_user": True, "access_key_id": "AKIA1"}
    return {"run": RUN, "inventory": ["hosts.yml"], "storage": {"myvideos": {"made": made}}, **parts}


def first_run(hosts: list[str]) -> dict[str, dict[str, Any]]:
    """The first server is checked by a stream, as in a rollout; the others by an object."""
    checks = [checked(by_stream(), 4.0), *(checked(by_object()) for _host in hosts[1:])]
    return {host: of_host(APPLIED, check) for host, check in zip(hosts, checks)}


@pytest.mark.parametrize("size", [1, 3, 100, 1000])
def test_a_first_run_read_aloud(size: int) -> None:
    hosts = names(size)
    servers = {
        1: ["  ams1   recorded a 6 s test stream, uploaded it, played it back   4.0 s"],
        3: [f"  ams1   {RECORDED:{len(PLAYED)}}   4.0 s", *(f"  {h}   {PLAYED}   0.3 s" for h in hosts[1:3])],
    }.get(
        size,
        [
            f"  ams1    {RECORDED:{len(PLAYED)}}   4.0 s",
            *(f"  {host:5}   {PLAYED}   0.3 s" for host in hosts[1:10]),
            f"  and {size - 10} more like these",
        ],
    )
    count = "1 server records" if size == 1 else f"{size} servers record"
    assert recording_result_lines(fleet(hosts), first_run(hosts), details()) == [
        f"RESULT  {count} application live to s3://myvideos (us-east-1)",
        *(servers),
        *(WATCH, OPEN, MADE, UNDO),
    ]


def test_servers_without_a_task_are_counted_and_named() -> None:
    hosts, changed = names(102), names(3)
    hostvars = {**{host: {} for host in hosts}, **first_run(changed)}
    idle = {"as_planned": hosts[3:100], "skipped": ["ams101"], "gone": ["ams102"]}
    found = recording_result_lines(fleet(hosts), hostvars, details(**idle))
    assert found[0] == f"RESULT  {ONE.format('3 servers')}"
    assert found[-4:] == [
        "  As planned   97 servers were as planned and were not changed",
        "  Skipped      ams101: nothing was done there",
        "  Gone         ams102: nothing was done there",
        UNDO,
    ]


@pytest.mark.parametrize("idle", [{"as_planned": ["ams1"]}, {}])
def test_a_run_that_changes_nothing(idle: dict[str, Any]) -> None:
    hostvars = {"ams1": {} if idle else of_host(UNCHANGED, {"skipped": True})}
    assert recording_result_lines(fleet(["ams1"]), hostvars, {"run": RUN, **idle}) == [
        "RESULT  no server was changed",
        f"{OPEN} (not verified)",
        "  As planned   1 server was as planned and was not changed",
    ]


@pytest.mark.parametrize(
    ("verify", "why"), [(False, "s3_recording_verify is false"), (True, "this run tested nothing there")]
)
def test_what_was_not_verified_is_called_so(verify: bool, why: str) -> None:
    hostvars = {host: of_host(APPLIED, {"skipped": True}) for host in names(3)}
    found = recording_result_lines(fleet(names(3)), hostvars, details(verify=verify))
    assert found == [
        "RESULT  3 servers are set to record application live to s3://myvideos (us-east-1), not verified",
        f"  ams1, ams2, ams3: not verified, since {why}",
        f"{WATCH} (not verified)",
        f"{OPEN} (not verified)",
        MADE,
        UNDO,
    ]


def test_a_check_that_broke_comes_first_and_once() -> None:
    hosts = names(100)
    failed = of_host(APPLIED, checked([*by_object()[:3], BROKEN]), BACK)
    hostvars = {**{host: {} for host in hosts}, **first_run(["ams1"]), "ams2": failed, "ams3": failed}
    assert recording_result_lines(fleet(hosts), hostvars, details()) == [
        "RESULT  2 of 3 servers failed. 1 server records application live to s3://myvideos (us-east-1)",
        "  ! ams2 and ams3: live: put: expected streams/x.mp4 stored, got 403 AccessDenied. Run storage.yml",
        "  The previous settings are restored on ams2, ams3.",
        f"  ams1   {RECORDED}   4.0 s",
        *(WATCH, OPEN, MADE),
        "  Not touched  ams4, ams5, ams6, ams7, ams8 and 92 more: the run ended before",
        UNDO,
    ]


def test_the_address_of_a_bucket_stays_in_what_failed_on_many_servers() -> None:
    def failed(name: str) -> dict[str, Any]:
        expected = f"302 to https://b.s3.amazonaws.com/recording-check-{name}.mp4"
        return of_host(APPLIED, checked([CheckResult("live", Check.REDIRECT, False, expected, "404")]), BACK)

    hostvars = {"ams1": failed("0" * 16), "ams2": failed("1" * 16)}
    found = recording_result_lines(fleet(names(2)), hostvars, details())
    assert found[1] == (
        "  ! ams1 and ams2: live: redirect: expected 302 to "
        "https://b.s3.amazonaws.com/recording-check-….mp4, got 404."
    )


def test_a_server_of_a_failed_batch_that_was_verified_counts_no_more() -> None:
    hostvars = {
        "ams1": of_host(APPLIED, checked(by_object()), BACK),
        "ams2": of_host(APPLIED, checked([BROKEN]), BACK),
        "ams3": of_host(UNCHANGED, restored=NOTHING_BACK),
    }
    found = recording_result_lines(fleet(names(3)), hostvars, details())
    assert found[0] == "RESULT  1 of 3 servers failed"
    assert not [line for line in found if PLAYED in line or "Watch" in line or "Undo" in line]
    assert "  The previous settings are restored on ams1, ams2." in found


def test_a_backlog_of_settings_that_were_restored_is_none_of_now() -> None:
    missing = {"app": "live", "location": "s3://new/streams/", "listed": 9, "complete": True, "missing": 9}
    missing |= {"bytes": 9, "oldest": "2026-11-01T00:00:00Z", "newest": "2026-11-01T00:00:00Z"}
    missing |= {"never_uploaded": 0, "unfinished": 0, "unfinished_bytes": 0}
    verified = {**checked(by_object()), "backlog": [missing]}
    of_now, of_before = (
        recording_result_lines(fleet(names(1)), {"ams1": of_host(APPLIED, verified, restored)}, details())
        for restored in (None, BACK)
    )
    assert any("9 recordings are not in s3://new/streams/" in line for line in of_now)
    assert not any("recordings are not in" in line for line in of_before)


READ = {"changed": False, "apps": {"live": {"changed": False}}}
NOTHING_TO_RESTORE = {"changed": False, "apps": {}, "left_alone": {}, "runs": []}
SKIPPED = {"changed": False, "skipped": True}
FAILED = {"failed": True, "msg": "no"}
REFUSED = {**FAILED, "login_refused": True}
CHANGED = {"changed": True, "msg": "live: 1 setting changed (mp4MuxingEnabled)"}


@pytest.mark.parametrize(
    ("host", "line"),
    [
        (of_host(CHANGED, FAILED, BACK), "The previous settings are restored on ams1."),
        (of_host(CHANGED, FAILED, NOTHING_BACK), "As before the run: ams1."),
        (of_host(READ, restored=NOTHING_TO_RESTORE), "Not changed by this run: ams1."),
        (of_host({**READ, "written_by": "a"}, restored=NOTHING_TO_RESTORE), "Changed through another node"),
        (of_host(CHANGED, restored=NOTHING_TO_RESTORE), "Not known: ams1."),
        (of_host(FAILED, restored=NOTHING_TO_RESTORE), "Nothing was written to ams1."),
        (of_host(REFUSED, restored=SKIPPED), "Nothing was written to ams1."),
        (of_host({**FAILED, "unsent": True}, restored=SKIPPED), "Nothing was written to ams1."),
        (of_host(SKIPPED), "Nothing was written to ams1."),
        (of_host(), "Not known: ams1."),
        (of_host(CHANGED), "Not known: ams1."),
        (of_host({"unreachable": True, "msg": "gone"}), "Not known: ams1."),
    ],
)
def test_as_before_is_said_of_a_server_that_was_read(host: dict[str, Any], line: str) -> None:
    """Without this every host without a failed restore is called as before, also one that has no result."""
    details = RunDetails(run=RUN, stopped_in=["ams1"])
    result = run_result(fleet(["ams1", "ams2"]), {"ams1": host, "ams2": {}}, details)
    stopped, state = result.states
    assert stopped == f"The rollout was stopped (run {RUN})."
    assert state.startswith(line)
    # It is in the batch that failed, so it is not among those that the run did not come to.
    assert result.untouched == ["ams2"]


def test_what_a_stopped_rollout_has_changed_on_aws_is_said() -> None:
    """Storage stays changed where the servers are restored, and nothing said so."""
    storage: dict[str, Any] = {
        "videos": {
            "changes": ["created bucket videos", "set its CORS rule"],
            "parts": ["bucket", "CORS rule"],
        },
        "other": {"changes": [], "parts": []},
    }
    hostvars = {"ams1": of_host(CHANGED, FAILED, BACK)}
    given: dict[str, Any] = {"run": RUN, "storage": storage}
    assert recording_result_lines(fleet(["ams1"]), hostvars, {**given, "stopped_in": ["ams1"]})[:5] == [
        "RESULT  1 server failed",
        "  ! ams1: no",
        f"  The rollout was stopped (run {RUN}).",
        "  Changed on AWS, and not rolled back with the servers: bucket, CORS rule of videos.",
        "  The previous settings are restored on ams1.",
    ]
    # A check after the rollout fails without stopping anything.
    assert not [line for line in recording_result_lines(fleet(["ams1"]), hostvars, given) if "AWS:" in line]
    assert "not made the leaked access key inactive" in str(
        recording_result_lines(fleet(["ams1"]), hostvars, {**given, "stopped_in": ["ams1"], "leaked": True})
    )


def test_a_batch_that_was_verified_and_could_not_be_recorded_has_failed() -> None:
    """No server of it is broken; the run ended well, and said nothing of why it was stopped."""
    recorded = {"failed": True, "msg": "Writing /backup/ams1.json: no space left"}
    hostvars = {
        host: {**of_host(APPLIED, checked(by_object()), BACK), "__s3_recording_recorded": recorded}
        for host in names(3)
    }
    found = recording_result_lines(fleet(names(3)), hostvars, details(stopped_in=names(3)))
    assert found[:2] == [
        "RESULT  3 servers failed",
        "  ! ams1, ams2 and ams3: Writing /backup/ams1.json: no space left",
    ]
    assert "  The previous settings are restored on ams1, ams2, ams3." in found


def test_settings_that_may_not_be_restored_are_neither_verified_nor_set() -> None:
    stuck = of_host(APPLIED, checked(by_object()), {"failed": True, "msg": "no answer."})
    found = recording_result_lines(fleet(["ams1"]), {"ams1": stuck}, details())
    assert found[0] == "RESULT  no server was verified"
    assert not [line for line in found if PLAYED in line or "Watch" in line]
    assert any("ams1: the previous settings could not be restored: no answer." in line for line in found)
    assert UNDO in found


def test_a_login_that_was_refused_and_a_server_that_was_not_reached() -> None:
    hostvars = {
        "ams1": of_host(
            {"failed": True, "login_refused": True, "msg": "https://ams1: wrong password.\nSet it"}
        ),
        "ams2": of_host({"unreachable": True, "msg": "no route"}),
    }
    assert recording_result_lines(fleet(names(2)), hostvars, {"run": RUN}) == [
        "RESULT  2 servers failed",
        "  ! ams1: https://ams1: wrong password. Set it",
        "  ! ams2: no route",
        "  Nothing was written to ams1.",
        f"  Not known: ams2. Run verify.yml for them, or rollback.yml with s3_recording_rollback_run={RUN}.",
    ]


def test_a_check_that_could_not_be_made_is_a_reason_where_nothing_broke() -> None:
    untried = CheckResult("live", Check.HEAD, False, "x", "no answer", "Try later", tried=False)
    found = recording_result_lines(fleet(["ams1"]), {"ams1": of_host(verified=checked([untried]))}, {})
    assert (
        found[1]
        == "  ! ams1: https://ams1.example.com:5443: live: head: expected x, got no answer. Try later"
    )


def test_applications_that_were_verified_in_different_ways() -> None:
    checks = [*by_stream(), *by_object("LiveApp"), *by_object("other")]
    hostvars = {"ams1": of_host(verified=checked(checks, 5.12))}
    found = recording_result_lines(fleet(["ams1"], ("live", "LiveApp", "other")), hostvars, {})
    assert found[:2] == [
        "RESULT  1 server records applications live, LiveApp and other to s3://myvideos (us-east-1)",
        f"  ams1   live: {RECORDED}; LiveApp and other: {PLAYED}   5.1 s",
    ]
    assert [line for line in found if "Watch" in line][2].endswith("/other/streams/STREAM.mp4")


def test_servers_that_forward_nobody() -> None:
    """No address is said to play, and nobody is said to be able to watch."""
    hidden = fleet(["ams1"], delivery="private")
    hidden["hosts"]["ams1"]["apps"] = [{"name": "live", "settings": {"httpForwardingExtension": ""}}]
    checks = passed(Check.SETTINGS, Check.PUT, Check.HLS_UPLOAD)
    assert recording_result_lines(hidden, {"ams1": of_host(APPLIED, checked(checks))}, {}) == [
        "RESULT  1 server records application live to s3://myvideos (us-east-1)",
        "  ams1   its key and folder work; playback was not tested; it has uploaded nothing itself   0.3 s",
        "  Open to      nobody without AWS credentials (not verified)",
    ]


@pytest.mark.parametrize(
    ("bucket", "text"),
    [
        ({"delivery": "acl"}, "everyone: previews/ and streams/"),
        ({"delivery": "cloudfront"}, "everyone, through CloudFront: previews/ and streams/"),
        ({"has_access": False}, "as the provider has it, since the role does not set it there"),
    ],
)
def test_who_may_watch(bucket: dict[str, Any], text: str) -> None:
    found = recording_result_lines(fleet(["ams1"], **bucket), first_run(["ams1"]), {})
    assert f"  Open to      {text}" in found


def test_a_recording_that_was_read_from_the_bucket_was_not_played() -> None:
    checks = by_stream(expected="the recording, a whole MP4, from the bucket")
    found = recording_result_lines(fleet(["ams1"]), {"ams1": of_host(verified=checked(checks))}, {})
    assert "uploaded it, read it back from the bucket" in found[1]


def test_a_test_stream_that_could_not_be_made() -> None:
    checks = [*by_object(), CheckResult("live", Check.LIVE, True, "a stream", "too busy", tried=False)]
    found = recording_result_lines(fleet(["ams1"]), {"ams1": of_host(verified=checked(checks))}, {})
    assert "CORS ok; a test stream could not be made; it has uploaded nothing itself" in found[1]


def test_a_run_that_turns_recording_off() -> None:
    checks = passed(Check.SETTINGS, Check.REDIRECT)
    hostvars = {host: of_host(APPLIED, checked(checks)) for host in names(2)}
    assert recording_result_lines(fleet(names(2)), hostvars, {"removes": True}) == [
        "RESULT  2 servers no longer record application live to s3://myvideos (us-east-1)",
        "  ams1   records nothing there, sends no viewer there   0.3 s",
        "  ams2   records nothing there, sends no viewer there   0.3 s",
    ]


def test_another_extension_than_mp4_is_watched_where_mp4_is_not_forwarded() -> None:
    planned = fleet(["ams1"])
    planned["hosts"]["ams1"]["apps"][0]["settings"]["httpForwardingExtension"] = "m3u8,webm"
    found = recording_result_lines(planned, first_run(["ams1"]), {})
    assert "  Watch        https://ams1.example.com:5443/live/streams/STREAM.m3u8" in found


def test_nothing_that_this_run_did_not_make_is_said_to_be_made() -> None:
    storage = {"myvideos": {"made": {"bucket": False, "iam_user": False, "access_key_id": "AKIA2"}}}
    found = recording_result_lines(fleet(["ams1"]), first_run(["ams1"]), {"storage": storage})
    assert "  Made         key AKIA2 (secret in SSM /antmedia/myvideos)" in found


def test_inventories_are_named_as_a_shell_needs_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inventory = [str(tmp_path / "my hosts.yml"), "/etc/ansible/hosts", "ams1,ams2"]
    found = recording_result_lines(fleet(["ams1"]), first_run(["ams1"]), details(inventory=inventory))
    assert "ansible-playbook -i 'my hosts.yml' -i /etc/ansible/hosts -i ams1,ams2 antmedia" in found[-1]


def test_a_detail_that_does_not_exist_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="there is no detail as_plannd"):
        recording_result_lines(fleet(["ams1"]), first_run(["ams1"]), {"as_plannd": ["ams1"]})


def test_what_a_run_changed_on_aws_is_named_even_if_it_made_nothing() -> None:
    """A CORS rule that was written again was nowhere in the result."""
    storage = {"myvideos": {"changes": ["CORS rule: written"], "parts": ["CORS rule"], "made": {}}}
    details = {"as_planned": ["ams1"], "storage": storage}
    found = recording_result_lines(fleet(["ams1"]), {"ams1": of_host()}, details)
    assert "  Changed      CORS rule" in found
    assert not [line for line in found if line.startswith("  Made")]
