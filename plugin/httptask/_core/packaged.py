"""Files in the package: its schemas, its manifest, the first pages of a new catalogue."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parent.parent


def _root() -> Path:
    # A wheel carries schemas/ and manifest.json inside the package; a checkout has them two folders
    # up.
    return _PACKAGE if (_PACKAGE / "manifest.json").exists() else _PACKAGE.parent.parent


@cache
def schema(name: str) -> Any:
    """Return the JSON Schema of one of our documents: `http-task`, `endpoint`, `exchange`, ..."""
    return json.loads((_root() / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))


def schema_names() -> list[str]:
    """Return the names that `schema` takes."""
    return sorted(
        path.name.removesuffix(".schema.json")
        for path in (_root() / "schemas").glob("*.schema.json")
    )


@cache
def manifest() -> Any:
    """Return `manifest.json`."""
    return json.loads((_root() / "manifest.json").read_text(encoding="utf-8"))


def pages() -> list[Path]:
    """Return the reference pages a new catalogue starts with."""
    return sorted((_PACKAGE / "pages").glob("*.txt"))
