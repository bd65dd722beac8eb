"""Values against schemas: decimals, alternatives and their tags, formats, and the sentences about
what is wrong.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from httptask.errors._sentences import SENTENCES
from httptask.model.api import Endpoint, MediaType, Parameter, RequestBody, Server
from httptask.settings import request_problems, schema_problems, settings_schema
from httptask.settings.check._checking import Check, one_budget
from httptask.settings.check._forms import Forms

Said = list[tuple[str, str]]


def said(schema: Any, value: Any, *, expressions: bool = False) -> Said:
    """Return pointer and sentence, with what is suggested, of everything that is refused."""
    problems = schema_problems(schema, value, expressions=expressions)
    return [
        (
            problem.pointer,
            problem.message + (f" [{problem.suggestion}]" if problem.suggestion else ""),
        )
        for problem in problems
        if problem.severity == "error"
    ]


# Decimals


def test_every_price_is_a_multiple_of_a_cent() -> None:
    """JSON Schema 2020-12, Validation, 6.2.1: numbers are the decimals that are written, not what a
    double makes of them.
    """
    schema = {"type": "number", "multipleOf": 0.01}
    assert [cents for cents in range(1, 10_000) if schema_problems(schema, cents / 100)] == []
    assert [
        cents for cents in range(1, 1_000) if not schema_problems(schema, (cents * 10 + 5) / 1000)
    ] == []


@pytest.mark.parametrize(
    ("divisor", "good", "bad"),
    [
        (0.1, [0.3, 1.1, 1e20, -0.7, 0], [0.25, 1e-7]),
        (1e-8, [1e308, 3e-8, 12345678901234567890], [5e-9]),
        (3, [9007199254740993, 3.0, 10**400 * 3], [9007199254740992, 10**400, 1.5]),
        (0.0001, [0.0075], [0.00751]),
        (1.5, [4.5, 3], [4]),
    ],
)
def test_a_multiple_is_exact(divisor: float, good: list[float], bad: list[float]) -> None:
    """However large or small the two are."""
    schema = {"multipleOf": divisor}
    assert [value for value in good if schema_problems(schema, value)] == []
    assert [value for value in bad if not schema_problems(schema, value)] == []


def test_a_multiple_in_each_part_of_a_request() -> None:
    """In a query, in the URL's own query, in a header and in a body."""
    price = {"type": "number", "multipleOf": 0.01}
    known = Endpoint(
        id="e",
        provider="p",
        method="POST",
        path="/a",
        servers=(Server("https://a.example"),),
        parameters=(
            Parameter("price", "query", schema=price),
            Parameter("X-Price", "header", schema=price),
        ),
        request_body=RequestBody({"application/json": MediaType(price)}),
    )
    schema = settings_schema(known)

    def places(value: float) -> list[str]:
        inside = {"method": "POST", "headers": {"X-Price": value}, "body": value}
        requests = [
            {"url": "https://a.example/a", "query": {"price": value}, **inside},
            {"url": f"https://a.example/a?price={value}", **inside},
        ]
        return [
            problem.pointer
            for request in requests
            for problem in request_problems(request, schema, known)
        ]

    assert places(19.99) == []
    assert sorted(places(19.999)) == [
        "/body",
        "/body",
        "/headers/X-Price",
        "/headers/X-Price",
        "/query/price",
        "/url",
    ]


# Alternatives

EMAIL = {
    "type": "object",
    "required": ["kind"],
    "properties": {"kind": {"const": "email"}, "to": {"type": "string"}},
}
SMS = {
    "type": "object",
    "required": ["kind", "phone"],
    "properties": {"kind": {"enum": ["sms", "text"]}, "phone": {"type": "string"}},
}
BY_REFERENCE = {
    "oneOf": [
        {"$ref": "#/$defs/Email"},
        {"allOf": [{"$ref": "#/$defs/Sms"}, {"description": "x"}]},
    ],
    "$defs": {"Email": EMAIL, "Sms": SMS},
}
TAGGED = {
    "oneOf": {"oneOf": [EMAIL, SMS]},
    "anyOf": {"anyOf": [EMAIL, SMS]},
    "by reference": BY_REFERENCE,
}


@pytest.mark.parametrize("schema", TAGGED.values(), ids=TAGGED.keys())
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"kind": "sms"}, [("", "'phone' is required: expected a string")]),
        ({"kind": "text", "phone": 5}, [("/phone", 'expected a string, found the number 5 ["5"]')]),
        ({"kind": "email", "to": 5}, [("/to", 'expected a string, found the number 5 ["5"]')]),
        (
            {"kind": "smss"},
            [("/kind", 'expected one of "email", "sms", "text", found the string "smss" ["sms"]')],
        ),
        ({"kind": 5}, [("/kind", 'expected one of "email", "sms", "text", found the number 5')]),
        ({}, [("", '\'kind\' is required: expected one of "email", "sms", "text"')]),
        ({"kind": "email"}, []),
        ([], [("", "expected an object, found an array")]),
    ],
)
def test_the_form_whose_tag_matches_is_meant(schema: Any, value: Any, expected: Said) -> None:
    """What is wrong is said by that form alone; a tag that no form has is answered with all of them
    and the nearest.
    """
    assert said(schema, value) == expected
    assert Draft202012Validator(schema).is_valid(value) is not bool(expected)


