# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The last word on a rollout that was stopped."""

from __future__ import annotations

from ansible_collections.antmedia.s3_recording.plugins.module_utils._rollout import (
    Ended,
    noted,
    stopped,
)

STUCK = (
    "d: the former settings could not be taken back: the connection was refused. They are kept; "
    "when the server answers: rollback.yml with s3_recording_run=R, or servers.yml again"
)


def test_every_host_is_told_as_it_is() -> None:
    batch = [
        Ended("a", broken="the redirect is broken", back=True),
        Ended("b", back=True, left_alone=["live: hlsTime"]),
        Ended("c", read=True),
        Ended("i", unchanged=True, unwritten=True),
        Ended("j", by_node=True),
        Ended("d", broken="no answer", stuck="the connection was refused."),
        Ended("e", broken="wrong password", unwritten=True),
        Ended("f"),
        Ended("g", left_alone=["live: hlsTime"]),
    ]
    assert stopped(batch, [f"h{number}" for number in range(7)], "R").splitlines() == [
        "The rollout was stopped (run R).",
        "- a: the redirect is broken",
        "- d: no answer",
        "- e: wrong password",
        "The former settings are back on a, b.",
        "As before the run: c.",
        "Not changed by this run: i.",
        "Changed through another node of the cluster, and not read since that was taken back: j.",
        "Nothing was written to e.",
        "Not known: f. Run verify.yml for them, or rollback.yml with s3_recording_run=R.",
        STUCK,
        "b: left as somebody else has set it in the meantime: live: hlsTime",
        "g: left as somebody else has set it in the meantime: live: hlsTime",
        "Not touched: h0, h1, h2, h3, h4 and 2 more.",
    ]


def test_a_rotation_that_was_stopped_names_no_rollback() -> None:
    batch = [Ended("d", broken="no answer", stuck="the connection was refused.")]
    text = stopped(batch, [], "R", "normal")
    assert "when the server answers: rotate_key.yml again" in text
    assert "rollback" not in text
    assert "has not made the leaked access key inactive" not in text
    assert "This run has not made the leaked access key inactive" in stopped(batch, [], "R", "leaked")


def test_what_holds_for_many_servers_is_said_once() -> None:
    def of(host: str, text: str) -> str:
        return f"https://{host}.example.com:5443, application 'live': {text}"

    notes = {f"ams-{number}": [of(f"ams-{number}", "2 recordings are on the disk")] for number in range(1, 8)}
    notes["ams-8"] = [of("ams-8", "3 recordings are on the disk")]
    first, second = noted(notes).splitlines()
    assert first.startswith("ams-1, ams-2, ams-3, ams-4, ams-5 and 2 more: the server, application 'live': 2")
    assert second == "ams-8: the server, application 'live': 3 recordings are on the disk"
    assert noted({"ams-1": []}) == ""
