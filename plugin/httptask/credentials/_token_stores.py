"""The built-in token stores: in memory, and in a file that several processes can share."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from httptask._core.file_lock import try_lock, unlock
from httptask._core.owner_file import (
    beside,
    locked_owner_file,
    read_owner_file,
    write_owner_file,
)
from httptask._core.strict_json import JsonError, parse
from httptask._core.threads import in_thread
from httptask.credentials._stores import credentials_file
from httptask.errors import CodedError, TaskError
from httptask.model.authorisation import Token

if TYPE_CHECKING:
    from httptask.protocols import TokenStore

_log = logging.getLogger(__name__)

TOKENS_VARIABLE = "HTTPTASK_TOKENS"
"""The environment variable in which an operator names the file for tokens."""


class MemoryTokens:
    """A token store in memory: the tokens of one process."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}
        self._lock = threading.Lock()

    async def get(self, key: str) -> Token | None:
        """Return the token of *key*."""
        return self._tokens.get(key)

    async def swap(self, key: str, before: str | None, token: Token | None) -> bool:
        """Store *token* if the stored one has the version *before*; None removes the token.

        Returns whether *token* was stored.
        """
        with self._lock:
            stored = self._tokens.get(key)
            if (stored.version if stored is not None else None) != before:
                return False
            if token is None:
                self._tokens.pop(key, None)
            else:
                self._tokens[key] = token
            return True

    async def lease(self, key: str, holder: str, seconds: float) -> bool:
        """Return True: within one process, `TokenKeeper` runs only one refresh for a key."""
        return True

    async def release(self, key: str, holder: str) -> None:
        """Do nothing."""


class GuardedTokens:
    """A wrapper of *store* that converts other exceptions to `OSError`, except `TaskError` and
    `ValueError`.
    """

    def __init__(self, store: TokenStore) -> None:
        self._store = store

    async def get(self, key: str) -> Token | None:
        """Return the token of *key*."""
        with _converted_errors():
            return await self._store.get(key)

    async def swap(self, key: str, before: str | None, token: Token | None) -> bool:
        """Store *token* if the stored one has the version *before*."""
        with _converted_errors():
            return await self._store.swap(key, before, token)

    async def lease(self, key: str, holder: str, seconds: float) -> bool:
        """Let only *holder* refresh the token of *key*."""
        with _converted_errors():
            return await self._store.lease(key, holder, seconds)

    async def release(self, key: str, holder: str) -> None:
        """End the lease of *holder*.

        If that fails, a warning is logged and nothing is raised: the task has its token, and the
        lease ends by itself.
        """
        try:
            await self._store.release(key, holder)
        except Exception as error:  # noqa: BLE001 - a plugin's store may raise anything
            _log.warning("a lease of the token store stays until its end: %s", _message_of(error))


@contextlib.contextmanager
def _converted_errors() -> Iterator[None]:
    try:
        yield
    except TaskError:
        raise
    except Exception as error:
        is_ours = isinstance(error, OSError | ValueError) and not isinstance(error, TimeoutError)
        if is_ours:
            raise
        raise OSError(_message_of(error)) from error


def _message_of(error: Exception) -> str:
    return str(error) or type(error).__name__


