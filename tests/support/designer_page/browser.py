"""A real, headless Chromium, and the designer's page in it."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Route,
    expect,
    sync_playwright,
)

from designer import running_designer
from tasks import http

ROOT = Path(__file__).parents[3]
ELEMENT = ROOT / "plugin" / "httptask" / "designer" / "element"
STATIC = ELEMENT.parent / "static"
AXE = ELEMENT / "node_modules" / "axe-core" / "axe.min.js"

CHROMIUM = "chromium-headless-shell"
"""The same engine as in `chromium`, without its windows: a fifth less work for a page."""

# The browser connects only to the test's servers: no updates, no first-run pages.
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Tabs of one context share a process, which keeps what it has compiled: the page, and axe.
    "--renderer-process-limit=1",
    # A page lives for seconds here: to optimise its code takes longer than it saves.
    "--js-flags=--no-opt --no-maglev",
)
_PATIENCE_MS = 20_000
FOUND = "#found [role=option]:has(.found-path)"
"""The selector of the endpoints in the search results."""
IN_THE_MENU = ("Copy JSON", "Change API")
"""Buttons of the menu next to *Copy as curl*."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the browser."""
    path = shutil.which(CHROMIUM)
    assert path, f"the tests of the page need Debian's {CHROMIUM}: apt-get install {CHROMIUM}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class DesignerPage:
    """One tab with the designer's page."""

    def __init__(self, page: Page, url: str, *, complaints: list[str]) -> None:
        self.page = page
        self.url = url
        self.complaints = complaints
        """Messages of the browser's console: script errors, violations of the content security
        policy.
        """

    # Requests

    def intercept(self, pattern: str, handler: Callable[[Route], object]) -> None:
        """Let *handler* answer all further requests for *pattern*.

        Chromium registers this in the page's main thread, possibly after a later key or click. So
        wait until a request of our own has been intercepted.
        """
        probe = f"{self.url}?is-intercepted"
        self.page.route(pattern, handler)
        self.page.route(
            lambda url: url == probe,
            lambda route: route.fulfill(body="intercepted"),
            times=1,
        )
        self.page.wait_for_function(
            "async (url) => await (await fetch(url)).text() === 'intercepted'", arg=probe
        )

    @contextmanager
    def held_back(self, pattern: str) -> Iterator[Callable[[], None]]:
        """Hold requests for *pattern* back until the yielded function is called, or the block ends.

        No route may stay unanswered: Playwright would wait for it for ever, and the warning would
        appear in a later test.
        """
        held: list[Route] = []
        holding = True
        self.intercept(pattern, lambda route: held.append(route) if holding else route.continue_())

        def let_go() -> None:
            nonlocal holding
            holding = False
            while held:
                held.pop().continue_()

        def release() -> None:
            while not held:
                self.page.wait_for_timeout(10)
            let_go()

        yield release
        let_go()

    # Finding elements

    def load(self) -> DesignerPage:
        """Open the page, and wait until it can be used."""
        self.page.goto(self.url)
        expect(self.page.locator(".columns, .whole .note").first).to_be_visible()
        return self

    def named(self, role: Any, name: str, *, exact: bool = True) -> Locator:
        """Return the element with this role and accessible name; open its menu if necessary."""
        if name in IN_THE_MENU:
            closed = self.page.locator(".menu details:not([open]) > summary")
            if closed.count():
                closed.first.click()
        return self.page.get_by_role(role, name=name, exact=exact)

    def at(self, pointer: str) -> Locator:
        """Return the control for *pointer*, a JSON Pointer into the task."""
        return self.page.locator(f'[id="f-{pointer}"]')

    def problem(self, pointer: str) -> Locator:
        """Return the first problem that is shown at *pointer*."""
        return self.page.locator(f'[id="f-{pointer}-problem-0"]')

    def status(self, text: str) -> None:
        """Wait until the status line says *text*."""
        expect(self.page.locator(".said")).to_contain_text(text)

    def pick(self, query: str) -> None:
        """Add a task for the first endpoint in the search results."""
        expect(self.page.locator(".head, .search").first).to_be_visible()
        self.page.keyboard.press("Control+k")
        self.page.get_by_label("Search the endpoints").fill(query)
        self.page.locator(FOUND).filter(has_text=query).first.click()
        expect(self.page.locator(".head")).to_be_visible()

    def add_task(self, kind: str) -> None:
        """Add a task of a *kind* that the palette offers: `Own request`, `Wait`, …"""
        expect(self.page.locator(".head, .search").first).to_be_visible()
        self.page.keyboard.press("Control+k")
        self.page.locator("#search").fill(kind)
        named = self.page.locator(".called", has_text=re.compile(f"^{kind}$"))
        self.page.locator("#found").get_by_role("option").filter(has=named).first.click()
        expect(self.page.locator("#found")).to_have_count(0)

    def add(self, *names: str) -> None:
        """Add optional fields to the form."""
        for name in names:
            self.option(name).click()

    def option(self, name: str) -> Locator:
        """Return the line of the optional field *name*, which is not on the form yet."""
        text = re.compile(f"^{re.escape(name)}$")
        lines = self.page.locator("button.option")
        return lines.filter(has=self.page.locator(".name", has_text=text)).first

    def entry(self, group: str, name: str, value: str | None = None) -> None:
        """Add an undocumented entry to *group*: `query`, `headers` and so on, or `inputParameters`."""
        pointer = group if group == "inputParameters" else f"httpRequest/{group}"
        self.named("button", f"Add {_NOUNS[group]}").last.click()
        self.page.locator(f'input[id^="f-/{pointer}-key-"]').last.fill(name)
        if value is not None:
            self.at(f"/{pointer}/{name}").fill(value)

    def send(self) -> None:
        """Send the test request, and wait for its end."""
        self.page.keyboard.press("Control+Enter")
        expect(self.page.locator("#test")).to_contain_text("Test request")
        expect(self.page.locator(".response .summary, .response .note").first).to_be_visible()

    def save(self, said: str = "Saved") -> None:
        """Save, and wait until the status line says so."""
        self.page.keyboard.press("Control+s")
        self.status(said)

    def text(self) -> str:
        """Return all markup of the page, including attributes and shadow roots."""
        return str(self.page.evaluate(_WHOLE_DOM))

    def stored(self) -> str:
        """Return everything that the page has stored, and its URL."""
        return str(
            self.page.evaluate(
                "JSON.stringify([{...sessionStorage}, {...localStorage}, location.href,"
                " history.state, document.cookie])"
            )
        )

    def copied(self) -> str:
        """Return the text in the clipboard."""
        return str(self.page.evaluate("navigator.clipboard.readText()"))

    def violations(self) -> list[str]:
        """Return the violations that axe finds, one per line, by WCAG and best practices.

        What depends on colours is checked in light and in dark: in the scheme that is not shown, only
        texts that have not been checked with the same colours yet, because axe takes long.
        """
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
            self.page.evaluate(_IN_THE_OTHER_SCHEME)
        violations: list[str] = self.page.evaluate(f"axe.run(document, {_AXE}).then(told)")
        looks: list[str] = self.page.evaluate("inTheOtherScheme.looks()")
        fresh = {look: index for index, look in enumerate(looks) if look not in _CHECKED}
        if fresh:
            colours = self.page.evaluate(
                "(at) => inTheOtherScheme.violations(at)", [*fresh.values()]
            )
            if not colours:
                _CHECKED.update(fresh)
            violations += colours
        return violations


