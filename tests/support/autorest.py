"""Run the test server of AutoRest, which has lists and long jobs that we did not write."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import npm

FOLDER = Path(__file__).parents[1] / "task" / "pagination" / "autorest"


@contextmanager
def judge(coverage: Path) -> Iterator[str]:
    """Run the server, and yield its URL. It writes its reports to the folder *coverage*."""
    npm.install(FOLDER)
    program = "node_modules/@microsoft.azure/autorest.testserver/dist/cli/cli.js"
    process = subprocess.Popen(
        ["node", "--require", "./loopback.cjs", program, "--coverageDirectory", str(coverage)],
        cwd=FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        while line and not line.startswith('{"port"'):  # lines of its log
            line = process.stdout.readline()
        yield f"http://127.0.0.1:{json.loads(line)['port']}"
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def passed_count(url: str) -> int:
    """Return how many scenarios were passed so far, by the report of the server at *url*."""
    count = 0
    for category in ("azure", "optional"):
        with urllib.request.urlopen(f"{url}/report/{category}") as response:
            count += sum(json.load(response).values())
    return count
