"""The JSON Schema of an `oauth2` credential."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from httptask.credentials._placing import SEND_AS
from httptask.credentials.oauth2._authentication import AUTHENTICATIONS
from httptask.credentials.oauth2._grants import GRANTS

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_SECRET: dict[str, Any] = {**_TEXT, "writeOnly": True}
_LIST: dict[str, Any] = {"type": "array", "items": _TEXT}
_FIELDS: dict[str, Any] = {
    "type": "object",
    "writeOnly": True,
    "additionalProperties": {"type": ["string", "number", "boolean", "array"]},
}
_PATH = {"type": "string", "pattern": r"^\$", "description": "a JSONPath, such as $.access_token"}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


_PROPERTIES: dict[str, Any] = {
    "grant": {"enum": list(GRANTS), "description": "How a token is got."},
    "tokenUrl": {
        **_TEXT,
        "description": "Where tokens are asked for; relative: to the server of the endpoint.",
    },
    "authorizationUrl": {**_TEXT, "description": "Where a person is asked to consent."},
    "issuer": {
        **_TEXT,
        "description": "Who issues the tokens; it says where its endpoints are (RFC 8414).",
    },
    "clientId": _TEXT,
    "clientSecret": _SECRET,
    "clientAuthentication": {
        "enum": list(AUTHENTICATIONS),
        "description": "How the client says who it is; basic where there is a clientSecret.",
    },
    "refreshToken": _SECRET,
    "username": _TEXT,
    "password": _SECRET,
    "scopes": _LIST,
    "scopeSeparator": {"type": "string", "description": "What stands between scopes; a space."},
    "audience": _TEXT,
    "resource": {**_LIST, "description": "Whom tokens are for (RFC 8707)."},
    "extra": {
        **_object(token=_FIELDS, refresh=_FIELDS, headers=_FIELDS, authorization=_FIELDS),
        "description": "More fields of a token request, of a refresh and of the question for"
        " consent, and headers of the first two.",
    },
    "tokenAt": {
        **_object(
            accessToken=_PATH,
            expiresIn=_PATH,
            refreshToken=_PATH,
            tokenType=_PATH,
            idToken=_PATH,
            scope=_PATH,
        ),
        "description": "Where in the answer things stand, where it is not as in RFC 6749.",
    },
    "sendAs": SEND_AS,
    "refreshWhen": {
        **_object(
            status={"type": "array", "items": {"type": "integer"}},
            condition={
                "type": "string",
                "pattern": r"^\$\{",
                "description": "an expression over status, headers and body",
            },
        ),
        "description": "Which responses say that the token is not valid any more; 401.",
    },
    "expiresInDefault": {
        "type": "number",
        "exclusiveMinimum": 0,
        "description": "Seconds that a token lives where the server does not say.",
    },
}


def _needs(
    field: str,
    value: str,
    required: tuple[str, ...],
    *,
    unless: str | None = None,
) -> dict[str, Any]:
    """Return the rule that *value* in *field* requires other fields, *unless* a field is
    present.
    """
    condition: dict[str, Any] = {"properties": {field: {"const": value}}, "required": [field]}
    why = f"the {field} {value!r} needs it"
    if unless is not None:
        condition["not"] = {"required": [unless]}
        why = "give it, or the issuer" if unless == "issuer" else f"{why}, or {unless}"
    return {"if": condition, "then": {"required": list(required), "description": why}}


def credential_schema() -> Mapping[str, Any]:
    """Return the schema. It is made from the tables, so a new row there is all a new grant
    needs.
    """
    rules = [_needs("grant", name, grant.required) for name, grant in GRANTS.items()]
    rules += [
        _needs("clientAuthentication", name, authentication.required)
        for name, authentication in AUTHENTICATIONS.items()
    ]
    rules += [
        _needs("clientAuthentication", name, needed, unless=other)
        for name, authentication in AUTHENTICATIONS.items()
        for other, needed in authentication.unless.items()
    ]
    rules += [
        _needs("grant", name, grant.endpoints, unless="issuer") for name, grant in GRANTS.items()
    ]
    property_groups = [row.properties for row in GRANTS.values()]
    property_groups += [row.properties for row in AUTHENTICATIONS.values()]
    added_properties = {
        name: schema for properties in property_groups for name, schema in properties.items()
    }
    return {
        "type": "object",
        "properties": _PROPERTIES | added_properties,
        "required": ["grant"],
        "additionalProperties": False,
        "allOf": [rule for rule in rules if rule["then"]["required"]],
    }
