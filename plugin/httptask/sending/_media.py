"""What a body's bytes are, by its media type and charset: tables."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from encodings.aliases import aliases

JSON, TEXT = "json", "text"

_SEPARATOR = re.compile(r"[;,]")
_CHARSET = re.compile(r"""(?i);\s*charset\s*=\s*["']?([^\s;,"']+)""")
_NOT_IN_A_LABEL = re.compile(r"[^a-z0-9]+")

_KINDS = (
    # RFC 6839, section 3.1, and what servers said before there was a registered name
    (re.compile(r"(application|text)/(x-)?json|application/x-amz-json-1\.[01]|[^/]+/[^/]+\+json"), JSON),
    (re.compile(r"text/.+|[^/]+/[^/]+\+(xml|yaml)"), TEXT),
    (re.compile(r"application/(xml|xml-dtd|(x-)?javascript|ecmascript|(x-)?yaml|toml|sql|graphql|csv|jwt)"), TEXT),
    (re.compile(r"application/((x-)?ndjson|jsonl|jsonlines|x-jsonlines|json-seq|x-www-form-urlencoded)"), TEXT),
)
"""Media types whose bodies are read; any other body is bytes."""

_BOMS = (
    # The longest first: that of UTF-16 is how that of UTF-32 starts.
    (BOM_UTF32_LE, "utf-32-le"),
    (BOM_UTF32_BE, "utf-32-be"),
    (BOM_UTF8, "utf-8"),
    (BOM_UTF16_LE, "utf-16-le"),
    (BOM_UTF16_BE, "utf-16-be"),
)

_BY_PYTHON = (
    *("utf_8", "utf_16_le", "utf_16_be", "utf_32_le", "utf_32_be", "big5", "big5hkscs", "gb18030", "cp932", "cp949"),
    *("euc_jp", "iso2022_jp", "euc_kr", "johab", "koi8_r", "koi8_u", "cp437", "cp850", "cp866", "cp874", "mac_roman"),
    *(
        "latin_1",
        *(f"iso8859_{part}" for part in (*range(2, 12), *range(13, 17))),
        *(f"cp{page}" for page in range(1250, 1259)),
    ),
)
"""Charsets of text, as Python calls them. It also calls things charsets that are none (zlib, punycode, rot13)."""
_WIDER = {
    # The Encoding Standard, section 4.2: names that are used for a wider charset than they name
    "ascii": "utf_8",
    "big5": "big5hkscs",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "tis_620": "cp874",
    "utf_16": "utf_16_le",
    "utf_32": "utf_32_le",
}
_MORE_LABELS = {
    # Of the same table: labels that servers use and Python does not know
    **dict.fromkeys(("gb_2312", "gb_2312_80", "x_gbk"), "gb18030"),
    **dict.fromkeys(("iso_8859_8_e", "iso_8859_8_i", "logical", "visual"), "iso8859_8"),
    **dict.fromkeys(("ksc_5601", "ks_c_5601_1989", "windows_949"), "cp949"),
    **dict.fromkeys(("windows_31j", "x_sjis"), "cp932"),
    **dict.fromkeys(("dos_874", "windows_874"), "cp874"),
    **{f"x_cp{page}": f"cp{page}" for page in range(1250, 1253)},
    "cn_big5": "big5hkscs",
    "csisolatin9": "iso8859_15",
    "x_euc_jp": "euc_jp",
    "x_mac_roman": "mac_roman",
}


def _labels() -> dict[str, str]:
    known = {name: name for name in _BY_PYTHON} | _WIDER
    return {alias: known[name] for alias, name in aliases.items() if name in known} | known | _MORE_LABELS


_CODECS = _labels()
"""A charset's name, in lower case and with `_` for everything else -> Python's. Only these are ever looked up: Python would
try to import whatever name a server says, and remember each."""


def media_type(content_type: str) -> str:
    """Return the type and subtype of *content_type* in lower case (RFC 9110, section 8.3.1); of several the first."""
    return _SEPARATOR.split(content_type, maxsplit=1)[0].strip(" \t\"'").lower()


def kind_of(essence: str) -> str | None:
    """Return how a body of media type *essence* is read, `json` or `text`; None: not at all, it is bytes."""
    return next((kind for pattern, kind in _KINDS if pattern.fullmatch(essence)), None)


def charset_of(content_type: str) -> str:
    """Return the charset that *content_type* declares, as it is written; "" when it declares none."""
    match = _CHARSET.search(content_type)
    return match[1] if match else ""


def text_of(content: bytes, content_type: str) -> str | None:
    """Return *content* as text, without its byte order mark; None when it is not valid in its charset.

    A byte order mark says more than a declaration (the Encoding Standard, section 6.1). Where there is neither, or the
    declared charset is none of ours, it is UTF-8 or nothing: a guess would be text that nobody sent.
    """
    codec = next((name for mark, name in _BOMS if content.startswith(mark)), None) or _declared(content_type) or "utf_8"
    try:
        return content.decode(codec).removeprefix("\ufeff")
    except ValueError:
        return None


def json_text(content: bytes, content_type: str) -> str:
    """Return *content*, which should be JSON, as text: Unicode (RFC 8259, section 8.1), else what it is declared to be.

    Raises `ValueError` when it is neither.
    """
    try:
        return content.decode(json.detect_encoding(content), "surrogatepass").removeprefix("\ufeff")
    except UnicodeDecodeError:
        codec = _declared(content_type)
        if codec is None:
            raise
        return content.decode(codec)


def roughly(content: bytes, content_type: str) -> str:
    """Return *content* as text for an error's sentence: what is no text is replaced."""
    text = text_of(content, content_type)
    return text if text is not None else content.decode("utf-8", "replace")


def _declared(content_type: str) -> str | None:
    return _CODECS.get(_NOT_IN_A_LABEL.sub("_", charset_of(content_type).lower()).strip("_"))
