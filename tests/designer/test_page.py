"""The designer's page: the whole way, and the workflow, in a real browser against a real server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from designer import SEED, running_designer, thing_endpoint
from designer_page.browser import FOUND, DesignerPage, designer_page
from httptask.testing import StandIn
from tasks import email_task

PATH = "/rest/v1.0/project/{project_id}/email_communications"


@pytest.fixture
def text() -> str:
    """What `flow.json` holds when the page is opened: an empty workflow."""
    return json.dumps({"name": "flow", "tasks": {}})


@pytest.fixture
def designer(
    tmp_path: Path, folder: Path, text: str, stand_in: StandIn, browser: Browser
) -> Iterator[DesignerPage]:
    """The page, with the workflow `flow`."""
    (folder / "flow.json").write_text(text, encoding="utf-8")
    endpoints = [thing_endpoint(stand_in.url), thing_endpoint(stand_in.url, method="POST")]
    with (
        running_designer(
            tmp_path, workflows=folder, endpoints=endpoints, servers={"procore": [stand_in.url]}
        ) as running,
        designer_page(browser, running.url) as page,
    ):
        yield page


def written(folder: Path) -> Any:
    return json.loads((folder / "flow.json").read_text(encoding="utf-8"))


def task_of(folder: Path, name: str) -> Any:
    return written(folder)["tasks"][name]


SEED_FIELDS = {
    "/httpRequest/pathParameters/project_id": "1001",
    "/httpRequest/headers/Procore-Company-Id": "42",
    "/httpRequest/query/topic_id": "77",
}
TITLE = "Creates a email communication on a given project"


# The whole way


def test_from_nothing_to_a_response_and_a_saved_task(
    designer: DesignerPage, folder: Path, stand_in: StandIn
) -> None:
    """Three clicks and one act for each required field lead to a 2xx response; Ctrl+S puts the task
    into the file.
    """
    page = designer.page
    clicks = 0
    designer.named("button", "Add task").click()
    clicks += 1
    page.locator(FOUND).filter(has_text=TITLE).click()
    clicks += 1
    for pointer, value in SEED_FIELDS.items():
        designer.at(pointer).fill(value)
    designer.at("/httpRequest/query/topic_type").select_option("rfi")
    page.locator("#test").click()
    clicks += 1
    expect(page.locator(".response .status")).to_have_text("201 Created")
    assert clicks == 3
    received = stand_in.requests[-1]
    assert (
        received.target == "/rest/v1.0/project/1001/email_communications?topic_id=77&topic_type=rfi"
    )
    assert json.loads(received.body) == {"communication": {}, "email": {}}
    designer.save()
    saved = task_of(folder, TITLE)
    assert saved["endpoint"] == SEED
    assert saved["httpRequest"]["query"] == {"topic_id": 77, "topic_type": "rfi"}
    assert written(folder)["startTask"] == TITLE


def test_keyboard_alone(designer: DesignerPage, folder: Path) -> None:
    """The whole way can be gone without a mouse: the focus starts in the search, and moves to the
    first empty field.
    """
    page = designer.page
    press = page.keyboard.press
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("email communication")
    expect(page.locator(FOUND).first).to_contain_text(TITLE)
    press("Enter")
    expect(designer.at("/httpRequest/pathParameters/project_id")).to_be_focused()
    page.keyboard.type("1001")
    for pointer, keys in (
        ("/httpRequest/headers/Procore-Company-Id", "42"),
        ("/httpRequest/query/topic_id", "77"),
        ("/httpRequest/query/topic_type", "rfi"),
    ):
        tab_to(designer, pointer)
        page.keyboard.type(keys)
    press("Control+Enter")
    expect(page.locator(".response .status")).to_have_text("201 Created")
    press("Control+s")
    designer.status("Saved")
    assert TITLE in written(folder)["tasks"]


def tab_to(designer: DesignerPage, pointer: str) -> None:
    for _ in range(60):
        designer.page.keyboard.press("Tab")
        if designer.at(pointer).evaluate(
            "(control) => control.getRootNode().activeElement === control"
        ):
            return
    raise AssertionError(f"Tab does not lead to {pointer}")


def test_search_by_arrows(designer: DesignerPage) -> None:
    """A search without results says so, and how to go on. Arrows choose among what was found, and
    the choice is told to those who do not see it. Whoever only looked comes back to the task as it
    was.
    """
    page = designer.page
    page.locator("#search").fill("xylophone zzz")
    expect(page.locator(".empty", has_text="Nothing found")).to_be_visible()
    page.locator("#search").fill("thing")
    expect(page.locator(FOUND)).to_have_count(2)
    page.keyboard.press("ArrowDown")
    expect(page.locator("#search")).to_have_attribute("aria-activedescendant", "found-1")
    expect(page.locator(FOUND).nth(1)).to_have_attribute("aria-selected", "true")
    chosen = page.locator(FOUND).nth(1).locator(".method").inner_text()
    page.keyboard.press("Enter")
    expect(page.locator(".head .method")).to_have_text(chosen)
    designer.at("/httpRequest/pathParameters/id").fill("5")
    designer.named("button", "Add task").click()
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.press("Escape")
    expect(designer.at("/httpRequest/pathParameters/id")).to_have_value("5")


def test_press_counts_when_the_results_move_away(designer: DesignerPage) -> None:
    """Whoever moves the pointer off before letting go has changed their mind. Results that come
    between press and release move the pressed one away: it is chosen all the same. Enter before the
    results are there waits for them; what is still listed answers older words.
    """
    page = designer.page
    options = page.locator(FOUND)
    expect(options).to_have_count(3)
    expect(options.nth(2)).to_contain_text(TITLE)
    options.first.hover()
    page.mouse.down()
    page.locator("h2", has_text="Add a task").hover()
    page.mouse.up()
    options.nth(1).hover()
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(page.locator("#test")).to_have_count(0)
    with designer.held_back("**/endpoints?*") as release:
        with page.expect_request("**/endpoints?*"):
            page.locator("#search").fill("email communication")
        options.nth(2).hover()
        page.mouse.down()
        release()
        expect(options).to_have_count(1)
        page.mouse.up()
    expect(designer.at("/httpRequest/pathParameters/project_id")).to_be_visible()
    page.unroute_all()
    designer.named("button", "Add task").click()
    expect(options.first).to_contain_text("Get a thing")
    with designer.held_back("**/endpoints?*") as release:
        with page.expect_request("**/endpoints?*"):
            page.locator("#search").fill("email communication")
        page.keyboard.press("Enter")
        release()
        expect(page.locator(".task-title")).to_contain_text([TITLE, TITLE])


def test_change_of_api_keeps_the_place_in_the_workflow(
    designer: DesignerPage, folder: Path
) -> None:
    """Another endpoint for a task changes what is asked, and a name derived from it, not where the
    task stands or how it is run.
    """
    designer.pick("Get a thing")
    designer.add("Connection timeout")
    designer.at("/connectionTimeoutSeconds").fill("7")
    designer.named("button", "Change API").click()
    designer.page.locator("#search").fill("Change a thing")
    designer.page.locator(FOUND).filter(has_text="Change a thing").click()
    expect(designer.page.locator(".head .method")).to_have_text("POST")
    designer.save()
    saved = task_of(folder, "Change a thing")
    assert (saved["endpoint"], saved["connectionTimeoutSeconds"], saved["end"]) == (
        "acme-things-id-post-0",
        7,
        True,
    )


def test_request_without_a_description(
    designer: DesignerPage, folder: Path, stand_in: StandIn
) -> None:
    """Any request can be made, described or not."""
    designer.add_task("Own request")
    designer.at("/httpRequest/url").fill(stand_in.url + "/nowhere")
    designer.entry("query", "q", "a b")
    designer.send()
    assert stand_in.requests[-1].target == "/nowhere?q=a%20b"
    designer.save()
    assert task_of(folder, "HTTP request")["httpRequest"]["query"] == {"q": "a b"}


# The workflow


FLOW: dict[str, Any] = {
    "name": "flow",
    "startTask": "First",
    "tasks": {
        "First": {
            "type": "Http",
            "httpRequest": {"url": "https://a.example/1"},
            "nextTask": "Second",
        },
        "Second": {
            "type": "Http",
            "httpRequest": {"url": "https://a.example/2"},
            "nextTask": "Which?",
        },
        "Which?": {
            "type": "Decision",
            "choices": [{"condition": "${$.tasks['First'].output.body.id}", "nextTask": "Both"}],
            "defaultTask": "Done",
        },
        "Both": {
            "type": "Parallel",
            "nextTask": "Done",
            "branches": [
                {
                    "startTask": "Left",
                    "tasks": {
                        "Left": {
                            "type": "Http",
                            "httpRequest": {"url": "https://a.example/l"},
                            "end": True,
                        }
                    },
                },
                {
                    "startTask": "Right",
                    "tasks": {
                        "Right": {
                            "type": "Http",
                            "httpRequest": {"url": "https://a.example/r"},
                            "end": True,
                        }
                    },
                },
            ],
        },
        "Done": {"type": "Terminate", "terminationStatus": "Completed"},
    },
}


of_every_kind = pytest.mark.parametrize("text", [json.dumps(FLOW)], ids=["of-every-kind"])
"""The page with a definition that has every kind of task."""


def tasks_are(designer: DesignerPage, *names: str) -> None:
    """Wait until the list of tasks shows *names*, in this order."""
    expect(designer.page.locator(".task-title")).to_have_text(
        [re.compile(rf"^\s*{re.escape(name)}") for name in names]
    )


@of_every_kind
def test_definition_is_drawn(designer: DesignerPage) -> None:
    """Tasks and routes are drawn, branches included, and the chosen task is marked. An end that a
    decision needs is not taken away from it; the page says what to do first.
    """
    tasks_are(designer, "First", "Second", "Which?", "Both", "Left", "Right", "Done")
    graph = designer.page.locator(".graph")
    expect(graph.locator("g")).to_have_count(7)
    expect(graph.locator("g.chosen title")).to_have_text("First (Http)")
    routes = graph.get_attribute("aria-label") or ""
    for route in (
        "First to Second",
        "Which? to Both",
        "Which? to Done",
        "Both to Left",
        "Both to Right",
        "Right to Done",
    ):
        assert route in routes
    designer.page.locator(".task-name", has_text="Second").click()
    expect(graph.locator("g.chosen title")).to_have_text("Second (Http)")
    designer.page.locator(".task-name", has_text="Done").click()
    designer.named("button", "Remove Done").click()
    expect(designer.page.locator(".note", has_text="was not removed")).to_contain_text("Which?")
    tasks_are(designer, "First", "Second", "Which?", "Both", "Left", "Right", "Done")


@of_every_kind
def test_other_tasks_are_shown_and_left_alone(designer: DesignerPage, folder: Path) -> None:
    """A Decision and a Parallel have their forms; a new name of another task is all that changes in
    them. A task inside a branch is edited in its place.
    """
    designer.page.locator(".task-name", has_text="Both").click()
    expect(designer.page.locator(".middle")).to_contain_text("First task of branch 1")
    designer.page.locator(".task-name", has_text="Which?").click()
    expect(designer.page.locator(".middle")).to_contain_text("Default task")
    designer.page.locator(".task-name", has_text="First").click()
    designer.page.get_by_label("Task name").fill("Begin")
    designer.page.get_by_label("Task name").press("Enter")
    designer.save()
    after = written(folder)
    assert after["startTask"] == "Begin"
    assert after["tasks"]["Which?"] == json.loads(
        json.dumps(FLOW["tasks"]["Which?"]).replace("First", "Begin")
    )
    assert after["tasks"]["Both"] == FLOW["tasks"]["Both"]
    assert list(after["tasks"]) == ["Begin", "Second", "Which?", "Both", "Done"]
    designer.page.locator(".task-name", has_text="Left").click()
    designer.at("/httpRequest/url").fill("https://b.example/left")
    with designer.page.expect_response(lambda answer: answer.request.method == "PUT"):
        designer.save()
    left = task_of(folder, "Both")["branches"][0]["tasks"]["Left"]
    assert left["httpRequest"]["url"] == "https://b.example/left"


@of_every_kind
def test_reordering_leads_the_routes_along(designer: DesignerPage, folder: Path) -> None:
    """Two tasks on a straight line change places, and every route still leads where it should."""
    designer.named("button", "Move First down").click()
    tasks_are(designer, "Second", "First", "Which?", "Both", "Left", "Right", "Done")
    expect(designer.named("button", "Move First down")).to_be_disabled()
    designer.save()
    after = written(folder)
    assert after["startTask"] == "Second"
    assert after["tasks"]["Second"]["nextTask"] == "First"
    assert after["tasks"]["First"]["nextTask"] == "Which?"


@of_every_kind
def test_removing_closes_the_gap(designer: DesignerPage, folder: Path) -> None:
    """A removed task leaves no route to nowhere, and can be taken back from the history."""
    designer.page.locator(".task-name", has_text="Second").click()
    designer.named("button", "Remove Second").click()
    designer.status("removed")
    designer.save()
    after = written(folder)
    assert "Second" not in after["tasks"]
    assert after["tasks"]["First"]["nextTask"] == "Which?"
    designer.named("tab", "History", exact=False).click()
    designer.page.locator(".history button", has_text="Second").click()
    designer.named("button", "Restore these settings").click()
    expect(designer.page.get_by_label("Task name")).to_have_value("Second")
    designer.save()
    assert written(folder)["tasks"]["Second"]["httpRequest"]["url"] == "https://a.example/2"


@of_every_kind
def test_adding_goes_behind_the_chosen_task(designer: DesignerPage, folder: Path) -> None:
    """A new task stands behind the chosen one, and the line goes on through it."""
    designer.pick("Get a thing")
    expect(designer.page.locator(".head .chip")).to_be_visible()
    designer.save("problem")
    after = written(folder)
    assert after["tasks"]["First"]["nextTask"] == "Get a thing"
    assert after["tasks"]["Get a thing"]["nextTask"] == "Second"
    assert "end" not in after["tasks"]["Get a thing"]


TRICKY: Any = json.loads(json.dumps(FLOW))
TRICKY["tasks"]["First"]["httpRequest"] |= {"body": {"z": None, "a": 1.5}, "headers": None}


@pytest.mark.parametrize(
    "text", [json.dumps(TRICKY).replace("1.5", "12345678901234567890")], ids=["tricky"]
)
def test_untouched_file_is_written_as_it_was(
    designer: DesignerPage, folder: Path, text: str
) -> None:
    """Opening, looking and saving changes no value: not a null, not the order, not the digits of a
    number.
    """
    expect(designer.page.locator("#test")).to_be_visible()
    designer.save()
    saved = (folder / "flow.json").read_text(encoding="utf-8")
    assert "12345678901234567890" in saved
    assert json.loads(saved) == json.loads(text)


def test_new_workflow(designer: DesignerPage, folder: Path) -> None:
    """Another workflow is begun by its name, and is a file once it is saved; both stay at hand,
    with what is not saved.
    """
    designer.pick("Get a thing")
    designer.at("/httpRequest/pathParameters/id").fill("1")
    designer.named("button", "New workflow").click()
    expect(designer.page.locator("#new-workflow")).to_be_focused()
    designer.page.keyboard.type("Second/try")
    designer.page.keyboard.press("Enter")
    expect(designer.page.locator("#search")).to_be_focused()
    designer.pick("Change a thing")
    designer.save()
    assert list(json.loads((folder / "Second try.json").read_text(encoding="utf-8"))["tasks"]) == [
        "Change a thing"
    ]
    designer.load()
    expect(designer.page.get_by_label("Workflow", exact=True).last).to_have_value("Second try")
    designer.page.get_by_label("Workflow", exact=True).last.select_option("flow")
    expect(designer.at("/httpRequest/pathParameters/id")).to_have_value("1")
    assert written(folder)["tasks"] == {}
    designer.complaints.clear()  # that it was not there yet


def test_later_task_sees_what_an_earlier_test_was_answered(
    designer: DesignerPage, stand_in: StandIn
) -> None:
    """An expression over an earlier task's output is evaluated over the answer that its test
    request got.
    """
    designer.pick(TITLE)
    for pointer, value in SEED_FIELDS.items():
        designer.at(pointer).fill(value)
    designer.at("/httpRequest/query/topic_type").select_option("rfi")
    designer.send()
    expect(designer.page.locator(".response .status")).to_have_text("201 Created")
    made = json.loads(
        designer.page.locator(".tree").get_by_text("id:").first.inner_text().partition(":")[2]
    )
    designer.add_task("Own request")
    designer.at("/httpRequest/url").fill(stand_in.url + "/made/${$.id}")
    designer.add("Input parameters")
    designer.entry("inputParameters", "id")
    designer.named("button", "fx for id").click()
    designer.at("/inputParameters/id").fill(f"$.tasks['{TITLE}'].output.body.id")
    designer.send()
    assert stand_in.requests[-1].target == f"/made/{made}"


# What is not saved


def test_unsaved_change_survives_a_reload(designer: DesignerPage, folder: Path) -> None:
    """Whoever reloads finds what was typed, marked as unsaved; nothing was written. Who reloads
    again before the page was there loses nothing either.
    """
    designer.pick(TITLE)
    place = designer.at("/httpRequest/pathParameters/project_id")
    place.fill("1234")
    with designer.held_back("**/workflows/flow"):
        designer.page.goto(designer.url)
        expect(designer.page.get_by_role("status").first).to_have_text("Loading …")
        designer.page.goto("about:blank")
    designer.load()
    expect(place).to_have_value("1234")
    expect(designer.page.locator(".unsaved")).to_be_visible()
    assert written(folder)["tasks"] == {}
    designer.save("Saved")
    designer.load()
    expect(designer.page.locator("#test")).to_be_visible()
    expect(designer.page.locator(".unsaved")).to_have_count(0)


MAIL = {
    "name": "flow",
    "startTask": "Mail",
    "tasks": {"Mail": email_task("https://a.example") | {"end": True}},
}


@pytest.mark.parametrize("text", [json.dumps(MAIL)], ids=["mail"])
def test_two_tabs_never_overwrite_each_other_silently(
    designer: DesignerPage, browser: Browser, folder: Path
) -> None:
    """The second to save is told, nothing is written, and both ways out do what they say."""
    place = "/httpRequest/pathParameters/project_id"
    with designer_page(browser, designer.url, quiet=False) as other:
        conflict = other.page.locator("#conflict")
        other.at(place).fill("1")
        designer.at(place).fill("2")
        designer.save()
        other.page.keyboard.press("Control+s")
        expect(conflict).to_contain_text("Somebody else changed this workflow")
        assert task_of(folder, "Mail")["httpRequest"]["pathParameters"] == {"project_id": 2}
        assert other.violations() == []
        conflict.get_by_role("button", name="Load theirs").click()
        expect(other.at(place)).to_have_value("2")
        other.named("tab", "History", exact=False).click()
        expect(other.page.locator(".history button", has_text="not saved")).to_have_count(1)
        other.at(place).fill("1")
        designer.at(place).fill("3")
        with designer.page.expect_response(lambda answer: answer.request.method == "PUT"):
            designer.save()
        other.page.keyboard.press("Control+s")
        expect(conflict).to_contain_text("Somebody else changed this workflow")
        assert task_of(folder, "Mail")["httpRequest"]["pathParameters"] == {"project_id": 3}
        conflict.get_by_role("button", name="Overwrite with mine").click()
        other.status("Saved")
        assert task_of(folder, "Mail")["httpRequest"]["pathParameters"] == {"project_id": 1}


@pytest.mark.parametrize("text", ['{"name": "flow",\n "tasks": {,}}'], ids=["broken"])
def test_file_that_is_no_definition(designer: DesignerPage, folder: Path) -> None:
    """A broken file is said to be one, with the line; it is only overwritten when somebody asks for
    that.
    """
    broken = designer.page.locator(".notices .note.error")
    expect(broken).to_contain_text("line 2")
    assert designer.violations() == []
    assert "{,}" in (folder / "flow.json").read_text(encoding="utf-8")
    broken.get_by_role("button", name="Overwrite it").click()
    expect(designer.page.locator("#search")).to_be_visible()
    assert written(folder)["tasks"] == {}
    designer.complaints.clear()
