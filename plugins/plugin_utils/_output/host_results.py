# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read from the variables of hosts how the role's steps have ended there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from ...module_utils._ams.recording_rules import Forwarding
from ...module_utils._check.report import CheckResult, results_of
from ...module_utils._common.deliveries import DELIVERIES
from .._display.lines import listed
from .._intent.role_variables import as_written
from .result_report import BucketResult, RunResult, ServerResult
from .rollout_report import HostResult, describe_states, describe_stop, group_notes
from .undo_command import Undo, undo_of

Variables = Mapping[str, Mapping[str, Any]]
_KEY_STORES = {"ssm": "SSM", "secretsmanager": "Secrets Manager"}
_MP4 = "mp4"
# Parts of the storage that a line about what was made names already.
_NAMED_WITH_MADE = ("bucket", "distribution", "user", "key")
_NOT_ASKED_FOR = "s3_recording_verify is false"


class _Steps:
    """The results of changing a server, of checking it, and of restoring it."""

    def __init__(self, host: str, hostvars: Variables) -> None:
        # Not evaluated: the results of a thousand servers are in one.
        variables = as_written(hostvars[host])
        self.applied, in_batch, alone, self.rollback = (
            variables.get(f"__s3_recording_{step}") or {}
            for step in ("applied", "verified", "verified_alone", "restored")
        )
        # The task that ends a batch has one host.
        first = hostvars[in_batch["first"]] if "first" in in_batch else variables
        in_batch, alone = _of_host(host, in_batch), _of_host(host, alone)
        self.verified = in_batch if not alone or alone.get("skipped") else alone
        # Seconds since a verification that this run has not repeated.
        self.verified_ago: Optional[int] = alone.get("verified_ago")
        # Where a check failed, it is the host's own result that says so.
        recorded = as_written(first).get("__s3_recording_recorded") or {}
        self.recorded = {} if recorded.get("not_verified") else recorded
        self.is_unread = _is_broken(variables.get("__s3_recording_read") or {})
        # A restore reads what it has a backup of; without one, this run has sent nothing.
        self.was_read = self.has_login and "apps" in self.rollback and not self.rollback.get("failed")
        self.by_node = bool(self.applied.get("written_by")) and not self.rollback.get("apps")

    @property
    def has_login(self) -> bool:
        return not any(self.applied.get(name) for name in ("login_refused", "login_unsure", "unsent"))

    @property
    def is_restored(self) -> bool:
        return any(each["changed"] for each in (self.rollback.get("apps") or {}).values())

    @property
    def is_applied(self) -> bool:
        return "apps" in self.applied and not self.applied.get("failed")

    @property
    def is_changed(self) -> bool:
        return bool(self.applied.get("changed") or self.by_node)

    @property
    def is_as_planned(self) -> bool:
        return self.is_applied and not self.is_changed

    @property
    def is_in_batch(self) -> bool:
        """True if the host was to be changed, and its batch has not ended well."""
        had_task = bool(self.applied) and not self.applied.get("skipped")
        return had_task and (not self.recorded or _is_broken(self.recorded))

    @property
    def needs_state(self) -> bool:
        """True unless the host is known to be as its last step left it."""
        return bool(self.rollback) or _is_broken(self.applied)

    def result(self) -> str:
        if self.rollback.get("failed"):
            return "stuck"
        if self.is_restored:
            return "restored"
        if _is_broken(self.applied) or self.verified.get("failed"):
            return "failed"
        return "changed" if self.applied.get("changed") else "unchanged"

    def ended(self, host: str) -> HostResult:
        return HostResult(
            host,
            back=self.is_restored,
            read=self.was_read and bool(self.rollback["apps"]),
            by_node=self.by_node,
            unchanged=self.was_read and self.is_as_planned,
            unwritten=(self.was_read and not self.is_changed)
            or not self.has_login
            or bool(self.applied.get("skipped")),
            stuck=str(self.rollback.get("msg", "")) if self.rollback.get("failed") else "",
            left_alone=self._left_alone(),
        )

    @property
    def is_as_before(self) -> bool:
        """True if the run has written nothing to the server that is still there."""
        is_back = self.is_restored and not self.rollback.get("failed")
        has_had_no_task = not self.applied or self.applied.get("skipped")
        return bool(
            is_back or has_had_no_task or not self.has_login or (self.was_read and not self.is_changed)
        )

    @property
    def has_run(self) -> bool:
        return any(step and not step.get("skipped") for step in (self.applied, self.verified))

    @property
    def is_rolled_back(self) -> bool:
        """True if the settings that were set and checked may not be those of now."""
        tried = self.rollback and not self.rollback.get("skipped")
        return bool(tried and (self.is_restored or self.rollback.get("failed") or self.by_node))

    @property
    def checks(self) -> list[CheckResult]:
        """Return the checks of the settings that the server has now."""
        return [] if self.is_rolled_back else results_of(self.verified)

    @property
    def is_broken(self) -> bool:
        return any(map(_is_broken, (self.applied, self.verified, self.recorded, self.rollback)))

    @property
    def is_out_of_reach(self) -> bool:
        """True if Ansible runs no more task on the host."""
        return any(step.get("unreachable") for step in (self.applied, self.verified))

    @property
    def is_verified(self) -> bool:
        return bool(self.verified) and not self.verified.get("skipped")

    def reasons(self, url: str) -> list[str]:
        """Return why the host failed, if it did: each failed check, or the message of the step."""
        steps = self.applied, self.verified, self.recorded
        broken: Mapping[str, Any] = next(filter(_is_broken, steps), {})
        failed = [check for check in results_of(broken) if not check.ok]
        # A check that could not be made shows nothing to be broken.
        made = [check for check in failed if check.tried]
        # The first address of a text is the server's; a check also names the bucket's.
        sentences = [f"{url}: {check.sentence()}" for check in made or failed]
        return sentences or ([str(broken.get("msg") or "it failed without a message")] if broken else [])

    def _left_alone(self) -> list[str]:
        found = self.rollback.get("left_alone") or {}
        return sorted(f"{app}: {name}" for app, names in found.items() for name in names)


