"""The queue of requests that wait for a gate: who goes when, and what is left of who gives up."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest

from httptask.model.rates import OriginLimits, RateLimit
from httptask.sending import _limits, _token_bucket
from httptask.sending._limits import Limiter
from httptask.sending._line import Line
from httptask.sending._token_bucket import TokenBuckets
from httptask.sending._wire import Origin


class Room:
    """A gate for as many requests as there is room."""

    def __init__(self, free: int) -> None:
        self.free = free
        self.asks_at = math.inf

    def ready_at(self, now: float) -> float | None:
        return None if self.free else self.asks_at

    def go(self, now: float) -> bool:
        self.free -= 1
        return True

    def back(self, mark: bool) -> None:
        self.free += 1


class Waiting:
    """A line before a room, and the names of those that went, in their order."""

    def __init__(self, free: int = 0) -> None:
        self.lock = threading.Lock()
        self.room = Room(free)
        self.line = Line(self.room, self.lock)
        self.went: list[str] = []

    def enter(
        self, name: str, refuse: Callable[[float], None] = lambda now: None
    ) -> asyncio.Task[None]:
        async def take() -> None:
            mark = await self.line.take(refuse, nullcontext)
            assert mark is True
            self.went.append(name)

        return asyncio.ensure_future(take())

    def open(self, places: int = 1) -> None:
        with self.lock:
            self.room.free += places
            self.line.advance()


async def settled() -> None:
    """Let all tasks go on until they wait."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_who_came_first_goes_first() -> None:
    """One for each place; nobody waits while there is room and nobody is before them."""

    async def run() -> None:
        waiting = Waiting(1)
        tasks = [waiting.enter(name) for name in "abc"]
        await settled()
        assert (waiting.went, len(waiting.line)) == (["a"], 2)
        with waiting.lock:
            waiting.line.leave()
        await settled()
        assert waiting.went == ["a", "b"]
        late = waiting.enter("d")
        await settled()
        waiting.open(2)
        await asyncio.gather(*tasks, late)
        assert waiting.went == ["a", "b", "c", "d"]
        assert (len(waiting.line), waiting.room.free) == (0, 0)

    asyncio.run(run())


def test_who_gives_up_holds_up_nobody() -> None:
    """In the middle of the line, or with a place that came too late: it is given back."""

    async def run() -> None:
        waiting = Waiting()
        first, second, third = (waiting.enter(name) for name in "abc")
        await settled()
        second.cancel()
        await settled()
        assert len(waiting.line) == 2
        waiting.open()
        first.cancel()
        await asyncio.wait([first])
        await third
        assert waiting.went == ["c"]
        assert (len(waiting.line), waiting.room.free) == (0, 0)

    asyncio.run(run())


def test_who_is_refused_is_not_in_the_line() -> None:
    """At once, or when it asks again."""

    def refuse(now: float) -> None:
        raise TimeoutError("it takes too long")

    reasons: list[bool] = []

    def refuse_later(now: float) -> None:
        if reasons:
            refuse(now)

    async def run() -> None:
        waiting = Waiting()
        with pytest.raises(TimeoutError, match="too long"):
            await waiting.enter("a", refuse)
        waiting.room.asks_at = 0.0
        later = waiting.enter("b", refuse_later)
        await settled()
        reasons.append(True)
        with pytest.raises(TimeoutError, match="too long"):
            await later
        assert (waiting.went, len(waiting.line), waiting.room.free) == ([], 0, 0)

    asyncio.run(run())


def test_a_line_goes_on_when_the_gate_said() -> None:
    """Nobody has to open it."""

    async def run() -> None:
        waiting = Waiting()
        waiting.room.asks_at = time.monotonic()
        first = waiting.enter("a")
        await settled()
        waiting.room.free = 1
        await asyncio.wait_for(first, 30)

    asyncio.run(run())


