"""The settings of one visit: evaluate them, check them again, normalise them; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from httptask._core.pointers import pointer as pointer_of
from httptask.building import url_part
from httptask.errors import Problem, SettingsError
from httptask.settings import any_settings_schema, request_problems
from httptask.task._checks import is_error
from httptask.task._plan import Plan

if TYPE_CHECKING:
    from httptask.model.task import Inputs


class Evaluated(NamedTuple):
    """The values that a visit evaluates before it sends. A tuple, because each run makes one."""

    parameters: Any
    """The evaluated input parameters."""
    settings: dict[str, Any]
    """The evaluated, checked and normalised `httpRequest`."""
    mentions_files: bool
    """Whether the groups of settings that change between requests may refer to a file."""


async def evaluated(
    plan: Plan,
    inputs: Inputs,
    *,
    send_anyway: bool = False,
) -> Evaluated:
    """Return the evaluated parameters and settings of *plan*.

    With *send_anyway* only problems that no task may waive are errors. Raises a `TaskError` if the
    settings cannot be sent.
    """
    refusal = plan.shape_refusal if send_anyway else plan.refusal
    if refusal:
        raise SettingsError(refusal)
    item = inputs.item
    if plan.for_each is not None and item is None:
        pointer = pointer_of(["forEach"], plan.pointer)
        raise SettingsError([Problem.of("for-each-engine", pointer)])
    parameters = await parameters_of(plan, inputs)
    if item is not None and isinstance(parameters, Mapping):
        parameters = {**parameters, **item.names()}
    if plan.has_constant_request:
        if send_anyway:
            _refuse_unsendable(plan, plan.definition["httpRequest"])
        return Evaluated(parameters, plan.constant_settings, plan.mentions_files)
    request = plan.paged(await _request(plan, parameters, inputs))
    mentions_files = True
    if plan.evaluated_groups and not send_anyway:
        # The plan has checked the constant groups. Only the values of expressions are left, and
        # `plainly_allow` is a fast way to say yes to most of them.
        check = plan.check_of_evaluated
        if check.plainly_allow(request, plan.changing_paths):
            mentions_files = plan.mentions_files
        else:
            refuse(check.problems(request))
    if send_anyway:
        _refuse_unsendable(plan, request)
    return Evaluated(parameters, plan.sendable(request), mentions_files)


async def parameters_of(plan: Plan, inputs: Inputs) -> Any:
    """Return the evaluated input parameters of *plan*."""
    return await plan.runtime.evaluator.evaluate(
        plan.parameters,
        inputs.document(),
        pointer=plan.parameters_pointer,
        run=inputs.run,
    )


async def _request(plan: Plan, parameters: Any, inputs: Inputs) -> Any:
    """Return `httpRequest` with its expressions evaluated over *parameters*."""
    written = plan.definition.get("httpRequest")
    evaluated = await plan.runtime.evaluator.evaluate(
        plan.changing_request,
        parameters,
        pointer=plan.request_pointer,
        run=inputs.run,
        escapes={("url",): url_part},
    )
    # One expression may yield all of `httpRequest`, its URL included.
    if not isinstance(written, dict | Mapping):
        return _with_url_escaped(evaluated)
    return {**written, **evaluated}


def _with_url_escaped(request: Any) -> Any:
    url = request.get("url") if isinstance(request, Mapping) else None
    if isinstance(url, str):
        return {**request, "url": url_part(url)}
    return request


def _refuse_unsendable(plan: Plan, request: Any) -> None:
    """Raise `SettingsError` if *request* has problems that no task may waive."""
    refuse(
        request_problems(
            request,
            any_settings_schema(),
            plan.endpoint,
            plan.request_pointer,
            host_header=plan.runtime.allow_host_header,
            waived=True,
        )
    )


def refuse(problems: Iterable[Problem]) -> None:
    """Raise `SettingsError` with the errors among *problems*, if there are any."""
    errors = list(filter(is_error, problems))
    if errors:
        raise SettingsError(errors)
