"""A server that decodes requests with werkzeug and the standard library, and answers the result.

It shares no code with httptask.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from email import message_from_bytes
from typing import Any

from werkzeug import Request, Response
from werkzeug.serving import make_server

MULTIPART = "multipart/form-data"


def decoded(request: Request) -> dict[str, Any]:
    """Return the target and raw body of *request*, and its values grouped by location."""
    data = request.get_data(cache=True, parse_form_data=False)
    return {
        "method": request.method,
        "mimetype": request.mimetype,
        "target": request.environ["REQUEST_URI"],
        "args": list(request.args.items(multi=True)),
        "headers": {name.lower(): value for name, value in request.headers},
        "cookies": list(request.cookies.items(multi=True)),
        "body": data.decode("latin-1"),
        "sha256": hashlib.sha256(data).hexdigest(),
        "form": list(request.form.items(multi=True)),
        "files": [
            {
                "field": field,
                "filename": file.filename,
                "type": file.content_type,
                "sha256": hashlib.sha256(file.read()).hexdigest(),
                "headers": {name.lower(): value for name, value in file.headers},
            }
            for field, file in request.files.items(multi=True)
        ],
        "parts": _parts(request, data),
        "json": request.get_json(silent=True),
    }


def _parts(request: Request, data: bytes) -> list[list[str]]:
    """Parse a multipart body with the `email` package.

    Return the name, the media type and the joined `X-` headers of each part.
    """
    if not request.mimetype.startswith("multipart/"):
        return []
    mail = message_from_bytes(f"Content-Type: {request.content_type}\r\n\r\n".encode() + data)
    return [
        [
            str(part.get_param("name", header="content-disposition")),
            part.get_content_type(),
            "\n".join(
                f"{name.lower()}: {value}"
                for name, value in part.items()
                if name.lower().startswith("x-")
            ),
        ]
        for part in mail.get_payload()
        if not isinstance(part, str)
    ]


@contextlib.contextmanager
def decoding_server() -> Iterator[str]:
    """Run the server while the block lasts, and yield its URL."""
    application = Request.application(
        lambda request: Response(json.dumps(decoded(request)), mimetype="application/json")
    )
    listening = make_server("127.0.0.1", 0, application, threaded=True)
    listening.log = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.port}"
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()
