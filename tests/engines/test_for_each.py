"""Tasks that are done for each item of a list, on the embedded engine."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from httptask import hookimpl
from httptask.engines import arun_workflow
from httptask.engines._names import named_uuid
from httptask.errors import DefinitionError
from httptask.model.for_each import ItemCounts
from httptask.model.policy import Limits
from httptask.model.rates import RateLimit
from httptask.model.workflow import TaskOutcome, WorkflowRun
from httptask.plugins import plugin_manager
from httptask.protocols import TaskCall
from httptask.task import Runtime, _items
from lists import Asked, asked, list_server, page
from servers import Peer, raw_server
from worlds import World, do, refused, workflow


def each(items: Any, **fields: Any) -> dict[str, Any]:
    return {"items": items, **fields}


def run(
    tasks: dict[str, Any], world: World | None = None, given: Any = None, **options: Any
) -> WorkflowRun:
    return (world or World()).run(workflow(next(iter(tasks)), tasks), given, **options)


def echo(asked: Asked) -> bytes:
    return page({"path": asked.path, "query": asked.query})


def one(
    task: dict[str, Any], world: World | None = None, given: Any = None, **options: Any
) -> WorkflowRun:
    return run({"T": {"end": True, **task}}, world, given, **options)


def error_of(ended: WorkflowRun) -> Any:
    return ended.tasks[-1].error


def test_a_request_is_sent_for_each_item() -> None:
    """`$.item` and `$.index` stand in `inputParameters` and in `httpRequest`; the output is a list
    of results in the order of the items, and later expressions read it.
    """
    with list_server(echo) as server:
        task = {
            "type": "Http",
            "forEach": each("${$.input}"),
            "inputParameters": {"both": "${$.item.id}-${$.index}"},
            "httpRequest": {
                "url": server.url + "/orders/{id}",
                "method": "POST",
                "pathParameters": {"id": "${$.item.id}"},
                "query": {"both": "${$.both}", "index": "${$.index}"},
            },
            "nextTask": "End",
        }
        last = do(end=True, give="${$.tasks['T'].output[1].body.path}")
        ended = run({"T": task, "End": last}, given=[{"id": "a"}, {"id": "b"}, {"id": "c"}])
    assert ended.status == "Completed", ended.error
    assert ended.output == "/orders/b"
    output = ended.tasks[0].output
    assert [one["statusCode"] for one in output] == [200, 200, 200]
    assert [one["body"]["query"] for one in output] == [
        {"both": "a-0", "index": "0"},
        {"both": "b-1", "index": "1"},
        {"both": "c-2", "index": "2"},
    ]
    assert ended.tasks[0].items == ItemCounts(3, 3, 0)
    assert ended.to_json()["tasks"][0]["items"] == {"count": 3, "completed": 3, "failed": 0}


def test_an_item_has_the_name_that_as_gives_and_any_type_of_task_is_done() -> None:
    """A plugin's task sees the item in its expressions, under the name of its author's choice."""
    task = do(forEach=each([1, None, "x"], **{"as": "row"}), give=["${$.row}", "${$.index}"])
    assert one(task).output == [[1, 0], [None, 1], ["x", 2]]


def test_no_items_is_an_empty_list_and_nothing_is_done() -> None:
    world = World()
    ended = one(do(forEach=each([]), give=1), world)
    assert (ended.status, ended.output, world.do.calls) == ("Completed", [], [])
    assert ended.tasks[0].items == ItemCounts(0)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, "null"),
        ({"id": 1}, "an object"),
        ("a", "a string"),
        (7, "a number"),
        (True, "a boolean"),
    ],
)
def test_what_is_no_list_is_refused_before_anything_is_done(value: Any, found: str) -> None:
    """A single object is no list of one, and null is no empty list: the error says so."""
    world = World()
    ended = one(do(forEach=each("${$.input}")), world, value)
    assert ended.status == "Failed"
    assert not world.do.calls
    (problem,) = error_of(ended)["problems"]
    assert problem["pointer"] == "/tasks/T/forEach/items"
    assert f"the items are {found}, not a list" in problem["message"]


def test_more_items_than_allowed_are_refused_before_anything_is_done() -> None:
    """Nothing is cut off silently."""
    world = World()
    ended = one(do(forEach=each("${$.input}", maxItems=2)), world, [1, 2, 3])
    assert ended.status == "Failed"
    assert not world.do.calls
    assert "more than 2 items (3): no item was run" in str(ended.error)
    assert (
        one(do(forEach=each("${$.input}", maxItems=3), give=0), given=[1, 2, 3]).output == [0] * 3
    )


class Gauge:
    """Counts how many are under way at once; the later an item, the sooner it ends."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.order: list[int] = []

    async def __call__(self, call: TaskCall) -> TaskOutcome:
        assert call.inputs.item is not None
        index = call.inputs.item.index
        self.order.append(index)
        self.now += 1
        self.most = max(self.most, self.now)
        for _ in range(20 - index):
            await asyncio.sleep(0)
        self.now -= 1
        return TaskOutcome(index)


