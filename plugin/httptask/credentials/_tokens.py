"""The tokens of all credentials of a runtime: obtained once, kept, refreshed before they expire.

A refresh that is lost locks its user out, where refresh tokens rotate (RFC 9700, section 2.2.2).
So one runs at a time, for itself; what it gave is stored before anything else happens; and whoever
comes too late uses what another has stored.
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
"""How long before its end a token is refreshed: the smaller of these."""
_REFRESH_SECONDS = 30.0
"""The deadline of one refresh."""
_LEASE_SECONDS = 45.0
_FLIGHT_SECONDS = 90.0
"""The deadline of a refresh with the wait for another process's."""
_POLL_SECONDS = 0.05
_MOST_KEYS = 1024
"""Keys of tokens that are kept."""


def key_of(credential: str, identity: Mapping[str, Any]) -> str:
    """Return the key of the token of *identity*, a value that changes whenever the token would."""
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return f"{credential}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class _Seen:
    """A token that this process knows, and its age: by the even clock from when it was seen."""

    token: Token
    age: float
    """Seconds, when it was seen."""
    seen_at: float
    stale_at: float = field(init=False)
    """By the monotonic clock, when it has to be refreshed."""

    def __post_init__(self) -> None:
        life, stale_at = self.token.expires_in, math.inf
        if life is not None:
            ahead = min(_AHEAD_SECONDS, _AHEAD_PART * life)
            stale_at = self.seen_at + life - self.age - ahead
        object.__setattr__(self, "stale_at", stale_at)

    def seconds_left(self, now: float) -> float | None:
        """Return the seconds of life left, at *now* of the monotonic clock; None: nobody knows."""
        if self.token.expires_in is None:
            return None
        return self.token.expires_in - self.age - (now - self.seen_at)

    def is_fresh(self, now: float) -> bool:
        """Say whether it need not be refreshed yet."""
        return now < self.stale_at


def _failed(code: str, key: str, **params: Any) -> CredentialError:
    return CredentialError.of(code, retryable=True, name=key.rpartition(":")[0], **params)


