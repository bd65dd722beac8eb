"""The name of a downloaded file (RFC 6266), cleaned, and the suffix of its media type."""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from httptask._http.charsets import lookup_to_read

_PARAMETER = re.compile(r"""(?:^|;)\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)(?:"|$)|([^";]*))""")
"""Any parameter, so that none begins inside the quotes of another. Some servers send names with
blanks and without quotes: these end at the semicolon.
"""
_QUOTED_PAIR = re.compile(r"\\(.)")
_FORBIDDEN = re.compile(r'[<>:"|?*]')
"""Characters that not every system allows in a file's name."""
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")
_MOST_BYTES = 200
"""Of a name, in UTF-8: the 255 of file systems, less room for what a person adds."""

_TYPES = mimetypes.MimeTypes(filenames=())
"""Python's own table without the system's files, so that it is the same on every machine."""
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
"""Where Python's table has another suffix, or none."""
_BY_SYNTAX = {"xml": ".xml", "json": ".json", "zip": ".zip", "yaml": ".yaml", "gzip": ".gz"}
"""RFC 6839 and its kin: the suffix of the media type's subtype."""


def suffix_of(media_type: str) -> str:
    """Return the suffix, with its dot, for a file of *media_type*; `.bin` when nothing is known."""
    suffix = _SUFFIXES.get(media_type) or _TYPES.guess_extension(media_type, strict=False)
    return suffix or _BY_SYNTAX.get(media_type.rpartition("+")[2], ".bin")


def filename_of(dispositions: Iterable[str]) -> str:
    """Return the cleaned file name in *dispositions*, `Content-Disposition` values; "" without one.

    `filename*` is stronger than `filename` (RFC 6266, section 4.3), where it can be decoded.
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
    """Return the text of an extended *value* such as `UTF-8''caf%C3%A9`; "" when it is malformed.

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
    """Return *name* as a file may be called on every system; "" when nothing is left of it.

    Only its last path segment counts (RFC 6266, section 4.3). Control and format characters are
    removed: one of them reverses the writing direction, so that `fdp.exe` reads as `exe.pdf`.
    """
    last = re.split(r"[/\\]", name)[-1]
    visible = "".join(" " if char in "\t\r\n" else char for char in last)
    visible = "".join(
        char for char in visible if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    plain = _FORBIDDEN.sub("_", " ".join(visible.split())).strip(". ")
    if _DEVICE.match(plain):
        plain = f"_{plain}"
    if not plain:
        return ""
    stem, dot, suffix = plain.rpartition(".")
    if not stem or len(suffix) > 20:
        stem, dot, suffix = plain, "", ""
    end = dot + suffix
    start = stem.encode()[: _MOST_BYTES - len(end.encode())]
    return start.decode("utf-8", "ignore").rstrip(". ") + end
