"""Schema Objects of OpenAPI 2.0 to 3.2 as JSON Schema 2020-12."""

from __future__ import annotations

import json
import operator
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from httptask._core.pointers import pointer
from httptask._schema.subschemas import DEFINITION, Path, definition_name
from httptask.importers.openapi.schemas._compositions import COMPOSED, Compositions
from httptask.importers.openapi.schemas._cycles import Cycles
from httptask.importers.openapi.schemas._heirs import Heir, Heirs, chosen_by_tag, tag_of
from httptask.importers.openapi.schemas._identifiers import Identifiers, Scope, Target, scope_of
from httptask.importers.openapi.schemas._keywords import (
    ABSENT,
    KEPT,
    OPENAPI_3_0,
    OPENAPI_3_1,
    SWAGGER_2,
    Dialect,
    Place,
)
from httptask.importers.openapi.schemas._patterns import Pattern, Patterns
from httptask.importers.openapi.schemas._repairs import ABOUT_ALL, STEPS, Step
from httptask.importers.openapi.schemas._types import meant

__all__ = ["OPENAPI_3_0", "OPENAPI_3_1", "SWAGGER_2", "Dialect", "Schemas"]

_DEEPEST = 64
"""Schemas inside of each other that are looked at; each costs a few frames of Python's stack."""
_LONGEST_NAME = 80
_CALLING = frozenset[str]().union(*(keywords for keywords, _ in STEPS))
"""The keywords of which one calls for a step."""

Resolve = Callable[[str, str], tuple[str, Any]]
Components = Callable[[], Iterable[tuple[str, str, Any]]]
Note = Callable[[str, str, str], None]
Written = Callable[[Any, str], str]


class Schemas:
    """Converts the Schema Objects of one description and gathers those that are named.

    *dialect* is how they are written. *resolve* takes a reference and the place of the schema that
    it stands in, and returns the place of what it points at, always the same for one target, and
    what stands there; it raises `LookupError` with a sentence when there is nothing, or nothing
    that may be opened. *note* takes a kind, a message and a place. *written* takes a number or a
    boolean and its place, and returns its text there; without it, that is JSON's. *components*
    yields the name, the reference and the raw schema of each schema that the description names. A
    place is a file, `#` and a JSON Pointer.

    Schemas that are returned may be parts of what was given: they must not be changed.
    """

    def __init__(
        self,
        dialect: Dialect,
        resolve: Resolve,
        note: Note,
        written: Written | None = None,
        components: Components = tuple,
    ) -> None:
        self._dialect = dialect
        self._note = note
        self._definitions = _Definitions(
            dialect, resolve, note, written or _as_json, Heirs(components, resolve)
        )

    def schema(self, raw: Any, pointer: str) -> dict[str, Any]:
        """Return the JSON Schema 2020-12 of the Schema Object *raw*, which stands at *pointer*.

        It is always an object and valid; whatever had to be guessed or left out is noted.
        References become `{"$ref": "#/$defs/<name>"}`.
        """
        scope = scope_of(raw, pointer, pointer, {}, identified=self._dialect.has_identifiers)
        return self._definitions.mended(raw, pointer, scope)

    @property
    def definitions(self) -> Mapping[str, Any]:
        """Return the named schemas: name -> schema, converted when it is looked at.

        It grows while schemas are converted, looking at a definition included. Going through its
        items comes to an end when nothing refers to anything new; `dict()` of it would only have
        the names that are known before.
        """
        return self._definitions


