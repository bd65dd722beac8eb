"""The catalogue: a searchable store of endpoints in one SQLite file.

`_store` puts, gets and removes endpoints · `_pack` turns endpoints into compressed blocks, whose
JSON `_json_text` writes, and `_reader` opens them · `_changes` writes rows · `_search` goes from a
query to hits, with `_words` (terms), `_index` (the full-text tables), `_query` (typed words),
`_address` (pasted paths and URLs) and `_ranking` · `_origin` says where a description
came from · `_file` opens the SQLite file.
"""

from __future__ import annotations

from httptask.catalogue._changes import ImportCounts
from httptask.catalogue._file import file_of
from httptask.catalogue._origin import Origin
from httptask.catalogue._pack import Prepared, prepare
from httptask.catalogue._scope import Hit
from httptask.catalogue._store import Catalogue

__all__ = ["Catalogue", "Hit", "ImportCounts", "Origin", "Prepared", "file_of", "prepare"]
