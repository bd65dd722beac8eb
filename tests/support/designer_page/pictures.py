"""Pictures of the page's main states, at three widths, light and dark.

To take them again, run `.venv/bin/python tests/support/designer_page/pictures.py`, and look at the
changes before you commit them. The page, its server and the browser are real; addresses, times and
the clock are fixed, so that they are the same in every picture.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from PIL import Image, ImageChops
from playwright.sync_api import Browser, BrowserContext, Route, expect

from httptask import hookimpl
from httptask.plugins import plugin_manager

if TYPE_CHECKING:
    from designer import Events
    from designer_page.browser import DesignerPage
    from servers import Peer

ROOT = Path(__file__).parents[3]
PICTURES = ROOT / "tests" / "designer" / "pictures"
FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
"""Of Debian's fonts-dejavu-core, so that text has the same width on every machine."""
SIZES = ((1440, 900), (1000, 800), (390, 844))
THEMES = ("light", "dark")
API = "https://api.example.com"
_QUALITY = 40
"""The quality of WebP; a picture has about 25 kB."""

# The tolerance: the same text is drawn a little differently by another version of the browser or of
# its fonts. Both are made small first, so that edges of letters do not count.
SMALLER = 4
DIFFERENT = 32
"""From this difference on, of 255 levels, a channel of a reduced pixel counts as different."""
TOLERATED = 0.0025
"""The share of a reduced picture's pixels that may differ: less than a button."""


def difference(expected: Image.Image, actual: Image.Image) -> tuple[float, Image.Image]:
    """Return the share of different pixels, and a picture that shows them in white."""
    if expected.size != actual.size:
        return 1.0, actual.convert("L")
    small = [image.convert("RGB").reduce(SMALLER) for image in (expected, actual)]
    channels = ImageChops.difference(*small).split()
    largest = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
    marked = largest.point([255 if level > DIFFERENT else 0 for level in range(256)])
    share = marked.histogram()[255] / (marked.width * marked.height)
    return share, marked.resize(actual.size, Image.Resampling.NEAREST)


def side_by_side(
    expected: Image.Image | None,
    actual: Image.Image,
    marked: Image.Image,
) -> Image.Image:
    """Return one picture with the committed one, the new one and their difference."""
    parts = [image for image in (expected, actual, marked) if image is not None]
    whole = Image.new("RGB", (sum(part.width for part in parts), max(p.height for p in parts)))
    left = 0
    for part in parts:
        whole.paste(part.convert("RGB"), (left, 0))
        left += part.width
    return whole


# What is on the page

_GET: dict[str, Any] = {
    "type": "Http",
    "endpoint": "acme-things-id-get-0",
    "httpRequest": {
        "url": API + "/things/{id}",
        "method": "GET",
        "pathParameters": {"id": "7"},
        "query": {"limit": 20},
    },
    "nextTask": "Is it large?",
}
_CHANGE: dict[str, Any] = {
    "type": "Http",
    "endpoint": "acme-things-id-post-0",
    "httpRequest": {
        "url": API + "/things/{id}",
        "method": "POST",
        "pathParameters": {"id": "${$.id}"},
        "body": {"name": "A crane", "children": [{"name": "hook"}]},
    },
    "inputParameters": {"id": "${$.tasks['Get a thing'].output.body.id}"},
    "end": True,
}
DEFINITION: dict[str, Any] = {
    "name": "things",
    "startTask": "Get a thing",
    "tasks": {
        "Get a thing": _GET,
        "Is it large?": {
            "type": "Decision",
            "choices": [
                {
                    "condition": "${$.tasks['Get a thing'].output.body[?@.size == 'large']}",
                    "nextTask": "Tell both",
                }
            ],
            "defaultTask": "Change a thing",
        },
        "Tell both": {
            "type": "Parallel",
            "branches": [
                {
                    "startTask": "Tell Ann",
                    "tasks": {
                        "Tell Ann": {
                            "type": "Http",
                            "httpRequest": {"url": API + "/mail", "method": "POST"},
                            "end": True,
                        }
                    },
                },
                {
                    "startTask": "Wait a minute",
                    "tasks": {"Wait a minute": {"type": "Wait", "seconds": 60, "end": True}},
                },
            ],
            "nextTask": "Change a thing",
        },
        "Change a thing": _CHANGE,
    },
}
ANSWERS: dict[str, tuple[str, Any]] = {
    "7": ("200 OK", {"id": "7", "name": "A crane", "tags": ["yellow", None, 1.5], "size": "large"}),
    "8": ("200 OK", {"id": "8", "name": "A crane", "tags": ["yellow", "new"], "price": 1.5}),
    "all": (
        "200 OK",
        [{"id": str(row), "name": f"Crane {row}", "sold": row % 3 == 0} for row in range(1, 13)],
    ),
    "none": (
        "422 Unprocessable Content",
        {"errors": [{"field": "limit", "message": "must be less than 10"}]},
    ),
}
"""Id of a thing -> the status and the body of the response. For any other id, there is none."""


