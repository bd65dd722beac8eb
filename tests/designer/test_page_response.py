"""The designer's page: what can be done with a response, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from designer import running_designer, thing_endpoint
from designer_page.browser import DesignerPage, designer_page
from servers import JSON, Handler, RawServer, raw_server, respond, response

ID = "/httpRequest/pathParameters/id"
ROWS = [{"id": number, "name": f"Name {number}", "note": "x" * 30} for number in range(5_000)]


class Upstream:
    """An API whose next answer a test chooses."""

    def __init__(self) -> None:
        self.play: Handler = respond(response(b"{}", JSON))

    def __call__(self, peer: Any) -> Any:
        return self.play(peer)

    def answers(self, body: bytes | Any, *headers: tuple[str, str], status: str = "200 OK") -> None:
        """Answer with *body*, which is JSON unless it is bytes."""
        if not isinstance(body, bytes):
            body, headers = json.dumps(body).encode(), (JSON, *headers)
        self.play = respond(response(body, *headers, status=status))


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def server(upstream: Upstream) -> Iterator[RawServer]:
    with raw_server(upstream) as running:
        yield running


def task(server: RawServer, **way: Any) -> dict[str, Any]:
    request = {
        "url": server.url + "/things/{id}",
        "method": "GET",
        "pathParameters": {"id": "1"},
        "query": {"limit": 1},
    }
    return {"type": "Http", "endpoint": "acme-things-id-get-0", "httpRequest": request, **way}


@pytest.fixture
def page(
    tmp_path: Path, folder: Path, server: RawServer, browser: Browser
) -> Iterator[DesignerPage]:
    """The page, with a task that is open and one that follows it."""
    tasks = {"Get": task(server, nextTask="Tell"), "Tell": task(server, end=True)}
    flow = {"name": "flow", "startTask": "Get", "tasks": tasks}
    (folder / "flow.json").write_text(json.dumps(flow), "utf-8")
    with (
        running_designer(
            tmp_path, workflows=folder, endpoints=[thing_endpoint(server.url)]
        ) as running,
        designer_page(browser, running.url) as shown,
    ):
        expect(shown.at(ID)).to_have_value("1")
        yield shown


def tree(page: DesignerPage) -> Locator:
    return page.page.get_by_role("tree", name="Response body")


def box(page: DesignerPage) -> Locator:
    return page.page.get_by_label("Find, or filter")


def test_what_is_looked_for_is_counted_marked_and_opened(
    page: DesignerPage, upstream: Upstream
) -> None:
    """However deep and far down it stands, and however JSON writes it; a long text is shown whole
    when asked to.
    """
    deep = {"a": {"b": {"c": [0, {"needle in hay": "Müller"}]}}}
    upstream.answers({"rows": ROWS, "deep": deep, "long": "word " * 200 + "\nend"})
    page.send()
    tree(page).get_by_role("treeitem").first.focus()
    page.page.keyboard.press("Control+f")
    expect(box(page)).to_be_focused()
    box(page).fill("MÜLLER")
    expect(page.page.get_by_text("1 of 1", exact=True)).to_be_visible()
    selected = tree(page).locator("[aria-selected=true]")
    expect(selected).to_have_text('needle in hay: "Müller"')
    expect(selected.locator("mark")).to_have_text("Müller")
    box(page).fill("name 49")
    expect(page.page.get_by_text("1 of 111", exact=True)).to_be_visible()
    expect(selected).to_have_text('name: "Name 49"')
    page.page.keyboard.press("Shift+Enter")
    expect(page.page.get_by_text("111 of 111", exact=True)).to_be_visible()
    expect(selected).to_have_text('name: "Name 4999"')
    expect(selected).to_be_in_viewport()
    assert tree(page).get_by_role("treeitem").count() < 400
    expect(tree(page)).to_contain_text("4900 before …")
    tree(page).get_by_text("4900 before …").click()
    expect(tree(page)).to_contain_text("4800 before …")
    expect(tree(page).get_by_role("treeitem").filter(has_text="4800: {3} id: 4800")).to_be_visible()
    page.named("button", "Next").click()
    expect(selected).to_have_text('name: "Name 49"')
    assert page.violations() == []
    box(page).fill("nowhere")
    expect(page.page.get_by_text("nothing found")).to_be_visible()
    page.page.keyboard.press("Escape")
    expect(box(page)).to_have_value("")
    long = tree(page).get_by_role("treeitem").filter(has_text="long:")
    long.get_by_text("show all").click()
    assert long.inner_text().count("word") == 200
    page.page.emulate_media(color_scheme="dark")
    assert page.violations() == []


def test_a_filter_shows_what_it_picks_and_becomes_an_expression(
    page: DesignerPage, folder: Path, upstream: Upstream
) -> None:
    """Its problems are said in place; what it becomes yields in the later task what it showed."""
    upstream.answers({"items": [{"id": 3}, {"id": 8}], "total": 2})
    page.send()
    filtered = page.page.get_by_role("tree", name="Filtered")
    box(page).fill("$.items[?@.id > 5].id")
    expect(filtered).to_have_text("[1]0: 8")
    expect(tree(page)).to_be_hidden()
    box(page).fill("$.itms")
    expect(page.page.locator(".answer .problem")).to_contain_text("has no name 'itms'")
    assert page.violations() == []
    box(page).fill("jsonata: $max(items.id)")
    expect(filtered).to_have_text("8")
    page.named("button", "Use as expression …").click()
    page.page.get_by_label("Field", exact=True).select_option("/httpRequest/query/limit")
    page.page.emulate_media(color_scheme="dark")
    assert page.violations() == []
    page.named("button", "Use it").click()
    expect(page.at("/httpRequest/query/limit")).to_have_value("$.limit")
    expect(page.page.locator(".value-below").first).to_have_text("= 8 integer")
    page.save()
    saved = json.loads((folder / "flow.json").read_text("utf-8"))["tasks"]["Tell"]
    assert saved["inputParameters"] == {"limit": "jsonata: tasks.Get.output.body.($max(items.id))"}
