"""Limits per origin: rates, what servers say, circuit breakers and retry budgets, against real
servers.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import servers
from httptask import errors, hookimpl
from httptask._core import packaged
from httptask.model.credential import Credential, Secret
from httptask.model.exchange import Exchange
from httptask.model.rates import OriginLimits, RateLimit
from httptask.model.task import TaskResult
from httptask.task import HttpTask, Runtime
from tasks import call, failure, http, runtime

OK = servers.respond(servers.OK)


def limited(
    remaining: int, reset: str, status: str = "200 OK", name: str = "X-RateLimit"
) -> servers.Handler:
    """Answer with what remains until *reset*."""
    headers = ((f"{name}-Remaining", str(remaining)), (f"{name}-Reset", reset))
    return servers.respond(servers.response(b"{}", servers.JSON, *headers, status=status))


def closed_port() -> str:
    """Return the URL of a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def ends(task: HttpTask) -> TaskResult | errors.TaskError:
    """Run *task* and return its result or its error."""
    try:
        return task.call()
    except errors.TaskError as error:
        return error


def exchange_of(error: errors.TaskError) -> Exchange:
    """Return the exchange of *error*, which is as its schema says."""
    assert error.exchange is not None
    document = error.exchange.to_json()
    Draft202012Validator(packaged.schema("exchange")).validate(document)
    assert Exchange.from_json(document).to_json() == document
    return error.exchange


# What servers say


@pytest.mark.parametrize(
    "headers",
    [
        [("RateLimit", '"day";r=0;t=90'), ("RateLimit-Policy", '"day";q=10;w=3600')],
        [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "90")],
        [("X-Rate-Limit-Remaining", "0"), ("X-Rate-Limit-Reset", "now + 90")],
    ],
)
def test_a_request_that_the_server_would_refuse_is_not_sent(
    headers: list[tuple[str, str]],
) -> None:
    """With nothing left for longer than the task has, it fails at once, and no server is asked."""
    in_90_seconds = str(int(time.time()) + 90)
    headers = [(name, value.replace("now + 90", in_90_seconds)) for name, value in headers]
    with (
        servers.raw_server(
            servers.respond(servers.response(b"{}", servers.JSON, *headers))
        ) as server,
        runtime() as shared,
    ):
        task = HttpTask(http(server.url, totalTimeoutSeconds=20), runtime=shared)
        task.call()
        with pytest.raises(errors.TimedOutError) as caught:
            task.call()
        assert len(server.received) == 1
    error = caught.value
    assert (error.phase, error.retryable, error.maybe_delivered) == ("queue", True, False)
    assert error.retry_after is not None
    assert 60 < error.retry_after <= 91
    assert "limited until 2" in error.message
    assert "no server was asked" in error.message
    hop = exchange_of(error).attempts[0].hops[0]
    assert hop.response is None
    assert hop.queue_reason.startswith("limited until 2")
    assert headers[0][0].split("-R")[0] in hop.queue_reason


def test_requests_wait_for_the_reset_and_one_goes_ahead() -> None:
    """Twenty tasks to a server that takes five each second: none is refused, none is lost."""
    window, lock, refused = [0.0, 0], threading.Lock(), []

    def handler(peer: servers.Peer) -> bool:
        if not peer.read_request():
            return False
        with lock:
            now = time.monotonic()
            if now >= window[0]:
                window[:] = [now + 1, 0]
            window[1] += 1
            used, reset = window[1], window[0] - now
        if used > 5:
            refused.append(used)
        status = "200 OK" if used <= 5 else "429 Too Many Requests"
        left, until = str(max(5 - int(used), 0)), f"{reset + 0.05:.3f}"
        limits = (("X-RateLimit-Remaining", left), ("X-RateLimit-Reset", until))
        peer.sendall(servers.response(b"{}", servers.JSON, *limits, status=status))
        return True

    async def main(url: str) -> list[Any]:
        async with runtime() as shared:
            task = HttpTask(http(url), runtime=shared)
            await task.acall()
            return await asyncio.gather(*(task.acall() for _ in range(20)))

    with servers.raw_server(handler) as server:
        results = asyncio.run(main(server.url))
    assert [result.status_code for result in results] == [200] * 20
    assert refused == []


