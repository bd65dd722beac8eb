"""What the designer's server says of expressions: the tree of what they see, and their value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from designer import (
    RunningDesigner,
    held_against_description,
    last,
    running_designer,
    thing_endpoint,
)
from servers import JSON, raw_server, respond, response, sequence
from tasks import http

PARAMETERS = {
    "id": "${$.tasks['Get'].output.body.id}",
    "note": "${$.input.note}",
    "gone": "${$.tasks['Get'].output.body.nothing}",
    "far": "${jsonata: $count(tasks.Phone.output.body)}",
}
THING = {"id": 7, "name": "Ärmel", "tags": ["a", "b"], "api_key": "s3cret-value"}
ANSWER = {"statusCode": 200, "body": THING}
INPUTS = {"input": {"note": "hello", "pin": "s3same"}, "tasks": {"Get": {"output": ANSWER}}}


def definition(**tell: Any) -> dict[str, Any]:
    """Return a definition whose task `Tell` follows `Get` and, on one of two ways, `Phone`."""
    get = {"type": "Http", "endpoint": "acme-things-id-get-0", "nextTask": "Choose"}
    choose = {
        "type": "Decision",
        "choices": [{"condition": "$.statusCode == 200", "nextTask": "Phone"}],
        "defaultTask": "Tell",
    }
    phone = http("https://a.example/phones", nextTask="Tell")
    del phone["end"]
    task = http("https://a.example", inputParameters=PARAMETERS) | tell
    return {
        "startTask": "Get",
        "variables": {"region": "eu", "password": "v4r-secret"},
        "inputSchema": {
            "properties": {
                "note": {"type": "string"},
                "pin": {"type": "string", "format": "password"},
                "pins": {"items": {"properties": {"of": {"type": "string", "format": "password"}}}},
                "due": {"type": "string", "format": "date"},
            }
        },
        "tasks": {"Get": get, "Choose": choose, "Phone": phone, "Tell": task},
    }


@pytest.fixture
def designer(tmp_path: Path, folder: Path) -> Iterator[RunningDesigner]:
    """A designer that knows one endpoint, and a definition with an environment."""
    (folder / "flow.json").write_text(json.dumps(definition()), "utf-8")
    (folder / "environments").mkdir()
    here = {"variables": {"region": "us"}}
    (folder / "environments/here.json").write_text(json.dumps(here), "utf-8")
    endpoint = thing_endpoint("https://a.example")
    with running_designer(tmp_path, workflows=folder, endpoints=[endpoint]) as running:
        yield running


def ask(designer: RunningDesigner, path: str, **more: Any) -> Any:
    body = {"definition": definition(), "task": "Tell", "inputs": INPUTS} | more
    response = designer.client.post(path, json=body)
    held_against_description(response)
    assert response.status_code == 200, response.text
    return response.json()


def groups(designer: RunningDesigner, **more: Any) -> dict[str, Any]:
    """Return the groups by their path."""
    listed = ask(designer, "scope", **more)["groups"]
    return {"/".join(group["path"]): group for group in listed}


def below(node: dict[str, Any], *names: str | int) -> dict[str, Any]:
    for name in names:
        node = next(inner for inner in node["nodes"] if inner["name"] == name)
    return node


def value(designer: RunningDesigner, text: str, **more: Any) -> Any:
    """Return what the field of a query parameter with *text* yields."""
    task = {"httpRequest": {"url": "https://a.example", "query": {"q": text}}}
    pointer = "/httpRequest/query/q"
    return ask(designer, "evaluate", definition=definition(**task), pointer=pointer, **more)


def test_the_tree_has_what_the_task_sees_and_nothing_else(designer: RunningDesigner) -> None:
    """Input parameters and the item are the request's; the answers are those of tasks on the way
    here, the nearest first, and one that may not have run says so.
    """
    for_each: dict[str, Any] = {
        "forEach": {"items": "${$.tasks['Get'].output.body.tags}", "as": "tag"}
    }
    for_each["httpRequest"] = {"url": "https://a.example", "query": {"tag": "${$.tag}"}}
    named = groups(designer, definition=definition(**for_each))
    assert [*named] == [
        *("id", "note", "gone", "far", "tag", "index"),
        *("input", "tasks/Phone/output", "tasks/Get/output", "variables"),
    ]
    assert [path for path, group in named.items() if group.get("own")] == [*named][:6]
    assert named["tag"]["value"] == '"a"'
    assert "certain" not in named["tasks/Get/output"]
    assert named["tasks/Phone/output"]["certain"] is False
    assert [*groups(designer, task="Get")] == ["input", "variables"]
    of_items = ask(
        designer, "evaluate", pointer="/forEach/items", definition=definition(**for_each)
    )
    assert of_items["value"] == '["a", "b"]'
    untested = {"inputs": {}, "definition": definition(**for_each)}
    assert ask(designer, "evaluate", pointer="/httpRequest/query/tag", **untested) == {
        "lacking": {"task": "Get"}
    }


def test_the_tree_joins_what_is_documented_with_the_last_answer(designer: RunningDesigner) -> None:
    """Samples bring their values and what nobody documented; without one, the documented response
    of a success is shown.
    """
    answer = groups(designer)["tasks/Get/output"]
    assert answer["sampled"] is True
    assert below(answer, "body", "id") == {
        "name": "id",
        "type": "integer",
        "types": ["integer"],
        "value": "7",
    }
    assert below(answer, "body", "name")["value"] == '"Ärmel"'
    assert below(answer, "body", "tags", 1)["value"] == '"b"'
    assert below(answer, "body", "size")["type"] == "one of 2"
    assert "value" not in below(answer, "body", "size")
    documented = groups(designer, inputs={})["tasks/Get/output"]
    assert documented["sampled"] is False
    assert below(documented, "body", "tags", 0)["types"] == ["string"]
    assert below(documented, "statusCode")["types"] == ["integer"]
    assert below(groups(designer)["input"], "due")["type"] == "date"


def test_a_task_for_each_item_puts_out_a_list(designer: RunningDesigner) -> None:
    """Its documented answer is that of one item, in a list; pages make a list of the body."""
    changed = definition()
    changed["tasks"]["Get"]["forEach"] = {"items": [1]}
    changed["tasks"]["Phone"]["pagination"] = {"mode": "link"}
    named = groups(designer, definition=changed, inputs={})
    assert below(named["tasks/Get/output"], 0, "body", "id")["types"] == ["integer"]
    assert below(named["tasks/Phone/output"], "body")["types"] == ["array"]


def test_an_environment_has_its_variables(designer: RunningDesigner) -> None:
    """They go above those of the definition."""
    assert below(groups(designer)["variables"], "region")["value"] == '"eu"'
    chosen = {"environment": "here", "workflow": "flow"}
    assert below(groups(designer, **chosen)["variables"], "region")["value"] == '"us"'
    assert [*ask(designer, "scope", task="Get")["later"]] == ["Choose", "Phone", "Tell"]


def test_the_value_of_a_field_is_evaluated_with_the_samples(designer: RunningDesigner) -> None:
    """Through input parameters, in both languages, and in text; with its JSON type."""
    assert value(designer, "${$.id}") == {"value": "7", "type": "integer"}
    assert value(designer, "a ${$.id}, ${$.note}") == {"value": '"a 7, hello"', "type": "string"}
    assert value(designer, "${jsonata: id + 1}") == {"value": "8", "type": "integer"}
    parameter = ask(designer, "evaluate", pointer="/inputParameters/id")
    assert parameter == {"value": "7", "type": "integer"}
    long = value(designer, "${jsonata: $join([1..400].$string())}")["value"]
    assert (len(long), long[-1]) == (401, "…")


def test_a_value_without_a_sample_says_what_to_test(designer: RunningDesigner) -> None:
    """Where an expression reads the answer of a task that was not tested, or an input that nobody
    gave, that is said instead of an error.
    """
    assert value(designer, "${$.far}") == {"lacking": {"task": "Phone"}}
    untested = ask(designer, "evaluate", pointer="/inputParameters/far")
    assert untested == {"lacking": {"task": "Phone"}}
    assert value(designer, "${$.id}", inputs={}) == {"lacking": {"task": "Get"}}
    assert value(designer, "${$.note}", inputs={}) == {"lacking": {"input": True}}


def test_what_cannot_be_evaluated_says_why(designer: RunningDesigner) -> None:
    """A wrong name has the nearest ones; of a parameter without a value, its own reason is said;
    what runs away is stopped by the bounds of every expression.
    """
    assert "no name 'nope'" in value(designer, "${$.nope}")["problem"]
    assert "input parameter 'gone'" in value(designer, "${$.gone}")["problem"]
    assert value(designer, "${$.id")["problem"]
    endless = "${jsonata: ($f := function($n) { $f($n + 1) }; $f(0))}"
    assert "was stopped" in value(designer, endless)["problem"]


@pytest.mark.parametrize("pointer", ["", "/httpRequest", "/type", "/httpRequest/query/none", "x"])
def test_only_a_text_of_the_task_is_evaluated(designer: RunningDesigner, pointer: str) -> None:
    """Another place is refused; so is a task that is not there."""
    body = {"definition": definition(), "task": "Tell", "pointer": pointer}
    response = designer.client.post("evaluate", json=body)
    assert response.status_code == 400
    response = designer.client.post("scope", json={"definition": {}, "task": "Tell"})
    assert response.status_code == 400
    assert "'Tell'" in response.json()["detail"]


def test_no_secret_is_in_a_tree_or_a_value(designer: RunningDesigner) -> None:
    """What has the name of a secret, or is a password of the input, is masked wherever it stands;
    so is one too short to be looked for in other texts.
    """
    given = {"pin": "s3same", "token": "abc", "pins": [{"of": "p1n-of-one"}]}
    inputs = {"input": given, "tasks": INPUTS["tasks"]}
    texts = json.dumps(groups(designer, inputs=inputs))
    secrets = ("s3cret-value", "v4r-secret", "s3same", '"abc', "p1n-of-one")
    assert not [secret for secret in secrets if secret in texts]
    reading = {
        "key": "${$.tasks['Get'].output.body.api_key}",
        "pin": "pin ${$.input.pin}",
        "one": "${$.input.pins[0].of}",
        "short": "${$.input.token}",
        "own": "${$.variables.password}",
    }
    for name in reading:
        changed = definition(inputParameters=reading)
        body = {"definition": changed, "pointer": f"/inputParameters/{name}", "inputs": inputs}
        assert "•••" in ask(designer, "evaluate", **body)["value"], name


def test_secrets_are_masked_however_many_there_are(designer: RunningDesigner) -> None:
    """Each alone, and in other texts."""
    body = [{"token": f"t0ken-{number}"} for number in range(300)]
    tasks = {"Get": {"output": {"body": body}}}
    last = "${$.tasks['Get'].output.body[299].token}"
    for text in (last, f"Bearer: {last}"):
        asked = {"definition": definition(inputParameters={"p": text}), "inputs": {"tasks": tasks}}
        shown = ask(designer, "evaluate", pointer="/inputParameters/p", **asked)["value"]
        assert "•••" in shown, text
        assert "t0ken" not in shown, text


def test_samples_too_large_to_be_searched_are_not_shown(designer: RunningDesigner) -> None:
    """Where no one can tell what is a secret in them, all of it may be."""
    inputs = {"input": {"note": "hello", "list": [0] * 250_000}}
    assert value(designer, "${$.note}", inputs=inputs)["value"] == '"•••"'


def test_samples_of_any_shape_are_taken(designer: RunningDesigner) -> None:
    """A tree is bounded in breadth and depth, whatever the samples and the definition hold."""
    deep: Any = 1
    for _ in range(150):
        deep = {"a": deep}
    wide = {str(number): number for number in range(5000)}
    tasks = {"Get": {"output": {"body": deep}}, "Phone": {"output": wide}, "Tell": 3}
    answer = ask(designer, "scope", inputs={"input": [[1], 2, 3, 4, 5], "tasks": tasks})
    assert len(json.dumps(answer)) < 200_000
    assert below(groups(designer, inputs={"input": [[1], 2]})["input"], 0, 0)["value"] == "1"
    odd: dict[str, Any] = {"inputParameters": [1], "forEach": 3, "httpRequest": None}
    assert groups(designer, definition=definition(**odd) | {"variables": 3, "inputSchema": True})


def test_the_open_task_is_told_what_its_expressions_see(designer: RunningDesigner) -> None:
    """As it stands on the page, within its definition, with pointers into the task; alone nothing
    is told.
    """
    parameters = {
        "nam": "${$.tasks['Get'].output.body.nam}",
        "phone": "${$.tasks['Phone'].output.body}",
        "note": "${$.input.note}",
    }
    request = {"url": "https://a.example/things/{id}", "pathParameters": {"id": "7"}}
    task = http("", request=request | {"query": {"limit": "${$.note}"}}, inputParameters=parameters)
    task["endpoint"] = "acme-things-id-get-0"
    within = definition()
    within["tasks"]["Tell"] = task
    alone = designer.client.post("validate", json={"task": task, "name": "Tell"}).json()
    answer = designer.client.post("validate", json={"task": task, "name": "Tell", "within": within})
    told = answer.json()["problems"][len(alone["problems"]) :]
    assert [(one["pointer"], one["code"], one["severity"]) for one in told] == [
        ("/inputParameters/nam", "name-undocumented", "warning"),
        ("/inputParameters/phone", "task-may-not-run", "warning"),
        ("/httpRequest/query/limit", "expression-type", "error"),
    ]
    assert told[0]["suggestion"] == "name"


def test_a_decision_sees_what_the_task_before_put_out(designer: RunningDesigner) -> None:
    """In a condition that is no expression, `$` is what the task put out that ran last; with two
    ways there are two trees. A part of a condition has a value, too.
    """
    listed = ask(designer, "scope", task="Choose")["groups"]
    assert [(group.get("task"), group["path"]) for group in listed[:2]] == [
        ("Get", []),
        (None, ["input"]),
    ]
    assert below(listed[0], "body", "id")["value"] == "7"
    pointer = "/choices/0/condition"
    of_get = {"task": "Choose", "pointer": pointer}
    for text, shown in {
        "$.statusCode === 200": {"value": "true", "type": "boolean"},
        "$.body.id": {"value": "7", "type": "integer"},
        "$.body.tags": {"value": '["a", "b"]', "type": "array"},
        "$.body.nothing": {"value": "undefined", "type": "not there"},
        "${$.tasks['Get'].output.body.id}": {"value": "7", "type": "integer"},
    }.items():
        assert ask(designer, "evaluate", text=text, **of_get) == shown
    assert ask(designer, "evaluate", **of_get) == {"value": "true", "type": "boolean"}
    assert "undefined" in ask(designer, "evaluate", text="$.body.nothing.more", **of_get)["problem"]
    untested = {**of_get, "inputs": {}}
    assert ask(designer, "evaluate", **untested) == {"lacking": {"task": "Get"}}
    assert "s3cret" not in str(ask(designer, "evaluate", text="$.body", **of_get))


def test_a_decision_at_the_start_sees_the_input(designer: RunningDesigner) -> None:
    """Nothing ran before it, so `$` is the input; after a task in a loop it is what that put out,
    too.
    """
    first = definition() | {"startTask": "Choose"}
    first["tasks"]["Phone"]["nextTask"] = "Choose"
    body = {"definition": first, "task": "Choose"}
    paths = [
        (group["kind"], group.get("task"))
        for group in ask(designer, "scope", **body)["groups"]
        if not group["path"]
    ]
    assert sorted(paths, key=str) == [("input", None), ("task", "Get"), ("task", "Phone")]
    where = {"pointer": "/choices/0/condition", **body, "inputs": {"input": {"note": "hello"}}}
    assert ask(designer, "evaluate", text="$.note === 'hello'", **where)["value"] == "true"


def test_conditions_that_are_rows_are_told_as_rows(designer: RunningDesigner) -> None:
    """Rows are what is compared and joined by `&&`; what they cannot say is no row."""
    conditions = {
        "$.value >= 20 && $.type !== 'Private'": [
            {"left": "$.value", "operator": ">=", "right": "20"},
            {"left": "$.type", "operator": "!==", "right": "'Private'", "text": "Private"},
        ],
        "$.a && !$.b": [{"left": "$.a", "operator": ""}, {"left": "$.b", "operator": "!"}],
        "($['a b'] == \"it's\")": [
            {"left": "$['a b']", "operator": "==", "right": "'it\\'s'", "text": "it's"}
        ],
        "$.a < $.b[0]": [{"left": "$.a", "operator": "<", "right": "$.b[0]"}],
        "$.a === undefined": [{"left": "$.a", "operator": "===", "right": "undefined"}],
    }
    beyond = [
        "$.a || $.b",
        "1 < $.a",
        "$.a < 1 < 2",
        "$.a && ($.b || $.c)",
        "${$.a}",
        "$.a ===",
        "",
    ]
    response = designer.client.post("conditions", json={"conditions": [*conditions, *beyond]})
    held_against_description(response)
    rows = [item.get("rows") for item in response.json()["items"]]
    assert rows == [*conditions.values(), *([None] * len(beyond))]


OVER_ANSWER = [
    "/successCondition",
    "/retry/until",
    "/pagination/until",
    "/completion/when",
    "/completion/poll/url",
    "/completion/poll/until",
    "/completion/poll/result",
    "/completion/cancel/url",
    "/completion/callback/until",
    "/completion/callback/result",
]


@pytest.mark.parametrize("pointer", OVER_ANSWER)
def test_an_expression_over_the_answer_sees_the_answer(
    designer: RunningDesigner, pointer: str
) -> None:
    """Where `$` is the task's own answer, the tree is that of the documented one, and nothing else
    can be reached.
    """
    (group,) = ask(designer, "scope", task="Get", pointer=pointer)["groups"]
    assert (group["path"], group["task"]) == ([], "Get")
    names = {node["name"] for node in group["nodes"]}
    assert names >= ({"headers"} if "callback" in pointer else {"statusCode", "body"})


def test_an_expression_over_the_answer_has_its_value(designer: RunningDesigner) -> None:
    """With the last test's answer as sample; what a test answers with many answers is no sample of
    one.
    """
    told = {"task": "Get", "pointer": "/successCondition"}
    assert ask(designer, "evaluate", text="${$.body.id}", **told)["value"] == "7"
    assert ask(designer, "evaluate", text="${jsonata: statusCode = 200}", **told) == {
        "value": "true",
        "type": "boolean",
    }
    assert ask(designer, "evaluate", text="${$.body}", **told | {"inputs": {}}) == {
        "lacking": {"task": "Get"}
    }
    assert "problem" in ask(designer, "evaluate", text="${jsonata: $nothing()}", **told)
    assert "s3cret" not in str(ask(designer, "evaluate", text="${$.body}", **told))
    pages = definition()
    pages["tasks"]["Get"]["pagination"] = {"mode": "link"}
    assert ask(designer, "evaluate", text="${$.body}", definition=pages, **told) == {}


def test_a_job_is_started_by_the_first_answer_and_polled_by_the_last(
    designer: RunningDesigner,
) -> None:
    """A test request tells the response that started the job, which `when` and the URLs read; what
    ends the job reads the last poll.
    """
    started = response(
        b'{"id": 7, "token": "s3cret-job"}', JSON, ("X-Queue", "q1"), status="202 Accepted"
    )
    polled = response(b'{"status": "Running", "id": 8}', JSON)
    with raw_server(sequence(respond(started), respond(polled), respond(polled))) as server:
        poll = {"url": "/jobs/${$.body.id}", "intervalSeconds": 0.01}
        task = http(f"{server.url}/jobs", completion={"mode": "poll", "poll": poll})
        name, ending = last(designer, {"task": task, "name": "Get"})
    assert name == "response"
    first = ending["job"]["firstAnswer"]
    assert (first["statusCode"], first["body"]["id"]) == (202, 7)
    assert first["headers"]["x-queue"] == "q1"
    flow = definition()
    flow["tasks"]["Get"] |= {"completion": task["completion"]}
    answer = {"statusCode": 200, "headers": {}, "body": json.loads(ending["text"])}
    told = {"task": "Get", "definition": flow, "inputs": {"answer": answer, "firstAnswer": first}}
    for pointer, number in (
        ("/completion/when", "7"),
        ("/completion/poll/url", "7"),
        ("/completion/cancel/url", "7"),
        ("/completion/poll/until", "8"),
        ("/completion/poll/result", "8"),
    ):
        found = ask(designer, "evaluate", text="${$.body.id}", pointer=pointer, **told)
        assert found["value"] == number, pointer
        (group,) = ask(designer, "scope", pointer=pointer, **told)["groups"]
        assert below(group, "body", "id")["value"] == number, pointer
    shown = ask(designer, "evaluate", text="${$.body}", pointer="/completion/when", **told)
    assert "s3cret-job" not in str(shown)


QUERIES = [
    "/pagination/items",
    "/pagination/next",
    "/pagination/total",
    "/pagination/more",
    "/completion/poll/status",
]


@pytest.mark.parametrize("pointer", QUERIES)
def test_a_query_sees_the_body_of_the_answer_and_its_headers(
    designer: RunningDesigner, pointer: str
) -> None:
    """`$` is the body, as documented and as it was in the last test; a query may begin with the
    headers instead. Its value is what it selects.
    """
    told = {"task": "Get", "pointer": pointer}
    body, headers = ask(designer, "scope", **told)["groups"]
    assert (body["path"], headers["path"]) == ([], ["headers"])
    assert below(body, "id")["value"] == "7"
    assert ask(designer, "evaluate", text="$.tags", **told)["type"] == "array"
    answer = ANSWER | {"headers": {"x-next": "https://a.example/2"}}
    tested = {"inputs": {"tasks": {"Get": {"output": answer}}}}
    assert ask(designer, "evaluate", text="$.headers['x-next']", **told, **tested) == {
        "value": '"https://a.example/2"',
        "type": "string",
    }
    assert "problem" in ask(designer, "evaluate", text="$.gone", **told)


def test_what_tells_an_item_from_others_sees_an_item(designer: RunningDesigner) -> None:
    """The first one of a page: where `items` finds it, or in the only list of the body."""
    told = {"task": "Get", "pointer": "/pagination/identity", "text": "$.id"}
    pages = definition()
    for body, items in (
        ([{"id": 1}, {"id": 2}], None),
        ({"found": [{"id": 1}], "count": 1}, None),
        ({"some": [], "other": [{"id": 1}]}, "$.other"),
        ({"some": [], "other": [{"id": 1}]}, "$.other[*]"),
    ):
        pages["tasks"]["Get"]["pagination"] = {"items": items} if items else None
        tested = {"inputs": {"answer": {"body": body}}, "definition": pages}
        assert ask(designer, "evaluate", **told, **tested)["value"] == "1"


def test_the_tree_for_one_expression_has_what_that_can_be_given(designer: RunningDesigner) -> None:
    """Parameters and the item are the request's; what `forEach` does its work for sees no item."""
    for_each: dict[str, Any] = {"forEach": {"items": "${$.tasks['Get'].output.body.tags}"}}
    body = {"definition": definition(**for_each)}
    seen = {
        pointer: [*groups(designer, pointer=pointer, **body)]
        for pointer in ("/httpRequest/url", "/inputParameters/id", "/forEach/items")
    }
    rest = ["input", "tasks/Phone/output", "tasks/Get/output", "variables"]
    assert seen["/httpRequest/url"] == ["id", "note", "gone", "far", "item", "index", *rest]
    assert seen["/inputParameters/id"] == ["item", "index", *rest]
    assert seen["/forEach/items"] == rest
