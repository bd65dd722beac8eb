"""The files that machines share, by a bucket in memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from obstore.store import MemoryStore

from httptask._core.shared_files import SharedFiles
from httptask.building._files import FilePiece, Files
from httptask.errors import SettingsError


def test_a_name_that_no_object_has_is_refused(tmp_path: Path) -> None:
    """A file of the disk may have it, and an object may not."""
    shared = SharedFiles(tmp_path, "s3://b")
    shared.__dict__["_store"] = MemoryStore()
    shared.keep(tmp_path / "plan", b"plan")
    assert shared.fetch(tmp_path / "plan")
    for refuse in (shared.fetch, lambda path: shared.keep(path, b"")):
        with pytest.raises(OSError, match="the bucket s3://b does not do it"):
            refuse(tmp_path / "a\nb")
    with pytest.raises(SettingsError, match="cannot be read"):
        Files(shared).find(FilePiece("a", {"path": "a\nb"}, "/body"))
