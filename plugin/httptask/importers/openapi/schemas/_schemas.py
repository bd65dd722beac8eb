"""Schema Objects of OpenAPI 2.0 to 3.2 as JSON Schema 2020-12."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from httptask._core.pointers import escaped, last, pointer
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
    LinkedPath,
)
from httptask.importers.openapi.schemas._patterns import Pattern, Patterns
from httptask.importers.openapi.schemas._repairs import ABOUT_ALL, STEPS, Step
from httptask.importers.openapi.schemas._types import meant

__all__ = ["OPENAPI_3_0", "OPENAPI_3_1", "SWAGGER_2", "Dialect", "Schemas"]

_DEEPEST = 64
"""Nested schemas that are converted; each costs a few frames of Python's stack."""
_LONGEST_NAME = 80
_CALLING = frozenset[str]().union(*(keywords for keywords, _ in STEPS))
"""The keywords that call a step."""

Resolve = Callable[[str, str], tuple[str, Any]]
Components = Callable[[], Iterable[tuple[str, str, Any]]]
Note = Callable[[str, str, str], None]
Written = Callable[[Any, str], str]


class Schemas:
    """Converts the Schema Objects of one description, and collects the named ones.

    A URI below is a file, `#` and a JSON Pointer. *resolve* takes a reference and the URI of the
    schema that has it. It returns the URI of the target, always the same for one target, and the
    target; it raises `LookupError` with a sentence if there is none, or it may not be opened.
    *note* takes a kind, a message and a URI. *written* takes a number or a boolean and its URI, and
    returns its text in the description; by default the text is JSON's. *components* yields (name,
    reference, raw schema) for each schema that the description names.

    Returned schemas may share parts with the description: they must not be changed.
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

    def schema(self, raw: Any, uri: str) -> dict[str, Any]:
        """Return the JSON Schema 2020-12 of the Schema Object *raw*, which is at *uri*.

        It is always an object and valid; guesses and omissions are noted. References become
        `{"$ref": "#/$defs/<name>"}`.
        """
        scope = scope_of(raw, uri, uri, {}, identified=self._dialect.has_identifiers)
        return self._definitions.mended(raw, uri, scope)

    @property
    def definitions(self) -> Mapping[str, Any]:
        """The named schemas: name -> schema, converted on access.

        It grows while schemas are converted, by access to a definition, too. Iteration over its
        items ends when nothing refers to a new name; `dict()` of it would only have the names known
        before.
        """
        return self._definitions


class _Definitions(Mapping[str, Any]):
    """The named schemas of a description: registered by references, converted on access."""

    def __init__(
        self, dialect: Dialect, resolve: Resolve, note: Note, written: Written, heirs: Heirs
    ) -> None:
        self.dialect = dialect
        self.note = note
        self.written = written
        self.patterns = Patterns()
        self.identifiers = Identifiers(resolve, identified=dialect.has_identifiers)
        self._targets: dict[str, Target | None] = {}
        self._names: dict[Any, str] = {}
        """URI and bindings of a target -> its name."""
        self._references: dict[Any, dict[str, str] | str] = {}
        """Reference and key of its scope -> the converted reference, or why it has no target."""
        self._counts: dict[str, int] = {}
        self._converted: dict[str, dict[str, Any]] = {}
        self._composed: set[str] = set()
        self._mended: dict[str, dict[str, Any]] = {}
        self._compositions = Compositions(self._plain)
        self._heirs = heirs
        self._bases: dict[str, str] = {}
        """Name of a definition with heirs -> the name of the definition without them."""
        self._uris: dict[str, str] = {}
        self._cycles = Cycles(
            self._local,
            self._variant,
            lambda message, name: note("guessed", message, self._uris[name]),
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

    def mended(self, raw: Any, uri: str, scope: Scope) -> dict[str, Any]:
        """Return the Schema Object *raw*, at *uri*, converted and mended."""
        return self._mend(*self._convert(raw, uri, scope), raw, uri)

    def _convert(self, raw: Any, uri: str, scope: Scope) -> tuple[dict[str, Any], bool]:
        """Return *raw* converted, and whether it contains a composition."""
        conversion = _Conversion(self, scope)
        schema = conversion.schema(raw, (None, uri))
        if isinstance(schema, bool):
            schema = {} if schema else {"not": {}}
        return schema, conversion.is_composed

    def _mend(self, schema: dict[str, Any], composed: bool, raw: Any, uri: str) -> dict[str, Any]:
        if not composed:
            return schema

        def note(message: str, path: Path) -> None:
            self.note("guessed", message, pointer(_written_part(raw, path), uri))

        mended: dict[str, Any] = self._compositions.mended(schema, note)
        return mended

    def reference(self, reference: str, scope: Scope) -> dict[str, str]:
        """Return `{"$ref": "#/$defs/<name>"}` for the target of *reference* in *scope*.

        Raises `LookupError`.
        """
        key = (scope.key, reference)
        result = self._references.get(key)
        if result is None:
            try:
                target = self.identifiers.target(reference, scope)
                result = {"$ref": DEFINITION + self._register(target)}
            except LookupError as error:
                result = str(error.args[0]) if error.args else "it points at nothing"
                target = None
            if target is None or not target.depends_on_root:
                self._references[key] = result
        if isinstance(result, str):
            raise LookupError(result)
        return result

    def inherited(self, reference: str, scope: Scope, path: LinkedPath) -> dict[str, str]:
        """Return the result of `reference` for a reference in the `allOf` of the schema at *path*.

        An heir is built on its parent alone, not on the choice among the parent's heirs.
        """
        result = self.reference(reference, scope)
        name = result["$ref"].removeprefix(DEFINITION)
        target = self._targets[name]
        if target is None or not self._heirs.of(target.uri, target.raw):
            return result
        if self._heirs.is_built_on(_uri(path), target.uri):
            return {"$ref": DEFINITION + self._base(name)}
        return result

    def _base(self, name: str) -> str:
        """Return the name of the definition *name* without its heirs."""
        if name not in self._bases:
            base = self._bases[name] = self._unique(f"{name}.base")
            self._targets[base] = self._targets[name]
            self._uris[base] = self._uris[name]
        return self._bases[name]

    def _choice(self, name: str, schema: dict[str, Any], heirs: list[Heir]) -> dict[str, Any]:
        """Return the definition *name* as a choice between *schema* and its *heirs*."""
        root = scope_of({}, "#", "#", {}, identified=False)
        references = {heir: self.reference(heir.reference, root)["$ref"] for heir in heirs}
        target = self._targets[name]
        own = {"$ref": DEFINITION + self._base(name)}
        tag = tag_of(self._uris[name].rpartition("/")[2], target.raw if target is not None else {})
        field = schema.get("properties", {}).get(schema["discriminator"]["propertyName"], {})
        if (
            enumeration := definition_name(field.get("$ref") if isinstance(field, dict) else None)
        ) is not None:
            field = self._plain(enumeration)
        return chosen_by_tag(schema, DEFINITION + name, own, tag, references, field)

    def _register(self, target: Target) -> str:
        key = (target.uri, target.scope.bound)
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = self._unique(_name_of(target.uri))
            self._targets[name] = target
            self._uris[name] = target.uri
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
        self._uris[variant] = self._uris[name]
        return variant

    def _plain(self, name: str) -> dict[str, Any]:
        """Return the definition *name* converted, but not mended.

        The targets of its references need not be converted.
        """
        schema = self._converted.get(name)
        if schema is None:
            target = self._targets[name]
            assert target is not None  # noqa: S101 - variants are made of mended definitions, and never converted
            schema, is_composed = self._convert(target.raw, target.uri, target.scope)
            heirs = self._heirs.of(target.uri, target.raw) if "discriminator" in schema else []
            if heirs and name in self._bases.values():
                schema = {
                    keyword: value
                    for keyword, value in schema.items()
                    if keyword != "discriminator"
                }
            elif heirs:
                schema, is_composed = self._choice(name, schema, heirs), True
            self._converted[name] = schema
            if is_composed:
                self._composed.add(name)
        return schema

    def _local(self, name: str) -> dict[str, Any]:
        """Return the definition *name*, converted and mended."""
        schema = self._mended.get(name)
        if schema is None:
            plain = self._plain(name)
            target = self._targets[name]
            raw = target.raw if target is not None else None
            schema = self._mend(plain, name in self._composed, raw, self._uris[name])
            self._mended[name] = schema
        return schema


def _written_part(raw: Any, path: Path) -> Iterator[str | int]:
    """Yield the steps of *path*, in a converted schema, as far as *raw* has them."""
    for step in path:
        is_index = isinstance(raw, list) and isinstance(step, int) and step < len(raw)
        if not is_index and not (isinstance(raw, Mapping) and step in raw):
            return
        raw = raw[step]
        yield step


def _name_of(uri: str) -> str:
    """Return a name for the schema at *uri*: the end of its pointer, or else its file's name."""
    file, _, pointer = uri.partition("#")
    name = last(pointer) or posixpath.basename(file).partition(".")[0]
    return re.sub(r"[^A-Za-z0-9._-]", "", name)[:_LONGEST_NAME] or "Schema"