def test_a_tag_chooses_while_other_values_are_expressions() -> None:
    """What is not known yet is let through, what the tag alone makes wrong is not; nor is anything
    chosen by an expression.
    """
    schema = {"oneOf": [EMAIL, SMS]}
    assert said(schema, {"kind": "sms", "phone": "${$.x}"}, expressions=True) == []
    assert said(schema, {"kind": "smss", "phone": "${$.x}"}, expressions=True) != []
    assert said(schema, {"kind": "sms", "to": "${$.x}"}, expressions=True) == [
        ("", "'phone' is required: expected a string")
    ]
    assert said(schema, {"kind": "${$.kind}", "phone": "x"}, expressions=True) == []
    assert said(schema, "${$.whole}", expressions=True) == []


def test_a_form_without_the_tag_is_still_tried() -> None:
    """A property that only some forms have chooses none: it only says which of them was most likely
    meant.
    """
    other = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
    schema = {"oneOf": [EMAIL, SMS, other]}
    assert said(schema, {"id": 1, "kind": "whatever"}) == []
    assert said(schema, {"kind": "sms"}) == [("", "'phone' is required: expected a string")]


PETS = {
    "$defs": {
        "Cat": {
            "type": "object",
            "properties": {"petType": {"type": "string"}, "name": {"type": "string"}},
        },
        "Dog": {
            "type": "object",
            "required": ["bark"],
            "properties": {
                "petType": {"type": "string"},
                "name": {"type": "string", "maxLength": 20},
                "bark": {"type": "boolean"},
            },
            "additionalProperties": False,
        },
    },
}
FORMS = [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]
MAPPED = {
    "propertyName": "petType",
    "mapping": {"dog": "#/$defs/Dog", "kitty": "#/$defs/Cat", "puss": "#/$defs/Cat"},
}


@pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
@pytest.mark.parametrize(
    ("discriminator", "value", "expected"),
    [
        ({"propertyName": "petType"}, {"petType": "Dog", "bark": True}, []),
        ({"propertyName": "petType"}, {"petType": "Cat", "bark": 5}, []),
        (
            {"propertyName": "petType"},
            {"petType": "Dog"},
            [("", "'bark' is required: expected true or false")],
        ),
        (
            {"propertyName": "petType"},
            {"petType": "Dog", "bark": True, "purr": 1},
            [("/purr", 'unknown name \'purr\'; known names: "petType", "name", "bark"')],
        ),
        (
            {"propertyName": "petType"},
            {"petType": "Dgo", "bark": True},
            [("/petType", 'expected one of "Cat", "Dog", found the string "Dgo" ["Dog"]')],
        ),
        (MAPPED, {"petType": "dog", "bark": True}, []),
        (MAPPED, {"petType": "puss"}, []),
        (
            MAPPED,
            {"petType": "bird"},
            [("/petType", 'expected one of "dog", "kitty", "puss", found the string "bird"')],
        ),
        ({**MAPPED, "defaultMapping": "#/$defs/Dog"}, {"petType": "bird", "bark": True}, []),
        (
            {**MAPPED, "defaultMapping": "#/$defs/Dog"},
            {},
            [("", "'bark' is required: expected true or false")],
        ),
    ],
)
def test_a_discriminator_chooses(
    keyword: str, discriminator: Any, value: Any, expected: Said
) -> None:
    """OpenAPI 3.2, section 4.25: by the schema's name or by the mapping; without a known tag, by
    the default mapping.
    """
    assert said({keyword: FORMS, "discriminator": discriminator, **PETS}, value) == expected


PET = {"type": "object", "properties": {"petType": {"type": "string"}, "name": {}}}
SUBTYPES = {
    "Pet": PET,
    "Dog": {"allOf": [{"$ref": "#/$defs/Pet"}, {"properties": {"bark": {}}}]},
    "Cat": {"allOf": [{"$ref": "#/$defs/Pet"}, {"properties": {"meow": {}, "claws": {}}}]},
    "Lion": {"allOf": [{"$ref": "#/$defs/Cat"}, {"properties": {"roar": {}}}]},
    "Parrot": {"allOf": [{"$ref": "#/$defs/Pet"}], "additionalProperties": {}},
    "Robot": {"patternProperties": {"^me": {}}, "properties": {"petType": {}}},
    "Fish": {"additionalProperties": False, "properties": {"petType": {}}},
    "Hybrid": {
        "properties": {"petType": {}},
        "if": {"properties": {"wild": {"const": True}}, "required": ["wild"]},
        "then": {"$ref": "#/$defs/Cat"},
    },
}
CHOSEN = {
    "oneOf": [{"$ref": f"#/$defs/{name}"} for name in SUBTYPES if name != "Pet"],
    "discriminator": {"propertyName": "petType"},
}


