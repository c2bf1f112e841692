# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The options that every server module shares, and the run of such a module on a target."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import env_fallback
from ansible.module_utils.parsing.convert_bool import boolean

from .._common.addresses import is_open_http
from .._common.errors import AmsError, CollectionError
from .._common.plain_text import one_line, printable_result
from .client import LOGIN_GATE, Connection

Run = Callable[[Mapping[str, Any], bool], "dict[str, Any]"]

# In the result of a module that was shipped, for its action alone.
LOGIN, ACCEPTED, REFUSED = "login", "accepted", "refused"
ERROR = "error_parts"


def given_in_environment(*names: str) -> Any:
    """Return the first variable that is set and not empty: AWX sets every injected name."""
    return env_fallback(*[name for name in names if os.environ.get(name)])


def certificates_checked(*names: str) -> bool:
    """False if the environment asks for insecure connections; an absent or empty name means safe."""
    return not boolean(given_in_environment(*names))


CONNECTION_SPEC: dict[str, dict[str, Any]] = {
    "url": {"type": "str", "required": True, "fallback": (given_in_environment, ["AMS_URL"])},
    "email": {"type": "str", "fallback": (given_in_environment, ["AMS_EMAIL"])},
    "password": {"type": "str", "no_log": True, "fallback": (given_in_environment, ["AMS_PASSWORD"])},
    "jwt_token": {"type": "str", "no_log": True, "fallback": (given_in_environment, ["AMS_JWT"])},
    "validate_certs": {
        "type": "bool",
        "default": True,
        "fallback": (certificates_checked, ["AMS_INSECURE"]),
    },
    "ca_path": {"type": "path", "fallback": (given_in_environment, ["AMS_CA_PATH"])},
    "timeout": {"type": "float", "default": 30, "fallback": (given_in_environment, ["AMS_TIMEOUT"])},
    "cluster": {"type": "str"},
}
CONNECTION_CONSTRAINTS: dict[str, Any] = {
    "required_one_of": [("password", "jwt_token")],
    "required_by": {"password": ["email"]},
}


def connection_of(params: Mapping[str, Any]) -> Connection:
    """Return the connection of a module's parameters; raise AmsError for a value that cannot work."""
    # A token that was read from a file or a vault often ends with a line break.
    token = (params["jwt_token"] or "").strip()
    if not (token.isascii() and token.isprintable()):
        raise AmsError("Reading the option jwt_token", "it has characters that no token has")
    connection = Connection(
        url=params["url"],
        email=params["email"],
        password=params["password"],
        jwt_token=token or None,
        validate_certs=params["validate_certs"],
        ca_path=params["ca_path"],
        timeout=params["timeout"],
    )
    if connection.timeout <= 0:
        raise AmsError("Reading the option timeout", f"{connection.timeout:g} is not more than 0 seconds")
    if connection.validate_certs and connection.ca_path and not os.path.exists(connection.ca_path):
        raise AmsError(
            f"Reading the certificates at ca_path for {connection.url}",
            f"there is no file or folder {connection.ca_path}",
        )
    return connection


def not_tried(user: str, url: str, refused_by: str) -> AmsError:
    """Return why a login was not tried. refused_by: the host that has refused it."""
    return AmsError(
        f"Logging in as {user} at {url}",
        f"not tried, because {refused_by} refused the login, and this server shares its user and password or "
        "its cluster",
        "The third wrong password in a row blocks an account, in a cluster for all of its nodes. Correct the "
        f"password and run again; if only {refused_by} has another one, set it on that host",
        login_refused=True,
        not_tried=True,
    )


# Without the address: Ansible displays the same words once for all hosts.
_BY_HTTP = (
    "The password or token is sent by plain http, and anybody in between can read it. Use the "
    "https address (port 5443), or run the task on the server itself with http://localhost:5080"
)
_NOT_CHECKED = (
    "ca_path has no effect with validate_certs=false (or AMS_INSECURE): no certificate is checked, and "
    "anybody in between can pose as the server. Remove validate_certs"
)
CONNECTION_WARNINGS = (_BY_HTTP, _NOT_CHECKED)


def connection_warnings(params: Mapping[str, Any]) -> list[str]:
    """Return warnings about a connection that works but is not safe."""
    found = [_BY_HTTP] if is_open_http(str(params["url"] or "")) else []
    return [*found, _NOT_CHECKED] if params["ca_path"] and not params["validate_certs"] else found


def with_connection_warnings(result: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return a module's result with the warnings about its connection."""
    warnings = [*connection_warnings(params), *result.get("warnings", ())]
    return {**result, **({"warnings": warnings} if warnings else {})}


class ServerModule(AnsibleModule):
    """A server module on a target.

    Settings hold secrets under names of AMS, which Ansible cannot know: the invocation is neither
    logged nor returned, and results are redacted by name.
    """

    def _log_invocation(self) -> None:
        return

    def fail_json(self, msg: str, **result: Any) -> None:
        super().fail_json(msg, **{**result, "invocation": {}})


def run_as_module(run: Run, argument_spec: Mapping[str, Any], **constraints: Any) -> None:
    """Run a server module where Ansible has shipped it to."""
    module = ServerModule(argument_spec=dict(argument_spec), supports_check_mode=True, **constraints)
    # Ansible would mask them wherever they occur, and a short password occurs in many a word.
    module.no_log_values.clear()
    login: dict[str, str] = {}
    LOGIN_GATE.set(partial(_recording_login, login))
    try:
        result = printable_result({**run(module.params, module.check_mode), **login})
        result = with_connection_warnings(result, module.params)
    except CollectionError as error:
        secrets = connection_secrets(module.params)
        details = {**error.result(secrets), **login, ERROR: error_parts(error, secrets)}
        module.fail_json(**details)
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    if not module._diff:  # noqa: SLF001 - it has no public name
        result.pop("diff", None)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(invocation={}, **result)


@contextmanager
def _recording_login(login: dict[str, str], _email: str, _password: str) -> Iterator[None]:
    """Record for the action how a login ended; nothing if no password was checked."""
    try:
        yield
    except AmsError as error:
        if error.login_refused:
            login[LOGIN] = REFUSED
        raise
    login[LOGIN] = ACCEPTED


def error_parts(error: CollectionError, secrets: Iterable[Any]) -> dict[str, Any]:
    """Return what an error says, part by part, and whether the server was not reached."""
    known = error.masked(secrets)
    return {
        "tried": one_line(known.tried),
        "actual": one_line(known.came_back),
        "remedy": one_line(known.remedy),
        "unreachable": isinstance(known, AmsError) and (known.unreachable or known.starting),
    }


def connection_secrets(params: Mapping[str, Any]) -> tuple[Any, ...]:
    return (params.get("password"), params.get("jwt_token"))
