"""A server that reads each request with openapi-core and a description, and answers the result."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from typing import Any

from openapi_core import Config, OpenAPI
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIRequest
from werkzeug import Request, Response
from werkzeug.serving import make_server


class Judge:
    """Answers `{"errors": [...]}`, or if there are none, the values that openapi-core has read.

    The values are grouped as in a task's `httpRequest`.
    """

    def __init__(self) -> None:
        self._known: list[OpenAPI] = []
        self._server = make_server("127.0.0.1", 0, Request.application(self._answer), threaded=True)
        self._server.log = lambda *_: None  # type: ignore[method-assign]
        self._url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def reads(self, document: dict[str, Any], json_too: Sequence[str] = ()) -> str:
        """Add the description *document* of one operation, and return the URL of its server.

        openapi-core reads only two media types as JSON; *json_too* is another one. It also refuses
        values of unknown formats, so all formats in the description are accepted here.
        """
        address = f"{self._url}/{len(self._known)}"
        config = Config(
            spec_validator_cls=None,
            extra_media_type_deserializers=dict.fromkeys(json_too, json.loads),
            extra_format_unmarshallers=dict.fromkeys(_formats(document), lambda value: value),
        )
        self._known.append(
            OpenAPI.from_dict({**document, "servers": [{"url": address}]}, config=config)
        )
        return address

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, request: Request) -> Response:
        request.get_data(cache=True, parse_form_data=False)
        description = self._known[int(request.path.split("/")[1])]
        try:
            read = description.unmarshal_request(WerkzeugOpenAPIRequest(request))
        except re.error as error:  # an invalid pattern in the description
            return Response(json.dumps({"errors": [repr(error)]}), mimetype="application/json")
        values = {
            "errors": [f"{error!r} {error} {error.__cause__}" for error in read.errors],
            "pathParameters": read.parameters.path,
            "query": read.parameters.query,
            "headers": read.parameters.header,
            "cookies": read.parameters.cookie,
            "body": read.body,
        }
        return Response(
            json.dumps(values, default=lambda value: value.decode()), mimetype="application/json"
        )


def _formats(value: Any) -> set[str]:
    """Return all formats in a description."""
    if isinstance(value, list):
        return set().union(*map(_formats, value))
    if not isinstance(value, dict):
        return set()
    own = {value["format"]} if isinstance(value.get("format"), str) else set()
    return own.union(*map(_formats, value.values()))
