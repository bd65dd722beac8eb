"""Every style on the wire: the specifications' own examples, an independent RFC 6570, and servers
that read it back.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes
from email.message import Message
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import jsonschema
import pytest
import qs_codec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from stduritemplate import StdUriTemplate

from decoding import decoding_server
from httptask._core import packaged
from httptask.building import build
from httptask.errors import SettingsError
from httptask.importers import read_api
from httptask.model.api import PARAMETER_GROUPS, Endpoint, MediaType, Parameter, RequestBody
from httptask.model.task import TestOptions
from httptask.task import HttpTask, Runtime
from places import DATA
from tasks import is_literal, runtime

CASES = json.loads((DATA / "cases" / "oas_style_cases.json").read_text("utf-8"))
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


def endpoint(
    *parameters: Parameter, path: str = "/a", body: dict[str, MediaType] | None = None, **more: Any
) -> Endpoint:
    return Endpoint(
        "i",
        "POST",
        path,
        "v",
        parameters=parameters,
        request_body=RequestBody(body) if body else None,
        **more,
    )


def wire(parameter: Parameter, value: Any) -> str:
    """Return what stands in the request for *value* of *parameter*, and nothing around it."""
    path = f"/x{{{parameter.name}}}" if parameter.location == "path" else "/a"
    group = PARAMETER_GROUPS.get(parameter.location, "query")
    values = value if parameter.location == "querystring" else {parameter.name: value}
    request = build({"url": f"http://h{path}", group: values}, endpoint(parameter, path=path))
    if parameter.location == "path":
        return request.url.removeprefix("http://h/x")
    if parameter.location in ("query", "querystring"):
        return urlsplit(request.url).query
    return request.header("Cookie" if parameter.location == "cookie" else parameter.name) or ""


def refused(parameter: Parameter, value: Any) -> tuple[str, str]:
    with pytest.raises(SettingsError) as caught:
        wire(parameter, value)
    (problem,) = caught.value.problems
    return problem.pointer, problem.message


# The specifications' examples


def test_all_examples_of_the_specifications_are_there() -> None:
    """None was left out: 118, of three versions."""
    assert len(CASES) == 118
    assert {case["oas"] for case in CASES} == {"3.0.4", "3.1.1", "3.2.0"}


@pytest.mark.parametrize(
    ("case", "location"),
    [
        pytest.param(
            case,
            where,
            id="-".join(
                map(str, (case["oas"], where, case["style"], case["explode"], case["type"]))
            ),
        )
        for case in CASES
        for where in case["in"]
        # An empty value leaves nothing in a path, and that is refused wherever it stands.
        if not (where == "path" and case["wire"] == "")
    ],
)
def test_the_examples_of_the_specifications(case: dict[str, Any], location: str) -> None:
    """Each example of OpenAPI's style tables is on the wire as it is printed there.

    The row `label` without `explode` changed: 3.0.3 and before joined by `.`, 3.0.4 and later join
    by `,`; the later is ours.
    """
    parameter = Parameter(case["name"], location, style=case["style"], explode=case["explode"])
    assert wire(parameter, case["value"]) == case["wire"]


@pytest.mark.parametrize("explode", [False, True])
def test_an_empty_value_in_a_path_is_refused(explode: bool) -> None:
    """The table writes nothing for it in style simple: the part of the path would be gone, so it is
    not sent.
    """
    assert (
        refused(Parameter("color", "path", style="simple", explode=explode), None)[0]
        == "/pathParameters/color"
    )


# An independent RFC 6570

text = st.text(st.characters(blacklist_categories=("Cs",)), max_size=8)
plain = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="./\\"), max_size=8
)
"""Nothing that could climb in a path, or be taken for the delimiter of an exploded label: those are
refused.
"""
member = plain.filter(bool)
"""Implementations of RFC 6570 differ on empty members, most of all in style matrix: those stand in
a table of their own.
"""
members = st.lists(member, min_size=1, max_size=4) | st.dictionaries(
    member, member, min_size=1, max_size=4
)
OPERATORS = {
    ("path", "simple"): "",
    ("path", "label"): ".",
    ("path", "matrix"): ";",
    ("query", "form"): "?",
}


@pytest.mark.parametrize(("location", "style"), OPERATORS)
@pytest.mark.parametrize("explode", [False, True])
@given(value=plain | members)
def test_styles_are_rfc_6570(location: str, style: str, explode: bool, value: Any) -> None:
    """Whatever the value holds, an independent implementation of RFC 6570 expands it to the same
    text.
    """
    operator = OPERATORS[location, style]
    template = f"{{{operator}v{'*' if explode else ''}}}"
    expanded = StdUriTemplate.expand(template, {"v": value}).removeprefix(
        "?" if operator == "?" else ""
    )
    parameter = Parameter("v", location, style=style, explode=explode)
    if expanded or location == "query":
        assert wire(parameter, value) == expanded
    else:
        assert refused(parameter, value)[0] == "/pathParameters/v"


@pytest.mark.parametrize(
    ("style", "explode", "value", "expanded"),
    [
        ("simple", False, ["", None, "a"], ",,a"),
        ("simple", True, {"a": None, "b": ""}, "a=,b="),
        ("label", True, ["", "a"], "..a"),
        ("matrix", False, "", ";v"),
        ("matrix", False, ["", "a"], ";v=,a"),
        ("matrix", True, ["", "a"], ";v;v=a"),
        ("matrix", True, {"a": "", "b": 1}, ";a;b=1"),
    ],
)
def test_empty_members_and_nulls_in_paths(
    style: str, explode: bool, value: Any, expanded: str
) -> None:
    """As section 3.2.1 of RFC 6570 has empty members (`ifemp`); null is an empty member, not one
    less.
    """
    assert wire(Parameter("v", "path", style=style, explode=explode), value) == expanded


@pytest.mark.parametrize(
    ("style", "explode", "value", "query"),
    [
        ("form", True, ["", None, "a"], "v=&v=&v=a"),
        ("form", False, [None, "a", True, 1.5], "v=,a,true,1.5"),
        ("form", True, {"a": None, "b": False}, "a=&b=false"),
        ("form", True, [], ""),
        ("form", False, {}, ""),
        ("pipeDelimited", True, ["a", "b"], "v=a&v=b"),
        ("tabDelimited", False, ["a", "b"], "v=a%09b"),
        ("spaceDelimited", False, "a b", "v=a%20b"),
        (
            "deepObject",
            True,
            {"a": {"b": None, "c": [True, 2**70]}},
            f"v%5Ba%5D%5Bb%5D=&v%5Ba%5D%5Bc%5D%5B%5D=true&v%5Ba%5D%5Bc%5D%5B%5D={2**70}",
        ),
        ("deepObject", True, [{"a": 1}, "x"], "v%5B0%5D%5Ba%5D=1&v%5B1%5D=x"),
        ("deepObject", None, "x", "v=x"),
        ("deepObject", None, {"a": [], "b": {}}, ""),
    ],
)
def test_values_in_queries(style: str, explode: bool | None, value: Any, query: str) -> None:
    """Nulls, booleans, numbers, empty values: what each style makes of them where no specification
    has an example.
    """
    assert wire(Parameter("v", "query", style=style, explode=explode), value) == query


@pytest.mark.parametrize(
    ("explode", "value", "expanded"),
    [
        (None, "example.com", ".example.com"),
        (True, "example.com", ".example.com"),
        (False, ["example.com"], ".example.com"),
        (False, ["a.b", "c"], ".a.b,c"),
        (True, ["a.b"], None),
        (True, ["a", "b.c"], None),
        (True, {"a": "b.c"}, None),
    ],
)
def test_a_dot_in_a_label(explode: bool | None, value: Any, expanded: str | None) -> None:
    """It is text in one value (RFC 6570, section 3.2.5); in an exploded array or object, even of
    one, it would be two.
    """
    parameter = Parameter("v", "path", style="label", explode=explode)
    if expanded is not None:
        assert wire(parameter, value) == expanded
    else:
        assert "separates" in refused(parameter, value)[1]


def test_a_name_that_ends_in_brackets_gets_no_more_of_them() -> None:
    """Descriptions name `expand[]` itself; its items are sent under that name."""
    assert (
        unquote(wire(Parameter("expand[]", "query", style="deepObject"), ["a", "b"]))
        == "expand[]=a&expand[]=b"
    )


RESERVED = ":/?#[]@!$&'()*+,;="


@pytest.mark.parametrize(
    ("location", "kept"),
    [("query", ":/?@!$'()*,;"), ("path", ":@!$&'()*+,;="), ("cookie", ":/?#[]@!$&'()*+=")],
)
def test_allow_reserved_keeps_reserved_characters(location: str, kept: str) -> None:
    """All of RFC 3986's stay but those that would end, split or change the value in its place;
    escapes stay, a bare % does not.
    """
    written = wire(Parameter("v", location, allow_reserved=True), f"{RESERVED} é%2F%").removeprefix(
        "v="
    )
    escaped = "".join(each if each in kept else f"%{ord(each):02X}" for each in RESERVED)
    assert written == f"{escaped}%20%C3%A9%2F%25"


@pytest.mark.parametrize(
    ("parameter", "value", "said"),
    [
        (Parameter("v", "query"), {"a": {"b": 1}}, "inside another"),
        (Parameter("v", "query"), [[1]], "inside another"),
        (Parameter("v", "query", explode=False), {"a": [1]}, "inside another"),
        (Parameter("v", "query", style="pipeDelimited"), ["a|b"], "separates"),
        (Parameter("v", "query", style="spaceDelimited"), {"a b": 1}, "separates"),
        (Parameter("v", "query", style="deepObject"), {"a[b]": 1}, "brackets"),
        (Parameter("v", "query", style="deepObject"), {"": 1}, "brackets"),
        (Parameter("v", "query", explode=False, allow_reserved=True), ["a,b"], "separates"),
        (Parameter("v", "query"), float("nan"), "number"),
        (Parameter("v", "query", style="label"), "x", "deepObject, form"),
        (Parameter("v", "query", style="frm"), "x", "not known"),
        (Parameter("v", "path", style="label", explode=True), ["a.b", "c"], "separates"),
        (Parameter("v", "header"), ["a,b", "c"], "separates"),
        (Parameter("v", "header", explode=True), {"a=b": "c"}, "separates"),
        (Parameter("v", "header"), "a\nb", "line break"),
        (
            Parameter("v", "header", media_type="application/xml"),
            {"a": 1, "b": 2},
            "no root element",
        ),
        (Parameter("v", "cookie", allow_reserved=True), ["a&b"], "separates"),
        (Parameter("v", "cookie", allow_reserved=True), {"a": "b&c", "d": 1}, "separates"),
        (Parameter("v", "cookie", style="cookie"), "a;b", "cookie"),
        (Parameter("v", "cookie", style="cookie"), "é", "cookie"),
        (Parameter("v", "cookie", style="cookie", explode=False), ["a,b"], "cookie"),
        (Parameter("v", "cookie", media_type="application/json"), float("inf"), "JSON"),
    ],
)
def test_what_a_style_cannot_carry_is_refused(parameter: Parameter, value: Any, said: str) -> None:
    """Nothing that a server would read as something else is sent: the error has the value's place
    and its reason.
    """
    place, message = refused(parameter, value)
    assert place == f"/{PARAMETER_GROUPS[parameter.location]}/v"
    assert said in message


def test_validation_says_what_cannot_be_written() -> None:
    """Before anything runs, wherever the values are known; what an expression yields is refused
    when it is.
    """
    known = endpoint(
        Parameter("v", "query"), Parameter("X-H", "header"), Parameter("id", "path"), path="/a/{id}"
    )
    known = replace(known, method="GET")
    url = f"https://h.example{known.target}"

    def found(task: dict[str, Any]) -> list[str]:
        return [
            problem.pointer
            for problem in HttpTask(
                {"type": "Http", "end": True, **task}, endpoint=known
            ).problems()
        ]

    wrong = {"url": url, "query": {"v": {"a": {"b": 1}}}, "pathParameters": {"id": "x"}}
    assert found({"httpRequest": wrong}) == ["/httpRequest/query/v"]
    assert found({"httpRequest": {"url": url, "pathParameters": {"id": ".."}}}) == [
        "/httpRequest/pathParameters/id"
    ]
    split = {"url": url, "headers": {"X-H": ["a\nb"]}, "pathParameters": {"id": 1}}
    assert found({"httpRequest": split}) == ["/httpRequest/headers/X-H"]
    parameters = {"id": 1, "v": {"a": {"b": 1}}}
    beside = {**wrong, "pathParameters": {"id": "${$.id}"}}
    assert found({"httpRequest": beside, "inputParameters": parameters}) == ["/httpRequest/query/v"]
    yielded = {**beside, "query": {"v": "${$.v}"}}
    assert found({"httpRequest": yielded, "inputParameters": parameters}) == []


@pytest.mark.parametrize("style", ["deepObject", "form"])
def test_a_bottomless_value_is_refused(style: str) -> None:
    """However deep a value is, there is an answer."""
    value: Any = 1
    for _ in range(100_000):
        value = {"a": value}
    assert refused(Parameter("v", "query", style=style), value)[0] == "/query/v"
    assert refused(Parameter("v", "query", media_type="application/json"), value)[0] == "/query/v"


# What a server reads


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with decoding_server() as url:
        yield url


@pytest.fixture(scope="module")
def shared() -> Iterator[Runtime]:
    with runtime() as shared:
        yield shared


Send = Callable[..., Any]


@pytest.fixture(scope="module")
def send(server: str, shared: Runtime) -> Send:
    """Run a task for an endpoint and return the request as the server decoded it."""

    def run(described: Endpoint, **request: Any) -> Any:
        definition = {
            "type": "Http",
            "httpRequest": {"url": server + described.target, "method": "POST", **request},
        }
        return HttpTask({**definition, "end": True}, runtime=shared, endpoint=described).call().body

    return run


quick = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
word = text.filter(is_literal)
name = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="[]{}$"),
    min_size=1,
    max_size=6,
)
field = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters='"\\[]{}$'),
    min_size=1,
    max_size=6,
)
"""A name that a part of a multipart body can have as it is: the rest is escaped as browsers do, and
not read back.
"""
json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | word,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(name, inner, max_size=3),
    max_leaves=6,
)


def as_text(value: Any) -> str:
    """Return what a server that knows no types reads for a plain *value*."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


