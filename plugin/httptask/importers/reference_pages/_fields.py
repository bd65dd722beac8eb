"""The fields that rows document: description, allowed values, default, JSON Schema."""

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
"""Characters of a default or an enumerated value."""
_MOST_BRACKETS = 200
"""Objects and arrays in one literal; nobody writes a value that is nested deeper."""

MISSING = object()
"""No such value: None is a JSON value."""

_VALUES_LABEL = re.compile(r"(?:\A|(?<=\s))(?:Possible|Valid)\s+values:\Z")
_DEFAULT_LABEL = re.compile(r"(?:\A|(?<=\s))Default\s+value:")
_BULLET = re.compile(r"\s*[-•*](?:\s+|\Z)")
_QUOTES = str.maketrans("“”", '""')
_GROWING = re.compile(r"-?\d[\d.eE+-]*\Z")
"""A literal that may go on where the page is cut; all others show their end."""


@dataclass(frozen=True, slots=True)
class Field:
    """A row with a name, understood."""

    name: str
    required: bool
    line: int
    description: str
    schema: dict[str, Any]
    """JSON Schema 2020-12 of the value, without the description; `{}` is any value."""


@dataclass(slots=True)
class _Text:
    """The lines of a row while the enumeration and the default are taken out of them."""

    row: Row
    lines: list[tuple[int, str]]
    notes: list[Note] = field(default_factory=list)
    values: list[Any] | None = None
    values_line: int = 0
    """The line of the enumeration's label."""
    complete: bool = True
    """False: the page is cut inside the enumeration."""
    default: Any = MISSING

    def note(self, kind: str, message: str, line: int) -> None:
        self.notes.append(Note(kind, message, line))


def field_of(row: Row, notes: list[Note]) -> Field:
    """Return the field of *row*, which has a name; add notes on what was guessed or is missing."""
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
    """Return *lines* as one text, with one blank line where there are several."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip()


def literal(text: str) -> Any:
    """Return the value of the JSON literal *text*, or `MISSING` for any other text.

    Typographic quotes are taken for straight ones.
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
            # A JsonError, or a decimal that a double would change: no catalogue stores it.
            continue
        return value
    return MISSING


# -- the enumeration -----------------------------------------------------------------------------


def _take_values(text: _Text) -> None:
    """Move the enumeration out of the lines of *text*.

    Every label is tried: a description may have one of its own, with bullets that are no literals.
    """
    remaining: list[tuple[int, str]] = []
    at = 0
    while at < len(text.lines):
        number, line = text.lines[at]
        label = _VALUES_LABEL.search(line) if line.endswith("values:") else None
        stop = _after_values(text, at) if label else at
        if label is None or stop == at:
            remaining.append((number, line))
            at += 1
        else:
            remaining.extend(_before(text.lines[at], label))
            at = stop
    text.lines = remaining


def _before(line: tuple[int, str], label: re.Match[str]) -> list[tuple[int, str]]:
    """Return what stands on the line before the label, if anything does."""
    words = line[1][: label.start()].rstrip()
    return [(line[0], words)] if words else []


def _after_values(text: _Text, at: int) -> int:
    """Read the values below the label at *at*; return the index after them, or *at* for text."""
    number = text.lines[at][0]
    stop = _values_at(text, at + 1) if text.values is None else 0
    if stop:
        text.values_line = number
        return stop
    if _stands_alone(text, at):
        _lost(text, number)
        return at + 1
    return at


def _values_at(text: _Text, start: int) -> int:
    """Read the bullets from *start* on as an enumeration; return the index after them, or 0."""
    lines = text.lines
    first = stop = _next_text(lines, start)
    values: list[Any] = []
    last = ""
    while stop < len(lines) and (bullet := _BULLET.match(lines[stop][1])):
        last = lines[stop][1][bullet.end() :].strip()
        values.append(literal(last))
        stop += 1
        further = _next_text(lines, stop)
        # Some pages are saved with blank lines between all lines.
        if stop < further < len(lines):
            after_blank = _BULLET.sub("", lines[further][1], count=1).strip()
            if literal(after_blank) is not MISSING:
                stop = further
    if stop == first:
        return 0
    cut = text.row.cut and lines[stop - 1][0] == text.row.text[-1][0]
    if cut and text.row.open and (values[-1] is MISSING or _GROWING.match(last)):
        values.pop()
    if MISSING in values:
        message = "the bullets after the label are no JSON literals; they stay in the description"
        text.note("guessed", message, lines[first][0])
        return 0
    text.values, text.complete = _unique(values), not cut
    return stop


def _next_text(lines: list[tuple[int, str]], at: int) -> int:
    while at < len(lines) and not lines[at][1]:
        at += 1
    return at


def _stands_alone(text: _Text, at: int) -> bool:
    """Say whether no possible values follow the label: then the page lost them."""
    following = _next_text(text.lines, at + 1)
    return (
        following == len(text.lines)
        or _DEFAULT_LABEL.match(text.lines[following][1].lstrip()) is not None
    )


def _lost(text: _Text, number: int) -> None:
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
    """A label of a default, and the text after it."""

    at: int
    label: re.Match[str]
    alone: bool
    """The label starts the line."""

    @property
    def written(self) -> str:
        """The text after the label."""
        return self.label.string[self.label.end() :].strip()


def _take_default(text: _Text) -> None:
    """Move the default out of the lines of *text*, if one of its labels is the page's own."""
    labelled: list[_Default] = []
    for at, (_, line) in enumerate(text.lines):
        labels = list(_DEFAULT_LABEL.finditer(line)) if "Default" in line else []
        if labels:
            label = labels[-1]
            labelled.append(_Default(at, label, alone=not line[: label.start()].strip()))
    # The page's own default stands last and on a line of its own; in a table it may end the
    # description's line.
    candidates = [default for default in labelled if default.alone] or labelled
    if not candidates:
        return
    for default in reversed(candidates):
        if literal(default.written) is not MISSING:
            _read_default(text, default)
            return
    _read_default(text, candidates[-1])


def _read_default(text: _Text, default: _Default) -> None:
    """Read *default* and take its lines out; prose after a label stays in the description."""
    number = text.lines[default.at][0]
    name = shortened(text.row.name or "")
    stop, value = default.at + 1, literal(default.written)
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
        stop, text.default = len(text.lines), lines
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
    """Return the value of the literal that goes on to the end of the row."""
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
    """Return the JSON Schema type of *row*, None when it may be any."""
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


def _add_values(text: _Text, schema: dict[str, Any], values: list[Any], notes: list[Note]) -> None:
    name = shortened(text.row.name or "")
    line = text.values_line
    if not text.complete:
        # As an `enum`, an incomplete enumeration would refuse valid values.
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
    name: str, line: int, schema: dict[str, Any], values: list[Any], notes: list[Note]
) -> None:
    """Widen the type where a printed value has another: otherwise it could never be sent."""
    type_ = schema.get("type")
    if type_ is None:
        return
    actual_types = dict.fromkeys(map(_type_name, values))
    others = [actual for actual in actual_types if not _fits(actual, type_)]
    if others:
        schema["type"] = [type_, *others]
        message = (
            f"possible values of {name} are {', '.join(others)}, not {type_}; both are allowed"
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
