"""Journalled runs whose process is killed (`kill -9`) again and again: nothing that ended is repeated."""

from __future__ import annotations

import json
import random
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crashes import ENDED, SELF_KILLED, Life, nursery
from httptask.engines.journal import Journal
from lists import Asked, cut, items, list_server, page

KILLS = 1_000
"""In all; `kill -9` each."""
SHARES = 4
"""Tests that they are divided between, so that every core has some."""
RUNS = 4
"""Runs side by side in one process."""
LONGEST = 0.06
"""Seconds until a life is ended from outside, at most."""


def http(name: str, method: str = "GET", **fields: Any) -> dict[str, Any]:
    """A task that tells the server who it is: run, task, visit's own values, and item."""
    marks = "uuid=${swf:uuid}&n=${swf:sequenceNumber}&now=${swf:now}"
    url = f"{{url}}/${{swf:workflowId}}/{name}?{marks}"
    request = {"url": url, "method": method, **({"body": {}} if method == "POST" else {})}
    return {"type": "Http", "httpRequest": request, **fields}


def each(count: int, task: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """*task*, done for each of some items, which it names to the server."""
    if task["type"] == "Http":
        task["httpRequest"]["url"] += "&item=${$.index}"
    return {**task, "forEach": {"items": list(range(count)), **fields}}


def to(name: str) -> list[dict[str, Any]]:
    return [{"errors": ["connection"], "nextTask": name}]


def definitions(url: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a definition with everything that a journal has to do with, and the one that it runs
    inside it. Methods and keys say what may be sent twice: what ends in `Once` may not.
    """
    key = {"idempotencyKey": True}
    parallel = {
        "type": "Parallel",
        "nextTask": "Items",
        "branches": [
            {"startTask": "Left", "tasks": {"Left": http("Left", end=True)}},
            {
                "startTask": "RightOnce",
                "tasks": {
                    "RightOnce": http("RightOnce", "POST", nextTask="Right", onError=to("Right")),
                    "Right": http("Right", "PUT", end=True),
                },
            },
        ],
    }
    pages = {
        "mode": "page",
        "parameter": {"in": "query", "name": "page"},
        "items": "$.data",
        "total": "$.total",
    }
    completion = {"mode": "poll", "poll": {"intervalSeconds": 0.001}}
    inner = {"type": "Workflow", "definition": "inner"}
    tasks = {
        "Keyed": http("Keyed", "POST", **key, nextTask="Once"),
        "Once": http("Once", "POST", nextTask="Fork", onError=to("Fork")),
        "Fork": parallel,
        "Items": each(4, http("Items", "PUT", nextTask="ItemsOnce"), concurrency=2),
        "ItemsOnce": each(3, http("ItemsOnce", "POST", nextTask="Inner"), onError="collect"),
        "Inner": {**inner, "nextTask": "Inners"},
        "Inners": each(2, {**inner, "nextTask": "Pause"}),
        "Pause": {"type": "Wait", "seconds": 0.005, "nextTask": "Pages"},
        "Pages": http("Pages", pagination=pages, nextTask="Job"),
        "Job": http("Job", "POST", **key, completion=completion, nextTask="End"),
        "End": {
            "type": "Terminate",
            "terminationStatus": "Completed",
            "workflowOutput": "${$.tasks['Pages'].output.body}",
        },
    }
    inside = {
        "First": http("First", "POST", **key, nextTask="SecondOnce"),
        "SecondOnce": http("SecondOnce", "POST", nextTask="Third", onError=to("Third")),
        "Third": http("Third", end=True),
    }
    outer = {"name": "Everything", "startTask": "Keyed", "tasks": tasks}
    nested = {"name": "Inner", "startTask": "First", "tasks": inside}
    whole: tuple[dict[str, Any], dict[str, Any]] = tuple(
        json.loads(json.dumps(one).replace("{url}", url)) for one in (outer, nested)
    )
    return whole


CHAINS = (
    ("Keyed", "Once", "Left", "Items", "ItemsOnce", "Pages", "Job"),
    ("Once", "RightOnce", "Right", "Items"),
    ("First", "SecondOnce", "Third"),
)
"""Tasks of one run, each of which begins when the ones before it have ended."""


class Witness:
    """The server's side: what came, and what of it should not have come."""

    def __init__(self) -> None:
        self.journal = ""
        self.came: Counter[tuple[str, ...]] = Counter()
        self.furthest: dict[tuple[str, str], int] = {}
        """The last page of each task that has begun, by run and task."""
        self.marks: dict[tuple[str, ...], set[tuple[str | None, ...]]] = defaultdict(set)
        self.wrong: list[str] = []

    def answer(self, asked: Asked) -> bytes:
        _, run, task, *job = asked.path.split("/")
        query = asked.query
        number = int(query.get("page", 1))
        if job:
            step = int(job[0])
            if step > 2:
                return page({"status": "Succeeded", "rows": 5})
            return page({"status": "Running"}, ("Operation-Location", f"/{run}/Job/{step + 1}"))
        who = (run, task, query.get("item", ""), str(number))
        self.came[who] += 1
        key = asked.headers.get("idempotency-key")
        self.marks[who].add((key, query["uuid"], query["n"], query["now"]))
        overtaken = self._overtaken(run, task, number)
        if problem := overtaken or self._finished(run, task, query.get("item"), number):
            self.wrong.append(f"{who}: {problem}")
        if task == "Job":
            location = ("Operation-Location", f"/{run}/Job/1")
            return page(None, location, status="202 Accepted")
        return page({"data": cut(items(6), 2, number), "total": 6})

    def _overtaken(self, run: str, task: str, number: int) -> str | None:
        """Return what had begun after the request, when it came: an end is on the disk before that,
        whatever the journal says now.
        """
        for chain in CHAINS:
            later = chain[chain.index(task) + 1 :] if task in chain else ()
            if begun := [name for name in later if (run, name) in self.furthest]:
                return f"{begun} had begun"
        before = self.furthest.get((run, task), number)
        self.furthest[run, task] = max(before, number)
        return "its next page had begun" if number < before else None

    def missing(self, runs: list[str]) -> set[tuple[str, ...]]:
        """Return the requests of *runs* that never came, of what is done at least once."""
        wanted = [("Keyed", "", 1), ("Left", "", 1), ("Right", "", 1), ("Job", "", 1)]
        wanted += [("Items", str(item), 1) for item in range(4)]
        wanted += [("Pages", "", number) for number in (1, 2, 3)]
        every = {(run, task, item, str(number)) for run in runs for task, item, number in wanted}
        return every - self.came.keys()

    def _finished(self, run: str, task: str, item: str | None, number: int) -> str | None:
        """Return what of the request had ended, by the journal, when it came."""
        with (
            closing(sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True, timeout=60)) as file,
            file,
        ):
            row = file.execute("SELECT number FROM run WHERE id = ?", (run,)).fetchone()
            if row is None:
                return "its run had ended"
            where = (row[0], task)
            ends = "json_extract(value, '$.status') <> 'InProgress'"
            sql = f"SELECT 1 FROM entry WHERE run = ? AND json_extract(value, '$.name') = ? AND {ends}"
            if file.execute(sql, where).fetchone():
                return "its task had ended"
            sql = "SELECT 1 FROM item WHERE run = ? AND task = ? AND item = ?"
            if item and file.execute(sql, (*where, int(item))).fetchone():
                return "its item had ended"
            sql = "SELECT state FROM call WHERE run = ? AND task = ?"
            states = [json.loads(text) for (text,) in file.execute(sql, where) if text]
            if any("cursor" not in state or state["number"] > number for state in states):
                return "its page, or the start of its job, was there"
        return None


def lead_to_the_end(nursery: Any, life: Life) -> None:
    """Let the runs come to their end."""
    assert nursery.end(life) == ENDED


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_no_kill_repeats_what_ended(share: int, tmp_path: Path) -> None:
    """Every run ends, however often its process is killed, at random moments and at each kind of
    writing. No task, item, page or run inside that ended is sent again; one visit has one
    idempotency key, and one of each `${swf:…}`; what must not be sent twice is sent at most once.
    """
    chance, witness = random.Random(share), Witness()
    kills = 0
    with list_server(witness.answer) as server, nursery() as processes:
        outer, inner = definitions(server.url)
        batch = 0
        while kills < KILLS // SHARES:
            batch += 1
            witness.journal = str(tmp_path / f"{batch}.sqlite3")
            runs = {f"{share}-{batch}-{number}": outer for number in range(RUNS)}
            whole = Life(witness.journal, runs, {"inner": inner})
            is_over = False
            while not is_over and kills < KILLS // SHARES:
                if chance.random() < 0.5:
                    at = {"writing": chance.randint(1, 12), "is_written": chance.random() < 0.5}
                else:
                    at = {"seconds": chance.random() * LONGEST}
                status = processes.end(replace(whole, **at))
                assert status in (ENDED, SELF_KILLED)
                kills += status == SELF_KILLED
                is_over = status == ENDED
            if not is_over:
                lead_to_the_end(processes, whole)
            check_ends(witness, list(runs))
    assert witness.wrong == []
    assert [who for who, marks in witness.marks.items() if len(marks) > 1] == []
    twice = [who for who, times in witness.came.items() if who[1].endswith("Once") and times > 1]
    assert twice == []
    assert kills >= KILLS // SHARES


def check_ends(witness: Witness, runs: list[str]) -> None:
    """See that all *runs* have ended, with every page, and that nothing else is left of them."""
    with Journal(witness.journal) as journal:
        ended = {run.workflow_id: run for run in journal.runs()}
        assert sorted(ended) == sorted(runs)
        for run in ended.values():
            assert (run.status, run.ended["output"]) == ("Completed", items(6))
            statuses = {task.name: task.status for task in run.tasks if task.status != "Waiting"}
            failed = {name for name, status in statuses.items() if status != "Completed"}
            assert failed <= {"Once", "RightOnce"}
            errors = [task.error or {} for task in run.tasks if task.status == "Failed"]
            assert all(error["maybeDelivered"] is True for error in errors)
    assert witness.missing(runs) == set()
    with closing(sqlite3.connect(witness.journal)) as file, file:
        for table in ("call", "part", "item", "signal"):
            assert file.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        assert file.execute("SELECT count(*) FROM run").fetchone() == (len(runs),)