scalars = st.none() | st.booleans() | st.integers() | word


@quick
@given(value=scalars, name=name)
@example(value=2**70, name="page[number]")
@example(value="a&b=c#d+e %2F", name="filters[trade_id][]")
def test_a_query_value_comes_back(send: Send, name: str, value: Any) -> None:
    """Style form, its name in whatever letters: werkzeug reads the same text."""
    if value is None:
        value = ""  # null is an unset field
    read = send(endpoint(Parameter(name, "query")), query={name: value})
    assert read["args"] == [[name, as_text(value)]]


@quick
@given(values=st.lists(scalars, min_size=1, max_size=4))
def test_exploded_arrays_come_back(send: Send, values: list[Any]) -> None:
    """Style form repeats the name; werkzeug reads the items in their order."""
    read = send(endpoint(Parameter("v", "query")), query={"v": values})
    assert read["args"] == [["v", as_text(item)] for item in values]


@pytest.mark.parametrize(
    ("style", "delimiter"),
    [("form", ","), ("spaceDelimited", " "), ("pipeDelimited", "|"), ("tabDelimited", "\t")],
)
@quick
@given(data=st.data())
def test_joined_arrays_and_objects_come_back(
    send: Send, style: str, delimiter: str, data: st.DataObject
) -> None:
    """Split at the delimiter, as werkzeug unescapes it, they are the same; a member that holds it
    is refused, but for a comma.

    A comma inside a member is escaped and the delimiter is not, so that a server that splits first
    reads that too.
    """
    item = word if style == "form" else word.filter(lambda value: delimiter not in value)
    value = data.draw(
        st.lists(item, min_size=1, max_size=4) | st.dictionaries(item, item, min_size=1, max_size=3)
    )
    read = send(endpoint(Parameter("v", "query", style=style, explode=False)), query={"v": value})
    members = (
        [part for pair in value.items() for part in pair] if isinstance(value, dict) else value
    )
    assert read["args"] == [["v", delimiter.join(members)]]
    if style == "form":
        raw = read["target"].partition("?v=")[2]
        assert [unquote(part) for part in raw.split(",")] == members


