"""Every error httptask raises, in one tree.

    HttpTaskError
    ├── DescriptionError          a description cannot be read
    ├── CatalogueError            the catalogue cannot be used
    │   └── UnknownEndpointError  no such endpoint; carries the nearest ids
    ├── DefinitionError           a workflow definition is wrong; carries every problem at once
    │   └── InputError            a run's input is not what the definition's inputSchema allows
    ├── InterchangeError          a curl command, a collection or a HAR file cannot be read
    ├── JournalError              a journal of runs cannot be used, or has no such run
    ├── EngineError               an engine cannot take a run: no server of it answers, say
    ├── PluginError               a plugin is wrong: two things of one name, a misspelt hook
    └── TaskError                 a task ended in a class other than success; `kind` is that class
        ├── SettingsError         settings      nothing was sent: the settings are wrong
        ├── ExpressionError       expression    nothing was sent: an expression is wrong
        ├── CredentialError       credential    nothing was sent: a credential is missing or wrong
        ├── BlockedError          blocked       egress rules refused an address, scheme or redirect
        ├── DnsError              dns           the host's name has no address
        ├── ConnectionFailedError connection    no connection, or it broke before a response
        ├── TlsError              tls           certificate or handshake
        ├── TimedOutError         timeout       connect, read or total deadline: see `phase`
        ├── ProtocolError         protocol      a malformed response
        ├── IncompleteError       incomplete    the body ended early
        ├── DecodeError           decode        a broken Content-Encoding
        ├── TooLargeError         too_large     body, headers or decompressed size over the limit
        ├── ParseError            parse         declared JSON that is not
        ├── RedirectError         redirect      a loop, too many, or a downgrade
        ├── PaginationError       pagination    pages that go round, or over a bound
        ├── CompletionError       completion    a job that failed, or did not end in time
        ├── SignalledError        task          somebody outside failed a task that waited
        └── StatusError           status        a response came and its status is not a success

Errors are values: their fields hold the facts, `str()` is the sentence for a person. No exception
of httpx, httptools, ssl, zlib or json reaches a caller; it is the `__cause__`, unless its text may
quote a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from httptask._visible import exact
from httptask.errors._job import Job
from httptask.errors._pages import Pages
from httptask.errors._problem import Problem, masked
from httptask.errors._sentences import sentence
from httptask.errors._task_result import TaskResult

if TYPE_CHECKING:
    from httptask.model.exchange import Exchange

__all__ = [
    "WHOLE_INPUT",
    "BlockedError",
    "CatalogueError",
    "CompletionError",
    "ConnectionFailedError",
    "CredentialError",
    "DecodeError",
    "DefinitionError",
    "DescriptionError",
    "DnsError",
    "EngineError",
    "ExpressionError",
    "HttpTaskError",
    "IncompleteError",
    "InputError",
    "InterchangeError",
    "Job",
    "JournalError",
    "Pages",
    "PaginationError",
    "ParseError",
    "PluginError",
    "Problem",
    "ProtocolError",
    "RedirectError",
    "SettingsError",
    "SignalledError",
    "StatusError",
    "TaskError",
    "TaskResult",
    "TimedOutError",
    "TlsError",
    "TooLargeError",
    "UnknownEndpointError",
]


class HttpTaskError(Exception):
    """The root of every error httptask raises."""

    def to_json(self) -> dict[str, Any]:
        """Return the error as a JSON object with at least `error` (its class) and `message`."""
        return {"error": type(self).__name__, "message": str(self)}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> HttpTaskError:
        """Return the error of which `to_json` made *value*, of the same class, with its sentence.

        If this tree has no such class (a plugin's, an engine's own), the outcome class in `kind`
        decides.
        """
        tree = [cls for cls in _below(HttpTaskError) if cls.__module__ == __name__]
        by_name = {cls.__name__: cls for cls in tree}
        by_kind = {cls.kind: cls for cls in tree if issubclass(cls, TaskError)}
        other = by_kind.get(value["kind"], TaskError) if "kind" in value else HttpTaskError
        return by_name.get(value["error"], other)._of_json(value)

    @classmethod
    def _of_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the error of this class.

        Classes whose `__init__` takes more than a message override this.
        """
        return cls(value["message"])


