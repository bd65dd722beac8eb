"""Reading the response of a token endpoint: a token or an error (RFC 6749, section 5)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from httptask._core.strict_json import JsonError, parse
from httptask._http.syntax import http_date
from httptask.credentials.oauth2._authentication import AUTHENTICATIONS
from httptask.errors import CredentialError, TaskError
from httptask.model.authorisation import AuthResponse, Token

if TYPE_CHECKING:
    from httptask.credentials.oauth2._client import Client

_LONGEST = 10 * 365 * 86_400.0
"""Ten years, in seconds. Longer lifetimes of tokens are clamped to this."""

_CLOCKS_DIFFER_SECONDS = 60.0

_REFUSED = {
    "invalid_scope": "credential-scopes-refused",
    "unauthorized_client": "credential-grant-not-allowed",
    "unsupported_grant_type": "credential-grant-unknown",
    "invalid_target": "credential-target-refused",
}
"""Error of the server (RFC 6749, section 5.2; RFC 8707, section 2) -> code of our error."""

_SCHEME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SENDABLE = re.compile(r"[!-~](?:[ -~]*[!-~])?")


def error_of(response: AuthResponse) -> str:
    """Return the `error` in *response* (RFC 6749, section 5.2), or ""."""
    answer = answer_of(response)
    error = answer.get("error") if isinstance(answer, Mapping) else None
    if isinstance(error, str):
        return error[:80]
    return ""


async def token_of(response: AuthResponse, client: Client) -> Token:
    """Return the token in *response*. Raises `CredentialError` if there is none."""
    answer = answer_of(response)
    error = answer.get("error") if isinstance(answer, Mapping) else None
    # Some servers send errors with 200. With `tokenAt`, `error` may be a field of the answer
    # itself.
    if not 200 <= response.status < 300 or (error and not client.token_at):
        error_code = error[:80] if isinstance(error, str) else ""
        raise _refusal(response, error_code, client)
    if answer is None:
        is_page = response.text().lstrip().startswith("<")
        code = "credential-token-page" if is_page else "credential-token-unread"
        raise client.failed(response, code)
    access_token = await _value_at(answer, "accessToken", "access_token", client)
    if not isinstance(access_token, str) or not _SENDABLE.fullmatch(access_token):
        where = client.token_at.get("accessToken", "access_token")
        raise client.failed(response, "credential-token-absent", place=where)
    token_type = await _value_at(answer, "tokenType", "token_type", client)
    expires_in = await _value_at(answer, "expiresIn", "expires_in", client)
    return Token(
        access_token,
        _token_type(token_type, response, client),
        seconds_of(expires_in, client.expires_in_default),
        await _text_at(answer, "refreshToken", "refresh_token", client),
        await _text_at(answer, "idToken", "id_token", client),
        await _text_at(answer, "scope", "scope", client),
    )


async def _text_at(
    answer: Any,
    name: str,
    field: str,
    client: Client,
) -> str | None:
    """Return the value of `_value_at` if it is a text that is not empty, or None."""
    value = await _value_at(answer, name, field, client)
    if isinstance(value, str) and value:
        return value
    return None


def answer_of(response: AuthResponse) -> Any:
    """Parse the body of *response* as JSON, or as a form; None if it is neither.

    The media type is ignored: servers send JSON as text/html, and forms as text/plain. Repeated
    names and encodings other than UTF-8 are accepted, too: a token is ASCII.
    """
    text = response.text().strip().removeprefix("\ufeff")
    if text[:1] in ("{", "["):
        try:
            return parse(text, unique_names=False)
        except JsonError:
            return None
    if "=" in text and text[:1] != "<" and "\n" not in text:
        return dict(parse_qsl(text, keep_blank_values=True))
    return None


async def _value_at(
    answer: Any,
    name: str,
    field: str,
    client: Client,
) -> Any:
    """Return the value *name* in *answer*, at the path in `tokenAt`, else in the member *field*.

    Returns None if it is absent.
    """
    path = client.token_at.get(name)
    if path is None:
        if isinstance(answer, Mapping):
            return answer.get(field)
        return None
    try:
        return await client.context.evaluate(f"${{{path}}}", answer)
    except TaskError:  # the answer has no value at this path
        return None


def seconds_of(value: Any, default: float | None) -> float | None:
    """Return the lifetime in seconds from *value*, of `expires_in`: a number, or a number as text.

    Returns *default* if *value* is not a number above 0.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return default
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return default
    if math.isfinite(seconds) and seconds > 0:
        return min(seconds, _LONGEST)
    return default


def _token_type(value: Any, response: AuthResponse, client: Client) -> str:
    """Return the authentication scheme to send the token with (RFC 6749, section 7.1)."""
    if client.has_prefix or not isinstance(value, str):
        return "Bearer"
    # `N_A` is the type of a token that is no access token (RFC 8693, section 2.2.1).
    if value.lower() in ("", "bearer", "n_a"):
        return "Bearer"
    # These need a proof of a key in each request, which we do not have.
    if value.lower() in ("mac", "pop", "dpop") or not _SCHEME.fullmatch(value):
        raise client.failed(response, "credential-token-type", type=value[:40])
    return value


def _refusal(response: AuthResponse, error: str, client: Client) -> CredentialError:
    """Return the error for *response*, which contains no token."""
    location = response.header("Location")
    if 300 <= response.status < 400 and location:
        # The query is not shown: it may contain a token or a code.
        target = location.partition("?")[0].partition("#")[0]
        return client.failed(response, "credential-token-redirected", target=target)
    if not error and response.status == 401:
        error = "invalid_client"  # RFC 6749, section 5.2
    params = {"error": error or None, **_clock_difference(response, client)}
    if error == "invalid_client":
        return client.failed(
            response,
            "credential-client-refused",
            **_authentication_methods(client),
            **params,
        )
    if error == "invalid_grant":
        return client.failed(response, client.grant.ended, **params)
    if error in _REFUSED:
        return client.failed(response, _REFUSED[error], **params)
    # A page instead of JSON: the URL leads to a site for people.
    is_page = response.text().lstrip().startswith("<")
    if is_page or response.status in (404, 405):
        return client.failed(response, "credential-token-url", **params)
    return client.failed(response, "credential-no-token", **params)


def _authentication_methods(client: Client) -> dict[str, Any]:
    """Return params that say how *client* authenticates, and how else it could with its fields."""
    names = client.names
    other_methods = [
        name
        for name, other in AUTHENTICATIONS.items()
        if name not in (client.authentication, "none")
        and set(other.required_of(names)) <= set(names)
    ]
    checked_fields = AUTHENTICATIONS[client.authentication].required_of(names)
    checked = [*checked_fields] or ["clientId"]
    return {
        "authentication": client.authentication,
        "checked": checked,
        "others": other_methods,
    }


def _clock_difference(response: AuthResponse, client: Client) -> dict[str, float]:
    """Return a param with the difference between the clocks if *client* has signed an assertion.

    The assertion contains the time, so a wrong clock may be the cause of the error.
    """
    date = http_date(response.header("Date") or "") if client.has_signed else None
    if date is None:
        return {}
    ahead = client.context.clock.wall() - date.timestamp()
    if abs(ahead) < _CLOCKS_DIFFER_SECONDS:
        return {}
    if ahead > 0:
        return {"secondsAhead": ahead}
    return {"secondsBehind": -ahead}
