"""Who may talk to the designer, and what no answer of it may let a browser do."""

from __future__ import annotations

import http.client
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from designer import (
    JSON,
    PATIENT,
    RunningDesigner,
    running_designer,
    serving,
    thing_endpoint,
    thing_task,
)
from httptask.designer import create_app, serve
from httptask.designer._serve import ServeError
from httptask.model.policy import Network
from imports import until
from servers import raw_server, respond, response

TOKEN = "a-token-that-nobody-guesses"


@pytest.fixture(scope="module")
def designer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesigner]:
    with running_designer(
        tmp_path_factory.mktemp("designer"), endpoints=[thing_endpoint("http://127.0.0.1:9")]
    ) as running:
        yield running


@pytest.fixture(scope="module")
def with_token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesigner]:
    folder = tmp_path_factory.mktemp("designer")
    with running_designer(
        folder, token=TOKEN, origins=["https://host.example"], hosts=["designer.example:8000"]
    ) as running:
        yield running


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


# Host


@pytest.mark.parametrize(
    "host",
    [
        "localhost:{port}",
        "127.0.0.1:{port}",
        "127.0.0.2:{port}",
        "127.255.255.254",
        "[::1]:{port}",
        "[0:0:0:0:0:0:0:1]",
        "LOCALHOST",
        "localhost",
    ],
)
def test_own_hosts(designer: RunningDesigner, host: str) -> None:
    """The names of this machine are the designer's own."""
    answer = designer.client.get("config", headers={"Host": host.format(port=designer.port)})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "127.0.0.1:{port}@evil.example",
        "0.0.0.0",
        "127.0.0.1]:{port}",
        "[127.0.0.1:{port}",
        "128.0.0.1",
        "127.1.evil.example",
        "",
    ],
)
@pytest.mark.parametrize("path", ["", "static/index.html", "api/v1/config", "api/v1/nothing"])
def test_foreign_hosts(designer: RunningDesigner, host: str, path: str) -> None:
    """A name that was made to point here (DNS rebinding) gets nothing, neither the page nor the
    API.
    """
    answer = httpx.get(
        designer.url + path, headers={"Host": host.format(port=designer.port)}, **PATIENT
    )
    assert (answer.status_code, slug(answer)) == (403, "wrong-host")


def test_two_hosts(designer: RunningDesigner) -> None:
    """Nobody may say two names."""
    with socket.create_connection(("127.0.0.1", designer.port)) as sock:
        sock.sendall(
            b"GET /api/v1/config HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection:"
            b" close\r\n\r\n"
        )
        assert sock.recv(4096).split(b" ")[1] in (b"400", b"403")


def test_host_of_the_operator(with_token: RunningDesigner) -> None:
    """A name that the operator gave is the designer's own, too; its neighbours are not."""
    own = with_token.client.get("config", headers={"Host": "designer.example:8000"})
    other = with_token.client.get("config", headers={"Host": "designer.example:8001"})
    assert (own.status_code, other.status_code) == (200, 403)


# Origin


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "config"), ("POST", "test-requests"), ("PUT", "workflows/a"), ("OPTIONS", "render")],
)
def test_foreign_origins(
    designer: RunningDesigner, method: str, path: str, headers: dict[str, str]
) -> None:
    """A page of another site may not ask the API anything, whatever the method, and is not told
    that it may.
    """
    answer = designer.client.request(method, path, headers=headers | JSON, content=b"{}")
    assert (answer.status_code, slug(answer)) == (403, "wrong-origin")
    assert "access-control-allow-origin" not in answer.headers


