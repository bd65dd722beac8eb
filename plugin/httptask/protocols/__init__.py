"""The protocols of a plugin's objects. Built-ins are written against the same ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from httptask.protocols._authorisation import (
    AuthContext,
    AuthFlow,
    AuthScheme,
    Tokens,
    TokenStore,
)

if TYPE_CHECKING:
    from httptask.engines.callbacks import Callbacks
    from httptask.engines.journal import RunJournal
    from httptask.errors import Problem
    from httptask.model.api import Endpoint, Note
    from httptask.model.callback import Answer, Received
    from httptask.model.environment import Environment
    from httptask.model.for_each import ItemCounts
    from httptask.model.pins import Pins
    from httptask.model.rates import RateLimit
    from httptask.model.task import Inputs
    from httptask.model.workflow import (
        Signal,
        TaskOutcome,
        TaskRun,
        WorkflowDefinition,
        WorkflowRun,
    )

__all__ = [
    "AuthContext",
    "AuthFlow",
    "AuthScheme",
    "Engine",
    "ExpressionLanguage",
    "ImportOptions",
    "Importer",
    "RunOptions",
    "Signals",
    "Source",
    "TaskCall",
    "TaskCheck",
    "TaskServices",
    "TaskType",
    "TokenStore",
    "Tokens",
]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What a person may add to a description that does not say it."""

    provider: str | None = None
    """The provider of the API; None: the importer finds it, and notes a guess."""
    servers: tuple[str, ...] = ()
    """Base addresses to record; empty: those of the description."""


@dataclass(frozen=True, slots=True)
class Source:
    """One description: a file, an entry of an archive, or standard input."""

    name: str
    """The file's name as it was given, for people and reports."""
    data: bytes
    beside: Callable[[str], bytes] | None = None
    """Returns the bytes of another file of the same description.

    It is named by its path relative to this one, in URI syntax (`./schemas/pet.yaml`). Raises
    `DescriptionError` for a file that does not exist, is too large, or lies outside the
    description's own folder. None: there are no other files.
    """


@runtime_checkable
class Importer(Protocol):
    """Reads one format of description."""

    @property
    def name(self) -> str:
        """Return the format's name, as `plugins` lists it: `reference-page`."""
        ...

    def recognises(self, source: Source) -> bool:
        """Say whether *source* is this importer's format. Cheap; never raises."""
        ...

    def read(self, source: Source, options: ImportOptions) -> Iterable[Endpoint | Note]:
        """Yield the endpoints of *source* in document order, and notes.

        Everything that is guessed, skipped or missing gets a note. A generator keeps the memory
        small: each endpoint is stored before the next one is asked for. Raises `DescriptionError`
        when nothing can be read.
        """
        ...


@runtime_checkable
class ExpressionLanguage(Protocol):
    """Evaluates the inside of `${…}`.

    Instances must be picklable: costly expressions run in a helper process.

    A language may also have these methods; each takes a *source* without its prefix:

    - `is_linear(source)`: whether evaluating it costs at most a fixed time for each value it reads.
      Data of moderate size then needs no helper process.
    - `reads(source)`: the names below which it reads, as tuples from the document's root down; None
      for all of it. Nothing else is sent to the helper process.
    - `missing(source, shape)`: the error of its evaluation over data of *shape* (nested objects, in
      which None stands for any value, and lists of one item, which stands for all), or None.
      Validation reports it; as a warning where the error's `is_certain` is false.
    - `task_renamed(source, before, after)`: a `httptask.expressions.Renamed` with the task *before*
      called *after*.
    """

    @property
    def name(self) -> str:
        """Return the language's name: `jsonpath`."""
        ...

    @property
    def prefix(self) -> str:
        """Return the prefix that selects it, `jsonata:`; "" is the default language."""
        ...

    def check(self, source: str) -> None:
        """Raise `ValueError` with a sentence if *source* (without prefix) cannot be parsed."""
        ...

    def is_cheap(self, source: str) -> bool:
        """Say whether the cost of *source* is bounded by its length: it needs no helper process."""
        ...

    def evaluate(self, source: str, data: Any) -> Any:
        """Return the JSON value of *source* over *data*. Pure: no clock, no network, no file.

        Raises `LookupError` when a name does not exist and `ValueError` for everything else, both
        with a sentence.
        """
        ...


