"""The facts about a workflow definition that the checks of its tasks use."""

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
    """The shapes of a definition's data. An expression that names anything else is an error."""

    outputs: Mapping[str, Any] | None = None
    """The shapes of the outputs of all tasks, by name; None: expressions may name any task."""
    input: Any = None
    """The shape of `$.input`, see `Evaluator.check`; None: any value."""
    variables: Any = None
    """The shape of `$.variables`; None: any value."""
    environment: Environment | None = None
    """The environment of the run; None: no environment."""

    @cached_property
    def shape(self) -> dict[str, Any]:
        """The shape of the document that expressions read, the same for every task."""
        return document_shape(self.outputs, self.input, self.variables)
