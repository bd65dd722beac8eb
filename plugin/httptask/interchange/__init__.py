"""Requests from other tools, and for them: curl commands, Postman collections, HAR files.

Inwards a text becomes tasks: `_curl` (with `_shell`, `_curl_options`, `_curl_data`), `_postman` and
`_har` read it; `_matching` finds the endpoint; `_secrets` and `_keeping` move secrets to
credentials; `_request` and `_bodies` write the settings, which `_typed` types. Outwards a request
becomes code: `_code` has a row for each language.
"""

from httptask.errors import InterchangeError
from httptask.interchange._code import LANGUAGES, code_of
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
    "LANGUAGES",
    "Imported",
    "ImportedTask",
    "InterchangeError",
    "code_of",
    "form_of",
    "iter_losses",
    "read_requests",
]
