"""A real proxy, tinyproxy, with and without TLS."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import servers


class RunningProxy:
    """A running proxy at *port*, with its log file *log*."""

    def __init__(self, port: int, log: Path) -> None:
        self.port = port
        self._log = log
        self.url = f"http://127.0.0.1:{port}"

    def named(self, user_info: str = "") -> str:
        """Return the URL with *user_info*."""
        return f"http://{user_info}{'@' if user_info else ''}127.0.0.1:{self.port}"

    def connects(self) -> list[str]:
        """Return the targets of the requests that the proxy has received, in order."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        requests = [line.partition("Request (file descriptor ")[2] for line in lines]
        return [request.split(": ", 1)[1] for request in requests if request]


@contextlib.contextmanager
def tinyproxy(folder: Path, *settings: str) -> Iterator[RunningProxy]:
    """Run tinyproxy on a free port of loopback, with additional *settings*."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    log = folder / f"tinyproxy-{port}.log"
    configuration = folder / f"tinyproxy-{port}.conf"
    lines = [
        f"Port {port}",
        "Listen 127.0.0.1",
        "Timeout 600",
        "MaxClients 50",
        "LogLevel Info",
        f'LogFile "{log}"',
        *settings,
    ]
    configuration.write_text("\n".join(lines) + "\n", encoding="utf-8")
    process = subprocess.Popen(["tinyproxy", "-d", "-c", str(configuration)])
    try:
        _wait_for(port, process)
        yield RunningProxy(port, log)
    finally:
        process.terminate()
        process.wait(servers.HANG_SECONDS)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + servers.HANG_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"tinyproxy ended with status {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise AssertionError("tinyproxy does not listen")


def relay(port: int) -> servers.Handler:
    """Relay a connection to *port* of loopback: behind TLS, this makes an https:// proxy."""

    def handler(peer: servers.Peer) -> None:
        with socket.create_connection(("127.0.0.1", port)) as behind:
            while True:
                ahead = isinstance(peer.socket, ssl.SSLSocket) and peer.socket.pending()
                readable = (
                    [peer.socket] if ahead else select.select([peer.socket, behind], [], [])[0]
                )
                for source in readable:
                    data = source.recv(65_536)
                    if not data:
                        return
                    (behind if source is peer.socket else peer.socket).sendall(data)

    return handler
