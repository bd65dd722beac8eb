"""The error of a credential."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from httptask.errors._coded_error import CodedError
from httptask.errors._problem import Problem, masked
from httptask.errors._sentences import sentence
from httptask.errors._task_error import TaskError


class CredentialError(TaskError):
    """A credential is missing, unreadable or of an unknown type, or there is no token for it;
    nothing was sent.

    *status_code* is the status of the token endpoint's response; None without a response. *message*
    comes from a plugin's auth scheme; httptask's own errors are made with `of` and a code.
    """

    kind = "credential"

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(message, **rest)
        self.status_code = status_code
        self.code = "credential-scheme"
        """The code of the error for programs: see `Problem`."""
        self.params: Mapping[str, Any] = {"schemeMessage": message}
        """The params of the error's sentence: see `Problem`."""
        self.pointer = ""
        """Where the task names the credential, as a JSON Pointer; "" outside a task."""

    @classmethod
    def of(
        cls,
        code: str,
        *,
        status_code: int | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        **params: Any,
    ) -> Self:
        """Make an error with *code*; its sentence is made from *params*: see `restate`."""
        error = cls(
            "",
            status_code=status_code,
            retryable=retryable,
            retry_after=retry_after,
        )
        error.params = {}
        error.restate(code, **params)
        return error

    @classmethod
    def because(
        cls,
        error: BaseException,
        code: str,
        words: str,
        *,
        name: str,
    ) -> Self:
        """Convert *error* to an error of the credential *name*.

        A `CodedError` keeps its code. For any other, the code is *code*, and the param *words* is
        the text of *error*.
        """
        if isinstance(error, CodedError):
            return cls.of(error.code, **{"name": name, **error.params})
        params: dict[str, Any] = {words: str(error)}
        return cls.of(code, name=name, **params)

    def restate(self, code: str, **params: Any) -> None:
        """Change the code to *code*, add *params*, and make the new sentence.

        *params* that are None remove the param.
        """
        params = {**self.params, **params}
        self.code = code
        self.params = {name: value for name, value in params.items() if value is not None}
        self.message = sentence(code, self.params)
        self.args = (self.message,)

    def at(self, pointer: str) -> Self:
        """Set where the task names the credential, put it before the message; return the error."""
        if pointer:
            self.pointer = pointer
            self.message = f"{pointer}: {self.message}"
            self.args = (self.message,)
        return self

    def mask(self, mask: Callable[[str], str]) -> None:
        """Mask every text of the error and its params, in place."""
        super().mask(mask)
        self.params = masked(dict(self.params), mask)

    def problem(self, pointer: str) -> Problem:
        """Return the error as a problem, at the error's own pointer if it has one, else
        *pointer*.
        """
        return Problem.of(self.code, self.pointer or pointer, **self.params)

    def to_json(self) -> dict[str, Any]:
        """Return the error with `code`, `params` and `pointer`, and `statusCode` if it has one."""
        status = {} if self.status_code is None else {"statusCode": self.status_code}
        own_fields = {
            "code": self.code,
            "params": dict(self.params),
            "pointer": self.pointer,
        }
        return {
            **super().to_json(),
            **own_fields,
            **status,
        }

    @classmethod
    def _new(cls, value: Mapping[str, Any]) -> Self:
        error = cls(value["message"], status_code=value.get("statusCode"))
        error.code = value.get("code", error.code)
        error.params = value.get("params", error.params)
        error.pointer = value.get("pointer", "")
        return error
