"""Helpers for plugin authors: a real HTTP server on this machine, for test requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptask._core.lazy import lazily

if TYPE_CHECKING:
    from httptask.testing.stand_in import StandIn

__all__ = ["StandIn"]

# Loaded when first asked for: `python -m httptask.testing.stand_in` must be the first to import
# that module.
_HOMES = {"StandIn": "httptask.testing.stand_in"}

__getattr__, __dir__ = lazily(__name__, _HOMES)
