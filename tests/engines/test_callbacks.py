"""Tasks that wait until an API calls the URL which their request gave it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import servers
from calling import SECRET, CallingApi, call, calling_api, export, run_called, status_of
from httptask import HttpTask
from httptask._core.redaction import MASK
from httptask.engines import Journal, aresume_run, arun_workflow
from httptask.engines.callbacks import Secret, receiving
from httptask.errors import DefinitionError, PluginError, SettingsError
from httptask.model.for_each import ItemCounts
from httptask.model.workflow import Signal, WorkflowRun
from httptask.task import Runtime
from worlds import fork, workflow


@pytest.fixture
def api() -> Iterator[CallingApi]:
    with calling_api() as running:
        yield running


async def until_it_waits(journal: Journal) -> None:
    """Return when the journal has it that the task, or an item, waits: only its file tells."""
    while not any(  # noqa: ASYNC110 - another thread writes the file
        task.status == "Waiting" or (task.items is not None and task.items.waiting)
        for run in journal.runs()
        for task in journal.run(run.workflow_id).tasks
    ):
        await asyncio.sleep(0.01)


def one(task: Any) -> dict[str, Any]:
    return workflow("Export", {"Export": task})


def test_the_body_of_the_call_is_the_result(api: CallingApi) -> None:
    """The task waits after the 202; the result has the body and the headers of the call, and the
    job says how it ended, without the secret part of the URL. A second call is told that it was one.
    """
    seen: list[int] = []

    def calls() -> None:
        url = api.next_url()
        seen.extend([call(url)[0], call(url, '{"rows": 6}')[0]])

    task = export(api, task={"nextTask": "Pause"})
    pause = {"type": "Wait", "seconds": 1, "nextTask": "End"}
    end = {"type": "Terminate", "terminationStatus": "Completed"}
    end["workflowOutput"] = "${$.tasks['Export'].output}"
    run = run_called(workflow("Export", {"Export": task, "Pause": pause, "End": end}), calls)
    assert (run.status, run.output["body"], run.output["statusCode"]) == (
        "Completed",
        {"rows": 5},
        202,
    )
    assert run.output["headers"]["content-type"] == "application/json"
    assert run.output["job"]["stoppedBy"] == "callback"
    assert run.output["job"]["url"].endswith(f"/callbacks/{MASK}")
    assert [task.status for task in run.tasks][:2] == ["Waiting", "Completed"]
    assert seen == [202, 200]


def test_a_call_before_the_answer_is_not_lost(api: CallingApi) -> None:
    """An API may call before it answers the request: that call counts."""
    api.before_answer = lambda url: status.append(call(url)[0])
    status: list[int] = []
    run = run_called(one(export(api)))
    assert (run.status, run.output["body"], status) == ("Completed", {"rows": 5}, [202])


def test_the_url_is_of_the_visit(api: CallingApi) -> None:
    """Two visits, and two tasks, have URLs of their own; an attempt that is repeated has the same
    one; the token alone is there too.
    """
    request = {
        "url": f"{api.url}/exports?at=${{swf:callbackUrl}}",
        "method": "POST",
        "headers": {"X-Token": "${swf:callbackToken}"},
        "body": {"callback": "${$.at}"},
    }
    task = {
        **export(api, task={"nextTask": "Other"}),
        "inputParameters": {"at": "${swf:callbackUrl}"},
        "httpRequest": request,
    }
    other = export(api)
    urls: list[str] = []

    def calls() -> None:
        for _ in range(2):
            urls.append(api.next_url())
            call(urls[-1])

    run = run_called(workflow("Export", {"Export": task, "Other": other}), calls)
    assert run.status == "Completed"
    assert urls[0] != urls[1]
    asked = api.came[0]
    assert asked.query == {"at": urls[0]}
    assert urls[0].endswith(f"/callbacks/{asked.headers['x-token']}")


def test_a_parallel_waits_for_two_calls(api: CallingApi) -> None:
    """Each branch has a URL of its own, and they may be called in any order."""
    both = fork(A=export(api), B=export(api))["tasks"]["Fork"]
    end = {"type": "Terminate", "terminationStatus": "Completed"}
    tasks = {"Both": both, "End": end}

    def calls() -> None:
        urls = [api.next_url(), api.next_url()]
        for url in reversed(urls):
            assert call(url, f'"{url[-4:]}"')[0] == 202

    run = run_called(workflow("Both", tasks), calls)
    assert run.status == "Completed"
    bodies = {task.output["body"] for task in run.tasks if task.type == "Http" and task.output}
    assert len(bodies) == 2


@pytest.mark.parametrize(
    ("words", "body", "read"),
    [
        (("-H", "Content-Type: application/x-www-form-urlencoded"), "a=1&b=2&a=3",
         {"a": ["1", "3"], "b": "2"}),
        (("-H", "Content-Type: text/plain; charset=iso-8859-1"), "done", "done"),
        (("-H", "Content-Type:"), '{"a": 1}', {"a": 1}),
        (("-X", "PUT"), "[1]", [1]),
        (("-H", "Content-Type: application/json", "-H", "Transfer-Encoding: chunked"), "7", 7),
    ],
)  # fmt: skip
def test_a_body_is_read_by_its_type(
    api: CallingApi, words: tuple[str, ...], body: str, read: Any
) -> None:
    """JSON, forms and text, as the body of a response is; without a type by what it is."""
    run = run_called(one(export(api)), lambda: call(api.next_url(), body, *words))
    assert run.output["body"] == read


def test_what_cannot_be_taken_is_refused(api: CallingApi) -> None:
    """A wrong token, method, type, syntax or size is refused, each with its status, and the task
    waits on.
    """
    seen: list[int] = []

    def calls() -> None:
        url = api.next_url()
        large = "x" * (1024 * 1024 + 1)
        guessed = url[:-1] + ("A" if url[-1] != "A" else "B")
        seen.extend(call(wrong)[0] for wrong in (guessed, url + "x", url[:-30], url + "/"))
        seen.append(status_of(servers.curl(url).stdout))
        seen.append(call(url, "{", "-H", "Content-Type: application/json")[0])
        seen.append(call(url, "x", "-H", "Content-Type: image/png")[0])
        seen.append(status_of(servers.curl("--data-binary", "@-", url, stdin=large).stdout))
        chunked = ("--data-binary", "@-", "-H", "Transfer-Encoding: chunked")
        seen.append(status_of(servers.curl(*chunked, url, stdin=large).stdout))
        assert call(url)[0] == 202

    run = run_called(one(export(api)), calls)
    assert (run.status, run.output["body"]) == ("Completed", {"rows": 5})
    assert seen == [404, 404, 404, 404, 405, 400, 415, 413, 413]


def test_what_is_no_call_is_refused(api: CallingApi) -> None:
    """Whatever a stranger sends is answered and closed, and the task waits on."""
    heads = {
        b"\0" * 64: 400,
        b"GET\r\n\r\n": 400,
        b"POST / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40_000: 431,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc": 400,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n": 413,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n": 404,
        b"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n": 405,
    }

    def calls() -> None:
        url = api.next_url()
        parts = urlsplit(url)
        for head, status in heads.items():
            with socket.create_connection((parts.hostname, parts.port)) as connection:
                connection.sendall(head)
                connection.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
            assert answer.startswith(f"HTTP/1.1 {status} ".encode()), (head[:80], answer)
        assert call(url)[0] == 202

    assert run_called(one(export(api)), calls).status == "Completed"


def test_states_decide(api: CallingApi) -> None:
    """With `done` and `failed` a call with another state does not end the wait; one that failed
    fails the task, in the class completion, with the call as the result.
    """
    task = export(api, status="$.state", done=["Ready"], failed=["Broken"])

    def calls(last: str) -> None:
        url = api.next_url()
        assert call(url, '{"state": "Half"}')[0] == 202
        assert call(url, f'{{"state": "{last}", "error": "no paper"}}')[0] == 202

    done = run_called(one(task), lambda: calls("ready"))
    assert (done.output["body"]["state"], done.output["job"]["status"]) == ("ready", "ready")
    assert "a callback with the state 'Half' did not end the wait" in done.tasks[-1].notes
    failed = run_called(one(task), lambda: calls("Broken"))
    error = failed.tasks[-1].error
    assert error is not None
    assert (failed.status, error["kind"], error["maybeDelivered"]) == ("Failed", "completion", True)
    assert "the job ended in the state 'Broken': no paper" in error["message"]
    assert (error["result"]["body"]["state"], error["job"]["stoppedBy"]) == ("Broken", "failed")


def test_expressions_decide(api: CallingApi) -> None:
    """`until` says which call is the end, and `result` what the body is."""
    task = export(api, until="${jsonata: body.left = 0}", result="${$.body.file}")

    def calls() -> None:
        url = api.next_url()
        for body in ('{"left": 2}', "{}", '{"left": 0, "file": "a.csv"}'):
            assert call(url, body)[0] == 202

    assert run_called(one(task), calls).output["body"] == "a.csv"
    original = one(export(api, result="original"))
    assert run_called(original, lambda: call(api.next_url())).output["body"] == {"id": 7}


def test_when_says_whether_there_is_a_job(api: CallingApi) -> None:
    """Where `when` does not hold of the first answer, that is the result."""
    task = export(api)
    task["completion"]["when"] = "${jsonata: statusCode = 201}"
    run = run_called(one(task))
    assert (run.output["body"], "job" in run.output) == ({"id": 7}, False)


def test_a_signature_is_verified(api: CallingApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call whose signature is absent or wrong is answered 401 and noted, and completes nothing;
    one that is signed as GitHub signs is taken.
    """
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_HOOK", "the key of the hook")
    verify = {"header": "X-Hub-Signature-256", "credential": "hook", "prefix": "sha256="}
    body = '{"zen": "Design for failure."}'
    signature = hmac.new(b"the key of the hook", body.encode(), hashlib.sha256).hexdigest()
    seen: list[int] = []

    def calls() -> None:
        url = api.next_url()
        json_type = ("-H", "Content-Type: application/json")
        for given in ("sha256=" + "0" * 64, signature, f"sha256={signature}"):
            header = ("-H", f"X-Hub-Signature-256: {given}")
            seen.append(call(url, body, *json_type, *header)[0])

    def unsigned() -> None:
        url = api.next_url()
        seen.append(call(url, body)[0])
        api.urls.put(url)
        calls()

    run = run_called(one(export(api, verify=verify)), unsigned)
    assert (seen, run.output["body"]) == ([401, 401, 401, 202], {"zen": "Design for failure."})
    assert any("there is no header X-Hub-Signature-256" in note for note in run.tasks[-1].notes)


