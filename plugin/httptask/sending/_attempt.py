"""The record of one attempt, filled in while the attempt runs: it is complete even when the attempt
ends with an error or is cancelled.
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
    """One attempt: its hops, and its outcome."""

    number: int
    """From 1."""
    waited_seconds: float
    """The wait before the attempt."""
    plain: OutgoingRequest | None = None
    """The request before it was authorised; None until the request is ready."""
    started: float = field(default_factory=time.time)
    """Seconds since 1970, UTC."""
    began: float = field(default_factory=time.perf_counter)
    hops: list[HopRecord] = field(default_factory=list)
    tokens: list[TokenRecord] = field(default_factory=list)
    """The token requests that were needed to authorise the attempt's request."""
    view: View | None = None
    """The decoded body of the last response."""
    body: MaskedBody | None = None
    """The same body with its secrets masked, for the exchange; None when no exchange is wanted."""
    verdict: Verdict | None = None
    error: TaskError | None = None
    elapsed_seconds: float = 0.0

    @property
    def counting_hops(self) -> list[HopRecord]:
        """The hops without the challenged ones, whose request was sent again with new
        authorisation.
        """
        return [hop for hop in self.hops if not hop.challenged]

    @property
    def maybe_delivered(self) -> bool:
        """Whether a server may have received a request of this attempt."""
        return any(hop.delivered for hop in self.hops)

    def note_so_far(self) -> None:
        """Update the records of token requests: they may go on after this attempt has ended."""
        for token in self.tokens:
            token.hop.note_so_far()

    def queue_notes(self) -> list[str]:
        """Return a note on each request, token requests included, that waited in a queue."""
        notes = []
        for hop in chain((token.hop for token in self.tokens), self.hops):
            if "queue" in hop.phases or hop.queue_reason:  # most requests did not wait
                answered = hop.received is not None
                notes.append(queue_sentence(hop.phases, hop.queue_reason, is_answered=answered))
        return notes

    def shorten(self) -> None:
        """Drop long bodies: there may be a hundred attempts, and only the last attempt's body is
        in the result.
        """
        for hop in self.hops:
            if hop.received is not None:
                hop.received.shorten()
        if self.view is not None and (self.view.file is not None or len(self.view.content) > SHOWN):
            if self.view.file is not None:
                self.view.file.discard()
            self.view = self.body = None
        if self.error is not None:  # the frames of the traceback refer to the body
            self.error.__traceback__ = self.error.__cause__ = self.error.__context__ = None
