"""No expression is doubted that reads what a description documents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from httptask.catalogue import Catalogue
from httptask.importers import read_api
from httptask.model.api import Endpoint, MediaType, Response, Server
from httptask.model.workflow import WorkflowDefinition
from httptask.task import Runtime
from httptask.workflow import problems
from httptask.workflow.typing import _data
from places import DATA
from tasks import runtime

ABOUT_TYPES = {
    *("expression-type", "name-undocumented", "name-of-other"),
    *("task-not-run", "task-may-not-run", "condition-member"),
}
"""Codes of what is told of an expression by the types of what it sees."""
MOST_PATHS = 40
DEEPEST = 6

LISTS = [
    json.loads(line)
    for line in (DATA / "pagination" / "suggested.jsonl").read_text("utf-8").splitlines()
]
"""Lists of real providers, with the `pagination` that reads their pages."""
DESCRIBED = [
    endpoint
    for file in ("library/2.0.yaml", "library/3.2.yaml", "split/openapi.yaml")
    for endpoint in read_api(DATA / "descriptions" / file).endpoints
]
ENDPOINTS = [*(Endpoint.from_json(row["endpoint"]) for row in LISTS), *DESCRIBED]


@pytest.fixture(scope="module")
def shared() -> Iterator[Runtime]:
    with Catalogue.open(":memory:") as catalogue:
        catalogue.put(ENDPOINTS, source="tests")
        with runtime(catalogue=catalogue) as made:
            yield made


def documented(
    schema: Any, definitions: Mapping[str, Any], refs: tuple[str, ...] = ()
) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of each member and first item that *schema* lists, however it does so."""
    if not isinstance(schema, Mapping):
        return
    reference = schema.get("$ref")
    if reference is not None and reference not in refs:
        name = reference.removeprefix("#/$defs/").replace("~1", "/").replace("~0", "~")
        yield from documented(definitions[name], definitions, (*refs, reference))
    for word in ("allOf", "anyOf", "oneOf"):
        for inner in schema.get(word, ()):
            yield from documented(inner, definitions, refs)
    members: dict[str | int, Any] = dict(schema.get("properties", {}))
    if "items" in schema:
        members[0] = schema["items"]
    for step, inner in members.items():
        yield (step,)
        if len(refs) < DEEPEST:
            for path in documented(inner, definitions, (*refs, "")):
                yield step, *path


def paths_of(endpoint: Endpoint) -> list[tuple[str | int, ...]]:
    """Return what the successful responses of *endpoint* list, the shortest paths first."""
    paths = {
        path: None
        for status, response in endpoint.responses.items()
        for name, media_type in response.content.items()
        if status.startswith("2") and "json" in name
        for path in documented(media_type.schema, endpoint.definitions)
    }
    return sorted(paths, key=len)[:MOST_PATHS]


def jsonpath(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{json.dumps(step)}]" for step in path)


def jsonata(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".`{step}`" for step in path)


def reading(endpoint: Endpoint, paths: list[tuple[str | int, ...]]) -> dict[str, Any]:
    """Return a definition whose tasks read all *paths* of a response of *endpoint*."""
    url = endpoint.servers[0].url if endpoint.servers else "https://a.example"
    request = {"url": url + endpoint.path, "method": endpoint.method}
    answer = "tasks.Get.output.body"
    queries = [f"${{$.{answer}{jsonpath(path)}}}" for path in paths]
    queries += [f"${{jsonata: {answer}{jsonata(path)}}}" for path in paths]
    conditions = [f"$.body{jsonpath(path)} === 1" for path in paths]
    choices = [{"condition": condition, "nextTask": "Use"} for condition in conditions]
    use = {"type": "Http", "httpRequest": {"url": "https://a.example"}, "end": True}
    return {
        "startTask": "Get",
        "tasks": {
            "Get": {
                "type": "Http",
                "endpoint": endpoint.id,
                "httpRequest": request,
                "nextTask": "Which",
            },
            "Which": {"type": "Decision", "choices": choices, "defaultTask": "Use"},
            "Use": {**use, "inputParameters": {str(n): text for n, text in enumerate(queries)}},
        },
    }


def doubts(definition: dict[str, Any], shared: Runtime) -> list[str]:
    found = problems(WorkflowDefinition(definition), shared)
    assert "endpoint-unknown" not in [one.code for one in found]
    return [f"{one.pointer}: {one}" for one in found if one.code in ABOUT_TYPES]


