"""The setting `pagination` of an HTTP task, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from httptask._core.numbers import without_point
from httptask.errors import Pages

__all__ = [
    "COUNTING",
    "MODES",
    "Evidence",
    "Pages",
    "Pagination",
    "Place",
    "SuggestedPagination",
]

MODES = ("nextUrl", "link", "cursor", "page", "offset", "lastItem")
COUNTING = ("page", "offset")
"""Modes that count pages or items themselves: the response does not name the next page."""


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a value in a request."""

    location: str
    """`query`, `header`, `body` or `path`."""
    name: str
    """Its name; in a body the name of a member, or a JSON Pointer."""

    @property
    def group(self) -> str:
        """The member of `httpRequest` that holds the value."""
        return _GROUPS[self.location]


_GROUPS = {
    "query": "query",
    "header": "headers",
    "path": "pathParameters",
    "body": "body",
}


@dataclass(frozen=True, slots=True)
class Pagination:
    """How a task reads a paged list. Queries are JSONPath expressions, as the author wrote them."""

    mode: str
    """One of `MODES`."""
    items: str | None = None
    """Query of the items in a page; None: the body if it is an array, or the only array in it."""
    next: str | None = None
    """Query of the next URL or token."""
    next_method: str | None = None
    """The method for the next URL, without a body; None: the task's own method, with its body."""
    parameter: Place | None = None
    """The place of the token or number in a request."""
    size: Place | None = None
    """The place of the page size in a request."""
    size_value: int | None = None
    start: int | None = None
    """First page or offset; None: the value in the task's settings, else 1 (page) or 0 (offset)."""
    step: int | None = None
    """What is added to a page number or offset; None: 1 for pages, the number of items for
    offsets.
    """
    total: str | None = None
    """Query of the number of items in the whole list."""
    more: str | None = None
    """Query of a boolean: whether another page follows."""
    until: str | None = None
    """An expression over a page's result; when it is true, no further page is read."""
    on_empty: str = "stop"
    """What a page without items does: `stop` or `continue`."""
    max_pages: int = 100
    max_items: int = 10_000
    max_bytes: int = 100 * 1024 * 1024
    at_limit: str = "fail"
    """What reaching a maximum does: `fail`, or `keep` the items read so far."""
    delay_seconds: float = 0.0
    """The wait between two pages."""
    identity: str | None = None
    """Query, over an item, of the value that identifies it."""
    collect: str = "items"
    """`items`, `pages` or `file`."""
    resume: Any = None
    """An expression that yields the cursor to resume from."""

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Self:
        """Read the setting; an unset or null field has its default."""
        parameter = value.get("parameter")
        size = value.get("size")
        parameter_place = None
        if parameter is not None:
            parameter_place = Place(parameter["in"], parameter["name"])
        names = {
            "items": "items",
            "next": "next",
            "next_method": "nextMethod",
            "start": "start",
            "step": "step",
            "total": "total",
            "more": "more",
            "until": "until",
            "on_empty": "onEmpty",
            "max_pages": "maxPages",
            "max_items": "maxItems",
            "max_bytes": "maxBytes",
            "at_limit": "atLimit",
            "delay_seconds": "delaySeconds",
            "identity": "identity",
            "collect": "collect",
            "resume": "resume",
        }
        fields = {
            field: without_point(value[name])
            for field, name in names.items()
            if value.get(name) is not None
        }
        return cls(
            value["mode"],
            parameter=parameter_place,
            size=_size(size, parameter_place),
            size_value=without_point(size["value"]) if size is not None else None,
            **fields,
        )

    @property
    def groups(self) -> frozenset[str]:
        """The members of `httpRequest` that differ between pages."""
        return frozenset(place.group for place in (self.parameter, self.size) if place is not None)

    @property
    def counts(self) -> bool:
        """Whether the next page is a number that the task counts itself."""
        return self.mode in COUNTING

    @property
    def first_number(self) -> int:
        """The first page number or offset, unless the task's settings have another."""
        if self.start is not None:
            return self.start
        return 1 if self.mode == "page" else 0


def _size(size: Mapping[str, Any] | None, parameter: Place | None) -> Place | None:
    """Return the place of the page size: by default in the location of *parameter*, or in the
    query.
    """
    if size is None:
        return None
    location = "query"
    if parameter is not None and parameter.location != "path":
        location = parameter.location
    return Place(size.get("in") or location, size["name"])


@dataclass(frozen=True, slots=True)
class Evidence:
    """A part of a description that suggests a `pagination`."""

    side: str
    """`request` or `response`."""
    pointer: str
    """Its JSON Pointer in the endpoint's JSON (`Endpoint.to_json`)."""
    text: str
    """A description of it for a person: `the query parameter cursor`."""

    def to_json(self) -> dict[str, str]:
        """Return all fields."""
        return {
            "side": self.side,
            "pointer": self.pointer,
            "text": self.text,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, str]) -> Self:
        """Return the evidence that `to_json` wrote as *value*."""
        return cls(value["side"], value["pointer"], value["text"])


@dataclass(frozen=True, slots=True)
class SuggestedPagination:
    """A `pagination` inferred from a description.

    It is offered to the author, and never switched on automatically.
    """

    setting: Mapping[str, Any]
    """The setting as an author would write it."""
    evidence: tuple[Evidence, ...]
    """The parts of the description that suggest it, on the request side and the response side."""
    confirmed: bool | None = None
    """Whether a response had the values that the setting reads; None: no response was examined."""
    reason: str = ""
    """What in the response confirms or refutes the suggestion, for a person."""

    @property
    def sentence(self) -> str:
        """The mode and its evidence in one line."""
        texts = ", ".join(evidence.text for evidence in self.evidence)
        return f"by {self.setting['mode']}: {texts}"

    def to_json(self) -> dict[str, Any]:
        """Return all fields."""
        return {
            "setting": dict(self.setting),
            "evidence": [evidence.to_json() for evidence in self.evidence],
            "confirmed": self.confirmed,
            "reason": self.reason,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the suggestion that `to_json` wrote as *value*."""
        evidence = tuple(map(Evidence.from_json, value["evidence"]))
        return cls(value["setting"], evidence, value["confirmed"], value["reason"])
