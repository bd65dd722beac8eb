"""Sources of descriptions: a file, a folder, an archive or standard input."""

from httptask.importers.sources._files import path_beside
from httptask.importers.sources._sources import file_sources, is_fragment, read_sources

__all__ = ["file_sources", "is_fragment", "path_beside", "read_sources"]
