# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which runs of a fleet can be rolled back: named exactly, listed with what each was."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup import sort_runs
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.runs import (
    History,
    chosen_run,
    name_of_run,
    only_key,
    runs_of,
    sets_otherwise,
    since_run,
)

SITE, ROTATE, LATER, END = (f"2026010{day}T000000Z" for day in (1, 2, 3, 4))
KEY = ("s3AccessKey", "s3SecretKey")


def layer(run: str, playbook: str, **values: tuple[Any, Any]) -> dict[str, Any]:
    settings = {name: {"before": before, "after": after} for name, (before, after) in values.items()}
    return {"run": run, "apps": {"live": settings}, **({"playbook": playbook} if playbook else {})}


def key(before: str, after: str) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(KEY, (before, after))


FIRST = layer(SITE, "site", s3BucketName=("", "b"), mp4MuxingEnabled=(False, True), **key("", "K1"))
ROTATION = layer(ROTATE, "rotate_key", **key("K1", "K2"))
THIRD = layer(LATER, "", hlsTime=("2", "3"))
GONE = layer(END, "decommission", s3BucketName=("b", ""), **key("K2", ""))
BACKUPS = {"a": [FIRST, ROTATION, THIRD], "b": [FIRST, ROTATION], "c": [THIRD], "d": []}


def problem(name: str, since: str = "", backups: Any = None) -> str:
    choice = chosen_run(BACKUPS if backups is None else backups, name, since, "/backup")
    assert (choice.problem == "") == bool(choice.since)
    return choice.problem


def test_each_run_is_told_with_what_it_was() -> None:
    assert [run.description for run in runs_of(BACKUPS)] == [
        f"{SITE}  site  2 servers  4 settings",
        f"{ROTATE}  rotate_key  2 servers  2 settings (the access key)",
        f"{LATER}  2 servers  1 setting",
    ]


@pytest.mark.parametrize("name", ["2026", SITE[:-1], f"{SITE}x", "20260101T000009Z", "site", "~", " "])
def test_a_name_that_is_not_exact_is_refused_with_the_list(name: str) -> None:
    """2026 sorts before every run, and rolled all of them back."""
    text = problem(name)
    assert text.startswith(f"There is no run '{name}' in the backups of the servers of this play.")
    assert text.endswith("A run that changed no server has no backup: there is nothing to restore.")
    assert "Nothing was changed, and all backups are kept." in text
    assert f"- {SITE}  site  2 servers  4 settings" in text


@pytest.mark.parametrize(
    ("name", "meant"),
    [("2026", f"{LATER} or {ROTATE} or {SITE}"), (SITE[:-1], SITE), ("20260102T00000Z", ROTATE)],
)
def test_what_a_person_may_have_meant_is_asked(name: str, meant: str) -> None:
    assert f"Did you mean {meant}" in problem(name)


def test_without_a_name_the_runs_are_listed() -> None:
    assert problem("").startswith("s3_recording_rollback_run is not set, so nothing was changed.")
    assert f"- {LATER}" in problem("")
    assert "Name one of these." in problem("")
    none = problem("", backups={"a": []})
    assert "The folder /backup has no backup of these servers." in none
    assert "-e s3_recording_backup_dir=FOLDER" in none
    assert "Name one of these" not in none


def test_a_mistyped_name_lists_the_last_five_runs() -> None:
    many = [layer(f"202601{day}T000000Z", "site", hlsTime=("1", "2")) for day in range(10, 30)]
    listed = [line for line in problem("2027", backups={"a": many}).splitlines() if line.startswith("- ")]
    assert listed[0] == "- and 15 earlier ones"
    assert [line.split()[1] for line in listed[1:]] == [each["run"] for each in many[-5:]]
    listed = [line for line in problem("", backups={"a": many}).splitlines() if line.startswith("- ")]
    assert len(listed) == 20