class _Definitions(Mapping[str, Any]):
    """The named schemas of a description: registered by references to them, converted when they are
    looked at.
    """

    def __init__(
        self, dialect: Dialect, resolve: Resolve, note: Note, written: Written, heirs: Heirs
    ) -> None:
        self.dialect = dialect
        self.note = note
        self.written = written
        self.patterns = Patterns()
        self.identifiers = Identifiers(resolve, identified=dialect.has_identifiers)
        self._targets: dict[str, Target | None] = {}
        self._names: dict[Any, str] = {}  # what makes a target what it is -> its name
        self._known: dict[
            Any, dict[str, str] | str
        ] = {}  # a reference and its scope -> what it became, or why it is nothing
        self._counts: dict[str, int] = {}
        self._converted: dict[str, dict[str, Any]] = {}
        self._composed: set[str] = set()
        self._mended: dict[str, dict[str, Any]] = {}
        self._compositions = Compositions(self._plain)
        self._heirs = heirs
        self._bases: dict[
            str, str
        ] = {}  # a definition that others may stand for -> what it is by itself
        self._places: dict[str, str] = {}
        self._cycles = Cycles(
            self._local,
            self._variant,
            lambda message, name: note("guessed", message, self._places[name]),
        )

    def __getitem__(self, name: str) -> dict[str, Any]:
        if name not in self._targets:
            raise KeyError(name)
        return self._cycles.broken(name)

    def __iter__(self) -> Iterator[str]:
        listed: list[str] = []
        while len(listed) < len(self._targets):
            new = list(self._targets)[len(listed) :]
            listed += new
            yield from new

    def __len__(self) -> int:
        return len(self._targets)

    def __contains__(self, name: object) -> bool:
        return name in self._targets

    def mended(self, raw: Any, place: str, scope: Scope) -> dict[str, Any]:
        """Return the Schema Object *raw*, at *place*, converted and mended."""
        return self._mend(*self._convert(raw, place, scope), raw, place)

    def _convert(self, raw: Any, place: str, scope: Scope) -> tuple[dict[str, Any], bool]:
        """Return *raw* converted, and whether anything in it is composed."""
        conversion = _Conversion(self, scope)
        schema = conversion.schema(raw, (None, place))
        if isinstance(schema, bool):
            schema = {} if schema else {"not": {}}
        return schema, conversion.is_composed

    def _mend(self, schema: dict[str, Any], composed: bool, raw: Any, at: str) -> dict[str, Any]:
        if not composed:
            return schema

        def note(message: str, path: Path) -> None:
            self.note("guessed", message, pointer(_written_part(raw, path), at))

        mended: dict[str, Any] = self._compositions.mended(schema, note)
        return mended

    def reference(self, reference: str, scope: Scope) -> dict[str, str]:
        """Return `{"$ref": "#/$defs/<name>"}` for what *reference*, in *scope*, points at. Raises
        `LookupError`.
        """
        key = (scope.key, reference)
        found = self._known.get(key)
        if found is None:
            try:
                target = self.identifiers.target(reference, scope)
                found = {"$ref": DEFINITION + self._register(target)}
            except LookupError as error:
                found = str(error.args[0]) if error.args else "it points at nothing"
                target = None
            if target is None or not target.depends_on_root:
                self._known[key] = found
        if isinstance(found, str):
            raise LookupError(found)
        return found

    def inherited(self, reference: str, scope: Scope, place: str) -> dict[str, str]:
        """Return `reference` for one in the `allOf` of the schema at *place*: what is built on
        another is not of its heirs.
        """
        found = self.reference(reference, scope)
        name = found["$ref"].removeprefix(DEFINITION)
        target = self._targets[name]
        if (
            target is not None
            and self._heirs.of(target.place, target.raw)
            and self._heirs.is_built_on(place, target.place)
        ):
            return {"$ref": DEFINITION + self._base(name)}
        return found

    def _base(self, name: str) -> str:
        """Return the name of what the definition *name* is by itself, without its heirs."""
        if name not in self._bases:
            base = self._bases[name] = self._unique(f"{name}.base")
            self._targets[base] = self._targets[name]
            self._places[base] = self._places[name]
        return self._bases[name]

    def _choice(self, name: str, schema: dict[str, Any], heirs: list[Heir]) -> dict[str, Any]:
        """Return what the definition *name*, itself *schema*, is where it is referred to: itself,
        or one of its *heirs*.
        """
        root = scope_of({}, "#", "#", {}, identified=False)
        references = {heir: self.reference(heir.reference, root)["$ref"] for heir in heirs}
        target = self._targets[name]
        own = {"$ref": DEFINITION + self._base(name)}
        tag = tag_of(
            self._places[name].rpartition("/")[2], target.raw if target is not None else {}
        )
        field = schema.get("properties", {}).get(schema["discriminator"]["propertyName"], {})
        if (
            enumeration := definition_name(field.get("$ref") if isinstance(field, dict) else None)
        ) is not None:
            field = self._plain(enumeration)
        return chosen_by_tag(schema, DEFINITION + name, own, tag, references, field)

    def _register(self, target: Target) -> str:
        key = (target.place, target.scope.bound)
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = self._unique(_name_of(target.place))
            self._targets[name] = target
            self._places[name] = target.place
        return name

    def _unique(self, name: str) -> str:
        while True:
            count = self._counts[name] = self._counts.get(name, 0) + 1
            unique = name if count == 1 else f"{name}_{count}"
            if unique not in self._targets:
                return unique

    def _variant(self, name: str) -> str:
        variant = self._unique(f"{name}.base")
        self._targets[variant] = None
        self._places[variant] = self._places[name]
        return variant

    def _plain(self, name: str) -> dict[str, Any]:
        """Return the definition *name* as it is converted; what it refers to has not been looked
        at.
        """
        found = self._converted.get(name)
        if found is None:
            target = self._targets[name]
            assert target is not None  # noqa: S101 - variants are made of mended definitions, and none asks for one here
            found, is_composed = self._convert(target.raw, target.place, target.scope)
            heirs = self._heirs.of(target.place, target.raw) if "discriminator" in found else []
            if heirs and name in self._bases.values():
                found = {
                    keyword: value for keyword, value in found.items() if keyword != "discriminator"
                }
            elif heirs:
                found, is_composed = self._choice(name, found, heirs), True
            self._converted[name] = found
            if is_composed:
                self._composed.add(name)
        return found

    def _local(self, name: str) -> dict[str, Any]:
        """Return the definition *name*, mended."""
        found = self._mended.get(name)
        if found is None:
            plain = self._plain(name)
            target = self._targets[name]
            raw = target.raw if target is not None else None
            found = self._mend(plain, name in self._composed, raw, self._places[name])
            self._mended[name] = found
        return found


