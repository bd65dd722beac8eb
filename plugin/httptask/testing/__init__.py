"""Helpers for tests: pins for workflows, and a real HTTP server on this machine for plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptask._core.lazy import lazily

if TYPE_CHECKING:
    from httptask.testing.pinned import PinnedRequest, PinnedRun, arun_pinned, run_pinned
    from httptask.testing.stand_in import StandIn

__all__ = ["PinnedRequest", "PinnedRun", "StandIn", "arun_pinned", "run_pinned"]

# Loaded on first use, so that the stand-in runs without any other code of this package.
_HOMES = {
    "PinnedRequest": "httptask.testing.pinned",
    "PinnedRun": "httptask.testing.pinned",
    "StandIn": "httptask.testing.stand_in",
    "arun_pinned": "httptask.testing.pinned",
    "run_pinned": "httptask.testing.pinned",
}

__getattr__, __dir__ = lazily(__name__, _HOMES)
