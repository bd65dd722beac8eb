"""`--callbacks` on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calling import CallingApi, call, calling_api, export
from command_line import Run
from worlds import workflow


@pytest.fixture(scope="module")
def api() -> Iterator[CallingApi]:
    with calling_api() as running:
        yield running


def flow(folder: Path, task: Any) -> str:
    (folder / "flow.json").write_text(json.dumps(workflow("Export", {"Export": task})), "utf-8")
    return "flow.json"


def test_a_test_request_waits_for_the_call(run: Run, tmp_path: Path, api: CallingApi) -> None:
    """It says where it waits, without the secret part, and shows the call; without a receiver
    nothing is sent.
    """
    name = flow(tmp_path, export(api))
    refused = run("test-request", name, "--allow-network", "127.0.0.1")
    assert (refused.status, api.came) == (2, [])
    assert "or with --callbacks HOST:PORT" in refused.err
    urls: list[str] = []
    api.before_answer = lambda url: urls.append(url) or call(url)  # type: ignore[func-returns-value]
    done = run("test-request", name, "--allow-network", "127.0.0.1", "--callbacks", "127.0.0.1:0")
    assert done.status == 0, done.err
    assert "Receiving  Export: calls of http://127.0.0.1:" in done.err
    assert "POST -> 202" in done.out
    assert '>   "rows": 5' in done.out
    assert "(ended by callback)" in done.out
    assert urls[0].rpartition("/")[2] not in done.out + done.err
