"""The shell of the designer's page: the request line, the preview, the reference, keys, and how it
fits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from designer import RunningDesigner, running_designer, thing_endpoint
from designer_page.browser import DesignerPage, designer_page
from httptask.model.api import MediaType, RequestBody
from httptask.testing import StandIn
from places import ROOT

TITLE = "Creates a email communication on a given project"
PROJECT = "/httpRequest/pathParameters/project_id"
SUBJECT = "/httpRequest/body/communication/subject"
TOPIC = "/httpRequest/query/topic_id"
SMALLEST_ON_A_PHONE = 44
"""Pixels of the height of what is pressed with a finger."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesigner]:
    folder = tmp_path_factory.mktemp("designer")
    with (
        StandIn() as stand_in,
        running_designer(folder, servers={"procore": [stand_in.url]}) as running,
    ):
        yield running


@pytest.fixture
def designer(running: RunningDesigner, browser: Browser) -> Iterator[DesignerPage]:
    with designer_page(browser, running.url) as page:
        page.pick(TITLE)
        yield page


def test_request_line_is_the_url_that_is_sent(designer: DesignerPage) -> None:
    """The line shows the URL as the fields fill it in: what is missing, typed here or wired from an
    expression; each leads to its field. The preview shows the whole request so.
    """
    page = designer.page
    url = page.get_by_role("group", name="Path and query")
    missing = url.locator(".part-missing")
    expect(missing).to_have_text(["{project_id}", "{topic_id}", "{topic_type}"])
    todo = page.locator(".chip.todo")
    expect(todo).to_contain_text("problems")
    expect(page.locator(".problem, .chip.bad")).to_have_count(0)

    missing.first.click()
    expect(designer.at(PROJECT)).to_be_focused()
    page.keyboard.type("10 01")
    expect(url.locator(".part-typed")).to_have_text(["10%2001"])
    designer.at("/httpRequest/query/topic_type").focus()
    expect(page.locator(".chip.bad")).to_contain_text("problems")  # a wrong field was left
    designer.at(PROJECT).fill("1001")
    designer.at("/httpRequest/query/topic_type").select_option("rfi")
    designer.at(TOPIC).focus()
    page.keyboard.press("Alt+e")
    page.keyboard.press("Escape")
    designer.at(TOPIC).fill("${3 + 4}")
    expect(url.locator(".part-wired")).to_have_text(["${3 + 4}"])
    designer.at(TOPIC).fill("jsonata: 3 + 4")
    expect(url.locator(".part-wired")).to_have_text(["7"])
    expect(url).to_have_text(
        "/rest/v1.0/project/1001/email_communications?topic_id=7&topic_type=rfi"
    )

    designer.at("/httpRequest/headers/Procore-Company-Id").fill("42")
    designer.named("button", "Close the reference").click()
    request = page.get_by_role("group", name="The request")
    expect(request).to_contain_text("Procore-Company-Id: 42")
    request.get_by_role("button", name="42").click()
    expect(designer.at("/httpRequest/headers/Procore-Company-Id")).to_be_focused()
    expect(page.locator(".chip.good")).to_have_text("All required fields are filled")
    designer.send()
    designer.named("tab", "Request sent").click()
    sent = page.locator("pre", has_text="topic_id")
    expect(sent).to_contain_text(url.inner_text())


def test_reference_follows_the_field(designer: DesignerPage) -> None:
    """A pick opens the reference, which shows the row of the field that is edited; F1 closes and
    opens it, and a test puts the response there. On a phone it has the focus while it is open.
    """
    page = designer.page
    expect(page.locator(".reference")).to_contain_text(TITLE)
    row = page.locator(".doc-rows [aria-current=true]")
    designer.at(PROJECT).focus()
    expect(row).to_contain_text("Unique identifier for the project")
    designer.at("/httpRequest/headers/Procore-Company-Id").focus()
    expect(row).to_contain_text("Procore-Company-Id")
    designer.add("subject")
    designer.at(SUBJECT).focus()
    expect(row).to_contain_text("Subject of the communication")
    page.keyboard.press("F1")
    expect(page.locator(".reference")).to_have_count(0)
    page.keyboard.press("F1")
    expect(row).to_contain_text("Subject of the communication")
    assert designer.violations() == []
    page.keyboard.press("F1")
    page.set_viewport_size({"width": 390, "height": 844})
    page.keyboard.press("F1")
    expect(page.get_by_label("API reference")).to_be_focused()
    page.keyboard.press("Escape")
    expect(designer.at(SUBJECT)).to_be_focused()
    page.keyboard.press("F1")
    page.keyboard.press("Shift+Tab")
    expect(page.locator(".reference")).to_have_count(0)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.keyboard.press("F1")
    expect(page.locator(".reference")).to_have_count(1)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".response .note, .response .summary").first).to_be_visible()
    expect(page.locator(".reference")).to_have_count(0)


