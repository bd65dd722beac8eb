"""A task is compiled once: what no run can change is made once, and everything that a run can
change is checked in each.
"""

from __future__ import annotations

import asyncio
import gc
import json
import operator
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from httptask import hookimpl, run_workflow
from httptask.building import _request
from httptask.catalogue import Catalogue
from httptask.engines import _compiled, arun_workflow
from httptask.errors import DefinitionError, Problem, SettingsError, UnknownEndpointError
from httptask.model import definition as definition_module
from httptask.model.api import Endpoint, Parameter
from httptask.model.exchange import OutgoingRequest
from httptask.model.task import Inputs
from httptask.model.workflow import TaskOutcome, WorkflowDefinition
from httptask.protocols import TaskCall, TaskCheck
from httptask.task import HttpTask, Runtime, _plan, _runtime, _written
from httptask.task._kept import Kept
from httptask.task._problems import problems_of
from httptask.task._task_type import Http
from httptask.task._written import WrittenTask
from httptask.workflow import definition_of
from httptask.workflow import problems as every_problem
from tasks import RFI, SEED, email_task, http, runtime

HOST = "https://a.example"
END = {"type": "Terminate", "terminationStatus": "Completed"}


class Refines:
    """Counts how often a settings schema is derived."""

    def __init__(self) -> None:
        self.count = 0

    @hookimpl
    def httptask_refine_settings_schema(self, schema: dict[str, Any]) -> None:
        self.count += 1


class Notes:
    """Adds a header to each request, and keeps what it saw."""

    def __init__(self) -> None:
        self.seen: list[list[tuple[str, str]]] = []

    @hookimpl
    def httptask_prepare_request(self, request: OutgoingRequest) -> None:
        request.headers.append(("X-Visit", str(len(self.seen))))
        request.body = b"changed"
        self.seen.append(list(request.headers))


def put(path: Path, *required: str) -> None:
    """Describe the endpoint `GET /things`, with query parameters that are required."""
    parameters = tuple(
        Parameter(name, "query", required=True, schema={"type": "string"}) for name in required
    )
    with Catalogue.open(path) as catalogue:
        catalogue.put(
            [Endpoint("things", "GET", "/things", "v", parameters=parameters)], source="s"
        )


def named(path: Path) -> str:
    with Catalogue.open(path) as catalogue:
        return next(each.id for each in catalogue.endpoints() if each.path == "/things")


