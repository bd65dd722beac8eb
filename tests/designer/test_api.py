"""The designer's JSON API: a real server, asked over real sockets, and every answer held against
its OpenAPI description.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from designer import (
    JSON,
    SEED,
    RunningDesigner,
    api_description,
    events,
    events_of,
    last,
    running_designer,
    thing_endpoint,
    thing_task,
)
from httptask.catalogue import Catalogue
from httptask.designer import _endpoint_routes, create_app
from httptask.model.api import Endpoint, MediaType, RequestBody, Server
from httptask.model.policy import Limits
from httptask.testing import StandIn
from servers import (
    MEGABYTE,
    OK,
    Peer,
    RawServer,
    raw_server,
    redirect,
    reset,
    respond,
    response,
    sequence,
    silent,
)
from tasks import email_task

PDF = {"Content-Type": "application/pdf"}
NOWHERE = "http://127.0.0.1:9"
RFI = {"input": {"rfi": {"id": 7}}}


@pytest.fixture(scope="module")
def designer(
    tmp_path_factory: pytest.TempPathFactory, stand_in: StandIn
) -> Iterator[RunningDesigner]:
    folder = tmp_path_factory.mktemp("designer")
    endpoints = [thing_endpoint(NOWHERE), thing_endpoint(NOWHERE, method="POST")]
    with running_designer(
        folder, endpoints=endpoints, servers={"procore": [stand_in.url]}
    ) as running:
        yield running


def draft(task: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"task": task, "name": "Tried"} | more


# The description of the API


def test_description_is_openapi() -> None:
    """The file that describes the API is valid OpenAPI 3.1."""
    assert api_description()["openapi"].startswith("3.1")
    validate(api_description())


def test_description_has_exactly_the_routes_there_are() -> None:
    """Each route of the API is described, with its methods, and nothing else is."""
    app: Any = create_app(catalogue=":memory:")
    routes = {
        (route.path_format.removeprefix("/api/v1"), method)
        for route in app.app.routes
        if route.path.startswith("/api/")
        for method in route.methods - {"HEAD"}
    }
    methods = ("get", "put", "post", "delete", "patch")
    described = {
        (path, method.upper())
        for path, item in api_description()["paths"].items()
        for method in item
        if method in methods
    }
    assert routes == described


def test_config(designer: RunningDesigner) -> None:
    """A page learns the limits, and how many endpoints there are."""
    config = designer.client.get("config").json()
    assert config["endpoints"] == 3
    assert config["limits"]["shownText"] == 256 * 1024
    assert "workflow" not in config


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "nothing", 404, "not-found"),
        ("POST", "endpoints", 405, "method-not-allowed"),
        ("GET", "endpoints/no-such-endpoint", 404, "unknown-endpoint"),
        ("GET", "endpoints/no-such-endpoint/form", 404, "unknown-endpoint"),
        ("GET", f"endpoints/{SEED}/form?at=/body/nothing", 404, "not-found"),
        ("GET", f"endpoints/{SEED}/form?at=" + "/x" * 1000, 404, "not-found"),
        ("GET", "endpoints?limit=0", 400, "bad-request"),
        ("GET", "endpoints?limit=many", 400, "bad-request"),
        ("GET", "endpoints?cursor=%00", 400, "bad-request"),
        ("GET", "test-requests/none/body", 404, "unknown-test-request"),
        ("DELETE", "test-requests/none", 404, "unknown-test-request"),
        ("DELETE", "uploads/none", 404, "unknown-upload"),
        ("GET", "workflows/none", 404, "unknown-workflow"),
    ],
)
def test_refusals_are_problem_details(
    designer: RunningDesigner, method: str, path: str, status: int, slug: str
) -> None:
    """Whatever is refused is answered with RFC 9457's problem details: a type, a title, and a
    sentence.
    """
    answer = designer.client.request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["type"]) == (
        status,
        status,
        f"urn:httptask:problem:{slug}",
    )
    assert problem["title"]
    assert problem["detail"]


def test_unknown_endpoint_names_the_nearest(designer: RunningDesigner) -> None:
    """A misspelt endpoint is answered with the one that was meant."""
    assert (
        designer.client.get("endpoints/" + SEED.replace("email", "emial")).json()["nearest"][0]
        == SEED
    )


@pytest.mark.parametrize(
    ("body", "headers", "slug"),
    [
        (b"{", JSON, "not-json"),
        (b'{"task": NaN}', JSON, "not-json"),
        (b"\xff", JSON, "not-json"),
        (b"[1]", JSON, "bad-request"),
        (b"{}", JSON, "bad-request"),
        (b'{"task": 1}', JSON, "bad-request"),
        (b'{"task": {}, "samples": {"/nothing/there": 1}}', JSON, "bad-request"),
        (
            (
                b'{"task": {"httpRequest": {"query": {"a": "x"}}}, "samples":'
                b' {"/httpRequest/query/b": 1}}'
            ),
            JSON,
            "bad-request",
        ),
        (b'{"task": {"type": "Http"}, "samples": {"/type": 1}}', JSON, "bad-request"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, JSON, "bad-request"),
        (b'{"a":' * 100_000, JSON, "not-json"),
        (b'{"task": {}}', {"Content-Type": "text/plain"}, "unsupported-media-type"),
        (
            b'{"task": {}}',
            {"Content-Type": "application/x-www-form-urlencoded"},
            "unsupported-media-type",
        ),
    ],
    ids=lambda value: value[:30].decode("latin-1") if isinstance(value, bytes) else None,
)
@pytest.mark.parametrize("path", ["validate", "render", "test-requests"])
def test_bad_bodies(
    designer: RunningDesigner, path: str, body: bytes, headers: dict[str, str], slug: str
) -> None:
    """A body that is no draft is refused with what is wrong with it."""
    answer = designer.client.post(path, content=body, headers=headers)
    assert answer.json()["type"] == f"urn:httptask:problem:{slug}"


def test_bodies_are_bounded(designer: RunningDesigner) -> None:
    """A body over the limit is refused without being kept, whether its length was said or not."""
    announced = designer.client.post("validate", content=b" " * (9 * MEGABYTE), headers=JSON)
    chunked = designer.client.post(
        "validate", content=(b" " * MEGABYTE for _ in range(9)), headers=JSON
    )
    for answer in (announced, chunked):
        assert (answer.status_code, answer.json()["limit"]) == (413, 8 * MEGABYTE)


# Search and reference


def test_search(designer: RunningDesigner) -> None:
    """Words find an endpoint, and the answer says where in its names they stand."""
    answer = designer.client.get("endpoints", params={"q": "send email procore"}).json()
    item = answer["items"][0]
    assert item["id"] == SEED
    marked = {
        item[name][start:end].lower()
        for name, marks in item["highlights"].items()
        for start, end in marks
    }
    assert {"email", "procore"} <= marked


def test_search_in_pages(designer: RunningDesigner) -> None:
    """Each hit stands on exactly one page, and the last page says so."""
    found, cursor = [], ""
    for _ in range(10):
        answer = designer.client.get("endpoints", params={"limit": 1, "cursor": cursor}).json()
        found += [item["id"] for item in answer["items"]]
        cursor = answer["cursor"]
        if cursor is None:
            break
    assert sorted(found) == sorted([SEED, "acme-things-id-get-0", "acme-things-id-post-0"])
    assert answer["total"] == 3


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"provider": "acme"}, {"acme-things-id-get-0", "acme-things-id-post-0"}),
        ({"provider": "acme", "method": "get"}, {"acme-things-id-get-0"}),
        ({"q": "thing", "method": "POST"}, {"acme-things-id-post-0"}),
        ({"q": "nothing that anybody has"}, set()),
    ],
)
def test_search_filters(designer: RunningDesigner, query: dict[str, str], wanted: set[str]) -> None:
    """Provider and method keep the rest out."""
    assert {
        item["id"] for item in designer.client.get("endpoints", params=query).json()["items"]
    } == wanted


def test_reference(designer: RunningDesigner) -> None:
    """The reference has parameters, servers, security and responses, and its Markdown is rendered
    and harmless.
    """
    reference = designer.client.get("endpoints/acme-things-id-get-0").json()
    html = reference["docs"]["html"]
    assert "<h3>Things</h3>" in html
    assert "<strong>one</strong>" in html
    assert "<script" not in html
    assert "href" not in html
    assert "onclick" not in html
    assert reference["docs"]["parameters"][0]["description"] == "<p>Its <em>id</em>.</p>"
    assert reference["servers"][0]["address"] == NOWHERE
    assert reference["security"]["optional"] is True
    assert reference["security"]["alternatives"][0][0]["detail"] == "header X-Key"
    rows = reference["responses"][0]["content"][0]["rows"]
    assert [(row["name"], row["type"], row["required"]) for row in rows] == [
        ("id", "integer", True),
        ("name", "string", True),
        ("tags", "list of string", False),
        ("size", "one of 2", False),
    ]


def test_recursive_reference_ends(designer: RunningDesigner) -> None:
    """A body that holds itself is described once."""
    rows = designer.client.get("endpoints/acme-things-id-post-0").json()["docs"]["body"]["content"][
        0
    ]["rows"]
    assert [row["name"] for row in rows] == ["name", "children"]


def test_operators_servers_come_first(designer: RunningDesigner, stand_in: StandIn) -> None:
    """An address the operator gave for a provider is what settings start with."""
    assert designer.client.get(f"endpoints/{SEED}").json()["servers"][0]["url"] == stand_in.url
    prefill = designer.client.get(f"endpoints/{SEED}/form").json()["prefill"]
    assert prefill["httpRequest"]["url"].startswith(stand_in.url + "/rest/")


def test_form_and_its_parts(designer: RunningDesigner) -> None:
    """A recursive place is a link, and asking for it gives the place with a link of its own."""
    form = designer.client.get("endpoints/acme-things-id-post-0/form").json()
    assert form["rawJson"] == {"any": False, "required": False}
    body = next(group["field"] for group in form["form"]["groups"] if group["name"] == "body")
    place = next(field for field in body["fields"] if field["name"] == "children")["items"]
    for _ in range(3):
        assert "fields" not in place
        part = designer.client.get(
            "endpoints/acme-things-id-post-0/form", params={"at": place["link"]}
        ).json()
        assert [field["name"] for field in part["field"]["fields"]] == ["name", "children"]
        place = part["field"]["fields"][1]["items"]


def test_settings_schema(designer: RunningDesigner) -> None:
    """The settings schema is the one the command line prints, beside the prefilled task."""
    answer = designer.client.get(f"endpoints/{SEED}/settings-schema").json()
    assert answer["schema"]["properties"]["query"]["required"] == ["topic_id", "topic_type"]
    assert answer["prefill"]["endpoint"] == SEED


# Drafts


def test_validate(designer: RunningDesigner, stand_in: StandIn) -> None:
    """All problems come at once, each with its pointer into the task."""
    task = email_task(stand_in.url)
    task["httpRequest"]["query"] = {"topic_id": "seven", "topic_typ": "rfi"}
    answer = designer.client.post("validate", json=draft(task)).json()
    assert answer["valid"] is False
    assert {problem["pointer"] for problem in answer["problems"]} == {
        "/httpRequest/query",
        "/httpRequest/query/topic_id",
        "/httpRequest/query/topic_typ",
    }
    assert (
        designer.client.post("validate", json=draft(email_task(stand_in.url))).json()["valid"]
        is True
    )


OBJECTS = {name: {"type": "object", "required": [name]} for name in ("url", "media")}
JSON_OR_FORM = {
    "application/json": MediaType(OBJECTS["url"]),
    "multipart/form-data": MediaType(OBJECTS["media"]),
}


@pytest.mark.parametrize(
    ("content", "request_", "media_type"),
    [
        (JSON_OR_FORM, {"body": {"media": "x"}}, "multipart/form-data"),
        (JSON_OR_FORM, {"body": {"url": "x"}}, "application/json"),
        (
            JSON_OR_FORM,
            {"body": {"media": "x"}, "headers": {"content-type": "application/json"}},
            "application/json",
        ),
        (
            {"application/json": MediaType({"type": "array"}), "text/csv": MediaType({})},
            {"body": "a,b\n"},
            "text/csv",
        ),
        (
            {"application/x-www-form-urlencoded": MediaType({})},
            {"body": {"a": 1}},
            "application/x-www-form-urlencoded",
        ),
        (None, {"body": {"a": 1}}, "application/json"),
        (None, {"body": "text"}, "text/plain; charset=utf-8"),
        (None, {"body": "<a/>", "headers": {"Content-Type": "text/xml"}}, "text/xml"),
        (None, {}, None),
    ],
)
def test_validate_names_the_media_type_that_is_sent(
    tmp_path: Path,
    content: dict[str, MediaType] | None,
    request_: dict[str, Any],
    media_type: str | None,
) -> None:
    """Before anything is sent, and while something else in the task is wrong; `render` shows the
    same.
    """
    body = RequestBody(content) if content else None
    with raw_server(OK) as server:
        endpoint = Endpoint(
            id="things",
            method="POST",
            path="/t",
            provider="acme",
            servers=(Server(server.url),),
            request_body=body,
        )
        settings = {"url": server.url + "/t", "method": "POST", **request_}
        task = {"type": "Http", "httpRequest": settings, "end": True} | (
            {"endpoint": "things"} if content else {}
        )
        with running_designer(tmp_path, endpoints=[endpoint]) as designer:
            assert (
                designer.client.post("validate", json=draft(task)).json()["mediaType"] == media_type
            )
            broken = {**task, "httpRequest": {**settings, "query": {"q": "${$.nowhere}"}}}
            assert (
                designer.client.post("validate", json=draft(broken)).json()["mediaType"]
                == media_type
            )
            fields = designer.client.post("render", json=draft(task)).json()["request"]["headers"]
            sent = [
                value.partition("; boundary")[0]
                for name, value in fields
                if name.lower() == "content-type"
            ]
            assert sent == ([media_type] if media_type else [])


@pytest.mark.parametrize("body", ["${$.input}", "jsonata:input"])
def test_what_an_expression_decides_is_not_foretold(tmp_path: Path, body: str) -> None:
    """Of several media types nobody knows which; the only one that is described is known."""
    with running_designer(tmp_path, endpoints=[]) as designer:
        task = {
            "type": "Http",
            "httpRequest": {"url": "https://a.example/", "method": "POST", "body": body},
        }
        assert designer.client.post("validate", json=draft(task)).json()["mediaType"] is None


def test_a_response_comes_with_its_notes_and_what_was_no_response_as_it_came(
    tmp_path: Path,
) -> None:
    """A header line that is none is left out with a note; a server that does not speak HTTP is
    quoted.
    """
    odd = b"HTTP/1.1 200 OK\r\nno header at all\r\nContent-Length: 2\r\n\r\n{}"

    def ssh(peer: Peer) -> None:
        peer.read_request()
        peer.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

    with running_designer(tmp_path) as designer:
        with raw_server(respond(odd)) as server:
            name, event = last(designer, draft(get_task(server.url)))
            assert name == "response"
            assert [note for note in event["notes"] if "no header at all" in note]
        with raw_server(ssh) as server:
            name, event = last(designer, draft(get_task(server.url)))
            assert name == "error"
            assert event["attempts"][0]["hops"][0]["unparsed"] == "SSH-2.0-OpenSSH_9.2\r\n"


def get_task(url: str) -> dict[str, Any]:
    return {"type": "Http", "httpRequest": {"url": url + "/", "method": "GET"}, "end": True}


def test_validate_names_an_unknown_endpoint(designer: RunningDesigner, stand_in: StandIn) -> None:
    """A task of an endpoint that is not in the catalogue is a problem of the task, not of the
    request.
    """
    answer = designer.client.post(
        "validate", json=draft(email_task(stand_in.url) | {"endpoint": "nope"})
    )
    assert answer.status_code == 200
    assert "/endpoint" in {problem["pointer"] for problem in answer.json()["problems"]}


def test_validate_a_definition(designer: RunningDesigner, stand_in: StandIn) -> None:
    """A whole definition is checked: its tasks, and the ways between them."""
    definition = {"startTask": "A", "tasks": {"A": email_task(stand_in.url) | {"nextTask": "B"}}}
    pointers = {
        each["pointer"]
        for each in designer.client.post("validate", json={"definition": definition}).json()[
            "problems"
        ]
    }
    assert "/tasks/A/nextTask" in pointers


def test_render_is_what_arrives(designer: RunningDesigner, stand_in: StandIn) -> None:
    """The request that is shown is the one that arrives, and showing it sends nothing."""
    before = len(stand_in.requests)
    shown = designer.client.post("render", json=draft(email_task(stand_in.url), inputs=RFI)).json()
    assert len(stand_in.requests) == before
    name, _ = last(designer, draft(email_task(stand_in.url), inputs=RFI))
    assert name == "response"
    arrived = stand_in.requests[-1]
    assert shown["request"]["url"] == stand_in.url + arrived.target
    assert shown["request"]["body"].encode() == arrived.body
    assert {tuple(pair) for pair in shown["request"]["headers"]} <= set(arrived.headers)
    assert shown["raw"].splitlines()[0] == f"POST {arrived.target} HTTP/1.1"


def test_curl_works_when_pasted(designer: RunningDesigner, stand_in: StandIn) -> None:
    """The curl command of a request, run by a shell, is the same request."""
    _, event = last(designer, draft(email_task(stand_in.url), inputs=RFI))
    done = subprocess.run(["sh", "-c", event["curl"]], capture_output=True, text=True, check=True)
    assert "201 Created" in done.stdout
    ours, theirs = stand_in.requests[-2:]
    assert (ours.method, ours.target, ours.body) == (theirs.method, theirs.target, theirs.body)


def test_render_says_what_is_wrong(designer: RunningDesigner, stand_in: StandIn) -> None:
    """A request that cannot be made is refused with the place."""
    answer = designer.client.post("render", json=draft(email_task(stand_in.url)))
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:httptask:problem:expression"
    assert answer.json()["pointer"] == "/inputParameters/topicId"


def test_samples_stand_for_expressions(designer: RunningDesigner, stand_in: StandIn) -> None:
    """A sample is used instead of its expression, as it is, and what only that expression needed is
    not asked for.
    """
    task = email_task(stand_in.url)
    task["httpRequest"]["body"]["communication"]["subject"] = "${$.subject}"
    samples = {
        "/httpRequest/query/topic_id": 12,
        "/httpRequest/body/communication/subject": "costs ${5}",
    }
    name, event = last(designer, draft(task, samples=samples))
    assert name == "response", event
    assert "topic_id=12" in stand_in.requests[-1].target
    assert json.loads(stand_in.requests[-1].body)["communication"]["subject"] == "costs ${5}"


# Test requests


def test_events_in_order(designer: RunningDesigner, stand_in: StandIn) -> None:
    """A test request tells that it began, what goes out, what happens, and ends with the
    response.
    """
    names = [name for name, _ in events_of(designer, draft(email_task(stand_in.url), inputs=RFI))]
    assert names[0] == "started"
    assert names[-1] == "response"
    assert names.index("request") < len(names) - 1
    assert set(names) <= {"started", "request", "phase", "bytes", "response"}


def test_response_is_shown_whole(designer: RunningDesigner, stand_in: StandIn) -> None:
    """Status, headers with duplicates, times, sizes, attempts and the text of the body are there;
    so are its bytes.
    """
    _, event = last(designer, draft(email_task(stand_in.url), inputs=RFI))
    assert (event["status"], event["outcome"], event["decodedAs"]) == (201, "success", "json")
    assert [name for name, _ in event["headers"]].count("Set-Cookie") == 2
    assert {"send", "wait", "receive"} <= event["phases"].keys()
    assert event["attempts"][0]["hops"][0]["status"] == 201
    assert json.loads(event["text"])["topic_id"] == 7
    body = designer.client.get(event["body"])
    assert body.text == event["text"]
    assert "attachment" in body.headers["content-disposition"]
    assert "sandbox" in body.headers["content-security-policy"]
    assert len(body.content) == event["size"]


def test_brief_detail(designer: RunningDesigner, stand_in: StandIn) -> None:
    """Who asks for less gets less."""
    _, event = last(designer, draft(email_task(stand_in.url), inputs=RFI, detail="brief"))
    assert event["status"] == 201
    assert not {"text", "attempts", "raw", "curl"} & event.keys()


def test_wrong_settings_are_not_sent_unless_asked(
    designer: RunningDesigner, stand_in: StandIn
) -> None:
    """Settings that do not satisfy the schema end before anything is sent, with every problem;
    *send anyway* sends.
    """
    task = email_task(stand_in.url)
    task["httpRequest"]["query"] = {"topic_id": "seven", "topic_type": "nothing"}
    before = len(stand_in.requests)
    name, event = last(designer, draft(task))
    assert (name, event["kind"], len(stand_in.requests)) == ("error", "settings", before)
    assert {problem["pointer"] for problem in event["problems"]} >= {
        "/httpRequest/query/topic_id",
        "/httpRequest/query/topic_type",
    }
    name, event = last(designer, draft(task, inputs=RFI, sendAnyway=True))
    assert (name, event["status"], event["outcome"]) == ("response", 400, "status")
    assert "topic_id" in event["message"]


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        (thing_task(NOWHERE), "connection"),
        (thing_task("http://no-such-host.invalid"), "dns"),
        (thing_task("http://10.0.0.1"), "blocked"),
        (thing_task("http://169.254.169.254"), "blocked"),
        (thing_task(NOWHERE) | {"credentials": "nobody"}, "credential"),
        (thing_task(NOWHERE, pathParameters={"id": "${$.nothing}"}), "settings"),
        (thing_task(NOWHERE, pathParameters={"id": "${jsonata: 1/}"}), "settings"),
    ],
    ids=["dead", "no-name", "private", "metadata", "credential", "expression", "syntax"],
)
def test_no_response(designer: RunningDesigner, task: dict[str, Any], kind: str) -> None:
    """Whatever keeps a response from coming ends in an error of its class, with a sentence."""
    name, event = last(designer, draft(task))
    assert (name, event["kind"]) == ("error", kind)
    assert event["message"]
    assert event["maybeDelivered"] is False


HTML_PAGE = b"<!doctype html><script>alert(1)</script><h1>Down</h1>"


@pytest.mark.parametrize(
    ("answer", "outcome", "text"),
    [
        (
            response(b'{"id": 1, "name": "x"}', ("Content-Type", "application/json")),
            "success",
            '{"id": 1, "name": "x"}',
        ),
        (
            response(HTML_PAGE, ("Content-Type", "text/html"), status="500 Oops"),
            "status",
            HTML_PAGE.decode(),
        ),
        (response(HTML_PAGE, ("Content-Type", "application/json")), "parse", HTML_PAGE.decode()),
        (
            response(
                gzip.compress(b'{"a":1}'),
                ("Content-Type", "application/json"),
                ("Content-Encoding", "gzip"),
            ),
            "success",
            '{"a": 1}',
        ),
        (
            response("é".encode("latin-1"), ("Content-Type", "text/plain; charset=iso-8859-1")),
            "success",
            "é",
        ),
        (response(b"\x00\x01", ("Content-Type", "image/png")), "success", None),
        (response(b"", status="204 No Content"), "success", None),
    ],
    ids=["json", "500", "html-as-json", "gzip", "latin-1", "bytes", "empty"],
)
def test_bodies_as_they_are(
    designer: RunningDesigner, answer: bytes, outcome: str, text: str | None
) -> None:
    """Whatever the body is, it comes as text when it is text, and its bytes can be downloaded."""
    with raw_server(respond(answer)) as server:
        name, event = last(designer, draft(thing_task(server.url)))
    assert (name, event["outcome"], event.get("text")) == ("response", outcome, text)
    assert designer.client.get(event["body"]).content == answer.partition(b"\r\n\r\n")[2]
    decoded = designer.client.get(event["body"], params={"as": "decoded"})
    assert decoded.status_code == (404 if text is None else 200)
    if text is not None:
        assert decoded.text == text


def test_long_body_is_cut_and_kept(designer: RunningDesigner) -> None:
    """Of a body of 10 MB the page gets 256 Ki characters and the way to the rest."""
    data = json.dumps([{"id": number, "name": "x" * 80} for number in range(95_000)]).encode()
    assert len(data) > 10_000_000
    with raw_server(respond(response(data, ("Content-Type", "application/json")))) as server:
        _, event = last(designer, draft(thing_task(server.url)))
    assert event["truncated"] is True
    assert len(event["text"]) == 256 * 1024
    assert event["decodedSize"] == len(data)
    assert designer.client.get(event["body"], params={"as": "decoded"}).content == data


def test_too_long_body_is_an_outcome(tmp_path: Path) -> None:
    """A body over the limit ends in a plain message; the start of it is there."""
    data = response(b"x" * 300_000, ("Content-Type", "text/plain"))
    with (
        running_designer(
            tmp_path, endpoints=[thing_endpoint(NOWHERE)], limits=Limits(body=200_000)
        ) as designer,
        raw_server(respond(data)) as server,
    ):
        name, event = last(designer, draft(thing_task(server.url)))
    assert (name, event["outcome"]) == ("response", "too_large")
    assert "200,000" in event["message"]


def test_part_of_a_body_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    """What was too large to be held cannot be downloaded; its size is there all the same."""
    data = response(bytes(300_000), ("Content-Type", "image/png"))
    with (
        running_designer(
            tmp_path, endpoints=[thing_endpoint(NOWHERE)], limits=Limits(body=200_000)
        ) as designer,
        raw_server(respond(data)) as server,
    ):
        name, event = last(designer, draft(thing_task(server.url)))
        answer = designer.client.get(event["body"])
    assert (name, event["outcome"], event["size"]) == ("response", "success", 300_000)
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:httptask:problem:too-large")
    assert "300,000" in answer.json()["detail"]


def test_redirects_are_told_hop_by_hop(designer: RunningDesigner) -> None:
    """Each hop of a redirected request is there, with its own request."""
    with (
        raw_server(respond(response(b"there", ("Content-Type", "text/plain")))) as there,
        raw_server(redirect(there.url + "/end")) as here,
    ):
        _, event = last(designer, draft(thing_task(here.url)))
    hops = event["attempts"][0]["hops"]
    assert [hop["status"] for hop in hops] == [302, 200]
    assert hops[1]["request"]["url"] == there.url + "/end"


def test_bodies_of_old_test_requests_are_let_go(designer: RunningDesigner) -> None:
    """Only the last bodies are kept."""
    with raw_server(respond(response(b"x", ("Content-Type", "text/plain")))) as server:
        first = last(designer, draft(thing_task(server.url)))[1]["body"]
        for _ in range(20):
            kept = last(designer, draft(thing_task(server.url)))[1]["body"]
    assert designer.client.get(first).status_code == 404
    assert designer.client.get(kept).status_code == 200


# Progress and cancelling


class _Waiting:
    """A server that takes a request, answers *start* and waits; it notes when the client hangs
    up.
    """

    def __init__(self, start: bytes = b"") -> None:
        self.start = start
        self.asked = threading.Event()
        self.hung_up = threading.Event()

    def __call__(self, peer: Peer) -> None:
        peer.read_request()
        if self.start:
            peer.sendall(self.start)
        self.asked.set()
        peer.wait_for_close()
        self.hung_up.set()


def streamed_test(
    designer: RunningDesigner, server: RawServer
) -> AbstractContextManager[httpx.Response]:
    """Return the stream of a test request to *server*."""
    return designer.client.stream("POST", "test-requests", json=draft(thing_task(server.url)))


HALF = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500


@pytest.mark.parametrize("start", [b"", HALF], ids=["before-the-response", "in-the-body"])
def test_cancel_closes_the_connection(designer: RunningDesigner, start: bytes) -> None:
    """DELETE ends the stream with `cancelled`, and the connection to the API is closed then."""
    waiting = _Waiting(start)
    with (
        raw_server(waiting) as server,
        streamed_test(designer, server) as stream,
    ):
        told = events(stream)
        started = next(told)[1]
        assert started["id"] == stream.headers["test-request-id"]
        assert waiting.asked.wait(60)
        assert designer.client.delete(f"test-requests/{started['id']}").status_code == 204
        assert waiting.hung_up.wait(60)
        name, event = list(told)[-1]
    assert name == "cancelled"
    assert event["maybeDelivered"] is True
    assert designer.client.delete(f"test-requests/{started['id']}").status_code == 204


def test_leaving_the_stream_cancels(designer: RunningDesigner) -> None:
    """A page that goes away takes its test request with it."""
    waiting = _Waiting()
    with raw_server(waiting) as server:
        with streamed_test(designer, server) as stream:
            told = events(stream)
            next(told)
            assert waiting.asked.wait(60)
        assert waiting.hung_up.wait(60)


def test_leaving_at_once_leaves_nothing(designer: RunningDesigner) -> None:
    """Pages that ask and leave in the same moment do not use up the places for test requests."""
    body = json.dumps(draft(thing_task(NOWHERE))).encode()
    head = (
        "POST /api/v1/test-requests HTTP/1.1\r\nHost: localhost\r\nContent-Type:"
        f" application/json\r\nContent-Length: {len(body)}"
    )
    for _ in range(30):
        with socket.create_connection(("127.0.0.1", designer.port)) as sock:
            sock.sendall(head.encode() + b"\r\n\r\n" + body)
    for _ in range(1_200):
        answer = designer.client.post("test-requests", json=draft(thing_task(NOWHERE)))
        if answer.status_code == 200:
            break
        time.sleep(0.05)
    assert answer.status_code == 200


def test_progress_while_waiting(designer: RunningDesigner) -> None:
    """While nothing comes, the page hears which phase it is in, and how many bytes went out and
    came in.
    """
    waiting = _Waiting(HALF)
    with (
        raw_server(waiting) as server,
        streamed_test(designer, server) as stream,
    ):
        seen: list[dict[str, Any]] = []
        for name, event in events(stream):
            seen += [event] if "phase" in event else []
            if name == "bytes" and event["received"]:
                break
        else:
            raise AssertionError("the figures never came")
        assert [event["sent"], event["received"]] == [len(server.received[0]), len(HALF)]
    assert (seen[0]["phase"], seen[-1]["phase"]) == ("prepare", "receive")
    assert (event["attempt"], event["maxAttempts"]) == (1, 1)


def test_items_of_a_stream_are_told_while_it_goes_on(designer: RunningDesigner) -> None:
    """Those that came before a cancel are told, and none is told twice."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n"
    waiting = _Waiting(head + b'{"n": 1}\n{"n": 2}\n{"n"')
    with (
        raw_server(waiting) as server,
        streamed_test(designer, server) as stream,
    ):
        told = events(stream)
        items = next(event for name, event in told if name == "items")
        assert [item["text"] for item in items["items"]] == ['{"n": 1}', '{"n": 2}']
        designer.client.delete(f"test-requests/{items['id']}")
        names = [name for name, _ in told]
    assert names[-1] == "cancelled"
    assert "items" not in names


