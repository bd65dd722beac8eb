"""The designer's page: the forms of task types by their own schemas, and where they take values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from designer import running_designer
from designer_page.browser import DesignerPage, designer_page
from httptask import hookimpl
from httptask.model.workflow import TaskOutcome
from httptask.plugins import plugin_manager
from servers import JSON, raw_server, respond, response
from tasks import http

MAIL = {
    "type": "object",
    "required": ["type", "to"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "Mail"},
        "to": {"type": "string", "title": "Recipient", "description": "Who *gets* it."},
        "priority": {"enum": ["low", "high"], "default": "low"},
        "attempts": {"type": "integer", "minimum": 1},
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "api_key": {"type": "string"},
        "nextTask": {"type": "string"},
        "end": {"type": "boolean"},
    },
}


NO_SCHEMA: Any = {"properties": ["to"], "required": 7}


class Mail:
    """A plugin's type of task: with a schema, and nothing else for the page."""

    name = "Mail"
    schema: Any = MAIL

    def problems(self, check: Any) -> list[Any]:
        return list(
            check.services.expression_problems(check.definition.get("to"), f"{check.pointer}/to")
        )

    async def run(self, call: Any) -> TaskOutcome:
        raise AssertionError("never run here")


class Broken(Mail):
    """A type whose schema is none."""

    name = "Broken"
    schema = NO_SCHEMA

    def problems(self, check: Any) -> list[Any]:
        return []


class Plugin:
    @hookimpl
    def httptask_task_types(self) -> list[Any]:
        return [Mail(), Broken()]


@pytest.fixture
def page(tmp_path: Path, folder: Path, browser: Browser) -> Iterator[DesignerPage]:
    """The page, with one task that was tested, and a plugin."""
    manager = plugin_manager()
    manager.register(Plugin())
    body = json.dumps({"id": 7, "owner": {"mail": "ann@a.example"}}).encode()
    with raw_server(respond(response(body, JSON))) as server:
        flow = {"name": "flow", "startTask": "Get", "tasks": {"Get": http(server.url)}}
        (folder / "flow.json").write_text(json.dumps(flow), "utf-8")
        (folder / "other.json").write_text(json.dumps({"name": "other", "tasks": {}}), "utf-8")
        with (
            running_designer(tmp_path, workflows=folder, plugins=manager) as running,
            designer_page(browser, running.url) as shown,
        ):
            expect(shown.page.locator(".preview .http")).to_contain_text("GET")
            shown.send()
            yield shown


def labelled(page: DesignerPage, name: str) -> Locator:
    return page.page.get_by_label(name, exact=True)


def saved(page: DesignerPage, folder: Path) -> dict[str, Any]:
    """Save, and return the tasks of the file."""
    page.save()
    tasks: dict[str, Any] = json.loads((folder / "flow.json").read_text("utf-8"))["tasks"]
    return tasks


def chosen(page: DesignerPage, name: str, text: str) -> None:
    """Choose the value *text* from the tree of the field *name*."""
    tree = page.page.get_by_role("tree", name=f"Values for {name}")
    tree.get_by_role("treeitem").filter(has_text=text).first.click()


