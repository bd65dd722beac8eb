"""The connections of this process, as the system sees them."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path


def peers() -> set[int]:
    """Return the ports to which this process has connections."""
    ports = set()
    for path in Path("/dev/fd").iterdir():
        with contextlib.suppress(OSError):  # no connection
            one = socket.socket(fileno=int(path.name))
            try:
                name = one.getpeername()
                if isinstance(name, tuple):
                    ports.add(name[1])
            finally:
                one.detach()  # it is somebody else's
    return ports
