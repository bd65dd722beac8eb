"""The designer's page: a credential is made, connected and tested, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from designer import running_designer
from designer_page.browser import designer_page
from token_server import login_endpoint, token_server

SECRET = "c4n4ry-secret-9b1f"


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
            designer.page.keyboard.press("Escape")
            expect(designer.page.get_by_role("dialog")).to_be_hidden()
        assert server.granted == 1
