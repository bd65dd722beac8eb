"""What crosses a process comes back as it was: every noun's `to_json` and `from_json`, over real
JSON text.
"""

from __future__ import annotations

import asyncio
import pickle
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_httpx import HTTPXMock

from httptask import errors
from httptask._core.redaction import MASK
from httptask._core.strict_json import dump, parse
from httptask.engines import arun_workflow
from httptask.errors import HttpTaskError, Pages, Problem, TaskError
from httptask.model.exchange import (
    Attempt,
    Difference,
    Exchange,
    FilePiece,
    Hop,
    RawResponse,
    SentRequest,
    StreamedBody,
)
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


problems = st.builds(
    Problem,
    pointer=texts,
    message=texts,
    suggestion=some(texts),
    line=some(counts),
    severity=st.sampled_from(["error", "warning"]),
    code=some(texts),
    params=objects,
)
responses = st.builds(
    RawResponse,
    http_version=st.just("HTTP/1.1"),
    status_code=st.integers(100, 599),
    reason_phrase=latin,
    headers=headers,
    body=bodies,
    decoded=values,
    decoded_as=some(st.sampled_from(["json", "text"])),
    size=st.integers(21, 10**9),
    truncated=st.booleans(),
    file=some(objects),
    notes=st.lists(texts, max_size=2).map(tuple),
)
requests = st.builds(SentRequest, method=texts, url=texts, headers=headers, body=bodies)
hops = st.builds(
    Hop,
    request=requests,
    response=some(responses),
    phases=st.dictionaries(st.sampled_from(["dns", "connect", "wait"]), seconds),
    unparsed=texts,
)
attempts = st.builds(
    Attempt,
    number=counts,
    hops=st.lists(hops, max_size=2).map(tuple),
    outcome=st.sampled_from(["success", "status"]),
    error=some(texts),
    started_at=texts,
    waited_seconds=seconds,
    elapsed_seconds=seconds,
)
exchanges = st.builds(
    Exchange,
    attempts=st.lists(attempts, max_size=2).map(tuple),
    outcome=st.sampled_from(["success", "status"]),
    error=some(texts),
    elapsed_seconds=seconds,
    differences=st.lists(
        st.builds(Difference, kind=texts, pointer=texts, message=texts), max_size=2
    ).map(tuple),
    settings_problems=st.lists(problems, max_size=2).map(tuple),
)
pages = st.builds(
    Pages,
    count=counts,
    items=counts,
    duplicates=counts,
    bytes=counts,
    complete=st.booleans(),
    stopped_by=some(texts),
    cursor=some(texts | counts),
)
results = st.builds(
    TaskResult,
    status_code=st.integers(100, 599),
    reason_phrase=latin,
    headers=st.dictionaries(latin, latin | st.lists(latin, max_size=2), max_size=3),
    body=values,
    url=texts,
    attempts=counts,
    elapsed_seconds=seconds,
    pages=some(pages),
)
ends = st.fixed_dictionaries({"input": values, "output": values})
inputs = st.builds(
    Inputs,
    input=values,
    tasks=st.dictionaries(texts, ends, max_size=2),
    variables=objects,
    run=objects,
)
outcomes = st.builds(
    TaskOutcome,
    output=values,
    input=values,
    next_task=some(texts),
    terminate=some(st.sampled_from(["Completed", "Failed"])),
    wait_until=some(st.just("2030-01-31T12:00:00Z")),
    awaits_signal=st.booleans(),
    state=values,
)
task_runs = st.builds(
    TaskRun,
    name=texts,
    visit=counts,
    type=texts,
    status=st.sampled_from(["InProgress", "Waiting", "Completed", "Failed"]),
    input=values,
    output=values,
    error=some(objects),
    next_task=some(texts),
    terminate=some(texts),
    wait_until=some(texts),
    awaits_signal=st.booleans(),
    state=values,
    elapsed_seconds=seconds,
)
plain_runs = st.builds(
    WorkflowRun,
    workflow_id=texts,
    definition=texts,
    status=texts,
    output=values,
    tasks=st.lists(task_runs, max_size=2).map(tuple),
    error=some(texts),
    elapsed_seconds=seconds,
)
runs = st.builds(
    lambda run, after: WorkflowRun(run.workflow_id, run.definition, run.status, failure_run=after),
    plain_runs,
    some(plain_runs),
)
steps = st.builds(Step, name=texts, visit=counts, pointer=texts, definition=objects)
waits = st.builds(Wait, step=steps, until=some(texts), state=values, awaits_signal=st.booleans())
signals = st.builds(Signal, output=values) | st.builds(Signal, error=objects)
NOUNS = [
    *(problems, responses, requests, hops, attempts, exchanges, results),
    *(inputs, outcomes, task_runs, plain_runs, runs, steps, waits, signals),
    st.builds(WorkflowDefinition, document=objects),
]


def travelled(value: dict[str, Any]) -> Any:
    """The same JSON, written and read by another process; every digit of it, or this test says
    nothing.
    """
    return parse(dump(value))


@given(st.one_of(NOUNS))
def test_a_noun_comes_back_as_it_was(noun: Any) -> None:
    """Equal, field by field, with bytes, digits of numbers and masks; and written again it is the
    same text.
    """
    back = type(noun).from_json(travelled(noun.to_json()))
    assert back == noun
    assert dump(back.to_json()) == dump(noun.to_json())


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
