"""What expressions cost beside 4.5 MB of earlier answers: seconds that pass, the least of some
rounds. `python tests/bench/answers.py` prints these rows alone.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from httptask.expressions import Evaluator
from httptask.model.task import Inputs
from tasks import runtime

RECORDS, WANTED, ROUNDS = 60_000, 59_000, 7

EXPRESSIONS = (
    ("a name by JSONata", "${jsonata: tasks.Get.output.body.name}", "Ann", "2 ms"),
    (
        "a filter over 60,000 records by JSONata",
        f"${{jsonata: tasks.List.output.body[id = {WANTED}].name}}",
        f"record {WANTED}",
        "150 ms",
    ),
    (
        "a filter over 60,000 records by JSONPath",
        f"${{$.tasks.List.output.body[?@.id == {WANTED}].name}}",
        [f"record {WANTED}"],
        "150 ms",
    ),
)


def answer_rows(*, once: bool = False) -> Iterator[tuple[str, str, str]]:
    """Yield what was measured, its figure, and what it is compared with."""
    records = [
        {"id": number, "name": f"record {number}", "price": number / 8, "tags": ["a", "b"]}
        for number in range(RECORDS)
    ]
    outputs = {"List": records, "Get": {"name": "Ann"}}
    tasks = {name: {"input": {}, "output": {"body": body}} for name, body in outputs.items()}
    document = {"input": {}, "tasks": tasks, "variables": {}}
    for what, expression, wanted, bar in EXPRESSIONS:
        seconds = asyncio.run(_least(expression, document, wanted, 1 if once else ROUNDS))
        yield f"{what}, beside 4.5 MB of answers", f"{seconds * 1000:.2f} ms", f"wanted: {bar}"


async def _least(expression: str, document: Any, wanted: Any, rounds: int) -> float:
    async with runtime() as shared:
        await _seconds(shared.evaluator, expression, document, wanted)  # what starts once
        return min(
            [await _seconds(shared.evaluator, expression, document, wanted) for _ in range(rounds)]
        )


async def _seconds(evaluator: Evaluator, expression: str, document: Any, wanted: Any) -> float:
    began = time.perf_counter()
    value = await evaluator.evaluate(expression, document, pointer="", run=Inputs().run)
    seconds = time.perf_counter() - began
    assert value == wanted, value
    return seconds


if __name__ == "__main__":
    for what, figure, compared in answer_rows(once="--once" in sys.argv):
        print(f"{what:<62} {figure:>10}   {compared}", flush=True)
