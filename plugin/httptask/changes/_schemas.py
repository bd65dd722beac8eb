"""List the changes between two versions of a schema, as sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from httptask._schema.subschemas import (
    IN_ONE,
    definition_name,
    definition_names,
    referenced_definition,
)
from httptask.changes._acceptance import Acceptance
from httptask.changes._constraints import NOTES, SchemaViews, View, key

_MOST_SCHEMAS = 5_000
"""The most pairs of schemas of one endpoint that are compared."""
_DEEPEST = 100
"""The most levels of recursion. The outermost call compares the pairs further down."""
_ASKING = frozenset(("not", "contains"))
"""Keywords with a schema that a valid value need not satisfy."""
_CONDITION = ("if", "then", "else")
_OWN_SENTENCES = (
    NOTES
    | {*_CONDITION, "required", "properties", "anyOf"}
    | {"patternProperties", "dependentSchemas"}
)
"""Keywords with their own sentences for changes."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two versions of an endpoint."""

    place: str
    """`query.limit`, `body.email.subject`, `responses.200.id`; or `endpoint`, for all of it."""
    message: str
    narrows: bool = False
    """Whether a request that was valid may now be refused, or responses may have other values."""

    def to_json(self) -> dict[str, Any]:
        """Return `{"place", "message", "narrows"}`."""
        return {
            "place": self.place,
            "message": self.message,
            "narrows": self.narrows,
        }