@pytest.mark.parametrize(
    ("schema", "value", "pointers"),
    [
        pytest.param(CHOSEN, {"petType": "Dog", "meow": 5, "bark": 1}, ["/meow"], id="a sibling's"),
        pytest.param(CHOSEN, {"petType": "Dog", "name": 1, "other": 5}, [], id="nobody's"),
        pytest.param(CHOSEN, {"petType": "Lion", "meow": 5, "claws": 1}, [], id="its parent's"),
        pytest.param(CHOSEN, {"petType": "Parrot", "meow": 5}, [], id="additional"),
        pytest.param(CHOSEN, {"petType": "Robot", "meow": 5, "roar": 1}, ["/roar"], id="pattern"),
        pytest.param(CHOSEN, {"petType": "Hybrid", "wild": True, "meow": 1}, [], id="then"),
        pytest.param(CHOSEN, {"petType": "Hybrid", "meow": 1}, ["/meow"], id="not then"),
        pytest.param(CHOSEN, {"petType": "${$.t}", "meow": 1}, [], id="unknown yet"),
        pytest.param(
            {"allOf": [CHOSEN, {"properties": {"meow": {}}}]},
            {"petType": "Dog", "meow": 1, "claws": 1},
            ["/claws"],
            id="joined to the choice",
        ),
        pytest.param(
            {**CHOSEN, "additionalProperties": True},
            {"petType": "Dog", "meow": 1},
            [],
            id="additional beside the choice",
        ),
        pytest.param(
            {"properties": {"pet": CHOSEN, "meow": {}}},
            {"pet": {"petType": "Dog", "meow": 1}, "meow": 1},
            ["/pet/meow"],
            id="declared by what contains it",
        ),
        pytest.param(
            {"anyOf": [CHOSEN, {"type": "null"}]},
            {"petType": "Dog", "meow": 1},
            ["/meow"],
            id="or null",
        ),
        pytest.param(
            {
                "oneOf": [{"$ref": "#/$defs/Dog"}, {"$ref": "#/$defs/Cat"}],
                "discriminator": {"propertyName": "petType", "defaultMapping": "#/$defs/Dog"},
            },
            {"petType": "Fox", "meow": 1},
            [],
            id="a subtype that nobody described",
        ),
    ],
)
def test_a_property_of_another_subtype_is_warned_of(
    schema: Any, value: Any, pointers: list[str]
) -> None:
    """Only where the tag selects a subtype that does not declare the name, nor anything that
    applies to the same value.
    """
    problems = schema_problems({**schema, "$defs": SUBTYPES}, value, expressions=True)
    assert [problem.pointer for problem in problems] == pointers
    assert {(problem.code, problem.severity) for problem in problems} <= {
        ("other-subtype", "warning")
    }


def test_a_closed_subtype_refuses_the_property_of_another() -> None:
    """As an unknown name, once, and not as a warning beside it."""
    value = {"petType": "Fish", "meow": 1}
    (problem,) = schema_problems({**CHOSEN, "$defs": SUBTYPES}, value)
    assert (problem.pointer, problem.code, problem.severity) == ("/meow", "unknown-name", "error")


def test_the_warning_names_the_subtypes_that_have_the_property() -> None:
    """All of them, beside the one that was chosen, and the property that chose."""
    value = {"petType": "Dog", "meow": 5}
    (problem,) = schema_problems({**CHOSEN, "$defs": SUBTYPES}, value)
    assert problem.message == (
        "'meow' is a property of Cat or Lion, not of Dog, which the value of 'petType' selects: the"
        " API may ignore or refuse it"
    )


# Formats