def test_a_task_of_a_plugin_has_a_form_by_its_schema(page: DesignerPage, folder: Path) -> None:
    """What is required stands there, the rest is a line each; nothing is red before somebody was
    there, or asked; the task goes on to the next one as any other does.
    """
    page.add_task("Mail")
    recipient = labelled(page, "Recipient")
    expect(recipient).to_be_focused()
    expect(page.page.locator(".form .problem.error")).to_have_count(0)
    page.named("button", "1 problem").click()
    expect(page.problem("/to")).to_contain_text("required")
    assert page.violations() == []
    recipient.fill("a@a.example")
    expect(page.page.locator(".head .chip")).to_have_text("ready")
    page.add("Priority", "Attempts", "Headers")
    labelled(page, "Priority").select_option("high")
    labelled(page, "Attempts").fill("0")
    labelled(page, "Attempts").blur()
    expect(page.problem("/attempts")).to_contain_text("1")
    labelled(page, "Attempts").fill("3")
    page.named("button", "Add field").click()
    page.page.get_by_label("Name", exact=True).fill("X-Via")
    page.at("/headers/X-Via").fill("page")
    expect(page.page.locator(".form .problem")).to_have_count(0)
    assert page.violations() == []
    tasks = saved(page, folder)
    assert tasks["Get"]["nextTask"] == "Mail"
    assert tasks["Mail"] == {
        "type": "Mail",
        "to": "a@a.example",
        "priority": "high",
        "attempts": 3,
        "headers": {"X-Via": "page"},
        "end": True,
    }
    page.page.keyboard.press("Control+z")
    expect(page.at("/headers/X-Via")).to_have_value("")


def test_a_type_whose_schema_is_none_is_written_by_names_and_as_json(
    page: DesignerPage, folder: Path
) -> None:
    """The page starts all the same, and loses nothing of such a task."""
    page.add_task("Broken")
    page.named("button", "Add field").click()
    page.page.get_by_label("Name", exact=True).fill("to")
    page.at("/to").fill("a@a.example")
    assert page.violations() == []
    page.named("button", "JSON").click()
    labelled(page, "Settings as JSON").fill('{"to": "b@a.example", "deep": {"er": [1]}}')
    assert page.violations() == []
    page.save("Saved")
    task = json.loads((folder / "flow.json").read_text("utf-8"))["tasks"]["Broken"]
    assert task == {"type": "Broken", "to": "b@a.example", "deep": {"er": [1]}, "end": True}


def test_a_field_of_a_plugin_takes_a_value_of_an_earlier_answer(
    page: DesignerPage, folder: Path
) -> None:
    """From the tree, typed with `$`, completed, and with its value below; as JSON, too."""
    page.add_task("Mail")
    page.named("button", "fx for Recipient").click()
    chosen(page, "Recipient", "id: 7")
    expect(labelled(page, "Recipient")).to_have_value("$.tasks.Get.output.body.id")
    expect(page.page.locator(".value-below")).to_have_text("= 7 integer")
    page.named("button", "fx for Recipient").click()
    box = labelled(page, "Recipient")
    box.fill("")
    box.press_sequentially("$.tasks.Get.output.body.owner.m")
    box.press("ArrowDown")
    box.press("Enter")
    expect(page.page.locator(".value-below")).to_have_text('= "ann@a.example" string')
    assert saved(page, folder)["Mail"]["to"] == "${$.tasks.Get.output.body.owner.mail}"
    page.named("button", "JSON").click()
    text = labelled(page, "Settings as JSON")
    expect(text).to_have_value(re.compile("owner.mail"))
    text.fill('{"to": "b@a.example", "api_key": "k3y-in-the-open"}')
    page.named("button", "Form").click()
    expect(labelled(page, "Recipient")).to_have_value("b@a.example")
    expect(page.at("/api_key")).to_have_attribute("type", "password")
    assert "k3y-in-the-open" not in page.stored()
    assert saved(page, folder)["Mail"]["api_key"] == "k3y-in-the-open"


def test_a_new_name_is_written_into_the_form_that_is_open(page: DesignerPage, folder: Path) -> None:
    """An expression that names the renamed task says so in the form, too."""
    page.add_task("Mail")
    page.named("button", "fx for Recipient").click()
    labelled(page, "Recipient").fill("$.tasks.Get.output.body.owner.mail")
    page.page.locator(".task-name", has_text="Get").first.click()
    page.page.get_by_label("Task name").fill("Owner")
    page.page.get_by_label("Task name").press("Enter")
    page.page.locator(".task-name", has_text="Mail").click()
    expect(labelled(page, "Recipient")).to_have_value("${$.tasks.Owner.output.body.owner.mail}")