def test_a_run_that_was_rolled_back_before_is_no_mistake() -> None:
    """It was called a run that does not exist, and another command was looked for."""
    history = History({"a": [SITE], "b": [], "c": [SITE], "d": []})
    choice = chosen_run({"a": [], "b": [], "c": [THIRD], "d": []}, SITE, "", "/backup", history)
    # What was changed since is not rolled back by the name of a run that is gone.
    assert (choice.problem, choice.since, choice.hosts, choice.done) == ("", SITE, {}, ["a", "c"])
    assert choice.later == LATER
    rest = chosen_run({"a": [], "b": [FIRST], "c": [], "d": []}, SITE, "", "/backup", history)
    assert (rest.problem, rest.hosts, rest.done) == ("", {"b": SITE}, ["a", "c"])
    assert "There is no run" in chosen_run({"a": []}, LATER, "", "/backup", history).problem


def test_a_run_of_servers_that_are_not_in_the_play() -> None:
    history = History(elsewhere=["x", "y"])
    text = chosen_run({"a": [THIRD]}, SITE, "", "/backup", history).problem
    assert text.startswith(
        f"Run {SITE} can be rolled back on x, y, and none of them is in this play. Run this without"
    )


@pytest.mark.parametrize(
    ("settings", "result"),
    [
        ({"mp4MuxingEnabled": True}, True),
        ({"mp4MuxingEnabled": "true"}, True),
        ({"mp4MuxingEnabled": False, "s3BucketName": None}, False),
        ({"hlsTime": "9"}, False),
    ],
)
def test_the_inventory_that_still_asks_for_what_is_undone(settings: dict[str, Any], result: bool) -> None:
    planned = {
        "apps": [{"name": "live", "settings": settings}, {"name": "other", "settings": {"hlsTime": "1"}}]
    }
    assert sets_otherwise(planned, [FIRST]) is result


def test_the_runs_of_a_host_from_one_on() -> None:
    assert since_run([FIRST, ROTATION, THIRD], ROTATE) == [ROTATION, THIRD]


def test_a_run_goes_back_with_all_after_it_on_the_servers_that_have_one() -> None:
    choice = chosen_run(BACKUPS, SITE, "", "/backup")
    assert (choice.since, choice.hosts) == (SITE, {"a": SITE, "b": SITE, "c": LATER})
    assert chosen_run(BACKUPS, LATER, "", "/backup").hosts == {"a": LATER, "c": LATER}


def test_runs_are_in_the_order_of_the_backups_whatever_the_clock_said() -> None:
    """A clock that was ahead made its run the last one, and a rollback of the next one restored nothing."""
    ahead = layer("20991231T000000Z", "site", hlsTime=("2", "3"))
    backups = {"a": [ahead, THIRD], "b": [ahead], "c": [FIRST, ahead]}
    assert [run.name for run in runs_of(backups)] == [SITE, ahead["run"], LATER]
    assert chosen_run(backups, LATER, "", "/backup").hosts == {"a": LATER}
    assert chosen_run(backups, "", LATER, "/backup").hosts == {"a": LATER}
    assert chosen_run(backups, ahead["run"], "", "/backup").hosts == dict.fromkeys("abc", ahead["run"])
    # Runs that have crossed have no order of their own.
    assert sort_runs([[FIRST, THIRD], [THIRD, FIRST]]) == [SITE, LATER]


@pytest.mark.parametrize(
    ("known", "name"),
    [
        ([], LATER),
        ([SITE], LATER),
        ([LATER], "20260103T000001Z"),
        ([SITE, "20991231T235959Z", ROTATE], "21000101T000000Z"),
        (["before-release-2"], LATER),
        (["99991231T235959Z"], LATER),
        (["20260199T000000Z"], LATER),
    ],
)
def test_the_names_of_runs_never_go_back(known: list[str], name: str) -> None:
    """The time alone named them, so that after a clock that was ahead each run seemed earlier."""
    assert name_of_run(LATER, known) == name


