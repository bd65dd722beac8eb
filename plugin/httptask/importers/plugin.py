"""Register the importers that ship with httptask, through the hook that every plugin uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from httptask.hookspecs import hookimpl

if TYPE_CHECKING:
    from httptask.protocols import Importer


@hookimpl
def httptask_importers() -> Sequence[Importer]:
    """Return the importers of reference pages and of OpenAPI."""
    from httptask.importers.openapi import OpenApi
    from httptask.importers.reference_pages import ReferencePage

    return [ReferencePage(), OpenApi()]
