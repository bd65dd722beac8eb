"""The input of a run and its `inputSchema`: validation, defaults, samples, types.

JSON Schema 2020-12. The schema may be from a stranger, so the work on it is limited.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import parts
from httptask._core.pointers import pointer as pointer_of
from httptask._core.strict_json import JsonError, deeper_than, parse
from httptask._schema.patterns import Budget, PatternError, search
from httptask._schema.references import resolved
from httptask._schema.subschemas import parts_of
from httptask.errors import InputError, Problem
from httptask.expressions import Expected
from httptask.model.policy import Limits
from httptask.settings import input_problems, schema_document_problems

if TYPE_CHECKING:
    from httptask.model.workflow import WorkflowDefinition

_MOST_PARTS = 64
"""The number of schemas that may apply to one value: itself, through `$ref`, and in `allOf`."""

_MOST_VISITS = 20_000
"""The number of schemas a reader visits. A recursive schema with two references grows without end.
"""

_VISITS_OF_OBJECT = 100
"""The number of further schemas for the defaults of one object, since a long list has many objects.
"""

_DEEPEST = 20
"""The depth of a sample or a shape, and of defaults inside defaults."""

_SECONDS_OF_PATTERNS = 1.0
"""The time for `patternProperties`, whose patterns may be from a stranger."""

_NOTHING = object()


def checked_input(definition: WorkflowDefinition, value: Any) -> Any:
    """Return *value*, the input of a run of *definition*, with the defaults of its `inputSchema`.

    None means no input; it becomes the schema's `default`, else an empty object if the schema
    describes an object. Raises `InputError` with every problem, each with a JSON Pointer into the
    input.
    """
    schema = definition.input_schema
    if schema is None:
        return value
    filled = with_defaults(schema, value)
    errors = [problem for problem in input_problems(schema, filled) if problem.severity == "error"]
    if errors:
        raise InputError(errors)
    return filled


def with_defaults(schema: Any, value: Any) -> Any:
    """Return *value* with the `default` of each property that is missing in its objects.

    None becomes the default of the whole schema, else an empty object if the schema describes an
    object. Missing properties of a default get their defaults, too. A missing object is not created
    for the defaults of its properties. The defaults in `oneOf` and `anyOf` are ignored, because the
    intended alternative is unknown. The defaults in `if`, `then`, `else` and `dependentSchemas` are
    ignored, too: a default could change the values that these keywords depend on.
    """
    reader = _Reader(schema)
    if value is None:
        default = reader.annotation(schema, "default")
        if default is not None:
            value = default[0]
        elif reader.describes_object(schema):
            value = {}
    return _filled(reader, schema, copy.deepcopy(value), 0)


def _filled(
    reader: _Reader,
    schema: Any,
    value: Any,
    defaults: int,
) -> Any:
    """Return *value*, changed in place, with defaults.

    *defaults* is the number of defaults around *value*: 0 for a value in the input itself.
    """
    if isinstance(value, list):
        item_schemas = (reader.item(schema, index) for index in range(len(value)))
        return [
            item if item_schema is None else _filled(reader, item_schema, item, defaults)
            for item_schema, item in zip(item_schemas, value, strict=True)
        ]
    if not isinstance(value, dict):
        return value
    if not defaults:
        reader.allow(_VISITS_OF_OBJECT)
    properties = reader.properties(schema)
    for name, inner in properties.items():
        if name in value:
            member = reader.with_patterns(schema, name, inner)
            value[name] = _filled(reader, member, value[name], defaults)
        # A default may hold objects whose defaults hold objects again: a recursive schema ends
        # here.
        elif defaults < _DEEPEST and (default := reader.annotation(inner, "default")) is not None:
            if defaults and not reader.goes_on():
                break
            value[name] = _filled(
                reader,
                inner,
                copy.deepcopy(default[0]),
                defaults + 1,
            )
    for name in value.keys() - properties.keys():
        value[name] = _filled(
            reader,
            reader.other(schema, name),
            value[name],
            defaults,
        )
    return value


def sample_input(schema: Any) -> Any:
    """Return a sample input from `examples`, `example`, `default` and `const`; None: no sample."""
    reader = _Reader(schema)
    sample = _sampled(reader, schema, 0)
    if sample is _NOTHING:
        return None
    return with_defaults(schema, sample)


def _sampled(
    reader: _Reader,
    schema: Any,
    depth: int,
    *,
    required: bool = True,
) -> Any:
    """Return a sample of *schema*, or `_NOTHING`.

    An object is built from its properties only if it is *required*: with optional objects, a
    recursive schema would never end.
    """
    for keyword, pick in _SAMPLES:
        annotation = reader.annotation(schema, keyword)
        if annotation is not None and (value := pick(annotation[0])) is not _NOTHING:
            return copy.deepcopy(value)
    if depth > _DEEPEST or not required or not reader.goes_on():
        return _NOTHING
    names = reader.required(schema)
    members = {
        name: _sampled(reader, inner, depth + 1, required=name in names)
        for name, inner in reader.properties(schema).items()
    }
    members = {name: value for name, value in members.items() if value is not _NOTHING}
    return members or _NOTHING


def _first(values: Any) -> Any:
    if isinstance(values, list) and values:
        return values[0]
    return _NOTHING


_SAMPLES: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("examples", _first),
    ("example", lambda value: value),
    ("default", lambda value: value),
    ("const", lambda value: value),
)
"""Keywords that hold a sample, the best keyword first, with a function that picks the sample."""


def typed_input(schema: Any, pointer: str, text: str) -> Any:
    """Return the value of *text*, which a person typed for the input's value at *pointer*.

    The text is parsed as JSON. It stays text if it is not JSON, or *schema* allows only strings.
    """
    reader = _Reader(schema)
    inner = reader.below(schema, pointer)
    types = reader.annotation(inner, "type")
    values = reader.annotation(inner, "enum")
    if (types or ("",))[0] == "string" or (
        values and all(isinstance(value, str) for value in values[0])
    ):
        return text
    try:
        return parse(text.encode())
    except JsonError:
        return text


def is_secret_input(schema: Any, pointer: str) -> bool:
    """Say whether the input's value at *pointer* has the format `password`, to hide its typing."""
    reader = _Reader(schema)
    return reader.annotation(reader.below(schema, pointer), "format") == ("password",)


