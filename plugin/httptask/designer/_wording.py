"""Messages in the words of the page: settings are called by their titles on the form.

Titles replace names only in httptask's own words. The texts of an API, an author or a plugin, which
a message may contain, stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from httptask._core.pointers import parts
from httptask._visible import exact
from httptask.designer._form import task_settings
from httptask.designer._form_tree import GROUPS
from httptask.errors import CredentialError, ExpressionError, Problem


@cache
def _titles() -> Mapping[str, str]:
    """Return the titles of the settings of a task by name."""
    own = {
        "url": "URL",
        "method": "Method",
        "credentials": "Credential",
        "inputParameters": "Input parameters",
    }
    return {**GROUPS, **own, **{field["name"]: field["title"] for field in task_settings()}}


def shown(problem: Problem) -> dict[str, Any]:
    """Return *problem* as JSON for a page."""
    return problem.titled(_titles()).to_json()


def all_shown(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return *problems* as JSON for a page."""
    return [shown(problem) for problem in problems]


def error_text(error: Exception) -> str:
    """Return the message of *error*; one about a setting begins with the title of its field."""
    if isinstance(error, ExpressionError):
        return _with_title(error.problem())
    if isinstance(error, CredentialError) and error.pointer:
        return _with_title(error.problem(error.pointer))
    return str(error)


def _with_title(problem: Problem) -> str:
    steps = parts(problem.pointer)
    first, *below = steps[1:] if steps[:1] == ("httpRequest",) and len(steps) > 1 else steps
    title = " \u203a ".join([_titles().get(first, first), *below])
    return f"{exact(title)}: {problem.titled(_titles()).message}"