FORMAT_TABLE = {
    "date": (["2026-02-28", "2024-02-29"], ["2026-02-30", "28/02/2026", "soon", "20260228", ""]),
    "date-time": (
        [
            "2026-02-28T09:30:00Z",
            "2026-02-28t09:30:00.123456789+01:00",
            "1990-12-31T23:59:60Z",
            "2026-02-28 09:30:00",
        ],
        ["2026-02-28", "now", "2026-02-28T25:00:00Z"],
    ),
    "time": (
        ["09:30:00Z", "23:59:60Z", "23:59:60.5z", "09:30:00.5+02:00", "09:30:00.123456789Z"],
        ["9am", "25:00:00Z", "23:60:60Z", "23:59:61Z"],
    ),
    "duration": (["P3D", "PT1H", "P1W"], ["P", "PT", "1 day"]),
    "uuid": (["123e4567-e89b-12d3-a456-426614174000"], ["x", "123e4567"]),
    "email": (["a@b.c", "a+b@x", '"a b"@c.d'], ["ab", "a@", "@b", "a b@c"]),
    "idn-email": (["ä@ü.example"], ["ab", "ä@", "a b@c"]),
    "ipv4": (["192.0.2.1"], ["256.1.1.1", "::1", "1.2.3"]),
    "ipv6": (["::1", "2001:db8::1"], ["1.2.3.4", "x"]),
    # RFC 1035, section 2.3.4: 63 octets in a label, and 253 in a name that is written out.
    "hostname": (
        ["a.b", "localhost", "xn--a.de", f"{63 * 'a'}.b", f"{126 * 'a.'}b"],
        ["a b", "-a.b", "a..b", "http://x", f"{64 * 'a'}.b", f"{126 * 'a.'}bb"],
    ),
    "idn-hostname": (["ä.example", "实例.com"], ["-ä.example", "ä b", f"{64 * 'a'}.b"]),
    "uri": (["https://a/b", "urn:x:y", "mailto:a@b"], ["a/b", "a b", "http://a b"]),
    "iri": (["https://ä/b", "urn:x:ä"], ["ä/b", "ä b", "http://ä b", "http://[ä"]),
    "uri-reference": (
        ["https://a/b", "../b?c#d", "", "%41"],
        ["a b", "a\\b", "<a>", '"', "{a}", "a|b", "^", "`", "%4", "%4g", "\x7f", "http://[a"],
    ),
    "iri-reference": (["../ä?ö#ü", ""], ["ä b", "%ä"]),
    # RFC 6901, section 5, and what its section 3 rules out.
    "json-pointer": (
        [
            "",
            "/foo",
            "/foo/0",
            "/",
            "/a~1b",
            "/c%d",
            "/e^f",
            "/g|h",
            "/i\\j",
            '/k"l',
            "/ ",
            "/m~0n",
        ],
        ["a", "/~", "/~2", "#/a"],
    ),
    "byte": (["YWJj", "YWI=", "", "+/+/", "-_-_"], ["a", "ab!c"]),
    "regex": (["a+", r"^\p{L}$"], ["("]),
    "int8": ([-128, 127], [-129, 128]),
    "int16": ([-32_768, 32_767], [-32_769, 32_768]),
    "int32": ([2_147_483_647, -2_147_483_648, "42"], [2_147_483_648, -2_147_483_649, "x"]),
    "int64": (
        [9_223_372_036_854_775_807, -9_223_372_036_854_775_808],
        [9_223_372_036_854_775_808, -9_223_372_036_854_775_809, 10**30],
    ),
    "uint8": ([0, 255], [-1, 256]),
    "uint16": ([0, 65_535], [-1, 65_536]),
    "uint32": ([0, 4_294_967_295], [-1, 4_294_967_296]),
    "uint64": ([0, 18_446_744_073_709_551_615], [-1, 18_446_744_073_709_551_616]),
    "double": (
        [1.5, "1.5", 10**30, "-1.", "+.5", "1e-9", "NaN", "Infinity", "-inf"],
        ["x", ".", "1e", "1,5"],
    ),
    "decimal": (["1.5", "-.5", "2E+3", "1."], ["x", "NaN", "inf", "1e", "."]),
    "float": (
        [3.4028234663852886e38, -3.4028234663852886e38, "1.5"],
        [3.402823466385289e38, -3.402823466385289e38, "x"],
    ),
    # RFC 6570, section 2.4.1: a prefix has fewer than 10,000 characters, and at least one.
    "uri-template": (
        ["/a/{b}", "/{?x,y*}", "a%20{+b:3}", "", "{b:9999}"],
        ["/{a", "}", "{}", "{a b}", "{b:10000}", "{b:0}"],
    ),
    "relative-json-pointer": (["0", "1/a", "2#", "0-1/a~1b"], ["/a", "01", "1a"]),
    "base64url": (["YW-_", "YWI"], ["a+b"]),
    "password": (["x"], []),
    "our-own-format": (["anything"], []),
}


@pytest.mark.parametrize("name", FORMAT_TABLE)
def test_a_text_that_plainly_has_another_format_is_warned_of(name: str) -> None:
    """JSON Schema's own formats and OpenAPI's: a warning that names the format, never an error, and
    nothing for an expression.
    """
    good, bad = FORMAT_TABLE[name]
    schema = {"type": "object", "properties": {"x": {"format": name}}}
    assert [value for value in good if schema_problems(schema, {"x": value})] == []
    for value in bad:
        (problem,) = schema_problems(schema, {"x": value})
        assert (problem.pointer, problem.severity) == ("/x", "warning"), value
        assert problem.message.startswith("expected "), value
    assert schema_problems(schema, {"x": "${$.x}"}, expressions=True) == []
    assert schema_problems(schema, {"x": "a${$.x}"}, expressions=True) == []


