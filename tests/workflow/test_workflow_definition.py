"""Workflow definitions: read, and everything wrong with them said at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from httptask import hookimpl
from httptask._core import packaged
from httptask._core.pointers import lines_of, pointer
from httptask._core.strict_json import JsonError, parse
from httptask.errors import DefinitionError, Problem
from httptask.model.workflow import MAX_NAME_LENGTH, WorkflowDefinition
from httptask.protocols import TaskCheck
from httptask.settings import without_nulls
from httptask.workflow import definition_of, iter_tasks, load_definition, problems
from httptask.workflow._definition import MAX_BYTES, MAX_NESTING
from places import DATA
from tasks import runtime

SHARED = runtime()

DATA = DATA / "workflows"
GOOD = sorted((DATA / "good").glob("*.json"))
BROKEN = sorted((DATA / "broken").glob("*.json"))

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


class TypeStub:
    """A stranger's task type that finds nothing wrong."""

    def problems(self, check: TaskCheck) -> list[Problem]:
        return []

    async def run(self, call: Any) -> Any:
        raise AssertionError("validation runs nothing")


class Brings:
    """A stranger's plugin that brings task types."""

    def __init__(self, *types: Any) -> None:
        self._types = types

    @hookimpl
    def httptask_task_types(self) -> list[Any]:
        return list(self._types)


def found(document: Any, *more: Any) -> list[Problem]:
    return checked(WorkflowDefinition(document), *more)


def checked(definition: WorkflowDefinition, *more: Any) -> list[Problem]:
    return problems(definition, runtime(Brings(*more)) if more else SHARED)


def http(**fields: Any) -> dict[str, Any]:
    return {"type": "Http", "httpRequest": {"url": "https://a.example"}, **fields}


def published_schema() -> Draft202012Validator:
    registry: Registry[Any] = Registry().with_resource(
        "http-task.schema.json", Resource.from_contents(packaged.schema("http-task"))
    )
    return Draft202012Validator(packaged.schema("workflow-definition"), registry=registry)


# Reading


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_definitions_load_and_validate_as_they_stand(path: Path) -> None:
    """A definition written for the platform, explicit nulls included, loads unchanged and has no
    problem.
    """
    definition = load_definition(path)
    assert definition.document == json.loads(path.read_text("utf-8"))
    assert definition.to_json() == definition.document
    assert checked(definition) == []


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_the_published_schema_accepts_good_definitions(path: Path) -> None:
    """An editor that knows nothing but our JSON Schema accepts what we accept, once nulls are
    dropped.
    """
    published_schema().validate(_deep_without_nulls(json.loads(path.read_text("utf-8"))))


