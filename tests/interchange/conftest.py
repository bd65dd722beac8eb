"""What the tests of requests from other tools share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from interchange import recorder
from servers import RawServer


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    """A server that keeps what it gets."""
    with recorder() as running:
        yield running
