"""Safe names for downloaded files (RFC 6266), and file name suffixes for media types."""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from httptask._http.charsets import lookup_to_read

_PARAMETER = re.compile(r"""(?:^|;)\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)(?:"|$)|([^";]*))""")
"""A parameter with any name: matching all of them keeps `filename=` inside another parameter's
quotes from matching. An unquoted value ends at the semicolon: some servers send unquoted names with
blanks.
"""
_QUOTED_PAIR = re.compile(r"\\(.)")
_FORBIDDEN = re.compile(r'[<>:"|?*]')
"""Characters that some operating systems forbid in a file name."""
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")
_MOST_BYTES = 200
"""The most bytes of a name in UTF-8. File systems allow 255; a person may want to add to the name.
"""

_TYPES = mimetypes.MimeTypes(filenames=())
"""Python's built-in table, without the system's files: the same on every machine."""
_SUFFIXES = {
    "application/xml": ".xml",
    "application/gzip": ".gz",
    "application/x-gzip": ".gz",
    "application/x-zip-compressed": ".zip",
    "application/x-7z-compressed": ".7z",
    "application/x-ndjson": ".ndjson",
    "application/yaml": ".yaml",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/epub+zip": ".epub",
    "audio/wav": ".wav",
    "text/calendar": ".ics",
    "text/javascript": ".js",
    "text/markdown": ".md",
    "text/vcard": ".vcf",
}
"""Media types for which Python's table has another suffix, or none."""
_BY_SYNTAX = {"xml": ".xml", "json": ".json", "zip": ".zip", "yaml": ".yaml", "gzip": ".gz"}
"""The file name suffix for a structured syntax suffix, such as `+xml` (RFC 6839)."""


def suffix_of(media_type: str) -> str:
    """Return the suffix, with its dot, for a file of *media_type*; `.bin` when nothing is known."""
    suffix = _SUFFIXES.get(media_type) or _TYPES.guess_extension(media_type, strict=False)
    return suffix or _BY_SYNTAX.get(media_type.rpartition("+")[2], ".bin")


def filename_of(dispositions: Iterable[str]) -> str:
    """Return the safe file name in *dispositions*, `Content-Disposition` values; "" without one.

    A `filename*` that can be decoded takes precedence over `filename` (RFC 6266, section 4.3).
    """
    matches = [match for line in dispositions for match in _PARAMETER.finditer(line)]
    extended = [
        _decoded(match[3] or match[2] or "") for match in matches if match[1].lower() == "filename*"
    ]
    plain = [
        _QUOTED_PAIR.sub(r"\1", match[2]) if match[2] else match[3]
        for match in matches
        if match[1].lower() == "filename"
    ]
    return next((name for raw in (*extended, *plain) if raw and (name := _cleaned(raw))), "")


def _decoded(value: str) -> str:
    """Decode an extended *value* such as `UTF-8''caf%C3%A9`; "" when it is malformed.

    RFC 8187, section 3.2.1.
    """
    charset, _, rest = value.strip().partition("'")
    _, quote, encoded = rest.partition("'")
    codec = lookup_to_read(charset)
    if not quote or codec is None:
        return ""
    try:
        return unquote_to_bytes(encoded).decode(codec)
    except ValueError:
        return ""


def _cleaned(name: str) -> str:
    """Return *name* changed to be valid on every operating system; "" when nothing remains.

    Only the last path segment is used (RFC 6266, section 4.3). Control and format characters are
    removed: U+202E reverses the writing direction, and makes `fdp.exe` look like `exe.pdf`.
    """
    last = re.split(r"[/\\]", name)[-1]
    # Before control characters are removed: words in two lines must not grow together.
    visible = "".join(" " if char in "\t\r\n" else char for char in last)
    visible = "".join(
        char for char in visible if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    safe = _FORBIDDEN.sub("_", " ".join(visible.split())).strip(". ")
    if _DEVICE.match(safe):
        # Windows opens a device for such a name, with any suffix.
        safe = f"_{safe}"
    if not safe:
        return ""
    stem, dot, suffix = safe.rpartition(".")
    # So much text after a dot is part of a sentence, not a suffix.
    if not stem or len(suffix) > 20:
        stem = safe
        dot = ""
        suffix = ""
    extension = dot + suffix
    # File systems count bytes, not characters. A character cut in half is dropped below.
    shortened = stem.encode()[: _MOST_BYTES - len(extension.encode())]
    return shortened.decode("utf-8", "ignore").rstrip(". ") + extension
