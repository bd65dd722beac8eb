"""A system keyring in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend


class Keys(KeyringBackend):
    """A keyring in memory. It notes which threads read it, and raises *failure* if set."""

    priority = 1.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.threads: set[threading.Thread] = set()
        self.failure: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        self.threads.add(threading.current_thread())
        if self.failure is not None:
            raise self.failure
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.failure is not None:
            raise self.failure
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@contextmanager
def memory_keyring() -> Iterator[Keys]:
    """Replace the keyring of this process by one in memory, and yield it."""
    before = keyring.get_keyring()
    keys = Keys()
    keyring.set_keyring(keys)
    try:
        yield keys
    finally:
        keyring.set_keyring(before)
