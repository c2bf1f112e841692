# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The backup of one server: NAME.json, and NAME.unverified.json for changes that are not verified yet.

Both hold secrets in clear text, as the server itself does, and are for their owner alone (mode 0600).
A file is replaced in one step, so that a run that is killed leaves the old one or the new one. A lock keeps
two runs from losing what the other has saved. Layers are in the order in which they were made, whatever the
clocks said.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Optional

from .._common import private_file
from .._common.errors import AmsError
from .._common.private_file import FileError
from .backup import Layer, add_layer, first_index, is_time, keep_settings, layer_of
from .settings import Change

FORMAT = 1
SUFFIX = ".unverified.json"
# Only the same playbook finishes a run of these. Others are refused, or do the opposite.
_FINISHED_BY_ITSELF = ("decommission", "rotate_key")
# Changes of a server that can be rolled back, one after the other.
MOST_LAYERS = 100
_NAME_OF_RUN = re.compile(rb'"run": ?"([0-9]{8}T[0-9]{6}Z)"')


class BackupFile:
    """The previous settings of one server.

    path: ends in .json. carried: whether it is a copy in the temporary folder of a task on a target, which
    belongs to the owner of that folder.
    """

    def __init__(self, path: str, url: str, carried: bool = False) -> None:
        self.path = os.path.expanduser(path)
        self._carried = carried
        self.url = url.rstrip("/")
        self._unverified = unverified_path(self.path)
        folder, name = os.path.split(self.path)
        self._lock = os.path.join(folder, f".{name}.lock")
        # For the holder of the lock. An existing one was left by a killed run, maybe of an earlier release.
        self._new = os.path.join(folder, f".previous-{name}")

    @property
    def is_unverified(self) -> bool:
        """True if a change was not verified, of this run or of one that was broken off."""
        return os.path.exists(self._unverified)

    def add(self, run: str, changes: Mapping[str, Change], playbook: str = "") -> None:
        """Save the previous values before a write; raise AmsError if they cannot be saved."""
        new = layer_of(run, changes, playbook)
        if new["apps"]:
            self._add([new])

    def _add(self, layers: Sequence[Layer]) -> None:
        with self._locked():
            pending = self._read(self._unverified)
            for layer in layers:
                pending = add_layer(pending, layer)
            self._write(self._unverified, pending)

    def mark_verified(self) -> None:
        """Mark the changes so far as verified; from now on only the name of a run rolls them back."""
        if not os.path.lexists(self._unverified):
            return
        with self._locked():
            layers = self._read(self._unverified)
            if not layers:
                return
            verified = self._read(self.path)
            for layer in layers:
                verified = add_layer(verified, layer)
            self._write(self.path, verified[-MOST_LAYERS:])
            self._remove(self._unverified)

    def layers(self, since: Optional[str], unverified: bool) -> list[Layer]:
        """Return those from a run on in the file, and on request all that are not verified."""
        verified, pending = self._both()
        found = [*verified, *pending]
        first = len(found) if since is None else first_index([layer["run"] for layer in found], since)
        return [
            layer for at, layer in enumerate(found) if at >= first or (unverified and at >= len(verified))
        ]

    def _both(self) -> tuple[list[Layer], list[Layer]]:
        """Return the layers that are verified and those that are not."""
        # In this order: what another run marks in between is then in both, and not in none.
        pending = self._read(self._unverified)
        verified = self._read(self.path)
        return verified, [layer for layer in pending if layer not in verified]

    def all_layers(self) -> list[Layer]:
        """Return all layers in the order of the file; two of one run as one."""
        layers: list[Layer] = []
        for part in self._both():
            for layer in part:
                layers = add_layer(layers, layer)
        return layers

    def runs(self) -> list[str]:
        """Return the runs that can be rolled back."""
        return [layer["run"] for layer in self.all_layers()]

    def first_run(self, run: Optional[str], since: Optional[str]) -> Optional[str]:
        """Return the name of the first run to roll back; raise AmsError if there is no such run.

        run: the exact name of a run in the file. since: a time, which need not be that of a run.
        """
        if run is not None and run not in self.runs():
            raise AmsError(
                f"Restoring {self.url} from {self.path}",
                f"there is no run '{run}', only {', '.join(self.runs()) or 'none'}",
                "Give the name of a run in full. Nothing was changed",
            )
        if since is not None and not is_time(since):
            raise AmsError(
                f"Restoring {self.url} from {self.path}",
                f"since is '{since}', not a time like 20261124T120000Z",
                "Give the name of a run as run. Nothing was changed",
            )
        return since if run is None else run

    def forget(self, layers: Sequence[Layer], kept: Mapping[str, Iterable[str]]) -> None:
        """Remove what is restored. kept: by application, the settings that are not."""
        restored = {layer["run"] for layer in layers}
        if not restored:
            return
        with self._locked():
            for path in (self.path, self._unverified):
                before = self._read(path)
                left = [keep_settings(layer, kept) if layer["run"] in restored else layer for layer in before]
                after = [layer for layer in left if layer["apps"]]
                if before and not after:
                    self._remove(path)
                elif after != before:
                    self._write(path, after)

    def import_from(self, content: str) -> None:
        """Add what a module on a target has saved in its own file."""
        self._add(self._parsed(content, "the target"))

    def contains(self, run: str, change: Mapping[str, Change]) -> bool:
        """True if the values that a change is about to replace are saved under the name of a run."""
        wanted = layer_of(run, change)["apps"]
        apps: dict[str, Any] = next(
            (layer["apps"] for layer in self._read(self._unverified) if layer["run"] == run), {}
        )
        return all(
            apps.get(app, {}).get(name) == values
            for app, settings in wanted.items()
            for name, values in settings.items()
        )

    def content(self, layers: Sequence[Layer]) -> str:
        """Return the content of a file with these layers."""
        return json.dumps({"format": FORMAT, "url": self.url, "layers": list(layers)})

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with private_file.locked(self._lock, is_mine=not self._carried):
                private_file.remove(self._new)
                yield
        except FileError as error:
            raise self._error("Writing", self.path, error) from None

    def _read(self, path: str) -> list[Layer]:
        try:
            content = private_file.read(path, is_mine=not self._carried)
        except FileError as error:
            raise self._error("Reading", path, error) from None
        return [] if content is None else self._parsed(content.decode(errors="replace"), path)

    def _parsed(self, content: str, path: str) -> list[Layer]:
        tried = f"Reading the backup of {self.url} in {path}"
        try:
            parsed: dict[str, Any] = json.loads(content)
            made_with = parsed["format"]
            newer = isinstance(made_with, int) and made_with > FORMAT
            layers = [] if newer else [_checked(layer) for layer in parsed["layers"]]
            known, url = made_with == FORMAT, parsed["url"]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            # Without the content, which holds secrets.
            newer, known, layers, url = False, False, [], self.url
        if newer:
            raise AmsError(
                tried,
                f"it was made by a newer version of this collection (format {made_with}, here {FORMAT})",
                "Run with that version of the collection",
            )
        if not known:
            raise AmsError(tried, "it is not a file of this collection, or it is damaged", "Move it away")
        if url != self.url:
            raise AmsError(tried, f"it is of another server, {url}", "Give the file of this server")
        return layers

    def _write(self, path: str, layers: Sequence[Layer]) -> None:
        try:
            private_file.write(path, self.content(layers).encode(), self._new, self._carried)
        except FileError as error:
            raise self._error("Writing", path, error) from None

    def _remove(self, path: str) -> None:
        try:
            private_file.remove(path)
        except FileError as error:
            raise self._error("Removing", path, error) from None

    def _error(self, verb: str, path: str, error: FileError) -> AmsError:
        return AmsError(f"{verb} the backup of {self.url} in {path}", error.came_back, error.remedy)