@pytest.mark.parametrize(
    ("setting", "most"), [({}, 1), ({"concurrency": 1}, 1), ({"concurrency": 4}, 4)]
)
def test_so_many_items_are_under_way_at_once(setting: dict[str, Any], most: int) -> None:
    """The default is one after the other; items start in order, and outputs are in order."""
    gauge = Gauge()
    ended = one(do(forEach=each(list(range(10)), **setting)), World(T=gauge))
    assert (gauge.most, gauge.order, ended.output) == (most, list(range(10)), list(range(10)))


class Together:
    """The first two items end in one turn of the event loop; *fails*: the second one fails."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.events: list[str] = []
        self.both = asyncio.Event()

    async def __call__(self, call: TaskCall) -> TaskOutcome:
        assert call.inputs.item is not None
        index = call.inputs.item.index
        self.events.append(f"start {index}")
        if index == 0:
            await self.both.wait()
        else:
            self.both.set()
            await asyncio.sleep(0)
        self.events.append(f"end {index}")
        return await refused(call) if self.fails and index == 1 else TaskOutcome(index)


def test_items_whose_responses_came_together_end_before_the_next_start() -> None:
    """The requests of the next items then leave together, which is less work for the system."""
    together = Together()
    ended = one(do(forEach=each([0, 1, 2, 3], concurrency=2)), World(T=together))
    assert ended.output == [0, 1, 2, 3]
    assert together.events[:6] == ["start 0", "start 1", "end 0", "end 1", "start 2", "start 3"]


def test_nothing_starts_after_a_failure_that_came_together_with_a_success() -> None:
    together = Together(fails=True)
    ended = one(do(forEach=each([0, 1, 2, 3], concurrency=2)), World(T=together))
    assert together.events == ["start 0", "start 1", "end 0", "end 1"]
    assert ended.tasks[0].items == ItemCounts(4, 1, 1)


async def odd_fail(call: TaskCall) -> TaskOutcome:
    assert call.inputs.item is not None
    if call.inputs.item.index % 2:
        return await refused(call)
    return TaskOutcome({"ok": call.inputs.item.value})


def test_a_failed_item_is_data_where_failures_are_collected() -> None:
    """The task completes; a failed item's output is `{"error": …}`, as after `onError`."""
    task = do(forEach=each(["a", "b", "c"], onError="collect"))
    ended = one(task, World(T=odd_fail))
    assert ended.status == "Completed"
    assert [ended.output[0], ended.output[2]] == [{"ok": "a"}, {"ok": "c"}]
    assert ended.output[1]["error"]["kind"] == "connection"
    assert ended.tasks[0].items == ItemCounts(3, 2, 1)


