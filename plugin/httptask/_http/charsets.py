"""Charsets: a table from labels to codecs, for reading and for writing."""

from __future__ import annotations

import codecs
import re
from encodings.aliases import aliases

UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""The byte order marks of UTF-16."""

_NOT_IN_A_LABEL = re.compile(r"[^a-z0-9]+")

_CODECS = (
    *("utf_8", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be"),
    *("ascii", "latin_1"),
    *(f"iso8859_{part}" for part in (*range(2, 12), *range(13, 17))),
    *(f"cp{page}" for page in range(1250, 1259)),
    *("cp437", "cp720", "cp737", "cp775", "cp850", "cp852", "cp855", "cp857", "cp858"),
    *("cp860", "cp861", "cp862"),
    *("cp863", "cp864", "cp865", "cp866", "cp869", "cp874", "cp1125", "hp_roman8", "tis_620"),
    *("koi8_r", "koi8_t", "koi8_u", "kz1048", "ptcp154"),
    *("mac_croatian", "mac_cyrillic", "mac_greek", "mac_iceland", "mac_latin2"),
    *("mac_roman", "mac_turkish"),
    *("big5", "big5hkscs", "cp950", "gb2312", "gbk", "gb18030"),
    *("cp932", "cp949", "euc_jp", "euc_kr", "iso2022_jp", "johab", "shift_jis"),
    *("cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140"),
)
"""The supported charsets, by the names of Python's codecs.

The other codecs are not charsets (zlib, punycode, rot13, unicode_escape), or the Encoding Standard
refuses them because they can hide markup (utf_7, hz, iso2022_kr).
"""

_MORE_LABELS = {
    # The Encoding Standard, section 4.2: labels that servers use, but Python does not know
    "utf_8": "unicode_1_1_utf_8 unicode11utf8 unicode20utf8 x_unicode20utf8",
    "utf_16_le": "csunicode iso_10646_ucs_2 ucs_2 unicode unicodefeff",
    "utf_16_be": "unicodefffe",
    "iso8859_2": "iso88592",
    "iso8859_3": "iso88593",
    "iso8859_4": "iso88594",
    "iso8859_5": "iso88595",
    "iso8859_6": "iso88596 csiso88596e csiso88596i iso_8859_6_e iso_8859_6_i",
    "iso8859_7": "iso88597 sun_eu_greek",
    "iso8859_8": "iso88598 csiso88598e csiso88598i iso_8859_8_e iso_8859_8_i logical visual",
    "iso8859_9": "iso88599",
    "iso8859_10": "iso885910",
    "iso8859_11": "iso885911",
    "iso8859_13": "iso885913",
    "iso8859_14": "iso885914",
    "iso8859_15": "iso885915 csisolatin9",
    "latin_1": "iso88591",
    "ascii": "ansi_x3_4_1968",
    "koi8_r": "koi koi8",
    "koi8_u": "koi8_ru",
    "mac_cyrillic": "x_mac_cyrillic x_mac_ukrainian",
    "mac_roman": "mac csmacintosh x_mac_roman",
    "cp874": "dos_874 windows_874",
    **{f"cp{page}": f"x_cp{page}" for page in range(1250, 1259)},
    "big5": "cn_big5 x_x_big5",
    "gb2312": "csgb2312 gb_2312 gb_2312_80",
    "gbk": "x_gbk",
    "cp932": "windows_31j",
    "shift_jis": "csshiftjis x_sjis",
    "cp949": "windows_949",
    "euc_kr": "cseuckr csksc56011987 iso_ir_149 ks_c_5601_1987 ks_c_5601_1989 ksc_5601",
    "euc_jp": "cseucpkdfmtjapanese x_euc_jp",
}

_READ_AS = {
    # The Encoding Standard, section 4.2: charsets whose labels are used for a superset
    "ascii": "utf_8",
    "big5": "big5hkscs",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "tis_620": "cp874",
    # For text without a byte order mark; a mark is looked at before.
    "utf_16": "utf_16_le",
    "utf_32": "utf_32_le",
}


def _labels() -> dict[str, str]:
    by_label = {_normalised(alias): codec for alias, codec in aliases.items() if codec in _CODECS}
    by_label |= {codec: codec for codec in _CODECS}
    return by_label | {
        label: codec for codec, labels in _MORE_LABELS.items() for label in labels.split()
    }


def _normalised(label: str) -> str:
    return _NOT_IN_A_LABEL.sub("_", label.lower()).strip("_")


_BY_LABEL = _labels()
"""Label -> codec. Labels are in lower case, with `_` for everything but letters and digits.

`codecs.lookup` is not asked: it would try to import any name that a server sends, and cache each.
"""


def lookup(label: str) -> str | None:
    """Return the exact codec of the charset *label*, for writing; None for an unknown charset."""
    return _BY_LABEL.get(_normalised(label))


def lookup_to_read(label: str) -> str | None:
    """Return the codec for reading text in the charset *label*; None for an unknown charset.

    The codec may be a superset of the charset, as in the Encoding Standard.
    """
    codec = lookup(label)
    if codec is not None:
        return _READ_AS.get(codec, codec)
    return None
