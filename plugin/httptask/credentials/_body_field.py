"""Putting a secret into a field of a body: JSON, a form, or multipart."""

from __future__ import annotations

from dataclasses import replace
from email.message import Message
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from httptask._core.pointers import child, parts
from httptask._core.strict_json import JsonError, dump, parse
from httptask._http.media_types import JSON, reading_of
from httptask.errors import CodedError

if TYPE_CHECKING:
    from httptask.model.exchange import OutgoingRequest

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"


def put_into_body(request: OutgoingRequest, name: str, secret: str) -> None:
    """Put *secret* into the body of *request* as the field *name*; in JSON, *name* may be a JSON
    Pointer.

    In JSON and URL-encoded forms an existing field *name* is replaced. Raises `ValueError` for a
    body without fields.
    """
    content_type = request.header("Content-Type") or ""
    media_type = content_type.partition(";")[0].strip().lower()
    body = request.body
    # A compressed body would have to be unpacked and packed again to hold the field.
    if request.header("Content-Encoding") not in (None, "identity"):
        raise CodedError("credential-body-encoded")
    if not body and not media_type:
        request.set_header("Content-Type", _FORM)
        media_type = _FORM
    if media_type == _MULTIPART:
        _put_into_multipart(request, content_type, name, secret)
    elif not isinstance(body, bytes):
        raise CodedError("credential-body-file")
    elif media_type == _FORM:
        field = urlencode({name: ""}).encode()
        # Pairs are compared as bytes, so that those of the author stay exactly as written.
        pairs = [pair for pair in body.split(b"&") if pair]
        # With `=` added, because a pair may be a name alone.
        pairs = [pair for pair in pairs if not (pair + b"=").startswith(field)]
        secret_pair = urlencode({name: secret}).encode()
        request.body = b"&".join([*pairs, secret_pair])
    elif reading_of(media_type) == JSON:
        request.body = _json_with(body, name, secret)
    else:
        raise CodedError("credential-body-type", field=name, found=media_type or "neither")


def _json_with(body: bytes, name: str, secret: str) -> bytes:
    """Return the JSON *body* with the field *name*, a member or a JSON Pointer, set to *secret*."""
    try:
        document = parse(body or b"{}")
    except JsonError as error:
        raise CodedError("credential-body-no-json", jsonMessage=str(error)) from None
    *parents, last = parts(name) if name.startswith("/") else (name,)
    parent: Any = document
    for depth, token in enumerate(parents):
        if isinstance(parent, dict) and token not in parent:
            parent[token] = {}
        parent = child(parent, token)
        if not isinstance(parent, dict | list):
            where = "/" + "/".join(parents[: depth + 1])
            raise CodedError("credential-body-no-object", place=where, field=name)
    if not isinstance(parent, dict):
        raise CodedError("credential-body-no-object", field=name)
    parent[last] = secret
    # Keep an ASCII body ASCII: its charset may be another one than UTF-8.
    return dump(document, compact=True, ascii_only=body.isascii()).encode()


def _put_into_multipart(
    request: OutgoingRequest,
    content_type: str,
    name: str,
    secret: str,
) -> None:
    """Add a part (RFC 7578) before the closing delimiter, which is in the last piece of a streamed
    body.
    """
    message = Message()
    message["Content-Type"] = content_type
    delimiter = f"--{message.get_boundary()}".encode()
    body = request.body
    # The closing delimiter is in the last piece: a file is never the end of a form.
    last = body if isinstance(body, bytes) else body.pieces[-1]
    if not isinstance(last, bytes) or delimiter + b"--" not in last:
        raise CodedError("credential-body-no-multipart")
    start, _, end = last.rpartition(delimiter + b"--")
    # Escape the name as browsers do (HTML, section 4.10.21.8).
    escaped = name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
    head = f'Content-Disposition: form-data; name="{escaped}"'
    part = f"\r\n{head}\r\n\r\n{secret}\r\n".encode()
    last = start + delimiter + part + delimiter + b"--" + end
    if isinstance(body, bytes):
        request.body = last
    else:
        request.body = replace(body, pieces=(*body.pieces[:-1], last))
