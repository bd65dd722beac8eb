"""An API that answers 202, and its callbacks, which curl sends."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import servers
from httptask.engines import arun_workflow
from httptask.engines.callbacks import receiving
from httptask.model.workflow import WorkflowRun
from httptask.task import Runtime
from lists import Asked, list_server, page

SECRET = b"a secret of the server, as long as any"


class CallingApi:
    """An API; `urls` gets the callback URL of each request when the request arrives."""

    def __init__(self) -> None:
        self.url = ""
        self.urls: queue.Queue[str] = queue.Queue()
        self.before_answer: Callable[[str], None] = lambda url: None
        self.came: list[Asked] = []

    def answer(self, request: Asked) -> bytes:
        self.came.append(request)
        callback = request.json["callback"]
        self.before_answer(callback)
        self.urls.put(callback)
        return page({"id": 7}, status="202 Accepted")

    def next_url(self) -> str:
        return self.urls.get(timeout=60)


@contextmanager
def calling_api() -> Iterator[CallingApi]:
    api = CallingApi()
    with list_server(api.answer) as server:
        api.url = server.url
        yield api


def export(api: CallingApi, *, task: Any = None, **callback: Any) -> dict[str, Any]:
    """Return a task that waits for a callback.

    *callback* are fields of its setting `callback`, *task* are further fields of the task.
    """
    setting: dict[str, Any] = {"mode": "callback"}
    if callback:
        setting["callback"] = callback
    request = {
        "url": f"{api.url}/exports",
        "method": "POST",
        "body": {"callback": "${swf:callbackUrl}"},
    }
    return {
        "type": "Http",
        "httpRequest": request,
        "completion": setting,
        **(task or {"end": True}),
    }


def run_called(
    definition: Any,
    calls: Callable[[], Any] | None = None,
    input_: Any = None,
    **options: Any,
) -> WorkflowRun:
    """Run *definition* with a receiver of callbacks, and *calls* in a thread; return the run."""

    async def main() -> WorkflowRun:
        runtime = Runtime(allow_networks=["127.0.0.1"], catalogue=":memory:")
        async with runtime, receiving("127.0.0.1", 0, SECRET) as callbacks:
            run = asyncio.create_task(
                arun_workflow(definition, input_, runtime=runtime, callbacks=callbacks, **options)
            )
            if calls is not None:
                try:
                    await asyncio.to_thread(calls)
                except BaseException:
                    run.cancel()
                    raise
            return await run

    return asyncio.run(main())


def call(url: str, body: str = '{"rows": 5}', *words: str) -> tuple[int, str]:
    """Send *body* to *url* with curl, and return the status and the whole response."""
    json_type = ("-H", "Content-Type: application/json") if "-H" not in words else ()
    done = servers.curl("-X", "POST", "--data-binary", body, *json_type, *words, url)
    assert done.returncode == 0, done.stderr
    return status_of(done.stdout), done.stdout


def status_of(answer: str) -> int:
    """Return the last status in *answer*, after a `100 Continue`."""
    lines = [line for line in answer.splitlines() if line.startswith("HTTP/1.1 ")]
    return int(lines[-1].split()[1])
