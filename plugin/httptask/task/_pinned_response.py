"""Turn a pin into the response or error that it describes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import dump
from httptask._http.charsets import lookup
from httptask._http.header_fields import value_of
from httptask._http.media_types import charset_of, essence, is_json
from httptask._http.sequences import EventError, sequence_of
from httptask.errors import CodedError, HttpTaskError, TaskError
from httptask.sending import PinnedError, PinnedResponse

if TYPE_CHECKING:
    from httptask.model.api import Endpoint, Response
    from httptask.model.exchange import Headers

_FRAMING = frozenset(("content-length", "content-encoding", "transfer-encoding"))
"""Headers about the transfer of a body; they are dropped, because a pinned body is not transferred.
"""

_UNDELIVERED = frozenset(("blocked", "credential", "dns", "connection", "tls"))
"""Classes of errors after which the request most often has not reached the server."""


class PinFault(CodedError):  # noqa: N818 - callers turn it into an error or a problem
    """A pin that cannot answer a request; *at* names the wrong field of the pin."""

    def __init__(self, code: str, at: str = "", /, **params: Any) -> None:
        super().__init__(code, **params)
        self.at = at


def pinned_answer(
    pin: Mapping[str, Any],
    endpoint: Endpoint | None,
) -> PinnedResponse | PinnedError:
    """Return the response or error of *pin*, an object of `schemas/pins.schema.json`.

    *endpoint* is the task's endpoint. Raises `PinFault`.
    """
    error = pin.get("error")
    if error is not None:
        return _error(error)
    status = pin.get("status") or 200
    media_type = None
    body = pin.get("body")
    if pin.get("example"):
        status, media_type, body = documented_example(pin["example"], pin.get("status"), endpoint)
    headers = _headers(pin.get("headers") or {})
    content_type = value_of(headers, "Content-Type")
    encoded = pin.get("bodyBase64")
    if encoded is not None:
        try:
            return PinnedResponse(status, headers, base64.b64decode(encoded, validate=True))
        except binascii.Error as fault:
            raise PinFault("pin-not-base64", "bodyBase64", pythonMessage=str(fault)) from fault
    has_body = "body" in pin or bool(pin.get("example"))
    if not has_body or (body is None and content_type is None and media_type is None):
        return PinnedResponse(status, headers)
    if content_type is None:
        default_type = "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"
        content_type = media_type or default_type
        headers = (*headers, ("Content-Type", content_type))
    return PinnedResponse(status, headers, _encoded(body, content_type))


def documented_example(
    which: bool | int,
    status: int | None,
    endpoint: Endpoint | None,
) -> tuple[int, str, Any]:
    """Return the status, media type and body of an example that *endpoint* documents.

    The example is the first (*which* True) or the one numbered *which* (from 1), of the response to
    *status*, or, if *status* is None, of the first 2xx response with examples. Raises `PinFault`.
    """
    if endpoint is None:
        raise PinFault("pin-example-without-endpoint", "example")
    by_status = {name: _examples(response) for name, response in endpoint.responses.items()}
    documented = [name for name, examples in by_status.items() if examples]
    if not documented:
        raise PinFault("pin-example-undocumented", "example")
    if status is None:
        name = next((name for name in documented if name.startswith("2")), None)
    else:
        # An explicit code precedes a range (OpenAPI, Responses Object).
        names = (str(status), f"{status // 100}XX", f"{status // 100}xx", "default")
        name = next((name for name in names if name in documented), None)
    if name is None:
        code = "pin-example-unsuccessful" if status is None else "pin-example-other-status"
        raise PinFault(code, "example", known=documented, status=status)
    examples = by_status[name]
    number = 1 if which is True else which
    if number > len(examples):
        count = len(examples)
        raise PinFault(
            "pin-example-number",
            "example",
            number=number,
            count=count,
            status=name,
        )
    media_type, body = examples[number - 1]
    return status or (int(name) if name.isdigit() else 200), media_type, body


def _examples(response: Response) -> list[tuple[str, Any]]:
    return [
        ("application/json" if "*" in media_type else media_type, example)
        for media_type, content in response.content.items()
        for example in content.examples
    ]


def _headers(written: Mapping[str, str | list[str]]) -> Headers:
    return tuple(
        (name, value)
        for name, values in written.items()
        if name.lower() not in _FRAMING
        for value in ([values] if isinstance(values, str) else values)
    )


def _encoded(body: Any, content_type: str) -> bytes:
    """Encode *body*, a result's body, as *content_type* says: the reverse of reading a response."""
    codec = lookup(charset_of(content_type)) or "utf-8"
    sequence = sequence_of(essence(content_type))
    if sequence is not None and isinstance(body, list):
        try:
            text = "".join(sequence.write(item, _compact) for item in body)
        except EventError as fault:
            raise PinFault("pin-event", "body", field=str(fault) or None) from fault
    elif isinstance(body, str) and not is_json(content_type):
        text = body
    else:
        text = _compact(body)
    return text.encode(codec, "replace")


def _compact(value: Any) -> str:
    return dump(value, compact=True)


def _error(pin: Mapping[str, Any]) -> PinnedError:
    """Return the error that *pin*, the `error` of a pin, describes."""
    error_class = pin["class"]
    message = pin.get("message") or f"an error of the class {error_class}, as it is pinned"
    value = {
        "error": "",
        "kind": error_class,
        "message": message,
    }
    if error_class == "timeout":
        value |= {"phase": "read", "seconds": 0}
    error = HttpTaskError.from_json(value)
    if not isinstance(error, TaskError):
        raise AssertionError("the schema of pins names classes of task errors")
    delivered = pin.get("maybeDelivered")
    return PinnedError(error, error_class not in _UNDELIVERED if delivered is None else delivered)