def _written_part(raw: Any, path: Path) -> Iterator[str | int]:
    """Yield the steps of *path*, of a converted schema, as far as *raw* has them."""
    for step in path:
        is_index = isinstance(raw, list) and isinstance(step, int) and step < len(raw)
        if not is_index and not (isinstance(raw, Mapping) and step in raw):
            return
        raw = raw[step]
        yield step


def _name_of(place: str) -> str:
    """Return what the definition of the schema at *place* is called: the last part of its pointer,
    or else its file's name.
    """
    file, _, pointer = place.partition("#")
    last = (
        pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        or posixpath.basename(file).partition(".")[0]
    )
    return re.sub(r"[^A-Za-z0-9._-]", "", last)[:_LONGEST_NAME] or "Schema"


@lru_cache(maxsize=1024)
def _steps(calling: frozenset[str]) -> tuple[Step, ...]:
    """Return the steps that the keywords *calling* of a schema call for, in their order."""
    return tuple(step for keywords, step in STEPS if not keywords.isdisjoint(calling))


class _Conversion:
    """One schema on its way, with all that is in it."""

    def __init__(self, definitions: _Definitions, scope: Scope) -> None:
        self._definitions = definitions
        self._dialect = definitions.dialect
        self._rules = definitions.dialect.rules
        self._scope = scope
        self._depth = 0
        self.is_composed = False

    def schema(self, raw: Any, place: Place) -> Any:
        """Return the Schema Object *raw*, at *place*, converted; the very same object when nothing
        had to change.
        """
        if type(raw) is not dict:
            return self._no_object(raw, place)
        if self._depth >= _DEEPEST:
            self.note(
                "skipped",
                f"more than {_DEEPEST} schemas inside of each other: any value is allowed here",
                place,
            )
            return {}
        self._depth += 1
        outer = self._scope
        if self._dialect.has_identifiers and "$id" in raw and raw is not outer.root:
            self._scope = outer.inner(raw, _text(place))
        try:
            if self._dialect.has_identifiers and ("$dynamicRef" in raw or "$recursiveRef" in raw):
                raw = self._without_dynamic(raw)
            return self._referring(raw, place) if "$ref" in raw else self._keywords(raw, place, {})
        finally:
            self._depth -= 1
            self._scope = outer

    def named(self, reference: str, place: Place) -> str | None:
        """Return `#/$defs/<name>` for what *reference* points at, None for nothing, which is
        noted.
        """
        try:
            return self._definitions.reference(reference, self._scope)["$ref"]
        except LookupError as error:
            self.note("missing", str(error.args[0]), place)
            return None

    def pattern(self, written: str) -> Pattern:
        """Return what becomes of the pattern *written*."""
        return self._definitions.patterns.usable(written)

    def written(self, value: Any, place: Place) -> str:
        """Return the text of *value*, a number or a boolean, as it stands at *place*."""
        return self._definitions.written(value, _text(place))

    def may_match(self, pattern: str, text: str) -> bool:
        """Say whether the usable *pattern* matches *text*, or takes too long to be sure."""
        return self._definitions.patterns.may_match(pattern, text)

    def note(self, kind: str, message: str, place: Place) -> None:
        """Report what was guessed, skipped or missing at *place*."""
        self._definitions.note(kind, message, _text(place))

    def _no_object(self, raw: Any, place: Place) -> Any:
        if isinstance(raw, bool):
            return raw
        known = meant(raw) if isinstance(raw, str) else None
        if known is not None:
            self.note("guessed", f"{raw!r} is taken for a schema of that type", place)
            return {
                key: value
                for key, value in zip(("type", "format"), known, strict=True)
                if value is not None
            }
        self.note("skipped", "this is no schema: any value is allowed here", place)
        return {}

    def _keywords(
        self, raw: dict[str, Any], place: Place, schema: dict[str, Any]
    ) -> dict[str, Any]:
        rules = self._rules
        for keyword, value in raw.items():
            if value.__class__ is KEPT.get(keyword):
                schema[keyword] = value
                continue
            rule = rules.get(keyword)
            if rule is not None:
                new = rule(self, value, (place, keyword))
                if new is not ABSENT:
                    schema[keyword] = new
            elif keyword[:2] != "x-" and keyword[:1] != "$":
                schema[keyword] = value
        if not COMPOSED.isdisjoint(raw):
            self.is_composed = True
        calling = _CALLING.intersection(raw)
        if calling:
            for step in _steps(calling):
                step(self, raw, schema, place)
            self._note_foreign(raw, place)
        if len(schema) != len(raw):
            return schema
        if list(schema) == list(raw):  # nearly always, and quicker to compare
            is_same = all(map(operator.is_, schema.values(), raw.values()))
        else:
            is_same = all(schema.get(key, ABSENT) is value for key, value in raw.items())
        return raw if is_same else schema

    def _note_foreign(self, raw: dict[str, Any], place: Place) -> None:
        for keyword in self._dialect.foreign:
            if raw.get(keyword):
                self.note(
                    "guessed", f"{keyword} is of another version, and is read as there", place
                )

    def _referring(self, raw: dict[str, Any], place: Place) -> dict[str, Any]:
        reference = raw["$ref"]
        beside = self._dialect.beside_reference
        if not isinstance(reference, str):
            self.note("skipped", "$ref is left out: it is no text", place)
            return self._keywords(
                {key: value for key, value in raw.items() if key != "$ref"}, place, {}
            )
        try:
            target: dict[str, Any] = self._target(reference, place)
        except LookupError as error:
            self.note("missing", f"{error.args[0]}: any value is allowed here", place)
            target = {}
        if len(raw) == 1:
            return target
        rest = {
            key: value
            for key, value in raw.items()
            if key != "$ref" and (beside is None or key in beside)
        }
        if not ABOUT_ALL.issuperset(rest):
            self.is_composed = True
        return self._keywords(rest, place, {**target}) if rest else target

    def _target(self, reference: str, place: Place) -> dict[str, str]:
        """Return what *reference*, of the schema at *place*, becomes."""
        around = place[0]
        if around is not None and around[0] is not None and around[1] == "allOf":
            return self._definitions.inherited(reference, self._scope, _text(around[0]))
        return self._definitions.reference(reference, self._scope)

    def _without_dynamic(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Return *raw* with a plain reference for a dynamic one: it is known here where that one
        leads.
        """
        reference = raw.get("$dynamicRef", raw.get("$recursiveRef"))
        rest = {
            key: value for key, value in raw.items() if key not in ("$dynamicRef", "$recursiveRef")
        }
        if not isinstance(reference, str):
            return rest
        dynamic = {"$ref": self._definitions.identifiers.bound(reference, self._scope)}
        if "$ref" not in rest:
            return {**rest, **dynamic}
        others = rest.get("allOf")
        return {**rest, "allOf": [*(others if isinstance(others, list) else ()), dynamic]}


def _as_json(value: Any, _: str) -> str:
    return json.dumps(value)


def _text(place: Place) -> str:
    tokens: list[str] = []
    while place[0] is not None:
        tokens.append(str(place[1]).replace("~", "~0").replace("/", "~1"))
        place = place[0]
    tokens.append(place[1])
    return "/".join(reversed(tokens))
