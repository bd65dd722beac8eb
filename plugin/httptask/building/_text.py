"""Encoding text in the charset of its media type, or in UTF-8."""

from __future__ import annotations

from httptask._http.charsets import lookup
from httptask.building._escaping import UnwritableError


def codec_of(charset: str) -> str:
    """Return Python's codec for *charset*; "" means UTF-8.

    Raises `UnwritableError` for an unknown charset, or a codec that is not for text.
    """
    codec = lookup(charset) if charset else "utf_8"
    if codec is None:
        raise UnwritableError("unwritable-charset", charset=charset)
    return codec


def encoded_text(text: str, charset: str) -> bytes:
    """Encode *text* in *charset*; "" means UTF-8.

    Raises `UnwritableError` for characters that the charset does not have.
    """
    try:
        return text.encode(codec_of(charset))
    except UnicodeEncodeError as error:
        raise uncovered(error, charset) from error


def uncovered(error: UnicodeEncodeError, charset: str) -> UnwritableError:
    """Return the error for a character that *charset* does not have; "" means UTF-8."""
    suggestion = {"other": "UTF-8"} if codec_of(charset) != codec_of("") else {}
    return UnwritableError(
        "unwritable-character",
        character=error.object[error.start],
        charset=charset or "utf-8",
        **suggestion,
    )
