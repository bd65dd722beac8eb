"""JSON and YAML documents of descriptions, read within bounds."""

from httptask.importers.documents._document import Document

__all__ = ["Document"]
