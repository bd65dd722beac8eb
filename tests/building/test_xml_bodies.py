"""XML bodies from objects, by the hints of their schemas: the specifications' examples, and what
other libraries read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from decoding import decoding_server
from httptask.building import build
from httptask.errors import SettingsError
from httptask.model.api import Endpoint, MediaType, RequestBody
from httptask.task import HttpTask, Runtime
from tasks import http, is_literal, runtime

XML = "application/xml"
TEXT = {"type": "string"}
SAMPLE = "https://example.com/schema/sample"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


def described(schema: dict[str, Any], content_type: str = XML, **definitions: Any) -> Endpoint:
    body = RequestBody({content_type: MediaType(schema)})
    return Endpoint("i", "POST", "/a", "v", request_body=body, definitions=definitions)


def written(
    value: Any, schema: dict[str, Any], content_type: str = XML, **definitions: Any
) -> bytes:
    request = {
        "url": "http://h/a",
        "method": "POST",
        "body": value,
        "headers": {"Content-Type": content_type},
    }
    content = build(request, described(schema, content_type, **definitions)).body
    assert isinstance(content, bytes)
    return content


def refused(value: Any, schema: dict[str, Any], **definitions: Any) -> tuple[str, str]:
    with pytest.raises(SettingsError) as caught:
        written(value, schema, **definitions)
    (problem,) = caught.value.problems
    return problem.pointer, problem.message


def properties(**each: Any) -> dict[str, Any]:
    return {"type": "object", "properties": each, "xml": {"name": "root"}}


def array(items: dict[str, Any] | None = None, **hints: Any) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {"type": "string", **({"xml": items} if items else {})},
        **({"xml": hints} if hints else {}),
    }


ANIMALS = {"animals": ["cat", "dog"]}
EXAMPLES = {
    "basic string": (properties(animals=TEXT), {"animals": "cat"}, "<animals>cat</animals>"),
    "basic array": (
        properties(animals=array()),
        ANIMALS,
        "<animals>cat</animals><animals>dog</animals>",
    ),
    "items with a name": (
        properties(animals=array({"name": "animal"})),
        ANIMALS,
        "<animal>cat</animal><animal>dog</animal>",
    ),
    "the array's name alone counts for nothing": (
        properties(animals=array({"name": "animal"}, name="aliens")),
        ANIMALS,
        "<animal>cat</animal><animal>dog</animal>",
    ),
    "wrapped": (
        properties(animals=array(wrapped=True)),
        ANIMALS,
        "<animals><animals>cat</animals><animals>dog</animals></animals>",
    ),
    "wrapped, a name for the array": (
        properties(animals=array(wrapped=True, name="aliens")),
        ANIMALS,
        "<aliens><aliens>cat</aliens><aliens>dog</aliens></aliens>",
    ),
    "wrapped, a name for both": (
        properties(animals=array({"name": "animal"}, wrapped=True, name="aliens")),
        ANIMALS,
        "<aliens><animal>cat</animal><animal>dog</animal></aliens>",
    ),
    "wrapped by its node type": (
        properties(animals=array({"name": "animal"}, nodeType="element")),
        ANIMALS,
        "<animals><animal>cat</animal><animal>dog</animal></animals>",
    ),
    "attribute, prefix and namespace": (
        properties(
            id={"type": "integer", "xml": {"attribute": True}},
            name={**TEXT, "xml": {"namespace": SAMPLE, "prefix": "sample"}},
        ),
        {"id": 123, "name": "example"},
        f'<root id="123"><sample:name xmlns:sample="{SAMPLE}">example</sample:name></root>',
    ),
    "namespace without a prefix": (
        properties(name={**TEXT, "xml": {"namespace": SAMPLE}}),
        {"name": "example"},
        f'<name xmlns="{SAMPLE}">example</name>',
    ),
    "attribute with a namespace": (
        properties(id={**TEXT, "xml": {"attribute": True, "namespace": SAMPLE, "prefix": "s"}}),
        {"id": "1"},
        f'<root xmlns:s="{SAMPLE}" s:id="1"/>',
    ),
    "text beside attributes": (
        properties(
            unit={**TEXT, "xml": {"nodeType": "attribute"}},
            value={"type": "number", "xml": {"nodeType": "text"}},
        ),
        {"unit": "m", "value": 1.5},
        '<root unit="m">1.5</root>',
    ),
    "CDATA": (
        properties(note={**TEXT, "xml": {"nodeType": "cdata"}}),
        {"note": "a<b]]>c"},
        "<root>a&lt;b]]&gt;c</root>",
    ),
    "a node that is none": (
        properties(
            inner={
                "xml": {"nodeType": "none"},
                "properties": {"a": {"xml": {"attribute": True}}, "b": {}},
            }
        ),
        {"inner": {"a": 1, "b": 2}},
        '<root a="1"><b>2</b></root>',
    ),
    "attributes of a namespace": (
        properties(
            a={"xml": {"attribute": True, "namespace": "urn:a"}},
            b={"xml": {"attribute": True, "namespace": "urn:b"}},
            c={"xml": {"attribute": True, "prefix": "p", "namespace": "urn:c"}},
            d={"xml": {"attribute": True, "namespace": "urn:c"}},
        ),
        dict.fromkeys("abcd", 1),
        '<root xmlns:ns1="urn:a" xmlns:ns2="urn:b" xmlns:p="urn:c" ns1:a="1" ns2:b="1" p:c="1" p:d="1"/>',
    ),
    "null, boolean, empty, big": (
        properties(a={}, b={}, c={}, d={}, e={"xml": {"attribute": True}}),
        {"a": None, "b": True, "c": "", "d": 2**70, "e": None},
        f'<root><a xmlns:xsi="{XSI[1:-1]}" xsi:nil="true"/><b>true</b><c></c><d>{2**70}</d></root>',
    ),
    "the order of the description": (
        properties(a={}, b={}),
        {"z": 1, "b": 2, "a": 3},
        "<root><a>3</a><b>2</b><z>1</z></root>",
    ),
}


@pytest.mark.parametrize(("schema", "value", "xml"), EXAMPLES.values(), ids=EXAMPLES)
def test_hints(schema: dict[str, Any], value: Any, xml: str) -> None:
    """The examples of OpenAPI 3.0 to 3.2, XML Object, and of each further hint one."""
    whole = xml if xml.startswith("<root") else f"<root>{xml}</root>"
    assert ET.canonicalize(written(value, schema).decode()) == ET.canonicalize(whole)


PET = {
    "type": "object",
    "xml": {"name": "animal"},
    "properties": {
        "kind": {"$ref": "#/$defs/Kind"},
        "young": {"type": "array", "items": {"$ref": "#/$defs/Pet"}},
    },
}
KIND = {"type": "object", "properties": {"name": {}}}


@pytest.mark.parametrize(
    ("schema", "value", "xml"),
    [
        (
            {"$ref": "#/$defs/Pet"},
            {"kind": {"name": "x"}},
            "<animal><kind><name>x</name></kind></animal>",
        ),
        ({"$ref": "#/$defs/Kind"}, {"name": "x"}, "<Kind><name>x</name></Kind>"),
        (
            {"allOf": [{"$ref": "#/$defs/Kind"}], "xml": {"name": "k"}},
            {"name": "x"},
            "<k><name>x</name></k>",
        ),
        (
            {
                "allOf": [
                    {"$ref": "#/$defs/Kind"},
                    {"properties": {"id": {"xml": {"attribute": True}}}},
                ],
                "xml": {"name": "k"},
            },
            {"name": "x", "id": 1},
            '<k id="1"><name>x</name></k>',
        ),
        (
            {"$ref": "#/$defs/Pet"},
            {"young": [{"young": [{}]}]},
            "<animal><animal><animal/></animal></animal>",
        ),
        ({}, {"soap": {"a": [1, 2]}}, "<soap><a>1</a><a>2</a></soap>"),
        ({"type": "integer", "xml": {"name": "n"}}, 5, "<n>5</n>"),
        ({"$ref": "#/$defs/Endless"}, {"a": {"a": "x"}}, "<Endless><a><a>x</a></a></Endless>"),
    ],
)
def test_names_of_roots_and_references(schema: dict[str, Any], value: Any, xml: str) -> None:
    """A root is named by its hint, else by its component, else by the value's only member; schemas
    may lead back to themselves.
    """
    endless = {"$ref": "#/$defs/Endless", "properties": {"a": {"$ref": "#/$defs/Endless"}}}
    content = written(value, schema, Pet=PET, Kind=KIND, Endless=endless)
    assert ET.canonicalize(content.decode()) == ET.canonicalize(xml)


# What other libraries read


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with decoding_server() as url:
        yield url


@pytest.fixture(scope="module")
def shared() -> Iterator[Runtime]:
    with runtime() as shared:
        yield shared


name = st.from_regex(r"[A-Za-z_é][A-Za-z0-9_.é-]{0,5}", fullmatch=True)
text = st.text(
    st.characters(
        blacklist_categories=("Cs",),
        blacklist_characters=[*map(chr, range(9)), *map(chr, range(11, 32)), "\ufffe", "\uffff"],
    ),
    max_size=8,
).filter(is_literal)
children = st.recursive(
    text | st.booleans() | st.integers(),
    lambda inner: st.dictionaries(
        name, inner | st.lists(inner, min_size=1, max_size=3), max_size=3
    ),
    max_leaves=8,
)


def read(element: ET.Element) -> Any:
    """Return what *element* holds: its text, or its elements by name, several of a name as an
    array.
    """
    if not len(element):
        return element.text or ""
    found: dict[str, list[Any]] = {}
    for child in element:
        found.setdefault(child.tag, []).append(read(child))
    return found


def meant(value: Any) -> Any:
    """Return what `read` has for *value*."""
    if isinstance(value, dict):
        return {
            each: [meant(item) for item in (inner if isinstance(inner, list) else [inner])]
            for each, inner in value.items()
        } or ""
    return value if isinstance(value, str) else str(value).lower()


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    value=children,
    attributes=st.dictionaries(name, text, max_size=3),
    charset=st.sampled_from(["utf-8", "utf-16"]),
)
@example(value=" \n\t<&>\"']]>\r\n", attributes={"a": "\n\t\r\"'<&"}, charset="utf-8")
def test_xml_comes_back(
    server: str, shared: Runtime, value: Any, attributes: dict[str, str], charset: str
) -> None:
    """Whatever elements, text and attributes hold, ElementTree reads the same from what a server
    got.
    """
    hinted = {each: {"xml": {"attribute": True}} for each in attributes}
    schema = {"xml": {"name": "root"}, "properties": {**hinted, "value-of": {}}}
    content_type = f"{XML}; charset={charset}"
    request = {
        "method": "POST",
        "body": {**attributes, "value-of": value},
        "headers": {"Content-Type": content_type},
    }
    task = HttpTask(
        http(f"{server}/a", request=request),
        runtime=shared,
        endpoint=described(schema, content_type),
    )
    came = task.call().body
    assert came["headers"]["content-type"] == content_type
    root = ET.fromstring(came["body"].encode("latin-1"))
    assert dict(root.attrib) == attributes
    assert [read(each) for each in root] == [meant(value)]


def test_xml_as_text_is_sent_as_it_is() -> None:
    """Who writes the XML has it on the wire, byte for byte, in the charset of its media type."""
    xml = '<?xml version="1.0"?><a é="1"/>'
    assert written(xml, {}) == xml.encode()
    assert written(xml, {}, f"{XML}; charset=latin-1") == xml.encode("latin-1")


def test_text_in_place_of_an_object_is_valid() -> None:
    """Under XML or any type but JSON and forms: the description's schema is of the value, not of
    the text that carries it.
    """
    schema = {"xml": {"name": "a"}, "type": "object", "required": ["b"]}

    def problems(body: Any, content_type: str, known: Endpoint) -> list[str]:
        request = {"method": "POST", "body": body, "headers": {"Content-Type": content_type}}
        return [
            each.pointer
            for each in HttpTask(
                http("https://h.example/a", request=request), endpoint=known
            ).problems()
        ]

    for kind in (XML, "application/jwt"):
        assert problems("<a/>", kind, described(schema, kind)) == []
    assert problems({}, XML, described(schema)) == ["/httpRequest/body"]
    assert problems("{}", "application/json", described(schema, "application/json")) == [
        "/httpRequest/body"
    ]
    text = {"type": "string", "enum": ["a", "b"]}
    assert problems("c", "text/plain", described(text, "text/plain")) == ["/httpRequest/body"]


def test_namespaces_are_declared_where_they_are_needed() -> None:
    """Once for what is inside, again where a sibling needs it, undone where an element has none:
    ElementTree reads the names.
    """
    inner = {
        "xml": {"namespace": "urn:b"},
        "properties": {"c": {}, "d": {"xml": {"namespace": "urn:b"}}},
    }
    schema = {
        "xml": {"name": "a", "namespace": "urn:a", "prefix": "p"},
        "properties": {"b": inner, "e": {"xml": {"prefix": "p"}}},
    }
    root = ET.fromstring(written({"b": {"c": 1, "d": 2}, "e": 3}, schema))
    assert [each.tag for each in root.iter()] == [
        "{urn:a}a",
        "{urn:b}b",
        "{urn:b}c",
        "{urn:b}d",
        "{urn:a}e",
    ]


def test_hints_beside_a_reference_count() -> None:
    """In `allOf` what is written in place speaks of this value; a reference among other parts
    brings members, no name.
    """
    tag = {"type": "object", "properties": {"Key": {"type": "string"}}}
    item = {"allOf": [{"$ref": "#/$defs/Tag"}, {"xml": {"name": "Tag"}}]}
    schema = properties(TagSet={"type": "array", "items": item, "xml": {"wrapped": True}})
    assert written({"TagSet": [{"Key": "k"}]}, schema, Tag=tag).endswith(
        b"<root><TagSet><Tag><Key>k</Key></Tag></TagSet></root>"
    )
    dog = {"allOf": [{"$ref": "#/$defs/Pet"}, {"properties": {"bark": {}}, "xml": {"name": "Dog"}}]}
    assert written({"bark": 1}, dog, Pet={"xml": {"name": "Pet"}}).endswith(
        b"<Dog><bark>1</bark></Dog>"
    )
    # OpenAPI 3.0.4, section 4.7.24: nothing of it says what members a value has.
    annotations: dict[str, Any] = {
        "title": "Tag",
        "description": "One tag",
        "default": {"Key": "k"},
        "nullable": True,
        "readOnly": False,
        "writeOnly": False,
        "xml": {"prefix": ""},
        "externalDocs": {"url": "https://docs.example/tags"},
        "example": {"Key": "k"},
        "examples": [{"Key": "k"}],
        "deprecated": True,
    }
    described_tag = {"allOf": [{"$ref": "#/$defs/Tag"}, annotations]}
    assert written({"Key": "k"}, described_tag, Tag=tag).endswith(b"<Tag><Key>k</Key></Tag>")


# Refusals


@pytest.mark.parametrize(
    ("value", "schema", "place", "said"),
    [
        ({"a": 1, "b": 2}, {}, "/body", "no root element"),
        ([1, 2], properties(), "/body", "several root elements"),
        ({"a b": 1}, properties(), "/body/a b", "not a name"),
        ({"1a": 1}, properties(), "/body/1a", "not a name"),
        ({"": 1}, properties(), "/body/", "not a name"),
        ({"a:b": 1}, properties(), "/body/a:b", "not a name"),
        ({"a": {"b": ["x", "\0"]}}, properties(), "/body/a/b/1", "is not allowed in XML"),
        ({"a": "\ud800"}, properties(), "/body/a", "is not allowed in XML"),
        (
            {"a": "\x0b"},
            properties(a={"xml": {"attribute": True}}),
            "/body/a",
            "is not allowed in XML",
        ),
        ({"a": {"b": 1}}, properties(a={"xml": {"attribute": True}}), "/body/a", "attribute"),
        ({"a": [1]}, properties(a={"xml": {"nodeType": "text"}}), "/body/a", "text"),
        ({"a": "\r"}, properties(a={"xml": {"nodeType": "cdata"}}), "/body/a", "CDATA"),
        ({"a": 1}, properties(a={"xml": {"prefix": "p"}}), "/body/a", "no namespace"),
        ({"a": 1}, properties(a={"xml": {"prefix": "p q", "namespace": "u"}}), "/body/a", "prefix"),
        ({"a": 1}, properties(a={"xml": {"name": "x><y"}}), "/body/a", "not a name"),
        ({"a": float("nan")}, properties(), "/body/a", "number"),
        (
            {"a": 1, "b": 2},
            properties(
                a={"xml": {"attribute": True, "prefix": "p", "namespace": "urn:a"}},
                b={"xml": {"attribute": True, "prefix": "p", "namespace": "urn:b"}},
            ),
            "/body/b",
            "two namespaces",
        ),
    ],
)
def test_what_xml_cannot_carry_is_refused(
    value: Any, schema: dict[str, Any], place: str, said: str
) -> None:
    """Names and characters that XML has not, two roots, a prefix for nothing: not sent, with the
    value's place.
    """
    found, message = refused(value, schema)
    assert (found, said in message) == (place, True), message


def test_a_bottomless_value_is_refused() -> None:
    """However deep a value is, there is an answer."""
    value: Any = 1
    for _ in range(10_000):
        value = {"a": value}
    assert "nested" in refused(value, properties())[1]


@pytest.mark.parametrize(
    ("references", "element"), [(99, b'<root a="1"'), (100, b"<root><a>1</a>")]
)
def test_a_hundred_parts_of_a_schema_are_read(references: int, element: bytes) -> None:
    """What stands behind more references says nothing: a circle of them ends."""
    definitions: dict[str, Any] = {
        f"r{number}": {"$ref": f"#/$defs/r{number - 1}"} for number in range(1, references)
    }
    definitions["r0"] = {"properties": {"a": {"xml": {"nodeType": "attribute"}}}}
    schema = {"$ref": f"#/$defs/r{references - 1}", "xml": {"name": "root"}}
    assert element in written({"a": "1"}, schema, **definitions)


def test_cdata_stays_cdata() -> None:
    """It is written as a section, split where its text would end it; text of another kind is
    not.
    """
    schema = properties(a={"xml": {"nodeType": "cdata"}}, b={})
    assert b"<![CDATA[<b>]]]]><![CDATA[>]]><b>&lt;c&gt;</b>" in written(
        {"a": "<b>]]>", "b": "<c>"}, schema
    )


def test_a_charset_that_lacks_a_character() -> None:
    """It is not replaced by another one."""
    with pytest.raises(SettingsError, match="latin-1"):
        written({"a": "€"}, properties(), f"{XML}; charset=latin-1")
