"""The parent's side of the helper process: start it, send it work, and end it in time."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Self, cast

from httptask._core.strict_json import dump, number
from httptask.expressions._helper import BUSY, LENGTH
from httptask.expressions._result import NoSuchNameError, RefusedError

if TYPE_CHECKING:
    from types import TracebackType

    from httptask.expressions._document import Document, Reads
    from httptask.protocols import ExpressionLanguage

START_SECONDS = 30.0
"""Seconds for starting the helper and reading a request. Generous, for a busy machine."""

_LARGE = 1024 * 1024
"""Bytes. Smaller messages are parsed without letting other threads run."""
_ESCAPED = 3
"""How much longer than its value in UTF-8 a message may be, since messages are ASCII."""
_INHERITED_VARIABLES = (
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
    "PYTHONHOME",
    "PYTHONPYCACHEPREFIX",
)
"""Environment variables that the helper inherits. Other variables may hold secrets."""

_OUT_OF_TIME = getattr(signal, "SIGPROF", 0)
"""The signal that ends the helper when an evaluation has used up its processor time.

0 on Windows, where only elapsed time is limited.
"""

_CLOSED = "expression-closed"
_NO_START = "expression-helper-start"


class _EndedEarlyError(Exception):
    """The helper ended before it began an evaluation."""


@dataclass(frozen=True, slots=True)
class _Helper:
    """The helper process and our ends of its pipes."""

    process: subprocess.Popen[bytes]
    requests: BinaryIO
    replies: BinaryIO

    def kill(self) -> None:
        """End the process; it need not be running."""
        self.process.kill()


@dataclass(slots=True, eq=False)
class _Job:
    """One expression to evaluate."""

    language: ExpressionLanguage
    source: str
    document: Document
    reads: Reads
    began: bool = False
    """Whether the helper has begun to evaluate it."""
    abandoned: bool = False
    """Whether nobody awaits its result any more."""


class Worker:
    """Evaluates expressions in one helper process, one at a time, for any thread or event loop.

    *seconds* is the processor time for one expression, *most_bytes* the size of its result.
    """

    def __init__(self, seconds: float, most_bytes: int) -> None:
        self._seconds = seconds
        self._longest = BUSY * seconds if _OUT_OF_TIME else seconds
        self._most_bytes = most_bytes
        self._inherited: list[Any] = []
        self._closed = False
        self._reset()

    def _reset(self) -> None:
        self._owner = os.getpid()
        self._lock = threading.Lock()
        # A separate thread pool: queued expressions must not occupy the threads of
        # asyncio.to_thread.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="httptask-expressions")
        self._helper: _Helper | None = None
        self._running: _Job | None = None
        self._sent: tuple[weakref.ref[Document], Reads] | None = None

    async def evaluate(
        self,
        language: ExpressionLanguage,
        source: str,
        document: Document,
        reads: Reads = None,
    ) -> Any:
        """Return the value of *source* over the part of *document* that it *reads*.

        The part that was sent last is not sent again. Raises `RefusedError` for every failure.
        Cancelling the awaiting task ends the evaluation at once.
        """
        if self._owner != os.getpid():
            # After a fork the helper and the thread belong to the parent process and are left
            # alone.
            self._inherited.append((self._helper, self._thread))
            self._reset()
        if self._closed:
            raise RefusedError(_CLOSED)
        job = _Job(language, source, document, reads)
        try:
            future = self._thread.submit(self._run, job)
        except RuntimeError as error:  # closed meanwhile, or the interpreter is shutting down
            raise RefusedError(_CLOSED) from error
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            self._abandon(job)
            raise

    def close(self) -> None:
        """End the helper process. An evaluation under way fails."""
        if self._owner != os.getpid():
            return
        with self._lock:
            self._closed = True
            if self._helper is not None:
                self._helper.kill()
        self._thread.shutdown(wait=True)
        self._discard()

    def _abandon(self, job: _Job) -> None:
        with self._lock:
            job.abandoned = True
            if self._running is job and self._helper is not None:
                self._helper.kill()

    def _run(self, job: _Job) -> Any:
        self._running = job
        try:
            return self._ask(job)
        except RefusedError:
            raise
        except Exception as error:
            self._discard()
            raise RefusedError("expression-helper-unusable", pythonMessage=str(error)) from error
        finally:
            with self._lock:
                self._running = None

    def _ask(self, job: _Job) -> Any:
        reused = self._helper is not None
        try:
            helper = self._begin(self._request(job), job)
        except _EndedEarlyError:
            if not reused:
                raise RefusedError(_NO_START) from None
            # The helper was killed before the request arrived, for which the expression is not to
            # blame.
            helper = self._begin_anew(job)
        self._sent = (weakref.ref(job.document), job.reads)
        job.began = True
        return self._finish(helper)

    def _begin_anew(self, job: _Job) -> _Helper:
        try:
            return self._begin(self._request(job), job)
        except _EndedEarlyError:
            raise RefusedError(_NO_START) from None

    def _request(self, job: _Job) -> Sequence[bytes]:
        """Return the pieces of a request, in the format that `_helper` documents."""
        form: str = "same"
        data: Sequence[bytes] = ()
        if not self._has_sent(job):
            form, data = _data(job.document, job.reads)
        head = (_language(job), job.source, self._seconds, self._most_bytes, form)
        return [pickle.dumps(head), *data]

    def _has_sent(self, job: _Job) -> bool:
        """Say whether the data sent last are the data of *job*."""
        if self._sent is None:
            return False
        document, reads = self._sent
        return document() is job.document and reads == job.reads

    def _begin(self, request: Sequence[bytes], job: _Job) -> _Helper:
        """Send *request* and return the helper once it has begun the evaluation."""
        helper = self._started(job)
        # Starting a process has its own limit: on a busy machine it must not count against the
        # expression.
        with _Deadline(helper, START_SECONDS) as deadline:
            try:
                helper.requests.writelines(request)
                helper.requests.flush()
                _read(helper, LENGTH.size)
            except (OSError, EOFError) as error:
                self._discard()
                if deadline.passed:
                    raise RefusedError("expression-helper-late", seconds=START_SECONDS) from error
                if self._closed:
                    raise RefusedError(_CLOSED) from error
                raise _EndedEarlyError from error
        return helper

    def _finish(self, helper: _Helper) -> Any:
        """Return the helper's value if it answers in time."""
        with _Deadline(helper, self._longest) as deadline:
            try:
                content = _read(helper, _ESCAPED * self._most_bytes + _LARGE)
            except (OSError, EOFError) as error:
                self._discard()
                raise self._why_it_ended(helper, deadline) from error
        try:
            message = _parsed(content)
        except (ValueError, RecursionError) as error:
            self._discard()
            raise RefusedError("expression-helper-unread") from error
        # The helper ends after this answer: the next evaluation needs a new one.
        if message.get("last"):
            self._discard()
        if "code" in message:
            error_class = NoSuchNameError if message.get("absent") else RefusedError
            raise error_class(message["code"], message["params"])
        return message["value"]

    def _why_it_ended(self, helper: _Helper, deadline: _Deadline) -> RefusedError:
        """Return the error for a helper that ended without an answer."""
        if helper.process.returncode == -_OUT_OF_TIME:
            return RefusedError("expression-time", seconds=self._seconds)
        if deadline.passed:
            return RefusedError("expression-time", seconds=self._longest)
        return RefusedError(_CLOSED if self._closed else "expression-helper-gone")

    def _started(self, job: _Job) -> _Helper:
        """Return the helper, started if necessary."""
        # `close` and `_abandon` take the lock as well. Either their flag is seen here, or they see
        # the helper and kill it.
        with self._lock:
            if self._closed or job.abandoned:
                raise RefusedError(_CLOSED)
            if self._helper is None:
                try:
                    self._helper = _start()
                except OSError as error:
                    raise RefusedError(_NO_START, systemMessage=str(error)) from error
            return self._helper

    def _discard(self) -> None:
        with self._lock:
            helper = self._helper
            self._helper = None
            self._sent = None
        if helper is None:
            return
        helper.kill()
        for stream in (helper.requests, helper.replies):
            # Closing flushes unsent data, which fails after the process ended.
            with suppress(OSError):
                stream.close()
        helper.process.wait()


