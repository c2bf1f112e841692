# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The WSGI layer in front of moto, and the server that runs it."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.serving import ThreadedWSGIServer

from . import (
    bucket_settings,
    cloudfront,
    cors,
    edge,
    moto_cloudfront,
    moto_iam,
    moto_kms,
    moto_s3,
    moto_snapshot,
    object_encryption,
    quirks,
    refusals,
)
from . import moto_state as state
from .access import Access, Settings, authenticate, authorise_other, authorise_s3
from .account import ADMIN
from .answer import Answer, Headers, s3_answer
from .call import Call, moto_environ, read_call
from .errors import Refusal, render, request_id
from .journal import Fault, Journal

CONTROL = "/_standin/"
_ALL = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)
StartResponse = Callable[..., Any]


class _Reset(Exception):
    """The connection is to break without an answer."""


class StandIn:
    """A WSGI application: authentication, authorisation and refusals here, everything else in moto."""

    def __init__(self, region: str, settings: Settings) -> None:
        self.region = region
        self.settings = settings
        self.journal = Journal()
        self.admin: tuple[str, str] | None = None
        self._empty: moto_snapshot.Snapshot | None = None
        self._saved: list[moto_snapshot.Snapshot] = []
        self._moto = DomainDispatcherApplication(create_backend_app)
        # moto's checks and writes are not atomic; AWS's conditional writes are.
        self._lock = threading.Lock()
        moto_s3.adapt_moto()
        moto_iam.adapt_moto()
        moto_kms.adapt_moto()
        moto_cloudfront.adapt_moto(lambda: settings.distribution_delay)
        self._make_account()

    def _make_account(self) -> None:
        state.reset()
        self.admin = state.create_user(ADMIN, _ALL, key=self.admin)

    def reset(self) -> None:
        with self._lock:
            if self._empty is None:
                self._make_account()
                self._empty = moto_snapshot.save()
            # Quicker by a second than to make an account.
            moto_snapshot.restore(self._empty)
        self.journal.reset()

    def _save(self) -> int:
        with self._lock:
            self._saved.append(moto_snapshot.save())
        return len(self._saved) - 1

    def _restore(self, given: dict[str, Any]) -> None:
        with self._lock:
            moto_snapshot.restore(self._saved[given["saved"]])
        self.journal.reset()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        handle = self._control if environ["PATH_INFO"].startswith(CONTROL) else self._serve
        answer = handle(environ)
        reason = HTTP_STATUS_CODES.get(answer.status, "Unknown")
        start_response(f"{answer.status} {reason}", answer.headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body]

    def _serve(self, environ: dict[str, Any]) -> Answer:
        call = read_call(environ)
        fault = self.journal.take_fault(call)
        caller: state.Caller | None = None
        answer = Answer(0, [], b"", "ConnectionReset")
        try:
            _meet(fault, "before")
            with self._lock:
                caller, body = authenticate(call, self.settings)
                answer = self._answer(Access(call, caller, self.settings), body)
            _meet(fault, "after")
        except Refusal as refusal:
            answer = self._refused(call, refusal)
        except _Reset:
            answer = Answer(0, [], b"", "ConnectionReset")
            _break_connection(environ)
        except Exception:  # noqa: BLE001 - the client gets a 500, as AWS would give
            traceback.print_exc(file=sys.stderr)
            answer = self._refused(
                call, Refusal(500, "InternalError", "The stand-in failed; see its stderr.")
            )
        finally:
            self.journal.record(call, answer.status, answer.code, caller.name if caller else None, fault)
        return _with_cors(call, answer)

    def _refused(self, call: Call, refusal: Refusal) -> Answer:
        body, content_type = render(refusal, call.protocol, call.path)
        headers = [
            ("Content-Type", content_type),
            ("x-amz-request-id", request_id()),
            *refusal.headers.items(),
        ]
        bucket = state.find_bucket(call.bucket)
        if bucket is not None and call.access_key_id:
            headers.append(("x-amz-bucket-region", bucket.region_name))
        return Answer(refusal.status, [*headers, ("Content-Length", str(len(body)))], body, refusal.code)

    def _answer(self, access: Access, body: bytes) -> Answer:
        call = access.call
        if call.protocol == "edge":
            return edge.deliver(call, self.settings.distribution_delay, self._ask_s3)
        if call.method == "OPTIONS" and call.protocol == "s3":
            return _preflight(call)
        if call.protocol != "s3":
            authorise_other(access)
            if call.service == "cloudfront":
                cloudfront.refuse(access)
            refusals.refuse_iam(access)
            known = refusals.answer_iam(access)
            if known:
                return Answer(200, [("Content-Type", "text/xml")], known)
            answer = self._pass_on(access, body)
            moto_iam.note_boundary(call, answer.status)
            return answer
        quirks.refuse(call, body, self.settings.quirks)
        authorise_s3(access)
        refusals.refuse_s3(access, body)
        object_encryption.apply(access)
        answer = bucket_settings.answer(call, body) or self._s3(access, body)
        return quirks.change(answer, self.settings.quirks)

    def _ask_s3(self, call: Call, service: edge.Service | None) -> Answer:
        try:
            answer = self._answer(Access(call, None, self.settings, service), b"")
        except Refusal as refusal:
            answer = self._refused(call, refusal)
        return _with_cors(call, answer)

    def _s3(self, access: Access, body: bytes) -> Answer:
        call = access.call
        is_new = state.find_bucket(call.bucket) is None
        prefix = access.bucket_arn()
        # moto asks of every DELETE of a key, the end of an upload among them, which is another permission.
        deletes = call.operation in ("DeleteObject", "DeleteObjects")
        token = moto_s3.may_delete.set(
            (lambda resource: access.allows("s3:DeleteObject", f"{prefix}/{resource.partition('/')[2]}"))
            if deletes
            else None
        )
        try:
            answer = self._pass_on(access, body)
        finally:
            moto_s3.may_delete.reset(token)
        answer.headers = [
            pair for pair in answer.headers if not pair[0].lower().startswith("access-control-")
        ]
        answer.headers.append(("x-amz-request-id", request_id()))
        bucket = state.find_bucket(call.bucket)
        is_plain = "plain_buckets" in self.settings.quirks
        if bucket is not None and call.operation == "CreateBucket" and is_new and not is_plain:
            state.dress_new_bucket(bucket)
        if bucket is not None and call.operation == "DeleteBucketEncryption":
            state.restore_encryption(bucket)
        return answer

    def _pass_on(self, access: Access, body: bytes) -> Answer:
        got: dict[str, Any] = {}

        def start_response(status: str, headers: Headers, _exc_info: Any = None) -> None:
            got.update(status=int(status[:3]), headers=list(headers))

        assert self.admin is not None
        key = access.caller.access_key_id if access.caller else "ANONYMOUS00000000000"
        call = access.call
        if access.caller is None:
            bucket = state.find_bucket(call.bucket)
            call.region = bucket.region_name if bucket else self.region
        parts = self._moto(moto_environ(call, body, key), start_response)
        try:
            content = b"".join(parts)
        finally:
            close = getattr(parts, "close", None)
            if close:
                close()
        return Answer(got["status"], got["headers"], content, _error_code(got["status"], content))

    def _control(self, environ: dict[str, Any]) -> Answer:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        given = json.loads(environ["wsgi.input"].read(length) or b"{}")
        name = environ["PATH_INFO"].removeprefix(CONTROL)
        action = self._control_actions().get((environ["REQUEST_METHOD"], name))
        status, result = 404, {"error": f"no such control: {name}"}
        if action is not None:
            try:
                status, result = 200, action(given)
            except (TypeError, ValueError, KeyError) as error:
                status, result = 400, {"error": str(error)}
        body = json.dumps(result).encode()
        return Answer(
            status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))], body
        )

    def _control_actions(self) -> dict[tuple[str, str], Callable[[dict[str, Any]], Any]]:
        return {
            ("GET", "requests"): lambda _given: self.journal.all(),
            ("POST", "clear"): lambda _given: self.journal.clear(),
            ("POST", "reset"): lambda _given: self.reset(),
            ("POST", "save"): lambda _given: self._save(),
            ("POST", "restore"): self._restore,
            ("GET", "faults"): lambda _given: [asdict(fault) for fault in self.journal.faults],
            ("POST", "faults"): self.journal.add_fault,
            ("DELETE", "faults"): lambda _given: self.journal.faults.clear(),
            ("POST", "settings"): self._set,
            ("POST", "users"): self._make_user,
            ("POST", "foreign-buckets"): self._make_foreign_bucket,
            ("POST", "foreign-objects"): self._make_foreign_object,
            ("POST", "older-objects"): self._make_older,
            ("POST", "system-tags"): self._put_system_tags,
        }

    def _set(self, given: dict[str, Any]) -> dict[str, Any]:
        for name, value in given.items():
            if not hasattr(self.settings, name):
                raise ValueError(f"unknown setting {name}")
            setattr(self.settings, name, value)
        return asdict(self.settings)

    def _make_foreign_bucket(self, given: dict[str, Any]) -> None:
        with self._lock:
            state.make_foreign_bucket(given["name"], self.region)

    def _make_foreign_object(self, given: dict[str, Any]) -> None:
        with self._lock:
            state.make_foreign_object(state.require_bucket(given["bucket"]), given["key"], given["acl"])

    def _make_older(self, given: dict[str, Any]) -> None:
        with self._lock:
            for key in given["keys"]:
                state.make_older(state.require_bucket(given["bucket"]), key, given["days"])

    def _put_system_tags(self, given: dict[str, Any]) -> None:
        with self._lock:
            bucket = state.require_bucket(given["bucket"])
            state.set_tags(bucket, state.tags_of(bucket) | given["tags"])

    def _make_user(self, given: dict[str, Any]) -> dict[str, str]:
        document = json.dumps(given["policy"]) if given.get("policy") else None
        with self._lock:
            key = (given["access_key_id"], given["secret_access_key"]) if given.get("access_key_id") else None
            key_id, secret = state.create_user(given["name"], document, key=key)
        return {"name": given["name"], "access_key_id": key_id, "secret_access_key": secret}


