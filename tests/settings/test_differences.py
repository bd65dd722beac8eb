"""A response held against its documentation: notes where it differs, none where it does not, an end
in any case.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from designer import thing_endpoint
from designer_forms import SCHEMAS, SHARED, Filled
from httptask.designer._form import form_of
from httptask.model.api import Endpoint, MediaType, RequestBody, Response
from httptask.settings import settings_schema
from httptask.settings._differences import MOST_DIFFERENCES, differences

STRING, INTEGER = {"type": "string"}, {"type": "integer"}
EITHER = {
    "oneOf": [
        {"properties": {"a": STRING}, "required": ["a"]},
        {"properties": {"b": INTEGER}, "required": ["b"]},
    ]
}


def documented_as(
    schema: Any, definitions: dict[str, Any] | None = None, status: str = "200"
) -> Endpoint:
    """Return an endpoint that answers a JSON body of *schema*."""
    responses = {status: Response("", {}, {"application/json": MediaType(schema)})}
    return replace(
        thing_endpoint("https://things.example"), responses=responses, definitions=definitions or {}
    )


def found(
    schema: Any, value: Any, definitions: dict[str, Any] | None = None
) -> list[tuple[str, str]]:
    """Return kind and pointer of how *value* differs from *schema*."""
    endpoint = documented_as(schema, definitions)
    return [
        (each.kind, each.pointer)
        for each in differences(endpoint, 200, "application/json", value, is_json=True)
    ]


@pytest.mark.parametrize(
    ("schema", "value", "wanted"),
    [
        (INTEGER, 1.0, []),
        ({"type": "number"}, 1, []),
        (INTEGER, True, [("type", "")]),
        ({"type": ["string", "null"]}, None, []),
        (STRING, None, [("type", "")]),
        ({}, {"a": 1}, []),
        ({"type": "object"}, {"a": 1}, []),
        ({"properties": {"a": STRING}}, {"a": "x", "b/c": 1}, [("undocumented", "/b~1c")]),
        ({"properties": {"a": STRING}, "additionalProperties": True}, {"b": 1}, []),
        ({"additionalProperties": INTEGER}, {"b": "x"}, [("type", "/b")]),
        ({"properties": {"a": {**STRING, "writeOnly": True}}, "required": ["a"]}, {}, []),
        (
            {"properties": {"a": {**STRING, "readOnly": True}}, "required": ["a"]},
            {},
            [("missing", "/a")],
        ),
        (
            {
                "oneOf": [
                    {"properties": {"a": STRING}, "required": ["a"]},
                    {"properties": {"b": INTEGER}, "required": ["b"]},
                ]
            },
            {"b": 1},
            [],
        ),
        (
            {
                "oneOf": [
                    {"properties": {"a": STRING}, "required": ["a"]},
                    {"properties": {"b": INTEGER}, "required": ["b"]},
                ]
            },
            {"b": "x"},
            [("type", "/b")],
        ),
        ({"items": INTEGER}, ["a", 1, "b"], [("type", "/0")]),
        (
            {"allOf": [{"$ref": "#/$defs/A"}, {"properties": {"b": STRING}}]},
            {"a": 1, "b": 2},
            [("type", "/b")],
        ),
        ({"anyOf": [STRING, {"properties": {"a": STRING}}]}, {"b": 1}, [("undocumented", "/b")]),
        ({"$ref": "#/$defs/Nowhere"}, {"a": 1}, []),
        (
            {"allOf": [{"additionalProperties": False}, {"additionalProperties": INTEGER}]},
            {"b": "x"},
            [("type", "/b")],
        ),
        (
            {"allOf": [{"additionalProperties": True}, {"additionalProperties": INTEGER}]},
            {"b": "x"},
            [("type", "/b")],
        ),
        (
            {"allOf": [{"additionalProperties": INTEGER}, {"additionalProperties": True}]},
            {"b": "x"},
            [("type", "/b")],
        ),
        (
            {"allOf": [{"additionalProperties": INTEGER}, {"additionalProperties": STRING}]},
            {"b": "x"},
            [("type", "/b")],
        ),
    ],
    ids=str,
)
def test_differences(schema: Any, value: Any, wanted: list[tuple[str, str]]) -> None:
    """What is missing, of another type, of another value or not documented is named by its place;
    the rest is not.
    """
    assert found(schema, value, {"A": {"properties": {"a": INTEGER}}}) == wanted


NAMED = {"properties": {"a": STRING, "kind": {"enum": ["x", "y"]}}, "required": ["a"]}


@pytest.mark.parametrize(
    ("schema", "value", "messages"),
    [
        (NAMED, {}, ["'a' is documented as always there"]),
        (NAMED, {"a": "", "b": 1}, ["the field 'b' is not documented"]),
        (NAMED, {"a": "", "kind": "z"}, ['"z" is not one of the documented values']),
        ({"enum": [1]}, {"a": 1}, ["this object is not one of the documented values"]),
        ({"enum": [1]}, [1], ["this array is not one of the documented values"]),
        (STRING, 1.5, ["documented as string, found number"]),
        ({"type": ["integer", "number"]}, "", ["documented as number, found string"]),
        ({"type": ["array", "object"]}, 1, ["documented as array or object, found integer"]),
    ],
    ids=str,
)
def test_a_difference_says_what_is_documented(schema: Any, value: Any, messages: list[str]) -> None:
    """By the name, the type, or the start of the value."""
    notes = differences(documented_as(schema), 200, "application/json", value, is_json=True)
    assert [note.message for note in notes] == messages


def test_what_came_is_held_against_what_is_documented_for_the_status() -> None:
    """A status, a body and a media type of which the description knows nothing are named beside
    those that it knows.
    """
    endpoint = documented_as(INTEGER)

    def notes(status: int, media_type: str, **how: bool) -> list[tuple[str, str]]:
        different = differences(endpoint, status, media_type, "x", **{"is_json": True, **how})
        return [(note.kind, note.message) for note in different]

    assert notes(404, "application/json") == [
        ("status", "the status 404 is not documented; documented are 200")
    ]
    assert notes(200, "", missing=True) == [
        ("missing", "a body is documented for 200 and none came; documented are application/json")
    ]
    assert notes(200, "text/html") == [
        ("media-type", "text/html is not documented for 200; documented are application/json")
    ]
    assert notes(200, "") == notes(200, "application/json", is_json=False) == []


def test_what_stands_beside_a_choice_holds_for_each_of_its_options() -> None:
    """Its properties are documented, its types and its required names hold."""
    schema = {**EITHER, "properties": {"kind": STRING}, "required": ["kind"]}
    assert found(schema, {"kind": "x", "b": 1}) == []
    assert found(schema, {"kind": 1, "b": 1}) == [("type", "/kind")]
    assert found(schema, {"b": 1}) == [("missing", "/kind")]
    assert found({**EITHER, "additionalProperties": INTEGER}, {"b": 1, "c": ""}) == [("type", "/c")]
    assert found({"items": schema}, [{"kind": "x", "b": 1}, {"a": "", "b": 1}]) == [
        ("missing", "/1/kind"),
        ("undocumented", "/1/b"),
    ]


def test_the_option_with_the_fewest_errors_is_meant() -> None:
    """However many fields it has beside; of the first twenty options."""
    cat = {"properties": {"name": STRING, "lives": INTEGER}, "required": ["name", "lives"]}
    dog = {"properties": {"name": STRING}}
    assert found({"oneOf": [cat, dog]}, {"name": "", "x": 1, "y": 2}) == [
        ("undocumented", "/x"),
        ("undocumented", "/y"),
    ]
    options = [
        {"properties": {f"p{number}": INTEGER}, "required": [f"p{number}"]} for number in range(30)
    ]
    assert found({"oneOf": options}, {"p19": 1}) == []
    assert found({"oneOf": options}, {"p20": 1}) == [("missing", "/p0"), ("undocumented", "/p20")]


def test_a_name_that_nobody_could_read_is_passed_over() -> None:
    """A pointer has names of at most 200 characters."""
    schema = {"properties": {"a": STRING, "b" * 200: INTEGER, "c" * 201: INTEGER}}
    value = {"a": "", "b" * 200: "", "c" * 201: "", "d" * 200: 1, "e" * 201: 1}
    assert found(schema, value) == [("type", "/" + "b" * 200), ("undocumented", "/" + "d" * 200)]
    required = {**schema, "required": ["b" * 200, "c" * 201]}
    assert found(required, {}) == [("missing", "/" + "b" * 200)]


def test_what_is_only_written_is_not_missed() -> None:
    """Behind a reference, too (OpenAPI 3.0: writeOnly); what any value may be is missed."""
    schema = {
        "properties": {"a": {"$ref": "#/$defs/Secret"}, "b": True, "c": {"$ref": "#/$defs/Open"}},
        "required": ["a", "b", "c"],
    }
    definitions = {"Secret": {**STRING, "writeOnly": True}, "Open": STRING}
    assert found(schema, {}, definitions) == [("missing", "/b"), ("missing", "/c")]


@pytest.mark.parametrize(
    ("schema", "value", "wanted"),
    [
        ({"type": "array", "items": INTEGER}, [1, "x"], [("type", "/1")]),
        ({"$ref": "#/$defs/Rows"}, [1, "x"], [("type", "/1")]),
        (INTEGER, ["x"], []),
        ({"type": ["array", "object"]}, ["x"], []),
        ({"items": STRING}, [1], []),
    ],
    ids=str,
)
def test_lines_of_json_are_held_against_an_array(schema: Any, value: Any, wanted: Any) -> None:
    """Before OpenAPI 3.2 nothing says whether another schema is of one line or of all."""
    responses = {"200": Response("", {}, {"application/jsonl": MediaType(schema)})}
    definitions = {"Rows": {"type": "array", "items": INTEGER}}
    endpoint = replace(documented_as({}, definitions), responses=responses)
    notes = differences(endpoint, 200, "application/jsonl", value, is_json=True)
    assert [(note.kind, note.pointer) for note in notes] == wanted


def test_the_first_items_of_an_array_are_looked_at() -> None:
    """500 of them: a long array leaves room for what stands beside it."""
    value = {"long": [*[1] * 499, "last", "not looked at"], "beside": 1}
    schema = {"properties": {"long": {"items": INTEGER}, "beside": STRING}}
    assert found(schema, value) == [("type", "/long/499"), ("type", "/beside")]
    assert found(schema, {"long": [*[1] * 500, "not looked at"]}) == []
    deep: Any = {"$ref": "#/$defs/Deep"}
    definitions = {"Deep": {"properties": {"n": deep, "x": INTEGER}}}
    value = {"x": ""}
    for _ in range(59):
        value = {"n": value}
    assert found(deep, value, definitions) == [("type", "/n" * 59 + "/x")]
    assert found(deep, {"n": value}, definitions) == []


@pytest.mark.parametrize(("length", "shown"), [(78, "x" * 78), (79, "x" * 76 + "...")])
def test_a_long_value_is_shown_by_its_start(length: int, shown: str) -> None:
    """Eighty characters of JSON, quotes included, say which it is."""
    (difference,) = differences(
        documented_as({"enum": ["a"]}), 200, "application/json", "x" * length, is_json=True
    )
    assert difference.message.startswith(f'"{shown}{chr(34) if length == 78 else ""} is not one of')


@pytest.mark.parametrize(
    ("status", "documented"), [(200, "200"), (204, "2XX"), (503, "default"), (404, "4xx")]
)
def test_documented_statuses(status: int, documented: str) -> None:
    """A status is documented by itself, by its range, or by the default."""
    endpoint = documented_as(INTEGER, status=documented)
    assert [
        each.kind for each in differences(endpoint, status, "application/json", "x", is_json=True)
    ] == ["type"]


@pytest.mark.parametrize(
    ("documented", "sent", "compared"),
    [
        ("application/json", "application/json", True),
        ("application/json; charset=utf-8", "application/json", True),
        ("application/*", "application/json", True),
        ("*/*", "application/json", True),
        ("application/json", "application/hal+json", True),
        ("application/xml", "application/json", False),
    ],
)
def test_documented_media_types(documented: str, sent: str, compared: bool) -> None:
    """A media type is documented by itself, by a range, or as JSON of another name."""
    endpoint = replace(
        documented_as(INTEGER),
        responses={"200": Response("", {}, {documented: MediaType(INTEGER)})},
    )
    kinds = [each.kind for each in differences(endpoint, 200, sent, "x", is_json=True)]
    assert kinds == (["type"] if compared else ["media-type"])


def test_nothing_documented() -> None:
    """Where nothing is documented nothing differs."""
    endpoint = replace(documented_as(INTEGER), responses={})
    assert differences(endpoint, 500, "text/html", "x", is_json=False) == []


@given(schema=SCHEMAS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_as_documented(schema: Any) -> None:
    """A value that was made by the documentation, and that jsonschema accepts, does not differ from
    it.
    """
    endpoint = replace(
        documented_as(schema, SHARED),
        method="POST",
        request_body=RequestBody({"application/json": MediaType(schema)}, required=True),
    )
    derived = settings_schema(endpoint)
    body = next(
        group["field"] for group in form_of(endpoint, derived)["groups"] if group["name"] == "body"
    )
    value = Filled(endpoint, derived, generous=True).value(body)
    jsonschema.Draft202012Validator({"allOf": [schema], "$defs": SHARED}).validate(value)
    assert found(schema, value, SHARED) == []


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcdef"), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(schema=SCHEMAS, value=_VALUES)
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_valid_values_are_of_the_documented_types(schema: Any, value: Any) -> None:
    """Whatever jsonschema accepts has nothing missing and no wrong type; at most it has more than
    was documented.
    """
    if jsonschema.Draft202012Validator({"allOf": [schema], "$defs": SHARED}).is_valid(value):
        assert {kind for kind, _ in found(schema, value, SHARED)} <= {"undocumented"}


NODE = {"Node": {"type": "object", "properties": {"n": {"$ref": "#/$defs/Node"}}}}


def nested(depth: int) -> Any:
    """Return an object nested *depth* levels deep."""
    value: Any = {}
    for _ in range(depth):
        value = {"n": value}
    return value


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"$ref": "#/$defs/Node"}, nested(400)),
        (
            {"items": {"properties": {"a": STRING}}},
            [{f"x{number}": 1} for number in range(100_000)],
        ),
        (
            {
                "properties": {f"p{number}": STRING for number in range(5_000)},
                "required": [f"p{number}" for number in range(5_000)],
            },
            {},
        ),
        (
            {
                "oneOf": [
                    {"properties": {f"p{number}": STRING}, "required": [f"p{number}"]}
                    for number in range(2_000)
                ]
            },
            {"a": 1},
        ),
        ({"anyOf": [{"$ref": "#/$defs/Node"}] * 2}, nested(400)),
    ],
    ids=["deep", "many-items", "many-missing", "many-options", "choice-in-choice"],
)
def test_an_end_in_any_case(schema: Any, value: Any) -> None:
    """However large or deep, the notes are bounded."""
    assert len(found(schema, value, NODE)) <= MOST_DIFFERENCES