def test_the_first_failure_stops_the_rest_and_says_what_was_done() -> None:
    """The error is the item's, so that routes match it; it has the index, the counts, and what was
    collected.
    """
    world = World(T=odd_fail)
    route = [{"errors": ["connection"], "nextTask": "End"}]
    tasks = {
        "T": do(forEach=each(["a", "b", "c"]), nextTask="End", onError=route),
        "End": do(end=True, give="${$.tasks['T'].output.error}"),
    }
    ended = run(tasks, world)
    assert ended.status == "Completed"
    assert [call.inputs.item.index for call in world.do.calls if call.inputs.item] == [0, 1]
    error = ended.output
    assert error["items"] == {
        "count": 3,
        "completed": 1,
        "failed": 1,
        "failedAt": 1,
        "maybeDelivered": [],
    }
    assert "the item with index 1 failed: no connection" in error["message"]
    assert "1 of 3 items completed" in error["message"]
    assert error["collected"][0] == {"ok": "a"}
    assert error["collected"][2] is None
    assert error["collected"][1]["error"]["kind"] == "connection"
    assert ended.tasks[0].items == ItemCounts(3, 1, 1)


@pytest.mark.parametrize("first", [True, False])
def test_items_that_completed_were_delivered(*, first: bool) -> None:
    """The item that failed sent nothing; whether a server got anything depends on those before it."""
    with list_server(echo) as server:
        free = "http://127.0.0.1:1/"
        urls = [server.url, free] if first else [free, server.url]
        task = {"type": "Http", "forEach": each(urls), "httpRequest": {"url": "${$.item}"}}
        error = error_of(one(task))
    assert error["kind"] == "connection"
    assert error["maybeDelivered"] is first


def test_items_under_way_are_stopped_and_may_have_been_delivered() -> None:
    """A request that a server may have got is named by its item's index."""

    arrived: list[str] = []

    def slow(peer: Peer) -> bool:
        path = asked(peer.read_request()).path
        arrived.append(path)
        if path != "/1":
            peer.wait_for_close()
            return False
        while len(arrived) < 3:
            peer.pause(0.01)
        peer.sendall(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n")
        return True

    with raw_server(slow) as server:
        task = {
            "type": "Http",
            "forEach": each([0, 1, 2], concurrency=3),
            "httpRequest": {"url": server.url + "/${$.item}"},
        }
        world = World()
        ended = one(task, world)
    assert ended.status == "Failed"
    assert not world.left
    error = error_of(ended)
    assert (error["kind"], error["result"]["statusCode"]) == ("status", 500)
    assert error["items"]["maybeDelivered"] == [0, 2]
    assert error["maybeDelivered"] is True


def test_a_cancelled_run_leaves_nothing_running_and_says_how_far_it_came() -> None:
    """The time limit of the run stops every item."""

    async def wait(call: TaskCall) -> TaskOutcome:
        assert call.inputs.item is not None
        if call.inputs.item.index:
            await asyncio.Event().wait()
        return TaskOutcome(0)

    world = World(T=wait)
    task = do(end=True, forEach=each(list(range(9)), concurrency=3))
    ended = world.run(workflow("T", {"T": task}, timeoutSeconds=0.2))
    assert ended.status == "TimedOut"
    assert not world.left
    (stopped,) = ended.tasks
    assert (stopped.status, stopped.items) == ("InProgress", ItemCounts(9, 1, 0))


def test_each_item_has_its_own_names_and_they_are_the_same_in_a_replay() -> None:
    """`${swf:sequenceNumber}` and `${swf:uuid}` differ from item to item."""
    give = ["${swf:sequenceNumber}", "${swf:uuid}"]
    ended = one(do(forEach=each([1, 2, 3], concurrency=3), give=give))
    numbers, uuids = zip(*ended.output, strict=True)
    assert numbers == (2, 3, 4)
    assert len(set(uuids)) == 3


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (True, None),
        ("order-${$.item}", ["order-7", "order-8"]),
        ("${$.id}", ["7", "8"]),
        ("${swf:workflowDefinitionId}", ["Test-0", "Test-1"]),
    ],
)
def test_idempotency_keys_differ_by_item(key: Any, expected: Any) -> None:
    """An author's key that is the same for all items gets the index."""

    def echo_key(asked: Asked) -> bytes:
        return page(asked.headers["idempotency-key"])

    with list_server(echo_key) as server:
        task = {
            "type": "Http",
            "forEach": each([7, 8]),
            "idempotencyKey": key,
            "inputParameters": {"id": "${$.item}"},
            "httpRequest": {"url": server.url, "method": "POST"},
        }
        ended = one(task)
    keys = [one["body"] for one in ended.output]
    assert keys == expected if expected else len(set(keys)) == 2


