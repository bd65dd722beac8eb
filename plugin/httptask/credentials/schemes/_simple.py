"""The auth schemes that put a secret into a request as it is: basic, bearer, and an API key."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from httptask.credentials._placing import put
from httptask.errors import CodedError
from httptask.model.credential import Credential, Secret
from httptask.model.exchange import OutgoingRequest


def _value(credential: Credential, field: str) -> str:
    value = credential.fields[field]
    return value.reveal() if isinstance(value, Secret) else value


def is_authorization(security_scheme: Mapping[str, Any]) -> bool:
    """Say whether it describes any value of `Authorization`: Swagger 2.0 had no bearer scheme, and
    many describe theirs as an API key.
    """
    name = str(security_scheme.get("name", "")).lower()
    is_header = security_scheme.get("in") == "header" and name == "authorization"
    return security_scheme.get("type") == "apiKey" and is_header


def is_http(security_scheme: Mapping[str, Any], name: str) -> bool:
    """Say whether it describes the HTTP authentication scheme *name*."""
    is_http_scheme = security_scheme.get("type") == "http"
    return is_http_scheme and str(security_scheme.get("scheme", "")).lower() == name


def asks_for_token(security_scheme: Mapping[str, Any]) -> bool:
    """Say whether it describes a bearer token of any make."""
    is_token = security_scheme.get("type") in ("oauth2", "openIdConnect")
    is_bearer = is_token or is_http(security_scheme, "bearer")
    return is_bearer or is_authorization(security_scheme)


class Basic:
    """`Authorization: Basic`, user name and password in UTF-8 (RFC 7617)."""

    name = "basic"
    fields: Mapping[str, str] = {"username": "text", "password": "secret"}

    def fits(self, security_scheme: Mapping[str, Any]) -> bool:
        """Say whether it asks for a user name and a password."""
        return is_http(security_scheme, "basic") or is_authorization(security_scheme)

    def adds_same_header(self, credential: Credential) -> bool:
        """Say yes: it does not look at the request."""
        return True

    def authorise(self, request: OutgoingRequest, credential: Credential) -> None:
        """Set the header; a colon in the user name cannot be sent (RFC 7617, section 2)."""
        if ":" in _value(credential, "username"):
            raise CodedError("credential-user-colon")
        pair = f"{_value(credential, 'username')}:{_value(credential, 'password')}"
        request.set_header(
            "Authorization", "Basic " + base64.b64encode(pair.encode("utf-8")).decode("ascii")
        )


class Bearer:
    """`Authorization: Bearer` (RFC 6750, section 2.1)."""

    name = "bearer"
    fields: Mapping[str, str] = {"token": "secret"}

    def fits(self, security_scheme: Mapping[str, Any]) -> bool:
        """Say whether it asks for a token of any make."""
        return asks_for_token(security_scheme)

    def adds_same_header(self, credential: Credential) -> bool:
        """Say yes: it does not look at the request."""
        return True

    def authorise(self, request: OutgoingRequest, credential: Credential) -> None:
        """Set the header."""
        token = _value(credential, "token")
        if not re.fullmatch(r"[!-~]+", token):  # wider than the RFC's b64token, as tokens are
            raise CodedError("credential-token-text")
        request.set_header("Authorization", "Bearer " + token)


class ApiKey:
    """A key under a name, in a header, the query or a cookie (OpenAPI: Security Scheme Object,
    `apiKey`), or in a field of the body, which OpenAPI has no word for.
    """

    name = "apiKey"
    fields: Mapping[str, str] = {"key": "secret", "name": "optional text", "in": "optional text"}

    def fits(self, security_scheme: Mapping[str, Any]) -> bool:
        """Say whether it asks for an API key."""
        return security_scheme.get("type") == "apiKey"

    def adds_same_header(self, credential: Credential) -> bool:
        """Say whether *credential* itself says where its key goes: else the request is looked at,
        too, for what the endpoint asks for and has already.
        """
        return {"in", "name"} <= credential.fields.keys()

    def authorise(self, request: OutgoingRequest, credential: Credential) -> None:
        """Put the key where the credential's `in` says, or else the endpoint's security schemes."""
        place, name, key = (_value(credential, field) for field in ("in", "name", "key"))
        put(request, place, name, key)
