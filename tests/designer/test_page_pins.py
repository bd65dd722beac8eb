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
    change of the same pin is not lost.
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
