"""A copy of the package with the code of an earlier release, made without its Git history."""

from __future__ import annotations

import shutil
from pathlib import Path

from httptask.engines.temporal._arguments import FORMAT, PINS_APART
from places import ROOT

_CHANGES = {
    "_arguments.py": (f"\nFORMAT = {FORMAT}\n", f"\nFORMAT = {PINS_APART - 1}\n"),
    "_activities.py": ("(self.http_task, self.pinned_task,", "(self.http_task,"),
    "_walk.py": ("most = arguments.at_once or sys.maxsize", "most = sys.maxsize"),
}
"""File -> (the code now, the code of the earlier release).

That release had no activity for tasks with pins, an older format, and no limit for activities at once.
"""


def release_before_pins_apart(folder: Path) -> Path:
    """Make the copy in *folder*, and return the folder that goes into `PYTHONPATH`."""
    without = shutil.ignore_patterns("element", "static")  # the page
    shutil.copytree(ROOT / "plugin" / "httptask", folder / "plugin" / "httptask", ignore=without)
    for name in ("schemas", "manifest.json"):
        (folder / name).symlink_to(ROOT / name)
    for name, (now, before) in _CHANGES.items():
        path = folder / "plugin" / "httptask" / "engines" / "temporal" / name
        text = path.read_text("utf-8")
        assert text.count(now) == 1, f"{name} has changed: update what the earlier release had"
        path.write_text(text.replace(now, before), "utf-8")
    return folder / "plugin"
