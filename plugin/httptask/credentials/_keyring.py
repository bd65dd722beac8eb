"""Credentials in the system's keyring: the extra `keyring`.

A keyring cannot list its entries, so one more entry holds the names of the credentials.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from httptask._core.strict_json import JsonError, parse
from httptask.credentials._stores import credential_of
from httptask.errors import CodedError

if TYPE_CHECKING:
    from httptask.model.credential import Credential

T = TypeVar("T")

_SERVICE = "httptask"
_NAMES = "httptask credential names", "names"
"""The service and the user name of the entry with the credentials' names."""


def has_keyring() -> bool:
    """Say whether the package `keyring` is installed."""
    return find_spec("keyring") is not None


def from_keyring(name: str) -> Credential | None:
    """Return the credential *name* in the keyring, or None.

    Blocks: the keyring may ask a person. Raises `ValueError` for a keyring that cannot be read, and
    for an entry that is not a credential.
    """
    document = keyring_document(name)
    if document is None:
        return None
    return credential_of(name, document, _where(name))


def keyring_document(name: str) -> Any:
    """Return the stored JSON of the credential *name*, or None. Raises `ValueError`."""
    entry = _ask_keyring(lambda keyring: keyring.get_password(_SERVICE, name))
    if entry is None:
        return None
    try:
        return parse(entry)
    except JsonError:  # its message would quote a secret
        raise CodedError("credential-store-keyring-entry", name=name) from None


def keyring_names() -> list[str]:
    """Return the names of the credentials in the keyring."""
    entry = _ask_keyring(lambda keyring: keyring.get_password(*_NAMES))
    try:
        names = parse(entry) if entry else []
    except JsonError:
        names = []
    if isinstance(names, list):
        return [name for name in names if isinstance(name, str)]
    return []


def to_keyring(name: str, document: Any) -> None:
    """Store *document* as the credential *name*; None removes it. Raises `ValueError`."""
    if not has_keyring():
        raise CodedError(
            "credential-package",
            use="the keyring",
            package="keyring",
            extra="keyring",
        )

    def change(keyring: Any) -> bool:
        if document is not None:
            keyring.set_password(_SERVICE, name, json.dumps(document))
        elif keyring.get_password(_SERVICE, name) is not None:
            keyring.delete_password(_SERVICE, name)
        # Keyrings cannot list what they hold, so the names are an entry of their own.
        names = [other for other in keyring_names() if other != name]
        listed = [*names, name] if document is not None else names
        keyring.set_password(*_NAMES, json.dumps(listed))
        return True

    if not _ask_keyring(change):
        raise CodedError("credential-store-no-keyring")


def _ask_keyring(ask: Callable[[Any], T]) -> T | None:
    """Call *ask* with the library, and return its result; None without a keyring.

    Raises `ValueError` if the keyring fails.
    """
    if not has_keyring():
        return None
    import keyring
    from keyring.errors import KeyringError, NoKeyringError

    try:
        return ask(keyring)
    except NoKeyringError:
        return None
    except KeyringError as error:
        message = f"{type(error).__name__}: {error}"
        raise CodedError("credential-store-keyring", keyringMessage=message) from None


def _where(name: str) -> str:
    return f"the system keyring: {name!r}"
