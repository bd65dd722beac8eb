"""The designer's page: where test requests go, the form of the sample input, and tasks that run
another definition, in a real browser.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

import servers
from designer import running_designer
from designer_page.browser import DesignerPage, designer_page
from servers import RawServer
from tasks import http

SCHEMA = {
    "type": "object",
    "required": ["customer"],
    "properties": {
        "customer": {"type": "integer", "description": "Whose things.", "examples": [7]},
        "state": {"enum": ["open", "done"], "default": "open"},
        "pin": {"type": "string", "format": "password"},
    },
}
SECRET = "s3cr3t-of-mine"


@pytest.fixture
def server() -> Iterator[RawServer]:
    with servers.raw_server(servers.respond(servers.response(b"{}", servers.JSON))) as running:
        yield running


@pytest.fixture
def page(
    tmp_path: Path, folder: Path, server: RawServer, browser: Browser
) -> Iterator[DesignerPage]:
    """The page, with a definition that has an input, two environments, and another definition."""
    task = http(
        "https://api.acme.example/things",
        request={"method": "GET", "query": {"customer": "${$.customer}", "state": "${$.state}"}},
        inputParameters={"customer": "${$.input.customer}", "state": "${$.input.state}"},
    )
    flow = {"name": "flow", "startTask": "Get", "inputSchema": SCHEMA, "tasks": {"Get": task}}
    billing = {
        "name": "Bill a customer",
        "startTask": "End",
        "inputSchema": {
            "type": "object",
            "required": ["amount"],
            "properties": {
                "amount": {"type": "integer"},
                "note": {"type": "string"},
                "pin": {"type": "string", "format": "password"},
            },
        },
        "tasks": {"End": {"type": "Terminate", "terminationStatus": "Completed"}},
    }
    (folder / "environments").mkdir()
    files: dict[str, Any] = {
        "flow": flow,
        "zz-billing": billing,
        "environments/staging": {
            "colour": "green",
            "description": "for tests",
            "servers": {"https://api.acme.example": f"{server.url}/base"},
        },
        "environments/production": {"live": True, "colour": "green"},
        "environments/broken": {"colours": 1},
    }
    for name, value in files.items():
        (folder / f"{name}.json").write_text(json.dumps(value), "utf-8")
    with (
        running_designer(tmp_path, workflows=folder) as running,
        designer_page(browser, running.url) as shown,
    ):
        yield shown


def picker(page: DesignerPage) -> Any:
    return page.page.get_by_label("Environment", exact=True)


def test_a_test_request_goes_to_the_chosen_environment(
    page: DesignerPage, server: RawServer
) -> None:
    """The environment is chosen by name, its colour beside it; its address is shown before it is
    sent, the choice survives a reload, and a broken file cannot be chosen and says what is wrong.
    A live one has a red edge, whatever colour its file names: on each kind of task, on the runs,
    and on the button that starts one.
    """
    expect(picker(page).locator("option")).to_have_text(
        [
            "none: as the definition says",
            "broken (its file is broken)",
            "production",
            "staging (for tests)",
        ]
    )
    expect(picker(page).locator("option").nth(1)).to_have_attribute("disabled", "")
    expect(page.page.locator(".environment .problem")).to_contain_text("broken: ")
    expect(page.page.locator(".environment .problem")).to_contain_text("colours")
    picker(page).select_option("production")
    expect(page.page.locator(".environment .tag")).to_have_text("live")
    head = page.page.locator(".head")
    red = re.compile(r"rgb\((1[5-9]|2[0-5])\d, \d{1,2}, \d{1,2}\)")
    expect(head).to_have_css("border-bottom-width", "2px")
    expect(head).to_have_css("border-bottom-color", red)
    expect(page.page.locator(".swatch")).to_have_css("background-color", red)
    expect(page.named("button", "Run workflow")).to_have_css("border-top-color", red)
    page.named("tab", "Runs").click()
    expect(page.page.locator(".runs > .toolbar")).to_have_css("border-bottom-color", red)
    assert page.violations() == []
    page.add_task("Wait")
    expect(head).to_contain_text("Wait")
    expect(head).to_have_css("border-bottom-color", red)
    page.named("button", "Undo").click()
    picker(page).select_option("staging")
    expect(page.page.locator(".environment .tag")).to_have_count(0)
    expect(head).to_have_css("border-bottom-color", "rgb(0, 128, 0)")
    expect(page.page.locator("#environment-address")).to_have_text(
        f"This request goes to {server.url}/base/things"
    )
    expect(page.page.locator(".swatch")).to_be_visible()
    page.load()
    expect(picker(page)).to_have_value("staging")
    assert page.violations() == []
    page.send()
    (received,) = server.received
    assert received.startswith(b"GET /base/things?customer=7&state=open HTTP/1.1")


def test_the_sample_input_is_a_form_where_the_definition_describes_it(
    page: DesignerPage, server: RawServer
) -> None:
    """The fields are those of the schema, filled with its samples; the same input can be written as
    JSON, and back. A secret is a sign there, is sent, and is not kept for a reload.
    """
    picker(page).select_option("staging")
    customer = page.at("/input/customer")
    expect(customer).to_have_value("7")
    customer.fill("8")
    page.at("/input/state").select_option(label="done")
    page.page.get_by_label("Optional fields").get_by_role("button", name="pin").click()
    page.at("/input/pin").fill(SECRET)
    page.page.get_by_role("button", name="Write it as JSON").click()
    text = page.page.get_by_label("Sample input")
    assert json.loads(text.input_value()) == {"customer": 8, "state": "done", "pin": "•••"}
    text.fill('{"customer": 9, "pin": "•••"}')
    page.page.get_by_role("button", name="Use the form").click()
    expect(page.at("/input/customer")).to_have_value("9")
    expect(page.at("/input/pin")).to_have_value(SECRET)
    page.page.get_by_role("button", name="Write it as JSON").click()
    with page.page.expect_request("**/test-requests") as asked:
        page.send()
    assert asked.value.post_data_json["inputs"]["input"] == {"customer": 9, "pin": SECRET}
    (received,) = server.received
    assert received.startswith(b"GET /base/things?customer=9&state=open HTTP/1.1")
    stored = page.stored()
    assert "customer" in stored
    assert SECRET not in stored + page.text()


def test_what_a_run_would_not_take_is_said_below_the_sample_input(page: DesignerPage) -> None:
    """The input is checked by the definition's schema while it is typed, in the form and as JSON."""
    refused = page.page.locator('[id^="refused-input-problem"]')
    expect(page.at("/input/customer")).to_have_value("7")
    expect(refused).to_have_count(0)
    page.at("/input/customer").fill("x")
    expect(refused).to_contain_text("customer")
    page.page.get_by_role("button", name="Write it as JSON").click()
    page.page.get_by_label("Sample input").fill('{"state": "open"}')
    expect(refused).to_contain_text("'customer' is required")
    page.page.get_by_label("Sample input").fill('{"customer": 8}')
    expect(refused).to_have_count(0)
    assert page.violations() == []