def test_the_wait_stands_in_the_exchange() -> None:
    """The phase `queue` has the seconds, and the reason says until when; who does not wait has
    neither.
    """
    with servers.raw_server(servers.sequence(limited(0, "1"), OK)) as server, runtime() as shared:
        seen: list[Exchange] = []
        shared.plugins.register(_Watching(seen))
        rate = {"requests": 9, "seconds": 1}
        task = HttpTask(http(server.url, rateLimit=rate), name="t", runtime=shared)
        task.call()
        task.call()
    first, hop = (exchange.attempts[0].hops[0] for exchange in seen)
    assert "queue" not in first.phases
    assert not first.queue_reason
    assert 0.5 < hop.phases["queue"] < 5
    assert hop.queue_reason.startswith("limited until 2")
    assert "X-RateLimit-Remaining" in hop.queue_reason


class _Watching:
    def __init__(self, seen: list[Exchange]) -> None:
        self.seen = seen

    @hookimpl
    def httptask_exchange_finished(self, exchange: Exchange, task: Any) -> None:
        self.seen.append(exchange)


def test_a_429_holds_back_the_tasks_behind_it() -> None:
    """`Retry-After` of a refusal counts for the origin, not only for the request it answers."""
    answer = servers.response(b"", ("Retry-After", "60"), status="429 Too Many Requests")
    with servers.raw_server(servers.respond(answer)) as server, runtime() as shared:
        first = ends(HttpTask(http(server.url), runtime=shared))
        second = ends(HttpTask(http(server.url + "/b", totalTimeoutSeconds=5), runtime=shared))
        assert len(server.received) == 1
    assert isinstance(first, errors.StatusError)
    assert isinstance(second, errors.TimedOutError)
    assert "Retry-After" in second.message


def test_a_limit_is_of_one_credential() -> None:
    """What a server says to one user holds back no other."""
    with (
        servers.raw_server(servers.sequence(limited(0, "90"), OK)) as server,
        runtime(_Tokens()) as shared,
    ):
        for name, expected in (("a", TaskResult), ("b", TaskResult), ("a", errors.TimedOutError)):
            definition = http(server.url, credentials=name, totalTimeoutSeconds=5)
            assert isinstance(ends(HttpTask(definition, runtime=shared)), expected)


class _Tokens:
    def __init__(self, rate: RateLimit | None = None) -> None:
        self.rate = rate

    @hookimpl
    def httptask_credential(self, name: str) -> Credential:
        return Credential(name, "bearer", {"token": Secret("t" * 9)}, rate_limit=self.rate)


def test_a_hostile_header_holds_an_origin_no_longer_than_the_operator_says() -> None:
    """A reset in a year pauses for the operator's longest time; then a request is tried."""
    limits = OriginLimits(longest_pause=1)
    with (
        servers.raw_server(servers.sequence(limited(0, "31536000"), OK)) as server,
        runtime(origin_limits=limits) as shared,
    ):
        task = HttpTask(http(server.url, totalTimeoutSeconds=30), runtime=shared)
        task.call()
        assert task.call().status_code == 200


@pytest.mark.parametrize("limits", [OriginLimits.off(), OriginLimits(longest_pause=0)])
def test_an_operator_can_turn_pauses_off(limits: OriginLimits) -> None:
    """Then what servers say counts for retries alone."""
    with (
        servers.raw_server(limited(0, "90")) as server,
        runtime(origin_limits=limits) as shared,
    ):
        task = HttpTask(http(server.url, totalTimeoutSeconds=5), runtime=shared)
        assert [task.call().status_code for _ in range(3)] == [200] * 3


def test_a_test_request_asks_the_server_all_the_same() -> None:
    """A person sees what the server says now, not what it said before."""
    with servers.raw_server(limited(0, "90")) as server, runtime() as shared:
        task = HttpTask(http(server.url, totalTimeoutSeconds=5), runtime=shared)
        assert [task.test_request().outcome for _ in range(3)] == ["success"] * 3


# Rates that authors set


def test_a_task_sends_at_its_rate_from_any_thread() -> None:
    """Six runs in six event loops, two at once and then five a second: the last waits 0.8 s."""
    moments: list[float] = []

    def handler(peer: servers.Peer) -> bool:
        if not peer.read_request():
            return False
        moments.append(time.monotonic())
        peer.sendall(servers.OK)
        return True

    with servers.raw_server(handler) as server, runtime() as shared:
        rate = {"requests": 5, "seconds": 1, "burst": 2}
        definition = http(server.url, rateLimit=rate)
        threads = [
            threading.Thread(target=HttpTask(definition, name="t", runtime=shared).call)
            for _ in range(6)
        ]
        began = time.monotonic()  # the first request may come late: the rate counts from its start
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(moments) == 6
    assert max(moments) - began >= 0.79