def test_a_task_of_a_definition_is_compiled_once(
    httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it is run, by tasks of its own or in workflows; at another place it is another
    task.
    """
    httpx_mock.add_response(json={}, is_reusable=True)
    compiled: list[_plan.Plan] = []

    def noted(plan: _plan.Plan) -> Iterator[Problem]:
        compiled.append(plan)
        return problems_of(plan)

    monkeypatch.setattr(_plan, "problems_of", noted)

    async def main() -> None:
        async with runtime() as shared:
            for _ in range(3):
                await HttpTask(email_task(HOST), runtime=shared, pointer="/tasks/A").acall(RFI)
            definition = {"startTask": "A", "tasks": {"A": email_task(HOST)}}
            for _ in range(3):
                run = await arun_workflow(definition, RFI.input, runtime=shared)
                assert run.status == "Completed"

    asyncio.run(main())
    assert len(compiled) <= 2  # with its nulls, and without them


def test_tasks_of_an_endpoint_share_its_settings_schema() -> None:
    """It is derived and refined once in a runtime, and so are its validators, whatever the tasks
    say and whoever brings the endpoint; each runtime has its own plugins.
    """
    refines = Refines()
    with runtime(refines) as shared, runtime() as other:
        endpoint = shared.endpoint(SEED)
        first, second = (
            HttpTask(email_task(HOST) | {"description": text}, runtime=shared) for text in "ab"
        )
        third = HttpTask(email_task(HOST), runtime=shared, endpoint=endpoint)
        assert not any(task.problems() for task in (first, second, third))
        assert first.settings_schema is second.settings_schema is third.settings_schema
        assert refines.count == 1
        apart = HttpTask(email_task(HOST), runtime=other, endpoint=endpoint)
        assert apart.settings_schema is not first.settings_schema
        key = Parameter("Idempotency-Key", "header", required=True, schema={"type": "string"})
        keyed = replace(endpoint, parameters=(*endpoint.parameters, key))
        plans = [
            HttpTask(email_task(HOST) | {"description": text}, runtime=shared, endpoint=keyed).plan
            for text in "ab"
        ]
        assert plans[0].checked_schema is plans[1].checked_schema
        assert plans[0].checked_schema is not plans[0].settings_schema  # the key is filled in
        assert refines.count == 2


def test_what_expressions_yield_is_checked_in_each_run(httpx_mock: HTTPXMock) -> None:
    """A plan knows the settings; values come with the run, and a wrong one is refused though the
    one before was right.
    """
    httpx_mock.add_response(json={}, is_reusable=True)

    async def main() -> None:
        async with runtime() as shared:
            for wrong in (False, True, False):
                task = HttpTask(email_task(HOST), runtime=shared)
                inputs = Inputs(input={"rfi": {"id": {"no": "integer"} if wrong else 7}})
                if not wrong:
                    assert (await task.acall(inputs)).status_code == 200
                    continue
                with pytest.raises(SettingsError, match="/httpRequest/query/topic_id"):
                    await task.acall(inputs)

    asyncio.run(main())


class Relates:
    """Has a settings schema say something of two groups at once."""

    @hookimpl
    def httptask_refine_settings_schema(self, schema: dict[str, Any]) -> None:
        schema["if"] = {"properties": {"query": {"properties": {"topic_id": {"const": 7}}}}}
        schema["then"] = {"required": ["cookies"]}


@pytest.mark.parametrize(
    ("plugins", "query", "message"),
    [
        ([], "${jsonata: null}", "/httpRequest: 'query' is required"),
        ([], '${jsonata: {"topic_id": 7}}', "/httpRequest/query: 'topic_type' is required"),
        ([Relates()], {"topic_id": "${$.id}", "topic_type": "rfi"}, "'cookies' is required"),
    ],
    ids=["a-group-that-is-gone", "a-name-that-is-gone", "groups-together"],
)
def test_what_the_schema_says_of_more_than_a_value_holds_in_each_run(
    plugins: list[Any], query: Any, message: str
) -> None:
    """Of what evaluation cannot change nothing is checked again, and of all else everything."""
    definition = email_task(HOST, inputParameters={"id": "${$.input.rfi.id}"})
    definition["httpRequest"]["query"] = query
    with runtime(*plugins) as shared:
        task = HttpTask(definition, runtime=shared)
        assert [one for one in task.problems() if one.severity == "error"] == []
        with pytest.raises(SettingsError, match=message):
            task.call(RFI)


def test_what_an_author_changes_later_is_another_task() -> None:
    """A plan has a copy of its definition; a changed definition has a plan of its own."""
    definition = http(f"{HOST}/things/{{id}}", request={"pathParameters": {"id": 1}})
    with runtime() as shared:
        assert HttpTask(definition, runtime=shared).render().url == f"{HOST}/things/1"
        definition["httpRequest"]["pathParameters"]["id"] = 2
        assert HttpTask(definition, runtime=shared).render().url == f"{HOST}/things/2"
        definition["httpRequest"]["pathParameters"]["id"] = 1
        assert HttpTask(definition, runtime=shared).render().url == f"{HOST}/things/1"
        definition["httpRequest"]["pathParameters"] = {}
        assert HttpTask(definition, runtime=shared).problems()


@pytest.mark.parametrize("one", [1, 1.0, True, "1"], ids=repr)
def test_values_that_python_takes_for_equal_are_other_tasks(one: Any) -> None:
    """1, 1.0, true and "1" are not the same on the wire, whichever was compiled first."""
    with runtime() as shared:
        for value in (1, 1.0, True, "1", one):
            task = HttpTask(http(HOST, request={"method": "POST", "body": [value]}), runtime=shared)
            assert (
                task.render().shown_body
                == {"1": b"[1]", "1.0": b"[1.0]", "True": b"[true]", "'1'": b'["1"]'}[repr(value)]
            )


def test_a_constant_request_is_made_once_and_never_changed(httpx_mock: HTTPXMock) -> None:
    """What a plugin makes of a request is gone with it: the next one starts from the settings
    again.
    """
    httpx_mock.add_response(json={}, is_reusable=True)
    notes = Notes()

    async def main() -> None:
        async with runtime(notes) as shared:
            for _ in range(3):
                await HttpTask(
                    http(HOST, request={"method": "POST", "body": {"a": 1}}), runtime=shared
                ).acall()

    asyncio.run(main())
    assert [[value for name, value in headers if name == "X-Visit"] for headers in notes.seen] == [
        ["0"],
        ["1"],
        ["2"],
    ]


PARTS: dict[str, tuple[Any, Any]] = {
    "url": (f"{HOST}/a?x=1", f"{HOST}/b?q=2&y=%2F"),
    "method": ("POST", "PUT"),
    "pathParameters": ({"id": 1}, {"id": "ä/b"}),
    "query": ({"q": "1"}, {"q": ["1", "2"], "r": True}),
    "headers": ({"X-A": 1}, {"X-B": "2", "Content-Type": "application/x-www-form-urlencoded"}),
    "cookies": ({"c": "1"}, {"d": "2"}),
    "body": ({"a": 1}, {"a": "two"}),
}


@pytest.mark.parametrize("group", PARTS)
def test_a_request_is_the_same_whichever_of_its_parts_is_evaluated(group: str) -> None:
    """What is constant is built once, what an expression brings in each run."""
    settings = {name: value for name, (value, _) in PARTS.items()}
    if group == "url":
        del settings["pathParameters"]  # there are no places in the text that an expression brings
    else:
        settings["url"] = f"{HOST}/a/{{id}}?x=1"
    parameters = {"value": "${$.input}"}
    with runtime() as shared:
        request = {**settings, group: "${$.value}"}
        evaluated = HttpTask(
            http(HOST, request=request, inputParameters=parameters),
            runtime=shared,
        )
        for value in (*PARTS[group], *reversed(PARTS[group])):
            literal = HttpTask(http(HOST, request={**settings, group: value}), runtime=shared)
            assert evaluated.render(Inputs(input=value)) == literal.render()


def test_constant_parts_of_a_request_are_built_once(
    httpx_mock: HTTPXMock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An expression in the query does not have the body written again for each run."""
    httpx_mock.add_response(json={}, is_reusable=True)
    written: list[Any] = []
    really = _request.body

    def noted(value: Any, *given: Any) -> Any:
        written.append(value)
        return really(value, *given)

    monkeypatch.setattr(_request, "body", noted)

    async def main() -> None:
        async with runtime() as shared:
            for number in (7, 8, 9):
                inputs = Inputs(input={"rfi": {"id": number}})
                await HttpTask(email_task(HOST), runtime=shared).acall(inputs)

    asyncio.run(main())
    assert len(written) == 1
    requests = httpx_mock.get_requests()
    assert [request.url.params["topic_id"] for request in requests] == ["7", "8", "9"]
    assert len({request.content for request in requests}) == 1


def test_escaped_expressions_are_unescaped_in_each_run(httpx_mock: HTTPXMock) -> None:
    """`$${` is no expression, and still not what is sent."""
    httpx_mock.add_response(json={}, is_reusable=True)

    async def main() -> None:
        async with runtime() as shared:
            for _ in range(2):
                await HttpTask(
                    http(HOST, request={"method": "POST", "body": "$${a}"}), runtime=shared
                ).acall()

    asyncio.run(main())
    assert [request.content for request in httpx_mock.get_requests()] == [b"${a}"] * 2


def test_a_catalogue_is_opened_once_and_not_on_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, httpx_mock: HTTPXMock
) -> None:
    """Reading a file holds up the event loop: it is done in a thread, and the file stays open."""
    httpx_mock.add_response(json={}, is_reusable=True)
    path = tmp_path / "c.sqlite3"
    put(path)
    definition = {"startTask": "A", "tasks": {"A": http(f"{HOST}/things", endpoint=named(path))}}
    opened: list[threading.Thread] = []
    really = Catalogue.open

    def noted(*given: Any) -> Catalogue:
        opened.append(threading.current_thread())
        return really(*given)

    monkeypatch.setattr(Catalogue, "open", noted)

    async def main() -> None:
        async with runtime(catalogue=path) as shared:
            for _ in range(3):
                run = await arun_workflow(definition, runtime=shared)
                assert run.status == "Completed", run.error
                await HttpTask(definition["tasks"]["A"], runtime=shared).acall()

    asyncio.run(main())
    assert len(opened) == 1
    assert opened[0] is not threading.main_thread()