def _below(root: type[HttpTaskError]) -> Iterator[type[HttpTaskError]]:
    """Yield *root* and every class below it, those of plugins included."""
    yield root
    for cls in root.__subclasses__():
        yield from _below(cls)


class DescriptionError(HttpTaskError):
    """A description cannot be read. *source* is its file, *line* is counted from 1."""

    def __init__(self, message: str, *, source: str | None = None, line: int | None = None) -> None:
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
    """The catalogue file cannot be used: broken, foreign, locked or not writable.

    *code* and *params* are those of the problem that it is in a task: see `Problem`.
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
        return {**super().to_json(), "code": self.code, "params": self.params}

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
        return {**super().to_json(), "endpoint": self.endpoint_id, "nearest": list(self.nearest)}

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
        return _listed(f"{self.source or 'the workflow definition'}", self.problems)

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
"""The place of a problem of the whole input of a run."""


class InputError(DefinitionError):
    """The input of a run is not what the definition's `inputSchema` allows; nothing was run.

    The pointers of its *problems* point into the input.
    """

    def __init__(
        self, problems: Sequence[Problem], *, source: str | None = "the run's input"
    ) -> None:
        super().__init__(problems, source=source)

    def __str__(self) -> str:
        return _listed(f"{self.source}", self.problems, WHOLE_INPUT)


class InterchangeError(HttpTaskError):
    """A pasted text cannot be read as requests: nothing of it becomes a task."""


class JournalError(HttpTaskError):
    """A journal of runs cannot be read or written, or does not have what is asked of it."""


class EngineError(HttpTaskError):
    """An engine cannot take a run, or tell of one: none of its servers answers, for example."""


class PluginError(HttpTaskError):
    """A plugin is wrong: it clashes with another, misspells a hook, or cannot be imported.

    *plugin* is the name it is registered under, if that is known.
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


class TaskError(HttpTaskError):
    """A task ended in a class other than success.

    Raise it only through one of the subclasses: each stands for one outcome class.
    """

    kind: ClassVar[str] = "task"
    """The outcome class."""

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        maybe_delivered: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retryable = retryable
        """Another try may help, and the method and the failure allow one."""
        self.retry_after = retry_after
        """Seconds the server asked to wait before another try, or None."""
        self.maybe_delivered = maybe_delivered
        """The server could have got the request."""
        self.next_attempt_seconds: float | None = None
        """For an engine that makes the attempts: after how many seconds the next one follows."""
        self.attempts = 0
        """Attempts made before giving up."""
        self.elapsed_seconds = 0.0
        """Seconds spent over all attempts and waits."""
        self.exchange: Exchange | None = None
        """The exchange as far as it went, secrets masked; None when nothing was attempted."""
        self.result: TaskResult | None = None
        """The result, as a successful task has it, when a response came."""
        self.pages: Pages | None = None
        """How far it came, if the task reads pages."""
        self.collected: Any = None
        """What was collected of the pages before it: a list, or the reference to a file."""
        self.job: Job | None = None
        """The job it waited for, if there is one: a second run can attach to it."""

    def __str__(self) -> str:
        return self.message

    def mask(self, mask: Callable[[str], str]) -> None:
        """Mask every text of the error by *mask*, in place."""
        self.message = mask(self.message)
        self.args = (self.message,)

    def to_json(self) -> dict[str, Any]:
        """Return the error with its class and everything that decides about another try."""
        fields: dict[str, Any] = {
            **super().to_json(),
            "kind": self.kind,
            "retryable": self.retryable,
            "retryAfterSeconds": self.retry_after,
            "maybeDelivered": self.maybe_delivered,
            "attempts": self.attempts,
            "elapsedSeconds": round(self.elapsed_seconds, 6),
        }
        if self.result is not None:
            fields["result"] = self.result.to_json()
        if self.pages is not None:
            fields |= {"pages": self.pages.to_json(), "collected": self.collected}
        if self.job is not None:
            fields["job"] = self.job.to_json()
        return fields

    @classmethod
    def _of_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the error; its exchange travels on its own."""
        error = cls._new(value)
        error.retryable = value.get("retryable", False)
        error.retry_after = value.get("retryAfterSeconds")
        error.maybe_delivered = value.get("maybeDelivered", False)
        error.attempts = value.get("attempts", 0)
        error.elapsed_seconds = float(value.get("elapsedSeconds", 0))
        result = value.get("result")
        error.result = TaskResult.from_json(result) if result is not None else None
        pages = value.get("pages")
        error.pages = Pages.from_json(pages) if pages is not None else None
        error.collected = value.get("collected")
        job = value.get("job")
        error.job = Job.from_json(job) if job is not None else None
        return error

    @classmethod
    def _new(cls, value: Mapping[str, Any]) -> Self:
        """Return the error with the arguments of this class."""
        return cls(value["message"])


class SettingsError(TaskError):
    """The task's settings are wrong; nothing was sent. *problems* has every problem."""

    kind = "settings"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("the task's settings are not valid")
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return _listed(self.message, self.problems)

    def mask(self, mask: Callable[[str], str]) -> None:
        """Mask every text of the error, and of its problems."""
        super().mask(mask)
        self.problems = tuple(problem.masked(mask) for problem in self.problems)

    def to_json(self) -> dict[str, Any]:
        """Return the error with `problems`."""
        return {**super().to_json(), "problems": [problem.to_json() for problem in self.problems]}

    @classmethod
    def _new(cls, value: Mapping[str, Any]) -> Self:
        return cls([Problem.from_json(problem) for problem in value["problems"]])


