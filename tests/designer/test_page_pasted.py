"""The designer's page: requests of other tools pasted and dropped, and copied out again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from designer import running_designer, thing_endpoint
from designer_page.browser import FOUND, DesignerPage, designer_page
from interchange import write_large_collection
from servers import JSON, RawServer, raw_server, respond, response

SECRET = "c4n4ry-secret-9b1f"


@pytest.fixture
def server() -> Iterator[RawServer]:
    with raw_server(respond(response(b'{"id": 7}', JSON))) as running:
        yield running


@pytest.fixture
def designer(
    browser: Browser, tmp_path: Path, folder: Path, file: Path, server: RawServer
) -> Iterator[DesignerPage]:
    endpoints = [thing_endpoint(server.url)]
    with (
        running_designer(tmp_path, endpoints=endpoints, workflows=folder) as running,
        designer_page(browser, running.url, quiet=False) as opened,
    ):
        yield opened


def command(server: RawServer, path: str = "/things/7?limit=3") -> str:
    """A command as a browser copies it for cmd.exe."""
    return (
        f'curl "{server.url}{path}" ^\r\n  -H "accept: application/json" ^\r\n'
        f'  -H "authorization: Bearer {SECRET}"'
    )


def paste(designer: DesignerPage, text: str, *, into: Locator | None = None) -> Locator:
    """Paste *text* by the keyboard, and return the dialog."""
    designer.page.evaluate("(text) => navigator.clipboard.writeText(text)", text)
    (into or designer.page.locator("#search")).focus()
    designer.page.keyboard.press("Control+v")
    return designer.named("dialog", "Paste a request")


def drop(designer: DesignerPage, name: str, text: str) -> None:
    """Drop a file on the search."""
    # What stands in its place until its code has come is no combobox, and is gone a moment later.
    designer.page.get_by_role("combobox", name="Search the endpoints").evaluate(
        """(element, [name, text]) => {
            const data = new DataTransfer();
            data.items.add(new File([text], name));
            const event = {bubbles: true, composed: true, cancelable: true, dataTransfer: data};
            element.dispatchEvent(new DragEvent("drop", event));
        }""",
        [name, text],
    )


def collection(server: RawServer) -> str:
    items = [
        {"name": f"Thing {number}", "request": {"method": "GET", "url": f"{server.url}{path}"}}
        for number, path in enumerate(("/things/7", "/elsewhere", "/things/9"), 1)
    ]
    schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    return json.dumps({"info": {"name": "Things", "schema": schema}, "item": items})


def test_command_becomes_a_task_by_the_keyboard(
    designer: DesignerPage, server: RawServer, file: Path
) -> None:
    """A command pasted into the search becomes a task of the endpoint it fits. Its secret is kept
    as a credential, and the page has nothing of it; the request works.
    """
    page = designer.page
    dialog = paste(designer, command(server))
    expect(dialog.get_by_role("heading", name="Recognised: a curl command")).to_be_visible()
    expect(dialog.get_by_role("radio", name="Get a thing")).to_be_focused()
    expect(dialog.get_by_label("What is taken over")).to_contain_text("limit 3")
    assert SECRET not in designer.text()
    assert designer.violations() == []
    dialog.get_by_label("Name of the credential").fill("mine")
    page.keyboard.press("Enter")
    expect(dialog.get_by_text("Kept as the credential mine")).to_be_visible()
    dialog.get_by_role("radio", name="Get a thing").focus()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(designer.at("/httpRequest/pathParameters/id")).to_have_value("7")
    expect(designer.at("/credentials")).to_have_value("mine")
    designer.send()
    expect(page.locator(".response .status")).to_have_text("200 OK")
    assert f"Bearer {SECRET}".encode() in server.received[-1]
    assert json.loads(file.read_text(encoding="utf-8"))["mine"]["token"] == SECRET
    assert SECRET not in designer.text() + designer.stored()


def test_credential_of_that_name_is_used(
    designer: DesignerPage, server: RawServer, file: Path
) -> None:
    """Where a credential of the name is there, the task uses it and nothing is overwritten."""
    dialog = paste(designer, command(server))
    name = dialog.get_by_label("Name of the credential").input_value()
    stored = {name: {"type": "bearer", "token": "another", "origins": [server.url]}}
    file.write_text(json.dumps(stored), encoding="utf-8")
    file.chmod(0o600)
    designer.page.reload()
    dialog = paste(designer, command(server))
    expect(dialog.get_by_text("One of this name is there")).to_be_visible()
    expect(dialog.get_by_role("button", name="Keep it as a credential")).to_be_disabled()
    dialog.get_by_role("button", name="Add task").click()
    expect(designer.at("/credentials")).to_have_value(name)
    assert json.loads(file.read_text(encoding="utf-8")) == stored


def test_another_endpoint_or_none(designer: DesignerPage, server: RawServer) -> None:
    """A request of its own may be added although an endpoint fits, by an arrow key."""
    dialog = paste(designer, command(server))
    expect(dialog.get_by_role("radio", name="Get a thing")).to_be_focused()
    designer.page.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("radio", name="Own request")).to_be_checked()
    expect(dialog.get_by_label("What is taken over")).to_contain_text(f"{server.url}/things/7")
    dialog.get_by_role("button", name="Add task").click()
    expect(designer.at("/httpRequest/url")).to_have_value(f"{server.url}/things/7")
    expect(designer.page.locator("#sent-as")).to_be_visible()


def test_text_that_is_none_stays(designer: DesignerPage, server: RawServer) -> None:
    """What cannot be read stays where it can be mended, with the reason; then it is read."""
    dialog = paste(designer, f"curl --unix-socket /tmp/s {server.url}/things/7")
    expect(dialog.get_by_role("alert")).to_contain_text("option --unix-socket is refused")
    text = dialog.get_by_role("textbox")
    expect(text).to_be_focused()
    assert designer.violations() == []
    text.fill(f"curl {server.url}/things/7")
    dialog.get_by_role("button", name="Read it").click()
    expect(dialog.get_by_role("radio", name="Get a thing")).to_be_checked()
    designer.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_typed_command_is_no_search(designer: DesignerPage, server: RawServer) -> None:
    """A command that is typed is not searched for, because it may hold a secret; Enter reads it."""
    asked: list[str] = []
    designer.page.on("request", lambda request: asked.append(request.url))
    search = designer.page.locator("#search")
    search.fill(f"curl {server.url}/things/7 -u me:{SECRET}")
    search.press("Enter")
    dialog = designer.named("dialog", "Paste a request")
    expect(dialog.get_by_role("radio", name="Get a thing")).to_be_checked()
    assert not any(SECRET in url for url in asked)
    assert SECRET not in designer.text() + designer.stored()


def test_chosen_requests_of_a_collection(
    designer: DesignerPage, server: RawServer, folder: Path
) -> None:
    """Of a collection that is dropped, the requests that are chosen become tasks, one after the
    other.
    """
    drop(designer, "things.json", collection(server))
    dialog = designer.named("dialog", "Paste a request")
    expect(dialog.get_by_role("heading", name="a Postman collection")).to_be_visible()
    expect(dialog.get_by_role("checkbox")).to_have_count(3)
    assert designer.violations() == []
    dialog.get_by_role("checkbox", name="Thing 2").uncheck()
    dialog.get_by_role("button", name="Add 2 tasks").click()
    expect(designer.page.get_by_role("list", name="Tasks").get_by_role("listitem")).to_have_count(2)
    designer.save()
    (saved,) = folder.glob("*.json")
    flow = json.loads(saved.read_text(encoding="utf-8"))
    assert list(flow["tasks"]) == ["Thing 1", "Thing 3"]
    assert flow["startTask"] == "Thing 1"
    assert flow["tasks"]["Thing 1"]["nextTask"] == "Thing 3"
    assert flow["tasks"]["Thing 3"]["end"] is True


def test_paste_into_the_address_of_a_request(designer: DesignerPage, server: RawServer) -> None:
    """Pasted into the address of a free request, a command takes its place: name and routes stay,
    and what was there is in the history. An address is pasted as always.
    """
    page = designer.page
    designer.add_task("Own request")
    url = designer.at("/httpRequest/url")
    url.fill("")
    page.evaluate("(text) => navigator.clipboard.writeText(text)", f"{server.url}/plain")
    url.focus()
    page.keyboard.press("Control+v")
    expect(url).to_have_value(f"{server.url}/plain")
    dialog = paste(designer, command(server), into=url)
    dialog.get_by_role("button", name="Use it in this task").click()
    expect(designer.at("/httpRequest/pathParameters/id")).to_have_value("7")
    expect(page.get_by_role("list", name="Tasks").get_by_role("listitem")).to_have_count(1)
    expect(page.get_by_role("tab", name="History (1)")).to_be_visible()


def test_collection_of_50_megabytes(
    designer: DesignerPage, server: RawServer, tmp_path: Path
) -> None:
    """Dropped, chosen or pasted, it is refused with what reads it, without being sent; the page goes
    on with what was typed before.
    """
    large = tmp_path / "shop.json"
    write_large_collection(large, server.url)
    page = designer.page
    designer.pick("Get a thing")
    designer.at("/httpRequest/pathParameters/id").fill("7")
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url))
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search the endpoints").evaluate(
        """(element) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(50_000_000)], "dropped.json"));
            const event = {bubbles: true, composed: true, cancelable: true, dataTransfer: data};
            element.dispatchEvent(new DragEvent("drop", event));
        }"""
    )
    dialog = designer.named("dialog", "Paste a request")
    alert = dialog.get_by_role("alert")
    expect(alert).to_contain_text("dropped.json is too large for the page")
    dialog.get_by_label("File with requests").set_input_files(large)
    expect(alert).to_contain_text("shop.json is too large for the page")
    expect(alert).to_contain_text("httptask import-request")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("combobox", name="Search the endpoints").evaluate(
        """(element) => {
            const data = new DataTransfer();
            data.setData("text/plain", '{"info": {"name": "' + "x".repeat(50_000_000) + '"}}');
            const event = {bubbles: true, composed: true, cancelable: true, clipboardData: data};
            element.dispatchEvent(new ClipboardEvent("paste", event));
        }"""
    )
    expect(alert).to_contain_text("The text is too large for the page")
    assert len(designer.text()) < 1_000_000
    assert designer.violations() == []
    assert [url for url in posted if url.endswith("/pasted")] == []
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(designer.at("/httpRequest/pathParameters/id")).to_have_value("7")
    designer.send()
    expect(page.locator(".response .status")).to_have_text("200 OK")


def test_har_file_with_credentials(
    designer: DesignerPage, server: RawServer, folder: Path, file: Path
) -> None:
    """A dropped HAR of a browser's session leaves its token, cookie and password in no place of the
    page and of the definition. A secret that is kept is used, and others can still be kept.
    """
    secrets = [f"{SECRET}-{number}" for number in range(3)]
    names = ("authorization", "cookie")
    values = (f"Bearer {secrets[0]}", f"sid={secrets[1]}")
    headers = [{"name": name, "value": value} for name, value in zip(names, values, strict=True)]
    login = {"mimeType": "application/json", "text": json.dumps({"password": secrets[2]})}
    requests = [
        {"method": "GET", "url": f"{server.url}/things/7", "headers": headers},
        {"method": "POST", "url": f"{server.url}/login", "headers": [], "postData": login},
    ]
    drop(
        designer,
        "session.har",
        json.dumps({"log": {"entries": [{"request": one} for one in requests]}}),
    )
    dialog = designer.named("dialog", "Paste a request")
    expect(dialog.get_by_role("heading", name="Recognised: a HAR file")).to_be_visible()
    kept = dialog.get_by_role("button", name="Keep it as a credential")
    expect(kept).to_have_count(3)
    assert designer.violations() == []
    seen = [designer.text(), designer.stored()]
    kept.first.click()
    expect(kept).to_have_count(2)
    assert secrets[0] in file.read_text("utf-8")
    assert not any(secret in file.read_text("utf-8") for secret in secrets[1:])
    dialog.get_by_role("button", name="Add 2 tasks").click()
    expect(dialog).to_be_hidden()
    designer.save()
    seen += [designer.text(), designer.stored()]
    seen += [saved.read_text("utf-8") for saved in folder.iterdir()]
    assert [text for text in seen if SECRET in text] == []


def description(server: RawServer) -> str:
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Dropped", "version": "1"},
        "servers": [{"url": server.url}],
        "paths": {"/dropped": {"get": {"summary": "Dropped from a folder", "responses": {}}}},
    }
    return json.dumps(document)


def test_pasted_description_is_imported(designer: DesignerPage, server: RawServer) -> None:
    """The text of a description is no request: the page says so, and offers to import it."""
    dialog = paste(designer, description(server))
    expect(dialog.get_by_role("alert")).to_contain_text("neither a curl command")
    dialog.get_by_role("button", name="Import it as the description of an API").click()
    expect(designer.page.locator(".note", has_text="Imported pasted")).to_be_visible()


def test_dropped_description_is_imported(designer: DesignerPage, server: RawServer) -> None:
    """A description that is dropped is imported as one that was chosen, and can be searched."""
    drop(designer, "dropped.json", description(server))
    expect(designer.page.locator(".note", has_text="Imported dropped.json")).to_be_visible()
    designer.page.locator("#search").fill("dropped from a folder")
    expect(designer.page.locator(FOUND).first).to_contain_text("Dropped from a folder")


def test_copy_as_code(designer: DesignerPage, server: RawServer, tmp_path: Path) -> None:
    """The request is copied in a language of one's choice, by the keyboard; the program in Python
    sends it, and a secret is a variable in it.
    """
    page = designer.page
    dialog = paste(designer, command(server))
    dialog.get_by_role("button", name="Keep it as a credential").click()
    dialog.get_by_role("button", name="Add task").click()
    page.get_by_label("Copy as …").focus()
    page.keyboard.press("Enter")
    assert designer.violations() == []
    for language, start in (
        ("HTTPie command", "http"),
        ("JavaScript", "const"),
        ("Go", "package main"),
    ):
        designer.named("button", language).click()
        designer.status(f"{language}: copied.")
        assert start in designer.copied()
        assert SECRET not in designer.copied()
        page.get_by_label("Copy as …").click()
    designer.named("button", "Python").click()
    designer.status("The request as Python: copied.")
    program = designer.copied()
    assert SECRET not in program
    variable = next(word for word in program.split('"') if word.isupper() and "_" in word)
    done = run(program, {variable: f"Bearer {SECRET}" if "Bearer" not in program else SECRET})
    assert done.stdout.startswith("200"), done.stderr
    assert f"Bearer {SECRET}".encode() in server.received[-1]


def run(program: str, variables: dict[str, str]) -> subprocess.CompletedProcess[Any]:
    return subprocess.run(
        [sys.executable, "-c", program], env=variables, capture_output=True, text=True, check=False
    )
