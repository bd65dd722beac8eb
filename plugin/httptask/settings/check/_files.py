"""Files, and text that is written already, in an `httpRequest`: nobody has read them, so a schema
says little about them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from httptask._core.pointers import pointer
from httptask._http.media_types import carries_files
from httptask.building import (
    data_places,
    file_places,
    is_text,
    mentions_files,
    misplaced,
    reference_problems,
    with_values,
)
from httptask.errors import Problem
from httptask.expressions import has_expression
from httptask.settings.check._sentences import FileText

Path = tuple[str | int, ...]

_ABOUT_CONTENT = (
    "min-length",
    "max-length",
    "pattern",
    "pattern-unchecked",
    "format",
    "no-form",
    "several-forms",
)
"""Codes about the text or the JSON in a file. A whole body is whatever its file holds; a field may
not be.
"""


@dataclass(frozen=True, slots=True)
class Unread:
    """What in a request is not read by anybody before it is sent: where it stands, as paths from
    the request.
    """

    files: Mapping[Path, Mapping[str, Any]]
    """References whose bytes are sent."""
    data: Mapping[Path, Mapping[str, Any]]
    """References whose content becomes data."""
    texts: Collection[Path]
    """Texts that are sent as they are."""
    mentions_files: bool = True
    """Whether there may be references, in a text too; mostly there are none."""

    @classmethod
    def of(cls, given: Mapping[str, Any], groups: Collection[str]) -> Unread:
        """Find them in those of the *groups* of *given* (normalised settings)."""
        looked_at = {name: value for name, value in given.items() if name in groups}
        body = looked_at.get("body")
        texts: list[Path] = [("body",)] if is_text(body) else []
        if isinstance(body, Mapping):
            texts += [("body", name) for name, item in body.items() if is_text(item)]
        if not mentions_files(looked_at):
            return cls({}, {}, texts, mentions_files=False)
        data = dict(data_places(looked_at))
        files = {("body", *path): file for path, file in file_places(body)}
        return cls({path: file for path, file in files.items() if path not in data}, data, texts)

    def stood_in(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return *given* with text in their places, which is what a description says a file is."""
        paths = [*self.files, *self.data, *self.texts]
        copy: dict[str, Any] = (
            with_values(given, dict.fromkeys(paths, FileText())) if paths else given
        )
        return copy

    def but_for_content(self, problems: Iterable[Problem], at: str) -> Iterator[Problem]:
        """Yield *problems*, but those with what stands in a file or a text."""
        paths = {pointer(path, at): path for path in (*self.files, *self.data, *self.texts)}
        for problem in problems:
            path = paths.get(problem.pointer)
            if path is None or (
                path != ("body",)
                and problem.code not in _ABOUT_CONTENT
                and not _wants_object(problem)
            ):
                yield problem

    def problems(
        self,
        given: Mapping[str, Any],
        media_types: Collection[str],
        groups: Collection[str],
        at: str,
        *,
        expressions: bool,
    ) -> Iterator[Problem]:
        """Yield what is wrong with the references: in what they say, and where they stand.

        The body is of one of *media_types*. With *expressions*, what has not been evaluated is let
        through.
        """
        if not self.mentions_files:
            return
        for path, value in (*self.files.items(), *self.data.items()):
            for steps, why in reference_problems(value):
                if not (expressions and _holds_expression_at(value, steps)):
                    yield Problem.of("file-reference", pointer((*path, *steps), at), reason=why)
        carried = any(carries_files(each) or has_expression(each) for each in media_types)
        fields = {path for path in self.files if path != ("body",)}
        if not carried:
            for path in sorted(fields, key=str):
                yield Problem.of(
                    "file-not-carried", pointer(path, at), mediaTypes=list(media_types)
                )
        looked_at = {name: value for name, value in given.items() if name in groups}
        for path, why in misplaced(looked_at, self.files.keys()):
            yield Problem.of("file-misplaced", pointer(path, at), reason=why)


def _wants_object(problem: Problem) -> bool:
    return problem.code == "type" and problem.params["types"][:1] == ["object"]


def _holds_expression_at(value: Any, steps: Iterable[str]) -> bool:
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    texts = value.values() if isinstance(value, Mapping) else [value]
    return any(isinstance(each, str) and has_expression(each) for each in texts)
