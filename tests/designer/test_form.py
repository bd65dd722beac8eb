"""From a settings schema to a form: the kind of each field, what is lazy, and that what a form
offers satisfies the schema.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from designer import conforms, thing_endpoint
from designer_forms import SCHEMAS, SHARED, Filled
from httptask.designer import needs_raw_json
from httptask.designer._form import MOST_FIELDS, field_at, form_of
from httptask.designer._markdown import rendered
from httptask.model.api import Endpoint, MediaType, RequestBody
from httptask.settings import settings_schema

ENDPOINT = thing_endpoint("https://things.example", method="POST")


def endpoint_with(
    body: Any, definitions: dict[str, Any] | None = None, media_type: str = "application/json"
) -> Endpoint:
    """Return an endpoint whose body has the schema *body* and is required."""
    content = {media_type: MediaType(body)}
    return replace(
        ENDPOINT, request_body=RequestBody(content, required=True), definitions=definitions or {}
    )


def body_field(
    body: Any, definitions: dict[str, Any] | None = None, media_type: str = "application/json"
) -> Any:
    """Return the form's field of a body of the schema *body*."""
    endpoint = endpoint_with(body, definitions, media_type)
    form = form_of(endpoint, settings_schema(endpoint))
    return next(group["field"] for group in form["groups"] if group["name"] == "body")


def field(schema: Any, definitions: dict[str, Any] | None = None) -> Any:
    """Return the form's field of a required property `it` of the schema *schema*."""
    whole = {"type": "object", "properties": {"it": schema}, "required": ["it"]}
    (found,) = body_field(whole, definitions)["fields"]
    return found


