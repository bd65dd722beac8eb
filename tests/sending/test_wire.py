"""The wire: where a response ends, what happens to its connection, and what carries long bodies in
both directions.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_httpx import HTTPXMock

import servers
from httptask import errors, hookimpl
from httptask.model.exchange import OutgoingRequest, StreamedBody
from httptask.model.policy import Limits
from httptask.sending import _connections
from httptask.sending._connection import Connection
from httptask.sending._framing import ChunkedBody
from httptask.sending._httpx import address
from httptask.sending._wire import MalformedError, Recorder
from httptask.task import HttpTask
from tasks import call, exchange, failure, http, runtime

TEXT = ("Content-Type", "text/plain")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def bodies(
    url: str, count: int, *, between: Callable[[], None] = lambda: None, **request: object
) -> list[object]:
    """Run one task *count* times in a row on the connections of one event loop, and return the
    bodies.
    """

    async def run() -> list[object]:
        async with runtime() as shared:
            task = HttpTask(http(url, request=dict(request)), runtime=shared)
            results: list[object] = []
            for _ in range(count):
                results.append((await task.acall()).body)
                between()
            return results

    return asyncio.run(run())


# Where a response ends


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b'5;a=b;c="d"\r\nhello\r\n00\r\nX-Trailer: 1\r\n\r\n', b"hello"),
        (b"2  \r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", b"hello"),
        (b"0\r\n\r\n", b""),
    ],
)
def test_chunks_do_not_depend_on_how_bytes_arrive(data: bytes, body: bytes) -> None:
    """Extensions and trailers are passed over, spaces behind a size too; not one byte is surplus
    (RFC 9112, section 7.1).
    """
    for size in range(1, len(data) + 1):
        reader = ChunkedBody()
        pieces = [
            piece for at in range(0, len(data), size) for piece in reader.feed(data[at : at + size])
        ]
        assert (b"".join(pieces), reader.is_complete, reader.has_surplus) == (body, True, False)


@pytest.mark.parametrize(
    "surplus", [b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"x", b"HTTP/1.1 200 OK\r\n", servers.OK]
)
def test_any_byte_behind_the_last_chunk_is_surplus(surplus: bytes) -> None:
    """The end of a body is exact: an empty line more is not a part of it, and a whole response is
    no body.
    """
    data = b"5\r\nhello\r\n0\r\n\r\n" + surplus
    for size in (len(data), 16):
        reader = ChunkedBody()
        pieces = [
            piece
            for at in range(0, len(data), size)
            if not reader.is_complete
            for piece in reader.feed(data[at : at + size])
        ]
        assert b"".join(pieces) == b"hello"
        assert reader.is_complete
        assert reader.has_surplus


@pytest.mark.parametrize(
    "data",
    [
        b"5\nhello\n0\n\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhelloX\r\n0\r\n\r\n",
        b"fffffffffffffffff\r\nhello",
        b'5;a="\nb\r\nhello\r\n0\r\n\r\n',
        b"5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n",
        b"5\r\nhello\r\n0\r\nX : 1\r\n\r\n",
    ],
)
def test_chunks_that_two_readers_may_take_differently_are_refused(data: bytes) -> None:
    """Bare line feeds, signs, spaces and bytes between chunks are how responses are smuggled: none
    is read leniently.
    """
    with pytest.raises(MalformedError):
        ChunkedBody().feed(data)
    with servers.raw_server(servers.respond_and_close(CHUNKED + data)) as server:
        assert isinstance(failure(http(server.url)), errors.ProtocolError | errors.IncompleteError)


@pytest.mark.parametrize("before", [b"", b"5\r\nhello\r\n"])
def test_trailers_of_a_hundred_kilobytes_are_read(before: bytes) -> None:
    """What is not of the body is counted, from the last piece of it on; the body is not."""
    most = 100 * 1024
    for size, is_refused in ((most, False), (most + 1, True)):
        reader = ChunkedBody()
        if before:
            assert reader.feed(before) == [b"hello"]
        trailers = b"0\r\nX: ".ljust(size, b"a")
        if is_refused:
            with pytest.raises(errors.TooLargeError, match="100 KiB"):
                reader.feed(trailers)
        else:
            assert reader.feed(trailers) == []


@pytest.mark.parametrize("order", [1, -1])
def test_a_length_beside_chunks_is_refused(order: int) -> None:
    """RFC 9112, section 6.3: both together are an attempt at smuggling, whichever comes first."""
    lines = [b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n"][::order]
    answer = HEAD + b"".join(lines) + b"\r\n5\r\nhello\r\n0\r\n\r\n"
    with servers.raw_server(servers.respond(answer)) as server:
        error = failure(http(server.url))
    assert isinstance(error, errors.ProtocolError)
    assert "both Transfer-Encoding and Content-Length" in str(error)


@pytest.mark.parametrize("length", [b"5, 5", b"5\r\nContent-Length: 5", b"05"])
def test_the_same_length_twice_is_one_length(length: bytes) -> None:
    """RFC 9110, section 8.6: a proxy that repeats it harms nobody."""
    with servers.raw_server(
        servers.respond(HEAD + b"Content-Length: " + length + b"\r\n\r\nhello")
    ) as server:
        assert bodies(server.url, 2) == ["hello"] * 2
        assert server.connections == 1


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nConnection: Close\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nConnection: x, close\r\n\r\n",
    ],
)
def test_a_connection_is_kept_only_where_the_server_keeps_it(head: bytes) -> None:
    """HTTP/1.0, and `close` among the options of `Connection` (RFC 9112, section 9.3), end it."""
    with servers.raw_server(servers.respond(head + b"hello")) as server:
        assert bodies(server.url, 2) == ["hello"] * 2
        assert server.connections == 2


def test_a_change_of_protocol_that_was_not_asked_for_is_refused() -> None:
    """A 101 answers an `Upgrade` (RFC 9110, section 7.8); what follows it is not HTTP."""
    with servers.raw_server(
        servers.respond(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nhello")
    ) as server:
        error = failure(http(server.url))
    assert isinstance(error, errors.ProtocolError)
    assert "another protocol" in str(error)


def test_trailers_are_bounded() -> None:
    """A body that has ended but for trailers without end is too large."""
    trailers = b"X-Trailer: " + b"x" * 4096 + b"\r\n"
    with servers.raw_server(
        servers.respond(CHUNKED + b"1\r\nx\r\n0\r\n" + trailers * 64)
    ) as server:
        error = failure(http(server.url))
    assert isinstance(error, errors.TooLargeError)
    assert "trailers" in str(error)


# What becomes of a connection


def test_what_comes_on_an_idle_connection_closes_it() -> None:
    """Bytes that nobody asked for, whenever they come, are nobody's answer: the next request has a
    new connection.
    """
    arrived = threading.Event()

    def good_then_evil(peer: servers.Peer) -> bool:
        peer.read_request()
        peer.sendall(servers.response(b"good", TEXT))
        peer.sendall(servers.response(b"evil", TEXT))
        arrived.set()
        return True

    def wait() -> None:  # the event loop does not look at the socket meanwhile
        assert arrived.wait(30)
        arrived.clear()

    with servers.raw_server(good_then_evil) as server:
        assert bodies(server.url, 20, between=wait) == ["good"] * 20


def test_a_connection_that_the_server_closed_meanwhile_is_not_used() -> None:
    """Where the end is there to be seen, no request is written: a POST, which may not be sent
    twice, arrives.
    """
    closed = threading.Event()

    def one(peer: servers.Peer) -> None:
        peer.read_request()
        peer.sendall(servers.response(b"ok", TEXT))
        peer.close()
        closed.set()

    def wait() -> None:
        assert closed.wait(30)
        closed.clear()

    with servers.raw_server(one) as server:
        assert bodies(server.url, 10, between=wait, method="POST") == ["ok"] * 10
        assert server.connections == 10


def test_connections_that_nobody_uses_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them, some time after its last response."""
    monkeypatch.setattr(_connections, "_IDLE_SECONDS", 0.2)
    closed = threading.Semaphore(0)

    def one(peer: servers.Peer) -> None:
        while peer.read_request():
            peer.sendall(servers.response(b"ok", TEXT))
        closed.release()

    async def run(urls: list[str]) -> None:
        async with runtime() as shared:
            for url in urls:
                await HttpTask(http(url), runtime=shared).acall()
                await asyncio.sleep(0.1)
            for _ in urls:
                assert await asyncio.to_thread(closed.acquire, timeout=30)

    with servers.raw_server(one) as first, servers.raw_server(one) as second:
        asyncio.run(run([first.url, second.url]))


