"""What every test shares."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from registry import Registry, npm_registry

pytest_plugins = ["httptask.testing.fixtures"]

# Machines are shared and noisy: no promise of ours is about the time one example takes, or making
# it.
settings.register_profile("httptask", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("httptask")

# A shell's background job ignores SIGINT, and one of nohup SIGHUP; what tests start would inherit
# that.
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)


_numbers = itertools.count()


@pytest.fixture(autouse=True)
def nothing_of_the_users_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep the tests away from the catalogue, the credentials and the settings of whoever runs
    them.
    """
    for name in list(os.environ):
        if name.startswith("HTTPTASK_"):
            monkeypatch.delenv(name)
    home = tmp_path_factory.getbasetemp()
    # One for every test: what a test finds must not depend on those before it.
    number = next(_numbers)
    monkeypatch.setenv("HTTPTASK_CATALOGUE", str(home / f"catalogue-{number}.sqlite3"))
    # Else it is kept in a file of the user's.
    monkeypatch.setenv("HTTPTASK_CALLBACK_SECRET", "what URLs are made with in tests")
    # Tokens are kept next to it.
    monkeypatch.setenv("HTTPTASK_CREDENTIALS_FILE", str(home / f"no-credentials-{number}.json"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real Chromium, for one module: Playwright's event loop would stand in the way of other
    modules' own.
    """
    from designer_page.browser import chromium  # few tests need it, and what it needs

    with chromium() as running:
        yield running


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """The registry that npm is set to, with a cache of its own and no settings of whoever runs
    this.
    """
    with npm_registry(tmp_path, monkeypatch) as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that run the page in a browser, and those that run the npm client, by what
    they ask for.
    """
    for item in items:
        names = getattr(item, "fixturenames", ())
        for fixture, mark in (("browser", "browser"), ("registry", "npm")):
            if fixture in names:
                item.add_marker(mark)
