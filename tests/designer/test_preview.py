"""The preview of a request: what a test would send, in parts that say where each comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from designer import RunningDesigner, running_designer
from httptask.designer import _preview
from httptask.testing import StandIn
from tasks import email_task

QUERY = "/httpRequest/query"


@pytest.fixture(scope="module")
def designer(
    tmp_path_factory: pytest.TempPathFactory, stand_in: StandIn
) -> Iterator[RunningDesigner]:
    with running_designer(
        tmp_path_factory.mktemp("designer"), servers={"procore": [stand_in.url]}
    ) as running:
        yield running


def preview(designer: RunningDesigner, task: dict[str, Any], **given: Any) -> dict[str, Any]:
    draft = {"task": task, "name": "Tell", "within": {"tasks": {"Tell": task}}, "preview": given}
    answer: dict[str, Any] = designer.client.post("validate", json=draft).json()
    return dict(answer["preview"])


def texts(parts: list[dict[str, Any]]) -> str:
    return "".join(part["text"] for part in parts)


def by_pointer(parts: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    return {part["pointer"]: (part["text"], part["state"]) for part in parts if "pointer" in part}


def test_preview_is_what_render_shows(designer: RunningDesigner, stand_in: StandIn) -> None:
    """The parts together are the URL of `/render`, and each value names its setting and its
    origin; nothing is sent.
    """
    before = len(stand_in.requests)
    task = email_task(stand_in.url)
    inputs = {"input": {"rfi": {"id": 7}}}
    shown = preview(designer, task, inputs=inputs)
    rendered = designer.client.post("render", json={"task": task, "inputs": inputs}).json()
    assert texts(shown["server"]) + texts(shown["url"]) == rendered["request"]["url"]
    assert shown["request"]["headers"] == rendered["request"]["headers"]
    assert by_pointer(shown["url"]) == {
        "/httpRequest/pathParameters/project_id": ("1001", "typed"),
        f"{QUERY}/topic_id": ("7", "wired"),
        f"{QUERY}/topic_type": ("rfi", "typed"),
    }
    body = by_pointer(shown["body"])
    assert body["/httpRequest/body/communication/subject"][1] == "typed"
    assert len(stand_in.requests) == before


def test_preview_of_what_is_not_whole_yet(designer: RunningDesigner, stand_in: StandIn) -> None:
    """What is missing stands in the URL under its name, an expression without a value as it is
    written, and a sample in its place; why there is no request is said.
    """
    task = email_task(stand_in.url)
    del task["httpRequest"]["query"]["topic_type"]
    del task["httpRequest"]["pathParameters"]
    shown = preview(designer, task)
    parts = by_pointer(shown["url"])
    assert parts["/httpRequest/pathParameters/project_id"] == ("{project_id}", "missing")
    assert parts[f"{QUERY}/topic_type"] == ("{topic_type}", "missing")
    assert parts[f"{QUERY}/topic_id"] == (task["httpRequest"]["query"]["topic_id"], "wired")
    assert "$.input" in shown["problem"]
    assert "request" not in shown
    sampled = preview(designer, task, samples={f"{QUERY}/topic_id": 12})
    assert by_pointer(sampled["url"])[f"{QUERY}/topic_id"] == ("12", "wired")


def test_no_preview_takes_no_problem_away(designer: RunningDesigner, stand_in: StandIn) -> None:
    """A preview that cannot be made says why; the validation says what is wrong all the same."""
    task = email_task(stand_in.url)
    del task["httpRequest"]["pathParameters"]
    draft = {"task": task, "name": "Tell", "within": {"tasks": {"Tell": task}}}
    draft["preview"] = {"environment": "gone", "workflow": "none"}
    answer = designer.client.post("validate", json=draft).json()
    assert answer["preview"]["url"] == []
    assert answer["preview"]["problem"]
    assert "project_id" in str(answer["problems"])


def test_preview_holds_no_secret(tmp_path: Path, file: Path) -> None:
    """A key of a credential is masked in every part."""
    file.write_text(
        '{"k": {"type": "apiKey", "in": "query", "name": "key", "key": "canary-4711",'
        ' "origins": ["http://127.0.0.1:9"]}}',
        "utf-8",
    )
    file.chmod(0o600)
    request = {"url": "http://127.0.0.1:9/a", "method": "GET", "query": {"q": "canary-4711"}}
    task = {"type": "Http", "credentials": "k", "httpRequest": request}
    with running_designer(tmp_path) as running:
        shown = preview(running, task)
    assert "key=" in shown.get("request", {}).get("url", ""), shown
    assert "canary" not in str(shown)


def test_preview_masks_what_is_named_as_a_secret(designer: RunningDesigner) -> None:
    """A pair of a list by the name in it, and the user of the URL's own text."""
    request = {"url": "http://127.0.0.1:9/a", "method": "GET", "query": [["token", "canary-4711"]]}
    shown = preview(designer, {"type": "Http", "httpRequest": request})
    assert texts(shown["url"]) == "/a?token=•••"
    request = {"url": "http://bob:canary-4711@127.0.0.1:9/a@b", "method": "GET"}
    shown = preview(designer, {"type": "Http", "httpRequest": request})
    assert texts(shown["server"] + shown["url"]) == "http://•••@127.0.0.1:9/a@b"
    assert "canary" not in str(shown)


