"""The designer's page: the files that a request may send without a new upload, and the warning before
the page is closed, in a real browser.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect

import servers
from designer import running_designer
from designer_page.browser import DesignerPage, designer_page
from httptask.model.api import Endpoint, MediaType, RequestBody, Response, Server
from servers import Peer, raw_server
from tasks import http

REPORT = b"%PDF-1.7 \x00\xff of the first task"
PLAN = b"%PDF-1.7 \x00\xfe of the folder"


def answer(peer: Peer) -> None:
    """Give the report to who asks for it, and JSON to all others."""
    while head := peer.read_request():
        is_report = head.startswith(b"GET /report ")
        body, kind = (REPORT, "application/pdf") if is_report else (b"{}", "application/json")
        peer.sendall(servers.response(body, ("Content-Type", kind)))


def endpoints(url: str) -> list[Endpoint]:
    """Return an endpoint that documents a PDF as its response, and one that takes a file."""
    schema = {
        "type": "object",
        "required": ["scan"],
        "properties": {"scan": {"type": "string", "format": "binary"}},
    }
    shared: dict[str, Any] = {"provider": "acme", "servers": (Server(url),)}
    report = Response("A report.", {}, {"application/pdf": MediaType({})})
    return [
        Endpoint("acme-report-get-0", "GET", "/report", responses={"200": report}, **shared),
        Endpoint(
            *("acme-scans-post-0", "POST", "/scans"),
            request_body=RequestBody({"multipart/form-data": MediaType(schema)}, required=True),
            **shared,
        ),
    ]


def flow(url: str) -> dict[str, Any]:
    """Get the report, then keep a scan."""
    get = http(f"{url}/report", endpoint="acme-report-get-0", nextTask="Keep")
    del get["end"]
    multipart = {"method": "POST", "headers": {"Content-Type": "multipart/form-data"}}
    keep = http(f"{url}/scans", request=multipart, endpoint="acme-scans-post-0")
    return {"name": "flow", "startTask": "Get", "tasks": {"Get": get, "Keep": keep}}


def test_a_file_of_the_folder_and_one_of_an_earlier_task(
    tmp_path: Path, folder: Path, browser: Browser
) -> None:
    """A file field offers the files that are there already, and no others: the bytes reach the server
    without an upload. Before the page is closed it warns, as long as something is not saved.
    """
    (folder / "files/plans").mkdir(parents=True)
    (folder / "files/plans/a.pdf").write_bytes(PLAN)
    for hidden in (".secret", "0123456789abcdef0123456789abcdef.pdf"):
        (folder / "files" / hidden).write_bytes(b"no")
    (folder / "files/link.pdf").symlink_to(tmp_path / "outside.pdf")
    (tmp_path / "outside.pdf").write_bytes(b"no")
    with (
        raw_server(answer) as server,
        running_designer(tmp_path, workflows=folder, endpoints=endpoints(server.url)) as running,
    ):
        (folder / "flow.json").write_text(json.dumps(flow(server.url)), "utf-8")
        with designer_page(browser, running.url, quiet=False) as page:
            warnings: list[str] = []
            page.page.on("dialog", lambda dialog: (warnings.append(dialog.type), dialog.accept()))
            page.page.locator(".task-name", has_text="Keep").click()
            page.page.route("**/files", lambda route: route.abort(), times=1)
            page.named("button", "Other files …").click()
            expect(page.page.locator(".file [role=alert]")).to_be_visible()
            page.named("button", "Other files …").click()
            others = page.named("combobox", "Other files for scan")
            expect(others.get_by_role("option")).to_have_text(
                ["Which file?", "the file that Get gets", f"plans/a.pdf, {len(PLAN)} B"]
            )
            assert page.violations() == []
            others.press("ArrowDown")
            expect(page.page.get_by_text("Enter takes it")).to_be_visible()
            others.press("ArrowDown")
            expect(others).to_have_value("f0")
            assert page.violations() == []
            others.press("Enter")
            expect(page.page.locator(".file-name")).to_have_text("a.pdf")
            expect(page.named("button", "Other files …")).to_be_focused()
            page.send()
            assert PLAN in server.received[-1]
            assert b'filename="a.pdf"' in server.received[-1]

            page.page.reload()
            expect(page.page.locator(".file-name")).to_have_text("a.pdf")
            assert warnings == ["beforeunload"]
            page.save()
            saved = json.loads((folder / "flow.json").read_text("utf-8"))["tasks"]["Keep"]
            assert saved["httpRequest"]["body"] == {"scan": {"$file": {"path": "plans/a.pdf"}}}
            page.page.reload()
            expect(page.page.locator(".file-name")).to_have_text("a.pdf")
            assert warnings == ["beforeunload"]

            page.named("button", "Other files …").click()
            others.select_option("the file that Get gets")
            expect(page.at("/httpRequest/body/scan")).to_have_value("$.scan")
            page.page.keyboard.press("Control+Shift+Enter")
            page.status("The run completed")
            assert REPORT in server.received[-1]


def rename(page: DesignerPage, name: str, new: str) -> None:
    """Rename the open workflow *name* in the list of workflows."""
    page.named("button", "All workflows").click()
    page.named("button", f"Rename {name}").click()
    box = page.named("textbox", f"New name of {name}")
    box.fill(new)
    box.press("Enter")
    expect(page.named("button", f"Rename {new}")).to_be_visible()
    page.page.keyboard.press("Escape")


def repeated(peer: Peer) -> None:
    """Answer with the key and the body of the request."""
    while request := peer.read_request():
        head, _, body = request.decode().partition("\r\n\r\n")
        key = [line for line in head.splitlines() if line.lower().startswith("x-api-key")]
        answer = json.dumps({"key": key[0], "body": body}).encode()
        peer.sendall(servers.response(answer, servers.JSON))


def test_no_secret_of_a_run_is_shown_or_kept(
    tmp_path: Path, folder: Path, browser: Browser
) -> None:
    """Neither the page, nor what it or the server stores of a run, has the literal secret of the
    definition or the password in the input, also if a server repeats them. Saving puts the sample
    input next to the definition without its password; a later run of the same input asks for it.
    """
    with raw_server(repeated) as server:
        task = http(
            f"{server.url}/A",
            request={
                "method": "POST",
                "headers": {"X-Api-Key": "literal-41c9"},
                "body": {"of": "${$.of}", "is": "${$.is}"},
            },
            inputParameters={"of": "${$.input.of}", "is": "${$.input.password}"},
        )
        definition = {"name": "flow", "startTask": "A", "tasks": {"A": task}}
        (folder / "flow.json").write_text(json.dumps(definition), "utf-8")
        with (
            running_designer(tmp_path, workflows=folder) as running,
            designer_page(browser, running.url) as page,
        ):
            page.page.locator("#sample-input").fill('{"of": 7, "password": "hunter22"}')
            page.save("secrets of the sample input are not kept")
            page.page.keyboard.press("Control+Shift+Enter")
            page.status("The run completed")
            assert b'{"of":7,"is":"hunter22"}' in server.received[-1]
            assert b"literal-41c9" in server.received[-1]
            detail = page.page.get_by_label("The task A", exact=True)
            for name, shown in (
                ("Output", "key: "),
                ("Input", "of"),
                ("Attempts (1)", "Attempt 1"),
                ("Request sent", "POST /A HTTP/1.1"),
            ):
                detail.get_by_role("tab", name=name, exact=True).click()
                expect(detail).to_contain_text(shown)
                for text in (page.text(), page.stored()):
                    assert [
                        secret for secret in ("hunter22", "literal-41c9") if secret in text
                    ] == []
            expect(detail).to_contain_text("•••")
            page.named("button", "Run again").click()
            expect(page.page.locator(".kept li")).to_have_count(2)
            page.status("The run completed")
            assert b'"hunter22"' in server.received[-1]
        assert json.loads((folder / "inputs/flow.json").read_text("utf-8")) == {"of": 7}
        journal = [path for path in folder.glob(".httptask/runs.sqlite3*") if path.is_file()]
        stored = b"".join(path.read_bytes() for path in journal)
        assert b"Completed" in stored
        assert b"hunter22" not in stored
        assert b"literal-41c9" not in stored
        with (
            running_designer(tmp_path, workflows=folder) as later,
            designer_page(browser, later.url, quiet=False) as page,
        ):
            sample = page.page.locator("#sample-input")
            expect(sample).to_have_value(re.compile('"of": 7'))
            page.named("tab", "Runs").click()
            page.page.locator(".kept li").first.get_by_role("button").click()
            page.named("button", "Run again").click()
            refused = page.page.locator(".runs .note.error")
            expect(refused).to_contain_text("the sample input of its workflow, at /password")
            sample.fill('{"of": 8, "password": "hunter22"}')
            page.named("button", "Run again").click()
            page.status("The run completed")
            assert b'{"of":7,"is":"hunter22"}' in server.received[-1]
            (folder / "inputs/flow.json").write_text('{"of": 9}', "utf-8")
            page.save("save again to write yours over it")
            page.save("secrets of the sample input are not kept")
            rename(page, "flow", "moved")
            expect(sample).to_have_value(re.compile("hunter22"))
            expect(sample).not_to_have_value(re.compile('"of": 9'))

            (folder / "other.json").write_text(json.dumps(definition | {"name": "other"}), "utf-8")
            page.page.reload()
            page.page.get_by_role("combobox", name="Workflow").select_option("other")
            expect(sample).to_have_value("")
            sample.fill('{"password": "stranger"}')
            page.named("tab", "Runs").click()
            page.page.locator(".kept li").last.get_by_role("button").click()
            page.named("button", "Run again").click()
            expect(refused).to_contain_text("the sample input of its workflow, at /password")
        assert b"stranger" not in b"".join(server.received)
        assert json.loads((folder / "inputs/moved.json").read_text("utf-8")) == {"of": 8}
