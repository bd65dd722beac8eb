"""A HAR file becomes the tasks of the requests that a page sent to its API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from httptask.interchange import Imported, InterchangeError, read_requests
from httptask.model.credential import revealed
from interchange import recorder, sent_by_task


def headers(**values: str) -> list[dict[str, str]]:
    return [{"name": name.replace("_", "-"), "value": value} for name, value in values.items()]


def entry(
    url: str, method: str = "GET", media_type: str = "application/json", **members: Any
) -> dict[str, Any]:
    kind = members.pop("kind", None)
    request = {"method": method, "url": url, "httpVersion": "h2", "headers": [], **members}
    response = {"status": 200, "content": {"mimeType": media_type}}
    return {"request": request, "response": response, **({"_resourceType": kind} if kind else {})}


def read(*entries: Any) -> Imported:
    return read_requests(json.dumps({"log": {"version": "1.2", "entries": list(entries)}}))


def test_requests_to_the_api_are_kept_and_the_page_s_own_are_counted() -> None:
    """Pictures, scripts, styles, questions beforehand and sockets are left out, each with a
    reason.
    """
    imported = read(
        entry("https://h/app.js", media_type="application/javascript"),
        entry("https://h/logo.png", media_type="image/png"),
        entry("https://h/font", kind="font"),
        entry("https://h/api/a", "OPTIONS"),
        entry("data:image/png;base64,x"),
        entry("wss://h/socket"),
        entry("https://h/api/a?x=1", kind="xhr"),
        entry("https://h/api/logo.png", "DELETE"),
    )
    assert [task.name for task in imported.tasks] == ["GET /api/a", "DELETE /api/logo.png"]
    counts = {loss.params["reason"]["code"]: loss.params["count"] for loss in imported.losses}
    assert counts == {"page-load": 3, "preflight": 1, "not-http-url": 2}
    assert imported.losses[0].message.endswith(": 3 (images, scripts and styles of a page)")


def test_credentials_of_a_har_are_in_no_task() -> None:
    """Tokens, cookies, keys and passwords are moved; equal ones are one credential."""
    token = headers(authorization="Bearer very-hush-1", cookie="sid=hush-2; a=hush-3")
    login = {"mimeType": "application/json", "text": '{"user": "ann", "password": "hush-4"}'}
    imported = read(
        entry("https://api.shop.example/a?api_key=hush-5", headers=token),
        entry("https://api.shop.example/b", headers=token),
        entry("https://api.shop.example/login", "POST", postData=login),
    )
    shown = json.dumps(imported.to_json()) + repr(imported) + str(imported.credentials)
    assert "hush-" not in shown
    assert {name: revealed(dict(c.fields)) for name, c in imported.credentials.items()} == {
        "shop": {"token": "very-hush-1"},
        "shop-cookie": {"in": "header", "name": "Cookie", "key": "sid=hush-2; a=hush-3"},
        "shop-api-key": {"in": "query", "name": "api_key", "key": "hush-5"},
        "shop-password": {"in": "body", "name": "/password", "key": "hush-4"},
    }
    a, b, c = (task.task for task in imported.tasks)
    assert a["credentials"] == ["shop", "shop-cookie", "shop-api-key"]
    assert b["credentials"] == ["shop", "shop-cookie"]
    assert c["httpRequest"]["body"] == {"user": "ann"}


def test_a_secret_that_no_credential_can_carry_becomes_an_input_parameter() -> None:
    """In a list, or in a text that has no fields, its place is left open."""
    key = "sk_live_abcdefgh12345678"
    listed = {"mimeType": "application/json", "text": json.dumps({"keys": [key]})}
    text = {"mimeType": "text/plain", "text": f"key {key}"}
    imported = read(
        entry("https://h/a", "POST", postData=listed), entry("https://h/b", "POST", postData=text)
    )
    assert key not in json.dumps(imported.to_json())
    first, second = (task.task for task in imported.tasks)
    assert first["httpRequest"]["body"] == {"keys": ["${$.secret_keys}"]}
    assert second["httpRequest"]["body"] == "${$.secret_body}"
    assert all("secret-left-out" in [loss.code for loss in task.losses] for task in imported.tasks)


@pytest.mark.parametrize(
    ("data", "body"),
    [
        ({"mimeType": "application/json; charset=utf-8", "text": '{"a":[1]}'}, {"json": '{"a": [1]}'}),
        ({"mimeType": "application/x-www-form-urlencoded", "params": headers(a="x y", b="&")}, [("a", "x y"), ("b", "&")]),
        ({"mimeType": "application/x-www-form-urlencoded", "text": "a=x+y"}, [("a", "x y")]),
        ({"mimeType": "multipart/form-data; boundary=xx", "params": headers(a="1")}, [("a", None, "text/plain", b"1")]),
        ({"mimeType": "multipart/form-data; boundary=xx", "text": '--xx\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--xx--\r\n'}, [("a", None, "text/plain", b"1")]),
        ({"mimeType": "text/plain", "text": "hé"}, "hé".encode()),
    ],
)  # fmt: skip
def test_bodies_are_sent_as_they_were(data: dict[str, Any], body: Any, tmp_path: Path) -> None:
    """Text, or the list of fields where there is no text."""
    with recorder() as server:
        imported = read(entry(f"{server.url}/a", "POST", postData=data))
        assert sent_by_task(imported, server, tmp_path).body == body


def test_what_a_browser_says_of_itself_is_left_out() -> None:
    """Pseudo-headers and a connection's own go in silence, a browser's own with a note."""
    browser = headers(
        sec_fetch_mode="cors", sec_ch_ua="x", user_agent="Mozilla/5.0", accept_encoding="br"
    )
    imported = read(
        entry("https://h/a", headers=[{"name": ":authority", "value": "h"}, *browser, *headers(x_a="1")])
    )  # fmt: skip
    (task,) = imported.tasks
    assert task.task["httpRequest"]["headers"] == {"x-a": "1"}
    (loss,) = task.losses
    assert (loss.code, loss.params["names"]) == (
        "browser-headers",
        ["sec-fetch-mode", "sec-ch-ua", "user-agent"],
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"log": {}}', "holds no request to an API"),
        ('{"log": {"entries": [{"request": 1}, 2, {}]}}', "holds no request to an API"),
        ('{"log": {"entries": ', "neither a curl command nor a JSON document"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_har_that_is_none_is_refused_with_a_plain_sentence(text: str, sentence: str) -> None:
    """Whatever is in it, no exception of another kind comes out."""
    with pytest.raises(InterchangeError, match=sentence):
        read_requests(text)
