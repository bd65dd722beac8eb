"""What the tests of the designer share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from servers import OK, RawServer, raw_server, respond


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for workflow definitions."""
    folder = tmp_path / "workflows"
    folder.mkdir()
    return folder


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The credentials file, which is not there yet."""
    path = tmp_path / "credentials.json"
    monkeypatch.setenv("HTTPTASK_CREDENTIALS_FILE", str(path))
    return path


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    """An API that answers every request with 200 and JSON."""
    with raw_server(respond(OK)) as running:
        yield running
