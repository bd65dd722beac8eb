"""Servers that npm installs, for tests: judges that we did not write."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path


def install(folder: Path) -> None:
    """Install what the package-lock.json of *folder* names, once, whichever test comes first."""
    modules = folder / "node_modules"
    ready = modules / ".ready"
    lock = folder / "package-lock.json"
    modules.mkdir(exist_ok=True)
    with (modules / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if ready.exists() and ready.read_bytes() == lock.read_bytes():
            return
        # `npm ci` would remove the lock that others wait for, with the folder.
        command = ["npm", "install", "--no-save", "--silent", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=folder, check=True, timeout=300)
        ready.write_bytes(lock.read_bytes())
