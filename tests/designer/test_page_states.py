"""The designer's page when things go wrong, are large, or must not be seen; and every state held
against axe.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from designer import RunningDesigner, running_designer, thing_endpoint
from designer_page.browser import FOUND, DesignerPage, designer_page
from httptask.model.api import Endpoint, MediaType, Parameter, RequestBody, Server
from servers import (
    JSON,
    Handler,
    Peer,
    RawServer,
    cut_body,
    not_json,
    raw_server,
    redirect,
    respond,
    response,
)

CANARY = "canary-7f3a9c"
HTML = ("Content-Type", "text/html; charset=utf-8")
SCRIPT = "<script>window.broken=1</script><img src=x onerror='window.broken=1'>"


class Upstream:
    """An API whose next answer a test chooses."""

    def __init__(self) -> None:
        self.play: Handler = respond(response(b"{}", JSON))
        self.left = threading.Event()
        """Set when the designer has closed the connection of a request that got no answer."""

    def __call__(self, peer: Peer) -> Any:
        return self.play(peer)

    def silence(self) -> None:
        """Never answer, and notice when the other side leaves."""

        def handler(peer: Peer) -> None:
            peer.read_request()
            peer.wait_for_close()
            self.left.set()

        self.play = handler


def secret_endpoint(url: str) -> Endpoint:
    return Endpoint(
        id="acme-login-post-0",
        method="POST",
        path="/login",
        provider="acme",
        title="Log in",
        servers=(Server(url),),
        parameters=(Parameter("X-Api-Key", "header", schema={"type": "string"}),),
        request_body=RequestBody(
            {
                "application/json": MediaType(
                    {
                        "type": "object",
                        "required": ["user", "password"],
                        "properties": {"user": {"type": "string"}, "password": {"type": "string"}},
                    }
                )
            },
            required=True,
        ),
    )


@pytest.fixture(scope="module")
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture(scope="module")
def server(upstream: Upstream) -> Iterator[RawServer]:
    with raw_server(upstream) as running:
        yield running


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, server: RawServer
) -> Iterator[RunningDesigner]:
    folder = tmp_path_factory.mktemp("designer")
    with running_designer(
        folder,
        endpoints=[
            thing_endpoint(server.url),
            thing_endpoint(server.url, method="POST"),
            secret_endpoint(server.url),
        ],
    ) as running:
        yield running


@pytest.fixture
def designer(running: RunningDesigner, browser: Browser) -> Iterator[DesignerPage]:
    with designer_page(browser, running.url, quiet=False) as page:
        yield page


@pytest.fixture
def thing(designer: DesignerPage) -> DesignerPage:
    """The form of a GET, filled in."""
    designer.pick("Get a thing")
    designer.at("/httpRequest/pathParameters/id").fill("7")
    return designer


def send(designer: DesignerPage) -> None:
    """Send one more test request, and wait for its end."""
    with designer.page.expect_response("**/test-requests"):
        designer.send()


def respond_json(value: Any) -> Handler:
    return respond(response(json.dumps(value).encode(), JSON))


# What comes back


def test_response_is_shown_whole(thing: DesignerPage, upstream: Upstream) -> None:
    """Status, time, size and type; the body as a tree, raw, headers, phases, and the bytes as they
    went out. Arrows open, close and walk the tree; a long list is shown in parts. What differs from
    the documented response is noted, and is no error.
    """
    upstream.play = respond_json(
        {"id": 7, "name": "Spanner", "a": list(range(250)), "b": 12345678901234567890}
    )
    thing.send()
    page = thing.page
    expect(page.locator(".summary")).to_contain_text("200 OK")
    expect(page.locator(".summary")).to_contain_text("application/json")
    tree = page.get_by_role("tree")
    expect(tree).to_contain_text('name: "Spanner"')
    expect(tree).to_contain_text("b: 12345678901234567890")
    tree.get_by_role("treeitem").first.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    items = tree.get_by_role("treeitem")
    expect(items).to_have_count(4 + 100 + 1 + 1)
    tree.get_by_text("150 more").click()
    expect(items).to_have_count(4 + 200 + 1 + 1)
    page.keyboard.press("Home")
    expect(items.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(items.nth(1)).to_be_focused()
    thing.named("tab", "Raw").click()
    expect(page.locator("pre")).to_contain_text('"name": "Spanner"')
    thing.named("tab", "Headers", exact=False).click()
    expect(page.locator(".lines")).to_contain_text("application/json")
    thing.named("tab", "Timeline").click()
    expect(page.locator(".bars")).to_contain_text("wait")
    thing.named("tab", "Request sent").click()
    expect(page.locator("pre")).to_contain_text("GET /things/7 HTTP/1.1")
    page.locator("#exchange-panel").get_by_role("button", name="Copy as curl").click()
    thing.status("copied")
    assert thing.copied().startswith("curl ")
    upstream.play = respond_json({"id": "seven", "extra": 1})
    send(thing)
    expect(page.locator(".status.s2")).to_be_visible()
    expect(page.locator(".differences")).to_contain_text("/id")
    thing.named("tab", "Body").click()
    expect(items.filter(has_text="seven")).to_have_class("noted")


def test_pages_are_shown_each(thing: DesignerPage, upstream: Upstream) -> None:
    """A test request of a list has a line for each page, how far it came, and the next request."""
    numbers = iter(range(2, 9))

    def answer(peer: Peer) -> bool:
        if not peer.read_request():
            return False
        link = ("Link", f"</things/7?page={next(numbers)}>; rel=next")
        peer.sendall(response(b'[{"id": 1}, {"id": 2}]', JSON, link))
        return True

    upstream.play = answer
    thing.add("Pagination")
    thing.at("/pagination/mode").select_option(label="link")
    thing.add("Until")
    thing.at("/pagination/until").fill("${$.headers['x-none']}")
    thing.send()
    thing.named("tab", "Pages (2)").click()
    panel = thing.page.locator("#exchange-panel")
    expect(panel).to_contain_text("4 items on 2 pages")
    expect(panel).to_contain_text("not complete: a test request reads two pages.")
    expect(panel).to_contain_text("until had no value on any page: ")
    expect(panel.locator("tbody tr")).to_have_count(2)
    expect(panel.locator("tbody tr").nth(1)).to_contain_text("/things/7?page=2")
    expect(panel.locator("pre")).to_contain_text("GET /things/7?page=3 HTTP/1.1")
    assert thing.violations() == []


def test_a_job_is_shown_with_its_polls(thing: DesignerPage, upstream: Upstream) -> None:
    """A test request of a long job has a line for each call, its state, and the next poll."""

    def answer(peer: Peer) -> bool:
        request = peer.read_request()
        if not request:
            return False
        link = ("Operation-Location", "/jobs/7")
        is_poll = b" /jobs/7 " in request
        first = response(b"{}", JSON, link, ("Retry-After", "1"), status="202 Accepted")
        poll = response(b'{"status": "Running"}', JSON, ("Retry-After", "1"))
        peer.sendall(poll if is_poll else first)
        return True

    upstream.play = answer
    thing.add("Completion")
    thing.at("/completion/mode").select_option(label="poll")
    thing.send()
    thing.named("tab", "Job (Running)").click()
    panel = thing.page.locator("#exchange-panel")
    expect(panel).to_contain_text("Running after 2 polls: a test request makes two polls")
    expect(panel.locator("tbody tr")).to_have_count(3)
    expect(panel.locator("tbody tr").nth(2)).to_contain_text("/jobs/7")
    expect(panel.locator("pre")).to_contain_text("GET /jobs/7 HTTP/1.1")
    assert thing.violations() == []


def test_a_task_for_each_item_is_drawn_as_such(thing: DesignerPage, upstream: Upstream) -> None:
    """The form knows `forEach`, the list of tasks says it. The request line and the preview say
    which item the request is for, and another one can be chosen; the test request takes that.
    The items may be those of an earlier answer.
    """
    upstream.play = respond_json({"ids": ["a", "b"]})
    thing.send()
    thing.named("button", "Add task").click()
    thing.pick("Get a thing")
    thing.at("/httpRequest/pathParameters/id").fill("$")
    thing.page.keyboard.type(".item")
    thing.page.keyboard.press("Escape")
    thing.add("For each")
    thing.at("/forEach/items").fill("$")
    thing.page.keyboard.type(".tasks['Get a thing'].output.body.ids")
    thing.page.keyboard.press("Escape")
    expect(thing.page.locator(".form")).to_contain_text('= ["a", "b"]')
    item = thing.page.get_by_label("Item of For each that is tried")
    expect(item).to_have_value("1")
    thing.send()
    expect(thing.page.get_by_text("For item 1 of 2", exact=True)).to_be_visible()
    item.fill("2")
    thing.named("tab", "Preview").click()
    expect(thing.page.locator(".preview")).to_contain_text("for item 2 of 2")
    assert thing.violations() == []
    thing.send()
    expect(thing.page.get_by_text("For item 2 of 2", exact=True)).to_be_visible()
    expect(thing.page.locator(".tasks .task.chosen")).to_contain_text("for each")
    assert thing.violations() == []


def test_history_gives_the_settings_back(thing: DesignerPage, upstream: Upstream) -> None:
    """A response older than the settings says so; with the old settings back it is fresh again.
    Each test request stays in the history, over a reload too, and its settings can be restored.
    """
    upstream.play = respond_json({"id": 7, "name": "x"})
    thing.send()
    stale = thing.page.locator(".note", has_text="stale")
    expect(stale).to_have_count(0)
    thing.at("/httpRequest/pathParameters/id").fill("8")
    expect(stale).to_be_visible()
    assert thing.violations() == []
    thing.at("/httpRequest/pathParameters/id").fill("7")
    expect(stale).to_have_count(0)
    thing.at("/httpRequest/pathParameters/id").fill("8")
    upstream.play = respond(response(b"no", ("Content-Type", "text/plain"), status="404 Not Found"))
    send(thing)
    thing.load()
    thing.named("tab", "History (2)").click()
    rows = thing.page.locator(".history button")
    expect(rows.nth(0)).to_contain_text("404")
    rows.nth(1).click()
    expect(thing.page.locator(".response .status")).to_contain_text("200")
    thing.named("button", "Restore these settings").click()
    expect(thing.at("/httpRequest/pathParameters/id")).to_have_value("7")


WRONG: dict[str, tuple[Handler, str]] = {
    "status-500": (
        respond(response(b'{"why": "database down"}', JSON, status="500 Internal Server Error")),
        "database down",
    ),
    "html-error-page": (
        respond(
            response(
                b"<!doctype html><h1>Gateway</h1>" + SCRIPT.encode(), HTML, status="502 Bad Gateway"
            )
        ),
        "Without scripts, styles and anything from elsewhere",
    ),
    "html-called-json": (not_json(), "Down for maintenance"),
    "script-in-json": (
        respond(response(json.dumps({SCRIPT: SCRIPT}).encode(), JSON)),
        "window.broken",
    ),
    "cut-off": (cut_body(), "body"),
    "other-scheme": (redirect("ftp://a.example/"), "ftp"),
    "no-body": (respond(b"HTTP/1.1 204 No Content\r\n\r\n"), "no body"),
    "binary": (respond(response(bytes(range(256)), ("Content-Type", "image/png"))), "image/png"),
}


def test_whatever_comes_back_is_said_plainly(thing: DesignerPage, upstream: Upstream) -> None:
    """Errors of an API are shown as text, never run, never hidden, and without a violation of
    accessibility. An API that is not there is said to be not there, and that it did not get the
    request.
    """
    shown = thing.page.locator(".response")
    violations: dict[str, list[str]] = {}
    for name, (answer, text) in WRONG.items():
        upstream.play = answer
        send(thing)
        expect(shown, name).to_contain_text(text)
        assert thing.page.evaluate("window.broken") is None, name
        violations[name] = thing.violations()
    # Chromium says since 156 that the policy keeps a handler of the page from running.
    thing.complaints[:] = [one for one in thing.complaints if "inline event handler" not in one]
    thing.page.get_by_label("Server", exact=True).select_option(label="another address …")
    thing.at("/httpRequest/url").fill("http://127.0.0.1:9")
    send(thing)
    expect(shown.locator(".note.error")).to_contain_text("No response")
    expect(shown).to_contain_text("did not get the request")
    violations["dead"] = thing.violations()
    assert {name: lines for name, lines in violations.items() if lines} == {}


def test_cancel_and_time_limit(thing: DesignerPage, upstream: Upstream) -> None:
    """Esc or the button ends a request that is under way, up to the API's own socket; the page says
    what that means. Beside the message of a time-out stands the title of the field with the limit.
    """
    upstream.silence()
    thing.add("Read timeout")  # axe may take longer than the default on a busy machine
    thing.at("/readTimeoutSeconds").fill("120")
    summary, button = thing.page.locator(".summary"), thing.page.locator("#test")
    for how in ("key", "button"):
        upstream.left.clear()
        thing.page.keyboard.press("Control+Enter")
        expect(summary).to_contain_text("Waiting for the response")
        expect(button).to_contain_text("Cancel")
        assert thing.violations() == []
        if how == "key":
            thing.page.keyboard.press("Escape")
        else:
            button.click()
        expect(summary).to_contain_text("Cancelled")
        expect(summary).to_contain_text("The server may have got the request")
        assert upstream.left.wait(60)
        expect(button).to_contain_text("Test request")
    thing.at("/readTimeoutSeconds").fill("1")
    send(thing)
    failure = thing.page.locator(".response .note.error")
    expect(failure).to_contain_text("The time limit is the setting “Read timeout”.")


def test_settings_that_were_sent_anyway_can_always_be(
    thing: DesignerPage, upstream: Upstream
) -> None:
    """After *Send anyway* the page offers to send this task's settings as written in runs, too;
    then nothing is refused.
    """
    upstream.play = respond_json({"id": 7, "name": "x"})
    thing.add("limit")
    thing.at("/httpRequest/query/limit").fill("many")
    thing.send()
    thing.named("button", "Send anyway").click()
    expect(thing.page.locator(".response .status")).to_have_text("200 OK")
    assert thing.violations() == []
    thing.named("button", "Always send them as written").click()
    expect(thing.at("/checkSettings")).to_have_value('"note"')
    expect(thing.page.locator(".facts .chip")).to_have_text("Always sends, with 1 warning")
    thing.send()
    expect(thing.page.locator(".response .status")).to_have_text("200 OK")
    thing.named("button", "Copy JSON").click()
    thing.status("copied")
    assert json.loads(thing.copied())["checkSettings"] == "note"


def test_progress_is_seen(thing: DesignerPage, upstream: Upstream, server: RawServer) -> None:
    """While a request is under way the page says the phase, the seconds, and the bytes that truly
    went out and came in.
    """
    half = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500
    )

    def handler(peer: Peer) -> None:
        peer.read_request()
        peer.sendall(half)
        peer.wait_for_close()

    upstream.play = handler
    thing.page.keyboard.press("Control+Enter")
    summary = thing.page.locator(".summary")
    expect(summary).to_contain_text("Receiving …")
    expect(summary).to_contain_text(re.compile(r"[1-9]\.\d s"))
    expect(summary).to_contain_text(f"{len(server.received[-1])} B sent, {len(half)} B received")
    thing.page.keyboard.press("Escape")
    expect(summary).to_contain_text("Cancelled")
    expect(summary).to_contain_text("it answered 200")
    expect(summary).to_contain_text("1 attempt")


def test_a_stream_is_seen_while_it_comes_and_kept_when_it_is_stopped(
    designer: DesignerPage, upstream: Upstream, server: RawServer
) -> None:
    """Server-sent events stand there as they come, with a count and times; what came stays after
    Stop, a reload and in the history, and a secret in it is nowhere."""
    more = threading.Event()

    def handler(peer: Peer) -> None:
        peer.read_request()
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        peer.sendall(b'event: tick\ndata: {"n": 1}\n\ndata: of typed-key-9\n\ndata: hal')
        more.wait(60)
        peer.sendall(b"f\n\n")
        peer.wait_for_close()

    upstream.play = handler
    designer.add_task("Own request")
    designer.at("/httpRequest/url").fill(server.url + "/ticks")
    designer.entry("query", "api_key", "typed-key-9")
    designer.page.keyboard.press("Control+Enter")
    response = designer.page.locator(".response")
    items = response.get_by_role("listitem")
    expect(response).to_contain_text("2 items so far")
    expect(items).to_have_text([re.compile("2 · .* of •••"), re.compile('1 · .*tick {"n": 1}')])
    assert designer.violations() == []
    more.set()
    expect(items.first).to_contain_text("half")
    designer.page.keyboard.press("Escape")
    expect(designer.page.locator(".summary")).to_contain_text("Cancelled")
    expect(designer.named("tab", "As it came (3)")).to_have_attribute("aria-selected", "true")
    expect(items).to_have_count(3)
    assert designer.violations() == []
    assert "typed-key-9" not in designer.stored()
    designer.load()
    designer.named("tab", "Response").first.click()
    expect(items).to_have_count(3)
    expect(response).to_contain_text("3 items, with the time since the request began")


def test_wait_between_attempts_and_what_a_cancel_leaves(
    thing: DesignerPage, upstream: Upstream, server: RawServer
) -> None:
    """A wait says how long it is and who asked for it; cancelled there, the page says that the
    server was reached, and shows how.
    """
    upstream.play = respond(
        response(b"busy", ("Retry-After", "7"), status="503 Service Unavailable")
    )
    thing.add("Retry", "Attempts")
    thing.at("/retry/maxAttempts").fill("3")
    thing.page.keyboard.press("Control+Enter")
    summary = thing.page.locator(".summary")
    expect(summary).to_contain_text(
        "Waiting 7 s before the next attempt: the server asked for it (Retry-After)"
    )
    expect(summary).to_contain_text("attempt 1 of 3")
    assert thing.violations() == []
    thing.page.keyboard.press("Escape")
    expect(summary).to_contain_text("Cancelled")
    expect(summary).to_contain_text("it answered 503")
    expect(summary).to_contain_text("1 attempt")
    expect(thing.page.locator(".response")).not_to_contain_text("Nothing was sent")
    expect(thing.page.get_by_role("tabpanel").last).to_contain_text(
        "HTTP/1.1 503 Service Unavailable"
    )
    thing.named("tab", "Request sent").click()
    expect(thing.page.locator("pre")).to_contain_text("GET /things/7 HTTP/1.1")
    assert thing.violations() == []


def test_the_page_is_as_high_as_its_window(designer: DesignerPage, upstream: Upstream) -> None:
    """However much there is to fill in and to read, the columns scroll and the document does
    not.
    """
    upstream.play = respond_json({"rows": [{"id": number} for number in range(100)]})
    designer.page.set_viewport_size({"width": 390, "height": 844})
    for _ in range(2):
        designer.pick("Log in")
    designer.add("Retry", "Read timeout", "Input parameters")
    for _ in range(12):
        designer.at("/inputParameters").get_by_role(
            "button", name="Add parameter", exact=True
        ).click()
    designer.at("/httpRequest/body/user").fill("ann")
    designer.at("/httpRequest/body/password").fill("pass")
    designer.send()
    for width, height in ((390, 844), (800, 900), (1440, 900)):
        designer.page.set_viewport_size({"width": width, "height": height})
        for tab in ("Preview", "History", "Response"):
            designer.named("tab", tab, exact=False).first.click()
            box = designer.page.evaluate("document.documentElement.scrollHeight")
            assert box == height, (width, tab)
        designer.page.evaluate("window.scrollTo(0, 10_000)")
        assert designer.page.evaluate("window.scrollY") == 0, width


def test_large_json_is_a_tree_and_never_a_wall_of_text(
    thing: DesignerPage, upstream: Upstream
) -> None:
    """Of 10 MB of JSON the tree shows everything that is opened; as text at most 256 KiB stand in
    the page.
    """
    rows = [{"id": number, "name": "x" * 80} for number in range(100_000)]
    upstream.play = respond_json({"rows": rows, "last": "here"})
    thing.send()
    tree = thing.page.get_by_role("tree")
    expect(tree).to_contain_text("rows: [100000]")
    expect(tree).to_contain_text('last: "here"')
    tree.get_by_text("rows").click()
    expect(tree).to_contain_text("99900 more")
    thing.named("tab", "Raw").click()
    assert 200_000 < len(thing.page.locator("pre").inner_text()) <= 262_144
    assert len(thing.text()) < 600_000
    with thing.page.expect_download() as download:
        thing.named("button", "Download").click()
    assert len(Path(download.value.path()).read_bytes()) > 10_000_000


def test_50_megabytes(thing: DesignerPage, upstream: Upstream) -> None:
    """A response over the limit is refused with a sentence, and the page goes on."""
    block = b"x" * 1_000_000

    def handler(peer: Peer) -> None:
        peer.read_request()
        peer.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 50000000\r\n\r\n"
        )
        for _ in range(50):
            peer.sendall(block)

    upstream.play = handler
    thing.send()
    expect(thing.page.locator(".response .note")).to_contain_text("limit")
    assert len(thing.text()) < 600_000


# The designer's own server


def test_server_that_does_not_answer(designer: DesignerPage) -> None:
    """A page whose server has gone says so, keeps what was typed, and goes on when it is back. An
    answer that is not the designer's is not taken for one. A search that fails says why, and can be
    tried again.
    """
    designer.pick("Get a thing")
    designer.at("/httpRequest/pathParameters/id").fill("7")
    designer.intercept("**/test-requests", lambda route: route.abort())
    designer.send()
    expect(designer.page.locator(".response .note.error")).to_contain_text("does not answer")
    designer.intercept("**/config", lambda route: route.abort())
    designer.load()
    expect(designer.page.locator(".whole")).to_contain_text("does not answer")
    assert designer.violations() == []
    designer.page.unroute_all()
    designer.intercept(
        "**/config",
        lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Router</h1>"),
    )
    designer.named("button", "Try again").click()
    expect(designer.page.locator(".whole")).to_contain_text("did not send JSON")
    designer.page.unroute_all()
    designer.named("button", "Try again").click()
    expect(designer.at("/httpRequest/pathParameters/id")).to_have_value("7")
    problem = {
        "type": "urn:httptask:problem:catalogue",
        "title": "The catalogue cannot be used",
        "status": 503,
        "detail": "it is locked",
    }
    media_type = "application/problem+json"
    # The page's first search, for all endpoints, may still be under way: it must not fail, too.
    designer.intercept(
        "**/endpoints?q=thing&*",
        lambda route: route.fulfill(status=503, content_type=media_type, json=problem),
    )
    designer.page.keyboard.press("Control+k")
    designer.page.locator("#search").fill("thing")
    search = designer.named("dialog", "Add or find")
    expect(search.locator(".note.error")).to_contain_text("it is locked")
    designer.page.unroute_all()
    search.get_by_role("button", name="Try again").click()
    expect(designer.page.locator(FOUND).first).to_be_visible()


# Secrets


def test_secrets_stay_where_they_were_typed(
    running: RunningDesigner, designer: DesignerPage, upstream: Upstream, server: RawServer
) -> None:
    """A secret reaches the API, and nothing else: not markup, storage, history, address, a copy, or
    a request's shown bytes. It is only readable while somebody asks for it.
    """
    upstream.play = respond(response(json.dumps({"echo": f"you said {CANARY}"}).encode(), JSON))
    designer.pick("Log in")
    designer.at("/httpRequest/body/user").fill("ann")
    password = designer.at("/httpRequest/body/password")
    expect(password).to_have_attribute("type", "password")
    password.fill(CANARY)
    designer.named("button", "Reveal password").click()
    expect(password).to_have_attribute("type", "text")
    designer.named("button", "Reveal password").click()
    expect(password).to_have_attribute("type", "password")
    designer.add("X-Api-Key")
    designer.at("/httpRequest/headers/X-Api-Key").fill(CANARY)
    designer.send()
    assert server.received[-1].count(CANARY.encode()) == 2
    seen = []
    for tab in ("Body", "Raw", "Headers", "Timeline", "Request sent"):
        designer.named("tab", tab, exact=tab != "Headers").first.click()
        seen.append(designer.text())
    for button in ("Copy JSON", "Copy as curl"):
        designer.named("button", button).first.click()
        designer.status("copied")
        seen.append(designer.copied())
    designer.named("tab", "History (1)").click()
    seen += [designer.text(), designer.stored()]
    password.press("Tab")
    designer.load()
    expect(designer.at("/httpRequest/body/user")).to_have_value("ann")
    expect(designer.page.locator(".note", has_text="Secrets were not kept")).to_be_visible()
    seen += [designer.text(), designer.stored()]
    assert [text for text in seen if CANARY in text] == []
    assert "•••" in seen[4]


# axe, light and dark, wide and narrow


def searching(designer: DesignerPage, upstream: Upstream) -> None:
    designer.page.locator("#search").fill("thing")
    expect(designer.page.locator(FOUND)).not_to_have_count(0)


def nothing_found(designer: DesignerPage, upstream: Upstream) -> None:
    designer.page.locator("#search").fill("zzz xylophone")
    expect(designer.page.locator(".empty", has_text="Nothing found")).to_be_visible()


def filling_in(designer: DesignerPage, upstream: Upstream) -> None:
    designer.pick("Change a thing")
    designer.add("children", "name")
    designer.named("button", "fx for name").click()


def with_problems(designer: DesignerPage, upstream: Upstream) -> None:
    designer.pick("Get a thing")
    designer.add("limit")
    designer.at("/httpRequest/query/limit").fill("many")
    designer.send()
    expect(designer.page.locator(".problem").first).to_be_visible()


def with_script_in_a_description(designer: DesignerPage, upstream: Upstream) -> None:
    """A description's markup is shown without what could run or lead astray."""
    designer.pick("Get a thing")
    reference = designer.page.locator(".reference")
    expect(reference).to_contain_text("Get one")
    assert reference.locator("script, [onclick], a[href^='javascript']").count() == 0


