"""Reference pages: every page beside this test reads without a wrong name, type, mark, default or
value, whole or cut.

`pages/` holds real pages, `pages/traps/` our own, and `pages/expected/` what a person reads in each
of them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from httptask.errors import DescriptionError
from httptask.hookspecs import hookimpl
from httptask.importers import endpoint_id, plugin, read_api
from httptask.importers.reference_pages._reference_page import MAX_BYTES, NO_SERVER, ReferencePage
from httptask.model.api import Endpoint, Note, Reading
from httptask.plugins import PluginManager
from httptask.protocols import ImportOptions, Source
from places import DATA

PAGES = DATA / "pages"
REAL = sorted(PAGES.glob("*.txt"))
ALL = REAL + sorted((PAGES / "traps").glob("*.txt"))
PLAIN = [page for page in ALL if not page.name.endswith(".table.txt")]
TABLES = [page for page in ALL if page.name.endswith(".table.txt")]

END = "How to start integrating"
HEADINGS = (
    "Servers",
    "Path parameters",
    "Request headers",
    "Query parameters",
    "Request body fields",
    END,
)
GROUPS = ("pathParameters", "headers", "query", "body")
ITEM = "[]"

Row = dict[str, Any]
Key = tuple[str, tuple[str, ...]]


# -- what a reading says, and what a person read -------------------------------------------------


def read(text: str | bytes, name: str = "page.txt", **options: Any) -> Reading:
    data = text.encode() if isinstance(text, str) else text
    items = list(ReferencePage().read(Source(name, data), ImportOptions(**options)))
    endpoints = tuple(item for item in items if isinstance(item, Endpoint))
    return Reading(
        name, "reference-page", endpoints, tuple(item for item in items if isinstance(item, Note))
    )


def only(reading: Reading) -> Endpoint:
    (endpoint,) = reading.endpoints
    return endpoint


def rows_of(endpoint: Endpoint) -> dict[Key, Row]:
    """Every parameter and body field of *endpoint*, by location and path."""
    rows: dict[Key, Row] = {}
    for parameter in endpoint.parameters:
        rows[parameter.location, (parameter.name,)] = row_of(
            dict(parameter.schema), required=parameter.required, description=parameter.description
        )
    if endpoint.request_body is not None:
        schema = next(iter(endpoint.request_body.content.values())).schema
        rows |= {("body", path): row for path, row in fields_of(schema, ())}
    return rows


def schemas_of(endpoint: Endpoint) -> list[Mapping[str, Any]]:
    bodies = endpoint.request_body.content.values() if endpoint.request_body else ()
    return [
        *(parameter.schema for parameter in endpoint.parameters),
        *(body.schema for body in bodies),
    ]


def row_of(schema: Mapping[str, Any], *, required: bool, description: str) -> Row:
    row = {"type": schema.get("type"), "required": required, "description": description}
    if "default" in schema:
        row["default"] = schema["default"]
    values = schema.get("enum", schema.get("items", {}).get("enum"))
    return row if values is None else row | {"enum": values}


def fields_of(
    schema: Mapping[str, Any], path: tuple[str, ...]
) -> list[tuple[tuple[str, ...], Row]]:
    found = []
    properties = schema.get("properties", {}) | schema.get("patternProperties", {})
    for name, child in properties.items():
        required = name in schema.get("required", ())
        row = row_of(child, required=required, description=child.get("description", ""))
        found += [((*path, name), row), *fields_of(child, (*path, name))]
    if "items" in schema:
        found += fields_of(schema["items"], (*path, ITEM))
    return found


def expected_rows(expected: Row) -> dict[Key, Row]:
    rows = {}
    for location, name, type_, mark, *rest in expected["rows"]:
        extra = rest[0] if rest else {}
        path = printed_path(name) if location == "body" else (name,)
        row = {"type": type_ and type_.lower(), "required": mark == "Yes"}
        rows[location, path] = row | {
            key: extra[key] for key in ("default", "enum") if key in extra
        }
    return rows


def printed_path(name: str) -> tuple[str, ...]:
    path: list[str] = []
    for part in re.split(r"\.(?![^\[\]]*\])", name):
        key, count = re.subn(r"\[\]", "", part)
        key = re.sub(r"^(.*)%\{[^}]*\}(.*)$", r"^\1.+\2$", key)
        path += [*([key] if key else []), *[ITEM] * count]
    while path and path[-1] == ITEM:
        path.pop()
    return tuple(path)


def expected_of(page: Path) -> Row:
    name = page.name.removesuffix(".txt")
    expected: Row = json.loads((PAGES / "expected" / f"{name}.json").read_text(encoding="utf-8"))
    return expected


def without_description(rows: dict[Key, Row]) -> dict[Key, Row]:
    return {
        key: {name: value for name, value in row.items() if name != "description"}
        for key, row in rows.items()
    }


def page_id(page: Path) -> str:
    return page.name.removesuffix(".txt")


def noted(reading: Reading) -> tuple[Note, ...]:
    """The notes but for the one that most pages get: that they name no server."""
    return tuple(note for note in reading.notes if note.message != NO_SERVER)


def kinds(reading: Reading) -> list[str]:
    return [note.kind for note in noted(reading)]


def notes_at(reading: Reading, line: int) -> list[str]:
    return [note.kind for note in noted(reading) if note.line == line]


# -- whole pages ---------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ALL, ids=page_id)
def test_every_row_reads_as_a_person_reads_it(page: Path) -> None:
    """Names, types, marks, defaults and enumerations are those printed, and no other row is made
    up.
    """
    endpoint = only(read(page.read_bytes(), page.name))
    assert without_description(rows_of(endpoint)) == expected_rows(expected_of(page))


@pytest.mark.parametrize("page", ALL, ids=page_id)
def test_order_is_the_pages(page: Path) -> None:
    """Parameters stand in the order of the page."""
    endpoint = only(read(page.read_bytes(), page.name))
    printed = [row[1] for row in expected_of(page)["rows"] if row[0] != "body"]
    assert [parameter.name for parameter in endpoint.parameters] == printed


@pytest.mark.parametrize("page", ALL, ids=page_id)
def test_everything_around_the_rows_reads_too(page: Path) -> None:
    """Id, provider, servers, media type, whether a body is required, what is incomplete, and the
    report.
    """
    reading = read(page.read_bytes(), page.name)
    endpoint, expected = only(reading), expected_of(page)
    body = endpoint.request_body
    found = {
        "id": endpoint.id,
        "provider": endpoint.provider,
        "servers": [server.url for server in endpoint.servers],
        "body": body and {"mediaTypes": list(body.content), "required": body.required},
        "incomplete": list(endpoint.incomplete),
        "notes": [[note.kind, note.line] for note in noted(reading)],
    }
    assert found == {name: value for name, value in expected.items() if name != "rows"}


@pytest.mark.parametrize("page", ALL, ids=page_id)
def test_as_many_rows_as_lines_that_print_one(page: Path) -> None:
    """Counted by a plain pattern that knows nothing of the reader, no row is lost and none is made
    up.
    """
    text = page.read_text(encoding="utf-8")
    if page in TABLES:
        printed = len(re.findall(r"^(?:[A-Z]\w+ \| )?(?:Yes|No) \|", text, re.MULTILINE))
    else:
        printed = len(
            re.findall(
                r"^(?:\S+ )?(?:[A-Z]\w+ )?(?:Yes|No)(?:$| The media type)", text, re.MULTILINE
            )
        )
    reading = read(page.read_bytes(), page.name)
    made = [
        row
        for row in expected_of(page)["rows"]
        if {"derived", "parent"} & (row[4] if len(row) > 4 else {}).keys()
    ]
    refused = [
        note
        for note in noted(reading)
        if "twice" in note.message or "without a name" in note.message
    ]
    as_text = [note for note in noted(reading) if "taken as description" in note.message]
    assert len(rows_of(only(reading))) - len(made) + len(refused) + len(as_text) == printed


@pytest.mark.parametrize("page", ALL, ids=page_id)
def test_descriptions_are_the_pages_words(page: Path) -> None:
    """Every line of a description stands in the page, and labels of values and defaults do not stay
    in it.
    """
    text = page.read_text(encoding="utf-8")
    endpoint = only(read(page.read_bytes(), page.name))
    descriptions = [
        endpoint.description,
        *(row["description"] for row in rows_of(endpoint).values()),
    ]
    for description in descriptions:
        assert all(line in text for line in description.splitlines())
        assert not re.search(r"(?:Possible|Valid) values:|Default value:", description)
        assert not description.endswith("|")


@pytest.mark.parametrize("page", ALL, ids=page_id)
def test_schemas_are_valid(page: Path) -> None:
    """Every schema is valid JSON Schema 2020-12, and the endpoint survives being written and
    read.
    """
    endpoint = only(read(page.read_bytes(), page.name))
    for schema in schemas_of(endpoint):
        jsonschema.Draft202012Validator.check_schema(schema)
    assert Endpoint.from_json(json.loads(json.dumps(endpoint.to_json()))) == endpoint


# -- cut pages -----------------------------------------------------------------------------------


def boundaries(page: Path, text: str) -> list[tuple[int, Key | None]]:
    """Offset of the line of every row, with its key, and of every heading, in the page's order."""
    found: list[tuple[int, Key | None]] = []
    at = max(text.find("\nServers"), text.find("Servers\n"), text.find("\n"))
    for location, name, *rest in expected_of(page)["rows"]:
        if {"derived", "parent"} & (rest[2] if len(rest) > 2 else {}).keys():
            continue
        printed = (rest[2] if len(rest) > 2 else {}).get("printed", name)
        at = (
            min(
                start
                for start in (text.find(f"\n{printed}{end}", at) for end in (" |\n", " "))
                if start >= 0
            )
            + 1
        )
        found.append((at, (location, printed_path(name) if location == "body" else (name,))))
    # A heading ends a row, and so does a row that is skipped.
    others = rf"^(?:(?:{'|'.join(HEADINGS)})$|String No|limit String No|\|\nString \| No)"
    first = found[0][0] if found else 0
    found += [
        (match.start(), None)
        for match in re.finditer(others, text, re.MULTILINE)
        if match.start() > first
    ]
    return sorted(found, key=lambda item: item[0])


