# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The block at the end of a run: limits, and what is said where servers differ."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.report import Check, CheckResult
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.result_report import (
    BucketResult,
    RunResult,
    ServerResult,
    format_result,
)


def server(name: str, *checks: str, bucket: str = "b", apps: tuple[str, ...] = ("live",)) -> ServerResult:
    results = [CheckResult("live", check, True, "x", "as expected") for check in checks]
    return ServerResult(name, bucket, apps, results, is_set=True, changed=True)


def test_servers_that_differ_from_all_others_have_a_line() -> None:
    servers = [server(f"a{number}", Check.PUT) for number in range(20)]
    servers.append(server("odd", Check.PUT, Check.REDIRECT, Check.GET))
    lines = format_result(RunResult(servers))
    assert len([line for line in lines if "its key and folder work" in line]) == 10
    assert any(line.startswith("  odd") for line in lines)
    assert "  and 11 more like these" in lines


def test_others_are_not_called_alike_if_they_are_not() -> None:
    servers = []
    for number in range(12):
        checks = [
            CheckResult(f"app{number}", Check.PUT, True, "x", "y"),
            CheckResult("live", "list", True, "x", "y"),
        ]
        servers.append(ServerResult(f"a{number}", "b", ("live",), checks))
    assert "  and 2 more that were verified" in format_result(RunResult(servers))


def test_servers_of_two_buckets_and_of_many() -> None:
    two = [server("a", Check.PUT), server("b", Check.PUT, bucket="c"), server("d", Check.PUT)]
    assert format_result(RunResult(two, [BucketResult("c", "eu-west-1")]))[0] == (
        "RESULT  2 servers record application live to s3://b, "
        "1 server records application live to s3://c (eu-west-1)"
    )
    many = [server(f"a{number}", Check.PUT, bucket=f"b{number}") for number in range(5)]
    assert format_result(RunResult(many))[0] == "RESULT  5 servers record to 5 buckets"


def test_buckets_are_named_where_there_are_several() -> None:
    buckets = [BucketResult(f"b{number}", open_to="everyone", made=["bucket"]) for number in range(5)]
    lines = format_result(RunResult([], buckets))
    assert lines[1:] == [
        *(f"  Open to      b{number}: everyone (not verified)" for number in range(2)),
        "  Open to      and 3 more buckets",
        *(f"  Made         b{number}: bucket" for number in range(2)),
        "  Made         and 3 more buckets",
    ]


def test_problems_are_limited_and_printable() -> None:
    servers = [ServerResult(f"a{number}", broken=[f"problem\x1b[2J {number}"]) for number in range(1000)]
    lines = format_result(RunResult(servers))
    assert lines[0] == "RESULT  1000 servers failed"
    assert lines[1] == "  ! a0: problem[2J 0"
    assert (len(lines), lines[-1]) == (11, "  ! and 991 more problems")


def test_recordings_that_are_missing_have_a_line_before_the_servers() -> None:
    missing = {
        "app": "live",
        "location": "s3://b/streams/",
        "listed": 9,
        "complete": True,
        "missing": 1,
        "bytes": 5,
    }
    missing |= {"oldest": "2026-11-01T00:00:00Z", "newest": "2026-11-01T00:00:00Z", "never_uploaded": 0}
    missing |= {"unfinished": 0, "unfinished_bytes": 0}
    servers = [replace(server(name, Check.PUT), backlog=[missing]) for name in ("ams1", "ams2")]
    lines = format_result(RunResult(servers))
    assert lines[1] == (
        "  ! 2 recordings are not in s3://b/streams/ (10 bytes, made on 2026-11-01): ams1 1 of 9 and "
        "ams2 1 of 9. import_recordings.yml copies them, AMS does not"
    )
    assert lines[2].startswith("  ams1 ")


def test_where_recordings_were_not_compared_is_said() -> None:
    refused = CheckResult("live", Check.BACKLOG, True, "every recording", "403 Not allowed IP", tried=False)
    servers = [
        replace(server(name, Check.PUT), checks=[*server(name, Check.PUT).checks, refused]) for name in "ab"
    ]
    lines = format_result(RunResult(servers))
    assert (
        lines[1] == "  ! a and b: live: its recordings were not compared with the bucket: 403 Not allowed IP"
    )
