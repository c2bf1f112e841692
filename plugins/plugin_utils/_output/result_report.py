# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a run as a person reads it: what was verified, where to watch, how to undo it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from ...module_utils._check.clip import CLIP_SECONDS
from ...module_utils._check.report import BY_REDIRECT, Check, CheckResult
from ...module_utils._common.amounts import count, data_size, span
from ...module_utils._common.plain_text import abbreviate
from .._display.lines import group_by_text, limited, listed, of_hosts, screen_line
from .backlog_lines import backlog_lines
from .undo_command import Undo

_MOST_SERVERS, _MOST_BROKEN, _MOST_STATES, _MOST_BUCKETS, _MOST_ADDRESSES = 10, 10, 20, 3, 3
_WIDEST_NAME, _WIDEST_TEXT = 40, 110
_INDENT = "  "
_LIVE = (Check.LIVE_PULL, Check.LIVE_RECORDING, Check.LIVE_UPLOAD, Check.LIVE_PLAYBACK)
_CORS = Check.CORS.format(origin="")
# What a viewer needs, in the order in which a line names it.
_PLAYBACK = {Check.REDIRECT: "redirect", Check.GET: "download", Check.RANGE: "seeking", _CORS: "CORS"}
_REMOVED = {Check.SETTINGS: "records nothing there", Check.REDIRECT: "sends no viewer there"}


@dataclass(frozen=True)
class ServerResult:
    """How a run ended on one server.

    checks: those that passed, empty where nothing was verified. seconds: how long they took, if known.
    broken: why it failed, empty where it did not. is_set: its settings are as desired, by what was read.
    changed: this run changed it. watch: application to where its recordings play. backlog: entries of the
    result of the check. cluster: that it is a node of, or empty. imported: applications whose recordings
    were imported, as the module recordings_import returns them.
    """

    host: str
    bucket: str = ""
    apps: Sequence[str] = ()
    checks: Sequence[CheckResult] = ()
    seconds: Optional[float] = None
    broken: Sequence[str] = ()
    is_set: bool = False
    changed: bool = False
    watch: Mapping[str, str] = field(default_factory=dict)
    backlog: Sequence[Mapping[str, Any]] = ()
    cluster: str = ""
    imported: Sequence[Mapping[str, Any]] = ()

    @property
    def is_verified(self) -> bool:
        return bool(self.checks) and not self.broken


@dataclass(frozen=True)
class BucketResult:
    """A bucket of the run. open_to: who may watch, as it was set. made, changed: what this run did."""

    name: str
    region: str = ""
    open_to: str = ""
    made: Sequence[str] = ()
    changed: Sequence[str] = ()


@dataclass(frozen=True)
class RunResult:
    """All that a run did.

    as_planned: the servers that needed no change. states: lines about servers of a batch that failed.
    untouched: servers that the run did not come to. unread: those that could not be read.
    verified_ago: servers that were not verified again, with the seconds since their verification.
    undo: the command, empty where there is nothing to undo, and what it needs beside its own options.
    not_verified: why servers were not verified. removes: True if the run turned recording off.
    """

    servers: Sequence[ServerResult] = ()
    buckets: Sequence[BucketResult] = ()
    as_planned: Sequence[str] = ()
    verified_ago: Mapping[str, int] = field(default_factory=dict)
    skipped: Sequence[str] = ()
    gone: Sequence[str] = ()
    untouched: Sequence[str] = ()
    unread: Sequence[str] = ()
    states: Sequence[str] = ()
    undo: Undo = field(default_factory=Undo)
    not_verified: str = "this run tested nothing there"
    removes: bool = False


def format_result(run: RunResult) -> list[str]:
    """Return the block at the end of a run; what is broken comes first."""
    lines = [
        f"RESULT  {_headline(run)}",
        *_broken(run),
        *limited([f"{_INDENT}{text}" for text in run.states], _MOST_STATES, "line", _INDENT),
        *_backlog(run),
        *_servers(run),
        *_facts(run),
    ]
    return [screen_line(line) for line in lines]


def describe_verification(checks: Sequence[CheckResult]) -> str:
    """Return what checks that passed have verified, and nothing else; applications that differ apart."""
    of_app: dict[str, list[CheckResult]] = {}
    for check in checks:
        of_app.setdefault(check.app, []).append(check)
    apps_of: dict[str, list[str]] = {}
    for app, of_one in of_app.items():
        apps_of.setdefault(_verified(of_one), []).append(app)
    if len(apps_of) == 1:
        return next(iter(apps_of))
    return "; ".join(f"{listed(apps, 3)}: {text}" for text, apps in apps_of.items())


def _verified(checks: Sequence[CheckResult]) -> str:
    """Return what the checks of one application have verified."""
    passed = {check.check: check for check in checks if check.ok and check.tried}
    if all(name in passed for name in _LIVE):
        is_forwarded = passed[Check.LIVE_PLAYBACK].expected.startswith(BY_REDIRECT)
        where = "played it back" if is_forwarded else "read it back from the bucket"
        return f"recorded a {CLIP_SECONDS} s test stream, uploaded it, {where}"
    if Check.PUT in passed:
        return _verified_by_object(passed, checks)
    parts = [text for name, text in _REMOVED.items() if name in passed]
    return ", ".join(parts) or f"passed {count(len(passed), 'check')}"


