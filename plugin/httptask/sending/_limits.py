"""The limits per origin, shared by all tasks of a runtime, and the state they depend on."""

from __future__ import annotations

import inspect
import logging
import math
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from httptask.errors import StatusError, TaskError
from httptask.model.credential import Owner
from httptask.model.rates import OriginLimits, RateLimit
from httptask.sending._breaker import Breaker
from httptask.sending._httpx import address
from httptask.sending._line import Line
from httptask.sending._quota import Quota
from httptask.sending._token_bucket import TokenBuckets
from httptask.sending._wire import Origin

if TYPE_CHECKING:
    from httptask.protocols import RateLimiter

_log = logging.getLogger(__name__)

_MOST_ORIGINS = 4096
"""The most origins that are remembered. Beyond that number, idle origins are forgotten."""

FAILURES = frozenset(("dns", "connection", "timeout", "incomplete"))
"""Outcomes that show that an origin does not work."""

BROKEN = frozenset((500, 502, 503, 504, *range(520, 530)))
"""Statuses that show that an origin does not work."""


@dataclass(slots=True)
class _Room:
    """The gate for an operator's limit of concurrent requests to one origin."""

    most: int
    taken: int = 0

    def ready_at(self, now: float) -> float | None:
        if self.taken < self.most:
            return None
        return math.inf

    def go(self, now: float) -> bool:
        self.taken += 1
        return False

    def back(self, mark: bool) -> None:
        self.taken -= 1


@dataclass(slots=True)
class CredentialState:
    """The state of one credential at one origin."""

    quota: Quota
    line: Line


@dataclass(slots=True)
class OriginState:
    """The state of one origin."""

    breaker: Breaker
    room: Line | None
    credentials: dict[Owner | None, CredentialState] = field(default_factory=dict)

    @property
    def is_idle(self) -> bool:
        quotas = [state.quota for state in self.credentials.values()]
        is_free = all(quota.remaining is None and not quota.under_way for quota in quotas)
        return is_free and self.breaker.open_until is None


class Limiter:
    """The state of all origins, shared by the tasks of a runtime in all of its event loops and
    threads.
    """

    def __init__(self, limits: OriginLimits, buckets: RateLimiter) -> None:
        self.limits = limits
        self.buckets = buckets
        self.is_shared = not isinstance(self.buckets, TokenBuckets)
        """Whether a plugin's rate limiter counts the requests of other processes, too."""
        has_limit = limits.longest_pause or limits.failure_share or limits.retry_share
        self.is_off = not (has_limit or limits.connections or self.is_shared)
        """Whether no limit applies but the rate limits of tasks and credentials."""
        self.rates: dict[str, RateLimit] = {}
        """The rate limits of credentials, by the credential's name."""
        self.lock = threading.Lock()
        self._origins: dict[Origin, OriginState] = {}
        self._own = TokenBuckets()

    def know(self, credential: str, rate: RateLimit | None) -> None:
        """Set the rate limit of *credential*; None removes it."""
        if rate is not None:
            self.rates[credential] = rate
        elif self.rates:
            self.rates.pop(credential, None)

    def of(self, origin: Origin, credential: Owner | None) -> tuple[OriginState, CredentialState]:
        """Return the state of *origin*, and of *credential* there. The caller holds the lock."""
        origin_state = self._origins.get(origin)
        if origin_state is None:
            origin_state = self._new(origin)
        credential_state = origin_state.credentials.get(credential)
        if credential_state is None:
            quota = Quota(self.limits.longest_pause)
            credential_state = origin_state.credentials[credential] = CredentialState(
                quota, Line(quota, self.lock)
            )
        return origin_state, credential_state

    def _new(self, origin: Origin) -> OriginState:
        if len(self._origins) >= _MOST_ORIGINS:
            busy = {name: other for name, other in self._origins.items() if not other.is_idle}
            self._origins = busy
        most = self.limits.connections.get(name_of(origin))
        room = Line(_Room(most), self.lock) if most is not None else None
        state = self._origins[origin] = OriginState(Breaker(self.limits), room)
        return state

    async def reserve(self, key: str, rate: RateLimit | None, longest: float) -> float:
        """Return the seconds to wait before a request of *key*: see
        `httptask.protocols.RateLimiter`.

        If a plugin's rate limiter fails, only the requests of this process are counted.
        """
        try:
            wait = self.buckets.reserve(key, rate, longest)
            return float(await wait if inspect.isawaitable(wait) else wait)
        except Exception as error:  # noqa: BLE001 - a broken plugin must not end a task
            _log.error("the rate limiter of a plugin failed: %s: %s", type(error).__name__, error)
            return self._own.reserve(key, rate, longest)

    async def tell(self, key: str, seconds: float) -> None:
        """Tell the rate limiter that a server takes no requests of *key* for *seconds*."""
        try:
            paused = self.buckets.pause(key, seconds)
            if inspect.isawaitable(paused):
                await paused
        except Exception as error:  # noqa: BLE001 - as above
            _log.error("the rate limiter of a plugin failed: %s: %s", type(error).__name__, error)

    def retry_refusal(self, error: TaskError, url: str) -> str | None:
        """Return why a request to *url* that ended in *error* must not be retried, or None.

        A retry that is allowed after the failure of an origin is counted.
        """
        is_broken = isinstance(error, StatusError) and error.status_code in BROKEN
        if error.kind not in FAILURES and not is_broken:
            return None
        with self.lock:
            origin_state, _ = self.of(address(url)[0], None)
            if origin_state.breaker.may_retry(time.monotonic()):
                return None
        limits = self.limits
        return (
            f"retries are held to {limits.retry_share * 100:.0f} % of the requests to its origin,"
            f" and {limits.retry_floor}, in {limits.window_seconds:g} s"
        )


def name_of(origin: Origin) -> str:
    """Return *origin* in its text form (RFC 6454, section 6.2)."""
    default = {"http": 80, "https": 443}.get(origin.scheme)
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    port = "" if origin.port == default else f":{origin.port}"
    return f"{origin.scheme}://{host}{port}"


def key_of(origin: Origin, *, task: str = "", credential: str | None = None) -> str:
    scope = f"task {task}" if task else f"credential {credential or ''}"
    return f"{name_of(origin)} {scope}"
