"""Security: which schemes a request needs, and what they are, in OpenAPI 3's form whatever the
version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from httptask._core.pointers import pointer as pointer_of
from httptask.importers.openapi._context import Context

Requirements = tuple[Mapping[str, tuple[str, ...]], ...]

_FLOWS = {"accessCode": "authorizationCode", "application": "clientCredentials"}
"""Swagger 2.0's flows by OpenAPI 3's names; the others kept theirs."""
_FLOW_NAMES = (
    "implicit",
    "password",
    "clientCredentials",
    "authorizationCode",
    "deviceAuthorization",
)
"""OpenAPI 3.2, section 4.28."""
_TYPES = ("apiKey", "http", "oauth2", "openIdConnect", "mutualTLS", "basic")
_WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "apiKey": {"in": ("query", "header", "cookie")},
    # RFC 9110, section 11.1: the case of an authentication scheme says nothing.
    "http": {"scheme": ("basic", "bearer", "digest")},
}
"""By type, the fields that are one of some words."""
_FLOW_FIELDS = ("authorizationUrl", "tokenUrl", "refreshUrl", "deviceAuthorizationUrl", "scopes")
_FIELDS = (
    "type",
    "description",
    "name",
    "in",
    "scheme",
    "bearerFormat",
    "flows",
    "openIdConnectUrl",
    "oauth2MetadataUrl",
    "deprecated",
)


class Security:
    """Reads the security schemes of one description."""

    def __init__(self, context: Context, root: Mapping[str, Any]) -> None:
        self._context = context
        self._raw, self._place = root, "#"
        for name in context.version.security_schemes:
            place = self._place + pointer_of([name])
            self._raw, self._place = context.mapping(self._raw.get(name), place, name)
        self._read: dict[str, Mapping[str, Any] | None] = {}

    def requirements(self, raw: Any, place: str) -> Requirements | None:
        """Return the Security Requirement Objects *raw*, at *place*; None when there is nothing
        that says.

        An alternative that names a scheme which is not described is left out where there is
        another. Where there is none it stays: an endpoint that asks for something unknown is not an
        open one.
        """
        if raw is None:
            return None
        if not isinstance(raw, list):
            self._context.notes.add("skipped", "security is no array", place)
            return None
        usable: list[Mapping[str, tuple[str, ...]]] = []
        unknown: list[Mapping[str, tuple[str, ...]]] = []
        for index, each in enumerate(raw):
            if not isinstance(each, Mapping):
                self._context.notes.add(
                    "skipped", "a security requirement that is no object", f"{place}/{index}"
                )
                continue
            described = [self._known(name, f"{place}/{index}") for name in each]
            alternative = {name: _texts(scopes) for name, scopes in each.items()}
            (usable if all(described) else unknown).append(alternative)
        found = usable or unknown
        return tuple(found) if found or not raw else None

    def schemes(self, requirements: Requirements | None) -> dict[str, Mapping[str, Any]]:
        """Return the schemes that *requirements* name."""
        names = dict.fromkeys(name for each in requirements or () for name in each)
        return {name: scheme for name in names if (scheme := self._scheme(name)) is not None}

    def _known(self, name: str, place: str) -> bool:
        if self._scheme(name) is not None:
            return True
        severity = (
            "warning" if name in self._raw else "error"
        )  # one of a type that nobody knows was told of already
        self._context.notes.add(
            "missing", f"the security scheme {name!r} is not described", place, severity
        )
        return False

    def _scheme(self, name: str) -> Mapping[str, Any] | None:
        if name not in self._read:
            raw = self._raw.get(name)
            value, at = (
                self._context.followed(raw, self._place + pointer_of([name]))
                if raw is not None
                else (None, "")
            )
            self._read[name] = self._converted(value, at) if isinstance(value, Mapping) else None
        return self._read[name]

    def _converted(self, raw: Mapping[str, Any], place: str) -> Mapping[str, Any] | None:
        word = self._context.word
        kind = word(raw, "type", _TYPES, place)
        kept: dict[str, Any] = {name: raw[name] for name in _FIELDS if name in raw} | {"type": kind}
        for name, words in _WORDS.get(str(kind), {}).items():
            if name in raw:
                kept[name] = word(raw, name, words, place)
        if kind == "basic":  # Swagger 2.0
            return {**kept, "type": "http", "scheme": "basic"}
        if kind == "oauth2" and "flow" in raw:
            flow = {name: raw[name] for name in _FLOW_FIELDS if name in raw}
            named = str(word(raw, "flow", (*_FLOWS, *_FLOW_NAMES), place))
            return {**kept, "flows": {_FLOWS.get(named, named): flow}}
        if kind == "oauth2" and isinstance(raw.get("flows"), Mapping):
            names = {
                name: word({"flows": name}, "flows", _FLOW_NAMES, place) for name in raw["flows"]
            }
            kept["flows"] = {names[name]: flow for name, flow in raw["flows"].items()}
        if kind == "apiKey" and not (
            isinstance(raw.get("name"), str) and kept.get("in") in _WORDS["apiKey"]["in"]
        ):
            self._context.notes.add(
                "skipped", "an apiKey scheme that does not say where the key goes", place
            )
            return None
        if kind not in _TYPES:
            self._context.notes.add(
                "skipped", f"a security scheme of the unknown type {kind!r}", place
            )
            return None
        return kept


def _texts(values: Any) -> tuple[str, ...]:
    return (
        tuple(each for each in values if isinstance(each, str)) if isinstance(values, list) else ()
    )