@pytest.mark.parametrize("page", ALL, ids=page_id)
def test_a_page_cut_anywhere_keeps_what_was_complete(page: Path) -> None:
    """For every prefix past the first line: it reads, complete rows are unchanged, and no row is
    made up.
    """
    text = page.read_text(encoding="utf-8")
    data = text.encode()
    whole = rows_of(only(read(data, page.name)))
    marks = boundaries(page, text)
    # Children settle their parent's type where it is printed wrongly.
    parents = {(location, path[:length]) for location, path in whole for length in range(len(path))}
    # (offset from which the row is complete, key), offsets in bytes: at least one character of what
    # follows is there
    complete = [
        (len(text[: marks[index + 1][0]].encode()) + 1, key)
        for index, (_, key) in enumerate(marks[:-1])
        if key is not None
    ]
    end = data.rfind(END.encode())
    derived = {("path", (name,)) for name in re.findall(r"\{([^}]+)\}", text.partition("\n")[0])}
    for cut in range(data.index(b"\n"), len(data)):
        reading = read(data[:cut], page.name)
        endpoint = only(reading)
        rows = rows_of(endpoint)
        assert rows.keys() <= whole.keys() | derived
        for offset, key in complete:
            if offset > cut:
                break
            same = {
                name: value
                for name, value in whole[key].items()
                if name != "type" or key not in parents
            }
            assert rows[key].items() >= same.items(), (cut, key)
            assert rows[key].keys() == whole[key].keys(), (cut, key)
        truncated = not 0 <= end <= cut - len(END)
        assert ("truncated" in kinds(reading)) == truncated, cut
        assert not truncated or endpoint.incomplete == GROUPS[-len(endpoint.incomplete) :], cut


SECTIONS = """POST /a/{id}

Does it.

Servers

Path parameters

Name Type Required Description
id String Yes

Request headers

Name Type Required Description
Content-Type String Yes The media type of the request body.

Default value: "application/json"

Query parameters

Name Type Required Description
q String No

Request body fields

Name Type Required Description
a Object Yes
a.b String Yes

How to start integrating

  1. Add HTTP Task to your workflow definition.
"""


@pytest.mark.parametrize(
    ("end", "groups"),
    [
        ("Does it.", GROUPS),
        ("Servers\n", GROUPS),
        ("Path parameters", GROUPS),
        ("Request headers", GROUPS[1:]),
        ("of the request body.", GROUPS[1:]),
        ("Query parameters\n", GROUPS[2:]),
        ("q String No", GROUPS[2:]),
        ("Request body fi", GROUPS[2:]),
        ("Request body fields", GROUPS[3:]),
        ("a Object Yes\n", GROUPS[3:]),
        ("How to start integratin", GROUPS[3:]),
        ("How to start integrating", ()),
        ("Add HTTP T", ()),
    ],
)
def test_a_cut_makes_its_section_and_all_later_ones_incomplete(
    end: str, groups: tuple[str, ...]
) -> None:
    """The groups that may have more than was read are named, and only these."""
    cut = SECTIONS[: SECTIONS.index(end) + len(end)]
    assert only(read(cut)).incomplete == groups


def test_objects_of_a_cut_body_stay_open() -> None:
    """Where fields may be missing, an unknown one is not refused; in a whole page it is."""
    whole = only(read(SECTIONS)).request_body
    cut = only(read(SECTIONS[: SECTIONS.index("How")])).request_body
    assert whole is not None
    assert cut is not None
    value = {"a": {"b": "x", "c": 1}}
    schema, open_schema = (
        whole.content["application/json"].schema,
        cut.content["application/json"].schema,
    )
    assert not jsonschema.Draft202012Validator(schema).is_valid(value)
    assert jsonschema.Draft202012Validator(open_schema).is_valid(value)
    assert not jsonschema.Draft202012Validator(open_schema).is_valid({"a": {}})


