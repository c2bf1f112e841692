# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Access: users, the block after wrong passwords, tokens, and the console's filter."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .pages import FORBIDDEN

SETTINGS = "/rest/v2/applications/settings/"
BLOCK_SECONDS = 300
ALLOWED_ATTEMPTS = 2
READABLE_BY_ALL = ("/rest/v2/version", "/rest/v2/enterprise-edition", "/rest/v2/admin-status")
USER_MAY_CHANGE = ("/rest/v2/broadcasts", "/rest/v2/vods")
NO_MAP = (
    'Cannot invoke "java.util.Map.isEmpty()" because the return value of'
    ' "io.antmedia.datastore.db.types.User.getAppNameUserType()" is null'
)
NO_SCOPE = 'Cannot invoke "String.length()" because "prefix" is null'


@dataclass
class User:
    """scope and type are the old way to say it, the map of applications the new one."""

    email: str
    password: str
    user_type: str | None = None
    scope: str | None = None
    apps: dict[str, str] | None = None
    names: dict[str, str | None] = field(default_factory=dict)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> User:
        names = {name: given.get(name) for name in ("firstName", "lastName", "fullName", "picture")}
        user_type, scope, apps = (given.get(name) for name in ("userType", "scope", "appNameUserType"))
        return cls(given["email"], given["password"], user_type, scope, apps, names)

    def to_json(self) -> dict[str, Any]:
        rights = {"userType": self.user_type, "scope": self.scope, "appNameUserType": self.apps}
        return {"email": self.email, **rights, **self.names}

    def rights(self) -> str:
        """Return the rights as the answer to a login has them."""
        if self.scope is not None and self.user_type is not None:
            return f"{self.scope}/{self.user_type}"
        return "" if self.apps is None else json.dumps(self.apps, separators=(",", ":"))


class Users:
    """The users of a server, or of a cluster."""

    def __init__(self) -> None:
        self.known: dict[str, User] = {}
        self._wrong: dict[str, int] = {}
        self._blocked_at: dict[str, float] = {}

    def add(self, user: User) -> bool:
        if user.email in self.known:
            return False
        self.known[user.email] = user
        return True

    def is_blocked(self, email: str) -> bool:
        """True if the user is blocked, which ends with the first login after the time."""
        return email in self._blocked_at

    def may_try(self, email: str) -> bool:
        if not self.is_blocked(email):
            return True
        if time.time() - self._blocked_at[email] <= BLOCK_SECONDS:
            return False
        self.forgive(email)
        return True

    def forgive(self, email: str) -> None:
        self._blocked_at.pop(email, None)
        self._wrong.pop(email, None)

    def forgive_all(self) -> None:
        """Lift all blocks, as a restart does."""
        self._blocked_at.clear()
        self._wrong.clear()

    def check(self, email: str, password: str) -> User | None:
        user = self.known.get(email)
        if user is not None and user.password == password:
            self._wrong.pop(email, None)
            return user
        self._wrong[email] = self._wrong.get(email, 0) + 1
        if self._wrong[email] > ALLOWED_ATTEMPTS:
            self._blocked_at[email] = time.time()
        return None


class Refusal(NamedTuple):
    status: int
    message: str


NOT_ALLOWED = Refusal(403, FORBIDDEN)


def refusal(user: User, method: str, path: str, dispatched: str | None) -> Refusal | None:
    """Return why the filter refuses a request. dispatched: the path in ?_path=."""
    in_scope = _in_scope(user, path, dispatched)
    if method == "GET":
        return None if in_scope or path in READABLE_BY_ALL or _own_settings(user, path) else NOT_ALLOWED
    if path == "/rest/v2/users/password":
        return None
    return _against_change(user, path, dispatched) if in_scope else _against_foreign(user, path, dispatched)


def _in_scope(user: User, path: str, dispatched: str | None) -> bool:
    if user.scope is not None:
        return user.scope == "system" or _below(dispatched, user.scope)
    if not user.apps or "system" in user.apps:
        return True
    return any(_below(dispatched, app) for app in user.apps) or _own_settings(user, path)


def _below(dispatched: str | None, app: str) -> bool:
    # By the first letters alone: "live" has a say in "live2".
    return dispatched is not None and (dispatched.startswith(app) or dispatched[1:].startswith(app))


def _own_settings(user: User, path: str) -> bool:
    names = [user.scope] if user.scope is not None else list(user.apps or {})
    return any(path == f"{SETTINGS}{name}" for name in names)


def _named_app(user: User, path: str, dispatched: str | None) -> str:
    if user.apps and "system" in user.apps:
        return "system"
    parts = [part for part in (dispatched or "").split("/") if part]
    return parts[0] if parts else path.rstrip("/").split("/")[-1]


def _against_change(user: User, path: str, dispatched: str | None) -> Refusal | None:
    if user.user_type == "ADMIN":
        return None
    if user.apps is None:
        return Refusal(500, NO_MAP)
    role = user.apps.get(_named_app(user, path, dispatched))
    if role == "ADMIN" or (not user.apps and user.user_type is None):
        return None
    content = any(part in (dispatched or "") for part in USER_MAY_CHANGE)
    return None if content and "USER" in (role, user.user_type) else NOT_ALLOWED


def _against_foreign(user: User, path: str, dispatched: str | None) -> Refusal | None:
    if user.apps is not None and user.apps.get(_named_app(user, path, dispatched)) == "ADMIN":
        return None
    if user.user_type != "ADMIN":
        return NOT_ALLOWED
    if user.scope is None:
        return Refusal(500, NO_SCOPE)
    return None if path.startswith(f"{SETTINGS}{user.scope}") else NOT_ALLOWED


# --- tokens of the console


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _signature(secret: str, signed: str) -> bytes:
    return hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()


def make_token(secret: str, claims: Mapping[str, Any] | None = None) -> str:
    """Return an HS256 token for the header ProxyAuthorization of the console."""
    head, payload = ({"alg": "HS256", "typ": "JWT"}, dict(claims or {}))
    signed = ".".join(_encoded(json.dumps(part).encode()) for part in (head, payload))
    return f"{signed}.{_encoded(_signature(secret, signed))}"


def token_is_good(secret: str, token: str) -> bool:
    try:
        head, payload, signature = token.split(".")
        claims = json.loads(_decoded(payload))
        right = json.loads(_decoded(head)).get("alg") == "HS256" and isinstance(claims, dict)
        signed = hmac.compare_digest(_decoded(signature), _signature(secret, f"{head}.{payload}"))
    except (ValueError, AttributeError, binascii.Error):
        return False
    return right and signed and _in_time(claims)


def _in_time(claims: Mapping[str, Any]) -> bool:
    now = time.time()
    times = {name: claims[name] for name in ("exp", "nbf", "iat") if claims.get(name) is not None}
    if not all(isinstance(moment, (int, float)) for moment in times.values()):
        return False
    return times.get("exp", now + 1) > now and all(times.get(name, 0) <= now for name in ("nbf", "iat"))