class FileTokens:
    """A token store in the JSON file *path*, which only its owner may read.

    Each change writes a new file and renames it, under a lock file beside it. A lease is a file
    lock, too, so it ends with its process. A lease that is held longer than agreed is taken over.
    """

    def __init__(self, path: os.PathLike[str] | str) -> None:
        self.path = Path(path).expanduser()
        self._leases: dict[tuple[str, str], int] = {}

    async def get(self, key: str) -> Token | None:
        """Return the token of *key*."""
        return await in_thread(lambda: self._token(self._read(), key))

    async def swap(self, key: str, before: str | None, token: Token | None) -> bool:
        """Store *token* on the disk if the stored one has the version *before*; None removes it.

        Returns whether *token* was stored.
        """
        return await in_thread(lambda: self._swap(key, before, token))

    async def lease(self, key: str, holder: str, seconds: float) -> bool:
        """Take the lease of *key*, and return whether that succeeded."""
        return await in_thread(lambda: self._lease(key, holder, seconds))

    async def release(self, key: str, holder: str) -> None:
        """Give the lease of *key* back."""
        descriptor = self._leases.pop((key, holder), None)
        if descriptor is not None:
            await in_thread(lambda: self._release(key, descriptor))

    def _swap(self, key: str, before: str | None, token: Token | None) -> bool:
        # Read under the lock: another process may change the file between reading and writing.
        with locked_owner_file(self.path):
            document = self._read()
            stored = self._token(document, key)
            stored_version = stored.version if stored is not None else None
            if stored_version != before:
                return False
            tokens = document.setdefault("tokens", {})
            if token is None:
                tokens.pop(key, None)
            else:
                tokens[key] = token.to_stored()
            useful = {name: value for name, value in tokens.items() if not _is_useless(value)}
            document["tokens"] = useful
            write_owner_file(self.path, json.dumps(document, indent=1).encode())
            return True

    def _read(self) -> dict[str, Any]:
        data = read_owner_file(self.path)
        if data is None:
            return {}
        try:
            document = parse(data)
        except JsonError:  # its message would quote a token
            document = None
        if not isinstance(document, dict) or not isinstance(document.get("tokens", {}), dict):
            raise CodedError(
                "credential-store-tokens",
                file=str(self.path),
                variable=TOKENS_VARIABLE,
            )
        return document

    def _token(self, document: dict[str, Any], key: str) -> Token | None:
        stored = document.get("tokens", {}).get(key)
        if not isinstance(stored, dict):
            return None
        try:
            return Token.from_stored(stored)
        except ValueError as error:
            raise ValueError(f"{self.path}: {error}") from None

    def _lease(self, key: str, holder: str, seconds: float) -> bool:
        """Lock the lock file of *key* for *holder*, and write the end of the lease into it."""
        path = self._lock_of(key)
        # Under the file's lock: otherwise another process could read the end of an older lease,
        # after this one has taken the lock but not written the new end, and take the lease over.
        with locked_owner_file(self.path):
            descriptor = try_lock(path)
            if descriptor is None and _is_overdue(path):
                # The holder hangs. Remove its lock file, and lock a new file of the same name.
                path.unlink(missing_ok=True)
                descriptor = try_lock(path)
            if descriptor is None:
                return False
            _write_end(descriptor, seconds)
        self._leases[key, holder] = descriptor
        return True

    def _release(self, key: str, descriptor: int) -> None:
        path = self._lock_of(key)
        try:
            with locked_owner_file(self.path), contextlib.suppress(OSError):
                # If the lease was taken over, the file of this name is another one: keep that.
                if os.path.samestat(os.fstat(descriptor), path.stat()):
                    path.unlink()
        finally:
            unlock(descriptor)

    def _lock_of(self, key: str) -> Path:
        return beside(self.path, hashlib.sha256(key.encode()).hexdigest()[:16])

    def __repr__(self) -> str:
        return f"<FileTokens {self.path}>"


def tokens_file() -> Path:
    """Return the path of the file for tokens: `HTTPTASK_TOKENS`, else a file beside the credentials
    file.
    """
    path = os.environ.get(TOKENS_VARIABLE)
    if path:
        return Path(path).expanduser()
    return credentials_file().with_suffix(".tokens.json")


def named_file() -> FileTokens | None:
    """Return the token store in a file, if `HTTPTASK_TOKENS` is set or the default file exists.

    The default file is made when a person connects a credential.
    """
    path = tokens_file()
    if os.environ.get(TOKENS_VARIABLE) or path.exists():
        return FileTokens(path)
    return None


_USELESS_SECONDS = 7 * 86_400.0


def _is_useless(stored: Any) -> bool:
    """Say whether a stored token expired a week ago and cannot be refreshed.

    Such tokens are removed, because changed credentials leave many. A week is long enough for
    clocks that differ.
    """
    try:
        token = Token.from_stored(stored)
    except (TypeError, ValueError):
        return False
    life = token.expires_in
    if life is None or token.refresh_token is not None:
        return False
    return time.time() - token.obtained_at - life > _USELESS_SECONDS


def _write_end(descriptor: int, seconds: float) -> None:
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{time.time() + seconds:.6f}".encode())


def _is_overdue(path: Path) -> bool:
    """Say whether the end of the lease, which is written in the lock file *path*, has passed."""
    try:
        return time.time() > float(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return False  # the end has not been written yet: the lease was taken just now