nested = st.recursive(
    word,
    lambda inner: (
        st.lists(word, min_size=1, max_size=3)
        | st.lists(st.dictionaries(field, inner, min_size=1, max_size=2), min_size=1, max_size=3)
        | st.dictionaries(field, inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


def looks_like_an_array(value: Any) -> bool:
    """Say whether a name of an object in *value* is a number, which servers take for an index, or
    one they refuse.
    """
    children = (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    )
    names = value if isinstance(value, dict) else ()
    return any(each.strip().isdigit() for each in names) or any(map(looks_like_an_array, children))


@quick
@given(value=nested.filter(lambda value: not looks_like_an_array(value)))
def test_deep_objects_come_back(send: Send, value: Any) -> None:
    """Whatever its nesting, qs, which most servers of JavaScript decode with, reads the same
    value.
    """
    read = send(
        endpoint(Parameter("v", "query", style="deepObject", explode=True)), query={"v": value}
    )
    options = qs_codec.DecodeOptions(strict_depth=True, depth=20)
    assert qs_codec.decode(urlsplit(read["target"]).query, options) == {"v": value}


segment = word.filter(lambda value: value and not re.search(r"(^|[/\\])\.\.?(\Z|[/\\;])", value))


@quick
@given(one=segment, two=segment)
@example(one="a/b", two="...")
def test_template_parts_inside_a_segment_come_back(send: Send, one: str, two: str) -> None:
    """`{id}.json` and `{a}:verb` hold any value, and the path keeps its segments."""
    parameters = (Parameter("a", "path", required=True), Parameter("b", "path", required=True))
    described = endpoint(*parameters, path="/x/{a}.json/{b}:verb/y")
    target = send(described, pathParameters={"a": one, "b": two})["target"]
    _, x, first, second, y = target.split("/")
    assert (x, unquote(first), unquote(second), y) == ("x", f"{one}.json", f"{two}:verb", "y")


cookie_value = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, blacklist_characters='",;\\${'),
    min_size=1,
    max_size=8,
)
"""RFC 6265, section 4.1.1, without what would begin an expression."""
cookie_name = st.text("abcXYZ0-_", min_size=1, max_size=6)


@quick
@given(
    values=st.dictionaries(cookie_name, cookie_value, min_size=1, max_size=3),
    style=st.sampled_from((None, "form", "cookie")),
)
def test_cookies_come_back_as_they_were(
    send: Send, values: dict[str, str], style: str | None
) -> None:
    """A cookie is sent as it is given, in whatever style it is described: werkzeug reads what stood
    in the settings.
    """
    known = endpoint(*(Parameter(each, "cookie", style=style) for each in values))
    assert send(known, cookies=values)["cookies"] == [
        [name, value] for name, value in values.items()
    ]


@quick
@given(value=cookie_value)
def test_a_cookie_of_style_cookie_is_sent_as_it_is(send: Send, value: str) -> None:
    """OpenAPI 3.2's style of cookies escapes nothing; werkzeug reads what stood in the settings."""
    read = send(endpoint(Parameter("c", "cookie", style="cookie")), cookies={"c": value})
    assert read["cookies"] == [["c", value]]


@quick
@given(value=st.dictionaries(st.text("abc", min_size=1), word.map(str.strip), min_size=1))
def test_content_parameters_are_json_everywhere(send: Send, value: dict[str, str]) -> None:
    """A parameter with `content` is JSON in a path, a query, a header and a cookie; each comes
    back.
    """
    places = ("path", "query", "header", "cookie")
    parameters = [Parameter(f"x-{each}", each, media_type="application/json") for each in places]
    groups = {PARAMETER_GROUPS[each]: {f"x-{each}": value} for each in places}
    read = send(endpoint(*parameters, path="/x{x-path}"), **groups)
    assert json.loads(unquote(urlsplit(read["target"]).path.removeprefix("/x"))) == value
    assert [json.loads(text) for _, text in read["args"]] == [value]
    assert json.loads(read["headers"]["x-header"]) == value
    assert [json.loads(unquote(text)) for _, text in read["cookies"]] == [value]


@quick
@given(values=st.lists(st.integers() | st.booleans(), min_size=1, max_size=4))
def test_headers_are_joined_by_commas(send: Send, values: list[Any]) -> None:
    """Style simple: one header, its items apart by commas (RFC 9110, section 5.3)."""
    read = send(endpoint(Parameter("X-Ids", "header")), headers={"x-ids": values})
    assert read["headers"]["x-ids"].split(",") == [as_text(item) for item in values]


# Forms

fields = st.dictionaries(field, json_value, max_size=4)


def flattened(form: dict[str, Any]) -> list[list[Any]]:
    """Return the fields of *form* as OpenAPI's defaults have them, containers as values."""
    return [
        [each, item]
        for each, value in form.items()
        for item in (value if isinstance(value, list) else [value])
    ]


@pytest.mark.parametrize("media_type", [FORM, MULTIPART])
@quick
@given(form=fields)
def test_forms_come_back(send: Send, media_type: str, form: dict[str, Any]) -> None:
    """Without an Encoding Object: text as it is, an array as several fields, an object or an inner
    array as JSON.
    """
    read = send(endpoint(body={media_type: MediaType()}), body=form)
    assert read["mimetype"] == media_type
    assert [each for each, _ in read["form"]] == [each for each, _ in flattened(form)]
    for (_, came), (_, meant) in zip(read["form"], flattened(form), strict=True):
        assert (json.loads(came) if isinstance(meant, dict | list) else came) == (
            meant if isinstance(meant, dict | list) else as_text(meant)
        )


@pytest.mark.parametrize("media_type", [FORM, MULTIPART])
@quick
@given(value=nested.filter(lambda value: not looks_like_an_array(value)))
def test_deep_objects_in_forms_come_back(send: Send, media_type: str, value: Any) -> None:
    """With `style: deepObject` a field nests in brackets, as Stripe documents it; qs reads the same
    value.
    """
    encoding = {"v": {"style": "deepObject", "explode": True}}
    read = send(endpoint(body={media_type: MediaType(encoding=encoding)}), body={"v": value})
    assert qs_codec.decode(
        urlencode([tuple(each) for each in read["form"]]),
        qs_codec.DecodeOptions(strict_depth=True, depth=20),
    ) == {"v": value}


def body(
    value: Any, media_type: MediaType | None = None, content_type: str = FORM, **headers: str
) -> str:
    described = endpoint(body={content_type: media_type or MediaType()})
    return build(
        {"url": "http://h/a", "method": "POST", "body": value, "headers": headers}, described
    ).body.decode()


@pytest.mark.parametrize(
    ("encoding", "value", "sent"),
    [
        # The example of OpenAPI 3.2, "URL Encoded Form with JSON Values".
        (
            {},
            {
                "streetAddress": "123 Example Dr.",
                "city": "Somewhere",
                "state": "CA",
                "zip": "99999+1234",
            },
            (
                "v=%7B%22streetAddress%22%3A%22123+Example+Dr.%22%2C%22city%22%3A%22Somewhere%22%2C%22state%22%3A%22CA%22"
                "%2C%22zip%22%3A%2299999%2B1234%22%7D"
            ),
        ),
        ({"contentType": "application/json"}, "f81d4fae", "v=%22f81d4fae%22"),
        ({}, [1, {"a": 1}, [2]], "v=1&v=%7B%22a%22%3A1%7D&v=%5B2%5D"),
        ({}, [], ""),
        ({}, None, "v="),
        ({"style": "form"}, {"R": 100, "G": 200}, "R=100&G=200"),
        ({"explode": False}, ["blue", "a,b"], "v=blue,a%2Cb"),
        ({"style": "pipeDelimited"}, ["a", "b"], "v=a%7Cb"),
        (
            {"style": "deepObject", "explode": True},
            {"a": ["x"], "b": {"c": 1}},
            "v%5Ba%5D%5B%5D=x&v%5Bb%5D%5Bc%5D=1",
        ),
        ({"allowReserved": True}, "http://h/?a&b c", "v=http://h/?a%26b%20c"),
        ({"contentType": "image/png, image/jpeg"}, "iVBO==", "v=iVBO%3D%3D"),
        ({"contentType": "image/*"}, {"a": 1}, "v=%7B%22a%22%3A1%7D"),
    ],
)
def test_fields_are_written_by_their_encoding(
    encoding: dict[str, Any], value: Any, sent: str
) -> None:
    """By style where the Encoding Object has one, by content type else (OpenAPI 3.2, Encoding
    Object).
    """
    assert body({"v": value}, MediaType(encoding={"v": encoding})) == sent


def test_fields_as_stripe_documents_them() -> None:
    """Its own examples, brackets unescaped: lists of names, items with a price, metadata by key."""
    deep = {"style": "deepObject", "explode": True}
    media_type = MediaType(encoding={"expand": deep, "items": deep, "metadata": deep})
    form = {
        "expand": ["customer"],
        "items": [{"price": "p1"}, {"price": "p2"}],
        "metadata": {"order_id": "6735"},
    }
    assert (
        unquote(body(form, media_type))
        == "expand[]=customer&items[0][price]=p1&items[1][price]=p2&metadata[order_id]=6735"
    )


@pytest.mark.parametrize(
    ("content_type", "value", "encoding", "place"),
    [
        (FORM, {"a": {"b": 1}}, {"a": {"contentType": "image/png"}}, "/body/a"),
        (FORM, {"a": {"b": 1, "c d": 2}}, {"a": {"contentType": "application/xml"}}, "/body/a/c d"),
        (FORM, {"a": {"b": [1]}}, {"a": {"style": "form"}}, "/body/a"),
        (FORM, {"a": float("inf")}, {}, "/body/a"),
        (FORM, [1], {}, "/body"),
        (MULTIPART, {"a": ["x,y", "z"]}, {"a": {"explode": False}}, "/body/a"),
        (MULTIPART, {"a": "\ud800"}, {}, "/body/a"),
        (MULTIPART, {"\ud800": "a"}, {}, "/body"),
        (MULTIPART, {"a": {"b": float("nan")}}, {}, "/body/a"),
        (MULTIPART, {"a": "b"}, {"a": {"contentType": "text/plain\r\nX-Evil: 1"}}, "/body/a"),
        (f"{MULTIPART}; boundary=x", {"a": "--x"}, {}, "/body"),
        (f"{MULTIPART}; boundary=", {"a": "b"}, {}, "/body"),
        ("application/xml", {"a": 1, "b": 2}, {}, "/body"),
        ("application/json", {"a": float("nan")}, {}, "/body"),
        ("text/plain", [1], {}, "/body"),
    ],
)
def test_what_a_body_cannot_carry_is_refused(
    content_type: str, value: Any, encoding: dict[str, Any], place: str
) -> None:
    """Nothing is guessed and nothing sent: the error has the field's place."""
    with pytest.raises(SettingsError) as caught:
        body(value, MediaType(encoding=encoding), content_type, **{"Content-Type": content_type})
    assert [problem.pointer for problem in caught.value.problems] == [place]


@pytest.mark.parametrize(
    ("boundary", "is_valid"),
    [
        ("x", True),
        ("x" * 70, True),
        ("a'()+_,-./:=?Z9", True),
        ("a b", True),
        ("x" * 71, False),
        ("a b ", False),
        ("a;b", False),
        ("a@b", False),
        ("", False),
        ("held", False),
    ],
)
def test_a_boundary_that_is_given(boundary: str, is_valid: bool) -> None:
    """1 to 70 of certain characters, no space at the end, and in no part (RFC 2046, section 5.1.1);
    the rest is refused.
    """
    content_type = f'multipart/mixed; boundary="{boundary}"'
    value = {"a": "x--held", "b": "y"}
    if is_valid:
        written = body(value, None, "multipart/mixed", **{"Content-Type": content_type})
        assert [part.get_payload() for part in parts_of(content_type, written.encode())] == list(
            value.values()
        )
    else:
        with pytest.raises(SettingsError, match="leave it out"):
            body(value, None, "multipart/mixed", **{"Content-Type": content_type})


@pytest.mark.parametrize(
    ("name", "schema", "sent"),
    [
        ("X-Kind", {"const": "plan"}, "plan"),
        ("X-Kind", {"default": "plan"}, "plan"),
        ("X-Kind", {"enum": ["plan"]}, "plan"),
        ("X-Kind", {"const": "a", "default": "b", "enum": ["c"]}, "a"),
        ("X-Kind", {"default": "b", "enum": ["c"]}, "b"),
        ("X-Kind", {"const": 7}, "7"),
        ("X-Kind", {"const": True}, "true"),
        ("X-Kind", {"enum": ["plan", "map"]}, None),
        ("X-Kind", {"type": "string"}, None),
        ("X-Kind", {"const": ["plan"]}, None),
        ("X-Kind", {"const": "a\r\nX-Evil: 1"}, None),
        ("X Kind", {"const": "plan"}, None),
        ("Content-TYPE", {"const": "text/x"}, None),
        ("Content-Disposition", {"const": "inline"}, None),
    ],
)
def test_a_header_of_a_part_is_sent_where_its_description_says_its_value(
    name: str, schema: dict[str, Any], sent: str | None
) -> None:
    """A constant, else a default, else the only one allowed; Content-Type is described elsewhere
    (OpenAPI, Encoding Object).
    """
    encoding = {"a": {"headers": {name: {"schema": schema}}}}
    written = body({"a": "b"}, MediaType(encoding=encoding), MULTIPART)
    head = written.partition("\r\n\r\n")[0].split("\r\n")[1:]
    own = [] if sent is None else [f"{name}: {sent}"]
    assert head == ['Content-Disposition: form-data; name="a"', *own]


def test_parts_have_the_media_type_of_their_value(send: Send) -> None:
    """Text has none, containers are JSON's, an Encoding Object's is the part's; the boundary joins
    the Content-Type.
    """
    encoding = {"note": {"contentType": "text/markdown, text/html"}}
    form = {"id": "é\r\n--", "note": "# x", "address": {"a": [1]}, "tags": ["a", "b"]}
    described = endpoint(body={MULTIPART: MediaType(encoding=encoding)})
    read = send(described, body=form, headers={"Content-Type": MULTIPART})
    assert read["form"] == [
        ["id", form["id"]],
        ["note", "# x"],
        ["address", '{"a":[1]}'],
        ["tags", "a"],
        ["tags", "b"],
    ]
    assert [part[1] for part in read["parts"]] == [
        "text/plain",
        "text/markdown",
        "application/json",
        "text/plain",
        "text/plain",
    ]
    assert read["files"] == []


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        ({"type": "string", "contentEncoding": "base64"}, "application/octet-stream"),
        ({"$ref": "#/$defs/Icon"}, "application/octet-stream"),
        ({"type": "string", "contentMediaType": "image/png"}, "text/plain"),
    ],
)
def test_a_part_that_is_an_encoding_of_octets_says_so(
    send: Send, schema: dict[str, Any], sent: str
) -> None:
    """Its text goes out as it is; the media type is the one that OpenAPI 3.1.1 has for it, section
    4.8.15.1.1, unless an Encoding Object has another. A form has no media types.
    """
    definitions = {"Icon": {"allOf": [{"contentEncoding": "base64url"}, {"type": "string"}]}}
    schema = {"type": "object", "properties": dict.fromkeys("ab", schema)}
    media_type = MediaType(schema, encoding={"b": {"contentType": "image/png"}})
    described = endpoint(body={MULTIPART: media_type, FORM: media_type}, definitions=definitions)
    form = {"a": "aGVsbG8=", "b": "aGVsbG8="}
    read = send(described, body=form, headers={"Content-Type": MULTIPART})
    assert [part[1] for part in read["parts"]] == [sent, "image/png"]
    assert read["form"] == [[name, "aGVsbG8="] for name in form]
    read = send(described, body=form, headers={"Content-Type": FORM})
    assert read["form"] == [[name, "aGVsbG8="] for name in form]