class ExpressionError(TaskError):
    """An expression cannot be read or evaluated; nothing was sent."""

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
        self.is_absent = is_absent
        """Whether only the name it looks for is not there: in other data it may be."""
        self.expression = expression
        """The expression as it was written, with its `${` and `}`."""
        self.pointer = pointer
        """Its JSON Pointer in the workflow definition."""
        self.known = tuple(known)
        """The names that exist where the expression looked, to mend a wrong one."""

    def problem(self) -> Problem:
        """Return the error as a problem of the workflow definition."""
        known = list(self.known) or None
        return Problem.of(
            "expression-failed",
            self.pointer,
            expression=self.expression,
            reason=self.message,
            known=known,
        )

    def __str__(self) -> str:
        where = f"{exact(self.pointer)}: " if self.pointer else ""
        return f"{where}expression {self.expression}: {self.message}"

    def to_json(self) -> dict[str, Any]:
        """Return the error with `expression`, `pointer`, `known`, and the `reason` without them."""
        fields = {"expression": self.expression, "pointer": self.pointer, "known": list(self.known)}
        return {**super().to_json(), "reason": self.message, **fields}

    @classmethod
    def _new(cls, value: Mapping[str, Any]) -> Self:
        fields = {name: value[name] for name in ("expression", "pointer", "known")}
        return cls(value["reason"], **fields)


