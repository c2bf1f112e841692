# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate the intent of one host: what cannot work.

Each rule is a function that yields a sentence with the variable, what is wrong, and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ...module_utils._ams.recording_rules import UPLOAD_BITS, meant
from ...module_utils._aws.policy import is_literal
from ...module_utils._common.addresses import AddressError, read, read_origin
from ...module_utils._common.limits import MOST_CONNECTIONS
from ...module_utils._common.providers import without_bucket
from .ams_settings import KEY_SETTINGS, app_settings_names
from .model import Intent
from .validation_storage import STORAGE_RULES, needs_bucket, one_of
from .verification import LIVE_TESTS, seconds_of

_ENDPOINTS = ("endpoint", "aws_endpoint_url")
_WITHOUT_PATH = (*_ENDPOINTS, "ams_url")
_EXTENSION = re.compile(r"[a-z0-9]+")
_APPLICATION = re.compile(r"[A-Za-z0-9_-]+")
_PREFIX = re.compile(r"[A-Za-z0-9!_.'()-]+(/[A-Za-z0-9!_.'()-]+)*")


def problems_of(intent: Intent) -> list[str]:
    """Return everything in an intent that cannot work."""
    # Without a bucket the host may be no server at all, so nothing else is said of it.
    rules = (*STORAGE_RULES, *_SERVER_RULES) if intent.bucket else (needs_bucket,)
    return [problem for rule in rules for problem in rule(intent)]


def _live_test(intent: Intent) -> Iterator[str]:
    if intent.live_test:
        yield from one_of("live_test", intent.live_test, LIVE_TESTS)


def _verify_every(intent: Intent) -> Iterator[str]:
    try:
        seconds_of(intent.verify_every or "0")
    except ValueError as error:
        yield f"s3_recording_verify_every: {error}"


def _imports(intent: Intent) -> Iterator[str]:
    if not 1 <= intent.import_connections <= MOST_CONNECTIONS:
        yield f"s3_recording_import_connections must be from 1 to {MOST_CONNECTIONS}"
    if intent.import_bandwidth < 0:
        yield "s3_recording_import_bandwidth must not be less than 0"


def _applications(intent: Intent) -> Iterator[str]:
    apps = intent.applications
    odd = [app for app in apps if not _APPLICATION.fullmatch(app)]
    doubled = sorted({app for app in apps if apps.count(app) > 1})
    if not apps:
        yield "s3_recording_applications is empty"
    if odd:
        yield f"s3_recording_applications: {odd} cannot be names of applications"
    if doubled:
        yield f"s3_recording_applications: {', '.join(doubled)} is listed more than once"


def _prefix(intent: Intent) -> Iterator[str]:
    text = intent.prefix
    if text and (".." in text or not is_literal(text) or not _PREFIX.fullmatch(text)):
        yield (
            f"s3_recording_prefix: '{text}' must be a path such as a/b: no slash at its ends, no "
            "part that is a dot, no .. (AMS does not forward to it) and no * (a wildcard in the key's policy)"
        )


def _upload(intent: Intent) -> Iterator[str]:
    unknown = [kind for kind in intent.upload if kind not in UPLOAD_BITS]
    if unknown:
        yield f"s3_recording_upload: {unknown} must be one of {', '.join(UPLOAD_BITS)}"


def _addresses(intent: Intent) -> Iterator[str]:
    for name in (*_WITHOUT_PATH, "base_url", "viewer_url"):
        for problem in _address_problems(name, getattr(intent, name), intent.bucket):
            yield f"s3_recording_{name}: {problem}"
    for name in ("cors_origins", "cors_extra_origins"):
        for origin in getattr(intent, name):
            for problem in _origin_problems(origin):
                yield f"s3_recording_{name}: {problem}"


def _address_problems(name: str, url: str, bucket: str) -> Iterator[str]:
    if not url:
        return
    try:
        address = read(url)
    except AddressError as error:
        yield f"{_masked(url)} {error}"
        return
    right = without_bucket(url, bucket) if name in _ENDPOINTS else ""
    if right:
        yield (
            f"'{url}' contains the bucket, which the role and AMS add themselves: set it to {right}. If that "
            "is the provider's own name, use another name of the provider or its IP address"
        )
    elif address.path.strip("/") and name in _WITHOUT_PATH:
        yield f"'{url}' has a path, which does not belong there: set it to {replace(address, path='')}"


def _origin_problems(origin: str) -> Iterator[str]:
    if origin == "*":
        return
    try:
        read_origin(origin)
    except AddressError as error:
        yield f"{_masked(origin)} {error}"


def _masked(url: str) -> str:
    """Return how a wrong address is displayed; a user, a password or a token may be in it."""
    return "the address" if re.search(r"[@?#]", url) else f"'{url}'"


def _overrides(intent: Intent) -> Iterator[str]:
    for name in sorted({*app_settings_names(), *KEY_SETTINGS} & {*(intent.settings or {})}):
        yield f"s3_recording_settings: {name} follows from other variables of the role; set those"


def _forwarding_extensions(intent: Intent) -> Iterator[str]:
    given = intent.forwarding_extensions
    if not intent.forwards or (given and all(map(_EXTENSION.fullmatch, given))):
        return
    right = meant(",".join(given))
    if right:
        yield (
            f"s3_recording_forwarding_extensions: {list(given)} must be [{', '.join(right)}], in small "
            "letters and without dots, blanks and commas (AMS compares the end of the path with them as "
            "they are)"
        )
    else:
        yield (
            "s3_recording_forwarding_extensions is empty: name one or set s3_recording_forwarding to false"
        )


_SERVER_RULES = (
    *(
        _live_test,
        _verify_every,
        _imports,
        _applications,
        _prefix,
        _upload,
        _addresses,
        _overrides,
        _forwarding_extensions,
    ),
)
