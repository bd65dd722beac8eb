"""Requests from other tools, and for them: curl commands, Postman collections, HAR files.

Inwards a text becomes tasks: `_curl` (with `_shell`, `_curl_options`, `_curl_data`), `_postman` and
`_har` read it; `_matching` finds the endpoint; `_secrets` and `_keeping` move secrets to
credentials; `_request` and `_bodies` write the settings, which `_typed` types. Outwards a request
becomes code: `_code` and a file for each language.
"""

from httptask.errors import InterchangeError
from httptask.interchange._reading import (
    FORMS,
    Imported,
    ImportedTask,
    form_of,
    iter_losses,
    read_requests,
)

__all__ = [
    "FORMS",
    "Imported",
    "ImportedTask",
    "InterchangeError",
    "form_of",
    "iter_losses",
    "read_requests",
]
