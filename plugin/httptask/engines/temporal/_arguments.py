"""What travels between workflow, activities and clients: small dataclasses, written as JSON.

Their fields are named alike here and in JSON, so that a data converter which does not know them
reads the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, Self

FORMAT = 5
"""Counted up when older workers would take a new `RunArguments` for something else: 2 has pages
that are activities of their own, and pins; 3 has tasks that wait for callbacks; 4 has items that
wait for somebody outside; 5 has an activity of its own for what pins answer.
"""

PINS_APART = 5
"""The format from which that activity is used."""


class Travelling:
    """A dataclass that is written as JSON with its own field names, unset fields left out."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """Return the fields that are set."""
        written = {}
        for one in fields(self):
            value = getattr(self, one.name)
            is_unset = value == {} if one.default is MISSING else value is None
            if not is_unset:
                written[one.name] = value
        return written

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the object of which `to_json` made *value*.

        Fields that this version does not know are left out: a newer worker may have written them.
        """
        known = {one.name for one in fields(cls)}
        return cls(**{name: part for name, part in value.items() if name in known})


@dataclass(frozen=True)
class HttpTaskArguments(Travelling):
    """The arguments of the activity `http_task`: a task of a workflow definition, and its data."""

    definition: dict[str, Any]
    """The task as its author wrote it: `{"type": "Http", "httpRequest": {...}}`."""
    name: str = ""
    """Its name, for errors and for its idempotency key."""
    input: Any = None
    """`$.input` of its expressions."""
    tasks: dict[str, Any] = field(default_factory=dict)
    """`$.tasks`: `{"Name": {"input": ..., "output": ...}}`."""
    variables: dict[str, Any] = field(default_factory=dict)
    """`$.variables`."""
    run: dict[str, Any] = field(default_factory=dict)
    """The `swf:` names. Without `workflowId`, the activity itself is the run: each activity has an
    idempotency key of its own, the same over its attempts.
    """
    environment: dict[str, Any] | None = None
    """Where requests go, and with which credentials, as an environment's file has it."""
    previous: Any = None
    """The output of the task before."""
    item: dict[str, Any] | None = None
    """The item that the task is done for: `{"value", "index", "name"}`."""
    pointer: str = ""
    """The JSON Pointer of the task in its workflow definition, for errors."""
    visit: int = 1
    """Which visit of the task this is: part of its idempotency key."""
    state: Any = None
    """Where an earlier activity left the task, as its outcome had it."""
    signal: dict[str, Any] | None = None
    """What somebody outside gave, when the task is run again because of it."""
    attempt: int = 1
    """Which attempt this is, when a workflow makes each with an activity of its own. Attempts of
    one activity count by themselves.
    """
    seconds_before: float = 0.0
    """The seconds since the first of these attempts began."""
    longest_wait_seconds: float | None = None
    """A longer wait between two polls ends the activity: its outcome says until when to wait. None:
    the activity waits.
    """
    pin: dict[str, Any] | None = None
    """What answers its requests in place of a server, as `TaskPin` has it: nothing is sent."""
    page_by_page: bool | None = None
    """Whether the activity ends after each page of a task with `pagination` that another follows:
    its outcome has a `wait_until`, and in its `state` what the page brought, as `part`.
    """


@dataclass(frozen=True)
class HttpTaskOutcome(Travelling):
    """What the activity `http_task` returns."""

    output: Any = None
    """The result: `{"statusCode", "reasonPhrase", "headers", "body", "url", ...}`."""
    input: Any = None
    """The evaluated input parameters."""
    next_task: str | None = None
    """The next task, if the task itself decides."""
    terminate: str | None = None
    """`Completed` or `Failed`, if the task ends the run."""
    wait_until: str | None = None
    """The task has not completed: it is run again at this time, with `state`."""
    awaits_signal: bool | None = None
    """The task has not completed: it is run again when somebody outside completes it."""
    state: Any = None
    """Where the task is, when it is run again."""
    definition: str | None = None
    """The id of the definition that the task asks to be run."""
    notes: list[str] | None = None
    """What a reader would not expect: that its requests waited in the queue, and why."""
    pinned: int | None = None
    """How many of its requests a pin answered."""


