"""A task is renamed wherever it is named: in routes, and in expressions as their language reads
them.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from httptask.errors import DefinitionError
from httptask.expressions._jsonata import Jsonata
from httptask.expressions._jsonpath import JsonPath
from httptask.model.workflow import WorkflowDefinition
from httptask.workflow import rename_task
from tasks import runtime

SHARED = runtime()
EVALUATOR = SHARED.evaluator
LANGUAGES: dict[str, Any] = {"jsonpath": JsonPath(), "jsonata": Jsonata()}
NAMES = [
    "Call",
    "Call home",
    "O'Brien",
    'say "hi"',
    "a`b",
    "größer",
    "名前",
    "and",
    "a.b",
    "a}b",
    "x\\y",
    "\u2028",
    "9",
    "$",
]
"""What a task may be called, with everything in it that some language has to quote."""

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)


def data(name: str) -> dict[str, Any]:
    """What expressions see when the task has this name."""
    return {
        "input": {
            "Phone": "input's",
            "tasks": {"Phone": "input's tasks'"},
            "rows": [{"Phone": 1}, {"Phone": 2}],
        },
        "tasks": {name: {"output": {"id": 7, "Phone": "inner"}}, "Mail": {"output": {"id": 8}}},
        "variables": {"Phone": "variable's"},
    }


FOLLOWED = [
    ("jsonpath", "$.tasks['Phone'].output.id"),
    ("jsonpath", '$.tasks["Phone"].output.id'),
    ("jsonpath", "$.tasks.Phone.output.id"),
    ("jsonpath", "$['tasks']['Phone']['output']['Phone']"),
    ("jsonpath", "$.tasks[ 'Phone' , 'Mail' ].output.id"),
    ("jsonpath", "$.tasks\n  .Phone .output"),
    ("jsonpath", "$.input.rows[?@.Phone == $.tasks.Phone.output.id || @.Phone == 1].Phone"),
    ("jsonpath", "$.input.rows[?length($.tasks['Phone'].output.Phone) > 1]"),
    ("jsonpath", "$.input.Phone"),
    ("jsonpath", "$.input.tasks.Phone"),
    ("jsonpath", "$.variables['Phone']"),
    ("jsonpath", "$.tasks.*.output.Phone"),
    ("jsonpath", "$.input.rows[?@.Phone != 'tasks.Phone']"),
    ("jsonata", "tasks.Phone.output.id"),
    ("jsonata", "tasks.`Phone`.output.id"),
    ("jsonata", "$.tasks.Phone.output.id"),
    ("jsonata", "$$.tasks.Phone.output.id"),
    ("jsonata", 'tasks."Phone".output.id'),
    ("jsonata", "tasks.'Phone'.output.id"),
    ("jsonata", 'tasks["Phone"]'),
    ("jsonata", '$lookup(tasks, "Phone").output.id'),
    ("jsonata", "$lookup($lookup($$, 'tasks'), 'Phone').output.id"),
    ("jsonata", 'tasks ~> $lookup("Phone")'),
    ("jsonata", 'tasks.$lookup($, "Phone").output.id'),
    ("jsonata", "($t := tasks; $t.Phone.output.id)"),
    ("jsonata", "($o := $.tasks.Phone.output; $o.Phone & tasks.Phone.output.id)"),
    ("jsonata", "tasks.(Phone.output.id)"),
    ("jsonata", "tasks.{'Phone': Phone.output.id}"),
    ("jsonata", "tasks.Phone.output.id = 7 ? tasks.Phone : input.Phone"),
    ("jsonata", "tasks.Phone.output.none ?: tasks.Phone.output.id"),
    ("jsonata", "$exists(tasks.Phone) and $not($exists(tasks.Nobody))"),
    ("jsonata", "input.rows[Phone = 1 or $$.tasks.Phone.output.id = 1].Phone"),
    ("jsonata", "input.rows.(Phone + $$.tasks.Phone.output.id)"),
    ("jsonata", "$sum(input.rows.Phone) + tasks.Phone.output.id"),
    ("jsonata", "$map(input.rows, function($r) { $r.Phone + tasks.Phone.output.id })"),
    ("jsonata", "($f := function($r) { $r.Phone }; $map(input.rows, $f))"),
    ("jsonata", "input.rows^(>Phone).Phone"),
    ("jsonata", "input.tasks.Phone & variables.Phone"),
    ("jsonata", '"tasks.Phone" & input.Phone'),
    ("jsonata", "/* tasks.Phone */ tasks.Phone.output.id"),
    ("jsonata", "$contains(input.Phone, /tasks.Phone/)"),
    ("jsonata", "-tasks.Phone.output.id"),
    ("jsonata", "[1..tasks.Phone.output.id]"),
    ("jsonata", "tasks.Phone.output.id = 7 ? []"),
    ("jsonata", "tasks.Phone.output{Phone: id}"),
    ("jsonata", "tasks@$t.tasks.Phone.output.id"),
    ("jsonata", "tasks@$t.$t.Phone.output.id"),
    ("jsonata", "tasks#$i.Phone.output.id"),
    ("jsonata", "tasks.Phone#$i.output.{'i': $i, 'id': id}"),
    ("jsonata", "tasks.Phone.output ~> |$|{'Phone': id}|"),
    ("jsonata", "input ~> |rows|{'n': 1}, 'Phone'|"),
    ("jsonata", "tasks.Phone.output ~> $string"),
    ("jsonata", "tasks[0].Phone.output.id"),
]
"""Expressions that name the task `Phone`, and others in which only something else has that name."""


@pytest.mark.parametrize("after", NAMES)
@pytest.mark.parametrize(("language", "source"), FOLLOWED)
def test_expressions_mean_the_same_afterwards(language: str, source: str, after: str) -> None:
    """An expression yields what it did, over the same data with the task called otherwise; whatever
    has to be quoted.
    """
    evaluate = LANGUAGES[language].evaluate
    renamed = LANGUAGES[language].task_renamed(source, "Phone", after)
    assert not renamed.is_doubtful
    assert _unnamed(evaluate(renamed.source, data(after)), after) == _unnamed(
        evaluate(source, data("Phone")), "Phone"
    )
    back = LANGUAGES[language].task_renamed(renamed.source, after, "Phone")
    assert not back.is_doubtful
    assert _unnamed(evaluate(back.source, data("Phone")), "Phone") == _unnamed(
        evaluate(source, data("Phone")), "Phone"
    )


@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_string_keeps_its_quotes_where_it_can(quote: str) -> None:
    """What an author wrote stays his own; only an apostrophe cannot stand between single quotes."""
    source = f"$lookup(tasks, {quote}Phone{quote})"
    renamed = LANGUAGES["jsonata"].task_renamed(source, "Phone", "Call")
    assert renamed.source == f"$lookup(tasks, {quote}Call{quote})"
    assert (
        LANGUAGES["jsonata"].task_renamed(source, "Phone", "O'Brien").source
        == '$lookup(tasks, "O\'Brien")'
    )


def _unnamed(value: Any, name: str) -> Any:
    """Return *value* without the task's own name, where it holds all tasks."""
    if isinstance(value, dict) and "Mail" in value:
        return [value[name], value["Mail"]]
    return value


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("jsonpath", "$..Phone"),
        ("jsonpath", "$..['Phone'].output"),
        ("jsonpath", "$.tasks..Phone"),
        ("jsonpath", "$.*.Phone"),
        ("jsonpath", "$[?@.Phone]"),
        ("jsonpath", "$.tasks['Phone"),
        ("jsonata", "**.Phone"),
        ("jsonata", "*.Phone"),
        ("jsonata", '$keys(tasks)[$ = "Phone"]'),
        ("jsonata", '$each(tasks, function($t, $name) { $name = "Phone" ? $t.output.id })'),
        ("jsonata", "$map([tasks], function($t) { $t.Phone.output.id })"),
        ("jsonata", "($f := function($t) { $t.Phone }; $f(tasks))"),
        ("jsonata", '$lookup(tasks, "Ph" & "one")'),
        ("jsonata", "$lookup(tasks, input.which)"),
        ("jsonata", "$merge([tasks, {}]).Phone"),
        ("jsonata", "($f := function() { tasks }; $f().Phone)"),
        ("jsonata", "tasks.Phone.("),
        ("jsonata", "($f := $lookup(?, 'Phone'); tasks ~> $f)"),
        ("jsonata", "$lookup(?, 'Phone')(tasks)"),
        ("jsonata", "($f := $lookup(tasks, ?); $f('Phone'))"),
        ("jsonata", "($f := function($t) { $t.Phone.output.id }; tasks ~> $f)"),
        ("jsonata", "$ ~> |tasks.Phone|{'x': 1}|"),
        ("jsonata", "$$ ~> |tasks|{'x': Phone.output.id}|"),
    ],
)
def test_what_cannot_be_told_is_said(language: str, source: str) -> None:
    """Where the language's text does not say which name it is, the expression stays as it is and is
    doubtful.
    """
    renamed = LANGUAGES[language].task_renamed(source, "Phone", "Call home")
    assert renamed.is_doubtful
    assert renamed.source == source


