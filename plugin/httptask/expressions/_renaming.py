"""Rename a task inside expressions: the values a syntax walk has to follow, and the new text.

An expression sees one document, `{"input", "tasks", "variables"}`. A walk follows which parts of
the expression can be the document or its `tasks`: `tasks.Phone` names a task, `input.Phone` does
not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

TASKS = "tasks"
"""The name under which expressions see the finished tasks."""


class Sight(Enum):
    """The possible values of a part of an expression."""

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
        if cls.ARGUMENT in sights:
            return cls.ARGUMENT
        return cls.OTHER

    @property
    def exposes_tasks(self) -> bool:
        """Whether a task can be looked up in the value by name."""
        return self in (Sight.DOCUMENT, Sight.TASKS, Sight.EITHER)

    def member(self, name: str) -> Sight:
        """Return the sight of the member *name*."""
        if self is Sight.DOCUMENT:
            if name == TASKS:
                return Sight.TASKS
            return Sight.OTHER
        if self is Sight.TASKS:
            return Sight.OTHER
        return self

    @property
    def members(self) -> Sight:
        """The sight of any member or item of the value."""
        return {Sight.DOCUMENT: Sight.EITHER, Sight.TASKS: Sight.OTHER}.get(self, self)


@dataclass(slots=True)
class Renaming:
    """Collects where one expression names the task *before*, during a walk over the expression."""

    before: str
    edits: dict[tuple[int, int], str] = field(default_factory=dict)
    """(start, end) in the source -> the new text."""
    doubtful: bool = False
    """Whether the task may also be named in a way that the walk cannot follow."""
    passed: bool = False
    """Whether the document or its tasks are passed to a part that the walk cannot follow, such as a
    function.
    """
    if_passed: bool = False
    """Whether the name occurs where it matters only if the document or its tasks are passed."""

    def meet(self, sight: Sight, name: str) -> bool:
        """Say whether looking up *name* in *sight* names the task; note if that is doubtful."""
        if name != self.before:
            return False
        self.doubtful |= sight is Sight.EITHER
        self.if_passed |= sight is Sight.ARGUMENT
        return sight is Sight.TASKS

    def passing(self, sight: Sight) -> None:
        """Note that a value of *sight* is passed to a part that the walk cannot follow."""
        self.passed |= sight.exposes_tasks

    def result(self, source: str, sight: Sight) -> Renamed:
        """Return the outcome for *source*, whose value has the sight *sight*."""
        text = source
        for (start, end), written in sorted(self.edits.items(), reverse=True):
            text = text[:start] + written + text[end:]
        return Renamed(text, self.doubtful or (self.passed and self.if_passed), sight.exposes_tasks)


@dataclass(frozen=True, slots=True)
class Renamed:
    """An expression after renaming a task."""

    source: str
    is_doubtful: bool = False
    """Whether the expression may still use the old name of the task."""
    yields_tasks: bool = False
    """Whether its value may contain the tasks, so that its reader may name them, too."""


def not_understood(source: str, before: str) -> Renamed:
    """Return *source* unchanged. The outcome is doubtful if *source* contains the name at all."""
    return Renamed(source, before in source, before in source)
