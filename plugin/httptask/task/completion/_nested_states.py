"""States that stand elsewhere in an answer than the conventions have them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

Path = tuple[str | int, ...]

_DEEPEST = 3
"""Names and indices of the longest path."""
_MOST = 200
"""Values that are looked at: the answer comes from a stranger."""
_LONGEST = 60
"""Characters of a word that may be a state."""
_STATES = ("status", "state", "phase")
_PARTS = ("name", "code", "value", "text")
"""Names of the word in a state that is an object."""
_OF_JOB = re.compile(
    "(?i:jobs?|operations?|tasks?|exports?|imports?|process|runs?|executions?|status)(?:$|[A-Z_-])"
)
"""How a name begins that is about a job: `jobStatus`, `job_status`, but not `runtime`."""


def named_states(body: Any) -> Iterator[tuple[Path, str]]:
    """Yield what in *body* may be the state of a job, with its path, the shallow ones first: text
    whose name ends with `status`, `state` or `phase`. Of a list its first item is looked at.
    """
    pending: deque[tuple[Path, Any]] = deque([((), body)])
    for _ in range(_MOST):
        if not pending:
            return
        path, value = pending.popleft()
        if isinstance(value, str):
            if _may_be_state(path, value):
                yield path, value
        elif len(path) < _DEEPEST and isinstance(value, Mapping):
            members = islice(value.items(), _MOST)
            pending += [((*path, str(name)), member) for name, member in members]
        elif len(path) < _DEEPEST and isinstance(value, list):
            pending += [((*path, 0), item) for item in value[:1]]


def _may_be_state(path: Path, value: str) -> bool:
    names = [str(name).lower() for name in path]
    if names[-1:] and names[-1] in _PARTS:
        names.pop()
    is_named = bool(names) and names[-1].endswith(_STATES)
    return is_named and 0 < len(value) <= _LONGEST and not value.isdecimal()


def is_of_job(body: Any, path: Path) -> bool:
    """Say whether what stands at *path* in *body* is about a job, and not about a thing: the name
    says so, or there is nothing else in *body*.
    """
    is_only = isinstance(body, Mapping) and len(body) == 1 and len(path) > 1
    return is_only or _OF_JOB.match(str(path[0])) is not None