QUERY = "GET /a\n\nServers\n\nQuery parameters\n\nName Type Required Description\n"


def query(
    rows: str, *, end: str = f"\n{END}\n\n  1. Add HTTP Task to your workflow definition.\n"
) -> Reading:
    return read(QUERY + rows + end)


def found(reading: Reading) -> dict[str, Row]:
    return {
        path[0]: row
        for (location, path), row in rows_of(only(reading)).items()
        if location == "query"
    }


@pytest.mark.parametrize(
    ("cut", "schema"),
    [
        ('\nPossible values:\n\n  • "asc"\n  • "de', {"type": "string", "examples": ["asc"]}),
        (
            '\nPossible values:\n\n  • "asc"\n  • "desc"',
            {"type": "string", "examples": ["asc", "desc"]},
        ),
        ('\nPossible values:\n\n  • "asc"\n  •', {"type": "string", "examples": ["asc"]}),
        ('\nPossible values:\n\n  • "asc"\n\nDefault va', {"type": "string", "enum": ["asc"]}),
        ('\nPossible values:\n\n  • "as', {"type": "string"}),
        ("\nPossible values:", {"type": "string"}),
        ("\nPossible val", {"type": "string"}),
        ('\nDefault value: "as', {"type": "string"}),
        ('\nDefault value: "asc"', {"type": "string", "default": "asc"}),
        ("\nDefault value: 1", {"type": "string"}),
        ("\nDefault value: 1\n", {"type": "string", "default": 1}),
    ],
)
def test_a_cut_value_is_not_taken_for_a_whole_one(cut: str, schema: Row) -> None:
    """An enumeration that may go on refuses nothing, and a default that may go on is none."""
    reading = query(f"sort String No\n{cut}", end="")
    (parameter,) = only(reading).parameters
    assert parameter.schema == schema
    assert parameter.description == ""


@pytest.mark.parametrize(
    "tail",
    [
        "comp",
        "company_id",
        "company_id Int",
        "company_id Integer",
        "company_id Integer Y",
        "company_id N",
        "Request bod",
    ],
)
def test_a_cut_row_is_no_description_of_the_row_before(tail: str) -> None:
    """The start of a row or a heading is left out, and the report repeats it: nothing is lost."""
    reading = query(f"sort String No\n\nThe order.\n\n{tail}", end="")
    assert {name: row["description"] for name, row in found(reading).items()} == {
        "sort": "The order."
    }
    assert repr(tail) in noted(reading)[0].message


# -- the same page, saved otherwise --------------------------------------------------------------


def crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


def byte_order_mark(text: str) -> str:
    return "\ufeff" + text


def leading_blank_lines(text: str) -> str:
    return "\n \n" + text


def trailing_spaces(text: str) -> str:
    return text.replace("\n", " \t\n")


def non_breaking_spaces(text: str) -> str:
    structural = re.compile(
        rf"^(?:{'|'.join(HEADINGS)}|[A-Z]+ /.*|Possible values:|Valid values:|Default value:.*|  •"
        r" .*|.*(?:Yes|No))$"
    )
    return "\n".join(
        line.replace(" ", "\xa0") if structural.match(line) else line for line in text.split("\n")
    )


@pytest.mark.parametrize(
    "change", [crlf, byte_order_mark, leading_blank_lines, trailing_spaces, non_breaking_spaces]
)
@pytest.mark.parametrize("page", ALL, ids=page_id)
def test_how_a_page_was_saved_changes_nothing(page: Path, change: Any) -> None:
    """Line breaks, a byte order mark, blank lines before, spaces after, and non-breaking spaces are
    all one.
    """
    text = page.read_text(encoding="utf-8")
    saved = read(change(text), page.name)
    found = json.dumps(only(saved).to_json(), ensure_ascii=False).replace("\xa0", " ")
    assert found == json.dumps(only(read(text, page.name)).to_json(), ensure_ascii=False)
    assert kinds(saved) == kinds(read(text, page.name))


@pytest.mark.parametrize("page", [page for page in REAL if page in PLAIN], ids=page_id)
def test_blank_lines_lost_or_doubled_lose_no_row(page: Path) -> None:
    """A plain page whose blank lines were dropped, or that has one after every line, has the same
    rows.
    """
    text = page.read_text(encoding="utf-8")
    expected = without_description(rows_of(only(read(text, page.name))))
    dropped = re.sub(r"\n+", "\n", text)
    doubled = dropped.replace("\n", "\n\n")
    assert without_description(rows_of(only(read(dropped, page.name)))) == expected
    assert without_description(rows_of(only(read(doubled, page.name)))) == expected


# -- rows of the plain variant -------------------------------------------------------------------


def test_a_row_may_follow_a_bullet_at_once() -> None:
    """With or without a type, the line after the last bullet is the next row."""
    rows = found(query('a String No\n\nPossible values:\n\n  • "x"\nb No\nc Integer Yes\n'))
    assert {name: (row["type"], row["required"]) for name, row in rows.items()} == {
        "a": ("string", False),
        "b": (None, False),
        "c": ("integer", True),
    }


@pytest.mark.parametrize(
    "name",
    ["required", "from", "to", "type", "id", "Type", "Name", "$filter", "@odata.type", "q[]", "No"],
)
def test_words_that_look_like_syntax_are_names(name: str) -> None:
    """A row's name is whatever stands first, with and without a type, wherever a row may stand."""
    for rows in (
        f"{name} String No\n",
        f"x String No\n\nText.\n\n{name} String No\n",
        f"x String No\n{name} String No\n",
    ):
        assert found(query(rows))[name]["type"] == "string"
    assert found(query(f"x String No\n{name} No\n"))[name]["type"] is None


@pytest.mark.parametrize(
    "text", ["Optional No", "card No", "Is this required? No", "Required: Yes", "Type String."]
)
def test_the_first_paragraph_after_a_row_is_its_description(text: str) -> None:
    """With no description the next row follows at once, so what follows a blank line is one."""
    reading = query(f"a String No\n\n{text}\n\nb String No\n")
    assert {name: row["description"] for name, row in found(reading).items()} == {
        "a": text,
        "b": "",
    }


@pytest.mark.parametrize(
    "text",
    [
        "Optional No",
        "Nullable Yes",
        "Deprecated No",
        "Is it? No",
        "Read Only No",
        "(see below) No",
        '"active" Yes',
    ],
)
def test_a_remark_in_a_description_is_no_row(text: str) -> None:
    """Two words that end with Yes or No are a row only when the first can be a name."""
    reading = query(f"a String No\n\nFirst.\n\n{text}\n\nb String No\n")
    assert {name: row["description"] for name, row in found(reading).items()} == {
        "a": f"First.\n\n{text}",
        "b": "",
    }