def test_a_task_that_waits_waits_for_its_own_item() -> None:
    """An item whose task asks to be run again is run again, with what it left."""

    async def twice(call: TaskCall) -> TaskOutcome:
        assert call.inputs.item is not None
        if call.state is None:
            return TaskOutcome(wait_until="2001-01-01T00:00:00Z", state=call.inputs.item.index)
        return TaskOutcome([call.inputs.item.index, call.state])

    ended = one(do(forEach=each([1, 2], concurrency=2)), World(T=twice))
    assert ended.output == [[0, 0], [1, 1]]


def test_a_task_that_says_where_the_run_goes_cannot() -> None:
    async def goes(call: TaskCall) -> TaskOutcome:
        return TaskOutcome(next_task="T")

    ended = one(do(forEach=each([1])), World(T=goes))
    assert "it names the next task, which a task with forEach cannot" in str(ended.error)


def test_whoever_asks_is_told_of_every_item_that_ended() -> None:
    told: list[tuple[str, ItemCounts]] = []
    task = do(forEach=each(["a", "b", "c"], onError="collect"))
    one(task, World(T=odd_fail), advanced=lambda name, counts: told.append((name, counts)))
    assert told == [
        ("T", ItemCounts(3, 1, 0)),
        ("T", ItemCounts(3, 1, 1)),
        ("T", ItemCounts(3, 2, 1)),
    ]


# Runs for items


def nested(inner: dict[str, Any], world: World | None = None, **setting: Any) -> WorkflowRun:
    task = {"type": "Workflow", "definition": "inner", "inputParameters": {"item": "${$.item}"}}
    flow = workflow("T", {"T": {**task, "forEach": each([1, 2, 3], **setting), "end": True}})
    return (world or World()).run(flow, definitions={"inner": workflow("A", inner)})


def test_a_definition_is_run_for_each_item() -> None:
    """With the item as its input, and ids of their own; its tasks count towards the run's limit."""
    give = ["${$.input.item}", "${swf:workflowId}"]
    ended = nested({"A": do(nextTask="B"), "B": do(end=True, give=give)}, concurrency=2)
    assert ended.status == "Completed", ended.error
    values, ids = zip(*ended.output, strict=True)
    assert values == (1, 2, 3)
    assert len(set(ids)) == 3
    assert ended.tasks[0].items == ItemCounts(3, 3, 0, nested_tasks=6)
    assert ended.tasks[0].steps == 7


def test_a_failed_run_is_a_failed_item() -> None:
    world = World(A=odd_input_fails)
    ended = nested({"A": do(end=True)}, world, onError="collect")
    assert [one if isinstance(one, int) else one["error"]["kind"] for one in ended.output] == [
        "connection",
        2,
        "connection",
    ]
    failed = nested({"A": do(end=True)}, World(A=odd_input_fails))
    assert "the item with index 0 failed: task 'A' of the definition 'inner'" in str(failed.error)


async def odd_input_fails(call: TaskCall) -> TaskOutcome:
    number = call.inputs.input["item"]
    return await refused(call) if number % 2 else TaskOutcome(number)


