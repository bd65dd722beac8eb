"""Credentials in the designer: made, connected, tested; a secret never comes back to the page."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from keyring.errors import KeyringLocked

import servers
from designer import PATIENT, RunningDesigner, events_of, running_designer
from keyrings import memory_keyring
from token_server import TokenServer, login_endpoint, token_server

SECRET = "c4n4ry-secret-9b1f"


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with token_server() as running:
        yield running


@pytest.fixture
def designer(tmp_path: Path, file: Path, server: TokenServer) -> Iterator[RunningDesigner]:
    with running_designer(tmp_path, endpoints=[login_endpoint(server, read="Read")]) as running:
        yield running


def made(designer: RunningDesigner, server: TokenServer) -> dict[str, Any]:
    """Make the credential that the endpoint describes, and return it as the page has it."""
    offered = designer.client.get("credential-schemes", params={"endpoint": "acme-me-get"}).json()
    (scheme,) = [each for each in offered["schemes"] if each["type"] == "oauth2"]
    assert scheme["fits"]
    assert offered["origins"] == [server.url]
    fields = scheme["prefill"] | {"clientId": "me", "clientSecret": SECRET}
    body = {"type": "oauth2", "fields": fields, "origins": offered["origins"]}
    answer = designer.client.put("credentials/crm", json=body)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def test_a_credential_is_made_for_what_the_endpoint_describes(
    designer: RunningDesigner, server: TokenServer, file: Path
) -> None:
    """Type, addresses, grant and scopes are prefilled from the security scheme."""
    shown = made(designer, server)
    assert shown == {
        "name": "crm",
        "type": "oauth2",
        "fields": {
            "grant": "authorizationCode",
            "tokenUrl": server.url + "/token",
            "authorizationUrl": server.url + "/authorize",
            "scopes": ["read"],
            "clientId": "me",
        },
        "secrets": ["/clientSecret"],
        "origins": [server.url],
        "source": "file",
    }
    assert json.loads(file.read_text())["crm"]["clientSecret"] == SECRET
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_left_out_is_kept(
    designer: RunningDesigner, server: TokenServer, file: Path
) -> None:
    """An edit without the secret keeps it; another type begins anew; null takes a field away."""
    shown = made(designer, server)
    body = {
        "type": "oauth2",
        "fields": shown["fields"] | {"scopes": None},
        "origins": shown["origins"],
    }
    new = designer.client.put("credentials/crm", json=body, headers={"If-None-Match": "*"})
    assert new.status_code == 422
    assert "there is a credential 'crm' already, and it is left as it is" in new.json()["detail"]
    changed = designer.client.put("credentials/crm", json=body).json()
    assert changed["secrets"] == ["/clientSecret"]
    assert "scopes" not in changed["fields"]
    assert json.loads(file.read_text())["crm"]["clientSecret"] == SECRET
    refused = designer.client.put("credentials/crm", json={"type": "bearer", "fields": {}})
    assert refused.status_code == 422
    assert "'token' is missing" in refused.json()["detail"]
    assert designer.client.delete("credentials/crm").status_code == 204
    assert json.loads(file.read_text()) == {}
    assert designer.client.get("credentials/crm").status_code == 404


@pytest.mark.parametrize(
    ("fields", "origins", "member"),
    [
        ({}, [], "origins"),
        ({}, ["https://api.example", "SERVER"], "origins"),
        ({"tokenUrl": "https://thief.example/token"}, ["SERVER"], "tokenUrl"),
        ({"issuer": "https://thief.example"}, ["SERVER"], "issuer"),
    ],
)
def test_a_kept_secret_goes_nowhere_else(
    designer: RunningDesigner,
    server: TokenServer,
    file: Path,
    fields: dict[str, Any],
    origins: list[str],
    member: str,
) -> None:
    """Who may use the page, and does not know a secret, cannot send it to a server of their own."""
    shown = made(designer, server)
    stored = file.read_text()
    moved = [server.url if origin == "SERVER" else origin for origin in origins]
    body = {"type": "oauth2", "fields": shown["fields"] | fields, "origins": moved}
    refused = designer.client.put("credentials/crm", json=body)
    assert refused.status_code == 422
    assert f"'{member}' changes where the credential goes" in refused.json()["detail"]
    assert file.read_text() == stored
    body["fields"] = body["fields"] | {"clientSecret": "another-secret-1"}
    assert designer.client.put("credentials/crm", json=body).status_code == 200


def test_a_secret_that_is_written_again_may_go_elsewhere(designer: RunningDesigner) -> None:
    """Of any kind, one that has no token too."""
    for origin in ("https://a.example", "https://b.example"):
        body = {"type": "bearer", "fields": {"token": "abc-12345"}, "origins": [origin]}
        assert designer.client.put("credentials/simple", json=body).status_code == 200
    assert designer.client.get("credentials/simple").json()["origins"] == ["https://b.example"]


def test_a_rate_limit_outlives_an_edit(
    designer: RunningDesigner, server: TokenServer, file: Path
) -> None:
    """The page has no field for it, and loses nothing that was written."""
    shown = made(designer, server)
    document = json.loads(file.read_text())
    document["crm"]["rateLimit"] = {"requests": 5, "seconds": 1}
    file.write_text(json.dumps(document))
    assert "rateLimit" not in designer.client.get("credentials/crm").json()["fields"]
    body = {"type": "oauth2", "fields": shown["fields"], "origins": shown["origins"]}
    assert designer.client.put("credentials/crm", json=body).status_code == 200
    assert json.loads(file.read_text())["crm"]["rateLimit"] == {"requests": 5, "seconds": 1}


def test_the_environment_is_not_written(
    designer: RunningDesigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A credential of the environment is listed, and neither shown nor removed."""
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_CRM", SECRET)
    (item,) = designer.client.get("credentials").json()["items"]
    assert item["writable"] is False
    assert designer.client.get("credentials/crm").status_code == 403
    assert designer.client.delete("credentials/crm").status_code == 403


