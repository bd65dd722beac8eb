"""What crosses a process comes back as it was: every noun's `to_json` and `from_json`, over real
JSON text.
"""

from __future__ import annotations

import asyncio
import importlib
import pickle
import pkgutil
from dataclasses import fields, replace
from decimal import Decimal
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_httpx import HTTPXMock

from httptask import errors, model
from httptask._core.redaction import MASK
from httptask._core.strict_json import dump, parse
from httptask.engines import arun_workflow
from httptask.errors import HttpTaskError, Job, Pages, Problem, TaskError
from httptask.model.environment import Environment
from httptask.model.exchange import (
    Attempt,
    Difference,
    Exchange,
    FilePiece,
    Hop,
    RawResponse,
    SentRequest,
    StreamedBody,
    SubExchange,
)
from httptask.model.for_each import Item, ItemCounts, ItemNumber, WaitingItem
from httptask.model.job_exchange import JobCall, JobCalls, ReceivedCall
from httptask.model.page_exchange import PageCall, PageCalls
from httptask.model.pagination import Evidence, SuggestedPagination
from httptask.model.pins import Pins, TaskPin
from httptask.model.task import Inputs, TaskResult
from httptask.model.workflow import (
    Signal,
    Step,
    TaskOutcome,
    TaskRun,
    Wait,
    WorkflowDefinition,
    WorkflowRun,
)
from tasks import http, runtime

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=8) | st.just(f"Bearer {MASK}")
decimals = st.sampled_from(
    [
        "0.1000000000000000055511151231257827",
        "12345678901234567890.5",
        "1.10000000000000000000001e-5",
    ]
).map(Decimal)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | decimals
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(texts, values, max_size=3)
seconds = st.integers(0, 10**9).map(lambda count: round(count / 1000, 6))
counts = st.integers(1, 100)
latin = st.text(st.characters(max_codepoint=0xFF), max_size=8)
headers = st.lists(st.tuples(latin, latin), max_size=3).map(tuple)
bodies = st.binary(max_size=20) | texts.map(lambda text: text.encode()) | st.just(MASK.encode())


