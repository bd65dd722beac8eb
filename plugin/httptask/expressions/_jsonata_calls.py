"""Call JSONata's functions, built in or written in an expression, and hold their variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jsonata.jsonata import Jsonata as LibraryJsonata
from jsonata.parser import Parser as LibraryParser

from httptask.expressions._jsonata_signatures import Signature
from httptask.expressions._jsonata_values import NULL, is_lambda


class Frame(LibraryJsonata.Frame):  # type: ignore[misc, name-defined, unused-ignore]
    """The variables *bindings* of one scope inside *parent*."""

    __slots__ = ("bindings", "parent")
    is_parallel_call = property(lambda _: False, lambda _, __: None)

    def __init__(self, parent: Frame | None, bindings: dict[str, Any] | None = None) -> None:
        self.parent = parent
        self.bindings = {} if bindings is None else bindings

    def bind(self, name: str, val: Any) -> None:
        """Bind the variable *name*."""
        self.bindings[name] = val
        if isinstance(val, LibraryParser.Symbol) and val.signature is not None:
            val.signature.set_function_name(name)

    def lookup(self, name: str) -> Any:
        """Return the variable *name* from this or the nearest outer scope, or None."""
        frame: Frame | None = self
        while frame is not None:
            if name in frame.bindings:
                return frame.bindings[name]
            frame = frame.parent
        return None


class Function(LibraryJsonata.JFunction):  # type: ignore[misc, name-defined, unused-ignore]
    """The built-in function *name* with *signature*; *implementation* computes its result."""

    def __init__(
        self,
        name: str,
        signature: str,
        implementation: Callable[..., Any],
    ) -> None:
        super().__init__(None, None)
        self.function_name = name
        self.signature = Signature(signature, name)
        self.function = implementation
        # The reference implementation, in JavaScript, counts no parameter that has a default.
        self.arity = 1 if name == "string" else self.get_number_of_args()

    def call(self, context: Any, args: Any) -> Any:
        """Call the function with *args*, which are validated."""
        return self.function(*args)

    def get_number_of_args(self) -> int:
        """Return the largest number of arguments that the function can take."""
        return len(self.signature._params)


def called(function: Any, *args: Any) -> Any:
    """Call *function*, a lambda, a built-in or a regular expression, with *args*."""
    return LibraryJsonata.CURRENT.jsonata.apply(function, list(args), NULL, None)


def arity(function: Any) -> int:
    """Return how many arguments *function* expects."""
    if isinstance(function, Function):
        return function.arity
    if is_lambda(function):
        return len(function.arguments)
    return 1


def with_position(function: Any) -> Callable[[Any, Any, Any], Any]:
    """Return a function that calls *function* with a value, its position and all values, or with
    the first of these arguments if *function* expects fewer.
    """
    count = max(1, min(3, arity(function)))
    apply = LibraryJsonata.CURRENT.jsonata.apply
    return lambda *args: apply(function, list(args[:count]), NULL, None)
