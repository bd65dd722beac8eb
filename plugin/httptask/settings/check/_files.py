"""Check files, and text that is sent unchanged, in an `httpRequest`.

Their content is not read before it is sent, so a schema can say little about it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from httptask._core.pointers import pointer as pointer_of
from httptask._http.media_types import FORM_DATA, carries_files
from httptask.building import (
    data_places,
    file_places,
    is_text,
    mentions_files,
    misplaced,
    offers,
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
"""Codes about the text or the JSON in a file.

For a field they are dropped. For a whole body all codes are dropped: it is whatever its file holds.
"""


@dataclass(frozen=True, slots=True)
class Unread:
    """The values of a request that are not read before they are sent, by their paths."""

    files: Mapping[Path, Mapping[str, Any]]
    """References to files whose bytes are sent."""
    data: Mapping[Path, Mapping[str, Any]]
    """References to files whose content becomes data."""
    texts: Collection[Path]
    """Texts that are sent unchanged."""
    mentions_files: bool = True
    """Whether there may be references, also within text.

    False, the usual case, saves the search.
    """

    @classmethod
    def of(cls, settings: Mapping[str, Any], groups: Collection[str]) -> Unread:
        """Return these values in the *groups* of *settings*, which are normalised."""
        checked = {name: value for name, value in settings.items() if name in groups}
        body = checked.get("body")
        texts: list[Path] = []
        if is_text(body):
            texts = [("body",)]
        if isinstance(body, Mapping):
            texts += [("body", name) for name, item in body.items() if is_text(item)]
        if not mentions_files(checked):
            return cls({}, {}, texts, mentions_files=False)
        data = dict(data_places(checked))
        files = {("body", *path): file for path, file in file_places(body)}
        return cls({path: file for path, file in files.items() if path not in data}, data, texts)

    def stood_in(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Return *settings* with a string in place of each: descriptions say that a file is a
        string.
        """
        paths = [*self.files, *self.data, *self.texts]
        if not paths:
            return settings
        copy: dict[str, Any] = with_values(settings, dict.fromkeys(paths, FileText()))
        return copy

    def but_for_content(self, problems: Iterable[Problem], pointer: str) -> Iterator[Problem]:
        """Drop those of *problems* that concern the content of a file or a text."""
        paths = {pointer_of(path, pointer): path for path in (*self.files, *self.data, *self.texts)}
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
        settings: Mapping[str, Any],
        media_types: Collection[str],
        groups: Collection[str],
        pointer: str,
        *,
        expressions: bool,
    ) -> Iterator[Problem]:
        """Yield the problems of the file references: of their members, and of their places.

        The body has one of *media_types*. With *expressions*, values that are not yet evaluated are
        accepted.
        """
        if not self.mentions_files:
            return
        for path, value in (*self.files.items(), *self.data.items()):
            for steps, code, params in reference_problems(value):
                # An unknown name stays unknown, whatever its expression yields.
                is_known = code != "file-member-unknown"
                if not (expressions and is_known and _holds_expression_at(value, steps)):
                    yield Problem.of(code, pointer_of((*path, *steps), pointer), **params)
        carried = offers(dict.fromkeys(media_types), FORM_DATA) or any(
            carries_files(media_type) or has_expression(media_type) for media_type in media_types
        )
        fields = {path for path in self.files if path != ("body",)}
        if not carried:
            for path in sorted(fields, key=str):
                yield Problem.of(
                    "file-not-carried",
                    pointer_of(path, pointer),
                    mediaTypes=list(media_types),
                )
        checked = {name: value for name, value in settings.items() if name in groups}
        for path, code, params in misplaced(checked, self.files.keys()):
            yield Problem.of(code, pointer_of(path, pointer), **params)


def _wants_object(problem: Problem) -> bool:
    return problem.code == "type" and problem.params["types"][:1] == ["object"]


def _holds_expression_at(value: Any, steps: Iterable[str | int]) -> bool:
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    texts = value.values() if isinstance(value, Mapping) else [value]
    return any(isinstance(text, str) and has_expression(text) for text in texts)
