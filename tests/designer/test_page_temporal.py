"""The designer's page where the operator chose the engine `temporal`, in a real browser, on a real
server.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

import servers
from designer import RunningDesigner, running_designer
from designer_page.browser import DesignerPage, designer_page
from engine_definitions import at, flow, get
from servers import Peer, RawServer
from temporal_servers import PATIENCE
from temporal_worlds import worker_process


@pytest.fixture
def let_go() -> threading.Event:
    """Set when what the API holds back may come."""
    return threading.Event()


@pytest.fixture
def server(let_go: threading.Event) -> Iterator[RawServer]:
    def answer(peer: Peer) -> None:
        while head := peer.read_request():
            path = head.split()[1].decode()
            if path == "/held" and not let_go.is_set():
                peer.wait_for_close()
                let_go.set()
                return
            peer.sendall(servers.response(json.dumps({"path": path}).encode(), servers.JSON))

    with servers.raw_server(answer) as running:
        yield running


@pytest.fixture
def designer(
    tmp_path: Path, folder: Path, server: RawServer, task_queue: str
) -> Iterator[RunningDesigner]:
    gate = {"type": "Simple", "nextTask": "Ask"}
    held = get("/held", readTimeoutSeconds=PATIENCE)
    tasks = {"Approve": gate, "Ask": get("/asked", nextTask="Held"), "Held": held}
    (folder / "flow.json").write_text(json.dumps(at(flow("Approve", tasks), server.url)), "utf-8")
    with running_designer(tmp_path, workflows=folder, engine="temporal") as running:
        yield running


def of(page: DesignerPage, name: str) -> Locator:
    return page.page.locator(".visits li").filter(has_text=name)


def test_a_run_is_completed_stopped_and_begun_again(
    designer: RunningDesigner,
    browser: Browser,
    temporal_address: str,
    task_queue: str,
    let_go: threading.Event,
) -> None:
    """Without a worker the page says what to start. Then each task shows its state, a gate is
    completed, and *Stop* cancels the run: *Go on* is not offered. *Run from here* begins a new one that
    takes over what had ended. The list has both runs.
    """
    with designer_page(browser, designer.url) as page:
        page.page.keyboard.press("Control+Shift+Enter")
        news = page.page.locator(".runs .note.warning")
        expect(news).to_contain_text("httptask worker --engine temporal")
        expect(page.page.locator(".runs .toolbar")).to_contain_text("by the engine temporal")
        assert page.violations() == []
        with worker_process(temporal_address, task_queue):
            expect(of(page, "Approve")).to_contain_text("waits for somebody")
            expect(news).to_have_count(0)
            page.page.locator("#gate-output").fill('{"approved": true}')
            page.named("button", "Complete").click()
            expect(of(page, "Held")).to_contain_text("running")
            expect(of(page, "Ask")).to_contain_text("completed, 200")
            page.page.keyboard.press("Escape")
            page.status("The run was cancelled")
            assert let_go.wait(PATIENCE)
            expect(of(page, "Held")).to_contain_text("stopped")
            expect(page.page.locator(".graph .sign.is-stopped")).to_have_count(1)
            expect(page.page.get_by_role("button", name="Go on")).to_have_count(0)
            assert page.violations() == []
            page.named("button", "Run from here").click()
            page.status("The run completed")
            expect(of(page, "Approve")).to_contain_text("completed")
            detail = page.page.get_by_label("The task Held", exact=True)
            expect(detail.get_by_role("treeitem").filter(has_text="statusCode")).to_contain_text(
                "200"
            )
            expect(page.page.locator(".kept li")).to_have_count(2)
            page.page.get_by_label("Only runs in this state").select_option("Cancelled")
            page.page.locator(".kept li").get_by_role("button").click()
            expect(of(page, "Held")).to_contain_text("stopped")
