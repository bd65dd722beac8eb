"""The designer as an element: in a host's page with a hostile style sheet and a strict policy, and
as a file that is built.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route

from designer import serving, thing_endpoint, thing_task
from designer_page.browser import ELEMENT, STATIC, designer_page
from httptask.catalogue import Catalogue
from httptask.designer import create_app
from places import TESTS
from servers import HANG_SECONDS, JSON, raw_server, respond, response

MODULES = (
    "http-task-designer",
    "http-task-designer-shared",
    "http-task-designer-panels",
    "http-task-designer-dialogs",
)
"""The element, what it needs at once, and what it loads when that is first needed."""
MOST_KILOBYTES = 60
HOST_PAGE = TESTS / "support" / "designer_page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none';"
    " form-action 'none'"
)


def host(designer: Any) -> Starlette:
    """Return somebody else's application: a page of its own with a strict policy, and the designer
    under `/designer`.
    """

    async def page(request: Request) -> Response:
        response = FileResponse(HOST_PAGE / (request.path_params.get("name") or "host.html"))
        response.headers["Content-Security-Policy"] = POLICY
        return response

    routes = [Route("/", page), Route("/{name}", page), Mount("/designer", designer)]
    return Starlette(routes=routes, lifespan=designer.lifespan)


@pytest.fixture
def url(tmp_path: Path, folder: Path) -> Iterator[str]:
    """The host's page: two designers, each with a workflow of its own."""
    with (
        raw_server(respond(response(b'{"id": 7, "name": "x"}', JSON))) as server,
        Catalogue.open(tmp_path / "c.sqlite3") as catalogue,
    ):
        catalogue.put([thing_endpoint(server.url)], source="tests")
        for name in ("flow", "other"):
            task = thing_task(server.url)
            (folder / f"{name}.json").write_text(
                json.dumps({"name": name, "startTask": "Get", "tasks": {"Get": task}}),
                encoding="utf-8",
            )
        app = create_app(
            catalogue=tmp_path / "c.sqlite3", workflows=folder, allow_networks=["127.0.0.0/8"]
        )
        with serving(host(app)) as (address, _):
            yield address


def test_two_in_a_hostile_page(browser: Browser, url: str, folder: Path) -> None:
    """Two elements work side by side where styles attack them and the policy forbids everything
    else; each tells its host.
    """
    with designer_page(browser, url, quiet=True) as opened:
        page = opened.page
        one, two = page.locator("#one"), page.locator("#two")
        for each in (one, two):
            expect(each.locator("#test")).to_be_visible()
            look = each.locator("#test").evaluate(
                "(button) => { const s = getComputedStyle(button); return [s.fontSize,"
                " s.letterSpacing, s.textTransform, s.fontFamily.includes('cursive')]; }"
            )
            assert look == ["14px", "normal", "none", False]
            assert (
                each.locator(".root").evaluate("(root) => getComputedStyle(root).direction")
                == "ltr"
            )
        place = '[id="f-/httpRequest/pathParameters/id"]'
        one.locator(place).fill("1")
        two.locator(place).fill("2")
        two.locator("label", has_text="id").first.click()
        expect(two.locator(place)).to_be_focused()
        page.keyboard.press("Control+Enter")
        expect(two.locator(".response .status")).to_have_text("200 OK")
        expect(one.locator(".response .status")).to_have_count(0)
        page.keyboard.press("Control+s")
        expect(two.locator(".said")).to_contain_text("handed over")
        one.locator(place).focus()
        page.keyboard.press("Control+s")
        expect(one.locator(".said")).to_contain_text("Saved")
        saved = page.evaluate("window.saved")
        assert [(each["id"], each["name"]) for each in saved] == [("two", "Get"), ("one", "Get")]
        ids = {
            name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["tasks"]["Get"][
                "httpRequest"
            ]["pathParameters"]
            for name in ("flow", "other")
        }
        assert ids == {
            "flow": {"id": "1"},
            "other": {"id": "7"},
        }, "a host that prevented saving stores the task itself"
        page.locator("#outside").focus()
        page.keyboard.press("Control+Enter")
        expect(one.locator(".response .status")).to_have_count(0)
        # A host's keys are its own, while its button or nothing of it has the focus.
        for leave in (
            "document.querySelector('#outside').focus()",
            "document.activeElement.blur()",
        ):
            page.evaluate(leave)
            for key in ("?", "/", "F1"):
                page.keyboard.press(key)
        expect(page.locator("dialog, #search, .reference")).to_have_count(0)


def test_element_can_leave_and_come_back(browser: Browser, url: str) -> None:
    """A host may move the element about in its page; what was typed is still there."""
    with designer_page(browser, url) as opened:
        one = opened.page.locator("#one")
        place = one.locator('[id="f-/httpRequest/pathParameters/id"]')
        place.fill("42")
        opened.page.evaluate("document.body.append(document.querySelector('#one'))")
        expect(place).to_have_value("42")


