"""Safe display of foreign text: invisible and control characters are removed or escaped.

Unicode Standard, section 23.2, and UAX #9: some format characters change the direction of the text
after them; others have no width, so that two different names look alike.
"""

from __future__ import annotations

import re
import unicodedata

STEERING = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    r"\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0001"
    r"\U000e0020-\U000e007f]"
)
"""Characters that can steer a terminal or hide text: control characters except tab and line feed,
line separators, blank letters, and format characters that change direction or have no width. The
joiners U+200C and U+200D stay: Persian and emoji need them. `element/src/seen.ts` has the same list
for the page.
"""
_BLANK = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""Letters, marks and signs that are blank, or only change how their neighbours look (variation
selectors).
"""
_UNSEEN = frozenset(("Cc", "Cf", "Cs"))
"""Unicode categories: control, format, surrogate."""


def visible_name(text: str, space: str = "-") -> str:
    """Return *text* without invisible characters; spaces and line breaks become *space*."""
    if text.isprintable() and " " not in text and not _BLANK.search(text):
        return text
    words = _BLANK.sub("", text).split()
    return space.join(filter(None, map(_visible, words)))


def _visible(word: str) -> str:
    if word.isprintable():
        return word
    return "".join(char for char in word if unicodedata.category(char) not in _UNSEEN)


def printable(text: str) -> str:
    """Return *text* with control characters escaped, so that it cannot steer a terminal."""
    return STEERING.sub(_escaped, text)


def in_line(text: str) -> str:
    """Return *text* on one line: `printable`, with line breaks and tabs escaped, too."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def exact(text: str) -> str:
    """Return *text* with everything that is not printable or is blank escaped, line breaks too.

    For pointers and other names that are compared: two that differ look different.
    """
    if not text.isprintable():
        text = "".join(char if char.isprintable() else _escaped(char) for char in text)
    return _BLANK.sub(_escaped, text)


def apart(suggestion: str) -> str:
    """Return *suggestion* in quotes if a reader could not tell it from the sentence around it."""
    if _PLAIN.fullmatch(suggestion):
        return suggestion
    return repr(suggestion)


_PLAIN = re.compile(r'[^\s?]*|".*"|[\[{].*[\]}]', re.DOTALL)
"""No blank and no question mark, or JSON with quotes or brackets of its own."""


def _escaped(character: re.Match[str] | str) -> str:
    """Return *character* (or the match of one) as a Python escape: `\\x1b`, `\\u202e`."""
    code = ord(character[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def one_line(text: str) -> str:
    """Return *text* as one line without steering characters; runs of white space become a space."""
    if "\n" not in text and "\t" not in text and not STEERING.search(text):
        return text
    return " ".join(STEERING.sub(_spaced, text).split())


def _spaced(match: re.Match[str]) -> str:
    if match[0].isspace():
        return " "
    return ""
