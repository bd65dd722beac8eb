"""Every call ends in exactly one class, whatever the server does. The servers are raw sockets, not
an HTTP library.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable
from functools import cache, partial

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

import servers
from httptask import errors, hookimpl
from httptask._core.redaction import Redactor
from httptask.model.credential import Credential, Secret
from httptask.model.policy import Limits
from httptask.sending._hop import Received
from httptask.sending._response import view_of
from httptask.task import HttpTask
from tasks import call, exchange, failure, http, runtime


def zeros(coding: str, encode: Callable[[bytes], bytes]) -> servers.Handler:
    """Answer with a hundred megabytes of zeros, encoded.

    They are encoded for the first request only: every process of a test run makes the handlers of
    all tests, and runs some.
    """

    @cache
    def answer() -> servers.Handler:
        data = encode(bytes(100 * servers.MEGABYTE))
        return servers.respond(
            servers.response(data, ("Content-Type", "text/plain"), ("Content-Encoding", coding))
        )

    return lambda peer: answer()(peer)


OK = servers.respond(servers.response(b'{"ok": true}', servers.JSON))


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        pytest.param(servers.close_at_once(), errors.ConnectionFailedError, id="closed at once"),
        pytest.param(
            servers.close_at_once(after_request=True),
            errors.ConnectionFailedError,
            id="closed after the request",
        ),
        pytest.param(servers.reset(), errors.ConnectionFailedError, id="reset"),
        pytest.param(
            servers.reset(after_request=True),
            errors.ConnectionFailedError,
            id="reset after the request",
        ),
        pytest.param(servers.bad_status_line(), errors.ProtocolError, id="no status line"),
        pytest.param(
            servers.cut_body(), errors.IncompleteError, id="body shorter than Content-Length"
        ),
        pytest.param(servers.cut_chunked(), errors.IncompleteError, id="chunks without end"),
        pytest.param(servers.header_flood(10_000), errors.TooLargeError, id="10,000 headers"),
        pytest.param(servers.gzip_bomb(100), errors.TooLargeError, id="gzip bomb"),
        pytest.param(servers.gzip_bomb(100, layers=2), errors.TooLargeError, id="gzip in gzip"),
        pytest.param(servers.broken_gzip(), errors.DecodeError, id="broken gzip"),
        pytest.param(servers.truncated_gzip(), errors.DecodeError, id="truncated gzip"),
        pytest.param(servers.not_json(), errors.ParseError, id="says JSON, is HTML"),
        pytest.param(servers.deep_json(100_000), errors.ParseError, id="JSON nested 100,000 deep"),
        pytest.param(servers.deep_json(700), errors.ParseError, id="JSON nested 700 deep"),
        pytest.param(servers.endless_body(), errors.TooLargeError, id="a body without end"),
        pytest.param(
            servers.endless_body(chunked=True), errors.TooLargeError, id="chunks without end, many"
        ),
        pytest.param(
            servers.respond(servers.response(b"[1" + b"0" * 5000 + b"]", servers.JSON)),
            errors.ParseError,
            id="huge number",
        ),
        pytest.param(
            servers.respond(servers.response(b"[NaN]", servers.JSON)), errors.ParseError, id="NaN"
        ),
        pytest.param(
            servers.respond(servers.response(b"not br", ("Content-Encoding", "br"))),
            errors.DecodeError,
            id="broken br",
        ),
        pytest.param(
            servers.respond(servers.response(b"not zstd", ("Content-Encoding", "zstd"))),
            errors.DecodeError,
            id="broken zstd",
        ),
        pytest.param(
            servers.respond(
                servers.response(brotli.compress(b"x" * 100)[:-1], ("Content-Encoding", "br"))
            ),
            errors.DecodeError,
            id="truncated br",
        ),
        pytest.param(
            zeros("br", partial(brotli.compress, quality=5)), errors.TooLargeError, id="br bomb"
        ),
        pytest.param(zeros("zstd", zstandard.compress), errors.TooLargeError, id="zstd bomb"),
        pytest.param(
            servers.respond(servers.response(b"no", status="404 Not Found")),
            errors.StatusError,
            id="404",
        ),
        pytest.param(
            servers.respond(servers.response(b"", status="304 Not Modified")),
            errors.StatusError,
            id="304",
        ),
    ],
)
def test_whatever_the_server_does_is_one_class_with_an_exchange(
    handler: servers.Handler, kind: type[errors.TaskError]
) -> None:
    """A misbehaving server ends in the one class that says what it did, with the exchange as far as
    it went.
    """
    with servers.raw_server(handler) as server:
        error = failure(http(server.url + "/x"))
    assert type(error) is kind, repr(error)
    assert error.exchange is not None
    assert error.exchange.outcome == kind.kind
    assert error.exchange.request is not None
    assert error.attempts == 1
    assert json.dumps(error.to_json())


@pytest.mark.parametrize(
    ("handler", "phase", "settings"),
    [
        pytest.param(servers.silent(), "read", {"readTimeoutSeconds": 1}, id="silence"),
        pytest.param(
            servers.silent(), "total", {"totalTimeoutSeconds": 2}, id="silence, total first"
        ),
        pytest.param(
            servers.drip(0.05), "total", {"totalTimeoutSeconds": 2}, id="a byte at a time"
        ),
        pytest.param(
            servers.drip(0.05, part="head"),
            "total",
            {"totalTimeoutSeconds": 2},
            id="headers a byte at a time",
        ),
        pytest.param(
            servers.continue_forever(),
            "total",
            {"totalTimeoutSeconds": 2},
            id="100 Continue for ever",
        ),
    ],
)
def test_a_time_limit_says_which_one_and_how_long(
    handler: servers.Handler, phase: str, settings: dict[str, float]
) -> None:
    """A slow server ends in a time-out that names the setting to change and its value."""
    with servers.raw_server(handler) as server:
        error = failure(http(server.url, **settings))
    assert isinstance(error, errors.TimedOutError)
    assert error.phase == phase
    assert error.seconds == settings[f"{phase}TimeoutSeconds"]
    assert f"{phase}TimeoutSeconds" in str(error)
    assert error.maybe_delivered


@pytest.mark.parametrize("path", ["", "/", "/x/y?a=b/c", "?a=/b"])
@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (
            servers.close_at_once(after_request=True),
            "{server} closed the connection before a response came",
        ),
        (
            servers.reset(after_request=True),
            "the connection to {server} broke before a response came: ",
        ),
        (servers.bad_status_line(), "{server} does not answer in HTTP: "),
        (servers.cut_chunked(), "the response's body ended early, after "),
        (servers.silent(), "the server sent nothing for 1 s (readTimeoutSeconds): {server}"),
    ],
)
def test_an_error_of_the_network_says_whose_it_is(
    handler: servers.Handler, said: str, path: str
) -> None:
    """In words of ours, with the host and the port of the server and nothing else of the URL."""
    with servers.raw_server(handler) as server:
        error = failure(
            http(server.url + path, readTimeoutSeconds=1 if "readTimeout" in said else 30)
        )
    expected = said.format(server=server.url.removeprefix("http://"))
    assert str(error).startswith(expected)


def test_a_connection_nobody_accepts_is_a_connect_time_out() -> None:
    """A host that swallows the connection ends in `timeout`, phase connect: nothing was delivered,
    so any method may retry.
    """
    with servers.dead_server() as port:
        error = failure(
            http(
                f"http://127.0.0.1:{port}",
                request={"method": "POST"},
                connectionTimeoutSeconds=1,
            )
        )
    assert isinstance(error, errors.TimedOutError)
    assert (error.phase, error.seconds, error.maybe_delivered, error.retryable) == (
        "connect",
        1,
        False,
        True,
    )


def test_a_server_that_is_not_there_is_named() -> None:
    """A refused connection says where and asks whether the server runs; any method may try
    again.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = failure(http(f"http://127.0.0.1:{port}/a", request={"method": "POST"}))
    assert isinstance(error, errors.ConnectionFailedError)
    assert f"127.0.0.1:{port}" in str(error)
    assert "is the server running?" in str(error)
    assert error.retryable
    assert not error.maybe_delivered


