# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The console's REST API, without the network."""

from __future__ import annotations

import re
import time
from typing import Any

from . import pages
from .access import User, refusal, token_is_good
from .app_rest import app_rest
from .call import Call
from .host import first_admin
from .jackson import Binder, parse
from .pages import Answer, as_json, error_page, failure_page, result
from .routes import route, routed
from .settings import ServerError, bound

WITHOUT_LOGIN = frozenset(
    f"/rest/v2/{name}"
    for name in (
        *("authentication-status", "users/initial", "first-login-status"),
        *("users/authenticate", "liveness"),
    )
)
BLOCKED = "Too many login attempts. User is blocked for 300 secs"
USER_CLASS = "io.antmedia.datastore.db.types.User"
USER_KINDS = {
    **dict.fromkeys(("email", "password", "newPassword", "scope", "userType"), "String"),
    **dict.fromkeys(("firstName", "lastName", "fullName", "picture"), "String"),
    "appNameUserType": "map",
}
NO_CLUSTER = (
    "org.springframework.beans.factory.NoSuchBeanDefinitionException:"
    " No bean named 'tomcat.cluster' available"
)
NULL_POINTER = "java.lang.NullPointerException: Cannot invoke"
NO_APP = (
    f'{NULL_POINTER} "org.springframework.context.ApplicationContext.getBean(String)" because'
    ' the return value of "io.antmedia.console.AdminApplication.getApplicationContext(String)" is null'
)
NOT_AN_APP = (
    "java.lang.ClassCastException: class io.antmedia.console.AdminApplication"
    " cannot be cast to class io.antmedia.AntMediaApplicationAdapter"
)
NO_PASSWORD = f'{NULL_POINTER} "String.getBytes(java.nio.charset.Charset)" because "pass" is null'


def answer(call: Call) -> Answer:
    """Answer a path below /rest."""
    if call.host.is_starting:
        return error_page(403, "Not allowed IP")
    if call.is_preflight:
        return pages.preflight()
    if "%2f" in call.path.lower():
        return pages.bare_failure()
    return _filtered(call) or _routed(call)


def _filtered(call: Call) -> Answer | None:
    token = call.headers.get("proxyauthorization", "").strip()
    if call.host.jwt_secret and token:
        good = token_is_good(call.host.jwt_secret, token)
        return None if good else error_page(403, "Invalid Server JWT Token")
    if call.path in WITHOUT_LOGIN or (
        call.path.startswith("/rest/v2/users/") and call.path.endswith("/blocked")
    ):
        return None
    call.open_session()
    logged_in, user = call.host.user_of(call.session)
    if user is None:
        return error_page(403, "No user in this session" if logged_in else pages.NOT_AUTHENTICATED)
    refused = refusal(user, call.method, call.path, call.dispatched)
    if refused is None:
        return None
    if refused.status == 500:
        return failure_page(f"java.lang.NullPointerException: {refused.message}", refused.message)
    return error_page(refused.status, refused.message)


# --- routes


def _routed(call: Call) -> Answer:
    if re.fullmatch(r"/rest/v2/request/?", call.path):
        return _proxied(call)
    path = call.path.removeprefix("/rest/v2/").rstrip("/")
    return routed(ROUTES, path, call, call)


# --- logging in


def _user_body(call: Call) -> dict[str, Any] | None:
    parsed, text = parse(call.body)
    if parsed is None:
        return None
    binder = Binder(USER_CLASS, text)
    bound = {}
    for name, value in binder.object(parsed).items():
        if name not in USER_KINDS:
            binder.field = name
            known = ", ".join(f'"{kind}"' for kind in USER_KINDS)
            told = f"not marked as ignorable ({len(USER_KINDS)} known properties: {known}])"
            binder.fail(f'Unrecognized field "{name}" (class {USER_CLASS}), {told}')
        bound[name] = binder.bind(name, USER_KINDS[name], value)
    return bound


def _first_login(call: Call, _name: str) -> Answer:
    return result(not call.host.store.users.known)


def _initial(call: Call, _name: str) -> Answer:
    given = _user_body(call)
    if given is None or given.get("password") is None:
        raise ServerError(NO_PASSWORD)
    users = call.host.store.users
    return result(not users.known and users.add(first_admin(given)), error_id=-1)


def _authenticate(call: Call, _name: str) -> Answer:
    given = _user_body(call) or {}
    email, password = given.get("email"), given.get("password")
    if email is None:
        return result(False)
    users = call.host.store.users
    if not users.may_try(email):
        return result(False, BLOCKED)
    if password is None:
        raise ServerError(NO_PASSWORD)
    user = users.check(email, password)
    if user is None:
        return result(False)
    call.host.sessions[call.open_session()] = email
    return result(True, user.rights())


def _authenticated(call: Call, _name: str) -> Answer:
    call.open_session()
    return result(call.host.user_of(call.session)[0])


