"""What is wrong with the `onError` routes of a task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from httptask._core.nearest import nearest
from httptask._core.pointers import pointer as pointer_of
from httptask.errors import Problem, TaskError
from httptask.workflow._error_routes import ANY_CLASS, STATUS_CLASS


def error_route_problems(routes: Any, pointer: str) -> Iterator[Problem]:
    """Yield the unknown classes in *routes*, an `onError` at *pointer*, and the routes that never
    match because earlier ones take all that they name. Wrong shapes are the schema's to report.
    """
    if not isinstance(routes, list):
        return
    known = error_classes()
    taken = _Taken()
    for index, route in enumerate(routes):
        if not isinstance(route, Mapping):
            continue
        here = pointer_of([index], pointer)
        classes = _texts(route.get("errors"))
        for position, name in enumerate(classes or ()):
            if name not in known:
                near = nearest(name, known)
                yield Problem.of(
                    "error-class-unknown",
                    pointer_of(["errors", position], here),
                    suggestion=near[0] if near else None,
                    name=name,
                    known=known,
                )
        statuses = route.get("statuses")
        narrowed = _integers(statuses) if isinstance(statuses, list) else None
        if taken.take(classes, narrowed):
            yield Problem.of("error-route-unused", here, severity="warning")


class _Taken:
    """What the routes so far match."""

    def __init__(self) -> None:
        self._classes: set[str] = set()
        self._statuses: set[int] = set()

    def take(self, classes: Sequence[str] | None, statuses: Sequence[int] | None) -> bool:
        """Add a route of *classes* and *statuses*, and say whether it never matches."""
        if statuses == [] or not (classes or statuses):
            return False  # nothing is named, which the schema refuses
        named = set(classes or (STATUS_CLASS,))
        narrows = statuses is not None
        whole = named - {STATUS_CLASS, ANY_CLASS} if narrows else named
        are_statuses_left = narrows and bool(named & {STATUS_CLASS, ANY_CLASS})
        are_statuses_taken = STATUS_CLASS in self._classes or set(statuses or ()) <= self._statuses
        is_unused = ANY_CLASS in self._classes or (
            whole <= self._classes and (not are_statuses_left or are_statuses_taken)
        )
        self._classes |= whole
        if are_statuses_left:
            self._statuses |= set(statuses or ())
        return is_unused


def error_classes() -> list[str]:
    """Return what `errors` may name: the classes of failures, those of plugins included, as the
    error tree has them, and `*`.
    """
    pending: list[type[TaskError]] = [TaskError]
    classes: list[str] = []
    while pending:
        current = pending.pop(0)
        classes.append(current.kind)
        pending.extend(current.__subclasses__())
    return [*dict.fromkeys(classes), ANY_CLASS]


def _integers(values: list[Any]) -> list[int]:
    return [value for value in values if isinstance(value, int)]


def _texts(value: Any) -> list[str] | None:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else None
