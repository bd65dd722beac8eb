"""Infer from a JSON Schema 2020-12 which types a value may have, and what is in it.

A `ValueType` includes at least the values that the schema allows, because keywords that we do not
understand do not narrow it. So a value outside of it is invalid for the schema, with one exception
that is kept apart (`Member.is_certain`): a name that an object's schema does not list.

Schemas are untrusted: the work is bounded, and nothing raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from httptask._schema.references import resolved
from httptask._schema.subschemas import definition_name
from httptask._schema.value_keywords import (
    NOT_FOLLOWED,
    SAYING_ITSELF,
    TYPES,
    items_of,
    names_of,
    types_of,
)

Schema = Any
"""A JSON Schema (an object, true or false), or the `ValueType` of a value that was inferred."""

_MOST_ALTERNATIVES = 32
"""The most alternatives of one value. With more, only their types are known, not their members."""
_MOST_PARTS = 64
"""The most schemas that hold for one alternative together."""
_MOST_LOOKED_AT = 20_000
"""The most schemas of one document that are read. Afterwards, everything is unknown."""
_MOST_MEMBERS = 256
"""The most members of one value whose types are united."""
_MOST_DESCENDANTS = 256
"""The most different types of values inside one value. With more, they may be of any type."""


class SchemaSource:
    """A document with schemas: references in them are resolved in *root*.

    *documented* says that the schemas only describe values, and nobody validates the values.
    """

    def __init__(self, root: Any, *, documented: bool = False) -> None:
        self.root = root
        self.documented = documented
        self.remaining = _MOST_LOOKED_AT
        self._kept: dict[int, tuple[Schema, ValueType]] = {}
        self._definitions: dict[str, Schema] = {}

    def target(self, reference: Any) -> Schema:
        """Return the target of *reference*, or None if the document has none."""
        definitions = None
        if isinstance(self.root, Mapping):
            definitions = self.root.get("$defs")
        name = definition_name(reference)
        # `$defs` of an endpoint may be a lazy mapping: read each definition only once.
        if name is None or not isinstance(definitions, Mapping) or name not in definitions:
            return resolved(self.root, reference)
        if name not in self._definitions:
            self._definitions[name] = definitions[name]
        return self._definitions[name]

    def type_of(self, schema: Schema) -> ValueType:
        """Return the type of the values that *schema*, which is in the document, allows."""
        if isinstance(schema, ValueType):
            return schema
        cached = self._kept.get(id(schema))
        if cached is None:
            # Keep the schema alive, too: otherwise another object could get the same Python `id`.
            cached = self._kept[id(schema)] = (schema, _expanded([Part(schema, self)]))
        return cached[1]


class Part:
    """A schema with its document. Compared by identity, because comparing schemas is slow."""

    __slots__ = ("schema", "source")

    def __init__(self, schema: Schema, source: SchemaSource) -> None:
        self.schema = schema
        self.source = source

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Part) and self.schema is other.schema and self.source is other.source
        )

    def __hash__(self) -> int:
        return hash((id(self.schema), id(self.source)))


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of the forms that a value may have, described by schemas that all hold for it."""

    parts: tuple[Part, ...] = ()
    types: frozenset[str] = TYPES
    is_open: bool = False
    """Whether values may have more in them than the parts say."""

    @property
    def is_documented(self) -> bool:
        """Whether a part of the description is not validated: see `SchemaSource`."""
        return any(part.source.documented for part in self.parts)

    def member(self, name: str) -> Member:
        """Return the member *name* of an object of this form."""
        if "object" not in self.types:
            return Member(NOTHING, is_certain=True)
        schemas: list[Part] = []
        is_open = self.is_open
        is_closed = False
        lists_names = False
        for part in self.parts:
            names = names_of(part.schema)
            is_open = is_open or names.is_open
            lists_names = lists_names or bool(names.listed)
            if name in names.listed:
                schemas.append(Part(names.listed[name], part.source))
            elif names.others is False:
                # `unevaluatedProperties: false` does not refuse the names that keywords describe
                # which we do not read.
                is_strict = "additionalProperties" in part.schema or not self.is_open
                is_closed = is_closed or is_strict
            elif names.others is not None:
                schemas.append(Part(names.others, part.source))
        if schemas:
            # Descriptions often join closed objects, so that no value is valid. Hence it is enough
            # that one of them lists the name.
            return Member(joined(schemas))
        if is_closed:
            return Member(NOTHING, is_certain=True)
        return Member(NOTHING if lists_names and not is_open else ANY)

    def item(self, index: int) -> ValueType:
        """Return the type of the item at *index* in an array of this form."""
        if "array" not in self.types:
            return NOTHING
        schemas: list[Part] = []
        for part in self.parts:
            first, further_schema = items_of(part.schema)
            if index < 0 and first:  # from the end of an array of unknown length: may be any item
                schemas.append(Part({"anyOf": [*first, further_schema]}, part.source))
            elif 0 <= index < len(first):
                schemas.append(Part(first[index], part.source))
            else:
                schemas.append(Part(further_schema, part.source))
        return joined(schemas)

    def names(self) -> Iterator[str]:
        """Yield the names that the schemas list for an object of this form, with repetitions."""
        if "object" in self.types:
            for part in self.parts:
                yield from names_of(part.schema).listed

    def members(self) -> ValueType:
        """Return the type of any member or item."""
        return any_of([self._members_by_name(), self.items()])

    def items(self) -> ValueType:
        """Return the type of any item."""
        return self.item(-1)

    def _members_by_name(self) -> ValueType:
        """Return the type of any member of an object of this form."""
        if "object" not in self.types:
            return NOTHING
        names = list(dict.fromkeys(islice(self.names(), _MOST_MEMBERS + 1)))
        keywords = [names_of(part.schema) for part in self.parts]
        is_open = self.is_open or any(described.is_open for described in keywords)
        if is_open or len(names) > _MOST_MEMBERS:
            return ANY
        listed = [self.member(name).type for name in names]
        maps = [
            Part(described_by_part.others, part.source)
            for described_by_part, part in zip(keywords, self.parts, strict=True)
            if described_by_part.others not in (None, False)
        ]
        is_map = maps or not (listed or any(described.others is False for described in keywords))
        return any_of([*listed, joined(maps)] if is_map else listed)