def test_bytes_of_a_long_request_are_counted_while_it_goes_out(designer: RunningDesigner) -> None:
    """Of a body that a server does not read to its end, what went out is counted: not all, and not
    none.
    """
    stop = threading.Event()

    def slow(peer: Peer) -> None:
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.recv()
        stop.wait(60)

    size = 7_500_000
    task = {
        "type": "Http",
        "httpRequest": {"method": "POST", "headers": {"Content-Type": "text/plain"}},
        "end": True,
    }
    with raw_server(slow) as server:
        task["httpRequest"] |= {"url": server.url + "/", "body": "x" * size}
        with designer.client.stream("POST", "test-requests", json=draft(task)) as stream:
            figures = (
                event["sent"] for name, event in events(stream) if name == "bytes" and event["sent"]
            )
            first = next(figures)
            stop.set()
    assert 0 < first < size


def test_wait_between_attempts_is_told(designer: RunningDesigner) -> None:
    """Between attempts the page hears how long the wait is, that the server asked for it, and which
    attempt follows.
    """
    busy = response(b"busy", ("Retry-After", "1"), status="503 Service Unavailable")
    with raw_server(sequence(respond(busy), respond(OK))) as server:
        task = thing_task(server.url) | {
            "retry": {"maxAttempts": 3, "intervalSeconds": 0, "backoffRate": 1}
        }
        told = events_of(designer, draft(task))
    waits = [event for name, event in told if name == "phase" and event["phase"] == "retry"]
    assert [
        (each["waitSeconds"], each["retryAfter"], each["attempt"], each["maxAttempts"])
        for each in waits
    ] == [(1.0, 1.0, 1, 3)]
    after = [
        event["attempt"]
        for name, event in told
        if name in ("phase", "bytes") and "attempt" in event
    ]
    assert after == sorted(after)
    assert told[-1][0] == "response"


