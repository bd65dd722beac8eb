"""The designer's page: the whole workflow is run, followed, stopped and begun again, in a real
browser.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

import servers
from designer import RunningDesigner, running_designer
from designer_page.browser import DesignerPage, designer_page
from servers import Peer, RawServer
from tasks import http


class Api:
    """Answers with the path; *held* are paths whose answers wait until `let_go`."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.held: set[str] = set()
        self.failing: set[str] = set()
        self.let_go, self.hung_up = threading.Event(), threading.Event()
        self.large: Any = None

    def __call__(self, peer: Peer) -> None:
        while head := peer.read_request():
            path = head.split()[1].decode().partition("?")[0]
            self.asked.append(path)
            if path in self.held:
                self.held.discard(path)
                peer.wait_for_close()
                self.hung_up.set()
                return
            body = json.dumps({"path": path, "large": self.large}).encode()
            status = "404 Not Found" if path in self.failing else "200 OK"
            peer.sendall(servers.response(body, servers.JSON, status=status))


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def server(api: Api) -> Iterator[RawServer]:
    with servers.raw_server(api) as running:
        yield running


def flow(url: str) -> dict[str, Any]:
    """Ask A, then B with what A put out."""
    first = http(f"{url}/A?of=${{$.of}}", inputParameters={"of": "${$.input.of}"}, nextTask="B")
    del first["end"]
    second = http(
        f"{url}/B",
        inputParameters={"path": "${$.tasks['A'].output.body.path}"},
        retry={"maxAttempts": 2},
        readTimeoutSeconds=300,
    )
    return {"name": "flow", "startTask": "A", "tasks": {"A": first, "B": second}}


@pytest.fixture
def designer(tmp_path: Path, folder: Path, server: RawServer) -> Iterator[RunningDesigner]:
    (folder / "flow.json").write_text(json.dumps(flow(server.url)), "utf-8")
    with running_designer(tmp_path, workflows=folder) as running:
        yield running


@pytest.fixture
def page(designer: RunningDesigner, browser: Browser) -> Iterator[DesignerPage]:
    with designer_page(browser, designer.url, quiet=False) as shown:
        shown.page.locator("#sample-input").fill('{"of": 7}')
        yield shown


def run(page: DesignerPage) -> None:
    page.page.keyboard.press("Control+Shift+Enter")


def visits(page: DesignerPage) -> Locator:
    return page.page.locator(".visits li")


def of(page: DesignerPage, name: str) -> Locator:
    return visits(page).filter(has_text=name)


def test_a_workflow_is_run_and_each_step_looked_at(
    designer: RunningDesigner, browser: Browser, api: Api, folder: Path
) -> None:
    """By keyboard alone: the run starts, the picture and the list show each task's state by a
    colour and a sign, and the chosen task shows its input, output, attempts and request. Its output
    has the tools of a response, and can be pinned. Light and dark, axe finds nothing wrong.
    """
    with designer_page(browser, designer.url) as page:
        page.page.locator("#sample-input").fill('{"of": 7}')
        run(page)
        page.status("The run completed")
        expect(of(page, "A")).to_contain_text("completed, 200")
        expect(of(page, "B")).to_contain_text("completed, 200")
        expect(page.page.locator(".graph .sign.is-completed")).to_have_count(2)
        expect(page.page.locator(".task-sub .is-completed")).to_have_count(2)
        assert page.violations() == []
        detail = page.page.get_by_label("The task B", exact=True)
        expect(detail.get_by_role("treeitem").filter(has_text="statusCode")).to_contain_text("200")
        page.named("tab", "Input").click()
        expect(detail.get_by_role("tree")).to_contain_text("/A")
        page.named("tab", "Attempts (1)").click()
        expect(detail).to_contain_text("Attempt 1")
        assert page.violations() == []
        page.named("tab", "Request sent").click()
        expect(detail).to_contain_text("GET /B HTTP/1.1")
        of(page, "A").get_by_role("button").focus()
        page.page.keyboard.press("Enter")
        answer = page.page.get_by_label("The task A", exact=True)
        answer.get_by_role("treeitem").filter(has_text="statusCode").click()
        page.page.keyboard.press("Control+Shift+P")
        page.status("The path: copied")
        assert page.copied() == "$.tasks.A.output.statusCode"
        page.page.keyboard.press("u")
        later = page.named("combobox", "Later task")
        expect(later.get_by_role("option")).to_have_text(["B"])
        assert page.violations() == []
        page.page.keyboard.press("Escape")
        answer.get_by_label("Find", exact=True).fill("large")
        expect(answer.get_by_role("search")).to_contain_text("1 of 1")
        page.named("button", "Pin this answer").click()
        page.status("“A” is pinned")
        (pins,) = (folder / "pins").glob("*.json")
        pin = json.loads(pins.read_text("utf-8"))["tasks"]["A"]
        assert (pin["status"], pin["body"]["path"]) == (200, "/A")
        assert api.asked == ["/A", "/B"]


