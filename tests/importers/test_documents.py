"""Documents of descriptions: bytes to values, within bounds, one member at a time; and the files
and archives they come in.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import random
import tarfile
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from httptask._core import strict_json
from httptask.errors import DescriptionError
from httptask.importers.documents import _json_members, _text, _yaml
from httptask.importers.documents._document import Document
from httptask.importers.documents._text import Text
from httptask.importers.documents._yaml import YamlText
from httptask.importers.sources import _archives, _files, _sources
from httptask.importers.sources._sources import is_fragment, read_sources
from httptask.protocols import Source

MEGABYTE = 1024 * 1024

LAZY = ("paths", "webhooks", "definitions", "parameters", "responses", "components")
# libyaml refuses U+FFFE and U+FFFF, which YAML has not as they are (1.2, `c-printable`).
TEXTS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=8
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(
    TEXTS | st.sampled_from(LAZY), VALUES | st.dictionaries(TEXTS, VALUES, max_size=3), max_size=5
)


def built(value: Any) -> Any:
    """Return *value* with everything that is read lazily as plain values."""
    if isinstance(value, Mapping):
        return {name: built(item) for name, item in value.items()}
    return [built(item) for item in value] if isinstance(value, list) else value


def read(text: str | bytes, name: str = "api.json") -> Any:
    return built(Document(text.encode() if isinstance(text, str) else text, name).root)


def refusal(text: str | bytes, name: str = "api.json") -> DescriptionError:
    with pytest.raises(DescriptionError) as caught:
        Document(text.encode() if isinstance(text, str) else text, name)
    assert caught.value.source == name
    return caught.value


# JSON


@given(OBJECTS, st.sampled_from([None, 2]), st.booleans())
def test_json_is_what_python_reads(
    value: dict[str, Any], indent: int | None, escaped: bool
) -> None:
    """Reading one member at a time changes nothing: the values are those of `json.loads`, in the
    same order.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=escaped)
    found = read(text)
    assert found == json.loads(text)
    assert json.dumps(found) == json.dumps(json.loads(text))


@given(
    OBJECTS,
    st.integers(min_value=0),
    st.sampled_from(["", "x", ",", "}", '"', "\\", "1", "\x01", "[", "é"]),
)
def test_broken_json_is_refused_where_python_refuses_it(
    value: dict[str, Any], place: int, other: str
) -> None:
    """A text that `json.loads` refuses ends in a DescriptionError, and no other does; nothing else
    is raised later.
    """
    text = json.dumps(value, ensure_ascii=False)
    place = 1 + place % (len(text) - 1)  # what begins with a brace is read as JSON
    text = text[:place] + other + text[place + 1 :]
    try:
        expected = json.loads(text, parse_float=strict_json.finite)
    except ValueError:
        refusal(text)
    else:
        assume(isinstance(expected, dict))
        assert read(text) == expected