FORMAT_WORDS = {
    "date": "a date such as 2026-02-28",
    "date-time": "a date and time such as 2026-02-28T09:30:00Z",
    "time": "a time such as 09:30:00Z",
    "duration": "a duration such as P3DT4H",
    "uuid": "a UUID such as 123e4567-e89b-12d3-a456-426614174000",
    "email": "an email address",
    "idn-email": "an email address",
    "ipv4": "an IPv4 address such as 192.0.2.1",
    "ipv6": "an IPv6 address such as 2001:db8::1",
    "hostname": "a host name",
    "idn-hostname": "a host name",
    "uri": "an absolute URI such as https://example.com/a",
    "iri": "an absolute IRI such as https://example.com/a",
    "uri-reference": "a URI",
    "iri-reference": "an IRI",
    "json-pointer": "a JSON Pointer such as /a/0",
    "relative-json-pointer": "a relative JSON Pointer such as 1/a",
    "uri-template": "a URI template such as /things/{id}",
    "regex": "a regular expression",
    "byte": "base64",
    "base64url": "base64 with - and _",
    "decimal": "a decimal number",
    "int8": "a whole number from -128 to 127",
    "int16": "a whole number from -32768 to 32767",
    "int32": "a whole number from -2147483648 to 2147483647",
    "int64": "a whole number from -9223372036854775808 to 9223372036854775807",
    "uint8": "a whole number from 0 to 255",
    "uint16": "a whole number from 0 to 65535",
    "uint32": "a whole number from 0 to 4294967295",
    "uint64": "a whole number from 0 to 18446744073709551615",
    "float": "a number that 32 bits hold",
    "double": "a number",
}


def test_the_format_that_is_meant_is_said_in_words() -> None:
    """With an example where the name alone says little; no format of the table is without words."""
    assert {name for name, (_, bad) in FORMAT_TABLE.items() if bad} == FORMAT_WORDS.keys()
    for name, words in FORMAT_WORDS.items():
        (problem,) = schema_problems({"format": name}, FORMAT_TABLE[name][1][0])
        assert problem.message.startswith(f"expected {words}, found ")


@pytest.mark.parametrize(
    ("forms", "value", "is_warned"),
    [
        (["date", "uuid"], "123e4567-e89b-12d3-a456-426614174000", False),
        (["ipv4", "ipv6", "hostname"], "::1", False),
        (["date", None], "soon", False),
        (["date", "uuid"], "soon", True),
    ],
)
def test_the_format_of_any_form_will_do(
    forms: list[str | None], value: str, is_warned: bool
) -> None:
    """Text has not to be of the first form of several that allow it, nor to be read-only by one."""
    schema = {"anyOf": [{"type": "string", **({"format": name} if name else {})} for name in forms]}
    assert bool(schema_problems(schema, value)) == is_warned
    read_only = {"anyOf": [{"type": "string", "readOnly": True}, *schema["anyOf"]]}
    assert bool(schema_problems(read_only, value)) == is_warned


def test_a_field_whose_name_fits_a_pattern_is_described() -> None:
    """By name or by one of the patterns; any other field is refused (JSON Schema 2020-12, Core,
    section 10.3.2.3).
    """
    schema = {
        "properties": {"a": {}},
        "patternProperties": {"^x-": {}, "^y-": {}},
        "additionalProperties": False,
    }
    assert schema_problems(schema, {"a": 1, "x-b": 2, "y-c": 3}) == []
    assert [
        each.pointer for each in schema_problems(schema, {"a": 1, "x-b": 2, "b": 3, "z-x-": 4})
    ] == ["/b", "/z-x-"]


def test_what_is_only_advised_against_decides_nothing() -> None:
    """Alternatives, conditions, `not`, `contains` and unevaluated fields take a value with another
    format for what it is.
    """
    odd = {"format": "date"}
    schemas = [
        {"oneOf": [{"type": "string", **odd}, {"type": "integer"}]},
        {"anyOf": [{"type": "string", **odd}, {"type": "integer"}]},
        {"if": odd, "then": True, "else": False},
        {"type": "string", "allOf": [odd]},
    ]
    for schema in schemas:
        assert said(schema, "soon") == []
        assert Draft202012Validator(schema).is_valid("soon")
    assert said({"not": odd}, "soon") != []
    assert said({"contains": odd}, ["soon"]) == []
    assert (
        said({"allOf": [{"properties": {"a": odd}}], "unevaluatedProperties": False}, {"a": "soon"})
        == []
    )
    assert said({"anyOf": [{"prefixItems": [odd]}], "unevaluatedItems": False}, ["soon"]) == []
    assert [each.severity for each in schema_problems(schemas[0], "soon")] == ["warning"]


@given(st.text() | st.integers() | st.floats() | st.booleans() | st.none())
def test_no_value_breaks_the_check_of_a_format(value: Any) -> None:
    """Nothing is raised, whatever it is."""
    for name in FORMAT_TABLE:
        assert {each.severity for each in schema_problems({"format": name}, value)} <= {"warning"}


# Sentences

