"""The shipped egress rules, through the same hook as anyone's."""

from __future__ import annotations

from httptask.hookspecs import hookimpl


@hookimpl
def httptask_check_egress(host: str, address: str, port: int) -> str | None:
    """Refuse what is not globally routable and not allowed by the operator."""
    from httptask.sending._egress import reason_to_refuse

    return reason_to_refuse(host, address)