def test_keys_reach_every_part(designer: DesignerPage) -> None:
    """F6 goes round the parts, F8 to the next problem, `/` and Ctrl+K search, `?` lists all keys;
    a letter that is typed stays a letter. The theme is kept over a reload.
    """
    page = designer.page
    parts = (".workflow", ".form", ".right")
    for part in (2, 0, 1, 2):
        page.keyboard.press("F6")
        page.wait_for_function(HAS_FOCUS, arg=parts[part])
    page.keyboard.press("Shift+F6")
    page.wait_for_function(HAS_FOCUS, arg=".form")
    page.keyboard.press("F8")
    first = page.evaluate(FOCUSED)
    page.keyboard.press("F8")
    page.wait_for_function(f"(first) => ({FOCUSED}) !== first", arg=first)
    designer.add("subject")
    designer.at(SUBJECT).press("/")
    page.keyboard.type("?k")
    expect(designer.at(SUBJECT)).to_have_value("/?k")

    page.locator(".title-row button").first.focus()
    page.keyboard.press("?")
    sheet = designer.named("dialog", "All keys")
    expect(sheet).to_contain_text("Next problem")
    assert designer.violations() == []
    manual = (ROOT / "docs" / "designer.md").read_text("utf-8")
    told = sheet.locator("kbd").all_inner_texts()
    assert [key for key in told if key not in manual] == []
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    page.locator(".title-row button").first.focus()
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.press("Escape")

    background = (
        "getComputedStyle(document.querySelector('http-task-designer').shadowRoot"
        ".querySelector('.root')).colorScheme"
    )
    designer.named("button", "Light or dark").click()
    chosen = page.evaluate(background)
    designer.load()
    assert page.evaluate(background) == chosen == "dark"


FOCUSED = "document.querySelector('http-task-designer').shadowRoot.activeElement?.id ?? ''"
HAS_FOCUS = (
    "(part) => !!document.querySelector('http-task-designer').shadowRoot"
    ".activeElement?.closest(part)"
)


def test_one_part_on_a_phone(running: RunningDesigner, browser: Browser) -> None:
    """At 390 pixels one part is shown, Test stands below each, what is pressed is large enough, and
    nothing is wider or higher than the window, nor are the tabs of a response. axe finds nothing
    in any part, nor with the URL on a row of its own.
    """
    with designer_page(browser, running.url) as designer:
        page = designer.page
        page.set_viewport_size({"width": 390, "height": 844})
        designer.pick(TITLE)
        parts = page.get_by_role("navigation", name="Parts of the page")
        bar = page.get_by_role("group", name="Save and test")
        for part, shown in (("Tasks", ".workflow"), ("Response", ".right"), ("Request", ".form")):
            parts.get_by_role("button", name=part).click()
            expect(page.locator(shown)).to_be_visible()
            expect(page.locator(".workflow:visible, .right:visible, .form:visible")).to_have_count(
                1
            )
            expect(bar.get_by_role("button", name="Test request")).to_be_visible()
            assert designer.violations() == []
            assert page.evaluate(OVERFLOW) == [0, 0]
        for button in (*parts.get_by_role("button").all(), *bar.get_by_role("button").all()):
            box = button.bounding_box()
            assert box is not None
            assert box["height"] >= SMALLEST_ON_A_PHONE
        designer.at(PROJECT).fill("1001")
        bar.get_by_role("button", name="Test request").click()
        expect(designer.at("/httpRequest/headers/Procore-Company-Id")).to_be_focused()
        page.keyboard.type("42")
        designer.at(TOPIC).fill("7")
        designer.at("/httpRequest/query/topic_type").select_option("rfi")
        bar.get_by_role("button", name="Test request").click()
        expect(page.locator(".response .summary")).to_be_visible()
        assert page.get_by_role("tablist", name="The exchange").evaluate(CUT_OFF) == []
        expect(parts.get_by_role("button", name="Response 201")).to_be_visible()
        parts.get_by_role("button", name="Request").click()
        designer.named("button", "Reference").click()
        expect(page.get_by_role("region", name="API reference")).to_be_visible()
        assert designer.violations() == []
        designer.named("button", "Close the reference").click()
        expect(designer.at(PROJECT)).to_be_visible()
        page.set_viewport_size({"width": 1000, "height": 800})
        line, url = page.locator(".request-line"), page.locator(".url")
        assert url.bounding_box()["width"] > 0.9 * line.bounding_box()["width"]  # type: ignore[index]
        page.keyboard.press("F1")
        expect(page.locator(".reference, .preview").first).to_be_visible()
        assert designer.violations() == []


