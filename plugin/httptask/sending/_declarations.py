"""Charsets that a body names itself: a byte order mark, an XML declaration, an HTML `meta`."""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from html.parser import HTMLParser

from httptask._http.charsets import lookup_to_read

_LOOKED_AT = 1024
"""Bytes at the start of a body (HTML, section 13.2.3.2)."""
_MARKS = (
    # The longest first: that of UTF-16 is how that of UTF-32 starts.
    (BOM_UTF32_LE, "utf_32_le"),
    (BOM_UTF32_BE, "utf_32_be"),
    (BOM_UTF8, "utf_8"),
    (BOM_UTF16_LE, "utf_16_le"),
    (BOM_UTF16_BE, "utf_16_be"),
)
_UNMARKED = (
    # XML 1.0, appendix F.1: how "<?xm" begins in charsets that are no wider ASCII
    (b"<\0\0\0", "utf_32_le"),
    (b"\0\0\0<", "utf_32_be"),
    (b"<\0?\0", "utf_16_le"),
    (b"\0<\0?", "utf_16_be"),
)
_EBCDIC = b"\x4c\x6f\xa7\x94"
_DECLARATION = re.compile(
    r"""<\?xml\s+version\s*=\s*(?:"[^"]*"|'[^']*')\s+encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']"""
)
"""XML 1.0, section 2.8. Only at the very start."""
_CONTENT_CHARSET = re.compile(r"""(?i)charset\s*=\s*["']?\s*([^\s;"']+)""")
"""HTML, section 2.5.4: of a `meta` that stands for a Content-Type header."""


def marked(content: bytes) -> str | None:
    """Return the codec that the byte order mark of *content* names; None without one."""
    return next((codec for mark, codec in _MARKS if content.startswith(mark)), None)


def declared_inside(content: bytes, essence: str) -> str | None:
    """Return the codec that *content*, of media type *essence*, says it is written in; None when it
    does not say.

    RFC 7303, section 3: an XML declaration is used where neither a mark nor the header says
    anything. For HTML it is the first `meta` of the first 1024 bytes (HTML, section 13.2.3.2).
    """
    start = content[:_LOOKED_AT]
    label = _meta(start) if essence == "text/html" else None
    return _superset_of_ascii(label) if label is not None else _of_xml(start)


def _of_xml(start: bytes) -> str | None:
    codec = next((codec for signature, codec in _UNMARKED if start.startswith(signature)), None)
    if codec is not None:
        return codec
    is_ebcdic = start.startswith(_EBCDIC)
    match = _DECLARATION.match(start.decode("cp037" if is_ebcdic else "latin_1"))
    if match is None:
        return None
    return lookup_to_read(match[1]) if is_ebcdic else _superset_of_ascii(match[1])


def _superset_of_ascii(label: str) -> str | None:
    """Return the codec of *label*, which was read as ASCII: so it cannot be UTF-16 (HTML, section
    13.2.3.2).
    """
    codec = lookup_to_read(label)
    return "utf_8" if codec is not None and codec.startswith(("utf_16", "utf_32")) else codec


def _meta(start: bytes) -> str | None:
    finder = _MetaFinder()
    finder.feed(start.decode("latin_1"))
    return finder.label


class _MetaFinder(HTMLParser):
    """Finds the charset of the first `meta` that names a known one."""

    label: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one tag."""
        if tag != "meta" or self.label is not None:
            return
        given = {
            name: value or "" for name, value in reversed(attrs)
        }  # of several the first one counts
        label = given.get("charset", "")
        if not label and given.get("http-equiv", "").lower() == "content-type":
            match = _CONTENT_CHARSET.search(given.get("content", ""))
            label = match[1] if match else ""
        if lookup_to_read(label) is not None:
            self.label = label
