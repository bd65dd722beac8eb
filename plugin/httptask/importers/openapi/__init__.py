"""Importer for OpenAPI 2.0 (Swagger) to 3.2, in JSON and YAML.

- `_versions`: the differences between the versions.
- `_operations`: the walk over paths and operations, which calls the readers of single objects:
  `_parameters`, `_bodies`, `_servers` and `_security`. `_extensions` reads vendor extensions.
- `_references`: `$ref`. `_identity`: the names of the provider and the API.
- `_context`, `_notes` and `_repeats`: shared by all readers.
- `schemas/`: the conversion of Schema Objects.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from httptask._core.pointers import pointer as pointer_of
from httptask.errors import DescriptionError
from httptask.importers.documents import Document
from httptask.importers.openapi._context import Context
from httptask.importers.openapi._identity import identity_of
from httptask.importers.openapi._notes import Notes
from httptask.importers.openapi._operations import Operations
from httptask.importers.openapi._references import References
from httptask.importers.openapi._repeats import Repeats
from httptask.importers.openapi._servers import Servers
from httptask.importers.openapi._versions import version_of
from httptask.importers.openapi.schemas import Schemas
from httptask.model.api import Endpoint, Note
from httptask.protocols import ImportOptions, Source

__all__ = ["OpenApi"]

_LOOKED_AT = 64 * 1024
"""How many bytes at the start are searched for the version before the whole description is."""
_FIELD = re.compile(rb"""["']?(?:openapi|swagger)["']?\s*:\s*["']?v?\d""")


class OpenApi:
    """Reads OpenAPI descriptions: see `httptask.protocols.Importer`."""

    name = "openapi"

    def recognises(self, source: Source) -> bool:
        """Say whether *source* has a field `openapi` or `swagger` with a version."""
        return bool(_FIELD.search(source.data, 0, _LOOKED_AT) or _FIELD.search(source.data))

    def read(self, source: Source, options: ImportOptions) -> Iterator[Endpoint | Note]:
        """Yield the endpoints of *source*, and notes on everything guessed, skipped or missing.

        Raises `DescriptionError` if *source* is not JSON or YAML, has no known version, or exceeds
        a limit.
        """
        document = Document(source.data, source.name)
        root = document.root
        named_version = version_of(root)
        if named_version is None:
            raise DescriptionError(
                "no field 'openapi' or 'swagger' at the top says a version from 2.0 on: convert the"
                " description to one",
                source=source.name,
            )
        version, written = named_version
        notes = Notes()
        if not re.fullmatch(r"(2\.0|3\.[012]\.\d+(-\w+)?)", written):
            notes.add("guessed", f"the version {written!r} is read as {version.name}", "#")
        references = References(document, source.beside)
        schemas = Schemas(
            version.dialect,
            references.resolve,
            notes.add,
            references.written,
            functools.partial(_components, root),
        )
        context = Context(version, references, schemas, notes, Repeats(notes))
        servers = Servers(context, root).of_root() if not options.servers else ()
        identity = identity_of(context, root, source.name, servers, options)
        if not servers and not identity.servers:
            notes.add("missing", "the description names no server; give one with --server", "#")
        yield from Operations(context, root, identity, servers, source.name).endpoints()
        # A definition is converted when it is read, and only then causes notes. Read all of them,
        # so that callers get the same notes whether or not they use the definitions.
        for _ in schemas.definitions.values():
            pass
        if root.get("webhooks"):
            notes.add(
                "skipped",
                "webhooks are requests the API makes, not ones a task sends",
                "#/webhooks",
            )
        for file, opened in references.documents.items():
            yield from _of_text(file, opened, notes)
        yield from notes.rest()


def _components(root: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield (name, reference, raw schema) of each named schema of the description *root*."""
    components = root.get("components")
    for prefix, schemas in (
        (
            "#/components/schemas",
            components.get("schemas") if isinstance(components, Mapping) else None,
        ),
        ("#/definitions", root.get("definitions")),
    ):
        for name, schema in schemas.items() if isinstance(schemas, Mapping) else ():
            yield name, prefix + pointer_of([name]), schema


def _of_text(file: str, document: Document, notes: Notes) -> Iterator[Note]:
    """Report the guesses that were made when the text of *file* was parsed.

    Guesses with a pointer are added to *notes*. Guesses with a line are yielded.
    """
    for pointer in document.duplicates:
        notes.add("guessed", "this name stands twice; the last counts", f"{file}#{pointer}")
    for message, line in document.notes:
        yield Note("guessed", f"{file}: {message}" if file else message, line=line)
