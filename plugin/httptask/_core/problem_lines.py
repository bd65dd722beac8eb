"""The lines of problems in the text that they are about."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from httptask._core.pointers import lines_of
from httptask.errors import Problem


def with_lines(problems: Collection[Problem], text: str) -> list[Problem]:
    """Return *problems*, each with the line of its pointer in the JSON *text*; one that has a line
    keeps it.
    """
    lines = lines_of(text, {problem.pointer for problem in problems})
    return [
        replace(problem, line=problem.line or lines.get(problem.pointer)) for problem in problems
    ]