@pytest.mark.parametrize("how", ["written", "replaced"])
def test_a_changed_catalogue_counts_from_the_next_call_on(
    tmp_path: Path, how: str, httpx_mock: HTTPXMock
) -> None:
    """Plans and checked definitions belong to a version of the catalogue: written by another
    process, or another file.
    """
    httpx_mock.add_response(json={}, is_reusable=True)
    path = tmp_path / "c.sqlite3"
    put(path)
    task = http(f"{HOST}/things", endpoint=named(path))
    definition = definition_of({"startTask": "A", "tasks": {"A": task}})

    async def main() -> None:
        async with runtime(catalogue=path) as shared:
            assert (await HttpTask(task, runtime=shared).acall()).status_code == 200
            assert (await arun_workflow(definition, runtime=shared)).status == "Completed"
            if how == "written":
                put(path, "size")
            else:
                put(tmp_path / "other.sqlite3", "size")
                (tmp_path / "other.sqlite3").replace(path)
            with pytest.raises(SettingsError, match="'query' is required"):
                await HttpTask(task, runtime=shared).acall()
            with pytest.raises(DefinitionError, match="'query' is required"):
                await arun_workflow(definition, runtime=shared)

    asyncio.run(main())


def test_a_changed_catalogue_counts_from_the_next_item_on(
    tmp_path: Path, httpx_mock: HTTPXMock
) -> None:
    path = tmp_path / "c.sqlite3"
    put(path)

    def answer(request: httpx.Request) -> httpx.Response:
        put(path, "size")
        return httpx.Response(200, json={})

    httpx_mock.add_callback(answer)
    setting = {"items": "${$.input}", "onError": "collect"}
    task = http(f"{HOST}/things", endpoint=named(path), forEach=setting)
    definition = definition_of({"startTask": "A", "tasks": {"A": task}})
    with runtime(catalogue=path) as shared:
        run = run_workflow(definition, [1, 2], runtime=shared)
    assert run.output[0]["statusCode"] == 200
    assert "'query' is required" in run.output[1]["error"]["message"]