_CHECKED: set[str] = set()
"""The looks of texts in which axe has found no violation."""

# No stylesheet is fetched again, and no frame is waited for: those on the page run no scripts.
_AXE = "{resultTypes: ['violations'], preload: false, iframes: false, selectors: false}"
_IN_THE_OTHER_SCHEME = """
window.told = ({violations}) => violations.flatMap(
    ({id, nodes}) => nodes.map(({html}) => `${id}: ${html.slice(0, 150)}`));
window.inTheOtherScheme = {
    // The designer's colours depend on `color-scheme` alone. A change of it that is taken back at
    // once is not painted.
    set() {
        this.roots = [...document.querySelectorAll("http-task-designer")]
            .map(({shadowRoot}) => shadowRoot.querySelector(".root"));
        const schemes = this.roots.map((root) => getComputedStyle(root).colorScheme);
        const isDark = schemes.includes("dark")
            || (!schemes.includes("light") && matchMedia("(prefers-color-scheme: dark)").matches);
        this.name = isDark ? "light" : "dark";
        for (const root of this.roots) root.style.colorScheme = this.name;
    },
    takeBack() {
        for (const root of this.roots) root.style.colorScheme = "";
    },
    // For each visible text, all that its contrast depends on, and the names on the way to what is
    // behind it.
    looks() {
        this.set();
        const ways = new Map();
        const way = (element) => {
            if (element === null || element.localName === "html") return "";
            if (ways.has(element)) return ways.get(element);
            const {backgroundColor, backgroundImage, opacity} = getComputedStyle(element);
            const own = [element.localName, element.className, backgroundColor, opacity].join(" ");
            const isOpaque = backgroundColor.startsWith("rgb(") && backgroundImage === "none";
            const above = element.parentElement ?? element.getRootNode().host ?? null;
            const whole = isOpaque && opacity === "1" ? own : `${own} < ${way(above)}`;
            ways.set(element, whole);
            return whole;
        };
        this.texts = this.roots.flatMap((root) => [...root.querySelectorAll("*")].filter(
            (element) => (element.matches("input, textarea, select")
                || [...element.childNodes].some(({data}) => data?.trim()))
                && element.checkVisibility()));
        const looks = this.texts.map((element) => {
            const {color, fontSize, fontWeight} = getComputedStyle(element);
            return [this.name, color, fontSize, fontWeight, way(element)].join(" ");
        });
        this.takeBack();
        return looks;
    },
    async violations(at) {
        const rules = {runOnly: ["color-contrast", "link-in-text-block"]};
        this.set();
        const result = await axe.run({include: at.map((index) => this.texts[index])},
            {...AXE, ...rules});
        this.takeBack();
        return told(result).map((line) => `${line} (${this.name})`);
    },
};
""".replace("AXE", _AXE)