def parts_of(content_type: str, body: bytes) -> list[Message]:
    """Return the parts of a multipart body as the library for mail reads them."""
    mail = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    assert mail.defects == []
    return mail.get_payload()


def multipart(value: Any, media_type: MediaType, name: str) -> tuple[Message, list[Message]]:
    known = endpoint(body={name: media_type})
    request = build({"url": "http://h/a", "method": "POST", "body": value}, known)
    content_type = request.header("Content-Type") or ""
    head = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode())
    return head, parts_of(content_type, request.body)


def test_multipart_related_names_its_root() -> None:
    """RFC 2387: the first part described is the root, `type` is its media type, and each part has
    an id to refer to.
    """
    properties = {"meta": {"type": "object"}, "media": {"type": "string"}}
    media_type = MediaType({"properties": properties}, {"media": {"contentType": "image/png"}})
    png = {"$file": {"contentBase64": "iVBORw==", "headers": {"Content-ID": "<img@h>"}}}
    head, (root, media) = multipart(
        {"media": png, "meta": {"name": "é"}}, media_type, "multipart/related"
    )
    assert (head.get_content_type(), head.get_param("type")) == (
        "multipart/related",
        "application/json",
    )
    assert (root.get_content_type(), root["Content-ID"]) == ("application/json", "<meta>")
    assert json.loads(root.get_payload(decode=True)) == {"name": "é"}
    assert (media.get_content_type(), media["Content-ID"]) == ("image/png", "<img@h>")
    assert media.get_payload(decode=True) == b"\x89PNG"


