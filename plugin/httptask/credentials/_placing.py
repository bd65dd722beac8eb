"""Putting a secret into a request: a header, the query, a cookie, or a field of the body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from httptask._http.syntax import COOKIE_VALUE, TOKEN
from httptask.credentials._body_field import put_into_body
from httptask.errors import CodedError
from httptask.model.exchange import OutgoingRequest

PLACES = ("header", "query", "cookie", "body")


SEND_AS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "in": {"enum": list(PLACES)},
        "name": {"type": "string", "minLength": 1},
        "prefix": {"type": "string"},
    },
    "additionalProperties": False,
    "description": "Where the token stands in a request; Authorization: Bearer.",
}
"""The JSON Schema of a credential's `sendAs`."""


def put_token(
    request: OutgoingRequest,
    send_as: Mapping[str, str],
    token: str,
    token_type: str,
) -> None:
    """Put *token* into *request* where *send_as* says, by default as in RFC 6750, section 2."""
    location = send_as.get("in", "header")
    name = send_as.get("name")
    is_header = location == "header"
    prefix = send_as.get("prefix", f"{token_type} " if is_header and not name else "")
    name = name or ("Authorization" if is_header else "access_token")
    put(request, location, name, prefix + token)


def put(
    request: OutgoingRequest,
    location: str,
    name: str,
    secret: str,
) -> None:
    """Put *secret* into *request* as *name* in *location*. Raises `ValueError` if it cannot be
    sent.
    """
    if location == "header":
        request.set_header(name, secret)
    elif location == "query":
        joint = "&" if "?" in request.url else "?"
        request.url += f"{joint}{quote(name, safe='')}={quote(secret, safe='')}"
    elif location == "cookie":
        # No escaping is defined for cookies (RFC 6265, section 4.1.1): what does not fit cannot be
        # sent.
        if not TOKEN.fullmatch(name) or not COOKIE_VALUE.fullmatch(secret):
            raise CodedError("credential-cookie")
        cookies = [old for old in (request.header("Cookie"),) if old]
        request.set_header("Cookie", "; ".join([*cookies, f"{name}={secret}"]))
    elif location == "body":
        put_into_body(request, name, secret)
    else:
        raise CodedError("credential-place", found=location, known=list(PLACES))