def test_a_name_without_an_address_is_dns() -> None:
    """A host name nobody knows (RFC 2606: .invalid) ends in `dns`."""
    error = failure(http("http://nobody.invalid/"))
    assert isinstance(error, errors.DnsError)
    assert "nobody.invalid" in str(error)
    assert error.retryable


@pytest.mark.parametrize("flaw", ["untrusted", "expired", "wrong-host"])
def test_a_certificate_that_does_not_hold_is_tls(
    flaw: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate that is untrusted, expired or somebody else's is `tls`, never `connection`, and
    is never retried.
    """
    with servers.tls_server(OK, "localhost", flaw=flaw) as server:
        if flaw != "untrusted":
            monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_pem))
        error = failure(http(server.url), allow=["localhost"])
    assert isinstance(error, errors.TlsError), repr(error)
    assert not error.retryable
    assert "certificate" in str(error)


def test_https_works_and_its_handshake_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that holds lets the request through; the exchange says how long each phase
    took.
    """
    with servers.tls_server(OK, "localhost") as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_pem))
        seen = exchange(http(server.url), allow=["localhost"])
    assert seen.outcome == "success"
    assert list(seen.phases) == ["dns", "connect", "tls", "send", "wait", "receive"]
    assert all(seconds >= 0 for seconds in seen.phases.values())


