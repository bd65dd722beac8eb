"""Convert documented values (`default`, `examples`, `enum`, `const`) to their schema's type."""

from __future__ import annotations

import json
from typing import Any, Final

from httptask.importers.openapi.schemas._rule import LinkedPath, Walk, shown
from httptask.importers.openapi.schemas._types import as_boolean, as_number, fits, is_number

MISFIT: Final[Any] = type("Misfit", (), {"__repr__": lambda self: "MISFIT"})()
"""The result of `as_type` for a value that cannot be converted."""
_LONGEST_JSON = 10_000
"""The most letters of a string that is parsed as an array or an object."""


def as_type(value: Any, types: list[str], written: str) -> Any:
    """Convert *value* to one of *types*: `"1"` becomes 1, `"[]"` an empty array.

    *written* is the spelling of a number or a boolean in the description. A value with one of
    *types* is returned unchanged. If *value* cannot be converted, return `MISFIT`.
    """
    if fits(value, types):
        return value
    if isinstance(value, str):
        return _read_from(value, types)
    if "string" in types and (isinstance(value, bool) or is_number(value)):
        return written
    return MISFIT


def _read_from(text: str, types: list[str]) -> Any:
    """Parse *text* as a number, a boolean or JSON of one of *types*, or return `MISFIT`."""
    number = as_number(text)
    boolean = as_boolean(text)
    if number is not None and fits(number, types):
        if "number" not in types:
            return int(number)
        return number
    if boolean is not None and "boolean" in types:
        return boolean
    if text[:1] in ("[", "{") and len(text) <= _LONGEST_JSON:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return MISFIT
        return value if fits(value, types) else MISFIT
    return MISFIT


def mend_default(
    walk: Walk,
    raw: dict[str, Any],
    schema: dict[str, Any],
    path: LinkedPath,
) -> None:
    """Convert the default of *schema* to the schema's type, or remove it if that is impossible.

    A null without the type `null` means that there is no default. It is removed without a note.
    """
    types = _types(schema)
    default_path = (path, "default")
    if "default" not in schema:
        return
    value = new = schema["default"]
    if types is not None and not fits(value, types):
        new = MISFIT
        # Null means that there is no default: it is left out below, without a note.
        if value is not None:
            new = as_type(value, types, walk.written(value, default_path))
    elif isinstance(value, list):
        new = _with_items(walk, value, schema.get("items"), default_path)
    if new is MISFIT:
        why = f"{shown(value)} is no {' or '.join(types or ())}"
    else:
        why = _refusal(new, schema)
    if why:
        del schema["default"]
        if value is not None:
            walk.note("skipped", f"default is left out: {why}", default_path)
    elif new is not value:
        schema["default"] = new
        walk.note("guessed", f"default: {shown(value)} is taken for {shown(new)}", default_path)


def _with_items(
    walk: Walk,
    values: list[Any],
    items: Any,
    path: LinkedPath,
) -> Any:
    """Convert each of *values* to the type of the schema *items*, if possible.

    Return the same list if nothing changes.
    """
    types = None
    if isinstance(items, dict):
        types = _types(items)
    if types is None or all(fits(value, types) for value in values):
        return values
    typed_values = []
    for index, value in enumerate(values):
        typed = as_type(value, types, walk.written(value, (path, index)))
        typed_values.append(value if typed is MISFIT else typed)
    return typed_values


def _refusal(value: Any, schema: dict[str, Any]) -> str:
    """Return why *schema* refuses the default *value*, which has the right type.

    Only `enum`, `minimum` and `maximum` are checked. Return "" if they accept *value*.
    """
    listed = schema.get("enum")
    if isinstance(listed, list) and value is not None and value not in listed:
        return f"{shown(value)} is none of the listed values"
    for bound, sign in (("minimum", 1), ("maximum", -1)):
        limit = schema.get(bound)
        if limit is not None and is_number(value) and sign * value < sign * limit:
            return f"{shown(value)} is beyond the {bound}, {shown(limit)}"
    return ""


def mend_examples(
    walk: Walk,
    raw: dict[str, Any],
    schema: dict[str, Any],
    path: LinkedPath,
) -> None:
    """Convert the examples of *schema* to its type; remove those that cannot be converted."""
    types = _types(schema)
    if types is None or all(fits(value, types) for value in schema.get("examples", ())):
        return
    keyword = "examples"
    if raw.get("example") is not None:
        keyword = "example"
    examples: list[Any] = []
    for index, value in enumerate(schema["examples"]):
        value_path: LinkedPath = (
            (path, "example")
            if keyword == "example" and index == 0
            else ((path, "examples"), index)
        )
        new = as_type(value, types, walk.written(value, value_path))
        if new is not MISFIT:
            examples.append(new)
    all_fit = len(examples) == len(schema["examples"])
    done = "written as" if all_fit else "left out where it is no"
    walk.note(
        "guessed" if all_fit else "skipped",
        f"{keyword}: {done} {' or '.join(types)}",
        (path, keyword),
    )
    schema["examples"] = examples
    if not examples:
        del schema["examples"]


def _types(schema: dict[str, Any]) -> list[str] | None:
    """Return the types that *schema* itself names, or None if it names none."""
    types = schema.get("type")
    if isinstance(types, str):
        return [types]
    return types
