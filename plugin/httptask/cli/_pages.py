"""Format the pages of a list for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import dump
from httptask.cli._output import plural

if TYPE_CHECKING:
    from httptask.model.page_exchange import PageCall, PageCalls


def page_lines(pages: PageCalls) -> list[str]:
    """Return a line for each listed page, and the summary.

    The last line introduces the exchange of the last page, which the caller prints.
    """
    lines = []
    number = 0
    for call in pages.calls:
        if call.number > number + 1 and number:
            lines.append(f"... ({pages.omitted:,} pages are not listed)")
        number = call.number
        lines.append(_call_line(call))
    return [*lines, summary_line(pages.summary.to_json()), "", f"page {number}:"]


def summary_line(summary: Mapping[str, Any]) -> str:
    """Return the summary of pages (JSON) for a person."""
    doubles = f", {summary['duplicates']:,} doubles dropped" if summary["duplicates"] else ""
    end = "complete" if summary["complete"] else "not complete"
    cursor = summary["cursor"]
    shown = cursor if isinstance(cursor, str) else dump(cursor, compact=True)
    continuation = f", to go on from {shown}" if cursor is not None else ""
    note = f"; {summary['note']}" if summary.get("note") else ""
    return (
        f"pages: {summary['count']:,}, {plural(summary['items'], 'item')}{doubles},"
        f" {plural(summary['bytes'], 'byte')}; {end} (ended by {summary['stoppedBy']})"
        f"{continuation}{note}"
    )


def _call_line(call: PageCall) -> str:
    doubles = f", {call.duplicates:,} doubles" if call.duplicates else ""
    status = call.status_code if call.status_code is not None else call.outcome
    items = plural(call.items, "item")
    size = plural(call.bytes, "byte")
    return (
        f"page {call.number}: {call.method} {call.url} -> {status}, {items}{doubles}, {size},"
        f" {call.elapsed_seconds:.3f} s"
    )
