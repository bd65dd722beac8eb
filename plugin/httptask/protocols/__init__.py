"""The protocols that a plugin's objects implement. The built-ins implement the same protocols."""

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
    """Facts about an API that a person may add where the description lacks them."""

    provider: str | None = None
    """The provider of the API; None: the importer finds the provider, and notes a guess."""
    servers: tuple[str, ...] = ()
    """Base addresses to record; empty: the servers of the description."""


@dataclass(frozen=True, slots=True)
class Source:
    """One description: a file, an entry of an archive, or standard input."""

    name: str
    """The file's name as the user wrote it, for people and reports."""
    data: bytes
    beside: Callable[[str], bytes] | None = None
    """Returns the bytes of another file of the same description.

    The argument is the path relative to this file, in URI syntax (`./schemas/pet.yaml`). Raises
    `DescriptionError` for a file that does not exist, is too large, or lies outside the
    description's folder. None: there are no other files.
    """


@runtime_checkable
class Importer(Protocol):
    """Reads one format of description."""

    @property
    def name(self) -> str:
        """Return the format's name, as the command `plugins` lists it: `reference-page`."""
        ...

    def recognises(self, source: Source) -> bool:
        """Say whether *source* is this importer's format. Cheap; never raises."""
        ...

    def read(self, source: Source, options: ImportOptions) -> Iterable[Endpoint | Note]:
        """Yield the endpoints of *source* in document order, and notes.

        Everything that is guessed, skipped or missing gets a note. Write a generator to keep the
        memory small: each endpoint is stored before the next endpoint is read. Raises
        `DescriptionError` when nothing can be read.
        """
        ...


@runtime_checkable
class ExpressionLanguage(Protocol):
    """Evaluates the inside of `${…}`.

    Instances must be picklable: costly expressions run in a helper process.

    A language may also have these methods; each takes a *source* without its prefix:

    - `is_linear(source)`: whether *source* costs at most a fixed time for each value it reads. Data
      of moderate size then needs no helper process.
    - `reads(source)`: the paths that *source* reads, as tuples of names from the document's root
      down; None for the whole document. Only these parts are sent to the helper process.
    - `missing(source, shape)`: the error of evaluating *source* over data of *shape*, or None. A
      shape is made of nested objects, lists of one item (which stands for every item), and None
      (any value). Validation reports the error; as a warning if its `is_certain` is false.
    - `task_renamed(source, before, after)`: a `httptask.expressions.Renamed`: *source* after the
      task *before* was renamed to *after*.
    """

    @property
    def name(self) -> str:
        """Return the language's name: `jsonpath`."""
        ...

    @property
    def prefix(self) -> str:
        """Return the prefix that selects the language, `jsonata:`; "" is the default language."""
        ...

    def check(self, source: str) -> None:
        """Raise `ValueError` with a sentence if *source* (without prefix) cannot be parsed."""
        ...

    def is_cheap(self, source: str) -> bool:
        """Say whether the length of *source* bounds its cost: it then needs no helper process."""
        ...

    def evaluate(self, source: str, data: Any) -> Any:
        """Return the JSON value of *source* over *data*. Pure: no clock, no network, no file.

        Raises `LookupError` when a name does not exist and `ValueError` for everything else, both
        with a sentence.
        """
        ...


@runtime_checkable
class RateLimiter(Protocol):
    """Counts requests; several processes share the counts if a server outside keeps them.

    The methods are called on the event loops of the runtime (there may be several, each in its
    thread): do not block, return an awaitable instead. When a method raises, the error is logged,
    and the process counts alone. A request that waits for an awaitable is cancelled at its
    deadline.

    A *key* is an origin and the owner of the limit: `https://api.acme.example task orders/Get`,
    `https://api.acme.example credential crm`. A key holds no secret.
    """

    def reserve(
        self,
        key: str,
        rate: RateLimit | None,
        longest: float,
    ) -> Awaitable[float] | float:
        """Reserve a slot for one request of *key* and return the seconds until it may go; 0: now.

        *rate* is the limit (`requests`, `seconds`, `burst`); None: only a pause delays requests.
        Return a wait above *longest* (seconds) without a reservation: the request is then refused.
        """
        ...

    def pause(self, key: str, seconds: float) -> Awaitable[None] | None:
        """Delay the requests of *key* for *seconds*: the server asked for a pause."""
        ...


class TaskServices(Protocol):
    """The services that a task gets from the part that checks or runs the task."""

    def http_problems(self, check: TaskCheck) -> Sequence[Problem]:
        """Return everything wrong with an HTTP task: its settings, its URL, its expressions."""
        ...

    def expression_problems(self, value: Any, pointer: str) -> Sequence[Problem]:
        """Return the problems of the expressions in *value*, found at *pointer*.

        Nothing is evaluated.
        """
        ...

    async def evaluate(self, value: Any, data: Any, pointer: str) -> Any:
        """Return *value* with every expression in it evaluated over *data*.

        *pointer* is the JSON Pointer of *value*, for errors. Pass a value that is evaluated again
        and again as a `httptask.expressions.Prepared`.
        """
        ...

    def prepare_http(self, task: TaskCheck | TaskCall) -> Any:
        """Return the compiled HTTP task, so that `call_http` need not compile it at each visit."""
        ...

    async def call_http(self, task: TaskCall) -> TaskOutcome:
        """Run an HTTP task. Every request of a workflow is sent by this method."""
        ...

    async def answer_callback(self, call: TaskCall, received: Received) -> Answer:
        """Return the answer to *received*, a call of the callback URL of an HTTP task."""
        ...


