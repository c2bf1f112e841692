# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""At which requests which runs are killed, and which run comes after."""

from __future__ import annotations

from dataclasses import dataclass

SERVER, AWS = "server", "AWS"
# The next run fails at the second server, and has to take back what the killed one left.
BATCH_FAILS = "servers that fails"


@dataclass(frozen=True)
class Kill:
    """At the nth request: before it is carried out, or when it was and its answer is not there yet.

    Requests to a server are counted at the second one, those to AWS together; writes alone, if is_write.
    """

    at: str
    nth: int
    after: bool = False
    writes: bool = False

    def __str__(self) -> str:
        kind = "write" if self.writes else "request"
        return f"{'after' if self.after else 'at'} {kind} {self.nth} to {self.at}"


@dataclass(frozen=True)
class Case:
    """A playbook that is killed, once or several times in a row, and the one that is run then."""

    playbook: str
    kills: tuple[Kill, ...]
    then: str

    @property
    def name(self) -> str:
        kills = ", ".join(str(kill) for kill in self.kills)
        return f"{self.playbook} killed {kills}, then {self.then}"


def _at(service: str, *requests: int, writes: bool = False) -> list[Kill]:
    return [Kill(service, nth, after, writes) for nth in requests for after in (False, True)]


def _cases() -> list[Case]:
    # A server is read for the plan first, by 6 requests (5 in a rotation), and written by the 11th (9th).
    of_site = [*_at(AWS, 1, 2, 3, 5, 7, 9, writes=True), *_at(SERVER, 2, 11, 14)]
    of_rotation = [*_at(AWS, 1, 2, writes=True), *_at(SERVER, 3, 9)]
    of_decommission = [*_at(AWS, 1, 2, 3, 4, writes=True), *_at(SERVER, 4, 6)]
    of_rollback = _at(SERVER, 2, 4, 5)
    found = [Case("site", (kill,), "site") for kill in of_site]
    found += [Case("servers", (kill,), "rollback") for kill in _at(SERVER, 10, 11)]
    # In the middle of the writes, and in the middle of the checks, where the first server is done.
    found += [Case("servers", (kill,), BATCH_FAILS) for kill in _at(SERVER, 11, 14)]
    found += [Case("rotate_key", (kill,), "rotate_key") for kill in of_rotation]
    found += [Case("decommission", (kill,), "decommission") for kill in of_decommission]
    found += [Case("rollback", (kill,), "rollback") for kill in of_rollback]
    # Again and again, each time a bit further on.
    found.append(Case("site", tuple(Kill(AWS, 2, True, writes=True) for _each in range(3)), "site"))
    found.append(
        Case("decommission", tuple(Kill(AWS, 1, True, writes=True) for _each in range(3)), "decommission")
    )
    return found


CASES = _cases()
SAMPLE = [case for case in CASES if case.then == BATCH_FAILS][-1:]
KILLS = sum(len(case.kills) for case in CASES)
