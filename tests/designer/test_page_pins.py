"""The designer's page: a response is pinned, answers runs, is edited and taken away, in a real
browser.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

import servers
from designer import RunningDesigner, running_designer
from designer_page.browser import DesignerPage, designer_page
from httptask import hookimpl
from httptask.model.api import Endpoint, MediaType, Response, Server
from httptask.plugins import plugin_manager
from servers import Peer, RawServer
from tasks import http


class Api:
    """Answers with the path."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, peer: Peer) -> None:
        while head := peer.read_request():
            self.asked.append(head.split()[1].decode())
            body = json.dumps({"path": self.asked[-1]}).encode()
            peer.sendall(servers.response(body, servers.JSON))


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def server(api: Api) -> Iterator[RawServer]:
    with servers.raw_server(api) as running:
        yield running


@pytest.fixture
def designer(tmp_path: Path, folder: Path, server: RawServer) -> Iterator[RunningDesigner]:
    first: dict[str, Any] = http(f"{server.url}/A", nextTask="B")
    del first["end"]
    tasks = {"A": first, "B": http(f"{server.url}/B")}
    document = {"name": "flow", "startTask": "A", "tasks": tasks}
    (folder / "flow.json").write_text(json.dumps(document), "utf-8")
    with running_designer(tmp_path, workflows=folder) as running:
        yield running


@pytest.fixture
def page(designer: RunningDesigner, browser: Browser) -> Iterator[DesignerPage]:
    with designer_page(browser, designer.url, quiet=False) as shown:
        yield shown


def test_a_pinned_response_answers_runs(page: DesignerPage, api: Api, folder: Path) -> None:
    """From the response of a test request to a run: the list and the picture show the pin, the run
    says which task was pinned and asks only the others. It is edited and taken away; another tab's
    change of the same pin is not lost, nor is what was typed into an editor that was closed.
    """
    page.page.keyboard.press("Control+Enter")
    page.named("tab", "Pin").click()
    pin = page.page.get_by_label("The pin of A", exact=True)
    expect(pin).to_contain_text("Not pinned")
    pin.get_by_role("button", name="Pin this response").click()
    expect(pin).to_contain_text("Pinned: a run answers with a response, 200")
    expect(page.page.locator(".task .tag.pinned")).to_have_count(1)
    expect(page.page.locator(".graph .pinned")).to_have_count(1)
    assert page.violations() == []
    file = folder / "pins/flow.json"
    assert json.loads(file.read_text("utf-8"))["tasks"]["A"]["body"] == {"path": "/A"}
    assert api.asked == ["/A"]

    page.page.keyboard.press("Control+Shift+Enter")
    page.status("The run completed")
    visits = page.page.locator(".visits li")
    expect(visits.filter(has_text="A")).to_contain_text("completed, 200, pinned")
    expect(visits.filter(has_text="B")).not_to_contain_text("pinned")
    assert api.asked == ["/A", "/B"]

    page.page.locator(".pins summary").click()
    pin.get_by_role("button", name="Edit").click()
    editor = pin.get_by_role("textbox")
    editor.fill('{"status": 2000}')
    editor.press("Escape")
    expect(pin.get_by_role("button", name="Discard what was typed")).to_be_visible()
    page.page.get_by_role("tab", name="History").click()
    page.named("tab", "Runs").click()
    page.page.locator(".pins summary").click()
    expect(editor).to_have_value('{"status": 2000}')
    pin.get_by_role("button", name="Save the pin").click()
    expect(pin).to_contain_text("/status: expected")
    editor.fill('{"status": 204}')
    pin.get_by_role("button", name="Save the pin").click()
    expect(pin).to_contain_text("a response, 204")
    page.page.get_by_label("What a run does with pins").select_option("offline")
    assert page.violations() == []
    page.page.keyboard.press("Control+Shift+Enter")
    page.status("The run failed")
    run = page.page.get_by_label("The run", exact=True)
    expect(run).to_contain_text("it has no pin, and nothing is sent offline")

    theirs = {"tasks": {"A": {"status": 205}}}
    file.write_text(json.dumps(theirs), "utf-8")
    pin.get_by_role("button", name="Unpin").click()
    expect(pin).to_contain_text("another tab, or an editor, changed the pins")
    expect(pin).to_contain_text("a response, 205")
    pin.get_by_role("button", name="Unpin").click()
    expect(pin).to_contain_text("Not pinned")
    expect(page.page.locator(".task .tag.pinned")).to_have_count(0)
    assert json.loads(file.read_text("utf-8")) == {"tasks": {}}


