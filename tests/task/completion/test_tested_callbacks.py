"""Test requests of tasks that wait for a callback."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from calling import SECRET, CallingApi, call, calling_api, export
from httptask import HttpTask
from httptask._core import packaged
from httptask._core.redaction import MASK
from httptask.engines.callbacks import receiving
from httptask.model.exchange import Exchange
from httptask.model.task import Inputs, TestOptions
from httptask.sending import Progress, watched
from httptask.task import Runtime


@pytest.fixture(scope="module")
def api() -> Iterator[CallingApi]:
    with calling_api() as running:
        yield running


def made(task: Any, calls: Callable[[], Any] | None = None) -> Exchange:
    """Make a test request of *task* with a receiver, and *calls* in a thread beside it."""

    async def main() -> Exchange:
        runtime = Runtime(allow_networks=["127.0.0.1"], catalogue=":memory:")
        async with runtime, receiving("127.0.0.1", 0, SECRET) as callbacks:
            written = HttpTask(task, name="Export", runtime=runtime)
            test = asyncio.create_task(
                written.atest_request(Inputs(), TestOptions(callbacks=callbacks))
            )
            if calls is not None:
                await asyncio.to_thread(calls)
            return await test

    return asyncio.run(main())


def test_the_call_is_shown_as_it_came(api: CallingApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange is of the request that was sent; its job has every call that came, the refused
    one with its reason, and secrets are masked. Its JSON says the same again.
    """
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_HOOK", "the key of the hook")
    sent = {"rows": 5, "echo": "the key of the hook", "links": [{"upload_token": "t0k3n"}]}
    body = json.dumps(sent)
    signature = hmac.new(b"the key of the hook", body.encode(), hashlib.sha256).hexdigest()
    words = ("-H", "Content-Type: application/json", "-H", "Authorization: Bearer theirs")
    urls: list[str] = []

    def calls() -> None:
        urls.append(api.next_url())
        assert call(urls[0], body, *words, "-H", "X-Signature: 00")[0] == 401
        assert call(urls[0], body, *words, "-H", f"X-Signature: {signature}")[0] == 202

    verify = {"header": "X-Signature", "credential": "hook"}
    seen = made(export(api, verify=verify), calls)
    document = seen.to_json()
    assert (seen.outcome, seen.response and seen.response.status_code) == ("success", 202)
    assert seen.job is not None
    job = document["job"]
    assert (job["stoppedBy"], job["url"].rpartition("/")[2]) == ("callback", MASK)
    assert [one["purpose"] for one in job["calls"]] == ["start"]
    assert [(one["method"], one["status"]) for one in job["received"]] == [
        ("POST", 401),
        ("POST", 202),
    ]
    assert "is not that of the body" in job["received"][0]["note"]
    taken = job["received"][1]
    assert taken["body"] == {"rows": 5, "echo": MASK, "links": [{"upload_token": MASK}]}
    assert dict(taken["headers"])["authorization"] == MASK
    assert dict(taken["headers"])["x-signature"] == signature
    assert urls[0].rpartition("/")[2] not in json.dumps(document)
    assert "theirs" not in json.dumps(document)
    Draft202012Validator(packaged.schema("exchange")).validate(document)
    assert Exchange.from_json(document).to_json() == document


def test_nothing_comes(api: CallingApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of the task ends the wait, and a test request waits no longer than a person does:
    the exchange says which, and has the answer.
    """
    seen = made(export(api, timeoutSeconds=0.2))
    assert (seen.outcome, seen.response and seen.response.status_code) == ("completion", 202)
    assert "within 0.2 s (callback.timeoutSeconds)" in str(seen.error)
    assert seen.job is not None
    assert (seen.job.summary.stopped_by, seen.job.received) == ("deadline", ())
    monkeypatch.setattr("httptask.task._callback_test.LONGEST_SECONDS", 0.1)
    assert "within 0.1 s (a test request waits no longer)" in str(made(export(api)).error)


def test_a_test_that_is_stopped_says_what_it_waited_for(api: CallingApi) -> None:
    """How far it came is known to who watches, that the server may have got the request, and which
    calls came that did not end the wait.
    """
    progress = Progress()

    async def main() -> None:
        watched.set(progress)
        runtime = Runtime(allow_networks=["127.0.0.1"], catalogue=":memory:")
        async with runtime, receiving("127.0.0.1", 0, SECRET) as callbacks:
            task = HttpTask(export(api), name="Export", runtime=runtime)
            options = TestOptions(callbacks=callbacks)
            test = asyncio.create_task(task.atest_request(Inputs(), options))
            while progress.waits_until is None:  # noqa: ASYNC110 - it is what a page looks at
                await asyncio.sleep(0.01)
            broken = (api.came[-1].json["callback"], "{", "-H", "Content-Type: application/json")
            assert (await asyncio.to_thread(call, *broken))[0] == 400
            test.cancel()
            await asyncio.wait([test])

    asyncio.run(main())
    assert progress.maybe_delivered
    assert progress.exchange is not None
    assert progress.exchange.job is not None
    assert progress.exchange.outcome == "cancelled"
    assert progress.exchange.job.summary.stopped_by == "cancelled"
    assert [one.status for one in progress.exchange.job.received] == [400]


@pytest.mark.parametrize("is_stopped", [False, True], ids=["called", "stopped"])
def test_the_token_of_its_url_is_forgotten_when_it_ends(api: CallingApi, is_stopped: bool) -> None:
    """Each known secret slows down all masking, and a page makes many tests. The exchange is masked
    all the same.
    """
    progress = Progress()

    async def main() -> str:
        watched.set(progress)
        runtime = Runtime(allow_networks=["127.0.0.1"], catalogue=":memory:")
        async with runtime, receiving("127.0.0.1", 0, SECRET) as callbacks:
            task = HttpTask(export(api), name="Export", runtime=runtime)
            options = TestOptions(callbacks=callbacks)
            test = asyncio.create_task(task.atest_request(Inputs(), options))
            while progress.waits_until is None:  # noqa: ASYNC110 - it is what a page looks at
                await asyncio.sleep(0.01)
            url = api.came[-1].json["callback"]
            assert not runtime.redactor.knows_none
            if is_stopped:
                test.cancel()
            else:
                await asyncio.to_thread(call, url, json.dumps({"echo": url}))
            await asyncio.wait([test])
            assert runtime.redactor.knows_none
            seen = progress.exchange if is_stopped else test.result()
            assert seen is not None
            assert url.rpartition("/")[2] not in json.dumps(seen.to_json())
            return str(seen.outcome)

    assert asyncio.run(main()) == ("cancelled" if is_stopped else "success")


def test_a_shown_request_has_a_placeholder(api: CallingApi) -> None:
    """What is only shown names a URL that nobody can call (RFC 6761, section 6.4)."""
    shown = HttpTask(export(api)).render()
    assert json.loads(shown.body) == {"callback": "https://callback.invalid/callbacks/TOKEN"}
