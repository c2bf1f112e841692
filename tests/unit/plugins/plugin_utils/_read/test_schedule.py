# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which server is read next. Whose turn has not come is asked for when the others are done."""

from __future__ import annotations

import threading

from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read.schedule import Job, Schedule, Turn

PAIR, OTHER, CLUSTER = ("login", "a", "b"), ("login", "a", "c"), ("cluster", "one")
# Seconds, in which a loaded machine has long done what it can do.
PATIENCE = 60


def turn(schedule: Schedule) -> Turn:
    # Of a server that has to wait there is no turn, and this would wait with it.
    waiting = threading.Timer(PATIENCE, schedule.close)
    waiting.start()
    found = schedule.next()
    waiting.cancel()
    assert found is not None
    return found


def hosts_left(schedule: Schedule) -> list[tuple[str, str]]:
    """End all turns that are left; return their hosts, and who was refused for them."""
    found = []
    while (each := schedule.next()) is not None:
        found.append((each.job.host, each.refused_by))
        each.end(refused=False)
    return found


def test_without_gates_all_have_their_turn_at_once() -> None:
    schedule = Schedule([Job("a"), Job("b")])
    assert [turn(schedule).job.host for _number in range(2)] == ["a", "b"]
    assert schedule.next() is None


def test_who_shares_no_gate_does_not_wait() -> None:
    schedule = Schedule([Job("a", (PAIR,)), Job("b", (PAIR,)), Job("c", (OTHER,))])
    assert [turn(schedule).job.host for _number in range(2)] == ["a", "c"]


def test_the_others_have_their_turn_as_soon_as_the_login_is_accepted() -> None:
    schedule = Schedule([Job(host, (PAIR,)) for host in "abc"])
    first = turn(schedule)
    first.accept()
    # The first one is still being read.
    assert hosts_left(schedule) == [("b", ""), ("c", "")]
    assert not first.is_over


def test_a_refused_login_is_tried_nowhere_else() -> None:
    schedule = Schedule([Job(host, (PAIR,)) for host in "abc"] + [Job("d", (OTHER,))])
    turn(schedule).end(refused=True)
    assert hosts_left(schedule) == [("b", "a"), ("c", "a"), ("d", "")]
    assert schedule.started == {"a", "d"}


def test_one_that_does_not_answer_decides_nothing() -> None:
    schedule = Schedule([Job(host, (PAIR,)) for host in "abc"])
    turn(schedule).end(refused=False)
    second = turn(schedule)
    assert (second.job.host, second.refused_by) == ("b", "")
    second.end(refused=True)
    assert hosts_left(schedule) == [("c", "b")]


def test_one_node_decides_for_its_cluster_whatever_the_password_of_the_others() -> None:
    nodes = [Job("a", (PAIR, CLUSTER)), Job("b", (OTHER, CLUSTER)), Job("c", (OTHER,))]
    schedule = Schedule(nodes)
    first, other = turn(schedule), turn(schedule)
    assert (first.job.host, other.job.host) == ("a", "c")
    first.end(refused=True)
    other.accept()
    assert hosts_left(schedule) == [("b", "a")]


def test_what_one_server_refuses_after_another_accepted_it_goes_on_elsewhere() -> None:
    schedule = Schedule([Job(host, (PAIR,)) for host in "abc"])
    turn(schedule).accept()
    turn(schedule).end(refused=True)
    assert hosts_left(schedule) == [("c", "")]


def test_a_thread_that_waits_gets_its_turn_or_an_end() -> None:
    schedule = Schedule([Job("a", (PAIR,)), Job("b", (PAIR,)), Job("c", (PAIR,))])
    first = turn(schedule)
    found: list[str] = []

    def wait() -> None:
        each = schedule.next()
        found.append(each.job.host if each else "")

    threads = [threading.Thread(target=wait) for _number in range(2)]
    threads[0].start()
    first.end(refused=False)
    threads[0].join()
    threads[1].start()
    schedule.close()
    threads[1].join()
    assert found == ["b", ""]
    assert first.is_over


def test_one_that_is_switched_off_holds_up_nobody() -> None:
    """Seven of them at the head of an inventory used up the time of the whole fleet."""
    schedule = Schedule([Job(host, (PAIR,)) for host in "abcd"], {"login": 2})
    off, second = turn(schedule), turn(schedule)
    assert (off.job.host, second.job.host) == ("a", "b")
    second.accept()
    off.end(refused=False)
    assert hosts_left(schedule) == [("c", ""), ("d", "")]


def test_of_two_that_try_at_once_the_first_answer_counts() -> None:
    schedule = Schedule([Job(host, (PAIR,)) for host in "abc"], {"login": 2})
    first, second = turn(schedule), turn(schedule)
    first.accept()
    second.end(refused=True)
    assert hosts_left(schedule) == [("c", "")]