@pytest.mark.parametrize("name", LAZY)
def test_members_of_large_objects_are_built_when_they_are_asked_for(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path or a schema that nobody looked at costs memory up to a bound; behind it, none."""
    monkeypatch.setattr(_json_members, "_MEMORY_AHEAD", 100_000)
    member = {"a": ["x" * 20] * 50}
    inner = {str(number): member for number in range(2000)}
    text = json.dumps({name: {"schemas": inner} if name == "components" else inner}).encode()
    tracemalloc.start()
    document = Document(text, "api.json")
    for_document = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert for_document < len(text) / 4
    found = document.root[name]
    found = found["schemas"] if name == "components" else found
    assert len(found) == len(inner)
    assert "1999" in found
    assert found["1999"] == member


def test_a_member_is_built_once_where_it_is_small_and_ascii(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was built to check it is handed out; what is not ASCII is built from its UTF-8."""
    text = json.dumps(
        {"definitions": {"plain": {"a": "b"}, "other": {"a": "é"}}}, ensure_ascii=False
    ).encode()
    document = Document(text, "api.json")
    built: list[str] = []
    decoder = _json_members._DECODER_OF_CHECKED

    class Decoder:
        def decode(self, text: str) -> object:
            built.append(text)
            return decoder.decode(text)

    monkeypatch.setattr(_json_members, "_DECODER_OF_CHECKED", Decoder())
    schemas = document.root["definitions"]
    assert schemas["plain"] == {"a": "b"}
    assert schemas["other"] == {"a": "é"}
    assert built == ['{"a": "é"}']


def test_what_is_asked_for_again_is_not_kept_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Schemas that were built are kept for the next reference to them, but only so many bytes of
    them.
    """
    text = json.dumps(
        {"definitions": {str(number): {"x": [number] * 1000} for number in range(100)}}
    ).encode()
    document = Document(text, "api.json")
    found = document.root["definitions"]
    assert found["1"] is found["1"]
    monkeypatch.setattr(_json_members, "_MEMORY", 100_000)
    document = Document(text, "api.json")
    found = document.root["definitions"]
    tracemalloc.start()
    for name in found:
        assert found[name] == {"x": [int(name)] * 1000}
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 500_000


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('{"a": 1,\n "b" 2}', 2, "column 6: ':' was expected"),
        ('{"a": 1,\n "b": 2,}', 2, "column 9: a name in double quotes"),
        ('{"a": 1\n "b": 2}', 2, "column 2: ',' or '}' was expected"),
        ('{"é": "é", "b": [1,\n2, x]}', 2, "column 4: expecting value, found 'x'"),
        ('{"é": "é", "b": x}', 1, "column 17: expecting value, found 'x'"),
        ('{"a": 1}\n{}', 2, "column 1: more text"),
        ('{"a": "x\n"}', 1, "column 9: invalid control character"),
        ('{"paths": {"/a": {"get": nul}}}', 1, "column 26: expecting value, found 'n'"),
        ('{"a": {"b": [1, 2}}', 1, "column 18: expecting ',' delimiter, found '}'"),
        ('{"\\x": 1}', 1, "column 2: an escape in this name"),
        ('{"a": "x', 1, "column 7: unterminated string"),
        ("[1]", 1, "column 1: the top level is no object"),
        ('{"a": [1, NaN]}', 1, "column 11: NaN is not JSON"),
        ('{"a": "NaN", "b":\n -Infinity}', 2, "column 2: -Infinity is not JSON"),
        ('{"a": ["1e999",\n 1e999]}', 2, "column 2: the number 1e999 is too large"),
        ('{"a": ' + "1" * 5000 + "}", 1, "column 7: Exceeds the limit (4300 digits)"),
    ],
)
def test_an_error_says_where_and_what(text: str, line: int, said: str) -> None:
    """Each error of the text has its line, and its column in characters."""
    error = refusal(text)
    assert (error.line, error.message[: len(said)]) == (line, said)


@pytest.mark.parametrize("length", [10, 16 * 1024, 256 * 1024, MEGABYTE, 2 * MEGABYTE - 2])
@pytest.mark.parametrize("letter", ["x", "é"])
def test_a_member_may_be_as_long_as_the_bound(length: int, letter: str) -> None:
    """Members are tried in growing windows of the text; whatever their length, each is read
    whole.
    """
    value = letter * (length // len(letter.encode()))
    assert read(f'{{"a": "{value}", "b": {"1" * 300}, "c": {{"x": "{value[:100]}"}}}}') == {
        "a": value,
        "b": int("1" * 300),
        "c": {"x": value[:100]},
    }


@pytest.mark.parametrize("cut", range(16 * 1024 - 10, 16 * 1024 + 3))
def test_a_number_that_crosses_a_window_is_read_whole(cut: int) -> None:
    """A number at the end of what is tried first may go on behind it."""
    space = " " * cut
    assert read(f'{{"a": [{space}12345678, 1], "b":1234567}}') == {"a": [12345678, 1], "b": 1234567}
    assert read('{"a":' + "0." + "1" * cut + ',"b":1}') == {"a": float("0." + "1" * cut), "b": 1}


@pytest.mark.parametrize(
    ("text", "duplicates", "value"),
    [
        ('{"a": 1, "a": 2}', ["/a"], {"a": 2}),
        ('{"paths": {"/a": 1, "/b": 2, "/a": 3}}', ["/paths/~1a"], {"paths": {"/a": 3, "/b": 2}}),
        (
            '{"components": {"x": {"y": 1, "y": {}}}}',
            ["/components/x/y"],
            {"components": {"x": {"y": {}}}},
        ),
        ('{"paths": {"/a": 1}, "paths": {}}', ["/paths"], {"paths": {}}),
    ],
)
def test_names_that_stand_twice_are_told(text: str, duplicates: list[str], value: Any) -> None:
    """The last of a name counts, as it does for Python, and the description's author is told."""
    assert Document(text.encode(), "a.json").duplicates == duplicates
    assert read(text) == value == json.loads(text)


@pytest.mark.parametrize(
    "name", ["__proto__", "constructor", "$ref", "a\0b", "\ud800", "", "a/b~c", "日本"]
)
def test_any_name_and_text_is_data(name: str) -> None:
    """Names that mean something elsewhere, NUL and lone surrogates are carried."""
    value = {"paths": {name: {name: name}}, name: [name], "components": {name: {name: name}}}
    assert read(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ('{"a": 1}'.encode("utf-16"), "UTF-16"),
        ('{"a": 1}'.encode("utf-16-le"), "UTF-16"),
        (b'{"a": "\n\xff"}', "column 1: the text is not UTF-8"),
        (b'{"a": "' + b"x" * 70_000 + b'\n\xe2\x82"}', "column 1: the text is not UTF-8"),
        (
            b'{"a": "' + b"\xe2\x82\xac" * 30_000 + b'\xe2\x82"}',
            "column 30008: the text is not UTF-8",
        ),
        (b'{"a": "x\xe2', "column 9: the text is not UTF-8"),
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf \n", "the file is empty"),
        (b"<!DOCTYPE html>", "this is HTML"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, said: str) -> None:
    """Only UTF-8 is read, and anything else says what it is and where."""
    assert said in refusal(data).message


def test_a_byte_order_mark_is_passed_over() -> None:
    """Some editors put one before UTF-8."""
    assert read(b'\xef\xbb\xbf{"a": 1}') == read(b"\xef\xbb\xbfa: 1", "a.yaml") == {"a": 1}
    assert refusal(b'\xef\xbb\xbf{"a" 1}').message.startswith("column 6")


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        ("", 1),
        ("/info", 2),
        ("/paths/~1a/get", 6),
        ("/paths/~1a/get/tags/1", 7),
        ("/paths/~1a/nothing/here", 5),
        ("/paths/~1b", 9),
        ("/paths/~1c", 4),
        ("/components/schemas/A", 13),
        ("/nothing", 1),
    ],
)
def test_a_pointer_has_a_line_in_json(pointer: str, line: int) -> None:
    """A report names the line of a place, or of what is nearest above it."""
    text = """{
      "info": {},

      "paths": {
        "/a": {
          "get": {"tags": ["x",
              "y"]}
        },
        "/b": {"x": 1}
      },
      "components": {
        "schemas": {
          "A": {}
    }}}"""
    assert Document(text.encode(), "a.json").line_of(pointer) == line


# Bombs


def deep(levels: int, start: str, end: str) -> str:
    return start * levels + "1" + end * levels


LIBYAML_BOUNDS_DEPTH = yaml._yaml.get_version() >= (0, 2, 6)

