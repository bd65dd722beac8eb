"""A workflow definition as its author wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath
from typing import Any, Self

from httptask._core.strict_json import dump

MAX_NAME_LENGTH = 80
"""Characters in a task's name."""


@dataclass(frozen=True)
class WorkflowDefinition:
    """A workflow definition. Its document stays as the author wrote it; the properties read it."""

    document: Mapping[str, Any]
    """The JSON object as it was written, with unknown fields and explicit nulls.

    It must not be changed; `definition_of` copies a document first.
    """
    source: str | None = None
    """The path of the file that the document was read from."""
    text: str | None = field(
        default=None,
        repr=False,
        compare=False,
    )
    """The text that the document was parsed from. With it a problem can name its line."""

    @property
    def name(self) -> str:
        """The definition's name; "" when it has none."""
        return self.document.get("name") or ""

    @property
    def title(self) -> str:
        """The definition's name, else the name of its file; "" without either."""
        return self.name or PurePath(self.source or "").stem

    @property
    def start_task(self) -> str:
        """The name of the first task."""
        return str(self.document["startTask"])

    @property
    def tasks(self) -> Mapping[str, Mapping[str, Any]]:
        """Task definitions by name. Tasks inside branches are not included."""
        tasks: Mapping[str, Mapping[str, Any]] = self.document["tasks"]
        return tasks

    @property
    def timeout_seconds(self) -> float | None:
        """Seconds a run may take; None (in the document also 0 and null) means no limit."""
        return self.document.get("timeoutSeconds") or None

    @property
    def failure_workflow(self) -> str | None:
        """The id of the definition to run when this one fails."""
        return self.document.get("failureWorkflow") or None

    @property
    def input_schema(self) -> Any:
        """The JSON Schema 2020-12 of a run's input; None allows any input."""
        return self.document.get("inputSchema")

    @cached_property
    def key(self) -> str | None:
        """The document as compact JSON, for comparing definitions; None if it is not JSON."""
        try:
            return dump(self.document, compact=True)
        except (TypeError, ValueError, RecursionError):
            return None

    def to_json(self) -> dict[str, Any]:
        """Return a copy of the document."""
        return dict(self.document)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return a definition with the document *value*. The file name is not part of the JSON."""
        return cls(value)
