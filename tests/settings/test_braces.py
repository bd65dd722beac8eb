"""Variables in the notation of Postman and n8n."""

from __future__ import annotations

from typing import Any

import pytest

from httptask.settings import task_warnings

KNOWN = {"known": "${$.input.known}"}


def told(request: dict[str, Any], parameters: Any = None) -> list[tuple[str, str]]:
    """Return pointer and sentence of the warnings about a task with *request*."""
    task = {"httpRequest": request, "inputParameters": KNOWN if parameters is None else parameters}
    return [(problem.pointer, problem.message) for problem in task_warnings(task, "")]


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("{{known}}", "${$.known}"),
        ("a {{known}} b", "${$.known}"),
        ("{{new}}", '${$.new}, with "new": "${$.input.new}" in \'inputParameters\''),
        ("={{ $json.id }}", '${$.id}, with "id": "${$.input.id}" in \'inputParameters\''),
        ("{{$guid}}", "${swf:uuid}"),
        ("{{ $now }}", "${swf:now}"),
        ("{{known}}/${$.known}", "${$.known}"),
    ],
)
@pytest.mark.parametrize("group", ["query", "headers", "pathParameters", "cookies"])
def test_a_variable_of_another_program_is_told_its_expression(
    group: str, text: str, instead: str
) -> None:
    """With the input parameter that it needs, if there is none."""
    ((pointer, sentence),) = told({group: {"a": text}})
    assert pointer == f"/httpRequest/{group}/a"
    assert sentence.endswith(f" is sent as it stands: an expression is {instead}")


def test_a_variable_in_the_url_and_in_an_input_parameter_is_told() -> None:
    """An input parameter takes it from the run's input."""
    ((pointer, _),) = told({"url": "https://a.example/{{id}}"})
    assert pointer == "/httpRequest/url"
    ((pointer, sentence),) = told({}, {"a": "{{id}}"})
    assert pointer == "/inputParameters/a"
    assert sentence.endswith("an expression is ${$.input.id}")


@pytest.mark.parametrize(
    ("body", "is_told"),
    [
        ({"a": "{{new}}"}, True),
        ({"a": ["Hello {{known}}"]}, True),
        ("{{new}}", True),
        ({"html": "<p>Dear {{first_name}}</p>"}, False),
        ({"html": "{{#if known}}yes{{/if}} {{> part}} {{known | upper}} {{{known}"}, False),
    ],
)
def test_a_template_in_a_body_is_for_the_api(body: Any, *, is_told: bool) -> None:
    """Unless it has the name of an input parameter, or nothing but the variable."""
    assert bool(told({"body": body})) is is_told


@pytest.mark.parametrize(
    "text",
    [
        "${jsonata: $filter([1], function($x){{'a': 1}})}",
        "${jsonata: {'a': {'b': known}}}",
        "jsonata: {'a': {'b': known}}",
        "{{}}",
        "{{ }}",
        "{{($)}}",
        "{{(}}",
        "{known}",
        '{"a": {"b": 1}}',
    ],
)
def test_braces_of_expressions_and_of_json_are_no_variables(text: str) -> None:
    """Nothing is warned of."""
    assert told({"query": {"a": text}, "body": text}) == []


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://a.example/things/:id", [":id"]),
        ("https://a.example/:org/things/:id?a=1", [":org", ":id"]),
        ("https://a.example:8080/things/7:cancel", []),
        ("https://a.example/at/10:30/:", []),
        ("https://a.example/things/{id}:cancel", []),
    ],
)
def test_a_path_parameter_of_postman_is_told_its_form(url: str, found: list[str]) -> None:
    """A colon elsewhere is one."""
    sentences = [
        f"{name!r} is sent as it stands: a path parameter is written {{{name[1:]}}}, with its"
        " value in 'pathParameters'"
        for name in found
    ]
    assert told({"url": url}) == [("/httpRequest/url", sentence) for sentence in sentences]
