"""Places for requests under way: first come first served per origin, no origin before the others,
nobody blamed for a wait.
"""

from __future__ import annotations

import asyncio

import pytest
from jsonschema import Draft202012Validator

import servers
from httptask import errors
from httptask._core import packaged
from httptask.model.rates import OriginLimits
from httptask.sending._queue import Places
from httptask.sending._wire import Origin, Recorder
from httptask.task import HttpTask
from tasks import call, http, runtime

A, B, C = (Origin("http", host, 80) for host in ("a.example", "b.example", "c.example"))


async def served(places: Places, arrivals: list[Origin], *, until: int) -> list[tuple[Origin, int]]:
    """Let requests arrive in the order of *arrivals*, end them in the order they had their turn,
    and return that order.
    """
    order: list[tuple[Origin, int]] = []
    ends: list[asyncio.Event] = []

    async def one(origin: Origin, number: int) -> None:
        await places.take(origin, Recorder())
        order.append((origin, number))
        ends.append(end := asyncio.Event())
        await end.wait()
        places.give_back(origin)

    tasks = [asyncio.create_task(one(origin, number)) for number, origin in enumerate(arrivals)]
    for ended in range(until):
        while len(ends) <= ended:  # noqa: ASYNC110 - the others only need their turn of the event loop
            await asyncio.sleep(0)
        ends[ended].set()
    await asyncio.gather(*tasks)
    return order


def test_within_an_origin_it_is_first_come_first_served() -> None:
    """Requests to one server are sent in the order they came."""
    order = asyncio.run(served(Places(10, 2), [A] * 9, until=9))
    assert [number for _, number in order] == list(range(9))


def test_origins_take_turns() -> None:
    """A hundred requests to one origin do not stand before the first one to another."""
    arrivals = [A] * 6 + [B] * 3 + [C]
    order = asyncio.run(served(Places(1, 1), arrivals, until=len(arrivals)))
    assert [origin for origin, _ in order] == [A, A, B, C, A, B, A, B, A, A]


def test_who_has_no_free_place_is_passed_over() -> None:
    """Where an origin has all of its places, those behind it in the queue of another go on."""
    order = asyncio.run(served(Places(3, 2), [A, A, A, A, B, B], until=6))
    assert [number for _, number in order] == [0, 1, 4, 2, 5, 3]


@pytest.mark.parametrize("granted", [False, True])
def test_a_cancelled_wait_leaves_no_place_taken(granted: bool) -> None:
    """Who is cancelled in the queue, or in the moment its turn comes, takes nothing from those
    behind.
    """

    async def run() -> int:
        places = Places(1, 1)
        await places.take(A, Recorder())
        waiting = asyncio.create_task(places.take(A, Recorder()))
        await asyncio.sleep(0)
        if granted:
            places.give_back(A)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        if not granted:
            places.give_back(A)
        await asyncio.wait_for(places.take(B, Recorder()), 30)
        return places.taken

    assert asyncio.run(run()) == 1


def test_a_turn_that_comes_just_after_a_cancellation_goes_to_the_next() -> None:
    """A request that was cancelled a moment ago, and has not left the queue yet, takes no place and
    ends nobody's turn.
    """

    async def main() -> None:
        places = Places(1, 1)
        await places.take(A, Recorder())
        cancelled, following = (
            asyncio.create_task(places.take(origin, Recorder())) for origin in (A, B)
        )
        await asyncio.sleep(0)
        cancelled.cancel()
        places.give_back(A)
        await following
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert places.taken == 1
        places.give_back(B)
        assert places.taken == 0

    asyncio.run(main())


def test_thousands_at_once_are_all_served() -> None:
    """2,000 tasks at once to a server that takes its time: no more connections than allowed, and
    nobody fails for waiting.
    """

    def slowly(peer: servers.Peer) -> bool:
        if not peer.read_request():
            return False
        peer.pause(0.05)
        peer.sendall(servers.OK)
        return True

    async def run(url: str) -> list[object]:
        async with runtime() as shared:
            task = HttpTask(http(url, connectionTimeoutSeconds=60), name="task", runtime=shared)
            return [
                result.body for result in await asyncio.gather(*(task.acall() for _ in range(2000)))
            ]

    with servers.raw_server(slowly) as server:
        assert asyncio.run(run(server.url)) == [{"ok": True}] * 2000
        assert server.connections <= 100


