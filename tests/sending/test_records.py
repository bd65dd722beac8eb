"""What is recorded of a request while it runs: phases, attempts, pinned answers, and the requests for
tokens outside a task.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from httptask.errors import CredentialError, DecodeError, TaskError
from httptask.model.exchange import OutgoingRequest
from httptask.model.policy import Timeouts
from httptask.model.rates import OriginLimits
from httptask.sending import token_sender
from httptask.sending._attempt import AttemptRecord
from httptask.sending._authorising import TokenRecord
from httptask.sending._files import BodyFile
from httptask.sending._hop import SHOWN, Bodies, HopRecord, Received, send_hop
from httptask.sending._limits import Limiter
from httptask.sending._pinned_wire import PinnedError, PinnedResponse, PinnedWire
from httptask.sending._response import View
from httptask.sending._token_bucket import TokenBuckets
from httptask.sending._wire import Answer, Origin, Proxy, Recorder, Way

REQUEST = OutgoingRequest("GET", "http://api.example/a?b=1")


@pytest.fixture
def tick(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock that stands still until it is moved on."""
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    def move(seconds: float) -> None:
        now[0] += seconds

    return move


def test_the_phases_of_a_request_add_up(tick: Callable[[float], None]) -> None:
    """Each is counted until now while it runs, and twice when it began twice."""
    recorder = Recorder()
    seen = [(recorder.phase, recorder.sent, recorder.answered, recorder.phases())]
    for phase, seconds in (("queue", 1), ("dns", 2), ("queue", 4)):
        recorder.begin(phase)
        tick(seconds)
        seen.append((recorder.phase, recorder.sent, recorder.answered, recorder.phases()))
        recorder.end()
    recorder.end()
    tick(8)
    assert recorder.ended_phases() == {"queue": 5, "dns": 2}
    since = time.perf_counter()
    tick(16)
    recorder.wrote(10, since)
    tick(32)
    since = time.perf_counter()
    tick(64)
    recorder.wrote(5, since)
    tick(128)
    seen.append((recorder.phase, recorder.sent, recorder.answered, recorder.phases()))
    recorder.read(3)
    tick(256)
    recorder.read(4)
    seen.append((recorder.phase, recorder.sent, recorder.answered, recorder.phases()))
    sent = {"queue": 5, "dns": 2, "send": 16 + 32 + 64, "wait": 128}
    assert seen == [
        ("send", False, False, {}),
        ("queue", False, False, {"queue": 1}),
        ("dns", False, False, {"queue": 1, "dns": 2}),
        ("queue", False, False, {"queue": 5, "dns": 2}),
        ("wait", True, False, sent),
        ("receive", True, True, {**sent, "receive": 256}),
    ]
    assert (recorder.bytes_sent, recorder.bytes_received) == (15, 7)


def test_a_response_that_comes_before_the_request_is_sent_was_not_waited_for(
    tick: Callable[[float], None],
) -> None:
    """RFC 9110, section 7.5: no phase is negative."""
    recorder = Recorder()
    recorder.wrote(1, time.perf_counter())
    tick(1)
    recorder.read(1)
    tick(2)
    recorder.wrote(1, time.perf_counter())
    assert recorder.phases() == {"send": 3, "wait": 0, "receive": 2}


def test_a_replaced_network_counts_as_sent() -> None:
    """A mock, or a pin that says so, may stand for a server that received the request."""
    recorder = Recorder()
    recorder.is_replaced = True
    assert recorder.sent
    assert not recorder.answered


def test_an_origin_and_a_proxy_are_shown_as_they_are_written() -> None:
    """An IPv6 address in brackets, and no credentials."""
    proxy = Proxy(Origin("http", "::1", 3128), "Basic c4n4ry", ("c4n4ry",))
    assert str(Origin("https", "a.example", 443)) == "a.example:443"
    assert str(proxy) == "http://[::1]:3128"
    assert "c4n4ry" not in repr(proxy)
    assert Way(proxy).shown_proxy == "http://[::1]:3128"
    assert Way().shown_proxy is None


def received(body: bytes = b"", *headers: tuple[str, str], status: int = 200) -> Received:
    return Received("HTTP/1.1", status, "OK", headers, bytearray(body), size=len(body))


