# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An access key that moves from one key store to another, on the stand-in."""

from __future__ import annotations

import json
import pathlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    apply as apply_key,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    model as key_facts,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.key_stores.registry import STORES
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError

from .test_iam_stored_access_key_apply import Module, User

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stand_ins.aws import AwsStandIn

KINDS = ["ssm", "secretsmanager", "file"]


@pytest.fixture(autouse=True)
def _settled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_facts, "SETTLED_AFTER", timedelta(seconds=-10))


@pytest.fixture
def user(aws: AwsStandIn) -> Iterator[User]:
    aws.clear_faults()
    yield User(aws)
    aws.clear_faults()


class Places:
    """Where the key of a user is, and where it goes."""

    def __init__(self, user: User, old: str, new: str, folder: Path) -> None:
        self.user, self.old, self.new = user, old, new
        self.old_place = str(folder / "old.json") if old == "file" else f"{user.stored_at}/old"
        self.new_place = str(folder / "new.json") if new == "file" else f"{user.stored_at}/new"

    def first(self) -> str:
        key_id: str = self.user.run(store=self.old, stored_at=self.old_place)["access_key_id"]
        return key_id

    def move(self, **options: Any) -> dict[str, Any]:
        return self.user.run(
            store=self.new,
            stored_at=self.new_place,
            previous_store=self.old,
            previous_stored_at=self.old_place,
            **options,
        )

    def texts(self) -> list[str]:
        """Return what is stored in the old place and in the new one, empty if nothing is."""
        found = []
        for kind, place in ((self.old, self.old_place), (self.new, self.new_place)):
            content = STORES[kind](Module(self.user.aws), place, "").read()
            found.append(content.text if content else "")
        return found


@pytest.mark.parametrize("new", KINDS)
@pytest.mark.parametrize("old", KINDS)
def test_a_key_moves_and_stays_the_same_key(user: User, old: str, new: str, tmp_path: Path) -> None:
    places = Places(user, old, new, tmp_path)
    first = places.first()
    before = places.texts()[0]
    kept = places.move(keep_previous=True)
    assert (kept["changed"], kept["access_key_id"], user.keys()) == (True, first, [first])
    assert kept["previous_store"]["copied"]
    assert kept["previous_store"]["left"]
    assert places.texts() == [before, before]
    assert places.move(keep_previous=True)["changed"] is False
    moved = places.move()
    assert (moved["changed"], moved["access_key_id"], user.keys()) == (True, first, [first])
    assert places.texts() == ["", before]
    again = places.move()
    assert (again["changed"], again["previous_store"]["left"]) == (False, False)


@pytest.mark.parametrize(("old", "new"), [("ssm", "file"), ("file", "ssm"), ("file", "file")])
def test_a_password_of_the_vault_is_in_no_parameter_that_a_result_has(
    user: User, old: str, new: str, tmp_path: Path
) -> None:
    places = Places(user, old, new, tmp_path)
    places.first()
    options = {
        "user_name": user.name,
        "store": new,
        "stored_at": places.new_place,
        "previous_store": old,
        "previous_stored_at": places.old_place,
        "vault_password": ["of-a-test"],
    }
    module = Module(user.aws, False, **options)
    assert apply_key.run(module)["changed"]
    assert "of-a-test" not in str(module.params)


def test_check_mode_predicts_a_move_and_sends_only_reads(user: User, tmp_path: Path) -> None:
    places = Places(user, "ssm", "secretsmanager", tmp_path)
    first = places.first()
    user.aws.clear_requests()
    options = {
        "user_name": user.name,
        "store": "secretsmanager",
        "stored_at": places.new_place,
        "previous_store": "ssm",
        "previous_stored_at": places.old_place,
    }
    predicted = apply_key.run(Module(user.aws, True, **options))
    assert user.aws.writes() == []
    done = places.move()
    for name in ("changed", "access_key_id", "previous_store", "diff", "msg"):
        assert predicted[name] == done[name], name
    assert done["access_key_id"] == first
    assert done["diff"]["after"] == {"stored_in": [f"secret {places.new_place} of Secrets Manager"]}


@pytest.mark.parametrize("is_denied", [True, False])
def test_a_key_that_cannot_be_read_is_replaced(user: User, tmp_path: Path, is_denied: bool) -> None:
    places = Places(user, "secretsmanager", "ssm", tmp_path)
    first = places.first()
    if is_denied:
        user.aws.fault("secretsmanager:GetSecretValue", code="AccessDeniedException", status=400, count=9)
    else:
        STORES["secretsmanager"](Module(user.aws), places.old_place, "").delete()
    moved = places.move()
    user.aws.clear_faults()
    assert moved["access_key_id"] != first
    assert user.keys() == sorted([first, moved["access_key_id"]])
    assert f"the key {first} cannot be copied, and stays active" in moved["msg"]
    assert bool(places.texts()[0]) is is_denied, "what cannot be read is not deleted"


def test_a_replacement_is_refused_where_the_user_has_two_keys(user: User, tmp_path: Path) -> None:
    places = Places(user, "secretsmanager", "ssm", tmp_path)
    places.first()
    user.run(store="secretsmanager", stored_at=places.old_place, state="rotated")
    STORES["secretsmanager"](Module(user.aws), places.old_place, "").delete()
    before = user.keys()
    with pytest.raises(AwsError, match="the user has 2 already"):
        places.move()
    assert user.keys() == before


