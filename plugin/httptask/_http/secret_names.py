"""Recognising secrets by their names, or by their text."""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from httptask._core.redaction import MASK

NAMES = (
    # Tokens that are not secret
    r"^(?!.*(?:page|next|sync|skip|delta|cursor|resume|change|client|request|position|marker"
    r"|start(?:ing)?|continu(?:e|ation)|pagination|cancell?ation|idempoten(?:cy|t))[-_. ]?token$)"
    # Whole names
    r"(?:(?:proxy-?)?authorization|(?:set-?)?cookie2?|bearer|jwt|auth|phpsessid|jsessionid"
    r"|connect[.]sid"
    # Last words of names
    r"|(?:.*[-_. ])?(?:pwd|sig)"
    # Ends of names
    r"|.*(?:passw(?:or)?d(?:[-_. ]?(?:confirmation|confirm|repeat|again))?|pass(?:phrase|code)"
    r"|token|secret(?:[-_. ]?(?:access)?[-_. ]?key)?"
    r"|(?:api|access|auth|private|signing|encryption|subscription|functions|account|master|shared)"
    r"[-_. ]?key))$"
)
"""A pattern for the names of secrets, to be matched without regard to case. It has the same meaning
in Python and ECMAScript.

The end of a name decides: `access_token` is secret; `max_tokens`, `token_type` and
`password_policy` are not. Neither is a token that marks a position in a list (`page_token`), or
that identifies a repeated request (`client_token`).
"""

_NAME = re.compile(NAMES, re.IGNORECASE)
_SESSION = re.compile(r"(?:^|[-_.])(?:sess(?:ion)?(?:[-_.]?(?:id|key))?|sid)$", re.IGNORECASE)
_LEFT = r"(?<![A-Za-z0-9_-])"
_TEXT = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY"
    rf"|{_LEFT}(?:"
    r"[sr]k_(?:live|test)_[0-9A-Za-z]{6,}|sk-(?:ant-|proj-)?[0-9A-Za-z_-]{20,}"
    r"|whsec_[0-9A-Za-z+/]{12,}"
    r"|gh[pousr]_[0-9A-Za-z]{6,}|github_pat_[0-9A-Za-z_]{12,}|glpat-[0-9A-Za-z_-]{12,}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{12,}|AIza[0-9A-Za-z_-]{30,}"
    r"|xox[abeoprs]-[0-9A-Za-z-]{6,}|xapp-[0-9]-[0-9A-Za-z-]{6,}"
    r"|SG[.][0-9A-Za-z_-]{16,}[.][0-9A-Za-z_-]{16,}|npm_[0-9A-Za-z]{30,}"
    r"|eyJ[0-9A-Za-z_-]{6,}[.][0-9A-Za-z_-]{6,}[.][0-9A-Za-z_-]*"  # RFC 7519, section 3.1
    r")"
)
# RFC 6750, section 2.1. A token, unlike a word, has a digit or at least 20 characters.
_BEARER = re.compile(r"(?i)bearer +(?=[^ ]*[0-9]|[^ ]{20})[-A-Za-z0-9._~+/]{6,}=*")
_PASSWORD = re.compile(r"://[^/?#\s:@]*:([^/?#\s]+)@")
_BASIC = re.compile(r"(?i)basic +([A-Za-z0-9+/]{4,}={0,2})")


def is_secret_name(name: str, group: str = "body") -> bool:
    """Say whether the value of *name* in the *group* of an `httpRequest` is a secret.

    A session identifier is a secret in the headers and cookies; elsewhere it may be that of another
    session.
    """
    name = name.strip()
    comes_always = group in _EVERY_REQUEST
    # Answers are cached: the pattern takes ten microseconds, and the same names occur often.
    ask = _is_secret if len(name) <= _LONGEST_KEPT else _is_secret.__wrapped__
    return ask(name, comes_always)


_EVERY_REQUEST = frozenset(("headers", "cookies"))
_LONGEST_KEPT = 100
"""The most characters of a name whose answer is cached."""


@lru_cache(4096)
def _is_secret(name: str, comes_always: bool) -> bool:
    is_of_session = comes_always and _SESSION.search(name) is not None
    return is_of_session or _NAME.search(name) is not None


def is_secret_text(text: str) -> bool:
    """Say whether *text* contains a token of a known service or a private key, or is the value of
    an `Authorization` header.
    """
    return (
        _TEXT.search(text) is not None
        or _BEARER.fullmatch(text.strip()) is not None
        or basic_password(text.strip()) is not None
    )


def is_secret(name: str, value: Any, group: str = "body") -> bool:
    """Say whether the JSON *value* of *name* in *group* is a secret, by its name or its text."""
    if isinstance(value, bool) or value is None or value == "":
        return False
    return is_secret_name(name, group) or (isinstance(value, str) and is_secret_text(value))


def masked_value(value: Any, name: str = "") -> Any:
    """Return the JSON *value* with every secret in it masked, recognised by name or by text.

    *name* is the name of *value* in a body.
    """
    if isinstance(value, dict):
        return {key: masked_value(item, str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [masked_value(item, name) for item in value]
    return MASK if is_secret(name, value) else value


def tokens_in(text: str) -> list[str]:
    """Return each token of a known service, and the first line of each private key, in *text*."""
    return [match[0] for match in _TEXT.finditer(text)]


def passwords_in(text: str) -> list[str]:
    """Return the password in the user information of each URL in *text* (RFC 3986, section
    3.2.1), as it is written, and decoded.
    """
    return [form for match in _PASSWORD.finditer(text) for form in {match[1], unquote(match[1])}]


def masked_texts(text: str, mask: str) -> str:
    """Replace each private key's first line and each token of a known service in *text* by
    *mask*.
    """
    return _TEXT.sub(mask, text)


def basic_password(text: str) -> str | None:
    """Return the password in *text*, which is `Basic` and the base64 of a user and a password
    (RFC 7617, section 2); None if it is not.
    """
    match = _BASIC.fullmatch(text)
    if match is None:
        return None
    digits = match[1]
    padding = "=" * (-len(digits.rstrip("=")) % 4)
    try:
        pair = base64.b64decode(digits + padding, validate=False)
    except (binascii.Error, ValueError):
        return None
    _, colon, password = pair.partition(b":")
    return password.decode("utf-8", "replace") if colon else None