def _verified_by_object(passed: Mapping[str, CheckResult], checks: Sequence[CheckResult]) -> str:
    kinds = {_CORS if _is_cors(name) else name for name in passed}
    works = [text for name, text in _PLAYBACK.items() if name in kinds]
    parts = ["its key and folder work", f"{listed(works)} ok" if works else "playback was not tested"]
    if any(check.check == Check.LIVE and not check.tried for check in checks):
        parts.append("a test stream could not be made")
    return "; ".join([*parts, "it has uploaded nothing itself"])


def _is_cors(check: str) -> bool:
    return check.startswith(_CORS) and check != Check.CORS_OF_OTHERS


def _headline(run: RunResult) -> str:
    verified = [server for server in run.servers if server.is_verified]
    unverified = [server for server in run.servers if _is_unverified(server)]
    parts = _failed(run)
    if verified:
        parts.append(_recording(verified, run, ("records", "record")))
    if unverified:
        verbs = "is set to record", "are set to record"
        parts.append(f"{_recording(unverified, run, verbs)}, not verified")
    is_changed = any(server.changed for server in run.servers)
    return ". ".join(parts) or f"no server was {'verified' if is_changed else 'changed'}"


def _failed(run: RunResult) -> list[str]:
    broken, servers = sum(bool(server.broken) for server in run.servers), count(len(run.servers), "server")
    of_all = f"{broken} of " if broken < len(run.servers) else ""
    return [f"{of_all}{servers} failed"] if broken else []


def _recording(servers: Sequence[ServerResult], run: RunResult, verbs: tuple[str, str]) -> str:
    """Return how many servers record what to where."""
    groups: dict[tuple[str, tuple[str, ...]], int] = {}
    for server in servers:
        key = server.bucket, tuple(server.apps)
        groups[key] = groups.get(key, 0) + 1
    one, many = ("no longer records", "no longer record") if run.removes else verbs
    if len(groups) > 2:
        buckets = count(len({bucket for bucket, _apps in groups}), "bucket")
        return f"{count(len(servers), 'server')} {one if len(servers) == 1 else many} to {buckets}"
    regions = {bucket.name: bucket.region for bucket in run.buckets}
    return ", ".join(
        f"{count(number, 'server')} {one if number == 1 else many} "
        f"{'application' if len(apps) == 1 else 'applications'} {listed(apps, 3)} to s3://{bucket}"
        f"{f' ({regions[bucket]})' if regions.get(bucket) else ''}"
        for (bucket, apps), number in groups.items()
    )


def _broken(run: RunResult) -> list[str]:
    found = [(server.host, text) for server in run.servers for text in server.broken]
    lines = [f"{_INDENT}! {of_hosts(hosts, text)}" for text, hosts in group_by_text(found).items()]
    return limited(lines, _MOST_BROKEN, "problem", f"{_INDENT}! ")


def _backlog(run: RunResult) -> list[str]:
    """Return which recordings are not in their bucket, and where that is not known."""
    found = [(each.host, each.cluster, entry) for each in run.servers for entry in each.backlog]
    not_read = [
        (server.host, f"{each.app}: its recordings were not compared with the bucket: {each.actual}")
        for server in run.servers
        for each in server.checks
        if each.check == Check.BACKLOG and not each.tried
    ]
    unknown = [of_hosts(hosts, text) for text, hosts in group_by_text(not_read).items()]
    lines = [f"{_INDENT}! {line}" for line in [*backlog_lines(found), *unknown]]
    return limited(lines, _MOST_BROKEN, "line", f"{_INDENT}! ")


def _servers(run: RunResult) -> list[str]:
    """Return a line for each verified server, up to a limit, and what was set without being verified."""
    verified = [
        (server, describe_verification(server.checks)) for server in run.servers if server.is_verified
    ]
    displayed, others = _choose(verified)
    lines = _in_columns([(server.host, text, _seconds(server)) for server, text in displayed])
    if others:
        alike = {text for _server, text in others} <= {text for _server, text in displayed}
        lines.append(f"{_INDENT}and {len(others)} more {'like these' if alike else 'that were verified'}")
    unverified = [server.host for server in run.servers if _is_unverified(server)]
    if unverified:
        lines.append(f"{_INDENT}{abbreviate(unverified)}: not verified, since {run.not_verified}")
    return lines


def _in_columns(rows: Sequence[tuple[str, str, str]]) -> list[str]:
    wide = min(_WIDEST_NAME, max((len(name) for name, _text, _last in rows), default=0))
    long = min(_WIDEST_TEXT, max((len(text) for _name, text, _last in rows), default=0))
    return [f"{_INDENT}{name:{wide}}   {text:{long}}   {last}" for name, text, last in rows]