def test_a_rate_that_leaves_no_time_fails_at_once() -> None:
    """The error says when, and that it is the task's own limit."""
    with servers.raw_server(OK) as server, runtime() as shared:
        definition = http(
            server.url, rateLimit={"requests": 1, "seconds": 3600}, totalTimeoutSeconds=5
        )
        task = HttpTask(definition, name="t", runtime=shared)
        task.call()
        error = ends(task)
        other = HttpTask(definition, name="other", runtime=shared)
        assert isinstance(ends(other), TaskResult)  # a limit is of the task that sets it
        assert len(server.received) == 2
    assert isinstance(error, errors.TimedOutError)
    assert error.retry_after is not None
    assert 3590 < error.retry_after <= 3600
    assert "the rateLimit of the task is 1 requests per 3600 s" in error.message


def test_a_credential_has_a_rate_over_all_its_tasks() -> None:
    """Two tasks of one credential share its limit; one of another credential does not."""
    with (
        servers.raw_server(OK) as server,
        runtime(_Tokens(RateLimit(1, 3600))) as shared,
    ):
        outcomes = []
        for name, credential in (("one", "a"), ("two", "a"), ("three", "b")):
            definition = http(server.url, credentials=credential, totalTimeoutSeconds=5)
            outcomes.append(ends(HttpTask(definition, name=name, runtime=shared)))
    assert [type(outcome) for outcome in outcomes] == [TaskResult, errors.TimedOutError, TaskResult]
    assert "the rateLimit of the credential" in str(outcomes[1])


def test_a_stored_credential_says_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """`rateLimit` stands beside the credential's fields."""
    text = (
        '{"type": "bearer", "token": "of-this-test", "rateLimit": {"requests": 1, "seconds": 60}}'
    )
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_SLOW", text)
    with servers.raw_server(OK) as server, runtime() as shared:
        definition = http(server.url, credentials="slow", totalTimeoutSeconds=5)
        task = HttpTask(definition, runtime=shared)
        task.call()
        assert isinstance(ends(task), errors.TimedOutError)


def test_a_rate_limit_that_is_none_is_a_problem_of_the_task() -> None:
    """Nothing is sent, and the pointer says where."""
    error = failure(http("http://127.0.0.1:9", rateLimit={"requests": 0, "per": 1}))
    assert isinstance(error, errors.SettingsError)
    assert {problem.pointer for problem in error.problems} == {
        "/rateLimit/requests",
        "/rateLimit/per",
    }