def some(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


DRAWN: dict[type, st.SearchStrategy[Any]] = {}
"""Class -> what draws it."""
FIELDS: dict[type, set[str]] = {}
"""Class -> its fields that are drawn."""


def noun(cls: type, **drawn: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for *cls* from those of its fields."""
    DRAWN[cls], FIELDS[cls] = st.builds(cls, **drawn), {*drawn}
    return DRAWN[cls]


def few(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(strategy, max_size=2).map(tuple)


times = st.just("2030-01-31T12:00:00Z")
names = st.dictionaries(texts, texts, max_size=2)
problems = noun(
    Problem,
    pointer=texts,
    message=texts,
    suggestion=some(texts),
    line=some(counts),
    severity=st.sampled_from(["error", "warning"]),
    code=some(texts),
    params=objects,
)
pages = noun(
    Pages,
    count=counts,
    items=counts,
    duplicates=counts,
    bytes=counts,
    complete=st.booleans(),
    stopped_by=some(texts),
    cursor=some(texts | counts),
    note=some(texts),
)
jobs = noun(
    Job,
    url=texts,
    status=some(texts),
    states=few(texts),
    polls=counts,
    stopped_by=some(texts),
    elapsed_seconds=seconds,
)
results = noun(
    TaskResult,
    status_code=st.integers(100, 599),
    reason_phrase=latin,
    headers=st.dictionaries(latin, latin | st.lists(latin, max_size=2), max_size=3),
    body=values,
    url=texts,
    attempts=counts,
    elapsed_seconds=seconds,
    pages=some(pages),
    job=some(jobs),
)

# An exchange

responses = noun(
    RawResponse,
    http_version=st.just("HTTP/1.1"),
    status_code=st.integers(100, 599),
    reason_phrase=latin,
    headers=headers,
    body=bodies,
    decoded=values,
    decoded_as=some(st.sampled_from(["json", "text"])),
    size=st.integers(100, 10**9),
    truncated=st.booleans(),
    file=some(objects),
    notes=few(texts),
)
requests = noun(
    SentRequest,
    method=texts,
    url=texts,
    headers=headers,
    body=bodies,
    size=some(st.integers(100, 10**9)),
)
hops = noun(
    Hop,
    request=requests,
    response=some(responses),
    phases=st.dictionaries(st.sampled_from(["queue", "connect", "wait"]), seconds),
    unparsed=texts,
    challenged=st.booleans(),
    proxy=some(texts),
    is_insecure=st.booleans(),
    queue_reason=texts,
    is_pinned=st.booleans(),
)
attempts = noun(
    Attempt,
    number=counts,
    hops=few(hops),
    outcome=texts,
    error=some(texts),
    started_at=texts,
    waited_seconds=seconds,
    elapsed_seconds=seconds,
    sub_exchanges=few(
        # A token request is repeated for no challenge.
        noun(
            SubExchange,
            kind=texts,
            before_hop=counts,
            hop=hops.map(lambda hop: replace(hop, challenged=False)),
        )
    ),
)
calls = {
    "number": counts,
    "method": texts,
    "url": texts,
    "status_code": some(st.integers(100, 599)),
    "outcome": texts,
    "elapsed_seconds": seconds,
    "attempts": some(few(attempts)),
}
page_calls = noun(
    PageCalls,
    summary=pages,
    calls=few(noun(PageCall, **calls, items=counts, duplicates=counts, bytes=counts)),
    omitted=counts,
    next_request=some(requests),
)
job_calls = noun(
    JobCalls,
    summary=jobs,
    calls=few(noun(JobCall, **calls, purpose=texts, state=some(texts), waited_seconds=seconds)),
    omitted=counts,
    next_request=some(requests),
    received=some(
        few(
            noun(
                ReceivedCall,
                method=texts,
                headers=headers,
                body=values,
                received_at=texts,
                status=counts,
                note=texts,
            )
        )
    ),
)
noun(
    Exchange,
    attempts=few(attempts),
    outcome=texts,
    error=some(texts),
    elapsed_seconds=seconds,
    differences=few(noun(Difference, kind=texts, pointer=texts, message=texts)),
    settings_problems=few(problems),
    environment=some(texts),
    pages=some(page_calls),
    job=some(job_calls),
    item=some(noun(ItemNumber, index=counts, count=counts)),
    time_limit=some(texts),
)

# What goes into a task, and what comes out

noun(
    Inputs,
    input=values,
    tasks=st.dictionaries(
        texts, st.fixed_dictionaries({"input": values, "output": values}), max_size=2
    ),
    variables=objects,
    run=objects,
    environment=some(
        noun(
            Environment,
            name=texts,
            servers=names,
            variables=objects,
            credentials=names,
            colour=some(texts),
            description=texts,
            is_live=st.booleans(),
        )
    ),
    previous=values,
    item=some(noun(Item, value=values, index=counts, name=texts)),
    item_index=counts,
)
items = noun(
    ItemCounts,
    count=counts,
    completed=counts,
    failed=counts,
    nested_tasks=counts,
    waiting=few(noun(WaitingItem, index=counts, input=values, until=some(times))),
)
noun(
    TaskOutcome,
    output=values,
    input=values,
    next_task=some(texts),
    terminate=some(texts),
    wait_until=some(times),
    awaits_signal=st.booleans(),
    state=values,
    definition=some(texts),
    items=some(items),
)
noun(TaskPin, pin=values, position=counts)
pins = st.dictionaries(texts, objects | st.lists(objects, max_size=2), max_size=2)
noun(
    Pins,
    tasks=pins,
    definitions=st.dictionaries(texts, pins, max_size=2),
    is_offline=st.booleans(),
)
noun(
    SuggestedPagination,
    setting=objects,
    evidence=few(noun(Evidence, side=texts, pointer=texts, text=texts)),
    confirmed=some(st.booleans()),
    reason=texts,
)

# A run

noun(WorkflowDefinition, document=objects)
inner_runs = st.builds(
    WorkflowRun, workflow_id=texts, definition=texts, status=texts, output=values
)
task_runs = noun(
    TaskRun,
    name=texts,
    visit=counts,
    type=texts,
    status=texts,
    input=values,
    output=values,
    error=some(objects),
    next_task=some(texts),
    terminate=some(texts),
    wait_until=some(times),
    awaits_signal=st.booleans(),
    state=values,
    elapsed_seconds=seconds,
    ended_at=some(times),
    notes=few(texts),
    run=some(inner_runs),
    items=some(items),
    pinned=counts,
)
noun(
    WorkflowRun,
    workflow_id=texts,
    definition=texts,
    status=texts,
    output=values,
    tasks=few(task_runs),
    error=some(texts),
    elapsed_seconds=seconds,
    failure_run=some(inner_runs),
    environment=some(texts),
)
steps = noun(
    Step,
    name=texts,
    visit=counts,
    pointer=texts,
    definition=objects,
    before=some(st.tuples(texts, counts)),
    reached_at=some(times),
)
noun(Wait, step=steps, until=some(times), state=values, awaits_signal=st.booleans())
noun(Signal, output=values, error=some(objects), headers=some(names))

LEFT = {
    (Inputs, "pin"): "it is sent beside them",
    (Pins, "listener"): "a function",
    (TaskPin, "listener"): "a function",
    (WorkflowDefinition, "source"): "the JSON is the document alone",
    (WorkflowDefinition, "text"): "the JSON is the document alone",
}
"""Fields that do not travel, and why."""


def travelling() -> set[type]:
    """Return the classes that have `from_json`, without errors, and what a catalogue holds."""
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.iter_modules(model.__path__, f"{model.__name__}.")
    ]
    return {
        cls
        for module in (errors, *modules)
        for cls in vars(module).values()
        if isinstance(cls, type)
        and hasattr(cls, "from_json")
        and not issubclass(cls, HttpTaskError)
        and cls.__module__ != "httptask.model.api"
    }


def test_every_noun_is_drawn_whole() -> None:
    """No class that travels, and no field of one, is forgotten in the tests below."""
    assert FIELDS.keys() == travelling()
    for cls, drawn in FIELDS.items():
        own = {field.name for field in fields(cls) if field.init}
        assert drawn == {name for name in own if (cls, name) not in LEFT}, cls
    for cls, name in LEFT:
        assert name in {field.name for field in fields(cls)}


def travelled(value: dict[str, Any]) -> Any:
    """The same JSON, written and read by another process; every digit of it, or this test says
    nothing.
    """
    return parse(dump(value))


@pytest.mark.parametrize("cls", DRAWN, ids=attrgetter("__name__"))
@settings(max_examples=10)
@given(data=st.data())
def test_a_noun_comes_back_as_it_was(cls: type, data: st.DataObject) -> None:
    """Equal, field by field, with bytes, digits of numbers and masks; and written again it is the
    same text.
    """
    drawn = data.draw(DRAWN[cls])
    back = type(drawn).from_json(travelled(drawn.to_json()))
    assert back == drawn
    assert dump(back.to_json()) == dump(drawn.to_json())


@given(bodies, st.integers(0, 10**9))
def test_a_body_from_files_comes_back_as_it_is_shown(part: bytes, size: int) -> None:
    """What was in files has not travelled: the words that stand for it have, and how many bytes
    went out.
    """
    sent = SentRequest(
        "PUT", "https://a.example", (), StreamedBody((part, FilePiece("a.bin", {}, "/body", size)))
    )
    back = SentRequest.from_json(travelled(sent.to_json()))
    assert back.shown_body == sent.shown_body
    assert back.to_json() == sent.to_json()


rest = st.fixed_dictionaries(
    {"retryable": st.booleans(), "retry_after": some(seconds), "maybe_delivered": st.booleans()}
)
OTHERS: dict[type[HttpTaskError], st.SearchStrategy[Any]] = {
    errors.DescriptionError: st.builds(
        errors.DescriptionError, texts, source=some(texts), line=some(counts)
    ),
    errors.CatalogueError: st.builds(
        errors.CatalogueError, st.just("catalogue-sqlite"), file=texts, sqliteMessage=texts
    ),
    errors.CredentialError: st.builds(
        lambda text, pointer, more: errors.CredentialError.of(
            "credential-scheme", status_code=400, name=text, schemeMessage=text, **more
        ).at(pointer),
        texts,
        texts,
        st.fixed_dictionaries({"retryable": st.booleans(), "retry_after": some(seconds)}),
    ),
    errors.UnknownEndpointError: st.builds(
        errors.UnknownEndpointError, texts, st.lists(texts, max_size=2)
    ),
    errors.DefinitionError: st.builds(
        errors.DefinitionError, st.lists(problems, max_size=2), source=some(texts)
    ),
    errors.PaginationError: st.builds(
        lambda message, page, more: errors.PaginationError(message, page=page, **more),
        texts,
        counts,
        rest,
    ),
    errors.InputError: st.builds(
        errors.InputError, st.lists(problems, max_size=2), source=some(texts)
    ),
    errors.PluginError: st.builds(errors.PluginError, texts, some(texts)),
    errors.SettingsError: st.builds(errors.SettingsError, st.lists(problems, max_size=2)),
    errors.ExpressionError: st.builds(
        errors.ExpressionError,
        texts,
        expression=texts,
        pointer=texts,
        known=st.lists(texts, max_size=2),
    ),
    errors.TimedOutError: st.builds(
        lambda message, more: errors.TimedOutError(message, phase="read", seconds=10, **more),
        texts,
        rest,
    ),
    errors.SignalledError: st.builds(
        lambda details, more: errors.SignalledError(details, **more),
        objects | st.fixed_dictionaries({"message": texts}),
        rest,
    ),
    errors.StatusError: st.builds(
        lambda message, more: errors.StatusError(message, status_code=404, **more), texts, rest
    ),
}
TREE = [
    cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, HttpTaskError)
]


@pytest.mark.parametrize("cls", TREE, ids=lambda cls: cls.__name__)
@settings(max_examples=20)
@given(data=st.data())
def test_an_error_comes_back_as_its_class(cls: type[HttpTaskError], data: st.DataObject) -> None:
    """Every class of the tree: what a caller catches, reads and prints is the same on the other
    side, as JSON and from the worker of a process pool.
    """
    plain = st.builds(lambda message, more: cls(message, **more), texts, rest)  # type: ignore[call-arg]
    if not issubclass(cls, TaskError):
        plain = st.builds(cls, texts)
    error = data.draw(OTHERS.get(cls, plain))
    if isinstance(error, TaskError):
        error.attempts, error.elapsed_seconds = data.draw(counts), data.draw(seconds)
        error.result = data.draw(some(results))
        error.pages = data.draw(some(pages))
        if error.pages is not None:
            error.collected = data.draw(values)
    pickled = pickle.loads(pickle.dumps(error))
    for back in (HttpTaskError.from_json(travelled(error.to_json())), pickled):
        assert type(back) is cls
        assert str(back) == str(error)
        assert vars(back) == vars(error)
        assert dump(back.to_json()) == dump(error.to_json())


def test_an_error_of_a_stranger_comes_back_as_its_outcome_class() -> None:
    """A plugin's own class is not here; its outcome class is, and so is what an engine says of a
    task.
    """

    class RateLimitedError(errors.StatusError):
        """A plugin's."""

    back = HttpTaskError.from_json(
        RateLimitedError("slow down", status_code=429, retryable=True).to_json()
    )
    assert isinstance(back, errors.StatusError)
    assert (back.status_code, back.retryable, str(back)) == (429, True, "slow down")
    stopped = HttpTaskError.from_json(
        {"error": "Stopped", "message": "stopped", "kind": "cancelled"}
    )
    assert (type(stopped), str(stopped)) == (TaskError, "stopped")
    assert type(HttpTaskError.from_json({"error": "OtherError", "message": "no"})) is HttpTaskError


def test_a_real_run_comes_back(httpx_mock: HTTPXMock) -> None:
    """A run that failed for a real response: its history, its error and the result in it, from
    their JSON.
    """
    httpx_mock.add_response(404, json={"why": "no such thing"})
    definition = {"startTask": "A", "tasks": {"A": http("https://a.example/things/7")}}

    async def main() -> WorkflowRun:
        async with runtime() as shared:
            return await arun_workflow(definition, runtime=shared)

    run = asyncio.run(main())
    back = WorkflowRun.from_json(travelled(run.to_json()))
    assert back.to_json() == run.to_json()
    error = HttpTaskError.from_json(back.tasks[0].error or {})
    assert isinstance(error, errors.StatusError)
    assert error.result is not None
    assert (error.status_code, error.result.status_code) == (404, 404)