def test_a_key_store_that_does_not_answer_replaces_no_key(user: User, tmp_path: Path) -> None:
    places = Places(user, "secretsmanager", "ssm", tmp_path)
    first = places.first()
    user.aws.fault("secretsmanager:GetSecretValue", code="InternalServiceError", status=400, count=9)
    with pytest.raises(AwsError, match="InternalServiceError"):
        places.move()
    assert user.keys() == [first]


def test_a_previous_store_that_keeps_the_key_is_not_called_deleted(user: User, tmp_path: Path) -> None:
    places = Places(user, "ssm", "secretsmanager", tmp_path)
    places.first()
    user.aws.fault("ssm:DeleteParameter", code="AccessDeniedException", status=400, count=9)
    with pytest.raises(AwsError, match="AccessDenied") as failed:
        places.move()
    assert failed.value.result()["changed"]
    assert "is deleted" not in str(failed.value)
    assert places.texts()[0]


def test_a_previous_key_that_still_exists_stays_stored(user: User, tmp_path: Path) -> None:
    """Its secret is stored nowhere else."""
    places = Places(user, "ssm", "secretsmanager", tmp_path)
    first = places.first()
    places.move(keep_previous=True)
    user.run(store="secretsmanager", stored_at=places.new_place, state="rotated")
    found = places.move()
    assert (found["changed"], found["previous_store"]["deleted"]) == (False, False)
    assert f"SSM parameter {places.old_place} stays, it has the key {first}" in found["msg"]
    user.run(store="secretsmanager", stored_at=places.new_place, state="retired")
    assert places.move()["previous_store"]["deleted"]
    assert places.texts()[0] == ""


def of_another_account(place: str) -> None:
    """Make of a file with a key one of another account."""
    path = pathlib.Path(place)
    document = json.loads(path.read_text(encoding="utf-8"))
    other = {**document, "account_id": "999999999999", "access_key_id": "AKIAOFANOTHERACCOUNT"}
    path.write_text(json.dumps(other), encoding="utf-8")


@pytest.mark.parametrize("recreate", [False, True])
def test_a_key_of_another_account_is_refused_and_stays(user: User, tmp_path: Path, recreate: bool) -> None:
    """With recreate, the next run deleted it, and its secret was stored nowhere else."""
    places = Places(user, "file", "ssm", tmp_path)
    places.first()
    of_another_account(places.old_place)
    before = places.texts()
    with pytest.raises(AwsError, match="belongs to account 999999999999 of partition aws"):
        places.move(recreate=recreate)
    absent = {"user_name": f"{user.name}-new", "store": "ssm", "stored_at": places.new_place}
    other = {"previous_store": "file", "previous_stored_at": f"{places.old_place}-new"}
    text = before[0].replace(user.name, absent["user_name"])
    pathlib.Path(other["previous_stored_at"]).write_text(text, encoding="utf-8")
    with pytest.raises(AwsError, match="belongs to account 999999999999"):
        apply_key.run(Module(user.aws, True, **absent, **other))
    assert places.texts() == before


def test_a_previous_key_of_another_account_is_never_deleted(user: User, tmp_path: Path) -> None:
    places = Places(user, "file", "ssm", tmp_path)
    places.first()
    places.move(keep_previous=True)
    of_another_account(places.old_place)
    assert "stays, it has the key AKIAOFANOTHERACCOUNT" in places.move()["msg"]
    assert "AKIAOFANOTHERACCOUNT" in places.texts()[0]


def test_a_previous_key_that_iam_does_not_list_yet_is_not_deleted(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run had made it a moment before."""
    places = Places(user, "file", "ssm", tmp_path)
    places.first()
    places.move(keep_previous=True)
    path = pathlib.Path(places.old_place)
    document = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**document, "access_key_id": "AKIANOTLISTEDYET"}), encoding="utf-8")
    monkeypatch.setattr(key_facts, "SETTLED_AFTER", timedelta(days=1))
    assert "stays, it has the key AKIANOTLISTEDYET" in places.move()["msg"]
    assert not places.move(keep_previous=True)["previous_store"]["left"]
    monkeypatch.setattr(key_facts, "SETTLED_AFTER", timedelta(seconds=-10))
    assert places.move(keep_previous=True)["previous_store"]["left"]
    assert places.move()["previous_store"]["deleted"]
    assert places.texts()[0] == ""


def test_the_end_of_a_key_is_its_end_in_both_places(user: User, tmp_path: Path) -> None:
    places = Places(user, "ssm", "secretsmanager", tmp_path)
    places.first()
    places.move(keep_previous=True)
    places.move(state="absent", keep_previous=True)
    assert (places.texts(), user.keys()) == (["", ""], [])


def test_a_rotation_before_the_move_moves_the_next_key(user: User, tmp_path: Path) -> None:
    places = Places(user, "ssm", "secretsmanager", tmp_path)
    first = places.first()
    moved = places.move(state="rotated")
    assert user.keys() == sorted([first, moved["access_key_id"]])
    assert f'"replaces": "{first}"' in places.texts()[1]