class TokenKeeper:
    """The tokens of a runtime, in the store that *make_store* gives when it is first needed."""

    def __init__(self, make_store: Callable[[], TokenStore], clock: Clock) -> None:
        self._make_store = make_store
        self._clock = clock
        self._store: TokenStore | None = None
        self._seen: dict[str, _Seen] = {}
        self._keys: dict[tuple[str, bytes], str] = {}
        # By process, too: one that was forked has none of those under way.
        self._flights: dict[tuple[int, str], concurrent.futures.Future[Token]] = {}
        self._unstored: dict[str, tuple[str | None, _Seen]] = {}
        self._lock = threading.Lock()
        self._refresher = Refresher()

    def key(self, credential: str, identity: Any) -> str:
        """Return the key of the token of *identity*, as `key_of` does; asked in every attempt."""
        try:
            # Exact, where equality would take 1 for true.
            asked = credential, marshal.dumps(identity, 2)
        except ValueError:
            return key_of(credential, identity)
        key = self._keys.get(asked)
        if key is None:
            if len(self._keys) >= _MOST_KEYS:
                self._keys.clear()
            key = self._keys[asked] = key_of(credential, identity)
        return key

    def fresh(self, key: str) -> Token | None:
        """Return the token of *key* that this process knows, if it need not be refreshed yet."""
        seen = self._seen.get(key)
        # Not by `is_fresh`: asked in every attempt.
        return seen.token if seen is not None and self._clock.monotonic() < seen.stale_at else None

    async def get(self, key: str, obtain: Obtain, refused: str | None = None) -> Token:
        """Return the token of *key*: the stored one while it is fresh, else what *obtain* gives.

        *refused* is the version of one that the server did not accept.
        """
        for _ in range(3):
            fresh = self.fresh(key)
            if fresh is not None and fresh.version != refused:
                return fresh
            flight = self._flight(key, obtain, refused)
            try:
                token = await outcome(flight)
            except CredentialError as error:  # each that waited says where it is named
                raise CredentialError.from_json(error.to_json()) from None
            except ValueError as error:
                again = CodedError if isinstance(error, CodedError) else ValueError
                raise again(*error.args) from None
            if token.version != refused:
                return token
            # The flight was under way when the server refused what it had found in the store.
        raise _failed("credential-tokens-refused", key)

    def _flight(
        self, key: str, obtain: Obtain, refused: str | None
    ) -> concurrent.futures.Future[Token]:
        own = os.getpid(), key
        with self._lock:
            flight = self._flights.get(own)
            if flight is None:
                flight = self._refresher.start(lambda: self._refreshed(key, obtain, refused))
                self._flights[own] = flight
        flight.add_done_callback(lambda ended: self._land(own, ended))
        return flight

    def _land(self, own: tuple[int, str], flight: concurrent.futures.Future[Token]) -> None:
        with self._lock:
            if self._flights.get(own) is flight:
                del self._flights[own]

    # On the refresher's event loop

    async def _refreshed(self, key: str, obtain: Obtain, refused: str | None) -> Token:
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
        except asyncio.CancelledError:  # the runtime is closed, and the grace is over
            if is_asked:
                _log.warning(
                    "credential %r: the runtime was closed while a token was asked for; if the"
                    " server has put a new refresh token in place of the old one, it is lost, and"
                    " the credential has to be connected again",
                    key.rpartition(":")[0],
                )
            raise _failed("credential-token-closed", key) from None

    async def _under_lease(
        self, store: TokenStore, key: str, obtain: Obtain, refused: str | None
    ) -> Token:
        token = await self._usable(store, key, refused)
        if token is not None:  # another process was faster
            return token
        stored = await store.get(key)
        before = stored.version if stored is not None else None
        try:
            async with asyncio.timeout(_REFRESH_SECONDS):
                given = await obtain(stored)
        except TimeoutError:
            late = _failed("credential-token-late", key, seconds=_REFRESH_SECONDS)
            return await self._after_failure(store, key, refused, before, late)
        except CredentialError as error:
            return await self._after_failure(store, key, refused, before, error)
        token = replace(
            given,
            # RFC 6749, section 6: who is given no new one goes on with the old one.
            refresh_token=given.refresh_token or (stored.refresh_token if stored else None),
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
        """Return the token to go on with although a refresh ended in *error*, or raise that.

        A refresh token that is not valid any more is a lost race where the store holds a newer one.
        One that lives a little longer will do while its server cannot be asked.
        """
        newer = await store.get(key)
        if newer is not None and newer.version not in (before, refused):
            return self._note(key, newer).token
        seen = self._seen.get(key)
        if error.retryable and seen is not None and seen.token.version not in (None, refused):
            left = seen.seconds_left(self._clock.monotonic())
            if left is not None and left > 0:
                return seen.token
        raise error

    async def _stored(self, store: TokenStore, key: str, before: str | None, given: _Seen) -> Token:
        """Store what was *given*, and return it; the store's own where another has written
        meanwhile.
        """
        self._unstored[key] = before, given  # until it is safe
        if not await store.swap(key, before, given.token):
            newer = await store.get(key)
            if newer is not None and self._measured(newer).is_fresh(self._clock.monotonic()):
                given = self._measured(newer)
            else:
                await store.swap(key, newer.version if newer is not None else None, given.token)
        del self._unstored[key]
        return self._remember(key, given).token

    async def _usable(self, store: TokenStore, key: str, refused: str | None) -> Token | None:
        """Return the token of *key* in the store while it is fresh, and not the *refused* one."""
        unstored = self._unstored.get(key)
        if unstored is not None:  # the store had failed: what was given then must not be lost
            await self._stored(store, key, *unstored)
        stored = await store.get(key)
        if stored is None or stored.version == refused:
            return None
        seen = self._note(key, stored)
        return seen.token if seen.is_fresh(self._clock.monotonic()) else None

    def _note(self, key: str, token: Token) -> _Seen:
        seen = self._seen.get(key)
        if seen is None or seen.token.version != token.version:
            seen = self._remember(key, self._measured(token))
        return seen

    def _remember(self, key: str, seen: _Seen) -> _Seen:
        if len(self._seen) >= _MOST_KEYS and key not in self._seen:
            self._seen.clear()  # the store has them still
        self._seen[key] = seen
        return seen

    def _measured(self, token: Token) -> _Seen:
        """Return *token* of another process with its age, as far as clocks that may differ say it.

        An age below 0 or above its life is a wrong clock's, or that of an old token: which, the
        server says.
        """
        age = self._clock.wall() - token.obtained_at
        bounded = max(0.0, min(age, token.expires_in if token.expires_in is not None else 0.0))
        return _Seen(token, bounded, self._clock.monotonic())

    async def _opened(self) -> TokenStore:
        if self._store is None:
            self._store = GuardedTokens(await in_thread(self._make_store))
        return self._store

    # For whoever connects, shows and ends

    async def peek(self, key: str) -> Token | None:
        """Return the token of *key* that is stored."""

        async def read() -> Token | None:
            return await (await self._opened()).get(key)

        return await outcome(self._refresher.start(read))

    async def put(self, key: str, token: Token | None) -> None:
        """Store *token* as the token of *key*, whatever is stored; None removes it.

        A removal waits for a refresh that is under way, here or in another process: what that one
        is given would be stored after it.
        """

        async def write() -> None:
            store = await self._opened()
            if token is not None:
                await self._overwrite(store, key, token)
                return
            flight, holder = self._flights.get((os.getpid(), key)), secrets.token_hex(8)
            try:
                async with asyncio.timeout(_FLIGHT_SECONDS):
                    if flight is not None:  # a store of this process alone has no leases
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

    async def _overwrite(self, store: TokenStore, key: str, token: Token | None) -> None:
        new = token
        if new is not None:
            new = replace(new, obtained_at=self._clock.wall(), version=secrets.token_hex(8))
        for _ in range(10):
            stored = await store.get(key)
            if await store.swap(key, stored.version if stored is not None else None, new):
                break
        else:
            raise _failed("credential-token-busy", key)
        self._unstored.pop(key, None)  # an older one must not take its place
        self._seen.pop(key, None)

    async def aclose(self, last: Callable[[], Awaitable[None]]) -> None:
        """Wait for refreshes, and for *last* on their event loop."""
        await in_thread(lambda: self._refresher.close(last))