def test_a_run_is_stopped_and_goes_on(page: DesignerPage, api: Api) -> None:
    """While it runs, the task shows that it does, and the picture its attempt and its seconds; Esc
    closes its connection. The run says that it can go on, and then repeats no task that had ended.
    """
    api.held.add("/B")
    run(page)
    expect(of(page, "B")).to_contain_text("running")
    expect(page.page.locator(".graph .sign.is-inprogress")).to_have_count(1)
    doing = page.page.locator(".graph .progress")
    expect(doing.nth(0)).to_have_text(re.compile(r"^[0-9.]+ m?s$"))
    expect(doing.nth(1)).to_have_text(re.compile(r"^1/2 · [0-9.]+ s$"))
    assert page.violations() == []
    page.page.keyboard.press("Escape")
    assert api.hung_up.wait(60)
    page.status("it can go on")
    expect(of(page, "B")).to_contain_text("stopped")
    expect(page.page.locator(".graph .sign.is-stopped")).to_have_count(1)
    assert page.violations() == []
    page.named("button", "Go on").click()
    page.status("The run completed")
    assert api.asked == ["/A", "/B", "/B"]


def test_a_failed_run_says_what_to_do_and_begins_again_from_a_task(
    page: DesignerPage, api: Api, server: RawServer
) -> None:
    """The task that failed is the one that is shown, with its answer. When it is mended, the run
    goes from there with the earlier answers; both runs are kept, and found by state and by task.
    """
    api.failing.add("/B")
    run(page)
    page.status("The run failed")
    detail = page.page.get_by_label("The task B", exact=True)
    expect(detail.locator(".note")).to_contain_text("Look at the path")
    expect(detail.get_by_role("treeitem").filter(has_text="404").first).to_be_visible()
    expect(page.page.locator(".graph .sign.is-failed")).to_have_count(1)
    assert page.violations() == []
    detail.get_by_role("button", name="Edit task").click()
    page.at("/httpRequest/url").fill(f"{server.url}/C")
    page.named("tab", "Runs").click()
    page.named("button", "Run from here").click()
    page.status("The run completed")
    assert api.asked == ["/A", "/B", "/C"]
    of(page, "A").get_by_role("button").click()
    expect(page.page.get_by_label("The task A", exact=True)).to_contain_text("taken over")
    kept = page.page.locator(".kept li")
    expect(kept).to_have_count(2)
    page.page.get_by_label("Only runs in this state").select_option("Failed")
    expect(kept).to_have_count(1)
    kept.get_by_role("button").click()
    expect(of(page, "B")).to_contain_text("failed, 404")
    page.page.get_by_label("Only runs in this state").select_option("")
    page.page.get_by_label("Only runs that came to this task").select_option("A")
    expect(kept).to_have_count(2)
    page.named("button", "Run again").click()
    expect(kept).to_have_count(3)
    page.status("The run completed")
    assert api.asked[3:] == ["/A", "/C"]


def test_a_definition_with_problems_runs_nothing(
    page: DesignerPage, folder: Path, api: Api
) -> None:
    """Each problem stands there with the name of its task, which opens it; so does input that is no
    JSON. What was typed stays.
    """
    page.at("/httpRequest/url").fill("")
    run(page)
    refused = page.page.locator(".runs .note.error")
    expect(refused).to_contain_text("The workflow cannot run as it is")
    expect(refused.get_by_role("button", name="A", exact=True).first).to_be_visible()
    assert page.violations() == []
    page.page.locator("#sample-input").fill("{")
    run(page)
    expect(refused).to_contain_text("The sample input is not JSON")
    expect(page.page.locator("#sample-input")).to_have_value("{")
    assert api.asked == []


