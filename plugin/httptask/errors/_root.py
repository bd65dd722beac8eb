"""The root of all errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

_PUBLIC = "httptask.errors"
"""The `__module__` of all classes of this tree; classes of plugins have another."""


class HttpTaskError(Exception):
    """The root of every error httptask raises."""

    def __reduce__(self) -> tuple[Any, ...]:
        # For pickling, as a process pool does. Subclasses have other arguments of `__init__` than
        # `args`, so `__new__` is called, and the fields are restored.
        return _new, (type(self), *self.args), self.__dict__

    def to_json(self) -> dict[str, Any]:
        """Return the error as a JSON object with at least `error` (the class) and `message`."""
        return {"error": type(self).__name__, "message": str(self)}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> HttpTaskError:
        """Return the error that `to_json` converted to *value*: the same class and message.

        If httptask has no such class (it may be a plugin's or an engine's), `kind` decides.
        """
        tree = [cls for cls in _below(HttpTaskError) if cls.__module__ == _PUBLIC]
        by_name = {cls.__name__: cls for cls in tree}
        by_kind = {cls.kind: cls for cls in tree if hasattr(cls, "kind")}
        fallback: type[HttpTaskError] = HttpTaskError
        if "kind" in value:
            fallback = by_kind.get(value["kind"], by_name["TaskError"])
        return by_name.get(value["error"], fallback)._of_json(value)

    @classmethod
    def _of_json(cls, value: Mapping[str, Any]) -> Self:
        """Return an error of this class from *value*.

        Classes whose `__init__` takes more than a message override this.
        """
        return cls(value["message"])


def _new(cls: type[HttpTaskError], *args: Any) -> HttpTaskError:
    return cls.__new__(cls, *args)


def _below(root: type[HttpTaskError]) -> Iterator[type[HttpTaskError]]:
    """Yield *root* and all of its subclasses, including those of plugins."""
    yield root
    for cls in root.__subclasses__():
        yield from _below(cls)
