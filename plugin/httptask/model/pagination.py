"""The setting `pagination` of an HTTP task, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

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
"""Modes that count by themselves: no response says what comes next."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands in a request."""

    location: str
    """`query`, `header`, `body` or `path`."""
    name: str
    """Its name; in a body a name of its object, or a JSON Pointer."""

    @property
    def group(self) -> str:
        """The name of `httpRequest` that it stands in."""
        return _GROUPS[self.location]


_GROUPS = {
    "query": "query",
    "header": "headers",
    "path": "pathParameters",
    "body": "body",
}


@dataclass(frozen=True, slots=True)
class Pagination:
    """How a task reads a list that comes in pages. Queries are JSONPath, as they were written."""

    mode: str
    """One of `MODES`."""
    items: str | None = None
    """Query of the items in a page; None: the body itself, or the only array in it."""
    next: str | None = None
    """Query of the next URL or token."""
    parameter: Place | None = None
    """Where the token or number stands in a request."""
    size: Place | None = None
    """Where the size of a page stands in a request."""
    size_value: int | None = None
    start: int | None = None
    """First page or offset; None: what the settings say, else 1 or 0."""
    step: int | None = None
    """What a page or an offset grows by; None: 1, or the number of items that came."""
    total: str | None = None
    """Query of the number of items in the whole list."""
    more: str | None = None
    """Query of whether there is more."""
    until: str | None = None
    """An expression over the result: true ends it."""
    on_empty: str = "stop"
    """`stop` or `continue`, when a page has no items."""
    max_pages: int = 100
    max_items: int = 10_000
    max_bytes: int = 100 * 1024 * 1024
    at_limit: str = "fail"
    """`fail`, or `keep` what there is."""
    delay_seconds: float = 0.0
    """The wait between two pages."""
    identity: str | None = None
    """Query, over an item, of what tells it from others."""
    collect: str = "items"
    """`items`, `pages` or `file`."""
    resume: Any = None
    """An expression for the cursor to go on from."""

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Self:
        """Read the setting; an unset or null field has its default."""
        parameter, size = value.get("parameter"), value.get("size")
        place = None
        if parameter is not None:
            place = Place(parameter["in"], parameter["name"])
        names = {
            "items": "items",
            "next": "next",
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
            field: value[name] for field, name in names.items() if value.get(name) is not None
        }
        return cls(
            value["mode"],
            parameter=place,
            size=_size(size, place),
            size_value=size["value"] if size is not None else None,
            **fields,
        )

    @property
    def groups(self) -> frozenset[str]:
        """The names of `httpRequest` that pages change."""
        return frozenset(place.group for place in (self.parameter, self.size) if place is not None)

    @property
    def counts(self) -> bool:
        """Whether its cursor is a number that it counts itself."""
        return self.mode in COUNTING

    @property
    def first_number(self) -> int:
        """The page or offset that a list begins with, if nothing else is said."""
        if self.start is not None:
            return self.start
        return 1 if self.mode == "page" else 0


def _size(size: Mapping[str, Any] | None, parameter: Place | None) -> Place | None:
    if size is None:
        return None
    location = "query"
    if parameter is not None and parameter.location != "path":
        location = parameter.location
    return Place(size.get("in") or location, size["name"])


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something in a description that speaks for a `pagination`."""

    side: str
    """`request` or `response`."""
    pointer: str
    """Its JSON Pointer in the endpoint's JSON (`Endpoint.to_json`)."""
    text: str
    """What it is, for a person: `the query parameter cursor`."""

    def to_json(self) -> dict[str, str]:
        """Return all fields."""
        return {"side": self.side, "pointer": self.pointer, "text": self.text}

    @classmethod
    def from_json(cls, value: Mapping[str, str]) -> Self:
        """Return the evidence of which `to_json` made *value*."""
        return cls(value["side"], value["pointer"], value["text"])


@dataclass(frozen=True, slots=True)
class SuggestedPagination:
    """A `pagination` that a description lets one expect of an endpoint. It is offered, and never
    switched on by itself.
    """

    setting: Mapping[str, Any]
    """The setting as an author would write it."""
    evidence: tuple[Evidence, ...]
    """What in the description speaks for it, of the request's side and of the response's."""
    confirmed: bool | None = None
    """Whether an answer had what the setting looks for; None: no answer was looked at."""
    reason: str = ""
    """What in the answer confirms or refutes it, for a person."""

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
        """Return the suggestion of which `to_json` made *value*."""
        evidence = tuple(map(Evidence.from_json, value["evidence"]))
        return cls(value["setting"], evidence, value["confirmed"], value["reason"])
