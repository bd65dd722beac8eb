"""The designer's page: the conditions of a Decision as rows, and as expressions, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from designer_page.browser import DesignerPage, definition_page
from servers import JSON, raw_server, respond, response
from tasks import http

ANSWER = {"total": 25, "type": "Private", "limits": {"first one": 20}}


@pytest.fixture
def page(tmp_path: Path, folder: Path, browser: Browser) -> Iterator[DesignerPage]:
    """The page, with a Decision behind a task that was tested."""
    with raw_server(respond(response(json.dumps(ANSWER).encode(), JSON))) as server:
        flow = {
            "name": "flow",
            "startTask": "Get",
            "tasks": {
                "Get": http(server.url) | {"nextTask": "Choose"},
                "Choose": {
                    "type": "Decision",
                    "choices": [{"condition": "$.body.total >= 20", "nextTask": "Tell"}],
                    "defaultTask": "Tell",
                },
                "Tell": http(server.url),
            },
        }
        del flow["tasks"]["Get"]["end"]  # type: ignore[index]
        with definition_page(browser, tmp_path, folder, flow) as shown:
            expect(shown.page.locator(".preview .http")).to_contain_text("GET")
            shown.send()
            shown.page.locator(".task-name", has_text="Choose").click()
            yield shown


def labelled(page: DesignerPage, name: str) -> Locator:
    return page.page.get_by_label(name, exact=True)


def conditions(page: DesignerPage, folder: Path) -> list[str]:
    """Save, and return the conditions in the file."""
    page.save()
    choices: list[dict[str, Any]] = json.loads((folder / "flow.json").read_text("utf-8"))["tasks"][
        "Choose"
    ]["choices"]
    return [choice["condition"] for choice in choices]


def test_a_condition_is_read_into_rows_and_written_from_them(
    page: DesignerPage, folder: Path
) -> None:
    """A value is chosen from what the task before put out, and stands below with its value now; a
    text needs no quotes; what a number would be can be compared as a text.
    """
    expect(labelled(page, "Value 1 of choice 1")).to_have_value("$.body.total")
    expect(labelled(page, "Operator 1 of choice 1")).to_have_value(">=")
    row = page.named("group", "Row 1 of choice 1")
    expect(row.locator(".value-below").first).to_have_text("= 25 integer")
    page.named("button", "Add row to choice 1").press("Enter")
    second = labelled(page, "Value 2 of choice 1")
    expect(second).to_be_focused()
    second.press_sequentially("$")
    tree = page.page.get_by_role("tree", name="Values for Value 2 of choice 1")
    expect(tree.get_by_role("treeitem").first).to_contain_text("Get")
    assert page.violations() == []
    second.press_sequentially(".body.ty")
    second.press("ArrowDown")
    second.press("Enter")
    expect(second).to_have_value("$.body.type")
    expect(page.page.locator(".form")).to_contain_text("A row is not complete yet.")
    expect(page.page.locator(".form .problem")).to_have_count(0)
    labelled(page, "Operator 2 of choice 1").select_option("is not")
    labelled(page, "Compared with 2 of choice 1").fill("it's ${Private}")
    expect(page.page.locator(".condition-rows > .row .value-below")).to_have_text("= true boolean")
    assert conditions(page, folder) == [
        "$.body.total >= 20 && $.body.type !== 'it\\'s $\\{Private}'"
    ]
    right = labelled(page, "Compared with 1 of choice 1")
    row.get_by_role("button", name="as text").click()
    labelled(page, "Operator 2 of choice 1").select_option("is missing")
    assert conditions(page, folder) == ["$.body.total >= '20' && $.body.type === undefined"]
    right.fill("$")
    right.fill("$.body.limits['first one']")
    row.get_by_role("button", name="as typed").click()
    page.named("button", "Remove row 2 of choice 1").click()
    expect(labelled(page, "Value 1 of choice 1")).to_be_focused()
    assert conditions(page, folder) == ["$.body.total >= $.body.limits['first one']"]
    page.page.reload()
    page.page.locator(".task-name", has_text="Choose").click()
    expect(right).to_have_value("$.body.limits['first one']")
    assert page.violations() == []


def test_rows_and_the_expression_are_two_views_of_one_condition(
    page: DesignerPage, folder: Path
) -> None:
    """What rows cannot say stays an expression, word for word; what they can say is theirs again.
    In the expression every value has its tree; what only an expression sees makes one.
    """
    rows = page.named("button", "Rows")
    page.named("button", "Expression").click()
    text = labelled(page, "Condition 1")
    expect(text).to_be_focused()
    expect(text).to_have_value("$.body.total >= 20")
    beyond = '$.body.total >= 20 || ($.body.type == "Private")'
    text.fill(beyond)
    expect(rows).to_be_disabled()
    assert conditions(page, folder) == [beyond]
    text.fill('$.body["type"] === "Private"')
    expect(rows).to_be_enabled()
    assert conditions(page, folder) == ['$.body["type"] === "Private"']
    rows.click()
    expect(labelled(page, "Value 1 of choice 1")).to_have_value("$.body.type")
    expect(labelled(page, "Compared with 1 of choice 1")).to_have_value("Private")
    # To look is no edit.
    assert conditions(page, folder) == ['$.body["type"] === "Private"']
    page.named("button", "Expression").click()
    text.fill("")
    text.press_sequentially("tota")
    answers = page.page.get_by_role("treeitem").filter(has_text="total: 25")
    expect(answers).to_have_count(2)
    answers.last.click()
    assert conditions(page, folder) == ["${$.tasks.Get.output.body.total}"]
    expect(rows).to_be_disabled()
    page.page.keyboard.press("Control+z")
    assert page.violations() == []


def test_a_row_that_is_not_complete_loses_nothing(page: DesignerPage, folder: Path) -> None:
    """Rows stay as they are while they say no condition yet, and what stands in the file is what
    they say; removing and adding again begins anew.
    """
    value = labelled(page, "Value 1 of choice 1")
    value.fill("")
    labelled(page, "Compared with 1 of choice 1").fill("x")
    expect(page.page.locator(".form")).to_contain_text("A row is not complete yet.")
    page.named("button", "Expression").click()
    expect(labelled(page, "Condition 1")).to_have_value(" >= 'x'")
    page.named("button", "Rows").click()
    expect(labelled(page, "Compared with 1 of choice 1")).to_have_value("x")
    value.fill("$.body.type")
    assert conditions(page, folder) == ["$.body.type >= 'x'"]
    page.named("button", "Add choice").click()
    expect(labelled(page, "Value 1 of choice 2")).to_be_focused()
    labelled(page, "Value 1 of choice 2").fill("$.body.total")
    labelled(page, "Operator 1 of choice 2").select_option("is true or filled")
    page.named("button", "Move choice 2 up").click()
    expect(labelled(page, "Operator 1 of choice 1")).to_have_value("")
    expect(labelled(page, "Value 1 of choice 2")).to_have_value("$.body.type")
    assert conditions(page, folder) == ["$.body.total", "$.body.type >= 'x'"]
