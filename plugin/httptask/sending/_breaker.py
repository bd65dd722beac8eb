"""The circuit breaker and the retry budget of one origin. Pure: moments in, decisions out.

Neither waits, locks or sends. Moments are those of the monotonic clock, in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from httptask.model.rates import OriginLimits


@dataclass(slots=True)
class Window:
    """Counts of the last seconds: those of the half window under way, and of the one before."""

    seconds: float
    requests: int = 0
    failures: int = 0
    retries: int = 0
    _half: int = 0
    _began: float = 0.0
    _ends: float = 0.0
    _before: tuple[int, int, int] = (0, 0, 0)

    def turn(self, now: float) -> None:
        """Forget what is too long ago."""
        if self._began <= now < self._ends:
            return
        length = max(self.seconds / 2, 0.001)
        half = int(now / length)
        self._began, self._ends = half * length, (half + 1) * length
        if half == self._half:
            return
        is_next = half == self._half + 1
        self._before = (self.requests, self.failures, self.retries) if is_next else (0, 0, 0)
        self.requests = self.failures = self.retries = 0
        self._half = half

    def totals(self, now: float) -> tuple[int, int, int]:
        """Return the requests, the failures and the retries."""
        self.turn(now)
        requests, failures, retries = self._before
        return self.requests + requests, self.failures + failures, self.retries + retries

    def clear(self) -> None:
        """Forget requests and failures."""
        self.requests = self.failures = 0
        self._before = (0, 0, self._before[2])


@dataclass(slots=True)
class Breaker:
    """The circuit breaker of one origin.

    Closed, it lets every request through. It opens when enough of the requests in the window have
    failed, and then refuses. When its time is over, one request at a time is let through as a
    probe: its success closes the breaker, its failure opens it again.
    """

    limits: OriginLimits
    window: Window = field(init=False)
    open_until: float | None = None
    """None while it is closed."""
    probing_until: float = 0
    """A probe is under way; one that does not end by then is given up."""
    last_failure: str = ""
    """What happened to the request that failed last, for a person."""

    def __post_init__(self) -> None:
        self.window = Window(self.limits.window_seconds)

    def refuses_until(self, now: float) -> float | None:
        """Return when to ask again, where a request is refused now."""
        if self.open_until is None:
            return None
        until = max(self.open_until, self.probing_until)
        return until if now < until else None

    def admit(self, now: float) -> None:
        """Note that a request goes out now: with the breaker open, it is the probe."""
        if self.open_until is not None:
            self.probing_until = now + max(self.limits.open_seconds, 1)

    def succeeded(self, now: float) -> None:
        """Note that a request had a response which shows that the origin works."""
        self.window.turn(now)
        self.window.requests += 1
        if self.open_until is not None:
            self.open_until, self.probing_until = None, 0
            self.window.clear()

    def failed(self, now: float, what: str) -> None:
        """Note that a request failed in a way that shows that the origin does not work."""
        self.window.turn(now)
        self.window.requests += 1
        self.window.failures += 1
        self.last_failure = what
        if self.open_until is not None:  # a probe, or a request from before
            if self.probing_until:
                self.open_until, self.probing_until = now + self.limits.open_seconds, 0
            return
        requests, failures, _ = self.window.totals(now)
        share = self.limits.failure_share
        if share and failures >= self.limits.failure_count and failures >= share * requests:
            self.open_until = now + self.limits.open_seconds

    def abandoned(self) -> None:
        """Note that a request ended without telling anything of the origin."""
        self.probing_until = 0

    def may_retry(self, now: float) -> bool:
        """Say whether a failed request may be sent again, and count it when it may."""
        requests, _, retries = self.window.totals(now)
        share = self.limits.retry_share
        if share and retries >= max(self.limits.retry_floor, share * requests):
            return False
        self.window.retries += 1
        return True