@pytest.mark.parametrize(
    "remark", ["Note", "NOTE: mind the gap", "Important\nThis costs money.", "Warning It is slow."]
)
@pytest.mark.parametrize("row", ["b String No", "b No"])
def test_a_row_may_follow_a_remark_at_once(remark: str, row: str) -> None:
    """`Note` paragraphs are printed with no blank line after them."""
    reading = query(f"a String No\n\nText.\n\n{remark}\n{row}\nc String No\n")
    assert found(reading)["a"]["description"] == f"Text.\n\n{remark}"
    assert list(found(reading)) == ["a", "b", "c"]


def test_a_table_flattened_in_a_description_is_no_row() -> None:
    """A line per row of somebody else's table stays text, and the report says so."""
    table = "Value Meaning\nactive Yes\ninactive No"
    typed = "Field Type Required\nid String Yes"
    reading = query(f"a String No\n\nText.\n\n{table}\n\nb String No\n\n{typed}\n\nc String No\n")
    assert {name: row["description"] for name, row in found(reading).items()} == {
        "a": f"Text.\n\n{table}",
        "b": typed,
        "c": "",
    }
    assert kinds(reading)[:3] == ["guessed"] * 3


def test_bullets_of_a_description_stay_in_it() -> None:
    """Bullets that no label announces, or that are no JSON literals, are no enumeration."""
    text = 'Some:\n\n  • "x"\n  • "y"'
    other = "Possible values:\n\n  • x, the first\n  • y"
    reading = query(f"a String No\n\n{text}\n\nb String No\n\n{other}\n\nc String No\n")
    assert {
        name: (row["description"], row.get("enum")) for name, row in found(reading).items()
    } == {
        "a": (text, None),
        "b": (other, None),
        "c": ("", None),
    }
    assert len([note for note in noted(reading) if "no JSON literals" in note.message]) == 1


def test_text_after_an_enumeration_is_description() -> None:
    """The words before and after the values are kept, the values and their label are taken out."""
    reading = query(
        'a String No\n\nBefore. Valid values:\n\n  • "x"\n  • “y”\n\nAfter.\n\nDefault value:'
        ' "x"\n\nb No\n'
    )
    assert found(reading)["a"] == {
        "type": "string",
        "required": False,
        "description": "Before.\n\nAfter.",
        "enum": ["x", "y"],
        "default": "x",
    }
    assert list(found(reading)) == ["a", "b"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", 1),
        ("-2.5", -2.5),
        ("false", False),
        ("null", None),
        ('"draft"', "draft"),
        ('""', ""),
        ("[]", []),
        ('{"a": [1, {}]}', {"a": [1, {}]}),
        ('{\n  "a": 1\n}', {"a": 1}),
        ("`10`", 10),
    ],
)
def test_a_default_is_a_json_literal(written: str, value: Any) -> None:
    """The default is read as JSON and does not stay in the description."""
    row = found(query(f"a No\n\nText.\n\nDefault value: {written}\n\nb No\n"))["a"]
    assert (row["default"], row["description"]) == (value, "Text.")


@pytest.mark.parametrize(
    "written", ["none", "the first", "NaN", "1e999", "1 item", "'x'", '{"a":1,"a":2}', "[" * 500]
)
def test_a_default_that_is_no_literal_stays_text(written: str) -> None:
    """What is no JSON value is no default: it stays where a person can read it, and the report says
    so.
    """
    reading = query(f"a No\n\nText.\n\nDefault value: {written}\n\nb No\n")
    row = found(reading)["a"]
    assert "default" not in row
    assert row["description"] == f"Text.\n\nDefault value: {written}"
    assert notes_at(reading, 12) == ["skipped"]


@pytest.mark.parametrize(
    ("type_", "values", "schema"),
    [
        ("String", ['"a"', "null"], {"type": ["string", "null"], "enum": ["a", None]}),
        ("String", ["1", "2"], {"type": ["string", "integer"], "enum": [1, 2]}),
        ("Number", ["1", "2.5"], {"type": "number", "enum": [1, 2.5]}),
        ("Boolean", ["true", "true"], {"type": "boolean", "enum": [True]}),
        ("Array", ['"a"'], {"type": "array", "items": {"enum": ["a"]}}),
        ("Array", ['["a"]', "[]"], {"type": "array", "enum": [["a"], []]}),
    ],
)
def test_every_printed_value_can_be_sent(type_: str, values: list[str], schema: Row) -> None:
    """Each value of an enumeration satisfies its schema; an array's are those of its items."""
    bullets = "\n".join(f"  • {value}" for value in values)
    (parameter,) = only(query(f"a {type_} No\n\nPossible values:\n\n{bullets}\n")).parameters
    assert parameter.schema == schema
    for value in values:
        sent = [json.loads(value)] if "items" in schema else json.loads(value)
        assert jsonschema.Draft202012Validator(parameter.schema).is_valid(sent)


@pytest.mark.parametrize(
    ("row", "name", "type_", "noted"),
    [
        ("a File No", "a", None, True),
        ("a string No", "a", "string", True),
        ("a StringNo", "a", "string", False),
        ("First Name String No", "First Name", "string", True),
        ("a String No With its description.", "a", "string", True),
        ("companyString No", "companyString", None, True),
        ("queryParam No", "queryParam", None, False),
    ],
)
def test_odd_rows_are_read_and_noted(row: str, name: str, type_: str | None, noted: bool) -> None:
    """A row that is not quite one is read where only a row can stand, and the report says what was
    guessed.
    """
    reading = query(f"{row}\nb String No\n")
    assert {key: value["type"] for key, value in found(reading).items()} == {
        name: type_,
        "b": "string",
    }
    assert ("guessed" in notes_at(reading, 8)) == noted


def test_a_row_without_a_name_is_skipped_with_its_description() -> None:
    """Its line is in the report, and its description is not added to the row before."""
    reading = query("a String No\n\nText.\n\nString No\n\nLost.\n\nb String No\n")
    assert {name: row["description"] for name, row in found(reading).items()} == {
        "a": "Text.",
        "b": "",
    }
    assert notes_at(reading, 12) == ["skipped"]
    assert only(reading).incomplete == ("query",)  # it has a parameter whose name nobody can read


def test_a_row_that_stands_twice_counts_once() -> None:
    """The first counts, the second is in the report; header names differ in more than their case
    (RFC 9110, 5.1).
    """
    reading = query("a String No\nA String No\na Integer Yes\n")
    assert {name: row["type"] for name, row in found(reading).items()} == {
        "a": "string",
        "A": "string",
    }
    assert notes_at(reading, 10) == ["skipped"]
    headers = read(
        QUERY.replace("Query parameters", "Request headers")
        + f"x-a String No\nX-A String No\n\n{END}\n"
    )
    assert [parameter.name for parameter in only(headers).parameters] == ["x-a"]


# -- rows of the table variant -------------------------------------------------------------------


