"""A definition for each feature of engines, and the API for their tasks.

Both engines must run these definitions in the same way. A run that began on one version of a worker
must continue on the next version.
"""

from __future__ import annotations

import json
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import servers
from httptask.model.pins import Pins
from lists import Asked, list_server, page
from tasks import http

API = "http://api.example"
"""The URL of the API in a definition; `at` replaces it."""


@contextmanager
def api() -> Iterator[servers.RawServer]:
    """Run the API. `/things/N` is a thing; `/busy/N` answers 503 N times for each key or path;
    `/jobs` starts a job that is done at its second poll; `/broken` always fails; `/calls/before`
    and `/calls/after` call the URL `at` of the body, before the answer or after it.
    """
    asked_before: Counter[str] = Counter()
    calls: list[threading.Timer] = []

    def answer(request: Asked) -> bytes:
        which = request.headers.get("idempotency-key") or request.target
        asked_before[which] += 1
        name, _, number = request.path.removeprefix("/").partition("/")
        if name == "busy" and asked_before[which] <= int(number):
            return page({"busy": True}, status="503 Service Unavailable")
        if name == "broken":
            return page({"reason": "broken"}, status="500 Internal Server Error")
        if name == "missing":
            return page({"reason": "missing"}, status="404 Not Found")
        if name == "calls":
            calling = threading.Timer(0.0 if number == "before" else 0.2, _call, (request.json,))
            calls.append(calling)
            calling.start()
            if number == "before":
                calling.join()
            return page({"id": 7}, status="202 Accepted")
        if name == "jobs" and not number:
            return page({}, ("Location", "/jobs/1"), ("Retry-After", "0"), status="202 Accepted")
        if name == "jobs":
            done = asked_before[which] % 2 == 0
            state = {"status": "succeeded" if done else "running", "rows": 5}
            return page(state, ("Retry-After", "0"))
        if name == "pages":
            count = int(request.query.get("page", "1"))
            return page({"data": [{"id": count}], "total": 3})
        key = request.headers.get("idempotency-key")
        return page(
            {
                "path": request.target,
                "method": request.method,
                "key": key is not None,
            }
        )

    with list_server(answer) as server:
        yield server
    for calling in calls:
        calling.join()


def _call(body: Any) -> None:
    """Call the URL `at` of *body* twice, like a caller that repeats a call without an answer."""
    state = json.dumps({"state": body.get("state", "Ready"), "of": body.get("of")}).encode()
    for _ in range(2):
        headers = {"Content-Type": "application/json", "Authorization": "Bearer of-the-caller"}
        request = urllib.request.Request(body["at"], state, headers, method="POST")
        with urllib.request.urlopen(request, timeout=60):
            pass


def get(path: str, **fields: Any) -> dict[str, Any]:
    """Return a task that gets *path*; it is the last one unless *fields* has `nextTask`."""
    task = http(API + path, **fields)
    if "nextTask" in fields:
        del task["end"]
    return task


def post(path: str, **fields: Any) -> dict[str, Any]:
    """Return a task that posts to *path* with an idempotency key."""
    task = get(path, **{"idempotencyKey": True, **fields})
    task["httpRequest"] |= {"method": "POST", "body": {"a": 1}}
    return task


