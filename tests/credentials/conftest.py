"""What the tests of credentials share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from token_server import TokenServer, token_server


@pytest.fixture
def server() -> Iterator[TokenServer]:
    """An API with a token endpoint beside it."""
    with token_server() as running:
        yield running