def test_an_endpoint_that_comes_later_is_found_then(tmp_path: Path) -> None:
    """That there is none is not remembered."""
    path = tmp_path / "c.sqlite3"
    put(tmp_path / "other.sqlite3")
    endpoint_id = named(tmp_path / "other.sqlite3")
    with runtime(catalogue=path) as shared:
        with pytest.raises(UnknownEndpointError):
            shared.endpoint(endpoint_id)
        put(path)
        assert shared.endpoint(endpoint_id).path == "/things"


@pytest.mark.parametrize(
    ("name", "code"), [("", "catalogue-unnamed"), ("broken", "catalogue-not-sqlite")]
)
def test_a_catalogue_that_cannot_be_used_is_a_problem_of_the_task(
    tmp_path: Path, name: str, code: str
) -> None:
    """Said where the task names its endpoint, in a run of the task and before a run of the
    definition.
    """
    (tmp_path / "broken").write_text("this is no catalogue")
    task = http(f"{HOST}/things", endpoint="things")

    async def main() -> None:
        async with runtime(catalogue=str(tmp_path / name) if name else "") as shared:
            with pytest.raises(SettingsError, match=r"/endpoint: the .*catalogue") as caught:
                await HttpTask(task, runtime=shared).acall()
            assert [problem.code for problem in caught.value.problems] == [code]
            with pytest.raises(DefinitionError, match=r"/tasks/A/endpoint: the .*catalogue"):
                await arun_workflow({"startTask": "A", "tasks": {"A": task}}, runtime=shared)

    asyncio.run(main())


