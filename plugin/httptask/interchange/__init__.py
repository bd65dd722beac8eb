"""Convert requests of other tools (curl, Postman, HAR) to tasks, and requests to code.

`_reading` converts a pasted text to tasks, with the help of these modules:

- `_curl` (with `_shell`, `_curl_options`, `_curl_data` and `_curl_settings`), `_postman` and `_har`
  read the text. The result is a `_captured` request, with `_blanks` for unknown values.
- `_matching` finds the endpoint.
- `_secrets` and `_keeping` move secrets to credentials.
- `_request` and `_bodies` write the settings; `_typed` converts texts to the types of schemas.

`_code` writes a request as code, with a row for each language.
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
