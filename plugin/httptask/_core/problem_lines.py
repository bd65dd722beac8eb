"""Adding line numbers to problems."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from httptask._core.pointers import lines_of
from httptask.errors import Problem


def with_lines(problems: Collection[Problem], text: str) -> list[Problem]:
    """Return *problems* with the lines of their pointers in the JSON *text*.

    A problem that already has a line keeps it.
    """
    lines = lines_of(text, {problem.pointer for problem in problems})
    return [
        replace(problem, line=problem.line or lines.get(problem.pointer)) for problem in problems
    ]