def test_the_oldest_idle_connection_makes_room_for_another() -> None:
    """For the total that an operator allows: the others stay."""
    with contextlib.ExitStack() as stack:
        answer = servers.respond(servers.response(b"ok", TEXT))
        three = [stack.enter_context(servers.raw_server(answer)) for _ in range(3)]

        async def run() -> None:
            async with runtime(limits=Limits(connections=2)) as shared:
                for server in (*three, three[1], three[2], three[0]):
                    await HttpTask(http(server.url), runtime=shared).acall()

        asyncio.run(run())
        assert [server.connections for server in three] == [2, 1, 1]


def test_connections_are_used_again() -> None:
    """A hundred requests in a row need one connection, of whatever framing the responses are."""
    answer = CHUNKED + b"4\r\ngood\r\n0\r\n\r\n"
    with servers.raw_server(
        servers.sequence(servers.respond(answer), servers.respond(servers.response(b"good", TEXT)))
    ) as server:
        assert bodies(server.url, 100) == ["good"] * 100
        assert server.connections == 1


def test_a_connection_whose_request_broke_off_is_not_used_again() -> None:
    """A file was shorter than it had been, and the server answered all the same: it would take the
    next request for the rest of this one.
    """

    class Short(StreamedBody):
        def __len__(self) -> int:
            return 5

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"hell"

    class Wire(asyncio.Transport):
        written = b""

        def write(self, data: Any) -> None:
            self.written += data

        def is_closing(self) -> bool:
            return False

        def abort(self) -> None:
            self.written += b"<closed>"

    async def sent(body: bytes | StreamedBody) -> tuple[bool, bytes]:
        connection, wire = Connection(lambda _: None), Wire()
        connection.connection_made(wire)
        connection.begin(OutgoingRequest("PUT", "http://a.example/", [], body), Recorder(), 5)
        connection.start(b"", body)
        for _ in range(3):
            await asyncio.sleep(0)
        connection.data_received(servers.OK)
        return connection.leave(), wire.written

    assert asyncio.run(sent(b"hello")) == (True, b"hello")
    assert asyncio.run(sent(Short(()))) == (False, b"hell<closed>")


