"""Read the body of a request in a Postman collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus

from httptask._core.strict_json import JsonError, dump, parse
from httptask._http.media_types import FORM, FORM_DATA
from httptask.errors import reason
from httptask.interchange._captured import Captured, File, Part
from httptask.interchange._documents import objects, texts
from httptask.interchange._file_names import below_folder
from httptask.interchange._postman_variables import Variables

_LANGUAGES = {
    "json": "application/json",
    "xml": "application/xml",
    "html": "text/html",
    "javascript": "application/javascript",
    "text": "text/plain",
}
"""Language of a raw body -> the media type that Postman sends without a `Content-Type` header."""


def set_body(captured: Captured, body: Any, variables: Variables) -> None:
    """Set the body of *captured* to *body*, with *variables* filled in."""
    if not isinstance(body, Mapping) or body.get("disabled"):
        return
    mode = texts(body.get("mode"))
    set_content = _MODES.get(mode)
    if set_content is not None:
        set_content(captured, body, variables)
    elif mode:
        captured.lose(
            "member-not-carried",
            at="/request/body",
            severity="error",
            name=mode,
            reason=reason("body-mode"),
        )


def _raw(captured: Captured, body: Mapping[str, Any], variables: Variables) -> None:
    text = variables.filled(texts(body.get("raw")))
    if not text:
        return
    captured.content = text
    options = body.get("options")
    raw = None
    if isinstance(options, Mapping):
        raw = options.get("raw")
    language = ""
    if isinstance(raw, Mapping):
        language = texts(raw.get("language"))
    _default_type(captured, _LANGUAGES.get(language, "text/plain"))


def _url_encoded(
    captured: Captured,
    body: Mapping[str, Any],
    variables: Variables,
) -> None:
    pairs = []
    for _, field in objects(body.get("urlencoded")):
        if field.get("disabled"):
            continue
        name = variables.filled(texts(field.get("key")))
        value = variables.filled(texts(field.get("value")))
        pairs.append(f"{quote_plus(name)}={quote_plus(value)}")
    if pairs:
        captured.content = "&".join(pairs)
        _default_type(captured, FORM)


def _form_data(
    captured: Captured,
    body: Mapping[str, Any],
    variables: Variables,
) -> None:
    """Set the body to a multipart form. Files become references below the folder of files."""
    parts: list[Part] = []
    for index, field in objects(body.get("formdata")):
        if field.get("disabled"):
            continue
        name = variables.filled(texts(field.get("key")))
        media_type = variables.filled(texts(field.get("contentType")))
        if field.get("type") != "file":
            value = variables.filled(texts(field.get("value")))
            parts.append(Part(name, value, content_type=media_type))
            continue
        source = field.get("src")
        sources = source if isinstance(source, list) else [source]
        paths = [path for path in map(texts, sources) if path]
        if not paths:
            captured.lose(
                "file-not-chosen",
                severity="error",
                name=name,
                at=f"/request/body/formdata/{index}",
            )
        for path in paths:
            reference, note = below_folder(path)
            captured.lose("file-below-folder", file=note, at=f"/request/body/formdata/{index}")
            parts.append(Part(name, file=reference, content_type=media_type))
    if parts:
        captured.content = tuple(parts)
        captured.take_headers("Content-Type")  # a task makes a new boundary
        _default_type(captured, FORM_DATA)


def _file(captured: Captured, body: Mapping[str, Any], variables: Variables) -> None:
    file = body.get("file")
    source, content = file, None
    if isinstance(file, Mapping):
        source, content = file.get("src"), file.get("content")
    if isinstance(content, str):
        captured.content = variables.filled(content)
    elif source:
        reference, note = below_folder(texts(source))
        captured.lose("file-below-folder", file=note, at="/request/body/file")
        captured.content = File(reference)
    else:
        captured.lose(
            "file-not-chosen",
            severity="error",
            name="body",
            at="/request/body/file",
        )


def _graphql(captured: Captured, body: Mapping[str, Any], variables: Variables) -> None:
    """Set the body to the JSON object of a GraphQL request."""
    graphql = body.get("graphql")
    if not isinstance(graphql, Mapping):
        return
    query = texts(graphql.get("query"))
    value: dict[str, Any] = {"query": variables.filled(query)}
    if graphql.get("operationName"):
        value["operationName"] = variables.filled(texts(graphql["operationName"]))
    graphql_variables = graphql.get("variables")
    if isinstance(graphql_variables, str) and graphql_variables.strip():
        text = variables.blanks.quoted_in_json(variables.filled(graphql_variables))
        try:
            value["variables"] = parse(text)
        except JsonError:
            captured.lose(
                "member-not-carried",
                at="/request/body/graphql/variables",
                severity="error",
                name="variables",
                reason=reason("graphql-variables"),
            )
    elif isinstance(graphql_variables, Mapping):
        value["variables"] = parse(variables.filled(dump(graphql_variables)))
    captured.content = dump(value)
    _default_type(captured, "application/json")


_MODES: Mapping[str, Callable[[Captured, Mapping[str, Any], Variables], None]] = {
    "raw": _raw,
    "urlencoded": _url_encoded,
    "formdata": _form_data,
    "file": _file,
    "graphql": _graphql,
}


def _default_type(captured: Captured, media_type: str) -> None:
    if captured.header("Content-Type") is None:
        captured.headers.append(("Content-Type", media_type))
