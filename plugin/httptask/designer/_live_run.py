"""A run under way for pages to follow: its visits, the progress of their calls, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any

from httptask.designer._event_stream import Event

if TYPE_CHECKING:
    from httptask.model.exchange import Exchange
    from httptask.sending import Progress

Key = tuple[str, int]

_LOOK_SECONDS = 0.1
"""Seconds between two checks of the calls under way."""
_HEARTBEAT = 1.0
"""Maximum time between two events, in seconds, by which a page shows that it is still connected."""

_SHOWN = (
    *("name", "visit", "type", "status", "elapsedSeconds", "endedAt", "waitUntil"),
    *("awaitsSignal", "callback", "items", "notes", "pinned"),
)


def shown_visit(entry: Mapping[str, Any], *, is_over: bool = False) -> dict[str, Any]:
    """Return the history's *entry* without members that may be large.

    If the run *is_over*, a visit without an end was stopped.
    """
    visit = {name: entry[name] for name in _SHOWN if name in entry}
    if "items" in visit:
        visit["items"] = _without_inputs(visit["items"])
    error = entry.get("error")
    output = entry.get("output")
    if visit["status"] == "InProgress" and (is_over or error is not None):
        visit["status"] = "Stopped"
    if error is not None:
        visit["message"] = str(error.get("message", ""))
        output = error.get("result")
    if entry["type"] == "Http" and isinstance(output, Mapping):
        numbers = {name: output.get(name) for name in ("statusCode", "attempts")}
        visit |= {name: number for name, number in numbers.items() if isinstance(number, int)}
    return visit


def _without_inputs(items: Mapping[str, Any]) -> dict[str, Any]:
    """Return the counts in *items* without the inputs of waiting items."""
    waiting_items = [
        {name: value for name, value in item.items() if name != "input"}
        for item in items.get("waiting", ())
    ]
    return {**items, **({"waiting": waiting_items} if waiting_items else {})}


class LiveRun:
    """The run *id_*, which this process runs or ran, or about which a server tells.

    It began *seconds* ago.
    """

    def __init__(self, id_: str, seconds: float = 0.0) -> None:
        self.id = id_
        self.work: asyncio.Task[None] | None = None
        self.failure: Exception | None = None
        """The error that kept it from starting, or ended it."""
        self.begun = asyncio.Event()
        """Set when its first task starts, or when it ends."""
        self.end: dict[str, Any] | None = None
        """The data of the last event, once the run has ended."""
        self._note: str | None = None
        """Why there are no news, or None."""
        self._began = time.perf_counter() - seconds
        self._visits: dict[Key, dict[str, Any]] = {}
        self._starts: dict[Key, float] = {}
        self._calls: dict[Key, Progress] = {}
        self._listeners: set[asyncio.Event] = set()

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return round(time.perf_counter() - self._began, 3)

    # Calls from the engine

    def noted(self, entry: Mapping[str, Any]) -> Exchange | None:
        """Record an *entry* of the history; return the exchange of the call that it ends."""
        visit = shown_visit(entry)
        key = visit["name"], visit["visit"]
        self._visits[key] = visit
        if visit["status"] in ("InProgress", "Waiting"):
            self._starts.setdefault(key, time.perf_counter())
            call = None
        else:
            call = self._calls.pop(key, None)
        self.begun.set()
        self._wake()
        return call.exchange if call is not None else None

    def called(self, key: Key, call: Progress) -> None:
        """Record the progress of a call that begins."""
        self._calls[key] = call
        self.begun.set()  # a resumed run that still waits adds no entry to its history

    def advanced(self, name: str, items: Mapping[str, Any]) -> None:
        """Record the counts of the items of the task *name*."""
        for visit in reversed(self._visits.values()):
            if visit["name"] == name and visit["status"] == "InProgress":
                visit["items"] = items
                self._wake()
                return

    def hindered(self, note: str | None) -> None:
        """Record why there are no news, or None if there are again."""
        if note != self._note:
            self._note = note
            self._wake()

    def finish(self, status: str, **more: Any) -> None:
        """Record the end of the run."""
        self._calls.clear()
        for visit in self._visits.values():
            if visit["status"] == "InProgress":
                visit["status"] = "Stopped"
        fields = {name: value for name, value in more.items() if value is not None}
        self.end = {"id": self.id, "status": status, "elapsedSeconds": self.elapsed} | fields
        self.begun.set()
        self._wake()

    def _wake(self) -> None:
        for listener in self._listeners:
            listener.set()

    # Events for pages

    async def follow(self) -> AsyncGenerator[Event, None]:
        """Yield the past and future events: `visit` and `alive`, and at the end `ended`."""
        sent: dict[Key, dict[str, Any]] = {}
        news = asyncio.Event()
        self._listeners.add(news)
        try:
            yield "alive", self._alive()
            last_event = self.elapsed
            last_note = self._note
            while True:
                news.clear()
                # Read before the visits, so that all of them are sent before `ended`.
                end = self.end
                for key, visit in list(self._visits.items()):
                    shown = visit | self._progress(key)
                    if sent.get(key) != shown:
                        sent[key], last_event = dict(shown), self.elapsed
                        yield "visit", shown | self._seconds(key, shown)
                if end is not None:
                    yield "ended", end
                    return
                if self.elapsed - last_event >= _HEARTBEAT or last_note != self._note:
                    last_event = self.elapsed
                    last_note = self._note
                    yield "alive", self._alive()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS if self._calls else _HEARTBEAT):
                        await news.wait()
        finally:
            self._listeners.discard(news)

    def _alive(self) -> dict[str, Any]:
        """Return the data of an `alive` event."""
        note = {} if self._note is None else {"note": self._note}
        return {
            "id": self.id,
            "elapsedSeconds": self.elapsed,
            **note,
        }

    def _progress(self, key: Key) -> dict[str, Any]:
        """Return the members of a `visit` event for a call under way."""
        call = self._calls.get(key)
        if call is None or call.attempt == 0:
            return {}
        shown: dict[str, Any] = {"attempt": call.attempt, "maxAttempts": call.max_attempts}
        if call.wait is not None:
            shown["waitSeconds"] = round(call.wait.seconds, 3)
        return shown

    def _seconds(self, key: Key, visit: Mapping[str, Any]) -> dict[str, float]:
        if visit["status"] not in ("InProgress", "Waiting") or key not in self._starts:
            return {}
        return {"elapsedSeconds": round(time.perf_counter() - self._starts[key], 3)}
