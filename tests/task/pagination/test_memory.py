"""A list of a million items in a file, in constant memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import servers
from lists import Asked, list_server

SIZE, PAGES = 1000, 1000
READER = """
import json, resource, sys
from httptask import HttpTask, Runtime

url, folder = sys.argv[1:]
pagination = {
    "mode": "cursor",
    "items": "$.data",
    "next": "$.next",
    "parameter": {"in": "query", "name": "at"},
    "identity": "$.id",
    "collect": "file",
    "maxPages": 10000,
    "maxItems": 10000000,
}
with Runtime(allow_networks=["127.0.0.1"], files=folder) as runtime:
    def read(start):
        request = {"url": url, "query": {"at": start}}
        definition = {"type": "Http", "httpRequest": request, "pagination": pagination, "end": True}
        return HttpTask(definition, name="List", runtime=runtime).call()

    read(990)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = read(1)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"kilobytes": after - before, **result.to_json()}))
"""


@pytest.mark.slow
def test_a_million_items_to_a_file_add_at_most_32_megabytes(tmp_path: Path) -> None:
    """With an identity, too: of each item a few bytes are kept."""

    def answer(asked: Asked) -> bytes:
        number = int(asked.query["at"])
        found = ",".join(f'{{"id":{number * SIZE + index}}}' for index in range(SIZE))
        following = f'"{number + 1}"' if number < PAGES else "null"
        body = f'{{"data":[{found}],"next":{following}}}'
        return servers.response(body.encode(), servers.JSON)

    with list_server(answer) as server:
        done = subprocess.run(
            [sys.executable, "-c", READER, server.url, str(tmp_path)],
            capture_output=True,
            check=True,
            timeout=servers.HANG_SECONDS,
        )
    result = json.loads(done.stdout)
    assert result["pages"]["items"] == SIZE * PAGES
    assert result["pages"]["complete"]
    assert result["kilobytes"] <= 32 * 1024
    lines = Path(result["body"]["$file"]["path"]).read_bytes().splitlines()
    assert lines[:2] == [b'{"id":1000}', b'{"id":1001}']
    assert len(set(lines)) == SIZE * PAGES
