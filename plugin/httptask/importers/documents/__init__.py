"""Read the JSON and YAML documents of descriptions, within limits."""

from httptask.importers.documents._document import Document

__all__ = ["Document"]
