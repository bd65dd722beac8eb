"""Managing the credential stores of this machine: listing, writing, moving, removing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from httptask._core.owner_file import locked_owner_file, read_owner_file, write_owner_file
from httptask.credentials._json_edit import with_member, without_member
from httptask.credentials._keyring import (
    from_keyring,
    keyring_document,
    keyring_names,
    to_keyring,
)
from httptask.credentials._stores import (
    PREFIX,
    credentials_file,
    from_environment,
    from_file,
    parsed_credentials,
    stored_credentials,
)
from httptask.errors import CodedError
from httptask.model.credential import Credential


@dataclass(frozen=True, slots=True)
class Shelf:
    """A credential store. Its functions block, and raise `ValueError` with a message for users."""

    name: str
    names: Callable[[], Iterable[str]]
    find: Callable[[str], Credential | None]
    document: Callable[[str], Any] | None = None
    """Returns a credential's stored JSON, with its secrets, or None."""
    store: Callable[[str, Mapping[str, Any] | None], None] | None = None
    """Writes a credential, or removes it for None. Without this function, it is read-only."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A credential in a list, which shows none of its values."""

    credential: Credential
    source: str
    """The name of the shelf that holds the credential."""
    is_writable: bool

    @property
    def warnings(self) -> list[str]:
        """Messages about things that a person should change."""
        if self.credential.origins:
            return []
        return ["it may be sent to any origin: name those it is for"]

    def to_json(self) -> dict[str, Any]:
        """Return the item for a list in JSON."""
        item: dict[str, Any] = {
            "name": self.credential.name,
            "kind": self.credential.scheme,
            "source": self.source,
            "writable": self.is_writable,
        }
        if self.credential.origins:
            item["origins"] = list(self.credential.origins)
        if self.warnings:
            item["warnings"] = self.warnings
        return item


def _environment_names() -> Iterable[str]:
    # Several names lead to the same variable (my-api, my_api, MY-API): show the most common style.
    for variable in sorted(os.environ):
        if variable.startswith(PREFIX) and len(variable) > len(PREFIX):
            yield variable.removeprefix(PREFIX).lower().replace("_", "-")


def _store_in_file(name: str, document: Mapping[str, Any] | None) -> None:
    """Write the credential *name* into the file, or remove it if *document* is None.

    The text of the other credentials stays unchanged.
    """
    path = credentials_file()
    try:
        with locked_owner_file(path):
            data = read_owner_file(path)
            text = "{}\n" if data is None else data.decode("utf-8")
            # Checked before it is edited as text: an edit of broken JSON could lose other
            # credentials.
            parsed_credentials(path, text)
            changed = (
                without_member(text, name)
                if document is None
                else with_member(text, name, document)
            )
            write_owner_file(path, changed.encode("utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise CodedError(
            "credential-store-unwritten",
            file=str(path),
            systemMessage=reason,
        ) from error
    except UnicodeDecodeError:
        raise CodedError("credential-store-no-utf-8", file=str(path)) from None


SHELVES = (
    Shelf("environment", _environment_names, from_environment),
    Shelf(
        "file",
        stored_credentials,
        from_file,
        lambda name: stored_credentials().get(name),
        _store_in_file,
    ),
    Shelf("keyring", keyring_names, from_keyring, keyring_document, to_keyring),
)
"""The stores, in the order in which they are asked for a credential."""


def shelf_of(name: str) -> Shelf | None:
    """Return the first shelf that has the credential *name*, or None."""
    for shelf in SHELVES:
        try:
            if shelf.find(name) is not None:
                return shelf
        except ValueError:  # the shelf has the credential, but it is invalid
            return shelf
    return None


def writable_shelf(name: str) -> Shelf:
    """Return the writable shelf *name*. Raises `ValueError` if there is none."""
    for shelf in SHELVES:
        if shelf.name == name and shelf.store is not None:
            return shelf
    raise CodedError("credential-store-unknown", found=name, known=["file", "keyring"])


def moved(name: str, source: Shelf, target: Shelf) -> None:
    """Move the credential *name* from *source* to *target*, unchanged. Blocks.

    It is removed from *source* only after it was read back from *target*, so that it is never lost.
    Raises `ValueError`.
    """
    if not (source.document and source.store and target.document and target.store):
        raise CodedError("credential-store-fixed", store=source.name)
    document = source.document(name)
    if document is None:
        raise CodedError("credential-store-absent", store=source.name, name=name)
    if target.name == source.name:
        return
    if target.find(name) is not None:
        raise CodedError("credential-store-taken", store=target.name, name=name)
    target.store(name, document)
    if target.document(name) != document:  # some keyrings do not store anything
        raise CodedError(
            "credential-store-forgot",
            store=target.name,
            name=name,
            other=source.name,
        )
    source.store(name, None)


def listed_credentials() -> tuple[list[Listed], list[str]]:
    """Return the credentials sorted by name, and a message for each problem. Blocks.

    A message describes a store, or a credential, that cannot be read.
    """
    items: dict[str, Listed] = {}
    problems: list[str] = []
    for shelf in SHELVES:
        try:
            names = [name for name in shelf.names() if name not in items]
        except ValueError as error:
            problems.append(str(error))
            continue
        for name in names:
            try:
                credential = shelf.find(name)
            except ValueError as error:
                problems.append(str(error))
                continue
            if credential is not None:
                items[name] = Listed(credential, shelf.name, shelf.store is not None)
    return sorted(items.values(), key=lambda item: item.credential.name), problems