@pytest.mark.parametrize("answer", ["503", "silence"])
def test_cancelled_in_a_wait_says_what_was_done(designer: RunningDesigner, answer: str) -> None:
    """A cancel between attempts tells of the attempts that were made, and that the server may have
    got the request.
    """
    busy = response(b"busy", ("Retry-After", "60"), status="503 Service Unavailable")
    handler = respond(busy) if answer == "503" else reset(after_request=True)
    with raw_server(handler) as server:
        retry = {"maxAttempts": 3, "intervalSeconds": 80_000, "backoffRate": 1}
        task = thing_task(server.url) | {"retry": retry, "totalTimeoutSeconds": 600_000}
        with designer.client.stream("POST", "test-requests", json=draft(task)) as stream:
            told = events(stream)
            for name, event in told:
                if name == "phase" and event["phase"] == "retry":
                    break
            designer.client.delete(f"test-requests/{stream.headers['test-request-id']}")
            name, event = list(told)[-1]
    assert (name, event["maybeDelivered"]) == ("cancelled", True)
    assert [each["outcome"] for each in event["attempts"]] == [
        "status" if answer == "503" else "connection"
    ]
    assert event["attempts"][0]["hops"][0].get("status") == (503 if answer == "503" else None)
    assert event["raw"].startswith("GET /things/7 HTTP/1.1")


