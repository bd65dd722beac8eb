"""How a page shows the body of a response, and its file name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from httptask._http.header_fields import value_of, values_of
from httptask._http.media_types import XML, essence
from httptask._http.sequences import SEQUENCES
from httptask.errors import TaskError
from httptask.sending import Decoder, filename_of, suffix_of

if TYPE_CHECKING:
    from httptask.model.exchange import RawResponse

_TEXTS = (
    (re.compile(r"text/html|application/xhtml\+xml"), "html"),
    (re.compile(r"image/svg\+xml"), "image"),
    (re.compile(r"(text|application)/(csv|tab-separated-values)"), "csv"),
    (XML, "xml"),
)
_IMAGES = re.compile(r"image/(png|jpeg|gif|webp|avif|bmp|x-icon|vnd\.microsoft\.icon)")
"""Images that every current browser displays."""
_MOST = 64 * 1024 * 1024
"""Maximum bytes of a decoded body."""


def shown_as(media_type: str, decoded_as: str | None) -> str:
    """Return how a body of *media_type* is shown.

    `json`, `items` (a list of the items of a sequence), `html`, `image`, `csv`, `xml`, `text`, or
    `file`, which can only be downloaded. *decoded_as* is that of a `RawResponse`.
    """
    if decoded_as == "json":
        return "items" if SEQUENCES.fullmatch(media_type) else "json"
    if decoded_as == "text":
        return next((name for types, name in _TEXTS if types.fullmatch(media_type)), "text")
    return "image" if _IMAGES.fullmatch(media_type) else "file"


def file_name(response: RawResponse, media_type: str) -> str:
    """Return a file name for the body: the server's own (RFC 6266), sanitised, or one made from the
    status and the media type.
    """
    own = filename_of(values_of(response.headers, "Content-Disposition"))
    return own or f"response-{response.status_code}{suffix_of(media_type)}"


def media_type_of(response: RawResponse) -> str:
    """Return the media type of *response* without parameters; "" for none."""
    return essence(value_of(response.headers, "Content-Type") or "")


def encoding_of(response: RawResponse) -> str:
    """Return the content codings of the body; "" for none."""
    return ", ".join(values_of(response.headers, "Content-Encoding"))


def unpacked(raw: bytes, encoding: str) -> bytes | None:
    """Return *raw* with its content coding decoded; None if that is not possible here."""
    decoder = Decoder(encoding)
    content = bytearray()
    try:
        for piece in decoder.feed(raw):
            content += piece
            if len(content) > _MOST:
                return None
        decoder.finish()
    except TaskError:
        return None
    return None if decoder.remaining else bytes(content)