def _deep_without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _deep_without_nulls(item) for name, item in value.items() if item is not None}
    return [_deep_without_nulls(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("data", "line", "says"),
    [
        pytest.param(
            b'{"startTask": "A",\n "tasks": }', 2, "line 2, column 11", id="a-value-missing"
        ),
        pytest.param(b"", 1, "the file is empty", id="empty"),
        pytest.param(b"[1]", 1, "found an array", id="a-list"),
        pytest.param(b'"text"', 1, "found a string", id="a-string"),
        pytest.param(b'{"a": 1,\n "a": 2}', 2, "'a' stands twice", id="a-name-twice"),
        pytest.param(
            b'{"a": ["1.5e999",\n 1.5e999]}', 2, "1.5e999 is too large", id="a-number-too-large"
        ),
        pytest.param(
            b'{"a":\n 1e-99999999999999999999}', 2, "is too small", id="a-number-too-small"
        ),
        pytest.param(b'{"a": NaN}', 1, "NaN is not JSON", id="nan"),
        pytest.param(b'{"a": "\xff"}', 1, "not UTF-8", id="latin-1"),
        pytest.param(b"[" * 100_000, 1, "nested too deeply", id="deep"),
        pytest.param(b'{"type": "Http", "end": true}', 1, "this is one task", id="a-task"),
        pytest.param(b'{"httpRequest": {}}', 1, "this is one task", id="a-task-without-a-type"),
        pytest.param(b'{"A": {"type": "Http"}}', 1, "these are tasks", id="tasks"),
        pytest.param(b'{"url": "https://a.b/"}', 1, "the settings of a request", id="settings"),
        pytest.param(b'{"openapi": "3.1.0"}', 1, "describes an API", id="a-description"),
        pytest.param(b'{"info": {}, "item": []}', 1, "httptask import-request", id="a-collection"),
        pytest.param(b'{"log": {"entries": []}}', 1, "httptask import-request", id="a-har-file"),
        pytest.param(b" " * (MAX_BYTES + 1), None, "larger than", id="huge"),
    ],
)
def test_what_is_no_json_object_is_refused_with_its_place(
    data: bytes, line: int | None, says: str, tmp_path: Path
) -> None:
    """A file that holds no JSON object, or plainly something else than a definition, gets one
    problem that says where and what.
    """
    path = tmp_path / "definition.json"
    path.write_bytes(data)
    for read in (lambda: load_definition(path), lambda: load_definition(str(path), data)):
        with pytest.raises(DefinitionError) as raised:
            read()
        assert raised.value.source == str(path)
        (problem,) = raised.value.problems
        assert problem.line == line
        assert says in str(problem)


@pytest.mark.parametrize(
    ("name", "says"),
    [("missing.json", "no such file"), (".", "directory"), ("a\0b", "null")],
    ids=["missing", "a-folder", "a-nul"],
)
def test_what_cannot_be_opened_is_refused_by_name(name: str, says: str, tmp_path: Path) -> None:
    """A file that is not there, a folder, an impossible name: one problem each, and the name in the
    message.
    """
    source = f"{tmp_path}/{name}"
    with pytest.raises(DefinitionError) as raised:
        load_definition(source)
    assert source in str(raised.value)
    assert says in str(raised.value)


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    """A file saved with a byte order mark reads the same, and its problems have the right lines."""
    definition = load_definition("x", b'\xef\xbb\xbf{"startTask": "A",\n "tasks": []}')
    assert [problem.line for problem in checked(definition)] == [2]
    assert str(definition.text).startswith("{")


@pytest.mark.parametrize(
    "value", [{"a": float("nan")}, {"a": object()}, {"a": b"bytes"}], ids=["nan", "object", "bytes"]
)
def test_a_document_that_is_not_json_is_refused(value: dict[str, Any]) -> None:
    """What cannot be JSON is refused when it comes in, not when something stumbles over it."""
    with pytest.raises(DefinitionError, match="not JSON"):
        definition_of(value)


def test_a_document_with_a_cycle_is_refused() -> None:
    """A document that holds itself is refused."""
    document: dict[str, Any] = {}
    document["tasks"] = document
    with pytest.raises(DefinitionError, match="not JSON"):
        definition_of(document)


def test_a_definition_does_not_change_with_the_document_it_came_from() -> None:
    """A definition keeps what was given, whatever happens to the giver's object."""
    document = {"startTask": "A", "tasks": {"A": http(end=True)}}
    definition = definition_of(document)
    document["tasks"]["A"]["end"] = False  # type: ignore[index]
    assert definition.tasks["A"]["end"] is True


# Problems


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_every_problem_is_reported_in_document_order(path: Path) -> None:
    """A broken definition gets exactly the problems its case lists: place, words, suggestion and
    severity.
    """
    case = json.loads(path.read_text("utf-8"))
    listed = found(case["definition"])
    assert [(problem.pointer, problem.severity) for problem in listed] == [
        (row["pointer"], row.get("severity", "error")) for row in case["expected"]
    ], "\n".join(map(str, listed))
    for problem, row in zip(listed, case["expected"], strict=True):
        assert row["says"] in problem.message
        if "suggestion" in row:
            assert problem.suggestion == row["suggestion"]


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_the_published_schema_refuses_what_a_schema_can_see(path: Path) -> None:
    """An editor with our JSON Schema refuses the same definitions, save for what no schema can say
    (names, loops).
    """
    case = json.loads(path.read_text("utf-8"))
    assert (
        published_schema().is_valid(_deep_without_nulls(case["definition"]))
        is not case["schemaRefuses"]
    )


def test_problems_have_the_lines_of_the_text() -> None:
    """Each problem of a definition read from text names the line its place is on."""
    text = """{
  "startTask": "Nowhere",
  "tasks": {
    "A": {
      "type": "Htpp",
      "end": true
    },
    "B": {"type": "Terminate",
      "terminationStatus": "Maybe"}
  }
}"""
    listed = checked(load_definition("x.json", text.encode()))
    expected = [("/startTask", 2), ("/tasks/A/type", 5), ("/tasks/B/terminationStatus", 9)]
    assert [(problem.pointer, problem.line) for problem in listed] == expected
    listed = checked(load_definition("x.json", b"\n\n" + text.encode()))
    assert [(problem.pointer, problem.line) for problem in listed] == [
        (at, line + 2) for at, line in expected
    ]


@settings(deadline=None)
@given(JSON.filter(lambda value: isinstance(value, dict | list)), st.sampled_from([None, 0, 2]))
def test_a_place_has_the_line_the_json_writer_gave_it(value: Any, indent: int | None) -> None:
    """Lines are those the standard library's writer put things on; a place that does not exist has
    its parent's.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    expected = _lines_as_written(value, "", 1, indent)
    assert lines_of(
        text, [*expected, *(place + "/neither this/nor that" for place in expected)]
    ) == {
        **expected,
        **{place + "/neither this/nor that": line for place, line in expected.items()},
    }


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"a": 1,\n "a": 2}', 2, 2),
        ('{"a":1,"a":2}', 1, 8),
        ('[{"b": "a"},\n{"a" : 1,\n\n  "a"\t: 2}]', 4, 3),
    ],
)
def test_a_name_that_stands_twice_is_told_where_it_stands_again(
    text: str, line: int, column: int
) -> None:
    """One of the two would be lost; however much space an author leaves before the colon."""
    with pytest.raises(JsonError, match="'a' stands twice") as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_text_that_is_no_json_has_no_lines() -> None:
    """A definition whose text is not its document's still gets its problems, without lines."""
    definition = WorkflowDefinition({"startTask": "A", "tasks": []}, text="{{{")
    assert [problem.line for problem in checked(definition)] == [None]


def _lines_as_written(value: Any, place: str, line: int, indent: int | None) -> dict[str, int]:
    """Return the line of every place in *value*, counted in what json.dumps makes of its parts."""
    lines = {place: line}
    named = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in named:
        line += indent is not None
        lines |= _lines_as_written(item, pointer([key], place), line, indent)
        line += json.dumps(item, indent=indent).count("\n")
    return lines


@settings(deadline=None)
@given(JSON)
def test_any_json_document_gets_a_list_of_problems(document: Any) -> None:
    """No JSON document makes validation or walking raise."""
    listed = found(document)
    assert listed
    assert all(isinstance(problem, Problem) for problem in listed)
    list(iter_tasks(WorkflowDefinition(document)))


@settings(deadline=None)
@given(st.sampled_from([json.loads(path.read_text("utf-8")) for path in GOOD]), JSON, st.data())
def test_a_good_definition_with_anything_anywhere_gets_a_list(
    document: Any, value: Any, data: st.DataObject
) -> None:
    """Whatever stands in whatever place of a definition, validation says so and does not raise."""
    place = data.draw(st.sampled_from(sorted(_lines_as_written(document, "", 1, None))))
    changed = _replaced(document, place.split("/")[1:], value)
    for problem in found(changed):
        assert problem.severity in ("error", "warning")
        assert problem.message
    list(iter_tasks(WorkflowDefinition(changed)))


def _replaced(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    key = path[0].replace("~1", "/").replace("~0", "~")
    if isinstance(document, list):
        return [
            _replaced(item, path[1:], value) if str(index) == key else item
            for index, item in enumerate(document)
        ]
    return {
        name: _replaced(item, path[1:], value) if name == key else item
        for name, item in document.items()
    }


def _nested(levels: int) -> dict[str, Any]:
    scope: dict[str, Any] = {"startTask": "T0", "tasks": {"T0": http(end=True)}}
    for level in range(1, levels + 1):
        inner = {"type": "Parallel", "nextTask": f"E{level}", "branches": [scope]}
        scope = {
            "startTask": f"T{level}",
            "tasks": {f"T{level}": inner, f"E{level}": http(end=True)},
        }
    return scope


def test_parallel_tasks_nest_a_hundred_deep_and_no_deeper() -> None:
    """A hundred Parallel tasks inside one another are fine; more get one problem that says so."""
    assert found(_nested(MAX_NESTING)) == []
    (problem,) = found(_nested(MAX_NESTING + 1))
    assert f"more than {MAX_NESTING} levels" in problem.message
    assert problem.pointer.endswith("/tasks/T1")
    assert len(list(iter_tasks(WorkflowDefinition(_nested(MAX_NESTING))))) == 2 * MAX_NESTING + 1
    # Of what lies deeper, nothing is walked: the innermost task is left out here.
    assert len(list(iter_tasks(WorkflowDefinition(_nested(MAX_NESTING + 1))))) == 2 * (
        MAX_NESTING + 1
    )


def test_json_nested_without_end_gets_one_problem() -> None:
    """A document far deeper than any definition is refused as a whole, without an overflow."""
    deep: Any = None
    for _ in range(50_000):
        deep = [deep]
    (problem,) = found(
        {"startTask": "A", "tasks": {"A": http(end=True, inputParameters={"deep": deep})}}
    )
    assert "levels deep" in problem.message


def test_a_strangers_task_type_checks_its_own_tasks() -> None:
    """A third-party type's schema and problems are asked, and one that raises does not hide the
    rest.
    """

    class Pause(TypeStub):
        name = "Pause"
        schema = {"type": "object", "required": ["seconds"]}  # noqa: RUF012

        def problems(self, check: TaskCheck) -> list[Problem]:
            too_long = Problem(f"{check.pointer}/seconds", f"{check.name} waits too long")
            return [too_long] if check.definition["seconds"] > 9 else []

    class Broken(TypeStub):
        name = "Broken"
        schema = {}  # noqa: RUF012

        def problems(self, check: TaskCheck) -> list[Problem]:
            raise ZeroDivisionError("oh")

    tasks = {
        "A": {"type": "Pause", "nextTask": "B"},
        "B": {"type": "Pause", "seconds": 10, "nextTask": "C"},
        "C": {"type": "Broken", "nextTask": "D"},
        "D": {"type": "Pause", "seconds": None, "end": True},
    }
    listed = found({"startTask": "A", "tasks": tasks}, Pause(), Broken())
    assert [problem.pointer for problem in listed] == [
        "/tasks/A",
        "/tasks/B/seconds",
        "/tasks/C",
        "/tasks/D",
    ]
    assert listed[1].message == "B waits too long"
    assert "ZeroDivisionError: oh" in listed[2].message


def test_expressions_may_stand_for_values_but_not_for_the_way() -> None:
    """What is sent may come from expressions; what says where the run goes, or how long it takes,
    may not.
    """
    fine = http(inputParameters={"a": "${$.input.a}"}, nextTask="B")
    fine["httpRequest"] |= {"headers": "${$.a}", "body": "${$.a}"}
    assert found({"startTask": "A", "tasks": {"A": fine, "B": http(end=True)}}) == []
    wrong = {
        "A": http(end="${$.end}", retry="${$.retry}", totalTimeoutSeconds="${$.seconds}"),
        "B": {"type": "Decision", "choices": "${$.choices}", "defaultTask": "A"},
    }
    listed = found({"startTask": "B", "tasks": wrong})
    places = ["/tasks/A/end", "/tasks/A/retry", "/tasks/A/totalTimeoutSeconds", "/tasks/B/choices"]
    assert sorted({problem.pointer for problem in listed}) == places


def test_a_task_that_no_expression_can_see_is_found() -> None:
    """A misspelt task in an expression, wherever expressions stand, is found before anything is
    sent, with the nearest name.
    """
    wrong = "${$.tasks['Look upp'].output.body}"
    tasks = {
        "Look up": http(nextTask="Ask"),
        "Ask": {
            "type": "Decision",
            "choices": [{"condition": wrong, "nextTask": "Done"}],
            "defaultTask": "Use",
        },
        "Use": http(inputParameters={"a": wrong}, nextTask="Done"),
        "Done": {
            "type": "Terminate",
            "terminationStatus": "Completed",
            "workflowOutput": {"x": wrong},
        },
    }
    listed = found({"startTask": "Look up", "tasks": tasks})
    places = [
        "/tasks/Ask/choices/0/condition",
        "/tasks/Use/inputParameters/a",
        "/tasks/Done/workflowOutput/x",
    ]
    assert [problem.pointer for problem in listed] == places
    assert all("did you mean 'Look up'?" in problem.message for problem in listed)


def test_a_type_says_what_is_wrong_in_its_own_words() -> None:
    """Where a type's schema and the type itself see something in one place, the type's words are
    given, once.
    """

    class Pause(TypeStub):
        name = "Pause"
        schema = {"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}  # noqa: RUF012

        def problems(self, check: TaskCheck) -> list[Problem]:
            return [Problem(f"{check.pointer}/a", "own words")]

    listed = found(
        {"startTask": "A", "tasks": {"A": {"type": "Pause", "a": "x", "b": "y", "end": True}}},
        Pause(),
    )
    assert [(problem.pointer, problem.message[:9]) for problem in listed] == [
        ("/tasks/A/a", "own words"),
        ("/tasks/A/b", "expected "),
    ]


def test_a_loop_through_a_strangers_task_may_end() -> None:
    """A type that is not ours may decide where to go, so a loop through it is not called
    endless.
    """

    class Poll(TypeStub):
        name = "Poll"
        schema = {}  # noqa: RUF012

    tasks = {"A": {"type": "Poll", "nextTask": "B"}, "B": http(nextTask="A")}
    assert found({"startTask": "A", "tasks": tasks}, Poll()) == []


@settings(deadline=None)
@given(st.data())
def test_endless_loops_are_those_from_which_no_end_is_reached(data: st.DataObject) -> None:
    """A loop without end is reported exactly when some task that is reached leads to no end
    (checked by brute force).
    """
    names = [f"T{index}" for index in range(data.draw(st.integers(1, 6)))]
    tasks: dict[str, Any] = {}
    for name in names:
        target = data.draw(st.sampled_from([None, *names]))
        other = data.draw(st.sampled_from([None, *names]))
        if target is not None and other is not None:
            choices = [{"condition": "${$.input.a}", "nextTask": other}]
            tasks[name] = {"type": "Decision", "choices": choices, "defaultTask": target}
        else:
            tasks[name] = http(end=True) if target is None else http(nextTask=target)

    def leads_to(name: str) -> set[str]:
        seen = {name}
        for _ in names:
            for each in list(seen):
                task = tasks[each]
                seen |= {task.get("nextTask"), task.get("defaultTask")} - {None}
                seen |= {choice["nextTask"] for choice in task.get("choices", ())}
        return seen

    stuck = any(not any(tasks[end].get("end") for end in leads_to(name)) for name in leads_to("T0"))
    listed = found({"startTask": "T0", "tasks": tasks})
    assert any("an endless loop" in problem.message for problem in listed) is stuck
    unreached = [problem.pointer for problem in listed if "never reached from" in problem.message]
    assert unreached == [f"/tasks/{name}" for name in names if name not in leads_to("T0")]


def test_a_name_may_have_as_many_characters_as_the_platform_allows() -> None:
    """Eighty characters are fine, and the published schema has the same number."""
    name = "ä" * MAX_NAME_LENGTH
    assert found({"startTask": name, "tasks": {name: http(end=True)}}) == []
    names = packaged.schema("workflow-definition")["$defs"]["tasks"]["propertyNames"]
    assert names["maxLength"] == MAX_NAME_LENGTH


def test_thousands_of_problems_are_reported_all() -> None:
    """A large definition with a problem in every task gets every one of them."""
    tasks = {f"T{index}": http(nextTask="No") for index in range(3000)}
    text = json.dumps({"startTask": "T0", "tasks": tasks}, indent=1)
    listed = [
        problem
        for problem in checked(load_definition("x", text.encode()))
        if "'No'" in str(problem)
    ]
    assert len(listed) == 3000
    assert listed[-1].line == lines_of(text, ["/tasks/T2999/nextTask"])["/tasks/T2999/nextTask"]


# Walking and nulls


def test_tasks_are_walked_in_document_order_with_their_places() -> None:
    """Every task comes with its JSON Pointer and name, those of branches right after their
    Parallel.
    """
    definition = load_definition(DATA / "good" / "parallel-in-parallel.json")
    inner = "/tasks/Outer/branches/0/tasks"
    assert [(place, name) for place, name, _ in iter_tasks(definition)] == [
        ("/tasks/Outer", "Outer"),
        (f"{inner}/Inner", "Inner"),
        (f"{inner}/Inner/branches/0/tasks/A", "A"),
        (f"{inner}/Inner/branches/1/tasks/B", "B"),
        (f"{inner}/After inner", "After inner"),
        ("/tasks/Join", "Join"),
    ]


def test_nulls_are_dropped_where_the_format_has_fields_and_kept_in_values() -> None:
    """An unset field is absent; a null in a body, an input parameter or an output is the author's
    null.
    """
    task = {
        "type": "Http",
        "end": None,
        "inputParameters": {"a": None},
        "httpRequest": {
            "url": "u",
            "method": None,
            "headers": {"X": None, "Y": 1},
            "body": {"a": None, "b": [None]},
        },
        "retry": {"maxAttempts": None},
        "choices": [{"condition": None}],
        "workflowOutput": {"a": None},
    }
    assert without_nulls(task) == {
        "type": "Http",
        "inputParameters": {"a": None},
        "httpRequest": {"url": "u", "headers": {"Y": 1}, "body": {"a": None, "b": [None]}},
        "retry": {},
        "choices": [{}],
        "workflowOutput": {"a": None},
    }
    assert task["end"] is None


REASONS: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "port": ({"httpRequest": {"url": "https://a.example:99999/"}}, "url-port", {"port": "99999"}),
    "host": ({"httpRequest": {"url": "https://a..b/"}}, "host-label-empty", {}),
    "needs": ({"pagination": {"mode": "cursor", "items": "$.a"}}, "page-needs-token", {}),
    "refuses": (
        {"pagination": {"mode": "link", "items": "$.a", "next": "$.b"}},
        "page-has-link",
        {},
    ),
    "query": (
        {"pagination": {"mode": "link", "items": "${$.a}"}},
        "query-in-braces",
        {"query": "$.a"},
    ),
    "body": (
        {
            "pagination": {
                "mode": "page",
                "items": "$.a",
                "parameter": {"in": "body", "name": "/a/b/c"},
            },
            "httpRequest": {"url": "https://a.example/", "method": "POST", "body": {"a": {"b": 1}}},
        },
        "page-body-no-object",
        {"at": "b", "name": "c"},
    ),
    "result": (
        {"completion": {"mode": "auto", "poll": {"result": "finel"}}},
        "job-result",
        {"known": ["self", "location", "original"]},
    ),
    "once": ({"type": "Terminate", "forEach": {"items": [1]}}, "once-end", {}),
}


@pytest.mark.parametrize(("fields", "code", "params"), REASONS.values(), ids=REASONS)
def test_a_reason_has_a_code_and_params_of_its_own(
    fields: dict[str, Any], code: str, params: dict[str, Any]
) -> None:
    """No program has to read its words, which end the sentence of the problem."""
    task = {"type": "Http", "httpRequest": {"url": "https://a.example/"}, "end": True, **fields}
    found = problems(definition_of({"startTask": "T", "tasks": {"T": task}}), SHARED)
    reasons = {one.params["reason"]["code"]: one for one in found if "reason" in one.params}
    assert reasons[code].params["reason"].get("params", {}) == params
    assert reasons[code].message.endswith(Problem.of(code, "", **params).message)