def _error_code(status: int, content: bytes) -> str | None:
    if status < 400:
        return None
    for start, end in ((b"<Code>", b"</Code>"), (b'"__type": "', b'"')):
        _rest, found, rest = content.partition(start)
        if found:
            return rest.partition(end)[0].decode()
    return str(status)


def _rules(call: Call) -> list[cors.Rule] | None:
    bucket = state.find_bucket(call.bucket)
    return None if bucket is None else [cors.Rule.of(stored) for stored in bucket.cors]


def _preflight(call: Call) -> Answer:
    headers = cors.preflight(_rules(call), call.headers, call.key is not None)
    return s3_answer(200, headers=headers)


def _with_cors(call: Call, answer: Answer) -> Answer:
    if call.service == "s3" and "origin" in call.headers and call.method != "OPTIONS":
        rule = cors.find_rule(_rules(call) or [], call.method, call.headers)
        answer.headers += cors.answer(rule, call.headers) if rule else []
    return answer


def _meet(fault: Fault | None, moment: str) -> None:
    if fault is None or fault.when != moment:
        return
    if fault.delay:
        time.sleep(fault.delay)
    if fault.reset:
        raise _Reset
    if fault.status:
        raise Refusal(fault.status, fault.code, fault.message)


def _break_connection(environ: dict[str, Any]) -> None:
    connection: socket.socket = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    environ["standin.server"].broken.add(connection.fileno())
    raise ConnectionResetError("a fault asked for it")


class _Handler(MotoRequestHandler):
    def make_environ(self) -> dict[str, Any]:
        return super().make_environ() | {"standin.server": self.server}

    def handle_expect_100(self) -> bool:
        # run_wsgi answers the expectation; http.server would do so a second time.
        return True

    def log_request(self, *_args: Any) -> None:
        """Log nothing: the journal has the request."""

    def connection_dropped(self, *_args: Any) -> None:
        """Log nothing of a fault, or of a client that went away."""
        self.close_connection = True


class Server(ThreadedWSGIServer):
    daemon_threads = True

    def __init__(self, port: int, app: StandIn) -> None:
        self.broken: set[int] = set()
        super().__init__("127.0.0.1", port, app, handler=_Handler)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection to break at once, so that its client sees a reset."""
        if request.fileno() in self.broken:
            self.broken.discard(request.fileno())
            request.close()
        else:
            super().shutdown_request(request)