@pytest.mark.parametrize(
    "source",
    [
        "$keys(tasks)",
        "$count(tasks.*)",
        "$map(input.rows, function($r) { $r.Phone })",
        "**.Mail",
        'input.which = "Phone"',
    ],
)
def test_nothing_is_doubtful_without_need(source: str) -> None:
    """Nobody is asked to look at an expression that cannot name the task."""
    renamed = LANGUAGES["jsonata"].task_renamed(source, "Phone", "Call")
    assert (renamed.source, renamed.is_doubtful) == (source, False)


@settings(max_examples=200)
@given(TEXT, TEXT, st.sampled_from(["jsonpath", "jsonata"]))
def test_any_name(before: str, after: str, language: str) -> None:
    """Whatever a task is called, an expression that quotes it follows to whatever it is called
    next, and back.
    """
    assume(before != after)
    quoted = json.dumps(before, ensure_ascii=False)
    source = (
        f"$.tasks[{quoted}].output.id" if language == "jsonpath" else f"$lookup(tasks, {quoted})"
    )
    renamed = LANGUAGES[language].task_renamed(source, before, after)
    assert not renamed.is_doubtful
    document = {"tasks": {after: {"output": {"id": 7}}}}
    assert LANGUAGES[language].evaluate(renamed.source, document) in (7, {"output": {"id": 7}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${$.tasks.Phone.output.id}", "${$.tasks['Call home'].output.id}"),
        ("${ jsonata: tasks.Phone.output.id }", "${ jsonata: tasks.`Call home`.output.id }"),
        ("jsonata: tasks.Phone", "jsonata: tasks.`Call home`"),
        (
            (
                "$${$.tasks.Phone} a ${$.tasks.Phone.x} b ${$.input.Phone} tasks.Phone ${jsonata:"
                " tasks.Phone}"
            ),
            (
                "$${$.tasks.Phone} a ${$.tasks['Call home'].x} b ${$.input.Phone} tasks.Phone"
                " ${jsonata: tasks.`Call home`}"
            ),
        ),
        ("${swf:workflowId} $.tasks.Phone", "${swf:workflowId} $.tasks.Phone"),
        ("${jsonata: jsonata & tasks.Phone}", "${jsonata: jsonata & tasks.`Call home`}"),
    ],
)
def test_expressions_in_text(text: str, expected: str) -> None:
    """Only what stands inside expressions changes: the text around them, and escaped ones, stay."""
    assert EVALUATOR.task_renamed(text, "Phone", "Call home").source == expected