def test_runs_for_items_share_the_limit_of_tasks() -> None:
    """A loop without end in one of them is ended."""
    world = World(limits=Limits(steps=50))
    inner = {"A": do(nextTask="B"), "B": do(nextTask="A")}

    async def again(call: TaskCall) -> TaskOutcome:
        return TaskOutcome(next_task="A")

    world.do.behaviours = {"B": again}
    ended = nested(inner, world, onError="collect")
    assert len(world.do.calls) <= 50
    assert all("may execute" in one["error"]["message"] for one in ended.output)


# Files


def lines(path: Path, values: list[Any]) -> dict[str, Any]:
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return {"$file": {"path": path.name}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HTTPTASK_FILES", str(tmp_path))
    return tmp_path


def read(reference: Any) -> list[Any]:
    text = Path(reference["$file"]["path"]).read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_items_of_a_file_go_to_a_file_in_their_order(folder: Path) -> None:
    """A line an item, whichever ends first; the reference is the output, and can be the items of
    the next task.
    """
    values = list(range(60))
    task = do(forEach=each(lines(folder / "in.jsonl", values), concurrency=7), nextTask="Next")
    following = do(
        end=True, forEach=each("${$.tasks['T'].output}", collect="items"), give="${$.item}"
    )
    ended = run({"T": task, "Next": following}, World(T=Gauge20()))
    assert ended.status == "Completed", ended.error
    assert ended.tasks[0].output["$file"]["mediaType"] == "application/jsonl"
    assert read(ended.tasks[0].output) == ended.output == [value * 2 for value in values]
    assert not list(folder.glob(".*"))


class Gauge20:
    async def __call__(self, call: TaskCall) -> TaskOutcome:
        assert call.inputs.item is not None
        for _ in range(20 - call.inputs.item.index % 20):
            await asyncio.sleep(0)
        return TaskOutcome(call.inputs.item.value * 2)


def test_a_list_can_go_to_a_file(folder: Path) -> None:
    assert read(one(do(forEach=each([1, 2], collect="file"), give="${$.item}")).output) == [1, 2]
    assert read(one(do(forEach=each([], collect="file"))).output) == []


def test_a_file_keeps_what_was_done_when_an_item_fails(folder: Path) -> None:
    """The failure names the file; a line that is null had no output."""
    items = lines(folder / "in.jsonl", ["a", "b", "c"])
    ended = one(do(forEach=each(items)), World(T=odd_fail))
    collected = read(error_of(ended)["collected"])
    assert collected[0] == {"ok": "a"}
    assert "error" in collected[1]
    assert collected[2] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('1\n{"a":\n', "line 2"),
        ("1\n2\n3\n4", "more than 3 items: no item was run"),
        ("1\nNaN\n", "line 2"),
    ],
)
def test_a_wrong_file_is_refused_before_anything_is_done(
    folder: Path, text: str, message: str
) -> None:
    """A file is read to its end first."""
    (folder / "in.jsonl").write_text(text)
    world = World()
    ended = one(do(forEach=each({"$file": {"path": "in.jsonl"}}, maxItems=3)), world)
    assert ended.status == "Failed"
    assert not world.do.calls
    assert message in str(ended.error)