@pytest.mark.parametrize("began", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_a_record_that_was_changed_on_its_way_is_tls(
    began: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever came before it: no connection that broke off, and OpenSSL says why."""

    def changed(peer: servers.Peer) -> bool:
        peer.read_request()
        peer.sendall(began)
        socket.socket.sendall(peer.socket, b"\x17\x03\x03\x00\x20" + bytes(32))
        peer.wait_for_close()
        return False

    with servers.tls_server(changed, "localhost") as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_pem))
        error = failure(http(server.url), allow=["localhost"])
    assert isinstance(error, errors.TlsError), repr(error)
    assert f"TLS with localhost:{server.port} broke: " in str(error)
    assert "record" in str(error).lower()


def test_https_to_a_server_that_speaks_plain_http() -> None:
    """https to a server that speaks plain HTTP is `tls`, said in OpenSSL's words."""

    def plain(peer: servers.Peer) -> bool:
        peer.recv()
        peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        peer.wait_for_close()
        return False

    with servers.raw_server(plain) as server:
        error = failure(http(server.url.replace("http://", "https://")))
    assert isinstance(error, errors.TlsError)


@pytest.mark.parametrize(
    ("status", "method", "retryable"),
    [
        (408, "GET", True),
        (409, "PUT", False),
        (421, "POST", True),
        (425, "POST", True),
        (429, "POST", True),
        (500, "GET", True),
        (500, "POST", False),
        (501, "GET", False),
        (502, "PUT", True),
        (503, "DELETE", True),
        (503, "POST", False),
        (504, "PATCH", False),
        (507, "GET", False),
        (522, "GET", True),
        (400, "GET", False),
        (401, "GET", False),
        (404, "GET", False),
    ],
)
def test_the_error_says_whether_another_try_may_help(
    status: int, method: str, retryable: bool
) -> None:
    """`retryable` follows the table: by status, and by whether the method is idempotent (RFC 9110,
    section 9.2.2).
    """
    with servers.raw_server(
        servers.respond(servers.response(b"", status=f"{status} Said So"))
    ) as server:
        error = failure(http(server.url, request={"method": method}))
        keyed = failure(
            http(server.url, request={"method": method, "headers": {"Idempotency-Key": "k"}})
        )
    assert isinstance(error, errors.StatusError)
    assert (error.status_code, error.retryable) == (status, retryable)
    assert keyed.retryable == (retryable or status in (408, 409, 500, 502, 503, 504))


def test_a_failed_task_carries_the_same_result_as_a_successful_one() -> None:
    """A 404's body is not lost: the error has the result object, parsed, and its sentence quotes
    it.
    """
    answer = servers.response(b'{"reason": "gone fishing"}', servers.JSON, status="404 Not Found")
    with servers.raw_server(servers.respond(answer)) as server:
        error = failure(http(server.url + "/x"))
    assert error.result is not None
    assert error.result.to_json()["statusCode"] == 404
    assert error.result.body == {"reason": "gone fishing"}
    assert "gone fishing" in str(error)


def test_retry_honours_the_definition_and_counts_the_first_try() -> None:
    """Two 503s and then a 200: three attempts, each in the exchange with its wait; the body is sent
    every time.
    """
    busy = servers.respond(servers.response(b"busy", status="503 Busy"))
    with servers.raw_server(servers.sequence(busy, busy, servers.echo_json())) as server:
        seen = exchange(
            http(
                server.url,
                request={"method": "PUT", "body": {"a": 1}},
                retry={"intervalSeconds": 0.01, "maxAttempts": 3},
            )
        )
    assert [attempt.outcome for attempt in seen.attempts] == ["status", "status", "success"]
    assert [attempt.number for attempt in seen.attempts] == [1, 2, 3]
    assert all(body.endswith(b'{"a":1}') for body in server.received)
    assert len(server.received) == 3


def test_max_attempts_is_the_end_of_it() -> None:
    """A server that never recovers is asked `maxAttempts` times, not once more."""
    with servers.raw_server(servers.respond(servers.response(b"", status="500 No"))) as server:
        error = failure(http(server.url, retry={"intervalSeconds": 0, "maxAttempts": 4}))
    assert error.attempts == 4
    assert len(server.received) == 4


def test_without_retry_there_is_one_attempt() -> None:
    """Nothing is tried again unless its author asked for it."""
    with servers.raw_server(servers.respond(servers.response(b"", status="503 No"))) as server:
        assert failure(http(server.url)).attempts == 1
    assert len(server.received) == 1


def test_post_is_not_sent_twice() -> None:
    """An unsafe method whose answer was lost is not sent again: the server may have done it."""
    with servers.raw_server(servers.close_at_once(after_request=True)) as server:
        error = failure(
            http(
                server.url,
                request={"method": "POST"},
                retry={"intervalSeconds": 0, "maxAttempts": 5},
            )
        )
    assert len(server.received) == 1
    assert error.maybe_delivered
    assert not error.retryable
    assert "not tried again: a POST that may have arrived" in str(error)


def test_retry_after_is_a_minimum() -> None:
    """The server's Retry-After is waited for, even where the author's interval is shorter."""
    busy = servers.respond(servers.response(b"", ("Retry-After", "1"), status="429 Slow Down"))
    with servers.raw_server(servers.sequence(busy, OK)) as server:
        seen = exchange(http(server.url, retry={"intervalSeconds": 0, "maxAttempts": 2}))
    assert seen.outcome == "success"
    assert seen.attempts[1].waited_seconds >= 1


def test_a_retry_after_beyond_the_deadline_is_told_not_waited_for() -> None:
    """A wait that the total time does not allow ends the call at once and stands in
    `retry_after`.
    """
    busy = servers.respond(servers.response(b"", ("Retry-After", "3600"), status="503 Closed"))
    began = time.monotonic()
    with servers.raw_server(busy) as server:
        error = failure(http(server.url, retry={"maxAttempts": 3}, totalTimeoutSeconds=300))
    assert error.retry_after == 3600
    assert error.attempts == 1
    assert "not tried again: waiting" in str(error)
    assert time.monotonic() - began < 250  # it did not wait for the deadline either


@pytest.mark.parametrize("hour", ["11", "13"])
def test_a_date_to_retry_after_is_of_the_servers_clock(hour: str) -> None:
    """A server whose clock is behind ours, or before it, still says how long to wait: its own
    `Date` is what a date of its is compared to.
    """
    busy = servers.response(
        b"",
        ("Date", f"Mon, 23 Nov 2015 {hour}:00:00 GMT"),
        ("Retry-After", f"Mon, 23 Nov 2015 {hour}:50:00 GMT"),
        status="429 Slow Down",
    )
    with servers.raw_server(servers.respond(busy)) as server:
        error = failure(http(server.url, retry={"maxAttempts": 3}, totalTimeoutSeconds=300))
    assert error.retry_after == 3000
    assert error.attempts == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("9999999999", 9_999_999_999), ("9" * 400, 2.0**53), ("600.5", 600.5)],
    ids=lambda value: value,
)
def test_a_retry_after_of_any_length_is_given_up(value: str, seconds: float) -> None:
    """A wait that no task may take is not taken for none at all; the error says how long, as
    JSON.
    """
    busy = servers.respond(servers.response(b"", ("Retry-After", value), status="429 Slow Down"))
    with servers.raw_server(busy) as server:
        error = failure(http(server.url, retry={"intervalSeconds": 0}, totalTimeoutSeconds=30))
        assert len(server.received) == 1
    assert error.retry_after == seconds
    assert json.loads(json.dumps(error.to_json(), allow_nan=False))["retryAfterSeconds"] == seconds
    assert "not tried again: waiting" in str(error)