def test_a_dead_server_harms_nobody_else() -> None:
    """100 tasks to a dead server beside 100 to a live one: these succeed, and the others' errors
    name the dead one.
    """

    async def run(dead: str, live: str) -> list[object]:
        limits = OriginLimits.off()  # a breaker would end the wait early
        async with runtime(
            connections=20, connections_per_origin=15, origin_limits=limits
        ) as shared:
            slow = HttpTask(http(dead, connectionTimeoutSeconds=1), runtime=shared)
            quick = HttpTask(http(live, connectionTimeoutSeconds=30), runtime=shared)
            calls = [task.acall() for task in [slow] * 100 + [quick] * 100]
            return list(await asyncio.gather(*calls, return_exceptions=True))

    with servers.dead_server() as port, servers.raw_server(servers.respond(servers.OK)) as server:
        results = asyncio.run(run(f"http://127.0.0.1:{port}", server.url))
    for error in results[:100]:
        assert isinstance(error, errors.TimedOutError)
        assert (error.phase, error.maybe_delivered) == ("connect", False)
        assert str(error).endswith(f"127.0.0.1:{port}")
    assert [getattr(result, "body", result) for result in results[100:]] == [{"ok": True}] * 100


def test_a_wait_that_is_too_long_says_that_no_server_was_asked() -> None:
    """Only the total time ends the wait for a place: nothing was sent, whoever holds the places is
    not blamed on the server.
    """

    async def run(url: str) -> errors.TaskError:
        async with runtime(connections_per_origin=1) as shared:
            first = asyncio.create_task(
                HttpTask(http(url, readTimeoutSeconds=60), runtime=shared).acall()
            )
            while not server.received:  # noqa: ASYNC110 - the server runs in a thread and has no event of this loop
                await asyncio.sleep(0.01)
            limits = {
                "connectionTimeoutSeconds": 1,
                "readTimeoutSeconds": 1,
                "totalTimeoutSeconds": 2.5,
            }
            task = HttpTask(
                http(url, **limits, request={"method": "POST"}, retry={}), runtime=shared
            )
            with pytest.raises(errors.TimedOutError) as caught:
                await task.acall()
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            return caught.value

    with servers.raw_server(servers.silent()) as server:
        error = asyncio.run(run(server.url))
        assert server.connections == 1
    assert isinstance(error, errors.TimedOutError)
    assert (error.phase, error.seconds, error.attempts, error.maybe_delivered) == (
        "queue",
        2.5,
        1,
        False,
    )
    assert "totalTimeoutSeconds" in str(error)
    assert "no server was asked" in str(error)
    assert error.exchange is not None
    assert list(error.exchange.phases) == ["queue"]
    assert error.exchange.time_limit == "queue"
    Draft202012Validator(packaged.schema("exchange")).validate(error.exchange.to_json())


def test_who_has_waited_says_how_long() -> None:
    """The wait for a place is a phase of its own, before all others; there is none where nobody
    waited.
    """

    async def run(url: str) -> list[list[str]]:
        async with runtime(connections=1) as shared:
            task = HttpTask(http(url), runtime=shared)
            seen = await asyncio.gather(task.atest_request(), task.atest_request())
            return [list(exchange.phases) for exchange in seen]

    with servers.raw_server(servers.respond(servers.OK)) as server:
        first, second = asyncio.run(run(server.url))
    assert first == ["dns", "connect", "send", "wait", "receive"]
    assert second == ["queue", "send", "wait", "receive"]


@pytest.mark.parametrize("word", ["0", "-1", "many", "1.5"])
def test_a_number_of_places_that_is_none_is_refused(
    word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A typo of the operator must not let everything wait for ever."""
    monkeypatch.setenv("HTTPTASK_CONNECTIONS", word)
    with pytest.raises(ValueError, match="HTTPTASK_CONNECTIONS"):
        runtime()


def test_the_places_are_the_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    """By argument or by environment; the argument counts more."""
    monkeypatch.setenv("HTTPTASK_CONNECTIONS", "7")
    monkeypatch.setenv("HTTPTASK_CONNECTIONS_PER_ORIGIN", "3")
    with runtime(connections=9) as shared:
        assert (shared.limits.connections, shared.limits.connections_per_origin) == (9, 3)
    with servers.raw_server(servers.respond(servers.OK)) as server:
        assert call(http(server.url)).body == {"ok": True}
