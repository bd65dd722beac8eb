"""Decide whether a response is a success: by its status or the author's condition, and, if the task
asks for it, by the documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from httptask._core.nearest import nearest
from httptask._core.pointers import pointer as pointer_of
from httptask._core.threads import in_thread
from httptask._http.charsets import lookup
from httptask.errors import ExpressionError, Problem
from httptask.expressions import condition_problems
from httptask.model.task import TaskResult
from httptask.sending import Verdict
from httptask.settings import differences
from httptask.task._conditions import truth_of

if TYPE_CHECKING:
    from httptask.expressions import Evaluator
    from httptask.model.api import Endpoint
    from httptask.model.exchange import Difference
    from httptask.sending import View

CONDITION, CHECK, CHARSET = "successCondition", "checkResponse", "responseCharset"
RETRY, UNTIL = "retry", "until"
_LONG = 16 * 1024
"""In bytes. A longer body is compared in a thread, so that it does not block the event loop."""
_SHAPE = dict.fromkeys(TaskResult(0, "", {}, None, "").to_json())


def judging_problems(
    definition: Mapping[str, Any],
    endpoint: Endpoint | None,
    evaluator: Evaluator,
    pointer: str,
) -> list[Problem]:
    """Return the problems of `successCondition`, `retry.until` and `checkResponse`.

    *pointer* is the pointer of the task *definition*.
    """
    problems = _check_problems(definition, endpoint, pointer)
    for condition, path in (
        (definition.get(CONDITION), [CONDITION]),
        (_until(definition), [RETRY, UNTIL]),
    ):
        if isinstance(condition, str):  # the schema reports a wrong type
            problems += condition_problems(
                condition,
                pointer_of(path, pointer),
                lambda value, at: evaluator.check(value, at, _SHAPE),
            )
    return problems


def _until(definition: Mapping[str, Any]) -> Any:
    """Return `retry.until` of a task's *definition*, unchecked; None if it is missing."""
    retry = definition.get(RETRY)
    if isinstance(retry, Mapping):
        return retry.get(UNTIL)
    return None


def reading_problems(definition: Mapping[str, Any], pointer: str) -> list[Problem]:
    """Return a problem if `responseCharset` is not a known encoding.

    *pointer* is the pointer of the task *definition*.
    """
    label = definition.get(CHARSET)
    if not isinstance(label, str) or lookup(label) is not None:  # the schema refuses other types
        return []
    near = next(iter(nearest(label, _COMMON_CHARSETS)), None)
    return [Problem.of("charset", pointer_of([CHARSET], pointer), suggestion=near, found=label)]


_COMMON_CHARSETS = (
    "utf-8",
    "utf-16",
    "iso-8859-1",
    "iso-8859-15",
    "windows-1252",
    "shift_jis",
    "gb18030",
    "euc-kr",
)
"""Encodings that may be suggested for a misspelt label."""


def _check_problems(
    definition: Mapping[str, Any],
    endpoint: Endpoint | None,
    pointer: str,
) -> list[Problem]:
    """Return a warning if `checkResponse` has no effect: *endpoint* documents no responses."""
    if definition.get(CHECK) != "fail" or (endpoint is not None and endpoint.responses):
        return []
    if endpoint is None and "endpoint" in definition:
        return []  # an unknown endpoint is reported at `endpoint`
    code = "response-unchecked" if endpoint is None else "response-undocumented"
    return [Problem.of(code, pointer_of([CHECK], pointer), severity="warning")]


def needs_judge(definition: Mapping[str, Any], endpoint: Endpoint | None) -> bool:
    """Say whether more than a 2xx status decides on the success of the task *definition*."""
    documents_responses = endpoint is not None and bool(endpoint.responses)
    conditions = (definition.get(CONDITION), _until(definition))
    return documents_responses or any(condition is not None for condition in conditions)


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides whether the response of a call is a success for the task *definition*."""

    definition: Mapping[str, Any]
    endpoint: Endpoint | None
    evaluator: Evaluator
    run: Mapping[str, Any]
    """The values of the `swf:` names."""
    pointer: str = ""

    async def __call__(self, result: TaskResult, view: View) -> Verdict:
        """Return the verdict on *result*, whose body is *view*."""
        differences = await self._differences(result, view)
        refusal = await self._refusal(result)
        if refusal is None and differences and self.definition.get(CHECK) == "fail":
            refusal = _not_as_documented(differences)
        unmet, failure = "", None
        until = _until(self.definition)
        if until is not None:
            name = f"the condition of {RETRY}.{UNTIL}"
            try:
                unmet = await self._unmet(until, [RETRY, UNTIL], name, result) or ""
            except ExpressionError as error:
                unmet = f"{name} does not hold: {error}"
                failure = error
        return Verdict(refusal is None, refusal or "", differences, unmet, failure)

    async def _refusal(self, result: TaskResult) -> str | None:
        """Return why *result* is no success ("": because of its status); None for a success."""
        condition = self.definition.get(CONDITION)
        if condition is None:
            if 200 <= result.status_code < 300:
                return None
            return ""
        try:
            return await self._unmet(condition, [CONDITION], "the success condition", result)
        except ExpressionError as error:
            return f"the success condition does not hold: {error}"

    async def _unmet(
        self,
        condition: str,
        path: list[str],
        name: str,
        result: TaskResult,
    ) -> str | None:
        """Return a sentence if *condition* does not hold for *result*; None if it holds.

        *path* leads to the condition in the task; the sentence starts with *name*. Raises
        `ExpressionError` if the condition cannot be evaluated.
        """
        condition_pointer = pointer_of(path, self.pointer)
        truth = await truth_of(
            condition,
            result.to_json(),
            self.evaluator,
            pointer=condition_pointer,
            run=self.run,
        )
        if truth.holds:
            return None
        subject = name if truth.absent is not None else f"{name} {condition}"
        return f"{subject} does not hold: {truth.why_not}"

    async def _differences(self, result: TaskResult, view: View) -> tuple[Difference, ...]:
        """Return the differences between *result* and its documentation; () without one."""
        endpoint = self.endpoint
        if endpoint is None or not endpoint.responses:
            return ()

        def compare() -> tuple[Difference, ...]:
            reading = {"is_json": view.decoded_as == "json", "missing": view.missing}
            return tuple(
                differences(endpoint, result.status_code, view.media_type, view.value, **reading)
            )

        if len(view.content) > _LONG:
            return await in_thread(compare)
        return compare()


def _not_as_documented(differences: tuple[Difference, ...]) -> str:
    first, *others = differences
    more = f" (and {len(others)} more)" if others else ""
    where = f"{first.pointer}: " if first.pointer else ""
    return f"it is not as documented: {where}{first.message}{more}"
