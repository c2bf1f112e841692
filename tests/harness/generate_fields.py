# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the table of plugins/module_utils/_ams/fields.py from ams_settings_by_release.json.

Run it after a release was added to the JSON file: python -m tests.harness.generate_fields
"""

from __future__ import annotations

import json
import pprint
import textwrap
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "stand_ins" / "ams_settings_by_release.json"
TARGET = HERE.parents[1] / "plugins" / "module_utils" / "_ams" / "fields.py"
BEGIN, END = "# Generated: begin\n", "# Generated: end\n"
RANDOM = "<random per server>"


def literal(value: Any) -> str:
    return "RANDOM" if value == RANDOM else json_to_python(value)


def json_to_python(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    lines = pprint.pformat(value, width=70).splitlines()
    # Under its opening bracket, in the column that row puts it in.
    return "\n".join([lines[0], *(" " * len('        ("2.12.0", ') + line for line in lines[1:])])


def row(name: str, field: dict[str, Any]) -> str:
    defaults = ", ".join(f'("{release}", {literal(value)})' for release, value in field["default_from"])
    head = f'    "{name}": ("{field["first_seen"]}", "{field["last_seen"]}", '
    line = f"{head}({defaults},)),\n"
    if len(line) <= 110:
        return line
    pairs = "".join(f'        ("{release}", {literal(value)}),\n' for release, value in field["default_from"])
    return f"{head}(\n{pairs}    )),\n"


def table(source: dict[str, Any]) -> str:
    releases = textwrap.fill(", ".join(f'"{release}"' for release in source["releases"]), 100)
    releases = textwrap.indent(releases, "    ").strip()
    rows = "".join(row(name, field) for name, field in sorted(source["fields"].items()))
    kind = "dict[str, tuple[str, str, tuple[tuple[str, Any], ...]]]"
    return f"{BEGIN}RELEASES = (\n    {releases},\n)\nFIELDS: {kind} = {{\n{rows}}}\n{END}"


def generate(text: str, source: dict[str, Any]) -> str:
    before, rest = text.split(BEGIN)
    return before + table(source) + rest.split(END)[1]


def main() -> None:
    TARGET.write_text(generate(TARGET.read_text(), json.loads(SOURCE.read_text())))


if __name__ == "__main__":
    main()
