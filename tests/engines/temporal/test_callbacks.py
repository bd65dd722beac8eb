"""Tasks on Temporal that wait until an API calls the URL which their request gave it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

import servers
from calling import CallingApi, call, calling_api, export, status_of
from engine_definitions import flow
from httptask._core.redaction import MASK
from httptask.engines.callbacks import SignedUrls
from httptask.engines.temporal import _receiver
from httptask.engines.temporal._arguments import TaskSignal
from httptask.engines.temporal._masking import masking
from httptask.engines.temporal._receiver import CallbackServer, receiving
from httptask.engines.temporal.client import cancel_run
from httptask.model.workflow import WorkflowRun
from tasks import runtime
from temporal_worlds import Handle, TemporalWorld, worker_process

SECRET = b"a secret that all workers of a test have"
GATE = {"type": "Simple", "end": True}


@pytest.fixture
def api() -> Iterator[CallingApi]:
    with calling_api() as running:
        yield running


@pytest.fixture
def world(temporal_address: str) -> TemporalWorld:
    """A world whose worker receives calls, too."""
    made = TemporalWorld(temporal_address, heartbeat_seconds=2)
    made.callbacks = CallbackServer(SECRET, None, "127.0.0.1")
    return made


def histories_of(world: TemporalWorld) -> str:
    """Return the history of the last run, and what its payloads are in clear."""
    texts = [world.history]

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("data"), str):
                texts.append(base64.b64decode(value["data"]).decode("utf-8", "replace"))
            value = list(value.values())
        for part in value if isinstance(value, list) else ():
            look(part)

    look(json.loads(world.history))
    return "\n".join(texts)


def repeated(world: TemporalWorld) -> list[int]:
    """Return how often each activity of the last run may be repeated where a worker is lost."""
    name = "activityTaskScheduledEventAttributes"
    events = json.loads(world.history)["events"]
    return [one[name]["retryPolicy"]["maximumAttempts"] for one in events if name in one]


async def until_it_waits(handle: Handle) -> None:
    while not (await handle.query("status"))["waiting"]:  # noqa: ASYNC110 - it is elsewhere
        await asyncio.sleep(0.05)


def changed(url: str, at: int) -> str:
    """Return *url* with another character at the index *at*."""
    index = at % len(url)
    return url[:index] + ("A" if url[index] != "A" else "B") + url[index + 1 :]


def test_a_call_completes_the_task(world: TemporalWorld, api: CallingApi) -> None:
    """Its body is the result; a URL that we did not make is unknown, a further call is told that it
    was one, after the run has ended, too. The history has neither the URL nor what only the caller
    may know, though the call repeats it.
    """
    tasks = {"Export": export(api, task={"nextTask": "Gate"}), "Gate": GATE}
    tasks["Export"]["inputParameters"] = {"at": "${swf:callbackUrl}"}
    seen: list[int] = []
    urls: list[str] = []
    headers = ("-H", "Authorization: Bearer of-the-caller", "-H", "Content-Type: application/json")

    def calls() -> None:
        urls.append(api.next_url())
        url, name = urls[0], urls[0].rpartition("/")[2].partition(".")[0]
        other = SignedUrls("", b"another secret of at least 32 bytes").names(
            "default", ("a", "b", 1)
        )
        start = url.rpartition("/")[0]
        forged = [changed(url, -1), changed(url, len(start) + 3), url.rpartition(".")[0]]
        forged += [f"{start}/{name}.", f"{start}/{other['callbackToken']}", f"{url}/"]
        seen.extend(call(one)[0] for one in forged)
        seen.append(call(url, "{", *headers)[0])
        # Six times as large as JSON: more than a history takes.
        large = ("-H", "Content-Type: text/plain", "--data-binary", "@-", url)
        seen.append(status_of(servers.curl(*large, stdin="\x01" * 500_000).stdout))
        body = json.dumps({"rows": 5, "called": url})
        seen.append(call(url, body, *headers)[0])
        seen.append(call(url)[0])

    async def during(handle: Handle) -> None:
        await asyncio.to_thread(calls)
        await handle.signal("complete_task", TaskSignal("Gate"))
        await world.end(handle)
        seen.append((await asyncio.to_thread(call, urls[0]))[0])

    run = world.run(flow("Export", tasks), None, during)
    assert run.status == "Completed", run.error
    assert seen == [404] * 6 + [400, 413, 202, 200, 200]
    done = next(task for task in run.tasks if task.status == "Completed")
    shown = f"{urls[0].rpartition('/')[0]}/{MASK}"
    assert done.output["body"] == {"rows": 5, "called": shown}
    assert (done.output["statusCode"], done.output["job"]["stoppedBy"]) == (202, "callback")
    assert done.input == {"at": shown}
    assert any("a callback was refused" in note for note in done.notes)
    assert repeated(world) == [1, 11]  # nothing is sent once it waits
    history = histories_of(world)
    assert shown in history
    for secret in (urls[0].rpartition(".")[2], "of-the-caller", SECRET.decode()):
        assert secret not in history


def test_a_url_is_of_one_visit_in_one_namespace() -> None:
    """Whatever task and run are called; with another secret it is none."""
    visit = ("a/b", "Tätig. ~/callbacks/", 3, 0)
    names = SignedUrls("https://public.example/hooks/", SECRET).names("live", visit)
    url = names["callbackUrl"]
    assert url == f"https://public.example/hooks/callbacks/{names['callbackToken']}"
    path = urlsplit(url).path
    assert path == quote(path)
    assert SignedUrls("", SECRET).visit_of("live", path) == visit
    assert SignedUrls("", SECRET).visit_of("test", path) is None
    assert SignedUrls("", SECRET[:-1] + b"?").visit_of("live", path) is None
    assert SignedUrls("", SECRET).visit_of("live", path.replace("/callbacks/", "/")) is None


def test_a_secret_can_be_changed() -> None:
    """URLs are made with the first of two, and taken of both."""
    visit, new = ("run", "Export", 1), b"a secret that came after it, of tests"
    changed = SignedUrls("http://a.test", (new, SECRET))
    for secret in (SECRET, new):
        url = SignedUrls("http://a.test", secret).names("live", visit)["callbackUrl"]
        assert changed.visit_of("live", urlsplit(url).path) == visit
        assert (changed.names("live", visit)["callbackUrl"] == url) is (secret == new)
    third = SignedUrls("http://a.test", b"another secret of at least 32 bytes").names("live", visit)
    assert changed.visit_of("live", urlsplit(third["callbackUrl"]).path) is None
    with runtime() as shared, masking(changed.names("live", visit), shared) as mask:
        for secret in (SECRET, new):
            url = SignedUrls("http://a.test", secret).names("live", visit)["callbackUrl"]
            assert mask([url]) == [f"http://a.test/callbacks/{MASK}"]


def test_a_token_is_known_while_it_opens_something() -> None:
    """A worker has one for each visit, and each costs time in every text: it forgets them."""
    names = SignedUrls("http://a.test", SECRET).names("live", ("run", "Export", 1))
    with runtime() as shared:
        with masking(names, shared) as mask:
            shared.redactor.add(names["callbackToken"])
            assert mask({"at": names["callbackUrl"]}) == {"at": f"http://a.test/callbacks/{MASK}"}
        assert shared.redactor.knows_none
        assert shared.redactor.text(names["callbackToken"]) == names["callbackToken"]


def test_a_signature_is_verified(
    world: TemporalWorld, api: CallingApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a worker, which has the key: what is refused is noted at most twenty times, and not kept
    in the history otherwise.
    """
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_HOOK", "the key of the hook")
    verify = {"header": "Authorization", "credential": "hook", "prefix": "HMAC "}
    signature = hmac.new(b"the key of the hook", b"{}", hashlib.sha256).hexdigest()
    seen: list[int] = []

    def calls() -> None:
        url = api.next_url()
        given = [*(["HMAC wrong"] * 22), f"HMAC {signature}"]
        seen.extend(call(url, "{}", "-H", f"Authorization: {one}")[0] for one in given)

    async def during(handle: Handle) -> None:
        await asyncio.to_thread(calls)

    run = world.run(flow("Export", {"Export": export(api, verify=verify)}), None, during)
    assert run.status == "Completed", run.error
    assert seen == [401] * 22 + [202]
    assert len(run.tasks[-1].notes) == 20
    assert world.history.count("UPDATE_ACCEPTED") == 21
    assert "the key of the hook" not in histories_of(world)


