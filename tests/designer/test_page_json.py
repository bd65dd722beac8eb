"""The designer's page: the body, an object or a list edited as JSON text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from designer import running_designer
from designer_page.browser import DesignerPage, designer_page
from httptask.model.api import Endpoint, MediaType, RequestBody, Server
from servers import RawServer

BODY = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "count": {"type": "integer"},
        "password": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "inner": {"type": "object", "properties": {"flag": {"type": "boolean"}}},
        "free": {},
    },
    "additionalProperties": False,
}
AT = "/httpRequest/body"
SECRET = "s3cr3t-of-mine"


@pytest.fixture
def page(
    tmp_path: Path, folder: Path, server: RawServer, browser: Browser
) -> Iterator[DesignerPage]:
    """A task for an endpoint that takes JSON, of which a part is set."""
    endpoint = Endpoint(
        id="acme-boxes-post-0",
        method="POST",
        path="/boxes",
        provider="acme",
        title="Make a box",
        servers=(Server(server.url),),
        request_body=RequestBody({"application/json": MediaType(BODY)}, required=True),
    )
    request = {"url": server.url + "/boxes", "method": "POST", "body": {"name": "box"}}
    task = {"type": "Http", "endpoint": endpoint.id, "httpRequest": request, "end": True}
    flow = {"name": "flow", "startTask": "Make", "tasks": {"Make": task}}
    (folder / "flow.json").write_text(json.dumps(flow), "utf-8")
    with (
        running_designer(tmp_path, workflows=folder, endpoints=[endpoint]) as running,
        designer_page(browser, running.url) as shown,
    ):
        expect(shown.at(f"{AT}/name")).to_have_value("box")
        yield shown


def saved(page: DesignerPage, folder: Path) -> Any:
    page.save()
    return json.loads((folder / "flow.json").read_text("utf-8"))["tasks"]["Make"]["httpRequest"][
        "body"
    ]


def sent(server: RawServer) -> Any:
    return json.loads(server.received[-1].partition(b"\r\n\r\n")[2])


def test_a_value_is_inserted_into_json_at_the_cursor(page: DesignerPage, folder: Path) -> None:
    """*Insert value*, or Alt+E, opens the tree of values: what is chosen or typed goes into the
    string at the cursor, or is a value of its own, and Ctrl+Z takes it back.
    """
    flow = json.loads((folder / "flow.json").read_text("utf-8"))
    flow["tasks"]["Make"]["inputParameters"] = {"who": {"size": 3}}
    (folder / "flow.json").write_text(json.dumps(flow), "utf-8")
    page.load()
    page.at(f"{AT}/name").focus()
    page.page.keyboard.press("Alt+j")
    text = page.at(AT)
    text.fill('{"name": "a  b", "count": null}')
    text.evaluate("(area) => area.setSelectionRange(12, 12)")
    page.page.keyboard.press("Alt+e")
    picker = page.page.get_by_label("Value for body at the cursor")
    expect(picker).to_be_focused()
    assert page.violations() == []
    expect(page.page.locator(".values").get_by_role("treeitem").first).to_contain_text("who")
    picker.press("ArrowDown")
    picker.press("Enter")
    expect(text).to_have_value('{"name": "a ${$.who} b", "count": null}')
    expect(text).to_be_focused()
    page.page.keyboard.press("Control+z")
    expect(text).to_have_value('{"name": "a  b", "count": null}')
    text.evaluate("(area) => area.setSelectionRange(27, 27)")
    page.named("button", "Insert value").click()
    picker.fill("$.who.size")
    picker.press("Enter")
    expect(text).to_have_value('{"name": "a  b", "count": "${$.who.size}"}')
    page.page.keyboard.press("Alt+e")
    picker.press("Escape")
    picker.press("Escape")
    expect(text).to_be_focused()
    assert saved(page, folder) == {"name": "a  b", "count": "${$.who.size}"}


def test_the_body_is_edited_as_json_and_as_a_form(
    page: DesignerPage, folder: Path, server: RawServer
) -> None:
    """Alt+J changes between both. What is wrong stands on its line and below, by its place: first
    what is no JSON, then what the server finds; a press mends it. Nothing is lost on the way back:
    expressions, long numbers, names that are not documented. Undo works over it.
    """
    name = page.at(f"{AT}/name")
    name.focus()
    page.page.keyboard.press("Alt+j")
    text = page.at(AT)
    expect(text).to_be_focused()
    expect(text).to_have_value('{\n  "name": "box"\n}')
    text.fill('{\n "name": "${$.who} x",\n "cuont": 12345678901234567890,\n}')
    line = page.page.locator(".line.error")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("A comma before } is not allowed in JSON.")
    expect(page.problem(AT)).to_contain_text("Line 3, column 31")
    page.named("button", "Form").click()
    expect(
        page.page.locator(".under", has_text="The form comes back when this is JSON")
    ).to_be_visible()
    assert page.violations() == []
    page.named("button", "Take out 1 trailing comma").click()
    page.page.locator("#test").focus()
    mend = page.named("button", "Use count")
    expect(page.page.locator(".json-problems li", has_text="Line 3")).to_be_visible()
    assert page.violations() == []
    mend.click()
    expect(mend).to_have_count(0)
    page.named("button", "Format").click()
    formatted = '{\n  "name": "${$.who} x",\n  "count": 12345678901234567890\n}'
    expect(text).to_have_value(formatted)
    text.focus()
    page.page.keyboard.press("Alt+j")
    expect(name).to_have_value("${$.who} x")
    expect(page.named("button", "fx for name")).to_have_attribute("aria-pressed", "true")
    expect(page.at(f"{AT}/count")).to_have_value("12345678901234567890")
    page.named("button", "JSON").click()
    text.fill('{"name": "y", "more": {"a": [1, null]}}')
    page.named("button", "Form").click()
    expect(page.page.locator('input[id^="f-/httpRequest/body-key-"]')).to_have_value("more")
    assert saved(page, folder) == {"name": "y", "more": {"a": [1, None]}}
    page.named("button", "JSON").click()
    page.named("button", "Undo", exact=False).first.click()
    page.status("Undone")
    expect(text).to_have_value(formatted)


def test_what_is_no_json_is_kept_over_a_reload_and_never_evaluated(
    page: DesignerPage, server: RawServer
) -> None:
    """It goes into the draft as it was typed, with a secret in it it does not."""
    page.named("button", "JSON").click()
    broken = '{"name": "${$.x}", oops'
    page.at(AT).fill(broken)
    page.load()
    expect(page.at(AT)).to_have_value(broken)
    expect(page.problem(AT)).to_contain_text("Line 1")
    page.at(AT).fill('{"name": "a"}')
    page.named("button", "Form").click()
    expect(page.at(f"{AT}/name")).to_have_value("a")
    page.named("button", "JSON").click()
    page.at(AT).fill(f'{{"name": "a", "password": "{SECRET}", oops')
    expect(page.page.locator(".line.error")).to_be_visible()
    page.page.locator("#test").focus()
    assert SECRET not in page.stored()


def test_what_is_almost_json_says_so_and_is_mended_by_a_press(
    page: DesignerPage, server: RawServer
) -> None:
    """In a field for any value it is sent as text: a note says so when the field is left, with the
    place. Comments and trailing commas are taken out by a press; what is meant as text stays one.
    """
    page.add("free")
    free, note = page.at(f"{AT}/free"), page.page.locator(".note", has_text="This is not JSON")
    free.fill('{"a": 1, // one\n}')
    expect(page.page.locator(".under", has_text="Not JSON yet")).to_contain_text(
        "Line 1, column 10"
    )
    expect(note).to_have_count(0)
    page.page.locator("#test").focus()
    expect(note).to_contain_text("Line 1, column 10: A comment is not allowed in JSON.")
    assert page.violations() == []
    page.named("button", "Take out 1 trailing comma and 1 comment").click()
    expect(note).to_have_count(0)
    page.send()
    assert sent(server) == {"name": "box", "free": {"a": 1}}
    free.fill("{'a': 1}")
    expect(note).to_contain_text("Line 1, column 2: A name in double quotes is missing")
    page.named("button", "Edit as JSON").click()
    expect(free).to_be_focused()
    expect(page.page.locator(".json-problems")).to_contain_text("Line 1, column 2")
    free.fill("[INFO] started")
    page.page.locator(".under").get_by_role("button", name="Send it as text").click()
    page.send()
    assert sent(server) == {"name": "box", "free": "[INFO] started"}
    expect(note).to_have_count(0)


def test_a_list_and_an_object_have_their_own_json(page: DesignerPage, server: RawServer) -> None:
    """Each is text by itself; a literal secret is a sign there, and the server gets the secret."""
    page.add("tags")
    page.named("button", "JSON for tags").click()
    expect(page.at(f"{AT}/tags")).to_be_focused()
    page.at(f"{AT}/tags").fill('["a",\n "b"]')
    page.named("button", "JSON for tags").click()
    expect(page.page.locator(".token")).to_have_text(["a", "b"])
    page.add("password")
    page.at(f"{AT}/password").fill(SECRET)
    page.page.keyboard.press("Alt+j")
    expect(page.at(AT)).to_have_value(
        '{\n  "name": "box",\n  "password": "•••",\n  "tags": [\n    "a",\n    "b"\n  ]\n}'
    )
    assert SECRET not in page.text() + page.stored()
    page.send()
    assert sent(server) == {"name": "box", "password": SECRET, "tags": ["a", "b"]}
