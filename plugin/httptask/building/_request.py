"""Building the request to send from evaluated settings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar

from httptask._core.pointers import pointer
from httptask._http.header_fields import value_of
from httptask._http.media_types import FORM, FORM_DATA, carries_files, essence, range_of
from httptask._http.syntax import UNSENDABLE
from httptask.building._bodies import Body, body, chosen
from httptask.building._codings import coded
from httptask.building._escaping import UnwritableError
from httptask.building._fields import Described
from httptask.building._negotiation import always_sent
from httptask.building._references import Path, file_places, misplaced
from httptask.building._url_template import UrlTemplate, merged
from httptask.building._writer import Writer, refused_at
from httptask.errors import SettingsError
from httptask.model.api import PARAMETER_GROUPS, Endpoint, MediaType
from httptask.model.exchange import FilePiece, OutgoingRequest, StreamedBody

T = TypeVar("T")

PARTS = {
    "address": ("url", "pathParameters"),
    "query": ("query",),
    "headers": ("headers",),
    "cookies": ("cookies",),
    "body": ("body", "headers"),
    "message": ("headers", "cookies", "body"),
    "request": ("method", "url", *PARAMETER_GROUPS.values(), "body"),
}
"""Part of a request -> the groups of the settings that the part is made of. `message` is all
headers and the body; `request` is everything.
"""


def build(
    request: Mapping[str, Any],
    endpoint: Endpoint | None = None,
    at: str = "",
) -> OutgoingRequest:
    """Build the request that *request* (normalised, evaluated settings) describes.

    *endpoint* says how each documented value is written. *at* is the JSON Pointer of *request*, for
    errors. Raises `SettingsError` for a value that cannot be sent.
    """
    return Builder(endpoint, at).build(request)


class Builder:
    """Builds requests to one *endpoint*, whose settings are at the JSON Pointer *at*.

    *constant* names groups of the settings that are the same in every request and refer to no
    files. Parts made only of them are built once, so such a builder can be used for one task only.
    """

    def __init__(
        self,
        endpoint: Endpoint | None = None,
        at: str = "",
        constant: Collection[str] = (),
    ) -> None:
        self._endpoint = endpoint
        self._writer = Writer(endpoint, at)
        self._constant_groups = frozenset(constant)
        self.changing = tuple(name for name in PARTS["request"] if name not in constant)
        """The groups that are not constant."""
        is_constant = self._constant_groups.issuperset
        self._constant_parts = {part for part, groups in PARTS.items() if is_constant(groups)}
        self._made: dict[str, Any] = {}

    def build(self, request: Mapping[str, Any], *, may_hold_files: bool = True) -> OutgoingRequest:
        """Build the request that *request* (normalised, evaluated settings) describes.

        Without *may_hold_files*, groups other than the body are not searched for file references.
        The result may be shared between calls: copy it before changing it. Its files are only
        named; `located` copies the request and finds the files. Raises `SettingsError` for a value
        that cannot be sent.
        """
        return self._part("request", lambda: self._built(request, may_hold_files))

    def _built(self, request: Mapping[str, Any], may_hold_files: bool) -> OutgoingRequest:
        if may_hold_files:
            self._refuse_misplaced_files(request)
        headers, content = self._part("message", lambda: self._message(request))
        return OutgoingRequest(
            method=request.get("method", "GET"),
            url=self._url(request),
            headers=list(headers),
            body=content,
        )

    def _message(
        self, request: Mapping[str, Any]
    ) -> tuple[list[tuple[str, str]], bytes | StreamedBody]:
        """Return the headers of *request*, including the default headers, and its body."""
        writer = self._writer
        headers = list(
            self._part("headers", lambda: written_headers(request.get("headers", {}), writer))
        )
        cookie = self._part("cookies", lambda: written_cookies(request.get("cookies", {}), writer))
        if cookie:
            _merge(headers, "Cookie", cookie, "; ")
        content: bytes | StreamedBody = b""
        if "body" in request:
            media_type = value_of(headers, "Content-Type")
            body_pointer = pointer(["body"], writer.at)
            value = request["body"]
            endpoint = self._endpoint
            serialised = self._part(
                "body", lambda: written_body(value, media_type, endpoint, body_pointer)
            )
            _set(headers, "Content-Type", serialised.content_type)
            coding_pointer = pointer(["headers", "Content-Encoding"], writer.at)
            content = coded(
                serialised.content,
                value_of(headers, "Content-Encoding"),
                value,
                coding_pointer,
            )
        return self._defaults(headers) + headers, content

    def _part(self, name: str, make: Callable[[], T]) -> T:
        """Return the part *name* of a request; a constant part is made only once."""
        if name not in self._constant_parts:
            return make()
        if name not in self._made:
            self._made[name] = make()
        part: T = self._made[name]
        return part

    def _refuse_misplaced_files(self, request: Mapping[str, Any]) -> None:
        """Raise `SettingsError` for a file reference outside the body.

        `written_body` checks the body.
        """
        others = request.keys() - self._constant_groups - {"body"}
        searched = {name: value for name, value in request.items() if name in others}
        for path, code, params in misplaced(searched):
            raise refused_at(pointer(path, self._writer.at), code, **params)

    def _url(self, request: Mapping[str, Any]) -> str:
        writer = self._writer
        address, own_query = self._part(
            "address", lambda: UrlTemplate(request, self._endpoint, writer).address()
        )
        query = self._part("query", lambda: writer.query(request.get("query", {})))
        query = merged(own_query, query, writer)
        return address + (f"?{query}" if query else "")

    def _defaults(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return the default headers that are not in *headers*."""
        own_names = {name.lower() for name, _ in headers}
        return [line for line in self._all_defaults if line[0].lower() not in own_names]

    @cached_property
    def _all_defaults(self) -> tuple[tuple[str, str], ...]:
        return always_sent(self._endpoint)


