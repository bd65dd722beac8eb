"""The auth schemes that put a secret into a request unchanged: basic, bearer, and API key."""

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
    """Say whether *security_scheme* is an API key in the header `Authorization`.

    It may mean anything: Swagger 2.0 has no bearer scheme, so many describe a bearer token like
    that.
    """
    name = str(security_scheme.get("name", "")).lower()
    is_header = security_scheme.get("in") == "header" and name == "authorization"
    return security_scheme.get("type") == "apiKey" and is_header


def is_http(security_scheme: Mapping[str, Any], name: str) -> bool:
    """Say whether *security_scheme* describes the HTTP authentication scheme *name*."""
    is_http_scheme = security_scheme.get("type") == "http"
    return is_http_scheme and str(security_scheme.get("scheme", "")).lower() == name


def asks_for_token(security_scheme: Mapping[str, Any]) -> bool:
    """Say whether *security_scheme* may be met by a bearer token."""
    is_token = security_scheme.get("type") in ("oauth2", "openIdConnect")
    is_bearer = is_token or is_http(security_scheme, "bearer")
    return is_bearer or is_authorization(security_scheme)


class Basic:
    """`Authorization: Basic` with user name and password, in UTF-8 (RFC 7617)."""

    name = "basic"
    fields: Mapping[str, str] = {"username": "text", "password": "secret"}

    def fits(self, security_scheme: Mapping[str, Any]) -> bool:
        """Say whether *security_scheme* asks for a user name and a password."""
        return is_http(security_scheme, "basic") or is_authorization(security_scheme)

    def adds_same_header(self, credential: Credential) -> bool:
        """Return True: the header does not depend on the request."""
        return True

    def authorise(self, request: OutgoingRequest, credential: Credential) -> None:
        """Set the header. Raises `CodedError` for a colon in the user name (RFC 7617, section
        2).
        """
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
        """Say whether *security_scheme* asks for a bearer token."""
        return asks_for_token(security_scheme)

    def adds_same_header(self, credential: Credential) -> bool:
        """Return True: the header does not depend on the request."""
        return True

    def authorise(self, request: OutgoingRequest, credential: Credential) -> None:
        """Set the header. Raises `CodedError` for a token that is not visible ASCII."""
        token = _value(credential, "token")
        if not re.fullmatch(r"[!-~]+", token):  # more than b64token allows: real tokens have more
            raise CodedError("credential-token-text")
        request.set_header("Authorization", "Bearer " + token)


class ApiKey:
    """A key in a header, the query or a cookie (OpenAPI: Security Scheme Object, `apiKey`), or in a
    field of the body, which OpenAPI cannot describe.
    """

    name = "apiKey"
    fields: Mapping[str, str] = {"key": "secret", "name": "optional text", "in": "optional text"}

    def fits(self, security_scheme: Mapping[str, Any]) -> bool:
        """Say whether *security_scheme* asks for an API key."""
        return security_scheme.get("type") == "apiKey"

    def adds_same_header(self, credential: Credential) -> bool:
        """Say whether *credential* itself says where its key goes.

        Otherwise that depends on the request, too: the endpoint may ask for several keys, some of
        which the request already has.
        """
        return {"in", "name"} <= credential.fields.keys()

    def authorise(self, request: OutgoingRequest, credential: Credential) -> None:
        """Put the key where `in` and `name` say; `completed` has filled them in if necessary."""
        location, name, key = (_value(credential, field) for field in ("in", "name", "key"))
        put(request, location, name, key)
