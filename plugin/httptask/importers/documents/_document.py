"""One JSON or YAML document of a description, read so that nothing in it can crash the process."""

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
    """The document *data*, JSON or YAML 1.2; errors call it *name*.

    Raises `DescriptionError` with line and column when it is neither, is no object at its top, or
    exceeds a bound. With *takes_array* there may be an array at its top: a file of parameters, say.
    """

    def __init__(self, data: bytes, name: str, *, takes_array: bool = False) -> None:
        self.name = name
        self._content = _content(Text(data, name), takes_array=takes_array)

    @property
    def root(self) -> Any:
        """Return the object at the top, or the array where one is taken. It must not be changed.

        In JSON its members are built when they are asked for, and so are those of `paths`,
        `webhooks`, `definitions`, `parameters`, `responses` and of the objects in `components`.
        These are `Mapping`s, not `dict`s; a member that is asked for twice is equal, but may not be
        identical. Everything below is plain. In YAML, the value of an anchor is shared by its
        aliases.
        """
        return self._content.root

    @property
    def duplicates(self) -> list[str]:
        """Return the JSON Pointers of duplicate names, at most 1,000; the last of a name counts.

        In JSON, only the objects that are read one member at a time are searched.
        """
        return self._content.duplicates

    @property
    def notes(self) -> list[tuple[str, int]]:
        """Return what was guessed while reading YAML, as sentences with their lines."""
        return self._content.notes

    def text_of(self, pointer: str, value: Any) -> str | None:
        """Return how the scalar *value* at *pointer* is written; None: as JSON would write it.

        In YAML a number has many spellings (`2.10`, `007`, `0x1F`). Where a text is expected, the
        spelling is what the author meant.
        """
        return self._content.text_of(pointers.parts(pointer), value)

    def line_of(self, pointer: str) -> int | None:
        """Return the line, from 1, of the value at *pointer* (RFC 6901) or its nearest parent.

        In YAML, the lines of objects and arrays are known down to the fields of an operation.
        """
        return self._content.line_of(pointers.parts(pointer))


def _content(text: Text, *, takes_array: bool) -> JsonText | YamlText:
    if _MARKUP.match(text.data, text.start):
        raise DescriptionError(
            "this is HTML or XML; a description is JSON or YAML", source=text.name, line=1
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