def test_a_retry_after_with_decimals_is_waited_for() -> None:
    """Servers that write `0.2` mean it: all requests to them wait, and no longer than that."""
    busy = servers.respond(servers.response(b"", ("Retry-After", "0.2"), status="429 Slow Down"))
    with servers.raw_server(servers.sequence(busy, OK)) as server:
        seen = exchange(http(server.url, request={"method": "POST"}, retry={"intervalSeconds": 0}))
    assert [attempt.waited_seconds for attempt in seen.attempts] == [0, 0.2]


@pytest.mark.parametrize("status", ["403 Forbidden", "413 Too Large"])
def test_a_refusal_that_names_retry_after_is_tried_again(status: str) -> None:
    """RFC 9110, section 10.2.3 lets any response say when to come back; what was refused was not
    done.
    """
    busy = servers.respond(servers.response(b"", ("Retry-After", "0"), status=status))
    with servers.raw_server(servers.sequence(busy, OK)) as server:
        seen = exchange(http(server.url, request={"method": "POST"}, retry={"intervalSeconds": 0}))
    assert [attempt.outcome for attempt in seen.attempts] == ["status", "success"]


def test_a_status_that_the_author_names_is_tried_again() -> None:
    """`retry.statuses`: a 404 right after a POST elsewhere created it; also a 202 that is no
    success yet.
    """
    missing = servers.respond(servers.response(b"", status="404 Not Found"))
    early = servers.respond(servers.response(b"", status="202 Accepted"))
    retry = {"intervalSeconds": 0, "maxAttempts": 4, "statuses": [404, 202]}
    with servers.raw_server(servers.sequence(missing, early, OK)) as server:
        done = "${jsonata: statusCode = 200}"
        assert call(http(server.url, retry=retry, successCondition=done)).attempts == 3
    with servers.raw_server(missing) as server:
        error = failure(http(server.url, request={"method": "POST"}, retry=retry))
        assert (error.attempts, error.retryable) == (1, False)
        assert str(error).endswith("; not tried again: " + REPEATED_WITH_KEY)


