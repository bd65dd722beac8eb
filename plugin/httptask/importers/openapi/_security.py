"""Read security requirements and schemes of every version, and return them as in OpenAPI 3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from httptask._core.pointers import pointer as pointer_of
from httptask.importers.openapi._context import Context

Requirements = tuple[Mapping[str, tuple[str, ...]], ...]

_FLOWS = {"accessCode": "authorizationCode", "application": "clientCredentials"}
"""Swagger 2.0's name of a flow -> OpenAPI 3's name. The other names are the same."""
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
    # RFC 9110, section 11.1: authentication schemes ignore case.
    "http": {"scheme": ("basic", "bearer", "digest")},
}
"""Type of a scheme -> field -> the words that it may have, spelt as we need them."""
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
        self._raw = root
        self._uri = "#"
        for name in context.version.security_schemes:
            uri = self._uri + pointer_of([name])
            self._raw, self._uri = context.mapping(self._raw.get(name), uri, name)
        self._schemes: dict[str, Mapping[str, Any] | None] = {}

    def requirements(self, raw: Any, uri: str) -> Requirements | None:
        """Read the Security Requirement Objects *raw*, at *uri*; return None if there are none.

        An alternative with an undescribed scheme is left out if there is another alternative.
        Otherwise it stays, so that the endpoint does not look like one without security.
        """
        raw, uri = self._context.expanded(raw, uri)
        if raw is None:
            return None
        if not isinstance(raw, list):
            self._context.notes.add("skipped", "security is no array", uri)
            return None
        usable: list[Mapping[str, tuple[str, ...]]] = []
        unknown: list[Mapping[str, tuple[str, ...]]] = []
        for index, requirement in enumerate(raw):
            if not isinstance(requirement, Mapping):
                self._context.notes.add(
                    "skipped",
                    "a security requirement that is no object",
                    f"{uri}/{index}",
                )
                continue
            are_described = [self._is_described(name, f"{uri}/{index}") for name in requirement]
            alternative = {name: _texts(scopes) for name, scopes in requirement.items()}
            (usable if all(are_described) else unknown).append(alternative)
        alternatives = usable or unknown
        if alternatives or not raw:
            return tuple(alternatives)
        return None

    def schemes(self, requirements: Requirements | None) -> dict[str, Mapping[str, Any]]:
        """Return name -> scheme of the security schemes that *requirements* name."""
        names = dict.fromkeys(name for requirement in requirements or () for name in requirement)
        return {name: scheme for name in names if (scheme := self._scheme(name)) is not None}

    def _is_described(self, name: str, uri: str) -> bool:
        """Say whether the scheme *name* can be used; add a note if it cannot."""
        if self._scheme(name) is not None:
            return True
        # A warning is enough for a described scheme that is unusable: it has its own note already.
        severity = "warning" if name in self._raw else "error"
        self._context.notes.add(
            "missing",
            f"the security scheme {name!r} is not described",
            uri,
            severity,
        )
        return False

    def _scheme(self, name: str) -> Mapping[str, Any] | None:
        if name not in self._schemes:
            raw = self._raw.get(name)
            value, uri = None, ""
            if raw is not None:
                value, uri = self._context.expanded(raw, self._uri + pointer_of([name]))
            self._schemes[name] = (
                self._converted(value, uri) if isinstance(value, Mapping) else None
            )
        return self._schemes[name]

    def _converted(self, raw: Mapping[str, Any], uri: str) -> Mapping[str, Any] | None:
        """Convert the scheme *raw* to OpenAPI 3; return None, with a note, if it is unusable."""
        word = self._context.word
        scheme_type = word(raw, "type", _TYPES, uri)
        scheme: dict[str, Any] = {name: raw[name] for name in _FIELDS if name in raw}
        scheme["type"] = scheme_type
        for name, words in _WORDS.get(str(scheme_type), {}).items():
            if name in raw:
                scheme[name] = word(raw, name, words, uri)
        if scheme_type == "basic":  # Swagger 2.0
            return {
                **scheme,
                "type": "http",
                "scheme": "basic",
            }
        if scheme_type == "oauth2" and "flow" in raw:
            flow = {name: raw[name] for name in _FLOW_FIELDS if name in raw}
            flow_name = str(word(raw, "flow", (*_FLOWS, *_FLOW_NAMES), uri))
            return {**scheme, "flows": {_FLOWS.get(flow_name, flow_name): flow}}
        if scheme_type == "oauth2" and isinstance(raw.get("flows"), Mapping):
            scheme["flows"] = {
                word({"flows": name}, "flows", _FLOW_NAMES, uri): flow
                for name, flow in raw["flows"].items()
            }
        if scheme_type == "apiKey" and not _has_location(scheme):
            self._context.notes.add(
                "skipped", "an apiKey scheme that does not say where the key goes", uri
            )
            return None
        if scheme_type not in _TYPES:
            self._context.notes.add(
                "skipped",
                f"a security scheme of the unknown type {scheme_type!r}",
                uri,
            )
            return None
        return scheme


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list):
        return ()
    return tuple(value for value in values if isinstance(value, str))


def _has_location(scheme: Mapping[str, Any]) -> bool:
    """Say whether *scheme*, of an API key, says where the key goes."""
    return isinstance(scheme.get("name"), str) and scheme.get("in") in _WORDS["apiKey"]["in"]
