"""Convert one Schema Object with its subschemas, keyword by keyword."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import escaped
from httptask.importers.openapi.schemas._compositions import COMPOSED
from httptask.importers.openapi.schemas._identifiers import Scope
from httptask.importers.openapi.schemas._keywords import KEPT
from httptask.importers.openapi.schemas._patterns import Pattern
from httptask.importers.openapi.schemas._repairs import ABOUT_ALL, STEPS, Step
from httptask.importers.openapi.schemas._rule import ABSENT, LinkedPath
from httptask.importers.openapi.schemas._types import meant

if TYPE_CHECKING:
    from httptask.importers.openapi.schemas._named_schemas import NamedSchemas

_DEEPEST = 64
"""The most levels of nested schemas. Each level takes a few frames of Python's stack."""
_CALLING = frozenset[str]().union(*(keywords for keywords, _ in STEPS))
"""The keywords for which a step runs."""


class Conversion:
    """The conversion of one schema with its subschemas."""

    def __init__(self, named: NamedSchemas, scope: Scope) -> None:
        self._named = named
        self._dialect = named.dialect
        self._rules = named.dialect.rules
        self._scope = scope
        self._depth = 0
        self.is_composed = False

    def schema(self, raw: Any, path: LinkedPath) -> Any:
        """Convert the Schema Object *raw*, at *path*; return *raw* itself if nothing changes."""
        if type(raw) is not dict:
            return self._no_object(raw, path)
        # Below Python's own limit, so that the rest of the description can still be read.
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
            self._scope = outer.inner(raw, uri_of(path))
        try:
            if self._dialect.has_identifiers and ("$dynamicRef" in raw or "$recursiveRef" in raw):
                raw = self._without_dynamic(raw)
            if "$ref" in raw:
                return self._with_reference(raw, path)
            return self._keywords(raw, path, {})
        finally:
            self._depth -= 1
            self._scope = outer

    def named(self, reference: str, path: LinkedPath) -> str | None:
        """Return `#/$defs/<name>` for *reference*; None, with a note, if it has no target."""
        try:
            return self._named.reference(reference, self._scope)["$ref"]
        except LookupError as error:
            self.note("missing", str(error.args[0]), path)
            return None

    def target(self, reference: str, path: LinkedPath) -> Any:
        """Return the value at *reference*; None, with a note, if there is none."""
        try:
            return self._named.identifiers.value(reference, self._scope)
        except LookupError as error:
            self.note("missing", str(error.args[0]), path)
            return None

    def pattern(self, written: str) -> Pattern:
        """Return the usable form of the pattern *written*."""
        return self._named.patterns.usable(written)

    def written(self, value: Any, path: LinkedPath) -> str:
        """Return the spelling of *value*, a number or a boolean, at *path*."""
        return self._named.written(value, uri_of(path))

    def may_match(self, pattern: str, text: str) -> bool:
        """Return False only if it is certain that the usable *pattern* does not match *text*."""
        return self._named.patterns.may_match(pattern, text)

    def note(self, kind: str, message: str, path: LinkedPath) -> None:
        """Add a note on the value at *path*, which was guessed, skipped or missing."""
        self._named.note(kind, message, uri_of(path))

    def _no_object(self, raw: Any, path: LinkedPath) -> Any:
        if isinstance(raw, bool):
            return raw
        type_and_format = None
        if isinstance(raw, str):
            type_and_format = meant(raw)
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
        self,
        raw: dict[str, Any],
        path: LinkedPath,
        schema: dict[str, Any],
    ) -> dict[str, Any]:
        """Convert the keywords of *raw* into *schema*. Return *raw* itself if nothing changes."""
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
            # A step may have changed any keyword.
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
        """Convert a schema with `$ref`: the reference, and the keywords that count beside it."""
        reference = raw["$ref"]
        allowed = self._dialect.beside_reference
        if not isinstance(reference, str):
            self.note("skipped", "$ref is left out: it is no text", path)
            return self._keywords(
                {key: value for key, value in raw.items() if key != "$ref"},
                path,
                {},
            )
        try:
            target: dict[str, Any] = self._target(reference, path)
        except LookupError as error:
            self.note("missing", f"{error.args[0]}: any value is allowed here", path)
            target = {}
        if len(raw) == 1:
            return target
        siblings = {
            key: value
            for key, value in raw.items()
            if key != "$ref" and (allowed is None or key in allowed)
        }
        if not ABOUT_ALL.issuperset(siblings):
            self.is_composed = True
        if siblings:
            return self._keywords(siblings, path, {**target})
        return target

    def _target(self, reference: str, path: LinkedPath) -> dict[str, str]:
        """Return the converted *reference*, which the schema at *path* contains."""
        parent = path[0]
        if parent is not None and parent[0] is not None and parent[1] == "allOf":
            return self._named.inherited(reference, self._scope, parent[0])
        return self._named.reference(reference, self._scope)

    def _without_dynamic(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Return *raw* with a static reference in place of the dynamic one.

        The target of a dynamic reference depends only on the scope, which is known.
        """
        reference = raw.get("$dynamicRef", raw.get("$recursiveRef"))
        without_dynamic = {
            key: value for key, value in raw.items() if key not in ("$dynamicRef", "$recursiveRef")
        }
        if not isinstance(reference, str):
            return without_dynamic
        dynamic = {"$ref": self._named.identifiers.bound(reference, self._scope)}
        if "$ref" not in without_dynamic:
            return {**without_dynamic, **dynamic}
        all_of = without_dynamic.get("allOf")
        return {
            **without_dynamic,
            "allOf": [*(all_of if isinstance(all_of, list) else ()), dynamic],
        }


@lru_cache(maxsize=1024)
def _steps(calling: frozenset[str]) -> tuple[Step, ...]:
    """Return the steps for a schema with the keywords *calling*, in the order of `STEPS`."""
    return tuple(step for keywords, step in STEPS if not keywords.isdisjoint(calling))


def uri_of(path: LinkedPath) -> str:
    """Return the URI of the value at *path*."""
    tokens: list[str] = []
    while path[0] is not None:
        tokens.append(escaped(str(path[1])))
        path = path[0]
    tokens.append(path[1])
    return "/".join(reversed(tokens))
