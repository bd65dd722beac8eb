"""A smallest instance of a JSON Schema: only what it requires, made without looking at defaults or
examples.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from re import _constants as sre
from re import _parser as sre_parser
from typing import Any

from httptask._schema.patterns import Budget, compiled, translated

DEEPEST = 60
MOST_TRIED = 200
"""Combinations of alternatives that are tried for one value."""

Schema = Any


class UnsatisfiableError(Exception):
    """No instance was found."""


def _is_match(pattern: str, text: str) -> bool:
    return compiled(pattern).search(text, Budget(1)) is True


def _parsed(pattern: str) -> Any:
    """Return *pattern*, which is ECMA-262's, as Python parses it; its properties of characters are
    taken for letters.
    """
    return sre_parser.parse(re.sub(r"\\[pP]\{[^}]*\}", "A-Za-z0-9", translated(pattern).text))


def minimal(schema: Mapping[str, Any], is_valid: Callable[[Any], bool]) -> Any:
    """Return an instance of *schema* that *is_valid*; references are to its own `$defs`. Raises
    `UnsatisfiableError`.

    The alternatives of `oneOf` and `anyOf` are tried in every turn of their order, without and then
    with optional fields.
    """
    failed = UnsatisfiableError("nothing was tried")
    for generous in (False, True):
        for turn in range(4):
            try:
                instance = _Maker(schema.get("$defs", {}), turn, generous).value([schema], 0)
            except UnsatisfiableError as error:
                failed = error
                continue
            if is_valid(instance):
                return instance
            failed = UnsatisfiableError(f"not valid: {str(instance)[:300]}")
    raise failed


class _Maker:
    def __init__(self, definitions: Mapping[str, Any], turn: int, generous: bool) -> None:
        self._definitions = definitions
        self._turn = turn
        self._generous = generous

    def value(self, schemas: list[Schema], depth: int) -> Any:
        if depth > DEEPEST:
            raise UnsatisfiableError("recursion without an end")
        for flat in itertools.islice(self._alternatives(schemas, 0), MOST_TRIED):
            try:
                return self._simple(flat, depth)
            except UnsatisfiableError:
                continue
        raise UnsatisfiableError(f"nothing fits {str(schemas)[:200]}")

    def _alternatives(self, schemas: list[Schema], level: int) -> Iterator[list[Mapping[str, Any]]]:
        """Yield lists of schemas without references and compositions, each a way to satisfy all of
        *schemas*.
        """
        flat: list[Mapping[str, Any]] = []
        choices: list[list[Schema]] = []
        waiting, seen = list(schemas), 0
        while waiting:
            seen += 1
            schema = waiting.pop(0)
            if schema is False or seen > 500 or level > 20:
                return
            if schema is True:
                continue
            if "$ref" in schema:
                waiting.append(self._definitions[schema["$ref"].removeprefix("#/$defs/")])
            waiting += schema.get("allOf", [])
            for name in ("oneOf", "anyOf"):
                if name in schema:
                    ways = [*schema[name], *([{"allOf": schema[name]}] if name == "anyOf" else [])]
                    turn = self._turn % len(ways)
                    choices.append([*ways[turn:], *ways[:turn]])
            flat.append(schema)
        if not choices:
            yield flat
            return
        for chosen in itertools.product(*choices):
            for below in self._alternatives(list(chosen), level + 1):
                yield flat + below

    def _simple(self, schemas: list[Mapping[str, Any]], depth: int) -> Any:
        if any(schema.get("not") == {} or schema.get("not") is True for schema in schemas):
            raise UnsatisfiableError("nothing is allowed")
        constants = [schema["const"] for schema in schemas if "const" in schema]
        listed = [schema["enum"] for schema in schemas if "enum" in schema]
        if constants or listed:
            fitting = constants or [
                each for each in listed[0] if all(each in other for other in listed)
            ]
            kinds = _kinds(schemas)
            for each in fitting:
                if (
                    kinds is None
                    or _kind(each) in kinds
                    or (_kind(each) == "integer" and "number" in kinds)
                ):
                    return each
            raise UnsatisfiableError("no value of the enumeration has the type")
        kinds = _kinds(schemas)
        if kinds is None:
            kinds = [_implied(schemas)]
        for kind in sorted(kinds, key=_ORDER.index):
            try:
                return getattr(self, f"_{kind}")(schemas, depth)
            except UnsatisfiableError:
                continue
        raise UnsatisfiableError(f"no value of {kinds}")

    def _null(self, schemas: list[Mapping[str, Any]], depth: int) -> None:
        return None

    def _boolean(self, schemas: list[Mapping[str, Any]], depth: int) -> bool:
        return False

    def _integer(self, schemas: list[Mapping[str, Any]], depth: int) -> int:
        return int(self._number(schemas, depth, whole=True))

    def _number(
        self, schemas: list[Mapping[str, Any]], depth: int, *, whole: bool = False
    ) -> float:
        low = max([s["minimum"] for s in schemas if "minimum" in s], default=-math.inf)
        high = min([s["maximum"] for s in schemas if "maximum" in s], default=math.inf)
        over = max(
            [s["exclusiveMinimum"] for s in schemas if "exclusiveMinimum" in s], default=-math.inf
        )
        under = min(
            [s["exclusiveMaximum"] for s in schemas if "exclusiveMaximum" in s], default=math.inf
        )
        step = next((s["multipleOf"] for s in schemas if "multipleOf" in s), 1 if whole else None)
        unit = step or 0.5
        tried = [
            0,
            *(
                base + offset
                for base in (low, over, high, under)
                if math.isfinite(base)
                for offset in (0, unit, -unit)
            ),
        ]
        tried += [math.ceil(base / unit) * unit for base in (low, over) if math.isfinite(base)]
        tried += [(low + high) / 2, (over + under) / 2, (over + high) / 2, (low + under) / 2]
        for each in tried:
            if math.isfinite(each) and low <= each <= high and over < each < under:
                if whole and each != int(each):
                    continue
                if step and math.isfinite(step) and abs(each / step - round(each / step)) > 1e-9:
                    continue
                return each
        raise UnsatisfiableError("no number in its bounds")

    def _string(self, schemas: list[Mapping[str, Any]], depth: int) -> str:
        shortest = max([s["minLength"] for s in schemas if "minLength" in s], default=0)
        longest = min([s["maxLength"] for s in schemas if "maxLength" in s], default=10_000_000)
        patterns = [s["pattern"] for s in schemas if "pattern" in s]
        for text in self._texts(patterns, int(shortest)):
            if shortest <= len(text) <= longest and all(
                _is_match(pattern, text) for pattern in patterns
            ):
                return text
        raise UnsatisfiableError(f"no text matches {patterns}, {shortest} to {longest} characters")

    def _texts(self, patterns: list[str], length: int) -> Iterator[str]:
        yield "x" * length
        yield "1" * length
        for pattern in patterns:
            for more in (*range(20), length):
                text = _matching(_parsed(pattern), more)
                yield text
                yield text.ljust(length, "x")
                yield text.ljust(length, "1")

    def _array(self, schemas: list[Mapping[str, Any]], depth: int) -> list[Any]:
        least = int(max([s["minItems"] for s in schemas if "minItems" in s], default=0))
        unique = any(s.get("uniqueItems") for s in schemas)
        items: list[Any] = []
        for index in range(least):
            own = [
                s["prefixItems"][index] for s in schemas if index < len(s.get("prefixItems", ()))
            ]
            own += [
                s["items"]
                for s in schemas
                if "items" in s and index >= len(s.get("prefixItems", ()))
            ]
            items.append(self._another(own, items, depth) if unique else self.value(own, depth + 1))
        return items

    def _another(self, schemas: list[Schema], others: list[Any], depth: int) -> Any:
        above = max((each for each in others if isinstance(each, int | float)), default=0) + 1
        for hint in ({}, {"minLength": len(others) + 1}, {"minimum": above}):
            for extra in (hint, {"enum": []}):
                if extra == {"enum": []}:
                    listed = next((s["enum"] for s in self._flat(schemas) if "enum" in s), [])
                    candidates = [each for each in listed if each not in others]
                    candidates = candidates[:1]
                else:
                    try:
                        candidates = [self.value([*schemas, extra], depth + 1)]
                    except UnsatisfiableError:
                        candidates = []
                for candidate in candidates:
                    if candidate not in others:
                        return candidate
        raise UnsatisfiableError("no more different items")

    def _flat(self, schemas: list[Schema]) -> list[Mapping[str, Any]]:
        return next(self._alternatives(schemas, 0), [])

    def _object(self, schemas: list[Mapping[str, Any]], depth: int) -> dict[str, Any]:
        names = dict.fromkeys(name for schema in schemas for name in schema.get("required", ()))
        least = max([s["minProperties"] for s in schemas if "minProperties" in s], default=0)
        optional = dict.fromkeys(
            name for s in schemas for name in s.get("properties", {}) if name not in names
        )
        made = {name: self.value(self._of_property(schemas, name), depth + 1) for name in names}
        for name in [*optional, *(f"x{number}" for number in range(int(least)))]:
            if len(made) >= least and not (self._generous and depth < 4):
                break
            try:
                made[name] = self.value(self._of_property(schemas, name), depth + 1)
            except UnsatisfiableError:
                continue
        return made

    def _of_property(self, schemas: list[Mapping[str, Any]], name: str) -> list[Schema]:
        found = []
        for schema in schemas:
            own = [schema["properties"][name]] if name in schema.get("properties", {}) else []
            own += [
                each
                for pattern, each in schema.get("patternProperties", {}).items()
                if _is_match(pattern, name)
            ]
            found += own or (
                [schema["additionalProperties"]] if "additionalProperties" in schema else []
            )
            if {"readOnly": True} in own:
                raise UnsatisfiableError("a read-only field is not for requests")
            if "propertyNames" in schema and schema["propertyNames"] is False:
                raise UnsatisfiableError("no names are allowed")
        return found


_ORDER = ["object", "array", "string", "integer", "number", "boolean", "null"]


def _kinds(schemas: list[Mapping[str, Any]]) -> list[str] | None:
    found: set[str] | None = None
    for schema in schemas:
        if "type" in schema:
            own = {schema["type"]} if isinstance(schema["type"], str) else set(schema["type"])
            if "number" in own:
                own.add("integer")
            found = own if found is None else found & own
    return None if found is None else sorted(found)


def _implied(schemas: list[Mapping[str, Any]]) -> str:
    for keywords, kind in (
        (("properties", "required", "additionalProperties", "minProperties"), "object"),
        (("items", "prefixItems", "minItems"), "array"),
        (("minimum", "maximum", "multipleOf", "exclusiveMinimum"), "number"),
    ):
        if any(keyword in schema for schema in schemas for keyword in keywords):
            return kind
    return "string"


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    for kind, name in (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "string"),
        (list, "array"),
    ):
        if isinstance(value, kind):
            return name
    return "object"


def _matching(parsed: Any, more: int) -> str:
    """Return a short text that the parsed pattern matches; *more* repetitions than the fewest where
    it may repeat.
    """
    return "".join(_piece(operation, argument, more) for operation, argument in parsed)


def _piece(operation: Any, argument: Any, more: int) -> str:
    match operation:
        case sre.LITERAL:
            return chr(argument)
        case sre.NOT_LITERAL:
            return "x" if chr(argument) != "x" else "y"
        case sre.ANY:
            return "x"
        case sre.IN:
            return _one_of(argument)
        case sre.MAX_REPEAT | sre.MIN_REPEAT | sre.POSSESSIVE_REPEAT:
            least, most, inner = argument
            return _matching(inner, more) * min(int(most), int(least) + more)
        case sre.SUBPATTERN:
            return _matching(argument[-1], more)
        case sre.BRANCH:
            return _matching(argument[1][0], more)
        case _:
            return ""


def _one_of(items: Any) -> str:
    negated = items[0][0] is sre.NEGATE
    pattern = items[1:] if negated else items
    for text in [*"x1A a-_.:/@,+", *map(chr, range(33, 127)), *map(chr, range(0xA1, 0x250))]:
        if any(_holds(item, text) for item in pattern) != negated:
            return text
    first = pattern[0]
    return (
        chr(first[1] if first[0] is sre.LITERAL else first[1][0])
        if first[0] in (sre.LITERAL, sre.RANGE)
        else "x"
    )


_CATEGORIES = {
    sre.CATEGORY_DIGIT: str.isdigit,
    sre.CATEGORY_NOT_DIGIT: lambda text: not text.isdigit(),
    sre.CATEGORY_SPACE: str.isspace,
    sre.CATEGORY_NOT_SPACE: lambda text: not text.isspace(),
    sre.CATEGORY_WORD: lambda text: text.isalnum() or text == "_",
    sre.CATEGORY_NOT_WORD: lambda text: not (text.isalnum() or text == "_"),
}


def _holds(item: Any, text: str) -> bool:
    kind, argument = item
    if kind is sre.LITERAL:
        return ord(text) == argument
    if kind is sre.RANGE:
        return bool(argument[0] <= ord(text) <= argument[1])
    return bool(_CATEGORIES[argument](text))
