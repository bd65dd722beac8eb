"""The designer's page names the next step: for an address that is pasted into the search, for empty
lists, and for a task that is sent whatever its description says, in a real browser.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

import servers
from designer import running_designer, thing_endpoint
from designer_page.browser import FOUND, designer_page
from servers import Peer, raw_server
from tasks import http

DESCRIPTION: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Cranes", "version": "1"},
    "servers": [{"url": "https://cranes.example"}],
    "paths": {
        "/cranes": {
            "get": {"summary": "List the cranes", "responses": {"200": {"description": "All."}}}
        }
    },
}


def answer(peer: Peer) -> None:
    """Give the description to who asks for it, and its path to all others."""
    while head := peer.read_request():
        path = head.split()[1].decode()
        value = DESCRIPTION if path == "/openapi.json" else {"path": path}
        peer.sendall(servers.response(json.dumps(value).encode(), servers.JSON))


@pytest.mark.parametrize("is_allowed", [True, False])
def test_the_next_step_is_named(
    tmp_path: Path, folder: Path, browser: Browser, is_allowed: bool
) -> None:
    """The address of a description is imported from the search; where the operator forbids it, the page
    says so. A response is compared with one of another task. A task that is always sent says so.
    """
    with raw_server(answer) as server:
        first = http(f"{server.url}/first", nextTask="Thing")
        del first["end"]
        thing = http(
            server.url + "/things/{id}",
            request={"method": "GET", "pathParameters": {"id": "7"}, "query": {"limit": "many"}},
            endpoint="acme-things-id-get-0",
            checkSettings="note",
        )
        definition = {
            "name": "flow",
            "startTask": "First",
            "tasks": {"First": first, "Thing": thing},
        }
        (folder / "flow.json").write_text(json.dumps(definition), "utf-8")
        endpoint = thing_endpoint(server.url)
        with (
            running_designer(
                tmp_path, workflows=folder, endpoints=[endpoint], imports=is_allowed
            ) as running,
            designer_page(browser, running.url) as page,
        ):
            page.page.keyboard.press("Control+k")
            search = page.page.get_by_label("Search the endpoints")
            search.fill(f"{server.url}/openapi.json")
            palette = page.page.get_by_role("dialog", name="Add or find")
            note = palette.locator(".note").first
            if not is_allowed:
                expect(note).to_contain_text("--import")
                expect(note).to_contain_text(f"httptask import {server.url}/openapi.json")
                assert page.violations() == []
                return
            expect(note.get_by_role("button", name="Import the description")).to_be_visible()
            assert page.violations() == []
            page.page.keyboard.press("Enter")
            expect(palette).to_contain_text(f"Imported {server.url}/openapi.json")
            search.fill("List the cranes")
            expect(page.page.locator(FOUND).first).to_contain_text("List the cranes")
            page.page.keyboard.press("Escape")

            page.named("tab", "Runs").click()
            expect(page.page.locator(".runs")).to_contain_text("environments/test.json")
            expect(page.page.locator(".runs .empty")).to_contain_text("Run workflow")
            page.send()
            page.page.locator(".task-name", has_text="Thing").click()
            chip = page.page.locator(".facts .chip")
            expect(chip).to_contain_text("Always sends, with 1 warning")
            chip.click()
            expect(page.at("/checkSettings")).to_be_focused()
            page.send()
            compared = page.page.get_by_label("Compare with")
            earlier = compared.get_by_role("option").filter(has_text="First, ")
            expect(earlier).to_have_count(1)
            compared.select_option(str(earlier.get_attribute("value")))
            expect(page.page.locator(".compare")).to_contain_text("1 difference")
            expect(page.page.locator(".mark-compared")).to_contain_text('was "/first"')
            assert page.violations() == []