def connected(designer: RunningDesigner, browser: httpx.Client) -> dict[str, Any]:
    """Ask for consent in *browser*, give it, and return how far it is."""
    asked = browser.post(designer.url + "api/v1/consents", json={"name": "crm"})
    assert asked.status_code == 201, asked.text
    browser.get(asked.json()["url"], follow_redirects=True)
    state: dict[str, Any] = browser.get(
        designer.url + f"api/v1/consents/{asked.json()['id']}"
    ).json()
    return state


def test_connect_test_and_restart(tmp_path: Path, file: Path, server: TokenServer) -> None:
    """Consent in the browser gives a token, which is used, and is there after a restart."""
    with (
        running_designer(tmp_path, endpoints=[login_endpoint(server, read="Read")]) as designer,
        httpx.Client(**PATIENT) as browser,
    ):
        made(designer, server)
        untested = designer.client.post("credential-tests", json={"name": "crm"}).json()
        assert untested["accepted"] is False
        assert connected(designer, browser)["state"] == "connected"
        assert server.asked_consent["redirect_uri"] == designer.url + "oauth/callback"
        assert server.asked_consent["code_challenge_method"] == "S256"
    with running_designer(tmp_path) as designer:
        (item,) = designer.client.get("credentials").json()["items"]
        assert item["token"]["refreshes"] is True
        assert item["token"]["expired"] is False
        asked = {"name": "crm", "endpoint": "acme-me-get"}
        tested = designer.client.post("credential-tests", json=asked).json()
        assert (tested["accepted"], tested["status"]) == (True, 200)
        assert server.granted == 1


def test_the_callback_takes_one_answer_of_the_browser_that_asked(
    designer: RunningDesigner, server: TokenServer
) -> None:
    """Another browser, another state, a second time and another host are refused, and end nothing;
    a refusal is said.
    """
    made(designer, server)
    with httpx.Client(**PATIENT) as browser, httpx.Client(**PATIENT) as stranger:
        asked = browser.post(designer.url + "api/v1/consents", json={"name": "crm"}).json()
        back = stranger.get(asked["url"]).headers["location"]
        look = designer.url + f"api/v1/consents/{asked['id']}"
        assert stranger.get(back).status_code == 400
        assert browser.get(back.replace("state=", "state=x")).status_code == 400
        assert browser.get(back, headers={"Host": "evil.example"}).status_code == 403
        assert browser.get(back, headers={"Origin": "https://evil.example"}).status_code == 403
        assert browser.get(look).json() == {"state": "waiting"}
        assert browser.get(back).text == "Connected. You can close this window."
        assert browser.get(back).status_code == 400
        assert server.granted == 1
        server.refuses_consent = True
        state = connected(designer, browser)
        assert state["state"] == "failed"
        assert "consent was refused" in state["message"]