def test_a_missing_key_is_told_before_anything_is_sent(api: CallingApi) -> None:
    """Without the credential nobody could be verified: the request is not sent."""
    verify = {"header": "X-Signature", "credential": "nobody"}
    run = run_called(one(export(api, verify=verify)))
    error = run.tasks[-1].error
    assert error is not None
    assert (error["kind"], api.came) == ("credential", [])


def test_the_deadline_ends_the_wait(api: CallingApi) -> None:
    """Its error says where the call was waited for, without the secret part, and that the server
    may have got the request. A later call is answered 410.
    """
    task = export(api, timeoutSeconds=0.2)
    task["onError"] = [{"errors": ["completion"], "nextTask": "Late"}]
    late = export(api)
    seen: list[int] = []

    def calls() -> None:
        first, second = api.next_url(), api.next_url()
        seen.extend([call(first)[0], call(second)[0]])

    run = run_called(workflow("Export", {"Export": task, "Late": late}), calls)
    error = next(task.error for task in run.tasks if task.status == "Failed")
    assert error is not None
    assert seen == [410, 202]
    assert (error["kind"], error["maybeDelivered"], error["job"]["stoppedBy"]) == (
        "completion",
        True,
        "deadline",
    )
    assert "within 0.2 s (callback.timeoutSeconds)" in error["message"]
    assert f"/callbacks/{MASK}" in error["message"]