class SchemaChanges:
    """Compares the schemas of one endpoint's requests, or of its responses.

    The accepted values are compared, not the way schemas are written. A change `narrows` unless it
    can be shown that the new version accepts every request that the old one accepted, or sends only
    responses that the old one could send.
    """

    def __init__(
        self,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        *,
        is_answer: bool,
    ) -> None:
        self._is_answer = is_answer
        self._old = SchemaViews(old, is_answer=is_answer)
        self._new = SchemaViews(new, is_answer=is_answer)
        self._acceptance = Acceptance(*self._ordered(self._old, self._new))
        self._definitions = old, new
        self._unchanged: dict[str, bool] = {}
        self._room = _MOST_SCHEMAS
        self._level = 0
        self._later: list[tuple[Any, Any, str]] = []
        self._compared: set[tuple[str, str]] = set()

    def changes(
        self,
        old: Any,
        new: Any,
        location: str,
    ) -> Iterator[Change]:
        """Yield the changes from the schema *old* to *new*; a pair of definitions counts once."""
        names = referenced_definition(old), referenced_definition(new)
        if None not in names:
            pair = (f"{names[0]}", f"{names[1]}")
            if pair in self._compared:
                return
            self._compared.add(pair)
        if self._room <= 0 or self._is_unchanged(old, new):
            return
        self._room -= 1
        self._later.append((old, new, location))
        if self._level == _DEEPEST:
            return  # Python's stack is limited: the outermost call compares this pair
        is_outermost = self._level == 0
        self._level += 1
        yield from self._differences(*self._later.pop())
        while is_outermost and self._later:
            yield from self._differences(*self._later.pop())
        self._level -= 1

    def _differences(
        self,
        old: Any,
        new: Any,
        location: str,
    ) -> Iterator[Change]:
        before = self._old.view(old)
        after = self._new.view(new)
        if ("anyOf" in before) != ("anyOf" in after):
            yield from self._one_with_alternatives(before, after, location)
            # Without other keywords on one side, the sentence above tells the whole change.
            only_alternatives = {"anyOf", *NOTES}
            if set(before) <= only_alternatives or set(after) <= only_alternatives:
                return
        elif "anyOf" in before:
            yield from self._alternatives(before["anyOf"], after["anyOf"], location)
        yield from self._notes(before, after, location)
        yield from self._required(before, after, location)
        yield from self._fields(
            before,
            after,
            self._new.absent(new),
            self._old.absent(old),
            location,
        )
        yield from self._patterns(before, after, location)
        yield from self._condition(before, after, location)
        yield from self._keywords(before, after, location)

    def _ordered(self, old: Any, new: Any) -> tuple[Any, Any]:
        """Return *old* and *new* in the order of `Acceptance`: (wide, narrow)."""
        if self._is_answer:
            return (old, new)
        return (new, old)

    def _accepts(self, old: Any, new: Any) -> bool:
        return self._acceptance.accepts(*self._ordered(old, new))

    def _narrows(self, keyword: str, old: View, new: View) -> bool:
        return self._acceptance.refuses(keyword, *self._ordered(old, new))

    def _is_unchanged(self, old: Any, new: Any) -> bool:
        """Say whether two schemas, and all definitions they refer to, are written the same."""
        if old != new:
            return False
        names = set(definition_names(old))
        for name in names:
            self._look_through(name)
        return all(self._unchanged[name] for name in names)

    def _look_through(self, start: str) -> None:
        """Fill `_unchanged` for the definition *start* and all that it refers to.

        A definition is unchanged if it and all definitions it refers to are written the same.
        """
        old, new = self._definitions
        names = [start]
        changed = list[str]()
        users: dict[str, list[str]] = {}
        while names:
            name = names.pop()
            if name in self._unchanged:
                continue
            self._unchanged[name] = True
            if old.get(name) != new.get(name):
                changed.append(name)
            for inner in definition_names(old.get(name)):
                if self._unchanged.get(inner) is False:
                    changed.append(name)
                users.setdefault(inner, []).append(name)
                names.append(inner)
        while changed:
            name = changed.pop()
            if self._unchanged[name]:
                self._unchanged[name] = False
                changed.extend(users.get(name, ()))

    def _notes(
        self,
        old: View,
        new: View,
        location: str,
    ) -> Iterator[Change]:
        if new.get("deprecated") is True and old.get("deprecated") is not True:
            yield Change(location, "now deprecated")
        if self._is_answer:
            return  # a default counts only where a value may be left out: in a request
        was = old.get("default")
        now = new.get("default")
        if key(was) != key(now):
            yield Change(location, _message("default", was, now))

    def _required(
        self,
        old: View,
        new: View,
        location: str,
    ) -> Iterator[Change]:
        before = set(old.get("required", ()))
        after = set(new.get("required", ()))
        for name in sorted(after - before):
            yield Change(f"{location}.{name}", "now required", not self._is_answer)
        for name in sorted(before - after):
            yield Change(f"{location}.{name}", "no more required", self._is_answer)

    def _fields(
        self,
        old: View,
        new: View,
        now_absent: frozenset[str],
        was_absent: frozenset[str],
        location: str,
    ) -> Iterator[Change]:
        """Yield the changes of `properties`, also of fields now `readOnly` or `writeOnly`."""
        before = old.get("properties", {})
        after = new.get("properties", {})
        mark = "writeOnly" if self._is_answer else "readOnly"
        for name in before:
            field = f"{location}.{name}"
            if name in after:
                yield from self.changes(before[name], after[name], field)
                continue
            message = f"now {mark}" if name in now_absent else "removed"
            narrows = self._field_narrows(name, old, new)
            yield Change(field, message, narrows)
        for name in after:
            if name in before:
                continue
            message = f"no more {mark}" if name in was_absent else "added"
            narrows = self._field_narrows(name, old, new)
            yield Change(f"{location}.{name}", message, narrows)

    def _field_narrows(self, name: str, old: View, new: View) -> bool:
        return not self._acceptance.accepts_field(name, *self._ordered(old, new))

    def _patterns(
        self,
        old: View,
        new: View,
        location: str,
    ) -> Iterator[Change]:
        """Yield the changes of `patternProperties` and `dependentSchemas`."""
        checks = {
            "patternProperties": self._acceptance.accepts_pattern,
            "dependentSchemas": self._acceptance.accepts_dependent,
        }
        for keyword, accepts in checks.items():
            before = old.get(keyword, {})
            after = new.get(keyword, {})
            for name in dict.fromkeys((*before, *after)):
                if name in before and name in after:
                    yield from self.changes(before[name], after[name], f"{location}.{name}")
                    continue
                adverb = "no more" if name in before else "now"
                words = "has rules for when {} is given"
                if keyword == "patternProperties":
                    words = "describes fields that match {}"
                narrows = not accepts(name, *self._ordered(old, new))
                yield Change(location, f"{adverb} {words.format(name)}", narrows)

    def _condition(
        self,
        old: View,
        new: View,
        location: str,
    ) -> Iterator[Change]:
        """Yield the changes of `if`, `then` and `else`."""
        before = {name: old[name] for name in _CONDITION if name in old}
        after = {name: new[name] for name in _CONDITION if name in new}
        if before and after and self._is_same(before["if"], after["if"]):
            for keyword in ("then", "else"):
                inner = f"{location} ({keyword})"
                was = before.get(keyword, True)
                now = after.get(keyword, True)
                yield from self.changes(was, now, inner)
        elif key(before) != key(after):
            narrows = any(self._narrows(keyword, old, new) for keyword in ("then", "else"))
            message = _message("a condition", before or None, after or None)
            yield Change(location, message, narrows)

    def _keywords(
        self,
        old: View,
        new: View,
        location: str,
    ) -> Iterator[Change]:
        """Yield the changes of all keywords without their own sentences.

        Schemas in keywords are compared recursively; for other keywords, the values are shown.
        """
        for keyword in dict.fromkeys((*old, *new)):
            was = old.get(keyword)
            now = new.get(keyword)
            if keyword in _OWN_SENTENCES or key(was) == key(now):
                continue
            if keyword == "type" and "enum" in old and "enum" in new:
                continue  # the sentence about `enum` is enough
            if was and now and _differs_in_order(keyword, was, now):
                continue
            are_schemas = isinstance(was, Mapping) and isinstance(now, Mapping)
            if keyword in IN_ONE - _ASKING and are_schemas:
                inner = f"{location}[]" if keyword == "items" else f"{location} ({keyword})"
                yield from self.changes(was, now, inner)
            elif keyword == "prefixItems" and was and now and len(was) == len(now):
                items = zip(was, now, strict=True)
                for number, (old_item, new_item) in enumerate(items):
                    yield from self.changes(old_item, new_item, f"{location}[{number}]")
            elif keyword in _ASKING and was and now and self._is_same(was, now):
                continue
            else:
                narrows = self._narrows(keyword, old, new)
                yield Change(location, _message(keyword, was, now), narrows)

    def _alternatives(
        self,
        old: list[Any],
        new: list[Any],
        location: str,
    ) -> Iterator[Change]:
        """Yield the changes between two lists of alternatives.

        A change in an alternative does not narrow if some alternative accepts all its values.
        """
        pairs, removed, added = self._paired(old, new)
        for old_schema, new_schema in pairs:
            is_accepted: bool | None = None
            inner = f"{location} ({_label(new_schema)})"
            for change in self.changes(old_schema, new_schema, inner):
                # Expensive: computed only if a change narrows, and only once.
                if change.narrows and is_accepted is None:
                    is_accepted = self._is_accepted(old_schema, new_schema, old, new)
                yield replace(change, narrows=change.narrows and not is_accepted)
        for old_schema in removed:
            narrows = not self._is_answer and not any(
                self._accepts(old_schema, alternative) for alternative in new
            )
            yield Change(location, f"no more as {_label(old_schema)}", narrows)
        for new_schema in added:
            narrows = self._is_answer and not any(
                self._accepts(alternative, new_schema) for alternative in old
            )
            yield Change(location, f"now also as {_label(new_schema)}", narrows)

    def _is_accepted(
        self,
        old_schema: Any,
        new_schema: Any,
        old: list[Any],
        new: list[Any],
    ) -> bool:
        """Say whether the other version has an alternative that accepts the changed schema.

        In requests, this is one of *new* for *old_schema*; in responses, one of *old* for
        *new_schema*.
        """
        if self._is_answer:
            return any(self._accepts(alternative, new_schema) for alternative in old)
        return any(self._accepts(old_schema, alternative) for alternative in new)

    def _paired(
        self,
        old: list[Any],
        new: list[Any],
    ) -> tuple[list[tuple[Any, Any]], list[Any], list[Any]]:
        """Return (pairs of alternatives, alternatives only in *old*, alternatives only in *new*).

        Alternatives are paired by name, then by the values they accept. If a single one remains on
        each side, these two are a pair, too.
        """
        pairs: list[tuple[Any, Any]] = []
        removed = list(old)
        added = list(new)

        def same_name(old_schema: Any, new_schema: Any) -> bool:
            return _name(old_schema) is not None and _name(old_schema) == _name(new_schema)

        for is_pair in (same_name, self._is_same):
            for old_schema in list(removed):
                candidates = (candidate for candidate in added if is_pair(old_schema, candidate))
                new_schema = next(candidates, None)
                if new_schema is not None:
                    pairs.append((old_schema, new_schema))
                    # By identity: an equal alternative may be listed twice.
                    removed = [candidate for candidate in removed if candidate is not old_schema]
                    added = [candidate for candidate in added if candidate is not new_schema]
        if len(removed) == len(added) == 1:
            return [*pairs, (removed[0], added[0])], [], []
        return pairs, removed, added

    def _one_with_alternatives(
        self,
        old: View,
        new: View,
        location: str,
    ) -> Iterator[Change]:
        """Yield the change if only one version has alternatives."""
        if self._is_same(old, new):
            return
        narrows = not self._acceptance.view_accepts(*self._ordered(old, new))
        if "anyOf" in old:
            alternatives = old["anyOf"]
            remaining = [schema for schema in alternatives if not self._is_same(schema, new)]
            adverb = "no more"
        else:
            alternatives = new["anyOf"]
            remaining = [schema for schema in alternatives if not self._is_same(old, schema)]
            adverb = "now also"
        labels = _listed([_label(schema) for schema in remaining])
        # The version without alternatives may be one of them: then only the others were added or
        # removed.
        if len(remaining) < len(alternatives):
            message = f"{adverb} as {labels}"
        else:
            message = f"{adverb.removesuffix(' also')} one of: {labels}"
        yield Change(location, message, narrows)

    def _is_same(self, old: Any, new: Any) -> bool:
        return self._acceptance.same(*self._ordered(old, new))