REPEATED_WITH_KEY = "a POST that may have arrived is repeated only with an Idempotency-Key header"


@pytest.mark.parametrize(
    ("handler", "request_", "why"),
    [
        (
            servers.respond(servers.response(b"", status="404 Gone")),
            {},
            "a 404 is tried again only when retry.statuses names it",
        ),
        (
            servers.respond(servers.response(b"", status="409 No")),
            {"method": "PUT"},
            "a 409 is tried again only with an Idempotency-Key header",
        ),
        (
            servers.respond(servers.response(b"", status="503 No")),
            {"method": "POST"},
            REPEATED_WITH_KEY,
        ),
        (servers.not_json(), {}, "the answer would be the same"),
        (servers.redirect("ftp://h/"), {}, "the server would redirect alike"),
        (servers.bad_status_line(), {}, "a server that does not speak HTTP would answer alike"),
        (servers.header_flood(10_000), {}, "the answer would be as large again"),
    ],
)
def test_who_gave_retry_and_did_not_get_it_reads_why(
    handler: servers.Handler, request_: dict[str, str], why: str
) -> None:
    """An error that was not tried again says why when its author asked for more attempts, and only
    then.
    """
    with servers.raw_server(handler) as server:
        error = failure(http(server.url, request=request_, retry={"intervalSeconds": 0}))
        silent = failure(http(server.url, request=request_))
    assert str(error).endswith(f"; not tried again: {why}")
    assert error.attempts == 1
    assert error.exchange is not None
    assert error.exchange.error == str(error)
    assert "not tried again" not in str(silent)


def test_the_total_deadline_covers_all_attempts() -> None:
    """However many attempts are allowed, the total ends them."""
    with servers.raw_server(servers.silent()) as server:
        error = failure(
            http(
                server.url,
                retry={"intervalSeconds": 0, "maxAttempts": 100},
                readTimeoutSeconds=1,
                totalTimeoutSeconds=4.5,
            )
        )
    assert isinstance(error, errors.TimedOutError)
    assert error.phase == "total"
    assert 2 <= error.attempts <= 5


def test_a_body_after_204_and_bytes_after_a_response_do_no_harm() -> None:
    """Framing says where a response ends; what follows is not its body."""
    with servers.raw_server(servers.body_after_204()) as server:
        assert call(http(server.url)).body is None
    with servers.raw_server(servers.extra_bytes()) as server:
        call(http(server.url))


@pytest.mark.parametrize(
    ("framed", "body"),
    [
        (servers.response(b"good"), "good"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n", "good"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", None),
    ],
    ids=["sized", "chunked", "none"],
)
@pytest.mark.parametrize(
    "surplus",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", b"HTTP/1.1 200 OK\r\nX-Evil: 1\r\nX-"],
)
def test_surplus_bytes_are_never_the_next_response(
    framed: bytes, body: str | None, surplus: bytes
) -> None:
    """What a server sends after a response, a whole second response or the start of one, is
    nobody's answer.
    """

    async def three(url: str) -> list[object]:
        async with runtime() as shared:
            task = HttpTask(http(url), runtime=shared)
            return [(await task.acall()).body for _ in range(3)]

    with servers.raw_server(servers.respond(framed + surplus)) as server:
        assert asyncio.run(three(server.url)) == [body] * 3
        assert server.connections == 3


