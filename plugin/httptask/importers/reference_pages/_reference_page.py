"""Read reference pages: the plain-text documentation of one endpoint, which may be cut anywhere.

There are two variants of the rows: see `_plain_rows` and `_table_rows`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from httptask.errors import DescriptionError
from httptask.importers._slug import endpoint_id, provider_of_hosts, provider_of_name
from httptask.importers._title import title_of, title_of_request
from httptask.importers.reference_pages import _sections
from httptask.importers.reference_pages._body_fields import body_schema
from httptask.importers.reference_pages._fields import Field, field_of, paragraphs
from httptask.importers.reference_pages._page import Page, is_page, read_page
from httptask.importers.reference_pages._plain_rows import plain_rows
from httptask.importers.reference_pages._rows import Rows, shortened
from httptask.importers.reference_pages._sections import Section, Sections, divide
from httptask.importers.reference_pages._table_rows import table_rows
from httptask.model.api import (
    PARAMETER_GROUPS,
    Endpoint,
    MediaType,
    Note,
    Parameter,
    RequestBody,
    Server,
)

if TYPE_CHECKING:
    from httptask.protocols import ImportOptions, Source

MAX_BYTES = 4 * 1024 * 1024
"""The largest page that is read, in bytes."""

UNKNOWN_PROVIDER = "unknown"
_TABLE = re.compile(r"\s*\|?\s*(?:-{3,}\s*\||[Nn]ame\s*\|\s*[Tt]ype)|[Nn]ame [Tt]ype\b")
"""The first line of a table of parameters.

