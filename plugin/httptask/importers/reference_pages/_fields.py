"""Convert rows to fields with a description and a JSON Schema (type, allowed values, default)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from httptask._core import strict_json
from httptask.importers.reference_pages._rows import Row, shortened
from httptask.importers.reference_pages._sections import TYPES
from httptask.model.api import Note

_LONGEST_LITERAL = 65_536
"""The most characters of a default or a possible value."""
_MOST_BRACKETS = 200
"""The most objects and arrays in one literal. Nobody writes a value that is nested deeper."""

MISSING = object()
"""Stands for no value, because None is a JSON value."""

_VALUES_LABEL = re.compile(r"(?:\A|(?<=\s))(?:Possible|Valid)\s+values:\Z")
_DEFAULT_LABEL = re.compile(r"(?:\A|(?<=\s))Default\s+value:")
_BULLET = re.compile(r"\s*[-•*](?:\s+|\Z)")
_QUOTES = str.maketrans("“”", '""')
_GROWING = re.compile(r"-?\d[\d.eE+-]*\Z")
"""A number: where the page is cut, more digits may be missing. Other literals show their end."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field: what a row with a name documents."""

    name: str
    required: bool
    line: int
    description: str
    schema: dict[str, Any]
    """JSON Schema 2020-12 of the value, without the description. `{}` allows any value."""


@dataclass(slots=True)
class _Text:
    """The lines of a row, from which the possible values and the default are removed."""

    row: Row
    lines: list[tuple[int, str]]
    notes: list[Note] = field(default_factory=list)
    values: list[Any] | None = None
    values_line: int = 0
    """The line of the label of the possible values."""
    complete: bool = True
    """False if the page is cut in the possible values."""
    default: Any = MISSING

    def note(self, kind: str, message: str, line: int) -> None:
        self.notes.append(Note(kind, message, line))


def field_of(row: Row, notes: list[Note]) -> Field:
    """Convert *row*, which has a name, and add to *notes* what was guessed or is missing."""
    text = _Text(row, list(row.text))
    _take_default(text)
    _take_values(text)
    notes.extend(text.notes)
    return Field(
        row.name or "",
        row.required,
        row.line,
        paragraphs(line for _, line in text.lines),
        _schema(text, notes),
    )


def paragraphs(lines: Iterable[str]) -> str:
    """Join *lines*, with a single blank line in place of several."""
    result: list[str] = []
    for line in lines:
        if line or (result and result[-1]):
            result.append(line)
    return "\n".join(result).strip()


def literal(text: str) -> Any:
    """Parse the JSON literal *text*. Return `MISSING` if it is none.

    Typographic quotes count as straight quotes.
    """
    if not text or len(text) > _LONGEST_LITERAL:
        return MISSING
    if text.count("[") + text.count("{") > _MOST_BRACKETS:
        return MISSING
    for candidate in (text, text.strip("`"), text.translate(_QUOTES)):
        try:
            value = strict_json.parse(candidate)
            json.dumps(value)
        except (TypeError, ValueError):
            # No JSON, or a decimal that a double cannot represent: the catalogue cannot store it.
            continue
        return value
    return MISSING


# -- the possible values -------------------------------------------------------------------------


def _take_values(text: _Text) -> None:
    """Move the possible values from the lines of *text* to `text.values`.

    All labels are tried: a description may have a label, too, with bullets that are no literals.
    """
    remaining: list[tuple[int, str]] = []
    index = 0
    while index < len(text.lines):
        number, line = text.lines[index]
        label = None
        if line.endswith("values:"):
            label = _VALUES_LABEL.search(line)
        stop = _after_values(text, index) if label else index
        if label is None or stop == index:
            remaining.append((number, line))
            index += 1
        else:
            remaining.extend(_before(text.lines[index], label))
            index = stop
    text.lines = remaining