def test_cancelled_before_anything_went_out(designer: RunningDesigner) -> None:
    """A cancel while a connection is being made says that nothing was delivered, and that one
    attempt was begun.
    """
    backlog = socket.socket()
    with contextlib.closing(backlog), contextlib.ExitStack() as stack:
        backlog.bind(("127.0.0.1", 0))
        backlog.listen(0)
        for _ in range(3):  # fill the queue of connections nobody accepts: the next one hangs
            waiting = stack.enter_context(contextlib.closing(socket.socket()))
            waiting.setblocking(False)
            waiting.connect_ex(backlog.getsockname())
        task = thing_task(f"http://127.0.0.1:{backlog.getsockname()[1]}")
        with designer.client.stream("POST", "test-requests", json=draft(task)) as stream:
            told = events(stream)
            for name, event in told:
                if name == "phase" and event["phase"] == "connect":
                    break
            designer.client.delete(f"test-requests/{stream.headers['test-request-id']}")
            name, event = list(told)[-1]
    assert (name, event["maybeDelivered"]) == ("cancelled", False)
    assert [each["outcome"] for each in event["attempts"]] == ["cancelled"]


def test_too_many_at_once(designer: RunningDesigner) -> None:
    """More than eight test requests at once are refused; when one has ended there is room again."""
    waiting = _Waiting()
    with raw_server(waiting) as server:
        streams = []
        for _ in range(8):
            stream = streamed_test(designer, server)
            streams.append((stream, stream.__enter__()))
        assert (
            designer.client.post("test-requests", json=draft(thing_task(server.url))).status_code
            == 429
        )
        for stream, opened in streams:
            designer.client.delete(f"test-requests/{opened.headers['test-request-id']}")
            assert [name for name, _ in events(opened)][-1] == "cancelled"
            stream.__exit__(None, None, None)
    assert last(designer, draft(thing_task(NOWHERE)))[0] == "error"


