"""A refusal that has a code, on its way to whoever knows what it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from httptask.errors._problem import masked
from httptask.errors._sentences import sentence


def reason(code: str, /, **params: Any) -> dict[str, Any]:
    """Return the reason *code* for the params of a problem: `{"code", "params"?}`. *params* that
    are None are left out.
    """
    given = {name: value for name, value in params.items() if value is not None}
    return {"code": code, "params": given} if given else {"code": code}


class CodedError(ValueError):
    """What ships refuses something: *code* names the sentence, *params* fill it. Those of *more*
    that are None are left out.

    The caller makes its own error of it, which names the credential or the expression.
    """

    def __init__(self, code: str, params: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        given = {name: value for name, value in more.items() if value is not None}
        self.code = code
        self.params = {**(params or {}), **given}
        super().__init__(code, self.params)

    def __str__(self) -> str:
        return sentence(self.code, self.params)

    @property
    def reason(self) -> dict[str, Any]:
        """The refusal as the `reason` of a problem: see `reason`."""
        return reason(self.code, **self.params)

    def masked(self, mask: Callable[[str], str]) -> Self:
        """Return the refusal with every text of its params changed by *mask*."""
        return type(self)(self.code, masked(self.params, mask))
