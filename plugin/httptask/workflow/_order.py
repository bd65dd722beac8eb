"""Problems of a definition in the order of its document, with their lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from httptask._core.pointers import parts
from httptask._core.problem_lines import with_lines
from httptask.errors import Problem
from httptask.model.workflow import WorkflowDefinition


def in_order(unordered: Iterable[Problem], definition: WorkflowDefinition) -> list[Problem]:
    """Return the problems of *definition* in document order, each once, with lines where the
    definition was read from text.
    """
    order = _Order(definition.document)
    listed = sorted(dict.fromkeys(unordered), key=lambda problem: order.of(problem.pointer))
    return listed if definition.text is None else with_lines(listed, definition.text)


class _Order:
    """Where a pointer stands in a document, as something to sort by."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._positions: dict[int, dict[str, int]] = {}

    def of(self, pointer: str) -> tuple[int, ...]:
        position: list[int] = []
        value = self._document
        for part in parts(pointer):
            indices = self._indices(value)
            if part not in indices:  # a name that is missing comes after those that are there
                position.append(len(indices))
                break
            position.append(indices[part])
            value = value[part] if isinstance(value, Mapping) else value[int(part)]
        return tuple(position)

    def _indices(self, value: Any) -> dict[str, int]:
        """Return the index of each name, or item, of *value*."""
        if id(value) not in self._positions:
            names: Iterable[Any] = ()
            if isinstance(value, Mapping):
                names = value
            elif isinstance(value, list):
                names = range(len(value))
            self._positions[id(value)] = {str(name): index for index, name in enumerate(names)}
        return self._positions[id(value)]
