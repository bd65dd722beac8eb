"""One JSON or YAML document of a description, read within bounds: nothing in it can crash or fill
the machine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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
    """The document *data*, JSON or YAML 1.2, named *name* in errors.

    Raises `DescriptionError` with line and column when it is neither, is no object at its top, or
    exceeds a bound.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self.name = name
        self._content = _content(Text(data, name))

    @property
    def root(self) -> Mapping[str, Any]:
        """Return the object at the top.

        In JSON its members are built when they are asked for, and so are those of `paths`,
        `webhooks`, `definitions`, `parameters`, `responses` and of the objects in `components`:
        these are `Mapping`s, not `dict`s, and their members may be equal but not identical when
        they are asked for twice. Everything below is plain; in YAML an anchor's value is shared by
        its aliases. Nothing may be changed.
        """
        return self._content.root

    @property
    def duplicates(self) -> list[str]:
        """Return JSON Pointers of names that stand twice; the last one counts.

        In JSON only those in the objects that are read one member at a time are found. At most
        1,000.
        """
        return self._content.duplicates

    @property
    def notes(self) -> list[tuple[str, int]]:
        """Return what was guessed while reading YAML, as sentences with their lines."""
        return self._content.notes

    def text_of(self, pointer: str, value: Any) -> str | None:
        """Return the text of the scalar *value* as it stands at the place *pointer*; None where
        that is JSON's own.

        In YAML a number has many spellings (`2.10`, `007`, `0x1F`), and where a text is asked for
        it is the spelling that is meant.
        """
        return self._content.text_of(pointers.parts(pointer), value)

    def line_of(self, pointer: str) -> int | None:
        """Return the line, from 1, of the place *pointer* (RFC 6901) or its nearest parent that is
        known.

        In YAML, the lines of objects and arrays are known to the level of an operation's fields.
        """
        return self._content.line_of(pointers.parts(pointer))


def _content(text: Text) -> JsonText | YamlText:
    if _MARKUP.match(text.data, text.start):
        raise DescriptionError(
            "this is HTML or XML; a description is JSON or YAML", source=text.name, line=1
        )
    if _EMPTY.match(text.data, text.start):
        raise DescriptionError("the file is empty; a description is JSON or YAML", source=text.name)
    if not _JSON.match(text.data, text.start):
        return YamlText(text)
    try:
        return JsonText(text)
    except DescriptionError:
        if not text.name.lower().endswith((".yaml", ".yml")):
            raise
    return YamlText(text)  # an object in YAML's flow style looks like JSON