def test_a_run_that_is_stopped_says_what_it_waited_for(api: CallingApi, tmp_path: Path) -> None:
    """The server may have got the request, and the job is named."""
    ends: list[WorkflowRun] = []

    async def main(journal: Journal) -> None:
        runtime = Runtime(allow_networks=["127.0.0.1"], catalogue=":memory:")
        async with runtime, receiving("127.0.0.1", 0, SECRET) as callbacks:
            run = asyncio.create_task(
                arun_workflow(
                    one(export(api)),
                    runtime=runtime,
                    callbacks=callbacks,
                    journal=journal,
                    workflow_id="r",
                    cancelled=ends.append,
                )
            )
            await until_it_waits(journal)
            run.cancel()
            await asyncio.wait([run])

    with Journal(tmp_path / "runs.sqlite3") as journal:
        asyncio.run(main(journal))
    error = ends[0].tasks[-1].error
    assert error is not None
    assert (ends[0].status, error["maybeDelivered"]) == ("Interrupted", True)
    assert error["job"]["url"].endswith(f"/callbacks/{MASK}")


def test_nobody_receives(api: CallingApi) -> None:
    """Without a receiver a definition is refused before anything is run, and a call in code, too."""
    with pytest.raises(DefinitionError, match="in the designer, or with --callbacks HOST:PORT"):
        asyncio.run(arun_workflow(one(export(api)), runtime=Runtime(catalogue=":memory:")))
    with pytest.raises(SettingsError, match="nothing listens for the callback"):
        HttpTask(export(api)).call()
    assert api.came == []