def test_a_device_is_connected_without_a_browser(
    designer: RunningDesigner, server: TokenServer
) -> None:
    """The page shows a code, and hears when it was entered."""
    server.is_code_entered = False
    fields = {
        "grant": "deviceCode",
        "clientId": "me",
        "tokenUrl": server.url + "/token",
        "deviceAuthorizationUrl": server.url + "/device",
    }
    designer.client.put("credentials/tv", json={"type": "oauth2", "fields": fields})
    asked = designer.client.post("consents", json={"name": "tv"}).json()
    assert (asked["userCode"], asked["url"]) == ("WDJB-MJHT", server.url + "/enter")
    assert designer.client.get(f"consents/{asked['id']}").json() == {"state": "waiting"}
    server.is_code_entered = True
    while (state := designer.client.get(f"consents/{asked['id']}").json()["state"]) == "waiting":
        pass
    assert state == "connected"
    assert designer.client.delete(f"consents/{asked['id']}").status_code == 204


def test_only_the_callback_needs_no_token(tmp_path: Path, file: Path, server: TokenServer) -> None:
    """The page's token guards every new route; the callback is checked by state and cookie."""
    with running_designer(tmp_path, token="a-token-nobody-guesses") as designer:
        for path in ("credentials", "credentials/crm", "credential-schemes", "consents/x"):
            answer = httpx.get(designer.url + "api/v1/" + path, **PATIENT)
            assert answer.status_code == 401, path
        for path in ("consents", "credential-tests", "credential-moves"):
            answer = httpx.post(designer.url + "api/v1/" + path, json={"name": "crm"}, **PATIENT)
            assert answer.status_code == 401, path
        assert httpx.get(designer.url + "oauth/callback?state=x", **PATIENT).status_code == 400
        assert httpx.get(designer.url + "oauth/other", **PATIENT).status_code == 401


def test_no_route_answers_a_secret(designer: RunningDesigner, server: TokenServer) -> None:
    """A canary in every secret and in every token: no route answers it, whatever it is asked."""
    answers: list[str] = []
    designer.client.event_hooks["response"].append(
        lambda response: answers.append(response.read().decode() + str(response.headers))
    )
    made(designer, server)
    secret = {"type": "basic", "fields": {"username": "ann", "password": SECRET}}
    designer.client.put("credentials/pair", json=secret)
    designer.client.put("credentials/pair", json=secret | {"type": "bearer"})
    designer.client.put("credentials/pair", json=secret | {"origins": ["c4n4ry"]})
    with httpx.Client(**PATIENT) as browser:
        browser.event_hooks["response"].append(
            lambda response: answers.append(response.read().decode())
        )
        connected(designer, browser)
    for path in (
        "credentials",
        "credentials/crm",
        "credentials/pair",
        "credential-schemes",
        "config",
    ):
        designer.client.get(path)
    for name in ("crm", "pair"):
        designer.client.post("credential-tests", json={"name": name, "url": server.url + "/me"})
    server.revoke()
    designer.client.post("credential-tests", json={"name": "pair", "url": server.url + "/me"})
    assert len(answers) > 12
    assert "c4n4ry" not in "".join(answers).replace("origin 'c4n4ry'", "")


