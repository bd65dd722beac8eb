"""Importer for reference pages: the plain-text documentation of one endpoint."""

from httptask.importers.reference_pages._reference_page import ReferencePage

__all__ = ["ReferencePage"]