@dataclass(frozen=True, slots=True)
class Member:
    """The member of an object with a certain name."""

    type: ValueType
    """`NOTHING` if there is no such member."""
    is_certain: bool = False
    """Whether the schema forbids the member. False with `NOTHING`: it is only not listed."""


@dataclass(frozen=True, slots=True)
class ValueType:
    """The type of a value: it has one of the *alternatives*. Without any, there is no value."""

    alternatives: tuple[Alternative, ...]

    @property
    def types(self) -> frozenset[str]:
        """The JSON types, out of `TYPES`, that the value may have."""
        return frozenset[str]().union(*(alternative.types for alternative in self.alternatives))

    @property
    def is_nothing(self) -> bool:
        """Whether there is no value."""
        return not self.alternatives

    @property
    def is_documented(self) -> bool:
        """Whether a part of the description is not validated: see `SchemaSource`."""
        return any(alternative.is_documented for alternative in self.alternatives)

    def member(self, name: str) -> Member:
        """Return the member *name* of an object."""
        members = [alternative.member(name) for alternative in self.alternatives]
        return Member(
            any_of([member.type for member in members]),
            all(member.is_certain for member in members),
        )

    def item(self, index: int) -> ValueType:
        """Return the type of the item at *index* of an array; below 0, counted from the end."""
        return any_of([alternative.item(index) for alternative in self.alternatives])

    def members(self) -> ValueType:
        """Return the type of any member or item."""
        return any_of([alternative.members() for alternative in self.alternatives])

    def items(self) -> ValueType:
        """Return the type of any item."""
        return any_of([alternative.items() for alternative in self.alternatives])

    def names(self) -> Iterator[str]:
        """Yield the names that the schemas list for an object, with repetitions."""
        for alternative in self.alternatives:
            yield from alternative.names()

    def of_types(self, types: Iterable[str]) -> ValueType:
        """Return the type of the value if it has one of the JSON *types*."""
        return _restricted(self.alternatives, frozenset(types))

    def descendants(self) -> ValueType:
        """Return the type of the value itself or of any value inside it."""
        reached: dict[ValueType, None] = {self: None}
        pending = [self]
        while pending:
            below = pending.pop().members()
            if below.is_nothing or below in reached:
                continue
            if len(reached) >= _MOST_DESCENDANTS:
                return ANY
            reached[below] = None
            pending.append(below)
        return any_of([*reached])


def any_of(types: Iterable[ValueType]) -> ValueType:
    """Return the union of *types*."""
    inhabited = [type_ for type_ in types if type_.alternatives]
    if len(inhabited) < 2:
        return inhabited[0] if inhabited else NOTHING
    alternatives: dict[Alternative, None] = {}
    for type_ in inhabited:
        alternatives.update(dict.fromkeys(type_.alternatives))
    if ANY.alternatives[0] in alternatives:
        return ANY
    if len(alternatives) > _MOST_ALTERNATIVES:
        every = frozenset[str]().union(*(type_.types for type_ in alternatives))
        return ValueType((Alternative((), every, is_open=True),))
    return ValueType(tuple(alternatives))


