"""Find states in a response at paths that the conventions do not name."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from httptask._http.syntax import split_url

Path = tuple[str | int, ...]

_DEEPEST = 3
"""The number of names and indices in the longest path."""
_MOST = 200
"""The number of values that are examined: the response may be of any size."""
_LONGEST = 60
"""The number of characters of a text that may be a state."""
_STATES = ("status", "state", "phase")
"""The ends of names of states."""
_PARTS = ("name", "code", "value", "text")
"""Members of an object that hold its state: `{"status": {"code": "done"}}`."""
_OF_JOB = re.compile(
    "(?i:jobs?|operations?|tasks?|exports?|imports?|process|runs?|executions?|status)(?:$|[A-Z_-])"
)
"""The beginning of names about a job: `jobStatus`, `job_status`, but not `runtime`."""


def named_states(body: Any) -> Iterator[tuple[Path, str]]:
    """Yield path and text of the values in *body* that may be states, shallow values first.

    Such a value is a text whose name ends with `status`, `state` or `phase`. Of a list, only the
    first item is examined.
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
    """Say whether the state at *path* in *body* is the state of a job, and not of a resource.

    For a job, the first name of *path* is a name about jobs, or *body* has only this one member.
    """
    is_only = isinstance(body, Mapping) and len(body) == 1 and len(path) > 1
    return is_only or _OF_JOB.match(str(path[0])) is not None


def is_job(url: str, body: Any) -> bool:
    """Say whether *body*, from *url*, is certainly a job, and not a resource that a job has made.

    The URL must be below a collection of jobs, or *body* must have a member that only jobs have.
    """
    segments = [segment for segment in split_url(url).path.lower().split("/") if segment]
    if any(segment in _COLLECTIONS for segment in segments[-3:]):
        return True
    names = body if isinstance(body, Mapping) else {}
    return any("".join(filter(str.isalnum, str(name))).lower() in _ONLY_JOBS for name in names)


_COLLECTIONS = frozenset(
    (
        *("job", "jobs", "operation", "operations", "execution", "executions", "run", "runs"),
        *("export", "exports", "import", "imports", "process", "processes", "queue", "batches"),
        *("builds", "tasks", "async", "longrunning", "operationresults", "operationstatuses"),
    )
)
"""Segments of a path below which jobs are."""
_ONLY_JOBS = frozenset(
    (
        *("progress", "percentcomplete", "percentagecomplete", "progresspercent", "jobid"),
        *("operationid", "executionid", "runid", "queuedat", "enqueuedat", "queueposition"),
        *("finishedat", "completedat", "endedat", "finishtime", "endtime", "completiontime"),
        *("estimatedcompletion", "jobstatus", "jobtype", "retrycount"),
    )
)
"""Members, without case and punctuation, of jobs."""
