"""The task types that control a run: Decision, Parallel, Terminate, Workflow and Simple."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from httptask._core import packaged
from httptask._core.json_types import type_name
from httptask._core.pointers import pointer as pointer_of
from httptask._core.strict_json import Number
from httptask.errors import Problem, SettingsError, SignalledError
from httptask.model.workflow import TaskOutcome

if TYPE_CHECKING:
    from httptask.expressions import Comparison, Prepared
    from httptask.protocols import TaskCall, TaskCheck


class _TaskType:
    """Base of the types: a schema from `schemas/workflow-definition.schema.json`, and expressions
    in some fields.
    """

    name: str = ""
    is_repeatable = True
    evaluated: tuple[str, ...] = ()
    """The fields of the task that may hold expressions."""

    @property
    def schema(self) -> Mapping[str, Any]:
        """Return the JSON Schema of a task of this type."""
        schema: Mapping[str, Any] = packaged.schema("workflow-definition")["$defs"][self.name]
        return schema

    def problems(self, check: TaskCheck) -> Sequence[Problem]:
        """Return the problems of expressions, and the secrets in plain text."""
        from httptask.settings import secrets_below

        problems: list[Problem] = []
        for name in self.evaluated:
            value = check.definition.get(name)
            field_pointer = pointer_of([name], check.pointer)
            problems += check.services.expression_problems(value, field_pointer)
            problems += secrets_below(value, field_pointer)
        return problems


class Decision(_TaskType):
    """Goes to the task of the first choice whose condition is true, else to `defaultTask`."""

    name = "Decision"

    def problems(self, check: TaskCheck) -> Sequence[Problem]:
        """Return the problems of the conditions."""
        from httptask.expressions import comparison_problems, condition_problems

        choices = check.definition.get("choices")
        problems: list[Problem] = []
        for index, choice in enumerate(choices if isinstance(choices, list) else ()):
            condition = None
            if isinstance(choice, Mapping):
                condition = choice.get("condition")
            condition_pointer = _condition_pointer(check.pointer, index)
            if isinstance(condition, str) and _is_comparison(condition):
                problems += comparison_problems(condition, condition_pointer)
            else:
                problems += condition_problems(
                    condition, condition_pointer, check.services.expression_problems
                )
        return problems

    def prepare(
        self, task: TaskCheck | TaskCall
    ) -> tuple[tuple[Prepared | Comparison, str, str], ...]:
        """Return compiled condition, pointer and next task of each choice."""
        return tuple(
            (
                _prepared(choice["condition"]),
                _condition_pointer(task.pointer, index),
                choice["nextTask"],
            )
            for index, choice in enumerate(task.definition["choices"])
        )

    async def run(self, call: TaskCall) -> TaskOutcome:
        """Evaluate the conditions in order, and return the next task of the first true condition.

        A condition in the platform's own syntax compares values in the previous task's output. An
        expression must yield true, false, or a list (of a JSONPath query that may match several
        values), which is true if it is not empty. Any other value raises `SettingsError`; the
        exceptions of expressions propagate.
        """
        from httptask.expressions import Comparison

        document = call.inputs.document()
        choices = self.prepare(call) if call.prepared is None else call.prepared
        for condition, pointer, next_task in choices:
            if isinstance(condition, Comparison):
                holds = condition.holds(call.inputs.previous, pointer)
            else:
                value = await call.services.evaluate(condition, document, pointer)
                holds = _truth(value, pointer)
            if holds:
                return self._to(next_task)
        return self._to(call.definition["defaultTask"])

    @staticmethod
    def _to(name: str) -> TaskOutcome:
        return TaskOutcome(output={"nextTask": name}, next_task=name)


def _is_comparison(condition: str) -> bool:
    """Say whether *condition* is in the platform's own syntax: it holds no `${…}`."""
    from httptask.expressions import has_expression

    return not has_expression(condition)


def _prepared(condition: str) -> Prepared | Comparison:
    from httptask.expressions import Comparison, Prepared

    if _is_comparison(condition):
        return Comparison.of(condition)
    return Prepared.of(condition)


def _condition_pointer(task: str, index: int) -> str:
    return pointer_of(["choices", index, "condition"], task)


def _truth(value: Any, pointer: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        return bool(value)
    raise SettingsError([Problem.of("condition-result", pointer, found=_named(value))])


def _named(value: Any) -> str:
    if isinstance(value, Number):
        return f"the number {value}"
    return type_name(value)


class Parallel(_TaskType):
    """Runs its branches concurrently and waits for all; a failed branch stops the others.

    Its output is `{startTask of a branch: output of the task that ended the branch}`.
    """

    name = "Parallel"

    async def run(self, call: TaskCall) -> TaskOutcome:
        """Raise `SettingsError`: the interpreter runs the branches, and engines never call this."""
        raise SettingsError([Problem.of("parallel-run", call.pointer)])


class _Evaluating(_TaskType):
    """Base of the types whose run evaluates one field, the first of `evaluated`."""

    def prepare(self, task: TaskCheck | TaskCall) -> Prepared:
        """Return the compiled field."""
        from httptask.expressions import Prepared

        return Prepared.of(task.definition.get(self.evaluated[0]))

    async def value(self, call: TaskCall) -> Any:
        """Return the evaluated field."""
        prepared = self.prepare(call) if call.prepared is None else call.prepared
        pointer = pointer_of([self.evaluated[0]], call.pointer)
        return await call.services.evaluate(prepared, call.inputs.document(), pointer)


class Terminate(_Evaluating):
    """Ends the run, even from inside a branch, with `terminationStatus` and `workflowOutput`."""

    name = "Terminate"
    evaluated = ("workflowOutput",)

    async def run(self, call: TaskCall) -> TaskOutcome:
        """Evaluate `workflowOutput` and end the run."""
        output = await self.value(call)
        return TaskOutcome(output=output, terminate=call.definition["terminationStatus"])


class Workflow(_Evaluating):
    """Runs another definition; the output of that run is the output of the task."""

    name = "Workflow"
    evaluated = ("inputParameters",)

    async def run(self, call: TaskCall) -> TaskOutcome:
        """Evaluate the input, and return an outcome that asks the engine for the nested run."""
        return TaskOutcome(input=await self.value(call), definition=call.definition["definition"])


class Simple(_Evaluating):
    """A task that waits until a person or another system completes it."""

    name = "Simple"
    waits = True
    """See `TaskType`: an engine that cannot wait refuses definitions with such a task."""
    evaluated = ("inputParameters",)

    async def run(self, call: TaskCall) -> TaskOutcome:
        """Evaluate the input, which is shown to the person, and wait for a signal.

        Called again with the signal, complete with its output, or fail with its error.
        """
        parameters = await self.value(call)
        if call.signal is None:
            return TaskOutcome(input=parameters, awaits_signal=True)
        if call.signal.error is not None:
            raise SignalledError(call.signal.error)
        return TaskOutcome(call.signal.output, input=parameters)