def _name(schema: Any) -> str | None:
    """Return the name of the definition that *schema* refers to, or its title, or None."""
    if not isinstance(schema, Mapping):
        return None
    return definition_name(schema.get("$ref")) or schema.get("title")


def _label(schema: Any) -> str:
    """Return a name of the alternative *schema* for messages."""
    name = _name(schema)
    if name is not None:
        return name
    if isinstance(schema, Mapping) and "type" in schema and "enum" not in schema:
        types = schema["type"]
        if isinstance(types, str):
            return types
        return " or ".join(types)
    return shown(schema)


def _message(keyword: str, was: Any, now: Any) -> str:
    """Return the sentence for a change of *keyword* from *was* to *now*. None means not there."""
    if keyword == "enum" and isinstance(was, list) and isinstance(now, list):
        parts = []
        removed = _missing_from(was, now)
        if removed:
            parts.append(f"no more {_listed(removed)}")
        added = _missing_from(now, was)
        if added:
            parts.append(f"now also {_listed(added)}")
        return "; ".join(parts)
    if keyword == "type":
        was = _one_or_all(was)
        now = _one_or_all(now)
    if was is None:
        return f"now with {keyword} {shown(now)}"
    if now is None:
        return f"no more with {keyword} {shown(was)}"
    return f"{keyword} was {shown(was)}, is {shown(now)}"