def unverified_path(path: str) -> str:
    """Return the path of the changes that are not verified yet."""
    return (path[: -len(".json")] if path.endswith(".json") else path) + SUFFIX


def latest_playbook(path: str) -> str:
    """Return the playbook of the latest change in a file, whichever server's it is; "" if it is not known.

    A file that cannot be read is reported when its server is restored.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return str(_checked(json.load(file)["layers"][-1]).get("playbook", ""))
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return ""


def playbook_to_finish(playbook: str) -> str:
    """Return the one playbook that finishes what a run began; empty where there are several ways."""
    named = [each for each in playbook.split(", ") if each in _FINISHED_BY_ITSELF]
    return f"{named[-1]}.yml" if named else ""


def run_names(folder: str) -> set[str]:
    """Return the names of all runs in the usable backups of a folder."""
    found: set[str] = set()
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".json") and not entry.name.startswith("."):
                # One that cannot be used is an error when it is needed.
                with suppress(FileError):
                    names = _NAME_OF_RUN.findall(private_file.read(entry.path) or b"")
                    found |= {name.decode() for name in names}
    return found


def _checked(layer: Any) -> Layer:
    """Return the layer alone; raise KeyError, TypeError or AttributeError if it is none."""
    if not isinstance(layer["run"], str):
        raise TypeError("the name of a run is text")
    apps = {
        app: {
            name: {moment: values[moment] for moment in ("before", "after")}
            for name, values in settings.items()
        }
        for app, settings in layer["apps"].items()
    }
    playbook = layer.get("playbook", "")
    if not isinstance(playbook, str):
        raise TypeError("the name of a playbook is text")
    return {"run": layer["run"], **({"playbook": playbook} if playbook else {}), "apps": apps}
