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


def test_a_run_says_why_items_failed(run: Run, tmp_path: Path) -> None:
    """Each reason once, with an item that it befell; a list of many reasons is cut."""

    def failing(asked: Asked) -> bytes:
        return page({}, status=f"40{asked.path[1]} No")

    words = ("--allow-network", "127.0.0.1", "--journal", "runs.sqlite3")
    with list_server(failing) as server:
        items = [4, 3, 4, 1, 4, 0, 6]
        name = flow(tmp_path, server.url, onError="collect", items=items)
        told = run("run", name, *words).err
        once = run("run", flow(tmp_path, server.url, onError="collect", items=[4])).err
    lines = told.partition("7 of 7 items, 7 failed\n")[2].splitlines()
    assert [line.split(":")[0].strip() for line in lines] == [
        *("item 0 and 2 others failed", "item 1 failed", "item 3 failed", "and 2 other reasons"),
    ]
    assert "404" in lines[0]
    assert "item 0 failed" in once
    shown = run("status", told.split()[1].strip(","), "--journal", "runs.sqlite3")
    assert "item 0 and 2 others failed" in shown.out


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
