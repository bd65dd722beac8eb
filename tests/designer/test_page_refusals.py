"""The designer's page after a credential was refused, in a real browser: each way on is one click
away, and prefilled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

import servers
from designer import running_designer
from designer_page.browser import DesignerPage, designer_page
from httptask.model.api import Endpoint, Server
from keyrings import Keys, memory_keyring
from token_server import TokenServer, login_endpoint, token_server

SECRET = "c4n4ry-secret-9b1f"
SEVERAL = "Needs two keys"
PLAIN = "Says nothing of keys"


def challenging(scheme: str) -> servers.Handler:
    """Refuse who sends no credential, with a challenge of *scheme*."""

    def handler(peer: servers.Peer) -> bool:
        request = peer.read_request()
        if not request:
            return False
        if b"\r\nauthorization: " in request.lower():
            peer.sendall(servers.OK)
            return True
        challenge = ("WWW-Authenticate", f'{scheme} realm="x", nonce="1", qop="auth"')
        peer.sendall(servers.response(b"{}", challenge, status="401 Unauthorized"))
        return True

    return handler


def plain_endpoint(url: str, title: str, **fields: Any) -> Endpoint:
    name = title.split()[0].lower()
    return Endpoint(
        id=f"plain-{name}-get",
        provider="plain",
        method="GET",
        path=f"/{name}",
        title=title,
        servers=(Server(url),),
        **fields,
    )


def two_keys(url: str) -> Endpoint:
    """An endpoint that asks for two keys together."""
    schemes = {
        name: {"type": "apiKey", "in": "header", "name": name} for name in ("X-App", "X-User")
    }
    return plain_endpoint(
        url, SEVERAL, security=({"X-App": (), "X-User": ()},), security_schemes=schemes
    )


@pytest.fixture
def login() -> Iterator[TokenServer]:
    with token_server() as running:
        yield running


@pytest.fixture
def keys() -> Iterator[Keys]:
    with memory_keyring() as running:
        yield running


@pytest.fixture
def api() -> Iterator[servers.RawServer]:
    with servers.raw_server(challenging("Digest")) as running:
        yield running


@pytest.fixture
def designer(
    tmp_path: Path,
    browser: Browser,
    file: Path,
    keys: Keys,
    login: TokenServer,
    api: servers.RawServer,
) -> Iterator[DesignerPage]:
    endpoints = [
        login_endpoint(login, title="Whose account it is"),
        plain_endpoint(api.url, PLAIN),
        two_keys(api.url),
    ]
    with (
        running_designer(tmp_path, endpoints=endpoints) as started,
        designer_page(browser, started.url) as page,
    ):
        yield page


def dialog_of(designer: DesignerPage) -> Locator:
    return designer.page.get_by_role("dialog", name="Credentials")


def stored(file: Path, **credentials: Any) -> None:
    file.write_text(json.dumps(credentials))
    file.chmod(0o600)


def test_a_challenge_leads_to_the_credential_it_asks_for(
    designer: DesignerPage, api: servers.RawServer, file: Path
) -> None:
    """Where the description says nothing, the server does: its scheme, and its origin."""
    designer.pick(PLAIN)
    designer.send()
    note = designer.page.locator(".note", has_text="The server asks for a credential")
    expect(note).to_contain_text("It asks for Digest.")
    assert designer.violations() == []
    note.get_by_role("button", name="Make a credential").click()
    dialog = dialog_of(designer)
    expect(dialog.get_by_label("Type")).to_have_value("digest")
    expect(dialog.get_by_label("Send it only to")).to_have_value(api.url)
    dialog.get_by_label("Name", exact=True).fill("team/pair")
    dialog.get_by_label("username").fill("ann")
    dialog.get_by_label("password").fill(SECRET)
    dialog.get_by_role("button", name="Save and use in this task").click()
    expect(dialog).to_be_hidden()
    expect(designer.at("/credentials")).to_have_value("team/pair")
    designer.send()
    expect(designer.page.locator(".summary")).to_contain_text("200 OK")
    assert json.loads(file.read_text())["team/pair"]["password"] == SECRET
    assert "c4n4ry" not in designer.text() + designer.stored()


def test_a_refused_credential_is_edited_or_another_is_chosen(
    designer: DesignerPage, file: Path, api: servers.RawServer
) -> None:
    """The one that the task names is a click away, and so is the list of all."""
    header = {"type": "apiKey", "in": "header", "name": "X-Key", "key": SECRET}
    stored(file, wrong={**header, "origins": [api.url]}, other={**header, "origins": [api.url]})
    designer.pick(PLAIN)
    designer.at("/credentials").fill("wrong")
    designer.send()
    note = designer.page.locator(".note", has_text="The server does not accept wrong")
    note.get_by_role("button", name="Choose another").click()
    expect(designer.at("/credentials")).to_be_focused()
    note.get_by_role("button", name="Edit wrong").click()
    dialog = dialog_of(designer)
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("wrong")
    expect(dialog.get_by_label("Type")).to_have_value("apiKey")
    designer.page.keyboard.press("Escape")
    designer.at("/credentials").fill("nobody")
    designer.send()
    failed = designer.page.locator(".note", has_text="Nothing was sent")
    failed.get_by_role("button", name="Make nobody").click()
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("nobody")
    assert designer.violations() == []


def test_a_credential_without_a_valid_token_is_connected(
    designer: DesignerPage, file: Path, login: TokenServer
) -> None:
    """Nothing was sent for want of consent: one click leads to Connect."""
    stored(
        file,
        crm={
            "type": "oauth2",
            "grant": "authorizationCode",
            "tokenUrl": login.url + "/token",
            "authorizationUrl": login.url + "/authorize",
            "clientId": "me",
            "origins": [login.url],
        },
    )
    designer.pick("whose account")
    designer.at("/credentials").fill("crm")
    designer.send()
    failed = designer.page.locator(".note", has_text="Nothing was sent")
    expect(failed).to_contain_text("somebody has to consent")
    failed.get_by_role("button", name="Connect crm").click()
    dialog = dialog_of(designer)
    with designer.page.expect_popup():
        dialog.get_by_role("button", name="Connect", exact=True).click()
    expect(dialog.locator(".note", has_text="Connected")).to_contain_text("good until")
    dialog.get_by_role("button", name="Save and use in this task").click()
    designer.send()
    expect(designer.page.locator(".summary")).to_contain_text("200 OK")
    login.revoke()
    login.refresh = "another"
    designer.send()
    expect(designer.page.get_by_role("button", name="Connect crm again")).to_be_visible()


def device(login: TokenServer) -> dict[str, Any]:
    return {
        "type": "oauth2",
        "grant": "deviceCode",
        "clientId": "me",
        "tokenUrl": login.url + "/token",
        "deviceAuthorizationUrl": login.url + "/device",
        "origins": [login.url],
    }


def test_a_code_is_entered_on_another_device(
    designer: DesignerPage, file: Path, login: TokenServer
) -> None:
    """The code, its address and the time that is left stand there; it can be cancelled; the end is
    said. No window opens: there may be no browser to open it in.
    """
    stored(file, tv=device(login))
    login.is_code_entered = False
    login.answer = lambda given: (
        servers.response(json.dumps(given).encode(), servers.JSON)
        if login.is_code_entered
        else servers.response(
            b'{"error": "authorization_pending"}', servers.JSON, status="400 Bad Request"
        )
    )
    page = designer.page
    designer.pick("whose account")
    designer.at("/credentials").fill("tv")
    designer.named("button", "Credentials …").click()
    dialog = dialog_of(designer)
    connect = dialog.get_by_role("button", name="Connect", exact=True)
    tabs = len(page.context.pages)
    connect.click()
    consent = dialog.get_by_role("region", name="Consent")
    expect(consent.get_by_label("Code", exact=True)).to_have_text("WDJB-MJHT")
    expect(consent.get_by_role("link", name=login.url + "/enter")).to_be_visible()
    expect(consent.get_by_role("timer")).to_contain_text("0:5")
    assert designer.violations() == []
    assert len(page.context.pages) == tabs
    consent.get_by_role("button", name="Cancel").click()
    expect(consent).to_be_hidden()
    expect(dialog.locator(".note", has_text="Cancelled")).to_be_visible()
    connect.click()
    expect(consent).to_be_visible()
    login.is_code_entered = True
    expect(dialog.locator(".note", has_text="Connected")).to_contain_text("good until")
    expect(consent).to_be_hidden()
    assert "c4n4ry" not in designer.text() + designer.stored()


def test_a_device_that_is_refused_says_so(
    designer: DesignerPage, file: Path, login: TokenServer
) -> None:
    """The end that nobody wished for is said, too, and one may connect again."""
    stored(file, tv=device(login))
    login.answer = lambda given: servers.response(
        b'{"error": "access_denied"}', servers.JSON, status="400 Bad Request"
    )
    designer.pick("whose account")
    designer.at("/credentials").fill("tv")
    designer.named("button", "Credentials …").click()
    dialog = dialog_of(designer)
    dialog.get_by_role("button", name="Connect", exact=True).click()
    note = dialog.locator(".note", has_text="Not connected")
    expect(note).to_contain_text("consent was refused")
    expect(dialog.get_by_role("button", name="Connect", exact=True)).to_be_enabled()


def test_a_credential_is_moved_to_the_keyring(
    designer: DesignerPage, file: Path, keys: Keys
) -> None:
    """By its server: the browser has no secret to move."""
    secret = {"type": "bearer", "token": SECRET, "origins": ["https://a.example"]}
    stored(file, **{"team/bot": secret})
    designer.pick(PLAIN)
    designer.at("/credentials").fill("team/bot")
    designer.named("button", "Credentials …").click()
    dialog = dialog_of(designer)
    expect(dialog.get_by_label("Keep it in")).to_have_value("file")
    dialog.get_by_label("Keep it in").select_option("keyring")
    expect(dialog.locator(".note", has_text="Moved")).to_contain_text("the system keyring")
    assert json.loads(file.read_text()) == {}
    assert json.loads(keys.entries["httptask", "team/bot"]) == secret
    expect(dialog.get_by_role("button", name="team/bot")).to_contain_text("keyring")
    assert "c4n4ry" not in designer.text() + designer.stored()


def test_a_task_has_several_credentials(
    designer: DesignerPage, file: Path, api: servers.RawServer
) -> None:
    """Where a description asks for several together, the page says so; each has a line; the list
    is saved as one, and read again.
    """
    for_api = {"type": "apiKey", "key": SECRET, "in": "header", "origins": [api.url]}
    stored(file, app={**for_api, "name": "X-App"}, user={**for_api, "name": "X-User"})
    page = designer.page
    designer.pick(SEVERAL)
    designer.at("/credentials").fill("app")
    expect(page.get_by_text("The description asks for several together.")).to_be_visible()
    designer.named("button", "And another").click()
    expect(designer.at("/credentials/1")).to_be_focused()
    designer.at("/credentials/1").fill("user")
    assert designer.violations() == []
    designer.named("button", "Copy JSON").click()
    designer.status("copied")
    assert json.loads(designer.copied())["credentials"] == ["app", "user"]
    designer.send()
    assert b"x-app: " in api.received[-1].lower()
    assert b"x-user: " in api.received[-1].lower()
    # A line is emptied to type another name: the others stay where they are.
    designer.at("/credentials").fill("")
    expect(designer.at("/credentials/1")).to_have_value("user")
    designer.at("/credentials").fill("app")
    page.reload()
    expect(designer.at("/credentials/1")).to_have_value("user")
    designer.named("button", "Leave out credential 1").click()
    expect(designer.at("/credentials")).to_have_value("user")
    designer.named("button", "Copy JSON").click()
    designer.status("copied")
    assert json.loads(designer.copied())["credentials"] == "user"


def test_a_wait_for_a_limit_is_drawn(tmp_path: Path, browser: Browser, file: Path) -> None:
    """While it lasts, with its reason; and afterwards in the timeline, in a sentence."""
    once = servers.redirect("/next"), servers.respond(servers.OK)
    with (
        servers.raw_server(servers.sequence(*once)) as api,
        running_designer(tmp_path, endpoints=[plain_endpoint(api.url, PLAIN)]) as started,
        designer_page(browser, started.url) as designer,
    ):
        designer.pick(PLAIN)
        designer.add("Rate limit")
        for name, value in (("requests", "1"), ("seconds", "2")):
            field = designer.at(f"/rateLimit/{name}")
            if not field.is_visible():
                designer.named("button", name, exact=False).first.click()
            field.fill(value)
        designer.page.keyboard.press("Control+Enter")
        expect(designer.page.locator(".summary")).to_contain_text("Waiting: limited until 2")
        expect(designer.page.locator(".summary")).to_contain_text("200 OK")
        designer.named("tab", "Timeline").click()
        expect(designer.page.locator("#exchange-panel")).to_contain_text(
            "s for its turn: limited until 2"
        )
        assert designer.violations() == []