BOMBS: dict[str, tuple[Callable[[], str], str, str]] = {
    "a schema of a million properties": (
        lambda: (
            '{"definitions":{"A":{"properties":{'
            + ",".join(f'"p{n}":{{}}' for n in range(10**6))
            + "}}}}"
        ),
        "a.json",
        "/definitions/A is larger than 2 MB",
    ),
    "4 MB of empty arrays": (
        lambda: '{"a":[' + "[]," * 1_400_000 + "1]}",
        "a.json",
        "more than 200,000 objects",
    ),
    "2 MB of empty arrays": (
        lambda: '{"a":[' + "[]," * 600_000 + "1]}",
        "a.json",
        "more than 200,000 objects",
    ),
    "a long name": (lambda: '{"' + "x\\n" * (5 * MEGABYTE) + '":1}', "a.json", "at most 64 KB"),
    "a long string": (
        lambda: '{"a":"' + "x" * (20 * MEGABYTE) + '"}',
        "a.json",
        "larger than 2 MB",
    ),
    "a string without end": (
        lambda: '{"a":"' + "x" * (20 * MEGABYTE),
        "a.json",
        "or has a string without end",
    ),
    "100,000 objects deep": (lambda: deep(100_000, '{"a":', "}"), "a.json", "nested too deeply"),
    "100,000 arrays deep": (
        lambda: '{"a":' + deep(100_000, "[", "]") + "}",
        "a.json",
        "nested too deeply",
    ),
    "100,000 arrays that never end": (
        lambda: '{"a":' + "[" * 100_000,
        "a.json",
        "nested too deeply",
    ),
    "201 deep": (lambda: '{"a":' + deep(201, "[", "]") + "}", "a.json", "more than 200 levels"),
    "990 deep": (
        lambda: '{"paths":{"/a":' + deep(990, "[", "]") + "}}",
        "a.json",
        "/paths/~1a is nested too deeply",
    ),
    "100,000 YAML arrays deep": (lambda: "a: " + "[" * 100_000, "a.yaml", "nested too deeply"),
    "100,000 YAML objects deep": (lambda: "a: " + "{a: " * 100_000, "a.yaml", "nested too deeply"),
    "100,000 YAML sequences deep": (
        lambda: "a:\n " + "- " * 100_000,
        "a.yaml",
        "nested too deeply",
    ),
    # Wrong in two ways. libyaml meets its own bound on depth first since 0.2.6, and the set before
    # that.
    "100,000 YAML sets deep": (
        lambda: "a: " + "{" * 100_000,
        "a.yaml",
        "more than 200 levels" if LIBYAML_BOUNDS_DEPTH else "a name is expected",
    ),
    "1,001 YAML arrays deep": (
        lambda: "a: " + deep(1001, "[", "]"),
        "a.yaml",
        "more than 200 levels",
    ),
    "100,000 YAML names deep": (lambda: "a:\n " + "? " * 100_000, "a.yaml", "a name is expected"),
    "1,000 YAML lines deep": (
        lambda: "\n".join(" " * n + "a:" for n in range(1000)),
        "a.yaml",
        "nested too deeply",
    ),
    "deep by aliases": (
        lambda: "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 50_000)),
        "a.yaml",
        "those of aliases included",
    ),
    "a billion laughs": (
        lambda: (
            "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 11))
        ),
        "a.yaml",
        "the aliases blow",
    ),
    "a long text a million times": (
        lambda: f"a: &a {'x' * MEGABYTE}\nb: [{'*a, ' * 100_000}]",
        "a.yaml",
        "the aliases blow",
    ),
    "merges": (
        lambda: (
            f"a: &a {{{', '.join(f'p{n}: 1' for n in range(10_000))}}}\nb:"
            f" [{'{<<: *a}, ' * 10_000}]"
        ),
        "a.yaml",
        "too many for YAML",
    ),
    "a YAML schema of 60,000 properties": (
        lambda: "a:\n" + "".join(f"  p{n}: {{}}\n" for n in range(60_000)),
        "a.yaml",
        "more than 50,000 members",
    ),
    "directives": (
        lambda: "".join(f"%TAG !a{n}! x:\n" for n in range(100_000)),
        "a.yaml",
        "%TAG directives",
    ),
    "anchors": (
        lambda: "a:\n" + "".join(f"- &a{n} x\n" for n in range(10**5)),
        "a.yaml",
        "more than 10,000 anchors",
    ),
    "documents": (lambda: "---\n" * 10**6, "a.yaml", "more than 100 documents"),
    "a YAML number of many digits": (lambda: f"a: {'1' * MEGABYTE}", "a.yaml", "is too long"),
    "16 MB of YAML": (lambda: "a: 1\n" + "#\n" * (9 * MEGABYTE), "a.yaml", "save it as JSON"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_ends_in_an_error_before_it_fills_the_memory(bomb: str) -> None:
    """What is too much ends in an error that says so, in 64 MB beside the text, whatever is done to
    it.
    """
    text, name, said = BOMBS[bomb]
    data = text().encode()
    tracemalloc.start()
    error = refusal(data, name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert said in error.message
    assert peak < 64 * MEGABYTE
    assert len(str(error)) < 400


def test_an_extension_may_be_larger_than_any_member() -> None:
    """Nobody asks for what GitHub keeps in `x-webhooks`: it is no reason to refuse its
    description.
    """
    extension = {f"w{number}": {"post": {"description": "x" * 1_000_000}} for number in range(5)}
    root = read(json.dumps({"x-webhooks": extension, "paths": {"/a": {}}}), "a.json")
    assert root["paths"] == {"/a": {}}
    assert root["x-webhooks"] == extension


@pytest.mark.parametrize("name", ["a.json", "a.yaml"])
def test_what_is_just_within_the_depth_is_read(name: str) -> None:
    """200 levels are read, and what walks them by recursion stays far from Python's bound."""
    text = deep(199, "[", "]")
    assert (
        json.dumps(read(f'{{"a": {text}}}' if name == "a.json" else f"a: {text}", name))
        == f'{{"a": {text}}}'
    )


def test_yaml_has_a_bound_for_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the nesting, only so many values are built: names and values alike."""
    monkeypatch.setattr(_yaml, "MAX_NODES", 7)
    assert read("a: [1, {b: 2}]", "a.yaml") == {"a": [1, {"b": 2}]}
    assert "too many for YAML" in refusal("a: [1, {b: 2}, 3]", "a.yaml").message


def test_large_objects_have_a_bound_for_members(monkeypatch: pytest.MonkeyPatch) -> None:
    """All together: a million schemas are met before a million names are kept."""
    monkeypatch.setattr(_json_members, "MAX_MEMBERS", 4)
    assert len(read('{"definitions": {"a": {"b": 1, "c": 2}, "d": 1, "e": 1}}')["definitions"]) == 3
    error = refusal('{"definitions": {"a": 1,\n"b": 1, "c": 2}, "paths": {"d": 1, "e": 1}}')
    assert error.line == 2
    assert "more than 4 paths, schemas and such" in error.message


def test_a_document_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document larger than the bound is not looked at."""
    monkeypatch.setattr(_text, "MAX_BYTES", 10)
    assert "larger than" in refusal(" " * 11).message


def test_containers_in_texts_are_no_depth() -> None:
    """Brackets in a text nest nothing."""
    value = {"a": "[" * 1000, "b": ["{" * 500]}
    assert read(json.dumps(value)) == value


# YAML

CORE_SCHEMA: dict[str, Any] = {
    # YAML 1.2.2, section 10.3.2, example 10.9 and the table above it.
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    "0": 0,
    "0o7": 7,
    "0x3A": 58,
    "-19": -19,
    "+12": 12,
    "012": 12,
    "0o17": 15,
    "0x1F": 31,
    "0.": 0.0,
    "-0.0": -0.0,
    ".5": 0.5,
    "+12e03": 12000.0,
    "-2E+05": -200000.0,
    "1.10": 1.1,
    "685230.15": 685230.15,
    # Strings there, though not in YAML 1.1.
    "on": "on",
    "off": "off",
    "yes": "yes",
    "no": "no",
    "No": "No",
    "y": "y",
    "tRUE": "tRUE",
    "nULL": "nULL",
    "1_000": "1_000",
    "0b1010": "0b1010",
    "0o18": "0o18",
    "-0x1F": "-0x1F",
    "0x": "0x",
    "190:20:30": "190:20:30",
    "12:30": "12:30",
    "2001-12-14": "2001-12-14",
    "2001-12-14t21:59:43.10-05:00": "2001-12-14t21:59:43.10-05:00",
    "1.2.3": "1.2.3",
    "1e": "1e",
    "e1": "e1",
    ".": ".",
    "+": "+",
    "\u0661": "\u0661",
    "=": "=",
    "<<": "<<",
    ".info": ".info",
    "-.nan": "-.nan",
}


@pytest.fixture(params=["libyaml", "python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Read YAML with libyaml, and without it."""
    if request.param == "python":
        monkeypatch.delattr(yaml, "CSafeLoader")
    return str(request.param)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("text", CORE_SCHEMA)
def test_plain_scalars_are_of_the_core_schema(text: str) -> None:
    """YAML 1.2.2, section 10.3.2: what is a number there is one, and `on`, `no` and dates are
    texts.
    """
    value = CORE_SCHEMA[text]
    found = read(f"a: {text}\nb: '{text}'\nc: [{text}]\nd: !!str {text}", "a.yaml")
    assert found == {"a": value, "b": text, "c": [value] if text else [], "d": text}
    assert type(found["a"]) is type(value)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    "name", ["200", "on", "no", "null", "~", "1.10", "0x1F", "2001-12-14", "true", "4XX"]
)
def test_names_are_as_they_are_written(name: str) -> None:
    """A status, a date or `on` as a name is the text that stands there, quoted or not."""
    assert read(f"{name}: 1\na: {{{name}: 2}}\n", "a.yaml") == {name: 1, "a": {name: 2}}
    assert read(f"'{name}': 1\n? {name}x\n: 2\n", "a.yaml") == {name: 1, f"{name}x": 2}


@pytest.mark.parametrize(
    "number", [".inf", "-.INF", "+.Inf", ".nan", ".NaN", "1e999", "!!float .inf"]
)
def test_numbers_that_json_has_not_are_refused(number: str) -> None:
    """Infinity has no JSON, and would break whoever writes the value."""
    error = refusal(f"a: 1\nb: {number}\n", "a.yaml")
    assert error.line == 2


@given(OBJECTS)
def test_json_is_yaml(value: dict[str, Any]) -> None:
    """YAML 1.2 contains JSON (section 1.2): read as YAML, a JSON text has the same value."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    assert YamlText(Text(text.encode(), "a.yaml")).root == json.loads(text)


@given(OBJECTS, st.sampled_from([True, False]), st.sampled_from([20, 4096]))
def test_yaml_that_another_library_wrote_is_read(
    value: dict[str, Any], flow: bool, width: int
) -> None:
    """What ruamel.yaml writes as YAML 1.2 is read as the same value, with the types the same.

    Except plain texts that begin with `?` or `:` in flow style, which PyYAML's parsers take for
    marks.
    """
    assume(not flow or not {"?", ":"} & set(json.dumps(value, separators=(",", "="))))
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = flow
    writer.width = width
    stream = io.BytesIO()
    writer.dump(value, stream)
    assert json.dumps(
        YamlText(Text(stream.getvalue(), "a.yaml")).root, sort_keys=True
    ) == json.dumps(value, sort_keys=True)


@pytest.mark.usefixtures("parser")
def test_every_style_is_read() -> None:
    """Block and flow, literal and folded, quoted and plain, comments and directives."""
    text = """%YAML 1.2
--- # a comment
literal: |
  a
   b

folded: >-
  a
  b

  c
"double": "a\\tb\\u00e9\\
  c"
'single': 'it''s'
plain: a b
  c#d
sequence:
- 1
- - 2
  - {a: [b, c], "d":e, ? f : g}
url: http://example.com:80/a?b=c#d
...
"""
    assert read(text, "a.yaml") == {
        "literal": "a\n b\n",
        "folded": "a b\nc",
        "double": "a\tbéc",
        "single": "it's",
        "plain": "a b c#d",
        "sequence": [1, [2, {"a": ["b", "c"], "d": "e", "f": "g"}]],
        "url": "http://example.com:80/a?b=c#d",
    }


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"])
def test_what_ended_lines_in_old_yaml_is_text(character: str) -> None:
    """YAML 1.2.2, section 5.4: only CR and LF break lines; descriptions copied from web pages hold
    the others.
    """
    text = f"a: x{character}y\nb: |\n  x{character}y\nc: 'x{character}y \ue000'\n"
    assert read(text, "a.yaml") == {
        "a": f"x{character}y",
        "b": f"x{character}y\n",
        "c": f"x{character}y \ue000",
    }


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{<<: *x, a: 0}", {"a": 0, "b": 2}),
        ("{a: 0, <<: *x}", {"a": 0, "b": 2}),
        ("{<<: [*x, *y]}", {"a": 1, "b": 2, "c": 4}),
        ("{<<: [*y, *x]}", {"a": 1, "b": 3, "c": 4}),
        ("{<<: *x, <<: *y}", {"a": 1, "b": 2, "c": 4}),
        ("{<<: {d: 5}}", {"d": 5}),
        ("{'<<': *x}", {"<<": {"a": 1, "b": 2}}),
        ("{<<: 5}", {"<<": 5}),
        ("{<<: [5]}", {"<<": [5]}),
        ("{*k : *k }", {"name": "name"}),
        ("[*x, *x]", [{"a": 1, "b": 2}, {"a": 1, "b": 2}]),
        ("&x [*k ]", ["name"]),
    ],
)
def test_aliases_and_merges(text: str, value: Any) -> None:
    """Aliases stand for their anchors; `<<` merges, the first that has a name gives it, and
    explicit names win.
    """
    document = Document(
        f"x: &x {{a: 1, b: 2}}\ny: &y {{b: 3, c: 4}}\nk: &k name\nv: {text}".encode(), "a.yaml"
    )
    assert document.root["v"] == value
    assert document.root["x"] == {"a": 1, "b": 2}
    assert document.duplicates == []


@pytest.mark.usefixtures("parser")
def test_tags_construct_nothing() -> None:
    """Standard tags count, and of others the value is read as if they were not there, which is
    noted once for each.
    """
    text = """
a: !!int "5"
b: !!float 5
c: !!bool "true"
d: !!null ''
e: ! 5
f: !!map {x: !!seq [1]}
g: !!python/object/apply:os.system [echo]
h: !!binary aGk=
i: !!set {x, y}
j: !!timestamp 2001-12-14
k: !local 7
l: !!int x
m: !<tag:example.com,2000:app/foo> {x: 1}
"""
    document = Document(text.encode(), "a.yaml")
    assert document.root == {
        "a": 5,
        "b": 5.0,
        "c": True,
        "d": None,
        "e": "5",
        "f": {"x": [1]},
        "g": ["echo"],
        "h": "aGk=",
        "i": {"x": None, "y": None},
        "j": "2001-12-14",
        "k": 7,
        "l": "x",
        "m": {"x": 1},
    }
    assert type(document.root["b"]) is float
    assert [line for _, line in document.notes] == [8, 9, 10, 11, 12, 13, 14]
    assert "!!python/object/apply:os.system" in document.notes[0][0]


def test_names_that_stand_twice_are_told_in_yaml() -> None:
    """At every level, with a JSON Pointer; the last one counts."""
    document = Document(b"a: {b: 1, b: 2}\nc: [0, {d: 1, d: [3]}]\na/b: 1\na/b: 2\n", "a.yaml")
    assert document.root == {"a": {"b": 2}, "c": [0, {"d": [3]}], "a/b": 2}
    assert document.duplicates == ["/a/b", "/c/1/d", "/a~1b"]


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb:\n\t- x\n", 3, "indent with spaces, not with tabs"),
        ("a: 1\n b: 2\n", 2, "mapping values are not allowed"),
        ("a:\n  - 1\n - 2\n", 3, "this is no YAML"),
        ("a: [1\nb: 2", 2, "this is no YAML"),
        ("a: 1\nb: 'x", 2, "this is no YAML"),
        ("a: 1\nb: *c", 2, "the alias *c names no anchor"),
        ("a: 1\n---\nb: *a", 3, "a second document begins here"),
        ("a: 1\n---\nb: 2", 3, "a second document begins here"),
        ("a: &a\n  - *a", 2, "no end"),
        ("a: &a {b: *a }", 1, "no end"),
        ("a: 1\n? [b]\n: 2", 2, "expected, which JSON does not have"),
        ("a: &a [1]\n*a : 2", 2, "expected, which JSON does not have"),
        ("a: 1\nb: x\x08", 2, "column 5: the character U+0008"),
        ("- a", 1, "the top level is no mapping"),
        ("GET /users/{id}", 1, "the top level is no mapping"),
        ("# nothing", 1, "the top level is no mapping"),
    ],
)
def test_broken_yaml_says_where_and_what(text: str, line: int, said: str) -> None:
    """Each error of the text has its line."""
    error = refusal(text, "a.yaml")
    assert said in error.message
    assert error.line == line


@pytest.mark.parametrize(
    "text", ["---\na: 1\n---\n", "---\n---\na: 1\n...\n", "a: 1\n---\n# end\n---\n~\n"]
)
def test_empty_documents_around_the_one_are_passed_over(text: str) -> None:
    """Some tools write a separator at the end."""
    assert read(text, "a.yaml") == {"a": 1}


def test_a_flow_mapping_is_yaml_although_it_looks_like_json() -> None:
    """A `.yaml` file that begins with a brace is JSON, or else YAML; a `.json` file is JSON."""
    assert read("{openapi: 3.1.0, 'x': [1, ], }", "a.yaml") == {"openapi": "3.1.0", "x": [1]}
    assert "a name in double quotes" in refusal("{openapi: 3.1.0}", "a.json").message
    assert read('{"a": "\\ud800"}', "a.yaml") == {"a": "\ud800"}


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        ("", 1),
        ("/paths/~1a", 5),
        ("/paths/~1a/get/tags", 7),
        ("/paths/~1a/get/tags/0", 7),
        ("/paths/~1b", 4),
        ("/x", 1),
    ],
)
def test_a_pointer_has_a_line_in_yaml(pointer: str, line: int) -> None:
    """A report names the line of the nearest object or array."""
    text = "openapi: 3.1.0\ninfo: {}\npaths:\n  /a:\n    get:\n      tags:\n      - x\n"
    assert Document(text.encode(), "a.yaml").line_of(pointer) == line


# Sources

OPENAPI = b'{"openapi": "3.1.0"}'


def found_in(name: str | Path, stdin: bytes | None = None) -> list[Source | DescriptionError]:
    return list(read_sources(str(name), stdin=io.BytesIO(stdin) if stdin is not None else None))


def named(found: list[Source | DescriptionError], above: Path | str = "") -> list[str]:
    """Return the names of what was *found* below *above*; of an error, the start of its message,
    too.
    """
    prefix = f"{above}/" if above else ""
    return [
        (
            each.name.removeprefix(prefix)
            if isinstance(each, Source)
            else f"{(each.source or '').removeprefix(prefix)}: {each.message}"
        )
        for each in found
    ]


def only(found: list[Source | DescriptionError]) -> Source:
    (source,) = found
    assert isinstance(source, Source)
    return source


def why(found: list[Source | DescriptionError]) -> str:
    (error,) = found
    assert isinstance(error, DescriptionError)
    return error.message


def tar(entries: dict[str, bytes], mode: str = "w:gz", form: int = tarfile.PAX_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for name, data in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return stream.getvalue()


KINDS: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "zip": zipped,
    "stored zip": lambda entries: zipped(entries, zipfile.ZIP_STORED),
    "tar": lambda entries: tar(entries, "w"),
    "tar of GNU": lambda entries: tar(entries, "w", tarfile.GNU_FORMAT),
    "tar.gz": tar,
    "tar.bz2": lambda entries: tar(entries, "w:bz2"),
    "tar.xz": lambda entries: tar(entries, "w:xz"),
}


def test_a_file_is_one_source(tmp_path: Path) -> None:
    """A file is read whatever its name, and what lies beside it can be asked for."""
    (tmp_path / "api").write_bytes(OPENAPI)
    (tmp_path / "b.yaml").write_bytes(b"b: 1")
    source = only(found_in(tmp_path / "api"))
    assert (source.name, source.data) == (str(tmp_path / "api"), OPENAPI)
    assert source.beside is not None
    assert source.beside("./b.yaml") == b"b: 1"


def test_a_folder_is_its_descriptions_and_archives_sorted(tmp_path: Path) -> None:
    """Files of a folder first, by name; hidden ones, `node_modules` and other files are passed
    over.
    """
    for name in (
        "b.json",
        "a.YAML",
        "c.txt",
        "d.md",
        ".e.json",
        "z/a.yml",
        "z/y/x.json",
        "a/b.json",
        ".git/f.json",
        "node_modules/g.json",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "h.tgz").write_bytes(tar({"x.json": b"{}"}))
    found = found_in(tmp_path)
    assert named(found, tmp_path) == [
        "a.YAML",
        "b.json",
        "c.txt",
        "h.tgz/x.json",
        "a/b.json",
        "z/a.yml",
        "z/y/x.json",
    ]
    assert [source.data for source in found if isinstance(source, Source)][1] == b"b.json"


def test_a_folder_is_read_file_by_file(tmp_path: Path) -> None:
    """A file is opened when its turn comes: one is in memory at a time."""
    (tmp_path / "a.json").write_bytes(b"{}")
    (tmp_path / "b.json").write_bytes(b"{}")
    reading = read_sources(str(tmp_path))
    assert isinstance(next(reading), Source)
    (tmp_path / "b.json").unlink()
    assert named(list(reading), tmp_path) == [
        "b.json: there is no such file; check the name and the folder"
    ]


@pytest.mark.parametrize("name", ["api.zip", "api.bin"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_is_known_by_its_content(kind: str, name: str, tmp_path: Path) -> None:
    """Whatever its name; entries that may be descriptions are read, with the names they have in
    it.
    """
    entries = {
        "p/b.json": OPENAPI,
        "p/a.yaml": b"a: 1",
        "p/c.md": b"#",
        "p/.d.json": b"{}",
        ".x/e.json": b"{}",
        "node_modules/f.json": b"{}",
        "p/" + "l" * 200 + ".txt": os.urandom(5000),
        "./g.json": b"",
    }
    (tmp_path / name).write_bytes(KINDS[kind](entries))
    found = {
        source.name: source.data
        for source in found_in(tmp_path / name)
        if isinstance(source, Source)
    }
    kept = ("p/b.json", "p/a.yaml", "p/" + "l" * 200 + ".txt", "./g.json")
    assert found == {f"{tmp_path}/{name}/{each.removeprefix('./')}": entries[each] for each in kept}


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_may_come_on_standard_input(kind: str) -> None:
    """It is an archive when its content says so, and its entries find each other."""
    data = KINDS[kind]({"p/b.json": OPENAPI, "p/c.yaml": b"c: 1"})
    reading = read_sources("-", stdin=io.BytesIO(data))
    source = next(reading)
    assert isinstance(source, Source)
    assert (source.name, source.data) == ("-/p/b.json", OPENAPI)
    assert source.beside is not None
    assert source.beside("c.yaml") == b"c: 1"
    assert named(list(reading)) == ["-/p/c.yaml"]


def test_standard_input_is_one_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes in is one description, with nothing beside it, unless it is too large."""
    assert only(found_in("-", OPENAPI)) == Source("-", OPENAPI)
    assert "no standard input" in why(found_in("-"))
    monkeypatch.setattr(_sources, "MAX_BYTES", 600)
    assert only(found_in("-", b"x" * 600)).data == b"x" * 600
    assert "larger than" in why(found_in("-", b"x" * 601))


REFUSED = {
    "http://example.com/a.yaml": "nothing is fetched",
    "https://example.com/a.yaml": "nothing is fetched",
    "HTTPS://example.com/a.yaml": "nothing is fetched",
    "//example.com/a.yaml": "nothing is fetched",
    "data:,x": "nothing is fetched",
    "C:\\a.yaml": "nothing is fetched",
    "\\\\host\\share\\a.yaml": "nothing is fetched",
    "file:///etc/passwd": "relative to the description",
    "file:a.yaml": "relative to the description",
    "/etc/passwd": "relative to the description",
    "%2Fetc/passwd": "relative to the description",
    "\\etc\\passwd": "relative to the description",
    "../../a.yaml": "leads out of the description's folder",
    "../sub/../../a.yaml": "leads out of the description's folder",
    "%2e%2e/%2e%2e/a.yaml": "leads out of the description's folder",
    "..%2f..%2fa.yaml": "leads out of the description's folder",
    "..%5c..%5ca.yaml": "leads out of the description's folder",
    "nothing.yaml": "is not there",
    "a.yaml?b=c": "has no query",
    "%ff.yaml": "not UTF-8",
    "%00.yaml": "names no file",
    "": "names no file",
    "#/a": "names no file",
    "http://[/": "is no reference",
}


@pytest.fixture(params=["folder", *KINDS])
def inside(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    """The source `sub/api.json` of a folder, or of an archive, with other files around it."""
    entries = {
        "sub/api.json": OPENAPI,
        "sub/b c.yaml": b"b: 1",
        "a.yaml": b"a: 1",
        "sub/deep/x.json": b"{}",
        "other.json": OPENAPI,
    }
    place = tmp_path / "root"
    if request.param == "folder":
        for name, data in entries.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(data)
    else:
        place.write_bytes(KINDS[request.param](entries))
    (tmp_path / "a.yaml").write_bytes(b"outside: 1")
    return next(
        each
        for each in found_in(place)
        if isinstance(each, Source) and each.name.endswith("/sub/api.json")
    )


def test_files_beside_are_found_by_relative_references(inside: Source) -> None:
    """In URI syntax, to the folder or archive that was named, which is where they end."""
    beside = inside.beside
    assert beside is not None
    assert (
        beside("../a.yaml")
        == beside("deep/../../a.yaml")
        == beside("./../a.yaml#/a")
        == beside("..\\a.yaml")
        == b"a: 1"
    )
    assert beside("b%20c.yaml") == beside("b c.yaml") == b"b: 1"
    assert beside("deep/x.json") == b"{}"
    assert beside("../other.json") == OPENAPI
    assert pickle.loads(pickle.dumps(beside))("../a.yaml") == b"a: 1"


@pytest.mark.parametrize("reference", REFUSED)
def test_references_that_lead_away_are_refused_by_name(inside: Source, reference: str) -> None:
    """No network, no absolute path, nothing outside; the error repeats the reference and says what
    to do.
    """
    assert inside.beside is not None
    with pytest.raises(DescriptionError) as caught:
        inside.beside(reference)
    assert REFUSED[reference] in caught.value.message
    assert repr(reference) in caught.value.message


def test_the_root_of_a_lone_file_is_its_folder(tmp_path: Path) -> None:
    """A description that is named by itself may not reach above its folder."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "api.json").write_bytes(OPENAPI)
    (tmp_path / "a.yaml").write_bytes(b"a: 1")
    beside = only(found_in(tmp_path / "sub" / "api.json")).beside
    assert beside is not None
    with pytest.raises(DescriptionError, match="import the folder that holds both"):
        beside("../a.yaml")


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    """Neither as a description nor by a reference; links within the folder are."""
    (tmp_path / "secret.json").write_bytes(b"{}")
    root = tmp_path / "root"
    root.mkdir()
    (root / "api.json").write_bytes(OPENAPI)
    (root / "in.json").symlink_to(root / "api.json")
    (root / "out.json").symlink_to(tmp_path / "secret.json")
    (root / "loop.json").symlink_to(root / "loop.json")
    (root / "folder").symlink_to(tmp_path)
    found = named(found_in(root), root)
    assert [name.split(":")[0] for name in found] == [
        "api.json",
        "in.json",
        "loop.json",
        "out.json",
        "folder",
    ]
    assert "a link that leaves the folder" in found[3]
    assert "a link to a folder, which is not followed" in found[4]
    beside = next(each for each in found_in(root) if isinstance(each, Source)).beside
    assert beside is not None
    assert beside("in.json") == OPENAPI
    for reference in ("out.json", "folder/secret.json", "loop.json"):
        with pytest.raises(DescriptionError, match=reference):
            beside(reference)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing.json", "there is no such file"),
        ("https://example.com/openapi.json", "this is an address, not a file"),
        ("a\0b", "this cannot be the name of a file"),
        ("/dev/null", "a pipe or a device"),
    ],
)
def test_what_cannot_be_opened_says_why(name: str, said: str) -> None:
    """Each reason says what to do."""
    assert said in why(found_in(name))


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    """Opening a pipe that nobody writes to would wait for ever."""
    os.mkfifo(tmp_path / "pipe.json")
    assert "a pipe or a device" in why(found_in(tmp_path / "pipe.json"))
    assert "a pipe or a device" in why(found_in(tmp_path))
    (tmp_path / "api.yaml").write_bytes(OPENAPI)
    beside = only(found_in(tmp_path / "api.yaml")).beside
    assert beside is not None
    with pytest.raises(DescriptionError, match="a pipe or a device"):
        beside("pipe.json")


def test_what_may_not_be_read_is_named() -> None:
    """The rest of the folder is read."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are private to this user
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "a.json").write_bytes(b"{}")
        (folder / "a.json").chmod(0)
        (folder / "b.json").write_bytes(b"{}")
        root = os.geteuid() == 0  # who may read everything
        if root:
            os.seteuid(65534)
        try:
            found = named(found_in(folder), folder)
        finally:
            if root:
                os.seteuid(0)
    assert found == ["a.json: this may not be read by this user; change its permissions", "b.json"]


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    """A folder or an archive without a description in it says what was looked for."""
    (tmp_path / "a.md").write_bytes(b"#")
    assert "none ends in .txt, .json, .yaml or .yml" in why(found_in(tmp_path))
    (tmp_path / "a.zip").write_bytes(zipped({"a.md": b"#"}))
    assert "none ends in .txt, .json, .yaml or .yml" in why(found_in(tmp_path / "a.zip"))


def test_a_large_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder, beside another, and in an archive; before all of it is read."""
    monkeypatch.setattr(_files, "MAX_BYTES", 100)
    monkeypatch.setattr(_archives, "MAX_BYTES", 100)
    (tmp_path / "a.json").write_bytes(b" " * 101)
    (tmp_path / "b.json").write_bytes(b" " * 100)
    (tmp_path / "c.zip").write_bytes(zipped({"d.json": b" " * 101, "e.json": b" " * 100}))
    found = found_in(tmp_path)
    assert [name.split(":")[0] for name in named(found, tmp_path)] == [
        "a.json",
        "b.json",
        "c.zip/d.json",
        "c.zip/e.json",
    ]
    assert "larger than" in named(found)[0]
    assert "larger than" in named(found)[2]
    beside = next(each for each in found if isinstance(each, Source)).beside
    assert beside is not None
    with pytest.raises(DescriptionError, match="larger than"):
        beside("a.json")


# Hostile archives


def with_header(**fields: Any) -> bytes:
    """Return a tar of one entry `a.json` whose header says *fields*, then an entry `b.json`."""
    info = tarfile.TarInfo("a.json")
    for name, value in fields.items():
        setattr(info, name, value)
    return info.tobuf(tarfile.GNU_FORMAT) + tar({"b.json": b"{}"}, "w")


HOSTILE: dict[str, tuple[Callable[[], bytes], list[str]]] = {
    "a name above": (
        lambda: tar({"../a.json": b"", "b.json": b""}),
        ["../a.json: this entry's name leaves", "b.json"],
    ),
    "a name above, zipped": (
        lambda: zipped({"a/../../b.json": b"", "c.json": b""}),
        ["a/../../b.json: this entry's name leaves", "c.json"],
    ),
    "an absolute name": (
        lambda: tar({"/a.json": b"", "b.json": b""}),
        ["/a.json: this entry's name leaves", "b.json"],
    ),
    "a link": (
        lambda: with_header(type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        ["a.json: this is a link or a device", "b.json"],
    ),
    "a hard link": (
        lambda: with_header(type=tarfile.LNKTYPE, linkname="b.json"),
        ["a.json: this is a link or a device", "b.json"],
    ),
    "a device": (
        lambda: with_header(type=tarfile.CHRTYPE),
        ["a.json: this is a link or a device", "b.json"],
    ),
    "a pipe": (
        lambda: with_header(type=tarfile.FIFOTYPE),
        ["a.json: this is a link or a device", "b.json"],
    ),
    "a folder like a file": (lambda: with_header(type=tarfile.DIRTYPE), ["b.json"]),
    "a link, zipped": (lambda: zip_of_a_link(), ["a.json: this is a link or a device"]),
    "an encrypted entry": (lambda: encrypted(), ["a.json: this entry of the archive is encrypted"]),
    "an archive": (
        lambda: tar({"a.zip": b"", "b.json": b""}),
        ["a.zip: this is an archive in an archive", "b.json"],
    ),
    "a negative size": (
        lambda: with_header(size=-512),
        # Releases of Python that refuse it themselves (CVE-2025-8194) do so at once.
        [(": the archive is damaged: a record points backwards", ": no tar archive is in it")],
    ),
    "more than 4 GB": (
        lambda: with_header(size=2**33),
        [": the archive is larger than 4 GB unpacked"],
    ),
    "a name of 500 MB": (
        lambda: gzip.compress(with_header(type=tarfile.GNUTYPE_LONGNAME, size=500 * MEGABYTE)),
        [": the archive's own records are too large"],
    ),
    "attributes of 500 MB": (
        lambda: (
            tar({"a.json": b""}, "w")[:512] + with_header(type=tarfile.XHDTYPE, size=500 * MEGABYTE)
        ),
        ["a.json", ": the archive's own records are too large"],
    ),
    "a list of a million entries": (
        lambda: long_directory(),
        [": the archive's own records are too large"],
    ),
    # lzma.compress(b"x", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 2**30}]), which takes
    # seconds
    "memory for xz": (
        lambda: bytes.fromhex(
            "fd377a585a000004e6d6b44602002101240000005e1fc7f9010000780000000045aeef83f8ee160a"
            "00011901a52c81cc1fb6f37d010000000004595a"
        ),
        [": the archive is damaged: Memory usage limit exceeded"],
    ),
    "no archive in it": (lambda: gzip.compress(OPENAPI * 100), [": no tar archive is in it"]),
    "an empty one": (lambda: gzip.compress(b""), [": no tar archive is in it"]),
    "a cut one": (
        lambda: tar({"a.json": b"", "b.json": os.urandom(9000)}, "w")[:6000],
        ["a.json", "b.json: ", ": "],
    ),
    "a broken header": (
        lambda: (data := tar({"a.json": b"", "b.json": b""}, "w"))[:600] + b"\xff" + data[601:],
        ["a.json", ": the archive is damaged: a header is broken"],
    ),
}


def zip_of_a_link() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        info = zipfile.ZipInfo("a.json")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return stream.getvalue()


def encrypted() -> bytes:
    data = bytearray(zipped({"a.json": b"{}"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def long_directory() -> bytes:
    data = zipped({"a.json": b"{}"})
    end = data.index(b"PK\x05\x06")
    size = 10 * MEGABYTE
    return (
        data[:end]
        + b"\0" * size
        + data[end : end + 12]
        + size.to_bytes(4, "little")
        + data[end + 16 :]
    )


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_archive_does_no_harm(case: str, tmp_path: Path) -> None:
    """What is wrong is named, what is good is read, and nothing is built or waited for because a
    header says so.
    """
    data, expected = HOSTILE[case]
    (tmp_path / "x").write_bytes(data())
    tracemalloc.start()
    found = named(found_in(tmp_path / "x"), tmp_path / "x")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * MEGABYTE
    found = [name.replace(f"{tmp_path / 'x'}:", ":") for name in found]
    assert len(found) == len(expected), found
    for name, start in zip(found, expected, strict=True):
        assert name.startswith(start)


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_has_bounds(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of its entries and of what it unpacks to; what is within them is read."""
    (tmp_path / "x").write_bytes(KINDS[kind]({f"{name}.json": b" " * 6000 for name in "abcd"}))
    assert len(found_in(tmp_path / "x")) == 4
    with monkeypatch.context() as patch:
        patch.setattr(_archives, "MAX_ENTRIES", 2)
        found = named(found_in(tmp_path / "x"), tmp_path / "x")
        assert found[:2] == ["a.json", "b.json"]
        assert "entries; the rest is not read" in found[2]
    with monkeypatch.context() as patch:
        patch.setattr(_archives, "MAX_EXPANDED_BYTES", 15_000)
        found = named(found_in(tmp_path / "x"), tmp_path / "x")
        assert found[:2] == ["a.json", "b.json"]
        assert "unpacked; the rest is not read" in found[2]


def test_an_archive_is_not_read_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts of descriptions are kept; for others it is read again, but only so often."""
    entries = {"a.json": OPENAPI, "b.yaml": b"b: 1", "c.json": OPENAPI}
    (tmp_path / "x").write_bytes(tar(entries))
    beside = next(each for each in found_in(tmp_path / "x") if isinstance(each, Source)).beside
    assert beside is not None
    monkeypatch.setattr(_archives, "_SEARCHES", 3)
    assert [beside("c.json") for _ in range(3)] == [OPENAPI] * 3
    with pytest.raises(DescriptionError, match="unpack the archive"):
        beside("c.json")
    with pytest.raises(DescriptionError, match="is not there"):
        beside("d.json")
    assert beside("b.yaml") == b"b: 1"


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_only_ever_an_error(kind: str, tmp_path: Path) -> None:
    """Whatever happened to an archive's bytes, there are sources and errors, and nothing is
    raised.
    """
    good = KINDS[kind](
        {"a.json": OPENAPI * 20, "b" * 120 + ".yaml": b"b: 1", "c.txt": os.urandom(700)}
    )
    chance = random.Random(kind)
    for _ in range(60):
        data = bytearray(good)
        for _ in range(chance.choice((1, 3, 20))):
            data[chance.randrange(len(data))] = chance.choice((0, 255, chance.randrange(256)))
        (tmp_path / "x").write_bytes(
            data[: chance.choice((len(data), chance.randrange(len(data))))]
        )
        assert found_in(tmp_path / "x")


PARTS = [
    ("a.json", b'{"openapi": "3.1.0"}', False),
    ("a.json", b'{"info": {}, "swagger" : 2.0}', False),
    ("a.json", b'{"type": "object"}', True),
    ("a", b' {"type": "object"}', True),
    ("a.yaml", b"# x\nopenapi: 3.1.0\n", False),
    ("a.yml", b"info:\n  x: 1\n'swagger': '2.0'\n", False),
    ("a.yml", b"properties:\n  openapi: 3\n", True),
    ("a.YAML", b"type: object\n", True),
    ("a.txt", b"GET /users\n", False),
    ("a", b"GET /users\n", False),
]


@pytest.mark.parametrize(("name", "data", "is_part"), PARTS)
def test_parts_of_descriptions_are_told_from_descriptions(
    name: str, data: bytes, is_part: bool
) -> None:
    """JSON or YAML without a version at its top can only be part of another; anything else may be a
    description.
    """
    assert is_fragment(Source(name, data)) is is_part