def test_other_engines_receive_none(api: CallingApi) -> None:
    """A receiver that an engine would not use is refused, and so is a task that waits for one:
    before a server is asked for anything.
    """
    with pytest.raises(PluginError, match="the engine temporal receives no callbacks"):
        run_called(one(export(api)), engine="temporal")
    assert api.came == []


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"completion": {"mode": "callback", "poll": {}}}, "completion-mode", "/completion/poll"),
        ({"completion": {"mode": "callback", "attach": "x"}}, "completion-mode",
         "/completion/attach"),
        ({"completion": {"mode": "poll", "callback": {}}}, "completion-mode",
         "/completion/callback"),
        ({"httpRequest": {"url": "http://a.test/"}}, "completion-unnamed", "/completion"),
        ({"completion": {"mode": "callback", "callback": {"result": "location"}}},
         "completion-value", "/completion/callback/result"),
        ({"completion": {"mode": "callback", "callback": {"until": "body"}}}, "condition",
         "/completion/callback/until"),
        ({"completion": {"mode": "callback", "callback": {"result": "${$.statusCode}"}}},
         "expression-no-name", "/completion/callback/result"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_before(
    api: CallingApi, change: dict[str, Any], code: str, pointer: str
) -> None:
    """Settings of the other mode, a request that names no URL."""
    runtime = Runtime(catalogue=":memory:")
    problems = HttpTask({**export(api), **change}, runtime=runtime).problems()
    assert (code, pointer) in [(problem.code, problem.pointer) for problem in problems], problems


def each(api: CallingApi, count: int, **callback: Any) -> dict[str, Any]:
    """A task that asks for each of *count* items, all at once, and says which."""
    task = export(api, **callback)
    task["forEach"] = {"items": list(range(count)), "concurrency": count, "onError": "collect"}
    task["httpRequest"]["body"]["of"] = "${$.item}"
    return task


def test_each_item_has_a_url_of_its_own(api: CallingApi) -> None:
    """Calls come in any order, before the answer, too, and twice: each completes the item that
    asked for it. A job that failed fails its item alone.
    """
    early: list[int] = []
    seen: list[int] = []

    def body(index: int) -> str:
        return json.dumps({"state": "Broken" if index == 3 else "Ready", "of": index})

    def before_answer(url: str) -> None:
        if api.came[-1].json["of"] == 0:
            early.append(call(url, body(0))[0])

    def calls() -> None:
        waiting = [api.next_url() for _ in range(4)]
        urls = {asked.json["of"]: asked.json["callback"] for asked in api.came}
        assert set(urls.values()) == set(waiting)
        seen.extend(call(urls[index], body(index))[0] for index in (3, 2, 1, 2, 0))

    api.before_answer = before_answer
    states = {"status": "$.state", "done": ["Ready"], "failed": ["Broken"]}
    run = run_called(one(each(api, 4, **states)), calls)
    assert run.status == "Completed"
    assert [item["body"]["of"] for item in run.output[:3]] == [0, 1, 2]
    assert run.output[3]["error"]["kind"] == "completion"
    assert (early, seen) == ([202], [202, 202, 202, 200, 200])


def test_a_killed_run_goes_on_waiting_for_its_items(api: CallingApi, tmp_path: Path) -> None:
    """Neither the item that had ended nor the one that waited is asked for again; what was taken
    for an item stays taken.
    """

    async def life(journal: Journal, *, is_first: bool) -> WorkflowRun | None:
        runtime = Runtime(allow_networks=["127.0.0.1"], catalogue=":memory:")
        counted, opened = asyncio.Event(), asyncio.Event()

        def advanced(name: str, counts: ItemCounts) -> None:
            if counts.ended:
                counted.set()

        options: dict[str, Any] = {"runtime": runtime, "advanced": advanced}
        receiver = receiving("127.0.0.1", 0, SECRET, opened=lambda *_: opened.set())
        async with runtime, receiver as callbacks:
            options["callbacks"] = callbacks
            if is_first:
                definition = one(each(api, 2))
                run = asyncio.create_task(
                    arun_workflow(definition, journal=journal, workflow_id="r", **options)
                )
                for _ in range(2):
                    url = await asyncio.to_thread(api.next_url)
                    urls.append(url)
                assert (await asyncio.to_thread(call, urls[0], '"first"'))[0] == 202
                await counted.wait()
                run.cancel()
                await asyncio.wait([run])
                return None
            run = asyncio.create_task(aresume_run(journal, "r", **options))
            here = callbacks.address + "/callbacks/" + urls[1].rpartition("/")[2]
            await opened.wait()
            assert (await asyncio.to_thread(call, here, '"second"'))[0] == 202
            return await run

    urls: list[str] = []
    with Journal(tmp_path / "runs.sqlite3") as journal:
        asyncio.run(life(journal, is_first=True))
        run = asyncio.run(life(journal, is_first=False))
    assert run is not None
    assert (run.status, len(api.came)) == ("Completed", 2)
    assert sorted(item["body"] for item in run.output) == ["first", "second"]


@pytest.mark.parametrize("is_for_each", [False, True])
def test_a_call_that_was_taken_stays_taken(
    api: CallingApi, tmp_path: Path, is_for_each: bool
) -> None:
    """A run that was stopped before the answer asks again, for that can be repeated; the call that
    came before counts.
    """
    came, is_over = threading.Event(), threading.Event()

    def before_answer(url: str) -> None:
        if not came.is_set():
            assert call(url, '"early"')[0] == 202
            came.set()
            is_over.wait(60)

    api.before_answer = before_answer
    task = {**(each(api, 1) if is_for_each else export(api)), "idempotencyKey": True}

    async def life(journal: Journal, *, is_first: bool) -> WorkflowRun | None:
        runtime = Runtime(allow_networks=["127.0.0.1"], catalogue=":memory:")
        async with runtime, receiving("127.0.0.1", 0, SECRET) as callbacks:
            options: dict[str, Any] = {"runtime": runtime, "callbacks": callbacks}
            if not is_first:
                return await aresume_run(journal, "r", **options)
            run = asyncio.create_task(
                arun_workflow(one(task), journal=journal, workflow_id="r", **options)
            )
            await asyncio.to_thread(came.wait)
            run.cancel()
            await asyncio.wait([run])
            is_over.set()
            return None

    with Journal(tmp_path / "runs.sqlite3") as journal:
        asyncio.run(life(journal, is_first=True))
        run = asyncio.run(life(journal, is_first=False))
    assert run is not None
    assert (run.status, len(api.came)) == ("Completed", 2)
    output = run.output[0] if is_for_each else run.output
    assert output["body"] == "early"


@pytest.mark.parametrize(
    "later", [SECRET, (b"a secret that came after it, of tests", SECRET)], ids=["same", "changed"]
)
def test_a_killed_run_goes_on_waiting(api: CallingApi, tmp_path: Path, later: Secret) -> None:
    """A run that was stopped while it waited has the same URL when it is resumed, and takes the
    call that comes then, which may repeat the URL; the request is not sent again. While the secret
    of before is known beside a new one, its URLs are taken, too.
    """

    async def life(
        journal: Journal, workflow_id: str | None, url: str | None
    ) -> tuple[str, WorkflowRun | None]:
        runtime = Runtime(allow_networks=["127.0.0.1"], catalogue=":memory:")
        opened = asyncio.Event()
        secret = SECRET if workflow_id is None else later
        receiver = receiving("127.0.0.1", 0, secret, opened=lambda task, url: opened.set())
        async with runtime, receiver as callbacks:
            options: dict[str, Any] = {"runtime": runtime, "callbacks": callbacks}
            if workflow_id is not None:
                run = asyncio.create_task(aresume_run(journal, workflow_id, **options))
                token = str(url).rpartition("/")[2]
                known = f"{callbacks.address}/callbacks/{token}"
                await opened.wait()
                body = json.dumps({"rows": 5, "calls": known})
                assert (await asyncio.to_thread(call, known, body))[0] == 202
                ended = await run
                assert (await asyncio.to_thread(call, known, body))[0] == 200
                return known, ended
            run = asyncio.create_task(
                arun_workflow(one(export(api)), journal=journal, workflow_id="r", **options)
            )
            url = await asyncio.to_thread(api.next_url)
            await until_it_waits(journal)
            run.cancel()
            await asyncio.wait([run])
            return url, None

    with Journal(tmp_path / "runs.sqlite3") as journal:
        url, _ = asyncio.run(life(journal, None, None))
        token = url.rpartition("/")[2]
        _, run = asyncio.run(life(journal, "r", url))
        # What a later row took the place of stands in the log beside the file, too.
        for name in ("runs.sqlite3", "runs.sqlite3-wal"):
            assert token.encode() not in (tmp_path / name).read_bytes()
    assert run is not None
    assert (run.status, run.output["body"]["rows"], len(api.came)) == ("Completed", 5, 1)
    assert run.output["body"]["calls"].endswith(f"/callbacks/{MASK}")


@pytest.mark.parametrize("is_for_each", [False, True])
def test_a_token_is_forgotten_with_its_visit(api: CallingApi, is_for_each: bool) -> None:
    """A process that runs for months has one for each visit. Where a call repeats it, the result
    has it masked all the same, for the tasks that follow, too.
    """

    async def main() -> tuple[WorkflowRun, list[str]]:
        runtime = Runtime(allow_networks=["127.0.0.1"], catalogue=":memory:")
        task = each(api, 2) if is_for_each else export(api)
        tokens: list[str] = []
        async with runtime, receiving("127.0.0.1", 0, SECRET) as callbacks:
            run = asyncio.create_task(
                arun_workflow(one(task), runtime=runtime, callbacks=callbacks)
            )
            for _ in range(2 if is_for_each else 1):
                url = await asyncio.to_thread(api.next_url)
                tokens.append(url.rpartition("/")[2])
                assert runtime.redactor.text(tokens[-1]) == MASK
                body = json.dumps({"rows": 5, "calls": url})
                assert (await asyncio.to_thread(call, url, body))[0] == 202
            ended = await run
            return ended, [token for token in tokens if runtime.redactor.text(token) == token]

    ended, forgotten = asyncio.run(main())
    text = json.dumps(ended.to_json(), ensure_ascii=False)
    assert ended.status == "Completed"
    assert len(forgotten) == (2 if is_for_each else 1)
    assert MASK in text
    assert not any(token in text for token in forgotten)


@pytest.mark.parametrize("item", [None, 0])
def test_somebody_completes_it_by_hand(api: CallingApi, tmp_path: Path, item: int | None) -> None:
    """What is given to the task, or to an item of it, through the journal is taken as the body of
    the call.
    """
    task = export(api, done=["x"]) if item is None else each(api, 1, done=["x"])

    async def main(journal: Journal) -> WorkflowRun:
        runtime = Runtime(allow_networks=["127.0.0.1"], catalogue=":memory:")
        async with runtime, receiving("127.0.0.1", 0, SECRET) as callbacks:
            run = asyncio.create_task(
                arun_workflow(
                    one(task),
                    journal=journal,
                    workflow_id="r",
                    runtime=runtime,
                    callbacks=callbacks,
                )
            )
            await asyncio.to_thread(api.next_url)
            await until_it_waits(journal)
            (gate,) = journal.run("r").under_way
            # A deadline ends its wait, too.
            assert gate.items is None or gate.items.waiting[0].until is not None
            journal.complete("r", "Export", Signal({"by": "hand"}), item)
            return await run

    with Journal(tmp_path / "runs.sqlite3") as journal:
        run = asyncio.run(main(journal))
    output = run.output if item is None else run.output[item]
    assert (output["body"], output["job"]["stoppedBy"]) == ({"by": "hand"}, "signal")
