"""Count the bytecodes of a call: a measure of its cost that is the same on every machine."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any


class Count:
    """The number of executed bytecodes."""

    def __init__(self) -> None:
        self.bytecodes = 0


@contextmanager
def counted() -> Iterator[Count]:
    """Count the bytecodes that this thread executes in functions called during the block."""
    # Since 3.13, a trace function misses opcodes of resumed coroutines.
    counting = _monitored if sys.version_info >= (3, 12) else _traced
    with counting() as count:
        yield count


@contextmanager
def _monitored() -> Iterator[Count]:
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
    count, thread, tool = Count(), threading.get_ident(), monitoring.PROFILER_ID

    def run(_code: CodeType, _offset: int) -> None:
        count.bytecodes += threading.get_ident() == thread

    monitoring.use_tool_id(tool, __name__)
    monitoring.register_callback(tool, monitoring.events.INSTRUCTION, run)
    monitoring.set_events(tool, monitoring.events.INSTRUCTION)
    try:
        yield count
    finally:
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)


@contextmanager
def _traced() -> Iterator[Count]:
    count = Count()

    def run(_frame: FrameType, event: str, _argument: object) -> Any:
        count.bytecodes += event == "opcode"
        return run

    def called(frame: FrameType, _event: str, _argument: object) -> Any:
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return run

    before = sys.gettrace()
    sys.settrace(called)
    try:
        yield count
    finally:
        sys.settrace(before)