def test_lone_element_saves_through_its_event(browser: Browser, tmp_path: Path) -> None:
    """Without a workflow nothing is written: the task is handed to whoever listens."""
    with Catalogue.open(tmp_path / "c.sqlite3") as catalogue:
        catalogue.put([thing_endpoint("https://a.example")], source="tests")
    with (
        serving(create_app(catalogue=tmp_path / "c.sqlite3")) as (address, _),
        designer_page(browser, address) as opened,
    ):
        opened.page.evaluate(
            "window.told = []; document.addEventListener('task-save', (event) =>"
            " window.told.push(event.detail))"
        )
        opened.pick("Get a thing")
        opened.at("/httpRequest/pathParameters/id").fill("7")
        opened.save("handed over")
        (told,) = opened.page.evaluate("window.told")
        assert told["workflow"] is None
        assert told["definition"] is None
        assert told["task"]["httpRequest"]["pathParameters"] == {"id": "7"}


# The file


def test_modules_are_small() -> None:
    """What the element needs for its first paint travels in at most 60 KiB, each module that it
    loads later in as many; none loads what is not ours.
    """
    modules = [built(name) for name in MODULES]
    element, shared, *later = (len(gzip.compress(module, 9)) for module in modules)
    assert max(element + shared, *later) <= MOST_KILOBYTES * 1024
    statement = rb"""(?<!["'])\b(?:(?:from|import)\s*\(?\s*["']([\w./:-]*)["']|import\s*\()"""
    assert [set(re.findall(statement, module)) for module in modules] == [
        {b"./http-task-designer-shared.js"},
        {b"./http-task-designer-panels.js", b""},
        {b"./http-task-designer-shared.js", b"./http-task-designer-dialogs.js"},
        {b"./http-task-designer-shared.js"},
    ]


def built(name: str) -> bytes:
    return (STATIC / f"{name}.js").read_bytes()


def test_panels_come_behind_the_first_paint(browser: Browser, url: str) -> None:
    """A page whose element stands elsewhere, with an address of its own making, shows the form
    without the panels, loads them and the dialogs once for both elements, and shares one copy of
    all else.
    """
    panels = "http-task-designer-panels.js"
    with designer_page(browser, url, quiet=True) as opened, opened.held_back(f"**/{panels}") as go:
        page = opened.page
        page.goto(url + "versioned.html")
        expect(page.locator("#one #test")).to_be_visible()
        go()
        for name in ("#one", "#two"):
            page.locator(name).get_by_role("button", name="Credentials …").click()
            expect(page.locator(name).get_by_role("dialog", name="Credentials")).to_be_visible()
            page.keyboard.press("Escape")
        first = ["http-task-designer.js?v=1", "http-task-designer-shared.js"]
        assert loaded_modules(page) == [*first, panels, "http-task-designer-dialogs.js"]


def loaded_modules(page: Page) -> list[str]:
    """Return the modules that *page* has fetched, in order."""
    return page.evaluate(
        "performance.getEntriesByType('resource').map(({ name }) => name.split('/').pop())"
        ".filter((name) => name.startsWith('http-task-designer'))"
    )


def test_panels_that_do_not_come(browser: Browser, url: str) -> None:
    """Where the panels, or the dialogs, cannot be loaded the page says so, and asks again when told
    to.
    """
    with designer_page(browser, url, quiet=False) as opened:
        page = opened.page
        modules = ["**/http-task-designer-panels.js*", "**/http-task-designer-dialogs.js*"]
        for module in modules:
            opened.intercept(module, lambda route: route.abort())
        page.reload()
        one = page.locator("#one")
        one.get_by_role("button", name="Credentials …").click()
        alert = one.locator(".root > [role=alert]")
        for module in modules:
            expect(alert).to_contain_text("This part of the page could not be")
            page.unroute(module)
            with page.expect_request(modules[-1]):
                alert.get_by_role("button", name="Try again").click()
        expect(one.get_by_role("dialog", name="Credentials")).to_be_visible()


def npm_run(script: str) -> subprocess.CompletedProcess[str]:
    command = ["npm", "run", "--silent", script]
    return subprocess.run(
        command, cwd=ELEMENT, capture_output=True, text=True, check=False, timeout=HANG_SECONDS
    )


@pytest.mark.npm
def test_sources_have_the_types_they_say() -> None:
    """TypeScript's own compiler finds nothing in the element's sources."""
    done = npm_run("check")
    assert done.returncode == 0, done.stdout


@pytest.mark.npm
def test_logic_of_the_page_without_a_browser() -> None:
    """What of the page needs no browser keeps the promises in `element/test`, run by Node's own
    test runner.
    """
    done = npm_run("test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"pass [1-9]", done.stdout), "some test ran"


@pytest.mark.npm
def test_rebuild_is_the_same_byte_for_byte(tmp_path: Path) -> None:
    """What is committed is what the sources build."""
    node = shutil.which("node")
    assert node
    subprocess.run(
        [node, "build.mjs", str(tmp_path)],
        cwd=ELEMENT,
        check=True,
        capture_output=True,
        timeout=HANG_SECONDS,
    )
    again = {file.stem: file.read_bytes() for file in tmp_path.iterdir()}
    assert again == {name: built(name) for name in MODULES}
    assert {file.stem for file in STATIC.glob("*.js")} == set(MODULES)
