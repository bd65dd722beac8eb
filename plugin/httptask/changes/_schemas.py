"""What changed between two versions of a schema, as sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from httptask._schema.subschemas import IN_ONE, definition_name, definition_names
from httptask.changes._acceptance import Acceptance
from httptask.changes._constraints import NOTES, SchemaViews, View, key

_MOST_SCHEMAS = 5_000
"""Pairs of schemas of one endpoint that are compared."""
_DEEPEST = 100
"""Schemas in each other that are compared in one go."""
_ASKING = frozenset(("not", "contains"))
"""Keywords whose schemas ask something of a value that it may answer with no."""
_CONDITION = ("if", "then", "else")
_OWN_SENTENCES = (
    NOTES
    | {*_CONDITION, "required", "properties", "anyOf"}
    | {"patternProperties", "dependentSchemas"}
)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two versions of an endpoint."""

    place: str
    """`query.limit`, `body.email.subject`, `responses.200.id`; `endpoint` for the whole."""
    message: str
    narrows: bool = False
    """Whether a request that was valid may not be any more, or a response may not be what whoever
    reads it is used to."""

    def to_json(self) -> dict[str, Any]:
        """Return `{"place", "message", "narrows"}`."""
        return {"place": self.place, "message": self.message, "narrows": self.narrows}


