"""`httptask worker` that forgets each workflow after each step, so that any worker of the task
queue takes the next one: `python uncached_worker.py OPTIONS…`.
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
