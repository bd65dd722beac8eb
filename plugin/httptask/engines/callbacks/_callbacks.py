"""Which URLs are waited for, and by whom. No network here."""

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

_NAME_LENGTH = 16
"""Characters of a token by which it is looked up; the others are only compared."""
_REMEMBERED = 10_000
"""Tokens of waits that are over: a repeated call is told so."""
MOST_NOTES = 20
"""Notes of refused calls that a wait keeps."""

_log = logging.getLogger(__name__)

Answering = Callable[[Received], Awaitable[Answer]]
Opened = Callable[[str, str], None]
"""Is told the name of a task that waits, and its URL without the secret part."""


class Gate:
    """The wait of one visit for a call of its URL, whose *names* expressions have. *answer* judges
    calls; *keep* keeps the signal of the one that ends the wait, and says whether it is the first;
    *note* takes notes.
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
        """That of the URL first."""
        self._answer = answer
        self._keep = keep
        self._note = note
        self._notes = 0
        self._one_by_one = asyncio.Lock()
        self._signal: asyncio.Future[Signal] = asyncio.get_running_loop().create_future()
        self._is_closed = False
        self.mask: Callable[[Any], Any] = Redactor(self.tokens).value
        """Returns JSON without the tokens, which a server may have echoed."""

    async def wait(self) -> Signal:
        """Return the signal of the call that ends the wait, once it is there."""
        return await asyncio.shield(self._signal)

    def close(self) -> Answer:
        """Wait no more, and return the answer to a later call."""
        self._is_closed = True
        return self._late() or GONE

    async def receive(self, received: Received) -> Answer:
        """Return the answer to the call *received*."""
        async with self._one_by_one:
            if (late := self._late()) is not None:
                return late
            answer = await self._answer(received)
            if answer.note:
                self._take_note(answer.note)
            if answer.signal is None:
                return answer
            if (late := self._late()) is not None:
                return late
            if not await self._keep(answer.signal):
                return REPEATED
            if not self._signal.done():
                self._signal.set_result(answer.signal)
            return answer

    def _late(self) -> Answer | None:
        if self._signal.done():
            return REPEATED
        return GONE if self._is_closed else None

    def _take_note(self, note: str) -> None:
        self._notes += 1
        if self._notes <= MOST_NOTES:
            self._note(note)


class Callbacks:
    """The callback URLs of runs in this process, below *address*, made with *secret*."""

    def __init__(self, address: str, secret: Secret, *, opened: Opened | None = None) -> None:
        self.address = address.rstrip("/")
        self._secrets = secrets_of(secret)
        self._opened = opened
        self._gates: dict[str, tuple[str, Gate]] = {}
        """By the name of a token: the whole of it, and what it opens."""
        self._over: OrderedDict[str, tuple[str, Answer]] = OrderedDict()
        """The tokens of waits that are over, by name, and the answer to calls from then on."""

    def at(self, address: str) -> Callbacks:
        """Return these callbacks with URLs below another *address*: calls of all are received
        here.
        """
        there = copy(self)
        there.address = address.rstrip("/")
        return there

    def url_of(self, visit: Visit) -> str | None:
        """Return the URL that *visit* waits at: a secret. None: it waits at none now."""
        _, gate = self._gates.get(self._tokens(visit)[0][:_NAME_LENGTH], (None, None))
        return gate.url if gate is not None else None

    def open(
        self,
        visit: Visit,
        answering: Callable[[Gate], Answering],
        *,
        keep: Callable[[Signal], Awaitable[bool]],
        note: Callable[[str], None],
    ) -> Gate:
        """Return the gate of *visit*. Its URL is always the same. *answering* returns what answers
        its calls; see `Gate`.
        """

        async def answer(received: Received) -> Answer:
            return await answering(gate)(received)

        gate = Gate(names_of(self.address, *self._tokens(visit)), answer, keep, note)
        for token in gate.tokens:
            self._gates[token[:_NAME_LENGTH]] = token, gate
        if self._opened is not None:
            self._opened(str(visit[1]), without_token(gate.url))
        return gate

    def close(self, gate: Gate) -> None:
        """Close *gate*, which is remembered for a while."""
        late = gate.close()
        for token in gate.tokens:
            name = token[:_NAME_LENGTH]
            if self._gates.get(name) == (token, gate):
                del self._gates[name]
            self._over[name] = token, late
        while len(self._over) > _REMEMBERED:
            self._over.popitem(last=False)

    def _tokens(self, visit: Visit) -> list[str]:
        """Return the tokens of *visit*, which nobody can guess; the first is that of its URL."""
        return [keyed_hash(secret, visit) for secret in self._secrets]

    async def receive(self, path: str, received: Received) -> Answer:
        """Return the answer to *received*, a call of *path*; no answer says which runs there are,
        but to who knows the URL.
        """
        token = token_in(path)
        name = token[:_NAME_LENGTH]
        known, late = self._over.get(name, ("-" * len(token), UNKNOWN))
        known, gate = self._gates.get(name, (known, None))
        if not hmac.compare_digest(known.encode(), token.encode("utf-8", "replace")):
            return UNKNOWN
        if gate is None:
            return late
        try:
            return await gate.receive(received)
        except Exception:  # noqa: BLE001 - whoever calls is told to call again, and the log has why
            _log.exception("a callback could not be taken")
            return LATER
