"""Values that a schema documents (`default`, `examples`, `enum`, `const`) in the type that it asks
for.
"""

from __future__ import annotations

import json
from typing import Any, Final

from httptask.importers.openapi.schemas._keywords import Place, Walk, shown
from httptask.importers.openapi.schemas._types import as_boolean, as_number, fits, is_number

MISFIT: Final[Any] = type("Misfit", (), {"__repr__": lambda self: "MISFIT"})()
"""What `as_type` returns for a value that is not plainly any of the types."""
_LONGEST_JSON = 10_000
"""Letters of a text that is read as an array or an object."""


def as_type(value: Any, types: list[str], written: str) -> Any:
    """Return *value* as one of *types*, where it plainly is written otherwise: `"1"` for 1, `"[]"`
    for an empty array.

    *written* is the text of a value that is no string, as it stands in the description. The value
    itself is returned where it fits, and `MISFIT` where nothing is plain.
    """
    if fits(value, types):
        return value
    if isinstance(value, str):
        return _read_from(value, types)
    if "string" in types and (isinstance(value, bool) or is_number(value)):
        return written
    return MISFIT


def _read_from(text: str, types: list[str]) -> Any:
    number, boolean = as_number(text), as_boolean(text)
    if number is not None and fits(number, types):
        return int(number) if "number" not in types else number
    if boolean is not None and "boolean" in types:
        return boolean
    if text[:1] in ("[", "{") and len(text) <= _LONGEST_JSON:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return MISFIT
        return value if fits(value, types) else MISFIT
    return MISFIT


def mend_default(walk: Walk, raw: dict[str, Any], schema: dict[str, Any], place: Place) -> None:
    """Write the default of *schema* in its type, or leave it out; a null that is no value of it
    says that there is none.
    """
    types = _types(schema)
    if types is None or "default" not in schema or fits(schema["default"], types):
        return
    value = schema["default"]
    new = (
        MISFIT if value is None else as_type(value, types, walk.written(value, (place, "default")))
    )
    if new is MISFIT:
        del schema["default"]
        if value is not None:
            walk.note(
                "skipped",
                f"default is left out: {shown(value)} is no {' or '.join(types)}",
                (place, "default"),
            )
        return
    schema["default"] = new
    walk.note("guessed", f"default: {shown(value)} is taken for {shown(new)}", (place, "default"))


def mend_examples(walk: Walk, raw: dict[str, Any], schema: dict[str, Any], place: Place) -> None:
    """Write the examples of *schema* in its type, and leave out those that are none of it."""
    types = _types(schema)
    if types is None or all(fits(value, types) for value in schema.get("examples", ())):
        return
    keyword = "example" if raw.get("example") is not None else "examples"
    found: list[Any] = []
    for index, value in enumerate(schema["examples"]):
        at: Place = (
            (place, "example")
            if keyword == "example" and index == 0
            else ((place, "examples"), index)
        )
        new = as_type(value, types, walk.written(value, at))
        if new is not MISFIT:
            found.append(new)
    kept = len(found) == len(schema["examples"])
    done = "written as" if kept else "left out where it is no"
    walk.note(
        "guessed" if kept else "skipped",
        f"{keyword}: {done} {' or '.join(types)}",
        (place, keyword),
    )
    schema["examples"] = found
    if not found:
        del schema["examples"]


def _types(schema: dict[str, Any]) -> list[str] | None:
    """Return the types that *schema* names itself; None when it names none."""
    types = schema.get("type")
    return [types] if isinstance(types, str) else types
