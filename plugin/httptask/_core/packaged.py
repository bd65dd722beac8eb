"""Files in the package: JSON Schemas, the manifest, reference pages."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parent.parent


def _root() -> Path:
    # In a wheel, schemas/ and manifest.json are inside the package; in a checkout, two folders up.
    if (_PACKAGE / "manifest.json").exists():
        return _PACKAGE
    return _PACKAGE.parent.parent


@cache
def schema(name: str) -> Any:
    """Return the JSON Schema *name*, such as `http-task`, `endpoint` or `exchange`."""
    return json.loads((_root() / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))


def schema_names() -> list[str]:
    """Return the names of all JSON Schemas in the package."""
    return sorted(
        path.name.removesuffix(".schema.json")
        for path in (_root() / "schemas").glob("*.schema.json")
    )


@cache
def manifest() -> Any:
    """Return the content of `manifest.json`."""
    return json.loads((_root() / "manifest.json").read_text(encoding="utf-8"))


def pages() -> list[Path]:
    """Return the paths of the reference pages that a new catalogue starts with."""
    return sorted((_PACKAGE / "pages").glob("*.txt"))
