"""Readers of API descriptions: `read_api` finds the importer that knows a format and returns what
it read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from httptask.errors import DescriptionError
from httptask.importers._bounds import MAX_BYTES, TOO_LARGE
from httptask.importers._slug import endpoint_id
from httptask.importers.sources import file_sources, is_fragment, path_beside, sources

if TYPE_CHECKING:
    from httptask.model.api import Endpoint, Note, Reading
    from httptask.plugins import PluginManager
    from httptask.protocols import Importer, ImportOptions, Source

__all__ = [
    "MAX_BYTES",
    "TOO_LARGE",
    "endpoint_id",
    "file_sources",
    "import_options",
    "is_fragment",
    "path_beside",
    "read_api",
    "reading",
    "sources",
]

_FIRST_LINE = "METHOD /path/{parameter}"
_SHOWN = 80
"""Characters of a file's first line that an error repeats."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_api(
    source: str | os.PathLike[str],
    *,
    data: bytes | None = None,
    provider: str | None = None,
    servers: Sequence[str] = (),
    plugins: PluginManager | None = None,
) -> Reading:
    """Read the API description *source* and return its endpoints with a report of everything that
    was not sure.

    *source* names a file, or with *data* is only the name of these bytes. *provider* says who
    offers the API and *servers* replaces the base addresses, where the description does not say
    them itself. *plugins* is the plugin manager whose importers are asked, in order of
    registration; the first that recognises the description reads it.

    Raises `DescriptionError` when the file cannot be read, no importer recognises it, or nothing in
    it can be read.
    """
    from httptask.model.api import Endpoint, Note, Reading
    from httptask.protocols import Source

    name = os.fsdecode(source)
    given = _only(name) if data is None else Source(name, data)
    importer, read = reading(given, import_options(provider, servers), plugins)
    items = list(read)
    return Reading(
        name,
        importer,
        tuple(item for item in items if isinstance(item, Endpoint)),
        tuple(item for item in items if isinstance(item, Note)),
    )


def reading(
    source: Source, options: ImportOptions, plugins: PluginManager | None = None
) -> tuple[str, Iterator[Endpoint | Note]]:
    """Return the name of the importer that recognises *source*, and what it reads, one endpoint or
    note at a time.

    This is `read_api` for large descriptions: nothing is kept. Raises `DescriptionError`, also
    while it is read.
    """
    importers = _importers(plugins)
    if not source.data.strip():
        raise DescriptionError("the file is empty: there is nothing to read", source=source.name)
    for importer in importers:
        with _blaming(importer, source):
            if importer.recognises(source):
                return importer.name, _read(importer, source, options)
    raise _unrecognised(source.name, source.data, importers)


def _read(importer: Importer, source: Source, options: ImportOptions) -> Iterator[Endpoint | Note]:
    with _blaming(importer, source):
        yield from importer.read(source, options)


@contextmanager
def _blaming(importer: Importer, source: Source) -> Iterator[None]:
    try:
        yield
    except DescriptionError:
        raise
    except Exception as error:
        said = f"the importer {importer.name} failed: {type(error).__name__}: {error}"
        raise DescriptionError(said, source=source.name) from error


def import_options(provider: str | None = None, servers: Sequence[str] = ()) -> ImportOptions:
    """Return what a person said about a description. Raises `DescriptionError` when it is no
    provider or no server.
    """
    from httptask.protocols import ImportOptions

    if provider is not None and not re.fullmatch(r"\w[\w.-]*", provider):
        raise DescriptionError(
            f"{provider!r} is no provider's name: letters, digits, '-', '_' and '.', as in"
            " 'procore'"
        )
    for server in servers:
        split = urlsplit(re.sub(r"\{[^{}]*\}", "x", server))
        if (
            split.scheme not in ("http", "https")
            or not split.netloc
            or split.query
            or split.fragment
        ):
            raise DescriptionError(
                f"{server!r} is no server's address; it looks like https://api.example.com/v1"
            )
    return ImportOptions(provider=provider, servers=tuple(servers))


def _importers(plugins: PluginManager | None) -> list[Importer]:
    if plugins is None:
        from httptask.plugins import plugin_manager

        plugins = plugin_manager()
    return list(plugins.named("httptask_importers").values())


def _only(name: str) -> Source:
    """Return the one description that *name* names: a file, or a folder or archive that holds one
    and its parts.
    """
    found: Source | None = None
    for source in sources(name):
        if isinstance(source, DescriptionError):
            raise source
        if found is not None and is_fragment(source):
            continue
        if found is not None and not is_fragment(found):
            raise DescriptionError(
                f"there is more than one description here: {found.name} and {source.name};"
                " name one",
                source=name,
            )
        found = source
    if found is None:
        raise DescriptionError("there is no description here", source=name)
    return found


def _unrecognised(name: str, content: bytes, importers: Sequence[Importer]) -> DescriptionError:
    if content.startswith(_UTF_16):
        return DescriptionError("the text is UTF-16; save it as UTF-8", source=name)
    if b"\0" in content:
        return DescriptionError(
            "this is a binary file; a description is text in UTF-8", source=name
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return DescriptionError("the text is not UTF-8; save it as UTF-8", source=name, line=line)
    number, found = next(
        (number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()
    )
    shown = found if len(found) <= _SHOWN else found[:_SHOWN] + "…"
    known = ", ".join(importer.name for importer in importers) or "none"
    return DescriptionError(
        f"no importer recognises this file. Its first line is {shown!r}; an OpenAPI description has"
        " a field 'openapi' or 'swagger', and the first line of a reference page is"
        f" `{_FIRST_LINE}`, as in `GET /users/{{id}}`. Installed importers: {known}",
        source=name,
        line=number,
    )
