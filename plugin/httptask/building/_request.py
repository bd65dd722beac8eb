"""Evaluated settings -> the request to send."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, unquote_plus

from httptask._core import packaged
from httptask._core.pointers import pointer
from httptask._http.media_types import FORM, FORM_DATA, carries_files, essence, is_json
from httptask._http.syntax import FRAMING, PLACEHOLDER, UNSENDABLE
from httptask.building._bodies import Body, body, chosen
from httptask.building._escaping import (
    ESCAPED,
    RESERVED,
    Encode,
    UnwritableError,
    cookie_as_it_is,
    encoded,
    leaving,
)
from httptask.building._fields import Described
from httptask.building._negotiation import accept, accept_encoding
from httptask.building._references import Path, file_places, is_pairs, misplaced
from httptask.building._styles import DEFAULTS, scalar, written
from httptask.errors import Problem, SettingsError
from httptask.model.api import PARAMETER_GROUPS, Endpoint, MediaType, Parameter
from httptask.model.exchange import FilePiece, OutgoingRequest, StreamedBody

_PARTS = re.compile(r"((?:[^/?#]*//[^/?#]*)?)((?:\{[^{}]*\}|[^?#])*+)\??([^#]*)")
"""Server, path and query of a URL that may hold templates; it matches whatever there is."""
_SEGMENT = re.compile(r"(?:\{[^{}]*\}|[^/])++")
_CLIMBING = re.compile(r"(?:^|[/\\])\.\.?(?:\Z|[/\\;])")
"""RFC 3986, section 5.2.4; a receiver may unescape before it looks, take a backslash for a slash,
and drop what follows `;`.
"""
_IN_A_HOST = re.compile(r"[0-9A-Za-z.-]+")
_HOST_AND_PORT = re.compile(r"[0-9A-Za-z.-]+(:[0-9]+)?")
_NOT_IN_A_HEADER = re.compile(r"[^\x20-\x7e]")
# What the author wrote into the URL stays: all that may stand there, and escapes.
_path_text = leaving("!$&'()*+,;=:@/-._~")
_query_text = leaving("!$&'()*+,;=:@/?-._~[]")


def build(
    request: Mapping[str, Any], endpoint: Endpoint | None = None, at: str = ""
) -> OutgoingRequest:
    """Return the request that *request* (normalised, evaluated settings) describes.

    *endpoint* says how each documented value is written; *at* is the JSON Pointer of *request*, for
    errors. Files of the body are named in it and not looked for: `located` does. Raises
    `SettingsError` for a value that cannot be sent: nothing was sent.
    """
    for path, why in misplaced({name: value for name, value in request.items() if name != "body"}):
        raise _refused(pointer(path, at), "file-misplaced", reason=why)
    writer = _Writer(endpoint, at)
    headers = _headers(request.get("headers", {}), writer)
    cookies = [
        writer.written("cookie", name, value) for name, value in request.get("cookies", {}).items()
    ]
    if cookie := "; ".join(filter(None, cookies)):
        _merge(headers, "Cookie", cookie, "; ")
    content: bytes | StreamedBody = b""
    if "body" in request:
        made = _body(request["body"], headers, endpoint, pointer(["body"], at))
        _set(headers, "Content-Type", made.content_type)
        content = made.content
    return OutgoingRequest(
        method=request.get("method", "GET"),
        url=_url(request, endpoint, writer),
        headers=_defaults(headers, endpoint) + headers,
        body=content,
    )


def _refused(place: str, code: str, **params: Any) -> SettingsError:
    return SettingsError([Problem.of(code, place, **params)])


class _Writer:
    """Writes the values outside the body as the endpoint describes them."""

    def __init__(self, endpoint: Endpoint | None, at: str) -> None:
        self.at = at
        self._definitions = endpoint.definitions if endpoint is not None else {}
        self._known = {
            _key(each.location, each.name): each
            for each in (endpoint.parameters if endpoint else ())
        }
        self.framing = described_framing(endpoint)
        whole = [each for each in self._known.values() if each.location == "querystring"]
        self.querystring = whole[0] if whole else None

    def is_described(self, location: str, name: str) -> bool:
        """Say whether the endpoint describes the parameter *name* in *location*."""
        return _key(location, name) in self._known

    def written(self, location: str, name: str, value: Any, path: Path | None = None) -> str:
        """Return *value* as it stands in *location*; "" when nothing is sent. Raises
        `SettingsError`.

        *path* is where in its group the value stands; None: under its name.
        """
        style = (
            "cookie" if location == "cookie" else None
        )  # without a description: each item a cookie of its own
        parameter = self._known.get(_key(location, name), Parameter(name, location, style=style))
        try:
            return self._described(parameter, name, value)
        except UnwritableError as error:
            steps = (PARAMETER_GROUPS[location], *(path or (name,)), *error.path)
            raise _refused(pointer(steps, self.at), "unwritable", reason=str(error)) from error

    def query(self, value: Any) -> str:
        """Return the whole query: *value* is a media type's (OpenAPI 3.2, `in: querystring`), or
        its parameters'.
        """
        if self.querystring is None:
            return "&".join(filter(None, self._parameters(value)))
        media_type = self.querystring.media_type or FORM
        try:
            text = self._serialised(value, self.querystring, media_type)
        except UnwritableError as error:
            raise _refused(
                pointer(["query", *error.path], self.at), "unwritable", reason=str(error)
            ) from error
        return (
            text
            if essence(media_type) == FORM and isinstance(value, dict)
            else ESCAPED["query"](text)
        )

    def _parameters(self, value: Any) -> Iterator[str]:
        """Yield the text of each parameter of a query: an object, or pairs of names and values in
        their order.
        """
        if isinstance(value, Mapping):
            yield from (self.written("query", name, item) for name, item in value.items())
        elif is_pairs(value):
            for index, (name, item) in enumerate(value):
                if item is not None:
                    yield self.written("query", name, item, (index, 1))
        elif value != []:
            raise _refused(
                pointer(["query"], self.at), "query-type", example='[["a", "1"], ["a", "2"]]'
            )

    def _described(self, parameter: Parameter, name: str, value: Any) -> str:
        location, style = parameter.location, parameter.style or DEFAULTS[parameter.location]
        if parameter.media_type is not None:
            text = self._serialised(value, parameter, parameter.media_type)
            if location == "header" and is_json(parameter.media_type):
                text = _NOT_IN_A_HEADER.sub(_json_escape, text)
            # JSON has characters that no cookie can hold.
            escape = encoded if location == "cookie" else ESCAPED[location]
            return written(name, text, location, DEFAULTS[location], None, escape)
        encode: Encode = (RESERVED if parameter.allow_reserved else ESCAPED)[location]
        if style == "cookie":
            encode = cookie_as_it_is
        return written(
            name, value, location, style, parameter.explode, encode, parameter.item_delimiters
        )

    def _serialised(self, value: Any, parameter: Parameter, media_type: str) -> str:
        """Return *value* as the text of *media_type*, a range of them included. Raises
        `UnwritableError`.
        """
        described = MediaType(parameter.schema, parameter.encoding)
        content_type = essence(
            chosen(value, {media_type: described})
        )  # without a charset: a URL's is UTF-8
        content = body(value, content_type, Described(described, self._definitions)).content
        if isinstance(content, StreamedBody):
            raise UnwritableError(
                "a file cannot stand here; only a body, or a field of a multipart body, can be one"
            )
        return content.decode("utf-8")


def _key(location: str, name: str) -> tuple[str, str]:
    return location, name.lower() if location == "header" else name  # header names have no case


def _json_escape(match: re.Match[str]) -> str:
    """Return the character as JSON's escape, of UTF-16 (RFC 8259, section 7); in JSON it stands in
    a string only.
    """
    units = match[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


# The URL


def _url(request: Mapping[str, Any], endpoint: Endpoint | None, writer: _Writer) -> str:
    url, values = request["url"], request.get("pathParameters", {})
    variables = endpoint.server_variables if endpoint is not None else {}

    def refused(name: str, code: str, **params: Any) -> SettingsError:
        return _refused(
            pointer(["pathParameters", name] if name in values else ["url"], writer.at),
            code,
            **params,
        )

    def value_of(match: re.Match[str]) -> Any:
        name = match[1]
        if name in values:
            return values[name]
        if "default" in variables.get(name, {}):
            return variables[name]["default"]
        raise _refused(pointer(["url"], writer.at), "path-value-missing", name=name)

    def fill(match: re.Match[str]) -> str:
        return writer.written("path", match[1], value_of(match))

    def fill_path(match: re.Match[str]) -> str:
        # A server's variable stands for a piece of its address, slashes included; a path's for one
        # value (OpenAPI 3.2, sections 4.7 and 4.9).
        text = _path_text(scalar(value_of(match))) if match[1] in variables else fill(match)
        if not text:
            raise refused(match[1], "path-value-empty")
        return text

    def fill_server(match: re.Match[str]) -> str:
        text = scalar(value_of(match)) if match[1] in variables else fill(match)
        whole = f"//{match[0]}" in url and match.end() == len(server)
        if not (_HOST_AND_PORT if whole else _IN_A_HOST).fullmatch(text):
            raise refused(match[1], "server-value", found=text[:60])
        return text

    def fill_segment(match: re.Match[str]) -> str:
        segment = PLACEHOLDER.sub(fill_path, match[0])
        if _CLIMBING.search(unquote(segment)):
            names = PLACEHOLDER.findall(match[0])
            raise refused(names[-1] if names else "", "path-climbs", found=segment)
        return segment

    server, path, text = next(_PARTS.finditer(url)).groups()
    try:
        address = PLACEHOLDER.sub(fill_server, server)
        path = _path_text(_SEGMENT.sub(fill_segment, path) or "/")
    except UnwritableError as error:  # of a server's variable: it takes no array or object
        raise _refused(
            pointer(["pathParameters"], writer.at), "unwritable", reason=str(error)
        ) from error
    query = _merged(
        _query_text(PLACEHOLDER.sub(fill, text)), writer.query(request.get("query", {})), writer
    )
    return address + path + (f"?{query}" if query else "")


def _merged(text: str, query: str, writer: _Writer) -> str:
    """Return the URL's own query *text* and then *query*; a name that stands in both has its value
    in *query*.
    """
    if not text or not query or writer.querystring is not None:
        return "&".join(filter(None, (text, query)))
    given = {_name(pair) for pair in query.split("&")}
    return "&".join([*(pair for pair in text.split("&") if _name(pair) not in given), query])


def _name(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0])


# Headers


def _headers(values: Mapping[str, Any], writer: _Writer) -> list[tuple[str, str]]:
    headers = []
    for name, value in _lines(values, writer):
        text = writer.written("header", name, value)
        if not text and isinstance(value, list | dict):
            continue  # an empty array or object is an undefined value (RFC 6570, section 2.3)
        if UNSENDABLE.search(text):
            place = pointer(["headers", name], writer.at)
            raise _refused(place, "header-value")
        headers.append((name, text.strip(" \t")))
    return headers


def described_framing(endpoint: Endpoint | None) -> frozenset[str]:
    """Return the framing headers, lower case, that *endpoint* describes as parameters: whoever
    writes the message sets them.

    A value that follows such a description is not an error of its author, and is not sent. `Host`
    names where the request goes, which only an operator may change.
    """
    parameters = endpoint.parameters if endpoint is not None else ()
    names = {parameter.name.lower() for parameter in parameters if parameter.location == "header"}
    return (FRAMING - {"host"}) & names


def _lines(values: Mapping[str, Any], writer: _Writer) -> Iterator[tuple[str, Any]]:
    """Yield name and value of each header line: an array is a line for each item, unless a
    description joins its items.
    """
    for name, value in values.items():
        if name.lower() in writer.framing:
            continue
        if not isinstance(value, list) or writer.is_described("header", name):
            yield name, value
            continue
        if len(value) > 1 and name.lower() in _ONCE:
            raise _refused(pointer(["headers", name], writer.at), "header-once", name=name)
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
"""Headers of requests that are no lists: a second one would be an error or ignored (RFC 9110,
section 5.3).
"""


def _merge(headers: list[tuple[str, str]], name: str, value: str, between: str) -> None:
    old = _find(headers, name)
    _set(headers, name, value if old is None else old + between + value)


def _find(headers: list[tuple[str, str]], name: str) -> str | None:
    return next((value for key, value in headers if key.lower() == name.lower()), None)


def _set(headers: list[tuple[str, str]], name: str, value: str) -> None:
    for index, (key, _) in enumerate(headers):
        if key.lower() == name.lower():
            headers[index] = (key, value)
            return
    headers.append((name, value))


def _defaults(headers: list[tuple[str, str]], endpoint: Endpoint | None) -> list[tuple[str, str]]:
    given = {name.lower() for name, _ in headers}
    defaults = (
        ("User-Agent", f"httptask/{packaged.manifest()['version']}"),
        ("Accept", accept(endpoint)),
        ("Accept-Encoding", accept_encoding(endpoint)),
    )
    return [(name, value) for name, value in defaults if name.lower() not in given]


# The body


def _body(
    value: Any, headers: list[tuple[str, str]], endpoint: Endpoint | None, place: str
) -> Body:
    content = (
        endpoint.request_body.content
        if endpoint is not None and endpoint.request_body is not None
        else {}
    )
    definitions = endpoint.definitions if endpoint is not None else {}
    try:
        content_type = _find(headers, "Content-Type") or chosen(value, content)
        for path, why in misplaced(value, _file_paths(value, content_type)):
            raise _refused(pointer(path, place), "file-misplaced", reason=why)
        made = body(value, content_type, Described(_described(content, content_type), definitions))
    except UnwritableError as error:
        raise _refused(pointer(error.path, place), "unwritable", reason=str(error)) from error
    return replace(made, content=_placed(made.content, place))


def _file_paths(value: Any, content_type: str) -> frozenset[Path]:
    """Return where in the body *value* files may stand."""
    paths = (
        path for path, _ in file_places(value, pairs=essence(content_type) in (FORM, FORM_DATA))
    )
    return frozenset(
        path
        for path in paths
        if not path or carries_files(content_type) or essence(content_type) == FORM
    )


def _placed(content: bytes | StreamedBody, place: str) -> bytes | StreamedBody:
    """Return *content* with the places of its files below *place*."""
    if isinstance(content, bytes):
        return content
    pieces = (
        replace(each, pointer=place + each.pointer) if isinstance(each, FilePiece) else each
        for each in content.pieces
    )
    return StreamedBody(tuple(pieces))


def _described(content: Mapping[str, MediaType], content_type: str) -> MediaType:
    """Return what is described for *content_type*: for exactly that, or for it with other
    parameters.
    """
    alike = (each for name, each in content.items() if essence(name) == essence(content_type))
    return content.get(content_type) or next(alike, MediaType())
