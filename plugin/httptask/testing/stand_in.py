"""A stand-in of one Procore endpoint: a real HTTP server on loopback, strict as its page.

It stands for `POST /rest/v1.0/project/{project_id}/email_communications`, as the reference page
that ships with httptask documents it. It judges what httptask sends independently: it is written
from that page by hand and shares no code with the rest of the package.

    with StandIn() as stand_in:
        ...  # send requests to stand_in.url
    print(stand_in.requests)

In a terminal: `python -m httptask.testing.stand_in --port 8901`.

Every refusal has a status of its own and a JSON body with the reason and its place:

    {"errors": [{"where": "query.topic_id", "reason": "must be an integer, found \\"seven\\""}]}
"""

from __future__ import annotations

import argparse
import contextlib
import hmac
import itertools
import json
import math
import re
import signal
import socket
import socketserver
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from types import TracebackType
from typing import Any, NoReturn, Self
from urllib.parse import unquote

# ---- The page ----------------------------------------------------------------------------------

METHOD = "POST"
PATH_TEMPLATE = "/rest/v1.0/project/{project_id}/email_communications"
TOPIC_TYPES = (
    "change_event_event",
    "project",
    "prime_contract",
    "direct_cost_item",
    "purchase_order_contract",
    "work_order_contract",
    "payment_application",
    "punch_item",
    "form",
    "generic_tool_item",
    "task",
    "daily_log_header",
    "observation",
    "submittal_log",
    "meeting",
    "checklist",
    "incident",
    "submittal_package",
    "billings_requisition",
    "rfi",
)
_QUERY_NAMES = ("topic_id", "topic_type")
# Both objects are required, none of their fields is. The page does not say what the arrays hold:
# anything may.
_BODY_FIELDS: Mapping[str, Mapping[str, type]] = {
    "communication": {"subject": str},
    "email": {
        "file_version_ids": list,
        "distribution_ids": list,
        "prostore_file_ids": list,
        "form_ids": list,
        "bcc_distribution_ids": list,
        "image_ids": list,
        "upload_ids": list,
        "cc_distribution_ids": list,
        "body": str,
        "drawing_revision_ids": list,
    },
}

# ---- Bounds ------------------------------------------------------------------------------------

MAX_BODY_BYTES = 1_048_576
_MAX_LINE_BYTES = 65_536
_MAX_HEADERS = 100
_MAX_DEPTH = 100
_MAX_ERRORS = 100
_IDLE_SECONDS = 30.0
"""Seconds after which a silent connection is closed."""
_POLL_SECONDS = 0.01
"""Seconds between two checks of the listener whether to stop."""
_DRAIN_SECONDS = 2.0
"""Seconds for which a refused body is still read and dropped.

Otherwise the refusal could be lost with the connection.
"""

_FIRST_ID = 901
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # RFC 9110, section 5.6.2
_REQUEST_LINE = re.compile(rb"(%b) ([!-~]+) (HTTP/1\.[01])\r\n" % _TOKEN)  # RFC 9112, section 3
_HEADER_LINE = re.compile(rb"(%b):([\t\x20-\x7e\x80-\xff]*)\r\n" % _TOKEN)  # RFC 9112, section 5
# RFC 9112, section 7.1
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_ORIGIN = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_JSON_TYPES: Mapping[type, str] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request as the stand-in received it."""

    method: str
    target: str
    """The request target as it stood in the request line: path and query, nothing decoded."""
    version: str
    """`HTTP/1.1` or `HTTP/1.0`."""
    headers: tuple[tuple[str, str], ...]
    """Names and values in order, duplicates included, names spelt as sent.

    Decoded as ISO 8859-1.
    """
    body: bytes = b""
    """The body without its chunk framing; empty if the request was refused before it was read."""

    def values(self, name: str) -> list[str]:
        """Return the values of every header called *name*, in whatever case, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    payload: Any
    headers: tuple[tuple[str, str], ...] = ()