If it is in the description, its heading was probably not recognised.
"""
NO_SERVER = "the page names no server; give one with --server"
"""The note for pages without a server. In the plain variant, the `Servers` section is always empty.
"""
ANY_MEDIA_TYPE = "*/*"

_LOCATIONS = {
    _sections.PATH: "path",
    _sections.HEADERS: "header",
    _sections.QUERY: "query",
}
"""Section -> location of its parameters, in the order of the page."""
_GROUPS = {
    **{kind: PARAMETER_GROUPS[location] for kind, location in _LOCATIONS.items()},
    _sections.BODY: "body",
}
"""Section -> the group of `httpRequest` that it documents, in the order of the page."""
_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_PATH_NAME = re.compile(r"\{([^{}]+)\}")


class ReferencePage:
    """Reads reference pages: see `httptask.protocols.Importer`."""

    name = "reference-page"

    def recognises(self, source: Source) -> bool:
        """Say whether *source* starts with `METHOD /path`."""
        return is_page(source.data)

    def read(self, source: Source, options: ImportOptions) -> Iterable[Endpoint | Note]:
        """Return the endpoint of the page, and notes on everything guessed, missing or cut off.

        Raises `DescriptionError` if *source* is not UTF-8, is larger than `MAX_BYTES`, or does not
        begin with the line `METHOD /path`.
        """
        if len(source.data) > MAX_BYTES:
            raise DescriptionError(
                f"the file is larger than {MAX_BYTES // (1024 * 1024)} MB; a reference page holds"
                " one endpoint",
                source=source.name,
            )
        page = read_page(source.name, source.data)
        return _PageReader(source.name, page, options).endpoint_and_notes()


class _PageReader:
    """Converts one page to an endpoint. Each step adds its notes."""

    def __init__(self, source: str, page: Page, options: ImportOptions) -> None:
        self._source = source
        self._options = options
        self._divided = divide(page)
        self._page = self._divided.page
        self._open = set(_cut_groups(self._divided))
        """The groups of which some names may not be on the page."""
        self._notes: list[Note] = []
        self._tail: str | None = None
        """The beginning of a row, a heading or an address at which the page is cut."""

    def endpoint_and_notes(self) -> tuple[Endpoint | Note, ...]:
        """Return the endpoint and the notes in the order of their lines; notes without one last."""
        endpoint = self._endpoint()
        self._note_cut()
        notes = sorted(self._notes, key=lambda note: (note.line is None, note.line or 0))
        return endpoint, *notes

    def _endpoint(self) -> Endpoint:
        page = self._page
        description = self._description()
        servers = self._servers()
        provider = self._provider(servers)
        path = self._path_parameters()
        headers = self._fields_once(_sections.HEADERS)
        query = self._fields_once(_sections.QUERY)
        return Endpoint(
            id=endpoint_id(provider, page.path, page.method),
            method=page.method,
            path=page.path,
            provider=provider,
            title=title_of(description) or title_of_request(page.method, page.path),
            description=description,
            servers=servers,
            parameters=(*path, *_parameters(headers, "header"), *_parameters(query, "query")),
            request_body=self._request_body(headers),
            incomplete=self._incomplete(),
            source=self._source,
        )

    def _note(self, kind: str, message: str, line: int | None = None) -> None:
        self._notes.append(Note(kind, message, line))

    # -- cut pages -------------------------------------------------------------------------------

    def _is_cut(self, section: Section) -> bool:
        return not self._divided.complete and section is self._divided.sections[-1]

    def _incomplete(self) -> tuple[str, ...]:
        return tuple(group for group in _GROUPS.values() if group in self._open)

    def _note_cut(self) -> None:
        if self._divided.complete:
            return
        evidence = "has no last heading"
        if self._tail:
            evidence = f"stops after {shortened(self._tail)}, which is left out"
        message = (
            f"the page {evidence}: it may have been cut off;"
            f" {', '.join(_cut_groups(self._divided))} may have more than was read"
        )
        self._note("truncated", message, len(self._page.lines))

    # -- description, servers, provider ----------------------------------------------------------

    def _description(self) -> str:
        """Return the text before the first heading; add a note if it seems to contain a table."""
        section = self._divided.sections[0]
        stop = section.stop
        if self._is_cut(section) and stop > section.start and self._page.is_open(stop - 1):
            line = self._page.lines[stop - 1]
            if line and _sections.starts_heading(line, _sections.DESCRIPTION):
                self._tail, stop = line.strip(), stop - 1
        for index in range(section.start, stop):
            if _TABLE.match(self._page.lines[index]):
                message = (
                    "looks like a table under no known heading; the headings are"
                    f" {', '.join(_sections.HEADINGS)}"
                )
                self._note("skipped", message, index + 1)
                break
        return paragraphs(self._page.lines[section.start : stop])

    def _servers(self) -> tuple[Server, ...]:
        if self._options.servers:
            return tuple(Server(url.rstrip("/")) for url in self._options.servers)
        section = self._divided.of(_sections.SERVERS)
        servers: dict[str, Server] = {}
        for index in range(section.start, section.stop) if section else ():
            server = self._server(index)
            if server is not None:
                servers.setdefault(server.url, server)
        if not servers:
            # The heading is on the line before. Its number is the index `start`, because numbers
            # count from 1.
            line = section.start if section else None
            self._note("missing", NO_SERVER, line)
        return tuple(servers.values())

    def _server(self, index: int) -> Server | None:
        """Return the server in the line at *index*, or None, with a note if the line has no URL."""
        line = self._page.lines[index]
        if not line:
            return None
        if self._page.is_open(index) and not self._divided.complete:
            self._tail = line.strip()  # the address may be cut anywhere
            return None
        url, _, description = (_sections.address(line) or line.strip()).partition(" ")
        if "{{" in url:
            self._note(
                "skipped",
                f"{shortened(url)} is a placeholder and names no server",
                index + 1,
            )
        elif "://" not in url:
            self._note("skipped", f"{shortened(line.strip())} is no absolute address", index + 1)
        else:
            return Server(url.rstrip("/"), description.strip(" -:()\u2013\u2014"))
        return None

    def _provider(self, servers: tuple[Server, ...]) -> str:
        if self._options.provider:
            return self._options.provider
        provider_of_file = provider_of_name(self._source, self._page.path, self._page.method)
        if provider_of_file is not None:
            return provider_of_file
        provider_of_server = provider_of_hosts(server.url for server in servers)
        if provider_of_server is not None:
            self._note(
                "guessed", f"the provider is {provider_of_server}, from the server's address"
            )
            return provider_of_server
        self._note(
            "guessed",
            f"nothing says who offers this API; the provider is {UNKNOWN_PROVIDER!r}; name it with"
            " --provider",
        )
        return UNKNOWN_PROVIDER

    # -- rows ------------------------------------------------------------------------------------

    def _fields(self, kind: int) -> list[Field]:
        section = self._divided.of(kind)
        if section is None:
            return []
        rows = _reader_of(self._page, section)(self._page, section, cut=self._is_cut(section))
        self._notes.extend(rows.notes)
        self._tail = rows.tail or self._tail
        if kind != _sections.PATH and any(row.name is None for row in rows.rows):
            self._open.add(_GROUPS[kind])  # there is a name that the page has lost
        return [field_of(row, self._notes) for row in rows.rows if row.name is not None]

    def _fields_once(self, kind: int) -> list[Field]:
        """Return the fields of a section with parameters, in the order of the page, each once."""
        location = _LOCATIONS[kind]
        fields: dict[str, Field] = {}
        for field in self._fields(kind):
            # RFC 9110, section 5.1: names of header fields are case-insensitive.
            key = field.name.lower() if location == "header" else field.name
            first = fields.setdefault(key, field)
            if first is not field:
                self._note(
                    "skipped",
                    f"{shortened(field.name)} stands twice among the {location} parameters; "
                    f"the one in line {first.line} counts",
                    field.line,
                )
        return list(fields.values())

    def _path_parameters(self) -> tuple[Parameter, ...]:
        """Return the path parameters: the printed ones, then those that are only in the path."""
        names = list(dict.fromkeys(_PATH_NAME.findall(self._page.path)))
        printed = self._fields_once(_sections.PATH)
        for field in printed:
            if field.name not in names:
                self._note(
                    "guessed",
                    f"{shortened(field.name)} is no part of the path; it is kept as printed",
                    field.line,
                )
            elif not field.required:
                self._note(
                    "guessed",
                    f"{shortened(field.name)} is printed as not required; a path needs it",
                    field.line,
                )
        # A parameter in the path is required, whatever its row says.
        fields = [
            replace(field, required=field.required or field.name in names) for field in printed
        ]
        printed_names = {field.name for field in printed}
        derived = [name for name in names if name not in printed_names]
        for name in derived:
            self._note(
                "guessed",
                f"the path parameter {name!r} has no row; it is a required String",
                self._page.first + 1,
            )
        guessed = [
            Parameter(name, "path", required=True, schema={"type": "string"}) for name in derived
        ]
        return (*_parameters(fields, "path"), *guessed)

    # -- the body --------------------------------------------------------------------------------

    def _request_body(self, headers: list[Field]) -> RequestBody | None:
        """Return the body, from the rows of the body section and the header Content-Type.

        Without rows, a page with a Content-Type or a method that has bodies allows any body.
        """
        content_type = next(
            (field for field in headers if field.name.lower() == "content-type"), None
        )
        fields = self._fields(_sections.BODY)
        media_types = _media_types(content_type)
        if fields:
            if content_type is None:
                self._note(
                    "missing",
                    "the page has body fields but no Content-Type; the media type is not known",
                )
            body = body_schema(fields, self._notes, complete="body" not in self._open)
            required = content_type is not None and content_type.required and body.has_required
            return RequestBody(dict.fromkeys(media_types, MediaType(body.schema)), required)
        if content_type is not None and not self._divided.complete:
            self._note(
                "truncated",
                "the page is cut before its body fields; any body is allowed",
                content_type.line,
            )
        elif content_type is not None:
            message = "the page has a Content-Type but no body fields; any body is allowed"
            self._note("missing", message, content_type.line)
        elif self._page.method in _METHODS_WITH_BODY:
            self._note(
                "guessed",
                f"the page says nothing of a body; a {self._page.method} may have any, or none",
            )
        else:
            return None
        return RequestBody({media_type: MediaType() for media_type in media_types})


def _cut_groups(sections: Sections) -> list[str]:
    """Return the groups that may be incomplete on a cut page: those from its last section on."""
    if sections.complete:
        return []
    return [group for kind, group in _GROUPS.items() if kind >= sections.sections[-1].kind]


def _reader_of(page: Page, section: Section) -> Callable[..., Rows]:
    """Return the reader for the variant of *section*, which its first line shows."""
    first = next((line for line in page.lines[section.start : section.stop] if line), "")
    return table_rows if "|" in first else plain_rows


def _parameters(fields: Iterable[Field], location: str) -> Iterator[Parameter]:
    for field in fields:
        yield Parameter(
            field.name,
            location,
            field.required,
            field.schema,
            field.description,
        )


def _media_types(content_type: Field | None) -> tuple[str, ...]:
    """Return the media types of the Content-Type header: its default, or its possible values."""
    schema = content_type.schema if content_type else {}
    values = [schema["default"]] if "default" in schema else schema.get("enum", [])
    media_types = tuple(value for value in values if isinstance(value, str))
    return media_types or (ANY_MEDIA_TYPE,)