def test_an_open_catalogue_that_is_written_to_counts_at_once() -> None:
    """Who gives an open catalogue may write to it."""
    with Catalogue.open(":memory:") as catalogue, runtime(catalogue=catalogue) as shared:
        catalogue.put([Endpoint("things", "GET", "/things", "v")], source="s")
        (known,) = [each for each in catalogue.endpoints() if each.path == "/things"]
        assert HttpTask(http(f"{HOST}/things", endpoint=known.id), runtime=shared).problems() == []
        parameters = (Parameter("size", "query", required=True, schema={"type": "string"}),)
        catalogue.put(
            [Endpoint("things", "GET", "/things", "v", parameters=parameters)], source="s"
        )
        assert HttpTask(http(f"{HOST}/things", endpoint=known.id), runtime=shared).problems()


class Counts:
    """A task type that counts how often a task is prepared, and puts out what was made of it."""

    name = "Counts"
    schema: Mapping[str, Any] = {"type": "object"}

    def __init__(self) -> None:
        self.prepared: list[str] = []

    def problems(self, check: TaskCheck) -> list[Problem]:
        return []

    def prepare(self, task: TaskCheck) -> str:
        self.prepared.append(task.pointer)
        return f"{task.name}: {task.definition['text']}"

    async def run(self, call: TaskCall) -> TaskOutcome:
        return TaskOutcome(output=call.prepared)

    @hookimpl
    def httptask_task_types(self) -> list[Any]:
        return [self]


def test_a_task_type_prepares_a_task_once_for_all_runs() -> None:
    """However often its definition is run; the task of another definition is another task."""
    counts = Counts()

    def one(text: str) -> dict[str, Any]:
        return {"startTask": "A", "tasks": {"A": {"type": "Counts", "text": text, "end": True}}}

    with runtime(counts) as shared:
        outputs = [run_workflow(one(text), runtime=shared).output for text in "xxyx"]
    assert outputs == ["A: x", "A: x", "A: y", "A: x"]
    assert counts.prepared == ["/tasks/A"] * 2


def test_a_task_type_on_top_of_ours_may_change_the_task(httpx_mock: HTTPXMock) -> None:
    """What was prepared of the task as it is written is not used for the one that is sent."""
    httpx_mock.add_response(json={}, is_reusable=True)

    class Elsewhere(Http):
        name = "Elsewhere"
        schema: Mapping[str, Any] = {"type": "object"}  # type: ignore[assignment]

        def problems(self, check: TaskCheck) -> list[Problem]:
            return []

        async def run(self, call: TaskCall) -> TaskOutcome:
            visit = {**call.definition, "type": "Http", "httpRequest": {"url": f"{HOST}/elsewhere"}}
            return await super().run(replace(call, definition=visit))

        @hookimpl
        def httptask_task_types(self) -> list[Any]:
            return [self]

    task = {**http(f"{HOST}/here"), "type": "Elsewhere"}
    with runtime(Elsewhere()) as shared:
        for _ in range(2):
            run = run_workflow({"startTask": "A", "tasks": {"A": task}}, runtime=shared)
            assert run.status == "Completed", run.error
    assert [request.url.path for request in httpx_mock.get_requests()] == ["/elsewhere"] * 2


