"""What to do about a response that refuses a request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from designer import thing_endpoint
from httptask.designer._hints import hints
from httptask.model.exchange import RawResponse, SentRequest

URL = "https://a.example/things/7"
SETTINGS = {
    "url": "https://a.example/things/{id}",
    "method": "POST",
    "pathParameters": {"id": "7"},
    "query": {"limit": 1},
    "headers": {"X-Trace": "a"},
    "body": {"name": "x", "Owner": {"mail": "m"}, "tags": [{"key": "k"}]},
}


def hinted(
    status: int,
    body: Any = None,
    *,
    headers: tuple[tuple[str, str], ...] = (),
    url: str = URL,
    sent: tuple[tuple[str, str], ...] = (),
    **settings: Any,
) -> dict[str, Any]:
    as_json = None if body is None else "json"
    response = RawResponse("HTTP/1.1", status, "", headers, b"", body, as_json)
    request = SentRequest("POST", url, sent, b"")
    endpoint = thing_endpoint("https://a.example", method="POST")
    return hints(response, request, {"httpRequest": SETTINGS | settings}, endpoint)


@pytest.mark.parametrize(
    ("status", "more", "message", "pointer"),
    [
        (404, {}, "nothing is at this URL: check id", "/pathParameters/id"),
        (404, {"pathParameters": {"id": ""}}, "the path has no value for id", "/pathParameters/id"),
        (404, {"url": "https://a.example/v1/{region}"}, "the URL still contains {region}", "/url"),
        (
            404,
            {"url": "https://a.example/%7Bregion%7D/x"},
            "the URL still contains {region}",
            "/url",
        ),
        (404, {"pathParameters": {}}, "nothing is at this URL: check the server", "/url"),
        (405, {"headers": (("Allow", "GET, PUT"),)}, "the server allows GET, PUT here", "/method"),
        (
            415,
            {"sent": (("Content-Type", "text/plain; charset=utf-8"),)},
            "the body was sent as text/plain; documented: application/json",
            "/body",
        ),
        (415, {}, "the body was sent without a media type", "/body"),
    ],
)
def test_a_status_leads_to_the_setting_to_look_at(
    status: int, more: dict[str, Any], message: str, pointer: str
) -> None:
    """With one sentence that says why."""
    url = more.pop("url", URL)
    hint = hinted(status, url=url, **more)["hint"]
    assert message in hint["message"]
    assert hint["pointer"] == "/httpRequest" + pointer


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, (("Retry-After", "7"),), 7),
        (503, (("Retry-After", "7"),), 7),
        (429, (("RateLimit", '"default";r=0;t=30'),), 30),
        (429, (("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "12")), 12),
        (429, (("X-RateLimit-Remaining", "3"), ("X-RateLimit-Reset", "12")), None),
        (429, (), None),
        (200, (("Retry-After", "7"),), None),
    ],
)
def test_the_wait_is_what_the_server_asks_for(
    status: int, headers: tuple[tuple[str, str], ...], seconds: float | None
) -> None:
    """By `Retry-After`, and by what services say of their limits."""
    assert hinted(status, headers=headers).get("hint", {}).get("seconds") == seconds


# As their documents and frameworks write them.
PROBLEM_DETAILS = {"type": "x", "errors": [{"detail": "is wrong", "pointer": "#/Owner/mail"}]}
OLDER_DETAILS = {"title": "x", "invalid-params": [{"name": "limit", "reason": "is wrong"}]}
JSON_API = {
    "errors": [
        {"source": {"pointer": "/name"}, "detail": "is wrong"},
        {"source": {"parameter": "limit"}, "title": "too many"},
        {"source": {"header": "x-trace"}, "title": "unknown"},
    ]
}
FAST_API = {"detail": [{"loc": ["body", "tags", 0, "key"], "msg": "is wrong", "type": "x"}]}
RAILS = {"errors": {"name": ["is wrong", "is short"]}}
ASP_NET = {"errors": {"$.owner.mail": ["is wrong"]}}
GITHUB = {"message": "x", "errors": [{"resource": "R", "field": "name", "code": "missing_field"}]}
DJANGO = {"name": ["is wrong"], "new": ["is required"]}
GOOGLE = {
    "error": {
        "details": [{"fieldViolations": [{"field": "tags[0].key", "description": "is wrong"}]}]
    }
}
SYMFONY = {"violations": [{"propertyPath": "owner.mail", "message": "is wrong"}]}
IN_THE_PATH = {"errors": [{"in": "path", "name": "id", "message": "is wrong"}]}
TEXTS = {"errors": ["is wrong", 7, None], "error": "x", "detail": "y", "message": {}}


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (PROBLEM_DETAILS, ["/body/Owner/mail"]),
        (OLDER_DETAILS, ["/query/limit"]),
        (JSON_API, ["/body/name", "/query/limit", "/headers/X-Trace"]),
        (FAST_API, ["/body/tags/0/key"]),
        (RAILS, ["/body/name"]),
        (ASP_NET, ["/body/Owner/mail"]),
        (GITHUB, ["/body/name"]),
        (DJANGO, ["/body/name", "/body/new"]),
        (GOOGLE, ["/body/tags/0/key"]),
        (SYMFONY, ["/body/Owner/mail"]),
        (IN_THE_PATH, ["/pathParameters/id"]),
        (TEXTS, []),
        ([], []),
        ("no", []),
    ],
)
def test_what_a_server_says_of_a_field_is_put_on_it(body: Any, pointers: list[str]) -> None:
    """In the shapes of RFC 9457, JSON:API and the common frameworks; a name in other letters is
    the same name.
    """
    problems = hinted(422, body).get("problems", [])
    assert [problem["pointer"] for problem in problems] == ["/httpRequest" + at for at in pointers]
    assert all(problem["message"].startswith("the server says: ") for problem in problems)
    assert hinted(200, body) == {}


def test_what_a_hostile_server_says_is_bounded() -> None:
    """However much it says, and whatever the letters."""
    errors = [{"field": f"f{number}", "message": "a\n\u202eb" * 9_000} for number in range(9_000)]
    others = [{"field": f"g{number}", "message": "a"} for number in range(9_000)]
    problems = hinted(400, {"errors": errors, "violations": others})["problems"]
    assert len(problems) == 50
    assert len(json.dumps(problems)) < 50 * 1_200  # it stands in the message, and in its params
    assert "\n" not in problems[0]["message"]
    assert "\u202e" not in problems[0]["message"]


def test_a_hostile_place_costs_next_to_nothing() -> None:
    """Neither digits that are no index, nor steps without end, nor braces that never close end in
    an error, or in hours of work.
    """
    digits = [{"loc": ["body", "tags", step], "msg": "bad"} for step in ("\u00b2", "9" * 5_000)]
    assert [problem["pointer"] for problem in hinted(422, {"errors": digits})["problems"]] == [
        "/httpRequest/body/tags/\u00b2"
    ]
    long = [{"field": "a." * 2_000_000, "msg": "bad"}, {"field": "b" * 2_000_000, "msg": "bad"}]
    assert hinted(422, {"errors": long}) == {}
    assert "hint" in hinted(404, url="https://a.example/" + "%7B" * 100_000)
