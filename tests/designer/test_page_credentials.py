"""The designer's page: a credential is made, connected and tested, in a real browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from designer import running_designer
from designer_page.browser import DesignerPage, designer_page
from token_server import login_endpoint, token_server

SECRET = "c4n4ry-secret-9b1f"


CERTIFICATE = "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nc4n4ry\n-----END PRIVATE KEY-----\n"


def a_certificate_is_picked(page: Page, folder: Path) -> None:
    """Its files are read as they are; what is no PEM is told; a key is never on the screen."""
    dialog = page.get_by_role("dialog", name="Credentials")
    dialog.get_by_role("button", name="New credential").click()
    dialog.get_by_label("Type", exact=True).select_option("jwt")
    expect(dialog.get_by_label("key.pem", exact=True)).to_have_attribute("type", "password")
    dialog.get_by_label("Type", exact=True).select_option("tls")
    dialog.get_by_label("Name", exact=True).fill("bank")
    (folder / "client.pem").write_text(CERTIFICATE)
    (folder / "key.pem").write_text(KEY)
    dialog.get_by_label("File for certificate").set_input_files(folder / "credentials.json")
    expect(dialog.get_by_text("credentials.json is no PEM")).to_be_visible()
    dialog.get_by_label("File for certificate").set_input_files(folder / "client.pem")
    dialog.get_by_label("File for key").set_input_files(folder / "key.pem")
    expect(dialog.get_by_text("From key.pem")).to_be_visible()
    dialog.get_by_role("button", name="Test", exact=True).click()
    expect(dialog.locator("button.entry", has_text="bank")).to_be_visible()
    expect(dialog.get_by_label("key", exact=True)).to_have_value("")


def a_typed_secret_becomes_a_credential(designer: DesignerPage, file: Path) -> None:
    """Beside the warning stands a button: the secret goes to the credential, filled in as it was to
    be sent, the task names that, and the field is empty. In a URL, a sentence says what to do.
    """
    designer.add_task("Own request")
    designer.at("/httpRequest/url").fill(f"https://api.acme.example/things?api_key={SECRET}")
    designer.at("/httpRequest/url").blur()
    expect(designer.page.get_by_text("Move the secret from the URL to a query")).to_be_visible()
    designer.at("/httpRequest/url").fill("https://api.acme.example/things")
    designer.entry("headers", "X-Api-Key", SECRET)
    designer.named("button", "Keep it as a credential").click()
    dialog = designer.page.get_by_role("dialog", name="Credentials")
    expect(dialog.get_by_label("Type", exact=True)).to_have_value("apiKey")
    expect(dialog.get_by_label("Send it only to")).to_have_value("https://api.acme.example")
    assert designer.violations() == []
    dialog.get_by_label("Name", exact=True).fill("acme")
    dialog.get_by_role("button", name="Save and use in this task").click()
    expect(dialog).to_be_hidden()
    expect(designer.at("/credentials")).to_have_value("acme")
    expect(designer.at("/httpRequest/headers/X-Api-Key")).to_have_value("")
    expect(designer.page.locator(".problem", has_text="looks like a secret")).to_have_count(0)
    made = json.loads(file.read_text())["acme"]
    assert [made[name] for name in ("type", "in", "name", "key")] == [
        *("apiKey", "header", "X-Api-Key"),
        SECRET,
    ]
    designer.named("button", "Copy JSON").click()
    designer.status("copied")
    task = json.loads(designer.copied())
    assert task["credentials"] == "acme"
    assert "X-Api-Key" not in task["httpRequest"].get("headers", {})


def test_a_credential_is_made_connected_tested_and_there_after_a_restart(
    tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The endpoint prefills it; consent opens in a window of its own; nothing of it comes back."""
    file = tmp_path / "credentials.json"
    monkeypatch.setenv("HTTPTASK_CREDENTIALS_FILE", str(file))
    with token_server() as server:
        with (
            running_designer(
                tmp_path, endpoints=[login_endpoint(server, title="Whose account it is")]
            ) as started,
            designer_page(browser, started.url) as designer,
        ):
            page = designer.page
            designer.pick("whose account")
            designer.named("button", "Credentials …").click()
            dialog = page.get_by_role("dialog", name="Credentials")
            expect(dialog.get_by_label("authorizationUrl", exact=True)).to_have_value(
                server.url + "/authorize"
            )
            expect(dialog.get_by_label("scopes", exact=True)).to_have_value("read")
            expect(dialog.get_by_label("Send it only to")).to_have_value(server.url)
            assert designer.violations() == []
            dialog.get_by_label("Name", exact=True).fill("crm")
            dialog.get_by_label("clientId", exact=True).fill("me")
            dialog.get_by_label("clientSecret", exact=True).fill(SECRET)
            with page.expect_popup() as opened:
                dialog.get_by_role("button", name="Connect", exact=True).click()
            expect(
                opened.value.get_by_text("Connected. You can close this window.")
            ).to_be_visible()
            expect(dialog.locator(".note", has_text="Connected")).to_contain_text("good until")
            secret = dialog.get_by_label("clientSecret", exact=True)
            expect(secret).to_have_value("")
            expect(secret).to_have_attribute("placeholder", "set; leave empty to keep it")
            dialog.get_by_role("button", name="Test", exact=True).click()
            expect(dialog.get_by_text("the server gave a token")).to_be_visible()
            assert designer.violations() == []
            dialog.get_by_role("button", name="Save and use in this task").click()
            expect(dialog).to_be_hidden()
            expect(designer.at("/credentials")).to_have_value("crm")
            designer.send()
            expect(page.get_by_text("200 OK").first).to_be_visible()
            assert SECRET in file.read_text()
            assert "c4n4ry" not in designer.text() + designer.stored() + page.content()
        with (
            running_designer(
                tmp_path, endpoints=[login_endpoint(server, title="Whose account it is")]
            ) as started,
            designer_page(browser, started.url) as designer,
        ):
            designer.pick("whose account")
            designer.named("button", "Credentials …").click()
            entry = designer.page.get_by_role("button", name="crm")
            expect(entry).to_contain_text("good until")
            entry.click()
            expect(designer.page.get_by_role("button", name="Connect again")).to_be_visible()
            a_certificate_is_picked(designer.page, tmp_path)
            assert designer.violations() == []
            made = json.loads(file.read_text())["bank"]
            assert (made["certificate"], made["key"]) == (CERTIFICATE, KEY)
            assert "c4n4ry" not in designer.text() + designer.stored() + designer.page.content()
            designer.page.keyboard.press("Escape")
            expect(designer.page.get_by_role("dialog")).to_be_hidden()
            a_typed_secret_becomes_a_credential(designer, file)
            assert "c4n4ry" not in designer.text() + designer.stored() + designer.page.content()
        assert server.granted == 1