_NOUNS = {
    "pathParameters": "path parameter",
    "headers": "header",
    "query": "query parameter",
    "cookies": "cookie",
    "inputParameters": "parameter",
}
"""Group of the request -> the page's word for an entry of the group."""

_WHOLE_DOM = """() => {
    const parts = [];
    const visit = (root) => {
        parts.push(root.innerHTML);
        for (const each of root.querySelectorAll("*")) if (each.shadowRoot) visit(each.shadowRoot);
    };
    visit(document.documentElement);
    return parts.join("\\n");
}"""


@contextmanager
def designer_page(
    browser: Browser,
    url: str,
    *,
    quiet: bool = True,
    context: BrowserContext | None = None,
    **options: Any,
) -> Iterator[DesignerPage]:
    """Open the designer at *url* in a new tab; *options* are those of a browser context.

    Fails if a script has failed or a policy has refused something, and with *quiet* also if a
    request has failed.
    """
    with contextlib.ExitStack() as closing:
        if context is None and not options and browser not in _in_use:
            context = closing.enter_context(_shared_context(browser, url))
        elif context is None:
            context = closing.enter_context(_new_context(browser, **options))
        context.set_default_timeout(_PATIENCE_MS)
        expect.set_options(timeout=_PATIENCE_MS)
        with _tab(context, url, quiet=quiet) as designer:
            yield designer


_VIEWPORT: Any = {"width": 1440, "height": 900}
_shared: WeakKeyDictionary[Browser, tuple[BrowserContext, Page]] = WeakKeyDictionary()
"""The context that tests of a browser share, one after the other, and a tab that stays open in it:
without one, the process of its tabs would end with each test.
"""
_in_use: WeakSet[Browser] = WeakSet()
"""The browsers whose shared context a test has now."""


@contextmanager
def _new_context(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=_VIEWPORT, **options)
    try:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        yield context
    finally:
        context.close()


@contextmanager
def _shared_context(browser: Browser, url: str) -> Iterator[BrowserContext]:
    """Yield the shared context, and let no tab, cookie or stored value of it stay behind."""
    if browser not in _shared:
        context = browser.new_context(viewport=_VIEWPORT)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        kept = context.new_page()
        kept.goto(f"{url}nothing")  # a process belongs to a site, and to no blank tab
        _shared[browser] = context, kept
    context, kept = _shared[browser]
    _in_use.add(browser)
    try:
        yield context
    finally:
        _in_use.discard(browser)
        for page in context.pages:
            if page is not kept:
                page.close()
        context.clear_cookies()
        origin = "/".join(url.split("/")[:3])
        devtools = context.new_cdp_session(kept)
        devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        devtools.detach()


@contextmanager
def _tab(context: BrowserContext, url: str, *, quiet: bool) -> Iterator[DesignerPage]:
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
    page.on(
        "console",
        lambda message: (
            complaints.append(f"{message.text} {message.location['url']}".rstrip())
            if message.type == "error"
            else None
        ),
    )
    try:
        yield DesignerPage(page, url, complaints=complaints).load()
        serious = [
            complaint
            for complaint in complaints
            if quiet or not complaint.startswith("Failed to load resource")
        ]
        assert serious == [], serious
    finally:
        page.close()


TWO_ON_A_LINE: dict[str, Any] = {
    "name": "flow",
    "startTask": "Get",
    "tasks": {
        "Get": {
            "type": "Http",
            "httpRequest": {"url": "https://api.acme.example/things"},
            "nextTask": "Sorry",
        },
        "Sorry": http("https://api.acme.example/sorry"),
    },
}


@contextmanager
def definition_page(
    browser: Browser,
    tmp_path: Path,
    folder: Path,
    definition: dict[str, Any],
) -> Iterator[DesignerPage]:
    """Open the page of a designer with *definition* as `flow.json` in *folder*."""
    (folder / "flow.json").write_text(json.dumps(definition), "utf-8")
    with (
        running_designer(tmp_path, workflows=folder) as running,
        designer_page(browser, running.url) as shown,
    ):
        yield shown
