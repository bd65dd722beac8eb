"""Which round a task's visit makes: the pages of a list, or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import Path
from httptask._core.pointers import pointer as pointer_of
from httptask.errors import ExpressionError
from httptask.task._plan import Checks, is_error
from httptask.task._round import Round
from httptask.task.pagination import PageRound

if TYPE_CHECKING:
    from httptask.model.task import Inputs
    from httptask.sending import BodyFile
    from httptask.task._http_task import HttpTask
    from httptask.task._visit import Visit


async def round_of(
    task: HttpTask,
    visit: Visit,
    inputs: Inputs,
    new_file: Callable[[], BodyFile],
    *,
    is_test: bool,
    state: Mapping[str, Any] | None,
) -> Round | None:
    """Return the round of *visit*, which has begun; None for a task of one call.

    *state* is that of a round that another process began.
    """
    pagination, evaluator = task.plan.pagination, task.runtime.evaluator
    if pagination is None:
        return None
    at = pointer_of(["pagination"], task.pointer)

    async def holds(result: Any) -> bool:
        """Say whether `until` holds of *result*; what it looks for may not be there."""
        where = pointer_of(["until"], at)
        try:
            value = await evaluator.evaluate(
                pagination.until, result, pointer=where, run=inputs.run
            )
        except ExpressionError:
            return False
        return value is True or (isinstance(value, list) and bool(value))

    check = None if visit.send_anyway else task.plan.check_of_pages
    resumed = await evaluator.evaluate(
        pagination.resume, visit.parameters, pointer=pointer_of(["resume"], at), run=inputs.run
    )
    return PageRound(
        pagination,
        holds=holds,
        refusal=partial(_refusal, check) if check is not None else None,
        new_file=new_file,
        mask=task.runtime.redactor.text,
        resumed=resumed,
        state=state,
        is_test=is_test,
        pointer=at,
    )


def _refusal(check: Checks, settings: Mapping[str, Any], path: Path) -> str | None:
    """Return why the settings of a page, whose value at *path* an earlier one gave, are refused."""
    if check.plainly_allow(settings, (path,)):
        return None
    problems = filter(is_error, check.problems(settings))
    return next(map(str, problems), None)