def _logout(call: Call, _name: str) -> Answer:
    del call.host.sessions[call.open_session()]
    return result(True)


def _blocked(call: Call, email: str) -> Answer:
    return result(call.host.store.users.is_blocked(email))


def _admin_status(call: Call, _name: str) -> Answer:
    logged_in, user = call.host.user_of(call.open_session())
    if logged_in and (user is None or user.user_type is None):
        raise ServerError("java.lang.NullPointerException")
    admin = user is not None and user.user_type == "ADMIN"
    return result(admin, "User is admin" if admin else "User is not admin")


def _add_user(call: Call, _name: str) -> Answer:
    given = _user_body(call)
    if given is None:
        return result(False, "User object is null")
    complete = given.get("email") is not None and given.get("password") is not None
    if complete and call.host.store.users.add(User.from_json(given)):
        return result(True)
    return result(False, "User with the same e-mail already exists")


def _user_list(call: Call, _name: str) -> Answer:
    return as_json([user.to_json() for user in call.host.store.users.known.values()])


# --- the server


def _version(call: Call, _name: str) -> Answer:
    return as_json(call.host.version)


def _applications(call: Call, _name: str) -> Answer:
    return as_json({"applications": call.host.app_names()})


def _liveness(_call: Call, _name: str) -> Answer:
    return as_json({"host": "localhost", "status": "ok"})


def _enterprise(call: Call, _name: str) -> Answer:
    return result(call.host.edition.startswith("Enterprise"))


def _cluster_mode(call: Call, _name: str) -> Answer:
    return result(call.host.cluster is not None)


def _nodes(call: Call, name: str) -> Answer:
    if call.host.cluster is None:
        raise ServerError(NO_CLUSTER)
    offset, size = (int(part) for part in name.split("/"))
    now = {"lastUpdateTime": int(time.time() * 1000), "memory": "30", "cpu": "5", "dbQueryAveargeTimeMs": 1}
    nodes = [{"id": address, "ip": address, **now, "status": "alive"} for address in call.host.cluster]
    return as_json(nodes[offset : offset + size])


def _node_count(call: Call, _name: str) -> Answer:
    if call.host.cluster is None:
        raise ServerError(NO_CLUSTER)
    return as_json({"number": len(call.host.cluster)})


# --- applications


def _get_settings(call: Call, name: str) -> Answer:
    if name == "root":
        raise ServerError(NOT_AN_APP)
    app = call.host.app(name)
    return pages.empty() if app is None else Answer(200, app.settings.body())


def _post_settings(call: Call, name: str) -> Answer:
    app = call.host.app(name)
    if app is None:
        # The body is read before the application is looked for.
        bound(call.host.release, call.body)
        raise ServerError(NOT_AN_APP if name == "root" else NO_APP)
    return result(app.settings.post(call.body))


def _create_app(call: Call, name: str) -> Answer:
    """Make an application. A POST of settings without a name ends here, and makes one called "settings"."""
    if not re.fullmatch("[a-zA-Z0-9_-]*", name):
        return result(False, "Application name is not alphanumeric. Please provide alphanumeric characters")
    if name in call.host.store.apps:
        return result(False, "Application with the same name already exists")
    call.host.store.create_app(name)
    return result(True)


def _delete_app(call: Call, name: str) -> Answer:
    return result(call.host.store.apps.pop(name, None) is not None)


def _proxied(call: Call) -> Answer:
    """Answer /request?_path=APP/rest/v2/…: the console calls the application's own API from 127.0.0.1."""
    if call.dispatched is None:
        return failure_page("Missing HTTP parameter _path to fill the template")
    return app_rest(call, "/" + call.dispatched.lstrip("/"))


# The order is that of how often they are asked.
ROUTES = (
    route("applications/settings/([^/]+)", ("POST",), GET=_get_settings, POST=_post_settings),
    route("users/authenticate", ("POST",), POST=_authenticate),
    route("users/logout", ("DELETE",), DELETE=_logout),
    route("version", GET=_version),
    route("applications", GET=_applications),
    route("first-login-status", ("GET",), GET=_first_login),
    route("users/initial", ("POST",), POST=_initial),
    route("users/([^/]+)/blocked", ("GET",), GET=_blocked),
    route("authentication-status", GET=_authenticated),
    route("admin-status", ("GET",), GET=_admin_status),
    route("enterprise-edition", GET=_enterprise),
    route("liveness", GET=_liveness),
    route("cluster-mode-status", GET=_cluster_mode),
    route(r"cluster/nodes/(\d+/\d+)", GET=_nodes),
    route("cluster/node-count", GET=_node_count),
    route("users", ("POST",), POST=_add_user),
    route("user-list", GET=_user_list),
    route("applications/([^/]+)", ("POST",), POST=_create_app, DELETE=_delete_app),
)
