"""The versions of OpenAPI, and how they differ."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from httptask.importers.openapi.schemas import OPENAPI_3_0, OPENAPI_3_1, SWAGGER_2, Dialect

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the format."""

    name: str
    """The name for messages: `OpenAPI 3.0`."""
    dialect: Dialect
    """How Schema Objects are read."""
    is_swagger: bool = False
    """Whether servers, bodies and schemas of parameters have the form of Swagger 2.0."""
    methods: tuple[str, ...] = _METHODS
    """The fields of a Path Item Object that are operations. `trace` is accepted in 2.0, too."""
    security_schemes: tuple[str, ...] = ("components", "securitySchemes")
    """The path from the root to the named security schemes."""
    ignored_headers: frozenset[str] = frozenset({"content-type", "authorization"})
    """Header parameters that "SHALL be ignored" (OpenAPI 3.0.4, section 4.7.12), in lower case.

    `Accept` is not among them, against the specification: some APIs choose a version or a format
    by it that no response names.
    """


VERSIONS: Mapping[str, Version] = {
    "2.0": Version(
        "Swagger 2.0",
        SWAGGER_2,
        is_swagger=True,
        security_schemes=("securityDefinitions",),
        ignored_headers=frozenset(),
    ),
    "3.0": Version("OpenAPI 3.0", OPENAPI_3_0),
    "3.1": Version("OpenAPI 3.1", OPENAPI_3_1),
    "3.2": Version("OpenAPI 3.2", OPENAPI_3_1, methods=(*_METHODS, "query")),
}
"""Major and minor version -> the version. For reading, patch versions do not differ."""

NEWEST = "3.2"
_SHOWN = 40
"""How many letters of a version a note shows."""


def version_of(root: Mapping[str, Any]) -> tuple[Version, str] | None:
    """Return the version of the description *root*, and its text in *root*.

    An unknown version is read as `NEWEST`, or as 2.0 if the field is `swagger`. Return None if
    *root* is no OpenAPI description, or one of Swagger 1, which is a different format.
    """
    for field, fallback in (("openapi", NEWEST), ("swagger", "2.0")):
        if field in root:
            written = str(root[field]).strip()[:_SHOWN]
            match = re.match(r"v?((\d+)(?:\.\d+)?)", written)
            if match and match[2] in ("0", "1"):
                return None
            return VERSIONS.get(match[1] if match else "", VERSIONS[fallback]), written
    return None
