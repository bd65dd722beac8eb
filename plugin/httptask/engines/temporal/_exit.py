"""The end of a process that has talked to a server."""

from __future__ import annotations

import atexit
import ctypes
import sys
import threading
import time
from functools import cache

from temporalio.runtime import Runtime

_LONGEST = 5.0
"""Seconds."""


@cache
def settle_at_exit() -> None:
    """See that the SDK's threads neither break the end of the interpreter nor keep it from coming.

    One of them tells the event loop of each answer. It may still be on its way out of that when a
    short command ends, and an interpreter that ends meanwhile aborts. One that comes later never
    gets into Python again, and whoever lets go of the SDK's runtime waits for it: so nobody does.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(Runtime.default()))
    atexit.register(_settle)


def _settle() -> None:
    end = time.monotonic() + _LONGEST
    while _has_strangers() and time.monotonic() < end:
        time.sleep(0.001)


def _has_strangers() -> bool:
    """Say whether a thread that Python did not start is inside of Python code."""
    own = {thread.ident for thread in threading.enumerate()}
    return any(ident not in own for ident in sys._current_frames())
