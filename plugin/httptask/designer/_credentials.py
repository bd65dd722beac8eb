"""The credentials that can be listed: names and kinds, never values."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from httptask._core.strict_json import JsonError, parse
from httptask.credentials import PREFIX, credentials_file, from_environment, from_file
from httptask.model.credential import Credential


def listed() -> dict[str, Any]:
    """List the credentials of the environment and of the file. Blocks.

    Returns `{"items": [{"name", "kind", "source", "origins"?}], "problems": [sentence]}`.
    """
    items: dict[str, dict[str, Any]] = {}
    problems: list[str] = []
    for source, names, find in _STORES:
        try:
            for name in names():
                if name not in items:
                    _add(items, problems, source, name, find)
        except ValueError as error:
            problems.append(str(error))
    return {
        "items": sorted(items.values(), key=lambda item: str(item["name"])),
        "problems": problems,
    }


def _add(
    items: dict[str, dict[str, Any]],
    problems: list[str],
    source: str,
    name: str,
    find: Callable[[str], Credential | None],
) -> None:
    try:
        credential = find(name)
    except ValueError as error:
        problems.append(str(error))
        return
    if credential is None:
        return
    item: dict[str, Any] = {"name": name, "kind": credential.scheme, "source": source}
    items[name] = item | ({"origins": list(credential.origins)} if credential.origins else {})


def _in_environment() -> Iterator[str]:
    # Several names lead to one variable (my-api, my_api, MY-API); this spelling reads best.
    for variable in sorted(os.environ):
        if variable.startswith(PREFIX) and len(variable) > len(PREFIX):
            yield variable.removeprefix(PREFIX).lower().replace("_", "-")


def _in_file() -> Iterator[str]:
    from_file("")  # raises ValueError when the file is broken
    try:
        document = parse(credentials_file().read_bytes())
    except (OSError, JsonError):  # there is no file
        return
    if isinstance(document, dict):
        yield from document


_STORES: tuple[tuple[str, Callable[[], Iterator[str]], Callable[[str], Credential | None]], ...] = (
    ("environment", _in_environment, from_environment),
    ("file", _in_file, from_file),
)
