"""Tokens that stand in the body of a request: objects and lists, and lists nobody wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from lists import Asked, asked, cut, items, list_server, page
from tasks import call, exchange, failure, http

ROWS = [{"id": number, "sort": [number, f"key {number}"]} for number in range(1, 6)]


def dynamo(asked_for: Asked) -> bytes:
    """Answer two rows at a time, as DynamoDB's `Query` does."""
    start = asked_for.json.get("ExclusiveStartKey", {"id": {"N": "0"}})
    after = int(start["id"]["N"])
    rows = [row for row in ROWS if row["id"] > after][:2]
    more = {"LastEvaluatedKey": {"id": {"N": str(rows[-1]["id"])}}} if len(rows) == 2 else {}
    return page({"Items": rows, **more})


DYNAMO = {
    "mode": "cursor",
    "items": "$.Items",
    "next": "$.LastEvaluatedKey",
    "parameter": {"in": "body", "name": "ExclusiveStartKey"},
}


def search(asked_for: Asked) -> bytes:
    """Answer two rows behind `search_after`, as Elasticsearch does."""
    after = asked_for.json.get("search_after") or [0]
    assert isinstance(after, list)
    rows = [row for row in ROWS if row["sort"][0] > after[0]][:2]
    return page({"hits": rows})


def posted(url: str, body: Any, **setting: Any) -> dict[str, Any]:
    return http(url, request={"method": "POST", "body": body}, pagination=setting)


def bodies(server: Any) -> list[Any]:
    return [asked(request).json for request in server.received]


def test_a_key_that_is_an_object_is_sent_as_it_is() -> None:
    """Each request has what the page before named, and nothing is lost between two runs."""
    with list_server(dynamo) as server:
        result = call(posted(server.url, {"TableName": "t"}, **DYNAMO))
        assert bodies(server)[1:] == [
            {"TableName": "t", "ExclusiveStartKey": {"id": {"N": "2"}}},
            {"TableName": "t", "ExclusiveStartKey": {"id": {"N": "4"}}},
        ]
        first = call(posted(server.url, {}, **DYNAMO, maxPages=1, atLimit="keep"))
        assert first.pages is not None
        assert first.pages.cursor == {"id": {"N": "2"}}
        again = {**posted(server.url, {}, **DYNAMO, resume="${$.cursor}")}
        rest = call({**again, "inputParameters": {"cursor": first.pages.cursor}})
        shown = exchange(posted(server.url, {}, **DYNAMO)).to_json()["pages"]
    assert result.body == first.body + rest.body == ROWS
    assert shown["cursor"] == {"id": {"N": "4"}}


@pytest.mark.parametrize(
    ("name", "following"),
    [
        ("search_after", {"next": "$.hits[-1].sort"}),
        ("search_after", {"identity": "$.sort"}),
        ("/search_after/0", {"next": "$.hits[-1].sort[0]"}),
        ("/search_after/0", {"identity": "$.id"}),
    ],
)
@pytest.mark.parametrize("body", [{}, {"search_after": None}, {"size": 2}])
def test_values_of_the_last_item_need_no_list_that_is_written(
    name: str, following: dict[str, Any], body: dict[str, Any]
) -> None:
    """A list is sent as it is, or made for its first item."""
    setting = {"mode": "lastItem", "items": "$.hits", "parameter": {"in": "body", "name": name}}
    with list_server(search) as server:
        result = call(posted(server.url, body, **setting, **following))
        assert bodies(server)[0] == body
        after = [2, "key 2"] if name == "search_after" else [2]
        assert bodies(server)[1] == {**bodies(server)[0], "search_after": after}
    assert result.body == ROWS


@pytest.mark.parametrize(
    ("body", "index", "sent"),
    [
        ({"args": []}, 0, {"args": [1]}),
        ({"args": [3]}, 0, {"args": [3]}),
        ({"args": ["a", None]}, 1, {"args": ["a", 1]}),
        ({"args": ["a"]}, 1, None),
        ({"args": []}, 1, None),
    ],
)
def test_a_list_takes_what_has_a_place_in_it(body: Any, index: int, sent: Any) -> None:
    """An item that stands there, or the first one of an empty list; another one is refused."""
    parameter = {"in": "body", "name": f"/args/{index}"}
    with list_server(lambda _: page([])) as server:
        definition = posted(server.url, body, mode="page", parameter=parameter)
        if sent is None:
            assert failure(definition).kind == "settings"
            assert server.received == []
        else:
            call(definition)
            assert bodies(server) == [sent]


def test_a_form_of_pairs_takes_the_number() -> None:
    """A body that is a list of names and values has the page among them, and begins where it says."""

    def answer(asked_for: Asked) -> bytes:
        sent.append(asked_for.body.decode())
        return page(cut(items(25), 10, int(parse_qs(sent[-1])["at"][0])))

    sent: list[str] = []
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for pairs, first in ([["q", "a"], ["q", "b"]], 1), ([["at", 2], ["q", "a"]], 2):
        with list_server(answer) as server:
            request = {"method": "POST", "headers": form, "body": pairs}
            parameter = {"in": "body", "name": "at"}
            setting = {"mode": "page", "parameter": parameter}
            result = call(http(server.url, request=request, pagination=setting))
        assert result.body == items(25)[10 * (first - 1) :]
    assert sent[:2] == ["q=a&q=b&at=1", "q=a&q=b&at=2"]


@pytest.mark.parametrize("end", [{}, [], None, "absent"])
def test_an_empty_object_is_no_token(end: Any) -> None:
    """It is the end, as null and nothing are."""
    more = {} if end == "absent" else {"LastEvaluatedKey": end}
    with list_server(lambda _: page({"Items": items(1), **more})) as server:
        result = call(posted(server.url, {}, **DYNAMO))
    assert result.pages is not None
    assert (result.body, result.pages.complete) == (items(1), True)


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("query", "the query parameter 'at'"),
        ("header", "the header 'at'"),
        ("path", "the path parameter 'at'"),
    ],
)
@pytest.mark.parametrize(("token", "found"), [({"id": 7}, "an object"), ([1, "a"], "an array")])
def test_elsewhere_a_token_is_text(location: str, shown: str, token: Any, found: str) -> None:
    """The error names the page and the place."""
    setting = {
        "mode": "cursor",
        "next": "$.next",
        "items": "$.data",
        "parameter": {"in": location, "name": "at"},
    }
    path = "/{at}" if location == "path" else ""
    request = {"pathParameters": {"at": "a"}} if path else {}
    with list_server(lambda _: page({"data": [1], "next": token})) as server:
        error = failure(http(server.url + path, request=request, pagination=setting))
    assert (error.kind, error.collected) == ("pagination", [])
    assert str(error).startswith(
        f"page 1: what follows, $.next, is {found}, and {shown} takes text"
    )


def test_a_token_names_no_file_of_ours(tmp_path: Path) -> None:
    """A server's object that is a reference to a file is refused: it would be read and sent."""
    (tmp_path / "secret.txt").write_text("secret", "utf-8")
    for token in ({"$file": {"path": "secret.txt"}}, [{"a": {"$file": {"path": "secret.txt"}}}]):
        body = json.dumps({"Items": [1], "LastEvaluatedKey": token})
        with list_server(lambda _, body=body: page(json.loads(body))) as server:
            error = failure(posted(server.url, {}, **DYNAMO), files=tmp_path)
            assert len(server.received) == 1
        assert error.kind == "pagination"
        assert "contains a file reference" in str(error)