def test_a_task_that_runs_another_definition_is_added_and_checked(
    page: DesignerPage, folder: Path
) -> None:
    """It is added behind the open task, its definition chosen from those there are. Its input is a
    form of what that one takes, with values and expressions, or JSON, and is checked by it. Its
    secrets are signs in the JSON, and are not kept for a reload.
    """
    page.add_task("Workflow")
    chosen = page.page.get_by_label("Definition", exact=True)
    expect(chosen).to_have_value("zz-billing")
    expect(page.page.locator(".form")).to_contain_text("'amount' is required")
    amount = page.at("/inputParameters/amount")
    amount.fill("x")
    amount.fill("7")
    expect(page.page.locator(".form")).not_to_contain_text("'amount' is required")
    page.page.get_by_label("Optional fields").get_by_role("button", name="note").click()
    page.at("/inputParameters/note").fill("thanks")
    page.page.get_by_label("Optional fields").get_by_role("button", name="pin").click()
    page.at("/inputParameters/pin").fill(SECRET)
    assert "thanks" in page.stored()
    assert SECRET not in page.stored() + page.text()
    assert page.violations() == []
    as_json = page.named("button", "JSON for Input parameters")
    as_json.click()
    text = page.page.get_by_label("Input parameters as JSON")
    assert json.loads(text.input_value()) == {"amount": 7, "note": "thanks", "pin": "•••"}
    text.fill('{"amount": 7, "pin": "•••"}')
    as_json.click()
    expect(page.at("/inputParameters/pin")).to_have_value(SECRET)
    as_json.click()
    text.fill("[" * 400 + "]" * 400)
    expect(page.page.locator(".form")).to_contain_text("nested too deeply")
    text.fill('{"amount": 8}')
    as_json.click()
    expect(amount).to_have_value("8")
    amount.fill("$")
    page.page.keyboard.type(".input.customer")
    expect(page.page.get_by_text("= 7")).to_be_visible()
    page.page.keyboard.press("Escape")
    assert page.violations() == []
    page.page.keyboard.press("Control+s")
    page.status("Saved")
    tasks = json.loads((folder / "flow.json").read_text("utf-8"))["tasks"]
    assert tasks["Get"]["nextTask"] == "Run Bill a customer"
    assert tasks["Run Bill a customer"] == {
        "type": "Workflow",
        "definition": "zz-billing",
        "inputParameters": {"amount": "${$.input.customer}"},
        "end": True,
    }
