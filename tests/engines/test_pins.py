"""Runs with pins: a whole workflow without a network."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from httptask import hookimpl
from httptask.engines import Journal, resume_run, run_workflow
from httptask.errors import DefinitionError, PluginError
from httptask.model.api import Endpoint
from httptask.model.pins import PinnedRequest, Pins
from httptask.model.task import Inputs
from httptask.model.workflow import TaskOutcome, TaskRun, WorkflowRun
from httptask.protocols import TaskCall
from httptask.task import HttpTask
from httptask.workflow import load_definition, load_pins
from tasks import http, runtime
from worlds import Do, World

URL = "https://api.acme.example/things"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks up a name or connects fails the test."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def flow(**tasks: dict[str, Any]) -> dict[str, Any]:
    return {"name": "Flow", "startTask": next(iter(tasks)), "tasks": tasks}


def run(document: Any, tasks: dict[str, Any], given: Any = None, **options: Any) -> WorkflowRun:
    """Run *document* with the pins *tasks*, and nothing else."""
    with runtime() as shared:
        pins = Pins(tasks, is_offline=True)
        return run_workflow(document, given, runtime=shared, **{"pins": pins, **options})


def requests_of(document: Any, tasks: dict[str, Any], given: Any = None) -> list[PinnedRequest]:
    """Return what a run of *document* would have sent."""
    requests: list[PinnedRequest] = []
    run(document, {}, given, pins=Pins(tasks, is_offline=True, listener=requests.append))
    return requests


JSON = {"Content-Type": "application/json"}
ANSWERS: dict[str, tuple[Any, int, Any]] = {
    "json": ({"body": {"id": 7}}, 200, {"id": 7}),
    "a list is the body of an object's": ({"body": [1, 2]}, 200, [1, 2]),
    "text": ({"body": "created"}, 200, "created"),
    "a JSON string": ({"headers": JSON, "body": "created"}, 200, "created"),
    "JSON's null": ({"headers": JSON, "body": None}, 200, None),
    "falsy": ({"body": 0}, 200, 0),
    "a charset": (
        {"headers": {"content-type": "text/plain; charset=iso-8859-1"}, "body": "grün"},
        200,
        "grün",
    ),
    "lines": (
        {"headers": {"Content-Type": "application/x-ndjson"}, "body": [{"a": 1}, {"a": 2}]},
        200,
        [{"a": 1}, {"a": 2}],
    ),
    "bytes": ({"headers": JSON, "bodyBase64": "eyJpZCI6IDd9"}, 200, {"id": 7}),
    "nothing": ({"status": 204}, 204, None),
    "framing is left out": (
        {"headers": {"Content-Encoding": "gzip", "Content-Length": "3"}, "body": {"id": 7}},
        200,
        {"id": 7},
    ),
}


@pytest.mark.parametrize(("pin", "status", "body"), ANSWERS.values(), ids=ANSWERS)
def test_a_pin_answers_as_a_server_would(pin: Any, status: int, body: Any) -> None:
    """The result is that of a response with this status and body."""
    ended = run(flow(Get=http(URL)), {"Get": pin})
    assert ended.status == "Completed"
    assert (ended.output["statusCode"], ended.output["body"]) == (status, body)


FAILURES: dict[str, tuple[Any, dict[str, Any], str, bool]] = {
    "a status": ({"status": 404, "body": {"code": "gone"}}, {}, "status", True),
    "a condition": (
        {"body": {"ok": False}},
        {"successCondition": "${jsonata: body.ok}"},
        "status",
        True,
    ),
    "no JSON": ({"headers": JSON, "bodyBase64": "eyJpZCI6"}, {}, "parse", True),
    "dns": ({"error": {"class": "dns"}}, {}, "dns", False),
    "timeout": ({"error": {"class": "timeout"}}, {}, "timeout", True),
    "never sent": ({"error": {"class": "timeout", "maybeDelivered": False}}, {}, "timeout", False),
    "connection": ({"error": {"class": "connection"}}, {}, "connection", False),
    "lost": ({"error": {"class": "connection", "maybeDelivered": True}}, {}, "connection", True),
    "a loop": ({"status": 302, "headers": {"Location": URL}}, {}, "redirect", True),
    "tls": ({"error": {"class": "tls", "message": "expired"}}, {}, "tls", False),
    "credential": ({"error": {"class": "credential"}}, {}, "credential", False),
}


@pytest.mark.parametrize(("pin", "fields", "kind", "delivered"), FAILURES.values(), ids=FAILURES)
def test_a_failure_is_routed_as_that_of_a_server(
    pin: Any, fields: dict[str, Any], kind: str, delivered: bool
) -> None:
    """Its class, and whether the request may have arrived, are those of the real thing; `onError`
    takes it.
    """
    task = http(URL, onError=[{"errors": [kind], "nextTask": "Mend"}], **fields)
    mend = {
        "type": "Terminate",
        "terminationStatus": "Completed",
    }
    ended = run(flow(Get=task, Mend=mend), {"Get": pin})
    assert ended.status == "Completed", ended.error
    error = ended.tasks[0].error
    assert error is not None
    assert (error["kind"], error["maybeDelivered"]) == (kind, delivered)
    if "message" in pin.get("error", {}):
        assert error["message"] == pin["error"]["message"]


def test_the_request_is_checked_built_and_shown_but_not_sent() -> None:
    """Expressions, settings and headers are those that would have gone out; no credential is asked
    for, and the exchange says that nothing was sent.
    """
    task = http(
        URL + "/{id}",
        request={
            "method": "PUT",
            "pathParameters": {"id": "${$.id}"},
            "query": {"page": 2},
            "body": {"name": "${$.name}"},
        },
        inputParameters={"id": "${$.input.id}", "name": "${$.input.name}"},
        credentials="none-such",
        idempotencyKey=True,
    )
    (request,) = requests_of(flow(Put=task), {"Put": {"status": 204}}, {"id": 7, "name": "Saw"})
    assert (request.task, request.item, request.refusal) == ("Put", None, None)
    sent = request.request
    assert (sent.method, sent.url) == ("PUT", URL + "/7?page=2")
    assert json.loads(bytes(sent.body)) == {"name": "Saw"}  # type: ignore[arg-type]
    assert sent.header("idempotency-key")

    class Elsewhere:
        @hookimpl
        def httptask_test_request(self) -> None:
            raise AssertionError("a pinned request is made nowhere else")

    with runtime(Elsewhere()) as shared:
        pinned = Inputs({"id": 7, "name": "Saw"}, pin=Pins({"Put": {"status": 204}}).of("Put"))
        exchange = HttpTask(task, name="Put", runtime=shared).test_request(pinned)
    (hop,) = exchange.attempts[0].hops
    assert hop.is_pinned
    assert hop.to_json()["pinned"] is True
    assert ("Host", "api.acme.example") in hop.request.headers
    assert ("Content-Length", "14") in hop.request.headers
    assert "nothing was sent" in hop.notes[0]
    assert type(exchange).from_json(exchange.to_json()).to_json() == exchange.to_json()


def test_settings_that_do_not_fit_are_refused_as_ever() -> None:
    """A pin does not make a broken task pass."""
    task = http(URL + "/{id}", request={"pathParameters": {"id": "${$.id}"}})
    task["inputParameters"] = {"id": "${$.input.id}"}
    ended = run(flow(Get=task), {"Get": {"body": 1}}, {})
    assert ended.tasks[0].error is not None
    assert ended.tasks[0].error["kind"] == "expression"


def test_a_list_answers_one_request_after_another() -> None:
    """Attempts and visits alike, nobody waits, and the run says how many were pinned."""
    get = http(URL, retry={"maxAttempts": 3, "intervalSeconds": 3600}, totalTimeoutSeconds=9e4)
    again = {
        "type": "Decision",
        "choices": [
            {"condition": "${jsonata: tasks.Get.output.body.state = 'done'}", "nextTask": "Done"}
        ],
        "defaultTask": "Get",
    }
    del get["end"]
    done = {
        "type": "Terminate",
        "terminationStatus": "Completed",
        "workflowOutput": "${$.tasks['Get'].output.body}",
    }
    pins = [
        {"status": 503},
        {"body": {"state": "new"}},
        {"status": 429, "headers": {"Retry-After": "600"}},
        {"body": {"state": "done"}},
    ]
    document = flow(Get={**get, "nextTask": "Again"}, Again=again, Done=done)
    ended = run(document, {"Get": pins})
    assert (ended.status, ended.output) == ("Completed", {"state": "done"})
    assert [task.pinned for task in ended.tasks if task.name == "Get"] == [2, 2]
    assert TaskRun.from_json(ended.tasks[0].to_json()).pinned == 2
    short = run(document, {"Get": pins[:3]})
    assert short.status == "Failed"
    assert "its list of pins has 3, and this is its request number 4" in str(short.error)


def test_items_have_pins_of_their_own() -> None:
    """By their index, whatever the order in which they are done; an entry may be a list."""
    task = http(
        URL,
        request={"query": {"id": "${$.id}"}},
        inputParameters={"id": "${$.item}"},
        forEach={"items": "${$.input}", "concurrency": 3},
        retry={"maxAttempts": 2},
    )
    pins = [{"body": "a"}, [{"status": 503}, {"body": "b"}], {"body": "c"}]
    ended = run(flow(Each=task), {"Each": pins}, [1, 2, 3])
    assert [one["body"] for one in ended.output] == ["a", "b", "c"]
    assert ended.tasks[0].pinned == 4
    late = run(flow(Each=task), {"Each": pins[:2]}, [1, 2, 3])
    assert "2 items, and this one has the index 2" in str(late.error)
    every = run(flow(Each=task), {"Each": {"body": "x"}}, [1, 2])
    assert [one["body"] for one in every.output] == ["x", "x"]


PAGES = {"mode": "nextUrl", "items": "$.items", "next": "$.next"}


def test_pages_and_polls_are_answered_one_after_another() -> None:
    """A list of pages is read to its end, and a job is followed to its result; nobody waits."""
    pages = [
        {"body": {"items": [1, 2], "next": "/things?page=2"}},
        {"body": {"items": [3], "next": None}},
    ]
    ended = run(flow(List=http(URL, pagination=PAGES)), {"List": pages})
    assert (ended.status, ended.output["body"]) == ("Completed", [1, 2, 3])
    job = http(
        URL,
        request={"method": "POST", "body": {}},
        completion={
            "mode": "poll",
            "poll": {"intervalSeconds": 600, "status": "$.state", "done": ["ready"]},
        },
    )
    polls = [
        {"status": 202, "headers": {"Location": "/jobs/1"}},
        {"body": {"state": "busy"}},
        {"body": {"state": "ready", "size": 3}},
    ]
    done = run(flow(Job=job), {"Job": polls})
    assert (done.status, done.output["body"]["size"]) == ("Completed", 3), done.error
    assert done.tasks[0].pinned == 3
    endless = run(flow(Job=job), {"Job": [polls[0], *[polls[1]] * 1000]})
    assert "has answered 1,000 requests of one visit" in str(endless.error)


def test_a_task_without_a_pin_is_refused_offline() -> None:
    """Before its credential is looked for, with what to do; the request is shown."""
    requests = requests_of(flow(Get=http(URL, credentials="none-such")), {})
    assert [request.refusal is not None for request in requests] == [True]
    ended = run(flow(Get=http(URL, credentials="none-such")), {})
    (task,) = ended.tasks
    assert task.error is not None
    assert (task.error["kind"], task.error["retryable"]) == ("blocked", False)
    assert "'Get': it has no pin, and nothing is sent offline" in task.error["message"]
    assert task.error["maybeDelivered"] is False


def test_the_documented_example_answers() -> None:
    """The first one, or by number and status; one that is gone is said, and nothing else."""
    content = {"application/json": {"schema": {}, "examples": [{"id": 1}, {"id": 2}]}}
    gone = {"application/problem+json": {"schema": {}, "examples": [{"title": "Gone"}]}}
    endpoint = Endpoint.from_json(
        {
            "id": "acme-things-get",
            "provider": "acme",
            "method": "GET",
            "path": "/things",
            "servers": [{"url": "https://api.acme.example"}],
            "responses": {
                "200": {"description": "", "content": content},
                "404": {"description": "", "content": gone},
            },
        }
    )

    def answered(pin: dict[str, Any]) -> Any:
        with runtime() as shared:
            task = HttpTask(http(URL), name="Get", runtime=shared, endpoint=endpoint)
            exchange = task.test_request(Inputs(pin=Pins({"Get": pin}).of("Get")))
        response = exchange.response
        return exchange.error if response is None else (response.status_code, response.decoded)

    assert answered({"example": True}) == (200, {"id": 1})
    assert answered({"example": 2, "headers": {"ETag": "x"}}) == (200, {"id": 2})
    assert answered({"example": True, "status": 404}) == (404, {"title": "Gone"})
    assert "no example 3: the endpoint documents 2 for 200" in answered({"example": 3})
    assert "has examples for 200, 404, not for the status 500" in answered(
        {"example": True, "status": 500}
    )
    bare = replace(endpoint, responses={})
    endpoint = bare
    assert "has no documented example of a response; pin it again" in answered({"example": True})


def test_runs_inside_have_pins_of_their_own() -> None:
    """By the id of their definition, for failure workflows too, and each run begins its lists
    anew.
    """
    outer = flow(
        Bill={
            "type": "Workflow",
            "definition": "billing",
            "forEach": {"items": [1, 2]},
            "nextTask": "Get",
        },
        Get=http(URL),
    )
    outer["failureWorkflow"] = "mourn"
    inner = flow(Get=http(URL, retry={"maxAttempts": 2}))
    pins = Pins(
        {"Get": {"status": 500}},
        {
            "billing": {"Get": [{"status": 503}, {"body": "billed"}]},
            "mourn": {"Get": {"body": "sorry"}},
        },
        is_offline=True,
    )
    ended = run(outer, {}, pins=pins, definitions={"billing": inner, "mourn": inner})
    bill, get = ended.tasks
    assert [one["body"] for one in bill.output] == ["billed", "billed"]
    assert get.status == "Failed"
    assert ended.failure_run is not None
    assert (ended.failure_run.status, ended.failure_run.output["body"]) == ("Completed", "sorry")


class Stop(BaseException):
    """Ends a process in a test: nothing of ours catches it."""


async def dies(call: TaskCall) -> TaskOutcome:
    raise Stop


def test_a_resumed_run_goes_on_with_its_pins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal keeps them; a list goes on behind what was answered before the crash."""
    monkeypatch.setattr(Do, "is_repeatable", True, raising=False)
    get = http(URL)
    del get["end"]
    document = flow(
        First={**get, "nextTask": "Pause"},
        Pause={"type": "Do", "nextTask": "Again"},
        Again={
            "type": "Decision",
            "choices": [
                {"condition": "${jsonata: tasks.First.output.body = 2}", "nextTask": "End"}
            ],
            "defaultTask": "First",
        },
        End={
            "type": "Terminate",
            "terminationStatus": "Completed",
            "workflowOutput": "${$.tasks['First'].output.body}",
        },
    )
    pins = Pins({"First": [{"body": 1}, {"body": 2}]}, is_offline=True)
    with Journal(tmp_path / "journal.sqlite3") as journal:
        with pytest.raises(Stop):
            World(Pause=dies).run(document, None, journal=journal, pins=pins)
        (kept,) = journal.runs()
        with runtime(World()) as shared:
            ended = resume_run(journal, kept.workflow_id, runtime=shared)
    assert (ended.status, ended.output) == ("Completed", 2), ended.error
    assert [task.pinned for task in ended.tasks if task.name == "First"] == [1, 1]


