"""The catalogue: a searchable store of endpoints in one SQLite file.

`_store` puts, gets and removes · `_search` finds and ranks · `_file` opens the file and explains why it cannot.
"""

from __future__ import annotations

from httptask.catalogue._search import Hit
from httptask.catalogue._store import Catalogue, ImportCounts

__all__ = ["Catalogue", "Hit", "ImportCounts"]
