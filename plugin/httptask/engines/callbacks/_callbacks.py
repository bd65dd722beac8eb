"""The callback URLs of waiting tasks, and the answers to their calls. No network here."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from copy import copy
from typing import Any

from httptask._core.redaction import Redactor
from httptask.engines.callbacks._calls import GONE, LATER, REPEATED, UNKNOWN
from httptask.engines.callbacks._tokens import (
    Secret,
    Visit,
    keyed_hash,
    names_of,
    secrets_of,
    token_in,
    without_token,
)
from httptask.model.callback import CALLBACK_URL, TOKENS, Answer, Received
from httptask.model.workflow import Signal

_PREFIX_LENGTH = 16
"""The first characters of a token are its key in a dictionary; the rest is compared in constant
time.
"""
_REMEMBERED = 10_000
"""The number of tokens of ended waits that are kept, to answer repeated calls."""
MOST_NOTES = 20
"""The number of notes about refused calls that a wait keeps."""

_log = logging.getLogger(__name__)

Answering = Callable[[Received], Awaitable[Answer]]
Opened = Callable[[str, str], None]
"""Called with the name of a waiting task, and its URL without the token."""


class Gate:
    """The wait of one visit for a call of its URL.

    *names* are the `swf:` names with the URL and its tokens. *answer* decides on each call. *keep*
    stores the signal that ends the wait, and returns whether it is the first signal. *note* is
    called with remarks for the history.
    """

    def __init__(
        self,
        names: dict[str, str],
        answer: Answering,
        keep: Callable[[Signal], Awaitable[bool]],
        note: Callable[[str], None],
    ) -> None:
        self.names = names
        self.url = names[CALLBACK_URL]
        self.tokens = [names[name] for name in TOKENS if name in names]
        """The tokens of the visit; the first is the token of its URL."""
        self._answer = answer
        self._keep = keep
        self._note = note
        self._notes = 0
        self._one_by_one = asyncio.Lock()
        self._signal: asyncio.Future[Signal] = asyncio.get_running_loop().create_future()
        self._is_closed = False
        self.mask: Callable[[Any], Any] = Redactor(self.tokens).value
        """Returns JSON with the tokens masked, because a server may have echoed a token."""

    async def wait(self) -> Signal:
        """Wait for the call that ends the wait, and return its signal."""
        return await asyncio.shield(self._signal)

    def close(self) -> Answer:
        """End the wait, and return the answer to later calls."""
        self._is_closed = True
        return self._late() or GONE

    async def receive(self, received: Received) -> Answer:
        """Return the answer to the call *received*."""
        # One call at a time: of two calls at once, only one may end the wait.
        async with self._one_by_one:
            late = self._late()
            if late is not None:
                return late
            answer = await self._answer(received)
            if answer.note:
                self._take_note(answer.note)
            if answer.signal is None:
                return answer
            # The gate may have been closed during the answer.
            late = self._late()
            if late is not None:
                return late
            if not await self._keep(answer.signal):
                return REPEATED
            if not self._signal.done():
                self._signal.set_result(answer.signal)
            return answer

    def _late(self) -> Answer | None:
        """Return the answer to a call after the end of the wait; None before the end."""
        if self._signal.done():
            return REPEATED
        return GONE if self._is_closed else None

    def _take_note(self, note: str) -> None:
        self._notes += 1
        if self._notes <= MOST_NOTES:
            self._note(note)


class Callbacks:
    """The callback URLs of runs in this process, below *address*, made with *secret*."""

    def __init__(
        self,
        address: str,
        secret: Secret,
        *,
        opened: Opened | None = None,
    ) -> None:
        self.address = address.rstrip("/")
        self._secrets = secrets_of(secret)
        self._opened = opened
        self._gates: dict[str, tuple[str, Gate]] = {}
        """The open gates: start of the token -> the token, and its gate."""
        self._over: OrderedDict[str, tuple[str, Answer]] = OrderedDict()
        """The ended waits: start of the token -> the token, and the answer to later calls."""

    def at(self, address: str) -> Callbacks:
        """Return a copy that makes URLs below another *address*, and shares the gates."""
        other = copy(self)
        other.address = address.rstrip("/")
        return other

    def url_of(self, visit: Visit) -> str | None:
        """Return the URL of *visit*, which is a secret; None if *visit* has no open gate."""
        _, gate = self._gates.get(self._tokens(visit)[0][:_PREFIX_LENGTH], (None, None))
        return gate.url if gate is not None else None

    def open(
        self,
        visit: Visit,
        answering: Callable[[Gate], Answering],
        *,
        keep: Callable[[Signal], Awaitable[bool]],
        note: Callable[[str], None],
    ) -> Gate:
        """Open the gate of *visit*. Its URL is always the same, also in another process.

        *answering* returns the function that answers the gate's calls; for *keep* and *note* see
        `Gate`.
        """

        async def answer(received: Received) -> Answer:
            return await answering(gate)(received)

        gate = Gate(names_of(self.address, *self._tokens(visit)), answer, keep, note)
        for token in gate.tokens:
            self._gates[token[:_PREFIX_LENGTH]] = token, gate
        if self._opened is not None:
            self._opened(str(visit[1]), without_token(gate.url))
        return gate

    def close(self, gate: Gate) -> None:
        """Close *gate*. Later calls of its URL are recognised for a while."""
        late = gate.close()
        for token in gate.tokens:
            prefix = token[:_PREFIX_LENGTH]
            if self._gates.get(prefix) == (token, gate):
                del self._gates[prefix]
            self._over[prefix] = token, late
        while len(self._over) > _REMEMBERED:
            self._over.popitem(last=False)

    def _tokens(self, visit: Visit) -> list[str]:
        """Return the tokens of *visit*, one for each secret; the first is the token of its URL."""
        return [keyed_hash(secret, visit) for secret in self._secrets]

    async def receive(self, path: str, received: Received) -> Answer:
        """Return the answer to *received*, a call of *path*.

        Only a caller that knows a URL learns whether its run exists.
        """
        token = token_in(path)
        prefix = token[:_PREFIX_LENGTH]
        valid_token, late = self._over.get(prefix, ("-" * len(token), UNKNOWN))
        valid_token, gate = self._gates.get(prefix, (valid_token, None))
        if not hmac.compare_digest(valid_token.encode(), token.encode("utf-8", "replace")):
            return UNKNOWN
        if gate is None:
            return late
        try:
            return await gate.receive(received)
        except Exception:  # noqa: BLE001 - the caller is asked to call again; the log says why
            _log.exception("a callback could not be taken")
            return LATER
