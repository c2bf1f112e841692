# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One word for one thing, and it is the field's word: what must not stand in the product and its documents.

A hit is named as file:line. A word that a machine cannot judge ("before" for a value, "store" as a verb) is
looked for only where it is surely the wrong one.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
PLACES = ("README.md", "docs", "playbooks", "plugins", "roles")
TEXTS = {".j2", ".md", ".py", ".rst", ".yml"}
# Each with what is written instead. A letter beside a match makes it another word, an underscore does not.
WORDS = {
    r"wish(?:es|ed)?": "Desired…, desired",
    r"ways?[ _]?back": "rollback",
    r"(?:take|takes|taken|taking|took)(?:[ _]\w+){0,4}?[ _]back": "restore, roll back",
    r"former(?:ly)?": "previous, backup",
    r"the (?:keys?|values?|settings?) before": "previous",
    r"(?:un)?prov(?:e|es|ed|en|ing)": "verify, verified, unverified",
    r"proofs?": "verification",
    r"links? holds?": "all N checks passed",
    r"came: that": "actual: as expected",
    r"dismantl\w*": "decommission",
    r"retire_bucket": "bucket/retire, retire_key",
    r"outcomes?": "result",
    r"in words": "describe",
    # Two things are told apart, and a server tells browsers to do something.
    r"(?:tells|told)(?!(?: \w+)? (?:apart|to)\b)": "describe, say, message",
    r"shown": "displayed",
    r"noted": "grouped, recorded",
    r"mend(?:s|ed|ing)?": "fix",
    r"bites?": "catch",
    # What somebody or an option accepts; other things take time, or effect.
    r"(?:S3|AWS|IAM|AMS|AWX|KMS|CloudFront|server|store|application) takes(?! some)": "allows, accepts",
    r"takes (?:true or|a bucket|a number|a whole|text,|a list|a dictionary|no more)": "must be, allows",
    r"(?:is|are) none of": "must be one of",
    r"as wanted": "no change needed",
    r"still to be made": "does not exist yet",
    r"foreign": "someone else's",
    r"(?:a|an|another|at|each|every|no|of|other|the|this) stores?": "provider, key store or bucket",
    # A question and "is there a …" are English.
    r"(?:are|is|was|were|what is) there(?! (?:a|an|any|no)\b)": "exists, has",
    # Not for a way: goes to, goes through.
    r"(?<!request )goes(?= (?:as|at|earlier|of|with)\b|[,.;:)\"]| =)": "is deleted, needs",
    r"hand(?:s|ed|ing)?[ _]on": "publish",
    r"asked for": "requested, desired",
    r"(?<!back )further": "more, other",
    r"of the user's own": "the user's",
    r"at AWS": "on AWS",
    r"lets? in": "allow",
    r"as \w+ takes it": "as … accepts it",
    r"the like": "name the things",
    r"nothing else of": "only",
    r"of before": "previous, from before the run",
    r"anew": "again",
}
# As the name of a class or of anything else in Python.
NAMES = {
    "Asked": "UploadTarget",
    "Keeping": "BucketConfig",
    "Known": "Evidence",
    "Making": "Reservation",
    "Manner": "ApplyOptions",
    "Situation": "KeyState",
}
# The docstring of a function says what it returns or does. It is no part of a sentence.
PARTS = re.compile(
    r"(?:How|Of|What|When|Where|Whether|Which|Who|Why)\b|The (?:\w+ ){1,4}(?:that|which|who)\b"
)
# Public names. They are cut out of a line before it is searched.
PUBLIC_NAMES = (
    r"(?<=\W)shown(?=[:'\"])|s3_recording_awx_further_credentials",  # a result, a variable of a role
    # Refused with the new one.
    r"(?<=\")(?:change_foreign_access|outcomes)(?=\": )",
    r"The entry point dismantle is now called \w+|name: dismantle \|",
)
PUBLIC = re.compile("|".join(PUBLIC_NAMES))


@cache
def lines() -> list[tuple[str, str]]:
    """Return each line with its place."""
    paths = [path for place in PLACES for path in sorted([REPO / place, *(REPO / place).rglob("*")])]
    return [
        (f"{path.relative_to(REPO)}:{number}", PUBLIC.sub("", line))
        for path in paths
        # The index repeats what stands in the files.
        if path.suffix in TEXTS and path.is_file() and path.name != "FILES.md"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    ]


def python_files() -> list[Path]:
    return sorted((REPO / "plugins").rglob("*.py"))


def found(pattern: str) -> list[str]:
    word = re.compile(rf"(?<![a-z])(?:{pattern})(?![a-z])", re.IGNORECASE)
    return [f"{place}: {line.strip()}" for place, line in lines() if word.search(line)]


@pytest.mark.parametrize("pattern", WORDS)
def test_a_word_that_has_a_better_one(pattern: str) -> None:
    hits = found(pattern)
    assert not hits, f"write {WORDS[pattern]}:\n" + "\n".join(hits)


def names(path: Path) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.NAME and token.string.lstrip("_") in NAMES:
            instead = NAMES[token.string.lstrip("_")]
            yield f"{path.relative_to(REPO)}:{token.start[0]}: {token.string}, write {instead}"


def test_names_of_classes() -> None:
    hits = [hit for path in python_files() for hit in names(path)]
    assert not hits, "\n".join(hits)


def docstrings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            text = (ast.get_docstring(node) or "").partition("\n")[0]
            if PARTS.match(text):
                yield f"{path.relative_to(REPO)}:{node.body[0].lineno}: {text}"


def test_docstrings_say_what_a_function_returns_or_does() -> None:
    hits = [hit for path in python_files() for hit in docstrings(path)]
    assert not hits, "\n".join(hits)
