"""One request as read from a pasted text, before it becomes a task."""

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
    """The value of `$file` if the content is in a file."""
    content_type: str = ""
    filename: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class File:
    """A body that is the content of one file. *reference* is the value of `$file`."""

    reference: Mapping[str, Any]


Content = str | bytes | File | tuple[Part, ...] | None
"""A body: text, octets that are not text, a file, the parts of a multipart form, or no body."""


@dataclass(slots=True, repr=False)
class Captured:
    """One request as the tool would send it. It contains secrets, so its `repr` shows no fields."""

    method: str = ""
    """Empty means POST with a body, and GET without."""
    url: str = ""
    """The URL with its scheme. `take_secrets` removes the user information."""
    headers: list[tuple[str, str]] = field(default_factory=list)
    """(name, value) in order, with `Cookie` headers."""
    content: Content = None
    content_type_is_implied: bool = False
    """Whether the tool adds the `Content-Type` by itself: the user did not write it."""
    auth: tuple[str, dict[str, str]] | None = None
    """(auth scheme, its fields with the secrets)."""
    path_parameters: dict[str, str] = field(default_factory=dict)
    """Name of a path parameter in the URL -> its value."""
    options: dict[str, Any] = field(default_factory=dict)
    """Settings of the task besides `httpRequest`: time limits, redirects and retries."""
    name: str = ""
    description: str = ""
    pointer: str = ""
    """The JSON Pointer of the request in the pasted document."""
    problems: list[Problem] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        """Return the first value of the header *name*, or None."""
        lower_name = name.lower()
        return next((value for key, value in self.headers if key.lower() == lower_name), None)

    def take_headers(self, name: str) -> list[str]:
        """Remove the header *name*, and return its values."""
        lower_name = name.lower()
        values = [value for key, value in self.headers if key.lower() == lower_name]
        if values:
            self.headers = [line for line in self.headers if line[0].lower() != lower_name]
        return values

    def lose(
        self,
        code: str,
        *,
        severity: str = "warning",
        at: str = "",
        **params: Any,
    ) -> None:
        """Record a problem: something that does not get into the task.

        *at* is a JSON Pointer relative to the request.
        """
        problem = Problem.of(
            code,
            self.pointer + at,
            severity=severity,
            **params,
        )
        if problem not in self.problems:
            self.problems.append(problem)
