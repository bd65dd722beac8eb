"""The designer's page: tasks that send nothing, and where every task leads, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from designer_page.browser import TWO_ON_A_LINE, DesignerPage, definition_page


@pytest.fixture
def page(tmp_path: Path, folder: Path, browser: Browser) -> Iterator[DesignerPage]:
    """The page, with two HTTP tasks on a line."""
    with definition_page(browser, tmp_path, folder, TWO_ON_A_LINE) as shown:
        yield shown


def saved(page: DesignerPage, folder: Path) -> dict[str, Any]:
    """Save, and return the tasks of the file."""
    page.save()
    tasks: dict[str, Any] = json.loads((folder / "flow.json").read_text("utf-8"))["tasks"]
    return tasks


def labelled(page: DesignerPage, name: str) -> Locator:
    return page.page.get_by_label(name, exact=True)


def test_an_error_route_is_added_checked_and_kept_while_the_form_is_edited(
    page: DesignerPage, folder: Path
) -> None:
    """Classes are those of the error tree; a status that is none is kept as typed, with its
    problem; what is typed in the form of the request does not touch the routes.
    """
    page.named("button", "Add error route").click()
    expect(labelled(page, "Next task on error 1")).to_be_focused()
    expect(labelled(page, "Next task on error 1")).to_have_value("Sorry")
    route = page.named("group", "Error route 1")
    for name in ("timeout", "too_large", "pagination", "any error (*)"):
        expect(route.get_by_role("checkbox", name=name, exact=True)).to_be_visible()
    route.get_by_role("checkbox", name="any error (*)").uncheck()
    route.get_by_role("checkbox", name="timeout", exact=True).check()
    labelled(page, "Statuses of route 1").press_sequentially("404, x")
    expect(route.locator(".problem").first).to_contain_text("statuses/1")
    labelled(page, "Statuses of route 1").fill("404, 409")
    expect(route.locator(".problem")).to_have_count(0)
    page.at("/httpRequest/url").fill("https://api.acme.example/others")
    assert page.violations() == []
    get = saved(page, folder)["Get"]
    assert get["onError"] == [{"errors": ["timeout"], "nextTask": "Sorry", "statuses": [404, 409]}]
    assert get["httpRequest"]["url"] == "https://api.acme.example/others"
    page.named("button", "Remove error route 1").click()
    assert "onError" not in saved(page, folder)["Get"]


def test_routes_can_be_put_in_order_and_the_next_task_chosen(
    page: DesignerPage, folder: Path
) -> None:
    """The first route that matches is taken, so their order can be changed; a task leads to any
    task of its branch, or ends the run.
    """
    page.named("button", "Add error route").click()
    page.named("group", "Error route 1").get_by_role("checkbox", name="tls", exact=True).check()
    page.named("button", "Add error route").click()
    expect(page.named("group", "Error route 2")).to_contain_text("never taken")
    page.named("button", "Move error route 2 up").click()
    labelled(page, "Next task").select_option("")
    ended = saved(page, folder)["Get"]
    assert ended["end"] is True
    assert "nextTask" not in ended
    labelled(page, "Next task").select_option("Sorry")
    get = saved(page, folder)["Get"]
    assert get["nextTask"] == "Sorry"
    assert "end" not in get
    assert [route["errors"] for route in get["onError"]] == [["*"], ["*", "tls"]]


def test_a_wait_is_added_changed_renamed_moved_and_removed(
    page: DesignerPage, folder: Path
) -> None:
    """It waits some seconds or until a time; either may be an expression, and what is neither is
    kept with its problem.
    """
    page.add_task("Wait")
    value = page.page.locator("#wait-value")
    expect(value).to_be_focused()
    value.fill("1.5")
    assert saved(page, folder)["Wait"] == {"type": "Wait", "seconds": 1.5, "nextTask": "Sorry"}
    value.fill("soon")
    expect(page.page.locator(".form .problem").first).to_be_visible()
    expect(page.page.locator(".chip")).to_contain_text("problem")
    page.named("radio", "Until a time").check()
    expect(labelled(page, "Until")).to_be_focused()
    value.fill("${$.input.due}")
    expect(page.page.locator(".form .problem")).to_have_count(0)
    page.page.get_by_label("Task name").fill("Until it is due")
    page.page.get_by_label("Task name").press("Enter")
    expect(page.page.locator(".graph text", has_text="Until it is due")).to_be_visible()
    page.named("button", "Move Until it is due down").click()
    assert page.violations() == []
    tasks = saved(page, folder)
    assert tasks["Until it is due"] == {"type": "Wait", "until": "${$.input.due}", "end": True}
    assert tasks["Sorry"]["nextTask"] == "Until it is due"
    page.named("button", "Remove Until it is due").click()
    page.status("removed")  # the server is asked first who uses its name
    assert saved(page, folder) == TWO_ON_A_LINE["tasks"]


def test_a_decision_is_added_between_two_tasks_and_its_choices_edited(
    page: DesignerPage, folder: Path
) -> None:
    """Every way leads on at first; a condition is checked while it is typed, in both forms; a way
    that leads nowhere yet takes the next task that is added.
    """
    page.add_task("Decision")
    expect(labelled(page, "Value 1 of choice 1")).to_be_focused()
    page.named("button", "Expression").click()
    condition = labelled(page, "Condition 1")
    expect(condition).to_be_focused()
    condition.fill("$.statusCode === ")
    expect(page.named("group", "Choice 1").locator(".problem")).to_have_count(1)
    condition.fill("$.statusCode === 404")
    expect(page.named("group", "Choice 1").locator(".problem")).to_have_count(0)
    expect(labelled(page, "Next task 1")).to_have_value("Sorry")
    page.named("button", "Add choice").click()
    expect(labelled(page, "Value 1 of choice 2")).to_be_focused()
    page.named("button", "Expression").last.click()
    labelled(page, "Condition 2").fill("jsonata: body.total > 20")
    expect(page.named("group", "Choice 2").locator(".problem")).not_to_have_count(0)
    page.add_task("Terminate")
    labelled(page, "Status of the run").select_option("Failed")
    page.add("Output of the run")
    labelled(page, "Output of the run").fill('{"total": "${$.tasks.Get.output.body.total}"}')
    page.page.locator(".task-name", has_text="Decide").click()
    expect(labelled(page, "Next task 2")).to_have_value("End")
    expect(labelled(page, "Default task")).to_have_value("Sorry")
    page.named("button", "Move choice 2 up").click()
    assert page.violations() == []
    tasks = saved(page, folder)
    assert tasks["Get"]["nextTask"] == "Decide"
    assert tasks["Decide"] == {
        "type": "Decision",
        "choices": [
            {"condition": "jsonata: body.total > 20", "nextTask": "End"},
            {"condition": "$.statusCode === 404", "nextTask": "Sorry"},
        ],
        "defaultTask": "Sorry",
    }
    assert tasks["End"] == {
        "type": "Terminate",
        "terminationStatus": "Failed",
        "workflowOutput": {"total": "${$.tasks.Get.output.body.total}"},
    }


def test_a_parallel_is_built_by_keyboard_and_its_branches_edited(
    page: DesignerPage, folder: Path
) -> None:
    """A branch begins with a request of its own, which is opened from there; what is added while it
    is open goes into the branch; a branch can begin elsewhere, and be removed.
    """
    page.add_task("Parallel")
    add = page.named("button", "Add branch")
    expect(add).to_be_focused()
    expect(page.page.locator(".form .problem").first).to_be_visible()
    for number in (1, 2, 3):
        add.press("Enter")
        expect(labelled(page, f"First task of branch {number}")).to_be_focused()
    assert page.violations() == []
    page.named("button", "Remove branch 3").press("Enter")
    expect(add).to_be_focused()
    page.named("button", "Open HTTP request 2").press("Enter")
    expect(labelled(page, "Task name")).to_have_value("HTTP request 2")
    page.add_task("Wait")
    expect(labelled(page, "Seconds")).to_be_focused()
    page.page.locator(".task-name", has_text="Both").press("Enter")
    second = labelled(page, "First task of branch 2")
    second.select_option("Wait")
    expect(page.page.locator(".form")).to_contain_text("2 tasks")
    second.select_option("HTTP request 2")
    for name in ("HTTP request", "HTTP request 2"):
        page.named("button", f"Open {name}").press("Enter")
        page.at("/httpRequest/url").fill("https://api.acme.example/mail")
        page.page.locator(".task-name", has_text="Both").press("Enter")
    expect(page.page.locator(".head .chip")).to_have_text("ready")
    assert page.violations() == []
    tasks = saved(page, folder)
    request = {"url": "https://api.acme.example/mail", "method": "GET"}
    assert tasks["Both"] == {
        "type": "Parallel",
        "branches": [
            {
                "startTask": "HTTP request",
                "tasks": {"HTTP request": {"type": "Http", "httpRequest": request, "end": True}},
            },
            {
                "startTask": "HTTP request 2",
                "tasks": {
                    "HTTP request 2": {"type": "Http", "httpRequest": request, "nextTask": "Wait"},
                    "Wait": {"type": "Wait", "seconds": 60, "end": True},
                },
            },
        ],
        "nextTask": "Sorry",
    }


def test_problems_in_the_branches_of_a_parallel_are_told_outside_of_them(
    page: DesignerPage, folder: Path
) -> None:
    """The list says how many each task has; the Parallel says which, and each leads to its field."""
    page.add_task("Parallel")
    page.named("button", "Add branch").press("Enter")
    page.named("button", "Open HTTP request").press("Enter")
    page.at("/httpRequest/url").fill("https://api.acme.example/mail")
    page.add("Retry")
    page.add("Attempts")
    page.at("/retry/maxAttempts").fill("0")
    page.add("Success condition")
    page.at("/successCondition").fill("$.body[")
    page.page.locator(".task-name", has_text="Both").click()
    branch = page.page.get_by_role("list", name="Problems of the tasks in this branch")
    expect(branch.get_by_role("listitem")).to_have_count(2)
    expect(page.page.locator(".head .chip")).to_have_text("2 problems")
    in_the_list = page.page.locator(".task", has_text="HTTP request").locator(".errors")
    expect(in_the_list).to_have_text("2 problems")
    assert page.violations() == []
    branch.get_by_role("button").filter(has_text="Attempts").click()
    expect(labelled(page, "Task name")).to_have_value("HTTP request")
    attempts = page.at("/retry/maxAttempts")
    expect(attempts).to_be_focused()
    expect(page.problem("/retry/maxAttempts")).to_be_visible()
    attempts.fill("2")
    expect(in_the_list).to_have_text("1 problem")
    page.at("/successCondition").fill("$.body.id")
    expect(in_the_list).to_have_count(0)
    page.page.locator(".task-name", has_text="Both").click()
    expect(branch).to_have_count(0)
    expect(page.page.locator(".head .chip")).to_have_text("ready")


def test_the_url_of_an_own_request_shows_what_the_fields_fill_in(page: DesignerPage) -> None:
    """Path and query parameters stand in it as they go out, and lead to their fields; what only
    the URL itself says is not said twice.
    """
    url = page.page.locator(".request-line .url")
    page.at("/httpRequest/url").fill("https://api.acme.example/things/{id}?a=1")
    missing = url.get_by_role("button")
    expect(missing).to_have_attribute("title", "id: not filled in yet")
    page.entry("pathParameters", "id", "7")
    page.entry("query", "q", "two words")
    expect(url).to_have_text("https://api.acme.example/things/7?a=1&q=two%20words")
    assert page.violations() == []
    url.get_by_role("button", name="7").click()
    expect(page.at("/httpRequest/pathParameters/id")).to_be_focused()
    page.at("/httpRequest/url").fill("https://api.acme.example/things")
    page.named("button", "Remove q").click()
    page.named("button", "Remove id").click()
    expect(url).to_have_count(0)


def test_pagination_asks_for_what_its_mode_needs(page: DesignerPage, folder: Path) -> None:
    """What a mode needs stands on the form once it is chosen; what has no meaning in it is not
    offered, and what was typed for another mode is not sent.
    """
    page.add("Pagination")
    page.at("/pagination/mode").select_option(label="cursor")
    page.at("/pagination/next").fill("$.next")
    page.at("/pagination/parameter/in").select_option(label="query")
    page.at("/pagination/parameter/name").fill("after")
    offers = page.option("Start")
    expect(offers).to_have_count(0)
    page.at("/pagination/mode").select_option(label="page")
    expect(offers).to_have_count(1)
    expect(page.at("/pagination/next")).to_have_count(0)
    assert saved(page, folder)["Get"]["pagination"] == {
        "mode": "page",
        "parameter": {"in": "query", "name": "after"},
    }
    page.at("/pagination/mode").select_option(label="cursor")
    expect(page.at("/pagination/next")).to_have_value("$.next")
    assert page.violations() == []