def test_own_origin(designer: RunningDesigner) -> None:
    """The designer's own page may."""
    headers = {"Origin": designer.url.rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert designer.client.get("config", headers=headers).status_code == 200


def test_a_link_opens_the_page(designer: RunningDesigner) -> None:
    """A link on another site may lead to the page; the page's files may not be used there."""
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    script = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert httpx.get(designer.url, headers=link, **PATIENT).status_code == 200
    assert httpx.get(designer.url, headers=script, **PATIENT).status_code == 403


def test_origin_of_the_operator(with_token: RunningDesigner) -> None:
    """A page of an origin that the operator gave may use the API, and the browser is told so
    (CORS).
    """
    headers = {"Origin": "https://host.example", "Sec-Fetch-Site": "cross-site"}
    preflight = httpx.options(
        with_token.url + "api/v1/workflows/a",
        headers=headers | {"Access-Control-Request-Method": "PUT"},
        trust_env=False,
    )
    assert preflight.status_code == 204
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert "If-Match" in preflight.headers["access-control-allow-headers"]
    answer = with_token.client.get("config", headers=headers)
    assert answer.headers["access-control-allow-origin"] == "https://host.example"
    assert "ETag" in answer.headers["access-control-expose-headers"]
    assert "Origin" in answer.headers["vary"]


# Token


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Cookie": "httptask-designer=wrong"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["", "?token=wrong", "api/v1/config", "static/index.html"])
def test_token_is_asked_for(
    with_token: RunningDesigner, path: str, headers: dict[str, str]
) -> None:
    """With a token, nothing is given away without it."""
    answer = httpx.get(with_token.url + path, headers=headers, **PATIENT)
    assert (answer.status_code, slug(answer)) == (401, "unauthorised")


def test_token_opens(with_token: RunningDesigner) -> None:
    """The token opens the API as a bearer token; given once in the page's address it becomes a
    cookie that scripts cannot read.
    """
    assert with_token.client.get("config").status_code == 200
    answer = httpx.get(with_token.url, params={"token": TOKEN}, **PATIENT)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    pair = cookie.partition(";")[0]
    assert (
        httpx.get(with_token.url + "api/v1/config", headers={"Cookie": pair}, **PATIENT).status_code
        == 200
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"host": "0.0.0.0"}, "token"),
        ({"host": "::"}, "token"),
        ({"host": "192.0.2.1"}, "token"),
        ({"host": "0.0.0.0", "token": "short", "hosts": ["a:1"]}, "16"),
        ({"host": "0.0.0.0", "token": TOKEN}, "--allow-host"),
        ({"host": "127.0.0.1", "token": ""}, "16"),
    ],
    ids=["any", "any-v6", "address", "short", "no-name", "empty"],
)
def test_others_only_with_a_token(options: dict[str, object], words: str) -> None:
    """A bind that others can reach is refused without a token that cannot be guessed, and without a
    name.
    """
    with pytest.raises(ServeError, match=re.escape(words)):
        serve(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("", "16"),
        ("short", "16"),
        (" " * 20, "blanks"),
        ("\t" * 20, "blanks"),
        ("a token that nobody guesses", "blanks"),
        ("\u2003" * 20, "blanks"),
        ("a" * 40, "1 different"),
        ("abcabcabcabcabcabc", "3 different"),
    ],
)
def test_tokens_that_could_be_guessed(token: str, words: str) -> None:
    """A token that could be guessed, or that no bearer token can be, is none, in a host's
    application either.
    """
    with pytest.raises(ValueError, match=words):
        create_app(token=token)


def test_port_in_use(designer: RunningDesigner) -> None:
    """A port that is taken is a sentence with a way out."""
    with pytest.raises(ServeError, match="choose another --port"):
        serve(port=designer.port)


# What every answer says


@pytest.mark.parametrize("path", ["", "static/nothing.js", "api/v1/config", "api/v1/nothing"])
def test_headers_of_every_answer(designer: RunningDesigner, path: str) -> None:
    """No answer may be framed, guessed at, or run anything inline; refusals included."""
    headers = httpx.get(designer.url + path, **PATIENT).headers
    policy = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"


