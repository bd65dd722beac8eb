"""One server for all tests of the engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from temporal_servers import dev_server


@pytest.fixture(scope="session")
def temporal_address() -> Iterator[str]:
    """The address of a server whose namespace has the search attributes of runs."""
    with dev_server() as server:
        yield server.address