class _Deadline:
    """Kills *helper* if the `with` block takes longer than *seconds*; *passed* says whether it
    did.
    """

    def __init__(self, helper: _Helper, seconds: float) -> None:
        self.passed = False
        self._helper = helper
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    def _pass(self) -> None:
        self.passed = True
        self._helper.kill()

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        self._timer.join()


def _start() -> _Helper:
    """Start a helper process with few environment variables and this process's import path."""
    environment = {name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ}
    # An empty entry stands for the current folder. -P keeps Python from adding that folder itself.
    environment["PYTHONPATH"] = os.pathsep.join(str(path) or os.curdir for path in sys.path)
    process = subprocess.Popen(  # our own module, in our own Python
        [sys.executable, "-P", "-W", "ignore", "-m", "httptask.expressions._helper"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,  # so that Ctrl+C in a terminal reaches only the parent
    )
    return _Helper(process, cast("BinaryIO", process.stdin), cast("BinaryIO", process.stdout))


def _language(job: _Job) -> bytes:
    try:
        return pickle.dumps(job.language)
    except Exception as error:
        raise RefusedError("expression-language-unsent", pythonMessage=str(error)) from error


def _data(document: Document, reads: Reads) -> tuple[str, Sequence[bytes]]:
    """Return the form and the pieces of the part of *document* that an expression *reads*."""
    try:
        pieces = _pickled(document.part(reads))
        if any(map(document.paths.may_stand_in, pieces)):
            pieces = _pickled(document.seen(reads))
    except RecursionError:
        return "text", _as_text(document.seen(reads))
    except Exception as error:
        raise RefusedError("expression-data-unsent", pythonMessage=str(error)) from error
    return "json", pieces


def _pickled(data: Any) -> Sequence[bytes]:
    sink = _Sink()
    pickle.dump(data, sink)
    return sink.pieces


def _as_text(data: Any) -> Sequence[bytes]:
    # Pickling needs several levels of recursion for each level of nesting, JSON only one.
    try:
        return [pickle.dumps(dump(data))]
    except (RecursionError, TypeError, ValueError) as error:
        raise RefusedError("expression-data-depth") from error


class _Sink:
    """Collects the pieces that a pickler writes.

    Because it is written in Python, other threads may run between two pieces.
    """

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, piece: bytes) -> None:
        self.pieces.append(bytes(piece))


def _read(helper: _Helper, most_bytes: int) -> bytes:
    """Return the content of the next message.

    Raises `EOFError` if there is no message, or if it is longer than *most_bytes*.
    """
    header = helper.replies.read(LENGTH.size)
    if len(header) < LENGTH.size:
        raise EOFError
    (length,) = LENGTH.unpack(header)
    content = b""
    if length <= most_bytes:
        content = helper.replies.read(length)
    if len(content) < length:
        raise EOFError
    return content


def _parsed(content: bytes) -> Any:
    if len(content) < _LARGE:
        return json.loads(content, parse_float=number)
    # Calling a Python function for each object lets other threads run meanwhile.
    return json.loads(
        content,
        object_pairs_hook=lambda pairs: dict(pairs),
        parse_int=lambda digits: int(digits),
        parse_float=number,
    )
