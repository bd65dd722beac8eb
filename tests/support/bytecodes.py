"""What a call costs, in bytecodes: the same on every machine, whoever else runs there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Count:
    """How many bytecodes were run."""

    def __init__(self) -> None:
        self.bytecodes = 0


@contextmanager
def counted() -> Iterator[Count]:
    """Count the bytecodes of every function that is called, or goes on, in this thread meanwhile."""
    count = Count()

    def run(_frame: FrameType, event: str, _argument: object) -> Any:
        count.bytecodes += event == "opcode"
        return run

    def called(frame: FrameType, _event: str, _argument: object) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return run

    before = sys.gettrace()
    sys.settrace(called)
    try:
        yield count
    finally:
        sys.settrace(before)
