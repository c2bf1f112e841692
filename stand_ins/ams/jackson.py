# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JSON as the server's parser accepts it, and its errors where tests compare them with the real server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

ANY_VALUE = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
CLOSE = {"Object": "}", "Array": "]"}
# By a part of Python's own message.
EXPECTED = {
    "property name": "was expecting double-quote to start field name",
    "':'": "was expecting a colon to separate field name and value",
    "','": "was expecting comma to separate Object entries",
}
LIMITS = {"int": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
AS_IT_IS: dict[str, type] = {"boolean": bool, "String": str, "map": dict, "list": list}
TOKENS: dict[type, tuple[str, str]] = {
    list: ("Array value", "START_ARRAY"),
    dict: ("Object value", "START_OBJECT"),
    float: ("Floating-point value", "VALUE_NUMBER_FLOAT"),
    int: ("Integer value", "VALUE_NUMBER_INT"),
    str: ("String value", "VALUE_STRING"),
}


class BadJsonError(Exception):
    """The body is refused with status 400 and this text."""


class RawFloat(float):
    """A number with a fraction, and how it was written: a text field keeps that."""

    raw: str

    def __new__(cls, raw: str) -> RawFloat:
        number = super().__new__(cls, raw)
        number.raw = raw
        return number


def source(text: str, position: int) -> str:
    """Return the place in the body as the parser names it; it hides the body itself."""
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return (
        "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); "
        f"line: {line}, column: {column}]"
    )


def parse(body: bytes) -> tuple[Any, str]:
    """Return the value and the text it was read from. An empty body is None, as for the server."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        known = body[: error.start].decode()
        raise BadJsonError(
            f"Invalid UTF-8 start byte 0x{body[error.start]:x}\n at {source(known, len(known))}"
        ) from None
    if not text.strip():
        return None, text
    try:
        return json.loads(text, parse_float=RawFloat, parse_constant=_refuse_constant), text
    except json.JSONDecodeError as error:
        raise BadJsonError(_explain(text, error)) from None
    except ValueError as error:  # a number with thousands of digits
        raise BadJsonError(str(error)) from None


def _refuse_constant(name: str) -> NoReturn:
    raise BadJsonError(f"Non-standard token '{name}'")


def _explain(text: str, error: json.JSONDecodeError) -> str:
    """Return what the server's parser says about the first mistake of a text, and where that is."""
    at, mistake = _mistake(text, error)
    opened = _opened(text[:at])
    if mistake.startswith("Unterminated string"):
        is_name = _kind(text, opened) == "Object" and text[:at].rstrip()[-1:] in "{,"
        said, at = f"in {'field name' if is_name else 'VALUE_STRING'}", len(text)
    elif at == len(text) and opened:
        said = _unfinished(text, mistake, opened)
    else:
        said, at = _unexpected(text, at, mistake, opened)
        return f"{said}\n at {source(text, at)}"
    return f"Unexpected end-of-input{'' if said[0] == ':' else ' '}{said}\n at {source(text, at)}"


def _mistake(text: str, error: json.JSONDecodeError) -> tuple[int, str]:
    """Return place and message of an error; Python 3.13 has one of its own for a comma before the end."""
    if not error.msg.startswith("Illegal trailing comma"):
        return error.pos, error.msg
    at = len(text) - len(text[error.pos + 1 :].lstrip())
    return at, "Expecting property name" if "object" in error.msg else "Expecting value"


def _kind(text: str, opened: list[int]) -> str:
    return "Object" if opened and text[opened[-1]] == "{" else "Array"


def _unfinished(text: str, mistake: str, opened: list[int]) -> str:
    kind = _kind(text, opened)
    if text.rstrip()[-1:] in ",:" or "':'" in mistake:
        return f"within/between {kind} entries"
    return f": expected close marker for {kind} (start marker at {source(text, opened[-1])})"


def _unexpected(text: str, at: int, mistake: str, opened: list[int]) -> tuple[str, int]:
    here = text[at : at + 1] or "]"
    word = re.compile(r"[^\W\d]\w*").match(text, at)
    if word:
        end = word.end()
        return f"Unrecognized token '{word[0]}': was expecting {ANY_VALUE}", end + (end < len(text))
    if mistake.startswith("Invalid control character"):
        code = f"((CTRL-CHAR, code {ord(here)}))"
        return f"Illegal unquoted character {code}: has to be escaped using backslash to be included", at
    if "','" in mistake and here in "}]":
        kind = _kind(text, opened)
        begun = f"(for {kind} starting at {source(text, opened[-1])})"
        return f"Unexpected close marker '{here}': expected '{CLOSE[kind]}' {begun}", at
    if "','" in mistake and re.match(r"0\d", text[at - 1 :]):
        return "Invalid numeric value: Leading zeroes not allowed", at
    otherwise = "expected a value" if here in "}]" and opened else f"expected a valid value {ANY_VALUE}"
    expected = next((said for part, said in EXPECTED.items() if part in mistake), otherwise)
    return f"Unexpected character ('{here}' (code {ord(here)})): {expected}", at


def _opened(text: str) -> list[int]:
    """Return where the objects and arrays start that this beginning of a text leaves open."""
    opened: list[int] = []
    for found in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text):
        if found[0] in "[{":
            opened.append(found.start())
        elif found[0] in "]}" and opened:
            opened.pop()
    return opened


