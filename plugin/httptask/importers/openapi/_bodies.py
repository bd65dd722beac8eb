"""Read request bodies and responses of every version, and return them as in OpenAPI 3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from httptask._core.pointers import pointer as pointer_of
from httptask._http.media_types import FORM, FORM_DATA, essence
from httptask.importers.openapi._context import Context, flag, is_array, text_of
from httptask.importers.openapi._parameters import item_delimiters
from httptask.importers.openapi._references import OBJECT
from httptask.importers.openapi.schemas import or_empty
from httptask.model.api import MediaType, RequestBody, Response

_FORM_STYLES = {"ssv": "spaceDelimited", "pipes": "pipeDelimited", "tsv": "tabDelimited"}
"""Swagger 2.0's `collectionFormat` of a form field -> style; `csv` and `multi` are `form`."""


class Bodies:
    """Reads the bodies of one description. Equal bodies and responses are read only once."""

    def __init__(self, context: Context, root: Mapping[str, Any]) -> None:
        self._context = context
        self._consumes = _media_types(root.get("consumes"))
        self._produces = _media_types(root.get("produces"))

    def request(self, raw: Any, uri: str) -> RequestBody | None:
        """Read the Request Body Object *raw*, at *uri*; return None, with a note, if it is none."""
        return self._context.repeats.read("request body", raw, uri, self._request)

    def _request(self, raw: Any, uri: str) -> RequestBody | None:
        value, uri = self._context.followed(raw, uri)
        if not isinstance(value, OBJECT):
            if value is not None:
                self._context.notes.add("skipped", "a request body that is no object", uri)
            return None
        content = self._content(value.get("content"), f"{uri}/content")
        if not content:
            self._context.notes.add(
                "guessed", "a request body without content: any value of any media type", uri
            )
            content = {"*/*": MediaType()}
        for name in content:
            if essence(name) == "multipart/*":
                self._context.notes.add(
                    "guessed",
                    f"{name} is a range of media types: a body is sent as {FORM_DATA}, unless its"
                    " Content-Type names another",
                    pointer_of(["content", name], uri),
                )
        return RequestBody(content, flag(value, "required"), text_of(value, "description"))

    def request_of_parameters(
        self,
        parts: Sequence[tuple[Mapping[str, Any], str]],
        operation: Mapping[str, Any],
    ) -> RequestBody | None:
        """Return the body that Swagger 2.0's `body` and `formData` parameters describe, or None.

        *parts* are the parameters, as (raw parameter, URI).
        """
        bodies = [(raw, uri) for raw, uri in parts if raw.get("in") == "body"]
        fields = [(raw, uri) for raw, uri in parts if raw.get("in") == "formData"]
        consumes = _media_types(operation.get("consumes")) or self._consumes
        if bodies and fields:
            self._context.notes.add(
                "guessed",
                "both a body and form fields; the body is taken",
                fields[0][1],
            )
        if bodies:
            raw, uri = bodies[0]
            if len(bodies) > 1:
                self._context.notes.add(
                    "guessed",
                    "several bodies; the first is taken",
                    bodies[1][1],
                )
            schema = (
                self._context.schemas.schema(raw["schema"], f"{uri}/schema")
                if "schema" in raw
                else {}
            )
            media_type = MediaType(schema, examples=self._context.examples(raw, uri, schema))
            names = (
                # A `body` parameter is not for forms (Swagger 2.0, Parameter Object): `consumes`
                # may be for all.
                [name for name in consumes if name not in (FORM, FORM_DATA)]
                or consumes
                or ["application/json"]
            )
            return RequestBody(
                dict.fromkeys(names, media_type),
                flag(raw, "required"),
                text_of(raw, "description"),
            )
        if fields:
            return self._form(fields, consumes)
        return None

    def _form(
        self,
        fields: Sequence[tuple[Mapping[str, Any], str]],
        consumes: Sequence[str],
    ) -> RequestBody:
        """Return the body for *fields*, the `formData` parameters of Swagger 2.0: an object."""
        properties: dict[str, Any] = {}
        required: list[str] = []
        encoding: dict[str, dict[str, Any]] = {}
        has_file = False
        for raw, uri in fields:
            name = raw.get("name")
            if not isinstance(name, str) or not name:
                self._context.notes.add("skipped", "a form field without a name", uri)
                continue
            has_file = has_file or self._context.word(raw, "type", ("file",), uri) == "file"
            keywords = {key: value for key, value in raw.items() if key not in _FIELD_ONLY}
            inline = raw.get("schema") if isinstance(raw.get("schema"), OBJECT) else keywords
            schema = dict(self._context.schemas.schema(inline, uri))
            description = text_of(raw, "description")
            if description:
                schema.setdefault("description", description)
            properties[name] = schema
            if flag(raw, "required"):
                required.append(name)
            collection_format = (
                self._context.word(raw, "collectionFormat", ("csv", "multi", *_FORM_STYLES), uri)
                or "csv"
            )
            style = _FORM_STYLES.get(str(collection_format), "form")
            explode = collection_format == "multi"
            delimiters = item_delimiters(self._context, raw, style, explode, uri)
            if is_array(schema) and (collection_format != "multi" or delimiters):
                encoding[name] = {"style": style, "explode": explode}
                encoding[name] |= {"itemDelimiters": list(delimiters)} if delimiters else {}
            if flag(raw, "allowEmptyValue"):
                properties[name] = or_empty(schema)
        form: dict[str, Any] = {"type": "object", "properties": properties}
        if required:
            form["required"] = list(dict.fromkeys(required))
        names = [name for name in consumes if name in (FORM, FORM_DATA)]
        if has_file:  # Swagger 2.0, "Parameter Object": only multipart/form-data carries a file
            names = [FORM_DATA]
        return RequestBody(
            dict.fromkeys(names or [FORM], MediaType(form, encoding)), bool(required)
        )

    def responses(
        self,
        raw: Any,
        operation: Mapping[str, Any],
        uri: str,
    ) -> dict[str, Response]:
        """Return the responses of *operation*: status (`200`, `4XX`, `default`) -> response.

        *raw* is the operation's Responses Object, at *uri*.
        """
        responses_by_status: dict[str, Response] = {}
        responses, uri = self._context.mapping(raw, uri, "responses", severity="warning")
        # The cache key has `produces`, because it names the media types of a Swagger 2.0 response.
        cache_key = f"response {operation.get('produces', '')}"

        def read(item: Any, uri: str) -> Response | None:
            return self._response(item, operation, uri)

        for name, item in responses.items():
            status = str(name)
            if status.startswith("x-"):
                continue
            response_uri = pointer_of([status], uri)
            response = self._context.repeats.read(cache_key, item, response_uri, read)
            if response is not None:
                responses_by_status[
                    "default" if status.lower() == "default" else status.upper()
                ] = response
        return responses_by_status

    def _response(
        self,
        raw: Any,
        operation: Mapping[str, Any],
        uri: str,
    ) -> Response | None:
        value, uri = self._context.followed(raw, uri, severity="warning")
        response = None
        if isinstance(value, OBJECT):
            response = self._response_of(value, operation, uri)
        if response is None and value is not None:
            self._context.notes.add("skipped", "a response that is no object", uri)
        return response

    def _response_of(
        self,
        value: Mapping[str, Any],
        operation: Mapping[str, Any],
        uri: str,
    ) -> Response:
        """Read the response *value* of OpenAPI 3 (with `content`) or Swagger 2.0 (`schema`)."""
        if "content" in value:
            content = self._content(value["content"], f"{uri}/content")
        elif "schema" in value or "examples" in value:  # Swagger 2.0
            examples = value.get("examples")
            by_name = examples if isinstance(examples, OBJECT) else {}
            names = (
                _media_types(operation.get("produces")) or self._produces or ["application/json"]
            )
            names = [*names, *(name for name in by_name if name not in names)]
            schema = (
                self._context.schemas.schema(value["schema"], f"{uri}/schema")
                if "schema" in value
                else {}
            )
            content = {
                name: MediaType(
                    schema, examples=self._context.examples({"example": by_name.get(name)}, uri)
                )
                for name in names
            }
        else:
            content = {}
        headers = self._context.headers(value.get("headers"), f"{uri}/headers")
        return Response(text_of(value, "description"), headers, content)

    def _content(self, raw: Any, uri: str) -> dict[str, MediaType]:
        media_types = {}
        content, uri = self._context.mapping(raw, uri, "content")
        for name, value in content.items():
            if name.startswith("x-"):
                continue
            media_types[name.strip()] = self._context.media_type(value, pointer_of([name], uri))
        return media_types


_FIELD_ONLY = frozenset(
    ("name", "in", "required", "description", "collectionFormat", "schema", "allowEmptyValue")
)


def _media_types(value: Any) -> list[str]:
    if not isinstance(value, list):
        return []
    return [name for name in value if isinstance(name, str) and name]
