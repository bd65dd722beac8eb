"""Errors outside tasks: of descriptions, the catalogue, definitions, journals, plugins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from httptask.errors._listing import listed
from httptask.errors._problem import Problem
from httptask.errors._root import HttpTaskError
from httptask.errors._sentences import sentence


class DescriptionError(HttpTaskError):
    """A description cannot be read. *source* is its file, *line* is counted from 1."""

    def __init__(
        self,
        message: str,
        *,
        source: str | None = None,
        line: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.line = line

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.source, self.line) if part is not None)
        return f"{where}: {self.message}" if where else self.message

    def to_json(self) -> dict[str, Any]:
        """Return the error with `source` and `line`, and the `reason` without them."""
        return {
            **super().to_json(),
            "reason": self.message,
            "source": self.source,
            "line": self.line,
        }

    @classmethod
    def _of_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["reason"], source=value["source"], line=value["line"])


class CatalogueError(HttpTaskError):
    """The catalogue file cannot be used: it is broken, another program's, locked or not writable.

    *code* and *params* are those of a problem: see `Problem`.
    """

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        return sentence(self.code, self.params)

    def problem(self, pointer: str) -> Problem:
        """Return the error as a problem at *pointer*."""
        return Problem.of(self.code, pointer, **self.params)

    def to_json(self) -> dict[str, Any]:
        """Return the error with `code` and `params`."""
        return {
            **super().to_json(),
            "code": self.code,
            "params": self.params,
        }

    @classmethod
    def _of_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["code"], **value["params"])


_FIND_ENDPOINT = (
    "find one with `httptask search WORDS`, or add its description with `httptask import FILE`"
)


class UnknownEndpointError(CatalogueError):
    """No endpoint of the catalogue has this id; *nearest* has similar ids, best first."""

    def __init__(self, endpoint_id: str, nearest: Sequence[str] = ()) -> None:
        super().__init__("endpoint-unknown", name=endpoint_id)
        self.endpoint_id = endpoint_id
        self.nearest = tuple(nearest)

    def __str__(self) -> str:
        hint = f"the nearest are: {', '.join(self.nearest)}" if self.nearest else _FIND_ENDPOINT
        return f"no endpoint {self.endpoint_id!r} in the catalogue; {hint}"

    def to_json(self) -> dict[str, Any]:
        """Return the error with `endpoint` and `nearest`."""
        return {
            **super().to_json(),
            "endpoint": self.endpoint_id,
            "nearest": list(self.nearest),
        }

    @classmethod
    def _of_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["endpoint"], value["nearest"])


class DefinitionError(HttpTaskError):
    """A workflow definition is wrong. *problems* has every problem, *source* names the file."""

    def __init__(self, problems: Sequence[Problem], *, source: str | None = None) -> None:
        super().__init__(problems)
        self.problems = tuple(problems)
        self.source = source

    def __str__(self) -> str:
        return listed(f"{self.source or 'the workflow definition'}", self.problems)

    def to_json(self) -> dict[str, Any]:
        """Return the error with `source` and `problems`."""
        fields = {
            "source": self.source,
            "problems": [problem.to_json() for problem in self.problems],
        }
        return {**super().to_json(), **fields}

    @classmethod
    def _of_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            [Problem.from_json(problem) for problem in value["problems"]], source=value["source"]
        )


WHOLE_INPUT = "(the input)"
"""What is shown as the place of a problem that concerns the whole input of a run."""


class InputError(DefinitionError):
    """The input of a run does not match the definition's `inputSchema`; nothing was run.

    The pointers of its *problems* point into the input.
    """

    def __init__(
        self,
        problems: Sequence[Problem],
        *,
        source: str | None = "the run's input",
    ) -> None:
        super().__init__(problems, source=source)

    def __str__(self) -> str:
        return listed(f"{self.source}", self.problems, WHOLE_INPUT)


class InterchangeError(HttpTaskError):
    """A pasted text cannot be parsed as requests; no task is made of it."""


class JournalError(HttpTaskError):
    """A journal of runs cannot be read or written, or does not have the requested run."""


class EngineError(HttpTaskError):
    """An engine cannot start or report a run, for example because none of its servers answers."""


class PluginError(HttpTaskError):
    """A plugin is wrong: it clashes with another, misspells a hook, or cannot be imported.

    *plugin* is the name under which the plugin is registered, if known.
    """

    def __init__(self, message: str, plugin: str | None = None) -> None:
        super().__init__(message)
        self.plugin = plugin

    def to_json(self) -> dict[str, Any]:
        """Return the error with `plugin`."""
        return {**super().to_json(), "plugin": self.plugin}

    @classmethod
    def _of_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["message"], value["plugin"])