def _differs_in_order(keyword: str, was: Any, now: Any) -> bool:
    """Say whether *was* and *now*, values of *keyword*, differ only in the order of a list."""
    if keyword == "enum":
        return {*map(key, was)} == {*map(key, now)}
    if keyword == "dependentRequired":
        before = {name: set(names) for name, names in was.items()}
        after = {name: set(names) for name, names in now.items()}
        return before == after
    return False


def _one_or_all(types: Any) -> Any:
    if isinstance(types, list) and len(types) == 1:
        return types[0]
    return types


def _missing_from(values: list[Any], others: list[Any]) -> list[Any]:
    """Return the *values* that are not in *others*."""
    keys = {key(value) for value in others}
    return [value for value in values if key(value) not in keys]


def _listed(values: list[Any]) -> str:
    texts = [value if isinstance(value, str) else shown(value) for value in values]
    return listed(texts)


def listed(values: list[str]) -> str:
    """Return the first ten of *values* as text; if there are more, with their number."""
    text = ", ".join(values[:10]) or "not described"
    if len(values) > 10:
        return f"{text}, … ({len(values)} in all)"
    return text


def shown(value: Any) -> str:
    """Return *value* as JSON of at most 80 characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    if len(text) <= 80:
        return text
    return text[:79] + "…"
