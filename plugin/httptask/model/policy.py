"""Limits, time limits and retries: the cost that a call may have. All times are seconds."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_STEPS_OPTION, MAX_STEPS_VARIABLE = "--max-steps", "HTTPTASK_MAX_STEPS"
"""The option of `httptask run`, and the environment variable, that set `Limits.steps`."""

MAX_DEPTH_OPTION, MAX_DEPTH_VARIABLE = "--max-depth", "HTTPTASK_MAX_DEPTH"
"""The option of `httptask run`, and the environment variable, that set `Limits.depth`."""


TIMEOUT_SETTINGS: Mapping[str, str] = {
    "connect": "connectionTimeoutSeconds",
    "read": "readTimeoutSeconds",
    "total": "totalTimeoutSeconds",
}
"""Field of `Timeouts` -> name of the setting."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The three time limits of a task."""

    connect: float = 5
    """Name look-up, connection and TLS handshake together; `connectionTimeoutSeconds`."""
    read: float = 10
    """The longest silence while sending or receiving; `readTimeoutSeconds`."""
    total: float = 300
    """All attempts, redirects and waits between them; `totalTimeoutSeconds`."""

    @classmethod
    def of_task(cls, definition: Mapping[str, Any]) -> Timeouts:
        """Read the limits of a task's *definition*; an unset or null limit has its default."""
        fields = {
            field: definition[name]
            for field, name in TIMEOUT_SETTINGS.items()
            if definition.get(name) is not None
        }
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The `retry` of a task: how often, after which waits, and after which statuses."""

    interval_seconds: float = 1
    """The longest wait before the second attempt."""
    max_attempts: int = 1
    """Attempts in all, the first one included. 1: no retry."""
    backoff_rate: float = 2.0
    """The factor of the wait for each further attempt."""
    statuses: frozenset[int] = frozenset()
    """Statuses that are also retried, for idempotent methods or with an idempotency key."""

    @classmethod
    def of_task(cls, definition: Mapping[str, Any]) -> RetryPolicy:
        """Read `retry` of a task's *definition*: absent means one attempt, `{}` means three."""
        retry = definition.get("retry")
        if retry is None:
            return cls()
        names = {
            "interval_seconds": "intervalSeconds",
            "max_attempts": "maxAttempts",
            "backoff_rate": "backoffRate",
        }
        # Whoever writes `retry` wants one, so three attempts are the default here.
        fields = {"max_attempts": 3}
        for field_name, name in names.items():
            if retry.get(name) is not None:
                fields[field_name] = retry[name]
        statuses = frozenset(retry.get("statuses") or ())
        return cls(**fields, statuses=statuses)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that hold whatever a server or an expression does. Sizes are bytes."""

    body: int = 8 * 1024 * 1024
    """A response body, as received and after decoding."""
    redirects: int = 10
    """Redirects followed in one attempt."""
    connections: int = 500
    """Concurrent requests, and so connections, in one event loop; others queue."""
    connections_per_origin: int = 100
    """Concurrent requests to one origin: scheme, host and port."""
    json_depth: int = 500
    """Nesting of a JSON response."""
    expression_seconds: float = 1.0
    """Processor time for one expression.

    By the clock its evaluation may last ten times as long: machines are busy.
    """
    expression_result: int = 8 * 1024 * 1024
    """An expression's result, as JSON."""
    steps: int = 100_000
    """Tasks that one run of a workflow may execute: it ends a loop without end."""
    depth: int = 16
    """Runs around one run: each has a task that asked for the next."""


@dataclass(frozen=True, slots=True)
class Network:
    """How requests leave this machine. The operator decides it; no task and no credential can.

    None takes the environment variable, and empty means none, whatever the environment says.
    """

    proxy: str | None = field(default=None, repr=False)
    """The proxy's URL, `http://USER:PASSWORD@HOST:PORT` or `https://`; `environment` takes
    `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`. `HTTPTASK_PROXY`.
    """
    no_proxy: str | Sequence[str] | None = None
    """Hosts that are reached without the proxy. `HTTPTASK_NO_PROXY`."""
    ca_file: str | os.PathLike[str] | None = None
    """A file of certificates (PEM) to trust in addition to the usual ones. `HTTPTASK_CA_FILE`."""
    insecure_hosts: str | Sequence[str] | None = None
    """Hosts, `HOST` or `HOST:PORT`, whose certificate is not checked. `HTTPTASK_INSECURE_HOSTS`."""
