"""The designer's page: a form never owns where a task leads, and nothing an author wrote is lost,
in a real browser.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from designer import running_designer, thing_endpoint
from designer_page.browser import FOUND, DesignerPage, designer_page
from httptask.model.api import Endpoint, MediaType, Parameter, RequestBody, Server
from httptask.model.workflow import WorkflowDefinition
from httptask.testing import StandIn
from httptask.workflow import unreached_tasks

OWN_ADDRESS = "http://127.0.0.1:9/own"


SCAN = Endpoint(
    id="acme-scans-post-0",
    method="POST",
    path="/scans",
    provider="acme",
    title="Keep a scan",
    servers=(Server("http://127.0.0.1:9"),),
    parameters=(Parameter("X-Note", "header", required=True, schema={"type": "string"}),),
    request_body=RequestBody(
        {
            "multipart/form-data": MediaType(
                {
                    "type": "object",
                    "required": ["scan"],
                    "properties": {"scan": {"type": "string", "format": "binary"}},
                }
            )
        },
        required=True,
    ),
)


@pytest.fixture
def definition() -> dict[str, Any]:
    """What the page is opened with: three tasks on a line."""
    copy: dict[str, Any] = json.loads(json.dumps(LINE))
    return copy


@pytest.fixture
def designer(
    tmp_path: Path,
    folder: Path,
    definition: dict[str, Any],
    stand_in: StandIn,
    browser: Browser,
) -> Iterator[DesignerPage]:
    """The page, with the definition."""
    write(folder, definition)
    endpoints = [thing_endpoint(stand_in.url), thing_endpoint(stand_in.url, method="POST"), SCAN]
    with (
        running_designer(tmp_path, workflows=folder, endpoints=endpoints) as running,
        designer_page(browser, running.url) as page,
    ):
        yield page


def own(path: str, **more: Any) -> dict[str, Any]:
    return {"type": "Http", "httpRequest": {"url": f"https://a.example/{path}"}} | more


LINE: dict[str, Any] = {
    "name": "flow",
    "startTask": "First",
    "tasks": {
        "First": own("1", nextTask="Get a thing"),
        "Get a thing": {
            "type": "Http",
            "endpoint": "acme-things-id-get-0",
            "httpRequest": {
                "url": OWN_ADDRESS + "/things/{id}",
                "method": "GET",
                "pathParameters": {"id": "7"},
            },
            "nextTask": "Last",
        },
        "Last": own("3", end=True),
    },
}


CAUGHT: dict[str, Any] = json.loads(json.dumps(LINE))
"""The line with a task that only a failure leads to, and a way to the last one."""
CAUGHT["tasks"]["First"]["onError"] = [{"errors": ["*"], "nextTask": "Sorry"}]
CAUGHT["tasks"]["Get a thing"]["onError"] = [{"statuses": [404], "nextTask": "Last"}]
CAUGHT["tasks"]["Sorry"] = own("sorry", end=True)


def write(folder: Path, definition: dict[str, Any]) -> None:
    (folder / "flow.json").write_text(json.dumps(definition), encoding="utf-8")


def written(folder: Path) -> Any:
    return json.loads((folder / "flow.json").read_text(encoding="utf-8"))


def open_task(designer: DesignerPage, name: str) -> None:
    title = re.compile(rf"^\s*{re.escape(name)}( \(not saved\))?$")
    designer.page.locator(".task-title").filter(has_text=title).click()
    expect(designer.page.get_by_label("Task name")).to_have_value(name)


# Every pair of edits


def edit(designer: DesignerPage, name: str) -> str:
    designer.at("/httpRequest/pathParameters/id").fill("edited")
    return name


def add_own(designer: DesignerPage, name: str) -> str:
    designer.add_task("Own request")
    expect(designer.page.get_by_label("Task name")).to_have_value("HTTP request")
    return name


def add_described(designer: DesignerPage, name: str) -> str:
    designer.named("button", "Add task").click()
    designer.page.get_by_label("Search the endpoints").fill("thing")
    designer.page.locator(FOUND).filter(has_text="Get a thing").click()
    expect(designer.page.locator("#test")).to_be_visible()
    return name


def move(designer: DesignerPage, name: str) -> str:
    designer.named("button", f"Move {name} up").click()
    designer.status("moved up")
    return name


def remove(designer: DesignerPage, name: str) -> str:
    open_task(designer, "Last")
    designer.named("button", "Remove Last").click()
    designer.status("removed")
    return name


def rename(designer: DesignerPage, name: str) -> str:
    designer.page.get_by_label("Task name").fill("Renamed")
    designer.page.get_by_label("Task name").press("Enter")
    expect(designer.page.locator(".task.chosen .task-title")).to_contain_text("Renamed")
    return "Renamed"


def change(designer: DesignerPage, name: str) -> str:
    designer.named("button", "Change API").click()
    designer.page.get_by_label("Search the endpoints").fill("thing")
    designer.page.locator(FOUND).filter(has_text="Change a thing").click()
    expect(designer.page.locator(".head .method")).to_have_text("POST")
    followed = "Change a thing" if name == "Get a thing" else name
    expect(designer.page.get_by_label("Task name")).to_have_value(followed)
    return followed


Act = Callable[[DesignerPage, str], str]
ACTS: list[Act] = [edit, add_own, add_described, move, remove, rename, change]


def undo(designer: DesignerPage) -> None:
    """Undo the last edit."""
    button = designer.named("button", "Undo")
    last = (button.get_attribute("title") or "").removesuffix(" (Ctrl+Z)")
    button.click()
    designer.status(last.replace("Undo", "Undone", 1))


def keeps_every_task_reached(saved: Any, name: str, acts: tuple[Act, Act]) -> None:
    """Fail if the *saved* definition is not the one with the errors caught after both *acts*, which
    have left the second task with *name*.
    """
    tasks = saved["tasks"]
    count = 4 + sum(act in acts for act in (add_own, add_described)) - (remove in acts)
    assert len(tasks) == count
    assert unreached_tasks(WorkflowDefinition(saved)) == []
    for task in tasks.values():
        assert ("nextTask" in task) != (task.get("end") is True)
    assert tasks["First"]["onError"] == [{"errors": ["*"], "nextTask": "Sorry"}]
    kept = [{"statuses": [404], "nextTask": "Last"}]
    assert tasks[name].get("onError") == (None if remove in acts else kept)
    id_ = tasks[name]["httpRequest"]["pathParameters"]["id"]
    assert id_ == ("edited" if edit in acts else "7")


@pytest.mark.parametrize("definition", [CAUGHT], ids=["caught"])
@pytest.mark.parametrize("first", ACTS, ids=lambda act: act.__name__)
def test_every_pair_of_edits_keeps_every_task_reached(
    designer: DesignerPage, folder: Path, first: Act
) -> None:
    """Whatever is done first and whatever next, every task stays reached, no edit is lost, and the
    page says nothing else. The second edit can be undone, and another one takes its place.
    """
    open_task(designer, "Get a thing")
    opened = first(designer, "Get a thing")
    for second in ACTS:
        if second is first:
            continue
        if designer.page.get_by_label("Task name").input_value() != opened:
            open_task(designer, opened)
        name = second(designer, opened)
        designer.save()
        try:
            keeps_every_task_reached(written(folder), name, (first, second))
        except AssertionError as problem:
            problem.add_note(f"{first.__name__}, {second.__name__}")
            raise
        expect(designer.page.locator(".task .unreached")).to_have_count(0)
        undo(designer)


UNREACHED: dict[str, Any] = json.loads(json.dumps(LINE))
UNREACHED["tasks"]["First"] = own("1", end=True)


@pytest.mark.parametrize("definition", [UNREACHED], ids=["unreached"])
def test_a_task_that_nothing_reaches_says_so(designer: DesignerPage) -> None:
    """Beside a task that no run gets to stands so, and saving does not say that all is well."""
    expect(
        designer.page.locator(".task", has_text="Get a thing").locator(".unreached")
    ).to_have_text("never reached")
    expect(designer.page.locator(".task", has_text="First").locator(".unreached")).to_have_count(0)
    open_task(designer, "Get a thing")
    expect(designer.page.locator(".head .chip")).to_have_text("never reached")
    designer.save("Saved, but no run gets to “Get a thing”")
    assert designer.violations() == []


# Change API


NAMED_LATER: dict[str, Any] = json.loads(json.dumps(LINE))
NAMED_LATER["tasks"]["Get a thing"]["httpRequest"]["query"] = {"page": "2"}
NAMED_LATER["tasks"]["Last"]["inputParameters"] = {"id": "${$.tasks['Get a thing'].output.body.id}"}


@pytest.mark.parametrize("definition", [NAMED_LATER], ids=["named-later"])
def test_change_of_api_keeps_what_was_written(designer: DesignerPage, folder: Path) -> None:
    """Values of the same name and the address that was set stay, a name that came from the old
    title follows the new one, references too, and what has no place is told and kept in the
    history. A name that nobody derived is the author's: the pairs of edits try that.
    """
    open_task(designer, "Get a thing")
    change(designer, "Get a thing")
    expect(designer.at("/httpRequest/pathParameters/id")).to_have_value("7")
    expect(designer.page.locator(".note", has_text="Not everything")).to_contain_text("query/page")
    designer.save()
    saved = written(folder)["tasks"]
    assert saved["Change a thing"]["httpRequest"] | {"headers": {}} == {
        "url": OWN_ADDRESS + "/things/{id}",
        "method": "POST",
        "pathParameters": {"id": "7"},
        "headers": {},
    }
    assert saved["First"]["nextTask"] == "Change a thing"
    assert saved["Last"]["inputParameters"] == {"id": "${$.tasks['Change a thing'].output.body.id}"}
    designer.named("tab", "History", exact=False).click()
    expect(designer.page.locator(".history button", has_text="another API")).to_have_count(1)


# Renaming


NAMED: dict[str, Any] = json.loads(json.dumps(LINE))
NAMED["tasks"]["First"]["nextTask"] = "Which?"
NAMED["tasks"]["Which?"] = {
    "type": "Decision",
    "choices": [
        {
            "condition": "${jsonata: tasks.First.output.statusCode = 200}",
            "nextTask": "Get a thing",
        }
    ],
    "defaultTask": "Last",
}
NAMED["tasks"]["First"]["inputParameters"] = {
    "again": '${$.tasks["First"].output.body}',
    "any": "${$..First}",
}


@pytest.mark.parametrize("definition", [NAMED], ids=["named"])
def test_rename_follows_expressions_and_says_what_it_could_not(
    designer: DesignerPage, folder: Path
) -> None:
    """Every form of the name is renamed, in the form on the screen too; what cannot be told is
    named, and samples, results and history go along. Whoever saves while the name is being written
    saves the new one, with or without Enter.
    """
    open_task(designer, "First")
    designer.at("/httpRequest/url").fill("https://a.example/edited")
    designer.page.get_by_label("Task name").fill("O'Brien `1`")
    designer.page.get_by_label("Task name").press("Enter")
    expect(designer.at("/inputParameters/again")).to_have_value(
        '${$.tasks["O\'Brien `1`"].output.body}'
    )
    expect(designer.page.locator(".note", has_text="may still name “First”")).to_contain_text(
        "inputParameters/any"
    )
    designer.save()
    saved = written(folder)
    assert saved["startTask"] == "O'Brien `1`"
    task = saved["tasks"]["O'Brien `1`"]
    assert task["httpRequest"]["url"] == "https://a.example/edited"
    assert task["inputParameters"]["again"] == '${$.tasks["O\'Brien `1`"].output.body}'
    condition = saved["tasks"]["Which?"]["choices"][0]["condition"]
    assert condition == '${jsonata: tasks."O\'Brien `1`".output.statusCode = 200}'
    open_task(designer, "Get a thing")
    names = ["O'Brien `1`", "Get a thing", "Last", "Which?"]
    assert list(saved["tasks"]) == names
    name = designer.page.get_by_label("Task name")
    name.fill("At once")
    name.press("Enter")
    with designer.page.expect_response(lambda answer: answer.request.method == "PUT"):
        designer.save()
    assert list(written(folder)["tasks"]) == [names[0], "At once", *names[2:]]
    name.fill("Later")
    with designer.page.expect_response(lambda answer: answer.request.method == "PUT"):
        designer.save()
    assert list(written(folder)["tasks"]) == [names[0], "Later", *names[2:]]


# Uploads


WITH_SCAN: dict[str, Any] = json.loads(json.dumps(LINE))
WITH_SCAN["tasks"]["First"] |= {
    "endpoint": "acme-scans-post-0",
    "httpRequest": {"url": "http://127.0.0.1:9/scans", "method": "POST"},
}


@pytest.mark.parametrize("definition", [WITH_SCAN], ids=["with-scan"])
def test_a_saved_file_is_there_the_next_time(
    designer: DesignerPage, tmp_path: Path, folder: Path, browser: Browser
) -> None:
    """A picked file moves below the folder of files when the task is saved: the next designer sends
    it, the form shows it as before, and nothing is left unsaved."""
    picked = {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": b"x" * 1000}
    designer.at("/httpRequest/body/scan").set_input_files(picked)
    expect(designer.page.locator(".file-name")).to_have_text("plan.pdf, 1.0 kB")
    designer.at("/httpRequest/headers/X-Note").fill("typed")
    designer.save()
    expect(designer.page.locator(".file-name")).to_have_text("plan.pdf, 1.0 kB")
    expect(designer.page.locator(".unsaved")).to_have_count(0)
    request = written(folder)["tasks"]["First"]["httpRequest"]
    assert request["body"]["scan"]["$file"]["path"] == "plan.pdf"
    assert request["headers"] == {"X-Note": "typed"}
    assert (folder / "files" / "plan.pdf").stat().st_size == 1000
    again = tmp_path / "again"
    again.mkdir()
    with (
        running_designer(again, workflows=folder, endpoints=[SCAN]) as running,
        designer_page(browser, running.url) as page,
    ):
        expect(page.page.locator(".file-name")).to_have_text("plan.pdf, 1.0 kB")
        expect(page.page.locator(".head .chip")).to_have_text("All required fields are filled")
        (folder / "files" / "plan.pdf").unlink()
        page.load()
        expect(page.page.locator(".head .chip")).to_have_text("1 problem")


# Files in the folder


def test_a_file_that_cannot_be_opened_does_not_take_the_page(
    tmp_path: Path, folder: Path, designer: DesignerPage
) -> None:
    """A link that leads out of the folder is skipped with a note; the page opens what there is."""
    (folder / "away.json").symlink_to("/etc/hostname")
    designer.load()
    expect(designer.page.locator(".task-title")).to_have_count(3)
    note = designer.page.locator(".notices .note", has_text="away.json")
    expect(note).to_be_visible()
    assert designer.violations() == []
    note.get_by_role("button").click()
    expect(note).to_have_count(0)
