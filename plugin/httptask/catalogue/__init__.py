"""The catalogue: a searchable store of endpoints in one SQLite file.

- `_store`: `Catalogue`, which puts, gets and removes endpoints.
- `_pack`: endpoints to compressed blocks. `_json_text` writes their JSON, `_reader` reads them.
- `_changes`: the rows that one transaction writes.
- `_search`: from a query to hits. It uses `_ladder`, `_scope`, `_query` (the typed words),
  `_address` (pasted paths and URLs), `_ranking`, `_words` (terms) and `_index` (full-text tables).
- `_origin`: where a description came from.
- `_file`: the SQLite file.
"""

from __future__ import annotations

from httptask.catalogue._changes import ImportCounts
from httptask.catalogue._file import file_of
from httptask.catalogue._origin import Origin
from httptask.catalogue._pack import Prepared, prepare
from httptask.catalogue._scope import Hit
from httptask.catalogue._store import Catalogue

__all__ = ["Catalogue", "Hit", "ImportCounts", "Origin", "Prepared", "file_of", "prepare"]
