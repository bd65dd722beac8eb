"""A body whose media types have schemas of their own: what is said is said of the one meant."""

from __future__ import annotations

import json
from typing import Any

import pytest

from httptask.importers import read_api
from httptask.model.api import Endpoint, MediaType, RequestBody
from httptask.settings import prepare, settings_schema, still_to_fill
from httptask.settings.check import request_problems

FORM_DATA = "multipart/form-data"
FORM = "application/x-www-form-urlencoded"
RECORDS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "integer"}},
    },
}
UPLOAD = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string"}}}


def endpoint(other: str, json_schema: Any = RECORDS, *, required: bool = True) -> Endpoint:
    body = {
        "required": required,
        "content": {"application/json": {"schema": json_schema}, other: {"schema": UPLOAD}},
    }
    description = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "servers": [{"url": "https://a.example"}],
        "paths": {"/p": {"post": {"requestBody": body}}},
    }
    return read_api("api.json", data=json.dumps(description).encode()).endpoints[0]


@pytest.mark.parametrize("other", [FORM_DATA, FORM, "application/xml", "application/merge+json"])
@pytest.mark.parametrize(
    ("is_json", "body", "pointer", "code"),
    [
        (True, {}, "/body", "type"),
        (True, {"file": 1}, "/body", "type"),
        (True, [{}], "/body/0", "required"),
        (True, [{"id": "x"}], "/body/0/id", "type"),
        (False, [{"id": "x"}], "/body", "type"),
        (False, [], "/body", "type"),
        (False, {}, "/body", "required"),
        (False, {"file": [1]}, "/body/file", "type"),
    ],
)
def test_a_named_media_type_is_the_only_one_spoken_of(
    other: str, is_json: bool, body: Any, pointer: str, code: str
) -> None:
    """No problem names a field of the form that the body is not written in."""
    described = endpoint(other)
    headers = {"Content-Type": "application/json" if is_json else other}
    request = {"url": "https://a.example/p", "method": "POST", "headers": headers, "body": body}
    for expressions in (False, True):
        problems = request_problems(
            request, settings_schema(described), described, expressions=expressions
        )
        assert [(problem.pointer, problem.code) for problem in problems] == [(pointer, code)]


EITHER = {
    "type": "object",
    "properties": {"c": {"oneOf": [{"type": "string"}, {"type": "integer"}]}, "d": {"maximum": 1}},
    "minProperties": 1,
    "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
}


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ({"d": 1}, [("/body", "no-form")]),
        ({}, [("/body", "min-properties")]),
        ({"a": 1, "b": 1}, [("/body", "several-forms")]),
        ({"a": 1, "b": 1, "d": 2}, [("/body/d", "maximum")]),
        ({"d": 2, "c": []}, [("/body/c", "no-form"), ("/body/d", "maximum")]),
    ],
    ids=str,
)
def test_a_problem_within_a_body_says_more_than_that_it_has_no_form(
    body: Any, problems: list[tuple[str, str]]
) -> None:
    """What is wrong with a part of it is said; of the whole that only, if there is nothing else."""
    described = endpoint(FORM_DATA, EITHER)
    headers = {"Content-Type": "application/json"}
    request = {"url": "https://a.example/p", "method": "POST", "headers": headers, "body": body}
    reported = request_problems(request, settings_schema(described), described)
    assert [(problem.pointer, problem.code) for problem in reported] == problems


def missing(described: Endpoint, **request: Any) -> list[tuple[str, str]]:
    return still_to_fill(
        settings_schema(described), {**prepare(described)["httpRequest"], **request}
    )


@pytest.mark.parametrize("other", [FORM_DATA, FORM])
def test_what_is_still_to_fill_in_is_of_the_media_type_that_is_prefilled(other: str) -> None:
    """An array beside a form: nobody is asked for the form's field under JSON's Content-Type."""
    assert missing(endpoint(other)) == [("/body", "array")]
    assert missing(endpoint(other), headers={"Content-Type": other}) == [("/body", "object")]
    optional = endpoint(other, required=False)
    assert missing(optional) == [
        ("/body", "optional: array"),
        ("/headers/Content-Type", "optional, with a body: application/json"),
    ]
    assert missing(optional, headers={"Content-Type": other}) == [
        ("/body", "optional: object; with it file")
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"text/csv": {"type": "string"}}, "string"),
        ({"application/octet-stream": {"type": "string", "format": "binary"}}, "string"),
        ({"application/json": {"type": "array", "items": {}}, "text/csv": {}}, "array"),
        ({"application/json": {"type": "object"}, "text/csv": {"type": "string"}}, None),
        ({"application/json": {}}, None),
    ],
)
def test_an_optional_body_that_is_given_as_a_whole_is_told(
    content: dict[str, Any], told: str | None
) -> None:
    """A text, a file or an array that may be left out, with the media type it is written in."""
    body = RequestBody({name: MediaType(schema) for name, schema in content.items()})
    described = Endpoint("i", "PUT", "/a", "v", request_body=body)
    (media_type, *_) = content
    assert missing(described) == (
        []
        if told is None
        else [
            ("/body", f"optional: {told}"),
            ("/headers/Content-Type", f"optional, with a body: {media_type}"),
        ]
    )


def test_an_optional_body_with_two_objects_asks_for_the_field_of_its_own() -> None:
    """The media type that is told beside it has that field."""
    one = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
    described = endpoint(FORM_DATA, one, required=False)
    assert missing(described) == [
        ("/body", "optional: object; with it a"),
        ("/headers/Content-Type", "optional, with a body: application/json"),
    ]
