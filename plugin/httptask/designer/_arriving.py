"""Report the items of a streamed response as they arrive: server-sent events, JSON lines and
similar.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any

from httptask._core.redaction import Redactor
from httptask._http.charsets import lookup_to_read
from httptask._http.media_types import charset_of
from httptask._http.sequences import Sequence, sequence_of
from httptask.errors import TaskError
from httptask.sending import Decoder, Received

_MOST_BYTES = 4 * 1024 * 1024
"""Bytes of a response that are examined while it arrives."""
_LONGEST = 1024 * 1024
"""Characters of an item that may wait for its end."""
_MOST_ITEMS = 100
"""Items per report; the last ones are taken."""
_MOST_CHARACTERS = 5_120
"""Characters of an item that are reported.

The page shows 4,096: the rest lets it recognise a secret that only the page knows, and mask it
before it cuts the text.
"""


class Arriving:
    """Reports the items that arrived since the last report, secrets masked.

    Nothing here raises: items that cannot be read now are in the final response, or in its error.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._stream: _Stream | None = None

    def news(self, received: Received | None) -> dict[str, Any] | None:
        """Return `{"count", "items", "isMore"}` for the response *received* so far; None without
        news.

        `items` are the new items, `{"number", "name"?, "text"}`; a name is that of a
        server-sent event. If `isMore` is true, later items are not reported.
        """
        sequence = None if received is None else sequence_of(received.media_type)
        if received is None or sequence is None:
            return None
        if self._stream is None or self._stream.received is not received:
            self._stream = _Stream(received, sequence)
        stream = self._stream
        before = self._stream.count
        was_over = stream.is_over
        texts = list(stream.texts())
        if not texts and stream.is_over == was_over:
            return None
        first = max(0, len(texts) - _MOST_ITEMS)
        items = [
            self._told(sequence, text, before + number)
            for number, text in enumerate(texts[first:], first + 1)
        ]
        return {
            "count": stream.count,
            "items": items,
            "isMore": stream.is_over,
        }

    def _told(self, sequence: Sequence, text: str, number: int) -> dict[str, Any]:
        item: dict[str, Any] = {"number": number}
        event = sequence.read(text, str)  # JSON stays text, as it arrived
        if isinstance(event, dict):
            if event.get("event"):
                item["name"] = self._shown(event["event"])
            text = event.get("data", "")
        return item | {"text": self._shown(text.strip("\x1e\r\n"))}

    def _shown(self, text: str) -> str:
        text = self._redactor.text(text)  # masked before it is cut
        if len(text) <= _MOST_CHARACTERS:
            return text
        return text[:_MOST_CHARACTERS] + "…"


class _Stream:
    """The items of one response."""

    def __init__(self, received: Received, sequence: Sequence) -> None:
        self.received = received
        self.count = 0
        self.is_over = False
        """Whether the rest of the response is not examined."""
        self._sequence = sequence
        self._decoder = Decoder(received.content_encoding)
        codec = lookup_to_read(charset_of(received.content_type)) or "utf_8"
        self._characters = codecs.getincrementaldecoder(codec)("replace")
        self._seen = 0
        """Bytes of the body."""
        self._unpacked = 0
        self._rest = ""
        """The beginning of an item whose end has not come."""

    def texts(self) -> Iterator[str]:
        """Yield the texts of new items that are complete."""
        if self.is_over:
            return
        new = bytes(self.received.body[self._seen : self._seen + _MOST_BYTES])
        self._seen += len(new)
        try:
            for piece in self._decoder.feed(new):
                self._unpacked += len(piece)
                # A character may be split between two pieces: an incremental decoder keeps its
                # first bytes.
                self._rest += self._characters.decode(bytes(piece))
                if self._unpacked > _MOST_BYTES:
                    break
        except TaskError:
            self.is_over = True
        whole = self._sequence.whole(self._rest)
        for text in self._sequence.split(self._rest[:whole]):
            self.count += 1
            yield text
        self._rest = self._rest[whole:]
        is_long = len(self._rest) > _LONGEST or self._unpacked > _MOST_BYTES
        self.is_over |= is_long or self.received.shortened