def test_a_line_without_end_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is no JSON lines is not read into memory."""
    monkeypatch.setattr(_items, "_LONGEST_LINE", 2**20)
    (folder / "in.jsonl").write_text("1\n" + f'"{"a" * 2**20}"')
    world = World()
    ended = one(do(forEach=each({"$file": {"path": "in.jsonl"}})), world)
    assert ended.status == "Failed"
    assert not world.do.calls
    assert "in.jsonl, line 2" in str(ended.error)


def test_items_come_from_files_below_the_folder_only(folder: Path) -> None:
    """What a response names is no way to other files."""
    items = {"$file": {"path": "/etc/hostname"}}
    ended = one(do(forEach=each("${$.input}")), given=items)
    assert ended.status == "Failed"
    assert "file" in str(ended.error)


def test_empty_lines_and_a_missing_last_newline_are_no_items(folder: Path) -> None:
    (folder / "in.jsonl").write_text("\n1\n\n  \r\n2")
    task = do(forEach=each({"$file": {"path": "in.jsonl"}}, collect="items"), give="${$.item}")
    assert one(task).output == [1, 2]


def test_pages_in_a_file_are_items(folder: Path) -> None:
    """What `pagination` collects in a file, a task with `forEach` takes item by item."""
    with list_server(lambda asked: page([{"id": 1}, {"id": 2}])) as server:
        paging = {"mode": "link", "collect": "file"}
        tasks = {
            "List": {
                "type": "Http",
                "pagination": paging,
                "httpRequest": {"url": server.url},
                "nextTask": "T",
            },
            "T": do(end=True, forEach=each("${$.tasks['List'].output.body}"), give="${$.item.id}"),
        }
        ended = run(tasks)
    assert read(ended.output) == [1, 2]


# Definitions


@pytest.mark.parametrize(
    ("fields", "pointer", "message"),
    [
        ({"forEach": {}}, "/forEach", "'items' is required"),
        ({"forEach": 7}, "/forEach", "expected an object"),
        ({"forEach": each("a")}, "/forEach/items", "the items are the text 'a', not a list"),
        ({"forEach": each({"a": 1})}, "/forEach/items", "the items are an object, not a list"),
        ({"forEach": each(7)}, "/forEach/items", "expected"),
        ({"forEach": each([1, 2], maxItems=1)}, "/forEach/items", "more than 1 items (2)"),
        ({"forEach": each("${$.inpt}")}, "/forEach/items", "inpt"),
        ({"forEach": each("${$.item}")}, "/forEach/items", "item"),
        ({"forEach": each("${$.")}, "/forEach/items", "is not closed"),
        ({"forEach": each([], concurrency=0)}, "/forEach/concurrency", "1"),
        ({"forEach": each([], concurrency=101)}, "/forEach/concurrency", "100"),
        ({"forEach": each([], concurrency="2")}, "/forEach/concurrency", "integer"),
        ({"forEach": each([], onError="stop")}, "/forEach/onError", '"fail"'),
        ({"forEach": each([], maxItems=0)}, "/forEach/maxItems", "1"),
        ({"forEach": each([], collect="pages")}, "/forEach/collect", '"items"'),
        ({"forEach": each([], **{"as": "a b"})}, "/forEach/as", "expected text that matches"),
        (
            {"forEach": each([], **{"as": "tasks"})},
            "/forEach/as",
            "'tasks' already has a meaning",
        ),
        (
            {"forEach": each([], **{"as": "index"})},
            "/forEach/as",
            "'index' already has a meaning",
        ),
        ({"forEach": each([], paralel=2)}, "/forEach/paralel", "unknown name"),
        (
            {"forEach": each([]), "inputParameters": {"item": 1}},
            "/inputParameters/item",
            "'item' is the name of the item",
        ),
        (
            {"forEach": each([]), "inputParameters": {"index": 1}},
            "/inputParameters/index",
            "'index' is the name of the item or of its index",
        ),
        (
            {"forEach": each([]), "inputParameters": {"a": "${$.itme}"}},
            "/inputParameters/a",
            "itme",
        ),
        ({"inputParameters": {"a": "${$.item}"}}, "/inputParameters/a", "item"),
    ],
)
def test_each_wrong_value_is_one_problem(
    fields: dict[str, Any], pointer: str, message: str
) -> None:
    """With its place, and what is expected there; for a task of ours and a plugin's alike."""
    task = {"type": "Http", "httpRequest": {"url": "http://127.0.0.1:9"}, **fields}
    with pytest.raises(DefinitionError) as caught:
        one(task)
    (problem,) = caught.value.problems
    assert problem.pointer == f"/tasks/T{pointer}"
    assert message in str(problem)
    if pointer.startswith("/forEach"):
        with pytest.raises(DefinitionError) as caught:
            one(do(**fields))
        assert caught.value.problems == (problem,)