@runtime_checkable
class RateLimiter(Protocol):
    """Counts requests; several processes share the counts if they are kept outside of them.

    Its methods are called on the event loops of the runtime, which may be several, in threads of
    their own: do not block, return an awaitable instead. When a method raises, the error is logged,
    and the process counts alone. A request that waits for an awaitable is cancelled at its
    deadline.

    A *key* is an origin and what has the limit: `https://api.acme.example task orders/Get`,
    `https://api.acme.example credential crm`. Neither holds a secret.
    """

    def reserve(self, key: str, rate: RateLimit | None, longest: float) -> Awaitable[float] | float:
        """Take a place for one request of *key* and return the seconds until it may go; 0: now.

        *rate* is its limit (`requests`, `seconds`, `burst`); None: only a pause holds it back.
        Return a wait above *longest* without taking a place: the request is refused then.
        """
        ...

    def pause(self, key: str, seconds: float) -> Awaitable[None] | None:
        """Note that a server takes no requests of *key* for *seconds*: `reserve` waits as long."""
        ...


class TaskServices(Protocol):
    """The services for a task, from the part that checks or runs it."""

    def http_problems(self, check: TaskCheck) -> Sequence[Problem]:
        """Return everything wrong with an HTTP task: its settings, its URL, its expressions."""
        ...

    def expression_problems(self, value: Any, pointer: str) -> Sequence[Problem]:
        """Return the problems of the expressions in *value*, which stands at *pointer*.

        Nothing is evaluated.
        """
        ...

    async def evaluate(self, value: Any, data: Any, pointer: str) -> Any:
        """Return *value* with every expression in it evaluated over *data*.

        *pointer* is its JSON Pointer, for errors. A value that is evaluated again and again is
        passed as a `httptask.expressions.Prepared`.
        """
        ...

    def prepare_http(self, task: TaskCheck | TaskCall) -> Any:
        """Return what `call_http` would otherwise derive from an HTTP task at each visit."""
        ...

    async def call_http(self, task: TaskCall) -> TaskOutcome:
        """Run an HTTP task: the one path a request takes."""
        ...

    async def answer_callback(self, call: TaskCall, received: Received) -> Answer:
        """Return the answer to *received*, a call of the URL that an HTTP task waits for."""
        ...


@dataclass(frozen=True, slots=True)
class TaskCheck:
    """A task whose definition is checked; nothing is evaluated or sent."""

    name: str
    definition: Mapping[str, Any]
    services: TaskServices
    pointer: str = ""
    """The JSON Pointer of the task in its workflow definition."""


@dataclass(frozen=True, slots=True)
class TaskCall:
    """One visit of one task."""

    name: str
    definition: Mapping[str, Any]
    inputs: Inputs
    services: TaskServices
    pointer: str = ""
    """The JSON Pointer of the task in its workflow definition."""
    visit: int = 1
    state: Any = None
    """The state from when the task asked to be run again; None when the visit begins."""
    prepared: Any = None
    """The result of the type's `prepare` for the task; None if nothing was prepared."""
    signal: Signal | None = None
    """What somebody outside gave, if the task is run again because of that.

    None when it is run again because its time has come.
    """