def test_multipart_mixed() -> None:
    """Fields are parts with names; the items of an array are parts without; what a part is stands
    in its head.
    """
    encoding = {"old": {"contentType": "application/xml; charset=iso-8859-1"}}
    schema = {
        "properties": {
            "old": {"properties": {"at": {"type": "string", "xml": {"attribute": True}}}}
        }
    }
    value = {"id": "é", "old": {"at": "é", "n": 1}, "all": [{"a": 1}, "b"]}
    _, parts = multipart(value, MediaType(schema, encoding), "multipart/mixed")
    assert [
        (part.get_param("name", header="content-disposition"), part.get_content_type())
        for part in parts
    ] == [
        ("id", "text/plain"),
        ("old", "application/xml"),
        ("all", "application/json"),
        ("all", "text/plain"),
    ]
    root = ET.fromstring(parts[1].get_payload(decode=True))
    assert (root.tag, root.attrib, [(each.tag, each.text) for each in root]) == (
        "old",
        {"at": "é"},
        [("n", "1")],
    )
    files = [{"a": [1]}, "text", {"$file": {"content": "x,y", "filename": "a.csv"}}]
    _, parts = multipart(files, MediaType(), "multipart/mixed")
    assert [
        (part.get_content_type(), part.get_filename(), part.get_payload(decode=True))
        for part in parts
    ] == [
        ("application/json", None, b'{"a":[1]}'),
        ("text/plain", None, b"text"),
        ("text/csv", "a.csv", b"x,y"),
    ]


