"""The helper process: evaluates one expression after another, and may be killed at any time.

    python -P -m httptask.expressions._helper

Its standard input carries requests. Each is one or two pickles: `(language, source, seconds,
most_bytes, form)`, where *language* is itself pickled, and then the data. *form* says what the data
are: `json` a value, `text` JSON text, and `same` the value of the previous request, which is not
sent again.

Its standard output carries messages, each a length of eight bytes and that many bytes of JSON. For
each request there are two. `{}` says that the request has been read and the evaluation begins; the
time before it does not count as the expression's. Then comes `{"value": …}` or a refusal, `{"code":
…, "params": …, "absent": …}`; after `"last": true` the process ends. An evaluation that needs more
than *seconds* of processor time ends the process with `SIGPROF`. The process also ends with its
input, so that it never outlives its parent.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import signal
import struct
import sys
from contextlib import suppress
from typing import Any, BinaryIO

from httptask._core.strict_json import dump, number
from httptask.expressions import _result

LENGTH = struct.Struct(">Q")

_MEMORY = 1024**3
"""Bytes of address space beyond those in use at the start."""

BUSY = 10
"""How many times its processor time an evaluation may last by the clock: machines are busy."""

_GRACE = 5
"""Seconds beyond that, after which an evaluation ends itself because its parent must be gone."""


_LONGEST = 2000
"""Characters of a param in a refusal, which may quote data."""


def main() -> None:
    """Serve requests until the input ends."""
    requests, replies = _take_over_streams()
    _limit_resources()
    _load_languages()
    data: Any = None
    while True:
        message: dict[str, Any]
        try:
            head = pickle.load(requests)  # noqa: S301 - from our parent
            language, source, seconds, most_bytes, form = head
            if form != "same":
                data = pickle.load(requests)  # noqa: S301 - from our parent
            if form == "text":
                data = json.loads(data, parse_float=number)
            evaluate = pickle.loads(language).evaluate  # noqa: S301 - from our parent
        except EOFError:
            return
        except Exception as error:  # noqa: BLE001 - unpickling runs a plugin's imports
            message = _message(
                _result.RefusedError(
                    "expression-helper-load", pythonMessage=_result.described(error)
                )
            )
            _send(replies, {})
            _send(replies, {**message, "last": True})
            return
        _send(replies, {})
        _alarm(seconds, BUSY * seconds + _GRACE)
        message = _evaluated(evaluate, source, data, most_bytes)
        _alarm(0, 0)
        _send(replies, message)
        if "last" in message:
            return


def _evaluated(
    evaluate: Any,
    source: str,
    data: Any,
    most_bytes: int,
) -> dict[str, Any]:
    """Return the message with the value of *source* over *data*, or with the refusal."""
    try:
        value = evaluate(source, data)
        _result.check(value, most_bytes)
    except MemoryError:
        # After running out of memory, objects may be half built: start a new process.
        refusal = _result.RefusedError("expression-memory", limit=_MEMORY >> 20)
        return {**_message(refusal), "last": True}
    except RecursionError:
        return _message(_result.RefusedError("expression-depth"))
    except BaseException as error:  # noqa: BLE001 - the parent gets an answer in any case
        return _message(_result.refusal(error))
    return {"value": value}


def _message(refusal: _result.RefusedError) -> dict[str, Any]:
    params = refusal.masked(lambda text: text[:_LONGEST]).params
    return {
        "code": refusal.code,
        "params": params,
        "absent": isinstance(refusal, LookupError),
    }


def _send(replies: BinaryIO, message: dict[str, Any]) -> None:
    content = dump(message, compact=True, ascii_only=True).encode()
    replies.write(LENGTH.pack(len(content)) + content)
    replies.flush()


def _take_over_streams() -> tuple[BinaryIO, BinaryIO]:
    # Anything a language prints or reads must stay out of the messages.
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    return requests, replies


def _limit_resources() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    _, hardest = resource.getrlimit(resource.RLIMIT_AS)
    limit = _address_space() + _MEMORY
    if hardest != resource.RLIM_INFINITY:
        limit = min(limit, hardest)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _address_space() -> int:
    try:
        # Not pathlib: its import would slow down the start of the process.
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123
            return int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return _MEMORY


def _alarm(processor_seconds: float, seconds: float) -> None:
    # The default action of these signals ends the process even while no Python code runs, for
    # example in a regular expression.
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, processor_seconds)
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _load_languages() -> None:
    # Before the first request, so that loading does not count as an expression's time.
    from httptask.expressions import _jsonata, _jsonata_evaluator, _jsonpath_filters  # noqa: F401

    _jsonata.hide_clock()
    # An evaluation leaves little cyclic garbage. Collecting it as often as usual would take a fifth
    # of the time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    # The JSONata library's own setting: its evaluation takes several frames for each level.
    sys.setrecursionlimit(10_000)


if __name__ == "__main__":
    main()
