"""What a new version of a description changes, and which tasks it breaks."""

from httptask.changes._differences import Differences, Pair, paired
from httptask.changes._endpoints import changes
from httptask.changes._schemas import Change
from httptask.changes._tasks import BrokenTask, broken_tasks

__all__ = ["BrokenTask", "Change", "Differences", "Pair", "broken_tasks", "changes", "paired"]
