# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a rollback as a person reads it: what is restored where, what is not and why, what stays."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...module_utils._common.amounts import count
from .._display.lines import group_by_text, limited, listed, of_hosts, screen_line

_INDENT = "  "
_MOST_LINES, _MOST_BUCKETS = 20, 3
_AGAIN = (
    "the inventory still asks for what was undone on {}: the next site.yml will set it up again, unless you "
    "change the inventory first"
)
Result = Mapping[str, Any]


@dataclass(frozen=True)
class Rollback:
    """What a rollback was to do, and what is known beside its results.

    since: the first run that is rolled back, or a time. is_named: True if that run was named. done: the hosts
    where it was rolled back before. later: the first run that has changed one of these since. elsewhere:
    hosts that have the run, and are not in this play. clusters: host to its cluster. buckets: host to its
    bucket. set_again: hosts whose inventory still asks for what was undone.
    """

    since: str
    is_named: bool = True
    done: Collection[str] = ()
    later: str = ""
    elsewhere: Sequence[str] = ()
    clusters: Mapping[str, str] = field(default_factory=dict)
    buckets: Mapping[str, str] = field(default_factory=dict)
    set_again: Collection[str] = ()
    check_mode: bool = False

    @property
    def run(self) -> str:
        return f"run {self.since}" if self.is_named else self.since


@dataclass(frozen=True)
class _Hosts:
    """The hosts of a rollback by how they ended; a host may be in several."""

    back: Sequence[str]
    failed: Sequence[str]
    others: Sequence[str]
    key: Sequence[str]
    nothing: Sequence[str]


def describe_rollback(results: Mapping[str, Result], rollback: Rollback) -> tuple[list[str], list[str]]:
    """Return the lines of the result, and the hosts that are to fail.

    results: of each host, empty where there was nothing to restore.
    """
    hosts = _sort_out(results)
    lines = [
        f"RESULT  {_headline(hosts, len(results), rollback)}",
        *limited(list(_problems(hosts, results, rollback)), _MOST_LINES, "problem", f"{_INDENT}! "),
        *(f"{_INDENT}{word:11}  {text}" for word, text in _facts(hosts, rollback) if text),
    ]
    others = [host for host in hosts.others if host not in hosts.back]
    unrestored = [
        *hosts.failed,
        *(others if rollback.is_named else []),
        *(hosts.key if rollback.is_named and not hosts.back else []),
    ]
    return [screen_line(line) for line in lines], list(dict.fromkeys(unrestored))


def _sort_out(results: Mapping[str, Result]) -> _Hosts:
    failed = [host for host, result in results.items() if result.get("failed") or result.get("unreachable")]
    ended = {host: result for host, result in results.items() if host not in failed}
    back, others, key = (_with(part, ended) for part in ("restored", "left_alone", "key_stays"))
    nothing = [host for host in ended if host not in {*back, *others, *key}]
    return _Hosts(back, failed, others, key, nothing)


def _headline(hosts: _Hosts, number: int, rollback: Rollback) -> str:
    parts = []
    if hosts.failed:
        parts.append(f"{len(hosts.failed)} of {count(number, 'server')} could not be restored")
    if hosts.back:
        is_one = len(hosts.back) == 1
        have = "would have" if rollback.check_mode else "has" if is_one else "have"
        again = f"{have} {'its' if is_one else 'their'} settings from before {rollback.run} again"
        parts.append(f"{count(len(hosts.back), 'server')} {again}")
    nothing = f"no server {'would be' if rollback.check_mode else 'was'} changed"
    return ". ".join(parts) or nothing


def _problems(hosts: _Hosts, results: Mapping[str, Result], rollback: Rollback) -> Iterator[str]:
    texts = [(host, _of_failure(results[host])) for host in hosts.failed]
    texts += [(host, _of_others(results[host]["left_alone"], rollback)) for host in hosts.others]
    for text, named in group_by_text(texts).items():
        yield f"{_INDENT}! {of_hosts(named, text)}"


def _of_failure(result: Result) -> str:
    reason = str(result.get("msg") or "it failed without a message").rstrip(". ")
    return f"maybe not restored: {reason}. Its backup is kept: fix that, then run the same command again"


def _of_others(left_alone: Mapping[str, Mapping[str, Any]], rollback: Rollback) -> str:
    names = ", ".join(f"{app}: {name}" for app, found in left_alone.items() for name in sorted(found))
    return (
        f"not restored, because somebody else has changed it since {rollback.run}: {names}. The previous "
        "value stays in the backup"
    )


def _facts(hosts: _Hosts, rollback: Rollback) -> Iterator[tuple[str, str]]:
    would = "would be " if rollback.check_mode else ""
    yield "Restored", f"{would}{listed(hosts.back)}" if hosts.back else ""
    yield from _about_nothing(hosts, rollback)
    key = "a replaced access key is not written back, since it may be deleted by now"
    yield "Key stays", f"{listed(hosts.key)}: {key}" if hosts.key else ""
    yield "Not done", _of_elsewhere(rollback)
    yield "On AWS", _on_aws(hosts, rollback)
    again = [host for host in hosts.back if host in rollback.set_again]
    yield "Next", _AGAIN.format(listed(again)) if again else ""


def _on_aws(hosts: _Hosts, rollback: Rollback) -> str:
    buckets = list(dict.fromkeys(rollback.buckets[host] for host in hosts.back if host in rollback.buckets))
    nouns = f"{'bucket' if len(buckets) == 1 else 'buckets'} {listed(buckets, _MOST_BUCKETS)}"
    stays = f"nothing is rolled back: {nouns}, who may read there, and the access key stay as they are"
    return stays if buckets else ""


def _about_nothing(hosts: _Hosts, rollback: Rollback) -> Iterator[tuple[str, str]]:
    """Yield why there was nothing to restore on hosts, as far as it is known."""
    restored = {rollback.clusters.get(host) for host in hosts.back} - {"", None}
    texts = {
        "Already": f"the changes of {rollback.run} were undone there before{_since_then(rollback)}",
        "Cluster": "restored with another node of the cluster, and not read",
        "No backup": f"the backup has no run from {rollback.since} on, so nothing was done there",
    }
    words = {
        host: "Already"
        if host in rollback.done
        else "Cluster"
        if rollback.clusters.get(host) in restored
        else "No backup"
        for host in hosts.nothing
    }
    for word, text in texts.items():
        named = [host for host in hosts.nothing if words[host] == word]
        yield word, f"{listed(named)}: {text}" if named else ""


def _since_then(rollback: Rollback) -> str:
    if not rollback.later:
        return ""
    return f". Run {rollback.later} has changed servers there since: to undo that one, name it"


def _of_elsewhere(rollback: Rollback) -> str:
    hosts = rollback.elsewhere
    if not hosts:
        return ""
    verb, it = ("has", "it") if len(hosts) == 1 else ("have", "them")
    return (
        f"{listed(hosts)} still {verb} the changes of {rollback.run}, since this play was without {it}. To "
        f"restore {it} too, run the same command without --limit"
    )


def _with(part: str, results: Mapping[str, Result]) -> list[str]:
    return [host for host, result in results.items() if result.get(part)]
