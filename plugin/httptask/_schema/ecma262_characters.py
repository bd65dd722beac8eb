"""The character classes, Unicode properties and code units of ECMA-262."""

from __future__ import annotations

import functools
import sys

import regex

Ranges = tuple[tuple[int, int], ...]

WORD = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_DIGIT = ((0x30, 0x39),)
# WhiteSpace and LineTerminator (ECMA-262, sections 12.2 and 12.3), with U+FEFF.
_SPACE: Ranges = (
    (0x09, 0x0D),
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
)
LINE_ENDS = ((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029))
LAST = 0x10FFFF


def _complement(ranges: Ranges) -> Ranges:
    # What lies between two ranges is a range of the complement.
    edges = [-1, *(edge for pair in ranges for edge in pair), LAST + 1]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return tuple((low + 1, high - 1) for low, high in gaps)


CLASSES: dict[str, Ranges] = {
    "d": _DIGIT,
    "w": WORD,
    "s": _SPACE,
}
CLASSES |= {letter.upper(): _complement(ranges) for letter, ranges in CLASSES.items()}
_NATIVE_UTF_16 = "utf-16-le" if sys.byteorder == "little" else "utf-16-be"


def code_units(text: str) -> str:
    """Return *text* with each character above U+FFFF replaced by its two UTF-16 code units."""
    if not text or max(text) <= "\uffff":
        return text
    encoded = text.encode(_NATIVE_UTF_16, "surrogatepass")
    units = memoryview(encoded).cast("H")  # reads two bytes in the machine's own order
    return "".join(map(chr, units))


_CATEGORIES = frozenset(
    """C Cc Cf Cn Co Cs L LC Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm
    So Z Zl Zp Zs Other Control cntrl Format Unassigned Private_Use Surrogate Letter
    Cased_Letter Lowercase_Letter Modifier_Letter Other_Letter Titlecase_Letter Uppercase_Letter
    Mark Combining_Mark Spacing_Mark Enclosing_Mark Nonspacing_Mark Number Decimal_Number digit
    Letter_Number Other_Number Punctuation punct Connector_Punctuation Dash_Punctuation
    Close_Punctuation Final_Punctuation Initial_Punctuation Other_Punctuation Open_Punctuation
    Symbol Currency_Symbol Modifier_Symbol Math_Symbol Other_Symbol Separator Line_Separator
    Paragraph_Separator Space_Separator""".split()  # noqa: SIM905 - a table that can be read
)
"""Unicode's general categories.

ECMA-262, table "Value aliases and canonical values for General_Category".
"""
_BINARY = frozenset(
    """ASCII ASCII_Hex_Digit AHex Alphabetic Alpha Any Assigned Bidi_Control Bidi_C Bidi_Mirrored
    Bidi_M Case_Ignorable CI Cased Changes_When_Casefolded CWCF Changes_When_Casemapped CWCM
    Changes_When_Lowercased CWL Changes_When_NFKC_Casefolded CWKCF Changes_When_Titlecased CWT
    Changes_When_Uppercased CWU Dash Default_Ignorable_Code_Point DI Deprecated Dep Diacritic
    Dia Emoji Emoji_Component EComp Emoji_Modifier EMod Emoji_Modifier_Base EBase
    Emoji_Presentation EPres Extended_Pictographic ExtPict Extender Ext Grapheme_Base Gr_Base
    Grapheme_Extend Gr_Ext Hex_Digit Hex IDS_Binary_Operator IDSB IDS_Trinary_Operator IDST
    ID_Continue IDC ID_Start IDS Ideographic Ideo Join_Control Join_C Logical_Order_Exception
    LOE Lowercase Lower Math Noncharacter_Code_Point NChar Pattern_Syntax Pat_Syn
    Pattern_White_Space Pat_WS Quotation_Mark QMark Radical Regional_Indicator RI
    Sentence_Terminal STerm Soft_Dotted SD Terminal_Punctuation Term Unified_Ideograph UIdeo
    Uppercase Upper Variation_Selector VS White_Space space XID_Continue XIDC XID_Start
    XIDS""".split()  # noqa: SIM905 - a table that can be read
)
"""The binary properties.

ECMA-262, table "Binary Unicode property aliases and their canonical property names".
"""
_ENGINE_NAMES = {
    "cntrl": "Cc",
    "digit": "Nd",
    "punct": "P",
    "IDC": "ID_Continue",
    "VS": "Variation_Selector",
}
"""Name in ECMA-262 -> name for the engine, for which the first has another meaning."""


@functools.lru_cache(256)
def property_name(written: str) -> str | None:
    """Return the engine's name of the property *written* in `\\p{...}`, or None if unknown."""
    keyword, _, value = written.rpartition("=")
    if keyword in ("General_Category", "gc") or (not keyword and written in _CATEGORIES):
        name = f"gc={_ENGINE_NAMES.get(value, value)}" if value in _CATEGORIES else ""
    elif keyword in ("Script", "sc", "Script_Extensions", "scx"):
        short = "sc" if keyword in ("Script", "sc") else "scx"
        # The engine also accepts names in lower case, which ECMA-262 does not.
        name = ""
        if value[:1].isupper():
            name = f"{short}={value}"
    else:
        name = ""
        if written in _BINARY:
            name = _ENGINE_NAMES.get(written, written)
    try:
        regex.compile(f"\\p{{{name}}}", regex.VERSION0, cache_pattern=False)
    except regex.error:
        return None
    return name or None


def character_set(ranges: Ranges) -> str:
    """Return *ranges* as the members of a class for the engine."""
    return "".join(
        escaped(low) if low == high else f"{escaped(low)}-{escaped(high)}" for low, high in ranges
    )


def escaped(code: int) -> str:
    """Return the character *code* escaped for the engine, inside or outside of a class."""
    letter = chr(code)
    if letter.isascii() and letter.isalnum():
        return letter
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
