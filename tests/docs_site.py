# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build the documentation: pages of every plugin and of the role from the code, and the guides.

python -m tests.docs_site

Warnings fail it, and so does a link that leads nowhere inside the site.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

from tests import docs_errors
from tests.run import NAME, copied_tree, environment, where

REPO = Path(__file__).resolve().parents[1]
SITE = REPO / "build" / "docs"
CONF = """\
project = "antmedia.s3_recording"
copyright = "antmedia.s3_recording contributors"
extensions = ["sphinx_antsibull_ext"]
html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
html_use_smartypants = True
html_theme_options = {"vcs_pageview_mode": "edit"}
pygments_style = "ansible"
highlight_language = "YAML+Jinja"


# Labels of Ansible's own documentation, of which nothing is fetched. Any other that is missing is a warning.
def of_ansible(app, env, node, content):
    import re

    from docutils import nodes

    pages = {
        "action_plugins": "plugins/action.html",
        "common_return_values": "reference_appendices/common_return_values.html",
        "ansible_configuration_settings": "reference_appendices/config.html",
    }
    label = node.get("reftarget", "")
    theirs = r"ansible_collections\\.(amazon\\.aws|ansible\\.builtin)\\.(\\w+_(?:module|lookup))"
    plugin = re.fullmatch(theirs, label)
    page = pages.get(label) or (plugin and f"collections/{plugin[1].replace('.', '/')}/{plugin[2]}.html")
    if page:
        return nodes.reference("", "", content, refuri=f"https://docs.ansible.com/ansible/latest/{page}")


def setup(app):
    app.connect("missing-reference", of_ansible)
"""


class Page(HTMLParser):
    """The links of a page, and the anchors that others can lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            self.links.add(str(given["href"]))
        self.anchors.update(str(given[name]) for name in ("id", "name") if given.get(name))


def broken_links(site: Path) -> list[str]:
    """Return links inside the site that lead to no page or to no place of it."""
    pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    found = []
    for path, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            there = target.exists() if target not in pages else _has(pages[target], parts.fragment)
            if not there:
                found.append(f"{path.relative_to(site.resolve())}: {link}")
    return found


def _has(page: Page, fragment: str) -> bool:
    return not fragment or unquote(fragment) in page.anchors


def build(site: Path = SITE) -> int:
    """Build the site; the exit code."""
    with copied_tree() as tree, tempfile.TemporaryDirectory(prefix="docs-") as scratch:
        pages = Path(scratch, "rst")
        pages.mkdir()
        (pages / "conf.py").write_text(CONF, encoding="utf-8")
        _add_errors(tree / "docs" / "docsite")
        generate = [_tool("antsibull-docs"), "collection", "--use-current", "--squash-hierarchy"]
        generate += ["--fail-on-error", "--dest-dir", str(pages), NAME]
        ceiling = {"GIT_CEILING_DIRECTORIES": str(Path(sys.prefix).resolve())}
        env = environment(**where(tree), **ceiling)
        env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env["PATH"]])
        shutil.rmtree(site, ignore_errors=True)
        turn = [_tool("sphinx-build"), "-q", "-W", "--keep-going", "-b", "html", str(pages), str(site)]
        for command in (generate, turn):
            code = subprocess.run(
                command, cwd=tree, env=env, stdin=subprocess.DEVNULL, check=False
            ).returncode
            if code:
                return code
    broken = broken_links(site)
    for each in broken:
        print(f"leads nowhere: {each}")
    print(f"{len(list(site.rglob('*.html')))} pages, {len(broken)} broken links: {site / 'index.html'}")
    return int(bool(broken))


def _add_errors(docsite: Path) -> None:
    """Put the page of the errors, which is made of the code, beside the guides."""
    (docsite / "rst" / "errors.rst").write_text(docs_errors.page(), encoding="utf-8")
    listed = docsite / "extra-docs.yml"
    known = yaml.safe_load(listed.read_text(encoding="utf-8"))
    known["sections"][0]["toctree"].append("errors")
    listed.write_text(yaml.safe_dump(known), encoding="utf-8")


def _tool(name: str) -> str:
    path = Path(sys.executable).parent / name
    if not path.exists():
        sys.exit(f"{name} is missing: make venv")
    return str(path)


if __name__ == "__main__":
    sys.exit(build())
