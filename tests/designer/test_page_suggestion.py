"""The designer's page: the pages of a list that a description lets one expect are offered, with what
speaks for it, and are read only after somebody chose so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

import servers
from designer import SEED, RunningDesigner, held_against_description, last, running_designer
from designer_page.browser import designer_page
from httptask.model.api import Endpoint, MediaType, Parameter, Response, Server
from servers import RawServer

SETTING = {
    "mode": "cursor",
    "parameter": {"in": "query", "name": "pageToken"},
    "items": "$.data",
    "next": "$.nextPageToken",
}


@pytest.fixture
def server() -> Iterator[RawServer]:
    body = b'{"data": [{"id": 1}], "nextPageToken": null}'
    with servers.raw_server(servers.respond(servers.response(body, servers.JSON))) as running:
        yield running


@pytest.fixture
def designer(tmp_path: Path, folder: Path, server: RawServer) -> Iterator[RunningDesigner]:
    """A designer that knows a list in pages, with a task that gets it."""
    schema = {
        "type": "object",
        "properties": {
            "data": {"type": "array", "items": {"type": "object"}},
            "nextPageToken": {"type": "string"},
        },
    }
    endpoint = Endpoint(
        id="acme-list-get-0",
        method="GET",
        path="/list",
        provider="acme",
        title="List the things",
        servers=(Server(server.url),),
        parameters=(Parameter("pageToken", "query", schema={"type": "string"}),),
        responses={"200": Response("", {}, {"application/json": MediaType(schema)})},
    )
    (folder / "flow.json").write_text(
        json.dumps({"startTask": "List", "tasks": {"List": task(server)}})
    )
    with running_designer(tmp_path, workflows=folder, endpoints=[endpoint]) as running:
        yield running


def task(server: RawServer, **more: Any) -> dict[str, Any]:
    request = {"url": server.url + "/list", "method": "GET"}
    return {
        "type": "Http",
        "endpoint": "acme-list-get-0",
        "httpRequest": request,
        "end": True,
    } | more


def test_the_server_offers_pages_with_evidence_and_what_an_answer_says(
    designer: RunningDesigner, server: RawServer
) -> None:
    """With the form, and after a test; a task that reads pages is offered none."""
    response = designer.client.get("endpoints/acme-list-get-0/form")
    held_against_description(response)
    offered = response.json()["form"]["suggestedPagination"]
    assert offered["setting"] == SETTING
    assert "nextPageToken" in offered["sentence"]
    ending = last(designer, {"task": task(server)})[1]["suggestedPagination"]
    assert (ending["setting"], ending["confirmed"]) == (SETTING, True)
    assert "$.nextPageToken" in ending["reason"]
    paged = last(designer, {"task": task(server, pagination=SETTING)})[1]
    assert "suggestedPagination" not in paged
    seed = designer.client.get(f"endpoints/{SEED}/form").json()
    assert "suggestedPagination" not in seed["form"]


def test_pages_are_read_after_one_click_and_not_before(
    designer: RunningDesigner, folder: Path, browser: Browser
) -> None:
    """The offer says what speaks for it; an answer confirms it; the button alone takes it."""
    with designer_page(browser, designer.url) as page:
        offer = page.page.locator(".form .note", has_text="This list has pages")
        expect(offer).to_contain_text("nextPageToken")
        page.send()
        confirmed = page.page.locator(".response .note", has_text="This list has pages: confirmed")
        expect(confirmed).to_contain_text("$.nextPageToken")
        assert page.violations() == []
        assert page.violations() == []
        page.save("Saved")
        assert "pagination" not in json.loads((folder / "flow.json").read_text())["tasks"]["List"]
        confirmed.get_by_role("button", name="Read all pages").click()
        expect(offer).to_have_count(0)
        expect(confirmed).to_have_count(0)
        page.save("Saved")
        assert (
            json.loads((folder / "flow.json").read_text())["tasks"]["List"]["pagination"] == SETTING
        )
        page.send()
        expect(page.page.get_by_role("tab", name="Pages (1)")).to_be_visible()
