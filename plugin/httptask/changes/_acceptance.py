"""Decide whether one schema accepts everything that another one accepts, if this can be shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from httptask._schema.subschemas import referenced_definition
from httptask.changes._constraints import NOTES, TYPES_OF, SchemaViews, View, key, type_of

_MOST_SCHEMAS = 5_000
"""The most pairs of schemas of one endpoint that are compared."""
_DEEPEST = 40
"""The most levels of nested schemas that are compared."""
_WIDER_FORMATS: Mapping[str, frozenset[str]] = {
    "int32": frozenset(("int64",)),
    "float": frozenset(("double",)),
    "email": frozenset(("idn-email",)),
    "hostname": frozenset(("idn-hostname",)),
    "uri": frozenset(("uri-reference", "iri", "iri-reference")),
    "uri-reference": frozenset(("iri-reference",)),
    "iri": frozenset(("iri-reference",)),
    "ipv4": frozenset(("hostname", "idn-hostname")),
}
"""Format -> the formats that accept all its values."""
_ANY = frozenset(("array", "boolean", "integer", "null", "number", "object", "string"))
_PREFIX = re.compile(r"\^([\w-]+)$")


class Acceptance:
    """Decides whether schemas of one version accept everything that those of the other accept.

    *wide* are the schemas that must accept, *narrow* those whose values must be accepted. For
    requests the new version is wide, for responses the old one. The answer False means that
    acceptance could not be shown.

    In two points the answer differs from JSON Schema, because people expect it. A field that was
    added is no reason to refuse, though before it any value was valid under its name. A field that
    is no longer described is a reason to refuse.
    """

    def __init__(self, wide: SchemaViews, narrow: SchemaViews) -> None:
        self._wide = wide
        self._narrow = narrow
        self._room = _MOST_SCHEMAS
        self._answers: dict[tuple[str, str], bool] = {}

    @cached_property
    def _reverse(self) -> Acceptance:
        return Acceptance(self._narrow, self._wide)

    def same(self, wide: Any, narrow: Any) -> bool:
        """Say whether the schemas *wide* and *narrow* accept the same values."""
        return self.accepts(wide, narrow) and self._reverse.accepts(narrow, wide)

    def accepts(
        self,
        wide: Any,
        narrow: Any,
        level: int = 0,
    ) -> bool:
        """Say whether the schema *wide* accepts everything that the schema *narrow* accepts."""
        names = referenced_definition(wide), referenced_definition(narrow)
        pair = None
        if names[0] is not None and names[1] is not None:
            pair = (names[0], names[1])
        if pair is not None and pair in self._answers:
            return self._answers[pair]
        # Untrusted schemas may be endless. Beyond the limits, acceptance is not shown.
        self._room -= 1
        if self._room < 0 or level > _DEEPEST:
            return False
        count = len(self._answers)
        if pair is not None:
            self._answers[pair] = True  # the assumption while a recursive pair is compared
        wide_view = self._wide.view(wide)
        narrow_view = self._narrow.view(narrow)
        answer = self.view_accepts(wide_view, narrow_view, level)
        if pair is not None and not answer:
            for later in list(self._answers)[count:]:  # they may depend on the wrong assumption
                del self._answers[later]
            self._answers[pair] = False
        return answer

    def view_accepts(
        self,
        wide: View,
        narrow: View,
        level: int = 0,
    ) -> bool:
        """Say whether the view *wide* accepts everything that the view *narrow* accepts."""
        accepts_nothing = narrow.get("type") == [] or narrow.get("enum") == []
        if accepts_nothing:
            return True
        # Also without `properties` in *wide*: a field that only *narrow* describes counts.
        keywords = dict.fromkeys((*wide, "properties"))
        if not any(self.refuses(keyword, wide, narrow, level) for keyword in keywords):
            return True
        if "anyOf" not in narrow:
            return False
        # Keywords beside `anyOf` say little about its values, so each alternative gets a chance.
        options = alternatives(narrow)
        return all(self.accepts(wide, option, level + 1) for option in options)

    def refuses(
        self,
        keyword: str,
        wide: View,
        narrow: View,
        level: int = 0,
    ) -> bool:
        """Say whether *keyword* may make *wide* refuse a value that *narrow* accepts."""
        if keyword in NOTES or (keyword not in wide and keyword != "properties"):
            return False
        constrained_types = TYPES_OF.get(keyword, _ANY)
        if constrained_types.isdisjoint(narrow.get("type", _ANY)):
            return False
        check = _CHECKS.get(keyword, _unchanged(keyword))
        try:
            return not check(self, wide, narrow, level + 1)
        except (TypeError, ValueError, AttributeError):  # the keyword has an invalid value
            return True

    def accepts_field(
        self,
        name: str,
        wide: View,
        narrow: View,
        level: int = 0,
    ) -> bool:
        """Say whether *wide* accepts the values that *narrow* allows in the field *name*.

        At least one of the two views must describe the field.
        """
        fields = wide.get("properties", {})
        other_fields = narrow.get("properties", {})
        if name in fields and name in other_fields:
            return self.accepts(fields[name], other_fields[name], level)
        lacking = narrow if name in fields else wide
        is_gone = (name in fields) == self._wide.is_answer
        if is_gone and not _is_covered(name, lacking):
            return lacking is wide and "anyOf" in wide  # an alternative may describe the field
        schemas = _schemas_of_undescribed(name, lacking)
        if name in fields:
            field = fields[name]
            return all(self.accepts(field, schema, level) for schema in schemas)
        other_field = other_fields[name]
        return all(self.accepts(schema, other_field, level) for schema in schemas)

    def _properties(self, wide: View, narrow: View, level: int) -> bool:
        fields = wide.get("properties", {})
        other_fields = narrow.get("properties", {})
        names = {**fields, **other_fields}
        return all(self.accepts_field(name, wide, narrow, level) for name in names)

    def _pattern_properties(self, wide: View, narrow: View, level: int) -> bool:
        patterns = wide["patternProperties"]
        return all(self.accepts_pattern(pattern, wide, narrow, level) for pattern in patterns)

    def accepts_pattern(
        self,
        pattern: str,
        wide: View,
        narrow: View,
        level: int = 0,
    ) -> bool:
        """Say whether *wide* accepts the fields of *narrow* that match *pattern*."""
        other_patterns = narrow.get("patternProperties", {})
        if pattern not in wide.get("patternProperties", {}):
            return self.accepts(
                wide.get("additionalProperties", True),
                other_patterns[pattern],
                level,
            )
        schema = wide["patternProperties"][pattern]
        if pattern in other_patterns:
            return self.accepts(schema, other_patterns[pattern], level)
        further = narrow.get("additionalProperties", True)
        fields = narrow.get("properties", {})
        if further is not False and not self.accepts(schema, further, level):
            return False
        # A name that may match counts as a match: acceptance must be certain.
        matching = [fields[name] for name in fields if _matches(pattern, name) is not False]
        matching += other_patterns.values()
        return all(self.accepts(schema, field, level) for field in matching)

    def _further_fields(self, wide: View, narrow: View, level: int) -> bool:
        schema = wide["additionalProperties"]
        further = narrow.get("additionalProperties", True)
        patterns = wide.get("patternProperties", {})
        if further is not False and not self.accepts(schema, further, level):
            return False
        other_patterns = narrow.get("patternProperties", {})
        return all(
            self.accepts(schema, other_patterns[name], level)
            for name in other_patterns
            if name not in patterns
        )

    def _elements(self, wide: View, narrow: View, level: int) -> bool:
        """Compare arrays: first the items of `prefixItems` one by one, then `items`."""
        first = wide.get("prefixItems", [])
        other_first = narrow.get("prefixItems", [])
        items = wide.get("items", True)
        other_items = narrow.get("items", True)
        # `items: false` allows nothing after `prefixItems`, so it limits the length, too.
        longest = len(other_first) if other_items is False else None
        longest = narrow.get("maxItems", longest)
        count = max(len(first), len(other_first))
        compared = count if longest is None else min(count, longest)
        for position in range(compared):
            schema = items
            if position < len(first):
                schema = first[position]
            other_schema = other_items
            if position < len(other_first):
                other_schema = other_first[position]
            if not self.accepts(schema, other_schema, level):
                return False
        if longest is not None and longest <= count:
            return True
        return self.accepts(items, other_items, level)

    def _alternatives(self, wide: View, narrow: View, level: int) -> bool:
        """Compare alternatives: for each in *narrow*, some alternative in *wide* must accept it."""
        for accepted in alternatives(narrow):
            options = alternatives(wide)
            if not any(self.accepts(option, accepted, level) for option in options):
                return False
        return True

    def _every_part(self, wide: View, narrow: View, level: int) -> bool:
        """Compare `allOf`.

        Each part of *wide* must accept a part of *narrow*, or the other keywords of *narrow*.
        """
        parts = narrow.get("allOf", ())
        other_keywords = {name: value for name, value in narrow.items() if name != "allOf"}
        narrow_parts = (*parts, other_keywords)
        for part in wide["allOf"]:
            if not any(self.accepts(part, narrow_part, level) for narrow_part in narrow_parts):
                return False
        return True

    def _dependent_schemas(self, wide: View, narrow: View, level: int) -> bool:
        names = wide["dependentSchemas"]
        return all(self.accepts_dependent(name, wide, narrow, level) for name in names)

    def accepts_dependent(
        self,
        name: str,
        wide: View,
        narrow: View,
        level: int = 0,
    ) -> bool:
        """Say whether the dependent schema in *wide* for the field *name* accepts *narrow*."""
        if _has_no_field(narrow, name):
            return True
        schema = wide.get("dependentSchemas", {}).get(name, True)
        other_schema = narrow.get("dependentSchemas", {}).get(name, narrow)
        return self.accepts(schema, other_schema, level)

    def _then(
        self,
        wide: View,
        narrow: View,
        level: int,
        keyword: str = "then",
    ) -> bool:
        # Under different conditions, the two schemas would be applied to different values.
        if "if" not in narrow or not self.same(wide["if"], narrow["if"]):
            return False
        return self.accepts(wide[keyword], narrow.get(keyword, True), level)

    def _else(self, wide: View, narrow: View, level: int) -> bool:
        return self._then(wide, narrow, level, "else")

    def _names(self, wide: View, narrow: View, level: int) -> bool:
        return self.accepts(wide["propertyNames"], narrow.get("propertyNames", True), level)

    def _contains(self, wide: View, narrow: View, level: int) -> bool:
        if "contains" not in narrow:
            return False
        # A wider `contains` counts more items, and `maxContains` may then refuse the array.
        if "maxContains" in wide:
            return self.same(wide["contains"], narrow["contains"])
        return self.accepts(wide["contains"], narrow["contains"], level)

    def _not(self, wide: View, narrow: View, level: int) -> bool:
        """Compare `not`: *wide* may only refuse values that *narrow* does not accept either."""
        if "not" in narrow and self._reverse.accepts(narrow["not"], wide["not"], level):
            return True
        refused = self._wide.view(wide["not"])
        if "enum" in narrow and "enum" in refused:
            values = {*map(key, narrow["enum"])}
            refused_values = map(key, refused["enum"])
            return values.isdisjoint(refused_values)
        types = _types(refused)
        other_types = _types(narrow)
        if types is None or other_types is None:
            return False
        return types.isdisjoint(other_types)


def alternatives(view: View) -> list[View]:
    """Return the alternatives of *view*, or [*view*] if it has none.

    Keywords beside `anyOf` become part of each alternative. Several types and the values of an
    `enum` are alternatives, too.
    """
    if "anyOf" in view:
        shared = {name: value for name, value in view.items() if name != "anyOf"}
        options: list[View] = view["anyOf"]
        if shared:
            return [{"allOf": [shared, option]} for option in options]
        return options
    beside = {name: value for name, value in view.items() if name not in ("type", "enum")}
    if "enum" in view:
        return [{**beside, "enum": [value]} for value in view["enum"]]
    if len(view.get("type", ())) > 1:
        return [{**beside, "type": [name]} for name in view["type"]]
    return [view]


def _schemas_of_undescribed(name: str, view: View) -> Iterator[Any]:
    """Yield the schemas of *view* for the field *name*, which its `properties` do not describe."""
    patterns = view.get("patternProperties", {})
    for pattern, schema in patterns.items():
        if _matches(pattern, name) is not False:
            yield schema
    further = view.get("additionalProperties")
    if not isinstance(further, Mapping):
        return
    # `additionalProperties` is for names that no pattern certainly matches.
    if not any(_matches(pattern, name) for pattern in patterns):
        yield further


def _is_covered(name: str, view: View) -> bool:
    """Say whether *view* describes the field *name* by a pattern or `additionalProperties`."""
    # `additionalProperties: true` is no description: it says nothing about the field.
    if isinstance(view.get("additionalProperties"), Mapping):
        return True
    patterns = view.get("patternProperties", {})
    return any(_matches(pattern, name) for pattern in patterns)


def _matches(pattern: str, name: str) -> bool | None:
    """Say whether *name* matches *pattern*; None if we do not know.

    Only patterns that are plain prefixes are tried, because an untrusted regular expression may
    take for ever.
    """
    prefix = _PREFIX.match(pattern)
    if prefix is None:
        return None
    return name.startswith(prefix[1])


def _has_no_field(view: View, name: str) -> bool:
    is_closed = view.get("additionalProperties") is False and "patternProperties" not in view
    return is_closed and name not in view.get("properties", {})


def _types(view: View) -> set[str] | None:
    """Return the types that *view* allows (with `number`, also `integer`), or None for any."""
    if "type" not in view:
        return None
    types = set(view["type"])
    if "number" in types:
        return types | {"integer"}
    return types


def _accepts_types(
    check: Acceptance,
    wide: View,
    narrow: View,
    level: int,
) -> bool:
    types = _types(wide)
    other_types = _types(narrow)
    return types is None or (other_types is not None and other_types <= types)


def _accepts_values(
    check: Acceptance,
    wide: View,
    narrow: View,
    level: int,
) -> bool:
    values = narrow.get("enum")
    types = narrow.get("type", ["string"])
    # Other types have endless values, which no list can contain.
    if values is None and set(types) <= {"boolean", "null"}:
        values = [value for value in (True, False, None) if type_of(value) in types]
    if values is None:
        return False
    accepted = {*map(key, wide["enum"])}
    return {*map(key, values)} <= accepted


def _limit(
    view: View,
    bound: str,
    exclusive: str,
    sign: int,
) -> tuple[Any, bool] | None:
    """Return (limit of the numbers in *view*, whether it is exclusive), or None without a limit.

    Limits are multiplied by *sign*: 1 for lower and -1 for upper limits, so that the larger product
    is always the tighter limit.
    """
    limits = [
        (sign * view[name], is_exclusive)
        for name, is_exclusive in ((bound, False), (exclusive, True))
        if name in view
    ]
    if not limits and view.get("enum"):
        numbers = [value for value in view["enum"] if type_of(value) in ("integer", "number")]
        limits = [(min(sign * number for number in numbers), False)]
    # Of two equal limits, the exclusive one is the maximum, because True > False.
    return max(limits) if limits else None


def _accepts_numbers(
    bound: str,
    exclusive: str,
    sign: int,
) -> Callable[..., bool]:
    def check(
        check: Acceptance,
        wide: View,
        narrow: View,
        level: int,
    ) -> bool:
        wide_limit = _limit(wide, bound, exclusive, sign)
        narrow_limit = _limit(narrow, bound, exclusive, sign)
        if wide_limit is None:
            return True
        return narrow_limit is not None and wide_limit <= narrow_limit

    return check


_accepts_lower = _accepts_numbers("minimum", "exclusiveMinimum", 1)
_accepts_upper = _accepts_numbers("maximum", "exclusiveMaximum", -1)


def _accepts_size(keyword: str, sign: int) -> Callable[..., bool]:
    """Make the check for a limit of lengths or counts: *sign* is 1 for minimum, -1 for maximum."""
    sized: type[str | list[Any] | dict[str, Any]] = dict
    if "Length" in keyword:
        sized = str
    elif "Items" in keyword:
        sized = list

    def check(
        check: Acceptance,
        wide: View,
        narrow: View,
        level: int,
    ) -> bool:
        size = narrow.get(keyword)
        if size is None and "enum" in narrow:
            values = [value for value in narrow["enum"] if isinstance(value, sized)]
            sizes = [sign * len(value) for value in values]
            # Values of other types have no such size, and the limit accepts them all.
            size = sign * min(sizes) if sizes else wide[keyword]
        if size is None and keyword == "minProperties":
            # Each required name is a property, so there are at least as many.
            size = len(narrow.get("required", ()))
        return size is not None and bool(sign * wide[keyword] <= sign * size)

    return check


def _accepts_multiples(
    check: Acceptance,
    wide: View,
    narrow: View,
    level: int,
) -> bool:
    """Check `multipleOf`: all numbers of *narrow* must be multiples of that of *wide*."""
    are_integers = narrow.get("type") == ["integer"]
    step = narrow.get("multipleOf", 1 if are_integers else None)
    steps = [step] if step is not None else narrow.get("enum", [])
    numbers = [step for step in steps if type_of(step) in ("integer", "number")]
    if not numbers:
        return False
    return all(number % wide["multipleOf"] == 0 for number in numbers)


def _accepts_format(
    check: Acceptance,
    wide: View,
    narrow: View,
    level: int,
) -> bool:
    name = wide["format"]
    other_name = narrow.get("format")
    return name == other_name or name in _WIDER_FORMATS.get(str(other_name), ())


def _accepts_required(
    check: Acceptance,
    wide: View,
    narrow: View,
    level: int,
) -> bool:
    return set(wide["required"]) <= set(narrow.get("required", ()))


def _accepts_dependent_names(
    check: Acceptance,
    wide: View,
    narrow: View,
    level: int,
) -> bool:
    other_dependent = narrow.get("dependentRequired", {})
    required = set(narrow.get("required", ()))
    for name, names in wide["dependentRequired"].items():
        other_names = {*other_dependent.get(name, ()), *required}
        # Without the field, the rule never applies.
        if not set(names) <= other_names and not _has_no_field(narrow, name):
            return False
    return True


_Check = Callable[[Acceptance, View, View, int], bool]
_CHECKS: dict[str, _Check] = {
    "type": _accepts_types,
    "enum": _accepts_values,
    **dict.fromkeys(("minimum", "exclusiveMinimum"), _accepts_lower),
    **dict.fromkeys(("maximum", "exclusiveMaximum"), _accepts_upper),
    **{
        name: _accepts_size(name, 1)
        for name in ("minLength", "minItems", "minProperties", "minContains")
    },
    **{
        name: _accepts_size(name, -1)
        for name in ("maxLength", "maxItems", "maxProperties", "maxContains")
    },
    "multipleOf": _accepts_multiples,
    "format": _accepts_format,
    "required": _accepts_required,
    "dependentRequired": _accepts_dependent_names,
    "properties": Acceptance._properties,
    "patternProperties": Acceptance._pattern_properties,
    "additionalProperties": Acceptance._further_fields,
    "propertyNames": Acceptance._names,
    "dependentSchemas": Acceptance._dependent_schemas,
    **dict.fromkeys(("prefixItems", "items"), Acceptance._elements),
    "contains": Acceptance._contains,
    "not": Acceptance._not,
    "anyOf": Acceptance._alternatives,
    "allOf": Acceptance._every_part,
    # `if` alone refuses nothing (JSON Schema 2020-12, Core, section 10.2.2.1).
    "if": lambda check, wide, narrow, level: True,
    "then": Acceptance._then,
    "else": Acceptance._else,
}
"""Keyword -> the check whether it accepts everything that the narrow view accepts.

Keywords that are not listed must be equal in both views.
"""


def _unchanged(keyword: str) -> _Check:
    return lambda check, wide, narrow, level: key(wide[keyword]) == key(narrow.get(keyword))