def test_the_input_is_a_form_where_the_definition_describes_it(
    tmp_path: Path, folder: Path, browser: Browser
) -> None:
    """A run that does not take the input says which field is wrong; filled in, it completes with
    it.
    """
    end = {
        "type": "Terminate",
        "terminationStatus": "Completed",
        "workflowOutput": "${$.input.customer}",
    }
    schema = {"required": ["customer"], "properties": {"customer": {"type": "integer"}}}
    definition = {"startTask": "End", "inputSchema": schema, "tasks": {"End": end}}
    (folder / "bill.json").write_text(json.dumps(definition), "utf-8")
    with (
        running_designer(tmp_path, workflows=folder) as running,
        designer_page(browser, running.url, quiet=False) as page,
    ):
        page.named("tab", "Runs").click()
        customer = page.at("/input/customer")
        expect(customer).to_be_visible()
        run(page)
        expect(page.page.locator(".runs .note.error")).to_contain_text("customer")
        assert page.violations() == []
        customer.fill("7")
        run(page)
        page.status("The run completed")
        (kept,) = running.client.get("runs").json()["items"]
        assert running.client.get(f"runs/{kept['id']}/value").json() == 7


def test_a_gate_is_completed_in_the_page(tmp_path: Path, folder: Path, browser: Browser) -> None:
    """A task that waits for somebody has a field for its output, which is still there after another
    tab was looked at; what is no JSON is said beside it.
    """
    tasks = {"Approve": {"type": "Simple", "end": True}}
    definition = {"name": "gate", "startTask": "Approve", "tasks": tasks}
    (folder / "gate.json").write_text(json.dumps(definition), "utf-8")
    with (
        running_designer(tmp_path, workflows=folder) as running,
        designer_page(browser, running.url) as page,
    ):
        run(page)
        expect(of(page, "Approve")).to_contain_text("waits for somebody")
        page.page.locator("#gate-output").fill("{")
        page.named("tab", "History").click()
        page.named("tab", "Runs").click()
        expect(page.page.locator("#gate-output")).to_have_value("{")
        page.named("button", "Complete").click()
        expect(page.page.locator("#gate-problem")).to_contain_text("Not JSON")
        assert page.violations() == []
        page.page.locator("#gate-output").fill('{"approved": true}')
        page.named("button", "Complete").click()
        page.status("The run completed")
        tree = page.page.get_by_label("The task Approve", exact=True).get_by_role("tree")
        expect(tree).to_contain_text("approved")


def test_each_item_of_a_gate_is_completed_in_the_page(
    tmp_path: Path, folder: Path, browser: Browser
) -> None:
    """The items that wait are there to be chosen, each with its input; after one was completed the
    next one is chosen anew.
    """
    gate = {
        "type": "Simple",
        "inputParameters": {"order": "${$.item}"},
        "forEach": {"items": ["seven", "eight"], "concurrency": 2},
        "end": True,
    }
    definition = {"name": "gates", "startTask": "Approve", "tasks": {"Approve": gate}}
    (folder / "gates.json").write_text(json.dumps(definition), "utf-8")
    with (
        running_designer(tmp_path, workflows=folder) as running,
        designer_page(browser, running.url) as page,
    ):
        run(page)
        expect(of(page, "Approve")).to_contain_text("waits for somebody, 0 of 2 items")
        task = page.page.get_by_label("The task Approve", exact=True)
        choice, button = page.named("combobox", "Item"), page.named("button", "Complete")
        expect(choice.get_by_role("option")).to_have_text(["Which item?", "Item 0", "Item 1"])
        choice.select_option("Item 1")
        expect(task.get_by_role("tree")).to_contain_text("eight")
        assert page.violations() == []
        page.page.locator("#gate-output").fill('"second"')
        button.click()
        expect(of(page, "Approve")).to_contain_text("1 of 2 items")
        expect(button).to_be_disabled()
        choice.select_option("Item 0")
        expect(task.get_by_role("tree")).to_contain_text("seven")
        expect(page.page.locator("#gate-output")).to_have_value("")
        page.page.locator("#gate-output").fill('"first"')
        button.click()
        page.status("The run completed")
        expect(page.page.get_by_text("cannot be used any more")).to_have_count(0)
        expect(task.get_by_role("tree")).to_contain_text("second")
        (kept,) = running.client.get("runs").json()["items"]
        assert running.client.get(f"runs/{kept['id']}/value").json() == ["first", "second"]