def test_the_limit_on_a_body_is_exact() -> None:
    """A body of the limit passes, one byte more is `too_large`, also when it only shows after
    decompression.
    """
    for size, passes in ((1000, True), (1001, False)):
        for headers, body in (
            ((), b"x" * size),
            ((servers.GZIP,), servers.compressed(b"x" * size)),
        ):
            with servers.raw_server(
                servers.respond(servers.response(body, ("Content-Type", "text/plain"), *headers))
            ) as server:
                definition = http(server.url)
                if passes:
                    assert call(definition, limits=Limits(body=1000)).body == "x" * size
                else:
                    assert isinstance(
                        failure(definition, limits=Limits(body=1000)), errors.TooLargeError
                    )


def test_a_stale_connection_is_replaced_once_for_idempotent_methods() -> None:
    """A kept-alive connection the server closed meanwhile is nobody's failure: the request goes out
    on a new one.
    """

    async def twice(url: str) -> list[int]:
        async with runtime() as shared:
            task = HttpTask(http(url), runtime=shared)
            return [(await task.acall()).status_code, (await task.acall()).status_code]

    def answer_then_hang_up_on_the_next(peer: servers.Peer) -> bool:
        peer.read_request()
        peer.sendall(servers.response(b"{}", servers.JSON))
        peer.has_more()  # the next request has begun to arrive when the connection goes
        return False

    with servers.raw_server(servers.sequence(answer_then_hang_up_on_the_next, OK)) as server:
        assert asyncio.run(twice(server.url)) == [200, 200]
        assert server.connections == 2


@pytest.mark.parametrize("then", ["503", "429", "close"])
def test_a_post_that_was_answered_by_a_redirect_is_not_sent_again(then: str) -> None:
    """303 and then trouble: the POST has been accepted, so it goes out once, whatever `retry`
    says.
    """
    trouble = {
        "503": servers.respond(servers.response(b"", status="503 Busy")),
        "429": servers.respond(servers.response(b"", status="429 Slow Down")),
        "close": servers.close_at_once(after_request=True),
    }[then]
    with servers.raw_server(servers.sequence(servers.redirect("/result", 303), trouble)) as server:
        definition = http(
            server.url, request={"method": "POST", "body": {"pay": 1}}, retry={"intervalSeconds": 0}
        )
        error = failure(definition)
        assert [request.split(b" ")[0] for request in server.received].count(b"POST") == 1
    assert not error.retryable
    assert error.maybe_delivered


def test_a_stale_connection_is_replaced_once_and_not_more() -> None:
    """However many idle connections the server has dropped, a request is sent at most twice."""

    async def many(url: str) -> None:
        async with runtime() as shared:
            warm = HttpTask(http(url + "/warm"), runtime=shared)
            await asyncio.gather(*(warm.acall() for _ in range(6)))
            server.received.clear()
            with pytest.raises(errors.ConnectionFailedError):
                await HttpTask(http(url, request={"method": "DELETE"}), runtime=shared).acall()

    def answer_one(peer: servers.Peer) -> bool:
        request = peer.read_request()
        if request.startswith(b"GET"):
            peer.pause(0.2)  # all six are under way at once, each on a connection of its own
            peer.sendall(servers.response(b"{}", servers.JSON))
            return True
        return False

    with servers.raw_server(answer_one) as server:
        asyncio.run(many(server.url))
        assert len(server.received) == 2


@pytest.mark.parametrize(("method", "sendings"), [("POST", 1), ("PATCH", 1), ("PUT", 2)])
def test_only_an_idempotent_request_goes_again_on_a_stale_connection(
    method: str, sendings: int
) -> None:
    """A kept-alive connection that closes on a POST may have delivered it: it is not sent again."""

    async def after_a_get(url: str) -> errors.TaskError:
        async with runtime() as shared:
            await HttpTask(http(url + "/warm"), runtime=shared).acall()
            with pytest.raises(errors.ConnectionFailedError) as caught:
                await HttpTask(http(url, request={"method": method}), runtime=shared).acall()
            return caught.value

    def answer_gets(peer: servers.Peer) -> bool:
        if not peer.read_request().startswith(b"GET"):
            return False
        peer.sendall(servers.response(b"{}", servers.JSON))
        return True

    with servers.raw_server(answer_gets) as server:
        error = asyncio.run(after_a_get(server.url))
        assert [request.split(b" ")[0].decode() for request in server.received].count(
            method
        ) == sendings
    assert error.maybe_delivered


@given(
    st.lists(st.binary(max_size=40), min_size=1, max_size=4), st.integers(0, 5), st.integers(0, 5)
)
def test_gzip_reads_as_pythons_own(parts: list[bytes], between: int, after: int) -> None:
    """Members, and zeros between and after them, decode to what the standard library makes of
    them.
    """
    body = (b"\0" * between).join(gzip.compress(part) for part in parts) + b"\0" * after
    received = Received("HTTP/1.1", 200, "OK", (servers.GZIP,), bytearray(body), True)
    seen = view_of(received, Limits(), Redactor())
    assert seen.error is None
    assert seen.content == gzip.decompress(body)