def test_a_call_may_come_before_the_answer_or_never(world: TemporalWorld, api: CallingApi) -> None:
    """What came early counts. A deadline is a timer; a call after it is told that nobody waits. One
    who completes the task by hand ends the wait, too.
    """
    early = export(api, task={"nextTask": "Late"})
    late = export(api, timeoutSeconds=0.2, task={"nextTask": "Hand"})
    late["onError"] = [{"errors": ["completion"], "nextTask": "Hand"}]
    tasks = {"Early": early, "Late": late, "Hand": export(api)}
    seen: list[int] = []

    def before_answer(url: str) -> None:
        if len(api.came) == 1:
            seen.append(call(url)[0])

    async def during(handle: Handle) -> None:
        _, late_url, _ = [await asyncio.to_thread(api.next_url) for _ in range(3)]
        seen.append((await asyncio.to_thread(call, late_url))[0])
        await handle.signal("complete_task", TaskSignal("Hand", output={"by": "hand"}))

    api.before_answer = before_answer
    run = world.run(flow("Early", tasks), None, during)
    assert run.status == "Completed", run.error
    assert seen == [202, 410]
    ended = {task.name: task for task in run.tasks}
    assert ended["Early"].output["body"] == {"rows": 5}
    error = ended["Late"].error
    assert error is not None
    assert (error["kind"], error["job"]["stoppedBy"]) == ("completion", "deadline")
    assert (run.output["body"], run.output["job"]["stoppedBy"]) == ({"by": "hand"}, "signal")


