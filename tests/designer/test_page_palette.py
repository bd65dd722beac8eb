"""The designer's page: the palette, one box to add a task, find one, or do what the page can do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Route, expect

from designer import running_designer, thing_endpoint
from designer_page.browser import (
    FOUND,
    TWO_ON_A_LINE,
    DesignerPage,
    definition_page,
    designer_page,
)
from httptask import hookimpl
from httptask.plugins import plugin_manager


@pytest.fixture
def page(tmp_path: Path, folder: Path, browser: Browser) -> Iterator[DesignerPage]:
    """The page, with two HTTP tasks on a line."""
    with definition_page(browser, tmp_path, folder, TWO_ON_A_LINE) as shown:
        expect(shown.page.locator(".preview .http")).to_contain_text("GET")
        yield shown


def box(page: DesignerPage) -> Locator:
    return page.page.locator("#search")


def offered(page: DesignerPage) -> Locator:
    return page.page.locator("#found").get_by_role("option")


def chosen(page: DesignerPage) -> Locator:
    """Return the option that Enter takes, as it is told to those who do not see it."""
    active = box(page).get_attribute("aria-activedescendant")
    return page.page.locator(f'[id="{active}"][aria-selected="true"]')


def tasks(page: DesignerPage, folder: Path) -> dict[str, Any]:
    page.save()
    saved: dict[str, Any] = json.loads((folder / "flow.json").read_text("utf-8"))["tasks"]
    return saved


def test_it_opens_over_the_page_and_gives_the_keyboard_back(page: DesignerPage) -> None:
    """Ctrl+K anywhere, `/` outside text, and the buttons open the same one; Esc, the sign and a
    press beside it close it, and whoever had the keyboard has it again. Nothing has changed.
    """
    url = page.at("/httpRequest/url")
    ways = {
        "Control+k": url,
        "/": page.page.locator("#test"),
        "Enter": page.named("button", "Add task"),
    }
    for key, before in ways.items():
        before.focus()
        page.page.keyboard.press(key)
        expect(box(page)).to_be_focused()
        expect(page.named("dialog", "Add or find")).to_be_visible()
        page.page.keyboard.type("/ab")
        expect(box(page)).to_have_value("/ab")
        page.page.keyboard.press("Escape")
        expect(box(page)).to_have_count(0)
        expect(before).to_be_focused()
    expect(url).to_have_value("https://api.acme.example/things")
    page.page.keyboard.press("Control+k")
    page.named("button", "Close").click()
    expect(box(page)).to_have_count(0)
    page.page.keyboard.press("Control+k")
    expect(box(page)).to_be_focused()
    page.page.mouse.click(5, 400)
    expect(box(page)).to_have_count(0)
    expect(page.page.locator(".unsaved")).to_have_count(0)


def test_arrows_choose_among_everything(page: DesignerPage) -> None:
    """It is a combobox with a list: endpoints, what can be added, and what the page can do, each
    with its keys. Words find what they are in.
    """
    page.page.keyboard.press("Control+k")
    expect(offered(page).first).to_contain_text("email communication")
    expect(box(page)).to_have_attribute("role", "combobox")
    expect(offered(page).filter(has_text="Save")).to_contain_text("Ctrl+S")
    for _ in range(2):
        page.page.keyboard.press("ArrowDown")
    expect(chosen(page)).to_contain_text("Decision")
    page.page.keyboard.press("ArrowUp")
    expect(chosen(page)).to_contain_text("Own request")
    assert page.violations() == []
    box(page).fill("delay")
    expect(offered(page).first).to_contain_text("Wait")
    box(page).fill("sorr")
    expect(chosen(page)).to_contain_text("Sorry")
    page.page.keyboard.press("Enter")
    expect(page.page.get_by_label("Task name")).to_have_value("Sorry")
    box(page).wait_for(state="detached")
    assert page.violations() == []


def test_enter_takes_what_has_the_words_when_no_endpoint_has(
    page: DesignerPage, folder: Path
) -> None:
    """Enter before the endpoints are there waits for them: an endpoint with the words goes first."""
    page.page.keyboard.press("Control+k")
    expect(offered(page).first).to_be_visible()
    with page.held_back("**/endpoints?*") as release:
        with page.page.expect_request("**/endpoints?*"):
            box(page).fill("delay")
        page.page.keyboard.press("Enter")
        expect(box(page)).to_be_visible()
        release()
        expect(page.page.get_by_label("Seconds", exact=True)).to_be_focused()
    assert "Wait" in tasks(page, folder)


def test_the_form_of_what_is_likely_taken_is_asked_ahead(page: DesignerPage) -> None:
    """It is there when somebody takes it, and is not asked for again; where the first answer was
    none, it is.
    """
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(body="no JSON")
        else:
            route.continue_()

    page.intercept("**/endpoints/*/form", answer)
    for forms in (2, 3):
        page.page.keyboard.press("Control+k")
        expect(offered(page).first).to_contain_text("email communication")
        while not asked or len(asked) == 2:
            page.page.wait_for_timeout(10)
        page.page.locator(FOUND).first.click()
        expect(page.page.locator(".head .of")).to_contain_text("email communication")
        assert len(asked) == forms


def test_commands_are_done_where_the_keyboard_was(page: DesignerPage, folder: Path) -> None:
    """What is chosen is done with the page as it was: a name that is still being typed is saved."""
    name = page.page.get_by_label("Task name")
    name.fill("Fetch")
    page.page.keyboard.press("Control+k")
    box(page).fill("save")
    page.page.keyboard.press("Enter")
    page.status("Saved")
    assert "Fetch" in json.loads((folder / "flow.json").read_text("utf-8"))["tasks"]
    page.page.keyboard.press("Control+k")
    box(page).fill("undo")
    page.page.keyboard.press("Enter")
    expect(page.page.locator(".task-name[title=Get]")).to_be_visible()
    page.page.keyboard.press("Control+k")
    box(page).fill("all keys")
    page.page.keyboard.press("Enter")
    expect(page.page.get_by_role("heading", name="All keys")).to_be_visible()


def test_a_task_goes_where_it_was_asked_for(page: DesignerPage, folder: Path) -> None:
    """Between two tasks of the picture; behind the open one; a place that was given up is
    forgotten.
    """
    between = page.named("button", "Add between Get and Sorry")
    between.dispatch_event("click")
    expect(page.page.get_by_role("heading", name="between “Get” and “Sorry”")).to_be_visible()
    page.page.keyboard.press("Escape")
    page.page.locator(".task-name", has_text="Sorry").click()
    page.add_task("Terminate")
    page.page.locator(".task-name", has_text="Sorry").click()
    between.dispatch_event("click")
    box(page).fill("wait")
    page.page.keyboard.press("Enter")
    expect(page.page.get_by_label("Seconds", exact=True)).to_be_focused()
    saved = tasks(page, folder)
    assert saved["Get"]["nextTask"] == "Wait"
    assert saved["Wait"]["nextTask"] == "Sorry"
    assert saved["Sorry"]["nextTask"] == "End"
    assert saved["End"] == {"type": "Terminate", "terminationStatus": "Completed"}


def test_a_command_is_pasted_over_the_page(page: DesignerPage, folder: Path) -> None:
    """What is pasted is shown before it becomes a task; given up, the palette is there again."""
    page.page.keyboard.press("Control+k")
    box(page).fill("curl https://api.acme.example/pasted -d a=1")
    expect(offered(page)).to_have_count(0)
    page.page.keyboard.press("Enter")
    dialog = page.named("dialog", "Paste a request")
    expect(dialog).to_contain_text("Recognised: a curl command")
    page.page.keyboard.press("Escape")
    expect(box(page)).to_be_focused()
    box(page).fill("curl https://api.acme.example/pasted -d a=1")
    page.page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Add task").click()
    expect(box(page)).to_have_count(0)
    assert len(tasks(page, folder)) == 3


def test_a_phone_has_it_as_a_sheet(page: DesignerPage) -> None:
    """At 390 px it has all of the height, and what is pressed is 44 px high."""
    page.page.set_viewport_size({"width": 390, "height": 844})
    page.named("button", "Add or find").click()
    expect(box(page)).to_be_focused()
    expect(offered(page).first).to_be_visible()
    dialog = page.named("dialog", "Add or find").bounding_box()
    assert dialog is not None
    assert dialog["width"] == 390
    assert dialog["height"] > 800
    heights = [option.bounding_box() for option in offered(page).all()]
    assert min(each["height"] for each in heights if each) >= 44
    assert page.violations() == []


class Note:
    """A task type of a plugin."""

    name = "Note"

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "object"}

    def problems(self, check: Any) -> list[Any]:
        return []


def test_a_large_catalogue_lists_nothing_unasked_and_plugins_bring_types(
    tmp_path: Path, folder: Path, browser: Browser
) -> None:
    """An alphabet of endpoints helps nobody: what can be added stands first. A plugin's type is
    added as any other.
    """

    class Plugin:
        @hookimpl
        def httptask_task_types(self) -> list[Any]:
            return [Note()]

    manager = plugin_manager()
    manager.register(Plugin())
    (folder / "flow.json").write_text(json.dumps(TWO_ON_A_LINE), "utf-8")
    thing = thing_endpoint("https://api.acme.example")
    many = [replace(thing, id=f"thing-{number}", path=f"/things/{number}") for number in range(9)]
    with (
        running_designer(tmp_path, workflows=folder, endpoints=many, plugins=manager) as running,
        designer_page(browser, running.url) as page,
    ):
        page.page.keyboard.press("Control+k")
        expect(page.page.locator(".search [role=status]")).to_have_text(
            "10 endpoints: type to search"
        )
        expect(chosen(page)).to_contain_text("Own request")
        box(page).fill("thing")
        expect(chosen(page)).to_contain_text("Get a thing")
        box(page).fill("note")
        expect(chosen(page)).to_contain_text("of a plugin")
        page.page.keyboard.press("Enter")
        expect(page.page.get_by_label("Task name")).to_have_value("Note")
        assert tasks(page, folder)["Note"]["type"] == "Note"
