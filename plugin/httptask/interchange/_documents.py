"""Parse JSON documents with requests, and recognise their form (Postman or HAR)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from httptask._core.strict_json import JsonError, parse
from httptask.errors import InterchangeError, Problem
from httptask.interchange._captured import Captured

MOST_CHARACTERS = 64 * 1024 * 1024


@dataclass(slots=True)
class Document:
    """The requests of a pasted document."""

    form: str
    requests: list[Captured] = field(default_factory=list)
    losses: list[Problem] = field(default_factory=list)

    def lose(
        self,
        code: str,
        pointer: str,
        *,
        severity: str = "warning",
        **params: Any,
    ) -> None:
        """Record something in the document, outside of requests, that does not get into tasks."""
        self.losses.append(Problem.of(code, pointer, severity=severity, **params))


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A JSON document with its form, which is None if it is not known."""

    value: Any
    form: str | None


def document_of(text: str) -> ReadDocument:
    """Parse the JSON document *text*. Raises `InterchangeError` if it is not JSON."""
    if len(text) > MOST_CHARACTERS:
        raise InterchangeError(
            f"the document has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read;"
            " save a HAR without contents, and a collection in parts"
        )
    try:
        value = parse(text, unique_names=False)
    except JsonError as error:
        raise InterchangeError(
            f"this is neither a curl command nor a JSON document: {error}"
        ) from error
    return ReadDocument(value, _form(value))


def _form(value: Any) -> str | None:
    """Return the form of the document *value* by its members, or None."""
    if not isinstance(value, Mapping):
        return None
    if isinstance(value.get("log"), Mapping):
        return "har"
    is_collection = "info" in value and "item" in value
    is_wrapped = isinstance(value.get("collection"), Mapping)
    is_version_1 = "requests" in value and ("order" in value or "folders" in value)
    return "postman" if is_collection or is_wrapped or is_version_1 else None


def texts(value: Any) -> str:
    """Return *value* as text: a string itself, or a number or boolean written out; else ""."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return well_formed(str(value))
    return ""


def well_formed(text: str) -> str:
    """Replace each lone surrogate in *text*, which cannot be sent, by a question mark."""
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")


def objects(value: Any) -> list[tuple[int, Mapping[str, Any]]]:
    """Return (index, object) of the objects in *value*, which should be a list."""
    items = value if isinstance(value, list) else []
    return [(index, item) for index, item in enumerate(items) if isinstance(item, Mapping)]
