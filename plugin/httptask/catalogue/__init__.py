"""The catalogue: a searchable store of endpoints in one SQLite file.

`_store` puts, gets and removes · `_pack` makes compressed blocks of endpoints, and endpoints of
blocks · `_changes` writes rows · `_search` finds: `_words` of texts, `_index` of words, `_query`
and `_pasted` of what was typed, `_ranking` of what was found · `_origin` is where descriptions came
from · `_file` opens the file and explains why it cannot.
"""

from __future__ import annotations

from httptask.catalogue._changes import ImportCounts
from httptask.catalogue._file import place as file_of
from httptask.catalogue._origin import Origin
from httptask.catalogue._pack import Prepared, prepare
from httptask.catalogue._search import Hit
from httptask.catalogue._store import Catalogue

__all__ = ["Catalogue", "Hit", "ImportCounts", "Origin", "Prepared", "file_of", "prepare"]