class Discarded(BodyFile):
    """A file that remembers whether it was discarded."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def discard(self) -> None:
        self.count += 1
        super().discard()


def test_lines_of_a_header_are_one_value() -> None:
    """RFC 9110, sections 5.2 and 5.3; of a Content-Type only the first line counts."""
    answer = received(
        b"",
        ("Via", "a"),
        ("content-TYPE", "Text/HTML; charset=x"),
        ("via", "b"),
        ("CONTENT-type", "x/y"),
    )
    assert answer.header("VIA".lower()) == "a, b"
    assert answer.header("none") == ""
    assert answer.header_lines("none", ("c",)) == ("c",)
    assert answer.content_type == "Text/HTML; charset=x"
    assert answer.media_type == "text/html"
    assert answer.content_encoding == ""
    assert received().content_type == received().media_type == ""
    assert received(b"", ("Content-Encoding", "gzip")).coding_note == ""
    assert "zz" in received(b"", ("Content-Encoding", "zz")).coding_note


@pytest.mark.parametrize(("status", "is_success"), [(199, 0), (200, 1), (299, 1), (300, 0)])
def test_a_success_is_a_status_of_two_hundred(status: int, is_success: int) -> None:
    """RFC 9110, section 15.3."""
    assert received(status=status).is_success == bool(is_success)


@pytest.mark.parametrize(("size", "is_short"), [(SHOWN - 1, 0), (SHOWN, 0), (SHOWN + 1, 1)])
def test_an_earlier_attempt_keeps_the_start_of_its_body(size: int, is_short: int) -> None:
    """As much as is shown of any; what was decoded of more is dropped, and so are files."""
    file, view_file = Discarded(), Discarded()
    answer = received(b"x" * size)
    answer.file = file
    error = DecodeError("no JSON")
    error.__cause__ = ValueError("x")
    attempt = AttemptRecord(1, 0.0, error=error)
    attempt.hops = [HopRecord(REQUEST), HopRecord(REQUEST, received=answer)]
    attempt.view = View(b"x" * size, "x", "text", "text/plain")
    attempt.body = kept = object()  # type: ignore[assignment]
    attempt.shorten()
    assert (len(answer.body), answer.shortened) == (min(size, SHOWN), bool(is_short))
    assert (attempt.view, attempt.body) == (None, None) if is_short else attempt.body is kept
    assert (file.count, view_file.count) == (1, 0)
    assert error.__cause__ is error.__traceback__ is error.__context__ is None
    attempt.view = View(b"", None, None, "a/b", file=view_file)
    attempt.shorten()
    assert (attempt.view, attempt.body, view_file.count) == (None, None, 1)


def test_an_attempt_says_what_its_requests_waited_for() -> None:
    """Token requests first; those that did not wait say nothing."""
    attempt = AttemptRecord(1, 0.0)
    assert attempt.queue_notes() == []
    assert not attempt.maybe_delivered
    attempt.hops = [
        HopRecord(REQUEST, phases={"dns": 1.0}),
        HopRecord(REQUEST, received=received(), phases={"queue": 1.5}),
        HopRecord(REQUEST, phases={"queue": 2.5}, queue_reason="5 per second", challenged=True),
    ]
    token = HopRecord(REQUEST, queue_reason="1 at a time")
    attempt.tokens = [TokenRecord(0, token)]
    notes = attempt.queue_notes()
    assert notes == [
        "Not sent: 1 at a time.",
        "Waited 1.500 s for its turn: as many requests were under way as the operator allows.",
        "Not sent, after waiting 2.500 s for its turn: 5 per second.",
    ]
    assert attempt.counting_hops == attempt.hops[:2]
    attempt.hops[2].delivered = True
    assert attempt.maybe_delivered


def test_a_token_request_that_goes_on_is_recorded_so_far(tick: Callable[[float], None]) -> None:
    """As far as it is when its task ends, and not as far as it gets afterwards."""
    way = Way(Proxy(Origin("http", "p.example", 3128)), is_insecure=True)
    network = Recorder()
    network.begin("queue")
    tick(2)
    network.end()
    network.wrote(1, time.perf_counter())
    network.queue_reason, network.is_refused = "5 per second", True
    network.sent_headers, network.is_pinned, network.way = (("A", "b"),), True, way
    hop = HopRecord(REQUEST, network=network)
    attempt = AttemptRecord(1, 0.0, tokens=[TokenRecord(0, hop)])
    attempt.note_so_far()
    assert (hop.delivered, hop.queue_reason, hop.refused) == (True, "5 per second", True)
    assert (hop.sent_headers, hop.pinned, hop.way) == ((("A", "b"),), True, way)
    assert hop.phases == {"queue": 2, "send": 0, "wait": 0}
    hop.network = None
    tick(1)
    attempt.note_so_far()
    assert hop.phases["wait"] == 0


def pinned(answer: PinnedResponse | PinnedError) -> PinnedWire:
    async def of(request: OutgoingRequest) -> PinnedResponse | PinnedError:
        assert request is REQUEST
        return answer

    return PinnedWire(of)


@pytest.mark.parametrize(
    ("status", "phrase", "body"), [(200, "OK", b"x"), (404, "Not Found", b""), (299, "", b"y")]
)
def test_a_pinned_response_is_told_from_one_of_a_server(
    status: int, phrase: str, body: bytes
) -> None:
    """Nothing is sent, and the record says so; the headers are those that would be sent."""
    answer = PinnedResponse(status, (("A", "b"),), body)
    recorder, record = Recorder(), HopRecord(REQUEST)
    asyncio.run(pinned(answer).send(REQUEST, None, Timeouts(), recorder))
    got = asyncio.run(send_hop(pinned(answer), REQUEST, None, Timeouts(), Bodies(10), record))
    assert (got.http_version, got.status_code, got.reason_phrase) == ("HTTP/1.1", status, phrase)
    assert (got.headers, bytes(got.body), got.notes, got.size) == (
        answer.headers,
        body,
        [],
        len(body),
    )
    assert (record.pinned, record.delivered, record.stale, got.complete) == (
        True,
        True,
        False,
        True,
    )
    assert record.network is None
    assert ("Host", "api.example") in record.sent_headers
    assert recorder.address == (Origin("http", "api.example", 80), "api.example", "/a?b=1")
    assert "body" not in repr(answer)


@pytest.mark.parametrize("is_delivered", [True, False])
def test_a_pinned_error_says_whether_the_server_may_have_the_request(is_delivered: bool) -> None:
    """Only then it is not simply repeated."""
    record = HopRecord(REQUEST)
    wire = pinned(PinnedError(DecodeError("no"), is_delivered))
    with pytest.raises(DecodeError, match="no") as caught:
        asyncio.run(send_hop(wire, REQUEST, None, Timeouts(), Bodies(10), record))
    assert caught.value.maybe_delivered == record.delivered == is_delivered
    assert (record.pinned, record.stale, record.received) == (True, False, None)


def test_the_defaults_of_a_pin() -> None:
    """A pin may say no more than the status."""
    assert PinnedResponse(204) == PinnedResponse(204, (), b"")


class Silent:
    """A wire whose server never answers; what it was given is in `given`."""

    def __init__(self, reason: str = "") -> None:
        self.reason, self.given = reason, list[Any]()

    async def send(
        self,
        request: OutgoingRequest,
        credential: Any,
        timeouts: Timeouts,
        recorder: Recorder,
        identity: Any = None,
    ) -> Answer:
        recorder.queue_reason = self.reason
        self.given = [request.url, request.header("User-Agent"), credential, timeouts, identity]
        await asyncio.Event().wait()
        raise AssertionError


@pytest.mark.parametrize("reason", ["", "5 requests per second"])
def test_a_token_that_never_comes_is_told_with_what_held_it_back(reason: str) -> None:
    """Outside a task, too, there is an end, by the total time of the request."""
    wire, timeouts = Silent(reason), Timeouts(total=0.02)
    send = token_sender(lambda: wire, Limiter(OriginLimits(), TokenBuckets()), timeouts)
    with pytest.raises(CredentialError) as caught:
        asyncio.run(send(REQUEST, "shop", None))
    error = caught.value
    assert str(error) == "credential 'shop': no answer within 0.02 s" + (
        f": {reason}" if reason else ""
    )
    assert (error.code, error.retryable) == ("credential-no-answer", True)
    url, agent, credential, given_timeouts, identity = wire.given
    assert (url, credential, given_timeouts, identity) == (REQUEST.url, "shop", timeouts, None)
    assert agent.startswith("httptask/")


def test_a_token_that_does_not_begin_is_told_without_a_reason() -> None:
    """Nothing was recorded: the wire itself is what takes time."""

    async def main() -> None:
        send = token_sender(Silent, Limiter(OriginLimits(), TokenBuckets()), Timeouts(total=-1))
        await send(REQUEST, "shop", None)

    with pytest.raises(TaskError, match="no answer within -1 s"):
        asyncio.run(main())
