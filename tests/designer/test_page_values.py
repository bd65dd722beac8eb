"""The designer's page: a value of the input or of an earlier answer put into a field, and what an
expression yields while it is typed, in a real browser.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

import servers
from designer import running_designer, thing_endpoint
from designer_page.browser import DesignerPage, designer_page
from servers import RawServer

THING = {
    "id": 7,
    "name": "Ärmel",
    "tags": ["a", "b"],
    "owner": {"mail": "a@a.example"},
    "sizes": {f"size {number}": number for number in range(120)},
}


@pytest.fixture
def server() -> Iterator[RawServer]:
    body = json.dumps(THING).encode()
    with servers.raw_server(servers.respond(servers.response(body, servers.JSON))) as running:
        yield running


@pytest.fixture
def page(
    tmp_path: Path, folder: Path, server: RawServer, browser: Browser
) -> Iterator[DesignerPage]:
    """The page, with a task that gets a thing and one that tells of it, which is open."""
    get = {
        "type": "Http",
        "endpoint": "acme-things-id-get-0",
        "httpRequest": {
            "url": server.url + "/things/{id}",
            "method": "GET",
            "pathParameters": {"id": "1"},
        },
        "nextTask": "Tell",
    }
    tell = {
        "type": "Http",
        "endpoint": "acme-things-id-get-0",
        "httpRequest": {
            "url": server.url + "/things/{id}",
            "method": "GET",
            "pathParameters": {"id": "1"},
            "query": {"limit": 1},
        },
        "end": True,
    }
    flow = {
        "name": "flow",
        "startTask": "Get",
        "inputSchema": {"properties": {"note": {"type": "string", "examples": ["hello"]}}},
        "tasks": {"Get": get, "Tell": tell},
    }
    (folder / "flow.json").write_text(json.dumps(flow), "utf-8")
    endpoint = thing_endpoint(server.url)
    with (
        running_designer(tmp_path, workflows=folder, endpoints=[endpoint]) as running,
        designer_page(browser, running.url) as shown,
    ):
        yield shown


def open_task(page: DesignerPage, name: str) -> None:
    page.page.locator(f".task-name[title={name}]").click()
    expect(page.page.get_by_label("Task name")).to_have_value(name)
    expect(page.page.locator("#test")).to_be_focused()  # what opens a task moves the focus, last


def saved(page: DesignerPage, folder: Path, name: str = "Tell") -> dict[str, Any]:
    with page.page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.save()
    task: dict[str, Any] = json.loads((folder / "flow.json").read_text("utf-8"))["tasks"][name]
    return task


def tested(page: DesignerPage) -> None:
    """Test the first task, and open the second."""
    expect(page.at("/httpRequest/pathParameters/id")).to_have_value("1")
    page.send()
    open_task(page, "Tell")


def item(page: DesignerPage, text: str) -> Locator:
    return page.page.locator(".values").get_by_role("treeitem").filter(has_text=text).first


ID = "/httpRequest/pathParameters/id"


def test_a_value_of_an_earlier_answer_is_in_a_field_after_three_clicks(
    page: DesignerPage, folder: Path
) -> None:
    """The tree opens with the last answer; choosing a value makes the input parameter that the
    request needs, and its value stands below.
    """
    tested(page)
    clicks = 0
    for target in (page.named("button", "fx for limit"), item(page, "id: 7")):
        target.click()
        clicks += 1
    assert clicks <= 3
    expect(page.at("/httpRequest/query/limit")).to_have_value("$.limit")
    expect(page.page.locator(".value-below").first).to_have_text("= 7 integer")
    assert page.violations() == []
    task = saved(page, folder)
    assert task["inputParameters"] == {"limit": "${$.tasks.Get.output.body.id}"}
    assert task["httpRequest"]["query"] == {"limit": "${$.limit}"}
    page.send()
    expect(page.page.locator(".response .status").first).to_contain_text("200")


def test_the_tree_is_found_filtered_and_chosen_from_by_keyboard(
    page: DesignerPage, folder: Path
) -> None:
    """Alt+E opens it; what is typed filters it by names and samples; arrows open and choose."""
    tested(page)
    field = page.at(ID)
    field.focus()
    page.page.keyboard.press("Alt+e")
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(page.page.locator(".values [role=treeitem]").first).to_be_visible()
    assert page.violations() == []
    page.page.keyboard.type("a@a")
    expect(item(page, "mail")).to_be_visible()
    expect(item(page, "tags")).to_have_count(0)
    chosen = page.page.locator(".values [aria-selected=true]")
    while "mail" not in (chosen.text_content() if chosen.count() else ""):
        page.page.keyboard.press("ArrowDown")
    assert page.violations() == []
    page.page.keyboard.press("Enter")
    expect(field).to_be_focused()
    assert saved(page, folder)["inputParameters"] == {"id": "${$.tasks.Get.output.body.owner.mail}"}


def test_an_expression_without_a_value_says_why(page: DesignerPage) -> None:
    """The documented answer is in the tree before the first test; the line below leads to the task
    to test. An expression that runs away is stopped: its field stays usable, and the next value
    takes its place. While one answer is on its way, a newer text cancels it.
    """
    open_task(page, "Tell")
    page.named("button", "fx for id").click()
    expect(item(page, "Get")).to_contain_text("documented answer")
    item(page, "name: string").click()
    below = page.page.locator(".value-below").first
    expect(below).to_have_text("no sample yet: test “Get” once")
    assert page.violations() == []
    below.get_by_role("button").click()
    expect(page.page.get_by_label("Task name")).to_have_value("Get")
    open_task(page, "Tell")
    field = page.at(ID)
    field.fill("jsonata: ($f := function($n) { $f($n + 1) }; $f(0))")
    expect(below).to_contain_text("was stopped")
    assert page.violations() == []
    field.fill("jsonata: 1 + 1")
    expect(below).to_have_text("= 2 integer")
    ended: list[str] = []
    page.page.on("requestfailed", lambda request: ended.append(request.url))
    with page.held_back("**/api/v1/evaluate") as release:
        with page.page.expect_request("**/api/v1/evaluate"):
            field.fill("jsonata: 2 + 1")
        with page.page.expect_request("**/api/v1/evaluate"):
            field.fill("jsonata: 2 + 2")
        release()
    expect(below).to_have_text("= 4 integer")
    assert [url for url in ended if url.endswith("/evaluate")] == [ended[0]]


def test_a_task_of_any_name_is_wired_and_evaluated(page: DesignerPage, folder: Path) -> None:
    """Its name is quoted as the language needs it."""
    expect(page.at(ID)).to_have_value("1")
    name = page.page.get_by_label("Task name")
    name.fill('Find the "RFI\'s" größe')
    name.press("Enter")
    expect(page.page.locator(".task-name").first).to_contain_text("größe")
    page.send()
    open_task(page, "Tell")
    page.named("button", "fx for id").click()
    item(page, "name: ").click()
    expect(page.page.locator(".value-below").first).to_have_text('= "Ärmel" string')
    page.named("button", "Insert a value into id").first.click()
    page.at(ID).fill("jsonata: Ärm")
    item(page, "name: ").click()
    expect(page.page.locator(".value-below").first).to_have_text('= "Ärmel" string')
    task = saved(page, folder)
    assert task["inputParameters"] == {
        "id": "${$.tasks['Find the \"RFI\\'s\" größe'].output.body.name}"
    }
    assert task["httpRequest"]["pathParameters"] == {"id": "jsonata: id"}


def test_an_input_parameter_sees_the_whole_document(page: DesignerPage, folder: Path) -> None:
    """A value goes there without another parameter; the input has its sample. An entry without a
    name asks nothing yet: its value stands there once it has one; nothing fails meanwhile.
    """
    tested(page)
    page.add("Input parameters")
    page.named("button", "Add parameter").last.click()
    page.named("button", "fx for name").click()
    item(page, "id: 7").click()
    names = page.page.locator('input[id^="f-/inputParameters-key"]')
    names.fill("thing")
    values = page.page.locator(".value-below")
    expect(values.first).to_have_text("= 7 integer")
    page.named("button", "Add parameter").last.click()
    names.last.fill("note")
    page.named("button", "fx for note").click()
    item(page, 'note: "hello"').click()
    expect(values.nth(1)).to_have_text('= "hello" string')
    assert saved(page, folder)["inputParameters"] == {
        "thing": "${$.tasks.Get.output.body.id}",
        "note": "${$.input.note}",
    }


def test_a_long_tree_is_drawn_as_far_as_somebody_gets(page: DesignerPage) -> None:
    """Few lines at once, so that keys stay quick; scrolling and the arrows bring the others. After
    a reload the answer in the history is the sample: a task need not be tested again for its values.
    """
    tested(page)
    page.page.reload()
    expect(page.page.get_by_label("Task name")).to_have_value("Tell")
    page.named("button", "fx for id").click()
    expect(item(page, "id: 7")).to_be_visible()
    lines = page.page.locator(".values [role=treeitem]")
    item(page, "sizes").click()
    expect(item(page, "size 1:")).to_be_visible()
    assert lines.count() < 60
    last = item(page, "size 119")
    while not last.count():
        lines.last.scroll_into_view_if_needed()
    last.click()
    expect(page.page.locator(".value-below").first).to_have_text("= 119 integer")
    page.at(ID).press("Alt+e")
    page.page.keyboard.type("size")
    chosen = page.page.locator(".values [aria-selected=true]")
    while "sizes" not in (chosen.text_content() if chosen.count() else ""):
        page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("ArrowRight")
    expect(item(page, "size 1:")).to_be_visible()
    for _ in range(60):
        page.page.keyboard.press("ArrowDown")
    expect(chosen).to_contain_text("size")
    assert lines.count() > 60


def test_a_dollar_begins_an_expression_in_a_text_field(page: DesignerPage, folder: Path) -> None:
    """Typing it opens the tree; what goes on like no expression is text after all, and so is a
    dollar alone. Names are completed in JSONPath and in JSONata, in the middle of a text too;
    Escape closes and leaves the text, and no running request is cancelled by it.
    """
    tested(page)
    field = page.at(ID)
    field.fill("")
    field.press_sequentially("$")
    expect(item(page, "Get")).to_be_visible()
    page.page.keyboard.type("5 off")
    expect(field).to_have_value("$5 off")
    expect(page.named("button", "fx for id")).to_have_attribute("aria-pressed", "false")
    field.fill("")
    field.press_sequentially("$")
    page.at("/httpRequest/query/limit").focus()
    expect(field).to_have_value("$")
    assert saved(page, folder)["httpRequest"]["pathParameters"] == {"id": "$"}
    field.fill("")
    field.press_sequentially("$.tasks.Get.output.body.na")
    expect(item(page, "name")).to_be_visible()
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("Enter")
    expect(field).to_have_value("$.id")
    task = saved(page, folder)
    assert task["inputParameters"] == {"id": "${$.tasks.Get.output.body.name}"}
    assert task["httpRequest"]["pathParameters"] == {"id": "${$.id}"}
    field.fill("")
    page.named("button", "fx for id").first.click()
    field.press_sequentially("RFI ${$.tasks.Get.output.body.na")
    expect(item(page, "name")).to_be_visible()
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("Enter")
    field.press_sequentially("}!")
    expect(field).to_have_value("RFI ${$.id}!")
    expect(page.page.locator(".value-below").first).to_have_text('= "RFI Ärmel!" string')
    field.fill("jsonata: $count(tasks.Get.output.body.ta")
    page.page.keyboard.press("Escape")
    expect(page.page.locator(".values")).to_have_count(0)
    field.press_sequentially("g")
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("Enter")
    field.press_sequentially(")")
    expect(field).to_have_value("jsonata: $count(id2)")
    expect(page.page.locator(".value-below").first).to_have_text("= 2 integer")
    assert saved(page, folder)["inputParameters"]["id2"] == "${$.tasks.Get.output.body.tags}"


# The response


def test_a_value_of_a_response_is_copied_addressed_and_used_later(
    page: DesignerPage, folder: Path
) -> None:
    """What is closed shows what is in it, with real letters; the pointer brings the tools, and they
    have keys: Ctrl+C copies the value, Ctrl+Shift+P its path, U uses it in a later task, where it is
    an input parameter until a field takes it.
    """
    expect(page.at(ID)).to_have_value("1")
    page.send()
    tree = page.page.get_by_role("tree", name="Response body")
    tree.get_by_role("treeitem").first.focus()
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("Control+c")
    page.status("The value: copied.")
    assert page.copied() == "7"
    page.page.keyboard.press("Control+Shift+p")
    page.status("The path: copied.")
    assert page.copied() == "$.tasks.Get.output.body.id"
    assert page.violations() == []
    page.page.keyboard.press("u")
    expect(page.page.get_by_label("Later task", exact=True)).to_have_value("Tell")
    assert page.violations() == []
    page.named("button", "Use it").press("Enter")
    expect(page.page.locator('[id="f-/inputParameters/id"]')).to_be_focused()
    assert saved(page, folder)["inputParameters"] == {"id": "${$.tasks.Get.output.body.id}"}
    open_task(page, "Get")
    expect(tree).to_contain_text('name: "Ärmel"')
    owner = tree.get_by_role("treeitem").filter(has_text="owner")
    owner.click()
    expect(owner).to_contain_text('owner: {1} mail: "a@a.example"')
    tree.get_by_role("treeitem").filter(has_text="name").hover()
    page.named("button", "Copy value").click()
    page.status("The value: copied.")
    assert page.copied() == "Ärmel"
    page.named("button", "Copy path").click()
    page.status("The path: copied.")
    assert page.copied() == "$.tasks.Get.output.body.name"
    assert page.violations() == []
    page.named("button", "Use in …").click()
    page.page.get_by_label("Field", exact=True).select_option(ID)
    assert page.violations() == []
    page.named("button", "Use it").click()
    expect(page.page.get_by_label("Task name")).to_have_value("Tell")
    expect(page.at(ID)).to_have_value("$.id2")
    task = saved(page, folder)
    assert task["inputParameters"] == {
        "id": "${$.tasks.Get.output.body.id}",
        "id2": "${$.tasks.Get.output.body.name}",
    }
    assert task["httpRequest"]["pathParameters"] == {"id": "${$.id2}"}


def test_an_expression_over_the_answer_has_the_tree_of_the_answer(
    page: DesignerPage, folder: Path
) -> None:
    """Documented before the first test, and with its values after it; nothing else is offered."""
    expect(page.page.locator("#test")).to_be_focused()
    page.add("Success condition")
    condition = page.at("/successCondition")
    condition.press("Alt+e")
    tree = page.page.get_by_role("tree", name="Values for Success condition")
    expect(tree.get_by_role("treeitem").first).to_contain_text("documented answer")
    expect(tree.get_by_role("treeitem", level=1)).to_have_count(1)
    condition.press("Escape")
    expect(tree).to_have_count(0)
    page.send()
    condition.press("Alt+e")
    tree.get_by_role("treeitem").filter(has_text="name: ").click()
    expect(condition).to_have_value("$.body.name")
    expect(page.page.locator(".value-below")).to_have_text('= "Ärmel" string')
    condition.fill("jsonata: body.id = 7")
    expect(page.page.locator(".value-below")).to_have_text("= true boolean")
    assert page.violations() == []
    page.save()
    tasks = json.loads((folder / "flow.json").read_text("utf-8"))["tasks"]
    assert tasks["Get"]["successCondition"] == "jsonata: body.id = 7"


def test_a_wait_takes_a_value_from_the_tree(page: DesignerPage, folder: Path) -> None:
    """What is chosen is written as an expression, with its value below."""
    tested(page)
    page.add_task("Wait")
    box = page.page.locator("#wait-value")
    page.named("button", "Insert a value into Seconds").click()
    page.page.get_by_role("treeitem").filter(has_text="id: 7").first.click()
    expect(box).to_have_value("${$.tasks.Get.output.body.id}")
    expect(page.page.locator(".value-below")).to_have_text("= 7 integer")
    box.fill("30")
    expect(page.page.locator(".value-below")).to_have_count(0)
    page.save()
    tasks = json.loads((folder / "flow.json").read_text("utf-8"))["tasks"]
    assert tasks["Wait"]["seconds"] == 30
