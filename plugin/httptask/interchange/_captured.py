"""One request as a pasted text has it, before it becomes a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from httptask.errors import Problem


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a multipart form."""

    name: str
    content: str = ""
    file: Mapping[str, Any] | None = None
    """The value of `$file`, where the content is a file's."""
    content_type: str = ""
    filename: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class File:
    """A body that is one whole file; *reference* is the value of `$file`."""

    reference: Mapping[str, Any]


Content = str | bytes | File | tuple[Part, ...] | None
"""A body: text, octets that are no text, a file, the parts of a multipart form, or none."""


@dataclass(slots=True, repr=False)
class Captured:
    """One request as it would be sent. It holds secrets, so it has no `repr` of its own."""

    method: str = ""
    """Empty: as the body says, POST with one and GET without."""
    url: str = ""
    """With scheme; user information and fragment are taken off by `apart`."""
    headers: list[tuple[str, str]] = field(default_factory=list)
    """In order. Cookies may stand among them."""
    content: Content = None
    content_type_is_implied: bool = False
    """Nobody wrote the `Content-Type`: the tool adds it by itself."""
    auth: tuple[str, dict[str, str]] | None = None
    """The auth scheme, and its fields in clear."""
    path_parameters: dict[str, str] = field(default_factory=dict)
    """Values of the places in the URL, by name."""
    options: dict[str, Any] = field(default_factory=dict)
    """Settings of the task beside `httpRequest`: its time limits and retries."""
    name: str = ""
    description: str = ""
    pointer: str = ""
    """Where the request stands in the pasted document."""
    problems: list[Problem] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        """Return the first value of the header *name*, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def take_headers(self, name: str) -> list[str]:
        """Take the header *name* out, and return its values."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        if values:
            self.headers = [line for line in self.headers if line[0].lower() != name.lower()]
        return values

    def lose(self, code: str, *, severity: str = "warning", at: str = "", **params: Any) -> None:
        """Note something that is not carried over."""
        problem = Problem.of(code, self.pointer + at, severity=severity, **params)
        if problem not in self.problems:
            self.problems.append(problem)
