"""What a call of a task leaves behind, and what it looks at again."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest
from pytest_httpx import HTTPXMock

import servers
from httptask.catalogue import Catalogue
from httptask.model.api import Endpoint
from httptask.task import HttpTask, _endpoints
from tasks import http, runtime


@pytest.mark.parametrize("credentials", [None, "crm"])
def test_a_request_that_is_over_leaves_no_circle_of_references(
    monkeypatch: pytest.MonkeyPatch, credentials: str | None
) -> None:
    """Its body is freed at once, and not when garbage is collected: there may be many of them."""
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_CRM", "a-token-of-ours")

    def is_ours(thing: Any) -> bool:
        return type(thing).__module__.startswith(("httptask.sending", "httptask.model"))

    async def main(url: str) -> list[Any]:
        request = {"method": "POST", "body": {"a": 1}}
        async with runtime() as shared:
            task = HttpTask(http(url, request=request, credentials=credentials), runtime=shared)
            await task.acall()
            gc.collect()
            gc.disable()
            gc.set_debug(gc.DEBUG_SAVEALL)
            try:
                await task.acall()
                gc.collect()
                return [thing for thing in gc.garbage if is_ours(thing)]
            finally:
                gc.set_debug(0)
                gc.garbage.clear()
                gc.enable()

    with servers.raw_server(servers.respond(servers.OK)) as server:
        assert asyncio.run(main(server.url)) == []


def test_a_task_that_knows_its_endpoint_does_not_look_at_the_catalogue_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, httpx_mock: HTTPXMock
) -> None:
    """Its file is looked at for the first of its calls only."""
    httpx_mock.add_response(json={}, is_reusable=True)
    path = tmp_path / "catalogue.sqlite3"
    with Catalogue.open(path) as catalogue:
        catalogue.put([Endpoint("things", "GET", "/things", "v")], source="s")
        named = next(one.id for one in catalogue.endpoints() if one.path == "/things")
    looked_at: list[str] = []
    really = _endpoints._stamp

    def noted(name: str) -> Any:
        looked_at.append(name)
        return really(name)

    monkeypatch.setattr(_endpoints, "_stamp", noted)

    async def main() -> None:
        async with runtime(catalogue=path) as shared:
            task = HttpTask(http("https://a.example/things", endpoint=named), runtime=shared)
            await task.acall()
            assert looked_at
            looked_at.clear()
            await task.acall()
            assert looked_at == []

    asyncio.run(main())
