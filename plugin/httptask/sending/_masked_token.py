"""Masking token requests and their responses, so that an exchange may show them.

Known secrets are masked wherever they appear. Values are also masked by their names (`password`,
`access_token`): a token may be new, and a password too short to be searched for.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from httptask._core.redaction import MASK, Redactor, secret_part
from httptask._core.strict_json import JsonError, parse
from httptask._http.secret_names import is_secret_name
from httptask.errors import CredentialError
from httptask.model.authorisation import AuthResponse
from httptask.model.exchange import (
    Headers,
    OutgoingRequest,
    RawResponse,
    SentRequest,
    SubExchange,
)
from httptask.sending._authorising import TokenRecord
from httptask.sending._hop import SHOWN
from httptask.sending._retry import retry_after, server_time

_REQUEST_FIELDS = frozenset(
    ("code", "device_code", "code_verifier", "assertion", "client_assertion", "saml_response")
)
"""Fields of a token request that can be exchanged for a token (RFC 6749, 7521, 7636, 8628)."""
_RESPONSE_FIELDS = frozenset(("device_code", "assertion"))
"""Fields of a token response that can be exchanged for a token."""

_FORM = re.compile(r"(?:^|(?<=[&?]))([^=&?]+)=([^&]*)")
_STRING = r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)'
_STRINGS = rf"\[(?:\s*{_STRING}\s*,?)+\]?"
_MEMBER = re.compile(
    rf'"((?:[^"\\]|\\.){{0,200}})"(\s*:\s*)({_STRINGS}|{_STRING}|-?[0-9][0-9.eE+-]*)', re.DOTALL
)
"""A member of a JSON object whose value is a string, a list of strings, or a number. The text
around it need not be JSON: a response may have been cut off in the middle of a token. The length of
the name is limited, because a text of escaped quotes would otherwise take hours to search.
"""
_UNNAMED_TOKEN = re.compile(
    r"\A\s*(?=[^0-9\s]*[0-9])[^\s={}\[\]<>]{16,}=*\"?\s*\Z|\beyJ[\w-]{8,}\.[\w.-]+"
)
"""Tokens without a name: a response of one long word with a digit in it, and a JWT anywhere."""
_READ = 2 * SHOWN
"""The number of bytes of a body that are masked and shown. If the body is longer, the last quarter
of these bytes is dropped: the end may be the first half of a secret.
"""
_QUOTED = 500
"""The most bytes of a response that an error quotes."""


def secrets_of(request: OutgoingRequest, content: bytes) -> Iterator[str]:
    """Yield the secrets in a token *request* and its response *content* that their names reveal."""
    authorization = request.header("Authorization")
    if authorization is not None:
        yield secret_part("Authorization", authorization, None)[1]
    body = request.body if isinstance(request.body, bytes) else b""
    for text, names in ((body, _REQUEST_FIELDS), (content, _RESPONSE_FIELDS)):
        yield from _values(text.decode("utf-8", "replace"), names)


def token_body(content: bytes, *, is_answer: bool = True) -> str:
    """Return *content*, the body of a token request or response, with secrets masked by name.

    In a response (*is_answer*) tokens without a name are masked, too.
    """
    # UTF-16 has NUL bytes between the letters: without them, names and tokens can be recognised.
    text = content.decode("utf-8", "replace").replace("\0", "")
    if is_answer:
        text = _UNNAMED_TOKEN.sub(MASK, text)
    return _masked(text, _RESPONSE_FIELDS if is_answer else _REQUEST_FIELDS)


def refused(
    response: AuthResponse,
    credential: str,
    what: str,
    advice: str,
    redactor: Redactor,
) -> CredentialError:
    """Return the error for *response*, which refused a token request of *credential*.

    See `httptask.protocols.AuthContext.failure`.
    """
    status = response.status
    text = redactor.text(token_body(response.body[:_READ]))
    quoted = " ".join(text.encode()[:_QUOTED].decode("utf-8", "ignore").split())
    is_page = "html" in response.media_type
    return CredentialError.of(
        "credential-refused",
        name=credential,
        schemeMessage=what,
        schemeAdvice=advice or None,
        status=status,
        serverPage=quoted if is_page else None,
        serverMessage=quoted if quoted and not is_page else None,
        status_code=status,
        retryable=status == 429 or status >= 500,
        retry_after=retry_after(
            response.header_lines("Retry-After"), server_time(response.header_lines("Date"))
        ),
    )


def sub_exchange(record: TokenRecord, redactor: Redactor) -> SubExchange:
    """Convert the token request *record* to a masked part of an exchange."""
    hop = record.hop
    request = record.hop.request
    body = request.body if isinstance(request.body, bytes) else request.body.shown
    sent = SentRequest(
        request.method,
        redactor.text(_masked(request.url, _REQUEST_FIELDS)),
        _headers(hop.sent_headers or tuple(request.headers), redactor),
        redactor.text(token_body(body, is_answer=False)).encode(),
        len(request.body),
    )
    shown = hop.shown(sent, _response(record, redactor), redactor)
    return SubExchange("token", record.before_hop, shown)


def _response(record: TokenRecord, redactor: Redactor) -> RawResponse | None:
    """Convert the response to a token request for an exchange: shortened, with its secrets
    masked.
    """
    received = record.hop.received
    if received is None:
        return None
    encoding = received.content_encoding
    notes = [*received.notes]
    content = record.content if record.content or encoding else bytes(received.body)
    if encoding:
        notes.append(f"the body is shown without its Content-Encoding, {encoding}")
    masked_text = redactor.text(token_body(content[:_READ]))
    is_cut = len(content) > _READ
    if is_cut:
        # The cut may have split a secret, which masking then does not know: drop what may be half
        # of one.
        masked_text = masked_text[: -len(masked_text) // 4]
    decoded: Any = masked_text or None
    decoded_as = "text" if masked_text else None
    with contextlib.suppress(JsonError):
        decoded = parse(masked_text)
        decoded_as = "json"
    return RawResponse(
        http_version=received.http_version,
        status_code=received.status_code,
        reason_phrase=redactor.text(received.reason_phrase),
        headers=_headers(received.headers, redactor),
        body=masked_text.encode(),
        decoded=decoded,
        decoded_as=decoded_as,
        size=received.size,
        truncated=is_cut,
        notes=tuple(redactor.text(note) for note in notes),
    )


def _headers(headers: Headers, redactor: Redactor) -> Headers:
    shown = []
    for name, value in headers:
        is_secret = is_secret_name(name, "headers")
        scheme, space, _ = value.partition(" ")
        is_scheme = name.lower() == "authorization" and space
        masked = (scheme + space if is_scheme else "") + MASK if is_secret else value
        if name.lower() in ("location", "content-location", "link"):
            masked = _masked(masked, _REQUEST_FIELDS)
        shown.append((name, masked))
    return redactor.pairs(shown)


def _is_secret(name: str, names: frozenset[str]) -> bool:
    if "\\" in name:
        with contextlib.suppress(ValueError):
            name = json.loads(f'"{name}"')
    return name.strip().lower() in names or is_secret_name(name)


def _values(text: str, names: frozenset[str]) -> Iterator[str]:
    """Yield the values in *text* whose names are secret or in *names*: JSON members and form
    fields.
    """
    for member in _MEMBER.finditer(text):
        if _is_secret(member[1], names) and member[3].startswith('"'):
            try:
                yield json.loads(member[3])
            except ValueError:
                yield member[3].strip('"')
    if _is_json(text):
        return
    for pair in _FORM.finditer(text):
        if _is_secret(unquote_plus(pair[1]), names):
            yield unquote_plus(pair[2])


def _masked(text: str, names: frozenset[str]) -> str:
    """Mask the values in *text* whose names are secret or in *names*: JSON members and form
    fields.
    """
    # JSON members are masked even if the text as a whole is not JSON: it may begin with `)]}'`, a
    # guard against script inclusion, or be an HTML page.
    text = _MEMBER.sub(
        lambda member: (
            f'"{member[1]}"{member[2]}"{MASK}"' if _is_secret(member[1], names) else member[0]
        ),
        text,
    )
    if _is_json(text):
        return text
    return _FORM.sub(
        lambda pair: f"{pair[1]}={MASK}" if _is_secret(unquote_plus(pair[1]), names) else pair[0],
        text,
    )


def _is_json(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")
