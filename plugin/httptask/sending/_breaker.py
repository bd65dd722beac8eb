"""The circuit breaker and the retry budget of one origin, as pure decisions.

Nothing here waits, locks or sends. Moments are by the monotonic clock, in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from httptask.model.rates import OriginLimits


@dataclass(slots=True)
class Window:
    """Counts over the last *seconds*, in two half windows: the current and the previous."""

    seconds: float
    requests: int = 0
    """In the current half window, as are `failures` and `retries`."""
    failures: int = 0
    retries: int = 0
    _half: int = 0
    """The number of the current half window, counted from moment 0."""
    _began: float = 0.0
    _ends: float = 0.0
    _before: tuple[int, int, int] = (0, 0, 0)
    """The requests, failures and retries of the previous half window."""

    def turn(self, now: float) -> None:
        """Begin a new half window when the current one is over; drop counts that are too old."""
        if self._began <= now < self._ends:
            return
        length = max(self.seconds / 2, 0.001)
        half = int(now / length)
        self._began, self._ends = half * length, (half + 1) * length
        if half == self._half:
            return
        is_next = half == self._half + 1
        # After a pause of more than a half window, the counts are too old to be the previous ones.
        self._before = (self.requests, self.failures, self.retries) if is_next else (0, 0, 0)
        self.requests = self.failures = self.retries = 0
        self._half = half

    def totals(self, now: float) -> tuple[int, int, int]:
        """Return the requests, the failures and the retries of both half windows."""
        self.turn(now)
        requests, failures, retries = self._before
        return self.requests + requests, self.failures + failures, self.retries + retries

    def clear(self) -> None:
        """Forget requests and failures; retries stay."""
        self.requests = self.failures = 0
        self._before = (0, 0, self._before[2])


@dataclass(slots=True)
class Breaker:
    """The circuit breaker of one origin.

    A closed breaker lets every request through. It opens when enough of the requests in the window
    have failed, and then refuses requests for `open_seconds`. After that one request at a time is
    let through as a probe: success closes the breaker, failure opens it again.
    """

    limits: OriginLimits
    window: Window = field(init=False)
    open_until: float | None = None
    """None while the breaker is closed."""
    probing_until: float = 0
    """0 without a probe. A probe that has not ended by this moment no longer holds others back."""
    last_failure: str = ""
    """The last failure in words, for messages."""

    def __post_init__(self) -> None:
        self.window = Window(self.limits.window_seconds)

    def refuses_until(self, now: float) -> float | None:
        """Return the moment until which requests are refused; None when a request may go now."""
        if self.open_until is None:
            return None
        until = max(self.open_until, self.probing_until)
        return until if now < until else None

    def admit(self, now: float) -> None:
        """Note that a request is sent now. While the breaker is open, that request is the probe."""
        if self.open_until is not None:
            self.probing_until = now + max(self.limits.open_seconds, 1)

    def succeeded(self, now: float) -> None:
        """Note a response that shows that the origin works."""
        self.window.turn(now)
        self.window.requests += 1
        if self.open_until is not None:
            self.open_until = None
            self.probing_until = 0
            self.window.clear()

    def failed(self, now: float, failure: str) -> None:
        """Note a failure that shows that the origin does not work; *failure* describes it."""
        self.window.turn(now)
        self.window.requests += 1
        self.window.failures += 1
        self.last_failure = failure
        if self.open_until is not None:  # the probe, or a request sent before the breaker opened
            if self.probing_until:
                self.open_until = now + self.limits.open_seconds
                self.probing_until = 0
            return
        requests, failures, _ = self.window.totals(now)
        share = self.limits.failure_share
        if share and failures >= self.limits.failure_count and failures >= share * requests:
            self.open_until = now + self.limits.open_seconds

    def abandoned(self) -> None:
        """Note that the probe ended without showing whether the origin works."""
        self.probing_until = 0

    def may_retry(self, now: float) -> bool:
        """Say whether the retry budget allows a retry now; if so, count the retry."""
        requests, _, retries = self.window.totals(now)
        share = self.limits.retry_share
        if share and retries >= max(self.limits.retry_floor, share * requests):
            return False
        self.window.retries += 1
        return True
