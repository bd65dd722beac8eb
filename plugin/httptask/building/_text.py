"""Text as bytes: in the charset that its media type names, else in UTF-8."""

from __future__ import annotations

from httptask._http.charsets import lookup
from httptask.building._escaping import UnwritableError


def codec_of(charset: str) -> str:
    """Return Python's codec for *charset*, UTF-8 for "".

    Raises `UnwritableError` for an unknown charset, or a codec that is not for text.
    """
    codec = lookup(charset) if charset else "utf_8"
    if codec is None:
        raise UnwritableError(
            f"the charset {charset!r} is not known; leave it out, and UTF-8 is written"
        )
    return codec


def encoded_text(text: str, charset: str) -> bytes:
    """Return *text* encoded in *charset*, UTF-8 for "".

    Raises `UnwritableError` for characters that the charset does not have.
    """
    try:
        return text.encode(codec_of(charset))
    except UnicodeEncodeError as error:
        wrong, hint = error.object[error.start], "; UTF-8 has" if error.encoding != "utf-8" else ""
        raise UnwritableError(
            f"the charset {charset or 'utf-8'!r} has no character {wrong!r}{hint}"
        ) from error
