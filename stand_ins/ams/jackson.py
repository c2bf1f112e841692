# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JSON as the server's parser takes it: what it accepts, and what it says when it does not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

ANY_VALUE = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
LIMITS = {"int": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
AS_IT_IS: dict[str, type] = {"boolean": bool, "String": str, "map": dict, "list": list}
NOT_A_DIGIT = "in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value"
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
    """Where in the body; the parser hides the body itself."""
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return (
        "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); "
        f"line: {line}, column: {column}]"
    )


def parse(body: bytes) -> tuple[Any, str]:
    """The value and the text it was read from; an empty body is None, as the server takes it."""
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
    except ValueError:
        _Scanner(text).explain()


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError


class _Scanner:
    """Reads a broken text again, to say what the server's parser says about it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def explain(self) -> NoReturn:
        self.value(root=True)
        self.blanks()
        if self.here() in "}]":
            start = f"(for root starting at {source(self.text, 0).rsplit(',', 1)[0]}])"
            self.fail(f"Unexpected close marker '{self.here()}': expected ']' {start}", self.at)
        self.value(root=True)
        self.fail("Trailing token found after value", self.at)

    def fail(self, message: str, position: int) -> NoReturn:
        raise BadJsonError(f"{message}\n at {source(self.text, position)}")

    def ended(self, message: str) -> None:
        if self.at >= len(self.text):
            self.fail(f"Unexpected end-of-input{message}", len(self.text))

    def unexpected(self, message: str) -> NoReturn:
        self.fail(f"Unexpected character ('{self.here()}' (code {ord(self.here())})){message}", self.at)

    def here(self) -> str:
        return self.text[self.at : self.at + 1] or "]"

    def blanks(self) -> None:
        while self.text[self.at : self.at + 1] in {" ", "\t", "\r", "\n"}:
            self.at += 1

    def value(self, *, root: bool = False) -> None:
        self.blanks()
        readers: dict[str, Callable[[], None]] = {"{": self.object, "[": self.array, '"': self.string}
        if self.here() in readers:
            readers[self.here()]()
        elif self.here() in "-0123456789":
            self.number()
        elif self.here().isalpha():
            self.word()
        elif self.here() in "}]" and not root:
            self.unexpected(": expected a value")
        else:
            self.unexpected(f": expected a valid value {ANY_VALUE}")

    def word(self) -> None:
        found = re.compile(r"\w+").match(self.text, self.at)
        word = found[0] if found else ""
        start, self.at = self.at, self.at + len(word)
        if word in {"true", "false", "null"}:
            return
        if word in {"NaN", "Infinity"}:
            message = (
                f"Non-standard token '{word}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow"
            )
            self.fail(message, start + len(word))
        beyond = 0 if self.at == len(self.text) else 1
        self.fail(f"Unrecognized token '{word}': was expecting {ANY_VALUE}", self.at + beyond)

    def number(self) -> None:
        if self.here() == "-":
            self.at += 1
            if not self.here().isdigit():
                self.unexpected(f" {NOT_A_DIGIT}")
        if re.compile(r"0\d").match(self.text, self.at):
            self.fail("Invalid numeric value: Leading zeroes not allowed", self.at + 1)
        self.digits()
        if self.text[self.at : self.at + 1] == ".":
            self.at += 1
            if not self.here().isdigit():
                self.unexpected(" in numeric value: Decimal point not followed by a digit")
            self.digits()
        found = re.compile(r"[eE][+-]?\d+").match(self.text, self.at)
        self.at = found.end() if found else self.at

    def digits(self) -> None:
        while self.text[self.at : self.at + 1].isdigit():
            self.at += 1

    def string(self, what: str = "VALUE_STRING") -> None:
        self.at += 1
        while self.text[self.at : self.at + 1] != '"':
            self.ended(f" in {what}")
            if self.here() < " ":
                code = f"((CTRL-CHAR, code {ord(self.here())}))"
                self.fail(
                    f"Illegal unquoted character {code}: has to be escaped using backslash"
                    " to be included in string value",
                    self.at,
                )
            if self.here() == "\\":
                self.at += 1
                if self.here() not in '"\\/bfnrtu':
                    message = f"Unrecognized character escape '{self.here()}' (code {ord(self.here())})"
                    self.fail(message, self.at)
            self.at += 1
        self.at += 1

    def object(self) -> None:
        self.entries("Object", "}", self.member)

    def array(self) -> None:
        self.entries("Array", "]", self.value)

    def entries(self, kind: str, close: str, entry: Callable[[], None]) -> None:
        start = self.at
        marker = f": expected close marker for {kind} (start marker at {source(self.text, start)})"
        self.at += 1
        self.blanks()
        self.ended(marker)
        if self.here() == close:
            self.at += 1
            return
        while True:
            entry()
            self.blanks()
            self.ended(marker)
            if self.here() == close:
                self.at += 1
                return
            self.separator(kind, close, start)

    def separator(self, kind: str, close: str, start: int) -> None:
        if self.here() in "}]":
            begun = f"(for {kind} starting at {source(self.text, start)})"
            self.fail(f"Unexpected close marker '{self.here()}': expected '{close}' {begun}", self.at)
        if self.here() != ",":
            self.unexpected(f": was expecting comma to separate {kind} entries")
        self.at += 1
        self.blanks()
        self.ended(f" within/between {kind} entries")

    def member(self) -> None:
        if self.here() != '"':
            self.unexpected(": was expecting double-quote to start field name")
        self.string("field name")
        self.blanks()
        self.ended(" within/between Object entries")
        if self.here() != ":":
            self.unexpected(": was expecting a colon to separate field name and value")
        self.at += 1
        self.blanks()
        self.ended(" within/between Object entries")
        self.value()


# --- from JSON to the types of a Java class


class Binder:
    """Gives the fields of one class what a parsed object holds for them."""

    def __init__(self, java_class: str, text: str) -> None:
        self.java_class = java_class
        self.text = text
        self.field = ""

    def object(self, value: Any) -> dict[str, Any]:
        """The whole body; anything but an object is refused."""
        if isinstance(value, dict):
            return value
        where = f"\n at {source(self.text, 0)}"
        if isinstance(value, list):
            told = "from Array value (token `JsonToken.START_ARRAY`)"
            raise BadJsonError(f"Cannot deserialize value of type `{self.java_class}` {told}{where}")
        kind, told = _scalar(value)
        raise BadJsonError(
            f"Cannot construct instance of `{self.java_class}` (although at least one Creator exists): "
            f"no {kind}-argument constructor/factory method to deserialize from {told}{where}"
        )

    def fail(self, message: str, *, after: int = 0) -> NoReturn:
        found = re.search(rf'"{re.escape(self.field)}"\s*:\s*', self.text)
        place = source(self.text, (found.end() if found else 0) + after)
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
            return self.integer(kind, LIMITS[kind], value)
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

    def integer(self, java_type: str, limits: tuple[int, int], value: Any) -> int:
        if isinstance(value, str):
            return self.integer_of_text(java_type, limits, value)
        if isinstance(value, (bool, list, dict)):
            self.wrong_type(java_type, value)
        number = int(value or 0)
        if not limits[0] <= number <= limits[1]:
            told = f"out of range of {java_type} ({limits[0]} - {limits[1]})"
            self.fail(f"Numeric value ({number}) {told}", after=len(str(number)))
        return number

    def integer_of_text(self, java_type: str, limits: tuple[int, int], value: str) -> int:
        if value.strip() in {"", "null"}:
            return 0
        told = f'Cannot deserialize value of type `{java_type}` from String "{value}"'
        if not re.fullmatch(r"[+-]?\d+", value.strip()):
            self.fail(f"{told}: not a valid `{java_type}` value")
        number = int(value)
        if not limits[0] <= number <= limits[1]:
            over = f"out of range of {java_type} ({limits[0]} -{limits[1]})"
            self.fail(f"{told}: Overflow: numeric value ({value}) {over}")
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
        if value is None or isinstance(value, dict):
            return value
        if not isinstance(value, str):
            self.wrong_type("java.util.LinkedHashMap<java.lang.String,java.lang.Object>", value)
        java_type = "`java.util.LinkedHashMap`"
        if value:
            self.fail(
                f"Cannot construct instance of {java_type} (although at least one Creator exists): "
                f"no String-argument constructor/factory method to deserialize from String value ('{value}')"
            )
        could = "(but could if coercion was enabled using `CoercionConfig`)"
        return self.fail(f'Cannot coerce empty String ("") to element of {java_type} {could}')

    def list(self, value: Any) -> list[Any] | None:
        if value is not None and not isinstance(value, list):
            self.wrong_type("java.util.ArrayList<io.antmedia.EncoderSettings>", value)
        return value


def _scalar(value: Any) -> tuple[str, str]:
    if isinstance(value, bool):
        return "boolean/Boolean", f"boolean value ({str(value).lower()})"
    if isinstance(value, str):
        return "String", f"String value ('{value}')"
    kind = "double/Double" if isinstance(value, float) else "int/Int"
    return kind, f"Number value ({value})"