def test_a_name_that_is_no_item_is_told_in_the_request() -> None:
    task = {
        "type": "Http",
        "forEach": each([1]),
        "httpRequest": {"url": "http://127.0.0.1:9/${$.itm}"},
    }
    with pytest.raises(DefinitionError, match="itm"):
        one(task)


def test_whole_numbers_may_be_written_with_a_point() -> None:
    """2.0 is an integer in JSON Schema."""
    setting = {"items": [1, 2, 3], "concurrency": 2.0, "maxItems": 3.0}
    assert len(one(do(end=True, forEach=setting)).output) == 3


def test_a_wait_is_done_for_each_item() -> None:
    """Each item waits by itself: for a time that has passed, not at all."""
    times = ["2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z"]
    ended = one({"type": "Wait", "until": "${$.item}", "forEach": each(times)})
    assert [output["until"][:10] for output in ended.output] == ["2020-01-01", "2020-01-02"]


@pytest.mark.parametrize(
    ("task_type", "why"),
    [
        ("Decision", "it decides once where the run goes"),
        ("Terminate", "it ends the run once"),
        ("Parallel", "its branches run once"),
    ],
)
def test_tasks_that_steer_the_run_are_not_done_for_each_item(task_type: str, why: str) -> None:
    """One problem says why, and what to do instead."""
    tasks: dict[str, Any] = {
        "Decision": {
            "type": "Decision",
            "choices": [{"condition": "1 === 1", "nextTask": "End"}],
            "defaultTask": "End",
        },
        "Terminate": {"type": "Terminate", "terminationStatus": "Completed"},
        "Parallel": {
            "type": "Parallel",
            "branches": [{"startTask": "B", "tasks": {"B": do(end=True)}}],
            "nextTask": "End",
        },
    }
    task = {**tasks[task_type], "forEach": each([1])}
    with pytest.raises(DefinitionError) as caught:
        run({"T": task, "End": do(end=True)})
    errors = [one for one in caught.value.problems if one.severity == "error"]
    assert [(one.code, one.pointer) for one in errors] == [("for-each-type", "/tasks/T/forEach")]
    advice = "use a Workflow task with 'forEach', and put the"
    assert f"{why}; {advice} {task_type} into the definition that it runs" in str(errors[0])


def test_unset_fields_have_their_defaults() -> None:
    """A null is an absent field."""
    setting = {"items": [1], "as": None, "concurrency": None, "onError": None, "collect": None}
    assert one(do(forEach=setting, give="${$.item}")).output == [1]
    assert one(do(forEach=None, give=1)).output == 1


class Counter:
    """A limiter that lets every request go, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    @hookimpl
    def httptask_rate_limiter(self) -> Counter:
        return self

    def reserve(self, key: str, rate: RateLimit | None, longest: float) -> float:
        self.keys.append(key)
        return 0.0

    def pause(self, key: str, seconds: float) -> None:
        raise AssertionError("no server asked for one")


def test_the_limit_of_an_origin_counts_all_items_together() -> None:
    """`rateLimit` has one count for the requests of all items, however many are under way."""

    async def main(url: str) -> WorkflowRun:
        request = {"url": url}
        rate = {"requests": 2, "seconds": 60}
        task = {"type": "Http", "forEach": each([1, 2, 3], concurrency=3), "rateLimit": rate}
        flow = workflow("T", {"T": {**task, "httpRequest": request, "end": True}})
        plugins = plugin_manager(counter, entry_points=False)
        async with Runtime(plugins=plugins, allow_networks=["127.0.0.1"]) as runtime:
            return await arun_workflow(flow, runtime=runtime)

    counter = Counter()
    with list_server(lambda asked: page({})) as server:
        ended = asyncio.run(main(server.url))
        assert ended.status == "Completed"
        key = f"{server.url} task Test/T"
        assert counter.keys.count(key) == 3
        assert {one for one in counter.keys if " task " in one} == {key}


def test_ten_thousand_items_from_file_to_file_need_little_memory(tmp_path: Path) -> None:
    """A run of 10,000 items, each with an output of a kilobyte, adds at most 32 MB to a process
    that did 100 of them.
    """
    program = """
