"""How much memory a download adds, and how long it takes: a process of its own takes it from a
server here.
"""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from servers import MEGABYTE, Peer, raw_server
from tasks import call, http

Row = tuple[str, str, str]
"""What, figure, and what it is compared to."""

MOST_ADDED = 32
"""MB of memory that a download of any size may add."""


def download_rows(once: bool = False) -> list[Row]:
    """Download 2 GB, with *once* 4 MB, and return what that took."""
    megabytes = 4 if once else 2048
    with tempfile.TemporaryDirectory() as folder:
        added, seconds, right = downloaded(megabytes, Path(folder))
    with tempfile.TemporaryDirectory() as folder, streaming(megabytes) as (url, _):
        began = time.perf_counter()
        with urllib.request.urlopen(url) as response, (Path(folder) / "body").open("wb") as file:
            shutil.copyfileobj(response, file, MEGABYTE)
        bare = time.perf_counter() - began
    what = f"a download of {megabytes:,} MB"
    said = "right" if right else "WRONG"
    return [
        (
            f"{what}: memory added",
            f"{added:.1f} MB",
            f"wanted: at most {MOST_ADDED} MB; size and SHA-256 are {said}",
        ),
        (
            f"{what}: pace",
            f"{megabytes / seconds:.0f} MB/s",
            f"urllib, without a hash: {megabytes / bare:.0f} MB/s",
        ),
    ]


def downloaded(megabytes: int, folder: Path) -> tuple[float, float, bool]:
    """Download *megabytes* into *folder* in a process of its own.

    Returns the MB of memory that added, the seconds it took, and whether the reference and the file
    are what was sent.
    """
    with streaming(megabytes) as (url, sent):
        done = subprocess.run(
            [sys.executable, __file__, url, str(folder)],
            capture_output=True,
            check=True,
            encoding="utf-8",
        )
        told = json.loads(done.stdout)
        expected = sent[-1]
    file = told["body"]["$file"]
    with Path(file["path"]).open("rb") as stream:
        kept = hashlib.file_digest(stream, "sha256").hexdigest()
    right = kept == file["sha256"] == expected and file["size"] == megabytes * MEGABYTE
    return told["added"], told["seconds"], right


@contextmanager
def streaming(megabytes: int) -> Iterator[tuple[str, list[str]]]:
    """Serve *megabytes* of bytes, no two MB alike, below `/body`; gives the URL and the SHA-256 of
    each body as it was sent.
    """
    sent: list[str] = []
    block = hashlib.shake_256(b"a block").digest(MEGABYTE - 8)

    def handler(peer: Peer) -> bool:
        request = peer.read_request()
        if not request:
            return False
        count = megabytes if request.startswith(b"GET /body ") else 0
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-tar\r\nContent-Length:"
            f" {count * MEGABYTE}\r\n\r\n"
        )
        peer.sendall(head.encode())
        seen = hashlib.sha256()
        for number in range(count):
            piece = number.to_bytes(8) + block
            seen.update(piece)
            peer.sendall(piece)
        sent.append(seen.hexdigest())
        return True

    with raw_server(handler) as server:
        yield server.url + "/body", sent


def peak() -> float:
    """Return the most memory this process has had, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage begins with what the parent has
        line = next(
            line for line in status.read_text("ascii").splitlines() if line.startswith("VmHWM:")
        )
        return int(line.split()[1]) / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / MEGABYTE if sys.platform == "darwin" else most / 1024


def main(url: str, folder: str) -> None:
    """Download *url* into *folder* and print what that took, as JSON."""
    call(
        http(url.removesuffix("body")), files=folder
    )  # everything is loaded, and has been used once
    before, began = peak(), time.perf_counter()
    result = call(http(url, totalTimeoutSeconds=3600), files=folder)
    seconds = time.perf_counter() - began
    print(json.dumps({"added": peak() - before, "seconds": seconds, "body": result.body}))


if __name__ == "__main__":
    main(*sys.argv[1:])
