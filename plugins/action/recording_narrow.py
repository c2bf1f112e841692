# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Optional

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.antmedia.s3_recording.plugins.action import recording_read, s3_recording_storage
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.other_folders import FORGET
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.policy_kms import DECRYPT
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.policy_union import with_uploads
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import CollectionError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.plain_text import one_line
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.on_controller import beside
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._display.display_lines import (
    display_lines,
    failure,
    run_stats,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.storage_tasks import one_module
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.host_results import (
    as_before,
    not_applied,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.narrowing_report import (
    format_closed_again,
    format_closing,
    format_kms_keys,
    format_narrowing,
    format_previous_keys,
    format_previous_user,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.absence_variables import (
    GONE,
    gone_hosts,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.closing import (
    Servers,
    closing_of,
    to_restore,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.narrowing import (
    narrow,
    needs_of_keys,
    predict_after,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.readers import is_local
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.task_variables import (
    TaskVariables,
    VariableError,
    reads_of_plan,
)

_USER = "iam_programmatic_user"
_ACCESS = "s3_bucket_access"
_KEY = "iam_stored_access_key"
_PREVIOUS_USER = "previous_iam_user"
_STOPPED = "the rollout was stopped"
_NOT_CLOSED = "The servers have changed, and the storage is still open as before: {}"
_NOT_PREDICTED = "What the run would close at its end cannot be predicted: {}"
_SPEC = {
    "lines": {"type": "list", "elements": "str", "required": True},
    "stats": {"type": "dict", "default": {}},
}


class ActionModule(ActionBase):
    """Print the result of the run, then close and remove what no server uses any more."""

    _supports_check_mode = True

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_SPEC)
        self._variables = TaskVariables(task_vars or {}, self._templar)
        self._task_vars = task_vars or {}
        self._done: Mapping[str, Any] = {}
        # First of all: whatever comes now, the servers have changed.
        lines = display_lines(given["lines"])
        self._failures: list[str] = []
        # What a step has done stays done, whatever happens to the next one.
        steps: list[tuple[bool, list[str]]] = []
        try:
            steps.extend(self._narrow())
        except (AnsibleError, CollectionError, VariableError) as error:
            text = f"what of the storage was wider before, because {one_line(str(error))}"
            steps.append((False, [f"  Kept         {text}"]))
            self._failures += [one_line(str(error))] if self._done.get("later") else []
        if not self._task.check_mode or self._failures:
            lines += display_lines([line for _changed, of_step in steps for line in of_step])
        return {
            **result,
            "changed": any(changed for changed, _lines in steps),
            **run_stats(given["stats"]),
            "msg": lines,
            **(
                failure(lines, self._not_closed().format("; ".join(self._failures))) if self._failures else {}
            ),
            # The lines were printed; -v adds nothing to them.
            "_ansible_verbose_override": True,
        }

    def _not_closed(self) -> str:
        return _NOT_PREDICTED if self._task.check_mode else _NOT_CLOSED

    def _narrow(self) -> Iterator[tuple[bool, list[str]]]:
        """Yield of each step whether it has removed or closed something, and the lines about it.

        In check mode the steps predict that from what the servers would have, and the plan describes it.
        """
        self._done = self._variables("__s3_recording_storage_done", {}) or {}
        if not self._done:
            return
        self._fleet = self._variables.fact("__s3_recording_fleet")
        rights, later = self._kept_rights(), self._done.get("later") or {}
        yield self._close_again()
        if not (self._is_last_batch or self._is_stopped):
            return
        yield self._delete_previous_keys(later)
        yield self._narrow_rest(rights, _without_keys(later))
        yield self._narrow_kms_keys()
        for name in later:
            if _PREVIOUS_USER in later[name]:
                yield self._delete_previous_user(name)

    def _delete_previous_keys(self, later: Mapping[str, Sequence[str]]) -> tuple[bool, list[str]]:
        """Delete keys in the key stores from which they have moved, unless a server may have to go back."""
        places = {
            name: self._result(name, _KEY)["previous_store"]["where"] for name in later if _KEY in later[name]
        }
        done: dict[str, Any] = {}
        if not self._is_stopped:
            buckets = self._buckets(places)
            done = self._run_storage(
                [one_module(each, _KEY) for each in buckets],
                plan={name: {"run": [_KEY], "results": self._done["buckets"][name]} for name in places},
            )
        return bool(done.get("changed")), format_previous_keys(places, done)

    def _narrow_kms_keys(self) -> tuple[bool, list[str]]:
        """Leave of previous KMS keys the right to decrypt. What began with one needs it to its end."""
        # Without an encryption in the inventory, the bucket may still have the previous one.
        buckets = [
            each
            for each in self._buckets(self._done.get("buckets") or {})
            if each["config"].get("encryption")
            and any(key["encrypts"] for key in self._result(each["bucket"], _USER).get("kept_kms_keys") or ())
        ]
        tasks = [one_module(each, _USER, previous_kms_keys=DECRYPT) for each in buckets]
        done = self._run_storage([{**each, "unless_uploading": True} for each in tasks])
        return bool(done.get("changed")), format_kms_keys([each["bucket"] for each in buckets], done)

    def _delete_previous_user(self, name: str) -> tuple[bool, list[str]]:
        """Delete the user that a bucket had before, if nothing needs its access key."""
        previous, (bucket,) = self._result(name, _PREVIOUS_USER), self._buckets([name])
        reasons = [_STOPPED] if self._is_stopped else []
        reasons += needs_of_keys(previous["access_key_ids"], self._hosts(), self._after)
        result: Mapping[str, Any] = {}
        if not reasons:
            done = self._run_storage([one_module(bucket, _PREVIOUS_USER, may_delete=True)])
            if done.get("changed") and not done.get("failed"):
                # The task itself has displayed that.
                return True, []
            result = done if done.get("failed") else done["buckets"][name][_PREVIOUS_USER]
        lines = format_previous_user(previous["user_name"], reasons, result)
        return bool(result.get("changed")), lines

    @cached_property
    def _after(self) -> dict[str, Any]:
        """Return what the servers have now, in check mode what they would have."""
        found = self._reads([host for host in self._hosts() if host in self._fleet["hosts"]])
        return predict_after(self._before, found, self._moved()) if self._task.check_mode else found

    @cached_property
    def _before(self) -> dict[str, Any]:
        return reads_of_plan(self._hostvars, self._readers())

    def _narrow_rest(
        self, rights: Mapping[str, Sequence[str]], later: Mapping[str, Sequence[str]]
    ) -> tuple[bool, list[str]]:
        if not (rights or later):
            return False, []
        hosts = self._hosts()
        closed, of_closing = self._close(later, hosts, self._after) if later else (False, [])
        removed, of_rights = self._remove_rights(rights, hosts, self._after) if rights else (False, [])
        return closed or removed, [*of_closing, *of_rights]

    @property
    def _is_stopped(self) -> bool:
        return bool(self._hostvars["localhost"].get("__s3_recording_stopped_in"))

    @property
    def _is_last_batch(self) -> bool:
        """True unless other batches of one's own play come after this one."""
        hosts, batch = (
            self._variables.fact(name) for name in ("ansible_play_hosts_all", "ansible_play_batch")
        )
        return not batch or not hosts or hosts[-1] in batch

    def _close_again(self) -> tuple[bool, list[str]]:
        """Close what the run has opened for servers that have not changed."""
        if not self._is_stopped:
            return False, []
        hosts = self._fleet["hosts"]
        unmoved = {*as_before(hosts, self._hostvars)}.difference(self._servers("unchanged"))
        moved = [host for host in hosts if host not in unmoved]
        again = {}
        for each in self._buckets(self._done.get("buckets") or {}):
            name = each["bucket"]
            is_new = self._result(name, "s3_recording_bucket").get("existed") is False
            access = to_restore(each, moved, self._result(name, _ACCESS), is_new=is_new)
            if access:
                again[name] = {_ACCESS: {"restore": access}}
        done = self._run_again(again)
        return bool(done.get("changed")), format_closed_again(list(again), done)

    def _close(
        self, later: Mapping[str, Sequence[str]], hosts: Sequence[str], after: Mapping[str, Any]
    ) -> tuple[bool, list[str]]:
        """Close what the servers no longer use, and give the buckets their lifecycle rules."""
        moved = [*self._servers("unchanged"), *self._moved()]
        servers = Servers(hosts, moved, self._servers("skipped"), self._before, after)
        found = {each["bucket"]: closing_of(each, servers) for each in self._buckets(later)}
        again = {
            name: {module: {"closes": each.closes} if module == _ACCESS else {} for module in later[name]}
            for name, each in found.items()
            if each.closes
        }
        done = self._run_again(again)
        return bool(done.get("changed")), format_closing(found, later, done)

    def _moved(self) -> list[str]:
        hosts = self._fleet["hosts"]
        missing = {*not_applied(hosts, self._hostvars)}
        return [host for host in hosts if host not in missing]

    def _remove_rights(
        self, rights: Mapping[str, Sequence[str]], hosts: Sequence[str], after: Mapping[str, Any]
    ) -> tuple[bool, list[str]]:
        found = {name: narrow(name, each, hosts, self._before, after) for name, each in rights.items()}
        buckets = self._buckets(rights)
        done = self._run_storage(
            [_narrowed(each, found[each["bucket"]].kept) for each in buckets if found[each["bucket"]].removed]
        )
        lines = [line for each in buckets for line in format_narrowing(each, found[each["bucket"]], done)]
        return bool(done.get("changed")), lines

    @property
    def _hostvars(self) -> Any:
        return self._task_vars["hostvars"]

    def _servers(self, state: str) -> list[str]:
        return self._hostvars["localhost"]["__s3_recording_servers"].get(state) or []

    def _buckets(self, names: Collection[str]) -> list[Mapping[str, Any]]:
        return [each for each in self._fleet["buckets"] if each["bucket"] in names]

    def _hosts(self) -> list[str]:
        """Return all hosts of the play, --limit or not, and of its buckets, that are not gone for good."""
        of_play = self._variables.fact("__s3_recording_play").get("hosts") or []
        of_buckets = [host for bucket in self._fleet["buckets"] for host in bucket["hosts"]]
        gone = gone_hosts(self._variables(GONE, []))
        hosts = dict.fromkeys([*of_play, *of_buckets, *self._fleet["hosts"]])
        return [host for host in hosts if host not in gone]

    def _readers(self) -> dict[str, list[str]]:
        readers: dict[str, list[str]] = self._variables.fact("__s3_recording_readers")
        return readers

    def _result(self, bucket: str, module: str) -> Mapping[str, Any]:
        """Return the result of a module that has set up a bucket."""
        found: Mapping[str, Any] = ((self._done.get("buckets") or {}).get(bucket) or {}).get(module) or {}
        return found

    def _kept_rights(self) -> dict[str, list[str]]:
        """Return the rights that the user of each bucket has beside those that the inventory asks for."""
        buckets = self._done.get("buckets") or {}
        rights = {bucket: self._result(bucket, _USER).get("kept_rights") for bucket in buckets}
        return {bucket: each for bucket, each in rights.items() if each}

    def _reads(self, hosts: Sequence[str]) -> dict[str, Any]:
        """Read the servers that the controller reaches itself. The others count as not read."""
        reachable = {
            host
            for reader, theirs in self._readers().items()
            for host in theirs
            if is_local(self._hostvars[reader], self._task.connection)
        }
        skipped = self._servers("skipped")
        reachable -= {host for host in reachable if host in skipped or _is_refused(self._hostvars[host])}
        read: dict[str, Any] = beside(recording_read.ActionModule, self).read_here(
            [host for host in hosts if host in reachable], self._task_vars, all_apps=True
        )
        return read

    def _run_again(self, again: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, Any]:
        """Run modules of buckets once more. again: bucket to module to options that are different now."""
        buckets = self._buckets(again)
        plan = {
            name: {"run": list(modules), "results": self._done["buckets"][name]}
            for name, modules in again.items()
        }
        done = self._run_storage([_with_options(each, again[each["bucket"]]) for each in buckets], plan=plan)
        self._failures += [one_line(str(done.get("msg")))] if done.get("failed") else []
        return done

    def _run_storage(self, buckets: Sequence[Mapping[str, Any]], **options: Any) -> dict[str, Any]:
        if not buckets:
            return {}
        task = self._task.copy()
        task.args = {"buckets": list(buckets), **options}
        done: dict[str, Any] = beside(s3_recording_storage.ActionModule, self, task).run(
            None, self._task_vars
        )
        return done


def _is_refused(variables: Mapping[str, Any]) -> bool:
    """True for a server whose password may be wrong: another try could block the account."""
    applied = variables.get("__s3_recording_applied") or {}
    return bool(applied.get("login_refused") or applied.get("login_unsure"))


def _without_keys(later: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    rest = {
        name: [each for each in modules if each not in (_KEY, _PREVIOUS_USER)]
        for name, modules in later.items()
    }
    return {name: modules for name, modules in rest.items() if modules}


def _with_options(bucket: Mapping[str, Any], more: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    storage = bucket["storage"]
    return {**storage, **{module: {**storage[module], **options} for module, options in more.items()}}


def _narrowed(bucket: Mapping[str, Any], kept: Sequence[str]) -> dict[str, Any]:
    """Return what sets the policy of a bucket's user to what the inventory asks for and these rights."""
    policy = with_uploads(bucket["key_policy"], kept)
    return {**one_module(bucket, _USER, policy=policy, other_folders=FORGET), "unless_uploading": True}
