"""Request bodies and responses, in OpenAPI 3's form whatever the version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from httptask._core.pointers import pointer as pointer_of
from httptask._http.media_types import FORM, FORM_DATA, essence
from httptask.importers.openapi._context import Context, flag, is_array, text_of
from httptask.importers.openapi._parameters import item_delimiters
from httptask.importers.openapi.schemas import or_empty
from httptask.model.api import MediaType, RequestBody, Response

_FORM_STYLES = {"ssv": "spaceDelimited", "pipes": "pipeDelimited", "tsv": "tabDelimited"}


class Bodies:
    """Reads the bodies of one description; a response that is named and referred to often, once."""

    def __init__(self, context: Context, root: Mapping[str, Any]) -> None:
        self._context = context
        self._consumes = _media_types(root.get("consumes"))
        self._produces = _media_types(root.get("produces"))

    def request(self, raw: Any, place: str) -> RequestBody | None:
        """Return the Request Body Object *raw*, at *place*."""
        return self._context.repeats.read("request body", raw, place, self._request)

    def _request(self, raw: Any, place: str) -> RequestBody | None:
        value, at = self._context.followed(raw, place)
        if not isinstance(value, Mapping):
            if value is not None:
                self._context.notes.add("skipped", "a request body that is no object", at)
            return None
        content = self._content(value.get("content"), f"{at}/content")
        if not content:
            self._context.notes.add(
                "guessed", "a request body without content: any value of any media type", at
            )
            content = {"*/*": MediaType()}
        for name in content:
            if essence(name) == "multipart/*":
                self._context.notes.add(
                    "guessed",
                    f"{name} is a range of media types: a body is sent as {FORM_DATA}, unless its"
                    " Content-Type names another",
                    pointer_of(["content", name], at),
                )
        return RequestBody(content, flag(value, "required"), text_of(value, "description"))

    def request_of_parameters(
        self, parts: Sequence[tuple[Mapping[str, Any], str]], operation: Mapping[str, Any]
    ) -> RequestBody | None:
        """Return the body that the `body` and `formData` parameters *parts* of Swagger 2.0
        describe.
        """
        bodies = [(raw, place) for raw, place in parts if raw.get("in") == "body"]
        fields = [(raw, place) for raw, place in parts if raw.get("in") == "formData"]
        consumes = _media_types(operation.get("consumes")) or self._consumes
        if bodies and fields:
            self._context.notes.add(
                "guessed", "both a body and form fields; the body is taken", fields[0][1]
            )
        if bodies:
            raw, place = bodies[0]
            if len(bodies) > 1:
                self._context.notes.add(
                    "guessed", "several bodies; the first is taken", bodies[1][1]
                )
            schema = (
                self._context.schemas.schema(raw["schema"], f"{place}/schema")
                if "schema" in raw
                else {}
            )
            media_type = MediaType(schema, examples=self._context.examples(raw, place, schema))
            names = (
                [name for name in consumes if name not in (FORM, FORM_DATA)]
                or consumes
                or ["application/json"]
            )
            return RequestBody(
                dict.fromkeys(names, media_type), flag(raw, "required"), text_of(raw, "description")
            )
        return self._form(fields, consumes) if fields else None

    def _form(
        self, fields: Sequence[tuple[Mapping[str, Any], str]], consumes: Sequence[str]
    ) -> RequestBody:
        properties: dict[str, Any] = {}
        required: list[str] = []
        encoding: dict[str, dict[str, Any]] = {}
        has_file = False
        for raw, place in fields:
            name = raw.get("name")
            if not isinstance(name, str) or not name:
                self._context.notes.add("skipped", "a form field without a name", place)
                continue
            has_file = has_file or self._context.word(raw, "type", ("file",), place) == "file"
            keywords = {key: value for key, value in raw.items() if key not in _FIELD_ONLY}
            inline = raw.get("schema") if isinstance(raw.get("schema"), Mapping) else keywords
            schema = dict(self._context.schemas.schema(inline, place))
            if text := text_of(raw, "description"):
                schema.setdefault("description", text)
            properties[name] = schema
            if flag(raw, "required"):
                required.append(name)
            written = (
                self._context.word(raw, "collectionFormat", ("csv", "multi", *_FORM_STYLES), place)
                or "csv"
            )
            style, explode = _FORM_STYLES.get(str(written), "form"), written == "multi"
            inner = item_delimiters(self._context, raw, style, explode, place)
            if is_array(schema) and (written != "multi" or inner):
                encoding[name] = {"style": style, "explode": explode}
                encoding[name] |= {"itemDelimiters": list(inner)} if inner else {}
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

    def responses(self, raw: Any, operation: Mapping[str, Any], place: str) -> dict[str, Response]:
        """Return the Responses Object *raw* of *operation*, at *place*, by status: `200`, `4XX`,
        `default`.
        """
        found: dict[str, Response] = {}
        responses, place = self._context.mapping(raw, place, "responses", severity="warning")
        what = f"response {operation.get('produces', '')}"

        def read(item: Any, place: str) -> Response | None:
            return self._response(item, operation, place)

        for name, item in responses.items():
            status = str(name)
            if status.startswith("x-"):
                continue
            at = pointer_of([status], place)
            response = self._context.repeats.read(what, item, at, read)
            if response is not None:
                found["default" if status.lower() == "default" else status.upper()] = response
        return found

    def _response(self, raw: Any, operation: Mapping[str, Any], place: str) -> Response | None:
        value, at = self._context.followed(raw, place, severity="warning")
        response = self._response_of(value, operation, at) if isinstance(value, Mapping) else None
        if response is None and value is not None:
            self._context.notes.add("skipped", "a response that is no object", at)
        return response

    def _response_of(
        self, value: Mapping[str, Any], operation: Mapping[str, Any], place: str
    ) -> Response:
        if "content" in value:
            content = self._content(value["content"], f"{place}/content")
        elif "schema" in value or "examples" in value:  # Swagger 2.0
            examples = value.get("examples")
            by_name = examples if isinstance(examples, Mapping) else {}
            names = (
                _media_types(operation.get("produces")) or self._produces or ["application/json"]
            )
            names = [*names, *(name for name in by_name if name not in names)]
            schema = (
                self._context.schemas.schema(value["schema"], f"{place}/schema")
                if "schema" in value
                else {}
            )
            content = {
                name: MediaType(
                    schema, examples=self._context.examples({"example": by_name.get(name)}, place)
                )
                for name in names
            }
        else:
            content = {}
        headers = self._context.headers(value.get("headers"), f"{place}/headers")
        return Response(text_of(value, "description"), headers, content)

    def _content(self, raw: Any, place: str) -> dict[str, MediaType]:
        found = {}
        content, place = self._context.mapping(raw, place, "content")
        for name, value in content.items():
            if name.startswith("x-"):
                continue
            found[name.strip()] = self._context.media_type(value, pointer_of([name], place))
        return found


_FIELD_ONLY = frozenset(
    ("name", "in", "required", "description", "collectionFormat", "schema", "allowEmptyValue")
)


def _media_types(value: Any) -> list[str]:
    return (
        [each for each in value if isinstance(each, str) and each]
        if isinstance(value, list)
        else []
    )
