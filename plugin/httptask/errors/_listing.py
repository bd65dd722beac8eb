"""Listing problems for people."""

from __future__ import annotations

from collections.abc import Sequence

from httptask.errors._problem import Problem


def listed(title: str, problems: Sequence[Problem], whole: str = "(the document)") -> str:
    """Return *title* with the number of errors, then each of *problems* on a line.

    *whole* is the text for a problem without a pointer.
    """
    count = sum(problem.severity == "error" for problem in problems)
    noun = "problem" if count == 1 else "problems"
    return "\n".join(
        [f"{title}: {count} {noun}", *(f"  {problem.text(whole)}" for problem in problems)]
    )
