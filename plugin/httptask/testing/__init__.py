"""Helpers for plugin authors: a real HTTP server to send test requests to, without leaving the machine."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from httptask.testing.stand_in import StandIn

__all__ = ["StandIn"]

# Loaded when first asked for: `python -m httptask.testing.stand_in` must be the first to import that module.
_HOMES = {"StandIn": "httptask.testing.stand_in"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