def test_a_test_request_shows_what_authorising_took(
    designer: RunningDesigner, server: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token requests stand before the hop they were for, masked; a 401 is a challenge, and the
    request goes out again.
    """
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_APP", server.credential())
    task = {
        "type": "Http",
        "httpRequest": {"url": server.url + "/me"},
        "credentials": "app",
        "end": True,
    }
    first = events_of(designer, {"task": task, "inputs": {}})[-1][1]
    server.revoke()
    second = events_of(designer, {"task": task, "inputs": {}})[-1][1]
    (attempt,) = first["attempts"]
    (token,) = attempt["subExchanges"]
    assert (token["kind"], token["beforeHop"], token["status"]) == ("token", 0, 200)
    assert token["request"]["url"] == server.url + "/token"
    (attempt,) = second["attempts"]
    assert [hop["status"] for hop in attempt["hops"]] == [401, 200]
    assert [hop.get("challenged") for hop in attempt["hops"]] == [True, None]
    assert [each["beforeHop"] for each in attempt["subExchanges"]] == [1]
    assert "c4n4ry" not in json.dumps([first, second])


# What to do about a refusal


def refused_by(
    designer: RunningDesigner, task: dict[str, Any]
) -> tuple[str, dict[str, Any] | None]:
    """Return how a test request of *task* ended, and what is offered then."""
    event, data = events_of(designer, {"task": task, "inputs": {}})[-1]
    return event, data.get("authorisation")


@pytest.mark.parametrize(
    ("lines", "offer"),
    [
        (['Basic realm="x"'], {"type": "basic", "challenges": ["basic"]}),
        (['Bearer realm="x", error="invalid_token"'], {"type": "bearer", "challenges": ["bearer"]}),
        (
            ['Basic realm="x"', 'Digest realm="x", nonce="1", qop="auth"'],
            {"type": "digest", "challenges": ["basic", "digest"]},
        ),
        (["Negotiate"], {"challenges": ["negotiate"]}),
        ([], {"challenges": []}),
    ],
    ids=["basic", "bearer", "several", "unknown", "none"],
)
def test_a_401_says_which_credential_it_asks_for(
    designer: RunningDesigner, lines: list[str], offer: dict[str, Any]
) -> None:
    """By `WWW-Authenticate` (RFC 9110, section 11.6.1), the strongest that we can answer; and the
    origin that it would be for.
    """
    headers = [("WWW-Authenticate", line) for line in lines]
    answer = servers.response(b"{}", *headers, status="401 Unauthorized")
    with servers.raw_server(servers.respond(answer)) as api:
        event, offered = refused_by(designer, {"type": "Http", "httpRequest": {"url": api.url}})
        assert (event, offered) == ("response", offer | {"origin": api.url})
        no_401 = servers.respond(servers.OK)
    with servers.raw_server(no_401) as api:
        task = {"type": "Http", "httpRequest": {"url": api.url}}
        assert refused_by(designer, task) == ("response", None)


def test_what_the_endpoint_describes_goes_before_a_challenge(
    designer: RunningDesigner, server: TokenServer
) -> None:
    """Its OAuth flow says more than `Bearer` does. So it is where no token could be had: then
    nothing was asked.
    """
    task = {
        "type": "Http",
        "endpoint": "acme-me-get",
        "httpRequest": {"url": server.url + "/me", "method": "GET"},
    }
    assert refused_by(designer, task) == ("response", {"challenges": [], "origin": server.url})
    made(designer, server)
    offer = {"challenges": [], "origin": server.url}
    assert refused_by(designer, task | {"credentials": "crm"}) == ("error", offer)
    assert refused_by(designer, task | {"credentials": "nobody"}) == ("error", offer)
    (item,) = designer.client.get("credentials").json()["items"]
    assert item["connects"] is True


# Names and stores


@pytest.mark.parametrize("name", ["team/crm", "a b?c#d%2F", "../x", "/a/", "ünïcode/✓", "a//b"])
def test_a_name_may_hold_anything(designer: RunningDesigner, file: Path, name: str) -> None:
    """A slash, and whatever else means something in a URL: it is made, shown, changed, removed."""
    path = "credentials/" + quote(name, safe="")
    body = {"type": "bearer", "fields": {"token": SECRET}, "origins": ["https://a.example"]}
    made = designer.client.put(path, json=body)
    assert (made.status_code, made.json().get("name")) == (200, name), made.text
    assert list(json.loads(file.read_text())) == [name]
    assert designer.client.get(path).json()["secrets"] == ["/token"]
    assert designer.client.delete(path).status_code == 204
    assert json.loads(file.read_text()) == {}


def test_a_credential_moves_with_its_secrets(
    designer: RunningDesigner, server: TokenServer, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server does it: file to keyring and back, with its token, and nothing secret in an
    answer. One of its name there is not written over.
    """
    with memory_keyring() as keys, httpx.Client(**PATIENT) as browser:
        made(designer, server)
        assert connected(designer, browser)["state"] == "connected"
        stored = json.loads(file.read_text())["crm"]

        def move(source: str) -> httpx.Response:
            body = {"name": "crm", "source": source}
            return designer.client.post("credential-moves", json=body)

        answer = move("keyring")
        assert (answer.status_code, answer.json()["source"]) == (200, "keyring")
        assert "token" in answer.json()
        assert "c4n4ry" not in answer.text
        assert json.loads(file.read_text()) == {}
        assert json.loads(keys.entries["httptask", "crm"]) == stored
        assert move("file").json()["source"] == "file"
        assert json.loads(file.read_text())["crm"] == stored
        assert ("httptask", "crm") not in keys.entries
        keys.set_password("httptask", "crm", json.dumps(stored))
        assert "already" in move("keyring").json()["detail"]
        assert json.loads(file.read_text())["crm"] == stored
        keys.failure = KeyringLocked("no")
        assert "keyring failed" in move("keyring").json()["detail"]
        assert json.loads(file.read_text())["crm"] == stored
        keys.failure = None
        keys.entries.clear()
        monkeypatch.setattr(keys, "set_password", lambda *given: None)
        assert "did not keep 'crm'" in move("keyring").json()["detail"]
        assert json.loads(file.read_text())["crm"] == stored
    missing = designer.client.post("credential-moves", json={"name": "x", "source": "file"})
    assert missing.status_code == 404
