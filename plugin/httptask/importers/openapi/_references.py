"""Resolve `$ref` in the same document or to files in its folder, never over the network."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from httptask._core import pointers
from httptask._core.pointers import pointer as pointer_of
from httptask.errors import DescriptionError
from httptask.importers.documents import Document

OBJECT = (dict, Mapping)
"""The types of JSON objects, for `isinstance`; most are dicts, which are faster to check."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_MOST_CHAINED = 1_000
"""The most references in a chain, each to the next, that are followed."""
_MOST_PASSED = 20
"""The most nested references that are followed to find the target of one: see `_child`."""
_MOST_FILES = 2_000
_MOST_BYTES = 64 * 1024 * 1024
"""The most files that a description may refer to, and their bytes: all stay in memory."""


class References:
    """Resolves the references of one description.

    The URI of a value is the name of its file, relative to the description, then `#` and a JSON
    Pointer (RFC 6901, section 6): `#/paths/~1a/get`, `schemas/pet.yaml#/Pet`. The description
    itself has the empty file name.
    """

    def __init__(self, document: Document, read_file: Callable[[str], bytes] | None) -> None:
        self._documents: dict[str, Document] = {"": document}
        self._read_file = read_file
        self._room = _MOST_BYTES
        self._passing = 0
        self_uri = document.root.get(
            "$self"
        )  # OpenAPI 3.2, section 4.1.1: the description's own URI
        self._own = self_uri.partition("#")[0] if isinstance(self_uri, str) else None

    @property
    def documents(self) -> Mapping[str, Document]:
        """File name -> document, of all that were opened so far. `""` is the description itself."""
        return self._documents

    def resolve(self, reference: str, base: str) -> tuple[str, Any]:
        """Return (URI, value) of the target of *reference*.

        *base* is the URI of any value in the document that contains *reference*. A target that is a
        reference itself is not followed. Raises `LookupError` with a sentence if there is no target
        or its file may not be opened.
        """
        file_uri, _, fragment = reference.partition("#")
        file = self._file(file_uri, base.partition("#")[0])
        tokens = pointers.parts(unquote(fragment))
        if fragment and not fragment.startswith(("/", "%2F", "%2f")):
            raise LookupError(f"{reference!r} names an anchor that no schema has")
        uri = f"{file}#"
        value = self._document(file, reference).root
        for token in tokens:
            uri, value = self._child(value, token, uri, reference)
        if not uri.startswith("#") and isinstance(value, OBJECT):
            value = _plain(value)
        return uri, value

    def _child(
        self,
        value: Any,
        token: str,
        uri: str,
        reference: str,
    ) -> tuple[str, Any]:
        """Return (URI, value) of the member or item *token* of *value*, which is at *uri*.

        If *value* has a `$ref` but no such member, its target is searched. *reference* is for
        messages.
        """
        if isinstance(value, OBJECT) and token not in value and isinstance(value.get("$ref"), str):
            if self._passing >= _MOST_PASSED:
                raise LookupError(f"{reference!r} leads through other references without an end")
            self._passing += 1
            try:
                value, uri = self.followed(value, uri)
            finally:
                self._passing -= 1
        if isinstance(value, OBJECT) and token in value:
            return uri + pointer_of([token]), value[token]
        index = None
        if isinstance(value, list):
            index = pointers.index(token, len(value))
        if index is not None:
            return uri + pointer_of([token]), value[index]
        raise LookupError(f"{reference!r} points at nothing")

    def followed(self, value: Any, uri: str) -> tuple[Any, str]:
        """Follow all references from *value*, at *uri*; return (target, its URI).

        Fields beside a `$ref` override those of the target, as OpenAPI 3.1 defines for `summary`
        and `description`. Raises `LookupError`.
        """
        visited: set[str] = set()
        while isinstance(value, OBJECT) and isinstance(value.get("$ref"), str):
            uri, target = self.resolve(value["$ref"], uri)
            if uri in visited:
                raise LookupError("a reference that only leads to other references, in a circle")
            if len(visited) >= _MOST_CHAINED:
                raise LookupError(
                    f"more than {_MOST_CHAINED} references that lead to each other; name the last"
                    " target"
                )
            visited.add(uri)
            overrides = {name: item for name, item in value.items() if name != "$ref"}
            value = target
            if overrides and isinstance(target, OBJECT):
                value = {**target, **overrides}
        return value, uri

    def written(self, value: Any, uri: str) -> str:
        """Return the spelling of *value*, a number or a boolean, at *uri*.

        YAML has many spellings of one value. If the spelling is not known, return that of JSON.
        """
        file, _, pointer = uri.partition("#")
        document = self._documents.get(file)
        spelling = None
        if document is not None:
            spelling = document.text_of(pointer, value)
        if spelling is not None:
            return spelling
        return json.dumps(value)

    def _file(self, file_uri: str, base: str) -> str:
        """Return the file name of *file_uri*, which is relative to the file *base*."""
        if not file_uri or file_uri == self._own:
            return base
        if _SCHEME.match(file_uri):
            scheme = "the network" if not file_uri.startswith("file:") else "a file by its address"
            raise LookupError(
                f"{file_uri!r} is not opened: a description may not refer to {scheme}; keep a copy"
                " beside it"
            )
        return posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(file_uri)))

    def _document(self, file: str, reference: str) -> Document:
        """Return the document *file*, which is opened only once."""
        document = self._documents.get(file)
        if document is not None:
            return document
        if self._read_file is None:
            raise LookupError(
                f"{reference!r} is in another file, and there is nothing beside this description"
            )
        if len(self._documents) >= _MOST_FILES or self._room < 0:
            most = f"{_MOST_FILES} files or {_MOST_BYTES // 2**20} MB"
            raise LookupError(f"{reference!r} is not opened: the description has more than {most}")
        try:
            data = self._read_file(quote(file))
            self._room -= len(data)
            # Such a file may also be an array: a list of parameters, for example.
            self._documents[file] = Document(data, file, takes_array=True)
        except DescriptionError as error:
            raise LookupError(str(error)) from error
        return self._documents[file]


def _plain(value: Any) -> Any:
    """Return *value* with lazy objects (see `Document.root`) replaced by dicts.

    A whole file may be one schema, and the converter of schemas needs dicts.
    """
    if isinstance(value, dict) or not isinstance(value, Mapping):
        return value
    return {name: _plain(item) for name, item in value.items()}