class SchemaChanges:
    """Compares the schemas of one endpoint's requests, or of its responses.

    What is compared is what they accept, not how they are written: a change is marked where the new
    version cannot be shown to accept every request that the old one does, or to answer only with
    what the old one could.
    """

    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any], *, is_answer: bool) -> None:
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

    def changes(self, old: Any, new: Any, place: str) -> Iterator[Change]:
        """Yield what differs between the schemas *old* and *new*, each pair of definitions once."""
        names = _definition(old), _definition(new)
        if None not in names:
            pair = (f"{names[0]}", f"{names[1]}")
            if pair in self._compared:
                return
            self._compared.add(pair)
        if self._room <= 0 or self._is_unchanged(old, new):
            return
        self._room -= 1
        self._later.append((old, new, place))
        if self._level == _DEEPEST:
            return  # the outermost call goes on with it
        is_outermost = self._level == 0
        self._level += 1
        yield from self._differences(*self._later.pop())
        while is_outermost and self._later:
            yield from self._differences(*self._later.pop())
        self._level -= 1

    def _differences(self, old: Any, new: Any, place: str) -> Iterator[Change]:
        before, after = self._old.view(old), self._new.view(new)
        if ("anyOf" in before) != ("anyOf" in after):
            yield from self._one_with_alternatives(before, after, place)
            if set(before) <= {"anyOf", *NOTES} or set(after) <= {"anyOf", *NOTES}:
                return
        elif "anyOf" in before:
            yield from self._alternatives(before["anyOf"], after["anyOf"], place)
        yield from self._notes(before, after, place)
        yield from self._required(before, after, place)
        yield from self._fields(before, after, self._new.absent(new), self._old.absent(old), place)
        yield from self._patterns(before, after, place)
        yield from self._condition(before, after, place)
        yield from self._keywords(before, after, place)

    def _ordered(self, old: Any, new: Any) -> tuple[Any, Any]:
        """Return the two as what has to accept, and what has to be accepted."""
        return (old, new) if self._is_answer else (new, old)

    def _accepts(self, old: Any, new: Any) -> bool:
        return self._acceptance.accepts(*self._ordered(old, new))

    def _narrows(self, keyword: str, old: View, new: View) -> bool:
        return self._acceptance.refuses(keyword, *self._ordered(old, new))

    def _is_unchanged(self, old: Any, new: Any) -> bool:
        """Say whether two schemas are written the same, and all that they refer to."""
        if old != new:
            return False
        names = set(definition_names(old))
        for name in names:
            self._look_through(name)
        return all(self._unchanged[name] for name in names)

    def _look_through(self, start: str) -> None:
        """Note which definitions, of those that *start* leads to, are unchanged with all they refer
        to.
        """
        old, new = self._definitions
        names, changed = [start], list[str]()
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

    def _notes(self, old: View, new: View, place: str) -> Iterator[Change]:
        if new.get("deprecated") is True and old.get("deprecated") is not True:
            yield Change(place, "now deprecated")
        if not self._is_answer and key(old.get("default")) != key(new.get("default")):
            yield Change(place, _message("default", old.get("default"), new.get("default")))

    def _required(self, old: View, new: View, place: str) -> Iterator[Change]:
        before, after = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted(after - before):
            yield Change(f"{place}.{name}", "now required", not self._is_answer)
        for name in sorted(before - after):
            yield Change(f"{place}.{name}", "no more required", self._is_answer)

    def _fields(
        self,
        old: View,
        new: View,
        now_absent: frozenset[str],
        was_absent: frozenset[str],
        place: str,
    ) -> Iterator[Change]:
        before, after = old.get("properties", {}), new.get("properties", {})
        mark = "writeOnly" if self._is_answer else "readOnly"
        for name in before:
            if name in after:
                yield from self.changes(before[name], after[name], f"{place}.{name}")
            else:
                message = f"now {mark}" if name in now_absent else "removed"
                yield Change(f"{place}.{name}", message, self._field_narrows(name, old, new))
        for name in after:
            if name not in before:
                message = f"no more {mark}" if name in was_absent else "added"
                yield Change(f"{place}.{name}", message, self._field_narrows(name, old, new))

    def _field_narrows(self, name: str, old: View, new: View) -> bool:
        return not self._acceptance.accepts_field(name, *self._ordered(old, new))

    def _patterns(self, old: View, new: View, place: str) -> Iterator[Change]:
        checks = {
            "patternProperties": self._acceptance.accepts_pattern,
            "dependentSchemas": self._acceptance.accepts_dependent,
        }
        for keyword, accepts in checks.items():
            before, after = old.get(keyword, {}), new.get(keyword, {})
            for name in dict.fromkeys((*before, *after)):
                if name in before and name in after:
                    yield from self.changes(before[name], after[name], f"{place}.{name}")
                    continue
                adverb = "no more" if name in before else "now"
                words = "has rules for when {} is given"
                if keyword == "patternProperties":
                    words = "describes fields that match {}"
                narrows = not accepts(name, *self._ordered(old, new))
                yield Change(place, f"{adverb} {words.format(name)}", narrows)

    def _condition(self, old: View, new: View, place: str) -> Iterator[Change]:
        before, after = (
            {name: view[name] for name in _CONDITION if name in view} for view in (old, new)
        )
        if before and after and self._is_same(before["if"], after["if"]):
            for keyword in ("then", "else"):
                inner = f"{place} ({keyword})"
                yield from self.changes(before.get(keyword, True), after.get(keyword, True), inner)
        elif key(before) != key(after):
            narrows = any(self._narrows(keyword, old, new) for keyword in ("then", "else"))
            yield Change(place, _message("a condition", before or None, after or None), narrows)

    def _keywords(self, old: View, new: View, place: str) -> Iterator[Change]:
        for keyword in dict.fromkeys((*old, *new)):
            was, now = old.get(keyword), new.get(keyword)
            if keyword in _OWN_SENTENCES or key(was) == key(now):
                continue
            if keyword == "type" and "enum" in old and "enum" in new:
                continue  # said of the values
            if keyword == "enum" and was and now and {*map(key, was)} == {*map(key, now)}:
                continue
            if (
                keyword == "dependentRequired"
                and was
                and now
                and _without_order(was) == _without_order(now)
            ):
                continue
            if (
                keyword in IN_ONE - _ASKING
                and isinstance(was, Mapping)
                and isinstance(now, Mapping)
            ):
                inner = f"{place}[]" if keyword == "items" else f"{place} ({keyword})"
                yield from self.changes(was, now, inner)
            elif keyword == "prefixItems" and was and now and len(was) == len(now):
                for number, (one, other) in enumerate(zip(was, now, strict=True)):
                    yield from self.changes(one, other, f"{place}[{number}]")
            elif keyword in _ASKING and was and now and self._is_same(was, now):
                continue
            else:
                narrows = self._narrows(keyword, old, new)
                yield Change(place, _message(keyword, was, now), narrows)

    def _alternatives(self, old: list[Any], new: list[Any], place: str) -> Iterator[Change]:
        """Yield what differs between alternatives: each has to be accepted by any of the other
        version.
        """
        pairs, gone, come = self._paired(old, new)
        for one, other in pairs:
            is_accepted: bool | None = None
            for change in self.changes(one, other, f"{place} ({_label(other)})"):
                if change.narrows and is_accepted is None:  # not asked of what no change marks
                    is_accepted = self._is_accepted(one, other, old, new)
                yield replace(change, narrows=change.narrows and not is_accepted)
        for one in gone:
            narrows = not self._is_answer and not any(self._accepts(one, each) for each in new)
            yield Change(place, f"no more as {_label(one)}", narrows)
        for other in come:
            narrows = self._is_answer and not any(self._accepts(each, other) for each in old)
            yield Change(place, f"now also as {_label(other)}", narrows)

    def _is_accepted(self, one: Any, other: Any, old: list[Any], new: list[Any]) -> bool:
        """Say whether any alternative accepts what changed: *one* in requests, *other* in
        responses.
        """
        if self._is_answer:
            return any(self._accepts(each, other) for each in old)
        return any(self._accepts(one, each) for each in new)

    def _paired(
        self, old: list[Any], new: list[Any]
    ) -> tuple[list[tuple[Any, Any]], list[Any], list[Any]]:
        """Return which alternatives of the two versions are the same, or take the other's place."""
        pairs: list[tuple[Any, Any]] = []
        gone, come = list(old), list(new)

        def same_name(one: Any, other: Any) -> bool:
            return _name(one) is not None and _name(one) == _name(other)

        for is_pair in (same_name, self._is_same):
            for one in list(gone):
                other = next((each for each in come if is_pair(one, each)), None)
                if other is not None:
                    pairs.append((one, other))
                    gone = [each for each in gone if each is not one]
                    come = [each for each in come if each is not other]
        if len(gone) == len(come) == 1:
            return [*pairs, (gone[0], come[0])], [], []
        return pairs, gone, come

    def _one_with_alternatives(self, old: View, new: View, place: str) -> Iterator[Change]:
        """Yield what it means that only one version has alternatives."""
        if self._is_same(old, new):
            return
        narrows = not self._acceptance.view_accepts(*self._ordered(old, new))
        if "anyOf" in old:
            others = [each for each in old["anyOf"] if not self._is_same(each, new)]
            adverb, is_one = "no more", len(others) < len(old["anyOf"])
        else:
            others = [each for each in new["anyOf"] if not self._is_same(old, each)]
            adverb, is_one = "now also", len(others) < len(new["anyOf"])
        labels = _listed([_label(each) for each in others])
        if not is_one:
            adverb = adverb.removesuffix(" also")
        yield Change(place, f"{adverb} {'as' if is_one else 'one of:'} {labels}", narrows)

    def _is_same(self, old: Any, new: Any) -> bool:
        return self._acceptance.same(*self._ordered(old, new))


