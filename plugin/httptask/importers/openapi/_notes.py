"""The report of one reading: what was guessed, skipped or missing, each told once."""

from __future__ import annotations

from httptask.model.api import Note

MOST_NOTES = 10_000
"""Notes of one description; of more, only the number is told."""
MOST_LETTERS = 4 * 1024 * 1024
"""Letters of all notes of one description, for one whose names are as long as books."""


class Notes:
    """Gathers notes until the reader hands them out."""

    def __init__(self) -> None:
        self._waiting: list[Note] = []
        self._told: set[tuple[str, str]] = set()
        self._more = 0
        self._letters = 0
        self.added = 0
        """How often `add` was called: what was told already counts, too."""

    def add(self, kind: str, message: str, place: str, severity: str = "warning") -> None:
        """Note *message* about *place* (see `References`): once, however many operations share
        it.
        """
        self.added += 1
        if (place, message) in self._told:
            return
        self._letters += len(place) + len(message)
        if len(self._told) >= MOST_NOTES or self._letters > MOST_LETTERS:
            self._more += 1
            return
        self._told.add((place, message))
        file, _, pointer = place.partition("#")
        self._waiting.append(
            Note(
                kind, f"{file}: {message}" if file else message, pointer=pointer, severity=severity
            )
        )

    def taken(self) -> list[Note]:
        """Return what was noted since the last call."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def rest(self) -> list[Note]:
        """Return what is left at the end."""
        if self._more:
            self._waiting.append(Note("skipped", f"{self._more} more notes are not listed"))
            self._more = 0
        return self.taken()