ANY_OBJECT = {"type": "object"}


class Mail:
    """A plugin's type of task."""

    name = "Mail"
    schema: Any = ANY_OBJECT

    def problems(self, check: Any) -> list[Any]:
        return []

    async def run(self, call: Any) -> Any:
        raise AssertionError("never run here")


class Plugin:
    @hookimpl
    def httptask_task_types(self) -> list[Any]:
        return [Mail()]


def documented(url: str) -> Endpoint:
    """Return an endpoint that documents an example of its response."""
    schema = {"type": "object", "properties": {"id": {"type": "integer"}}}
    content = {"application/json": MediaType(schema, examples=({"id": 12},))}
    return Endpoint(
        *("acme-things-get-0", "GET", "/A"),
        provider="acme",
        servers=(Server(url),),
        responses={"200": Response("A thing.", {}, content)},
    )


def test_a_pin_that_does_not_fit_any_more(
    tmp_path: Path, folder: Path, browser: Browser, server: RawServer, api: Api
) -> None:
    """A pin of another endpoint, and with another body than is documented, is said in the list and at
    the pin, with the reason and what to do; the documented example mends it, and a run answers with
    that. The pin of a plugin's task belongs to its task; one of a task that is gone is refused.
    """
    first = http(f"{server.url}/A", endpoint="acme-things-get-0", nextTask="B")
    del first["end"]
    tasks = {"A": first, "B": {"type": "Mail", "end": True}}
    definition = {"name": "flow", "startTask": "A", "tasks": tasks}
    (folder / "flow.json").write_text(json.dumps(definition), "utf-8")
    (folder / "pins").mkdir()
    old = {"endpoint": "acme-old-get-0", "body": {"id": "seven"}}
    pins = {"tasks": {"A": old, "B": {"status": 204}, "Gone": {"status": 204}}}
    (folder / "pins/flow.json").write_text(json.dumps(pins), "utf-8")
    with (
        running_designer(
            tmp_path,
            workflows=folder,
            endpoints=[documented(server.url)],
            plugins=plugin_manager(Plugin()),
        ) as running,
        designer_page(browser, running.url, quiet=False) as page,
    ):
        listed = page.page.locator(".task")
        expect(listed.filter(has_text="A").first).to_contain_text("pin does not fit")
        page.named("tab", "Runs").click()
        page.page.locator(".pins summary").click()
        pin = page.page.get_by_label("The pin of A", exact=True)
        expect(pin.locator(".note")).to_contain_text("when the task had the endpoint 'acme-old-get")
        expect(pin.locator(".note")).to_contain_text("body/id")
        expect(pin.locator(".note")).to_contain_text("take the documented example")
        mail = page.page.get_by_label("The pin of B", exact=True)
        expect(mail).to_contain_text("a run answers with a response, 204")
        expect(mail.locator(".note")).to_have_count(0)
        gone = page.page.get_by_label("The pin of Gone", exact=True)
        expect(gone).to_contain_text("there is no task 'Gone'")
        expect(gone).to_contain_text("give a task this name")
        assert page.violations() == []

        gone.get_by_role("button", name="Unpin").click()
        expect(gone).to_have_count(0)
        pin.get_by_role("button", name="Use the documented example").click()
        expect(pin).to_contain_text("Pinned: a run answers with the documented example")
        expect(pin.locator(".note")).to_have_count(0)
        expect(listed.filter(has_text="A").first).to_contain_text("pinned")
        page.page.keyboard.press("Control+Shift+Enter")
        visits = page.page.locator(".visits li")
        expect(visits.first).to_contain_text("completed, 200, pinned")
        visits.first.get_by_role("button").click()
        answer = page.page.get_by_label("The task A", exact=True).get_by_role("tree")
        expect(answer).to_contain_text("12")
        assert api.asked == []
