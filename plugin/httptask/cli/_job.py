"""Format the job for which a task waits, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import dump
from httptask._visible import in_line
from httptask.cli._output import plural

if TYPE_CHECKING:
    from httptask.model.job_exchange import JobCall, JobCalls, ReceivedCall
    from httptask.sending import RoundNews


_MOST_SHOWN = 64 * 1024
"""Characters of a callback's body printed for a person."""


def job_lines(job: JobCalls) -> list[str]:
    """Return a line for each listed call, and the summary.

    The last line introduces the exchange of the last call, which the caller prints.
    """
    lines = []
    number = 0
    for call in job.calls:
        if number and call.number > number + 1:
            lines.append(f"... ({job.omitted:,} calls are not listed)")
        number = call.number
        lines.append(_call_line(call))
    for received in job.received or ():
        lines += _received_lines(received)
    return [*lines, job_line(job.summary.to_json()), "", f"call {number}:"]


def _received_lines(call: ReceivedCall) -> list[str]:
    note = f"; {in_line(call.note)}" if call.note else ""
    return [
        f"callback at {call.received_at}: {call.method} -> {call.status}{note}",
        *(f"> {name}: {value}" for name, value in call.headers),
        *([">", *(f"> {line}" for line in dump(call.body, indent=2)[:_MOST_SHOWN].splitlines())]
          if call.body is not None else []),
    ]  # fmt: skip


def job_line(job: Mapping[str, Any]) -> str:
    """Return the summary of a *job* (JSON) for a person."""
    polls = f" {plural(job['polls'], 'poll')}" if job["polls"] else ""
    return (
        f"job: {job['url']} {job['status'] or 'without a state'} (ended by {job['stoppedBy']}),"
        f"{polls} in {job['elapsedSeconds']:.3f} s"
    )


def news_line(news: RoundNews) -> str | None:
    """Return a line on the next wait of a task that waits for a job; None for other news."""
    if "polls" not in news.state or not news.wait_seconds:
        return None
    state = news.state["status"] or "without a state"
    return f"{'Waiting':<10} {news.task}: {news.url} {state}, next in {news.wait_seconds:.1f} s"


def _call_line(call: JobCall) -> str:
    status = call.status_code if call.status_code is not None else call.outcome
    state = f", {call.state}" if call.state is not None else ""
    waited = f" after {call.waited_seconds:.1f} s" if call.waited_seconds else ""
    return (
        f"{call.purpose}{waited}: {call.method} {call.url} -> {status}{state},"
        f" {call.elapsed_seconds:.3f} s"
    )