# Headers and cookies


def written_cookies(values: Mapping[str, Any], writer: Writer) -> str:
    cookies = (writer.written("cookie", name, value) for name, value in values.items())
    return "; ".join(filter(None, cookies))


def written_headers(values: Mapping[str, Any], writer: Writer) -> list[tuple[str, str]]:
    headers = []
    for name, value in _lines(values, writer):
        text = writer.written("header", name, value)
        if not text and isinstance(value, list | dict):
            continue  # an empty array or object is an undefined value (RFC 6570, section 2.3)
        if UNSENDABLE.search(text):
            header_pointer = pointer(["headers", name], writer.at)
            raise refused_at(header_pointer, "header-value")
        headers.append((name, text.strip(" \t")))
    return headers


def _lines(values: Mapping[str, Any], writer: Writer) -> Iterator[tuple[str, Any]]:
    """Yield the name and value of each header line.

    Each item of an array gets its own line, unless the header is described: then the description
    says how to join the items.
    """
    for name, value in values.items():
        # Documented, but set by what sends: a second Content-Length would be a fault.
        if name.lower() in writer.framing:
            continue
        if not isinstance(value, list) or writer.is_described("header", name):
            yield name, value
            continue
        if len(value) > 1 and name.lower() in _ONCE:
            raise refused_at(pointer(["headers", name], writer.at), "header-once", name=name)
        yield from ((name, item) for item in value)


_ONCE = frozenset(
    (
        *(
            "authorization",
            "content-length",
            "content-type",
            "content-range",
            "cookie",
            "date",
            "from",
            "host",
        ),
        *(
            "idempotency-key",
            "if-modified-since",
            "if-range",
            "if-unmodified-since",
            "max-forwards",
            "origin",
        ),
        *("proxy-authorization", "range", "referer", "user-agent"),
    )
)
"""Request headers that must not be repeated, because their values are no lists (RFC 9110, 5.3)."""


def _merge(
    headers: list[tuple[str, str]],
    name: str,
    value: str,
    between: str,
) -> None:
    old = value_of(headers, name)
    _set(headers, name, value if old is None else old + between + value)


def _set(headers: list[tuple[str, str]], name: str, value: str) -> None:
    for index, (key, _) in enumerate(headers):
        if key.lower() == name.lower():
            headers[index] = (key, value)
            return
    headers.append((name, value))


# The body


def written_body(
    value: Any,
    media_type: str | None,
    endpoint: Endpoint | None,
    body_pointer: str,
) -> Body:
    """Serialise *value* as *media_type*; None: as the endpoint's best media type for *value*.

    *body_pointer* is the JSON Pointer of *value*. Raises `SettingsError`.
    """
    content = (
        endpoint.request_body.content
        if endpoint is not None and endpoint.request_body is not None
        else {}
    )
    definitions = endpoint.definitions if endpoint is not None else {}
    try:
        content_type = media_type or chosen(value, content)
        for path, code, params in misplaced(value, _file_paths(value, content_type)):
            raise refused_at(pointer(path, body_pointer), code, **params)
        serialised = body(
            value,
            content_type,
            Described(_described(content, content_type), definitions),
        )
    except UnwritableError as error:
        raise SettingsError([error.problem(body_pointer)]) from error
    return replace(serialised, content=_with_pointers(serialised.content, body_pointer))


def _file_paths(value: Any, content_type: str) -> frozenset[Path]:
    """Return the paths in the body *value* where file references are allowed."""
    paths = (
        path for path, _ in file_places(value, pairs=essence(content_type) in (FORM, FORM_DATA))
    )
    return frozenset(
        path
        for path in paths
        if not path or carries_files(content_type) or essence(content_type) == FORM
    )


def _with_pointers(content: bytes | StreamedBody, body_pointer: str) -> bytes | StreamedBody:
    """Return *content* with *body_pointer* put before the pointers of its files."""
    if isinstance(content, bytes):
        return content
    pieces = (
        replace(piece, pointer=body_pointer + piece.pointer)
        if isinstance(piece, FilePiece)
        else piece
        for piece in content.pieces
    )
    return StreamedBody(tuple(pieces))


def _described(content: Mapping[str, MediaType], content_type: str) -> MediaType:
    """Return the description of *content_type* in *content*.

    An equal key is preferred, then the same media type with other parameters, then the narrowest
    range that includes it.
    """
    media_type = essence(content_type)
    by_range = sorted(content, key=lambda name: (essence(name).count("*"), -len(essence(name))))
    names = (name for name in by_range if range_of(name).fullmatch(media_type))
    return content.get(content_type) or content.get(next(names, ""), MediaType())
