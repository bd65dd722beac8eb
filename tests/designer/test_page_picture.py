"""The designer's page: the picture of the workflow in a window of its own, and the functions of JSONata
that an expression can call, in a real browser.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect

from designer_page.browser import definition_page
from tasks import http

URL = "https://api.acme.example"


def line() -> dict[str, Any]:
    """Return a definition of three tasks on one line, the second one with an error route."""
    first = http(f"{URL}/first", nextTask="Second")
    routes = [{"statuses": [404], "nextTask": "Third"}]
    second = http(f"{URL}/second", nextTask="Third", onError=routes)
    for task in (first, second):
        del task["end"]
    third = http(f"{URL}/third", inputParameters={"sum": "${$.input.n}"})
    tasks = {"First": first, "Second": second, "Third": third}
    return {"name": "flow", "startTask": "First", "tasks": tasks}


def test_tasks_are_moved_in_the_large_picture(
    tmp_path: Path, folder: Path, browser: Browser
) -> None:
    """In the small picture the arrows go from plus to plus, which are one stop of the Tab key. In the
    large one, by keyboard and by mouse: arrows go from task to task, Alt with an arrow moves one, a
    task that is dragged onto a plus goes there with its error route; it zooms, and Enter opens it.
    """
    with definition_page(browser, tmp_path, folder, line()) as page:
        small, stop = page.page.locator(".insert"), page.page.locator('.insert[tabindex="0"]')
        expect(stop).to_have_count(1)
        stop.focus()
        keyboard = page.page.keyboard
        keyboard.press("ArrowDown")
        expect(small.nth(1)).to_be_focused()
        expect(small.nth(1)).to_have_css("opacity", "1")
        expect(stop).to_have_count(1)
        assert page.violations() == []
        page.named("button", "Enlarge the picture").click()
        picture = page.page.get_by_role("dialog", name="Picture of the workflow")
        boxes = picture.locator(".box .box-name")
        expect(boxes).to_have_text([re.compile(name) for name in ("First", "Second", "Third")])
        first = picture.locator('[id="picture-First"]')
        expect(first).to_be_focused()
        assert page.violations() == []
        zoom = picture.get_by_label("Zoom", exact=True)
        width = first.bounding_box()["width"]  # type: ignore[index]
        keyboard.press("+")
        expect(zoom).to_have_text("125 %")
        assert first.bounding_box()["width"] > width  # type: ignore[index]
        keyboard.press("0")
        keyboard.press("ArrowDown")
        second = picture.locator('[id="picture-Second"]')
        expect(second).to_be_focused()
        keyboard.press("Alt+ArrowUp")
        expect(boxes).to_have_text([re.compile(name) for name in ("Second", "First", "Third")])
        expect(second).to_be_focused()
        told = picture.locator("span[role=status]")
        expect(told).to_have_text("“Second” moved up. Not saved yet.")
        keyboard.press("Alt+ArrowUp")
        expect(told).to_contain_text("No task is before “Second” on its line")
        keyboard.press("Control+z")
        expect(boxes).to_have_text([re.compile(name) for name in ("First", "Second", "Third")])
        keyboard.press("Control+y")
        expect(boxes).to_have_text([re.compile(name) for name in ("Second", "First", "Third")])
        size = zoom.text_content()
        left_to_browser = "new KeyboardEvent('keydown', {key: '+', ctrlKey: true, bubbles: true, cancelable: true})"
        assert second.evaluate(f"box => box.dispatchEvent({left_to_browser})")
        assert zoom.text_content() == size

        expect(picture.locator(".way")).to_contain_text("on error")
        plus = picture.get_by_role("button", name="Add between First and Third", exact=True)
        plus.press("Enter")
        expect(picture).to_have_count(0)
        expect(page.page.get_by_role("heading", name="between “First” and “Third”")).to_be_visible()
        keyboard.press("Escape")
        page.named("button", "Enlarge the picture").click()
        second.drag_to(plus)
        expect(boxes).to_have_text([re.compile(name) for name in ("First", "Second", "Third")])
        keyboard.press("Escape")
        expect(picture).to_have_count(0)
        page.save()
        saved = json.loads((folder / "flow.json").read_text("utf-8"))
        assert (saved["startTask"], saved["tasks"]["First"]["nextTask"]) == ("First", "Second")
        assert saved["tasks"]["Second"]["nextTask"] == "Third"
        assert saved["tasks"]["Second"]["onError"] == [{"statuses": [404], "nextTask": "Third"}]

        page.named("button", "Enlarge the picture").click()
        picture.locator('[id="picture-Third"]').focus()
        keyboard.press("Enter")
        expect(page.page.locator(".task.chosen")).to_contain_text("Third")
        expect(picture).to_have_count(0)

        field = page.at("/inputParameters/sum")
        field.fill("jsonata: $su")
        lines = page.page.get_by_role("treeitem")
        expect(lines.first).to_have_text(re.compile(r"\$sum\s*\(array of numbers\) number"))
        expect(lines.filter(has_text="$substringBefore")).to_have_count(1)
        assert page.violations() == []
        keyboard.press("ArrowDown")
        keyboard.press("Enter")
        expect(field).to_have_value("jsonata: $sum()")
        keyboard.type("[1, 2]")
        expect(field).to_have_value("jsonata: $sum([1, 2])")
        expect(page.page.locator(".value-below")).to_contain_text("= 3")