@pytest.mark.parametrize("kept_alive", [False, True])
def test_what_was_sent_before_counts_for_maybe_delivered(kept_alive: bool) -> None:
    """PUT, answered by nothing, then refused: the last sending went nowhere, the one before may
    have arrived, in an attempt of its own or on a connection that the server had kept alive.
    """

    def hang_up_for_good(peer: servers.Peer) -> bool:
        if peer.read_request().startswith(b"GET"):
            peer.sendall(servers.OK)
            return True
        gone.append(True)
        return False

    gone: list[bool] = []

    class Shut:
        """The second connection is refused by a rule: nothing of that attempt goes out."""

        @hookimpl
        def httptask_check_egress(self) -> str | None:
            return "shut now" if gone else None

    async def put(url: str) -> errors.BlockedError:
        retry = {"intervalSeconds": 0, "maxAttempts": 2}
        definition = http(
            url, request={"method": "PUT"}, **({} if kept_alive else {"retry": retry})
        )
        async with runtime(Shut()) as shared:
            if kept_alive:
                await HttpTask(http(url), runtime=shared).acall()
            with pytest.raises(errors.BlockedError) as refused:
                await HttpTask(definition, runtime=shared).acall()
        return refused.value

    with servers.raw_server(hang_up_for_good) as server:
        error = asyncio.run(put(server.url))
    assert error.attempts == (1 if kept_alive else 2)
    assert error.maybe_delivered


def test_a_credential_that_fails_in_a_later_attempt_loses_no_exchange() -> None:
    """503, and then the vault is down: the error says so and carries the first attempt."""

    class Vault:
        asked = 0

        @hookimpl
        def httptask_credential(self, name: str) -> Credential:
            self.asked += 1
            if self.asked > 1:
                raise OSError("the vault is down")
            return Credential(name, "bearer", {"token": Secret("t0ken-value")})

    with servers.raw_server(servers.respond(servers.response(b"", status="503 Busy"))) as server:
        definition = http(
            server.url, credentials="c", retry={"intervalSeconds": 0, "maxAttempts": 3}
        )
        error = failure(definition, Vault())
    assert isinstance(error, errors.CredentialError)
    assert error.exchange is not None
    assert [attempt.outcome for attempt in error.exchange.attempts] == ["status", "credential"]
    assert error.maybe_delivered


def test_a_thread_that_hangs_does_not_hold_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up or a vault that blocks is left behind: the sync call returns when its time is
    over.
    """
    release = threading.Event()

    class Vault:
        @hookimpl
        def httptask_credential(self, name: str) -> None:
            release.wait(60)

    began = time.monotonic()
    try:
        for definition, kind in (
            (http("http://slow.example/", totalTimeoutSeconds=0.3), errors.TimedOutError),
            (http("http://h/", credentials="c", totalTimeoutSeconds=0.3), errors.CredentialError),
        ):
            with monkeypatch.context() as patched:
                patched.setattr(socket, "getaddrinfo", lambda *_, **__: release.wait(60) or [])
                assert isinstance(failure(definition, Vault()), kind)
    finally:
        release.set()
    assert time.monotonic() - began < 50  # not the two minutes that the threads would have taken


def test_many_empty_gzip_members_end_at_once() -> None:
    """A megabyte of empty gzip members is refused by their number, not unpacked one by one for
    minutes.
    """
    body = gzip.compress(b"") * 50_000
    with servers.raw_server(
        servers.respond(servers.response(body, servers.JSON, servers.GZIP))
    ) as server:
        assert isinstance(failure(http(server.url)), errors.DecodeError)


def test_gzip_as_servers_send_it() -> None:
    """Several members are one body (RFC 1952, section 2.2); padding after the last is ignored;
    deflate may be raw.
    """
    text = ("Content-Type", "text/plain")
    members = gzip.compress(b"one ") + gzip.compress(b"two")
    raw = zlib.compressobj(wbits=-15)
    bodies = [
        (members, "gzip", "one two"),
        (members + b"\0\0\0garbage", "x-gzip", "one two"),
        (zlib.compress(b"one two"), "deflate", "one two"),
        (raw.compress(b"one two") + raw.flush(), "deflate", "one two"),
        (gzip.compress(gzip.compress(b"one two")), "gzip, gzip", "one two"),
    ]
    for body, coding, expected in bodies:
        with servers.raw_server(
            servers.respond(servers.response(body, text, ("Content-Encoding", coding)))
        ) as server:
            assert call(http(server.url)).body == expected
    # Each coding that is named was applied (RFC 9110, section 8.4), to curl as well.
    once = gzip.compress(b"one two")
    for body, coding in ((b"x", "gzip, " * 9), (once, "gzip, gzip"), (b"one two", "gzip")):
        answer = servers.response(body, text, ("Content-Encoding", coding))
        with servers.raw_server(servers.respond(answer)) as server:
            error = failure(http(server.url))
            assert isinstance(error, errors.DecodeError)
            assert error.exchange is not None
            assert error.exchange.response.status_line == "HTTP/1.1 200 OK"
            assert len(server.received) == 1
            if coding == "gzip, gzip":
                assert servers.curl("-sS", "--compressed", server.url).returncode == 61


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (
            servers.response(b"", ("Location", "http://xn--a/"), status="302 Found"),
            errors.RedirectError,
        ),
        (
            servers.response(b"", ("Location", "http://[::1]8081/"), status="302 Found"),
            errors.RedirectError,
        ),
        (servers.response(b"", ("Location", "/a\x01b"), status="302 Found"), errors.RedirectError),
        (servers.response(b"[1e400]", servers.JSON), errors.ParseError),
        (
            servers.response(
                b"", ("Retry-After", "Mon, 01 Jan 2020 00:00:00 +9999999999999"), status="503 No"
            ),
            errors.StatusError,
        ),
    ],
    ids=["idna", "bracket", "control", "infinite", "retry-after"],
)
def test_what_libraries_choke_on_is_a_class_of_ours(
    answer: bytes, kind: type[errors.TaskError]
) -> None:
    """Odd redirect targets, dates and numbers end in their class, not in a library's exception."""
    with servers.raw_server(servers.respond(answer)) as server:
        assert type(failure(http(server.url))) is kind


