"""Completion: a task that waits for the job its request started, as a round of calls."""

from httptask.task.completion._poll_round import PollRound
from httptask.task.completion._problems import completion_problems

__all__ = ["PollRound", "completion_problems"]