def input_shape(schema: Any) -> Any:
    """Return the shape of `$.input`, for `Evaluator.check`; None: any value."""
    if schema is None:
        return None
    return _shaped(_Reader(schema), schema, 0)


def _shaped(reader: _Reader, schema: Any, depth: int) -> Any:
    """Return the shape of a value of *schema*, which is nested *depth* schemas deep."""
    if depth > _DEEPEST or not reader.goes_on():
        return None
    properties = reader.properties(schema)
    if not properties or reader.takes_other_names(schema):
        items = reader.items(schema)
        is_list = items is not None and not properties
        if is_list:
            return [_shaped(reader, items, depth + 1)]
        return None
    shapes = {name: _shaped(reader, inner, depth + 1) for name, inner in properties.items()}
    return Expected(shapes)


class _Reader:
    """Reads the schemas in *root*, following local `$ref` and `allOf`.

    Each schema is read once. A caller that descends from schema to schema asks `goes_on` whether it
    may, because a recursive schema has no end.
    """

    def __init__(self, root: Any) -> None:
        self._root = root
        self._remaining = _MOST_VISITS
        self._parts: dict[int, tuple[Any, list[Mapping[str, Any]]]] = {}
        """The read schemas by `id`, each kept so that no other object can get its id."""
        self._properties: dict[int, dict[str, Any]] = {}
        self._patterns: dict[int, list[tuple[str, Any]]] = {}
        self._joined: dict[tuple[int, ...], Any] = {}
        self._budget = Budget(_SECONDS_OF_PATTERNS)

    def goes_on(self) -> bool:
        """Count one more visit, and return whether it was within the limit."""
        self._remaining -= 1
        return self._remaining >= 0

    def allow(self, visits: int) -> None:
        """Allow *visits* more visits."""
        self._remaining += visits

    def parts(self, schema: Any) -> list[Mapping[str, Any]]:
        """Return all schemas that apply to a value of *schema*: itself, by `$ref`, in `allOf`."""
        cached = self._parts.get(id(schema))
        if cached is None:
            schemas = list(parts_of(schema, partial(resolved, self._root), _MOST_PARTS))
            cached = self._parts[id(schema)] = schema, schemas
        return cached[1]

    def properties(self, schema: Any) -> dict[str, Any]:
        """Return the schema of each property; several schemas of a property are joined."""
        parts = self.parts(schema)
        properties = self._properties.get(id(schema))
        if properties is None:
            properties = self._properties[id(schema)] = {}
            for part in parts:
                named = part.get("properties")
                for name, inner in named.items() if isinstance(named, Mapping) else ():
                    first = properties.get(name)
                    properties[name] = inner if first is None else {"allOf": [first, inner]}
        return properties

    def other(self, schema: Any, name: str) -> Any:
        """Return the schema of the member *name*, which is no property; None: there is none."""
        by_pattern = self.with_patterns(schema, name, None)
        if by_pattern is not None:
            return by_pattern
        for part in self.parts(schema):
            if "additionalProperties" in part:
                return part["additionalProperties"]
        return None

    def with_patterns(self, schema: Any, name: str, inner: Any) -> Any:
        """Return *inner*, the schema of the member *name*, joined with those of the patterns that
        match *name*; None without any.
        """
        patterns = self._patterns_of(schema)
        schemas = [other for pattern, other in patterns if self._matches(pattern, name)]
        schemas = schemas if inner is None else [inner, *schemas]
        if len(schemas) < 2:
            return schemas[0] if schemas else None
        key = tuple(map(id, schemas))
        return self._joined.setdefault(key, {"allOf": schemas})

    def _patterns_of(self, schema: Any) -> list[tuple[str, Any]]:
        """Return the pairs of `patternProperties` of all schemas that apply to *schema*'s value."""
        parts = self.parts(schema)
        patterns = self._patterns.get(id(schema))
        if patterns is None:
            patterns = []
            for part in parts:
                schemas = part.get("patternProperties")
                if isinstance(schemas, Mapping):
                    patterns += schemas.items()
            self._patterns[id(schema)] = patterns
        return patterns

    def _matches(self, pattern: str, name: str) -> bool:
        try:
            return search(pattern, name, self._budget) is True
        except PatternError:  # reported in the problems of the schema
            return False

    def required(self, schema: Any) -> set[str]:
        """Return the names of the required properties."""
        listed = [part.get("required") for part in self.parts(schema)]
        return {name for names in listed if isinstance(names, list) for name in names}

    def below(self, schema: Any, pointer: str) -> Any:
        """Return the schema of the part at *pointer* of a value; None: no schema."""
        for token in parts(pointer):
            inside = self.properties(schema).get(token, self.items(schema))
            schema = self.other(schema, token) if inside is None else inside
        return schema

    def items(self, schema: Any) -> Any:
        """Return the schema of all items; None without a schema, or with `prefixItems`."""
        for part in self.parts(schema):
            if "items" in part and "prefixItems" not in part:
                return part["items"]
        return None

    def item(self, schema: Any, index: int) -> Any:
        """Return the schema of the item *index*; None without a schema."""
        for part in self.parts(schema):
            prefix_items = part.get("prefixItems")
            if isinstance(prefix_items, list) and index < len(prefix_items):
                return prefix_items[index]
            if "items" in part:
                return part["items"]
        return None

    def annotation(self, schema: Any, keyword: str) -> tuple[Any] | None:
        """Return the value of *keyword* in a tuple, as it may be None; None: missing."""
        for part in self.parts(schema):
            if keyword in part:
                return (part[keyword],)
        return None

    def describes_object(self, schema: Any) -> bool:
        """Say whether *schema* describes an object: by its `type`, else by its keywords."""
        annotation = self.annotation(schema, "type")
        if annotation is not None:
            return bool(annotation[0] == "object")
        return any(part.keys() & {"properties", "required"} for part in self.parts(schema))

    def takes_other_names(self, schema: Any) -> bool:
        """Say whether a keyword allows, or describes, properties that `properties` does not list.

        Without `additionalProperties`, other properties are allowed, too, but not expected.
        """
        return any(
            part.keys() & _MORE_NAMES
            or part.get("additionalProperties", False) is not False
            or part.get("unevaluatedProperties", False) is not False
            for part in self.parts(schema)
        )


