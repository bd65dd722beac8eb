"""The schema of a task's output, as far as its type and the documentation tell before a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from httptask._http.media_types import essence, is_json, reading_of
from httptask._http.syntax import WITHOUT_CONTENT
from httptask._schema.value_types import Schema
from httptask._schema.views import json_type
from httptask.building import REFERENCE, is_reference
from httptask.model.api import Endpoint, MediaType, Response

FILE: dict[str, Any] = {"type": "object", "properties": {REFERENCE: {"type": "object"}}}
"""A reference to a file."""
FAILED: dict[str, Any] = {"type": "object", "properties": {"error": {"type": "object"}}}
"""The output of a failed task after which an `onError` route continues."""

_DEEPEST_EXAMPLE = 10
"""The depth to which an example is examined."""
_MOST_EXAMINED = 20
"""The number of items of an array in an example that are examined."""

_WITHOUT_CONTENT = frozenset(map(str, WITHOUT_CONTENT))
_ADDED = (("pagination", "pages"), ("completion", "job"))
"""The settings of an Http task that add a member to its result."""


def output_schema(
    task: Mapping[str, Any],
    endpoint: Endpoint | None,
    body: Schema | None = None,
    *,
    output: Schema = True,
    with_files: bool = False,
) -> Schema:
    """Return a schema of the output of *task* after it completes; True: any value.

    References in the schema point into the definitions of *endpoint*. *body* is the schema of the
    collected pages, if the caller knows it. *with_files* adds a reference to a file where the
    output may be such a reference instead of a list. *output* is the schema for other types of
    tasks.
    """
    task_type = task.get("type")
    schema = output
    if task_type == "Wait":
        schema = _object({"until": {"type": "string", "format": "date-time"}})
    elif task_type == "Decision":
        schema = _object({"nextTask": {"type": "string"}})
    elif task_type == "Http":
        schema = result_schema(task, endpoint, body)
    setting = task.get("forEach")
    if not isinstance(setting, Mapping):
        return schema
    return _for_each(setting, schema, with_files=with_files)


def with_examples(endpoint: Endpoint) -> Endpoint:
    """Return *endpoint* with schemas of its responses that allow their examples, too.

    Descriptions show names and types in an example that their schema lacks.
    """
    responses = {
        status: replace(
            response,
            content={name: _with_examples(content) for name, content in response.content.items()},
        )
        for status, response in endpoint.responses.items()
    }
    return replace(endpoint, responses=responses)


def _with_examples(media_type: MediaType) -> MediaType:
    if not media_type.examples or not media_type.schema:  # without a schema, any value
        return media_type
    schemas = [media_type.schema, *(_example_schema(value) for value in media_type.examples)]
    return replace(media_type, schema={"anyOf": schemas})


def _example_schema(value: Any, depth: int = 0) -> Schema:
    """Return a schema with the names and types in the example *value*; null says nothing."""
    if depth > _DEEPEST_EXAMPLE:
        return True
    if isinstance(value, Mapping):
        properties = {name: _example_schema(inner, depth + 1) for name, inner in value.items()}
        return {"type": "object", "properties": properties, "additionalProperties": False}
    if isinstance(value, list):
        items = [_example_schema(inner, depth + 1) for inner in value[:_MOST_EXAMINED]]
        return {"type": "array", "items": {"anyOf": items} if items else False}
    if value is None:
        return False
    return {"type": json_type(value)}


def result_schema(
    task: Mapping[str, Any],
    endpoint: Endpoint | None,
    body: Schema | None = None,
    *,
    any_status: bool = False,
) -> Schema:
    """Return a schema of the result of an Http *task* that completes; with *any_status*, of the
    result of a response with any status.

    *body* is the schema of the body, if the caller knows it.
    """
    responses = _responses(task, endpoint, any_status=any_status)
    if body is None:
        body = body_schema(task, endpoint, any_status=any_status)
        if task.get("pagination") is not None and not any_status:
            body = {"type": "array"}  # the items of all pages
    headers = {
        name.lower(): {"type": "string"}
        for response in responses.values()
        for name in response.headers
    }
    added = {name: {"type": "object"} for setting, name in _ADDED if task.get(setting) is not None}
    return _object(
        {
            "body": body,
            "statusCode": {"type": "integer"},
            "reasonPhrase": {"type": "string"},
            # Servers send more headers than they document.
            "headers": {"type": "object", "properties": headers, "additionalProperties": True},
            "url": {"type": "string"},
            "attempts": {"type": "integer"},
            "elapsedSeconds": {"type": "number"},
            **added,
        }
    )


def body_schema(
    task: Mapping[str, Any],
    endpoint: Endpoint | None,
    *,
    any_status: bool = False,
) -> Schema:
    """Return a schema of the body of a response to the Http *task*; see `result_schema`."""
    reading = task.get("responseBody")
    if task.get("completion") is not None:
        return True  # the body is the job's result
    if reading in ("file", "text"):
        if reading == "file" and not any_status:
            return FILE
        return {"type": "string"}
    responses = _responses(task, endpoint, any_status=any_status)
    if endpoint is None or not responses:
        return True
    if endpoint.method == "HEAD":
        return {"type": "null"}
    schemas = [
        schema
        for status, response in responses.items()
        for schema in _content(status, response, reads_json=reading == "json")
    ]
    if len(schemas) == 1:
        return schemas[0]
    return {"anyOf": schemas}


def _responses(
    task: Mapping[str, Any],
    endpoint: Endpoint | None,
    *,
    any_status: bool,
) -> dict[str, Response]:
    """Return the documented responses that *task* may end with, by status.

    These are the successful responses; or all responses with *any_status*, or if the task itself
    decides which responses are successes.
    """
    documented = dict(endpoint.responses) if endpoint is not None else {}
    if any_status or task.get("successCondition") is not None or task.get("redirects") == 0:
        return documented
    successes = {
        status: response for status, response in documented.items() if status.startswith("2")
    }
    if successes or "default" not in documented:
        return successes
    return {"default": documented["default"]}


def _content(status: str, response: Response, *, reads_json: bool) -> list[Schema]:
    """Return the schemas of the values that the body of *response* may be read as."""
    if not response.content:
        return [{"type": "null"} if status in _WITHOUT_CONTENT else True]
    schemas: list[Schema] = []
    for name, media_type in response.content.items():
        reading = reading_of(essence(name))
        if is_json(name):
            schemas.append(media_type.schema)
        elif reads_json or "*" in name:
            schemas.append(True)
        else:
            schemas.append({"type": "string"} if reading is not None else FILE)
    return schemas


def _for_each(
    setting: Mapping[str, Any],
    schema: Schema,
    *,
    with_files: bool,
) -> Schema:
    """Return a schema of the output with `forEach`; *schema* describes the output for one item."""
    collect = setting.get("collect")
    items = setting.get("items")
    if collect == "file" or (collect is None and is_reference(items)):
        return FILE
    item = schema
    if setting.get("onError") == "collect":
        item = {"anyOf": [schema, FAILED]}
    outputs = {"type": "array", "items": item}
    is_certain = not with_files or collect == "items" or isinstance(items, list)
    if is_certain:
        return outputs
    return {"anyOf": [outputs, FILE]}


def _object(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": properties}
