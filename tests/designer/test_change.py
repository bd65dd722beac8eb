"""Change API, and renaming over the designer's API: what an author wrote stays, wherever there is a
place for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from designer import RunningDesigner, running_designer
from httptask.model.api import Endpoint, MediaType, Parameter, RequestBody, Server

OWN = "http://127.0.0.1:9/own"


def endpoint(
    name: str, *parameters: Parameter, body: dict[str, Any] | None = None, **more: Any
) -> Endpoint:
    content = {"application/json": MediaType(body)} if body is not None else None
    options = {
        "method": "POST",
        "path": f"/{name}/{{id}}",
        "provider": "acme",
        "title": name.title(),
    } | more
    return Endpoint(
        id=f"acme-{name}-0",
        parameters=parameters,
        request_body=RequestBody(content) if content else None,
        **{"servers": (Server(f"https://{name}.example/v1"),)} | options,
    )


def string(name: str, where: str = "query", **schema: Any) -> Parameter:
    return Parameter(name, where, required=where == "path", schema={"type": "string"} | schema)


MESSAGE = {
    "type": "object",
    "properties": {
        "subject": {"type": "string"},
        "to": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "mail": {"type": "string"}},
        },
        "tags": {"type": "array", "items": {"type": "string"}},
        "kind": {"enum": ["a", "b"]},
        "only_old": {"type": "string"},
    },
}
LETTER = {
    "type": "object",
    "properties": {
        "subject": {"type": "string"},
        "to": {
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "additionalProperties": False,
        },
        "tags": {"type": "string"},
        "kind": {"enum": ["b", "c"]},
    },
}
ENDPOINTS = [
    endpoint(
        "mails", string("id", "path"), string("limit", type="integer"), string("sort"), body=MESSAGE
    ),
    endpoint(
        "letters", string("id", "path"), string("limit"), string("X-Trace", "header"), body=LETTER
    ),
    endpoint("calls", string("id"), string("number", "path"), path="/calls/{number}", method="GET"),
    endpoint(
        "drafts",
        string("id", "path"),
        servers=(Server("https://mails.example/v1"), Server("https://drafts.example")),
    ),
    endpoint(
        "regions",
        string("id", "path"),
        servers=(Server("https://{region}.example", variables={"region": {"default": "eu"}}),),
    ),
]


@pytest.fixture(scope="module")
def designer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesigner]:
    with running_designer(tmp_path_factory.mktemp("designer"), endpoints=ENDPOINTS) as running:
        yield running


def change(designer: RunningDesigner, task: dict[str, Any], to: str) -> dict[str, Any]:
    answer = designer.client.post(f"endpoints/acme-{to}-0/task", json={"task": task})
    assert answer.status_code == 200
    value: dict[str, Any] = answer.json()
    return value


def mail(**request: Any) -> dict[str, Any]:
    url = {
        "url": "https://mails.example/v1/mails/{id}",
        "method": "POST",
        "pathParameters": {"id": "7"},
    }
    return {
        "type": "Http",
        "endpoint": "acme-mails-0",
        "description": "Mails",
        "httpRequest": url | request,
    }


def test_values_of_the_same_name_stay(designer: RunningDesigner) -> None:
    """What both endpoints have stays, what fits in another form is put into it, the rest is told;
    the author's own names stay where others are allowed, and so does how the task is run and where
    it leads."""
    body = {
        "subject": "${$.s}",
        "to": {"name": "Ann", "mail": "a@b.example"},
        "tags": ["x"],
        "kind": "b",
        "only_old": "x",
        "own": 1,
    }
    task = mail(query={"limit": 5, "sort": "up"}, headers={"x-trace": "t", "X-Own": "o"}, body=body)
    task |= {
        "nextTask": "Next",
        "retry": {"maxAttempts": 2},
        "inputParameters": {"s": 1},
        "credentials": "mine",
    }
    answer = change(designer, task, "letters")
    changed = answer["task"]
    assert changed["httpRequest"] == {
        "url": "https://letters.example/v1/letters/{id}",
        "method": "POST",
        "pathParameters": {"id": "7"},
        "query": {"limit": "5"},
        "headers": {"X-Trace": "t", "X-Own": "o"},
        "body": {"subject": "${$.s}", "to": {"name": "Ann"}, "kind": "b", "own": 1},
    }
    for name in ("nextTask", "retry", "inputParameters", "credentials"):
        assert changed[name] == task[name]
    assert "end" not in changed
    assert (changed["endpoint"], changed["description"]) == ("acme-letters-0", "Letters")
    at = "/httpRequest"
    assert answer["dropped"] == [
        f"{at}/query/sort",
        f"{at}/body/to/mail",
        f"{at}/body/tags",
        f"{at}/body/only_old",
    ]
    assert (answer["title"], answer["formerTitle"]) == ("Letters", "Mails")


def test_there_and_back(designer: RunningDesigner) -> None:
    """What both have survives going to another endpoint and back."""
    task = mail(query={"limit": 5}, body={"subject": "s", "kind": "b"})
    back = change(designer, change(designer, task, "letters")["task"], "mails")["task"]
    assert back == task


def test_enum_and_expression(designer: RunningDesigner) -> None:
    """A choice that the new endpoint does not offer goes, an expression may stand anywhere."""
    answer = change(designer, mail(body={"kind": "a", "tags": "${$.t}"}), "letters")
    assert answer["task"]["httpRequest"]["body"] == {"tags": "${$.t}"}
    assert answer["dropped"] == ["/httpRequest/body/kind"]


def test_path_parameters_become_query_parameters(designer: RunningDesigner) -> None:
    """Whether a parameter stands in the path or behind it is the endpoint's choice: its value goes
    with its name.
    """
    answer = change(designer, mail(), "calls")
    assert answer["task"]["httpRequest"]["query"] == {"id": "7"}
    assert answer["dropped"] == []
    assert answer["task"]["httpRequest"]["pathParameters"] == {}


def test_author_s_description_stays(designer: RunningDesigner) -> None:
    """A description that was not the old endpoint's title is the author's."""
    assert (
        change(designer, mail() | {"description": "Mine"}, "letters")["task"]["description"]
        == "Mine"
    )


@pytest.mark.parametrize(
    ("url", "to", "expected"),
    [
        (
            "https://mails.example/v1/mails/{id}",
            "letters",
            "https://letters.example/v1/letters/{id}",
        ),
        (OWN + "/mails/{id}", "letters", OWN + "/letters/{id}"),
        (OWN + "/mails/7", "letters", OWN + "/letters/{id}"),
        (OWN + "/mails/7?x=1", "letters", OWN + "/letters/{id}"),
        ("http://127.0.0.1:9", "letters", "http://127.0.0.1:9/letters/{id}"),
        ("http://127.0.0.1:9/elsewhere", "letters", "http://127.0.0.1:9/letters/{id}"),
        (
            "https://mails.example.evil.example/v1/mails/{id}",
            "letters",
            "https://mails.example.evil.example/v1/letters/{id}",
        ),
        ("https://mails.example/v1/mails/{id}", "drafts", "https://mails.example/v1/drafts/{id}"),
        ("https://drafts.example/mails/{id}", "drafts", "https://drafts.example/drafts/{id}"),
        ("${$.base}/mails/{id}", "letters", "${$.base}/letters/{id}"),
        ("${$.url}", "letters", "${$.url}"),
        ("https://us.example/mails/{id}", "regions", "https://us.example/regions/{id}"),
        ("https://{region}.example/mails/{id}", "regions", "https://{region}.example/regions/{id}"),
        ("https://", "letters", "https://letters.example/v1/letters/{id}"),
        ("", "letters", "https://letters.example/v1/letters/{id}"),
    ],
)
def test_address(designer: RunningDesigner, url: str, to: str, expected: str) -> None:
    """An address that the author set stays, so that the next test goes where the last one went; one
    that was the old endpoint's documented server becomes the new one's."""
    assert change(designer, mail(url=url), to)["task"]["httpRequest"]["url"] == expected


def test_a_request_without_a_description(designer: RunningDesigner) -> None:
    """A free-form request, or one whose endpoint is not in the catalogue any more, keeps its
    address and what has a place.
    """
    request = {
        "url": "http://127.0.0.1:9/x",
        "method": "PUT",
        "query": {"limit": "3", "q": "1"},
        "headers": {"A": "b"},
    }
    for more in ({}, {"endpoint": "acme-gone-0"}):
        answer = change(
            designer, {"type": "Http", "httpRequest": request, "end": True} | more, "letters"
        )
        changed = answer["task"]["httpRequest"]
        assert (changed["url"], changed["method"]) == ("http://127.0.0.1:9/letters/{id}", "POST")
        assert (changed["query"], changed["headers"]) == ({"limit": "3"}, {"A": "b"})
        assert answer["dropped"] == ["/httpRequest/query/q"]
        assert "formerTitle" not in answer


@pytest.mark.parametrize("request_", [None, "${$.all}", [], 7])
def test_any_task(designer: RunningDesigner, request_: Any) -> None:
    """Whatever stands in a task, it can become one for another endpoint."""
    answer = change(designer, {"type": "Http", "httpRequest": request_, "endpoint": 7}, "letters")
    assert answer["task"]["httpRequest"]["url"] == "https://letters.example/v1/letters/{id}"


# Renaming and reaching


def test_rename(designer: RunningDesigner) -> None:
    """A task of a definition that was not saved is renamed, and what could not be told is a problem
    with its place.
    """
    definition = {
        "startTask": "Phone",
        "tasks": {
            "Phone": {
                "type": "Http",
                "httpRequest": {"url": "https://a.example/"},
                "nextTask": "Out",
            },
            "Out": {
                "type": "Terminate",
                "terminationStatus": "Completed",
                "workflowOutput": ["${jsonata: tasks.Phone.output}", "${$..Phone}"],
            },
        },
    }
    answer = designer.client.post(
        "workflows/rename", json={"definition": definition, "name": "Phone", "to": "Call home"}
    )
    assert answer.status_code == 200
    renamed = answer.json()
    assert renamed["definition"]["startTask"] == "Call home"
    assert (
        renamed["definition"]["tasks"]["Out"]["workflowOutput"][0]
        == "${jsonata: tasks.`Call home`.output}"
    )
    assert [problem["pointer"] for problem in renamed["problems"]] == [
        "/tasks/Out/workflowOutput/1"
    ]
    taken = designer.client.post(
        "workflows/rename", json={"definition": definition, "name": "Phone", "to": "Out"}
    )
    assert (taken.status_code, "already" in taken.json()["detail"]) == (400, True)


def test_unreached(designer: RunningDesigner) -> None:
    """Of a definition it is said which tasks no run gets to; of a task alone nothing can be
    told.
    """
    ends = {"type": "Terminate", "terminationStatus": "Completed"}
    definition = {"startTask": "A", "tasks": {"A": ends, "B": ends | {"nextTask": "C"}, "C": ends}}
    answer = designer.client.post("validate", json={"definition": definition}).json()
    assert answer["unreached"] == ["B", "C"]
    assert "unreached" not in designer.client.post("validate", json={"task": mail()}).json()
