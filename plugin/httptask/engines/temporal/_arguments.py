"""The messages between workflow, activities and clients: small dataclasses, written as JSON.

The JSON has the names of the fields, so that a data converter that does not know the classes reads
the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, Self

FORMAT = 5
"""The version of `RunArguments`, raised when older workers would run new arguments wrongly. 2 added
an activity per page, and pins; 3 added callbacks; 4 added items that wait for signals; 5 added an
activity for tasks with pins.
"""

PINS_APART = 5
"""The first format with an activity for tasks with pins."""


class Travelling:
    """Base of dataclasses that are written as JSON, with their field names; unset fields are left
    out.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """Return the fields that are set."""
        values = {}
        for dataclass_field in fields(self):
            value = getattr(self, dataclass_field.name)
            is_unset = value == {} if dataclass_field.default is MISSING else value is None
            if not is_unset:
                values[dataclass_field.name] = value
        return values

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the object from *value*, a result of `to_json`.

        Unknown fields are ignored: a newer worker may have written them.
        """
        known = {dataclass_field.name for dataclass_field in fields(cls)}
        return cls(**{name: member for name, member in value.items() if name in known})


@dataclass(frozen=True)
class HttpTaskArguments(Travelling):
    """The arguments of the activities for HTTP tasks: a task of a definition, and its data."""

    definition: dict[str, Any]
    """The task as its author wrote it: `{"type": "Http", "httpRequest": {...}}`."""
    name: str = ""
    """The task's name, for errors and for its idempotency key."""
    input: Any = None
    """`$.input`."""
    tasks: dict[str, Any] = field(default_factory=dict)
    """`$.tasks`: `{"Name": {"input": ..., "output": ...}}`."""
    variables: dict[str, Any] = field(default_factory=dict)
    """`$.variables`."""
    run: dict[str, Any] = field(default_factory=dict)
    """The `swf:` names. Without `workflowId`, the activity counts as the run: each activity has
    another idempotency key, the same for all its attempts.
    """
    environment: dict[str, Any] | None = None
    """The environment, in the format of its file."""
    previous: Any = None
    """The output of the task before."""
    item: dict[str, Any] | None = None
    """The `forEach` item: `{"value", "index", "name"}`."""
    pointer: str = ""
    """The JSON Pointer of the task in its workflow definition, for errors."""
    visit: int = 1
    """The number of the visit, a part of the idempotency key."""
    state: Any = None
    """The `state` of the outcome of an earlier activity for the same visit."""
    signal: dict[str, Any] | None = None
    """The signal that ended the wait of the task, if it is run again after one."""
    attempt: int = 1
    """The number of the attempt, if the workflow starts an activity for each attempt. Temporal
    counts the attempts within one activity.
    """
    seconds_before: float = 0.0
    """The seconds since the first attempt began."""
    longest_wait_seconds: float | None = None
    """A longer wait between two polls ends the activity, with a `wait_until` in its outcome. None:
    the activity waits.
    """
    pin: dict[str, Any] | None = None
    """The pin that answers the requests, in the format of `TaskPin`; None: requests are sent."""
    page_by_page: bool | None = None
    """Whether the activity ends after each page of a task with `pagination`. Unless it was the last
    page, the outcome has a `wait_until`, and the page's items in `part` of its `state`.
    """
    hands_on_start: bool | None = None
    """Whether the activity ends as soon as it has started a job (`completion`), so that the job's
    URL is in its result. The outcome then has a `wait_until`, and the URL in its `state`.
    """


@dataclass(frozen=True)
class HttpTaskOutcome(Travelling):
    """The result of the activities for HTTP tasks."""

    output: Any = None
    """The result: `{"statusCode", "reasonPhrase", "headers", "body", "url", ...}`."""
    input: Any = None
    """The evaluated input parameters."""
    next_task: str | None = None
    """The name of the next task, if the task itself decides."""
    terminate: str | None = None
    """`Completed` or `Failed`, if the task ends the run."""
    wait_until: str | None = None
    """If set, the task has not completed: run it again at this time, with `state`."""
    awaits_signal: bool | None = None
    """If True, the task has not completed: run it again with a signal."""
    state: Any = None
    """The state to pass when the task is run again."""
    definition: str | None = None
    """The id of the nested definition to run for the task."""
    notes: list[str] | None = None
    """Remarks for readers of the history: that requests waited in the queue, for example."""
    pinned: int | None = None
    """The number of requests that a pin answered."""