def test_pages_go_on_behind_those_that_were_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between two pages repeats none, retries included."""
    pages = [
        {"body": {"items": [1], "next": "/things?page=2"}},
        {"status": 503},
        {"body": {"items": [2], "next": "/things?page=3"}},
        {"body": {"items": [3], "next": None}},
    ]
    task = http(URL, pagination=PAGES, retry={"maxAttempts": 2})
    requests: list[PinnedRequest] = []

    def crash_at_last(request: PinnedRequest) -> None:
        requests.append(request)
        if request.request.url.endswith("page=3"):
            raise Stop

    pins = Pins({"List": pages}, is_offline=True, listener=crash_at_last)
    with Journal(tmp_path / "journal.sqlite3") as journal:
        with pytest.raises(Stop):
            run(flow(List=task), {}, pins=pins, journal=journal)
        (kept,) = journal.runs()
        with runtime() as shared:
            ended = resume_run(journal, kept.workflow_id, runtime=shared)
    assert [one.request.url[-6:] for one in requests] == ["things", "page=2", "page=2", "page=3"]
    assert (ended.status, ended.output["body"]) == ("Completed", [1, 2, 3]), ended.error
    assert ended.tasks[0].pinned == 4


WRONG: dict[str, tuple[Any, str, str | None, str]] = {
    "unknown": ({"Gte": {"body": 1}}, "/tasks/Gte", "Get", "there is no task 'Gte'"),
    "silent": ({"End": {"body": 1}}, "/tasks/End", None, "type Terminate"),
    "two forms": (
        {"Get": {"body": 1, "error": {"class": "dns"}}},
        "/tasks/Get",
        None,
        "give only one of body or error",
    ),
    "an error has no status": (
        {"Get": {"status": 200, "error": {"class": "dns"}}},
        "/tasks/Get",
        None,
        "give only one of error or status",
    ),
    "misspelt": ({"Get": {"bdy": 1}}, "/tasks/Get/bdy", "body", "unknown name"),
    "class": ({"Get": {"error": {"class": "dsn"}}}, "/tasks/Get/error/class", '"dns"', "expected"),
    "status": ({"Get": {"status": 99}}, "/tasks/Get/status", None, "expected"),
    "header": ({"Get": {"headers": {"A": "x\r\nB: y"}}}, "/tasks/Get/headers/A", None, "expected"),
    "lists": ({"Get": [[{"body": 1}]]}, "/tasks/Get/0", None, "nested too deeply"),
    "base64": ({"Get": {"bodyBase64": "%"}}, "/tasks/Get/bodyBase64", None, "not base64"),
    "outside": ({"Get": {"bodyFile": "../flow.json"}}, "/tasks/Get/bodyFile", None, "not below"),
    "no file": ({"Get": {"bodyFile": "x.bin"}}, "/tasks/Get/bodyFile", None, "no such file"),
}


@pytest.mark.parametrize(("tasks", "pointer", "suggestion", "words"), WRONG.values(), ids=WRONG)
def test_wrong_pins_are_refused_before_anything_runs(
    tmp_path: Path, tasks: Any, pointer: str, suggestion: str | None, words: str
) -> None:
    """With the place in their file, what is wrong, and the nearest name."""
    end = {"type": "Terminate", "terminationStatus": "Completed"}
    get = http(URL)
    del get["end"]
    file = tmp_path / "flow.json"
    file.write_text(json.dumps(flow(Get={**get, "nextTask": "End"}, End=end)), "utf-8")
    (tmp_path / "pins").mkdir()
    (tmp_path / "pins/flow.json").write_text(json.dumps({"tasks": tasks}, indent=1), "utf-8")
    with pytest.raises(DefinitionError) as caught:
        run_workflow(file, pins=True)
    (problem,) = caught.value.problems
    assert (problem.pointer, problem.suggestion) == (pointer, suggestion)
    assert words in problem.message
    assert problem.line is not None


def test_the_file_next_to_a_definition_and_those_of_others(tmp_path: Path) -> None:
    """`pins/NAME.json` of each, with bodies in files; a named file stands alone."""
    inner = flow(Get=http(URL))
    outer = flow(Run={"type": "Workflow", "definition": "inner", "nextTask": "Get"}, Get=http(URL))
    (tmp_path / "flow.json").write_text(json.dumps(outer), "utf-8")
    (tmp_path / "inner.json").write_text(json.dumps(inner), "utf-8")
    (tmp_path / "pins").mkdir()
    own = {"tasks": {"Get": {"headers": {"Content-Type": "text/csv"}, "bodyFile": "a.csv"}}}
    (tmp_path / "pins/flow.json").write_text(json.dumps(own), "utf-8")
    (tmp_path / "pins/inner.json").write_text('{"tasks": {"Get": {"body": 2}}}', "utf-8")
    (tmp_path / "pins/a.csv").write_text("a,b\n", "utf-8")
    definition = load_definition(tmp_path / "flow.json")
    pins = load_pins(definition, is_offline=True)
    assert pins.definitions == {"inner": {"Get": {"body": 2}}}
    ended = run(definition, {}, pins=pins, definitions={"inner": inner})
    assert ended.output["body"] == "a,b\n"
    assert ended.tasks[0].output["body"] == 2
    named = load_pins(definition, tmp_path / "pins/flow.json")
    assert named.definitions == {}
    (tmp_path / "pins/flow.json").unlink()
    assert load_pins(definition, False).definitions == {"inner": {"Get": {"body": 2}}}
    with pytest.raises(DefinitionError, match=r"there are no pins in .*flow\.json"):
        load_pins(definition)


def test_an_engine_without_pins_refuses_them() -> None:
    """Rather than to send what was not to be sent."""

    class Engine:
        name = "other"

        async def run(self, *_: Any) -> None:
            raise AssertionError("it ran")

    class Plugin:
        __name__ = "other-engine"

    plugin = Plugin()
    plugin.httptask_engines = hookimpl(lambda: [Engine()])  # type: ignore[attr-defined]
    with runtime(plugin) as shared, pytest.raises(PluginError, match="takes no pins"):
        run_workflow(flow(Get=http(URL)), engine="other", runtime=shared, pins=Pins())
