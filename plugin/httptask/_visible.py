"""Text from strangers as a name or a line: without characters that nobody sees, or that steer.

Unicode Standard, section 23.2 and UAX #9: a few format characters turn the direction of what
follows, others take no room, so that two names look alike.
"""

from __future__ import annotations

import re
import unicodedata

STEERING = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    r"\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0001"
    r"\U000e0020-\U000e007f]"
)
"""Control characters but tab and line feed, line separators, letters that show nothing, and format
characters that turn text around or hide; not those that join and part the letters of emoji and of
Persian. The page draws texts by the same list, see `element/src/seen.ts`.
"""
_BLANK = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""Letters, marks and signs that show nothing, or change nothing but how others look."""
_UNSEEN = frozenset(("Cc", "Cf", "Cs"))


def visible_name(text: str, space: str = "-") -> str:
    """Return *text* without characters that nobody sees; spaces and line breaks become *space*."""
    if text.isprintable() and " " not in text and not _BLANK.search(text):
        return text
    words = _BLANK.sub("", text).split()
    return space.join(filter(None, map(_visible, words)))


def _visible(word: str) -> str:
    if word.isprintable():
        return word
    return "".join(char for char in word if unicodedata.category(char) not in _UNSEEN)


def printable(text: str) -> str:
    """Return *text* with visible control characters: no description may steer a terminal."""
    return STEERING.sub(_escaped, text)


def in_line(text: str) -> str:
    """Return *text* for a line of its own: as `printable` does, line breaks and tabs included."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def exact(text: str) -> str:
    """Return *text*, a pointer or another name that is compared, for a line of its own: two that
    differ look different, whatever joins or varies their letters.
    """
    if not text.isprintable():
        text = "".join(char if char.isprintable() else _escaped(char) for char in text)
    return _BLANK.sub(_escaped, text)


def _escaped(found: re.Match[str] | str) -> str:
    """Return the character *found* as Python escapes it."""
    code = ord(found[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def one_line(text: str) -> str:
    """Return *text* as one line in which nothing steers a terminal or a page."""
    if "\n" not in text and "\t" not in text and not STEERING.search(text):
        return text
    return " ".join(STEERING.sub(_spaced, text).split())


def _spaced(match: re.Match[str]) -> str:
    return " " if match[0].isspace() else ""