def test_an_operator_limits_the_connections_of_one_origin_over_all_threads() -> None:
    """Twelve event loops, and never more than two requests under way to the named origin."""
    lock, counts = threading.Lock(), [0, 0]

    def handler(peer: servers.Peer) -> bool:
        if not peer.read_request():
            return False
        with lock:
            counts[0] += 1
            counts[1] = max(counts)
        peer.pause(0.05)
        with lock:
            counts[0] -= 1
        peer.sendall(servers.OK)
        return True

    with servers.raw_server(handler) as server:
        limits = OriginLimits.parsed(f"{server.url}=2")
        with runtime(origin_limits=limits) as shared:
            task = HttpTask(http(server.url), runtime=shared)
            threads = [threading.Thread(target=task.call) for _ in range(12)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(server.received) == 12
    assert counts[1] == 2


# The circuit breaker


def opened(shared: Runtime, url: str) -> list[errors.TaskError]:
    """Return the errors of 25 runs of a task for *url*."""
    task = HttpTask(http(url, readTimeoutSeconds=1), runtime=shared)
    return [error for _ in range(25) if isinstance(error := ends(task), errors.TaskError)]


@pytest.mark.parametrize("way", ["connection", "status", "incomplete"])
def test_an_origin_that_fails_is_left_alone(way: str) -> None:
    """After twenty failures requests fail at once: no server is asked, and another try may help."""
    handler = {
        "connection": servers.reset(after_request=True),
        "status": servers.respond(servers.response(b"", status="503 Service Unavailable")),
        "incomplete": servers.cut_body(),
    }[way]
    with servers.raw_server(handler) as server, runtime() as shared:
        failures = opened(shared, server.url)
        asked = len(server.received)
    assert [error.kind for error in failures[:20]] == [way] * 20
    assert 20 <= asked <= 40  # a connection that was kept and is gone is tried twice
    last = failures[-1]
    assert isinstance(last, errors.ConnectionFailedError)
    assert (last.retryable, last.maybe_delivered, last.attempts) == (True, False, 1)
    assert last.retry_after is not None
    assert 1 <= last.retry_after <= 30
    assert "circuit breaker open until 2" in last.message
    assert "no server was asked" in last.message
    hop = exchange_of(last).attempts[0].hops[0]
    assert hop.queue_reason.startswith("circuit breaker open until 2")


def test_a_retry_does_not_wait_for_an_open_breaker() -> None:
    """A dead origin holds no worker: retries end with the breaker."""
    with runtime() as shared:
        url = closed_port()
        opened(shared, url)
        began = time.monotonic()
        error = ends(HttpTask(http(url, retry={"maxAttempts": 9}), runtime=shared))
        assert time.monotonic() - began < 20  # the breaker opens again in 30
    assert isinstance(error, errors.ConnectionFailedError)
    assert error.attempts == 1


def test_other_origins_are_not_held_back() -> None:
    """A breaker is of one origin, and so is a task's failure."""
    with servers.raw_server(OK) as server, runtime() as shared:
        opened(shared, closed_port())
        assert HttpTask(http(server.url), runtime=shared).call().status_code == 200


def test_a_test_request_goes_through_an_open_breaker_and_closes_it() -> None:
    """Who mends a server and tries again by hand sees its response, and so do all runs."""
    broken = servers.respond(servers.response(b"", status="502 Bad Gateway"))
    with servers.raw_server(servers.sequence(*[broken] * 20, OK)) as server, runtime() as shared:
        opened(shared, server.url)
        task = HttpTask(http(server.url), runtime=shared)
        assert isinstance(ends(task), errors.ConnectionFailedError)
        assert task.test_request().outcome == "success"
        assert task.call().status_code == 200


def test_an_open_breaker_lets_a_probe_through() -> None:
    """After its time one request goes out, no other beside it, and its success lets all go."""
    limits = OriginLimits(open_seconds=1)
    broken = servers.respond(servers.response(b"", status="500 Internal Server Error"))
    asked, release = threading.Event(), threading.Event()

    def held(peer: servers.Peer) -> bool:
        peer.read_request()
        asked.set()
        release.wait(servers.HANG_SECONDS)
        peer.sendall(servers.OK)
        return True

    with (
        servers.raw_server(servers.sequence(*[broken] * 20, held, OK)) as server,
        runtime(origin_limits=limits) as shared,
        ThreadPoolExecutor() as pool,
    ):
        opened(shared, server.url)
        before = len(server.received)
        time.sleep(1.1)
        task = HttpTask(http(server.url), runtime=shared)
        probe = pool.submit(task.call)
        assert asked.wait(servers.HANG_SECONDS)
        assert isinstance(ends(task), errors.ConnectionFailedError)
        release.set()
        assert probe.result().status_code == 200
        assert [task.call().status_code for _ in range(2)] == [200] * 2
        assert len(server.received) == before + 3


def test_refusals_by_rule_open_no_breaker() -> None:
    """A status of the client's and an egress rule say nothing against the origin."""
    refuse = servers.respond(servers.response(b"", status="404 Not Found"))
    with servers.raw_server(refuse) as server, runtime() as shared:
        assert {error.kind for error in opened(shared, server.url)} == {"status"}
        assert len(server.received) == 25
    with runtime(allow=[]) as shared:
        assert {error.kind for error in opened(shared, "http://127.0.0.1:9")} == {"blocked"}


def test_a_call_that_its_deadline_ends_counts_and_a_cancelled_one_does_not() -> None:
    """A server that never answers is a failure by the total time too; a user who cancels is not."""

    async def main(url: str) -> list[str]:
        async with runtime(origin_limits=OriginLimits(failure_count=2)) as shared:
            task = HttpTask(http(url, totalTimeoutSeconds=0.3), runtime=shared)
            for _ in range(3):
                cancelled = asyncio.create_task(task.acall())
                await asyncio.sleep(0.05)
                cancelled.cancel()
                await asyncio.gather(cancelled, return_exceptions=True)
            ended = [await asyncio.gather(task.acall(), return_exceptions=True) for _ in range(3)]
            return [getattr(error, "kind", "") for (error,) in ended]

    with servers.raw_server(servers.silent()) as server:
        assert asyncio.run(main(server.url)) == ["timeout", "timeout", "connection"]


# The retry budget


def test_retries_are_held_to_the_budget() -> None:
    """Tasks that all fail are not each sent four times: the error says why it was not again."""
    limits = OriginLimits(failure_share=0, retry_floor=3)
    broken = servers.respond(servers.response(b"", status="503 Service Unavailable"))
    retry = {"maxAttempts": 4, "intervalSeconds": 0}
    with (
        servers.raw_server(broken) as server,
        runtime(origin_limits=limits) as shared,
    ):
        task = HttpTask(http(server.url, retry=retry), runtime=shared)
        failures = [ends(task) for _ in range(10)]
        assert len(server.received) <= 10 + 3 + 2
    last = failures[-1]
    assert isinstance(last, errors.StatusError)
    assert last.retryable
    assert "retries are held to 20 % of the requests to its origin" in last.message


# All of it, under load


def test_a_flaky_api_and_a_dead_one() -> None:
    """Of 1,500 tasks to an API that fails 5 % of the time at least 99.9 % succeed, while as many to
    a dead one end at its breaker: it is asked a few times only.
    """
    lock, count = threading.Lock(), [0]
    faults: list[servers.Handler] = [
        servers.reset(after_request=True),
        servers.respond(servers.response(b"", status="503 Service Unavailable")),
        limited(0, "0.05", "429 Too Many Requests"),
        _stalling,
    ]

    def handler(peer: servers.Peer) -> bool | None:
        with lock:
            count[0] += 1
            number = count[0]
        # A fixed 5 % of the requests, spread by a multiplier that is prime to the modulus.
        fault = number * 37 % 80
        return faults[fault](peer) if fault < len(faults) else OK(peer)

    async def main(flaky: str, dead: str) -> tuple[list[Any], list[Any]]:
        retry = {"maxAttempts": 4, "intervalSeconds": 0.05}
        async with runtime(connections_per_origin=40) as shared:
            tasks = [
                HttpTask(http(url, retry=retry, readTimeoutSeconds=1), runtime=shared)
                for url in (flaky, dead)
            ]
            ended = [
                asyncio.gather(*(task.acall() for _ in range(1500)), return_exceptions=True)
                for task in tasks
            ]
            return await ended[0], await ended[1]

    with servers.raw_server(handler) as server, servers.raw_server(servers.reset()) as dead:
        results, failures = asyncio.run(main(server.url, dead.url))
        dead_connections = dead.connections
    succeeded = sum(isinstance(result, TaskResult) for result in results)
    assert succeeded >= 1499, [r for r in results if not isinstance(r, TaskResult)][:3]
    assert all(failure.kind == "connection" for failure in failures)
    assert dead_connections <= 120  # what was under way when the breaker opened, not 6,000


def _stalling(peer: servers.Peer) -> None:
    peer.read_request()
    peer.wait_for_close()


# Between processes


def test_a_plugin_counts_for_several_runtimes() -> None:
    """Two runtimes with one limiter share a task's rate, and what a server said."""

    class Shared:
        def __init__(self) -> None:
            self.taken: dict[str, int] = {}
            self.paused: dict[str, float] = {}

        async def reserve(self, key: str, rate: RateLimit | None, longest: float) -> float:
            if key in self.paused:
                return self.paused[key]
            self.taken[key] = self.taken.get(key, 0) + 1
            return 0 if rate is None or self.taken[key] <= rate.requests else 3600

        def pause(self, key: str, seconds: float) -> None:
            self.paused[key] = seconds

    class Plugin:
        @hookimpl
        def httptask_rate_limiter(self) -> Shared:
            return counts

    counts = Shared()
    rate = {"requests": 2, "seconds": 3600}
    with servers.raw_server(OK) as server:
        definition = http(server.url, rateLimit=rate, totalTimeoutSeconds=5)
        outcomes = []
        for _ in range(3):
            with runtime(Plugin()) as shared:
                outcomes.append(ends(HttpTask(definition, name="t", runtime=shared)))
        assert set(counts.taken) == {f"{server.url} task /t", f"{server.url} credential "}
    assert [type(outcome) for outcome in outcomes] == [TaskResult, TaskResult, errors.TimedOutError]
    with servers.raw_server(limited(0, "90")) as server:
        definition = http(server.url, totalTimeoutSeconds=5)
        call(definition, Plugin())
        assert isinstance(failure(definition, Plugin()), errors.TimedOutError)
        assert len(server.received) == 1


def test_a_limiter_that_fails_ends_no_task(caplog: pytest.LogCaptureFixture) -> None:
    """The error is logged, and the process counts alone."""

    class Broken:
        def reserve(self, key: str, rate: RateLimit | None, longest: float) -> float:
            raise ConnectionError("the store is down")

        def pause(self, key: str, seconds: float) -> None:
            raise ConnectionError("the store is down")

    class Plugin:
        @hookimpl
        def httptask_rate_limiter(self) -> Broken:
            return Broken()

    with servers.raw_server(limited(0, "1")) as server, runtime(Plugin()) as shared:
        definition = http(
            server.url, rateLimit={"requests": 1, "seconds": 3600}, totalTimeoutSeconds=5
        )
        task = HttpTask(definition, name="t", runtime=shared)
        assert isinstance(ends(task), TaskResult)
        assert isinstance(ends(task), errors.TimedOutError)
    assert "the rate limiter of a plugin failed: ConnectionError: the store is down" in caplog.text
