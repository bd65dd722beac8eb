"""An internal error with a code, which the caller converts to a public error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from httptask.errors._problem import masked
from httptask.errors._sentences import sentence


def reason(code: str, /, **params: Any) -> dict[str, Any]:
    """Return a `reason` for the params of a problem: `{"code", "params"?}`.

    *params* that are None are left out.
    """
    present_params = {name: value for name, value in params.items() if value is not None}
    if present_params:
        return {"code": code, "params": present_params}
    return {"code": code}


class CodedError(ValueError):
    """A refusal by httptask's own code: *code* names the sentence, *params* and *more* fill it in.

    Values in *more* that are None are left out. The caller converts this error to its own, which
    names the credential or the expression.
    """

    def __init__(
        self,
        code: str,
        params: Mapping[str, Any] | None = None,
        /,
        **more: Any,
    ) -> None:
        present_params = {name: value for name, value in more.items() if value is not None}
        self.code = code
        self.params = {**(params or {}), **present_params}
        super().__init__(code, self.params)

    def __str__(self) -> str:
        return sentence(self.code, self.params)

    @property
    def reason(self) -> dict[str, Any]:
        """The error as the `reason` of a problem: see the function `reason`."""
        return reason(self.code, **self.params)

    def masked(self, mask: Callable[[str], str]) -> Self:
        """Return a copy of the error with every text in its params changed by *mask*."""
        return type(self)(self.code, masked(self.params, mask))
