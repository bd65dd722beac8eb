"""Convert the authorisation in a Postman collection to an auth scheme and its fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from httptask.interchange._blanks import Blanks
from httptask.interchange._captured import Captured
from httptask.interchange._documents import objects, texts
from httptask.interchange._postman_variables import Variables

Fields = Mapping[str, str]
"""Name -> value of the parameters in Postman's authorisation."""
Authorisation = tuple[str, dict[str, str]] | None
"""(auth scheme of httptask, its fields with the secrets), or None if there is no such scheme."""


class Auth:
    """The `auth` of an item."""

    def __init__(self, value: Any) -> None:
        self._value: Mapping[str, Any] = value if isinstance(value, Mapping) else {}

    def put(self, captured: Captured, variables: Variables, blanks: Blanks) -> None:
        """Set the authorisation of *captured*; add a problem if that is impossible."""
        auth_type = texts(self._value.get("type"))
        if auth_type in ("", "noauth"):
            return
        members = [member for _, member in objects(self._value.get(auth_type))]
        fields = {
            texts(member.get("key")): variables.filled(texts(member.get("value")))
            for member in members
        }
        convert = _SCHEMES.get(auth_type)
        captured.auth = convert(fields) if convert is not None else None
        if captured.auth is None:
            captured.lose("auth-not-carried", at="/request/auth", type=auth_type)


def _bearer(fields: Fields) -> Authorisation:
    if fields.get("token"):
        return ("bearer", {"token": fields["token"]})
    return None


def _user(scheme: str) -> Callable[[Fields], Authorisation]:
    def read(fields: Fields) -> Authorisation:
        names = ("username", "password")
        return scheme, {name: fields.get(name, "") for name in names}

    return read


def _api_key(fields: Fields) -> Authorisation:
    if not fields.get("key") or not fields.get("value"):
        return None
    location = "query" if fields.get("in") == "query" else "header"
    return "apiKey", {
        "in": location,
        "name": fields["key"],
        "key": fields["value"],
    }


def _aws(fields: Fields) -> Authorisation:
    names = {
        "accessKey": "accessKeyId",
        "secretKey": "secretAccessKey",
        "sessionToken": "sessionToken",
        "region": "region",
        "service": "service",
    }
    return "awsSigV4", _renamed(fields, names)


def _renamed(fields: Fields, names: Mapping[str, str]) -> dict[str, str]:
    """Return the *fields* in *names* (Postman's name -> that of a credential) that have a value."""
    return {field: fields[name] for name, field in names.items() if fields.get(name)}


_GRANTS = {
    "client_credentials": "clientCredentials",
    "authorization_code": "authorizationCode",
    "authorization_code_with_pkce": "authorizationCode",
    "password_credentials": "password",
}


def _oauth2(fields: Fields) -> Authorisation:
    """Return the OAuth 2.0 grant if it is complete, or else the access token as a bearer token."""
    grant = _GRANTS.get(fields.get("grant_type", ""))
    names = {
        "accessTokenUrl": "tokenUrl",
        "authUrl": "authorizationUrl",
        "clientId": "clientId",
        "clientSecret": "clientSecret",
        "username": "username",
        "password": "password",
    }
    credential_fields = _renamed(fields, names)
    # Without the token's URL no new token can be fetched; Postman may hold one that still works.
    if grant is not None and "tokenUrl" in credential_fields:
        return "oauth2", {"grant": grant, **credential_fields}
    if fields.get("accessToken"):
        return ("bearer", {"token": fields["accessToken"]})
    return None


_SCHEMES: Mapping[str, Callable[[Fields], Authorisation]] = {
    "bearer": _bearer,
    "basic": _user("basic"),
    "digest": _user("digest"),
    "apikey": _api_key,
    "awsv4": _aws,
    "oauth2": _oauth2,
}
"""Postman's type of authorisation -> the function that converts its parameters."""