def responded(designer: DesignerPage, upstream: Upstream) -> None:
    upstream.play = respond_json({"id": "x", "name": "y", "tags": ["a", None, True, 1.5]})
    designer.pick("Get a thing")
    designer.at("/httpRequest/pathParameters/id").fill("7")
    designer.send()


def shown(tab: str) -> Callable[[DesignerPage, Upstream], None]:
    return lambda designer, _: designer.named("tab", tab, exact=False).first.click()


STATES: dict[str, Callable[[DesignerPage, Upstream], None]] = {
    "searching": searching,
    "nothing found": nothing_found,
    "filling in": filling_in,
    "description": with_script_in_a_description,
    "with problems": with_problems,
    "Body": responded,
    **{
        tab: shown(tab)
        for tab in ("Preview", "Response", "Raw", "Headers", "Timeline", "Request sent", "History")
    },
}
"""Each begins in the one before it."""


def test_no_axe_violation_in_any_state(designer: DesignerPage, upstream: Upstream) -> None:
    """No state has a violation axe can find, in light and dark, and none in one column."""
    violations: dict[str, list[str]] = {}
    for name, act in STATES.items():
        act(designer, upstream)
        violations[name] = designer.violations()
    designer.page.set_viewport_size({"width": 800, "height": 900})
    violations["narrow"] = designer.violations()
    assert designer.page.evaluate("document.documentElement.scrollWidth") <= 800
    assert {name: lines for name, lines in violations.items() if lines} == {}
