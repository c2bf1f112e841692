# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the server says to a body that it cannot read; its text tells a user which field is wrong."""

from __future__ import annotations

import json

import pytest

from tests.contract.client import Client

VALUE = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
OPEN_OBJECT = "Unexpected end-of-input: expected close marker for Object (start marker at {})"
LEADING = "Invalid numeric value: Leading zeroes not allowed"
FROM = "Cannot deserialize value of type"
BOOLEAN = 'only "true"/"True"/"TRUE" or "false"/"False"/"FALSE" recognized'
ARRAY = "from Array value (token `JsonToken.START_ARRAY`)"
OBJECT = "from Object value (token `JsonToken.START_OBJECT`)"
STRING = "from String value (token `JsonToken.VALUE_STRING`)"
LIST = "`java.util.ArrayList<io.antmedia.EncoderSettings>`"
MAP = "`java.util.LinkedHashMap<java.lang.String,java.lang.Object>`"


def source(line: int, column: int) -> str:
    hidden = "`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled"
    return f"[Source: REDACTED ({hidden}); line: {line}, column: {column}]"


def refused(admin: Client, body: object) -> str:
    before = admin.settings("live")
    reply = admin.post("live", body)
    assert (reply.status, reply.kind, reply.headers["Connection"]) == (400, "text/plain", "close")
    assert admin.settings("live") == before
    return reply.text


@pytest.mark.parametrize(
    ("body", "message", "column"),
    [
        ("{", OPEN_OBJECT.format(source(1, 1)), 2),
        ('{"a":12', OPEN_OBJECT.format(source(1, 1)), 8),
        ('{"a":{', OPEN_OBJECT.format(source(1, 6)), 7),
        ('{"a"', "Unexpected end-of-input within/between Object entries", 5),
        ('{"a":1,', "Unexpected end-of-input within/between Object entries", 8),
        ('{"a":[1,', "Unexpected end-of-input within/between Array entries", 9),
        ('{"a":1,"b', "Unexpected end-of-input in field name", 10),
        ('{"a":"x', "Unexpected end-of-input in VALUE_STRING", 8),
        ('{"a":}', "Unexpected character ('}' (code 125)): expected a value", 6),
        (
            "{'a':1}",
            "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
            2,
        ),
        (
            '{"a":1,}',
            "Unexpected character ('}' (code 125)): was expecting double-quote to start field name",
            8,
        ),
        (
            '{"a" 1}',
            "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
            6,
        ),
        (
            '{"a":1 "b":2}',
            "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries",
            8,
        ),
        ('{"a":1]', f"Unexpected close marker ']': expected '}}' (for Object starting at {source(1, 1)})", 7),
        ("<x/>", f"Unexpected character ('<' (code 60)): expected a valid value {VALUE}", 1),
        ("nul", f"Unrecognized token 'nul': was expecting {VALUE}", 4),
        ('{"a":tru}', f"Unrecognized token 'tru': was expecting {VALUE}", 10),
        ('{"a":01}', LEADING, 7),
    ],
)
def test_broken_json(admin: Client, body: str, message: str, column: int) -> None:
    assert refused(admin, body) == f"{message}\n at {source(1, column)}"


def test_json_with_something_after_it(admin: Client) -> None:
    whole = json.dumps(admin.settings("live"))
    assert refused(admin, whole + "x").startswith("Unrecognized token 'x'")


def test_a_body_in_another_encoding(admin: Client) -> None:
    text = refused(admin, '{"s3BucketName": "bücket"}'.encode("latin-1"))
    assert text.startswith("Invalid UTF-8 start byte 0xfc\n at [Source: ")


def test_a_control_character_in_a_text(admin: Client) -> None:
    text = refused(admin, '{"a":"\n"}')
    assert text.startswith(
        "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash"
    )


CONSTRUCT = (
    "Cannot construct instance of `io.antmedia.AppSettings` (although at least one Creator exists):"
    " no {}-argument constructor/factory method to deserialize from {}"
)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[]", f"{FROM} `io.antmedia.AppSettings` {ARRAY}"),
        ('"x"', CONSTRUCT.format("String", "String value ('x')")),
        ("5", CONSTRUCT.format("int/Int", "Number value (5)")),
    ],
)
def test_json_that_is_no_object(admin: Client, body: str, message: str) -> None:
    assert refused(admin, body) == f"{message}\n at {source(1, 1)}"


@pytest.mark.parametrize(
    ("field", "given", "message"),
    [
        ("mp4MuxingEnabled", "yes", f'{FROM} `boolean` from String "yes": {BOOLEAN}'),
        (
            "mp4MuxingEnabled",
            1.5,
            f"{FROM} `boolean` from Floating-point value (token `JsonToken.VALUE_NUMBER_FLOAT`)",
        ),
        ("mp4MuxingEnabled", [], f"{FROM} `boolean` {ARRAY}"),
        ("mp4MuxingEnabled", {}, f"{FROM} `boolean` {OBJECT}"),
        ("uploadExtensionsToS3", "x", f'{FROM} `int` from String "x": not a valid `int` value'),
        ("uploadExtensionsToS3", "2.7", f'{FROM} `int` from String "2.7": not a valid `int` value'),
        ("uploadExtensionsToS3", True, f"{FROM} `int` from Boolean value (token `JsonToken.VALUE_TRUE`)"),
        ("uploadExtensionsToS3", [7], f"{FROM} `int` {ARRAY}"),
        ("updateTime", "x", f'{FROM} `long` from String "x": not a valid `long` value'),
        ("abrUpScalePacketLostRatio", "x", f'{FROM} `float` from String "x": not a valid `float` value'),
        ("s3BucketName", [], f"{FROM} `java.lang.String` {ARRAY}"),
        ("s3BucketName", {}, f"{FROM} `java.lang.String` {OBJECT}"),
        ("encoderSettings", "", f"{FROM} {LIST} {STRING}"),
        ("customSettings", [], f"{FROM} {MAP} {ARRAY}"),
    ],
)
def test_a_value_of_the_wrong_type(admin: Client, field: str, given: object, message: str) -> None:
    body = json.dumps(admin.settings("live") | {field: given})
    column = body.index(f'"{field}": ') + len(field) + 5
    chain = f'(through reference chain: io.antmedia.AppSettings["{field}"])'
    assert refused(admin, body) == f"{message}\n at {source(1, column)} {chain}"


def test_the_place_counts_lines(admin: Client) -> None:
    assert source(3, 2) in refused(admin, '{\n"mp4MuxingEnabled":\n "yes"}')


@pytest.mark.parametrize(
    ("field", "java_type", "bits"), [("uploadExtensionsToS3", "int", 31), ("updateTime", "long", 63)]
)
def test_a_number_that_is_too_large(admin: Client, field: str, java_type: str, bits: int) -> None:
    number = 2**bits
    limits = f"out of range of {java_type} ({-number} - {number - 1})"
    assert refused(admin, json.dumps({field: number})).startswith(f"Numeric value ({number}) {limits}\n at ")


def test_an_encoder_with_a_field_too_many(admin: Client) -> None:
    text = refused(admin, {"encoderSettings": [{"bogus": 0}]})
    assert text.startswith(
        'Unrecognized field "bogus" (class io.antmedia.EncoderSettings), not marked as ignorable'
    )


def test_the_body_is_read_before_the_application_is_looked_for(admin: Client) -> None:
    assert admin.post("nope", "{").status == 400
    assert admin.post("nope", {"mp4MuxingEnabled": "yes"}).status == 400