@lru_cache(maxsize=1024)
def _steps(calling: frozenset[str]) -> tuple[Step, ...]:
    """Return the steps that the keywords *calling* of a schema call, in their order."""
    return tuple(step for keywords, step in STEPS if not keywords.isdisjoint(calling))


class _Conversion:
    """The conversion of one schema with its subschemas."""

    def __init__(self, definitions: _Definitions, scope: Scope) -> None:
        self._definitions = definitions
        self._dialect = definitions.dialect
        self._rules = definitions.dialect.rules
        self._scope = scope
        self._depth = 0
        self.is_composed = False

    def schema(self, raw: Any, path: LinkedPath) -> Any:
        """Return the Schema Object *raw*, at *path*, converted; *raw* itself if nothing changes."""
        if type(raw) is not dict:
            return self._no_object(raw, path)
        if self._depth >= _DEEPEST:
            self.note(
                "skipped",
                f"more than {_DEEPEST} schemas inside of each other: any value is allowed here",
                path,
            )
            return {}
        self._depth += 1
        outer = self._scope
        if self._dialect.has_identifiers and "$id" in raw and raw is not outer.root:
            self._scope = outer.inner(raw, _uri(path))
        try:
            if self._dialect.has_identifiers and ("$dynamicRef" in raw or "$recursiveRef" in raw):
                raw = self._without_dynamic(raw)
            return (
                self._with_reference(raw, path) if "$ref" in raw else self._keywords(raw, path, {})
            )
        finally:
            self._depth -= 1
            self._scope = outer

    def named(self, reference: str, path: LinkedPath) -> str | None:
        """Return `#/$defs/<name>` for the target of *reference*; None, with a note, without one."""
        try:
            return self._definitions.reference(reference, self._scope)["$ref"]
        except LookupError as error:
            self.note("missing", str(error.args[0]), path)
            return None

    def target(self, reference: str, path: LinkedPath) -> Any:
        """Return what stands at *reference*; None, with a note, when nothing does."""
        try:
            return self._definitions.identifiers.value(reference, self._scope)
        except LookupError as error:
            self.note("missing", str(error.args[0]), path)
            return None

    def pattern(self, written: str) -> Pattern:
        """Return the usable form of the pattern *written*."""
        return self._definitions.patterns.usable(written)

    def written(self, value: Any, path: LinkedPath) -> str:
        """Return the text of *value*, a number or a boolean, as written at *path*."""
        return self._definitions.written(value, _uri(path))

    def may_match(self, pattern: str, text: str) -> bool:
        """Return False only if the usable *pattern* surely does not match *text*."""
        return self._definitions.patterns.may_match(pattern, text)

    def note(self, kind: str, message: str, path: LinkedPath) -> None:
        """Note what was guessed, skipped or missing at *path*."""
        self._definitions.note(kind, message, _uri(path))

    def _no_object(self, raw: Any, path: LinkedPath) -> Any:
        if isinstance(raw, bool):
            return raw
        type_and_format = meant(raw) if isinstance(raw, str) else None
        if type_and_format is not None:
            self.note("guessed", f"{raw!r} is taken for a schema of that type", path)
            return {
                key: value
                for key, value in zip(("type", "format"), type_and_format, strict=True)
                if value is not None
            }
        self.note("skipped", "this is no schema: any value is allowed here", path)
        return {}

    def _keywords(
        self, raw: dict[str, Any], path: LinkedPath, schema: dict[str, Any]
    ) -> dict[str, Any]:
        rules = self._rules
        is_same = not schema
        for keyword, value in raw.items():
            if value.__class__ is KEPT.get(keyword):
                schema[keyword] = value
                continue
            rule = rules.get(keyword)
            if rule is not None:
                new = rule(self, value, (path, keyword))
                if new is not value:
                    is_same = False
                if new is not ABSENT:
                    schema[keyword] = new
            elif keyword[:2] != "x-" and keyword[:1] != "$":
                schema[keyword] = value
            else:
                is_same = False
        if not COMPOSED.isdisjoint(raw):
            self.is_composed = True
        calling = _CALLING.intersection(raw)
        if calling:
            for step in _steps(calling):
                step(self, raw, schema, path)
            self._note_foreign(raw, path)
            # A step may have changed anything.
            is_same = is_same and len(schema) == len(raw)
            is_same = is_same and all(
                schema.get(key, ABSENT) is value for key, value in raw.items()
            )
        return raw if is_same else schema

    def _note_foreign(self, raw: dict[str, Any], path: LinkedPath) -> None:
        for keyword in self._dialect.foreign:
            if raw.get(keyword):
                self.note("guessed", f"{keyword} is of another version, and is read as there", path)

    def _with_reference(self, raw: dict[str, Any], path: LinkedPath) -> dict[str, Any]:
        reference = raw["$ref"]
        counted = self._dialect.beside_reference
        if not isinstance(reference, str):
            self.note("skipped", "$ref is left out: it is no text", path)
            return self._keywords(
                {key: value for key, value in raw.items() if key != "$ref"}, path, {}
            )
        try:
            target: dict[str, Any] = self._target(reference, path)
        except LookupError as error:
            self.note("missing", f"{error.args[0]}: any value is allowed here", path)
            target = {}
        if len(raw) == 1:
            return target
        rest = {
            key: value
            for key, value in raw.items()
            if key != "$ref" and (counted is None or key in counted)
        }
        if not ABOUT_ALL.issuperset(rest):
            self.is_composed = True
        return self._keywords(rest, path, {**target}) if rest else target

    def _target(self, reference: str, path: LinkedPath) -> dict[str, str]:
        """Return the converted reference of the schema at *path*."""
        parent = path[0]
        if parent is not None and parent[0] is not None and parent[1] == "allOf":
            return self._definitions.inherited(reference, self._scope, parent[0])
        return self._definitions.reference(reference, self._scope)

    def _without_dynamic(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Return *raw* with a static reference instead of a dynamic one.

        The scope already determines where the dynamic reference leads.
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


def _uri(path: LinkedPath) -> str:
    tokens: list[str] = []
    while path[0] is not None:
        tokens.append(escaped(str(path[1])))
        path = path[0]
    tokens.append(path[1])
    return "/".join(reversed(tokens))
