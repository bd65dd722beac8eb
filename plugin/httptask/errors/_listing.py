"""Problems as a list for a person."""

from __future__ import annotations

from collections.abc import Sequence

from httptask.errors._problem import Problem


def listed(title: str, problems: Sequence[Problem], whole: str = "(the document)") -> str:
    """Return *title*, the number of errors, and each of *problems* on a line."""
    count = sum(problem.severity == "error" for problem in problems)
    noun = "problem" if count == 1 else "problems"
    return "\n".join(
        [f"{title}: {count} {noun}", *(f"  {problem.text(whole)}" for problem in problems)]
    )
