"""The designer's page: a whole workflow is built, run and saved by the keyboard alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from designer_page.browser import DesignerPage, definition_page
from servers import JSON, RawServer, raw_server, respond, response

MOST_TABS = 120
_FOCUSED = """() => {
    const active = document.querySelector("http-task-designer").shadowRoot.activeElement;
    return active && [active.id, active.getAttribute("aria-label"), active.textContent];
}"""


@pytest.fixture
def server() -> Iterator[RawServer]:
    with raw_server(respond(response(b'{"total": 25}', JSON))) as running:
        yield running


@pytest.fixture
def page(tmp_path: Path, folder: Path, browser: Browser) -> Iterator[DesignerPage]:
    """The page, with a workflow of no task."""
    with definition_page(browser, tmp_path, folder, {"name": "flow", "tasks": {}}) as shown:
        yield shown


def press(page: DesignerPage, *keys: str) -> None:
    for key in keys:
        page.page.keyboard.press(key)


def on(page: DesignerPage, wanted: str) -> None:
    """Press Tab until the control with this id or name has the focus."""
    for _ in range(MOST_TABS):
        focused = page.page.evaluate(_FOCUSED)
        if focused and wanted in focused:
            return
        press(page, "Tab")
    raise AssertionError(f"no Tab leads to {wanted!r}")


def add(page: DesignerPage, kind: str) -> None:
    """Add what the palette calls *kind*, or go there."""
    press(page, "Control+k")
    expect(page.page.locator("#search")).to_be_focused()
    page.page.keyboard.type(kind)
    first = page.page.locator("#found").get_by_role("option", selected=True)
    expect(first).to_contain_text(kind)
    press(page, "Enter")
    expect(page.page.locator("#search")).to_have_count(0)


def address(page: DesignerPage, url: str) -> None:
    on(page, "f-/httpRequest/url")
    press(page, "Control+a")
    page.page.keyboard.type(url)


def test_a_workflow_of_six_tasks_is_built_run_and_saved_by_the_keyboard(
    page: DesignerPage, folder: Path, server: RawServer
) -> None:
    """A request, a Decision of two rows over its answer, whose ways are chosen, a Parallel of two
    requests, and an end with an output of its own: nothing is pressed with a pointer.
    """
    expect(page.page.locator("#search")).to_be_focused()
    page.page.keyboard.type("Own request")
    press(page, "Enter")
    expect(page.at("/httpRequest/url")).to_be_focused()
    address(page, f"{server.url}/first")
    press(page, "Control+Enter")
    page.status("200")

    add(page, "Decision")
    expect(page.page.get_by_label("Value 1 of choice 1", exact=True)).to_be_focused()
    page.page.keyboard.type("$.body.tot")
    expect(page.page.get_by_role("treeitem").first).to_contain_text("total: 25")
    press(page, "ArrowDown", "Enter")
    expect(page.page.get_by_label("Value 1 of choice 1", exact=True)).to_have_value("$.body.total")
    on(page, "Operator 1 of choice 1")
    page.page.keyboard.type("is more")
    on(page, "Compared with 1 of choice 1")
    page.page.keyboard.type("20")
    on(page, "Add row to choice 1")
    press(page, "Enter")
    expect(page.page.get_by_label("Value 2 of choice 1", exact=True)).to_be_focused()
    page.page.keyboard.type("$.body.total")
    on(page, "Operator 2 of choice 1")
    page.page.keyboard.type("is less")
    on(page, "Compared with 2 of choice 1")
    page.page.keyboard.type("100")

    add(page, "Parallel")
    expect(page.page.locator("#branch-add")).to_be_focused()
    press(page, "Enter")
    expect(page.page.locator("#branch-0")).to_be_focused()
    on(page, "branch-add")
    press(page, "Enter")
    expect(page.page.locator("#branch-1")).to_be_focused()
    add(page, "Terminate")
    expect(page.at("/terminationStatus")).to_be_focused()
    on(page, "f-/workflowOutput-add")
    press(page, "Enter")
    expect(page.at("/workflowOutput")).to_be_focused()
    page.page.keyboard.type('{"done": true}')
    add(page, "Decide")
    for choice, target in (("choice-0-next", "Both"), ("default-task", "End")):
        on(page, choice)
        page.page.keyboard.type(target)

    for name in ("HTTP request 2", "HTTP request 3"):
        add(page, name)
        expect(page.page.get_by_label("Task name")).to_have_value(name)
        address(page, f"{server.url}/{name[-1]}")

    press(page, "Control+s")
    page.status("Saved")
    saved = json.loads((folder / "flow.json").read_text("utf-8"))["tasks"]
    condition = "$.body.total > 20 && $.body.total < 100"
    assert saved["Decide"]["choices"] == [{"condition": condition, "nextTask": "Both"}]
    assert saved["Decide"]["defaultTask"] == "End"
    assert saved["End"]["workflowOutput"] == {"done": True}
    assert len(saved["Both"]["branches"]) == 2
    assert saved["Both"]["nextTask"] == "End"
    press(page, "Control+Shift+Enter")
    page.status("The run completed")
    targets = [line.split(b" ")[1] for line in server.received]
    assert targets[:2] == [b"/first", b"/first"]
    assert sorted(targets[2:]) == [b"/2", b"/3"]
    assert page.violations() == []
