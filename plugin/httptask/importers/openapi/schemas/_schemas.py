"""Convert Schema Objects of OpenAPI 2.0 to 3.2 to JSON Schema 2020-12.

Named schemas are converted (`_named_schemas`), then repaired (`_compositions`), then their cycles
are broken (`_cycles`). Each of these objects refers only to the one before. Without circular
references, the memory of a description is free at once when nobody needs it, without the garbage
collector.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from httptask._core.pointers import pointer
from httptask._schema.subschemas import Path
from httptask.importers.openapi.schemas._compositions import Compositions
from httptask.importers.openapi.schemas._cycles import Cycles
from httptask.importers.openapi.schemas._heirs import Heirs
from httptask.importers.openapi.schemas._identifiers import Scope, scope_of
from httptask.importers.openapi.schemas._keywords import (
    OPENAPI_3_0,
    OPENAPI_3_1,
    SWAGGER_2,
    Dialect,
)
from httptask.importers.openapi.schemas._named_schemas import NamedSchemas, Note, Resolve, Written

__all__ = ["OPENAPI_3_0", "OPENAPI_3_1", "SWAGGER_2", "Dialect", "Schemas"]

Components = Callable[[], Iterable[tuple[str, str, Any]]]


class Schemas:
    """Converts the Schema Objects of one description, and collects the named ones.

    A URI is a file name, `#` and a JSON Pointer. *resolve* takes a reference and the URI of the
    schema with this reference; it returns (URI, value) of the target, always with the same URI for
    a target, and raises `LookupError` with a sentence if there is no target or its file may not be
    opened. *note* takes a kind, a message and a URI. *written* takes a number or a boolean and its
    URI, and returns its spelling in the description; the default is that of JSON. *components*
    yields (name, reference, raw schema) of each named schema of the description.

    Do not change returned schemas: they may share parts with the description.
    """

    def __init__(
        self,
        dialect: Dialect,
        resolve: Resolve,
        note: Note,
        written: Written | None = None,
        components: Components = tuple,
    ) -> None:
        self._dialect = dialect
        heirs = Heirs(components, resolve)
        named = NamedSchemas(dialect, resolve, note, written or _as_json, heirs)
        self._mended = _Mended(named)
        self._definitions = _Definitions(named, self._mended)

    def schema(self, raw: Any, uri: str) -> dict[str, Any]:
        """Convert the Schema Object *raw*, at *uri*, to JSON Schema 2020-12.

        The result is always a valid schema and a dict. Guesses and omissions cause notes.
        References become `{"$ref": "#/$defs/<name>"}`.
        """
        scope = scope_of(raw, uri, uri, {}, identified=self._dialect.has_identifiers)
        return self._mended.schema(raw, uri, scope)

    @property
    def definitions(self) -> Mapping[str, Any]:
        """Name -> schema of the named schemas. Each is converted when it is read.

        The mapping grows while schemas are converted, also when a definition is read. Iterate over
        `items()` to get all; `dict(...)` only gets the names that are known before.
        """
        return self._definitions


class _Mended:
    """Converts schemas, and repairs the compositions in them."""

    def __init__(self, named: NamedSchemas) -> None:
        self._named = named
        self._compositions = Compositions(named.plain)
        self._definitions: dict[str, dict[str, Any]] = {}

    def schema(self, raw: Any, uri: str, scope: Scope) -> dict[str, Any]:
        """Return the Schema Object *raw*, at *uri*, converted and repaired."""
        return self._mend(*self._named.converted(raw, uri, scope), raw, uri)

    def definition(self, name: str) -> dict[str, Any]:
        """Return the definition *name*, converted and repaired."""
        schema = self._definitions.get(name)
        if schema is None:
            named = self._named
            plain = named.plain(name)
            schema = self._mend(
                plain,
                named.is_composed(name),
                named.raw(name),
                named.uri(name),
            )
            self._definitions[name] = schema
        return schema

    def _mend(
        self,
        schema: dict[str, Any],
        composed: bool,
        raw: Any,
        uri: str,
    ) -> dict[str, Any]:
        if not composed:
            return schema

        def note(message: str, path: Path) -> None:
            self._named.note("guessed", message, pointer(_written_part(raw, path), uri))

        mended: dict[str, Any] = self._compositions.mended(schema, note)
        return mended


class _Definitions(Mapping[str, Any]):
    """The named schemas. Each is converted, repaired and freed of cycles when it is read."""

    def __init__(self, named: NamedSchemas, mended: _Mended) -> None:
        self._named = named
        self._cycles = Cycles(
            mended.definition,
            named.variant,
            lambda message, name: named.note("guessed", message, named.uri(name)),
        )

    def __getitem__(self, name: str) -> dict[str, Any]:
        if name not in self._named:
            raise KeyError(name)
        return self._cycles.broken(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)

    def __contains__(self, name: object) -> bool:
        return name in self._named


def _written_part(raw: Any, path: Path) -> Iterator[str | int]:
    """Yield the steps of *path*, which leads into the converted schema, that exist in *raw*."""
    for step in path:
        is_index = isinstance(raw, list) and isinstance(step, int) and step < len(raw)
        if not is_index and not (isinstance(raw, Mapping) and step in raw):
            return
        raw = raw[step]
        yield step


def _as_json(value: Any, _: str) -> str:
    return json.dumps(value)