AMBIGUOUS = (
    "this matches more than one of the 2 alternatives (A, B), and must match exactly one: "
    "add a field that only one of them has, or remove one"
)


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (
            {"uniqueItems": True},
            ["id", "x", "id"],
            'the items must be unique: "id" is item 1 and item 3',
        ),
        ({"minItems": 1}, [], "expected at least 1 item, found none"),
        ({"maxItems": 2}, [1, 2, 3], "expected at most 2 items, found 3"),
        ({"minLength": 3}, "ab", "expected at least 3 characters, found 2"),
        ({"maxLength": 1}, "ab", "expected at most 1 character, found 2"),
        ({"minProperties": 2}, {"a": 1}, "expected at least 2 fields, found 1"),
        ({"multipleOf": 0.5}, 0.7, "expected a multiple of 0.5, found the number 0.7"),
        ({"pattern": "^a$"}, "b", 'expected text that matches "^a$", found the string "b"'),
        ({"contains": {"const": 1}}, [2], "expected at least 1 of its items to be 1"),
        ({"prefixItems": [{}], "items": False}, [1, 2], "expected at most 1 item, found 2"),
        (
            {"not": {"required": ["a", "b"]}},
            {"a": 1, "b": 1},
            "'a' and 'b' may not be given together",
        ),
        (
            {"not": {"enum": ["x", "y"]}},
            "x",
            'expected anything but one of "x", "y", found the string "x"',
        ),
        ({"not": {"minimum": 3}}, 5, "the description does not allow this value here"),
        (
            {"not": {"type": "object", "required": ["a"], "title": "T"}, "type": "object"},
            {"a": 1},
            "'a' may not be given here",
        ),
        (
            {"not": {"type": "object", "properties": {"a": {"const": 1}}}},
            {"a": 1},
            "the description does not allow this value here",
        ),
        (
            {"not": {"const": "x", "description": "D"}},
            "x",
            'expected anything but "x", found the string "x"',
        ),
        ({"enum": ["x"]}, 1, 'expected "x", found the number 1'),
        (
            {"oneOf": [{"multipleOf": 2, "type": "integer"}, {"multipleOf": 3, "type": "integer"}]},
            6,
            "this matches more than one of the 2 alternatives, and must match exactly one",
        ),
        (
            {"contains": {"type": "object", "required": ["k"]}},
            [{}],
            "expected at least 1 of its items to be as described",
        ),
        (
            {"contains": {"const": 1}, "minContains": 0, "maxContains": 1},
            [1, 1],
            "expected at most 1 of its items to be 1",
        ),
        (
            {"contains": {"type": "integer", "title": "T"}, "minContains": 2, "maxContains": 2},
            [1],
            "expected exactly 2 of its items to be an integer",
        ),
        (
            {"uniqueItems": True},
            [{"a": [1]}, True, {"a": [1.0]}],
            'the items must be unique: {"a": [1.0]} is item 1 and item 3',
        ),
        # Which, is looked for in the first thousand.
        ({"uniqueItems": True}, [*range(2000), 1999], "the items must be unique"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "'b' is required where 'a' is given"),
        (False, 1, "nothing is allowed here"),
        (
            {"oneOf": [{"title": "A"}, {"title": "B"}]},
            {"a": 1},
            AMBIGUOUS,
        ),
        (
            {"anyOf": [{"type": "integer"}, {"type": "array"}]},
            "x",
            (
                "this matches none of the 2 alternatives; for the nearest one:"
                ' expected an integer, found the string "x"'
            ),
        ),
    ],
)
def test_a_sentence_says_what_a_person_would_say(schema: Any, value: Any, expected: str) -> None:
    """What was expected and what stands there, in words."""
    assert said({"properties": {"x": schema}}, {"x": value}) == [("/x", expected)]


@pytest.mark.parametrize(
    ("schema", "value", "params"),
    [
        ({"enum": ["a", 1, None]}, "b", {"allowed": ["a", 1], "count": 3}),
        ({"enum": ["a", "b"]}, "c", {"allowed": ["a", "b"]}),
        ({"const": "a"}, "b", {"allowed": "a"}),
        ({"const": {"a": 1}}, "b", {}),
        ({"maximum": 5}, 7, {"limit": 5}),
        ({"multipleOf": Decimal("0.1")}, 0.25, {"limit": "0.1"}),
        ({"pattern": "^a"}, "b", {"pattern": "^a"}),
        ({"maxLength": 2}, "abc", {"limit": 2}),
    ],
)
def test_a_program_gets_what_the_schema_allows(
    schema: Any, value: Any, params: dict[str, Any]
) -> None:
    """Beside the words for people: values as they are, and none that is long or deep."""
    (problem,) = schema_problems(schema, value)
    words = {"expected", "found"}
    assert {name: told for name, told in problem.params.items() if name not in words} == params
    assert json.loads(json.dumps(problem.to_json()))["params"] == problem.params