def add_owner_from_the_tree(page: DesignerPage) -> None:
    """Add the input parameter `owner`, with a value of an earlier task chosen from the tree."""
    page.named("button", "Add parameter").click()
    page.page.get_by_label("Name", exact=True).fill("owner")
    box = page.at("/inputParameters/owner")
    box.press("Alt+e")
    chosen(page, "owner", "id: 7")
    expect(box).to_have_value("$.tasks.Get.output.body.id")
    assert page.violations() == []


def test_the_end_of_a_run_and_a_gate_take_values_from_the_tree(
    page: DesignerPage, folder: Path
) -> None:
    """Both have their forms by their schemas: a value goes into the output as it is, and into JSON
    at the cursor.
    """
    page.add_task("Terminate")
    expect(labelled(page, "Status of the run")).to_be_focused()
    page.add("Output of the run")
    page.named("button", "fx for Output of the run").click()
    chosen(page, "Output of the run", "id: 7")
    expect(page.page.locator(".value-below")).to_have_text("= 7 integer")
    assert saved(page, folder)["End"]["workflowOutput"] == "${$.tasks.Get.output.body.id}"
    page.page.locator(".task-name", has_text="Get").first.click()
    page.add_task("Simple")
    page.add("Input parameters")
    add_owner_from_the_tree(page)
    assert saved(page, folder)["Approve"]["inputParameters"] == {
        "owner": "${$.tasks.Get.output.body.id}"
    }


def test_the_input_of_a_definition_that_describes_none_takes_values(
    page: DesignerPage, folder: Path
) -> None:
    """Names of one's own, each with the tree of values; all of it can be JSON, too, and what is
    none yet is not written.
    """
    page.add_task("Workflow")
    add_owner_from_the_tree(page)
    page.named("button", "JSON for Input parameters").click()
    text = labelled(page, "Input parameters as JSON")
    text.fill('{"owner": 8, ')
    expect(page.page.locator(".form")).to_contain_text("Line 1")
    task = saved(page, folder)["Run other"]
    assert task["inputParameters"] == {"owner": "${$.tasks.Get.output.body.id}"}
    text.fill('{"owner": 8}')
    assert saved(page, folder)["Run other"]["inputParameters"] == {"owner": 8}


def test_every_setting_that_takes_an_expression_has_the_tree(
    page: DesignerPage, folder: Path
) -> None:
    """Where the job is polled and cancelled, what its result is, what a page is read by: each sees
    the task's own answer, with its value below. A key sees the input parameters.
    """
    page.add("Completion")
    page.at("/completion/mode").select_option(label="poll")
    page.add("Poll", "Cancel")
    page.add("Result")
    for pointer, name in (("/completion/poll/result", "Result"), ("/completion/cancel/url", "URL")):
        if pointer.endswith("url"):
            page.page.locator('[id="f-/completion/cancel/url-add"]').click()
        field = page.at(pointer)
        field.fill("")
        field.press_sequentially("$")
        expect(page.page.get_by_role("tree", name=f"Values for {name}")).to_be_visible()
        field.press("Escape")
        field.fill("$.body.id")
        expect(page.page.locator(".value-below").last).to_have_text("= 7 integer")
    page.add("Pagination")
    page.at("/pagination/mode").select_option(label="cursor")
    query = page.at("/pagination/next")
    page.named("button", "Insert a value into Next").click()
    chosen(page, "Next", "id: 7")
    expect(query).to_have_value("$.id")
    expect(page.page.locator(".value-below").last).to_have_text("= 7 integer")
    assert page.violations() == []
    get = saved(page, folder)["Get"]
    assert get["completion"]["poll"]["result"] == "${$.body.id}"
    assert get["completion"]["cancel"]["url"] == "${$.body.id}"
    assert get["pagination"]["next"] == "$.id"