def every_field(part: Any) -> Iterator[dict[str, Any]]:
    """Give every field in *part* of a form."""
    if isinstance(part, dict):
        if "kind" in part and "type" in part:
            yield part
        for name, inner in part.items():
            if name not in ("default", "examples", "value", "shape", "discriminator"):
                yield from every_field(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from every_field(inner)


# Kinds

STRING, INTEGER, OBJECT = (
    {"type": "string"},
    {"type": "integer"},
    {"type": "object", "properties": {"a": {}}},
)


def test_a_union_of_scalars_is_one_box() -> None:
    """It says which types it takes, and the values that are named; one with a secret, a list or an
    object stays a choice of forms.
    """
    size = {"enum": ["auto", "none"]}
    box = field({"oneOf": [size, {"type": "integer", "minimum": 1}, {"type": "boolean"}]})
    assert (box["kind"], box["types"]) == ("any", ["string", "integer", "boolean"])
    assert box["type"] == "string or integer or boolean"
    assert box["keys"]["values"] == ["auto", "none"]
    assert [option["kind"] for option in box["options"]] == ["enum", "number", "boolean"]
    secret = {"type": "string", "format": "password"}
    for other in (secret, OBJECT, {"type": "array"}, {"oneOf": [INTEGER, OBJECT]}):
        assert field({"oneOf": [STRING | {"maxLength": 3}, other]})["kind"] == "union"


@pytest.mark.parametrize(
    ("schema", "kind", "members"),
    [
        (STRING, "string", {}),
        (
            {"type": "string", "format": "date-time"},
            "string",
            {"format": "date-time", "type": "date-time"},
        ),
        ({"minLength": 2, "pattern": "^a"}, "string", {"minimum": 2, "pattern": "^a"}),
        (INTEGER, "number", {"integer": True, "type": "integer"}),
        (
            {"type": "number", "multipleOf": 0.5, "exclusiveMinimum": 0},
            "number",
            {"integer": False, "step": 0.5},
        ),
        ({"type": "boolean"}, "boolean", {}),
        ({"enum": [True, False]}, "boolean", {}),
        (
            {"type": "string", "enum": ["a", "b"]},
            "enum",
            {"values": ["a", "b"], "type": "one of 2"},
        ),
        ({"enum": [1, "a", None]}, "enum", {"values": [1, "a"], "nullable": True}),
        ({"const": 5}, "const", {"value": 5}),
        ({"type": "string", "enum": ["only"]}, "const", {"value": "only"}),
        ({"type": "null"}, "const", {"value": None}),
        (
            {"oneOf": [{"const": "a", "title": "A!"}, {"const": "b"}]},
            "enum",
            {"values": ["a", "b"], "labels": ["A!", '"b"']},
        ),
        ({"type": "array", "items": STRING}, "array", {"type": "list of string"}),
        (
            {"type": "array"},
            "array",
            {"items": {"kind": "any", "type": "any value"}, "type": "list"},
        ),
        (
            {"type": "array", "uniqueItems": True, "minItems": 1, "maxItems": 3},
            "array",
            {"unique": True, "minimum": 1, "maximum": 3},
        ),
        ({"items": INTEGER}, "array", {"type": "list of integer"}),
        ({"type": "object"}, "map", {"type": "object"}),
        ({"type": "object", "additionalProperties": INTEGER}, "map", {"type": "map of integer"}),
        (
            {"type": "object", "patternProperties": {"^x-": STRING}},
            "map",
            {"keys": {"kind": "string", "type": "name", "pattern": "^x-"}},
        ),
        ({"type": "object", "additionalProperties": False}, "object", {"fields": []}),
        ({"required": ["a"], "properties": {"a": STRING}}, "object", {}),
        ({"type": "string", "format": "binary"}, "file", {"encoding": "base64"}),
        ({"type": "string", "format": "byte"}, "file", {"encoding": "base64"}),
        (
            {"type": "string", "contentEncoding": "base64", "contentMediaType": "image/png"},
            "file",
            {"encoding": "base64", "accept": "image/png"},
        ),
        ({}, "any", {"type": "any value"}),
        (True, "any", {}),
        ({"type": ["string", "integer"]}, "any", {"types": ["string", "integer"]}),
        ({"type": ["integer", "null"]}, "number", {"nullable": True}),
        ({"anyOf": [STRING, {"type": "null"}]}, "string", {"nullable": True}),
        ({"anyOf": [STRING, OBJECT]}, "union", {"type": "one of 2 forms"}),
        ({"oneOf": [OBJECT]}, "object", {}),
        (
            {"allOf": [{"minimum": 1}, {"type": "integer", "minimum": 5}]},
            "number",
            {"minimum": 5, "integer": True},
        ),
        ({"type": ["string", "array"], "items": STRING}, "union", {}),
        ({"allOf": [STRING, INTEGER]}, "any", {"raw": True}),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict | bool) else None,
)
def test_kinds(schema: Any, kind: str, members: dict[str, Any]) -> None:
    """Each schema is a field of the kind that a person would expect, with what bounds it."""
    found = field(schema)
    assert found["kind"] == kind
    assert (
        members.items() <= {name: value for name, value in found.items() if name in members}.items()
        or found | members == found
    )


def test_every_kind_is_described() -> None:
    """Each field is one that the API's description has."""
    form = form_of(ENDPOINT, settings_schema(ENDPOINT))
    conforms(
        {"$ref": "#/components/schemas/Form"},
        {"id": "x", "prefill": {}, "form": form, "rawJson": {"any": False, "required": False}},
    )


def test_groups() -> None:
    """The groups stand in the order of the form; those that can hold nothing are left out."""
    form = form_of(ENDPOINT, settings_schema(ENDPOINT))
    assert [(group["name"], group["required"]) for group in form["groups"]] == [
        ("pathParameters", True),
        ("headers", False),
        ("query", False),
        ("body", False),
    ]


def test_required_first() -> None:
    """Required fields stand first, the rest in the description's order; unknown required names have
    a field, too.
    """
    schema = {
        "type": "object",
        "properties": {"b": STRING, "a": STRING, "c": STRING},
        "required": ["c", "unknown"],
    }
    names = [(each["name"], each.get("required", False)) for each in body_field(schema)["fields"]]
    assert names == [("c", True), ("unknown", True), ("b", False), ("a", False)]


def test_nothing_is_invented() -> None:
    """A field has a default only where the description has one."""
    found = body_field(
        {
            "type": "object",
            "properties": {
                "a": INTEGER,
                "b": {"enum": ["x", "y"]},
                "c": {"type": "integer", "default": 3},
            },
        }
    )
    assert {each["name"]: each.get("default") for each in found["fields"]} == {
        "a": None,
        "b": None,
        "c": 3,
    }


def test_read_only_is_left_out() -> None:
    """What stands in responses only has no field."""
    found = body_field(
        {
            "type": "object",
            "properties": {"id": {"type": "integer", "readOnly": True}, "name": STRING},
        }
    )
    assert [each["name"] for each in found["fields"]] == ["name"]


def test_all_of_is_merged() -> None:
    """Fields of every part of an `allOf` stand in one object, whatever references they come
    through.
    """
    definitions = {
        "Base": {"type": "object", "required": ["id"], "properties": {"id": STRING}},
        "Named": {
            "allOf": [
                {"$ref": "#/$defs/Base"},
                {"properties": {"name": {**STRING, "maxLength": 9}}},
            ]
        },
    }
    found = body_field(
        {
            "allOf": [
                {"$ref": "#/$defs/Named"},
                {"properties": {"name": {"minLength": 2}}, "required": ["name"]},
            ]
        },
        definitions,
    )
    assert [(each["name"], each.get("required")) for each in found["fields"]] == [
        ("id", True),
        ("name", True),
    ]
    assert (found["fields"][1]["minimum"], found["fields"][1]["maximum"]) == (2, 9)


def test_conditions_offer_what_they_may_ask_for() -> None:
    """A field that only a condition names can be filled in."""
    schema = {
        "type": "object",
        "properties": {"a": STRING},
        "if": {"required": ["a"]},
        "then": {"properties": {"b": STRING}, "required": ["b"]},
    }
    assert [(each["name"], each.get("required")) for each in body_field(schema)["fields"]] == [
        ("a", None),
        ("b", None),
    ]


@pytest.mark.parametrize(
    ("discriminator", "wanted"),
    [
        (None, None),
        ({"propertyName": "type"}, {"Cat": 0, "Dog": 1}),
        (
            {"propertyName": "type", "mapping": {"meow": "#/$defs/Cat", "woof": "#/$defs/Dog"}},
            {"meow": 0, "woof": 1},
        ),
    ],
    ids=["none", "by-name", "mapped"],
)
def test_discriminator(discriminator: Any, wanted: Any) -> None:
    """A discriminator tells the options apart, and its field is given in each."""
    definitions = {
        name: {
            "type": "object",
            "required": ["type"],
            "properties": {"type": STRING, name.lower(): INTEGER},
        }
        for name in ("Cat", "Dog")
    }
    schema = {"oneOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]} | (
        {"discriminator": discriminator} if discriminator else {}
    )
    found = body_field(schema, definitions)
    assert [option["title"] for option in found["options"]] == ["Cat", "Dog"]
    assert found.get("discriminator", {}).get("values") == wanted
    if wanted:
        given_values = [
            next(each for each in option["fields"] if each["name"] == "type")
            for option in found["options"]
        ]
        assert [each.get("value") for each in given_values] == list(wanted)


def test_constants_tell_options_apart() -> None:
    """Without a discriminator, a property with another constant in each option is one."""
    options = [
        {"type": "object", "required": ["kind"], "properties": {"kind": {"const": kind}}}
        for kind in ("a", "b")
    ]
    found = body_field({"oneOf": options})
    assert found["discriminator"] == {"property": "kind", "values": {"a": 0, "b": 1}}
    assert found["options"][0]["shape"] == {
        "json": "object",
        "required": ["kind"],
        "const": {"kind": "a"},
    }


def test_what_holds_for_all_options_stands_in_each() -> None:
    """Fields beside a choice stand in every option."""
    schema = {
        "type": "object",
        "properties": {"id": STRING},
        "required": ["id"],
        "oneOf": [{"properties": {"a": STRING}}, {"properties": {"b": STRING}}],
    }
    names = [
        [each["name"] for each in option["fields"]] for option in body_field(schema)["options"]
    ]
    assert [sorted(each) for each in names] == [["a", "id"], ["b", "id"]]


def test_choice_of_required_names_is_no_choice_of_forms() -> None:
    """`anyOf` that only says which fields are needed leaves one object."""
    schema = {
        "type": "object",
        "properties": {"a": STRING, "b": STRING},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    }
    assert body_field(schema)["kind"] == "object"


def test_options_of_a_body_are_called_by_media_type() -> None:
    """A body of several media types with schemas of their own is a choice between these."""
    content = {
        "application/json": MediaType(OBJECT),
        "text/plain": MediaType(STRING),
        "text/csv": MediaType(STRING),
    }
    endpoint = replace(ENDPOINT, request_body=RequestBody(content))
    form = form_of(endpoint, settings_schema(endpoint))
    body = next(group["field"] for group in form["groups"] if group["name"] == "body")
    assert [option["title"] for option in body["options"]] == [
        "application/json",
        "text/plain, text/csv",
    ]


@pytest.mark.parametrize(
    ("options", "titles"),
    [
        ([{"required": ["a"]}, {"required": ["b", "a"]}], ["without b", "with b"]),
        ([{"required": ["a", "b", "c", "d"]}, {"required": ["e"]}], ["with a, b, c, …", "with e"]),
        ([{"properties": {"a": STRING}}, {"properties": {"b": STRING}}], ["with a", "with b"]),
        ([{"required": ["a"]}, {"required": ["a"], "minProperties": 2}], ["Form 1", "Form 2"]),
        ([{"title": "First", "required": ["a"]}, {"$ref": "#/$defs/Second"}], ["First", "Second"]),
        ([{"$ref": "#/$defs/0_13"}, {"$ref": "#/$defs/Second"}], ["with n", "Second"]),
    ],
)
def test_options_without_a_title_are_told_apart(options: Any, titles: list[str]) -> None:
    """An option that nobody named is called by what only it asks for; a number is no name."""
    options = [{"type": "object"} | option for option in options]
    shared = {
        "Second": {"type": "object", "required": ["s"]},
        "0_13": {"type": "object", "required": ["n"]},
    }
    found = field(
        {"oneOf": [each if "$ref" not in each else {"$ref": each["$ref"]} for each in options]},
        shared,
    )
    assert [option["title"] for option in found["options"]] == titles


@pytest.mark.parametrize(
    ("media_type", "encoding"),
    [
        ("multipart/form-data", "upload"),
        ("application/json", "base64"),
        ("application/x-www-form-urlencoded", "base64"),
    ],
)
def test_files_where_a_body_carries_them(media_type: str, encoding: str) -> None:
    """A file is an upload in a body that carries files, and text in one that is text through and
    through.
    """
    body = {"type": "object", "properties": {"it": {"type": "string", "format": "binary"}}}
    (found,) = body_field(body, media_type=media_type)["fields"]
    assert (found["kind"], found["encoding"]) == ("file", encoding)


@pytest.mark.parametrize(
    "media_type",
    ["application/octet-stream", "image/png", "application/pdf", "application/vnd.ms-excel"],
)
@pytest.mark.parametrize(
    "schema", [{}, STRING, {"type": "string", "format": "binary"}], ids=["any", "string", "binary"]
)
def test_binary_body_is_a_file(media_type: str, schema: Any) -> None:
    """A body whose media type is no text is a file."""
    assert body_field(schema, media_type=media_type)["kind"] == "file"


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("password", True),
        ("client_secret", True),
        ("apiKey", True),
        ("access_token", True),
        ("page_token_size", False),
        ("key", False),
        ("tokens", False),
    ],
)
def test_secret_fields(name: str, secret: bool) -> None:
    """A text field whose name says so is a secret."""
    (found,) = body_field({"type": "object", "properties": {name: STRING}})["fields"]
    assert found.get("secret", False) is secret


