"""The stores of this machine as a person manages them: listed, written, removed."""

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
    """One store. Everything it does blocks, and raises `ValueError` with a sentence."""

    name: str
    names: Callable[[], Iterable[str]]
    find: Callable[[str], Credential | None]
    document: Callable[[str], Any] | None = None
    """Returns the credential of a name as it is stored, secrets included, or None."""
    store: Callable[[str, Mapping[str, Any] | None], None] | None = None
    """Writes a credential, or removes it; None where that is not ours to do."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A credential as a list shows it: no value of it."""

    credential: Credential
    source: str
    """The name of its shelf."""
    is_writable: bool

    @property
    def warnings(self) -> list[str]:
        """What a person should look at."""
        if self.credential.origins:
            return []
        return ["it may be sent to any origin: name those it is for"]

    def to_json(self) -> dict[str, Any]:
        """Return the item of a list."""
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
    # Several names lead to one variable (my-api, my_api, MY-API); this spelling reads best.
    for variable in sorted(os.environ):
        if variable.startswith(PREFIX) and len(variable) > len(PREFIX):
            yield variable.removeprefix(PREFIX).lower().replace("_", "-")


def _store_in_file(name: str, document: Mapping[str, Any] | None) -> None:
    """Write the credential *name* into the file; the others stay as they are written."""
    path = credentials_file()
    try:
        with locked_owner_file(path):
            data = read_owner_file(path)
            text = "{}\n" if data is None else data.decode("utf-8")
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
            "credential-store-unwritten", file=str(path), systemMessage=reason
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
"""In the order in which they are asked for a credential."""


def shelf_of(name: str) -> Shelf | None:
    """Return the first shelf that has the credential *name*; None where none has."""
    for shelf in SHELVES:
        try:
            if shelf.find(name) is not None:
                return shelf
        except ValueError:  # it has one, which is broken
            return shelf
    return None


def writable_shelf(name: str) -> Shelf:
    """Return the shelf called *name*, which can be written. Raises `ValueError`."""
    for shelf in SHELVES:
        if shelf.name == name and shelf.store is not None:
            return shelf
    raise CodedError("credential-store-unknown", found=name, known=["file", "keyring"])


def moved(name: str, source: Shelf, target: Shelf) -> None:
    """Move the credential *name* from *source* to *target*, as it is stored. Blocks.

    It is removed here only once it can be read there, so that it is never lost. Raises
    `ValueError`.
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
    if target.document(name) != document:  # some keyrings forget what they are given
        raise CodedError("credential-store-forgot", store=target.name, name=name, other=source.name)
    source.store(name, None)


def listed_credentials() -> tuple[list[Listed], list[str]]:
    """Return the credentials that can be listed, by name, and a sentence for each that cannot be
    read. Blocks.
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
