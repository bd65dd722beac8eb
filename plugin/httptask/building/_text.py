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
        raise UnwritableError("unwritable-charset", charset=charset)
    return codec


def encoded_text(text: str, charset: str) -> bytes:
    """Return *text* encoded in *charset*, UTF-8 for "".

    Raises `UnwritableError` for characters that the charset does not have.
    """
    try:
        return text.encode(codec_of(charset))
    except UnicodeEncodeError as error:
        raise uncovered(error, charset) from error


def uncovered(error: UnicodeEncodeError, charset: str) -> UnwritableError:
    """Return the error of a character that *charset*, UTF-8 for "", does not have."""
    other = {"other": "UTF-8"} if codec_of(charset) != codec_of("") else {}
    return UnwritableError(
        "unwritable-character",
        character=error.object[error.start],
        charset=charset or "utf-8",
        **other,
    )
