"""What a JSON Schema says of a value before there is one: its types, and what is in it.

A `ValueType` holds at least every value that the schema allows: keywords that are not understood
narrow nothing. So what it rules out is ruled out by the schema, but for one thing that it keeps
apart: a name that a documented object is not documented to have.

JSON Schema 2020-12. Schemas are strangers': looking at them is bounded, and never raises.
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
"""A JSON Schema: an object, or true, or false; or the `ValueType` of a value that is known."""

_MOST_ALTERNATIVES = 32
"""Alternatives of one value. Of more, it is not told what is in them."""
_MOST_PARTS = 64
"""Schemas that hold for one alternative at once."""
_MOST_LOOKED_AT = 20_000
"""Schemas of one document that are looked at; afterwards everything is unknown."""
_MOST_MEMBERS = 256
"""Members of one value whose types are joined."""
_MOST_DESCENDANTS = 256
"""Values below one value that are told apart."""


class SchemaSource:
    """The document in which the references of its schemas lead: *root*.

    *documented* says that values are only described by it: nobody checks them.
    """

    def __init__(self, root: Any, *, documented: bool = False) -> None:
        self.root = root
        self.documented = documented
        self.remaining = _MOST_LOOKED_AT
        self._kept: dict[int, tuple[Schema, ValueType]] = {}
        self._definitions: dict[str, Schema] = {}

    def target(self, reference: Any) -> Schema:
        """Return the schema that *reference* leads to; None: to nothing in the document."""
        definitions = self.root.get("$defs") if isinstance(self.root, Mapping) else None
        name = definition_name(reference)
        # The definitions of an endpoint may be a mapping that reads them when they are asked for.
        if name is None or not isinstance(definitions, Mapping) or name not in definitions:
            return resolved(self.root, reference)
        if name not in self._definitions:
            self._definitions[name] = definitions[name]
        return self._definitions[name]

    def type_of(self, schema: Schema) -> ValueType:
        """Return the type of the values that *schema*, a part of the document, allows."""
        if isinstance(schema, ValueType):
            return schema
        kept = self._kept.get(id(schema))
        if kept is None:
            # The schema is kept too: otherwise its id could become that of another one.
            kept = self._kept[id(schema)] = (schema, _expanded([Part(schema, self)]))
        return kept[1]


class Part:
    """A schema and the document it stands in. It equals itself only: comparing schemas is slow."""

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
    """One of the forms that a value may have: schemas that all hold for it."""

    parts: tuple[Part, ...] = ()
    types: frozenset[str] = TYPES
    is_open: bool = False
    """There may be more to it than the parts say."""

    @property
    def is_documented(self) -> bool:
        """Whether nobody checks that a value is as it says."""
        return any(part.source.documented for part in self.parts)

    def member(self, name: str) -> Member:
        """Return what stands under *name* in an object of this form."""
        if "object" not in self.types:
            return Member(NOTHING, is_certain=True)
        schemas: list[Part] = []
        is_open, is_closed, lists_names = self.is_open, False, False
        for part in self.parts:
            names = names_of(part.schema)
            is_open = is_open or names.is_open
            lists_names = lists_names or bool(names.listed)
            if name in names.listed:
                schemas.append(Part(names.listed[name], part.source))
            elif names.others is False:
                # What the keywords that are not followed evaluate, is not closed to them.
                is_strict = "additionalProperties" in part.schema or not self.is_open
                is_closed = is_closed or is_strict
            elif names.others is not None:
                schemas.append(Part(names.others, part.source))
        if schemas:
            # Descriptions often join closed objects, which no value would satisfy: one is enough.
            return Member(joined(schemas))
        if is_closed:
            return Member(NOTHING, is_certain=True)
        return Member(NOTHING if lists_names and not is_open else ANY)

    def item(self, index: int) -> ValueType:
        """Return what stands at *index* in an array of this form."""
        if "array" not in self.types:
            return NOTHING
        schemas: list[Part] = []
        for part in self.parts:
            first, others = items_of(part.schema)
            if index < 0 and first:  # from the end of an array whose length is not known
                schemas.append(Part({"anyOf": [*first, others]}, part.source))
            elif 0 <= index < len(first):
                schemas.append(Part(first[index], part.source))
            else:
                schemas.append(Part(others, part.source))
        return joined(schemas)

    def names(self) -> Iterator[str]:
        """Yield the names that an object of this form is known to have, repeated or not."""
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
        """Return the type of any member that an object of this form is known to have."""
        if "object" not in self.types:
            return NOTHING
        names = list(dict.fromkeys(islice(self.names(), _MOST_MEMBERS + 1)))
        keywords = [names_of(part.schema) for part in self.parts]
        is_open = self.is_open or any(one.is_open for one in keywords)
        if is_open or len(names) > _MOST_MEMBERS:
            return ANY
        listed = [self.member(name).type for name in names]
        maps = [
            Part(of_part.others, part.source)
            for of_part, part in zip(keywords, self.parts, strict=True)
            if of_part.others not in (None, False)
        ]
        is_map = maps or not (listed or any(one.others is False for one in keywords))
        return any_of([*listed, joined(maps)] if is_map else listed)


@dataclass(frozen=True, slots=True)
class Member:
    """What stands under a name: `NOTHING` where it is not there."""

    type: ValueType
    is_certain: bool = False
    """Nothing can stand there; false: nothing is documented to."""


@dataclass(frozen=True, slots=True)
class ValueType:
    """What is known of a value: it has one of the *alternatives*; none: there is no value."""

    alternatives: tuple[Alternative, ...]

    @property
    def types(self) -> frozenset[str]:
        """The types that it may have, as in `TYPES`."""
        return frozenset[str]().union(*(one.types for one in self.alternatives))

    @property
    def is_nothing(self) -> bool:
        """Whether there is no value."""
        return not self.alternatives

    @property
    def is_documented(self) -> bool:
        """Whether nobody checks that a value is as it says."""
        return any(one.is_documented for one in self.alternatives)

    def member(self, name: str) -> Member:
        """Return what stands under *name* in an object."""
        found = [one.member(name) for one in self.alternatives]
        return Member(any_of([one.type for one in found]), all(one.is_certain for one in found))

    def item(self, index: int) -> ValueType:
        """Return what stands at *index* in an array; a negative one counts from the end."""
        return any_of([one.item(index) for one in self.alternatives])

    def members(self) -> ValueType:
        """Return the type of any member or item."""
        return any_of([one.members() for one in self.alternatives])

    def items(self) -> ValueType:
        """Return the type of any item."""
        return any_of([one.items() for one in self.alternatives])

    def names(self) -> Iterator[str]:
        """Yield the names that an object is known to have, repeated or not."""
        for one in self.alternatives:
            yield from one.names()

    def of_types(self, types: Iterable[str]) -> ValueType:
        """Return the type where the value has one of *types*."""
        return _narrowed(self.alternatives, frozenset(types))

    def descendants(self) -> ValueType:
        """Return the type of the value itself or any one below it."""
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
    """Return the type of a value that is of one of *types*."""
    known = [one for one in types if one.alternatives]
    if len(known) < 2:
        return known[0] if known else NOTHING
    alternatives: dict[Alternative, None] = {}
    for one in known:
        alternatives.update(dict.fromkeys(one.alternatives))
    if ANY.alternatives[0] in alternatives:
        return ANY
    if len(alternatives) > _MOST_ALTERNATIVES:
        every = frozenset[str]().union(*(one.types for one in alternatives))
        return ValueType((Alternative((), every, is_open=True),))
    return ValueType(tuple(alternatives))


def typed_by(schema: Schema) -> ValueType:
    """Return the type of the values that *schema* allows, which refers to nothing outside it."""
    return SchemaSource(schema).type_of(schema)


ANY = ValueType((Alternative(is_open=True),))
"""Nothing is known."""
NOTHING = ValueType(())
"""There is no value."""


# Several schemas for one value


@dataclass(slots=True)
class _Draft:
    """An alternative in the making."""

    pending: list[Part]
    parts: dict[Part, None] = field(default_factory=dict)
    seen: set[Part] = field(default_factory=set)
    """The schemas it came through: one may refer to itself."""
    types: frozenset[str] = TYPES
    is_open: bool = False

    def fork(self, part: Part) -> _Draft:
        """Return a copy that *part* holds for, too."""
        return replace(
            self, pending=[*self.pending, part], parts=dict(self.parts), seen=set(self.seen)
        )

    def take(self, part: Part) -> list[list[Part]]:
        """Add the schema of *part*, and what holds with it to what is pending; return the choices
        between further schemas.
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
        self.pending += [Part(one, part.source) for one in _listed(schema.get("allOf"))]
        choices = [_listed(schema.get(keyword)) for keyword in ("anyOf", "oneOf")]
        return [[Part(one, part.source) for one in options] for options in choices if options]

    def narrow(self, alternative: Alternative) -> None:
        """Add all that *alternative* says."""
        self.parts.update(dict.fromkeys(alternative.parts))
        self.types &= alternative.types
        self.is_open = self.is_open or alternative.is_open


def joined(parts: Sequence[Part]) -> ValueType:
    """Return the type of the values that all of *parts* allow."""
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
    return any_of([ValueType((one,)) for one in reversed(finished)])


def _take_pending(draft: _Draft, drafts: list[_Draft]) -> bool:
    """Add all that is pending in *draft*; return False where there was a choice: its drafts are
    added to *drafts* then.
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
                draft.is_open = True  # which of them it is, is not told
                continue
            others = [one for one in choices if one is not options]
            drafts += _forks(draft, options, others)
            return False
    return True


def _forks(
    draft: _Draft, options: Sequence[Part], others: Sequence[Sequence[Part]]
) -> Iterator[_Draft]:
    """Yield a draft for each of *options*; the *others*, of a second choice, are still to be
    made.
    """
    for option in options:
        forked = draft.fork(option)
        for choice in others:
            forked.pending.append(Part({"anyOf": [one.schema for one in choice]}, choice[0].source))
        yield forked


def _narrowed(alternatives: Iterable[Alternative], types: frozenset[str]) -> ValueType:
    narrowed = (replace(one, types=one.types & types) for one in alternatives)
    return ValueType(tuple(one for one in narrowed if one.types))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
