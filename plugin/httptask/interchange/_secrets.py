"""Move the secrets of a pasted request to credentials: workflow definitions contain no secrets.

Secrets are found in `Authorization`, in the user information of the URL, in cookies, and in headers
and query values with the name of a key.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection
from urllib.parse import unquote, unquote_plus

from httptask._http.secret_names import is_secret_name, is_secret_text
from httptask._http.syntax import COOKIE_VALUE, TOKEN
from httptask.errors import reason
from httptask.interchange._blanks import Blanks
from httptask.interchange._captured import Captured
from httptask.interchange._keeping import Keeping
from httptask.model.api import Endpoint

_SIGNED = {
    "digest": reason("digest-answer"),
    "aws4-hmac-sha256": reason("signature-aws"),
    "negotiate": reason("authorisation-unknown"),
    "ntlm": reason("authorisation-unknown"),
    "oauth": reason("signature", scheme="OAuth 1.0"),
    "hawk": reason("signature"),
}
"""Scheme of `Authorization` whose value cannot be sent again -> the reason."""


_LABELS = {
    "basic": "the user name and password",
    "digest": "the user name and password",
    "bearer": "the token",
    "apiKey": "the API key",
    "awsSigV4": "the keys of AWS",
    "oauth2": "the client of OAuth 2.0",
}
"""Auth scheme -> the name of its secret in messages."""


def names_of_keys(endpoint: Endpoint | None) -> frozenset[str]:
    """Return the names of the API keys in the security schemes of *endpoint*, in lower case."""
    schemes = endpoint.security_schemes.values() if endpoint is not None else ()
    key_schemes = [scheme for scheme in schemes if scheme.get("type") == "apiKey"]
    return frozenset(str(scheme.get("name", "")).lower() for scheme in key_schemes)


def take_secrets(
    captured: Captured,
    endpoint: Endpoint | None,
    keeping: Keeping,
    blanks: Blanks,
) -> list[str]:
    """Move the secrets in *captured*, except in its body, to credentials; return their names."""
    keys = names_of_keys(endpoint)
    names = [
        *_authorisation(captured, keeping),
        *_cookies(captured, endpoint, keeping),
        *_headers(captured, keys, keeping, blanks),
        *_query(captured, keys, keeping, blanks),
    ]
    return list(dict.fromkeys(names))


def _authorisation(captured: Captured, keeping: Keeping) -> list[str]:
    # Also if the header decides: the password must not stay in the URL.
    user = _user_information(captured)
    header_values = captured.take_headers("Authorization")
    auth = _auth_of(header_values[-1], captured) if header_values else captured.auth or user
    if auth is None:
        return []
    scheme, fields = auth
    label = "the header Authorization" if header_values else _LABELS.get(scheme, f"its {scheme}")
    suffix = ""
    if scheme == "apiKey":
        suffix = fields.get("name", "")
    if scheme == "basic" and "password" not in fields:
        captured.lose("password-asked")
        fields = {**fields, "password": ""}
    return [keeping.keep(captured, scheme, fields, label, suffix)]


def _user_information(captured: Captured) -> tuple[str, dict[str, str]] | None:
    """Remove `user:password@` from the URL; return it as an auth scheme, or None without it."""
    match = re.match(r"([^/?#]*//)([^/?#]*)@", captured.url)
    if match is None:
        return None
    captured.url = match[1] + captured.url[match.end() :]
    user, _, password = match[2].partition(":")
    return "basic", {"username": unquote(user), "password": unquote(password)}


def _auth_of(value: str, captured: Captured) -> tuple[str, dict[str, str]] | None:
    """Convert *value*, of the header `Authorization`, to (auth scheme, fields).

    Return None, with a problem, if the value cannot be sent again.
    """
    scheme, _, credentials = value.strip().partition(" ")
    credentials = credentials.strip()
    if scheme.lower() in _SIGNED:
        captured.lose(
            "secret-left-out",
            label="the header Authorization",
            reason=_SIGNED[scheme.lower()],
        )
        return None
    if scheme == "Bearer" and re.fullmatch(r"[!-~]+", credentials):
        return "bearer", {"token": credentials}
    if scheme.lower() == "basic" and (pair := _basic(credentials)) is not None:
        user, _, password = pair.partition(":")
        return "basic", {"username": user, "password": password}
    return "apiKey", {
        "in": "header",
        "name": "Authorization",
        "key": value.strip(),
    }


def _basic(digits: str) -> str | None:
    # Without its padding (RFC 4648, section 3.2), the pair can still be read.
    padding = "=" * (-len(digits) % 4)
    try:
        pair = base64.b64decode(digits + padding, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    return pair if ":" in pair else None


def _cookies(
    captured: Captured,
    endpoint: Endpoint | None,
    keeping: Keeping,
) -> list[str]:
    """Move cookies to credentials, except those that *endpoint* describes and that are no secret.

    Cookies that cannot be sent one by one become one credential with the whole header.
    """
    header = "; ".join(captured.take_headers("Cookie"))
    pieces = [piece.strip() for piece in header.split(";")]
    cookies = [piece.partition("=") for piece in pieces if piece]
    described = {
        parameter.name
        for parameter in (endpoint.parameters if endpoint is not None else ())
        if parameter.location == "cookie" and not is_secret_name(parameter.name, "cookies")
    }
    described_cookies = [(name, value) for name, _, value in cookies if name in described]
    if described_cookies:  # put back: they go to the settings
        captured.headers.append(
            ("Cookie", "; ".join(f"{name}={value}" for name, value in described_cookies))
        )
    secret = [(name, value) for name, _, value in cookies if name not in described]
    if not secret:
        return []
    sendable = [
        bool(TOKEN.fullmatch(name) and COOKIE_VALUE.fullmatch(value)) for name, value in secret
    ]
    if all(sendable) and (described_cookies or len(secret) == 1):
        return [
            keeping.keep(
                captured,
                "apiKey",
                {"in": "cookie", "name": name, "key": value},
                f"the cookie {name}",
                f"{name}-cookie",
            )
            for name, value in secret
        ]
    cookie_header = "; ".join(f"{name}={value}" for name, value in secret)
    label = f"the cookies {', '.join(name for name, _ in secret[:8])}"
    fields = {
        "in": "header",
        "name": "Cookie",
        "key": cookie_header,
    }
    return [keeping.keep(captured, "apiKey", fields, label, "cookie")]


def _is_secret(
    name: str,
    value: str,
    group: str,
    keys: Collection[str],
    blanks: Blanks,
) -> bool:
    """Say whether *value* is a secret, by *name*, by its text, or by the names of blanks in it."""
    return (
        name.lower() in keys
        or is_secret_name(name, group)
        or is_secret_text(value)
        or any(is_secret_name(variable) for variable in blanks.names(value))
    )


def _headers(
    captured: Captured,
    keys: Collection[str],
    keeping: Keeping,
    blanks: Blanks,
) -> list[str]:
    """Move secret headers to credentials, except `Cookie` (see `_cookies`)."""
    remaining = []
    names = []
    for name, value in captured.headers:
        is_secret = _is_secret(name, value, "headers", keys, blanks)
        if is_secret and value and name.lower() not in ("cookie", "proxy-authorization"):
            fields = {
                "in": "header",
                "name": name,
                "key": value,
            }
            names.append(keeping.keep(captured, "apiKey", fields, f"the header {name}", name))
        else:
            remaining.append((name, value))
    captured.headers = remaining
    return names


def _query(
    captured: Captured,
    keys: Collection[str],
    keeping: Keeping,
    blanks: Blanks,
) -> list[str]:
    """Move secret query values to credentials; the other pairs stay as they are."""
    address, question, query = captured.url.partition("?")
    remaining = []
    names = []
    for pair in query.split("&") if question else ():
        raw_name, equals, raw_value = pair.partition("=")
        name = unquote_plus(raw_name)
        value = unquote_plus(raw_value)
        is_secret = _is_secret(name, value, "query", keys, blanks)
        if is_secret and equals and value:
            fields = {
                "in": "query",
                "name": name,
                "key": value,
            }
            label = f"the query value {name}"
            names.append(keeping.keep(captured, "apiKey", fields, label, name))
        else:
            remaining.append(pair)
    captured.url = address + (question + "&".join(remaining) if remaining else "")
    return names
