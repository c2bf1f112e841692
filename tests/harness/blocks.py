# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The blocks of lines that a run prints: PLAN, STOP and RESULT, each with what stands below it."""

from __future__ import annotations

from .playbook import PlaybookRun

WORDS = PLAN, STOP, RESULT = "PLAN", "STOP", "RESULT"


def block(run: PlaybookRun, word: str) -> list[str]:
    """Return the lines of the one block with this word, without the word and without the indent."""
    (found,) = [lines for lines in _blocks(run.stdout) if lines[0].startswith(f"{word}  ")]
    return [found[0].removeprefix(word).strip(), *(line.strip() for line in found[1:])]


def has_block(run: PlaybookRun, word: str) -> bool:
    return any(lines[0].startswith(f"{word}  ") for lines in _blocks(run.stdout))


def problems(run: PlaybookRun) -> list[str]:
    """Return the problems that stopped a run, each with its remedy behind it."""
    found: list[str] = []
    for line in block(run, STOP)[1:]:
        if line.startswith("! "):
            found.append(line.removeprefix("! "))
        else:
            found[-1] += f". {line}"
    return found


def failed_hosts(run: PlaybookRun) -> list[str]:
    """Return the hosts that count as failed."""
    return [host for host, counts in run.recap.items() if counts["failures"] or counts["unreachable"]]


def _blocks(text: str) -> list[list[str]]:
    found: list[list[str]] = []
    is_open = False
    for line in text.splitlines():
        if any(line.startswith(f"{word}  ") for word in WORDS):
            found.append([line])
            is_open = True
        elif is_open and line.startswith("  "):
            found[-1].append(line)
        else:
            is_open = False
    return found
