"""What is known of the names in expressions before a definition runs."""

from __future__ import annotations

from typing import Any

import pytest

from httptask.workflow import definition_of, problems
from tasks import runtime


def checked(*tasks: dict[str, Any], **fields: Any) -> list[tuple[str, str]]:
    """Return severity and sentence of the problems of a definition with *tasks*, one after the
    other, and *fields*.
    """
    names = [f"T{number}" for number in range(len(tasks))]
    following = [{"nextTask": name} for name in names[1:]] + [{"end": True}]
    flow = {
        name: {"type": "Http", "httpRequest": {"url": "https://a.example"}, **task, **after}
        for name, task, after in zip(names, tasks, following, strict=True)
    }
    definition = definition_of({"startTask": "T0", "tasks": flow, **fields})
    with runtime() as shared:
        return [(problem.severity, str(problem)) for problem in problems(definition, shared)]


@pytest.mark.parametrize(
    ("for_each", "path", "severity"),
    [
        ({"items": [1]}, "[0].body", None),
        ({"items": [1], "onError": "collect"}, "[0].error", None),
        ({"items": [1]}, ".body", "error"),
        ({"items": "${$.input}", "collect": "items"}, ".body", "error"),
        ({"items": "${$.input}"}, "[0].body", None),
        ({"items": "${$.input}"}, ".body", "warning"),
        ({"items": "${$.input}"}, "['$file'].path", None),
        ({"items": "${$.input}", "collect": "file"}, "['$file'].path", None),
        ({"items": "${$.input}", "collect": "file"}, "[0].body", "error"),
        (None, ".body", None),
    ],
)
def test_the_output_for_items_is_a_list(
    for_each: dict[str, Any] | None, path: str, severity: str | None
) -> None:
    """Of outputs or errors, or a file of them: a name that none has is a problem, with its way."""
    reader = {"inputParameters": {"a": f"${{$.tasks.T0.output{path}}}"}}
    told = checked({"forEach": for_each} if for_each is not None else {}, reader)
    assert [one for one, _ in told] == ([] if severity is None else [severity])
    if severity is not None and path == ".body" and for_each != {"items": [1]}:
        assert "`$.tasks.T0.output` is a list" in told[0][1]
        assert "`$.tasks.T0.output[*].body` of each" in told[0][1]


@pytest.mark.parametrize(
    ("variables", "told"),
    [({"region": "eu"}, []), ({"regoin": "eu"}, ["warning"]), (None, ["warning"])],
)
def test_a_variable_that_is_nowhere_is_a_warning(variables: Any, told: list[str]) -> None:
    """A run may still be given it; the nearest name is suggested."""
    reader = {"inputParameters": {"a": "${$.variables.region}"}}
    sentences = checked(reader, **({} if variables is None else {"variables": variables}))
    assert [severity for severity, _ in sentences] == told
    if variables == {"regoin": "eu"}:
        assert (
            "`$.variables` has no name 'region'; known: regoin; did you mean regoin?"
            in sentences[0][1]
        )


POLL = {"mode": "poll", "attach": "${$.input.job}"}


@pytest.mark.parametrize(
    ("expression", "parameter", "instead"),
    [
        ("${$.input.order.id}", '"id": "${$.input.order.id}"', "${$.id}"),
        ("${$.tasks['A b'].output.body[0].id}", '"id": "${$.tasks[\'A b\']', "${$.id}"),
        ("${$.variables['the region']}", '"the region": "${$.var', "${$['the region']}"),
        ("${$.input.known}", '"input": "${$.input}"', "${$.input.known}"),
        ("${$.input}", '"input": "${$.input}"', "${$.input}"),
        ("${$.input.lines[*].id}", '"input": "${$.input}"', "${$.input.lines[*].id}"),
        ("${jsonata: $.input.a & 'x'}", '"input": "${$.input}"', "${jsonata: $.input.a & 'x'}"),
    ],
)
def test_a_request_that_reads_the_run_is_given_an_input_parameter(
    expression: str, parameter: str, instead: str
) -> None:
    """The sentence has the parameter to add, and the expression to write in its place."""
    request = {"url": "https://a.example", "query": {"q": expression}}
    ((severity, sentence),) = checked({"httpRequest": request, "inputParameters": {"known": 1}})
    assert severity == ("warning" if "jsonata" in expression else "error")
    assert sentence.startswith(f"/tasks/T0/httpRequest/query/q: expression {expression}: `$` has")
    assert f"add {parameter}" in sentence
    assert sentence.endswith(f"to 'inputParameters', and write {instead} here")


