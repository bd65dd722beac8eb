"""Many sources into a catalogue, for the command and for the designer's page.

`_import` opens the sources, stores them and reports each outcome; `_reading` reads, in one process
per core; `_update` reads stored descriptions again.
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