def open_task(page: DesignerPage, name: str) -> None:
    page.page.locator(".task-name", has_text=name).first.click()
    expect(page.page.get_by_label("Task name")).to_have_value(name)


def searched(page: DesignerPage) -> None:
    page.page.keyboard.press("Control+k")
    page.page.get_by_label("Search the endpoints").fill("thing")
    expect(page.page.locator("#found [role=option]")).to_have_count(4)


def filled_in(page: DesignerPage) -> None:
    page.page.keyboard.press("Escape")
    open_task(page, "Get a thing")
    expect(page.page.locator(".preview .http")).to_contain_text("/things/7?limit=20")
    expect(page.page.locator(".head .chip")).to_have_text("All required fields are filled")


def responded(page: DesignerPage) -> None:
    page.send()
    expect(page.page.locator(".response .status")).to_have_text("200 OK")
    expect(page.page.locator(".tree [role=treeitem]").nth(4)).to_be_visible()


def inserted(page: DesignerPage) -> None:
    open_task(page, "Change a thing")
    # An opened task takes the focus shortly after it is drawn.
    expect(page.page.locator("#test")).to_be_focused()
    page.at("/httpRequest/pathParameters/id").focus()
    page.page.keyboard.press("Alt+e")
    expect(page.page.locator(".values").get_by_role("treeitem").nth(11)).to_be_visible()
    expect(page.page.locator(".preview .http")).to_contain_text("hook")
    expect(page.page.locator(".doc-card")).to_be_visible()


def as_json(page: DesignerPage) -> None:
    page.page.keyboard.press("Escape")
    page.page.keyboard.press("Alt+j")
    page.at("/httpRequest/body").fill('{\n  "name": "A crane",\n  "children": [{"nme": 7}],\n}')
    expect(page.page.locator(".json-problems")).to_be_visible()
    expect(page.page.locator(".preview .http")).to_contain_text("nme")
    expect(page.page.locator(".head .chip")).to_have_text("1 problem")


def workflow(page: DesignerPage) -> None:
    open_task(page, "Is it large?")
    expect(page.page.locator(".problem")).to_contain_text("which has no 'size'")
    expect(page.page.locator(".value-below")).to_contain_text(
        "array"
    )  # appears after the evaluation


def credentials(page: DesignerPage) -> None:
    open_task(page, "Get a thing")
    page.named("button", "Credentials …").click()
    expect(page.page.get_by_label("Send it only to")).to_have_value(API)


def reference(page: DesignerPage) -> None:
    page.page.keyboard.press("Escape")
    page.page.keyboard.press("F1")
    expect(page.page.get_by_role("heading", name="Responses", exact=True)).to_be_visible()


