"""`httptask worker` without a cache of workflows: `python uncached_worker.py OPTIONS…`.

Any worker of the task queue can then take the next step of a workflow.
"""

from __future__ import annotations

import sys
from functools import partial

from temporalio.worker import Worker

from httptask.cli import main
from httptask.engines.temporal import worker

if __name__ == "__main__":
    worker.Worker = partial(Worker, max_cached_workflows=0)  # type: ignore[misc,assignment]
    sys.exit(main(["worker", *sys.argv[1:]]))