# Laziness

NODE = {
    "Node": {
        "type": "object",
        "required": ["next"],
        "properties": {
            "next": {"$ref": "#/$defs/Node"},
            "others": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
        },
    }
}


def test_recursion_is_a_link() -> None:
    """A recursive place, required or not, is a stub: its kind and name are there, its fields are
    not.
    """
    found = body_field({"$ref": "#/$defs/Node"}, NODE)
    following = found["fields"][0]
    assert (following["name"], following["kind"], following["required"]) == ("next", "object", True)
    assert "fields" not in following
    endpoint = endpoint_with({"$ref": "#/$defs/Node"}, NODE)
    expanded = field_at(endpoint, settings_schema(endpoint), following["link"])
    assert [each["name"] for each in expanded["fields"]] == ["next", "others"]
    assert "link" not in expanded


HOSTILE = {
    "wide": {"type": "object", "properties": {f"p{number}": OBJECT for number in range(20_000)}},
    "deep": json.loads('{"type":"array","items":' * 190 + "{}" + "}" * 190),
    "loop": {"$ref": "#/$defs/A"},
    "fan": {"$ref": "#/$defs/F0"},
    "tree": {"$ref": "#/$defs/T0"},
    "choices": {"$ref": "#/$defs/C0"},
    "endless choices": {"$ref": "#/$defs/E"},
    "merged for ever": {"$ref": "#/$defs/M"},
    "enum": {"enum": list(range(100_000))},
    "options": {
        "oneOf": [
            {"type": "object", "properties": {f"p{number}": STRING}} for number in range(5_000)
        ]
    },
    "proto": {
        "type": "object",
        "properties": {
            "__proto__": STRING,
            "constructor": OBJECT,
            "a/b~c": STRING,
            "": STRING,
            "\u0000": STRING,
        },
    },
}
DEFINITIONS: dict[str, Any] = {
    "A": {"$ref": "#/$defs/B"},
    "B": {"$ref": "#/$defs/A"},
    **{f"F{level}": {"allOf": [{"$ref": f"#/$defs/F{level + 1}"}] * 4} for level in range(60)},
    "F60": OBJECT,
    **{
        f"T{level}": {
            "type": "object",
            "properties": {f"c{number}": {"$ref": f"#/$defs/T{level + 1}"} for number in range(8)},
        }
        for level in range(40)
    },
    "T40": STRING,
    **{
        f"C{level}": {
            "oneOf": [
                {
                    "type": "object",
                    "required": [name],
                    "properties": {name: {"$ref": f"#/$defs/C{level + 1}"}},
                }
                for name in ("a", "b", "c")
            ]
        }
        for level in range(50)
    },
    "C50": {"allOf": [STRING, INTEGER]},
    "E": {
        "oneOf": [
            {"type": "object", "required": [name], "properties": {name: {"$ref": "#/$defs/E"}}}
            for name in ("a", "b")
        ]
    },
    "L": {"type": "object", "required": ["x"], "properties": {"x": {"$ref": "#/$defs/L"}}},
    "M": {"allOf": [{"$ref": "#/$defs/L"}, {"properties": {"x": {"$ref": "#/$defs/M"}}}]},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_forms_are_bounded(name: str) -> None:
    """However large, deep or entangled a schema is, its form is of a bounded size, and so is each
    of its parts.
    """
    endpoint = endpoint_with(HOSTILE[name], DEFINITIONS)
    schema = settings_schema(endpoint)
    form = form_of(endpoint, schema)
    fields = list(every_field(form))
    assert len(fields) < MOST_FIELDS + 2_500
    for link in [each["link"] for each in fields if "link" in each][:5]:
        part = field_at(endpoint, schema, link)
        assert "link" not in part
        assert len(list(every_field(part))) < MOST_FIELDS + 2_500
    needs_raw_json(schema, endpoint)


@pytest.mark.parametrize(
    "link",
    [
        "",
        "/",
        "/url",
        "/body/fields",
        "/body/fields/nope",
        "/nope/fields/a",
        "/body" + "/items" * 300,
    ],
)
def test_links_that_lead_nowhere(link: str) -> None:
    """A link that no form gave out is refused."""
    endpoint = endpoint_with(OBJECT)
    with pytest.raises(LookupError):
        field_at(endpoint, settings_schema(endpoint), link)


# Raw JSON


@pytest.mark.parametrize(
    ("schema", "needs"),
    [
        (OBJECT, (False, False)),
        ({"type": "object", "properties": {"a": {"allOf": [STRING, INTEGER]}}}, (True, False)),
        (
            {
                "type": "object",
                "properties": {"a": {"allOf": [STRING, INTEGER]}},
                "required": ["a"],
            },
            (True, True),
        ),
        ({"oneOf": [OBJECT, {"allOf": [STRING, INTEGER]}]}, (True, False)),
        ({"type": "array", "items": {"allOf": [STRING, INTEGER]}}, (True, False)),
        ({"type": "array", "minItems": 1, "items": {"allOf": [STRING, INTEGER]}}, (True, True)),
        ({"$ref": "#/$defs/Node"}, (False, False)),
    ],
    ids=[
        "none",
        "optional",
        "required",
        "another-option",
        "in-items",
        "in-required-items",
        "recursive",
    ],
)
def test_needs_raw_json(schema: Any, needs: tuple[bool, bool]) -> None:
    """A schema that no field can express needs raw JSON: for any field, and for a required one only
    where it is.
    """
    endpoint = endpoint_with(schema, NODE)
    assert needs_raw_json(settings_schema(endpoint), endpoint) == needs


# What is filled in satisfies the schema


@pytest.mark.parametrize("generous", [False, True], ids=["required-only", "everything"])
@given(schema=SCHEMAS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_filled_in_forms_satisfy_their_schema(generous: bool, schema: Any) -> None:
    """What somebody fills in field by field, required ones only or all, satisfies the schema, as
    jsonschema sees it.
    """
    endpoint = endpoint_with(schema, SHARED)
    derived = settings_schema(endpoint)
    assert needs_raw_json(derived, endpoint) == (False, False)
    body = next(
        group["field"] for group in form_of(endpoint, derived)["groups"] if group["name"] == "body"
    )
    value = Filled(endpoint, derived, generous=generous).value(body)
    jsonschema.Draft202012Validator(
        {**derived["properties"]["body"], "$defs": derived.get("$defs", {})}
    ).validate(value)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=5)
    | st.sampled_from(["object", "#/$defs/A", "#/$defs/Thing"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "properties",
                    "items",
                    "allOf",
                    "oneOf",
                    "anyOf",
                    "$ref",
                    "enum",
                    "const",
                    "required",
                    "default",
                    "not",
                    "then",
                    "title",
                    "additionalProperties",
                    "patternProperties",
                    "propertyNames",
                    "prefixItems",
                    "minimum",
                    "format",
                    "description",
                    "examples",
                    "discriminator",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(schema=_JSON, definition=_JSON)
@example(
    schema={"patternProperties": {"type": None, "properties": {"allOf": None}}}, definition=None
)
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_any_json_as_a_schema_has_a_form(schema: Any, definition: Any) -> None:
    """Whatever a stranger wrote where a schema belongs, there is a form, of the shape that is
    described.
    """
    derived = {"properties": {"body": schema}, "$defs": {"A": definition, **SHARED}}
    form = form_of(ENDPOINT, derived)
    conforms(
        {"$ref": "#/components/schemas/Form"},
        {"id": "", "prefill": {}, "form": form, "rawJson": {"any": False, "required": False}},
    )
    for each in every_field(form):
        if "link" in each:
            field_at(ENDPOINT, derived, each["link"])
    needs_raw_json(derived, ENDPOINT)


# Descriptions


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain & simple", "<p>plain &amp; simple</p>"),
        ("**bold** `code`", "<p><strong>bold</strong> <code>code</code></p>"),
        ("<b>bold</b>", "<p><b>bold</b></p>"),
        ("~~gone~~", "<p><del>gone</del></p>"),
        ("# Top", "<h3>Top</h3>"),
        ("line  \nbreak", "<p>line<br>\nbreak</p>"),
        ("a\n\n<p>b</p>", "<p>a</p>\n<p>b</p>"),
        ("1. one\n2. two", "<ol>\n<li>one</li>\n<li>two</li>\n</ol>"),
        ("- [x] done\n- [ ] open", "<ul>\n<li>☑\ndone</li>\n<li>☐\nopen</li>\n</ul>"),
        (
            "| a | b |\n|--:|---|\n| 1 | 2 |",
            (
                '<table><thead><tr><th align="right">a</th><th>b</th></tr></thead><tbody>\n'
                '<tr><td align="right">1</td><td>2</td></tr>\n</tbody></table>'
            ),
        ),
        ("lone \ud800 *surrogate*", "<p>lone ? <em>surrogate</em></p>"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_descriptions_are_rendered(text: str, html: str) -> None:
    """Markdown and the HTML in it are rendered."""
    assert rendered(text) == html


@pytest.mark.parametrize("library", ["pyromark.html", "nh3.Cleaner.clean"])
def test_a_panic_of_a_renderer_shows_the_text_as_written(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What pyo3 raises for a panic of Rust code is no `Exception`; a reader sees the text, and the
    server goes on.
    """
    panic = type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})
    rendering_raises(monkeypatch, library, panic("index out of bounds"))
    assert rendered(f"a *panic* in <{library}>") == f"<pre>a *panic* in &lt;{library}&gt;</pre>"


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), asyncio.CancelledError(), SystemExit(), MemoryError()], ids=repr
)
def test_what_ends_a_server_is_no_panic(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a panic is the text's fault: Ctrl+C, a cancelled request and the like pass through."""
    rendering_raises(monkeypatch, "pyromark.html", error)
    with pytest.raises(type(error)):
        rendered(f"a *text* that meets {error!r}")


def rendering_raises(monkeypatch: pytest.MonkeyPatch, library: str, error: BaseException) -> None:
    def fail(*_: Any, **__: Any) -> str:
        raise error

    if library == "pyromark.html":
        monkeypatch.setattr("httptask.designer._markdown.pyromark.html", fail)
    else:
        monkeypatch.setattr(
            "httptask.designer._markdown._cleaner", lambda: SimpleNamespace(clean=fail)
        )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "<a href='/api/v1/uploads' onclick='alert(1)'>x</a>",
        "<iframe src='//evil.example'></iframe>",
        "<style>*{display:none}</style>",
        "<form action='//evil.example'><input></form>",
        "<p style='position:fixed' id='f-/url' class='x'>x</p>",
        "![x](https://evil.example/pixel.png)",
        "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    ],
)
def test_descriptions_are_harmless(text: str) -> None:
    """Nothing in a description runs, loads, sends, covers the page or takes the id of another
    element.
    """
    html = rendered(text).lower()
    for bad in (
        "<script",
        "<img",
        "<svg",
        "<iframe",
        "<style",
        "<form",
        "<input",
        "onerror=",
        "onload=",
        "onclick=",
        "style=",
        "id=",
        "class=",
        "src=",
    ):
        assert bad not in html.replace("&lt;", "")
    assert 'href="javascript' not in html
    assert 'href="data' not in html
    assert 'href="/' not in html


def test_links_open_elsewhere() -> None:
    """A link leads out of the page and says nothing of where it was followed from."""
    assert (
        rendered("[docs](https://docs.example)")
        == '<p><a href="https://docs.example" target="_blank" rel="noopener noreferrer'
        ' nofollow">docs</a></p>'
    )


RUNAWAYS = {
    "[": "[",
    "*": "*",
    ">": ">",
    "<": "<",
    "`": "`",
    "an element": "<div>",
    "emphasis": "*a **b _c ",
    "links": "[a](<b",
    "comments": "<!--",
    "references": "[a]: b\n\n",
}


@pytest.mark.parametrize("length", [16_000, 50_000], ids=["rendered", "too long"])
@pytest.mark.parametrize("name", RUNAWAYS)
def test_texts_that_would_run_away(name: str, length: int) -> None:
    """A text made to keep the renderer busy ends, as some HTML or other."""
    text = (RUNAWAYS[name] * length)[:length]
    assert isinstance(rendered(text), str)


@pytest.mark.parametrize(
    "text",
    [
        "|a" * 2_000 + "\n" + "|-" * 2_000 + "\n" + "|x\n" * 2_000,
        "1. " * 5_000,
        "> - " * 101,
        "<ul><li>" * 101 + "x",
    ],
    ids=["cells", "lists", "quotations", "elements"],
)
def test_texts_that_grow_are_shown_as_they_are_written(text: str) -> None:
    """What would become many times its size, or nest without end, is shown as it stands."""
    assert rendered(text) == f"<pre>{escape(text, quote=False)}</pre>"


def test_lists_may_be_nested() -> None:
    """As deep as any description goes."""
    assert rendered("- " * 100 + "x").count("<ul>") == 100


@pytest.mark.parametrize("before", ["", "</ul>" * 2_000])
def test_lists_within_lists_are_counted_whatever_ends_before_them(before: str) -> None:
    """Ends without a beginning do not hide a depth that would take the cleaner too long."""
    text = before + "<ul>" * 150 + "x"
    assert rendered(text).startswith("<pre>")
