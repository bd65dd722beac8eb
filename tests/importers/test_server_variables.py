"""Variables in a server's address (OpenAPI 3.2, section 4.6): no value moves the host."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from httptask.building import build
from httptask.errors import Problem, SettingsError
from httptask.importers import read_api
from httptask.model.api import Endpoint, Reading
from httptask.settings import request_problems, settings_schema

IN_HOST = "https://{v}.example.com/x"
WHOLE_HOST = "https://{v}/x"
PORT = "https://a.example:{v}/x"
BEHIND = "https://a.example{v}"
SCHEME = "{v}://a.example/x"
ADDRESS = "{v}/x"
IN_PATH = "https://a.example/{v}/x"


def reading(url: str, variables: Any, version: str = "3.1.0") -> Reading:
    description = {
        "openapi": version,
        "info": {"title": "T", "version": "1"},
        "servers": [{"url": url, "variables": variables}],
        "paths": {"/pets": {"get": {}}},
    }
    return read_api("api.json", data=json.dumps(description).encode(), provider="acme")


def problems_of(endpoint: Endpoint, request: Any) -> list[Problem]:
    return request_problems(request, settings_schema(endpoint), endpoint)


def told(read: Reading) -> list[tuple[str, str | None]]:
    return [(note.kind, note.pointer) for note in read.notes]


EMPTY_PART = [
    (IN_HOST, ""),
    ("https://a.{v}.example.com/x", ""),
]
"""The name of no server has an empty part (RFC 1035, section 2.3.1)."""
MOVING = [
    *EMPTY_PART,
    *(
        (IN_HOST, value)
        for value in (
            "evil.example/",
            "evil.example?",
            "evil.example#",
            "evil.example\\",
            "me@evil.example",
            "evil.example:443",
            "evil.example:",
            "evil.example/#",
            "a b",
            "a\tb",
            "[::1]",
            "a%2f",
            "evil.example\uff0f",
            "evil.example\u202e",
        )
    ),
    *(
        (WHOLE_HOST, value)
        for value in ("me@evil.example", "a?b", "a#b", "a\\b", "a:b@evil.example", "a:b")
    ),
    *(
        (PORT, value)
        for value in ("1@evil.example", "@evil.example", "80?", "80#", "80\\", "x", "1:2")
    ),
    *(
        (BEHIND, value)
        for value in (".evil.example@b", "@evil.example", ":80@evil.example", "?a", "#a")
    ),
    *(
        (SCHEME, value)
        for value in ("https://evil.example/", "ftp", "https://evil.example#", "javascript", "")
    ),
    *(
        (ADDRESS, value)
        for value in ("https://me@evil.example", "https://a.example?", "https://a.example\\@b")
    ),
    *((IN_PATH, value) for value in ("a?b", "a#b")),
]


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0", "3.2.0"])
@pytest.mark.parametrize(("url", "value"), MOVING)
def test_a_default_that_makes_another_address_is_left_out(
    url: str, value: str, version: str
) -> None:
    """The variable has no default then, which is told, and its place stays open in the URL."""
    read = reading(url, {"v": {"default": value}}, version)
    (server,) = read.endpoints[0].servers
    assert server.variables == {"v": {}}
    assert server.address == url
    assert ("skipped", "/servers/0/variables/v/default") in told(read)


@pytest.mark.parametrize(("url", "value"), MOVING)
def test_a_value_that_makes_another_address_is_left_out(url: str, value: str) -> None:
    """The other values stay, and the first of them is the default where that is left out."""
    fitting = {PORT: "80", SCHEME: "http", ADDRESS: "https://b.example"}.get(url, "b")
    read = reading(url, {"v": {"default": value, "enum": [value, fitting], "description": "D"}})
    (server,) = read.endpoints[0].servers
    assert server.variables == {"v": {"default": fitting, "enum": [fitting], "description": "D"}}
    assert ("skipped", "/servers/0/variables/v/enum") in told(read)


FITTING = [
    (IN_HOST, "eu", "eu.example.com"),
    (IN_HOST, "eu-1.a_b", "eu-1.a_b.example.com"),
    (WHOLE_HOST, "b.example:8080", "b.example"),
    (WHOLE_HOST, "b.example/v1", "b.example"),
    (WHOLE_HOST, "[::1]:8080", "::1"),
    (WHOLE_HOST, "bücher.example", "bücher.example"),
    (PORT, "8443", "a.example"),
    (BEHIND, "/v1", "a.example"),
    (BEHIND, ":8443/v1", "a.example"),
    (BEHIND, "", "a.example"),
    (SCHEME, "http", "a.example"),
    (SCHEME, "HTTPS", "a.example"),
    (ADDRESS, "https://b.example:80/v1", "b.example"),
    (IN_PATH, "v1/@me:x", "a.example"),
    (IN_PATH, "", "a.example"),
]


@pytest.mark.parametrize(("url", "value", "host"), FITTING)
def test_a_default_that_fits_is_taken(url: str, value: str, host: str) -> None:
    """Another reader of URLs finds the host that the template and the value make."""
    read = reading(url, {"v": {"default": value}})
    address = read.endpoints[0].servers[0].address
    assert address == url.replace("{v}", value)
    assert httpx.URL(address).host == host
    assert told(read) == []
    schema = settings_schema(read.endpoints[0])
    assert schema["properties"]["url"]["default"] == f"{address}/pets"


def test_a_value_is_looked_at_among_the_others() -> None:
    """A slash fits at the end of the host alone, and what follows may be another variable."""
    variables = {"host": {"default": "b.example:8080"}, "base": {"default": "/v1"}}
    read = reading("https://{host}{base}", variables)
    assert read.endpoints[0].servers[0].address == "https://b.example:8080/v1"
    assert told(read) == []
    variables = {"host": {"default": "evil.example/"}, "port": {"default": "80"}}
    read = reading("https://{host}:{port}", variables)
    assert told(read)[0] == ("skipped", "/servers/0/variables/host/default")


@pytest.mark.parametrize(
    ("url", "value"), [case for case in MOVING if case[0] not in (SCHEME, ADDRESS, IN_PATH)]
)
def test_a_value_that_an_author_gives_moves_no_host(url: str, value: str) -> None:
    """It is refused where it stands when the task is checked, and again before it is sent."""
    endpoint = reading(url, {"v": {}}).endpoints[0]
    request = {"url": f"{url}/pets", "method": "GET", "pathParameters": {"v": value}}
    problems = problems_of(endpoint, request)
    assert [(problem.code, problem.pointer) for problem in problems] == [
        ("server-value", "/pathParameters/v")
    ]
    for described in (endpoint, None):
        with pytest.raises(SettingsError) as raised:
            build(request, described)
        assert raised.value.problems[0].code == "server-value"


def test_an_author_may_give_what_the_description_lists() -> None:
    """A base path right behind the host is one of its values."""
    variables = {"v": {"default": "/v1", "enum": ["/v1", "/v2"]}}
    endpoint = reading(BEHIND, variables).endpoints[0]
    request = {"url": f"{BEHIND}/pets", "method": "GET", "pathParameters": {"v": "/v2"}}
    assert problems_of(endpoint, request) == []
    assert build(request, endpoint).url == "https://a.example/v2/pets"