import asyncio, json, resource, sys
from pathlib import Path
from worlds import World, do, workflow
from httptask.model.policy import Limits
from httptask.model.rates import RateLimit
from httptask.model.workflow import TaskOutcome

async def work(call):
    return TaskOutcome({"id": call.inputs.item.value["id"], "text": "x" * 1000})

def once(count):
    path = Path(sys.argv[1]) / f"{count}.jsonl"
    with path.open("w") as file:
        for number in range(count):
            file.write(json.dumps({"id": number, "text": "y" * 1000}) + "\\n")
    items = {"$file": {"path": path.name}}
    task = do(end=True, forEach={"items": items, "concurrency": 32})
    ended = World(T=work).run(workflow("T", {"T": task}))
    assert ended.status == "Completed", ended.error
    last = Path(ended.output["$file"]["path"]).read_bytes().splitlines()[-1]
    assert json.loads(last)["id"] == count - 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

print(json.dumps([once(100), once(10_000)]))
"""
    support = Path(__file__).parents[1] / "support"
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(support), "HTTPTASK_FILES": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    before, after = json.loads(done.stdout)
    assert after - before <= 32 * 1024, f"{(after - before) / 1024:.1f} MB more"


def test_requests_for_items_of_a_file_need_little_memory(tmp_path: Path) -> None:
    """Each request of 1,500 gets 16 kB from a server: they add at most 8 MB, a third of what came,
    to a process that sent 150 of them.
    """
    program = """
import asyncio, json, resource, sys
from pathlib import Path
from httptask.engines import arun_workflow
from httptask.task import Runtime
from worlds import workflow

async def once(url, count):
    path = Path(sys.argv[1]) / f"{count}.jsonl"
    path.write_text("".join(f'{{"id": {number}}}\\n' for number in range(count)))
    request = {"url": url + "/{id}", "pathParameters": {"id": "${$.item.id}"}}
    items = {"$file": {"path": path.name}}
    task = {
        "type": "Http", "httpRequest": request, "end": True,
        "forEach": {"items": items, "concurrency": 8, "maxItems": count},
    }
    async with Runtime(allow_networks=["127.0.0.1"]) as runtime:
        ended = await arun_workflow(workflow("T", {"T": task}), runtime=runtime)
    assert ended.status == "Completed", ended.error
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open(ended.output["$file"]["path"]) as file:
        assert sum(1 for _ in file) == count
    return most

print(json.dumps([asyncio.run(once(sys.argv[2], count)) for count in (150, 1500)]))
"""
    support = Path(__file__).parents[1] / "support"
    with list_server(lambda asked: page({"path": asked.path, "text": "x" * 16_000})) as server:
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path), server.url],
            env={**os.environ, "PYTHONPATH": str(support), "HTTPTASK_FILES": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    before, after = json.loads(done.stdout)
    assert after - before <= 8 * 1024, f"{(after - before) / 1024:.1f} MB more"


def test_the_name_based_uuid_is_that_of_python() -> None:
    """One for each item is made several times as fast, and is the same."""
    for name in ("", "1 3 Get run", "ü", "x" * 200):
        assert named_uuid(uuid.NAMESPACE_URL.bytes, name) == str(
            uuid.uuid5(uuid.NAMESPACE_URL, name)
        )
