"""Convert Schema Objects of OpenAPI 2.0 to 3.2 to JSON Schema 2020-12."""

from httptask.importers.openapi.schemas._keywords import (
    OPENAPI_3_0,
    OPENAPI_3_1,
    SWAGGER_2,
    Dialect,
)
from httptask.importers.openapi.schemas._repairs import or_empty
from httptask.importers.openapi.schemas._schemas import Schemas
from httptask.importers.openapi.schemas._types import as_boolean, fits
from httptask.importers.openapi.schemas._values import MISFIT, as_type

__all__ = [
    "MISFIT",
    "OPENAPI_3_0",
    "OPENAPI_3_1",
    "SWAGGER_2",
    "Dialect",
    "Schemas",
    "as_boolean",
    "as_type",
    "fits",
    "or_empty",
]
