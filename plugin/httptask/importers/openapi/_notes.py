"""The notes of one reading: what was guessed, skipped or missing, without repetition."""

from __future__ import annotations

from httptask.model.api import Note

MOST_NOTES = 10_000
"""Notes of one description; of further ones only the number is reported."""
MOST_LETTERS = 4 * 1024 * 1024
"""Letters of all notes of one description, for one whose names are as long as books."""


class Notes:
    """Collects notes until the reader yields them."""

    def __init__(self) -> None:
        self._pending: list[Note] = []
        self._noted: set[tuple[str, str]] = set()
        self._unlisted = 0
        self._letters = 0
        self.added = 0
        """The number of calls of `add`, repeated notes included."""

    def add(self, kind: str, message: str, uri: str, severity: str = "warning") -> None:
        """Add a note on the value at *uri* (see `References`), once for all that share it."""
        self.added += 1
        if (uri, message) in self._noted:
            return
        self._letters += len(uri) + len(message)
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
        """Return the notes since the last call."""
        notes, self._pending = self._pending, []
        return notes

    def rest(self) -> list[Note]:
        """Return the remaining notes at the end, with the number of those that were too many."""
        if self._unlisted:
            self._pending.append(Note("skipped", f"{self._unlisted} more notes are not listed"))
            self._unlisted = 0
        return self.taken()
