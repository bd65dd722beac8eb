"""Store the histories that tests replay: `python tests/support/temporal_record.py [NAME…]`.

A history is stored once, with the first version of the workflow that has the feature, and is never
recorded again: later workers must be able to continue runs of that version. Without names, only
missing histories are recorded.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE))

from engine_definitions import CASES, Case, api, at, name_and_item  # noqa: E402 - beside this file
from httptask.engines.temporal._arguments import TaskSignal  # noqa: E402
from httptask.engines.temporal._receiver import CallbackServer  # noqa: E402
from temporal_recordings import FOLDER, RECORDINGS  # noqa: E402
from temporal_servers import dev_server  # noqa: E402
from temporal_worlds import Handle, TemporalWorld  # noqa: E402


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


def main() -> None:
    """Record the named histories, or the missing ones."""
    wanted = sys.argv[1:]

    def is_wanted(name: str) -> bool:
        return name in wanted if wanted else not (FOLDER / f"{name}.json").exists()

    cases = [name for name in CASES if is_wanted(name)]
    if cases:
        with dev_server() as server:
            for name in cases:
                _store(name, recorded(CASES[name], server.address))
    for names, record in RECORDINGS.items():
        if any(map(is_wanted, names)):
            for name, text in record().items():
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
