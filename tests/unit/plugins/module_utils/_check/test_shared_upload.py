# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which applications share a test object, and that it is put once and removed once, also after a signal."""

from __future__ import annotations

import threading
from concurrent import futures
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import upload as _upload_check
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.playback import Viewer
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.shared_upload import SharedUploads
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError

from .test_probe import DENIED, SETTINGS, STORE, Store

VIEWER = Viewer("http://ams:5080", True, 5, 0)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    made = Store()
    monkeypatch.setattr(_upload_check, "s3_client", made.client)
    return made


def settings(**other: Any) -> dict[str, Any]:
    return {**SETTINGS, **other}


def stopped(uploads: SharedUploads, *keys: str) -> None:
    """Put an object with each key, and get a signal then."""
    with uploads.removed_at_the_end():
        for key in keys:
            uploads.of("live", settings(s3AccessKey=key), "mp4", VIEWER).run("live")
        raise KeyboardInterrupt("signal 15")


def test_many_servers_share_what_is_put_once_and_removed_once(store: Store) -> None:
    uploads = SharedUploads()
    with uploads.removed_at_the_end():
        shared = [uploads.of(f"app{number}", settings(), "mp4", VIEWER) for number in range(3)]
        results = [each.run(f"app{number}") for number, each in enumerate(shared)]
        assert len(store.of("put_object")) == 1
        assert store.of("delete_object") == []
    assert len(store.of("delete_object")) == 1
    assert [{result.app for result in each} for each in results] == [{"app0"}, {"app1"}, {"app2"}]
    removals = [each.removal(f"app{number}") for number, each in enumerate(shared)]
    assert [removal and (removal.app, removal.ok) for removal in removals] == [
        ("app0", True),
        ("app1", True),
        ("app2", True),
    ]
    assert store.clients == ["key", "provisioning"]


def test_threads_wait_for_the_first_one(store: Store) -> None:
    uploads = SharedUploads()
    shared = uploads.of("live", settings(), "mp4", VIEWER)
    threads = [threading.Thread(target=shared.run, args=("live",)) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.of("put_object")) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"s3BucketName": "other"},
        {"s3RegionName": "us-west-2"},
        {"s3Endpoint": f"{STORE}1"},
        {"s3PathStyleAccessEnabled": True},
        {"s3AccessKey": "AKIAOTHER"},
        {"s3SecretKey": "the-secret-of-last-year"},
        {"s3StreamsFolderPath": "other/streams"},
        {"s3Permission": "private"},
        {"s3StorageClass": "STANDARD_IA"},
        {"s3CacheControl": "no-store"},
    ],
)
def test_what_was_read_decides(store: Store, other: dict[str, Any]) -> None:
    uploads = SharedUploads()
    first = uploads.of("live", settings(), "mp4", VIEWER)
    assert uploads.of("live", settings(mp4MuxingEnabled=True), "mp4", VIEWER) is first
    assert uploads.of("live", settings(**other), "mp4", VIEWER) is not first
    assert uploads.of("live", settings(), "webm", VIEWER) is not first


def test_after_an_error_all_objects_are_removed(store: Store) -> None:
    uploads = SharedUploads()
    late = uploads.of("live", settings(s3AccessKey="AKIA3"), "mp4", VIEWER)
    with pytest.raises(KeyboardInterrupt, match="signal 15"):
        stopped(uploads, "AKIA1", "AKIA2")
    put, deleted = ({each["Key"] for each in store.of(f"{name}_object")} for name in ("put", "delete"))
    assert deleted == put
    assert store.operations[-2:] == ["provisioning:delete_object"] * 2
    with pytest.raises(AmsError, match="the run was stopped"):
        late.run("live")
    begun = uploads.of("live", settings(s3AccessKey="AKIA4"), "mp4", VIEWER)
    with pytest.raises(AmsError, match="the run was stopped"):
        begun.run("live")
    assert len(store.of("put_object")) == 2


def test_what_cannot_be_removed_is_said_after_an_error(store: Store) -> None:
    store.answers["delete_object"] = [DENIED]
    with pytest.raises(KeyboardInterrupt, match="by hand"):
        stopped(SharedUploads(), "AKIA1")


def test_a_failure_is_that_of_all_and_tried_once(store: Store) -> None:
    store.answers["list_objects_v2"] = [DENIED]
    uploads = SharedUploads()
    with uploads.removed_at_the_end():
        first, second = (uploads.of(app, settings(), "mp4", VIEWER).run(app) for app in ("a", "b"))
    assert [result.ok for result in first] == [result.ok for result in second]
    assert not first[0].ok
    assert len([name for name in store.operations if name == "key:list_objects_v2"]) == 1


def test_many_objects_are_removed_at_the_same_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    together, remove = threading.Barrier(3), _upload_check.UploadCheck.remove

    def removes_with_others(self: Any) -> Any:
        together.wait(60)
        return remove(self)

    monkeypatch.setattr(_upload_check.UploadCheck, "remove", removes_with_others)
    uploads = SharedUploads()
    with uploads.removed_at_the_end():
        for key in ("AKIA1", "AKIA2", "AKIA3"):
            uploads.of("live", settings(s3AccessKey=key), "mp4", VIEWER).run("live")
    assert {each["Key"] for each in store.of("delete_object")} >= {
        each["Key"] for each in store.of("put_object")
    }


def test_a_signal_does_not_cut_off_the_removal_of_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    waited, wait = [], futures.wait

    def interrupted(removals: Any) -> Any:
        waited.append(removals)
        if len(waited) == 1:
            raise KeyboardInterrupt("signal 15")
        return wait(removals)

    monkeypatch.setattr(futures, "wait", interrupted)
    uploads = SharedUploads()
    for key in ("AKIA1", "AKIA2"):
        uploads.of("live", settings(s3AccessKey=key), "mp4", VIEWER).run("live")
    with pytest.raises(KeyboardInterrupt, match="signal 15"), uploads.removed_at_the_end():
        pass
    assert {each["Key"] for each in store.of("delete_object")} >= {
        each["Key"] for each in store.of("put_object")
    }


def test_an_answer_that_nobody_expects_leaves_no_other_object(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy's page for an answer to a removal left the objects of all others."""
    uploads = SharedUploads()
    remove, removed = _upload_check.UploadCheck.remove, []

    def breaks_once(self: Any) -> Any:
        removed.append(self)
        if len(removed) == 1:
            raise RuntimeError("the answer is no XML")
        return remove(self)

    monkeypatch.setattr(_upload_check.UploadCheck, "remove", breaks_once)
    for key in ("AKIA1", "AKIA2", "AKIA3"):
        uploads.of("live", settings(s3AccessKey=key), "mp4", VIEWER).run("live")
    put, before = {each["Key"] for each in store.of("put_object")}, len(store.of("delete_object"))
    with pytest.raises(RuntimeError, match="no XML"), uploads.removed_at_the_end():
        assert len(put) == 3
    assert len({each["Key"] for each in store.of("delete_object")[before:]} & put) == 2
