"""Read API descriptions into endpoints. The first importer that recognises the format reads it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from httptask._core.strict_json import JsonError, parse
from httptask._http.charsets import UTF_16_MARKS
from httptask.errors import DescriptionError
from httptask.importers._bounds import MAX_BYTES, TOO_LARGE
from httptask.importers._slug import endpoint_id
from httptask.importers.sources import file_sources, is_fragment, path_beside, read_sources

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
    "read_sources",
    "reading",
]

_FIRST_LINE = "METHOD /path/{parameter}"
_SHOWN = 80
"""How many characters of a file's first line an error shows."""


def read_api(
    source: str | os.PathLike[str],
    *,
    data: bytes | None = None,
    provider: str | None = None,
    servers: Sequence[str] = (),
    plugins: PluginManager | None = None,
) -> Reading:
    """Read the API description *source* into endpoints, with notes on everything uncertain.

    *source* is a file; with *data*, it is only the name of these bytes. *provider* says who offers
    the API, *servers* are its base URLs; both override the description. *plugins* is the plugin
    manager whose importers are tried in order of registration; the first that recognises the
    description reads it.

    Raises `DescriptionError` if the file cannot be read, no importer recognises it, or the importer
    can read nothing in it.
    """
    from httptask.model.api import Endpoint, Note, Reading
    from httptask.protocols import Source

    name = os.fsdecode(source)
    description = _single_description(name) if data is None else Source(name, data)
    importer, iterator = reading(description, import_options(provider, servers), plugins)
    items = list(iterator)
    return Reading(
        name,
        importer,
        tuple(item for item in items if isinstance(item, Endpoint)),
        tuple(item for item in items if isinstance(item, Note)),
    )


def reading(
    source: Source,
    options: ImportOptions,
    plugins: PluginManager | None = None,
) -> tuple[str, Iterator[Endpoint | Note]]:
    """Find the importer that recognises *source*; return its name, and an iterator of its results.

    This is `read_api` for large descriptions: the iterator yields one endpoint or note at a time
    and keeps none in memory. Raises `DescriptionError`, also during the iteration.
    """
    importers = _importers(plugins)
    if not source.data.strip():
        raise DescriptionError("the file is empty: there is nothing to read", source=source.name)
    for importer in importers:
        with _description_errors(importer, source):
            if importer.recognises(source):
                return importer.name, _read(importer, source, options)
    raise _unrecognised(source.name, source.data, importers)


def _read(
    importer: Importer,
    source: Source,
    options: ImportOptions,
) -> Iterator[Endpoint | Note]:
    with _description_errors(importer, source):
        yield from importer.read(source, options)


@contextmanager
def _description_errors(importer: Importer, source: Source) -> Iterator[None]:
    """Turn any exception of *importer*, which may be a plugin's, into a `DescriptionError`."""
    try:
        yield
    except DescriptionError:
        raise
    except (Exception, SystemExit) as error:
        message = f"the importer {importer.name} failed: {type(error).__name__}: {error}"
        raise DescriptionError(message, source=source.name) from error


def import_options(provider: str | None = None, servers: Sequence[str] = ()) -> ImportOptions:
    """Check *provider* and *servers*, which the user typed, and return them as import options.

    Raises `DescriptionError` if *provider* is not a valid name, or if one of *servers* is not an
    absolute HTTP URL without query and fragment.
    """
    from httptask.protocols import ImportOptions

    if provider is not None and not re.fullmatch(r"\w[\w.-]*", provider):
        raise DescriptionError(
            f"{provider!r} is no provider's name: letters, digits, '-', '_' and '.', as in"
            " 'procore'"
        )
    for server in servers:
        # A server variable may be anywhere in the URL, also where `urlsplit` refuses braces.
        split = urlsplit(re.sub(r"\{[^{}]*\}", "x", server))
        is_absolute = split.scheme in ("http", "https") and bool(split.netloc)
        if not is_absolute or split.query or split.fragment:
            raise DescriptionError(
                f"{server!r} is no server's address; it looks like https://api.example.com/v1"
            )
    return ImportOptions(provider=provider, servers=tuple(servers))


def _importers(plugins: PluginManager | None) -> list[Importer]:
    if plugins is None:
        from httptask.plugins import plugin_manager

        plugins = plugin_manager()
    return list(plugins.named("httptask_importers").values())


def _single_description(name: str) -> Source:
    """Return the only description in *name*: a file, or a folder or archive.

    Raises `DescriptionError` if there are several, or none. Fragments, to which the description may
    refer, do not count.
    """
    description: Source | None = None
    for source in read_sources(name):
        if isinstance(source, DescriptionError):
            raise source
        if description is not None and is_fragment(source):
            continue
        # A fragment that comes first counts only if no whole description follows.
        if description is not None and not is_fragment(description):
            raise DescriptionError(
                f"there is more than one description here: {description.name} and {source.name};"
                " name one",
                source=name,
            )
        description = source
    if description is None:
        raise DescriptionError("there is no description here", source=name)
    return description


_LONGEST_OTHER = 4 * 1024 * 1024
"""The length of a text up to which it is examined why no importer recognises it."""


def _unrecognised(
    name: str,
    content: bytes,
    importers: Sequence[Importer],
) -> DescriptionError:
    """Build the error for *content* that no importer recognises, with the most likely reason."""
    # From the most certain reason to the least: UTF-16 has NULs, and would be called binary below.
    if content.startswith(UTF_16_MARKS):
        return DescriptionError("the text is UTF-16; save it as UTF-8", source=name)
    if b"\0" in content:
        return DescriptionError(
            "this is a binary file; a description is text in UTF-8", source=name
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return DescriptionError(
            "the text is not UTF-8; save it as UTF-8",
            source=name,
            line=content.count(b"\n", 0, error.start) + 1,
        )
    lines = [line.strip() for line in text.split("\n")]
    index = next(index for index, line in enumerate(lines) if line)
    line = lines[index]
    other = _other_document(text)
    if other is not None:
        return DescriptionError(f"this is no description of an API, but {other}", source=name)
    shown = line if len(line) <= _SHOWN else line[:_SHOWN] + "…"
    installed = ", ".join(importer.name for importer in importers) or "none"
    return DescriptionError(
        f"no importer recognises this file. Its first line is {shown!r}; an OpenAPI description has"
        " a field 'openapi' or 'swagger', and the first line of a reference page is"
        f" `{_FIRST_LINE}`, as in `GET /users/{{id}}`. Installed importers: {installed}",
        source=name,
        line=index + 1,
    )


def _other_document(text: str) -> str | None:
    """Return what *text* is that people confuse with a description, and which command reads it."""
    import_request = "which httptask import-request reads"
    if text.lstrip().startswith("curl "):
        return f"a curl command, {import_request}"
    # Parsing is only for a hint: not of a file of megabytes.
    if not text.lstrip().startswith("{") or len(text) > _LONGEST_OTHER:
        return None
    try:
        document = parse(text, unique_names=False)
    except JsonError:
        return None
    if "startTask" in document:
        return "a workflow definition, which httptask validate checks"
    if "item" in document and "info" in document:
        return f"a Postman collection, {import_request}"
    if isinstance(document.get("log"), dict):
        return f"a HAR file, {import_request}"
    return None
