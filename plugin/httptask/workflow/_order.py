"""Sort the problems of a definition in document order, and add their lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from httptask._core.pointers import parts
from httptask._core.problem_lines import with_lines
from httptask.errors import Problem
from httptask.model.workflow import WorkflowDefinition


def in_order(unordered: Iterable[Problem], definition: WorkflowDefinition) -> list[Problem]:
    """Return the distinct problems of *definition* in document order.

    They get line numbers if the definition was read from text.
    """
    order = _Order(definition.document)
    problems = sorted(dict.fromkeys(unordered), key=lambda problem: order.of(problem.pointer))
    if definition.text is None:
        return problems
    return with_lines(problems, definition.text)


class _Order:
    """Computes sort keys of pointers: their positions in a document."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._positions: dict[int, dict[str, int]] = {}

    def of(self, pointer: str) -> tuple[int, ...]:
        """Return the index of each step of *pointer* among its siblings."""
        position: list[int] = []
        value = self._document
        for part in parts(pointer):
            indices = self._indices(value)
            if part not in indices:  # a missing name is sorted after the existing names
                position.append(len(indices))
                break
            position.append(indices[part])
            value = value[part] if isinstance(value, Mapping) else value[int(part)]
        return tuple(position)

    def _indices(self, value: Any) -> dict[str, int]:
        """Return name -> index for the members or items of *value*, cached by its identity."""
        # The document outlives this cache, so no other object gets the same `id` meanwhile.
        if id(value) not in self._positions:
            names: Iterable[Any] = ()
            if isinstance(value, Mapping):
                names = value
            elif isinstance(value, list):
                names = range(len(value))
            self._positions[id(value)] = {str(name): index for index, name in enumerate(names)}
        return self._positions[id(value)]