def test_a_field_of_xml_in_a_form(send: Send) -> None:
    """By the hints of its own schema, and called as the field where these give it no name; werkzeug
    reads the text.
    """
    schema = {
        "properties": {
            "a": {"properties": {"b": {"xml": {"name": "B"}}}},
            "c": {"xml": {"name": "C"}},
        }
    }
    encoding = {name: {"contentType": "application/xml"} for name in ("a", "c")}
    described = endpoint(body={name: MediaType(schema, encoding) for name in (FORM, MULTIPART)})
    for content_type in (FORM, MULTIPART):
        form = dict(
            send(
                described,
                body={"a": {"b": "é"}, "c": {"d": 1}},
                headers={"Content-Type": content_type},
            )["form"]
        )
        (b,) = ET.fromstring(form["a"].partition("?>")[2])
        assert (b.tag, b.text) == ("B", "é")
        assert form["c"].partition("?>")[2].strip() == "<C><d>1</d></C>"


@pytest.mark.parametrize(
    ("outer", "inner", "query"),
    [
        ("pipes", "csv", "v=1,2%7C3"),
        ("csv", "pipes", "v=1%7C2,3"),
        ("multi", "ssv", "v=1%202&v=3"),
        ("multi", None, "v=1,2&v=3"),
        ("csv", "csv", "v=1,2,3"),
        ("csv", None, "v=1,2,3"),
        ("pipes", "pipes", "v=1%7C2%7C3"),
        ("ssv", "ssv", "v=1%202%203"),
        ("tsv", "tsv", "v=1%092%093"),
    ],
)
def test_arrays_in_arrays_of_swagger(outer: str, inner: str | None, query: str) -> None:
    """Each level by its own `collectionFormat`, csv where there is none (Swagger 2.0, Items
    Object); in forms alike.
    """
    items = {"type": "array", "items": {"type": "integer"}} | (
        {"collectionFormat": inner} if inner else {}
    )
    parameter = {"name": "v", "type": "array", "items": items, "collectionFormat": outer}
    operation = {
        "parameters": [{"in": "query", **parameter}, {"in": "formData", **parameter}],
        "responses": {},
    }
    document = {
        "swagger": "2.0",
        "info": {"title": "T", "version": "1"},
        "paths": {"/a": {"post": operation}},
    }
    (known,) = read_api("t.json", data=json.dumps(document).encode()).endpoints
    known = Endpoint.from_json(json.loads(json.dumps(known.to_json())))
    value = {"v": [[1, 2], [3]]}
    request = build({"url": "http://h/a", "method": "POST", "query": value, "body": value}, known)
    assert (urlsplit(request.url).query, request.body.decode()) == (query, query)
    assert refused(known.parameters[0], [[[1]]])[0] == "/query/v"