@dataclass(frozen=True)
class RunArguments(Travelling):
    """The argument of the workflow: a definition and the options of its run."""

    definition: dict[str, Any]
    input: Any = None
    variables: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] | None = None
    definitions: dict[str, Any] = field(default_factory=dict)
    """Definitions by id, for `failureWorkflow` and tasks of the type `Workflow`."""
    pins: dict[str, Any] | None = None
    """Pinned responses, in the format of `Pins`."""
    title: str = ""
    """The name of the run, if its definition has none."""
    steps: int = 100_000
    """The number of tasks that the run may execute."""
    depth: int = 0
    """The nesting depth: 0 for a run that no task of another run started."""
    max_depth: int = 16
    """The largest allowed nesting depth."""
    facts: dict[str, Any] = field(default_factory=dict)
    """The results of `task_facts`: id of a definition ("" for `definition`) -> pointer -> facts."""
    labels: dict[str, Any] = field(default_factory=dict)
    """The memo of each definition, by its id."""
    heartbeat_seconds: float = 10.0
    """A worker that sends no heartbeat of a task for so long counts as lost."""
    has_search_attributes: bool = False
    """Whether the namespace has the search attributes."""
    keeps_large_values: bool = False
    """Whether there is a store for values that are too large for a history."""
    at_once: int | None = None
    """The number of activities, and of child workflows, that run at once. None: unlimited, in runs
    of older versions.
    """
    format: int = 1
    """The version of these arguments. A worker leaves runs with a newer version to other workers.
    """
    carried: dict[str, Any] | None = None
    """The state of the run, from its previous history, which became too long."""


@dataclass(frozen=True)
class TaskSignal(Travelling):
    """A signal for a waiting task: an output, or an error."""

    task: str
    visit: int | None = None
    """The number of the visit; None: the waiting visit."""
    output: Any = None
    error: dict[str, Any] | None = None
    item: int | None = None
    """The index of the waiting item, with `forEach`."""
    headers: dict[str, str] | None = None
    """The headers of the HTTP call, if the output is its body."""


@dataclass(frozen=True)
class CallbackVisit(Travelling):
    """The visit of a callback URL: the argument of the query `callback`."""

    task: str
    visit: int
    item: int | None = None
    """The index of the item, with `forEach`."""


@dataclass(frozen=True)
class CallbackState(Travelling):
    """The state of a visit with a callback URL.

    The answer of the query `callback`, and of the update `receive_callback` (the state before it).
    """

    state: str
    """`Waiting` for the call, `Called`, or `Over`: the task waits no more."""
    task: dict[str, Any] | None = None
    """The `HttpTaskArguments` with which a call is judged."""
    takes_notes: bool = False
    """Whether a note about a call would be kept."""


@dataclass(frozen=True)
class ReceivedCall(Travelling):
    """A call that was judged: the argument of the update `receive_callback`."""

    task: str
    visit: int
    item: int | None = None
    signal: dict[str, Any] | None = None
    """The signal that ends the wait; None: the call is only noted."""
    note: str | None = None
    """A remark about the call for readers of the history."""


@dataclass(frozen=True)
class RunEnd(Travelling):
    """The end of a run: the result of the workflow, or the details of its failure."""

    run: dict[str, Any]
    """The `WorkflowRun`, with outlines of its tasks: the query `tasks` returns the tasks."""
    steps: int = 0
    """The number of executed tasks, including those of nested runs."""
    cause: dict[str, Any] | None = None
    """The visit whose failure ended the run; None: no failure of a task ended it."""
    maybe_delivered: bool = False
    """Whether a request of a failed or stopped task may have reached a server."""


@dataclass(frozen=True)
class FailedTask(Travelling):
    """The details of a failed activity."""

    error: dict[str, Any]
    """The error as JSON."""
    notes: list[str] | None = None
    """See `HttpTaskOutcome`."""
    pinned: int | None = None
    """See `HttpTaskOutcome`."""
    state: Any = None
    """The state of a task of several calls whose worker was stopped."""
    next_attempt_seconds: float | None = None
    """The wait before the next attempt, if it is so long that the workflow waits with a timer and
    then starts another activity.
    """
    is_handed_back: bool | None = None
    """Whether its worker was stopped."""


@dataclass(frozen=True)
class TaskProgress(Travelling):
    """The details of a heartbeat: the state from which the next attempt continues."""

    state: Any = None


@dataclass(frozen=True)
class ListedItems(Travelling):
    """The items of a task with `forEach`."""

    items: list[Any]
    is_file: bool = False
    """Whether the items are from a file."""


@dataclass(frozen=True)
class TaskRuns(Travelling):
    """An answer of the query `tasks`."""

    tasks: list[dict[str, Any]]
    """Ended visits, in the format of `TaskRun`."""
    count: int = 0
    """The number of visits that have ended so far."""


@dataclass(frozen=True)
class RunStatus(Travelling):
    """An answer of the query `status`."""

    finished: int = 0
    """The number of visits that have ended."""
    under_way: list[dict[str, Any]] = field(default_factory=list)
    """The running visits: `{"name", "visit", "type"}`, and `items`, the counts of their items."""
    waiting: list[dict[str, Any]] = field(default_factory=list)
    """The waiting visits: `{"name", "visit", "type", "until", "awaitsSignal"}`."""