def test_a_length_of_what_does_not_follow_is_no_reason_to_refuse() -> None:
    """304 and 204 may speak of a large representation (RFC 9110, section 8.6)."""
    for status in ("304 Not Modified", "204 No Content"):
        answer = f"HTTP/1.1 {status}\r\nContent-Length: 99999999999\r\n\r\n".encode()
        with servers.raw_server(servers.respond(answer)) as server:
            outcome = exchange(http(server.url)).outcome
        assert outcome == ("status" if status.startswith("304") else "success")


def test_surplus_bytes_in_a_tls_record_of_their_own_are_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Over TLS the surplus may wait, decrypted or not, between the socket and us: it is no answer
    either.
    """
    surplus = threading.Event()

    def good_and_evil(peer: servers.Peer) -> bool:
        if not peer.read_request():
            return False
        peer.sendall(servers.response(b"good"))
        peer.sendall(servers.response(b"evil"))
        peer.wait_until_received()
        surplus.set()
        return True

    async def three(url: str) -> list[object]:
        async with runtime(allow=["localhost"]) as shared:
            task = HttpTask(http(url), runtime=shared)
            bodies = []
            for _ in range(3):
                bodies.append((await task.acall()).body)
                assert await asyncio.to_thread(surplus.wait, 60)
                surplus.clear()
            return bodies

    with servers.tls_server(good_and_evil, "localhost") as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_pem))
        assert asyncio.run(three(server.url)) == ["good"] * 3


def test_a_missing_certificate_file_is_tls_and_names_the_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A wrong SSL_CERT_FILE is the operator's to mend: class `tls`, not a connection that may be
    tried again.
    """
    with servers.tls_server(OK, "localhost") as server:
        monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file.pem")
        error = failure(http(server.url), allow=["localhost"])
    assert isinstance(error, errors.TlsError)
    assert "SSL_CERT_FILE" in str(error)


def test_cancelling_closes_the_connection() -> None:
    """Cancelling a call closes its socket: the server sees the end of it."""
    closed = threading.Event()

    def wait(peer: servers.Peer) -> bool:
        peer.read_request()
        peer.wait_for_close()
        closed.set()
        return False

    async def start_and_cancel(url: str) -> None:
        async with runtime() as shared:
            going = asyncio.create_task(HttpTask(http(url), runtime=shared).acall())
            while not server.received:  # noqa: ASYNC110 - the server runs in a thread and has no event of this loop
                await asyncio.sleep(0.01)
            going.cancel()
            with pytest.raises(asyncio.CancelledError):
                await going
            assert await asyncio.to_thread(closed.wait, 60)

    with servers.raw_server(wait) as server:
        asyncio.run(start_and_cancel(server.url))