def test_a_time_need_not_be_that_of_a_run() -> None:
    assert chosen_run(BACKUPS, "", "20260102T120000Z", "/backup").hosts == {"a": LATER, "c": LATER}
    assert chosen_run(BACKUPS, "", "20270101T000000Z", "/backup").hosts == {}
    assert "not a time like" in problem("", "2026")
    # A name that is given decides.
    assert "There is no run" in problem("2026", "20260102T120000Z")


def test_a_rotation_is_not_rolled_back() -> None:
    """It was done with rc 0, wrote nothing and forgot the run."""
    text = problem(ROTATE)
    assert f"Run {ROTATE} (rotate_key) was a key rotation" in text
    assert "Nothing was changed, and all backups are kept." in text
    mixed = {**BACKUPS, "e": [layer(ROTATE, "rotate_key", hlsTime=("2", "3"), **key("K1", "K2"))]}
    assert chosen_run(mixed, ROTATE, "", "/backup").problem == ""


def test_the_end_of_recording_is_not_rolled_back_to_a_key_that_is_gone() -> None:
    text = problem(END, backups={"a": [FIRST, GONE]})
    assert f"Run {END} (decommission) ended recording on 1 server" in text
    assert "run site.yml" in text
    assert chosen_run({"a": [FIRST, GONE]}, SITE, "", "/backup").problem == ""


SMALL = layer(LATER, "servers", hlsTime=("2", "3"))


@pytest.mark.parametrize(
    ("name", "since"), [(LATER, ""), (ROTATE, ""), ("", LATER), ("", "20260102T120000Z")]
)
def test_a_way_back_over_the_end_of_recording_does_not_write_a_deleted_key_back(
    name: str, since: str
) -> None:
    """Only the named run was tested: the rollback of a small change before wrote bucket and key back."""
    early = layer(ROTATE, "servers", hlsTime=("1", "2"))
    text = problem(name, since, {"a": [FIRST, early, SMALL, GONE], "b": [FIRST]})
    assert f"Run {END} (decommission) ended recording on 1 server" in text
    assert f"It would be rolled back too, with all from {name or since} on." in text
    assert "Nothing was changed, and all backups are kept." in text


def test_a_way_back_to_no_key_is_free() -> None:
    backups = {"a": [FIRST, SMALL, GONE], "b": [SMALL]}
    assert tuple(chosen_run(backups, SITE, "", "/backup").hosts) == ("a", "b")
    assert chosen_run(backups, "", "20260101T000000Z", "/backup").problem == ""
    # Recording has begun again since: back to the end of it, not to the key before.
    again = layer("20260105T000000Z", "site", s3BucketName=("", "b"), **key("", "K3"))
    assert chosen_run({"a": [FIRST, GONE, again]}, again["run"], "", "/backup").problem == ""
    assert f"Run {END}" in problem(END, backups={"a": [FIRST, GONE, again]})


def test_the_end_of_recording_on_one_of_many_is_enough() -> None:
    """It was asked whether every server and application had lost its key."""
    other = layer(END, "decommission", mp4MuxingEnabled=(True, False))
    assert "ended recording on 1 server" in problem(END, backups={"a": [FIRST, GONE], "b": [other]})
    two = {**GONE, "apps": {**GONE["apps"], "other": {"hlsTime": {"before": "2", "after": "3"}}}}
    assert "ended recording on 1 server" in problem(END, backups={"a": [FIRST, two]})


@pytest.mark.parametrize("playbook", ["site", "", "servers"])
def test_a_key_that_another_playbook_replaced_was_no_rotation(playbook: str) -> None:
    """It was called one, with the advice to run rotate_key.yml again."""
    text = problem(ROTATE, backups={"a": [FIRST, layer(ROTATE, playbook, **key("K1", "K2"))]})
    assert "replaced only the access key on 1 server." in text
    assert "set s3_recording_access_key_id" in text
    assert "rotate_key" not in text
    assert "rotation" not in text


def test_a_first_key_is_no_rotation() -> None:
    assert only_key(ROTATION)
    assert not only_key(layer(SITE, "site", **key("", "K1")))
    assert not only_key(FIRST)
