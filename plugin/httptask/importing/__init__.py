"""Many sources into a catalogue, for the command and for the designer's page.

`_import` finds what to read, stores it and tells what became of each source · `_reading` reads, in one process per core.
"""

from __future__ import annotations

from httptask.importing._import import Import, Input, Outcome, input_of
from httptask.importing._reading import Job, Read, digest, read_all

__all__ = ["Import", "Input", "Job", "Outcome", "Read", "digest", "input_of", "read_all"]
