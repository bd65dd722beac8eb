"""curlconverter, which we did not write, reads the same from curl commands as we do."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from httptask.interchange import read_requests
from interchange import judged

COMMANDS = [
    "curl https://h.example/a",
    "curl 'https://h.example/a?x=1&y=a%20b&x=2'",
    "curl -X DELETE https://h.example/a -H 'X-A: 1' -H 'X-B: it'\\''s'",
    "curl -I https://h.example/a",
    "curl https://h.example/a -d a=1 -d 'b=x%20y'",
    "curl https://h.example/a --data-urlencode 'q=a b&c'",
    "curl -G https://h.example/a -d x=1 --data-urlencode 'q=a b'",
    "curl https://h.example/a --json '{\"a\": [1, null]}'",
    "curl https://h.example/a -H 'Content-Type: application/json' --data-raw $'{\"a\":\"l\\u0021\"}'",
    "curl -sSLk --compressed https://h.example/a -A agent/1 -e https://r.example/",
    "curl -XPATCH https://h.example/a -H 'content-type: text/plain' --data-binary 'x y'",
    'curl "https://h.example/a" \\\n  -H "X-A: say \\"hi\\"" \\\n  --request PUT',
    "curl --request POST --url https://h.example/a --header 'Accept: application/json'",
]


def ours(command: str) -> dict[str, Any]:
    """Return what we read, in curlconverter's words."""
    request = read_requests(command).tasks[0].task["httpRequest"]
    headers = {name.lower(): str(value) for name, value in request.get("headers", {}).items()}
    query = request.get("query", [])
    return {
        "url": request["url"],
        "method": request.get("method", "GET").lower(),
        "query": query if isinstance(query, list) else [[*pair] for pair in query.items()],
        "headers": headers,
        "body": request.get("body"),
    }


def theirs(value: dict[str, Any]) -> dict[str, Any]:
    """Return what curlconverter read; it names no pair's form, JSON or text."""
    data = value.get("data")
    headers = {name.lower(): text for name, text in value.get("headers", {}).items()}
    if headers.get("content-type", "").startswith("application/json") and isinstance(data, str):
        data = json.loads(data)
    return {
        "url": value["url"].partition("?")[0],
        "method": value["method"],
        "query": [[*pair] for pair in parse_qsl(value["raw_url"].partition("?")[2])],
        "headers": headers,
        "body": data,
    }


@pytest.mark.npm
def test_both_read_the_same_from_a_command() -> None:
    """URL, method, query, headers and body of each command are those that it finds."""
    for command, value in zip(COMMANDS, judged("curl.mjs", COMMANDS), strict=True):
        assert ours(command) == theirs(value), command