def decision(page: DesignerPage) -> None:
    page.page.keyboard.press("Escape")
    open_task(page, "Is it large?")
    condition = page.page.get_by_label("Condition 1", exact=True)
    condition.fill("$.statusCode === 200 && $.body.size !== 'small'")
    page.named("button", "Rows").click()
    expect(page.page.locator(".value-below")).to_have_count(3)


def parallel(page: DesignerPage) -> None:
    open_task(page, "Tell both")
    expect(page.named("button", "Add branch")).to_be_visible()


def wait(page: DesignerPage) -> None:
    open_task(page, "Wait a minute")
    expect(page.page.get_by_label("Seconds", exact=True)).to_have_value("60")


def history(page: DesignerPage) -> None:
    open_task(page, "Get a thing")
    page.named("tab", "History (1)").click()
    expect(page.page.locator(".history li")).to_have_count(1)


def pin(page: DesignerPage) -> None:
    page.named("tab", "Response").click()
    page.named("tab", "Pin").click()
    expect(page.named("button", "Pin this response")).to_be_visible()


def runs(page: DesignerPage) -> None:
    page.named("tab", "Runs").click()
    page.page.locator(".kept li button").first.click()
    page.page.locator(".visits li button").first.click()
    expect(page.page.get_by_role("tree", name="Output")).to_contain_text("yellow")


def pasted(page: DesignerPage) -> None:
    page.page.keyboard.press("Control+k")
    search = page.page.get_by_label("Search the endpoints")
    search.fill(f"curl -k {API}/things/7?limit=3 -H 'authorization: Bearer s3cret' -o thing.json")
    search.press("Enter")
    dialog = page.named("dialog", "Paste a request")
    expect(dialog).to_contain_text("Get a thing")
    expect(dialog).to_contain_text("--insecure-host")


def plugin(page: DesignerPage) -> None:
    page.page.keyboard.press("Escape")
    page.add_task("Mail")
    page.page.mouse.move(0, 0)
    page.at("/subject").focus()
    page.at("/to").focus()
    expect(page.page.locator(".doc-card")).to_contain_text("Who gets it.")


# These begin with the page newly opened.


def get(page: DesignerPage, thing: str) -> None:
    """Send a test request for *thing*."""
    page.at("/httpRequest/pathParameters/id").fill(thing)
    page.send()


def compared(page: DesignerPage) -> None:
    open_task(page, "Get a thing")
    get(page, "7")
    get(page, "8")
    page.page.get_by_label("Compare with").select_option(index=1)
    expect(page.page.get_by_text(re.compile("^[0-9]+ differences$"))).to_be_visible()


def table(page: DesignerPage) -> None:
    get(page, "all")
    page.named("button", "Table").click()
    expect(page.page.locator(".right").get_by_role("row")).to_have_count(13)


def unreachable(page: DesignerPage) -> None:
    get(page, "lost")
    expect(page.page.locator(".response .note.error").first).to_be_visible()


def refused(page: DesignerPage) -> None:
    get(page, "none")
    expect(page.problem("/httpRequest/query/limit")).to_contain_text("must be less than 10")


def failed_run(page: DesignerPage) -> None:
    page.page.keyboard.press("Control+Shift+Enter")
    page.status("The run failed")
    expect(page.page.locator(".graph .sign.is-failed")).to_have_count(1)
    expect(page.page.get_by_label("The task Get a thing", exact=True)).to_contain_text("limit")


def enlarged(page: DesignerPage) -> None:
    page.named("button", "Enlarge the picture").click()
    expect(page.page.locator('[id="picture-Get a thing"]')).to_be_focused()


def workflows(page: DesignerPage) -> None:
    page.page.keyboard.press("Escape")
    page.named("button", "All workflows").click()
    expect(page.named("button", "Rename things")).to_be_visible()


def keys(page: DesignerPage) -> None:
    page.page.keyboard.press("Escape")
    page.page.locator(".title-row button").first.focus()
    page.page.keyboard.press("?")
    expect(page.named("dialog", "All keys")).to_contain_text("Next problem")