DEFINITION: dict[str, Any] = {
    "startTask": "Phone",
    "variables": {"v": "${$.tasks.Phone}"},
    "tasks": {
        "Phone": {
            "type": "Http",
            "description": "calls ${$.tasks.Phone}",
            "inputParameters": {"tasks": {"Phone": 1}, "n": "${$.tasks.Phone.output.n}"},
            "httpRequest": {"url": "https://a.example/${$.tasks.Phone}"},
            "nextTask": "Which?",
        },
        "Which?": {
            "type": "Decision",
            "choices": [
                {
                    "condition": "${jsonata: tasks.Phone.output.statusCode = 200}",
                    "nextTask": "Both",
                },
                {"condition": "${$..Phone}", "nextTask": "Phone"},
            ],
            "defaultTask": "Phone",
        },
        "Both": {
            "type": "Parallel",
            "nextTask": "Done",
            "branches": [
                {
                    "startTask": "Inner",
                    "tasks": {
                        "Inner": {
                            "type": "Http",
                            "inputParameters": {"all": "${$.tasks}"},
                            "httpRequest": {
                                "url": "https://a.example/",
                                "body": "${$.all.Phone.output}",
                            },
                            "end": True,
                        }
                    },
                }
            ],
        },
        "Done": {
            "type": "Terminate",
            "terminationStatus": "Completed",
            "workflowOutput": {"Phone": "tasks.Phone", "id": ["${$.tasks['Phone'].output.id}"]},
        },
    },
}


def test_a_definition_follows() -> None:
    """Names, routes and expressions follow, branches included; what a request calls `tasks` itself
    does not, and what cannot be told is said with its place."""
    before = copy.deepcopy(DEFINITION)
    renamed = rename_task(WorkflowDefinition(DEFINITION), "Phone", "Call home", EVALUATOR)
    assert before == DEFINITION
    document: Any = renamed.definition.document
    assert list(document["tasks"]) == ["Call home", "Which?", "Both", "Done"]
    assert document["startTask"] == "Call home"
    assert document["variables"] == DEFINITION["variables"]
    task = document["tasks"]["Call home"]
    assert task["inputParameters"] == {
        "tasks": {"Phone": 1},
        "n": "${$.tasks['Call home'].output.n}",
    }
    assert (task["description"], task["httpRequest"]) == (
        DEFINITION["tasks"]["Phone"]["description"],
        DEFINITION["tasks"]["Phone"]["httpRequest"],
    )
    which = document["tasks"]["Which?"]
    assert (
        which["choices"][0]["condition"] == "${jsonata: tasks.`Call home`.output.statusCode = 200}"
    )
    assert [which["choices"][1]["nextTask"], which["defaultTask"]] == ["Call home", "Call home"]
    output = document["tasks"]["Done"]["workflowOutput"]
    assert output == {"Phone": "tasks.Phone", "id": ["${$.tasks['Call home'].output.id}"]}
    assert [problem.pointer for problem in renamed.problems] == [
        "/tasks/Which?/choices/1/condition",
        "/tasks/Both/branches/0/tasks/Inner/httpRequest/body",
    ]
    assert {problem.severity for problem in renamed.problems} == {"warning"}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("Nobody", "x", "no task"),
        ("Phone", "Inner", "already"),
        ("Phone", "  ", "empty"),
        ("Phone", "x" * 81, "80"),
    ],
)
def test_names_that_will_not_do(before: str, after: str, words: str) -> None:
    """A name that is missing, taken, empty or too long is refused, and nothing changes."""
    with pytest.raises(DefinitionError, match=words):
        rename_task(WorkflowDefinition(DEFINITION), before, after, EVALUATOR)