def test_decisions_and_ends_are_prepared_and_still_decide_by_each_run() -> None:
    """What is looked through once are the conditions, not what they yield."""
    tasks = {
        "D": {
            "type": "Decision",
            "choices": [{"condition": "${jsonata: input > 1}", "nextTask": "Big"}],
            "defaultTask": "Small",
        },
        "Big": {**END, "workflowOutput": ["${$.input}"]},
        "Small": END,
    }
    definition = definition_of({"startTask": "D", "tasks": tasks})
    with runtime() as shared:
        runs = [run_workflow(definition, number, runtime=shared) for number in (0, 2, 1, 3)]
    assert [run.output for run in runs] == [None, [2], None, [3]]


def test_a_definition_is_written_as_json_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its text it is known again; who runs one definition many times pays for that once."""
    written: list[Any] = []
    really = definition_module.dump

    def noted(value: Any, **how: Any) -> str:
        written.append(value)
        return really(value, **how)

    monkeypatch.setattr(definition_module, "dump", noted)
    definition = definition_of({"startTask": "A", "tasks": {"A": END}})
    with runtime() as shared:
        for _ in range(3):
            assert run_workflow(definition, runtime=shared).status == "Completed"
    assert len(written) == 1


def test_equal_definitions_share_what_was_prepared(
    httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that reads a definition anew for each run has its tasks prepared once, too."""
    httpx_mock.add_response(json={}, is_reusable=True)
    prepared: list[Any] = []
    really = WrittenTask.of

    def noted(definition: Any, pointer: str) -> WrittenTask:
        prepared.append(pointer)
        return really(definition, pointer)

    monkeypatch.setattr(WrittenTask, "of", noted)
    text = json.dumps({"startTask": "A", "tasks": {"A": http(HOST)}})
    with runtime() as shared:
        for _ in range(3):
            definition = definition_of(json.loads(text))
            assert run_workflow(definition, runtime=shared).status == "Completed"
    assert prepared.count("/tasks/A") == 2  # once to check it, and once to run it


