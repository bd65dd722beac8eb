"""What is known of a workflow definition when one of its tasks is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from httptask.task._checks import document_shape

if TYPE_CHECKING:
    from httptask.model.environment import Environment


@dataclass(frozen=True)
class Known:
    """What is known of a definition: an expression that names something else is wrong."""

    outputs: Mapping[str, Any] | None = None
    """The shapes of the outputs of all its tasks, by name; None: any task, with any output."""
    input: Any = None
    """The shape of `$.input`: see `Evaluator.check`; None: anything."""
    variables: Any = None
    """The shape of `$.variables`."""
    environment: Environment | None = None
    """Where it runs."""

    @cached_property
    def shape(self) -> dict[str, Any]:
        """The shape of the document that expressions see. Every task is checked against it."""
        return document_shape(self.outputs, self.input, self.variables)
