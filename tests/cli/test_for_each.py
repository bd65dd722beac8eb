"""Tasks with `forEach` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from command_line import Run
from httptask.cli._items import ItemsProgress
from httptask.model.for_each import ItemCounts
from lists import Asked, list_server, page
from tasks import http


def flow(folder: Path, url: str, **setting: Any) -> str:
    setting = {"items": ["a", "b", "c"], **setting}
    task = http(url + "/${$.item}", forEach=setting)
    document = {"name": "Things", "startTask": "Get", "tasks": {"Get": task}}
    (folder / "flow.json").write_text(json.dumps(document, indent=1), "utf-8")
    return "flow.json"


def not_b(asked: Asked) -> bytes:
    return page({}, status="404 Not Found" if asked.path == "/b" else "200 OK")


def test_a_run_says_how_many_items_ended(run: Run, tmp_path: Path) -> None:
    """With the task, and in the run's JSON."""
    with list_server(not_b) as server:
        name = flow(tmp_path, server.url, onError="collect")
        done = run("run", name, "--allow-network", "127.0.0.1", "--json")
        assert done.status == 0, done.err
        assert done.json["tasks"][0]["items"] == {"count": 3, "completed": 2, "failed": 1}
        assert "3 of 3 items, 1 failed" in done.err
        done = run("run", flow(tmp_path, server.url), "--allow-network", "127.0.0.1")
    assert done.status == 1
    assert "the item with index 1 failed" in done.err
    assert "2 of 3 items, 1 failed" in done.err


def test_a_test_request_says_which_item_it_took(run: Run, tmp_path: Path) -> None:
    with list_server(not_b) as server:
        name = flow(tmp_path, server.url)
        done = run("test-request", name, "--allow-network", "127.0.0.1")
    assert done.status == 0, done.err
    assert "> GET /a HTTP/1.1" in done.out
    assert "item: the first of 3" in done.out


def test_validate_names_the_line_of_a_wrong_field(run: Run, tmp_path: Path) -> None:
    name = flow(tmp_path, "http://127.0.0.1:9", concurrency=0)
    done = run("validate", name)
    assert done.status == 1
    assert "/tasks/Get/forEach/concurrency" in done.out


def test_progress_is_printed_once_a_second_at_most(capsys: pytest.CaptureFixture[str]) -> None:
    """A line while items are done, and none for the last one, which the task's line tells of."""
    now = [0.0]
    progress = ItemsProgress(lambda: now[0])
    for ended in range(1, 101):
        now[0] += 0.125
        progress("Get", ItemCounts(100, ended - 1, 1))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "InProgress Get: 9 of 100 items, 1 failed"
    assert len(lines) == 12
