"""A lock between processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from httptask._core.file_lock import locked, try_lock, unlock


@pytest.mark.skipif(not hasattr(os, "fork"), reason="where processes are forked")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12, where threads run
def test_a_process_that_was_forked_holds_no_lock_of_its_parent(tmp_path: Path) -> None:
    """It may live for days, as the workers of a server do."""
    began_read, began = os.pipe()
    end_read, end = os.pipe()
    descriptor = try_lock(tmp_path / "one")
    assert descriptor is not None
    with locked(tmp_path / "two"):
        child = os.fork()
        if not child:
            os.write(began, b"-")
            os.read(end_read, 1)
            os._exit(0)
        os.read(began_read, 1)
        assert try_lock(tmp_path / "two") is None
    unlock(descriptor)
    again = [try_lock(tmp_path / name) for name in ("one", "two")]
    os.write(end, b"-")
    assert os.waitpid(child, 0)[1] == 0
    assert None not in again
    for each in again:
        if each is not None:
            unlock(each)
    for each in (began_read, began, end_read, end):
        os.close(each)
