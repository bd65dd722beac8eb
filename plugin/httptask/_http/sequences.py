"""Bodies that are a sequence of items: JSON lines, JSON text sequences, server-sent events.

See OpenAPI 3.2, section 4.14. In settings and results such a body is an array of its items.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_RECORD_SEPARATOR = "\x1e"
_END_OF_LINE = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Sequence:
    """One kind of sequence."""

    names: re.Pattern[str]
    """A pattern for its media types, without parameters."""
    split: Callable[[str], Iterator[str]]
    """Split a body into the texts of its items."""
    read: Callable[[str, Callable[[str], Any]], Any]
    """Parse the text of an item; the second argument parses JSON."""
    whole: Callable[[str], int]
    """Return the number of characters at the start of an incomplete body that are complete
    items.
    """
    write: Callable[[Any, Callable[[Any], str]], str]
    """Serialise an item, with its delimiter; the second argument writes JSON.

    Raises `EventError`.
    """


class EventError(ValueError):
    """An item is not a server-sent event. *field* names the invalid field; "": the item itself is
    invalid.
    """

    def __init__(self, field: str = "") -> None:
        super().__init__(field)
        self.field = field


def sequence_of(media_type: str) -> Sequence | None:
    """Return the kind of sequence of *media_type*; None if its bodies are not sequences.

    *media_type* is in lower case, without parameters.
    """
    return next((sequence for sequence in _SEQUENCES if sequence.names.fullmatch(media_type)), None)


# JSON


def _lines(text: str) -> Iterator[str]:
    # Not `splitlines`: a JSON string may hold other line ends, such as U+2028.
    yield from (line for line in text.split("\n") if line.strip())


def _records(text: str) -> Iterator[str]:
    if _RECORD_SEPARATOR not in text:  # some servers send JSON lines with this media type
        yield from _lines(text)
        return
    yield from (record for record in text.split(_RECORD_SEPARATOR) if record.strip())


def _whole_lines(text: str) -> int:
    return text.rfind("\n") + 1


def _whole_records(text: str) -> int:
    # RFC 7464, section 2.4: a line feed ends a record.
    if _RECORD_SEPARATOR not in text or text.endswith("\n"):
        return _whole_lines(text)
    return text.rfind(_RECORD_SEPARATOR)


def _read_json(text: str, parse: Callable[[str], Any]) -> Any:
    return parse(text)


def _write_line(item: Any, dump: Callable[[Any], str]) -> str:
    return dump(item) + "\n"


def _write_record(item: Any, dump: Callable[[Any], str]) -> str:
    return f"{_RECORD_SEPARATOR}{dump(item)}\n"  # RFC 7464, section 2.2


# Server-sent events (HTML, section 9.2.6)


EVENT_FIELDS = ("event", "id", "retry", "data")


def _events(text: str) -> Iterator[str]:
    lines = _END_OF_LINE.sub("\n", text)
    yield from (
        block for block in re.split(r"\n{2,}", lines) if any(map(_field, block.split("\n")))
    )


_BLANK_LINE = re.compile(r"(?:\r\n|\n|\r(?!\n|\Z)){2}")
"""A carriage return at the very end does not count: its line feed may not have arrived yet."""


def _whole_events(text: str) -> int:
    return max((match.end() for match in _BLANK_LINE.finditer(text)), default=0)


def _field(line: str) -> tuple[str, str] | None:
    name, _, value = line.partition(":")  # the name of a comment is empty: it starts with a colon
    if name in EVENT_FIELDS:
        return (name, value.removeprefix(" "))
    return None


def _read_event(text: str, parse: Callable[[str], Any]) -> Any:
    event: dict[str, Any] = {}
    for line in text.split("\n"):
        field = _field(line)
        if field is None:
            continue
        name, value = field
        event[name] = f"{event[name]}\n{value}" if name == "data" and name in event else value
    retry = event.get("retry", "")
    if retry.isascii() and retry.isdigit():
        event["retry"] = parse(retry.lstrip("0") or "0")
    return event


def _write_event(item: Any, dump: Callable[[Any], str]) -> str:
    if not isinstance(item, Mapping) or not item.keys() <= set(EVENT_FIELDS):
        raise EventError
    lines = []
    for name, value in item.items():
        value_text = value if isinstance(value, str) else dump(value)
        pieces = _END_OF_LINE.split(value_text)
        if len(pieces) > 1 and name != "data":
            raise EventError(name)
        lines += [f"{name}: {piece}" for piece in pieces]
    return "\n".join(lines) + "\n\n"


_SEQUENCES = (
    Sequence(
        re.compile(r"(application|text)/(x-)?(ndjson|jsonl|jsonlines|json-lines|ldjson)"),
        _lines,
        _read_json,
        _whole_lines,
        _write_line,
    ),
    # RFC 7464, and the suffix of RFC 8091
    Sequence(
        re.compile(r"application/json-seq|[^/]+/[^/]+\+json-seq"),
        _records,
        _read_json,
        _whole_records,
        _write_record,
    ),
    Sequence(re.compile(r"text/event-stream"), _events, _read_event, _whole_events, _write_event),
)

SEQUENCES = re.compile("|".join(f"(?:{sequence.names.pattern})" for sequence in _SEQUENCES))
"""The media types that are sequences, in lower case and without their parameters."""
