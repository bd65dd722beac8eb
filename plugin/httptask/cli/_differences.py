"""Format the changes between two versions of a description for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from httptask._visible import in_line
from httptask.cli._output import plural

if TYPE_CHECKING:
    from httptask.changes import BrokenTask, Differences


def differences_text(differences: Differences) -> str:
    """Return a line for each endpoint that differs, lines for its changes, and the counts."""
    lines = [
        f"added    {endpoint.method} {in_line(endpoint.path)}  {in_line(endpoint.title)}"
        for endpoint in differences.added
    ]
    lines += [
        f"removed  {endpoint.method} {in_line(endpoint.path)}  {in_line(endpoint.title)}"
        for endpoint in differences.removed
    ]
    for endpoint, changes in differences.changed:
        lines.append(f"changed  {endpoint.method} {in_line(endpoint.path)}")
        lines += [
            f"  {'!' if change.narrows else ' '} {in_line(change.place)}: {in_line(change.message)}"
            for change in changes
        ]
    counts = {
        "added": len(differences.added),
        "removed": len(differences.removed),
        "changed": len(differences.changed),
    }
    summary = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return "\n".join([*lines, f"{summary or 'no differences'}, {differences.unchanged} unchanged"])


def tasks_text(broken: Sequence[BrokenTask], used: int) -> str:
    """Return the problems of the *broken* tasks; *used* counts the tasks for these endpoints."""
    if not used:
        return "no task of the definition is for an endpoint of these descriptions"
    if not broken:
        return f"{plural(used, 'task')} of the definition for these endpoints, and none breaks"
    lines = []
    for task in broken:
        lines.append(f"breaks   the task {task.task!r}")
        lines += [f"    {problem}" for problem in task.problems]
    return "\n".join(lines)
