"""Signals that come while descriptions are read in other processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from httptask.importing._signals import HeldSignals
from servers import HANG_SECONDS

SCRIPT = """
import os, signal
from concurrent.futures import _base, process
from httptask.importing import Job, read_all
from httptask.plugins import plugin_manager
from httptask.protocols import ImportOptions, Source

def nothing(reference):
    raise FileNotFoundError(reference)

def jobs():
    for index in range(8):
        page = f"GET /things/{index}\\n\\nOne thing.\\n".encode()
        yield Job(Source(f"{index}.txt", page, nothing), ImportOptions("acme"), b"")

def interrupted(function):
    def wrapper(*arguments, **named):
        result = function(*arguments, **named)
        signal.raise_signal(signal.SIGINT)
        return result
    return wrapper

if __name__ == "__main__":
    os.cpu_count = lambda: 2
    MOMENT
    try:
        for _ in read_all(jobs(), plugin_manager(entry_points=False)):
            pass
    except KeyboardInterrupt:
        print("interrupted")
"""

MOMENTS = {
    "while the lock of a future is taken": (
        "_base._AcquireFutures.__enter__ = interrupted(_base._AcquireFutures.__enter__)"
    ),
    "while a process starts": (
        "process.ProcessPoolExecutor._spawn_process = interrupted("
        "process.ProcessPoolExecutor._spawn_process)"
    ),
    "while work is given": (
        "process.ProcessPoolExecutor.submit = interrupted(process.ProcessPoolExecutor.submit)"
    ),
    "while the processes are ended": (
        "process.ProcessPoolExecutor.shutdown = interrupted(process.ProcessPoolExecutor.shutdown)"
    ),
}


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT is raised as on Unix")
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS.keys())
def test_ctrl_c_at_any_moment_ends_the_reading(tmp_path: Path, moment: str) -> None:
    """The processes end, nothing hangs, and no thread fails, whatever the pool was doing."""
    script = tmp_path / "reading.py"
    script.write_text(SCRIPT.replace("MOMENT", moment))
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("interrupted\n", "", 0)


def test_a_held_signal_comes_behind_the_block() -> None:
    """Its handler is called then, once for each time; between the blocks it is called at once."""
    received: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda *_: received.append("received"))
    try:
        held = HeldSignals()
        with held:
            signal.raise_signal(signal.SIGTERM)
            received.append("block")
        assert received == ["block", "received"]
        signal.raise_signal(signal.SIGTERM)
        assert received == ["block", "received", "received"]
        held.end()
        assert signal.getsignal(signal.SIGTERM) is not held._keep
        signal.raise_signal(signal.SIGTERM)
        assert len(received) == 4
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_thread_holds_no_signals() -> None:
    """Only the main thread gets them, so that there is nothing to hold."""
    handlers: list[object] = []

    def held() -> None:
        with HeldSignals():
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=held)
    thread.start()
    thread.join()
    assert handlers == [signal.getsignal(signal.SIGINT)]
