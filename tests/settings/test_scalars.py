"""What an expression yields is checked alone where that is as strict as checking all of it."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from httptask.settings import RequestCheck
from httptask.settings.check._scalars import plainly_takes
from httptask.settings.check._validate import Validator

MEMBERS: dict[str, Any] = {
    "anything": True,
    "nothing": False,
    "text": {"type": "string"},
    "integer": {"type": "integer", "description": "A number"},
    "number": {"type": ["number", "null"]},
    "boolean": {"type": "boolean"},
    "enum": {"enum": ["a", "b", 7]},
    "short": {"type": "string", "minLength": 2, "maxLength": 3},
    "small": {"minimum": 1, "maximum": 7},
    "tight": {"exclusiveMinimum": 7},
    "date": {"type": "string", "format": "date"},
    "int32": {"type": "integer", "format": "int32"},
    "pattern": {"type": "string", "pattern": "^a"},
    "read-only": {"type": "string", "readOnly": True},
    "either": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    "array": {"type": "array", "items": {"type": "string"}},
    "reference": {"$ref": "#/$defs/Integer"},
    "described": {"$ref": "#/$defs/Integer", "description": "Of that"},
    "narrowed": {"$ref": "#/$defs/Integer", "maximum": 3},
    "lost": {"$ref": "#/$defs/Nowhere"},
    "circle": {"$ref": "#/$defs/Circle"},
    "multiple": {"type": "integer", "multipleOf": 5},
}
GROUP = {"type": "object", "properties": MEMBERS, "additionalProperties": {"type": "string"}}
NESTED = {"type": "object", "properties": {"inner": GROUP}, "required": ["inner"]}
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "url": {"type": "string"},
        "query": GROUP,
        "headers": GROUP,
        "pathParameters": GROUP,
        "body": NESTED,
    },
    "$defs": {"Integer": {"type": "integer"}, "Circle": {"$ref": "#/$defs/Circle"}},
}
VALUES: list[Any] = [
    *("", "a", "ab", "abcd", "x\r\ny", "2030-01-31", '{"$file": {"path": "a"}}', "42"),
    *(0, 1, 7, 8, 10, 2**40, -1, True, False, 1.5, 7.0, float("nan"), Decimal("1.5")),
    *(None, [], {}, ["a"], {"$file": {"path": "a"}}, {"$text": "a"}),
]
PLACES = [("query",), ("headers",), ("pathParameters",), ("body", "inner")]


def request_with(place: tuple[str, ...], name: str, value: Any) -> dict[str, Any]:
    """Return a request whose only value is *value*, called *name* at *place*."""
    group: Any = {name: value}
    for step in reversed(place[1:]):
        group = {step: group}
    url = f"https://a.example/{{{name}}}" if place == ("pathParameters",) else "https://a.example"
    return {"url": url, place[0]: group}


ALONE = {name: one for name, one in MEMBERS.items() if "$ref" not in str(one)}
UNUSABLE = [{"type": "a string"}, {"type": "nonsense"}, {"minLength": "1"}, {"enum": 7}]


@pytest.mark.parametrize(
    "schema", [*ALONE.values(), {"description": "Anything"}, *UNUSABLE], ids=str
)
def test_no_keyword_refuses_what_a_schema_plainly_takes(schema: Any) -> None:
    """A property that is let through at a glance satisfies the schema by jsonschema itself, and
    there is no advice on it; a schema that cannot be used is said to be so.
    """
    for value in VALUES:
        whole = Validator({"allOf": [schema]}).problems(value)
        assert bool(Validator({"properties": {"a": schema}}).problems({"a": value})) == bool(whole)
        if schema not in UNUSABLE and plainly_takes(schema, value):
            assert not whole
            assert Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize("place", PLACES, ids="/".join)
def test_what_is_plainly_allowed_has_no_problem(place: tuple[str, ...]) -> None:
    """No value that is let through at a glance has a problem or an advice in the whole check."""
    allowed: dict[str, list[Any]] = {}
    for name, value in itertools.product([*MEMBERS, "other"], VALUES):
        check = RequestCheck(SCHEMA, None, groups={place[0]})
        request = request_with(place, name, value)
        if check.plainly_allows(request, [(*place, name)]):
            assert check.problems(request) == [], (name, value)
            allowed.setdefault(name, []).append(value)
    assert allowed["integer"] == allowed["reference"] == [0, 1, 7, 8, 10, 2**40, -1]
    assert allowed["described"] == allowed["integer"]
    assert allowed["int32"] == [0, 1, 7, 8, 10, -1]
    assert allowed["enum"] == ["a"]
    assert allowed["short"] == ["ab", "42"]
    assert allowed["boolean"] == [True, False]
    assert allowed["date"] == ["2030-01-31"]
    assert allowed["other"] == ["", "a", "ab", "abcd", "2030-01-31", "42"]
    wholly_checked = ("nothing", "pattern", "read-only", "either", "narrowed", "lost", "circle")
    assert allowed.keys().isdisjoint(wholly_checked)


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        pytest.param((), {}, id="the whole request"),
        pytest.param(("query",), {}, id="a group"),
        pytest.param(("query", 0, 1), {}, id="a pair"),
        pytest.param(("headers", "Content-Type"), {}, id="the media type of a body"),
        pytest.param(("query", "a"), {"minProperties": 2}, id="a rule about several members"),
        pytest.param(("query", "a"), {"patternProperties": {"a": False}}, id="a rule for names"),
    ],
)
def test_what_concerns_more_than_one_value_takes_the_whole_check(
    path: tuple[str | int, ...], schema: dict[str, Any]
) -> None:
    """A rule about several values is asked of all of them."""
    groups = {"query": {"type": "object", **schema}, "headers": {"type": "object"}}
    check = RequestCheck(
        {"type": "object", "properties": groups}, None, groups={"query", "headers"}
    )
    request = {"url": "https://a.example", "query": {"a": "b"}, "headers": {"Content-Type": "b"}}
    pairs = {**request, "query": [["a", "b"]]}
    assert not check.plainly_allows(pairs if 0 in path else request, [path])


def test_a_header_is_looked_at_as_the_endpoint_spells_it() -> None:
    """Names of headers have no case (RFC 9110, section 5.1)."""
    header = {"type": "object", "properties": {"X-Count": {"type": "integer"}}}
    check = RequestCheck(
        {"type": "object", "properties": {"headers": header}}, None, groups={"headers"}
    )
    for value, is_allowed in ((7, True), ("seven", False)):
        request = {"url": "https://a.example", "headers": {"x-count": value}}
        assert check.plainly_allows(request, [("headers", "x-count")]) is is_allowed


def test_a_path_parameter_in_the_servers_name_takes_the_whole_check() -> None:
    """It decides where the request goes."""
    group = {"type": "object", "properties": {"host": {"type": "string"}}}
    check = RequestCheck(
        {"type": "object", "properties": {"pathParameters": group}}, None, groups={"pathParameters"}
    )
    for url, is_allowed in (("https://{host}/a", False), ("https://a.example/{host}", True)):
        request = {"url": url, "pathParameters": {"host": "b"}}
        assert check.plainly_allows(request, [("pathParameters", "host")]) is is_allowed
