"""Format an exchange for a terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import dump
from httptask._visible import exact, in_line
from httptask.cli._job import job_lines
from httptask.cli._pages import page_lines

if TYPE_CHECKING:
    from httptask.model.exchange import Attempt, Exchange, Headers, Hop, RawResponse, SentRequest
    from httptask.model.job_exchange import JobCalls
    from httptask.model.page_exchange import PageCalls

_MOST_SHOWN = 64 * 1024
"""Bytes of a body printed for a person; `--json` and `--save-body` have all of it."""


def exchange_text(exchange: Exchange) -> str:
    """Return *exchange* as text for a person, with byte counts and seconds.

    Lines that were sent begin with `>`, lines that were received with `<`.
    """
    lines = page_lines(exchange.pages) if exchange.pages is not None else []
    if exchange.job is not None:
        lines = job_lines(exchange.job)
    for attempt in exchange.attempts:
        lines += _attempt_lines(attempt, len(exchange.attempts))
    lines += _next_request_lines("page", exchange.pages)
    lines += _next_request_lines("poll", exchange.job)
    if exchange.settings_problems:
        lines.append("sent as written, although the endpoint's schema says otherwise:")
        lines += [f"  {problem}" for problem in exchange.settings_problems]
        lines.append("")
    if exchange.differences:
        lines.append("not as documented:")
        lines += [
            f"  {exact(difference.pointer) or '(the response)'}: {in_line(difference.message)}"
            for difference in exchange.differences
        ]
        lines.append("")
    if exchange.item is not None:
        lines.append(f"item: the first of {exchange.item.count:,}")
    if exchange.environment is not None:
        lines.append(f"environment: {exchange.environment}")
    error = f": {exchange.error}" if exchange.error is not None else ""
    lines.append(f"outcome: {exchange.outcome}{error}")
    lines.append(f"attempts: {len(exchange.attempts)}, {exchange.elapsed_seconds:.3f} s in all")
    return "\n".join(lines)


def _next_request_lines(noun: str, calls: PageCalls | JobCalls | None) -> list[str]:
    if calls is None or calls.next_request is None:
        return []
    return [f"the next {noun}, not sent:", *_request_lines(calls.next_request), ""]


def _attempt_lines(attempt: Attempt, count: int) -> list[str]:
    """Return the lines of an attempt: its token requests and hops in the order in which they were
    sent.
    """
    lines: list[str] = []
    if count > 1:
        lines.append(f"attempt {attempt.number}, after waiting {attempt.waited_seconds:.3f} s")
    hops = set(range(len(attempt.hops)))
    for number, hop in enumerate(attempt.hops):
        lines += _token_lines(attempt, {number})
        lines += _hop_lines(hop)
        if hop.challenged:
            lines += ["the server asks for other authorisation: sent again with it", ""]
    # A token that could not be had authorises no hop: the attempt ends before it.
    before_no_hop = {exchange.before_hop for exchange in attempt.sub_exchanges} - hops
    lines += _token_lines(attempt, before_no_hop)
    if count > 1 and attempt.error:
        lines.append(f"{attempt.outcome}: {attempt.error}")
    return [*lines, ""]


def _token_lines(attempt: Attempt, before: set[int]) -> list[str]:
    """Return the lines of the token requests that authorised the hops *before*."""
    lines: list[str] = []
    for exchange in attempt.sub_exchanges:
        if exchange.before_hop in before:
            lines += [
                f"{exchange.kind} request to {exchange.hop.request.url}:",
                *_hop_lines(exchange.hop),
                "",
            ]
    return lines


def _hop_lines(hop: Hop) -> list[str]:
    response = hop.response
    lines = [] if "send" in hop.phases or response is not None else ["not sent:"]
    if hop.is_pinned:
        lines = ["pinned, not sent:"]
    lines += [*_request_lines(hop.request), ""]
    lines += _response_lines(response) if response is not None else _no_response_lines(hop)
    phases = ", ".join(f"{name} {seconds:.4f} s" for name, seconds in hop.phases.items())
    notes = [f"note: {in_line(note)}" for note in hop.notes]
    return [*lines, "", *notes, f"phases: {phases or 'none'}"]


def _request_lines(request: SentRequest) -> list[str]:
    target = re.sub(r"^https?://[^/?]*", "", request.url) or "/"
    if not target.startswith("/"):
        target = f"/{target}"
    return [
        f"> {request.method} {target} HTTP/1.1",
        *_message_lines(">", request.headers, request.shown_body, len(request.body)),
    ]


def _no_response_lines(hop: Hop) -> list[str]:
    received = [f"< {line}" for line in hop.unparsed.splitlines()]
    if not received:
        return ["< no response"]
    return ["< no response could be read; what came starts with:", *received]


def _response_lines(response: RawResponse) -> list[str]:
    """Return the lines of a response, then its decoded body if that differs from the bytes."""
    lines = [f"< {response.status_line}"]
    lines += _message_lines(
        "<", response.headers, response.body, response.size, truncated=response.truncated
    )
    if response.file is not None:
        lines += ["", _file_line(response.file)]
    elif response.decoded_as == "json":
        lines += ["", "decoded:", dump(response.decoded, indent=2)[:_MOST_SHOWN]]
    elif response.decoded_as == "text" and not _is_text(response.body):
        lines += ["", "decoded:", response.decoded[:_MOST_SHOWN]]
    return lines + [f"note: {in_line(note)}" for note in response.notes]


def _file_line(file: Mapping[str, Any]) -> str:
    problem = f"; {file['problem']}" if "problem" in file else ""
    name = f"{file['name']}, " if "name" in file else ""
    return (
        f"as a file: {name}{file['mediaType']}, {file['size']:,} bytes, SHA-256"
        f" {file['sha256']}{problem}"
    )


def _message_lines(
    mark: str,
    headers: Headers,
    body: bytes,
    size: int,
    *,
    truncated: bool = False,
) -> list[str]:
    """Return the lines of a message; *size* is the bytes on the wire.

    With *truncated*, *body* is only the start.
    """
    lines = [f"{mark} {name}: {value}" for name, value in headers]
    if not size:
        return lines
    shown = body[:_MOST_SHOWN]
    text = f"(bytes) {shown[:64].hex(' ')}"
    if _is_text(shown):
        text = shown.decode("utf-8", "replace")
    is_start = truncated or len(shown) < len(body)
    start = ", the first shown" if is_start else ""
    return [
        *lines,
        mark,
        *(f"{mark} {line}" for line in text.splitlines()),
        f"{mark} ({size:,} bytes{start})",
    ]


def _is_text(data: bytes) -> bool:
    if b"\0" in data:
        return False
    invalid = data.decode("utf-8", "replace").count("\ufffd")
    # Some are allowed: the body may be cut within a character, or have a wrong one in a long text.
    return invalid <= len(data) // 100
