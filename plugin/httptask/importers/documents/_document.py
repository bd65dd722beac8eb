"""Read one JSON or YAML document of a description. No input can crash the process."""

from __future__ import annotations

import re
from typing import Any

from httptask._core import pointers
from httptask.errors import DescriptionError
from httptask.importers._bounds import MAX_BYTES
from httptask.importers.documents._json_members import JsonText
from httptask.importers.documents._text import Text
from httptask.importers.documents._yaml import YamlText

__all__ = ["MAX_BYTES", "Document"]

_JSON = re.compile(rb"\s*+[{\[]")
_EMPTY = re.compile(rb"\s*+\Z")
_MARKUP = re.compile(rb"\s*+<")


class Document:
    """The JSON or YAML 1.2 document *data*. Error messages call it *name*.

    Raises `DescriptionError` with line and column if *data* is neither, is not an object at the top
    level, or exceeds a limit. With *takes_array*, an array is accepted, too: a file of parameters,
    for example.
    """

    def __init__(self, data: bytes, name: str, *, takes_array: bool = False) -> None:
        self.name = name
        self._content = _content(Text(data, name), takes_array=takes_array)

    @property
    def root(self) -> Any:
        """The object (or array) at the top level. Do not change it.

        In JSON, it and `paths`, `webhooks`, `definitions`, `parameters`, `responses` and the
        objects in `components` are `Mapping`s, not `dict`s, and parse a member when it is read. The
        same member read twice is equal, but perhaps not identical. All values below are plain. In
        YAML, aliases share the value of their anchor.
        """
        return self._content.root

    @property
    def duplicates(self) -> list[str]:
        """The JSON Pointers of duplicate names, at most 1,000. The last member of a name counts.

        In JSON, only the objects that parse their members one by one are searched: see `root`.
        """
        return self._content.duplicates

    @property
    def notes(self) -> list[tuple[str, int]]:
        """Notes on guesses that were made while reading YAML: (sentence, line)."""
        return self._content.notes

    def text_of(self, pointer: str, value: Any) -> str | None:
        """Return the spelling of the scalar *value* at *pointer*; None if it is that of JSON.

        In YAML a number has many spellings (`2.10`, `007`, `0x1F`). Where a string is expected, the
        author meant the spelling.
        """
        return self._content.text_of(pointers.parts(pointer), value)

    def line_of(self, pointer: str) -> int | None:
        """Return the line, from 1, of the value at *pointer* (RFC 6901) or of its nearest parent.

        In YAML, only the lines of objects and arrays are known, and only down to the items of an
        operation's fields.
        """
        return self._content.line_of(pointers.parts(pointer))


def _content(text: Text, *, takes_array: bool) -> JsonText | YamlText:
    """Parse *text* as JSON if it begins like JSON, or else as YAML."""
    if _MARKUP.match(text.data, text.start):
        raise DescriptionError(
            "this is HTML or XML; a description is JSON or YAML",
            source=text.name,
            line=1,
        )
    if _EMPTY.match(text.data, text.start):
        raise DescriptionError("the file is empty; a description is JSON or YAML", source=text.name)
    if not _JSON.match(text.data, text.start):
        return YamlText(text, takes_array=takes_array)
    try:
        return JsonText(text, takes_array=takes_array)
    except DescriptionError:
        if not text.name.lower().endswith((".yaml", ".yml")):
            raise
    # An object in YAML's flow style looks like JSON.
    return YamlText(text, takes_array=takes_array)
