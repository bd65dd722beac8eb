"""The plugin of the built-in engines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from httptask.hookspecs import hookimpl

if TYPE_CHECKING:
    from httptask.protocols import Engine


@hookimpl
def httptask_engines() -> Sequence[Engine]:
    """Bring `embedded` and `temporal`."""
    from httptask.engines._temporal_engine import TemporalEngine
    from httptask.engines.embedded import EmbeddedEngine

    return [EmbeddedEngine(), TemporalEngine()]
