"""The root of all errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

_PUBLIC = "httptask.errors"
"""The module that the classes of this tree say they are of; those of plugins say another."""


class HttpTaskError(Exception):
    """The root of every error httptask raises."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Not by `__init__`, which may ask for more than a message: a process pool pickles errors.
        return _new, (type(self), *self.args), self.__dict__

    def to_json(self) -> dict[str, Any]:
        """Return the error as a JSON object with at least `error` (its class) and `message`."""
        return {"error": type(self).__name__, "message": str(self)}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> HttpTaskError:
        """Return the error of which `to_json` made *value*, of the same class, with its sentence.

        If this tree has no such class (a plugin's, an engine's own), the outcome class in `kind`
        decides.
        """
        tree = [cls for cls in _below(HttpTaskError) if cls.__module__ == _PUBLIC]
        by_name = {cls.__name__: cls for cls in tree}
        by_kind = {cls.kind: cls for cls in tree if hasattr(cls, "kind")}
        other: type[HttpTaskError] = HttpTaskError
        if "kind" in value:
            other = by_kind.get(value["kind"], by_name["TaskError"])
        return by_name.get(value["error"], other)._of_json(value)

    @classmethod
    def _of_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the error of this class.

        Classes whose `__init__` takes more than a message override this.
        """
        return cls(value["message"])


def _new(cls: type[HttpTaskError], *args: Any) -> HttpTaskError:
    return cls.__new__(cls, *args)


def _below(root: type[HttpTaskError]) -> Iterator[type[HttpTaskError]]:
    """Yield *root* and every class below it, those of plugins included."""
    yield root
    for cls in root.__subclasses__():
        yield from _below(cls)
