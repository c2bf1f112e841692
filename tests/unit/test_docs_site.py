# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The guides name what there is, the page of errors has all of them, and broken links are found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Member
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.plan import plan_fleet
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.variables import intent_of

from tests import docs_errors, docs_site
from tests.harness.collection_index import REPO, guide_blocks, names_of, variables

OF_THE_TEXT = {"bucket": {"delivery": "cloudfront"}, "other_providers": {"region": ""}}
GUIDES = sorted((REPO / "docs" / "docsite" / "rst").glob("*.rst"))


def test_every_guide_is_in_the_contents() -> None:
    sections = yaml.safe_load((REPO / "docs/docsite/extra-docs.yml").read_text(encoding="utf-8"))["sections"]
    listed = [name for section in sections for name in section["toctree"]]
    assert sorted(listed) == [path.stem for path in GUIDES]


def test_every_file_of_the_collection_that_a_guide_names_is_shipped() -> None:
    """A guide built its image from a file that the collection did not have."""
    ignored = yaml.safe_load((REPO / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"]
    texts = [path.read_text(encoding="utf-8") for path in GUIDES]
    named = {each for text in texts for each in re.findall(r"(?<![\w/])(?:awx|docs)/[\w./-]*\w", text)}
    assert {"awx/execution-environment.yml", "docs/policies"} <= named
    assert [each for each in named if not (REPO / each).exists() or each.split("/")[0] in ignored] == []


def test_no_text_says_that_hosts_beside_the_play_take_part() -> None:
    """Folders and origins are those of the play's hosts, and were said to be of the whole inventory."""
    sources = [path for kind in ("*.py", "*.yml") for path in (REPO / "plugins").rglob(kind)]
    said = re.compile(r"whole\s+inventory|gathered\s+from\s+the\s+inventory")
    texts = [*GUIDES, REPO / "roles/s3_recording/meta/argument_specs.yml", *sources]
    assert [path.name for path in texts if said.search(path.read_text(encoding="utf-8"))] == []


# tests/e2e/test_awx_setup.py runs the commands of this one.
OF_AWX = [path for path in GUIDES if path.stem == "awx"]


@pytest.mark.parametrize("guide", [path for path in GUIDES if path not in OF_AWX], ids=lambda path: path.stem)
def test_every_command_is_run_as_one_of_readme(guide: Path) -> None:
    lines = {line for block in guide_blocks(guide, "console") for line in block.splitlines() if line}
    readme = (REPO / "README.md").read_text(encoding="utf-8")
    assert lines <= {re.sub(r"\s+#.*", "", line).strip() for line in readme.splitlines()}


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
class TestGuides:
    def test_every_variable_exists(self, guide: Path) -> None:
        named = re.findall(r"(?<![\w.])s3_recording_[a-z0-9_]+", guide.read_text(encoding="utf-8"))
        assert set(named) <= variables() | names_of("plugins/modules")

    def test_every_playbook_and_plugin_exists(self, guide: Path) -> None:
        text = guide.read_text(encoding="utf-8")
        playbooks = set(re.findall(r"``(\w+)\.yml``", text)) | set(
            re.findall(r"(?:hosts\.yml) antmedia\.s3_recording\.(\w+)", text)
        )
        assert playbooks <= names_of("playbooks", "yml")
        plugins = set(re.findall(r":ansplugin:`antmedia\.s3_recording\.(\w+)#module`", text))
        assert plugins <= names_of("plugins/modules")

    def test_every_intent_can_work(self, guide: Path) -> None:
        for block in guide_blocks(guide, "yaml"):
            given = yaml.safe_load(block)
            given = given["all"]["vars"] if "all" in given else given
            values = {name.removeprefix("s3_recording_"): value for name, value in given.items()}
            # What a block leaves out is told before it, or in another guide.
            values = {
                "bucket": "myvideos",
                "region": "eu-central-1",
                **OF_THE_TEXT.get(guide.stem, {}),
                **values,
            }
            values["secret_given"] = "secret_access_key" in values
            intent = intent_of(values, "ams1.example.com")
            assert plan_fleet([Member("ams1.example.com", intent, True)])["problems"] == []


# What users meet first, each made by another way: by a class, by a function around it, by a plain exception.
TOLD = (
    "the e-mail address or the password is wrong",
    "the account is blocked after too many wrong passwords",
    "the server has no such application",
    "is stored, but inactive in IAM",
    "whose secret cannot be read again",
    "the connection to PLACE was refused",
    "which overrides the bucket",
    "Run storage.yml first, it makes the key",
    "must be true or false",
    "has more than one \\*, S3 allows one",
    "The access key could not be read, and no server of this batch was touched",
    "The plan has problems, listed above",
    "There is drift, listed above",
    "This server failed. The result says why",
    "Others did not answer in time. Leave those out",
    "it is not deployed everywhere after",
    "The bucket has no CORS rules",
    "s3\\_recording\\_rollback\\_run is not set",
)


@pytest.fixture(scope="module")
def page() -> str:
    return docs_errors.page()


@pytest.mark.parametrize("told", TOLD)
def test_the_page_of_errors_has_what_users_meet(page: str, told: str) -> None:
    assert told in page


def test_the_page_of_errors_has_every_call_that_makes_one() -> None:
    """Counted in another way than the page does it: by the text of the code and not by its tree."""
    classes = (*docs_errors.CLASSES, *docs_errors.PLAIN)
    makes = re.compile(rf"(?<!class )\b(?:{'|'.join(classes)}|now\.error|before\.error)\(\s*[^)\s]")
    texts = {path: path.read_text(encoding="utf-8") for path in (REPO / "plugins").rglob("*.py")}
    counted = sum(len(makes.findall(text)) for text in texts.values())
    client = texts[REPO / "plugins/module_utils/_ams/client.py"]
    counted += len(re.findall(r"self\._error\(", client))
    # The error inside of AmsClient._error and of Situation.error, which only hand on what they are given.
    assert len(docs_errors.errors()) == counted - 2


def test_a_text_does_not_leave_its_function() -> None:
    (told,) = [each for each in docs_errors.errors() if "no such application" in " ".join(each.parts)]
    assert told.parts[0] == "TRIED"


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<h1 id="top">A</h1><a href="b.html#here">b</a><a href="#top">a</a>')
    (tmp_path / "b.html").write_text('<p id="here"></p><a href="c.html">c</a><a href="a.html#gone">a</a>')
    assert docs_site.broken_links(tmp_path) == ["b.html: a.html#gone", "b.html: c.html"]
