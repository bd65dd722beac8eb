"""The designer's page: a task waits for a call of the designer's own server, in a real browser."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Browser, expect

from calling import call, calling_api, export
from designer import running_designer
from designer_page.browser import designer_page
from worlds import workflow


def test_the_page_shows_what_is_waited_for(tmp_path: Path, folder: Path, browser: Browser) -> None:
    """The visit says that it waits for a callback, and until when; the URL is copied whole, and
    its secret part stands nowhere in the page; Stop ends the wait, Go on waits again, and the call
    ends it. A test request waits and is stopped likewise, and shows what came. The preview has a
    placeholder.
    """
    with calling_api() as api:
        definition = workflow("Export", {"Export": export(api)})
        (folder / "flow.json").write_text(json.dumps(definition), "utf-8")
        with (
            running_designer(tmp_path, workflows=folder) as designer,
            designer_page(browser, designer.url, quiet=False) as page,
        ):
            page.page.keyboard.press("Control+Shift+Enter")
            visit = page.page.locator(".visits li")
            expect(visit).to_contain_text("waiting for a callback, until")
            url = api.next_url()
            page.named("button", "Copy URL").click()
            page.status("The callback URL: copied.")
            assert page.copied() == url
            assert url.rpartition("/")[2] not in page.text()
            assert page.violations() == []
            page.page.keyboard.press("Escape")
            page.status("it can go on")
            assert call(url)[0] == 410
            page.named("button", "Go on").click()
            expect(visit).to_contain_text("waiting for a callback, until")
            assert call(url)[0] == 202
            page.status("The run completed")
            assert len(api.came) == 1
            # A test request, stopped at first.
            for is_stopped in (True, False):
                page.page.keyboard.press("Control+Enter")
                expect(page.page.locator(".summary strong")).to_contain_text(
                    "Waiting for a callback"
                )
                url = api.next_url()
                page.page.set_viewport_size({"width": 390, "height": 844})
                # On a phone a tab says so, whatever the last one was answered.
                expect(page.named("button", "Response under way")).to_be_visible()
                assert page.violations() == []
                page.page.set_viewport_size({"width": 1440, "height": 900})
                if is_stopped:
                    page.page.keyboard.press("Escape")
                    page.status("Cancelled after")
            assert call(url, '{"rows": 7}')[0] == 202
            expect(page.page.get_by_label("What came")).to_contain_text('"rows": 7')
            assert url.rpartition("/")[2] not in page.text() + page.stored()
            assert page.violations() == []
            page.named("tab", "Preview").click()
            expect(page.page.get_by_label("The request")).to_contain_text("callback.invalid")