def test_a_missing_object_is_told_with_what_it_has_to_hold() -> None:
    """A task without headers reads which header is missing."""
    inner = {"type": "object", "required": ["X-Tenant", "b"], "title": "T"}
    schema = {"required": ["headers", "query"], "properties": {"headers": inner}}
    assert said(schema, {"query": 1}) == [
        ("", "'headers' is required: expected an object with 'X-Tenant', 'b'")
    ]


def test_an_unknown_name_where_patterns_say_the_known_ones() -> None:
    """What names match is said, not that none is known."""
    schema = {"additionalProperties": False, "patternProperties": {"^x-": {}, "^y": {}}}
    assert said(schema, {"z": 1}) == [("/z", """unknown name 'z'; names match "^x-" or "^y\"""")]


def test_names_that_may_not_stand_there() -> None:
    """Each has its own place, whichever keyword refuses it."""
    known = {"properties": {"limit": {}}}
    for schema in (
        {**known, "additionalProperties": False},
        {**known, "unevaluatedProperties": False},
        {"allOf": [known], "unevaluatedProperties": False},
    ):
        assert said(schema, {"limt": 1, "limit": 2}) == [("/limt", "unknown name 'limt' [limit]")]
    assert said({"propertyNames": {"maxLength": 3}}, {"abcd": 1}) == [
        ("/abcd", "'abcd' is not allowed as a name here: expected at most 3 characters, found 4")
    ]


NAMED_BY = {
    "properties": {"properties": {"a": {}, "b": {}}},
    "patternProperties": {"patternProperties": {"^[ab]": {}}},
    "$ref": {"$ref": "#/$defs/A"},
    "allOf": {"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]},
    "dependentSchemas": {"dependentSchemas": {"a": {"properties": {"a": {}, "b": {}}}}},
    "oneOf": {
        "oneOf": [{"required": ["a"], "properties": {"a": {}}}, {"required": ["b", "c"]}],
    },
    "anyOf": {
        "anyOf": [
            {"required": ["a"], "properties": {"a": {}}},
            {"required": ["b"], "properties": {"b": {}}},
        ],
    },
    "oneOf with tags": {
        "oneOf": [
            {"required": ["a"], "properties": {"a": {"const": 1}, "b": {}}},
            {"required": ["a"], "properties": {"a": {"const": 2}, "c": {}}},
        ],
    },
    "if": {
        "if": {"required": ["a"], "properties": {"a": {}}},
        "then": {"properties": {"b": {}}},
        "else": {"properties": {"c": {}}},
    },
    "additionalProperties": {"allOf": [{"additionalProperties": {"type": "integer"}}]},
    "unevaluatedProperties": {"allOf": [{"unevaluatedProperties": {"type": "integer"}}]},
    "schemas that are true": {
        "allOf": [True, {"properties": {"a": {}}}],
        "anyOf": [True, False],
        "dependentSchemas": {"a": True},
        "if": {"required": ["b"]},
        "then": {"properties": {"b": {}}},
    },
    "nothing": {"description": "no keyword that names a property"},
}


@pytest.mark.parametrize("schema", NAMED_BY.values(), ids=NAMED_BY.keys())
def test_unevaluated_properties_are_those_of_another_library(schema: Any) -> None:
    """JSON Schema 2020-12, Core, 11.3: by whatever keyword a name is known."""
    closed = {**schema, "unevaluatedProperties": False, "$defs": {"A": {"properties": {"a": {}}}}}
    validator = Draft202012Validator(closed)
    values = [{}, {"a": 1}, {"a": 2}, {"b": 1}, {"c": 1}, {"a": 1, "b": 1}, {"a": 1, "c": 1}]
    values += [{"a": 2, "c": 1}, {"b": 1, "c": 1}, {"a": 1, "b": 1, "c": 1}]
    assert [said(closed, value) == [] for value in values] == [
        validator.is_valid(value) for value in values
    ]


def test_the_form_of_the_same_type_is_meant() -> None:
    """What is wrong with an object is said by the only form that is one."""
    one = {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}}
    for schema in (
        {"anyOf": [one, {"type": "string"}]},
        {"oneOf": [{"type": "null"}, {"type": "integer"}, one]},
    ):
        assert said(schema, {}) == [("", "'x' is required: expected an integer")]
        assert said(schema, {"x": []}) == [("/x", "expected an integer, found an array")]


@pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
@pytest.mark.parametrize("formats", [["date", "uuid-of-ours"], ["uuid-of-ours", "date"]])
def test_an_expression_does_not_make_a_form_the_meant_one(keyword: str, formats: list[str]) -> None:
    """Where an expression leaves several forms open, nothing is warned of that one of them takes."""
    forms = [
        {"properties": {"kind": {"const": name}, "text": {"format": name}}} for name in formats
    ]
    value = {"kind": "${$.x}", "text": "soon"}
    assert schema_problems({keyword: forms}, value, expressions=True) == []


