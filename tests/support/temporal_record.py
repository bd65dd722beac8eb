"""Store the histories that tests replay: `python tests/support/temporal_record.py [NAME…]`.

A history is stored once, with the first version of the workflow that has the feature, and is never
recorded again: later workers must be able to continue runs of that version. Without names, only
missing histories are recorded.
"""

from __future__ import annotations

import asyncio
import json
import sys
from itertools import pairwise
from pathlib import Path

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE))

from engine_definitions import (  # noqa: E402 - beside this file
    CASES,
    Case,
    api,
    at,
    flow,
    get,
    name_and_item,
)
from httptask.engines.temporal._arguments import TaskSignal  # noqa: E402
from httptask.engines.temporal._receiver import CallbackServer  # noqa: E402
from temporal_servers import dev_server  # noqa: E402
from temporal_worlds import Handle, TemporalWorld  # noqa: E402

FOLDER = _HERE.parent / "data" / "temporal"


def recorded(case: Case, address: str) -> str:
    """Return the history of a run of *case*."""

    async def give(handle: Handle) -> None:
        for which, output in case.signals.items():
            task, item = name_and_item(which)
            await handle.signal("complete_task", TaskSignal(task, output=output, item=item))

    world = TemporalWorld(address)
    world.callbacks = CallbackServer(b"a secret of the workers of a test", None, "127.0.0.1")
    with api() as server:
        definition, others = at(case.definition, server.url), at(case.definitions, server.url)
        world.run(definition, case.given, give, definitions=others, pins=case.pins)
    return world.history


def recorded_parts() -> dict[str, str]:
    """Return the first and the last history of a run that continued as new."""
    first: list[str] = []

    async def note(handle: Handle) -> None:
        first.append(handle.first_execution_run_id or "")

    async def begin(world: TemporalWorld, run_id: str) -> str:
        client = await world.client()
        return (
            await client.get_workflow_handle(world.run_id, run_id=run_id).fetch_history()
        ).to_json()

    names = [f"T{number}" for number in range(1, 13)]
    tasks = {name: get("/things/1", nextTask=following) for name, following in pairwise(names)}
    tasks[names[-1]] = get("/things/1")
    with dev_server(long=40) as server, api() as things:
        world = TemporalWorld(server.address)
        world.run(at(flow("T1", tasks), things.url), None, note)
        return {
            "long-begins": asyncio.run(begin(world, first[0])),
            "long-goes-on": world.history,
        }


def main() -> None:
    """Record the named histories, or the missing ones."""
    names = sys.argv[1:] or [name for name in CASES if not (FOLDER / f"{name}.json").exists()]
    with dev_server() as server:
        for name in names:
            _store(name, recorded(CASES[name], server.address))
    if not (FOLDER / "long-begins.json").exists():
        for name, text in recorded_parts().items():
            _store(name, text)


def _store(name: str, text: str) -> None:
    history = json.loads(text)
    _without_places(history)
    text = json.dumps(history, separators=(",", ":"))
    (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(name, len(text))


def _without_places(value: object) -> None:
    """Remove details of this machine from *value*: stack traces and process identities."""
    if isinstance(value, dict):
        for name in ("stackTrace", "identity"):
            value.pop(name, None)
        for part in value.values():
            _without_places(part)
    elif isinstance(value, list):
        for part in value:
            _without_places(part)


if __name__ == "__main__":
    main()