class _RefusedError(Exception):
    """The request is refused with *status* for every (where, reason) of *problems*."""

    def __init__(
        self,
        status: int,
        problems: Sequence[tuple[str, str]],
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(status, problems)
        errors = [{"where": where, "reason": reason} for where, reason in problems[:_MAX_ERRORS]]
        self.reply = _Reply(status, {"errors": errors}, tuple(headers))


def _refuse(status: int, where: str, reason: str, *headers: tuple[str, str]) -> NoReturn:
    raise _RefusedError(status, [(where, reason)], headers)


# ---- The judge: no I/O below this line until the server ----------------------------------------


@dataclass(frozen=True, slots=True)
class _Topic:
    project_id: int
    topic_id: int
    topic_type: str


def _judge_head(request: ReceivedRequest, token: str | None) -> _Topic:
    """Return the values of path and query, or refuse; every rung has a status of its own."""
    path, query = _split_target(request.target)
    project_id = _judge_path(path)
    if request.method != METHOD:
        _refuse(
            405, "method", f"{request.method} is not allowed here; use {METHOD}", ("Allow", METHOD)
        )
    if token is not None:
        _judge_authorization(request, token)
    _judge_content_type(request)
    return _judge_parameters(request, project_id, query)


def _split_target(target: str) -> tuple[str, str]:
    # RFC 9112, section 3.2.2: a server accepts the absolute form too.
    path, _, query = _ORIGIN.sub("", target, count=1).partition("?")
    if "#" in target:
        _refuse(400, "target", "a request target carries no fragment; percent-encode # as %23")
    return path or "/", query


def _judge_path(path: str) -> str:
    template = PATH_TEMPLATE.split("/")
    segments = [_decoded(segment, "path") for segment in path.split("/")]
    index = template.index("{project_id}")
    if segments[:index] + template[index : index + 1] + segments[index + 1 :] != template:
        _refuse(
            404,
            "path",
            f"there is nothing at {_quoted(path)}; this server has only {METHOD} {PATH_TEMPLATE}",
        )
    return segments[index]


def _judge_authorization(request: ReceivedRequest, token: str) -> None:
    challenge = ("WWW-Authenticate", 'Bearer realm="stand-in"')  # RFC 6750, section 3
    where = "headers.Authorization"
    values = request.values("Authorization")
    if len(values) != 1:
        _refuse(
            401,
            where,
            "is required and missing" if not values else "is given more than once",
            challenge,
        )
    scheme, _, sent_token = values[0].partition(" ")
    if scheme.lower() != "bearer":
        _refuse(401, where, "must be `Bearer` and a token", challenge)
    # Compared in constant time, and never repeated in the reason: it could be a real token sent to
    # the wrong server.
    if not hmac.compare_digest(sent_token.strip().encode("latin-1", "replace"), token.encode()):
        _refuse(401, where, "the token is not the right one", challenge)


def _judge_content_type(request: ReceivedRequest) -> None:
    where = "headers.Content-Type"
    hint = ("Accept", "application/json")  # RFC 9110, section 15.5.16
    values = request.values("Content-Type")
    if not values:
        _refuse(415, where, "is required and missing; it must be application/json", hint)
    if len(values) > 1:
        _refuse(415, where, f"is given {len(values)} times; give it once", hint)
    media_type, *parameters = (part.strip().lower() for part in values[0].split(";"))
    wrong = [part for part in parameters if part.replace('"', "") not in ("", "charset=utf-8")]
    if media_type != "application/json" or wrong:
        _refuse(415, where, f"must be application/json in UTF-8, found {_quoted(values[0])}", hint)


def _judge_parameters(request: ReceivedRequest, project_id: str, query: str) -> _Topic:
    problems: list[tuple[str, str]] = []
    values = _query_values(query)
    topic = _Topic(
        _integer("path.project_id", [project_id], problems),
        _integer("query.topic_id", values.get("topic_id", []), problems),
        _topic_type(values.get("topic_type", []), problems),
    )
    _integer("headers.Procore-Company-Id", request.values("Procore-Company-Id"), problems)
    names = ", ".join(_QUERY_NAMES)
    unknown = [name for name in values if name not in _QUERY_NAMES]
    problems += [(f"query.{_short(name)}", f"is not known; known are {names}") for name in unknown]
    if problems:
        raise _RefusedError(400, problems)
    return topic


def _query_values(query: str) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for pair in query.split("&") if query else []:
        name, _, value = (_decoded(part, "query") for part in pair.replace("+", " ").partition("="))
        values.setdefault(name, []).append(value)
    return values


def _decoded(text: str, where: str) -> str:
    bad = _BAD_PERCENT.search(text)
    if bad:
        _refuse(400, where, f"% is not followed by two hex digits in {_quoted(text)}")
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        _refuse(400, where, f"the percent-encoded text {_quoted(text)} is not UTF-8")


def _integer(where: str, values: Sequence[str], problems: list[tuple[str, str]]) -> int:
    value = _single(where, values, "an integer", problems)
    if value is not None and _INTEGER.fullmatch(value):
        return int(value)
    if value is not None:
        problems.append((where, f"must be an integer, found {_quoted(value)}"))
    return 0


def _topic_type(values: Sequence[str], problems: list[tuple[str, str]]) -> str:
    where, expected = "query.topic_type", "one of " + ", ".join(TOPIC_TYPES)
    value = _single(where, values, expected, problems)
    if value is not None and value not in TOPIC_TYPES:
        problems.append((where, f"must be {expected}; found {_quoted(value)}"))
    return value or ""


def _single(
    where: str, values: Sequence[str], expected: str, problems: list[tuple[str, str]]
) -> str | None:
    if len(values) == 1:
        return values[0]
    if values:
        problems.append((where, f"is given {len(values)} times; give it once"))
    else:
        problems.append((where, f"is required and missing; it must be {expected}"))
    return None


def _judge_body(body: bytes) -> dict[str, Any]:
    """Return the body's object, or refuse: 400 if it is no JSON, 422 if it has another shape."""
    document = _parsed(body)
    problems = list(_shape_problems(document))
    if problems:
        raise _RefusedError(422, problems)
    result: dict[str, Any] = document
    return result


def _parsed(body: bytes) -> Any:
    if not body:
        _refuse(400, "body", "is required and empty; it must be a JSON object")
    try:
        text = body.decode("utf-8")
        document = json.loads(
            text,
            parse_float=_finite,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique_members,
        )
    except UnicodeDecodeError as exc:
        _refuse(400, "body", f"is not UTF-8: byte {exc.start} ({body[exc.start]:#04x})")
    except json.JSONDecodeError as exc:
        place = f"line {exc.lineno}, column {exc.colno} (character {exc.pos})"
        _refuse(400, "body", f"is not JSON: {exc.msg} at {place}")
    except ValueError:
        # Python reads integers of at most 4300 digits.
        _refuse(400, "body", "holds an integer of too many digits")
    except RecursionError:
        _refuse_depth()
    _check_depth(document)
    return document


def _check_depth(document: Any) -> None:
    level = [document]
    for _ in range(_MAX_DEPTH):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    _refuse_depth()


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _refuse_depth() -> NoReturn:
    _refuse(400, "body", f"is nested deeper than {_MAX_DEPTH} levels")


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        _refuse(400, "body", f"the number {_short(literal)} is too large")
    return number


def _refuse_constant(name: str) -> NoReturn:
    _refuse(400, "body", f"is not JSON: {name} is no JSON number")  # RFC 8259, section 6


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        repeated = counts.most_common(1)[0][0]
        # RFC 8259, section 4
        _refuse(400, "body", f"an object has the member {_quoted(repeated)} more than once")
    return members


def _shape_problems(document: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(document, dict):
        yield "body", f"must be an object, found {_type_name(document)}"
        return
    yield from _unknown("body", document, _BODY_FIELDS)
    for parent, fields in _BODY_FIELDS.items():
        where = f"body.{parent}"
        if parent not in document:
            yield where, "is required and missing; it must be an object"
        elif not isinstance(document[parent], dict):
            yield where, f"must be an object, found {_type_name(document[parent])}"
        else:
            yield from _unknown(where, document[parent], fields)
            yield from _wrong_types(where, document[parent], fields)


def _unknown(
    where: str, members: Mapping[str, Any], known: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    for name in members:
        if name not in known:
            yield f"{where}.{_short(name)}", f"is not known; known are {', '.join(known)}"


def _wrong_types(
    where: str, members: Mapping[str, Any], fields: Mapping[str, type]
) -> Iterator[tuple[str, str]]:
    for name, value in members.items():
        if name in fields and not isinstance(value, fields[name]):
            yield (
                f"{where}.{name}",
                f"must be {_JSON_TYPES[fields[name]]}, found {_type_name(value)}",
            )


def _type_name(value: Any) -> str:
    return _JSON_TYPES[type(value)]


def _quoted(text: str) -> str:
    return json.dumps(_short(text), ensure_ascii=False)


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:80] + "…"


# ---- Reading a request (RFC 9112) --------------------------------------------------------------


class _ClientLeftError(Exception):
    """The client closed the connection in the middle of a request."""


def _read_head(stream: BufferedIOBase) -> ReceivedRequest | None:
    """Return the next request without its body; None: the client is done with the connection."""
    line = stream.readline(_MAX_LINE_BYTES)
    # RFC 9112, section 2.2: one empty line before it is ignored.
    if line == b"\r\n":
        line = stream.readline(_MAX_LINE_BYTES)
    if not line:
        return None
    if len(line) == _MAX_LINE_BYTES:
        _refuse(414, "request line", f"is longer than {_MAX_LINE_BYTES} bytes")
    parts = _REQUEST_LINE.fullmatch(line)
    if not parts:
        _refuse(
            400,
            "request line",
            f"must be `METHOD target HTTP/1.1`, found {_quoted(line.decode('latin-1').strip())}",
        )
    method, target, version = (part.decode("ascii") for part in parts.groups())
    return ReceivedRequest(method, target, version, tuple(_read_headers(stream)))


def _read_headers(stream: BufferedIOBase) -> Iterator[tuple[str, str]]:
    for _ in range(_MAX_HEADERS + 1):
        line = _read_line(stream, 431, "headers")
        if line == b"\r\n":
            return
        parts = _HEADER_LINE.fullmatch(line)
        if not parts:
            _refuse(
                400, "headers", f"this is no header line: {_quoted(line.decode('latin-1').strip())}"
            )
        yield parts[1].decode("ascii"), parts[2].strip(b" \t").decode("latin-1")
    _refuse(431, "headers", f"are more than {_MAX_HEADERS}")


def _read_line(stream: BufferedIOBase, status: int, where: str) -> bytes:
    line = stream.readline(_MAX_LINE_BYTES)
    if len(line) == _MAX_LINE_BYTES:
        _refuse(status, where, f"a line is longer than {_MAX_LINE_BYTES} bytes")
    if not line.endswith(b"\n"):
        raise _ClientLeftError
    return line


def _check_framing(head: ReceivedRequest) -> None:
    if head.version == "HTTP/1.1" and len(head.values("Host")) != 1:
        _refuse(400, "headers.Host", "must be given exactly once")  # RFC 9112, section 3.2
    expectations = head.values("Expect")
    if expectations and [value.lower() for value in expectations] != ["100-continue"]:
        _refuse(
            417,
            "headers.Expect",
            f"only 100-continue is known, found {_quoted(', '.join(expectations))}",
        )
    length = _body_length(head)
    if length is not None and length > MAX_BODY_BYTES:
        _refuse_size()


def _body_length(head: ReceivedRequest) -> int | None:
    """Return the length of the body; None: it comes in chunks (RFC 9112, section 6.3)."""
    codings, lengths = head.values("Transfer-Encoding"), head.values("Content-Length")
    if codings and (lengths or head.version == "HTTP/1.0"):
        _refuse(
            400,
            "headers.Transfer-Encoding",
            "must not stand beside Content-Length, nor in HTTP/1.0",
        )
    if codings and [value.lower() for value in codings] != ["chunked"]:
        _refuse(
            501,
            "headers.Transfer-Encoding",
            f"only chunked is known, found {_quoted(', '.join(codings))}",
        )
    if codings:
        return None
    if len(lengths) > 1 or not all(re.fullmatch("[0-9]{1,18}", value) for value in lengths):
        _refuse(
            400,
            "headers.Content-Length",
            f"must be one number, found {_quoted(', '.join(lengths))}",
        )
    return int(lengths[0]) if lengths else 0


def _read_body(stream: BufferedIOBase, head: ReceivedRequest) -> bytes:
    length = _body_length(head)
    return _read_chunks(stream) if length is None else _read_exactly(stream, length)


def _read_chunks(stream: BufferedIOBase) -> bytes:
    body = bytearray()
    while size := _read_chunk_size(stream):
        if len(body) + size > MAX_BODY_BYTES:
            _refuse_size()
        body += _read_exactly(stream, size)
        if _read_exactly(stream, 2) != b"\r\n":
            _refuse(400, "body", "a chunk does not end where its size says")
    deque(_read_headers(stream), maxlen=0)  # trailers: read, checked, thrown away
    return bytes(body)


def _read_chunk_size(stream: BufferedIOBase) -> int:
    line = _read_line(stream, 400, "body")
    parts = _CHUNK_LINE.fullmatch(line)
    if not parts:
        _refuse(400, "body", f"this is no chunk size: {_quoted(line.decode('latin-1').strip())}")
    return int(parts[1], 16)


def _read_exactly(stream: BufferedIOBase, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise _ClientLeftError
    return data


def _refuse_size() -> NoReturn:
    _refuse(413, "body", f"is larger than {MAX_BODY_BYTES} bytes")


def _expects_continue(head: ReceivedRequest) -> bool:
    return head.version == "HTTP/1.1" and bool(head.values("Expect"))  # RFC 9110, section 10.1.1


def _wants_close(head: ReceivedRequest) -> bool:
    options = ",".join(head.values("Connection")).lower().split(",")
    return head.version == "HTTP/1.0" or "close" in (option.strip() for option in options)


# ---- The server --------------------------------------------------------------------------------


_PHRASES: Mapping[int, str] = {status.value: status.phrase for status in HTTPStatus}


class _Handler(BaseHTTPRequestHandler):
    """One connection: requests in a row until either side ends it."""

    server: _Server
    server_version = "httptask-stand-in"
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answer the connection's requests; a client that leaves is not an error."""
        with contextlib.suppress(OSError, _ClientLeftError):
            super().handle()

    def handle_one_request(self) -> None:
        """Read, judge and answer one request."""
        self.close_connection = True  # until a whole request has been read
        head: ReceivedRequest | None = None
        try:
            head = _read_head(self.rfile)
            if head is None:
                return
            _check_framing(head)
            if _expects_continue(head):
                self.server.stand_in._check_head(head)
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request = replace(head, body=_read_body(self.rfile, head))
        except _RefusedError as refused:
            # The body was not read to its end, so nothing after it could be told from it.
            self._send(head, self.server.stand_in._refused(head, refused))
            self._drain()
            return
        self.close_connection = _wants_close(head)
        self._send(request, self.server.stand_in._answer(request))

    def _send(self, request: ReceivedRequest | None, reply: _Reply) -> None:
        # A lone surrogate cannot be written as UTF-8; its backslash form is the same string in
        # JSON.
        body = json.dumps(reply.payload, ensure_ascii=False).encode("utf-8", "backslashreplace")
        headers = [
            ("Server", self.server_version),
            ("Date", self.date_time_string()),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            *reply.headers,
            *([("Connection", "close")] if self.close_connection else []),
        ]
        phrase = _PHRASES.get(reply.status, "")
        lines = [
            f"HTTP/1.1 {reply.status} {phrase}",
            *(f"{name}: {value}" for name, value in headers),
        ]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        # Logged first: who reads the response may look at the log at once.
        self.server.stand_in._log(request, reply.status)
        # RFC 9110, section 9.3.2: the answer to HEAD has the headers only. One write is one packet.
        self.wfile.write(head if request is not None and request.method == "HEAD" else head + body)

    def _drain(self) -> None:
        # Closing while bytes are unread resets the connection, and the client could lose the answer
        # (RFC 9112, 9.6).
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(_DRAIN_SECONDS)
        end = time.monotonic() + _DRAIN_SECONDS
        while time.monotonic() < end and self.rfile.read1(_MAX_LINE_BYTES):
            pass


class _Server(ThreadingHTTPServer):
    """The listener. It knows its connections, so that it can end them all."""

    request_queue_size = 128

    def __init__(self, address: tuple[str, int], stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self._connections: dict[threading.Thread, socket.socket] = {}
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking the name service for our name, as HTTPServer does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = (
            str(self.server_address[0]),
            int(self.server_address[1]),
        )

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start the thread of one connection."""
        thread = threading.Thread(
            target=self._run_connection,
            args=(request, client_address),
            name="stand-in connection",
            daemon=True,
        )
        self._connections[thread] = request
        thread.start()

    def _run_connection(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.process_request_thread(request, client_address)
        finally:
            del self._connections[threading.current_thread()]

    def stop(self) -> None:
        """Stop listening, end every connection and wait for its thread."""
        self.shutdown()
        self.server_close()
        for thread, connection in self._connections.copy().items():
            with contextlib.suppress(OSError):  # it has just ended by itself
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()


class StandIn:
    """Run a stand-in of the Procore endpoint while the `with` block lasts.

    *host* and *port* say where it listens; port 0 takes any free one. With *token* every request
    must carry `Authorization: Bearer <token>`. *failures* holds error statuses (400 to 599) that
    the first requests get instead of an answer, one each; 429 and 503 carry *retry_after* in their
    `Retry-After`. With *verbose* each request is a line on standard error; otherwise nothing is
    printed.

    Entering raises OSError when the port is taken. Leaving closes the port and every connection,
    and ends every thread.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str | None = None,
        failures: Sequence[int] = (),
        retry_after: int | str = 0,
        verbose: bool = False,
    ) -> None:
        if not all(400 <= status <= 599 for status in failures):
            raise ValueError(
                f"failures must be error statuses from 400 to 599, found {list(failures)}"
            )
        self.requests: list[ReceivedRequest] = []
        """Every request received, refused ones too, in the order they came."""
        self._address = (host, port)
        self._token = token
        self._failures = deque(failures)
        self._retry_after = str(retry_after)
        self._verbose = verbose
        self._ids = itertools.count(_FIRST_ID)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Its address, `http://127.0.0.1:PORT`. Outside the `with` block a RuntimeError."""
        if self._server is None:
            raise RuntimeError("the stand-in is not running; use it in a `with` block")
        return f"http://{self._server.server_name}:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._server = _Server(self._address, self)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(_POLL_SECONDS,),
            name="stand-in listener",
            daemon=True,
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        server, self._server = self._server, None
        if server is not None and self._thread is not None:
            server.stop()
            self._thread.join()

    def _check_head(self, head: ReceivedRequest) -> None:
        """Refuse before the body, for a client that expects 100 (RFC 9110, section 10.1.1)."""
        if not self._failures:
            _judge_head(head, self._token)

    def _refused(self, head: ReceivedRequest | None, refused: _RefusedError) -> _Reply:
        """Record a request whose body was not read, and return its refusal."""
        if head is not None:
            self.requests.append(head)
        return refused.reply

    def _answer(self, request: ReceivedRequest) -> _Reply:
        """Record a whole request, judge it and return the reply."""
        self.requests.append(request)
        try:
            self._fail_as_asked()
            topic = _judge_head(request, self._token)
            return self._created(topic, _judge_body(request.body))
        except _RefusedError as refused:
            return refused.reply

    def _log(self, request: ReceivedRequest | None, status: int) -> None:
        """Write the request's line when verbose."""
        if self._verbose:
            line = "(unreadable request)"
            if request is not None:
                line = f"{request.method} {request.target}"
            sys.stderr.write(f"{line} -> {status}\n")

    def _fail_as_asked(self) -> None:
        try:
            status = self._failures.popleft()
        except IndexError:
            return
        retry = [("Retry-After", self._retry_after)] if status in (429, 503) else []
        _refuse(status, "server", f"the stand-in was asked to answer {status} this time", *retry)

    def _created(self, topic: _Topic, body: Mapping[str, Any]) -> _Reply:
        number = next(self._ids)
        payload = {
            "id": number,
            "project_id": topic.project_id,
            "topic_id": topic.topic_id,
            "topic_type": topic.topic_type,
            "subject": body["communication"].get("subject"),
            "distribution_ids": body["email"].get("distribution_ids", []),
            "created_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        headers = (
            ("Location", f"{PATH_TEMPLATE.format(project_id=topic.project_id)}/{number}"),
            ("Set-Cookie", f"session={number}; Path=/; HttpOnly"),
            ("Set-Cookie", "region=us; Path=/"),
            ("X-Request-Id", f"stand-in-{number}"),
        )
        return _Reply(201, payload, headers)


# ---- The command line --------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the stand-in in the foreground until Ctrl+C or SIGTERM; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m httptask.testing.stand_in",
        description=(
            f"Run a stand-in of Procore's {METHOD} {PATH_TEMPLATE} on loopback until Ctrl+C."
        ),
        epilog="example: python -m httptask.testing.stand_in --port 8901 --verbose",
    )
    parser.add_argument(
        "--port", type=_port, default=0, help="where to listen; any free port by default"
    )
    parser.add_argument(
        "--token",
        help="refuse requests without this bearer token; make one up, it is no secret here",
    )
    parser.add_argument(
        "--verbose", action="store_true", help="write a line per request on standard error"
    )
    options = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with contextlib.ExitStack() as stack:
            stand_in = StandIn(port=options.port, token=options.token, verbose=options.verbose)
            try:
                stack.enter_context(stand_in)
            except OSError as exc:
                parser.exit(
                    2,
                    f"cannot listen on 127.0.0.1:{options.port}: {exc.strerror}; choose another"
                    " --port\n",
                )
            sys.stdout.write(f"{stand_in.url}\n")
            sys.stdout.flush()
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        return 0


def _port(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, found {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
