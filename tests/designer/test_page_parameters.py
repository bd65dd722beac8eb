"""The designer's page: parameters that no description has, that are switched off, and that are
edited as text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from designer import running_designer, thing_endpoint, thing_task
from designer_page.browser import DesignerPage, designer_page
from httptask.model.api import Parameter
from servers import RawServer

SECRET = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"


@pytest.fixture
def page(
    tmp_path: Path, folder: Path, server: RawServer, browser: Browser
) -> Iterator[DesignerPage]:
    """A task for an endpoint that documents the parameters `id` and `limit`, and no cookies."""
    task = thing_task(server.url, query={"limit": 5})
    flow = {"name": "flow", "startTask": "Get", "tasks": {"Get": task}}
    (folder / "flow.json").write_text(json.dumps(flow), "utf-8")
    with (
        running_designer(
            tmp_path, workflows=folder, endpoints=[thing_endpoint(server.url)]
        ) as running,
        designer_page(browser, running.url) as shown,
    ):
        expect(shown.at("/httpRequest/query/limit")).to_have_value("5")
        yield shown


def request(page: DesignerPage, folder: Path) -> Any:
    page.save()
    return json.loads((folder / "flow.json").read_text("utf-8"))["tasks"]["Get"]["httpRequest"]


def test_what_no_description_has_is_added_switched_off_and_kept(
    page: DesignerPage, folder: Path, server: RawServer
) -> None:
    """It is said to be unknown, and can be sent all the same. What is off is on no wire and in no
    definition; it is there again after a reload and an undo, and a secret is stored nowhere.
    """
    page.entry("query", "more", "1")
    page.entry("headers", "X-Mine", "mine")
    page.entry("cookies", "flavour", "oat")
    unknown = page.problem("/httpRequest/query/more")
    expect(unknown).to_contain_text("unknown name 'more'")
    page.named("button", "Send it all the same").first.click()
    expect(page.page.locator(".problem.error")).to_have_count(0)
    page.send()
    sent = server.received[-1]
    assert sent.startswith(b"GET /things/7?limit=5&more=1 ")
    assert b"\r\nx-mine: mine\r\n" in sent.lower()
    assert b"\r\ncookie: flavour=oat\r\n" in sent.lower()
    page.entry("query", "q", SECRET)
    expect(page.page.locator(".problem", has_text="looks like a secret")).to_be_visible()
    for name in ("limit", "X-Mine", "q"):
        page.named("button", f"off for {name}").click()
    assert page.violations() == []
    page.send()
    assert server.received[-1].startswith(b"GET /things/7?more=1 ")
    assert b"x-mine" not in server.received[-1].lower()
    stored = request(page, folder)
    assert (stored["query"], stored.get("headers")) == ({"more": 1}, {})
    with page.page.expect_response("**/validate"):
        page.load()
    off = page.page.locator(".field.off")
    expect(off).to_have_count(3)
    assert SECRET not in page.stored()
    expect(page.page.locator(".field.off input").nth(0)).to_have_value("5")
    page.named("button", "off for limit").click()
    page.named("button", "Undo", exact=False).first.click()
    page.status("Undone")
    expect(off).to_have_count(3)
    page.named("button", "off for X-Mine").click()
    expect(page.at("/httpRequest/headers/X-Mine")).to_have_value("mine")
    assert request(page, folder)["headers"] == {"X-Mine": "mine"}


def test_parameters_are_edited_as_text(page: DesignerPage, folder: Path, server: RawServer) -> None:
    """A line is a parameter, one with `#` is off; both ways, and what stands there is what is
    sent.
    """
    page.named("button", "Edit as text").click()
    query = page.page.get_by_label("Query", exact=True)
    expect(query).to_have_value("limit: 5")
    query.fill('# limit: 5\nq: "7"\nname: ${$.who}')
    page.page.get_by_label("Headers", exact=True).fill("X-Mine: a: b")
    page.page.get_by_label("Cookies", exact=True).fill("")
    assert page.violations() == []
    saved = request(page, folder)
    assert saved["query"] == {"q": "7", "name": "${$.who}"}
    assert saved["headers"] == {"X-Mine": "a: b"}
    page.named("button", "Edit as rows").click()
    expect(page.page.locator(".field.off")).to_have_count(1)
    expect(page.at("/httpRequest/query/name")).to_have_value("${$.who}")
    expect(page.page.get_by_label("Type of q")).to_have_value("string")
    page.named("button", "Edit as text").click()
    expect(query).to_have_value('# limit: 5\nq: "7"\nname: ${$.who}')


def test_a_form_that_grows_keeps_all_its_parts(
    tmp_path: Path, folder: Path, server: RawServer, browser: Browser
) -> None:
    """Long forms are drawn in two steps when they open; no part waits for a second step later."""
    names = [f"filter{number}" for number in range(25)]
    thing = thing_endpoint(server.url)
    more = tuple(Parameter(name, "query", schema={"type": "string"}) for name in names)
    endpoint = replace(thing, parameters=(*thing.parameters, *more))
    flow = {"name": "flow", "startTask": "Get", "tasks": {"Get": thing_task(server.url)}}
    (folder / "flow.json").write_text(json.dumps(flow), "utf-8")
    with (
        running_designer(tmp_path, workflows=folder, endpoints=[endpoint]) as running,
        designer_page(browser, running.url) as page,
    ):
        expect(page.page.locator("#task-fields").first).to_be_visible()
        page.named("button", "Edit as text").click()
        lines = "\n".join(f"{name}: a" for name in names)
        page.page.get_by_label("Query", exact=True).fill(lines)
        page.named("button", "Edit as rows").click()
        expect(page.at(f"/httpRequest/query/{names[-1]}")).to_have_value("a")
        expect(page.page.locator("#task-fields").first).to_be_visible()
