"""Compare two versions of a description: the changes of endpoints, and the tasks that break.

- `_differences`: the endpoints of both versions in pairs.
- `_endpoints` and `_schemas`: the changes of one endpoint, as sentences.
- `_acceptance`: whether a schema accepts everything that another one accepts, with `_constraints`,
  which brings schemas into a normal form.
- `_tasks`: the tasks that break.
"""

from httptask.changes._differences import Differences, Pair, paired
from httptask.changes._endpoints import changes
from httptask.changes._schemas import Change
from httptask.changes._tasks import BrokenTask, broken_tasks

__all__ = ["BrokenTask", "Change", "Differences", "Pair", "broken_tasks", "changes", "paired"]
