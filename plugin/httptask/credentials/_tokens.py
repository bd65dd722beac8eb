"""The tokens of all credentials of a runtime: obtained once, stored, refreshed before they expire.

Servers may replace the refresh token at each refresh (RFC 9700, section 2.2.2): then a lost
response locks the user out. So only one refresh of a token runs at a time, and the task that needs
the token cannot cancel it; the result is stored before anything else happens; and other tasks and
processes wait for the stored token.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import hashlib
import json
import logging
import marshal
import math
import os
import secrets
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from httptask._core.threads import in_thread
from httptask.credentials._refresher import Refresher, outcome
from httptask.credentials._token_stores import GuardedTokens
from httptask.errors import CodedError, CredentialError
from httptask.model.authorisation import Clock, Token

if TYPE_CHECKING:
    from httptask.protocols import TokenStore

_log = logging.getLogger(__name__)

Obtain = Callable[[Token | None], Awaitable[Token]]

_AHEAD_SECONDS = 60.0
_AHEAD_PART = 0.1
"""A token is refreshed a minute, or a tenth of its life, before it expires, whichever is
shorter.
"""
_REFRESH_SECONDS = 30.0
"""The timeout of one refresh."""
_LEASE_SECONDS = 45.0
"""The length of a lease: longer than a refresh may take."""
_FLIGHT_SECONDS = 90.0
"""The timeout of a refresh, including the wait for a refresh in another process."""
_POLL_SECONDS = 0.05
"""The time between two attempts to get a lease."""
_MOST_KEYS = 1024
"""The most keys of tokens that are cached."""


def key_of(credential: str, identity: Mapping[str, Any]) -> str:
    """Return the key for the token of *identity*.

    *identity* must contain everything of the credential that the token depends on.
    """
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return f"{credential}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class _Seen:
    """A token that this process knows, with its age.

    The age is counted by the monotonic clock since the token was seen first: the system clock may
    be set meanwhile.
    """

    token: Token
    age: float
    """The age at `seen_at`, in seconds."""
    seen_at: float
    """When this process saw the token first, by the monotonic clock."""
    stale_at: float = field(init=False)
    """When the token must be refreshed, by the monotonic clock."""

    def __post_init__(self) -> None:
        life = self.token.expires_in
        stale_at = math.inf
        if life is not None:
            ahead = min(_AHEAD_SECONDS, _AHEAD_PART * life)
            stale_at = self.seen_at + life - self.age - ahead
        object.__setattr__(self, "stale_at", stale_at)

    def seconds_left(self, now: float) -> float | None:
        """Return the seconds until the token expires; None if unknown. *now* is monotonic."""
        if self.token.expires_in is None:
            return None
        return self.token.expires_in - self.age - (now - self.seen_at)

    def is_fresh(self, now: float) -> bool:
        """Say whether the token need not be refreshed yet."""
        return now < self.stale_at


def _failed(code: str, key: str, **params: Any) -> CredentialError:
    return CredentialError.of(
        code,
        retryable=True,
        name=key.rpartition(":")[0],
        **params,
    )


class TokenKeeper:
    """The tokens of a runtime. *make_store* makes their store when it is first needed."""

    def __init__(self, make_store: Callable[[], TokenStore], clock: Clock) -> None:
        self._make_store = make_store
        self._clock = clock
        self._store: TokenStore | None = None
        self._seen: dict[str, _Seen] = {}
        self._keys: dict[tuple[str, bytes], str] = {}
        # The running refreshes. The process id is part of the key: after a fork, the refreshes of
        # the parent do not run in the child.
        self._flights: dict[tuple[int, str], concurrent.futures.Future[Token]] = {}
        # New tokens, with the version before, that are not yet safely in the store.
        self._unstored: dict[str, tuple[str | None, _Seen]] = {}
        self._lock = threading.Lock()
        self._refresher = Refresher()

    def key(self, credential: str, identity: Any) -> str:
        """Return `key_of` of the arguments, from a cache: every attempt calls this."""
        try:
            # Cached by bytes and not by value: in Python, 1 equals True.
            cache_key = credential, marshal.dumps(identity, 2)
        except ValueError:
            return key_of(credential, identity)
        key = self._keys.get(cache_key)
        if key is None:
            if len(self._keys) >= _MOST_KEYS:
                self._keys.clear()
            key = self._keys[cache_key] = key_of(credential, identity)
        return key

    def fresh(self, key: str) -> Token | None:
        """Return the token of *key* if this process knows it and it is fresh, or None."""
        seen = self._seen.get(key)
        # `is_fresh` is written out for speed: every attempt calls this.
        if seen is not None and self._clock.monotonic() < seen.stale_at:
            return seen.token
        return None

    async def get(self, key: str, obtain: Obtain, refused: str | None = None) -> Token:
        """Return the stored token of *key* while it is fresh, else a new one from *obtain*.

        *refused* is the version of a token that the server did not accept. Raises
        `CredentialError`, and the `ValueError` of *obtain*.
        """
        for _ in range(3):
            fresh = self.fresh(key)
            if fresh is not None and fresh.version != refused:
                return fresh
            flight = self._flight(key, obtain, refused)
            try:
                token = await outcome(flight)
            except CredentialError as error:  # a copy for each waiter, which adds its own pointer
                raise CredentialError.from_json(error.to_json()) from None
            except ValueError as error:
                error_type = CodedError if isinstance(error, CodedError) else ValueError
                raise error_type(*error.args) from None
            if token.version != refused:
                return token
            # The refresh had begun before the token was refused, and returned the refused one.
        raise _failed("credential-tokens-refused", key)

    def _flight(
        self,
        key: str,
        obtain: Obtain,
        refused: str | None,
    ) -> concurrent.futures.Future[Token]:
        flight_key = os.getpid(), key
        with self._lock:
            flight = self._flights.get(flight_key)
            if flight is None:
                flight = self._refresher.start(lambda: self._refreshed(key, obtain, refused))
                self._flights[flight_key] = flight
        flight.add_done_callback(lambda ended: self._land(flight_key, ended))
        return flight

    def _land(self, flight_key: tuple[int, str], flight: concurrent.futures.Future[Token]) -> None:
        with self._lock:
            if self._flights.get(flight_key) is flight:
                del self._flights[flight_key]

    # The following methods run on the refresher's event loop

    async def _refreshed(self, key: str, obtain: Obtain, refused: str | None) -> Token:
        """Return a fresh token of *key*: wait for the lease, then refresh.

        While another process holds the lease, look in the store again and again for its token.
        """
        holder, is_asked = secrets.token_hex(8), False

        async def ask(stored: Token | None) -> Token:
            nonlocal is_asked
            is_asked = True
            return await obtain(stored)

        try:
            async with asyncio.timeout(_FLIGHT_SECONDS):
                store = await self._opened()
                while True:
                    token = await self._usable(store, key, refused)
                    if token is not None:
                        return token
                    if await store.lease(key, holder, _LEASE_SECONDS):
                        break
                    await asyncio.sleep(_POLL_SECONDS)
                try:
                    return await self._under_lease(store, key, ask, refused)
                finally:
                    await store.release(key, holder)
        except TimeoutError:
            raise _failed("credential-token-awaited", key, seconds=_FLIGHT_SECONDS) from None
        except OSError as error:
            raise _failed("credential-token-store", key, storeMessage=str(error)) from None
        except asyncio.CancelledError:  # the runtime was closed, and the grace period has passed
            if is_asked:
                _log.warning(
                    "credential %r: the runtime was closed while a token was asked for; if the"
                    " server has put a new refresh token in place of the old one, it is lost, and"
                    " the credential has to be connected again",
                    key.rpartition(":")[0],
                )
            raise _failed("credential-token-closed", key) from None

    async def _under_lease(
        self,
        store: TokenStore,
        key: str,
        obtain: Obtain,
        refused: str | None,
    ) -> Token:
        """Get a new token from *obtain*, store and return it. The lease of *key* is held."""
        token = await self._usable(store, key, refused)
        if token is not None:  # another process has refreshed it meanwhile
            return token
        stored = await store.get(key)
        before = stored.version if stored is not None else None
        try:
            async with asyncio.timeout(_REFRESH_SECONDS):
                new_token = await obtain(stored)
        except TimeoutError:
            timed_out = _failed("credential-token-late", key, seconds=_REFRESH_SECONDS)
            return await self._after_failure(store, key, refused, before, timed_out)
        except CredentialError as error:
            return await self._after_failure(store, key, refused, before, error)
        token = replace(
            new_token,
            # RFC 6749, section 6: without a new refresh token the old one stays valid.
            refresh_token=new_token.refresh_token or (stored.refresh_token if stored else None),
            obtained_at=self._clock.wall(),
            version=secrets.token_hex(8),
        )
        return await self._stored(store, key, before, _Seen(token, 0.0, self._clock.monotonic()))

    async def _after_failure(
        self,
        store: TokenStore,
        key: str,
        refused: str | None,
        before: str | None,
        error: CredentialError,
    ) -> Token:
        """Return a token that can be used although the refresh ended in *error*, or raise *error*.

        If the store has a newer token, another process has used the refresh token first. If the
        token server cannot be reached, the old token is used until it expires.
        """
        newer = await store.get(key)
        if newer is not None and newer.version not in (before, refused):
            return self._note(key, newer).token
        seen = self._seen.get(key)
        # Only for a server that may work again: one that refuses the refresh has ended the grant.
        if error.retryable and seen is not None and seen.token.version not in (None, refused):
            seconds_left = seen.seconds_left(self._clock.monotonic())
            if seconds_left is not None and seconds_left > 0:
                return seen.token
        raise error

    async def _stored(
        self,
        store: TokenStore,
        key: str,
        before: str | None,
        fetched: _Seen,
    ) -> Token:
        """Store *fetched*, a new token, and return it.

        If another process has stored a fresh token meanwhile, return that one. *before* is the
        version that *fetched* replaces.
        """
        self._unstored[key] = before, fetched  # until it is in the store
        if not await store.swap(key, before, fetched.token):
            newer = await store.get(key)
            if newer is not None and self._measured(newer).is_fresh(self._clock.monotonic()):
                fetched = self._measured(newer)
            else:
                newer_version = newer.version if newer is not None else None
                await store.swap(key, newer_version, fetched.token)
        del self._unstored[key]
        return self._remember(key, fetched).token

    async def _usable(
        self,
        store: TokenStore,
        key: str,
        refused: str | None,
    ) -> Token | None:
        """Return the stored token of *key* if it is fresh and not the *refused* one, or None."""
        unstored = self._unstored.get(key)
        if unstored is not None:  # the store failed after the last refresh: store the token now
            await self._stored(store, key, *unstored)
        stored = await store.get(key)
        if stored is None or stored.version == refused:
            return None
        seen = self._note(key, stored)
        if seen.is_fresh(self._clock.monotonic()):
            return seen.token
        return None

    def _note(self, key: str, token: Token) -> _Seen:
        seen = self._seen.get(key)
        if seen is None or seen.token.version != token.version:
            seen = self._remember(key, self._measured(token))
        return seen

    def _remember(self, key: str, seen: _Seen) -> _Seen:
        if len(self._seen) >= _MOST_KEYS and key not in self._seen:
            self._seen.clear()  # the tokens are still in the store
        self._seen[key] = seen
        return seen

    def _measured(self, token: Token) -> _Seen:
        """Return *token*, which another process may have stored, with its age.

        The clocks of processes may differ, so the age is limited to 0 and the token's lifetime. If
        the result is wrong, the server refuses the token.
        """
        age = self._clock.wall() - token.obtained_at
        lifetime = token.expires_in if token.expires_in is not None else 0.0
        bounded = max(0.0, min(age, lifetime))
        return _Seen(token, bounded, self._clock.monotonic())

    async def _opened(self) -> TokenStore:
        if self._store is None:
            self._store = GuardedTokens(await in_thread(self._make_store))
        return self._store

    # Connecting a credential, showing a request, closing

    async def peek(self, key: str) -> Token | None:
        """Return the stored token of *key*, or None."""

        async def read() -> Token | None:
            return await (await self._opened()).get(key)

        return await outcome(self._refresher.start(read))

    async def put(self, key: str, token: Token | None) -> None:
        """Store *token* as the token of *key*, whatever is stored; None removes the stored token.

        A removal first waits for a running refresh, in this or another process, which would
        otherwise store a token afterwards.
        """

        async def write() -> None:
            store = await self._opened()
            if token is not None:
                await self._overwrite(store, key, token)
                return
            flight = self._flights.get((os.getpid(), key))
            holder = secrets.token_hex(8)
            try:
                async with asyncio.timeout(_FLIGHT_SECONDS):
                    if flight is not None:  # a store in memory has no leases, so wait here
                        await asyncio.wait([asyncio.wrap_future(flight)])
                    while True:
                        if await store.lease(key, holder, _LEASE_SECONDS):
                            break
                        await asyncio.sleep(_POLL_SECONDS)
            except TimeoutError:
                raise _failed("credential-token-busy", key) from None
            try:
                await self._overwrite(store, key, None)
            finally:
                await store.release(key, holder)

        await outcome(self._refresher.start(write))

    async def _overwrite(
        self,
        store: TokenStore,
        key: str,
        token: Token | None,
    ) -> None:
        stamped = token
        if stamped is not None:
            stamped = replace(stamped, obtained_at=self._clock.wall(), version=secrets.token_hex(8))
        for _ in range(10):
            stored = await store.get(key)
            if await store.swap(key, stored.version if stored is not None else None, stamped):
                break
        else:
            raise _failed("credential-token-busy", key)
        self._unstored.pop(key, None)  # an older token must not replace this one later
        self._seen.pop(key, None)

    async def aclose(self, last: Callable[[], Awaitable[None]]) -> None:
        """Wait for running refreshes, then run *last* on their event loop."""
        await in_thread(lambda: self._refresher.close(last))
