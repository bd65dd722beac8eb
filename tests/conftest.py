"""Fixtures and settings of all tests."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from registry import Registry, npm_registry

pytest_plugins = ["httptask.testing.fixtures"]

# Test machines are shared and noisy, so the time for an example, or for generating it, proves
# nothing.
settings.register_profile("httptask", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("httptask")

# The background jobs of a shell ignore SIGINT, and those of nohup SIGHUP. Processes that tests
# start would inherit that.
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)


_numbers = itertools.count()


@pytest.fixture(autouse=True)
def nothing_of_the_users_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Hide the user's own catalogue, credentials and settings from the tests."""
    for name in list(os.environ):
        if name.startswith("HTTPTASK_"):
            monkeypatch.delenv(name)
    home = tmp_path_factory.getbasetemp()
    # A catalogue for each test, so that no test depends on earlier ones.
    number = next(_numbers)
    monkeypatch.setenv("HTTPTASK_CATALOGUE", str(home / f"catalogue-{number}.sqlite3"))
    # Without the variable, the secret would be stored in a file of the user.
    monkeypatch.setenv("HTTPTASK_CALLBACK_SECRET", "what URLs are made with in tests")
    # Tokens are stored next to this file.
    monkeypatch.setenv("HTTPTASK_CREDENTIALS_FILE", str(home / f"no-credentials-{number}.json"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real Chromium, for one module.

    Not for the session: Playwright's event loop would disturb modules that start their own.
    """
    from designer_page.browser import chromium  # imported late: few tests need Playwright

    with chromium() as running:
        yield running


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """The registry that npm uses, with a cache of its own and without the user's npm settings."""
    with npm_registry(tmp_path, monkeypatch) as running:
        yield running


_NODE = {name: {name, shutil.which(name)} for name in ("node", "npm")}
_running: list[pytest.Item] = []
"""The test that runs, with its fixtures."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Remember which test runs."""
    _running.append(item)
    try:
        return (yield)
    finally:
        _running.pop()


def _refuse_node(event: str, args: tuple[Any, ...]) -> None:
    """Fail a test without the mark `npm` that starts npm or Node.js."""
    if event != "subprocess.Popen" or not _running:
        return
    for name, programs in _NODE.items():
        if args[0] in programs and _running[-1].get_closest_marker("npm") is None:
            raise AssertionError(f"a test that starts {name} needs the mark npm")


sys.addaudithook(_refuse_node)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use the fixture `browser` or `registry`."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        for fixture, mark in (("browser", "browser"), ("registry", "npm")):
            if fixture in names:
                item.add_marker(mark)