def table(rows: str) -> Reading:
    header = "Name | Type | Required | Description |\n---|---|---|---|\n"
    return read(
        f"GET /a\nText.\nServers\n- https://api.x.example\nQuery parameters\n{header}{rows}{END}\n-"
        " Add HTTP Task\n"
    )


@pytest.mark.parametrize(
    "cells",
    [
        "a |\nString | No |\nText. |\n",
        "a |\nString | No | Text. |\n",
        "| a |\n| String | No |\nText. |\n",
        "a | String | No | Text. |\n",
        "| a | String | No | Text. |\n",
        "a |\nString | No |\nText. |\n|\n",
    ],
)
def test_a_table_row_on_one_line_or_several(cells: str) -> None:
    """However the cells of a row are broken into lines, it is the same row."""
    rows = found(table(f"{cells}b |\nNo | ||\n"))
    assert rows == {
        "a": {"type": "string", "required": False, "description": "Text."},
        "b": {"type": None, "required": False, "description": ""},
    }


def test_a_table_description_may_hold_pipes_and_rows() -> None:
    """Pipes, a name that nothing follows, and a lone Yes are text of the description."""
    text = "One of a | b | c\nsome name |\nNo |\nlast | Yes | or\nend |"
    rows = found(table(f"a |\nString | No |\n{text}\nb |\nString | Yes |\n"))
    assert rows["a"]["description"] == "One of a | b | c\nsome name\nNo\nlast | Yes | or\nend"
    assert list(rows) == ["a", "b"]


def test_a_table_name_may_hold_spaces() -> None:
    """Pipes, not spaces, end a cell."""
    assert list(found(table("First Name |\nString | No | |\nb |\nString | Yes |\n"))) == [
        "First Name",
        "b",
    ]


def test_a_table_row_without_a_name_is_skipped() -> None:
    """An empty name cell is a bare pipe; the row and its description are left out, with its
    line.
    """
    reading = table("|\nString | No |\nLost. |\nb |\nString | No |\nKept. |\nString | Yes | |\n")
    assert {name: row["description"] for name, row in found(reading).items()} == {"b": "Kept."}
    assert [note.line for note in noted(reading) if note.kind == "skipped"] == [9, 14]


@pytest.mark.parametrize(
    ("text", "description", "default"),
    [
        ("Possible values:\n|", "", None),
        ("The order. Valid values:\n|", "The order.", None),
        ('Possible values:\nDefault value: "x" |', "", "x"),
        ('Possible values: Default value: "x" |', "", "x"),
        ('The order.\nPossible values:\n| Default value: "x" |', "The order.", "x"),
    ],
)
def test_lost_values_are_reported(text: str, description: str, default: str | None) -> None:
    """A table loses the values of an enumeration: any value is allowed, and the label's line is in
    the report.
    """
    reading = table(f"a |\nString | No |\n{text}\nb |\nString | No | |\n")
    rows = found(reading)
    assert list(rows) == ["a", "b"]
    assert "enum" not in rows["a"]
    assert (rows["a"]["description"], rows["a"].get("default")) == (description, default)
    assert "missing" in kinds(reading)


# -- headings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_description_may_use_the_formats_words(heading: str) -> None:
    """A line that reads like a heading is one only when what follows makes it one."""
    text = f"First.\n\n{heading}\n\nThese are only words.\n\nThe {heading}\n\nLast."
    endpoint = only(read(SECTIONS.replace("Does it.", text)))
    assert endpoint.description == text
    assert rows_of(endpoint) == rows_of(only(read(SECTIONS)))
    inside = SECTIONS.replace("q String No\n", f"q String No\n\n{text}\n")
    rows = rows_of(only(read(inside)))
    assert rows.pop(("query", ("q",)))["description"] == text
    assert rows == {
        key: row for key, row in rows_of(only(read(SECTIONS))).items() if key != ("query", ("q",))
    }


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("Create TicketServers", "Create Ticket"),
        ("Find an address by idServers", "Find an address by id"),
        ("List all Servers\n\nServers", "List all Servers"),
        ("Get ServersServers", "Get Servers"),
    ],
)
def test_a_heading_glued_to_the_description_is_taken_off(text: str, description: str) -> None:
    """`Create TicketServers` is a description and a heading, in both variants."""
    plain_page = only(read(SECTIONS.replace("Does it.\n\nServers", text)))
    assert plain_page.description == description
    assert plain_page.parameters == only(read(SECTIONS)).parameters
    addressed = only(
        read(
            f"GET /a\n{text.replace(chr(10) * 2, chr(10))}\n- https://api.x.example/v1/\n{END}\n-"
            " Add HTTP Task\n"
        )
    )
    assert (addressed.description, [server.url for server in addressed.servers]) == (
        description,
        ["https://api.x.example/v1"],
    )


def test_every_section_is_optional() -> None:
    """A page may be a first line and nothing else, or any of the sections in order."""
    alone = only(read("GET /a\n"))
    assert (alone.parameters, alone.request_body, alone.servers, alone.description) == (
        (),
        None,
        (),
        "",
    )
    without_servers = read(SECTIONS.replace("Servers\n\n", ""))
    assert rows_of(only(without_servers)) == rows_of(only(read(SECTIONS)))
    steps_only = read(
        f"GET /a\n\nText.\n\n{END}\n\n  1. Add HTTP Task to your workflow definition.\n"
    )
    assert "truncated" not in kinds(steps_only)


# -- identity, servers, title --------------------------------------------------------------------


@pytest.mark.parametrize("page", REAL, ids=page_id)
def test_a_file_name_is_the_id_it_was_made_from(page: Path) -> None:
    """The slug rule gives the very names of the real pages, and the provider is read from them."""
    method, path = page.read_text(encoding="utf-8").splitlines()[0].split()
    name = page.name.removesuffix(".txt").removesuffix(".table")
    assert endpoint_id(name.partition("-")[0], path, method) == name
    assert only(read(page.read_bytes(), page.name)).provider == name.partition("-")[0]


def test_the_hash_of_an_id_can_be_longer() -> None:
    """More digits of the same SHA-224 tell two endpoints apart."""
    digest = hashlib.sha224(b"/v1/{a}").hexdigest()
    assert endpoint_id("Acme Inc", "/v1/{a}", "GET", digits=8) == f"acme-inc-v1-a-get-{digest[:8]}"
    assert only(read("GET /v1/{a}\n", f"/x/acme-v1-a-get-{digest[:8]}.txt")).provider == "acme"


@pytest.mark.parametrize(
    ("name", "server", "provider"),
    [
        ("page.txt", "https://api.brevo.com/v3", "brevo"),
        ("page.txt", "https://{region}.zendesk.com", "zendesk"),
        ("page.txt", "https://api.shop.co.uk:8443/v1", "shop"),
        ("page.txt", "https://{subdomain}.{domain}.com", "unknown"),
        ("page.txt", "https://10.0.0.1/v1", "unknown"),
        ("page.txt", "http://localhost:8080", "unknown"),
        ("page.txt", "http://[::1", "unknown"),
        ("other-a-get-000.txt", "https://api.brevo.com", "brevo"),
        (endpoint_id("acme", "/b", "GET") + ".txt", "https://api.brevo.com", "brevo"),
    ],
)
def test_a_guessed_provider_is_noted(name: str, server: str, provider: str) -> None:
    """A provider that only the server's host tells is a guess; a file name counts when its hash is
    that of the path.
    """
    reading = read(f"GET /a\nServers\n- {server}\n{END}\n- Add HTTP Task\n", name)
    assert only(reading).provider == provider
    assert kinds(reading) == ["guessed"]


