"""The versions of OpenAPI as values: how each differs from the others."""

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
    """For people: `OpenAPI 3.0`."""
    dialect: Dialect
    """How its Schema Objects are read."""
    is_swagger: bool = False
    """Whether servers, bodies and schemas of parameters are written as before OpenAPI 3."""
    methods: tuple[str, ...] = _METHODS
    """The fields of a Path Item Object that are operations; `trace` is read in 2.0, too."""
    security_schemes: tuple[str, ...] = ("components", "securitySchemes")
    """The path from the root to the named security schemes."""
    ignored_headers: frozenset[str] = frozenset({"content-type", "authorization"})
    """Header parameters that "SHALL be ignored" (OpenAPI 3.0.4, section 4.7.12), in lower case.

    `Accept` is not among them: by it APIs choose a version or a format that no response names.
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
"""Major and minor version -> the version; patch versions do not differ in what is read."""

NEWEST = "3.2"
_SHOWN = 40
"""Letters of a version that a note repeats."""


def version_of(root: Mapping[str, Any]) -> tuple[Version, str] | None:
    """Return the version of the description *root*, and its text there.

    An unknown version is read as the nearest known one. None means that *root* is not an OpenAPI
    description, or one of Swagger 1, which is another format.
    """
    for field, nearest in (("openapi", NEWEST), ("swagger", "2.0")):
        if field in root:
            written = str(root[field]).strip()[:_SHOWN]
            match = re.match(r"v?((\d+)(?:\.\d+)?)", written)
            if match and match[2] in ("0", "1"):
                return None
            return VERSIONS.get(match[1] if match else "", VERSIONS[nearest]), written
    return None
