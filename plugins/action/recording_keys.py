# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key.model import (
    KEY_PARTS,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._display.display_lines import run_stats
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps import run_file
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.task_variables import (
    TaskVariables,
    VariableError,
)

_STORED = "antmedia.s3_recording.stored_access_key"
# A plan says what would change; that a key cannot be read is one of its problems.
_SPEC = {
    "for_plan": {"type": "bool", "default": False},
    "will_be_created": {"type": "bool", "default": False},
    "stats": {"type": "dict", "default": {}},
}


class ActionModule(ActionBase):
    """Read the access key of each bucket of the plan, for the tasks of this run."""

    _supports_check_mode = True

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_SPEC)
        self._for_plan = given["for_plan"]
        self._may_be_absent = given["will_be_created"] or self._task.check_mode
        self._variables = TaskVariables(task_vars or {}, self._templar)
        self._task_vars = task_vars or {}
        keys, problems = self._keys()
        if problems and not self._for_plan:
            not_touched = "The access key could not be read, and no server of this batch was touched: "
            return {**result, "failed": True, "msg": not_touched + " ".join(problems)}
        ids = {bucket: key["access_key_id"] for bucket, key in keys.items()}
        read = {"changed": False, "access_key_ids": ids, "problems": problems}
        return {**result, **read, **run_stats(given["stats"])}

    def _keys(self) -> tuple[run_file.Keys, list[str]]:
        """Return the key of each bucket and keep them for the run; a plan keeps those that it could read."""
        keys: run_file.Keys = {}
        problems = []
        try:
            for bucket in self._variables.fact("__s3_recording_fleet")["buckets"]:
                try:
                    keys[bucket["bucket"]] = self._key(bucket)
                except (AnsibleError, VariableError) as error:
                    problems.append(f"{bucket['bucket']}: {str(error).rstrip('.')}.")
                    if self._for_plan:
                        keys[bucket["bucket"]] = run_file.KEY_TO_COME
            if self._for_plan or not problems:
                run_file.keep({**(run_file.kept() or {}), **keys})
        except (run_file.RunFileError, VariableError) as error:
            problems.append(f"{error}.")
        return keys, problems

    def _key(self, bucket: Mapping[str, Any]) -> dict[str, str]:
        if bucket["key_given"]:
            return self._given(bucket)
        if bucket["bucket"] in self._variables("__s3_recording_next_keys", []):
            return run_file.KEY_TO_COME
        absent = run_file.KEY_TO_COME if self._may_be_absent else None
        if not bucket.get("key_previous_store"):
            return self._stored(bucket, bucket["key_store"], bucket["key_stored_at"], absent)
        found = self._stored(bucket, bucket["key_store"], bucket["key_stored_at"], run_file.KEY_TO_COME)
        return found if found != run_file.KEY_TO_COME else self._previous(bucket, absent)

    def _previous(self, bucket: Mapping[str, Any], absent: Optional[dict[str, str]]) -> dict[str, str]:
        """Return the key that the storage has still to copy. One that it cannot copy it replaces."""
        try:
            return self._stored(
                bucket, bucket["key_previous_store"], bucket["key_previous_stored_at"], absent
            )
        except AnsibleError:
            if absent is None:
                raise
            return absent

    def _stored(
        self, bucket: Mapping[str, Any], store: str, place: str, absent: Optional[dict[str, str]]
    ) -> dict[str, str]:
        lookup = lookup_loader.get(_STORED, loader=self._loader, templar=self._templar)
        found: list[dict[str, str]] = lookup.run(
            [place],
            variables=self._task_vars,
            store=store,
            region=bucket["region"] or None,
            endpoint_url=bucket["aws_endpoint_url"] or None,
            absent=absent,
        )
        return found[0]

    def _given(self, bucket: Mapping[str, Any]) -> dict[str, str]:
        """Return the key from the variables of a host of the bucket, or from those of this task."""
        names = {part: f"s3_recording_{part}" for part in KEY_PARTS}
        owner = self._task_vars["hostvars"][bucket["owner"]]
        for value_of in (owner.get, self._variables):
            key = {part: str(value_of(name, "") or "") for part, name in names.items()}
            if key["access_key_id"] == bucket["access_key_id"] and key["secret_access_key"]:
                return key
        raise VariableError(f"the secret of the access key {bucket['access_key_id']} is not given")
