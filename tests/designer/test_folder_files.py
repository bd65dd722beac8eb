"""The files of the folder of files that a page offers."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from httptask._core.shared_files import SharedFiles
from httptask.designer import _folder_files
from httptask.designer._folder_files import FolderFiles


def listed(folder: Path) -> Any:
    answer = asyncio.run(FolderFiles(SharedFiles(folder)).list(Request({"type": "http"})))
    return json.loads(bytes(answer.body))


def test_a_list_that_ends_early_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries that are not offered, and folders, take time to look at, too."""
    monkeypatch.setattr(_folder_files, "_MOST_LOOKED_AT", 4)
    (tmp_path / "plans/old").mkdir(parents=True)
    for name in (".hidden", "a.txt"):
        (tmp_path / name).write_bytes(b"1")
    assert listed(tmp_path) == {"items": [{"path": "a.txt", "size": 1}]}
    (tmp_path / "plans/old/empty").mkdir()
    assert listed(tmp_path) == {"items": [{"path": "a.txt", "size": 1}], "more": True}
    monkeypatch.setattr(_folder_files, "_MOST_LOOKED_AT", 2)
    assert listed(tmp_path)["more"] is True