def test_the_designer_ends_while_streams_are_open(tmp_path: Path) -> None:
    """Stopping the designer cancels what is under way instead of waiting for it."""
    waiting = _Waiting()
    with (
        raw_server(waiting) as server,
        running_designer(tmp_path, endpoints=[thing_endpoint(NOWHERE)]) as designer,
    ):
        stream = streamed_test(designer, server)
        opened = stream.__enter__()
        assert waiting.asked.wait(60)
        designer.server.should_exit = True
        assert waiting.hung_up.wait(60)
        opened.close()


def test_slow_description_does_not_hold_up_others(
    designer: RunningDesigner, stand_in: StandIn
) -> None:
    """Requests at once are all answered."""
    answers: list[int] = []

    def ask() -> None:
        answers.append(
            designer.client.post("validate", json=draft(email_task(stand_in.url))).status_code
        )

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 20


# The documented response


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"id": 1, "name": "x", "tags": ["a"], "size": "small"}, set()),
        ({"id": 1}, {("missing", "/name")}),
        ({"id": "1", "name": None}, {("type", "/id"), ("type", "/name")}),
        ({"id": 1, "name": "x", "colour": "red"}, {("undocumented", "/colour")}),
        ({"id": 1, "name": "x", "tags": [1, 2, 3]}, {("type", "/tags/0")}),
        ({"id": 1, "name": "x", "size": "huge"}, {("value", "/size")}),
        ([1], {("type", "")}),
    ],
    ids=[
        "as-documented",
        "missing",
        "wrong-type",
        "undocumented",
        "in-items-once",
        "value",
        "another-type",
    ],
)
def test_differences_to_the_documentation(
    designer: RunningDesigner, answer: Any, found: set[tuple[str, str]]
) -> None:
    """A response that is not as documented gets notes, each with its place, and is a success all
    the same.
    """
    with raw_server(
        respond(response(json.dumps(answer).encode(), ("Content-Type", "application/json")))
    ) as server:
        name, event = last(designer, draft(thing_task(server.url)))
    assert (name, event["outcome"]) == ("response", "success")
    assert {(each["kind"], each["pointer"]) for each in event["differences"]} == found