def test_a_body_of_very_many_values_is_not_shown_in_parts(designer: RunningDesigner) -> None:
    request = {"url": "http://127.0.0.1:9/a", "method": "POST", "body": [0] * 5_000}
    shown = preview(designer, {"type": "Http", "httpRequest": request})
    assert shown["body"] is None
    assert shown["request"]["body"].startswith("[0,0,")


def own_request(url: str = "https://a.example/x", **request: Any) -> dict[str, Any]:
    return {"type": "Http", "httpRequest": {"url": url, "method": "POST"} | request, "end": True}


def test_one_expression_without_a_value_leaves_the_others_theirs(
    designer: RunningDesigner,
) -> None:
    """All are evaluated together; where that fails, each by itself."""
    query = {"a": "jsonata: 1 + 1", "b": "${$.none.at.all}", "c": "${$.n}"}
    task = own_request(query=query) | {"inputParameters": {"n": 7}}
    shown = by_pointer(preview(designer, task)["url"])
    assert shown[f"{QUERY}/a"] == ("2", "wired")
    assert shown[f"{QUERY}/c"] == ("7", "wired")
    assert shown[f"{QUERY}/b"] == ("${$.none.at.all}", "wired")


def test_slow_expressions_together_have_one_bound(
    designer: RunningDesigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past it the preview shows them as they are written and says why there is no more."""
    monkeypatch.setattr(_preview, "_LONGEST_SECONDS", 0.01)
    slow = "jsonata: $sum([1..1000000])"
    shown = preview(designer, own_request(query={f"q{n}": slow for n in range(9)}))
    assert shown["problem"].endswith("the bound of a preview")
    assert by_pointer(shown["url"])[f"{QUERY}/q8"] == (slow, "wired")


def test_thousands_of_parameters_are_shown_as_far_as_somebody_looks(
    designer: RunningDesigner,
) -> None:
    """The rest is left out, with the values of secrets, wherever the bound falls."""
    pairs = {f"q{n}": str(n) for n in range(1_332)} | {"api_key": "s3cret"}
    url = "https://a.example/x/{id}"
    for before in range(3):
        query = {f"p{n}": "p" for n in range(before)} | pairs | {f"r{n}": "r" for n in range(2_000)}
        parts = preview(designer, own_request(url, pathParameters={"id": 7}, query=query))["url"]
        assert len(parts) == 4_001
        assert re.fullmatch(r"/x/7\?(p\d=p&)*(q\d+=\d+&){1,1332}.*…", texts(parts))
        assert "s3cret" not in texts(parts)


def test_values_below_the_name_of_a_secret_and_tokens_in_a_path_are_masked(
    designer: RunningDesigner,
) -> None:
    """A secret may be an object or a list, and an address may hold one that no name tells of."""
    url = "https://a.example/hooks/ghp_16C7e42F292c6912E7710c838347Ae178B4a/x"
    body = {"password": {"value": "s3cret-1"}, "secret": [["s3cret-2"]], "name": "n"}
    shown = preview(designer, own_request(url, body=body))
    assert texts(shown["url"]) == "/hooks/•••/x"
    assert [part["text"] for part in shown["body"] if "pointer" in part] == ["•••", "•••", '"n"']


def test_a_preview_says_which_item_it_is_for(designer: RunningDesigner) -> None:
    """The first one, that at `itemIndex`, or the last one; what is no index is refused."""
    task = {
        "type": "Http",
        "httpRequest": {"url": "http://127.0.0.1:9/{id}", "pathParameters": {"id": "${$.item.id}"}},
        "forEach": {"items": "${$.input}"},
    }
    items = [{"id": "a"}, {"id": "b"}]
    for given, index, path in (
        ({}, 0, "/a"),
        ({"itemIndex": 1}, 1, "/b"),
        ({"itemIndex": 7}, 1, "/b"),
    ):
        shown = preview(designer, task, inputs={"input": items, **given})
        assert (shown["item"], texts(shown["url"])) == ({"index": index, "count": 2}, path)
        assert shown["request"]["url"] == f"http://127.0.0.1:9{path}"
    for index, says in ((-1, "counts from 0"), ("1", "'itemIndex' must be an integer")):
        refused = preview(designer, task, inputs={"input": items, "itemIndex": index})
        assert says in refused["problem"]
    assert "item" not in preview(designer, task, inputs={"input": []})
