"""What the tests of the designer share."""

from __future__ import annotations

import uuid
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


@pytest.fixture(scope="session")
def temporal_address() -> Iterator[str]:
    """The address of a Temporal server."""
    from temporal_servers import dev_server  # few tests need it, and what it needs

    with dev_server() as running:
        yield running.address


@pytest.fixture
def task_queue(temporal_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The task queue of the operator's, on a Temporal server that the environment names."""
    name = f"designer-{uuid.uuid4()}"
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_address)
    monkeypatch.setenv("HTTPTASK_TASK_QUEUE", name)
    return name
