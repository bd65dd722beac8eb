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

Errors are values: the facts are in their fields, and `str()` is a sentence for people. Exceptions
of httpx, httptools, ssl, zlib and json do not reach the caller; they become the `__cause__`, unless
their text may quote a secret.
"""

from httptask.errors._coded_error import CodedError as CodedError  # not public
from httptask.errors._coded_error import reason as reason  # not public
from httptask.errors._credential_error import CredentialError
from httptask.errors._job import Job
from httptask.errors._outcomes import (
    BlockedError,
    CompletionError,
    ConnectionFailedError,
    DecodeError,
    DnsError,
    ExpressionError,
    IncompleteError,
    PaginationError,
    ParseError,
    ProtocolError,
    RedirectError,
    SettingsError,
    SignalledError,
    StatusError,
    TimedOutError,
    TlsError,
    TooLargeError,
)
from httptask.errors._outside_tasks import (
    WHOLE_INPUT,
    CatalogueError,
    DefinitionError,
    DescriptionError,
    EngineError,
    InputError,
    InterchangeError,
    JournalError,
    PluginError,
    UnknownEndpointError,
)
from httptask.errors._pages import Pages
from httptask.errors._problem import Problem
from httptask.errors._root import HttpTaskError
from httptask.errors._task_error import TaskError
from httptask.errors._task_result import TaskResult

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

# Tracebacks show where a class is imported from, not the private module that defines it.
for _class in list(globals().values()):
    if isinstance(_class, type) and issubclass(_class, Exception):
        _class.__module__ = __name__
