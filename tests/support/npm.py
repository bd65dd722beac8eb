"""Install programs of others with npm, to compare ours with."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path


def install(folder: Path) -> None:
    """Install the packages in the package-lock.json of *folder*, unless another test has."""
    modules = folder / "node_modules"
    ready = modules / ".ready"
    lock = folder / "package-lock.json"
    modules.mkdir(exist_ok=True)
    with (modules / ".lock").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        if ready.exists() and ready.read_bytes() == lock.read_bytes():
            return
        # `npm ci` would remove the folder, with the lock file that others wait for.
        command = ["npm", "install", "--no-save", "--silent", "--no-audit", "--no-fund"]
        subprocess.run(
            command,
            cwd=folder,
            check=True,
            timeout=300,
        )
        ready.write_bytes(lock.read_bytes())