def _of_host(host: str, result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a host's part of the result of a task that has verified many."""
    found: Mapping[str, Any] = (result["hosts"].get(host) or {}) if "hosts" in result else result
    return found


def _is_broken(result: Mapping[str, Any]) -> bool:
    return bool(result.get("failed") or result.get("unreachable"))


def current_batch(hosts: Iterable[str], hostvars: Variables) -> list[str]:
    """Return the hosts of a batch that has failed. Each batch before it was recorded at its end."""
    return _with("is_in_batch", {host: _Steps(host, hostvars) for host in hosts})


def broken(hosts: Iterable[str], hostvars: Variables) -> list[str]:
    """Return the hosts that could not be changed, verified or restored; last those that Ansible lost."""
    steps = {host: _Steps(host, hostvars) for host in hosts}
    return sorted(_with("is_broken", steps), key=lambda host: steps[host].is_out_of_reach)


def without_verification(hosts: Iterable[str], hostvars: Variables) -> list[str]:
    """Return the hosts that no step of this run has verified."""
    return [host for host in hosts if not _Steps(host, hostvars).is_verified]


def not_applied(hosts: Iterable[str], hostvars: Variables) -> list[str]:
    """Return the hosts whose settings were neither changed nor found as desired, or were restored since."""
    steps = {host: _Steps(host, hostvars) for host in hosts}
    return [host for host, each in steps.items() if not each.is_applied or each.is_rolled_back]


def as_before(hosts: Iterable[str], hostvars: Variables) -> list[str]:
    """Return the hosts that have the settings from before the run."""
    return _with("is_as_before", {host: _Steps(host, hostvars) for host in hosts})


def results_and_notes(hosts: Iterable[str], hostvars: Variables) -> tuple[dict[str, str], list[str]]:
    """Return one word for how each host ended, and the notes of changing and of checking the servers.

    Hosts that had no task to change them are left out.
    """
    found = {host: _Steps(host, hostvars) for host in hosts}
    steps = {host: each for host, each in found.items() if each.applied}
    notes = [
        group_notes({host: each.applied.get("notes") or [] for host, each in steps.items()}),
        group_notes({host: each.verified.get("notes") or [] for host, each in steps.items()}),
    ]
    return {host: each.result() for host, each in steps.items()}, notes


def notes_of_check(hosts: Iterable[str], hostvars: Variables) -> str:
    """Return the notes of checking the servers, each once for all its hosts."""
    return group_notes({host: _Steps(host, hostvars).verified.get("notes") or [] for host in hosts})


@dataclass(frozen=True)
class RunDetails:
    """What no step of a host knows of its run.

    as_planned, skipped, gone: hosts without a task. storage: bucket to what the run did there, of which
    "made" is described at _made. run, inventory, options: for the command that undoes it, with the options
    of the command line by Ansible's names; no command without a run.
    verify: False if no server was to be verified. removes: True if recording was turned off.
    again: the playbook that finishes a run which rollback.yml does not undo.
    stopped_in: the batch that failed, if one did. leaked: True if the run was to end a leaked key.
    """

    as_planned: Sequence[str] = ()
    skipped: Sequence[str] = ()
    gone: Sequence[str] = ()
    storage: Variables = field(default_factory=dict)
    run: str = ""
    inventory: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    verify: bool = True
    removes: bool = False
    again: str = ""
    stopped_in: Sequence[str] = ()
    leaked: bool = False

    def made(self, bucket: str) -> Mapping[str, Any]:
        return self.storage.get(bucket, {}).get("made") or {}

    def undo(self, servers: Iterable[ServerResult]) -> Undo:
        is_changed = any(server.changed for server in servers)
        is_undone_by_name = self.run and not self.again and not self.removes
        is_offered = is_undone_by_name and is_changed
        return undo_of(self.run, self.inventory, self.options) if is_offered else Undo()

    def after_stop(self) -> list[str]:
        """Return what a run that was stopped leaves behind beside the servers."""
        changed = {
            bucket: each.get("parts") or each["changes"]
            for bucket, each in self.storage.items()
            if each.get("changes")
        }
        return describe_stop(self.run, changed, leaked=self.leaked) if self.stopped_in else []

    def to_finish(self) -> list[str]:
        """Return how a run that was stopped is finished, where rollback.yml does not undo it."""
        text = f"The access key that was in use still works. Run {self.again} again to finish it."
        return [text] if self.stopped_in and self.again and not self.leaked else []


def run_result(fleet: Mapping[str, Any], hostvars: Variables, details: RunDetails) -> RunResult:
    """Return what a run did, from what its steps have registered. fleet: its hosts and buckets."""
    absent = {*details.skipped, *details.gone}
    steps = {host: _Steps(host, hostvars) for host in fleet["hosts"] if host not in absent}
    reached = {host: each for host, each in steps.items() if each.has_run}
    as_planned = dict.fromkeys([*details.as_planned, *_with("is_as_planned", reached)])
    known = {*reached, *as_planned, *details.stopped_in}
    servers = [_server(host, each, fleet["hosts"][host]) for host, each in reached.items()]
    result = RunResult(
        servers,
        [_bucket(each, details) for each in fleet["buckets"]],
        as_planned=list(as_planned),
        verified_ago=_verified_ago(steps),
        skipped=details.skipped,
        gone=details.gone,
        unread=_with("is_unread", steps),
        untouched=[host for host, each in steps.items() if host not in known and not each.is_unread],
        states=[
            *details.after_stop(),
            *describe_states(_ended(steps, details), details.run, details.again),
            *details.to_finish(),
        ],
        undo=details.undo(servers),
        removes=details.removes,
    )
    return result if details.verify else replace(result, not_verified=_NOT_ASKED_FOR)


def _verified_ago(steps: Mapping[str, _Steps]) -> dict[str, int]:
    return {host: each.verified_ago for host, each in steps.items() if each.verified_ago is not None}


def _with(state: str, steps: Mapping[str, _Steps]) -> list[str]:
    return [host for host, each in steps.items() if getattr(each, state)]


def _ended(steps: Mapping[str, _Steps], details: RunDetails) -> list[HostResult]:
    """Return how the hosts ended of which the checks do not say it."""
    batch = set(details.stopped_in)
    return [each.ended(host) for host, each in steps.items() if each.needs_state or host in batch]


def _server(host: str, steps: _Steps, planned: Mapping[str, Any]) -> ServerResult:
    reasons = steps.reasons(planned["ams_url"])
    return ServerResult(
        host,
        bucket=planned["bucket"],
        apps=[app["name"] for app in planned["apps"]],
        checks=[] if reasons else steps.checks,
        seconds=steps.verified.get("seconds"),
        broken=reasons,
        is_set=steps.is_applied and not steps.is_rolled_back,
        changed=steps.is_changed and not steps.is_restored,
        watch=_plays_at(planned),
        backlog=[] if reasons or steps.is_rolled_back else steps.verified.get("backlog") or [],
        cluster=planned["cluster"],
        imported=steps.applied.get("imported") or [],
    )


def _plays_at(planned: Mapping[str, Any]) -> dict[str, str]:
    """Return where the recordings of each application play that forwards viewers, as one of its files."""
    addresses = {}
    for app in planned["apps"]:
        meant = Forwarding.of(app["settings"], {}).meant
        if meant:
            base = planned["plays_at"][app["name"]].removesuffix(f"/NAME.{_MP4}")
            addresses[app["name"]] = f"{base}/STREAM.{_MP4 if _MP4 in meant else meant[0]}"
    return addresses


def _bucket(planned: Mapping[str, Any], details: RunDetails) -> BucketResult:
    name = planned["bucket"]
    made = _made(planned, details.made(name))
    parts = details.storage.get(name, {}).get("parts") or ()
    changed = [part for part in parts if not (made and part in _NAMED_WITH_MADE)]
    return BucketResult(name, planned["region"], _open_to(planned), made, changed)


def _made(planned: Mapping[str, Any], made: Mapping[str, Any]) -> list[str]:
    """Return what this run has made of a bucket's storage.

    made: "bucket" and "iam_user", true if it was made; "distribution" and "access_key_id", the id of one
    that was made.
    """
    store = _KEY_STORES.get(planned["key_store"], planned["key_store"])
    texts = {
        "bucket": "bucket",
        "distribution": f"CloudFront distribution {made.get('distribution')}",
        "iam_user": f"IAM user {planned['iam_user']}",
        "access_key_id": f"key {made.get('access_key_id')} (secret in {store} {planned['key_stored_at']})",
    }
    return [text for name, text in texts.items() if made.get(name)]


def _open_to(bucket: Mapping[str, Any]) -> str:
    """Return who may watch, as the role sets it."""
    if not bucket["has_access"]:
        return "as the provider has it, since the role does not set it there"
    delivery = DELIVERIES[bucket["delivery"]]
    folders = listed([f"{folder}/" for folder in bucket["folders"]])
    if delivery.is_public:
        return f"everyone: {folders}"
    if delivery.needs_distribution:
        return f"everyone, through CloudFront: {folders}"
    return "nobody without AWS credentials"
