"""Find the property whose value selects one of the alternatives of `oneOf` or `anyOf`.

Either a `discriminator` names it (OpenAPI 3.2, section 4.25), or the alternatives allow different
values for it (`const`, `enum`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from httptask._core.pointers import child, parts
from httptask._schema.subschemas import DEFINITION, definition_name
from httptask._schema.views import View, Views
from httptask.expressions import has_expression
from httptask.settings._request_schema import called

_MOST_COMPARED = 200
"""Alternatives in which a distinguishing property is looked for."""

Schema = Any


@dataclass(frozen=True, slots=True)
class Choice:
    """A property whose value, the tag, selects one of several forms."""

    property: str
    forms: Mapping[str, Schema]
    """Tag, as JSON -> the form it selects."""
    listed: list[Any]
    """The tags to show: those in the mapping, then the forms' own."""
    default: Schema
    """The form for a missing or unknown tag (OpenAPI 3.2: `defaultMapping`), or None."""
    tags: tuple[frozenset[str] | None, ...]
    """The tags of each alternative, as JSON; None: any tag."""
    is_complete: bool
    """Whether every form that an object can have is in `forms`."""
    is_required: bool
    """Whether every form requires the tag."""

    def form(self, instance: Mapping[str, Any]) -> Schema | None:
        """Return the form that the tag of *instance* selects; None if it selects none."""
        if not self.is_complete or _is_open(instance.get(self.property)):
            return None
        return self.forms.get(_key(instance.get(self.property)), self.default)

    def refuses(self, instance: Mapping[str, Any]) -> bool:
        """Say whether the tag alone rules out all forms for *instance*, which selects none."""
        if not self.is_complete:
            return False
        if self.property in instance:
            return not _is_open(instance[self.property])
        return self.is_required

    def label(self, form: Schema, forms: Forms) -> str:
        """Return the name of *form* for a person: its title or name, else a tag that selects it."""
        names = forms.names([form])
        if names:
            return names[0]
        return next(tag for tag, selected in self.forms.items() if selected is form)

    def likely(self, instance: Any, results: list[Any]) -> list[Any]:
        """Return the *results* of the forms that have the tag of *instance*; all if no form has it.

        *results* has one entry for each alternative.
        """
        tag = None
        if isinstance(instance, Mapping):
            tag = instance.get(self.property)
        if tag is None or _is_open(tag):
            return results
        matching = [
            result
            for tags, result in zip(self.tags, results, strict=True)
            if tags and _key(tag) in tags
        ]
        return matching or results


def _is_open(tag: Any) -> bool:
    """Say whether *tag* is not known yet."""
    return isinstance(tag, str) and has_expression(tag)


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


