"""The parent's side of the helper process: starts it, asks it, and ends it in time."""

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
"""Seconds for starting the helper and reading a request: generous, for a busy machine."""

_LARGE = 1024 * 1024
"""Bytes of a message that other threads should not wait for."""
_ESCAPED = 3
"""How many times longer a message may be than its value in UTF-8: it is ASCII."""
_KEPT_VARIABLES = (
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
    "PYTHONHOME",
    "PYTHONPYCACHEPREFIX",
)
"""Variables the helper inherits. The others may hold secrets, which expressions need not see."""

_OUT_OF_TIME = getattr(signal, "SIGPROF", 0)
"""The signal that ends the helper when an evaluation has had its processor time.

0 where only a clock can tell (Windows).
"""

_CLOSED = "expression-closed"
_NO_START = "expression-helper-start"


class _EndedEarlyError(Exception):
    """The helper ended before it began an evaluation."""


@dataclass(frozen=True, slots=True)
class _Helper:
    """The helper process and the two ends of its pipes that are ours."""

    process: subprocess.Popen[bytes]
    requests: BinaryIO
    replies: BinaryIO

    def kill(self) -> None:
        """End the process; it need not be running."""
        self.process.kill()


@dataclass(slots=True, eq=False)
class _Job:
    language: ExpressionLanguage
    source: str
    document: Document
    reads: Reads
    began: bool = False
    """The helper is evaluating it."""
    abandoned: bool = False
    """Nobody awaits its result any more."""


class Worker:
    """Evaluates in one helper process, one expression at a time; from any thread or event loop.

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
        # One thread of our own: expressions that wait their turn must not take those of
        # asyncio.to_thread.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="httptask-expressions")
        self._helper: _Helper | None = None
        self._running: _Job | None = None
        self._sent: tuple[weakref.ref[Document], Reads] | None = None

    async def evaluate(
        self, language: ExpressionLanguage, source: str, document: Document, reads: Reads = None
    ) -> Any:
        """Return the value of *source* over the part of *document* that it *reads*.

        The part that the helper has seen last is not sent again. Raises `RefusedError` for every
        failure. When the awaiting task is cancelled, the evaluation ends at once.
        """
        if self._owner != os.getpid():
            # After a fork the helper and the thread belong to our parent: they are left alone.
            self._inherited.append((self._helper, self._thread))
            self._reset()
        if self._closed:
            raise RefusedError(_CLOSED)
        job = _Job(language, source, document, reads)
        try:
            future = self._thread.submit(self._run, job)
        except RuntimeError as error:  # closed meanwhile, or Python is about to end
            raise RefusedError(_CLOSED) from error
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            self._abandon(job)
            raise

    def close(self) -> None:
        """End the helper process; what is being evaluated fails."""
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
            # Somebody ended it before the request: that is not the expression's fault.
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
        """Return the pieces of a request, in the form of the helper's documentation."""
        form: str = "same"
        data: Sequence[bytes] = ()
        if not self._has_sent(job):
            form, data = _data(job.document, job.reads)
        head = (_language(job), job.source, self._seconds, self._most_bytes, form)
        return [pickle.dumps(head), *data]

    def _has_sent(self, job: _Job) -> bool:
        """Say whether the data sent last are those of *job*."""
        if self._sent is None:
            return False
        document, reads = self._sent
        return document() is job.document and reads == job.reads

    def _begin(self, request: Sequence[bytes], job: _Job) -> _Helper:
        """Send *request* and return the helper once it has begun."""
        helper = self._started(job)
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
        if message.get("last"):
            self._discard()
        if "code" in message:
            kind = NoSuchNameError if message.get("absent") else RefusedError
            raise kind(message["code"], message["params"])
        return message["value"]

    def _why_it_ended(self, helper: _Helper, deadline: _Deadline) -> RefusedError:
        if helper.process.returncode == -_OUT_OF_TIME:
            return RefusedError("expression-time", seconds=self._seconds)
        if deadline.passed:
            return RefusedError("expression-time", seconds=self._longest)
        return RefusedError(_CLOSED if self._closed else "expression-helper-gone")

    def _started(self, job: _Job) -> _Helper:
        # `close` and `_abandon` hold the lock too: either they are seen here, or they see the
        # helper.
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
            helper, self._helper, self._sent = self._helper, None, None
        if helper is None:
            return
        helper.kill()
        for stream in (helper.requests, helper.replies):
            with suppress(OSError):  # what was not sent cannot be flushed
                stream.close()
        helper.process.wait()


class _Deadline:
    """Ends *helper* when the block takes longer than *seconds*; *passed* says whether it did."""

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
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    # An empty entry means the current folder; -P keeps Python from putting it first by itself.
    environment["PYTHONPATH"] = os.pathsep.join(str(path) or os.curdir for path in sys.path)
    process = subprocess.Popen(  # our own module, in our own Python
        [sys.executable, "-P", "-W", "ignore", "-m", "httptask.expressions._helper"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,  # Ctrl+C in a terminal reaches only the parent, which decides
    )
    return _Helper(process, cast("BinaryIO", process.stdin), cast("BinaryIO", process.stdout))


def _language(job: _Job) -> bytes:
    try:
        return pickle.dumps(job.language)
    except Exception as error:
        raise RefusedError("expression-language-unsent", pythonMessage=str(error)) from error


def _data(document: Document, reads: Reads) -> tuple[str, Sequence[bytes]]:
    """Return the form of the part of *document* that an expression *reads*, and its pieces."""
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
    # Pickling takes several levels of recursion for each level of nesting, writing JSON one.
    try:
        return [pickle.dumps(dump(data))]
    except (RecursionError, TypeError, ValueError) as error:
        raise RefusedError("expression-data-depth") from error


class _Sink:
    """Keeps the pieces that a pickler writes.

    As it is written in Python, other threads may run between two pieces.
    """

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, piece: bytes) -> None:
        self.pieces.append(bytes(piece))


def _read(helper: _Helper, most_bytes: int) -> bytes:
    """Return the content of the next message.

    Raises `EOFError` when there is none, or it is longer than *most_bytes*.
    """
    header = helper.replies.read(LENGTH.size)
    if len(header) < LENGTH.size:
        raise EOFError
    (length,) = LENGTH.unpack(header)
    content = helper.replies.read(length) if length <= most_bytes else b""
    if len(content) < length:
        raise EOFError
    return content


def _parsed(content: bytes) -> Any:
    if len(content) < _LARGE:
        return json.loads(content, parse_float=number)
    # A Python function for each object lets other threads run meanwhile.
    return json.loads(
        content,
        object_pairs_hook=lambda pairs: dict(pairs),
        parse_int=lambda digits: int(digits),
        parse_float=number,
    )
