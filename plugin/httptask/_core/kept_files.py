"""Hiding the local paths of kept response bodies from expressions.

The name of a kept file is the first 32 digits of its SHA-256 and a suffix. A reference to the file
has its local path in `path`, beside `sha256`. Expressions could extract the path and send it
somewhere, so they get only the file's name.
"""

from __future__ import annotations

import marshal
import os
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

_NAME = re.compile(r"[0-9a-f]{32}\.\w+")
_SEPARATOR = re.compile(r"[/\\]")
_Changed = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@lru_cache(maxsize=8)
def kept_in(folder: Path) -> re.Pattern[str]:
    """Return a pattern for the part before the name in the path of a file kept in *folder*."""
    return re.compile(re.escape(f"{folder}{os.sep}") + r"(?=[0-9a-f]{32}\.)")


def is_kept_name(text: str, folder: Path) -> bool:
    """Say whether *text* is the name of a file that is kept in *folder*."""
    return _NAME.fullmatch(text) is not None and folder.joinpath(text).is_file()


class LocalPaths:
    """Replaces paths in data by names, and remembers the paths.

    *folder* is where this process keeps files; None if it keeps none.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._paths: dict[str, str] = {}
        """Name of a file -> path."""

    def may_stand_in(self, written: bytes) -> bool:
        """Say whether a value may contain a path; *written* is the value serialised.

        The serialisation must contain texts unchanged, as pickle and marshal do.
        """
        return b"sha256" in written or (
            self._folder is not None and os.fsencode(self._folder) in written
        )

    def taken_out(self, value: Any) -> Any:
        """Return the JSON *value* with names in place of paths; *value* itself without a path."""
        if self._are_in(value):
            return _copied(value, self._named, self._shortened)
        return value

    def put_back(self, value: Any) -> Any:
        """Return the JSON *value* with the paths put back into all complete references."""
        if self._paths:
            return _copied(value, self._placed, str)
        return value

    def _are_in(self, value: Any) -> bool:
        """Say whether *value* may contain a path.

        Every value that an expression reads is checked, so the fastest serialiser is used.
        """
        try:
            return self.may_stand_in(marshal.dumps(value))
        except ValueError:  # *value* is nested too deeply, or contains an object that is not JSON
            return True

    def _named(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        name = _kept_name(item) if "sha256" in item else ""
        if not name:
            return item
        self._paths[name] = item["path"]
        return {**item, "path": name}

    def _shortened(self, text: str) -> str:
        if self._folder is None:
            return text
        return kept_in(self._folder).sub("", text)

    def _placed(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        path = self._paths.get(_kept_name(item)) if "sha256" in item else None
        if path is None:
            return item
        return {**item, "path": path}


def _kept_name(item: Mapping[str, Any]) -> str:
    """Return the name of the kept file that *item*, the content of `$file`, refers to; "" if it
    refers to none.
    """
    path = item.get("path")
    digest = item["sha256"]
    if not isinstance(path, str) or not isinstance(digest, str):
        return ""
    name = _SEPARATOR.split(path)[-1]
    if _NAME.fullmatch(name) and digest.startswith(name[:32]):
        return name
    return ""


def _copied(value: Any, of_object: _Changed, of_text: Callable[[str], str]) -> Any:
    """Return a copy of the JSON *value* with every object changed by *of_object* and every text by
    *of_text*.

    It does not recurse, so no depth overflows the stack.
    """
    whole: list[Any] = [value]
    pending: list[tuple[Any, Any]] = [(whole, 0)]
    while pending:
        container, key = pending.pop()
        item = container[key]
        if isinstance(item, str):
            container[key] = of_text(item)
        elif isinstance(item, Mapping):
            container[key] = copy = dict(of_object(item))
            pending += [(copy, name) for name in copy]
        elif isinstance(item, list):
            container[key] = items = list(item)
            pending += [(items, index) for index in range(len(items))]
    return whole[0]