# --- from JSON to the types of a Java class


class Binder:
    """Gives the fields of one class what a parsed object holds for them."""

    def __init__(self, java_class: str, text: str) -> None:
        self.java_class = java_class
        self.text = text
        self.field = ""

    def object(self, value: Any) -> dict[str, Any]:
        """Return the body, which must be an object."""
        if isinstance(value, dict):
            return value
        where = f"\n at {source(self.text, 0)}"
        if isinstance(value, list):
            told = "from Array value (token `JsonToken.START_ARRAY`)"
            raise BadJsonError(f"Cannot deserialize value of type `{self.java_class}` {told}{where}")
        is_text = isinstance(value, str)
        kind, told = (
            ("String", f"String value ('{value}')") if is_text else ("int/Int", f"Number value ({value})")
        )
        raise BadJsonError(
            f"Cannot construct instance of `{self.java_class}` (although at least one Creator exists): "
            f"no {kind}-argument constructor/factory method to deserialize from {told}{where}"
        )

    def fail(self, message: str) -> NoReturn:
        found = re.search(rf'"{re.escape(self.field)}"\s*:\s*', self.text)
        place = source(self.text, found.end() if found else 0)
        chain = f'(through reference chain: {self.java_class}["{self.field}"])'
        raise BadJsonError(f"{message}\n at {place} {chain}")

    def wrong_type(self, java_type: str, value: Any) -> NoReturn:
        if isinstance(value, bool):
            told, token = "Boolean value", f"VALUE_{str(value).upper()}"
        else:
            told, token = next(named for kind, named in TOKENS.items() if isinstance(value, kind))
        self.fail(f"Cannot deserialize value of type `{java_type}` from {told} (token `JsonToken.{token}`)")

    def bind(self, field: str, kind: str, value: Any) -> Any:
        # Nearly all values of a body that was read from the server fit as they are.
        if value.__class__ is AS_IT_IS.get(kind):
            return value
        self.field = field
        if kind in LIMITS:
            return self.integer(kind, value)
        binders: dict[str, Callable[[Any], Any]] = {
            "boolean": self.boolean,
            "float": self.floating,
            "String": self.string,
            "map": self.map,
            "list": self.list,
        }
        return binders[kind](value)

    def boolean(self, value: Any) -> bool:
        if value is None or isinstance(value, bool):
            return bool(value)
        if isinstance(value, int):
            return value != 0
        if not isinstance(value, str):
            self.wrong_type("boolean", value)
        known = {"true": True, "True": True, "TRUE": True, "": False, "null": False}
        known |= {"false": False, "False": False, "FALSE": False}
        if value.strip() not in known:
            only = 'only "true"/"True"/"TRUE" or "false"/"False"/"FALSE" recognized'
            self.fail(f'Cannot deserialize value of type `boolean` from String "{value}": {only}')
        return known[value.strip()]

    def integer(self, java_type: str, value: Any) -> int:
        if isinstance(value, (bool, list, dict)):
            self.wrong_type(java_type, value)
        if isinstance(value, str):
            value = "" if value.strip() in {"", "null"} else value
            if value and not re.fullmatch(r"\s*[+-]?\d+\s*", value):
                told = f'Cannot deserialize value of type `{java_type}` from String "{value}"'
                self.fail(f"{told}: not a valid `{java_type}` value")
        number, (least, most) = int(value or 0), LIMITS[java_type]
        if not least <= number <= most:
            self.fail(f"Numeric value ({number}) out of range of {java_type} ({least} - {most})")
        return number

    def floating(self, value: Any) -> float:
        if isinstance(value, (bool, list, dict)):
            self.wrong_type("float", value)
        try:
            return float(value or 0)
        except ValueError:
            self.fail(
                f'Cannot deserialize value of type `float` from String "{value}": not a valid `float` value'
            )

    def string(self, value: Any) -> str | None:
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, (list, dict)):
            self.wrong_type("java.lang.String", value)
        return value.raw if isinstance(value, RawFloat) else str(value)

    def map(self, value: Any) -> dict[str, Any] | None:
        if value is not None and not isinstance(value, dict):
            self.wrong_type("java.util.LinkedHashMap<java.lang.String,java.lang.Object>", value)
        return value

    def list(self, value: Any) -> list[Any] | None:
        if value is not None and not isinstance(value, list):
            self.wrong_type("java.util.ArrayList<io.antmedia.EncoderSettings>", value)
        return value