def _choose(verified: Sequence[tuple[ServerResult, str]]) -> tuple[list[tuple[ServerResult, str]], ...]:
    """Return the servers that have a line and the others; each text has one as long as there is room."""
    if len(verified) <= _MOST_SERVERS:
        return list(verified), []
    first_with: dict[str, int] = {}
    for number, (_server, text) in enumerate(verified):
        first_with.setdefault(text, number)
    # All with a text of their own first, then the others in their order.
    numbers = sorted(range(len(verified)), key=lambda number: first_with[verified[number][1]] != number)
    chosen = set(numbers[:_MOST_SERVERS])
    kept = [each for number, each in enumerate(verified) if number in chosen]
    return kept, [each for number, each in enumerate(verified) if number not in chosen]


def _is_unverified(server: ServerResult) -> bool:
    """True if the run changed the server, and neither a check nor a failure says how it is."""
    return server.changed and server.is_set and not server.checks and not server.broken


def _seconds(server: ServerResult) -> str:
    return "" if server.seconds is None else f"{server.seconds:.1f} s"


def _facts(run: RunResult) -> list[str]:
    """Return the lines below the servers, each with a word in front of it."""
    made = {bucket.name: ", ".join(bucket.made) for bucket in run.buckets}
    changed = {bucket.name: ", ".join(bucket.changed) for bucket in run.buckets}
    pairs = [
        *(("Watch", address) for address in _watch(run)),
        *(("Open to", text) for text in _of_buckets(run, _open_to(run))),
        *(("Made", text) for text in _of_buckets(run, made)),
        *(("Changed", text) for text in _of_buckets(run, changed)),
        ("Imported", _imported(run.servers)),
        ("As planned", _as_planned(run.as_planned)),
        ("Verified", _verified_ago(run.verified_ago)),
        *((word, f"{listed(hosts)}: {why}" if hosts else "") for word, hosts, why in _left_alone(run)),
        ("Undo", run.undo.command),
        ("Undo needs", run.undo.needs),
    ]
    return [f"{_INDENT}{word:11}  {text}" for word, text in pairs if text]


def _imported(servers: Sequence[ServerResult]) -> str:
    apps = [app for server in servers for app in server.imported]
    copied, size, present = (sum(app[name] for app in apps) for name in ("copied", "copied_bytes", "present"))
    there = f", {present} were in the bucket already" if present else ""
    return f"{count(copied, 'recording')} ({data_size(size)}){there}" if copied or present else ""


def _as_planned(hosts: Sequence[str]) -> str:
    were = "was as planned and was" if len(hosts) == 1 else "were as planned and were"
    return f"{count(len(hosts), 'server')} {were} not changed" if hosts else ""


def _verified_ago(seconds: Mapping[str, int]) -> str:
    ago = span(max(seconds.values(), default=0))
    return f"{count(len(seconds), 'server')}: verified {ago} ago, and not again" if seconds else ""


def _left_alone(run: RunResult) -> Iterator[tuple[str, Sequence[str], str]]:
    yield "Skipped", run.skipped, "nothing was done there"
    yield "Gone", run.gone, "nothing was done there"
    yield "Not changed", run.unread, "could not be read, see above"
    yield "Not touched", run.untouched, "the run ended before"


def _watch(run: RunResult) -> list[str]:
    """Return where recordings play, for the applications of the first server where that was verified."""
    for server in run.servers:
        apps = _forwarded(server)
        addresses = [address for app, address in server.watch.items() if app in apps]
        if addresses:
            return limited(addresses, _MOST_ADDRESSES, "application", "")
    set_up = [server for server in run.servers if _is_unverified(server) and not run.removes]
    first = next((address for server in set_up for address in server.watch.values()), "")
    return [f"{first} (not verified)"] if first else []


def _open_to(run: RunResult) -> dict[str, str]:
    """Return who may watch, bucket by bucket; only a viewer who got the object verifies that."""
    if run.removes or (run.servers and all(server.broken for server in run.servers)):
        return {}
    watched = {server.bucket for server in run.servers if _forwarded(server)}
    return {
        bucket.name: bucket.open_to + ("" if bucket.name in watched else " (not verified)")
        for bucket in run.buckets
        if bucket.open_to
    }


def _forwarded(server: ServerResult) -> set[str]:
    """Return the applications of which a viewer was sent to the bucket and got the whole object there."""
    if not server.is_verified:
        return set()
    passed = {(each.app, each.check) for each in server.checks if each.ok and each.tried}
    return {app for app, _check in passed if {(app, Check.REDIRECT), (app, Check.GET)} <= passed}


def _of_buckets(run: RunResult, texts: Mapping[str, str]) -> list[str]:
    given = {name: text for name, text in texts.items() if text}
    lines = [f"{name}: {text}" if len(run.buckets) > 1 else text for name, text in given.items()]
    return limited(lines, _MOST_BUCKETS, "bucket", "")
