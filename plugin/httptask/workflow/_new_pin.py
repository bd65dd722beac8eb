"""A response that came, as a pin: without how it travelled, and without secrets."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from httptask._core.redaction import MASK
from httptask._http.secret_names import is_secret, masked_value

_LEFT_OUT = frozenset(
    (
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"),
        *("upgrade", "content-length", "content-encoding", "date", "age", "set-cookie", "server"),
        *("alt-svc", "strict-transport-security"),
    )
)
"""Headers that say how this one response travelled (RFC 9110, section 7.6.1), and cookies."""


def new_pin(
    status: int,
    headers: Iterable[tuple[str, str]],
    body: dict[str, Any],
    endpoint: str | None = None,
) -> dict[str, Any]:
    """Return the pin of a response with *status*, *headers* and *body*, `{"body": …}` or
    `{"bodyBase64": …}`, empty for none; *endpoint* is what its task is for.

    Values with the name or the look of a secret are masked, and so are headers with a mask.
    """
    pin: dict[str, Any] = {"status": status}
    kept: dict[str, Any] = {}
    for name, value in headers:
        if name.lower() in _LEFT_OUT or is_secret(name, value, "headers") or MASK in value:
            continue
        before = kept.get(name)
        kept[name] = value if before is None else [*_listed(before), value]
    if kept:
        pin["headers"] = kept
    if "body" in body:
        pin["body"] = masked_value(body["body"])
    elif "bodyBase64" in body:
        pin["bodyBase64"] = body["bodyBase64"]
    if endpoint is not None:
        pin["endpoint"] = endpoint
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return pin | {"pinnedAt": now}


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
