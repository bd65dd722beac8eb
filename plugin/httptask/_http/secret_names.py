"""What looks like a secret: by the name it stands under, or by its own text."""

from __future__ import annotations

import base64
import binascii
import re

NAMES = (
    r"^(?!.*(?:page|next|sync|skip|delta|cursor|resume|change|client|request|position|marker|start(?:ing)?|continu(?:e|ation)"
    r"|pagination|cancell?ation|idempoten(?:cy|t))[-_. ]?token$)"
    r"(?:(?:proxy-?)?authorization|(?:set-?)?cookie2?|bearer|jwt|auth|phpsessid|jsessionid|connect[.]sid"
    r"|(?:.*[-_. ])?(?:pwd|sig)"
    r"|.*(?:passw(?:or)?d(?:[-_."
    r" ]?(?:confirmation|confirm|repeat|again))?|pass(?:phrase|code)|token"
    r"|secret(?:[-_. ]?(?:access)?[-_. ]?key)?"
    r"|(?:api|access|auth|private|signing|encryption|subscription|functions|account|master|shared)[-_."
    r" ]?key))$"
)
"""Names whose values are secrets, as a pattern without regard to case that Python and ECMAScript
read alike. It looks at how a name ends: `access_token` is one, and `max_tokens`, `token_type` and
`password_policy` are none. A token that says where in a list to go on (`page_token`), or that a
request is the same (`client_token`), opens nothing."""

_NAME = re.compile(NAMES, re.IGNORECASE)
_SESSION = re.compile(r"(?:^|[-_.])(?:sess(?:ion)?(?:[-_.]?(?:id|key))?|sid)$", re.IGNORECASE)
_LEFT = r"(?<![A-Za-z0-9_-])"
_TEXT = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY"
    rf"|{_LEFT}(?:"
    r"[sr]k_(?:live|test)_[0-9A-Za-z]{6,}|sk-(?:ant-|proj-)?[0-9A-Za-z_-]{20,}|whsec_[0-9A-Za-z+/]{12,}"
    r"|gh[pousr]_[0-9A-Za-z]{6,}|github_pat_[0-9A-Za-z_]{12,}|glpat-[0-9A-Za-z_-]{12,}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{12,}|AIza[0-9A-Za-z_-]{30,}|xox[abeoprs]-[0-9A-Za-z-]{6,}|xapp-[0-9]-[0-9A-Za-z-]{6,}"
    r"|SG[.][0-9A-Za-z_-]{16,}[.][0-9A-Za-z_-]{16,}|npm_[0-9A-Za-z]{30,}"
    r"|eyJ[0-9A-Za-z_-]{6,}[.][0-9A-Za-z_-]{6,}[.][0-9A-Za-z_-]*"  # RFC 7519, section 3.1
    r")"
)
_BEARER = re.compile(
    r"(?i)bearer +(?=[^ ]*[0-9]|[^ ]{20})[-A-Za-z0-9._~+/]{6,}=*"
)  # RFC 6750, section 2.1
_BASIC = re.compile(r"(?i)basic +([A-Za-z0-9+/]{4,}={0,2})")


def is_secret_name(name: str, group: str = "body") -> bool:
    """Say whether what stands under *name* in the *group* of an `httpRequest` is a secret.

    What identifies a session is one where it comes with every request; in a body it may be any
    session's.
    """
    is_of_session = group in _EVERY_REQUEST and _SESSION.search(name.strip()) is not None
    return is_of_session or _NAME.search(name.strip()) is not None


_EVERY_REQUEST = frozenset(("headers", "cookies"))


def is_secret_text(text: str) -> bool:
    """Say whether *text* is a secret by itself, or holds one: a token of a known make, a private
    key, credentials.
    """
    return (
        _TEXT.search(text) is not None
        or _BEARER.fullmatch(text.strip()) is not None
        or _is_basic(text.strip())
    )


def _is_basic(text: str) -> bool:
    """Say whether *text* is user and password (RFC 7617, section 2), and not a word behind the word
    Basic.
    """
    match = _BASIC.fullmatch(text)
    if match is None:
        return False
    try:
        return b":" in base64.b64decode(
            match[1] + "=" * (-len(match[1].rstrip("=")) % 4), validate=False
        )
    except (binascii.Error, ValueError):
        return False