@dataclass(frozen=True)
class RunArguments(Travelling):
    """The argument of the workflow: a definition, and how it is run."""

    definition: dict[str, Any]
    input: Any = None
    variables: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] | None = None
    definitions: dict[str, Any] = field(default_factory=dict)
    """Definitions by id, for `failureWorkflow` and tasks of the type `Workflow`."""
    pins: dict[str, Any] | None = None
    """Responses that stand for those of servers, as `Pins` has them."""
    title: str = ""
    """What the run is called, where its definition has no name."""
    steps: int = 100_000
    """The tasks that it may execute."""
    depth: int = 0
    """The number of runs around this one."""
    max_depth: int = 16
    """The most runs that one may stand inside."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What is known of the tasks of each definition, by `task_facts`: by its id, "" for
    `definition` itself, and by pointer.
    """
    labels: dict[str, Any] = field(default_factory=dict)
    """The memo of each definition, by its id."""
    heartbeat_seconds: float = 10.0
    """A worker that is silent for so long while it runs a task is taken for lost."""
    has_search_attributes: bool = False
    """Whether the namespace has the search attributes."""
    keeps_large_values: bool = False
    """Whether there is a place for values that are too large for a history."""
    at_once: int | None = None
    """The most activities that are under way at once, and the most child workflows; None: as many
    as there are, in runs of before.
    """
    format: int = 1
    """The version of what is said here: a worker leaves a run of a newer one to others."""
    carried: dict[str, Any] | None = None
    """Where an earlier part of the run was, when its history became too long."""


@dataclass(frozen=True)
class TaskSignal(Travelling):
    """What somebody outside gives to a waiting task: an output, or an error."""

    task: str
    visit: int | None = None
    """Which visit of the task; None: the one that waits."""
    output: Any = None
    error: dict[str, Any] | None = None
    item: int | None = None
    """The index of the item that waits, of a task with `forEach`."""
    headers: dict[str, str] | None = None
    """Of the HTTP call whose body the output is."""


@dataclass(frozen=True)
class CallbackVisit(Travelling):
    """The visit that a callback URL is of: the argument of the query `callback`."""

    task: str
    visit: int
    item: int | None = None
    """The index of the item that it is for."""


@dataclass(frozen=True)
class CallbackState(Travelling):
    """How far a visit is that waits for a callback: an answer of the query `callback`, and of the
    update `receive_callback`, before that changed it.
    """

    state: str
    """`Waiting` for the call, or `Called`, or `Over`: nobody waits any more."""
    task: dict[str, Any] | None = None
    """`HttpTaskArguments` by which a call is judged."""
    takes_notes: bool = False
    """Whether a note is kept."""


@dataclass(frozen=True)
class ReceivedCall(Travelling):
    """A call that was judged: the argument of the update `receive_callback`."""

    task: str
    visit: int
    item: int | None = None
    signal: dict[str, Any] | None = None
    """What it completes the task with; None: it is only noted."""
    note: str | None = None
    """What a reader of the run's history should know of it."""


@dataclass(frozen=True)
class RunEnd(Travelling):
    """How a run ended: what the workflow returns, or fails with."""

    run: dict[str, Any]
    """The `WorkflowRun`, without its tasks: the query `tasks` has them."""
    steps: int = 0
    """The tasks that it executed, those of nested runs included."""
    cause: dict[str, Any] | None = None
    """The task whose failure ended it, if one's did."""
    maybe_delivered: bool = False
    """Whether a server may have got a request of a task that did not complete."""


@dataclass(frozen=True)
class FailedTask(Travelling):
    """The details of a failed activity."""

    error: dict[str, Any]
    """The error as JSON."""
    notes: list[str] | None = None
    """As in the outcome."""
    pinned: int | None = None
    """As in the outcome."""
    state: Any = None
    """Where a task of several calls is, when its worker was stopped."""
    next_attempt_seconds: float | None = None
    """Another attempt may follow after so many seconds: too many for Temporal to count them, the
    workflow's timer does.
    """
    is_handed_back: bool | None = None
    """Whether its worker was stopped."""


@dataclass(frozen=True)
class TaskProgress(Travelling):
    """The details of a heartbeat: the next attempt goes on from there."""

    state: Any = None


@dataclass(frozen=True)
class ListedItems(Travelling):
    """The items of a task with `forEach`."""

    items: list[Any]
    is_file: bool = False
    """Whether they come from a file."""


@dataclass(frozen=True)
class TaskRuns(Travelling):
    """An answer of the query `tasks`."""

    tasks: list[dict[str, Any]]
    """Visits that have ended, as `TaskRun` has them."""
    count: int = 0
    """The number of visits that have ended so far."""


@dataclass(frozen=True)
class RunStatus(Travelling):
    """An answer of the query `status`."""

    finished: int = 0
    """The number of visits that have ended."""
    under_way: list[dict[str, Any]] = field(default_factory=list)
    """Visits that run: `{"name", "visit", "type"}`, and `items`, how many of them have ended."""
    waiting: list[dict[str, Any]] = field(default_factory=list)
    """Visits that wait: `{"name", "visit", "type", "until", "awaitsSignal"}`."""
