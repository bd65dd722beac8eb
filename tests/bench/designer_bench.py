"""How fast the designer is, in a real browser where there is one, and how large what it loads."""

from __future__ import annotations

import gzip
import json
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

import httpx
from playwright.sync_api import Locator

from designer import PATIENT, started, thing_endpoint, thing_task
from designer_page.browser import CHROMIUM, FOUND, STATIC, DesignerPage, chromium, designer_page
from httptask.catalogue import Catalogue
from httptask.model.api import Endpoint, MediaType, RequestBody, Server
from servers import JSON, Peer, raw_server, respond, response

Row = tuple[str, str, str]
"""What, figure, and what it is compared to."""

FIELDS = (10, 50, 100, 200, 300)
"""How many fields the endpoints have whose forms the server makes."""
PICKED = 300
"""How many fields the endpoints have that are picked, all required: the bar is for the whole form."""
ON_SCREEN = 20
"""More fields than a screen has room for."""
LARGE_JSON = 10_000_000
"""Bytes of a response."""
_NOWHERE = "http://127.0.0.1:9"


def answering(rounds: int = 60) -> Iterator[Row]:
    """Measure a designer that runs here: the bars of the page, each *rounds* times."""
    size = sum(
        len(gzip.compress((STATIC / f"http-task-designer{part}.js").read_bytes(), 9))
        for part in ("", "-shared")
    )
    yield (
        "the page's modules at first, gzip -9",
        f"{size / 1024:.2f} KiB",
        f"{size:,} bytes; bar: 60 kB",
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        mixed = [_large(number, FIELDS[number % len(FIELDS)]) for number in range(rounds)]
        picked = [_large(rounds + number, PICKED) for number in range(2 * rounds)]
        endpoints = [thing_endpoint(_NOWHERE), *mixed, *picked]
        url, client = stack.enter_context(_designer(folder, endpoints))
        made = sorted(_seconds(client, f"endpoints/{each.id}/form") for each in mixed)
        yield (
            f"form of {FIELDS[0]} to {FIELDS[-1]} fields from the server: p50, p99",
            _figures(made),
            "",
        )
        cancelled = sorted(_cancelled(client) for _ in range(rounds))
        yield "cancel to closed upstream socket: p50, p99", _figures(cancelled), "bar: 100 ms"
        if shutil.which(CHROMIUM) is None:
            yield "in the browser", "not measured", f"there is no {CHROMIUM}: make tools"
            return
        page = stack.enter_context(designer_page(stack.enter_context(chromium()), url, quiet=False))
        yield from _in_the_browser(page, picked, rounds)


def _in_the_browser(
    page: DesignerPage, endpoints: Sequence[Endpoint], rounds: int
) -> Iterator[Row]:
    version = page.page.context.browser.version if page.page.context.browser else ""
    # Each endpoint is picked once: what the page keeps of a form would flatter the second time.
    for what, bar, place, some in (
        (f"all {PICKED} fields painted", "bar: 150 ms; ", PICKED, endpoints[::2]),
        (f"its first {ON_SCREEN} painted", "no bar; ", ON_SCREEN, endpoints[1::2]),
    ):
        picked = sorted(_picked(page, endpoint, place) for endpoint in some)
        what = f"pick of an endpoint of {PICKED} required fields to {what}: p50, p99"
        yield what, _figures(picked), f"{bar}Chromium {version}, headless, drawn by software"
    typed = _typed(page, endpoints[-1], rounds)
    yield _key(f"a form of {PICKED} fields", typed)
    page.named("button", "Change API").click()
    search = page.page.get_by_label("Search the endpoints")
    yield _key("the search of endpoints", _keys(search, rounds))
    page.page.keyboard.press("Escape")
    shown = sorted(_shown(page) for _ in range(max(1, rounds // 6)))
    yield (
        f"{LARGE_JSON / 1e6:.0f} MB of JSON, last byte to painted tree: p50, p99",
        _figures(shown),
        "bar: 300 ms",
    )
    left = sorted(_left(page) for _ in range(max(1, rounds // 6)))
    yield "Esc in the page to closed upstream socket: p50, p99", _figures(left), "bar: 100 ms"


def _key(where: str, seconds: Sequence[float]) -> Row:
    """Return the row of the *seconds* that keys in *where* keep the page busy."""
    what = f"a key in {where}, to its paint: p50, p99"
    return what, _figures(sorted(seconds)), "bar: 16 ms; without the wait for the next frame"


def _figures(seconds: Sequence[float]) -> str:
    return (
        f"{seconds[len(seconds) // 2] * 1000:.1f},"
        f" {seconds[int(len(seconds) * 0.99)] * 1000:.1f} ms"
    )


@contextmanager
def _designer(folder: Path, endpoints: Sequence[Endpoint]) -> Iterator[tuple[str, httpx.Client]]:
    """Run the command, in a process of its own as a person does; give its address and a client."""
    with Catalogue.open(folder / "catalogue.sqlite3") as catalogue:
        catalogue.put(list(endpoints), source="bench")
    words = (str(folder), "--allow-network", "127.0.0.0/8")
    with started(folder, *words) as (_, said):
        url = said["address"]
        with httpx.Client(base_url=url + "api/v1/", **PATIENT) as client:
            yield url, client


def _seconds(client: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    client.get(path).raise_for_status()
    return time.perf_counter() - began


class _Silent:
    """An API that never answers, and knows when it was asked and when the other side left."""

    def __init__(self) -> None:
        self.asked, self.ended = threading.Event(), threading.Event()
        self.at = 0.0

    def __call__(self, peer: Peer) -> None:
        peer.read_request()
        self.asked.set()
        peer.wait_for_close()
        self.at = time.perf_counter()
        self.ended.set()


def _cancelled(client: httpx.Client) -> float:
    silent = _Silent()
    with raw_server(silent) as server:
        draft = {"task": thing_task(server.url)}
        with client.stream("POST", "test-requests", json=draft) as stream:
            silent.asked.wait(10)
            began = time.perf_counter()
            client.delete(f"test-requests/{stream.headers['test-request-id']}")
            silent.ended.wait(10)
    return silent.at - began


# In the browser

_PAINTED = """
    const root = document.querySelector("http-task-designer").shadowRoot;
    // A frame is painted behind its callbacks; a message is the first task after it.
    const next = (act) => { const { port1, port2 } = new MessageChannel(); port1.onmessage = act; port2.postMessage(0); };
    const painted = (wanted, began) => new Promise((done, failed) => {
        const timer = setTimeout(() => failed(new Error("it was never painted")), 10_000);
        const watch = new MutationObserver(() => {
            if (!wanted()) return;
            watch.disconnect();
            clearTimeout(timer);
            requestAnimationFrame(() => next(() => done(performance.now() - began())));
        });
        watch.observe(root, { subtree: true, childList: true });
    });
"""
_PICK = f"""([title, last]) => {{ {_PAINTED}
    const options = [...root.querySelectorAll("[role=option]")];
    const began = performance.now();
    const shown = painted(() => root.getElementById(last), () => began);
    options.find((option) => option.textContent.includes(title)).click();
    return shown;
}}"""
_TYPE = f"""(input, count) => {{ {_PAINTED}
    const turn = () => new Promise((done) => next(done));
    const frame = () => new Promise((done) => requestAnimationFrame(() => {{ const began = performance.now(); next(() => done(performance.now() - began)); }}));
    const key = async () => {{
        await frame();
        const began = performance.now();
        input.value += "a";
        input.dispatchEvent(new InputEvent("input", {{ bubbles: true, composed: true }}));
        await turn(); // what is drawn again is drawn in a microtask
        const handled = performance.now() - began;
        return handled + await frame(); // without the wait for the frame
    }};
    return (async () => {{ const times = []; for (let each = 0; each < count; each++) times.push(await key()); return times; }})();
}}"""
_SHOW = f"""() => {{ {_PAINTED}
    let arrived = 0;
    const parse = JSON.parse;
    // The last event is the only long one: it has come when it is read.
    JSON.parse = (text, ...more) => {{
        if (text.length > 200_000 && !arrived) arrived = performance.now();
        return parse(text, ...more);
    }};
    const shown = painted(() => arrived && root.querySelector("[role=treeitem] + [role=treeitem]"), () => arrived);
    root.getElementById("test").click();
    return shown.finally(() => {{ JSON.parse = parse; }});
}}"""


def _picked(page: DesignerPage, endpoint: Endpoint, place: int) -> float:
    """Return the seconds from a click to a paint of the first *place* fields."""
    if page.page.locator(
        ".head"
    ).count():  # the task that is there: a workflow of hundreds is another measure
        page.named("button", "Change API").click()
    page.page.get_by_label("Search the endpoints").fill(endpoint.title)
    page.page.locator(FOUND).filter(has_text=endpoint.title).first.wait_for()
    last = list(endpoint.request_body.content["application/json"].schema["properties"])[:place][-1]  # type: ignore[union-attr]
    return float(page.page.evaluate(_PICK, [endpoint.title, f"f-/httpRequest/body/{last}"])) / 1000


def _typed(page: DesignerPage, endpoint: Endpoint, rounds: int) -> list[float]:
    """Return the seconds that each of *rounds* keys keeps the page busy."""
    _picked(page, endpoint, PICKED)
    page.page.wait_for_timeout(1000)
    field = page.at("/httpRequest/body/field_0")
    return _keys(field, rounds)


def _keys(field: Locator, rounds: int) -> list[float]:
    field.focus()
    times = field.evaluate(_TYPE, rounds)
    return [float(time) / 1000 for time in times]


def _shown(page: DesignerPage) -> float:
    row = {"id": 1, "name": "x" * 60, "tags": ["a", "b"], "deep": {"value": 1.5, "flag": True}}
    body = json.dumps([row] * (LARGE_JSON // len(json.dumps(row)) + 1)).encode()
    with raw_server(respond(response(body, JSON))) as server:
        _to(page, server.url)
        return float(page.page.evaluate(_SHOW)) / 1000


def _left(page: DesignerPage) -> float:
    silent = _Silent()
    with raw_server(silent) as server:
        _to(page, server.url)
        page.page.keyboard.press("Control+Enter")
        silent.asked.wait(10)
        began = time.perf_counter()
        page.page.keyboard.press("Escape")
        silent.ended.wait(10)
    return silent.at - began


def _to(page: DesignerPage, url: str) -> None:
    """Open the form of a new request to *url*."""
    page.add_task("Own request")
    page.at("/httpRequest/url").fill(url + "/")


def _large(number: int, count: int) -> Endpoint:
    """Return an endpoint whose body has *count* required fields, of every common kind."""
    kinds = (
        {
            "type": "string",
            "description": f"A `field` of [{number}](https://x.example).\n\n- a\n- b",
        },
        {"type": "integer", "minimum": 1, "description": "How *many*."},
        {"enum": [f"value {each}" for each in range(20)]},
        {"type": "boolean", "description": "Whether."},
        {"type": "array", "items": {"type": "string"}},
        {
            "type": "object",
            "required": ["a"],
            "properties": {"a": {"type": "string"}, "b": {"type": "integer"}},
        },
    )
    properties = {f"field_{place}": kinds[place % len(kinds)] for place in range(count)}
    body = MediaType({"type": "object", "properties": properties, "required": list(properties)})
    return Endpoint(
        id=f"large-{number}",
        method="POST",
        path=f"/large/{number}",
        provider="acme",
        title=f"Large{number}x",
        servers=(Server(_NOWHERE),),
        request_body=RequestBody({"application/json": body}, required=True),
    )