class Forms:
    """Finds how the alternatives in the schemas of one document are told apart.

    *schema* is the document's root, with its `$defs`.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._root = schema
        self._views = Views(schema)
        self._kept: dict[tuple[int, str], tuple[Schema, Choice | None]] = {}

    def choice(self, schema: Mapping[str, Any], keyword: str) -> Choice | None:
        """Return the choice between the alternatives of *keyword* in *schema*; None if only trying
        helps.
        """
        entry = self._kept.get((id(schema), keyword))
        if entry is None:  # the entry holds the schema: were it freed, another could get its id
            entry = self._kept[id(schema), keyword] = (
                schema,
                self._choice(schema, schema[keyword]),
            )
        return entry[1]

    def chosen(
        self,
        schema: Mapping[str, Any],
        keyword: str,
        instance: Mapping[str, Any],
    ) -> Schema | None:
        """Return the alternative that *instance* selects; None if it selects none."""
        choice = self.choice(schema, keyword)
        if choice is not None:
            return choice.form(instance)
        return None

    def resolved(self, reference: Any) -> Schema:
        """Return the target of *reference*, a pointer into the document; true if it has none."""
        target: Any = self._root
        for step in parts(str(reference).removeprefix("#")):
            target = child(target, step)
        return True if target is None else target

    def names(self, alternatives: Iterable[Schema]) -> list[str]:
        """Return the titles or names of the *alternatives* that have one."""
        peeked = map(self._views.peek, alternatives)
        titles = (own.get("title") or called(name) for own, name in peeked)
        return [str(title) for title in titles if title]

    def properties(self, schema: Schema) -> Mapping[str, Schema]:
        """Return the properties of *schema*, including those in its references and compositions."""
        return self._views.view(schema).properties

    def _choice(self, schema: Mapping[str, Any], alternatives: list[Schema]) -> Choice | None:
        """Return the choice between *alternatives*: by the `discriminator`, else by a
        distinguishing property.
        """
        if not 2 <= len(alternatives) <= _MOST_COMPARED:
            return None
        # A tag is a member of an object, so alternatives that are not objects are skipped.
        views = [
            view if _may_be_object(view) else None for view in map(self._views.view, alternatives)
        ]
        discriminator = schema.get("discriminator")
        if isinstance(discriminator, Mapping) and isinstance(
            discriminator.get("propertyName"), str
        ):
            return self._discriminated(discriminator, alternatives, views)
        return self._told_apart(alternatives, views)

    def _discriminated(
        self,
        discriminator: Mapping[str, Any],
        alternatives: list[Schema],
        views: list[View | None],
    ) -> Choice | None:
        """Return the choice that *discriminator*, a Discriminator Object, describes."""
        name = discriminator["propertyName"]
        mapping = discriminator.get("mapping", {})
        values_by_view: list[list[Any]] = [self._values(view, name) for view in views]
        targets = [definition_name(_reference(form)) for form in alternatives]
        forms: dict[str, Schema] = {}
        for tag, reference in mapping.items():
            target = definition_name(reference)
            if target in targets:
                forms[_key(tag)] = alternatives[targets.index(target)]
            elif target is not None and self._views.definition(target) is not None:
                forms[_key(tag)] = {"$ref": DEFINITION + target}
        listed: list[Any] = [tag for tag in mapping if _key(tag) in forms]
        shared = Counter(_key(value) for values in values_by_view for value in values)
        tags: list[frozenset[str] | None] = []
        for form, values, target in zip(alternatives, values_by_view, targets, strict=True):
            mapped = [tag for tag in mapping if forms.get(_key(tag)) is form]
            # An `enum` of all tags may be shared by forms that the mapping names, and selects none
            # of them.
            added_tags = [
                value
                for value in values
                if value not in mapped and (not mapped or shared[_key(value)] == 1)
            ]
            if not mapped and not values and target is not None:
                added_tags = [target]  # OpenAPI: without a mapping the tag is the schema's name
            listed += added_tags
            for tag in added_tags:
                forms.setdefault(_key(tag), form)
            tags.append(frozenset(map(_key, [*mapped, *added_tags])) or None)
        default = definition_name(discriminator.get("defaultMapping"))
        if default is not None and self._views.definition(default) is None:
            default = None
        return Choice(
            name,
            forms,
            listed,
            {"$ref": DEFINITION + default} if default is not None else None,
            tuple(tags),
            is_complete=all(
                own_tags or view is None for own_tags, view in zip(tags, views, strict=True)
            ),
            is_required=all(view is None or name in view.required for view in views),
        )

    def _told_apart(self, alternatives: list[Schema], views: list[View | None]) -> Choice | None:
        """Return the best choice by a property that differs between alternatives, or None."""
        best: Choice | None = None
        names: dict[str, None] = {}
        for view in views:
            if view is not None:
                names |= dict.fromkeys(view.properties)
        for name in names:
            tags = [self._values(view, name) for view in views]
            keys = [_key(tag) for own_tags in tags for tag in own_tags]
            # A property tells alternatives apart if at least two have tags, and share none.
            if sum(map(bool, tags)) < 2 or len(set(keys)) < len(keys):
                continue
            forms: dict[str, Schema] = {}
            for form, own_tags in zip(alternatives, tags, strict=True):
                forms |= dict.fromkeys(map(_key, own_tags), form)
            choice = Choice(
                name,
                forms,
                [tag for own_tags in tags for tag in own_tags],
                None,
                tuple(frozenset(map(_key, own_tags)) or None for own_tags in tags),
                is_complete=all(
                    own_tags or view is None for own_tags, view in zip(tags, views, strict=True)
                ),
                is_required=all(view is None or name in view.required for view in views),
            )
            if best is None or _rank(choice) > _rank(best):
                best = choice
        return best

    def _values(self, view: View | None, name: str) -> list[Any]:
        """Return the values of the property *name*, if *view* allows only these; else none."""
        child = None
        if view is not None and name in view.properties:
            child = self._views.view(view.properties[name])
        if child is None or child.values is None or child.nullable or child.broken:
            return []
        return [value for value in child.values if isinstance(value, str | int | float)]


def _may_be_object(view: View) -> bool:
    return view.types is None or "object" in view.types


def _rank(choice: Choice) -> tuple[bool, bool, int]:
    return choice.is_complete, choice.is_required, sum(map(bool, choice.tags))


def _reference(schema: Schema) -> Any:
    if isinstance(schema, Mapping):
        return schema.get("$ref")
    return None