def test_a_person_knows_better() -> None:
    """A given provider and given servers replace what the page says, and are no guess."""
    page = PAGES / "brevo-contacts-post-240.table.txt"
    reading = read(
        page.read_bytes(), page.name, provider="sendinblue", servers=("https://proxy.example/",)
    )
    endpoint = only(reading)
    assert (endpoint.provider, endpoint.id) == ("sendinblue", "sendinblue-contacts-post-240")
    assert [server.url for server in endpoint.servers] == ["https://proxy.example"]
    assert noted(reading) == ()


def test_headings_are_known_whatever_their_case() -> None:
    """A page written by hand may capitalise its headings."""
    page = (
        "GET /a\n\nServers\n\nQUERY Parameters\n\nName Type Required Description\nb String"
        f" No\n\n{END}\n"
    )
    assert [parameter.name for parameter in only(read(page, provider="a")).parameters] == ["b"]


@pytest.mark.parametrize(
    "table",
    ["| Name | Type | Description |\n| b | integer | x |", "Name | Type | Needed |\n---|---|---|"],
)
def test_a_table_that_is_not_understood_is_in_the_report(table: str) -> None:
    """What looks like a table of parameters is not lost silently in the description."""
    reading = read(f"GET /a\n\nA thing.\n\nParameters\n\n{table}\n", provider="a")
    assert ("skipped", 7) in [(note.kind, note.line) for note in reading.notes]
    assert table.split("\n")[0] in only(reading).description


@pytest.mark.parametrize(("servers", "line"), [("Servers\n\n", 3), ("", None)])
def test_a_page_without_a_server_says_so(servers: str, line: int | None) -> None:
    """An empty or missing list of servers is in the report, with what to do; a server that was
    given is enough.
    """
    page = (
        f"GET /a\n\n{servers}Query parameters\n\nName Type Required Description\nb String"
        f" No\n\n{END}\n"
    )
    told = [note for note in read(page, provider="a").notes if note.message == NO_SERVER]
    assert [(note.kind, note.line) for note in told] == [("missing", line)]
    assert read(page, provider="a", servers=("https://a.example",)).notes == ()


def test_placeholders_name_no_server() -> None:
    """`{{baseUrl}}` and addresses without a host are left out with a note; doubles count once."""
    bullets = (
        "- {{baseUrl}}\n- https://a.example/\n- https://a.example\n- https://{b}.example/v1 -"
        " Europe\n- /v2\n"
    )
    reading = read(f"GET /a\nServers\n{bullets}{END}\n- Add HTTP Task\n", provider="a")
    assert [(server.url, server.description) for server in only(reading).servers] == [
        ("https://a.example", ""),
        ("https://{b}.example/v1", "Europe"),
    ]
    assert [(note.kind, note.line) for note in noted(reading)] == [("skipped", 3), ("skipped", 7)]


def test_a_cut_address_is_no_server() -> None:
    """Half an address would send a request to somebody else."""
    reading = read("GET /a\nServers\n- https://a.example\n- https://api.b.exa")
    assert [server.url for server in only(reading).servers] == ["https://a.example"]
    assert repr("- https://api.b.exa") in noted(reading)[0].message


@pytest.mark.parametrize(
    ("description", "title"),
    [
        ("Creates a thing. It is new.", "Creates a thing"),
        ("Creates a thing\n\nMore.", "Creates a thing"),
        ("Uses v1.2 of x, e.g. this one. And more.", "Uses v1.2 of x, e.g. this one"),
        ("Why? Because.", "Why"),
        ("The GET /a\nendpoint lists.\nMore", "The GET /a endpoint lists"),
        ("word " * 40, ("word " * 19).strip() + "…"),
        ("", "GET /a"),
    ],
)
def test_the_title_is_the_first_sentence(description: str, title: str) -> None:
    """One line for a list, of at most a hundred characters, cut at a word."""
    endpoint = only(read(f"GET /a\n\n{description}\n\nServers\n\n{END}\n"))
    assert endpoint.title == title
    assert len(endpoint.title) <= 100


# -- parameters of the path, and bodies ----------------------------------------------------------


def test_path_parameters_are_derived_from_the_path() -> None:
    """Parameters without a row are required Strings, after those that have one; the report says
    so.
    """
    page = (
        "GET /a/{x}/{y}/{x}.json\n\nServers\n\nPath parameters\n\nName Type Required Description\n"
    )
    reading = read(f"{page}y Integer No\nz String Yes\n\n{END}\n", provider="a")
    assert [(one.name, one.required, one.schema) for one in only(reading).parameters] == [
        ("y", True, {"type": "integer"}),
        ("z", True, {"type": "string"}),
        ("x", True, {"type": "string"}),
    ]
    assert [(note.kind, note.line) for note in noted(reading)] == [
        ("guessed", 1),
        ("guessed", 8),
        ("guessed", 9),
    ]


CONTENT_TYPE = (
    'Content-Type String {mark} The media type of the request body.\n\nDefault value: "text/csv"\n'
)


def body_page(method: str, *, content_type: str | None = None, rows: str = "") -> Reading:
    columns = "Name Type Required Description\n"
    headers = (
        f"Request headers\n\n{columns}{CONTENT_TYPE.format(mark=content_type)}\n"
        if content_type
        else ""
    )
    fields = f"Request body fields\n\n{columns}{rows}\n" if rows else ""
    return read(f"{method} /a\n\nServers\n\n{headers}{fields}{END}\n", provider="a")


@pytest.mark.parametrize(
    ("method", "content_type", "rows", "media_type", "required", "noted"),
    [
        ("POST", "Yes", "a String Yes\n", "text/csv", True, []),
        ("POST", "Yes", "a String No\n", "text/csv", False, []),
        ("POST", "No", "a String Yes\n", "text/csv", False, []),
        ("POST", None, "a String Yes\n", "*/*", False, ["missing"]),
        ("POST", "Yes", "", "text/csv", False, ["missing"]),
        ("POST", None, "", "*/*", False, ["guessed"]),
        ("PUT", None, "", "*/*", False, ["guessed"]),
        ("PATCH", None, "", "*/*", False, ["guessed"]),
        ("DELETE", "Yes", "a String Yes\n", "text/csv", True, []),
        ("DELETE", "Yes", "", "text/csv", False, ["missing"]),
        ("GET", None, "", None, None, []),
        ("HEAD", None, "", None, None, []),
        ("DELETE", None, "", None, None, []),
        ("OPTIONS", None, "", None, None, []),
        ("TRACE", None, "", None, None, []),
    ],
)
def test_which_endpoints_take_a_body(
    method: str,
    content_type: str | None,
    rows: str,
    media_type: str | None,
    required: bool | None,
    noted: list[str],
) -> None:
    """A union, a form or a binary body prints no rows: it is a body of any type, not "no body"."""
    reading = body_page(method, content_type=content_type, rows=rows)
    body = only(reading).request_body
    assert kinds(reading) == noted
    if media_type is None:
        assert body is None
        return
    assert body is not None
    assert (list(body.content), body.required) == ([media_type], required)
    assert (body.content[media_type].schema == {}) == (not rows)