def test_a_list_is_suggested_only_for_what_its_items_can_be() -> None:
    """A name in place of a list of names; neither an object, which may hold a secret, nor text for
    pairs.
    """
    names = {"type": "array", "items": {"type": "string"}}
    assert said(names, "crm") == [("", 'expected an array, found the string "crm" [["crm"]]')]
    for schema, value in (
        (names, {"token": "c4n4ry"}),
        ({"type": "array", "items": {"type": "array"}}, "page=1"),
    ):
        ((_, message),) = said(schema, value)
        assert message.endswith("]") is False


def test_the_nearest_form_may_be_ambiguous_itself() -> None:
    """The sentence stays one that can be read."""
    inner = {
        "oneOf": [
            {"type": "object", "properties": {"a": {}}},
            {"type": "object", "properties": {"b": {}}},
        ]
    }
    first = {"type": "object", "required": ["x"], "properties": {"x": inner}}
    schema = {
        "anyOf": [
            first,
            {"type": "object", "required": ["y"], "properties": {"x": {"type": "integer"}}},
        ]
    }
    ((place, message),) = said(schema, {"x": {}})
    assert place == ""
    assert message.startswith(
        "this matches none of the 2 alternatives; for the nearest one: /x: this matches"
    )


WRONG_BY: dict[str, tuple[Any, Any]] = {
    "$ref": ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}, 1),
    "$dynamicRef": ({"$dynamicRef": "#a", "$defs": {"a": {"$dynamicAnchor": "a", "const": 2}}}, 1),
    "additionalProperties": ({"additionalProperties": False}, {"a": 1}),
    "allOf": ({"allOf": [False]}, 1),
    "anyOf": ({"anyOf": [False]}, 1),
    "const": ({"const": 2}, 1),
    "contains": ({"contains": {"const": 2}}, [1]),
    "dependentRequired": ({"dependentRequired": {"a": ["b"]}}, {"a": 1}),
    "dependentSchemas": ({"dependentSchemas": {"a": False}}, {"a": 1}),
    "enum": ({"enum": [2]}, 1),
    "exclusiveMaximum": ({"exclusiveMaximum": 1}, 1),
    "exclusiveMinimum": ({"exclusiveMinimum": 1}, 1),
    "format": ({"format": "date"}, "no"),
    "if": ({"if": {"const": 1}, "then": False}, 1),
    "items": ({"prefixItems": [True], "items": False}, [1, 1]),
    "maxItems": ({"maxItems": 0}, [1]),
    "maxLength": ({"maxLength": 0}, "a"),
    "maxProperties": ({"maxProperties": 0}, {"a": 1}),
    "maximum": ({"maximum": 0}, 1),
    "minItems": ({"minItems": 1}, []),
    "minLength": ({"minLength": 1}, ""),
    "minProperties": ({"minProperties": 1}, {}),
    "minimum": ({"minimum": 2}, 1),
    "multipleOf": ({"multipleOf": 2}, 1),
    "not": ({"not": {"const": 1}}, 1),
    "oneOf": ({"oneOf": [True, True]}, 1),
    "pattern": ({"pattern": "b"}, "a"),
    "patternProperties": ({"patternProperties": {"a": {"const": 2}}}, {"a": 1}),
    "prefixItems": ({"prefixItems": [False]}, [1]),
    "properties": ({"properties": {"a": False}}, {"a": 1}),
    "propertyNames": ({"propertyNames": False}, {"a": 1}),
    "readOnly": ({"readOnly": True}, 1),
    "required": ({"required": ["a"]}, {}),
    "type": ({"type": "string"}, 1),
    "unevaluatedItems": ({"unevaluatedItems": False}, [1]),
    "unevaluatedProperties": ({"unevaluatedProperties": False}, {"a": 1}),
    "uniqueItems": ({"uniqueItems": True}, [1, 1]),
}


@pytest.mark.parametrize("keyword", [*Draft202012Validator.VALIDATORS, "readOnly"])
def test_every_keyword_has_a_sentence_of_ours(keyword: str) -> None:
    """Whatever refuses a value, the problem has a code and params: no sentence is jsonschema's."""
    schema, value = WRONG_BY[keyword]
    problems = schema_problems(schema, value)
    assert problems
    assert all(problem.code in SENTENCES for problem in problems)


def test_checks_share_the_time_for_patterns_only_when_they_are_told_to() -> None:
    """Those of one request do, also where one asks for another; the next request has all of it
    again, whatever a hostile pattern took from the one before.
    """

    def budget() -> Any:
        return Check.begun(Forms({}), expressions=False).budget

    with one_budget():
        shared = budget()
        with one_budget():
            assert budget() is shared
        assert budget() is shared
    assert budget() is not shared
    assert budget() is not budget()
    with pytest.raises(ValueError, match="broken"), one_budget():
        raise ValueError("broken")
    with one_budget():
        assert budget() is not shared
