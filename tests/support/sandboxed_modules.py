"""Print the modules that the workflow sandbox imports again for the histories FILE…, and the times.

    python sandboxed_modules.py FILE…

The histories are replayed. Modules that are passed through are shared with the process, and cost a
run nothing.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox._importer import Importer
from temporalio.worker.workflow_sandbox._restrictions import RestrictedModule

from httptask.engines.temporal import HttpTaskPlugin

_importers: list[Importer] = []
_original = Importer.__init__


def _noting(self: Importer, *arguments: Any, **options: Any) -> None:
    _original(self, *arguments, **options)
    _importers.append(self)


async def _replayed(text: str, replayer: Replayer) -> dict[str, Any]:
    """Replay the history *text*; return its seconds and the modules that were imported again."""
    began = json.loads(text)["events"][0]["workflowExecutionStartedEventAttributes"]
    _importers.clear()
    start = time.perf_counter()
    await replayer.replay_workflow(WorkflowHistory.from_json(began["workflowId"], text))
    seconds = time.perf_counter() - start
    modules = {
        name
        for importer in _importers
        for name, module in importer.new_modules.items()
        # A restricted module is the one of the process, behind a guard.
        if sys.modules.get(name) is not module and not isinstance(module, RestrictedModule)
    }
    return {"seconds": seconds, "modules": sorted(modules)}


async def _all_replayed(texts: dict[str, str]) -> dict[str, Any]:
    """Replay the histories *texts*, by name, with one replayer."""
    replayer = Replayer(workflows=[], plugins=[HttpTaskPlugin()])
    return {name: await _replayed(text, replayer) for name, text in texts.items()}


if __name__ == "__main__":
    Importer.__init__ = _noting  # type: ignore[method-assign]
    files = {Path(path).stem: Path(path).read_text("utf-8") for path in sys.argv[1:]}
    print(json.dumps(asyncio.run(_all_replayed(files))))