def _before(line: tuple[int, str], label: re.Match[str]) -> list[tuple[int, str]]:
    """Return [the text of *line* before *label*], or [] if there is none."""
    words = line[1][: label.start()].rstrip()
    if words:
        return [(line[0], words)]
    return []


def _after_values(text: _Text, index: int) -> int:
    """Read the values below the label at *index*; return the index after them, or *index*."""
    number = text.lines[index][0]
    stop = 0
    if text.values is None:
        stop = _values_at(text, index + 1)
    if stop:
        text.values_line = number
        return stop
    if _stands_alone(text, index):
        _note_lost_values(text, number)
        return index + 1
    return index


def _values_at(text: _Text, start: int) -> int:
    """Read the bullets from *start* on as values; return the index after them, or 0 if none."""
    lines = text.lines
    first = stop = _next_text(lines, start)
    values: list[Any] = []
    last = ""
    while stop < len(lines) and (bullet := _BULLET.match(lines[stop][1])):
        last = lines[stop][1][bullet.end() :].strip()
        values.append(literal(last))
        stop += 1
        further = _next_text(lines, stop)
        # Some pages have blank lines between all lines: continue if another literal follows.
        if stop < further < len(lines):
            after_blank = _BULLET.sub("", lines[further][1], count=1).strip()
            if literal(after_blank) is not MISSING:
                stop = further
    if stop == first:
        return 0
    cut = text.row.cut and lines[stop - 1][0] == text.row.text[-1][0]
    # `12` at the end of a cut page may be the beginning of `123`.
    may_go_on = values[-1] is MISSING or _GROWING.match(last)
    if cut and text.row.open and may_go_on:
        values.pop()
    if MISSING in values:
        message = "the bullets after the label are no JSON literals; they stay in the description"
        text.note("guessed", message, lines[first][0])
        return 0
    text.values = _unique(values)
    text.complete = not cut
    return stop


def _next_text(lines: list[tuple[int, str]], index: int) -> int:
    while index < len(lines) and not lines[index][1]:
        index += 1
    return index


def _stands_alone(text: _Text, index: int) -> bool:
    """Say whether nothing follows the label but a default: then the page has lost the values."""
    following = _next_text(text.lines, index + 1)
    return (
        following == len(text.lines)
        or _DEFAULT_LABEL.match(text.lines[following][1].lstrip()) is not None
    )


def _note_lost_values(text: _Text, number: int) -> None:
    values = f"the possible values of {shortened(text.row.name or '')}; any value is allowed"
    if text.row.cut:
        text.note("truncated", f"the page is cut before {values}", number)
    else:
        text.note("missing", f"the page does not show {values}", number)


def _unique(values: list[Any]) -> list[Any]:
    return list({strict_json.dump(value): value for value in values}.values())


# -- the default ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Default:
    """A label of a default, with the text after it."""

    at: int
    """The index of the line."""
    label: re.Match[str]
    alone: bool
    """Whether the label is at the start of the line."""

    @property
    def written(self) -> str:
        """The text after the label."""
        return self.label.string[self.label.end() :].strip()


def _take_default(text: _Text) -> None:
    """Move the default from the lines of *text* to `text.default`, if there is one."""
    labelled: list[_Default] = []
    for index, (_, line) in enumerate(text.lines):
        labels = []
        if "Default" in line:
            labels = list(_DEFAULT_LABEL.finditer(line))
        if labels:
            label = labels[-1]
            words_before = line[: label.start()].strip()
            labelled.append(_Default(index, label, alone=not words_before))
    # The default is the last label at the start of a line; in a table, it may be on the last line
    # of the description. Other labels are part of the description.
    candidates = [default for default in labelled if default.alone] or labelled
    if not candidates:
        return
    for default in reversed(candidates):
        if literal(default.written) is not MISSING:
            _read_default(text, default)
            return
    _read_default(text, candidates[-1])


