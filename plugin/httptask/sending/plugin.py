"""The built-in egress rules and rate limiter, registered through the hooks for plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptask.hookspecs import hookimpl

if TYPE_CHECKING:
    from httptask.protocols import RateLimiter


@hookimpl
def httptask_check_egress(host: str, address: str, port: int) -> str | None:
    """Refuse addresses that are neither globally routable nor allowed by the operator."""
    from httptask.sending._egress import reason_to_refuse

    return reason_to_refuse(host, address)


@hookimpl(trylast=True)
def httptask_rate_limiter() -> RateLimiter:
    """Count the requests of this process."""
    from httptask.sending._token_bucket import TokenBuckets

    return TokenBuckets()
