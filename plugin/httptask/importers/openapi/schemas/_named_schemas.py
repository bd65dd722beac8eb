"""Register the schemas to which references point, and convert each when it is read."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Any

from httptask._core.pointers import last
from httptask._schema.subschemas import DEFINITION, definition_name
from httptask.importers.openapi.schemas._conversion import Conversion, uri_of
from httptask.importers.openapi.schemas._heirs import Heir, Heirs, chosen_by_tag, tag_of
from httptask.importers.openapi.schemas._identifiers import Identifiers, Scope, Target, scope_of
from httptask.importers.openapi.schemas._keywords import Dialect
from httptask.importers.openapi.schemas._patterns import Patterns
from httptask.importers.openapi.schemas._rule import LinkedPath

_LONGEST_NAME = 80

Resolve = Callable[[str, str], tuple[str, Any]]
Note = Callable[[str, str, str], None]
Written = Callable[[Any, str], str]


class NamedSchemas:
    """The definitions of one description: converted, but not repaired yet.

    Converting a reference registers its target under a name.
    """

    def __init__(
        self,
        dialect: Dialect,
        resolve: Resolve,
        note: Note,
        written: Written,
        heirs: Heirs,
    ) -> None:
        self.dialect = dialect
        self.note = note
        self.written = written
        self.patterns = Patterns()
        self.identifiers = Identifiers(resolve, identified=dialect.has_identifiers)
        self._targets: dict[str, Target | None] = {}
        self._names: dict[Any, str] = {}
        """(URI, bindings) of a target -> its name."""
        self._references: dict[Any, dict[str, str] | str] = {}
        """(key of the scope, reference) -> the converted reference, or the message of the error."""
        self._counts: dict[str, int] = {}
        self._converted: dict[str, dict[str, Any]] = {}
        self._composed: set[str] = set()
        self._heirs = heirs
        self._bases: dict[str, str] = {}
        """Name of a definition with heirs -> the name of the same definition without them."""
        self._uris: dict[str, str] = {}

    def __iter__(self) -> Iterator[str]:
        # Reading a definition may register others: look again until there are no new names.
        listed: list[str] = []
        while len(listed) < len(self._targets):
            new = list(self._targets)[len(listed) :]
            listed += new
            yield from new

    def __len__(self) -> int:
        return len(self._targets)

    def __contains__(self, name: object) -> bool:
        return name in self._targets

    def uri(self, name: str) -> str:
        """Return the URI of the definition *name*."""
        return self._uris[name]

    def raw(self, name: str) -> Any:
        """Return the definition *name* as in the description. None for a `variant`."""
        target = self._targets[name]
        return target.raw if target is not None else None

    def is_composed(self, name: str) -> bool:
        """Say whether the definition *name* contains a composition. It must be converted."""
        return name in self._composed

    def converted(
        self,
        raw: Any,
        uri: str,
        scope: Scope,
    ) -> tuple[dict[str, Any], bool]:
        """Convert *raw*, at *uri*; return the schema, and whether it contains a composition."""
        conversion = Conversion(self, scope)
        schema = conversion.schema(raw, (None, uri))
        if isinstance(schema, bool):
            schema = {} if schema else {"not": {}}
        return schema, conversion.is_composed

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
                result = "it points at nothing"
                if error.args:
                    result = str(error.args[0])
                target = None
            if target is None or not target.depends_on_root:
                self._references[key] = result
        if isinstance(result, str):
            raise LookupError(result)
        return result

    def inherited(
        self,
        reference: str,
        scope: Scope,
        path: LinkedPath,
    ) -> dict[str, str]:
        """Like `reference`, but for a reference in the `allOf` of the schema at *path*.

        An heir refers to its parent alone, not to the choice among the parent's heirs.
        """
        result = self.reference(reference, scope)
        name = result["$ref"].removeprefix(DEFINITION)
        target = self._targets[name]
        if target is None or not self._heirs.of(target.uri, target.raw):
            return result
        if self._heirs.is_built_on(uri_of(path), target.uri):
            return {"$ref": DEFINITION + self._base(name)}
        return result

    def _base(self, name: str) -> str:
        """Return the name of the definition *name* without its heirs."""
        if name not in self._bases:
            base = self._bases[name] = self._unique(f"{name}.base")
            self._targets[base] = self._targets[name]
            self._uris[base] = self._uris[name]
        return self._bases[name]

    def _choice(
        self,
        name: str,
        schema: dict[str, Any],
        heirs: list[Heir],
    ) -> dict[str, Any]:
        """Return the definition *name*: a choice between *schema* and its *heirs*."""
        root = scope_of({}, "#", "#", {}, identified=False)
        references = {heir: self.reference(heir.reference, root)["$ref"] for heir in heirs}
        target = self._targets[name]
        base_reference = {"$ref": DEFINITION + self._base(name)}
        raw = target.raw if target is not None else {}
        tag = tag_of(self._uris[name].rpartition("/")[2], raw)
        property_name = schema["discriminator"]["propertyName"]
        field = schema.get("properties", {}).get(property_name, {})
        enumeration = definition_name(field.get("$ref") if isinstance(field, dict) else None)
        if enumeration is not None:
            field = self.plain(enumeration)
        return chosen_by_tag(schema, DEFINITION + name, base_reference, tag, references, field)

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

    def variant(self, name: str) -> str:
        """Register a variant of the definition *name*, and return its name.

        The caller makes the variant: it is not converted here.
        """
        variant = self._unique(f"{name}.base")
        self._targets[variant] = None
        self._uris[variant] = self._uris[name]
        return variant

    def plain(self, name: str) -> dict[str, Any]:
        """Return the definition *name*, converted but not repaired.

        The targets of its references may not be converted yet.
        """
        schema = self._converted.get(name)
        if schema is None:
            target = self._targets[name]
            assert target is not None  # noqa: S101 - variants are made of mended definitions, and never converted
            schema, is_composed = self.converted(target.raw, target.uri, target.scope)
            heirs = []
            if "discriminator" in schema:
                heirs = self._heirs.of(target.uri, target.raw)
            if heirs and name in self._bases.values():
                schema = {
                    keyword: value
                    for keyword, value in schema.items()
                    if keyword != "discriminator"
                }
            elif heirs:
                schema = self._choice(name, schema, heirs)
                is_composed = True
            self._converted[name] = schema
            if is_composed:
                self._composed.add(name)
        return schema


def _name_of(uri: str) -> str:
    """Return a name for the schema at *uri*: the last token of its pointer, or its file's name."""
    file, _, pointer = uri.partition("#")
    name = last(pointer) or posixpath.basename(file).partition(".")[0]
    return re.sub(r"[^A-Za-z0-9._-]", "", name)[:_LONGEST_NAME] or "Schema"
