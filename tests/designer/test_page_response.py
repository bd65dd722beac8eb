"""The designer's page: what can be done with a response, in a real browser."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from designer import running_designer, thing_endpoint
from designer_page.browser import DesignerPage, designer_page
from servers import JSON, Handler, RawServer, raw_server, reset, respond, response

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
    assert page.violations() == []
    page.named("button", "Use it").click()
    expect(page.at("/httpRequest/query/limit")).to_have_value("$.limit")
    expect(page.page.locator(".value-below").first).to_have_text("= 8 integer")
    page.save()
    saved = json.loads((folder / "flow.json").read_text("utf-8"))["tasks"]["Tell"]
    assert saved["inputParameters"] == {"limit": "jsonata: tasks.Get.output.body.($max(items.id))"}


def hostile(url: str) -> bytes:
    """Return a page that does all it can to be run, to ask *url* for something, or to get out."""
    return f"""<!doctype html><html><head><base href="{url}/"><title>x</title>
        <meta http-equiv="refresh" content="0;url={url}/refresh"><link rel="stylesheet" href="{url}/css">
        <link rel="preconnect" href="{url}"><link rel="dns-prefetch" href="{url}">
        <style>@import "{url}/import"; body {{ background: url("{url}/background") }}</style></head>
        <body onload="parent.broken = 1"><h1>Down for repairs</h1><script>parent.broken = 1;
        top.location = "{url}/top"; fetch("{url}/fetch")</script><img src="{url}/img" onerror="parent.broken=1">
        <img src="api/v1/config"><svg onload="parent.broken=1"><image href="{url}/svg"/></svg>
        <iframe src="{url}/frame"></iframe><object data="{url}/object"></object>
        <video src="{url}/video" poster="{url}/poster"></video>
        <form action="{url}/form"><input autofocus onfocus="parent.broken=1"><button>Send</button></form>
        <a id="out" href="{url}/link" target="_top" ping="{url}/ping">Click here</a>
        <p style="background: url({url}/style)">Sorry.</p></body></html>""".encode()


def test_a_page_of_a_response_runs_fetches_and_reaches_nothing(
    page: DesignerPage, upstream: Upstream
) -> None:
    """It is cleaned, and what a cleaned page could still do, its frame and its policy forbid."""
    with raw_server(respond(response(b"got", JSON))) as canary:
        upstream.answers(
            hostile(canary.url), ("Content-Type", "text/html"), status="503 Unavailable"
        )
        page.send()
        frame = page.page.locator(".shown-page")
        inner = page.page.frame_locator(".shown-page")
        expect(inner.get_by_role("heading")).to_have_text("Down for repairs")
        inner.get_by_text("Click here").click()
        assert page.violations() == []
        assert frame.get_attribute("sandbox") == ""
        assert canary.url not in (frame.get_attribute("srcdoc") or "")
        assert canary.connections == 0
        # The same page as it came, behind the policy alone: that lets a browser connect ahead.
        head = re.match(r"<!doctype html>(<meta [^>]*>)+", frame.get_attribute("srcdoc") or "")
        assert head
        frame.evaluate(
            "(frame, page) => { frame.srcdoc = page; }", head[0] + hostile(canary.url).decode()
        )
        expect(inner.get_by_text("Click here")).to_be_visible()
        inner.get_by_text("Click here").click()
        assert all(
            "Content Security Policy" in each or "sandbox" in each for each in page.complaints
        )
        page.complaints.clear()
        assert page.page.evaluate("window.broken") is None
        assert page.page.url.startswith(page.url)
        expect(page.at(ID)).to_have_value("1")
    assert canary.received == []


PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)
BOMB = b"""<?xml version="1.0" encoding="iso-8859-1"?><!DOCTYPE a [<!ENTITY a "lol">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>
<a><b at="1">J\xf6rg</b><c>&b;&c;</c></a>"""


def test_each_media_type_has_its_view(page: DesignerPage, upstream: Upstream) -> None:
    """Images are drawn, CSV and lists of objects are tables, XML is indented, what came one after
    another is a list; all else is a file with the server's name.
    """
    panel = page.page.locator("#exchange-panel")
    image = panel.get_by_role("img")
    upstream.answers(PIXEL, ("Content-Type", "image/png"))
    page.send()
    expect(image).to_be_visible()
    page.page.wait_for_function("(each) => each.naturalWidth === 1", arg=image.element_handle())
    assert page.violations() == []
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><script>top.broken=1</script></svg>"
    upstream.answers(
        gzip.compress(svg), ("Content-Type", "image/svg+xml"), ("Content-Encoding", "gzip")
    )
    page.send()
    page.page.wait_for_function("(each) => each.naturalWidth === 9", arg=image.element_handle())
    assert page.page.evaluate("window.broken") is None

    upstream.answers(BOMB, ("Content-Type", "application/xml"))
    page.send()
    expect(panel.locator("pre")).to_contain_text('<a>\n  <b at="1">Jörg</b>\n  <c>&b;&c;</c>\n</a>')

    upstream.answers(
        'näme;n\n"a;b";10\nc;9\n'.encode("latin-1"), ("Content-Type", "text/csv; charset=latin1")
    )
    page.send()
    expect(panel.get_by_role("row")).to_have_text(["nämen", "a;b10", "c9"])
    panel.get_by_role("button", name="n", exact=True).click()
    expect(panel.get_by_role("row")).to_have_text(["nämen ↑", "c9", "a;b10"])
    assert page.violations() == []

    events = b"event: a\ndata: 1\n\n: comment\n\ndata: 2\n\n"
    upstream.answers(events, ("Content-Type", "text/event-stream"))
    page.send()
    expect(tree(page)).to_contain_text('1: {1}data: "2"')

    upstream.answers(
        gzip.compress(b"%PDF-1.7"),
        ("Content-Type", "application/pdf"),
        ("Content-Encoding", "gzip"),
        ("Content-Disposition", "attachment; filename*=UTF-8''B%C3%A9richt%202.pdf"),
    )
    page.send()
    expect(panel).to_contain_text("Béricht 2.pdf")
    assert page.violations() == []
    with page.page.expect_download() as download:
        page.named("button", "Download").click()
    assert download.value.suggested_filename == "Béricht 2.pdf"
    assert Path(download.value.path()).read_bytes() == b"%PDF-1.7"

    upstream.answers({"rows": ROWS, "total": 5_000})
    page.send()
    page.named("button", "Table").click()
    expect(panel.get_by_role("row")).to_have_count(201)
    panel.get_by_role("button", name="id", exact=True).click()
    panel.get_by_role("button", name="id ↑", exact=True).click()
    expect(panel.get_by_role("row").nth(1)).to_contain_text("Name 4999")
    assert page.violations() == []
    panel.get_by_role("button", name="4800 more rows").click()
    expect(panel.get_by_role("row")).to_have_count(401)


def test_the_history_says_what_was_asked_and_is_the_answer_after_a_reload(
    page: DesignerPage, upstream: Upstream
) -> None:
    """A failure is red with its class; an answer that differs from the documentation is marked;
    after a reload the latest is the task's answer, and stale once the settings are others.
    """
    upstream.play = reset()
    page.send()
    upstream.answers({"id": 7, "name": "x", "more": True})
    page.send()
    page.named("tab", "History (2)").click()
    rows = page.page.locator(".history button")
    expect(rows.nth(0)).to_contain_text("200GET /things/1?limit=1Get, differs from the documented")
    expect(rows.nth(1)).to_contain_text("GET /things/1?limit=1Get")
    failed = rows.nth(1).locator(".status")
    expect(failed).to_have_text("connection")
    shown = "(each) => getComputedStyle(each).color.match(/[0-9]+/g).map(Number)"
    red, green = failed.evaluate(shown), rows.nth(0).locator(".status").evaluate(shown)
    assert red[0] > 2 * red[1]
    assert green[1] > 2 * green[0]
    assert page.violations() == []
    page.page.reload()
    expect(page.page.locator(".response .summary")).to_contain_text("200")
    expect(tree(page)).to_contain_text("more: true")
    stale = page.page.locator(".note", has_text="stale")
    expect(stale).to_have_count(0)
    page.at(ID).fill("2")
    expect(stale).to_be_visible()
    page.named("tab", "History (2)").click()
    assert page.violations() == []


def test_a_refusal_says_what_to_do(page: DesignerPage, upstream: Upstream) -> None:
    """What the server says of a field stands there; a wait is counted down; a status without more
    leads to the setting to look at, or to a credential.
    """
    told = {"errors": [{"field": "limit", "message": "must be more than 5"}]}
    upstream.answers(told, status="422 Unprocessable Content")
    page.send()
    expect(page.problem("/httpRequest/query/limit")).to_contain_text("must be more than 5")
    expect(page.page.locator(".response")).to_contain_text("what is wrong with 1 field")
    assert page.violations() == []
    page.at(ID).focus()
    page.named("button", "Show at the fields").click()
    expect(page.at("/httpRequest/query/limit")).to_be_focused()
    # A validation of something else does not take it away; a change of the field does.
    with page.page.expect_response("**/validate"):
        page.at(ID).fill("3")
    expect(page.problem("/httpRequest/query/limit")).to_contain_text("must be more than 5")
    with page.page.expect_response("**/validate"):
        page.at("/httpRequest/query/limit").fill("6")
    expect(page.problem("/httpRequest/query/limit")).to_have_count(0)

    page.send()
    expect(page.problem("/httpRequest/query/limit")).to_be_visible()
    upstream.answers({}, ("Retry-After", "1"), status="429 Too Many Requests")
    page.send()
    expect(page.problem("/httpRequest/query/limit")).to_have_count(0)
    again = page.page.get_by_role("button", name="Test again")
    expect(again).to_have_text("Test again in 1 s")
    assert page.violations() == []
    expect(again).to_have_text("Test again")
    upstream.answers({}, status="404 Not Found")
    again.click()
    expect(page.page.locator(".response")).to_contain_text("Nothing is at this URL: check id")
    assert page.violations() == []
    page.named("button", "Go to the field").click()
    expect(page.at(ID)).to_be_focused()

    upstream.answers({}, status="403 Forbidden")
    page.send()
    expect(page.page.locator(".response")).to_contain_text("refuses this without a credential")
    page.named("button", "Make a credential").click()
    expect(page.named("dialog", "Credentials")).to_be_visible()


def test_an_answer_is_compared_with_an_earlier_one(page: DesignerPage, upstream: Upstream) -> None:
    """What was changed, added and removed is marked where it stands, and one is led from one to
    the next, into what is closed, too.
    """
    upstream.answers({"rows": ROWS, "state": "open", "gone": 1})
    page.send()
    expect(page.page.get_by_label("Compare with")).to_have_count(0)
    rows = [{"id": -1}, *ROWS[:3_000], {**ROWS[3_000], "name": "Other"}, *ROWS[3_001:]]
    upstream.answers({"rows": rows, "state": "closed"})
    page.send()
    choice = page.page.get_by_label("Compare with")
    expect(choice.locator("option").nth(1)).to_contain_text("the one before, ")
    choice.select_option(index=1)
    expect(page.page.get_by_text("4 differences", exact=True)).to_be_visible()
    expect(tree(page)).to_contain_text('⇄ was "open"')
    expect(tree(page)).to_contain_text("{2} ⇄ without gone: 1")
    page.named("button", "Next difference").click()
    selected = tree(page).locator("[aria-selected=true]")
    expect(selected).to_have_text('name: "Other" ⇄ was "Name 3000"')
    expect(selected).to_be_in_viewport()
    assert page.violations() == []
    selected.focus()
    page.page.keyboard.press("Shift+F8")
    expect(selected).to_have_text("0: {1} id: -1 ⇄ new")
    assert page.violations() == []
    choice.select_option(index=0)
    expect(tree(page).locator(".compared")).to_have_count(0)