_MORE_NAMES = frozenset(
    ("anyOf", "oneOf", "if", "patternProperties", "dependentSchemas", "$dynamicRef")
)
"""Keywords that may describe further properties."""


def input_problems_of(document: Mapping[str, Any]) -> list[Problem]:
    """Return the problems of the `inputSchema` of a definition's *document*."""
    if deeper_than(document.get("inputSchema"), Limits().json_depth):
        return [Problem.of("definition-depth", "", limit=Limits().json_depth)]
    return list(input_schema_problems(document))


def input_schema_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the problems of the `inputSchema`, whose depth was checked before."""
    schema = document.get("inputSchema")
    if isinstance(schema, Mapping | bool):
        yield from schema_document_problems(schema, "/inputSchema")
        yield from _default_problems(schema)


def _default_problems(schema: Any) -> Iterator[Problem]:
    """Yield a problem for each top-level default that the schema refuses."""
    reader = _Reader(schema)
    for name, inner in reader.properties(schema).items():
        default = reader.annotation(inner, "default")
        if default is None:
            continue
        for problem in input_problems(schema, {name: default[0]}):
            if problem.pointer.startswith(pointer_of([name])) and problem.severity == "error":
                default_pointer = pointer_of(["inputSchema", "properties", name, "default"])
                yield Problem.of("schema-default", default_pointer, reason=problem.reason())
                break