@dataclass(frozen=True, slots=True)
class TaskCheck:
    """A task to check; nothing is evaluated or sent."""

    name: str
    definition: Mapping[str, Any]
    services: TaskServices
    pointer: str = ""
    """The JSON Pointer of the task in its workflow definition."""


# Not frozen: each item makes one, and to make a frozen one takes several times as long.
@dataclass(slots=True)
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
    """The `state` of the outcome that asked to run the task again; None when the visit begins."""
    prepared: Any = None
    """The result of the type's `prepare` for the task; None if nothing was prepared."""
    signal: Signal | None = None
    """The signal from outside that ended the wait, if the task is run again because of a signal.

    None when the task is run again because its `wait_until` has come.
    """


@runtime_checkable
class TaskType(Protocol):
    """A type of task that definitions may use.

    A type may also have these members:

    - `waits` (an attribute): True if every task of the type waits for a signal from outside. An
      engine that cannot wait refuses a definition with such a task before it runs anything.
    - `is_repeatable` (an attribute): True if a visit that was cut off by the death of its process
      may be run again. A task of any other type fails then, because a request of the interrupted
      visit may have been delivered.
    - `awaits_callback(definition)`: True if the task of *definition* waits for a call of its
      `${swf:callbackUrl}`. The type then also has the coroutine `answer_callback(call, received)`:
      it returns the `Answer` to such a call, a `Received`. The answer's signal ends the wait. A
      quick API may call before `run` has returned.
    - `prepare(task)`: compile *task*, a `TaskCheck` without problems. Engines call it before the
      task's first visit, keep the result with the definition, and pass it to each visit as
      `call.prepared`. The result must not depend on the run: do not keep `task.services`. If
      `prepare` raises, the task fails with that error.
    """

    @property
    def name(self) -> str:
        """Return the `type` of its tasks: `Http`."""
        ...

    @property
    def schema(self) -> Mapping[str, Any]:
        """Return the JSON Schema 2020-12 of a task's definition without its nulls."""
        ...

    def problems(self, check: TaskCheck) -> Sequence[Problem]:
        """Return the problems of a task's definition that the schema cannot express.

        Nothing is evaluated or sent.
        """
        ...

    def run(self, call: TaskCall) -> Awaitable[TaskOutcome]:
        """Run one visit, or continue it at `call.state`. Raises a `TaskError` when the task fails.

        An outcome with `wait_until` or `awaits_signal` does not end the visit: the task is run
        again at that time, or with the signal that came. In between, the engine may have stopped
        and continued in another process.
        """
        ...


class Signals(Protocol):
    """The signals that end the waits of one run's tasks."""

    async def wait(self, task: str, visit: int, item: int | None = None) -> Signal:
        """Wait for the signal of this visit of *task* and return it; a later call returns it again.

        *item* is the index of the waiting item of a task with `forEach`; None without `forEach`.
        """
        ...

    def of_run(self, workflow_id: str) -> Signals:
        """Return the signals for the tasks of the nested run *workflow_id*."""
        ...


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How an engine runs a definition."""

    input: Any = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    definitions: Mapping[str, WorkflowDefinition] = field(default_factory=dict)
    """Definitions by id, for `failureWorkflow` and tasks of the type `Workflow`."""
    begun: Callable[[str], None] | None = None
    """Called with the run's id once its definition and input are valid. It must not raise."""
    waits: Callable[..., None] | None = None
    """Called as a `GateListener` is, by an engine that keeps runs without a journal."""
    finished: Callable[[TaskRun], None] | None = None
    """Called with each finished visit of a task, to report progress. It must not raise."""
    cancelled: Callable[[WorkflowRun], None] | None = None
    """Called when the run is cancelled, with the run so far, before the cancellation propagates.

    Its status is `Cancelled`, or `Interrupted` with a journal. It must not raise.
    """
    environment: Environment | None = None
    """The servers and credentials of requests, and values of `$.variables`."""
    workflow_id: str | None = None
    """The run's id; None: a new id."""
    steps: int | None = None
    """The number of tasks the run may execute; None: the runtime's limit."""
    depth: int = 0
    """The nesting depth: 0 for a run that no task of another run started."""
    advanced: Callable[[str, ItemCounts], None] | None = None
    """Called with a task's name and the counts of its items whenever an item has ended or begins to
    wait for a signal, to report progress. It must not raise.
    """
    pins: Pins | None = None
    """Pinned responses, used instead of sending the requests; None: every request is sent."""
    journal: RunJournal | None = None
    """The journal of this run, from a `Journal`; None: the run does not survive its process."""
    callbacks: Callbacks | None = None
    """The receiver of the callbacks that tasks wait for.

    None: a definition with such a task is refused before anything is run.
    """
    signals: Signals | None = None
    """The signals that end the waits of tasks.

    None: a definition with a task that always waits for a signal is refused before anything is run,
    and any other task that begins to wait for a signal fails.
    """


@runtime_checkable
class Engine(Protocol):
    """Runs workflow definitions."""

    @property
    def name(self) -> str:
        """Return the engine's name for `--engine`: `embedded`."""
        ...

    def run(
        self,
        definition: WorkflowDefinition,
        options: RunOptions,
        runtime: Any,
    ) -> Awaitable[WorkflowRun]:
        """Run *definition* to its end and return the run; *runtime* is an open `Runtime`."""
        ...