def typed_by(schema: Schema) -> ValueType:
    """Return the type of the values that *schema*, a whole document, allows."""
    return SchemaSource(schema).type_of(schema)


ANY = ValueType((Alternative(is_open=True),))
"""The type of a value of which nothing is known."""
NOTHING = ValueType(())
"""The type without values."""


# Several schemas for one value


@dataclass(slots=True)
class _Draft:
    """An alternative that is being built."""

    pending: list[Part]
    parts: dict[Part, None] = field(default_factory=dict)
    seen: set[Part] = field(default_factory=set)
    """The schemas that were read already: a schema may refer to itself."""
    types: frozenset[str] = TYPES
    is_open: bool = False

    def fork(self, part: Part) -> _Draft:
        """Return a copy with *part* as one more pending schema."""
        return replace(
            self,
            pending=[*self.pending, part],
            parts=dict(self.parts),
            seen=set(self.seen),
        )

    def take(self, part: Part) -> list[list[Part]]:
        """Read the schema of *part*. The target of its `$ref` and its `allOf` become pending.

        Return the options of its `anyOf` and `oneOf`: the caller must choose.
        """
        schema = part.schema
        if schema is False:
            self.types = frozenset()
        if not isinstance(schema, Mapping) or part in self.seen:
            return []
        self.seen.add(part)
        self.types &= types_of(schema)
        if not SAYING_ITSELF.isdisjoint(schema):
            self.parts[part] = None
        self.is_open = self.is_open or not NOT_FOLLOWED.isdisjoint(schema)
        if "$ref" in schema:
            target = part.source.target(schema["$ref"])
            self.is_open = self.is_open or target is None
            self.pending.append(Part(target, part.source))
        self.pending += [Part(inner, part.source) for inner in _listed(schema.get("allOf"))]
        choices = [_listed(schema.get(keyword)) for keyword in ("anyOf", "oneOf")]
        return [[Part(option, part.source) for option in options] for options in choices if options]

    def narrow(self, alternative: Alternative) -> None:
        """Add everything that *alternative* says."""
        self.parts.update(dict.fromkeys(alternative.parts))
        self.types &= alternative.types
        self.is_open = self.is_open or alternative.is_open


def joined(parts: Sequence[Part]) -> ValueType:
    """Return the intersection of *parts*: the type of the values that all of them allow."""
    if len(parts) == 1:
        return parts[0].source.type_of(parts[0].schema)
    return _expanded(parts)


def _expanded(parts: Sequence[Part]) -> ValueType:
    finished: list[Alternative] = []
    drafts = [_Draft([*parts])]
    while drafts:
        draft = drafts.pop()
        if not _take_pending(draft, drafts):
            continue
        if draft.types:
            finished.append(Alternative(tuple(draft.parts), draft.types, draft.is_open))
    return any_of([ValueType((alternative,)) for alternative in reversed(finished)])


def _take_pending(draft: _Draft, drafts: list[_Draft]) -> bool:
    """Read the pending schemas of *draft*. Return whether *draft* is complete.

    At a choice, add a draft for each option to *drafts* instead, and return False.
    """
    while draft.pending and draft.types:
        part = draft.pending.pop()
        if isinstance(part.schema, ValueType):
            for alternative in part.schema.alternatives:
                forked = replace(draft, pending=[*draft.pending], parts=dict(draft.parts))
                forked.narrow(alternative)
                drafts.append(forked)
            return False
        part.source.remaining -= 1
        if part.source.remaining < 0 or len(draft.seen) > _MOST_PARTS:
            draft.is_open = True
            draft.pending.clear()
            break
        choices = draft.take(part)
        for options in choices:
            if len(drafts) + len(options) > _MOST_ALTERNATIVES:
                draft.is_open = True  # too many options: do not read any of them
                continue
            other_choices = [choice for choice in choices if choice is not options]
            drafts += _forks(draft, options, other_choices)
            return False
    return True


def _forks(
    draft: _Draft,
    options: Sequence[Part],
    other_choices: Sequence[Sequence[Part]],
) -> Iterator[_Draft]:
    """Yield a draft for each of *options*. The choices in *other_choices* stay pending in each."""
    for option in options:
        forked = draft.fork(option)
        for choice in other_choices:
            schemas = [part.schema for part in choice]
            forked.pending.append(Part({"anyOf": schemas}, choice[0].source))
        yield forked


def _restricted(alternatives: Iterable[Alternative], types: frozenset[str]) -> ValueType:
    narrowed = (
        replace(alternative, types=alternative.types & types) for alternative in alternatives
    )
    return ValueType(tuple(alternative for alternative in narrowed if alternative.types))


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return []