STATES: dict[str, Callable[[DesignerPage], None]] = {
    "search": searched,
    "request": filled_in,
    "response": responded,
    "insert": inserted,
    "json": as_json,
    "workflow": workflow,
    "credentials": credentials,
    "reference": reference,
    "decision": decision,
    "parallel": parallel,
    "wait": wait,
    "history": history,
    "pin": pin,
    "runs": runs,
    "pasted": pasted,
    "plugin": plugin,
}
LATER_STATES: dict[str, Callable[[DesignerPage], None]] = {
    "compared": compared,
    "table": table,
    "unreachable": unreachable,
    "refused": refused,
    "failed-run": failed_run,
    "enlarged": enlarged,
    "workflows": workflows,
    "keys": keys,
}
"""Name of a state -> the function that reaches it from the previous state."""


class Mail:
    """A plugin's type of task; its form is made from its schema."""

    name = "Mail"
    schema: Mapping[str, Any] = {
        "type": "object",
        "required": ["to", "subject"],
        "properties": {
            "to": {"type": "array", "items": {"type": "string"}, "description": "Who gets it."},
            "subject": {"type": "string", "maxLength": 80},
            "priority": {"enum": ["low", "normal", "high"], "default": "normal"},
            "isDraft": {"type": "boolean", "description": "Keep it, and send it *later*."},
        },
    }

    def problems(self, check: Any) -> list[Any]:
        return []


class Plugin:
    @hookimpl
    def httptask_task_types(self) -> list[Any]:
        return [Mail()]


# Taking them


def taken(browser: Browser, folder: Path) -> Iterator[tuple[str, Image.Image]]:
    """Yield (name, picture) for all states, such as `request-1440-light`.

    *folder* must be empty.
    """
    from designer import running_designer, thing_endpoint
    from designer_page.browser import designer_page
    from servers import raw_server

    assert FONT.exists(), "the pictures need a font: apt-get install fonts-dejavu-core"
    (folder / "workflows").mkdir()
    (folder / "workflows" / "things.json").write_text(json.dumps(DEFINITION), encoding="utf-8")
    endpoints = [thing_endpoint(API), thing_endpoint(API, method="POST")]
    manager = plugin_manager()
    manager.register(Plugin())
    options = {
        "workflows": folder / "workflows",
        "endpoints": endpoints,
        "plugins": manager,
    }
    with (
        raw_server(answered) as server,
        running_designer(folder, **options) as running,
    ):
        events = {thing: tested(running, server.url, thing) for thing in (*ANSWERS, "lost")}
        ran(running, server.url)
        for states in (STATES, LATER_STATES):
            with browser.new_context(
                locale="en-GB", timezone_id="UTC", reduced_motion="reduce"
            ) as context:
                steady(context, events)
                context.route(re.compile(r"/api/v1/runs"), steady_run(server.url))
                with designer_page(browser, running.url, context=context) as page:
                    page.page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
                    page.page.evaluate(_FONTS)
                    for state, reach in states.items():
                        reach(page)
                        for name, image in shots(page, state):
                            yield f"{state}-{name}", image


def answered(peer: Peer) -> None:
    """Answer with the thing in the path; close the connection if there is none."""
    from servers import JSON, response

    while request := peer.read_request():
        thing = request.split()[1].decode().partition("?")[0].rpartition("/")[2]
        if thing not in ANSWERS:
            return
        status, value = ANSWERS[thing]
        peer.sendall(response(json.dumps(value).encode(), JSON, status=status))


def shots(page: DesignerPage, state: str) -> Iterator[tuple[str, Image.Image]]:
    """Yield pictures of the current state, at each width, light and dark."""
    page.page.mouse.move(0, 0)
    for width, height in SIZES:
        if state == "enlarged" and (width, height) == SIZES[-1]:
            continue  # there, the picture is below a part that is not shown
        page.page.set_viewport_size({"width": width, "height": height})
        page.page.evaluate(_TO_THE_TOP)
        if state == "json":
            page.page.locator(".json-box").evaluate(
                "(box) => box.scrollIntoView({block: 'center'})"
            )
        for theme in THEMES:
            page.page.emulate_media(color_scheme=theme)
            data = page.page.screenshot(animations="disabled", caret="hide")
            yield f"{width}-{theme}", Image.open(io.BytesIO(data)).convert("RGB")
    page.page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})


