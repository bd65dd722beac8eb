"""The record of one attempt: filled in while the attempt runs, so that it is there whatever ends
it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import chain

from httptask.errors import TaskError
from httptask.model.exchange import OutgoingRequest
from httptask.model.queue_time import queue_sentence
from httptask.sending._authorising import TokenRecord
from httptask.sending._hop import SHOWN, HopRecord
from httptask.sending._masked_body import MaskedBody
from httptask.sending._response import Verdict, View


@dataclass(slots=True)
class AttemptRecord:
    """One attempt: its hops, and what it ended in."""

    number: int
    """From 1."""
    waited_seconds: float
    """The wait before the attempt."""
    plain: OutgoingRequest | None = None
    """The request before it was authorised; None until it was made."""
    started: float = field(default_factory=time.time)
    """Seconds since 1970, UTC."""
    began: float = field(default_factory=time.perf_counter)
    hops: list[HopRecord] = field(default_factory=list)
    tokens: list[TokenRecord] = field(default_factory=list)
    """The token requests that authorising it took."""
    view: View | None = None
    """The decoded body of the last response."""
    body: MaskedBody | None = None
    """The same body as an exchange may hold it; None where no exchange is asked for."""
    verdict: Verdict | None = None
    error: TaskError | None = None
    elapsed_seconds: float = 0.0

    @property
    def counting_hops(self) -> list[HopRecord]:
        """The hops but those whose request was refused, and sent again, authorised anew."""
        return [hop for hop in self.hops if not hop.challenged]

    @property
    def maybe_delivered(self) -> bool:
        """Whether a server may have got a request of this attempt."""
        return any(hop.delivered for hop in self.hops)

    def note_so_far(self) -> None:
        """Fill in what its token requests have done that go on without it."""
        for token in self.tokens:
            token.hop.note_so_far()

    def queue_notes(self) -> list[str]:
        """Return what the queue did to its requests, those for tokens included."""
        notes = []
        for hop in chain((token.hop for token in self.tokens), self.hops):
            if "queue" in hop.phases or hop.queue_reason:  # few wait for their turn
                answered = hop.received is not None
                notes.append(queue_sentence(hop.phases, hop.queue_reason, is_answered=answered))
        return notes

    def shorten(self) -> None:
        """Drop long bodies: there may be a hundred attempts, and only the last one has a result."""
        for hop in self.hops:
            if hop.received is not None:
                hop.received.shorten()
        if self.view is not None and (self.view.file is not None or len(self.view.content) > SHOWN):
            if self.view.file is not None:
                self.view.file.discard()
            self.view = self.body = None
        if self.error is not None:  # the frames of its traceback hold the body too
            self.error.__traceback__ = self.error.__cause__ = self.error.__context__ = None