class CredentialError(TaskError):
    """A credential is missing, unreadable or not of a known kind, or no token was given for it;
    nothing was sent.

    *status_code* is what a token endpoint answered; None when none was asked, or none answered.
    *message* is an auth scheme's own: what httptask itself finds is an error `of` a code.
    """

    kind = "credential"

    def __init__(self, message: str, *, status_code: int | None = None, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.status_code = status_code
        self.code = "credential-scheme"
        """Its name for programs, that of the `problem`."""
        self.params: Mapping[str, Any] = {"schemeMessage": message}
        """The parts of its sentence: see `Problem`."""
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
        """Return the error *code*, whose sentence is made from *params*: see `restate`."""
        error = cls("", status_code=status_code, retryable=retryable, retry_after=retry_after)
        error.params = {}
        error.restate(code, **params)
        return error

    @classmethod
    def because(cls, error: Exception, code: str, words: str, *, name: str) -> Self:
        """Return what *error* says of the credential *name*: of its own code if it has one, else
        the error *code*, whose param *words* is what it says.
        """
        if isinstance(error, CodedError):
            return cls.of(error.code, name=name, **error.params)
        params: dict[str, Any] = {words: str(error)}
        return cls.of(code, name=name, **params)

    def restate(self, code: str, **params: Any) -> None:
        """Make it the error *code*, with *params* as well; those that are None are left out."""
        params = {**self.params, **params}
        self.code = code
        self.params = {name: value for name, value in params.items() if value is not None}
        self.message = sentence(code, self.params)
        self.args = (self.message,)

    def at(self, pointer: str) -> Self:
        """Return the error, which from now on says that the credential is named at *pointer*."""
        if pointer:
            self.pointer = pointer
            self.message = f"{pointer}: {self.message}"
            self.args = (self.message,)
        return self

    def mask(self, mask: Callable[[str], str]) -> None:
        """Mask every text of the error, and of its params."""
        super().mask(mask)
        self.params = masked(dict(self.params), mask)

    def problem(self, pointer: str) -> Problem:
        """Return the error as a problem: where the task names the credential, else at *pointer*."""
        return Problem.of(self.code, self.pointer or pointer, **self.params)

    def to_json(self) -> dict[str, Any]:
        """Return the error with `code`, `params` and `pointer`, and with `statusCode` where a token
        endpoint answered.
        """
        status = {} if self.status_code is None else {"statusCode": self.status_code}
        told = {"code": self.code, "params": dict(self.params), "pointer": self.pointer}
        return {**super().to_json(), **told, **status}

    @classmethod
    def _new(cls, value: Mapping[str, Any]) -> Self:
        error = cls(value["message"], status_code=value.get("statusCode"))
        error.code = value.get("code", error.code)
        error.params = value.get("params", error.params)
        error.pointer = value.get("pointer", "")
        return error


class CodedError(ValueError):
    """What an auth scheme or a store of httptask's own refuses, by the code of its sentence.

    Whoever asks makes a `CredentialError` of it, which says what the credential is called.
    """

    def __init__(self, code: str, params: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        self.code = code
        self.params = {**(params or {}), **more}
        super().__init__(code, self.params)

    def __str__(self) -> str:
        return sentence(self.code, self.params)


class BlockedError(TaskError):
    """Egress rules refused an address, a scheme or a redirect target."""

    kind = "blocked"


class DnsError(TaskError):
    """The host's name has no address."""

    kind = "dns"


class ConnectionFailedError(TaskError):
    """No connection could be made, or it broke before a response came. *is_final*: another try
    would end alike, by the rules of a proxy.
    """

    kind = "connection"

    def __init__(self, message: str, *, is_final: bool = False, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.is_final = is_final


class TlsError(TaskError):
    """The certificate or the handshake failed; never mixed up with `connection`."""

    kind = "tls"


class TimedOutError(TaskError):
    """A time limit of *seconds* passed.

    *phase* is `connect`, `read`, `total`, or `queue` for the wait for a place to send.
    """

    kind = "timeout"

    def __init__(self, message: str, *, phase: str, seconds: float, **task_fields: Any) -> None:
        super().__init__(message, **task_fields)
        self.phase = phase
        self.seconds = seconds

    def to_json(self) -> dict[str, Any]:
        """Return the error with `phase` and `seconds`."""
        return {**super().to_json(), "phase": self.phase, "seconds": self.seconds}

    @classmethod
    def _new(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["message"], phase=value["phase"], seconds=value["seconds"])


class ProtocolError(TaskError):
    """The response is malformed or badly framed (RFC 9112)."""

    kind = "protocol"


class IncompleteError(TaskError):
    """The response's body ended before its declared end (RFC 9112, section 8)."""

    kind = "incomplete"


class DecodeError(TaskError):
    """The response's Content-Encoding is broken or truncated (RFC 9110, section 8.4)."""

    kind = "decode"


class TooLargeError(TaskError):
    """The response's body, headers or decompressed size is over the limit."""

    kind = "too_large"


class ParseError(TaskError):
    """The response says it is JSON and is not (RFC 8259)."""

    kind = "parse"


class RedirectError(TaskError):
    """A redirect was not followed.

    It is a loop, one too many, https to http, or has a body that must not cross origins.
    """

    kind = "redirect"


class PaginationError(TaskError):
    """Pages do not come to an end: a request that was made before, a bound, a page that is no list.

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
    """A job failed, did not end in time, or cannot be followed; `job` says how far it came."""

    kind = "completion"


class SignalledError(TaskError):
    """Somebody outside failed a task that waited; *details* are their error, as JSON."""

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


def _listed(title: str, problems: Sequence[Problem], whole: str = "(the document)") -> str:
    count = sum(problem.severity == "error" for problem in problems)
    noun = "problem" if count == 1 else "problems"
    return "\n".join(
        [f"{title}: {count} {noun}", *(f"  {problem.text(whole)}" for problem in problems)]
    )
