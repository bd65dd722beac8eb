"""pytest fixtures for tests of plugins.

Put `pytest_plugins = ["httptask.testing.fixtures"]` in `conftest.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from httptask import Catalogue, Runtime
from httptask.plugins import plugin_manager
from httptask.testing import StandIn


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    """A small API on this machine, for the tests of one module: see `httptask.testing.StandIn`."""
    with StandIn() as running:
        yield running


@pytest.fixture
def make_runtime() -> Iterator[Callable[..., Runtime]]:
    """A function that returns a runtime with the given plugins, which is closed after the test.

    Installed plugins are not loaded. The runtime connects to this machine only, and its catalogue
    has the endpoints that ship with httptask. Keyword arguments are those of `httptask.Runtime` and
    replace these defaults.
    """
    with ExitStack() as closing:

        def make(*plugins: Any, **options: Any) -> Runtime:
            options.setdefault("plugins", plugin_manager(*plugins, entry_points=False))
            options.setdefault("allow_networks", ["127.0.0.0/8", "::1"])
            if "catalogue" not in options:
                options["catalogue"] = closing.enter_context(Catalogue.open(":memory:"))
            return closing.enter_context(Runtime(**options))

        yield make
