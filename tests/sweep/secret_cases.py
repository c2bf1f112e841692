# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Unusual secrets, and the runs in which they are looked for."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TEXTS = {
    "quotes": 'say"it\'s"now"\'',
    "backslashes": r"a\b\\c\n\t\x41\\",
    "unicode": "pässwörd-żółć-密码-🔑",
    "percent": "100%25%sure%2F%",
    "plus and slash": "wJalr/XUtn+FEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "odd length": "a0z",
    "JSON": '{"secret": ["a", {"b": null}], "c": "\\u00e9"}',
    "expression": "{{ 7 * 191 }}-{{ lookup('env', 'HOME') }}",
    "statement": "{% if true %}shown{% endif %}{# gone #}",
    "URL": "p@ss:w/rd?x=1&y=2#z;,",
    "long": "Vx" + "7bQ+/" * 80,
    "number": "314159265358979",
    "apostrophe": "it's-o'clock-and-'later'",
    "equals": "YWJjZGVmZ2hpamtsbW5v==",
    "properties": "key=v:a#l!u\\u00e9e\\=\\:",
    "HTML": '<b>&amp;"quoted"</b>&#39;',
    "vault": "$ANSIBLE_VAULT;1.1;AES256-61626364",
    "blanks": "two  words\tand more",
}
PLACES = ("password", "jwt", "s3", "custom", "aws")
SETTINGS, LOGIN = "/applications/settings/", "/users/authenticate"


@dataclass(frozen=True)
class Scenario:
    """Runs, one after the other, and how the last of them ends.

    ams, aws: faults, for the servers and for the account; ECHO in them stands for the secrets of the places
    echoed in all forms. Those are what the run knows by then: what only a stranger knows, nobody can mask.
    wrong: the server has another password. said: what a failure has to say, so that it is the right one.
    """

    name: str
    runs: tuple[str, ...]
    rc: int = 0
    ams: tuple[Mapping[str, Any], ...] = ()
    aws: tuple[Mapping[str, Any], ...] = ()
    wrong: bool = False
    given_key: bool = True
    echoed: tuple[str, ...] = ("password", "jwt", "s3", "custom")
    said: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)


ECHO = "ECHO"
WRITING = "Writing the settings of application 'live'"


def ams(action: str = "status", **how: Any) -> Mapping[str, Any]:
    return {"action": action, "status": 500, "body": ECHO, **how}


def aws(action: str, code: str = "AccessDenied", status: int = 403) -> Mapping[str, Any]:
    return {"action": action, "code": code, "status": status, "message": ECHO, "count": 50}


SCENARIOS = (
    # The number says how many texts each one gets.
    (4, Scenario("site", ("site",))),
    (4, Scenario("rolled back", ("servers", "rollback"), variables={"s3_recording_verify": False})),
    (3, Scenario("looked at", ("site", "verify", "audit", "drift"))),
    (3, Scenario("a key's life", ("site", "rotate_key", "decommission"), given_key=False)),
    (6, Scenario("wrong password", ("servers",), 2, wrong=True, said="password is wrong")),
    (
        6,
        Scenario(
            "login that echoes",
            ("servers",),
            2,
            (ams(path=LOGIN),),
            said="Logging in as sweep@example.com",
            echoed=("password",),
        ),
    ),
    (
        6,
        Scenario(
            "write that echoes",
            ("servers",),
            2,
            (ams(method="POST", path=SETTINGS),),
            said=WRITING,
        ),
    ),
    (
        6,
        Scenario(
            "refused write that echoes",
            ("servers",),
            2,
            (ams(method="POST", path=SETTINGS, status=400),),
            said=WRITING,
        ),
    ),
    (
        6,
        Scenario(
            "token refused by a server that echoes",
            ("token",),
            2,
            (ams(status=403),),
            said="127.77",
            echoed=("jwt",),
        ),
    ),
    (
        6,
        Scenario(
            "upload refused by a store that echoes",
            ("verify after a write",),
            2,
            aws=(aws("s3:PutObject"),),
            said="upload",
            echoed=("s3", "aws"),
        ),
    ),
    (
        6,
        Scenario(
            "account that echoes",
            ("storage",),
            2,
            aws=(aws("s3:CreateBucket"),),
            said="AccessDenied",
            echoed=("aws",),
        ),
    ),
    (6, Scenario("unreachable", ("servers",), 2, said="the connection to the server was refused")),
    (9, Scenario("module", ("module",))),
    (9, Scenario("module, shipped", ("module shipped",))),
    (
        9,
        Scenario(
            "module, write that echoes", ("module",), 2, (ams(method="POST", path=SETTINGS),), said=WRITING
        ),
    ),
    (
        9,
        Scenario(
            "module, shipped, wrong password", ("module shipped",), 2, wrong=True, said="password is wrong"
        ),
    ),
    (
        9,
        Scenario(
            "information of a server that echoes",
            ("info",),
            2,
            (ams(path="/version"),),
            said="Reading the release",
            echoed=("password",),
        ),
    ),
    (
        6,
        Scenario(
            "stored key, and a store that echoes",
            ("stored key",),
            2,
            aws=(aws("ssm:GetParameter*"),),
            said="AccessDenied",
            echoed=("aws",),
        ),
    ),
    (
        3,
        Scenario(
            "key in a store that echoes",
            ("servers",),
            2,
            aws=(aws("ssm:GetParameter*"),),
            given_key=False,
            said="could not be read",
            echoed=("aws",),
        ),
    ),
)


@dataclass(frozen=True)
class Case:
    text: str
    scenario: Scenario

    @property
    def name(self) -> str:
        return f"{self.scenario.name}: {self.text}"

    @property
    def runs(self) -> int:
        return len(self.scenario.runs)

    def secret(self, place: str) -> str:
        """Each place has a text of its own, so that what leaks says where from."""
        text = TEXTS[self.text]
        return f"{text[:3]}{PLACES.index(place) + 1}{text[3:] or '-Q3k9'}"


def _cases() -> list[Case]:
    texts = itertools.cycle(TEXTS)
    return [Case(next(texts), scenario) for times, scenario in SCENARIOS for _each in range(times)]


CASES = _cases()
# What is quick, and of each kind one.
SAMPLE = [
    next(case for case in CASES if case.scenario.name == name)
    for name in ("refused write that echoes", "module", "module, shipped, wrong password")
]
