"""What the tests of the designer share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for workflow definitions."""
    folder = tmp_path / "workflows"
    folder.mkdir()
    return folder
