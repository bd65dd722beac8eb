"""The problems of a task's `completion` that are found before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from httptask._core.nearest import nearest
from httptask._core.pointers import pointer as pointer_of
from httptask._core.strict_json import dump
from httptask.errors import Problem, reason
from httptask.expressions import condition_problems, has_expression
from httptask.model.completion import AUTO, CALLBACK_RESULTS, RESULTS, is_callback
from httptask.model.task import TaskResult
from httptask.task._over_parameters import over_parameters
from httptask.task._queries import refusal_of

if TYPE_CHECKING:
    from httptask.expressions import Evaluator

CALL = {"headers": None, "body": None}
"""The shape of a callback, for the expressions that read it."""
_NAMES = re.compile(r"swf:\s*callback(Url|Token)")
_SHAPE = dict.fromkeys(TaskResult(0, "", {}, None, "").to_json())


def completion_problems(
    definition: Mapping[str, Any],
    evaluator: Evaluator,
    pointer: str,
) -> list[Problem]:
    """Return the problems of the `completion` of the task *definition* that its schema cannot find.

    *pointer* is the pointer of the task.
    """
    setting = definition.get("completion")
    if not isinstance(setting, Mapping):
        return []
    setting_pointer = pointer_of(["completion"], pointer)
    if is_callback(setting):
        return [
            *_other_problems(definition, setting_pointer, pointer),
            *_callback_problems(definition, setting, evaluator, pointer),
        ]
    poll = _object(setting, "poll")
    cancel = _object(setting, "cancel")
    attach = _text(setting, "attach")
    over_results = {
        "poll/url": _text(poll, "url"),
        "poll/result": _text(poll, "result"),
        "cancel/url": _text(cancel, "url"),
    }
    problems = [
        *_other_problems(definition, setting_pointer, pointer),
        *_meaningless(setting, ("callback",), setting_pointer),
        *_poll_problems(poll, f"{setting_pointer}/poll"),
        *_url_problems(over_results["poll/url"], f"{setting_pointer}/poll/url"),
        *_url_problems(over_results["cancel/url"], f"{setting_pointer}/cancel/url"),
        *_attach_problems(attach, f"{setting_pointer}/attach"),
        *over_parameters(definition, attach, f"{setting_pointer}/attach", evaluator),
    ]
    for path, value in over_results.items():
        problems += evaluator.check(value, f"{setting_pointer}/{path}", _SHAPE | {"job": None})
    conditions = {"when": _text(setting, "when"), "poll/until": _text(poll, "until")}
    for path, condition in conditions.items():
        problems += _condition_problems(condition, f"{setting_pointer}/{path}", evaluator, _SHAPE)
    return problems


def _callback_problems(
    definition: Mapping[str, Any],
    setting: Mapping[str, Any],
    evaluator: Evaluator,
    pointer: str,
) -> Iterator[Problem]:
    """Yield the problems of *setting*, a `completion` that waits for a callback."""
    setting_pointer = pointer_of(["completion"], pointer)
    callback = _object(setting, "callback")
    callback_pointer = f"{setting_pointer}/callback"
    yield from _meaningless(setting, ("poll", "cancel", "attach"), setting_pointer)
    yield from _poll_problems(callback, callback_pointer, CALLBACK_RESULTS)
    yield from evaluator.check(_text(callback, "result"), f"{callback_pointer}/result", CALL)
    when = _text(setting, "when")
    until = _text(callback, "until")
    yield from _condition_problems(when, f"{setting_pointer}/when", evaluator, _SHAPE)
    yield from _condition_problems(until, f"{callback_pointer}/until", evaluator, CALL)
    request = [definition.get("inputParameters"), definition.get("httpRequest")]
    if _NAMES.search(dump(request)) is None:
        yield Problem.of("completion-unnamed", setting_pointer, severity="warning")


def _condition_problems(
    condition: str | None,
    pointer: str,
    evaluator: Evaluator,
    shape: Mapping[str, Any],
) -> Sequence[Problem]:
    if condition is None:
        return ()
    return condition_problems(
        condition,
        pointer,
        lambda value, value_pointer: evaluator.check(value, value_pointer, shape),
    )


def _meaningless(
    setting: Mapping[str, Any],
    names: Sequence[str],
    pointer: str,
) -> Iterator[Problem]:
    """Yield a problem for each of *names* in *setting*: they belong to another mode."""
    for name in names:
        if setting.get(name) is not None:
            yield Problem.of(
                "completion-mode",
                f"{pointer}/{name}",
                name=name,
                mode=str(setting.get("mode")),
            )


# The next four functions ignore values of wrong types: the schema reports those, and the problems
# of the other values are reported, too.


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    member = value.get(name)
    if isinstance(member, Mapping):
        return member
    return {}


def _text(value: Mapping[str, Any], name: str) -> str | None:
    member = value.get(name)
    if isinstance(member, str) and member:
        return member
    return None


def _texts(value: Mapping[str, Any], name: str) -> set[str]:
    member = value.get(name)
    items = member if isinstance(member, list) else []
    return {item for item in items if isinstance(item, str)}


def _number(value: Mapping[str, Any], name: str) -> float | None:
    member = value.get(name)
    is_number = isinstance(member, int | float) and not isinstance(member, bool)
    return member if is_number else None


def _other_problems(
    definition: Mapping[str, Any],
    setting_pointer: str,
    pointer: str,
) -> Iterator[Problem]:
    if definition.get("pagination") is not None:
        yield Problem.of("completion-with-pagination", setting_pointer)
    reading = definition.get("responseBody")
    if reading in ("text", "file"):
        reading_pointer = pointer_of(["responseBody"], pointer)
        yield Problem.of("completion-unread", reading_pointer, found=reading)


def _poll_problems(
    poll: Mapping[str, Any],
    poll_pointer: str,
    results: Sequence[str] = RESULTS,
) -> Iterator[Problem]:
    """Yield the problems of *poll*, which may also be a `callback`, with its allowed *results*."""
    status = _text(poll, "status")
    result = _text(poll, "result")
    if status is not None and (cause := refusal_of(status)) is not None:
        yield Problem.of(
            "completion-value",
            f"{poll_pointer}/status",
            found=status[:200],
            reason=cause,
        )
    if result is not None and result not in results and not has_expression(result):
        near = next(iter(nearest(result, results)), None)
        cause = reason("job-result", known=list(results))
        value_pointer = f"{poll_pointer}/result"
        yield Problem.of(
            "completion-value",
            value_pointer,
            suggestion=near,
            found=result[:200],
            reason=cause,
        )
    common_states = _texts(poll, "done") & _texts(poll, "failed")
    if common_states:
        yield Problem.of("completion-states", f"{poll_pointer}/failed", found=min(common_states))
    longest = _number(poll, "maxIntervalSeconds")
    interval = _number(poll, "intervalSeconds")
    if longest is not None and interval is not None and interval > longest:
        value_pointer = f"{poll_pointer}/maxIntervalSeconds"
        yield Problem.of("completion-interval", value_pointer, found=longest, interval=interval)


def _url_problems(url: str | None, pointer: str) -> Iterator[Problem]:
    """Yield the problems of *url*, which may be relative to the URL of the first response."""
    if url is None or url == AUTO or has_expression(url):
        return
    if not url.startswith(("http://", "https://", "/")):
        near = next(iter(nearest(url, [AUTO])), None)
        cause = reason("job-url")
        yield Problem.of(
            "completion-value",
            pointer,
            suggestion=near,
            found=url[:200],
            reason=cause,
        )


def _attach_problems(attach: str | None, pointer: str) -> Iterator[Problem]:
    if not attach or has_expression(attach) or attach.startswith(("http://", "https://")):
        return
    yield Problem.of("completion-value", pointer, found=attach[:200], reason=reason("job-attach"))