@pytest.mark.parametrize(
    ("outer", "inner", "delimiter"),
    [("csv", None, ","), ("pipes", "PIPES", "|"), ("ssv", "ssv", " "), ("csv", "multi", ",")],
)
def test_arrays_in_arrays_with_one_delimiter(outer: str, inner: str | None, delimiter: str) -> None:
    """The import says that they are sent in one row; a text that holds the delimiter is refused."""
    items = {"type": "array", "items": {"type": "string"}}
    items |= {"collectionFormat": inner} if inner else {}
    described = {"name": "v", "type": "array", "items": items, "collectionFormat": outer}
    parameters = [{**described, "in": location} for location in ("header", "formData")]
    document: dict[str, Any] = {"swagger": "2.0", "info": {"title": "T", "version": "1"}}
    document["paths"] = {"/a": {"post": {"parameters": parameters, "responses": {}}}}
    reading = read_api("t.json", data=json.dumps(document).encode())
    told = [note.pointer for note in reading.notes if "one row" in note.message]
    assert told == [f"/paths/~1a/post/parameters/{index}" for index in range(2)]
    (parameter,) = reading.endpoints[0].parameters
    pointer, message = refused(parameter, [["a"], [f"b{delimiter}c"]])
    assert pointer == "/headers/v"
    assert message.startswith(f"{f'b{delimiter}c'!r} contains {delimiter!r}")
    assert "would read two values" in message


def test_a_refused_text_is_shown_as_it_was_given() -> None:
    """Not as the URL would have it."""
    array = {"type": "array", "items": {"type": "string"}}
    parameter = Parameter("v", "query", schema=array, style="pipeDelimited", explode=False)
    pointer, message = refused(parameter, ["a", "é|c"])
    assert (pointer, message.partition(",")[0]) == ("/query/v", "'é|c' contains '|'")


def test_a_multipart_body_is_the_same_each_time() -> None:
    """The same parts make the same bytes, so that what is shown is what is sent and each attempt
    sends that again.
    """
    assert body({"a": "b"}, content_type=MULTIPART) == body({"a": "b"}, content_type=MULTIPART)
    assert body({}, content_type=MULTIPART).endswith("--\r\n")


@pytest.mark.parametrize(
    ("described", "value", "content_type", "sent"),
    [
        (["application/xml", "application/json"], {"a": 1}, "application/json", '{"a":1}'),
        (["application/xml", "application/json"], "<a/>", "application/xml", "<a/>"),
        (
            ["application/merge-patch+json", "application/json"],
            {"a": None},
            "application/merge-patch+json",
            '{"a":null}',
        ),
        (
            ["application/json-patch+json"],
            [{"op": "test"}],
            "application/json-patch+json",
            '[{"op":"test"}]',
        ),
        (["application/json; charset=utf-8"], 2**70, "application/json; charset=utf-8", str(2**70)),
        (["application/apply-patch+yaml"], {"a": 1}, "application/apply-patch+yaml", '{"a":1}'),
        (["application/apply-patch+yaml"], "a: 1", "application/apply-patch+yaml", "a: 1"),
        (["text/plain"], 5, "text/plain", "5"),
        (
            ["application/x-www-form-urlencoded", "application/json"],
            {"a": 1},
            "application/json",
            '{"a":1}',
        ),
        ([MULTIPART, FORM], {"a": 1}, FORM, "a=1"),
        (
            ["application/vnd.api+json", "application/json"],
            {"a": 1},
            "application/vnd.api+json",
            '{"a":1}',
        ),
        (["application/x-www-form-urlencoded", "application/json"], [1], "application/json", "[1]"),
        (["application/json"], "x", "application/json", '"x"'),
        (["*/*"], {"a": 1}, "application/json", '{"a":1}'),
        (["*/*"], "x", "text/plain; charset=utf-8", "x"),
        (["text/*"], "x", "text/plain; charset=utf-8", "x"),
        (["application/*+json"], {"a": 1}, "application/json", '{"a":1}'),
        (["text/*", "application/*"], {"a": 1}, "application/json", '{"a":1}'),
        (["image/*", "*/*"], {"a": 1}, "application/json", '{"a":1}'),
        ([""], {"a": 1}, "application/json", '{"a":1}'),
        (
            [],
            {"query": "{a}", "variables": {}},
            "application/json",
            '{"query":"{a}","variables":{}}',
        ),
    ],
)
def test_the_media_type_that_carries_the_value_is_chosen(
    described: list[str], value: Any, content_type: str, sent: str
) -> None:
    """Of several the first that the value is text of; for others JSON, a form, multipart; of an
    open range, JSON or text.
    """
    known = endpoint(body={each: MediaType() for each in described})
    request = build({"url": "http://h/a", "body": value}, known)
    assert (request.header("Content-Type"), request.body.decode()) == (content_type, sent)


def test_no_media_type_that_carries_the_value() -> None:
    """All are named, none fits: refused with their names, not sent as something else."""
    with pytest.raises(SettingsError, match="in any media type"):
        build(
            {"url": "http://h/a", "body": "x"},
            endpoint(body={"text/plain; a=\r\nX-Evil: 1": MediaType()}),
        )
    with pytest.raises(SettingsError, match="text/csv, image/png"):
        build(
            {"url": "http://h/a", "body": {}},
            endpoint(body={"text/csv": MediaType(), "image/png": MediaType()}),
        )


# The URL


@pytest.mark.parametrize(
    ("media_type", "value", "query"),
    [
        # The examples of OpenAPI 3.2, Parameter Object.
        (FORM, {"foo": "a + b", "bar": True}, "foo=a+%2B+b&bar=true"),
        (
            "application/json",
            {"numbers": [1, 2], "flag": None},
            "%7B%22numbers%22%3A%5B1%2C2%5D%2C%22flag%22%3Anull%7D",
        ),
        ("application/jsonpath", "$.a.b[1:1]", "%24.a.b%5B1%3A1%5D"),
    ],
)
def test_a_whole_query_is_one_value(media_type: str, value: Any, query: str) -> None:
    """`in: querystring` (OpenAPI 3.2): the examples of the specification."""
    assert wire(Parameter("q", "querystring", media_type=media_type), value) == query


def test_a_whole_query_is_written_by_its_encoding() -> None:
    """The Encoding Objects of `in: querystring` count as those of a form do; so do the hints of XML
    in a parameter.
    """
    encoding = {
        "ids": {"style": "form", "explode": False},
        "at": {"contentType": "application/json"},
    }
    parameter = Parameter("q", "querystring", media_type=FORM, encoding=encoding)
    assert Parameter.from_json(parameter.to_json()) == parameter
    assert (
        wire(parameter, {"ids": [1, 2], "at": "x", "more": [3, 4]})
        == "ids=1,2&at=%22x%22&more=3&more=4"
    )
    schema = {"xml": {"name": "point"}, "properties": {"x": {"xml": {"attribute": True}}}}
    read = unquote(
        wire(Parameter("q", "query", media_type="application/xml", schema=schema), {"x": 1})
    )
    assert read.endswith('<point x="1"/>')


