"""Import many sources into a catalogue. The commands and the designer's page use this package.

- `_import`: opens the sources, stores their endpoints and reports each outcome.
- `_reading`: reads descriptions, in one process per core.
- `_update`: reads stored descriptions again.
- `_signals`: holds signals back where an exception would do harm.
"""

from __future__ import annotations

from httptask.importing._import import Import, Input, Outcome, input_of
from httptask.importing._reading import Job, Read, digest, read_all
from httptask.importing._update import BrokenDefinition, Update, UpdatedDescription

__all__ = [
    "BrokenDefinition",
    "Import",
    "Input",
    "Job",
    "Outcome",
    "Read",
    "Update",
    "UpdatedDescription",
    "digest",
    "input_of",
    "read_all",
]