def _read_default(text: _Text, default: _Default) -> None:
    """Read *default* and remove its lines. Prose after the label stays in the description."""
    number = text.lines[default.at][0]
    name = shortened(text.row.name or "")
    stop = default.at + 1
    value = literal(default.written)
    is_at_cut = text.row.cut and text.row.open and number == text.row.text[-1][0]
    may_span_lines = default.alone and default.written[:1] in ("{", "[", '"')
    if is_at_cut and (value is MISSING or _GROWING.match(default.written)):
        text.note(
            "truncated",
            f"the page is cut in the default of {name}, after {shortened(default.written)}",
            number,
        )
    elif value is not MISSING:
        text.default = value
    elif may_span_lines and (lines := _literal_lines(text, default)) is not MISSING:
        stop = len(text.lines)
        text.default = lines
    elif not default.written:
        text.note("missing", f"the page does not show the default of {name}", number)
    else:
        if default.alone:
            text.note(
                "skipped",
                f"the default of {name} is no JSON literal; it stays in the description",
                number,
            )
        return
    text.lines[default.at : stop] = _before(text.lines[default.at], default.label)


def _literal_lines(text: _Text, default: _Default) -> Any:
    """Parse a literal that continues on the following lines, to the end of the row."""
    following = (line for _, line in text.lines[default.at + 1 :])
    return literal("\n".join([default.written, *following]).strip())


# -- the schema ----------------------------------------------------------------------------------


def _schema(text: _Text, notes: list[Note]) -> dict[str, Any]:
    row = text.row
    schema: dict[str, Any] = {}
    type_ = type_of(row, notes)
    if type_ is not None:
        schema["type"] = type_
    if text.values is not None:
        _add_values(text, schema, text.values, notes)
    if text.default is not MISSING:
        schema["default"] = text.default
    return schema


def type_of(row: Row, notes: list[Note]) -> str | None:
    """Return the JSON Schema type of *row*, or None if any type is allowed."""
    if row.type is None:
        return None
    type_ = row.type.capitalize()
    name = shortened(row.name or "")
    if type_ not in TYPES:
        notes.append(
            Note(
                "guessed",
                f"the type {shortened(row.type)} of {name} is not known; any value is allowed",
                row.line,
            )
        )
        return None
    if type_ != row.type:
        notes.append(
            Note(
                "guessed", f"the type {shortened(row.type)} of {name} is read as {type_}", row.line
            )
        )
    return type_.lower()


def _add_values(
    text: _Text,
    schema: dict[str, Any],
    values: list[Any],
    notes: list[Note],
) -> None:
    """Add the possible values to *schema*: as `enum`, or as examples if the page is cut in them."""
    name = shortened(text.row.name or "")
    line = text.values_line
    if not text.complete:
        # `examples`, because an `enum` with some of the values would refuse the others.
        notes.append(
            Note(
                "truncated",
                f"the page is cut in the possible values of {name}; the ones read are only"
                " examples",
                line,
            )
        )
        if values:
            schema["examples"] = values
    elif schema.get("type") == "array" and not all(isinstance(value, list) for value in values):
        notes.append(
            Note(
                "guessed",
                f"the possible values of {name} are taken as those of the array's items",
                line,
            )
        )
        schema["items"] = {"enum": values}
    else:
        schema["enum"] = values
        _fit_type(name, line, schema, values, notes)


def _fit_type(
    name: str,
    line: int,
    schema: dict[str, Any],
    values: list[Any],
    notes: list[Note],
) -> None:
    """Add the types of *values* to the type of *schema*, which would refuse them otherwise."""
    type_ = schema.get("type")
    if type_ is None:
        return
    actual_types = dict.fromkeys(map(_type_name, values))
    other_types = [actual for actual in actual_types if not _fits(actual, type_)]
    if other_types:
        schema["type"] = [type_, *other_types]
        message = (
            f"possible values of {name} are {', '.join(other_types)}, not {type_}; both are allowed"
        )
        notes.append(Note("guessed", message, line))


def _type_name(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _fits(actual: str, type_: str) -> bool:
    return actual == type_ or (actual == "integer" and type_ == "number")