def called(path: str, callback: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a task that posts to *path* and waits for a callback with the setting *callback*."""
    task = post(path, completion={"mode": "callback", "callback": callback}, **fields)
    body = {
        "at": "${swf:callbackUrl}",
        "state": "Ready",
        "of": "${$.of}",
    }
    task["httpRequest"]["body"] = body
    task["inputParameters"] = {"of": "${$.input.of}"}
    return task


def flow(start: str, tasks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return the definition of *tasks*."""
    return {
        "name": "Test",
        "startTask": start,
        "tasks": tasks,
        **fields,
    }


def branch(name: str, task: dict[str, Any]) -> dict[str, Any]:
    """Return a branch of one task."""
    return {"startTask": name, "tasks": {name: task}}


@dataclass(frozen=True, slots=True)
class Case:
    """A definition, its input, and the status in which its run ends."""

    definition: dict[str, Any]
    status: str = "Completed"
    given: Any = None
    definitions: dict[str, Any] = field(default_factory=dict)
    signals: dict[str, Any] = field(default_factory=dict)
    """Outputs from outside by the name of the task, or for an item by name and index (`G.0`)."""
    pins: Pins | None = None


def name_and_item(which: str) -> tuple[str, int | None]:
    """Return the name of the task and the index of the item for *which*, a key of `signals`."""
    name, _, item = which.partition(".")
    return name, int(item) if item else None


READ = "${$.tasks['A'].output.body.path}"

_SCHEMA = {
    "type": "object",
    "properties": {
        "who": {"type": "string", "pattern": r"^\p{Lu}", "format": "idn-hostname"},
        "when": {"type": "string", "format": "date-time"},
        "times": {"type": "integer", "default": 3},
    },
    "required": ["who"],
}
"""Of an input; a pattern and a format each need a library of their own."""

_RETRY = {"maxAttempts": 3, "intervalSeconds": 0.01}

_CHAIN = flow(
    "A",
    {
        "A": get("/things/1", nextTask="B"),
        "B": get("/things/{id}", nextTask="C", inputParameters={"id": READ, "in": "${$.input.n}"}),
        "C": post("/things", end=True),
    },
)
_CHAIN["tasks"]["B"]["httpRequest"]["pathParameters"] = {"id": "${$.id}"}
_CHAIN["tasks"]["B"]["httpRequest"]["query"] = {"n": "${$.in}"}

_LOOP = flow(
    "A",
    {
        "A": get("/things/1", nextTask="D"),
        "D": {
            "type": "Decision",
            "choices": [{"condition": "$.statusCode === 404", "nextTask": "A"}],
            "defaultTask": "T",
        },
        "T": {
            "type": "Terminate",
            "terminationStatus": "Completed",
            "workflowOutput": {"was": READ},
        },
    },
)

_INNER = flow("I", {"I": get("/things/in", inputParameters={"n": "${$.input.n}"})}, name="Inner")
_WRONG = flow("I", {"I": get("/missing")}, name="Wrong")


_PAGES = {
    "mode": "page",
    "parameter": {"in": "query", "name": "page"},
    "items": "$.data",
    "total": "$.total",
}
_PAGES_APART = {**_PAGES, "each": "activity"}

_FAILED = {"status": "${$.input.failed.status}", "n": "${$.input.input.n}"}


def nested(name: str, **fields: Any) -> dict[str, Any]:
    """Return a task that runs the definition *name*."""
    return {
        "type": "Workflow",
        "definition": name,
        "end": True,
        **fields,
    }


CASES: dict[str, Case] = {
    "chain": Case(_CHAIN, given={"n": 12345678901234567890}),
    "input-schema": Case(
        flow(
            "A",
            {"A": get("/things/1", inputParameters={"n": "${$.input.times}"})},
            inputSchema=_SCHEMA,
        ),
        given={"who": "Änne", "when": "2026-11-30T12:00:00Z"},
    ),
    "decision-and-terminate": Case(_LOOP),
    "parallel": Case(
        flow(
            "P",
            {
                "P": {
                    "type": "Parallel",
                    "branches": [
                        branch("A", get("/things/1")),
                        branch("W", {"type": "Wait", "seconds": 0.1, "end": True}),
                    ],
                    "nextTask": "E",
                },
                "E": get("/things/3"),
            },
        )
    ),
    "failed-branch": Case(
        flow(
            "P",
            {
                "P": {
                    "type": "Parallel",
                    "branches": [
                        branch("A", get("/missing")),
                        branch("W", {"type": "Wait", "seconds": 3600, "end": True}),
                    ],
                    "nextTask": "R",
                    "onError": [{"errors": ["status"], "nextTask": "R"}],
                },
                "R": get("/things/2"),
            },
        )
    ),
    "error-route": Case(
        flow(
            "A",
            {
                "A": get("/missing", onError=[{"statuses": [404], "nextTask": "R"}]),
                "R": get("/things/{s}", inputParameters={"s": "${$.tasks['A'].output.error.kind}"}),
            },
        )
    ),
    "retry": Case(flow("A", {"A": get("/busy/2", retry=_RETRY)})),
    "retry-in-vain": Case(flow("A", {"A": get("/busy/9", retry=_RETRY)}), "Failed"),
    "no-retry-without-key": Case(
        flow("A", {"A": post("/busy/1", retry=_RETRY, idempotencyKey=False)}), "Failed"
    ),
    "retry-with-key": Case(flow("A", {"A": post("/busy/1", retry=_RETRY)})),
    "wait": Case(flow("W", {"W": {"type": "Wait", "seconds": 0.1, "end": True}})),
    "gate": Case(
        flow(
            "G",
            {
                "G": {
                    "type": "Simple",
                    "inputParameters": {"who": "${$.input.who}"},
                    "nextTask": "A",
                },
                "A": get("/things/1"),
            },
        ),
        given={"who": "Ann"},
        signals={"G": {"approved": True}},
    ),
    "gate-items": Case(
        flow(
            "G",
            {
                "G": {
                    "type": "Simple",
                    "inputParameters": {"order": "${$.item}"},
                    "forEach": {"items": "${$.input.orders}", "concurrency": 2},
                    "nextTask": "A",
                },
                "A": get("/things/1", inputParameters={"s": "${$.tasks['G'].output[1]}"}),
            },
        ),
        given={"orders": [7, 8, 9]},
        signals={"G.1": "second", "G.2": {"approved": False}, "G.0": None},
    ),
    "items": Case(
        flow(
            "A",
            {
                "A": get(
                    "/things/{item}",
                    forEach={"items": "${$.input.list}", "concurrency": 2},
                    inputParameters={"list": "${$.input.list}"},
                )
            },
        ),
        given={"list": [1, 2, 3]},
    ),
    "failed-item": Case(
        flow("A", {"A": get("/missing", forEach={"items": [1, 2, 3]})}),
        "Failed",
    ),
    "collected-items": Case(
        flow("A", {"A": get("/missing", forEach={"items": [1, 2], "onError": "collect"})}),
    ),
    "nested": Case(
        flow("N", {"N": nested("inner", inputParameters={"n": 1})}), definitions={"inner": _INNER}
    ),
    "failed-nested": Case(flow("N", {"N": nested("wrong")}), "Failed", None, {"wrong": _WRONG}),
    "nested-items": Case(
        flow(
            "N",
            {
                "N": nested(
                    "inner",
                    forEach={"items": [1, 2], "concurrency": 2},
                    inputParameters={"n": "${$.item}"},
                )
            },
        ),
        definitions={"inner": _INNER},
    ),
    "failure-workflow": Case(
        flow("A", {"A": get("/missing")}, failureWorkflow="inner"),
        "Failed",
        {"n": 3},
        {"inner": flow("I", {"I": get("/things/in", inputParameters=_FAILED)}, name="After")},
    ),
    "time-limit": Case(
        flow("W", {"W": {"type": "Wait", "seconds": 3600, "end": True}}, timeoutSeconds=0.3),
        "TimedOut",
    ),
    "job": Case(
        flow(
            "A",
            {
                "A": post(
                    "/jobs",
                    completion={"mode": "poll", "poll": {"intervalSeconds": 0}},
                )
            },
        )
    ),
    "callbacks": Case(
        flow(
            "A",
            {
                "A": called("/calls/before", {"timeoutSeconds": 600}, nextTask="B"),
                "B": called(
                    "/calls/after",
                    {"status": "$.state", "failed": ["Ready"]},
                    nextTask="C",
                    onError=[{"errors": ["completion"], "nextTask": "C"}],
                ),
                "C": called(
                    "/calls/after",
                    {"until": "${jsonata: body.of = 7}", "result": "${$.body.of}"},
                    nextTask="D",
                    forEach={"items": [1, 2], "concurrency": 2},
                ),
                "D": called(
                    "/things/never",
                    {"timeoutSeconds": 0.1},
                    nextTask="E",
                    onError=[{"errors": ["completion"], "nextTask": "E"}],
                ),
                "E": get("/things/1"),
            },
        ),
        given={"of": 7},
    ),
    "pages": Case(flow("A", {"A": get("/pages", pagination=_PAGES)})),
    "pins": Case(
        flow(
            "A",
            {
                "A": post("/missing", idempotencyKey=False, retry=_RETRY, nextTask="B"),
                "B": get("/missing", nextTask="C", forEach={"items": [1, 2]}),
                "C": get("/missing", pagination=_PAGES_APART, nextTask="D"),
                "D": nested("inner", end=False, nextTask="E"),
                "E": get("/things/sent", nextTask="F"),
                "F": get("/missing"),
            },
        ),
        "Failed",
        {"n": 7},
        {"inner": _INNER},
        pins=Pins(
            {
                "A": [{"error": {"class": "connection"}}, {"status": 503}, {"body": {"a": 1}}],
                "B": [[{"body": 1}], {"body": 2}],
                "C": [{"body": {"data": [{"id": n}], "total": 3}} for n in range(3)],
                "F": [],
            },
            {"inner": {"I": {"status": 201, "headers": {"Location": "/1"}}}},
        ),
    ),
    "pinned": Case(
        flow("A", {"A": post("/missing", nextTask="B"), "B": get("/things/sent")}),
        pins=Pins({"A": {"body": 1}}),
    ),
    "pages-apart": Case(
        flow(
            "A",
            {
                "A": get("/pages", pagination=_PAGES_APART, nextTask="B"),
                "B": get(
                    "/pages", pagination=_PAGES_APART, nextTask="C", forEach={"items": [1, 2]}
                ),
                "C": get(
                    "/pages",
                    pagination={**_PAGES_APART, "maxPages": 2},
                    nextTask="D",
                    onError=[{"errors": ["pagination"], "nextTask": "D"}],
                ),
                "D": get("/things/1"),
            },
        )
    ),
}
CASES["items"].definition["tasks"]["A"]["httpRequest"]["pathParameters"] = {"item": "${$.item}"}
CASES["error-route"].definition["tasks"]["R"]["httpRequest"]["pathParameters"] = {"s": "${$.s}"}


def at(value: Any, url: str) -> Any:
    """Return the JSON *value* with the API at *url*."""
    if isinstance(value, str):
        return value.replace(API, url)
    if isinstance(value, dict):
        return {name: at(part, url) for name, part in value.items()}
    if isinstance(value, list):
        return [at(part, url) for part in value]
    return value