def test_who_waits_in_a_loop_that_is_closed_is_passed_over() -> None:
    """Its place goes to the next one, in another loop."""
    waiting = Waiting()
    loop = asyncio.new_event_loop()

    async def begin() -> None:
        lost = waiting.enter("lost")
        lost._log_destroy_pending = False  # that it is never done is what is tried here
        await settled()

    loop.run_until_complete(begin())
    loop.close()

    async def run() -> None:
        task = waiting.enter("a")
        await settled()
        waiting.open()
        await task

    asyncio.run(run())
    assert (waiting.went, waiting.room.free) == (["a"], 0)


def test_origins_that_are_idle_are_forgotten_before_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a server said of its limit, requests under way, and an open breaker are kept."""
    monkeypatch.setattr(_limits, "_MOST_ORIGINS", 5)
    limiter = Limiter(OriginLimits(), TokenBuckets())

    def origin(name: str) -> Origin:
        return Origin("https", name, 443)

    states = {name: limiter.of(origin(name), None) for name in ("a", "b", "c", "d", "e")}
    states["a"][1].quota.remaining = 3
    states["b"][1].quota.under_way = 1
    states["c"][0].breaker.open_until = 1.0
    limiter.of(origin("new"), None)
    kept = {
        name: state for name, state in states.items() if limiter.of(origin(name), None) == state
    }
    assert {"a", "b", "c"} <= kept.keys()
    assert limiter.of(origin("d"), None)[0] is not states["d"][0]


class Shared:
    """A plugin's rate limiter; what it was told is in `told`."""

    def __init__(self, *, is_async: bool) -> None:
        self.is_async, self.told = is_async, list[tuple[object, ...]]()

    def reserve(self, key: str, rate: RateLimit | None, longest: float) -> Any:
        return self._answer((key, rate, longest))

    def pause(self, key: str, seconds: float) -> Any:
        return self._answer((key, seconds))

    def _answer(self, told: tuple[object, ...]) -> Any:
        async def later() -> float:
            self.told.append(told)
            return 2.5

        if self.is_async:
            return later()
        self.told.append(told)
        return 2.5


@pytest.mark.parametrize("is_async", [True, False])
def test_a_plugins_limiter_may_answer_at_once_or_later(
    is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """It is waited for, and nothing is logged of it."""
    shared, rate = Shared(is_async=is_async), RateLimit(1, 2)

    async def run() -> float:
        limiter = Limiter(OriginLimits(), shared)
        assert limiter.is_shared
        assert not limiter.is_off
        await limiter.tell("a", 3.5)
        return await limiter.reserve("b", rate, 4.5)

    assert asyncio.run(run()) == 2.5
    assert shared.told == [("a", 3.5), ("b", rate, 4.5)]
    assert caplog.records == []


def test_a_limiter_without_limits_is_off() -> None:
    """Each limit alone turns it on."""
    off: dict[str, Any] = {"longest_pause": 0, "failure_share": 0, "retry_share": 0}
    assert Limiter(OriginLimits(**off), TokenBuckets()).is_off
    on = [{name: 0.5} for name in off] + [{"connections": {"a.example": 1}}]
    for limit in on:
        assert not Limiter(OriginLimits(**{**off, **limit}), TokenBuckets()).is_off


def test_full_buckets_are_forgotten_before_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is not full keeps what was taken from it."""
    monkeypatch.setattr(_token_bucket, "_MOST_BUCKETS", 2)
    now = [1000.0]
    monkeypatch.setattr(_token_bucket.time, "monotonic", lambda: now[0])
    buckets = TokenBuckets()
    slow, fast = RateLimit(1, 100), RateLimit(1, 1)
    assert buckets.reserve("slow", slow, 1000) == 0
    assert buckets.reserve("fast", fast, 1000) == 0
    now[0] += 5
    assert buckets.reserve("third", fast, 1000) == 0
    assert buckets.reserve("slow", slow, 1000) == 95
    assert buckets._full_at.keys() == {"slow", "third"}