def test_what_real_descriptions_list_can_be_read(shared: Runtime) -> None:
    """By JSONPath, by JSONata and in a condition; a name beside it is doubted, so that the
    documented responses are known to have been looked at.
    """
    closed, listing = 0, 0
    for endpoint in ENDPOINTS[::2]:
        paths = paths_of(endpoint)
        assert doubts(reading(endpoint, paths), shared) == []
        beside = [(*path[:-1], f"{path[-1]}_x") for path in paths[:3] if isinstance(path[-1], str)]
        listing += bool(beside)
        closed += bool(doubts(reading(endpoint, beside), shared))
    assert closed > listing * 0.9


@pytest.mark.parametrize("row", LISTS, ids=lambda row: re.sub(r"\W+", "-", row["endpoint"]["id"]))
def test_the_pages_of_real_lists_can_be_read(row: dict[str, Any], shared: Runtime) -> None:
    """By the `pagination` that is right for them."""
    definition = reading(Endpoint.from_json(row["endpoint"]), [])
    definition["tasks"]["Get"]["pagination"] = row["expected"]
    assert doubts(definition, shared) == []


def test_an_example_documents_what_its_schema_lacks() -> None:
    """A name, or a type, that an example of the response has is not doubted; null and an empty list
    say nothing, and others are doubted as before.
    """
    schema = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "rows": {"type": "array", "items": {}},
            "next": {"type": "string"},
        },
    }
    example = {"id": 7, "user": {"mails": ["a@b.example"]}, "rows": [], "next": None}
    listed = MediaType(schema, examples=(example, {"id": 8, "team": [{"lead": "Ann"}]}))
    own = Endpoint(
        "own", "GET", "/own", "acme",
        servers=(Server("https://acme.example"),),
        responses={"200": Response(content={"application/json": listed})},
    )  # fmt: skip
    with Catalogue.open(":memory:") as catalogue:
        catalogue.put([own], source="tests")
        with runtime(catalogue=catalogue) as shared:
            shown = [("user", "mails", 0), ("team", 0, "lead"), ("rows", 0, "any"), ("id",)]
            assert doubts(reading(own, [*shown]), shared) == []
            for path in (("usr",), ("user", "mail"), ("team", 0, "led"), ("next", "x")):
                assert len(doubts(reading(own, [path]), shared)) == 3
            numbers = reading(own, [("id",)])
            numbers["tasks"]["Pause"] = {
                "type": "Wait",
                "seconds": "${$.tasks.Get.output.body.id}",
                "end": True,
            }
            numbers["tasks"]["Use"] |= {"nextTask": "Pause"}
            del numbers["tasks"]["Use"]["end"]
            assert doubts(numbers, shared) == []


def test_the_schemas_of_an_endpoint_are_read_once_for_all_of_its_tasks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its references may lead through a large description."""
    sources: list[Any] = []

    class Noted(_data.SchemaSource):
        def __init__(self, document: Any, **options: Any) -> None:
            sources.append(document)
            super().__init__(document, **options)

    monkeypatch.setattr(_data, "SchemaSource", Noted)
    listed = MediaType({"properties": {"id": {"type": "string"}}}, examples=({"id": "a"},))
    own = Endpoint(
        "own", "GET", "/own", "acme",
        servers=(Server("https://acme.example"),),
        responses={"200": Response(content={"application/json": listed})},
    )  # fmt: skip
    tasks: dict[str, Any] = {}
    for number in range(5):
        get = {
            "type": "Http",
            "endpoint": "own",
            "httpRequest": {"url": "https://acme.example/own"},
        }
        tasks[f"T{number}"] = {**get, "nextTask": f"T{number + 1}"}
    tasks["T5"] = {"type": "Terminate", "terminationStatus": "Completed"} | {
        "workflowOutput": [f"${{$.tasks.T{number % 5}.output.body.id}}" for number in range(10)]
    }
    with Catalogue.open(":memory:") as catalogue:
        catalogue.put([own], source="tests")
        with runtime(catalogue=catalogue) as shared:
            definition = WorkflowDefinition({"name": "N", "startTask": "T0", "tasks": tasks})
            assert problems(definition, shared) == []
    assert len([document for document in sources if document is not None]) == 1
