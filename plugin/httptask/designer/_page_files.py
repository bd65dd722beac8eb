"""The page's own files."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from httptask._core.threads import in_thread
from httptask.designer._problems import Refused

_STATIC = Path(__file__).with_name("static")


async def page(request: Request) -> Response:
    """Answer with the page."""
    return await _file("index.html")


async def static(request: Request) -> Response:
    """Answer with one of the page's files."""
    return await _file(request.path_params["name"])


async def _file(name: str) -> Response:
    """Answer with the static file *name*. Raises `Refused` if there is none."""
    path = _STATIC / name
    # Only files in this one folder are served: a name with a separator would lead elsewhere.
    if not await in_thread(
        lambda: path.parent == _STATIC and path.is_file() and not name.startswith(".")
    ):
        raise Refused("not-found", f"the designer has no file {name[:100]!r}")
    media_type = {".js": "text/javascript"}.get(path.suffix) or mimetypes.guess_type(name)[0]
    return FileResponse(path, media_type=media_type, headers={"Cache-Control": "no-cache"})
