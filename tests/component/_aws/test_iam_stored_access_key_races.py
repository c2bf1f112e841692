# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs that are killed between two calls, and runs in two processes at the same moment."""

from __future__ import annotations

import json
import multiprocessing
import os
import traceback
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    apply as apply_key,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    model as key_facts,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError

from stand_ins.aws import AwsStandIn

from .test_iam_stored_access_key_apply import Module, User

STORES = ["ssm", "secretsmanager", "file"]
KILLED = 9


class Killed(Module):
    """A run that is killed before it sends a request or touches a file, by what nothing can catch."""

    def __init__(self, calls: int, aws: AwsStandIn, **params: Any) -> None:
        super().__init__(aws, **params)
        self.left = calls

    def client(self, service: str, *arguments: Any, **options: Any) -> Any:
        made = super().client(service, *arguments, **options)
        made.meta.events.register("before-send", self._count)
        return made

    def run(self) -> None:
        for name in ("link", "replace", "unlink"):
            setattr(os, name, self._counted(getattr(os, name)))
        apply_key.run(self)

    def _counted(self, call: Callable[..., None]) -> Callable[..., None]:
        def counted(*arguments: Any) -> None:
            self._count()
            call(*arguments)

        return counted

    def _count(self, **_event: Any) -> None:
        if self.left == 0:
            os._exit(KILLED)
        self.left -= 1


def in_a_process(run: Callable[[], Any]) -> int:
    """The exit status of a child that runs this."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            run()
            status = 0
        finally:
            if status:
                traceback.print_exc()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture
def fresh(aws: AwsStandIn, tmp_path: Path) -> Callable[[str], tuple[User, dict[str, Any]]]:
    aws.clear_faults()

    def make(store: str) -> tuple[User, dict[str, Any]]:
        user = User(aws)
        user.stored_at = str(tmp_path / f"{user.name}.json") if store == "file" else user.stored_at
        return user, {"user_name": user.name, "store": store, "stored_at": user.stored_at}

    return make


def stored(user: User, store: str) -> dict[str, Any]:
    if store == "file":
        text = Path(user.stored_at).read_text(encoding="utf-8")
    elif store == "ssm":
        text = user.ssm.get_parameter(Name=user.stored_at, WithDecryption=True)["Parameter"]["Value"]
    else:
        secrets = user.aws.client("secretsmanager")
        text = secrets.get_secret_value(SecretId=user.stored_at, VersionStage="AWSCURRENT")["SecretString"]
    document: dict[str, Any] = json.loads(text)
    return document


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("state", ["present", "rotated", "retired", "absent"])
def test_after_a_run_that_was_killed_at_any_point_the_next_one_does_it(
    fresh: Callable[[str], tuple[User, dict[str, Any]]],
    aws: AwsStandIn,
    store: str,
    state: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(key_facts, "SETTLED_AFTER", timedelta(seconds=-10))
    points = 0
    while True:
        user, where = fresh(store)
        if state != "present":
            user.run(**where)
        if state == "retired":
            user.run(**where, state="rotated")
        module = Killed(points, aws, **where, state=state)
        if in_a_process(module.run) == 0:
            break
        assert len(user.keys()) <= key_facts.MAX_KEYS
        result = user.run(**where, state=state)
        again = user.run(**where, state=state)
        assert again["changed"] is False, (points, result, again)
        _check_end(user, store, state, result)
        points += 1
    assert points >= {"present": 6, "rotated": 7, "retired": 3, "absent": 3}[state]


def _check_end(user: User, store: str, state: str, result: dict[str, Any]) -> None:
    ids = user.keys()
    if state == "absent":
        assert ids == []
        return
    document = stored(user, store)
    assert document["access_key_id"] == result["access_key_id"]
    assert "making" not in document
    others = [document["replaces"]] if state == "rotated" else []
    assert ids == sorted([document["access_key_id"], *others])


def _one_of_two(aws: AwsStandIn, where: dict[str, Any], turn: Connection) -> None:
    while turn.recv():
        try:
            result = apply_key.run(Module(aws, **where_of(turn.recv(), where)))
            turn.send((result["access_key_id"], result["changed"]))
        except AwsError as error:
            turn.send((f"{type(error).__name__}: {error}", None))


def _earlier_key(user: User, where: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    with monkeypatch.context() as patched:
        patched.setattr(key_facts, "SETTLED_AFTER", timedelta(seconds=-10))
        return [user.run(**{**where_of(user.name, where), "state": "present"})["access_key_id"]]


def where_of(name: str, where: dict[str, Any]) -> dict[str, Any]:
    return {**where, "user_name": name, "stored_at": where["stored_at"].format(name=name)}


@pytest.mark.parametrize(
    ("store", "state", "rounds"),
    [
        ("ssm", "present", 30),
        ("ssm", "rotated", 5),
        ("secretsmanager", "present", 10),
        ("file", "present", 10),
    ],
)
def test_two_processes_at_the_same_moment_make_one_key(
    aws: AwsStandIn, store: str, state: str, rounds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = str(tmp_path / "{name}.json") if store == "file" else "/recording/{name}"
    where = {"store": store, "stored_at": place, "wait": False, "state": state}
    fork = multiprocessing.get_context("fork")
    pipes, processes = [], []
    for _each in range(2):
        ours, theirs = fork.Pipe()
        process = fork.Process(target=_one_of_two, args=(aws, where, theirs), daemon=True)
        process.start()
        pipes.append(ours)
        processes.append(process)
    try:
        for _round in range(rounds):
            user = User(aws)
            user.stored_at = where_of(user.name, where)["stored_at"]
            before = _earlier_key(user, where, monkeypatch) if state == "rotated" else []
            for pipe in pipes:
                pipe.send(True)
                pipe.send(user.name)
            first, second = (pipe.recv() for pipe in pipes)
            assert first[0] == second[0]
            assert sorted([first[1], second[1]]) == [False, True]
            assert user.keys() == sorted([first[0], *before])
            assert stored(user, store)["access_key_id"] == first[0]
    finally:
        for pipe in pipes:
            pipe.send(False)
        for process in processes:
            process.join(10)
    assert [process.exitcode for process in processes] == [0, 0]
