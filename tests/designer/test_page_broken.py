"""The designer's page: definitions that a person wrote by hand, or another tool, and that are
broken. The list, the picture and the forms show them, and saving keeps them as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect

from designer_page.browser import DesignerPage, definition_page

THINGS = {"url": "https://api.acme.example/things"}


@contextmanager
def broken_page(
    browser: Browser, tmp_path: Path, folder: Path, tasks: Any, start: str
) -> Iterator[DesignerPage]:
    """Open the page of a definition with *tasks*; in the end, save it, and hold that the file has
    the same JSON.
    """
    definition = {"name": "flow", "startTask": start, "tasks": tasks}
    with definition_page(browser, tmp_path, folder, definition) as page:
        expect(page.page.locator(".graph")).to_be_visible()
        yield page
        page.save()
        saved = json.loads((folder / "flow.json").read_text("utf-8"))
        assert json.dumps(saved) == json.dumps(definition)


def opened(page: DesignerPage, name: str) -> None:
    """Open the task *name* from the list."""
    page.page.locator(".task-name").get_by_text(name, exact=True).first.click()
    expect(page.page.get_by_label("Task name", exact=True)).to_have_value(name[:80])


def reports(page: DesignerPage, *messages: str) -> None:
    """Hold that the form shows each of *messages*."""
    for message in messages:
        problem = page.page.locator(".middle .problem").filter(has_text=message)
        expect(problem.first).to_be_visible()


def asked(page: DesignerPage) -> None:
    """Show the errors of fields that nobody has been in."""
    page.page.locator(".middle button.chip").click()


def test_routes_to_tasks_that_do_not_exist(browser: Browser, tmp_path: Path, folder: Path) -> None:
    """Each route is reported beside it, the start below the list; an item that is no choice, no
    branch or no error route is shown.
    """
    tasks = {
        "Get": {
            "type": "Http",
            "httpRequest": THINGS,
            "nextTask": "Gone",
            "onError": [{"errors": ["*"], "nextTask": "Lost"}, 8],
        },
        "Choose": {
            "type": "Decision",
            "choices": [{"condition": "$.a", "nextTask": "Gone"}, 7],
            "defaultTask": "Lost",
        },
        "Both": {
            "type": "Parallel",
            "branches": [{"startTask": "Gone", "tasks": {}}, None],
            "nextTask": "Both",
        },
    }
    with broken_page(browser, tmp_path, folder, tasks, start="Gone") as page:
        start = page.page.locator("#workflow-problem-0")
        expect(start).to_contain_text("startTask: there is no task 'Gone' here")
        opened(page, "Get")
        reports(page, "there is no task 'Gone'", "there is no task 'Lost'", "found the number 8")
        listed = page.page.locator(".task.chosen .state.errors")
        expect(listed).to_contain_text("3")
        opened(page, "Choose")
        reports(page, "there is no task 'Gone'", "there is no task 'Lost'", "found the number 7")
        opened(page, "Both")
        reports(page, "expected at least 1 field", "found null")
        expect(page.named("group", "Branch 2").locator("code")).to_have_text("null")
        assert page.violations() == []


def test_values_of_other_types(browser: Browser, tmp_path: Path, folder: Path) -> None:
    """A task that is no object, a type that nobody knows, and settings of other types are shown as
    they are, with their problems. What has no form is edited as JSON.
    """
    tasks = {
        "Get": {
            "type": "Http",
            "httpRequest": {"url": ["a"], "method": 7, "headers": [1.0], "body": {"": 1.0}},
            "credentials": [{"toString": None}],
            "onError": [{"errors": [1.0, {"toString": None}], "nextTask": None}],
            "end": True,
        },
        "Text": {"type": "Http", "httpRequest": "GET /things", "end": True},
        "Number": 1.0,
        "Until": {"type": "Wait", "until": {"toString": None}, "end": True},
        "Seconds": {"type": "Wait", "seconds": 1.0, "end": True},
        "Odd": {"type": "constructor", "x": {"y": 1.0}},
        "Both": {"type": "Parallel", "branches": [{"startTask": 1.0, "tasks": "none"}]},
    }
    with broken_page(browser, tmp_path, folder, tasks, start="Get") as page:
        expect(page.page.locator(".task-name")).to_have_count(7)
        opened(page, "Get")
        asked(page)
        expect(page.page.get_by_label("Method", exact=True)).to_have_value("7")
        reports(page, "expected a string, found the number 7", "expected an object, found an array")
        opened(page, "Number")
        asked(page)
        reports(page, "expected a task, which is an object, found a number")
        opened(page, "Until")
        reports(page, "until: expected a string, found an object")
        opened(page, "Odd")
        asked(page)
        reports(page, "unknown task type 'constructor'")
        page.named("button", "JSON").click()
        expect(page.page.get_by_label("Settings as JSON")).to_have_value(
            '{\n  "x": {\n    "y": 1.0\n  }\n}'
        )
        opened(page, "Both")
        reports(page, "startTask: expected a string", "tasks: expected an object")
        opened(page, "Text")
        asked(page)
        reports(page, 'expected an object, found the string "GET /things"')
        expect(page.page.get_by_label("Request as JSON")).to_have_value('"GET /things"')
        assert page.violations() == []


def test_what_has_another_type_is_mended(browser: Browser, tmp_path: Path, folder: Path) -> None:
    """A request that is no object is emptied: then the form takes an address. An address and a
    method of other types are typed over.
    """
    tasks = {
        "Text": {"type": "Http", "httpRequest": "GET /things", "end": True},
        "Typed": {"type": "Http", "httpRequest": {"url": ["a"], "method": 7}, "end": True},
    }
    definition = {"name": "flow", "startTask": "Text", "tasks": tasks}
    with definition_page(browser, tmp_path, folder, definition) as page:
        opened(page, "Text")
        expect(page.at("/httpRequest/url")).to_have_count(0)
        page.named("button", "Empty it and use the form").click()
        page.at("/httpRequest/url").fill(THINGS["url"])
        opened(page, "Typed")
        expect(page.at("/httpRequest/url")).to_have_value('[  "a"]')
        page.at("/httpRequest/url").fill(THINGS["url"])
        page.page.get_by_label("Method", exact=True).fill("PUT")
        page.save()
    saved = json.loads((folder / "flow.json").read_text("utf-8"))["tasks"]
    assert saved["Text"]["httpRequest"] == THINGS
    assert saved["Typed"]["httpRequest"] == {**THINGS, "method": "PUT"}


def test_names(browser: Browser, tmp_path: Path, folder: Path) -> None:
    """Tasks on a loop, called like members of JavaScript's objects, too long, not at all, or like
    another task.
    """
    tasks = {
        "__proto__": {"type": "Http", "httpRequest": THINGS, "nextTask": "constructor"},
        "constructor": {"type": "Http", "httpRequest": THINGS, "nextTask": "__proto__"},
        "long " * 60: {"type": "Http", "httpRequest": THINGS, "end": True},
        "": {"type": "Http", "httpRequest": THINGS, "end": True},
        "Both": {
            "type": "Parallel",
            "branches": [
                {
                    "startTask": "Same",
                    "tasks": {"Same": {"type": "Http", "httpRequest": THINGS, "end": True}},
                }
            ],
            "nextTask": "Same",
        },
        "Same": {"type": "Wait", "seconds": 1, "end": True},
    }
    with broken_page(browser, tmp_path, folder, tasks, start="__proto__") as page:
        expect(page.page.locator(".task-name")).to_have_count(7)
        for name in ("__proto__", "constructor"):
            opened(page, name)
            expect(page.page.get_by_label("Next task", exact=True)).not_to_have_value("")
        page.page.locator(".task-name").nth(2).click()
        reports(page, "a task's name has at most 80 characters")
        page.page.locator(".task-name").nth(3).click()
        reports(page, "a task needs a name that is not empty")
        opened(page, "Same")
        reports(page, "two tasks are called 'Same'")
        assert page.violations() == []
