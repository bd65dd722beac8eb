"""The problems of a task's `onError` routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from httptask._core.nearest import nearest
from httptask._core.pointers import pointer as pointer_of
from httptask.errors import Problem, TaskError
from httptask.workflow._error_routes import ANY_CLASS, STATUS_CLASS


def error_route_problems(routes: Any, pointer: str) -> Iterator[Problem]:
    """Yield the problems of *routes*, the `onError` at *pointer*.

    The problems are unknown classes of errors, and routes that never match, because earlier routes
    match all errors that they name. The schema reports wrong types.
    """
    if not isinstance(routes, list):
        return
    class_names = error_classes()
    earlier = _MatchedErrors()
    for index, route in enumerate(routes):
        if not isinstance(route, Mapping):
            continue
        route_pointer = pointer_of([index], pointer)
        classes = _texts(route.get("errors"))
        for position, name in enumerate(classes or ()):
            if name not in class_names:
                near = nearest(name, class_names)
                yield Problem.of(
                    "error-class-unknown",
                    pointer_of(["errors", position], route_pointer),
                    suggestion=near[0] if near else None,
                    name=name,
                    known=class_names,
                )
        statuses = route.get("statuses")
        status_codes = None
        if isinstance(statuses, list):
            status_codes = _integers(statuses)
        if earlier.take(classes, status_codes):
            yield Problem.of("error-route-unused", route_pointer, severity="warning")


class _MatchedErrors:
    """The classes and statuses that the routes so far match."""

    def __init__(self) -> None:
        self._classes: set[str] = set()
        self._statuses: set[int] = set()

    def take(self, classes: Sequence[str] | None, statuses: Sequence[int] | None) -> bool:
        """Add a route of *classes* and *statuses*; say whether earlier routes make it useless.

        A route with *statuses* matches some errors of the classes `status` and `*`, and all errors
        of its other classes.
        """
        if statuses == [] or not (classes or statuses):
            return False  # names nothing; the schema reports it
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
    """Return the values for `errors`: the classes of task errors, those of plugins too, and `*`."""
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
    if isinstance(value, list):
        return [item for item in value if isinstance(item, str)]
    return None