def _name(schema: Any) -> str | None:
    if not isinstance(schema, Mapping):
        return None
    return definition_name(schema.get("$ref")) or schema.get("title")


def _definition(schema: Any) -> str | None:
    is_reference = isinstance(schema, Mapping) and len(schema) == 1
    return definition_name(schema.get("$ref")) if is_reference else None


def _label(schema: Any) -> str:
    """Return what a person may call the alternative *schema*."""
    if (name := _name(schema)) is not None:
        return name
    if isinstance(schema, Mapping) and set(schema) & {"type"} and "enum" not in schema:
        types = schema["type"]
        return types if isinstance(types, str) else " or ".join(types)
    return shown(schema)


def _message(keyword: str, was: Any, now: Any) -> str:
    if keyword == "enum" and isinstance(was, list) and isinstance(now, list):
        gone, come = _beyond(was, now), _beyond(now, was)
        parts = [f"no more {_listed(gone)}"] * bool(gone)
        parts += [f"now also {_listed(come)}"] * bool(come)
        return "; ".join(parts)
    if keyword == "type":
        was, now = _one_or_all(was), _one_or_all(now)
    if was is None:
        return f"now with {keyword} {shown(now)}"
    if now is None:
        return f"no more with {keyword} {shown(was)}"
    return f"{keyword} was {shown(was)}, is {shown(now)}"


def _without_order(dependent: Mapping[str, Any]) -> dict[str, set[str]]:
    return {name: set(required) for name, required in dependent.items()}


def _one_or_all(types: Any) -> Any:
    return types[0] if isinstance(types, list) and len(types) == 1 else types


def _beyond(values: list[Any], others: list[Any]) -> list[Any]:
    known = {key(value) for value in others}
    return [value for value in values if key(value) not in known]


def _listed(values: list[Any]) -> str:
    return listed([value if isinstance(value, str) else shown(value) for value in values])


def listed(values: list[str]) -> str:
    """Return the first ten of *values*, and how many there are."""
    text = ", ".join(values[:10]) or "not described"
    return text + (f", … ({len(values)} in all)" if len(values) > 10 else "")


def shown(value: Any) -> str:
    """Return *value* as JSON of at most 80 characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:79] + "…"
