"""What is told of an expression before it runs, by the types of what it sees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from httptask._schema import value_types
from httptask._schema.value_types import SchemaSource, ValueType
from httptask.catalogue import Catalogue
from httptask.errors import Problem
from httptask.expressions._jsonpath import JsonPath
from httptask.model.api import Endpoint, MediaType, Parameter, RequestBody, Response, Server
from httptask.task import Runtime
from httptask.workflow import definition_of, problems
from tasks import runtime

ORDER = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "state": {"type": "string", "enum": ["open", "closed"]},
        "price": {"type": "number"},
        "paid": {"type": ["boolean", "null"]},
        "customer": {"$ref": "#/$defs/Customer"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
        "tags": {"type": "array", "items": {"type": "string"}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "anything": {},
        "free": {"type": "object"},
        "open": {"type": "object", "properties": {"a": {}}, "additionalProperties": True},
        "closed": {
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "additionalProperties": False,
        },
        "either": {
            "oneOf": [
                {"type": "object", "properties": {"card": {"type": "string"}}},
                {"type": "object", "properties": {"bank": {"type": "string"}}},
            ]
        },
        "both": {
            "allOf": [
                {"$ref": "#/$defs/Customer"},
                {"type": "object", "properties": {"vip": {"type": "boolean"}}},
            ]
        },
        "maybe": {"anyOf": [{"$ref": "#/$defs/Customer"}, {"type": "null"}]},
        "dynamic": {"if": {}, "then": {"properties": {"b": {}}}, "properties": {"a": {}}},
        "lost": {"$ref": "#/$defs/Nowhere"},
        "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
        "patterned": {"properties": {"a": {}}, "patternProperties": {"^x-": {"type": "string"}}},
    },
}
DEFINITIONS = {
    "Order": ORDER,
    "Customer": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "parent": {"$ref": "#/$defs/Customer"},
        },
    },
    "Line": {
        "type": "object",
        "properties": {"sku": {"type": "string"}, "count": {"type": "integer"}},
    },
}


def answer(schema: Any, media_type: str = "application/json") -> Response:
    return Response(content={media_type: MediaType(schema)})


def endpoint(name: str, method: str = "GET", **fields: Any) -> Endpoint:
    return Endpoint(
        name,
        method,
        f"/{name}",
        "acme",
        servers=(Server("https://acme.example"),),
        definitions=DEFINITIONS,
        **fields,
    )


def query(name: str, schema: Any) -> Parameter:
    return Parameter(name, "query", schema=schema)


ENDPOINTS = [
    endpoint("order", responses={"200": answer({"$ref": "#/$defs/Order"}), "404": answer({})}),
    endpoint("text", responses={"200": answer({}, "text/plain")}),
    endpoint("image", responses={"200": answer({}, "image/png")}),
    endpoint("nothing", responses={"204": Response()}),
    endpoint("silent", responses={}),
    endpoint(
        "list",
        responses={
            "200": answer(
                {
                    "type": "object",
                    "properties": {
                        "data": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
                        "total": {"type": "integer"},
                    },
                }
            )
        },
    ),
    endpoint(
        "search",
        "POST",
        parameters=(
            query("page", {"type": "integer"}),
            query("size", {"type": "number"}),
            query("name", {"type": "string"}),
            query("exact", {"type": "boolean"}),
            query("tags", {"type": "array", "items": {"type": "string"}}),
            query("any", {}),
            query("loose", {"type": ["string", "integer"]}),
        ),
        request_body=RequestBody(
            {
                "application/json": MediaType(
                    {
                        "type": "object",
                        "properties": {
                            "note": {"type": "string"},
                            "count": {"type": "integer"},
                            "lines": {"type": "array", "items": {"type": "object"}},
                        },
                    }
                )
            }
        ),
        responses={"200": answer({"type": "object", "properties": {"hits": {}}})},
    ),
]

INPUT = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "ids": {"type": "array", "items": {"type": "integer"}},
        "who": {"$ref": "#/$defs/who"},
        "price": {"type": "number"},
    },
    "$defs": {"who": {"type": "object", "properties": {"mail": {"type": "string"}}}},
}


@pytest.fixture(scope="module")
def shared() -> Iterator[Runtime]:
    with Catalogue.open(":memory:") as catalogue:
        catalogue.put(ENDPOINTS, source="acme")
        with runtime(catalogue=catalogue) as made:
            yield made


def http(name: str, **fields: Any) -> dict[str, Any]:
    method = {"search": "POST"}.get(name, "GET")
    request = {"url": f"https://acme.example/{name}", "method": method, **fields.pop("request", {})}
    return {"type": "Http", "endpoint": name, "httpRequest": request, **fields}


def chain(**tasks: Any) -> dict[str, Any]:
    """Return a definition of *tasks* one after the other; those with a way on keep it."""
    names = [*tasks]
    for name, following in zip(names, [*names[1:], None], strict=True):
        task = tasks[name]
        if not task.keys() & {"nextTask", "end", "choices", "terminationStatus"}:
            tasks[name] = {**task, **({"nextTask": following} if following else {"end": True})}
    return {"startTask": names[0], "tasks": tasks, "inputSchema": INPUT}


def told(definition: dict[str, Any], shared: Runtime) -> list[Problem]:
    return problems(definition_of(definition), shared)


def codes(definition: dict[str, Any], shared: Runtime) -> list[tuple[str, str | None]]:
    return [(problem.severity, problem.code) for problem in told(definition, shared)]


BODY = "tasks.Get.output.body"
UNDOCUMENTED = [("warning", "name-undocumented")]
MISPLACED = [("warning", "name-of-other")]
SILENT: list[tuple[str, str | None]] = []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".id", SILENT),
        (".idd", UNDOCUMENTED),
        ("['state']", SILENT),
        (".id.x", MISPLACED),
        (".id[0]", MISPLACED),
        (".tags[0]", SILENT),
        (".tags[-1]", SILENT),
        (".tags.length", MISPLACED),
        (".tags[0].x", MISPLACED),
        (".tags[1:2]", SILENT),
        (".lines[0].sku", SILENT),
        (".lines[0].skuu", UNDOCUMENTED),
        (".lines[*].count", SILENT),
        (".lines[*].cout", UNDOCUMENTED),
        (".lines[0:3].cout", UNDOCUMENTED),
        (".lines.sku", MISPLACED),
        (".lines[?@.count > 1].sku", SILENT),
        (".lines[?@.cuont > 1].sku", UNDOCUMENTED),
        (".lines[?@.count > 1].suk", UNDOCUMENTED),
        (".lines[?@.sku == $.input.name]", SILENT),
        (f".lines[?@.sku == $.{BODY}.stat]", UNDOCUMENTED),
        (".lines[?count(@.skuu) > 1]", UNDOCUMENTED),
        (".lines[?length(@.sku) > 1 && !@.count]", SILENT),
        ("['id', 'idd']", SILENT),
        ("..sku", SILENT),
        (".customer..name", SILENT),
        (".customer..nam", UNDOCUMENTED),
        (".customer.name", SILENT),
        (".customer.nmae", UNDOCUMENTED),
        (".customer.parent.parent.name", SILENT),
        (".customer.parent.parent.nme", UNDOCUMENTED),
        (".labels.whatever", SILENT),
        (".labels.whatever.more", MISPLACED),
        (".anything.at.all[7]", SILENT),
        (".free.name", SILENT),
        (".open.name", SILENT),
        (".closed.a", SILENT),
        (".closed.b", UNDOCUMENTED),
        (".either.card", SILENT),
        (".either.bank", SILENT),
        (".either.cash", UNDOCUMENTED),
        (".both.name", SILENT),
        (".both.vip", SILENT),
        (".both.nam", UNDOCUMENTED),
        (".maybe.name", SILENT),
        (".maybe.nam", UNDOCUMENTED),
        (".dynamic.b", SILENT),
        (".lost.name", SILENT),
        (".pair[1]", SILENT),
        (".pair[0].x", MISPLACED),
        (".patterned['x-1']", SILENT),
        (".*", SILENT),
        (".lines.*.sku", SILENT),
        (".lines.*.suk", UNDOCUMENTED),
    ],
)
def test_a_name_that_no_documented_answer_has_is_a_warning(
    path: str, expected: Any, shared: Runtime
) -> None:
    """Silent where the name may be there: an open object, one of several forms, an unknown
    reference.
    """
    reader = http("silent", inputParameters={"a": f"${{$.{BODY}{path}}}"})
    assert codes(chain(Get=http("order"), Use=reader), shared) == expected


def test_the_nearest_name_is_suggested_at_the_setting(shared: Runtime) -> None:
    """The problem has the pointer of the setting, the query that lacks the name, and what is
    known.
    """
    reader = http("silent", inputParameters={"a": {"b": f"${{$.{BODY}.customer.nmae}}"}})
    (problem,) = told(chain(Get=http("order"), Use=reader), shared)
    assert problem.pointer == "/tasks/Use/inputParameters/a/b"
    assert problem.suggestion == "name"
    assert problem.params["path"] == f"$.{BODY}.customer"
    assert problem.params["known"] == ["name", "parent"]


TYPE = [("error", "expression-type")]
DOCUMENTED_TYPE = [("warning", "expression-type")]


@pytest.mark.parametrize(
    ("name", "written", "expected"),
    [
        ("page", "${$.input.id}", SILENT),
        ("page", "${$.input.name}", TYPE),
        ("page", "${$.input.price}", SILENT),
        ("page", "${$.input.ids}", TYPE),
        ("page", "${$.input.ids[0]}", SILENT),
        ("page", "${$.input.ids[*]}", TYPE),
        ("page", "${$.tasks.Get.input.deep}", SILENT),
        ("page", f"${{$.{BODY}.id}}", SILENT),
        ("page", f"${{$.{BODY}.price}}", SILENT),
        ("page", f"${{$.{BODY}.state}}", DOCUMENTED_TYPE),
        ("page", f"${{$.{BODY}.lines[*].count}}", TYPE),
        ("page", f"${{$.{BODY}.lines}}", DOCUMENTED_TYPE),
        ("page", f"${{$.{BODY}.customer}}", DOCUMENTED_TYPE),
        ("page", f"${{$.{BODY}.anything}}", SILENT),
        ("page", "${$.tasks.Get.output.statusCode}", SILENT),
        ("page", "${swf:workflowId}", SILENT),
        ("page", 7, SILENT),
        ("size", "${$.input.id}", SILENT),
        ("size", "${$.input.name}", TYPE),
        ("name", "${$.input.name}", SILENT),
        ("name", "${$.input.id}", TYPE),
        ("name", "no. ${$.input.id}", SILENT),
        ("name", f"${{$.{BODY}.lines[0].sku}}", SILENT),
        ("name", f"${{$.{BODY}.lines[?@.count > 1].sku}}", TYPE),
        ("name", "${swf:uuid}", SILENT),
        ("exact", "${$.input.name}", TYPE),
        ("exact", f"${{$.{BODY}.paid}}", SILENT),
        ("tags", "${$.input.name}", TYPE),
        ("tags", f"${{$.{BODY}.tags}}", SILENT),
        ("tags", f"${{$.{BODY}.lines[*].sku}}", SILENT),
        ("tags", f"${{$.{BODY}.lines[*].count}}", DOCUMENTED_TYPE),
        ("tags", "${$.input.ids}", DOCUMENTED_TYPE),
        ("any", "${$.input.ids}", SILENT),
        ("loose", "${$.input.id}", SILENT),
        ("loose", "${$.input.price}", SILENT),
        ("loose", "${$.input.ids}", TYPE),
    ],
)
def test_what_an_expression_yields_is_compared_with_its_setting(
    name: str, written: Any, expected: Any, shared: Runtime
) -> None:
    """An error where no run can succeed, a warning where only documentation says so. Text around
    an expression makes text of it.
    """
    reader = http("search", inputParameters={"a": written}, request={"query": {name: "${$.a}"}})
    if "no." in str(written):
        reader["inputParameters"], reader["httpRequest"]["query"] = (
            {"a": "${$.input.id}"},
            {name: "no. ${$.a}"},
        )
    assert codes(chain(Get=http("order"), Use=reader), shared) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"note": "${$.name}", "count": "${$.id}"}, SILENT),
        ({"note": "${$.id}"}, TYPE),
        ({"count": "${$.name}"}, TYPE),
        ({"lines": "${$.objects}"}, SILENT),
        ({"lines": "${$.name}"}, TYPE),
        ({"note": "${$.file}"}, SILENT),
        ({"note": {"$file": {"path": "${$.name}", "as": "base64"}}}, SILENT),
        ({"note": {"$text": "${$.name}"}}, SILENT),
        ("${$.name}", SILENT),
        ("${$.id}", TYPE),
        ({"note": "${$.nmae}"}, [("error", "expression-no-name")]),
    ],
)
def test_a_body_is_compared_member_by_member(body: Any, expected: Any, shared: Runtime) -> None:
    """A file may stand for text, and text that is written already for the whole body."""
    parameters = {
        "name": "${$.input.name}",
        "id": "${$.input.id}",
        "objects": [{"a": "${$.input.id}"}],
        "file": {"$file": {"path": "a.txt", "as": "text"}},
    }
    task = http("search", inputParameters=parameters, request={"body": body})
    found = [one for one in codes(chain(Use=task), shared) if one[1] != "file-missing"]
    assert [one for one in found if one[1] and not one[1].startswith("file")] == expected


def test_the_message_of_a_type_says_how_to_convert(shared: Runtime) -> None:
    """It names what comes, what is taken, and what JSONata has for it."""
    reader = http("search", request={"query": {"page": "${$.a}", "name": "${$.b}"}})
    reader["inputParameters"] = {"a": "${$.input.name}", "b": "${$.input.ids[*]}"}
    first, second = told(chain(Use=reader), shared)
    assert first.pointer == "/tasks/Use/httpRequest/query/page"
    assert first.message == (
        "expression ${$.a} yields a string, expected an integer; in JSONata, $number(…) makes one"
        " of it"
    )
    assert second.message == "expression ${$.b} yields an array, expected a string"


def test_settings_that_are_only_noted_have_no_errors(shared: Runtime) -> None:
    """With `checkSettings: note` they are sent as they are."""
    reader = http("search", request={"query": {"page": "${$.a}"}}, checkSettings="note")
    reader["inputParameters"] = {"a": "${$.input.name}"}
    assert codes(chain(Use=reader), shared) == DOCUMENTED_TYPE


PAGES = {"mode": "link", "items": "$.data"}


def polls(**poll: Any) -> dict[str, Any]:
    return {"mode": "poll", "poll": poll}


def called(**callback: Any) -> dict[str, Any]:
    """A task that waits for a call, and names its URL."""
    request = {"headers": {"X-Callback": "${swf:callbackUrl}"}}
    return http("order", request=request, completion={"mode": "callback", "callback": callback})


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ({"type": "Wait", "seconds": "${$.input.id}"}, SILENT),
        ({"type": "Wait", "seconds": "${$.input.name}"}, TYPE),
        ({"type": "Wait", "until": "${$.input.id}"}, TYPE),
        ({"type": "Wait", "until": f"${{$.{BODY}.state}}"}, SILENT),
        ({"type": "Terminate", "terminationStatus": "Failed", "workflowOutput": "${$.input}"}, []),
        (http("order", forEach={"items": "${$.input.ids}"}), SILENT),
        (http("order", forEach={"items": "${$.input.id}"}), TYPE),
        (http("order", forEach={"items": f"${{$.{BODY}.lines}}"}), SILENT),
        (http("order", forEach={"items": f"${{$.{BODY}.lines[*].sku}}"}), SILENT),
        (http("order", forEach={"items": f"${{$.{BODY}.state}}"}), DOCUMENTED_TYPE),
        (http("order", forEach={"items": f"${{$.{BODY}.customer}}"}), DOCUMENTED_TYPE),
        (http("order", forEach={"items": "${$.tasks.Get.output}"}), DOCUMENTED_TYPE),
        (http("order", forEach={"items": "${$.input.who}"}), TYPE),
        (http("order", forEach={"items": "${jsonata: {'a': 1}}"}), TYPE),
        (http("order", forEach={"items": f"${{$.{BODY}.free}}"}), SILENT),
        (http("order", forEach={"items": f"${{$.{BODY}.anything}}"}), SILENT),
        (http("order", successCondition="${$.body.lines[?@.count > 1]}"), SILENT),
        (http("list", successCondition="${$.body.dta[?@.count > 1]}"), UNDOCUMENTED),
        (http("list", successCondition="${$.body.total}"), DOCUMENTED_TYPE),
        (http("list", retry={"until": "${$.body.ttal}"}), UNDOCUMENTED),
        (http("list", pagination={"mode": "link", "items": "$.data"}), SILENT),
        (http("list", pagination={"mode": "link", "items": "$.dta"}), UNDOCUMENTED),
        (http("list", pagination={"mode": "link", "items": "$"}), DOCUMENTED_TYPE),
        (http("list", pagination={"mode": "link", "items": "$.total"}), DOCUMENTED_TYPE),
        (http("list", pagination={"mode": "link", "items": "$.data[*]"}), SILENT),
        (http("list", pagination={"mode": "link", "total": "$.data"}), DOCUMENTED_TYPE),
        (http("list", pagination={"mode": "link", "total": "$..total"}), SILENT),
        (http("list", pagination={"mode": "nextUrl", "next": "$.data"}), DOCUMENTED_TYPE),
        (http("list", pagination={"mode": "link", "total": "$.totla"}), UNDOCUMENTED),
        (http("list", pagination={"mode": "nextUrl", "next": "$.headers.next"}), SILENT),
        (http("list", pagination=PAGES | {"identity": "$.sku"}), SILENT),
        (http("list", pagination=PAGES | {"identity": "$.skuu"}), UNDOCUMENTED),
        (
            http("list", pagination=PAGES | {"resume": "${$.a.b}"}, inputParameters={"a": 1}),
            MISPLACED,
        ),
        (http("order", completion=polls(url="/jobs/${$.body.id}")), SILENT),
        (http("order", completion=polls(url="/jobs/${$.body.idd}")), UNDOCUMENTED),
        (http("order", completion=polls(url="${$.body.lines}")), DOCUMENTED_TYPE),
        (http("order", completion=polls(until="${$.body.anything}")), SILENT),
        (http("order", completion=polls(until="${$.statusCode}")), DOCUMENTED_TYPE),
        (http("order", completion=polls(result="${$.job.url}")), SILENT),
        (
            http("order", completion={"mode": "poll", "when": "${$.body.lnes[?@.count > 1]}"}),
            UNDOCUMENTED,
        ),
        (
            http("order", completion={"mode": "poll", "cancel": {"url": "/${$.body.idd}"}}),
            UNDOCUMENTED,
        ),
        (called(result="${$.body.any.thing}"), SILENT),
        (called(result="${$.headers['x-any']}"), SILENT),
        (called(until="${$.headers}"), TYPE),
        (called(until="${jsonata: body.state = 'done'}"), SILENT),
    ],
)
def test_settings_of_all_tasks_are_looked_at(task: Any, expected: Any, shared: Runtime) -> None:
    """Waits, items, conditions, the queries of pagination, and what sees a job."""
    assert codes(chain(Get=http("order"), Use=task), shared) == expected


def test_an_object_as_items_of_a_task_names_its_list(shared: Runtime) -> None:
    """The sentence says what items may come from, and where in the object the list is."""
    read = chain(Get=http("list"), Use=http("order", forEach={"items": f"${{$.{BODY}}}"}))
    (problem,) = told(read, shared)
    assert problem.message == (
        "expression ${$.tasks.Get.output.body} yields an object, expected an array or a file of"
        " JSON lines; its member 'data' is an array"
    )


@pytest.mark.parametrize(
    ("task", "path", "expected"),
    [
        (http("list", pagination={"mode": "link", "items": "$.data"}), ".body[0].sku", SILENT),
        (
            http("list", pagination={"mode": "link", "items": "$.data"}),
            ".body[0].skuu",
            UNDOCUMENTED,
        ),
        (http("list", pagination={"mode": "link", "items": "$.data"}), ".body.data", MISPLACED),
        (http("list", pagination={"mode": "link"}), ".body[0].sku", SILENT),
        (http("list", pagination={"mode": "link"}), ".pages.count", SILENT),
        (http("list"), ".pages.count", UNDOCUMENTED),
        (
            http("list", pagination={"mode": "link", "collect": "pages"}),
            ".body[0].dta",
            UNDOCUMENTED,
        ),
        (http("list", pagination={"mode": "link", "collect": "file"}), ".body['$file']", SILENT),
        (http("list", pagination={"mode": "link", "collect": "file"}), ".body[0]", MISPLACED),
        (http("text"), ".body", SILENT),
        (http("text"), ".body.a", MISPLACED),
        (http("text", responseBody="json"), ".body.a", SILENT),
        (http("image"), ".body['$file'].path", SILENT),
        (http("image"), ".body.path", UNDOCUMENTED),
        (http("order", responseBody="file"), ".body.id", UNDOCUMENTED),
        (http("order", responseBody="text"), ".body.id", MISPLACED),
        (http("nothing"), ".body.id", MISPLACED),
        (http("silent"), ".body.id", SILENT),
        (http("order", successCondition="${$.statusCode < 500}"), ".body.x", SILENT),
        (http("order"), ".headers['x-any']", SILENT),
        (http("order"), ".statuscode", UNDOCUMENTED),
        (http("order", completion={"mode": "poll"}), ".body.x", SILENT),
        (http("order", completion={"mode": "poll"}), ".job.url", SILENT),
        ({"type": "Wait", "seconds": 1}, ".until", SILENT),
        ({"type": "Wait", "seconds": 1}, ".util", UNDOCUMENTED),
        ({"type": "Simple"}, ".x", SILENT),
        ({"type": "Workflow", "definition": "other"}, ".x", SILENT),
        (http("order", forEach={"items": [1]}), "[0].body.id", SILENT),
        (http("order", forEach={"items": [1]}), "[0].body.idd", UNDOCUMENTED),
        (http("order", forEach={"items": "${$.input.ids}"}), "[0].body.idd", UNDOCUMENTED),
        (http("order", forEach={"items": "${$.input.ids}"}), "['$file'].path", SILENT),
        (http("order", forEach={"items": [1], "onError": "collect"}), "[0].error.kind", SILENT),
        (http("order", forEach={"items": [1]}), "[0].error.kind", UNDOCUMENTED),
    ],
)
def test_what_each_kind_of_task_puts_out_is_known(
    task: Any, path: str, expected: Any, shared: Runtime
) -> None:
    """Lists of pages, files, text, items; silent where it is somebody else's to say."""
    reader = http("silent", inputParameters={"a": f"${{$.tasks.Get.output{path}}}"})
    found = codes(chain(Get=task, Use=reader), shared)
    about_task = {"workflow-unknown", "condition", "expression-jsonpath"}
    assert [one for one in found if one[1] not in about_task] == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"{BODY}.id", SILENT),
        (f"{BODY}.idd", UNDOCUMENTED),
        (f"{BODY}.id.x", MISPLACED),
        (f"$.{BODY}.idd", UNDOCUMENTED),
        (f"$$.{BODY}.idd", UNDOCUMENTED),
        (f"{BODY}.lines.sku", SILENT),
        (f"{BODY}.lines.skuu", UNDOCUMENTED),
        (f"{BODY}.lines[0].skuu", UNDOCUMENTED),
        (f"{BODY}.lines[count > 1].sku", SILENT),
        (f"{BODY}.lines[cout > 1].sku", UNDOCUMENTED),
        (f"{BODY}.lines^(count).sku", SILENT),
        (f"{BODY}.lines^(cout).sku", UNDOCUMENTED),
        (f"{BODY}.lines^(count).suk", UNDOCUMENTED),
        (f"$sum({BODY}.lines.count)", SILENT),
        (f"$sum({BODY}.lines.cout)", UNDOCUMENTED),
        (f"{BODY}.lines.cout ~> $sum()", UNDOCUMENTED),
        (f"{BODY}.lines.(count * 2)", SILENT),
        (f"{BODY}.lines.(cout * 2)", UNDOCUMENTED),
        (f"-{BODY}.idd", UNDOCUMENTED),
        (f'{BODY}.lines.{{"a": sku}}', SILENT),
        (f'{BODY}.lines.{{"a": skuu}}', SILENT),
        (f'{{"a": {BODY}.idd}}', UNDOCUMENTED),
        (f"[{BODY}.id, {BODY}.idd]", UNDOCUMENTED),
        (f'$lookup({BODY}, "idd")', UNDOCUMENTED),
        (f'{BODY}.state & "-" & {BODY}.stat', UNDOCUMENTED),
        (f"{BODY}.`state`", SILENT),
        (f"($b := {BODY}; $b.id)", SILENT),
        # Who asks whether a name is there, is not told that it may not be.
        (f"$exists({BODY}.idd)", SILENT),
        (f"{BODY}.idd ?? 0", SILENT),
        (f"{BODY}.idd ?: 0", SILENT),
        (f"{BODY}.idd ? {BODY}.idd.x : 0", SILENT),
        (f"{BODY}.id ? 0 : {BODY}.idd", UNDOCUMENTED),
        (f"$exists({BODY}.error) and {BODY}.id > 1", SILENT),
        # What is not followed
        (f"{BODY}.*.idd", SILENT),
        (f"{BODY}.**.idd", SILENT),
        (f"{BODY}.lines@$l.idd", SILENT),
        (f"$map({BODY}.lines, function($l) {{$l.skuu}})", SILENT),
        (f"{BODY}.free.name.first", SILENT),
        (f"{BODY}.either.bank", SILENT),
        (f"{BODY}.either.cash", UNDOCUMENTED),
        ("tasks.Use.output", [("error", "task-not-run")]),
        ("[tasks.Use.output]", [("warning", "task-not-run")]),
        ("input.who.mail", SILENT),
    ],
)
def test_names_in_jsonata_are_followed_as_far_as_its_shape_is_told(
    expression: str, expected: Any, shared: Runtime
) -> None:
    """Along paths, through lists, filters, sorts and arguments; nothing is an error."""
    reader = http("silent", inputParameters={"a": f"${{jsonata: {expression}}}"})
    assert codes(chain(Get=http("order"), Use=reader), shared) == expected


