# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The file of former values of one server: NAME.json, and NAME.unproved.json while a change is not proved.

Both hold secrets in clear text, as the server itself does, and are for their owner alone (mode 0600).
A file is replaced in one step, so that a run that is killed leaves the old one or the new one.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Optional

from .errors import AmsError
from .former import Layer, chosen, is_time, layer_of, with_layer, without
from .settings import Change

FORMAT = 1
SUFFIX = ".unproved.json"
# So many changes of a server can be taken back, one after the other.
MOST_LAYERS = 100


class FormerFile:
    """Former values of one server. path: ends in .json."""

    def __init__(self, path: str, url: str) -> None:
        self.path = os.path.expanduser(path)
        self.url = url.rstrip("/")
        self._unproved = unproved_path(self.path)

    @property
    def is_unproved(self) -> bool:
        """Whether there is a change, of this run or one that was broken off, that was not proved."""
        return os.path.exists(self._unproved)

    def keep(self, run: str, changes: Mapping[str, Change], playbook: str = "") -> None:
        """Before a write; AmsError when it cannot be kept, so that nothing is written."""
        new = layer_of(run, changes, playbook)
        if new["apps"]:
            self._write(self._unproved, with_layer(self._read(self._unproved), new))

    def prove(self) -> None:
        """The changes so far are good; their former values stay, to go back by the name of a run."""
        layers = self._read(self._unproved)
        if not layers:
            return
        proved = self._read(self.path)
        for layer in layers:
            proved = with_layer(proved, layer)
        self._write(self.path, proved[-MOST_LAYERS:])
        self._remove(self._unproved)

    def layers(self, since: Optional[str], unproved: bool) -> list[Layer]:
        """Those of a run and after it, and on request all that are not proved."""
        pending = self._read(self._unproved)
        recent = [] if since is None else chosen([*self._read(self.path), *pending], since)
        runs = {layer["run"] for layer in recent}
        more = [layer for layer in pending if unproved and layer["run"] not in runs]
        return chosen([*more, *recent], None)

    def all_layers(self) -> list[Layer]:
        """All layers, by the names of their runs; two of one run as one."""
        layers: list[Layer] = []
        for layer in [*self._read(self.path), *self._read(self._unproved)]:
            layers = with_layer(layers, layer)
        return chosen(layers, None)

    def runs(self) -> list[str]:
        """The runs that can be rolled back."""
        return [layer["run"] for layer in self.all_layers()]

    def first_run(self, run: Optional[str], since: Optional[str]) -> Optional[str]:
        """The name from which on runs are rolled back; AmsError where there is no such run.

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
        """Take out what the server has back. kept: by application, the settings that it does not."""
        restored = {layer["run"] for layer in layers}
        for path in (self.path, self._unproved):
            before = self._read(path)
            left = [without(layer, kept) if layer["run"] in restored else layer for layer in before]
            after = [layer for layer in left if layer["apps"]]
            if before and not after:
                self._remove(path)
            elif after != before:
                self._write(path, after)

    def take_over(self, content: str) -> None:
        """What a module on a target has kept in a file of its own."""
        for layer in self._parsed(content, "the target"):
            self._write(self._unproved, with_layer(self._read(self._unproved), layer))

    def content(self, layers: Sequence[Layer]) -> str:
        return json.dumps({"format": FORMAT, "url": self.url, "layers": list(layers)})

    def _read(self, path: str) -> list[Layer]:
        try:
            with open(path, encoding="utf-8") as file:
                content = file.read()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise self._error("Reading", path, error) from error
        return self._parsed(content, path)

    def _parsed(self, content: str, path: str) -> list[Layer]:
        tried = f"Reading the former values of {self.url} in {path}"
        try:
            parsed: dict[str, Any] = json.loads(content)
            layers, url = [_checked(layer) for layer in parsed["layers"]], parsed["url"]
            known = parsed["format"] == FORMAT
        except (ValueError, KeyError, TypeError, AttributeError):
            # Without the content, which holds secrets.
            known, layers, url = False, [], self.url
        if not known:
            raise AmsError(tried, "it is not a file of this collection, or it is damaged", "Move it away")
        if url != self.url:
            raise AmsError(tried, f"it is of another server, {url}", "Give the file of this server")
        return layers

    def _write(self, path: str, layers: Sequence[Layer]) -> None:
        folder = os.path.dirname(path) or "."
        name = ""
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            # Readable by its owner alone from the beginning.
            handle, name = tempfile.mkstemp(prefix=".former-", dir=folder)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                if os.geteuid() == 0:
                    # With become the owner of the folder is the one who has to read it.
                    owner = os.stat(folder)
                    os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
                file.write(self.content(layers))
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except OSError as error:
            with suppress(OSError):
                os.unlink(name)
            raise self._error("Keeping", path, error) from error

    def _remove(self, path: str) -> None:
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise self._error("Removing", path, error) from error

    def _error(self, verb: str, path: str, error: Exception) -> AmsError:
        words = error.strerror if isinstance(error, OSError) else str(error)
        return AmsError(
            f"{verb} the former values of {self.url} in {path}",
            str(words),
            "The folder must be writable by the user who runs Ansible",
        )


def unproved_path(path: str) -> str:
    """Where the values are until a change is proved."""
    return (path[: -len(".json")] if path.endswith(".json") else path) + SUFFIX


def playbook_of(path: str) -> str:
    """Return what made the latest change in a file, whichever server's it is; empty where that is not told.

    A file that cannot be read is told of when its server's turn comes.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return str(_checked(json.load(file)["layers"][-1]).get("playbook", ""))
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return ""


def _checked(layer: Any) -> Layer:
    """The layer, and nothing beside it; KeyError, TypeError or AttributeError where it is none."""
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
