"""Which round a task's visit makes: the pages of a list, the polls of a job, or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import Path
from httptask._core.pointers import pointer as pointer_of
from httptask.task._checks import Checks, is_error
from httptask.task._conditions import Truth, truth_of
from httptask.task._round import Round
from httptask.task.completion import PollRound
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
    plan = task.plan
    expressions = partial(Expressions, task, inputs)
    if plan.completion is not None and not plan.completion.is_called_back:
        at = pointer_of(["completion"], task.pointer)
        over_results = expressions(at)
        attached = await over_results.evaluate(plan.completion.attach, "attach", visit.parameters)
        return PollRound(
            plan.completion,
            expressions=over_results,
            mask=visit.mask,
            attached=attached,
            state=state,
            test_seconds=plan.timeouts.total if is_test else None,
            pointer=at,
        )
    pagination = plan.pagination
    if pagination is None:
        return None
    at = pointer_of(["pagination"], task.pointer)
    over_results = expressions(at)
    check = None if visit.send_anyway else plan.check_of_pages
    until = None
    if pagination.until is not None:
        until = partial(over_results.truth, pagination.until, "until")
    pages = PageRound(
        pagination,
        until=until,
        refusal=partial(_refusal, check) if check is not None else None,
        new_file=new_file,
        mask=visit.mask,
        resumed=await over_results.evaluate(pagination.resume, "resume", visit.parameters),
        state=state,
        is_test=is_test,
        page_by_page=visit.page_by_page,
        pointer=at,
    )
    if state is not None:
        await pages.restore(state.get("parts", ()))
    return pages


@dataclass(frozen=True, slots=True)
class Expressions:
    """The expressions of a setting of *task*, which stands at *pointer*."""

    task: HttpTask
    inputs: Inputs
    pointer: str

    async def evaluate(self, value: Any, path: str, data: Any) -> Any:
        """Return *value*, which stands at *path* below the setting, evaluated over *data*. Raises
        `ExpressionError`.
        """
        where = f"{self.pointer}/{path}"
        evaluator = self.task.runtime.evaluator
        return await evaluator.evaluate(value, data, pointer=where, run=self.inputs.run)

    async def truth(self, condition: Any, path: str, result: Any) -> Truth:
        """Return whether *condition* holds of *result*; see `truth_of`."""
        where = f"{self.pointer}/{path}"
        evaluator = self.task.runtime.evaluator
        return await truth_of(condition, result, evaluator, pointer=where, run=self.inputs.run)


def _refusal(check: Checks, settings: Mapping[str, Any], path: Path) -> str | None:
    """Return why the settings of a page, whose value at *path* an earlier one gave, are refused."""
    if check.plainly_allow(settings, (path,)):
        return None
    problems = filter(is_error, check.problems(settings))
    return next(map(str, problems), None)