@runtime_checkable
class TaskType(Protocol):
    """A type of task that definitions may use.

    A type may also have these members:

    - `waits` (an attribute): True if each of its tasks waits for somebody outside. An engine that
      cannot wait refuses a definition with such a task before it runs anything.
    - `is_repeatable` (an attribute): True if a visit may be run again that was cut off because its
      process died. A task of any other type fails then: what it did may have been delivered.
    - `awaits_callback(definition)`: True if the task of this definition waits for a call of its
      `${swf:callbackUrl}`, and `answer_callback(call, received)`, awaited: the `Answer` to such a
      call, a `Received`. The answer's signal ends the wait. It may be asked before `run` has
      returned: an API may be that quick.
    - `prepare(task)`: everything that can be made once of a task without problems, a `TaskCheck`.
      Engines call it before the task's first visit, keep the result with the definition, and pass
      it to each visit as `call.prepared`. It must not depend on the run: `task.services` must not
      be kept. If it raises, the task fails with that error.
    """

    @property
    def name(self) -> str:
        """Return the `type` of its tasks: `Http`."""
        ...

    @property
    def schema(self) -> Mapping[str, Any]:
        """Return the JSON Schema 2020-12 of a task's definition, for which nulls are dropped."""
        ...

    def problems(self, check: TaskCheck) -> Sequence[Problem]:
        """Return the problems of a task's definition that the schema cannot express.

        Nothing is evaluated or sent.
        """
        ...

    def run(self, call: TaskCall) -> Awaitable[TaskOutcome]:
        """Run one visit, or continue it at `call.state`. Raises a `TaskError` when the task fails.

        An outcome with `wait_until` or `awaits_signal` does not end the visit: the task is run
        again at that time, or with the signal that came, and the engine may have stopped and gone
        on elsewhere in between.
        """
        ...


class Signals(Protocol):
    """What somebody outside gives to the waiting tasks of one run."""

    async def wait(self, task: str, visit: int, item: int | None = None) -> Signal:
        """Return the signal for this visit of *task* once it is there, and the same again later.

        *item* is the index of the item that waits, of a task with `forEach`; without `forEach` it
        is not given.
        """
        ...

    def of_run(self, workflow_id: str) -> Signals:
        """Return the signals for the tasks of the run *workflow_id*, which is inside this one."""
        ...


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How an engine runs a definition."""

    input: Any = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    definitions: Mapping[str, WorkflowDefinition] = field(default_factory=dict)
    """Definitions by id, for `failureWorkflow` and tasks of the type `Workflow`."""
    finished: Callable[[TaskRun], None] | None = None
    """Called with every visit of a task when it has ended, for progress. It must not raise."""
    cancelled: Callable[[WorkflowRun], None] | None = None
    """Called with the run so far, as `Cancelled`, before the cancellation goes on.

    It must not raise.
    """
    environment: Environment | None = None
    """Where requests go, with which credentials, and values of `$.variables`."""
    workflow_id: str | None = None
    """The run's id; None: a new one."""
    steps: int | None = None
    """The tasks it may execute; None: as many as the runtime's limits say."""
    depth: int = 0
    """The number of runs around this one: a task of each asked for the next."""
    advanced: Callable[[str, ItemCounts], None] | None = None
    """Called with a task's name and the counts of its items whenever one has ended, or begins to
    wait for somebody outside, for progress.

    It must not raise.
    """
    pins: Pins | None = None
    """What answers the requests of tasks instead of servers; None: all are sent."""
    journal: RunJournal | None = None
    """The journal of this run, given by a `Journal`; None: nothing outlives the process."""
    callbacks: Callbacks | None = None
    """Where calls are received that tasks wait for.

    None: a definition with such a task is refused before anything is run.
    """
    signals: Signals | None = None
    """What waiting tasks get from outside.

    None: a definition with a task that always waits for somebody is refused before anything is run,
    and any other task that comes to wait for somebody fails.
    """


@runtime_checkable
class Engine(Protocol):
    """Runs workflow definitions."""

    @property
    def name(self) -> str:
        """Return its name for `--engine`: `embedded`."""
        ...

    def run(
        self, definition: WorkflowDefinition, options: RunOptions, runtime: Any
    ) -> Awaitable[WorkflowRun]:
        """Run *definition* to its end and return the run; *runtime* is an open `Runtime`."""
        ...