def test_undocumented_status_and_media_type(designer: RunningDesigner) -> None:
    """So do a status and a media type that are not documented; a documented range covers its
    statuses.
    """
    answers = [
        response(b"x", ("Content-Type", "text/plain")),
        response(b"{}", status="302 Found"),
        response(b"", status="404 Gone"),
    ]
    kinds = []
    for answer in answers:
        with raw_server(respond(answer)) as server:
            kinds.append(
                [
                    each["kind"]
                    for each in last(designer, draft(thing_task(server.url)))[1]["differences"]
                ]
            )
    assert kinds == [["media-type"], ["status"], []]


# Uploads


def test_upload(designer: RunningDesigner) -> None:
    """A file is kept and answered with a reference that says what it is; it can be removed once."""
    data = bytes(range(256)) * 1000
    answer = designer.client.post(
        "uploads",
        params={"name": "../../a\\b.bin"},
        content=data,
        headers={"Content-Type": "image/png"},
    )
    assert answer.status_code == 201
    file = answer.json()["$file"]
    assert file == {
        "upload": file["upload"],
        "name": "b.bin",
        "mediaType": "image/png",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    assert designer.client.delete(answer.headers["location"]).status_code == 204
    assert designer.client.delete(answer.headers["location"]).status_code == 404


@pytest.mark.parametrize("media_type", ["multipart/form-data", "application/pdf"])
def test_upload_is_sent(tmp_path: Path, media_type: str) -> None:
    """A reference to an upload is sent as the file's bytes; once it was removed, the request says
    so at its place.
    """
    body = {
        "type": "object",
        "required": ["scan"],
        "properties": {"scan": {"type": "string", "format": "binary"}},
    }
    multipart = media_type.startswith("multipart")
    content = {media_type: MediaType(body if multipart else {})}
    with raw_server(respond(response(b"{}"))) as server:
        endpoint = Endpoint(
            id="scan",
            method="POST",
            path="/scan",
            provider="acme",
            servers=(Server(server.url),),
            request_body=RequestBody(content),
        )
        with running_designer(tmp_path, endpoints=[endpoint]) as designer:
            data = b"%PDF \x00\xff" * 100_000
            reference = designer.client.post("uploads?name=a.pdf", content=data, headers=PDF).json()
            task = designer.client.get("endpoints/scan/form").json()["prefill"]
            task["httpRequest"]["body"] = {"scan": reference} if multipart else reference
            name, event = last(designer, draft(task))
            assert (name, event["request"]["body"].count("[700,000 bytes of a.pdf]")) == (
                "response",
                1,
            )
            assert data in server.received[-1]
            designer.client.delete(f"uploads/{reference['$file']['upload']}")
            name, event = last(designer, draft(task))
            assert (name, event["kind"]) == ("error", "settings")
            assert event["problems"][0]["pointer"].startswith("/httpRequest/body")
            assert "a.pdf" in event["problems"][0]["message"]


def test_upload_is_bounded(tmp_path: Path) -> None:
    """An upload over its limit is refused and nothing of it stays, whether its length was said or
    not.
    """
    with running_designer(tmp_path, upload_limit=1000) as designer:
        assert designer.client.post("uploads", content=b"x" * 1001).status_code == 413
        assert designer.client.post("uploads", content=iter([b"x" * 600] * 2)).status_code == 413
        assert designer.client.post("uploads", content=b"x" * 1000).status_code == 201


# Credentials


def test_credentials_are_names_and_kinds(
    designer: RunningDesigner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What can be listed is listed by name, kind and origins; a broken store is a sentence."""
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_PROCORE_SANDBOX", "canary-one")
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_BROKEN", '{"type": "bearer"')
    file = tmp_path / "credentials.json"
    file.write_text(
        '{"crm": {"type": "basic", "username": "u", "password": "canary-two", "origins":'
        ' ["https://crm.example"]}}'
    )
    file.chmod(0o600)
    monkeypatch.setenv("HTTPTASK_CREDENTIALS_FILE", str(file))
    answer = designer.client.get("credentials")
    assert answer.json()["items"] == [
        {
            "name": "crm",
            "kind": "basic",
            "source": "file",
            "writable": True,
            "origins": ["https://crm.example"],
        },
        {
            "name": "procore-sandbox",
            "kind": "bearer",
            "source": "environment",
            "writable": False,
            "warnings": ["it may be sent to any origin: name those it is for"],
        },
    ]
    assert len(answer.json()["problems"]) == 1
    file.chmod(0o644)
    assert "chmod 600" in " ".join(designer.client.get("credentials").json()["problems"])
    assert "canary" not in answer.text


def test_secrets_stay_here(designer: RunningDesigner, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer of the designer holds a credential's value, not even when the API sends it back."""
    canary = "canary-c4f2b7e19a"
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_CANARY", canary)
    seen: list[str] = []

    def echo(peer: Peer) -> None:
        seen.append(peer.read_request().decode("latin-1"))
        body = json.dumps({"you": canary, "id": 1, canary: "name"}).encode()
        peer.sendall(
            response(body, ("Content-Type", "application/json"), ("X-Echo", f"Bearer {canary}"))
        )

    with raw_server(echo) as server:
        task = thing_task(server.url) | {"credentials": "canary"}
        told = events_of(designer, draft(task))
        rendered = designer.client.post("render", json=draft(task)).text
    assert canary in seen[0]
    assert told[-1][0] == "response"
    body = designer.client.get(told[-1][1]["body"])
    decoded = designer.client.get(told[-1][1]["body"], params={"as": "decoded"})
    for text in (
        json.dumps(told),
        rendered,
        body.text,
        decoded.text,
        designer.client.get("credentials").text,
    ):
        assert canary not in text
    assert "•••" in rendered


# Nothing is sent by the wrong door


def test_silent_server_is_not_asked_by_reading(designer: RunningDesigner) -> None:
    """Searching, reading, checking and rendering never open a connection to the API."""
    with raw_server(silent()) as server:
        assert isinstance(server, RawServer)
        task = thing_task(server.url)
        designer.client.post("validate", json=draft(task))
        designer.client.post("render", json=draft(task))
        designer.client.get("endpoints/acme-things-id-get-0")
        assert server.connections == 0


def test_broken_catalogue_is_said(tmp_path: Path) -> None:
    """A catalogue that cannot be used is a sentence with what to do, on every route that needs
    it.
    """
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"no catalogue at all" * 100)
    with running_designer(tmp_path, catalogue=broken) as designer:
        for path in ("config", "endpoints", f"endpoints/{SEED}", f"endpoints/{SEED}/form"):
            answer = designer.client.get(path)
            assert (answer.status_code, answer.json()["type"]) == (
                503,
                "urn:httptask:problem:catalogue",
            )
            assert str(broken) in answer.json()["detail"]


def test_mistakes_of_ours_are_said_plainly(
    designer: RunningDesigner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody expected is answered with a sentence, not a traceback; the log has that."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr("httptask.designer._endpoint_routes.reference", broken)
    answer = designer.client.get("endpoints/acme-things-id-get-0")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:httptask:problem:internal")
    assert "secret detail" not in answer.text
    assert "secret detail" in caplog.text


def test_a_form_is_that_of_the_endpoint_as_it_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A form is made once for an endpoint that stays as it is, and anew for one that was imported
    again.
    """
    monkeypatch.setattr("httptask.designer._catalogue._FRESH_SECONDS", 0)
    made: list[str] = []
    make = _endpoint_routes.form_with_needs

    def noted(endpoint: Endpoint, schema: Any) -> dict[str, Any]:
        made.append(endpoint.id)
        return make(endpoint, schema)

    monkeypatch.setattr(_endpoint_routes, "form_with_needs", noted)
    thing = thing_endpoint("https://a.example")
    with running_designer(tmp_path, endpoints=[thing]) as designer:
        path = f"endpoints/{thing.id}/form"
        first = designer.client.get(path).json()
        assert designer.client.get(path).json() == first
        assert made == [thing.id]
        with Catalogue.open(tmp_path / "designer-catalogue.sqlite3") as catalogue:
            catalogue.put([replace(thing, title="Fetch a thing")], source="tests")
        assert designer.client.get(path).json()["prefill"]["description"] == "Fetch a thing"
        assert made == [thing.id, thing.id]
