"""`$ref`: to a place in the same document, or in a file beside it; never to the network and never
out of the folder.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from httptask._core.pointers import pointer as pointer_of
from httptask.errors import DescriptionError
from httptask.importers.documents import Document

OBJECT = (dict, Mapping)
"""What is an object, for `isinstance`. Most are dicts, which is quicker to ask."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_MOST_CHAINED = 1_000
"""References that may point at a reference before the end is given up."""
_MOST_PASSED = 20
"""References that stand in the way of one another before the end is given up."""
_MOST_FILES = 2_000
_MOST_BYTES = 64 * 1024 * 1024
"""Files beside a description that are read, and bytes of them all: they are kept to its end."""


class References:
    """Resolves the references of one description.

    A place is named by its file, relative to the description's own, then `#` and a JSON Pointer:
    `#/paths/~1a/get`, `schemas/pet.yaml#/Pet`. The description itself is the empty name.
    """

    def __init__(self, document: Document, beside: Callable[[str], bytes] | None) -> None:
        self._documents: dict[str, Document] = {"": document}
        self._beside = beside
        self._room = _MOST_BYTES
        self._passing = 0
        own = document.root.get("$self")  # OpenAPI 3.2, section 4.1.1: the description's own URI
        self._own = own.partition("#")[0] if isinstance(own, str) else None

    @property
    def documents(self) -> Mapping[str, Document]:
        """Return what was opened so far: file -> its document; the description itself is the empty
        name.
        """
        return self._documents

    def resolve(self, reference: str, base: str) -> tuple[str, Any]:
        """Return the place *reference* points at and what stands there; *base* is a place in the
        document it stands in.

        A target that is a reference itself is returned as it is. Raises `LookupError` with a
        sentence when there is none, or it may not be opened.
        """
        uri, _, fragment = reference.partition("#")
        file = self._file(uri, base.partition("#")[0])
        tokens = [
            token.replace("~1", "/").replace("~0", "~")
            for token in unquote(fragment).split("/")[1:]
        ]
        if fragment and not fragment.startswith(("/", "%2F", "%2f")):
            raise LookupError(f"{reference!r} names an anchor that no schema has")
        place, value = f"{file}#", self._document(file, reference).root
        for token in tokens:
            place, value = self._child(value, token, place, reference)
        if not place.startswith("#") and isinstance(value, Mapping):
            value = _plain(value)
        return place, value

    def _child(self, value: Any, token: str, place: str, reference: str) -> tuple[str, Any]:
        """Return the place and the value that *token* of *reference* leads to from *value*, which
        stands at *place*.

        Where the way passes through a `$ref`, it goes on in what that refers to.
        """
        if isinstance(value, OBJECT) and token not in value and isinstance(value.get("$ref"), str):
            if self._passing >= _MOST_PASSED:
                raise LookupError(f"{reference!r} leads through other references without an end")
            self._passing += 1
            try:
                value, place = self.followed(value, place)
            finally:
                self._passing -= 1
        if isinstance(value, OBJECT) and token in value:
            return place + pointer_of([token]), value[token]
        if (
            isinstance(value, list)
            and token.isascii()
            and token.isdigit()
            and int(token) < len(value)
        ):
            return place + pointer_of([token]), value[int(token)]
        raise LookupError(f"{reference!r} points at nothing")

    def followed(self, value: Any, place: str) -> tuple[Any, str]:
        """Return *value*, which stands at *place*, with references followed to their end, and the
        place of that.

        Fields beside a reference win over those of its target, as OpenAPI 3.1 has it for `summary`
        and `description`. Raises `LookupError`.
        """
        passed: set[str] = set()
        while isinstance(value, OBJECT) and isinstance(value.get("$ref"), str):
            place, target = self.resolve(value["$ref"], place)
            if place in passed:
                raise LookupError("a reference that only leads to other references, in a circle")
            if len(passed) >= _MOST_CHAINED:
                raise LookupError(
                    f"more than {_MOST_CHAINED} references that lead to each other; name the last"
                    " target"
                )
            passed.add(place)
            beside = {name: item for name, item in value.items() if name != "$ref"}
            value = {**target, **beside} if beside and isinstance(target, Mapping) else target
        return value, place

    def written(self, value: Any, place: str) -> str:
        """Return the text of *value*, a number or a boolean, as it stands at *place*: YAML writes
        one in many ways.
        """
        file, _, pointer = place.partition("#")
        document = self._documents.get(file)
        text = document.text_of(pointer, value) if document is not None else None
        return text if text is not None else json.dumps(value)

    def _file(self, uri: str, base: str) -> str:
        if not uri or uri == self._own:
            return base
        if _SCHEME.match(uri):
            scheme = "the network" if not uri.startswith("file:") else "a file by its address"
            raise LookupError(
                f"{uri!r} is not opened: a description may not refer to {scheme}; keep a copy"
                " beside it"
            )
        return posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(uri)))

    def _document(self, file: str, reference: str) -> Document:
        found = self._documents.get(file)
        if found is not None:
            return found
        if self._beside is None:
            raise LookupError(
                f"{reference!r} is in another file, and there is nothing beside this description"
            )
        if len(self._documents) >= _MOST_FILES or self._room < 0:
            most = f"{_MOST_FILES} files or {_MOST_BYTES // 2**20} MB"
            raise LookupError(f"{reference!r} is not opened: the description has more than {most}")
        try:
            data = self._beside(quote(file))
            self._room -= len(data)
            self._documents[file] = Document(data, file)
        except DescriptionError as error:
            raise LookupError(str(error)) from error
        return self._documents[file]


def _plain(value: Any) -> Any:
    """Return *value* as dicts, where a document builds objects when they are asked for: a file may
    hold one schema.
    """
    if isinstance(value, dict) or not isinstance(value, Mapping):
        return value
    return {name: _plain(item) for name, item in value.items()}
