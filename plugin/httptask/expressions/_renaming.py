"""Renaming a task inside expressions: what a walk over a syntax tree reports, and the new text.

An expression sees one document, `{"input", "tasks", "variables"}`. A walk follows which parts of it
can be the document or its `tasks`: `tasks.Phone` names a task, `input.Phone` does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

TASKS = "tasks"
"""The name under which expressions see the tasks that have ended."""


class Sight(Enum):
    """What a part of an expression can be."""

    DOCUMENT = "the whole document"
    TASKS = "its tasks, by name"
    OTHER = "neither of the two, nor anything that holds one of them"
    ARGUMENT = "what a function is called with: either, if one of them is passed anywhere"
    EITHER = "anything, one of the two included"

    @classmethod
    def of_all(cls, parts: Iterable[Sight]) -> Sight:
        """Return the sight of a value that may be any of *parts*."""
        sights = set(parts)
        if len(sights) == 1:
            return sights.pop()
        if sights & {cls.DOCUMENT, cls.TASKS, cls.EITHER}:
            return cls.EITHER
        return cls.ARGUMENT if cls.ARGUMENT in sights else cls.OTHER

    @property
    def exposes_tasks(self) -> bool:
        """Whether the names of tasks can be reached through it."""
        return self in (Sight.DOCUMENT, Sight.TASKS, Sight.EITHER)

    def member(self, name: str) -> Sight:
        """Return the sight of the member *name*."""
        if self is Sight.DOCUMENT:
            return Sight.TASKS if name == TASKS else Sight.OTHER
        return Sight.OTHER if self is Sight.TASKS else self

    @property
    def members(self) -> Sight:
        """The sight of any one of its members or items."""
        return {Sight.DOCUMENT: Sight.EITHER, Sight.TASKS: Sight.OTHER}.get(self, self)


@dataclass(slots=True)
class Renaming:
    """Collects where the task *before* is named, during a walk over one expression."""

    before: str
    edits: dict[tuple[int, int], str] = field(default_factory=dict)
    """(start, end) in the source -> what stands there from now on."""
    doubtful: bool = False
    """Whether the task may be named in a way that cannot be followed."""
    passed: bool = False
    """Whether the document or its tasks are passed on without being followed, to a function say."""
    if_passed: bool = False
    """Whether the name stands somewhere that matters when they are passed."""

    def meet(self, sight: Sight, name: str) -> bool:
        """Say whether *name*, looked up in *sight*, is the task's; note if that is doubtful."""
        if name != self.before:
            return False
        self.doubtful |= sight is Sight.EITHER
        self.if_passed |= sight is Sight.ARGUMENT
        return sight is Sight.TASKS

    def passing(self, sight: Sight) -> None:
        """Note that *sight* goes where it is not followed."""
        self.passed |= sight.exposes_tasks

    def result(self, source: str, sight: Sight) -> Renamed:
        """Return the outcome for *source*, whose value is *sight*."""
        text = source
        for (start, end), written in sorted(self.edits.items(), reverse=True):
            text = text[:start] + written + text[end:]
        return Renamed(text, self.doubtful or (self.passed and self.if_passed), sight.exposes_tasks)


@dataclass(frozen=True, slots=True)
class Renamed:
    """An expression after a task was renamed."""

    source: str
    is_doubtful: bool = False
    """Whether it may still name the task by its old name."""
    yields_tasks: bool = False
    """Whether its value may hold the tasks: whoever reads it may name them, too."""


def not_understood(source: str, before: str) -> Renamed:
    """Return *source* as it is; the outcome is doubtful if it contains the name at all."""
    return Renamed(source, before in source, before in source)
