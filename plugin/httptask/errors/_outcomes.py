"""The errors of tasks: one class for each outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from httptask._visible import exact
from httptask.errors._listing import listed
from httptask.errors._problem import Problem, masked
from httptask.errors._sentences import sentence
from httptask.errors._task_error import TaskError


class SettingsError(TaskError):
    """The task's settings are wrong; nothing was sent. *problems* has every problem."""

    kind = "settings"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("the task's settings are not valid")
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return listed(self.message, self.problems)

    def mask(self, mask: Callable[[str], str]) -> None:
        """Mask every text of the error and its problems, in place."""
        super().mask(mask)
        self.problems = tuple(problem.masked(mask) for problem in self.problems)

    def to_json(self) -> dict[str, Any]:
        """Return the error with `problems`."""
        return {**super().to_json(), "problems": [problem.to_json() for problem in self.problems]}

    @classmethod
    def _new(cls, value: Mapping[str, Any]) -> Self:
        return cls([Problem.from_json(problem) for problem in value["problems"]])


class ExpressionError(TaskError):
    """An expression cannot be parsed or evaluated; nothing was sent.

    *message* comes from a plugin's language; httptask's own errors are made with `of` and a code.
    """

    kind = "expression"

    def __init__(
        self,
        message: str,
        *,
        expression: str,
        pointer: str = "",
        known: Sequence[str] = (),
        is_absent: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = "expression-failed"
        """The code of the error for programs: see `Problem`."""
        self.params: Mapping[str, Any] = {"languageMessage": message}
        """The params of the error's sentence: see `Problem`."""
        if known:
            self.params = {**self.params, "known": [*known]}
        self.is_absent = is_absent
        """Whether the only fault is that a name does not exist in the data: in other data it
        may.
        """
        self.expression = expression
        """The expression as written, with its `${` and `}`."""
        self.pointer = pointer
        """The JSON Pointer of the expression in the workflow definition."""

    @classmethod
    def of(
        cls,
        code: str,
        *,
        expression: str,
        pointer: str = "",
        is_absent: bool = False,
        **params: Any,
    ) -> Self:
        """Make an error with *code*; its sentence is made from *params*."""
        message = sentence(code, params)
        error = cls(
            message,
            expression=expression,
            pointer=pointer,
            is_absent=is_absent,
        )
        error.code = code
        error.params = params
        return error

    @property
    def known(self) -> tuple[str, ...]:
        """The names that exist where the expression looked, as help against misspelt names."""
        return tuple(self.params.get("known", ()))

    def problem(self) -> Problem:
        """Return the error as a problem of the workflow definition."""
        return Problem.of(self.code, self.pointer, expression=self.expression, **self.params)

    def mask(self, mask: Callable[[str], str]) -> None:
        """Mask every text of the error and its params, in place."""
        super().mask(mask)
        self.params = masked(dict(self.params), mask)

    def __str__(self) -> str:
        where = f"{exact(self.pointer)}: " if self.pointer else ""
        return f"{where}expression {self.expression}: {self.message}"

    def to_json(self) -> dict[str, Any]:
        """Return the error with `expression`, `pointer`, `code`, `params`, `known` and `reason`.

        `reason` is the message without the expression and the pointer.
        """
        code_fields = {
            "code": self.code,
            "params": dict(self.params),
            "reason": self.message,
        }
        expression_fields = {
            "expression": self.expression,
            "pointer": self.pointer,
            "known": list(self.known),
        }
        return {
            **super().to_json(),
            **code_fields,
            **expression_fields,
        }

    @classmethod
    def _new(cls, value: Mapping[str, Any]) -> Self:
        fields = {name: value[name] for name in ("expression", "pointer", "known")}
        error = cls(value["reason"], **fields)
        error.code = value.get("code", error.code)
        error.params = value.get("params", error.params)
        return error


class BlockedError(TaskError):
    """Egress rules refused an address, a scheme or a redirect target."""

    kind = "blocked"


class DnsError(TaskError):
    """The host name has no address."""

    kind = "dns"


class ConnectionFailedError(TaskError):
    """No connection could be made, or it broke before a response came.

    *is_final* says that the rules of a proxy forbid the request, so another attempt would fail.
    """

    kind = "connection"

    def __init__(self, message: str, *, is_final: bool = False, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.is_final = is_final


class TlsError(TaskError):
    """The certificate was not accepted, or the TLS handshake failed."""

    kind = "tls"


class TimedOutError(TaskError):
    """A time limit of *seconds* passed.

    *phase* is `connect`, `read`, `total`, or `queue` for the wait for a place to send.
    """

    kind = "timeout"

    def __init__(
        self,
        message: str,
        *,
        phase: str,
        seconds: float,
        **task_fields: Any,
    ) -> None:
        super().__init__(message, **task_fields)
        self.phase = phase
        self.seconds = seconds

    def to_json(self) -> dict[str, Any]:
        """Return the error with `phase` and `seconds`."""
        return {
            **super().to_json(),
            "phase": self.phase,
            "seconds": self.seconds,
        }

    @classmethod
    def _new(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["message"], phase=value["phase"], seconds=value["seconds"])


class ProtocolError(TaskError):
    """The response is malformed or badly framed (RFC 9112)."""

    kind = "protocol"


class IncompleteError(TaskError):
    """The response's body ended before its end (RFC 9112, section 8)."""

    kind = "incomplete"


class DecodeError(TaskError):
    """The response's Content-Encoding is broken or truncated (RFC 9110, section 8.4)."""

    kind = "decode"


class TooLargeError(TaskError):
    """The response's body, headers or decompressed size is over the limit."""

    kind = "too_large"


class ParseError(TaskError):
    """The body should be JSON, by its Content-Type or the task's settings, but is not (RFC
    8259).
    """

    kind = "parse"


class RedirectError(TaskError):
    """A redirect was not followed.

    It is part of a loop, exceeds the limit, leads from https to http or to another scheme, or would
    send a body to another origin.
    """

    kind = "redirect"


class PaginationError(TaskError):
    """Reading pages failed: a request was repeated, a limit exceeded, or a page is not a list.

    *page* is the number of the page, from 1.
    """

    kind = "pagination"

    def __init__(self, message: str, *, page: int, **task_fields: Any) -> None:
        super().__init__(message, **task_fields)
        self.page = page

    def to_json(self) -> dict[str, Any]:
        """Return the error with `page`."""
        return {**super().to_json(), "page": self.page}

    @classmethod
    def _new(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["message"], page=value["page"])


class CompletionError(TaskError):
    """A job failed, did not end in time, or cannot be polled; `job` is its summary."""

    kind = "completion"


class SignalledError(TaskError):
    """A caller outside made a waiting task fail; *details* is the caller's error, as JSON."""

    def __init__(self, details: Mapping[str, Any], **task_fields: Any) -> None:
        message = details.get("message")
        message = "somebody outside failed it and did not say why" if message is None else message
        super().__init__(str(message), **task_fields)
        self.details = dict(details)

    def to_json(self) -> dict[str, Any]:
        """Return the error with `details`."""
        return {**super().to_json(), "details": self.details}

    @classmethod
    def _new(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["details"])


class StatusError(TaskError):
    """A response came and its status is not a success; *status_code* is that status."""

    kind = "status"

    def __init__(self, message: str, *, status_code: int, **task_fields: Any) -> None:
        super().__init__(message, **task_fields)
        self.status_code = status_code

    def to_json(self) -> dict[str, Any]:
        """Return the error with `statusCode`."""
        return {**super().to_json(), "statusCode": self.status_code}

    @classmethod
    def _new(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["message"], status_code=value["statusCode"])
