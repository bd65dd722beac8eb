"""The charset that a body itself names: by its byte order mark, XML declaration or HTML `meta`."""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from html.parser import HTMLParser

from httptask._http.charsets import lookup_to_read

_SEARCHED = 1024
"""The number of bytes that are searched for a charset declaration (HTML, section 13.2.3.2)."""
_MARKS = (
    # UTF-32 first: its little-endian mark starts with the mark of UTF-16.
    (BOM_UTF32_LE, "utf_32_le"),
    (BOM_UTF32_BE, "utf_32_be"),
    (BOM_UTF8, "utf_8"),
    (BOM_UTF16_LE, "utf_16_le"),
    (BOM_UTF16_BE, "utf_16_be"),
)
_UNMARKED = (
    # XML 1.0, appendix F.1: the first bytes of "<?xml" in charsets that do not extend ASCII
    (b"<\0\0\0", "utf_32_le"),
    (b"\0\0\0<", "utf_32_be"),
    (b"<\0?\0", "utf_16_le"),
    (b"\0<\0?", "utf_16_be"),
)
_EBCDIC = b"\x4c\x6f\xa7\x94"
_DECLARATION = re.compile(
    r"""<\?xml\s+version\s*=\s*(?:"[^"]*"|'[^']*')\s+encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']"""
)
"""An XML declaration with an encoding (XML 1.0, section 2.8), at the very start of the text."""
_CONTENT_CHARSET = re.compile(r"""(?i)charset\s*=\s*["']?\s*([^\s;"']+)""")
"""HTML, section 2.5.4: the charset in the `content` of a `meta http-equiv="content-type"`."""


def marked(content: bytes) -> str | None:
    """Return the codec that the byte order mark of *content* names; None without one."""
    return next((codec for mark, codec in _MARKS if content.startswith(mark)), None)


def declared_inside(content: bytes, essence: str) -> str | None:
    """Return the codec that *content*, of the media type *essence*, itself declares, or None.

    HTML declares its charset in a `meta` within the first 1024 bytes (HTML, section 13.2.3.2).
    Everything else, and HTML without such a `meta`, declares its charset in an XML declaration.
    Only for content without a byte order mark whose header names no charset (RFC 7303, section 3).
    """
    start = content[:_SEARCHED]
    label = _declared_in_html(start) if essence == "text/html" else None
    if label is not None:
        return _superset_of_ascii(label)
    return _declared_in_xml(start)


def _declared_in_xml(start: bytes) -> str | None:
    codec = next((codec for signature, codec in _UNMARKED if start.startswith(signature)), None)
    if codec is not None:
        return codec
    is_ebcdic = start.startswith(_EBCDIC)
    match = _DECLARATION.match(start.decode("cp037" if is_ebcdic else "latin_1"))
    if match is None:
        return None
    if is_ebcdic:
        return lookup_to_read(match[1])
    return _superset_of_ascii(match[1])


def _superset_of_ascii(label: str) -> str | None:
    """Return the codec of *label*, which was itself read as ASCII.

    A label of UTF-16 or UTF-32 is therefore wrong, and means UTF-8 (HTML, section 13.2.3.2).
    """
    codec = lookup_to_read(label)
    if codec is not None and codec.startswith(("utf_16", "utf_32")):
        return "utf_8"
    return codec


def _declared_in_html(start: bytes) -> str | None:
    finder = _MetaFinder()
    finder.feed(start.decode("latin_1"))
    return finder.label


class _MetaFinder(HTMLParser):
    """Finds the charset of the first `meta` that names a known charset."""

    label: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look for a charset in the attributes of a `meta` tag."""
        if tag != "meta" or self.label is not None:
            return
        # Reversed, so that the first of several attributes with the same name counts.
        attributes = {name: value or "" for name, value in reversed(attrs)}
        label = attributes.get("charset", "")
        if not label and attributes.get("http-equiv", "").lower() == "content-type":
            match = _CONTENT_CHARSET.search(attributes.get("content", ""))
            label = match[1] if match else ""
        if lookup_to_read(label) is not None:
            self.label = label
