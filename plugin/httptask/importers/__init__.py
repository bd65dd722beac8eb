"""Readers of API descriptions: `read_api` finds the importer that knows a format and returns what it read."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from httptask.errors import DescriptionError
from httptask.importers._slug import endpoint_id

if TYPE_CHECKING:
    from httptask.model.api import Reading
    from httptask.plugins import PluginManager
    from httptask.protocols import Importer, ImportOptions

__all__ = ["MAX_BYTES", "endpoint_id", "read_api"]

MAX_BYTES = 4 * 1024 * 1024
"""The largest description that is read."""

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
    """Read the API description *source* and return its endpoints with a report of everything that was not sure.

    *source* names a file, or with *data* is only the name of these bytes. *provider* says who offers the API and *servers*
    replaces the base addresses, where the description does not say them itself. *plugins* is the plugin manager whose
    importers are asked, in order of registration; the first that recognises the description reads it.

    Raises `DescriptionError` when the file cannot be read, no importer recognises it, or nothing in it can be read.
    """
    from httptask.protocols import ImportOptions

    name = os.fsdecode(source)
    content = _checked(name, _content(name) if data is None else data)
    importers = _importers(plugins)
    options = _checked_options(ImportOptions(provider=provider, servers=tuple(servers)))
    for importer in importers:
        try:
            if importer.recognises(name, content):
                return importer.read(name, content, options)
        except DescriptionError:
            raise
        except Exception as error:
            said = f"the importer {importer.name} failed: {type(error).__name__}: {error}"
            raise DescriptionError(said, source=name) from error
    raise _unrecognised(name, content, importers)


def _checked_options(options: ImportOptions) -> ImportOptions:
    if options.provider is not None and not re.fullmatch(r"\w[\w.-]*", options.provider):
        raise DescriptionError(
            f"{options.provider!r} is no provider's name: letters, digits, '-', '_' and '.', as in 'procore'"
        )
    for server in options.servers:
        split = urlsplit(re.sub(r"\{[^{}]*\}", "x", server))
        if split.scheme not in ("http", "https") or not split.netloc or split.query or split.fragment:
            raise DescriptionError(f"{server!r} is no server's address; it looks like https://api.example.com/v1")
    return options


def _importers(plugins: PluginManager | None) -> list[Importer]:
    if plugins is None:
        from httptask.plugins import plugin_manager

        plugins = plugin_manager()
    return list(plugins.named("httptask_importers").values())


def _content(name: str) -> bytes:
    try:
        with Path(name).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: the name holds a null character
        raise DescriptionError(_why_unreadable(name, error), source=name) from error


def _why_unreadable(name: str, error: OSError | ValueError) -> str:
    match error:
        case FileNotFoundError() if "://" in name:
            return "this is an address, not a file; save the page as a text file and name that file"
        case FileNotFoundError():
            return "there is no such file; check the name and the folder"
        case IsADirectoryError():
            return "this is a folder; name the files in it one by one"
        case PermissionError():
            return "the file may not be read by this user; change its permissions"
        case OSError():
            return f"the file cannot be read: {error.strerror or error}"
        case _:
            return "this cannot be the name of a file"


def _checked(name: str, content: bytes) -> bytes:
    if len(content) > MAX_BYTES:
        raise DescriptionError(
            f"the file is larger than {MAX_BYTES // (1024 * 1024)} MB; a reference page holds one endpoint", source=name
        )
    if not content.strip():
        raise DescriptionError(f"the file is empty; a reference page starts with `{_FIRST_LINE}`", source=name)
    return content


def _unrecognised(name: str, content: bytes, importers: Sequence[Importer]) -> DescriptionError:
    if content.startswith(_UTF_16):
        return DescriptionError("the text is UTF-16; save it as UTF-8", source=name)
    if b"\0" in content:
        return DescriptionError("this is a binary file; a description is text in UTF-8", source=name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return DescriptionError("the text is not UTF-8; save it as UTF-8", source=name, line=line)
    number, found = next((number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip())
    shown = found if len(found) <= _SHOWN else found[:_SHOWN] + "…"
    known = ", ".join(importer.name for importer in importers) or "none"
    return DescriptionError(
        f"no importer recognises this file. Its first line is {shown!r}; the first line of a reference page is "
        f"`{_FIRST_LINE}`, for example `GET /users/{{id}}`. Installed importers: {known}",
        source=name,
        line=number,
    )
