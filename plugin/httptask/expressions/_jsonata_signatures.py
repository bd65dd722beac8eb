"""Signatures of JSONata's functions: the library's, but with null distinct from nothing.

Combinations of argument types that fit are cached.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from jsonata.jexception import JException
from jsonata.signature import Signature as LibrarySignature

from httptask.expressions._jsonata_values import NULL, Sequence, is_function
from httptask.expressions._numbers import Calculated

_MOST_CACHED = 100
"""Cached combinations of types for one function."""

_SYMBOLS = {
    str: "s",
    bool: "b",
    int: "n",
    float: "n",
    Calculated: "n",
    Decimal: "n",
    list: "a",
    Sequence: "a",
    dict: "o",
    type(NULL): "l",
    type(None): "m",
}


_Plan = list[tuple[int | None, Any, str]]
"""For each argument: its index among the supplied arguments, its parameter, its type's letter.

The parameter is None unless the argument has to be an array. The index is None if nothing is
passed.
"""


class Signature(LibrarySignature):  # type: ignore[misc, unused-ignore]
    """The parameters of the function *name*, from a *signature* such as `<s-(sf):b>`."""

    def __init__(self, signature: str, name: str) -> None:
        super().__init__(signature, name)
        self._plans: dict[str, _Plan] = {}
        self._contexts = {
            id(param): frozenset(param.regex) - set("[]?")
            for param in self._params
            if param.context
        }

    def get_symbol(self, value: Any) -> str:
        """Return the letter for the type of *value*; m is nothing, l is null."""
        return _SYMBOLS.get(type(value)) or ("f" if is_function(value) else "m")

    def validate(self, args: Any, context: Any) -> list[Any]:
        """Return *args* as the function takes them. *context* replaces a missing first argument."""
        # Looked up inline, not by a call for each argument: this runs for every function call.
        supplied = "".join([_SYMBOLS.get(type(value)) or self.get_symbol(value) for value in args])
        plan = self._plans.get(supplied)
        if plan is None:
            plan = self._planned(supplied)
        validated: list[Any] = []
        for index, param, symbol in plan:
            if index is None:
                validated.append(None)
            elif symbol == "":
                validated.append(self._context(param, context, index))
            elif param is None:
                validated.append(args[index])
            else:
                validated.append(self._array(param, symbol, args[index], index))
        return validated

    def _planned(self, supplied: str) -> _Plan:
        """Return the plan for arguments of the types *supplied*."""
        match = self._regex.fullmatch(supplied)
        if match is None:
            raise JException(
                "T0410",
                -1,
                self._first_wrong(supplied),
                self.function_name,
            )
        plan: _Plan = []
        index = 0
        for param, symbols in zip(self._params, match.groups(), strict=True):
            if not symbols:
                plan.append((index, param, "") if param.context else (None, None, ""))
            for symbol in symbols:
                plan.append((index, param if param.type == "a" and symbol != "m" else None, symbol))
                index += 1
        # Types of arguments are combined by data: without a limit, data could fill the memory.
        if len(self._plans) < _MOST_CACHED:
            self._plans[supplied] = plan
        return plan

    def _first_wrong(self, supplied: str) -> int:
        """Return the number, from 1, of the first argument that does not fit."""
        pattern, matched = "", 0
        for param in self._params:
            pattern += param.regex
            match = re.match(pattern, supplied)
            if match is None:
                break
            matched = match.end()
        return matched + 1

    def _context(self, param: Any, context: Any, index: int) -> Any:
        if self.get_symbol(context) in self._contexts[id(param)]:
            return context
        raise JException("T0411", -1, index + 1, self.function_name)

    def _array(
        self,
        param: Any,
        symbol: str,
        value: Any,
        index: int,
    ) -> Any:
        """Return *value* as an array of items of the type that *param* requires."""
        if param.subtype is not None:
            expected = param.subtype[0]
            items = value if symbol == "a" else (value,)
            if any(self.get_symbol(item) != expected for item in items):
                raise JException(
                    "T0412",
                    -1,
                    index + 1,
                    self.function_name,
                    param.subtype,
                )
        return value if symbol == "a" else [value]
