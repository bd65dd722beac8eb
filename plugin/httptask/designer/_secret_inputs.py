"""The secrets in the input of a run: what is stored of the input does not have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from httptask._core.pointers import pointer as pointer_of
from httptask._core.redaction import MASK
from httptask._http.secret_names import is_secret
from httptask.designer._problems import Refused
from httptask.expressions import ABSENT
from httptask.workflow import is_secret_input

Path = tuple[str | int, ...]


def masked_input(schema: Any, value: Any) -> tuple[Any, list[Any]]:
    """Return the input *value* with `MASK` in place of its secrets, and the secrets.

    They are recognised by the names of members, by their own form, or because the `inputSchema`
    *schema* calls them passwords.
    """
    secrets: list[Any] = []

    def masked(path: Path, name: str, item: Any) -> Any:
        if not _is_secret(schema, path, name, item):
            return item
        secrets.append(item)
        return MASK

    return _mapped(value, masked), secrets


def without_secrets(schema: Any, value: Any) -> Any:
    """Return the input *value* without members that are secrets; an item of a list becomes null."""
    return _mapped(
        value,
        lambda path, name, item: ABSENT if _is_secret(schema, path, name, item) else item,
    )


def whole_input(stored: Any, given: Any) -> Any:
    """Return the *stored* input with the values of *given* in place of each `MASK`.

    Raises `Refused` if *given* has no such value.
    """
    missing: list[str] = []

    def filled(path: Path, _: str, item: Any) -> Any:
        if item != MASK:
            return item
        secret = _at(given, path)
        if secret in (None, MASK):
            missing.append(pointer_of(path))
        return secret

    whole = _mapped(stored, filled)
    if missing:
        raise Refused(
            "input",
            "the secrets in the input of that run are not stored: type them into the sample input"
            f" of its workflow, at {', '.join(missing[:5])}. Nothing was run",
        )
    return whole


def _is_secret(schema: Any, path: Path, name: str, item: Any) -> bool:
    if is_secret(name, item):
        return True
    may_be_password = isinstance(item, str) and item and isinstance(schema, Mapping)
    return bool(may_be_password and is_secret_input(schema, pointer_of(path)))


def _at(value: Any, path: Path) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _mapped(
    value: Any, change: Callable[[Path, str, Any], Any], path: Path = (), name: str = ""
) -> Any:
    """Return *value* with each scalar replaced by *change* of its path, its name and itself.

    Items have the name of their list. A member that becomes `ABSENT` is left out; an item becomes
    None.
    """
    if isinstance(value, Mapping):
        members = {
            key: _mapped(item, change, (*path, key), str(key)) for key, item in value.items()
        }
        return {key: item for key, item in members.items() if item is not ABSENT}
    if isinstance(value, list):
        items = [_mapped(item, change, (*path, index), name) for index, item in enumerate(value)]
        return [None if item is ABSENT else item for item in items]
    changed = change(path, name, value)
    return None if changed is ABSENT and not path else changed
