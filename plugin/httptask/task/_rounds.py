"""Choose the round of a task's visit: the pages of a list, the polls of a job, or none."""

from __future__ import annotations

from collections.abc import Mapping
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
    from httptask.task._http_task import HttpTask
    from httptask.task._visit import Visit


async def round_of(task: HttpTask, visit: Visit, state: Mapping[str, Any] | None) -> Round | None:
    """Return the round of *visit*, whose settings are evaluated; None for a task of one call.

    *state* is the state of a round that another process began.
    """
    plan = task.plan
    expressions = partial(Expressions, task, visit.inputs)
    if plan.completion is not None and not plan.completion.is_called_back:
        setting_pointer = pointer_of(["completion"], task.pointer)
        over_results = expressions(setting_pointer)
        attached = await over_results.evaluate(plan.completion.attach, "attach", visit.parameters)
        return PollRound(
            plan.completion,
            expressions=over_results,
            mask=visit.mask,
            attached=attached,
            state=state,
            test_seconds=plan.timeouts.total if visit.is_test else None,
            hands_on_start=visit.hands_on_start,
            pointer=setting_pointer,
        )
    pagination = plan.pagination
    if pagination is None:
        return None
    setting_pointer = pointer_of(["pagination"], task.pointer)
    over_results = expressions(setting_pointer)
    check = None if visit.send_anyway else plan.check_of_pages
    until = None
    if pagination.until is not None:
        until = partial(over_results.truth, pagination.until, "until")
    pages = PageRound(
        pagination,
        until=until,
        refusal=partial(_refusal, check) if check is not None else None,
        new_file=visit.new_file,
        mask=visit.mask,
        resumed=await over_results.evaluate(pagination.resume, "resume", visit.parameters),
        state=state,
        is_test=visit.is_test,
        page_by_page=visit.page_by_page,
        pointer=setting_pointer,
    )
    if state is not None:
        await pages.restore(state.get("parts", ()))
    return pages


@dataclass(frozen=True, slots=True)
class Expressions:
    """Evaluates the expressions of the setting of *task* at *pointer*."""

    task: HttpTask
    inputs: Inputs
    pointer: str

    async def evaluate(self, value: Any, path: str, data: Any) -> Any:
        """Return *value*, at *path* below the setting, evaluated over *data*.

        Raises `ExpressionError`.
        """
        pointer = f"{self.pointer}/{path}"
        evaluator = self.task.runtime.evaluator
        return await evaluator.evaluate(value, data, pointer=pointer, run=self.inputs.run)

    async def truth(self, condition: Any, path: str, result: Any) -> Truth:
        """Evaluate *condition* over *result*; see `truth_of`."""
        pointer = f"{self.pointer}/{path}"
        evaluator = self.task.runtime.evaluator
        return await truth_of(condition, result, evaluator, pointer=pointer, run=self.inputs.run)


def _refusal(check: Checks, settings: Mapping[str, Any], path: Path) -> str | None:
    """Return why *check* refuses *settings*, whose value at *path* is from the previous page."""
    if check.plainly_allow(settings, (path,)):
        return None
    problems = filter(is_error, check.problems(settings))
    return next(map(str, problems), None)