def test_a_run_that_is_cancelled_says_what_it_waited_for(
    world: TemporalWorld, api: CallingApi
) -> None:
    """The server has got the request, and the job is named; nobody waits for the call then."""
    seen: list[int] = []

    async def during(handle: Handle) -> None:
        url = await asyncio.to_thread(api.next_url)
        await until_it_waits(handle)
        await cancel_run(await world.client(), handle.id)
        await world.end(handle)
        seen.append((await asyncio.to_thread(call, url))[0])

    run = world.run(flow("Export", {"Export": export(api)}), None, during)
    assert (run.status, seen) == ("Cancelled", [410])
    error = run.tasks[-1].error
    assert error is not None
    assert (error["kind"], error["maybeDelivered"]) == ("cancelled", True)
    assert error["job"]["url"].endswith(f"/callbacks/{MASK}")


def test_no_call_is_lost_where_no_worker_is(
    world: TemporalWorld, api: CallingApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker is killed between request and call. A receiver elsewhere says when to call again;
    once a worker is there, the call counts. It repeats a secret of the request, which the receiver
    never sent: the history does not have it.
    """
    monkeypatch.setattr(_receiver, "_PATIENCE", 1.0)
    monkeypatch.setenv("HTTPTASK_CALLBACK_SECRET", SECRET.decode())
    monkeypatch.setenv(
        "HTTPTASK_CREDENTIAL_API", '{"type": "bearer", "token": "secret-of-the-api"}'
    )
    task, body = {**export(api), "credentials": "api"}, '{"sent": "secret-of-the-api"}'
    runs_here = TemporalWorld(world.address, heartbeat_seconds=2)
    answers: list[str] = []

    async def receive_for(run: Any) -> WorkflowRun:
        server = CallbackServer(SECRET, None, "127.0.0.1")
        async with runtime() as shared, receiving(server, await world.client(), shared) as urls:
            return await run(urls.address)

    async def main(address: str) -> WorkflowRun:
        options = ("--callback-url", address)
        handle = await runs_here.start(flow("Export", {"Export": task}))
        with worker_process(world.address, runs_here.queue, *options) as first:
            url = await asyncio.to_thread(api.next_url)
            await until_it_waits(handle)
            first.kill()
        answers.append((await asyncio.to_thread(call, url, body))[1])
        runs_here.callbacks = CallbackServer(SECRET, address)
        async with runs_here.worker():
            while status_of(answers[-1]) == 503:
                answers.append((await asyncio.to_thread(call, url, body))[1])
            return await runs_here.end(handle)

    run = asyncio.run(receive_for(main))
    assert status_of(answers[0]) == 503
    assert "\nRetry-After: 5\n" in answers[0]
    assert status_of(answers[-1]) in (200, 202)  # the first may have got through after all
    assert (run.status, len(api.came)) == ("Completed", 1)
    assert api.came[0].headers["authorization"] == "Bearer secret-of-the-api"
    assert run.output["body"] == {"sent": MASK}


def test_a_worker_without_a_url_says_what_to_do(world: TemporalWorld, api: CallingApi) -> None:
    """Nothing is sent then."""
    world.callbacks = None
    run = world.run(flow("Export", {"Export": export(api)}))
    assert "start every worker with --callback-url" in (run.error or "")
    assert (run.status, api.came) == ("Failed", [])
