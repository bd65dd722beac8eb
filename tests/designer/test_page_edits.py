"""The designer's page: working on a whole definition, in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from designer_page.browser import DesignerPage, definition_page
from tasks import http

FLOW: dict[str, Any] = {
    "name": "flow",
    "startTask": "Get",
    "tasks": {
        "Get": {
            "type": "Http",
            "httpRequest": {"url": "https://api.acme.example/things"},
            "nextTask": "Tell",
        },
        "Tell": http("https://api.acme.example/tell"),
    },
}


@pytest.fixture
def page(tmp_path: Path, folder: Path, browser: Browser) -> Iterator[DesignerPage]:
    """The page, with two HTTP tasks on a line."""
    with definition_page(browser, tmp_path, folder, FLOW) as shown:
        yield shown


def test_letters_are_undone_where_they_are_typed_and_edits_everywhere_else(
    page: DesignerPage, folder: Path
) -> None:
    """While a text is typed, Ctrl+Z is the browser's. Then it undoes whole edits, and what is
    focused without being typed in does not stop it.
    """
    undo, redo = page.named("button", "Undo"), page.named("button", "Redo")
    keyboard, url = page.page.keyboard, page.at("/httpRequest/url")
    expect(undo).to_be_disabled()
    url.press("End")
    url.press_sequentially("/1")
    keyboard.press("Control+z")
    expect(url).not_to_have_value("https://api.acme.example/things/1")
    expect(page.page.locator(".said")).not_to_contain_text("Undone")
    url.fill("https://api.acme.example/others")
    page.add_task("Wait")
    expect(undo).to_have_attribute("title", "Undo: Add “Wait” (Ctrl+Z)")
    expect(page.page.locator("#wait-value")).to_be_focused()
    keyboard.press("Control+z")
    page.status("Undone: Add “Wait”")
    expect(page.page.locator(".task")).to_have_count(2)
    expect(redo).to_have_attribute("title", "Redo: Add “Wait” (Ctrl+Shift+Z)")
    undo.click()
    page.status("Undone: Change “Get”: URL")
    expect(url).to_have_value("https://api.acme.example/things")
    expect(url).to_be_focused()
    assert page.violations() == []
    keyboard.press("Control+Shift+Z")
    expect(url).to_have_value("https://api.acme.example/others")
    keyboard.press("Control+y")
    expect(page.page.locator(".task")).to_have_count(3)
    page.save()
    tasks = json.loads((folder / "flow.json").read_text("utf-8"))["tasks"]
    assert tasks["Get"]["httpRequest"]["url"] == "https://api.acme.example/others"
    assert tasks["Get"]["nextTask"] == "Wait"


def test_who_uses_a_name_is_shown_before_it_changes_or_goes(
    page: DesignerPage, folder: Path
) -> None:
    """While the name is edited its uses stand below it; a removal that would break an expression
    asks first. A copy is one press away.
    """
    definition = json.loads(json.dumps(FLOW))
    definition["tasks"]["Tell"]["inputParameters"] = {"id": "${$.tasks.Get.output.body.id}"}
    (folder / "flow.json").write_text(json.dumps(definition), "utf-8")
    page.load()
    name = page.page.get_by_label("Task name")
    name.click()
    uses = page.page.locator("#name-uses")
    expect(uses).to_contain_text("Tell: Input parameters")
    expect(uses).to_contain_text("the start of the workflow")
    assert page.violations() == []
    name.fill("Ask")
    name.press("Enter")
    page.named("button", "More for Ask").click()
    expect(page.named("button", "Duplicate")).to_be_focused()
    assert page.violations() == []
    page.page.keyboard.press("Enter")
    expect(name).to_have_value("Ask 2")
    page.page.locator(".task-name").first.click()
    page.named("button", "Remove Ask").click()
    removal = page.named("region", "Remove Ask?")
    expect(removal).to_contain_text("Tell: Input parameters")
    expect(page.named("button", "Remove it all the same")).to_be_focused()
    assert page.violations() == []
    page.named("button", "Keep it").click()
    expect(removal).to_have_count(0)
    page.save()
    tasks = json.loads((folder / "flow.json").read_text("utf-8"))["tasks"]
    assert list(tasks) == ["Ask", "Ask 2", "Tell"]
    assert tasks["Tell"]["inputParameters"] == {"id": "${$.tasks.Ask.output.body.id}"}


def test_workflows_are_renamed_removed_and_brought_back(page: DesignerPage, folder: Path) -> None:
    """The list says who runs a workflow, asks once before it removes one, says where the file is
    kept, and brings it back. Another name moves the file, too. A task is copied to another
    workflow; the choice of workflows says which has unsaved changes.
    """
    runs = {"type": "Workflow", "definition": "flow", "end": True}
    outer = {"name": "outer", "startTask": "Run", "tasks": {"Run": runs}}
    (folder / "outer.json").write_text(json.dumps(outer), "utf-8")
    page.load()
    page.named("button", "All workflows").click()
    workflows = page.named("dialog", "Workflows")
    page.named("button", "Remove flow").click()
    expect(workflows).to_contain_text("It is run by outer")
    confirm = workflows.get_by_role("button", name="its file is kept")
    expect(confirm).to_be_focused()
    assert page.violations() == []
    confirm.click()
    back = page.named("button", "Bring it back")
    expect(back).to_be_focused()
    assert page.violations() == []
    (kept,) = (folder / ".httptask" / "removed").iterdir()
    expect(workflows).to_contain_text(kept.name)
    assert json.loads(kept.read_text("utf-8")) == FLOW
    assert not (folder / "flow.json").exists()
    back.click()
    expect(page.named("button", "Remove flow")).to_be_visible()
    assert json.loads((folder / "flow.json").read_text("utf-8")) == FLOW
    page.named("button", "Rename flow").click()
    name = page.named("textbox", "New name of flow")
    expect(name).to_be_focused()
    name.fill("Orders")
    assert page.violations() == []
    name.press("Enter")
    expect(page.named("button", "Rename Orders")).to_be_visible()
    page.page.keyboard.press("Escape")
    expect(workflows).to_have_count(0)
    expect(page.page.get_by_role("combobox", name="Workflow")).to_have_value("Orders")
    assert sorted(path.stem for path in folder.glob("*.json")) == ["Orders", "outer"]
    assert json.loads((folder / "Orders.json").read_text("utf-8")) == FLOW | {"name": "Orders"}
    page.page.locator(".task-name[title=Get]").click()
    page.named("button", "More for Get").click()
    page.named("button", "Duplicate").click()
    page.status("“Get 2” added")
    page.page.locator(".task-name", has_text="Tell").click()
    page.named("button", "More for Tell").click()
    targets = page.page.get_by_role("combobox", name="Copy Tell to")
    expect(targets.get_by_role("option")).to_have_text(["outer"])
    assert page.violations() == []
    page.named("button", "Copy there").click()
    page.status("“Tell” copied from “Orders” to “outer”")
    chosen = page.page.get_by_role("combobox", name="Workflow")
    expect(chosen.get_by_role("option")).to_have_text(["Orders · unsaved", "outer"])
    page.save()
    copied = json.loads((folder / "outer.json").read_text("utf-8"))["tasks"]
    assert copied["Tell"] == FLOW["tasks"]["Tell"]
    assert copied["Run"]["nextTask"] == "Tell"
    chosen.select_option("Orders")
    expect(page.page.locator(".task-name", has_text="Get 2")).to_be_visible()


def test_a_task_is_added_between_two_in_the_picture_and_dragged_in_the_list(
    page: DesignerPage, folder: Path
) -> None:
    """The plus of a way puts the next task there, whichever task is open, and says so; Esc forgets
    it. A task that is dropped on another takes its place on the line.
    """
    page.page.locator(".task-name", has_text="Tell").click()
    between = page.named("button", "Add between Get and Tell")
    between.hover()
    expect(between).to_have_css("opacity", "1")
    between.click()
    heading = page.page.get_by_role("heading", name="between “Get” and “Tell”")
    expect(heading).to_be_visible()
    page.page.keyboard.press("Escape")
    expect(heading).to_have_count(0)
    between.click()
    expect(heading).to_be_visible()
    assert page.violations() == []
    page.add_task("Wait")
    names = page.page.locator(".task-title")
    expect(names).to_have_text([re.compile(name) for name in ("Get", "Wait", "Tell")])
    tasks = page.page.locator(".task")
    tasks.nth(2).drag_to(tasks.nth(0))
    expect(names).to_have_text([re.compile(name) for name in ("Tell", "Get", "Wait")])
    expect(page.named("button", "Undo")).to_have_attribute("title", "Undo: Move “Tell” (Ctrl+Z)")
    page.save()
    saved = json.loads((folder / "flow.json").read_text("utf-8"))
    assert saved["startTask"] == "Tell"
    assert [task.get("nextTask") for task in saved["tasks"].values()] == ["Get", "Wait", None]
