"""The head of a response: bounded, mended where that is safe, and shown as it came (RFC 9112)."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

import servers
from httptask import errors
from httptask._core import packaged
from httptask.sending._head import HeadReader, MalformedHeadError
from tasks import call, exchange, failure, http

TWICE = {"retry": {"intervalSeconds": 0, "maxAttempts": 2}}
BODY = b'{"ok": true}'


def head(*lines: bytes, status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    """Return a head of *lines* as they are."""
    return b"\r\n".join([status, b"Content-Type: application/json", *lines, b"", b""])


@pytest.mark.parametrize(
    "line",
    [
        b"X-Old : v",
        b"X-Old\t: v",
        b"Set-Cookie : a=b",
        b"no colon at all",
        b": no name",
        b"X(Y): v",
        b"X\xc3\xa9: v",
        b"X-Nul: a\x00b",
        b"X-Cr: a\rb",
        b"X-Old : v\r\n folded",
    ],
)
def test_a_line_that_is_no_header_field_is_left_out_with_a_note(line: bytes) -> None:
    """One bad line of many takes nothing from the response (RFC 9112, section 5.1); its reader is
    told of it.
    """
    answer = head(line, b"X-Good: 1", b"Content-Length: %d" % len(BODY)) + BODY
    with servers.raw_server(servers.respond(answer)) as server:
        seen = exchange(http(server.url))
    assert seen.error is None
    assert seen.response is not None
    assert seen.response.decoded == {"ok": True}
    assert [name for name, _ in seen.response.headers] == [
        "Content-Type",
        "X-Good",
        "Content-Length",
    ]
    (note,) = seen.response.notes
    assert note.endswith("is left out: it is no header field (RFC 9112, section 5)")
    assert note.startswith(f"the header line {line.decode().replace(chr(13) + chr(10), ' ')!r} ")


def test_a_blank_before_the_first_field_is_left_out() -> None:
    """RFC 9112, section 2.2: a line that starts with white space right after the status line is
    consumed.
    """
    reader = HeadReader()
    assert reader.feed(b"HTTP/1.1 200 OK\r\n X: 1\r\nY: 2\r\n Z\r\n\r\nbody") == b"body"
    assert reader.fields == [(b"Y", b"2 Z")]
    assert len(reader.notes) == 1


@pytest.mark.parametrize(
    "lines",
    [
        [b"Content-Length : 12"],
        [b"Content-Length: 12", b"Content-Length : 5"],
        [b"Transfer-Encoding : chunked", b"Content-Length: 12"],
        [b"Transfer-Encoding\x0b: chunked", b"Content-Length: 12"],
        [b"Content-Length 12"],
        [b"content-length\xa0: 12"],
        [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"],
        [b"Transfer-Encoding: chunked, chunked"],
        [b"Content-Length: 12", b"Content-Length: 13"],
        [b"Content-Length: twelve"],
    ],
)
def test_framing_that_cannot_be_trusted_is_refused_and_shown(lines: list[bytes]) -> None:
    """Where the body ends is never guessed; the status line and the headers that came stand in the
    exchange.
    """
    with servers.raw_server(
        servers.respond(head(*lines, status=b"HTTP/1.1 201 Made") + BODY)
    ) as server:
        error = failure(http(server.url, **TWICE))
    assert isinstance(error, errors.ProtocolError)
    assert error.attempts == 1
    assert "bytearray" not in str(error)
    assert error.exchange is not None
    response = error.exchange.response
    assert response is not None
    assert response.status_line == "HTTP/1.1 201 Made"
    assert len(response.headers) == 1 + len(lines)
    assert response.headers[0] == ("Content-Type", "application/json")
    assert error.result is not None
    assert (error.result.status_code, error.result.body) == (201, None)


@pytest.mark.parametrize(
    "banner",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"<html>HTTP/0.9 has no head</html>",
        b"220 mail.example ESMTP\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"HTCPCP/1.0 418 Teapot\r\n\r\n",
        b"HTTP/1.1 200OK\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 099 Early\r\n\r\n",
        b"http/1.1 200 OK\r\n\r\n",
        b"\r\n\r\n",
    ],
)
@pytest.mark.parametrize("first", [False, True], ids=["after the request", "at once"])
def test_what_is_not_http_is_protocol_once_with_what_came(banner: bytes, first: bool) -> None:
    """Another protocol does not become HTTP by asking again; what it said stands in the error and
    in the exchange.
    """

    def handler(peer: servers.Peer) -> None:
        if first:
            peer.sendall(banner)
        peer.read_request()
        if not first:
            peer.sendall(banner)

    with servers.raw_server(handler) as server:
        error = failure(http(server.url, **TWICE))
        seen = exchange(http(server.url))
    assert isinstance(error, errors.ProtocolError)
    assert error.attempts == 1
    assert "does not answer in HTTP" in str(error)
    assert "not tried again" in str(error)
    hop = seen.attempts[0].hops[0]
    assert hop.response is None
    assert hop.unparsed.encode("latin-1") == banner
    Draft202012Validator(packaged.schema("exchange")).validate(seen.to_json())


def test_a_head_that_breaks_off_is_connection_and_shown() -> None:
    """A server that closes in the middle of its headers may do better next time; what came is not
    lost.
    """
    with servers.raw_server(servers.respond_and_close(b"HTTP/1.1 200 OK\r\nX-Half")) as server:
        error = failure(http(server.url, **TWICE))
    assert isinstance(error, errors.ConnectionFailedError)
    assert "in the middle of the response's headers" in str(error)
    assert error.attempts == 2
    assert error.exchange is not None
    assert error.exchange.attempts[0].hops[0].unparsed == "HTTP/1.1 200 OK\r\nX-Half"


@pytest.mark.parametrize("fields", [998, 999])
def test_headers_are_bounded_in_number(fields: int) -> None:
    """A thousand fields pass, one more is `too_large`, however few bytes they are."""
    with servers.raw_server(servers.header_flood(fields)) as server:
        if fields == 998:
            assert len(call(http(server.url)).headers) == 1000
        else:
            error = failure(http(server.url, **TWICE))
            assert isinstance(error, errors.TooLargeError)
            assert "1,001 headers, over the limit of 1,000" in str(error)
            assert error.attempts == 1


@pytest.mark.parametrize("surplus", [0, 1])
def test_headers_are_bounded_in_bytes(surplus: int) -> None:
    """100 KiB of head pass and one byte more does not, whether it comes in one piece or in many."""
    start = b"HTTP/1.1 200 OK\r\nX: "
    data = start + b"x" * (100 * 1024 - len(start) - 4 + surplus) + b"\r\n\r\n"
    for size in (len(data), 1000, 4096):
        reader = HeadReader()
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        if surplus:
            with pytest.raises(errors.TooLargeError):
                [reader.feed(piece) for piece in pieces]
        else:
            assert [reader.feed(piece) for piece in pieces] == [*[None] * (len(pieces) - 1), b""]
            assert len(reader.fields[0][1]) == 100 * 1024 - len(start) - 4


def test_a_head_does_not_depend_on_how_bytes_arrive() -> None:
    """Interim responses are passed over, the final one is read when it is complete, and the body
    comes through whole.
    """
    interim = b"HTTP/1.1 103 Early Hints\r\nLink : x\r\n\r\n"
    final = b"HTTP/1.1 200 OK\nX: 1\n\n"
    data = b"HTTP/1.1 100 Continue\r\n\r\n" + interim + final + b"HTTP/1.1 body"
    for size in range(1, len(data)):
        reader, body = HeadReader(), b""
        for at in range(0, len(data), size):
            piece = data[at : at + size]
            body += piece if reader.is_over else reader.feed(piece) or b""
        assert body == b"HTTP/1.1 body"
        assert (reader.status, reader.fields) == (200, [(b"X", b"1")])
        assert len(reader.notes) == 1
        assert reader.final_head() == ("HTTP/1.1", 200, "OK", (("X", "1"),))
    answer = b"HTTP/1.1 100 Continue\r\n\r\n" + interim + servers.OK
    with servers.raw_server(servers.respond(answer)) as server:
        assert call(http(server.url)).body == {"ok": True}


def test_a_malformed_head_is_refused_at_its_first_bytes() -> None:
    """A server that says something else and then waits for an answer is not waited for."""
    with pytest.raises(MalformedHeadError, match="it starts with 'EHLO'"):
        HeadReader().feed(b"EHLO")
    assert HeadReader().feed(b"HT") is None