def test_a_run_whose_server_goes_away_is_said_and_goes_on(
    tmp_path: Path, folder: Path, browser: Browser, server: RawServer, api: Api
) -> None:
    """The page says that the server went away and that the run can go on. The next server lists it
    as interrupted, in any tab.
    """
    (folder / "flow.json").write_text(json.dumps(flow(server.url)), "utf-8")
    api.held.add("/B")
    with running_designer(tmp_path, workflows=folder) as first:
        opened = designer_page(browser, first.url, quiet=False)
        page = opened.__enter__()
        page.page.locator("#sample-input").fill('{"of": 7}')
        run(page)
        expect(of(page, "B")).to_contain_text("running")
    page.status("went away during the run")
    expect(page.page.locator(".runs .note.error").first).to_contain_text("What had ended is kept")
    expect(of(page, "B")).to_contain_text("stopped")
    opened.__exit__(None, None, None)
    with (
        running_designer(tmp_path, workflows=folder) as second,
        designer_page(browser, second.url) as later,
    ):
        later.named("tab", "Runs").click()
        kept = later.page.locator(".kept li")
        expect(kept).to_contain_text("interrupted at B")
        kept.get_by_role("button").click()
        later.named("button", "Go on").click()
        later.status("The run completed")
    assert api.asked == ["/A", "/B", "/B"]


def test_two_tabs_follow_one_run(
    designer: RunningDesigner, page: DesignerPage, browser: Browser, api: Api
) -> None:
    """The second tab finds the run in the list, follows it, and may stop it; the first one sees
    that.
    """
    api.held.add("/B")
    run(page)
    expect(of(page, "B")).to_contain_text("running")
    with designer_page(browser, designer.url) as other:
        other.named("tab", "Runs").click()
        other.page.locator(".kept li").get_by_role("button").click()
        expect(of(other, "B")).to_contain_text("running")
        other.page.locator("#stop-run").click()
        other.status("it can go on")
    page.status("it can go on")
    expect(of(page, "B")).to_contain_text("stopped")


def test_a_large_output_is_drawn_as_far_as_it_is_opened(page: DesignerPage, api: Api) -> None:
    """Ten thousand items are a line until somebody opens them, and then a hundred."""
    api.large = [{"number": number, "text": "x" * 300} for number in range(10_000)]
    run(page)
    page.status("The run completed")
    items = page.page.get_by_label("The task B", exact=True).get_by_role("treeitem")
    items.filter(has_text="body").first.click()
    items.filter(has_text="large").first.click()
    expect(items.filter(has_text="more")).to_be_visible()
    assert items.count() < 130


def test_nothing_is_done_to_a_workflow_before_it_is_there(
    tmp_path: Path, folder: Path, browser: Browser
) -> None:
    """Keys that come before the server's answer run and save nothing; what is typed while another
    workflow is on its way stays with the one that it was typed into.
    """
    tasks = {"Rest": {"type": "Wait", "seconds": 0.01, "end": True}}
    for name in ("one", "two"):
        definition = {"name": name, "startTask": "Rest", "tasks": tasks}
        (folder / f"{name}.json").write_text(json.dumps(definition), "utf-8")
    with (
        running_designer(tmp_path, workflows=folder) as running,
        designer_page(browser, running.url) as page,
    ):
        title = page.page.get_by_role("heading", level=1)
        workflow = page.page.get_by_label("Workflow", exact=True).last
        rest = page.page.locator(".task-name").filter(has_text="Rest")
        expect(title).to_have_text("one")
        duration = page.page.get_by_label("Seconds", exact=True)
        with page.held_back("**/workflows/two"):
            workflow.select_option("two")
            page.status("Opening “two” …")
            rest.click()
            duration.fill("0.07")
            duration.blur()
        expect(title).to_have_text("two")
        workflow.select_option("one")
        expect(title).to_have_text("one")
        rest.click()
        expect(duration).to_have_value("0.07")
        sent: list[str] = []
        page.page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
        with page.held_back("**/workflows/one"):
            page.page.goto(running.url)
            expect(page.page.get_by_role("status").first).to_have_text("Loading …")
            run(page)
            page.page.keyboard.press("Control+s")
        expect(title).to_have_text("one")
        assert [each for each in sent if re.match("PUT|POST .*/runs$", each)] == []
        run(page)
        page.status("The run completed")
