"""Make a pin of a received response, without transfer headers and secrets."""

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
"""Headers about the connection (RFC 9110, section 7.6.1), the transfer, the server and this one
response, and cookies.
"""


def new_pin(
    status: int,
    headers: Iterable[tuple[str, str]],
    body: dict[str, Any],
    endpoint: str | None = None,
) -> dict[str, Any]:
    """Return the pin of a response with *status*, *headers* and *body*.

    *body* is `{"body": …}`, `{"bodyBase64": …}`, or empty; *endpoint* is the id of the task's
    endpoint. Values in the body with the name or form of a secret are masked; such headers, and
    headers with a masked part, are left out.
    """
    pin: dict[str, Any] = {"status": status}
    pinned_headers: dict[str, Any] = {}
    for name, value in headers:
        if name.lower() in _LEFT_OUT or is_secret(name, value, "headers") or MASK in value:
            continue
        previous = pinned_headers.get(name)
        # Lines of `Set-Cookie` cannot be joined to one (RFC 9110, section 5.3).
        pinned_headers[name] = value if previous is None else [*_listed(previous), value]
    if pinned_headers:
        pin["headers"] = pinned_headers
    if "body" in body:
        pin["body"] = masked_value(body["body"])
    elif "bodyBase64" in body:
        pin["bodyBase64"] = body["bodyBase64"]
    if endpoint is not None:
        pin["endpoint"] = endpoint
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return pin | {"pinnedAt": now}


def _listed(value: str | list[str]) -> list[str]:
    if isinstance(value, str):
        return [value]
    return value