CUT_OFF = """(tabs) => {
    const { right } = tabs.getBoundingClientRect();
    const isCutOff = (tab) => tab.getBoundingClientRect().right > Math.min(right, innerWidth);
    return [...tabs.children].filter(isCutOff).map((tab) => tab.textContent);
}"""
OVERFLOW = (
    "[document.documentElement.scrollWidth - innerWidth,"
    " document.documentElement.scrollHeight - innerHeight]"
)


def test_secrets_are_not_in_line_or_preview(
    running: RunningDesigner, browser: Browser, tmp_path: Path
) -> None:
    """A key that is typed into a request of one's own stands nowhere outside its field."""
    with designer_page(browser, running.url) as designer:
        page = designer.page
        designer.add_task("Own request")
        expect(designer.at("/httpRequest/url")).to_be_focused()
        designer.at("/httpRequest/url").fill("http://127.0.0.1:9/a?api_key=canary-4711&q=1")
        expect(page.get_by_role("group", name="The request")).to_contain_text("q=1")
        shown = page.get_by_role("group", name="The request").inner_text()
        assert "canary" not in shown


def test_a_row_far_down_a_long_form_is_reached(tmp_path: Path, browser: Browser) -> None:
    """By the keyboard and by the browser's own search, however the rows are drawn."""
    properties = {f"field_{number}": {"type": "string"} for number in range(80)}
    body = MediaType(
        {"type": "object", "properties": properties, "required": [*properties]},
    )
    thing = replace(
        thing_endpoint("https://api.acme.example", method="POST"),
        id="long",
        title="A long form",
        request_body=RequestBody({"application/json": body}, required=True),
    )
    with (
        running_designer(tmp_path, endpoints=[thing]) as running,
        designer_page(browser, running.url) as page,
    ):
        page.pick("A long form")
        last = page.at("/httpRequest/body/field_79")
        expect(last).to_have_count(1)
        page.at("/httpRequest/body/field_78").focus()
        for _ in range(2):  # the switch to an expression is between them
            page.page.keyboard.press("Tab")
        expect(last).to_be_focused()
        expect(last).to_be_in_viewport()
        assert page.page.evaluate("window.find('field_60')")
        page.page.keyboard.type("x")
        assert page.violations() == []


def test_a_form_that_is_gone_leaves_nothing_behind(tmp_path: Path, browser: Browser) -> None:
    """However often another endpoint is picked: Chromium counts the nodes that it keeps."""
    words = ("apples", "pears", "cherries", "plums", "grapes")
    properties = {f"field_{number}": {"type": "boolean"} for number in range(40)}
    schema = {"type": "object", "properties": properties, "required": [*properties]}
    things = [
        replace(
            thing_endpoint("https://api.acme.example", method="POST"),
            id=word,
            title=f"Send {word}",
            path=f"/{word}",
            request_body=RequestBody({"application/json": MediaType(schema)}, required=True),
        )
        for word in words
    ]
    with (
        running_designer(tmp_path, endpoints=things) as running,
        designer_page(browser, running.url) as page,
    ):
        devtools = page.page.context.new_cdp_session(page.page)
        devtools.send("Performance.enable")

        def kept() -> float:
            devtools.send("HeapProfiler.collectGarbage")
            metrics = devtools.send("Performance.getMetrics")["metrics"]
            return next(float(one["value"]) for one in metrics if one["name"] == "Nodes")

        nodes = []
        for word in words:
            page.pick(word)
            expect(page.page.locator(".head")).to_contain_text(word)
            expect(page.at("/httpRequest/body/field_39")).to_have_count(1)
            nodes.append(kept())
        assert nodes[-1] < 1.5 * nodes[0]
