"""The designer: a page to search an API, fill in a form, test the request and save the task.

The same page is a custom element for the designers of other hosts.

`create_app` makes the ASGI application; `serve` runs it. Both need the extra `designer` (Starlette,
uvicorn).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptask._core.lazy import lazily

if TYPE_CHECKING:
    from httptask.designer._app import create_app
    from httptask.designer._demo import SAMPLE, OnlyPort, sample
    from httptask.designer._raw_json import needs_raw_json
    from httptask.designer._serve import ServeError, serve

__all__ = ["SAMPLE", "OnlyPort", "ServeError", "create_app", "needs_raw_json", "sample", "serve"]

# Loaded on first use, since the libraries of the extra may be missing.
_HOMES = {
    "OnlyPort": "httptask.designer._demo",
    "SAMPLE": "httptask.designer._demo",
    "ServeError": "httptask.designer._serve",
    "create_app": "httptask.designer._app",
    "needs_raw_json": "httptask.designer._raw_json",
    "sample": "httptask.designer._demo",
    "serve": "httptask.designer._serve",
}

__getattr__, __dir__ = lazily(__name__, _HOMES)