def tested(running: Any, url: str, thing: str) -> str:
    """Return the events of a real test request for *thing*, with a fixed address and fixed times."""
    from designer import events_of

    task = json.loads(json.dumps(_GET).replace(API, url))
    task["httpRequest"]["pathParameters"]["id"] = thing
    return as_stream(events_of(running, {"task": task, "name": "Get a thing"}), url)


def as_stream(told: Events, url: str) -> str:
    """Return the events *told* as text, with `API` instead of *url*, and with fixed times."""
    lines = [f"event: {name}\ndata: {json.dumps(same_times(data))}\n\n" for name, data in told]
    return "".join(lines).replace(url, API).replace(url.partition("//")[2], API[8:])


def same_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: same_times(item) for key, item in value.items()}
    if isinstance(value, list):
        return [same_times(item) for item in value]
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return _NOW
    if isinstance(value, float) and value != 1.5:
        return 0.012
    return value


def ran(running: Any, url: str) -> None:
    """Run the definition to its end, with real requests to *url* instead of `API`."""
    definition = json.loads(json.dumps(DEFINITION).replace(API, url))
    started = running.client.post("runs", json={"definition": definition, "workflow": "things"})
    with running.client.stream("GET", f"runs/{started.json()['id']}/events") as stream:
        stream.read()


def steady_run(url: str) -> Callable[[Route], None]:
    """Return a handler that answers as the server does, with `API` and with fixed times.

    Runs send their requests to *url* instead of `API`.
    """
    from designer import events

    def answer(route: Route) -> None:
        sent = route.request.post_data
        told = route.fetch(post_data=sent.replace(API, url)) if sent else route.fetch()
        if told.headers["content-type"].startswith("text/event-stream"):
            text = as_stream([*events(httpx.Response(200, text=told.text()))], url)
        else:
            text = json.dumps(same_times(told.json()))
            text = text.replace(url, API).replace(url.partition("//")[2], API[8:])
        route.fulfill(response=told, body=text)

    return answer


def steady(context: BrowserContext, events: Mapping[str, str]) -> None:
    """Stop the clock, and answer test requests with the *events* of the thing in their path."""

    def answer(route: Route) -> None:
        task = (route.request.post_data_json or {})["task"]
        route.fulfill(
            body=events[task["httpRequest"]["pathParameters"]["id"]],
            content_type="text/event-stream",
            headers={"Test-Request-Id": "same"},
        )

    context.clock.set_fixed_time(_NOW)
    context.route(re.compile(r"/api/v1/test-requests$"), answer)


_NOW = "2026-01-31T08:30:00Z"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_TO_THE_TOP = """async () => {
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    const {shadowRoot} = document.querySelector("http-task-designer");
    for (const each of shadowRoot.querySelectorAll("*")) if (each.scrollTop) each.scrollTop = 0;
}"""
_FONTS = """() => {
    const {style} = document.querySelector("http-task-designer");
    style.setProperty("--ht-sans", '"DejaVu Sans"');
    style.setProperty("--ht-mono", '"DejaVu Sans Mono"');
}"""


def main() -> None:
    """Take all pictures again."""
    from designer_page.browser import chromium

    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.glob("*.webp"):
        old.unlink()
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        for picture, image in taken(browser, Path(name)):
            image.save(PICTURES / f"{picture}.webp", quality=_QUALITY, method=6)
    size = sum(path.stat().st_size for path in PICTURES.iterdir())
    print(f"{PICTURES}: {len(list(PICTURES.iterdir()))} pictures, {size:,} bytes")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    main()
