"""Collect the notes on one description: everything guessed, skipped or missing, each once."""

from __future__ import annotations

from httptask.model.api import Note

MOST_NOTES = 10_000
"""The most notes on one description. Of further notes, only the number is reported."""
MOST_LETTERS = 4 * 1024 * 1024
"""The most letters of all notes together: a hostile description may have names of megabytes."""


class Notes:
    """Collects notes until the reader yields them."""

    def __init__(self) -> None:
        self._pending: list[Note] = []
        self._noted: set[tuple[str, str]] = set()
        self._unlisted = 0
        self._letters = 0
        self.added = 0
        """The number of calls of `add`, with repeated notes."""

    def add(
        self,
        kind: str,
        message: str,
        uri: str,
        severity: str = "warning",
    ) -> None:
        """Add a note on the value at *uri* (see `References`), unless there is an equal note."""
        self.added += 1
        if (uri, message) in self._noted:
            return
        self._letters += len(uri) + len(message)
        # A hostile description can cause a note for each of its bytes.
        if len(self._noted) >= MOST_NOTES or self._letters > MOST_LETTERS:
            self._unlisted += 1
            return
        self._noted.add((uri, message))
        file, _, pointer = uri.partition("#")
        self._pending.append(
            Note(
                kind, f"{file}: {message}" if file else message, pointer=pointer, severity=severity
            )
        )

    def taken(self) -> list[Note]:
        """Return the notes that were added since the last call."""
        notes = self._pending
        self._pending = []
        return notes

    def rest(self) -> list[Note]:
        """Return the last notes, and one with the number of notes beyond the limits."""
        if self._unlisted:
            self._pending.append(Note("skipped", f"{self._unlisted} more notes are not listed"))
            self._unlisted = 0
        return self.taken()