# Long bodies


def test_the_end_of_a_long_request_is_not_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A head and the pieces of a body go out as they are written: Nagle's algorithm would wait for
    the server (RFC 896).
    """
    made = Connection.connection_made
    no_delay: list[int] = []

    def noted(connection: Connection, transport: asyncio.BaseTransport) -> None:
        sock = transport.get_extra_info("socket")
        no_delay.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        made(connection, transport)

    monkeypatch.setattr(Connection, "connection_made", noted)
    with servers.raw_server(servers.respond(servers.response(b"1", servers.JSON))) as server:
        assert bodies(server.url, 1) == [1]
    assert no_delay == [1]


def test_an_answer_that_comes_before_the_request_is_sent_is_the_answer() -> None:
    """A server that refuses a long upload by its head, and reads no more of it, is heard; the
    connection is not used again.
    """

    def refuse(peer: servers.Peer) -> None:
        peer.recv(1024)
        peer.sendall(servers.response(b"too large", TEXT, status="413 Content Too Large"))
        peer.pause(30)  # neither reads nor closes

    body = "x" * 20_000_000
    with servers.raw_server(refuse) as server:
        error = failure(
            http(server.url, request={"method": "POST", "body": body}, readTimeoutSeconds=60)
        )
    assert isinstance(error, errors.StatusError)
    assert error.status_code == 413


def test_a_server_may_answer_while_it_reads() -> None:
    """Request and response flow at the same time: a server that sends back what it reads, piece by
    piece, is no deadlock.
    """
    size = 8_000_000

    def echo(peer: servers.Peer) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += peer.recv()
        body = head.partition(b"\r\n\r\n")[2]
        peer.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % size + body)
        left = size - len(body)
        while left:
            piece = peer.recv()
            left -= len(piece)
            peer.sendall(piece)

    with servers.raw_server(echo) as server:
        result = call(http(server.url, request={"method": "POST", "body": "x" * size}))
    assert result.body == "x" * size


def test_a_body_of_unknown_length_is_sent_in_chunks() -> None:
    """A plugin that takes the length away has the body sent as chunks (RFC 9112, section 7.1)."""

    class Chunked:
        @hookimpl
        def httptask_prepare_request(self, request: OutgoingRequest) -> None:
            request.headers.append(("Transfer-Encoding", "chunked"))

    with servers.raw_server(servers.echo_json()) as server:
        body = call(http(server.url, request={"method": "POST", "body": {"a": 1}}), Chunked()).body
    assert body["body"] == '7\r\n{"a":1}\r\n0\r\n\r\n'
    assert not any(name.lower() == "content-length" for name, _ in body["headers"])


@pytest.mark.parametrize(
    "header",
    [("Content-Length", "9"), ("Transfer-Encoding", "gzip"), ("X", " a"), ("Host", "b.example")],
)
def test_a_request_that_is_no_http_is_not_sent(header: tuple[str, str]) -> None:
    """A plugin's wrong length, unknown coding, value with blanks around it or second Host ends
    before anything is sent.
    """

    class Wrong:
        @hookimpl
        def httptask_prepare_request(self, request: OutgoingRequest) -> None:
            request.headers += [("Host", "a.example"), header]

    with servers.raw_server(servers.echo_json()) as server:
        error = failure(http(server.url, request={"method": "POST", "body": {"a": 1}}), Wrong())
        assert not server.connections
    assert isinstance(error, errors.SettingsError)
    assert not error.maybe_delivered


class Endless(StreamedBody):
    """A body that has more in it than it says."""

    async def __aiter__(self):  # type: ignore[no-untyped-def]
        for _ in range(10):
            yield b"xxxxx"


def test_a_stream_that_is_not_as_long_as_it_says_is_not_taken_for_sent() -> None:
    """A server must not wait for the rest, nor take the surplus for the next request: the
    connection is closed.
    """

    class Wrong:
        @hookimpl
        def httptask_prepare_request(self, request: OutgoingRequest) -> None:
            request.body = Endless((b"xxxxx",))

    with servers.raw_server(servers.silent()) as server:
        assert isinstance(
            failure(http(server.url, request={"method": "POST"}), Wrong()), errors.SettingsError
        )


def test_a_slow_reader_makes_the_server_wait() -> None:
    """What is not read yet is bounded: a server that is faster than the disk does not fill the
    memory.
    """
    sent = []

    def stream(peer: servers.Peer) -> None:
        peer.read_request()
        with contextlib.suppress(OSError):
            peer.sendall(HEAD + b"Content-Length: 100000000\r\n\r\n")
            for _ in range(1000):
                peer.sendall(b"x" * 100_000)
                sent.append(100_000)

    async def run(url: str) -> int:
        async with runtime() as shared:
            request = OutgoingRequest("GET", url)
            from httptask.model.policy import Timeouts
            from httptask.sending import allowing
            from httptask.sending._wire import Recorder

            with allowing(shared.allowed):
                answer = await shared.connections.send(request, None, Timeouts(), Recorder())
            await anext(answer.chunks)
            size = -1
            while size != len(sent):  # until the server stands still
                size = len(sent)
                await asyncio.sleep(0.5)
            answer.close()
            return size

    with servers.raw_server(stream) as server:
        assert asyncio.run(run(server.url)) < 500


Timers = list[tuple[str, asyncio.TimerHandle]]


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> Timers:
    """The timers of event loops, in the order in which they were set, each with its function."""
    made: Timers = []
    call_at = asyncio.BaseEventLoop.call_at

    def noted(loop: Any, when: float, function: Any, *given: Any, **named: Any) -> Any:
        timer = call_at(loop, when, function, *given, **named)
        made.append((getattr(function, "__qualname__", ""), timer))
        return timer

    monkeypatch.setattr(asyncio.BaseEventLoop, "call_at", noted)
    return made


def test_waits_that_ended_leave_one_timer(timers: Timers) -> None:
    """A long request, and a response in many pieces, would leave one for each of their pieces."""

    def pieces(peer: servers.Peer) -> None:
        time.sleep(0.1)
        peer.read_request()
        peer.sendall(HEAD + b"Content-Length: 5\r\n\r\n")
        for _ in range(5):
            time.sleep(0.02)
            peer.sendall(b"x")

    async def run(url: str) -> list[str]:
        async with runtime() as shared:
            request = {"method": "POST", "body": "x" * 10_000_000}
            await HttpTask(http(url, request=request), runtime=shared).acall()
            return [function for function, timer in timers if not timer.cancelled()]

    with servers.raw_server(pieces) as server:
        left = asyncio.run(run(server.url))
    assert len(timers) > 5
    assert "_give_up" not in left
    assert left.count("Connection._watch") <= 1


def test_one_timer_watches_all_requests_of_a_connection(timers: Timers) -> None:
    """It ends with the connection, and another one is set for a shorter time."""

    def answer(peer: servers.Peer) -> bool:
        peer.read_request()
        peer.sendall(HEAD + b"Content-Length: 0\r\n\r\n")
        return True

    async def run(url: str) -> list[asyncio.TimerHandle]:
        async with runtime() as shared:
            for seconds in (20, 20, 20, 10, 10):
                task = http(url, readTimeoutSeconds=seconds)
                await HttpTask(task, runtime=shared).acall()
        return [timer for function, timer in timers if function == "Connection._watch"]

    with servers.raw_server(answer) as server:
        watching = asyncio.run(run(server.url))
        assert server.connections == 1
    assert len(watching) == 2
    assert all(timer.cancelled() for timer in watching)


# httpx as the outside


@pytest.mark.httpx_mock(should_mock=lambda request: request.url.host == "api.example")
def test_what_a_mock_lets_through_goes_by_our_rules(httpx_mock: HTTPXMock) -> None:
    """A test may mock one host and send to another: what is sent passes the egress rules, httpx
    itself sends nothing.
    """
    httpx_mock.add_response(text="mocked")
    with servers.raw_server(servers.respond(servers.response(b"real", TEXT))) as server:
        assert call(http("https://api.example/")).body == "mocked"
        seen = exchange(http(server.url))
        assert isinstance(failure(http(server.url), allow=[]), errors.BlockedError)
        assert server.connections == 1
    assert seen.response is not None
    assert seen.response.decoded == "real"
    assert "connect" in seen.phases


@pytest.mark.parametrize(
    ("raised", "kind", "delivered"),
    [
        (httpx.ConnectError("no route"), errors.ConnectionFailedError, False),
        (httpx.ConnectTimeout("slow"), errors.TimedOutError, False),
        (httpx.PoolTimeout("full"), errors.TimedOutError, False),
        (httpx.ReadTimeout("slow"), errors.TimedOutError, True),
        (httpx.WriteTimeout("slow"), errors.TimedOutError, True),
        (httpx.ReadError("reset"), errors.ConnectionFailedError, True),
        (httpx.RemoteProtocolError("no HTTP"), errors.ProtocolError, True),
        (httpx.LocalProtocolError("no HTTP"), errors.SettingsError, True),
        (httpx.UnsupportedProtocol("ftp"), errors.SettingsError, False),
        (RuntimeError("a bug"), errors.ConnectionFailedError, True),
    ],
)
def test_what_a_mock_raises_is_a_class_of_ours(
    raised: Exception, kind: type[errors.TaskError], delivered: bool, httpx_mock: HTTPXMock
) -> None:
    """Every exception of httpx that a test has raised ends in the class that the network would have
    ended in.
    """
    httpx_mock.add_exception(raised)
    error = failure(http("https://api.example/"))
    assert isinstance(error, kind)
    assert error.maybe_delivered == delivered


@given(
    st.from_regex(
        r"https?://[a-z.]{1,9}(:[0-9]{1,4})?(/[!-~é ]{0,9}){0,2}(\?[!-~é ]{0,9})?(#[!-~]{0,3})?",
        fullmatch=True,
    )
)
@example("https://a/%zz")
@example("https://a/b%2")
@example("https://a/%41%2f")
@example("https://a/b/../c?d=/./e")
def test_a_url_is_sent_as_httpx_reads_it(url: str) -> None:
    """Host, port and target are httpx's, whichever way they were read."""
    try:
        theirs = httpx.URL(url)
        expected = (
            theirs.scheme,
            theirs.raw_host.decode(),
            theirs.port,
            theirs.netloc.decode(),
            theirs.raw_path.decode(),
        )
    except Exception:  # noqa: BLE001 - whatever httpx cannot read, we refuse
        with pytest.raises(Exception):  # noqa: B017, PT011
            address(url)
        return
    if not theirs.host:
        return
    origin, authority, target = address(url)
    port = None if origin.port == {"http": 80, "https": 443}[origin.scheme] else origin.port
    assert (origin.scheme, origin.host, port, authority, target) == expected