def body_of(rows: str) -> Row:
    body = only(body_page("POST", content_type="Yes", rows=rows)).request_body
    assert body is not None
    schema = dict(body.content["text/csv"].schema)
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ({}, True),
        ({"p": {"c": 1}}, True),
        ({"p": {}}, False),
        ({"p": {"c": 1, "d": 2}}, False),
        ({"p": {"c": "1"}}, False),
        ({"list": [{"x": {"y": []}}]}, True),
        ({"list": [{}]}, False),
        ({"list": [{"x": {"y": 1}}]}, False),
        ({"list": [1]}, False),
        ({"any": [1, "a", {}]}, True),
        ({"map": {"whatever": 1}}, True),
        ({"custom_field_12": {"deep": 1}}, True),
        ({"custom_field_": 1}, False),
        ({"xcustom_field_1": 1}, False),
        ({"unknown": 1}, False),
        ([], False),
    ],
)
def test_nested_fields_are_a_nested_schema(value: Any, valid: bool) -> None:
    """A child marked Yes is required when its parent is given, and only then; unknown names are
    found.
    """
    rows = """p Object No
p.c Integer Yes
list[] Array No
list[].x Object Yes
list[].x.y[] Array No
any[] Array No
map Object No
custom_field_%{custom_field_definition_id} No
"""
    assert jsonschema.Draft202012Validator(body_of(rows)).is_valid(value) == valid


def test_a_pattern_is_escaped() -> None:
    """The literal parts of a name with a placeholder are matched as they stand (ECMA-262, 22.2)."""
    schema = body_of("a+b(%{id})-c No\n")
    (pattern,) = schema["patternProperties"]
    assert pattern == r"^a\+b\(.+\)-c$"
    assert re.search(pattern, "a+b(1)-c")
    assert not re.search(pattern, "aab1-c")


def test_a_missing_parent_is_made() -> None:
    """A child without its parent's row gets one, an object or an array, not required, with a
    note.
    """
    reading = body_page("POST", content_type="Yes", rows="a.b String Yes\nc[].d String Yes\n")
    body = only(reading).request_body
    assert body is not None
    schema = body.content["text/csv"].schema
    assert "required" not in schema
    assert schema["properties"]["a"]["required"] == ["b"]
    assert schema["properties"]["c"]["items"]["required"] == ["d"]
    assert kinds(reading) == ["guessed", "guessed"]


@pytest.mark.parametrize(
    ("rows", "values"),
    [
        ("a String No\na.b String No\n", [{"a": {"b": "x"}}]),
        ("a String No\na[].b String No\n", [{"a": [{"b": "x"}]}]),
        ("a Array No\na.b String No\n", [{"a": [{"b": "x"}]}]),
        ("a[] String No\n", [{"a": ["x"]}]),
        ("a No\na.b String No\na[].b String No\n", [{"a": {"b": "x"}}, {"a": [{"b": "x"}]}]),
        ("[].b String No\nb String No\n", [[{"b": "x"}], {"b": "x"}]),
        ("a..b String No\n", [{"a..b": "x"}]),
    ],
)
def test_contradictions_are_settled_and_noted(rows: str, values: list[Any]) -> None:
    """Where type and children disagree the children win: they are what is sent."""
    reading = body_page("POST", content_type="Yes", rows=rows)
    body = only(reading).request_body
    assert body is not None
    assert "guessed" in kinds(reading)
    for value in values:
        jsonschema.validate(
            value, dict(body.content["text/csv"].schema), jsonschema.Draft202012Validator
        )


def test_a_list_at_the_top_is_an_array() -> None:
    """When every name starts with `[]` the body is an array; its own row may stand among them."""
    schema = body_of("[] Array Yes\n\nThe list.\n\n[].a Integer Yes\n")
    assert (schema["type"], schema["description"]) == ("array", "The list.")
    assert schema["items"]["required"] == ["a"]


def test_a_name_nested_without_end_is_skipped() -> None:
    """No page can make the reader or a validator recurse without bound."""
    reading = body_page(
        "POST", content_type="Yes", rows=f"{'a.' * 5000}b No\n{'a[]' * 1}{'[]' * 300} No\nok No\n"
    )
    body = only(reading).request_body
    assert body is not None
    assert list(body.content["text/csv"].schema["properties"]) == ["ok"]
    assert kinds(reading) == ["skipped", "skipped"]


# -- whatever comes ------------------------------------------------------------------------------

FRAGMENTS = [
    "Name Type Required Description",
    "| Name | Type | Required | Description |",
    "---|---|---|---|",
    "a |",
    "String | No |",
    "No | ||",
    "|",
    "a String No",
    "a.b[].c Array Yes",
    "card No",
    "String No",
    "",
    "Possible values:",
    '  • "a"',
    "  • 1",
    "- https://x.example",
    "Default value: 1",
    "Default value: {",
    "}",
    "Note",
    "Text.",
    "Create Servers",
    "Content-Type String Yes The media type of the request body.",
    "a%{b} No",
    "[].a No",
    "a String Yes",
    "\ufeff",
    "\xa0",
]
LINES = st.lists(
    st.one_of(st.sampled_from([*HEADINGS, *FRAGMENTS]), st.text(max_size=20)), max_size=40
)


@settings(deadline=None)
@given(LINES, st.sampled_from(["\n", "\n\n", "\r\n"]))
def test_nothing_after_the_first_line_is_an_error(lines: list[str], newline: str) -> None:
    """Whatever text follows a first line reads, and what was read is an endpoint with valid
    schemas.
    """
    text = newline.join(["POST /a/{b}", *lines]).encode("utf-8", "ignore")
    reading = read(text)
    endpoint = only(reading)
    assert Endpoint.from_json(json.loads(json.dumps(endpoint.to_json()))) == endpoint
    assert json.loads(json.dumps(reading.to_json()))["notes"] == [
        note.to_json() for note in reading.notes
    ]
    for schema in schemas_of(endpoint):
        jsonschema.Draft202012Validator.check_schema(schema)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_read_or_say_why(data: bytes) -> None:
    """Bytes after a first line read, or are refused because they are no text, with the line."""
    try:
        assert read(b"GET /a\n" + data).endpoints
    except DescriptionError as error:
        said = error
    else:
        return
    with pytest.raises(UnicodeDecodeError):
        data.decode()
    assert "UTF-8" in said.message
    assert said.line is not None


