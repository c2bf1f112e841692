# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import recordings between "record to S3" and "forward viewers", so that each can be played at any moment.

Plain data in, plain data out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...module_utils._ams.recording_rules import Forwarding

_FORWARDING = ("httpForwardingExtension", "httpForwardingBaseURL")
# What says that a login may have failed, or that nothing was written. After a first write it is not so.
_BEFORE_ANY_WRITE = ("login_refused", "login_unsure", "unsent")
Arguments = Mapping[str, Any]


def apps_to_import(arguments: Arguments, read: Mapping[str, Any]) -> list[str]:
    """Return the applications for which forwarding is turned on. read: by the plan, of the server."""
    apps = read.get("apps") or {}
    now = {name: Forwarding.of(each.get("uses", {}), {}).is_effective for name, each in apps.items()}
    return [
        app["name"]
        for app in arguments["apps"]
        if Forwarding.of(app["settings"], {}).is_effective and not now.get(app["name"])
    ]


def without_forwarding(arguments: Arguments, names: Sequence[str]) -> dict[str, Any]:
    """Return the arguments that leave the forwarding of these applications as it is."""
    apps = [_without_forwarding(app) if app["name"] in names else app for app in arguments["apps"]]
    return {**arguments, "apps": apps}


def _without_forwarding(app: Mapping[str, Any]) -> dict[str, Any]:
    settings = {name: value for name, value in app["settings"].items() if name not in _FORWARDING}
    return {**app, "settings": settings}


def import_of(arguments: Arguments, names: Sequence[str]) -> dict[str, Any]:
    """Return the arguments of the import of these applications alone.

    Recordings of the last hour are among them, since they are forwarded too. If AMS uploads one meanwhile, it
    is the same object. No file is deleted before viewers get the recording from the bucket.
    """
    apps = [_without_forwarding(app) for app in arguments["apps"] if app["name"] in names]
    return {**arguments, "apps": apps, "min_age": 0, "delete_local": False}


def import_first(
    run: Callable[[str, Arguments], Mapping[str, Any]],
    arguments: Arguments,
    imported: Arguments,
    names: Sequence[str],
) -> dict[str, Any]:
    """Apply all but the forwarding, import, and only then forward viewers; return the result of all of it.

    run: runs a step with these arguments. imported: the arguments of the import. A step that fails is the
    last one.
    """
    # It was waited for an idle moment before the first change.
    last = {**arguments, **({"idle_timeout": 0} if "idle_timeout" in arguments else {})}
    steps = (("apply", without_forwarding(arguments, names)), ("import", imported), ("apply", last))
    results: list[Mapping[str, Any]] = []
    for step, given in steps:
        result = run(step, given)
        results.append(result if step != "import" else _complete(result))
        if results[-1].get("failed"):
            break
    return _together(results)


def _complete(imported: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the result of an import, which fails here if viewers would get another recording, or none."""
    is_odd = any(app["differing_count"] or app["links"] for app in imported.get("apps") or ())
    return {**imported, **({"failed": True} if is_odd else {})}


def _together(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the result of the last step, with what the steps before have changed."""
    *before, last = results
    found = {**last, "changed": any(each.get("changed") for each in results)}
    if any(each.get("changed") for each in before):
        found = {name: value for name, value in found.items() if name not in _BEFORE_ANY_WRITE}
    for name in ("notes", "warnings", "diff"):
        texts = [text for each in results for text in _listed(each.get(name))]
        found |= {name: texts} if texts else {}
    if len(results) == 2:
        # What was copied stays in the bucket.
        found.pop("apps", None)
        found["msg"] = "\n".join(
            ["No viewer is forwarded, since recordings could not be imported.", *_texts_of(last)]
        )
    if not last.get("failed"):
        found["apps"] = _changes(before[0], last)
        found["imported"] = before[1]["apps"]
    return found


def _texts_of(imported: Mapping[str, Any]) -> list[str]:
    return [str(imported.get("msg", "")), *map(str, imported.get("warnings") or ())]


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value] if value else []


def _changes(first: Mapping[str, Any], last: Mapping[str, Any]) -> dict[str, Any]:
    return {
        app: {
            "changed": each["changed"] or first["apps"][app]["changed"],
            "changes": {**first["apps"][app]["changes"], **each["changes"]},
        }
        for app, each in last["apps"].items()
    }