def test_a_query_without_a_description_is_an_object() -> None:
    """Where no endpoint describes the whole query as one value there is no text for it: refused,
    with its place.
    """
    with pytest.raises(SettingsError) as caught:
        build({"url": "http://h/a", "query": "a=b"})
    assert [problem.pointer for problem in caught.value.problems] == ["/query"]
    free = HttpTask(
        {
            "type": "Http",
            "httpRequest": {"url": "http://h/a", "query": [["a"]], "headers": {"X": [[1]]}},
            "end": True,
        }
    )
    assert [problem.pointer for problem in free.problems()] == [
        "/httpRequest/query/0",
        "/httpRequest/headers/X/0",
    ]


def test_what_is_described_can_be_sent_anyway(server: str, shared: Runtime) -> None:
    """A query that is one text, a header of several values, a method of its own: the shape of no
    request forbids them.
    """
    described = Endpoint(
        "i",
        "QUERY",
        "/a",
        "v",
        parameters=(
            Parameter(
                "q",
                "querystring",
                media_type="application/jsonpath",
                schema={"type": "string", "pattern": "^x"},
            ),
            Parameter("X-Ids", "header", schema={"type": "array"}),
            Parameter("c", "cookie", schema={"type": "array"}, explode=False),
        ),
    )
    request = {
        "url": f"{server}/a",
        "method": "QUERY",
        "query": "$.a",
        "headers": {"X-Ids": [1, 2]},
        "cookies": {"c": [3, 4]},
    }
    definition = {"type": "Http", "endpoint": "i", "httpRequest": request, "end": True}
    jsonschema.validate(definition, packaged.schema("http-task"))
    task = HttpTask(definition, runtime=shared, endpoint=described)
    assert [problem.pointer for problem in task.problems()] == ["/httpRequest/query"]
    seen = task.test_request(None, TestOptions(send_anyway=True)).response
    assert seen is not None
    assert seen.decoded["target"] == "/a?%24.a"
    assert (seen.decoded["headers"]["x-ids"], seen.decoded["cookies"]) == ("1,2", [["c", "3,4"]])


def test_a_whole_query_that_cannot_be_written_is_refused() -> None:
    """The place is the query's, or its field's."""
    parameter = Parameter("q", "querystring", media_type=FORM)
    assert refused(parameter, {"a": float("nan")})[0] == "/query/a"
    assert refused(parameter, [1])[0] == "/query"


@pytest.mark.parametrize(
    ("path", "query", "sent"),
    [
        ("/a?action=list&x=%20", {"z": 1}, "action=list&x=%20&z=1"),
        ("/a?action=list", {}, "action=list"),
        ("/a?flag", {"z": 1}, "flag&z=1"),
        ("/a?action=list&z=0&z=1", {"z": 2}, "action=list&z=2"),
        ("/a?q={q}&z", {}, "q=a%2Fb%26..&z"),
        ("/a?q={empty}", {}, "q="),
        ("/a#Action=x", {"z": 1}, "z=1"),
    ],
)
def test_query_text_of_a_described_path(path: str, query: dict[str, Any], sent: str) -> None:
    """It is kept and merged: its templates are filled, a name that stands in both is sent once, as
    `query` has it.
    """
    values = {"q": "a/b&..", "empty": ""}
    request = build(
        {"url": f"http://h{path}", "query": query, "pathParameters": values}, endpoint(path=path)
    )
    assert urlsplit(request.url).query == sent


@pytest.mark.parametrize(
    ("path", "values", "place"),
    [
        ("/a/{v}", {"v": ".."}, "/pathParameters/v"),
        ("/a/{v}", {"v": "../b"}, "/pathParameters/v"),
        ("/a/{v}", {"v": "a/../../b"}, "/pathParameters/v"),
        ("/a/{v}", {"v": "..;x"}, "/pathParameters/v"),
        ("/a/{v}", {"v": "\n/.."}, "/pathParameters/v"),
        ("/a/{v}", {"v": "a\\.."}, "/pathParameters/v"),
        ("/a/{v}", {"v": ""}, "/pathParameters/v"),
        ("/a/{v}.json", {"v": ""}, "/pathParameters/v"),
        ("/a/{v}.", {"v": "."}, "/pathParameters/v"),
        ("/a/{v}{w}", {"v": ".", "w": "."}, "/pathParameters/w"),
        ("/a/{v}", {"v": []}, "/pathParameters/v"),
        ("/a/{v}", {}, "/url"),
        ("/a/%2e%2E%2fb", {}, "/url"),
    ],
)
def test_a_path_cannot_climb_or_lose_a_part(path: str, values: dict[str, Any], place: str) -> None:
    """Also where a server unescapes before it looks; the error has the value's place, or the
    URL's.
    """
    with pytest.raises(SettingsError) as caught:
        build({"url": f"http://h{path}", "pathParameters": values})
    assert [problem.pointer for problem in caught.value.problems] == [place]


@pytest.mark.parametrize("value", ["%2e%2e", "%2E%2E%2Fb"])
def test_an_escape_in_a_path_value_is_text(value: str) -> None:
    """It stands for itself; where `allowReserved` lets it through as an escape, it must not climb
    either.
    """
    assert wire(Parameter("v", "path"), value) == value.replace("%", "%25")
    assert (
        refused(Parameter("v", "path", allow_reserved=True), f"/../{value}")[0]
        == "/pathParameters/v"
    )


@pytest.mark.parametrize("value", ["evil.example/", "a@b", "a:80", "é", "", "a#"])
def test_a_value_in_a_servers_name_is_a_name(value: str) -> None:
    """A template in the address takes no text that would name another server."""
    url = "https://{region}.example/a"
    assert build({"url": url, "pathParameters": {"region": "eu-1"}}).url == "https://eu-1.example/a"
    with pytest.raises(SettingsError):
        build({"url": url, "pathParameters": {"region": value}})


def test_header_names_have_no_case() -> None:
    """A header is written as described however its author spells it."""
    known = endpoint(Parameter("X-Filter", "header", media_type="application/json"))
    request = build({"url": "http://h/a", "headers": {"x-filter": {"a": "é\x7f😀"}}}, known)
    assert request.header("X-Filter") == r'{"a":"\u00e9\u007f\ud83d\ude00"}'


def test_undescribed_cookies() -> None:
    """They are sent as they are given; items are cookies of their own."""
    request = build({"url": "http://h/a", "cookies": {"a": ["1", "x=y"], "b": "%3B%"}})
    assert request.header("Cookie") == "a=1; a=x=y; b=%3B%"