@pytest.mark.parametrize(
    ("task", "pointer"),
    [
        ({"idempotencyKey": "${$.input.id}"}, "/idempotencyKey"),
        ({"pagination": {"mode": "link", "resume": "${$.input.at}"}}, "/pagination/resume"),
        ({"completion": POLL}, "/completion/attach"),
    ],
)
def test_each_setting_over_the_input_parameters_says_so(task: Any, pointer: str) -> None:
    """Not only the request reads nothing else."""
    ((_, sentence),) = checked(task)
    assert sentence.startswith(f"/tasks/T0{pointer}: ")
    assert 'add "' in sentence


def test_an_input_parameter_may_have_a_name_of_the_run() -> None:
    """It is read like any other; the advice of the sentence is one."""
    request = {"url": "https://a.example", "query": {"q": "${$.input.lines[*].id}"}}
    assert checked({"httpRequest": request, "inputParameters": {"input": "${$.input}"}}) == []


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("$order.id", "nothing binds the variable $order, so it has no value; a name in the data"),
        ("$map(lines, $uppercas)", "nothing binds the variable $uppercas"),
        ("($order := $.order; $order.id)", None),
        ("$map(lines, function($line, $at) { $line.id & $at })", None),
        ("lines@$line#$at.{'id': $line.id, 'at': $at}", None),
        ("$filter(lines, λ($line) { $line.a > 1 })", None),
        ("$map(lines, $string)", None),
        ("$ = $$", None),
    ],
)
def test_a_variable_of_jsonata_that_nothing_binds_is_a_warning(
    source: str, told: str | None
) -> None:
    """It has no value, and mostly the name in the data was meant."""
    parameters = {"order": {"id": 1}, "lines": [{"id": 1}]}
    request = {"url": "https://a.example", "query": {"q": f"${{jsonata: {source}}}"}}
    problems = checked({"httpRequest": request, "inputParameters": parameters})
    assert [severity for severity, _ in problems] == ([] if told is None else ["warning"])
    assert told is None or told in problems[0][1]


def test_of_many_known_names_the_nearest_are_listed() -> None:
    """With their number: a task has two dozen settings."""
    ((_, sentence),) = checked({"timeout": 5})
    listed = sentence.partition("known names: ")[2].split(", ")
    assert len(listed) == 11
    assert '"totalTimeoutSeconds"' in listed[:5]
    assert listed[-1] == "... (24 in all)"


def test_a_suggestion_that_reads_like_the_sentence_stands_in_quotes() -> None:
    """A task may be called like a question; a plain name stays as it is."""
    tasks = {"Was it made??": {"end": True}, "Made": {"end": True}}
    for route, quoted in (("Was it made?", "'Was it made??'"), ("Mad", "Made")):
        start = {"type": "Http", "httpRequest": {"url": "https://a.example"}, "nextTask": route}
        definition = {"startTask": "A", "tasks": {"A": start, **dict.fromkeys(tasks, start)}}
        with runtime() as shared:
            sentences = {str(problem) for problem in problems(definition_of(definition), shared)}
        assert any(sentence.endswith(f"; did you mean {quoted}?") for sentence in sentences)


def test_no_field_that_is_there_is_suggested() -> None:
    """A definition of another engine beside ours: its fields are none of ours."""
    sentences = [sentence for _, sentence in checked({}, States={}, StartAt="A")]
    assert sentences == [
        "/States: unknown name 'States' is ignored",
        "/StartAt: unknown name 'StartAt' is ignored",
    ]
