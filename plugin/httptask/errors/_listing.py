"""Listing problems for people."""

from __future__ import annotations

from collections.abc import Sequence

from httptask.errors._problem import WHOLE_DOCUMENT, Problem


def listed(title: str, problems: Sequence[Problem], whole: str = WHOLE_DOCUMENT) -> str:
    """Return *title* with the number of errors, then each of *problems* on a line.

    *whole* is the text for a problem without a pointer. A single problem of a whole file, which is
    missing for example, has no place: it follows *title* on the same line.
    """
    if len(problems) == 1 and whole == WHOLE_DOCUMENT:
        (problem,) = problems
        if not problem.pointer and problem.line is None:
            return f"{title}: {problem.text('')}"
    count = sum(problem.severity == "error" for problem in problems)
    noun = "problem" if count == 1 else "problems"
    return "\n".join(
        [f"{title}: {count} {noun}", *(f"  {problem.text(whole)}" for problem in problems)]
    )
