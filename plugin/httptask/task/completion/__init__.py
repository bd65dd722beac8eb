"""Completion: a task that waits for the job that its request started, by a round of calls."""

from httptask.task.completion._call_body import UnreadableError, body_of
from httptask.task.completion._poll_round import PollRound
from httptask.task.completion._problems import completion_problems
from httptask.task.completion._signature import signature_refusal
from httptask.task.completion._verdicts import DONE, FAILED, RUNNING, Verdict, called_verdict
from httptask.task.completion._verdicts import reason_of as failure_reason

__all__ = [
    "DONE",
    "FAILED",
    "RUNNING",
    "PollRound",
    "UnreadableError",
    "Verdict",
    "body_of",
    "called_verdict",
    "completion_problems",
    "failure_reason",
    "signature_refusal",
]
