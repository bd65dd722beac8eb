"""End a process cleanly that has used the SDK's threads."""

from __future__ import annotations

import atexit
import ctypes
import sys
import threading
import time
from functools import cache

from temporalio.runtime import Runtime

_LONGEST = 5.0
"""The longest wait at exit, in seconds."""


@cache
def settle_at_exit() -> None:
    """Prevent an abort or a deadlock between the SDK's threads and the end of the interpreter.

    A thread of the SDK calls Python to report each answer to the event loop. If the interpreter
    ends during such a call, the process aborts; so wait at exit until no such thread is in Python.
    A thread that calls later blocks for ever, and freeing the SDK's runtime would wait for that
    thread; so keep a reference to the runtime that is never released.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(Runtime.default()))
    atexit.register(_settle)


def _settle() -> None:
    """Wait until no foreign thread is in Python code, at most `_LONGEST` seconds."""
    end = time.monotonic() + _LONGEST
    while _has_strangers() and time.monotonic() < end:
        time.sleep(0.001)


def _has_strangers() -> bool:
    """Say whether a thread that Python did not start is executing Python code."""
    own = {thread.ident for thread in threading.enumerate()}
    return any(ident not in own for ident in sys._current_frames())
