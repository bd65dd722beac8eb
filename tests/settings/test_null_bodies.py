"""JSON's null as the whole body: a null of the settings is an absent field, a text is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from httptask.building import build
from httptask.errors import Problem
from httptask.importers import read_api
from httptask.model.api import Endpoint
from httptask.settings import settings_schema
from httptask.settings.check import request_problems


def endpoint(schema: Any, media_type: str = "application/json") -> Endpoint:
    body = {"required": True, "content": {media_type: {"schema": schema}}}
    description = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "servers": [{"url": "https://a.example"}],
        "paths": {"/p": {"post": {"requestBody": body}}},
        "components": {"schemas": {"Maybe": {"type": ["integer", "null"]}}},
    }
    return read_api("api.json", data=json.dumps(description).encode()).endpoints[0]


def problems(described: Endpoint, body: Any) -> list[Problem]:
    request = {"url": "https://a.example/p", "method": "POST", "body": body}
    return request_problems(request, settings_schema(described), described)


NULLABLE = [
    {"type": ["object", "null"]},
    {"anyOf": [{"type": "object"}, {"type": "null"}]},
    {"$ref": "#/components/schemas/Maybe"},
    {"enum": [None, 1]},
    {"const": None},
]


@pytest.mark.parametrize("schema", NULLABLE, ids=str)
def test_null_as_the_whole_body_is_written_as_text(schema: Any) -> None:
    """Where a body may be null, `null` is missing and the problem says what to write; that text is
    taken, and sent.
    """
    described = endpoint(schema)
    (problem,) = problems(described, None)
    assert (problem.code, problem.pointer) == ("required", "")
    assert '{"$text": "null"}' in problem.message
    settings = {"url": "https://a.example/p", "method": "POST", "body": {"$text": "null"}}
    assert problems(described, settings["body"]) == []
    sent = build(settings, described)
    assert (sent.body, sent.header("Content-Type")) == (b"null", "application/json")


@pytest.mark.parametrize(
    "described",
    [endpoint({"type": "object"}), endpoint({"type": ["string", "null"]}, "text/plain")],
    ids=["no-null", "no-json"],
)
def test_a_missing_body_that_cannot_be_null_is_only_required(described: Endpoint) -> None:
    """Nothing is said of null where it is no value of the body, or has no form."""
    (problem,) = problems(described, None)
    assert problem.code == "required"
    assert "null" not in problem.message.partition("expected")[0]
    assert "$text" not in problem.message