def test_response_bodies_never_become_pages(designer: RunningDesigner) -> None:
    """What an API sent is handed out as bytes to keep or as plain text, never as a page of the
    designer's origin.
    """
    page = b"<!doctype html><script>alert(1)</script>"
    with raw_server(respond(response(page, ("Content-Type", "text/html")))) as server:
        text = designer.client.post("test-requests", json={"task": thing_task(server.url)}).text
    data = [
        json.loads(line.removeprefix("data: "))
        for line in text.splitlines()
        if line.startswith("data: ")
    ]
    for query in ("", "?as=decoded"):
        answer = designer.client.get(data[-1]["body"] + query)
        assert answer.headers["content-type"].partition(";")[0] in (
            "application/octet-stream",
            "text/plain",
        )
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.content == page


@pytest.mark.parametrize(
    "path",
    [
        "static/../_app.py",
        "static/%2e%2e/_app.py",
        "static/..%2f_app.py",
        "static/.hidden",
        "static/",
        "static/%00",
        "static//etc/passwd",
    ],
)
def test_only_the_pages_files(designer: RunningDesigner, path: str) -> None:
    """Nothing but the page's own files can be had."""
    connection = http.client.HTTPConnection("127.0.0.1", designer.port)
    connection.request("GET", "/" + path)  # http.client sends the path as it is
    answer = connection.getresponse()
    assert answer.status == 404
    assert b"import" not in answer.read()
    connection.close()


def test_page_is_served(designer: RunningDesigner) -> None:
    """The page is there, and its script is a script."""
    page = httpx.get(designer.url, **PATIENT)
    assert page.headers["content-type"].startswith("text/html")
    script = httpx.get(designer.url + "static/http-task-designer.js", **PATIENT)
    assert script.headers["content-type"].startswith("text/javascript")
    again = httpx.get(
        designer.url + "static/http-task-designer.js",
        headers={"If-None-Match": script.headers["etag"]},
        **PATIENT,
    )
    assert again.status_code in (200, 304)


def test_web_sockets_are_refused(designer: RunningDesigner) -> None:
    """There is no other way in."""
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": "13",
    }
    assert httpx.get(designer.url + "api/v1/config", headers=headers, **PATIENT).status_code in (
        200,
        400,
        403,
    )


def test_egress_rules_hold(tmp_path: Path) -> None:
    """Without leave a test request reaches no address of this machine: the rules are those of a
    run.
    """
    with (
        raw_server(respond(response(b"secret"))) as server,
        running_designer(
            tmp_path, endpoints=[thing_endpoint(server.url)], allow_networks=[]
        ) as designer,
    ):
        text = designer.client.post("test-requests", json={"task": thing_task(server.url)}).text
        assert server.connections == 0
    assert '"kind": "blocked"' in text


def test_the_operators_proxy_carries_what_the_page_sends(tmp_path: Path) -> None:
    """Test requests and imports, and the page is told what the proxy leaves unchecked."""
    server = "http://a.example"
    with (
        raw_server(respond(response(b"through"))) as proxy,
        running_designer(
            tmp_path, endpoints=[thing_endpoint(server)], network=Network(proxy=proxy.url)
        ) as designer,
    ):
        text = designer.client.post("test-requests", json={"task": thing_task(server)}).text
        assert proxy.received[0].startswith(b"GET http://a.example/")
        assert f"the proxy {proxy.url} carries this request" in text
        source = {"source": "https://b.example/api.json"}
        designer.client.post("import", json=source).raise_for_status()
        until(lambda: len(proxy.received) > 1)
        assert proxy.received[1].startswith(b"CONNECT b.example:443 ")


def test_mounted_below_another_path(tmp_path: Path) -> None:
    """A host may mount the application anywhere: its guards and routes hold there."""
    from starlette.applications import Starlette
    from starlette.routing import Mount

    designer = create_app(catalogue=tmp_path / "c.sqlite3")
    app = Starlette(routes=[Mount("/tools/designer", designer)], lifespan=designer.lifespan)
    with serving(app) as (address, _):
        url = address + "tools/designer/"
        assert httpx.get(url + "api/v1/config", **PATIENT).json()["endpoints"] == 1
        foreign = httpx.get(
            url + "api/v1/config", headers={"Sec-Fetch-Site": "cross-site"}, **PATIENT
        )
        assert foreign.status_code == 403