LONG = {
    "blank lines": "\n",
    "dashes": "-",
    "spaces": " x",
    "headings": "Servers\n\nQuery parameters\n",
    "glued": "Servers",
    "rows": "a String No\n",
    "labels": "Possible values:\n",
    "defaults": 'Default value: {"a":\n',
    "bullets": '  • "a"\n',
    "pipes": "|",
    "names": "a |\n",
    "type lines": "String | No |\n",
    "dots": "a.",
    "brackets": "a[]",
    "marks": "Yes No ",
    "placeholders": "%{a}",
}


@pytest.mark.parametrize("piece", LONG.values(), ids=LONG.keys())
@pytest.mark.parametrize(
    "columns", ["Name Type Required Description\n", "Name | Type | Required | Description |\n"]
)
def test_a_long_page_reads_in_a_moment(piece: str, columns: str) -> None:
    """No page makes the reader look at the same text again and again; half a megabyte would then
    not end today.
    """
    start = f"POST /a\n\nServers\n\nRequest body fields\n\n{columns}x String No\n\n"
    assert read(start + piece * (400_000 // len(piece))).endpoints


# -- read_api ------------------------------------------------------------------------------------


@pytest.fixture
def plugins() -> PluginManager:
    manager = PluginManager()
    manager.register(plugin)
    return manager


def test_read_api_reads_a_file(plugins: PluginManager) -> None:
    """A path goes in, an endpoint and a report come out; the report names source and importer."""
    page = PAGES / "smartsheet-users-get-424.txt"
    reading = read_api(page, plugins=plugins)
    assert (only(reading).id, reading.importer, reading.source) == (
        "smartsheet-users-get-424",
        "reference-page",
        str(page),
    )
    assert only(reading).source == str(page)


def test_read_api_reads_bytes_under_a_name(plugins: PluginManager) -> None:
    """With data nothing is opened: the source is only its name."""
    reading = read_api(
        "nowhere.txt",
        data=b"GET /a\n",
        provider="acme",
        servers=["https://a.example"],
        plugins=plugins,
    )
    assert (only(reading).provider, only(reading).servers[0].url) == ("acme", "https://a.example")


@pytest.mark.parametrize(
    ("data", "said", "line"),
    [
        (b"", "is empty", None),
        (b" \n\r\n\t", "is empty", None),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary file", None),
        ("GET /a".encode("utf-16"), "UTF-16", None),
        (b"caf\xe9\n", "not UTF-8", 1),
        (b"GET /a\n\nServers\n\ncaf\xe9 au lait\n", "not UTF-8", 5),
        (b'\n\n{"raml": "3.1.0"}', "METHOD /path", 3),
        (b"get /a\n", "METHOD /path", 1),
        (b"GET a\n", "METHOD /path", 1),
        (b"GET /a HTTP/1.1\n", "METHOD /path", 1),
        (b"GET /a\n" + b"x" * MAX_BYTES, "larger than 4 MB", None),
    ],
    ids=[
        "empty",
        "blank",
        "binary",
        "utf-16",
        "latin-1",
        "latin-1 later",
        "json",
        "lower case",
        "no slash",
        "http",
        "large",
    ],
)
def test_a_file_that_is_no_page_gets_one_clear_message(
    data: bytes, said: str, line: int | None, tmp_path: Path, plugins: PluginManager
) -> None:
    """The message names the file, what was found and what to do."""
    file = tmp_path / "file.txt"
    file.write_bytes(data)
    with pytest.raises(DescriptionError) as caught:
        read_api(file, plugins=plugins)
    assert str(caught.value).startswith(str(file))
    assert said in str(caught.value)
    assert caught.value.line == line


def test_an_unrecognised_file_shows_its_first_line_and_the_importers(
    plugins: PluginManager,
) -> None:
    """What was found, what a page starts with, and which importers were asked."""
    with pytest.raises(DescriptionError) as caught:
        read_api("notes.md", data=b"\n# Notes about " + b"x" * 500, plugins=plugins)
    for part in ("notes.md:2: ", "# Notes about xxx", "METHOD /path/{parameter}", "reference-page"):
        assert part in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing.txt", "no such file"),
        ("https://x.example/page", "an address, not a file"),
        ("", "more than one description"),
        ("null\0character", "cannot be the name of a file"),
        ("page.txt/inside", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_opened_gets_one_clear_message(
    name: str, said: str, tmp_path: Path, plugins: PluginManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing, a folder, an address, no name at all: each says what to do."""
    monkeypatch.chdir(tmp_path)
    Path("page.txt").write_text("GET /a\n")
    Path("other.txt").write_text("GET /b\n")
    with pytest.raises(DescriptionError, match=said):
        read_api(name or tmp_path, plugins=plugins)


def test_a_file_that_may_not_be_read_says_so(
    tmp_path: Path, plugins: PluginManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions are named as the reason."""
    file = tmp_path / "page.txt"
    file.write_text("GET /a\n")
    file.chmod(0)
    if os.access(file, os.R_OK):  # root reads everything: let the system call refuse instead

        def refuse(*_: Any, **__: Any) -> Any:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(DescriptionError, match="change its permissions"):
        read_api(file, plugins=plugins)


def test_the_first_importer_that_recognises_a_file_reads_it(plugins: PluginManager) -> None:
    """Importers are asked in order of registration; a stranger's is one of them."""

    class Raml:
        name = "raml"

        def recognises(self, source: Source) -> bool:
            return source.data.startswith((b"#%RAML", b"GET /"))

        def read(self, source: Source, options: ImportOptions) -> list[Endpoint | Note]:
            return []

    class Stranger:
        @staticmethod
        @hookimpl
        def httptask_importers() -> list[Raml]:
            return [Raml()]

    plugins.register(Stranger())
    names = list(plugins.named("httptask_importers"))
    assert read_api("a.raml", data=b"#%RAML 1.0\n", plugins=plugins).importer == "raml"
    assert read_api("a.txt", data=b"GET /a\n", plugins=plugins).importer == names[0]
    with pytest.raises(DescriptionError, match="Installed importers: " + ", ".join(names)):
        read_api("a", data=b"?", plugins=plugins)


@pytest.mark.parametrize(
    ("data", "yes"),
    [
        (b"GET /a", True),
        (b"\xef\xbb\xbf\r\n\xc2\xa0\r\nDELETE  /a/{b} \r\n", True),
        (b"OPTIONS /*\n\xff\xfe", True),
        (b"GET /a b\n", False),
        (b"GETS /a\n", False),
        (b"# GET /a\n", False),
        (b"", False),
        (b"\xff\xfe", False),
        (b"GET /" + b"a" * 5000, False),
    ],
)
def test_recognising_looks_at_the_first_line_only(data: bytes, yes: bool) -> None:
    """A page is known by its method and path; nothing raises."""
    assert ReferencePage().recognises(Source("x", data)) is yes
