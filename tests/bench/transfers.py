"""Large bodies: what sending one adds to the memory of the process that does."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

import servers
from httptask.task import HttpTask, Runtime

MEGABYTE = 1024 * 1024


def upload_rows(once: bool = False) -> list[tuple[str, str, str]]:
    """Return what was measured, its figure, and what it is compared with; *once* takes 4 MB instead
    of 2 GB.
    """
    size = (4 if once else 2048) * MEGABYTE
    return [
        (
            f"memory that an upload of {size // MEGABYTE} MB adds, {how}",
            f"{uploaded(size, in_form=in_form) / 1e6:.1f} MB",
            "wanted: at most 32 MB",
        )
        for how, in_form in (("as the body", False), ("in a form", True))
    ]


def uploaded(size: int, *, in_form: bool = False) -> int:
    """Send a file of *size* bytes to a server that counts, and return the bytes it added to the
    sender's peak memory.
    """
    with tempfile.TemporaryDirectory() as folder:
        with (Path(folder) / "large").open("wb") as large:
            large.truncate(size)  # no bytes on the disk, all of them read
        with servers.raw_server(_counting) as server:
            line = [sys.executable, __file__, server.url, folder, "form" if in_form else "body"]
            done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stderr)
    added, received = map(int, done.stdout.split())
    if received < size or (not in_form and received != size):
        raise AssertionError(f"{received} bytes of {size} arrived")
    return added


def _counting(peer: servers.Peer) -> bool:
    head = b""
    while b"\r\n\r\n" not in head:
        more = peer.recv()
        if not more:
            return False
        head += more
    head, _, start = head.partition(b"\r\n\r\n")
    length = next(
        int(line[15:])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    )
    received = len(start)
    while received < length:
        received += len(peer.recv(MEGABYTE))
    peer.sendall(servers.response(str(received).encode(), ("Content-Type", "text/plain")))
    return True


def _send(url: str, folder: str, how: str) -> None:
    with Runtime(files=folder, allow_networks=["127.0.0.1"]) as runtime:

        def call(name: str) -> str:
            body = {"$file": {"path": name}}
            request = {"url": url, "method": "PUT", "body": {"f": body} if how == "form" else body}
            if how == "form":
                request["headers"] = {"Content-Type": "multipart/form-data"}
            return str(
                HttpTask({"type": "Http", "httpRequest": request, "end": True}, runtime=runtime)
                .call()
                .body
            )

        (Path(folder) / "small").write_bytes(
            b"x" * 3 * MEGABYTE
        )  # everything that a request needs is there before
        call("small")
        before = _peak()
        received = call("large")
        print(_peak() - before, received)


def _peak() -> int:
    """Return the most bytes this process has held. Not `ru_maxrss`: that starts with what its
    parent held.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    _send(*sys.argv[1:])
