"""What a SOURCE names: a file, a folder, an archive or standard input, as one description after
another.
"""

from httptask.importers.sources._beside import path_beside
from httptask.importers.sources._sources import file_sources, is_fragment, sources

__all__ = ["file_sources", "is_fragment", "path_beside", "sources"]