def test_a_long_task_is_compiled_once_for_all_items(
    httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a task that is too long to be kept after the run."""
    httpx_mock.add_response(json={}, is_reusable=True)
    compiled: list[str] = []

    class Noted(_plan.Plan):
        def __init__(self, definition: Any, pointer: str, *others: Any) -> None:
            compiled.append(pointer)
            super().__init__(definition, pointer, *others)

    monkeypatch.setattr(_written, "Plan", Noted)
    body = {"id": "${$.item}", "text": "long " * 60_000}
    task = http(HOST, request={"method": "POST", "body": body}, forEach={"items": "${$.input}"})
    definition = definition_of({"startTask": "A", "tasks": {"A": task}})
    counts = []
    for items in ([1, 2], [1, 2, 3, 4, 5]):
        with runtime() as shared:
            assert run_workflow(definition, items, runtime=shared).status == "Completed"
        counts.append(len(compiled))
        compiled.clear()
    assert counts[0] == counts[1]


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name of each definition that was checked."""
    names: list[str] = []

    def problems(definition: WorkflowDefinition, shared: Runtime) -> list[Problem]:
        names.append(definition.name)
        return every_problem(definition, shared)

    monkeypatch.setattr(_compiled, "problems", problems)
    return names


def test_files_are_looked_for_before_each_run(
    tmp_path: Path, httpx_mock: HTTPXMock, checked: list[str]
) -> None:
    """A definition that was in order is not, once a file it sends is gone. While its files are the
    same, it is not checked again.
    """
    httpx_mock.add_response(json={}, is_reusable=True)
    (tmp_path / "a.bin").write_bytes(b"a")
    sends = http(HOST, request={"method": "POST", "body": {"$file": {"path": "a.bin"}}})
    definition = {"startTask": "A", "tasks": {"A": sends}}

    async def main() -> None:
        async with Runtime(files=tmp_path, allow_networks=["127.0.0.1"]) as shared:
            for content, checks in ((None, 1), (None, 1), (b"longer", 2), (None, 2)):
                if content is not None:
                    (tmp_path / "a.bin").write_bytes(content)
                assert (await arun_workflow(definition, runtime=shared)).status == "Completed"
                assert len(checked) == checks
            (tmp_path / "a.bin").unlink()
            for _ in range(2):
                with pytest.raises(DefinitionError, match=r"a\.bin"):
                    await arun_workflow(definition, runtime=shared)

    asyncio.run(main())


def test_a_long_definition_is_checked_once(checked: list[str]) -> None:
    """As a short one is: one of 300 kB has a text of that length, or thousands of tasks."""
    definition = {
        "name": "Long",
        "description": "x" * 300_000,
        "startTask": "A",
        "tasks": {"A": {"type": "Terminate", "terminationStatus": "Completed"}},
    }
    with runtime() as shared:
        for _ in range(3):
            run_workflow(definition_of(definition), runtime=shared)
    assert checked == ["Long"]


def test_no_more_is_kept_than_was_said() -> None:
    """The one that was not asked for the longest goes first; what failed to be made is not kept."""
    kept: Kept[int] = Kept(2)
    made: list[str] = []

    def make(name: str) -> int:
        made.append(name)
        return len(made)

    for name in ("a", "b", "a", "c", "a", "b"):
        kept.get(name, lambda name=name: make(name))  # type: ignore[misc]
    assert made == ["a", "b", "c", "b"]
    assert len(kept) == 2
    with pytest.raises(ZeroDivisionError):
        kept.get("d", lambda: 1 // 0)
    assert "d" not in kept


def test_no_more_weight_is_kept_than_was_said() -> None:
    """Of large values fewer: the newest ones, and none that is too heavy alone."""
    kept: Kept[str] = Kept(10, 100)
    for name, weight in (("a", 40), ("b", 40), ("c", 40), ("huge", 101), ("c", 40), ("d", 60)):
        kept.get(name, lambda: "", weight)
    assert [name for name in ("a", "b", "c", "huge", "d") if name in kept] == ["c", "d"]
    kept.get("e", lambda: "", 1)
    assert "c" not in kept


def test_a_runtime_keeps_a_bounded_number_of_plans() -> None:
    """Definitions come from anywhere; the memory does not grow with how many there were, or how
    long they are.
    """

    def kept(count: int, body: str = "") -> int:
        with runtime() as shared:
            for number in range(count):
                task = http(f"{HOST}/{number}", request={"body": body})
                HttpTask(task, runtime=shared).endpoint  # noqa: B018 - compiles its plan
            return len(shared.plans)

    assert kept(4200) == 4096
    assert kept(50, "x" * 250_000) == 33


def test_a_definition_keeps_no_more_plans_than_the_runtime(
    httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten kilobytes for each task of a thousand definitions would fill the memory."""
    httpx_mock.add_response(json={}, is_reusable=True)
    monkeypatch.setattr(_runtime, "_MOST_PLANS", 2)
    names = [f"T{number}" for number in range(6)]
    tasks = {
        name: http(f"{HOST}{name}", **({"nextTask": after, "end": None} if after else {}))
        for name, after in zip(names, [*names[1:], None], strict=True)
    }
    with runtime() as shared:
        definition = definition_of({"startTask": "T0", "tasks": tasks})
        assert run_workflow(definition, runtime=shared).status == "Completed"
        assert len(shared.definitions) > 0
        gc.collect()
        plans = [kept for kept in gc.get_objects() if isinstance(kept, _plan.Plan)]
        assert len([plan for plan in plans if plan.runtime is shared]) == 2


def test_a_long_definition_is_compiled_once() -> None:
    """Not run after run: the tasks of 2,000 in a row do not push one another out."""
    tasks = [http(f"{HOST}/{number}") for number in range(2000)]
    with runtime() as shared:
        first, second = ([HttpTask(task, runtime=shared).plan for task in tasks] for _ in range(2))
        assert all(map(operator.is_, first, second))