@pytest.mark.parametrize(
    ("name", "expression", "expected"),
    [
        ("page", "$count(input.ids)", SILENT),
        ("page", "$string(input.id)", TYPE),
        ("page", "$number(input.name)", SILENT),
        ("page", "$sum(input.ids)", SILENT),
        ("page", "$length(input.name)", SILENT),
        ("page", "input.name", TYPE),
        ("page", "input.id + 1", SILENT),
        ("page", "-input.id", SILENT),
        ("page", "input.id & ''", TYPE),
        ("page", "input.id > 1", TYPE),
        ("page", "input.id > 1 ? 1 : 2", SILENT),
        ("page", "input.id > 1 ? 'a' : 'b'", TYPE),
        ("page", "input.id > 1 ? 'a' : 2", SILENT),
        ("page", "input.id ?? 'none'", SILENT),
        ("page", "'a' ?: 'b'", TYPE),
        ("page", "1.5", TYPE),
        ("page", "7", SILENT),
        ("page", "[1, 2]", TYPE),
        ("page", "[1, 2][0]", SILENT),
        ("page", '{"a": 1}', TYPE),
        ("page", '{"a": 1}.a', SILENT),
        ("page", f"{BODY}.lines.count", SILENT),
        ("page", f"{BODY}.lines.sku", DOCUMENTED_TYPE),
        ("page", f"{BODY}.lines[0].sku", DOCUMENTED_TYPE),
        ("page", "($n := input.name; $n)", TYPE),
        ("page", "($string := function($x) {1}; $string(2))", SILENT),
        ("page", "$map(input.ids, $string)", SILENT),
        ("name", "$join(input.ids, ',')", SILENT),
        ("name", "$count(input.ids)", TYPE),
        ("name", "$boolean(input.id)", TYPE),
        ("exact", "$boolean(input.id)", SILENT),
        ("exact", "$not(input.id)", SILENT),
        ("exact", "$exists(input.id) and true", SILENT),
        ("exact", "input.name = 'a'", SILENT),
        ("exact", "$uppercase(input.name)", TYPE),
        ("tags", "input.name", TYPE),
        ("tags", "[input.name]", SILENT),
        ("tags", "[input.id]", DOCUMENTED_TYPE),
        ("tags", "$split(input.name, ',')", SILENT),
    ],
)
def test_what_jsonata_yields_is_compared_where_it_is_told(
    name: str, expression: str, expected: Any, shared: Runtime
) -> None:
    """Literals, operators, functions of one result; silent where one of several types fits."""
    reader = http("search", request={"query": {name: "${$.a}"}})
    reader["inputParameters"] = {"a": f"${{jsonata: {expression}}}"}
    assert codes(chain(Get=http("order"), Use=reader), shared) == expected


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"$ref": "#/$defs/A"}, ".a.b.c.d"),
        ({"$ref": "#/$defs/Many"}, "..n9999x"),
        ({"$ref": "#/$defs/Many"}, ".n9999x"),
        ({"$ref": "#/$defs/Wide"}, ".a.b"),
        ({"$ref": "#/$defs/Wide"}, "..a..b..c"),
        ({"$ref": "#/$defs/Loop"}, ".a"),
        ({"allOf": "no list", "properties": [], "type": 7, "$ref": 5}, ".a"),
        ({"properties": {"a": None}, "items": "x", "enum": {}, "anyOf": [5, None]}, ".a[0]"),
        ({"type": ["string", {}], "prefixItems": {}, "additionalProperties": 5}, "[0].b"),
    ],
)
def test_a_strangers_schema_costs_little(
    schema: Any, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However its definitions refer to each other, a bounded number of them is looked at."""
    looked_at = 0
    take = value_types._Draft.take

    def counted(draft: Any, part: Any) -> Any:
        nonlocal looked_at
        looked_at += 1
        return take(draft, part)

    monkeypatch.setattr(value_types._Draft, "take", counted)
    everything = [{"$ref": f"#/$defs/W{number}"} for number in range(40)]
    definitions = {
        "A": {"properties": {"a": {"$ref": "#/$defs/A"}}, "anyOf": [{"$ref": "#/$defs/A"}] * 9},
        "Many": {"properties": {f"n{number}": {} for number in range(10_000)}},
        "Wide": {"allOf": [{"anyOf": everything}] * 20, "properties": {"a": {"oneOf": everything}}},
        "Loop": {"allOf": [{"$ref": "#/$defs/Loop"}, {"$ref": "#/$defs/Loop2"}]},
        "Loop2": {"oneOf": [{"$ref": "#/$defs/Loop"}, {"$ref": "#/$defs/Loop2"}]},
        **{
            f"W{number}": {"properties": {"a": {"$ref": f"#/$defs/W{(number * 7 + 1) % 40}"}}}
            | {"anyOf": everything}
            for number in range(40)
        },
    }
    root = {"$defs": definitions}
    source = SchemaSource(root, documented=True)
    told = JsonPath().typed(f"${path}", source.type_of(schema))
    assert isinstance(told.type, ValueType)
    assert looked_at <= 21_000


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("$.body.state === 'open'", SILENT),
        ("$.body.stat === 'open'", UNDOCUMENTED),
        ("$.body.lines[0].sku === 'a'", SILENT),
        ("$.body.lines[0].suk === 'a'", UNDOCUMENTED),
        ("$.body.lines.length > 1", SILENT),
        ("$.body.state.length > 1", SILENT),
        ("$.body.lines.sku === 'a'", MISPLACED),
        ("$.body['lines']['0'].sku === 'a'", SILENT),
        ("$.body.either.cash === 1 && $.statusCode < 300", UNDOCUMENTED),
        ("$.body.free.name === 'a'", SILENT),
        # Who asks whether a member is there, is not told that it may not be.
        ("$.body.stat", SILENT),
        ("!$.body.stat || $.body.id > 1", SILENT),
        ("$.body.stat === undefined", SILENT),
        ("$.body.stat != null", SILENT),
        ("$.bdy.state === 'open'", [("warning", "condition-member")]),
    ],
)
def test_conditions_are_told_by_the_output_of_the_task_before(
    condition: str, expected: Any, shared: Runtime
) -> None:
    """In the platform's own form, `$` is what the task before put out."""
    choice = {"type": "Decision", "defaultTask": "End"}
    choice["choices"] = [{"condition": condition, "nextTask": "End"}]
    definition = chain(Get=http("order"), Which=choice, End=http("silent"))
    assert codes(definition, shared) == expected
    # What came before a Decision is what came before the next one.
    first = {"type": "Decision", "defaultTask": "Which", "choices": []}
    definition = chain(Get=http("order"), First=first, Which=choice, End=http("silent"))
    assert [one for one in codes(definition, shared) if one[1] != "min-items"] == expected


@pytest.mark.parametrize("schema", [True, False, {}, None, {"not": {}}, {"$ref": "#"}])
def test_an_input_schema_that_says_nothing_is_no_problem_of_an_expression(
    schema: Any, shared: Runtime
) -> None:
    """What is wrong with it is told where it stands."""
    definition = chain(Use=http("silent", inputParameters={"a": "${$.input.a}"}))
    definition["inputSchema"] = schema
    assert [one for one in told(definition, shared) if one.pointer != "/inputSchema/$ref"] == []


def test_the_input_of_another_definition_is_compared(shared: Runtime) -> None:
    """By its `inputSchema`, where the definition is at hand."""
    schema = {"type": "object", "properties": {"id": {"type": "integer"}, "who": {}}}
    other = definition_of({**chain(Use=http("silent")), "inputSchema": schema})
    parameters = {"id": "${$.input.name}", "who": "${$.input.name}"}
    task = {"type": "Workflow", "definition": "other", "inputParameters": parameters}
    definition = definition_of(chain(Use=task))
    (problem,) = problems(definition, shared, definitions={"other": other})
    assert (problem.code, problem.severity) == ("expression-type", "error")
    assert problem.pointer == "/tasks/Use/inputParameters/id"


def terminate(output: Any, status: str = "Completed") -> dict[str, Any]:
    return {"type": "Terminate", "terminationStatus": status, "workflowOutput": output}


ORDER_ID = "${$.tasks['Get'].output.body.id}"


@pytest.mark.parametrize(
    ("inner", "path", "expected"),
    [
        (chain(Get=http("order"), End=terminate({"id": ORDER_ID})), ".id", SILENT),
        (chain(Get=http("order"), End=terminate({"id": ORDER_ID})), ".idd", UNDOCUMENTED),
        (chain(Get=http("order")), ".body.id", SILENT),
        (chain(Get=http("order")), ".body.idd", UNDOCUMENTED),
        (chain(Get=http("order"), End=terminate({"a": 1}, "Failed")), ".x", SILENT),
        (chain(Get=http("order"), End=terminate(None)), ".x", SILENT),
        (chain(Get={"type": "Simple"}, End=terminate("${$.tasks['Get'].output}")), ".x", SILENT),
        (chain(Run={"type": "Workflow", "definition": "inner"}), ".x", SILENT),
        (chain(Run={"type": "Workflow", "definition": "leaf"}), ".id", SILENT),
        (chain(Run={"type": "Workflow", "definition": "leaf"}), ".idd", UNDOCUMENTED),
        (chain(End=terminate({"who": "${$.input.name}"})), ".who", SILENT),
    ],
    ids=[
        *("written", "written-misspelt", "last-task", "last-task-misspelt", "failed", "null"),
        *("somebody-else", "circle", "nested", "nested-misspelt", "input"),
    ],
)
@pytest.mark.parametrize("for_each", [False, True])
def test_the_output_of_another_definition_is_known(
    inner: Any, path: str, expected: Any, shared: Runtime, *, for_each: bool
) -> None:
    """What its run puts out, at a Terminate or with its last task, where the definition is at
    hand; for each item, too.
    """
    leaf = definition_of(chain(End=terminate({"id": 7})))
    definitions = {"inner": definition_of(inner), "leaf": leaf}
    task: dict[str, Any] = {"type": "Workflow", "definition": "inner"}
    if for_each:
        task["forEach"] = {"items": [1]}
        path = f"[0]{path}"
    reader = http("silent", inputParameters={"a": f"${{$.tasks.Run.output{path}}}"})
    definition = definition_of(chain(Run=task, Use=reader))
    found = problems(definition, shared, definitions=definitions)
    assert [(one.severity, one.code) for one in found if one.code != "workflow-cycle"] == expected


def test_a_condition_at_the_start_sees_the_input(shared: Runtime) -> None:
    """And one after a failure its error."""
    choice = {"type": "Decision", "defaultTask": "End"}
    choice["choices"] = [{"condition": "$.nmae === 'a'", "nextTask": "End"}]
    assert codes(chain(Which=choice, End=http("silent")), shared) == UNDOCUMENTED
    failing = http("order", onError=[{"errors": ["*"], "nextTask": "Which"}], end=True)
    choice["choices"][0]["condition"] = "$.error.kind === 'timeout'"
    assert codes(chain(Get=failing, Which=choice, End=http("silent")), shared) == SILENT


def test_a_long_name_is_cut(shared: Runtime) -> None:
    """What a definition names may be as long as its author likes; a sentence is not."""
    name = "a\u202e" + "x" * 5000
    reader = http("silent", inputParameters={"a": f"${{$.{BODY}[{json.dumps(name)}]}}"})
    (problem,) = told(chain(Get=http("order"), Use=reader), shared)
    assert problem.code == "name-undocumented"
    assert len(problem.message) < 1000
    assert "\u202e" not in problem.message
